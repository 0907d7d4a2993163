"""What a piece of furniture is shaped like: a stand-in of a few boxes, fitted to its mask.

A pattern must bend around seat, back and arms. Their places cannot be read off a thing that is knitted or
striped, but furniture is much alike: a sofa of boxes, turned and sized so that it fills the mask in the
room's perspective (see ``planes``), gives for every pixel which face it shows and where on it. It says
nothing of what is really there: outline and details stay the picture's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from tools.inpainting.computed.planes import EYE, View

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Part = tuple[tuple[float, float, float], tuple[float, float, float]]
"""A box: its middle and its half sizes; x to the right, y up from the floor, z to the back, metres."""

LEAST: Final = 0.72
"""How much of mask and stand-in must cover each other (intersection over union) for it to be used."""

_LATTICE: Final = 44
_ROUND: Final = 0.06


def _sofa(w: float, h: float, d: float) -> list[Part]:
    arm, low = min(0.19, 0.2 * w), 0.1
    seat, top = 0.51 * h, 0.73 * h
    return [
        _part(0, low, 0.0, w - 2 * arm, seat - low, d - 0.06),
        _part(0, low, d / 2 - 0.13, w - 2 * arm + 0.02, h - low, 0.24),
        _part(-(w - arm) / 2, low, 0, arm, top - low, d),
        _part((w - arm) / 2, low, 0, arm, top - low, d),
    ]


def _bed(w: float, h: float, d: float) -> list[Part]:
    return [_part(0, 0.0, -0.04, w, 0.53, d - 0.08), _part(0, 0, d / 2 - 0.04, w, h, 0.1)]


def _table(w: float, h: float, d: float) -> list[Part]:
    legs = [
        _part(x * (w / 2 - 0.06), 0, z * (d / 2 - 0.06), 0.06, h - 0.05, 0.06)
        for x in (-1, 1)
        for z in (-1, 1)
    ]
    return [_part(0, h - 0.05, 0, w, 0.05, d), *legs]


def _pedestal(w: float, h: float, d: float) -> list[Part]:
    post = 0.16 * min(w, d)
    return [
        _part(0, h - 0.05, 0, w, 0.05, d),
        _part(0, 0.03, 0, post, h - 0.08, post),
        _part(0, 0, 0, 0.62 * w, 0.03, 0.62 * d),
    ]


def _chair(w: float, h: float, d: float) -> list[Part]:
    legs = [
        _part(x * (w / 2 - 0.025), 0, z * (d / 2 - 0.025), 0.05, 0.45, 0.05) for x in (-1, 1) for z in (-1, 1)
    ]
    return [_part(0, 0.42, 0, w, 0.055, d), _part(0, 0.45, d / 2 - 0.025, w, h - 0.45, 0.05), *legs]


def _block(w: float, h: float, d: float) -> list[Part]:
    return [_part(0, 0, 0, w, h, d)]


def _part(x: float, y: float, z: float, w: float, h: float, d: float) -> Part:
    return (x, y + h / 2, z), (max(w, 0.01) / 2, max(h, 0.01) / 2, max(d, 0.01) / 2)


@dataclass(frozen=True)
class Kind:
    """How a kind of furniture is built, its usual size (metres) and how it may be turned to the room."""

    build: Callable[[float, float, float], list[Part]]
    size: tuple[float, float, float]
    turns: tuple[float, ...]
    least: float = LEAST
    fronted: bool = False
    """Whether it is seen from its front or a side, hardly from behind."""
    round: bool = False
    """Whether the boxes stand for round things."""
    other: Kind | None = None
    """How else such a thing may be built."""


_AROUND: Final = tuple(range(-150, 181, 30))
_WALLS: Final = (0, 90, -90, 30, -30)

_ON_ONE_FOOT: Final = Kind(_pedestal, (0.8, 0.44, 0.8), (0,), 0.55, round=True)

KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(
        ("sofa", "couch", "settee", "loveseat"), Kind(_sofa, (2.0, 0.84, 0.93), _WALLS, fronted=True)
    ),
    **dict.fromkeys(
        ("armchair", "recliner"), Kind(_sofa, (0.88, 0.9, 0.85), (0, 30, -30, 60, -60, 90, -90), fronted=True)
    ),
    "bed": Kind(_bed, (1.7, 1.05, 2.05), (0, 90, -90), fronted=True),
    "coffee table": Kind(_table, (1.1, 0.4, 0.62), (0, 90, 30, -30), 0.55, other=_ON_ONE_FOOT),
    **dict.fromkeys(
        ("table", "desk", "dining table"), Kind(_table, (1.5, 0.75, 0.86), (0, 90, 30, -30), 0.55)
    ),
    **dict.fromkeys(("chair", "stool"), Kind(_chair, (0.47, 0.9, 0.49), _AROUND)),
    **dict.fromkeys(("ottoman", "pouf", "footstool"), Kind(_block, (0.6, 0.42, 0.55), (0, 45))),
    **dict.fromkeys(
        ("side table", "nightstand", "bedside table"),
        Kind(_block, (0.48, 0.54, 0.45), (0, 45), other=_ON_ONE_FOOT),
    ),
    **dict.fromkeys(
        ("bookshelf", "bookcase", "shelf", "wardrobe"), Kind(_block, (1.0, 1.85, 0.33), (0, 90, -90))
    ),
    **dict.fromkeys(
        ("cabinet", "sideboard", "dresser", "chest", "cupboard", "drawers"),
        Kind(_block, (1.4, 0.8, 0.46), (0, 90, -90)),
    ),
}  # fmt: skip
"""By the words that name them."""


def kind_of(words: str) -> Kind | None:
    """The kind that a target's words ("the coffee table on the left") name, if there is a stand-in for it."""
    said = words.lower().split()
    pairs = [" ".join(pair) for pair in pairwise(said)]
    for name in [*pairs, *said]:
        if name in KINDS:
            return KINDS[name]
    return None


@dataclass(frozen=True)
class Form:
    """A stand-in in its place: where its middle stands (metres across the room and into it), its turn
    (radians), its size, and how well it fills the mask.
    """

    kind: Kind
    across: float
    into: float
    turn: float
    size: tuple[float, float, float]
    fit: float


@dataclass(frozen=True, eq=False)
class Shown:
    """What pixels show of a stand-in; arrays of shape (n,).

    ``u``, ``v`` are metres on the face; ``face`` numbers box and face (-1 where the stand-in is missed; there
    they are those of an upright plane through its middle). ``normal`` (3, n) is in the room: across it, up,
    into it; rounded at the edges. ``view`` (3, n) is the unit direction that the camera looks in. ``upright``
    says that the longer way of the box runs along ``v``.
    """

    u: Field
    v: Field
    face: NDArray[np.int16]
    normal: Field
    view: Field
    upright: Mask


def best_of(
    kind: Kind, view: View, mask: Mask, cut: tuple[bool, bool, bool, bool], x0: int, y0: int
) -> Form | None:
    """The better fitting of the ways in which a kind is built; arguments as ``fitted``."""
    found = [fitted(each, view, mask, cut, x0, y0) for each in (kind, kind.other) if each is not None]
    return max((form for form in found if form is not None), key=lambda form: form.fit, default=None)


def fitted(
    kind: Kind, view: View, mask: Mask, cut: tuple[bool, bool, bool, bool], x0: int, y0: int
) -> Form | None:
    """The stand-in that fills a mask best; None where none fills it well.

    ``mask`` is bool (h, w) of a crop that begins at (x0, y0) in the picture; ``cut`` says on which sides
    (left, top, right, bottom) the picture ends there.
    """
    margin = 0.12
    height, width = mask.shape
    step = max(height, width) * (1 + 2 * margin) / _LATTICE
    left, right = (0 if cut[0] else -margin * width), width + (0 if cut[2] else margin * width)
    top, bottom = (0 if cut[1] else -margin * height), height + (0 if cut[3] else margin * height)
    xs, ys = np.arange(left + step / 2, right, step), np.arange(top + step / 2, bottom, step)
    x, y = (a.ravel() for a in np.meshgrid(xs, ys))
    ix, iy = np.floor(x).astype(int), np.floor(y).astype(int)
    within = (ix >= 0) & (ix < width) & (iy >= 0) & (iy < height)
    wanted = np.zeros(len(x), bool)
    wanted[within] = mask[iy[within], ix[within]]
    if wanted.sum() < 30:
        return None
    # What lies between parts of it may stand before it.
    hidden = spanned(wanted.reshape(len(ys), len(xs))).ravel() & ~wanted
    rays = _rays(view, (x + x0).astype(np.float32), (y + y0).astype(np.float32))
    rows, columns = np.nonzero(mask)
    low = float(y0 + rows.max() + 1)
    usual = np.array(kind.size)
    span = (columns.max() - columns.min() + 1) / view.focal
    middle = (x0 + (columns.min() + columns.max() + 1) / 2 - view.centre) / view.focal
    begin = EYE / max((low - view.horizon) / view.focal, 0.12)

    def form_of(values: NDArray[np.float64]) -> Form:
        sizes = usual * np.exp(np.clip(values[3:6], -0.6, 0.6))
        return Form(
            kind, float(values[0]), float(values[1]), float(values[2]),
            (float(sizes[0]), float(sizes[1]), float(sizes[2])), 0.0,
        )  # fmt: skip

    def loss(values: NDArray[np.float64], usually: float) -> float:
        if values[1] < 0.5:
            return 2.0
        away, turned = 0.0, 0.4 * (values[2] - usually) ** 2
        if kind.fronted:  # Its front looks along (sin, -cos) of its turn; the way to it is (across, into).
            toward = values[0] * math.sin(values[2]) - values[1] * math.cos(values[2])
            toward /= math.hypot(values[0], values[1])
            away = float(max(0.0, toward + 0.15) + 0.2 * (1 + toward))
        hit = _cast(form_of(values), rays)[0] < 1e8
        both = float((hit & wanted).sum())
        # What stands before a thing takes from its mask, and nothing adds to it.
        missed, over = (
            float((wanted & ~hit).sum()),
            float((hit & ~wanted & ~hidden).sum() + 0.3 * (hit & hidden).sum()),
        )
        return (
            1
            - both / (both + missed + 0.8 * over)
            + 0.04 * float((values[3:6] ** 2).sum())
            + 0.5 * away
            + float(turned)
        )

    starts = []
    for degrees in kind.turns:
        turn = math.radians(degrees)
        deep = 0.5 * (abs(math.cos(turn)) * usual[2] + abs(math.sin(turn)) * usual[0])
        wide = abs(math.cos(turn)) * usual[0] + abs(math.sin(turn)) * usual[2]
        for depth in {begin + deep, wide / max(span, 1e-3) + deep * 0.5}:
            c, s = math.cos(view.yaw), math.sin(view.yaw)
            start = np.array([(middle * c - s) * depth, (middle * s + c) * depth, turn, 0.0, 0.0, 0.0])
            starts.append((loss(start, turn), start))
    starts.sort(key=lambda pair: pair[0])
    simplex = np.vstack([np.zeros(6), np.diag([0.25, 0.35, 0.16, 0.15, 0.12, 0.12])])
    best: tuple[float, NDArray[np.float64]] | None = None
    for _, start in starts[:3]:
        result = optimize.minimize(
            loss, start, args=(start[2],), method="Nelder-Mead",
            options={"initial_simplex": start + simplex, "maxfev": 110, "xatol": 0.005, "fatol": 0.002},
        )  # fmt: skip
        if best is None or result.fun < best[0]:
            best = float(result.fun), result.x
    assert best is not None
    form = form_of(best[1])
    hit = _cast(form, rays)[0] < 1e8
    fit = float((hit & wanted).sum() / max(((hit & ~hidden) | wanted).sum(), 1))
    covered = float((hit & wanted).sum() / wanted.sum())
    if max(fit, covered - 0.12) < kind.least:
        return None
    return Form(form.kind, form.across, form.into, form.turn, form.size, fit)


def spanned(mask: Mask) -> Mask:
    """A mask (h, w) with what lies between its parts in a row or in a column."""
    spans = []
    for part in (mask, mask.T):
        first = np.maximum.accumulate(part, axis=1)
        last = np.maximum.accumulate(part[:, ::-1], axis=1)[:, ::-1]
        spans.append(first & last)
    return np.asarray(spans[0] | spans[1].T)


def shown(form: Form, view: View, x: Field, y: Field) -> Shown:
    """What pixels (x, y) of the picture show of a stand-in."""
    rays = _rays(view, x, y)
    depth, which = _cast(form, rays)
    c, s = np.float32(math.cos(form.turn)), np.float32(math.sin(form.turn))
    ox, oz = _turned(np.float32(-form.across), np.float32(-form.into), c, s)
    dx, dz = _turned(rays[0], rays[2], c, s)
    dy = rays[1]
    far = np.float32(form.into)
    plane = np.clip(
        -oz / np.where(np.abs(dz) < 0.15, np.copysign(np.float32(0.15), dz), dz), 0.3 * far, 2.5 * far
    )
    depth = np.where(which < 0, plane, depth).astype(np.float32)
    px, py, pz = ox + depth * dx, np.float32(EYE) + depth * dy, oz + depth * dz
    u, v = px.copy(), py.copy()
    face = np.full(x.shape, -1, np.int16)
    nx, ny, nz = np.zeros_like(px), np.zeros_like(px), -np.ones_like(px)
    upright = np.full(x.shape, form.size[1] > max(form.size[0], form.size[2]))
    for number, (middle, half) in enumerate(form.kind.build(*form.size)):
        at = np.flatnonzero(which == number)
        if not at.size:
            continue
        local = [p[at] - np.float32(m) for p, m in zip((px, py, pz), middle, strict=True)]
        over = [np.abs(p) - np.float32(h) for p, h in zip(local, half, strict=True)]
        axis = np.argmax(np.stack(over), axis=0)
        u[at] = np.where(axis == 0, local[2], local[0])
        v[at] = np.where(axis == 1, local[2], local[1])
        upright[at] = np.where(axis == 1, half[2] > 1.1 * half[0], half[1] > max(half[0], half[2]))
        sign = np.stack(local)[axis, np.arange(at.size)] > 0
        face[at] = (number * 6 + axis * 2 + sign).astype(np.int16)
        bent = []
        for p, h in zip(local, half, strict=True):
            r = min(_ROUND, h)
            bent.append(np.sign(p) * np.maximum(np.abs(p) - np.float32(h - r), 0) / np.float32(r))
        length = np.sqrt(bent[0] ** 2 + bent[1] ** 2 + bent[2] ** 2)
        nx[at], ny[at], nz[at] = (b / np.maximum(length, 1e-6) for b in bent)
    length = np.sqrt(rays[0] ** 2 + rays[1] ** 2 + rays[2] ** 2)
    normal = np.stack([nx * c + nz * s, ny, nz * c - nx * s]).astype(np.float32)
    looking = np.stack([rays[0] / length, rays[1] / length, rays[2] / length]).astype(np.float32)
    return Shown(u.astype(np.float32), v.astype(np.float32), face, normal, looking, upright)


def _rays(view: View, x: Field, y: Field) -> tuple[Field, Field, Field]:
    """Directions in the room: across it, up, into it."""
    c, s = np.float32(math.cos(view.yaw)), np.float32(math.sin(view.yaw))
    rx = (x - np.float32(view.centre)) * np.float32(1 / view.focal)
    up = (np.float32(view.horizon) - y) * np.float32(1 / view.focal)
    return rx * c - s, up, rx * s + c


def _turned(
    across: Field | np.float32, into: Field | np.float32, c: np.float32, s: np.float32
) -> tuple[Any, Any]:
    """Room coordinates in the thing's own frame."""
    return across * c - into * s, across * s + into * c


def _cast(form: Form, rays: tuple[Field, Field, Field]) -> tuple[Field, NDArray[np.int16]]:
    """How far along each ray the stand-in is first hit (1e9: never), and which of its boxes is (-1)."""
    c, s = np.float32(math.cos(form.turn)), np.float32(math.sin(form.turn))
    ox, oz = _turned(np.float32(-form.across), np.float32(-form.into), c, s)
    dx, dz = _turned(rays[0], rays[2], c, s)
    inverse = [np.float32(1) / np.where(np.abs(d) < 1e-6, np.float32(1e-6), d) for d in (dx, rays[1], dz)]
    origin = (float(ox), EYE, float(oz))
    depth = np.full(dx.shape, 1e9, np.float32)
    which = np.full(dx.shape, -1, np.int16)
    for number, (middle, half) in enumerate(form.kind.build(*form.size)):
        near, far = np.full(dx.shape, 0.05, np.float32), np.full(dx.shape, 1e9, np.float32)
        for o, i, m, h in zip(origin, inverse, middle, half, strict=True):
            at, reach = i * np.float32(m - o), np.abs(i) * np.float32(h)
            near, far = np.maximum(near, at - reach), np.minimum(far, at + reach)
        hit = (near <= far) & (near < depth)
        depth = np.where(hit, near, depth)
        which[hit] = number
    return depth, which
