"""The fixed surfaces of details (legs, leaves, art, books, the view from the window …), by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from pocket.rooms.materials import (
    Hits,
    Paint,
    cell,
    fourth,
    frac,
    luma,
    mix,
    noise,
    smooth,
    tone,
)
from pocket.rooms.model import RGB


def _plain(rgb: RGB, shine: float = 0.0) -> Callable[[Hits], Paint]:
    def paint(h: Hits) -> Paint:
        return Paint(tone(rgb, np.ones_like(h.u)), shine * fourth(h.sheen))

    return paint


def _leaf(h: Hits) -> Paint:
    rib = 1 - smooth(0.0, 0.18, np.abs(h.u) * np.float32(12.0))
    patch = noise(h.seed, h.u * 9, h.v * 9)
    return Paint(tone(h.rgb, 0.78 + 0.34 * patch + 0.12 * rib), 26 * fourth(h.sheen))


def _fur(h: Hits) -> Paint:
    strands = noise(h.seed, h.u * 34, h.v * 12)
    patch = noise(h.seed + 1, h.u * 9 + 3, h.v * 9)
    rim = 1 - h.facing
    return Paint(tone(h.rgb, 0.82 + 0.22 * strands + 0.12 * patch), 26 * rim * rim + 6)


def _tabby(h: Hits) -> Paint:
    base = _fur(h)
    bands = smooth(0.55, 0.75, frac(h.u * 9 + 0.6 * noise(h.seed, h.u * 6, h.v * 6)))
    return Paint(base.colour * (1 - 0.28 * bands)[None, :], base.glint)


def _belly(h: Hits) -> Paint:
    pale = tuple(0.45 * c + 0.55 * 246 for c in h.rgb)
    return Paint(tone((pale[0], pale[1], pale[2]), np.ones_like(h.u)))


def _canvas(h: Hits) -> Paint:
    """A picture dominated by the thing's colour: one of four compositions, chosen by the seed."""
    w, t = h.size[0], h.size[1]
    x, y = h.u * np.float32(1 / w), h.v * np.float32(1 / t)
    second = h.second
    ground = tone(h.rgb, 0.96 + 0.06 * (y + np.float32(0.5)))
    style = h.seed % 4
    a, b, c = (float(value) for value in cell(h.seed, np.arange(3, dtype=np.float32), 3))
    if style == 0:  # sun over hills
        hill = noise(h.seed, x * 3 + 9, np.zeros_like(x)) * np.float32(0.4) - np.float32(0.38)
        far = noise(h.seed + 1, x * 4 + 3, np.zeros_like(x)) * np.float32(0.4) - np.float32(0.22)
        sx, sy = x - np.float32(0.5 * a - 0.25), (y - np.float32(0.2)) * np.float32(t / w)
        sun = 1 - smooth(0.11, 0.13, np.sqrt(sx * sx + sy * sy))
        out = mix(ground, second, sun)
        out = mix(out, tone(h.rgb, np.full_like(x, 0.82)), (y < far).astype(np.float32))
        return Paint(mix(out, tone(h.rgb, np.full_like(x, 0.62)), (y < hill).astype(np.float32)))
    if style == 1:  # circles
        out = ground
        for k, (cx, cy, r) in enumerate(((-0.14, 0.12, 0.21), (0.17, -0.08, 0.16), (-0.05, -0.3, 0.09))):
            dx, dy = x - np.float32(cx + 0.1 * a), (y - np.float32(cy)) * np.float32(t / w)
            disc = 1 - smooth(r - 0.012, r, np.sqrt(dx * dx + dy * dy))
            out = mix(out, (second, (58.0, 56.0, 66.0), (228.0, 170.0, 80.0))[k], disc * np.float32(0.9))
        return Paint(out)
    if style == 2:  # blocks
        out = mix(
            ground,
            second,
            ((x > np.float32(0.3 * b - 0.02)) & (y < np.float32(0.2 * a - 0.05))).astype(np.float32),
        )
        bar = (np.abs(y - np.float32(0.3 * c)) < 0.035).astype(np.float32)
        out = mix(out, (52, 52, 60), bar)
        return Paint(mix(out, (216, 120, 70), ((x < -0.2) & (y < -0.25)).astype(np.float32)))
    # a branch with leaves
    bow = x - np.float32(0.25) * y * y + np.float32(0.03)
    stem = (np.abs(bow) < 0.02).astype(np.float32)
    side = frac(y * 5) - np.float32(0.5)
    reach = np.abs(bow) - np.float32(0.14)
    blade = ((reach * reach * 90 + side * side * 11 < 1) & (np.abs(y) < 0.4)).astype(np.float32)
    return Paint(mix(ground, second, np.maximum(stem, blade)))


def _mount(h: Hits) -> Paint:
    return Paint(tone((244, 241, 234), np.ones_like(h.u)))


def _looking_glass(h: Hits) -> Paint:
    w, t = h.size[0], h.size[1]
    x, y = h.u * np.float32(1 / w), h.v * np.float32(1 / t)
    streak = x + y * np.float32(0.8)
    band = smooth(0.02, 0.05, streak) * (1 - smooth(0.2, 0.23, streak))
    thin = smooth(0.28, 0.30, streak) * (1 - smooth(0.34, 0.36, streak))
    base = mix(tone((172, 186, 198), np.ones_like(x)), (214, 222, 228), smooth(-0.5, 0.5, y))
    return Paint(mix(base, (240, 245, 248), 0.8 * band + 0.6 * thin), 0.0, 0.5)


def _outdoors(h: Hits) -> Paint:
    """Sky, clouds, hills and trees; its own light."""
    w, t = h.size[0], h.size[1]
    x, y = h.u * np.float32(1 / w), h.v * np.float32(1 / t)
    sky = mix(tone((222, 236, 246), np.ones_like(x)), (142, 190, 236), smooth(-0.3, 0.5, y))
    cloud = smooth(0.52, 0.75, noise(h.seed, x * 3.1, y * 6.5 + 2)) * smooth(-0.1, 0.15, y)
    out = mix(sky, (252, 252, 252), np.float32(0.85) * cloud)
    hills = np.float32(-0.20) + np.float32(0.16) * noise(h.seed + 1, x * 3 + 7, np.zeros_like(x))
    out = mix(out, (150, 186, 158), smooth(-0.01, 0.01, hills - y))
    trees = np.float32(-0.42) + np.float32(0.3) * noise(h.seed + 2, x * 7, np.zeros_like(x))
    trees = trees + np.float32(0.05) * noise(h.seed + 3, x * 25, np.zeros_like(x))
    leafy = 0.8 + 0.4 * noise(h.seed + 3, x * 18, y * 18)
    out = mix(out, tone((92, 146, 84), leafy), smooth(-0.01, 0.01, trees - y))
    return Paint(out, 8.0, 0.0)


def _books(h: Hits) -> Paint:
    """Spines of books along u, with gaps at the top of the shelf."""
    k = np.float32(1 / 0.052)
    u = h.u * k
    i, f = np.floor(u), frac(u)
    a, b = cell(h.seed, i, 1), cell(h.seed, i, 2)
    palette = np.asarray(_SPINES, dtype=np.float32)[(a * len(_SPINES)).astype(np.int32)].T
    band = smooth(0.70, 0.72, frac(h.v * 3 + a)) * (1 - smooth(0.8, 0.82, frac(h.v * 3 + a)))
    out = mix(palette * (0.85 + 0.2 * b)[None, :], (232, 216, 170), np.float32(0.7) * band)
    gap = np.maximum(1 - smooth(0.0, 0.12, np.minimum(f, 1 - f)), (b > 0.9).astype(np.float32))
    return Paint(mix(out, (44, 34, 28), np.float32(0.75) * gap))


_SPINES: Final = (
    (150, 54, 48), (46, 74, 110), (212, 190, 148), (62, 96, 78), (196, 134, 62), (88, 62, 96),
    (226, 220, 206), (74, 74, 80), (168, 98, 84), (108, 140, 150),
)  # fmt: skip


def _screen(h: Hits) -> Paint:
    w, t = h.size[0], h.size[1]
    streak = h.u * np.float32(1 / w) + h.v * np.float32(0.6 / t)
    band = smooth(0.1, 0.14, streak) * (1 - smooth(0.34, 0.38, streak))
    return Paint(
        mix(tone((20, 22, 27), np.ones_like(streak)), (66, 72, 84), np.float32(0.55) * band), 0.0, 0.7
    )


def _clock_marks(h: Hits) -> Paint:
    dark = (36.0, 36.0, 40.0) if luma(h.rgb) > 0.42 else (245.0, 243.0, 238.0)
    return Paint(tone(dark, np.ones_like(h.u)))


def _glow(h: Hits) -> Paint:
    return Paint(tone((255, 244, 214), np.ones_like(h.u)), 0.0, 0.0)


def _soil(h: Hits) -> Paint:
    return Paint(tone((70, 50, 38), 0.8 + 0.4 * noise(h.seed, h.u * 40, h.v * 40)))


def _pot(h: Hits) -> Paint:
    """The plant's pot: terracotta, white or slate by the seed."""
    rgb = ((188, 104, 68), (236, 232, 224), (92, 98, 104))[h.seed % 3]
    return Paint(tone(rgb, 0.86 + 0.2 * h.facing), 26 * fourth(h.sheen))


def _inside(h: Hits) -> Paint:
    return Paint(tone(h.rgb, np.full_like(h.u, 0.45)))


def _flower(h: Hits) -> Paint:
    rgb: RGB = ((236, 120, 140), (248, 214, 92), (244, 244, 240), (206, 90, 60), (170, 110, 190))[h.seed % 5]
    return Paint(tone(rgb, 0.8 + 0.25 * h.facing))


def _sheet(h: Hits) -> Paint:
    return Paint(tone((242, 240, 236), 0.95 + 0.06 * noise(h.seed, h.u * 4, h.v * 4)))


SURFACES: Final[dict[str, Callable[[Hits], Paint]]] = {
    "leaf": _leaf,
    "fur": _fur,
    "tabby": _tabby,
    "belly": _belly,
    "canvas": _canvas,
    "mount": _mount,
    "looking glass": _looking_glass,
    "outdoors": _outdoors,
    "books": _books,
    "screen": _screen,
    "marks": _clock_marks,
    "glow": _glow,
    "soil": _soil,
    "pot": _pot,
    "inside": _inside,
    "flower": _flower,
    "sheet": _sheet,
    "light wood": _plain((196, 152, 100), 14),
    "dark wood": _plain((84, 54, 38), 14),
    "dark metal": _plain((46, 46, 50), 90),
    "gold": _plain((204, 160, 76), 110),
    "white": _plain((240, 239, 236), 10),
    "dark": _plain((38, 34, 34), 60),
    "eye": _plain((28, 24, 22), 200),
    "nose": _plain((60, 40, 42), 120),
    "stem": _plain((96, 84, 52)),
}
"""How each named surface is drawn."""
