"""Which of several: what a phrase says of places is read off the words and decided by geometry.

A small model knows lamps, but hardly the left one of two. So it is asked for all things of that name, and
which part of the mask is meant is a question of where the parts lie (``tools.instances``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from tools.instances import Instances, Wanted, choose

LEAST: Final = 0.1
"""A part of a mask that is smaller than this share of the largest one is a scrap of another."""
SCRAP: Final = 12
"""So many pixels of a mask are no thing, whatever else is there."""

_TOUCHING: Final = np.ones((3, 3), bool)


def is_placed(wanted: Wanted) -> bool:
    """Whether a phrase says where the thing is, so that geometry has something to decide."""
    return wanted.order not in ("best", "any")


def pick(wanted: Wanted, seen: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    """The mask logits (h, w) of the things that are meant: those of all things of the name, with the other
    parts turned down.

    ``seen`` has the logits of all things of each noun of ``wanted``. None where nothing fits the words.
    """
    logits = seen[wanted.noun]
    parts = _parts((logits > 0).cpu().numpy())
    if not len(parts):
        return None
    other = None if wanted.other is None else _mask(wanted.other, seen)
    chosen = choose(wanted, Instances(parts, np.ones(len(parts))), other)
    if not chosen.indices:
        return None
    rest = torch.from_numpy((logits > 0).cpu().numpy() & ~chosen.mask).to(logits.device)
    return torch.where(rest, -logits, logits)


def _mask(wanted: Wanted, seen: Mapping[str, torch.Tensor]) -> NDArray[np.bool_]:
    """Where the thing is that another is placed by."""
    logits = pick(wanted, seen) if is_placed(wanted) else None
    mask: NDArray[np.bool_] = ((seen[wanted.noun] if logits is None else logits) > 0).cpu().numpy()
    return mask


def _parts(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected parts of a mask (h, w), as masks (n, h, w), without scraps."""
    labels, count = ndimage.label(mask, _TOUCHING)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    large = [n + 1 for n, size in enumerate(sizes) if size >= max(SCRAP, LEAST * sizes.max())]
    return np.stack([labels == n for n in large]) if large else np.zeros((0, *mask.shape), bool)
