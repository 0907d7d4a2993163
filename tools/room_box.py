"""The box that a room is: fitted to a picture of it, so that a floor and its walls can be laid flat.

The camera looks level with a shifted lens, so uprights stay upright; lengths are in heights of the camera
over the floor, since a picture has no scale. Nothing here knows what made the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

F64 = NDArray[np.float64]

FLOOR, BACK, LEFT, RIGHT = 0, 1, 2, 3
"""The surfaces of a room."""

CORNER = 100.0
"""What a corner where a step in the wall's light is seen counts, in pixels of a picture of 160 rows."""

SHARP = 0.025
"""By so much, as a logarithm, the light of two walls that meet differs within a few pixels of 480 rows."""

MOST = 4
"""A wall with more such edges has a pattern that hides its corners."""

_LOW = np.array([0.92, 0.20, -0.34, 0.7, 0.7, 2.0])
_HIGH = np.array([1.12, 0.38, 0.34, 3.2, 3.2, 4.8])
_MEAN = np.array([1.00, 0.30, 0.0, 1.75, 1.75, 3.3])
_SPREAD = np.array([0.05, 0.03, 0.16, 0.45, 0.45, 0.5])


@dataclass(frozen=True)
class Room:
    """A box room and the camera before it.

    ``focal`` and ``horizon`` (the row that the camera looks at) in heights of the picture, ``yaw`` the turn
    to the right in radians, ``left``, ``right`` and ``back`` the distances of the walls in camera heights.
    """

    focal: float
    horizon: float
    yaw: float
    left: float
    right: float
    back: float

    def vector(self) -> F64:
        """The numbers in the order of the fields."""
        return np.array([self.focal, self.horizon, self.yaw, self.left, self.right, self.back])


def _walls(p: F64, px: F64) -> tuple[F64, F64, F64]:
    """Inverse depth (n, columns) of the back, left and right wall in each column; p is (n, 6). The greatest
    is that of the wall that is seen.
    """
    s, c = np.sin(p[:, 2:3]), np.cos(p[:, 2:3])
    dx, dz = px * c + s, c - px * s
    return dz / p[:, 5:6], -dx / p[:, 3:4], dx / p[:, 4:5]


def _bases(p: F64, width: int, height: int) -> tuple[F64, tuple[F64, F64, F64]]:
    """The row (in pixels, real) where the wall stands on the floor, by column, and how near each wall is."""
    px = ((np.arange(width) + 0.5 - width / 2) / height)[None, :] / p[:, :1]
    back, left, right = _walls(p, px)
    nearest = np.maximum(np.maximum(back, left), right)
    return (p[:, 1:2] + p[:, :1] * nearest) * height, (back, left, right)


def bases(room: Room, width: int, height: int) -> tuple[F64, NDArray[np.intp]]:
    """By column, the row in pixels where the wall stands on the floor, and which wall that is."""
    rows, walls = _bases(room.vector()[None], width, height)
    return rows[0], np.argmax([wall[0] for wall in walls], axis=0) + 1


def labels(room: Room, width: int, height: int) -> NDArray[np.intp]:
    """Which surface of the empty room each pixel shows, (height, width)."""
    rows, which = bases(room, width, height)
    below = np.arange(height)[:, None] + 0.5 > rows[None, :]
    return np.where(below, FLOOR, which[None, :])


def coordinates(room: Room, surface: int, x: F64, y: F64, width: int, height: int) -> tuple[F64, F64]:
    """Where on a surface the picture's points (x, y), in pixels, lie.

    On the floor (to the right, into the room), on a wall (along it, upwards from the floor), both from below
    the camera, in camera heights. Points that do not look at the surface's plane get large numbers.
    """
    s, c = float(np.sin(room.yaw)), float(np.cos(room.yaw))
    scale = 1 / (room.focal * height)
    raise_or_fall = (room.horizon * height - y) * scale
    px, py = (x - width / 2) * scale, raise_or_fall
    dx, dz = px * c + s, c - px * s
    if surface == FLOOR:
        t = -1 / np.minimum(py, -1e-3)
        return t * dx, t * dz
    if surface == BACK:
        t = room.back / np.maximum(dz, 1e-3)
        return t * dx, 1 + t * py
    t = room.left / np.maximum(-dx, 1e-3) if surface == LEFT else room.right / np.maximum(dx, 1e-3)
    return t * dz, 1 + t * py


def project(room: Room, surface: int, u: F64, v: F64, width: int, height: int) -> tuple[F64, F64, F64]:
    """Where points of a surface lie in the picture: columns and rows in pixels, and depth (0 if behind)."""
    s, c = float(np.sin(room.yaw)), float(np.cos(room.yaw))
    x, y, z = {
        FLOOR: (u, np.full_like(u, -1.0), v),
        BACK: (u, v - 1, np.full_like(u, room.back)),
        LEFT: (np.full_like(u, -room.left), v - 1, u),
        RIGHT: (np.full_like(u, room.right), v - 1, u),
    }[surface]
    right, forward = x * c - z * s, x * s + z * c
    depth = np.maximum(forward, 1e-3)
    scale = room.focal * height / depth
    return width / 2 + right * scale, room.horizon * height - y * scale, np.where(forward > 0.05, depth, 0.0)


def fit(picture: NDArray[np.uint8], floor: NDArray[np.bool_], wall: NDArray[np.bool_]) -> tuple[Room, float]:
    """Fit a box room to a picture (H, W, 3) of which floor and walls are known where nothing hides them.

    Returns the room and the share of the known pixels that it puts on the wrong surface. Lines of the room,
    and of what stands along its walls, say how the camera is turned (the Manhattan world of Coughlan and
    Yuille, 1999); the pixels of floor and wall say where the walls stand.
    """
    height, width = picture.shape[:2]
    step = max(1, round(height / 160))
    h, w = height // step, width // step

    def small(mask: NDArray[np.bool_]) -> F64:
        part = mask[: h * step, : w * step].reshape(h, step, w, step)
        return np.asarray(part.mean(axis=(1, 3)))

    odds = small(floor) - small(wall)
    total = np.concatenate([np.zeros((1, w)), np.cumsum(odds, axis=0)])
    column = np.arange(w)
    rng = np.random.default_rng(0)
    lines = _lines(picture, wall, rng)
    edges = _edges(picture, wall)

    def score(p: F64, fine: float) -> F64:
        rows, _ = _bases(p, w, h)
        at = np.clip(rows, 0, h)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, h)
        above = total[low, column] + (total[high, column] - total[low, column]) * (at - low)
        right = (total[-1] - 2 * above).sum(axis=1)
        usual = -0.5 * (((p - _MEAN) / _SPREAD) ** 2).sum(axis=1)
        corners = CORNER * _corners(p, edges, w / h, fine)
        return np.asarray(2 * right + usual + corners + 4 * _agreement(p, lines, fine))

    p = np.clip(_MEAN + _SPREAD * rng.standard_normal((4500, 6)), _LOW, _HIGH)
    fine = 0.02
    value = np.concatenate([score(part, fine) for part in np.array_split(p, 15)])
    spread = _SPREAD * 0.6
    for turn in range(26):
        if turn in (10, 16):
            fine = 0.01 if turn == 10 else 0.006
            value = score(p, fine)
        order = np.argsort(-value)[:80]
        p, value = p[order], value[order]
        child = np.clip(p[rng.integers(0, 80, 300)] + spread * rng.standard_normal((300, 6)), _LOW, _HIGH)
        p, value = np.concatenate([p, child]), np.concatenate([value, score(child, fine)])
        spread = spread * 0.82
    best = Room(*map(float, p[int(np.argmax(value))]))
    below = labels(best, width, height) == FLOOR
    wrong = float((floor & ~below).sum() + (wall & below).sum()) / max(float(floor.sum() + wall.sum()), 1.0)
    return best, wrong


def _edges(picture: NDArray[np.uint8], wall: NDArray[np.bool_]) -> tuple[F64, F64, NDArray[np.bool_]]:
    """Where two walls of a picture (H, W, 3) meet: the places, in heights of the picture from its middle, how
    sure that is, 0…1, and the columns (some hundred) in which it would be seen.

    Walls that meet are lit differently, with a sharp edge from top to bottom; a shadow's edge is soft, and
    what a wall's own pattern does everywhere is no corner. ``wall`` is (H, W).
    """
    step = max(1, round(picture.shape[0] / 480))
    h, w = picture.shape[0] // step, picture.shape[1] // step
    part = np.s_[: h * step, : w * step]
    grey = picture[part].reshape(h, step, w, step, -1).mean(axis=(1, 3, 4))
    seen = wall[part].reshape(h, step, w, step).mean(axis=(1, 3)) > 0.9
    seen = ndimage.binary_erosion(seen, np.ones((1, 13), np.bool_), border_value=1)
    logs = np.where(seen, np.log(grey + 4), 0.0)
    sharp, rows = _column_steps(logs, seen, 2)
    known = rows > 0.08 * h
    sure = np.clip((sharp - SHARP) / SHARP, 0, 1) * np.clip(rows / (0.3 * h), 0, 1)
    labels, count = ndimage.label(ndimage.binary_dilation(sure > 0.1, iterations=2))
    if count > MOST:
        return np.zeros(0), np.zeros(0), np.zeros_like(known)
    numbers = range(1, count + 1)
    at = ndimage.maximum_position(sharp * (sure > 0), labels, numbers) if count else []
    peaks = ndimage.maximum(sure, labels, numbers) if count else []
    return (np.asarray(at, np.float64).ravel() + 0.5 - w / 2) / h, np.asarray(peaks, np.float64), known


def _column_steps(logs: F64, seen: NDArray[np.bool_], wide: int) -> tuple[F64, NDArray[np.intp]]:
    """By column, by how much what is left of it differs from what is right of it, in ``wide`` columns each,
    and how many rows show both.
    """
    height, width = logs.shape
    sums, counts = (
        np.concatenate([np.zeros((height, 1)), np.cumsum(each, axis=1)], axis=1) for each in (logs, seen * 1)
    )
    out, number = np.zeros(width), np.zeros(width, np.intp)
    for column in range(wide, width - wide - 1):
        sides = (column - wide, column), (column + 1, column + 1 + wide)
        rows = np.logical_and(*(counts[:, b] - counts[:, a] >= wide for a, b in sides))
        number[column] = rows.sum()
        if not rows.any():
            continue
        left, right = ((sums[rows, b] - sums[rows, a]) / wide for a, b in sides)
        usual = float(np.median(right - left))
        out[column] = max(abs(usual) - float(np.median(np.abs(right - left - usual))), 0.0)
    return out, number


def _corners(p: F64, edges: tuple[F64, F64, NDArray[np.bool_]], aspect: float, fine: float) -> F64:
    """How well the corners of rooms (n, 6) agree with the ``edges`` of a picture, (n,): 1 for one that is
    seen, less where none can be seen; ``fine`` is how exactly, in heights of the picture.
    """
    at, sure, known = edges
    s, c = np.sin(p[:, 2]), np.cos(p[:, 2])
    total = np.zeros(len(p))
    for x in (-p[:, 3], p[:, 4]):
        right, forward = x * c - p[:, 5] * s, x * s + p[:, 5] * c
        place = right / np.maximum(forward, 1e-3) * p[:, 0]
        inside = (forward > 0.05) & (np.abs(place) < aspect / 2)
        column = np.clip((place / aspect + 0.5) * len(known), 0, len(known) - 1).astype(int)
        agrees = np.where(known[column], -0.3, 0.0)
        if len(at):
            off = (place[:, None] - at) / fine
            agrees = np.maximum(agrees, (sure * np.exp(-(off**2) / 2)).max(axis=1) + 0.7 * agrees)
        total += np.where(inside, agrees, 0.0)
    return total


def _lines(picture: NDArray[np.uint8], wall: NDArray[np.bool_], rng: np.random.Generator) -> F64:
    """Points of edges that are not upright, with their directions: x, y, along x, along y, and 1 where they
    lie on a wall, by (5, n).

    Places are in heights of the picture, x from its middle.
    """
    height, width = picture.shape[:2]
    grey = picture.astype(np.float32).mean(axis=2)
    wide = 1.3 * max(height / 480, 1.0)
    gx = ndimage.gaussian_filter(grey, wide, (0, 1)) * (wide / 1.3)
    gy = ndimage.gaussian_filter(grey, wide, (1, 0)) * (wide / 1.3)
    strength = np.hypot(gx, gy)
    steep = np.abs(gx) > 3 * np.abs(gy)
    weight = np.where(steep | (strength < 3), 0, np.minimum(strength, 12.0)).ravel().astype(np.float64)
    if weight.sum() <= 0:
        return np.zeros((5, 0))
    chosen = rng.choice(len(weight), size=900, p=weight / weight.sum())
    inner = ndimage.binary_erosion(wall, iterations=max(1, round(height / 120)), border_value=1)
    y, x = np.divmod(chosen, width)
    along_x, along_y = -gy.ravel()[chosen], gx.ravel()[chosen]
    length = np.hypot(along_x, along_y)
    place = (x + 0.5 - width / 2) / height, (y + 0.5) / height
    return np.stack([*place, along_x / length, along_y / length, inner[y, x]])


def _agreement(p: F64, lines: F64, fine: float) -> F64:
    """How many lines run to one of the room's two level vanishing points, those on a wall to that wall's;
    ``fine`` is a sine.
    """
    x, y, along_x, along_y, on_wall = lines
    back, left, right = _walls(p, x / p[:, :1])
    at_back = (back >= left) & (back >= right)
    off_wall = on_wall == 0
    least = np.full((len(p), len(x)), np.inf)
    tan = np.tan(p[:, 2:3])
    away = np.where(np.abs(tan) < 1e-4, 1e-4, tan)
    for vanishing, walls in ((-tan * p[:, :1], ~at_back), (p[:, :1] / away, at_back)):
        dx, dy = vanishing - x, p[:, 1:2] - y
        sine = dx * along_y
        sine -= dy * along_x
        sine *= sine
        dx *= dx
        dy *= dy
        dx += dy
        sine /= np.maximum(dx, 1e-12, out=dx)
        np.minimum(least, sine, out=least, where=walls | off_wall)
    least /= -(2 * fine**2)
    return np.asarray(np.exp(least, out=least).sum(axis=1))
