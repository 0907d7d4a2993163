"""How every kind of thing is built: `solids_of(thing)` gives its solids in the thing's own frame.

The shape depends on kind, size and seed alone, never on colour or material, so restyling keeps it exactly.
(Only legs and poles of metal things follow the material; they have the same shape.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from numpy.random import PCG64, Generator

from pocket.rooms.model import Thing
from pocket.rooms.parts import Kit, rotation
from pocket.rooms.primitives import Solid

Builder = Callable[[Kit, float, float, float, Generator], None]

SIZES: Final[dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]] = {
    "sofa": ((1.7, 2.3), (0.78, 0.9), (0.88, 0.98)),
    "armchair": ((0.82, 0.95), (0.82, 0.98), (0.8, 0.9)),
    "chair": ((0.44, 0.5), (0.84, 0.98), (0.46, 0.52)),
    "ottoman": ((0.5, 0.68), (0.38, 0.46), (0.48, 0.6)),
    "coffee table": ((0.9, 1.25), (0.36, 0.44), (0.55, 0.7)),
    "dining table": ((1.3, 1.8), (0.72, 0.77), (0.8, 0.95)),
    "side table": ((0.42, 0.55), (0.48, 0.6), (0.4, 0.5)),
    "bed": ((1.5, 1.9), (0.95, 1.2), (2.0, 2.15)),
    "bookshelf": ((0.8, 1.2), (1.6, 2.05), (0.3, 0.36)),
    "cabinet": ((1.1, 1.7), (0.7, 0.9), (0.42, 0.5)),
    "floor lamp": ((0.48, 0.6), (1.5, 1.72), (0.48, 0.6)),
    "table lamp": ((0.3, 0.38), (0.46, 0.58), (0.3, 0.38)),
    "rug": ((2.0, 2.9), (0.02, 0.02), (1.4, 2.0)),
    "plant": ((0.6, 0.85), (0.95, 1.5), (0.6, 0.85)),
    "picture": ((0.5, 0.95), (0.5, 0.8), (0.04, 0.04)),
    "mirror": ((0.55, 0.8), (0.7, 1.0), (0.05, 0.05)),
    "clock": ((0.38, 0.5), (0.38, 0.5), (0.06, 0.06)),
    "window": ((1.1, 1.6), (1.15, 1.45), (0.08, 0.08)),
    "curtain": ((1.7, 2.3), (2.0, 2.35), (0.14, 0.14)),
    "cushion": ((0.42, 0.5), (0.4, 0.46), (0.16, 0.2)),
    "vase": ((0.15, 0.22), (0.26, 0.38), (0.15, 0.22)),
    "cat": ((0.42, 0.5), (0.36, 0.44), (0.24, 0.28)),
    "dog": ((0.7, 0.85), (0.58, 0.7), (0.26, 0.3)),
    "television": ((1.0, 1.3), (0.62, 0.78), (0.2, 0.24)),
    "basket": ((0.42, 0.55), (0.36, 0.5), (0.42, 0.55)),
}
"""Range of width, height, depth of each kind, metres. Round things have width = depth."""


def _sofa(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    arm, leg, seat = 0.16 + 0.06 * rng.random(), 0.1, 0.44
    arm_top = seat + 0.16 + 0.06 * rng.random()
    boxy = 0.05 if rng.random() < 0.5 else 0.09
    kit.legs(w - 0.06, d - 0.06, leg, 0.06, _wood(rng))
    kit.box(0, leg, 0.02, (w - 2 * arm, seat - 0.16 - leg, d - 0.08), round=0.03)
    for side in (-1, 1):
        kit.box(side * (w / 2 - arm / 2), leg, 0, (arm, arm_top - leg, d - 0.02), round=boxy)
    places = 1 if w < 1.3 else 2 if w < 2.0 or rng.random() < 0.4 else 3
    each = (w - 2 * arm) / places
    for i in range(places):
        x = -w / 2 + arm + each * (i + 0.5)
        kit.box(x, seat - 0.17, -0.06, (each - 0.012, 0.17, d - 0.2), round=0.06)
        kit.box(
            x,
            seat - 0.03,
            d / 2 - 0.23,
            (each - 0.012, h - seat + 0.01, 0.2),
            round=0.085,
            turn=rotation(pitch=9),
        )
    kit.box(0, leg, d / 2 - 0.07, (w - 2 * arm + 0.04, h - leg - 0.06, 0.13), round=0.05)


def _armchair(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    leg, seat, arm = 0.15, 0.42, 0.13 + 0.05 * rng.random()
    kit.legs(w - 0.1, d - 0.1, leg, 0.06, _wood(rng))
    if rng.random() < 0.5:
        _sofa_like_arms(kit, w, d, leg, seat + 0.2, arm)
    else:
        for side in (-1, 1):
            kit.box(side * (w / 2 - arm / 2), leg, 0.02, (arm, seat + 0.12 - leg, d - 0.1), round=0.06)
            kit.box(side * (w / 2 - arm / 2), leg, d / 2 - 0.2, (arm, h - 0.16 - leg, 0.3), round=0.06)
    kit.box(0, leg, 0, (w - 2 * arm, seat - 0.16 - leg, d - 0.1), round=0.03)
    kit.box(0, seat - 0.17, -0.05, (w - 2 * arm - 0.01, 0.18, d - 0.16), round=0.07)
    kit.box(
        0,
        seat - 0.1,
        d / 2 - 0.16,
        (w - 2 * arm + 0.02, h - seat + 0.08, 0.2),
        round=0.09,
        turn=rotation(pitch=8),
    )


def _sofa_like_arms(kit: Kit, w: float, d: float, low: float, high: float, arm: float) -> None:
    for side in (-1, 1):
        kit.box(side * (w / 2 - arm / 2), low, 0, (arm, high - low, d - 0.04), round=0.07)


def _chair(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    seat, t = 0.46, 0.045
    for sx in (-1, 1):
        x = sx * (w / 2 - t / 2)
        kit.box(x, 0, -d / 2 + t / 2, (t, seat - 0.03, t))
        kit.box(x, 0, d / 2 - t / 2, (t, h, t))
    kit.box(0, seat - 0.05, 0, (w, 0.055, d), round=0.02)
    style = int(rng.integers(3))
    inner = w - 2 * t
    if style == 0:
        for k in range(3):
            kit.box(0, seat + 0.1 + k * (h - seat - 0.16) / 2.6, d / 2 - t / 2, (inner, 0.075, 0.025))
    elif style == 1:
        kit.box(0, h - 0.09, d / 2 - t / 2, (w, 0.09, t))
        for k in range(4):
            kit.box(inner * (k - 1.5) / 4, seat, d / 2 - t / 2, (0.03, h - seat - 0.07, 0.02))
    else:
        kit.box(0, seat + 0.14, d / 2 - t / 2, (inner, h - seat - 0.14, 0.03), round=0.02)
    kit.box(0, 0.2, -d / 2 + t / 2, (inner, 0.03, 0.025))


def _ottoman(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    if rng.random() < 0.5:
        r = min(w, d) / 2
        kit.cone(0, 0.03, 0, h * 0.75, r * 0.92, r, "main")
        kit.ball(0, 0.03 + h * 0.75, 0, (2 * r, h * 0.36, 2 * r))
    else:
        kit.legs(w - 0.04, d - 0.04, 0.1, 0.05, _wood(rng))
        kit.box(0, 0.1, 0, (w, h - 0.1, d), round=0.08)


def _coffee_table(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    style = int(rng.integers(3))
    if style == 0:
        kit.box(0, h - 0.05, 0, (w, 0.05, d), round=0.012)
        kit.legs(w - 0.06, d - 0.06, h - 0.05, 0.055, "main", tapered=False)
        kit.box(0, 0.1, 0, (w - 0.14, 0.03, d - 0.14))
    elif style == 1:
        r = (w + d) / 4
        kit.cone(0, h - 0.05, 0, 0.05, r, r)
        kit.cone(0, 0.03, 0, h - 0.08, 0.09, 0.07)
        kit.cone(0, 0, 0, 0.03, r * 0.6, r * 0.6)
    else:
        kit.box(0, h - 0.06, 0, (w, 0.06, d), round=0.02)
        for side in (-1, 1):
            kit.box(side * (w / 2 - 0.1), 0, 0, (0.06, h - 0.06, d - 0.08), round=0.02)


def _dining_table(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    if rng.random() < 0.7:
        kit.box(0, h - 0.05, 0, (w, 0.05, d), round=0.012)
        kit.box(0, h - 0.12, 0, (w - 0.16, 0.07, d - 0.16))
        kit.legs(w - 0.04, d - 0.04, h - 0.05, 0.07, "main", tapered=False)
    else:
        kit.box(0, h - 0.06, 0, (w, 0.06, d), round=0.02)
        for side in (-1, 1):
            kit.box(side * w * 0.3, 0.05, 0, (0.09, h - 0.1, 0.3), round=0.02)
            kit.box(side * w * 0.3, 0, 0, (0.1, 0.05, d * 0.7), round=0.02)


def _side_table(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    if rng.random() < 0.45:
        r = min(w, d) / 2
        kit.cone(0, h - 0.04, 0, 0.04, r, r)
        kit.cone(0, 0.03, 0, h - 0.07, 0.035, 0.035)
        kit.cone(0, 0, 0, 0.03, r * 0.7, r * 0.65)
    else:
        kit.legs(w, d, 0.2, 0.045, "main", tapered=False)
        kit.box(0, 0.16, 0, (w, h - 0.2, d), round=0.01)
        kit.box(0, h - 0.04, 0, (w + 0.02, 0.04, d + 0.02), round=0.01)
        kit.box(0, 0.2, -d / 2, (w - 0.06, h - 0.28, 0.025), round=0.01)
        kit.ball(0, 0.2 + (h - 0.28) * 0.6, -d / 2 - 0.02, (0.045, 0.045, 0.04), "gold")


def _bed(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    wood = _wood(rng)
    mattress = 0.5
    if rng.random() < 0.5:
        kit.box(0, 0, d / 2 - 0.04, (w + 0.08, h, 0.08), wood, round=0.02)
    else:
        kit.box(0, 0, d / 2 - 0.05, (w + 0.08, h, 0.1), "main", round=0.05)
    kit.legs(w, d, 0.12, 0.07, wood)
    kit.box(0, 0.1, 0, (w, 0.16, d), wood, round=0.01)
    kit.box(0, 0.24, -0.02, (w - 0.02, mattress - 0.24, d - 0.1), "sheet", round=0.06)
    kit.box(0, 0.2, -0.26, (w + 0.03, mattress - 0.17, d - 0.5), "main", round=0.08)
    kit.box(0, mattress - 0.02, 0.36, (w + 0.035, 0.065, 0.24), "sheet", round=0.04)
    for side in (-1, 1):
        kit.box(
            side * w * 0.24,
            mattress,
            d / 2 - 0.28,
            (w * 0.4, 0.15, 0.36),
            "sheet",
            round=0.075,
            turn=rotation(pitch=22),
        )


def _bookshelf(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    t = 0.04
    for side in (-1, 1):
        kit.box(side * (w / 2 - t / 2), 0, 0, (t, h, d))
    kit.box(0, 0, d / 2 - 0.01, (w, h, 0.02), "inside")
    shelves = 4 if h < 1.8 else 5
    gap = (h - t - 0.06) / shelves
    for i in range(shelves + 1):
        kit.box(0, 0.06 + i * gap - (0 if i else 0.06), 0, (w, t if i else t + 0.06, d))
        if i == shelves:
            break
        y = 0.06 + i * gap + t
        left, right = -w / 2 + t, w / 2 - t
        filled = (0.45 + 0.5 * rng.random()) * (right - left)
        start = left if rng.random() < 0.6 else right - filled
        kit.box(
            start + filled / 2, y, 0.02, (filled, (gap - t) * (0.72 + 0.16 * rng.random()), d * 0.7), "books"
        )
        rest = right - left - filled
        if rest > 0.2:
            x = start + filled + rest / 2 if start == left else left + rest / 2
            kind = int(rng.integers(3))
            if kind == 0:
                kit.cone(x, y, 0, gap * 0.45, 0.05, 0.03, "pot")
            elif kind == 1:
                kit.box(x, y, 0, (0.16, gap * 0.4, 0.14), "dark", round=0.02)
            else:
                kit.ball(x, y + 0.07, 0, (0.14, 0.14, 0.14), "gold")


def _cabinet(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    leg = 0.14
    kit.legs(w - 0.08, d - 0.06, leg, 0.06, "dark metal" if rng.random() < 0.5 else _wood(rng))
    kit.box(0, leg, 0, (w, h - leg, d - 0.03), round=0.012)
    kit.box(0, h - 0.035, 0, (w + 0.02, 0.035, d), round=0.01)
    doors = 2 if w < 1.3 else 3
    each = (w - 0.04) / doors
    knob = "gold" if rng.random() < 0.5 else "dark metal"
    drawers = rng.random() < 0.4
    for i in range(doors):
        x = -w / 2 + 0.02 + each * (i + 0.5)
        if drawers and i == doors // 2:
            for k in range(3):
                tall = (h - leg - 0.06) / 3
                kit.box(
                    x, leg + 0.015 + k * tall, -d / 2 + 0.012, (each - 0.02, tall - 0.02, 0.03), round=0.012
                )
                kit.ball(x, leg + 0.015 + (k + 0.5) * tall, -d / 2 - 0.015, (0.045, 0.035, 0.03), knob)
        else:
            kit.box(x, leg + 0.015, -d / 2 + 0.012, (each - 0.02, h - leg - 0.08, 0.03), round=0.012)
            side = 1 if i < doors / 2 else -1
            kit.box(
                x + side * (each / 2 - 0.06),
                leg + (h - leg) * 0.45,
                -d / 2 - 0.012,
                (0.022, 0.14, 0.025),
                knob,
            )


def _floor_lamp(kit: Kit, w: float, h: float, _d: float, rng: Generator) -> None:
    r = w / 2
    shade = 0.34 + 0.08 * rng.random()
    metal = "gold" if rng.random() < 0.5 else "dark metal"
    if rng.random() < 0.4:
        for k in range(3):
            yaw = 90 + 120 * k
            kit.cone(
                *_foot(yaw, 0.12), h - shade * 0.7, 0.014, 0.014, metal, turn=rotation(roll=9.5, yaw=yaw)
            )
    else:
        kit.cone(0, 0, 0, 0.03, 0.15, 0.14, metal)
        kit.cone(0, 0.02, 0, h - 0.1, 0.016, 0.016, metal)
    taper = 0.62 + 0.33 * rng.random()
    kit.cone(0, h - shade, 0, shade, r, r * taper, "shade")
    kit.cone(0, h - 0.012, 0, 0.014, r * taper * 0.92, r * taper * 0.92, "glow")


def _foot(yaw: float, reach: float) -> tuple[float, float, float]:
    turn = rotation(yaw=yaw)
    return turn[0] * reach, 0.0, turn[6] * reach


def _table_lamp(kit: Kit, w: float, h: float, _d: float, rng: Generator) -> None:
    r = w / 2
    shade = h * 0.46
    style = int(rng.integers(3))
    foot = ("pot", "gold", "white")[int(rng.integers(3))]
    if style == 0:
        kit.ball(0, h * 0.22, 0, (0.2, h * 0.42, 0.2), foot)
    elif style == 1:
        kit.cone(0, 0, 0, h * 0.42, 0.08, 0.035, foot)
    else:
        kit.cone(0, 0, 0, 0.025, 0.09, 0.09, foot)
        kit.cone(0, 0.02, 0, h * 0.5, 0.016, 0.016, foot)
    kit.cone(0, h * 0.38, 0, h * 0.2, 0.012, 0.012, "gold")
    taper = 0.55 + 0.35 * rng.random()
    kit.cone(0, h - shade, 0, shade, r, r * taper, "shade")
    kit.cone(0, h - 0.01, 0, 0.012, r * taper * 0.9, r * taper * 0.9, "glow")


def _rug(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    if rng.random() < 0.3:
        r = min(w, d) / 2
        kit.cone(0, 0, 0, h, r, r)
    else:
        kit.box(0, 0, 0, (w, h, d), round=0.01, corner=(1, 0.08))


def _plant(kit: Kit, w: float, h: float, _d: float, rng: Generator) -> None:
    pot = 0.26 + 0.06 * rng.random()
    r = 0.14 + 0.03 * rng.random()
    kit.cone(0, 0, 0, pot, r * 0.78, r, "pot")
    kit.cone(0, pot - 0.01, 0, 0.015, r * 0.88, r * 0.88, "soil")
    crown = h - pot
    if rng.random() < 0.5:  # broad leaves on a fan of stems
        for i in range(15):
            yaw = 137.5 * i + 20 * rng.random()
            up = 0.25 + 0.75 * (i + 0.5) / 15
            lean = 78 - 62 * up
            size = (0.42 - 0.12 * up) * (0.75 + 0.4 * rng.random()) * w / 0.7
            turn = rotation(pitch=lean, yaw=yaw)
            reach = 0.5 * w * (0.65 - 0.42 * up)
            x, z = turn[1] * reach, turn[7] * reach
            kit.ball(x, pot + crown * (up - 0.1), z, (size * 0.46, size, 0.03), "leaf", turn=turn)
            if i % 3 == 0:
                kit.cone(x * 0.4, pot, z * 0.4, crown * (up - 0.12), 0.012, 0.01, "stem")
    elif rng.random() < 0.5:  # a small tree with a round head
        kit.cone(0, pot, 0, crown * 0.5, 0.026, 0.02, "stem")
        for i in range(16):
            yaw, lift = 137.5 * i, (i + 0.5) / 16
            turn = rotation(yaw=yaw)
            ring = 0.36 * w * (1 - (2 * lift - 1) ** 2 * 0.8)
            y = pot + crown * (0.36 + 0.58 * lift)
            size = 0.2 + 0.08 * rng.random()
            kit.ball(turn[2] * ring, y, turn[8] * ring, (size, size * 0.9, size), "leaf")
        kit.ball(0, pot + crown * 0.64, 0, (w * 0.55, crown * 0.5, w * 0.55), "leaf")
    else:  # upright blades
        for i in range(13):
            yaw = 137.5 * i
            lean = 4 + 24 * rng.random()
            tall = crown * (0.65 + 0.35 * rng.random())
            turn = rotation(pitch=lean, yaw=yaw)
            x, z = turn[1] * tall * 0.48, turn[7] * tall * 0.48
            kit.ball(x, pot + tall * 0.46, z, (0.085, tall, 0.03), "leaf", turn=turn)


def _frame(kit: Kit, w: float, h: float, d: float, bar: float, surface: str) -> None:
    kit.box(0, 0, 0, (w, bar, d), surface, round=0.012)
    kit.box(0, h - bar, 0, (w, bar, d), surface, round=0.012)
    for side in (-1, 1):
        kit.box(side * (w - bar) / 2, bar, 0, (bar, h - 2 * bar, d), surface, round=0.012)


def _picture(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    frame = ("dark metal", "gold", "light wood", "dark wood", "white")[int(rng.integers(5))]
    _frame(kit, w, h, d, 0.03, frame)
    inner = 0.025
    if rng.random() < 0.25:
        kit.box(0, inner, 0, (w - 2 * inner, h - 2 * inner, d * 0.5), "mount")
        inner = 0.075
    kit.box(0, inner, -0.003, (w - 2 * inner, h - 2 * inner, d * 0.55), "canvas")


def _mirror(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    if rng.random() < 0.4:
        r = min(w, h) / 2
        kit.cone(0, h / 2 - d / 2, 0, d, r, r, turn=rotation(pitch=90))
        kit.cone(0, h / 2 - d / 2, -0.008, d, r * 0.86, r * 0.86, "looking glass", turn=rotation(pitch=90))
    else:
        _frame(kit, w, h, d, 0.065, "main")
        kit.box(0, 0.06, 0, (w - 0.12, h - 0.12, d * 0.6), "looking glass")


def _clock(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    r = min(w, h) / 2
    flat = rotation(pitch=90)
    kit.cone(0, h / 2 - d / 2, 0, d, r, r, "gold" if rng.random() < 0.5 else "dark metal", turn=flat)
    kit.cone(0, h / 2 - d / 2, -0.012, d, r * 0.92, r * 0.92, "main", turn=flat)
    z = -d / 2 - 0.014
    for k in range(12):
        turn = rotation(roll=30.0 * k)
        long = 0.16 * r if k % 3 == 0 else 0.09 * r
        x, y = turn[1] * 0.76 * r, turn[4] * 0.76 * r
        kit.box(x, h / 2 + y - long / 2, z, (0.06 * r, long, 0.01), "marks", turn=turn)
    for angle, long, thick in ((360 * rng.random(), 0.42, 0.075), (360 * rng.random(), 0.64, 0.05)):
        turn = rotation(roll=angle)
        x, y = turn[1] * long * r / 2, turn[4] * long * r / 2
        kit.box(x, h / 2 + y - long * r / 2, z - 0.006, (thick * r, long * r, 0.01), "marks", turn=turn)


def _window(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    _frame(kit, w, h, d, 0.07, "main")
    kit.box(0, 0.05, d * 0.2, (w - 0.1, h - 0.1, 0.02), "outdoors")
    bars = 1 if rng.random() < 0.6 else 2
    for i in range(bars):
        kit.box(w * ((i + 1) / (bars + 1) - 0.5), 0.06, 0, (0.045, h - 0.12, d * 0.7))
    if rng.random() < 0.6:
        kit.box(0, h * 0.62, 0, (w - 0.12, 0.04, d * 0.65))
    kit.box(0, -0.03, -d * 0.6, (w + 0.12, 0.045, d * 1.6), round=0.012)


def _curtain(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    share = 0.19 + 0.05 * rng.random()
    rod = "gold" if rng.random() < 0.5 else "dark metal"
    for side in (-1, 1):
        kit.box(
            side * (w / 2 - w * share / 2),
            0,
            0,
            (w * share, h - 0.03, d * 0.6),
            "main",
            round=0.03,
            folds=w * share / 3,
        )
        kit.ball(side * (w / 2 + 0.06), h, 0, (0.075, 0.075, 0.075), rod)
    kit.cone(0, h - w / 2 - 0.05, 0, w + 0.1, 0.016, 0.016, rod, turn=rotation(roll=90))


def _cushion(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    kit.box(
        0,
        0.02,
        0,
        (w, h, d * 0.55),
        round=d * 0.27,
        corner=(2, 0.07),
        turn=rotation(pitch=14, roll=float(rng.uniform(-7, 7))),
    )
    kit.ball(0, h / 2 + 0.02, -0.01, (w * 0.98, h * 0.98, d), turn=rotation(pitch=14))


def _vase(kit: Kit, w: float, h: float, _d: float, rng: Generator) -> None:
    r = w / 2
    if rng.random() < 0.5:
        kit.ball(0, h * 0.36, 0, (w, h * 0.72, w))
        kit.cone(0, 0, 0, h * 0.1, r * 0.62, r * 0.7)
        kit.cone(0, h * 0.6, 0, h * 0.34, r * 0.42, r * 0.5)
        kit.cone(0, h * 0.92, 0, h * 0.05, r * 0.58, r * 0.6)
    else:
        kit.cone(0, 0, 0, h * 0.62, r * 0.55, r)
        kit.cone(0, h * 0.62, 0, h * 0.22, r, r * 0.55)
        kit.cone(0, h * 0.84, 0, h * 0.13, r * 0.55, r * 0.7)
    if rng.random() < 0.6:
        for k in range(5):
            turn = rotation(pitch=6 + 16 * rng.random(), yaw=72.0 * k)
            tall = h * (0.35 + 0.3 * rng.random())
            x, z = turn[1] * tall, turn[7] * tall
            kit.cone(x * 0.5, h * 0.94, z * 0.5, tall, 0.006, 0.006, "stem", turn=turn)
            kit.ball(x, h * 0.94 + tall, z, (0.09, 0.08, 0.09), "flower")


def _cat(kit: Kit, _w: float, h: float, _d: float, rng: Generator) -> None:
    s = h / 0.4
    coat = "tabby" if rng.random() < 0.5 else "fur"
    if rng.random() < 0.5:  # sitting
        kit.ball(0.03 * s, 0.13 * s, 0.03 * s, (0.24 * s, 0.26 * s, 0.3 * s), coat)
        kit.ball(0, 0.19 * s, -0.02 * s, (0.17 * s, 0.26 * s, 0.17 * s), coat, turn=rotation(pitch=-12))
        kit.ball(0, 0.18 * s, -0.085 * s, (0.1 * s, 0.15 * s, 0.05 * s), "belly")
        for side in (-1, 1):
            kit.ball(side * 0.05 * s, 0.07 * s, -0.1 * s, (0.055 * s, 0.15 * s, 0.07 * s), coat)
        head = (0.0, 0.33 * s, -0.06 * s)
        kit.ball(0.17 * s, 0.04 * s, 0.0, (0.2 * s, 0.05 * s, 0.06 * s), coat, turn=rotation(yaw=35))
    else:  # lying along x
        kit.ball(0.04 * s, 0.11 * s, 0, (0.4 * s, 0.2 * s, 0.2 * s), coat)
        kit.ball(0.15 * s, 0.1 * s, 0, (0.2 * s, 0.19 * s, 0.22 * s), coat)
        for side in (-1, 1):
            kit.ball(-0.17 * s, 0.03 * s, side * 0.05 * s - 0.03 * s, (0.18 * s, 0.055 * s, 0.06 * s), coat)
        head = (-0.15 * s, 0.22 * s, -0.04 * s)
        kit.ball(0.26 * s, 0.04 * s, -0.08 * s, (0.26 * s, 0.05 * s, 0.05 * s), coat, turn=rotation(yaw=40))
    x, y, z = head
    kit.ball(x, y, z, (0.15 * s, 0.13 * s, 0.13 * s), coat)
    kit.ball(x, y - 0.025 * s, z - 0.05 * s, (0.07 * s, 0.05 * s, 0.05 * s), "belly")
    kit.ball(x, y - 0.01 * s, z - 0.072 * s, (0.02 * s, 0.015 * s, 0.015 * s), "nose")
    for side in (-1, 1):
        kit.cone(
            x + side * 0.045 * s,
            y + 0.035 * s,
            z,
            0.065 * s,
            0.032 * s,
            0.002,
            coat,
            turn=rotation(roll=-12 * side),
        )
        kit.ball(x + side * 0.032 * s, y + 0.016 * s, z - 0.056 * s, (0.022 * s, 0.024 * s, 0.016 * s), "eye")


def _dog(kit: Kit, _w: float, h: float, _d: float, rng: Generator) -> None:
    s = h / 0.62
    coat = "fur"
    if rng.random() < 0.6:  # standing along x
        kit.ball(0.03 * s, 0.37 * s, 0, (0.52 * s, 0.23 * s, 0.21 * s), coat)
        kit.ball(-0.13 * s, 0.38 * s, 0, (0.24 * s, 0.27 * s, 0.22 * s), coat)
        for sx in (-0.17, 0.2):
            for side in (-1, 1):
                kit.cone(sx * s, 0, side * 0.065 * s, 0.33 * s, 0.03 * s, 0.045 * s, coat)
                kit.ball(
                    sx * s - 0.015 * s, 0.025 * s, side * 0.065 * s, (0.085 * s, 0.05 * s, 0.07 * s), coat
                )
        kit.cone(-0.22 * s, 0.38 * s, 0, 0.18 * s, 0.075 * s, 0.06 * s, coat, turn=rotation(roll=35))
        kit.ball(0.31 * s, 0.47 * s, 0, (0.05 * s, 0.24 * s, 0.05 * s), coat, turn=rotation(roll=-38))
        head, nose = (-0.28 * s, 0.55 * s, -0.01 * s), (-1.0, -0.45)
    else:  # sitting
        kit.ball(0.06 * s, 0.16 * s, 0.05 * s, (0.34 * s, 0.32 * s, 0.34 * s), coat)
        kit.ball(0, 0.3 * s, 0, (0.24 * s, 0.4 * s, 0.24 * s), coat, turn=rotation(pitch=-10))
        kit.ball(0, 0.29 * s, -0.09 * s, (0.14 * s, 0.24 * s, 0.08 * s), "belly")
        for side in (-1, 1):
            kit.cone(side * 0.075 * s, 0, -0.11 * s, 0.26 * s, 0.032 * s, 0.045 * s, coat)
            kit.ball(side * 0.075 * s, 0.025 * s, -0.13 * s, (0.075 * s, 0.05 * s, 0.09 * s), coat)
        kit.ball(0.25 * s, 0.05 * s, 0.08 * s, (0.24 * s, 0.05 * s, 0.05 * s), coat)
        head, nose = (0.0, 0.54 * s, -0.06 * s), (0.0, -1.0)
    x, y, z = head
    nx, nz = nose
    kit.ball(x, y, z, (0.18 * s, 0.17 * s, 0.17 * s), coat)
    kit.ball(x + nx * 0.09 * s, y - 0.03 * s, z + nz * 0.09 * s, (0.11 * s, 0.085 * s, 0.11 * s), "belly")
    kit.ball(x + nx * 0.14 * s, y - 0.01 * s, z + nz * 0.14 * s, (0.04 * s, 0.032 * s, 0.04 * s), "nose")
    across = (nz, -nx)
    for side in (-1, 1):
        kit.ball(
            x + side * across[0] * 0.085 * s + 0.02 * s,
            y + 0.01 * s,
            z + side * across[1] * 0.085 * s,
            (0.06 * s, 0.15 * s, 0.06 * s),
            "inside",
        )
        kit.ball(
            x + nx * 0.065 * s + side * across[0] * 0.042 * s,
            y + 0.03 * s,
            z + nz * 0.065 * s + side * across[1] * 0.042 * s,
            (0.024 * s, 0.026 * s, 0.024 * s),
            "eye",
        )


def _television(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    kit.box(0, 0.09, 0, (w, h - 0.09, 0.05), "dark", round=0.01)
    kit.box(0, 0.11, -0.018, (w - 0.05, h - 0.13, 0.025), "screen")
    if rng.random() < 0.5:
        kit.box(0, 0, 0, (w * 0.4, 0.02, d), "dark")
        kit.box(0, 0.01, 0.01, (0.12, 0.1, 0.04), "dark")
    else:
        for side in (-1, 1):
            kit.box(side * w * 0.32, 0, 0, (0.03, 0.1, d), "dark")


def _basket(kit: Kit, w: float, h: float, d: float, rng: Generator) -> None:
    r = min(w, d) / 2
    kit.cone(0, 0, 0, h * 0.9, r * (0.72 + 0.2 * rng.random()), r)
    kit.cone(0, h * 0.88, 0, h * 0.02, r * 0.92, r * 0.92, "inside")
    for side in (-1, 1):
        kit.box(side * r * 0.98, h * 0.8, 0, (0.03, h * 0.24, 0.16), "main", round=0.01, corner=(0, 0.05))
    if rng.random() < 0.5:
        kit.ball(0.02, h * 0.88, 0, (r * 1.5, 0.2, r * 1.4), "sheet")


def _wood(rng: Generator) -> str:
    return ("light wood", "dark wood", "dark metal")[int(rng.integers(3))]


BUILDERS: Final[dict[str, Builder]] = {
    "sofa": _sofa,
    "armchair": _armchair,
    "chair": _chair,
    "ottoman": _ottoman,
    "coffee table": _coffee_table,
    "dining table": _dining_table,
    "side table": _side_table,
    "bed": _bed,
    "bookshelf": _bookshelf,
    "cabinet": _cabinet,
    "floor lamp": _floor_lamp,
    "table lamp": _table_lamp,
    "rug": _rug,
    "plant": _plant,
    "picture": _picture,
    "mirror": _mirror,
    "clock": _clock,
    "window": _window,
    "curtain": _curtain,
    "cushion": _cushion,
    "vase": _vase,
    "cat": _cat,
    "dog": _dog,
    "television": _television,
    "basket": _basket,
}


@lru_cache(maxsize=4096)
def shape(kind: str, width: float, height: float, depth: float, seed: int) -> tuple[Solid, ...]:
    """The solids of a kind at a size, ordered by surface."""
    kit = Kit()
    scale = _shrink(kind, width, height, depth)
    rng = Generator(PCG64(seed))
    if scale == 1.0:
        BUILDERS[kind](kit, width, height, depth, rng)
        solids = kit.solids
    else:
        BUILDERS[kind](kit, width / scale, height / scale, depth / scale, rng)
        solids = [_scaled(solid, scale) for solid in kit.solids]
    return tuple(sorted(solids, key=lambda solid: solid.surface))


def _shrink(kind: str, width: float, height: float, depth: float) -> float:
    """1 at natural sizes; else the factor by which to scale a natural one, to keep details in proportion."""
    ranges = SIZES[kind]
    pairs = [
        (size, (low + high) / 2) for size, (low, high) in zip((width, height, depth), ranges, strict=True)
    ]
    if all(
        low * 0.99 <= size <= high * 1.01
        for size, (low, high) in zip((width, height, depth), ranges, strict=True)
    ):
        return 1.0
    return max(size / natural for size, natural in pairs)


def _scaled(solid: Solid, k: float) -> Solid:
    x, y, z = solid.centre
    a, b, c = solid.half
    return Solid(
        solid.shape,
        (x * k, y * k, z * k),
        (a * k, b * k, c * k),
        solid.surface,
        solid.rotation,
        round=solid.round * k,
        corner=(solid.corner[0], solid.corner[1] * k),
        radii=(solid.radii[0] * k, solid.radii[1] * k),
        folds=solid.folds * k,
    )


def solids_of(thing: Thing) -> tuple[Solid, ...]:
    """The solids of a thing in its own frame; empty for floor, wall and things that are gone."""
    if thing.gone or thing.kind not in BUILDERS:
        return ()
    return shape(thing.kind, thing.width, thing.height, thing.depth, thing.seed)
