"""Which layers a frame means: "it", "both", "the first one", "the sofa on the left". Pure functions over a
context.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from agent.planner.context import Context, LayerView
from agent.planner.frames import Frame
from tools.language.chunking import is_look, is_thing
from tools.language.colours import value_of
from tools.language.lexicon import word_set
from tools.language.looks import read_look
from tools.language.noun_phrases import Phrase, is_plural, parse, sort_of
from tools.language.referring import all_but


def _layer(context: Context, number: int) -> LayerView | None:
    return next((layer for layer in context.layers if layer.id == number), None)


def focused_layers(context: Context) -> tuple[LayerView, ...]:
    """The layers in focus, the last one last."""
    found = (_layer(context, number) for number in context.focus)
    return tuple(layer for layer in found if layer is not None)


def object_of(layer: LayerView) -> str:
    """The thing that a layer is about now, in words: for ``add`` and ``replace`` what it put there."""
    return layer.prompt if layer.kind in ("add", "replace") and layer.prompt else layer.target


def stem(word: str) -> str:
    """A noun without its plural ending, lower case."""
    low = word.lower().removesuffix("'s")
    for ending, instead in (
        ("ies", "y"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("sses", "ss"),
        ("xes", "x"),
        ("s", ""),
    ):
        if low.endswith(ending) and len(low) > len(ending) + 2 and not low.endswith(("ss", "us")):
            return low[: -len(ending)] + instead
    return low


_SYNONYMS = (
    {"sofa", "couch", "settee", "loveseat"}, {"rug", "carpet", "mat"},
    {"picture", "painting", "artwork", "print", "poster"},
    {"tv", "television", "telly"}, {"curtain", "drape"}, {"bookshelf", "bookcase"}, {"plant", "houseplant"},
    {"cupboard", "cabinet"}, {"pillow", "cushion"}, {"pouf", "pouffe", "ottoman"}, {"cat", "kitty", "kitten"},
    {"dog", "puppy"}, {"person", "people", "man", "woman"}, {"light", "lamp"}, {"floor", "flooring"},
)  # fmt: skip


def _noun_matches(one: str, other: str) -> bool:
    first, second = stem(one), stem(other)
    return first == second or any(first in group and second in group for group in _SYNONYMS)


_PLACE_WORDS = word_set(
    "left right top bottom middle front back other first second third last corner upper lower"
)


def _places(phrase: Phrase) -> set[str]:
    return {w.lower().removesuffix("most") for w in (*phrase.noun, *phrase.tail)} & _PLACE_WORDS


_BIG = word_set("big bigger biggest large larger largest huge giant tall taller tallest")
_SMALL = word_set("small smaller smallest little tiny short shorter shortest mini")


def _other_size(named: Phrase, theirs: Phrase) -> bool:
    """Whether two things are told apart by their size: "the small pot" from "the big pot", or the right."""
    mine, other = (
        {"big" if word.lower() in _BIG else "small" for look in phrase.looks for word in look.words
         if word.lower() in _BIG | _SMALL}
        for phrase in (named, theirs)
    )  # fmt: skip
    return bool(mine) and mine != other and bool(other or _places(theirs))


def is_told(phrase: Phrase) -> bool:
    """Whether a thing is told from others of its kind, by its place or its look."""
    return bool(_places(phrase) or phrase.tail or phrase.looks)


def _counts_several(phrase: Phrase) -> bool:
    """ "both chairs", "all the chairs": more than the one thing of a layer."""
    counted = {"both", "all", "every", "each", "two", "three"} & set(phrase.article.lower().split())
    return bool(counted) and is_plural(phrase.noun)


def _is_one_of(layer: LayerView, noun: str) -> bool:
    """Whether a layer is about a single thing of a kind."""
    theirs = parse(layer.target)
    return (
        layer.visible
        and all_but(layer.target) is None
        and layer.kind in ("restyle", "replace")
        and bool(theirs.noun)
        and not is_plural(theirs.noun)
        and _noun_matches(noun, theirs.noun[-1])
    )


def alike(last: LayerView, context: Context) -> tuple[LayerView, ...]:
    """The other visible layers about single things of the same kind as a layer's."""
    noun = parse(last.target).noun
    return tuple(
        layer for layer in context.layers if noun and layer.id != last.id and _is_one_of(layer, noun[-1])
    )


def both_named(target: str, context: Context) -> tuple[LayerView, ...]:
    """The two layers that "both armchairs" means where there are just two about one each; else none."""
    phrase = parse(target)
    if not _counts_several(phrase) or not {"both", "two"} & set(phrase.article.lower().split()):
        return ()
    found = tuple(layer for layer in context.layers if _is_one_of(layer, phrase.noun[-1]))
    return found if len(found) == 2 and len({layer.target for layer in found}) == 2 else ()


_MEASURED = re.compile(
    r"(?:an? |the )?(?:[\w-]+ )??"
    r"(?P<measure>string|pair|couple|bunch|pile|stack|row|set|bowl|vase|group|lot) of ",
    re.IGNORECASE,
)
""" "A string of fairy lights" are lights."""


def same_thing(named: Phrase, words: str) -> bool:
    """Whether a named thing may be the thing that a layer's words speak of."""
    theirs = parse(words)
    counted = _MEASURED.match(words)
    if counted is not None and named.noun and stem(named.noun[-1]) != stem(counted["measure"]):
        return same_thing(named, words[counted.end() :])
    if not named.noun or not theirs.noun or not _noun_matches(named.noun[-1], theirs.noun[-1]):
        return False
    # "the table lamp" is not "the floor lamp", but "the lamp" may be either
    mine, other = {stem(w) for w in named.noun[:-1]}, {stem(w) for w in theirs.noun[:-1]}
    if mine and other and not (mine & other):
        return False
    # "the left chair" is not the chair on the right
    places = (_places(named), _places(theirs))
    if places[0] != places[1] and ((places[0] and places[1]) or (places[1] and not places[0] and False)):
        return False
    if places[0] and not places[1]:
        return False
    if _other_size(named, theirs):
        return False
    if named.tail and theirs.tail:
        return {stem(w) for w in named.tail} == {stem(w) for w in theirs.tail}
    return not (named.tail and not theirs.tail)


NEAR = 0.09
"""Colours nearer than this (Oklab, lightness counting a third) may bear the same name."""


def was_so(layer: LayerView, look: str) -> bool:
    """Whether a layer's thing had a colour in the base picture."""
    value = value_of(look.lower())
    if layer.was is None or value is None:
        return False
    apart = (
        (one - other) * weight for one, other, weight in zip(layer.was, value, (0.33, 1, 1), strict=True)
    )
    return math.hypot(*apart) <= NEAR


def is_member(words: str, layer: LayerView) -> bool:
    """Whether words name one of the several things of a layer: the left one of "both armchairs"."""
    several, _, left_out = object_of(layer).partition(" but ")
    own, theirs = parse(words), parse(several)
    if left_out and set(words.lower().split()) == set(left_out.lower().split()):
        return False
    if not own.noun or not theirs.noun or not _noun_matches(own.noun[-1], theirs.noun[-1]):
        return False
    return is_plural(theirs.noun) and not is_plural(own.noun)


def looks_fit(named: Phrase, layer: LayerView) -> bool:
    """Whether looks in a target agree with a layer: "the red sofa" is not the sofa that was made blue."""
    wanted = {w.lower() for look in named.looks for w in look.words}
    words = {w.lower() for w in f"{layer.target} {layer.prompt}".split()}
    sorts = {sort_of(w) for w in wanted}
    has = {sort_of(w) for w in layer.prompt.split()}
    if "colour" in sorts and layer.kind == "restyle" and layer.was is not None:
        # where no word says which colour a thing has now, it has its own or another thing's
        if read_look(layer.prompt, layer.target).like:
            return False
        if "colour" not in has:
            return all(was_so(layer, w) for w in wanted if sort_of(w) == "colour")
    return not wanted or wanted <= words or not (sorts & has)


def may_be(named: Phrase, layer: LayerView) -> bool:
    """Whether the looks that tell a thing are those of a layer's thing, by its name, now or at first."""
    known = set(f"{layer.target} {layer.prompt}".lower().split())
    looks = [word.lower() for look in named.looks for word in look.words]
    return all(word in known or was_so(layer, word) for word in looks)


_CHAIR = re.compile(r"\b(arm)?chair(s?)\b", re.IGNORECASE)


def _other_name(target: str) -> str:
    """The target with "armchair" for "chair", and the other way round; empty for other things."""
    found = _CHAIR.search(target)
    if found is None:
        return ""
    name = f"{'' if found[1] else 'arm'}chair{found[2]}"
    return target[: found.start()] + name + target[found.end() :]


def layer_named(target: str, context: Context, *, visible: bool | None = True) -> LayerView | None:
    """The newest layer about the thing named, or None."""
    found = _layer_named(target, context, visible)
    other = _other_name(target) if found is None else ""
    return _layer_named(other, context, visible) if other else found


def _layer_named(target: str, context: Context, visible: bool | None) -> LayerView | None:
    phrase = parse(target)
    but = all_but(target)
    for layer in reversed(context.layers):
        if visible is not None and layer.visible is not visible:
            continue
        if layer.kind == "remove":
            continue
        if but is not None or all_but(layer.target) is not None:
            if but == all_but(layer.target):
                return layer
            continue  # of all but one, neither one nor all are the same things
        if is_told(phrase) and not is_plural(phrase.noun) and is_plural(parse(object_of(layer)).noun):
            continue  # of the cushions that were painted together, "the white cushion" is one
        words = object_of(layer)
        if layer.kind == "add" and _is_place(phrase.tail, layer.target):
            if same_thing(replace(phrase, tail=()), words):
                return layer
            continue
        one_of_them = (
            not is_plural(parse(words).noun) and is_told(parse(layer.target)) and layer.kind == "restyle"
        )
        if is_plural(phrase.noun) and one_of_them:
            continue  # all cushions are not the left one
        if layer.kind == "replace" and not same_thing(phrase, words):
            continue
        if _counts_several(phrase) and not is_plural(parse(words).noun):
            continue
        if _counts_several(parse(layer.target)) and not is_plural(phrase.noun):
            continue  # of the cushions that both were painted, "the cushion" is one
        if same_thing(phrase, words) and looks_fit(phrase, layer):
            return layer
    return None


def _is_place(tail: tuple[str, ...], place: str) -> bool:
    """Whether what follows a noun is where a thing was put: "the lantern on the step"."""
    mine, other = ({stem(word) for word in words} - {"the"} for words in (tail, place.lower().split()))
    return bool(mine) and mine == other


def layers_about(target: str, context: Context, *, visible: bool | None) -> tuple[LayerView, ...]:
    """All layers about the thing named, newest first: also those that replaced or removed it."""
    found = _layers_about(target, context, visible)
    other = _other_name(target) if not found else ""
    return _layers_about(other, context, visible) if other else found


def _layers_about(target: str, context: Context, visible: bool | None) -> tuple[LayerView, ...]:
    phrase = parse(target)
    found = []
    for layer in reversed(context.layers):
        if visible is not None and layer.visible is not visible:
            continue
        if (but := all_but(layer.target)) is not None and layer.kind != "add":
            whole = is_plural(phrase.noun) and not _places(phrase) and same_thing(phrase, but[0])
            if whole:
                found.append(layer)
            continue
        if same_thing(phrase, object_of(layer)) or (layer.kind != "add" and same_thing(phrase, layer.target)):
            found.append(layer)
    return tuple(found)


def layers_referred(frame: Frame, context: Context) -> tuple[LayerView, ...]:
    """The layers that "it", "both", "the first one" mean; none where nothing fits."""
    focused = focused_layers(context)
    visible = tuple(layer for layer in context.layers if layer.visible)
    match frame.reference:
        case "it":
            return focused[-1:]
        case "them":
            if len(focused) > 1 or (focused and is_plural(parse(object_of(focused[-1])).noun)):
                return focused
            return focused or visible[-2:]
        case "both":
            there = tuple(layer for layer in visible if layer.kind != "remove")
            pair = focused[-2:] if len(focused) >= 2 else there[-2:]
            return pair if len(pair) == 2 else ()
        case "all":
            return visible
        case "first" | "second" | "third":
            index = ("first", "second", "third").index(frame.reference)
            pool = focused if len(focused) > 1 else visible
            return pool[index : index + 1]
        case "last":
            return visible[-1:]
        case "other":
            others = [layer for layer in visible if layer.id not in {f.id for f in focused[-1:]}]
            same = alike(focused[-1], context) if focused else ()
            return tuple((same or others)[-1:])
    return ()


def by_look(words: str, context: Context) -> tuple[LayerView, ...]:
    """ "undo the leather", "undo the red": the one visible layer whose look says so."""
    if any(is_thing(stem(word)) and not is_look(word) for word in words.lower().split()):
        return ()
    wanted = {
        stem(w) for w in words.split() if w.lower() not in ("the", "that", "colour", "color", "one", "thing")
    }
    fitting = [
        layer
        for layer in context.layers
        if layer.visible and wanted and wanted <= {stem(w) for w in layer.prompt.split()}
    ]
    return tuple(fitting) if len(fitting) == 1 else ()


def was_undone(context: Context) -> bool:
    """Whether the head stands behind a version that was made from it: the last thing done was an undo."""
    later = context.history[context.head + 1 :]
    return any(version.parent == context.head for version in later)


def set_with(target: str, context: Context) -> LayerView | None:
    """The newest visible layer about several things of a kind among which is the single one that is named,
    where no layer is about that one alone; None where there is none.
    """
    phrase = parse(target)
    if not phrase.noun or not is_told(phrase) or is_plural(phrase.noun):
        return None
    for layer in reversed(context.layers):
        if not layer.visible or layer.kind == "add":
            continue
        but = all_but(layer.target)
        theirs = parse(but[0] if but else layer.target)
        if not theirs.noun or not _noun_matches(phrase.noun[-1], theirs.noun[-1]):
            continue
        if but is None and not (is_plural(theirs.noun) or _counts_several(theirs)):
            if same_thing(phrase, layer.target) and looks_fit(phrase, layer):
                return None
            continue
        if but is not None and any(kept == target.lower() for kept in but[1]):
            continue
        if is_told(theirs) and not _places(theirs) and not theirs.tail and but is None and phrase.looks:
            continue  # "the red cushions" are other ones than "the green cushion"
        return layer
    return None


def layers_over(layer: LayerView, context: Context) -> tuple[LayerView, ...]:
    """The newer visible layers that restyle what a layer restyles: single ones of its things, or all of
    them.
    """
    mine = parse(layer.target)
    several = is_plural(mine.noun) or _counts_several(mine)
    if layer.kind != "restyle" or not mine.noun or all_but(layer.target) is not None:
        return ()
    found = []
    for other in context.layers:
        but = all_but(other.target)
        theirs = parse(but[0] if but else other.target)
        alike = bool(theirs.noun) and _noun_matches(mine.noun[-1], theirs.noun[-1])
        if not (other.visible and other.id > layer.id and other.kind == "restyle" and alike):
            continue
        all_of_them = is_plural(theirs.noun) or _counts_several(theirs)
        if several != all_of_them and not (but and any(kept == layer.target.lower() for kept in but[1])):
            found.append(other)
    return tuple(found)
