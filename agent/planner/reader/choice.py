"""Reader or grammar: who is believed about a sentence.

The reader reads. Where it is not sure the grammar, which knows fewer wordings and slips in them more seldom,
is asked for a second opinion. What takes something back never comes from a guess: it needs a sure reader, or
a grammar that says the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pocket
from agent.planner.english.doubts import doubts
from agent.planner.english.grammar import Grammar
from agent.planner.english.text import LONGEST, tokenise
from agent.planner.frames import Frame, Parser
from agent.planner.reader import Reader

CERTAIN = 0.99
"""Of a reader that is as sure as this nobody else is asked."""
SURE_TO_RETURN = 0.95
"""A reader that is less sure takes nothing back by itself,"""
SURE_TO_TAKE = 0.8
"""and one that is less sure than this removes nothing."""
SURE_OF_EDITS = 0.8
"""Where a reader that is less sure and a grammar that has no great doubt both find edits, the grammar's are
taken."""
SURE_OF_OTHERS = 0.8
"""The same where the reader finds something else than edits."""

CLOSE = 0.4
"""Below this a grammar that has no great doubt is as good: where the two want different things, the user is
asked."""

_KEEPING = re.compile(
    r"\b(?:re(?:-?(?:colou?r|paint|style|do|tile|cover|decorate|upholster|finish|surface|stain|dye|fresh))"
    r"|paint|zoom|show|compare|open|save)\b",
    re.IGNORECASE,
)
"""Where one of these is said and the grammar sees nothing that goes, nothing goes."""

_RARE = ("order", "mask")
"""What people say seldom, and mostly in words that are known: else a plain edit is the likelier reading."""

Frames = tuple[Frame, ...]


class Chosen:
    """The reader, and the grammar behind it. Where there is no reader, the grammar reads."""

    def __init__(self, folder: Path | None = None, other: Parser | None = None) -> None:
        self._reader = Reader(folder or pocket.weights("reader"))
        self._other = other or Grammar()

    def parse(self, sentence: str) -> Frames:
        """The frames of one sentence; never empty."""
        return self.readings(sentence)[0]

    def readings(self, sentence: str) -> tuple[Frames, Frames]:
        """The frames of one sentence, and those of a reading that is as good; mostly there is none."""
        if not self._reader.is_there or len(sentence) > LONGEST:
            return self._other.parse(sentence), ()
        read = self._reader.parse(sentence)
        confidence = read[0].confidence
        keeping = any(map(takes, read)) and _KEEPING.search(sentence) is not None
        talking = [frame.act for frame in read] == ["talk"]
        rare = read[0].act in _RARE
        if confidence >= CERTAIN and not (keeping or talking or rare):
            return read, ()
        other = self._other.parse(sentence)
        doubt = doubts(other, tokenise(sentence))
        if rare and other[0].act in ("edit", "move") and doubt < 2:
            return other, ()
        if talking and [frame.act for frame in other] == ["talk"]:
            return other, ()  # which knows what to say to thanks
        if keeping and not any(map(takes, other)):
            return other, ()
        chosen = choose(read, confidence, other, doubt)
        close = confidence < CLOSE and doubt < 2 and chosen in (read, other)
        close = close and not any(map(returns, other))  # a command is no guess
        return chosen, (other if chosen == read else read) if close else ()


def choose(read: Frames, confidence: float, other: Frames, doubt: int) -> Frames:
    """The reader's frames, the grammar's (``other``, with a doubt of 0, 1 or 2), or a question."""
    returning, taking = any(map(returns, read)), any(map(takes, read))
    if any(map(returns, other)) and not (returning and (confidence >= CERTAIN or _names_less(other, read))):
        return other  # the grammar takes whole clauses for commands, or none
    if read[0].act == "back" and any(map(takes, other)) and confidence < SURE_TO_RETURN:
        return other  # "undo only the gate"
    open_ends = ("ask", "refresh")
    both = read[0].act in open_ends and other[0].act in open_ends
    if confidence < SURE_OF_OTHERS and (both or other[0].act == "refresh"):
        return other
    both_remove = [frame.kind for frame in read] == [frame.kind for frame in other] == ["remove"]
    if both_remove and not doubt and _words(other) > _words(read):
        return other  # "clear the counter of dishes": those on the counter
    if taking and confidence < (SURE_TO_RETURN if returning else SURE_TO_TAKE):
        if _taken(other) >= _taken(read):
            return read if doubt else other
        return (Frame("ask"),) if any(map(takes, other)) else other
    if not _are_edits(other) or doubt > 1 or (any(map(takes, other)) and not taking):
        return read
    needed = SURE_OF_EDITS if _are_edits(read) else 0.0 if returning else SURE_OF_OTHERS
    return other if confidence < needed else read


def returns(frame: Frame) -> bool:
    """Whether a frame goes back to something, or takes a change away."""
    return frame.act in ("undo", "redo", "goto", "hide", "drop", "back")


def takes(frame: Frame) -> bool:
    """Whether a frame takes something away or back."""
    return frame.act in ("undo", "redo", "goto", "hide", "drop") or frame.kind == "remove"


def _names_less(one: Sequence[Frame], other: Sequence[Frame]) -> bool:
    """Whether fewer words for things are in some frames than in others."""
    return len(_words(one)) < len(_words(other))


def _words(frames: Sequence[Frame]) -> set[str]:
    return {word for frame in frames for word in frame.target.lower().split()} - {"the"}


def _taken(frames: Sequence[Frame]) -> set[str]:
    return {frame.act for frame in frames if takes(frame)}


def _are_edits(frames: Sequence[Frame]) -> bool:
    return all(frame.act == "edit" for frame in frames)
