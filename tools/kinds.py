"""The kinds of edit."""

from __future__ import annotations

from typing import Final, Literal, get_args

Kind = Literal["restyle", "replace", "remove", "add"]
"""restyle: the same object, another surface · replace: another object · remove: nothing · add: a new
object.
"""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
