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
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sessions.compose import Box, Patch
from tools import errors
from tools.errors import EngineError
from tools.inpaint import MaskedEdit
from tools.inpainting.appearance import Appearance, Colour, Part, box_of, measure, shadeless
from tools.inpainting.edge import reach_for, unmix
from tools.inpainting.oklab import Field, from_srgb, into_gamut, to_srgb
from tools.request import ColourStage
from tools.segment import CancelCheck, never

__all__ = [
    "JUST_VISIBLE",
    "Appearance",
    "ColourStep",
    "Part",
    "Recolour",
    "left_over",
    "measure",
    "recolour",
    "recolour_patch",
    "seen",
    "stage_for",
    "stage_for_step",
    "taken",
]

JUST_VISIBLE: Final = 0.02
"""A difference in Oklab that an eye just sees, side by side."""

_UNSEEN: Final = 3.0
"""Levels of sRGB; a smaller difference is none, even where Oklab makes much of it, near black."""

_GRID: Final = 33
"""Nodes a side of the table of colours: eight levels apart, linear between them."""

_GREY: Final = (0.03, 0.08)
"""Chromas: below the first a thing is grey, and its highlights are told by lightness alone; from the second
on by their lack of colour."""

_BRIGHTEST: Final = 1.15
"""How many times its own lightness a surface is ever lit; what is brighter is a highlight."""

_STRIPS: Final = 1 << 22  # pixels; how many are recoloured at a time


@dataclass(frozen=True)
class ColourStep:
    """A step from a colour, in Oklab: ``lightness`` is added (a bit 0.03, plainly 0.07, much 0.14; negative
    for darker), ``chroma`` multiplies, ``warmth`` (-1…1) turns and moves the hue towards orange or blue.
    """

    lightness: float = 0.0
    chroma: float = 1.0
    warmth: float = 0.0


def stage_for(
    value: Colour, picture: NDArray[np.uint8], mask: NDArray[np.bool_], *, strength: float = 1.0
) -> ColourStage:
    """The stage that gives the thing under ``mask`` an Oklab ``value`` in this picture's light."""
    return ColourStage(value=value, light=measure(picture, mask).light, strength=strength)


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
        shown, light, strength, painted = look.median, look.light, 1.0, None
    else:
        light, strength, painted = current.light, current.strength, current.painted
        shown = (current.value[0] * light, current.value[1] * light, current.value[2] * light)
    moved = _moved(shown, step, most=max(light, shown[0]))
    levels = np.abs(np.diff(to_srgb(np.array((shown, moved), np.float32)), axis=0)).max()
    if math.dist(moved, shown) < JUST_VISIBLE / 2 or levels < _UNSEEN:
        raise EngineError(_at_the_end(step))
    value = (moved[0] / light, moved[1] / light, moved[2] / light)
    return ColourStage(value=value, light=light, strength=strength, painted=painted)


def _moved(shown: Colour, step: ColourStep, most: float) -> Colour:
    """A colour as seen, a step on; ``most`` is how light it can become."""
    lightness = min(max(shown[0] + step.lightness, 0.0), most)
    share = lightness / shown[0] if shown[0] > 0.02 else 1.0
    a, b = (axis * share * step.chroma for axis in shown[1:])
    if step.warmth:
        a, b = a + 0.015 * step.warmth, b + 0.045 * step.warmth
    result = into_gamut(np.array([[lightness, a, b]], np.float32))[0]
    return float(result[0]), float(result[1]), float(result[2])


def _at_the_end(step: ColourStep) -> str:
    if step.lightness < 0:
        return "It is as dark as it can be already."
    if step.lightness > 0:
        return "It is as light as it can be already."
    if step.chroma < 1:
        return "It has no colour left to take away."
    if step.chroma > 1:
        return "It has no colour of its own that could be stronger, or as much as a screen can show."
    return "It cannot be moved any further that way."


def recolour(
    picture: NDArray[np.uint8], mask: NDArray[np.bool_], stage: ColourStage, *, hard: bool = False
) -> Patch:
    """Give the thing under ``mask`` (bool (H, W)) in ``picture`` (uint8 RGB (H, W, 3)) the colour of
    ``stage``.

    The patch holds the picture's own pixels, recoloured; outside the mask it reaches a few pixels
    (``edge.reach_for``), where parts of the thing are seen, and with ``hard`` nowhere. Raises
    ``PictureError`` for a mask that is empty or of another size.
    """
    high, wide = mask.shape
    reach = reach_for(wide, high)
    box = box_of(picture, mask)
    change = _Change(measure(picture, mask), stage)
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
    edge = unmix(crop, inside, reach)
    if edge.rows.size:
        seen_there = crop[edge.rows, edge.columns].astype(np.float32)
        share = edge.share * inside[edge.rows, edge.columns] if hard else edge.share
        wanted = seen_there + share[:, None] * (change(edge.own) - edge.own)
        rgba[edge.rows, edge.columns] = _laid_over(seen_there, wanted, share)
    return _trimmed(rgba, outer)


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
    revision = "1"

    def compute(
        self, picture: NDArray[np.uint8], edit: MaskedEdit, *, cancelled: CancelCheck = never
    ) -> Patch:
        """The patch of one edit; raises ``EngineError`` where it names no colour."""
        if edit.colour is None:
            raise EngineError("There is no colour to give it: name one, such as 'navy' or '#336699'.")
        if cancelled():
            raise errors.Cancelled
        return recolour(picture, edit.mask, edit.colour)


class _Change:
    """The map from the colours of a thing to its new ones: a function of a pixel's own colour."""

    def __init__(self, look: Appearance, stage: ColourStage) -> None:
        self._look = look
        self._stage = stage
        shown = np.array(stage.value, np.float32) * np.float32(stage.light)
        self._target = shown
        self._main = np.array(look.median, np.float32)
        self._others = [np.array(part.colour, np.float32) for part in look.colours[1:]]
        self._table: ImageFilter.Color3DLUT | None = None

    def __call__(self, colours: NDArray[np.uint8]) -> Field:
        """The new sRGB, float32 in 0…255, of sRGB colours, uint8 (n, 3)."""
        changed, _ = self._exactly(colours.astype(np.float32))
        return changed

    def table(self) -> ImageFilter.Color3DLUT:
        """The map as a table for Pillow: RGB and the alpha of what changes."""
        if self._table is None:
            level = np.linspace(0, 255, _GRID, dtype=np.float32)
            blue, green, red = np.meshgrid(level, level, level, indexing="ij")
            nodes = np.stack((red, green, blue), axis=-1).reshape(-1, 3)
            changed, share = self._exactly(nodes)
            filled = np.concatenate((changed / 255, (share > 0.02)[:, None]), axis=1, dtype=np.float32)
            self._table = ImageFilter.Color3DLUT(
                _GRID, filled.reshape(-1), channels=4, target_mode="RGBA", _copy_table=False
            )
        return self._table

    def _exactly(self, colours: Field) -> tuple[Field, Field]:
        """New colours (n, 3) and the share of the thing's main colour in each, (n,)."""
        share, own = self._own(colours)
        way = self._lit(own) - own
        changed = colours + np.float32(self._stage.strength) * share[:, None] * way
        return np.clip(changed, 0, 255), share

    def _own(self, colours: Field) -> tuple[Field, Field]:
        """How much of each colour is the thing's main colour, and that part: what two colours' edge mixes."""
        share = np.ones(len(colours), np.float32)
        own = colours
        if not self._others:
            return share, own
        points, main = shadeless(from_srgb(colours)), shadeless(self._main[None])[0]
        for other in self._others:
            way = shadeless(other[None])[0] - main
            place = (points - main) @ way / np.float32(way @ way)
            share = np.minimum(share, 1 - np.clip((place - 0.25) / 0.5, 0, 1))
        return share, own

    def _lit(self, colours: Field) -> Field:
        """The new colours of pixels that show the thing's main colour, more or less lit, with highlights."""
        glint = self._glint(colours)
        body = from_srgb(colours - glint[:, None])
        gain = body[:, :1] / max(float(self._main[0]), 0.02)
        return to_srgb(gain * self._target) + glint[:, None]

    def _glint(self, colours: Field) -> Field:
        """The white light on top of each colour, in levels (n,): a highlight."""
        main = to_srgb(self._main[None])[0]
        mean = float(main.mean())
        tint = main - mean
        lab = from_srgb(colours)
        lightness, level = lab[:, 0], colours.mean(axis=1)
        strength = float(tint @ tint)
        body = (colours @ tint) / max(strength, 1.0) * mean
        pale = np.maximum(level - np.maximum(body, 0), 0)
        rise = _smoothly(lightness / max(float(self._main[0]), 0.02), 1.03, 1.2)
        full = _BRIGHTEST / self._look.light
        most = mean * full
        bright = np.maximum(level - most, 0)
        chroma = float(np.hypot(self._main[1], self._main[2]))
        vivid = float(_smoothly(np.float32(chroma), *_GREY))
        return np.asarray(
            np.minimum(vivid * rise * pale + (1 - vivid) * bright, colours.min(axis=1)), np.float32
        )


def _smoothly(x: Field | np.float32, low: float, high: float) -> Field:
    """0 below the first, 1 above the second, smooth between."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _mapped(crop: NDArray[np.uint8], inside: NDArray[np.bool_], change: _Change) -> NDArray[np.uint8]:
    """The crop in its new colours, with the mask as alpha: uint8 (h, w, 4). A strip of rows at a time."""
    high, wide = inside.shape
    rgba = np.empty((high, wide, 4), np.uint8)
    rows = max(1, _STRIPS // max(1, wide))
    for top in range(0, high, rows):
        strip = np.s_[top : top + rows]
        rgba[strip] = np.asarray(Image.fromarray(np.ascontiguousarray(crop[strip])).filter(change.table()))
        rgba[strip][..., 3] *= inside[strip]
    return rgba


def seen(before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """The share of the mask in which an eye sees a difference, 0…1."""
    return float((_distances(before, after, mask) > JUST_VISIBLE).mean())


def taken(after: NDArray[np.uint8], mask: NDArray[np.bool_], stage: ColourStage) -> float:
    """How far, in Oklab, the thing under the mask is from what was asked; of several colours, the nearest of
    those that cover a quarter.
    """
    wanted = np.multiply(stage.value, stage.light)
    look = measure(after, mask)
    large = [part.colour for part in look.colours if part.share >= 0.25] or [look.median]
    return min(float(np.linalg.norm(np.subtract(colour, wanted))) for colour in large)


def left_over(before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """The share of the thing's main colour under the mask that is as it was, 0…1."""
    look = measure(before, mask)
    pixels = before[mask]
    share, _ = _Change(look, ColourStage(value=look.median, light=1.0))._own(pixels.astype(np.float32))
    main = share > 0.5
    if not main.any():
        return 0.0
    return float((_distances(before, after, mask)[main] <= JUST_VISIBLE).mean())


def _distances(before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Field:
    return np.asarray(np.linalg.norm(from_srgb(after[mask]) - from_srgb(before[mask]), axis=1), np.float32)
