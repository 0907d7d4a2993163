"""A hole filled from the rest of its texture: patches that fit around it and with one another.

The optimum of Wexler, Shechtman and Irani ("Space-time completion of video", PAMI 2007): every patch that
touches the hole has a nearest one that is known, and each pixel is what the patches over it say. Nearest
patches are found by propagation and random search (PatchMatch, Barnes et al., SIGGRAPH 2009), here for all
patches at once. It begins with where the like of each pixel is thought to lie, or on a pyramid, at whose top
the hole is filled from its rim inwards (Newson et al., "Video inpainting of complex scenes", SIAM J. Imaging
Sciences 2014).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools.inpainting.computed.surfaces import F32, Mask

Ints = NDArray[np.intp]
Moves = NDArray[np.int32]

PATCH = 7
"""Pixels a side of a patch, at each level."""

_HALF = PATCH // 2
_LEAST_SOURCES = 60
_SAMPLE = 3000
"""Of how many known patches at most the nearest is looked for at the top of the pyramid."""
_ROUNDS = (10, 4, 3, 2, 2, 2)
"""How often patches are sought and pixels voted for, from the top of the pyramid on."""


def completed(values: F32, known: Mask, hole: Mask, *, start: Moves | None = None) -> F32 | None:
    """The values (H, W, C) with those in the ``hole`` (H, W) made from patches of ``known`` (H, W) ones.

    What is neither is not looked at. ``start`` (H, W, 2) says how far down and right of each pixel its like
    is thought to lie. The same arguments give the same values. None where too few patches are known whole, or
    there is no hole.
    """
    known = known & ~hole
    if not hole.any() or _sources(known).sum() < _LEAST_SOURCES:
        return None
    rng = np.random.default_rng(0)
    if start is not None:
        level = _Level(values, known, hole, rng)
        level.begin(start)
        picture = level.voted()
        for _ in range(2):
            level.seek(picture, rounds=2, reach=6)
            picture = level.voted()
        return level.unpadded(picture)
    pyramid = _pyramid(values, known, hole)
    level = _Level(*pyramid[-1], rng)
    picture = level.from_the_rim()
    level.begin_anywhere(picture)
    for depth, parts in enumerate(reversed(pyramid)):
        if depth:
            near = level.moves()
            level = _Level(*parts, rng)
            level.begin(2 * near.repeat(2, axis=0).repeat(2, axis=1))
            picture = level.voted(best=True)
        for _ in range(_ROUNDS[depth]):
            level.seek(picture)
            picture = level.voted()
    return level.unpadded(picture)


def _pyramid(values: F32, known: Mask, hole: Mask) -> list[tuple[F32, Mask, Mask]]:
    """Levels of half the size each, until the hole is not much deeper than a patch."""
    levels = [(values, known, hole)]
    while len(levels) < len(_ROUNDS) and ndimage.distance_transform_edt(levels[-1][2]).max() > 1.2 * PATCH:
        smaller = _halved(*levels[-1])
        if min(smaller[2].shape) < 3 * PATCH or _sources(smaller[1]).sum() < _LEAST_SOURCES:
            break
        levels.append(smaller)
    return levels


def _halved(values: F32, known: Mask, hole: Mask) -> tuple[F32, Mask, Mask]:
    """A level of half the size: a pixel is known where all of it is, and in the hole where any of it is."""
    height, width = known.shape
    padding = ((0, height % 2), (0, width % 2))
    there = np.pad(known, padding, mode="edge")
    shape = there.shape[0] // 2, 2, there.shape[1] // 2, 2
    there = there.reshape(shape)
    gap = np.pad(hole, padding, mode="edge").reshape(shape)
    own = np.pad(values, (*padding, (0, 0)), mode="edge").reshape(*shape, values.shape[-1])
    total = (own * there[..., None]).sum(axis=(1, 3))
    mean = total / np.maximum(there.sum(axis=(1, 3)), 1)[..., None]
    whole, some = np.asarray(there.all(axis=(1, 3))), np.asarray(gap.any(axis=(1, 3)))
    return mean.astype(np.float32), whole, some


def _sources(known: Mask) -> Mask:
    """The middles of patches that are known whole."""
    return np.asarray(ndimage.binary_erosion(known, np.ones((PATCH, PATCH), bool), border_value=0))


class _Level:
    """One level: the patches that touch its hole, and the nearest known one of each.

    Pixels and patches are numbers into the level with a margin of half a patch. ``at`` are the middles of
    the patches sought for, ``near`` those of their nearest ones, ``far`` how far these are (mean squares).
    """

    def __init__(self, values: F32, known: Mask, hole: Mask, rng: np.random.Generator) -> None:
        self.rng = rng
        margin = ((_HALF, _HALF), (_HALF, _HALF))
        self.values = np.pad(values, (*margin, (0, 0)))
        self.flat = self.values.reshape(-1, values.shape[-1])
        self.known, self.hole = np.pad(known, margin), np.pad(hole, margin)
        self.gap = np.flatnonzero(self.hole)
        self.height, self.width = self.known.shape
        down, right = np.mgrid[-_HALF : _HALF + 1, -_HALF : _HALF + 1].reshape(2, -1)
        self.around = down * self.width + right
        self.is_source = _sources(self.known).ravel()
        self.sources = np.flatnonzero(self.is_source)
        touched = ndimage.binary_dilation(self.hole, np.ones((PATCH, PATCH), bool))
        self.at = np.flatnonzero(touched & (self.known | self.hole))
        self.number = np.full(self.known.size, -1, np.intp)
        self.number[self.at] = np.arange(len(self.at))
        self.weight = (self.known | self.hole).ravel()[self.at[:, None] + self.around].astype(np.float32)
        self.near = self.sources[rng.integers(0, len(self.sources), len(self.at))]
        self.far = np.ones(len(self.at), np.float32)

    def unpadded(self, picture: F32) -> F32:
        """A picture without the margin."""
        return picture[_HALF:-_HALF, _HALF:-_HALF]

    def from_the_rim(self) -> F32:
        """The picture, its hole filled from the rim inwards by those whose surroundings are most alike."""
        picture, done = self.values.copy(), self.known.copy()
        flat, left = picture.reshape(self.flat.shape), self.hole.copy()
        some, patches = self._sample()
        while left.any():
            rim = left & ndimage.binary_dilation(done, np.ones((3, 3), bool))
            if not rim.any():
                flat[np.flatnonzero(left)] = self.flat[some].mean(axis=0)
                break
            at = np.flatnonzero(rim)
            weight = done.ravel()[at[:, None] + self.around].astype(np.float32)
            flat[at] = self.flat[some[_nearest(flat[at[:, None] + self.around], weight, patches)]]
            done |= rim
            left &= ~rim
        return picture

    def begin_anywhere(self, picture: F32) -> None:
        """Begin with the nearest patches of a sample of all."""
        some, patches = self._sample()
        flat = picture.reshape(self.flat.shape)
        for start in range(0, len(self.at), 2000):
            part = np.s_[start : start + 2000]
            own = flat[self.at[part][:, None] + self.around]
            self.near[part] = some[_nearest(own, self.weight[part], patches)]

    def begin(self, moves: Moves) -> None:
        """Begin with the patches so far down and right (H, W, 2), where these are known."""
        row, column = self.at // self.width, self.at % self.width
        moved = moves[row - _HALF, column - _HALF]
        row = np.clip(row + moved[:, 0], 0, self.height - 1)
        near = row * self.width + np.clip(column + moved[:, 1], 0, self.width - 1)
        fits = self.is_source[near]
        self.near = np.where(fits, near, self.near)
        self.far = np.where(fits, 1.0, 1e6).astype(np.float32)

    def moves(self) -> Moves:
        """How far down and right of each pixel (H, W, 2) its nearest patch lies; 0 where none was sought."""
        out = np.zeros((self.known.size, 2), np.int32)
        out[self.at, 0] = self.near // self.width - self.at // self.width
        out[self.at, 1] = self.near % self.width - self.at % self.width
        return out.reshape(self.height, self.width, 2)[_HALF:-_HALF, _HALF:-_HALF]

    def seek(self, picture: F32, rounds: int = 3, reach: int | None = None) -> None:
        """Look for nearer patches: those beside the neighbours' nearest, and some at random within reach."""
        own = picture.reshape(self.flat.shape)[self.at[:, None] + self.around]
        self.far = self._distance(own, self.weight, self.near)
        everywhere = np.arange(len(self.at))
        for k in range(rounds):
            for step in (1, -1, self.width, -self.width):
                move = 2 * step if k == 1 else step
                beside = self.number[np.clip(self.at + move, 0, self.known.size - 1)]
                which = np.flatnonzero(beside >= 0)
                self._take(own, which, partial(self._beside, beside, move))
            most = max(self.height, self.width) if reach is None else reach
            while most >= 1:
                self._take(own, everywhere, partial(self._wandered, most))
                most //= 3

    def voted(self, *, best: bool = False) -> F32:
        """The picture as the patches over each pixel say, the nearest most, or the ``best`` alone."""
        gap, channels = self.gap, self.flat.shape[1]
        total, weight = np.zeros((len(gap), channels), np.float32), np.full(len(gap), 1e-12, np.float32)
        least = np.full(len(gap), np.inf, np.float32)
        spread = float(np.percentile(self.far, 75)) + 1e-6
        for shift in self.around:
            over = self.number[gap - shift]
            there = np.flatnonzero(over >= 0)
            over = over[there]
            said, far = self.flat[self.near[over] + shift], self.far[over]
            if best:
                nearer = far < least[there]
                total[there[nearer]], least[there[nearer]] = said[nearer], far[nearer]
            else:
                trust = np.exp(-far / (2 * spread))
                total[there] += said * trust[:, None]
                weight[there] += trust
        picture = self.values.copy()
        picture.reshape(self.flat.shape)[gap] = total if best else total / weight[:, None]
        return picture

    def _sample(self) -> tuple[Ints, F32]:
        some = self.sources
        if len(some) > _SAMPLE:
            some = self.rng.choice(some, _SAMPLE, replace=False)
        return some, self.flat[some[:, None] + self.around]

    def _distance(self, own: F32, weight: F32, near: Ints) -> F32:
        apart = own - self.flat[near[:, None] + self.around]
        squares = np.einsum("npc,npc->np", apart, apart)
        return np.asarray((squares * weight).sum(axis=1) / weight.sum(axis=1), dtype=np.float32)

    def _take(self, own: F32, which: Ints, proposed: Callable[[Ints], Ints]) -> None:
        """Take the patches proposed for ``which`` of those sought for, where they are nearer."""
        near = proposed(which)
        fits = (near >= 0) & (near < self.known.size) & (near != self.near[which])
        fits[fits] = self.is_source[near[fits]]
        which, near = which[fits], near[fits]
        if not len(which):
            return
        far = self._distance(own[which], self.weight[which], near)
        nearer = far < self.far[which]
        self.near[which[nearer]], self.far[which[nearer]] = near[nearer], far[nearer]

    def _beside(self, neighbours: Ints, move: int, which: Ints) -> Ints:
        return np.asarray(self.near[neighbours[which]] - move)

    def _wandered(self, reach: int, which: Ints) -> Ints:
        down, right = self.rng.integers(-reach, reach + 1, (2, len(which)))
        row = np.clip(self.near[which] // self.width + down, 0, self.height - 1)
        column = np.clip(self.near[which] % self.width + right, 0, self.width - 1)
        return np.asarray(row * self.width + column)


def _nearest(own: F32, weight: F32, patches: F32) -> Ints:
    """Which of the patches (m, p, C) is nearest to each of the own (n, p, C), by the weights (n, p)."""
    cross = np.tensordot(own * weight[..., None], patches, axes=([1, 2], [1, 2]))
    return np.asarray((weight @ (patches**2).sum(axis=2).T - 2 * cross).argmin(axis=1))
