"""The model that a fine-tuning begins with, by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import torch
from transformers.utils import logging

from tools.engines import specs
from tools.engines.model_name import ModelName
from tools.engines.pocket_weights import weights_folder
from tools.errors import ToolError
from tools.segmenting.lisa import checkpoint, published, text
from tools.segmenting.lisa.model import Lisa

POCKET: Final = "pocket"
_LARGE: Final = 2**30
"""Bytes of weights from which a model is loaded in bfloat16 on a graphics card."""


@dataclass(frozen=True)
class Base:
    """A model to train; ``folder`` has its tokenizer's files."""

    model: Lisa
    tokenizer: text.LisaTokenizer
    folder: Path


def load_base(name: str) -> Base:
    """Load "pocket", a published model by its name ("lisa-7b"), or a folder that has a LISA.

    Raises ``ToolError`` when it is not on this machine or not whole, when it is asked for with quantised
    weights, and when what training needs is not installed.
    """
    if find_spec("peft") is None:
        raise ToolError("Training requires more packages: install them with pip install 'inpalla[train]'.")
    logging.disable_progress_bar()
    if name == POCKET:
        folder = weights_folder("lisa")
    else:
        named = ModelName.parse(name)
        if named.bits != 16:
            raise ToolError(f"A model with {named.bits}-bit weights cannot be trained: use {named.model}.")
        folder = published.find(specs.repository_of(name))
    files = [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    size = sum(file.stat().st_size for file in files)
    dtype = torch.bfloat16 if torch.cuda.is_available() and size > _LARGE else torch.float32
    try:
        if checkpoint.is_published(folder):
            clip = published.find(specs.CLIP.name, beside=folder)
            model = checkpoint.load_published(folder, clip, dtype=dtype)
        else:
            model = Lisa.from_pretrained(str(folder), dtype=dtype)
        return Base(model, text.LisaTokenizer.from_folder(folder), folder)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:150]
        raise ToolError(f"{folder} is not a readable LISA ({reason}).") from error
