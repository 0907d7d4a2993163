"""Stable Diffusion 1.5's inpainting model behind the interface of ``tools.inpainting.base``.

The model (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022) sees the crop
without what is under the mask, the mask, and the noise. With a latent consistency adapter (Luo et al.,
"LCM-LoRA", 2023, arXiv 2311.05556) four steps without guidance suffice. On a processor a tiny autoencoder
stands in for the model's own, which would take as long as three steps: what it loses is lost within the mask
alone, since the picture's own pixels stay everywhere else.

A thing that is replaced or added begins as noise. One that is restyled begins as itself under four fifths of
the noise, so that its form and its light stay.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import prompts
from tools.engines import download, number_formats, presets, specs, stored_weights
from tools.engines.library_logging import quiet
from tools.engines.unreadable import reading, unreadable
from tools.engines.weight_transfer import bytes_of, move
from tools.errors import Cancelled, EngineError, OutOfMemory
from tools.inpainting.base import Capabilities, Job, PaintingStep, StepListener, share_of
from tools.inpainting.stable_diffusion import attention
from tools.inpainting.stable_diffusion.adapter import merge
from tools.segmenting.base import CancelCheck, never

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "sd15-inpainting"
_MODEL, _FEW_STEPS, _ = specs.ENGINES[NAME].repositories
(ADAPTER,) = _FEW_STEPS.files

AREA: Final = 512 * 512
STEPS: Final = 4
KEPT: Final = 64
"""How many texts stay encoded, the latest used ones: at most 15 MB."""

BEGIN: Final = {"restyle": 0.8}
"""The share of the noise's way that an edit begins at, by kind; all of it where none is told."""

_AUTOENCODER: Final = 0.4
"""The tiny autoencoder's time both ways, in steps."""

RETRY_GUIDANCE: Final = 1.5
"""The guidance of a second try. More than 2 burns the colours of a model of few steps."""


class StableDiffusionEngine:
    """A pipeline of diffusers that keeps the ``Inpainter`` interface, and that of a resident on the card."""

    multiple = 64
    area = AREA
    steps = STEPS
    guidance = 1.0
    capabilities = Capabilities(retry_guidance=RETRY_GUIDANCE)

    def __init__(self, name: str, pipeline: Any, revision: str, device: torch.device) -> None:
        """``pipeline`` is a ``StableDiffusionInpaintPipeline`` of a distilled model; ``device`` is where it
        works.
        """
        self.name = name
        self.revision = revision
        self._pipeline = pipeline
        self._device = device
        self._texts: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._template = _template()
        self._cancelled: CancelCheck = never
        self._estimated = False
        unet = pipeline.unet
        for part in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
            part.register_forward_pre_hook(self._look)

    @property
    def weight_bytes(self) -> int:
        """What its weights take, in bytes."""
        return bytes_of(*self._parts())

    @property
    def working_bytes(self) -> int:
        """The bytes of a card that it works with beside them."""
        return presets.working_bytes(self.name)

    def to_card(self) -> None:
        """Bring the weights to where it works. Raises ``OutOfMemory`` when they do not fit."""
        with self._guarded():
            self._move(self._device)

    def offload(self) -> None:
        """Move the weights to RAM."""
        self._move(torch.device("cpu"))
        self._pipeline.scheduler.set_timesteps(1, device="cpu")  # the latest steps lay on the card
        _free()

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[NDArray[np.uint8]]:
        """Paint every job and return the whole crops, uint8 RGB of the crops' sizes, in order.

        ``progress`` hears of each step, the second with a preview. Raises ``Cancelled`` within one block of
        layers of a cancel, ``OutOfMemory`` where the card is too small.
        """
        total, done, painted = sum(job.steps for job in jobs), 0, []
        with self._guarded(), torch.inference_mode():
            self._cancelled = cancelled
            self._look()
            self._move(self._device)
            if progress is not None and not self._estimated and self._device.type == "cpu":
                self._estimated = True
                seconds = max(1, round(self._seconds(total)))
                progress(PaintingStep(0, total, note=f"painting takes about {seconds} s on this machine"))
            for job in jobs:
                painted.append(self._paint(job, share_of(progress, done, job.steps, total)))
                done += job.steps
        return painted

    def _seconds(self, steps: int) -> float:
        """About how long so many steps will take, from two small passes; the first one only warms up."""
        unet = self._pipeline.unet
        latent = torch.zeros(1, 9, 32, 32, dtype=unet.dtype)
        words = torch.zeros(1, 77, unet.config.cross_attention_dim, dtype=unet.dtype)
        began = 0.0
        for _ in range(2):
            began = time.perf_counter()
            unet(latent, 1, words)
        pixels = self.area / (8 * 32) ** 2
        return (time.perf_counter() - began) * pixels * (steps + _AUTOENCODER)

    def _paint(self, job: Job, progress: StepListener | None) -> NDArray[np.uint8]:
        pipeline = self._pipeline
        height, width = job.mask.shape
        begin = BEGIN.get(job.kind, 1.0)
        words = self._embedding(self._template(job))
        against = {"negative_prompt_embeds": self._embedding("")} if job.guidance > 1 else {}

        def after(_: Any, step: int, __: Any, values: dict[str, Any]) -> dict[str, Any]:
            self._look()
            if not bool(torch.isfinite(values["latents"]).all()):
                raise EngineError(
                    f"{self.name} could not paint this in this machine's number format: nothing was changed."
                )
            if progress is not None:
                preview = self._preview() if step == 1 and job.steps > 2 else None
                progress(PaintingStep(step + 1, job.steps, preview))
                self._look()
            return values

        output = pipeline(
            prompt_embeds=words,
            **against,
            image=Image.fromarray(job.crop),
            mask_image=Image.fromarray(job.mask.astype(np.uint8) * 255),
            height=height,
            width=width,
            strength=begin,
            num_inference_steps=math.ceil(job.steps / begin),
            guidance_scale=job.guidance,
            generator=torch.Generator("cpu").manual_seed(job.seed),
            callback_on_step_end=after,
            output_type="pt",
        )
        return _levels(output.images[0])

    def _preview(self) -> NDArray[np.uint8]:
        """What the picture is heading for, at half its size."""
        latent = torch.nn.functional.avg_pool2d(self._pipeline.scheduler.heading_for, 2)
        vae = self._pipeline.vae
        picture = vae.decode(latent.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0][0]
        return _levels(picture.float().clamp(-1, 1) / 2 + 0.5)

    def _embedding(self, text: str) -> torch.Tensor:
        """A text as the model is told it, (1, 77, 768)."""
        if text not in self._texts:
            encoded, _ = self._pipeline.encode_prompt(text, self._device, 1, False)
            self._texts[text] = encoded.cpu()
        self._texts.move_to_end(text)
        while len(self._texts) > KEPT:
            self._texts.popitem(last=False)
        return self._texts[text].to(self._device)

    def _look(self, *_: object) -> None:
        if self._cancelled():
            raise Cancelled

    def _parts(self) -> list[Any]:
        return [getattr(self._pipeline, part) for part in ("unet", "vae", "text_encoder")]

    def _move(self, device: torch.device) -> None:
        for part in self._parts():
            if part.device.type != device.type:
                move(part, device)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Work that leaves nothing behind, whatever happens."""
        try:
            yield
            return
        except torch.OutOfMemoryError:
            pass
        finally:
            self._cancelled = never
        _free()
        raise OutOfMemory(
            f"The graphics card ran out of memory while {self.name} worked: close other programs that use it."
        )


def load(name: str = NAME) -> StableDiffusionEngine:
    """The published model, from this machine alone. Raises ``EngineError`` when it is not there."""
    return from_folders(name, *stored_weights.find(name))


def from_folders(name: str, model: Path, few_steps: Path, small_vae: Path) -> StableDiffusionEngine:
    """Load from folders in the published layouts. Raises ``EngineError`` for what is not whole."""
    import diffusers
    import transformers
    from safetensors.torch import load_file

    from tools.inpainting.stable_diffusion.scheduler import FewSteps

    if not download.is_whole(_MODEL, model):
        raise unreadable(name, model, "it is no whole Stable Diffusion inpainting model")
    device = number_formats.device_of_small_models()
    dtype = number_formats.of_small_models()
    settings: dict[str, Any] = {"local_files_only": True, "variant": "fp16"}
    with reading(f"The adapter of {name}", few_steps):
        adapter = load_file(few_steps / ADAPTER)
    with reading(name, model), quiet(transformers, diffusers):
        unet = diffusers.UNet2DConditionModel.from_pretrained(
            str(model / "unet"), dtype=torch.float32, **settings
        )
        if unet.config.in_channels != 9:
            raise ValueError("it is not made for inpainting")
        with reading(f"The adapter of {name}", few_steps):
            merge(unet, adapter)
        if device.type == "cpu":
            with reading(f"The small autoencoder of {name}", small_vae):
                vae = diffusers.AutoencoderTiny.from_pretrained(
                    str(small_vae), dtype=dtype, local_files_only=True
                )
        else:
            vae = diffusers.AutoencoderKL.from_pretrained(str(model / "vae"), dtype=dtype, **settings)
        pipeline = diffusers.StableDiffusionInpaintPipeline(
            vae=vae,
            text_encoder=transformers.CLIPTextModel.from_pretrained(
                str(model / "text_encoder"), dtype=dtype, **settings
            ),
            tokenizer=transformers.CLIPTokenizer.from_pretrained(
                str(model / "tokenizer"), local_files_only=True
            ),
            unet=unet.to(dtype),
            scheduler=FewSteps.from_pretrained(str(model / "scheduler"), local_files_only=True),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.set_progress_bar_config(disable=True)
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.eval().requires_grad_(False)
    if device.type == "cpu":
        pipeline.unet.to(memory_format=torch.channels_last)
    in_pieces = attention.applies(dtype, device)
    if in_pieces:
        pipeline.unet.set_attn_processor(attention.InPieces())
    arithmetic = "in pieces" if in_pieces else ""
    revision = _revision(model, few_steps, small_vae, arithmetic=arithmetic)
    return StableDiffusionEngine(name, pipeline, revision, device)


def _revision(*folders: Path, arithmetic: str = "") -> str:
    """What identifies the weights, how they are computed with, and the rest that a request does not say, in
    12 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{BEGIN}{arithmetic}".encode())
    for folder in folders:
        if folder.parent.name == "snapshots":
            digest.update(folder.name.encode())
            continue
        for file in sorted(folder.rglob("*.safetensors")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _template() -> Callable[[Job], str]:
    """The model is told what is to be seen, as the caption of a photograph would say it."""
    text = prompts.read("paint-sd15.txt").strip()
    return lambda job: text.format(prompt=" ".join(job.prompt.split()))


def _levels(picture: torch.Tensor) -> NDArray[np.uint8]:
    """A picture (3, H, W), 0 to 1, as uint8 RGB (H, W, 3)."""
    levels = (picture.float().clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())


def _free() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
