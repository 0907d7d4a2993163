"""Two readers: which of them is believed about a sentence.

The small network reads every sentence. Where it is not certain, the language model reads it too, and the
surer of the two counts. What takes something away or back never comes from a guess: it needs a sure reader,
or two that say the same; else the user is asked. Without the language model the network is alone with these
rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pocket
from agent.planner.frames import REVERT, Frame
from agent.planner.lines import WORDS, Line, strange_words
from agent.planner.reader import NOTHING, SURE, Reading, reader_of
from agent.planner.reader.caution import cautious, takes
from agent.planner.reader.language_model import InProcess, LanguageModel, Writer
from agent.planner.reader.smalltalk import answer
from tools.language.chunking import is_thing
from tools.language.tokens import LONGEST, is_known

CERTAIN = 0.99
"""Of a network that is as sure as this nobody else is asked."""
EDGE = 0.05
"""So much surer than it says is the language model taken for where it takes nothing;"""
WISHED = 0.9
"""but where it sees plain talk, a wish of which the network is as sure as this counts."""
SURE_TO_TAKE = 0.8
"""One that is less sure takes nothing away and nothing back by itself,"""
SURE_TO_RETURN = 0.9
"""and one that is less sure than this does not go to another version."""
AGREED = 0.75
"""Two that want to take the same do, if they are as sure as this together."""
LIKELY = 0.5
"""Where one must not take what it wants, the other's wish counts if it is as sure as this."""
CLOSE = 0.4
"""Where neither is as sure as this and the two want different things, the user is asked which."""

LONG = "That is a long text: please say in a sentence or two what to change."

_KEEPING = re.compile(
    r"\b(?:re(?:-?(?:colou?r|paint|style|do|tile|cover|decorate|upholster|finish|surface|stain|dye|fresh))"
    r"|paint|zoom|show|compare|open|save)\b",
    re.IGNORECASE,
)
_RETURNING = re.compile(r"\b(?:undo|reset|revert)\b", re.IGNORECASE)
"""Where one of these is said, that a thing goes is looked at twice."""

_RARE = {
    "mark": re.compile(
        r"\b(?:call\w*|name\w*|label\w*|mark\w*|title\w*|remember\w*|tag\w*|save\w*|stor\w*|keep|note\w*|pin\w*"
        r"|bookmark\w*|this|that|it|version\w*)\b(?!.*\?)",
        re.IGNORECASE,
    ),
    "order": re.compile(
        r"\b(?:layers?|front|back|top|bottom|behind|under|below|above|over|order)\b", re.IGNORECASE
    ),
    "mask": re.compile(
        r"\b(?:masks?|select\w*|areas?|edges?|outlines?|regions?|feather\w*|boxe?s?|pixels?|spill\w*|%)",
        re.IGNORECASE,
    ),
}
"""What people say seldom, and the words that they say it in: without those it is looked at twice."""

_WORD = re.compile(r"(?<![\w./#'’@-])[a-zA-Z]{3,}(?![\w/#'’@-]|\.\w)")
_BEGINS = re.compile(r"(?:^|(?<=[.!?:;…]\s))[\"'(]*(?P<word>[A-Z][a-z]+)\b(?!['’.-]\w)")
_NAMING = re.compile(
    r"\b(?:call\w*|name\w*|label\w*|mark\w*|title\w*|save\w*|export\w*)\b|[\"“”]", re.IGNORECASE
)

_COMPLETE = ("undo", "redo", "open")
"""What needs nothing of the conversation to be understood."""

Frames = tuple[Frame, ...]
_NOTHING: Frames = (Frame("ask", confidence=0.0),)


class Second(Protocol):
    """Whoever is asked where the reader is not certain, and about a sentence in its conversation."""

    @property
    def is_there(self) -> bool:
        """Whether it can be asked. Raises ``PlannerError`` where it was chosen and cannot be."""
        ...

    def parse(self, sentence: str) -> Frames:
        """The frames of one sentence, never empty, with how sure it is of them."""
        ...

    def read_in(self, told: str, sentence: str) -> Reading:
        """The full lines of a sentence in the conversation that was told, and how sure it is of them."""
        ...

    def read_ahead(self, told: str) -> None:
        """Read the conversation that the next sentence will come after."""
        ...


class Chosen:
    """The reader, and the language model behind it, which ``writer`` runs: llama.cpp, if none is given."""

    def __init__(
        self, folder: Path | None = None, second: Second | None = None, writer: Writer | None = None
    ) -> None:
        self._reader = reader_of(folder or pocket.weights("reader"))
        writer = writer or InProcess(pocket.weights("language-model"))
        self._second = second or LanguageModel(writer, self._reader.mended)

    def parse(self, sentence: str) -> Frames:
        """The frames of one sentence; never empty."""
        return self.readings(sentence)[0]

    def spelt(self, sentence: str, names: Collection[str] = ()) -> str:
        """The sentence with slips of the keyboard put right and ordinary words at its beginnings in small
        letters; the words of names, and what is called or saved, as they were typed.
        """
        if not self._reader.is_there or len(sentence) > LONGEST or _NAMING.search(sentence):
            return sentence

        def right(found: re.Match[str]) -> str:
            word = found[0]
            mended = word if word.lower() in names else self._reader.mended(word)
            return mended.capitalize() if word.istitle() else mended

        def small(found: re.Match[str]) -> str:
            low = found["word"].lower()
            return found[0].lower() if is_known(low) and low not in names else found[0]

        return _BEGINS.sub(small, _WORD.sub(right, sentence))

    def wish(self, sentence: str) -> float:
        """How likely a sentence wants something done, in 0…1."""
        return self._reader.wish(sentence) if len(sentence) <= LONGEST else 1.0

    def read_in(self, told: str, sentence: str) -> Reading:
        """The full lines of a sentence in the conversation that was told; nothing without a second reader."""
        if not told or len(sentence) > LONGEST or not self._second.is_there:
            return NOTHING
        return self._second.read_in(told, sentence)

    def read_ahead(self, told: str) -> None:
        """Have the second reader read the conversation that the next sentence will come after."""
        if self._second.is_there:
            self._second.read_ahead(told)

    def command(self, sentence: str) -> Frames:
        """A command that is complete in itself ("back one step"), of which the reader is certain; else
        nothing.
        """
        read = self._read(sentence) if len(sentence) <= LONGEST else ()
        complete = len(read) == 1 and read[0].act in _COMPLETE and read[0].confidence >= SURE
        return read if complete else ()

    def _read(self, sentence: str) -> Frames:
        return self._reader.parse(sentence) if self._reader.is_there else _NOTHING

    def readings(self, sentence: str) -> tuple[Frames, Frames]:
        """The frames of one sentence, and those of a reading that is as good; mostly there is none."""
        first, second = self._readings(sentence)
        return cautious(first, sentence), cautious(second, sentence) if second else ()

    def _readings(self, sentence: str) -> tuple[Frames, Frames]:
        if len(sentence) > LONGEST:
            return (Frame("ask", say=LONG),), ()
        read, is_there = self._read(sentence), self._second.is_there
        odd = _is_odd(read, sentence)
        if read[0].confidence >= CERTAIN and not odd:
            return _with_answer(read, sentence), ()
        other = self._second.parse(sentence) if is_there else _NOTHING
        if odd and not _is_odd(other, sentence) and (_drops(read) or other[0].confidence >= LIKELY):
            return _with_answer(other, sentence), ()
        if odd and _drops(read) and not _agree(read, other):
            return _NOTHING, ()
        chosen = choose(read, other)
        close = chosen[0].confidence < CLOSE and other[0].confidence > 0 and any(map(_acts, chosen))
        losing = other if _same(chosen, read) else read
        return _with_answer(chosen, sentence), losing if close and not _same(chosen, losing) else ()


def choose(read: Frames, other: Frames) -> Frames:
    """The surer of the network's and the language model's reading of a sentence, or a question. What both say
    is surer than either.
    """
    if read[0].confidence >= WISHED and _acts(read[0]) and other[0].act == "talk":
        other = _with_confidence(other, 0.0)
    if other[0].confidence and not any(map(takes, other)):
        other = _with_confidence(other, min(1.0, other[0].confidence + EDGE))
    first, second = (other, read) if other[0].confidence > read[0].confidence else (read, other)
    sure, less = first[0].confidence, second[0].confidence
    both = 1 - (1 - sure) * (1 - less)
    if _same(first, second):
        first, sure = _with_confidence(first, both), both
    elif _names_it(second, first):
        first = _with_confidence(second, sure)  # "it must be white, the vase"
    if not any(map(takes, first)):
        return first
    goes = any(map(_goes, first))
    if _agree(first, second):
        return first if both >= (SURE_TO_RETURN if goes else AGREED) else (Frame("ask", confidence=sure),)
    if sure >= (SURE_TO_RETURN if goes else SURE_TO_TAKE):
        return first
    if any(map(takes, second)) or less < LIKELY:
        return (Frame("ask", confidence=sure),)
    return second


def _goes(frame: Frame) -> bool:
    """Whether a frame goes to another version and does not say which."""
    named = frame.target or (frame.act == "goto" and (frame.number or frame.name))
    return frame.act in ("undo", "redo", "goto", "hide", "drop", "back") and not named


_COPIES = re.compile(
    r"\b(?:too|also|same|as well|likewise|match\w*|that|those|this|these|like|and|again|back|others?|it|them"
    r"|both|all|ones?|more|so|similar|either|instead|rest|there|was|were|had|before)\b|[&+]",
    re.IGNORECASE,
)
""" "The rug too": what it is to look like was said before."""


_OF_A_FILE = re.compile(r"\b(?:pictures?|photos?|images?|versions?|files?)\b", re.IGNORECASE)


def is_far_fetched(lines: Sequence[Line], sentence: str) -> bool:
    """Whether full lines hold what their sentence does not ask for: a mask or an order of which no word is
    said, a file that is none ("save the plant"), or a look that nothing in it refers to.
    """
    for line in lines:
        rare = _RARE.get(line.act)
        if rare is not None and not rare.search(sentence):
            return True
        if line.act in ("save", "open"):  # a sentence with a file is not asked about
            thing = is_thing(sentence.lower().split()[-1].strip(".!?")) and not _OF_A_FILE.search(sentence)
            return thing or line.field(0) not in ("", *WORDS["file"])
        looks = line.act in ("restyle", "replace") and line.field(1)
        said = Line(line.act, ("", line.field(1)))
        if looks and strange_words(said, sentence) and not _COPIES.search(sentence):
            return True
    return False


def _is_odd(frames: Frames, sentence: str) -> bool:
    """Whether a reading is of a sort that a reader may be sure of and wrong."""
    if (rare := _RARE.get(frames[0].act)) is not None:
        return not rare.search(sentence)
    if len(frames) == 1 and takes(frames[0]) and _KEEPING.search(sentence):
        return True
    return _drops(frames) and _RETURNING.search(sentence) is not None


def _drops(frames: Frames) -> bool:
    """Whether all that is asked for is that a thing goes."""
    hides = frames[0].act in ("hide", "drop") and frames[0].prompt != REVERT
    return len(frames) == 1 and (hides or frames[0].kind == "remove")


def _acts(frame: Frame) -> bool:
    return frame.act not in ("ask", "talk", "keep")


def _agree(one: Frames, other: Frames) -> bool:
    """Whether the second takes what the first takes, of the same thing."""
    taken = {frame.act for frame in one if takes(frame)}
    named = _words(one)
    return taken <= {frame.act for frame in other if takes(frame)} and (
        not named or bool(named & _words(other))
    )


def _names_it(one: Frames, other: Frames) -> bool:
    """Whether the first says the same as the second, and of what."""
    if len(one) != len(other) or [frame.reference for frame in other] != ["it"]:
        return False
    return bool(one[0].target) and _same((replace(other[0], target=one[0].target, reference=""),), one)


def _words(frames: Sequence[Frame]) -> set[str]:
    return {word for frame in frames for word in frame.target.lower().split()} - {"the"}


def _same(one: Frames, other: Frames) -> bool:
    return _with_confidence(one, 1.0) == _with_confidence(other, 1.0)


def _with_confidence(frames: Frames, confidence: float) -> Frames:
    return tuple(replace(frame, confidence=confidence) for frame in frames)


def _with_answer(frames: Frames, sentence: str) -> Frames:
    """Plain talk with what there is to say to it."""
    if [frame.act for frame in frames] != ["talk"] or frames[0].say or frames[0].prompt:
        return frames
    return (replace(frames[0], say=answer(sentence)),)
