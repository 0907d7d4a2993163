"""Places in words ("next to the sofa", "on the wall above the bed", "in the left corner"), and surfaces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from tools.language.object_sizes import thing_in

Side = Literal["left", "right"]
Surface = Literal["floor", "wall"]
Relation = Literal["on", "above", "under", "beside", "front", "behind", "between", "corner", "anywhere"]


@dataclass(frozen=True)
class Place:
    """A place in words, taken apart.

    ``anchor`` is the phrase of the thing that the place is told by, for a segmenter ("the sofa on the left");
    ``other`` the second one of "between"; ``side`` and ``surface`` are what the words say besides.
    """

    relation: Relation
    anchor: str | None = None
    other: str | None = None
    side: Side | None = None
    surface: Surface | None = None


SURFACE: Final = re.compile(r"\b(?:walls?|wallpaper|floor|ceiling|ground)\b")
"""The surfaces of a room, which things stand before."""
_EXPANSE = re.compile(rf"{SURFACE.pattern}|\b(?:room|background|everything|all|sky)\b")
_RELATION_WORD = re.compile(
    r"\b(?:of|with|on|in|at|by|behind|above|over|under|next|near|beside|between|against)\b"
)

_RELATIONS: tuple[tuple[Relation, Side | None, str], ...] = (
    ("beside", "left", r"(?:to |on |at )?(?:the )?left(?:[- ]hand)?(?: side)? of"),
    ("beside", "right", r"(?:to |on |at )?(?:the )?right(?:[- ]hand)?(?: side)? of"),
    ("between", None, r"(?:in )?between"),
    ("front", None, r"in front of"),
    ("behind", None, r"behind|at the back of"),
    ("above", None, r"above|over"),
    ("under", None, r"under(?:neath)?|below|beneath"),
    ("beside", None, r"next to|beside|at the side of|alongside|near(?:by)?(?: to)?|close to|by|against"),
    ("on", None, r"on top of|onto|on|upon|inside|into|in|at|along|to"),
)
_ANY_RELATION = re.compile("|".join(f"(?P<r{i}>\\b(?:{p})\\b)" for i, (_, _, p) in enumerate(_RELATIONS)))
_NO_ANCHOR = re.compile(
    r"^(?:(?:the|a|an|one|that|this|empty|bare|free|back|rear|side|left|right|far|other|main|middle|cent(?:re|er)"
    r"|of|hand|side|whole|open|part|half|end|corners?)[\s-]*)*(?P<what>walls?|floor|ground|corners?|ceiling|room|picture|image|"
    r"scene|background|foreground|space|spot|area|place|left|right|middle|cent(?:re|er)|side|here|there)$"
)


def read_place(text: str) -> Place:
    """Take a place in words apart; words that say no place give ``anywhere``."""
    words = " ".join(re.sub(r"[^\w\s,'-]", " ", text.lower()).split())
    side = _side(words)
    corner = re.search(r"\bcorners?\b", words) is not None
    surface: Surface | None = None
    if re.search(r"\bwalls?\b", words):
        surface = "wall"
    elif re.search(r"\b(?:floor|ground)\b(?! lamp)", words):
        surface = "floor"
    for match in _ANY_RELATION.finditer(words):
        relation, told, _ = _RELATIONS[int((match.lastgroup or "r0")[1:])]
        anchor = words[match.end() :].split(",")[0].strip()
        # "on the wall above the sofa": the wall is a surface, the thing comes after the next relation.
        following = _ANY_RELATION.search(anchor)
        first = anchor[: following.start()].strip() if following else anchor
        if not first or _NO_ANCHOR.match(first):
            continue
        if told is None and relation == "on" and following and thing_in(first)[0] == "rug":
            continue  # "on the rug in front of the sofa": where on it
        if corner:
            return Place("corner", anchor, None, told or side, surface)
        if relation == "between":
            one, _, other = anchor.partition(" and ")
            return Place("between", one.strip(), other.strip() or None, None, surface)
        return Place(relation, anchor, None, told, surface)
    if thing_in(words)[0] and not corner and surface is None:
        return Place("on", words)  # "the table" alone is said of what comes onto it.
    return Place("corner" if corner else "anywhere", None, None, side, surface)


def is_expanse(phrase: str) -> bool:
    """Whether what a phrase names may fill most of a picture: "the walls", not "the picture on the wall"."""
    return _EXPANSE.search(_RELATION_WORD.split(phrase.lower())[0]) is not None


def _side(words: str) -> Side | None:
    match = re.search(r"\b(left|right)\b", words)
    return None if match is None else "left" if match[1] == "left" else "right"
