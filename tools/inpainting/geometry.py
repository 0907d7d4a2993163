"""The geometry between a mask and a picture: where an edit is painted, at what size, and how it comes back.

An edit has two masks. The *paint* mask is the object's mask, cleaned and grown: where the engine may paint.
The *blend* mask lies inside it: 255 on the object, falling to 0 at the paint mask's edge, and it bounds the
patch's alpha. So outside the blend mask nothing can change, whatever an engine returns, and no rim of the old
object shows. A restyled object keeps its shape: there the alpha follows the edge that the picture shows
beside the mask's.

    mask ─▶ clean ─▶ paint and blend mask ─▶ crop with context ─▶ working size ─▶ (engine) ─▶ patch

Everything here is a pure function of numpy arrays and small value types. A picture is uint8 RGB (H, W, 3), a
mask is bool (H, W). Sizes are (width, height) in pixels. The work is done inside the crop, so that a small
object costs the same in a picture of any size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from sessions.compose import Box, Patch
from tools.errors import PictureError
from tools.kinds import Kind

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
T = TypeVar("T", bound=np.generic)

RATIOS = (1 / 4, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 4.0)
"""The aspects (width / height) that crops are painted at; the outermost are for pictures that are strips."""

WIDEST = 2.0
"""A crop is made no longer than this, width to height or height to width, where the picture has room."""

CONTEXT = 0.35
"""How far a crop reaches beyond the paint mask on each side, as a share of the mean side of its box."""

MAGNIFY = 6
"""How many times the sides of a crop are enlarged at most: beyond that there is nothing left to see in it."""

ENOUGH = 0.85
"""A crop is painted in full detail from this share of its pixels on (0.92 of a side): what is lost is finer
than two pixels of the picture, and painters that work through a VAE do not draw that."""

TOGETHER = 1.7
"""How many times an engine's largest area the objects of a turn that lie apart are painted at, all together.
They share one picture, so each still gets about the detail that one object all over the picture gets."""

SPECK = 0.0005
HOLE = 0.001
"""Shares of the picture, measured on the pocket segmenter: of what it finds apart from a thing's largest
part, nearly all above this is truly the thing's, and of the holes that it leaves, nearly none."""

SOLID = 0.6
"""A silhouette that fills less than this of its convex hull (a lamp, a chair's legs) has no room in it for
another thing."""

SAME_TEXTURE = (0.5, 0.7)
"""How much of a painted texture must follow from the old one by a change of colour, as a share of its
variance, until it is taken for the old one in other colours: from here on in part, from there on wholly."""

ALIKE = 8.0
"""Colours that are no further apart than this, in levels, do not tell an object from its surroundings."""

_BAND = 6.0
_SHADING = 24.0
"""Standard deviations in pixels of the working size: what is finer than the first is texture and no shading;
where the texture is taken from the picture, what is coarser than the second comes from the painter."""

_LIGHT = np.array((0.299, 0.587, 0.114), dtype=np.float32)  # How bright red, green and blue are.
_EXACT = 1_500_000  # Above this many pixels distances are measured on a coarser grid.


@dataclass(frozen=True)
class Growth:
    """How far a paint mask reaches beyond the object.

    ``share`` is a share of the object's size (the root of its area); the result is kept between ``least`` and
    ``most``, shares of the picture's longer side, because a mask's own error grows with the picture.
    ``feather`` is the share of that margin over which the blend mask falls to 0. ``shadow`` is how far the
    mask is drawn downwards first, as a share of the object's height.
    """

    share: float
    least: float
    most: float
    feather: float
    shadow: float = 0.0


GROWTH: dict[Kind, Growth] = {
    "restyle": Growth(share=0.03, least=0.004, most=0.008, feather=1.0),
    "replace": Growth(share=0.12, least=0.012, most=0.04, feather=1.0),
    "remove": Growth(share=0.10, least=0.010, most=0.03, feather=0.6, shadow=0.15),
    "add": Growth(share=0.06, least=0.008, most=0.03, feather=1.0),
}
"""The margins by kind: a restyled object keeps its shape, a replaced one needs room for another."""

_MATCHED: frozenset[Kind] = frozenset({"remove", "add"})  # What is painted there goes on where the mask ends.


@dataclass(frozen=True, eq=False)
class Region:
    """Where one edit is painted.

    ``box`` is the crop in the picture; ``size`` the (width, height) at which the engine paints it, chosen for
    ``area`` pixels; ``paint`` is bool and ``blend`` uint8, both (box height, box width), at the picture's
    resolution. ``blend`` is 0 wherever ``paint`` is False.
    """

    box: Box
    size: tuple[int, int]
    kind: Kind
    paint: Mask
    blend: Pixels
    area: int

    @property
    def changed(self) -> Box:
        """The box around everything that the edit can change, in the picture."""
        inner = bounds(self.blend > 0)
        x0, y0 = self.box.x0, self.box.y0
        return Box(x0 + inner.x0, y0 + inner.y0, x0 + inner.x1, y0 + inner.y1)


def bounds(mask: Mask) -> Box:
    """The smallest box around a mask. Raises ``PictureError`` when the mask is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        raise PictureError("The mask is empty: mark at least one pixel of what should change.")
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def clean(mask: Mask, *, speck: float = 0.05, hole: float = 0.02) -> Mask:
    """Drop specks and fill small holes.

    A connected part smaller than ``speck`` of the largest part goes; an enclosed hole smaller than ``hole``
    of the mask is filled: but only what is small in the picture, too (see ``SPECK`` and ``HOLE``): a picture
    on a wall is no hole of the wall's, and a floor may show in many places. Both look at neighbours across
    corners for the mask's parts. An empty mask stays empty, and any other keeps its largest part.
    """
    if not mask.any():
        return mask.copy()
    box = bounds(mask)
    window = _pad(box, 1, 1, 1, 1, (mask.shape[1], mask.shape[0]))
    part = _crop(mask, window)
    cleaned = part
    parts, count = ndimage.label(part, structure=np.ones((3, 3), dtype=bool))
    if count > 1:
        areas = np.bincount(parts.ravel())
        areas[0] = 0
        cleaned = (areas >= min(speck * areas.max(), SPECK * mask.size))[parts]
        cleaned &= part
    holes, count = ndimage.label(~cleaned)
    if count > 1:
        areas = np.bincount(holes.ravel())
        small = areas < min(hole * areas[0], HOLE * mask.size)
        edge = np.concatenate((holes[0], holes[-1], holes[:, 0], holes[:, -1]))
        small[edge] = False  # What is open to the outside is no hole.
        small[0] = False
        cleaned = cleaned | small[holes]
    result = np.zeros_like(mask)
    result[window.y0 : window.y1, window.x0 : window.x1] = cleaned
    return result


def room_for_another(mask: Mask) -> Mask:
    """The mask in which another thing takes an object's place: the object's own, with each part that is thin
    (see ``SOLID``) filled to its convex hull. The same size, never smaller than the mask.

    Parts that lie apart stay apart: what shows between two curtains is not theirs to give. Specks (see
    ``SPECK``) stay as they are.
    """
    roomy = mask.copy()
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3), dtype=bool))
    large = np.bincount(parts.ravel()) >= SPECK * mask.size
    for number, window in enumerate(ndimage.find_objects(parts), 1):
        if not large[number]:
            continue
        roomy[window] |= _solid(parts[window] == number)
    return roomy


def _solid(part: Mask) -> Mask:
    """A connected part that touches all four sides of its window, filled to its convex hull if it is thin."""
    rows = np.flatnonzero(part.any(axis=1))
    left = part.argmax(axis=1)[rows]
    right = part.shape[1] - part[:, ::-1].argmax(axis=1)[rows]
    corners = np.concatenate([np.stack((x, y), 1) for x in (left, right) for y in (rows, rows + 1)])
    hull = ConvexHull(corners)
    if np.count_nonzero(part) >= SOLID * hull.volume:  # ``volume`` is the area in the plane
        return part
    drawn = Image.new("1", (part.shape[1], part.shape[0]))
    ImageDraw.Draw(drawn).polygon([(float(x), float(y)) for x, y in corners[hull.vertices]], fill=1)
    return np.asarray(np.asarray(drawn) | part)


def paint_mask(mask: Mask, kind: Kind) -> Mask:
    """Grow an object's mask to where the engine may paint: the same size, never smaller than the mask."""
    return _masks(mask, kind)[0]


def blend_mask(mask: Mask, kind: Kind) -> Pixels:
    """The feathered mask of an object's mask: uint8, 255 on the whole mask, 0 outside its paint mask.

    Between the two it falls smoothly, so that the object's old rim is covered and no edge shows. It does not
    fall towards the picture's own border.
    """
    return _masks(mask, kind)[1]


def crop_box(
    around: Box, size: tuple[int, int], *, context: float = CONTEXT, widest: float = WIDEST, least: int = 32
) -> Box:
    """The crop around a paint mask's box in a picture of ``size``.

    Each side moves out by ``context`` of the box's mean side; a side shorter than ``least`` or than the other
    one through ``widest`` is lengthened. The crop is moved rather than cut at the picture's border, and never
    leaves the picture.
    """
    margin = context * math.sqrt(around.width * around.height)
    wide, high = max(around.width + 2 * margin, least), max(around.height + 2 * margin, least)
    wide, high = max(wide, high / widest), max(high, wide / widest)
    return _grown(around, math.ceil(wide), math.ceil(high), size)


def working_size(box: Box, area: int, multiple: int) -> tuple[int, int]:
    """The (width, height) at which a crop is painted: the nearest of a few aspects, close to ``area`` pixels.

    Both sides are multiples of ``multiple``. Few shapes mean that crops can share a batch and a compiled
    engine.
    """
    ratio = _nearest_ratio(box)
    wide = max(1, round(math.sqrt(area * ratio) / multiple))
    high = max(1, round(math.sqrt(area / ratio) / multiple))
    return wide * multiple, high * multiple


def plan_region(
    mask: Mask, kind: Kind, *, areas: Sequence[int], multiple: int, grow: int | None = None
) -> Region:
    """Plan where and how large the edit of one object is painted.

    ``areas`` are the numbers of pixels that the engine paints well at, one or more; ``multiple`` divides its
    sides. The crop is painted at the smallest of them that is ``ENOUGH`` for its own pixels in the picture,
    else at the largest; planned for that area alone, it comes out the same. The crop gets the aspect of its
    working size wherever the picture has room for it. ``grow`` is the limit of how far the edit goes beyond
    the mask, in pixels; None leaves that to the kind, and has the mask cleaned. Raises ``PictureError`` when
    the mask is empty.
    """
    size = (mask.shape[1], mask.shape[0])
    if grow is None:
        cleaned = clean(mask)
        if kind == "replace":
            cleaned = room_for_another(cleaned)
        box = bounds(cleaned)
        margin, shadow = _margin(int(np.count_nonzero(cleaned)), box, size, kind)
        reach = math.ceil(margin) + 1
        window = _pad(box, reach, reach, reach, reach + shadow, size)
        paint, blend = _grow(_crop(cleaned, window), kind, margin, shadow)
    else:
        # The engine may paint as far as ever, so that it fits at the mask's edge; how far it shows is another
        # thing. The distances are exact at any size: the limit is a promise.
        margin, _ = _margin(int(np.count_nonzero(mask)), bounds(mask), size, kind)
        reach = max(grow, math.ceil(margin))
        window = _pad(bounds(mask), reach, reach, reach, reach, size)
        away = _exactly(_crop(mask, window))
        paint, fall = away <= reach, np.clip((grow + 1 - away) / (grow + 1), 0, 1)
        blend = np.rint(255 * fall * fall * (3 - 2 * fall)).astype(np.uint8)
        blend[away > grow] = 0

    for area in sorted(areas):
        crop = crop_box(window, size, least=math.isqrt(area) // MAGNIFY)
        working = working_size(crop, area, multiple)
        crop = _to_ratio(crop, working[0] / working[1], size)
        if area >= ENOUGH * crop.width * crop.height:
            break
    whole_paint = np.zeros((crop.height, crop.width), dtype=np.bool_)
    whole_blend = np.zeros((crop.height, crop.width), dtype=np.uint8)
    inside = np.s_[window.y0 - crop.y0 : window.y1 - crop.y0, window.x0 - crop.x0 : window.x1 - crop.x0]
    whole_paint[inside], whole_blend[inside] = paint, blend
    return Region(crop, working, kind, whole_paint, whole_blend, area)


def within(patch: Patch, mask: Mask, grow: int | None) -> Patch:
    """The patch with an alpha of 0 wherever it lies further than ``grow`` pixels from the mask, bool (H, W).

    None is no limit. What an engine computes on the picture goes through this, so that the limit holds
    whatever the engine does.
    """
    if grow is None:
        return patch
    box, size = patch.box, (mask.shape[1], mask.shape[0])
    window = _pad(box, grow, grow, grow, grow, size)
    at = np.s_[box.y0 - window.y0 : box.y1 - window.y0, box.x0 - window.x0 : box.x1 - window.x0]
    rgba = patch.rgba.copy()
    rgba[..., 3][_exactly(_crop(mask, window))[at] > grow] = 0
    return Patch(rgba, box)


def most_each(wanted: Sequence[int], areas: Sequence[int]) -> int:
    """The largest of an engine's areas that each object of a turn may have, where they lie apart.

    ``wanted`` are the areas that they would have alone. All together they get no more than ``TOGETHER`` times
    the largest, unless even the smallest is too much.
    """
    budget = TOGETHER * max(areas)
    fitting = (most for most in areas if sum(min(most, each) for each in wanted) <= budget)
    return max(fitting, default=min(areas))


def cut(picture: Pixels, region: Region) -> tuple[Pixels, Mask]:
    """The region's crop and paint mask at the working size: uint8 (h, w, 3) and bool (h, w).

    A pixel of the small mask is True where any of the paint mask falls into it. Raises ``PictureError`` when
    the region lies outside the picture.
    """
    _check(picture, region)
    crop = Image.fromarray(_crop(picture, region.box))
    mask = Image.fromarray(region.paint.view(np.uint8) * np.uint8(255))
    return (
        np.asarray(crop.resize(region.size, Image.Resampling.LANCZOS, reducing_gap=3.0)).copy(),
        np.asarray(mask.resize(region.size, Image.Resampling.BOX)) > 0,
    )


def patch(picture: Pixels, region: Region, painted: Pixels, *, same_material: bool = False) -> Patch:
    """Bring a painted crop back: resampled, matched in colour, with the blend mask as alpha.

    ``painted`` is uint8 (h, w, 3) at the region's working size. The patch covers the blend mask's box only.
    Where a restyled surface is larger than it could be painted and only its colour is another, its fine
    detail is the old one's, recoloured; ``same_material`` says that it was asked for so, else it is found out
    from what was painted. Raises ``PictureError`` when ``painted`` has another size.
    """
    _check(picture, region)
    if painted.shape != (region.size[1], region.size[0], 3) or painted.dtype != np.uint8:
        raise PictureError(
            f"The painted crop is {painted.dtype} {painted.shape} and not RGB of"
            f" {region.size[0]}×{region.size[1]}: the inpainter does not keep to its interface."
        )
    if region.kind in _MATCHED:
        crop, mask = cut(picture, region)
        painted = match_colour(painted, crop, mask)
    box = region.changed
    x0, y0 = box.x0 - region.box.x0, box.y0 - region.box.y0
    x1, y1 = box.x1 - region.box.x0, box.y1 - region.box.y0
    across = region.size[0] / region.box.width
    down = region.size[1] / region.box.height
    source = (x0 * across, y0 * down, min(x1 * across, region.size[0]), min(y1 * down, region.size[1]))
    drawn = Image.fromarray(painted).resize((box.width, box.height), Image.Resampling.LANCZOS, box=source)
    colour, blend = np.array(drawn), region.blend[y0:y1, x0:x1]
    if region.kind == "restyle":
        blend = _at_the_edge(picture, region)[y0:y1, x0:x1]
        share = min(1.0, 2 * (1 / math.sqrt(across * down) - 1))
        map_ = recolouring(*cut(picture, region), painted, sure=same_material) if share > 0 else None
        if map_ is not None:
            own = np.where(region.blend[y0:y1, x0:x1] == 255, np.float32(share * map_.trust), np.float32(0))
            _recolour(colour, _crop(picture, box), map_, own, source)
    return Patch(np.dstack((colour, blend)), box)


def _at_the_edge(picture: Pixels, region: Region) -> Pixels:
    """The blend mask, less what beside the object looks like its surroundings: uint8, the box's size.

    A pixel of the margin lies somewhere between the mean colours of the object and of the surroundings
    nearby: how near to the object's says whether it is a bit of the object that the mask has missed. Without
    this, a painted crop that is less sharp than the picture leaves a halo. Where both look alike, half.
    """
    own, outside = region.blend == 255, region.blend == 0
    rows, columns = np.nonzero(~(own | outside))
    if not rows.size or not own.any() or not outside.any():
        return region.blend
    below = _crop(picture, region.box)
    size = (picture.shape[1], picture.shape[0])
    margin, _ = _margin(int(np.count_nonzero(own)), region.box, size, region.kind)
    step = max(1, int(margin / 4))
    at = (np.stack((rows, columns)) + 0.5) / step - 0.5

    def nearby(part: Mask) -> tuple[Field, Field]:
        """The mean colours of a part of the crop around the margin's pixels, (n, 3), and its share there."""
        there = ndimage.gaussian_filter(_reduce(part.astype(np.float32), step), margin / step)
        share = ndimage.map_coordinates(there, at, order=1, mode="nearest")
        sums = [
            ndimage.gaussian_filter(
                _reduce(np.where(part, below[..., c], 0).astype(np.float32), step), margin / step
            )
            for c in range(3)
        ]
        colours = [ndimage.map_coordinates(plane, at, order=1, mode="nearest") for plane in sums]
        means = np.stack(colours, axis=-1) / np.maximum(share, np.float32(1e-6))[:, None]
        return means.astype(np.float32), share

    (object_, _), (around, known) = nearby(own), nearby(outside)
    apart = object_ - around
    contrast = (apart**2).sum(axis=-1)
    like = ((below[rows, columns] - around) * apart).sum(axis=-1) + ALIKE**2 / 2
    like = np.where(known > 1e-3, like / (contrast + ALIKE**2), 1.0)
    rise = np.clip((like - 0.3) / 0.4, 0, 1)
    blend = region.blend.copy()
    blend[rows, columns] = np.rint(blend[rows, columns] * (rise * rise * (3 - 2 * rise)))
    return blend


@dataclass(frozen=True, eq=False)
class Recolouring:
    """How an old surface becomes the painted one, as far as that is a change of colour.

    A pixel becomes ``pixel @ matrix + rest``: ``matrix`` is float32 (3, 3), ``rest`` the smooth remainder,
    float32 (h, w, 3) at the working size. ``trust`` (0…1) is how far this tells the truth.
    """

    matrix: Field
    rest: Field
    trust: float


def recolouring(crop: Pixels, mask: Mask, painted: Pixels, *, sure: bool = False) -> Recolouring | None:
    """Find the change of colour from a crop to what was painted over it, inside the mask (all of one size).

    The textures of the two, shading taken out, are compared by least squares: one linear map of the colours
    for the whole surface, as a guided filter (He, Sun and Tang, 2013) with one window. ``trust`` follows from
    the share of the painted texture that it explains (see ``SAME_TEXTURE``); None where there is nothing to
    trust: another material, or a surface without texture. ``sure`` says that only the colour is another: then
    a texture that was painted in other places than the old one's does not make the surface flat.
    """
    inner = ndimage.binary_erosion(mask, iterations=2, border_value=1)
    count = int(np.count_nonzero(inner))
    if count < 64:
        return None
    weight = inner.astype(np.float32) + np.float32(1e-4)
    old, new = crop.astype(np.float32), painted.astype(np.float32)
    texture = (old - _smooth(old, weight, _BAND))[inner]
    wanted = (new - _smooth(new, weight, _BAND))[inner]
    # The ridge of two levels keeps a surface without contrast from being amplified.
    matrix = np.linalg.solve(texture.T @ texture + 4 * count * np.eye(3), texture.T @ wanted)
    left = wanted - texture @ matrix
    explained = 1 - float((left**2).sum()) / (float((wanted**2).sum()) + count)
    least, most = SAME_TEXTURE
    rise = float(np.clip((explained - least) / (most - least), 0, 1))
    if sure:
        rise = 1.0
        # At least the contrast that the old surface has for its brightness, at the new brightness.
        brighter = float((new[inner] @ _LIGHT).mean()) / max(1.0, float((old[inner] @ _LIGHT).mean()))
        contrast = brighter * float(np.sqrt(((texture @ _LIGHT) ** 2).mean()))
        found = float(np.sqrt(((texture @ matrix @ _LIGHT) ** 2).mean()))
        matrix *= min(3.0, max(1.0, contrast / max(found, 0.3)))
    if rise == 0:
        return None
    matrix = matrix.astype(np.float32)
    return Recolouring(matrix, _smooth(new - old @ matrix, weight, _SHADING), rise * rise * (3 - 2 * rise))


def _recolour(
    colour: Pixels,
    below: Pixels,
    change: Recolouring,
    share: Field,
    source: tuple[float, float, float, float],
) -> None:
    """Move ``colour`` in place towards the recoloured picture, by ``share`` (0…1) at each pixel.

    A channel at a time, to be sparing with memory: all but ``change.rest`` have the patch's full size.
    """
    size = (colour.shape[1], colour.shape[0])
    for channel in range(3):
        rest = Image.fromarray(np.ascontiguousarray(change.rest[..., channel]))
        plane = np.array(rest.resize(size, Image.Resampling.BILINEAR, box=source), dtype=np.float32)
        for of, factor in enumerate(change.matrix[:, channel]):
            plane += below[..., of] * factor
        plane -= colour[..., channel]
        plane *= share
        plane += colour[..., channel]
        colour[..., channel] = np.clip(np.rint(plane), 0, 255)


def _smooth(field: Field, weight: Field, sigma: float) -> Field:
    """The mean around each pixel of (h, w, c) under the weights (h, w)."""
    there = ndimage.gaussian_filter(weight, sigma)
    planes = [ndimage.gaussian_filter(field[..., c] * weight, sigma) / there for c in range(field.shape[2])]
    return np.stack(planes, axis=-1).astype(np.float32)


def match_colour(painted: Pixels, original: Pixels, mask: Mask, *, most: float = 16.0) -> Pixels:
    """Shift the low frequencies of a painted crop so that it fits its surroundings.

    All three have the same height and width. Just outside the mask the engine has repainted pixels that are
    known: its error there, smoothed, is carried into the mask. The shift is at most ``most`` levels a
    channel, and pixels that are wrong by more than twice that (a moved edge) do not count. Without
    surroundings nothing is shifted.
    """
    high, wide = mask.shape
    step = max(1, min(high, wide) // 64)
    inside = _reduce(mask.astype(np.float32), step) > 0
    ring = ndimage.binary_dilation(inside, iterations=max(2, max(inside.shape) // 12)) & ~inside
    error = np.stack(
        [_reduce(original[..., c].astype(np.float32) - painted[..., c], step) for c in range(3)], axis=-1
    )
    ring &= np.abs(error).max(axis=-1) <= 2 * most
    if ring.sum() < 8:
        return painted
    mean = error[ring].mean(axis=0)
    sigma = max(inside.shape) / 8
    weight = ndimage.gaussian_filter(ring.astype(np.float32), sigma)
    shifted = np.empty_like(painted)
    for channel in range(3):
        spread = ndimage.gaussian_filter(np.where(ring, error[..., channel], 0).astype(np.float32), sigma)
        shift = (spread + 1e-3 * mean[channel]) / (weight + 1e-3)
        field = _enlarge(np.clip(shift, -most, most).astype(np.float32), step, (high, wide))
        shifted[..., channel] = np.clip(np.rint(painted[..., channel] + field), 0, 255)
    return shifted


def _margin(area: int, box: Box, size: tuple[int, int], kind: Kind) -> tuple[float, int]:
    """How far, in pixels, a mask of ``area`` pixels grows, and how far it is drawn downwards first."""
    growth, longer = GROWTH[kind], max(size)
    margin = min(max(growth.share * math.sqrt(area), growth.least * longer), growth.most * longer)
    return max(2.0, margin), round(growth.shadow * box.height)


def _masks(mask: Mask, kind: Kind) -> tuple[Mask, Pixels]:
    """The paint and the blend mask at the mask's own size; both empty for an empty mask."""
    paint, blend = np.zeros_like(mask), np.zeros(mask.shape, dtype=np.uint8)
    if mask.any():
        if kind == "replace":
            mask = room_for_another(mask)
        size = (mask.shape[1], mask.shape[0])
        box = bounds(mask)
        margin, shadow = _margin(int(np.count_nonzero(mask)), box, size, kind)
        reach = math.ceil(margin) + 1
        window = _pad(box, reach, reach, reach, reach + shadow, size)
        inside = np.s_[window.y0 : window.y1, window.x0 : window.x1]
        paint[inside], blend[inside] = _grow(mask[inside], kind, margin, shadow)
    return paint, blend


def _grow(mask: Mask, kind: Kind, margin: float, shadow: int) -> tuple[Mask, Pixels]:
    """The paint and the blend mask from one field of distances, so that one always lies inside the other."""
    core = _drawn_down(mask, shadow)
    away = _distance(core)
    paint = (away <= margin) | core
    fall = np.clip((margin + 1 - away) / (GROWTH[kind].feather * (margin + 1)), 0, 1)
    blend = np.rint(255 * fall * fall * (3 - 2 * fall)).astype(np.uint8)
    blend[~paint] = 0
    blend[core] = 255
    return paint, blend


def _exactly(mask: Mask) -> Field:
    """Each pixel's distance to a mask in pixels; far away from everything where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.float32(1e9))
    return np.asarray(ndimage.distance_transform_edt(~mask), dtype=np.float32)


def _drawn_down(mask: Mask, rows: int) -> Mask:
    """The mask and its copies moved down by 1 to ``rows``, in a logarithmic number of steps."""
    drawn, reach = mask.copy(), 0
    while reach < rows:
        step = min(max(1, reach), rows - reach)
        drawn[step:] |= drawn[:-step].copy()
        reach += step
    return drawn


def _distance(core: Mask) -> Field:
    """Each pixel's distance to ``core`` (not empty) in pixels, exact up to ``_EXACT`` of them."""
    step = math.ceil(math.sqrt(core.size / _EXACT))
    if step <= 1:
        return np.asarray(ndimage.distance_transform_edt(~core), dtype=np.float32)
    small = _reduce(core.astype(np.float32), step) > 0
    coarse = np.asarray(ndimage.distance_transform_edt(~small), dtype=np.float32) * step
    return _enlarge(coarse, step, core.shape)


def _reduce(field: Field, step: int) -> Field:
    """Means over ``step`` × ``step`` pixels; the last row and column take what is left."""
    return np.asarray(Image.fromarray(field).reduce(step), dtype=np.float32)


def _enlarge(field: Field, step: int, shape: tuple[int, ...]) -> Field:
    """Undo ``_reduce``: bilinear, cut to ``shape``."""
    high, wide = field.shape
    large = Image.fromarray(field).resize((wide * step, high * step), Image.Resampling.BILINEAR)
    return np.asarray(large, dtype=np.float32)[: shape[0], : shape[1]]


def _nearest_ratio(box: Box) -> float:
    ratio = math.log(box.width / box.height)
    return min(RATIOS, key=lambda candidate: abs(math.log(candidate) - ratio))


def _to_ratio(box: Box, ratio: float, size: tuple[int, int]) -> Box:
    """Lengthen one side of a box to the ratio of width to height, as far as the picture goes."""
    wide, high = max(box.width, round(box.height * ratio)), max(box.height, round(box.width / ratio))
    return _grown(box, wide, high, size)


def _grown(box: Box, wide: int, high: int, size: tuple[int, int]) -> Box:
    """A box of ``wide`` × ``high``, or what the picture has of that, around a smaller one."""
    x0, x1 = _span(box.x0, box.x1, wide, size[0])
    y0, y1 = _span(box.y0, box.y1, high, size[1])
    return Box(x0, y0, x1, y1)


def _span(start: int, stop: int, length: int, limit: int) -> tuple[int, int]:
    length = min(max(length, stop - start), limit)
    first = (start + stop - length) // 2
    first = min(max(first, 0), limit - length)
    return first, first + length


def _pad(box: Box, left: int, up: int, right: int, down: int, size: tuple[int, int]) -> Box:
    return Box(
        max(0, box.x0 - left), max(0, box.y0 - up), min(size[0], box.x1 + right), min(size[1], box.y1 + down)
    )


def _crop(array: NDArray[T], box: Box) -> NDArray[T]:
    return array[box.y0 : box.y1, box.x0 : box.x1]


def _check(picture: Pixels, region: Region) -> None:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise PictureError("A picture to edit must be 8-bit RGB: convert it first.")
    if region.box.x1 > picture.shape[1] or region.box.y1 > picture.shape[0]:
        raise PictureError(
            "The region lies outside the picture: plan it with a mask of the picture's own size."
        )
