"""What surfaces look like: procedural materials and the fixed surfaces of details.

Each material is a function from surface coordinates to colour. Patterns are large (a period is about a tenth
of the object) because a small VAE loses fine ones. Relief is painted into the colour. No randomness here:
noise comes from tables hashed out of the thing's seed. Only exactly rounded arithmetic (see primitives).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from pocket.rooms.model import RGB
from pocket.rooms.primitives import F32, wave

_ONE = np.float32(1.0)


@dataclass
class Hits:
    """The visible points of one surface; arrays of shape (n,)."""

    u: F32
    v: F32
    """Surface coordinates, metres."""
    facing: F32
    """|cosine| between normal and view direction."""
    nx: F32
    ny: F32
    """Normal in the world."""
    sheen: F32
    """Cosine between the normal and the half vector of light and view, at least 0."""
    size: tuple[float, float, float]
    """Size of the thing, metres."""
    unit: float
    """Period of the thing's pattern, metres."""
    rgb: RGB
    """Colour of the thing, 0 to 255."""
    second: RGB
    """Second colour of its pattern, 0 to 255."""
    seed: int
    kind: str


@dataclass
class Paint:
    """Colour (3, n), 0 to 255; added highlight (n,) or 0; how much the light matters, 0 to 1."""

    colour: F32
    glint: F32 | float = 0.0
    lit: float = 1.0


@lru_cache(maxsize=512)
def _table(seed: int) -> F32:
    """A 64 x 64 table of numbers in [0, 1), hashed out of the seed."""
    x = np.arange(4096, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32((seed * 0x85EBCA6B) & 0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint32(shift)
        x *= np.uint32(factor)
    x ^= x >> np.uint32(16)
    return ((x >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)).astype(np.float32)


def cell(seed: int, i: F32, j: F32 | float) -> F32:
    """A random number in [0, 1) for each integer cell (i, j)."""
    where = (i.astype(np.int32) & 63) + ((np.asarray(j).astype(np.int32) & 63) << 6)
    return _table(seed)[where]


def noise(seed: int, u: F32, v: F32) -> F32:
    """Smooth noise in [0, 1] with a period of about 2."""
    fu, fv = np.floor(u), np.floor(v)
    iu, iv = fu.astype(np.int32), fv.astype(np.int32)
    u, v = u - fu, v - fv
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    iu0, iu1, iv0, iv1 = iu & 63, (iu + 1) & 63, (iv & 63) << 6, ((iv + 1) & 63) << 6
    table = _table(seed)
    low = table[iv0 + iu0]
    low = low + (table[iv0 + iu1] - low) * u
    high = table[iv1 + iu0]
    high = high + (table[iv1 + iu1] - high) * u
    return np.asarray(low + (high - low) * v, dtype=np.float32)


def frac(x: F32) -> F32:
    """Fractional part, in [0, 1)."""
    return np.asarray(x - np.floor(x), dtype=np.float32)


def fourth(x: F32) -> F32:
    """x to the fourth power, by multiplication: powers are not exactly rounded everywhere."""
    square = x * x
    return square * square


def tone(rgb: RGB, factor: F32) -> F32:
    """The colour times a factor a point: (3, n)."""
    return np.asarray(rgb, dtype=np.float32)[:, None] * factor[None, :]


def mix(a: F32, b: F32 | RGB, weight: F32) -> F32:
    """a where weight is 0, b where it is 1; colours (3, n)."""
    other = np.asarray(b, dtype=np.float32)
    if other.ndim == 1:
        other = other[:, None]
    return np.asarray(a + (other - a) * weight[None, :], dtype=np.float32)


def smooth(low: float, high: float, x: F32) -> F32:
    """Smooth step from 0 at low to 1 at high."""
    t = np.clip((x - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def luma(rgb: RGB) -> float:
    """Brightness of a colour, 0 to 1."""
    return (0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2]) / 255


def contrast_of(rgb: RGB) -> RGB:
    """A second colour for a pattern: cream on most colours, a dark slate on pale ones."""
    return (74.0, 84.0, 102.0) if luma(rgb) > 0.72 else (246.0, 240.0, 228.0)


def leather(h: Hits) -> Paint:
    """Tufted diamonds with seams, buttons and highlights."""
    k = np.float32(0.5 / h.unit)
    fa, fb = frac((h.u + h.v) * k) - np.float32(0.5), frac((h.u - h.v) * k) - np.float32(0.5)
    a2, b2 = 4 * fa * fa, 4 * fb * fb
    bulge = (1 - a2 * a2) * (1 - b2 * b2)
    slope = np.clip((fb - 0.4 * fa) * 1.1, -0.5, 0.5) * bulge
    button = smooth(0.62, 0.8, a2 * b2)
    shade = 0.68 + 0.38 * bulge - 0.26 * slope - 0.4 * button
    # the highlight sits on the upper part of every cushion of leather
    gx, gy = fa - np.float32(0.12), fb + np.float32(0.16)
    spot = np.clip(1 - 14 * (gx * gx + gy * gy), 0, 1)
    shine = h.sheen * h.sheen
    glint = 62 * spot * spot * (0.55 + 0.45 * shine) + 30 * shine * shine * shine
    return Paint(tone(h.rgb, shade), glint)


def velvet(h: Hits) -> Paint:
    """Smooth and deep, dark where it faces the viewer, bright at the rims, with brushed patches."""
    rim = 1 - h.facing
    brushed = noise(h.seed, h.u * np.float32(0.35 / h.unit), h.v * np.float32(0.35 / h.unit))
    patch = smooth(0.25, 0.75, brushed)
    shade = 0.74 + 0.55 * rim * rim + 0.20 * patch
    return Paint(tone(h.rgb, shade), 44 * rim * rim * rim + 10 * patch)


def linen(h: Hits) -> Paint:
    """A coarse cross weave: threads that go over and under."""
    k = np.float32(1.0 / (0.62 * h.unit))
    u, v = h.u * k, h.v * k
    over = (np.floor(u) + np.floor(v)) * np.float32(0.5)
    over = frac(over) > 0.25
    fu, fv = frac(u) - np.float32(0.5), frac(v) - np.float32(0.5)
    across = np.where(over, fu, fv)
    shade = (
        np.float32(1.13) - np.float32(1.4) * across * across - np.where(over, 0.0, 0.14).astype(np.float32)
    )
    pale = np.where(over, 0.09, 0.02).astype(np.float32)
    return Paint(mix(tone(h.rgb, shade), (236, 228, 212), pale))


def wool(h: Hits) -> Paint:
    """A chunky knit: columns of V-shaped stitches."""
    k = np.float32(1.0 / (1.0 * h.unit))
    u = h.u * k
    fu = np.abs(frac(u) - np.float32(0.5)) * 2
    fv = frac(h.v * k * np.float32(1.25) - np.float32(0.62) * fu) - np.float32(0.5)
    groove = smooth(0.72, 1.0, fu) + smooth(0.86, 1.0, 1 - fu) * np.float32(0.45)
    shade = 1.18 - 1.8 * fv * fv - 0.42 * groove
    return Paint(tone(h.rgb, np.asarray(shade, dtype=np.float32)))


def striped(h: Hits) -> Paint:
    """Upright stripes of the colour and cream (slate on pale colours)."""
    period = 1.9 * h.unit
    f = frac(h.u * np.float32(1.0 / period))
    weight = smooth(0.60, 0.63, f) * (1 - smooth(0.97, 1.0, f))
    return Paint(mix(tone(h.rgb, np.ones_like(f)), h.second, weight))


def checked(h: Hits) -> Paint:
    """Gingham: crossed bands; on a floor a chequerboard of tiles."""
    if h.kind == "floor":
        k = np.float32(1.0 / (1.5 * h.unit))
        u, v = h.u * k, h.v * k
        pale = frac((np.floor(u) + np.floor(v)) * np.float32(0.5)) > 0.25
        edge = np.maximum(np.abs(frac(u) - np.float32(0.5)), np.abs(frac(v) - np.float32(0.5)))
        pale &= edge < 0.455  # the colour frames the pale tiles, so that it covers more than half
        base = mix(tone(h.rgb, np.ones_like(u)), h.second, pale.astype(np.float32))
        return Paint(base, 22 * h.sheen * h.sheen)
    k = np.float32(1.0 / (1.7 * h.unit))
    fu, fv = frac(h.u * k), frac(h.v * k)
    a = smooth(0.62, 0.65, fu) * (1 - smooth(0.97, 1.0, fu))
    b = smooth(0.62, 0.65, fv) * (1 - smooth(0.97, 1.0, fv))
    light = tone(h.rgb, np.ones_like(fu))
    paint = mix(light, h.second, np.float32(0.3) * (a + b + a * b))
    return Paint(paint)


def painted(h: Hits) -> Paint:
    """Smooth paint."""
    cloud = noise(h.seed, h.u * np.float32(1.3), h.v * np.float32(1.3))
    return Paint(tone(h.rgb, 0.97 + 0.06 * cloud), 12 * h.sheen * h.sheen * h.sheen)


def ceramic(h: Hits) -> Paint:
    """A smooth glaze with one strong highlight."""
    s2 = h.sheen * h.sheen
    s8 = s2 * s2 * s2 * s2
    return Paint(tone(h.rgb, 0.78 + 0.28 * h.facing), 150 * s8 * s8 + 20 * s2)


def _wood(h: Hits, dark: RGB, light: RGB, plank: float, figure: float) -> Paint:
    """Planks along u with grain; figure is how strongly the grain swings."""
    across = h.v * np.float32(1.0 / plank) + np.float32(0.5)  # a narrow part is one plank
    row = np.floor(across)
    fv = frac(across)
    shift = cell(h.seed, row, 7)
    along = h.u * np.float32(0.30 / plank) + 17 * shift
    swing = noise(h.seed, along, h.v * np.float32(0.9 / plank) + 5 * row)
    grain = np.float32(0.5) + np.float32(0.5) * wave(
        h.v * np.float32(1.6 / plank) + np.float32(figure) * swing
    )
    own = shift - np.float32(0.5)
    seam = 1 - smooth(0.0, 0.07, np.minimum(fv, 1 - fv))
    if h.kind == "floor":
        length = frac(h.u * np.float32(0.16 / plank) + 3 * shift)
        seam = np.maximum(seam, 1 - smooth(0, 0.012, np.minimum(length, 1 - length)))
    paint = mix(
        tone(light, 1 + 0.16 * own), dark, np.asarray(0.75 * grain * (0.5 + 0.5 * swing), dtype=np.float32)
    )
    return Paint(paint * (1 - 0.42 * seam)[None, :], 14 * h.sheen * h.sheen * h.sheen)


def oak(h: Hits) -> Paint:
    """Light planks with fine straight grain."""
    return _wood(h, (178, 130, 76), (222, 184, 130), 1.1 * h.unit, 1.6)


def walnut(h: Hits) -> Paint:
    """Dark wood with a swinging grain."""
    return _wood(h, (62, 36, 24), (130, 84, 54), 1.5 * h.unit, 2.6)


def marble(h: Hits) -> Paint:
    """White stone with grey veins."""
    k = np.float32(0.55 / h.unit)
    u, v = h.u * k, h.v * k
    warp = noise(h.seed, u * np.float32(0.8), v * np.float32(0.8))
    ridge = np.abs(
        noise(h.seed + 1, u * np.float32(0.6) + 2.2 * warp, v * np.float32(0.6) - 1.3 * warp) - 0.5
    )
    vein = 1 - smooth(0.0, 0.085, np.asarray(ridge, dtype=np.float32))
    cloud = noise(h.seed + 2, u * np.float32(0.7), v * np.float32(0.7))
    paint = mix(tone((240, 238, 236), 0.93 + 0.08 * cloud), (112, 116, 124), 0.8 * vein)
    s2 = h.sheen * h.sheen
    return Paint(paint, 26 * s2 * s2)


def _metal(h: Hits, dark: RGB, light: RGB, glint: float) -> Paint:
    """Bands of a mirrored room: sharp light and dark across the normal, streaks on flat faces."""
    across = h.nx * np.float32(1.15) + h.ny * np.float32(0.7)
    streak = (h.u * np.float32(0.6) + h.v) * np.float32(0.22 / h.unit)
    band = np.float32(0.5) + np.float32(0.5) * wave(
        across * np.float32(0.9) + streak * np.float32(0.6) + np.float32(0.1)
    )
    sharp = smooth(0.80, 0.94, band)
    paint = mix(tone(dark, np.ones_like(band)), light, smooth(0.1, 0.75, band))
    return Paint(paint, glint * sharp)


def brass(h: Hits) -> Paint:
    """Golden metal with sharp highlights."""
    return _metal(h, (132, 92, 26), (232, 190, 92), 60)


def black_metal(h: Hits) -> Paint:
    """Black metal with cool sharp highlights."""
    return _metal(h, (24, 24, 27), (58, 60, 66), 70)


def glass(h: Hits) -> Paint:
    """Pale glass with slanting streaks and greenish rims."""
    streak = frac((h.u + np.float32(0.7) * h.v) * np.float32(0.22 / h.unit))
    band = smooth(0.0, 0.04, streak) * (1 - smooth(0.24, 0.28, streak))
    thin = smooth(0.36, 0.38, streak) * (1 - smooth(0.44, 0.46, streak))
    paint = mix(tone((172, 208, 212), 0.82 + 0.24 * h.facing), (240, 250, 252), 0.75 * band + 0.55 * thin)
    rim = 1 - h.facing
    return Paint(
        mix(paint, (92, 150, 146), smooth(0.45, 0.9, rim) * np.float32(0.7)), 40 * fourth(h.sheen), 0.6
    )


def rattan(h: Hits) -> Paint:
    """Basket weave of strips with dark gaps."""
    k = np.float32(1.0 / (0.9 * h.unit))
    u, v = h.u * k, h.v * k
    upright = frac((np.floor(u) + np.floor(v)) * np.float32(0.5)) > 0.25
    fu, fv = frac(u) - np.float32(0.5), frac(v) - np.float32(0.5)
    across, along = np.where(upright, fu, fv), np.where(upright, fv, fu)
    strands = frac(across * 2 + np.float32(0.5)) - np.float32(0.5)
    shade = 1.12 - 1.5 * strands * strands - 0.9 * along * along
    gap = smooth(0.40, 0.48, np.maximum(np.abs(fu), np.abs(fv)))
    return Paint(mix(tone((214, 166, 102), np.asarray(shade, dtype=np.float32)), (84, 54, 28), 0.8 * gap))


def brick(h: Hits) -> Paint:
    """Running bond with pale mortar."""
    height = 0.62 * h.unit
    v = h.v * np.float32(1.0 / height)
    row = np.floor(v)
    u = h.u * np.float32(1.0 / (2.3 * height)) + np.float32(0.5) * frac(row * np.float32(0.5)) * 2
    fu, fv = frac(u), frac(v)
    own = cell(h.seed, np.floor(u), row)
    joint = np.maximum(
        1 - smooth(0.02, 0.055, np.minimum(fu, 1 - fu)), 1 - smooth(0.05, 0.12, np.minimum(fv, 1 - fv))
    )
    face = mix(tone((182, 88, 62), 0.82 + 0.32 * own), (128, 62, 52), smooth(0.7, 0.9, frac(own * 7)))
    return Paint(mix(face, (206, 196, 184), joint))


def tile(h: Hits) -> Paint:
    """Square glazed tiles with pale grout."""
    k = np.float32(1.0 / (1.05 * h.unit))
    u, v = h.u * k, h.v * k
    fu, fv = frac(u), frac(v)
    own = cell(h.seed, np.floor(u), np.floor(v))
    edge = np.minimum(np.minimum(fu, 1 - fu), np.minimum(fv, 1 - fv))
    joint = 1 - smooth(0.025, 0.06, edge)
    grout = (120, 122, 126) if luma(h.rgb) > 0.72 else (228, 226, 220)
    sheen = smooth(0.5, 0.9, fv) * (1 - smooth(0.15, 0.5, fu)) * smooth(0.05, 0.12, edge)
    return Paint(mix(tone(h.rgb, 0.88 + 0.16 * own), grout, joint), 34 * sheen)


def concrete(h: Hits) -> Paint:
    """Cast concrete: blotches, panel joints, the holes of the formwork."""
    k = np.float32(1.0 / h.unit)
    cloud = noise(h.seed, h.u * k * np.float32(0.8), h.v * k * np.float32(0.8))
    fine = noise(h.seed + 1, h.u * k * np.float32(2.6), h.v * k * np.float32(2.6))
    fu, fv = frac(h.u * k * np.float32(0.25)), frac(h.v * k * np.float32(0.3))
    joint = 1 - smooth(0.008, 0.02, np.minimum(np.minimum(fu, 1 - fu), np.minimum(fv, 1 - fv)))
    du, dv = np.abs(fu - np.float32(0.5)) - np.float32(0.36), np.abs(fv - np.float32(0.5)) - np.float32(0.36)
    hole = 1 - smooth(0.0004, 0.0012, du * du + dv * dv)
    shade = 0.84 + 0.20 * cloud + 0.13 * fine - 0.36 * joint - 0.45 * hole
    return Paint(tone((160, 158, 154), np.asarray(shade, dtype=np.float32)))


PAINTERS: Final[dict[str, Callable[[Hits], Paint]]] = {
    "leather": leather,
    "velvet": velvet,
    "linen": linen,
    "wool": wool,
    "striped": striped,
    "checked": checked,
    "painted": painted,
    "ceramic": ceramic,
    "oak": oak,
    "walnut": walnut,
    "marble": marble,
    "brass": brass,
    "black metal": black_metal,
    "glass": glass,
    "rattan": rattan,
    "brick": brick,
    "tile": tile,
    "concrete": concrete,
}
"""How each material is drawn."""
