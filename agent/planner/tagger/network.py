"""The tagger's network in numpy: a small transformer encoder, read once from a safetensors file.

It runs without torch, because a plan must not cost the seconds that importing torch takes. The same network
in torch, for training, is ``pocket.training.tagger.Network``; a test holds the two together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.planner.tagger.words import buckets, traits

Array = NDArray[np.float32]
REACH = 12
"""Words further apart than this are equally far apart."""


@dataclass(frozen=True)
class Scores:
    """Probabilities of one sentence of n words: ``labels`` (n, 10), ``begins`` (n,), ``sorts`` (4,),
    float32.
    """

    labels: Array
    begins: Array
    sorts: Array


class Network:
    """The trained weights, and one forward pass a sentence (about two milliseconds)."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._heads = int(settings["heads"])
        self._layers = int(settings["layers"])
        loaded = load_file(folder / "model.safetensors")
        self._w: dict[str, Array] = {name: value.astype(np.float32) for name, value in loaded.items()}

    def __call__(self, words: tuple[str, ...]) -> Scores:
        """Score the lower-case words of one sentence; at least one."""
        w = self._w
        spelled = np.stack([w["pieces.weight"][list(buckets(word))].mean(axis=0) for word in words])
        seen = np.concatenate([spelled, np.array([traits(word) for word in words], np.float32)], axis=1)
        x = np.concatenate([w["whole"][None], self._linear("enter", seen)])
        near = np.clip(np.subtract.outer(np.arange(len(x)), np.arange(len(x))), -REACH, REACH) + REACH
        for number in range(self._layers):
            x = self._layer(f"layers.{number}", x, near)
        x = self._norm("norm", x)
        return Scores(
            _softmax(self._linear("labels", x[1:])),
            _sigmoid(self._linear("begins", x[1:])[:, 0]),
            _softmax(self._linear("sorts", x[:1]))[0],
        )

    def _layer(self, name: str, x: Array, near: NDArray[np.intp]) -> Array:
        count, width = x.shape
        each = width // self._heads
        q, k, v = (
            self._linear(f"{name}.qkv", self._norm(f"{name}.norm1", x))
            .reshape(count, 3, self._heads, each)
            .transpose(1, 2, 0, 3)
        )
        scores = q @ k.transpose(0, 2, 1) * np.float32(each**-0.5) + self._w[f"{name}.near"][:, near]
        mixed = (_softmax(scores) @ v).transpose(1, 0, 2).reshape(count, width)
        x = x + self._linear(f"{name}.out", mixed)
        hidden = np.maximum(self._linear(f"{name}.up", self._norm(f"{name}.norm2", x)), 0)
        result: Array = x + self._linear(f"{name}.down", hidden)
        return result

    def _linear(self, name: str, x: Array) -> Array:
        result: Array = x @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"]
        return result

    def _norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        result: Array = scaled * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]
        return result


def _softmax(x: Array) -> Array:
    raised: Array = np.exp(x - x.max(axis=-1, keepdims=True))
    total: Array = raised.sum(axis=-1, keepdims=True)
    return raised / total


def _sigmoid(x: Array) -> Array:
    grown: Array = np.exp(-x, dtype=np.float32)
    return np.float32(1) / (np.float32(1) + grown)
