"""Reading a FLUX checkpoint's weights into an engine: number formats, fewer bits, where each part goes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from tools.engines import number_formats, quantization
from tools.engines.library_logging import quiet
from tools.engines.model_name import Bits
from tools.engines.specs import BYTES
from tools.engines.weight_transfer import bytes_of, move
from tools.errors import EngineError, OutOfMemory, is_out_of_memory
from tools.inpainting.flux import checkpoint, memory
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.flux.family import KLEIN_LAYERS, Family
from tools.inpainting.flux.prompt_cache import OffloadedTextEncoders, PromptCache
from tools.inpainting.flux.prompt_template import published_template

TOKENS: Final = 512
"""The prompt length of the published models, in tokens."""

BATCH_SIZE: Final = 4
"""How many jobs go together on a card. On the processor, where that saves nothing, each is painted alone."""

_JOINT = {"to_qkv": ("to_q", "to_k", "to_v"), "to_added_qkv": ("add_q_proj", "add_k_proj", "add_v_proj")}


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
    encoders = _text_encoders(folder, family, bits, dtype, device, stream=stream)
    undistilled = None if pipeline.config.get("is_distilled", True) else family.undistilled
    steps, guidance = undistilled or (family.steps, family.guidance)
    engine = FluxEngine(
        name,
        pipeline,
        family,
        PromptCache(encoders),
        published_template(family.name),
        revision=checkpoint.revision(folder),
        areas=family.areas,
        steps=steps,
        guidance=guidance,
        distilled=undistilled is None,
        batch_size=BATCH_SIZE if card else 1,
        device=device,
    )
    if bits == 16:
        fuse(transformer)
    if stream:
        engine.stream_weights(for_good=True)
    engine.to_card()
    return engine


def fuse(transformer: Any) -> None:
    """Compute queries, keys and values of a block in one multiplication each. Not for quantised weights.

    For good: diffusers would keep the single matrices beside the joint one (4 GiB of Fill), nobody uses them.
    """
    from diffusers.models.attention import AttentionModuleMixin

    for module in transformer.modules():
        if isinstance(module, AttentionModuleMixin):
            module.fuse_projections()
            for joint, parts in _JOINT.items():
                if hasattr(module, joint):
                    for part in parts:
                        delattr(module, part)


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
    if family.encoder_layers is not None and part in family.large:
        config = transformers.AutoConfig.from_pretrained(str(folder / part), local_files_only=True)
        settings["num_hidden_layers"] = min(family.encoder_layers, config.num_hidden_layers)
    return getattr(module, kind).from_pretrained(str(folder / part), **settings).eval()


def _pipeline(family: Family, folder: Path, dtype: torch.dtype, **given: Any) -> Any:
    import diffusers

    kind = getattr(diffusers, family.pipeline)
    return kind.from_pretrained(str(folder), dtype=dtype, local_files_only=True, **given)


def _text_encoders(
    folder: Path, family: Family, bits: Bits, dtype: torch.dtype, device: torch.device, *, stream: bool
) -> OffloadedTextEncoders:
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
    return OffloadedTextEncoders(
        load_encoders, arrive, leave, tokens=TOKENS, device=device, dtype=dtype, weight_bytes=held
    )


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
            and int(layer[1]) >= KLEIN_LAYERS
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

    try:
        with quiet(transformers, diffusers):
            yield
    except (OSError, RuntimeError, ValueError, LookupError, AttributeError, ImportError) as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"The graphics card has too little free memory to load {folder}: close other programs that"
                " use it, or choose a smaller preset."
            ) from None
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise EngineError(f"{folder} is not a readable FLUX pipeline ({reason}).") from error
