"""The narrow band along a mask's edge: how much of each pixel is the thing, and what the thing's own colour
is.

A pixel on the edge shows a mixture I = α F + (1 - α) B of the thing and of what lies behind it. F and B are
taken from pixels close by that are surely inside and surely outside; α is then the place of I between them.
Where the two do not differ, the mask's own edge says what is inside. What looks like one pixel of its own
side and like none of the other is no mixture: a slat, a frame, a strip of light, whose colour may lie between
those of a wall and of a chair. Only pixels of the band are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

ALIKE: Final = 24.0
"""Inside and outside closer than this, in levels, do not tell what a pixel between them is."""

_DIRECTIONS: Final = 10
_DISTANCES: Final = (1.0, 1.7, 2.6)
_UNSURE: Final = 0.02
"""Where inside and outside are looked at: so many directions, at these multiples of the band's reach; and
what pixels of the band itself count beside others."""
_SIMILAR: Final = 25.0  # levels

_PURE: Final = 15.0
"""A pixel so near (in levels) to one on its side of the mask, and not twice as near to any on the other side,
none of which is so near, is wholly of its own side."""

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
    rows, columns = np.nonzero(depth) if depth is not None else (np.zeros(0, np.intp),) * 2
    if depth is None:
        return Edge(rows, columns, np.zeros(0, np.float32), np.zeros((0, 3), np.uint8))
    inner, outer, there, near = _surroundings(crop, mask, depth, rows, columns, reach)
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
    own_side, other_side = np.where(inside, near[::-1], near)
    pure = (own_side < _PURE) & (other_side > np.maximum(2 * own_side, _PURE))
    share = np.where(pure, inside, share).astype(np.float32)
    share = _even(crop, mask, rows, columns, share)
    share = np.where(inside & (share > 0.93), 1, np.where(share < 0.04, 0, share)).astype(np.float32)
    solid = np.maximum(share, 0.3)[:, None]
    own = np.where(share[:, None] > 0.3, (seen - (1 - solid) * outer) / solid, inner)
    own = np.where(((trust > 0) & (share < 1))[:, None], own, np.where(inside[:, None], seen, inner))
    return Edge(rows, columns, share, np.clip(np.rint(own), 0, 255).astype(np.uint8))


def _depth(mask: NDArray[np.bool_], reach: int) -> NDArray[np.uint8] | None:
    """How near each pixel is to the edge: 0 beyond the reach, else from 1 (far) to ``reach`` (at the
    edge).
    """
    if mask.all():
        return None
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
) -> tuple[Field, Field, NDArray[np.bool_], Field]:
    """The colours inside and outside near each pixel, (n, 3) each, whether there are both, and how far its
    own colour is from the most similar one outside and inside off the very edge, (2, n), in levels.
    """
    high, wide = mask.shape
    state = mask + 2 * (depth != 0).astype(
        np.uint8
    )  # 0 and 1 outside and inside, 2 and 3 the same but unsure
    edges = depth.reshape(-1)
    flat, pixels = state.reshape(-1), np.ascontiguousarray(crop).reshape(-1, 3)
    sums = np.zeros((2, len(rows), 3), np.float32)
    weights = np.zeros((2, len(rows)), np.float32)
    near = np.full((2, len(rows)), 3 * 255.0**2, np.float32)
    seen = crop[rows, columns].astype(np.float32)
    for far in _DISTANCES:
        of_state = np.array(((1, 0, _UNSURE, 0), (0, 1, 0, _UNSURE)), np.float32) / np.float32(far * far)
        for k in range(_DIRECTIONS):
            angle = 2 * np.pi * (k + far) / _DIRECTIONS
            y = np.clip(rows + round(far * reach * np.sin(angle)), 0, high - 1)
            at = y * wide + np.clip(columns + round(far * reach * np.cos(angle)), 0, wide - 1)
            colour = pixels.take(at, axis=0).astype(np.float32)
            there = flat.take(at)
            off = colour - seen
            away = (off * off).sum(axis=1)
            plain = edges.take(at) < reach  # what is at the very edge may be a mixture
            for side in (0, 1):
                np.minimum(near[side], away, out=near[side], where=plain & ((there & 1) == side))
                weight = of_state[side].take(there)
                weights[side] += weight
                sums[side] += colour * weight[:, None]
    sums /= np.maximum(weights, 1e-6)[..., None]
    unknown = weights <= 1e-6
    sums[unknown] = np.broadcast_to(crop[rows, columns], sums.shape)[unknown]
    return sums[1], sums[0], np.asarray((weights > 0.05).all(axis=0)), np.sqrt(near)


def _even(
    crop: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    share: Field,
) -> Field:
    """The shares without specks: each is the mean of nine neighbours' that look like it."""
    high, wide = mask.shape
    all_shares = mask.astype(np.float32)
    all_shares[rows, columns] = share
    seen = crop[rows, columns].astype(np.float32)
    total, weights = np.zeros_like(share), np.zeros_like(share)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            y, x = np.clip(rows + dy, 0, high - 1), np.clip(columns + dx, 0, wide - 1)
            off = crop[y, x] - seen
            weight = np.exp(-(off * off).sum(axis=1) / np.float32(_SIMILAR * _SIMILAR))
            total += weight * all_shares[y, x]
            weights += weight
    return np.asarray(total / weights, np.float32)


def _soft(mask: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Field:
    """The mask with its stairs smoothed, at some pixels: the mean of nine; outside it stays 0."""
    high, wide = mask.shape
    total = np.zeros(len(rows), np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            total += mask[np.clip(rows + dy, 0, high - 1), np.clip(columns + dx, 0, wide - 1)]
    return np.asarray(total / 9, np.float32)
