"""Oklab, a space in which equal steps look equal (Ottosson 2020), and the way back into what a screen can
show.

Colours are float32, (…, 3): sRGB in 0…255, Oklab as lightness 0…1 and two axes of hue within ±0.4.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

_CONES: Final = np.array(
    [
        [0.4122214708, 0.2119034982, 0.0883024619],
        [0.5363325363, 0.6806995451, 0.2817188376],
        [0.0514459929, 0.1073969566, 0.6299787005],
    ]
)
_AXES: Final = np.array(
    [
        [0.2104542553, 1.9779984951, 0.0259040371],
        [0.7936177850, -2.4285922050, 0.7827717662],
        [-0.0040720468, 0.4505937099, -0.8086757660],
    ]
)
_TO_CONES: Final = _CONES.astype(np.float32)
_TO_AXES: Final = _AXES.astype(np.float32)
_FROM_CONES: Final = np.linalg.inv(_CONES).astype(np.float32)
_FROM_AXES: Final = np.linalg.inv(_AXES).astype(np.float32)

_ROOM: Final = 1e-3
"""How far outside 0…1 linear light may lie and still be shown: it rounds to the same level."""

_HALVINGS: Final = 10
"""Steps of bisection towards the edge of the gamut: a thousandth of the chroma."""


@cache
def _linear() -> Field:
    """Linear light of each of the 256 levels of sRGB (IEC 61966-2-1)."""
    share = np.arange(256) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)


def from_srgb(colours: NDArray[np.uint8] | Field) -> Field:
    """The Oklab of sRGB colours: uint8, or float32 in 0…255."""
    if colours.dtype == np.uint8:
        linear = _linear()[colours]
    else:
        share = np.clip(np.asarray(colours, np.float32) / 255, 0, 1)
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** np.float32(2.4))
    return np.asarray(np.cbrt(linear @ _TO_CONES) @ _TO_AXES, np.float32)


def to_srgb(colours: Field) -> Field:
    """The sRGB, 0…255 and not rounded, of Oklab colours. What no screen shows keeps its lightness and hue and
    gives up chroma.
    """
    linear = _to_linear(np.asarray(into_gamut(colours), np.float32))
    np.clip(linear, 0, 1, out=linear)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    return np.asarray(share * 255, np.float32)


def into_gamut(colours: Field) -> Field:
    """The nearest colours of sRGB with the lightness and hue of the given ones in Oklab: chroma gives way.

    Lightness is kept within 0…1. The chroma is found by bisection, for the colours outside the gamut only.
    """
    result = np.array(colours, np.float32)
    flat = result.reshape(-1, 3)
    np.clip(flat[:, 0], 0, 1, out=flat[:, 0])
    outside = np.flatnonzero(~in_gamut(flat))
    if outside.size:
        some = flat[outside]
        low, high = np.zeros(len(some), np.float32), np.ones(len(some), np.float32)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            shown = in_gamut(some * np.stack((np.ones_like(middle), middle, middle), axis=1))
            low, high = np.where(shown, middle, low), np.where(shown, high, middle)
        flat[outside, 1:] *= low[:, None]
    return flat.reshape(result.shape)


def in_gamut(colours: Field) -> NDArray[np.bool_]:
    """Which Oklab colours (…, 3) sRGB can show, to within a level; bool (…)."""
    linear = _to_linear(colours)
    return np.asarray(((linear >= -_ROOM) & (linear <= 1 + _ROOM)).all(axis=-1))


def with_white(colours: Field, white: Field) -> Field:
    """Oklab colours (n, 3) under white light thrown back on top of them, linear, (n,): a sheen."""
    cones = colours @ _FROM_AXES
    return np.asarray(np.cbrt(cones * cones * cones + white[:, None]) @ _TO_AXES, np.float32)


def most_light(colour: tuple[float, float, float]) -> float:
    """By what an Oklab colour can be multiplied until one of red, green and blue is full."""
    fullest = float(_to_linear(np.array(colour, np.float32)).max())
    return float(1 / np.cbrt(max(fullest, 1e-3)))


def _to_linear(colours: Field) -> Field:
    cones = colours @ _FROM_AXES
    return np.asarray((cones * cones * cones) @ _FROM_CONES, np.float32)
