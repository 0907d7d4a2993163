"""Elliptical sentences made full: "the left one darker, the right one lighter" after the armchairs.

A sentence is read together with what was spoken of before (``discourse``) and comes out as sentences or
frames that need no memory, and the things that they are to leave out. Pure functions over words; a sentence
that lacks nothing comes out as it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.planner.context import Context, LayerView
from agent.planner.frames import REVERT, Frame
from agent.planner.reader.mending import mended
from agent.planner.resolve.discourse import (
    SURFACES,
    Discourse,
    Named,
    called,
    colour_words,
    discourse_of,
    earlier_colours,
    has_look,
    is_colour,
    is_member,
    kind_in,
    last_member,
    last_members,
    named_by,
    nouns_meant,
    set_of,
    the_rest,
    things_in,
)
from agent.planner.resolve.exceptions import cut_out
from agent.planner.resolve.layers import focused_layers, layers_about, object_of, set_with, stem, was_so
from tools.language.chunking import is_look
from tools.language.colours import value_of
from tools.language.looks import read_look
from tools.language.noun_phrases import is_plural, parse
from tools.language.referring import plural


@dataclass(frozen=True)
class Fuller:
    """A sentence made full: sentences and frames that come to the same, what they leave out in full phrases,
    or a question where two readings are equally near.
    """

    parts: tuple[str | Frame, ...]
    spared: tuple[str, ...] = ()
    question: str = ""


@dataclass
class _Work:
    """A sentence while it is made full."""

    text: str
    talk: Discourse
    context: Context
    other: str = ""
    """The sentence in another reading that is as near."""
    frames: list[Frame] = field(default_factory=list)


_VERSIONS = re.compile(
    r"\b(?:versions?|saved?|go|goto|take me|compare|undo|redo|call|name|variations?|options?|layers?"
    r"|pick|choose|suggestions?)\b",
    re.IGNORECASE,
)
_GOING = re.compile(
    r"\b(?:versions?|variations?|options?|compare|pick|choose|goto|go (?:back )?to|take me)\b"
    r"|^(?:(?:and|ok(?:ay)?|no|now)[ ,]+)*back to\b",
    re.IGNORECASE,
)
"""Where one of these is said, "the cool one" may be a version, too."""
"""Where one of these is said, "the second one" may be a version or a variation."""


def filled(sentence: str, context: Context) -> Fuller:
    """A sentence with the nouns, things and colours that it leaves to the conversation: one part, or a
    question.
    """
    work = _Work(sentence.strip(), discourse_of(context), context)
    names_version = any(
        re.search(rf"\b{re.escape(name)} one\b", work.text, re.IGNORECASE) for name, _ in context.marks
    )
    asked_which = context.doubted is not None or (context.question or "").startswith(
        ("Do you mean", "Which one")
    )
    if names_version or asked_which:
        return Fuller((sentence,))
    for step in (
        _clean, _those_that, _fronted, _ordinals, _sets, _rest_of_them, _ones, _that_one, _relations, _colours
    ):  # fmt: skip
        step(work)
    if work.other:
        question = f"Do you mean “{work.text.rstrip('.!?')}” or “{work.other.rstrip('.!?')}”?"
        return Fuller((), question=question)
    return Fuller((work.text,))


def restored(sentence: str, context: Context) -> Fuller | None:
    """What a full sentence comes to that puts things back as they were; None for any other."""
    text, spared = cut_out(sentence)
    frames = _restored(_Work(text, discourse_of(context), context))
    return Fuller(tuple(frames), spared) if frames else None


def read(sentence: str, context: Context) -> Fuller | None:
    """A full sentence that lists members of a set, leaves something out or says a look by reference; None for
    any other.
    """
    text, spared = cut_out(sentence)
    work = _Work(text, discourse_of(context), context)
    for whole in (_like_once, _listed, _swapped, _also):
        if frames := whole(work):
            kept = tuple(frame.target for frame in frames if frame.act == "keep")
            return Fuller(tuple(frame for frame in frames if frame.act != "keep"), (*spared, *kept))
    if not spared:
        return None
    if _FROM_START.fullmatch(text):
        return Fuller((Frame("goto", number=0),), spared)
    return Fuller((text,), spared)


_FROM_START = re.compile(
    r"(?:(?:ok(?:ay)?|so|and|now|please|well|then|no|actually)[ ,]+)*(?:(?:put|set|turn|make|take|i want"
    r"|leave|keep) )?(?:undo |reset |revert |hide |switch off |turn off )?(?:everything|all|it all|all of it"
    r"|the (?:whole )?(?:room|picture|rest))(?: else)?(?: back)?(?: (?:again )?(?:as|like|to|how)?(?: (?:it"
    r"|they|things)? ?(?:was|were))?(?: ?(?:normal|before|(?:at|in|from) (?:the |first)?(?:start|beginning)?"
    r"|the (?:start|original|beginning)|original|originally))?)?(?: again)?[.!]*",
    re.IGNORECASE,
)
""" "Everything as it was", of which something is left out."""


# ----- Words that stand for others whatever was said before -----

_CLEAN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:arm ?)?chairs with arms?\b", re.I), "armchairs"),
    (re.compile(r"\b(ones?) (?=(?:that one|it|those ones) (?:should|must|can|has|needs|stays?)\b)", re.I),
     r"\1, "),
    (re.compile(r"\bchair with arms?\b", re.I), "armchair"),
    (re.compile(r"\bthe one of (?:the )?(left|right|middle)\b", re.I), r"the \1 one"),
    (re.compile(r"\b(make|paint|turn|can|could|should|have|put) (?:him|her(?! \w+s?\b)|he"
                r"|she)\b", re.I), r"\1 it"),
    (re.compile(r"\b(?:all|the) [\w ]+?, (?:that is(?: to say)?|i\.?e\.?|meaning|namely) ((?:the|both|my)"
                r" [\w ]+?),", re.I), r"\1"),
    (re.compile(r"\b(colou?r|shade) from (?=(?:the|my|that)\b)", re.I), r"\1 of "),
    (re.compile(r"\bthe (?:very |exact |exactly )?same (?!colou?r\b|shade\b|look\b"
                r"|as\b)(?P<x>[\w-]+(?: [\w-]+)?)"
                r" as (?=the\b|my\b)", re.I), "the same colour as "),
)  # fmt: skip
_TOPIC = re.compile(
    r"(?P<open>(?:(?:and|now|then|also|ok(?:ay)?|so)[ ,]+)*)(?P<x>(?:the|my|both|those|all)\b[\w' -]*?),? "
    r"(?P<wish>(?:i want|i'd like|i would like|please make|make|paint|can you make|i'd love) )"
    r"(?:them|these|those)(?: both| all)?\b(?P<rest>.+)",
    re.IGNORECASE,
)


_BARE_SIDE = re.compile(
    r"(?P<open>(?:(?:and|now|then|also|ok(?:ay)?|so)[ ,]+)+)(?:the )?(?P<side>left|right|middle)(?: too|"
    r" also| as well)?[.!]*",
    re.IGNORECASE,
)
_LOOK_ONE = re.compile(r"(?:no,? )?(?:an? )?(?P<look>[\w -]+?) one(?:,? please)?[.!]*", re.IGNORECASE)
_NO_MORE = re.compile(
    r"(?:i |we )?(?:do not|don[’']t|no longer|doesn[’']t|does not) (?:want|like|need|fancy)s? (?:an?|the"
    r"|that|this|my) (?P<x>[\w' -]+?)(?: (?:any ?more|any longer|now))?[,;.] (?P<rest>(?:and |so |please "
    r")*(?:give|make|paint|turn) )it\b",
    re.IGNORECASE,
)
""" "I don't want a green sofa any more, make it blue": the sofa."""


_TO_MATCH = re.compile(r"\b(?P<x>[\w' -]+?),? to match(?: it| that)?(?=$|[,.;!])", re.IGNORECASE)
_APPOSED = re.compile(r", (?:that|the) (?P<which>[\w -]+?) one(?=,)", re.IGNORECASE)
_WHICH_IS = re.compile(
    r"\bwhich(?:ever)?(?: one| of (?:them|those|these))? is (?:the )?(?P<look>[\w-]+)(?: one)?,? "
    r"(?P<verb>(?:please )?(?:make|paint|turn|remove|take|give)) (?:it|that(?: one)?)\b",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:the (?:aforementioned|aforesaid|said|same)|those(?: same)?|these(?: same)?) (?P<noun>[\w-]+s)\b",
    re.IGNORECASE,
)


def _matching(work: _Work) -> None:
    """ "the armchairs to match": to match what was spoken of before."""
    found = _TO_MATCH.search(work.text)
    if found is None:
        return
    things = things_in(work.text[: found.end()])
    inside = [each for each in things if each.start >= found.start("x")]
    before = [each.words for each in things if each.end <= found.start("x")]
    newest = [each.words for each in work.talk.turns[0]][-1:] if work.talk.turns else []
    other = (before or newest)[-1] if before or newest else last_member(work.talk)
    if inside and other and kind_in(other) != inside[-1].kind:
        end = inside[-1].end
        work.text = f"{work.text[:end]} in the same colour as {_definite(other)}{work.text[found.end() :]}"


def _said_before(work: _Work) -> None:
    """ "the aforementioned cushions": those that were spoken of, and not all of them."""

    def those(found: re.Match[str]) -> str:
        kind = kind_in(f"the {found['noun']}")
        for turn in work.talk.turns[:REACH]:
            for named in turn:
                if named.kind == kind and named.several:
                    return named.words
        return f"the {found['noun']}"

    work.text = _SAID.sub(those, work.text)


def _clean(work: _Work) -> None:
    apposed = _APPOSED.search(work.text)
    if apposed is not None and all(map(is_member, apposed["which"].split())):
        before = work.text[: apposed.start()]
        named = [each for each in things_in(before) if each.end == len(before) and not each.told]
        if named and not named[0].several:  # "the armchair, the brown one,"
            before = f"{before[: named[0].start]}the {apposed['which']} {named[0].noun}"
        work.text = before + work.text[apposed.end() :]
    which = _WHICH_IS.search(work.text)
    if which is not None and is_member(which["look"]):
        work.text = (
            f"{work.text[: which.start()]}{which['verb']} the {which['look']} one{work.text[which.end() :]}"
        )
    _matching(work)
    _said_before(work)
    over = _NO_MORE.match(work.text)
    if over is not None and len(things := things_in(over["x"])) == 1 and things[0].end == len(over["x"]):
        noun = " ".join(word for word in over["x"].split() if not is_look(word.lower())) or over["x"]
        work.text = f"{over['rest']}the {noun}{work.text[over.end() :]}"
    for pattern, instead in _CLEAN:
        found = pattern.search(work.text)
        if found and "x" in found.groupdict() and not all(map(is_look, found["x"].lower().split())):
            continue
        work.text = pattern.sub(instead, work.text)
    new = [
        layer for layer in focused_layers(work.context) if layer.kind in ("add", "replace") and layer.visible
    ]
    if (
        (one := _LOOK_ONE.fullmatch(work.text))
        and new[-1:]
        and all(map(is_look, one["look"].lower().split()))
    ):
        work.text = f"make it {one['look']}"  # "a red one", of what was put there
    if side := _BARE_SIDE.fullmatch(work.text):
        work.text = f"{side['open']}the {side['side']} one too"  # "and the right"
    topic = _TOPIC.fullmatch(work.text)
    if topic is not None and len(things := things_in(topic["x"])) == 1 and things[0].end == len(topic["x"]):
        work.text = f"{topic['open']}{topic['wish']}{topic['x']}{topic['rest']}"


# ----- Things that are told by what they are or were -----

_THAT_WAS = re.compile(
    r"\b(?P<the>the|my) (?P<noun>[\w-]+) (?:that|which|who) (?:was|were|used to be|had been)(?: once)?"
    r" (?P<look>[\w-]+(?: [\w-]+)?)\b(?: (?:before|at first|originally|in the beginning))?",
    re.IGNORECASE,
)
_THAT_IS = re.compile(
    r"\bthe (?P<noun>[\w-]+) (?:what|that|which|who)(?:'?s| is| are) (?P<look>[\w-]+)"
    r"(?=$|[,.;!?]| (?:too|should|must|shall|can|could|may|will|in|to|into|a|and)\b)",
    re.IGNORECASE,
)
_WHICHEVER = re.compile(
    r"\b(?:whichever|the one|that one|the) of (?:the|those|these|my) (?:two |three |four )?(?P<noun>[\w-]+)"
    r"(?: (?:that|which))? (?:is|'s) (?:the )?(?P<which>[\w-]+)(?: one)?\b",
    re.IGNORECASE,
)
_EVERYTHING_SO = re.compile(
    r"\b(?:everything|anything|whatever|all(?: the things)?|all things)(?: that| which)?(?:'s| is| are)"
    r"(?: now)? (?:in |made of )?(?P<look>[\w-]+)\b",
    re.IGNORECASE,
)
_I_MEAN = re.compile(r"[,;.]? (?:i mean|i meant|that is),? (?P<x>(?:the|my) [\w' -]+)[.!]*$", re.IGNORECASE)


def _those_that(work: _Work) -> None:
    """ "the armchair that was brown", "everything that is velvet", "the picture that is red"."""

    def was(found: re.Match[str]) -> str:
        look, noun = _colour_in(found["look"]), found["noun"]
        if not look or not things_in(f"the {noun}"):
            return found[0]
        so = [
            layer
            for layer in work.context.layers
            if kind_in(layer.target) == kind_in(f"the {noun}") and _was(layer, look, work.context)
        ]
        rest = found["look"][len(look) :]
        return f"{so[0].target if len(so) == 1 else f'the {look} {noun}'}{rest}"

    def so_now(found: re.Match[str]) -> str:
        if not is_look(found["look"].lower()):
            return found[0]
        layers = [
            layer
            for layer in work.context.layers
            if layer.visible and layer.kind != "remove" and has_look(layer, [found["look"]])
        ]
        return _listed_words([object_of(layer) for layer in layers]) if layers else found[0]

    meant = _I_MEAN.search(work.text)
    work.text = _THAT_WAS.sub(was, work.text)
    work.text = _THAT_IS.sub(
        lambda m: f"the {m['look']} {m['noun']}" if is_look(m["look"].lower()) else m[0], work.text
    )
    work.text = _WHICHEVER.sub(
        lambda m: f"the {m['which']} {stem(m['noun'])}" if is_member(m["which"]) else m[0], work.text
    )
    work.text = _EVERYTHING_SO.sub(so_now, work.text)
    if meant is not None and (end := _I_MEAN.search(work.text)) is not None:
        # "I'll have the brown one brown again, I mean the armchair": what is meant is said at the end
        before, named = work.text[: end.start()], end["x"].strip()
        one = _ONE.search(before)
        if one is not None:
            work.text = f"{before[: one.start()]}{named}{before[one.end() :]}"


def _was(layer: LayerView, look: str, context: Context) -> bool:
    """Whether a layer's thing had a look in the base picture or in an earlier version."""
    if was_so(layer, look):
        return True
    said = {stem(word) for word in look.lower().split()}
    return any(
        view.id == layer.id
        and view.prompt != layer.prompt
        and said <= {stem(w) for w in view.prompt.lower().split()}
        for version in context.history
        for view in version.layers
    )


def _colour_in(words: str) -> str:
    """The one look that words begin with: "brown" of "brown white", "light brown" of "light brown"."""
    first = words.split()[0]
    if value_of(first.lower()) is None and value_of(words.lower()) is not None:
        return words
    return first if is_look(first.lower()) else ""


def _listed_words(phrases: Sequence[str]) -> str:
    phrases = list(dict.fromkeys(phrases))
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


# ----- "the middle one", "all three", "the second of those" -----

_ONE = re.compile(
    r"\b(?:(?P<det>the|that|this|my|those|these) )?(?P<told>(?:(?:[\w'-]+|and|or) ){1,4}?)(?P<one>ones?)\b",
    re.IGNORECASE,
)
_ONE_THERE = re.compile(
    r"\bthe (?P<one>ones?)(?= (?:on|to|in|at|by|near|next to|above|under|behind|below|beside|between)\b"
    r"(?! the (?:way|file|list)))",
    re.IGNORECASE,
)
_OF_IT = re.compile(
    r"\b(?P<at>(?:left|right|front|side|top) of|next to|above|below|under|behind|beside|over) (?:it|that"
    r"|them)\b",
    re.IGNORECASE,
)


def _ones(work: _Work) -> None:
    """ "the middle one" with its noun; ``work.other`` where two nouns are equally near."""
    if work.context.variations and not things_in(work.text):
        return
    text, other, at = "", "", 0
    for found in _members(work):
        start, end, told, single = found
        named = things_in(work.text[:start])
        if _GOING.search(work.text) and not named:
            continue
        ordered = [word.lower() for word in told if word.lower() in _ORDER]
        if ordered and _VERSIONS.search(work.text):
            continue
        looks = [word for word in told if is_look(word.lower()) and word.lower() not in _PLACES]
        kinds = nouns_meant(work.talk, named, looks, places=len(looks) < len(told))
        if not kinds:
            continue
        names = [called(work.talk, kind) for kind in kinds]
        nouns = [name if single else plural(name) for name in names]
        piece = work.text[at:start]
        singles = [words for words in _singles(work.talk) if kind_in(words) == kinds[0]][::-1]
        if (
            ordered
            and told == ordered
            and not named
            and len(singles) > 1
            and (nth := _nth(ordered[0])) < len(singles)
        ):
            # of those that were spoken of one by one, the one that came first
            text, other, at = text + piece + singles[nth], other + piece + singles[nth], end
            continue
        text += piece + _with_noun(work.text[start:end], nouns[0])
        other += piece + _with_noun(work.text[start:end], nouns[-1])
        at = end
    if at:
        text, other = text + work.text[at:], other + work.text[at:]
        work.other = other if other != text else ""
        work.text = text


def _nth(word: str) -> int:
    return -1 if word == "last" else ("first", "second", "third", "fourth", "fifth").index(word)


_ORDER = frozenset(("first", "second", "third", "fourth", "fifth", "last"))
_PLACES = frozenset(("left", "right", "middle", "back", "front", "upper", "lower", "far"))


_NEW_THING = re.compile(
    r"\b(?:(?:into|for|with|to) (?:an? |some )?|an? |some )"
    r"(?P<looks>[\w'-]+(?:(?:,|,? and)? [\w'-]+)*?),? and $",
    re.IGNORECASE,
)
_BEFORE_ONE = frozenset(("and", "make", "paint", "turn", "but", "only", "now", "also", "then", "remove"))


def _members(work: _Work) -> list[tuple[int, int, list[str], bool]]:
    """Where "the … one" stands in a text: start, end, the words that tell it, and whether it is a single."""
    found: list[tuple[int, int, list[str], bool]] = []
    for match in _ONE_THERE.finditer(work.text):
        found.append((match.start(), match.end(), ["there"], match["one"].lower() == "one"))
    for match in re.finditer(r"\bones?\b", work.text, re.IGNORECASE):
        words = list(re.finditer(r"[\w'-]+", work.text[: match.start()]))
        told: list[str] = []
        start = match.start()
        while words and is_member(words[-1].group()) and work.text[words[-1].end() : start].isspace():
            told.insert(0, words[-1].group())
            start = words.pop().start()
        if not told:
            continue
        det = words[-1].group().lower() if words and work.text[words[-1].end() : start].isspace() else ""
        if det in ("the", "that", "this", "my", "those", "these"):
            start = words[-1].start()
        elif det and det not in _BEFORE_ONE:
            continue  # "a red one" is a new thing, "no left one" none
        elif det == "and" and _begins_new(work.text[:start]):
            continue  # "a blue and white striped one"
        found.append((start, match.end(), told, match.group().lower() == "one"))
    return sorted(found)


def _begins_new(text: str) -> bool:
    """Whether a text ends with the first looks of a thing that is new: "into a blue and"."""
    found = _NEW_THING.search(text)
    return found is not None and all(
        word == "and" or is_member(word) for word in re.findall(r"[\w'-]+", found["looks"].lower())
    )


def _with_noun(phrase: str, noun: str) -> str:
    words = re.sub(r"\bones?$", noun, phrase, flags=re.IGNORECASE)
    first = words.split()[0].lower()
    return words if first in ("the", "that", "this", "my", "those", "these") else f"the {words}"


_THAT_ONE = re.compile(r"\b(?:that|this) one\b(?! (?:is|was|has|had)\b)", re.IGNORECASE)


def _that_one(work: _Work) -> None:
    """ "I did like the yellow cushion. Could I have that one back?": that cushion."""
    found = _THAT_ONE.search(work.text)
    before = things_in(work.text[: found.start()]) if found else []
    members = [each for each in before if each.told and not each.several]
    if found is not None and len(members) == 1:
        phrase = _definite(members[0].words)
        work.text = f"{work.text[: found.start()]}{phrase}{work.text[found.end() :]}"


_FRONTED = re.compile(
    r"(?P<open>(?:(?:and|now|then|also|ok(?:ay)?|so)[ ,]+)*)(?P<x>(?:the|my)\b[\w' -]*?)"
    r"(?: too| also| as well)?, (?P<verb>make|paint|turn) (?:that|it)(?: one)? (?P<rest>.+)",
    re.IGNORECASE,
)


def _fronted(work: _Work) -> None:
    """ "the green chair too, make that red": make it red."""
    found = _FRONTED.fullmatch(work.text)
    if found is not None and len(things := things_in(found["x"])) == 1 and things[0].end == len(found["x"]):
        work.text = f"{found['open']}{found['verb']} {found['x']} {found['rest']}"


def _relations(work: _Work) -> None:
    """ "the cushion to the right of it": of which."""
    found = _OF_IT.search(work.text)
    if found is None:
        return
    before = things_in(work.text[: found.start()])
    kind = before[-1].kind if before else ""
    other = last_member(work.talk, kind) or last_member(work.talk)
    if before and other:
        work.text = f"{work.text[: found.start()]}{found['at']} {other}{work.text[found.end() :]}"


_COUNT = r"(?P<n>two|three|four|five)"
_ALL_N = re.compile(
    rf"\b(?:all(?: of)?(?: (?:the|those|these))?|the|those|these|of those|of these) {_COUNT}\b(?: of them)?"
    r"(?! (?:of|more|other|variations|versions|suggestions|options|steps|colou?rs|looks|side by side|next to)"
    r"\b)",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\b(?:both(?: of (?:them|those|these))?|them both)\b", re.IGNORECASE)


_TWO_ONES = re.compile(r"\b(?:two|both)(?: [\w-]+){0,2} ones\b", re.IGNORECASE)


def _sets(work: _Work) -> None:
    """ "all three", "those two", "both": the things of the set that was spoken of last."""

    def meant(found: re.Match[str], count: int) -> str:
        rest = work.text[found.end() :]
        if _has_noun(rest) or (found.start() and re.search(r"\bother $", work.text[: found.start()])):
            return found[0]
        named = [each for each in things_in(work.text[: found.start()]) if each.is_one_of_several]
        newest = work.talk.turns[:1]
        apart = newest and (len({n.kind for n in newest[0]}) > 1 or not any(n.several for n in newest[0]))
        if not named and newest and len(newest[0]) == count and apart:
            return _listed_words([each.words for each in newest[0]])
        kinds = nouns_meant(work.talk, named, (), places=True)
        turns = [turn for turn in newest if any(n.is_one_of_several for n in turn)]
        singles = len(_singles(work.talk)) >= count
        if kinds and (named or turns or not singles):
            several = plural(called(work.talk, kinds[0]))
            return f"both {several}" if count == 2 else f"all the {several}"
        if singles:
            return _listed_words(_singles(work.talk)[:count][::-1])
        return found[0]

    if work.context.variations:
        return
    work.text = _ALL_N.sub(lambda found: meant(found, _NUMBERS[found["n"].lower()]), work.text)
    both = _BOTH.search(work.text)
    newest = work.talk.turns[:1]
    if (
        both
        and newest
        and not _has_noun(work.text[both.end() :])
        and not things_in(work.text[: both.start()])
    ):
        only = newest[0]
        kinds = nouns_meant(work.talk, (), (), places=True)
        remark, _, wish = work.text[: both.start()].rpartition(". ")
        if _TWO_ONES.search(remark) and kinds:  # "two brown ones, that is boring. Make both of them grey"
            work.text = f"{wish}both {plural(kinds[0])}{work.text[both.end() :]}"
        elif (
            len(only) == 1
            and only[0].several
            and only[0].kind not in SURFACES
            and (work.context.question or not _follows_another(work.talk))
        ):
            work.text = f"{work.text[: both.start()]}both {plural(only[0].kind)}{work.text[both.end() :]}"


_IN_PAIRS = frozenset(
    (
        "armchair",
        "chair",
        "lamp",
        "nightstand",
        "table",
        "picture",
        "cushion",
        "pillow",
        "window",
        "door",
        "candlestick",
    )
)


def _follows_another(talk: Discourse) -> bool:
    """Whether the two latest sentences spoke of a thing each: "both" after the tiles and then the plates is
    the tiles and the plates; armchairs may be two by themselves.
    """
    if len(talk.turns) < 2 or len(talk.turns[1]) != 1:
        return False
    last, before = talk.turns[0][0], talk.turns[1][0]
    paired = last.kind in _IN_PAIRS or re.search(r"\b(?:both|two)\b", last.words)
    return before.kind != last.kind and not paired


REACH = 3
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}


def _singles(talk: Discourse) -> list[str]:
    """The single things of the latest sentences, the newest first."""
    found = [named.words for turn in talk.turns[:REACH] for named in reversed(turn) if not named.several]
    return list(dict.fromkeys(found))


def _has_noun(rest: str) -> bool:
    """Whether a noun phrase goes on: "all three | red cushions", "both | of the chairs"."""
    things = things_in(rest)
    return bool(things) and all(
        is_member(word) or word in ("the", "of", "those", "these", "my")
        for word in rest[: things[0].end].lower().split()[:-1]
    )


_NTH = re.compile(
    r"\b(?P<the>the )(?P<nth>first|second|third|fourth|last)(?P<of> (?:one )?(?:of|out of) (?:those|these"
    r"|them|the)(?: (?P<n>two|three|four|five))?)?(?: one)?(?=$|[,.;:!?]| (?:in|to|into|too|also|as well"
    r"|back|please|should|shall|must)\b)",
    re.IGNORECASE,
)


def _ordinals(work: _Work) -> None:
    """ "the first of those three": of the set of things that was spoken of last."""
    found = _NTH.search(work.text)
    if found is None or work.context.variations or _VERSIONS.search(work.text):
        return
    count = _NUMBERS.get((found["n"] or "").lower())
    last = found["nth"].lower() == "last"
    if last and not found["of"]:
        return
    there = set_of(work.talk, count)
    at = -1 if last else ("first", "second", "third", "fourth").index(found["nth"].lower())
    if there:
        if at >= len(there):
            return
        phrase = there[at].words
    else:
        kinds = nouns_meant(work.talk, things_in(work.text[: found.start()]), (), places=True)
        if not kinds or not any(n.several for turn in work.talk.turns[:REACH] for n in turn):
            return
        phrase = f"the {found['nth'].lower()} {called(work.talk, kinds[0])}"
    work.text = f"{work.text[: found.start()]}{phrase}{work.text[found.end() :]}"


_OTHERS = re.compile(
    r"\bthe (?:other|remaining) (?:two|three|four|ones)\b|\bthe others\b|\bthe rest of them\b", re.IGNORECASE
)


def _rest_of_them(work: _Work) -> None:
    """ "the other two": those of the kind that were not spoken of just before."""
    found = _OTHERS.search(work.text)
    if found is None or _has_noun(work.text[found.end() :]) or _ONE.search(work.text[: found.start()]):
        return  # those of this sentence come in ``_listed``
    named = [each for each in things_in(work.text[: found.start()]) if each.told and not each.several]
    if named:
        members = [each.words for each in named if each.kind == named[-1].kind]
        phrase = the_rest(named[-1].kind, [_definite(words) for words in members])
    else:
        kinds = nouns_meant(work.talk, (), (), places=True)
        members = last_members(work.talk, kinds[0]) if kinds else []
        if not members:
            return
        phrase = the_rest(kinds[0], [_definite(words) for words in members])
    work.text = f"{work.text[: found.start()]}{phrase}{work.text[found.end() :]}"


def _definite(words: str) -> str:
    first = words.split()[0].lower()
    if first == "the":
        return words
    return "the " + (words.split(" ", 1)[1] if first in ("my", "that", "this") else words)


# ----- The colour of another thing, now or once -----

_HAD = re.compile(
    r"(?P<in>\b(?:in|with|to|into|like) )?\b(?:the |that )?(?:same )?(?:colou?r|shade)(?: that| which)? "
    r"(?P<x>(?:the|my|that)\b[\w' -]*?) (?:used to (?:be|have)|(?:once |originally )?(?:had|was|were)(?: "
    r"in)?)(?: (?:before|at first|originally|earlier|once|in the beginning|at the start))?(?=$|[,.;!?]| "
    r"(?:and|but)\b)",
    re.IGNORECASE,
)
_REMOVED = re.compile(
    r"the (?P<noun>[\w-]+)(?: that| which)? (?:i|we|you) (?:have )?(?:just )?(?:removed|deleted|took (?:away"
    r"|out|down)|threw (?:out|away)|got rid of)",
    re.IGNORECASE,
)
_SAME_BUT = re.compile(
    r"(?:\b(?:in|to) )?\b(?:(?:the |that )?same (?P<colour>[\w-]+)|(?:that|the exact) (?P<that>colou?r|shade"
    r"|tone))(?: too| also| as well)?(?:,? (?:but|only|just|yet"
    r"|and))+ (?P<step>(?:(?:a"
    r" (?:lot|bit|little|shade|touch)|much|far|slightly|way|somewhat|a good deal) )?[\w-]+er)\b",
    re.IGNORECASE,
)


_ALIKE_BUT = re.compile(
    r"(?:,| in)? the (?:very )?same(?: colou?r| shade)?,? (?:but|only|just) (?P<step>"
    r"(?:(?:a (?:lot|bit|little|shade|touch)|much|far|slightly|way|somewhat) )?[\w-]+er)\b(?! than)",
    re.IGNORECASE,
)
_SAME_AS = re.compile(
    r"\bin (?:the|that) (?:very )?same (?P<colour>[\w-]+)(?=[.!]*$| (?:too|also|as well|please)\b)",
    re.IGNORECASE,
)


def _colours(work: _Work) -> None:
    """ "the colour that the rug used to have", "the same green but darker", in full."""
    work.text = _HAD.sub(lambda found: _had(found, work), work.text)
    if _OF_PHOTO.search(work.text) and (files := _FILE.findall(" ".join(work.context.sentences))):
        work.text = _OF_PHOTO.sub(f"the colour of {files[-1]}", work.text)
    same = _SAME_AS.search(work.text)
    if same is not None and read_look(same["colour"].lower()).value is not None:
        words = _colour_again(same["colour"].lower(), work)
        if words and not words.startswith("the colour"):
            work.text = f"{work.text[: same.start()]}in {words}{work.text[same.end() :]}"
    elif same is not None and (words := _material_again(same["colour"].lower(), work)):
        work.text = f"{work.text[: same.start()]}in {words}{work.text[same.end() :]}"
    alike = _ALIKE_BUT.search(work.text)
    if alike is not None and (words := _colour_again("colour", work)):
        work.text = f"{work.text[: alike.start()]} in {alike['step']} {words}{work.text[alike.end() :]}"
    found = _SAME_BUT.search(work.text)
    if found is not None and (words := _colour_again((found["colour"] or found["that"]).lower(), work)):
        step = found["step"]
        full = f"in {words}, only {step}" if words.startswith("the colour of") else f"in {step} {words}"
        work.text = f"{work.text[: found.start()]}{full}{work.text[found.end() :]}"


_FILE = re.compile(r"\S+\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|avif)\b", re.IGNORECASE)
_OF_PHOTO = re.compile(
    r"\b(?:the|that) (?:same )?colou?r (?:of|from|in|on) (?:the|my|that|this) photo\b(?!\.)", re.IGNORECASE
)


def _had(found: re.Match[str], work: _Work) -> str:
    thing = found["x"].strip()
    removed = _REMOVED.fullmatch(thing)
    if removed is not None:
        gone = [layer for layer in work.context.layers if layer.visible and layer.kind == "remove"]
        of_kind = [layer for layer in gone if kind_in(layer.target) == kind_in(f"the {removed['noun']}")]
        if not (of_kind or gone):
            return found[0]
        thing = (of_kind or gone)[-1].target
    into = found["in"] or ""
    for layer in layers_about(thing, work.context, visible=None):
        for colour in earlier_colours(layer, work.context):
            return f"{into or 'in '}{colour}"
    named = named_by(thing)
    if named is None:
        return found[0]
    return f"{into}the colour of the original {re.sub(r'^(?:the|my|that) ', '', thing)}"


def _colour_again(name: str, work: _Work) -> str:
    """The colour in words that "the same green" or "the same colour" is, of the newest thing that has it."""
    layers = [
        layer
        for layer in reversed(work.context.layers)
        if layer.visible and layer.kind in ("restyle", "replace")
    ]
    focus = [layer for layer in layers if layer.id in work.context.focus[-1:]]
    for layer in (*focus, *layers):
        words = colour_words(layer)
        if words and (name in ("colour", "color", "shade", "tone") or is_colour(words, name)):
            return words
    return name if read_look(name).value is not None else ""


def _material_again(name: str, work: _Work) -> str:
    """The look in words that "the same leather" is, of the newest thing that is of it."""
    for layer in reversed(work.context.layers):
        if layer.visible and layer.kind != "remove" and has_look(layer, [name]):
            return " ".join(word for each in parse(layer.prompt).looks for word in each.words)
    return ""


# ----- Whole sentences -----

_OPEN = r"(?:(?:and|now|then|also|ok(?:ay)?|so|well|please|good|no|hm+|actually|fine|great|yes)[ ,.:]+)*"
_CLAUSE = re.compile(r"\s*(?:[;,.]\s+(?:and |then |but )?|\b(?:and|then|but)\b)\s*", re.IGNORECASE)
_HEAD = re.compile(
    rf"{_OPEN}(?:for )?(?P<x>(?:the |my |both |all )*[\w' -]+?)\s*(?::|,|–|—| -)\s*(?P<rest>.+)",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"(?:(?:make|paint|turn|colou?r|have) )?(?P<x>(?:the )?[\w' -]+?)\s+"
    r"(?:(?:should be|shall be|must be|is|are|be|goes|becomes?|in|to|into|made)\s+)*(?P<look>[\w' -]+)",
    re.IGNORECASE,
)
_LEFT = re.compile(r"(?:leave|keep) (?P<x>.+?)(?: (?:alone|out|be|as (?:it is|they are)))?", re.IGNORECASE)
_STAYING = re.compile(
    r"(?:stays?|remains?)(?: (?:as (?:it is|they are)|so|that way|like that|the same|put))?", re.IGNORECASE
)


def _listed(work: _Work) -> list[Frame]:
    """ "cushions: the black one red, the white one blue, the yellow one stays": a frame for each."""
    text = re.sub(r"\s*(?:->|→|=>)\s*", " ", work.text).strip(" .!")
    head = _HEAD.fullmatch(text)
    kind, heads = "", False
    named = things_in(head["x"]) if head is not None else []
    if head is not None and len(named) == 1 and named[0].several and named[0].end == len(head["x"]):
        text, kind, heads = head["rest"], named[0].kind, True
    kind = kind or next(iter(nouns_meant(work.talk, things_in(text)[:1], (), places=True)), "")
    text = re.sub(rf"^{_OPEN}", "", text, flags=re.IGNORECASE)
    looks = [part.strip() for part in re.split(r", (?:and )?| and ", text)]
    if heads and 2 <= len(looks) <= 3 and all(map(_is_look_alone, looks)):
        places = ("left", "middle", "right") if len(looks) == 3 else ("left", "right")
        pairs = zip(places, looks, strict=True)
        return [Frame("edit", "restyle", target=f"the {place} {kind}", prompt=look) for place, look in pairs]
    items = _items(text, kind, work) if kind else []
    frames = _frames_of(items)
    return frames if len(items) > 1 or (head is not None and frames) else []


def _frames_of(items: Sequence[Frame | None]) -> list[Frame]:
    """The frames of a list's items; none where one of these is no item."""
    return [item for item in items if item is not None] if items and all(items) else []


def _items(text: str, kind: str, work: _Work) -> list[Frame | None]:
    items: list[Frame | None] = []
    members: list[str] = []
    for clause in filter(None, (part.strip() for part in _CLAUSE.split(text))):
        item = _item(clause, kind, members, work)
        if item is not None and item.target.startswith("the "):
            members.append(item.target)
        items.append(item)
    return items


def _item(clause: str, kind: str, members: Sequence[str], work: _Work) -> Frame | None:
    """One item of a list: a member and its look, or that it stays."""
    words = clause.split()
    left = _LEFT.fullmatch(clause)
    if left is not None and (kept := _member(left["x"], kind, members, work)):
        return Frame("keep", target=kept)
    for length in range(1, len(words)):
        found = _ITEM.fullmatch(clause)
        target = _member(" ".join(words[:length]), kind, members, work)
        look = re.sub(
            r"^(?:(?:should be|shall be|must be|is|are|be|goes|becomes?|in|to|into|made)\s+)+",
            "",
            " ".join(words[length:]),
            flags=re.IGNORECASE,
        )
        if not target or found is None or not look:
            continue
        if _STAYING.fullmatch(look):
            return Frame("keep", target=target)
        if _is_look_alone(look):
            return Frame("edit", "restyle", target=target, prompt=look)
    return None


def _is_look_alone(words: str) -> bool:
    look = read_look(words)
    says = look.value is not None or bool(look.material or look.pattern or look.step)
    return says and not look.rest and not look.like


_VERB = re.compile(r"^(?:make|paint|turn|colou?r|have) ", re.IGNORECASE)


def _member(words: str, kind: str, members: Sequence[str], work: _Work) -> str:
    """The target that the words of a list's item name; empty where they name no member of the kind."""
    words = _VERB.sub("", words).lower()
    if re.fullmatch(r"the (?:other|remaining)(?: (?:one|ones|two|three|four))?|the others|the rest", words):
        known = list(members) or last_members(work.talk, kind)
        return the_rest(kind, known) if known else ""
    if re.fullmatch(r"all (?:of them|three|four|five)|both(?: of them)?", words):
        return f"{'both' if words.startswith('both') else 'all the'} {plural(kind)}"
    parts = words.removeprefix("the ").split()
    own = [word for word in parts if word not in ("one", "ones", kind, plural(kind))]
    placed = all(is_member(word) and (not is_look(word) or word in _PLACES) for word in own)
    if not own or not all(map(is_member, own)) or (len(own) == len(parts) and not placed):
        things = things_in(words)
        if len(things) == 1 and things[0].end == len(words) and things[0].kind == kind and things[0].told:
            return _definite(things[0].words)  # without "sorry, I said that wrong" before it
        return ""
    several = parts[-1] == "ones" or is_plural((parts[-1],))
    return f"the {' '.join(own)} {plural(kind) if several else kind}"


_ONCE = re.compile(
    r",? (?:in |with |to |into |have "
    r"|has )*the colour of the original (?P<x>[\w' -]+?)(?P<step>,? only .+)?[.!]*$",
    re.IGNORECASE,
)


def _like_once(work: _Work) -> list[Frame]:
    """ "the window in the colour of the original rug"."""
    found = _ONCE.search(work.text)
    if found is None or found.end() != len(work.text):
        return []
    like = f"the colour of the original {found['x']}{found['step'] or ''}"
    before = work.text[: found.start()]
    things = things_in(before)
    if len(things) == 1:
        place = before[things[0].end :]
        words = things[0].words + (place if place.strip() and parse(things[0].words + place).tail else "")
        return [Frame("edit", "restyle", target=_definite(words.strip()), like=like)]
    if not things and re.search(r"\b(?:it|that)\b", before):
        return [Frame("edit", "restyle", reference="it", like=like)]
    return []


_SWAP = re.compile(
    rf"{_OPEN}(?:(?:can|could) you )?(?:swap|switch|exchange)(?: round)? (?P<x>.+?)(?: (?:a?round"
    rf"|over))?[.!?]*",
    re.IGNORECASE,
)


def _swapped(work: _Work) -> list[Frame]:
    """ "swap the colours of the two armchairs": of the left one and the right one."""
    found = _SWAP.fullmatch(work.text)
    things = things_in(found["x"]) if found else []
    other = r"\b(?:places?|on|off|out|to|into|for|back)\b"
    if found is None or len(things) != 1 or not things[0].several or re.search(other, found["x"]):
        return []
    kind = things[0].kind
    return [Frame("swap", target=f"the left {kind}", like=f"the right {kind}", name="colours")]


_ALSO = re.compile(
    rf"{_OPEN}(?:(?:and|make) )?(?P<x>(?:the|that|my) .+?),? (?:too|also|as well|likewise)[.!]*",
    re.IGNORECASE,
)


_AT = re.compile(
    r" (?!in (?:the |that |this )?(?:same )?colou?r)(?:on|in|at|by|to|from|near|next to|above|over|under"
    r"|below|behind|beside|between|of|left|right)\b",
    re.IGNORECASE,
)
_OTHER_ALSO = re.compile(
    rf"{_OPEN}the other(?: one)? (?:too|also|as well|likewise|(?:the )?same)(?P<rest>[,.!;] .*)?[.!]*",
    re.IGNORECASE,
)


def _also(work: _Work) -> list[Frame]:
    """ "the one to the right of it also": the same for that."""
    other = _OTHER_ALSO.fullmatch(work.text)
    if other is not None and not things_in(other["rest"] or ""):
        return [Frame("edit", "restyle", reference="other", like="last", also=True)]
    found = _ALSO.fullmatch(work.text)
    if found is None:
        return []
    named = named_by(found["x"])
    things = things_in(found["x"])
    between = found["x"][things[0].end : things[1].start] if len(things) == 2 else ""
    related = re.fullmatch(
        r"(?: (?:that|which|is|at|on|in|to|the|left|right|side|front|top|middle))* of ", between
    )
    if named is None or not named.told or not (len(things) == 1 or related):
        return []
    rest = found["x"][things[0].end :]
    if len(things) == 1 and rest and (not _AT.match(rest) or _is_look_alone(rest.split()[-1])):
        return []
    return [Frame("edit", "restyle", target=mended(found["x"]), like="last", also=True)]


_BACK = re.compile(
    rf"{_OPEN}(?:(?:put|i want|i'd like|can i have|could i have|give me) )?(?P<x>(?:the |my )?[\w' -]+?) back"
    r"(?: (?:up|in|on|please|there|again|then))*[.!]*",
    re.IGNORECASE,
)
_AS_IT_WAS = re.compile(
    rf"{_OPEN}(?:(?:put|set|make|turn|have|leave|keep|restore) )?(?P<x>(?:the|my|that|both|all)\b[\w' -]*?"
    r"|[\w-]+ and [\w-]+)(?: back)? (?:to )?"
    r"(?:(?:as|like|how|the way|what) (?:it|they|that|he|she) (?:was|were|had been)"
    r"(?: before| at first| originally| at the start| in the beginning)?"
    r"|back to (?:normal|the original))[.!]*",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    rf"{_OPEN}(?:.*\b(?:make|have|want|paint|turn|give me) )?(?P<x>(?:the"
    r"|my)\b[\w' -]*?) (?:(?:in )?(?P<look>[\w-]+) again|back to (?P<to>[\w-]+))[.!]*",
    re.IGNORECASE,
)


def _restored(work: _Work) -> list[Frame]:
    """ "the left one as it was", "the brown one brown again": what takes a change of a thing back."""
    again = _AGAIN.fullmatch(work.text)
    look = (again["look"] or again["to"]).lower() if again is not None else ""
    if again is not None and is_look(look) and read_look(look).step is None:
        kind = kind_in(again["x"])
        so = [
            layer
            for layer in work.context.layers
            if layer.visible
            and layer.kind in ("restyle", "replace")
            and kind_in(layer.target) == kind
            and was_so(layer, look)
            and not is_plural(parse(layer.target).noun)
        ]
        if len(so) == 1:
            return [Frame("hide", target=so[0].target, prompt=REVERT)]
        if kind and set_with(f"the {look} {kind}", work.context) is not None:
            return [Frame("hide", target=f"the {look} {kind}", prompt=REVERT)]
    back = _BACK.fullmatch(work.text)
    if back is not None and len(things := things_in(back["x"])) == 1 and things[0].end == len(back["x"]):
        before = back["x"][: things[0].start].strip()
        if not before and work.context.layers:
            return [Frame("back", target=_definite(things[0].words))]
    parts = [part for part in re.split(r"(?<=[.!?;,])\s+", work.text) if part.strip()]
    if not parts:
        return []
    found = _AS_IT_WAS.fullmatch(parts[-1].strip())
    if found is None or not all(len(part.split()) <= 3 for part in parts[:-1]):
        return []
    several = things_in(found["x"])
    between = re.sub(r"\b(?:and|,)\b|[\s,]", "", _without_things(found["x"], several))
    if len(several) > 1 and not between:
        return [Frame("hide", target=_definite(each.words), prompt=REVERT) for each in several]
    phrase = _whole_member(found["x"], work)
    named = named_by(phrase)
    if named is None or not named.told or named.several:
        return []
    return [Frame("hide", target=phrase, prompt=REVERT, name="first")]


def _without_things(text: str, things: Sequence[Named]) -> str:
    for thing in reversed(things):
        text = text[: thing.start] + text[thing.end :]
    return text


def _whole_member(words: str, work: _Work) -> str:
    """ "the left" with its noun."""
    own = words.lower().removeprefix("the ").split()
    if all(is_member(word) for word in own):
        kinds = nouns_meant(work.talk, (), (), places=True)
        return f"the {' '.join(own)} {kinds[0]}" if kinds else words
    return words
