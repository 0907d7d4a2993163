"""A rug on the floor of a room: the rectangle or oval along the walls that parts its pixels best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.room_box import F64

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rug:
    """Its middle and half sides on the floor, in camera heights, and whether it is an oval."""

    x: float
    z: float
    a: float
    b: float
    oval: bool

    def covers(self, u: F64, v: F64) -> Mask:
        """Which points of the floor lie under it."""
        shape = np.array([[self.x, self.z, self.a, self.b]])
        return np.asarray(_inside(shape, self.oval, u.ravel(), v.ravel())[0].reshape(u.shape))


def _inside(p: F64, oval: bool, u: F64, v: F64) -> Mask:
    du, dv = np.abs(u - p[:, :1]) / p[:, 2:3], np.abs(v - p[:, 1:2]) / p[:, 3:4]
    return np.asarray((du * du + dv * dv if oval else np.maximum(du, dv)) < 1)


def find(u: F64, v: F64, kind: NDArray[np.intp], kinds: int) -> Rug | None:
    """Find the rug that best parts floor pixels at (u, v) by their ``kind`` < ``kinds``.

    The measure is the mutual information of kind and rug.
    """
    rng = np.random.default_rng(1)
    hot = np.zeros((len(u), kinds))
    hot[np.arange(len(u)), kind] = 1 / len(u)
    whole = hot.sum(axis=0)

    def score(p: F64, oval: bool) -> F64:
        inside = _inside(p, oval, u, v).astype(np.float32) @ hot.astype(np.float32)
        n = inside.sum(axis=1, keepdims=True)
        rest = np.maximum(whole - inside, 0)
        value = np.zeros(len(p))
        for part, size in ((inside, n), (rest, 1 - n)):
            ratio = part / np.maximum(size * whole, 1e-9)
            value += (part * np.log(np.maximum(ratio, 1e-9))).sum(axis=1)
        value[(n[:, 0] < 0.04) | (n[:, 0] > 0.9)] = 0
        return value

    best: tuple[float, Rug | None] = (0.0, None)
    for oval in (False, True):
        p = rng.uniform((-1.6, 1.2, 0.4, 0.25), (1.6, 3.2, 1.3, 1.0), (600, 4))
        value = score(p, oval)
        spread = np.array([0.2, 0.2, 0.15, 0.12])
        for _ in range(9):
            order = np.argsort(-value)[:25]
            p, value = p[order], value[order]
            child = p[rng.integers(0, len(p), 150)] + spread * rng.standard_normal((150, 4))
            child[:, 2:] = np.clip(child[:, 2:], 0.2, 1.8)
            p, value = np.concatenate([p, child]), np.concatenate([value, score(child, oval)])
            spread = spread * 0.65
        at = int(np.argmax(value))
        if value[at] > best[0]:
            x, z, a, b = map(float, p[at])
            best = (float(value[at]), Rug(x, z, a, b, oval))
    return best[1]


def clusters(values: F64, count: int) -> tuple[NDArray[np.intp], F64]:
    """k-means of values (n, d): which of ``count`` each belongs to, and their middles."""
    rng = np.random.default_rng(2)
    sample = values[rng.integers(0, len(values), 2500)] if len(values) > 2500 else values
    middles = [sample[rng.integers(len(sample))]]
    gap = ((sample - middles[0]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        middles.append(sample[rng.choice(len(sample), p=gap / gap.sum())] if gap.sum() > 0 else sample[0])
        gap = np.minimum(gap, ((sample - middles[-1]) ** 2).sum(axis=1))
    centres = np.array(middles)
    for _ in range(8):
        nearest = _nearest(sample, centres)
        for k in range(count):
            if (nearest == k).any():
                centres[k] = sample[nearest == k].mean(axis=0)
    return _nearest(values, centres), centres


def _nearest(values: F64, centres: F64) -> NDArray[np.intp]:
    return np.asarray((-2 * values @ centres.T + (centres**2).sum(axis=1)).argmin(axis=1))
