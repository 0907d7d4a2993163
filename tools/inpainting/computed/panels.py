"""Panels of a wall or a floor: straight joints along both axes, and marks at the same places of each, such as
the holes that a formwork leaves in concrete. What else is seen on them, clouds and stains, is of chance.

So few of them are in view that nothing seems to repeat; but a joint is dark along all of its length.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage, optimize

from tools import room_box as rooms
from tools.inpainting.computed import boards, surfaces
from tools.inpainting.computed.surfaces import F32, Laid, Lattice, Mask
from tools.room_box import F64, Room

SIDES = (0.25, 1.4)
"""How long the sides of panels are, in heights of the camera."""

LINED = 0.75
"""Joints of panels are seen in at least this share of the pieces of their length."""

MARKED = 0.04
"""What is darker by no more than this, as a logarithm, is no mark but the clouds of the panels."""

LEFT = 0.12
"""Lighter or darker than what is close around by more, as a logarithm, panels are nowhere but for marks."""

CLOUDY = 0.2
"""Four fifths of panels are no lighter or darker than what is around them by more, as a logarithm."""

_POINTS = 8_000
_BINS = 96


def panels(laid: Laid, plain: F32, known: Mask, unit: float) -> Lattice | None:
    """The panels of a surface with the tones ``plain`` (H, W, 3), logarithms, where it is ``known`` (H, W).

    What the lattice repeats are the joints and marks alone, how much darker they are; None where there are no
    panels. ``unit`` is a pixel of a picture of 480 rows.
    """
    tone = plain.mean(axis=2).astype(np.float64)
    points = np.flatnonzero(ndimage.binary_erosion(known, iterations=max(1, round(2 * unit))))
    clouds = np.abs(tone - surfaces.spread_in(tone, known, 30 * unit))[known]
    if len(points) < 1000 or np.percentile(clouds, 80) > CLOUDY:  # checks, or stripes
        return None
    points = points[:: len(points) // _POINTS + 1]
    height, width = known.shape
    y, x = np.divmod(points, width)
    x, y = x + 0.5, y + 0.5
    dark = boards.darker(tone, known, unit).ravel()[points]
    u, v = laid.u.ravel()[points], laid.v.ravel()[points]
    sides = []
    for along, aside in ((u, v), (v, u)):
        side = _side(along, aside, dark)
        if side is None:
            return None
        sides.append(side)
    share = boards.share_of(dark)
    scale = np.array([0.03, 0.006, 0.01, 0.03, 0.012, 0.012])
    r = laid.room

    def moved(q: F64) -> tuple[Room, float, float]:
        d = q * scale
        around = 1 + float(d[3])
        room = Room(
            r.focal * (1 + d[0]),
            r.horizon + d[1],
            r.yaw + d[2],
            r.left * around,
            r.right * around,
            r.back * around,
        )
        return room, sides[0] * (1 + float(d[4])), sides[1] * (1 + float(d[5]))

    def cost(q: F64) -> float:
        room, across, up = moved(q)
        pu, pv = rooms.coordinates(room, laid.surface, x, y, width, height)
        both = boards.answer(pu / across, share, 12) + boards.answer(pv / up, share, 12)
        return -100 * both + 0.02 * float(q @ q)

    found = optimize.minimize(
        cost,
        np.zeros(6),
        method="Powell",
        options={"maxiter": 3, "maxfev": 260, "xtol": 0.02, "ftol": 1e-4},
    ).x
    room, across, up = moved(found)
    u, v = rooms.coordinates(room, laid.surface, x, y, width, height)
    if min(boards.lined(u, v, dark, across), boards.lined(v, u, dark, up)) < LINED:
        return None
    out = surfaces.lay(room, laid.surface, width, height)
    empty = Lattice(out, across, up, np.zeros((_BINS, _BINS, 3)), 0.0)
    cells = surfaces.again(empty, plain, known).cells
    cells = ndimage.gaussian_filter(cells, (0.6, 0.6, 0), mode="wrap")
    closed = ndimage.grey_closing(cells, (11, 11, 1), mode="wrap")
    marks = -np.maximum(closed - cells - MARKED, 0.0)
    return Lattice(out, across, up, marks, 0.0)


def without_marks(tone: F32, known: Mask, unit: float) -> Mask:
    """Where a surface whose marks were taken off its ``tone`` (H, W, 3) is known and shows none (H, W): those
    that lie elsewhere, and the light traces of those that were not there, are not to be gone on with.
    """
    bright = tone.mean(axis=2).astype(np.float64)
    left = np.abs(bright - surfaces.spread_in(bright, known, 5 * unit)) > LEFT
    return known & ~ndimage.binary_dilation(left, iterations=max(1, round(unit)))


def _side(along: F64, aside: F64, dark: F64) -> float | None:
    """The least distance, along one axis, of evenly spaced joints across it; None where there are none."""
    share = boards.share_of(dark)
    steps = np.geomspace(0.1, 0.7, 400)
    answers = np.array([boards.answer(along / each, share) for each in steps])
    peaks = np.flatnonzero(answers == ndimage.maximum_filter1d(answers, 9))
    peaks = peaks[np.argsort(-answers[peaks])][:5]
    likely = sorted(float(k * steps[at]) for at in peaks for k in (1, 2, 3, 4))
    for side in likely:
        if SIDES[0] < side < SIDES[1] and 2 * side < np.ptp(along):
            near = side * np.linspace(0.985, 1.015, 13)
            best = float(near[int(np.argmax([boards.answer(along / each, share, 12) for each in near]))])
            if boards.lined(along, aside, dark, best) >= LINED:
                return best
    return None
