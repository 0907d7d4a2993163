"""The narrow band along a mask's edge: how much of each pixel is the thing, and what the thing's own colour
is.

A pixel on the edge shows a mixture I = α F + (1 - α) B of the thing and of what lies behind it. F and B are
taken from pixels close by that are surely inside and surely outside; α is then the place of I between them.
Where the two do not differ, the mask's own edge says what is inside. Only pixels of the band are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

ALIKE: Final = 24.0
"""Inside and outside closer than this, in levels, do not tell what a pixel between them is."""

_DIRECTIONS: Final = 12
_STRANGE: Final = 0.3
"""A pixel further than this share of the difference from any mixture is something else."""


@dataclass(frozen=True, eq=False)
class Edge:
    """The pixels of a band: their rows and columns, (n,); the share of the thing in them, (n,) in 0…1; and
    the thing's own colour there, uint8 (n, 3).
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    share: Field
    own: NDArray[np.uint8]


def reach_for(width: int, height: int) -> int:
    """How far, in pixels, the band reaches to both sides of a mask's edge in a picture of that size."""
    return int(np.clip(1 + round(max(width, height) / 500), 3, 8))


def unmix(crop: NDArray[np.uint8], mask: NDArray[np.bool_], reach: int) -> Edge:
    """Tell the thing from what lies behind it along the edge of ``mask``, bool (h, w), in ``crop`` (h, w,
    3).
    """
    depth = _depth(mask, reach)
    rows, columns = np.nonzero(depth)
    if not rows.size:
        return Edge(rows, columns, np.zeros(0, np.float32), np.zeros((0, 3), np.uint8))
    inner, outer, there = _surroundings(crop, mask, depth, rows, columns, reach)
    seen = crop[rows, columns].astype(np.float32)
    inside = mask[rows, columns]
    way = inner - outer
    length = np.maximum((way * way).sum(axis=1), 1e-3)
    place = ((seen - outer) * way).sum(axis=1) / length
    share = np.clip(place, 0, 1)
    off = seen - outer - share[:, None] * way
    strange = np.sqrt((off * off).sum(axis=1)) > _STRANGE * np.sqrt(length) + 8
    soft = _soft(mask, rows, columns)
    trust = (length / (length + ALIKE * ALIKE)).astype(np.float32)
    trust = np.clip(2 * trust - 0.5, 0, 1)
    trust[strange | ~there] = 0
    share = trust * share + (1 - trust) * soft
    share = np.where(inside & (share > 0.93), 1, np.where(share < 0.04, 0, share)).astype(np.float32)
    solid = np.maximum(share, 0.3)[:, None]
    own = np.where(share[:, None] > 0.3, (seen - (1 - solid) * outer) / solid, inner)
    own = np.where(((trust > 0) & (share < 1))[:, None], own, np.where(inside[:, None], seen, inner))
    return Edge(rows, columns, share, np.clip(np.rint(own), 0, 255).astype(np.uint8))


def _depth(mask: NDArray[np.bool_], reach: int) -> NDArray[np.uint8]:
    """How near each pixel is to the edge: 0 beyond the reach, else from 1 (far) to ``reach`` (at the
    edge).
    """
    high, wide = mask.shape
    depth = np.zeros((high + 2 * reach, wide + 2 * reach), np.uint8)
    down = np.nonzero(mask[1:] != mask[:-1])
    right = np.nonzero(mask[:, 1:] != mask[:, :-1])
    rows = np.concatenate((down[0], down[0] + 1, right[0], right[0])) + reach
    columns = np.concatenate((down[1], down[1], right[1], right[1] + 1)) + reach
    at = np.unique(rows * depth.shape[1] + columns)
    flat = depth.reshape(-1)
    span = np.arange(-reach + 1, reach)
    offsets = [(dy, dx, float(np.hypot(dy, dx))) for dy in span for dx in span if np.hypot(dy, dx) < reach]
    for dy, dx, far in sorted(offsets, key=lambda offset: -offset[2]):
        flat[at + dy * depth.shape[1] + dx] = reach - int(far)
    return depth[reach:-reach, reach:-reach]


def _surroundings(
    crop: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    depth: NDArray[np.uint8],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    reach: int,
) -> tuple[Field, Field, NDArray[np.bool_]]:
    """The colours inside and outside near each pixel, (n, 3) each, and whether there are both."""
    high, wide = mask.shape
    sums = [np.zeros((len(rows), 3), np.float32) for _ in range(2)]
    weights = [np.zeros(len(rows), np.float32) for _ in range(2)]
    for far in (1.0, 1.7, 2.6):
        for k in range(_DIRECTIONS):
            angle = 2 * np.pi * (k + far) / _DIRECTIONS
            dy, dx = round(far * reach * np.sin(angle)), round(far * reach * np.cos(angle))
            y, x = np.clip(rows + dy, 0, high - 1), np.clip(columns + dx, 0, wide - 1)
            colour = crop[y, x]
            sure = np.where(depth[y, x] == 0, 1.0, 0.02).astype(np.float32) / np.float32(far * far)
            inside = mask[y, x]
            for side, which in enumerate((inside, ~inside)):
                weight = sure * which
                sums[side] += weight[:, None] * colour
                weights[side] += weight
    inner, outer = (
        np.asarray(each / np.maximum(w, 1e-6)[:, None], np.float32)
        for each, w in zip(sums, weights, strict=True)
    )
    there = (weights[0] > 0.05) & (weights[1] > 0.05)
    seen = crop[rows, columns].astype(np.float32)
    inner[weights[0] <= 1e-6] = seen[weights[0] <= 1e-6]
    outer[weights[1] <= 1e-6] = seen[weights[1] <= 1e-6]
    return inner, outer, there


def _soft(mask: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Field:
    """The mask with its stairs smoothed, at some pixels: the mean of nine; outside it stays 0."""
    high, wide = mask.shape
    total = np.zeros(len(rows), np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            total += mask[np.clip(rows + dy, 0, high - 1), np.clip(columns + dx, 0, wide - 1)]
    return np.asarray(total / 9, np.float32)
