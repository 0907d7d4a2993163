"""The kinds of edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, get_args

Kind = Literal["restyle", "replace", "remove", "add"]
"""restyle: the same object, another surface · replace: another object · remove: nothing · add: a new
object.
"""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_DOES: Final[Mapping[Kind, str]] = MappingProxyType(
    {"restyle": "restyles", "replace": "replaces", "remove": "removes", "add": "adds"}
)


def only_words(name: str, kinds: Sequence[Kind], asked: Kind) -> str:
    """What an engine does instead of what it is asked for: "lama only removes, so it cannot restyle"."""
    return f"{name} only {' and '.join(_DOES[kind] for kind in kinds)}, so it cannot {asked}"
