"""New things in pictures of drawn rooms: drawn by the rooms' own renderer, into the picture's own room.

The room's box and its camera are fitted to the picture (``tools.room_box``), the thing is
put where the mask proposes, as near as is free, and drawn there alone, with the exact share of each pixel
that it covers. What is nearer stays in front. On the floor and the walls around it, light and shadow change
by what the renderer's light says with the thing and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pocket.rooms.camera import box_in_picture, sin_cos
from pocket.rooms.furniture import SIZES
from pocket.rooms.light import RoomLight, room_light
from pocket.rooms.model import FLOOR, WALL, Scene, Thing
from pocket.rooms.render import cutout
from pocket.rooms.vocabulary import TABLETOP_KINDS, WALL_KINDS
from sessions.compose import Box, Patch, compose
from sessions.pictures import digest_of
from tools import errors
from tools import room_box as rooms
from tools.errors import EngineError
from tools.inpainting.base import Capabilities, Doubtful, MaskedEdit, seed_for
from tools.inpainting.computed import amodal_completion, removal, shading
from tools.inpainting.drawing import placing
from tools.inpainting.drawing.placing import floor_point, forward
from tools.inpainting.drawing.space import F64, Mask, Space, depth_at, space_of
from tools.inpainting.drawing.thing_spec import ThingSpec, kind_in, read_spec, with_article
from tools.inpainting.placement import gap_between
from tools.language.places import Place, read_place
from tools.photo_check import NO_DRAWN_ROOM, is_drawn
from tools.segmenting.base import CancelCheck, Segmenter, find, never

F32 = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_SMALL_KINDS = frozenset({*TABLETOP_KINDS, "cushion", "cat", "television", "basket", "clock"})
"""Kinds that may stand on another thing."""

_ANIMALS = ("cat", "dog")
_BEYOND = 0.35
"""By so much of its size a tail or a nose may stand out."""

_ON_LEGS = ("the dining table", "the coffee table", "the side table", "the chair")
_TRIES = 3
"""Forms and places that are tried until the segmenter sees the thing."""

_IN_VIEW = 0.75
"""A new thing of which no more than this share is seen is put elsewhere, if there is a place."""

_LEAST_SEEN = 0.35
_SURE = 0.45
_UNSURE = 0.12
"""A removal must be as sure as ``_SURE`` where all that it bares stays in view, as ``_UNSURE`` where the new
thing stands before it.
"""

_BARE = 0.5
"""Where this share of what was taken away stays in view, or more, that must be as sure as a removal is."""


class Drawing:
    """Adds things to drawn rooms, and puts things in the place of others, by drawing them."""

    name = "drawing"
    capabilities = Capabilities(kinds=("replace", "add"))

    def __init__(self, segmenter: Segmenter) -> None:
        """``segmenter`` is asked for the floor, the wall, the rug and what a new thing stands on."""
        self.segmenter = segmenter
        self.revision = f"5-{segmenter.revision}"

    def can(self, prompt: str, target: str) -> bool:
        """Whether the words name a kind of thing that can be drawn."""
        return bool(kind_in(prompt, target)[0])

    def compute(self, picture: Pixels, edit: MaskedEdit, *, cancelled: CancelCheck = never) -> Patch:
        """Draw ``edit.prompt`` into an RGB picture (H, W, 3).

        To add something, ``edit.mask`` is the proposed place and ``edit.target`` the place in words; to
        replace something, they are what it replaces. Raises ``EngineError`` where there is no room for it,
        where the room cannot be fitted and where the picture is no drawn room, ``PictureError`` for a mask
        that is empty or of another size, ``Cancelled``.
        """
        if edit.mask.shape != picture.shape[:2] or not edit.mask.any():
            raise errors.PictureError(
                "The mask of the new thing's place is empty, or does not have the picture's size."
            )
        if not is_drawn(picture):
            raise EngineError(NO_DRAWN_ROOM)
        specs = [read_spec(edit.prompt, edit.target, edit.seed, shape) for shape in _shapes(picture, edit)]
        around = removal.look_around(self.segmenter, picture, cancelled=cancelled)
        _stop(cancelled)
        if edit.kind == "replace":
            return self._replaced(picture, edit, specs, around, cancelled)
        return self._added(picture, edit, specs, around, cancelled)

    def _added(
        self,
        picture: Pixels,
        edit: MaskedEdit,
        specs: Sequence[ThingSpec],
        around: removal.Surroundings,
        cancelled: CancelCheck,
    ) -> Patch:
        space = space_of(picture, around)
        place = read_place(edit.target)
        kind, name = specs[0].kind, specs[0].name
        anchor_kind = kind_in(place.anchor or "")[0]
        loose = place.relation in ("behind", "under")
        hangs = kind in WALL_KINDS or (kind == "television" and place.surface == "wall")
        keep = np.zeros_like(edit.mask)
        support: Thing | None = None
        if (
            not hangs
            and place.relation == "on"
            and place.anchor
            and anchor_kind not in ("", "rug", *WALL_KINDS)
        ):
            if not _may_stand_on(kind, anchor_kind):
                raise EngineError(f"I cannot put {with_article(name)} on the {anchor_kind}.")
            [found] = find(self.segmenter, picture, (place.anchor,), cancelled=cancelled)
            if not found.present or not found.mask.any():
                raise EngineError(f"I cannot see {place.anchor} well enough to put something on it.")
            support, keep = placing.fitted(space, anchor_kind, found.mask), found.mask

        legs = self._legs(picture, cancelled)
        least = 0.0
        if place.relation == "behind" and place.anchor and not hangs:
            [found] = find(self.segmenter, picture, (place.anchor,), cancelled=cancelled)
            before = space.near[found.mask & np.isfinite(space.near)]
            least = float(np.percentile(before, 20)) + 0.2 if before.size else 0.0

        gap = None
        if place.relation == "between":
            ends = [phrase for phrase in (place.anchor, place.other) if phrase]
            gap = gap_between(
                [each.mask for each in find(self.segmenter, picture, ends, cancelled=cancelled)]
            )

        first: Patch | None = None
        hidden = False  # the first one, by other things
        tried: list[Thing] = []
        for spec in specs:
            try:
                if hangs:
                    over = kind == "curtain" and anchor_kind == "window"
                    thing = placing.on_wall(space, spec, edit.mask, loose=over)
                elif support is not None:
                    thing = placing.on_top(space, spec, edit.mask, support, keep)
                else:
                    thing = placing.on_floor(space, spec, edit.mask, loose=loose, apart=tried, least=least)
                closer = _closer(space, thing, keep, legs)
                stand = Stand.of(closer, thing, support, keep, spec.name, uncut=edit.patches)
            except EngineError:
                if first is None:
                    raise
                continue
            patch, own = stand.drawn(picture)
            if kind == "rug":
                patch = _in_the_shadows(picture, patch, space.ground, space.unit)
            _check_within(own, edit, name)
            if not _is_where_asked(own, place, gap):
                if first is None and spec is specs[-1]:
                    raise placing.no_room(name, edit.target)
                continue
            in_view = loose or not edit.patches or stand.shown > _IN_VIEW
            if in_view:
                usual, _ = stand.drawn(picture, _usual(thing))
                if self._is_seen(compose(picture, [usual]), name, own, cancelled):
                    return patch
            tried.append(thing)
            if first is None or (hidden and in_view):
                first, hidden = patch, not in_view
        if first is None:
            raise ValueError("there is nothing to draw")
        return first

    def _replaced(
        self,
        picture: Pixels,
        edit: MaskedEdit,
        specs: Sequence[ThingSpec],
        around: removal.Surroundings,
        cancelled: CancelCheck,
    ) -> Patch:
        old, kind, name = kind_in(edit.target)[0], specs[0].kind, specs[0].name
        if old in WALL_KINDS and kind not in WALL_KINDS:
            raise EngineError(f"I cannot hang {with_article(name)} on the wall.")
        if old == "curtain" and kind not in WALL_KINDS:
            raise placing.no_room(name, "where the curtains hang")
        going = edit.mask
        if old == "floor lamp":
            going = _with_stand(space_of(picture, around), going)
        taken = removal.remove(
            picture,
            going,
            around,
            edit.target,
            wall_light=edit.wall_light,
            patches=edit.patches,
            own_shadow=edit.own_shadow,
            cancelled=cancelled,
        )
        _stop(cancelled)
        space = space_of(picture, around, taken.mask)
        bare = compose(picture, [taken.patch])
        legs = self._legs(bare, cancelled)
        keep = np.zeros_like(edit.mask)
        on_other = old in _SMALL_KINDS and kind not in WALL_KINDS and _under(going, space) < 0.4
        ways: list[tuple[ThingSpec, F64 | None]] = [(spec, None) for spec in specs]
        if kind not in WALL_KINDS:
            # what cannot be made up behind the old thing may be hidden by the new one
            hide = taken.mask + 3.0 * np.logical_or.reduce([taken.behind, *taken.footless])
            ways += [
                (each, hide) for spec in specs for each in _sizes(space, spec, None if on_other else going)
            ]
        first: Patch | None = None
        refused: list[tuple[float, EngineError]] = []
        for spec, hide in ways:
            if first is not None and hide is not None:
                break
            try:
                support: Thing | None = None
                if on_other:
                    thing, support = _on_carrier(space, spec, going, around, old)
                elif kind in WALL_KINDS:
                    thing = _on_wall(space, spec, going, old)
                else:
                    fitting = _fitting(space, spec, going) if hide is None else spec
                    thing = placing.on_floor(space, fitting, going, loose=True, near=True, before=hide)
                closer = _closer(space, thing, keep, legs)
                stand = Stand.of(closer, thing, support, keep, name, uncut=edit.patches)
                patch, own = stand.drawn(bare)
                _check_within(own, edit, name)
            except EngineError as error:
                refused.append((0.0, error))
                continue
            bare_share = float((taken.mask & ~own).sum()) / max(1, int(taken.mask.sum()))
            shown = min(1.0, bare_share / _BARE)
            need = min(_SURE, max(_UNSURE, _SURE * shown) + shown * taken.measures["strange"])
            both = _both(picture, taken.patch, patch)
            confidence, doubt = taken.before(own)
            if confidence < need:
                sentence = f"I cannot take away cleanly what was there: {doubt}."
                offered = confidence >= removal.OFFERED
                doubtful = (
                    Doubtful(sentence, both) if offered else EngineError(f"{sentence} {removal.TOO_POOR}")
                )
                refused.append((confidence, doubtful))
                continue
            usual, _ = stand.drawn(bare, _usual(thing))
            if self._is_seen(compose(bare, [usual]), name, own, cancelled):
                return both
            first = first or both
        if first is None:
            raise max(refused, key=lambda each: each[0])[1]
        return first

    def _is_seen(self, after: Pixels, name: str, own: Mask, cancelled: CancelCheck) -> bool:
        """Whether the segmenter sees the thing where it was drawn."""
        [found] = find(self.segmenter, after, (f"the {name}",), cancelled=cancelled)
        _stop(cancelled)
        return found.present and float((found.mask & own).sum()) >= 0.5 * float(own.sum())

    def _legs(self, picture: Pixels, cancelled: CancelCheck) -> Callable[[], Sequence[Mask]]:
        """What finds things on legs in a picture, once, and only where it matters."""
        return cache(
            lambda: [
                each.mask
                for each in find(self.segmenter, picture, _ON_LEGS, cancelled=cancelled)
                if each.present
            ]
        )


def _closer(space: Space, thing: Thing, keep: Mask, legs: Callable[[], Sequence[Mask]]) -> Space:
    """The space in which it is known of tables and chairs how near they stand: one sees the floor behind
    them between their legs.
    """
    x0, y0, x1, y1 = box_in_picture(space.scene.camera, thing, space.size[0] / space.size[1])
    here = np.zeros_like(keep)
    width, height = space.size
    here[max(0, int(y0 * height)) : int(y1 * height), max(0, int(x0 * width)) : int(x1 * width)] = True
    if (here & space.other & ~keep).sum() < 0.02 * max(1, here.sum()):
        return space
    near = space.near.copy()
    for found in legs():
        labels, count = ndimage.label(found & space.other)
        for k in range(1, count + 1):
            own = np.asarray(labels == k)
            if own.sum() > 100 * space.unit**2:
                foot = 0.98 * float(np.flatnonzero(own.any(1))[-1]) + 2
                near[own] = np.minimum(near[own], depth_at(space.scene, foot, height))
    return changed(space, near=near)


def _shapes(picture: Pixels, edit: MaskedEdit) -> list[int]:
    """Seeds of the thing's form: the same for the same place, whatever is asked of its look, so that a thing
    whose colour is revised stays the same thing. Another variation has other forms.
    """
    digest = digest_of(picture)
    numbers = range(24)
    number = next((n for n in numbers if seed_for(digest, edit.prompt, edit.kind, n) == edit.seed), edit.seed)
    columns, rows = np.flatnonzero(edit.mask.any(0)), np.flatnonzero(edit.mask.any(1))
    place = [int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]), number]
    return [int(seed) for seed in np.random.default_rng(place).integers(1 << 31, size=_TRIES)]


def _with_stand(space: Space, mask: Mask) -> Mask:
    """A floor lamp's mask down to its feet: the segmenter often sees the shade alone, which tells by its size
    how far away the lamp is, and so where it stands.
    """
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    width, height = space.size
    low, high = SIZES["floor lamp"][0]
    wide = float(columns[-1] - columns[0] + 1)
    camera = space.scene.camera
    metre = wide / ((low + high) / 2)
    middle = (columns[0] + columns[-1]) / 2
    horizon = (1 + camera.shift / camera.tan) / 2 * height
    foot = min(horizon + camera.y * metre + 0.1 * wide, height - 1)
    if rows[-1] > foot - 0.35 * wide:
        return mask
    y, x = np.mgrid[:height, :width]
    share = (y - rows[-1]) / (foot - rows[-1])
    return np.asarray(
        mask | ((y >= rows[-1] - 2) & (y <= foot) & (np.abs(x - middle) <= wide * (0.2 + 0.3 * share)))
    )


def _stop(cancelled: CancelCheck) -> None:
    if cancelled():
        raise errors.Cancelled


def _check_within(own: Mask, edit: MaskedEdit, name: str) -> None:
    """Refuse what a mask that the user gave would cut off."""
    if edit.grow is None:
        return
    allowed = ndimage.distance_transform_edt(~edit.mask) <= edit.grow + 1
    if (own & ~allowed).sum() > 0.05 * own.sum():
        raise EngineError(
            f"{with_article(name).capitalize()} of a natural size does not fit into the mask there."
        )


def _is_where_asked(own: Mask, place: Place, gap: tuple[int, int] | None) -> bool:
    """Whether a thing is in the ``gap`` between two others or on the side of the room where it was asked for;
    where that is taken, it was put on what is free nearby.
    """
    columns = np.flatnonzero(own.any(0))
    if not columns.size:
        return True
    middle = float(columns[0] + columns[-1]) / 2
    if gap is not None:
        return gap[0] <= middle <= gap[1]
    if place.side is not None and place.relation in ("anywhere", "corner") and place.anchor is None:
        return bool((middle < 0.5 * own.shape[1]) == (place.side == "left"))
    return True


_SHADOW: Final = (0.35, 0.94)
"""What share of the light a shadow leaves at least, and from where on there is none."""


def _in_the_shadows(picture: Pixels, patch: Patch, ground: Mask, unit: float) -> Patch:
    """The patch of a rug under the shadows of other things, which lie on the ``ground`` (H, W) below it.

    A shadow is where the floor is darker than the smooth light of the room makes it: a quadratic surface
    through what is not.
    """
    reach = round(40 * unit)
    box = patch.box
    near = Box(
        max(0, box.x0 - reach), max(0, box.y0 - reach),
        min(picture.shape[1], box.x1 + reach), min(picture.shape[0], box.y1 + reach),
    )  # fmt: skip
    part = np.s_[near.y0 : near.y1, near.x0 : near.x1]
    mask = ground[part]
    if mask.sum() < 200:
        return patch
    light = shading.take_apart(picture[part], mask, mask, even=True).light
    rows, columns = np.nonzero(mask)
    y, x = (np.arange(size) / max(size - 1, 1) - 0.5 for size in mask.shape)

    def terms(at_y: F64, at_x: F64) -> F64:
        return np.stack([np.ones_like(at_x), at_x, at_y, at_x * at_x, at_x * at_y, at_y * at_y], -1)

    matrix, seen = terms(y[rows], x[columns]), light[rows, columns].astype(np.float64)
    weight = np.ones_like(seen)
    for _ in range(6):
        fit = np.linalg.lstsq(matrix * weight[:, None], seen * weight, rcond=None)[0]
        weight = np.where(seen < matrix @ fit - 0.03, 0.1, 1.0)
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
    share = light / np.maximum(terms(grid_y, grid_x) @ fit, 0.1)
    share = np.where(mask, np.clip(share / _SHADOW[1], _SHADOW[0], 1), 1.0)
    weighed = np.maximum(ndimage.gaussian_filter(mask.astype(np.float64), 2 * unit), 1e-6)
    share = np.where(mask, ndimage.gaussian_filter(np.where(mask, share, 0.0), 2 * unit) / weighed, 1.0)
    own = share[box.y0 - near.y0 : box.y1 - near.y0, box.x0 - near.x0 : box.x1 - near.x0]
    rgba = patch.rgba.copy()
    rgba[..., :3] = np.rint(rgba[..., :3] * own[..., None])
    return Patch(rgba, box)


def _usual(thing: Thing) -> Thing:
    """The same thing in a look of its kind that does not depend on what is asked. By it, form and place are
    chosen, so that both stay when the look is revised.
    """
    look = read_spec(with_article(thing.kind), "", thing.seed)
    return changed(thing, colour=look.colour, material=look.material)


def _under(mask: Mask, space: Space) -> float:
    """The share of what is right below a mask that is floor."""
    columns = np.flatnonzero(mask.any(0))
    bottom = mask.shape[0] - 1 - mask[::-1].argmax(0)[columns]
    low = columns[bottom > np.percentile(bottom, 60) - 2]
    rows = np.minimum(
        mask.shape[0] - 1 - mask[::-1].argmax(0)[low] + round(5 * space.unit) + 1, mask.shape[0] - 1
    )
    return float(space.ground[rows, low].mean())


def _fitting(space: Space, spec: ThingSpec, mask: Mask) -> ThingSpec:
    """The natural size that is nearest to what it replaces."""
    if spec.sized:
        return spec
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    high, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    if spec.kind in WALL_KINDS:
        distance = space.scene.room_depth - space.scene.camera.z
    else:
        x, z = floor_point(space, float(columns.mean()), float(rows[-1]))
        distance = float(forward(space, x, z))
    metre = space.size[1] / (2 * space.scene.camera.tan) / max(distance, 0.5)
    (w0, w1), (h0, h1), _ = SIZES[spec.kind]
    shares = np.linspace(0, 1, 6)
    off = [
        abs(np.log((w0 + (w1 - w0) * t) * metre / wide)) + abs(np.log((h0 + (h1 - h0) * t) * metre / high))
        for t in shares
    ]
    return placing.resized(spec, float(shares[int(np.argmin(off))]))


def _on_wall(space: Space, spec: ThingSpec, mask: Mask, old: str) -> Thing:
    """What hangs in the place of another thing; instead of curtains, where one of them hung."""
    beside = old == "curtain" and spec.kind not in ("curtain", "window")  # what they frame stays
    parts = amodal_completion.panels_of(mask) if beside else []
    for part in sorted(parts, key=lambda part: -int(part.sum())):
        with suppress(EngineError):
            return placing.on_wall(space, _fitting(space, spec, part), part, near=True)
    return placing.on_wall(space, _fitting(space, spec, mask), mask, near=not beside)


def _sizes(space: Space, spec: ThingSpec, mask: Mask | None) -> list[ThingSpec]:
    """The natural sizes of a thing up to its largest, from the one that is nearest to what it replaces on the
    floor at ``mask`` (H, W), else from its own.
    """
    if spec.sized:
        return [spec]
    least = spec if mask is None else _fitting(space, spec, mask)
    larger = [placing.resized(spec, share) for share in (0.5, 1.0)]
    return [least, *(each for each in larger if each.size > least.size)]


def _on_carrier(
    space: Space, spec: ThingSpec, mask: Mask, around: removal.Surroundings, old: str
) -> tuple[Thing, Thing]:
    """A thing where a small one stood on another, whose place and size in the room are fitted; where that is
    not found, its distance follows from the old one's usual size.
    """
    held = _instead(space, spec, mask, old) if spec.kind in _SMALL_KINDS else None
    low = np.flatnonzero(mask.any(axis=1))[-1]
    foot = mask.copy()
    foot[: low - round(4 * space.unit)] = False
    below = ndimage.binary_dilation(foot, iterations=round(6 * space.unit)) & ~mask
    shares = [
        (float((below & each).sum()), name, each) for name, each in around.single if not (each & foot).any()
    ]
    most, name, seen = max(shares, key=lambda each: each[0], default=(0.0, "", mask))
    known = most >= 0.4 * max(1.0, float(below.sum())) and name not in {*_SMALL_KINDS, *WALL_KINDS}
    if known and _may_stand_on(spec.kind, name):
        support = placing.fitted(space, name, seen)
        try:
            return placing.on_top(space, spec, mask, support, seen | mask), support
        except EngineError:
            if held is None:
                raise
    if held is None:
        raise placing.no_room(spec.name, f"where the {old} is")
    return held


def _may_stand_on(kind: str, support: str) -> bool:
    """Whether a kind of thing may stand or lie on another: what is small, and a dog where one sits."""
    return kind in _SMALL_KINDS or (kind == "dog" and support in placing.SEATS)


def _instead(space: Space, spec: ThingSpec, mask: Mask, old: str) -> tuple[Thing, Thing]:
    """A thing where a small one stood on another: its distance follows from the old one's usual size."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    usual = [(low + high) / 2 for low, high in SIZES[old]]
    if max(spec.size[0], spec.size[2]) > 2.2 * max(usual[0], usual[2]):
        raise placing.no_room(spec.name, f"where the {old} is")
    scene = space.scene
    width, height = space.size
    focal = height / (2 * scene.camera.tan)
    ratio = max((rows[-1] - rows[0] + 1) / usual[1], (columns[-1] - columns[0] + 1) / usual[0])
    distance = min(focal / ratio, scene.room_depth - scene.camera.z - 0.2)
    s, c = sin_cos(scene.camera.yaw)
    px = (2 * (columns[0] + columns[-1] + 1) / 2 / width - 1) * scene.camera.tan * width / height
    py = (1 - 2 * float(rows[-1]) / height) * scene.camera.tan + scene.camera.shift
    x = scene.camera.x + distance * (px * c + s)
    z = scene.camera.z + distance * (c - px * s)
    y = max(0.05, scene.camera.y + distance * py)
    w, h, d = spec.size
    support = Thing("cabinet", None, "oak", x, 0.0, z, 0.0, max(w, 0.5), y, max(d, 0.4))
    thing = Thing(
        spec.kind, spec.colour, spec.material, round(x, 4), round(y, 4), round(z, 4), 0.0,
        w, h, d, 2, spec.seed,
    )  # fmt: skip
    return thing, support


# --- drawing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Stand:
    """A thing at its place: the room with it, its box in the picture, how much of each pixel of the box is
    hidden by nearer things, and by how much light around it changes (H, W).
    """

    scene: Scene
    size: tuple[int, int]
    box: Box
    hidden: F32
    factor: F32
    shown: float = 1.0
    """How much of the thing nothing hides, 0…1."""

    @classmethod
    def of(
        cls, space: Space, thing: Thing, support: Thing | None, keep: Mask, name: str, *, uncut: bool = True
    ) -> Stand:
        """The thing in a space. ``support`` is what it stands on, if not the floor; ``keep`` (H, W) is where
        nothing is before it. ``uncut`` is False to cut off what it has beyond its size, a cat's tail, as
        earlier releases did. Raises ``EngineError`` where too little of it would be seen.
        """
        width, height = space.size
        things = (*space.scene.things[:2], *((support,) if support else ()), thing)
        scene = changed(space.scene, things=things)
        x0, y0, x1, y1 = box_in_picture(scene.camera, thing, width / height)
        beyond = _BEYOND if uncut and thing.kind in _ANIMALS else 0.0
        more = round(beyond * max((x1 - x0) * width, (y1 - y0) * height))
        box = Box(
            max(0, int(x0 * width) - 3 - more), max(0, int(y0 * height) - 3 - more),
            min(width, int(x1 * width) + 4 + more), min(height, int(y1 * height) + 4 + more),
        )  # fmt: skip
        if box.width < 4 or box.height < 4:
            raise placing.no_room(name, "in the picture")
        hidden = _before(space, thing, keep)[box.y0 : box.y1, box.x0 : box.x1]
        factor = _light(space, thing)
        if support is not None:
            factor = factor * _contact(space, thing, support, keep)
        stand = cls(scene, space.size, box, hidden, factor)
        whole = cutout(scene, len(things) - 1, space.size, box, supersample=1)[1]
        seen = float((whole * (1 - hidden)).sum())
        if seen < _LEAST_SEEN * float(whole.sum()) or seen < 30 * space.unit**2:
            raise EngineError(f"I cannot put {with_article(name)} there: other things would hide it.")
        return changed(stand, shown=seen / float(whole.sum()))

    def drawn(self, picture: Pixels, thing: Thing | None = None) -> tuple[Patch, Mask]:
        """The patch of the thing in an RGB picture (H, W, 3), with its shadow, and its own mask (H, W);
        ``thing`` is the same thing in another look.
        """
        things = self.scene.things if thing is None else (*self.scene.things[:-1], thing)
        scene = changed(self.scene, things=things)
        colour, share = cutout(scene, len(things) - 1, self.size, self.box)
        width, height = self.size
        alpha, rgb = np.zeros((height, width), np.float32), np.zeros((height, width, 3), np.float32)
        part = np.s_[self.box.y0 : self.box.y1, self.box.x0 : self.box.x1]
        alpha[part], rgb[part] = share * (1 - self.hidden), colour
        return _layer(picture, alpha, rgb, self.factor), alpha >= 0.5


def _before(space: Space, thing: Thing, keep: Mask) -> F32:
    """How much of each pixel shows something that stands before the thing."""
    if thing.kind == "rug":
        return 1 - ndimage.gaussian_filter(space.ground.astype(np.float32), 0.6)
    distance = float(forward(space, thing.x, thing.z))
    if thing.on == WALL:  # all that stands in the room
        before = space.other & ~keep & ~space.hung & np.isfinite(space.near)
    else:
        before = space.other & ~keep & (space.near < distance - (0.12 if thing.on == FLOOR else 0.8))
    before = ndimage.binary_opening(before, iterations=max(1, round(1.5 * space.unit)))
    return (
        ndimage.gaussian_filter(
            ndimage.binary_dilation(before, iterations=max(1, round(2 * space.unit))).astype(np.float32), 0.6
        )
        if before.any()
        else before.astype(np.float32)
    )


def _light(space: Space, thing: Thing) -> F32:
    """By how much light on floor and walls changes (H, W) through the thing: the renderer's own maps."""
    with_it = room_light(
        changed(space.scene, things=(*space.scene.things[:2], changed(thing, on=min(thing.on, 2))))
    )
    without = room_light(changed(space.scene, things=space.scene.things[:2]))
    near = np.hypot(space.x - thing.x, space.z - thing.z) < 1.6 + max(thing.width, thing.depth)
    label = space.label[near]
    x, y, z = (each[near].astype(np.float32) for each in (space.x, space.y, space.z))

    def factor(light: RoomLight) -> F32:
        out = np.ones(len(x), np.float32)
        for surface in (rooms.FLOOR, rooms.BACK, rooms.LEFT, rooms.RIGHT):
            on = label == surface
            if surface == rooms.FLOOR:
                out[on] = light.floor.at(x[on], z[on])
            elif surface == rooms.BACK:
                out[on] = light.back.at(x[on], y[on])
            else:
                out[on] = (light.left if surface == rooms.LEFT else light.right).at(z[on], y[on])
        return out

    ratio = np.ones(near.shape, np.float32)
    ratio[near] = factor(with_it) / np.maximum(factor(without), 1e-3)
    lit = ndimage.binary_dilation(space.ground | space.wall, iterations=max(1, round(space.unit)))
    weight = ndimage.gaussian_filter((lit & ~(space.other & (space.near < np.inf))).astype(np.float32), 0.7)
    return np.asarray(1 + (ratio - 1) * weight, np.float32)


def _contact(space: Space, thing: Thing, support: Thing, keep: Mask) -> F32:
    """The shadow on what the thing stands on, as the renderer has it, on the support's top."""
    scene = space.scene
    width, height = space.size
    s, c = sin_cos(scene.camera.yaw)
    px = ((2 * (np.arange(width) + 0.5) / width - 1) * scene.camera.tan * width / height)[None, :]
    py = ((1 - 2 * (np.arange(height) + 0.5) / height) * scene.camera.tan + scene.camera.shift)[:, None]
    t = (thing.y - scene.camera.y) / np.minimum(py, -1e-3)
    x = scene.camera.x + t * (px * c + s)
    z = scene.camera.z + t * (c - px * s)
    a = (x - thing.x) / (0.62 * thing.width + 0.05)
    e = (z - thing.z) / (0.62 * thing.depth + 0.09)
    near = np.clip(1.35 - (a * a + 0.18 + e * e), 0, 1)
    weight = ndimage.gaussian_filter(keep.astype(np.float32), 0.7)
    return np.asarray(1 - 0.42 * near * weight * (support.height > 0), np.float32)


def _layer(picture: Pixels, alpha: F32, rgb: F32, factor: F32) -> Patch:
    """A patch that lays a thing over a picture and its light around it."""
    shade = np.where(np.abs(factor - 1) < 0.006, 1.0, factor).astype(np.float32)
    dark = np.minimum(shade, 1)
    glow = np.clip(4 * (shade - 1), 0, 1)[..., None]
    below = picture.astype(np.float32)
    # Darkening is black of some alpha; what becomes lighter is the picture's own colour, lightened.
    over = np.maximum(1 - dark, glow[..., 0])
    light = np.where(glow > 0, below * (1 + (shade[..., None] - 1) / np.maximum(glow, 1e-3)), 0)
    total = alpha + (1 - alpha) * over
    mixed = alpha[..., None] * rgb + ((1 - alpha) * over)[..., None] * np.minimum(light, 255)
    colour = mixed / np.maximum(total, 1e-4)[..., None]
    rgba = np.dstack([np.clip(np.round(colour), 0, 255), np.round(255 * total)]).astype(np.uint8)
    return _cropped(rgba)


def _cropped(rgba: Pixels) -> Patch:
    rgba[rgba[..., 3] == 0] = 0
    rows, columns = np.nonzero(rgba[..., 3])
    box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return Patch(np.ascontiguousarray(rgba[box.y0 : box.y1, box.x0 : box.x1]), box)


def _both(picture: Pixels, lower: Patch, upper: Patch) -> Patch:
    """Two patches as one."""
    done = compose(picture, [lower, upper])
    height, width = picture.shape[:2]
    alpha = np.zeros((height, width), np.float32)
    for patch in (lower, upper):
        at = np.s_[patch.box.y0 : patch.box.y1, patch.box.x0 : patch.box.x1]
        alpha[at] = 1 - (1 - alpha[at]) * (1 - patch.rgba[..., 3] / np.float32(255))
    solid = (alpha > 0).astype(np.uint8) * 255
    return _cropped(np.dstack([done, solid]))
