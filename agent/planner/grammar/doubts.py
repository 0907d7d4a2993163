"""How much the grammar's reading of a sentence is to be doubted."""

from __future__ import annotations

from collections.abc import Sequence

from agent.planner.frames import Frame
from agent.planner.grammar.openings import opened_clause
from agent.planner.resolve.layers import stem
from tools.language import lexicon as lx
from tools.language.chunking import DETERMINERS, is_look, is_thing
from tools.language.tokens import Tokens, is_joined, is_known

_LINKS = lx.word_set("of with in on and the a to no by made covered at for from full bit")
_FUNCTION = (
    _LINKS | DETERMINERS | lx.LOCATIVES | lx.DEGREES | lx.DIRECTIONS | lx.LOOK_NOUNS | lx.PLACES
    | lx.EVALUATIVE | lx.NUMBERS.keys() | lx.ORDINALS.keys() | lx.word_set("one ones everything")
)  # fmt: skip
_VERBS = lx.LOCATIVES | lx.word_set("on off out") | lx.PAST.keys() | lx.POLITE | lx.LOOK_NOUNS
_VERBS |= lx.MAKE | lx.REPLACE | lx.REMOVE | lx.ADD


def doubts(frames: Sequence[Frame], tokens: Tokens) -> int:
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


def _is_order(tokens: Tokens) -> bool:
    """Whether a sentence begins with a verb of changing, politeness apart."""
    opened = opened_clause(tokens).tokens
    return bool(opened) and opened[0].low in _ORDERS


_ORDERS = (lx.MAKE | lx.REPLACE | lx.REMOVE | lx.ADD | lx.COLOUR_OF_VERB.keys()) - lx.word_set(
    "go have get do try"
)
