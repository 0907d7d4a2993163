"""The three solids that everything is built of, their intersection with picture rays, and their normals.

A solid lives in its own frame: centred, axes along its half sizes. All rays start at the camera; in the
solid's frame the origin is one point `o` (3 floats) and the directions are three arrays. Arithmetic is
float32 and uses only operations that IEEE rounds exactly (+ - * / sqrt), so results are the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
Vec = tuple[float, float, float]
Rotation = tuple[float, float, float, float, float, float, float, float, float]
"""Row-major 3x3 matrix that turns solid coordinates into thing coordinates."""

IDENTITY: Rotation = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
BOX, ELLIPSOID, FRUSTUM = 0, 1, 2
FAR = np.float32(1e9)


@dataclass(frozen=True)
class Solid:
    """One solid of a thing, in the thing's frame (base centre at the origin, metres)."""

    shape: int
    centre: Vec
    half: Vec
    """Half sizes; of a frustum: the larger radius, half the height, the larger radius."""
    surface: str = "main"
    """'main' (the thing's own colour and material) or the name of a fixed surface."""
    rotation: Rotation = IDENTITY
    round: float = 0.0
    """Box: radius over which the normals are rounded at the edges."""
    corner: tuple[int, float] = (-1, 0.0)
    """Box: corners cut round in the plane across this axis, with this radius."""
    radii: tuple[float, float] = (0.0, 0.0)
    """Frustum: radius at the lower and at the upper end."""
    folds: float = 0.0
    """Box: period of hanging folds along x that bend the normals, 0 for none."""


def hit_box(o: Vec, dx: F32, dy: F32, dz: F32, solid: Solid) -> F32:
    """Ray parameter of the first hit, FAR where there is none."""
    near: F32 | None = None
    far: F32 | None = None
    for origin, direction, half in zip(o, (dx, dy, dz), solid.half, strict=True):
        inverse = np.float32(1.0) / np.where(np.abs(direction) < 1e-7, np.float32(1e-7), direction)
        middle = inverse * np.float32(-origin)
        reach = np.abs(inverse) * np.float32(half)
        a, b = middle - reach, middle + reach
        near = np.asarray(a if near is None else np.maximum(near, a), dtype=np.float32)
        far = np.asarray(b if far is None else np.minimum(far, b), dtype=np.float32)
    assert near is not None
    assert far is not None
    hit = (near <= far) & (near > 0.02)
    out = np.asarray(np.where(hit, near, FAR), dtype=np.float32)
    if solid.corner[0] >= 0:
        out = _round_corners(o, (dx, dy, dz), solid, out)
    return out


def _round_corners(o: Vec, directions: tuple[F32, F32, F32], solid: Solid, t: F32) -> F32:
    """The hits of a box with its corners cut round: those outside of the rounding move on to its mantle."""
    axis, radius = solid.corner
    r = np.float32(radius)
    i, j = (k for k in range(3) if k != axis)
    di, dj, dk = directions[i], directions[j], directions[axis]
    near = np.minimum(t, np.float32(1e4))
    pi, pj = np.float32(o[i]) + near * di, np.float32(o[j]) + near * dj
    ci, cj = np.float32(solid.half[i] - radius), np.float32(solid.half[j] - radius)
    over_i, over_j = np.abs(pi) - ci, np.abs(pj) - cj
    cut = (over_i > 0) & (over_j > 0) & (over_i * over_i + over_j * over_j > r * r * np.float32(1.004))
    oi, oj = np.float32(o[i]) - np.sign(pi) * ci, np.float32(o[j]) - np.sign(pj) * cj
    a = di * di + dj * dj
    b = oi * di + oj * dj
    disc = b * b - a * (oi * oi + oj * oj - r * r)
    later = (-b - np.sqrt(np.maximum(disc, np.float32(0)))) / np.maximum(a, np.float32(1e-9))
    inside = np.abs(np.float32(o[axis]) + later * dk) <= np.float32(solid.half[axis])
    mantle = np.where((disc > 0) & inside & (later > near), later, FAR)
    return np.asarray(np.where(cut, mantle, t), dtype=np.float32)


def hit_ellipsoid(o: Vec, dx: F32, dy: F32, dz: F32, solid: Solid) -> F32:
    """Ray parameter of the first hit, FAR where there is none."""
    hx, hy, hz = (1.0 / h for h in solid.half)
    dx, dy, dz = dx * np.float32(hx), dy * np.float32(hy), dz * np.float32(hz)
    ox, oy, oz = np.float32(o[0] * hx), np.float32(o[1] * hy), np.float32(o[2] * hz)
    a = dx * dx + dy * dy + dz * dz
    b = dx * ox + dy * oy + dz * oz
    disc = b * b - a * (ox * ox + oy * oy + oz * oz - np.float32(1.0))
    t = (-b - np.sqrt(np.maximum(disc, np.float32(0.0)))) / a
    return np.where((disc > 0) & (t > 0.02), t, FAR)


def hit_frustum(o: Vec, dx: F32, dy: F32, dz: F32, solid: Solid) -> F32:
    """Ray parameter of the first hit with the mantle or the cap that faces the camera, FAR where none."""
    r0, r1 = solid.radii
    hy = solid.half[1]
    mean, slope = (r0 + r1) / 2, (r1 - r0) / (2 * hy)
    ox, oy, oz = o
    at_o = mean + slope * oy
    a = dx * dx + dz * dz - np.float32(slope * slope) * (dy * dy)
    b = np.float32(ox) * dx + np.float32(oz) * dz - np.float32(slope * at_o) * dy
    disc = b * b - a * np.float32(ox * ox + oz * oz - at_o * at_o)
    t = (-b - np.sqrt(np.maximum(disc, np.float32(0.0)))) / np.where(np.abs(a) < 1e-9, np.float32(1e-9), a)
    y = np.float32(oy) + t * dy
    t = np.where((disc > 0) & (t > 0.02) & (np.abs(y) <= np.float32(hy)), t, FAR)
    if abs(oy) > hy:
        end, radius = (hy, r1) if oy > 0 else (-hy, r0)
        cap = np.float32(end - oy) / np.where(np.abs(dy) < 1e-7, np.float32(1e-7), dy)
        x, z = np.float32(ox) + cap * dx, np.float32(oz) + cap * dz
        on_cap = (cap > 0.02) & (x * x + z * z <= np.float32(radius * radius))
        t = np.where(on_cap & (cap < t), cap, t)
    return t


HIT = {BOX: hit_box, ELLIPSOID: hit_ellipsoid, FRUSTUM: hit_frustum}


def wave(x: F32) -> F32:
    """A smooth periodic wave like sin(2 pi x), made of parabolas: exactly reproducible."""
    f = x - np.floor(x) - np.float32(0.5)
    return np.asarray(np.float32(-16.0) * f * (np.float32(0.5) - np.abs(f)), dtype=np.float32)


def turn(x: F32, z: F32) -> F32:
    """The angle of (x, z) as a share of a full turn, in [0, 1), to about 0.5 %; exactly reproducible."""
    ax, az = np.abs(x), np.abs(z)
    ratio = np.minimum(ax, az) / np.maximum(np.maximum(ax, az), np.float32(1e-9))
    angle = ratio * (np.float32(0.1690) - np.float32(0.0440) * ratio * ratio)
    angle = np.where(az > ax, np.float32(0.25) - angle, angle)
    angle = np.where(x < 0, np.float32(0.5) - angle, angle)
    return np.where(z < 0, np.float32(1.0) - angle, angle)


def surface_at(solid: Solid, x: F32, y: F32, z: F32) -> tuple[F32, F32, F32, F32, F32]:
    """Normal (3 arrays, unit, solid frame) and surface coordinates u, v (metres) at points of the surface."""
    if solid.shape == BOX:
        return _box_surface(solid, x, y, z)
    if solid.shape == ELLIPSOID:
        hx, hy, hz = solid.half
        nx, ny, nz = (
            x * np.float32(1 / (hx * hx)),
            y * np.float32(1 / (hy * hy)),
            z * np.float32(1 / (hz * hz)),
        )
        nx, ny, nz = _unit(nx, ny, nz)
        flat = np.abs(nz) > np.abs(nx)
        return nx, ny, nz, np.where(flat, x, z), np.where(np.abs(ny) > 0.8, z, y)
    r0, r1 = solid.radii
    hy = solid.half[1]
    slope = (r1 - r0) / (2 * hy)
    radius = np.maximum(np.sqrt(x * x + z * z), np.float32(1e-6))
    expected = np.float32((r0 + r1) / 2) + np.float32(slope) * y
    is_cap = (np.abs(y) > np.float32(hy * 0.999)) & (radius < expected * np.float32(0.995))
    scale = np.float32(1.0 / (1.0 + slope * slope) ** 0.5)
    nx = np.where(is_cap, np.float32(0.0), x / radius * scale)
    nz = np.where(is_cap, np.float32(0.0), z / radius * scale)
    ny = np.where(is_cap, np.sign(y), np.float32(-slope) * scale)
    around = np.float32(6.2832 * max(r0, r1)) * turn(x, z)
    return nx, ny, nz, np.where(is_cap, x, around), np.where(is_cap, z, y)


def _box_surface(solid: Solid, x: F32, y: F32, z: F32) -> tuple[F32, F32, F32, F32, F32]:
    """Rounded normals; u, v are the two coordinates of the face that was hit."""
    hx, hy, hz = solid.half
    edge = max(solid.round, 1e-4)
    points, out = (x, y, z), list[F32]()
    for p, h in zip(points, (hx, hy, hz), strict=True):
        r = min(edge, h)
        toward = np.sign(p) * np.maximum(np.abs(p) - np.float32(h - r), np.float32(0.0)) / np.float32(r)
        out.append(np.asarray(toward, dtype=np.float32))
    nx, ny, nz = _unit(out[0], out[1], out[2])
    gx, gy, gz = np.abs(x) - np.float32(hx), np.abs(y) - np.float32(hy), np.abs(z) - np.float32(hz)
    on_x = (gx > gy) & (gx > gz)
    on_y = ~on_x & (gy > gz)
    u = np.where(on_x, z, x)
    v = np.where(on_y, z, y)
    if solid.folds:
        bend = wave(x * np.float32(1.0 / solid.folds))
        nx, ny, nz = _unit(nx + np.float32(2.2) * bend, ny, nz)
    return nx, ny, nz, u, v


def _unit(x: F32, y: F32, z: F32) -> tuple[F32, F32, F32]:
    inverse = np.float32(1.0) / np.sqrt(np.maximum(x * x + y * y + z * z, np.float32(1e-12)))
    return x * inverse, y * inverse, z * inverse
