"""Composing: a base picture and a stack of patches make a picture, purely and exactly.

All arithmetic is on integers, so the result is the same on every machine. Where a patch's alpha is 0 (and
outside its box) the pixel below stays as it is, bit for bit. This module knows nothing of files, layers or
sessions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A half-open rectangle in pixels: x0 ≤ x < x1 from the left, y0 ≤ y < y1 from the top."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.y1 - self.y0

    def overlaps(self, other: Box) -> bool:
        """Whether the two boxes share at least one pixel."""
        return (
            max(self.x0, other.x0) < min(self.x1, other.x1)
            and max(self.y0, other.y0) < min(self.y1, other.y1)
        )  # fmt: skip


class Patch(NamedTuple):
    """Pixels to lay over a picture, and where.

    ``rgba`` is uint8 (h, w, 4), h and w being the box's; its alpha is the blend mask, 0 (the picture below
    stays) to 255 (the patch alone).
    """

    rgba: NDArray[np.uint8]
    box: Box


def check_patch(patch: Patch, width: int, height: int) -> None:
    """Raise ``ValueError`` unless the patch is well formed and lies inside a picture of that size."""
    rgba, box = patch
    if rgba.dtype != np.uint8 or rgba.shape != (box.height, box.width, 4):
        raise ValueError(f"a patch for {box} must be uint8 {(box.height, box.width, 4)}, not {rgba.shape}")
    if not (0 <= box.x0 <= box.x1 <= width and 0 <= box.y0 <= box.y1 <= height):
        raise ValueError(f"{box} does not lie inside a picture of {width}x{height}")


def compose(base: NDArray[np.uint8], patches: Iterable[Patch]) -> NDArray[np.uint8]:
    """Lay the patches over the base, the first one lowest.

    ``base`` is uint8 RGB (H, W, 3) and is left alone; the result is a new array of the same size. Each
    channel becomes ``(alpha * patch + (255 - alpha) * below) / 255``, rounded to the nearest integer. Raises
    ``ValueError`` for a base or a patch of another form.
    """
    if base.dtype != np.uint8 or base.ndim != 3 or base.shape[2] != 3:
        raise ValueError(f"the base must be uint8 (H, W, 3), not {base.dtype} {base.shape}")
    height, width = base.shape[:2]
    picture = base.copy()
    for patch in patches:
        check_patch(patch, width, height)
        rgba, box = patch
        below = picture[box.y0 : box.y1, box.x0 : box.x1]
        # uint16 is wide enough: a weighted sum is at most 255 * 255, and 127 for the rounding still fits.
        alpha = rgba[..., 3:].astype(np.uint16)
        mixed = alpha * rgba[..., :3]
        mixed += (255 - alpha) * below
        mixed += 127
        below[...] = mixed // 255
    return picture
