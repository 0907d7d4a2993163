"""The pocket FLUX models: the published ones' classes and pipelines, trained here on drawn rooms.

They are not distilled, so they are asked twice for guidance (see ``tools.inpainting.flux.guidance``). They
are painted with one job at a time: so the same request gives the same pixels whatever it is painted with.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxFillPipeline, FluxKontextInpaintPipeline
from diffusers.utils import logging

from tools.engines.pocket_weights import weights_folder
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.flux.family import FAMILIES, FamilyName
from tools.inpainting.flux.prompt_cache import PromptCache, TextEncoders
from tools.inpainting.flux.prompt_template import pocket_template

AREA = 192 * 192
STEPS = 8
GUIDANCE: dict[FamilyName, float] = {"fill": 2.0, "kontext": 3.0}
TEMPERATURE: dict[FamilyName, float] = {"fill": 0.8, "kontext": 0.7}
"""The noise to begin with, of what the models were trained on. pocket/README.md says what both give."""
RETRY_GUIDANCE = 2.0
"""How many times that guidance shows what once did not show."""
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
    return _engine("kontext", _ready(pipeline, "kontext"), folder)


def _engine(family: FamilyName, pipeline: Any, folder: Path) -> FluxEngine:
    return FluxEngine(
        f"flux-{family}-pocket",
        pipeline,
        FAMILIES[family],
        PromptCache(TextEncoders(pipeline, TOKENS)),
        pocket_template,
        revision=_revision(folder, TEMPERATURE[family]),
        areas=(AREA,),
        steps=STEPS,
        guidance=GUIDANCE[family],
        retry_guidance=RETRY_GUIDANCE * GUIDANCE[family],
        distilled=False,
    )


@cache
def _pocket_fill() -> Any:
    logging.disable_progress_bar()
    pipeline = FluxFillPipeline.from_pretrained(str(weights_folder("flux-fill")), dtype=torch.float32)
    return _ready(pipeline, "fill")


class _Tempered(FlowMatchEulerDiscreteScheduler):  # type: ignore[misc]
    """Begins with less noise than a model was trained on: a small one then paints calmer surfaces."""

    temperature: float = 1.0

    def scale_noise(self, sample: torch.Tensor, timestep: Any, noise: torch.Tensor) -> torch.Tensor:
        """The sample (b, c, h, w) at a time, with its share of the noise."""
        scaled: torch.Tensor = super().scale_noise(sample, timestep, noise * self.temperature)
        return scaled


def _ready(pipeline: Any, family: FamilyName) -> Any:
    """The pipeline without bars of its own (the chat shows the steps), on the device that there is."""
    pipeline.scheduler = _Tempered.from_config(pipeline.scheduler.config)
    pipeline.scheduler.temperature = TEMPERATURE[family]
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to("cuda" if torch.cuda.is_available() else "cpu")


def _revision(folder: Path, temperature: float) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of all that a request does not say and pixels depend on:
    the noise's share, and a folder's weight files.
    """
    digest = hashlib.sha256(f"{temperature}".encode())
    for file in sorted(folder.rglob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
