"""An eye for surfaces: a small network that looks at latents, and what it sees of a painter's guess.

The squared error of a flow is smallest for the mean of all pictures that may be meant, which has no texture,
and it hardly changes with the word for a material. So the painter's guess of the clean latent is also looked
at by a network that was trained on true latents to name the kind, the colour and the material of the thing
in the mask: its names should be those of the prompt (cross-entropy), and the statistics of its features
inside the mask those of the truth (Gatys et al. 2015, arXiv 1505.07376; on latents: Kang et al. 2024, arXiv
2405.05967). It is thrown away after training, and it is not the judge of ``evaluation.painters.materials``,
which sees pixels and was trained apart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pocket import rooms
from pocket.rooms.expressions import noun_of
from training import loop
from training.pocket.latents import Latents

STEPS: Final = 4000
BATCH: Final = 32
NOISE: Final = 0.35
"""The most noise that is laid on true latents: the eye is not to be led by what nobody would see."""


def labels(prompts: Sequence[str]) -> torch.Tensor:
    """Kind, colour and material that each prompt names, int64 (n, 3); -1 where it names none."""
    rows = []
    for prompt in prompts:
        kind, material = _named(prompt, _KINDS), _named(prompt, _MATERIALS)
        # The black of "black metal" is not a colour of its own.
        rest = prompt if material < 0 else prompt.replace(rooms.MATERIALS[material], "")
        rows.append((kind, _named(rest, _COLOURS), material))
    return torch.tensor(rows, dtype=torch.long).view(-1, 3)


def _named(prompt: str, table: list[tuple[re.Pattern[str], int]]) -> int:
    return next((place for pattern, place in table if pattern.search(prompt)), -1)


def _table(names: dict[str, int]) -> list[tuple[re.Pattern[str], int]]:
    """Longest first: "light blue" is not "blue", a "coffee table" is not a "table"."""
    longest = sorted(names.items(), key=lambda pair: -len(pair[0]))
    return [(re.compile(rf"\b{re.escape(name)}s?\b"), place) for name, place in longest]


_KINDS: Final = _table(
    {
        word: place
        for place, kind in enumerate(rooms.KINDS)
        for word in (noun_of(kind), *rooms.SYNONYMS.get(kind, ()))
    }
)
_COLOURS: Final = _table({word: place for place, word in enumerate(rooms.COLOURS)})
_MATERIALS: Final = _table({word: place for place, word in enumerate(rooms.MATERIALS)})


class Eye(nn.Module):
    """Names kind, colour and material of what a mask covers in a latent of 8 channels."""

    def __init__(self) -> None:
        super().__init__()
        widths = (9, 48, 64, 96, 96, 128)
        strides = (1, 1, 2, 1, 2)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride, 1) for a, b, stride in zip(widths, widths[1:], strides, strict=False)
        )
        self.sizes = [len(rooms.KINDS), len(rooms.COLOURS), len(rooms.MATERIALS)]
        self.names = nn.Linear(2 * sum(widths[1:]), sum(self.sizes))

    def forward(self, latents: torch.Tensor, inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features' statistics (n, 864) and the names' logits (n, kinds + colours + materials).

        ``latents`` (n, 8, h, w), ``inside`` (n, 1, h, w), the share of each latent that the mask covers.
        """
        state, parts = torch.cat([latents, inside], 1), []
        for layer in self.layers:
            state = F.gelu(layer(state), approximate="tanh")
            share = F.adaptive_avg_pool2d(inside, (state.shape[2], state.shape[3])) + 1e-4
            total = share.sum((2, 3))
            mean = (state * share).sum((2, 3)) / total
            spread = ((state - mean[..., None, None]).square() * share).sum((2, 3)) / total
            parts += [mean, (spread + 1e-4).sqrt()]
        seen = torch.cat(parts, 1).float()
        return seen, self.names(seen)

    def misnamed(self, logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Cross-entropy (n,), the mean over what is named of kind, colour and material; 0 where nothing
        is.
        """
        lost = torch.stack(
            [
                F.cross_entropy(part, true, ignore_index=-1, reduction="none", label_smoothing=0.05)
                for part, true in zip(torch.split(logits, self.sizes, 1), wanted.unbind(1), strict=True)
            ],
            1,
        )
        return lost.sum(1) / (wanted >= 0).sum(1).clamp(min=1)


def inside_of(mask: torch.Tensor) -> torch.Tensor:
    """A mask of pixels (n, H, W) as the share of each latent that it covers, float (n, 1, H/8, W/8)."""
    return F.avg_pool2d(mask[:, None].float(), 8)


def load(file: Path, latents: Latents, held_out: Latents, device: torch.device, steps: int = STEPS) -> Eye:
    """The eye of a run: read from ``file``, or trained on true latents for ``steps`` and stored there."""
    eye = Eye().to(device)
    if file.exists():
        eye.load_state_dict(torch.load(file, map_location=device, weights_only=True))
    else:
        _train(eye, latents, held_out, device, steps)
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(eye.state_dict(), file)
    return eye.eval().requires_grad_(False)


def _train(eye: Eye, latents: Latents, held_out: Latents, device: torch.device, steps: int) -> None:
    began = time.monotonic()
    optimiser = torch.optim.AdamW(eye.parameters(), lr=2e-3, weight_decay=0.02)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for number in range(steps):
        lost, _ = _look(eye, latents, np.random.default_rng([number, 11]), device)
        optimiser.zero_grad(set_to_none=True)
        lost.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        slower.step()
        if (number + 1) % 500 == 0 or number + 1 == steps:
            eye.eval()
            with torch.no_grad():
                tests = [_look(eye, held_out, np.random.default_rng([n, 12]), device)[1] for n in range(8)]
            eye.train()
            shares = [round(float(np.nanmean([t[i] for t in tests])), 3) for i in range(3)]
            minutes = (time.monotonic() - began) / 60
            print(
                f"eye: step {number + 1}, {minutes:.1f} min, held out: kind, colour, material {shares}",
                flush=True,
            )


def _look(
    eye: Eye, latents: Latents, rng: np.random.Generator, device: torch.device
) -> tuple[torch.Tensor, list[float]]:
    """The loss on one batch of true latents, and the shares of kinds, colours and materials named right."""
    _, tensors, prompts = latents.batch(rng, "fill", BATCH)
    truth = tensors["truth"].to(device).float()
    if eye.training:
        generator = torch.Generator(device).manual_seed(int(rng.integers(2**31)))
        strength = NOISE * torch.rand(len(truth), 1, 1, 1, generator=generator, device=device)
        truth = truth + strength * torch.randn(truth.shape, generator=generator, device=device)
    wanted = labels(prompts).to(device)
    with loop.mixed_precision(device.type):
        _, logits = eye(truth, inside_of(tensors["mask"].to(device)))
    lost = eye.misnamed(logits.float(), wanted).mean()
    right: list[Any] = []
    for part, true in zip(torch.split(logits, eye.sizes, 1), wanted.unbind(1), strict=True):
        known = true >= 0
        right.append(float((part.argmax(1) == true)[known].float().mean()) if known.any() else float("nan"))
    return lost, right
