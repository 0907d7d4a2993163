"""From all instances of a noun, as a model found them, to the mask that a phrase means.

For segmenters that find things of a kind and know nothing of places; ``tools.language.referring`` chooses
among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from tools.language.referring import Instances, Wanted, choose
from tools.segmenting.base import Found

LEAST_SCORE: Final = 0.3
"""What scores less is no instance."""

MASK_THRESHOLD: Final = 0.5
"""A pixel is in a mask where its probability is larger."""


@dataclass(frozen=True)
class Seen:
    """All instances of a noun: mask probabilities float32 (N, h, w) on the model's device, and the rest."""

    probabilities: torch.Tensor
    instances: Instances


def instances_of(scores: torch.Tensor, logits: torch.Tensor, size: tuple[int, ...]) -> Seen:
    """What counts among a model's finds: scores (Q,), mask logits (Q, h, w), the picture's size (H, W)."""
    kept = scores > LEAST_SCORE
    probabilities = logits[kept].float().sigmoid()
    missed = scores[~kept]
    height, width = logits.shape[1:]
    return Seen(
        probabilities,
        Instances(
            masks=(probabilities > MASK_THRESHOLD).cpu().numpy(),
            scores=scores[kept].cpu().numpy(),
            missed=float(missed.max()) if len(missed) else 0.0,
            pixel=(size[0] / height, size[1] / width),
        ),
    )


def found_of(picture: NDArray[np.uint8], phrase: str, wanted: Wanted, seen: Mapping[str, Seen]) -> Found:
    """What a phrase means in a picture (H, W, 3), given all instances of its nouns."""
    height, width = picture.shape[:2]
    there = seen[wanted.noun]
    chosen = choose(wanted, there.instances, mask_of(wanted.other, seen))
    mask = np.zeros((height, width), bool)
    for index in chosen.indices:  # One by one: many masks of a large picture would not fit.
        low = there.probabilities[index][None, None]
        full = F.interpolate(low, (height, width), mode="bilinear", align_corners=False)[0, 0]
        mask |= (full > MASK_THRESHOLD).cpu().numpy()
    words = f"{len(there.instances.scores)} found for “{wanted.noun}”, {len(chosen.indices)} taken."
    return Found(phrase, mask, chosen.confidence, words)


def mask_of(wanted: Wanted | None, seen: Mapping[str, Seen]) -> NDArray[np.bool_] | None:
    """The mask of the other thing that a phrase names, at the size of the model's masks."""
    if wanted is None:
        return None
    return choose(wanted, seen[wanted.noun].instances, mask_of(wanted.other, seen)).mask
