"""Train the tagger of the built-in planner on composed sentences: ``python -m pocket.training.tagger``.

A transformer encoder over words (spelling pieces and lexicon traits in; a label, "a wish begins here" and the
sentence's sort out), cross-entropy on all three. Every step composes its own batch from its number, so that
no sentence is seen twice and a training goes on where it stopped. About ten minutes on one core; at the end
it says how many sentences of held-out seeds are labelled right in every word.
"""

from __future__ import annotations

import argparse
import json
import random
from functools import lru_cache, partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

import pocket
from agent.planner.tagger.network import REACH
from agent.planner.tagger.words import BUCKETS, LABELS, SORTS, TRAITS, buckets, traits
from pocket.training import loop
from pocket.training.sentences import Composer, Sentence

WIDTH, LAYERS, HEADS, HIDDEN, SPELLING = 128, 4, 4, 256, 80
POOL = 8
"""Batches that are composed together."""
HELD_OUT = 10_000_000
"""Seeds from here on are for measuring."""


class Layer(nn.Module):
    """Attention with a learned bias for the distance of two words, then a two-layer perceptron; both
    residual.
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.near = nn.Parameter(torch.zeros(HEADS, 2 * REACH + 1))

    def forward(self, x: torch.Tensor, near: torch.Tensor, hidden: torch.Tensor, drop: float) -> torch.Tensor:
        """``x`` (B, S, width); ``near`` (S, S) indices of distances; ``hidden`` (B, 1, 1, S), -inf at
        padding.
        """
        batch, count, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, count, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self.near[:, near][None] + hidden)
        x = x + F.dropout(self.out(mixed.transpose(1, 2).reshape(batch, count, WIDTH)), drop, self.training)
        return x + F.dropout(self.down(torch.relu(self.up(self.norm2(x)))), drop, self.training)


class Network(nn.Module):
    """The tagger in torch; ``agent.planner.tagger.network.Network`` is the same in numpy."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = nn.EmbeddingBag(BUCKETS, SPELLING, mode="mean")
        nn.init.normal_(self.pieces.weight, std=0.3)
        self.enter = nn.Linear(SPELLING + TRAITS, WIDTH)
        self.whole = nn.Parameter(torch.randn(WIDTH) * 0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.labels, self.begins = nn.Linear(WIDTH, len(LABELS)), nn.Linear(WIDTH, 1)
        self.sorts = nn.Linear(WIDTH, len(SORTS))

    def forward(self, batch: Batch, drop: float = 0.1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits: labels (B, S, 10), begins (B, S), sorts (B, 4)."""
        size, longest = batch.filled.shape
        seen = torch.cat([self.pieces(batch.pieces, batch.starts), batch.traits], dim=1)
        entered = self.enter(seen)
        x = entered.new_zeros(size, longest, WIDTH).masked_scatter(batch.filled[..., None], entered)
        x = torch.cat([self.whole.expand(size, 1, WIDTH), x], dim=1)
        places = torch.arange(longest + 1)
        near = (places[:, None] - places[None]).clamp(-REACH, REACH) + REACH
        hidden = torch.zeros(size, 1, 1, longest + 1)
        hidden[:, 0, 0, 1:].masked_fill_(~batch.filled, -1e9)
        for layer in self.layers:
            x = layer(x, near, hidden, drop)
        x = self.norm(x)
        return self.labels(x[:, 1:]), self.begins(x[:, 1:]).squeeze(-1), self.sorts(x[:, 0])


class Batch:
    """Sentences as tensors; words of all sentences one behind the other, ``filled`` (B, S) says where they
    go.
    """

    def __init__(self, sentences: list[Sentence], forget: random.Random | None = None) -> None:
        longest = max(len(s.words) for s in sentences)
        lengths = torch.tensor([len(s.words) for s in sentences])
        self.filled = torch.arange(longest)[None] < lengths[:, None]
        pieces: list[int] = []
        starts: list[int] = []
        known: list[tuple[float, ...]] = []
        none = (0.0,) * TRAITS
        for word, label in (
            (w, label) for s in sentences for w, label in zip(s.words, s.labels, strict=True)
        ):
            # Some words lose what the lexicon knows of them, or what they are as a whole: neither is to be
            # relied on.
            blind = forget is not None and label != "O" and forget.random() < 0.15
            whole = forget is None or forget.random() > 0.15
            starts.append(len(pieces))
            pieces += buckets(word) if whole else buckets(word)[1:]
            known.append(none if blind else traits(word))
        self.pieces, self.starts = torch.tensor(pieces), torch.tensor(starts)
        self.traits = torch.tensor(known)
        self.labels = torch.tensor([LABELS.index(label) for s in sentences for label in s.labels])
        self.begins = torch.tensor([float(b) for s in sentences for b in s.begins])
        self.sorts = torch.tensor([SORTS.index(s.sort) for s in sentences])


def compose(seed: int, size: int) -> list[Sentence]:
    """Sentences of one seed, the short ones first; those without a word and the very long ones are left
    out.
    """
    composer = Composer(seed)
    made = (composer.sentence() for _ in range(size))
    kept = (sentence for sentence in made if 0 < len(sentence.words) < 50)
    return sorted(kept, key=lambda sentence: len(sentence.words))


@lru_cache(maxsize=1)
def _pool(seed: int, size: int) -> list[list[Sentence]]:
    """Batches of sentences of like length, so that little is padded, in no order."""
    sentences = compose(seed, POOL * size)
    batches = [sentences[i : i + size] for i in range(0, len(sentences), size)][:POOL]
    random.Random(seed).shuffle(batches)
    return batches


def step(network: Network, size: int, number: int) -> tuple[torch.Tensor, loop.Metrics]:
    """The loss of one step's batch."""
    batches = _pool(number // POOL, size)
    batch = Batch(batches[number % POOL % len(batches)], random.Random(number))
    labels, begins, sorts = network(batch)
    losses = {
        "labels": F.cross_entropy(labels[batch.filled], batch.labels, label_smoothing=0.02),
        "begins": F.binary_cross_entropy_with_logits(begins[batch.filled], batch.begins),
        "sorts": 0.3 * F.cross_entropy(sorts, batch.sorts, label_smoothing=0.05),
    }
    return sum(losses.values(), torch.zeros(())), {
        name: float(loss.detach()) for name, loss in losses.items()
    }


@torch.no_grad()
def measure(network: Network, count: int) -> dict[str, float]:
    """Shares of held-out composed sentences that are right: every word, the sort, both."""
    network.eval()
    every = sort = both = total = 0
    for seed in range(HELD_OUT, HELD_OUT + max(1, count // 50)):
        batch = Batch(compose(seed, 50))
        labels, begins, sorts = network(batch)
        right = torch.ones_like(batch.filled)
        begun = (begins[batch.filled] > 0).float() == batch.begins
        right[batch.filled] = (labels[batch.filled].argmax(-1) == batch.labels) & begun
        words, kinds = right.all(dim=1), sorts.argmax(-1) == batch.sorts
        every += int(words.sum())
        sort += int(kinds.sum())
        both += int((words & kinds).sum())
        total += len(kinds)
    network.train()
    return {"every word": every / total, "sort": sort / total, "both": both / total, "sentences": total}


def save(network: Network, folder: Path, number: int = 0) -> None:
    """Write the weights in half precision, and what is needed to read them."""
    del number
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.detach().to(torch.float16).contiguous() for name, value in network.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    settings = {"width": WIDTH, "layers": LAYERS, "heads": HEADS, "labels": LABELS, "sorts": SORTS}
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Train, or go on training, and say how good it is."""
    parser = argparse.ArgumentParser(prog="python -m pocket.training.tagger", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/tagger"), help="where the training is kept")
    parser.add_argument(
        "--weights", type=Path, default=pocket.weights("tagger"), help="where the tagger goes"
    )
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--minutes", type=float, help="at most so long")
    parser.add_argument("--batch", type=int, default=64, help="sentences a step")
    parser.add_argument("--held-out", type=int, default=2000, help="sentences that it is measured on")
    args = parser.parse_args(arguments)
    torch.manual_seed(0)
    network = Network()
    modules: dict[str, nn.Module] = {"tagger": network}
    loop.run(
        name="tagger",
        folder=args.out,
        modules=modules,
        optimisers=loop.optimisers(modules, matrix_rate=3e-3, other_rate=3e-3),
        ema=(ema := loop.Ema(modules, 0.998)),
        schedule=loop.Schedule(args.steps, args.minutes, warmup=100, decay=0.6),
        step=partial(step, network, args.batch),
        on_save=partial(save, network, args.weights),
        log_every=100,
    )
    with ema.applied():
        figures = measure(network, args.held_out)
    print("tagger", json.dumps({name: round(value, 4) for name, value in figures.items()}), flush=True)


if __name__ == "__main__":
    main()
