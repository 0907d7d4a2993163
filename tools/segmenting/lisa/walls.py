"""Which wall is meant where a picture shows several: "the back wall", "the wall on the left".

A map of a drawn room knows one kind of wall. Where one wall ends and the next begins, the room's geometry
says: the box that is fitted to floor and walls (``tools.room_box``) gives the corners, and
the step in the light there says to the pixel where they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools import room_box as rooms

Mask = NDArray[np.bool_]

_SIDE: Final = {
    "back": (rooms.BACK,), "rear": (rooms.BACK,), "far": (rooms.BACK,), "end": (rooms.BACK,),
    "left": (rooms.LEFT,), "right": (rooms.RIGHT,), "side": (rooms.LEFT, rooms.RIGHT),
}  # fmt: skip
_BEFORE: Final = re.compile(
    r"^(?:all |both )?(?:the |my |our )?"
    r"(back|rear|far|end|left|right|side)(?:[ -]hand)?(?:[ -]side)? walls?$",
    re.I,
)
_AFTER: Final = re.compile(
    r"^(?:the |my |our )?walls? (?:(?:on|to|at|in) the (left|right|back|rear|far|end)(?:[ -]hand)?(?: side)?"
    r"(?: of the room)?)$",
    re.I,
)
_SEEN: Final = 0.015
"""A wall shows where it is this share of the picture at least."""
_WRONG: Final = 0.06
"""A box that puts more of floor and walls on the wrong surface than this tells nothing."""
_NEAR: Final = 0.07
"""A corner is looked for so near to where the box has it, in heights of the picture."""


def meant(phrase: str) -> tuple[int, ...]:
    """The walls, as surfaces of a room, that a phrase names by their place; none where it names none so."""
    text = " ".join(phrase.split()).strip(" .!?")
    match = _BEFORE.match(text) or _AFTER.match(text)
    return _SIDE[match[1].lower()] if match else ()


@dataclass(frozen=True, eq=False)
class Walls:
    """The walls that show, each bool (H, W), by surface; ``sure``: the corners between them were seen."""

    shown: dict[int, Mask]
    sure: bool


def told_apart(picture: NDArray[np.uint8], floor: Mask, wall: Mask) -> Walls:
    """The walls of an RGB picture (H, W, 3), of which ``floor`` and ``wall`` (H, W) say where they are seen.

    None are shown where the picture does not look like a box room.
    """
    nothing = Walls({}, False)
    if not floor.any() or not wall.any():
        return nothing
    room, wrong = rooms.fit(picture, floor, wall)
    if wrong > _WRONG:
        return nothing
    height, width = wall.shape
    which, sure = _at_corners(picture, wall, rooms.bases(room, width, height)[1])
    made = {each: wall & (which == each)[None, :] for each in (rooms.LEFT, rooms.BACK, rooms.RIGHT)}
    shown = {each: mask for each, mask in made.items() if mask.mean() >= _SEEN}
    for each in set(made) - set(shown):  # a sliver belongs to the wall beside it
        if shown and made[each].any():
            beside = rooms.BACK if rooms.BACK in shown else next(iter(shown))
            shown[beside] = shown[beside] | made[each]
    return Walls(shown, sure or len(shown) < 2)


def _at_corners(
    picture: NDArray[np.uint8], wall: Mask, which: NDArray[np.intp]
) -> tuple[NDArray[np.intp], bool]:
    """The wall of each column (W,), with its corners where the light steps near to the box's; and whether
    it does step at each of them.
    """
    height, width = wall.shape
    reach = max(2, round(_NEAR * height))
    grey = picture.astype(np.float64).mean(axis=2)
    count = wall.sum(axis=0)
    out, sure = which.copy(), True
    for corner in np.flatnonzero(np.diff(which)) + 1:
        columns = np.arange(max(corner - reach, 1), min(corner + reach, width - 1) + 1)
        both = wall[:, columns] & wall[:, columns - 1]
        step = np.abs(np.where(both, grey[:, columns] - grey[:, columns - 1], 0))
        # a step that runs through the whole height is a corner's, one in some rows is a pattern's
        share = (step > 2).sum(axis=0) / np.maximum(both.sum(axis=0), 1)
        if count[columns].max() < 0.05 * height:
            continue
        if share.max() <= 0.5:
            sure = False
        else:
            at = int(columns[share.argmax()])
            before, after = which[corner - 1], which[corner]
            low, high = min(at, corner), max(at, corner)
            out[low:high] = after if at < corner else before
    return out, sure
