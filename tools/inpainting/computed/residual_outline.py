"""Is the outline of a removed thing still to be seen? A measure on the picture alone, whoever painted it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools.inpainting.geometry import bounds

ROWS = 480
"""Distances below are in pixels of a picture of so many rows."""

NEAR = (-6, 14)
FAR = (16, 24)
"""How far from the old outline a trace of it may lie, outwards positive, and where its surroundings are
measured."""

_CLOSE = 3
"""What is painted ends close to the mask where it reaches no farther than this."""

_EVEN = 0.3  # levels a pixel: what no eye sees, so that a plain wall does not make much of nothing


Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def outline_left(before: Pixels, after: Pixels, mask: Mask, painted: Mask) -> tuple[float, float]:
    """How much steeper RGB pictures (H, W, 3) are along the outline of ``mask`` (H, W) than beside it, after
    the thing was removed: how many times, and as a share of how steep its outline was before.

    The first is about 1 at most on a plain or patterned surface; a thin line along half of the outline and
    more gives several times that. Both are 0 where there is no outline in the picture. Where what was
    ``painted`` (H, W) ends close to the mask, something else stands whose own edge is to stay: that part does
    not count.
    """
    unit = after.shape[0] / ROWS
    box = bounds(mask)
    reach = round(30 * unit) + 2
    window = np.s_[max(0, box.y0 - reach) : box.y1 + reach, max(0, box.x0 - reach) : box.x1 + reach]
    inside = mask[window]
    (out, near_mask), (deep, near_edge) = (
        ndimage.distance_transform_edt(each, return_indices=True) for each in (~inside, inside)
    )
    stays = ~painted[window] & ~inside & (out <= _CLOSE * unit)
    if stays.any():
        stays = ndimage.distance_transform_edt(~stays) <= (_CLOSE + 1) * unit
    rows, columns = np.where(inside, near_edge, near_mask)
    away = np.where(stays[rows, columns], np.inf, (out - deep) / unit)
    down, right = np.gradient(ndimage.gaussian_filter(out - deep, 1.5 * unit))

    def levels(picture: Pixels, *reaches: int) -> list[float]:
        grey = picture[window].astype(np.float64).mean(axis=2)
        slope = ndimage.gaussian_filter(grey, 0.7 * unit, (1, 0)) * down
        slope += ndimage.gaussian_filter(grey, 0.7 * unit, (0, 1)) * right
        rings = (np.abs(slope[(away > at - 1) & (away <= at + 1)]) for at in range(*reaches))
        return [float(np.median(ring)) if ring.size else 0.0 for ring in rings]

    left, beside = max(levels(after, *NEAR)), float(np.median(levels(after, *FAR, 2)))
    return left / (beside + _EVEN), left / (max(levels(before, *NEAR)) + _EVEN)
