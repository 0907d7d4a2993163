"""Masks that follow the picture's own edges: a coarse mask, led by the guided filter.

LISA's masks are drawn on a grid that is coarser than the picture, the pocket model's most of all. The guided
filter (He, Sun, Tang 2013, "Guided Image Filtering", equations 11-16, colour guide) fits in every window the
linear function of the picture's colours that is nearest to the mask, so the result breaks where those do. The
functions are fitted on a picture of half the size and applied to the whole one (He, Sun 2015, "Fast Guided
Filter", arXiv 1505.00996).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

SIDE: Final = 512
"""The filter works on a picture whose longer side is at most this, in pixels."""
COARSER: Final = 2
"""What the longer side is divided by where the functions are fitted."""
RADIUS: Final = 14
"""Half the window's side at that size: what a pocket mask is wrong by, and a little more."""
SMOOTHNESS: Final = 1e-4
"""Variance of a colour (0…1) below which it is no edge; the filter's epsilon."""
FAINT: Final = 0.25
"""Where nothing within the windows' reach is likelier than this, the filter finds nothing either."""

_PAIRS: Final = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


class EdgeFollower:
    """What makes masks follow the edges of one picture. Its statistics are made once."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        """``picture``: RGB (H, W, 3)."""
        height, width = picture.shape[:2]
        self._whole = (height, width)
        scale = min(1.0, SIDE / max(height, width))
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        self.grid = (max(1, round(size[0] / COARSER)), max(1, round(size[1] / COARSER)))
        """Height and width at which a mask's probability is wanted."""
        self._radius = max(1, round(RADIUS * max(self.grid) / SIDE))
        image = Image.fromarray(picture)
        self._guide, guide = _scaled(image, size), _scaled(image, self.grid)
        self._small, self._mean = guide, _mean(guide, self._radius)
        both = _mean(torch.stack([guide[a] * guide[b] for a, b in _PAIRS]), self._radius)
        spread = torch.empty((*self.grid, 3, 3))
        for number, (a, b) in enumerate(_PAIRS):
            spread[..., a, b] = spread[..., b, a] = both[number] - self._mean[a] * self._mean[b]
        inverse = torch.linalg.inv(spread + SMOOTHNESS * torch.eye(3))
        self._inverse = inverse.permute(2, 3, 0, 1).contiguous()

    def __call__(self, chance: Tensor) -> NDArray[np.bool_]:
        """The mask, bool (H, W), of a probability in 0…1, float32 of the size ``grid``."""
        mask = np.zeros(self._whole, bool)
        likely = chance.numpy() > FAINT
        if not likely.any():
            return mask
        # Two windows, one after the other, reach twice the radius.
        down, across = (
            _around(np.any(likely, axis=1 - axis), 2 * self._radius + 1, *sizes)
            for axis, sizes in enumerate(zip(self.grid, self._guide.shape[1:], self._whole, strict=True))
        )
        coarse, fine, whole = ((..., *slices) for slices in zip(down, across, strict=True))
        chance, mean, guide = chance[coarse], self._mean[coarse], self._guide[fine]
        found = _mean(torch.cat([chance[None], self._small[coarse] * chance]), self._radius)
        shared = found[1:] - mean * found[0]
        slope = (self._inverse[coarse] * shared).sum(1)
        offset = found[0] - (slope * mean).sum(0)
        function = _enlarged(_mean(torch.cat([slope, offset[None]]), self._radius), guide.shape[1:])
        led = (function[:3] * guide).sum(0) + function[3]
        part = mask[whole]
        part[:] = _enlarged(led[None], part.shape)[0].numpy() > 0.5
        return mask


def _around(likely: NDArray[np.bool_], reach: int, *sizes: int) -> list[slice]:
    """The part of a side where ``likely`` is True, and ``reach`` cells around it; the first of ``sizes`` is
    the number of cells, and the part is given in cells and in each other size.

    It begins and ends where cells of all sizes do, so that enlarging the part is enlarging the whole.
    """
    cells = sizes[0]
    places = np.flatnonzero(likely)
    meeting = cells // math.gcd(*sizes)
    first = max(0, int(places[0]) - reach) // meeting * meeting
    last = -(-min(cells, int(places[-1]) + 1 + reach) // meeting) * meeting
    return [slice(first * size // cells, last * size // cells) for size in sizes]


def _scaled(image: Image.Image, size: tuple[int, int]) -> Tensor:
    """An RGB picture as float32 (3, *size), 0…1."""
    pixels = np.asarray(image.resize(size[::-1], Image.Resampling.BOX), np.float32) / 255
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _enlarged(values: Tensor, size: tuple[int, ...]) -> Tensor:
    """Values (n, h, w) at a larger size, (n, *size)."""
    return F.interpolate(values[None], size, mode="bilinear", align_corners=False)[0]


def _mean(values: Tensor, radius: int) -> Tensor:
    """The mean over a square window, layer by layer: (n, h, w) in and out; the border is repeated."""
    window = 2 * radius + 1
    padded = F.pad(values[None], (radius,) * 4, mode="replicate")[0]
    sums = F.pad(padded.cumsum(1), (0, 0, 1, 0))
    sums = F.pad((sums[:, window:] - sums[:, :-window]).cumsum(2), (1, 0))
    return (sums[:, :, window:] - sums[:, :, :-window]) / window**2
