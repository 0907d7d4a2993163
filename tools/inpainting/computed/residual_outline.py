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

_EVEN = 0.3  # levels a pixel: what no eye sees, so that a plain wall does not make much of nothing


def outline_left(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """How much steeper an RGB picture (H, W, 3) is along the outline of ``mask`` (H, W) than beside it.

    On a plain or patterned surface about 1 at most; a thin line along half of the outline and more gives
    several times that. 0 where there is no outline in the picture.
    """
    unit = picture.shape[0] / ROWS
    box = bounds(mask)
    reach = round(30 * unit) + 2
    window = np.s_[max(0, box.y0 - reach) : box.y1 + reach, max(0, box.x0 - reach) : box.x1 + reach]
    inside = mask[window]
    signed = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    down, right = np.gradient(ndimage.gaussian_filter(signed, 1.5 * unit))
    grey = picture[window].astype(np.float64).mean(axis=2)
    slope = ndimage.gaussian_filter(grey, 0.7 * unit, (1, 0)) * down
    slope += ndimage.gaussian_filter(grey, 0.7 * unit, (0, 1)) * right
    away = signed / unit

    def level(at: int) -> float:
        ring = np.abs(slope[(away > at - 1) & (away <= at + 1)])
        return float(np.median(ring)) if ring.size else 0.0

    beside = float(np.median([level(at) for at in range(*FAR, 2)]))
    return max(level(at) for at in range(*NEAR)) / (beside + _EVEN)
