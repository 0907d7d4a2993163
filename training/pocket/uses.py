"""What things are for, in words that nobody wrote: soups of words, and a bag of words that reads them.

A few thousand wordings are soon known by heart, and what was learnt so reads no new one. A bag of words and
of pairs of words (Joulin et al. 2017, arXiv 1607.01759) has no room for that: it reads four of five new
wordings right. So LISA is asked about soups, parts of two wordings in any order, of which there is no end,
and its [SEG] is to mean what the bag says of them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pocket import rooms
from tools.segmenting.lisa import text

LONGEST: Final = 9
"""The most words of a soup."""

BAG_STEPS: Final = 1500

_WIDTH, _PAIRS, _DROPPED = 128, 16001, 0.3


class Uses:
    """The wordings that are trained, and soups of them."""

    def __init__(self) -> None:
        self.free = rooms.free_uses()
        self._fixed = [(words, kind) for kind in rooms.KINDS for words in rooms.use_texts(kind)]
        self._own = [(words, kind) for kind, texts in self.free.items() for words in texts]
        self.kinds = dict(self._fixed)

    def draw(self, rng: np.random.Generator) -> tuple[str, str]:
        """What some kind is for, and the kind; mostly in a wording of its own."""
        some = self._fixed if rng.random() < 0.25 else self._own
        return some[int(rng.integers(len(some)))]

    def soup(self, rng: np.random.Generator) -> str:
        """A wording, or a part of one, mostly with a part of another that may mean another kind."""
        words, kind = self.draw(rng)
        chance = rng.random()
        if chance < 0.25:
            return " ".join(words.split()[:LONGEST])
        parts = _thinned(words, rng.uniform(0.1, 0.7), rng)
        if chance < 0.75:
            other = kind if rng.random() < 0.6 else rooms.KINDS[int(rng.integers(len(rooms.KINDS)))]
            texts = self.free[other]
            more = _thinned(texts[int(rng.integers(len(texts)))], rng.uniform(0.2, 0.8), rng)
            parts = parts[:6] + more[:5]
            if rng.random() < 0.4:
                rng.shuffle(parts)
        return " ".join(parts[:LONGEST])


def _thinned(words: str, chance: float, rng: np.random.Generator) -> list[str]:
    """Words with each left out at a chance; all of them where fewer than two would stay."""
    parts = words.split()
    kept = [part for part in parts if rng.random() >= chance]
    return kept if len(kept) >= 2 else parts


class Bag(nn.Module):
    """A linear reading of a wording's word pieces and of their pairs: the kinds' logits."""

    def __init__(self, tokenizer: text.LisaTokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._pieces = len(tokenizer)
        self.words = nn.EmbeddingBag(self._pieces + _PAIRS, _WIDTH, mode="sum")
        self.kinds = nn.Linear(_WIDTH, len(rooms.KINDS))

    def forward(self, texts: list[str], rng: np.random.Generator | None = None) -> torch.Tensor:
        """Logits (n, kinds); with ``rng`` some of what is read is left out, for training."""
        ids: list[int] = []
        starts, counts = [], []
        for words in texts:
            pieces = self._tokenizer.encode(words)
            read = pieces + [
                self._pieces + (7919 * one + 104729 * other) % _PAIRS for one, other in pairwise(pieces)
            ]
            if rng is not None:
                read = [each for each in read if rng.random() >= _DROPPED]
            starts.append(len(ids))
            counts.append(max(1, len(read)))
            ids += read
        summed = self.words(torch.tensor(ids), torch.tensor(starts))
        made: torch.Tensor = self.kinds(summed / torch.tensor(counts)[:, None].sqrt())
        return made


def train_bag(uses: Uses, tokenizer: text.LisaTokenizer, steps: int = BAG_STEPS) -> Bag:
    """A bag that has read the trained wordings (half a minute on a CPU)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bag = Bag(tokenizer)
    optimiser = torch.optim.AdamW(bag.parameters(), lr=3e-3, weight_decay=0.05)
    for number in range(steps):
        rng = np.random.default_rng([number, 12])
        drawn = [uses.draw(rng) for _ in range(128)]
        true = torch.tensor([rooms.KINDS.index(kind) for _, kind in drawn])
        F.cross_entropy(bag([words for words, _ in drawn], rng), true).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
    return bag.eval().requires_grad_(False)
