"""A sentence in words that a reader knows better: seldom names of colours give way to frequent ones.

What is asked for does not depend on which colour it is asked in, and both readers have seen "green" a
thousand times and "chartreuse" hardly ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.language.chunking import is_thing
from tools.language.colours import is_name
from tools.language.noun_phrases import is_compound

_FREQUENT = ("green", "blue", "red", "white", "black", "yellow")


def in_familiar_words(words: Sequence[str]) -> list[str]:
    """The words of a sentence, as many and in the same order, with frequent colours for the seldom ones."""
    put = familiar(words)
    return [put.get(word.lower(), word) for word in words]


def familiar(words: Sequence[str]) -> dict[str, str]:
    """The seldom names of colours in a sentence, in lower case, and what is put for each."""
    low = [word.lower() for word in words]
    free = [colour for colour in _FREQUENT if colour not in low] or list(_FREQUENT)
    after = [*low[1:], ""]
    seldom = dict.fromkeys(
        word
        for word, noun in zip(low, after, strict=True)
        if _is_seldom(word) and not is_compound(word, noun)
    )
    return {word: free[at % len(free)] for at, word in enumerate(seldom)}


def _is_seldom(word: str) -> bool:
    """Whether a word is the name of a colour, and neither a frequent one nor that of a thing."""
    return word.isalpha() and word not in _FREQUENT and is_name(word) and not is_thing(word)
