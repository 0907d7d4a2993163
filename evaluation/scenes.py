"""The rooms that are measured on, and single wanted edits of them with their true pictures.

Training draws its rooms from seeds below 2³¹; everything here comes from seeds above that, so no room of a
measure was ever trained on. A case is drawn from its number alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pocket import rooms
from pocket.rooms.edits import dependants
from pocket.rooms.expressions import noun_of
from tools.inpainting.geometry import paint_mask
from tools.kinds import Kind

FIRST_SEED: Final = 2**31
"""The first scene seed of the measures. Whoever trains stays below it."""

JUDGE_SEED: Final = 2**33
"""The first scene seed that the judge of materials is trained on: not those of the measures, either."""

SEGMENT_SIZE: Final = (512, 384)
PAINT_SIZE: Final = (768, 576)
"""Sizes (width, height) of the pictures that the segmenter and the painters are measured on."""

Task = Literal["colour", "material", "replace", "remove", "add"]
TASKS: Final[tuple[Task, ...]] = (
    "colour", "material", "replace", "colour", "material", "remove", "colour", "material", "replace",
    "remove", "colour", "material", "add",
)  # fmt: skip
"""The tasks of successive cases: restyling is the most frequent wish."""

KINDS_OF: Final[dict[Task, Kind]] = {
    "colour": "restyle",
    "material": "restyle",
    "replace": "replace",
    "remove": "remove",
    "add": "add",
}

LEAST_SHARE: Final = 0.008
"""The smallest things that are edited, as a share of the picture."""

_TRIES: Final = 1000
_KINDS_TRIED: Final = 8
_INSIDE: Final = 0.8
_LEAST_NEW: Final = 0.2


@dataclass(frozen=True)
class Case:
    """One wanted edit: the room before, the room as it should be, and what is asked in words.

    ``index`` is the thing in ``after`` (and in ``before``, but for "add"). ``colour`` and ``material`` are
    what the prompt asks for, None where it asks for none.
    """

    number: int
    task: Task
    before: rooms.Scene
    after: rooms.Scene
    index: int
    prompt: str
    colour: str | None = None
    material: str | None = None

    @property
    def kind(self) -> Kind:
        """The kind of edit."""
        return KINDS_OF[self.task]

    @cached_property
    def truth(self) -> rooms.Rendered:
        """The true picture of the wanted change, at ``PAINT_SIZE``."""
        return rooms.render(self.after, PAINT_SIZE)

    @cached_property
    def given(self) -> rooms.Rendered:
        """The picture as it is, at ``PAINT_SIZE``."""
        return rooms.render(self.before, PAINT_SIZE)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The thing's true mask, bool (H, W): as it is, or where it should come to be."""
        return rooms.mask(self.truth if self.task == "add" else self.given, self.index)

    @property
    def name(self) -> str:
        """How the thing that is there before the edit is spoken of: "the sofa"."""
        return f"the {noun_of(self.before.things[self.index].kind)}"

    @property
    def new_name(self) -> str:
        """How the thing that is there after the edit is spoken of."""
        return f"the {noun_of(self.after.things[self.index].kind)}"


def draw_case(number: int, task: Task | None = None) -> Case:
    """The case of a number; its task is the number's turn in ``TASKS`` unless it is given."""
    wanted = task or TASKS[number % len(TASKS)]
    for attempt in range(_TRIES):
        seed = FIRST_SEED + number * _TRIES + attempt
        case = _case(number, wanted, rooms.make_scene(seed), np.random.default_rng([seed, 91]))
        if case is not None:
            return case
    raise RuntimeError(f"No room of case {number} allows the task {wanted}.")


def clear_things(scene: rooms.Scene, least: float = LEAST_SHARE) -> list[int]:
    """The things, floor and wall among them, that are large enough and not mostly hidden."""
    view = rooms.view_of(scene, rooms.render(scene, (192, 144), supersample=1), share=least)
    return list(view.clear)


def _case(number: int, task: Task, scene: rooms.Scene, rng: np.random.Generator) -> Case | None:
    clear = clear_things(scene)
    movable = [
        i
        for i in clear
        if i not in (rooms.FLOOR, rooms.WALL) and not dependants(scene, i) and _only_one(scene, i)
    ]
    if task == "add":
        return _addition(number, scene, rng)
    if task in ("replace", "remove"):
        movable = [i for i in movable if scene.things[i].kind != "rug" or task == "remove"]
        if not movable:
            return None
        index = int(rng.choice(movable))
        if task == "remove":
            return Case(number, task, scene, rooms.remove(scene, index), index, "")
        return _replacement(number, scene, index, rng)
    # The floor and the wall are in every picture; each thing else is in some.
    choices = [i for i in clear if _only_one(scene, i) and (i > rooms.WALL or rng.random() < 0.3)]
    if not choices:
        return None
    return _restyling(number, task, scene, int(rng.choice(choices)), rng)


def _restyling(
    number: int, task: Task, scene: rooms.Scene, index: int, rng: np.random.Generator
) -> Case | None:
    thing = scene.things[index]
    if task == "colour":
        if thing.colour is None or len(rooms.KIND_COLOURS[thing.kind]) < len(rooms.COLOURS):
            return None
        colour = _other(rooms.COLOURS, thing.colour, rng)
        after = rooms.restyle(scene, index, colour=colour, keep_second=True)
        prompt = rooms.phrase(after.things[index], material=False)
        return Case(number, task, scene, after, index, prompt, colour=colour)
    spoken = [m for m in rooms.KIND_MATERIALS[thing.kind] if m != "painted"]
    if not spoken or spoken == [thing.material]:
        return None
    material = _other(spoken, thing.material, rng)
    after = rooms.restyle(scene, index, material=material)
    prompt = rooms.phrase(after.things[index], colour=False)
    return Case(number, task, scene, after, index, prompt, material=material)


def _replacement(number: int, scene: rooms.Scene, index: int, rng: np.random.Generator) -> Case | None:
    old = scene.things[index]
    hangs = old.kind in rooms.WALL_KINDS
    there = {scene.things[i].kind for i in scene.present()}
    kinds = [
        kind
        for kind in rooms.KINDS
        if (kind in rooms.WALL_KINDS) == hangs and kind not in there and kind not in ("floor", "wall", "rug")
    ]
    if not kinds:
        return None
    for kind in rng.permutation(kinds)[:_KINDS_TRIED]:
        colour, material = _look(str(kind), rng)
        after = rooms.replace(scene, index, str(kind), colour, material, int(rng.integers(2**31)))
        if has_room(scene, after, index):
            prompt = rooms.phrase(after.things[index])
            return Case(number, "replace", scene, after, index, prompt, colour=_asked(str(kind), colour))
    return None


def has_room(before: rooms.Scene, after: rooms.Scene, index: int) -> bool:
    """Whether what takes a thing's place can be seen where the thing's mask lets a painter paint.

    The true new thing must lie there for ``_INSIDE`` of its visible part, and be no speck in it: otherwise
    the picture that is compared with is one that nobody could paint.
    """
    size = (192, 144)
    old = rooms.mask(rooms.render(before, size, supersample=1), index)
    new = rooms.mask(rooms.render(after, size, supersample=1), index)
    if not old.any() or new.sum() < _LEAST_NEW * old.sum():
        return False
    return bool((new & paint_mask(old, "replace")).sum() >= _INSIDE * new.sum())


def _addition(number: int, scene: rooms.Scene, rng: np.random.Generator) -> Case | None:
    there = {scene.things[i].kind for i in scene.present()}
    kinds = [kind for kind in rooms.KINDS[2:] if kind not in there]
    kind = str(rng.choice(kinds))
    colour, material = _look(kind, rng)
    try:
        after = rooms.add(scene, kind, colour, material, None, int(rng.integers(2**31)))
    except ValueError:  # no free place
        return None
    index = len(after.things) - 1
    if index not in clear_things(after):
        return None
    prompt = rooms.phrase(after.things[index])
    return Case(number, "add", scene, after, index, prompt, colour=_asked(kind, colour))


def _look(kind: str, rng: np.random.Generator) -> tuple[str | None, str | None]:
    """A look of a kind, preferably one with a colour that can be asked for."""
    for _ in range(4):
        look = rooms.pick_look(kind, rng)
        if look[0] is not None:
            break
    return look


def _asked(kind: str, colour: str | None) -> str | None:
    """The colour, if it is one of all sixteen that the kind can have."""
    return colour if len(rooms.KIND_COLOURS[kind]) == len(rooms.COLOURS) else None


def _other(words: object, than: str | None, rng: np.random.Generator) -> str:
    choices = [word for word in words if word != than]  # type: ignore[attr-defined]
    return str(choices[int(rng.integers(len(choices)))])


def _only_one(scene: rooms.Scene, index: int) -> bool:
    kind = scene.things[index].kind
    return sum(scene.things[i].kind == kind for i in scene.present()) == 1


def held_out(count: int) -> Iterator[tuple[int, rooms.Scene]]:
    """``count`` rooms of the measures with their seeds, for whatever needs no edit."""
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        yield seed, rooms.make_scene(seed)
