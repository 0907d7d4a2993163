"""Drawn or photographed: whether a picture looks like the drawn rooms that the pocket models know.

A drawing's plain surfaces are smooth to the last digit, a photograph's are never quite; a drawing has few
colours, and strong ones. Five such figures are weighed against each other. In a drawn room light falls on
everything, so hardly any colour comes back to the last digit; in a diagram, a page or a screenshot the
paper's does. It is a guess: a heavily compressed drawing may pass for a photograph, a strongly smoothed
photograph for a drawing, a shaded drawing of something else for a room.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

P = TypeVar("P", np.uint8, np.float32)

NO_DRAWN_ROOM = (
    "This is not a drawn room, and the pocket models know nothing else: for photographs, inpalla setup"
    " --preset small fetches 3.3 GB once, and then --preset small works on them."
)
"""What is said of a picture that is not ``is_drawn`` where the pocket models are to work on it."""

ALL_THE_SAME = "--yes goes on all the same."
"""What a command adds to it, as nobody is there to be asked."""

_TILE, _TILES, _BLOCK = 128, 8, 8
_GREYEST = 0.02  # Mean saturation below which a picture is grey all over: no drawn room is.

_FLATTEST = (
    0.16  # Share of one very colour above which it is a graphic: in 250 drawn rooms it was 0.11 at most.
)
_SMALLEST = 48  # Pixels a side below which there is too little to judge by.

# Means, spreads and weights of the features, in their order, and the offset: a logistic regression on drawn
# rooms and photographs, each plain, smoothed, at other sizes and as JPEG of several qualities.
_MEAN = np.array([-2.646, 0.226, 0.756, 0.631, 1.382])
_SPREAD = np.array([0.743, 0.164, 0.127, 0.148, 0.793])
_WEIGHT = np.array([3.506, -1.913, 0.880, -2.625, -2.429])
_OFFSET = -4.751


def is_drawn(picture: NDArray[np.uint8]) -> bool:
    """Whether an RGB picture, uint8 (H, W, 3), looks drawn rather than photographed.

    A picture of less than 48 pixels a side is given the benefit of the doubt.
    """
    if min(picture.shape[:2]) < _SMALLEST:
        return True
    small = _small(picture)
    highest = small.max(axis=1)
    if float(((highest - small.min(axis=1)) / (highest + 1)).mean()) < _GREYEST:
        return False
    if _flat(picture) > _FLATTEST:
        return False
    return float((features(picture) - _MEAN) / _SPREAD @ _WEIGHT + _OFFSET) < 0


def _flat(picture: NDArray[np.uint8]) -> float:
    """The share of the commonest colour, among some hundred pixels a side."""
    step = max(1, min(picture.shape[:2]) // 300)
    pixels = picture[::step, ::step].reshape(-1, 3).astype(np.int64) @ np.array([65536, 256, 1])
    return float(np.unique(pixels, return_counts=True)[1].max()) / len(pixels)


def features(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the guess goes by, float64 (5,), for a picture of at least 48 pixels a side.

    The logarithm of the roughness of the smoothest hundredth of all blocks; the share of smooth blocks; the
    share of neighbours of one tint; the share of the five commonest tints; the logarithm of the median
    block's roughness at a quarter of the size.
    """
    tiles = _tiles(picture)
    blocks = np.concatenate([_roughness(tile) for tile in tiles])
    steps = [np.diff(tile[..., 0].astype(np.int16) - tile[..., 1], axis=1).ravel() for tile in tiles]
    coarse = np.concatenate([_roughness(_means(tile, 4)) for tile in _tiles(picture, 4)])
    small = _small(picture)
    tints = (48 * small[:, :2] / (small.sum(axis=1, keepdims=True) + 3)).astype(np.int64)
    shares = np.bincount(tints[:, 0] * 48 + tints[:, 1]) / len(small)
    return np.array(
        [
            np.log(np.percentile(blocks, 1) + 0.05),
            (blocks < 0.15).mean(),
            (np.abs(np.concatenate(steps)) <= 1).mean(),
            np.sort(shares)[-5:].sum(),
            np.log(np.median(coarse) + 0.05),
        ]
    )


def _tiles(picture: NDArray[P], step: int = 1) -> list[NDArray[P]]:
    """The whole picture, or of a large one tiles spread over it, so that the cost has a bound.

    They have so many pixels once the picture is ``step`` times smaller.
    """
    high, wide = picture.shape[0] // step, picture.shape[1] // step
    if high * wide <= (_TILE * _TILES) ** 2:
        return [picture]
    rows = np.linspace(0, max(0, high - _TILE), _TILES).astype(int) * step
    columns = np.linspace(0, max(0, wide - _TILE), _TILES).astype(int) * step
    side = _TILE * step
    # No further than the last whole block, where the picture is narrower than a tile.
    whole = picture[: high * step, : wide * step]
    return [whole[y : y + side, x : x + side] for y in rows for x in columns]


def _small(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The colours of the picture made about 256 pixels long, (pixels, 3); of a large one by samples."""
    step = max(1, round(max(picture.shape[:2]) / 256))
    apart = max(1, step // 16)
    return _means(picture[::apart, ::apart], step // apart).reshape(-1, 3)


def _roughness(tile: NDArray[P]) -> NDArray[np.float32]:
    """The mean roughness of each block that is neither black nor white (of all, where hardly any is left).

    A pixel's roughness is how far its lightness is from the mean of its four neighbours'.
    """
    light = tile @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    inner = light[1:-1, 1:-1]
    rough = np.abs(inner - (light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]) / 4)
    block = min(_BLOCK, *inner.shape)
    level, blocks = _means(inner, block).ravel(), _means(rough, block).ravel()
    within = (level > 6) & (level < 249)
    return blocks[within] if within.sum() >= 20 else blocks


def _means(array: NDArray[P], step: int) -> NDArray[np.float32]:
    """Means over blocks of ``step`` × ``step`` pixels; what is left over at the edges is dropped."""
    high, wide = array.shape[0] // step, array.shape[1] // step
    blocks = array[: high * step, : wide * step].reshape(high, step, wide, step, *array.shape[2:])
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
