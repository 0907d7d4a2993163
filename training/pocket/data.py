"""Reading the painter's samples back: all shards in memory as uint8, batches by working size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

HELD_OUT_SHARD: Final = 0
"""The shard that no training takes a batch from."""


class Samples:
    """All samples of a folder. ``sizes`` maps "WxH" to (uint8 (n, h, w, 7): truth, before and mask; their
    words).
    """

    def __init__(self, folder: Path) -> None:
        self.train: dict[str, tuple[NDArray[np.uint8], list[dict[str, str]]]] = {}
        self.test: dict[str, tuple[NDArray[np.uint8], list[dict[str, str]]]] = {}
        collected: dict[tuple[bool, str], list[tuple[NDArray[np.uint8], list[dict[str, str]]]]] = {}
        for done in sorted(folder.glob("*.json")):
            words = json.loads(done.read_text(encoding="utf-8"))
            with np.load(done.with_suffix(".npz")) as arrays:
                for size, texts in words.items():
                    held = int(done.stem) == HELD_OUT_SHARD
                    collected.setdefault((held, size), []).append((arrays[size], texts))
        if not any(not held for held, _ in collected):
            raise SystemExit(
                f"There are no samples in {folder}; draw them with python -m training.pocket.samples."
            )
        for (held, size), parts in collected.items():
            joined = (np.concatenate([a for a, _ in parts]), [text for _, texts in parts for text in texts])
            (self.test if held else self.train)[size] = joined

    def crops(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """Random square crops of true pictures, a third of them with the mask greyed as Fill encodes it."""
        sizes = list(self.train)
        made = np.empty((count, side, side, 3), np.uint8)
        for i in range(count):
            stack, _ = self.train[sizes[int(rng.integers(len(sizes)))]]
            sample = stack[int(rng.integers(len(stack)))]
            picture = sample[..., :3] if rng.random() < 0.7 else sample[..., 3:6]
            if rng.random() < 0.33:
                picture = np.where(sample[..., 6:7] > 127, np.uint8(128), picture)
            y = int(rng.integers(picture.shape[0] - side + 1))
            x = int(rng.integers(picture.shape[1] - side + 1))
            crop = picture[y : y + side, x : x + side]
            made[i] = crop[:, ::-1] if rng.random() < 0.5 else crop
        return made

    def held_out(self, count: int) -> NDArray[np.uint8]:
        """True pictures of one size that no training has seen, uint8 (n, h, w, 3)."""
        stack, _ = max(self.test.values(), key=lambda pair: len(pair[0]))
        return stack[:count, ..., :3]
