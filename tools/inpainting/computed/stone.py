"""Stone with veins: what of its darkness is vein and what is shadow, and how veins go on where it is hidden.

A vein is of another tint than the stone around it, a shadow hardly: the tint tells them apart. A vein that
runs into a hole is joined to the one that it would meet by a smooth curve, or comes to an end there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from tools import room_box as rooms
from tools.inpainting.computed.surfaces import F32, Laid, Mask, blurred, spread_in
from tools.inpainting.computed.texture import window_of
from tools.room_box import F64

TINTED = 0.6
"""From this correlation of tint and darkness on, what is dark in the small is veins."""

FAINTEST = 0.03
"""Less darkness than this, as a logarithm, is no vein."""

MOST = 0.4
"""A surface of which a larger share is dark has no veins."""

LIGHTER = 0.05
"""By so much, as a logarithm, stone of one colour differs in light from what is around."""

WIDE = 12
"""Pixels of a picture of 480 rows over which what is dark in the small differs from its surroundings."""

CROSSING = 0.08
"""How dark a vein is at least, as a logarithm, that is followed into the hole."""

BENT = 1.1
"""Two veins are joined whose curve costs no more: 0 straight on, 2 for a right angle at both ends."""

INSIDE = 0.9
"""More of a curve than this lies in the hole, or the vein would be seen."""

SEEN_BACK = 16
"""So many pixels of a picture of 480 rows back from the hole a vein is looked at."""

FADES = 7
"""A vein that meets no other ends after so many times its width."""


@dataclass(frozen=True, eq=False)
class Veins:
    """The darkness (H, W) of the veins, a logarithm ≥ 0, and how much of it each channel (3,) has."""

    dark: F64
    channels: F64

    def marks(self, dark: F64) -> F32:
        """What veins so ``dark`` (...,) do to a picture, as logarithms (..., 3)."""
        return np.asarray(-dark[..., None] * self.channels, np.float32)


def veins(plain: F32, known: Mask, unit: float) -> Veins | None:
    """The veins of a surface of which ``plain`` (H, W, 3), logarithms beside its light, is ``known`` (H, W).

    None where tint and darkness do not go together.
    """
    bright = plain.mean(axis=2).astype(np.float64)
    tint = plain - bright[..., None]
    tint = tint - np.median(tint[known], axis=0)
    fine = _fine(bright, known, unit)
    tints = np.stack([_fine(tint[..., k], known, unit) for k in range(3)], axis=1)
    weight = np.ones(len(fine))
    slopes, strength = np.zeros(3), 0.0
    for _ in range(8):  # shadows are dark without a tint, and count ever less
        slopes = (tints * (weight * fine)[:, None]).sum(axis=0) / max(float((weight * fine**2).sum()), 1e-9)
        strength = float((slopes**2).sum())
        if strength < 1e-5:
            return None
        rest = fine - tints @ slopes / strength
        weight = 1 / (1 + (rest / 0.06) ** 2)
    told = tints @ slopes / strength
    if told.std() < 1e-4 or float(np.corrcoef(told * weight, fine * weight)[0, 1]) < TINTED:
        return None
    sign = ndimage.gaussian_filter(tint @ slopes / strength, unit)
    dark = np.maximum(np.percentile(sign[known], 60) - sign - FAINTEST / 2, 0.0)
    dark = np.where(dark > FAINTEST / 2, dark + FAINTEST / 2, 2 * dark)
    # without its veins it is not lighter than where it has none
    bare = spread_in(bright, known & (dark < FAINTEST), 2 * WIDE * unit) + LIGHTER
    dark = np.clip(np.minimum(dark, bare - bright), 0.0, None)
    if float((dark[known] > CROSSING).mean()) > MOST:
        return None
    return Veins(np.where(known, dark, 0.0), 1 + slopes)


def gone_on(laid: Laid, dark: F64, seen: Mask, part: Mask, unit: float) -> F64:
    """The darkness of veins (H, W) with those that run into a ``part`` (H, W) gone on with there."""
    window = window_of(part, round(40 * unit))
    u, v, part_, seen_ = laid.u[window], laid.v[window], part[window], seen[window] & ~part[window]
    field = np.where(seen_, dark[window], 0.0)
    ends = _ends(u, v, field, seen_, part_, unit)
    model = np.zeros(field.shape)
    rim = seen_ & (ndimage.distance_transform_edt(~part_) < 6 * unit)
    at = part_ | rim
    close = ndimage.distance_transform_edt(~part) < 4 * unit
    height, width = part.shape

    def inside(points: F64) -> bool:
        x, y, depth = rooms.project(laid.room, laid.surface, points[:, 0], points[:, 1], width, height)
        column, row = (np.clip(each.astype(np.intp), 0, most - 1) for each, most in ((x, width), (y, height)))
        return float((close[row, column] & (depth > 0)).mean()) > INSIDE

    for curve in _curves(ends, inside):
        far, nearest = KDTree(curve.points).query(np.stack([u[at], v[at]], axis=1))
        share = np.clip(far / np.maximum(curve.width[nearest], 1e-6), 0, 1)
        value = curve.depth[nearest] * (1 - share * share * (3 - 2 * share))
        model[at] = np.maximum(model[at], value)
    # what a curve is not at the edge fades away behind it
    deep = ndimage.distance_transform_edt(part_)
    missed = spread_in(field - model, rim, unit)
    whole = np.maximum(model + missed * np.exp(-((deep / (5 * unit)) ** 2)), 0.0)
    out = dark.copy()
    out[window] = np.where(part_, whole, out[window])
    return out


@dataclass(frozen=True, eq=False)
class _End:
    """Where a vein runs into the hole: its place (2,) and direction (2,), half its width, how dark it is."""

    place: F64
    way: F64
    width: float
    depth: float


@dataclass(frozen=True, eq=False)
class _Curve:
    """Points (n, 2) on the surface, with half widths (n,) and darkness (n,)."""

    points: F64
    width: F64
    depth: F64


def _ends(u: F64, v: F64, field: F64, seen: Mask, part: Mask, unit: float) -> list[_End]:
    """The veins that cross the outline of a hole."""
    distance, near = ndimage.distance_transform_edt(~part, return_indices=True)
    inward = np.stack([u[tuple(near)] - u, v[tuple(near)] - v], axis=-1)
    places = np.stack([u, v], axis=-1)
    # along the edge of another surface the tint is that surface's
    rim = ndimage.binary_dilation(~(seen | part), iterations=max(1, round(2 * unit)))
    area = np.abs(np.gradient(u, axis=1) * np.gradient(v, axis=0))
    labels, count = ndimage.label((field > CROSSING) & (distance < 5 * unit), np.ones((3, 3)))
    out = []
    for k in range(1, count + 1):
        own = labels == k
        if own.sum() < 3 or float(distance[own].min()) > 3 * unit or float(rim[own].mean()) > 0.5:
            continue
        depth = float(np.percentile(field[own], 90))
        middle = [float(each.mean()) for each in np.nonzero(own)]
        rows, columns = np.ogrid[: own.shape[0], : own.shape[1]]
        close = np.hypot(rows - middle[0], columns - middle[1]) < SEEN_BACK * unit
        bodies, _ = ndimage.label(seen & close & (field > 0.4 * depth), np.ones((3, 3)))
        body = np.isin(bodies, np.setdiff1d(bodies[own], [0]))
        if not body.any():
            continue
        weight = field[body] * area[body]
        points = places[body]
        centre = np.average(points, axis=0, weights=weight)
        values, axes = np.linalg.eigh(np.cov(points.T, aweights=weight))
        place = np.average(places[own], axis=0, weights=field[own])
        towards = inward[own].mean(axis=0)
        way = axes[:, 1] if values[1] > 2 * values[0] else place - centre
        way = way / max(float(np.hypot(*way)), 1e-9)
        slant = float(way @ towards) / max(float(np.hypot(*towards)), 1e-9)
        if abs(slant) < 0.2:
            continue
        along = (points - centre) @ way
        long = float(np.ptp(np.percentile(along, (5, 95)))) / 0.9
        # half the width of the profile in ``gone_on``, 0.87 of which is darker than 0.4
        width = float(weight.sum()) / max(0.87 * depth * long, 1e-9)
        out.append(_End(place, way * np.sign(slant), width, depth))
    return out


def _curves(ends: Sequence[_End], inside: Callable[[F64], bool]) -> list[_Curve]:
    """The curves that join two ends each ``inside`` the hole, those first that bend least, and one for each
    end that is left.
    """
    costs = sorted(
        (cost, i, j) for i in range(len(ends)) for j in range(i) if (cost := _cost(ends[i], ends[j])) < BENT
    )
    left, out = set(range(len(ends))), []
    for _, i, j in costs:
        if i in left and j in left:
            curve = _joined(ends[i], ends[j])
            if inside(curve.points):
                left -= {i, j}
                out.append(curve)
    return out + [_ending(ends[k]) for k in sorted(left)]


def _cost(a: _End, b: _End) -> float:
    chord = b.place - a.place
    far = float(np.hypot(*chord))
    if far < a.width + b.width:
        return np.inf
    bend = 2 - float(a.way @ chord - b.way @ chord) / far
    return bend + 0.3 * abs(float(np.log(a.width / b.width))) + 0.3 * abs(float(np.log(a.depth / b.depth)))


def _joined(a: _End, b: _End) -> _Curve:
    """A cubic of Hermite from one end to the other."""
    far = float(np.hypot(*(b.place - a.place)))
    t = np.linspace(0, 1, 400)[:, None]
    points = (
        (2 * t**3 - 3 * t**2 + 1) * a.place
        + (t**3 - 2 * t**2 + t) * far * a.way
        + (3 * t**2 - 2 * t**3) * b.place
        - (t**3 - t**2) * far * b.way
    )
    s = t[:, 0]
    return _Curve(points, a.width + s * (b.width - a.width), a.depth + s * (b.depth - a.depth))


def _ending(end: _End) -> _Curve:
    s = np.linspace(0, 1, 200)
    points = end.place + np.outer(s * FADES * end.width, end.way)
    return _Curve(points, end.width * np.sqrt(1 - 0.9 * s), end.depth * (1 - s) ** 1.5)


def _fine(field: F64, known: Mask, unit: float) -> F64:
    """What differs from its known surroundings, where it is known (n,)."""
    here = blurred(known.astype(np.float64), WIDE * unit)[known]
    return np.asarray(field[known] - blurred(np.where(known, field, 0.0), WIDE * unit)[known] / here)
