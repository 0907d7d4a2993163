"""Furnishing rooms: `make_scene(seed)` decides what stands where. All randomness of a picture is here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace as changed
from functools import lru_cache

from numpy.random import PCG64, Generator

from pocket.rooms.camera import sin_cos
from pocket.rooms.furniture import SIZES
from pocket.rooms.model import WALL, Camera, Scene, Thing
from pocket.rooms.vocabulary import KIND_COLOURS, KIND_MATERIALS, has_own_colour

_ROUND = frozenset({"floor lamp", "table lamp", "plant", "vase", "basket", "clock"})
_PALE = ("white", "beige", "grey", "light blue", "pink", "teal", "yellow", "green")
_FLOORS = ("oak", "walnut", "oak", "walnut", "tile", "marble", "concrete", "wool", "checked")
_WALLS = ("painted", "painted", "painted", "painted", "striped", "brick", "tile", "concrete")


def pick_size(kind: str, rng: Generator) -> tuple[float, float, float]:
    """Width, height, depth within the kind's natural range, metres."""
    w, h, d = (round(low + (high - low) * float(rng.random()), 3) for low, high in SIZES[kind])
    if kind in _ROUND:
        d = w if kind != "clock" else d
        h = w if kind == "clock" else h
    return w, h, d


def pick_look(kind: str, rng: Generator) -> tuple[str | None, str | None]:
    """A colour and a material that the kind can have."""
    materials = KIND_MATERIALS[kind]
    if kind == "floor":
        materials = _FLOORS
    elif kind == "wall":
        materials = _WALLS
    material = _one(materials, rng) if materials else None
    if has_own_colour(material) or not KIND_COLOURS[kind]:
        return None, material
    colours: Sequence[str] = KIND_COLOURS[kind]
    if kind == "wall" and rng.random() < 0.6:
        colours = _PALE
    elif kind == "plant" and rng.random() < 0.85:
        colours = ("green", "dark green")
    elif kind == "window" and rng.random() < 0.6:
        colours = ("white",)
    return _one(colours, rng), material


def _one(options: Sequence[str], rng: Generator) -> str:
    return options[int(rng.integers(len(options)))]


def spread(thing: Thing) -> tuple[float, float]:
    """Half sizes along the world's x and z of the upright box around a thing's footprint."""
    s, c = sin_cos(thing.yaw)
    return (
        thing.width / 2 * abs(c) + thing.depth / 2 * abs(s),
        thing.width / 2 * abs(s) + thing.depth / 2 * abs(c),
    )


def collide(a: Thing, b: Thing, gap: float = 0.04) -> bool:
    """Whether the boxes of two things overlap in the room (with a gap on the ground)."""
    (ax, az), (bx, bz) = spread(a), spread(b)
    return (
        abs(a.x - b.x) < ax + bx + gap
        and abs(a.z - b.z) < az + bz + gap
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    )


class Furnisher:
    """Puts things into a room, none through another."""

    def __init__(self, width: float, depth: float, rng: Generator, things: Sequence[Thing] = ()) -> None:
        self.width, self.depth, self.rng = width, depth, rng
        self.things: list[Thing] = list(things)

    def new(self, kind: str, **pose: float) -> Thing:
        """A thing of random size and look, not yet placed."""
        w, h, d = pick_size(kind, self.rng)
        colour, material = pick_look(kind, self.rng)
        seed = int(self.rng.integers(1 << 30))
        thing = Thing(kind, colour, material, width=w, height=h, depth=d, seed=seed)
        return changed(thing, **{name: round(value, 4) for name, value in pose.items()})  # type: ignore[arg-type]

    def fits(self, thing: Thing) -> bool:
        """Whether it is inside the room and touches nothing but rugs and its support."""
        hx, hz = spread(thing)
        if thing.x - hx < 0 or thing.x + hx > self.width or thing.z + hz > self.depth + 1e-6:
            return False
        for index, other in enumerate(self.things):
            if index < 2 or other.gone or other.kind == "rug" or index == thing.on:
                continue
            if {thing.kind, other.kind} == {"window", "curtain"}:
                continue
            if collide(thing, other):
                return False
        return True

    def put(self, thing: Thing) -> int | None:
        """Add the thing if it fits; its index."""
        thing = changed(
            thing, x=round(thing.x, 4), y=round(thing.y, 4), z=round(thing.z, 4), yaw=round(thing.yaw, 2)
        )
        if thing.kind != "rug" and not self.fits(thing):
            return None
        self.things.append(thing)
        return len(self.things) - 1

    def at_wall(self, thing: Thing, side: str, along: float, gap: float = 0.03) -> Thing:
        """The thing with its back to the wall 'back', 'left' or 'right'."""
        if side == "back":
            return changed(thing, x=along, z=self.depth - thing.depth / 2 - gap, yaw=0.0)
        if side == "left":
            return changed(thing, x=thing.depth / 2 + gap, z=along, yaw=-90.0)
        return changed(thing, x=self.width - thing.depth / 2 - gap, z=along, yaw=90.0)

    def along_wall(self, kind: str, side: str, tries: int = 6, low: float | None = None) -> int | None:
        """Try to stand a new thing against a wall at a random place."""
        thing = self.new(kind)
        length = self.width if side == "back" else self.depth
        start = 0.0 if side == "back" else (low if low is not None else 0.9)
        for _ in range(tries):
            margin = thing.width / 2 + 0.05
            along = start + margin + (length - start - 2 * margin) * float(self.rng.random())
            done = self.put(self.at_wall(thing, side, along))
            if done is not None:
                return done
        return None

    def hang(self, kind: str, side: str, along: float, middle: float, size: float = 1.0) -> int | None:
        """Hang a new thing on a wall with its middle at this height."""
        thing = self.new(kind)
        if size != 1.0:
            thing = changed(thing, width=round(thing.width * size, 3), height=round(thing.height * size, 3))
        thing = changed(thing, y=middle - thing.height / 2, on=WALL)
        return self.put(self.at_wall(thing, side, along, gap=0.005))

    def hang_somewhere(self, kind: str, side: str, tries: int = 6) -> int | None:
        """Hang a new thing at a random free place of a wall."""
        length = self.width if side == "back" else self.depth
        start = 0.3 if side == "back" else 1.2
        for _ in range(tries):
            along = start + 0.3 + (length - start - 0.6) * float(self.rng.random())
            done = self.hang(kind, side, along, 1.65 + 0.2 * float(self.rng.random()))
            if done is not None:
                return done
        return None

    def on_top(self, kind: str, support: int, spread_x: float = 0.5, tries: int = 4) -> int | None:
        """Stand a new thing on the top of another."""
        base = self.things[support]
        thing = self.new(kind)
        if thing.depth > base.depth:
            return None
        s, c = sin_cos(base.yaw)
        for _ in range(tries):
            lx = (float(self.rng.random()) - 0.5) * max(base.width - thing.width - 0.1, 0.0) * spread_x * 2
            lz = (float(self.rng.random()) - 0.5) * max(base.depth - thing.depth - 0.06, 0.0)
            lx = min(max(lx, -(base.width - thing.width) / 2), (base.width - thing.width) / 2)
            done = self.put(
                changed(
                    thing,
                    x=base.x + c * lx + s * lz,
                    y=base.y + base.height,
                    z=base.z - s * lx + c * lz,
                    yaw=base.yaw,
                    on=support,
                )
            )
            if done is not None:
                return done
        return None

    def on_seat(
        self, kind: str, support: int, lx: float, lz: float, y: float, turn: float = 0.0
    ) -> int | None:
        """Put a new thing onto a seat at a place given in the support's own axes."""
        base = self.things[support]
        s, c = sin_cos(base.yaw)
        thing = self.new(kind)
        thing = changed(
            thing,
            x=base.x + c * lx + s * lz,
            y=base.y + y,
            z=base.z - s * lx + c * lz,
            yaw=base.yaw + turn,
            on=support,
        )
        for other in self.things[2:]:
            if not other.gone and other.on == support and collide(thing, other, -0.06):
                return None
        hx, hz = spread(thing)
        if not (hx <= thing.x <= self.width - hx and thing.z + hz <= self.depth):
            return None
        self.things.append(changed(thing, x=round(thing.x, 4), y=round(thing.y, 4), z=round(thing.z, 4)))
        return len(self.things) - 1

    def floor_spot(
        self,
        kind: str,
        x: tuple[float, float],
        z: tuple[float, float],
        yaw: tuple[float, float],
        tries: int = 6,
    ) -> int | None:
        """Try to stand a new thing on the floor somewhere in a range."""
        thing = self.new(kind)
        for _ in range(tries):
            done = self.put(changed(thing, x=self.uniform(*x), z=self.uniform(*z), yaw=self.uniform(*yaw)))
            if done is not None:
                return done
        return None

    def uniform(self, low: float, high: float) -> float:
        """A uniform number."""
        return low + (high - low) * float(self.rng.random())

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < share)


def _cushions(f: Furnisher, sofa: int, most: int) -> None:
    base = f.things[sofa]
    count = int(f.rng.integers(0, most + 1))
    room = base.width - 0.85
    places = [(-0.5 + k / max(most - 1, 1)) * room for k in range(most)]
    order = [int(k) for k in f.rng.permutation(most)]
    for k in sorted(order[:count]):
        f.on_seat(
            "cushion", sofa, places[k] if most > 1 else 0.0, base.depth / 2 - 0.42, 0.43, f.uniform(-14, 14)
        )


def _window(f: Furnisher, side: str, along: float) -> None:
    window = f.hang("window", side, along, 1.6)
    if window is None or not f.chance(0.75):
        return
    frame = f.things[window]
    curtain = f.new("curtain")
    width = frame.width + 0.75
    curtain = changed(curtain, width=round(width, 3), y=0.04 if f.chance(0.7) else 0.55, on=WALL)
    top = frame.y + frame.height + 0.16
    curtain = changed(curtain, height=round(top - curtain.y, 3))
    along = frame.x if side == "back" else frame.z
    f.put(f.at_wall(curtain, side, along, gap=0.1))


def _above(f: Furnisher, base: Thing, side: str, top: float) -> None:
    """Hang something over a piece of furniture."""
    along = base.x if side == "back" else base.z
    middle = max(top + 0.65, 1.62)
    what = f.rng.random()
    if what < 0.34:
        f.hang("picture", side, along, middle, 1.2)
    elif what < 0.62:
        step = f.uniform(0.72, 0.85)
        count = 2 if f.chance(0.6) else 3
        for k in range(count):
            f.hang("picture", side, along + (k - (count - 1) / 2) * step, middle, 0.8)
    elif what < 0.78:
        f.hang("mirror", side, along, middle)
    elif what < 0.9:
        f.hang("clock", side, along, middle)


def _facing(x: float, z: float, to_x: float, to_z: float) -> float:
    """The yaw that turns a front at (x, z) towards a point."""
    return math.degrees(math.atan2(x - to_x, z - to_z))


def _living(f: Furnisher) -> None:
    w, d = f.width, f.depth
    sofa_x = w / 2 + f.uniform(-0.7, 0.7)
    window_side = f.rng.random()
    if window_side < 0.55:
        side = 1 if sofa_x < w / 2 else -1
        _window(f, "back", w / 2 + side * f.uniform(w * 0.2, w * 0.3))
    elif window_side < 0.9:
        _window(f, "left" if f.chance(0.5) else "right", f.uniform(d * 0.45, d * 0.7))
    rug_at = (sofa_x + f.uniform(-0.25, 0.25), d - 2.05)
    if f.chance(0.8):
        f.put(f.new("rug", x=rug_at[0], z=rug_at[1]))
    sofa: int | None = None
    if f.chance(0.92):
        sofa = f.put(f.at_wall(f.new("sofa"), "back", sofa_x, gap=f.uniform(0.12, 0.3)))
    if sofa is not None:
        base = f.things[sofa]
        _cushions(f, sofa, 3 if base.width > 1.9 else 2)
        if f.chance(0.12):
            f.on_seat("cat", sofa, f.uniform(-0.5, 0.5), -0.1, 0.44, f.uniform(-20, 20))
        _above(f, base, "back", base.height)
        for side in (-1, 1):
            spot = base.x + side * (base.width / 2 + 0.36)
            what = f.rng.random()
            if what < 0.34:
                thing = f.new("floor lamp", x=spot, z=d - 0.42)
                f.put(thing)
            elif what < 0.62:
                table = f.put(f.new("side table", x=spot, z=d - 0.5))
                if table is not None and f.chance(0.85):
                    f.on_top("table lamp" if f.chance(0.65) else "vase", table, 0.1)
            elif what < 0.85:
                f.put(f.new("plant", x=spot + side * 0.15, z=d - 0.5))
    if f.chance(0.75):
        table = f.put(
            f.new("coffee table", x=rug_at[0], z=rug_at[1] + f.uniform(-0.1, 0.15), yaw=f.uniform(-6, 6))
        )
        if table is not None and f.chance(0.6):
            f.on_top("vase", table, 0.3)
    for side in (-1, 1):
        what = f.rng.random()
        x, z = rug_at[0] + side * f.uniform(1.35, 1.8), rug_at[1] + f.uniform(-0.3, 0.35)
        yaw = _facing(x, z, rug_at[0], rug_at[1] - 0.9) * 0.75
        if what < 0.55:
            chair = f.put(f.new("armchair", x=x, z=z, yaw=yaw))
            if chair is not None and f.chance(0.35):
                f.on_seat("cushion", chair, 0.0, 0.12, 0.42)
        elif what < 0.72:
            f.put(f.new("ottoman", x=x, z=z - 0.3, yaw=yaw))
    _walls(f)
    _pets(f, rug_at)


def _walls(f: Furnisher) -> None:
    """Furniture and pictures along the side walls and in the corners."""
    d = f.depth
    for side in ("left", "right"):
        what = f.rng.random()
        piece: int | None = None
        if what < 0.3:
            piece = f.along_wall("bookshelf", side, low=d * 0.4)
        elif what < 0.62:
            piece = f.along_wall("cabinet", side, low=d * 0.3)
            if piece is not None:
                top = f.rng.random()
                if top < 0.35:
                    f.on_top("television", piece, 0.2)
                elif top < 0.75:
                    f.on_top("vase" if f.chance(0.5) else "table lamp", piece, 0.45)
                    if f.chance(0.4):
                        f.on_top("vase" if f.chance(0.6) else "table lamp", piece, 0.45)
                if f.chance(0.5) and top >= 0.35:
                    _above(f, f.things[piece], side, 1.2)
        if piece is None and f.chance(0.55):
            f.hang_somewhere(("picture", "mirror", "clock", "picture")[int(f.rng.integers(4))], side)
        x = 0.5 if side == "left" else f.width - 0.5
        if f.chance(0.55):
            kind = ("plant", "floor lamp", "basket", "plant")[int(f.rng.integers(4))]
            f.floor_spot(kind, (x - 0.1, x + 0.1), (d - 0.6, d - 0.45), (0, 0), 2)
    for _ in range(2):
        if f.chance(0.4):
            f.hang_somewhere(("picture", "clock", "mirror")[int(f.rng.integers(3))], "back", 3)
        if f.chance(0.28):
            f.along_wall(
                ("cabinet", "bookshelf", "chair", "plant", "basket")[int(f.rng.integers(5))], "back", 4
            )


def _pets(f: Furnisher, rug_at: tuple[float, float]) -> None:
    for kind, share in (("cat", 0.22), ("dog", 0.24), ("ottoman", 0.15), ("basket", 0.12), ("plant", 0.1)):
        if f.chance(share):
            x, z = (rug_at[0] - 1.5, rug_at[0] + 1.5), (rug_at[1] - 1.0, rug_at[1] + 0.2)
            f.floor_spot(kind, x, z, (-40, 40))


def _bedroom(f: Furnisher) -> None:
    w, d = f.width, f.depth
    bed_x = w / 2 + f.uniform(-0.6, 0.6)
    bed = f.put(f.at_wall(f.new("bed"), "back", bed_x, gap=0.06))
    where = f.rng.random()
    if where < 0.45:
        _window(f, "left" if f.chance(0.5) else "right", f.uniform(d * 0.45, d * 0.7))
    elif where < 0.8:
        _window(f, "back", bed_x + (1 if bed_x < w / 2 else -1) * f.uniform(1.7, 2.0))
    if f.chance(0.75):
        f.put(f.new("rug", x=bed_x + f.uniform(-0.3, 0.3), z=d - 2.3))
    if bed is not None:
        base = f.things[bed]
        for side in (-1, 1):
            spot = base.x + side * (base.width / 2 + 0.36)
            if f.chance(0.72):
                table = f.put(f.at_wall(f.new("side table"), "back", spot, gap=0.05))
                if table is not None and f.chance(0.85):
                    f.on_top("table lamp" if f.chance(0.75) else "vase", table, 0.1)
            elif f.chance(0.5):
                f.put(f.new("floor lamp" if f.chance(0.5) else "plant", x=spot, z=d - 0.45))
        for side in (-1, 1):
            if f.chance(0.45):
                f.on_seat(
                    "cushion", bed, side * base.width * 0.22, base.depth / 2 - 0.66, 0.52, f.uniform(-12, 12)
                )
        if f.chance(0.18):
            f.on_seat("cat", bed, f.uniform(-0.4, 0.4), f.uniform(-0.7, -0.2), 0.52, f.uniform(-30, 30))
        _above(f, base, "back", base.height)
    for side in (-1, 1):
        what = f.rng.random()
        x, z = bed_x + side * f.uniform(1.5, 1.9), d - f.uniform(1.5, 2.4)
        if what < 0.3:
            f.put(f.new("armchair", x=x, z=z, yaw=_facing(x, z, bed_x, z - 1.2)))
        elif what < 0.5:
            f.put(f.new("chair", x=x, z=z, yaw=_facing(x, z, bed_x, z - 1.2)))
        elif what < 0.65:
            f.put(f.new("ottoman", x=x, z=z))
    _walls(f)
    _pets(f, (bed_x, d - 2.6))


def _dining(f: Furnisher) -> None:
    w, d = f.width, f.depth
    x, z = w / 2 + f.uniform(-0.4, 0.4), d - f.uniform(1.7, 2.0)
    where = f.rng.random()
    if where < 0.55:
        _window(f, "back", w / 2 + f.uniform(-0.3, 0.3) * w)
    elif where < 0.85:
        _window(f, "left" if f.chance(0.5) else "right", f.uniform(d * 0.45, d * 0.7))
    if f.chance(0.6):
        f.put(f.new("rug", x=x, z=z))
    table = f.put(f.new("dining table", x=x, z=z, yaw=f.uniform(-8, 8)))
    if table is not None:
        base = f.things[table]
        for _ in range(2):
            if f.chance(0.5):
                f.on_top("vase" if f.chance(0.8) else "table lamp", table, 0.4)
        chair = f.new("chair")
        alike = f.chance(0.7)
        s, c = sin_cos(base.yaw)
        for lx, lz, turn in (
            (-0.36, 0.72, 0.0),
            (0.36, 0.72, 0.0),
            (-1.05, 0.0, -90.0),
            (1.05, 0.0, 90.0),
            (0.3, -0.75, 180.0),
        ):
            if not f.chance(0.5):
                continue
            lx = lx * base.width / 1.5 if abs(lx) < 1 else math.copysign(base.width / 2 + 0.32, lx)
            lz = lz * (base.depth / 2 + 0.3) / 0.72 if lz else 0.0
            seat = chair if alike else f.new("chair")
            f.put(
                changed(
                    seat,
                    x=base.x + c * lx + s * lz,
                    z=base.z - s * lx + c * lz,
                    yaw=base.yaw + turn + f.uniform(-8, 8),
                )
            )
    piece = f.along_wall("cabinet" if f.chance(0.65) else "bookshelf", "back")
    if piece is not None and f.things[piece].kind == "cabinet":
        for _ in range(2):
            if f.chance(0.6):
                f.on_top("vase" if f.chance(0.5) else "table lamp", piece, 0.45)
        if f.chance(0.6):
            _above(f, f.things[piece], "back", 1.2)
    for kind in ("floor lamp", "plant", "armchair"):
        if f.chance(0.35):
            f.along_wall(kind, "back", 4)
    _walls(f)
    _pets(f, (x, z - 0.6))


@lru_cache(maxsize=256)
def make_scene(seed: int) -> Scene:
    """The room of a seed: a living room, a bedroom or a dining room. Equal seeds give equal scenes."""
    rng = Generator(PCG64(seed))
    width, depth = round(4.4 + 1.5 * float(rng.random()), 3), round(3.9 + 1.0 * float(rng.random()), 3)
    f = Furnisher(width, depth, rng)
    for kind in ("floor", "wall"):
        colour, material = pick_look(kind, rng)
        f.things.append(Thing(kind, colour, material, seed=int(rng.integers(1 << 30))))
    style = rng.random()
    (_living if style < 0.56 else _bedroom if style < 0.78 else _dining)(f)
    yaw = f.uniform(-16, 16)
    camera = Camera(
        x=round(width / 2 - yaw * 0.055 + f.uniform(-0.4, 0.4), 4),
        y=round(f.uniform(1.3, 1.7), 4),
        z=round(f.uniform(-1.0, -0.1), 4),
        yaw=round(yaw, 3),
        tan=round(f.uniform(0.46, 0.54), 4),
        shift=round(f.uniform(-0.24, -0.16), 4),
    )
    sun = (0.42 if f.chance(0.5) else -0.42, 0.72, -0.55)
    return Scene(seed, camera, width, depth, sun, tuple(f.things))
