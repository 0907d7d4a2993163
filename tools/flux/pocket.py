"""The pocket FLUX models: the published ones' classes and pipelines, trained here on drawn rooms.

They are not distilled, so they are asked twice for guidance (see ``tools.flux.guidance``). They are painted
with one job at a time: so the same request gives the same pixels whatever it is painted with.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import FluxFillPipeline, FluxKontextInpaintPipeline
from diffusers.utils import logging

from tools.flux.engine import FluxEngine
from tools.flux.family import FAMILIES, FamilyName
from tools.flux.wording import pocket_wording
from tools.flux.words import Resident, Vocabulary
from tools.pocket import weights_folder

AREA = 192 * 192
STEPS = 8
GUIDANCE = 2.0
FIRMER = 4.0
"""Twice the guidance shows a colour that once did not, and is harder on materials (see pocket/README.md)."""
TOKENS = 16
"""The prompt length that the pocket text encoders were trained with, in tokens."""


def load_fill_pocket() -> FluxEngine:
    """The pocket FLUX-Fill. Raises ``EngineError`` when its weights are not there."""
    return _engine("fill", _pocket_fill(), weights_folder("flux-fill"))


def load_kontext_pocket() -> FluxEngine:
    """The pocket FLUX-Kontext, which shares all but its transformer with Fill. Raises
    ``EngineError`` when its weights are not there.
    """
    fill = _pocket_fill()
    folder = weights_folder("flux-kontext")
    shared = {
        part: getattr(fill, part)
        for part in ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler")
    }
    pipeline = FluxKontextInpaintPipeline.from_pretrained(str(folder), **shared, dtype=torch.float32)
    return _engine("kontext", _quiet(pipeline), folder)


def _engine(family: FamilyName, pipeline: Any, folder: Path) -> FluxEngine:
    return FluxEngine(
        f"flux-{family}-pocket",
        pipeline,
        FAMILIES[family],
        Vocabulary(Resident(pipeline, TOKENS)),
        pocket_wording,
        revision=_revision(folder),
        areas=(AREA,),
        steps=STEPS,
        guidance=GUIDANCE,
        firmer=FIRMER,
        distilled=False,
    )


@cache
def _pocket_fill() -> Any:
    logging.disable_progress_bar()
    pipeline = FluxFillPipeline.from_pretrained(str(weights_folder("flux-fill")), dtype=torch.float32)
    return _quiet(pipeline)


def _quiet(pipeline: Any) -> Any:
    """The pipeline without bars of its own (the chat shows the steps), on the device that there is."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to("cuda" if torch.cuda.is_available() else "cpu")


def _revision(folder: Path) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of a folder's weight files."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
