"""One runner for every FLUX: a diffusers pipeline behind the interface of ``tools.inpainting.base``.

It paints whole crops; masks' geometry and pasting back are not its business. Jobs that have their size, steps
and guidance in common go through the pipeline together, at most ``batch_size`` of them. A job's pixels depend
on the job and on how many went together (by a grey level), never on the others; ``Job.batch`` asks for so
many again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tools.engines import gpu_memory, presets
from tools.engines.machine import GIB
from tools.engines.weight_transfer import bytes_of, move
from tools.errors import Cancelled, EngineError, OutOfMemory, is_out_of_memory
from tools.inpainting.base import Capabilities, Job, PaintingStep, StepListener
from tools.inpainting.flux import memory
from tools.inpainting.flux.family import Family
from tools.inpainting.flux.guidance import guided
from tools.inpainting.flux.preview import Previewer
from tools.inpainting.flux.prompt_cache import Embedding, PromptCache
from tools.inpainting.flux.prompt_template import PromptTemplate
from tools.segmenting.base import CancelCheck, never


class FluxEngine:
    """A FLUX pipeline that keeps the ``Inpainter`` interface, and that of a resident on the card."""

    def __init__(
        self,
        name: str,
        pipeline: Any,
        family: Family,
        prompts: PromptCache,
        template: PromptTemplate,
        *,
        revision: str,
        areas: Sequence[int],
        steps: int,
        guidance: float,
        retry_guidance: float | None = None,
        distilled: bool = True,
        batch_size: int = 1,
        device: torch.device | None = None,
    ) -> None:
        """``pipeline`` needs no text encoders; ``prompts`` has them. ``areas`` are the numbers of pixels
        that it paints well at. ``retry_guidance`` is for a second try. ``distilled`` is False for a model
        that must be asked twice to be guided. ``device`` is where it works, not where its weights are now.
        """
        self.name = name
        self.revision = revision
        self.areas = tuple(areas)
        self.area = max(areas)
        self.multiple = 16
        self.steps = steps
        self.guidance = guidance
        self.retry_guidance = retry_guidance
        self.batch_size = batch_size
        self._pipeline = pipeline
        self._family = family
        self._prompts = prompts
        self._template = template
        self._distilled = distilled
        self._device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._streamed = False
        self._too_little: int | None = None
        """The room for itself, in bytes, with which it had to give up its place on the card."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(self.areas, self.batch_size, self.retry_guidance)

    @property
    def pipeline(self) -> Any:
        """The diffusers pipeline, for measuring."""
        return self._pipeline

    @property
    def weight_bytes(self) -> int:
        """What its weights take on the card while it paints, in bytes."""
        parts = [self._pipeline.vae] if self._streamed else [self._pipeline.vae, self._pipeline.transformer]
        return bytes_of(*parts)

    @property
    def working_bytes(self) -> int:
        """The bytes of the card that it works with beside them."""
        return presets.working_bytes(self.name)

    def to_card(self) -> None:
        """Bring the weights to where it works. Raises ``OutOfMemory`` when they do not fit."""
        self._guarded(lambda: self._move(self._device))

    def offload(self) -> None:
        """Move the weights to RAM."""
        self._move(torch.device("cpu"))
        self._pipeline.scheduler.set_timesteps(1, mu=0.0, device="cpu")  # the latest steps lay on the card
        memory.free()

    def stream_weights(self, *, for_good: bool = False) -> None:
        """From now on keep the transformer's weights in RAM, and bring each block to the card for its turn.

        Slower, with the same result; needs a fraction of the memory on the card. No harm twice. See
        :meth:`restore`, which ``for_good`` rules out. Raises ``EngineError`` for 8-bit weights, which the
        library cannot swap.
        """
        if not self._streamed:
            if getattr(self._pipeline.transformer, "is_loaded_in_8bit", False):
                raise EngineError(f"{self.name} cannot be streamed through the card: use 16 or 4 bits.")
            transformer = self._pipeline.transformer
            own = bytes_of(transformer) if transformer.device.type == self._device.type else 0
            self._too_little = None if for_good else memory.unused(self._device) + own
            self._guarded(lambda: memory.stream(transformer, self._device))
            self._streamed = True
            memory.free()

    def restore(self) -> None:
        """Take :meth:`stream_weights` back where the card has room for all of it, and more than last time."""
        if not self._streamed or self._too_little is None:
            return
        needed = bytes_of(self._pipeline.vae, self._pipeline.transformer) + self.working_bytes
        needed = max(needed, self._too_little + GIB // 4)
        vae = self._pipeline.vae
        own = bytes_of(vae) if vae.device.type == self._device.type else 0
        if gpu_memory.manager().obtainable(but=self) + own < needed:
            return  # and nobody leaves for nothing
        self.offload()
        gpu_memory.make_room(needed)
        if memory.unused(self._device) >= needed:
            memory.gather(self._pipeline.transformer)
            self._streamed = False

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[NDArray[np.uint8]]:
        """Paint every job and return the whole crops, uint8 RGB of the crops' sizes, in order.

        ``progress`` hears of each step, some with a preview of the first job that is being painted. Raises
        ``tools.errors.Cancelled`` within one step of a cancel, and ``OutOfMemory``; after both it is as if it
        had never begun.
        """
        if cancelled():
            raise Cancelled
        painted: list[NDArray[np.uint8]] = self._guarded(lambda: self._paint_all(jobs, progress, cancelled))
        return painted

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """Do some work; when it fails, leave nothing of it behind."""
        try:
            return work()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                self._clean()
                raise
        except BaseException:
            self._clean()
            raise
        # Out here the error is gone, and with it the tensors that its frames held.
        self._clean()
        raise OutOfMemory(
            f"The graphics card ran out of memory while {self.name} worked: close other programs that use it,"
            " or choose a smaller preset."
        )

    def _clean(self) -> None:
        if self._pipeline.transformer.is_cache_enabled:
            self._pipeline.transformer._reset_stateful_cache()
        memory.free()

    def _paint_all(
        self, jobs: Sequence[Job], progress: StepListener | None, cancelled: CancelCheck
    ) -> list[NDArray[np.uint8]]:
        words = [self._template(job) for job in jobs]
        embeddings = self._embed([*words, ""] if any(self._guides(job) for job in jobs) else words)
        self._move(self._device)
        painted: list[NDArray[np.uint8]] = []
        total = sum(job.steps for job in jobs)
        done = 0
        for first, last in groups(jobs, self.batch_size):
            if cancelled():
                raise Cancelled
            report = _Report(progress, cancelled, done, last - first, total)
            # A job that was painted among several is again: the pixels depend on how many they are.
            padding = [last - 1] * ((jobs[first].batch or 1) - (last - first))
            indices = [*range(first, last), *padding]
            told = [embeddings[words[index]] for index in indices]
            several = self._paint_group([jobs[index] for index in indices], told, embeddings.get(""), report)
            painted += several[: last - first]
            done += sum(job.steps for job in jobs[first:last])
        return painted

    def _guides(self, job: Job) -> bool:
        return not self._distilled and job.guidance != 1.0

    def _embed(self, texts: Sequence[str]) -> dict[str, Embedding]:
        new = self._prompts.new(texts)
        if new and not memory.has_room(self._prompts.encoder.weight_bytes, self._device):
            self.offload()
        for _ in range(2):
            try:
                return self._prompts.look_up(texts)
            except OutOfMemory:
                pass
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            self.offload()
        # Painting less, or with streamed weights, would not help: the painter is not even there.
        raise EngineError(
            f"The graphics card has too little free memory for {self.name} to read the words: close other"
            " programs that use it, or use a smaller preset."
        )

    def _paint_group(
        self, jobs: Sequence[Job], told: Sequence[Embedding], empty: Embedding | None, report: _Report
    ) -> list[NDArray[np.uint8]]:
        pipeline, first = self._pipeline, jobs[0]
        height, width = first.mask.shape
        settings = self._family.settings(height, width)
        guiding: AbstractContextManager[None] = nullcontext()
        guidance = first.guidance if self._distilled else 1.0
        if empty is not None and self._guides(first):
            here = _placed([empty], self._device)
            if here.pooled is None:  # FLUX.2's own pipeline asks twice by itself.
                guidance = first.guidance
                settings["negative_prompt_embeds"] = here.sequence.expand(len(jobs), -1, -1)
            else:
                guiding = guided(pipeline, first.guidance, here)
        words = _placed(told, self._device)
        if words.pooled is not None:
            settings["pooled_prompt_embeds"] = words.pooled
        if report.wanted:
            report.previewer = Previewer(pipeline, self._family, first.steps, (height, width))
        # Streamed weights are swapped under the modules, which inference mode does not allow.
        grad_free = torch.no_grad() if self._streamed else torch.inference_mode()
        with grad_free, guiding, _cache_context(pipeline.transformer):
            output = pipeline(
                prompt_embeds=words.sequence,
                image=_one_or_all([Image.fromarray(job.crop) for job in jobs]),
                mask_image=_one_or_all([Image.fromarray(job.mask.astype(np.uint8) * 255) for job in jobs]),
                num_inference_steps=first.steps,
                guidance_scale=guidance,
                generator=_one_or_all([torch.Generator("cpu").manual_seed(job.seed) for job in jobs]),
                callback_on_step_end=report.after_step,
                output_type="pt",
                **settings,
            )
        _check(output.images)
        images = pipeline.image_processor.numpy_to_pil(pipeline.image_processor.pt_to_numpy(output.images))
        return [_of_size(image.convert("RGB"), width, height) for image in images]

    def _move(self, device: torch.device) -> None:
        move(self._pipeline.vae, device)
        if not self._streamed:
            move(self._pipeline.transformer, device)


def _cache_context(transformer: Any) -> AbstractContextManager[None]:
    """What a step cache wants around a call; Klein's pipeline opens its own inside."""
    if transformer.is_cache_enabled:
        context: AbstractContextManager[None] = transformer.cache_context("cond")
        return context
    return nullcontext()


class _Report:
    """What happens after each step of one pipeline call: progress, a preview, a look whether to go on."""

    def __init__(
        self, progress: StepListener | None, cancelled: CancelCheck, done: int, jobs: int, total: int
    ) -> None:
        self.previewer: Previewer | None = None
        self._progress = progress
        self._cancelled = cancelled
        self._done = done
        self._jobs = jobs
        self._total = total

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._progress is not None

    def after_step(self, _pipeline: Any, step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
        """Diffusers' callback; ``step`` counts from 0."""
        if self._cancelled():
            raise Cancelled
        _check(values["latents"])
        if self._progress is not None:
            preview = self.previewer.after(step + 1, values["latents"]) if self.previewer else None
            self._progress(PaintingStep(self._done + (step + 1) * self._jobs, self._total, preview))
            if self._cancelled():
                raise Cancelled
        return values


def _check(numbers: torch.Tensor) -> None:
    """Raise ``EngineError`` where some are none: they would be seen as black only."""
    if not bool(torch.isfinite(numbers).all()):
        raise EngineError(
            "The painter's values overflowed its number format, so nothing was painted: use it"
            " with 16 or 4 bits on a card that computes bfloat16, or use another painter."
        )


def groups(jobs: Sequence[Job], batch_size: int) -> list[tuple[int, int]]:
    """Neighbouring jobs that one pipeline call can paint, as half-open ranges of at most ``batch_size``, or
    of as many as the jobs were painted with before.
    """
    ranges: list[tuple[int, int]] = []
    for index, job in enumerate(jobs):
        if ranges:
            first, last = ranges[-1]
            if last - first < (job.batch or batch_size) and _alike(jobs[first], job):
                ranges[-1] = (first, index + 1)
                continue
        ranges.append((index, index + 1))
    return ranges


def _alike(one: Job, other: Job) -> bool:
    alike = (one.mask.shape, one.steps, one.guidance) == (other.mask.shape, other.steps, other.guidance)
    return alike and one.batch == other.batch


def _placed(embeddings: Sequence[Embedding], device: torch.device) -> Embedding:
    """Several embeddings as one batch, where the transformer is."""
    pooled = [each.pooled for each in embeddings if each.pooled is not None]
    sequence = torch.cat([each.sequence for each in embeddings]).to(device)
    return Embedding(sequence, torch.cat(pooled).to(device) if pooled else None)


def _one_or_all(things: list[Any]) -> Any:
    """A single thing by itself, as the pipelines take it when it is not a batch."""
    return things[0] if len(things) == 1 else things


def _of_size(image: Image.Image, width: int, height: int) -> NDArray[np.uint8]:
    """The picture at the crop's size: Klein paints what is larger than 1024² smaller."""
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image, np.uint8)
