"""The main colour of a picture: the one that a person would name it by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.inpainting.computed import oklab

_BIN = 0.06
"""Colours within one cube of this side, in Oklab, are one candidate."""
_NEAR = 0.08
_GREY = 0.03
"""How much the area of a colour without chroma counts, beside the chroma of others."""
_MOST = 100_000
"""No more pixels than so many are looked at, in even steps."""


def main_colour(
    picture: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None
) -> tuple[float, float, float]:
    """The main colour of a picture, uint8 RGB (H, W, 3), as Oklab (lightness 0…1, a, b).

    The candidates are the cells of a coarse grid in Oklab (Ottosson 2020); the one with the largest area
    wins, strong colours counting more than greys: a red chair before a white wall is red. What ``alpha``
    (H, W) makes transparent does not count.
    """
    pixels = picture.reshape(-1, 3)
    if alpha is not None and (alpha >= 128).any():
        pixels = pixels[alpha.reshape(-1) >= 128]
    pixels = pixels[:: 1 + len(pixels) // _MOST]
    colours = oklab.from_srgb(pixels)
    cells, inverse, counts = np.unique(
        np.floor(colours / _BIN).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    inverse = inverse.reshape(-1)
    means = [np.bincount(inverse, colours[:, axis], len(cells)) / counts for axis in (1, 2)]
    weights = counts * (_GREY + np.hypot(*means))
    middle = np.median(colours[inverse == int(weights.argmax())], axis=0)
    near = np.linalg.norm(colours - middle, axis=1) <= _NEAR
    lightness, a, b = (float(value) for value in np.median(colours[near], axis=0))
    return lightness, a, b
