"""Masks that follow the picture's own edges: a coarse mask, led by the guided filter.

LISA's masks are drawn on a grid that is coarser than the picture, the pocket model's most of all. The guided
filter (He, Sun, Tang 2013, "Guided Image Filtering", equations 11-16, colour guide) fits in every window the
linear function of the picture's colours that is nearest to the mask, so the result breaks where those do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

Field = NDArray[np.float32]

SIDE: Final = 512
"""The filter works on a picture whose longer side is at most this, in pixels."""
RADIUS: Final = 14
"""Half the window's side at that size: what a pocket mask is wrong by, and a little more."""
SMOOTHNESS: Final = 1e-4
"""Variance of a colour (0…1) below which it is no edge; the filter's epsilon."""


def edge_follower(picture: NDArray[np.uint8]) -> Callable[[Field], NDArray[np.bool_]]:
    """What makes masks follow the edges of an RGB picture (H, W, 3).

    It takes a mask's probability, float32 (H, W) in 0…1, and returns the mask, bool (H, W).
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    radius = max(1, round(RADIUS * max(size) / SIDE))
    guide = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX), np.float32) / 255
    mean = _mean(guide, radius)
    spread = np.empty((*guide.shape, 3), np.float32)
    for one in range(3):
        for other in range(one, 3):
            both = _mean(guide[..., one] * guide[..., other], radius) - mean[..., one] * mean[..., other]
            spread[..., one, other] = spread[..., other, one] = both
    inverse = np.linalg.inv(spread + SMOOTHNESS * np.eye(3, dtype=np.float32))

    def follow(chance: Field) -> NDArray[np.bool_]:
        small = np.asarray(Image.fromarray(chance, "F").resize(size, Image.Resampling.BOX), np.float32)
        average = _mean(small, radius)
        shared = _mean(guide * small[..., None], radius) - mean * average[..., None]
        slope = np.einsum("hwab,hwb->hwa", inverse, shared)
        offset = average - (slope * mean).sum(axis=-1)
        led = (_mean(slope, radius) * guide).sum(axis=-1) + _mean(offset, radius)
        whole = Image.fromarray(led.astype(np.float32), "F").resize(
            (width, height), Image.Resampling.BILINEAR
        )
        return np.asarray(np.asarray(whole) > 0.5)

    return follow


def _mean(values: NDArray[np.floating[Any]], radius: int) -> Field:
    """The mean over a square window, channel by channel: float32 of the same shape."""
    window = 2 * radius + 1
    size = (window, window) + (1,) * (values.ndim - 2)
    return np.asarray(uniform_filter(values, size, mode="nearest"), np.float32)
