"""Reading a FLUX checkpoint's weights into an engine: number formats, fewer bits, where each part goes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from tools.engines import gpu_memory, number_formats, quantization
from tools.engines.gpu_model import bytes_of, move
from tools.engines.model_name import Bits
from tools.engines.specs import BYTES
from tools.errors import EngineError, OutOfMemory
from tools.inpainting.flux import checkpoint, memory, speed
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.flux.family import Family
from tools.inpainting.flux.prompt_cache import Guests, Vocabulary
from tools.inpainting.flux.prompt_template import published_wording

TOKENS: Final = 512
"""The prompt length of the published models, in tokens."""

READ: Final = 28
"""Klein hears its text encoder's hidden states up to layer 27, so the layers above 28 are not loaded. (The
last layer's own state is normalised, so that one more than 27 is needed for the same numbers.)
"""

BATCH: Final = 4
"""How many jobs go together on a card. On the processor, where that saves nothing, each is painted alone."""

UNDISTILLED: Final = (50, 4.0)
"""Steps and guidance of a Klein that is not distilled ("base")."""


def load(name: str, folder: Path, family: Family, bits: Bits, *, stream: bool = False) -> FluxEngine:
    """An engine from a whole checkpoint, in the numbers that this machine computes with
    (``tools.engines.number_formats``).

    Raises ``EngineError`` when the weights cannot be read, when fewer bits than 16 are wanted and the package
    for that is not installed, and ``OutOfMemory`` when they do not fit.
    """
    card = torch.cuda.is_available()
    device = torch.device("cuda" if card else "cpu")
    dtype = number_formats.of_weights()
    quantization.check_package(bits)
    with _reading(folder):
        transformer = _part(folder, family, "transformer", dtype, bits, None if stream else device)
        absent = dict.fromkeys(family.encoders)
        pipeline = _pipeline(family, folder, dtype, transformer=transformer, **absent)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.vae.enable_slicing()  # A batch's pictures are decoded one by one: so much less memory.
    encoders = _guests(folder, family, bits, dtype, device, stream=stream)
    base = family.name == "klein" and not pipeline.config.is_distilled
    engine = FluxEngine(
        name,
        pipeline,
        family,
        Vocabulary(encoders),
        published_wording(family.name),
        revision=checkpoint.revision(folder),
        areas=family.areas,
        steps=UNDISTILLED[0] if base else family.steps,
        guidance=UNDISTILLED[1] if base else family.guidance,
        distilled=not base,
        batch=BATCH if card else 1,
        device=device,
    )
    if bits == 16:
        speed.fuse(transformer)
    if stream:
        engine.stream_weights(for_good=True)
    engine.to_card()
    return engine


def _part(
    folder: Path, family: Family, part: str, dtype: torch.dtype, bits: Bits, device: torch.device | None
) -> Any:
    """One model of the pipeline; ``device`` None leaves it in RAM."""
    import diffusers
    import transformers

    library, kind = checkpoint.read_index(folder)[part]
    module: Any = diffusers if library == "diffusers" else transformers
    settings: dict[str, Any] = {"dtype": dtype, "local_files_only": True}
    few = quantization.config(module, bits, dtype)
    if few is not None:
        settings["quantization_config"] = few
    elif device is not None and device.type == "cuda":
        settings["device_map"] = {"": device}
    if family.name == "klein" and part == "text_encoder":
        config = transformers.AutoConfig.from_pretrained(str(folder / part), local_files_only=True)
        settings["num_hidden_layers"] = min(READ, config.num_hidden_layers)
    return getattr(module, kind).from_pretrained(str(folder / part), **settings).eval()


def _pipeline(family: Family, folder: Path, dtype: torch.dtype, **given: Any) -> Any:
    import diffusers

    kind = getattr(diffusers, family.pipeline)
    return kind.from_pretrained(str(folder), dtype=dtype, local_files_only=True, **given)


def _guests(
    folder: Path, family: Family, bits: Bits, dtype: torch.dtype, device: torch.device, *, stream: bool
) -> Guests:
    """The text encoders, which are loaded when the first words come."""
    names = [part for part in family.encoders if part.startswith("text_encoder")]
    streamed = stream and bits == 16
    reads_in = number_formats.of_words()

    def load_encoders() -> Any:
        with _reading(folder):
            models = {}
            for part in names:
                few: Bits = bits if part in family.large else 16
                models[part] = _part(folder, family, part, reads_in, few, None if streamed else device)
            absent = {"transformer": None, "vae": None}
            pipeline = _pipeline(family, folder, reads_in, **models, **absent)
        for part in names:
            if streamed and part in family.large:
                memory.stream(models[part], device)
            else:
                move(models[part], device)
        return pipeline

    def arrive(pipeline: Any) -> None:
        for part in names:
            if not (streamed and part in family.large):
                move(getattr(pipeline, part), device)

    def leave(pipeline: Any) -> bool:
        models = [getattr(pipeline, part) for part in names]
        size = bytes_of(*models)
        if not streamed and device.type != "cpu":
            if not memory.has_ram(size):
                return False
            for model in models:
                move(model, "cpu")
            memory.free()
        return True

    brought = [part for part in names if not (streamed and part in family.large)]
    held = sum(held_by(folder, part, bits if part in family.large else 16) for part in brought)
    return Guests(load_encoders, arrive, leave, tokens=TOKENS, device=device, dtype=dtype, weight_bytes=held)


_EXACT: Final = ("embed", "shared", "relative_attention_bias", "lm_head", ".wo.")
"""Of a text encoder's matrices, those that keep 16 bits. T5's "wo" among them: transformers keeps it exact,
and its T5 would hand a quantised one numbers of the wrong type.
"""


def held_by(folder: Path, part: str, bits: Bits) -> int:
    """The bytes that a text encoder takes on the card with so many bits a weight."""
    held = 0.0
    for name, shape in checkpoint.shapes(folder, part).items():
        layer = re.search(r"\.layers\.(\d+)\.", name)
        if (
            part == "text_encoder"
            and layer is not None
            and "text_model" not in name
            and int(layer[1]) >= READ
        ):
            continue  # Klein's, which are not loaded; CLIP has fewer layers
        few = len(shape) == 2 and not any(each in name for each in _EXACT)
        held += math.prod(shape) * BYTES[bits if few else 16]
    return int(held)


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Read weights without bars and reports; what the libraries raise becomes one sentence."""
    import diffusers
    import transformers

    loud = transformers.logging.get_verbosity(), diffusers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled(), diffusers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    diffusers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    diffusers.logging.disable_progress_bar()
    try:
        yield
    except (OSError, RuntimeError, ValueError, LookupError, AttributeError, ImportError) as error:
        if gpu_memory.ran_out(error):
            raise OutOfMemory(
                f"The graphics card has too little free memory to load {folder}: close what else uses it, or"
                " choose a smaller preset."
            ) from None
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise EngineError(f"{folder} is no FLUX pipeline that can be read ({reason}).") from error
    finally:
        transformers.logging.set_verbosity(loud[0])
        diffusers.logging.set_verbosity(loud[1])
        if bars[0]:
            transformers.logging.enable_progress_bar()
        if bars[1]:
            diffusers.logging.enable_progress_bar()
