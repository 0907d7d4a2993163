"""Soft shadows and the room's light, baked into small maps of floor and walls that rendering looks up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pocket.rooms.camera import sin_cos
from pocket.rooms.model import FLOOR, WALL, Scene, Thing
from pocket.rooms.primitives import F32

CELL = 0.06
_AIRY = frozenset({"chair", "coffee table", "dining table", "side table"})


@dataclass(frozen=True)
class LightMap:
    """Factors on a grid that starts at (u0, v0) with cells of CELL metres."""

    u0: float
    v0: float
    factor: F32

    def at(self, u: F32, v: F32) -> F32:
        """The factor at points of the plane, bilinear, clamped at the borders."""
        rows, columns = self.factor.shape
        x = np.clip((u - np.float32(self.u0)) * np.float32(1 / CELL), 0, np.float32(columns - 1.001))
        y = np.clip((v - np.float32(self.v0)) * np.float32(1 / CELL), 0, np.float32(rows - 1.001))
        ix, iy = x.astype(np.int32), y.astype(np.int32)
        fx, fy = x - ix, y - iy
        flat = self.factor.ravel()
        at = iy * columns + ix
        low = flat[at] + (flat[at + 1] - flat[at]) * fx
        at = at + columns
        high = flat[at] + (flat[at + 1] - flat[at]) * fx
        return np.asarray(low + (high - low) * fy, dtype=np.float32)


@dataclass(frozen=True)
class RoomLight:
    """The maps of a scene: floor over (x, z), back wall over (x, y), side walls over (z, y)."""

    floor: LightMap
    back: LightMap
    left: LightMap
    right: LightMap


def _grid(u0: float, u1: float, v0: float, v1: float) -> tuple[F32, F32]:
    u = (u0 + CELL * np.arange(int((u1 - u0) / CELL) + 2)).astype(np.float32)
    v = (v0 + CELL * np.arange(int((v1 - v0) / CELL) + 2)).astype(np.float32)
    return u[None, :], v[:, None]


def _rect(u: F32, v: F32, cu: float, cv: float, hu: float, hv: float, blur: float) -> F32:
    """1 inside a rectangle, falling to 0 over `blur` outside of it."""
    du = np.maximum(np.abs(u - np.float32(cu)) - np.float32(hu), np.float32(0))
    dv = np.maximum(np.abs(v - np.float32(cv)) - np.float32(hv), np.float32(0))
    t = np.maximum(1 - np.sqrt(du * du + dv * dv) * np.float32(1 / blur), np.float32(0))
    return np.asarray(t * t, dtype=np.float32)


def _footprint(thing: Thing, u: F32, v: F32, grow: float, blur: float, dx: float = 0, dz: float = 0) -> F32:
    s, c = sin_cos(thing.yaw)
    x, z = u - np.float32(thing.x + dx), v - np.float32(thing.z + dz)
    lx, lz = x * np.float32(c) - z * np.float32(s), x * np.float32(s) + z * np.float32(c)
    return _rect(lx, lz, 0, 0, thing.width / 2 * grow, thing.depth / 2 * grow, blur)


def _floor(scene: Scene) -> LightMap:
    u, v = _grid(-0.1, scene.room_width + 0.1, scene.camera.z, scene.room_depth + 0.1)
    edge = np.minimum(np.minimum(u, np.float32(scene.room_width) - u), np.float32(scene.room_depth) - v)
    factor = 1 - 0.22 * _falloff(edge, 0.7)
    for thing in scene.things[2:]:
        if thing.gone or thing.on != FLOOR or thing.kind == "rug":
            continue
        strength = 0.34 if thing.kind in _AIRY else 0.5
        if thing.kind in ("floor lamp", "plant", "cat", "dog"):
            near = _footprint(thing, u, v, 0.3, 0.28)
        else:
            near = _footprint(thing, u, v, 0.92, 0.22)
        reach = min(thing.height, 1.0) * 0.28
        far = _footprint(thing, u, v, 0.8, 0.5, -scene.light[0] * reach, -scene.light[2] * reach)
        factor = factor * (1 - strength * near) * (1 - 0.22 * far)
    return LightMap(-0.1, scene.camera.z, np.ascontiguousarray(factor, dtype=np.float32))


def _falloff(distance: F32, reach: float) -> F32:
    t = np.clip(1 - distance * np.float32(1 / reach), 0, 1)
    return np.asarray(t * t, dtype=np.float32)


def _wall(scene: Scene, side: str) -> LightMap:
    """One wall; u runs along x on the back wall and along z on the side walls, v is the height."""
    if side == "back":
        u0, u1 = -0.1, scene.room_width + 0.1
    else:
        u0, u1 = scene.camera.z, scene.room_depth + 0.1
    u, v = _grid(u0, u1, 0.0, 4.0)
    if side == "back":
        corner = np.minimum(u, np.float32(scene.room_width) - u)
    else:
        corner = np.float32(scene.room_depth) - u
    factor = (1 - 0.16 * _falloff(corner, 0.9)) * (1 - 0.20 * _falloff(v, 0.45))
    factor = factor * (1.03 - 0.02 * v)
    for thing in scene.things[2:]:
        if thing.gone:
            continue
        s, c = sin_cos(thing.yaw)
        away, along, half = _against(scene, thing, side, abs(s), abs(c))
        if thing.kind == "floor lamp" and away < 1.1:
            du, dv = u - np.float32(along), v - np.float32(thing.y + thing.height - 0.05)
            factor = factor * (1 + 0.16 * _falloff(np.sqrt(du * du + dv * dv), 1.2))
        elif thing.kind == "table lamp" and away < 1.0:
            du, dv = u - np.float32(along), v - np.float32(thing.y + thing.height - 0.1)
            factor = factor * (1 + 0.14 * _falloff(np.sqrt(du * du + dv * dv), 0.9))
        elif thing.kind == "curtain":
            for end in (-1, 1):
                panel = along + end * half * 0.79
                dark = _rect(u, v, panel, thing.y + thing.height / 2, half * 0.2, thing.height / 2, 0.2)
                factor = factor * (1 - 0.24 * dark) if away < 0.3 else factor
        elif thing.kind == "mirror" and away < 0.15:
            dark = _rect(u, v, along, thing.y + thing.height / 2 - 0.03, half * 0.6, thing.height * 0.3, 0.3)
            factor = factor * (1 - 0.3 * dark)
        elif thing.kind == "clock" and away < 0.15:
            dark = _rect(u, v, along, thing.y + thing.height / 2 - 0.03, half * 0.5, half * 0.5, half * 0.7)
            factor = factor * (1 - 0.4 * dark)
        elif thing.on == WALL and away < 0.15:
            dark = _rect(u, v, along, thing.y + thing.height / 2 - 0.03, half, thing.height / 2, 0.12)
            factor = factor * (1 - 0.34 * dark)
        elif thing.on == FLOOR and away < 0.45 and thing.kind not in ("rug", "plant", "cat", "dog"):
            dark = _rect(u, v, along, thing.height * 0.45, half * 0.9, thing.height * 0.42, 0.38)
            factor = factor * (1 - (0.16 if thing.kind in _AIRY else 0.30) * dark)
    return LightMap(u0, 0.0, np.ascontiguousarray(factor, dtype=np.float32))


def _against(scene: Scene, thing: Thing, side: str, s: float, c: float) -> tuple[float, float, float]:
    """How far a thing's back is from a wall, its place along it, and its half width along it."""
    half_x = thing.width / 2 * c + thing.depth / 2 * s
    half_z = thing.width / 2 * s + thing.depth / 2 * c
    if side == "back":
        return scene.room_depth - thing.z - half_z, thing.x, half_x
    if side == "left":
        return thing.x - half_x, thing.z, half_z
    return scene.room_width - thing.x - half_x, thing.z, half_z


@lru_cache(maxsize=64)
def room_light(scene: Scene) -> RoomLight:
    """Bake the maps of a scene."""
    return RoomLight(_floor(scene), _wall(scene, "back"), _wall(scene, "left"), _wall(scene, "right"))
