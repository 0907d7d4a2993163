"""A small kit to put things together out of solids."""

from __future__ import annotations

import math

from pocket.rooms.primitives import BOX, ELLIPSOID, FRUSTUM, IDENTITY, Rotation, Solid


def rotation(pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> Rotation:
    """Turn about x, then z, then y (degrees), as a row-major matrix; rounded, so equal on every machine."""
    if not (pitch or yaw or roll):
        return IDENTITY
    sp, cp = _sin_cos(pitch)
    sy, cy = _sin_cos(yaw)
    sr, cr = _sin_cos(roll)
    about_x = ((1.0, 0.0, 0.0), (0.0, cp, -sp), (0.0, sp, cp))
    about_z = ((cr, -sr, 0.0), (sr, cr, 0.0), (0.0, 0.0, 1.0))
    about_y = ((cy, 0.0, sy), (0.0, 1.0, 0.0), (-sy, 0.0, cy))
    m = _times(about_y, _times(about_z, about_x))
    return (*m[0], *m[1], *m[2])


_Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


def _times(a: _Matrix, b: _Matrix) -> _Matrix:
    rows = [tuple(round(sum(a[i][k] * b[k][j] for k in range(3)), 7) for j in range(3)) for i in range(3)]
    return tuple(rows)  # type: ignore[return-value]


def _sin_cos(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return round(math.sin(angle), 7), round(math.cos(angle), 7)


class Kit:
    """Collects solids. y is the height of the lower side; x and z are the middle."""

    def __init__(self) -> None:
        self.solids: list[Solid] = []

    def box(
        self,
        x: float,
        y: float,
        z: float,
        size: tuple[float, float, float],
        surface: str = "main",
        *,
        round: float = 0.015,
        turn: Rotation = IDENTITY,
        corner: tuple[int, float] = (-1, 0.0),
        folds: float = 0.0,
    ) -> None:
        """A box of the size (width, height, depth) with soft edges."""
        w, h, d = size
        half = (max(w, 1e-3) / 2, max(h, 1e-3) / 2, max(d, 1e-3) / 2)
        self.solids.append(
            Solid(BOX, (x, y + h / 2, z), half, surface, turn, round=round, corner=corner, folds=folds)
        )

    def ball(
        self,
        x: float,
        y: float,
        z: float,
        size: tuple[float, float, float],
        surface: str = "main",
        *,
        turn: Rotation = IDENTITY,
    ) -> None:
        """An ellipsoid around the middle (x, y, z), of the full size (width, height, depth)."""
        w, h, d = size
        self.solids.append(Solid(ELLIPSOID, (x, y, z), (w / 2, h / 2, d / 2), surface, turn))

    def cone(
        self,
        x: float,
        y: float,
        z: float,
        height: float,
        low: float,
        high: float,
        surface: str = "main",
        *,
        turn: Rotation = IDENTITY,
    ) -> None:
        """An upright frustum with the radii low and high."""
        r = max(low, high)
        self.solids.append(
            Solid(FRUSTUM, (x, y + height / 2, z), (r, height / 2, r), surface, turn, radii=(low, high))
        )

    def legs(
        self, width: float, depth: float, height: float, thick: float, surface: str, *, tapered: bool = True
    ) -> None:
        """Four legs at the corners of a width x depth rectangle."""
        for sx in (-1, 1):
            for sz in (-1, 1):
                x, z = sx * (width / 2 - thick), sz * (depth / 2 - thick)
                if tapered:
                    self.cone(x, 0, z, height, thick * 0.45, thick * 0.7, surface)
                else:
                    self.box(x, 0, z, (thick, height, thick), surface, round=0.006)
