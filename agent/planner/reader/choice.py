"""Reader or grammar: who is believed about a sentence.

The reader reads; the grammar is asked where the reader is not sure. What takes something back never comes
from a guess: it needs a sure reader, or a grammar that says the same.
"""

from __future__ import annotations

from pathlib import Path

import pocket
from agent.planner.combined import Combined
from agent.planner.frames import Frame, Parser
from agent.planner.reader import Reader

SURE = 0.35
"""A reader that is less sure asks the grammar."""
SURE_TO_TAKE = 0.75
"""A reader that is less sure takes nothing back by itself."""


class Chosen:
    """The reader, and the grammar with its tagger behind it. Where there is no reader, the grammar reads."""

    def __init__(self, folder: Path | None = None, other: Parser | None = None) -> None:
        self._reader = Reader(folder or pocket.weights("reader"))
        self._other = other or Combined()

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        """The frames of one sentence; never empty."""
        if not self._reader.is_there:
            return self._other.parse(sentence)
        frames = self._reader.parse(sentence)
        confidence = frames[0].confidence
        taking = any(map(takes, frames))
        if confidence >= (SURE_TO_TAKE if taking else SURE):
            return frames
        others = self._other.parse(sentence)
        if not taking:
            return frames if any(map(takes, others)) else others
        agreed = {frame.act for frame in others if takes(frame)} >= {f.act for f in frames if takes(f)}
        return frames if agreed else tuple(frame for frame in others if not takes(frame)) or (Frame("ask"),)


def takes(frame: Frame) -> bool:
    """Whether a frame takes something away or back."""
    return frame.act in ("undo", "redo", "goto", "hide", "drop") or frame.kind == "remove"
