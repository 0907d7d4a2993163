"""Between pictures and LISA's tensors: what CLIP sees, what SAM sees, and mask logits back at the
picture's size.

Pure functions; the constants are those of the published CLIP and SAM preprocessing.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F

from tools.segmenting.lisa.config import LisaConfig

_CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
_CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
_SAM_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_SAM_STD = np.array([58.395, 57.12, 57.375], np.float32)


def clip_pixels(picture: NDArray[np.uint8], side: int, fit: Literal["crop", "squash"]) -> torch.Tensor:
    """An RGB picture (H, W, 3) as CLIP's input, float32 (1, 3, side, side)."""
    image = Image.fromarray(picture)
    if fit == "squash":
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    else:
        width, height = image.size
        short, long = min(width, height), max(width, height)
        scaled = int(side * long / short)
        size = (side, scaled) if width <= height else (scaled, side)
        image = image.resize(size, Image.Resampling.BICUBIC)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    scaled_pixels = np.asarray(image, np.float32) / 255.0
    normal = (scaled_pixels - _CLIP_MEAN) / _CLIP_STD
    return torch.from_numpy(np.ascontiguousarray(normal.transpose(2, 0, 1)))[None]


def sam_size(height: int, width: int, side: int) -> tuple[int, int]:
    """The (height, width) to which SAM scales a picture so that its longer side is ``side``."""
    scale = side / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def sam_pixels(picture: NDArray[np.uint8], side: int) -> torch.Tensor:
    """An RGB picture (H, W, 3) as SAM's input: scaled, normalised, then padded with zeros at the right
    and the bottom.

    Returns float32 (1, 3, side, side).
    """
    height, width = sam_size(picture.shape[0], picture.shape[1], side)
    image = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
    padded = np.zeros((side, side, 3), np.float32)
    padded[:height, :width] = (np.asarray(image, np.float32) - _SAM_MEAN) / _SAM_STD
    return torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None]


def pixels(picture: NDArray[np.uint8], config: LisaConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """An RGB picture (H, W, 3) as a model of this config takes it: CLIP's input and SAM's."""
    return (
        clip_pixels(picture, config.vision_config.image_size, config.vision_fit),
        sam_pixels(picture, config.sam_config.vision_config.image_size),
    )


def restore_masks(
    logits: torch.Tensor, height: int, width: int, side: int, grid: tuple[int, int] | None = None
) -> torch.Tensor:
    """Low-resolution mask logits (n, h, h) to logits at the picture's size, float32 (n, H, W).

    First to SAM's input size, then cut to the part that is picture, then to (height, width), or to the size
    ``grid`` where the whole picture is wanted at another one; bilinear both times. A pixel is in the mask
    where its logit is > 0.
    """
    resized = sam_size(height, width, side)
    full = F.interpolate(logits[:, None].float(), (side, side), mode="bilinear", align_corners=False)
    cut = full[..., : resized[0], : resized[1]]
    return F.interpolate(cut, grid or (height, width), mode="bilinear", align_corners=False)[:, 0]
