"""Which of several: what a phrase says of places and colours is read off the words, and decided by looking.

A small model knows lamps, but hardly the left one of two, or the red one. So it is asked for all things of
that name, and which part of the mask is meant is a question of where the parts lie (``tools.instances``) and
of what colour they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools import colours
from tools.instances import Instances, Wanted, choose, plural, read_phrase, without_addition
from tools.things import noun_in

Mask = NDArray[np.bool_]

LEAST: Final = 0.1
"""A part of a mask that is smaller than this share of the largest one is a scrap of another."""
SCRAP: Final = 12
"""So many pixels of a mask are no thing, whatever else is there."""
FINE: Final = 512
"""Places and colours are compared at about so many pixels a side: more tell nothing and cost time."""
ALIKE: Final = 0.02
"""Parts whose colours are nearly as near to the named one as the nearest are of that colour, too."""
_LIGHTNESS: Final = 0.15
"""How much the lightness of a colour counts beside its hue: the shade changes the one, not the other."""
_OF_THAT_COLOUR: Final = 25
"""So many percent of a thing show its colour at least: the rest may be a pattern, wood, or in the shade."""

_TOUCHING: Final = np.ones((3, 3), bool)
_THAT_IS: Final = re.compile(r" (?:that|which) (?:is|are) ")


@dataclass(frozen=True)
class Choice:
    """A phrase that tells which of several it means, read: all that bear the ``name``, of them those of a
    ``colour`` (Oklab (3,), None where none is named), of them those that ``wanted`` says.
    """

    wanted: Wanted
    name: str
    colour: NDArray[np.float64] | None

    @classmethod
    def read(cls, phrase: str) -> Choice | None:
        """A phrase that says where its thing is or what colour it has; None for others."""
        wanted = read_phrase(phrase)
        name, colour = wanted.noun, None
        described = without_addition(_THAT_IS.sub(" ", wanted.noun))
        if known := noun_in(described):
            # A coffee table is not of the colour of coffee.
            colour = colours.asked_for(described.lower().replace(known, "thing"))
            name = name if colour is None else known
        return cls(wanted, name, colour) if colour is not None or _is_placed(wanted) else None

    @property
    def everything(self) -> str:
        """What asks for all things of the name."""
        return f"all the {plural(self.name)}"

    @property
    def others(self) -> tuple[str, ...]:
        """What asks for the things that it is placed by."""
        return tuple(f"the {noun}" for noun in self.wanted.nouns[1:])

    def pick(self, picture: NDArray[np.uint8], mask: Mask, seen: Mapping[str, Mask]) -> Mask | None:
        """Of a ``mask`` (H, W) of all things of the name in an RGB picture (H, W, 3), the part that is meant.

        ``seen`` has the masks of the ``others``. None where there is nothing to choose, or nothing fits.
        """
        return _pick(self.wanted, self.colour, picture, mask, seen)


def _pick(
    wanted: Wanted,
    colour: NDArray[np.float64] | None,
    picture: NDArray[np.uint8],
    mask: Mask,
    seen: Mapping[str, Mask],
) -> Mask | None:
    step = -(-max(mask.shape) // FINE)
    coarse = (slice(None, None, step), slice(None, None, step))
    labels, parts = _parts(mask[coarse])
    if len(parts) < 2:
        return None
    meant = parts
    if colour is not None:
        pixels = picture[coarse]
        away = np.array([_away(pixels[labels == part], colour) for part in meant])
        meant = [part for part, far in zip(meant, away, strict=True) if far <= away.min() + ALIKE]
    if _is_placed(wanted) and len(meant) > 1:
        other = None
        if wanted.other is not None:
            there = seen[f"the {wanted.other.noun}"]
            # It may be placed by a further one.
            chosen = _pick(wanted.other, None, picture, there, seen) if _is_placed(wanted.other) else None
            other = (there if chosen is None else chosen)[coarse]
        found = Instances(np.stack([labels == part for part in meant]), np.ones(len(meant)))
        meant = [meant[index] for index in choose(wanted, found, other).indices]
    if not meant or (len(meant) == len(parts) and not _is_placed(wanted)):
        return None
    # A part's rim may lie between the pixels that were compared.
    rimmed = np.where(labels, labels, ndimage.maximum_filter(labels, 3))
    kept = np.isin(rimmed, meant).repeat(step, axis=0).repeat(step, axis=1)
    picked: Mask = mask & kept[: mask.shape[0], : mask.shape[1]]
    return picked


def _is_placed(wanted: Wanted) -> bool:
    return wanted.order not in ("best", "any")


def _away(pixels: NDArray[np.uint8], colour: NDArray[np.float64]) -> float:
    """How far a thing's pixels (n, 3) are from a colour in Oklab, by those that show it."""
    difference = (colours.oklab(pixels.astype(np.float64)) - colour) * (_LIGHTNESS, 1, 1)
    return float(np.percentile(np.linalg.norm(difference, axis=1), _OF_THAT_COLOUR))


def _parts(mask: Mask) -> tuple[NDArray[np.integer], list[int]]:
    """The connected parts of a mask: the number of each pixel's part (H, W), 0 for none, and the numbers of
    those that are no scraps.
    """
    labels, count = ndimage.label(mask, _TOUCHING)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    least = max(SCRAP, LEAST * sizes.max(initial=0))
    return labels, [int(part) for part in np.flatnonzero(sizes >= least) + 1]
