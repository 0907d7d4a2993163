"""Whether a thing took the material that was asked for, measured on the pixels before and after.

Three things go wrong with materials: a part of the thing keeps its old look, the old pattern shows through,
the colour asked for is not there. Each is measured for itself, whatever engine made the picture.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tools.inpainting.computed import parts, recolour, shading
from tools.inpainting.computed.oklab import from_srgb
from tools.inpainting.geometry import bounds
from tools.inpainting.request import ColourStage

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Fault = Literal["kept", "ghost", "colour"]

KEPT: Final = 0.05
"""A part kept its old look where one patch of so large a share of the surface did not change."""
GHOST: Final = 0.3
"""The old pattern shows through where so much of its contrast is left."""
ALONE: Final = 0.65
"""An old pattern under a new one leaves two to be seen; where one is, it is the new one, and lies as the old
one did: stripes on stripes."""
HARDLY: Final = 0.22
"""Where no more than this of what is to be seen is the old pattern, none is: shadows and chance are as much
alike."""
PATTERNED: Final = 0.1
"""A surface has a pattern to be seen where its brightness varies by more than this (in logarithms)."""
OFF: Final = 0.13
"""How far (Oklab) the nearest of the large colours may be from the one asked for."""

_SIDE: Final = 320


def fault(
    before: Pixels, after: Pixels, mask: Mask, target: str, stage: ColourStage | None, *, patterned: bool
) -> Fault | None:
    """What is wrong with a material that was laid on the thing under ``mask``, None where nothing is.

    ``before`` and ``after`` are RGB (H, W, 3), ``mask`` bool (H, W), not empty; ``stage`` is the colour asked
    for, if one was; ``patterned`` says that the material has a pattern of its own, which may fall on the old
    one here and there.
    """
    box = bounds(mask)
    part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    old, new, inside = before[part], after[part], mask[part]
    step = max(1.0, max(inside.shape) / _SIDE)
    if step > 1:
        size = (max(8, round(inside.shape[1] / step)), max(8, round(inside.shape[0] / step)))
        old, new = (np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BOX)) for p in (old, new))
        inside = np.asarray(Image.fromarray(inside).resize(size, Image.Resampling.NEAREST))
    surface = parts.surface(old, inside, target)
    surface = inside if surface is None else surface
    if kept(old, new, surface) > KEPT:
        return "kept"
    faces = parts.is_framework(target) or parts.is_built(target)
    left, alone = (0.0, 0.0) if faces else ghost(old, new, surface)
    seen = alone > HARDLY and not (patterned and alone > ALONE)
    if seen and left > (2.2 if patterned else 1.0) * GHOST:
        return "ghost"
    if stage is not None and recolour.taken(new, surface, stage) > OFF:
        return "colour"
    return None


def kept(before: Pixels, after: Pixels, surface: Mask) -> float:
    """The share of a surface (H, W) in its largest patch that looks as before, 0…1: what an eye sees no
    difference in, or, where all of it moved by a small step, what moved by less than a third of it.
    """
    apart = np.linalg.norm(from_srgb(after) - from_srgb(before), axis=2)
    step = float(np.median(apart[surface])) if surface.any() else 0.0
    same = surface & (ndimage.uniform_filter(apart, 3) < min(recolour.JUST_VISIBLE, step / 3))
    same = ndimage.binary_opening(same, np.ones((3, 3), bool))
    labels, count = ndimage.label(same)
    if not count:
        return 0.0
    return float(np.bincount(labels.ravel())[1:].max() / max(surface.sum(), 1))


def ghost(before: Pixels, after: Pixels, surface: Mask) -> tuple[float, float]:
    """How much of the contrast of a surface's old pattern (H, W) is left, about 0…1, and how far that is all
    that there is to be seen, 0…1; zeros where it had none.
    """
    core = ndimage.binary_erosion(surface, iterations=2)
    if core.sum() < 100:
        return 0.0, 0.0
    factor = shading.pattern_of(before, surface)
    span = float(max(surface.shape))
    old, new = (
        _detail(np.log(np.maximum(field, 1e-2)), surface, 0.06 * span)[core]
        for field in (factor, from_srgb(after)[..., 0] ** 3)
    )
    spread = float(old.std())
    if spread < PATTERNED:
        return 0.0, 0.0
    shared = float((old * new).mean())
    return shared / spread**2, shared / max(spread * float(new.std()), 1e-9)


def _detail(values: NDArray[np.floating], surface: Mask, sigma: float) -> NDArray[np.float64]:
    """What differs from the mean nearby (H, W)."""
    weight = np.maximum(ndimage.gaussian_filter(surface.astype(float), sigma), 1e-6)
    mean = ndimage.gaussian_filter(np.where(surface, values, 0.0), sigma) / weight
    return np.asarray(np.where(surface, values - mean, 0.0))
