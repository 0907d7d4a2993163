"""Which colour a prompt asks for, and how far a surface has come towards it."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.language import looks
from tools.language.colours import MODIFIERS, names, oklab

__all__ = ["SHADES", "approach", "asked_for", "named", "oklab"]

SHADES: Final = MODIFIERS
"""Words that change a colour and name none."""


@cache
def named() -> dict[str, tuple[int, int, int]]:
    """Every colour with a name of one word that is no material, as RGB, 0…255."""
    return {name: rgb for name, rgb in names().items() if " " not in name and name not in looks.MATERIALS}


def asked_for(prompt: str) -> NDArray[np.float64] | None:
    """The one colour that a prompt names, as Oklab (3,); None where it names none, or several.

    "a dark green sofa" asks for one, "a red and white rug" for no one colour.
    """
    value = looks.read_look(prompt).value
    return None if value is None else np.array(value)


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
