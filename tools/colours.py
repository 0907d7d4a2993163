"""Colours by their names: which one a prompt asks for, and how far a surface has come towards it."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

STUFFS: Final = frozenset(("linen", "gold", "silver"))
"""Of the names of colours in CSS, those that name no mere colour."""

SHADES: Final = frozenset(("light", "dark", "pale", "deep", "bright", "soft", "warm"))

_FURTHER: Final = {
    "mustard": (212, 164, 41), "cream": (250, 240, 215), "burgundy": (110, 20, 40), "charcoal": (60, 63, 68),
    "taupe": (140, 125, 110), "rust": (170, 75, 35), "ochre": (200, 130, 40),
    "sage": (155, 170, 140), "mint": (170, 230, 200), "lilac": (195, 165, 210), "mauve": (180, 140, 175),
    "peach": (255, 205, 170), "apricot": (250, 190, 140), "cobalt": (20, 70, 170), "emerald": (20, 130, 85),
    "scarlet": (215, 30, 30), "amber": (240, 170, 30),
}  # fmt: skip
"""Names that decorators use and CSS lacks, by common paint charts; exactness does not matter here."""


@cache
def named() -> dict[str, tuple[int, int, int]]:
    """Every colour with a name of one word, as RGB, 0…255."""
    css = {name: ImageColor.getrgb(name)[:3] for name in ImageColor.colormap if name not in STUFFS}
    return {**css, **_FURTHER}


def asked_for(prompt: str) -> NDArray[np.float64] | None:
    """The one colour that a prompt names, as Oklab (3,); None where it names none, or several.

    "a dark green sofa" asks for CSS's darkgreen, "a red and white rug" for no one colour.
    """
    said = re.findall(r"[a-z]+", prompt.lower())
    found = []
    for before, word in zip(["", *said], said, strict=False):
        if word in named():
            found.append(named().get(before + word, named()[word]))
    return oklab(np.array(found[0], float)) if len(found) == 1 else None


def oklab(colours: NDArray[np.floating]) -> NDArray[np.float64]:
    """sRGB (…, 3), 0…255, in Oklab (…, 3): lightness 0…1, two axes of hue within ±0.4 (Ottosson 2020)."""
    share = np.asarray(colours, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    cones = np.cbrt(linear @ _CONES.T)
    result: NDArray[np.float64] = cones @ _AXES.T
    return result


_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_AXES: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def approach(
    before: NDArray[np.uint8], after: NDArray[np.uint8], wanted: NDArray[np.float64]
) -> float | None:
    """How far pixels (n, 3) have come to a wanted colour in Oklab: 0 not at all, 1 all the way.

    None where they had about that colour before.
    """
    old, new = (oklab(np.median(pixels, axis=0)) for pixels in (before, after))
    way = wanted - old
    length = float(way @ way)
    return None if length < _NEAR**2 else float((new - old) @ way) / length


_NEAR: Final = 0.12
"""Closer than this, shading alone may be the difference."""
