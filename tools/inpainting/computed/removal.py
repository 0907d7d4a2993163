"""Taking a thing out of a picture of a room by going on with what is behind it, surface by surface.

A segmenter tells where floor, walls and rug are in view. A box room is fitted to them (``room``), each
surface is laid flat, its light and the repeats of its pattern are found (``surfaces``), and the hole gets
the pattern from whole repeats away under the light of its place, or patches of its texture (``texture``). A
shadow or a lamp's shine around the thing is taken away by a gain, so that the texture under it stays. What it
stood on, and what is seen beside it, is gone on with (``amodal_completion``); nothing else behind it is
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import Delaunay, KDTree, QhullError

from sessions.compose import Box, Patch
from tools import errors
from tools import room_box as rooms
from tools.inpainting.base import Capabilities, Doubtful, MaskedEdit
from tools.inpainting.computed import amodal_completion, boards, panels, stone, surfaces, texture, walls
from tools.inpainting.computed import rug as rugs
from tools.inpainting.computed.surfaces import F32, Laid, Mask
from tools.language.colours import oklab
from tools.language.object_sizes import noun_in, thing_in
from tools.language.referring import plural
from tools.room_box import F64, Room
from tools.segmenting.base import CancelCheck, Segmenter, find, never

RUG = 4
"""The rug, beside the surfaces of ``room``; it lies in the floor's plane."""

SURE = 0.85
"""From this confidence on nothing is said about it: 0.96 of such are right, and 0.86 have no more than a
quarter of the thing's error; of what is done with less it is 0.77 and 0.45."""

LEAST = 0.4
"""Below this confidence nothing is removed. Of 630 removals in 320 rooms 0.70 pass, 0.88 of these right; of
the 59 between this and 0.6 38 (docs/removal.md)."""

OFFERED = 0.2
"""With less confidence a removal is not even offered. Of those 630, 43 lay between the limits, 19 of them
right."""

TOO_POOR = "What came out is too poor to offer."
"""Said where "keep it" would take nothing worth it, since elsewhere that is offered."""

MARRED = 0.3
"""How sure a removal is at most that leaves a thing without its foot, or a gap: it is offered, not done."""

MAIMED = 0.7
"""Where more of a thing would be missing than this share of what is seen of it, that is no removal."""

SAME = (0.6, 0.8)
"""What covers more than these shares of another find, and is covered by it, is the same thing."""

TORN = 10.0
"""Levels: by so much what a thing on legs is gone on with may differ from it, or the thing is in shreds.
Of seven looked at, the one below this was a fifth as wrong as what hid it, five of those above as wrong."""

STOOD_ON = 0.5
"""A thing stands on another that is more than this share of what lies close below its foot."""

POLE = 0.3
"""What is narrower than this share of a floor lamp's width is its pole."""

BORNE = 0.7
"""What has more than this share of its lower outline on a thing goes with it. Of 170 things that stood or lay
on what was removed all but three have more of their foot on it, of what stands before it at most 0.65."""

CARRIED_ON = 0.6
"""What loses its foot with the thing is not left afloat where more than this share of what is below it is of
another thing that goes on there."""

KNOWN_BY_REPEATS = 0.4
"""A pattern that explains more than this share of its surface's variance tells what is hidden of it."""

VEINED = 0.6
"""Veins that seem to repeat explain less than this."""

WHITE = 0.1
"""Logarithms of a colour's channels within this are white or grey. Such stone may have many veins in view."""

NO_PATTERN = 0.15
"""One that explains less than this share is none: it is made of shadows and veins."""

PLAIN = 0.015
"""A surface has a texture where its pixels differ by more from those around them, as a logarithm."""

SHADED = (0.005, 0.03)
"""From the first on, as a logarithm, less light is taken for the thing's shadow, from the second on
wholly."""

NEARER = (0.4, 0.6)
"""Of the way from the thing to another one: up to the first a shadow is the thing's, from the second on it is
not."""

ON_FLOOR = (0.3, 0.5)
"""Heights of the camera from a thing's foot: its shadow on the floor fades from the first to the second."""

ON_WALL = (0.08, 0.16)
"""The same around what hangs on a wall, for its shadow there."""

UNDER = (0.05, 0.2)
"""So near another thing's foot a shadow on the floor is that thing's."""

IN_WALL = (0.03, 0.08)
"""The same around windows."""

AT_WALL = (0.15, 0.3)
"""The same around what stands against a wall."""

CAMERA = 1.5
"""How high cameras are held, in metres."""

AGAINST = 0.35
"""Heights of the camera from a wall: what stands with its foot farther off throws no shadow on it."""

DEEP = 1.3
"""So many times its usual width a thing may reach back from the nearest point of its foot."""

TAILED = 0.7
"""So much of that for an animal: its tail is seen high up, and would lie far back on the floor."""

SPREAD = 8
"""Pixels of a picture of 480 rows over which light on painted walls is gone on with."""

DARKER = 0.04
"""By no more than this, as a logarithm, a wall behind a thing is darker than by the room's light."""

FLAWS = 0.15
"""A painted surface: no more than this share of it is rougher than ``PLAIN``, with its edges and shadows."""

UNSHADED = 0.2
"""Boards lie in no shadow where they are lighter or darker than their surface by less, as a logarithm."""

DEEPEST = -1.1
"""What is darker than its surface by more than this, as a logarithm, is no shadow but a thing."""

BRIGHTER = 0.06
"""By so much more light, as a logarithm, other parts of a floor are lit while those farthest off are not."""

OUTSHONE = 0.1
"""By so much, as a logarithm, what lies close to the hole is brighter than what would be put into it."""

ONE_TINT = 0.4
"""Logarithms of ratios of a flat thing's channels within this are of one colour, lit differently."""

STRIPED = 0.5
"""A flat thing of one tint whose repeats explain more than this is striped, not shaded."""

NEIGHBOURS = (
    "sofa", "armchair", "chair", "ottoman", "coffee table", "dining table", "side table", "bed", "bookshelf",
    "cabinet", "floor lamp", "table lamp", "plant", "picture", "mirror", "clock", "window", "curtain",
    "cushion", "vase", "cat", "dog", "television", "basket",
)  # fmt: skip
"""What may stand on a thing, before it or behind it."""

_BOXY = ("sofa", "armchair", "ottoman", "bed", "cabinet", "bookshelf")
"""What is closed down to its legs, so that most of its lower edge is at one height."""

_OPEN = ("coffee table", "dining table", "chair")
"""What has legs in view, or a single foot, which no plane goes on with."""

_LONG = ("bed",)
"""What stands with its head against a wall and its foot far from it."""

_SLENDER = ("plant", "tree", "cat", "dog")
"""What is too thin, or stands too free, for a shadow on a wall."""

_FRAMED = ("picture", "mirror", "clock", "window")
"""What hangs on a wall and is alike on both sides."""

_EDGE = 6
"""Pixels of a picture of 480 rows from a thing within which another may have been given some of its own."""
_SURELY_ITS, _SEEN_STEP = 1.3, 0.02
"""Such pixels are nearer to the thing's colours so many times, and by so much in Oklab."""

_ANIMALS = ("cat", "dog")
_CARRIED = ("vase", "table lamp", "cushion", "cat")
_FLAT = ("rug", "carpet", "mat", "runner")
_BRIGHT = ("lamp", "light")
_EPS = surfaces.EPS


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Where floor, walls and rug are in view, bool (H, W), and other things by their names."""

    floor: Mask
    wall: Mask
    rug: Mask
    things: Mapping[str, Mask] = field(default_factory=dict)
    single: Sequence[tuple[str, Mask]] = ()
    """The same things one by one, each with its name, as far as they can be told apart."""


@dataclass(frozen=True, eq=False)
class Removed:
    """A removal: its patch, the thing's mask with what went with it, and how sure it is that this is right.

    ``confidence`` is in 0…1; ``doubt`` is what speaks most against it, in words. ``measures`` are what the
    confidence comes from: ``off`` is the error with which known pixels beside the hole were foretold, as a
    share of the change; ``behind`` the share of the thing behind which other things go on, ``strange`` that
    of its outline that borders on them, ``carried`` on what it stands or lies on; ``gone_on`` the share of it
    behind which such a thing was completed, ``under`` what it stands or lies on;
    ``missing`` the share of it behind which no surface is known;
    ``taken`` by how much its mask grew without what stood on it, as a share; ``floats`` whether it ends
    above the floor that it ought to stand on.
    """

    patch: Patch
    mask: Mask
    confidence: float
    doubt: str
    measures: dict[str, float]
    behind: Mask
    """Where in the mask other things go on."""
    footless: Sequence[Mask] = ()
    """What is bare below things that are left afloat or hang cut off, and where they go on in shreds."""

    def before(self, own: Mask) -> tuple[float, str]:
        """How sure it is, and the doubt, where something else will stand at ``own`` (H, W)."""
        shown = (float((own & ground).sum()) <= CARRIED_ON * float(ground.sum()) for ground in self.footless)
        if any(shown):
            return self.confidence, self.doubt
        area = max(int(self.mask.sum()), 1)
        bare = float((self.mask & ~own).sum()) / area  # what is wrong where something stands is not seen
        seen = {name: bare * self.measures[name] for name in ("off", "missing", "strange")}
        left = float((self.behind & ~own).sum()) / area
        return _judge({**self.measures, **seen, "behind": left})


class Removal:
    """Removes things from drawn rooms, and from what is much like them, by computing."""

    name = "removal"
    capabilities = Capabilities(kinds=("remove",))

    def __init__(self, segmenter: Segmenter) -> None:
        """``segmenter`` is asked for the floor, the wall and the rug."""
        self.segmenter = segmenter
        self.revision = f"10-{segmenter.revision}"

    def can(self, prompt: str, target: str) -> bool:  # noqa: ARG002 - whatever is to go
        """Whether it may be asked: always, it judges by the picture."""
        return True

    def compute(
        self, picture: NDArray[np.uint8], edit: MaskedEdit, *, cancelled: CancelCheck = never
    ) -> Patch:
        """Take what the mask covers out of an RGB picture (H, W, 3).

        ``edit.target`` says what it is. Raises ``Doubtful`` where the result may not be right (``likely``
        where it more often is), ``EngineError`` where it would hardly be,
        ``PictureError`` for a mask that is empty or of another size, ``Cancelled``.
        """
        if edit.mask.shape != picture.shape[:2] or not edit.mask.any():
            raise errors.PictureError(
                "The mask of the thing to remove is empty, or does not have the picture's size."
            )
        around = look_around(self.segmenter, picture, cancelled=cancelled)
        done = remove(
            picture,
            edit.mask,
            around,
            edit.target,
            wall_light=edit.wall_light,
            patches=edit.patches,
            own_shadow=edit.own_shadow,
            cancelled=cancelled,
        )
        sentence = f"I cannot take this away cleanly: {done.doubt}."
        if done.confidence < OFFERED:
            raise errors.EngineError(f"{sentence} {TOO_POOR}")
        if done.confidence < LEAST:
            raise Doubtful(sentence, done.patch)
        if done.confidence < SURE:
            raise Doubtful(sentence, done.patch, likely=True)
        return done.patch


def look_around(
    segmenter: Segmenter, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never
) -> Surroundings:
    """Ask a segmenter where floor, walls, rug and other things of an RGB picture (H, W, 3) are in view."""
    asked = ["the floor", "the wall", "the rug", *(f"all the {plural(name)}" for name in NEIGHBOURS)]
    found = find(segmenter, picture, asked, cancelled=cancelled)
    floor, wall, rug = (each.mask for each in found[:3])
    there = [(name, each) for name, each in zip(NEIGHBOURS, found[3:], strict=True) if each.present]
    things = {name: each.mask for name, each in there}
    single: list[tuple[str, Mask]] = []
    for name, each in there:
        for one in each.things or (each.mask,):  # an armchair is found as a chair, too
            if not any((one & other).sum() > 0.5 * one.sum() for _, other in single):
                single.append((name, one))
    return Surroundings(floor & ~rug, wall & ~rug & ~floor, rug, things, single)


def remove(
    picture: NDArray[np.uint8],
    mask: Mask,
    around: Surroundings,
    target: str = "",
    *,
    wall_light: bool = True,
    patches: bool = True,
    own_shadow: bool = True,
    cancelled: CancelCheck = never,
) -> Removed:
    """Take what ``mask`` (H, W) covers out of an RGB picture (H, W, 3), and judge the result.

    ``wall_light``: behind what hangs on a wall that wall's own light goes on (see ``walls``). ``patches``:
    what is behind it is made of patches where its repeats do not tell, and what it stands or lies on goes on
    under it. ``own_shadow``: the shadows of other things stay. All three are False only to repeat what was
    computed before. Raises
    ``EngineError`` when the picture shows no floor and no wall, or nothing of the mask is left by what
    stands on it; ``Cancelled``.
    """
    target = _as_found(target, mask, around)
    words = (noun_in(target) or target.lower()).split()  # "the vase on the rug" is no rug
    flat, shines = any(word in _FLAT for word in words), any(word in _BRIGHT for word in words)
    hung = wall_light and _hangs(target, mask, around.wall)
    height, width = mask.shape
    unit = height / 480
    seen = around.floor | around.wall | around.rug
    things = _others(mask, around.things)
    if flat:  # what stands on it stays
        for thing in things.values():
            mask = mask & ~_grown(thing, unit)
        if not mask.any():
            raise errors.EngineError("I cannot take this away cleanly: other things cover it.")
    else:
        mask = _whole(mask, around, things, thing_in(target)[0])
    named = np.logical_or.reduce([np.zeros_like(mask), *things.values()])
    other = ~(_grown(seen & ~named, 2 * unit) | mask) | (named & ~mask)
    strange = _bordered(mask, other, unit)
    asked = int(mask.sum())
    if not flat:
        mask = _with_company(mask, other, ~(seen | mask), things, unit)
        other &= ~mask
    company = np.logical_or.reduce([np.zeros_like(mask), *(thing & mask for thing in things.values())])
    taken = float((mask & ~_grown(company, 3 * unit)).sum()) / asked - 1
    things = {name: thing & ~mask for name, thing in things.items()}
    kept = np.logical_or.reduce([np.zeros_like(mask), *things.values()])
    if hung:  # of several pictures, this one was found, too
        kept &= ~np.logical_or.reduce(
            [mask, *(one for _, one in around.single if (one & mask).sum() > 0.5 * one.sum())]
        )
    if not flat and (edge := _left_at_its_edge(picture, mask, kept, unit)).any():
        mask, kept = mask | edge, kept & ~edge
        things = {name: thing & ~edge for name, thing in things.items()}
        around = replace(around, single=[(name, thing & ~edge) for name, thing in around.single])
    hole = _grown(mask, 5 * unit) & ~(kept & ~_grown(mask, 1.5 * unit))
    floor, wall, rug = (part & ~hole for part in (around.floor, around.wall, around.rug))
    if min(floor.sum(), wall.sum()) < 0.01 * mask.size:
        raise errors.EngineError("I see too little of the floor and the walls to know what is behind it.")
    room, wrong = rooms.fit(picture, floor, wall)
    _stop(cancelled)
    label = rooms.labels(room, width, height)
    ends = np.zeros_like(kept) if shines else kept  # a lamp's pole may have been missed
    floats = _floats(mask, label, target, ends, unit)
    if floats and shines and (stem := _stem(picture, mask, label == rooms.FLOOR, kept, unit)).any():
        mask = mask | stem
        floats = _floats(mask, label, target, ends, unit)
        hole |= _grown(stem, 2 * unit) & ~kept
        floor, wall, rug, other = (part & ~hole for part in (floor, wall, rug, other))
    if floats and shines and not _stem(picture, mask, kept, np.zeros_like(kept), unit).any():
        floats = _floats(mask, label, target, kept, unit)  # its foot is behind an armchair
    rows, columns = np.nonzero(mask)
    size = float(max(np.ptp(rows), np.ptp(columns)))
    distance = ndimage.distance_transform_edt(~hole)
    if not flat and (rug & (distance < 10 * unit + 0.12 * size)).any():
        label = _with_rug(room, label, floor, rug)
    out = picture.astype(np.float32)
    alpha = hole.copy()
    gone_on = np.zeros_like(hole)
    carriers, under = np.zeros_like(hole), np.zeros_like(hole)
    off_things, fronts, bare = 0.0, list[amodal_completion.Front](), list[Mask]()
    tops = own_shadow and (shines or thing_in(target)[1].stands == "top")
    foot, below = _foot(mask, unit)
    single = _single(around, things)
    unborne, footless = False, list[Mask]()
    upright = np.logical_or.reduce(  # what hangs is behind all that stands
        [np.zeros_like(mask), *(thing for name, thing in single if thing_in(name)[1].stands != "wall")]
    )
    if not flat:
        lowest = int(rows.max())
        for name, thing in _in_order(single):
            if np.flatnonzero(thing.any(axis=1))[-1] > lowest:  # it stands before, or carries it
                if thing_in(name)[1].stands == "wall":  # curtains before a window carry nothing
                    carriers |= thing
                    continue
                stands = tops and float((below & thing).sum()) > STOOD_ON * float(below.sum())
                free = hole & ~gone_on
                held = amodal_completion.under(picture, thing, mask, free, stands=stands) if patches else None
                unborne |= stands and (held is None or not (held.where & foot).any())
                if held is not None:
                    gone_on |= held.where
                    carriers |= thing
                    under |= held.where
                    alpha |= held.where
                    out[held.where] = held.values
                    off_things += held.off * float(held.where.sum())
                continue
            back: amodal_completion.Behind | None = None
            if patches and name in _FRAMED:
                before = np.logical_or.reduce(
                    [np.zeros_like(hole), *(other for _, other in single if other is not thing)]
                )
                back = amodal_completion.mirrored(
                    picture, thing, hole & ~gone_on, before, room, upright=name == "window"
                )
                if back is None:
                    back = amodal_completion.framed(picture, thing, hole & ~gone_on, before, room)
            flat_front = name not in _SLENDER or not patches
            if back is None and flat_front:  # which can be gone on with
                back = amodal_completion.go_on(
                    picture,
                    thing,
                    hole & ~gone_on,
                    floor | rug,
                    wall,
                    room,
                    stands=thing_in(name)[1].stands == "floor",
                    boxy=name in _BOXY,
                    panels=patches and name == "curtain",
                )
            if back is not None and name in _OPEN and back.off > TORN:
                bare.append(back.where)
            if back is None and _is_left_afloat(name, thing, hole, label, upright, unit):
                footless.append(thing)
            if name == "curtain" and patches:
                left = hole & ~back.where if back is not None else hole
                cut = amodal_completion.cut_off(thing & ~hole, left, floor | rug | wall, room)
                bare += [_foot(each, unit)[1] & left for each in cut]
            if back is not None:
                gone_on |= back.where
                fronts += [back.front] if back.front is not None else []
                out[back.where] = back.values
                off_things += back.off * float(back.where.sum())
    grounds = [_foot(thing, unit)[1] & hole for thing in footless]
    # a cat on a bed stands there where the bed goes on
    bare += [each for each in grounds if float((each & gone_on).sum()) <= CARRIED_ON * float(each.sum())]
    apart = _grown(kept, 2 * unit) | (other & ~_grown(mask, 8 * unit))
    scene = _Scene(
        picture,
        mask,
        hole,
        other,
        gone_on,
        fronts,
        kept,
        apart,
        distance,
        size,
        unit,
        flat,
        shines,
        patches,
        own_shadow,
        _width(target),
        thing_in(target)[1].height / CAMERA,
        [each for each in single if thing_in(each[0])[1].stands == "floor"],
        thing_in(target)[0],
        "wall" if _hangs(target, mask, around.wall) else _stands(target, below, floor | rug),
    )
    known = {rooms.FLOOR: floor, rooms.BACK: wall, rooms.LEFT: wall, rooms.RIGHT: wall, RUG: rug}
    off, missing = off_things, 0
    for surface, visible in known.items():
        _stop(cancelled)
        here = label == surface
        need = int((hole & here & ~gone_on).sum())
        if need < 12 * unit * unit:
            continue
        wide, up_to_hole = (
            ndimage.binary_erosion(each, iterations=max(1, round(3 * unit)), border_value=1)
            for each in (visible, visible | (hole & here))
        )
        sure = wide & here
        if sure.sum() < 150 * unit * unit:
            missing += need
            continue
        if hung and surface not in (rooms.FLOOR, RUG):
            filled = _fill_hung(scene, room, surface, here, sure)
        else:
            closer = up_to_hole & visible & here & _grown(wide, 4 * unit) if surface != RUG else None
            filled = _fill(scene, room, surface, here, sure, closer)
        out[filled.where] = filled.values
        alpha |= filled.where
        off += filled.off * need
    out = np.clip(np.round(out), 0, 255)
    change = float(np.abs(out - picture)[mask].mean())
    total = float(hole.sum())
    behind, maimed = _covered(mask, things, unit, gone_on)
    measures = {
        "off": off / total / max(change, 1.0),
        "strange": max(strange, _bordered(mask, other, unit)),
        "carried": _bordered(mask, other & carriers, unit),
        "taken": taken,
        "missing": missing / total,
        "wrong": wrong,
        "flat": float(flat),
        "change": change,
        "behind": 1.0 if bare or (maimed > MAIMED and not flat) else float(behind.sum() / mask.sum()),
        "gone_on": float((gone_on & mask).sum() / mask.sum()),
        "under": float((under & mask).sum() / mask.sum()),
        "floats": floats,
        "unborne": float(unborne),
    }
    confidence, doubt = _judge(measures)
    patch = _patch(out, mask, alpha, unit)
    return Removed(patch, mask, confidence, doubt, measures, behind, bare)


@dataclass(frozen=True, eq=False)
class _Scene:
    """What the surfaces have in common; ``unit`` is a pixel of a picture of 480 rows."""

    picture: NDArray[np.uint8]
    mask: Mask
    hole: Mask
    other: Mask
    gone_on: Mask
    fronts: Sequence[amodal_completion.Front]
    kept: Mask
    apart: Mask
    distance: F64
    size: float
    unit: float
    flat: bool
    shines: bool
    patches: bool
    own_shadow: bool
    wide: float
    tall: float
    """How wide and how tall such a thing usually is, in heights of the camera."""
    standing: Sequence[tuple[str, Mask]]
    """The other things that stand on the floor, one by one, with their names."""
    name: str
    stands: str
    """Where such a thing belongs: on the floor, on top of something, on the wall, or flat on the floor."""

    @property
    def bulb(self) -> tuple[int, int]:
        """The row and column of what is brightest of a lamp: the upper part of it."""
        rows, columns = np.nonzero(self.mask)
        top = rows <= rows.min() + 0.25 * np.ptp(rows)
        return int(rows[top].mean()), int(np.median(columns[top]))

    @cached_property
    def to_others(self) -> F64:
        """How far each pixel is from other things, in pixels (H, W)."""
        if not self.apart.any():
            return np.full(self.apart.shape, np.inf)
        return np.asarray(ndimage.distance_transform_edt(~self.apart))

    @cached_property
    def nearer(self) -> F64:
        """How far on the way from the thing to another one each pixel is, 0…1 (H, W)."""
        if not self.apart.any():
            return np.zeros(self.apart.shape)
        return np.asarray(self.distance / np.maximum(self.distance + self.to_others, 1.0))


@dataclass(frozen=True, eq=False)
class _Filled:
    """The new colours (n, 3) of the pixels ``where`` (H, W), and how far off known ones beside would be."""

    where: Mask
    values: F32
    off: float


@dataclass(frozen=True, eq=False)
class _Known:
    """A surface's light, ``base``, and what its pixels are beside it, ``plain``, with what repeats in that.

    Logarithms: of the picture, ``logs``; ``middle`` (3,) is the surface's usual colour; ``lit`` is where the
    light was measured. All of it is without the thing's own ``shine``.
    """

    image: F32
    shine: F64
    logs: F32
    base: F64
    lit: Mask
    plain: F32
    middle: F32
    pattern: surfaces.Lattice


def _known(scene: _Scene, room: Room, surface: int, sure: Mask, reach: float) -> _Known:
    """A surface's light and pattern, by the pixels of it that are ``sure`` (H, W)."""
    distance, unit = scene.distance, scene.unit
    height, width = sure.shape
    plane = surfaces.lay(room, rooms.FLOOR if surface == RUG else surface, width, height)
    image = scene.picture.astype(np.float32)
    logs = np.log(image + _EPS)
    shine = np.zeros(sure.shape)
    if scene.shines and scene.own_shadow and surface not in (rooms.FLOOR, RUG):
        near = sure & (distance > 3 * unit)
        shine = surfaces.shine(plane, surfaces.evened(logs, np.zeros_like(plane.u), near), near, scene.bulb)
        image = ((image + _EPS) * np.exp(-shine)[..., None] - _EPS).astype(np.float32)
        logs = logs - shine[..., None].astype(np.float32)
    # a thing's shadow may cover most of the rug that it stands on: then what is farthest off tells the light
    lit = sure & (distance > min(reach, float(np.percentile(distance[sure], 75))))
    base = surfaces.light(plane, surfaces.evened(logs, np.zeros_like(plane.u), lit), lit)
    base += surfaces.light(plane, surfaces.evened(logs, base, lit), lit)
    if reach and surface in (rooms.FLOOR, RUG):
        # what lies farthest off may be in a shadow of its own: nothing but a shadow makes a floor darker
        level = surfaces.spread_in(surfaces.evened(logs, base, sure), sure, 12 * unit)
        if np.percentile(level[sure], 75) - np.median(level[lit]) > BRIGHTER:
            lit = sure & (level >= np.percentile(level[sure], 60))
            base = surfaces.light(plane, surfaces.evened(logs, np.zeros_like(plane.u), lit), lit)
            base += surfaces.light(plane, surfaces.evened(logs, base, lit), lit)
    rest = surfaces.evened(logs, base, sure)
    plain = logs - base[..., None]
    middle = np.median(plain[lit], axis=0)
    plain = np.clip(plain - middle, -3, 3).astype(np.float32)
    even = sure & (distance > reach) & (np.abs(surfaces.spread_in(rest, sure, 10 * unit)) < 0.15)
    even = even if even.sum() > 0.3 * sure.sum() else sure
    # the few long repeats of a rug would be shadows
    pattern = surfaces.lattice(plane, plain, even, 0.35 if surface == RUG else 1.0)
    return _Known(image, shine, logs, base, lit, plain, middle, pattern)


@dataclass(frozen=True, eq=False)
class _Repeated:
    """What can be foretold of a surface by what repeats on it: its ``mean`` (H, W, 3), a logarithm beside the
    surface's light.

    ``paint`` says that it is painted and shows nothing but light, ``textured`` that it is not plain,
    ``patterned`` that ``pattern`` is more than shadows and veins. ``exact`` says that the mean is all that is
    to be seen, ``veined`` that it is veins of stone, which are a guess where they are hidden. ``rows`` are
    its boards, and ``marks`` (H, W, 3) the joints and holes of its panels, 0 where there are none.
    """

    pattern: surfaces.Lattice
    mean: F32
    paint: bool
    textured: bool
    patterned: bool
    exact: bool
    rows: boards.Boards | None
    marks: F32
    veined: bool = False


def _repeated(scene: _Scene, own: _Known, sure: Mask, closer: Mask | None, part: Mask) -> _Repeated:
    """What repeats on a surface by its pixels that are ``sure``, to foretell a ``part`` (H, W) of it; the
    veins of a floor by those that are ``closer``.
    """
    plain, pattern, unit = own.plain, own.pattern, scene.unit
    none = np.zeros_like(plain)
    bright = plain.mean(axis=2).astype(np.float64)
    rough = np.abs(plain - surfaces.spread_in(bright, sure, 4 * unit)[..., None]).mean(axis=2)[sure]
    paint = scene.own_shadow and float((rough > PLAIN).mean()) < FLAWS
    roughness = float(np.median(rough))
    textured = roughness > PLAIN
    # what seems to repeat in paint is light and shade, and so is a little of marble
    patterned = not paint and (scene.flat or not scene.patches or pattern.share >= NO_PATTERN)

    def mean_of(lattice: surfaces.Lattice) -> F32:
        at = lattice.laid
        return surfaces.phase_mean(lattice, at.u.ravel(), at.v.ravel()).reshape(plain.shape)

    if scene.patches and patterned and pattern.share >= KNOWN_BY_REPEATS:
        pieces = walls.repeats(pattern, plain, scene.mask, sure, part, unit)
        if pieces is not None:
            mean = (pieces.mean + pieces.tones[..., None]).astype(np.float32)
            return _Repeated(pieces.pattern, mean, paint, textured, patterned, True, None, none)
    if scene.patches and textured and pattern.share < KNOWN_BY_REPEATS:
        rows = boards.boards(pattern.laid, bright, sure, unit)
        if rows is not None:
            mean = np.repeat(rows.usual(bright, sure & own.lit)[..., None], 3, axis=2).astype(np.float32)
            return _Repeated(pattern, mean, paint, textured, patterned, False, rows, none)
        lined = panels.panels(pattern.laid, plain, sure, unit)
        if lined is not None:
            marks = mean_of(lined)
            return _Repeated(lined, marks, paint, textured, True, False, None, marks)
    white = float(np.ptp(own.middle)) < WHITE and roughness < 2 * PLAIN
    on_floor = pattern.laid.surface == rooms.FLOOR
    if (
        scene.patches
        and closer is not None
        and on_floor
        and pattern.share < VEINED
        and (white or not textured)
    ):
        found = stone.veins(plain, closer, unit)
        if found is not None:
            mean = found.marks(stone.gone_on(pattern.laid, found.dark, closer, part, unit))
            return _Repeated(pattern, mean, False, False, False, True, None, none, veined=True)
    return _Repeated(
        pattern, mean_of(pattern) if patterned else none, paint, textured, patterned, False, None, none
    )


def _fill(scene: _Scene, room: Room, surface: int, here: Mask, sure: Mask, closer: Mask | None) -> _Filled:
    """Go on with one surface under the hole, and take the thing's shadow off it.

    What is ``sure`` of it keeps away from all edges, what is ``closer``, but for rugs, not from the hole's.
    """
    hole, distance, unit = scene.hole, scene.distance, scene.unit
    part = hole & here & ~scene.gone_on
    reach = 0.0 if scene.flat else 10 * unit + 0.5 * scene.size
    own = _known(scene, room, surface, sure, reach)
    image, logs, base, lit = own.image, own.logs, own.base, own.lit
    plain, middle = own.plain, own.middle

    # what is lighter or darker than the pattern: shadows of this thing and of others, lamps
    known_by = _repeated(scene, own, sure, closer, part)
    smooth = known_by.veined or (known_by.paint and scene.patches and not scene.flat)
    sure = closer if smooth and closer is not None else sure
    pattern, mean, rows, marks = known_by.pattern, known_by.mean, known_by.rows, known_by.marks
    paint, textured, patterned = known_by.paint, known_by.textured, known_by.patterned
    plane = pattern.laid
    rest = np.where(sure, (plain - mean).mean(axis=2), 0.0).astype(np.float64)
    if known_by.veined:  # without its veins its light is seen better
        finer = np.where(here, surfaces.light(plane, rest, sure & lit), 0.0)
        base, rest = base + finer, np.where(sure, rest - finer, 0.0)
        plain = (plain - finer[..., None]).astype(np.float32)
    of_chance = scene.patches and textured and pattern.share < KNOWN_BY_REPEATS and not scene.flat
    fine = 2 if smooth else 6 if rows is not None else 14 if of_chance else 5
    near = surfaces.spread_in(rest, sure, fine * unit)
    odd = np.abs(plain - mean).mean(axis=2)
    wild = sure & (odd > 5 * np.median(odd[sure]) + 0.15) & ((near > 0.5) | (near < DEEPEST))
    known = sure & ~ndimage.binary_dilation(wild, iterations=2)
    below = scene.own_shadow and scene.stands == "wall" and surface in (rooms.FLOOR, RUG)
    if reach and not below:  # parts that its mask missed: they are not like the surface, and touch the hole
        unlike = (odd > 4 * np.median(odd[sure]) + 0.2) & here & ~hole & ~scene.other & (distance < reach)
        left = _parts_of(scene.hole, unlike, unit)
        if left.any():
            left = _grown(left, 2 * unit) & here & ~scene.other
        part, known = part | left, known & ~left
    far = surfaces.spread_in(np.clip(rest, -0.04, 0.25), known & lit, 30 * unit)
    close = known & (distance < 16 * unit)
    stone = scene.patches and bool(reach) and not (patterned or textured or paint) and bool(close.any())
    if stone and surface in (rooms.FLOOR, RUG) and np.percentile((near - far)[close], 70) > OUTSHONE:
        # what is far off lies in shadows of its own: of marble what is brightest is its own colour
        bright = known & (near >= np.percentile(near[known], 60))
        far = surfaces.spread_in(np.clip(rest, -0.04, 0.5), bright, 30 * unit)
    goal = base + far
    if surface in (rooms.FLOOR, RUG):
        for front in scene.fronts:
            goal = goal + front.shade(plane.u, plane.v, near - far, known)
    where = part
    out, bare = image.copy(), image
    reached = np.ones(hole.shape)
    if reach:
        beside = _grown(sure, 7 * unit) & here & ~hole & ~scene.other & (distance < reach)
        # by degrees, or an edge would be seen where the change ends
        changed = _risen(far - near, *SHADED)
        if scene.shines and surface not in (rooms.FLOOR, RUG):
            changed = np.maximum(changed, _risen(near - far, *SHADED))
        changed = changed * beside
        within = ndimage.gaussian_filter(beside.astype(np.float64), 2 * unit)

        def taken(of: F64) -> F64:
            soft = ndimage.gaussian_filter(of, 2 * unit) / np.maximum(within, 1e-3)
            return np.asarray(np.clip(3 - 3 * distance / reach, 0, 1) * soft * beside, np.float64)

        own_light = _by_the_thing(changed, scene, here) if scene.own_shadow else changed
        if scene.own_shadow:
            reached = _in_reach(scene, plane, here)
        own_light = own_light * reached
        source = known & ((own_light < 0.05) | (scene.nearer > NEARER[1]))
        painted_wall = paint and surface not in (rooms.FLOOR, RUG)
        if painted_wall and float(source.sum()) > 0.2 * float(known.sum()):
            # by what is around, or a rim is seen
            far = np.maximum(surfaces.spread_in(near, source, SPREAD * unit), far - DARKER)
            goal = base + far
        fade = taken(own_light)
        where = part | (fade > 0.02) | ((own.shine > 0.002) & sure)
        out = (image + _EPS) * np.exp((far - near) * fade)[..., None] - _EPS
        # without any shadow: how well known pixels are foretold
        bare = (image + _EPS) * np.exp((far - near) * taken(changed))[..., None] - _EPS

    tone = np.exp(plain - near[..., None]).astype(np.float32)
    usual = np.median(tone[known], axis=0)
    like = float(np.clip(4 * pattern.share - 0.5, 0.35, 1))
    ways = surfaces.moves(pattern)

    def foretold(at: Mask, uses: Sequence[int] | None = None) -> tuple[F32, list[int]]:
        if known_by.exact:
            return np.exp(mean[at]), []
        values, have, used = surfaces.filled(plane, tone, known, at, ways, uses)
        repeats = rows is not None or (patterned and (pattern.across or pattern.up))
        if scene.flat and scene.patches:  # the little that repeats beside a rug is shadows more than floor
            repeats = rows is not None or bool(marks.any()) or (repeats and pattern.share >= KNOWN_BY_REPEATS)
        mean_tone = np.exp(mean[at]) if repeats else np.broadcast_to(usual, values.shape)
        # a texture of chance errs less with less contrast, and still looks like it
        values = np.asarray(mean_tone + like * (values - mean_tone), dtype=np.float32)
        values[~have] = mean_tone[~have]
        if paint:
            values = np.broadcast_to(usual, values.shape).astype(np.float32)
        return values, used

    values, used = foretold(part)
    if scene.flat:
        inside = here & ndimage.binary_erosion(scene.mask, iterations=max(1, round(3 * unit)))
        shade = _shading(plane, logs, base, inside, unit)
        goal = goal + shade
        outside = known & (ndimage.distance_transform_edt(~part) < 14 * unit)
        if outside.sum() > 200 * unit * unit and inside.any():
            # light goes on beyond its edge: where it is lit best, that tells how bright its own colour is
            best = outside & (shade >= np.percentile(shade[outside], 30))
            goal = goal + float(np.median((base + near - goal)[best]))
    # beside the hole the picture shows how far off this is: the hole gets as much
    ring = known & (ndimage.distance_transform_edt(~part) < 16 * unit)
    meeting = goal
    if not scene.flat and ring.sum() > 60 * unit * unit:
        guess, _ = foretold(ring, used)
        shown = np.log(np.maximum(out[ring] + _EPS, 1.0)) - goal[ring][:, None] - middle
        darker = 0.3 - 0.28 * reached[ring]  # where none of its shadow falls, what is dark stays so
        lit_as = goal

        def met(guess: F32 | F64) -> F64:
            seam = np.zeros_like(goal)
            off = (shown - guess).mean(axis=1)
            seam[ring] = np.clip(off, -darker, 0.02 if scene.shines else 0.3)
            return lit_as + surfaces.spread_in(seam, ring, (2 if smooth else 6) * unit)

        goal = met(np.log(guess))
        if of_chance or rows is not None:
            meeting = met(plain[ring] - near[ring][:, None])
    out[part] = values * np.exp(goal[part][:, None] + middle) - _EPS
    if of_chance or rows is not None:
        unlit = (plain - marks - near[..., None]).astype(np.float32)
        clean = panels.without_marks(unlit, known, unit) if marks.any() else known
        fill = texture.on_surface(plane) if rows is None else boards.OnBoards(rows, np.abs(near) < UNSHADED)
        seamless = texture.seamless(fill, unlit, clean, part, unit)
        if seamless is not None:
            out[part] = np.exp(seamless.values + marks[part] + meeting[part][:, None] + middle) - _EPS

    # known pixels beside the hole, foretold in the same way
    test = known & (distance > 3 * unit) & (distance < 20 * unit + 0.24 * scene.size)
    off = 99.0
    if test.any():
        # of veins nothing is foretold
        guess = foretold(test, used)[0] if not known_by.veined else np.ones_like(plain[test])
        made = guess * np.exp(goal[test][:, None] + middle) - _EPS
        off = float(np.abs(made - bare[test]).mean())
    return _Filled(where, out[where].astype(np.float32), off)


def _fill_hung(scene: _Scene, room: Room, surface: int, here: Mask, sure: Mask) -> _Filled:
    """Go on with a wall behind a thing that hung on it, and take its shadow off the wall."""
    unit, mask, curtains = scene.unit, scene.mask, scene.name == "curtain"
    # curtains are long, and a light that is known from far off alone is overshot in a dark corner
    own = _known(scene, room, surface, sure, 10 * unit + (0.1 if curtains else 0.5) * scene.size)
    inner = ndimage.binary_erosion(here, iterations=max(1, round(3 * unit)), border_value=1)
    free = inner & ~scene.apart & ~_grown(mask, 2 * unit)
    wall = walls.wall_of(own.pattern, own.plain, mask, sure, free, unit)
    if curtains and wall.kind == "even":  # the shadow of curtains is no box's
        return _fill(scene, room, surface, here, sure, None)
    # patches are to fit to the wall, not to what is left of a rim
    wide = 5 if scene.patches and wall.kind == "of chance" else 2
    core = _grown(walls.fringe(wall, mask, unit), wide * unit) & here & ~scene.kept & ~scene.gone_on
    if not core.any():
        return _Filled(core, np.zeros((0, 3), np.float32), 0.0)
    known = free & ~core
    hangs_here = float((mask & here).sum()) > 0.1 * float(mask.sum())
    wall, taken, tones = walls.shadow_and_tones(wall, mask, known, unit, shadowed=hangs_here)
    ring = np.zeros_like(mask)
    if wall.kind == "even":  # what the shadow's shape leaves over goes, too, but for shadows of other things
        ring = known & (taken < -0.004) & (scene.distance < scene.to_others)
    test = known & (scene.distance < 20 * unit + 0.24 * scene.size)
    found = walls.behind(wall, core, ring, known, taken, tones, own.lit, unit, patches=scene.patches)
    if found is None:
        return _fill(scene, room, surface, here, sure, None)
    light = own.base[..., None] + own.middle
    off = 99.0
    if test.any():
        made, true = (np.exp(each[test] + light[test]) for each in (found.foretold, found.bare))
        off = float(np.abs(made - true).mean())
    out = np.exp(found.shown + light) - _EPS
    where = core | ring | ((taken < -0.004) & free)
    return _Filled(where, out[where].astype(np.float32), off)


def _shading(plane: Laid, logs: F32, base: F64, where: Mask, unit: float) -> F64:
    """How light falls on a flat thing, as a logarithm about 0: its own pattern taken away."""
    if where.sum() < 300 * unit * unit:
        return np.zeros(where.shape)
    over = logs - base[..., None]
    plain = np.clip(over - np.median(over[where], axis=0), -3, 3).astype(np.float32)
    pattern = surfaces.lattice(plane, plain, where, 0.35)
    tint = np.stack([over[..., 0] - over[..., 1], over[..., 1] - over[..., 2]], axis=-1)[where]
    one_tint = float(np.ptp(np.percentile(tint, (5, 95), axis=0), axis=0).max()) < ONE_TINT
    if one_tint and pattern.share > STRIPED:
        own = np.zeros(where.shape)  # black and white
    elif one_tint:
        own = np.where(where, plain.mean(axis=2), 0.0)
    else:
        own = surfaces.evened(logs, base, where, 0.12)
    own = surfaces.spread_in(own, where, 14 * unit)
    if pattern.share > 0.15:
        for _ in range(4):
            pattern = surfaces.again(pattern, (plain - own[..., None]).astype(np.float32), where)
            rest = np.zeros(where.shape)
            mean = surfaces.phase_mean(pattern, pattern.laid.u[where], pattern.laid.v[where])
            rest[where] = (plain[where] - mean).mean(axis=1)
            own = surfaces.spread_in(rest, where, 6 * unit)
    own = surfaces.spread_in(own, where, 6 * unit)
    return np.clip(own - np.percentile(own[where], 65), -1.2, 0.8)


def _hangs(target: str, mask: Mask, wall: Mask) -> bool:
    """Whether a thing hangs on a wall: by its kind, or as a television that has a wall below it."""
    name, thing = thing_in(target)
    if name == "window":
        return False
    below = np.zeros_like(mask)
    below[8 * len(mask) // 480 :] = mask[: len(mask) - 8 * len(mask) // 480]
    below &= ~_grown(mask, 2 * len(mask) / 480)
    return thing.stands == "wall" or (name == "television" and float(wall[below].mean()) > 0.8)


def _stands(target: str, below: Mask, floor: Mask) -> str:
    """Where a thing stands: by its kind, or on the floor where that lies ``below`` its foot (H, W)."""
    stands = thing_in(target)[1].stands
    return "floor" if stands == "top" and (below & floor).sum() > STOOD_ON * below.sum() else stands


def _width(target: str) -> float:
    """How wide such a thing usually is, in heights of the camera."""
    return thing_in(target)[1].width / CAMERA


def _with_rug(room: Room, label: NDArray[np.intp], floor: Mask, rug: Mask) -> NDArray[np.intp]:
    """The surfaces with the rug's whole outline, hidden parts too."""
    height, width = label.shape
    laid = surfaces.lay(room, rooms.FLOOR, width, height)
    points = np.flatnonzero((floor | rug) & (label == rooms.FLOOR))
    if len(points) < 200:
        return label
    points = np.random.default_rng(0).choice(points, min(3000, len(points)), replace=False)
    kind = rug.ravel()[points].astype(np.intp)
    found = rugs.find(laid.u.ravel()[points], laid.v.ravel()[points], kind, 2)
    if found is None:
        return label
    return np.where(found.covers(laid.u, laid.v) & (label == rooms.FLOOR), RUG, label)


def _as_found(target: str, mask: Mask, around: Surroundings) -> str:
    """The words for what is to go, "the table lamp" where a mere lamp was found to be one."""
    if noun_in(target) not in ("lamp", "light"):
        return target
    none = np.zeros_like(mask)
    on_table, on_floor = (
        int((mask & around.things.get(name, none)).sum()) for name in ("table lamp", "floor lamp")
    )
    return "the table lamp" if on_table > max(on_floor, 0.5 * mask.sum()) else target


def _others(mask: Mask, things: Mapping[str, Mask]) -> dict[str, Mask]:
    """The things but the masked one, which may have been found under another name too."""
    out = {}
    for name, thing in things.items():
        both = int((thing & mask).sum())
        if thing.any() and not (both > 0.5 * thing.sum() and both > 0.4 * mask.sum()):
            out[name] = thing
    return out


def _left_at_its_edge(picture: NDArray[np.uint8], mask: Mask, kept: Mask, unit: float) -> Mask:
    """The pixels (H, W) of other things, close to the mask, that look like the masked thing next to them and
    not like what they were taken for: the corner of a lampshade before a clock.
    """
    out = np.zeros_like(mask)
    rows, columns = np.nonzero(_grown(mask, 16 * unit))
    if not len(rows):
        return out
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    own, others = mask[box], kept[box]
    away = ndimage.distance_transform_edt(~own)
    deep = ndimage.distance_transform_edt(own)
    close = others & (away <= _EDGE * unit)
    sure = others & (away > _EDGE * unit) & (away <= 15 * unit)
    inside = own & (deep > unit)
    if not (close.any() and sure.any() and inside.any()):
        return out
    colours = oklab(picture[box])
    to_own, to_others = (_least_away(colours, close, each, 2 * unit) for each in (inside, sure))
    out[box][close] = (_SURELY_ITS * to_own + _SEEN_STEP < to_others) & (to_own < 3 * _SEEN_STEP)
    parts, _ = ndimage.label(out | mask, np.ones((3, 3), bool))
    reached = np.isin(parts, np.unique(parts[mask]))
    return np.asarray(ndimage.binary_opening(out & reached, np.ones((2, 2), bool)))


def _least_away(colours: F64, at: Mask, where: Mask, step: float) -> F64:
    """How far the colours (H, W, 3) ``at`` some pixels are from the nearest of those around the pixel next to
    each that is ``where``, (n,).
    """
    rows, columns = ndimage.distance_transform_edt(~where, return_distances=False, return_indices=True)
    height, width = where.shape
    out = np.full(int(at.sum()), np.inf)
    for down in (-2, -1, 0, 1, 2):
        for across in (-2, -1, 0, 1, 2):
            y = np.clip(rows[at] + round(down * step), 0, height - 1)
            x = np.clip(columns[at] + round(across * step), 0, width - 1)
            away = np.linalg.norm(colours[at] - colours[y, x], axis=1)
            out = np.where(where[y, x], np.minimum(out, away), out)
    return out


def _whole(mask: Mask, around: Surroundings, things: Mapping[str, Mask], own: str) -> Mask:
    """The mask with the rest of what was found of the same thing under another name, such as a head."""
    others = np.logical_or.reduce([np.zeros_like(mask), *things.values()])
    out = mask
    for name, thing in around.things.items():
        if name in things or name == own or not (thing & mask).any():
            continue
        labels = _labelled(thing)
        for k in np.unique(labels[mask & thing]):
            one = labels == k
            both = float((one & mask).sum())
            if both > SAME[0] * one.sum() and both > SAME[1] * mask.sum():
                out = out | (one & ~others)
    return out


def _single(around: Surroundings, things: Mapping[str, Mask]) -> list[tuple[str, Mask]]:
    """The things that stay, one by one."""
    out = []
    for name, thing in around.single or tuple(things.items()):
        if name in things:
            left = thing & things[name]
            if left.sum() > 0.5 * thing.sum():
                out.append((name, left))
    return out


def _in_order(things: Sequence[tuple[str, Mask]]) -> list[tuple[str, Mask]]:
    """What lies on other things before those, the nearest first."""
    return sorted(
        amodal_completion.by_distance(things), key=lambda each: thing_in(each[0])[1].stands == "floor"
    )


def _with_company(mask: Mask, other: Mask, unsure: Mask, things: Mapping[str, Mask], unit: float) -> Mask:
    """The mask with what stands on the thing or would float without it, and with parts that it missed."""
    area = int(mask.sum())
    standing = {name: thing for name, thing in things.items() if _is_carried(name)}
    fixed = [_grown(thing, 2 * unit) for name, thing in things.items() if not _is_carried(name)]
    loose = other & ~np.logical_or.reduce([np.zeros_like(mask), *fixed])
    named = np.logical_or.reduce([np.zeros_like(mask), *fixed, *standing.values()])
    unnamed = loose & ~named
    missed = _parts_of(mask, unnamed | (unsure & ~mask & ~named), unit)
    if missed.any():
        missed = _grown(missed, 3 * unit) & ~(named & ~_grown(missed, unit))
        mask, loose = mask | missed, loose & ~missed
    steps = max(1, round(2 * unit))
    plain = _labelled(ndimage.binary_opening(loose, iterations=steps))
    parts = [(mask, plain, 1.2, False), *((mask, _labelled(thing), 1.5, True) for thing in standing.values())]
    out = mask
    for _ in range(2):
        for base, labels, most, by_foot in parts:
            for k, part in enumerate(ndimage.find_objects(labels), 1):
                own = labels[part] == k
                if not 30 * unit * unit < own.sum() < most * area:
                    continue
                if _stands_on(base, own, part, unit, by_foot=by_foot) > BORNE:
                    whole = labels == k
                    out = out | (_grown(whole, 3 * unit) & (other | out) & ~(named & ~_grown(whole, unit)))
        left = loose & ~named & ~out  # flowers in a vase
        parts = [(out, _labelled(ndimage.binary_opening(left, iterations=steps)), 0.3, False)]
    return out


def _floats(mask: Mask, label: NDArray[np.intp], target: str, kept: Mask, unit: float) -> float:
    """1 where a thing that ought to stand on the floor ends well above it, not behind what is ``kept``."""
    if thing_in(target)[1].stands != "floor":
        return 0.0
    lowest = np.flatnonzero(mask.any(axis=1))[-1]
    across = np.flatnonzero(mask[max(lowest - round(3 * unit), 0) : lowest + 1].any(axis=0))
    low = min(lowest + round(3 * unit), mask.shape[0] - 1)
    hidden = kept[max(lowest - round(3 * unit), 0) : low + 1, across].any(axis=0)
    return float(((label[low, across] != rooms.FLOOR) & ~hidden).mean())


def _is_left_afloat(
    name: str, thing: Mask, hole: Mask, label: NDArray[np.intp], kept: Mask, unit: float
) -> bool:
    """Whether a thing's foot is in the hole, and not behind what is ``kept`` before it, so that what is seen
    of it would float.
    """
    lowest = int(np.flatnonzero(thing.any(axis=1))[-1])
    middle = int(np.median(np.nonzero(thing)[1]))
    if name == "floor lamp" and hole[lowest:, middle].any():
        end = np.flatnonzero(thing[max(lowest - round(3 * unit), 0) : lowest + 1].any(axis=0))
        wide = np.ptp(np.nonzero(thing)[1])
        behind = kept[min(lowest + round(3 * unit) + 1, len(kept) - 1), end].all()
        if behind and np.ptp(end) < POLE * wide and not hole[lowest : lowest + round(6 * unit), middle].any():
            return False  # its pole is seen down to something else
        # its pole was missed, and goes down behind it
        return _floats(thing, label, name, np.zeros_like(hole), unit) > 0.5
    foot = thing[max(lowest - round(3 * unit), 0) : lowest + 1].any(axis=0)
    below = hole[lowest : lowest + round(6 * unit) + 1].any(axis=0)
    if (foot & below).sum() < 0.5 * foot.sum():
        return False
    return _floats(thing, label, name, np.zeros_like(hole), unit) > 0.5


def _stem(picture: NDArray[np.uint8], mask: Mask, floor: Mask, kept: Mask, unit: float) -> Mask:
    """What thin upright parts go on from the mask down to the ``floor``, such as the pole of a lamp, and not
    where other things are ``kept``; all (H, W).
    """
    rows, columns = np.nonzero(mask)
    smooth = ndimage.gaussian_filter(picture.astype(np.float32), (2 * unit, 0.5 * unit, 0))
    wide = 2 * round(12 * unit) + 1
    around = ndimage.median_filter(smooth, (1, wide, 1))
    thin = (np.abs(smooth - around).max(axis=2) > 14) & ~mask & ~kept
    thin[: int(np.median(rows))] = False
    slack = round(10 * unit)
    thin[:, : max(int(columns.min()) - slack, 0)] = False
    thin[:, int(columns.max()) + slack + 1 :] = False
    labels = ndimage.label(thin, np.ones((3, 3)))[0]
    out = np.zeros_like(mask)
    for k in np.unique(labels[_grown(mask, 5 * unit)]):
        part = labels == k
        if k and (part & floor).any():
            out |= part
    return _grown(out, unit) & ~kept


def _foot(mask: Mask, unit: float) -> tuple[Mask, Mask]:
    """The lowest part of a thing, and what lies close below it."""
    rows = np.flatnonzero(mask.any(axis=1))
    foot = mask.copy()
    foot[: int(rows[-1] - max(3 * unit, 0.12 * (rows[-1] - rows[0])))] = False
    below = np.zeros_like(mask)
    for down in range(1, round(5 * unit) + 1):
        below[down:] |= foot[:-down]
    return foot, below & ~mask


def _is_carried(name: str) -> bool:
    return name in _CARRIED


def _labelled(mask: Mask) -> NDArray[np.intp]:
    return np.asarray(ndimage.label(mask)[0], dtype=np.intp)


def _stands_on(mask: Mask, own: Mask, part: tuple[slice, ...], unit: float, *, by_foot: bool) -> float:
    """The share of the lower outline of ``own``, the picture's ``part``, that has the mask close below;
    ``by_foot``: of its lowest part alone, since a lamp's shade may be wider than the table under it.
    """
    if by_foot:
        low = _foot(own, unit)[0]
        rows, columns = np.flatnonzero(low.any(axis=1)), np.flatnonzero(low.any(axis=0))
        inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        own = low[inside]
        part = tuple(
            slice(each.start + within.start, each.start + within.stop)
            for each, within in zip(part, inside, strict=True)
        )
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    slack = 6 * unit
    across, down = part[1], part[0]
    if across.start < columns[0] - slack or across.stop - 1 > columns[-1] + slack:
        return 0.0
    if down.stop - 1 > rows[-1]:
        return 0.0
    wide = _grown(mask, 2 * unit)
    below = wide.copy()
    for shift in range(1, round(7 * unit) + 1):
        below[:-shift] |= wide[shift:]
    held = own.any(axis=0)
    bottom = own.shape[0] - 1 - own[::-1].argmax(axis=0)
    return float(below[part][bottom[held], np.flatnonzero(held)].mean())


def _covered(mask: Mask, things: Mapping[str, Mask], unit: float, gone_on: Mask) -> tuple[Mask, float]:
    """Where in the mask other things go on behind it: below or between what is seen of them; and how much
    of one of them that is at most, as a share of what is seen of it.
    """
    hidden, maimed = np.zeros_like(mask), 0.0
    near = _grown(mask, 8 * unit)
    lowest = np.flatnonzero(mask.any(axis=1))[-1]
    whole = [thing for name, thing in things.items() if name != "curtain"]
    for each in (*whole, *amodal_completion.panels_of(things.get("curtain", hidden))):
        thing = _touching(each, near)  # it does not go on up to another of its kind
        if not thing.any():
            continue
        bottom = np.flatnonzero(thing.any(axis=1))[-1]
        if bottom > lowest:
            continue
        under = np.maximum.accumulate(thing, axis=0)
        under[bottom + 1 :] = False
        left = np.maximum.accumulate(thing, axis=1)
        right = np.maximum.accumulate(thing[:, ::-1], axis=1)[:, ::-1]
        part = (under | (left & right)) & mask & ~gone_on
        hidden |= part
        maimed = max(maimed, float(part.sum() / thing.sum()))
    return hidden, maimed


def _touching(things: Mask, near: Mask) -> Mask:
    """The connected parts of a mask that reach into another."""
    labels = _labelled(things)
    return np.asarray(np.isin(labels, np.setdiff1d(labels[near], [0])))


def _bordered(mask: Mask, other: Mask, unit: float) -> float:
    """The share of a thing's surroundings that are other things."""
    distance = ndimage.distance_transform_edt(~mask)
    close = (distance > 4 * unit) & (distance < 12 * unit)
    return float((close & other).sum() / max(close.sum(), 1))


def _by_the_thing(changed: F64, scene: _Scene, here: Mask) -> F64:
    """How much of what is ``changed`` (H, W; 0…1) on a surface that is ``here`` is lit otherwise because of
    the thing: what is joined to the hole and nearer to it than to another thing. The rest is in the shadow
    of others, and of corners.
    """
    hole = _grown(scene.hole & here & ~scene.gone_on, 9 * scene.unit) & here
    labels, _ = ndimage.label((changed > 0) | hole)
    touching = np.unique(labels[hole])
    return changed * np.isin(labels, touching[touching > 0]) * (1 - _risen(scene.nearer, *NEARER))


def _in_reach(scene: _Scene, plane: Laid, here: Mask) -> F64:
    """How far the thing's shadow can reach on a surface that is ``here`` (H, W): 1 wholly, 0 not at all.

    What hangs shades its own wall close by, what stands on another thing nothing that lies behind both, and
    what stands on the floor what is near its foot, and a wall that it stands against.
    """
    on_floor = plane.surface == rooms.FLOOR
    if scene.shines and not on_floor:
        return np.ones(here.shape)
    if scene.stands == "floor":
        body = TAILED if scene.name in _ANIMALS else 1.0
        foot = _foot_points(scene.mask, body * scene.wide, plane.room)
        if on_floor:
            reached = _faded(plane, foot, here, ON_FLOOR)
            under, own = np.zeros(here.shape), _faded(plane, foot, here, UNDER)
            for name, thing in scene.standing:
                under = np.maximum(
                    under, _faded(plane, _foot_points(thing, _width(name), plane.room), here, UNDER)
                )
            return reached * (1 - under * (1 - own))
        deep = scene.wide if scene.name in _LONG else 0.0
        if scene.name in _SLENDER or _to_wall(plane, foot) > AGAINST + deep:
            return np.zeros(here.shape)
        seen = _faded(plane, _outline_points(scene.mask, plane), here, AT_WALL)
        along = foot[:, 0] if plane.surface == rooms.BACK else foot[:, 1]
        beside = np.maximum(np.maximum(along.min() - plane.u, plane.u - along.max()), 0.0)
        above = np.maximum(plane.v - scene.tall, 0.0)
        # seen aslant, the shadow on the wall lies beside the thing
        return np.maximum(seen, (1 - _risen(np.hypot(beside, above), *AT_WALL)) * here)
    hangs_here = scene.stands == "wall" and (scene.mask & here).sum() > 0.1 * scene.mask.sum()
    if on_floor or not hangs_here:
        return np.zeros(here.shape)
    near = IN_WALL if scene.name == "window" else ON_WALL
    return _faded(plane, _outline_points(scene.mask & here, plane), here, near)


def _faded(plane: Laid, points: F64, here: Mask, over: tuple[float, float]) -> F64:
    """1 on a surface up to the first distance from ``points`` (n, 2) on it and between them, 0 from the
    second on (H, W).
    """
    out, reach = np.zeros(here.shape), over[1]
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    near = here & (plane.u > low[0]) & (plane.u < high[0]) & (plane.v > low[1]) & (plane.v < high[1])
    if not near.any():
        return out
    places = np.stack([plane.u[near], plane.v[near]], axis=1)
    far = np.asarray(KDTree(points).query(places)[0], np.float64)
    with suppress(QhullError):  # they lie on a line
        far[Delaunay(points).find_simplex(places) >= 0] = 0.0
    out[near] = 1 - _risen(far, *over)
    return out


def _outline_points(mask: Mask, plane: Laid) -> F64:
    """Where the outline of a mask lies on a surface (n, 2)."""
    edge = mask & ~ndimage.binary_erosion(mask)
    return np.asarray(np.stack([plane.u[edge], plane.v[edge]], axis=1), np.float64)


def _foot_points(mask: Mask, wide: float, room: Room) -> F64:
    """Where the lower outline of a thing's mask lies on the floor (n, 2), as far back as it may be deep."""
    height, width = mask.shape
    columns = np.flatnonzero(mask.any(axis=0))
    rows = height - 1 - mask[::-1, columns].argmax(axis=0)
    x, y = (columns + 0.5).astype(np.float64), (rows + 1.0).astype(np.float64)
    u, v = rooms.coordinates(room, rooms.FLOOR, x, y, width, height)
    nearest = int(np.argmax(rows))
    close = np.hypot(u - u[nearest], v - v[nearest]) <= DEEP * wide
    return np.asarray(np.stack([u, v], axis=1)[close], np.float64)


def _to_wall(plane: Laid, points: F64) -> float:
    """How far the nearest of ``points`` (n, 2) on the floor is from a wall, in heights of the camera."""
    u, v, room = points[:, 0], points[:, 1], plane.room
    away = {rooms.BACK: room.back - v, rooms.LEFT: room.left + u, rooms.RIGHT: room.right - u}
    return float(away[plane.surface].min())


def _risen(values: F64, low: float, high: float) -> F64:
    """0 below the first, 1 above the second, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float64)


def _parts_of(mask: Mask, candidates: Mask, unit: float) -> Mask:
    """The connected candidates that are parts of the masked thing: small, or under it, and touching it."""
    labels, count = ndimage.label(candidates)
    if not count:
        return candidates
    area = int(mask.sum())
    rows, columns = np.nonzero(mask)
    slack = 5 * unit + 0.05 * float(np.ptp(columns))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    boxes = ndimage.find_objects(labels)
    parts = []
    for k in np.unique(labels[_grown(mask, 4 * unit)]):
        if not k or (box := boxes[k - 1]) is None:
            continue
        under = (
            box[1].start >= columns.min() - slack
            and box[1].stop - 1 <= columns.max() + slack
            and box[0].start >= np.median(rows)
        )
        if sizes[k] < (0.5 if under else 0.03) * area:
            parts.append(k)
    return np.asarray(np.isin(labels, parts))


def _grown(mask: Mask, radius: float) -> Mask:
    """The mask and all within ``radius`` pixels of it."""
    out = mask.copy()
    if not mask.any():
        return out
    slack = int(radius) + 1
    part = tuple(
        slice(max(int(each[0]) - slack, 0), int(each[-1]) + slack + 1)
        for each in (np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0)))
    )
    out[part] = ndimage.distance_transform_edt(~mask[part]) <= radius
    return out


def _patch(out: F32, mask: Mask, where: Mask, unit: float) -> Patch:
    """The changed pixels as a patch, with an edge that is soft outside of the thing's mask."""
    soft = ndimage.gaussian_filter(where.astype(np.float32), unit) * where
    alpha = np.where(mask, 255.0, np.round(soft * 255))
    rgba = np.dstack([out, alpha]).astype(np.uint8)
    rows, columns = np.nonzero(rgba[..., 3])
    box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return Patch(np.ascontiguousarray(rgba[box.y0 : box.y1, box.x0 : box.x1]), box)


def _judge(measures: dict[str, float]) -> tuple[float, str]:
    """How sure a removal is right, 0 to 1, and what speaks most against it.

    Some things rule it out. For the others there is a logistic model, fitted to removals in rooms of fixed
    seeds with the pocket segmenter's masks (see docs/removal.md); what those rooms hardly ever show, unknown
    surfaces and pictures that are no box room, weighs as much as seemed careful.
    """
    flat = measures["flat"] > 0
    # what was completed borders on nothing that is unknown
    beside = measures["gone_on"] - measures["under"]
    strange = max(0.0, measures["strange"] - measures["carried"]) * max(0.0, 1 - 2 * beside)
    hides = "it stands in front of other things, and what they look like there is unknown"
    for reason, value, most in (
        ("only its upper part was found", measures["floats"], 0.3),
        ("its outline is not clear", measures["taken"], 0.6),
    ):
        if value > most:
            return 0.0, reason
    against = {
        "what is seen beside it does not tell well enough what is behind it": 13.9 * measures["off"],
        hides: 0.0 if flat else 3.3 * measures["behind"] + 2.6 * strange,
        "it looks too much like what is behind it": -0.6 * float(np.log(max(measures["change"], 5.0) / 60)),
        "too little of what is behind it is visible": 12.0 * measures["missing"],
        "this does not look like a room of four walls": 20.0 * measures["wrong"],
    }
    total = (4.76 if flat else 3.2) - sum(against.values())
    sure = float(1 / (1 + np.exp(-total)))
    for reason, value, most in (
        (hides, 0.0 if flat else measures["behind"], 0.28),
        ("there would be a gap in what it stands on", measures["unborne"], 0.5),
    ):
        if value > most:  # an eye sees that at once, whatever the rest is like
            return min(sure, MARRED), reason
    return sure, max(against, key=lambda words: against[words])


def _stop(cancelled: CancelCheck) -> None:
    if cancelled():
        raise errors.Cancelled


def load_removal() -> Removal:
    """The engine with the pocket segmenter. Raises ``EngineError`` when that cannot be loaded."""
    from tools.engines import registry

    return Removal(registry.load_segmenter("lisa-pocket"))
