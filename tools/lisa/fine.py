"""A second, finer mask decoder: LISA's coarse mask drawn again on the picture itself.

SAM decodes a mask on a grid of a quarter of its input; the pocket model's has 128 cells a side, too coarse
for the legs of a table. As in HQ-SAM (Ke et al. 2023, arXiv 2306.01567) early features of the picture meet
the mask once more. Here they come from a small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) that reads
the picture at twice SAM's size together with SAM's own embedding, once a picture. Each mask then goes through
the light half of it, steered by the embedding of its [SEG] (FiLM, Perez et al. 2018, arXiv 1709.07871).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

SCALE: Final = 2
"""The picture is read at so many times SAM's input size."""
_MULTIPLE: Final = 32
_WIDE: Final = (24, 48, 64, 96, 128)
"""Channels of the picture's features at half the size that is read, a quarter, an eighth …"""
_SLIM: Final = (16, 32, 48, 64, 96)
"""Channels of a mask's features at the same sizes."""
_COARSE: Final = 1
"""The level of the coarse mask, and …"""
_EMBEDDED: Final = 3
"""… that of SAM's embedding."""


@dataclass(frozen=True)
class FineFeatures:
    """What depends on the picture alone: for each level what it adds to a mask's features, (1, c, h, w), and
    the ``size`` (height, width) of the part that is picture.
    """

    levels: tuple[Tensor, ...]
    size: tuple[int, int]

    def to(self, device: torch.device) -> FineFeatures:
        """The same on a device."""
        return FineFeatures(tuple(level.to(device) for level in self.levels), self.size)


def fine_pixels(picture: NDArray[np.uint8], side: int) -> tuple[Tensor, tuple[int, int]]:
    """An RGB picture (H, W, 3) as the fine decoder reads it: float32 (1, 3, h, w), its longer side ``side``
    and padded with zeros at the right and the bottom; and its (height, width) without the padding.
    """
    high, wide = picture.shape[:2]
    scale = side / max(high, wide)
    size = max(1, int(high * scale + 0.5)), max(1, int(wide * scale + 0.5))
    image = Image.fromarray(picture)
    if image.size != size[::-1]:
        image = image.resize(size[::-1], Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    padded = np.zeros([3, *(-(-each // _MULTIPLE) * _MULTIPLE for each in size)], np.float32)
    padded[:, : size[0], : size[1]] = np.asarray(image, np.float32).transpose(2, 0, 1) / 127.5 - 1
    return torch.from_numpy(padded)[None], size


class FineDecoder(nn.Module):
    """See the module's docstring. ``width`` is that of SAM's embedding and of [SEG]'s."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(12, _WIDE[0], 3, padding=1)
        self.reading = nn.ModuleList(
            _Stage(before + (width if level == _EMBEDDED else 0), after, before)
            for level, (before, after) in enumerate(zip(_WIDE, _WIDE[1:], strict=False), 1)
        )
        self.shown = nn.ModuleList(
            nn.Conv2d(wide, slim, 3, padding=1) for wide, slim in zip(_WIDE, _SLIM, strict=True)
        )
        self.meant = nn.ModuleList(nn.Linear(width, 2 * slim) for slim in _SLIM[_COARSE:])
        self.given = nn.Conv2d(1, _SLIM[_COARSE], 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1)
            for before, after in zip(_SLIM[_COARSE:], _SLIM[_COARSE + 1 :], strict=False)
        )
        self.over = nn.Linear(2 * _SLIM[-1], _SLIM[-1])
        self.up = nn.ModuleList(
            nn.Conv2d(after, before, 1) for before, after in zip(_SLIM, _SLIM[1:], strict=False)
        )
        self.joined = nn.ModuleList(nn.Conv2d(slim, slim, 3, padding=1) for slim in _SLIM[:-1])
        self.last = nn.Conv2d(_SLIM[0], 4, 3, padding=1)
        self.there = nn.Sequential(
            nn.Linear(2 * _SLIM[-1] + 2 * _SLIM[_COARSE] + width + 1, 64), nn.ReLU(), nn.Linear(64, 1)
        )
        nn.init.zeros_(self.last.weight)
        for condition in self.meant:
            nn.init.normal_(cast(nn.Linear, condition).weight, std=0.02)

    def look(self, pixels: Tensor, embedding: Tensor, size: tuple[int, int]) -> FineFeatures:
        """Read a picture once. ``pixels`` (1, 3, h, w) and ``size`` are ``fine_pixels``'; ``embedding``
        (1, width, H, W) is SAM's.
        """
        features = F.relu(self.first(F.pixel_unshuffle(pixels, 2)))
        levels = [self.shown[0](features)]
        for level, stage in enumerate(self.reading, 1):
            beside = embedding if level == _EMBEDDED else None
            features = stage(features, beside)
            levels.append(self.shown[level](features))
        return FineFeatures(tuple(levels), size)

    def forward(
        self, seen: FineFeatures, low: Tensor, seg: Tensor, said: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The masks of a picture again: logits (n, h, w) at the size that was read, and the log-odds (n,)
        that the thing is there at all.

        ``low``: SAM's logits (n, 4H, 4W); ``seg``: the embeddings (n, width) of [SEG]; ``said``: the log-odds
        (n,) of yes over no in the model's answer.
        """
        levels = seen.levels
        coarse = _cut(low[:, None], levels[_COARSE])
        states = [F.relu(self.given(coarse / 4) + levels[_COARSE])]
        for down, skip in zip(self.down, levels[_COARSE + 1 :], strict=True):
            states.append(F.relu(down(states[-1]) + skip))
        made = states[-1]
        pooled = torch.cat([made.mean((2, 3)), made.amax((2, 3))], 1)
        made = F.relu(made + self.over(pooled)[..., None, None])
        for level in range(len(_SLIM) - 1, -1, -1):
            if level < len(_SLIM) - 1:
                raised = F.interpolate(self.up[level](made), scale_factor=2.0, mode="bilinear")
                skip = states[level - _COARSE] if level >= _COARSE else levels[level]
                made = F.relu(raised + skip)
            if level >= _COARSE:
                gain, shift = self.meant[level - _COARSE](seg)[..., None, None].chunk(2, 1)
                made = made * (1 + gain) + shift
            if level < len(_SLIM) - 1:
                made = made + F.relu(self.joined[level](made))
            if level == _COARSE:
                kept = torch.cat([made.mean((2, 3)), made.amax((2, 3))], 1)
        signs = torch.cat([pooled, kept, seg, said[:, None] / 4], 1)
        raised = F.interpolate(coarse, scale_factor=4.0, mode="bilinear")
        logits = F.pixel_shuffle(self.last(made), 2) + raised
        return logits[:, 0, : seen.size[0], : seen.size[1]], self.there(signs)[:, 0]


class _Stage(nn.Module):
    """A level of the picture's features: half the size, then a residual convolution."""

    def __init__(self, before: int, after: int, taken: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(taken, after, 3, stride=2, padding=1)
        self.beside = nn.Conv2d(before - taken, after, 1) if before > taken else None
        self.norm = nn.GroupNorm(4, after)
        self.again = nn.Conv2d(after, after, 3, padding=1)

    def forward(self, features: Tensor, beside: Tensor | None) -> Tensor:
        made = self.down(features)
        if self.beside is not None and beside is not None:
            made = made + _cut(self.beside(beside), made)
        made = F.relu(self.norm(made))
        return cast(Tensor, made + F.relu(self.again(made)))


def _cut(square: Tensor, like: Tensor) -> Tensor:
    """The upper left part of what covers SAM's padded square, as large as ``like``."""
    high, wide = like.shape[-2:]
    cut = square[..., :high, :wide]
    return F.pad(cut, (0, wide - cut.shape[-1], 0, high - cut.shape[-2]))
