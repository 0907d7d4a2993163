"""Reader or grammar: who is believed about a sentence.

The reader is: of 1183 sentences that were written with what they mean it read .90, the grammar .58 (before
it lost what the reader reads as well), and where one of the two was wrong it was the grammar sixteen times of
seventeen. The grammar is asked where the reader is not sure. What takes something back never comes from a
guess: it needs a sure reader, or a grammar that says the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pocket
from agent.planner.frames import Frame, Parser
from agent.planner.grammar.doubts import doubts
from agent.planner.grammar.parser import Grammar
from agent.planner.reader import Reader
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing
from tools.language.tokens import LONGEST, tokenise

CERTAIN = 0.99
"""Of a reader that is as sure as this nobody else is asked."""
SURE_TO_TAKE = 0.65
"""A reader that is less sure takes nothing away and nothing back by itself,"""
SURE_TO_RETURN = 0.8
"""and one that is less sure than this does not go to another version."""
UNSURE = 0.5
"""Where a reader that is less sure takes nothing, edits of a grammar that has no doubt count."""
LIKELY = 0.95
"""One that is less sure gives way to a grammar that has no doubt where both look at the same thing,"""
PLAIN = 0.9
"""and one that is less sure than this where the grammar finds a known look of a known thing."""
CLOSE = 0.4
"""Below this a grammar that has no great doubt is as good: where the two want different things, the user is
asked."""

_RETURNING = re.compile(r"\b(?:undo|reset|revert)\b", re.IGNORECASE)
"""Where one of these is said, what the grammar takes for a return is one."""
_BEFORE = re.compile(
    r"\b(?:undo(?:ing|ne)?|(?:way|what|how|whatever|like|as) (?:it|that|they) (?:was|were)|restored?|ago"
    r"|revert(?:ed|ing)?|take (?:it|that) back)\b",
    re.IGNORECASE,
)
"""Words of going back: with one of them a step back is no guess."""

_KEEPING = re.compile(
    r"\b(?:re(?:-?(?:colou?r|paint|style|do|tile|cover|decorate|upholster|finish|surface|stain|dye|fresh))"
    r"|paint|zoom|show|compare|open|save)\b",
    re.IGNORECASE,
)
"""Where one of these is said and the grammar sees nothing that goes, nothing goes."""

_RARE = {
    "order": re.compile(
        r"\b(?:layers?|front|back|top|bottom|behind|under|below|above|over|order)\b", re.IGNORECASE
    ),
    "mask": re.compile(
        r"\b(?:masks?|select\w*|areas?|edges?|outlines?|regions?|feather\w*|boxe?s?|pixels?|spill\w*|%)",
        re.IGNORECASE,
    ),
}
"""What people say seldom, and the words that they say it in: without those a plain edit is likelier."""

_LAYERS = re.compile(r"\blayers?\b", re.IGNORECASE)

_COMPLETE = ("undo", "redo", "open")
"""What needs nothing of the conversation to be understood."""

_OPEN = ("edit", "ask", "talk", "tell", "refresh", "back")
"""What a plain edit is taken for."""

Frames = tuple[Frame, ...]


class Chosen:
    """The reader, and the grammar behind it. Where there is no reader, the grammar reads."""

    def __init__(self, folder: Path | None = None, other: Parser | None = None) -> None:
        self._reader = Reader(folder or pocket.weights("reader"))
        self._other = other or Grammar()

    def parse(self, sentence: str) -> Frames:
        """The frames of one sentence; never empty."""
        return self.readings(sentence)[0]

    def command(self, sentence: str) -> Frames:
        """A command that is complete in itself ("back one step"), of which the reader is certain; else
        nothing.
        """
        read = self._reader.parse(sentence) if self._reader.is_there and len(sentence) <= LONGEST else ()
        complete = len(read) == 1 and read[0].act in _COMPLETE and read[0].confidence >= CERTAIN
        return read if complete else ()

    def readings(self, sentence: str) -> tuple[Frames, Frames]:
        """The frames of one sentence, and those of a reading that is as good; mostly there is none."""
        if not self._reader.is_there or len(sentence) > LONGEST:
            return self._other.parse(sentence), ()
        read = self._reader.parse(sentence)
        confidence = read[0].confidence
        keeping = any(map(_drops, read)) and _KEEPING.search(sentence) is not None
        talking = [frame.act for frame in read] == ["talk"]
        rare = read[0].act in _RARE and not _RARE[read[0].act].search(sentence)
        returning = any(map(returns, read))
        undoing = (_RETURNING.search(sentence) is not None or returning) and not any(map(_names, read))
        undoing = undoing and not (returning and confidence >= CERTAIN)
        if confidence >= CERTAIN and not (keeping or talking or read[0].act in _RARE or undoing):
            return read, ()
        other = self._other.parse(sentence)
        doubt = doubts(other, tokenise(sentence))
        things = other[0].act == "move" or other[0].kind == "add"  # "draw a mask on the wall"
        likely = rare or (read[0].act in _RARE and things and not _LAYERS.search(sentence))
        if likely and other[0].act in ("edit", "move") and doubt < 2:
            return other, ()
        if talking and [frame.act for frame in other] == ["talk"]:
            return other, ()  # which knows what to say to thanks
        if keeping and not any(map(takes, other)):
            return other, ()
        if undoing and any(map(_names if returning else returns, other)):
            return other, ()  # "undo only the gate"
        chosen = choose(read, confidence, other, doubt, sentence)
        close = confidence < CLOSE and doubt < 2 and chosen in (read, other)
        close = close and not any(map(returns, other))  # a command is no guess
        return chosen, (other if chosen == read else read) if close else ()


def choose(read: Frames, confidence: float, other: Frames, doubt: int, sentence: str = "") -> Frames:
    """The reader's frames, the grammar's (``other``, with a doubt of 0, 1 or 2), or a question."""
    if [frame.act for frame in read] == ["undo"] and confidence >= UNSURE and _BEFORE.search(sentence):
        return read
    going = any(
        returns(frame) and not (frame.target or (frame.act == "goto" and (frame.number or frame.name)))
        for frame in read
    )
    if any(map(takes, read)) and confidence < (SURE_TO_RETURN if going else SURE_TO_TAKE):
        if _taken(other) >= _taken(read) and (_words(read) & _words(other) or not _words(read)):
            return read if doubt and confidence >= UNSURE else other
        return (Frame("ask"),) if any(map(takes, other)) or doubt > 1 else other
    both_remove = [frame.kind for frame in read] == [frame.kind for frame in other] == ["remove"]
    if both_remove and not doubt and confidence < CERTAIN and _words(other) > _words(read):
        return other  # "clear the counter of dishes": those on the counter
    if confidence < PLAIN and doubt < 2:
        if read[0].act in ("ask", "refresh") and other[0].act == "ask":
            return other
        if read[0].act == "talk" and _is_plain(other):
            return other  # "it is a bit dark"
    if doubt or not _are_edits(other):
        return read
    alike = [(f.act, f.kind, f.target) for f in read] == [(f.act, f.kind, f.target) for f in other]
    needed = LIKELY if alike else PLAIN if _is_plain(other) and read[0].act in _OPEN else UNSURE
    return other if confidence < needed else read


def returns(frame: Frame) -> bool:
    """Whether a frame goes back to something, or takes a change away."""
    return frame.act in ("undo", "redo", "goto", "hide", "drop", "back")


def _drops(frame: Frame) -> bool:
    return frame.act in ("hide", "drop") or frame.kind == "remove"


def _names(frame: Frame) -> bool:
    """Whether a frame says what is to be as it was."""
    return returns(frame) and bool(frame.target or frame.spared or frame.reference not in ("", "all"))


def takes(frame: Frame) -> bool:
    """Whether a frame takes something away or back."""
    return frame.act in ("undo", "redo", "goto", "hide", "drop") or frame.kind == "remove"


def _words(frames: Sequence[Frame]) -> set[str]:
    return {word for frame in frames for word in frame.target.lower().split()} - {"the"}


def _taken(frames: Sequence[Frame]) -> set[str]:
    return {frame.act for frame in frames if takes(frame)}


def _are_edits(frames: Sequence[Frame]) -> bool:
    return all(frame.act == "edit" and frame.kind != "remove" for frame in frames)


def _is_plain(frames: Sequence[Frame]) -> bool:
    """Whether frames are one known look of one known thing, or of what was spoken of."""
    if len(frames) != 1 or frames[0].kind != "restyle" or frames[0].like:
        return False
    thing, look = frames[0].target.lower().split(), frames[0].prompt.lower().split()
    known = all(is_look(word) or word in lx.DEGREES or word in lx.DIRECTIONS for word in look)
    return any(map(is_look, look)) and known and (not thing or any(map(is_thing, thing)))
