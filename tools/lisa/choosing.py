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

from tools.instances import Instances, Wanted, choose, plural

LEAST: Final = 0.1
"""A part of a mask that is smaller than this share of the largest one is a scrap of another."""
SCRAP: Final = 12
"""So many pixels of a mask are no thing, whatever else is there."""

_TOUCHING: Final = np.ones((3, 3), bool)


def is_placed(wanted: Wanted) -> bool:
    """Whether a phrase says where the thing is, so that geometry has something to decide."""
    return wanted.order not in ("best", "any")


def asked(wanted: Wanted) -> tuple[str, ...]:
    """What is looked for beside the phrase itself: all things of its name, and what they are placed by."""
    return (f"all the {plural(wanted.noun)}", *(f"the {noun}" for noun in wanted.nouns[1:]))


def pick(wanted: Wanted, own: torch.Tensor, seen: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    """The mask logits (h, w) of the things that are meant: those of all things of the name, with the other
    parts turned down.

    ``own`` are the phrase's own logits, ``seen`` has those of all that is :func:`asked`. None where nothing
    fits the words.
    """
    everything, *_ = asked(wanted)
    logits = torch.maximum(own, seen[everything])
    mask = _mask(logits)
    chosen = _chosen(wanted, mask, seen)
    if not chosen.any():
        return None
    rest = torch.from_numpy(mask & ~chosen).to(logits.device)
    return torch.where(rest, -logits, logits)


def _chosen(wanted: Wanted, mask: NDArray[np.bool_], seen: Mapping[str, torch.Tensor]) -> NDArray[np.bool_]:
    """The parts of a mask that lie where the words say; none where nothing fits them."""
    parts = _parts(mask)
    other = None if wanted.other is None else _other(wanted.other, seen)
    return choose(wanted, Instances(parts, np.ones(len(parts))), other).mask


def _other(wanted: Wanted, seen: Mapping[str, torch.Tensor]) -> NDArray[np.bool_]:
    """Where the thing is that another is placed by; it may be placed by a further one."""
    mask = _mask(seen[f"the {wanted.noun}"])
    chosen = _chosen(wanted, mask, seen) if is_placed(wanted) else mask
    return chosen if chosen.any() else mask


def _mask(logits: torch.Tensor) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (logits > 0).cpu().numpy()
    return mask


def _parts(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected parts of a mask (h, w), as masks (n, h, w), without scraps."""
    labels, count = ndimage.label(mask, _TOUCHING)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    large = [n + 1 for n, size in enumerate(sizes) if size >= max(SCRAP, LEAST * sizes.max())]
    return np.stack([labels == n for n in large]) if large else np.zeros((0, *mask.shape), bool)
