"""The reader: a small network that writes the frames of a sentence as lines (``docs/frames.md``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.planner.frames import Frame
from agent.planner.lines import Line

if TYPE_CHECKING:
    from agent.planner.reader.network import Network


SURE = 0.99
"""A reader that is less sure reads the sentence once more in words that it knows better."""


@dataclass(frozen=True)
class Reading:
    """The lines of a sentence, and how sure the least sure symbol of them is, in 0…1."""

    lines: tuple[Line, ...]
    confidence: float


NOTHING = Reading((Line("unclear"),), 0.0)
"""What was not read."""


class Reader:
    """The trained reader of a folder; it is loaded at the first sentence, which takes a quarter of a second.

    It never fails: a sentence that it does not read is one ``unclear`` line without confidence.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.read = lru_cache(maxsize=16)(self._read)

    @property
    def is_there(self) -> bool:
        """Whether the folder holds a reader."""
        return (self._folder / "pieces.txt").is_file()

    @cached_property
    def _network(self) -> Network:
        from agent.planner.reader.network import Network

        return Network(self._folder)

    def _read(self, sentence: str) -> Reading:
        """The lines of one sentence; whoever asks for them again does not wait again."""
        from agent.planner.reader.familiar_words import in_familiar_words
        from agent.planner.reader.mending import completed, meant, said_once
        from agent.planner.reader.splitting import MOST_WORDS, words_of
        from agent.planner.reader.symbols import END, lines_of

        words = words_of(sentence)
        if not words or len(words) > MOST_WORDS:
            return NOTHING
        written = self._network.write(words)
        if min(written.sure) < SURE and (familiar := in_familiar_words(words)) != words:
            again = self._network.write(familiar)
            if again.symbols[-1] == END and min(again.sure) > min(written.sure):
                written = again  # symbols point at words, so they say the same of the sentence itself
        if written.symbols[-1] != END:
            return NOTHING
        symbols = completed(written.symbols, words)
        lines = lines_of(symbols, [self.mended(word) for word in words])
        return Reading(said_once([meant(line, words) for line in lines]), min(written.sure))

    def wish(self, sentence: str) -> float:
        """How likely a sentence wants something done, in 0…1; 1 where there is no reader."""
        from agent.planner.reader.splitting import words_of

        words = words_of(sentence)
        return self._network.wish(words) if words and self.is_there else 1.0

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        """The frames of one sentence."""
        from agent.planner.reader.framing import frames_of

        reading = self.read(sentence)
        return tuple(replace(frame, confidence=reading.confidence) for frame in frames_of(reading.lines))

    def mended(self, word: str) -> str:
        """A word with a slip of the keyboard put right, where it is no word as it stands."""
        from agent.planner.reader.mending import slip_of

        if len(word) < 3 or not word.isalpha() or self._network.pieces.is_whole(word):
            return word
        return slip_of(word.lower()) or word


@cache
def reader_of(folder: Path) -> Reader:
    """The reader of a folder: one for all planners of a process, as it holds nothing of a conversation."""
    return Reader(folder)
