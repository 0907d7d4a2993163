"""Other masks for a layer: grown, shrunk, with a thing more or less, in a box or from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from agent.planner.plan import Mask
from agent.planner.resolve.command_steps import BOX
from agent.turn import phrases
from agent.turn.context import TurnContext
from agent.turn.pending_edit import Refusal
from agent.turn.user_paths import meant
from tools.language.referring import all_but
from tools.pictures import read_mask
from tools.segmenting.base import find

if TYPE_CHECKING:
    from sessions.session import Session

Region = NDArray[np.bool_]

STEP = 0.02
"""How far a mask grows or shrinks at a usual step, in heights of the picture."""


def other_mask(context: TurnContext, step: Mask, old: Region) -> Region:
    """What a step makes of a layer's mask, bool (H, W).

    Raises ``Refusal`` for a thing that is not there and a box that is empty, ``PictureError`` for a file that
    is no mask of the picture's size.
    """
    session = context.session
    reach = max(1.0, step.amount * STEP * old.shape[0])
    match step.how:
        case "grow":
            return np.asarray(ndimage.distance_transform_edt(~old) <= reach)
        case "shrink":
            inside = ndimage.distance_transform_edt(np.pad(old, 1, mode="edge"))
            return np.asarray(inside[1:-1, 1:-1] > reach)
        case "invert":
            return ~old
        case "box" | "file":
            return given_mask(session, step.what)
    # What is told by its look is told by how it looked before the layer: "without the black cushion".
    picture = session.below(step.layer)
    but = all_but(step.what)
    wanted = (but[0], *but[1]) if but else (step.what,)
    found = find(context.engines.segmenter(), picture, wanted, cancelled=context.cancelled)
    for each in found:
        if not each.present:
            raise Refusal(f"I see no {phrases.bare(each.phrase)}, so the mask stays as it is.")
    named = found[0].mask & ~np.logical_or.reduce([np.zeros_like(old), *(each.mask for each in found[1:])])
    if step.how == "add":
        return np.asarray(old | named)
    if not (old & named).any():
        name, are = phrases.definite(step.what), "are" if phrases.is_several(step.what) else "is"
        raise Refusal(f"{phrases.capital(name)} {are} not in the mask, so it stays as it is.")
    return np.asarray(old & ~named)


def given_mask(session: Session, within: str) -> Region:
    """The mask (H, W) of a box in words ("10%,40% to 30%,90%"), or of a file.

    Raises ``Refusal`` for a box with nothing in it, and ``PictureError`` for a file that is no mask.
    """
    width, height = session.size
    box = BOX.fullmatch(" ".join(within.lower().split()))
    if box is None:
        return read_mask(meant(within), session.size)
    sides: list[int] = []
    for name, full in (("x0", width), ("y0", height), ("x1", width), ("y1", height)):
        text = box[name]
        value = float(text[:-1]) / 100 * full if text.endswith("%") else float(text)
        sides.append(min(full, round(value)))
    (x0, x1), (y0, y1) = sorted(sides[0::2]), sorted(sides[1::2])
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise Refusal(f"The box {within} is empty in a picture of {width}x{height} pixels.")
    mask = np.zeros((height, width), bool)
    mask[y0:y1, x0:x1] = True
    return mask
