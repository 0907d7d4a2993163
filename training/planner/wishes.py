"""Train what tells wishes from what only sounds like one: ``python -m training.planner.wishes``.

A logistic regression on what the trained reader's encoder sees of a sentence (its first piece, the mean and
the greatest of all pieces: 3 × 384 numbers) and on the sentence's forms
(``agent/planner/reader/forms.py``). ``wishes/*.txt`` are sentences that are hard to tell apart,
``R`` (a wish) or ``N`` (none), of a writer each; a third of the reader's written sentences are easy ones.
Some minutes; after each training of the reader it has to be made anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

import pocket
from agent.planner.reader.network import Network
from agent.planner.reader.splitting import words_of
from training.planner.examples import written

FOLDER = Path(__file__).parent
EASY = 0.5
"""What one of the reader's sentences weighs against one of the hard ones."""
HOLD = 1e-2
"""By how much great weights are held down."""
NO_WISH = frozenset({"talk", "keep", "leave", "tell", "no", "yes", "name"})
"""Lines that ask for nothing to be done to the picture."""

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Sentences = list[tuple[str, bool]]


def read(file: Path) -> Sentences:
    """The sentences of a file, each with whether it is a wish."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(line[4:].strip(), line[0] == "R") for line in lines if line[:4] in ("N | ", "R | ")]


def easy() -> Sentences:
    """A third of the reader's written sentences, each once."""
    found: dict[str, bool] = {}
    for talk in written([FOLDER / "written"]):
        for said in talk:
            acts = {line.act for line in said.lines}
            if not acts & {"unclear", "foreign"}:
                found.setdefault(said.sentence, not acts <= NO_WISH)
    return list(found.items())[::3]


def seen(sentences: Sentences, network: Network) -> tuple[Floats, Flags]:
    """The signs of sentences (N, 3 × width + forms), and which of them are wishes (N)."""
    rows = [network.signs(words_of(sentence)) for sentence, _ in sentences]
    return np.stack(rows), np.array([wish for _, wish in sentences])


def fitted(parts: list[tuple[Floats, Flags, float]]) -> tuple[Floats, float]:
    """Weights and bias for rows, the wishes among them, and what each of the rows weighs."""
    x = np.concatenate([rows for rows, _, _ in parts])
    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    rows = torch.from_numpy((x - middle) / spread)
    wanted = torch.from_numpy(np.concatenate([wishes for _, wishes, _ in parts]).astype(np.float32))
    heavy = torch.cat([torch.full((len(rows),), weight) for rows, _, weight in parts])
    weights, bias = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        each = F.binary_cross_entropy_with_logits(rows @ weights + bias, wanted, reduction="none")
        whole = (each * heavy).mean() + HOLD * (weights @ weights)
        whole.backward()  # type: ignore[no-untyped-call]
        return whole

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    plain = weights.detach().numpy() / spread
    return plain.astype(np.float32), float(bias.detach()) - float(plain @ middle)


def main(arguments: list[str] | None = None) -> None:
    """Measure with each file left out in turn, then train on all and write ``wish.npz``."""
    parser = argparse.ArgumentParser(prog="python -m training.planner.wishes", description=__doc__)
    parser.add_argument("--weights", type=Path, default=pocket.weights("reader"), help="the reader's folder")
    folder = parser.parse_args(arguments).weights
    network = Network(folder)
    parts = [(*seen(easy(), network), EASY)]
    files = sorted((FOLDER / "wishes").glob("*.txt"))
    hard = [(*seen(read(file), network), 1.0) for file in files]
    for left_out, (rows, wishes, _) in enumerate(hard):
        weights, bias = fitted([*parts, *(part for at, part in enumerate(hard) if at != left_out)])
        sure = 1 / (1 + np.exp(-(rows @ weights + bias)))
        line = [f"{files[left_out].name} left out: right {((sure > 0.5) == wishes).mean():.3f}"]
        for least in (0.25, 0.4):
            none, some = (sure[~wishes] < least).mean(), (sure[wishes] < least).mean()
            line.append(f"below {least}: {none:.3f} of no wishes, {some:.3f} of wishes")
        print("; ".join(line), flush=True)
    weights, bias = fitted([*parts, *hard])
    arrays: dict[str, Any] = {"wish.weight": weights[None], "wish.bias": np.array([bias], np.float32)}
    np.savez(folder / "wish.npz", **arrays)


if __name__ == "__main__":
    main()
