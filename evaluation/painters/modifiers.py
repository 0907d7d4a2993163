"""Twenty ways to say a step from the colour that is there, and whether a step that was made is what was said.

What is wanted stands here by itself, in Oklab, as a person would judge it: it is not read off the lexicon
that the steps are made with (``tools.language.looks``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tools.inpainting.computed.oklab import Field

_JUST_VISIBLE: Final = 0.02
_SEEN: Final = 0.01
"""The least move in a and b that counts as one; below it the engine says that it is at its end."""
_FAR: Final = 0.09
"""The most that a plain word may move a hue, or its strength."""
_DRIFT: Final = 0.05
"""How far the lightness may go with a word that speaks of none."""
_DULL: Final = 0.04
"""What has less chroma has hardly any: less of it may be none, and softer is lighter."""
_WARM: Final = (0.32, 0.95)
"""From blue towards orange, in a and b."""
_RED: Final = (0.87, 0.49)
_GREEN: Final = (-0.79, 0.61)
_BLUE: Final = (-0.10, -0.99)
_YELLOW: Final = (-0.34, 0.94)
"""The directions of sRGB's red, green, blue and yellow in a and b."""


@dataclass(frozen=True)
class Modifier:
    """What a word wants: ``lightness`` added, ``chroma`` stronger (1) or weaker (-1), and the direction in a
    and b in which the hue goes, if any.
    """

    lightness: float = 0.0
    chroma: int = 0
    towards: tuple[float, float] | None = None


MODIFIERS: Final[Mapping[str, Modifier]] = {
    "a bit darker": Modifier(lightness=-0.03),
    "a bit lighter": Modifier(lightness=0.03),
    "darker": Modifier(lightness=-0.07),
    "lighter": Modifier(lightness=0.07),
    "much darker": Modifier(lightness=-0.14),
    "much lighter": Modifier(lightness=0.14),
    "two shades darker": Modifier(lightness=-0.06),
    "brighter": Modifier(lightness=0.07),
    "paler": Modifier(lightness=0.07, chroma=-1),
    "deeper": Modifier(lightness=-0.06, chroma=1),
    "more saturated": Modifier(chroma=1),
    "less saturated": Modifier(chroma=-1),
    "a lot more muted": Modifier(chroma=-1),
    "softer": Modifier(chroma=-1),
    "warmer": Modifier(towards=_WARM),
    "a bit cooler": Modifier(towards=(-_WARM[0], -_WARM[1])),
    "redder": Modifier(towards=_RED),
    "greener": Modifier(towards=_GREEN),
    "bluer": Modifier(towards=_BLUE),
    "yellower": Modifier(towards=_YELLOW),
}


def sensible(name: str, before: Field, now: Field) -> bool:
    """Whether a modifier moved a median (Oklab, (3,)) the way that it says, by about as much, and nothing
    else.
    """
    wanted = MODIFIERS[name]
    lighter = float(now[0] - before[0])
    if wanted.lightness:
        far = float(before[0]) + wanted.lightness
        least = min(0.6 * abs(wanted.lightness), _JUST_VISIBLE if far > 0.9 or far < 0.1 else 1.0)
        most = 1.5 * abs(wanted.lightness) + 0.01
        if not least <= lighter * math.copysign(1, wanted.lightness) <= most:
            return False
    elif abs(lighter) > _DRIFT:
        return False
    if wanted.towards is not None:
        return _towards(wanted.towards, before, now)
    return _one_hue(before, now) and _strength(wanted, before, now)


def _towards(way: tuple[float, float], before: Field, now: Field) -> bool:
    a, b = float(now[1] - before[1]), float(now[2] - before[2])
    along, aside = a * way[0] + b * way[1], abs(a * way[1] - b * way[0])
    return _SEEN <= along <= _FAR and aside <= 0.6 * along + 0.005


def _strength(wanted: Modifier, before: Field, now: Field) -> bool:
    old, new = (math.hypot(float(each[1]), float(each[2])) for each in (before, now))
    if wanted.chroma < 0 and not wanted.lightness and old < _DULL:
        return new <= old and math.dist(before.tolist(), now.tolist()) >= _SEEN
    if wanted.chroma and not wanted.lightness:
        gone = (new - old) * wanted.chroma
        return min(_SEEN, 0.3 * old) <= gone <= (_FAR if wanted.chroma > 0 else 0.7 * old)
    return (new - old) * wanted.chroma >= -_SEEN if wanted.chroma else True


def _one_hue(before: Field, now: Field) -> bool:
    """Whether two colours have one hue, as far as they have any."""
    one, other = (complex(each[1], each[2]) for each in (before, now))
    if min(abs(one), abs(other)) < 0.03:
        return abs(one - other) < 0.04
    return abs(math.degrees(math.atan2((other / one).imag, (other / one).real))) < 12
