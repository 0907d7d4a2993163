"""How materials look: procedural patterns on surface coordinates, without light.

A pattern is a function of points on a surface. Coordinates are in units: a unit is about a tenth of a thing,
0.3 m on floors and walls, so that a pattern has the size that it should have on things of any size. Colours
are sRGB, 0 to 255; what is returned is the surface in full light and the highlight to be added. Equal
arguments give equal values: noise comes from a table drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
RGB = tuple[float, float, float]

_TWO_PI: Final = np.float32(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Points:
    """Points of a surface; arrays of shape (n,), float32.

    ``u`` runs to the right, ``v`` upwards, in units. ``rim`` is how much the surface turns away from the
    viewer, 0 to 1; ``gloss`` how near a highlight would be, 0 to 1; ``bend`` where its normal points, about
    -1 to 1, for metals. ``colour`` is what the material is to show, ``second`` its pattern's other colour.
    ``detail`` is the number of pixels of a unit; finer things than a pixel or two fade. ``seat`` says that it
    is upholstery, ``ground`` that it is a floor.
    """

    u: Values
    v: Values
    rim: Values
    gloss: Values
    bend: Values
    colour: RGB
    second: RGB
    detail: float
    seed: int
    seat: bool
    ground: bool


@dataclass(frozen=True, eq=False)
class Look:
    """What a surface shows: ``colour`` (3, n) in full light, the highlight ``glint`` (n,) to be added, and
    how much the light on it matters, 0 to 1. ``clear`` (n,) is how much of what lies behind shows through.
    """

    colour: Values
    glint: Values | float = 0.0
    lit: float = 1.0
    clear: Values | None = None


@lru_cache(maxsize=16)
def _table(seed: int) -> Values:
    return np.random.default_rng(seed).random(4096, np.float32)


def cell(seed: int, i: Values, j: Values) -> Values:
    """A number in [0, 1) for each integer cell (i, j)."""
    at = (i.astype(np.int32) & 63) + ((j.astype(np.int32) & 63) << 6)
    return np.asarray(_table(seed & 0xFFFFFF)[at], np.float32)


def noise(seed: int, u: Values, v: Values) -> Values:
    """Smooth noise in [0, 1] (Perlin's value noise) with a period of about 2."""
    table = _table(seed & 0xFFFFFF)
    fu, fv = np.floor(u), np.floor(v)
    iu, iv = fu.astype(np.int32), fv.astype(np.int32)
    u, v = u - fu, v - fv
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    i0, i1, j0, j1 = iu & 63, (iu + 1) & 63, (iv & 63) << 6, ((iv + 1) & 63) << 6
    low = table[j0 + i0]
    low = low + (table[j0 + i1] - low) * u
    high = table[j1 + i0]
    high = high + (table[j1 + i1] - high) * u
    return np.asarray(low + (high - low) * v, np.float32)


def frac(x: Values) -> Values:
    """The fractional part, in [0, 1)."""
    return np.asarray(x - np.floor(x), np.float32)


def ramp(low: float, high: float, x: Values) -> Values:
    """0 at low, 1 at high, smooth between."""
    t = np.clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def wave(x: Values) -> Values:
    """A sine of period 1."""
    return np.asarray(np.sin(_TWO_PI * x), np.float32)


def toned(colour: RGB, factor: Values) -> Values:
    """A colour times a factor a point: (3, n)."""
    return np.asarray(colour, np.float32)[:, None] * factor[None]


def mixed(one: Values, other: Values | RGB, share: Values) -> Values:
    """``one`` where ``share`` is 0, ``other`` where it is 1; colours (3, n)."""
    to = np.asarray(other, np.float32)
    if to.ndim == 1:
        to = to[:, None]
    return one + (to - one) * share[None]


def luma(colour: RGB) -> float:
    """The brightness of a colour, 0 to 1."""
    return (0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]) / 255


def seen(p: Points, period: float) -> float:
    """How much of a detail that repeats every ``period`` units a picture of this size can show, 0 to 1."""
    return float(np.clip((p.detail * period - 1.5) / 2.0, 0, 1))


def _scaled(palette: RGB, p: Points, own: RGB) -> RGB:
    """A palette's colour, turned as the material's own mean would have to be turned to be ``p.colour``."""
    if p.colour == own:
        return palette
    keep = luma(palette) / max(luma(own), 1e-3)
    r, g, b = (min(c * keep, 252.0) for c in p.colour)
    return (r, g, b)


def leather(p: Points) -> Look:
    """Upholstery: tufted diamonds with seams, buttons and soft highlights; else grain and creases."""
    grain = noise(p.seed + 5, p.u * 9, p.v * 9) - np.float32(0.5)
    fine = np.float32(0.07 * seen(p, 0.22)) * grain
    if not p.seat:
        crease = np.abs(noise(p.seed, p.u * 1.3, p.v * 0.8) - np.float32(0.5))
        line = 1 - ramp(0.0, 0.035, crease)
        broad = noise(p.seed + 1, p.u * 0.6, p.v * 0.6)
        shade = 0.80 + 0.16 * broad - 0.12 * line + 1.5 * fine - 0.12 * p.rim
        shine = ramp(0.45, 0.95, p.gloss + 0.5 * (broad - np.float32(0.5)))
        return Look(toned(p.colour, shade), 64 * shine * shine)
    a, b = frac((p.u + p.v) * np.float32(0.5)) - 0.5, frac((p.u - p.v) * np.float32(0.5)) - 0.5
    a4, b4 = (2 * a) ** 4, (2 * b) ** 4
    swell = (1 - a4) * (1 - b4)
    lean = np.clip(1.1 * b - 0.44 * a, -0.5, 0.5) * swell
    knob = ramp(0.60, 0.80, 16 * a * a * b * b)
    shade = 0.69 + 0.37 * swell - 0.26 * lean - 0.40 * knob + fine
    x, y = a - np.float32(0.12), b + np.float32(0.16)
    spot = np.clip(1 - 14 * (x * x + y * y), 0, 1)
    shine = p.gloss * p.gloss
    return Look(toned(p.colour, shade), 62 * spot * spot * (0.55 + 0.45 * shine) + 26 * shine * shine * shine)


def suede(p: Points) -> Look:
    """Matt leather: a soft nap, brushed here and there."""
    nap = noise(p.seed, p.u * 0.5, p.v * 0.5)
    fine = noise(p.seed + 1, p.u * 8, p.v * 8) - np.float32(0.5)
    shade = 0.88 + 0.16 * nap + np.float32(0.10 * seen(p, 0.25)) * fine + 0.10 * p.rim
    return Look(toned(p.colour, shade))


def velvet(p: Points) -> Look:
    """Deep where it faces the viewer, bright at the rims, with brushed patches."""
    brushed = ramp(0.25, 0.75, noise(p.seed, p.u * 0.35, p.v * 0.35))
    rim = p.rim * p.rim
    shade = 0.74 + 0.55 * rim + 0.20 * brushed
    return Look(toned(p.colour, shade), 44 * rim * p.rim + 10 * brushed)


def silk(p: Points) -> Look:
    """Smooth cloth with broad folds of light."""
    fold = wave(p.u * 0.22 + p.v * 0.10 + 1.2 * noise(p.seed, p.u * 0.3, p.v * 0.3))
    shade = 0.86 + 0.14 * fold
    light = ramp(0.3, 1.0, fold)
    return Look(toned(p.colour, shade), 34 * light * light + 30 * p.gloss**4)


def linen(p: Points) -> Look:
    """A coarse cross weave: threads that go over and under."""
    k = np.float32(1 / 0.62)
    u, v = p.u * k, p.v * k
    over = frac((np.floor(u) + np.floor(v)) * np.float32(0.5)) > 0.25
    fu, fv = frac(u) - np.float32(0.5), frac(v) - np.float32(0.5)
    across = np.where(over, fu, fv)
    slub = noise(p.seed, u * 0.4, v * 3) - np.float32(0.5)
    shade = 1.13 - 1.4 * across * across - np.where(over, np.float32(0), np.float32(0.14)) + 0.05 * slub
    pale = np.where(over, np.float32(0.09), np.float32(0.02))
    return Look(mixed(toned(p.colour, shade), (236.0, 228.0, 212.0), pale))


def wool(p: Points) -> Look:
    """A chunky knit: columns of V-shaped stitches."""
    fu = np.abs(frac(p.u) - np.float32(0.5)) * 2
    fv = frac(p.v * np.float32(1.25) - np.float32(0.62) * fu) - np.float32(0.5)
    groove = ramp(0.72, 1.0, fu) + np.float32(0.45) * ramp(0.86, 1.0, 1 - fu)
    fuzz = noise(p.seed, p.u * 7, p.v * 7) - np.float32(0.5)
    shade = 1.18 - 1.8 * fv * fv - 0.42 * groove + np.float32(0.10 * seen(p, 0.3)) * fuzz
    return Look(toned(p.colour, shade))


def tweed(p: Points) -> Look:
    """Herringbone with flecks."""
    k = np.float32(1 / 0.9)
    u = p.u * k
    turn = np.where(frac(np.floor(u) * np.float32(0.5)) > 0.25, np.float32(1), np.float32(-1))
    line = wave(p.v * np.float32(3.2) + turn * frac(u) * np.float32(2.6))
    fleck = noise(p.seed, p.u * 9, p.v * 9)
    shade = 0.95 + 0.13 * line + 0.22 * (fleck - np.float32(0.5)) * np.float32(seen(p, 0.22))
    return Look(mixed(toned(p.colour, shade), p.second, 0.35 * ramp(0.1, 0.7, line)))


def corduroy(p: Points) -> Look:
    """Upright ribs."""
    rib = frac(p.u * np.float32(2.2)) - np.float32(0.5)
    nap = noise(p.seed, p.u * 0.5, p.v * 0.5)
    shade = 1.06 - 1.7 * rib * rib + 0.10 * nap
    return Look(toned(p.colour, shade), 10 * p.rim)


def denim(p: Points) -> Look:
    """Twill with a pale weft, worn here and there."""
    twill = wave((p.u - p.v) * np.float32(6)) * np.float32(seen(p, 1 / 8))
    thread = noise(p.seed, p.u * 6, p.v * 1.2) - np.float32(0.5)
    worn = noise(p.seed + 1, p.u * 0.4, p.v * 0.4)
    seam = 1 - ramp(0.02, 0.05, np.abs(frac(p.u * np.float32(0.16)) - np.float32(0.5)))
    shade = 0.92 + 0.10 * twill + 0.22 * thread + 0.16 * worn - 0.30 * seam
    return Look(mixed(toned(p.colour, shade), (214.0, 222.0, 232.0), 0.12 * ramp(0.2, 0.9, twill)))


def striped(p: Points) -> Look:
    """Upright stripes of two colours."""
    f = frac(p.u * np.float32(1 / 1.9))
    share = ramp(0.60, 0.63, f) * (1 - ramp(0.97, 1.0, f))
    return Look(mixed(toned(p.colour, np.ones_like(f)), p.second, share))


def checked(p: Points) -> Look:
    """Gingham: crossed bands; on a floor a chequerboard of tiles."""
    if p.ground:
        k = np.float32(1 / 1.5)
        u, v = p.u * k, p.v * k
        pale = frac((np.floor(u) + np.floor(v)) * np.float32(0.5)) > 0.25
        edge = np.maximum(np.abs(frac(u) - np.float32(0.5)), np.abs(frac(v) - np.float32(0.5)))
        share = np.where(pale, 1 - ramp(0.445, 0.465, edge), np.float32(0))
        return Look(mixed(toned(p.colour, np.ones_like(u)), p.second, share), 16 * p.gloss * p.gloss)
    k = np.float32(1 / 1.7)
    fu, fv = frac(p.u * k), frac(p.v * k)
    a = ramp(0.62, 0.65, fu) * (1 - ramp(0.97, 1.0, fu))
    b = ramp(0.62, 0.65, fv) * (1 - ramp(0.97, 1.0, fv))
    return Look(mixed(toned(p.colour, np.ones_like(fu)), p.second, np.float32(0.3) * (a + b + a * b)))


def dotted(p: Points) -> Look:
    """Polka dots, each row moved by half a step."""
    k = np.float32(1 / 1.3)
    row = np.floor(p.v * k)
    x = frac(p.u * k + np.float32(0.5) * frac(row * np.float32(0.5)) * 2) - np.float32(0.5)
    y = frac(p.v * k) - np.float32(0.5)
    dot = 1 - ramp(0.055, 0.075, x * x + y * y)
    return Look(mixed(toned(p.colour, np.ones_like(x)), p.second, dot))


def painted(p: Points) -> Look:
    """Smooth paint."""
    cloud = noise(p.seed, p.u * 0.4, p.v * 0.4)
    return Look(toned(p.colour, 0.97 + 0.06 * cloud), 12 * p.gloss**3)


def ceramic(p: Points) -> Look:
    """A smooth glaze with one strong highlight."""
    return Look(toned(p.colour, 1.06 - 0.28 * p.rim), 150 * p.gloss**12 + 20 * p.gloss * p.gloss)


def _wood(p: Points, dark: RGB, light: RGB, plank: float, figure: float) -> Look:
    """Boards along u with grain; ``figure`` is how strongly the grain swings."""
    across = p.v * np.float32(1 / plank) + np.float32(0.5)
    row = np.floor(across)
    fv = frac(across)
    shift = cell(p.seed, row, np.full_like(row, 7))
    along = p.u * np.float32(0.30 / plank) + 17 * shift
    swing = noise(p.seed, along, p.v * np.float32(0.9 / plank) + 5 * row)
    grain = 0.5 + 0.5 * wave(p.v * np.float32(1.6 / plank) + np.float32(figure) * swing)
    pore = noise(p.seed + 3, p.u * np.float32(0.8), p.v * np.float32(14 / plank)) - np.float32(0.5)
    own = shift - np.float32(0.5)
    seam = 1 - ramp(0.0, 0.07, np.minimum(fv, 1 - fv))
    if p.ground:
        length = frac(p.u * np.float32(0.16 / plank) + 3 * shift)
        seam = np.maximum(seam, 1 - ramp(0, 0.012, np.minimum(length, 1 - length)))
    tone = 1 + 0.16 * own + np.float32(0.08 * seen(p, 2 * plank / 14)) * pore
    share = 0.75 * grain * (0.5 + 0.5 * swing)
    return Look(mixed(toned(light, tone), dark, share) * (1 - 0.42 * seam)[None], 14 * p.gloss**3)


def _timber(dark: RGB, light: RGB, plank: float, figure: float) -> Callable[[Points], Look]:
    own = _between(dark, light)

    def paint(p: Points) -> Look:
        return _wood(p, _scaled(dark, p, own), _scaled(light, p, own), plank, figure)

    return paint


def _between(dark: RGB, light: RGB) -> RGB:
    r, g, b = (round(0.35 * d + 0.65 * c) for d, c in zip(dark, light, strict=True))
    return (float(r), float(g), float(b))


def bamboo(p: Points) -> Look:
    """Canes side by side with rings."""
    k = np.float32(1 / 0.8)
    cane = p.u * k
    f = frac(cane) - np.float32(0.5)
    shift = cell(p.seed, np.floor(cane), np.zeros_like(cane))
    ring = np.abs(frac(p.v * np.float32(0.22) + shift) - np.float32(0.5))
    shade = 1.08 - 1.5 * f * f - 0.24 * (1 - ramp(0.0, 0.025, ring)) + 0.10 * (shift - np.float32(0.5))
    return Look(toned(p.colour, shade), 14 * ramp(0.5, 1, p.gloss))


def _veined(p: Points, ground: RGB, veins: RGB, strength: float) -> Look:
    k = np.float32(0.55)
    u, v = p.u * k, p.v * k
    warp = noise(p.seed, u * 0.8, v * 0.8)
    swell = noise(p.seed + 1, u * 0.6 + 2.2 * warp, v * 0.6 - 1.3 * warp)
    swell = swell + 0.16 * (noise(p.seed + 6, u * 1.9, v * 1.9) - np.float32(0.5))
    ridge = np.abs(swell - np.float32(0.5))
    cloud = noise(p.seed + 2, u * 0.7, v * 0.7)
    vein = 1 - ramp(0.0, 0.085, ridge)
    colour = mixed(toned(ground, 0.93 + 0.08 * cloud), veins, np.float32(strength) * vein)
    return Look(colour, 26 * p.gloss**4)


def marble(p: Points) -> Look:
    """Stone with veins: grey ones on pale stone, pale ones on dark."""
    ground = p.colour if p.colour != OWN["marble"] else (240.0, 238.0, 236.0)
    if luma(ground) > 0.45:
        if p.colour == OWN["marble"]:
            return _veined(p, ground, (112.0, 116.0, 124.0), 0.8)
        r, g, b = (c * 0.52 for c in ground)
        return _veined(p, ground, (r, g, b), 0.75)
    return _veined(p, ground, (206.0, 204.0, 200.0), 0.62)


def granite(p: Points) -> Look:
    """Speckled stone."""
    a, b = noise(p.seed, p.u * 3.4, p.v * 3.4), noise(p.seed + 1, p.u * 5.3, p.v * 5.3)
    dark = ramp(0.60, 0.72, a)
    pale = ramp(0.66, 0.78, b)
    cloud = noise(p.seed + 2, p.u * 0.5, p.v * 0.5)
    colour = mixed(toned(p.colour, 0.92 + 0.14 * cloud), _times(p.colour, 0.38), 0.85 * dark)
    return Look(mixed(colour, _lifted(p.colour, 0.6), 0.8 * pale), 22 * p.gloss**4)


def terrazzo(p: Points) -> Look:
    """Chips of several colours in a pale ground."""
    k = np.float32(1.5)
    u, v = p.u * k, p.v * k
    i, j = np.floor(u), np.floor(v)
    kind = cell(p.seed, i, j)
    x = frac(u) - 0.3 - 0.4 * cell(p.seed + 1, i, j)
    y = frac(v) - 0.3 - 0.4 * cell(p.seed + 2, i, j)
    tilt = cell(p.seed + 3, i, j) * 2 - 1
    chip = 1 - ramp(0.07, 0.085, (x + tilt * y) ** 2 + (y - 0.4 * tilt * x) ** 2 + 0.05 * kind)
    colour = toned(p.colour, np.ones_like(u))
    for low, tint in ((0.0, (176.0, 98.0, 76.0)), (0.3, (92.0, 104.0, 108.0)), (0.65, (214.0, 178.0, 120.0))):
        colour = mixed(colour, tint, chip * ((kind >= low) & (kind < low + 0.35)).astype(np.float32))
    return Look(colour, 20 * p.gloss**4)


def stone(p: Points) -> Look:
    """Cut stones in courses of their own heights and shades."""
    v = p.v * np.float32(1 / 0.95)
    row = np.floor(v)
    u = p.u * np.float32(1 / 1.9) + cell(p.seed, row, np.full_like(row, 3)) * 5
    own = cell(p.seed, np.floor(u), row)
    fu, fv = frac(u), frac(v)
    wobble = 0.03 * (noise(p.seed + 1, p.u * 2, p.v * 2) - np.float32(0.5))
    edge = np.minimum(np.minimum(fu, 1 - fu) * 1.9, np.minimum(fv, 1 - fv)) + wobble
    rough = noise(p.seed + 2, p.u * 2.6, p.v * 2.6) - np.float32(0.5)
    face = toned(p.colour, 0.78 + 0.36 * own + 0.22 * rough)
    return Look(mixed(face, _times(p.colour, 0.55), 0.8 * (1 - ramp(0.03, 0.08, edge))))


def slate(p: Points) -> Look:
    """Split stone in layers."""
    layer = noise(p.seed, p.u * 0.5, p.v * 2.2 + 0.8 * noise(p.seed + 1, p.u * 0.6, p.v * 0.6))
    fine = noise(p.seed + 2, p.u * 1.5, p.v * 6) - np.float32(0.5)
    shade = 0.84 + 0.30 * layer + 0.16 * fine
    if p.ground:
        fu, fv = frac(p.u * np.float32(0.5)), frac(p.v * np.float32(0.7))
        shade = shade - 0.45 * (
            1 - ramp(0.01, 0.03, np.minimum(np.minimum(fu, 1 - fu), np.minimum(fv, 1 - fv)))
        )
    return Look(toned(p.colour, shade), 10 * p.gloss**3)


def cork(p: Points) -> Look:
    """Pressed grains."""
    a, b = noise(p.seed, p.u * 3, p.v * 3), noise(p.seed + 1, p.u * 7, p.v * 7)
    dark = ramp(0.62, 0.75, a)
    shade = 0.88 + 0.24 * b
    return Look(mixed(toned(p.colour, shade), _times(p.colour, 0.45), 0.7 * dark))


def terracotta(p: Points) -> Look:
    """Fired clay; on floors and walls as tiles."""
    cloud = noise(p.seed, p.u * 0.6, p.v * 0.6)
    fine = noise(p.seed + 1, p.u * 4, p.v * 4) - np.float32(0.5)
    shade = 0.90 + 0.16 * cloud + 0.06 * fine
    if p.ground:
        return _tiled(p, shade, 0.7, 6)
    return Look(toned(p.colour, shade), 8 * p.gloss)


def _metal(p: Points, dark: RGB, light: RGB, glint: float) -> Look:
    """Bands of a mirrored room, sharp, across the way that the surface turns."""
    streak = (p.u * np.float32(0.6) + p.v) * np.float32(0.22)
    band = 0.5 + 0.5 * wave(p.bend * np.float32(0.9) + streak * np.float32(0.6) + np.float32(0.1))
    fine = noise(p.seed, p.u * 0.4, p.v * 9) - np.float32(0.5)
    colour = mixed(toned(dark, 1 + np.float32(0.05 * seen(p, 0.22)) * fine), light, ramp(0.1, 0.75, band))
    return Look(colour, glint * ramp(0.80, 0.94, band))


def _polished(dark: RGB, light: RGB, glint: float) -> Callable[[Points], Look]:
    own = _between(dark, light)

    def paint(p: Points) -> Look:
        return _metal(p, _scaled(dark, p, own), _scaled(light, p, own), glint)

    return paint


def glass(p: Points) -> Look:
    """Pale glass with slanting streaks and greenish rims; what lies behind shows through."""
    streak = frac((p.u + np.float32(0.7) * p.v) * np.float32(0.22))
    band = ramp(0.0, 0.04, streak) * (1 - ramp(0.24, 0.28, streak))
    thin = ramp(0.36, 0.38, streak) * (1 - ramp(0.44, 0.46, streak))
    plain = p.colour == OWN["glass"]
    ground = (172.0, 208.0, 212.0) if plain else p.colour
    colour = mixed(toned(ground, 1.06 - 0.24 * p.rim), (240.0, 250.0, 252.0), 0.75 * band + 0.55 * thin)
    edge = (92.0, 150.0, 146.0) if plain else _times(p.colour, 0.6)
    rim = 0.7 * ramp(0.45, 0.9, p.rim)
    clear = 0.34 * (1 - rim) * (1 - 0.8 * np.maximum(band, thin))
    return Look(mixed(colour, edge, rim), 40 * p.gloss**4, 0.6, clear)


def rattan(p: Points) -> Look:
    """A basket weave of strips with dark gaps."""
    k = np.float32(1 / 0.9)
    u, v = p.u * k, p.v * k
    upright = frac((np.floor(u) + np.floor(v)) * np.float32(0.5)) > 0.25
    fu, fv = frac(u) - np.float32(0.5), frac(v) - np.float32(0.5)
    across, along = np.where(upright, fu, fv), np.where(upright, fv, fu)
    strand = frac(across * 2 + np.float32(0.5)) - np.float32(0.5)
    own = cell(p.seed, np.floor(u), np.floor(v)) - np.float32(0.5)
    shade = 1.12 - 1.5 * strand * strand - 0.9 * along * along + 0.05 * own
    gap = ramp(0.40, 0.48, np.maximum(np.abs(fu), np.abs(fv)))
    own_colour = p.colour == OWN["rattan"]
    cane = (214.0, 166.0, 102.0) if own_colour else p.colour
    dark = (84.0, 54.0, 28.0) if own_colour else _times(p.colour, 0.36)
    return Look(mixed(toned(cane, shade), dark, 0.8 * gap))


def brick(p: Points) -> Look:
    """Running bond with pale mortar."""
    v = p.v * np.float32(1 / 0.62)
    row = np.floor(v)
    u = p.u * np.float32(1 / (2.3 * 0.62)) + np.float32(0.5) * frac(row * np.float32(0.5)) * 2
    fu, fv = frac(u), frac(v)
    own = cell(p.seed, np.floor(u), row)
    joint = np.maximum(
        1 - ramp(0.02, 0.055, np.minimum(fu, 1 - fu)), 1 - ramp(0.05, 0.12, np.minimum(fv, 1 - fv))
    )
    rough = noise(p.seed + 1, p.u * 4, p.v * 4) - np.float32(0.5)
    plain = p.colour == OWN["brick"]
    face = (182.0, 88.0, 62.0) if plain else p.colour
    burnt = (128.0, 62.0, 52.0) if plain else _times(p.colour, 0.7)
    mortar = (206.0, 196.0, 184.0) if luma(face) < 0.7 else _times(face, 0.78)
    tone = 0.82 + 0.32 * own + np.float32(0.16 * seen(p, 0.5)) * rough
    return Look(mixed(mixed(toned(face, tone), burnt, ramp(0.7, 0.9, frac(own * 7))), mortar, joint))


def tile(p: Points) -> Look:
    """Square glazed tiles with grout."""
    u, v = p.u * np.float32(1 / 1.05), p.v * np.float32(1 / 1.05)
    own = cell(p.seed, np.floor(u), np.floor(v))
    return _tiled(p, 0.88 + 0.16 * own, 1 / 1.05, 34)


def _tiled(p: Points, tone: Values, k: float, glint: float) -> Look:
    fu, fv = frac(p.u * np.float32(k)), frac(p.v * np.float32(k))
    edge = np.minimum(np.minimum(fu, 1 - fu), np.minimum(fv, 1 - fv))
    joint = 1 - ramp(0.025, 0.06, edge)
    grout = (120.0, 122.0, 126.0) if luma(p.colour) > 0.72 else (228.0, 226.0, 220.0)
    shine = ramp(0.5, 0.9, fv) * (1 - ramp(0.15, 0.5, fu)) * ramp(0.05, 0.12, edge)
    return Look(mixed(toned(p.colour, tone), grout, joint), glint * shine)


def concrete(p: Points) -> Look:
    """Cast concrete: blotches, panel joints, the holes of the formwork."""
    cloud = noise(p.seed, p.u * 0.8, p.v * 0.8)
    fine = noise(p.seed + 1, p.u * 2.6, p.v * 2.6)
    fu, fv = frac(p.u * np.float32(0.25)), frac(p.v * np.float32(0.3))
    joint = 1 - ramp(0.008, 0.02, np.minimum(np.minimum(fu, 1 - fu), np.minimum(fv, 1 - fv)))
    x, y = np.abs(fu - np.float32(0.5)) - np.float32(0.36), np.abs(fv - np.float32(0.5)) - np.float32(0.36)
    hole = 1 - ramp(0.0004, 0.0012, x * x + y * y)
    shade = 0.84 + 0.20 * cloud + 0.13 * fine - 0.36 * joint - 0.45 * hole
    return Look(toned(p.colour, shade))


def _times(colour: RGB, factor: float) -> RGB:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def _lifted(colour: RGB, share: float) -> RGB:
    r, g, b = (c + (248 - c) * share for c in colour)
    return (r, g, b)


def contrast_of(colour: RGB) -> RGB:
    """A second colour for a pattern: cream on most colours, slate on pale ones."""
    return (74.0, 84.0, 102.0) if luma(colour) > 0.72 else (246.0, 240.0, 228.0)


WOODS: Final[dict[str, tuple[RGB, RGB, float, float]]] = {
    "oak": ((178, 130, 76), (222, 184, 130), 1.1, 1.6),
    "walnut": ((62, 36, 24), (130, 84, 54), 1.5, 2.6),
    "pine": ((204, 150, 84), (240, 206, 148), 1.2, 2.0),
    "cherry": ((116, 52, 30), (180, 98, 62), 1.3, 1.8),
    "mahogany": ((74, 26, 18), (134, 62, 40), 1.3, 1.8),
    "ebony": ((20, 17, 16), (52, 46, 42), 1.3, 1.6),
    "teak": ((132, 82, 40), (184, 130, 74), 1.2, 1.8),
    "maple": ((214, 176, 126), (238, 210, 168), 1.3, 1.2),
    "birch": ((222, 190, 146), (242, 222, 188), 1.3, 1.2),
}
"""Dark and light of the grain, a board's width in units, how the grain swings."""

_METALS: Final[dict[str, tuple[RGB, RGB, float]]] = {
    "brass": ((132, 92, 26), (232, 190, 92), 60),
    "black metal": ((24, 24, 27), (58, 60, 66), 70),
    "gold": ((150, 104, 22), (246, 204, 96), 64),
    "copper": ((122, 58, 32), (228, 142, 100), 60),
    "bronze": ((82, 58, 30), (168, 126, 76), 50),
    "silver": ((112, 116, 122), (222, 226, 232), 60),
    "chrome": ((78, 84, 92), (232, 238, 244), 80),
    "steel": ((104, 110, 116), (186, 192, 198), 44),
}
"""Dark and light of the bands, the highlight on top."""

OWN: Final[dict[str, RGB]] = {
    **{name: _between(dark, light) for name, (dark, light, _, _) in WOODS.items()},
    **{name: _between(dark, light) for name, (dark, light, _) in _METALS.items()},
    "marble": (232.0, 230.0, 228.0),
    "glass": (190.0, 218.0, 220.0),
    "rattan": (198.0, 152.0, 90.0),
    "brick": (168.0, 84.0, 62.0),
    "concrete": (160.0, 158.0, 154.0),
    "bamboo": (206.0, 176.0, 112.0),
    "granite": (142.0, 138.0, 136.0),
    "terrazzo": (228.0, 224.0, 216.0),
    "stone": (168.0, 160.0, 146.0),
    "slate": (84.0, 92.0, 100.0),
    "cork": (188.0, 142.0, 92.0),
    "terracotta": (190.0, 104.0, 70.0),
    "denim": (66.0, 92.0, 138.0),
    "jute": (190.0, 160.0, 112.0),
}
"""The colour (sRGB, about the mean) of materials that bring one; others take the thing's."""

PATTERNS: Final[dict[str, Callable[[Points], Look]]] = {
    "leather": leather,
    "suede": suede,
    "velvet": velvet,
    "silk": silk,
    "linen": linen,
    "jute": linen,
    "wool": wool,
    "tweed": tweed,
    "corduroy": corduroy,
    "denim": denim,
    "striped": striped,
    "checked": checked,
    "dotted": dotted,
    "painted": painted,
    "ceramic": ceramic,
    **{name: _timber(*spec) for name, spec in WOODS.items()},
    "bamboo": bamboo,
    "marble": marble,
    "granite": granite,
    "terrazzo": terrazzo,
    "stone": stone,
    "slate": slate,
    "cork": cork,
    "terracotta": terracotta,
    **{name: _polished(*spec) for name, spec in _METALS.items()},
    "glass": glass,
    "rattan": rattan,
    "brick": brick,
    "tile": tile,
    "concrete": concrete,
}
"""How each material is made."""
