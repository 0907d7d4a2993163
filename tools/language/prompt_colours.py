"""Which colour a prompt asks for."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.language import looks
from tools.language.colours import MODIFIERS, names, oklab

__all__ = ["SHADES", "asked_for", "named", "oklab"]

SHADES: Final = MODIFIERS
"""Words that change a colour and name none."""


@cache
def named() -> dict[str, tuple[int, int, int]]:
    """Every colour with a name of one word that is no material, as RGB, 0…255."""
    stuffs = looks.MATERIALS | {"terracotta"}
    return {name: rgb for name, rgb in names().items() if " " not in name and name not in stuffs}


def asked_for(prompt: str) -> NDArray[np.float64] | None:
    """The one colour that a prompt names, as Oklab (3,); None where it names none, or several.

    "a dark green sofa" asks for one, "a red and white rug" for no one colour.
    """
    value = looks.read_look(prompt).value
    return None if value is None else np.array(value)
