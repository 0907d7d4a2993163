"""What a conversation speaks of: which things, which sets of things, and what each of them was.

Plain data and pure functions over words. "The middle one" is the middle cushion where cushions were spoken
of last, "the second of those three" the table where the sofa, the table and the walls were. Which pixels
that is, only whoever sees the picture knows (``agent.turn.locate``); here words become fuller words.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.planner.context import Context, LayerView, Spoken
from agent.planner.resolve.layers import object_of, stem
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing
from tools.language.looks import read_look
from tools.language.noun_phrases import is_plural, parse
from tools.language.object_sizes import SYNONYMS
from tools.language.referring import plural
from tools.language.tokens import is_known, tokenise

WHICH = (
    frozenset(lx.ORDINALS)
    | (lx.DIRECTIONS - {"other"})
    | {"last", "leftmost", "rightmost", "topmost", "outer", "inner", "left-hand", "right-hand", "middlemost"}
)
"""Words that tell one thing from others of its kind by its place."""
_SIZED = frozenset(("big", "bigger", "biggest", "large", "larger", "largest", "small", "smaller", "smallest",
                    "tall", "taller", "tallest", "short", "shorter", "shortest"))  # fmt: skip
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_POINTING = frozenset(
    [
        "the",
        "my",
        "our",
        "your",
        "his",
        "her",
        "their",
        "this",
        "that",
        "these",
        "those",
        "both",
        "all",
        "every",
        "each",
        "a",
        "an",
        "its",
    ]
)
_NO_THINGS = frozenset((
    "thing", "stuff", "colour", "color", "image", "photo", "room", "version", "layer", "change", "side",
    "edge", "mask", "corner", "half", "part", "back", "top", "arm", "everything", "scene", "shade", "front",
    "name", "place", "number", "light", "home", "house", "file", "bit", "touch", "look", "wood",
))  # fmt: skip
"""Nouns that name nothing that stands in a room, or that are said of the picture itself."""
SURFACES = frozenset(("wall", "floor", "ceiling", "ground", "wallpaper", "background"))
REMEMBERED = 5
"""How many turns back a set of things is still meant by "the left one"."""


@dataclass(frozen=True)
class Named:
    """A thing that a text names: its words there, where they stand, its kind ("cushion"), whether it is
    several, and whether it is told from others of its kind by a place, a look or a number.
    """

    words: str
    start: int
    end: int
    kind: str
    several: bool
    told: bool
    noun: str = ""
    """What it is called there, of one: "stable door"."""

    @property
    def is_one_of_several(self) -> bool:
        """Whether there are, as far as the words go, several of that kind."""
        return self.several or self.told


_WORD = re.compile(r"[^\W\d_][\w'’-]*|\d+")


def kind_of(noun: str) -> str:
    """A noun's kind: "cushion" for "pillows"."""
    single = stem(noun)
    return SYNONYMS.get(single, single)


def is_member(word: str) -> bool:
    """Whether a word may tell one thing from others: a place, a look or a size."""
    low = word.lower()
    return low in WHICH or low in _SIZED or (is_look(low) and low not in ("all", "both"))


@lru_cache(maxsize=2048)
def things_in(text: str) -> tuple[Named, ...]:
    """The things that a text names, in its order."""
    tokens = list(_WORD.finditer(text))
    lows = [_spelt(token.group().lower().rstrip("'’")) for token in tokens]
    found = []
    for at, low in enumerate(lows):
        if not _is_noun(low) or (at + 1 < len(lows) and _is_noun(lows[at + 1]) and _joins(text, tokens, at)):
            continue
        start = at
        compound = start > 0 and _is_noun(lows[start - 1]) and _joins(text, tokens, start - 1)
        start -= 1 if compound else 0
        noun_at = start
        while start and _joins(text, tokens, start - 1) and _tells(lows[start - 1]):
            start -= 1
        told = any(is_member(word) or word in ("other", "remaining") for word in lows[start:noun_at])
        counted = any(word in _COUNTS for word in lows[start:noun_at])
        while start and _joins(text, tokens, start - 1) and lows[start - 1] in _POINTING:
            counted = counted or lows[start - 1] in ("both", "every", "each")
            start -= 1
        if _is_the_picture(lows, start, at):
            continue
        told = told or _PLACED.match(text, tokens[at].end()) is not None
        several = is_plural((low,)) or counted
        words = text[tokens[start].start() : tokens[at].end()]
        found.append(
            Named(
                words,
                tokens[start].start(),
                tokens[at].end(),
                kind_of(low),
                several,
                told or counted,
                single(lows[noun_at : at + 1]),
            )
        )
    return tuple(found)


def single(noun: Sequence[str]) -> str:
    """A noun of one or more words, of one thing: "stable door" of "stable doors"."""
    before = itertools.dropwhile(lambda word: _tells(word) or word in _POINTING, noun[:-1])
    return " ".join((*before, stem(noun[-1]))) if noun else ""


_PLACED = re.compile(
    r" (?:on|in|at|to) the (?:far )?(?:left|right|middle|cent(?:re|er)|front|back|top|bottom)\b",
    re.IGNORECASE,
)


def _spelt(low: str) -> str:
    """A word with a slip put right."""
    if len(low) < 5 or is_known(low):
        return low
    tokens = tokenise(low)
    return tokens[0].low if len(tokens) == 1 else low


def _is_noun(low: str) -> bool:
    if low.endswith(("'s", "’s")):
        return False
    return is_thing(low) and stem(low) not in _NO_THINGS and not (is_look(low) and not low.endswith("s"))


def _tells(low: str) -> bool:
    return is_member(low) or low in ("other", "remaining", "same", "whole") or low in _COUNTS


def _joins(text: str, tokens: Sequence[re.Match[str]], at: int) -> bool:
    """Whether nothing but a space stands between a word and the next."""
    return text[tokens[at].end() : tokens[at + 1].start()].isspace()


def _is_the_picture(lows: Sequence[str], start: int, at: int) -> bool:
    """ "what is there in this picture": the picture that is edited, and none on the wall."""
    if lows[at] != "picture" or any(is_member(word) for word in lows[start:at]):
        return False
    return "this" in lows[start:at] or "whole" in lows[start:at] or lows[max(0, start - 1)] in ("in", "of")


_LEAVING = re.compile(r"\b(?:leave|keep|stays?|don[’']?t|do not|never)\b", re.IGNORECASE)
""" "Do not touch the window": of that nothing more is going to be said."""


@dataclass(frozen=True)
class Discourse:
    """What was spoken of: for each of the latest sentences that spoke of things, these, the newest first;
    and the layers of the session.
    """

    turns: tuple[tuple[Named, ...], ...]
    layers: tuple[LayerView, ...]


def discourse_of(context: Context) -> Discourse:
    """What a conversation spoke of."""
    turns = filter(None, map(_named_in, reversed(context.spoken)))
    return Discourse(tuple(itertools.islice(turns, REMEMBERED)), context.layers)


def named_by(phrase: str) -> Named | None:
    """The thing that a whole phrase is about."""
    noun = parse(phrase).noun
    if not noun:
        return None
    things = things_in(phrase)
    first = things[0] if things else None
    several = is_plural(noun) or (first is not None and first.several)
    placed = first is not None and first.end < len(phrase) and parse(phrase).tail != ()
    kind = first.kind if first is not None else kind_of(noun[-1])
    lows = [word.lower() for word in noun]
    name = first.noun if first is not None and ("but" in lows or len(lows) > 3) else single(lows)
    told = placed or (first is not None and first.told)
    return Named(phrase, 0, len(phrase), kind, several, told, name)


def last_named(context: Context) -> tuple[Named, ...]:
    """The things that the newest sentence about things spoke of; none where a version was gone to since."""
    for said in reversed(context.spoken[-REMEMBERED:]):
        if said.moved and context.focus:
            return ()
        found = _named_in(said)
        if found:
            return found
    return ()


@lru_cache(maxsize=256)
def _named_in(said: Spoken) -> tuple[Named, ...]:
    if said.phrases:
        return tuple(named for phrase in said.phrases if (named := named_by(phrase)) is not None)
    if _LEAVING.search(said.sentence):
        return ()
    text = _FILES.sub("", said.sentence)
    things = things_in(text)
    return tuple(each for at, each in enumerate(things) if not _is_a_place(text, each, first=at == 0))


_PLACING = re.compile(
    r"\b(?:on(?:to)?|in(?:to)?|to|by|near|next to|beside|behind|under|above|below|over|in front of|between"
    r"|against|from)\s+$",
    re.IGNORECASE,
)
_STANDING_FOR = re.compile(r"\b(?:it|him|her|them|that|this|these|those|ones?|both)\b", re.IGNORECASE)


def _is_a_place(text: str, named: Named, *, first: bool) -> bool:
    """Whether a thing only says where another one is: "move it to the rug" speaks of the cat."""
    before = text[: named.start]
    return bool(_PLACING.search(before)) and (not first or bool(_STANDING_FOR.search(before)))


_FILES = re.compile(r"\S*/\S*|\S+\.(?:png|jpe?g|webp|tiff?|bmp|ora)\b", re.IGNORECASE)
"""The folder of a file is no thing of the room."""


def has_look(layer: LayerView, words: Sequence[str]) -> bool:
    """Whether a layer's thing has now, or is called by, all of some looks."""
    said = {stem(word) for word in f"{layer.target} {layer.prompt}".lower().split()}
    return bool(words) and {stem(word.lower()) for word in words} <= said


def nouns_meant(
    discourse: Discourse, before: Sequence[Named], looks: Sequence[str], *, places: bool
) -> list[str]:
    """The kinds that "the left one", "the red one" may be of, the likeliest first; more than one only where
    they are equally near. ``before``: the things named before in the sentence; ``looks``: the looks that tell
    it; ``places``: whether a place tells it.
    """
    for named in reversed(before):
        if named.is_one_of_several:
            return [named.kind]
    recent = discourse.turns[:REMEMBERED]
    if looks:
        for turn in recent[:3]:
            of_look = [
                named.kind
                for named in turn
                if any(
                    layer.kind != "remove"
                    and kind_in(object_of(layer)) == named.kind
                    and has_look(layer, looks)
                    for layer in discourse.layers
                )
            ]
            if of_look:
                return _distinct(of_look)
    for turn in recent:
        fitting = [named for named in turn if named.is_one_of_several and named.kind not in SURFACES]
        if fitting:
            return _distinct([named.kind for named in fitting])
    if before and not places:
        return [before[-1].kind]
    for turn in recent[:2]:
        kinds = _distinct([named.kind for named in turn if named.kind not in SURFACES])
        if kinds:
            return kinds if len(kinds) == 1 else []
    return []


def called(discourse: Discourse, kind: str) -> str:
    """What a thing of a kind was called last: "couch" of the sofas."""
    names = (named.noun for turn in discourse.turns for named in reversed(turn) if named.kind == kind)
    return next(filter(None, names), kind)


def kind_in(phrase: str) -> str:
    """The kind of the thing that a phrase names; empty for none."""
    named = named_by(phrase)
    return named.kind if named else ""


def _distinct(kinds: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(kinds))


def set_of(discourse: Discourse, count: int | None = None) -> tuple[Named, ...]:
    """The things that the newest sentence about several spoke of ("the sofa, the table and the walls"), of a
    ``count`` if it is given; none where the newest sets are one kind.
    """
    for turn in discourse.turns[:REMEMBERED]:
        if len(turn) > 1 and (count is None or len(turn) == count):
            return turn
        if count is None and any(named.is_one_of_several and named.kind not in SURFACES for named in turn):
            return ()
    return ()


def last_member(discourse: Discourse, kind: str = "") -> str:
    """The single thing spoken of last, of a kind if one is given; empty for none."""
    for turn in discourse.turns[:REMEMBERED]:
        for named in reversed(turn):
            if not named.several and kind in ("", named.kind):
                return named.words
    return ""


def last_members(discourse: Discourse, kind: str) -> list[str]:
    """The single things of a kind that the newest sentence about it spoke of."""
    for turn in discourse.turns[:REMEMBERED]:
        members = [named.words for named in turn if named.kind == kind and not named.several]
        if members or any(named.kind == kind for named in turn):
            return members
    return []


def the_rest(kind: str, members: Sequence[str]) -> str:
    """The things of a kind without some of them, as a target."""
    return f"all the {plural(kind)} but {' and '.join(members)}"


def colour_words(layer: LayerView) -> str:
    """The colour of a layer's thing, in the words of its prompt; empty where these name none."""
    look = read_look(layer.prompt, layer.target)
    if look.like:
        return f"the colour of {look.like}"
    return " ".join(w for each in parse(layer.prompt).looks if each.sort == "colour" for w in each.words)


def earlier_colours(layer: LayerView, context: Context) -> Iterator[str]:
    """The colours that a layer's thing had in earlier versions, the newest first, without its present one."""
    before = colour_words(layer) if layer.visible and layer.kind != "remove" else ""
    for number in context.way:
        for view in context.history[number].layers:
            if view.id == layer.id and view.visible and view.kind in ("restyle", "replace"):
                if (now := colour_words(view)) and now != before:
                    yield now
                before = colour_words(view)


def is_colour(words: str, name: str) -> bool:
    """Whether a colour is one of those called by a name: emerald is a green."""
    if name in words.split():
        return True
    one, other = read_look(words).value, read_look(name).value
    if one is None or other is None:
        return False
    grey = max(math.hypot(*one[1:]), math.hypot(*other[1:])) < GREY
    return math.hypot(one[1] - other[1], one[2] - other[2]) < 0.12 and not (
        grey and abs(one[0] - other[0]) > 0.15  # black, grey and white differ in lightness alone
    )


GREY = 0.04
"""Colours of less chroma (Oklab) are greys."""
