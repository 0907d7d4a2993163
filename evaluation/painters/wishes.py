"""Plain sentences for whole turns, each with the room that it is said about and what should come of it.

Half of them were written by hand, word by word; a room is looked for in which the sentence makes sense (one
such thing in clear view). The other half is put together from a few templates about an edit that was drawn by
chance. Neither is from what the models were trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from evaluation.scenes import FIRST_SEED, PAINT_SIZE, Case, clear_things, draw_case, has_room
from pocket import rooms
from pocket.rooms.edits import dependants
from pocket.rooms.expressions import noun_of

_FIRST: Final = FIRST_SEED + 2**30
_SCENES: Final = 4000

Place = Literal["floor", "wall", "table"]


@dataclass(frozen=True)
class Change:
    """One change that a sentence asks for.

    ``of`` is the kind of thing that is changed ("" for "add"), ``into`` the kind that should be there
    afterwards ("" for "remove"). What the sentence leaves open is None. ``place`` says where something is
    added; ``by`` is the kind of thing beside or on which.
    """

    kind: Literal["restyle", "replace", "remove", "add"]
    of: str = ""
    into: str = ""
    colour: str | None = None
    material: str | None = None
    place: Place = "floor"
    by: str = ""


@dataclass(frozen=True)
class Wanted:
    """A change in a room: ``index`` is the thing in the room before (and after), or after it was added."""

    change: Change
    index: int


@dataclass(frozen=True)
class Wish:
    """A sentence, the room that it is said about, and the room as it should be."""

    number: int
    sentence: str
    before: rooms.Scene
    after: rooms.Scene
    wanted: tuple[Wanted, ...]

    @cached_property
    def given(self) -> rooms.Rendered:
        """The picture as it is, at ``PAINT_SIZE``."""
        return rooms.render(self.before, PAINT_SIZE)

    @cached_property
    def truth(self) -> rooms.Rendered:
        """The true picture of what is wanted."""
        return rooms.render(self.after, PAINT_SIZE)

    def mask(self, wanted: Wanted) -> NDArray[np.bool_]:
        """The true mask, bool (H, W), of what is changed; of something added, where it is in the true
        picture.
        """
        return rooms.mask(self.truth if wanted.change.kind == "add" else self.given, wanted.index)


def restyle(of: str, colour: str | None = None, material: str | None = None) -> Change:
    """A change of a surface."""
    return Change("restyle", of, of, colour, material)


def replace(of: str, into: str, colour: str | None = None, material: str | None = None) -> Change:
    """A change of one thing for another."""
    return Change("replace", of, into, colour, material)


def remove(of: str) -> Change:
    """A change that takes something away."""
    return Change("remove", of)


def add(
    into: str, place: Place, by: str = "", colour: str | None = None, material: str | None = None
) -> Change:
    """A change that brings something new."""
    return Change("add", "", into, colour, material, place, by)


BY_HAND: Final[tuple[tuple[str, tuple[Change, ...]], ...]] = (
    ("change the sofa to red leather", (restyle("sofa", "red", "leather"),)),
    ("Make the couch navy.", (restyle("sofa", "navy"),)),
    ("paint the wall light blue please", (restyle("wall", "light blue"),)),
    ("I would like a walnut floor", (restyle("floor", None, "walnut"),)),
    ("get rid of the plant", (remove("plant"),)),
    ("Replace the armchair with a big plant", (replace("armchair", "plant"),)),
    ("turn the rug purple", (restyle("rug", "purple"),)),
    ("put a cat on the floor", (add("cat", "floor"),)),
    ("the curtains should be dark green velvet", (restyle("curtain", "dark green", "velvet"),)),
    ("take away the floor lamp", (remove("floor lamp"),)),
    ("make the bed pink", (restyle("bed", "pink"),)),
    ("swap the dog for a cat", (replace("dog", "cat"),)),
    ("Could you make the ottoman yellow?", (restyle("ottoman", "yellow"),)),
    ("make the sofa green and the rug orange", (restyle("sofa", "green"), restyle("rug", "orange"))),
    ("cover the armchair in brown leather", (restyle("armchair", "brown", "leather"),)),
    ("delete the picture", (remove("picture"),)),
    ("a brick wall would be nice", (restyle("wall", None, "brick"),)),
    ("hang a clock on the wall", (add("clock", "wall"),)),
    ("the coffee table should be made of marble", (restyle("coffee table", None, "marble"),)),
    ("replace the cat with a dog", (replace("cat", "dog"),)),
    ("recolour the cabinet teal", (restyle("cabinet", "teal"),)),
    ("remove the mirror", (remove("mirror"),)),
    ("give the bookshelf a coat of white paint", (restyle("bookshelf", "white"),)),
    ("put a plant next to the sofa", (add("plant", "floor", "sofa"),)),
    ("make the armchair checked", (restyle("armchair", None, "checked"),)),
    ("turn the coffee table into an ottoman", (replace("coffee table", "ottoman"),)),
    ("lay tiles on the floor", (restyle("floor", None, "tile"),)),
    ("I want the vase to be blue", (restyle("vase", "blue"),)),
    ("please remove the dog from the picture", (remove("dog"),)),
    ("make the carpet striped", (restyle("rug", None, "striped"),)),
    ("make the wall beige and remove the mirror", (restyle("wall", "beige"), remove("mirror"))),
    ("exchange the vase for a table lamp", (replace("vase", "table lamp"),)),
    ("the dining table in black metal", (restyle("dining table", None, "black metal"),)),
    ("add a basket beside the armchair", (add("basket", "floor", "armchair"),)),
    ("colour the curtains orange", (restyle("curtain", "orange"),)),
    ("take the television out", (remove("television"),)),
    ("put a grey wool sofa there instead of the sofa", (restyle("sofa", "grey", "wool"),)),
    ("an oak cabinet, please", (restyle("cabinet", None, "oak"),)),
    ("erase the basket", (remove("basket"),)),
    ("put a vase on the cabinet", (add("vase", "table", "cabinet"),)),
    ("change the bed to striped linen in blue", (restyle("bed", "blue"),)),
    ("replace the floor lamp by a plant", (replace("floor lamp", "plant"),)),
    ("make the pouf rattan", (restyle("ottoman", None, "rattan"),)),
    ("make the sofa black, then the wall white", (restyle("sofa", "black"), restyle("wall", "white"))),
    ("get the cushion out of here", (remove("cushion"),)),
    ("the armchair in red, please", (restyle("armchair", "red"),)),
    ("add a red armchair", (add("armchair", "floor", "", "red"),)),
    ("make the floor light concrete", (restyle("floor", None, "concrete"),)),
)
"""Sentences written by hand, and what they ask for."""

_VERBS: Final = {
    "colour": (
        "make the {old} {look}",
        "I'd like the {old} in {look}",
        "change the colour of the {old} to {look}",
        "please paint the {old} {look}",
        "the {old} should be {look}",
    ),
    "material": (
        "make the {old} out of {look}",
        "I want {article} {look} {old}",
        "turn the {old} into {article} {look} {old}",
        "change the {old} to {look}",
        "let the {old} be {look}",
    ),
    "replace": (
        "replace the {old} with {new}",
        "swap the {old} for {new}",
        "I want {new} instead of the {old}",
        "turn the {old} into {new}",
    ),
    "remove": ("remove the {old}", "take the {old} away", "get rid of the {old}", "please delete the {old}"),
    "add": ("add {new} {place}", "put {new} {place}", "I'd like {new} {place}"),
}
_PLACES: Final = {"floor": "on the floor", "wall": "on the wall", "table": "on the {by}"}
_NAMES: Final = {
    "sofa": ("sofa", "couch"),
    "rug": ("rug", "carpet"),
    "curtain": ("curtains",),
    "television": ("television", "tv"),
    "picture": ("picture", "painting"),
    "bookshelf": ("bookshelf", "bookcase"),
    "cabinet": ("cabinet", "sideboard"),
}


def draw_wish(number: int) -> Wish:
    """The wish of a number: even ones were written by hand, in turn; odd ones are made from templates."""
    if number % 2:
        return _from_case(number)
    sentence, changes = BY_HAND[number // 2 % len(BY_HAND)]
    for seed in range(_FIRST + number * _SCENES, _FIRST + (number + 1) * _SCENES):
        scene = rooms.make_scene(seed)
        wish = _wish(number, sentence, changes, scene)
        if wish is not None:
            return wish
    raise RuntimeError(f"No room was found for “{sentence}”.")


def _wish(number: int, sentence: str, changes: Sequence[Change], scene: rooms.Scene) -> Wish | None:
    """The wish in a room, None where it makes no sense."""
    kinds = [scene.things[i].kind for i in scene.present()]
    named = [kind for change in changes for kind in (change.of, change.by) if kind]
    if any(kinds.count(kind) != 1 for kind in named):
        return None
    if any(change.into in kinds for change in changes if change.kind in ("add", "replace")):
        return None
    clear = {scene.things[i].kind: i for i in clear_things(scene, 0.012)}
    if any(kind not in clear for kind in named):
        return None
    after = scene
    wanted = []
    for change in changes:
        made = _changed(after, change, clear.get(change.of, -1), scene.seed)
        if made is None:
            return None
        after, index = made
        wanted.append(Wanted(change, index))
    return Wish(number, sentence, scene, after, tuple(wanted))


def _changed(scene: rooms.Scene, change: Change, index: int, seed: int) -> tuple[rooms.Scene, int] | None:
    """The room after one change, and the thing's index there."""
    rng = np.random.default_rng([seed, 94])
    if change.kind == "restyle":
        thing = scene.things[index]
        if change.colour == thing.colour and change.material in (None, thing.material):
            return None
        if change.material is not None and change.material == thing.material:
            return None
        if change.colour is not None and change.material is None and thing.colour is None:
            return None  # an oak table in red: of what, is left open
        after = rooms.restyle(scene, index, colour=change.colour, material=change.material, keep_second=True)
        return after, index
    if change.kind != "add" and dependants(scene, index):
        return None
    if change.kind == "remove":
        return rooms.remove(scene, index), index
    colour, material = _look(change, rng)
    if change.kind == "replace":
        made = rooms.replace(scene, index, change.into, colour, material, int(rng.integers(2**31)))
        return (made, index) if has_room(scene, made, index) else None
    try:
        made = rooms.add(scene, change.into, colour, material, change.place, int(rng.integers(2**31)))
    except ValueError:
        return None
    return made, len(made.things) - 1


def _look(change: Change, rng: np.random.Generator) -> tuple[str | None, str | None]:
    """A look that fits what the sentence says of it."""
    for _ in range(200):
        colour, material = rooms.pick_look(change.into, rng)
        if change.material in (None, material) and change.colour in (None, colour):
            return colour, material
    raise ValueError(f"A {change.into} cannot be {change.colour} and of {change.material}.")


def _from_case(number: int) -> Wish:
    case = draw_case(10**6 + number, _TASKS[number // 2 % len(_TASKS)])
    rng = np.random.default_rng([number, 95])
    new = case.after.things[case.index]
    change = Change(
        case.kind,
        "" if case.task == "add" else case.before.things[case.index].kind,
        "" if case.task == "remove" else new.kind,
        case.colour,
        case.material,
        _place_of(case) if case.task == "add" else "floor",
        case.after.things[new.on].kind if case.task == "add" and new.on > rooms.WALL else "",
    )
    forms = _VERBS[case.task]
    material = {"tile": "tiled"}.get(case.material or "", case.material or "")
    look = case.colour if case.task == "colour" else material
    new_words = rooms.phrase(new) if case.task in ("replace", "add") else ""
    sentence = forms[int(rng.integers(len(forms)))].format(
        old=_name(change.of, rng) if change.of else "",
        look=look,
        article="an" if look and look[0] in "aeio" else "a",
        new=new_words.replace("painted ", ""),
        place=_PLACES[change.place].format(by=noun_of(change.by) if change.by else ""),
    )
    if noun_of(change.of or "sofa").endswith("s"):  # curtains
        sentence = sentence.replace("a curtains", "curtains").replace(" into a ", " into ")
    return Wish(number, sentence, case.before, case.after, (Wanted(change, case.index),))


_TASKS: Final = ("colour", "material", "replace", "colour", "remove", "material", "colour", "remove", "add")


def _place_of(case: Case) -> Place:
    on = case.after.things[case.index].on
    return "wall" if on == rooms.WALL else "floor" if on == rooms.FLOOR else "table"


def _name(kind: str, rng: np.random.Generator) -> str:
    names = _NAMES.get(kind, (kind,))
    return names[int(rng.integers(len(names)))]
