"""Colours that suit a picture, where somebody wants to see a few for a thing and names none.

They are measured, not guessed: one repeats the strongest colour around the thing, muted; one is its
complement; one is a neutral that stands out from what surrounds the thing. Pure functions over pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tools.language.colours import distance, oklab, value_of

Mask = NDArray[np.bool_]
Value = tuple[float, float, float]

_COLOURS = (
    "sage green", "dusty blue", "terracotta", "mustard yellow", "navy blue", "teal", "olive green",
    "dusty rose", "burgundy", "plum", "forest green", "rust",
)  # fmt: skip
_NEUTRALS = ("cream", "beige", "light grey", "charcoal", "taupe", "off-white")
"""What rooms are mostly furnished in."""

APART = 0.12
"""No suggestion is nearer than this, in Oklab, to another one or to what the thing has now."""


def suited(picture: NDArray[np.uint8], mask: Mask, count: int) -> list[str]:
    """The names of ``count`` colours that suit the thing in a mask (H, W) of a picture, uint8 RGB (H, W, 3).

    In turn one that goes with the strongest hue around it (within 30 degrees), one opposite to it, and a
    neutral that stands out from its surroundings in lightness.
    """
    colours = oklab(picture.astype(np.float64))
    own = _middle(colours[mask])
    around = colours[~mask] if not mask.all() else colours[mask]
    chroma = np.hypot(around[:, 1], around[:, 2])
    strong = around[chroma >= max(0.04, float(np.percentile(chroma, 90)))]
    a, b = (strong if len(strong) else around)[:, 1:].mean(axis=0)
    hue = float(np.arctan2(b, a))
    light = float(np.median(around[:, 0]))
    sorts = (
        sorted(_COLOURS, key=lambda name: _turned(_value(name), hue)),
        sorted(_COLOURS, key=lambda name: _turned(_value(name), hue + np.pi)),
        sorted(_NEUTRALS, key=lambda name: -abs(_value(name)[0] - light)),
    )
    chosen: list[str] = []
    while len(chosen) < count:
        names = sorts[len(chosen) % len(sorts)]
        fitting = [name for name in names if _is_apart(name, [own, *map(_value, chosen)])]
        left = [name for name in (*names, *_COLOURS, *_NEUTRALS) if name not in chosen]
        chosen.append((fitting or left)[0])
    return chosen


def _middle(colours: NDArray[np.float64]) -> Value:
    lightness, a, b = (float(each) for each in np.median(colours, axis=0))
    return (lightness, a, b)


def _value(name: str) -> Value:
    value = value_of(name)
    if value is None:
        raise ValueError(f"{name} is not a colour")
    return value


def _turned(value: Value, hue: float) -> float:
    """How far a colour's hue is from another, in radians, 0…π."""
    away = np.arctan2(value[2], value[1]) - hue
    return float(abs(np.arctan2(np.sin(away), np.cos(away))))


def _is_apart(name: str, others: Sequence[Value]) -> bool:
    return all(distance(_value(name), other) >= APART for other in others)
