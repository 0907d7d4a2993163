"""Parts of things ("the legs of the table"), which a segmenter may not tell from the whole; words of size."""

from __future__ import annotations

import re
from typing import NamedTuple

_PARTS = (
    r"(?:frames?|legs?|arms?|armrests?|handles?|knobs?|shades?|seats?|backs?|backrests?|borders?|fringes?|drawers?"
    r"|doors?|lids?|tops?|trims?|edges?|feet)"
)
_PART_OF = re.compile(rf"^(?:the )?(?P<part>{_PARTS}) (?:of|on) (?P<thing>.+)$")
_OWN_PART = re.compile(rf"(?:the )?(?P<thing>.+?)(?:'s)? (?<!\bthe )(?<!\bin )(?<!\bat )(?P<part>{_PARTS})")
_WITH_PART = re.compile(rf"\bwith (?:.+ )?(?P<part>{_PARTS})$")

_WITH_COVER = re.compile(
    r"\bwith (?:an? |the |new |some )*(?P<look>.+) (?:(?:bed ?)?covers?|bedspread|blanket|quilt|duvet|bedding"
    r"|comforter|coverlet)$"
)

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_SIZE = re.compile(
    r"big(?:ger)?|larger?|small(?:er)?|tall(?:er)?|short(?:er)?|long(?:er)?|wider?|narrow(?:er)?|high(?:er)?"
    r"|thick(?:er)?|thin(?:ner)?|huge|tiny|rounder?|square|oval|rectangular|circular|triangular"
)


class Part(NamedTuple):
    """A part of a thing, both in words."""

    part: str
    thing: str


def named_part(phrase: str) -> Part | None:
    """The part that a phrase names: "the table's legs", "the legs of the table"; None for a whole thing."""
    found = _PART_OF.search(phrase) or _OWN_PART.fullmatch(phrase)
    return Part(found["part"], found["thing"]) if found else None


def part_added(look: str) -> str:
    """The part that a look is said of: "with brass legs" → "legs"; empty for none."""
    found = _WITH_PART.search(look)
    return found["part"] if found else ""


def cover_added(look: str) -> str:
    """How the cover of a bed shall look: "with a lavender cover" → "lavender"; empty for none."""
    found = _WITH_COVER.search(look)
    return found["look"] if found else ""


def sizes_in(look: str) -> set[str]:
    """The words of a look that name a size or a shape."""
    return {word for word in _WORD.findall(look.lower()) if _SIZE.fullmatch(word)}
