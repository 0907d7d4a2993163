"""Where a new thing stands, lies or hangs: the place that a mask proposes, moved until it is free.

Pure geometry on a ``Space``; nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as changed
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pocket.rooms.camera import F64, project, sin_cos
from pocket.rooms.furniture import SIZES
from pocket.rooms.model import FLOOR, WALL, Thing
from tools import room_box as rooms
from tools.errors import EngineError
from tools.inpainting.drawing.space import Mask, Space
from tools.inpainting.drawing.thing_spec import ThingSpec, with_article

_SLIM: Final = {"plant": 0.45, "floor lamp": 0.6, "cat": 0.8, "dog": 0.8}
"""The share of its box that a thing takes of the floor; 1 for others."""

_AT_WALL: Final = {
    "bed": 1.2,
    "bookshelf": 1.5,
    "cabinet": 1.2,
    "sofa": 0.8,
    "television": 1.0,
    "side table": 0.3,
}
"""How much a kind wants to have its back to a wall."""

_FACING: Final = ("armchair", "chair")
_FREE: Final = 0.8
SEATS: Final = {"sofa": 0.43, "armchair": 0.42, "bed": 0.52, "chair": 0.47}
"""Height of what one sits or lies on, metres."""


def no_room(name: str, where: str) -> EngineError:
    """The refusal for a place that is not free."""
    return EngineError(f"I cannot put {with_article(name)} there: there is no room for it {where}.")


def _boxes(space: Space, x: F64, z: F64, yaw: F64, size: tuple[float, float, float], y: float = 0.0) -> F64:
    """The boxes (n, 4) in the picture, pixels, of things of one size at n places."""
    w, h, d = size
    s, c = np.sin(np.radians(yaw)), np.cos(np.radians(yaw))
    points = []
    for lx in (-w / 2, w / 2):
        for lz in (-d / 2, d / 2):
            px, pz = x + c * lx + s * lz, z - s * lx + c * lz
            points += [
                np.stack([px, np.full_like(px, y), pz], -1),
                np.stack([px, np.full_like(px, y + h), pz], -1),
            ]
    all_points = np.stack(points, 1)
    n = len(x)
    width, height = space.size
    flat = project(space.scene.camera, all_points.reshape(-1, 3), width / height).reshape(n, 8, 2)
    flat = flat * np.array([width, height])
    return np.concatenate([flat.min(1), flat.max(1)], axis=1)


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _iou(boxes: F64, box: tuple[int, int, int, int]) -> F64:
    across = np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0])
    down = np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1])
    both = np.maximum(across, 0) * np.maximum(down, 0)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray(both / (area + (box[2] - box[0]) * (box[3] - box[1]) - both))


def _inside(space: Space, boxes: F64) -> F64:
    width, height = space.size
    across = np.minimum(boxes[:, 2], width) - np.maximum(boxes[:, 0], 0)
    down = np.minimum(boxes[:, 3], height) - np.maximum(boxes[:, 1], 0)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray(np.maximum(across, 0) * np.maximum(down, 0) / np.maximum(area, 1))


def _looked_up(space: Space, points: F64, values: NDArray[np.float64], outside: float) -> F64:
    """The values of a map (H, W) where world points (n, k, 3) are in the picture: (n, k)."""
    n, k = points.shape[:2]
    width, height = space.size
    flat = project(space.scene.camera, points.reshape(-1, 3), width / height)
    column, row = flat[:, 0] * width, flat[:, 1] * height
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    at = values[np.clip(row, 0, height - 1).astype(int), np.clip(column, 0, width - 1).astype(int)]
    return np.asarray(np.where(seen, at, outside).reshape(n, k))


def floor_point(space: Space, column: float, row: float) -> tuple[float, float]:
    """The point (x, z) of the floor's plane that a place in the picture shows."""
    cam = space.scene.camera
    width, height = space.size
    s, c = sin_cos(cam.yaw)
    px = (2 * column / width - 1) * cam.tan * width / height
    py = (1 - 2 * row / height) * cam.tan + cam.shift
    t = -cam.y / min(py, -0.02)
    return cam.x + t * (px * c + s), cam.z + t * (c - px * s)


def forward(space: Space, x: F64 | float, z: F64 | float) -> F64:
    """How far points lie from the camera, metres along the view."""
    cam = space.scene.camera
    s, c = sin_cos(cam.yaw)
    return np.asarray((np.asarray(x) - cam.x) * s + (np.asarray(z) - cam.z) * c)


def _footprint(x: F64, z: F64, yaw: F64, width: float, depth: float, steps: int = 5) -> F64:
    """Points (n, steps², 3) of the floor under things."""
    s, c = np.sin(np.radians(yaw))[:, None], np.cos(np.radians(yaw))[:, None]
    a, b = np.meshgrid(np.linspace(-0.5, 0.5, steps), np.linspace(-0.5, 0.5, steps))
    lx, lz = a.ravel()[None] * width, b.ravel()[None] * depth
    px, pz = x[:, None] + c * lx + s * lz, z[:, None] - s * lx + c * lz
    return np.stack([px, np.zeros_like(px), pz], -1)


def on_floor(
    space: Space,
    spec: ThingSpec,
    mask: Mask,
    *,
    loose: bool = False,
    near: bool = False,
    apart: Sequence[Thing] = (),
    least: float = 0.0,
    before: F64 | None = None,
) -> Thing:
    """The thing on the floor, as near to the proposed mask as is free. ``loose``: it may stand behind or
    under what is there. ``near``: only right there. ``apart``: another place than theirs.
    ``least``: no nearer than this, metres. ``before``: in full view, where it hides most of these weights
    (H, W). Raises ``EngineError`` where there is no room.
    """
    scene, (width, height) = space.scene, space.size
    w, _, d = spec.size
    box = _bounds(mask)
    middle, foot = (box[0] + box[2]) / 2, float(box[3])
    x0, z0 = floor_point(space, middle, foot if spec.kind != "rug" else (box[1] + box[3]) / 2)
    if spec.kind != "rug":
        z0 += d / 2
    x0 = min(max(x0, w / 2), max(scene.room_width - w / 2, w / 2))
    z0 = min(max(z0, scene.camera.z + 1.0), scene.room_depth - d / 2)
    reach = 0.75 if near else 1.8
    steps = np.arange(-reach, reach + 0.01, 0.12 if reach > 1 else 0.075)
    gx, gz = (grid.ravel() for grid in np.meshgrid(steps, steps))
    x, z = x0 + gx, z0 + gz
    yaw = np.zeros_like(x)
    if spec.kind in _FACING:
        aim_x, aim_z = scene.room_width / 2, scene.room_depth - 2.6
        facing = np.degrees(np.arctan2(x - aim_x, np.maximum(z - aim_z, -0.4) + 0.9)) * 0.75
        yaw = np.clip(facing, -75, 75)
    elif spec.kind in _AT_WALL:
        # Turned to a side wall, with its back right at it.
        left = np.abs(x - d / 2 - 0.03) < 0.06
        right = np.abs(scene.room_width - x - d / 2 - 0.03) < 0.06
        x = np.concatenate(
            [
                x,
                np.full(int(left.sum()), d / 2 + 0.04),
                np.full(int(right.sum()), scene.room_width - d / 2 - 0.04),
            ]
        )
        z = np.concatenate([z, z[left], z[right]])
        yaw = np.concatenate([yaw, np.full(int(left.sum()), -90.0), np.full(int(right.sum()), 90.0)])
        at_back = np.abs(scene.room_depth - z - d / 2) < 0.07
        z = np.where(at_back & (yaw == 0), scene.room_depth - d / 2 - 0.04, z)
    hx = (w * np.abs(np.cos(np.radians(yaw))) + d * np.abs(np.sin(np.radians(yaw)))) / 2
    hz = (w * np.abs(np.sin(np.radians(yaw))) + d * np.abs(np.cos(np.radians(yaw)))) / 2
    slim = _SLIM.get(spec.kind, 1.0)
    fits = (x - hx * 0.95 >= 0) & (x + hx * 0.95 <= scene.room_width) & (z + hz <= scene.room_depth + 0.02)
    fits &= z - hz > scene.camera.z + 0.6
    x, z, yaw = x[fits], z[fits], yaw[fits]
    if not x.size:
        raise no_room(spec.name, "in the room")
    boxes = _boxes(space, x, z, yaw, spec.size)
    points = _footprint(x, z, yaw, w * slim, d * slim)
    open_floor = _looked_up(space, points, space.ground.astype(np.float64), 0.5)
    stands = _looked_up(space, points, np.where(space.other, space.near, np.inf), np.inf)
    distance = forward(space, x, z)[:, None]
    hidden = (stands < distance - d / 2 - 0.05) & (open_floor == 0)
    free = (open_floor + np.where(hidden, 0.7 if loose else 0.4, 0.0)).mean(1)
    inside = _inside(space, boxes)
    boxes = np.clip(boxes, 0, [width, height, width, height])
    centre = (boxes[:, 0] + boxes[:, 2]) / 2
    low = boxes[:, 3] if spec.kind != "rug" else (boxes[:, 1] + boxes[:, 3]) / 2
    goal = foot if spec.kind != "rug" else (box[1] + box[3]) / 2
    off = np.abs(centre - middle) / width + np.abs(low - goal) / height
    cover = _share(space.other & (space.near < np.inf), boxes)
    overlap = _iou(boxes, box)
    score = (
        3 * np.minimum(free, 0.96)
        + (0.5 if near else 2) * np.minimum(inside, 0.99)
        + overlap
        - 2.5 * off
        - (0.2 if near else 0.7) * cover
    )
    if before is not None:
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        score += 3 * _share(before, boxes) * area / max(1.0, float(before.sum())) - cover
    want = _AT_WALL.get(spec.kind, 0.0)
    if want:
        s = np.abs(np.sin(np.radians(yaw))) > 0.5
        gap = np.where(s, 0.0, np.minimum(scene.room_depth - z - d / 2, 1.5))
        score -= want * 0.4 * gap
    enough = 0.45 if spec.kind == "rug" else 0.4 if near else 0.6 if loose else _FREE
    cut = box[0] <= 2 or box[2] >= width - 2 or box[3] >= height - 2
    ok = (free >= enough) & (inside >= (0.35 if cut and near else 0.85)) & (off < (0.25 if near else 0.4))
    if not ok.any():
        raise no_room(spec.name, "on the floor")
    if (ok & (overlap > 0.12)).any():  # moved only where it must be
        ok &= overlap > 0.12
    ok &= distance[:, 0] >= least
    if least and not ok.any():
        raise no_room(spec.name, "behind that")
    for other in apart:
        ok &= np.hypot(x - other.x, z - other.z) > 0.4
    if apart and not ok.any():
        raise no_room(spec.name, "on the floor")
    best = int(np.argmax(np.where(ok, score, -np.inf)))
    return _thing(spec, float(x[best]), 0.0, float(z[best]), float(yaw[best]), FLOOR)


def _share(mask: Mask | F64, boxes: F64) -> F64:
    """The share of each box that a mask covers, or the mean of weights (H, W) in it."""
    height, width = mask.shape
    total = np.zeros((height + 1, width + 1))
    total[1:, 1:] = mask.cumsum(0).cumsum(1)
    x0, x1 = (np.clip(boxes[:, k], 0, width).astype(int) for k in (0, 2))
    y0, y1 = (np.clip(boxes[:, k], 0, height).astype(int) for k in (1, 3))
    count = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0]
    return np.asarray(count / np.maximum((x1 - x0) * (y1 - y0), 1))


def _thing(spec: ThingSpec, x: float, y: float, z: float, yaw: float, on: int) -> Thing:
    w, h, d = spec.size
    return Thing(
        spec.kind, spec.colour, spec.material, round(x, 4), round(y, 4), round(z, 4), round(yaw, 2),
        w, h, d, on, spec.seed,
    )  # fmt: skip


def on_wall(space: Space, spec: ThingSpec, mask: Mask, *, loose: bool = False, near: bool = False) -> Thing:
    """The thing on a wall, its middle at that of the mask or as near as is free."""
    scene, (width, height) = space.scene, space.size
    w, h, d = spec.size
    box = _bounds(mask)
    column, row = int((box[0] + box[2]) / 2), int((box[1] + box[3]) / 2)
    row = min(row, height - 1)
    side = int(space.label[max(box[1], 0) if space.label[row, column] == rooms.FLOOR else row, column])
    best: tuple[float, Thing] | None = None
    reach = 0.5 if near else 1.8
    enough = 0.3 if loose else 0.5 if spec.kind == "curtain" else 0.75 if near else 0.88
    cut = box[0] <= 2 or box[2] >= width - 2
    least = 0.35 if cut and near else 0.93
    for wall in (rooms.BACK, rooms.LEFT, rooms.RIGHT):
        here = space.label == wall
        if (here & space.wall).sum() < 0.005 * here.size:
            continue
        u0, v0 = _wall_point(space, wall, column, row)
        du, dv = (
            g.ravel() for g in np.meshgrid(np.arange(-reach, reach + 0.01, 0.08), np.arange(-0.6, 0.61, 0.08))
        )
        u, v = u0 + du, v0 + dv
        if spec.kind == "curtain":
            v = np.full_like(v, 0.04 + h / 2)
        length = scene.room_width if wall == rooms.BACK else scene.room_depth
        fits = (u - w / 2 >= 0.02) & (u + w / 2 <= length - 0.02) & (v - h / 2 > 0.03) & (v + h / 2 < 3.2)
        u, v = u[fits], v[fits]
        if not u.size:
            continue
        gap = 0.005
        x = {rooms.BACK: u, rooms.LEFT: np.full_like(u, d / 2 + gap)}.get(
            wall, np.full_like(u, scene.room_width - d / 2 - gap)
        )
        z = np.full_like(u, scene.room_depth - d / 2 - gap) if wall == rooms.BACK else u
        yaw = np.full_like(u, {rooms.BACK: 0.0, rooms.LEFT: -90.0}.get(wall, 90.0))
        boxes = np.stack(
            [
                _boxes(space, x[k : k + 1], z[k : k + 1], yaw[k : k + 1], spec.size, float(v[k] - h / 2))[0]
                for k in range(len(u))
            ]
        )
        a, b = np.meshgrid(np.linspace(-0.5, 0.5, 7), np.linspace(-0.5, 0.5, 7))
        lu, lv = u[:, None] + a.ravel() * (w + 0.06), v[:, None] + b.ravel() * (h + 0.06)
        if wall == rooms.BACK:
            points = np.stack([lu, lv, np.full_like(lu, scene.room_depth)], -1)
        else:
            points = np.stack([np.full_like(lu, 0.0 if wall == rooms.LEFT else scene.room_width), lv, lu], -1)
        free = _looked_up(space, points, (space.wall & here).astype(np.float64), 0.0).mean(1)
        inside = _inside(space, boxes)
        off = np.abs((boxes[:, 0] + boxes[:, 2]) / 2 - (box[0] + box[2]) / 2) / width
        off = off + np.abs((boxes[:, 1] + boxes[:, 3]) / 2 - (box[1] + box[3]) / 2) / height
        score = (
            3 * np.minimum(free, 0.97)
            + 2 * inside
            + _iou(boxes, box)
            - 2.5 * off
            + (0.3 if wall == side else 0)
        )
        ok = (free >= enough) & (inside > least) & (off < (0.25 if near else 0.4))
        if not ok.any():
            continue
        k = int(np.argmax(np.where(ok, score, -np.inf)))
        thing = _thing(spec, float(x[k]), float(v[k] - h / 2), float(z[k]), float(yaw[k]), WALL)
        if best is None or score[k] > best[0]:
            best = float(score[k]), thing
    if best is None:
        raise no_room(spec.name, "on the wall")
    return best[1]


def _wall_point(space: Space, wall: int, column: int, row: int) -> tuple[float, float]:
    """Where a place in the picture lies on a wall: along it, and up from the floor."""
    scene = space.scene
    cam = scene.camera
    width, height = space.size
    s, c = sin_cos(cam.yaw)
    px = (2 * (column + 0.5) / width - 1) * cam.tan * width / height
    py = (1 - 2 * (row + 0.5) / height) * cam.tan + cam.shift
    dx, dz = px * c + s, c - px * s
    if wall == rooms.BACK:
        t = (scene.room_depth - cam.z) / max(dz, 1e-3)
        return cam.x + t * dx, cam.y + t * py
    t = cam.x / max(-dx, 0.05) if wall == rooms.LEFT else (scene.room_width - cam.x) / max(dx, 0.05)
    t = min(t, 12.0)
    return min(cam.z + t * dz, scene.room_depth - 0.3), cam.y + t * py


# --- what is there already --------------------------------------------------------------------------------


def fitted(space: Space, kind: str, mask: Mask) -> Thing:
    """The box of a thing that stands on the floor, from its kind and its mask: place, turn and size.

    The box whose outline in the picture agrees best with the mask's, among boxes of the kind's natural
    sizes: analysis by synthesis, from fixed seeds.
    """
    scene = space.scene
    width, height = space.size
    step = max(1.0, height / 140)
    small = (round(width / step), round(height / step))
    seen = np.asarray(Image.fromarray(mask).resize(small, Image.Resampling.NEAREST))
    seen = _hull(seen)
    box = _bounds(mask)
    ranges = np.array(SIZES.get(kind, ((0.4, 1.2), (0.4, 1.2), (0.4, 0.9))))
    rng = np.random.default_rng(0)
    mean = ranges.mean(1)
    x0, z0 = floor_point(space, (box[0] + box[2]) / 2, box[3])
    z0 += mean[2] / 2

    def score(p: F64) -> float:
        thing = Thing(kind, None, None, p[0], 0.0, p[1], p[2], p[3], p[4], p[5])
        made = _outline(space, thing, small)
        both = (made & seen).sum()
        iou = both / max((made | seen).sum(), 1)
        hx = p[3] / 2 if abs(p[2]) < 45 else p[5] / 2
        hz = p[5] / 2 if abs(p[2]) < 45 else p[3] / 2
        out = max(
            0.0, p[1] + hz - scene.room_depth - 0.05, hx - p[0] - 0.1, p[0] + hx - scene.room_width - 0.1
        )
        unusual = (((p[3:] - mean) / (ranges[:, 1] - ranges[:, 0] + 0.1)) ** 2).sum()
        return float(iou - 0.5 * out - 0.01 * unusual - 0.02 * min(abs(p[2]), abs(abs(p[2]) - 90)) / 45)

    best_value, best = -np.inf, np.zeros(6)
    for turn in (0.0, -90.0, 90.0):
        p = np.array([x0, z0, turn, *mean])
        value = score(p)
        spread = np.array([0.25, 0.35, 6.0, *(0.3 * (ranges[:, 1] - ranges[:, 0]) + 0.03)])
        for _ in range(4):
            for _ in range(45):
                q = p + spread * rng.standard_normal(6)
                q[3:] = np.clip(q[3:], ranges[:, 0] * 0.75, ranges[:, 1] * 1.3)
                v = score(q)
                if v > value:
                    p, value = q, v
            spread = spread * 0.55
        if value > best_value:
            best_value, best = value, p
    x, z, yaw, w, h, d = (float(v) for v in best)
    return Thing(kind, None, None, x, 0.0, z, yaw, w, h, d)


def _hull(mask: Mask) -> Mask:
    """The mask with its rows filled from end to end: legs and what is between them are one outline."""
    first = np.maximum.accumulate(mask, axis=1)
    last = np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(first & last)


def _outline(space: Space, thing: Thing, size: tuple[int, int]) -> Mask:
    from scipy.spatial import ConvexHull, QhullError

    from pocket.rooms.camera import corners

    width, height = space.size
    points = project(space.scene.camera, corners(thing), width / height) * np.array(size)
    points = np.clip(points, -4000, 4000)
    image = Image.new("1", size)
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:
        return np.zeros((size[1], size[0]), bool)
    ImageDraw.Draw(image).polygon([(float(a), float(b)) for a, b in hull], fill=1)
    return np.asarray(image)


def on_top(space: Space, spec: ThingSpec, mask: Mask, support: Thing, seen: Mask) -> Thing:
    """The thing on top of (or on the seat of) another, as near to the mask as is free.

    What is too large for it is taken as small as its kind is. ``seen`` is the mask of the other. The
    result's ``on`` is 2: the support.
    """
    seat = support.kind in SEATS
    y = SEATS.get(support.kind, support.height)
    s, c = sin_cos(support.yaw)
    reach_x, reach_z = _reach(spec, support)
    if min(reach_x, reach_z) < -_OVER:
        spec = resized(spec, 0.0)
        reach_x, reach_z = _reach(spec, support)
    if min(reach_x, reach_z) < -_OVER:
        raise EngineError(f"I cannot put that on the {support.kind}: it is too large to stand there.")
    w, _, d = spec.size
    a = np.linspace(-max(reach_x, 0), max(reach_x, 0), 15)
    b = np.linspace(-max(reach_z, 0), max(reach_z, 0), 5)
    if seat and spec.kind == "cushion":
        b = np.array([support.depth / 2 - (0.42 if support.kind != "bed" else 0.66)])
    lx, lz = (g.ravel() for g in np.meshgrid(a, b))
    x, z = support.x + c * lx + s * lz, support.z - s * lx + c * lz
    yaw = np.full_like(x, support.yaw)
    boxes = _boxes(space, x, z, yaw, spec.size, y)
    points = _footprint(x, z, yaw, w, d)
    points[..., 1] = y
    free = _looked_up(space, points, seen.astype(np.float64), 0.0).mean(1)
    box = _bounds(mask)
    width, height = space.size
    off = np.abs((boxes[:, 0] + boxes[:, 2]) / 2 - (box[0] + box[2]) / 2) / width
    off = off + np.abs(boxes[:, 3] - box[3]) / height
    score = 2 * np.minimum(free, 0.8) - 1.5 * off
    ok = free >= (0.4 if seat else 0.35)
    if not ok.any():
        raise no_room(spec.name, f"on the {support.kind}")
    k = int(np.argmax(np.where(ok, score, -np.inf)))
    return _thing(spec, float(x[k]), y, float(z[k]), float(support.yaw), 2)


_OVER: Final = 0.06  # metres; so far a thing may reach beyond what it stands on, at either side


def _reach(spec: ThingSpec, support: Thing) -> tuple[float, float]:
    """How far from the middle of another thing this one may stand, across and along, in metres."""
    w, _, d = spec.size
    across, along = (support.width - w) / 2, (support.depth - d) / 2
    if support.kind in SEATS:  # arms, and the back behind
        across -= 0.16 if support.kind in ("sofa", "armchair") else 0.0
        along = min(along, max(0.0, support.depth / 2 - 0.3 - d / 2))
    return across, along


def resized(spec: ThingSpec, share: float) -> ThingSpec:
    """The same thing at a place in its kind's natural range of sizes, 0 to 1."""
    w, h, d = (round(low + (high - low) * share, 3) for low, high in SIZES[spec.kind])
    return changed(spec, size=(w, h, d))
