"""Word pieces (Wu et al. 2016, arXiv 1609.08144), as BERT's uncased models have them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 40
"""A word of more letters is one unknown piece."""


def plain(word: str) -> str:
    """A word in small letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if unicodedata.category(c) != "Mn")


class Pieces:
    """The pieces of words. ``vocabulary``: the number of each piece; those inside words begin with "##"."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._numbers = dict(vocabulary)
        self.begin, self.end = self._numbers["[CLS]"], self._numbers["[SEP]"]
        self._unknown = self._numbers["[UNK]"]
        self.of = lru_cache(maxsize=20_000)(self._of)

    def is_whole(self, word: str) -> bool:
        """Whether a word is a piece by itself: a frequent one."""
        return plain(word) in self._numbers

    def _of(self, word: str) -> tuple[int, ...]:
        """The numbers of a word's pieces; marks inside it are pieces of their own."""
        found: list[int] = []
        for part in _parts(plain(word)):
            found += self._pieces(part)
        return tuple(found) or (self._unknown,)

    def _pieces(self, part: str) -> list[int]:
        if len(part) > LONGEST:
            return [self._unknown]
        found: list[int] = []
        at = 0
        while at < len(part):
            for end in range(len(part), at, -1):
                number = self._numbers.get(part[at:end] if not at else f"##{part[at:end]}")
                if number is not None:
                    break
            else:
                return [self._unknown]
            found.append(number)
            at = end
        return found


def _parts(word: str) -> list[str]:
    parts: list[str] = []
    inside = False
    for c in word:
        if c.isalnum():
            if inside:
                parts[-1] += c
            else:
                parts.append(c)
            inside = True
        else:
            inside = False
            if not c.isspace():
                parts.append(c)
    return parts


@dataclass(frozen=True)
class Spelt:
    """A sentence in pieces: their numbers, and where each word begins and ends among them."""

    pieces: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def spelt(words: Sequence[str], pieces: Pieces) -> Spelt:
    """The pieces of a sentence's words, with the marks that begin and end it."""
    numbers = [pieces.begin]
    spans = []
    for word in words:
        of_word = pieces.of(word)
        spans.append((len(numbers), len(numbers) + len(of_word)))
        numbers += of_word
    return Spelt((*numbers, pieces.end), tuple(spans))
