"""Which part of a thing a new material is laid on, given the thing's exact mask.

The whole mask is the thing, so all of it takes the material unless a part is known to be of another stuff:
the feet of a seat, the rod of a curtain, the foot of a lamp, flowers in a vase, books, glass. Such parts are
told by where they are on a thing of that kind, and by their colour; where neither tells, the whole is taken.
Nothing is decided by colour alone: stripes, checks and joints are of another colour, too, and must go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tools.inpainting.computed.oklab import from_srgb

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

LARGEST: Final = 640
"""The longer side, in pixels, of the copy on which parts of larger things are told."""

_FOOT: Final = 0.3
"""How high feet reach at most, as a share of the mask's height."""
_MANY: Final = 0.35
"""A colour of which less than this share lies low on a thing is not its feet's."""
_NARROW: Final = 0.25
"""Feet are narrower than this share of the thing."""
_NEAR: Final = 0.055
"""How far (as below) the colour of feet is from the rest's, at least."""
_LEG: Final = 0.03
"""The same, of pieces that have the shape of a leg."""
_TONES: Final = np.array((0.6, 1.0, 1.0), np.float32)
"""By what a distance in Oklab is weighed, so that light and shade count less."""
_APART: Final = 0.11
"""How far (Oklab, lightness at 0.6) a part's colour is from the rest's, at least."""
_KNOB: Final = 0.012
"""A knob covers less than this share of the thing."""

Rule = Callable[[Pixels, Mask], Mask]


def surface(crop: Pixels, mask: Mask, words: str, *, legs: bool = False) -> Mask | None:
    """The part (H, W) of a thing's ``mask`` (bool (H, W), not empty) that takes a material.

    ``crop`` is RGB (H, W, 3), ``words`` name the thing ("the floor lamp on the left"). ``legs``: those are
    left out, too, that are told by their shape. None where no rule is known for such a thing.
    """
    rule = rule_for(words)
    if legs and rule in (without_feet, without_feet_and_knobs):
        feet = rule

        def rule(crop: Pixels, mask: Mask) -> Mask:
            return feet(crop, mask) & ~standing(crop, mask)

    if rule is None:
        return None
    step = max(mask.shape) / LARGEST
    if step <= 1:
        found = rule(crop, mask)
    else:
        size = (max(8, round(mask.shape[1] / step)), max(8, round(mask.shape[0] / step)))
        small = np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BOX))
        inside = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        if not inside.any():
            return mask
        part = Image.fromarray(rule(small, inside).astype(np.float32))
        found = np.asarray(part.resize(mask.shape[::-1], Image.Resampling.BILINEAR)) > 0.5
    found = found & mask
    return found if found.sum() > 0.02 * mask.sum() else mask


def rule_for(words: str) -> Rule | None:
    """The rule for the thing that words name, by its last noun that is known."""
    for word in reversed(re.findall(r"[a-z]+", words.lower())):
        if word in _RULES:
            return _RULES[word]
    return None


def is_framework(words: str) -> bool:
    """Whether a thing of that name is seen through, so that its surface is of bars and boards."""
    return rule_for(words) in (grid, frame_only, shelves, face)


def is_open(words: str) -> bool:
    """Whether a thing of that name is seen through between its legs and slats."""
    return rule_for(words) is without_knobs


def is_built(words: str) -> bool:
    """Whether a thing of that name is of boards and faces, whose shades go to and fro as a pattern does."""
    return rule_for(words) in (without_knobs, without_feet_and_knobs)


def has_parts(words: str) -> bool:
    """Whether a thing of that name stands on legs or hangs from a rod, which are of another stuff."""
    return rule_for(words) in (without_feet, without_feet_and_knobs, hung)


def all_of_it(crop: Pixels, mask: Mask) -> Mask:  # noqa: ARG001 - a rule
    """A thing of one stuff."""
    return mask


def without_feet(crop: Pixels, mask: Mask) -> Mask:
    """Upholstery and cupboards: all but the feet, where their colour is seen nowhere else on the thing."""
    rows = np.nonzero(mask.any(1))[0]
    top, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
    columns = np.nonzero(mask.any(0))[0]
    extent = max(height, int(np.ptp(columns)) + 1)
    lowest = mask.shape[0] - 1 - mask[::-1].argmax(0)
    high = np.arange(mask.shape[0])[:, None]
    zone = mask & (high > lowest[None] - _FOOT * height) & (high > top + 0.5 * height)
    labels, centres = _clustered(crop, mask, also=zone & (high > lowest[None] - 0.07 * height))
    sizes = np.bincount(labels[mask], minlength=len(centres)).astype(float)
    lower = np.bincount(labels[zone], minlength=len(centres)) / np.maximum(sizes, 1)
    upper = mask & ~zone
    above = np.bincount(labels[upper], minlength=len(centres)).astype(float)
    body = [k for k in range(len(centres)) if above[k] > 0.03 * above.sum()]
    feet = np.zeros(mask.shape, bool)
    for k in range(len(centres)):
        if k in body or lower[k] < _MANY:
            continue
        if min((_away(centres[k], centres[j]) for j in body), default=1.0) > _NEAR:
            feet |= (labels == k) & zone
    feet = _tidied(feet, mask)
    # Feet reach down to where the thing ends, are narrow, and stand apart: else it is a face in the shade.
    parts, count = ndimage.label(feet)
    for number, where in enumerate(ndimage.find_objects(parts), 1):
        part = parts[where] == number
        low = where[0].stop >= lowest[where[1]].min() - 1
        broad = where[1].stop - where[1].start > _NARROW * extent
        if not low or broad or part.sum() > 0.12 * mask.sum() or count > 12:
            feet[where] &= ~part
    return mask & ~feet


def standing(crop: Pixels, mask: Mask) -> Mask:
    """What seats and cupboards stand on: bool (H, W), empty where that has the colour of the thing.

    Legs are the narrow pieces in which a thing ends below: by their shape they are told by less colour than
    by where they are alone.
    """
    rows, columns = (np.nonzero(mask.any(axis))[0] for axis in (1, 0))
    high, wide = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    long = max(3, round(0.8 * _NARROW * wide))
    lowest = mask.shape[0] - 1 - mask[::-1].argmax(0)
    zone = mask & (np.arange(mask.shape[0])[:, None] > np.maximum(lowest - _FOOT * high, rows[0] + high / 2))
    narrow = zone & ~ndimage.binary_opening(mask, np.ones((1, long), bool))
    feet = np.zeros_like(mask)
    broad = mask & ~narrow
    if not broad.any():
        return feet
    labels, centres = _clustered(crop, broad)
    there = np.bincount(labels[broad], minlength=len(centres))
    body = centres[there > 0.03 * there.sum()]
    lab = from_srgb(crop)
    pieces, _ = ndimage.label(narrow)
    for number, where in enumerate(ndimage.find_objects(pieces), 1):
        piece = pieces[where] == number
        if piece.sum() < 8:
            continue
        low = piece & (np.arange(piece.shape[0])[:, None] >= piece.shape[0] // 2)
        inner = ndimage.binary_erosion(low)
        colour = np.median(lab[where][inner if inner.sum() >= 6 else low], axis=0)
        if min(_away(colour, each) for each in body) < _LEG:
            continue
        apart = np.linalg.norm((lab[where][..., None, :] - np.vstack((colour, body))) * _TONES, axis=3)
        feet[where] |= piece & (apart.argmin(axis=2) == 0)
    return _tidied(feet, mask)


def without_feet_and_knobs(crop: Pixels, mask: Mask) -> Mask:
    """Cupboards and small tables: all but the feet and what the doors are opened by."""
    return without_feet(crop, mask) & ~_knobs(crop, mask)


def without_knobs(crop: Pixels, mask: Mask) -> Mask:
    """Tables: all but the knob of a drawer."""
    return mask & ~_knobs(crop, mask)


def hung(crop: Pixels, mask: Mask) -> Mask:
    """Curtains: all but the rod, which is thin, and straight from one end to the other."""
    rows = np.nonzero(mask.any(1))[0]
    top, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
    long = max(4, round(0.08 * height))
    upper = np.zeros_like(mask)
    upper[: top + round(0.25 * height)] = True
    cloth = ndimage.binary_opening(np.pad(mask, ((0, long), (0, 0)), mode="edge"), np.ones((long, 1), bool))
    cloth = cloth[: mask.shape[0]] & mask
    thin = mask & ~cloth & upper
    wide = np.nonzero(thin.any(0))[0]
    cloth_columns = np.nonzero(cloth.any(0))[0]
    if not cloth_columns.size:
        return mask
    if wide.size >= 6:
        # The rod's lower edge goes on straight where the cloth hangs from it.
        bottom = mask.shape[0] - 1 - thin[::-1].argmax(0)[wide]
        head = thin.argmax(0)[wide]
        thick = bottom - head + 1
        usual = float(np.median(thick))
        slim = thick <= usual + 1
        slope, at = _line(wide[slim].astype(float), bottom[slim].astype(float))
        under = slope * np.arange(mask.shape[1]) + at
        rod = np.arange(mask.shape[0])[:, None] <= np.round(under)[None] + 0.5
        first = np.where(mask.any(0), mask.argmax(0), 0)
        near = np.abs(under - first) < 0.06 * height + 2
        return np.asarray(cloth & ~(rod & near[None]))
    # Where no piece of rod is free it is told by its colour at the upper end.
    labels, centres = _clustered(crop, mask)
    first = np.where(mask.any(0), mask.argmax(0), 0)
    band = mask & (np.arange(mask.shape[0])[:, None] < first[None] + max(2, 0.035 * height))
    sizes = np.bincount(labels[mask], minlength=len(centres)).astype(float)
    there = np.bincount(labels[band], minlength=len(centres)) / np.maximum(sizes, 1)
    rod = np.isin(labels, np.flatnonzero(there > 0.7)) & band
    return cloth & ~rod


def bedding(crop: Pixels, mask: Mask) -> Mask:
    """Beds: what the blanket is of, which hangs in the middle of the lower half; a frame and a headboard of
    other colours stay, and pillows and sheets, which lie in the upper half, are white and larger than checks.
    """
    rows, columns = np.nonzero(mask)
    top, high = int(rows.min()), int(np.ptp(rows)) + 1
    left, wide = int(columns.min()), int(np.ptp(columns)) + 1
    labels, centres = _clustered(crop, mask)
    core = np.zeros_like(mask)
    core[
        top + round(0.52 * high) : top + round(0.8 * high),
        left + round(0.2 * wide) : left + round(0.8 * wide),
    ] = True
    there = np.bincount(labels[core & mask], minlength=len(centres)).astype(float)
    if not there.any():
        return mask
    sizes = np.bincount(labels[mask], minlength=len(centres)).astype(float)
    usual = 0.42 * there.sum() / sizes.sum()  # what is mostly elsewhere is the frame's, or the headboard's
    blanket = [
        k
        for k in range(len(centres))
        if (there[k] > 0.02 * there.sum() and there[k] > usual * sizes[k]) or there[k] == there.max()
    ]
    main = max(blanket, key=lambda k: there[k])
    away = [min(_away(centre, centres[j]) for j in blanket) for centre in centres]
    # A headboard may stand in another light; what lies along the lower edge is the frame in doubt.
    lowest = mask.shape[0] - 1 - mask[::-1].argmax(0)
    low = np.arange(mask.shape[0])[:, None] > lowest[None] - 0.22 * high
    here = np.where(low, 0.03, _NEAR)
    pale = [k for k in range(len(centres)) if centres[k][0] > 0.72 and np.hypot(*centres[k][1:]) < 0.03]
    own = mask & (np.append(away, 9.0)[labels] < here)
    own = ndimage.binary_closing(np.pad(own, 3), iterations=2)[3:-3, 3:-3] & mask
    if main not in pale:
        white = np.isin(labels, pale)
        end = top + round(0.72 * high)
        if there[pale].sum() > 0.06 * there.sum():  # in the blanket, too: stripes do not go from side to side
            across = white.sum(1) > 0.55 * np.maximum(mask.sum(1), 1)
            end = int(np.flatnonzero(across[:end]).max(initial=top)) + 1
        white[end:] = False
        own &= ~(_of_size(white, 0.022 * max(wide, high)) & white)
    return _filled(own, mask, (0.025 * max(wide, high)) ** 2)


def contents(crop: Pixels, mask: Mask) -> Mask:
    """Baskets: all but what lies in them and shows above the rim."""
    rows = np.nonzero(mask.any(1))[0]
    return mask & ~_flowers(crop, mask, int(rows[0]), int(rows[-1] - rows[0] + 1))


def shade_of_lamp(crop: Pixels, mask: Mask) -> Mask:  # noqa: ARG001 - a rule
    """Lamps: the shade, which ends where the thing becomes narrow all at once."""
    widths = mask.sum(1).astype(float)
    rows = np.nonzero(widths)[0]
    top, bottom = int(rows[0]), int(rows[-1])
    widest = top
    far = max(3, round(0.16 * (bottom - top)))
    best = None
    for row in range(top + 2, bottom):
        widest = row if widths[row] > widths[widest] else widest
        before = widths[max(top, row - far) : row].max()
        if widths[row] < 0.62 * before and before > 0.6 * widths[top:row].max() and row - top > 3:
            best = row
            break
    if best is None:
        return mask
    shade = mask.copy()
    shade[best:] = False
    return shade if shade.sum() > 0.15 * mask.sum() else mask


def vessel(crop: Pixels, mask: Mask) -> Mask:
    """Vases: all but the flowers, which stand above the neck on thin stems."""
    rows = np.nonzero(mask.any(1))[0]
    top, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
    widths = mask.sum(1)
    lower = widths[top + height // 2 :]
    wide = float(lower.max())
    base = int(rows[-1])
    for row in range(base, top, -1):
        if base - row < 0.3 * height:
            continue
        if widths[row] < 0.3 * wide or (_pieces(mask[row]) > 1 and widths[row] < 0.8 * wide):
            body = mask.copy()
            body[: row + 1] = False
            return body
    return mask & ~_flowers(crop, mask, top, height)


def grid(crop: Pixels, mask: Mask) -> Mask:
    """Windows: the frame and its bars, long and straight, of the colour of the rim."""
    reach = _reach(mask)
    extent = _extent(mask)
    alike = _like_the_rim(crop, mask, reach, extent)
    width = _frame_width(alike, mask, reach, extent, 0.44)  # two sides may be behind curtains
    # Where another thing hides the frame, the thing's edge is glass.
    frame = mask & (reach <= width) & (ndimage.gaussian_filter(alike.astype(np.float32), 2) > 0.4)
    long = max(5, round(0.28 * extent))
    bars = ndimage.binary_opening(alike, np.ones((long, 1), bool))
    for tilt in np.linspace(-0.35, 0.35, 15):
        bars |= ndimage.binary_opening(alike, _slanting(long, float(tilt)))
    inside = mask & ~frame
    if not inside.any():
        return mask
    # What is as broad as the frame itself is a cloud; bars go on behind it from one side to the other.
    thick = _reach(bars & inside) > max(0.6 * width, 2)
    broad = ndimage.binary_dilation(thick, iterations=round(max(0.75 * width, 2)))
    bars = bars & inside & ~broad
    uprights = inside & (bars.sum(0) > 0.33 * np.maximum(inside.sum(0), 1))[None]
    return np.asarray(frame | uprights | _crossbars(bars & ~uprights, inside))


def frame_only(crop: Pixels, mask: Mask) -> Mask:
    """Pictures and mirrors: the frame."""
    reach = _reach(mask)
    extent = _extent(mask)
    alike = _like_the_rim(crop, mask, reach, extent)
    return np.asarray(mask & (reach <= _frame_width(alike, mask, reach, extent)))


def shelves(crop: Pixels, mask: Mask) -> Mask:
    """Bookshelves: boards and sides, of the colour of the outline, long and straight; not what stands in
    them.
    """
    reach = _reach(mask)
    rows, columns = np.nonzero(mask)
    wide, high = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    extent = max(wide, high)
    alike = _like_the_rim(crop, mask, reach, extent, shades=True)
    bars = np.zeros_like(mask)
    bars |= ndimage.binary_opening(alike, np.ones((max(5, round(0.22 * high)), 1), bool))
    long = max(5, round(0.4 * wide))
    for tilt in np.linspace(-0.5, 0.5, 21):
        bars |= ndimage.binary_opening(alike, _slanting(long, float(tilt)))
    near = ndimage.binary_dilation(bars, iterations=1) & alike
    return _filled(bars | near | (mask & (reach <= 1.5)), mask, (0.025 * extent) ** 2)


def face(crop: Pixels, mask: Mask) -> Mask:
    """Clocks: the face; its rim, hands and marks stay."""
    reach = _reach(mask)
    extent = float(reach.max())
    labels, centres = _clustered(crop, mask)
    inner = mask & (reach > 0.15 * extent)
    if not inner.any():
        return mask
    main = int(np.bincount(labels[inner], minlength=len(centres)).argmax())
    alike = np.isin(labels, [k for k in range(len(centres)) if _away(centres[k], centres[main]) < 0.1])
    rim = mask & (reach <= 0.1 * extent)
    other = mask & ~alike & ~rim
    alike |= _of_size(other, 0.07 * extent) & other  # a reflection, a vein: hands and marks are thin
    apart = (rim & ~alike).sum() > 0.5 * rim.sum()
    return (alike & ~rim if apart else alike) & mask


_NOUNS: Final[tuple[tuple[str, Rule], ...]] = (
    ("sofa couch settee loveseat armchair recliner ottoman pouf footstool stool bench divan", without_feet),
    ("cabinet sideboard dresser chest cupboard drawers wardrobe console commode", without_feet_and_knobs),
    ("table nightstand desk chair", without_knobs),
    ("bed", bedding),
    ("curtain drape drapes blinds", hung),
    ("lamp lampshade", shade_of_lamp),
    ("vase jug urn", vessel),
    ("window", grid),
    ("picture painting mirror frame photo", frame_only),
    ("bookshelf bookcase shelf shelves bookshelves", shelves),
    ("clock", face),
    ("basket", contents),
    ("cushion pillow rug carpet mat runner floor flooring wall wallpaper blanket throw", all_of_it),
    ("door bowl cup mug ball bottle", all_of_it),
)  # fmt: skip
_RULES: Final[dict[str, Rule]] = {
    form: rule for words, rule in _NOUNS for word in words.split() for form in (word, f"{word}s")
}
"""By the nouns that name things."""


# ---- geometry and colours ----
def _clustered(
    crop: Pixels, mask: Mask, most: int = 8, also: Mask | None = None
) -> tuple[NDArray[np.int32], Field]:
    """The cluster of each pixel (H, W), -1 outside the mask, and the clusters' colours (k, 3) in Oklab. Two
    more are looked for in ``also``, a small part of the mask (H, W).
    """
    lab = from_srgb(crop[mask])
    feature = lab * np.array((0.6, 1.0, 1.0), np.float32)
    sample = feature[:: max(1, len(feature) // 4000)]
    centres = [np.median(sample, axis=0)]
    for _ in range(most - 1):
        far = np.min([((sample - c) ** 2).sum(1) for c in centres], axis=0)
        edge = np.sort(far)[int(0.985 * (len(far) - 1))]
        if edge < 0.045**2:
            break
        centres.append(sample[np.abs(far - edge).argmin()])
    if also is not None and also.any():
        there = feature[also[mask]]
        for _ in range(2):
            far = np.min([((there - c) ** 2).sum(1) for c in centres], axis=0)
            edge = np.sort(far)[int(0.93 * (len(far) - 1))]
            if edge < 0.06**2:
                break
            centres.append(there[np.abs(far - edge).argmin()])
            sample = np.concatenate([sample, there])
    points = np.array(centres, np.float32)
    for _ in range(6):
        near = ((sample[:, None] - points[None]) ** 2).sum(-1).argmin(1)
        for k in range(len(points)):
            if (near == k).any():
                points[k] = sample[near == k].mean(0)
    labels = np.full(mask.shape, -1, np.int32)
    labels[mask] = ((feature[:, None] - points[None]) ** 2).sum(-1).argmin(1)
    return labels, np.asarray(points / np.array((0.6, 1.0, 1.0), np.float32), np.float32)


def _away(one: Field, other: Field) -> float:
    """How far two colours are from one another in what light and shade do not explain: the colour at the
    other's lightness, and a part of the lightness.
    """
    low, high = sorted((float(one[0]), float(other[0])))
    scale = high / max(low, 0.05)
    a, b = (np.asarray(c[1:]) * (scale if c[0] == low else 1.0) for c in (one, other))
    tone = float(np.hypot(*(a - b))) * min(1.0, low / 0.3)
    return float(np.hypot(tone, 0.45 * max(0.0, high - low - 0.12)))


def _reach(part: Mask) -> Field:
    """How far each pixel of a part (H, W) is from its edge, which the array's edge is, too."""
    return np.asarray(ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1], np.float32)


def _extent(mask: Mask) -> float:
    """The longer side of a mask, in pixels."""
    rows, columns = np.nonzero(mask)
    return float(max(np.ptp(rows), np.ptp(columns))) + 1


def _of_size(part: Mask, radius: float) -> Mask:
    """What of a part (H, W) a disc of a radius fits into, and what is near that."""
    core = _reach(part) > radius
    return np.asarray(ndimage.distance_transform_edt(~core) <= radius + 1) if core.any() else core


def _filled(own: Mask, mask: Mask, least: float) -> Mask:
    """``own`` with its holes in ``mask`` that have less than so many pixels, without specks as small."""
    for fill in (True, False):
        parts, count = ndimage.label(mask & ~own if fill else own)
        if count:
            areas = np.bincount(parts.ravel())
            small = areas < least
            small[0] = False
            own = own | small[parts] if fill else own & ~small[parts]
    return own


def _tidied(part: Mask, mask: Mask) -> Mask:
    """A part (H, W) without its specks, its holes filled."""
    part = ndimage.binary_closing(np.pad(part, 2), iterations=1)[2:-2, 2:-2] & mask
    return np.asarray(ndimage.binary_opening(part, np.ones((2, 2), bool)))


def _knobs(crop: Pixels, mask: Mask) -> Mask:
    """Few small round spots of a colour that is nowhere else on the thing."""
    labels, centres = _clustered(crop, mask)
    total = float(mask.sum())
    sizes = np.bincount(labels[mask], minlength=len(centres)).astype(float)
    out = np.zeros(mask.shape, bool)
    inner = ndimage.binary_erosion(mask, iterations=2)
    body = [k for k in range(len(centres)) if sizes[k] > 0.08 * total]
    rare = [
        k
        for k in range(len(centres))
        if sizes[k] < 0.04 * total and min((_away(centres[k], centres[j]) for j in body), default=0) > _NEAR
    ]
    spots = ndimage.binary_closing(np.isin(labels, rare)) & mask
    parts, count = ndimage.label(spots)
    if not count:
        return out
    areas = np.bincount(parts.ravel())
    large = [n for n in range(1, count + 1) if areas[n] >= max(4, 0.0006 * total)]
    if len(large) > 14:  # a texture
        return out
    for number in large:
        spot = parts == number
        rows, columns = np.nonzero(spot)
        filled = areas[number] / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1)) > 0.5
        if areas[number] < _KNOB * total and filled and not (spot & ~inner).any():
            out |= ndimage.binary_dilation(spot) & mask
    return out


def _flowers(crop: Pixels, mask: Mask, top: int, height: int) -> Mask:
    """What is of colours that a vase shows above its neck only."""
    labels, centres = _clustered(crop, mask)
    upper = np.zeros_like(mask)
    upper[: top + round(0.55 * height)] = True
    sizes = np.bincount(labels[mask], minlength=len(centres)).astype(float)
    above = np.bincount(labels[mask & upper], minlength=len(centres)) / np.maximum(sizes, 1)
    rest = [k for k in range(len(centres)) if above[k] < 0.7]
    flowers = [
        k
        for k in range(len(centres))
        if above[k] > 0.93 and min((_away(centres[k], centres[j]) for j in rest), default=0.0) > _APART
    ]
    found = _tidied(np.isin(labels, flowers) & upper, mask)
    columns = np.nonzero(found.any(1))[0]
    # Flowers begin at the top; a band around the neck does not.
    return found if columns.size and columns[0] <= top + 0.1 * height else np.zeros_like(mask)


def _crossbars(bars: Mask, inside: Mask) -> Mask:
    """Level bars, each straight from one side of ``inside`` to the other."""
    out = np.zeros_like(bars)
    width = int(np.ptp(np.nonzero(inside.any(0))[0])) + 1
    parts, count = ndimage.label(ndimage.binary_opening(bars, np.ones((1, max(3, width // 12)), bool)))
    x, y = np.arange(bars.shape[1]), np.arange(bars.shape[0])[:, None]
    for number in range(1, count + 1):
        rows, columns = np.nonzero(parts == number)
        if np.ptp(columns) < 0.25 * width:
            continue
        slope, at = _line(columns.astype(float), rows.astype(float))
        half = max(1.0, 0.5 * len(rows) / (np.ptp(columns) + 1))
        strip = inside & (np.abs(y - slope * x - at) <= half)
        if (bars & strip).sum() > 0.6 * strip.sum():
            out |= strip
    return out


def _pieces(row: Mask) -> int:
    return int((np.diff(row.astype(np.int8), prepend=0) == 1).sum())


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and height of the line through most of the points (the median of the slopes, after Theil)."""
    step = max(1, len(x) // 60)
    x, y = x[::step], y[::step]
    dx, dy = x[:, None] - x[None], y[:, None] - y[None]
    far = np.abs(dx) > 0.2 * np.ptp(x)
    slope = float(np.median(dy[far] / dx[far])) if far.any() else 0.0
    return slope, float(np.median(y - slope * x))


def _slanting(long: int, tilt: float) -> Mask:
    """A line of so many columns that rises by ``tilt`` rows a column."""
    rise = round(abs(tilt) * (long - 1))
    line = np.zeros((rise + 1, long), bool)
    row = np.round(np.arange(long) * rise / max(long - 1, 1)).astype(int)
    line[row if tilt >= 0 else rise - row, np.arange(long)] = True
    return line


def _like_the_rim(crop: Pixels, mask: Mask, reach: Field, extent: float, *, shades: bool = False) -> Mask:
    """What has the colour of the thing's outline. ``shades``: in deeper shade, too."""
    lab = from_srgb(crop)
    ring = mask & (reach > 1) & (reach <= max(2.5, 0.025 * extent))
    ring = ring if ring.any() else mask
    colour = np.median(lab[ring], axis=0)
    low = np.maximum(lab[..., 0], 0.05)
    scale = np.minimum(colour[0] / low, 2.5)
    off = np.hypot(lab[..., 1] * scale - colour[1], lab[..., 2] * scale - colour[2])
    low_end, high_end = np.percentile(lab[ring][:, 0], (4, 96))
    bright = lab[..., 0] < high_end + (0.05 if shades else 0.04)
    dark = lab[..., 0] > low_end - (0.22 if shades else 0.05)
    return np.asarray(mask & (off < 0.045 + 0.2 * np.hypot(*colour[1:])) & bright & dark)


def _frame_width(alike: Mask, mask: Mask, reach: Field, extent: float, most: float = 0.55) -> float:
    """How wide a frame is: as deep as more than a share of the pixels have its colour."""
    width = 2.0
    for deep in range(2, int(0.16 * extent) + 2):
        ring = mask & (reach > deep - 1) & (reach <= deep)
        if not ring.any() or alike[ring].mean() < most:
            break
        width = float(deep)
    return width
