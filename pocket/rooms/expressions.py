"""Words for what a picture shows: prompts for the inpainter and referring expressions for the segmenter.

An expression names one or more things and is true of nothing else in view. "In view" is what can be seen: at
least 0.3 % of the picture and about half of the thing's own outline; a thing that is seen less than that is
not spoken of, and stops expressions that might mean it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.random import Generator

from pocket.rooms.camera import box_in_picture
from pocket.rooms.model import FLOOR, FULL_ASPECT, WALL, Scene, Thing
from pocket.rooms.render import Rendered, outline
from pocket.rooms.scene import spread
from pocket.rooms.vocabulary import (
    COLOURS,
    KIND_COLOURS,
    KIND_MATERIALS,
    KINDS,
    MATERIAL_WORDS,
    OWN_COLOUR,
    PLURAL_KINDS,
)
from pocket.rooms.words import (
    ACTIVITIES,
    GENERIC,
    RIVALS,
    SYNONYMS,
    TRAITS,
    USE_GENERIC,
    USES,
    free_uses,
)

Group = Literal["plain", "attribute", "place", "use"]
MIN_SHARE: Final = 0.003
MIN_SEEN: Final = 0.5


@dataclass(frozen=True)
class Expression:
    """A text and the things that it means, all of them together."""

    text: str
    indices: tuple[int, ...]
    group: Group


# ---- single words ---------------------------------------------------------------------------------------


def material_word(material: str | None) -> str:
    """The material as spoken before a noun; empty where it is not spoken."""
    return "" if material is None else MATERIAL_WORDS.get(material, material)


def with_article(words: str) -> str:
    """The words with "a" or "an"."""
    return f"{'an' if words[:1] in 'aeio' or words.startswith('ug') else 'a'} {words}"


def plural(noun: str) -> str:
    """The plural of a noun phrase."""
    if noun.endswith(("drapes", "shelves", "curtains", "walls", "greenery", "drapery", "art", "everything")):
        return noun
    head, _, rest = noun.partition(" of ")
    end = f" of {rest}" if rest else ""
    if head.endswith("shelf"):
        return head[:-1] + "ves" + end
    if head.endswith("y") and head[-2] not in "aeiou":
        return head[:-1] + "ies" + end
    return head + ("es" if head.endswith(("ss", "sh", "ch", "x")) else "s") + end


def noun_of(kind: str) -> str:
    """The usual name of a kind."""
    return "curtains" if kind == "curtain" else kind


def look_words(thing: Thing, colour: bool = True, material: bool = True) -> str:
    """Its colour and material words, "red leather"; may be empty."""
    words = [
        thing.colour if colour and thing.colour else "",
        material_word(thing.material) if material else "",
    ]
    return " ".join(word for word in words if word)


def phrase(thing: Thing, colour: bool = True, material: bool = True) -> str:
    """The thing in words, as the inpainter is prompted: "a red leather sofa", "an oak coffee table"."""
    words = f"{look_words(thing, colour, material)} {noun_of(thing.kind)}".strip()
    return words if thing.kind in PLURAL_KINDS else with_article(words)


# ---- what is in view ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """What a picture shows: the things that can be spoken of, the ones glimpsed, and where they are."""

    clear: tuple[int, ...]
    glimpsed: frozenset[int]
    """Seen, but too little to be spoken of."""
    centre: dict[int, tuple[float, float]]
    """Middle of the visible pixels, in fractions of the picture."""
    share: dict[int, float]


def view_of(scene: Scene, rendered: Rendered, share: float = MIN_SHARE, seen: float = MIN_SEEN) -> View:
    """Which things of the rendered full picture can be spoken of."""
    ids = rendered.ids
    counts = np.bincount(ids.ravel(), minlength=len(scene.things))
    outline = _outlines(scene)
    clear, glimpsed = [], []
    centre, shares = {}, {}
    rows, columns = np.arange(ids.shape[0]), np.arange(ids.shape[1])
    for i in np.flatnonzero(counts):
        index = int(i)
        area = int(counts[index]) / ids.size
        where = ids == index
        shares[index] = area
        across, down = where.sum(axis=0), where.sum(axis=1)
        centre[index] = (
            float((across * columns).sum() / counts[index] + 0.5) / ids.shape[1],
            float((down * rows).sum() / counts[index] + 0.5) / ids.shape[0],
        )
        enough = index in (FLOOR, WALL) or area >= seen * outline.get(index, 0.0)
        if area >= share and enough:
            clear.append(index)
        elif area > 0.0002:
            glimpsed.append(index)
    return View(tuple(clear), frozenset(glimpsed), centre, shares)


@lru_cache(maxsize=128)
def _outlines(scene: Scene) -> dict[int, float]:
    """The share of the picture that each thing would cover with nothing in front of it."""
    return {i: float(outline(scene, i, (160, 120)).mean()) for i in scene.present() if i > WALL}


# ---- plain and attribute --------------------------------------------------------------------------------


def _of_kinds(scene: Scene, view: View, kinds: frozenset[str] | set[str]) -> tuple[list[int], bool]:
    """Clear things of these kinds, and whether any other such thing is glimpsed."""
    found = [i for i in view.clear if scene.things[i].kind in kinds]
    return found, any(scene.things[i].kind in kinds for i in view.glimpsed)


def _names(kind: str) -> tuple[str, ...]:
    return (noun_of(kind), *SYNONYMS[kind])


def _usable(name: str, kind: str, scene: Scene, view: View) -> bool:
    """Whether a name for a kind could mean nothing else in view."""
    rivals = RIVALS.get(name, frozenset()) - {kind}
    seen = {scene.things[i].kind for i in (*view.clear, *view.glimpsed)}
    return not (rivals & seen)


def _is_plural(name: str) -> bool:
    return plural(name) == name and name not in ("greenery", "wall art", "drapery", "wall behind everything")


def _one_or_all(name: str, found: Sequence[int], rng: Generator, extra: str = "") -> Iterator[str]:
    """Texts for one thing ("the couch"), or for all of several ("all the couches")."""
    words = f"{extra} {name}".strip()
    if len(found) == 1:
        article = "" if _is_plural(name) else with_article(words)
        forms = [f"the {words}", words, f"the {words}", *([article] if article else [])]
    else:
        many = plural(words)
        forms = [
            f"the {many}",
            f"all the {many}",
            f"all {many}",
            f"both {many}" if len(found) == 2 else f"every one of the {many}",
        ]
    yield forms[int(rng.integers(len(forms)))]


def _plain(scene: Scene, view: View, rng: Generator) -> Iterator[Expression]:
    for kind in KINDS:
        found, more = _of_kinds(scene, view, {kind})
        if not found or more:
            continue
        for name in _names(kind):
            if _usable(name, kind, scene, view):
                for text in _one_or_all(name, found, rng):
                    yield Expression(text, tuple(found), "plain")
    for name, kinds in GENERIC.items():
        found, more = _of_kinds(scene, view, kinds)
        if found and not more:
            for text in _one_or_all(name, found, rng):
                yield Expression(text, tuple(found), "plain")


def _attribute(scene: Scene, view: View, rng: Generator) -> Iterator[Expression]:
    for kind in KINDS:
        found, more = _of_kinds(scene, view, {kind})
        if not found or more:
            continue
        looks = {
            words
            for i in found
            for words in (
                look_words(scene.things[i]),
                look_words(scene.things[i], material=False),
                look_words(scene.things[i], colour=False),
            )
            if words
        }
        for words in sorted(looks):
            such = [i for i in found if _looks(scene.things[i], words)]
            if any(f" {words.split(maxsplit=1)[0]}" in (scene.things[i].colour or "") for i in found):
                continue  # "the blue one" beside a light blue one
            names = [name for name in _names(kind) if _usable(name, kind, scene, view)]
            if not names:
                continue
            name = names[0] if rng.random() < 0.5 else names[int(rng.integers(len(names)))]
            for text in _one_or_all(name, such, rng, words):
                yield Expression(text, tuple(such), "attribute")
            if len(such) == 1 and rng.random() < 0.35:
                noun = names[0]
                verb = "are" if _is_plural(noun) else "is"
                if words in COLOURS:
                    yield Expression(f"the {noun} that {verb} {words}", tuple(such), "attribute")
                elif words in KIND_MATERIALS[kind] and words not in ("striped", "checked", "tile"):
                    yield Expression(f"the {noun} made of {words}", tuple(such), "attribute")


def _looks(thing: Thing, words: str) -> bool:
    """Whether the words are true of the thing: its colour, its material, or both."""
    return words in (look_words(thing), look_words(thing, material=False), look_words(thing, colour=False))


# ---- place ----------------------------------------------------------------------------------------------


_LEFT: Final = (
    "on the left",
    "to the left",
    "at the left side",
    "on the left-hand side",
    "in the left part of the picture",
)
_RIGHT: Final = (
    "on the right",
    "to the right",
    "at the right side",
    "on the right-hand side",
    "in the right part of the picture",
)
_MIDDLE: Final = ("in the middle", "in the centre", "between the other two")


def _pick(options: Sequence[str], rng: Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _place(scene: Scene, view: View, rng: Generator) -> Iterator[Expression]:
    families = [frozenset({kind}) for kind in KINDS[2:]] + list(dict.fromkeys(GENERIC.values()))
    for kinds in families:
        found, more = _of_kinds(scene, view, kinds)
        if not found or more:
            continue
        if len(kinds) == 1:
            (kind,) = kinds
            names = [name for name in _names(kind) if _usable(name, kind, scene, view)]
        else:
            names = [name for name, covered in GENERIC.items() if covered == kinds]
        if not names:
            continue
        if len(found) in (2, 3):
            yield from _left_to_right(found, view, names, rng)
        if len(found) == 2:
            yield from _near_and_far(scene, found, names, rng)
        if len(kinds) == 1 and len(found) <= 4:
            yield from _relations(scene, view, found, names, rng)


def _left_to_right(found: list[int], view: View, names: list[str], rng: Generator) -> Iterator[Expression]:
    row = sorted(found, key=lambda i: view.centre[i][0])
    x = [view.centre[i][0] for i in row]
    if min(b - a for a, b in itertools.pairwise(x)) < 0.09:
        return
    name = _pick(names, rng)
    left, right = row[0], row[-1]
    yield Expression(f"the {name} {_pick(_LEFT, rng)}", (left,), "place")
    yield Expression(f"the {name} {_pick(_RIGHT, rng)}", (right,), "place")
    if not _is_plural(name):
        yield Expression(f"the {_pick(('left', 'leftmost', 'left-hand'), rng)} {name}", (left,), "place")
        yield Expression(f"the {_pick(('right', 'rightmost', 'right-hand'), rng)} {name}", (right,), "place")
    if len(row) == 3:
        yield Expression(f"the {name} {_pick(_MIDDLE, rng)}", (row[1],), "place")


def _near_and_far(scene: Scene, found: list[int], names: list[str], rng: Generator) -> Iterator[Expression]:
    near, far = sorted(found, key=lambda i: _distance(scene, i))
    if _distance(scene, far) - _distance(scene, near) < 0.8:
        return
    name = _pick(names, rng)
    yield Expression(
        f"the {name} {_pick(('closest to us', 'in the front', 'nearest to the camera'), rng)}",
        (near,),
        "place",
    )
    yield Expression(
        f"the {name} {_pick(('furthest away', 'in the back', 'at the back'), rng)}", (far,), "place"
    )


def _distance(scene: Scene, index: int) -> float:
    thing, cam = scene.things[index], scene.camera
    return math.hypot(thing.x - cam.x, thing.z - cam.z)


def _relations(
    scene: Scene, view: View, found: list[int], names: list[str], rng: Generator
) -> Iterator[Expression]:
    """Places told by another thing that is the only one of its kind."""
    for anchor in view.clear:
        kind = scene.things[anchor].kind
        if anchor <= WALL or scene.things[found[0]].kind == kind:
            continue
        others, more = _of_kinds(scene, view, {kind})
        if len(others) != 1 or more:
            continue
        anchor_names = [n for n in _names(kind) if _usable(n, kind, scene, view)]
        if not anchor_names:
            continue
        for words, holds in _RELATIONS:
            true_of = [i for i in found if holds(scene, view, i, anchor) is True]
            unclear = [i for i in found if holds(scene, view, i, anchor) is None]
            if len(true_of) != 1 or unclear:
                continue
            if len(found) == 1 and words is not _ON and rng.random() < 0.5:
                continue
            anchor_name = anchor_names[0] if rng.random() < 0.6 else _pick(anchor_names, rng)
            yield Expression(
                f"the {_pick(names, rng)} {_pick(words, rng)} the {anchor_name}", (true_of[0],), "place"
            )


def _rests_on(scene: Scene, _view: View, index: int, anchor: int) -> bool | None:
    thing, base = scene.things[index], scene.things[anchor]
    if thing.on == anchor:
        return True
    if base.kind == "rug" and thing.on == FLOOR and thing.kind not in ("rug",):
        (ax, az) = spread(base)
        inside = abs(thing.x - base.x) < ax and abs(thing.z - base.z) < az
        well = abs(thing.x - base.x) < 0.75 * ax and abs(thing.z - base.z) < 0.75 * az
        return True if well else None if inside else False
    return False


def _next_to(scene: Scene, view: View, index: int, anchor: int) -> bool | None:
    a, b = scene.things[index], scene.things[anchor]
    if "rug" in (a.kind, b.kind) or a.on != b.on or a.on not in (FLOOR, WALL):
        return False
    if a.kind == "curtain" or b.kind == "curtain":
        return False
    (ax, az), (bx, bz) = spread(a), spread(b)
    gap = max(abs(a.x - b.x) - ax - bx, abs(a.z - b.z) - az - bz)
    across = abs(view.centre[index][0] - view.centre[anchor][0])
    if gap < 0.45 and across > 0.05:
        return True
    return None if gap < 0.9 else False


def _above(scene: Scene, _view: View, index: int, anchor: int) -> bool | None:
    a, b = scene.things[index], scene.things[anchor]
    if a.on != WALL or b.on != FLOOR or a.kind in ("window", "curtain") or b.kind == "rug":
        return False
    (ax, az), (bx, bz) = spread(a), spread(b)
    over = abs(a.x - b.x) < bx and abs(a.z - b.z) < bz + az + 0.35 and a.y >= b.height - 0.1
    if not over:
        near = abs(a.x - b.x) < bx + ax + 0.2 and abs(a.z - b.z) < bz + az + 0.6
        return None if near else False
    return True


def _behind(scene: Scene, _view: View, index: int, anchor: int) -> bool | None:
    """Further from the camera and partly in the same direction."""
    a, b = scene.things[index], scene.things[anchor]
    if a.on != FLOOR or b.on != FLOOR or "rug" in (a.kind, b.kind):
        return False
    box_a, box_b = box_in_picture(scene.camera, a, FULL_ASPECT), box_in_picture(scene.camera, b, FULL_ASPECT)
    overlap = min(box_a[2], box_b[2]) - max(box_a[0], box_b[0])
    deeper = a.z - spread(a)[1] - (b.z + spread(b)[1])
    if overlap > 0.5 * min(box_a[2] - box_a[0], box_b[2] - box_b[0]) and deeper > -0.05:
        return True
    return None if overlap > 0 and deeper > -0.4 else False


def _in_front(scene: Scene, view: View, index: int, anchor: int) -> bool | None:
    return _behind(scene, view, anchor, index)


_ON: Final = ("on", "on top of", "sitting on", "resting on")
Relation = Callable[[Scene, View, int, int], bool | None]
_RELATIONS: Final[tuple[tuple[tuple[str, ...], Relation], ...]] = (
    (_ON, _rests_on),
    (("next to", "beside", "by", "near"), _next_to),
    (("above", "over", "hanging above"), _above),
    (("behind", "in back of"), _behind),
    (("in front of", "before"), _in_front),
)


# ---- use ------------------------------------------------------------------------------------------------

_USE_FRAMES: Final = (
    "what you would {}",
    "what you would {}",
    "something you would {}",
    "the thing you would {}",
    "what one would {}",
    "what someone would {}",
    "which thing would you {}",
    "what could I {}",
    "the thing to {}",
    "something to {}",
    "what would you {}",
    "an object you could {}",
    "what people {}",
    "the one thing here that you can {}",
    "whatever you would {}",
    "what a person might {}",
    "if you wanted something to {}",
)
_TRAIT_FRAMES: Final = (
    "the thing that {}",
    "what {}",
    "something that {}",
    "the object that {}",
    "whatever {}",
    "which thing {}",
    "the one that {}",
    "that which {}",
    "the item in the room that {}",
    "anything that {}",
)
_ACTIVITY_FRAMES: Final = (
    "something for {}",
    "the thing for {}",
    "what is meant for {}",
    "what is used for {}",
    "the object for {}",
    "what is good for {}",
    "an item for {}",
    "the best thing here for {}",
    "what serves for {}",
)


def use_texts(kind: str) -> list[str]:
    """Every wording by use of a kind: composed from frames, and written whole."""
    out = [frame.format(use) for use in USES[kind] for frame in _USE_FRAMES]
    out += [frame.format(trait) for trait in TRAITS[kind] for frame in _TRAIT_FRAMES]
    out += [frame.format(activity) for activity in ACTIVITIES[kind] for frame in _ACTIVITY_FRAMES]
    return [*out, *free_uses()[kind]]


def _use(scene: Scene, view: View, rng: Generator) -> Iterator[Expression]:
    for kind in KINDS:
        found, more = _of_kinds(scene, view, {kind})
        if not found or more:
            continue
        texts = use_texts(kind)
        for k in rng.integers(len(texts), size=3):
            yield Expression(texts[int(k)], tuple(found), "use")
    for text, kinds in USE_GENERIC:
        found, more = _of_kinds(scene, view, kinds)
        if found and not more and rng.random() < 0.4:
            yield Expression(text, tuple(found), "use")


# ---- the whole ------------------------------------------------------------------------------------------


def expressions(scene: Scene, rendered: Rendered, rng: Generator) -> list[Expression]:
    """Unambiguous expressions of all four groups for a rendered full picture; rng chooses among wordings."""
    view = view_of(scene, rendered)
    out: dict[str, Expression] = {}
    clash: set[str] = set()
    for make in (_plain, _attribute, _place, _use):
        for expression in make(scene, view, rng):
            known = out.setdefault(expression.text, expression)
            if set(known.indices) != set(expression.indices):
                clash.add(expression.text)
    return [expression for text, expression in out.items() if text not in clash]


@dataclass(frozen=True)
class Absent:
    """A text that is true of nothing in the picture. hard: the kind is there, but none that looks so."""

    text: str
    kind: str
    hard: bool


_CONFUSED: Final[dict[str, frozenset[str]]] = {
    "chair": frozenset({"armchair"}),
    "armchair": frozenset({"chair", "sofa"}),
    "ottoman": frozenset({"basket"}),
    "sofa": frozenset({"armchair"}),
    "picture": frozenset({"mirror"}),
    "bookshelf": frozenset({"cabinet"}),
    "cabinet": frozenset({"side table", "bookshelf"}),
    "side table": frozenset({"cabinet", "coffee table"}),
    "dining table": frozenset({"coffee table"}),
    "coffee table": frozenset({"dining table", "side table"}),
    "floor lamp": frozenset({"table lamp"}),
    "table lamp": frozenset({"floor lamp"}),
    "cushion": frozenset({"bed"}),
    "vase": frozenset({"basket"}),
}
"""A kind is only called absent by its plain names when none of these, that could pass for it, is there."""

OTHER_THINGS: Final = (
    "piano",
    "guitar",
    "bicycle",
    "fireplace",
    "door",
    "fridge",
    "oven",
    "sink",
    "bathtub",
    "chandelier",
    "computer",
    "umbrella",
    "horse",
    "parrot",
    "fish tank",
    "ladder",
    "car",
    "person",
    "baby",
    "suitcase",
    "telephone",
    "radiator",
    "staircase",
    "toilet",
    "washing machine",
    "violin",
    "ceiling fan",
    "statue",
    "coat rack",
    "balloon",
)
"""Things that no drawn room has."""


def absent_phrases(scene: Scene, rng: Generator, rendered: Rendered | None = None) -> list[Absent]:
    """Texts true of nothing in the picture: kinds that are not there, and looks that none of a kind has.

    Without `rendered` every present thing counts as seen; with it, a thing of which no pixel shows is absent.
    """
    seen = set(scene.present()) if rendered is None else {int(i) for i in np.unique(rendered.ids)}
    kinds = {scene.things[i].kind for i in seen}
    out: list[Absent] = []
    for kind in KINDS[2:]:
        if kind not in kinds:
            rivals = _CONFUSED.get(kind, frozenset()) & kinds
            names = _names(kind) if not rivals else (noun_of(kind),)
            name = _pick(names, rng)
            if not any(r in kinds for r in RIVALS.get(name, frozenset())):
                out.append(Absent(_pick((f"the {name}", name, f"the {name}"), rng), kind, False))
            look = _random_look(kind, rng)
            if look:
                out.append(Absent(f"the {look} {noun_of(kind)}", kind, False))
            if not rivals:
                out.append(Absent(_pick(use_texts(kind), rng), kind, False))
    for kind in sorted(kinds):
        things = [scene.things[i] for i in seen if scene.things[i].kind == kind]
        for _ in range(2):
            look = _random_look(kind, rng)
            if look and not any(_nearly(thing, look) for thing in things):
                name = _pick((noun_of(kind), *SYNONYMS[kind]), rng)
                if not any(r in kinds for r in RIVALS.get(name, frozenset())):
                    out.append(Absent(f"the {look} {name}", kind, True))
    for k in rng.permutation(len(OTHER_THINGS))[:4]:
        out.append(Absent(f"the {OTHER_THINGS[int(k)]}", OTHER_THINGS[int(k)], False))
    return out


def _random_look(kind: str, rng: Generator) -> str:
    """Colour, material, or both, that a kind could have; may be empty."""
    materials, colours = KIND_MATERIALS[kind], KIND_COLOURS[kind]
    material = _pick(materials, rng) if materials else None
    own = material in OWN_COLOUR
    colour = None if own or not colours else _pick(colours, rng)
    what = rng.random()
    return look_words(
        Thing(kind, colour, material), colour=what < 0.75 or material is None, material=what > 0.4 or own
    )


_ALIKE: Final = (
    {"brown", "walnut", "oak", "rattan", "beige", "brass", "yellow", "orange", "leather"},
    {"black", "black metal", "navy", "grey", "dark green"},
    {"white", "marble", "glass", "light blue", "beige", "grey", "concrete"},
    {"red", "brick", "orange", "brown", "pink"},
    {"teal", "green", "dark green"},
    {"blue", "navy", "purple"},
)


def _nearly(thing: Thing, look: str) -> bool:
    """Whether the words are true of the thing, or near enough to argue about."""
    if _looks(thing, look):
        return True
    words = {w for w in (thing.colour, thing.material) if w}
    if look in COLOURS or look in OWN_COLOUR:
        own = {thing.colour} if thing.colour else words
        return any(look in group and group & own for group in _ALIKE)
    return False
