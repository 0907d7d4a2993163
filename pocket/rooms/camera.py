"""The geometry between the room and the picture: pixel positions, rays, projections."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pocket.rooms.model import Camera, Thing
from pocket.rooms.primitives import F32

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """The rays of a picture: a ray's direction in camera axes is (px[column], py[row], 1)."""

    px: F32
    py: F32


def sin_cos(degrees: float) -> tuple[float, float]:
    """Sine and cosine, rounded so that they are equal on every machine."""
    angle = math.radians(degrees)
    return round(math.sin(angle), 7), round(math.cos(angle), 7)


def frame(
    camera: Camera,
    width: int,
    height: int,
    aspect: float,
    viewport: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
) -> Frame:
    """Rays through the middles of width x height samples of the viewport of a picture with this aspect."""
    x0, y0, x1, y1 = viewport
    fx = x0 + (np.arange(width) + 0.5) / width * (x1 - x0)
    fy = y0 + (np.arange(height) + 0.5) / height * (y1 - y0)
    px = (2 * fx - 1) * camera.tan * aspect
    py = (1 - 2 * fy) * camera.tan + camera.shift
    return Frame(px.astype(np.float32), py.astype(np.float32))


def to_camera(camera: Camera, points: F64) -> F64:
    """World points (n, 3) in camera axes: right, up, forward."""
    s, c = sin_cos(camera.yaw)
    x, y, z = points[:, 0] - camera.x, points[:, 1] - camera.y, points[:, 2] - camera.z
    return np.stack([x * c - z * s, y, x * s + z * c], axis=1)


def project(camera: Camera, points: F64, aspect: float) -> F64:
    """World points (n, 3) in fractions (n, 2) of the full picture, y downwards; far outside if behind."""
    view = to_camera(camera, points)
    depth = np.maximum(view[:, 2], 1e-3)
    fx = (view[:, 0] / depth / (camera.tan * aspect) + 1) / 2
    fy = (1 - (view[:, 1] / depth - camera.shift) / camera.tan) / 2
    return np.stack([fx, fy], axis=1)


def corners(thing: Thing) -> F64:
    """The eight corners (8, 3) of a thing's bounding box in the world."""
    s, c = sin_cos(thing.yaw)
    out = []
    for lx in (-thing.width / 2, thing.width / 2):
        for ly in (0.0, thing.height):
            for lz in (-thing.depth / 2, thing.depth / 2):
                out.append((thing.x + c * lx + s * lz, thing.y + ly, thing.z - s * lx + c * lz))
    return np.array(out)


def box_in_picture(camera: Camera, thing: Thing, aspect: float) -> tuple[float, float, float, float]:
    """The box (x0, y0, x1, y1), in fractions of the full picture, around a thing's bounding box."""
    points = project(camera, corners(thing), aspect)
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
