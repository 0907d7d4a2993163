"""How large things usually are, and where they belong: a table in metres, and the words for it.

Plain data for ``tools.inpainting.placement``, and functions that find the thing that a phrase is about,
by whatever name and beside whatever words.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from tools.language.chunking import is_look, is_thing
from tools.language.lexicon import ORDINALS, SIZES, word_set


class Thing(NamedTuple):
    """How large a thing usually looks, in metres, and where it belongs.

    ``stands``: on the floor, on top of something, on the wall, or flat on the floor.
    """

    width: float
    height: float
    stands: Literal["floor", "top", "wall", "flat"]


UNKNOWN = Thing(0.6, 0.7, "floor")
"""What a thing is taken for that no table knows."""

THINGS: dict[str, Thing] = {
    "sofa": Thing(2.0, 0.95, "floor"),
    "armchair": Thing(0.95, 1.0, "floor"),
    "chair": Thing(0.5, 0.9, "floor"),
    "stool": Thing(0.4, 0.6, "floor"),
    "ottoman": Thing(0.6, 0.55, "floor"),
    "bench": Thing(1.2, 0.5, "floor"),
    "bed": Thing(2.0, 1.5, "floor"),
    "table": Thing(1.4, 0.9, "floor"),
    "coffee table": Thing(1.1, 0.6, "floor"),
    "side table": Thing(0.5, 0.55, "floor"),
    "desk": Thing(1.3, 0.75, "floor"),
    "cabinet": Thing(1.1, 0.85, "floor"),
    "dresser": Thing(1.0, 0.9, "floor"),
    "wardrobe": Thing(1.2, 2.0, "floor"),
    "bookshelf": Thing(0.9, 1.8, "floor"),
    "shelf": Thing(0.9, 0.3, "wall"),
    "fireplace": Thing(1.4, 1.1, "floor"),
    "lamp": Thing(0.5, 1.45, "floor"),
    "table lamp": Thing(0.3, 0.45, "top"),
    "plant": Thing(0.55, 0.95, "floor"),
    "tree": Thing(0.9, 1.7, "floor"),
    "basket": Thing(0.45, 0.4, "floor"),
    "rug": Thing(2.3, 0.75, "flat"),
    "cat": Thing(0.45, 0.45, "floor"),
    "dog": Thing(0.65, 0.7, "floor"),
    "ball": Thing(0.25, 0.25, "floor"),
    "vase": Thing(0.22, 0.35, "top"),
    "flowers": Thing(0.3, 0.4, "top"),
    "bowl": Thing(0.3, 0.15, "top"),
    "cup": Thing(0.12, 0.12, "top"),
    "bottle": Thing(0.1, 0.3, "top"),
    "candle": Thing(0.1, 0.25, "top"),
    "book": Thing(0.3, 0.15, "top"),
    "cushion": Thing(0.4, 0.38, "top"),
    "blanket": Thing(0.9, 0.4, "top"),
    "statue": Thing(0.3, 0.5, "top"),
    "laptop": Thing(0.35, 0.25, "top"),
    "television": Thing(0.95, 0.7, "top"),
    "picture": Thing(0.65, 0.6, "wall"),
    "clock": Thing(0.33, 0.33, "wall"),
    "mirror": Thing(0.55, 0.7, "wall"),
    "window": Thing(1.2, 1.2, "wall"),
    "curtain": Thing(1.5, 1.8, "wall"),
}

SYNONYMS: dict[str, str] = {
    "couch": "sofa", "settee": "sofa", "loveseat": "sofa", "recliner": "armchair",
    "rocking chair": "armchair", "pouf": "ottoman", "pouffe": "ottoman", "footstool": "ottoman",
    "dining table": "table", "nightstand": "side table", "bedside table": "side table",
    "end table": "side table", "sideboard": "cabinet",
    "cupboard": "cabinet", "tv stand": "cabinet", "chest of drawers": "dresser", "closet": "wardrobe",
    "bookcase": "bookshelf", "floor lamp": "lamp", "standing lamp": "lamp", "desk lamp": "table lamp",
    "reading lamp": "table lamp", "carpet": "rug", "mat": "rug", "kitten": "cat", "puppy": "dog",
    "bouquet": "flowers", "books": "book", "pillow": "cushion", "throw": "blanket", "sculpture": "statue",
    "tv": "television", "painting": "picture", "poster": "picture", "photo": "picture", "print": "picture",
    "pic": "picture", "shelves": "bookshelf", "curtains": "curtain", "drapes": "curtain",
}  # fmt: skip


def noun_in(phrase: str) -> str:
    """The known noun that a phrase is about, as it says it: "couch" of "the red couches"; "" for none.

    "a picture of a cat" is a picture, "a cat picture" too.
    """
    head = re.split(
        r"\b(?:of|with|on|in|and|that|which|full|next|by|above|under|behind|near)\b|,", phrase.lower()
    )[0]
    for text in (head, phrase.lower()):
        ends = {}
        for name in (*THINGS, *SYNONYMS):
            for match in re.finditer(rf"\b{name}(?:s|es)?\b", text):
                ends[match.end(), len(name)] = name
        if ends:
            return ends[max(ends)]
    return ""


def thing_in(phrase: str) -> tuple[str, Thing]:
    """The known thing that a phrase is about, by its first name ("sofa" for a couch), and its size:
    ("", UNKNOWN) when the table has none.
    """
    noun = noun_in(phrase)
    name = SYNONYMS.get(noun, noun)
    return name, THINGS.get(name, UNKNOWN)


_SEATS = ("sofa", "armchair", "chair", "ottoman", "bench", "stool")
_COLLECTIVES: Final = {
    "seats": _SEATS,
    "seating": _SEATS,
    "furniture": (*_SEATS, "coffee table", "dining table", "side table", "bed", "bookshelf", "cabinet"),
    "soft furnishings": ("cushion", "curtain", "rug", "blanket"),
    "textiles": ("cushion", "curtain", "rug", "blanket"),
    "wall art": ("picture", "mirror", "clock"),
    "wall decor": ("picture", "mirror", "clock"),
    "pets": ("cat", "dog"),
    "animals": ("cat", "dog", "bird"),
}
"""What stands for things of several kinds."""


def kinds_meant(phrase: str) -> tuple[str, ...]:
    """The kinds of things that a word such as "seats" stands for; none for what names a kind itself."""
    words = re.sub(r"^(?:all (?:of )?)?(?:the|my|our|these|those) |^all ", "", phrase.strip().lower())
    return _COLLECTIVES.get(words, ())


def by_first_name(phrase: str) -> str:
    """A phrase with its thing's first name: "the left cushion" for "the left pillow"; as it is where it bears
    no other.
    """
    noun = noun_in(phrase)
    if noun not in SYNONYMS:
        return phrase
    return re.sub(rf"\b{noun}(s?)\b", rf"{SYNONYMS[noun]}\1", phrase, count=1, flags=re.IGNORECASE)


_TELL_APART = word_set(
    """left right middle center centre upper lower top bottom front back rear near nearest far farthest
    furthest closest next last other same new old outer inner leftmost rightmost only whole remaining"""
) | frozenset(ORDINALS)
_LOOKED = re.compile(r"(?P<the>(?:the|my|our|that|this) )(?P<words>(?:[a-z-]+ )+?)$", re.IGNORECASE)


def without_unknown_words(phrase: str) -> str:
    """A phrase without words before its thing that say nothing that can be looked for: "the plant on the
    right" for "the spiky plant on the right". One that tells it by a colour, a size, a place or another thing
    stays as it is.
    """
    noun = noun_in(phrase)
    at = phrase.lower().find(noun) if noun else -1
    found = _LOOKED.match(phrase[:at]) if at > 0 else None
    if found is None:
        return phrase
    words = found["words"].lower().split()
    if any(is_look(word) or is_thing(word) or word in SIZES or word in _TELL_APART for word in words):
        return phrase
    return f"{found['the']}{phrase[at:]}"
