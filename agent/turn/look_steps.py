"""Steps that only show something: what there is to look at, and the same in words for who sees no pictures.

Runs in the worker thread and changes nothing. ``agent.terminal.picture_layouts`` draws the views: the graph's
state holds names and numbers, never pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.planner.plan import Compare, Look
from agent.turn import occlusion, phrases
from agent.turn.context import TurnContext
from agent.turn.events import View
from agent.turn.pending_edit import Box, WhichOne
from agent.turn.reply import not_found
from sessions.errors import SessionError
from sessions.model import Changes
from tools.language.referring import number, separate
from tools.segmenting.base import find, name_things

if TYPE_CHECKING:
    from sessions.session import Session

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MARGIN = 0.25
"""How much is shown around a thing on each side, as a share of its longer side."""
LEAST = 0.15
"""No close-up shows less than this share of a picture's sides."""
SEEN = 2
"""A pixel differs that is more than so many grey levels from the other in some channel."""


class Seen(NamedTuple):
    """What a step shows, what is said of it, and whether it could be done."""

    views: tuple[View, ...] = ()
    remark: str = ""
    possible: bool = True


def look(context: TurnContext, step: Look | Compare) -> Seen:
    """What a step shows. Raises ``ToolError`` and ``Cancelled``."""
    session = context.session
    try:
        if isinstance(step, Compare):
            return _compared(session, step)
        match step.at:
            case "picture":
                return Seen(
                    (View(label=phrases.version(session.head)),), f"This is {phrases.version(session.head)}."
                )
            case "version":
                number = step.version or 0
                session.picture(number)
                here = "" if number == session.head else f"; you are at version {session.head}"
                return Seen(
                    (View(label=phrases.version(number), version=number),),
                    f"This is {phrases.version(number)}{here}.",
                )
            case "things":
                there = name_things(context.engines.segmenter(), session.picture())
                seen = phrases.listed([phrases.indefinite(name) for name in there])
                return Seen(
                    remark=f"I see {seen}." if seen else "I do not recognise anything in this picture."
                )
            case "mask":
                return _mask_of(session, step.layer or 0)
            case _:
                return _thing(context, step)
    except SessionError as error:
        return Seen(remark=str(error), possible=False)


def _compared(session: Session, step: Compare) -> Seen:
    first = step.version or 0
    second = session.head if step.other is None else step.other
    before, after = session.picture(first), session.picture(second)
    if first == second:
        said = "There is nothing to compare yet: this is the base picture."
        return Seen(remark=said if first == 0 else f"Both are version {first}: there is nothing to compare.")
    view = View(label=phrases.version(first), version=first, against=second, difference=bool(step.difference))
    if not step.difference:
        names = [f"{phrases.version(each)}{' (version 0)' if each == 0 else ''}" for each in (first, second)]
        return Seen((view,), f"Before: {names[0]}. After: {names[1]}.")
    differs = different(before, after)
    share = float(np.count_nonzero(differs)) / differs.size
    return Seen((view,), _difference_told(session, first, second, share))


def _difference_told(session: Session, first: int, second: int, share: float) -> str:
    if not share:
        return f"{phrases.capital(phrases.version(first))} and {phrases.version(second)} look the same."
    one, two = session.versions[first].stack, session.versions[second].stack
    shown = [{(entry.layer, entry.revision) for entry in stack if entry.visible} for stack in (one, two)]
    layers = sorted({layer for layer, _ in shown[0] ^ shown[1]})
    about = [session.layer(number) for number in layers]
    names = list(dict.fromkeys(phrases.definite(phrases.subject(each)) for each in about))
    of = f": {phrases.listed(names)}" if names else ""
    versions = f"{phrases.capital(phrases.version(first))} and {phrases.version(second)}"
    return f"{versions} differ in {share:.1%} of the picture{of}."


def different(before: Pixels, after: Pixels) -> Mask:
    """Where two pictures, uint8 RGB (H, W, 3), differ so that it can be seen: bool (H, W)."""
    step = np.abs(before.astype(np.int16) - after.astype(np.int16)).max(axis=-1)
    return np.asarray(step > SEEN)


def _mask_of(session: Session, number: int) -> Seen:
    layer = session.layer(number)
    painted = painted_mask(session, number)
    share = np.count_nonzero(painted) / painted.size
    name = phrases.definite(phrases.subject(layer))
    view = View(label=f"the mask of {name}", mask=session.pictures.put(painted))
    return Seen(
        (view,),
        f"The mask of {name} takes {layer.area:.1%} of the picture, with its soft edge"
        f" {share:.1%}; it is {session.pictures.path(layer.mask)}",
    )


def painted_mask(session: Session, number: int) -> Mask:
    """Where a layer's patch covers anything at all: bool (H, W). Beyond that the layer changes nothing."""
    patch = session.patch(number)
    painted = np.zeros(session.size[::-1], np.bool_)
    box = patch.box
    painted[box.y0 : box.y1, box.x0 : box.x1] = patch.rgba[..., 3] > 0
    return painted


def _thing(context: TurnContext, step: Look) -> Seen:
    session = context.session
    name = phrases.definite(step.target)
    if step.layer is not None:
        layer = session.layer(step.layer)
        mask = session.mask(step.layer) if layer.kind != "add" else painted_mask(session, step.layer)
    else:
        layers = occlusion.shown(session, Changes())
        picture = occlusion.without(session, Changes(), occlusion.left_out(layers, step.target))
        (found,) = find(context.engines.segmenter(), picture, [step.target], cancelled=context.cancelled)
        mask = found.mask
        if not found.present or not mask.any():
            there = name_things(context.engines.segmenter(), session.picture())
            return Seen(remark=not_found([step.target], there), possible=False)
    if not mask.any():
        return Seen(remark=f"Nothing of {name} is visible.", possible=False)
    share = np.count_nonzero(mask) / mask.size
    where = place(mask)
    if step.at == "place" and (count := _count_asked(step.target)):
        many = len(separate(mask, found.things)) if step.layer is None else 1
        things = count if many != 1 else phrases.single(count)
        view = View(label=things, mask=session.pictures.put(mask))
        apart = " apart" if many != 1 else ""
        return Seen((view,), f"I can tell {number(many)} {things}{apart}: {share:.1%} of the picture.")
    if step.at == "place":
        are = "are" if phrases.is_several(step.target) else "is"
        view = View(label=name, mask=session.pictures.put(mask))
        return Seen((view,), f"{phrases.capital(name)} {are} {where}: {share:.1%} of the picture.")
    box = close_up(mask)
    return Seen(
        (View(label=name, box=box),),
        f"{phrases.capital(name)}, close up: {where}, {share:.1%} of the picture.",
    )


def _count_asked(target: str) -> str:
    """The things whose number is asked for: "all the cushions"; empty for none."""
    return target.removeprefix("all the ") if target.startswith("all the ") else ""


def place(mask: Mask) -> str:
    """Where a mask (H, W) lies, in words: "on the left", "in the middle, below"."""
    rows, columns = np.nonzero(mask)
    across, down = float(columns.mean()) / mask.shape[1], float(rows.mean()) / mask.shape[0]
    side = "on the left" if across < 0.36 else "on the right" if across > 0.64 else "in the middle"
    height = ", at the top" if down < 0.3 else ", at the bottom" if down > 0.7 else ""
    return side + height


def close_up(mask: Mask) -> Box:
    """The part of a picture that shows what is in a mask (H, W) close up: (x0, y0, x1, y1), half-open."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    margin = MARGIN * max(y1 - y0, x1 - x0)
    sides = []
    for low, high, full in ((x0, x1, width), (y0, y1, height)):
        size = min(float(full), max(high - low + 2 * margin, LEAST * full))
        start = min(max(0.0, (low + high - size) / 2), full - size)
        sides.append((round(start), round(start + size)))
    return (sides[0][0], sides[1][0], sides[0][1], sides[1][1])


def which_view(question: WhichOne) -> View:
    """The view that goes with the question which of several things is meant: their numbered outlines."""
    label = " · ".join(f"{place} {name}" for place, name in enumerate(question.names, 1))
    return View(label=label or "which one?", outlines=question.masks)
