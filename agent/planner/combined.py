"""The built-in parser: the grammar, and for free wording a small trained tagger.

The grammar is the authority for commands (undo, go to, hide, variations, …): the tagger never takes anything
back. Where the grammar finds no wish, or one whose words are hardly a thing or a look ("a take dark blue
wall"), the tagger is asked; where both find a wish and they differ, the tagger's confidence is weighed
against the grammar's doubt.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pocket
from agent.planner.english import lexicon as lx
from agent.planner.english.grammar import Grammar
from agent.planner.english.joined import joined, parted
from agent.planner.english.looks import turned
from agent.planner.english.nouns import DETERMINERS, is_look, is_thing
from agent.planner.english.openings import opened_clause
from agent.planner.english.text import LONGEST, Tokens, is_joined, is_known, tokenise
from agent.planner.frames import Frame
from agent.planner.layers import stem

if TYPE_CHECKING:
    from agent.planner.tagger import Tagger
    from agent.planner.tagger.reading import Reading

Frames = tuple[Frame, ...]

_SHORT = 3
"""A sentence of fewer words is an answer or a command, and the grammar's."""
_CLEAR = 6
"""Shorter sentences of which the grammar has no doubt are not shown to the tagger."""


class Combined:
    """Grammar and tagger. ``folder`` holds the tagger's weights; where they are missing, the grammar reads
    alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._grammar = Grammar()
        self._folder = folder or pocket.weights("tagger")

    def parse(self, sentence: str) -> Frames:
        """The frames of one sentence; never empty."""
        frames = self._grammar.parse(sentence)
        if len(sentence) > LONGEST or not all(map(_is_open, frames)):
            return frames
        tokens = tokenise(sentence)
        if ("not", "too") in pairwise(token.low for token in tokens):
            return frames  # what is "not too yellow" is not to become yellow
        doubt = doubts(frames, tokens)
        if len(tokens) < (_SHORT if doubt else _CLEAR) or self._tagger is None:
            return frames
        return choose(frames, tokens, self._tagger(tokens), doubt)

    @cached_property
    def _tagger(self) -> Tagger | None:
        """Loaded at the first sentence that needs it; plain ones do not."""
        if not (self._folder / "model.safetensors").is_file():
            return None
        from agent.planner.tagger import Tagger

        return Tagger(self._folder)


def _is_open(frame: Frame) -> bool:
    """Whether the tagger may have another opinion: not about commands, nor about questions with a reason of
    their own.
    """
    return frame.act in ("edit", "talk", "keep", "move") or (frame.act == "ask" and not frame.say)


# --- who is believed ----------------------------------------------------------------------------------------

_ENOUGH = (0.9, 0.5, 0.4)
"""How sure the tagger must be to be believed against a wish that the grammar doubts not, a little, much."""
_ENOUGH_OF_ORDERS = (0.93, 0.8, 0.6)
"""The same for sentences that begin with a verb of changing: the grammar's home."""
_SURE = 0.93
_NO_WISH = 0.8
"""How sure it must be that a sentence holds no wish, or a vague one."""


def choose(frames: Frames, tokens: Tokens, reading: Reading, doubt: int) -> Frames:
    """The grammar's frames or the tagger's. ``doubt``: the grammar's, 0, 1 or 2."""
    if reading.sort == "other" or (frames[0].act == "ask" and any(token.low == "or" for token in tokens)):
        return frames  # "green or blue?" is for the user to say
    read = tuple(_meant(frame, tokens) for frame in reading.frames) if reading.sort == "edit" else ()
    if read != reading.frames and reading.sort == "edit":
        reading = replace(reading, frames=read)
    takes = any(frame.kind == "remove" for frame in read)
    if takes and not any(token.low in _TAKING for token in tokens):
        return frames
    acts = {frame.act for frame in frames}
    if "edit" in acts:
        return _against_wish(frames, tokens, reading, doubt)
    if read:
        answered = any(frame.say for frame in frames)
        return read if reading.confidence >= (0.8 if answered or takes else 0.5) else frames
    quiet = "ask" if reading.sort == "vague" else "talk"
    asked = tokens[0].low in _QUESTIONS or (tokens[-1].low == "?" and any(frame.say for frame in frames))
    if reading.sort == "edit" or asked:
        return frames
    # "now the chair" is no talk: it goes on with what was done before
    referring = any(frame.reference or (frame.act == "ask" and frame.target) for frame in frames)
    if acts <= {"ask", "talk", "keep"} and acts != {quiet} and not referring and reading.certain >= _NO_WISH:
        return _without_wish(reading)
    return frames


_QUESTIONS = lx.words("what which who whose where when why how do does is are was were can")
_TAKING = lx.REMOVE | lx.words("""
    go goes gone going went out off away rid without no less bye goodbye farewell adios disappear disappears
    disappeared vanish vanishes vanished begone free spare lost loses history toast packing down
""")
"""Words without one of which nothing is removed."""


def _against_wish(frames: Frames, tokens: Tokens, reading: Reading, doubt: int) -> Frames:
    """Where the grammar has found a wish."""
    order = _is_order(tokens)
    if reading.sort != "edit" or not reading.frames:
        unsure = doubt == 2 and not order and reading.sort != "edit"
        return _without_wish(reading) if unsure and reading.certain >= _NO_WISH else frames
    read = reading.frames
    if not any(frame.target for frame in read):
        return frames  # what stands for itself ("a dark green one") hangs on the sentences before
    if _gist(read) == _gist(frames) or (doubt < 2 and _same_words(read, frames)):
        return frames
    inferred = doubt < 2 and any(_is_inferred(frame, tokens) for frame in frames)
    if inferred or _drops(frames, tokens, reading, doubt):
        return frames
    # what hangs on the sentences before ("no, …", "the same") is better left to the grammar
    tied = any(f.correction or f.like or f.also or (doubt == 0 and f.reference) for f in frames)
    if _loses_colours(frames, read):
        return frames
    enough = _SURE if tied else (_ENOUGH_OF_ORDERS if order else _ENOUGH)[doubt]
    return read if reading.confidence >= enough else frames


def _meant(frame: Frame, tokens: Tokens) -> Frame:
    """A wish of the tagger, with "too yellow" taken for what it is: less yellow."""
    first = frame.prompt.lower().split()[:1]
    for before, token in pairwise(tokens):
        if before.low == "too" and [token.low] == first and frame.kind == "restyle":
            return replace(frame, prompt=turned(f"too {frame.prompt.lower()}", f"too {frame.prompt}"))
    return frame


def _loses_colours(frames: Frames, read: Frames) -> bool:
    """Whether the tagger, which goes word by word, takes a colour or a step apart: "a bit | lighter"."""
    theirs = " ".join(frame.prompt for frame in read).lower()
    wanted = (word for frame in frames for word in joined(frame.prompt.lower()).split())
    return any(parted(word) not in theirs for word in wanted if "_" in word)


def _without_wish(reading: Reading) -> Frames:
    if reading.sort == "vague":
        return tuple(frame for frame in reading.frames if frame.act == "ask") or (Frame("ask"),)
    return (Frame("talk"),)


def _is_order(tokens: Tokens) -> bool:
    """Whether a sentence begins with a verb of changing, politeness apart."""
    opened = opened_clause(tokens).tokens
    return bool(opened) and opened[0].low in _ORDERS


_ORDERS = (lx.MAKE | lx.REPLACE | lx.REMOVE | lx.ADD | lx.COLOUR_OF_VERB.keys()) - lx.words(
    "go have get do try"
)


def _is_inferred(frame: Frame, tokens: Tokens) -> bool:
    """Whether the grammar says more than the words do: "too dark" became "lighter"."""
    said = {_plain(token.low) for token in tokens}
    words = frame.prompt.lower().split() if frame.kind == "restyle" else ()
    return any(is_look(word) and _plain(word) not in said for word in words)


def _drops(frames: Frames, tokens: Tokens, reading: Reading, doubt: int) -> bool:
    """Whether the tagger leaves out what the grammar takes for part of a look or a new thing: a word before
    a look that it has found ("pleated | silk"), or in an order any look.
    """
    taken = {word for frame in frames for word in frame.prompt.lower().split()}
    taken -= DETERMINERS | lx.DEGREES | lx.EVALUATIVE | _LINKS
    order = _is_order(tokens)
    for token, own, then in zip(tokens, reading.labels, (*reading.labels[1:], "O"), strict=True):
        if own == "O" and token.low == "everything":
            return True
        if own == "O" and token.low in taken:
            if doubt == 0 and then in "LNA":
                return True
            if order and then == "O" and is_look(token.low):
                return True
    return False


# --- the grammar's doubt ------------------------------------------------------------------------------------

_LINKS = lx.words("of with in on and the a to no by made covered at for from full bit")
_FUNCTION = (
    _LINKS | DETERMINERS | lx.LOCATIVES | lx.DEGREES | lx.DIRECTIONS | lx.LOOK_NOUNS | lx.PLACES
    | lx.EVALUATIVE | lx.NUMBERS.keys() | lx.ORDINALS.keys() | lx.words("one ones everything")
)  # fmt: skip
_VERBS = lx.LOCATIVES | lx.words("on off out") | lx.PAST.keys() | lx.POLITE | lx.LOOK_NOUNS
_VERBS |= lx.MAKE | lx.REPLACE | lx.REMOVE | lx.ADD


def doubts(frames: Frames, tokens: Tokens) -> int:
    """How much the grammar's wishes are to be doubted: 2 where words are in them that are known and neither a
    thing nor a look, 1 where things or looks of the sentence are not in them, else 0.
    """
    used: set[str] = set()
    for frame in frames:
        if frame.act == "edit":
            words = f"{frame.target} {frame.prompt} {frame.like}".lower().split()
            used.update(words)
            # what follows an article is somebody's thing, whatever it may mean elsewhere ("the words on it")
            odd = [
                w for i, w in enumerate(words) if (not i or words[i - 1] not in DETERMINERS) and _is_odd(w)
            ]
            if odd and not (len(odd) == 1 and frame.kind != "restyle" and _is_order(tokens)):
                return 2  # but "add fog" may name anything
    mentioned = {_plain(token.low) for token in tokens if is_thing(token.low) or is_look(token.low)}
    return 1 if mentioned - {_plain(word) for word in used} - _VERBS else 0


def _is_odd(word: str) -> bool:
    """Whether a word of a wish is one that the planner knows from elsewhere."""
    if is_thing(word) or is_thing(stem(word)) or is_look(word) or word in _FUNCTION or is_joined(word):
        return False
    if word.endswith(("ed", "ish")) and word not in lx.PAST:
        return False  # "pleated", "carpeted"
    return is_known(word)


def _plain(word: str) -> str:
    return stem(lx.COMPARATIVES.get(word, word))


# --- comparing two readings ---------------------------------------------------------------------------------


def _gist(frames: Frames) -> list[tuple[object, ...]]:
    """Frames by their content words; of a place, the place word counts as well."""
    return [
        (
            f.act,
            f.kind,
            f.reference,
            f.target.split()[:1] if f.kind == "add" else [],
            _content(f.target),
            _content(f.prompt),
        )
        for f in frames
    ]


def _same_words(one: Frames, other: Frames) -> bool:
    """Whether two readings differ in nothing but the kind of wish: there the grammar knows its verbs."""
    whole = all(frame.target and frame.prompt for frame in other)
    words = [[_content(f"{frame.target} {frame.prompt}") for frame in frames] for frames in (one, other)]
    return whole and words[0] == words[1] and [f.kind for f in one] != [f.kind for f in other]


def _content(text: str) -> frozenset[str]:
    neutral = DETERMINERS | lx.EVALUATIVE | lx.LOCATIVES | _LINKS | {"off"}
    return frozenset(stem(word) for word in text.lower().split() if word not in neutral)
