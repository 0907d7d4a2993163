"""What the tagger sees of a word: hashed pieces of its spelling, and in which lists of the lexicon it stands.

The spelling is what makes it copy: "kapoks" and "kapok" share most of their pieces, and a word that nobody
ever saw still looks like a noun at its place.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from agent.planner.english import lexicon as lx

LABELS = ("O", "T", "L", "W", "X", "N", "R", "A", "P", "V")
"""What a word is: nothing; of a thing that gets a look, its look, a part that it gets; of a thing that makes
way, of what takes its place; of a thing that goes; of a new thing, of its place; of a thing of which nothing
definite is said.
"""

SORTS = ("edit", "vague", "talk", "other")
"""What a sentence is: wishes, an unfinished wish, plain talk, or what only the grammar may read (undo and
the like).
"""

BUCKETS = 8192
"""Rows of the table that pieces of words are hashed into."""

_LISTS: tuple[frozenset[str] | dict[str, str], ...] = (
    lx.COLOURS, lx.SHADES, lx.MATERIALS, lx.PATTERNS, lx.FINISHES, lx.SIZES, lx.COMPARATIVES, lx.NOUNS,
    lx.PLACES, lx.DIRECTIONS, lx.LOCATIVES, lx.DEFINITE, lx.INDEFINITE, lx.PRONOUNS, lx.MODALS, lx.BE,
    lx.POLITE, lx.DEGREES, lx.EVALUATIVE, lx.MAKE, lx.REPLACE, lx.REMOVE, lx.ADD, lx.WANT, lx.SEE, lx.MOVE,
    lx.VAGUE, lx.VAGUE_LOOKS, lx.LOOK_NOUNS, lx.COMMON,
)  # fmt: skip
TRAITS = len(_LISTS) + 2
"""How many yes-or-no traits a word has."""


@lru_cache(maxsize=50_000)
def buckets(word: str) -> tuple[int, ...]:
    """The rows of a lower-case word's pieces, each in 0…BUCKETS-1: first the whole word, then its runs of 3
    and 4 letters.
    """
    framed = f"<{word[:24]}>"
    pieces = [word, *(framed[i : i + n] for n in (3, 4) for i in range(len(framed) - n + 1))]
    return tuple(zlib.crc32(piece.encode()) % BUCKETS for piece in pieces)


@lru_cache(maxsize=50_000)
def traits(word: str) -> tuple[float, ...]:
    """In which lists a lower-case word stands, 0 or 1 each; the last two: known in the singular, no word
    but a mark.
    """
    stands = [float(word in words) for words in _LISTS]
    stands.append(float(word.removesuffix("s") in lx.NOUNS))
    stands.append(float(not word[0].isalnum()))
    return tuple(stands)
