"""A colour is computed: a thing's own pixels, its own light and shade, in another colour.

In Oklab (Ottosson 2020) each pixel of the thing gets the asked hue and chroma and keeps its own lightness as
a share of the thing's median: value · light · L / median. That is Reinhard's transfer of colour (2001), with
the spread of the lightness kept in proportion. A highlight is white light on top and stays; other colours of
the thing stay; along the edge the thing is told from what lies behind it, and only its own part is changed.

Nearly all of this depends on a pixel's own colour alone, so that it is one table from colour to colour,
applied to the picture's own pixels at any size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from sessions.compose import Box, Patch
from tools import errors
from tools.errors import EngineError
from tools.inpainting.base import Capabilities, MaskedEdit
from tools.inpainting.computed import parts
from tools.inpainting.computed.appearance import Appearance, Colour, Part, box_of, measure, shadeless
from tools.inpainting.computed.matting import reach_for, unmix
from tools.inpainting.computed.oklab import (
    Field,
    from_srgb,
    in_gamut,
    into_gamut,
    most_light,
    to_srgb,
    with_white,
)
from tools.inpainting.request import ColourStage
from tools.language.looks import ColourStep, read_look
from tools.language.object_sizes import thing_in
from tools.language.referring import read_phrase
from tools.segmenting.base import CancelCheck, never
from tools.side_by_side import cores, side_by_side

__all__ = [
    "JUST_VISIBLE",
    "Appearance",
    "ColourStep",
    "Part",
    "Recolour",
    "body_of",
    "has_body",
    "left_over",
    "measure",
    "measured_on",
    "recolour",
    "recolour_patch",
    "seen",
    "shown",
    "stage_for",
    "stage_for_step",
    "taken",
]

JUST_VISIBLE: Final = 0.02
"""A difference in Oklab that an eye just sees, side by side."""

_LEAST: Final = 1.5 * JUST_VISIBLE
"""A step in chroma or hue alone goes as far as the smallest step in lightness."""
_GIVES_WAY: Final = 0.04
"""By how much the lightness gives way to a step of the hue that a screen could not show else."""
_WHITER: Final = 1.03
"""How much lighter than a white thing in its light a thing becomes step by step: its light is an estimate,
and "lighter" is to be seen on white marble, too."""
_MOST_TAKEN: Final = 0.65
_LEAST_TAKEN: Final = 0.026
"""The share of its chroma that "less saturated" leaves a thing without at most for the sake of being seen; of
what has hardly any, as much chroma as this: "less" is not "none"."""
_UNSEEN: Final = 3.0
"""Levels of sRGB; a smaller difference is none, even where Oklab makes much of it, near black."""

_GRID: Final = 33
"""Nodes a side of the table of colours: eight levels apart, linear between them."""

_GREY: Final = (0.03, 0.08)
"""Chromas: below the first a thing is grey, and its highlights are told by lightness alone; from the second
on by their lack of colour."""

_BRIGHTEST: Final = 1.15
"""How many times its own lightness a surface is ever lit; what is brighter is a highlight."""

_HUES_APART: Final = (0.12, 0.25)
"""The sine of the angle between two colours (sRGB): up to the first they are told apart by lightness, too,
from the second on by their parts alone."""
_ONE_DYE: Final = 0.06
"""Tones no further apart (Oklab) are light and shade on threads of one colour, and no pattern of two."""
_TOO_DARK: Final = (10, 30)
"""Levels: what is darker than the first shows no parts, from the second on it does."""

_VEIL: Final = 0.002
_DARK: Final = 0.015
"""Linear light that is taken to lie over every picture, and how much there is with it at least where a thing
is black: below, what differs from pixel to pixel is the camera and its eight bits, and no light and
shade."""

_SHINY: Final = (1.4, 1.15)
_BLACK: Final = (0.4, 0.5)
"""From which spread of lightness on (``Appearance.spread``) a black thing is shiny, and the spread that is
left of it in another colour: on polished black what is seen is the room, many times as light as the black
itself; in a colour it is much less. Below the first lightness a thing is black, from the second on it is not,
and may lie half in the sun. Drawn rooms: black metal spreads 1.7 to 2.5, cloth and paint 1.0 to 1.3
(docs/colour.md)."""

_BLACKEST: Final = 0.002
"""Linear light that even black throws back, so that its folds are seen: level 6 of 255."""

_LEVELLED_ON: Final = 60_000  # pixels
_LEAST_LEVELLED: Final = 300  # pixels
_BESIDE: Final = 0.02
"""The reach, as a share of a thing's size, over which the light on both sides of a border is compared."""
_BOTH: Final = 0.1
"""So much of what is within that reach is of each of both colours."""
_MOST_LEVELLED: Final = 1.3

_STRETCHED: Final = 1.8
"""From so many new levels for one old one on, noise is taken out."""

_BODIES: Final = ("bookshelf", "bed")
"""Kinds of which other things are seen that keep their colours: books, pillows, a frame."""

_COVER: Final = re.compile(
    r"\b(?:blanket|bedspread|bedcover|bed cover|bedding|duvet|quilt|coverlet)s?\b", re.I
)
"""What a bed is covered with."""

_LIT: Final[Mapping[str, float]] = {
    "lamp": 1.14, "table lamp": 1.14, "table": 1.08, "coffee table": 1.08, "desk": 1.08, "chair": 1.06,
    "side table": 1.04, "wall": 1.035, "curtain": 0.95, "basket": 0.91,
}  # fmt: skip
"""How many times the estimate of its light a kind of thing shows: a shade is lit from within, a table top
faces the light, folds and wickerwork shade themselves. Medians of drawn rooms (docs/colour.md)."""

_ROOM: Final = 0.96
"""What the light of a kind makes of a colour at most, as a share of the lightest of its hue on a screen."""

_LITTLE_FLOOR: Final = 0.1
"""A floor that is seen in less than this share of the picture lies under other things, as a rug does, and
their shadow may cover most of it."""
_SHADED: Final = (1.12, 1.16)
"""How many times the median the brighter parts of such a thing are, pattern left out: below the first it lies
in one light, from the second on the median is in the shadow and they are not (docs/colour.md)."""
_MOST_SHADE: Final = 0.7

_SCRAP: Final = 0.12
"""Of several things, what is smaller than this share of the largest is a scrap of another."""

_WINDOW: Final = 5  # pixels
_LOOKED_AT: Final = 50_000  # pixels, of which it is told whether a thing took a colour

_STRIPS: Final = 1 << 22  # pixels; how many are recoloured at a time
_WORTH_A_THREAD: Final = 1 << 17  # pixels


def stage_for(
    value: Colour,
    picture: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    target: str = "",
    *,
    strength: float = 1.0,
) -> ColourStage:
    """The stage that gives the thing under ``mask`` an Oklab ``value`` in this picture's light.

    ``target`` names the thing: some kinds are lit more than others.
    """
    noun = read_phrase(target).noun.rpartition(" ")[2]
    kind = "wall" if noun in ("wall", "walls") else thing_in(target)[0]
    overhung = kind == "rug" or (kind == "floor" and mask.mean() < _LITTLE_FLOOR)
    lit = _LIT.get(kind, 1.0) * (_shade(picture, mask) if overhung else 1.0)
    stage = ColourStage(value=value, light=1.0, lit=lit, strength=strength, shaded=True, levelled=True)
    return stage.model_copy(update={"light": _light(stage, picture, mask)})


def _light(stage: ColourStage, picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """The light on the thing under ``mask``, by its shades and its kind; what its kind adds leaves room for a
    step to lighter.
    """
    light = measure(picture, mask).light
    return min(light * stage.lit, max(light, _ROOM * most_light(stage.value)))


def _shade(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """The share of its light that a flat thing of one colour has left where most of it lies in a shadow; 1
    where it lies in one light.
    """
    if sum(part.share for part in measure(picture, mask).colours[1:]) > 0.2:
        return 1.0  # of a pattern nobody knows what is shadow
    box = box_of(picture, mask)
    step = max(1, picture.shape[0] // 480)
    window = np.s_[box.y0 : box.y1 : step, box.x0 : box.x1 : step]
    inside = mask[window].astype(np.float32)
    lightness = from_srgb(picture[window])[..., 0] * inside
    wide = picture.shape[0] / step / 30
    weight = ndimage.gaussian_filter(inside, wide)
    smooth = ndimage.gaussian_filter(lightness, wide)[inside > 0] / weight[inside > 0]
    median, bright = np.quantile(smooth, (0.5, 0.9))
    ratio = float(bright / max(float(median), 0.02))
    share = float(_smoothly(np.float32(ratio), *_SHADED))
    return max(_MOST_SHADE, 1 - share * (1 - 1 / ratio))


def has_body(target: str) -> bool:
    """Whether a thing of that name has parts that keep their colours: other things stand in it, or it stands
    on legs or hangs from a rod.
    """
    return _holds(target) or parts.has_parts(thing_in(target)[0])


def _holds(target: str) -> bool:
    """Whether other things stand or lie in a thing of that name."""
    return thing_in(target)[0] in _BODIES or _COVER.search(target) is not None


def measured_on(mask: NDArray[np.bool_], body: NDArray[np.bool_], target: str) -> NDArray[np.bool_]:
    """What of a thing says how it looks, bool (H, W): what takes the colour, where other things stand in it,
    else the whole ``mask``, so that legs and rods change nothing of how the rest is painted.
    """
    return body if _holds(target) else mask


def body_of(picture: NDArray[np.uint8], mask: NDArray[np.bool_], target: str) -> NDArray[np.bool_]:
    """What takes a colour of the thing under ``mask`` (bool (H, W)) in an RGB picture: of shelves the boards
    and sides, of a bed what it is covered with, of seats and cupboards all but legs and knobs of another
    colour, of curtains all but the rod.
    """
    kind = thing_in(target)[0]
    kind = kind if kind in _BODIES or not _holds(target) else "bed"
    body = np.zeros_like(mask)
    for thing in _things(mask):
        box = box_of(picture, thing)
        window = np.s_[box.y0 : box.y1, box.x0 : box.x1]
        part = parts.surface(picture[window], thing[window], kind, legs=True)
        body[window] |= thing[window] if part is None else part
    return body


def stage_for_step(
    step: ColourStep, current: ColourStage | None, picture: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> ColourStage:
    """The stage one step on from ``current``, or from how the thing under ``mask`` looks in ``picture``.

    The step is what an eye sees: the value moves by more where little light falls. Lighter and darker keep
    the hue and the saturation as far as a screen shows it. Raises ``EngineError`` where the colour has come
    to its end (black cannot be darker).
    """
    if current is None:
        look = measure(picture, mask)
        current = ColourStage(value=(0.0, 0.0, 0.0), light=look.light, pattern="follows", shaded=True)
        old = look.median
    else:
        old = shown(current)
    light = current.light
    new = _moved(old, step, most=max(min(light * _WHITER, 1.0), old[0]))
    levels = np.abs(np.diff(to_srgb(np.array((old, new), np.float32)), axis=0)).max()
    least, gone = 0.7 * JUST_VISIBLE, math.dist(new[1:], old[1:])
    if step.lightness:
        hued = step.warmth or step.tint != (0.0, 0.0)
        least = JUST_VISIBLE / 2 if hued else min(JUST_VISIBLE, 0.6 * abs(step.lightness))
        gone = math.dist(new, old) if hued else abs(new[0] - old[0])
    if gone < least or levels < _UNSEEN:
        raise EngineError(_at_the_end(step))
    value = (max(new[0] ** 3 - _BLACKEST, 0.0) ** (1 / 3) / light, new[1] / light, new[2] / light)
    return current.model_copy(update={"value": value})


def shown(stage: ColourStage) -> Colour:
    """The Oklab that a stage gives the thing's median, in its picture's light, at full strength."""
    lightness, a, b = (axis * stage.light for axis in stage.value)
    return (max(lightness, 0.0) ** 3 + _BLACKEST) ** (1 / 3), a, b


def _moved(old: Colour, step: ColourStep, most: float) -> Colour:
    """A colour as seen, a step on; ``most`` is how light it can become."""
    lightness = min(max(old[0] + step.lightness, 0.0), most)
    share = lightness / old[0] if old[0] > 0.02 else 1.0
    a, b = (axis * share * step.chroma for axis in old[1:])
    if step.warmth:
        a, b = a + 0.015 * step.warmth, b + 0.045 * step.warmth
    a, b = a + step.tint[0], b + step.tint[1]
    if step.lightness:
        result = into_gamut(np.array([[lightness, a, b]], np.float32))[0]
        return float(result[0]), float(result[1]), float(result[2])
    moved = math.dist(old[1:], (a, b))
    if 0 < moved < _LEAST:  # "slightly less red" is to be seen, too
        far = _LEAST / moved
        if step.chroma < 1 and not step.warmth and step.tint == (0.0, 0.0):
            far = min(far, max(_MOST_TAKEN, _LEAST_TAKEN / math.hypot(*old[1:])) / (1 - step.chroma))
            far = max(1.0, min(far, 1 / (1 - step.chroma)))  # no farther than grey
        a, b = old[1] + (a - old[1]) * far, old[2] + (b - old[2]) * far
    return _towards(old, a, b)


def _towards(old: Colour, a: float, b: float) -> Colour:
    """The colour nearest to a colour's way to other axes of hue that a screen shows, at a lightness that is
    at most ``_GIVES_WAY`` away: a redder white is pink, and no longer as light; a yellower orange is lighter.

    Tried is how far the way itself goes, and what is left of its end with less chroma. The farthest along the
    way counts, less a share of how far it is beside it and of what the lightness gives.
    """
    away = np.clip(old[0] + np.linspace(-_GIVES_WAY, _GIVES_WAY, 11), 0, 1)
    here, end = np.array(old[1:]), np.array((a, b))
    far = float(np.linalg.norm(end - here))
    if far == 0:
        return old
    share = np.linspace(0, 1, 41)
    line = np.empty((len(away), len(share), 3), np.float32)
    line[..., 0] = away[:, None]
    line[..., 1:] = here + (end - here) * share[:, None]
    reached = np.where(in_gamut(line), share, 0).max(axis=1)
    straight = here + (end - here) * reached[:, None]
    clipped = into_gamut(np.column_stack((away, np.tile(end, (len(away), 1)))).astype(np.float32))[:, 1:]
    tried = np.column_stack((np.tile(away, 2), np.concatenate((straight, clipped))))
    moved = tried[:, 1:] - here
    along = moved @ (end - here) / far
    aside = np.abs(moved @ np.array((b - old[2], old[1] - a))) / far
    best = tried[int(np.argmax(along - 0.5 * aside - 0.1 * np.abs(tried[:, 0] - old[0])))]
    return float(best[0]), float(best[1]), float(best[2])


def _at_the_end(step: ColourStep) -> str:
    if step.lightness < 0:
        return "It is already as dark as it can be."
    if step.lightness > 0:
        return "It is already as light as it can be."
    if step.chroma < 1:
        return "It has no colour left to take away."
    if step.chroma > 1:
        return "It has no colour of its own that could be stronger, or as much as a screen can show."
    return "It cannot be moved any further that way."


def recolour(
    picture: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    stage: ColourStage,
    *,
    hard: bool = False,
    whole: NDArray[np.bool_] | None = None,
) -> Patch:
    """Give the thing under ``mask`` (bool (H, W)) in ``picture`` (uint8 RGB (H, W, 3)) the colour of
    ``stage``.

    The patch holds the picture's own pixels, recoloured; outside the mask it reaches a few pixels
    (``edge.reach_for``), where parts of the thing are seen, and with ``hard`` nowhere. ``whole`` (bool
    (H, W), around ``mask``) is by what the thing's look is measured, ``mask`` without it. Raises
    ``PictureError`` for a mask that is empty or of another size.
    """
    whole = mask if whole is None else whole
    if stage.each and len(things := _things(whole)) > 1:
        alone = stage.model_copy(update={"each": False})
        each = [(thing, thing & mask) for thing in things if (thing & mask).any()]
        made = [
            recolour(
                picture,
                part,
                alone.model_copy(update={"light": _light(stage, picture, thing)}),
                hard=hard,
                whole=thing,
            )
            for thing, part in each
        ]
        return _joined(made, [part for _, part in each])
    high, wide = mask.shape
    reach = reach_for(wide, high)
    box = box_of(picture, mask)
    look = measure(picture, whole)
    if stage.levelled and stage.pattern == "plain":
        look = _levelled(
            look, picture[box.y0 : box.y1, box.x0 : box.x1], mask[box.y0 : box.y1, box.x0 : box.x1]
        )
    change = _Change(look, stage)
    around = math.ceil(2.6 * reach) + 1
    outer = Box(
        max(0, box.x0 - around),
        max(0, box.y0 - around),
        min(wide, box.x1 + around),
        min(high, box.y1 + around),
    )
    crop = picture[outer.y0 : outer.y1, outer.x0 : outer.x1]
    inside = mask[outer.y0 : outer.y1, outer.x0 : outer.x1]
    rgba = _mapped(crop, inside, change)
    if change.stretch > _STRETCHED:
        _calm(rgba, inside, change.stretch)
    edge = unmix(crop, inside, reach)
    if edge.rows.size:
        seen_there = crop[edge.rows, edge.columns].astype(np.float32)
        within = inside[edge.rows, edge.columns]
        share = edge.share * within if hard else edge.share
        wanted = seen_there + share[:, None] * (change(edge.own) - edge.own)
        if stage.exact:
            share = within.astype(np.float32)
            wanted = np.where(within[:, None], change.wholly(seen_there), seen_there)
        rgba[edge.rows, edge.columns] = _laid_over(seen_there, wanted, share)
    return _trimmed(rgba, outer)


def _things(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The separate things of a mask (H, W); scraps belong to what is nearest."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    large = np.flatnonzero(sizes[1:] >= _SCRAP * sizes[1:].max(initial=0)) + 1
    if len(large) < 2:
        return [mask]
    nearest = ndimage.distance_transform_edt(
        ~np.isin(labels, large), return_distances=False, return_indices=True
    )
    owner = labels[nearest[0], nearest[1]]
    return [mask & (owner == part) for part in large]


def _joined(patches: Sequence[Patch], parts: Sequence[NDArray[np.bool_]]) -> Patch:
    """One patch of several; where their soft edges meet, what covers more counts, and a part's own pixels
    are its patch's.
    """
    boxes = [patch.box for patch in patches]
    box = Box(
        min(each.x0 for each in boxes), min(each.y0 for each in boxes),
        max(each.x1 for each in boxes), max(each.y1 for each in boxes),
    )  # fmt: skip
    rgba = np.zeros((box.y1 - box.y0, box.x1 - box.x0, 4), np.uint8)
    taken = np.zeros(rgba.shape[:2], bool)
    for patch, part in zip(patches, parts, strict=True):
        each = patch.box
        window = np.s_[each.y0 - box.y0 : each.y1 - box.y0, each.x0 - box.x0 : each.x1 - box.x0]
        own = part[each.y0 : each.y1, each.x0 : each.x1]
        over = own | (~taken[window] & (patch.rgba[..., 3] > rgba[window][..., 3]))
        rgba[window][over] = patch.rgba[over]
        taken[window] |= own
    return Patch(rgba, box)


def _laid_over(below: Field, wanted: Field, share: Field) -> NDArray[np.uint8]:
    """RGBA (n, 4) that, laid over ``below``, gives ``wanted``, with an alpha as near to ``share`` as can
    be.
    """
    wanted = np.clip(wanted, 0, 255)
    way = wanted - below
    room = np.where(way > 0, 255 - below, below)
    least = np.max(np.abs(way) / np.maximum(room, 1e-3), axis=1)
    alpha = np.ceil(255 * np.clip(np.maximum(share, least), 0, 1))
    alpha[np.abs(way).max(axis=1) < 0.5] = 0
    colour = below + way * (255 / np.maximum(alpha, 1))[:, None]
    rgba = np.empty((len(below), 4), np.uint8)
    rgba[:, :3] = np.clip(np.rint(colour), 0, 255)
    rgba[:, 3] = alpha
    return rgba


def _trimmed(rgba: NDArray[np.uint8], box: Box) -> Patch:
    """The patch without the empty rows and columns around it."""
    shown = rgba[..., 3] > 0
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    if not rows.size:
        return Patch(rgba[:1, :1], Box(box.x0, box.y0, box.x0 + 1, box.y0 + 1))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Patch(
        np.ascontiguousarray(rgba[y0:y1, x0:x1]), Box(box.x0 + x0, box.y0 + y0, box.x0 + x1, box.y0 + y1)
    )


def _levelled(look: Appearance, crop: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Appearance:
    """The look with the other colours of its pattern as they are where they meet the main one.

    Medians of stripes that lie in the sun more than those between them differ by that, too, and left that
    behind in a plain colour. On both sides of a border the light is the same. ``crop`` is RGB, uint8
    (h, w, 3), ``inside`` (h, w) the thing in it.
    """
    step = max(1, round(math.sqrt(inside.sum() / _LEVELLED_ON)))
    small, here = crop[::step, ::step], ndimage.binary_erosion(inside)[::step, ::step]
    if here.sum() < _LEAST_LEVELLED:
        return look
    colours = small[here].astype(np.float32)
    lightness = np.zeros(here.shape, np.float32)
    lightness[here] = from_srgb(colours)[:, 0]
    main = np.array(look.median, np.float32)
    reach = _BESIDE * math.sqrt(float(here.sum()))
    parts = [look.colours[0]]
    for part in look.colours[1:]:
        other = np.array(part.colour, np.float32)
        place = np.full(here.shape, 0.5, np.float32)
        place[here] = _place(colours, main, other, 0.0, shaded=True)[0]
        sides = []
        for own, of in ((place < 0.15, main), (place > 0.85, other)):
            own &= here
            weight = ndimage.gaussian_filter(own.astype(np.float32), reach)
            gain = ndimage.gaussian_filter(np.where(own, lightness / max(float(of[0]), 0.02), 0), reach)
            sides.append((weight, gain / np.maximum(weight, 1e-6)))
        (one, main_gain), (two, other_gain) = sides
        both = here & (one > _BOTH) & (two > _BOTH)
        if not part.apart and both.sum() >= _LEAST_LEVELLED:
            ratio = float(np.median(other_gain[both] / np.maximum(main_gain[both], 1e-3)))
            scale = np.float32(min(max(ratio, 1 / _MOST_LEVELLED), _MOST_LEVELLED))
            lightness_, a, b = (float(each) for each in other * scale)
            part = replace(part, colour=(lightness_, a, b))
        parts.append(part)
    return replace(look, colours=tuple(parts))


def recolour_patch(
    picture_below: NDArray[np.uint8], mask: NDArray[np.bool_], patch: Patch, stage: ColourStage
) -> Patch:
    """Give what an engine painted under ``mask`` the colour of ``stage``; the patch keeps its alpha.

    ``picture_below`` (uint8 RGB (H, W, 3)) is what the patch lies on. Painted texture stays.
    """
    from sessions.compose import compose

    window = np.s_[patch.box.y0 : patch.box.y1, patch.box.x0 : patch.box.x1]
    whole = compose(picture_below, [patch])
    inside = np.zeros_like(mask)
    inside[window] = mask[window] & (patch.rgba[..., 3] > 127)
    if not inside.any():
        inside[window] = patch.rgba[..., 3] > 0
    if not inside.any():
        return patch
    own = recolour(whole, inside, stage)
    after = compose(whole, [own])[window].astype(np.float32)
    alpha = patch.rgba[..., 3:].astype(np.float32) / 255
    below = picture_below[window].astype(np.float32)
    colour = (after - (1 - alpha) * below) / np.maximum(alpha, 1 / 255)
    rgba = patch.rgba.copy()
    changed = (after != whole[window]).any(axis=2) & (patch.rgba[..., 3] > 0)
    rgba[..., :3][changed] = np.clip(np.rint(colour), 0, 255)[changed]
    return Patch(rgba, patch.box)


class Recolour:
    """The engine: it gives a thing the colour in ``MaskedEdit.colour``. No model, no memory to speak of."""

    name = "recolour"
    revision = "4"
    capabilities = Capabilities(kinds=("restyle",))

    def can(self, prompt: str, target: str) -> bool:
        """Whether a prompt asks for nothing but a colour."""
        return read_look(prompt, target).is_colour_only

    def compute(
        self, picture: NDArray[np.uint8], edit: MaskedEdit, *, cancelled: CancelCheck = never
    ) -> Patch:
        """The patch of one edit; raises ``EngineError`` where it names no colour."""
        if edit.colour is None:
            raise EngineError("There is no colour to give it: name one, such as 'navy' or '#336699'.")
        if cancelled():
            raise errors.Cancelled
        if not edit.colour.body:
            return recolour(picture, edit.mask, edit.colour)
        body = body_of(picture, edit.mask, edit.target)
        return recolour(picture, body, edit.colour, whole=measured_on(edit.mask, body, edit.target))


class _Change:
    """The map from the colours of a thing to its new ones: a function of a pixel's own colour."""

    def __init__(self, look: Appearance, stage: ColourStage) -> None:
        self._look = look
        self._stage = stage
        self._target = np.array(shown(stage), np.float32)
        self._main = np.array(look.median, np.float32)
        self._contrast = _contrast_kept(look)
        parts = [part for part in look.colours[1:] if part.apart or not stage.shaded or _is_dyed(part, look)]
        kept = [part for part in parts if part.apart or stage.pattern == "kept"]
        if stage.levelled and stage.pattern == "plain":  # grey legs are no reason to leave white stripes
            kept = [
                part for part in kept if not any(_of_one_hue(part, each) for each in parts if not each.apart)
            ]
        self._kept = [np.array(part.colour, np.float32) for part in kept]
        others = [part for part in parts if not part.apart and stage.pattern == "plain"]
        self._others = [np.array(part.colour, np.float32) for part in others]

    def __call__(self, colours: NDArray[np.uint8]) -> Field:
        """The new sRGB, float32 in 0…255, of sRGB colours, uint8 (n, 3)."""
        changed, _ = self._exactly(colours.astype(np.float32))
        return changed

    def wholly(self, colours: Field) -> Field:
        """The new sRGB of colours (n, 3) if they were all of what takes the new one."""
        return np.clip(self._lit(colours, self._main), 0, 255)

    def share(self, colours: NDArray[np.uint8]) -> Field:
        """How much of each colour, uint8 (n, 3), is of what takes the new one: (n,), 0…1."""
        return self._own(colours.astype(np.float32))[0]

    @property
    def stretch(self) -> float:
        """How many levels of new lightness one level of the thing's own makes at its median."""
        main = to_srgb(self._main[None])[0]
        pair = np.stack((main - 4, main + 4)).clip(0, 255)
        levels = self._exactly(pair)[0].mean(axis=1)
        return float(levels[1] - levels[0]) / 8

    def table(self, lowest: NDArray[np.uint8], highest: NDArray[np.uint8]) -> ImageFilter.Color3DLUT:
        """The map as a table for Pillow: RGB and the alpha of what changes.

        Only what colours between two (sRGB, uint8 (3,)) ask for is filled in.
        """
        level = np.linspace(0, 255, _GRID, dtype=np.float32)
        first = np.maximum(np.floor(lowest / level[1]).astype(int) - 1, 0)
        last = np.minimum(np.ceil(highest / level[1]).astype(int) + 2, _GRID)
        (r0, g0, b0), (r1, g1, b1) = first, last
        blue, green, red = np.meshgrid(level[b0:b1], level[g0:g1], level[r0:r1], indexing="ij")
        nodes = np.stack((red, green, blue), axis=-1).reshape(-1, 3)
        parts = side_by_side([partial(self._exactly, part) for part in np.array_split(nodes, cores())])
        changed, share = (np.concatenate(each) for each in zip(*parts, strict=True))
        table = np.zeros((_GRID, _GRID, _GRID, 4), np.float32)
        filled = table[b0:b1, g0:g1, r0:r1]
        filled[..., :3] = (changed / 255).reshape(*filled.shape[:3], 3)
        filled[..., 3] = (share > 0.02).reshape(filled.shape[:3])
        return ImageFilter.Color3DLUT(
            _GRID, table.reshape(-1), channels=4, target_mode="RGBA", _copy_table=False
        )

    def _exactly(self, colours: Field) -> tuple[Field, Field]:
        """New colours (n, 3), and the share in each of what takes the new one, (n,)."""
        share, own = self._own(colours)
        new = self._followed(own) if self._stage.pattern == "follows" else self._lit(own, self._main)
        if self._others:
            new = self._plain(own, new)
        changed = colours + np.float32(self._stage.strength) * share[:, None] * (new - own)
        return np.clip(changed, 0, 255), share

    def _own(self, colours: Field) -> tuple[Field, Field]:
        """The share in each colour of what takes the new one, and that part of it: at the border of two
        colours a pixel is a mixture.
        """
        share = 1 - _foreign(shadeless(from_srgb(colours)), self._main)
        own = colours
        for kept in self._kept:
            place, light = _place(colours, self._main, kept, shaded=self._stage.shaded)
            mixed = 1 - place
            less = mixed < share
            share = np.where(less, mixed, share)
            solid = np.maximum(mixed, 0.4)[:, None]
            part = (colours - (1 - solid) * light[:, None] * to_srgb(kept[None])) / solid
            own = np.where((less & (mixed < 1))[:, None], np.clip(part, 0, 255), own)
        return share, own

    def _plain(self, colours: Field, new: Field) -> Field:
        """The new colours where the other colours of a pattern take the new one, too; ``new`` is for the
        main one.

        At the border of two colours a pixel's own lightness is the mixture's.
        """
        main = to_srgb(self._main[None])
        last = np.zeros(len(colours), np.float32)
        for other in self._others:
            place, _ = _place(colours, self._main, other, 0.0, shaded=self._stage.shaded)
            nearer = (place > 0.05) & (place >= last)
            last = np.maximum(last, place)
            mixed = main + place[nearer, None] * (to_srgb(other[None]) - main)
            gain = from_srgb(colours[nearer])[:, :1] / np.maximum(from_srgb(mixed)[:, :1], 0.02)
            lit = to_srgb(_shouldered(gain * self._target[0], self._target[0]) * self._target)
            new[nearer] += np.minimum(place[nearer, None] / 0.2, 1) * (lit - new[nearer])
        return new

    def _followed(self, colours: Field) -> Field:
        """The new colours where all colours of a thing move as its main colour does."""
        lab = from_srgb(colours)
        main, target = self._main, self._target
        lightness = lab[:, 0] * target[0] / max(float(main[0]), 0.02)
        above = lab[:, 0] > main[0]
        top = _lightest(target) if math.hypot(*main[1:]) < _GREY[0] else 1.0
        room = (top - target[0]) / max(1 - float(main[0]), 0.02)
        lightness = np.where(above, target[0] + (lab[:, 0] - main[0]) * min(room, 1.0), lightness)
        chroma = float(main[1:] @ main[1:])
        factor = float(target[1:] @ main[1:]) / chroma if chroma > 0.02**2 else 1.0
        moved = lab[:, 1:] * np.float32(factor) + (target[1:] - np.float32(factor) * main[1:])
        return to_srgb(np.concatenate((lightness[:, None], moved), axis=1, dtype=np.float32))

    def _lit(self, colours: Field, own: Field) -> Field:
        """The new colours of pixels that show the colour ``own``, more or less lit, with highlights."""
        glint, sheen = self._highlights(colours, own)
        body = from_srgb(np.maximum(colours - glint[:, None], 0))
        lightness = np.cbrt(np.maximum(body[:, :1] ** 3 - sheen[:, None], 0))
        veil = max(_VEIL, _DARK - float(own[0]) ** 3)
        if self._contrast < 1:
            usual = np.maximum(own[0], np.float32(0.02))
            lightness = usual * (lightness / usual) ** np.float32(self._contrast)
        gain = np.cbrt((lightness**3 + veil) / (float(own[0]) ** 3 + veil))
        lit = _shouldered(gain * self._target[0], self._target[0]) * self._target
        return to_srgb(with_white(lit, sheen)) + glint[:, None]

    def _highlights(self, colours: Field, own: Field) -> tuple[Field, Field]:
        """The white light on top of each colour (n,): on what is vivid in levels, on what is grey in linear
        light, where it lies over a new colour as it lay over the old one.
        """
        main = to_srgb(own[None])[0]
        mean = float(main.mean())
        tint = main - mean
        lightness, level = from_srgb(colours)[:, 0], colours.mean(axis=1)
        body = (colours @ tint) / max(float(tint @ tint), 1.0) * mean
        pale = np.maximum(0.9 * level - np.maximum(body, 0), 0)
        rise = _smoothly(lightness / max(float(own[0]), 0.02), 1.03, 1.2)
        vivid = float(_smoothly(np.float32(np.hypot(own[1], own[2])), *_GREY))
        glint = np.minimum(vivid * rise * pale, colours.min(axis=1))
        most = float(own[0]) * _BRIGHTEST / self._look.light + 0.05
        sheen = (1 - vivid) * self._contrast * np.maximum(lightness**3 - most**3, 0)
        return np.asarray(glint, np.float32), np.asarray(sheen, np.float32)


def _is_dyed(part: Part, look: Appearance) -> bool:
    """Whether a part has another colour than the thing's main one, and is no thread of that in the shade."""
    return math.dist(part.colour, look.median) > _ONE_DYE


def _of_one_hue(one: Part, other: Part) -> bool:
    """Whether light and shade alone could make two parts' colours of one another."""
    points = shadeless(np.array([one.colour, other.colour], np.float32))
    return float(np.linalg.norm(points[0, 1:] - points[1, 1:])) < _ONE_DYE


def _lightest(colour: Field) -> float:
    """How light a colour (Oklab, (3,)) can be made before a screen takes its hue away."""
    lightness = np.linspace(float(colour[0]), 1, 33, dtype=np.float32)
    hues = np.tile(colour[1:], (len(lightness), 1))
    return float(lightness[in_gamut(np.column_stack((lightness, hues)))].max(initial=float(colour[0])))


def _contrast_kept(look: Appearance) -> float:
    """The power of its lightness over the median's that a thing keeps in a new colour: 1 unless it is black
    and shiny.
    """
    if look.spread <= _SHINY[0]:
        return 1.0
    lightness, a, b = look.median
    black = (1 - _smoothly(np.float32(lightness), *_BLACK)) * (
        1 - _smoothly(np.float32(math.hypot(a, b)), *_GREY)
    )
    return float(1 - black * (1 - math.log(_SHINY[1]) / math.log(look.spread)))


def _shouldered(lightness: Field, median: float) -> Field:
    """By what the target is multiplied: lightness over its median, bent above it so that white comes last."""
    room = max(1 - median, 0.02)
    above = np.maximum(lightness - median, 0)
    bent = np.where(lightness > median, median + room * (1 - np.exp(-above / room)), lightness)
    return np.asarray(bent / median, np.float32)


def _foreign(points: Field, main: Field) -> Field:
    """How surely colours (n, 3, ``shadeless``) are of another hue than ``main`` in any light, 0…1."""
    own = shadeless(main[None])[0, 1:]
    vivid = np.hypot(points[:, 1], points[:, 2])
    strength = float(np.hypot(own[0], own[1]))
    along = points[:, 1:] @ own / np.maximum(vivid * strength, 1e-6)
    turned = _smoothly(np.arccos(np.clip(along, -1, 1)), 0.9, 1.4) * float(
        _smoothly(np.float32(strength), 0.08, 0.14)
    )
    coloured = 1 - float(_smoothly(np.float32(strength), 0.03, 0.08))
    return np.asarray(
        np.maximum(turned * _smoothly(vivid, 0.08, 0.14), coloured * _smoothly(vivid, 0.16, 0.24)), np.float32
    )


def _place(
    colours: Field, main: Field, other: Field, sure: float = 0.15, *, shaded: bool
) -> tuple[Field, Field]:
    """Where colours (sRGB, (n, 3)) lie between two of a thing's (Oklab, (3,)), (n,): 0 at the main one, 1 at
    the other; and how much light falls there as a share of what falls on those two, (n,).

    Light and shade scale a mixture and leave its parts: a white stripe in the shade of a table is white. So
    the parts are those of the sum that comes nearest (non-negative least squares). Where the two are nearly
    one hue no sum tells a mixture from shade, nor does it in the dark; there, and all over where it is not
    asked for what is ``shaded``, it is the place on the way from one to the other (``shadeless``).
    """
    start = shadeless(main[None])[0]
    way = shadeless(other[None])[0] - start
    place = (shadeless(from_srgb(colours)) - start) @ way / np.float32(way @ way)
    light = np.ones(len(colours), np.float32)
    one, two = to_srgb(main[None])[0], to_srgb(other[None])[0]
    across = float(np.linalg.norm(np.cross(one, two)))
    clear = float(
        _smoothly(
            np.float32(across / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-6)), *_HUES_APART
        )
    )
    if shaded and clear > 0:
        both = np.stack((one, two))
        parts = np.linalg.solve(both @ both.T, both @ colours.T)
        alone = np.maximum(both @ colours.T / (both**2).sum(axis=1)[:, None], 0)
        parts = np.where(parts[::-1] < 0, alone, np.maximum(parts, 0))
        total = parts.sum(axis=0)
        told = np.float32(clear) * _smoothly(colours.max(axis=1), *_TOO_DARK)
        place = place + told * (parts[1] / np.maximum(total, 1e-6) - place)
        light = light + told * (total.astype(np.float32) - 1)
    return np.asarray(np.clip((place - sure) / (1 - 2 * sure), 0, 1), np.float32), light


def _smoothly(x: Field | np.float32, low: float, high: float) -> Field:
    """0 below the first, 1 above the second, smooth between."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _mapped(crop: NDArray[np.uint8], inside: NDArray[np.bool_], change: _Change) -> NDArray[np.uint8]:
    """The crop in its new colours, with the mask as alpha: uint8 (h, w, 4). A strip of rows at a time."""
    high, wide = inside.shape
    rgba = np.empty((high, wide, 4), np.uint8)
    levels = crop.reshape(high, -1)
    lowest, highest = levels.min(axis=0).reshape(-1, 3), levels.max(axis=0).reshape(-1, 3)
    table = change.table(lowest.min(axis=0), highest.max(axis=0))

    def map_strip(top: int) -> None:
        strip = np.s_[top : top + rows]
        rgba[strip] = np.asarray(Image.fromarray(np.ascontiguousarray(crop[strip])).filter(table))
        rgba[strip][..., 3] *= inside[strip]

    least, most = (each // max(1, wide) for each in (_WORTH_A_THREAD, _STRIPS))
    rows = max(1, min(most, max(least, math.ceil(high / cores()))))
    side_by_side([partial(map_strip, top) for top in range(0, high, rows)])
    return rgba


def _calm(rgba: NDArray[np.uint8], inside: NDArray[np.bool_], stretch: float) -> None:
    """Take the noise out of what was made much lighter, in place: grain and steps that were not to be seen.

    The local Wiener filter on the mean level (Lee 1980): where a window varies no more than noise does, its
    mean is taken. The noise is what rounding makes after the stretch, or what the calmest windows show.
    """
    high, wide = inside.shape
    rows = max(63, 3 * (_STRIPS // max(3, 3 * wide)))
    for top in range(0, high, rows):
        end = min(high, top + rows)
        each = 3 * math.ceil((end - top) / (3 * cores()))  # the same pixels are sampled whatever the cores
        strips = [(first, min(end, first + each)) for first in range(top, end, each)]
        windows = side_by_side([partial(_window_statistics, rgba, inside, *strip) for strip in strips])
        some = np.concatenate([variance[::3, ::3][whole[::3, ::3]] for _, variance, whole in windows])
        if not some.size:
            continue
        calmest = float(np.quantile(some, 0.2))
        noise = np.float32(max((0.4 * stretch) ** 2, 1.5 * min(calmest, (3 * stretch) ** 2)))
        side_by_side(
            [
                partial(_take_mean, rgba[first:last], window, noise)
                for (first, last), window in zip(strips, windows, strict=True)
            ]
        )


def _window_statistics(
    rgba: NDArray[np.uint8], inside: NDArray[np.bool_], first: int, last: int
) -> tuple[Field, Field, NDArray[np.bool_]]:
    """Of the rows from ``first`` to ``last``, how far the mean of the window around each pixel is from its
    level, the variance in it, and whether it lies inside wholly: each (rows, W).
    """
    before, behind = max(0, first - _WINDOW), min(inside.shape[0], last + _WINDOW)
    own = np.s_[first - before : last - before]
    level = rgba[before:behind, :, 0].astype(np.float32)
    level += rgba[before:behind, :, 1]
    level += rgba[before:behind, :, 2]
    level *= np.float32(1 / 3)
    mean = _window_mean(level)
    variance = _window_mean(level * level)
    variance -= mean * mean
    mean -= level
    return mean[own], np.maximum(variance, 0, out=variance)[own], _wholly(inside[before:behind])[own]


def _window_mean(values: Field) -> Field:
    """The mean of the window around each pixel (H, W): sums of shifted pictures, which take a fifth of the
    time of SciPy's running sum.
    """
    for _ in range(2):
        padded = np.pad(values.T, ((_WINDOW // 2, _WINDOW // 2), (0, 0)), mode="symmetric")
        values = padded[: 1 - _WINDOW] + padded[1 : 2 - _WINDOW]
        for shift in range(2, _WINDOW - 1):
            values += padded[shift : shift + 1 - _WINDOW]
        values += padded[_WINDOW - 1 :]
    values *= np.float32(1 / _WINDOW**2)
    return values


def _take_mean(
    rgba: NDArray[np.uint8], window: tuple[Field, Field, NDArray[np.bool_]], noise: np.float32
) -> None:
    """Move pixels to their window's mean (``_window_statistics``) by as much of what varies there as is
    noise, in place.
    """
    shift, variance, whole = window
    share = noise / np.maximum(variance, noise)
    share *= whole
    share *= shift
    part = np.rint(share, out=share).astype(np.int16)
    for channel in range(3):
        plane = rgba[..., channel]
        plane[:] = np.clip(plane + part, 0, 255)


def _wholly(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the window around each pixel lies inside."""
    return inside if inside.all() else np.asarray(ndimage.minimum_filter(inside, _WINDOW), np.bool_)


def seen(before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """The share of the mask in which an eye sees a difference, 0…1."""
    return float((_distances(before, after, mask) > JUST_VISIBLE).mean())


def taken(
    after: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    stage: ColourStage,
    before: NDArray[np.uint8] | None = None,
) -> float:
    """How far, in Oklab, the thing under the mask is from what was asked: of several colours, the nearest of
    those that cover a quarter, or, where ``before`` shows it as it was, what was its main colour; grey
    stripes between slate ones look like one colour in light and shade.
    """
    wanted = shown(stage)
    look = measure(after, mask)
    colours = [part.colour for part in look.colours if part.share >= 0.25] or [look.median]
    if before is not None:
        was, now = (each[mask][:: mask.sum() // _LOOKED_AT + 1] for each in (before, after))
        if (main := _main(measure(before, mask), was)).any():
            colours.append(tuple(np.median(from_srgb(now[main]), axis=0).tolist()))
    return min(math.dist(colour, wanted) for colour in colours)


def _main(look: Appearance, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of a thing's pixels, uint8 (n, 3), show its main colour."""
    return _Change(look, ColourStage(value=look.median, light=1.0, shaded=True)).share(pixels) > 0.5


def left_over(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    under: NDArray[np.uint8] | None = None,
) -> float:
    """The share of the thing's main colour under the mask that is as it was, 0…1: what an eye sees no
    difference in, or, where the whole moved by a small step, what moved by less than a third of it. Where
    the main colour is, tells the picture ``under`` earlier changes of it, ``before`` without one.
    """
    own = before if under is None else under
    main = _main(measure(own, mask), own[mask])
    if not main.any():
        return 0.0
    moved = _distances(before, after, mask)[main]
    return float((moved <= min(JUST_VISIBLE, float(np.median(moved)) / 3)).mean())


def _distances(before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Field:
    return np.asarray(np.linalg.norm(from_srgb(after[mask]) - from_srgb(before[mask]), axis=1), np.float32)
