"""The published losses of LISA's masks (Lai et al. 2023, arXiv 2308.00692), on logits of full size."""

from __future__ import annotations

import torch
from torch.nn import functional as F

_SCALE, _SMOOTH = 1000.0, 1e-6


def bce_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of mask logits (n, H, W) against masks (n, H, W) of 0 and 1.

    Mean over each mask's pixels, then over the masks; 0 without masks.
    """
    if len(masks) == 0:
        return logits.new_zeros(())
    return F.binary_cross_entropy_with_logits(logits, masks, reduction="none").flatten(1).mean(1).mean()


def dice_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """One minus the Dice overlap of mask logits (n, H, W) and masks (n, H, W) of 0 and 1, mean over masks.

    0 without masks. Sums are divided by 1000 before 1e-6 is added to them, as in the authors' program.
    """
    if len(masks) == 0:
        return logits.new_zeros(())
    chance, true = logits.sigmoid().flatten(1), masks.flatten(1)
    shared = 2 * (chance * true / _SCALE).sum(1)
    both = (chance / _SCALE).sum(1) + (true / _SCALE).sum(1)
    return (1 - (shared + _SMOOTH) / (both + _SMOOTH)).mean()
