"""One flat surface laid out: its light, its pattern, and what it looks like where it is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, sparse
from scipy.sparse.linalg import spsolve

from tools import room_box as rooms
from tools.inpainting.computed.rug import clusters
from tools.room_box import F64, Room

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
_CELL = 0.012
EPS = 6.0
"""Added to a value, 0 to 255, before its logarithm is taken."""


SHINES = (0.9, 1.3)
"""How far a lamp's light on a wall reaches, in heights of the camera."""

SHINE = (0.03, 0.5)
"""How much it adds at its brightest, as a logarithm; less is not seen, more is something else."""


@dataclass(frozen=True, eq=False)
class Laid:
    """A surface's pixels in a picture and their places on it; fields are (H, W) or (H, W, 3)."""

    room: Room
    surface: int
    u: F64
    v: F64


def lay(room: Room, surface: int, width: int, height: int) -> Laid:
    """Lay a surface of a room flat, for a picture of this size."""
    y, x = np.mgrid[:height, :width] + 0.5
    u, v = rooms.coordinates(room, surface, x, y, width, height)
    return Laid(room, surface, u, v)


def _bases(laid: Laid) -> list[F64]:
    """Shapes that the light of a room takes on a surface: even, falling off to the walls and corners."""
    r, u, v = laid.room, laid.u, laid.v

    def near(distance: F64, reach: float) -> F64:
        return np.clip(1 - distance / reach, 0, 1) ** 2

    out = [np.ones_like(u), u / 3, v / 3]
    if laid.surface == rooms.FLOOR:
        edge = np.minimum(np.minimum(u + r.left, r.right - u), r.back - v)
        return [*out, near(edge, 0.3), near(edge, 0.55)]
    corner = np.minimum(u + r.left, r.right - u) if laid.surface == rooms.BACK else r.back - u
    return [*out, near(corner, 0.4), near(corner, 0.75), near(v, 0.2), near(v, 0.4)]


def light(laid: Laid, log: F64, known: Mask) -> F64:
    """The room's light on the surface, as a logarithm (H, W), fitted to the known pixels.

    Shadows and lamps are left out as outliers: a known pixel counts less, the farther it is from the fit.
    """
    chosen = _some(known, 4000)
    bases = np.stack([base.ravel() for base in _bases(laid)])
    x, _ = _fitted(bases[:, chosen].T, log.ravel()[chosen].astype(np.float64), 12)
    return np.asarray((x @ bases).reshape(known.shape))


def shine(laid: Laid, log: F64, known: Mask, place: tuple[int, int]) -> F64:
    """The light that a lamp at a ``place`` (row, column) throws on a wall, as a logarithm (H, W), 0 where it
    throws none.

    It is strongest at one point of the wall, near where the lamp is seen before it, and falls off around.
    """
    none = np.zeros(known.shape)
    chosen = _some(known, 1500)
    bases = np.stack([base.ravel()[chosen] for base in _bases(laid)], axis=1)
    u, v, y = laid.u.ravel()[chosen], laid.v.ravel()[chosen], log.ravel()[chosen].astype(np.float64)
    _, error = _fitted(bases, y, 5)
    found: tuple[float, tuple[float, float, float]] | None = None
    for du in np.arange(-0.75, 0.76, 0.25):
        for dv in (-0.3, 0.0, 0.3):
            for reach in SHINES:
                at = float(laid.u[place]) + du, float(laid.v[place]) + dv, reach
                x, left = _fitted(np.column_stack((bases, _falling(u, v, at))), y, 5)
                if SHINE[0] < x[-1] < SHINE[1] and left < 0.9 * error and (found is None or left < found[0]):
                    found = left, at
    if found is None:
        return none
    glow = _falling(laid.u, laid.v, found[1])
    x, _ = _fitted(np.column_stack((bases, glow.ravel()[chosen])), y, 12)
    return np.asarray(glow * max(float(x[-1]), 0.0))


def _falling(u: F64, v: F64, at: tuple[float, float, float]) -> F64:
    """1 at a point of a surface, falling to 0 at a distance: ``at`` is (u, v, distance)."""
    return np.asarray(np.clip(1 - np.hypot(u - at[0], v - at[1]) / at[2], 0, 1) ** 2)


def _some(known: Mask, most: int) -> NDArray[np.intp]:
    """Some of the known pixels, evenly, as flat indices."""
    chosen = np.flatnonzero(known)
    return chosen[:: len(chosen) // most + 1] if len(chosen) > most else chosen


def _fitted(a: F64, y: F64, rounds: int) -> tuple[F64, float]:
    """Weights (k,) of the columns of ``a`` (n, k) that sum up to ``y`` (n,) for most rows, and the median
    error. Rows that lie above the fit are outliers later than those below it.
    """
    weight = np.ones(len(y))
    ridge = np.diag([0.0, *[0.002 * len(y)] * (a.shape[1] - 1)])
    x: F64 = np.zeros(a.shape[1])
    rest = y
    for _ in range(rounds):
        aw = a * weight[:, None]
        x = np.asarray(
            np.linalg.solve(aw.T @ a + ridge + 1e-9 * np.eye(a.shape[1]), aw.T @ y), dtype=np.float64
        )
        rest = y - a @ x
        spread = np.median(np.abs(rest)) * 1.5 + 0.02
        weight = 1 / (1 + (rest / np.where(rest < 0, spread, 2 * spread)) ** 2)
    return x, float(np.median(np.abs(rest)))


def evened(logs: F32, base: F64, known: Mask, by_light: float = 0.8, level: float = 50) -> F64:
    """How much lighter or darker than the room's light each known pixel is, its own colour aside; (H, W).

    The colours of the surface are told apart and each is set to 0, so that what is left is light.
    """
    rest = logs - base[..., None]
    feature = np.stack(
        [rest.mean(axis=2) * by_light, rest[..., 0] - rest[..., 1], rest[..., 1] - rest[..., 2]], axis=-1
    )[known].astype(np.float64)
    kind, _ = clusters(feature, 4)
    value = rest[known].mean(axis=1).astype(np.float64)
    for k in range(4):
        if (kind == k).any():
            value[kind == k] -= np.percentile(value[kind == k], level)
    out = np.zeros(known.shape)
    out[known] = value
    return out


def spread_in(field: F64, known: Mask, wide: float) -> F64:
    """The field smoothed over its known pixels and carried on, ever more smoothly, where none are near."""
    total, weight = np.zeros(field.shape), np.full(field.shape, 1e-12)
    here, value = known.astype(np.float64), np.where(known, field, 0.0)
    for k in range(5):  # each scale counts where the finer ones have next to nothing
        share = 0.03**k
        weight += share * blurred(here, wide * 2**k)
        total += share * blurred(value, wide * 2**k)
    return np.asarray(total / weight)


def blurred(field: F64, sigma: float) -> F64:
    """A Gaussian blur, on a coarser grid where it is wide."""
    step = max(1, int(sigma // 3))
    if step == 1:
        return ndimage.gaussian_filter(field, sigma, mode="constant")
    h, w = field.shape
    padded = np.pad(field, ((0, -h % step), (0, -w % step)))
    small = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean(axis=(1, 3))
    small = ndimage.gaussian_filter(small, sigma / step, mode="constant")
    return np.asarray(_between(h, step, len(small)) @ small @ _between(w, step, small.shape[1]).T)


def _between(size: int, step: int, count: int) -> F64:
    """The weights (size, count) that carry ``count`` middles of steps over to single pixels, linearly."""
    place = np.clip((np.arange(size) + 0.5) / step - 0.5, 0, count - 1)
    return np.asarray(np.clip(1 - np.abs(place[:, None] - np.arange(count)), 0, None))


@dataclass(frozen=True, eq=False)
class Shifts:
    """Ways to move along a surface, (n, 2), and how unlike itself it is after each: 0 equal, 1 unrelated."""

    moves: F64
    unlike: F64


def _correlation(laid: Laid, tone: F32, known: Mask) -> tuple[F64, int, int]:
    """How unlike itself a surface is after each move along it, and the row and column of no move."""
    u, v = laid.u[known], laid.v[known]
    u0, v0 = float(u.min()), float(v.min())
    columns, rows = (min(int((float(a.max()) - float(a.min())) / _CELL) + 1, 700) for a in (u, v))
    iu, iv = ((u - u0) / _CELL).astype(int), ((v - v0) / _CELL).astype(int)
    inside = (iu < columns) & (iv < rows)
    at = iv[inside] * columns + iu[inside]
    size = rows * columns
    n: F64 = np.bincount(at, minlength=size).reshape(rows, columns).astype(np.float64)
    tones = tone[known][inside]
    values: list[F64] = [
        np.asarray(np.bincount(at, tones[:, k], minlength=size).reshape(rows, columns), dtype=np.float64)
        for k in range(3)
    ]
    # far away a pixel covers several cells: give it to its neighbours too
    wide = np.clip(blurred(n, 1.0), 0, None)
    full = wide > 0.05
    cells = [np.where(full, blurred(value, 1.0) / np.maximum(wide, 1e-6), 0.0) for value in values]
    shape = (2 * rows, 2 * columns)
    mask_f = np.fft.rfft2(full.astype(np.float64), shape)
    pairs = np.fft.irfft2(mask_f * mask_f.conj(), shape)
    distance = np.zeros(shape)
    variance = 0.0
    for value in cells:
        value = np.where(full, value - value[full].mean(), 0.0)
        f = np.fft.rfft2(value, shape)
        square = np.fft.rfft2(value * value, shape)
        product = np.fft.irfft2(f * f.conj(), shape)
        sums = np.fft.irfft2(square * mask_f.conj() + square.conj() * mask_f, shape)
        distance += sums - 2 * product
        variance += float((value[full] ** 2).mean())
    enough = pairs > max(0.04 * full.sum(), 60)
    unlike = np.where(enough, distance / np.maximum(pairs, 1) / max(2 * variance, 1e-6), np.inf)
    return np.roll(unlike, (rows, columns), axis=(0, 1)), rows, columns


@dataclass(frozen=True, eq=False)
class Lattice:
    """How a pattern repeats: its periods along a surface's axes (0 where it does not), and what is repeated.

    ``cells`` (rows, columns, 3) is the mean tone by phase; ``share`` how much of the variance of pixels that
    were left out it explains.
    """

    laid: Laid
    across: float
    up: float
    cells: F64
    share: float


_BINS = 24


_FINE_BINS = 64


def _phases(u: F64, v: F64, across: float, up: float, bins: int = _BINS) -> tuple[F64, F64, int, int]:
    columns, rows = (bins if across else 1), (bins if up else 1)
    a = (u / across % 1.0) * columns if across else np.zeros_like(u)
    b = (v / up % 1.0) * rows if up else np.zeros_like(v)
    return a, b, rows, columns


def _means(
    u: F64, v: F64, tone: F64, across: float, up: float, bins: int = _BINS, *, filled_in: bool = False
) -> tuple[F64, NDArray[np.intp]]:
    a, b, rows, columns = _phases(u, v, across, up, bins)
    at = np.minimum(b.astype(int), rows - 1) * columns + np.minimum(a.astype(int), columns - 1)
    n: F64 = np.bincount(at, minlength=rows * columns).astype(np.float64)
    sums: F64 = np.zeros((rows * columns, tone.shape[1]))
    for k in range(tone.shape[1]):
        sums[:, k] = np.bincount(at, tone[:, k], minlength=rows * columns)
    usual, prior = tone.mean(axis=0)[None], np.ones_like(n)
    if filled_in or bins > _BINS:  # phases that are hardly seen are like those beside them
        usual, prior = _nearby(n, sums, rows, columns), np.where(n < 4, 3.0, 0.0)
    cells = (sums + prior[:, None] * usual) / (n + prior)[:, None]
    return cells, at


def _nearby(n: F64, sums: F64, rows: int, columns: int) -> F64:
    """The mean around each phase (rows x columns, channels), from counts and sums by phase."""
    total, weight = np.zeros((rows, columns, sums.shape[1])), np.full((rows, columns, 1), 1e-9)
    counts = n.reshape(rows, columns, 1)
    for wide, share in ((0.8, 1.0), (2.0, 0.02), (6.0, 1e-4)):
        sigma = (wide if rows > 1 else 0, wide if columns > 1 else 0, 0)
        total += share * ndimage.gaussian_filter(sums.reshape(total.shape), sigma, mode="wrap")
        weight += share * ndimage.gaussian_filter(counts, sigma, mode="wrap")
    return np.asarray((total / weight).reshape(sums.shape))


def _left_over(u: F64, v: F64, tone: F64, across: float, up: float) -> float:
    cells, at = _means(u, v, tone, across, up)
    return float(np.minimum((tone - cells[at]) ** 2, 0.3).mean())


def _held_out(u: F64, v: F64, tone: F64, across: float, up: float, *, filled_in: bool = False) -> float:
    """The share of the variance that the means by phase of every other repeat explain of those between.

    ``filled_in``: phases that are not seen there look like those beside them.
    """
    total = rest = 0.0
    index = np.zeros(u.shape)
    if across:
        index += np.floor(u / across)
    if up:
        index += np.floor(v / up)
    block: Mask = np.asarray(index % 2 == 0)
    if block.all() or not block.any():
        return 0.0
    for part in (block, ~block):
        mean = tone[~part].mean(axis=0)
        cells, _ = _means(u[~part], v[~part], tone[~part], across, up, filled_in=filled_in)
        a, b, rows, columns = _phases(u[part], v[part], across, up)
        at = np.minimum(b.astype(int), rows - 1) * columns + np.minimum(a.astype(int), columns - 1)
        rest += float(((tone[part] - cells[at]) ** 2).sum())
        total += float(((tone[part] - mean) ** 2).sum())
    return 1 - rest / max(total, 1e-9)


def lattice(laid: Laid, tone: F32, known: Mask, most: float = 1.0) -> Lattice:
    """Find how the pattern on a surface repeats, and set the camera right so that it does so evenly.

    No repeat is longer than ``most`` of the surface's extent in its direction.
    """
    rng = np.random.default_rng(0)
    points = np.flatnonzero(known)
    if len(points) > 6000:
        points = np.sort(rng.choice(points, 6000, replace=False))
    height, width = known.shape
    y, x = np.divmod(points, width)
    x, y = x + 0.5, y + 0.5
    value = tone.reshape(-1, 3)[points].astype(np.float64)
    u, v = laid.u.ravel()[points], laid.v.ravel()[points]
    across, up = _periods(laid, tone, known)
    periods = sorted({*across, *up})
    across, up = ([each for each in periods if each <= most * float(np.ptp(along))] for along in (u, v))
    best = (0.02, 0.0, 0.0)
    for a in (0.0, *across):
        for b in (0.0, *up):
            if a or b:
                share = _held_out(u[::3], v[::3], value[::3], a, b) - 0.01 * bool(a and b)
                if share > best[0]:
                    best = (share, a, b)
    _, a, b = best
    if not a and not b:
        return Lattice(laid, 0.0, 0.0, value.mean(axis=0)[None, None], 0.0)

    r = laid.room
    scale = np.array([0.03, 0.006, 0.01, 0.03, 0.012, 0.012])

    def moved(q: F64) -> tuple[Room, float, float]:
        d = q * scale
        focal, horizon, yaw, side = r.focal * (1 + d[0]), r.horizon + d[1], r.yaw + d[2], 1 + d[3]
        room = Room(focal, horizon, yaw, r.left * side, r.right * side, r.back * side)
        return room, a * (1 + d[4]), b * (1 + d[5])

    def cost(q: F64) -> float:
        room, across, up = moved(q)
        uu, vv = rooms.coordinates(room, laid.surface, x, y, width, height)
        return _left_over(uu, vv, value, across, up) * 1000 + 0.02 * float(q @ q)

    found = optimize.minimize(
        cost,
        np.zeros(6),
        method="Powell",
        options={"maxiter": 3, "maxfev": 260, "xtol": 0.02, "ftol": 1e-4},
    )
    room, a, b = moved(found.x)
    laid = lay(room, laid.surface, width, height)
    u, v = laid.u.ravel()[points], laid.v.ravel()[points]
    share = _held_out(u, v, value, a, b)
    cells, _ = _means(u, v, value, a, b)
    _, _, rows, columns = _phases(u[:1], v[:1], a, b)
    return Lattice(laid, a, b, cells.reshape(rows, columns, 3), share)


def fitted_near(pattern: Lattice, tone: F32, near: Mask) -> Lattice:
    """The same repeats, set right for ``near`` (H, W) alone, where they may lie a little askew.

    Shorter repeats are taken where they do better, and those along the other axis are sought where none were.
    Its means are finer, for they are to be seen.
    """
    if not pattern.across and not pattern.up:
        return pattern
    points = np.flatnonzero(near)
    points = points[:: len(points) // 5000 + 1]
    value = tone.reshape(-1, 3)[points].astype(np.float64)
    u, v = pattern.laid.u.ravel()[points], pattern.laid.v.ravel()[points]
    middle = float(u.mean()), float(v.mean())
    across, up = _likely(pattern.across), _likely(pattern.up)
    # where bricks are set off from row to row, every other row is alike
    if not pattern.across or not pattern.up:
        across, up = (
            [*each, (2 * period, 0.02)] if period else each
            for each, period in ((across, pattern.across), (up, pattern.up))
        )
    options = [
        (_held_out(u, v, value, a, b) - dear - odd, dear + odd, a, b) for a, dear in across for b, odd in up
    ]
    fits = [
        (doubt, _fit_near(u - middle[0], v - middle[1], middle, value, a, b))
        for _, doubt, a, b in sorted(options, reverse=True)[:3]
    ]
    share, a, b, aside, down = max(fits, key=lambda each: each[1][0] - each[0])[1]
    laid = pattern.laid
    laid = replace(laid, u=laid.u + aside * (laid.v - middle[1]), v=laid.v + down * (laid.u - middle[0]))
    u, v = laid.u.ravel()[points], laid.v.ravel()[points]
    share = max(share, _held_out(u, v, value, a, b, filled_in=True))
    cells = np.zeros(((_FINE_BINS if b else 1), (_FINE_BINS if a else 1), 3))
    return again(Lattice(laid, a, b, cells, share), tone, near)


def _fit_near(
    u: F64, v: F64, middle: tuple[float, float], value: F64, across: float, up: float
) -> tuple[float, float, float, float, float]:
    """How well repeats explain values at points about a middle, the repeats, and how much they lie askew."""

    def moved(q: F64) -> tuple[F64, F64, float, float]:
        aside, down = u + middle[0] + 0.02 * q[2] * v, v + middle[1] + 0.02 * q[3] * u
        return aside, down, across * (1 + 0.015 * float(q[0])), up * (1 + 0.015 * float(q[1]))

    def cost(q: F64) -> float:
        aside, down, a, b = moved(q)
        return _left_over(aside, down, value, a, b) * 1000 + 0.02 * float(q @ q)

    found = optimize.minimize(cost, np.zeros(4), method="Powell", options={"maxiter": 2, "maxfev": 120})
    aside, down, a, b = moved(found.x)
    share = _held_out(aside, down, value, a, b)
    return share, a, b, 0.02 * float(found.x[2]), 0.02 * float(found.x[3])


def _likely(period: float) -> list[tuple[float, float]]:
    """Periods that a surface may have nearby along an axis, and how much more each must explain to be it.

    They are the one that was found or parts of it; where none was, none or any.
    """
    if period:
        return [(period / k, 0.04 * (k - 1)) for k in range(1, 5) if k == 1 or period / k > 0.08]
    return [(0.0, 0.0), *((float(each), 0.05 + 0.05 * float(each)) for each in np.arange(0.12, 1.0, 0.01))]


def again(pattern: Lattice, tone: F32, known: Mask) -> Lattice:
    """The same repeats, with the means of another tone."""
    u, v = pattern.laid.u[known], pattern.laid.v[known]
    bins = max(pattern.cells.shape[:2])
    cells, _ = _means(u, v, tone[known].astype(np.float64), pattern.across, pattern.up, bins)
    return replace(pattern, cells=cells.reshape(pattern.cells.shape))


def seen_before(pattern: Lattice, known: Mask, where: Mask) -> float:
    """The share of the pixels ``where`` (H, W) whose place in the repeats is ``known`` (H, W) elsewhere."""
    laid, across, up = pattern.laid, pattern.across, pattern.up
    a, b, rows, columns = _phases(laid.u[known], laid.v[known], across, up)
    count = np.zeros((rows, columns))
    np.add.at(count, (np.minimum(b.astype(int), rows - 1), np.minimum(a.astype(int), columns - 1)), 1)
    a, b, _, _ = _phases(laid.u[where], laid.v[where], across, up)
    return float(
        (count[np.minimum(b.astype(int), rows - 1), np.minimum(a.astype(int), columns - 1)] > 3).mean()
    )


def _periods(laid: Laid, tone: F32, known: Mask) -> tuple[list[float], list[float]]:
    """Likely periods along the two axes, by the correlation of the surface with itself."""
    unlike, rows, columns = _correlation(laid, tone, known)
    out = []
    for line, middle in (
        (unlike[rows - 2 : rows + 3].min(axis=0), columns),
        (unlike[:, columns - 2 : columns + 3].min(axis=1), rows),
    ):
        half = line[middle:]
        low = ndimage.minimum_filter1d(half, 5)
        far = np.arange(len(half)) * _CELL
        at = np.flatnonzero((half == low) & np.isfinite(half) & (far > 0.065) & (far < 1.0))
        at = at[np.argsort(half[at])][:7]
        first = [float(k) for k in sorted(at)[:9]]
        fine = []
        for k in first:
            i = int(k)
            if 0 < i < len(half) - 1 and np.isfinite(half[i - 1 : i + 2]).all():
                bend = half[i - 1] - 2 * half[i] + half[i + 1]
                k += float(0.5 * (half[i - 1] - half[i + 1]) / bend) if bend > 1e-9 else 0.0
            fine.append(k * _CELL)
        out.append(fine)
    return out[0], out[1]


def moves(pattern: Lattice) -> Shifts:
    """The ways to move along a surface that keep its pattern, nearest first."""
    a, b = pattern.across or 0.17, pattern.up or (0.13 if pattern.across else 0.11)
    i, j = np.meshgrid(np.arange(-16, 17), np.arange(-16, 17))
    out = np.stack([i.ravel() * a, j.ravel() * b], axis=1)
    far = np.hypot(out[:, 0], out[:, 1])
    keep = (far > 0.01) & (far < 3.0)
    out, far = out[keep], far[keep]
    order = np.argsort(far)[:160]
    return Shifts(out[order], 0.12 * far[order])


def phase_mean(pattern: Lattice, u: F64, v: F64) -> F32:
    """The pattern's mean tone at points of the surface, (n, 3)."""
    a, b, _, _ = _phases(u, v, pattern.across, pattern.up, max(pattern.cells.shape[:2]))
    out = np.empty((len(u), 3), dtype=np.float32)
    padded = np.pad(pattern.cells, ((1, 1), (1, 1), (0, 0)), mode="wrap")
    for k in range(3):
        out[:, k] = ndimage.map_coordinates(padded[..., k], (b + 0.5, a + 0.5), order=1, mode="nearest")
    return out


def filled(
    laid: Laid, tone: F32, known: Mask, hole: Mask, ways: Shifts, uses: Sequence[int] | None = None
) -> tuple[F32, NDArray[np.bool_], list[int]]:
    """The surface's tone at the hole's pixels (n, 3), which of them have a source, and the moves used.

    ``uses`` limits it to these of the ways, by index; a pixel without a source has tone 0.
    """
    height, width = known.shape
    u, v = laid.u[hole], laid.v[hole]
    out = np.zeros((len(u), 3), dtype=np.float32)
    have = np.zeros(len(u), dtype=bool)
    solid = ndimage.binary_erosion(known, iterations=1, border_value=0)
    depth = _depth(laid, u, v, width, height)
    some = np.arange(0, len(u), max(1, len(u) // 800))
    options = []
    order = range(len(ways.moves)) if uses is None else uses
    used: list[int] = []
    for index in order:
        move, unlike = ways.moves[index], ways.unlike[index]
        seen = _sees(laid, solid, u[some] + move[0], v[some] + move[1], depth[some])
        options.append((index, seen, float(unlike), move))
    left = np.ones(len(some), dtype=bool)
    while options and left.any():
        gains = [(left & seen).sum() * max(1.35 - unlike, 0.05) for _, seen, unlike, _ in options]
        best = int(np.argmax(gains))
        index, seen, _, move = options.pop(best)
        if not (left & seen).sum():
            break
        left &= ~seen
        used.append(index)
        part = np.flatnonzero(~have)
        part = part[_sees(laid, solid, u[part] + move[0], v[part] + move[1], depth[part])]
        x, y, _ = rooms.project(laid.room, laid.surface, u[part] + move[0], v[part] + move[1], width, height)
        for k in range(3):
            out[part, k] = ndimage.map_coordinates(tone[..., k], (y - 0.5, x - 0.5), order=1, mode="nearest")
        have[part] = True
    return out, have, used


def _depth(laid: Laid, u: F64, v: F64, width: int, height: int) -> F64:
    return rooms.project(laid.room, laid.surface, u, v, width, height)[2]


def _sees(laid: Laid, solid: Mask, u: F64, v: F64, depth: F64) -> Mask:
    """Whether a point of the surface is known and not much farther than where it is needed."""
    height, width = solid.shape
    x, y, far = rooms.project(laid.room, laid.surface, u, v, width, height)
    inside = (x >= 1) & (x < width - 1) & (y >= 1) & (y < height - 1) & (far > 0) & (far < 1.7 * depth)
    column, row = np.clip(x, 0, width - 1).astype(int), np.clip(y, 0, height - 1).astype(int)
    return np.asarray(inside & solid[row, column])


_AT_ONCE = 40_000
"""For how many pixels at most a smooth surface is found without a coarser grid."""


def carried_on(field: F64, known: Mask, far: F64, reach: float) -> F64:
    """The field (H, W, n), carried on where it is not known by the smoothest one that meets it.

    Some ``reach`` pixels from what is known it comes to ``far``, (H, W, n). A large one is found on a coarser
    grid.
    """
    step = int(np.ceil(np.sqrt((~known).sum() / _AT_ONCE))) or 1
    part = np.s_[::step, ::step]
    change = _smoothest(field[part], known[part], far[part], reach / step) - field[part]
    if step == 1:
        return field + change
    at = np.mgrid[: field.shape[0], : field.shape[1]] / step
    grown = [
        ndimage.map_coordinates(change[..., k], at, order=1, mode="nearest") for k in range(change.shape[2])
    ]
    return field + np.where(known[..., None], 0.0, np.dstack(grown))


def _smoothest(field: F64, known: Mask, far: F64, reach: float) -> F64:
    """The field (H, W, n), carried on where it is not known by the smoothest one that meets it.

    Some ``reach`` pixels from what is known it comes to ``far``, (H, W, n).
    """
    pull = reach**-2
    height, width = known.shape
    number = np.full(known.shape, -1)
    unknown = ~known
    count = int(unknown.sum())
    number[unknown] = np.arange(count)
    right = pull * far[unknown]
    degree = np.zeros(count)
    rows, columns = [], []
    for down, across in ((0, 1), (1, 0)):
        one = np.s_[: height - down, : width - across]
        two = np.s_[down:, across:]
        for a, b in ((one, two), (two, one)):
            here = unknown[a]
            me, you = number[a][here], number[b][here]
            degree += np.bincount(me, minlength=count)
            inner = you >= 0
            rows.append(me[inner])
            columns.append(you[inner])
            np.add.at(right, me[~inner], field[b][here][~inner])
    i, j = np.concatenate(rows), np.concatenate(columns)
    matrix = sparse.diags(degree + pull) - sparse.coo_matrix((np.ones(len(i)), (i, j)), (count, count))
    out = field.copy()
    out[unknown] = spsolve(matrix.tocsc(), right).reshape(count, -1)
    return out
