"""Earlier looks of a thing: "the blue was nicer", "actually the first one was best", "the walls from calm".

A thing that was revised several times had several looks, each in a version. Words of preference name one of
them by its colour or its turn; the thing gets it back and nothing else changes. Pure functions over a
sentence and the session's record; None where the record has no such look.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.context import Context, LayerView
from agent.planner.dialogue.history import as_in, names_of, plain, reverted, shown_again
from agent.planner.plan import Plan
from agent.planner.resolve.discourse import is_colour
from agent.planner.resolve.layers import object_of, same_thing, stem
from agent.planner.resolve.resolution import Done, as_plan
from tools.language.chunking import is_look, is_thing
from tools.language.lexicon import ORDINALS
from tools.language.looks import read_look
from tools.language.noun_phrases import parse

_BETTER = (
    r"(?:wins|won|(?:is|was|are|were|looked|looks)(?: (?:actually|really|just|much|a lot|far|so|so much|the"
    r"|definitely|still|way))* (?:nicer|better|best|nicest|good|great|lovely|lovelier|prettier|prettiest"
    r"|perfect|right)(?: \w+)?)"
)
_LIKED = (
    r"(?:(?:i|we|he|she|they|(?:my|the) \w+)(?:'d|'ll| think i| guess i| do| did| still| really| actually"
    r"| would| will| rather| much)* )?"
    r"(?:prefer(?:s|red)?|like[sd]?|love[sd]?|miss(?:ed)?|go with|rather have)"
)
_BACK_TO = (
    r"(?:(?:let's |let us )?(?:go|switch|change|turn|put|take|make)?(?: (?:it|them|that|this))?(?: back)? ?to"
    r"|return to|revert to|use|take|give me|have|try)"
)
_LOOK = r"(?P<x>(?:the|that|my|its) [\w' -]+?|the one before(?: that| this| it)?)"
_ONCE_MORE = r"(?: (?:more|better|most|best|again|after all|back|instead|though|then))*"
_ONCE_MORE += (
    r"(?:[.,;!–—-]+ (?:so |then |and |please |just )*(?:(?:let's )?(?:go )?back to (?:that|it)(?: one)?"
    r"|(?:put|change|turn|make|take|bring|have|set) (?:it|that|them) (?:back(?: (?:to|like) (?:that|it))?"
    r"|(?:back )?(?:to )?(?:how|the way|as|like) (?:it|they) (?:was|were))))?(?: (?:before|again|please))*"
)
_PREFERRED = (
    re.compile(rf"{_LOOK} {_BETTER}{_ONCE_MORE}"),
    re.compile(rf"(?P<x>[\w-]+) (?:was|were|looked) (?:nicer|better|best|nicest|prettier){_ONCE_MORE}"),
    re.compile(rf"{_LIKED} {_LOOK}{_ONCE_MORE}"),
    re.compile(rf"{_BACK_TO} {_LOOK}{_ONCE_MORE}"),
    re.compile(rf"{_LOOK}(?: (?:again|after all|once more))+"),
)
_TO_VERSION = re.compile(r"(?:let's |let us )?(?:go|back|return|revert|switch)\b")
_WITH = re.compile(rf"(?:(?:but|and|only|just) )*with {_LOOK}{_ONCE_MORE}")
_WANTED = re.compile(
    rf"(?:(?:i|we) (?:want|need|miss|would like) |give me |let me have |bring |put |get )?(?:back )?{_LOOK}"
)
_ANEW = re.compile(r"\b(?:again|back|after all|once more)\b")
_FROM = re.compile(
    r"(?:(?:this|that|it|the same)(?: one| version| picture)?[, ]+(?=but|and|with|only|just)"
    r"|[\w' ]{1,40}?,? (?=but with))?"
    r"(?:(?:(?:i|she|he|they|we)(?:'d| would)? )?(?:take|use|bring|get|give me|have|keep|want|like|love"
    r"|prefer|but|and|with"
    r"|only|just|put)s?(?: back)? )*"
    r"(?P<x>(?:the|my) [\w' -]+?) (?:from|of|as in|like in|out of) (?:the )?(?P<name>[\w' .-]+?)"
    r"(?: (?:one|version|back|again|though|here|in here|in this one|instead))*"
)
_OF_LOOKS = re.compile(r" (?:ones?|colou?rs?|shade|look|tone|try|attempt|go)$")
_OLD = re.compile(r"(?:old|original|first|former|initial) (?P<thing>[\w' -]+)")
""" "I liked the old table": what it was at first."""
_WHOLE = re.compile(r"\b(?:pictures?|image|photo|room|version|state)$")
_PREVIOUS = ("previous", "old", "earlier", "last", "former", "one before", "prior")


_TO_THAT = re.compile(
    r"(?:(?:and|ok(?:ay)?|yes|then|so|now|please|i want|let's)[ ,]+)*"
    r"(?:(?:go|put|bring|change|turn|take|set|make)"
    r"(?: (?:it|them|that|the [\w' -]+?))? )?(?:back )?(?:to|like) (?:that|those|this)"
    r"(?: (?:one|colou?r|look|shade|[\w-]+))?(?: (?:again|then|please|look))*"
)
""" "Put it back to that", after it was asked how a thing looked."""


def preferred(sentence: str, context: Context) -> Plan | None:
    """The plan of a sentence that gives a thing an earlier look of its own; None for any other."""
    anew = _ANEW.search(sentence.lower()) is not None
    said, told = plain(sentence), context.told
    if told is not None and told.asked == "colour" and told.version is not None and _TO_THAT.fullmatch(said):
        done = as_in(told.about, told.version, context)
    else:
        done = None if context.variations or not context.versions else _preferred(said, anew, context)
    return None if done is None else as_plan(done)


def _preferred(said: str, anew: bool, context: Context) -> Done | None:
    found = next(filter(None, (pattern.fullmatch(said) for pattern in _PREFERRED)), None)
    if found is not None:
        done = _looked_so(found["x"], context)
        if done is None and not _TO_VERSION.match(said):
            done = thing_so(found["x"], context)
        if done is not None:
            return done
    with_it = _WITH.fullmatch(said) or (_WANTED.fullmatch(said) if anew else None)
    if with_it is not None and (done := thing_so(with_it["x"], context)) is not None:
        return done
    other = _FROM.fullmatch(said)
    if other is None or (version := _version(other["name"], context)) is None:
        return None
    noun = parse(other["x"]).noun
    return as_in(other["x"], version, context) if noun and is_thing(stem(noun[-1])) else None


def _version(name: str, context: Context) -> int | None:
    number = re.fullmatch(r"(?:version |v)?(\d{1,4})|(?P<original>original(?: picture)?)", name)
    if number is not None:
        version: int | None = 0 if number["original"] else int(number[1])
    else:
        version = names_of(context).get(name)
    return version if version is not None and version <= context.versions else None


def _looked_so(words: str, context: Context) -> Done | None:
    """The thing in hand, or else the one changed last, with the look that words name."""
    bare = _OF_LOOKS.sub("", re.sub(r"^(?:the|that|my|its) ", "", words))
    old = _OLD.fullmatch(bare)
    if old is not None and is_thing(stem(old["thing"].split()[-1])) and not _WHOLE.search(old["thing"]):
        return reverted(f"the {old['thing']}", context)
    states = _states(context)
    hand = context.focus[-1:] or tuple(layer.id for layer in context.layers if layer.visible)[-1:]
    own = [state for state in states if (state[0].id,) == hand]
    if (nth := _nth(bare, own, context)) is not None:
        return shown_again(*own[nth], context)
    if not bare or not all(map(is_look, bare.split())) or not _is_look(bare):
        return None
    candidates = [state for state in (*reversed(own), *reversed(states)) if not _is_so(state[0], context)]
    by_name = [state for state in candidates if _is_called(state[0], bare)]
    near = by_name or [state for state in candidates if _has(state[0], bare)]
    return shown_again(*near[0], context) if near else None


def _nth(words: str, own: list[tuple[LayerView, int]], context: Context) -> int | None:
    """Which of a thing's looks "first" or "previous" is; None where it had one alone."""
    if len(own) < 2:
        return None
    now = max((at for at, (layer, _) in enumerate(own) if _is_so(layer, context)), default=len(own))
    if words in _PREVIOUS or words.startswith("one before"):
        return now - 1 if now else None
    at = ORDINALS.get(words, 0) - 1
    return at if 0 <= at < len(own) and at != now else None


def thing_so(words: str, context: Context) -> Done | None:
    """ "With the red sofa": the thing's own layer from a version in which it looked so."""
    phrase = parse(words)
    looks = " ".join(word for each in phrase.looks for word in each.words)
    if not looks and len(phrase.noun) > 1 and _is_look(phrase.noun[0]):  # "glass table" is one noun
        looks, phrase = phrase.noun[0], replace(phrase, noun=phrase.noun[1:])
    if not phrase.noun or not looks:
        return None
    for layer, version in reversed(_states(context)):
        same = same_thing(replace(phrase, article="the", looks=()), object_of(layer))
        if same and _has(layer, looks) and not _is_so(layer, context):
            return shown_again(layer, version, context)
    return None


def _states(context: Context) -> list[tuple[LayerView, int]]:
    """Each look that each layer had, and the version that it first came in, the oldest first."""
    states: dict[tuple[int, str], tuple[LayerView, int]] = {}
    for number, version in enumerate(context.history):
        for layer in version.layers:
            if layer.visible and layer.kind != "remove":
                states.setdefault((layer.id, layer.prompt), (layer, number))
    return list(states.values())


def _is_so(layer: LayerView, context: Context) -> bool:
    """Whether a layer shows at the head as it did then."""
    now = next((each for each in context.layers if each.id == layer.id), None)
    return now is not None and now.visible and now.prompt == layer.prompt


def _is_called(layer: LayerView, look: str) -> bool:
    """Whether a layer's prompt has all words of a look."""
    return {stem(word) for word in look.split()} <= {stem(word) for word in layer.prompt.lower().split()}


def _has(layer: LayerView, look: str) -> bool:
    if _is_called(layer, look):
        return True
    phrase = parse(layer.prompt)
    own = " ".join(word for each in phrase.looks if each.sort == "colour" for word in each.words)
    return bool(own) and is_colour(own, look)


def _is_look(words: str) -> bool:
    look = read_look(words)
    return look.value is not None or bool(look.material or look.pattern)
