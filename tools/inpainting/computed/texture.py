"""What is hidden of a texture, worked out from what is seen of it: on a flat surface, or on a thing.

A surface is laid flat first, where what repeats does so evenly. The moves after which it is most like itself
say where to look, and patches mend the seams; what does not repeat is made of patches alone (``exemplar``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from tools import room_box as rooms
from tools.inpainting.computed import surfaces
from tools.inpainting.computed.exemplar import Moves, completed
from tools.inpainting.computed.surfaces import F32, Laid, Mask
from tools.inpainting.geometry import bounds
from tools.room_box import F64

T = TypeVar("T", bound=np.generic)

Filler = Callable[[F32, Mask, Mask], F32 | None]
"""From a tone (H, W, 3), where it is known and a hole (H, W) to the tone (n, 3) in the hole; None where too
little is known.
"""

AROUND = 120
"""How many pixels or cells around a hole are looked at."""

_SIDE = 360
"""The most cells a side of a surface that is laid flat."""

_DEEPER = 1.9
"""What lies more times as deep in the room as the farthest part of a hole is too coarse for it."""

_ALIKE = 0.55
"""A texture repeats by a move after which it differs from itself by less than this share of what is usual."""

_MOST_MOVES = 48
_RING = 24
"""How far around a hole moves are tried out, in cells."""
_COARSE = 6
"""A side of the blocks, in cells, by which it is known how well a move does in a place."""


@dataclass(frozen=True, eq=False)
class Made:
    """The tone (n, 3) of a part, and how far off the known pixels beside it were, as a mean difference."""

    values: F32
    off: float


def seamless(fill: Filler, tone: F32, known: Mask, part: Mask, unit: float) -> Made | None:
    """The ``tone`` (H, W, 3) of a surface at a ``part`` (H, W) of it, so that it meets what is ``known``.

    Pixels around the part are made as well, and how far off they are is taken away from all, as the smoothest
    field that meets it there (the membrane of Pérez, Gangnet and Blake, "Poisson image editing", SIGGRAPH
    2003). ``unit`` is a pixel of a picture of 480 rows. None where too little is known.
    """
    wide = part | (known & (ndimage.distance_transform_edt(~part) < 6 * unit))
    made = fill(tone, known & ~wide, wide)
    if made is None:
        return None
    beside = wide & ~part
    off = np.zeros(tone.shape)
    off[wide] = np.where(beside[wide][:, None], tone[wide] - made, 0.0)
    wrong = float(np.abs(off[beside]).mean()) if beside.any() else 0.0
    window = window_of(wide, round(4 * unit))
    near = np.dstack([surfaces.spread_in(off[window][..., k], beside[window], unit) for k in range(3)])
    off[window] = surfaces.carried_on(near, beside[window], np.zeros_like(near), 60 * unit)
    return Made((made[part[wide]] + off[part]).astype(np.float32), wrong)


def along_rows(tone: F32, known: Mask, hole: Mask) -> F32 | None:
    """A ``Filler`` for things, which goes on with what lies left and right: most of their lines run so."""
    at = window_of(hole, AROUND)
    aside = np.arange(4, 2 * AROUND, 4)
    aside = np.concatenate([aside, -aside])
    start = _by_moves(tone[at], known[at], hole[at], np.stack([np.zeros_like(aside), aside], axis=1))
    made = completed(tone[at], known[at], hole[at], start=start)
    return None if made is None else made[hole[at]]


def across_rows(tone: F32, known: Mask, hole: Mask) -> F32 | None:
    """A ``Filler`` that goes over from what lies left of the hole to what lies right of it, row by row."""
    if not known.any():
        return None
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    out = tone[rows, columns]
    for row in np.flatnonzero(hole.any(axis=1)):
        there, gap = np.flatnonzero(known[row]), np.flatnonzero(hole[row])
        if not len(there):
            continue
        after = np.searchsorted(there, gap)
        left, right = there[np.maximum(after - 1, 0)], there[np.minimum(after, len(there) - 1)]
        left, right = np.where(after == 0, right, left), np.where(after == len(there), left, right)
        share = ((gap - left) / np.maximum(right - left, 1))[:, None]
        out[row, gap] = (1 - share) * tone[row, left] + share * tone[row, right]
    return np.asarray(out[hole])


def better(fillers: Sequence[Filler], tone: F32, known: Mask, hole: Mask) -> Filler:
    """Which of the fillers foretells best what is known left and right of the hole, in holes of its shape."""
    wide = int(hole.any(axis=0).sum())
    off = [0.0] * len(fillers)
    for move in (wide, -wide, wide // 2, -wide // 2):
        trial = _moved(hole, 0, move) & known
        if trial.sum() < 0.3 * hole.sum():
            continue
        for n, fill in enumerate(fillers):
            made = fill(tone, known & ~trial, trial)
            off[n] += np.inf if made is None else float(np.abs(made - tone[trial]).mean())
    return fillers[int(np.argmin(off))]


def on_surface(laid: Laid) -> Filler:
    """A ``Filler`` that lays the surface flat, so that what repeats does so evenly.

    It does best with a tone without light and shadow.
    """
    return partial(_on_surface, laid)


def _on_surface(laid: Laid, tone: F32, known: Mask, hole: Mask) -> F32 | None:
    sheet = _Sheet.around(laid, known, hole)
    flat = np.dstack([sheet.taken(tone[..., k]) for k in range(3)]).astype(np.float32)
    row, column = np.round(sheet.row).astype(int), np.round(sheet.column).astype(int)
    gap = hole[row, column] & sheet.inside
    there = known[row, column] & sheet.inside & ~gap & (sheet.depth < _DEEPER * sheet.deepest)
    if not there.any():
        return None
    made = completed(flat, there, gap, start=_by_repeats(flat, there, gap))
    if made is None:
        return None
    rows, columns = ndimage.distance_transform_edt(
        ~(there | gap), return_distances=False, return_indices=True
    )
    made = made[rows, columns]
    at = (laid.v[hole] - sheet.v[0]) / sheet.steps[1], (laid.u[hole] - sheet.u[0]) / sheet.steps[0]
    values = [ndimage.map_coordinates(made[..., k], at, order=1, mode="nearest") for k in range(3)]
    return np.stack(values, axis=-1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """A part of a surface laid flat: cells at the crossings of ``u`` and ``v``, about a pixel of a hole each.

    ``row`` and ``column`` are where each is in the picture, ``depth`` how deep, ``inside`` whether it is in
    view, all (cells, cells); ``deepest`` is how deep the hole goes.
    """

    u: F64
    v: F64
    steps: tuple[float, float]
    row: F64
    column: F64
    depth: F64
    inside: Mask
    deepest: float

    @classmethod
    def around(cls, laid: Laid, known: Mask, hole: Mask) -> _Sheet:
        """The part around a hole (H, W), as far as the surface is in the hole or ``known`` (H, W)."""
        height, width = hole.shape
        axes, steps = [], []
        for along in (laid.u, laid.v):
            fine = float(np.percentile(np.hypot(*np.gradient(along))[hole], 30)) + 1e-6
            start, end = float(along[hole].min()), float(along[hole].max())
            step = max(fine, (end - start) / (0.75 * _SIDE))
            reach = min(AROUND * step, (_SIDE * step - (end - start)) / 2)
            whole = along[known | hole]
            low, high = max(start - reach, float(whole.min())), min(end + reach, float(whole.max()))
            axes.append(np.arange(low, high + step, step))
            steps.append(step)
        u, v = np.meshgrid(*axes)
        x, y, depth = (
            each.reshape(u.shape)
            for each in rooms.project(laid.room, laid.surface, u.ravel(), v.ravel(), width, height)
        )
        inside = (x >= 0.5) & (x < width - 0.5) & (y >= 0.5) & (y < height - 0.5) & (depth > 0)
        deep = rooms.project(laid.room, laid.surface, laid.u[hole], laid.v[hole], width, height)[2]
        row, column = np.clip(y - 0.5, 0, height - 1), np.clip(x - 0.5, 0, width - 1)
        return cls(axes[0], axes[1], (steps[0], steps[1]), row, column, depth, inside, float(deep.max()))

    def taken(self, field: NDArray[np.floating]) -> F64:
        """A field of the picture (H, W) at the cells."""
        return np.asarray(ndimage.map_coordinates(field, (self.row, self.column), order=1))


def _by_repeats(tone: F32, known: Mask, hole: Mask) -> Moves | None:
    """How far down and right of each cell of the hole its like lies (H, W, 2), None where nothing repeats.

    The moves are those after which the texture is most like itself (He and Sun, "Statistics of patch offsets
    for image completion", ECCV 2012).
    """
    height, width = known.shape
    shape = (2 * height, 2 * width)
    there = fft.rfft2(known.astype(np.float64), shape)
    pairs = fft.irfft2(there * there.conj(), shape)
    apart, variance = np.zeros(shape), 0.0
    for k in range(tone.shape[2]):
        value = np.where(known, tone[..., k] - tone[..., k][known].mean(), 0.0).astype(np.float64)
        own, square = fft.rfft2(value, shape), fft.rfft2(value * value, shape)
        apart += fft.irfft2(square * there.conj() + square.conj() * there - 2 * own * own.conj(), shape)
        variance += float((value[known] ** 2).mean())
    enough = pairs > max(0.08 * known.sum(), 100)
    unlike = np.where(enough, apart / np.maximum(pairs, 1) / max(2 * variance, 1e-9), np.inf)
    unlike = np.roll(unlike, (height, width), axis=(0, 1))
    rows, columns = np.nonzero((unlike == ndimage.minimum_filter(unlike, 7)) & (unlike < _ALIKE))
    moves = np.stack([rows - height, columns - width], axis=1)
    moves, values = (each[np.abs(moves).max(axis=1) > 4] for each in (moves, unlike[rows, columns]))
    return _by_moves(tone, known, hole, moves[np.argsort(values)[:_MOST_MOVES]])


def _by_moves(tone: F32, known: Mask, hole: Mask, moves: NDArray[np.integer]) -> Moves | None:
    """For each cell of the hole that move (H, W, 2) to what is known which does best in its place.

    Of the ``moves`` (n, 2), down and right, those do well that foretell what is known beside the hole. None
    where they reach too little of it.
    """
    ring = known & (ndimage.distance_transform_edt(~hole) < _RING)
    least = np.full(hole.shape, np.inf, np.float32)
    out = np.zeros((*hole.shape, 2), np.int32)
    for down, right in moves.tolist():
        seen = _moved(known, down, right)
        both = ring & seen
        if both.sum() < 0.1 * ring.sum() or (seen & hole).sum() < 0.02 * hole.sum():
            continue
        apart = np.where(both, ((tone - _moved(tone, down, right)) ** 2).sum(axis=2), 0.0)
        off = np.where(seen & hole, _nearby(apart, both), np.inf)
        out[off < least] = down, right
        least = np.minimum(least, off)
    have = np.isfinite(least)
    if have.sum() < 0.5 * hole.sum():
        return None
    rows, columns = ndimage.distance_transform_edt(~have, return_distances=False, return_indices=True)
    return np.asarray(out[rows, columns])


def _nearby(value: NDArray[np.floating], there: Mask) -> F32:
    """The mean near each cell of the values ``there`` (H, W), of more around it where there are few."""
    height, width = there.shape
    padding = ((0, -height % _COARSE), (0, -width % _COARSE))
    blocks: list[F32] = []
    for each in (value, there):
        padded = np.pad(each.astype(np.float32), padding)
        rows, columns = padded.shape[0] // _COARSE, padded.shape[1] // _COARSE
        blocks.append(padded.reshape(rows, _COARSE, columns, _COARSE).mean(axis=(1, 3)))
    total, weight = np.zeros_like(blocks[0]), np.full_like(blocks[0], 1e-12)
    for k in range(4):
        wide, share = 1.5 * 2.5**k, 0.05**k
        total += share * ndimage.gaussian_filter(blocks[0], wide, mode="constant")
        weight += share * ndimage.gaussian_filter(blocks[1], wide, mode="constant")
    mean = np.asarray(total / weight, dtype=np.float32)
    return mean.repeat(_COARSE, axis=0).repeat(_COARSE, axis=1)[:height, :width]


def _moved(field: NDArray[T], down: int, right: int) -> NDArray[T]:
    """What lies so far down and right of each cell; 0 beyond the edge."""
    out = np.zeros_like(field)
    height, width = field.shape[:2]
    if abs(down) < height and abs(right) < width:
        to = np.s_[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
        out[to] = field[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    return out


def window_of(mask: Mask, slack: int) -> tuple[slice, slice]:
    """The box of a mask (H, W) and so much around it."""
    box = bounds(mask)
    return (
        slice(max(box.y0 - slack, 0), box.y1 + slack),
        slice(max(box.x0 - slack, 0), box.x1 + slack),
    )
