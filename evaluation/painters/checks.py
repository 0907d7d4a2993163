"""What a painted picture is judged by, whoever painted it: colour, material, what is found where, what is
untouched.

The same measures are put to the true pictures; what they say there is the ceiling of what they can say at
all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.segmenting import iou
from tools.inpainting.geometry import blend_mask, clean
from tools.kinds import Kind
from tools.segmenting.base import Found

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

RIGHT_OBJECT: Final = 0.5
"""IoU from which a mask is of the right thing."""

STILL_THERE: Final = 0.25
"""IoU with the old mask from which a removed thing counts as still found."""


SPECK: Final = 0.003
"""What covers less of the picture is hardly seen."""


def found_there(found: Found, area: Mask) -> bool:
    """Whether a new thing is found where it was painted: most of what is found lies in ``area`` and is no
    speck. What takes the place of a sofa may be a basket.
    """
    inside, speck = int((found.mask & area).sum()), min(0.1 * int(area.sum()), SPECK * area.size)
    return found.present and inside >= 0.5 * int(found.mask.sum()) and inside >= speck


def gone(found: Found, old: Mask) -> bool:
    """Whether a thing that was under ``old`` is no longer found there."""
    return iou(found.mask, old) < STILL_THERE


def psnr(one: Pixels, other: Pixels, mask: Mask) -> float:
    """Peak signal-to-noise ratio, in dB, of two RGB pictures under a mask that is not empty."""
    error = (one[mask].astype(np.float64) - other[mask]) ** 2
    return float(10 * np.log10(255**2 / max(float(error.mean()), 1e-6)))


def touched(mask: Mask, kind: Kind) -> NDArray[np.uint8]:
    """The blend mask of an edit with an object's mask, uint8 (H, W): where its pixels may differ at all."""
    return blend_mask(clean(mask), kind)


def untouched(before: Pixels, after: Pixels, blend: NDArray[np.uint8]) -> bool:
    """Whether every pixel outside a blend mask is what it was, bit for bit, and the size is."""
    return before.shape == after.shape and bool((before == after)[blend == 0].all())
