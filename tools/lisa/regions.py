"""Masks that take in what has a thing's colours and leave out what has its surroundings'.

A coarse mask misses half of a stool or the legs of a table, and no edge tells it so. As in GrabCut (Rother,
Kolmogorov, Blake 2004, "GrabCut: Interactive foreground extraction using iterated graph cuts") two models of
colour, one of the inside of the mask and one of a ring around it, judge the pixels near its outline. Where
GrabCut cuts a graph, the odds are smoothed here: the mask is nearly right, and this takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

SIDE: Final = 640
"""The longer side, in pixels, at which colours are compared; the lengths below are for it."""
TIMES: Final = 2
"""So often: what was taken in shows more of the thing's colours."""
REACH: Final = 18
"""How far from the outline, in pixels, the mask may change each time."""
NEAR, FAR, AROUND = 4, 45, 60
"""From where to where the surroundings go, and how much of the picture around a mask is looked at."""
BINS: Final = 16
"""A colour's steps a channel."""
COLOUR, CHANCE, PLACE = 1.2, 0.35, 1.0
"""The weights of the colours, of the model's own odds, and of which side of the outline a pixel is on."""
MOST: Final = 2.5
"""The log-odds of a colour are at most this."""
_FEW: Final = 50


def follow_colours(picture: NDArray[np.uint8], mask: Mask, chance: Floats) -> Mask:
    """A mask (H, W) of an RGB picture (H, W, 3) by colours. ``chance``: the model's probability of each
    pixel, in 0…1, of any size.
    """

    def follow(pixels: NDArray[np.uint8], given: Mask) -> Mask:
        size = given.shape[1], given.shape[0]
        likely = np.asarray(Image.fromarray(chance).resize(size, Image.Resampling.BILINEAR))
        made = given
        for _ in range(TIMES):
            if made.any():
                made = _once(pixels, made, likely)
        return made

    return at_side(picture, mask, follow)


def at_side(
    picture: NDArray[np.uint8], mask: Mask, change: Callable[[NDArray[np.uint8], Mask], Mask]
) -> Mask:
    """What a function makes of an RGB picture (H, W, 3) and a mask (H, W) whose longer side is at most
    ``SIDE`` pixels, at the full size.
    """
    high, wide = mask.shape
    scale = min(1.0, SIDE / max(high, wide))
    if scale == 1:
        return change(picture, mask)
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    pixels = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
    given = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    made = change(pixels, given)
    # At the full size only what has changed is taken over: elsewhere the outline is finer already.
    changed, taken = (
        np.asarray(Image.fromarray(each).resize((wide, high), Image.Resampling.NEAREST))
        for each in (made != given, made)
    )
    return np.where(changed, taken, mask)


def follow_surroundings(picture: NDArray[np.uint8], mask: Mask, near: Mask) -> Mask:
    """A first guess (H, W) of where a thing is, by colours alone; nothing of it is outside ``near``."""
    return _once(picture, mask, np.where(mask, 0.6, 0.25).astype(np.float32)) & near


def _once(picture: NDArray[np.uint8], whole: Mask, chance: Floats) -> Mask:
    part = tuple(
        slice(max(0, int(places[0]) - AROUND), int(places[-1]) + 1 + AROUND)
        for places in (np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0)))
    )
    pixels, mask, likely = picture[part], whole[part], chance[part]
    within = ndimage.distance_transform_edt(mask)
    away = ndimage.distance_transform_edt(~mask) if not mask.all() else np.zeros(mask.shape)
    inside, outside = (within > 2) & (likely > 0.5), (away > NEAR) & (away < FAR) & (likely < 0.3)
    if inside.sum() < _FEW:
        inside = mask
    if outside.sum() < _FEW:
        return whole
    steps = (pixels // (256 // BINS)).astype(np.int64) @ np.array([BINS * BINS, BINS, 1])
    own, other = _colours(steps[inside]), _colours(steps[outside])
    # Where the thing has its surroundings' colours, these tell little.
    telling = 1 - float(np.minimum(own, other).sum())
    colour = np.log((own + 1e-5) / (other + 1e-5)).clip(-MOST, MOST)[steps]
    kept = likely.clip(0.002, 0.998)
    odds = np.log(kept / (1 - kept)).clip(-5, 5)
    side = np.where(mask, np.minimum(within / 6, 1), -np.minimum(away / 6, 1))
    sure = ndimage.gaussian_filter(PLACE * side + CHANCE * odds + telling * COLOUR * colour, 1.0)
    made = whole.copy()
    made[part] = np.where((within < REACH) & (away < REACH), sure > 0, mask)
    return made


def _colours(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each colour, (BINS³,), a little smoothed."""
    counts = np.bincount(steps, minlength=BINS**3).reshape(BINS, BINS, BINS) / len(steps)
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(counts, 0.7).ravel()
    return smooth
