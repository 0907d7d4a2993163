"""The English of the built-in planner: a hand-written grammar from sentences to frames."""

from __future__ import annotations
