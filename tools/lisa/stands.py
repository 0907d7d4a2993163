"""Stands: the pole, the legs and the foot under a shade or a crown, which a coarse mask leaves out.

A pole of four pixels is nothing on the grid that the pocket model draws on, but in the picture it is a
straight line that differs from what is on both of its sides. Such lines are looked for from under the mask
downwards, as in a Hough transform (Duda, Hart 1972, "Use of the Hough transformation to detect lines and
curves in pictures") whose lines begin under the thing and end where they no longer differ.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools.lisa.regions import at_side, follow_surroundings

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

LEAN: Final = 0.4
"""The most that a leg moves aside for each pixel down."""
WIDTHS: Final = (0.025, 0.045)
"""Half of a line's width, as shares of the thing's: what lines are compared with what is beside them by."""
MIDDLE: Final = 0.14
"""Lines begin within this share of the thing's width from its middle."""
LONG: Final = 3.4
"""How long a line may be, in widths of the thing."""
SHORT: Final = 0.7
"""What is shorter than this many widths is no stand."""
FIRST: Final = 1.2
"""The colour of a stand is that of so much of it, in widths of the thing."""
LEGS: Final = 3
TRIES: Final = 4
COMMON: Final = 0.25
"""What more than this share of the surroundings has is no colour of a stand."""
FAINTER: Final = 0.35
DIFFERENT: Final = 9.0
"""By how much, in levels of 255, a line differs from both sides at least."""
CLEAR: Final = 40.0
"""More than this tells no more."""
OTHER: Final = 0.2
"""A further leg is at least this share as clear as the first line."""
THICK: Final = 0.16
"""A line is at most so thick, in widths of the thing."""
FOOT: Final = (0.3, 0.1)
"""Half the width and the height of a foot, in widths of the thing, to begin with."""


class _Line(NamedTuple):
    """A line from (``top``, ``start``) on, ``lean`` pixels aside for each of ``rows`` down; ``half`` its
    width; ``clear`` how much it differs in all.
    """

    top: int
    start: float
    lean: float
    rows: int
    half: int
    clear: float

    def columns(self) -> NDArray[np.float64]:
        return np.asarray(self.start + self.lean * np.arange(self.rows), np.float64)


def with_stand(picture: NDArray[np.uint8], mask: Mask) -> Mask:
    """A mask (H, W) of an RGB picture (H, W, 3) with the stand under it, where there clearly is one."""
    return at_side(picture, mask, _with_stand)


def _with_stand(picture: NDArray[np.uint8], mask: Mask) -> Mask:
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        return mask
    part = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    wide, top = right - left, int(rows[-1]) + 1
    under = part[max(0, top - max(3, (top - int(rows[0])) // 5)) : top]
    middle = float(np.nonzero(under)[1].mean())
    if wide < 12 or top >= len(mask) - 8:
        return mask
    lines = _lines(picture, part, middle, wide, top)
    if not lines:
        return mask
    made = mask.copy()
    for line in lines:
        strip = _strip(picture, line)
        if strip.sum() <= THICK * wide * line.rows:
            made |= strip
    first = lines[0]
    if len(lines) == 1:
        made |= _foot(picture, first, wide)
    return made


def _lines(picture: NDArray[np.uint8], part: Mask, middle: float, wide: int, top: int) -> list[_Line]:
    high, across = part.shape
    reach = min(high - top, round(LONG * wide))
    pixels = ndimage.gaussian_filter1d(picture[top : top + reach].astype(np.float32), 1.0, axis=0)
    sums = np.pad(pixels.cumsum(axis=1), ((0, 0), (1, 0), (0, 0)))
    best = np.zeros(pixels.shape[:2], np.float32)
    width = np.zeros(pixels.shape[:2], np.int64)
    at = np.arange(across)
    for half in sorted({max(1, round(share * wide)) for share in WIDTHS}):

        def mean(first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
            first, last = first.clip(0, across - 1), last.clip(1, across)
            last = np.maximum(last, first + 1)
            values: Floats = (sums[:, last] - sums[:, first]) / (last - first)[None, :, None]
            return values

        own = mean(at - half + 1, at + half)
        one, other = own - mean(at - 3 * half, at - half - 1), own - mean(at + half + 2, at + 3 * half + 1)
        differs = np.minimum(np.linalg.norm(one, axis=2), np.linalg.norm(other, axis=2))
        differs *= (one * other).sum(axis=2) > 0
        width = np.where(differs > best, half, width)
        best = np.maximum(best, differs)
    starts = np.arange(max(0, round(middle - MIDDLE * wide)), min(across, round(middle + MIDDLE * wide) + 1))
    leans = np.linspace(-LEAN, LEAN, 81)
    down = np.arange(reach)
    where = np.rint(starts[:, None, None] + leans[None, :, None] * down).astype(np.int64)
    inside = (where >= 0) & (where < across)
    where = where.clip(0, across - 1)
    score = np.minimum(best, CLEAR) - DIFFERENT
    # The clearest line close under the thing tells of what colour its stand is.
    first = min(reach, round(FIRST * wide))
    early = np.where(inside, score[down, where], -DIFFERENT)[..., :first].mean(axis=2)
    early -= 0.3 * DIFFERENT * (np.abs(starts - middle) / (MIDDLE * wide))[:, None]
    below = pixels[:first, max(0, round(middle - wide / 2)) : round(middle + wide / 2)]
    for _ in range(TRIES):
        i, j = np.unravel_index(int(early.argmax()), early.shape)
        if early[i, j] < 0.3 * DIFFERENT:
            return []
        colour = np.median(pixels[down[:first], where[i, j, :first]], axis=0)
        if (_unlike(below, colour) < 1).mean() < COMMON:
            break
        early[np.abs(where[:, :, first // 2] - where[i, j, first // 2]) <= 2] = -DIFFERENT
    else:
        return []
    # It ends where it is much less clear than it began.
    level = max(
        DIFFERENT, FAINTER * float(np.median(np.minimum(best, CLEAR)[down[:first], where[i, j, :first]]))
    )
    score = np.minimum(best, CLEAR) - level
    score[_unlike(pixels, colour) > 1] = -2 * level
    lines: list[_Line] = []
    for _ in range(LEGS):
        along = np.where(inside, score[down, where], -DIFFERENT)
        total = along.cumsum(axis=2)
        i, j, length = np.unravel_index(int(total.argmax()), total.shape)
        clear, rows = float(total[i, j, length]), int(length) + 1
        if rows < SHORT * wide or clear < 0.3 * level * rows:
            break
        if lines and clear < OTHER * lines[0].clear:
            break
        if (along[i, j, :rows] > 0).mean() < 0.6:
            break
        half = int(np.median(width[down[:rows], where[i, j, :rows]]))
        start, lean = _straightened(best, float(starts[i]), float(leans[j]), rows)
        line = _Line(top, start, lean, rows, half, clear)
        lines.append(line)
        for row, column in enumerate(np.rint(line.columns()).astype(int)):
            score[row, max(0, column - half - 1) : column + half + 2] = 0
    return lines


def _unlike(pixels: Floats, colour: Floats) -> Floats:
    """How unlike a colour pixels (…, 3) are: more than 1 is another colour, not the same in another light."""
    ratio = np.log((pixels + 20) / (colour + 20))
    light = ratio.mean(axis=-1)
    tint = np.abs(ratio - light[..., None]).max(axis=-1)
    unlike: Floats = np.maximum(np.abs(light) / 0.6, tint / 0.3)
    return unlike


def _straightened(best: Floats, start: float, lean: float, rows: int) -> tuple[float, float]:
    """Where a line begins and how it leans, by the clearest columns near it."""
    down = np.arange(rows)
    offsets = np.arange(-2, 3)
    for _ in range(2):
        columns = np.rint(start + lean * down).astype(np.int64)[:, None] + offsets
        near = best[down[:, None], columns.clip(0, best.shape[1] - 1)] + 1e-3
        places = (columns * near**2).sum(axis=1) / (near**2).sum(axis=1)
        lean, start = (float(each) for each in np.polyfit(down, places, 1, w=near.max(axis=1)))
    return start, lean


def _strip(picture: NDArray[np.uint8], line: _Line) -> Mask:
    """The pixels of a line: those nearer in colour to its middle than to what is beside it."""
    high, across = picture.shape[:2]
    made = np.zeros((high, across), bool)
    down = line.top + np.arange(line.rows)
    columns = np.rint(line.columns()).astype(np.int64)
    far = 2 * line.half + 2
    offsets = np.arange(-far, far + 1)
    where = (columns[:, None] + offsets).clip(0, across - 1)
    pixels = picture[down[:, None], where].astype(np.float32)
    pixels = ndimage.uniform_filter1d(pixels, 7, axis=0, mode="nearest")
    own = pixels[:, far - 1 : far + 2].mean(axis=1)
    for side in (-1, 1):
        beside = pixels[:, 0] if side < 0 else pixels[:, -1]
        for step in range(far):
            here = pixels[:, far + side * step]
            near = np.linalg.norm(here - own, axis=1) < np.linalg.norm(here - beside, axis=1)
            if near.mean() < 0.5:
                break
            made[down, (columns + side * step).clip(0, across - 1)] = True
    # From the thing to where the line begins.
    made[max(0, line.top - 3) : line.top, max(0, columns[0] - line.half) : columns[0] + line.half + 1] = True
    return made


def _foot(picture: NDArray[np.uint8], line: _Line, wide: int) -> Mask:
    """What a pole ends in: of its colours, unlike the floor around it."""
    high, across = picture.shape[:2]
    row, column = line.top + line.rows - 1, float(line.columns()[-1])
    y, x = np.ogrid[:high, :across]
    a, b = FOOT[0] * wide, FOOT[1] * wide
    guess = ((x - column) / a) ** 2 + ((y - row) / b) ** 2 <= 1
    near = (np.abs(x - column) < 2 * a) & (np.abs(y - row) < 2.5 * b)
    made = guess
    for _ in range(3):
        made = follow_surroundings(picture, made, near)
    if not 0.35 * guess.sum() < made.sum() < 2.6 * guess.sum():
        return np.zeros_like(guess)
    colour = np.median(picture[_strip(picture, line)].astype(np.float32), axis=0)
    if (_unlike(picture[made].astype(np.float32), colour) < 1).mean() < 0.5:
        return np.zeros_like(guess)
    labels, _count = ndimage.label(made)
    end = labels[max(0, row - 3) : row + 4, max(0, round(column) - 2) : round(column) + 3]
    touched = np.unique(end[end > 0])
    return np.isin(labels, touched) & made
