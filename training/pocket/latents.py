"""The painters' samples in latent space: encoded once, kept on disk, drawn in batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training import loop
from training.pocket.data import HELD_OUT_SHARD
from training.pocket.vae import to_tensor

Shard = dict[str, dict[str, Any]]
"""One shard of samples as latents, by working size; see ``encode_shard``."""


class Latents:
    """The samples in latent space, by working size: what a training step draws from."""

    def __init__(self, shards: list[Shard]) -> None:
        """Join shards that ``encode_shard`` made."""
        self.sizes: dict[str, dict[str, torch.Tensor]] = {}
        self.words: dict[str, list[dict[str, str]]] = {}
        self.rows: dict[tuple[str, str], NDArray[np.int64]] = {}
        for size in sorted({size for shard in shards for size in shard}):
            parts = [shard[size] for shard in shards if size in shard]
            names = parts[0]["tensors"]
            self.sizes[size] = {name: torch.cat([part["tensors"][name] for part in parts]) for name in names}
            self.words[size] = [word for part in parts for word in part["words"]]
            restyle = np.array([w["task"] == "restyle" for w in self.words[size]])
            # Fill learns from restyled things too: each is a thing with words and a mask.
            self.rows[size, "fill"] = np.arange(len(restyle))
            self.rows[size, "kontext"] = np.flatnonzero(restyle)

    def to(self, device: torch.device) -> Latents:
        """Keep the tensors on a device, so that a batch costs no copy."""
        for tensors in self.sizes.values():
            tensors.update({name: value.to(device) for name, value in tensors.items()})
        return self

    def batch(
        self, rng: np.random.Generator, which: str, count: int, group: int = 1
    ) -> tuple[str, dict[str, torch.Tensor], list[str]]:
        """A random batch of one working size: (size, tensors, prompts). Samples that were drawn in groups
        come in groups.
        """
        sizes = [s for s in self.sizes if len(self.rows[s, which]) > 0]
        weights = np.array([len(self.rows[s, which]) for s in sizes], float)
        size = sizes[int(rng.choice(len(sizes), p=weights / weights.sum()))]
        starts = rng.choice(self.rows[size, which][::group], max(1, count // group))
        rows = (starts[:, None] + np.arange(group)).ravel()
        place = next(iter(self.sizes[size].values())).device
        chosen = torch.from_numpy(rows).to(place)
        tensors = {name: value[chosen] for name, value in self.sizes[size].items()}
        return size, tensors, [self.words[size][row]["prompt"] for row in rows]


def load_latents(
    data: Path, vae_folder: Path, device: torch.device, kept: str = "latents"
) -> tuple[Latents, Latents]:
    """Latents for (training, held out). What was encoded before is read from ``kept`` beside the
    autoencoder.
    """
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(vae_folder).to(device).eval()
    cache = vae_folder.parent / kept
    cache.mkdir(exist_ok=True)
    shards: dict[bool, list[Shard]] = {True: [], False: []}
    for done in sorted(data.glob("*.json")):
        file = cache / f"{done.stem}.pt"
        if not file.exists():
            part = file.with_suffix(".part")
            torch.save(encode_shard(done, vae), part)
            part.replace(file)
            print(f"flux: encoded shard {done.stem}", flush=True)
        shards[int(done.stem) == HELD_OUT_SHARD].append(torch.load(file, weights_only=True))
    if not shards[True] or not shards[False]:
        raise SystemExit(
            f"There are too few samples in {data}: draw them with python -m training.pocket {data.name}."
        )
    return Latents(shards[False]), Latents(shards[True])


@torch.no_grad()
def encode_shard(done: Path, vae: Any, batch: int = 16) -> Shard:
    """One shard of samples as latents, by working size.

    "tensors": float16 (n, 8, h/8, w/8), normalised, of truth, before and masked picture, and the mask,
    bool (n, h, w); "words": the prompts and tasks.
    """
    device = next(vae.parameters()).device
    shift, scale = vae.config.shift_factor, vae.config.scaling_factor
    shard: Shard = {}
    words = json.loads(done.read_text(encoding="utf-8"))
    with np.load(done.with_suffix(".npz")) as arrays:
        for size, texts in words.items():
            made: dict[str, list[torch.Tensor]] = {"truth": [], "before": [], "masked": [], "mask": []}
            for part in np.array_split(arrays[size], range(batch, len(texts), batch)):
                mask = torch.from_numpy(part[..., 6] > 127)
                truth, before = (
                    to_tensor(np.ascontiguousarray(part[..., c : c + 3]), device) for c in (0, 3)
                )
                masked = truth * ~mask[:, None].to(device)
                with loop.mixed_precision(device.type):
                    for name, pictures in (("truth", truth), ("before", before), ("masked", masked)):
                        latents = (vae.encode(pictures).latent_dist.mean.float() - shift) * scale
                        made[name].append(latents.half().cpu())
                made["mask"].append(mask)
            shard[size] = {
                "tensors": {name: torch.cat(parts) for name, parts in made.items()},
                "words": texts,
            }
    return shard
