"""The reader: a small network that writes the frames of a sentence as lines (``docs/frames.md``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agent.planner.frames import Frame
from agent.planner.lines import Line

if TYPE_CHECKING:
    from agent.planner.reader.network import Network


@dataclass(frozen=True)
class Reading:
    """The lines of a sentence, and how sure the least sure symbol of them is, in 0…1."""

    lines: tuple[Line, ...]
    confidence: float


class Reader:
    """The trained reader of a folder; it is loaded at the first sentence, which takes a quarter of a second.

    It never fails: a sentence that it does not read is one ``unclear`` line without confidence.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_there(self) -> bool:
        """Whether the folder holds a reader."""
        return (self._folder / "pieces.txt").is_file()

    @cached_property
    def _network(self) -> Network:
        from agent.planner.reader.network import Network

        return Network(self._folder)

    def read(self, sentence: str) -> Reading:
        """The lines of one sentence."""
        from agent.planner.reader.symbols import END, lines_of
        from agent.planner.reader.words import MOST_WORDS, words_of

        words = words_of(sentence)
        if not words or len(words) > MOST_WORDS:
            return Reading((Line("unclear"),), 0.0)
        written = self._network.write(words)
        if written.symbols[-1] != END:
            return Reading((Line("unclear"),), 0.0)
        lines = lines_of(written.symbols, [self._mended(word) for word in words])
        return Reading(lines, min(written.sure))

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        """The frames of one sentence."""
        from agent.planner.reader.framing import frames_of

        reading = self.read(sentence)
        return tuple(replace(frame, confidence=reading.confidence) for frame in frames_of(reading.lines))

    def _mended(self, word: str) -> str:
        """A word with a slip of the keyboard put right, where it is no word as it stands."""
        if len(word) < 3 or not word.isalpha() or self._network.pieces.is_whole(word):
            return word
        return _slip_of(word.lower()) or word


def _slip_of(low: str) -> str | None:
    """The word that a slip was made of: two letters exchanged, one left out or typed twice. None where that
    is no word that requests are made of. Of a short word only exchanged letters are put right.
    """
    from agent.planner.english.text import is_known, request_words

    if is_known(low):
        return None
    if len(low) > 5 and low.endswith("s") and (one := _slip_of(low[:-1])) is not None:
        return None if one[-1] in "sydh" else f"{one}s"
    known = request_words()
    exchanged = (low[:i] + low[i + 1] + low[i] + low[i + 2 :] for i in range(len(low) - 1))
    twice = (low[:i] + low[i + 1 :] for i in range(1, len(low)) if low[i] == low[i - 1])
    for found in (*exchanged, *(twice if len(low) > 4 else ())):
        if found in known:
            return found
    left_out = [
        word
        for word in known
        if len(word) == len(low) + 1 and any(word[:i] + word[i + 1 :] == low for i in range(1, len(low)))
    ]
    return left_out[0] if len(left_out) == 1 and len(low) > 3 else None
