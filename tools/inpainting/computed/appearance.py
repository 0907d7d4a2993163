"""What a thing looks like: its main colour, its other colours, and how much light falls on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sessions.compose import Box
from tools.errors import PictureError
from tools.inpainting.computed.oklab import Field, from_srgb

Colour = tuple[float, float, float]

LIGHT: Final = 0.95
LEAST_LIGHT: Final = 0.85
"""The share of its own lightness that a surface without shade shows at its median, and the least that is
assumed: fitted on drawn rooms, whose things lie between 0.83 and 1.1."""

_SAMPLES: Final = 12_000
_LEAST: Final = 24  # pixels; fewer say nothing of several colours
_PART: Final = 0.008
"""The share of a thing below which a colour is no part of it."""

_HUES: Final = (0.07, 0.09)
_SHADE: Final = 0.64
"""Two colours are two where their hues are so far apart (``shadeless``; from the second on less clearly
divided ones, too), or where the darker has less than this share of the other's lightness and hardly a pixel
lies between.
"""

_SEEDS: Final = 7
_STEPS: Final = 20
_COLOURED: Final = 0.04
_GLOSS: Final = (0.35, 0.7)
"""Lightnesses: what is darker than the first and shines reflects less than the second; black that is woven
with another grey is woven with a paler one."""
_STEPS_APART: Final = (0.09, 0.045)
"""The tones of a woven pattern are told by a histogram of so many bins, where they are so far apart
(``shadeless``): by lightness on what is grey, by chroma on what has more than so much."""
_TONES_APART: Final = 0.04
_SPREAD, _VALLEY = 0.1, 0.6
_HALF: Final = (0.25, 0.5)
_LAW, _CROSSINGS = (0.5, 1.6), (0.08, 0.2)
"""What makes a weave of checks: how far apart its ends are (``shadeless``), how far from their tone pixels
lie on average and how many between two, for those at them; where the half is between the ground and the
crossings; the square of the half's share over four times the product of the others', and the crossings'
share. Read off 211 checked and striped things of drawn rooms (docs/colour.md)."""
_EVEN: Final = 0.12
"""Over how large a part of a thing the light on it changes: a share of its longer side, a standard
deviation."""
_ENOUGH, _CELLS, _BINS = 3000, 48, 100
"""So many pixels tell a weave, the light on it in so many cells along that side, its tones in so many
bins."""


@dataclass(frozen=True)
class Part:
    """One of the main colours of a thing: the median Oklab of its pixels, their share of the thing (0…1), and
    whether they lie apart from the main colour (legs, a frame) and are no pattern on it (stripes).
    """

    colour: Colour
    share: float
    apart: bool = False


@dataclass(frozen=True)
class Appearance:
    """How a thing looks in its picture.

    ``median`` is the Oklab of its main colour, as seen; ``light`` the share (about 0.5…1.1) of a surface's
    own lightness that is seen there; ``colours`` its main colours, the one that a word for the whole thing
    means first; ``spread`` how many times as light the lighter half of its main colour is as the darker.
    """

    median: Colour
    light: float
    colours: tuple[Part, ...]
    spread: float = 1.0


def measure(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Appearance:
    """How the thing under ``mask`` (bool (H, W), not empty) looks in ``picture`` (uint8 RGB (H, W, 3)).

    Some twelve thousand pixels are looked at, whatever the size. Raises ``PictureError`` for an empty mask
    or one of another size.
    """
    rows, columns = _sample(mask, box_of(picture, mask))
    lab = from_srgb(picture[rows, columns])
    labels, centres = _clusters(lab)
    parts = _parts(labels, centres, rows, columns)
    parts, own = _checks(lab, labels, parts, rows, columns) or _other_weave(lab, labels, parts, rows, columns)
    low, high = (float(value) for value in np.quantile(lab[own, 0], (0.25, 0.75)))
    return Appearance(parts[0].colour, _light(lab[own]), parts, high / max(low, 0.02))


def _checks(
    lab: Field,
    labels: NDArray[np.intp],
    parts: Sequence[Part],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> tuple[tuple[Part, ...], NDArray[np.bool_]] | None:
    """The colours of a thing that is woven in checks, its ground's first, and which of its pixels (n,) surely
    show the ground; None where it is not.

    However alike they are, the tones of such a weave are three, in an even light: the ground, where a band
    crosses it, and where two bands cross. How often each is seen follows from how wide the bands are
    (``_end_of_weave``), which hardly anything else does by chance.
    """
    at = np.flatnonzero(np.isin(labels, [k for k, part in enumerate(parts) if k == 0 or not part.apart]))
    if len(at) < 8 * _LEAST:
        return None
    whole = len(at) / len(lab)
    at = at[:: max(1, len(at) // _ENOUGH)]
    place, low, high = _along(shadeless(_evenly_lit(lab[at], rows[at], columns[at])))
    if high - low < _TONES_APART:
        return None
    tones = _three_tones((place - low) / (high - low))
    if tones is None:
        return None
    which, middles = tones
    shares = np.bincount(which, minlength=3) / len(at)
    ground = 0 if shares[0] > shares[2] else 2
    half = abs(middles[1] - middles[ground]) / (middles[2] - middles[0])
    as_woven = shares[1] ** 2 / (4 * shares[0] * shares[2])
    if not (_HALF[0] < half < _HALF[1] and _LAW[0] < as_woven < _LAW[1]):
        return None
    if not _CROSSINGS[0] < shares[2 - ground] < _CROSSINGS[1]:
        return None
    own, crossing = (np.zeros(len(lab), bool) for _ in range(2))
    own[at[which == ground]], crossing[at[which == 2 - ground]] = True, True
    if not _runs_through(own[at], rows[at], columns[at]):
        return None
    both = (Part(_colour(lab[each]), whole * float(each.sum()) / len(at)) for each in (own, crossing))
    return (*both, *(part for part in parts[1:] if part.apart)), own


def _along(points: Field) -> tuple[Field, float, float]:
    """The places (n,) of points (n, 3) along the line that they mostly lie on, and where nearly all of them
    begin and end.
    """
    points = points - points.mean(axis=0)
    place = points @ np.linalg.svd(points[:: max(1, len(points) // 2000)], full_matrices=False)[2][0]
    low, high = (float(value) for value in np.quantile(place, (0.03, 0.97)))
    return place, low, high


def _three_tones(place: Field) -> tuple[NDArray[np.intp], NDArray[np.floating]] | None:
    """Which of three tones each place (n,), mostly 0…1, is nearest to, and the tones; None where they are no
    tones: some are hardly seen, places spread around them, or as many lie between the first two or the last
    two, whichever are seen more often, as at them.
    """
    counts, ends = np.histogram(place, _BINS, (-0.5, 1.5))
    bins = (ends[1:] + ends[:-1]) / 2
    found: tuple[float, NDArray[np.floating]] | None = None
    for start in (0.3, 0.5, 0.7):  # Lloyd's steps from where the middle one may be
        middles = np.array((0.0, start, 1.0))
        for _ in range(12):
            nearest = np.searchsorted((middles[1:] + middles[:-1]) / 2, bins)
            sizes = np.bincount(nearest, counts, 3)
            if sizes.min() < 0.02 * len(place):
                break
            middles = np.bincount(nearest, counts * bins, 3) / sizes
        else:
            spread = float(counts @ np.abs(bins - middles[nearest])) / (middles[2] - middles[0]) / len(place)
            if found is None or spread < found[0]:
                found = spread, middles
    if found is None or found[0] > _SPREAD:
        return None
    middles = found[1]
    which = np.searchsorted((middles[1:] + middles[:-1]) / 2, place)
    sizes = np.bincount(which, minlength=3)
    first = 0 if sizes[0] > sizes[2] else 1
    way = (place - middles[first]) / (middles[first + 1] - middles[first])
    at = [int(np.count_nonzero(np.abs(way - end) < 0.17)) for end in (0, 0.5, 1)]
    return (which, middles) if at[1] < _VALLEY * min(at[0], at[2]) else None


def _evenly_lit(lab: Field, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Field:
    """The pixels (n, 3) as they would look were each part of the thing as light on average as all of it: a
    pattern is alike all over, and what changes more slowly is the light on it.
    """
    side = max(int(np.ptp(rows)), int(np.ptp(columns))) // _CELLS + 1
    down, across = (rows - rows.min()) // side, (columns - columns.min()) // side
    shape = int(down.max()) + 1, int(across.max()) + 1
    cells = down * shape[1] + across
    tone = np.log(np.maximum(lab[:, 0], 0.02))
    total, weight = (
        ndimage.gaussian_filter(np.bincount(cells, each, shape[0] * shape[1]).reshape(shape), _EVEN * _CELLS)
        for each in (tone, np.ones_like(tone))
    )
    slow = (total / np.maximum(weight, 1e-6))[down, across]
    return np.asarray(lab * np.exp(np.median(slow) - slow)[:, None], np.float32)


def _other_weave(
    lab: Field,
    labels: NDArray[np.intp],
    parts: tuple[Part, ...],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> tuple[tuple[Part, ...], NDArray[np.bool_]]:
    """The colours of a thing, the main one first, and which of its pixels (n,) show that one: of stripes and
    what else goes to and fro between two tones; a thing that is not woven has the colours that it has.
    """
    found = {part.colour: label for label, part in enumerate(parts)}
    main, others = parts[0], parts[1:]
    # where a colour and white cross in a weave is no colour of its own
    parts = (
        main,
        *(
            p
            for p in others
            if p.apart or not any(_between(main.colour, p.colour, q.colour) for q in others if q is not p)
        ),
    )
    own = labels == 0
    if (ends := _woven(lab[own], rows[own], columns[own])) is not None:
        near, far = ends
        pure, other = (_colour(lab[own][end]) for end in ends)
        share = float(far.mean()) * main.share
        if any(_between(pure, other, part.colour) for part in parts[1:]):
            share = 0.0  # where the colours cross, and no colour of its own
        woven = (Part(other, share),) if share else ()
        parts = (Part(pure, main.share - share), *woven, *parts[1:])
        own[own] = near
    if (end := _end_of_weave(parts)) is not None:
        parts = (parts[end], *(part for k, part in enumerate(parts) if k not in (0, end)))
        own = labels == found.get(parts[0].colour, 0)
    return parts, own


def _end_of_weave(parts: Sequence[Part]) -> int | None:
    """Which of the colours a thing is woven of, where the first is only what shows where two cross.

    Bands that are a share f of the weave, both ways, leave (1 - f)² of it as it is, cover f² whole and
    2 f (1 - f) by half: the square of the half is four times the product of the others.
    """
    main, others = parts[0], [(k, part) for k, part in enumerate(parts) if k and not part.apart]
    for k, one in others:
        for _, other in others:
            as_woven = main.share**2 / max(4 * one.share * other.share, 1e-6)
            larger = one.share > other.share and 0.5 < as_woven < 2
            if larger and _between(one.colour, main.colour, other.colour):
                return k
    return None


def _colour(lab: Field) -> Colour:
    """The median of some pixels (n, 3)."""
    lightness, a, b = (float(value) for value in np.median(lab, axis=0))
    return lightness, a, b


def _between(one: Colour, middle: Colour, other: Colour) -> bool:
    """Whether a colour is a mixture of two others."""
    start, at, end = shadeless(np.array((one, middle, other), np.float32))
    way = end - start
    place = float((at - start) @ way) / max(float(way @ way), 1e-9)
    return 0.15 < place < 0.85 and float(np.linalg.norm(at - start - place * way)) < 0.05


def _woven(
    lab: Field, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which pixels (n, 3) of what seems one colour show the thing's own at its purest, and which the one that
    is woven into it; None where there is none.

    Checks and stripes go from a colour to white or to slate with few tones between or none, as light and
    shade could, but in steps, all over the thing. The colour meant is the more frequent of both ends, else
    the more vivid one.
    """
    if len(lab) < 8 * _LEAST:
        return None
    points = shadeless(lab)
    coloured = float(np.hypot(*np.median(points, axis=0)[1:])) > _COLOURED
    points[:, 0] *= np.float32(0.15 if coloured else 1)  # what lies in the shade is as vivid
    place, low, high = _along(points)
    if high - low < _STEPS_APART[coloured]:
        return None
    place = (place - low) / (high - low)
    counts = np.histogram(place, _STEPS, (0, 1))[0] / len(place)
    peaks = np.maximum.accumulate(counts), np.maximum.accumulate(counts[::-1])[::-1]
    valleys = [
        k for k in range(2, _STEPS - 2) if 3 * counts[k] < min(peaks[0][k], peaks[1][k]) and counts[k] < 0.03
    ]
    if not valleys:
        return None
    first, last = place < (valleys[0] + 0.5) / _STEPS, place > (valleys[-1] + 0.5) / _STEPS
    ends = [int(np.count_nonzero(end)) for end in (first, last)]
    if min(ends) < 0.05 * len(lab):
        return None
    vivid = [float(np.hypot(*np.median(lab[end], axis=0)[1:])) for end in (first, last)]
    if max(ends) > 1.8 * min(ends):
        own = ends[0] >= ends[1]
    elif abs(vivid[0] - vivid[1]) > 0.02:
        own = vivid[0] >= vivid[1]
    else:
        return None
    near, far = (first, last) if own else (last, first)
    dark, pale = sorted(float(np.median(lab[end, 0])) for end in (first, last))
    if not coloured and dark < _GLOSS[0] and pale < _GLOSS[1]:
        return None  # what polished black reflects
    through = _runs_through(near, rows, columns) if coloured else _interleaved(near, far, rows, columns)
    return (near, far) if through else None


def _runs_through(own: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> bool:
    """Whether wherever some pixels are others are, too, as in checks; others may be elsewhere as well."""
    high = max(1, (int(rows.max()) - int(rows.min())) // 8 + 1)
    wide = max(1, (int(columns.max()) - int(columns.min())) // 8 + 1)
    cell = (rows - rows.min()) // high * 8 + (columns - columns.min()) // wide
    ones, all_ = np.bincount(cell[own], minlength=64), np.bincount(cell, minlength=64)
    mixed = (ones >= 0.2 * all_) & (ones <= 0.85 * all_)
    return bool(ones[mixed].sum() > 0.6 * ones.sum())


def box_of(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Box:
    """The box around a mask; raises ``PictureError`` where mask and picture do not fit, or the mask is
    empty.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise PictureError("A picture to edit must be 8-bit RGB: convert it first.")
    if mask.shape != picture.shape[:2]:
        raise PictureError("The mask and the picture must have the same size.")
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        raise PictureError("The mask is empty: there is nothing to recolour.")
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[y0:y1].any(axis=0))
    return Box(int(columns[0]), y0, int(columns[-1]) + 1, y1)


def _sample(mask: NDArray[np.bool_], box: Box) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of pixels of a mask on an even grid; off its rim, where enough of it lies there."""
    inside = mask[box.y0 : box.y1, box.x0 : box.x1]
    step = max(1, math.isqrt(max(1, inside.size // (16 * _SAMPLES))))
    count = int(np.count_nonzero(inside[::step, ::step]))
    step *= max(1, math.isqrt(max(1, count // _SAMPLES)))
    rows, columns = np.nonzero(inside[::step, ::step])
    rows, columns = rows * step, columns * step
    reach = 2
    core = np.ones(len(rows), bool)
    for down, right in ((-reach, 0), (reach, 0), (0, -reach), (0, reach)):
        near_rows = np.clip(rows + down, 0, inside.shape[0] - 1)
        near_columns = np.clip(columns + right, 0, inside.shape[1] - 1)
        core &= inside[near_rows, near_columns]
    if np.count_nonzero(core) >= max(_LEAST, 0.2 * len(rows)):
        rows, columns = rows[core], columns[core]
    if not len(rows):  # a mask so thin that the grid missed it
        rows, columns = np.nonzero(inside)
    return rows + box.y0, columns + box.x0


def _light(lab: Field) -> float:
    """The share of its own lightness that a surface shows; (n, 3) Oklab are the pixels of one colour.

    Nothing is whiter than white, so that it is at least the lightness seen; and the deeper the shade is that
    the darkest quarter lies in, the less light falls on the median, too.
    """
    shade, seen = (float(value) for value in np.quantile(lab[:, 0], (0.25, 0.5)))
    return max(LIGHT - 0.2 * (1 - shade / max(seen, 0.02)), LEAST_LIGHT, seen)


def shadeless(lab: Field) -> Field:
    """Coordinates (…, 3) in which light and shade move a surface little, and another surface lies apart."""
    chroma = 0.8 * lab[..., 1:] / (lab[..., :1] + np.float32(0.15))
    return np.concatenate((0.5 * lab[..., :1], chroma), axis=-1, dtype=np.float32)


def _clusters(lab: Field) -> tuple[NDArray[np.intp], list[Field]]:
    """Group pixels (n, 3) into clearly different colours: a label each, the main colour's first is not
    sorted.

    Centres start at the median and at what is farthest from those before, and are moved by Lloyd's steps;
    those that light, shade or a highlight could explain are one.
    """
    points = shadeless(lab)
    centres = [np.median(points, axis=0)]
    distance = np.linalg.norm(points - centres[0], axis=1)
    while len(centres) < _SEEDS and len(points) >= _LEAST:
        far = np.quantile(distance, 0.97 if len(centres) % 2 else 0.99)
        if far < 0.06 and len(centres) % 2 == 0:
            break
        centres.append(points[int(np.argmin(np.abs(distance - far)))])
        distance = np.minimum(distance, np.linalg.norm(points - centres[-1], axis=1))
    middle = np.array(centres, np.float32)
    labels = np.zeros(len(points), np.intp)
    columns = np.ascontiguousarray(points.T)
    for _ in range(8 if len(middle) > 1 else 0):
        old, labels = labels, _nearest(columns, middle)
        if np.array_equal(old, labels):
            break
        count = np.bincount(labels, minlength=len(middle))
        for axis, column in enumerate(columns):
            total = np.bincount(labels, column, len(middle))
            middle[:, axis] = np.where(count, total / np.maximum(count, 1), middle[:, axis])
    groups = {int(kind): _Group.of(lab, points, labels == kind) for kind in np.unique(labels)}
    apart: dict[tuple[int, int], bool] = {}
    for _ in range(len(middle)):
        if not _merge(lab, points, labels, groups, apart):
            break
    return labels, [groups[int(kind)].colour for kind in np.unique(labels)]


def _nearest(columns: Field, centres: Field) -> NDArray[np.intp]:
    """The number of the centre (k, 3) that each point is nearest to; ``columns`` (3, n) are theirs."""
    x, y, z = columns
    nearest, least = np.zeros(len(x), np.intp), np.full(len(x), np.inf, np.float32)
    for k, (a, b, c) in enumerate(centres):
        away = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2
        closer = away < least
        nearest[closer] = k
        np.minimum(least, away, out=least)
    return nearest


@dataclass(frozen=True, eq=False)
class _Group:
    """Pixels that may be of one colour: their places (n, 3), ``shadeless``, and medians in both spaces."""

    points: Field
    colour: Field
    place: Field
    mean: Field

    @classmethod
    def of(cls, lab: Field, points: Field, own: NDArray[np.bool_]) -> _Group:
        here = points[own]
        return cls(here, _median(lab[own]), _median(here), np.ascontiguousarray(here.T).mean(axis=1))


def _median(values: Field) -> Field:
    """The median of each column of (n, 3)."""
    return np.array([np.median(column) for column in np.ascontiguousarray(values.T)], values.dtype)


def _merge(
    lab: Field,
    points: Field,
    labels: NDArray[np.intp],
    groups: dict[int, _Group],
    apart: dict[tuple[int, int], bool],
) -> bool:
    """Join the two nearest groups that are not clearly two colours, in place; False where all are.

    ``apart`` remembers of pairs of groups whether they are two colours.
    """
    kinds = sorted(groups)
    pairs = []
    for i, one in enumerate(kinds):
        for other in kinds[i + 1 :]:
            if (one, other) not in apart:
                apart[one, other] = _two(groups[one], groups[other], len(lab))
            if not apart[one, other]:
                gap = float(np.linalg.norm(groups[one].mean - groups[other].mean))
                pairs.append((gap, one, other))
    if not pairs:
        return False
    _, one, other = min(pairs)
    labels[labels == other] = one
    del groups[other]
    groups[one] = _Group.of(lab, points, labels == one)
    for pair in [pair for pair in apart if one in pair or other in pair]:
        del apart[pair]
    return True


def _two(one: _Group, other: _Group, count: int) -> bool:
    """Whether two groups of pixels are two colours, and not one in light and shade."""
    if min(len(one.points), len(other.points)) < max(_LEAST, _PART * count):
        return False
    if one.colour[0] > other.colour[0]:
        one, other = other, one
    a, b, p = one.colour, other.colour, one.place
    way = other.place - p
    length = float(way @ way)
    hues = float(np.hypot(*way[1:]))
    chroma = float(np.hypot(a[1], a[2]))
    along = float(a[1] * b[1] + a[2] * b[2]) / max(chroma * chroma, 1e-6)
    shine = chroma > 0.04 and b[0] > a[0] and along > 0.55 and hues < 0.3
    shade = a[0] / max(b[0], 1e-6)
    if not (hues > _HUES[0] and not shine) and not shade < _SHADE:
        return False
    place = np.concatenate([(each.points - p) @ way / max(length, 1e-9) for each in (one, other)])
    middle = np.count_nonzero((place > 0.3) & (place < 0.7))
    ends = min(np.count_nonzero(np.abs(place) < 0.2), np.count_nonzero(np.abs(place - 1) < 0.2))
    return bool(middle < (0.6 if hues > _HUES[1] else 0.45 if hues > _HUES[0] else 0.3) * ends)


def _parts(
    labels: NDArray[np.intp],
    centres: list[Field],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> tuple[Part, ...]:
    """The colours of a thing, the one that is meant by a word for the whole first. ``labels`` are renumbered
    in their order.
    """
    kinds = list(np.unique(labels))
    shares = [float(np.mean(labels == kind)) for kind in kinds]
    largest = int(np.argmax(shares))
    mixed = [_interleaved(labels == kinds[largest], labels == kind, rows, columns) for kind in kinds]
    mixed[largest] = True
    scores = []
    for centre, share, within in zip(centres, shares, mixed, strict=True):
        vivid = float(np.hypot(centre[1], centre[2])) / (float(centre[0]) + 0.15)
        vivid = min(1.0, max(0.0, vivid - 0.06) / 0.12)
        scores.append(share * (0.35 + vivid * (1.0 if within else 0.35)))
    order = sorted(range(len(kinds)), key=lambda i: -scores[i])
    main = order[0]
    again = np.searchsorted(kinds, labels)
    rank = np.empty(len(kinds), np.intp)
    rank[order] = np.arange(len(kinds))
    labels[:] = rank[again]
    parts = []
    for i in order:
        apart = i != main and not _interleaved(labels == 0, labels == rank[i], rows, columns)
        colour = tuple(float(value) for value in centres[i])
        parts.append(Part((colour[0], colour[1], colour[2]), shares[i], apart))
    return tuple(parts)


def _interleaved(
    one: NDArray[np.bool_], other: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> bool:
    """Whether two colours run through one another, like stripes, and do not lie side by side."""
    high = max(1, (int(rows.max()) - int(rows.min())) // 8 + 1)
    wide = max(1, (int(columns.max()) - int(columns.min())) // 8 + 1)
    cell = (rows - rows.min()) // high * 8 + (columns - columns.min()) // wide
    ones, others = (np.bincount(cell[which], minlength=64) for which in (one, other))
    mixed = (ones >= 0.2 * (ones + others)) & (others >= 0.1 * (ones + others))
    return bool(others[mixed].sum() > 0.6 * others.sum() and ones[mixed].sum() > 0.4 * ones.sum())
