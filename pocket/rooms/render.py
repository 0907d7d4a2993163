"""Pictures of scenes: a small ray caster with exact masks.

`render` first finds for every sample the solid that it sees (each solid inside its own box on the screen,
nearest wins), then shades the samples surface by surface. Nothing here is random: equal arguments give equal
pixels, and any viewport of a picture can be drawn directly at any scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, Generator

from pocket.rooms.camera import F64, Frame, frame, sin_cos
from pocket.rooms.furniture import solids_of
from pocket.rooms.light import room_light
from pocket.rooms.materials import PAINTERS, Hits, Paint, contrast_of
from pocket.rooms.model import FLOOR, FULL_ASPECT, RGB, WALL, Scene, Thing
from pocket.rooms.primitives import F32, FAR, HIT, Solid, surface_at
from pocket.rooms.surfaces import SURFACES
from pocket.rooms.vocabulary import COLOURS, OWN_COLOUR

_ROOM_UNIT = 0.30
_LAMPS = ("floor lamp", "table lamp")


@dataclass(frozen=True)
class Rendered:
    """picture: uint8 (h, w, 3) sRGB; ids: int16 (h, w), the index into scene.things that is seen."""

    picture: npt.NDArray[np.uint8]
    ids: npt.NDArray[np.int16]


def mask(rendered: Rendered, index: int) -> npt.NDArray[np.bool_]:
    """The visible pixels of one thing, bool (h, w)."""
    return np.asarray(rendered.ids == index)


def visible(rendered: Rendered, share: float = 0.003) -> list[int]:
    """Indexes of the things that cover at least this share of the picture."""
    counts = np.bincount(rendered.ids.ravel())
    return [int(i) for i in np.flatnonzero(counts >= max(1.0, share * rendered.ids.size))]


@lru_cache(maxsize=4096)
def colour_of(thing: Thing) -> RGB:
    """The thing's drawn colour before light, sRGB 0 to 255: its name's centre, a little off by its seed.

    A colour "#rrggbb" is taken as it is.
    """
    if thing.colour is not None and thing.colour.startswith("#"):
        red, green, blue = bytes.fromhex(thing.colour[1:])
        return float(red), float(green), float(blue)
    if thing.colour is None:
        base = OWN_COLOUR.get(thing.material or "", (128, 128, 128))
    else:
        base = COLOURS[thing.colour]
    off = Generator(PCG64(thing.seed + 77)).integers(-8, 9, size=3)
    r, g, b = (float(min(max(c + int(o), 6), 250)) for c, o in zip(base, off, strict=True))
    return r, g, b


def second_of(thing: Thing) -> RGB:
    """The second colour of the thing's pattern before light, sRGB 0 to 255, whether it has one or not."""
    return contrast_of(colour_of(thing)) if thing.second is None else thing.second


def pattern_unit(thing: Thing) -> float:
    """Period of the thing's pattern, metres: about a tenth of its size."""
    if thing.kind in ("floor", "wall"):
        return _ROOM_UNIT
    size = max(thing.width, thing.height, thing.depth)
    return min(max(0.1 * size, 0.028), 0.2)


@dataclass(frozen=True)
class _Group:
    """Consecutive solids with one surface."""

    first: int
    last: int
    thing: int
    surface: str


@dataclass(frozen=True)
class _World:
    """All solids of a scene in world coordinates."""

    solids: tuple[Solid, ...]
    centres: F64
    rotations: F64
    halves: F64
    groups: tuple[_Group, ...]
    things: tuple[int, ...]
    upright: frozenset[int]
    """Solids whose wood grain runs upwards."""


@lru_cache(maxsize=4096)
def _place(thing: Thing) -> tuple[tuple[Solid, ...], F64, F64, F64]:
    """A thing's solids with centres (n, 3), rotations (n, 3, 3) and half sizes (n, 3) in the world."""
    solids = solids_of(thing)
    s, c = sin_cos(thing.yaw)
    centres = np.array([solid.centre for solid in solids], dtype=np.float64).reshape(-1, 3)
    x, y, z = centres[:, 0], centres[:, 1], centres[:, 2]
    centres = np.stack([thing.x + c * x + s * z, thing.y + y, thing.z - s * x + c * z], axis=1)
    local = np.array([solid.rotation for solid in solids], dtype=np.float64).reshape(-1, 3, 3)
    a, b, d = local[:, 0], local[:, 1], local[:, 2]
    rotations = np.stack([c * a + s * d, b, -s * a + c * d], axis=1)
    halves = np.array([solid.half for solid in solids], dtype=np.float64).reshape(-1, 3)
    return solids, centres, rotations, halves


@lru_cache(maxsize=64)
def _world(scene: Scene) -> _World:
    solids: list[Solid] = []
    centres, rotations, halves = [], [], []
    groups: list[_Group] = []
    owners: list[int] = []
    for index, thing in enumerate(scene.things):
        if index in (FLOOR, WALL) or thing.gone:
            continue
        own, centre, turn, half = _place(thing)
        first = len(solids)
        for k, solid in enumerate(own):
            if k + 1 == len(own) or own[k + 1].surface != solid.surface:
                groups.append(_Group(first, len(solids) + k + 1, index, solid.surface))
                first = len(solids) + k + 1
        solids += own
        owners += [index] * len(own)
        centres.append(centre)
        rotations.append(turn)
        halves.append(half)
    return _World(
        tuple(solids),
        np.concatenate(centres) if centres else np.zeros((0, 3)),
        np.concatenate(rotations) if rotations else np.zeros((0, 3, 3)),
        np.concatenate(halves) if halves else np.zeros((0, 3)),
        tuple(groups),
        tuple(owners),
        frozenset(k for k, solid in enumerate(solids) if _upright(scene.things[owners[k]], solid)),
    )


def _upright(thing: Thing, solid: Solid) -> bool:
    return (
        thing.material in ("oak", "walnut")
        and solid.half[1] > solid.half[0]
        and solid.half[1] > solid.half[2]
    )


def _screen_boxes(scene: Scene, world: _World, rays: Frame) -> npt.NDArray[np.int64]:
    """For each solid the sample box (column0, column1, row0, row1) that it can be seen in; (n, 4)."""
    signs = np.array([(i, j, k) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=np.float64)
    offsets = signs[None] * world.halves[:, None, :]
    m = world.rotations[:, None]
    points = world.centres[:, None, :] + np.stack(
        [
            m[:, :, r, 0] * offsets[..., 0]
            + m[:, :, r, 1] * offsets[..., 1]
            + m[:, :, r, 2] * offsets[..., 2]
            for r in range(3)
        ],
        axis=-1,
    )
    s, c = sin_cos(scene.camera.yaw)
    x, y, z = (
        points[..., 0] - scene.camera.x,
        points[..., 1] - scene.camera.y,
        points[..., 2] - scene.camera.z,
    )
    right, forward = x * c - z * s, x * s + z * c
    behind = (forward < 0.05).any(axis=1)
    depth = np.maximum(forward, 0.05)
    px, py = right / depth, y / depth
    columns = _index(px, rays.px)
    rows = _index(py, rays.py)
    boxes = np.stack(
        [columns.min(axis=1), columns.max(axis=1) + 1, rows.min(axis=1), rows.max(axis=1) + 1], axis=1
    )
    boxes[behind] = (0, len(rays.px), 0, len(rays.py))
    boxes[(forward < 0.05).all(axis=1)] = 0
    return boxes


def _index(values: F64, samples: F32) -> npt.NDArray[np.int64]:
    """Sample index of positions on the evenly spaced axis `samples`, clamped to just outside of it."""
    step = (float(samples[-1]) - float(samples[0])) / max(len(samples) - 1, 1) or 1.0
    where = np.floor((values - float(samples[0])) / step + 0.5)
    return np.clip(where, -1, len(samples)).astype(np.int64)


def _trace(scene: Scene, world: _World, rays: Frame) -> tuple[F32, npt.NDArray[np.int16]]:
    """Depth and what is seen (0 floor, 1 wall, 2 + solid) for every sample; (rows, columns)."""
    cam = scene.camera
    s, c = sin_cos(cam.yaw)
    px, py = rays.px, rays.py
    dx, dz = px * np.float32(c) + np.float32(s), np.float32(c) - px * np.float32(s)
    wall = np.float32(scene.room_depth - cam.z) / np.maximum(dz, np.float32(1e-6))
    side = np.where(dx < 0, np.float32(-cam.x), np.float32(scene.room_width - cam.x))
    wall = np.minimum(wall, side / np.where(np.abs(dx) < 1e-6, np.float32(1e-6), dx))
    floor = np.where(py < -1e-6, np.float32(-cam.y) / np.minimum(py, np.float32(-1e-6)), FAR)
    depth = np.minimum(floor[:, None], wall[None, :])
    seen = (depth < floor[:, None]).astype(np.int16)

    boxes = _screen_boxes(scene, world, rays)
    right, forward = np.array([c, 0.0, -s]), np.array([s, 0.0, c])
    origin = np.array([cam.x, cam.y, cam.z])
    for k, solid in enumerate(world.solids):
        c0, c1, r0, r1 = (max(int(v), 0) for v in boxes[k])
        c1, r1 = min(c1, len(px)), min(r1, len(py))
        if c0 >= c1 or r0 >= r1:
            continue
        m = world.rotations[k]
        rel = origin - world.centres[k]
        o = tuple(float(m[0, i] * rel[0] + m[1, i] * rel[1] + m[2, i] * rel[2]) for i in range(3))
        rows, columns = py[r0:r1, None], px[None, c0:c1]
        direction = []
        for i in range(3):
            a = np.float32(m[0, i] * right[0] + m[2, i] * right[2])
            f = np.float32(m[0, i] * forward[0] + m[2, i] * forward[2])
            direction.append((columns * a + f) + rows * np.float32(m[1, i]))
        t = HIT[solid.shape]((o[0], o[1], o[2]), direction[0], direction[1], direction[2], solid)
        window = depth[r0:r1, c0:c1]
        nearer = t < window
        np.copyto(window, t, where=nearer)
        np.copyto(seen[r0:r1, c0:c1], np.int16(k + 2), where=nearer)
    return depth, seen


@dataclass
class _Points:
    """The seen points, sorted by solid; arrays (n,)."""

    x: F32
    y: F32
    z: F32
    nx: F32
    ny: F32
    nz: F32
    u: F32
    v: F32


def outline(scene: Scene, index: int, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The pixels, bool (h, w), of a thing with nothing in front of it; size is (width, height)."""
    things = (*scene.things[:2], scene.things[index])
    alone = changed(scene, things=things)
    rays = frame(scene.camera, size[0], size[1], FULL_ASPECT)
    return _trace(alone, _world.__wrapped__(alone), rays)[1] >= 2


def _shade(scene: Scene, world: _World, rays: Frame, depth: F32, seen: npt.NDArray[np.int16]) -> F32:
    """Colours (3, rows * columns), 0 to 255."""
    cam = scene.camera
    columns = len(rays.px)
    flat = seen.ravel()
    order = np.argsort(flat, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=len(world.solids) + 2))])
    px, py = rays.px[order % columns], rays.py[order // columns]
    t = depth.ravel()[order]
    s, c = np.float32(sin_cos(cam.yaw)[0]), np.float32(sin_cos(cam.yaw)[1])
    dx, dz = px * c + s, c - px * s
    n = len(order)
    p = _Points(
        np.float32(cam.x) + t * dx,
        np.float32(cam.y) + t * py,
        np.float32(cam.z) + t * dz,
        *(np.zeros(n, dtype=np.float32) for _ in range(5)),
    )
    _room_points(scene, p, int(bounds[1]), int(bounds[2]))
    for k in range(len(world.solids)):
        a, b = int(bounds[k + 2]), int(bounds[k + 3])
        if a < b:
            _solid_points(world, k, p, slice(a, b))

    inverse = np.float32(1) / np.sqrt(dx * dx + py * py + dz * dz)
    vx, vy, vz = dx * inverse, py * inverse, dz * inverse
    facing = np.minimum(np.abs(p.nx * vx + p.ny * vy + p.nz * vz), np.float32(1))
    lx, ly, lz = (np.float32(value) for value in scene.light)
    hx, hy, hz = lx - vx, ly - vy, lz - vz
    sheen = (p.nx * hx + p.ny * hy + p.nz * hz) / np.sqrt(
        np.maximum(hx * hx + hy * hy + hz * hz, np.float32(1e-6))
    )
    sheen = np.clip(sheen, 0, 1)
    lambert = p.nx * lx + p.ny * ly + p.nz * lz
    light = 0.74 + 0.36 * np.maximum((lambert + np.float32(0.25)) * np.float32(0.8), np.float32(0))

    colour = np.empty((3, n), dtype=np.float32)

    def surface(first: int, last: int, index: int, name: str) -> None:
        if first >= last:
            return
        part = slice(first, last)
        thing = scene.things[index]
        hits = Hits(
            p.u[part],
            p.v[part],
            facing[part],
            p.nx[part],
            p.ny[part],
            sheen[part],
            (thing.width, thing.height, thing.depth),
            pattern_unit(thing),
            colour_of(thing),
            second_of(thing),
            thing.seed,
            thing.kind,
        )
        paint = _paint(thing, name, hits)
        shadow = light[part]
        if index in (FLOOR, WALL) or thing.kind == "rug":
            shadow = shadow * _baked(scene, thing, p, part)
        elif thing.on == FLOOR:
            low = np.clip(p.y[part] * np.float32(2.5), 0, 1)
            shadow = shadow * (np.float32(0.80) + np.float32(0.20) * low)
        if paint.lit < 1.0:
            shadow = np.float32(1 - paint.lit) + np.float32(paint.lit) * shadow
        glint = paint.glint * np.minimum(shadow, np.float32(1))
        colour[:, part] = paint.colour * shadow[None, :] + glint[None, :]

    surface(0, int(bounds[1]), FLOOR, "main")
    surface(int(bounds[1]), int(bounds[2]), WALL, "main")
    for group in world.groups:
        surface(int(bounds[group.first + 2]), int(bounds[group.last + 2]), group.thing, group.surface)
    _contact(scene, world, bounds, p, colour)
    np.clip(colour, 0, 255, out=colour)
    picture = np.empty_like(colour)
    picture[:, order] = colour
    return picture


def _paint(thing: Thing, name: str, hits: Hits) -> Paint:
    if thing.kind in _LAMPS and name in ("gold", "dark metal") and thing.material in ("brass", "black metal"):
        name = "gold" if thing.material == "brass" else "dark metal"
    if name == "main":
        return PAINTERS[thing.material or "painted"](hits)
    if name == "shade":
        paint = PAINTERS[thing.material or "painted"](hits)
        if thing.material in ("brass", "black metal"):
            return paint
        glow = np.float32(0.94) + np.float32(0.16) * hits.facing
        return Paint(paint.colour * glow[None, :] + 8, paint.glint, 0.25)
    return SURFACES[name](hits)


def _room_points(scene: Scene, p: _Points, floor_end: int, wall_end: int) -> None:
    """Normals and surface coordinates of floor and wall."""
    p.ny[:floor_end] = 1
    p.u[:floor_end], p.v[:floor_end] = p.x[:floor_end], p.z[:floor_end]
    part = slice(floor_end, wall_end)
    x, z = p.x[part], p.z[part]
    back = np.abs(z - np.float32(scene.room_depth))
    left, right = np.abs(x), np.abs(x - np.float32(scene.room_width))
    on_left = (left < back) & (left < right)
    on_right = (right < back) & ~on_left
    p.nx[part] = np.where(on_left, 1, 0) - np.where(on_right, 1, 0)
    p.nz[part] = np.where(on_left | on_right, 0, -1)
    # the pattern runs on around the corners
    around = np.float32(scene.room_width + scene.room_depth)
    p.u[part] = np.where(on_left, z - np.float32(scene.room_depth), np.where(on_right, around - z, x))
    p.v[part] = p.y[part]


def _solid_points(world: _World, k: int, p: _Points, part: slice) -> None:
    m = world.rotations[k].astype(np.float32)
    cx, cy, cz = world.centres[k].astype(np.float32)
    x, y, z = p.x[part] - cx, p.y[part] - cy, p.z[part] - cz
    lx = m[0, 0] * x + m[1, 0] * y + m[2, 0] * z
    ly = m[0, 1] * x + m[1, 1] * y + m[2, 1] * z
    lz = m[0, 2] * x + m[1, 2] * y + m[2, 2] * z
    nx, ny, nz, u, v = surface_at(world.solids[k], lx, ly, lz)
    p.u[part], p.v[part] = (v, u) if k in world.upright else (u, v)
    p.nx[part] = m[0, 0] * nx + m[0, 1] * ny + m[0, 2] * nz
    p.ny[part] = m[1, 0] * nx + m[1, 1] * ny + m[1, 2] * nz
    p.nz[part] = m[2, 0] * nx + m[2, 1] * ny + m[2, 2] * nz


def _baked(scene: Scene, thing: Thing, p: _Points, part: slice) -> F32:
    """The baked light on floor, rug or wall."""
    maps = room_light(scene)
    if thing.kind != "wall":
        return maps.floor.at(p.x[part], p.z[part])
    nx = p.nx[part]
    on_back = np.abs(nx) < 0.5
    out = maps.back.at(p.x[part], p.y[part])
    if not on_back.all():
        side = np.where(nx > 0, maps.left.at(p.z[part], p.y[part]), maps.right.at(p.z[part], p.y[part]))
        out = np.where(on_back, out, side)
    return out


def _contact(scene: Scene, world: _World, bounds: npt.NDArray[np.int64], p: _Points, colour: F32) -> None:
    """Darken the support around what stands or lies on it."""
    for index, thing in enumerate(scene.things):
        if thing.gone or thing.on in (FLOOR, WALL) or index < 2 or scene.things[thing.on].gone:
            continue
        solids = [k for k, owner in enumerate(world.things) if owner == thing.on]
        if not solids:
            continue
        part = slice(int(bounds[solids[0] + 2]), int(bounds[solids[-1] + 3]))
        if part.start >= part.stop:
            continue
        low = min(thing.height, 0.4)
        a = (p.x[part] - np.float32(thing.x)) * np.float32(1 / (0.62 * thing.width + 0.05))
        b = (p.y[part] - np.float32(thing.y + 0.3 * low)) * np.float32(1 / (0.7 * low))
        e = (p.z[part] - np.float32(thing.z)) * np.float32(1 / (0.62 * thing.depth + 0.09))
        near = np.clip(np.float32(1.35) - (a * a + b * b + e * e), 0, 1)
        colour[:, part] *= (1 - np.float32(0.42) * near)[None, :]


def cutout(
    scene: Scene, index: int, size: tuple[int, int], box: tuple[int, int, int, int], supersample: int = 3
) -> tuple[F32, F32]:
    """One thing alone, with nothing in front of it, in a part of a picture of ``size`` (width, height).

    ``box`` is (x0, y0, x1, y1) in pixels. Returns the thing's own colours, 0 to 255 (h, w, 3), and the share
    of each pixel that it covers, 0 to 1 (h, w).
    """
    thing = scene.things[index]
    support = 0 if thing.on in (FLOOR, WALL) else 1
    things = (*scene.things[:2], *((changed(scene.things[thing.on], gone=True),) * support))
    alone = changed(scene, things=(*things, changed(thing, on=2 if support else thing.on)))
    x0, y0, x1, y1 = box
    width, height, n = x1 - x0, y1 - y0, supersample
    viewport = (x0 / size[0], y0 / size[1], x1 / size[0], y1 / size[1])
    rays = frame(scene.camera, width * n, height * n, size[0] / size[1], viewport)
    world = _world.__wrapped__(alone)
    depth, seen = _trace(alone, world, rays)
    own = (seen >= 2).astype(np.float32)
    colour = _shade(alone, world, rays, depth, seen).reshape(3, height * n, width * n) * own
    share = own.reshape(height, n, width, n).sum(axis=(1, 3))
    total = colour.reshape(3, height, n, width, n).sum(axis=(2, 4)) / np.maximum(share, 1)
    return np.ascontiguousarray(total.transpose(1, 2, 0)), share * np.float32(1 / (n * n))


def render(
    scene: Scene,
    size: tuple[int, int],
    viewport: tuple[float, float, float, float] | None = None,
    supersample: int = 2,
) -> Rendered:
    """Draw a scene.

    size is (width, height) in pixels. Without a viewport the picture has the size's own aspect and the
    camera's vertical field of view. A viewport (x0, y0, x1, y1) is a part of the full 4:3
    picture in fractions of it, clipped to [0, 1], stretched to the size. supersample: samples each way a
    pixel. Raises ValueError for an empty size or viewport.
    """
    width, height = size
    if width < 1 or height < 1 or supersample < 1:
        raise ValueError(f"A picture of {width}x{height} with {supersample} samples cannot be drawn.")
    aspect = width / height
    box = (0.0, 0.0, 1.0, 1.0)
    if viewport is not None:
        aspect = FULL_ASPECT
        x0, y0, x1, y1 = (min(max(value, 0.0), 1.0) for value in viewport)
        if x1 <= x0 or y1 <= y0:
            raise ValueError(f"The viewport {viewport} holds no part of the picture.")
        box = (x0, y0, x1, y1)
    n = supersample
    rays = frame(scene.camera, width * n, height * n, aspect, box)
    world = _world(scene)
    depth, seen = _trace(scene, world, rays)
    colour = _shade(scene, world, rays, depth, seen).reshape(3, height, n, width, n)
    total = np.zeros((3, height, width), dtype=np.float32)
    for i in range(n):
        for j in range(n):
            total += colour[:, :, i, :, j]
    picture = np.floor(total * np.float32(1 / (n * n)) + np.float32(0.5)).astype(np.uint8)
    owner = np.array([FLOOR, WALL, *world.things], dtype=np.int16)
    ids = owner[seen.reshape(height, n, width, n)[:, n // 2, :, n // 2]]
    return Rendered(np.ascontiguousarray(picture.transpose(1, 2, 0)), np.ascontiguousarray(ids))
