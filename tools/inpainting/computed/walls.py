"""Taking down what hangs on a wall: its soft shadow goes with it, and the wall's own light goes on behind it.

A hung thing's shadow is that of a box with a soft edge, a little lower than the thing. It is fitted to what
is darker around the thing than the wall's light and pattern, and taken off by a gain, so that shadows of
other things and the wall's texture stay as they are. Where the thing was, what light and pattern leave over
is the smoothest surface through what is seen around it, so that there is no step (the membrane of Pérez,
Gangnet and Blake, "Poisson image editing", SIGGRAPH 2003). A tile or brick of which a part was seen goes on
in its own tone. Behind a texture of chance, such as concrete, lies a part of the wall that fits around the
thing, if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from tools import room_box as rooms
from tools.inpainting.computed import panels, surfaces, texture
from tools.inpainting.computed.rug import clusters
from tools.inpainting.computed.surfaces import F32, Laid, Lattice, Mask
from tools.room_box import F64

AROUND = 0.35
"""How far around a thing, in heights of the camera, its shadow is looked for."""

_DEEPEST = -0.6
"""What is darker than the wall by more, as a logarithm, is no shadow of a thing that hangs on it."""

EVEN = 0.006
"""A wall whose pixels differ by less than this from those around them, as a logarithm, is even."""

REGULAR = 0.45
"""A pattern that explains more than this share of its wall's variance is known by the mean of its repeats."""

EXACT = 0.955
"""Tiles and bricks are as regular as that when their mean and their tones tell this share of what is seen; of
what is woven they tell less."""

SEEN = 0.9
"""So much of what is hidden is seen in other repeats, where the mean of these is to go on."""

ALIKE = 0.35
"""A part of a wall is like another when they differ by less than this share of the other's variance."""

STRIPED = 0.8
"""The same for what repeats along one axis alone."""


@dataclass(frozen=True, eq=False)
class Wall:
    """A wall with what is known of it: (H, W), values as logarithms.

    ``plain`` is how the picture differs from the wall's light, ``mean`` what its pattern foretells of that,
    both (H, W, 3). ``free`` is where it is in view, but for a rim around things, ``near`` where the pattern
    was measured. ``laid`` is where its pixels lie on it, ``pattern`` what repeats.
    """

    kind: Literal["even", "regular", "of chance"]
    laid: Laid
    pattern: Lattice
    plain: F32
    mean: F32
    free: Mask
    near: Mask


@dataclass(frozen=True, eq=False)
class Behind:
    """What a wall shows without a thing, what it showed but for its shadow, and what is foretold of that.

    All as logarithms beside the wall's light, (H, W, 3).
    """

    shown: F64
    bare: F64
    foretold: F64


def wall_of(pattern: Lattice, plain: F32, mask: Mask, sure: Mask, free: Mask, unit: float) -> Wall:
    """A wall around ``mask``, by the pixels of it that are ``sure``; ``unit`` is a pixel of 480 rows."""
    laid, mean = pattern.laid, np.zeros_like(plain)
    if _is_even(plain, sure, unit):
        return Wall("even", laid, pattern, plain, mean, free, sure)
    near, found = _regular(pattern, plain, mask, sure)
    if found is not None:
        return Wall("regular", laid, found, plain, _mean(found), free, near)
    lined = panels.panels(laid, plain, sure, unit)
    if lined is not None:
        return Wall("of chance", lined.laid, lined, plain, _mean(lined), free, near)
    return Wall("of chance", laid, pattern, plain, mean, free, near)


def _is_even(plain: F32, sure: Mask, unit: float) -> bool:
    bright = plain.mean(axis=2).astype(np.float64)
    return bool(np.median(np.abs(bright - surfaces.spread_in(bright, sure, 4 * unit))[sure]) < EVEN)


def _regular(pattern: Lattice, plain: F32, mask: Mask, sure: Mask) -> tuple[Mask, Lattice | None]:
    """Where the pattern around ``mask`` is measured, and the repeats there if they are regular."""
    near = sure & (distance(pattern.laid, mask) < max(0.7, 2.5 * pattern.across, 2.5 * pattern.up))
    near = near if near.sum() > 0.02 * sure.sum() else sure
    found = surfaces.fitted_near(pattern, plain, near)
    return near, found if found.share > (REGULAR if found.across and found.up else STRIPED) else None


def _mean(pattern: Lattice) -> F32:
    at = pattern.laid
    return surfaces.phase_mean(pattern, at.u.ravel(), at.v.ravel()).reshape(*at.u.shape, 3)


@dataclass(frozen=True, eq=False)
class Repeats:
    """What repeats on a surface, with the tones of its tiles or bricks: logarithms beside its light.

    ``mean`` (H, W, 3) is what the pattern foretells, ``tones`` (H, W) how much lighter or darker each piece
    is, by what is seen of it; one that is hidden looks like one of the others.
    """

    pattern: Lattice
    mean: F32
    tones: F64


def repeats(pattern: Lattice, plain: F32, mask: Mask, sure: Mask, part: Mask, unit: float) -> Repeats | None:
    """The repeats of a surface near ``mask`` by the pixels of it that are ``sure``; None where it is not as
    regular as that, or they do not show what is hidden at ``part``. ``unit`` is a pixel of a picture of 480
    rows.
    """
    if _is_even(plain, sure, unit):
        return None
    near, found = _regular(pattern, plain, mask, sure)
    if found is None or surfaces.seen_before(found, sure, part) < SEEN:
        return None
    wall = Wall("regular", pattern.laid, found, plain, _mean(found), sure, near)
    labels, tones = _pieces(wall, 20 * unit * unit), np.zeros(mask.shape)
    for _ in range(2):
        rest = np.where(sure, (plain - wall.mean).mean(axis=2) - tones, 0.0).astype(np.float64)
        light = surfaces.spread_in(rest, sure, (5 if tones.any() else 14) * unit)
        tones = _tones(wall, labels, sure, light)
        own = (plain - (light + tones)[..., None]).astype(np.float32)
        wall = replace(wall, mean=_mean(surfaces.again(wall.pattern, own, wall.near)))
    shown = (plain - light[..., None])[wall.near]
    missed = shown - wall.mean[wall.near] - tones[wall.near][:, None]
    if missed.var(axis=0).sum() > (1 - EXACT) * shown.var(axis=0).sum():
        return None
    return Repeats(wall.pattern, wall.mean, tones)


def shadow_and_tones(
    wall: Wall, mask: Mask, known: Mask, unit: float, *, shadowed: bool
) -> tuple[Wall, F64, F64]:
    """The thing's shadow, at most 0, and the tones of the wall's tiles or bricks, as logarithms (H, W).

    The wall's pattern is measured again without them.
    """
    labels = _pieces(wall, 20 * unit * unit)
    taken, tones = np.zeros(mask.shape), np.zeros(mask.shape)
    for _ in range(2):
        if shadowed:
            taken = _shadow(wall, mask, known, tones)
        tones = _tones(wall, labels, known, taken)
        if labels.any():
            own = (wall.plain - (taken + tones)[..., None]).astype(np.float32)
            wall = replace(wall, mean=_mean(surfaces.again(wall.pattern, own, wall.near)))
    return wall, taken, tones


def behind(
    wall: Wall,
    core: Mask,
    ring: Mask,
    known: Mask,
    taken: F64,
    tones: F64,
    lit: Mask,
    unit: float,
    *,
    patches: bool = True,
) -> Behind | None:
    """What the wall shows in ``core``, where it is hidden, and in ``ring``, where a shadow may leave traces.

    ``known`` is where it is in view without its shadow, ``taken``, ``lit`` the part of it that is far away.
    ``patches``: a texture of chance is made of them, rather than taken from one other place. None where no
    part of the wall is like the one around the thing.
    """
    bare = (wall.plain - taken[..., None]).astype(np.float64)
    copied, seen, wide = wall.mean + tones[..., None], known, 5.0
    if wall.kind == "even":
        wide = 1.5
    elif wall.kind == "of chance":
        found = _of_patches(wall, bare, core, known, unit) if patches else None
        found = found or _from_elsewhere(wall, bare, core, known, unit)
        if found is None:
            return None
        copied, seen = found
        wide = 3.0
    rest = bare - copied
    level = np.dstack([surfaces.spread_in(rest[..., k], seen, wide * unit) for k in range(3)])
    far = np.zeros_like(level)
    if wall.kind != "of chance":
        limited = np.clip(rest, -0.04, 0.25)
        far = np.dstack([surfaces.spread_in(limited[..., k], seen & lit, 30 * unit) for k in range(3)])
    if wall.kind == "regular":
        level = far + np.clip(level - far, -0.15, 0.15)
    rows, columns = np.nonzero(core | ring)
    slack = round(8 * unit)
    window = np.s_[
        max(rows.min() - slack, 0) : rows.max() + slack, max(columns.min() - slack, 0) : columns.max() + slack
    ]
    goal = level.copy()
    goal[window] = surfaces.carried_on(level[window], (seen & ~ring)[window], far[window], 25 * unit)
    shown = np.where((core | ring)[..., None], copied + goal, bare)
    return Behind(shown, bare, copied + level)


def _of_patches(wall: Wall, bare: F64, core: Mask, known: Mask, unit: float) -> tuple[F64, Mask] | None:
    """The wall's texture, (H, W, 3), in ``core`` made of patches of it, and where it is known around it."""
    clouds = bare - wall.mean
    soft = surfaces.spread_in(clouds.mean(axis=2), known, 14 * unit)
    tone = (clouds - soft[..., None]).astype(np.float32)
    clean = panels.without_marks(tone, known, unit) if wall.mean.any() else known
    made = texture.seamless(texture.on_surface(wall.laid), tone, clean, core, unit)
    if made is None:
        return None
    copied = tone.astype(np.float64)
    copied[core] = made.values
    copied += wall.mean
    return copied, known & (ndimage.distance_transform_edt(~core) < 12 * unit)


def _from_elsewhere(wall: Wall, bare: F64, core: Mask, known: Mask, unit: float) -> tuple[F64, Mask] | None:
    """Another part of the wall, (H, W, 3), laid over the one around ``core``, and where it is known there.

    Of all parts it is the one that is most like this one around the core. None where none is like it.
    """
    height, width = core.shape
    laid, around = wall.laid, known & (ndimage.distance_transform_edt(~core) < 12 * unit)

    def place(at: Mask, move: tuple[float, float]) -> tuple[F64, F64, Mask]:
        u, v = laid.u[at] + move[0], laid.v[at] + move[1]
        x, y, depth = rooms.project(laid.room, laid.surface, u, v, width, height)
        inside = (depth > 0) & (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
        return x - 0.5, y - 0.5, inside

    some, beside = (_thinned(each, 300) for each in (core, around))
    if beside.sum() < 60:
        return None

    def unlike(bright: F64, move: tuple[float, float]) -> float:
        x, y, inside = place(some, move)
        if not inside.all() or known[np.round(y).astype(int), np.round(x).astype(int)].mean() < 0.98:
            return np.inf
        x, y, inside = place(beside, move)
        column = np.clip(np.round(x), 0, width - 1).astype(int)
        row = np.clip(np.round(y), 0, height - 1).astype(int)
        fits = inside & known[row, column]
        off = (bright[row, column] - bright[beside])[fits]
        return float(off.var()) if fits.mean() > 0.7 else np.inf

    bright = bare.mean(axis=2)
    soft = surfaces.spread_in(bright, known, 3 * unit)
    moves = [(float(right), float(down)) for down in _steps(1.2, 0.04) for right in _steps(2.4, 0.04)]
    rough = sorted((unlike(soft, move), move) for move in moves)[:10]
    fine = [
        (move[0] + float(right), move[1] + float(down))
        for far, move in rough
        if np.isfinite(far)
        for down in _steps(0.024, 0.006)
        for right in _steps(0.024, 0.006)
    ]
    best = min(((unlike(bright, move), move) for move in fine), default=None)
    if best is None or best[0] > ALIKE * float(bright[beside].var()):
        return None
    at = core | around
    x, y, inside = place(at, best[1])
    copied, seen = np.zeros_like(bare), np.zeros_like(known)
    for k in range(3):
        copied[at, k] = ndimage.map_coordinates(bare[..., k], (y, x), order=1, mode="nearest")
    seen[at] = inside & (ndimage.map_coordinates(known.astype(np.float32), (y, x), order=1) > 0.99)
    return copied, seen & around


def _steps(most: float, step: float) -> F64:
    return np.arange(-most, most + step / 2, step)


def _thinned(mask: Mask, most: int) -> Mask:
    """At most so many pixels of a mask, spread evenly."""
    chosen = np.flatnonzero(mask)
    out = np.zeros(mask.size, dtype=bool)
    out[chosen[:: len(chosen) // most + 1]] = True
    return out.reshape(mask.shape)


def _spans(laid: Laid, mask: Mask) -> tuple[float, float]:
    """How far apart rows and columns are on the wall where the mask is, in heights of the camera."""
    rows, columns = np.nonzero(mask)
    row, column = int(np.median(rows)), int(np.median(columns))
    height, width = mask.shape
    row, column = min(max(row, 1), height - 2), min(max(column, 1), width - 2)
    down = abs(float(laid.v[row + 1, column] - laid.v[row - 1, column])) / 2
    right = abs(float(laid.u[row, column + 1] - laid.u[row, column - 1])) / 2
    return max(down, 1e-4), max(right, 1e-4)


def distance(laid: Laid, mask: Mask) -> F64:
    """How far from the mask each pixel is on the wall, in heights of the camera, (H, W)."""
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=_spans(laid, mask)))


def _shadow(wall: Wall, mask: Mask, known: Mask, tones: F64) -> F64:
    """The shadow of the thing that hangs at ``mask``, as a logarithm of at most 0, (H, W).

    ``known`` is where the wall is seen, ``tones`` what is known of its pieces.
    """
    laid = wall.laid
    away = distance(laid, mask)
    near = known & (away < AROUND)
    chosen = np.flatnonzero(near)
    none = np.zeros(mask.shape)
    if len(chosen) < 100:
        return none
    chosen = chosen[:: len(chosen) // 3000 + 1]
    u, v = laid.u.ravel()[chosen], laid.v.ravel()[chosen]
    rest = ((wall.plain - wall.mean).mean(axis=2) - tones).ravel()[chosen].astype(np.float64)
    left, right = (float(q) for q in np.percentile(laid.u[mask], (1, 99)))
    low, high = (float(q) for q in np.percentile(laid.v[mask], (1, 99)))
    middle = ((left + right) / 2, (low + high) / 2)
    half = ((right - left) / 2, (high - low) / 2)
    even = np.stack([np.ones_like(u), u - middle[0], v - middle[1]], axis=1)
    slack = 0.01 + 1.5 * float(np.median(np.abs(rest - np.median(rest))))

    def shape(q: F64, u: F64, v: F64) -> F64:
        inner, reach = float(np.clip(q[0], 0.2, 1.05)), float(np.clip(q[1], 0.03, 0.35))
        du = np.maximum(np.abs(u - middle[0] - q[2]) - inner * half[0], 0)
        dv = np.maximum(np.abs(v - middle[1] + q[3]) - inner * half[1], 0)
        return np.asarray(np.log(1 - 0.35 * np.clip(1 - np.hypot(du, dv) / reach, 0, 1) ** 2))

    def fit(q: F64) -> tuple[float, float]:
        """How badly a shadow of this shape fits, and how deep it is."""
        a = np.column_stack([even, shape(q, u, v)])
        x, weight = np.zeros(4), np.ones(len(u))
        for _ in range(6):
            aw = a * weight[:, None]
            x = np.linalg.solve(aw.T @ a + 1e-6 * len(u) * np.eye(4), aw.T @ rest)
            weight = 1 / (1 + ((rest - a @ x) / slack) ** 2)
        loss = float(-np.log(weight).mean()) + 5.5 * float(q[2] ** 2 + (q[3] - 0.02) ** 2)
        return (loss if x[3] > 0 else loss + 1.0), float(x[3])

    def misfit(q: F64) -> float:
        return fit(q)[0]

    starts = [np.array([k, r, 0.0, 0.02]) for k in (1.0, 0.55) for r in (0.06, 0.09, 0.13, 0.2)]
    best: F64 = min(starts, key=misfit)
    simplex = best + np.vstack([np.zeros(4), np.diag([-0.1, 0.02, 0.02, 0.02])])
    found = optimize.minimize(
        misfit,
        np.zeros(4) + best,
        method="Nelder-Mead",
        options={"maxfev": 120, "initial_simplex": simplex.tolist()},
    )
    strength = fit(found.x)[1]
    return np.asarray(min(strength, 1.6) * shape(found.x, laid.u, laid.v)) if strength > 0 else none


def _pieces(wall: Wall, least: float) -> NDArray[np.intp]:
    """The tiles or bricks of a wall, numbered from 1 (H, W); 0 where joints are, or no such pattern is.

    They are what the pattern's commoner colour leaves apart; ``least`` is how many pixels a piece has.
    """
    none = np.zeros(wall.free.shape, dtype=np.intp)
    pattern = wall.pattern
    if wall.kind != "regular" or not (pattern.across and pattern.up):
        return none
    cells = pattern.cells.reshape(-1, 3)
    kind, _ = clusters(cells, 2)
    joint = kind == np.argmin(np.bincount(kind, minlength=2))
    if joint.all() or not joint.any():
        return none
    one, other = cells[joint].mean(axis=0), cells[~joint].mean(axis=0)
    if np.abs(one - other).max() < 0.12:
        return none
    body = ((wall.mean - one) ** 2).sum(axis=2) > ((wall.mean - other) ** 2).sum(axis=2)
    labels = np.asarray(ndimage.label(body)[0], dtype=np.intp)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.where((sizes > least)[labels] & (sizes < 0.02 * body.size)[labels], labels, 0)


def _tones(wall: Wall, labels: NDArray[np.intp], known: Mask, taken: F64) -> F64:
    """How much lighter or darker than the pattern each piece is, (H, W), beside a shadow that is ``taken``.

    A piece that is hidden looks like one of the others.
    """
    count = int(labels.max())
    if not count:
        return np.zeros(known.shape)
    rest = (wall.plain - wall.mean).mean(axis=2) - taken
    inner = known & (labels > 0)
    value = np.zeros(count + 1)
    enough = np.bincount(labels[inner], minlength=count + 1) > 12
    if not enough.any():
        return value[labels]
    value[enough] = ndimage.median(rest, np.where(inner, labels, 0), np.flatnonzero(enough))
    low, high = np.percentile(value[enough], (15, 85))
    value[~enough] = np.random.default_rng(0).uniform(low, high, int((~enough).sum()))
    value -= np.median(value[enough])
    value[0] = 0.0
    return np.asarray(value[labels])


def fringe(wall: Wall, mask: Mask, unit: float) -> Mask:
    """The mask with what is left of the thing beside it: unlike the wall, at most 8 ``unit`` away, (H, W)."""
    if not wall.free.any():
        return mask
    rest = wall.plain - wall.mean
    level = rest.mean(axis=2)
    tint = np.abs(rest - level[..., None]).max(axis=2)
    usual = float(np.median(tint[wall.free]))
    spread = float(np.median(np.abs(level[wall.free] - np.median(level[wall.free]))))
    unlike = (tint > 0.05 + 5 * usual) | (level > 0.1 + 5 * spread) | (level < _DEEPEST)
    near = wall.free & (ndimage.distance_transform_edt(~mask) <= 8 * unit)
    return np.asarray(ndimage.binary_propagation(mask, mask=mask | (unlike & near)))
