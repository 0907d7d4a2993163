"""How well masks are found: gIoU and cIoU as LISA's paper has them (Lai et al. 2023, arXiv 2308.00692, §5.1).

gIoU is the mean over the phrases of each one's intersection over union; cIoU is the sum of all intersections
over the sum of all unions, so large things weigh more. Pixels that the truth leaves open are counted in
neither. Pure functions of counts and bool arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Overlap:
    """A predicted mask against the true one, in pixels: ``intersection``, ``union`` and ``predicted``, the
    size of the prediction.
    """

    intersection: int
    union: int
    predicted: int

    @property
    def iou(self) -> float:
        """Intersection over union, 0…1; 1 for nothing predicted where nothing is."""
        return self.intersection / self.union if self.union else 1.0


def overlap(predicted: NDArray[np.bool_], true: NDArray[np.bool_], ignored: NDArray[np.bool_]) -> Overlap:
    """Compare a predicted mask with the true one, all bool (H, W); ``ignored`` pixels are left out."""
    seen = predicted & ~ignored
    wanted = true & ~ignored
    return Overlap(
        intersection=int(np.count_nonzero(seen & wanted)),
        union=int(np.count_nonzero(seen | wanted)),
        predicted=int(np.count_nonzero(seen)),
    )


@dataclass(frozen=True)
class Score:
    """The figures of some phrases.

    ``giou`` and ``ciou`` are shares (0…1), None of no phrases; ``phrases`` is how many there were, and
    ``blank`` for how many of them nothing was predicted.
    """

    phrases: int
    giou: float | None
    ciou: float | None
    blank: int


def score(overlaps: Iterable[Overlap]) -> Score:
    """The figures of all ``overlaps``, the same in whatever order they come.

    Where nothing is predicted and nothing is, in all of them together, cIoU is 1, as gIoU is.
    """
    each = list(overlaps)
    if not each:
        return Score(0, None, None, 0)
    together = Overlap(
        intersection=sum(one.intersection for one in each),
        union=sum(one.union for one in each),
        predicted=sum(one.predicted for one in each),
    )
    return Score(
        phrases=len(each),
        giou=math.fsum(one.iou for one in each) / len(each),
        ciou=together.iou,
        blank=sum(one.predicted == 0 for one in each),
    )
