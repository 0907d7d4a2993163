"""Where a new object goes: from a place in words to a mask for the object.

For ``add`` the target is a place: "next to the sofa", "on the wall above the bed", "in the left corner".
``tools.language.places`` takes the words apart, ``landmarks`` names what a segmenter must find to make sense
of them, and ``mask_for_place`` proposes a rectangle there, as large as such an object would be. Sizes come
from a table in metres and the scale from the thing that is named, so that a vase stays small beside a sofa.
Pure functions; a mask is bool (H, W).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sessions.compose import Box
from tools.errors import PictureError
from tools.inpainting.geometry import bounds
from tools.language.object_sizes import Thing, thing_in
from tools.language.places import Place, Side
from tools.language.referring import separate

Mask = NDArray[np.bool_]

# How far below a thing's upper edge, as a share of its height, something stands that is put on it.
_SEAT = {"sofa": 0.6, "armchair": 0.65, "chair": 0.55, "bed": 0.45, "rug": 0.6, "bench": 0.3, "ottoman": 0.25}
_TOP = 0.12

# How many metres a picture's height shows there, where nothing tells the scale.
_SEEN_AT_WALL, _SEEN_IN_CORNER, _SEEN_ON_FLOOR = 4.2, 3.6, 2.9


def landmarks(place: Place, prompt: str) -> dict[str, str]:
    """What a segmenter should find for ``mask_for_place``: its keyword there, and the phrase to look for."""
    wanted = {"anchor": place.anchor, "other": place.other}
    stands = thing_in(prompt)[1].stands
    if place.surface == "wall" or stands == "wall":
        wanted["wall"] = "the wall"
    elif place.relation not in ("on", "above"):
        wanted |= {"floor": "the floor", "wall": "the wall"}
    return {role: phrase for role, phrase in wanted.items() if phrase}


def mask_for_place(
    place: Place,
    prompt: str,
    size: tuple[int, int],
    *,
    anchor: Mask | None = None,
    other: Mask | None = None,
    floor: Mask | None = None,
    wall: Mask | None = None,
) -> Mask:
    """Propose a mask for a new object: bool (H, W) for a picture of ``size`` (width, height), never empty.

    ``prompt`` says what comes there; the masks are what was found for the phrases of ``landmarks``, None or
    empty where nothing was. ``floor`` and ``wall`` are their visible, free parts. Raises ``PictureError`` for
    a mask of another size.
    """
    masks = [mask if mask is not None and mask.any() else None for mask in (anchor, other, floor, wall)]
    for mask in masks:
        if mask is not None and mask.shape != (size[1], size[0]):
            raise PictureError("A landmark's mask must have the picture's size.")
    anchor, other, floor, wall = masks
    if place.relation == "between" and anchor is not None and other is None:
        anchor, other = _two_of(anchor)  # "between the two pictures"
    thing = thing_in(prompt)[1]
    if place.surface == "wall" and place.relation in ("anywhere", "on") and thing.stands == "top":
        thing = thing._replace(stands="wall")
    wide, high = _extent(thing, place, anchor, size)
    boxes = list(_candidates(place, thing, wide, high, size, anchor, other, floor, wall))
    allowed = _allowed(thing, anchor if place.relation not in ("on", "front") else None, floor, wall, size)
    foot = floor if thing.stands == "floor" and place.relation not in ("on", "above") else None
    best = max(range(len(boxes)), key=lambda i: (_fit(boxes[i], allowed, foot, size), -i))
    box = _inside(boxes[best], size)
    mask = np.zeros((size[1], size[0]), dtype=np.bool_)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    if (
        place.relation in ("behind", "under")
        and anchor is not None
        and (mask & ~anchor).sum() > mask.sum() / 4
    ):
        mask &= ~anchor
    return mask


def _two_of(mask: Mask) -> tuple[Mask, Mask | None]:
    """Of several things under one mask the two next to each other that have the most room between them; the
    mask itself and None where it is one thing.
    """
    things = separate(mask)
    if len(things) < 2:
        return mask, None
    return max(itertools.pairwise(things), key=lambda pair: bounds(pair[1]).x0 - bounds(pair[0]).x1)


def gap_between(masks: Sequence[Mask]) -> tuple[int, int] | None:
    """The columns between the nearer ends of two things, or of the two of one mask; where one hides a part of
    the other, those that both have. None unless there are two.
    """
    if len(masks) == 1:
        one, other = _two_of(masks[0])
        masks = (one,) if other is None else (one, other)
    if len(masks) != 2 or not all(mask.any() for mask in masks):
        return None
    left, right = sorted((bounds(mask) for mask in masks), key=lambda box: box.x0 + box.x1)
    return min(left.x1, right.x0), max(left.x1, right.x0)


def _extent(thing: Thing, place: Place, anchor: Mask | None, size: tuple[int, int]) -> tuple[int, int]:
    """The width and height of a thing in pixels: by the scale of the anchor or of the room."""
    seen = _SEEN_ON_FLOOR
    if thing.stands == "wall":
        seen = _SEEN_AT_WALL
    elif place.relation == "corner":
        seen = _SEEN_IN_CORNER
    metre = min(size[1], 0.75 * size[0]) / seen
    name, known = thing_in(place.anchor or "")
    if anchor is not None and name and place.relation != "corner":
        box = bounds(anchor)
        scale = math.sqrt(box.width * box.height / (known.width * known.height))
        # What lies in front is nearer and looks larger. An anchor may be half hidden: the scale has bounds.
        scale *= {"front": 1.15, "behind": 0.9, "above": 0.9}.get(place.relation, 1.0)
        metre = min(max(scale, metre / 2), metre * 2)
    smallest = max(8, 0.05 * min(size))
    factor = max(1.0, smallest / (min(thing.width, thing.height) * metre))
    factor = min(factor, 0.8 * size[0] / (thing.width * metre), 0.8 * size[1] / (thing.height * metre))
    return (
        min(size[0], max(1, round(thing.width * metre * factor))),
        min(size[1], max(1, round(thing.height * metre * factor))),
    )


def _candidates(
    place: Place,
    thing: Thing,
    wide: int,
    high: int,
    size: tuple[int, int],
    anchor: Mask | None,
    other: Mask | None,
    floor: Mask | None,
    wall: Mask | None,
) -> Iterator[Box]:
    """Boxes for the object, the best one first where nothing is known of what is free."""

    def standing(centre: float, bottom: float, width: int = wide, height: int = high) -> Box:
        x0, y0 = round(centre - width / 2), round(bottom - height)
        return Box(x0, y0, x0 + width, y0 + height)

    if anchor is None or place.relation in ("corner", "anywhere"):
        yield from _anywhere(place, thing, wide, high, size, anchor, floor, wall)
        return
    box = bounds(anchor)
    middle, gap = (box.x0 + box.x1) / 2, 0.15 * wide
    hangs = thing.stands == "wall" or place.surface == "wall"
    level = (box.y0 + box.y1 + high) / 2 if hangs and box.y1 < 0.7 * size[1] else float(box.y1)
    if place.relation == "on":
        name = thing_in(place.anchor or "")[0]
        for shift in (0.0, -0.25, 0.25):
            centre = middle + shift * box.width
            top = _top(anchor, box, centre - wide / 2, centre + wide / 2)
            yield standing(centre, top + _SEAT.get(name, _TOP) * (box.y1 - top))
    elif place.relation == "above":
        room = max(1.0, 0.9 * box.y0)
        scale = min(1.0, room / high)
        width, height = max(1, round(wide * scale)), max(1, round(high * scale))
        bottom = box.y0 - min(0.35 * (box.y0 - height), 0.4 * height)
        for shift in (0.0, -0.2, 0.2, -0.4, 0.4):
            yield standing(middle + shift * box.width, bottom, width, height)
    elif place.relation == "under":
        if thing.stands == "flat":
            yield standing(middle, box.y1 + 0.4 * high)
        elif box.y1 < 0.7 * size[1]:  # It hangs on the wall: what comes under it stands on the floor.
            line = 0.7 * size[1] if floor is None else _top(floor, bounds(floor), box.x0, box.x1)
            for lower in (0.2, 0.35, 0.05, 0.5):
                yield standing(middle, min(size[1], max(box.y1 + high, line + lower * high)))
        else:
            yield standing(middle, float(box.y1))
    elif place.relation == "front":
        for shift in (0.0, -0.3, 0.3):
            yield standing(middle + shift * box.width, box.y1 + max(0.35 * high, 0.15 * box.height))
    elif place.relation == "behind":
        for shift in (0.0, -0.3, 0.3, -0.5, 0.5):
            yield standing(middle + shift * box.width, min(box.y1 - 0.1 * box.height, box.y0 + 0.45 * high))
    elif place.relation == "between" and other is not None:
        second = bounds(other)
        left, right = sorted((box, second), key=lambda each: each.x0 + each.x1)
        centre = (left.x1 + right.x0) / 2 if left.x1 < right.x0 else (left.x0 + right.x1) / 2
        free = right.x0 - left.x1
        scale = min(1.0, max(0.5, free / wide)) if free > 0 else 1.0
        bottom = (box.y1 + second.y1) / 2
        yield standing(centre, bottom, max(1, round(wide * scale)), max(1, round(high * scale)))
    else:
        sides: tuple[Side, ...] = (place.side,) if place.side else ("left", "right")
        if place.side is None and size[0] - box.x1 > box.x0:
            sides = ("right", "left")
        for distance in (gap, 3 * gap, 0.0, 6 * gap):
            for side in sides:
                edge = box.x1 + distance if side == "right" else box.x0 - distance - wide
                yield standing(edge + wide / 2, level)


def _anywhere(
    place: Place,
    thing: Thing,
    wide: int,
    high: int,
    size: tuple[int, int],
    anchor: Mask | None,
    floor: Mask | None,
    wall: Mask | None,
) -> Iterator[Box]:
    """Boxes over the whole room for a thing whose place is a surface, a side or a corner."""
    side = place.side
    if side is None and place.relation == "corner" and anchor is not None:
        side = "left" if bounds(anchor).x0 + bounds(anchor).x1 < size[0] else "right"
    if place.relation == "corner":
        left, right = [0.14, 0.2, 0.26, 0.08], [0.86, 0.8, 0.74, 0.92]
        centres = {"left": left, "right": right, None: left + right}[side]
    else:
        near = {"left": 0.22, "right": 0.78, None: 0.5}[side]
        reach = 0.2 if side else 0.4
        centres = [near + reach * step / 4 for step in (0, -1, 1, -2, 2, -3, 3, -4, 4)]
    surface, shares = floor, [0.88, 0.82, 0.94, 0.76, 0.7]
    if thing.stands == "wall" or place.surface == "wall":
        surface, shares = wall, [0.38, 0.32, 0.45, 0.27, 0.5]
    elif place.relation == "corner":
        shares = [0.72, 0.78, 0.66]
    rows = [share * size[1] for share in shares]
    if surface is not None:
        box = bounds(surface)
        if surface is wall:
            rows += [box.y0 + share * box.height for share in (0.6, 0.5, 0.7)]
        else:
            lower = (
                (0.12, 0.2, 0.3, 0.45) if place.relation == "corner" else (0.35, 0.2, 0.5, 0.65, 0.8, 0.95)
            )
            rows = [box.y0 + share * box.height for share in lower]
    for bottom in rows:
        for centre in centres:
            x0, y0 = round(centre * size[0] - wide / 2), round(bottom - high)
            yield _inside(Box(x0, y0, x0 + wide, y0 + high), size)


def _top(mask: Mask, box: Box, start: float, stop: float) -> float:
    """The row at which a mask begins between two columns, as most of its columns there have it."""
    part = mask[:, max(box.x0, int(start)) : max(box.x0 + 1, min(box.x1, int(stop) + 1))]
    part = part[:, part.any(axis=0)]
    return float(np.median(np.argmax(part, axis=0))) if part.size else float(box.y0)


def _allowed(
    thing: Thing, anchor: Mask | None, floor: Mask | None, wall: Mask | None, size: tuple[int, int]
) -> Mask:
    """Where the body of the thing may be, as far as that is known."""
    allowed = np.ones((size[1], size[0]), dtype=np.bool_)
    surfaces = {"wall": (wall,), "flat": (floor,)}.get(thing.stands, (floor, wall))
    known = [surface for surface in surfaces if surface is not None]
    if known and (len(known) == len(surfaces)):
        allowed = np.logical_or.reduce(known)
    return allowed if anchor is None else allowed & ~anchor


def _fit(box: Box, allowed: Mask, foot: Mask | None, size: tuple[int, int]) -> float:
    """How well a box fits: the share of it that is free, and the share of its foot that is on the floor."""
    inside = Box(max(0, box.x0), max(0, box.y0), min(size[0], box.x1), min(size[1], box.y1))
    if inside.width <= 0 or inside.height <= 0:
        return -1.0
    area = box.width * box.height
    fit = float(allowed[inside.y0 : inside.y1, inside.x0 : inside.x1].sum()) / area
    if foot is not None:
        high = max(1, box.height // 10)
        y1 = min(size[1], box.y1)
        strip = foot[max(0, y1 - high) : y1, inside.x0 : inside.x1]
        fit += float(strip.sum()) / (box.width * high)
    return round(fit, 2)  # So that small differences leave the order to the candidates.


def _inside(box: Box, size: tuple[int, int]) -> Box:
    """The box moved into the picture; what is larger than the picture is cut."""
    wide, high = min(box.width, size[0]), min(box.height, size[1])
    x0, y0 = min(max(box.x0, 0), size[0] - wide), min(max(box.y0, 0), size[1] - high)
    return Box(x0, y0, x0 + wide, y0 + high)
