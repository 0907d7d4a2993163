"""Where floors and walls lie, estimated from the picture, so that boards and bricks are laid and not pasted.

A room is taken as a box, seen by a camera that looks level (its uprights are upright in the picture). Its
horizon and its turn are those on which the picture's edges agree best: every edge votes for the vanishing
points of the room's two directions (Coughlan and Yuille, "Manhattan World", ICCV 1999). All lengths follow
from the height of the eye, which is taken as ``EYE``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

EYE: Final = 1.5
"""How high the camera is, metres: standing people and tripods; what is seen does not depend on it much."""

_FOCAL: Final = 0.87
"""The focal length, as a share of the root of the picture's area: about 53° across in 4:3."""

_SMALL: Final = 320
_EDGES: Final = 2500


@dataclass(frozen=True)
class View:
    """A level camera: focal length, middle column and horizon in pixels; ``yaw`` is the room's turn, radians:
    the direction into the room vanishes at ``centre + focal * tan(yaw)``.
    """

    focal: float
    centre: float
    horizon: float
    yaw: float


def view_of(picture: NDArray[np.uint8]) -> View:
    """Estimate the view of an RGB picture (H, W, 3)."""
    height, width = picture.shape[:2]
    focal = _FOCAL * math.sqrt(width * height)
    step = max(1.0, max(width, height) / _SMALL)
    size = (max(8, round(width / step)), max(8, round(height / step)))
    grey = np.asarray(Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BOX), np.float32)
    gx, gy = ndimage.gaussian_filter(grey, 1.0, (0, 1)), ndimage.gaussian_filter(grey, 1.0, (1, 0))
    strong = np.hypot(gx, gy)
    peak = strong >= ndimage.maximum_filter(strong, 3) - 1e-6
    at = np.flatnonzero((strong > 4) & (peak | (strong > 12)))
    if at.size < 50:
        return View(focal, width / 2, 0.3 * height, 0.0)
    if at.size > _EDGES:
        at = at[:: math.ceil(at.size / _EDGES)]
    row, column = np.divmod(at, size[0])
    length = strong.ravel()[at]
    along, down = -gy.ravel()[at] / length, gx.ravel()[at] / length
    level = np.abs(down) < 0.97  # Uprights say nothing of the horizon.
    x, y, tx, ty = (a[level].astype(np.float32) for a in (column + 0.5, row + 0.5, along, down))
    weight = np.minimum(length[level], 20)
    f, cx = focal / step, size[0] / 2

    def score(yaw: float, share: float) -> float:
        fit = np.zeros_like(x)
        for vanishing in (cx + f * math.tan(yaw), cx - f / math.tan(yaw) if abs(yaw) > 1e-6 else 1e7):
            dx, dy = vanishing - x, share * size[1] - y
            off = (tx * dy - ty * dx) ** 2 / (dx * dx + dy * dy + 1e-6)
            fit = np.maximum(fit, np.exp(off * np.float32(-1 / (2 * 0.035**2))))
        usual = 0.04 * ((share - 0.30) / 0.16) ** 2 + 0.015 * (yaw / 0.35) ** 2
        return float(fit @ weight / weight.sum()) - usual

    coarse = [
        (yaw, share) for yaw in np.radians(np.arange(-42, 43, 2.0)) for share in np.arange(0.14, 0.54, 0.02)
    ]
    yaw, share = max(coarse, key=lambda pair: score(*pair))
    fine = [(yaw + math.radians(d), share + e) for d in (-1, -0.5, 0, 0.5, 1) for e in (-0.01, 0, 0.01)]
    yaw, share = max(fine, key=lambda pair: score(*pair))
    return View(focal, width / 2, float(share) * height, float(yaw))


def on_floor(view: View, x: Field, y: Field, height: float = 0.0) -> tuple[Field, Field]:
    """Metres (across the room, into it) of the points of a level plane that pixels (x, y) show; the plane
    lies ``height`` metres above the floor. Pixels at the horizon and above it are taken as far off.
    """
    below = np.maximum(y - np.float32(view.horizon), np.float32(0.004 * view.focal))
    depth = np.float32((EYE - height) * view.focal) / below
    across = (x - np.float32(view.centre)) * np.float32(1 / view.focal) * depth
    c, s = np.float32(math.cos(view.yaw)), np.float32(math.sin(view.yaw))
    return across * c - depth * s, across * s + depth * c


@dataclass(frozen=True)
class Box:
    """A room's walls: ``back`` metres away into the room, ``left`` (below 0) and ``right`` across it,
    infinite where none was seen.
    """

    back: float
    left: float
    right: float


def walls_of(view: View, mask: Mask, picture: NDArray[np.uint8]) -> Box:
    """The walls that a wall's mask (H, W) shows in an RGB picture (H, W, 3), found where it ends above the
    floor, and where upright edges run through it from top to bottom.

    What stands before a wall hides its foot, so that it seems farther off: the walls are where most columns
    agree.
    """
    height, width = mask.shape
    columns = np.flatnonzero(mask.any(0))
    bottom = height - 1 - mask[::-1].argmax(0)[columns]
    seen = (bottom < height - 2) & (bottom > view.horizon + 0.03 * view.focal)
    x, y = columns[seen].astype(np.float32) + 0.5, bottom[seen].astype(np.float32) + 1
    usual = 4.9
    if x.size < 0.05 * width:
        return Box(usual, -np.inf, np.inf)
    across, into = on_floor(view, x, y)
    back, many = _agreed(into, 0.06)
    if many < 0.06 * width or not 2.5 < back < 7.5:
        back = usual
    sides = []
    for sign in (-1, 1):
        part = (sign * across > 0.4) & (into < back - 0.15)
        off, many = _agreed(sign * across[part], 0.05)
        sides.append(sign * off if many >= max(6.0, 0.012 * width) else sign * np.inf)
    corners = corners_of(picture, mask)
    if 0 < len(corners) <= 3:  # More are stripes.
        ray = (corners + 0.5 - view.centre) / view.focal
        c, s = math.cos(view.yaw), math.sin(view.yaw)
        at = (ray * c - s) / np.maximum(ray * s + c, 1e-3) * back
        for k, sign in ((0, -1), (1, 1)):
            near = at[(sign * at > 1.0) & (sign * at < 5.0)]
            if near.size:
                sides[k] = float(near[np.abs(near).argmin()])
    return Box(back, sides[0], sides[1])


def corners_of(picture: NDArray[np.uint8], mask: Mask) -> NDArray[np.float64]:
    """The columns in which an upright edge runs through all that shows of a wall."""
    step = max(1.0, picture.shape[1] / _SMALL)
    size = (max(8, round(picture.shape[1] / step)), max(8, round(picture.shape[0] / step)))
    small = Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BOX)
    inside = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    inside = ndimage.binary_erosion(inside, np.ones((3, 7), bool), border_value=1)
    slope = ndimage.gaussian_filter(np.asarray(small, np.float32), 1.2, (0, 1))
    many = inside.sum(0)
    signed = np.where(inside, slope, np.nan)
    strength = np.zeros(size[0])
    some = np.flatnonzero(many >= 0.12 * size[1])
    strength[some] = np.abs(np.nanmedian(signed[:, some], axis=0))
    peak = (strength > 1.2) & (strength >= ndimage.maximum_filter(strength, 9))
    return np.asarray(np.flatnonzero(peak) * step, np.float64)


def _agreed(values: Field, tolerance: float) -> tuple[float, int]:
    """The value that most of ``values`` are near, and how many are."""
    if not values.size:
        return 0.0, 0
    order = np.sort(values)
    last = np.searchsorted(order, order * (1 + tolerance) + 0.02, side="right")
    many = last - np.arange(len(order))
    at = int(many.argmax())
    return float(np.median(order[at : last[at]])), int(many[at])


def on_walls(view: View, room: Box, x: Field, y: Field) -> tuple[Field, Field, Field]:
    """Metres along the walls and up from the floor of the points that pixels (x, y) show, and which wall it
    is: -1 the left one, 0 the back, 1 the right. What runs along goes on around corners.
    """
    c, s = np.float32(math.cos(view.yaw)), np.float32(math.sin(view.yaw))
    ray = (x - np.float32(view.centre)) * np.float32(1 / view.focal)
    across, into = ray * c - s, ray * s + c
    depth = np.float32(room.back) / np.maximum(into, np.float32(1e-3))
    side = np.zeros_like(x)
    for sign, off in ((-1, room.left), (1, room.right)):
        if math.isfinite(off):
            toward = sign * across > 1e-4
            reach = np.where(
                toward, np.float32(abs(off)) / np.maximum(sign * across, np.float32(1e-4)), np.inf
            )
            nearer = reach < depth
            depth = np.where(nearer, reach, depth)
            side = np.where(nearer, np.float32(sign), side)
    depth = np.asarray(depth, np.float32)
    u = across * depth
    z = into * depth
    if math.isfinite(room.left):
        u = np.where(side < 0, np.float32(room.left) - (np.float32(room.back) - z), u)
    if math.isfinite(room.right):
        u = np.where(side > 0, np.float32(room.right) + (np.float32(room.back) - z), u)
    v = np.float32(EYE) - depth * (y - np.float32(view.horizon)) * np.float32(1 / view.focal)
    return np.asarray(u, np.float32), v, side
