"""The room of a picture in metres, as the renderer of rooms takes it, with what stands in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pocket.rooms.camera import sin_cos
from pocket.rooms.model import Camera, Scene, Thing
from pocket.rooms.vocabulary import WALL_KINDS
from tools import room_box as rooms
from tools.errors import EngineError
from tools.inpainting.computed.removal import Surroundings
from tools.room_box import Room

Mask = NDArray[np.bool_]
F64 = NDArray[np.float64]

EYE: Final = 1.5
"""How high the camera is over the floor, metres: rooms have it between 1.3 and 1.7, and a picture has no
scale."""

_LIT, _UNLIT = 0.933, 0.74
"""A side wall's light with the sun before it and behind it, as the renderer has it."""

_WORST: Final = 0.12


@dataclass(frozen=True, eq=False)
class Space:
    """A picture's room. Masks are bool (H, W): ``ground`` is floor and rug in view, ``wall`` the walls in
    view, ``other`` what stands or hangs there. ``x``, ``y``, ``z`` (H, W) are the points of the empty room
    that the pixels show, metres in the scene's axes, on the surface ``label`` (as in
    ``tools.room_box``). ``near`` is how far away what a pixel of ``other`` shows stands,
    metres along the view, infinite elsewhere; ``hung`` (H, W) is what hangs on the walls.
    """

    scene: Scene
    ground: Mask
    wall: Mask
    other: Mask
    label: NDArray[np.intp]
    x: F64
    y: F64
    z: F64
    near: F64
    hung: Mask

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.ground.shape[1], self.ground.shape[0]

    @property
    def unit(self) -> float:
        """A pixel of a picture of 480 rows, in pixels."""
        return float(self.ground.shape[0]) / 480


def space_of(picture: NDArray[np.uint8], around: Surroundings, gone: Mask | None = None) -> Space:
    """The space of an RGB picture (H, W, 3) in which floor, walls and rug are where ``around`` says.

    ``gone`` is what was taken away: it shows the empty room now. Raises ``EngineError`` where no room can be
    fitted.
    """
    height, width = picture.shape[:2]
    hole = np.zeros((height, width), bool) if gone is None else gone
    floor, wall, rug = (part & ~hole for part in (around.floor, around.wall, around.rug))
    if min(floor.sum() + rug.sum(), wall.sum()) < 0.01 * floor.size:
        raise EngineError("I see too little of the floor and the walls to know how large the room is.")
    room, wrong = rooms.fit(picture, floor | rug, wall)
    if wrong > _WORST:
        raise EngineError("I cannot tell floor and walls apart well enough to put something there.")
    label = rooms.labels(room, width, height)
    scene = _scene(room, _sun(picture, wall, label))
    ground = floor | rug | (hole & (label == rooms.FLOOR))
    wall = wall | (hole & (label != rooms.FLOOR))
    unit = height / 480
    other = ~(_grown(floor | rug | wall, 2 * unit) | hole)
    if hole.any():  # a rim that no mask has is what is left of it
        stays = [each for _, each in around.single if (each & hole).sum() < 0.5 * each.sum()]
        other &= ~_grown(hole, 7 * unit) | np.logical_or.reduce([np.zeros_like(hole), *stays])
    x, y, z = _points(scene, label, width, height)
    named = (around.things[kind] for kind in WALL_KINDS if kind in around.things)
    hung = np.logical_or.reduce([np.zeros_like(hole), *named])
    return Space(scene, ground, wall, other, label, x, y, z, _near(scene, ground, wall, other), hung)


def _scene(room: Room, sun: float) -> Scene:
    """The empty room as a scene; things[0] and things[1] are its floor and its walls."""
    tan = 0.5 / room.focal
    back = room.back * EYE
    z = min(-0.1, 4.4 - back)  # so that the room's depth is a usual one
    camera = Camera(room.left * EYE, EYE, z, math.degrees(room.yaw), tan, (2 * room.horizon - 1) * tan)
    things = (Thing("floor", "beige", "tile"), Thing("wall", "white", "painted"))
    return Scene(0, camera, (room.left + room.right) * EYE, back + z, (sun, 0.72, -0.55), things)


def _sun(picture: NDArray[np.uint8], wall: Mask, label: NDArray[np.intp]) -> float:
    """Which side the light comes from: a side wall is as bright as the back wall, or much darker."""
    grey = picture.astype(np.float32).mean(axis=2)
    votes = 0.0
    back = wall & (label == rooms.BACK)
    if back.sum() < 200:
        return 0.42
    level = float(np.median(grey[back]))
    for side, sign in ((rooms.LEFT, 1.0), (rooms.RIGHT, -1.0)):
        part = wall & (label == side)
        if part.sum() > 200:
            share = float(np.median(grey[part])) / max(level, 1.0)
            votes += sign * (share - (_LIT + _UNLIT) / 2 / 0.97) * math.sqrt(float(part.sum()))
    return 0.42 if votes >= 0 else -0.42


def _points(scene: Scene, label: NDArray[np.intp], width: int, height: int) -> tuple[F64, F64, F64]:
    cam = scene.camera
    s, c = sin_cos(cam.yaw)
    px = ((2 * (np.arange(width) + 0.5) / width - 1) * cam.tan * width / height)[None, :]
    py = ((1 - 2 * (np.arange(height) + 0.5) / height) * cam.tan + cam.shift)[:, None]
    dx, dz = px * c + s, c - px * s
    t = np.select(
        [label == rooms.FLOOR, label == rooms.BACK, label == rooms.LEFT],
        [
            -cam.y / np.minimum(py, -1e-3) + 0 * dx,
            (scene.room_depth - cam.z) / np.maximum(dz, 1e-3) + 0 * py,
            cam.x / np.maximum(-dx, 1e-3) + 0 * py,
        ],
        (scene.room_width - cam.x) / np.maximum(dx, 1e-3) + 0 * py,
    )
    return cam.x + t * dx, cam.y + t * py, cam.z + t * dz


def depth_at(scene: Scene, row: F64 | float, height: int) -> F64:
    """How far away, metres along the view, the floor is in a row of the picture."""
    cam = scene.camera
    py = (1 - 2 * np.asarray(row, dtype=np.float64) / height) * cam.tan + cam.shift
    return np.asarray(-cam.y / np.minimum(py, -1e-3))


def _near(scene: Scene, ground: Mask, wall: Mask, other: Mask) -> F64:
    """The distance of what stands there, from where it ends at the floor below; see ``Space.near``."""
    height, width = other.shape
    rows = np.arange(height)[:, None]
    free = np.where(ground | wall, rows, height)
    below = np.minimum.accumulate(free[::-1], axis=0)[::-1]  # the next row of the room, going down
    known = below < height
    stands = known & ground[np.minimum(below, height - 1), np.arange(width)[None, :]]
    depth = np.where(stands | ~known, depth_at(scene, below.astype(np.float64), height), np.inf)
    return np.asarray(np.where(other, depth, np.inf))


def _grown(mask: Mask, radius: float) -> Mask:
    if not mask.any():
        return mask.copy()
    return np.asarray(ndimage.distance_transform_edt(~mask) <= radius)
