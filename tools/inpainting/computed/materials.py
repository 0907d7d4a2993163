"""Materials that are computed: a pattern laid on a thing in the light that the thing has now.

The thing's light is taken from the picture (see ``shading``), the material's pattern is made (see
``patterns``) and laid on the thing's faces, on floors and walls in perspective (see ``planes``); the two are
multiplied. What is not the thing's main surface (its legs, the glass in its frame) stays. Nothing is learned,
so it works on any picture, and the same arguments give the same pixels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sessions.compose import Box, Patch
from tools.errors import Cancelled, EngineError, PictureError
from tools.inpainting.base import Capabilities, Doubtful, MaskedEdit
from tools.inpainting.computed import furniture_form, outline, parts, patterns, planes, shading
from tools.inpainting.computed.matting import Edge, reach_for, unmix
from tools.inpainting.computed.oklab import from_srgb, to_srgb
from tools.inpainting.computed.recolour import _laid_over as laid_over
from tools.inpainting.geometry import bounds
from tools.inpainting.request import ColourStage
from tools.language.colours import value_of
from tools.language.looks import read_look
from tools.language.object_sizes import noun_in, thing_in
from tools.language.referring import read_phrase
from tools.segmenting.base import CancelCheck, never

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Place = Literal["floor", "rug", "wall", "thing"]

_WORDS: Final[dict[str, str]] = {
    **{word: material for material, words in {
        "leather": "leather leatherette leathery", "suede": "suede nubuck shagreen",
        "velvet": "velvet velour velvety velveteen plush", "silk": "silk silken satin",
        "linen": "linen cotton canvas fabric cloth textile woven",
        "jute": "jute sisal hemp hessian burlap seagrass",
        "wool": "wool woollen woolen knit knitted woolly cashmere mohair crochet",
        "tweed": "tweed herringbone", "corduroy": "corduroy", "denim": "denim",
        "striped": "striped stripe stripes stripy stripey",
        "checked": "checked checks check checkered chequered gingham plaid tartan checkerboard chequerboard",
        "dotted": "polka dotted dots dotty spotted spots",
        "painted": "painted plaster plastered lacquered plain",
        "ceramic": "ceramic porcelain glazed stoneware",
        "oak": "oak oakwood wood wooden timber parquet hardwood laminate", "walnut": "walnut",
        "pine": "pine pinewood cedar", "cherry": "cherrywood cherry-wood", "mahogany": "mahogany rosewood",
        "ebony": "ebony", "teak": "teak", "maple": "maple", "birch": "birch beech ash plywood",
        "bamboo": "bamboo", "marble": "marble", "granite": "granite", "terrazzo": "terrazzo",
        "stone": "stone limestone sandstone", "slate": "slate", "cork": "cork", "terracotta": "terracotta",
        "brass": "brass", "black metal": "metal iron metallic", "gold": "gold golden gilded",
        "copper": "copper", "bronze": "bronze", "silver": "silver pewter tin",
        "chrome": "chrome chromed nickel",
        "steel": "steel stainless aluminium aluminum zinc", "glass": "glass",
        "rattan": "rattan wicker cane basketwork raffia", "brick": "brick bricks brickwork",
        "tile": "tile tiles tiled", "concrete": "concrete cement",
    }.items() for word in words.split()}
}  # fmt: skip
"""The words of each material."""

KNOWN: Final = (
    "the materials that I know are leather, velvet, linen, wool and other cloths, woods, rattan, metals,"
    " glass, marble, stone, brick, tiles and concrete, and the patterns stripes, checks and dots"
)
"""What can be computed, for a sentence."""

_VAGUE: Final = frozenset(
    ("wood", "wooden", "timber", "parquet", "hardwood", "laminate", "fabric", "cloth", "textile", "woven",
     "metal", "metallic", "glazed", "tile", "tiles", "tiled", "stone", "stainless",
     "plain")
)  # fmt: skip
"""Words that give way to a more exact one beside them: "walnut wood", "linen fabric"."""

_SHADES: Final[dict[str, float]] = {
    "dark": 0.66, "deep": 0.72, "smoked": 0.6, "stained": 0.8, "light": 1.14, "pale": 1.2, "bleached": 1.25,
    "limed": 1.2, "bright": 1.1,
}  # fmt: skip
"""How much brighter a material's own colour is with these words."""

_UNSAID: Final = frozenset(
    ("with", "and", "of", "in", "a", "an", "the", "dot", "dots", "stripe", "stripes", "check", "checks",
     "pattern", "patterned", "upholstery", "upholstered", "cover", "covered", "finish", "finished", "look",
     "style", "panels", "panelling", "boards", "planks", "floorboards", "top", "surface", "made", "out",
     "real", "nice", "soft", "classic", "modern", "new", "matte", "matt", "mat")
)  # fmt: skip
"""What may be said besides: it asks for nothing more."""

_STATES: Final = frozenset(
    ("weathered", "worn", "aged", "cracked", "distressed", "reclaimed", "rough", "polished", "hammered",
     "crushed", "tufted", "quilted", "frosted", "oiled", "waxed", "rusted", "rusty", "patent")
)  # fmt: skip
"""What is said of a material and cannot be told from it when it is computed."""

_FLOORS: Final = frozenset(("floor", "flooring", "floorboards", "ground", "pavement", "patio", "terrace"))
_RUGS: Final = frozenset(("rug", "carpet", "mat", "doormat", "runner"))
_WALLS: Final = frozenset(("wall", "walls", "wallpaper", "backsplash", "facade"))
_SEATS: Final = frozenset(
    ("sofa", "couch", "settee", "armchair", "chair", "ottoman", "pouf", "stool", "bench", "headboard", "bed",
     "cushion", "cushions", "pillow", "loveseat", "recliner", "seat", "basket", "footstool", "sofas",
     "chairs", "armchairs", "divan", "chaise")
)  # fmt: skip
_ROUND: Final = frozenset(
    ("vase", "lamp", "lamps", "pot", "basket", "bowl", "jug", "cup", "mug", "ball", "bottle", "column",
     "pitcher", "teapot", "kettle", "urn", "barrel")
)  # fmt: skip
_CAST: Final = frozenset(("brass", "black metal", "gold", "copper", "bronze", "silver", "chrome", "steel"))
_SOFT: Final = frozenset(
    ("cushion", "cushions", "pillow", "curtain", "curtains", "drapes", "lamp", "basket", "vase")
)
_PLAIN_FORMS: Final = frozenset(
    ("cushion", "cushions", "pillow", "pillows", "lamp", "lamps", "vase", "clock")
)
_OF_TWO: Final = frozenset(("striped", "checked", "dotted"))
_UPHOLSTERED: Final = frozenset(("sofa", "armchair", "ottoman", "bed"))
_HIDES_FORM: Final[dict[str, float]] = {
    "sofa": 0.4, "armchair": 0.4, "ottoman": 0.4, "cabinet": 0.25, **dict.fromkeys(furniture_form.THIN, 0.25),
}  # fmt: skip
"""Kinds whose form must be known where their old pattern hides the light on them: how strong it is then."""
_LIVING: Final = frozenset(
    ("cat", "dog", "person", "man", "woman", "child", "girl", "boy", "plant", "tree", "bush", "horse", "bird",
     "people", "face", "hair", "sky", "sea", "water", "lake", "river", "grass", "flower", "flowers")
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What the words ask for: a material, its colours as sRGB where they are named, how much darker or paler
    than usual it is, and what it is laid on.
    """

    material: str
    colours: tuple[patterns.RGB, ...]
    shade: float
    place: Place
    nouns: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether parts of another stuff take it, too: a lamp of brass has no foot of something else."""
        return self.material in _CAST and bool(self.nouns & {"lamp", "lamps"})


_SPECIES: Final = frozenset({("white", "oak"), ("red", "oak"), ("white", "pine")})
"""Colours that are the name of a tree, and not what its wood is painted in."""


def read(prompt: str, target: str) -> Wish | None:
    """The wish in a prompt ("a red leather sofa") for a target ("the sofa on the left"); None where it names
    no material that can be computed, or asks for more than a material ("with brass legs").
    """
    look = read_look(prompt, target)
    said = re.findall(r"[a-z-]+", f"{look.pattern} {look.material}".lower())
    further = re.findall(r"[a-z-]+", look.rest.lower())
    plain = "painted" in re.findall(r"[a-z]+", prompt.lower())
    if not said and (plain or (look.is_colour_only and look.value is not None and _is_window(target))):
        said = ["painted"]  # Of a window only the frame has a colour.
    found = [word for word in said if word in _WORDS]
    exact = [word for word in found if word not in _VAGUE] or found
    if not exact or any(word not in _UNSAID and value_of(word) is None for word in further):
        return None
    material = _WORDS[exact[0]]
    if (look.colour_words, exact[0]) in _SPECIES:
        look = replace(look, colour_words="", value=None)
    if material == "tile" and "terracotta" in said:
        material = "terracotta"
    words = look.colour_words or " ".join(word for word in further if value_of(word) is not None)
    named = (
        [look.value] if look.value is not None else [value_of(w) for w in re.split(r",| and | ", words) if w]
    )
    shown = [_srgb(value) for value in named if value is not None]
    if material == "dotted" and len(shown) == 2 and re.search(r"\bon\b", prompt.lower()):
        shown.reverse()  # "polka dots, red on white": the first is that of the ground
    if material == "black metal" and shown and patterns.luma(shown[0]) < 0.2:
        shown = []
    shade = 1.0
    for word in said:
        shade *= _SHADES.get(word, 1.0)
    nouns = frozenset(re.findall(r"[a-z]+", f"{prompt} {target}".lower()))
    head = frozenset(re.findall(r"[a-z]+", target.lower()) or re.findall(r"[a-z]+", prompt.lower())[-1:])
    place: Place = "thing"
    if head & _RUGS:
        place = "rug"
    elif head & _FLOORS and not head & {"lamp", "lamps"}:
        place = "floor"
    elif head & _WALLS and not head & {"clock", "lamp", "picture", "art", "shelf", "mirror"}:
        place = "wall"
    if place == "floor" and "herringbone" in said:
        return None
    return Wish(material, tuple(shown), shade, place, nouns)


def unknown(prompt: str, target: str) -> list[str]:
    """What a prompt asks for besides a material, a pattern and a colour: of "a shiny oak table" "shiny"."""
    look = read_look(prompt, target)
    found = [word for word in look.material.split() if word.lower() in _STATES]
    for part in look.rest.split(", "):
        words = [word for word in part.split() if not _is_said(word)]
        if words:
            found.append(part if part.split()[0] in ("with", "that") else " ".join(words))
    return found


def _is_said(word: str) -> bool:
    """Whether a word asks for nothing more, or is a colour's."""
    plain = re.sub(r"[^a-z-]", "", word.lower())
    return plain in _UNSAID or value_of(plain) is not None


def _is_window(target: str) -> bool:
    return thing_in(target)[0] == "window"


class Materials:
    """Computes materials."""

    name: Final = "materials"
    revision: Final = "4"
    capabilities = Capabilities(kinds=("restyle",))

    def can(self, prompt: str, target: str) -> bool:
        """Whether the prompt asks for a material that can be computed on such a thing."""
        wish = read(prompt, target)
        return wish is not None and not wish.nouns & _LIVING

    @staticmethod
    def has_pattern(prompt: str, target: str) -> bool:
        """Whether the material that a prompt names goes to and fro between light and dark."""
        wish = read(prompt, target)
        return wish is not None and wish.material in _OF_TWO | {
            "rattan",
            "brick",
            "tile",
            "wool",
            "linen",
            "jute",
        }

    def compute(self, picture: Pixels, edit: MaskedEdit, cancelled: CancelCheck = never) -> Patch:
        """The thing under ``edit.mask`` in the material that ``edit.prompt`` names.

        ``picture`` is RGB (H, W, 3). With ``edit.colour`` the material's median has that colour; else the
        material has its own, or the one that the words name, or the thing's. Raises ``PictureError`` for a
        mask that is empty or of another size, ``EngineError`` for words that name no material that is known,
        ``Cancelled`` when ``cancelled`` says so.
        """
        wish = read(edit.prompt, edit.target)
        if wish is None:
            raise EngineError(f"“{edit.prompt}” names no material that can be computed.")
        if edit.mask.shape != picture.shape[:2]:
            raise PictureError("The mask and the picture are not of one size.")
        whole = edit.mask
        if edit.grow is None and wish.place in ("thing", "rug"):  # A user's own mask is as it is.
            whole = outline.refined(picture, whole, opened=parts.is_open(edit.target or edit.prompt))
        inner = bounds(whole)
        height, width = whole.shape
        reach = reach_for(width, height)
        around = math.ceil(2.6 * reach) + 1
        box = Box(
            max(0, inner.x0 - around),
            max(0, inner.y0 - around),
            min(width, inner.x1 + around),
            min(height, inner.y1 + around),
        )
        part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
        crop, mask = picture[part], whole[part]
        if edit.grow is None:  # a segmenter's edge has teeth
            even = ndimage.gaussian_filter(mask.astype(np.float32), 0.8, mode="nearest") > 0.5
            mask = even if even.any() else mask
        if cancelled():
            raise Cancelled
        view = planes.view_of(picture)
        forms = _forms_of(picture, mask, box, view, edit.target) if wish.place == "thing" else []
        if cancelled():
            raise Cancelled
        target = edit.target or edit.prompt
        solid, other = _outlined(forms, view, mask, box)
        told = bool(forms) and all(furniture_form.outlines(form) for _, form in forms)
        if told and edit.grow is None and parts.is_open(target):
            mask = outline.exact(crop, mask, max(4, reach), opened=True, form=solid)
        known = mask if wish.place != "thing" else parts.surface(crop, mask, target)
        if known is not None and wish.whole:
            known = mask
        elif known is not None and parts.has_parts(target) and (other & mask).any():
            feet = other & mask
            feet[: (2 * mask.any(1).argmax() + 3 * mask.shape[0]) // 5] = False  # Knobs may be elsewhere.
            known = known & ~(
                outline.exact(crop, feet, max(3, reach), opened=False) if feet.sum() > 40 else feet
            )
            known = known if known.any() else mask
        taken = shading.take_apart(
            crop,
            mask,
            known,
            even=wish.place != "thing",
            flat=bool(wish.nouns & _SOFT),
            faced=bool(furniture_form.kinds_of(edit.target)),
        )
        own = mask & (taken.share > 0.5)
        if not own.any():
            own = mask
        if {"curtain", "curtains"} & wish.nouns:
            taken = replace(taken, light=_folds(taken, own))
        if wish.place == "wall" and wish.material == "painted":
            taken = replace(taken, light=_without_clouds(taken, own))
        if cancelled():
            raise Cancelled
        edge = unmix(crop, own, reach)
        near = ndimage.distance_transform_edt(~own) <= 1.5
        stairs = ndimage.gaussian_filter(own.astype(np.float32), 0.8)[edge.rows, edge.columns]
        # How much of a thing that is patterned, or shines, a pixel shows is not told by its colour: there the
        # mask tells it.
        free = np.float32(0.12 if edit.grow is None else 0.35 - 0.29 * taken.pattern)
        share = np.clip(edge.share, stairs - free, stairs + free) * near[edge.rows, edge.columns]
        share = share * ~(mask & ~own)[edge.rows, edge.columns]  # hands, knobs: thin, and none of it
        edge = replace(edge, share=np.clip(share, 0, 1).astype(np.float32))
        where = own.copy()
        where[edge.rows, edge.columns] |= edge.share > 0
        new = _laid(picture, crop, mask, where, box, inner, taken, wish, edit, view, forms)
        if cancelled():
            raise Cancelled
        patch = Patch(_edged(crop, own, new, edge), box)
        kind = next(iter(furniture_form.kinds_of(edit.target)), "")
        if wish.place == "thing" and not forms and taken.pattern > _HIDES_FORM.get(kind, 1.0):
            name = f"the {noun_in(edit.target) or kind}"
            raise Doubtful(
                f"I cannot tell the form of {name} well enough under its pattern or its gloss, so the"
                f" {wish.material} would not lie well on it.",
                patch,
            )
        return patch


_CLOUD: Final = 0.05
"""Over so large a share of a wall what is left of its pattern is taken off its light (a standard
deviation)."""


def _without_clouds(taken: shading.Taken, own: Mask) -> Field:
    """The light (H, W) on a wall that shall be plain, where it had a pattern: what is left in it of single
    bricks and stones would be clouds.
    """
    reach = _CLOUD * max(own.shape)
    weight = ndimage.gaussian_filter(own.astype(np.float32), reach)
    smooth = ndimage.gaussian_filter(np.where(own, taken.light, 0).astype(np.float32), reach)
    much = np.float32(taken.pattern)
    return np.asarray(taken.light + much * (smooth / np.maximum(weight, 1e-3) - taken.light), np.float32)


def _laid(
    picture: Pixels,
    crop: Pixels,
    mask: Mask,
    where: Mask,
    box: Box,
    inner: Box,
    taken: shading.Taken,
    wish: Wish,
    edit: MaskedEdit,
    view: planes.View,
    forms: Sequence[tuple[Mask, furniture_form.Form]],
) -> Field:
    """The material in the thing's light: sRGB (H, W, 3) of the crop, right in ``where``."""
    rows, columns = np.nonzero(where)
    own = patterns.OWN.get(wish.material)
    colour: patterns.RGB
    asked = edit.colour if wish.material != "black metal" or wish.colours else None
    if asked is not None:
        colour = _srgb(asked.value)
    elif wish.colours:
        colour = wish.colours[0]
    elif own is not None:
        r, g, b = (min(c * wish.shade, 250.0) for c in own)
        colour = (r, g, b) if wish.shade != 1 else own
    else:
        r, g, b = (float(c) for c in taken.colour)
        colour = (r, g, b)
    second = wish.colours[1] if len(wish.colours) > 1 else patterns.contrast_of(colour)
    seed = int(np.random.default_rng(edit.seed).integers(1 << 22))
    samples = 2 if rows.size < 300_000 else 1
    total: Field | None = None
    measured: Field | None = None
    room = planes.walls_of(view, edit.mask, picture) if wish.place == "wall" else None
    extent = float(max(inner.width, inner.height))
    shape = _Shape(mask, taken, extent, wish)
    if furniture_form.kinds_of(edit.target) or parts.rule_for(edit.target) is parts.hung:
        # Faces end abruptly, and so does cloth that hangs.
        shape.rim[:] = 0
    x = (columns + np.float32(box.x0 + 0.5)).astype(np.float32)
    y = (rows + np.float32(box.y0 + 0.5)).astype(np.float32)
    if forms:
        shape.light[rows, columns] = _light_on(forms, view, x, y, taken, mask, rows, columns)
    elif wish.nouns & _PLAIN_FORMS:
        shape.light[rows, columns] = _even_light(taken, mask, rows, columns, flat="clock" in wish.nouns)
    light = shape.light[rows, columns]
    for i in range(samples * samples):
        dx, dy = ((i % samples + 0.5) / samples, (i // samples + 0.5) / samples)
        x = (columns + np.float32(box.x0 + dx)).astype(np.float32)
        y = (rows + np.float32(box.y0 + dy)).astype(np.float32)
        points = _points(shape, forms, view, room, x, y, rows, columns, inner, colour, second, seed, wish)
        look = patterns.PATTERNS[wish.material](points)
        lit = np.float32(1 - look.lit) + np.float32(look.lit) * light
        shown = look.colour * lit[None] + look.glint * np.minimum(lit, 1)
        if look.clear is not None:
            behind = shape.behind(crop)[rows, columns].T
            shown = shown + (behind - shown) * look.clear[None]
        total = shown if total is None else total + shown
        # In a pattern of two colours the one asked for is the first, whatever the mean is.
        plain = np.asarray(colour, np.float32)[:, None] * lit[None] if wish.material in _OF_TWO else shown
        measured = plain if measured is None else measured + plain
    assert total is not None
    shown = total / np.float32(samples * samples)
    if asked is not None and measured is not None:
        shown = shown * _gain(measured / np.float32(samples * samples), asked)
    out = crop.astype(np.float32)
    out[rows, columns] = np.clip(shown, 0, 255).T
    return out


class _Shape:
    """What is known of a thing's form; fields (H, W) of the crop."""

    def __init__(self, mask: Mask, taken: shading.Taken, extent: float, wish: Wish) -> None:
        self.mask = mask
        self.unit = (0.085 if wish.nouns & _ROUND else 0.1) * extent
        self.round = bool(wish.nouns & _ROUND)
        self.share = taken.share
        reach = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        self.rim = np.clip(1 - reach / max(0.045 * extent, 2), 0, 1).astype(np.float32)
        self.light = taken.light.copy()
        inside = taken.light[mask]
        self.middle = float(np.median(inside))
        self.calm = ndimage.gaussian_filter(taken.light, 0.05 * extent)
        rows = np.arange(mask.shape[0])
        some = mask.any(1)
        left = np.where(some, mask.argmax(1), 0)
        right = np.where(some, mask.shape[1] - mask[:, ::-1].argmax(1), 1)
        self.centre = ((left + right) / 2).astype(np.float32)
        self.half = np.maximum((right - left) / 2, 1).astype(np.float32)
        self.top, self.bottom = int(rows[some][0]), int(rows[some][-1]) + 1
        lit = taken.light * mask
        columns = np.arange(mask.shape[1])
        weight = lit.sum(0)
        plain = mask.sum(0)
        self.side = (
            1.0
            if float((weight * columns).sum() / weight.sum()) >= float((plain * columns).sum() / plain.sum())
            else -1.0
        )
        self._behind: Field | None = None

    def behind(self, crop: Pixels) -> Field:
        """What lies behind the thing, about: the surroundings, drawn in."""
        if self._behind is None:
            at = ndimage.distance_transform_edt(self.mask, return_distances=False, return_indices=True)
            filled = crop[tuple(at)].astype(np.float32)
            self._behind = np.dstack([ndimage.gaussian_filter(filled[..., c], self.unit) for c in range(3)])
        return self._behind


def _forms_of(
    picture: Pixels, mask: Mask, box: Box, view: planes.View, target: str
) -> list[tuple[Mask, furniture_form.Form]]:
    """The forms of the furniture under a crop's mask, each with its part of the crop (H, W); none unless
    there is one for all of it.
    """
    kinds = furniture_form.kinds_of(target)
    if not kinds:
        return []
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())[1:]
    several = read_phrase(target).count != 1
    numbers = [n + 1 for n in range(count) if sizes[n] > 0.1 * sizes.max()] if several else []
    if len(numbers) > 1:  # Each takes what is nearest to it.
        kept = np.isin(labels, numbers)
        at = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
        nearest = labels[tuple(at)]
        things = [nearest == number for number in numbers]
    else:
        things = [np.ones_like(mask)]
    part = picture[box.y0 : box.y1, box.x0 : box.x1]
    bright = part.mean(2, dtype=np.float32) / 255
    height, width = picture.shape[:2]
    found = []
    for thing in things:
        own = mask & thing
        rows, columns = np.nonzero(own)
        cut = (
            bool(columns.min() + box.x0 == 0),
            bool(rows.min() + box.y0 == 0),
            bool(columns.max() + box.x0 == width - 1),
            bool(rows.max() + box.y0 == height - 1),
        )
        best: furniture_form.Form | None = None
        for kind in kinds:
            form = furniture_form.fitted(kind, view, own, bright, cut, box.x0, box.y0)
            if form is not None and furniture_form.holds(form) and (best is None or form.fit > best.fit):
                best = form
            if best is not None and furniture_form.outlines(best):
                break
        if best is None:
            return []
        found.append((thing, best))
    return found


def _outlined(
    forms: Sequence[tuple[Mask, furniture_form.Form]], view: planes.View, mask: Mask, box: Box
) -> tuple[Mask, Mask]:
    """Where a crop's forms are (H, W), and where they show what is not of the thing's own stuff."""
    rows, columns = np.indices(mask.shape).reshape(2, -1)
    there, other = np.zeros(mask.shape, bool), np.zeros(mask.shape, bool)
    if forms:
        x = (columns + np.float32(box.x0 + 0.5)).astype(np.float32)
        y = (rows + np.float32(box.y0 + 0.5)).astype(np.float32)
        seen = _shown(forms, view, x, y, rows, columns)
        there = (seen.of >= 0).reshape(mask.shape)
        other = there & ~seen.main.reshape(mask.shape)
    return there, other


def _shown(
    forms: Sequence[tuple[Mask, furniture_form.Form]],
    view: planes.View,
    x: Field,
    y: Field,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> furniture_form.Shown:
    """What pixels (n,) show of the forms whose parts they lie in."""
    if len(forms) == 1:
        return furniture_form.shown(forms[0][1], view, x, y)
    parts_of = []
    order = []
    for thing, form in forms:
        at = np.flatnonzero(thing[rows, columns])
        order.append(at)
        parts_of.append(furniture_form.shown(form, view, x[at], y[at]))
    back = np.argsort(np.concatenate(order), kind="stable")
    joined = {
        name: np.concatenate([getattr(each, name) for each in parts_of], axis=-1)[..., back]
        for name in ("u", "v", "of", "main", "upright", "normal", "facing", "sheen", "light")
    }
    return furniture_form.Shown(**joined)


def _light_on(
    forms: Sequence[tuple[Mask, furniture_form.Form]],
    view: planes.View,
    x: Field,
    y: Field,
    taken: shading.Taken,
    mask: Mask,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> Field:
    """The light (n,) on a thing whose form is known: where its old pattern hides the light, that which falls
    on the form, as bright as the picture is there on the whole.
    """
    light = taken.light[rows, columns]
    seen = _shown(forms, view, x, y, rows, columns)
    falls = np.zeros(mask.shape, np.float32)
    falls[rows, columns] = seen.light / max(float(np.percentile(seen.light, 75)), 0.05)
    sure = mask & (taken.share > 0.5) & (falls > 0)
    sigma = 0.16 * float(max(mask.shape))
    there, own = (
        ndimage.gaussian_filter(np.where(sure, field, 0).astype(np.float32), sigma, mode="constant")
        for field in (np.clip(taken.bright, 0.3, 1.5), falls)
    )
    ratio = there / np.maximum(own, 1e-4)
    usual = float(np.median(ratio[sure])) if sure.any() else 1.0
    formed = falls * np.clip(ratio / max(usual, 1e-3), 0.8, 1.2)
    much = max(taken.pattern, _mirrored(taken.light, formed, sure, forms[0][1].kind))
    return np.asarray(light + (formed[rows, columns] - light) * np.float32(much), np.float32)


def _mirrored(light: Field, formed: Field, sure: Mask, kind: str) -> float:
    """How much of the light seen on a hard thing is what it mirrors, or fine veins, 0 to 1: what the light on
    its form does not explain.
    """
    core = ndimage.binary_erosion(sure, iterations=2)
    if kind in _UPHOLSTERED or not core.any():
        return 0.0
    rest = np.log(np.maximum(light[core], 0.05) / np.maximum(formed[core], 0.05))
    return float(np.clip((float(rest.std()) - 0.04) / 0.04, 0, 1))


_FOLDED: Final = 0.12
"""A fold of a curtain is alike over so much of its height."""


def _folds(taken: shading.Taken, own: Mask) -> Field:
    """The light (H, W) on hangings: their folds go down straight, and what goes across is a pattern."""
    tall = _FOLDED * float(own.any(1).sum())
    weight = np.maximum(ndimage.gaussian_filter1d(own.astype(np.float32), tall, axis=0), 1e-3)
    light = np.where(own, taken.light, 0).astype(np.float32)
    down = ndimage.gaussian_filter1d(light, tall, axis=0) / weight
    return np.asarray(np.where(own, down, taken.light), np.float32)


def _even_light(
    taken: shading.Taken, mask: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp], *, flat: bool
) -> Field:
    """The light (n,) on a thing that bulges and has no edges: where its old pattern hides the light, a
    quadratic one; on a ``flat`` thing always.
    """
    known_rows, known_columns = np.nonzero(mask & (taken.share > 0.5))
    if known_rows.size < 60:
        return taken.light[rows, columns]
    middle, span = (known_rows.mean(), known_columns.mean()), max(float(np.ptp(known_rows)), 1.0) / 2
    wide = max(float(np.ptp(known_columns)), 1.0) / 2

    def terms(at_rows: NDArray[np.intp], at_columns: NDArray[np.intp]) -> NDArray[np.float64]:
        y, x = (at_rows - middle[0]) / span, (at_columns - middle[1]) / wide
        return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)

    matrix = terms(known_rows, known_columns)
    seen = np.clip(taken.bright[known_rows, known_columns], 0.3, 1.5)
    fit = np.linalg.lstsq(matrix, seen, rcond=None)[0]
    even = np.clip(terms(rows, columns) @ fit, 0.4, 1.35)
    light = taken.light[rows, columns]
    much = max(taken.pattern, float(flat))
    return np.asarray(light + (even - light) * much, np.float32)


def _points(
    shape: _Shape,
    forms: Sequence[tuple[Mask, furniture_form.Form]],
    view: planes.View,
    room: planes.Box | None,
    x: Field,
    y: Field,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    inner: Box,
    colour: patterns.RGB,
    second: patterns.RGB,
    seed: int,
    wish: Wish,
) -> patterns.Points:
    light = shape.light[rows, columns]
    ground = wish.place in ("floor", "rug")
    if ground:
        across, into = planes.on_floor(view, x, y)
        unit = 0.3 if wish.place == "floor" else 0.2
        u, v = across / np.float32(unit), into / np.float32(unit)
        detail = unit * view.focal / max(1e-3, float(np.median(into)))
        gloss = ((y - inner.y0) / max(inner.height, 1) * 0.3 + 0.5).astype(np.float32)
        rim, bend = np.zeros_like(u), np.zeros_like(u)
    elif room is not None:
        along, up, _ = planes.on_walls(view, room, x, y)
        u, v = along / np.float32(0.3), up / np.float32(0.3)
        detail = 0.3 * view.focal / room.back
        gloss = np.full_like(u, 0.4)
        rim, bend = np.zeros_like(u), np.zeros_like(u)
    elif forms:
        seen = _shown(forms, view, x, y, rows, columns)
        size = float(np.mean([form.unit for _, form in forms]))
        u, v = seen.u / np.float32(size), seen.v / np.float32(size)
        if wish.material in patterns.WOODS:  # Boards and grain run the longer way.
            u, v = np.where(seen.upright, v, u), np.where(seen.upright, u, v)
        detail = size * view.focal / max(min(form.into for _, form in forms), 0.5)
        rim, gloss = 1 - seen.facing, seen.sheen
        bend = 1.15 * seen.normal[0] + 0.7 * seen.normal[1]
    else:
        unit = max(shape.unit, 1.0)
        middle = (inner.x0 + inner.x1) / 2
        u = (x - np.float32(middle)) / np.float32(unit)
        v = (np.float32((inner.y0 + inner.y1) / 2) - y) / np.float32(unit)
        detail = unit
        nx = np.clip((columns - shape.centre[rows]) / shape.half[rows], -1, 1).astype(np.float32)
        ny = ((shape.top + shape.bottom) / 2 - rows) / max((shape.bottom - shape.top) / 2, 1)
        over = ((light - shape.middle) / max(shape.middle, 0.1)).astype(np.float32)
        if shape.round:
            rim = (1 - np.sqrt(np.maximum(1 - nx * nx, 0))).astype(np.float32)
            off = (nx - 0.35 * shape.side) ** 2 + (ny - 0.30) ** 2
            gloss = np.clip(1 - 0.9 * off, 0, 1).astype(np.float32)
            bend = (1.15 * nx).astype(np.float32)
            u = np.arcsin(nx * np.float32(0.98)) * shape.half[rows] / np.float32(unit)
        else:
            rim = np.maximum(shape.rim[rows, columns], 0.55 * patterns.ramp(0.03, 0.10, over))
            gloss = np.clip(0.62 + 1.8 * over + 0.10 * ny, 0, 0.95).astype(np.float32)
            bend = (4.0 * (shape.calm[rows, columns] - shape.middle)).astype(np.float32)
    return patterns.Points(
        np.asarray(u, np.float32),
        np.asarray(v, np.float32),
        np.asarray(rim, np.float32),
        gloss,
        bend,
        colour,
        second,
        float(detail),
        seed,
        bool(wish.nouns & _SEATS),
        wish.place == "floor",
    )


def _gain(shown: Field, stage: ColourStage) -> np.float32:
    """By what the pixels (3, n) are to be multiplied so that their median has the lightness of a colour, in
    its light.
    """
    wanted = stage.value[0] * stage.light
    some = shown.T[:: max(1, shown.shape[1] // 20000)]
    gain = 1.0
    for _ in range(3):
        median = float(np.median(from_srgb(np.clip(some * np.float32(gain), 0, 255))[:, 0]))
        gain *= float(np.clip((max(wanted, 0.02) / max(median, 0.02)) ** (3 / 2.2), 0.3, 3.0))
    return np.float32(gain)


def _srgb(value: tuple[float, float, float]) -> patterns.RGB:
    """sRGB, 0 to 255, of a colour in Oklab."""
    r, g, b = (float(c) for c in to_srgb(np.array([value], np.float32))[0])
    return (r, g, b)


def _edged(crop: Pixels, own: Mask, new: Field, edge: Edge) -> Pixels:
    """The patch's pixels, RGBA (H, W, 4): the new ones, mixed along the edge as the old ones are there."""
    rgba = np.dstack((np.clip(new + 0.5, 0, 255).astype(np.uint8), own * np.uint8(255)))
    if edge.rows.size:
        seen = crop[edge.rows, edge.columns].astype(np.float32)
        share = edge.share[:, None]
        # What lies behind is what lies beside: taking the old thing out of the mixture makes errors large.
        apart = ndimage.distance_transform_edt(~own)
        beside = ndimage.distance_transform_edt(
            (apart <= 2) | (apart > 4), return_distances=False, return_indices=True
        )
        at = beside[0][edge.rows, edge.columns], beside[1][edge.rows, edge.columns]
        behind = np.where(share > 0.05, crop[at].astype(np.float32), seen)
        wanted = share * new[edge.rows, edge.columns] + (1 - share) * behind
        rgba[edge.rows, edge.columns] = laid_over(seen, wanted.astype(np.float32), edge.share)
    return rgba
