"""What form a piece of furniture has: the drawn rooms' own furniture, fitted to what the picture shows.

A pattern must bend around seat, back and arms, and the light on a thing that is knitted, striped or tufted
cannot be read off it pixel by pixel. In a drawn room the thing is one of those that its generator builds
(``pocket.rooms.furniture``): place, turn, size and build are searched for until its outline fills the mask
and its faces are as bright as the picture's (analysis by synthesis). A form is only taken where it does both;
the outline of what is painted stays the mask's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from pocket.rooms.furniture import SIZES, shape
from pocket.rooms.primitives import BOX, ELLIPSOID, FAR, FRUSTUM, HIT, Solid, surface_at
from tools.inpainting.computed.planes import View
from tools.language.object_sizes import thing_in
from tools.language.referring import read_phrase
from tools.language.room_nouns import NOUNS

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

KINDS: Final = (
    "sofa", "armchair", "chair", "ottoman", "coffee table", "dining table", "side table", "bed", "bookshelf",
    "cabinet",
)  # fmt: skip
_NAMES: Final[dict[str, str]] = {
    **{noun: kind for kind in KINDS for noun in (kind, *NOUNS[kind])},
    "stool": "ottoman", "desk": "dining table",
}  # fmt: skip
_SEVERAL: Final[dict[str, tuple[str, ...]]] = {
    "table": ("dining table", "coffee table", "side table"), "chair": ("chair", "armchair"),
}  # fmt: skip
"""Names of several kinds."""

_COARSE: Final = 42
_FINE: Final = 72
_SEEDS: Final = 14
"""How many builds of a kind are looked at."""
_EYE: Final = (1.28, 1.72)
"""How high the camera of a room is, metres."""
FITS: Final = 0.9
"""How much of mask and outline must cover each other (intersection over union)."""
FITS_THIN: Final = 0.8
"""The same of what is of bars and boards, of which the edge is much."""
THIN: Final = ("chair", "coffee table", "dining table", "side table")
COVERS: Final = 0.955
"""Of a thing that others stand before, so much of its mask must be in the outline."""
_AROUND: Final = {
    "chair": tuple(range(0, 360, 30)),
    "armchair": (0, 30, -30, 60, -60, 90, -90),
    "ottoman": (0, 30, 60, 90, 120, 150),
}
_FIRST_SEEDS: Final = {
    "coffee table": (0, 1, 11), "side table": (0, 2), "ottoman": (0, 2), "dining table": (0, 4),
    "armchair": (0, 2), "chair": (0, 1, 11),
}  # fmt: skip
"""Builds whose outlines differ: with them the search begins."""
_ALL_BUILDS: Final = ("coffee table", "side table", "ottoman", "dining table", "chair")
"""Kinds that are built in no further ways."""
_FRONTED: Final = ("sofa", "armchair", "bed", "bookshelf", "cabinet")
"""What is seen from its front or a side, not from behind."""
_HIDDEN: Final = 0.25


@dataclass(frozen=True)
class Form:
    """A piece of furniture in its place before the camera: across, into the picture and the camera's height
    (metres), turn (radians), size, build, which side the light comes from, and how well it fits: the share of
    mask and outline that cover each other, and the correlation of its light with the picture's brightness.
    """

    kind: str
    across: float
    into: float
    eye: float
    turn: float
    size: tuple[float, float, float]
    seed: int
    sun: float = 0.42
    fit: float = 0.0
    covered: float = 0.0
    alike: float = 0.0

    @property
    def unit(self) -> float:
        """A tenth of the thing, metres."""
        return min(max(0.1 * max(self.size), 0.028), 0.2)


@dataclass(frozen=True, eq=False)
class Shown:
    """What pixels show of a form; arrays (n,) and (3, n).

    ``u`` and ``v`` are metres on the surface; ``of`` is the number of the solid, -1 where the form is missed:
    what is said there is that of the nearest pixel that shows it. ``main`` says that the solid is of the
    thing's own stuff, ``upright`` that it is longer in height than in width and depth. ``facing`` and
    ``sheen`` are cosines between the normal and the way to the camera, and half the way to the light.
    """

    u: Field
    v: Field
    of: NDArray[np.int16]
    main: Mask
    upright: Mask
    normal: Field
    facing: Field
    sheen: Field
    light: Field


def kinds_of(words: str) -> tuple[str, ...]:
    """The kinds of furniture that a target's words may name, empty where there is no form for it."""
    noun_words = read_phrase(words).noun.lower().split()
    for noun in (thing_in(words)[0], " ".join(noun_words[-2:]), *noun_words[-1:]):
        if noun in _SEVERAL:
            return _SEVERAL[noun]
        if noun in _NAMES:
            return (_NAMES[noun],)
    return ()


def fitted(
    kind: str,
    view: View,
    mask: Mask,
    bright: Field,
    cut: tuple[bool, bool, bool, bool],
    x0: int,
    y0: int,
) -> Form | None:
    """The form that fills a mask best; None where none fits.

    ``mask`` is bool (h, w) of a crop that begins at (x0, y0) in the picture, ``bright`` (h, w) the brightness
    in it; ``cut`` says on which sides (left, top, right, bottom) the picture ends there.
    """
    coarse = _Lattice.of(view, mask, bright, cut, x0, y0, _COARSE)
    fine = _Lattice.of(view, mask, bright, cut, x0, y0, _FINE)
    if coarse is None or fine is None:
        return None
    ranges = np.array(SIZES[kind])
    spread = np.diag([0.12, 0.2, 0.06, 0.1, *(0.35 * (ranges[:, 1] - ranges[:, 0]) + 0.01)])
    rows, columns = np.nonzero(mask)
    seen = np.array([
        (columns.min() + x0 - view.centre) / view.focal, (columns.max() + 1 + x0 - view.centre) / view.focal,
        (view.horizon - rows.min() - y0) / view.focal, (view.horizon - rows.max() - 1 - y0) / view.focal,
    ])  # fmt: skip
    starts = []
    for degrees in _AROUND.get(kind, (0, 90, -90)):
        for more in (0,) if kind in _AROUND else (0, 10, -10, 20, -20, 30, -30):
            turn = math.radians(degrees + more) - view.yaw
            start = _aligned(np.array([0.0, 3.0, 1.5, turn, *ranges.mean(1)]), seen, cut, ranges)
            for seed in _FIRST_SEEDS.get(kind, (0,)):
                starts.append((_loss(start, start, kind, seed, coarse, ranges), seed, start))
    starts.sort(key=lambda each: each[0])
    first = [
        (*_searched(start, start, kind, seed, coarse, ranges, spread, 100), seed, start)
        for _, seed, start in starts[:5]
    ]
    _, values, seed, start = min(first, key=lambda each: each[0])
    further = _FIRST_SEEDS[kind] if kind in _ALL_BUILDS else range(_SEEDS)
    builds = sorted(
        (_loss(values, start, kind, each, fine, ranges), each) for each in sorted({seed, *further})
    )
    ends = [_searched(values, start, kind, each, fine, ranges, 0.3 * spread, 60) for _, each in builds[:3]]
    number = min(range(len(ends)), key=lambda k: ends[k][0])
    _, values = _searched(ends[number][1], start, kind, builds[number][1], fine, ranges, 0.15 * spread, 60)
    return _judged(_form(values, kind, builds[number][1], ranges), fine)


def outlines(form: Form) -> bool:
    """Whether a form fills the mask so well that it says where the thing ends."""
    return form.fit >= 0.93


def _aligned(
    values: NDArray[np.float64],
    seen: NDArray[np.float64],
    cut: tuple[bool, bool, bool, bool],
    ranges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Values moved and sized so that the thing's box fills the place where it is ``seen``: the left, right,
    upper and lower end of its mask as rays.
    """
    across, into, eye, turn, *sides = (float(v) for v in values)
    size = np.array(sides)
    c, s = math.cos(turn), math.sin(turn)
    signs = np.array([(i, j, k) for i in (-0.5, 0.5) for j in (0.0, 1.0) for k in (-0.5, 0.5)])
    into = eye / max(-float(seen[3]), 0.1) + 0.5 * (abs(c) * size[2] + abs(s) * size[0])
    across = float(seen[0] + seen[1]) / 2 * into
    for _ in range(8):
        local = signs * size
        x, z = across + c * local[:, 0] + s * local[:, 2], into - s * local[:, 0] + c * local[:, 2]
        z = np.maximum(z, 0.3)
        px, py = x / z, (local[:, 1] - eye) / z
        if not cut[3]:
            into *= float(np.clip(py.min() / min(float(seen[3]), -0.02), 0.7, 1.4))
        left, right = float(px.min()), float(px.max())
        if not (cut[0] or cut[2]):
            across += (float(seen[0] + seen[1]) - left - right) / 2 * into
            size[[0, 2]] *= np.clip(float(seen[1] - seen[0]) / max(right - left, 1e-3), 0.8, 1.25)
        elif cut[0] and not cut[2]:
            across += (float(seen[1]) - right) * into
        elif cut[2] and not cut[0]:
            across += (float(seen[0]) - left) * into
        if not (cut[1] or cut[3]):
            size[1] *= np.clip(float(seen[2] - seen[3]) / max(float(py.max() - py.min()), 1e-3), 0.8, 1.25)
        usual = np.clip(size, ranges[:, 0], ranges[:, 1])
        # What seems too large for its kind is seen by a lower camera.
        scale = float(np.clip(eye / np.median(size / usual), *_EYE)) / eye
        eye, across, into = eye * scale, across * scale, into * scale
        size = np.clip(size * scale, ranges[:, 0], ranges[:, 1])
    return np.array([across, into, eye, turn, *size])


def holds(form: Form) -> bool:
    """Whether a form is that of the thing: the better it fills the mask, the less its light need say, for
    stripes and checks drown that.
    """
    least = FITS_THIN if form.kind in THIN else FITS
    whole = form.covered >= COVERS
    if form.fit >= (least if form.kind in THIN else least + 0.05):
        return form.alike > -0.3
    if form.fit >= least or (whole and form.fit >= 0.85):
        return form.alike > 0.05
    return whole and form.fit >= 0.7 and form.alike > 0.15


@dataclass(frozen=True, eq=False)
class _Lattice:
    """Points of a picture, (n,): their rays, whether the mask has them, whether something may stand before
    the thing there, how bright the thing is there and how steeply that changes; ``wide`` in a row.
    """

    x: Field
    y: Field
    wanted: Mask
    hidden: Mask
    bright: Field
    steep: Field
    wide: int
    fine: bool

    @classmethod
    def of(
        cls,
        view: View,
        mask: Mask,
        bright: Field,
        cut: tuple[bool, bool, bool, bool],
        x0: int,
        y0: int,
        many: int,
    ) -> _Lattice | None:
        rows, columns = np.nonzero(mask)
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        step = 1.24 * max(bottom - top, right - left) / many
        beside = 0.12 * max(bottom - top, right - left)
        xs = np.arange(left - (0 if cut[0] else beside) + step / 2, right + (0 if cut[2] else beside), step)
        ys = np.arange(top - (0 if cut[1] else beside) + step / 2, bottom + (0 if cut[3] else beside), step)
        x, y = np.meshgrid(xs, ys)
        ix, iy = np.floor(x).astype(int), np.floor(y).astype(int)
        within = (ix >= 0) & (ix < mask.shape[1]) & (iy >= 0) & (iy < mask.shape[0])
        wanted = np.zeros(x.shape, bool)
        wanted[within] = mask[iy[within], ix[within]]
        if wanted.sum() < 30:
            return None
        weight = ndimage.gaussian_filter(mask.astype(np.float32), 0.5 * step)
        even = ndimage.gaussian_filter(np.where(mask, bright, 0).astype(np.float32), 0.5 * step)
        seen = np.zeros(x.shape, np.float32)
        seen[within] = (even / np.maximum(weight, 1e-3))[iy[within], ix[within]]
        slope = np.hypot(*(ndimage.gaussian_filter(bright, 1.0, order) for order in ((0, 1), (1, 0))))
        slope = ndimage.maximum_filter(
            slope / np.maximum(even / np.maximum(weight, 1e-3), 0.05), round(step) | 1
        )
        steep = np.zeros(x.shape, np.float32)
        steep[within] = slope[iy[within], ix[within]]
        hidden = _spanned(wanted) & ~wanted
        return cls(
            ((x + x0 - view.centre) / view.focal).ravel().astype(np.float32),
            ((view.horizon - y - y0) / view.focal).ravel().astype(np.float32),
            wanted.ravel(),
            hidden.ravel(),
            seen.ravel(),
            steep.ravel(),
            x.shape[1],
            many > _COARSE,
        )


def _spanned(mask: Mask) -> Mask:
    """A mask (h, w) with what lies between its parts in a row or in a column."""
    spans = []
    for part in (mask, mask.T):
        first = np.maximum.accumulate(part, axis=1)
        last = np.maximum.accumulate(part[:, ::-1], axis=1)[:, ::-1]
        spans.append(first & last)
    return np.asarray(spans[0] | spans[1].T)


def _form(values: NDArray[np.float64], kind: str, seed: int, ranges: NDArray[np.float64]) -> Form:
    w, h, d = (float(v) for v in np.clip(values[4:7], ranges[:, 0], ranges[:, 1]))
    eye = float(np.clip(values[2], *_EYE))
    return Form(kind, float(values[0]), max(float(values[1]), 0.3), eye, float(values[3]), (w, h, d), seed)


def _judged(form: Form, lattice: _Lattice) -> Form:
    """The form with the side of the light and how well it fits."""
    depth, of, placed = _cast(form, lattice.x, lattice.y)
    hit = of >= 0
    both = float((hit & lattice.wanted).sum())
    fit = both / max(float(((hit & ~lattice.hidden) | lattice.wanted).sum()), 1)
    covered = both / float(lattice.wanted.sum())
    alike, sun = _alike(form, lattice, depth, of, placed)
    return Form(
        form.kind, form.across, form.into, form.eye, form.turn, form.size, form.seed, sun, fit, covered, alike
    )


def _loss(
    values: NDArray[np.float64],
    start: NDArray[np.float64],
    kind: str,
    seed: int,
    lattice: _Lattice,
    ranges: NDArray[np.float64],
) -> float:
    if values[1] < 0.4:
        return 3.0
    form = _form(values, kind, seed, ranges)
    depth, of, placed = _cast(form, lattice.x, lattice.y)
    hit = of >= 0
    both = float((hit & lattice.wanted).sum())
    missed = float((lattice.wanted & ~hit).sum())
    over = float((hit & ~lattice.wanted & ~lattice.hidden).sum()) + _HIDDEN * float(
        (hit & lattice.hidden).sum()
    )
    width = ranges[:, 1] - ranges[:, 0]
    out = float((np.maximum(np.abs(values[4:7] - ranges.mean(1)) - 0.5 * width, 0) / (width + 0.02)).sum())
    out += max(0.0, abs(float(values[2]) - 1.5) - 0.22) * 4
    turned = float(values[3] - start[3])
    if kind in _FRONTED:
        toward = math.sin(form.turn) * form.across + math.cos(form.turn) * form.into
        out += 4 * max(0.0, 0.05 - toward / math.hypot(form.across, form.into))
    alike = _alike(form, lattice, depth, of, placed)[0] if both > 20 else 0.0
    creased = _creased(lattice, of) if lattice.fine else 0.0
    return (
        1
        - both / (both + missed + 0.85 * over + 1)
        + 0.1 * out
        + 0.15 * turned**2
        - 0.1 * alike
        - 0.03 * creased
    )


def _searched(
    values: NDArray[np.float64],
    start: NDArray[np.float64],
    kind: str,
    seed: int,
    lattice: _Lattice,
    ranges: NDArray[np.float64],
    spread: NDArray[np.float64],
    most: int,
) -> tuple[float, NDArray[np.float64]]:
    simplex = values + np.vstack([np.zeros(7), spread])
    result = optimize.minimize(
        _loss, values, args=(start, kind, seed, lattice, ranges), method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": most, "xatol": 0.003, "fatol": 0.001},
    )  # fmt: skip
    return float(result.fun), result.x


@dataclass(frozen=True, eq=False)
class _Placed:
    """Solids before the camera: their middles seen from there (k, 3), their axes as columns (k, 3, 3), their
    half sizes (k, 3), and which are boxes and of the thing's own stuff (k,).
    """

    solids: tuple[Solid, ...]
    centres: NDArray[np.float64]
    turns: NDArray[np.float64]
    halves: Field
    boxes: NDArray[np.intp]
    main: Mask


def _placed(form: Form) -> _Placed:
    c, s = math.cos(form.turn), math.sin(form.turn)
    around = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    at = np.array([form.across, -form.eye, form.into])
    solids = shape(form.kind, *form.size, form.seed)
    centres = at + np.array([solid.centre for solid in solids]) @ around.T
    turns = around @ np.array([solid.rotation for solid in solids]).reshape(-1, 3, 3)
    halves = np.array([solid.half for solid in solids], np.float32)
    boxes = np.array([k for k, solid in enumerate(solids) if solid.shape == BOX], np.intp)
    return _Placed(
        solids, centres, turns, halves, boxes, np.array([solid.surface == "main" for solid in solids])
    )


def _cast(form: Form, x: Field, y: Field) -> tuple[Field, NDArray[np.int16], _Placed]:
    """How far along each ray the form is first hit, which of its solids is (-1: none), and the solids."""
    placed = _placed(form)
    depth = np.full(x.shape, FAR, np.float32)
    of = np.full(x.shape, -1, np.int16)
    rays = np.stack([x, y, np.ones_like(x)])
    if placed.boxes.size:
        turns = placed.turns[placed.boxes].astype(np.float32)
        ways = np.einsum("kij,in->jkn", turns, rays)
        origins = -np.einsum("kij,ki->jk", placed.turns[placed.boxes], placed.centres[placed.boxes])
        near, far = np.float32(0.02), FAR
        for axis in range(3):
            way = ways[axis]
            inverse = 1 / np.where(np.abs(way) < 1e-7, np.float32(1e-7), way)
            middle = inverse * -origins[axis, :, None].astype(np.float32)
            reach = np.abs(inverse) * placed.halves[placed.boxes, axis, None]
            near, far = np.maximum(near, middle - reach), np.minimum(far, middle + reach)
        hit = np.where(near <= far, near, FAR)
        first = hit.argmin(0)
        depth = np.asarray(hit[first, np.arange(x.size)], np.float32)
        of = np.where(depth < FAR, placed.boxes[first], -1).astype(np.int16)
    for number, solid in enumerate(placed.solids):
        if solid.shape == BOX:
            continue
        m, centre = placed.turns[number], placed.centres[number]
        wide, away = float(np.linalg.norm(solid.half)), max(float(centre[2]), 0.2)
        most = 1.3 * wide / max(float(centre[2]) - wide, 0.2)
        at = np.flatnonzero((np.abs(x - centre[0] / away) < most) & (np.abs(y - centre[1] / away) < most))
        if not at.size:
            continue
        origin = -(m.T @ centre)
        dx, dy, dz = (m.T.astype(np.float32) @ rays[:, at]).astype(np.float32)
        t = HIT[solid.shape]((float(origin[0]), float(origin[1]), float(origin[2])), dx, dy, dz, solid)
        nearer = t < depth[at]
        depth[at[nearer]] = t[nearer]
        of[at[nearer]] = number
    return depth, of, placed


def _normals(x: Field, y: Field, depth: Field, of: NDArray[np.int16], placed: _Placed) -> Field:
    """Normals (3, n) of the faces that are hit, before the camera, without the rounding of their edges."""
    rays = np.stack([x, y, np.ones_like(x)]) * depth
    turns = placed.turns[of].astype(np.float32)
    local = np.einsum("nij,in->nj", turns, rays - placed.centres[of].T.astype(np.float32))
    over = np.abs(local) / placed.halves[of]
    round_ones = np.array([solid.shape != BOX for solid in placed.solids])[of]
    axis = over.argmax(1)
    each = np.arange(x.size)
    out = np.zeros_like(local)
    out[each, axis] = np.sign(local[each, axis])
    mantle = round_ones & (over[:, 1] < 0.97)
    out[mantle] = local[mantle] * np.array((1, 0, 1), np.float32)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.einsum("nij,nj->in", turns, out), np.float32)


def _surfaces(
    x: Field, y: Field, depth: Field, of: NDArray[np.int16], placed: _Placed
) -> tuple[Field, Field, Field]:
    """Coordinates u and v (n,) on the solids that are hit, and normals (3, n) before the camera."""
    u, v = np.zeros_like(x), np.zeros_like(x)
    normal = np.zeros((3, *x.shape), np.float32)
    normal[2] = -1
    for number, solid in enumerate(placed.solids):
        at = np.flatnonzero(of == number)
        if not at.size:
            continue
        t = depth[at]
        m = placed.turns[number].astype(np.float32)
        centre = placed.centres[number]
        rel = t * np.stack([x[at], y[at], np.ones_like(t)]) - centre.astype(np.float32)[:, None]
        local = [m[0, i] * rel[0] + m[1, i] * rel[1] + m[2, i] * rel[2] for i in range(3)]
        nx, ny, nz, u[at], v[at] = surface_at(solid, *local)
        if solid.shape == ELLIPSOID:  # From above it is laid as on a level.
            level = np.abs(ny) > 0.6
            u[at], v[at] = np.where(level, local[0], u[at]), np.where(level, local[2], v[at])
        if solid.shape == FRUSTUM:  # Its seam is behind.
            eye = -(m.T @ placed.centres[number].astype(np.float32))
            angle = np.arctan2(local[2], local[0]) - np.arctan2(eye[2], eye[0])
            angle = (angle + np.pi) % (2 * np.pi) - np.pi
            u[at] = np.where(np.abs(ny) > 0.9, u[at], max(solid.radii) * angle)
        for i in range(3):
            normal[i, at] = m[i, 0] * nx + m[i, 1] * ny + m[i, 2] * nz
    return u, v, normal


def _light(form: Form, sun: float, y: Field, depth: Field, normal: Field) -> Field:
    """The light of a drawn room on points."""
    lx, ly, lz = _towards(sun)
    lambert = normal[0] * lx + normal[1] * ly + normal[2] * lz
    light = 0.74 + 0.36 * np.maximum((lambert + 0.25) * 0.8, 0)
    high = form.eye + np.minimum(depth, 50) * y
    return np.asarray(light * (0.8 + 0.2 * np.clip(2.5 * high, 0, 1)), np.float32)


def _towards(sun: float) -> tuple[np.float32, np.float32, np.float32]:
    """The direction of the light; rooms are turned too little to the camera for that to count."""
    length = math.sqrt(sun * sun + 0.72**2 + 0.55**2)
    return np.float32(sun / length), np.float32(0.72 / length), np.float32(-0.55 / length)


def _alike(
    form: Form, lattice: _Lattice, depth: Field, of: NDArray[np.int16], placed: _Placed
) -> tuple[float, float]:
    """The correlation of a form's light with the picture's brightness where both show the thing's own stuff,
    and the side that the light comes from.
    """
    at = np.flatnonzero(lattice.wanted & np.append(placed.main, False)[of])
    if at.size < 20:
        return 0.0, 0.42
    x, y, t = lattice.x[at], lattice.y[at], depth[at]
    normal = _normals(x, y, t, of[at], placed)
    seen = lattice.bright[at]
    found = []
    for sun in (0.42, -0.42):
        light = _light(form, sun, y, t, normal)
        spread = float(light.std() * seen.std())
        found.append((float(((light - light.mean()) * (seen - seen.mean())).mean()) / max(spread, 1e-6), sun))
    return max(found)


def _creased(lattice: _Lattice, of: NDArray[np.int16]) -> float:
    """How much steeper the picture is than elsewhere on the thing where two solids meet, about -1…2."""
    grid = of.reshape(-1, lattice.wide)
    inside = lattice.wanted.reshape(grid.shape) & (grid >= 0)
    meet = np.zeros(grid.shape, bool)
    meet[:, 1:] |= (grid[:, 1:] != grid[:, :-1]) & inside[:, 1:] & inside[:, :-1]
    meet[1:] |= (grid[1:] != grid[:-1]) & inside[1:] & inside[:-1]
    core = ndimage.binary_erosion(lattice.wanted.reshape(grid.shape))
    meet &= core
    steep = lattice.steep.reshape(grid.shape)
    usual = float(steep[core & inside].mean()) if (core & inside).any() else 0.0
    if meet.sum() < 8 or usual < 1e-4:
        return 0.0
    return min(float(steep[meet].mean()) / usual - 1, 2.0)


def shown(form: Form, view: View, x: Field, y: Field) -> Shown:
    """What pixels (x, y) of the picture show of a form."""
    px = ((x - np.float32(view.centre)) / np.float32(view.focal)).astype(np.float32)
    py = ((np.float32(view.horizon) - y) / np.float32(view.focal)).astype(np.float32)
    depth, of, placed = _cast(form, px, py)
    u, v, normal = _surfaces(px, py, depth, of, placed)
    main = np.append(placed.main, True)[of]
    tall = (placed.halves[:, 1] > placed.halves[:, 0]) & (placed.halves[:, 1] > placed.halves[:, 2])
    upright = np.append(tall, False)[of]
    good = (of >= 0) & main
    depth = np.where(good, depth, 0).astype(np.float32)
    if good.any() and not good.all():
        # What the form misses shows what is shown beside it.
        from scipy.spatial import cKDTree

        there, gone = np.flatnonzero(good), np.flatnonzero(~good)
        near = there[
            cKDTree(np.column_stack([x[there], y[there]])).query(np.column_stack([x[gone], y[gone]]))[1]
        ]
        depth[gone] = depth[near]
        scale = depth[near] / np.float32(view.focal)
        u[gone] = u[near] + (x[gone] - x[near]) * scale
        v[gone] = v[near] - (y[gone] - y[near]) * scale
        normal[:, gone] = normal[:, near]
        upright = upright.copy()
        upright[gone] = upright[near]
    inverse = 1 / np.sqrt(px * px + py * py + 1)
    way = np.stack([px * inverse, py * inverse, inverse]).astype(np.float32)
    facing = np.minimum(np.abs((normal * way).sum(0)), 1)
    toward = np.array(_towards(form.sun), np.float32)[:, None] - way
    sheen = np.clip((normal * toward).sum(0) / np.sqrt(np.maximum((toward * toward).sum(0), 1e-6)), 0, 1)
    light = _light(form, form.sun, py, depth, normal)
    return Shown(u, v, of, main, upright, normal, facing.astype(np.float32), sheen.astype(np.float32), light)
