"""Fitting the rule by which pocket LISA decides whether a thing is there (``lisa.presence``).

Logistic regression over the signs, on held-out rooms; then the bias is moved so that only a small share
of the things that are there is missed.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from torch.nn import functional as F

from tools.segmenting.lisa.model import Lisa
from tools.segmenting.lisa.presence import Presence
from tools.segmenting.lisa.segmenter import LisaSegmenter
from tools.segmenting.lisa.text import LisaTokenizer
from training.pocket.lisa import NO, YES
from training.pocket.lisa_data import Records, Said

MISSED: Final = 0.038
"""The share of things that are there and may be called absent: 5 % with a margin for other rooms."""

_NAMED: Final = ("plain", "attribute", "place")
_EACH: Final = {"plain": 3, "attribute": 2, "place": 2, "use": 2, "absent": 5}


def fit(model: Lisa, tokenizer: LisaTokenizer, records: Records) -> dict[str, Any]:
    """The fields of the rule for a trained model, and a line of figures on the way."""
    model.config.presence = vars(Presence(YES, NO, 0.0, 1.0, 1.0))
    segmenter = LisaSegmenter("fit", model, tokenizer, "")
    signs, there, named = [], [], []
    for row in range(len(records.pictures)):
        asked = _asked(records.said[row], np.random.default_rng([row, 75]))
        for said, (sign, listed) in zip(
            asked, segmenter.signs(records.pictures[row], [each.text for each in asked]), strict=True
        ):
            signs.append((1.0, *sign.weighed, float(listed)))
            there.append(bool(said.things))
            named.append(said.group in _NAMED)
    x, y = torch.tensor(signs, dtype=torch.float64), torch.tensor(there, dtype=torch.float64)
    weights = _regression(x, y)
    scores = (x @ weights).numpy()
    limit = float(np.quantile(scores[np.array(named)], MISSED))
    absent = scores[~np.array(there)]
    print(
        f"presence: {len(scores)} phrases, absent recognised {(absent < limit).mean():.3f}"
        f" where {MISSED:.1%} of named things are missed",
        flush=True,
    )
    bias, *others = (round(float(value), 4) for value in weights)
    return vars(Presence(YES, NO, round(bias - limit, 4), *others))


def _asked(said: list[Said], rng: np.random.Generator) -> list[Said]:
    """Some phrases of each group; looks that none of a kind has are left out: the kind is there."""
    chosen: list[Said] = []
    for group, most in _EACH.items():
        own = [each for each in said if each.group == group]
        chosen += [own[int(place)] for place in rng.permutation(len(own))[:most]]
    return chosen


def _regression(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Weights (n,) for signs (samples, n): a logistic regression in which both classes count alike, with a
    little decay.
    """
    weights = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    balance = torch.where(y > 0, 1 / y.sum().clamp(min=1), 1 / (1 - y).sum().clamp(min=1))
    optimiser = torch.optim.LBFGS([weights], max_iter=200)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        each = F.binary_cross_entropy_with_logits(x @ weights, y, reduction="none")
        total = (each * balance).sum() + 1e-3 * weights.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()
