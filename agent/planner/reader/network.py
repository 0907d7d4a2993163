"""The reader in numpy: an encoder sees the sentence, a decoder writes symbols one by one. No torch.

``training/planner/reader.py`` holds the same in torch. A sentence takes some tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.planner.reader.forms import forms
from agent.planner.reader.pieces import Pieces, spelt
from agent.planner.reader.splitting import MOST_WORDS
from agent.planner.reader.symbols import COPIED, END, Grammar

Floats = NDArray[np.float32]

_HEADS, _WRITER_HEADS = 12, 6
_STEPS = 255
"""Symbols that are written at most."""


@dataclass(frozen=True)
class Written:
    """Symbols, and how sure each of them was, in 0…1."""

    symbols: tuple[int, ...]
    sure: tuple[float, ...]


class Network:
    """The weights of a folder: ``*.npz``, numbers of few bits and their scales, and ``pieces.txt``."""

    def __init__(self, folder: Path) -> None:
        found: dict[str, NDArray[np.generic]] = {}
        for file in sorted(folder.glob("*.npz")):
            with np.load(file, allow_pickle=False) as arrays:
                found.update(arrays)
        self._rows, self._scales = found.pop("pieces"), found.pop("pieces.scale")
        self._of: dict[str, Floats] = {}
        for name, value in found.items():
            if name.endswith(".scale"):
                continue
            whole = value.astype(np.float32)
            if f"{name}.scale" in found:
                whole = _scaled(whole, found[f"{name}.scale"])
            # matrices lie transposed, so that rows of x times them is one product
            matrix = name.endswith(".weight") and whole.ndim == 2 and name not in _TABLES
            self._of[name] = np.ascontiguousarray(whole.T) if matrix else whole
        lines = (folder / "pieces.txt").read_text(encoding="utf-8").splitlines()
        self.pieces = Pieces({piece: number for number, piece in enumerate(lines)})
        self._reading, self._writing = (
            1 + max(int(name.split(".")[1]) for name in self._of if name.startswith(part))
            for part in ("reading.", "writing.")
        )

    def write(self, words: Sequence[str]) -> Written:
        """The symbols for a sentence of some words, each the likeliest that may stand there."""
        spelling = spelt(words, self.pieces)
        seen = self._read(spelling.pieces)
        of_words = np.stack([seen[begin:end].mean(axis=0) for begin, end in spelling.spans])
        pointed_at = self._linear(of_words, "at")
        taken = self._linear(of_words, "copied")
        keys = [self._keys(seen, f"writing.{n}.other", _WRITER_HEADS) for n in range(self._writing)]
        own: list[tuple[Floats, Floats]] = []
        grammar = Grammar(len(words))
        symbols: list[int] = []
        sure: list[float] = []
        last = COPIED  # the sign that begins
        while len(symbols) < _STEPS:
            copied = last > COPIED
            x = taken[last - COPIED - 1] if copied else self._of["symbols.weight"][last]
            x = (x + self._of["steps.weight"][len(symbols)])[None]
            for number in range(self._writing):
                name = f"writing.{number}"
                y = self._norm(x, f"{name}.norm1", 1e-5)
                fresh = self._keys(y, f"{name}.own", _WRITER_HEADS)
                if number < len(own):
                    fresh = tuple(  # type: ignore[assignment]
                        np.concatenate([old, new], axis=1)
                        for old, new in zip(own[number], fresh, strict=True)
                    )
                    own[number] = fresh
                else:
                    own.append(fresh)
                x = x + self._attend(y, f"{name}.own", own[number], _WRITER_HEADS)
                y = self._norm(x, f"{name}.norm2", 1e-5)
                x = x + self._attend(y, f"{name}.other", keys[number], _WRITER_HEADS)
                y = self._norm(x, f"{name}.norm3", 1e-5)
                x = x + self._linear(_gelu(self._linear(y, f"{name}.up")), f"{name}.down")
            x = self._norm(x, "last", 1e-5)
            pointed = (self._linear(x, "point") @ pointed_at.T)[0] / np.sqrt(x.shape[1])
            if copied and last - COPIED < len(words):
                pointed[last - COPIED] += self._of["next"][0]
            scores = np.concatenate([self._linear(x, "say")[0], pointed])
            allowed = np.array(grammar.allowed())
            best = int(allowed[scores[allowed].argmax()])
            sure.append(float(np.exp(scores[best] - scores.max()) / np.exp(scores - scores.max()).sum()))
            symbols.append(best)
            grammar.take(best)
            if best == END:
                break
            last = best + 1 if best >= COPIED else best
        return Written(tuple(symbols), tuple(sure))

    def gist(self, words: Sequence[str]) -> Floats:
        """What the encoder sees of a whole sentence (3 × width): its first piece, the mean and the greatest
        of all, of at most ``MOST_WORDS`` words.
        """
        seen = self._read(spelt(words[:MOST_WORDS], self.pieces).pieces)
        return np.concatenate([seen[0], seen.mean(axis=0), seen.max(axis=0)])

    def signs(self, words: Sequence[str]) -> Floats:
        """What tells a wish from talk (3 × width + ``COUNT``): the gist of a sentence and its forms."""
        return np.concatenate([self.gist(words), forms(words)])

    def wish(self, words: Sequence[str]) -> float:
        """How likely a sentence wants something done, in 0…1; 1 where nobody trained that."""
        if "wish.weight" not in self._of:
            return 1.0
        return float(1 / (1 + np.exp(-self._linear(self.signs(words), "wish")[0])))

    def _read(self, pieces: Sequence[int]) -> Floats:
        numbers = list(pieces)
        x = _scaled(self._rows[numbers].astype(np.float32), self._scales[numbers])
        x = self._norm(x + self._of["places"][: len(numbers)], "norm", 1e-12)
        for number in range(self._reading):
            name = f"reading.{number}"
            keys = self._keys(x, f"{name}.attention", _HEADS)
            x = self._norm(x + self._attend(x, f"{name}.attention", keys, _HEADS), f"{name}.norm1", 1e-12)
            hidden = _gelu(self._linear(x, f"{name}.up"))
            x = self._norm(x + self._linear(hidden, f"{name}.down"), f"{name}.norm2", 1e-12)
        return x

    def _keys(self, x: Floats, name: str, heads: int) -> tuple[Floats, Floats]:
        """Keys and values (heads, rows, width of a head)."""
        return _split(self._linear(x, f"{name}.k"), heads), _split(self._linear(x, f"{name}.v"), heads)

    def _attend(self, x: Floats, name: str, keys: tuple[Floats, Floats], heads: int) -> Floats:
        asked = _split(self._linear(x, f"{name}.q"), heads)
        scores = asked @ keys[0].transpose(0, 2, 1) / np.float32(np.sqrt(asked.shape[-1]))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ keys[1]
        return self._linear(mixed.transpose(1, 0, 2).reshape(len(x), -1), f"{name}.o")

    def _linear(self, x: Floats, name: str) -> Floats:
        made: Floats = x @ self._of[f"{name}.weight"] + self._of[f"{name}.bias"]
        return made

    def _norm(self, x: Floats, name: str, least: float) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(least))
        made: Floats = centred / spread * self._of[f"{name}.weight"] + self._of[f"{name}.bias"]
        return made


_TABLES = ("symbols.weight", "steps.weight")


def _scaled(rows: Floats, scales: NDArray[np.generic]) -> Floats:
    """Rows (R, C) times scales (R, G), each of which holds for C / G numbers."""
    made: Floats = rows.reshape(*scales.shape, -1) * scales.astype(np.float32)[..., None]
    return made.reshape(rows.shape)


def _split(x: Floats, heads: int) -> Floats:
    return x.reshape(len(x), heads, -1).transpose(1, 0, 2)


def _gelu(x: Floats) -> Floats:
    """The usual approximation by a hyperbolic tangent (Hendrycks and Gimpel 2016, arXiv 1606.08415)."""
    inner = np.float32(0.7978846) * (x + np.float32(0.044715) * x * x * x)
    made: Floats = np.float32(0.5) * x * (1 + np.tanh(inner))
    return made
