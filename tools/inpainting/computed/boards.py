"""Boards of a floor or a wall: rows of one width with a dark joint between them, each of its own tone and
grain, and as long as chance made it. Where some are hidden, each is gone on with from a board elsewhere.

Nothing repeats but the joints, so the correlation of the surface with itself hardly shows them; a comb of
harmonics of what is dark does (a periodogram after Lomb, 1976, summed over the first few multiples as
harmonic sums are for a pitch: Noll, 1969), and sets the camera right for them on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from tools import room_box as rooms
from tools.inpainting.computed import surfaces
from tools.inpainting.computed.surfaces import F32, Laid, Mask
from tools.room_box import F64, Room

HARMONICS = 5
"""So many multiples of a joint's frequency are summed up."""

STRENGTH = 1.08
"""Joints are there where the comb answers with this share of what is dark, its harmonics summed up. What is
knitted answers with less."""

LINED = 0.65
"""A joint is seen as one in at least this share of the pieces of its length; what lies in a line by chance is
in no more than half."""

THIN = 0.025
"""A joint is no wider, in heights of the camera."""

PIECE = 0.08
"""A piece of a joint's length, in heights of the camera."""

CROSSED = 0.72
"""No boards but tiles where the other axis answers with more than this share of that."""

WIDTHS = (0.08, 0.6)
"""How wide boards are, in heights of the camera."""

_TRIED = 260
_POINTS = 8_000
_PLACES = 24
"""Steps from joint to joint by which a board's tone is known."""

_OWN_TONE = 0.1
"""A board is lighter or darker than others by no more, as a logarithm; what is darker lies in a shadow."""

_FAR_ROWS = 14
_REACH = 4.0
"""How far along a board a source may lie, in heights of the camera."""

_DEEPER = 1.7
"""A source may lie so many times as deep as what it is for."""

_MOST_ROWS = 80
_MOST_COLUMNS = 1100
_LEAST = 0.004
"""The least share of the boards around a hole that is out of the shadows."""

_WHOLE = 0.6
"""A source shows at least this share of a board's width."""

_EDGE, _FADE = 0.12, 1.2
"""Widths of a board: by so much beside a gap a source is judged, and so far into the gap what lies there is
gone on with."""

_AGAIN = 0.35
"""What it costs to take the same stretch twice, in parts of the usual difference."""

_JOINT = 0.12
"""A joint across a board is darker by so much than what lies left and right of it, as a logarithm."""

_JOINTED = 0.6
"""What a joint costs in a stretch as long as it is wide, in parts of the usual difference."""

_TWO_BOARDS = 0.25
"""What lies left and right of a gap is of two boards where their tones differ by more, as a logarithm."""


@dataclass(frozen=True, eq=False)
class Boards:
    """Rows of boards on a surface: ``wide`` each, with joints where ``place / wide - start`` is whole.

    ``upright`` says that they run along v, so that ``place`` is u; else they run along u.
    """

    laid: Laid
    wide: float
    start: float
    upright: bool
    strength: float

    def rows(self) -> F64:
        """By which row each pixel is on, and where between its joints, 0 … 1, as one number (H, W)."""
        return (self.laid.u if self.upright else self.laid.v) / self.wide - self.start

    def usual(self, tone: F64, lit: Mask) -> F64:
        """The usual tone (H, W) of each pixel's row, and of its place between joints, by what is ``lit``
        (H, W); a row that is hardly lit has that of all.
        """
        number = self.rows()
        row = np.floor(number)
        place = ((number - row) * _PLACES).astype(int).clip(0, _PLACES - 1)
        middle = float(np.median(tone[lit]))
        profile = np.array(
            [
                float(np.median(tone[lit & (place == k)])) if (lit & (place == k)).any() else middle
                for k in range(_PLACES)
            ]
        )
        inner = tone - profile[place]
        out = profile[place]
        for each in np.unique(row[lit]):
            mine = row == each
            own = mine & lit
            if own.sum() < 150:
                continue
            out[mine] += float(np.clip(np.median(inner[own]), -_OWN_TONE, _OWN_TONE))
        return np.asarray(out)


def boards(laid: Laid, tone: F64, known: Mask, unit: float) -> Boards | None:
    """The boards of a surface with a ``tone`` (H, W), a logarithm, where it is ``known`` (H, W); None if it
    has none. ``unit`` is a pixel of a picture of 480 rows.
    """
    points = np.flatnonzero(ndimage.binary_erosion(known, iterations=max(1, round(2 * unit))))
    if len(points) < 1000:
        return None
    points = points[:: len(points) // _POINTS + 1]
    y, x = np.divmod(points, known.shape[1])
    x, y = x + 0.5, y + 0.5
    dark_at = darker(tone, known, unit).ravel()[points]
    dark = share_of(dark_at)
    found: list[tuple[float, bool, float]] = []
    for upright, along in ((False, laid.v), (True, laid.u)):
        place = along.ravel()[points]
        widths = np.geomspace(*WIDTHS, _TRIED)
        answers = np.array([answer(place / wide, dark) for wide in widths])
        peaks = np.flatnonzero(answers == ndimage.maximum_filter1d(answers, 7))
        found += [(float(answers[k]), upright, float(widths[k])) for k in peaks]
    found.sort(reverse=True)
    fits = [_set_right(laid, each[2], each[1], x, y, dark, known.shape) for each in found[:4]]
    best = max(fits, key=lambda each: each.strength)
    crossed = max((each[0] for each in found if each[1] != best.upright), default=0.0)
    if best.strength < STRENGTH or crossed > CROSSED * best.strength:
        return None
    u, v = best.laid.u.ravel()[points], best.laid.v.ravel()[points]
    along, across = (v, u) if best.upright else (u, v)
    return best if lined(across, along, dark_at, best.wide) >= LINED else None


def darker(tone: F64, known: Mask, unit: float) -> F64:
    """By how much each known pixel is darker than what is around it (H, W)."""
    return np.asarray(np.clip(surfaces.spread_in(tone, known, 5 * unit) - tone, -0.1, 0.35))


def share_of(dark: F64) -> F64:
    """The same values about 0, as shares of all of them."""
    dark = dark - dark.mean()
    return np.asarray(dark / (np.abs(dark).sum() + 1e-9))


def answer(turns: F64, dark: F64, harmonics: int = HARMONICS) -> float:
    """How much of what is ``dark`` (n,) lies at one place of the ``turns`` (n,)."""
    once = np.exp(2j * np.pi * turns)
    power, total = np.ones_like(once), 0.0
    for _ in range(harmonics):
        power = power * once
        total += float(abs((dark * power).sum()))
    return total


def _set_right(
    laid: Laid, wide: float, upright: bool, x: F64, y: F64, dark: F64, shape: tuple[int, ...]
) -> Boards:
    """Boards near such a width, with the camera set right so that their joints are straight and even."""
    scale = np.array([0.03, 0.006, 0.01, 0.012])
    height, width = shape
    r = laid.room

    def moved(q: F64) -> tuple[Room, float]:
        d = q * scale
        room = Room(r.focal * (1 + d[0]), r.horizon + d[1], r.yaw + d[2], r.left, r.right, r.back)
        return room, wide * (1 + float(d[3]))

    def turns(q: F64) -> F64:
        room, own = moved(q)
        u, v = rooms.coordinates(room, laid.surface, x, y, width, height)
        return (u if upright else v) / own

    def cost(q: F64) -> float:
        return -100 * answer(turns(q), dark) + 0.02 * float(q @ q)

    found = optimize.minimize(
        cost,
        np.zeros(4),
        method="Powell",
        options={"maxiter": 3, "maxfev": 200, "xtol": 0.02, "ftol": 1e-4},
    ).x
    room, own = moved(found)
    bins = 96
    at = (turns(found) % 1 * bins).astype(int) % bins
    sums = np.bincount(at, dark, minlength=bins) / np.maximum(np.bincount(at, minlength=bins), 1)
    start = (float(np.argmax(ndimage.gaussian_filter1d(sums, 1.5, mode="wrap"))) + 0.5) / bins
    return Boards(
        surfaces.lay(room, laid.surface, width, height), own, start, upright, answer(turns(found), dark)
    )


def lined(along: F64, aside: F64, dark: F64, side: float) -> float:
    """The share of the pieces of joints, ``side`` apart, that are dark where points are."""
    bins = 128
    turns = along / side
    at = (turns % 1 * bins).astype(int) % bins
    sums, counts = np.bincount(at, dark, minlength=bins), np.bincount(at, minlength=bins)
    mean = ndimage.gaussian_filter1d(sums / np.maximum(counts, 1), 1.0, mode="wrap")
    start = (float(np.argmax(mean)) + 0.5) / bins
    off = turns - start
    off = np.abs(off - np.round(off)) * side
    line, beside = off < 0.4 * THIN, (off > THIN) & (off < 4 * THIN)
    number = np.round(turns - start).astype(int)
    piece = (number - number.min()) * 100_000 + ((aside - aside.min()) / PIECE).astype(int)
    _, groups = np.unique(piece, return_inverse=True)

    def by_piece(where: Mask) -> tuple[F64, NDArray[np.intp]]:
        count = np.bincount(groups[where], minlength=int(groups.max()) + 1)
        total = np.bincount(groups[where], dark[where], minlength=int(groups.max()) + 1)
        return total / np.maximum(count, 1), count

    (here, seen), (there, around) = by_piece(line), by_piece(beside)
    enough = (seen >= 2) & (around >= 4)
    if enough.sum() < 8:
        return 0.0
    step = (here - there)[enough]
    return float((step > max(0.35 * float(np.percentile(step, 75)), 0.02)).mean())


@dataclass(frozen=True, eq=False)
class OnBoards:
    """A ``texture.Filler`` that goes on with each row from a stretch of a board that meets it best.

    ``good`` (H, W) is where a source may lie: out of the shadows.
    """

    boards: Boards
    good: Mask

    def __call__(self, tone: F32, known: Mask, hole: Mask) -> F32 | None:
        """The tone (n, 3) in the ``hole`` (H, W)."""
        sheet = _Sheet.around(self.boards, known | hole, hole)
        if sheet is None:
            return None
        near = ndimage.distance_transform_edt(~known | hole, return_distances=False, return_indices=True)
        strips, gap = sheet.taken(tone[tuple(near)]), sheet.on(hole)  # nothing of what is beside comes in
        there = sheet.on(known & ~hole) & ~gap & sheet.inside
        good = there & sheet.on(self.good)
        if float(good.mean()) < _LEAST:
            return None
        sources = _Sources.of(sheet, strips, good)
        for row in np.flatnonzero(gap.any(axis=(1, 2))):
            _Row(sources, int(row), strips[row], good[row], gap[row]).fill()
        at = sheet.places(hole)
        flat = strips.reshape(-1, *strips.shape[2:])
        values = [ndimage.map_coordinates(flat[..., k], at, order=1, mode="nearest") for k in range(3)]
        return np.stack(values, axis=-1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """The rows of boards laid flat: ``tall`` cells from joint to joint, each ``step`` long.

    ``line`` and ``column`` are where a cell is in the picture, ``depth`` how deep and ``inside`` whether it
    is in view, all (rows, tall, columns). The first row is row number ``first``, the first column at ``low``.
    """

    boards: Boards
    first: int
    low: float
    step: float
    line: F64
    column: F64
    depth: F64
    inside: Mask

    @classmethod
    def around(cls, boards: Boards, seen: Mask, hole: Mask) -> _Sheet | None:
        """The rows and columns with what is ``seen`` (H, W) around a hole, and not much deeper."""
        laid, wide = boards.laid, boards.wide
        height, width = hole.shape
        along, place = (laid.v, laid.u) if boards.upright else (laid.u, laid.v)

        def depths(at: Mask) -> F64:
            return rooms.project(laid.room, laid.surface, laid.u[at], laid.v[at], width, height)[2]

        near = seen.copy()
        near[seen] = depths(seen) < _DEEPER * depths(hole).max()
        number = boards.rows()
        first, last = int(np.floor(number[near].min())), int(np.floor(number[near].max()))
        if last - first > _MOST_ROWS:
            return None
        fine, fine_across = (
            float(np.percentile(np.hypot(*np.gradient(each))[hole], 20)) + 1e-6 for each in (along, place)
        )
        middle = float(along[hole].mean())
        low, high = np.clip([along[near].min(), along[near].max()], middle - _REACH, middle + _REACH).tolist()
        step = max(fine, (high - low) / _MOST_COLUMNS)
        tall = int(np.clip(round(wide / fine_across), 6, 40))
        count = int((high - low) / step) + 2
        cells = (np.arange((last - first + 1) * tall) + 0.5) / tall
        places, lengths = np.meshgrid(
            (first + cells + boards.start) * wide, low + step * np.arange(count), indexing="ij"
        )
        u, v = (places, lengths) if boards.upright else (lengths, places)
        x, y, deep = (
            each.reshape(-1, tall, count)
            for each in rooms.project(laid.room, laid.surface, u.ravel(), v.ravel(), width, height)
        )
        inside = (x >= 0.5) & (x < width - 0.5) & (y >= 0.5) & (y < height - 0.5) & (deep > 0)
        line, column = np.clip(y - 0.5, 0, height - 1), np.clip(x - 0.5, 0, width - 1)
        return cls(boards, first, low, step, line, column, deep, inside)

    def taken(self, tone: F32) -> F32:
        """The tone (H, W, 3) at the cells."""
        at = (self.line, self.column)
        return np.stack([ndimage.map_coordinates(tone[..., k], at, order=1) for k in range(3)], axis=-1)

    def on(self, mask: Mask) -> Mask:
        """Which cells lie on a mask (H, W); those beyond the picture's edge are where its edge is."""
        return np.asarray(mask[np.round(self.line).astype(int), np.round(self.column).astype(int)])

    def places(self, hole: Mask) -> tuple[F64, F64]:
        """Where the pixels of a hole lie on the sheet: cells counted down over all rows, and columns."""
        laid, tall = self.boards.laid, self.line.shape[1]
        along = laid.v if self.boards.upright else laid.u
        down = (self.boards.rows()[hole] - self.first) * tall - 0.5
        return down, (along[hole] - self.low) / self.step

    def cells(self, widths: float) -> int:
        """So many widths of a board in columns."""
        return max(2, round(widths * self.boards.wide / self.step))


@dataclass(frozen=True, eq=False)
class _Sources:
    """Boards that others may be gone on with from, each as it is and turned about.

    ``strips`` are (n, tall, columns, 3), and ``good`` is what is seen of them; ``row`` (n,) is the row that
    each is of, and ``turned`` (n,) whether left and right are changed. ``broken`` (n, columns + 1) counts the
    columns that are of no use, ``joints`` the joints across the board; ``beside`` (n, cells, columns, 3) is
    the mean of an edge from each column on, ``used`` (rows, columns) how often a place was taken; ``profile``
    (tall, 3) is the usual tone from joint to joint, ``usual`` (3,) of all, ``spread`` how far from it pixels
    are.
    """

    sheet: _Sheet
    strips: F32
    good: Mask
    row: NDArray[np.intp]
    turned: Mask
    deep: F64
    broken: F64
    joints: F64
    beside: F32
    used: F64
    profile: F64
    usual: F64
    spread: float

    @classmethod
    def of(cls, sheet: _Sheet, strips: F32, good: Mask) -> _Sources:
        """The boards of a sheet that are ``good`` (rows, tall, columns)."""
        counts = np.maximum(good.sum(axis=(0, 2)), 1)[:, None]
        profile = np.where(good[..., None], strips, 0).sum(axis=(0, 2), dtype=np.float64) / counts
        usual = np.median(strips[good], axis=0).astype(np.float64)
        spread = float(np.abs(strips[good] - usual).mean()) + 1e-3
        whole = good.mean(axis=1) > _WHOLE
        rows = np.flatnonzero(whole.any(axis=1))
        own = _made_whole(strips[rows], good[rows], whole[rows], profile)
        turns = [(1, 1), (-1, 1), (1, -1), (-1, -1)]
        every = np.concatenate([own[:, ::down, ::along] for down, along in turns])
        fine = np.concatenate([good[rows][:, ::down, ::along] for down, along in turns])
        whole = np.concatenate([whole[rows][:, ::along] for _, along in turns])
        deep = np.concatenate([sheet.depth.mean(axis=1)[rows][:, ::along] for _, along in turns])
        turned = np.repeat([along < 0 for _, along in turns], len(rows))
        edge = sheet.cells(_EDGE)
        inner = every[:, every.shape[1] // 5 : -(every.shape[1] // 5)].mean(axis=(1, 3))
        dips = ndimage.uniform_filter1d(inner, 2 * edge + 1, axis=1) - inner
        dark = (dips > _JOINT) & (dips == ndimage.maximum_filter1d(dips, 2 * edge + 1, axis=1))
        thin = every[:, :: max(1, every.shape[1] // 12)]
        padded = np.concatenate(
            [np.zeros_like(thin[:, :, :1]), np.cumsum(thin, axis=2, dtype=np.float64)], axis=2
        )
        beside: F32 = np.zeros_like(thin)
        beside[:, :, : thin.shape[2] - edge + 1] = (padded[:, :, edge:] - padded[:, :, :-edge]) / edge
        used = np.zeros((strips.shape[0], strips.shape[2]))
        return cls(
            sheet, every, fine, np.tile(rows, 4), turned, deep, _summed(~whole), _summed(dark), beside, used,
            profile, usual, spread,
        )  # fmt: skip

    def whole(self, row: int, count: int, depth: float) -> Mask:
        """From which columns (n, columns - count + 1) a stretch is of use for a row at a depth."""
        free = self.broken[:, count:] - self.broken[:, : self.broken.shape[1] - count] == 0
        free &= self.deep[:, : free.shape[1]] < _DEEPER * depth
        return np.asarray(free & (np.abs(self.row - row) <= _FAR_ROWS)[:, None])

    def longest(self, row: int, depth: float) -> int:
        """How many columns the longest stretch has that is of use for a row at a depth."""
        low, high = 0, self.strips.shape[2]
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.whole(row, middle, depth).any() else (low, middle - 1)
        return low

    def reused(self, count: int) -> F64:
        """How often, in the mean, stretches from each column on were taken (n, columns - count + 1)."""
        ways = np.where(self.turned[:, None], self.used[self.row][:, ::-1], self.used[self.row])
        sums = _summed(ways)
        return np.asarray((sums[:, count:] - sums[:, : sums.shape[1] - count]) / count)

    def take(self, source: int, begin: int, count: int) -> F64:
        """A stretch (tall, count, 3), which is remembered as used."""
        places = np.arange(begin, begin + count)
        columns = self.used.shape[1]
        self.used[self.row[source], columns - 1 - places if self.turned[source] else places] += 1
        return self.strips[source, :, begin : begin + count].astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Row:
    """A row with gaps: its ``strip`` (tall, columns, 3), which is filled, and what is ``there`` of it."""

    sources: _Sources
    row: int
    strip: F32
    there: Mask
    gap: Mask

    def fill(self) -> None:
        """Fill the gaps, one after the other."""
        sheet = self.sources.sheet
        for part in ndimage.find_objects(ndimage.label(self.gap.any(axis=0))[0]):
            start, stop = int(part[0].start), int(part[0].stop)
            depth = float(sheet.depth[self.row, :, start:stop].max())
            longest, count = self.sources.longest(self.row, depth), stop - start
            if longest < min(count, sheet.cells(1.2)):
                self._put(start, stop, self._plain(count))
                continue
            levels = [
                self._level(start - sheet.cells(0.5), start),
                self._level(stop, stop + sheet.cells(0.5)),
            ]
            two = count > sheet.cells(0.5) and np.abs(np.diff(levels))[0] > _TWO_BOARDS
            pieces = max(-(-count // max(int(0.85 * longest), 1)) if longest < count else 1, 2 if two else 1)
            ends = (
                np.arange(pieces + 1) + np.r_[0, 0.3 * np.cos(2.4 * (self.row + 3 * np.arange(1, pieces))), 0]
            )
            cuts = [start + round(float(each) * count / pieces) for each in ends]
            for low, high in pairwise(cuts):
                self._go_on(low, high, depth)
            for cut in cuts[1:-1]:
                self._join(cut)

    def _level(self, low: int, high: int) -> float:
        """How bright columns are, as a logarithm; nan where hardly any of them is there."""
        there = self.there[:, max(low, 0) : high]
        if not there.size or there.mean() < 0.5:
            return float("nan")
        return float(np.median(self.strip[:, max(low, 0) : high].mean(axis=2)[there]))

    def _plain(self, count: int) -> F64:
        """A board without grain (tall, count, 3)."""
        return np.repeat(self.sources.profile[:, None], count, axis=1)

    def _put(self, start: int, stop: int, piece: F64) -> None:
        hidden = self.gap[:, start:stop]
        self.strip[:, start:stop][hidden] = piece[hidden]

    def _go_on(self, start: int, stop: int, depth: float) -> None:
        """Fill columns with the stretch that meets them best, bent to what lies left and right."""
        found, count = self._best(start, stop, depth), stop - start
        if found is None:
            self._put(start, stop, self._plain(count))
            return
        source, begin = found
        edge = self.sources.sheet.cells(_EDGE)
        offs = [
            self._off(source, begin - start, start - edge, start),
            self._off(source, begin - start, stop, stop + edge),
        ]
        piece = self.sources.take(source, begin, count)
        after = (np.arange(count) + 0.5)[None, :, None]
        left, right = offs
        if left is not None and right is not None:
            piece += (1 - after / count) * left.mean(axis=0) + after / count * right.mean(axis=0)
        elif left is not None or right is not None:
            piece += next(off.mean(axis=0) for off in offs if off is not None)
        else:
            near = self.there & (
                np.abs(np.arange(self.strip.shape[1]) - (start + stop) / 2)
                < count / 2 + 3 * self.sources.sheet.cells(_FADE)
            )
            own = np.median(self.strip[near], axis=0) if near.mean() > 0.02 else self.sources.usual
            piece += own - np.median(piece, axis=(0, 1))
        reach = min(self.sources.sheet.cells(_FADE), count / (1 + (left is not None and right is not None)))
        for off, away in ((left, after), (right, count - after)):
            if off is not None:
                weight = 0.5 + 0.5 * np.cos(np.pi * np.clip(away / reach, 0, 1))
                piece += weight * (off - off.mean(axis=0))[:, None]
        self._put(start, stop, piece)

    def _off(self, source: int, move: int, low: int, high: int) -> F64 | None:
        """By how much a source that is moved along is off in columns (tall, 3); None if that is unknown."""
        first, last = low + move, high + move
        if low < 0 or first < 0 or max(high, last) > self.strip.shape[1]:
            return None
        both = self.there[:, low:high] & self.sources.good[source, :, first:last]
        if both.mean() < 0.4:
            return None
        apart = self.strip[:, low:high] - self.sources.strips[source, :, first:last]
        mean = np.where(both[..., None], apart, 0.0).sum(axis=1) / np.maximum(both.sum(axis=1), 1)[:, None]
        at, have = np.arange(len(mean)), np.flatnonzero(both.any(axis=1))
        mean = np.stack([np.interp(at, have, mean[have, k]) for k in range(3)], axis=1)
        return np.asarray(ndimage.gaussian_filter1d(mean, 0.7, axis=0), np.float64)

    def _best(self, start: int, stop: int, depth: float) -> tuple[int, int] | None:
        """The source, and the column in it, that goes best between what lies left and right of columns."""
        sources, count, columns = self.sources, stop - start, self.strip.shape[1]
        whole = sources.whole(self.row, count, depth)
        if not whole.any():
            return None
        edge = sources.sheet.cells(_EDGE)
        begin = np.arange(whole.shape[1])
        valid, apart = np.ones(whole.shape, bool), []
        for low in (start - edge, stop):
            if low < 0 or low + edge > columns:
                continue
            there = self.there[:, low : low + edge]
            if not there.any(axis=1).all() or there.mean() < 0.6:
                continue
            own = (
                np.where(there[..., None], self.strip[:, low : low + edge], 0).sum(axis=1)
                / there.sum(axis=1)[:, None]
            )
            own = own[:: max(1, len(own) // 12)]
            at = begin + low - start
            valid &= (at >= 0) & (at <= columns - edge)
            at = np.clip(at, 0, columns - edge)
            valid &= sources.broken[:, at + edge] - sources.broken[:, at] == 0
            apart.append(own[None, :, None] - sources.beside[:, :, at])
        cost = np.zeros(whole.shape)
        if apart:
            off = np.stack(apart)  # (sides, sources, cells, columns, 3)
            level = off.mean(axis=(0, 2), keepdims=True)
            wrong = np.abs(off - level).mean(axis=(0, 2, 4)) + 0.4 * np.abs(level[0, :, 0]).mean(axis=-1)
            cost = np.where(valid, wrong / sources.spread, 2.0)
        long = max(count / sources.sheet.cells(1.0), 1.0)
        crossed = sources.joints[:, count:] - sources.joints[:, : sources.joints.shape[1] - count]
        cost = cost + _AGAIN * sources.reused(count) + _JOINTED / long * crossed
        source, at_column = np.unravel_index(int(np.argmin(np.where(whole, cost, np.inf))), cost.shape)
        return int(source), int(at_column)

    def _join(self, cut: int) -> None:
        """Draw a joint across the board at a column."""
        dark = self.sources.profile.mean(axis=1) - float(np.median(self.sources.profile))
        tall = len(dark)
        wide = self.sources.sheet.cells(1.0)
        columns = np.arange(max(cut - wide // 5, 0), min(cut + wide // 5 + 1, self.strip.shape[1]))
        turns = ((columns - cut) / wide * tall - 0.5) % tall  # the profile goes from joint to joint
        depth = np.minimum(np.interp(turns, np.arange(tall + 1), np.r_[dark, dark[0]]), 0.0)
        hidden = self.gap[:, columns]
        self.strip[:, columns] += (depth[None, :] * hidden)[..., None].astype(np.float32)


def _summed(values: NDArray[np.generic]) -> F64:
    """Sums from the first column on (n, columns + 1)."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=np.float64)], axis=1)


def _made_whole(strips: F32, good: Mask, whole: Mask, profile: F64) -> F32:
    """The strips (n, tall, columns, 3) with what is missing in columns that are nearly ``whole`` (n, columns)
    made like what lies nearest in these.
    """
    out, cells = strips.copy(), np.arange(good.shape[1])
    for row in np.flatnonzero((~good & whole[:, None]).any(axis=(1, 2))):
        at, column = np.nonzero(~good[row] & whole[row])
        apart = np.where(good[row][:, column], np.abs(cells[:, None] - at), len(cells) + 1)
        like = apart.argmin(axis=0)
        out[row, at, column] = strips[row, like, column] + profile[at] - profile[like]
    return out
