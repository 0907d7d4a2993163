"""What a session raises when it cannot do what was asked: one sentence that a user understands."""

from __future__ import annotations


class SessionError(Exception):
    """A session cannot do what was asked; ``str(error)`` is one sentence: what is wrong and what to do."""
