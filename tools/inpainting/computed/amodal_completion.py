"""Things that another thing hides in part: gone on with between what is seen of them on both sides.

A sofa behind a coffee table is seen on its left and its right. Its front is taken for an upright plane along
a wall of the room, which stands where the sofa meets the floor; what is hidden of it is what lies a little
further along on the same plane, at the same height. A curtain hangs as far down as what is seen of its end.
A picture, a mirror, a clock or a window is a rectangle or an ellipse on its wall: where all four of its ends
are seen, what is hidden of it is like its mirror image. What else is seen on one side only is not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from tools import room_box as rooms
from tools.inpainting.computed import surfaces, texture
from tools.inpainting.computed.surfaces import F32, Laid, Mask, Shifts
from tools.room_box import F64, Room

_STEP, _FURTHEST = 0.02, 1.6
"""The moves along a plane that are tried, in heights of the camera."""
_SHADE, _SHADES = 0.05, 9
"""The floor before a thing is darker in so wide strips, so many of them."""
_HIGHEST = 0.3
"""From so much higher on a thing at most it is gone on with, in the same unit."""
_ENCLOSED = 0.08
"""A thing carries another where it lies on both sides of more than this share of the other's place."""
_SHADOWED = 0.03
"""A thing is in a shadow where it is darker than foretold by more than this, as a logarithm."""
_LEVEL = 0.05
"""What hangs ends at one height where it ends by no more than this apart, in heights of the camera."""
_ROD = 0.3
"""What ends this share of the height below the top or less is a rod."""
_TO_FLOOR = 0.1
"""What is seen lower than this, in heights of the camera, hangs down to the floor."""
_BARE = 0.1
"""What hangs ends over a bare wall or floor where more than this share of its width does."""
_ASKEW = 0.3
"""A thing whose bottom line runs more across the room's axes than this (a tangent) stands askew."""

_END, _END_SEEN = 0.06, 0.15
"""The outermost part of what hangs on a wall, as a share of its size, and how much of that must be in view,
with the wall beyond it, that this is known to be its end."""
_HIDDEN_END = 0.6
"""A window's side is hidden where more than this share of it is."""
_RECTANGLE = 0.88
"""It is no disc where it fills more than this share of its height and width."""
_RAIL = 2, 30
"""Pixels that a frame is wide, at least and at most."""
_CIRCLE = 0.9
"""What is round and less flat than this is a circle, whose outline was found with some error."""
_SILL = 0.5
"""Percent of what is seen that may lie beyond each end of a rectangle."""
_LIT, _ALIKE = 40, 15
"""Levels: what differs by less than the first is lit otherwise, and by less than the second alike."""
_FILLED, _SPILT = 0.92, 0.06
"""What hangs has a form where it fills at least the first share of what is in view of that, with no more than
the second share of itself outside."""


@dataclass(frozen=True, eq=False)
class Behind:
    """What goes on behind a hole: where (H, W), its colours (n, 3) there, 0…255, and how far off known pixels
    of it would be if they were made in the same way.
    """

    where: Mask
    values: F32
    off: float
    front: Front | None = None


@dataclass(frozen=True)
class Front:
    """Where a thing stands on the floor: the ``surface`` of the room that its front runs along, how far the
    front is ``away`` along the other axis, and from where to where it goes; in camera heights.
    """

    surface: int
    away: float
    start: float
    end: float

    def before(self, u: F64, v: F64) -> tuple[F64, Mask]:
        """How far before the front points (u, v) of the floor are, and whether they are right before it."""
        along, into = (u, self.away - v) if self.surface == rooms.BACK else (v, self.away - np.abs(u))
        return into, np.asarray((along > self.start) & (along < self.end) & (into > -0.1))

    def shade(self, u: F64, v: F64, rest: F64, known: Mask) -> F64:
        """How much darker the floor is before the front than elsewhere, a logarithm (H, W) up to 0, as the
        ``known`` points (H, W) with their ``rest`` show it beside what is hidden.
        """
        into, here = self.before(u, v)
        cell = np.clip((into / _SHADE).astype(int), 0, _SHADES - 1)
        shades = np.zeros(_SHADES)
        for k in range(_SHADES):
            at = known & here & (cell == k)
            if at.sum() >= 25:
                shades[k] = min(float(np.median(rest[at])), 0.0)
            elif k:
                shades[k] = shades[k - 1] * 0.7
        shades[-1] = 0.0
        place = np.clip(into / _SHADE - 0.5, 0, _SHADES - 1)
        return np.asarray(np.where(here, np.interp(place, np.arange(_SHADES), shades), 0.0))


def go_on(
    picture: NDArray[np.uint8],
    thing: Mask,
    hole: Mask,
    floor: Mask,
    wall: Mask,
    room: Room,
    *,
    stands: bool,
    boxy: bool = False,
    panels: bool = False,
) -> Behind | None:
    """Go on with a thing (H, W) under the hole of an RGB picture (H, W, 3).

    ``floor`` and ``wall``: where these are seen, a rug among the floor; ``stands``: it stands on the floor,
    else it hangs or lies on something; ``boxy``: it is closed down to its legs; ``panels``: it hangs in parts
    that end at the same height. None where it does not go on there, or too little of it is seen to say how.
    """
    height, width = hole.shape
    unit = height / 480
    seen = thing & ~hole
    near = ndimage.binary_dilation(hole, iterations=round(4 * unit))
    if (seen & near).sum() < 20 * unit or seen.sum() < 150 * unit * unit:
        return None
    inside = _between(seen) if not stands else _hull(seen)
    laid = _wall_of(seen, room) if panels else surfaces.lay(room, rooms.BACK, width, height)
    if panels:
        each = [_between(panel) for panel in panels_of(seen)]
        inside = np.logical_or.reduce([_down_to_the_others(seen, hole, floor | wall, laid), *each])
    wanted = inside & hole
    if wanted.sum() < 25 * unit * unit:
        return None
    if stands:
        stood = _front(seen, hole, floor, wanted, room, unit)
        if stood is None:
            return None
        laid, inside = stood
        wanted = inside & hole & _reaches(laid, seen, (floor | wall) & inside & ~hole, unit)
        if boxy:
            wanted &= laid.v >= _clearance(laid, seen, hole, floor, unit)
    if wanted.sum() < 25 * unit * unit:
        return None
    known = ndimage.binary_erosion(seen, iterations=max(1, round(2 * unit)))
    tone = picture.astype(np.float32)
    ways, best = _moves(laid, tone, known, wanted)
    if not len(ways.moves):
        return None
    wanted = ndimage.binary_dilation(wanted, iterations=max(1, round(2 * unit))) & hole & inside
    values, have, _ = surfaces.filled(laid, tone, known, wanted, ways)
    if have.mean() < 0.6:
        return None
    if not have.all():
        values = _patched(values, have, wanted)
    front = None
    if stands:
        sides = {rooms.BACK: laid.room.back, rooms.LEFT: laid.room.left, rooms.RIGHT: laid.room.right}
        extent = laid.u[seen | wanted]
        front = Front(laid.surface, sides[laid.surface], float(extent.min()), float(extent.max()))
    return Behind(wanted, values, best, front)


def under(
    picture: NDArray[np.uint8], thing: Mask, mask: Mask, hole: Mask, *, stands: bool = False
) -> Behind | None:
    """Go on with a thing (H, W) on which the one at ``mask`` stands or lies, such as the bed under a cat, in
    an RGB picture (H, W, 3): where the ``hole``, the mask with a rim, has it on both sides. None where it
    has not, or hardly; where it ``stands`` there, its foot may be a small part of it.
    """
    unit = hole.shape[0] / 480
    seen = thing & ~hole
    close = seen & ndimage.binary_dilation(hole, iterations=round(20 * unit))
    if close.sum() < 40 * unit * unit:
        return None
    wanted = hole & _enclosed(seen, hole, round(4 * unit))
    if not stands and wanted.sum() < _ENCLOSED * hole.sum():
        return None
    hull = hole & (_hull(close) | wanted)
    if hull.sum() < 1.5 * wanted.sum():  # its far edge, round or seen from the side
        wanted = hull
    known = ndimage.binary_erosion(seen, iterations=max(1, round(1.5 * unit)))
    if wanted.sum() < 25 * unit * unit or known.sum() < wanted.sum():
        return None
    rows, columns = np.nonzero(mask)
    dark = np.zeros_like(hole)
    foot = wanted & (np.arange(len(hole))[:, None] > rows.max() - 0.25 * np.ptp(rows))
    if foot.sum() > 0.1 * wanted.sum():  # it stands here: its shadow is made anew, too
        dark = seen & (ndimage.distance_transform_edt(~foot) < 6 * unit + 0.5 * np.ptp(columns))
    tone = np.log(picture.astype(np.float32) + surfaces.EPS)
    part = wanted | dark
    fill = texture.better((texture.across_rows, texture.along_rows), tone, known & ~part, wanted)
    made = texture.seamless(fill, tone, known & ~part, part, unit)
    if made is None:
        return None
    new = tone.copy()
    new[part] = made.values
    lit = ndimage.gaussian_filter((new - tone).mean(axis=2), unit) > _SHADOWED
    shadow = ndimage.binary_propagation(wanted, mask=wanted | (part & lit))
    values = np.exp(new[shadow]) - surfaces.EPS
    return Behind(shadow, values.astype(np.float32), made.off * float(picture[known].mean()))


def mirrored(
    picture: NDArray[np.uint8], thing: Mask, hole: Mask, other: Mask, room: Room, *, upright: bool = False
) -> Behind | None:
    """Go on under the hole (H, W) of an RGB picture (H, W, 3) with a thing that hangs on a wall in a frame:
    what is hidden of it is the mirror image of what is seen, and lies between what is seen where that is
    hidden, too.

    ``other``: things that stand before it; ``upright``: it looks otherwise upside down. None where it has
    none of the forms that frames have, where one of its ends is hidden, or where hardly anything of it is.
    """
    height, width = hole.shape
    unit = height / 480
    seen = thing & ~hole
    near = ndimage.binary_dilation(hole, iterations=round(4 * unit))
    if (seen & near).sum() < 10 * unit or seen.sum() < 150 * unit * unit:
        return None
    laid = _wall_of(seen, room)
    on_wall = rooms.labels(room, width, height) == laid.surface
    in_view = on_wall & ~hole & ~ndimage.binary_dilation(other, iterations=max(1, round(2 * unit)))
    for cut in (_SILL, 0.0):  # a rectangle may have a sill that is wider, an ellipse has nothing to cut off
        low, high = (
            np.array([np.percentile(each[seen], q) for each in (laid.u, laid.v)]) for q in (cut, 100 - cut)
        )
        middle, half = (low + high) / 2, (high - low) / 2
        if half.min() <= 0 or not _ends_seen(seen, hole, laid, middle, half):
            return None
        across, upwards = (laid.u - middle[0]) / half[0], (laid.v - middle[1]) / half[1]
        away = np.maximum(np.abs(across), np.abs(upwards)) if cut else np.hypot(across, upwards)
        form = away <= 1.01
        there = form & in_view
        filled = float((seen & there).sum()) > _FILLED * float(there.sum())
        if filled and float((seen & ~form).sum()) < _SPILT * float(seen.sum()):
            break
    else:
        return None
    if not cut and half.min() > _CIRCLE * half.max():
        form = away * half.min() / half.max() <= 1.02
    tone = picture.astype(np.float32)
    clear = seen & ~ndimage.binary_dilation(hole | other, np.ones((3, 3), bool))
    known = _Known.of(tone, clear, hole, 2.5 * unit)
    beside = hole & on_wall & (np.abs(across) < 1.2) & (np.abs(upwards) < 1.05)
    wanted = form & hole & on_wall
    at_rim = _Known.of(tone, seen, hole, 0.5 * unit)
    wanted[beside] |= _image(laid, at_rim, beside, middle, (-1, 1))[1]  # a sill is wider than its window
    if wanted.sum() < 12 * unit * unit:
        return None
    close = known.where & ndimage.binary_dilation(wanted, iterations=round(3 * unit))
    values, have = np.zeros((int(wanted.sum()), 3), np.float32), np.zeros(int(wanted.sum()), bool)
    offs = []
    for flip in ((-1, 1),) if upright else ((-1, 1), (1, -1), (-1, -1)):
        colours, there = _image(laid, known, close, middle, flip)
        step = np.where(there[:, None], tone[close] - colours, 0)
        offs.append(float(np.abs(step[there]).mean()) if there.sum() > 20 * unit else 64.0)
        lit = np.zeros(hole.shape)  # what is lit otherwise there
        lit[close] = np.where(np.abs(step).max(axis=1) < _LIT, step.mean(axis=1), 0)
        lit = surfaces.spread_in(lit, close, 8 * unit)
        colours, there = _image(laid, known, wanted, middle, flip)
        new = there & ~have
        values[new] = colours[new] + lit[wanted][new, None]
        have |= there
    if not have.all():
        left = wanted.copy()
        left[wanted] = ~have
        values[~have] = _interpolated(laid, known, left, half / 40)
    return Behind(wanted, values.clip(0, 255), min(offs))


def framed(picture: NDArray[np.uint8], thing: Mask, hole: Mask, other: Mask, room: Room) -> Behind | None:
    """Close the frame of a window or a picture (H, W) of which one side or both are in the hole (H, W) of an
    RGB picture (H, W, 3), such as between curtains: they stand where what is seen of it ends, and look like
    its frame above.

    ``other``: things that stand before it. None where its sides are in view, or it has no frame above or no
    lower end, or is no rectangle.
    """
    height, width = hole.shape
    unit = height / 480
    seen = thing & ~hole
    firm = ndimage.binary_erosion(seen, np.ones((3, 3), bool))
    if firm.sum() < 150 * unit * unit:
        return None
    laid = _wall_of(seen, room)
    u, v = laid.u[firm], laid.v[firm]
    tone = picture.astype(np.float32)
    step = float(np.median(np.abs(np.diff(laid.v, axis=0))[seen[1:] & seen[:-1]]))
    high, low = float(v.max()) + step, float(v.min()) - step
    from_top, from_bottom = (_profile(tone[firm], each / step) for each in (high - v, v - low))
    rail, sill = (_of_one_colour(each) for each in (from_top, from_bottom))
    if not rail or not sill:
        return None
    wide = rail * step
    on_wall = rooms.labels(room, width, height) == laid.surface
    level = on_wall & (laid.v < high) & (laid.v > low)
    in_view = level & (laid.u > u.min()) & (laid.u < u.max()) & ~hole & ~other
    if float((seen & in_view).sum()) < _RECTANGLE * float(in_view.sum()):
        return None
    inside = level & hole
    where, colours = np.zeros_like(hole), np.zeros((*hole.shape, 3), np.float32)
    for sign in (-1, 1):
        end = float(np.percentile(sign * u, 99.5)) + step
        beyond = sign * laid.u - end
        strip = level & (beyond > 0) & (beyond <= wide)
        if not strip.any() or (strip & hole).sum() < _HIDDEN_END * strip.sum():
            continue
        own = inside & (beyond > -2 * step) & (beyond <= wide)
        above = np.minimum(high - laid.v[own], wide - beyond[own]) / step
        below = (laid.v[own] - low) / step
        made = _at(from_top, above)
        made[below < sill] = _at(from_bottom, below[below < sill])
        colours[own] = made
        where |= own
    if where.sum() < 12 * unit * unit:
        return None
    uneven = float(np.abs(tone[firm][(high - v) / step < rail] - np.nanmean(from_top[:rail], axis=0)).mean())
    return Behind(where, colours[where].clip(0, 255), uneven)


def _profile(colours: F32, away: F64) -> F32:
    """The median of colours (n, 3) by how far ``away`` (n,) they are, in whole steps up to 40, (40, 3)."""
    steps = away.astype(int)
    out = np.full((40, 3), np.nan, np.float32)
    for k in range(40):
        if (steps == k).sum() >= 6:
            out[k] = np.median(colours[steps == k], axis=0)
    return out


def _of_one_colour(profile: F32) -> int:
    """The number of steps from the edge over which a profile (n, 3) keeps its colour; 0 where it has none."""
    first = np.flatnonzero(np.isfinite(profile[:, 0]))
    if not len(first):
        return 0
    usual = profile[first[0] : first[0] + 3].mean(axis=0)
    other = ~(np.abs(profile - usual).max(axis=1) < _LIT)
    other[: first[0] + 1] = False
    count = int(other.argmax())
    return count if _RAIL[0] <= count <= _RAIL[1] else 0


def _at(profile: F32, away: F64) -> F32:
    """The colours (n, 3) of a profile at some steps (n,)."""
    steps = np.flatnonzero(np.isfinite(profile[:, 0]))
    return np.stack([np.interp(away - 0.5, steps, profile[steps, k]) for k in range(3)], axis=1).astype(
        np.float32
    )


@dataclass(frozen=True, eq=False)
class _Known:
    """The colours (H, W, 3) ``where`` (H, W) they are known, and a little beyond: ``have`` (H, W)."""

    colours: F32
    where: Mask
    have: Mask

    @classmethod
    def of(cls, tone: F32, where: Mask, hole: Mask, reach: float) -> _Known:
        away, (rows, columns) = ndimage.distance_transform_edt(~where, return_indices=True)
        return cls(tone[rows, columns], where, (away <= reach) & ~hole)

    def at(self, laid: Laid, u: F64, v: F64) -> tuple[F32, NDArray[np.bool_]]:
        """The colours (n, 3) of points of a surface, and whether they are known."""
        height, width = self.where.shape
        x, y, _ = rooms.project(laid.room, laid.surface, u, v, width, height)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        place = np.stack([np.clip(y - 0.5, 0, height - 1), np.clip(x - 0.5, 0, width - 1)])
        there = inside & self.have[place[0].round().astype(int), place[1].round().astype(int)]
        parts = [ndimage.map_coordinates(self.colours[..., k], place, order=1) for k in range(3)]
        return np.stack(parts, axis=1).astype(np.float32), there


def _image(
    laid: Laid, known: _Known, at: Mask, middle: F64, flip: tuple[int, int]
) -> tuple[F32, NDArray[np.bool_]]:
    """The colours (n, 3) at the other side of a thing's ``middle`` (2,), and whether these are known."""
    u = middle[0] + flip[0] * (laid.u[at] - middle[0])
    v = middle[1] + flip[1] * (laid.v[at] - middle[1])
    return known.at(laid, u, v)


def _interpolated(laid: Laid, known: _Known, wanted: Mask, step: F64) -> F32:
    """The colours (n, 3) of what is ``wanted`` (H, W) by what is known on both sides of it, or above and
    below it where that is alike; ``step`` (2,) are the steps on the surface in which it is looked for.
    """
    u, v = laid.u[wanted], laid.v[wanted]
    ways = []
    for axis in (1, 0):
        ends, found, far = [], [], []
        for sign in (-1, 1):
            colours, there = np.zeros((len(u), 3), np.float32), np.zeros(len(u), bool)
            away = np.full(len(u), np.inf)
            for k in range(1, 60):
                by = sign * k * step[axis]
                got, right = known.at(laid, u + by * (axis == 0), v + by * (axis == 1))
                new = right & ~there
                colours[new], away[new] = got[new], k
                there |= right
                if there.all():
                    break
            ends.append(colours)
            found.append(there)
            far.append(away)
        near = 1 / np.stack(far)
        share = near / np.maximum(near.sum(axis=0), 1e-9)
        mixed = ends[0] * share[0][:, None] + ends[1] * share[1][:, None]
        apart = np.abs(ends[0] - ends[1]).max(axis=1)
        apart = np.where(found[0] & found[1], apart, np.where(found[0] | found[1], 200.0, 999.0))
        ways.append((mixed, apart))
    (upright, unlike), (level, other) = ways
    chosen = (unlike < _ALIKE) | (unlike < other)
    return np.asarray(np.where(chosen[:, None], upright, level), np.float32)


def _ends_seen(seen: Mask, hole: Mask, laid: Laid, middle: F64, half: F64) -> bool:
    """Whether all four ends of what hangs on a wall are in view; ``middle`` and ``half`` (2,) are its place
    and half its size on the wall.
    """
    height, width = seen.shape
    for axis, place in enumerate((laid.u, laid.v)):
        for sign in (-1, 1):
            out = sign * (place - middle[axis]) / half[axis]
            end = seen & (out > 1 - 2 * _END)
            if not end.any():
                return False
            u, v = laid.u[end], laid.v[end]
            beyond = [u.copy(), v.copy()]
            beyond[axis] = middle[axis] + sign * half[axis] * (1 + 2 * _END)
            x, y, _ = rooms.project(laid.room, laid.surface, beyond[0], beyond[1], width, height)
            row, column = np.clip(y, 0, height - 1).astype(int), np.clip(x, 0, width - 1).astype(int)
            free = ~hole[row, column]
            along = (u, v)[1 - axis][free]
            if free.sum() < 6 or np.ptp(along) < _END_SEEN * 2 * half[1 - axis]:
                return False
    return True


def _enclosed(seen: Mask, hole: Mask, slack: int) -> Mask:
    """The parts of a hole that have what is ``seen`` at both ends, in their row or in their column."""
    out = np.zeros_like(hole)
    for across in (True, False):
        there, gap = (seen, hole) if across else (seen.T, hole.T)
        found = np.zeros_like(gap)
        for at in np.flatnonzero(gap.any(axis=1)):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], gap[at].astype(np.int8), [0]])))
            for start, end in edges.reshape(-1, 2):
                before, after = there[at, max(0, start - slack) : start], there[at, end : end + slack]
                if before.any() and after.any():
                    found[at, start:end] = True
        out |= found if across else found.T
    return out


def _between(seen: Mask) -> Mask:
    """What has the thing on both sides in its row, and what has it above and below in its column."""
    out = np.zeros_like(seen)
    for axis in (0, 1):
        there = np.maximum.accumulate(seen, axis)
        back = np.flip(np.maximum.accumulate(np.flip(seen, axis), axis), axis)
        out |= there & back
    return out


def cut_off(seen: Mask, hole: Mask, bare: Mask, room: Room) -> list[Mask]:
    """The separate parts (H, W) of what is ``seen`` of a hanging thing that end at a hole below them, above
    where the others end on a ``bare`` wall or floor.
    """
    laid = _wall_of(seen, room)
    lowest = _lowest(seen, hole, bare, laid)
    out = []
    for part in _ending_at(seen, hole, 0.4):
        columns, bottom, cut = _ends(part, hole)
        if lowest is None or float(np.median(laid.v[bottom[cut], columns[cut]])) > lowest + _LEVEL:
            out.append(part)
    return out


def _ending_at(seen: Mask, hole: Mask, least: float) -> list[Mask]:
    """The parts of what hangs that end at a hole with more than the ``least`` share of their width."""
    return [part for part in panels_of(seen) if _ends(part, hole)[2].mean() > least]


def _wall_of(seen: Mask, room: Room) -> Laid:
    """The wall before which most of a thing is seen."""
    height, width = seen.shape
    surface = int(np.bincount(rooms.labels(room, width, height)[seen], minlength=4)[:4].argmax())
    return surfaces.lay(room, surface if surface != rooms.FLOOR else rooms.BACK, width, height)


def _lowest(seen: Mask, hole: Mask, bare: Mask, laid: Laid) -> float | None:
    """How high above the floor what hangs ends where neither a hole cuts it off nor what stands before it:
    ``bare`` is what is seen of walls and floor. None where that is nowhere.
    """
    free: list[float] = []
    for part in panels_of(seen):
        columns, bottom, cut = _ends(part, hole)
        below = np.minimum(bottom + round(4 * len(part) / 480) + 2, len(part) - 1)
        top = int(np.flatnonzero(part.any(axis=1))[0])
        hangs = bottom > top + _ROD * (bottom.max() - top)
        to_floor = laid.v[bottom, columns] < _TO_FLOOR
        ends = (bare[below, columns] | to_floor) & ~cut & hangs
        if ends.sum() > _BARE * hangs.sum():
            free += laid.v[bottom[ends], columns[ends]].tolist()
    return float(np.percentile(free, 10)) if len(free) >= 3 else None


def _ends(part: Mask, hole: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Where a part of a hanging thing ends: columns and rows (n,), and whether at a hole."""
    columns = np.flatnonzero(part.any(axis=0))
    bottom = len(part) - 1 - part[::-1, columns].argmax(axis=0)
    cut = np.zeros(len(columns), bool)
    for down in range(1, round(4 * len(part) / 480) + 2):
        cut |= hole[np.minimum(bottom + down, len(part) - 1), columns]
    return columns, bottom, cut


def panels_of(seen: Mask) -> list[Mask]:
    """The separate parts (H, W) of what hangs from a rod, without the rod."""
    unit = len(seen) / 480
    labels, count = ndimage.label(ndimage.binary_opening(seen, iterations=max(1, round(3 * unit))))
    parts = [labels == k for k in range(1, count + 1)]
    return [part for part in parts if part.sum() > 60 * unit * unit]


def _down_to_the_others(seen: Mask, hole: Mask, bare: Mask, laid: Laid) -> Mask:
    """What hangs below parts that a hole cuts off, as far down on their wall as the others hang (H, W)."""
    out = np.zeros_like(seen)
    lowest = _lowest(seen, hole, bare, laid)
    if lowest is None:
        return out
    for part in _ending_at(seen, hole, 0.1):
        rows = np.flatnonzero(part.any(axis=1))
        low = part.copy()
        low[: int(rows[0] + 0.3 * (rows[-1] - rows[0]))] = False  # a lamp may stand before it above
        left, right = np.percentile(laid.u[low], (1, 99))
        top = float(np.percentile(laid.v[part], 90))
        out |= (laid.u >= left) & (laid.u <= right) & (laid.v >= lowest) & (laid.v <= top)
    return out


def _hull(seen: Mask) -> Mask:
    """The convex hull of a mask (H, W)."""
    rows, columns = np.nonzero(seen ^ ndimage.binary_erosion(seen))
    try:
        hull = ConvexHull(np.stack([columns, rows], axis=1).astype(np.float64))
    except (QhullError, ValueError):
        return seen
    y, x = np.mgrid[: seen.shape[0], : seen.shape[1]]
    out = np.ones_like(seen)
    for a, b, c in hull.equations:
        out &= a * x + b * y + c <= 0.5
    return out


def _front(
    seen: Mask, hole: Mask, floor: Mask, wanted: Mask, room: Room, unit: float
) -> tuple[Laid, Mask] | None:
    """The plane of a thing's front, by where it meets the floor beside what is hidden, and all that the thing
    covers (H, W) as far as it goes on straight.
    """
    height, width = seen.shape
    columns = np.flatnonzero(seen.any(axis=0))
    bottom = height - 1 - seen[::-1, columns].argmax(axis=0)
    below = np.minimum(bottom + round(4 * unit) + 1, height - 1)
    free = floor[below, columns] & ~hole[below, columns]
    middle = float(np.nonzero(wanted)[1].mean())
    ends = []
    for side in (columns < middle, columns >= middle):
        at = np.flatnonzero(free & side)
        if len(at) < 4 * unit:
            continue
        low = bottom[at]
        stands = low >= np.percentile(low, 70)
        x, y = columns[at][stands] + 0.5, low[stands] + 1.0
        u, v = rooms.coordinates(room, rooms.FLOOR, x, y, width, height)
        ends.append((float(np.median(u)), float(np.median(v))))
    if not ends:
        return None
    us, vs = (np.array(each) for each in zip(*ends, strict=True))
    along, into = float(np.ptp(us)), float(np.ptp(vs))
    if len(ends) == 1:  # seen at one end only: it stands along the wall that is next to it
        away = (room.back - float(vs[0]), float(us[0]) + room.left, room.right - float(us[0]))
        along, into = (1.0, 0.0) if away[0] <= min(away[1:]) else (0.0, 1.0)
    if into <= _ASKEW * along:
        laid = surfaces.lay(replace(room, back=float(vs.min())), rooms.BACK, width, height)
    elif along <= _ASKEW * into:
        at_side = float(us.mean())
        box = replace(room, left=-at_side) if at_side < 0 else replace(room, right=at_side)
        laid = surfaces.lay(box, rooms.LEFT if at_side < 0 else rooms.RIGHT, width, height)
    else:
        return None
    if len(ends) == 2:
        return laid, _hull(seen)
    wide = laid.u[seen]
    foot = (laid.u >= wide.min()) & (laid.u <= wide.max()) & (laid.v >= 0) & (laid.v < 0.1)
    return laid, _hull(seen | foot)


def _reaches(laid: Laid, seen: Mask, ground: Mask, unit: float) -> Mask:
    """At which heights a thing is there rather than its legs with the floor between them, (H, W)."""
    size = 2 * unit / (laid.room.focal * seen.shape[0]) * max(laid.room.back, 1.0)
    low = np.clip((laid.v / size + 50).astype(int), 0, 999)
    of_it, of_others = np.bincount(low[seen], minlength=1000), np.bincount(low[ground], minlength=1000)
    return np.asarray((of_it > 1.5 * of_others)[low] & (of_it[low] > 0))


def _clearance(laid: Laid, seen: Mask, hole: Mask, floor: Mask, unit: float) -> float:
    """How high above the floor most of a thing ends that stands on legs, where its foot is in view; 0 where
    too little of that is.
    """
    columns = np.flatnonzero(seen.any(axis=0))
    bottom = len(seen) - 1 - seen[::-1, columns].argmax(axis=0)
    below = np.minimum(bottom + round(4 * unit) + 1, len(seen) - 1)
    free = floor[below, columns] & ~hole[below, columns]
    if free.sum() < 12 * unit:
        return 0.0
    return max(float(np.median(laid.v[bottom[free], columns[free]])) - 0.01, 0.0)


def _moves(laid: Laid, tone: F32, known: Mask, wanted: Mask) -> tuple[Shifts, float]:
    """The ways to move along a plane, with how unlike itself the thing is after each, and the mean difference
    in levels after the best half of them.
    """
    height, width = known.shape
    around = known & ndimage.binary_dilation(wanted, iterations=round(0.12 * height))
    points = np.flatnonzero(around if around.sum() > 200 else known)
    points = points[:: max(1, len(points) // 1500)]
    u, v = laid.u.ravel()[points], laid.v.ravel()[points]
    value = tone.reshape(-1, 3)[points]
    spread = float(np.abs(value - value.mean(axis=0)).mean()) + 4
    found: list[tuple[tuple[float, float], float, float]] = []
    steps = np.arange(_STEP, _FURTHEST, _STEP).tolist()
    aside = [(each, 0.0) for step in steps for each in (step, -step)]
    for move in (*aside, *((0.0, step) for step in steps if step < _HIGHEST)):
        there_x, there_y, depth = rooms.project(
            laid.room, laid.surface, u + move[0], v + move[1], width, height
        )
        column, row = np.clip(there_x, 0, width - 1).astype(int), np.clip(there_y, 0, height - 1).astype(int)
        both = (depth > 0) & known[row, column] & (there_x >= 0) & (there_x < width) & (there_y >= 0)
        if both.sum() < 60:
            continue
        far = float(np.abs(value[both] - tone[row[both], column[both]]).mean())
        found.append((move, far / spread, far))
    if not found:
        return Shifts(np.zeros((0, 2)), np.zeros(0)), 255.0
    found.sort(key=lambda each: each[1])
    kept = found[: max(6, len(found) // 2)]
    moves: F64 = np.array([move for move, _, _ in kept])
    unlike: F64 = np.array([2 * (each - kept[0][1]) for _, each, _ in kept])
    return Shifts(moves, unlike), float(np.mean([far for _, _, far in kept[: len(kept) // 2 + 1]]))


def _patched(values: F32, have: NDArray[np.bool_], where: Mask) -> F32:
    """Colours (n, 3) at ``where`` (H, W) with those that are missing taken from the nearest."""
    colours = np.zeros((*where.shape, 3), np.float32)
    there = np.zeros_like(where)
    colours[where], there[where] = values, have
    rows, columns = ndimage.distance_transform_edt(~there, return_distances=False, return_indices=True)
    return np.asarray(colours[rows, columns][where], dtype=np.float32)


def by_distance(things: Sequence[tuple[str, Mask]]) -> list[tuple[str, Mask]]:
    """Things by where they end in the picture, the lowest, which are the nearest, first."""
    return sorted(things, key=lambda each: -int(np.flatnonzero(each[1].any(axis=1))[-1]))
