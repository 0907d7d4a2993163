"""FLUX as inpainters: diffusers' own pipelines behind the interface of ``tools.inpaint``.

Two engines: Fill is blind under the mask and paints what is asked there (replace, remove, add); Kontext
sees the whole picture and repaints a surface while the shape stays (restyle). Crops, masks and pasting
back are not their business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import FluxFillPipeline, FluxKontextInpaintPipeline
from diffusers.utils import logging
from numpy.typing import NDArray
from PIL import Image

import prompts
from tools.errors import Cancelled, EngineError
from tools.flux.guidance import guided
from tools.inpaint import Job, Progress, Step
from tools.pocket import weights_folder
from tools.segment import CancelCheck, never

POCKET_AREA = 192 * 192
POCKET_STEPS = 8
POCKET_GUIDANCE = 2.0
"""Classifier-free: the pocket models are not distilled, so their pipelines run under ``guidance.guided``."""
POCKET_TOKENS = 16
"""The prompt length that the pocket text encoders were trained with, in tokens."""


class FluxEngine:
    """A FLUX pipeline that keeps the ``Inpainter`` interface.

    Jobs are painted one at a time: in a batch the same request could give other pixels by a grey level.
    """

    def __init__(
        self,
        name: str,
        pipeline: Any,
        call: Callable[..., Any],
        *,
        revision: str,
        area: int,
        steps: int,
        guidance: float,
        multiple: int = 16,
    ) -> None:
        """``call(pipeline, **settings)`` runs the pipeline on one crop and returns its output."""
        self.name = name
        self.revision = revision
        self.area = area
        self.multiple = multiple
        self.steps = steps
        self.guidance = guidance
        self._pipeline = pipeline
        self._call = call

    def paint(
        self, jobs: Sequence[Job], *, progress: Progress | None = None, cancelled: CancelCheck = never
    ) -> list[NDArray[np.uint8]]:
        """Paint every job and return the whole crops, uint8 RGB of the crops' sizes, in order.

        Raises ``tools.errors.Cancelled`` within one step of a cancel, and ``EngineError`` when memory
        runs out.
        """
        total = sum(job.steps for job in jobs)
        painted: list[NDArray[np.uint8]] = []
        done = 0
        for job in jobs:
            painted.append(self._paint_one(job, done, total, progress, cancelled))
            done += job.steps
        return painted

    def _paint_one(
        self, job: Job, done: int, total: int, progress: Progress | None, cancelled: CancelCheck
    ) -> NDArray[np.uint8]:
        if cancelled():
            raise Cancelled
        height, width = job.mask.shape

        def after_step(_pipeline: Any, step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
            if progress is not None:
                progress(Step(done + step + 1, total))
            if cancelled():
                raise Cancelled
            return values

        try:
            with torch.inference_mode(), guided(self._pipeline, job.guidance, POCKET_TOKENS):
                output = self._call(
                    self._pipeline,
                    prompt=_wording(job),
                    image=Image.fromarray(job.crop),
                    mask_image=Image.fromarray(job.mask.astype(np.uint8) * 255),
                    height=height,
                    width=width,
                    num_inference_steps=job.steps,
                    guidance_scale=1.0,
                    generator=torch.Generator("cpu").manual_seed(job.seed),
                    callback_on_step_end=after_step,
                )
        except torch.OutOfMemoryError as error:
            raise EngineError(
                f"The graphics card ran out of memory while {self.name} painted; use a smaller preset."
            ) from error
        return np.asarray(output.images[0].convert("RGB"), np.uint8)


def _wording(job: Job) -> str:
    """The prompt as the models were trained on it: in lower case, and removal as what is left."""
    if job.kind == "remove":
        return prompts.read("remove.txt").strip()
    return " ".join(job.prompt.lower().split())


def _call_fill(pipeline: Any, **settings: Any) -> Any:
    return pipeline(max_sequence_length=POCKET_TOKENS, **settings)


def _call_kontext(pipeline: Any, **settings: Any) -> Any:
    # Without these two the pipeline scales every picture to about a megapixel.
    area = settings["height"] * settings["width"]
    return pipeline(max_area=area, _auto_resize=False, max_sequence_length=POCKET_TOKENS, **settings)


def load_fill_pocket() -> FluxEngine:
    """The pocket FLUX-Fill. Raises ``EngineError`` when its weights are not there."""
    return FluxEngine(
        "flux-fill-pocket",
        _pocket_fill(),
        _call_fill,
        revision=_revision(weights_folder("flux-fill")),
        area=POCKET_AREA,
        steps=POCKET_STEPS,
        guidance=POCKET_GUIDANCE,
    )


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
    return FluxEngine(
        "flux-kontext-pocket",
        _quiet(pipeline),
        _call_kontext,
        revision=_revision(folder),
        area=POCKET_AREA,
        steps=POCKET_STEPS,
        guidance=POCKET_GUIDANCE,
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
