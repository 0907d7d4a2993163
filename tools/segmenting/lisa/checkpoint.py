"""The published LISA checkpoints, as they lie on the hub, into :class:`~tools.segmenting.lisa.model.Lisa`.

A published folder holds Llama's weights under their usual names, the projections, and the whole of SAM under
``model.visual_model.`` with the names of SAM's own repository; CLIP's vision tower lies elsewhere. The config
says nothing of SAM's sizes: they are read off the tensors' shapes. Nothing is unpickled (``weights_only``),
and files are mapped into memory, so that each tensor goes straight to its device and type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    SamConfig,
    SamMaskDecoderConfig,
    SamPromptEncoderConfig,
    SamVisionConfig,
)

from tools.engines.unreadable import unreadable
from tools.errors import EngineError
from tools.segmenting.lisa.config import LisaConfig
from tools.segmenting.lisa.model import Lisa

Shapes = Mapping[str, tuple[int, ...]]
"""The shapes of a checkpoint's tensors by name."""

Tensors = dict[str, Any]
"""Tensors by name, read when they are used: mapped torch tensors, or slices of a safetensors file."""

_SAM: Final = "model.visual_model."
_DECODER_EPS: Final = 1e-5
"""The epsilon of the mask decoder's layer norms in SAM's own code; transformers' default is another."""
_DECODER_HEADS: Final = 8
"""SAM's mask decoder has eight heads in every published size; no shape tells."""

_LLAMA: Final = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps",
    "bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings", "attention_bias",
)  # fmt: skip

_MLP: Final = r"^(mask_decoder\.(?:output_hypernetworks_mlps\.\d+|iou_prediction_head)\.)"

_RENAMED: Final = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^image_encoder\.blocks\.(\d+)\.norm(\d)\.", r"vision_encoder.layers.\1.layer_norm\2."),
        (r"^image_encoder\.blocks\.", "vision_encoder.layers."),
        (r"^image_encoder\.patch_embed\.proj\.", "vision_encoder.patch_embed.projection."),
        (r"^image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
        (r"^image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
        (r"^image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
        (r"^image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
        (r"^image_encoder\.", "vision_encoder."),
        (
            r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
            "shared_image_embedding.positional_embedding",
        ),
        (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
        (r"^prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
        (r"^prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
        (r"^prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
        (r"^prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
        (r"^prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
        (r"^mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
        (r"^mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
        (r"^mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
        (
            r"^mask_decoder\.transformer\.layers\.(\d+)\.norm(\d)\.",
            r"mask_decoder.transformer.layers.\1.layer_norm\2.",
        ),
        (
            r"^mask_decoder\.transformer\.norm_final_attn\.",
            "mask_decoder.transformer.layer_norm_final_attn.",
        ),
        (_MLP + r"layers\.0\.", r"\1proj_in."),
        (_MLP + r"layers\.1\.", r"\1layers.0."),
        (_MLP + r"layers\.2\.", r"\1proj_out."),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A published checkpoint that was opened: what to build, and the tensors by :class:`Lisa`'s names."""

    config: LisaConfig
    tensors: Tensors


def is_published(folder: Path) -> bool:
    """Whether a folder's config is that of a published LISA (and not one that :class:`Lisa` wrote)."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "LISAForCausalLM" in (config.get("architectures") or ())


def rename(key: str) -> str | None:
    """A published tensor's name in :class:`Lisa`; None for one that the model computes for itself."""
    if key.endswith("rotary_emb.inv_freq"):
        return None
    if key.startswith(_SAM):
        name = key.removeprefix(_SAM)
        for pattern, new in _RENAMED:
            changed = pattern.sub(new, name)
            if changed != name:
                return f"sam.{changed}"
        return f"sam.{name}"
    if key.startswith("model.text_hidden_fcs.0."):
        return key.removeprefix("model.").replace("text_hidden_fcs.0.", "text_hidden_fcs.")
    if key.startswith("model.mm_projector."):
        return key.removeprefix("model.")
    return f"language_model.{key}"


def rename_clip(key: str) -> str | None:
    """A CLIP tensor's name in :class:`Lisa`; None for what is not the vision tower's."""
    if not key.startswith("vision_model.") or key.endswith("position_ids"):
        return None
    return f"vision_tower.{key.removeprefix('vision_model.')}"


def sam_config(shapes: Shapes) -> SamConfig:
    """SAM's sizes from the shapes of its tensors, under their published names without the prefix.

    A block looks at the whole picture when its relative positions span it; a head is as wide as they are.
    """
    hidden, _, patch, _ = shapes["image_encoder.patch_embed.proj.weight"]
    grid = shapes["image_encoder.pos_embed"][1]
    depth = _count(shapes, r"image_encoder\.blocks\.(\d+)\.")
    spans = [shapes[f"image_encoder.blocks.{i}.attn.rel_pos_h"][0] for i in range(depth)]
    windows = [(span + 1) // 2 for span in spans if span != 2 * grid - 1]
    prompt = shapes["prompt_encoder.no_mask_embed.weight"][1]
    narrow = shapes["mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight"][0]
    return SamConfig(
        vision_config=SamVisionConfig(
            hidden_size=hidden,
            output_channels=shapes["image_encoder.neck.0.weight"][0],
            num_hidden_layers=depth,
            num_attention_heads=hidden // shapes["image_encoder.blocks.0.attn.rel_pos_h"][1],
            image_size=grid * patch,
            patch_size=patch,
            mlp_dim=shapes["image_encoder.blocks.0.mlp.lin1.weight"][0],
            window_size=windows[0] if windows else 0,
            global_attn_indexes=[i for i, span in enumerate(spans) if span == 2 * grid - 1],
            num_pos_feats=shapes["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"][1],
        ),
        prompt_encoder_config=SamPromptEncoderConfig(
            hidden_size=prompt,
            image_size=grid * patch,
            patch_size=patch,
            image_embedding_size=grid,
            mask_input_channels=shapes["prompt_encoder.mask_downscaling.3.weight"][0],
        ),
        mask_decoder_config=SamMaskDecoderConfig(
            hidden_size=prompt,
            mlp_dim=shapes["mask_decoder.transformer.layers.0.mlp.lin1.weight"][0],
            num_hidden_layers=_count(shapes, r"mask_decoder\.transformer\.layers\.(\d+)\."),
            num_attention_heads=_DECODER_HEADS,
            attention_downsample_rate=prompt // narrow,
            num_multimask_outputs=shapes["mask_decoder.mask_tokens.weight"][0] - 1,
            iou_head_depth=_count(shapes, r"mask_decoder\.iou_prediction_head\.layers\.(\d+)\."),
            iou_head_hidden_dim=shapes["mask_decoder.iou_prediction_head.layers.0.weight"][0],
            layer_norm_eps=_DECODER_EPS,
        ),
    )


def lisa_config(fields: Mapping[str, Any], shapes: Shapes, vision: CLIPVisionConfig) -> LisaConfig:
    """What to build for a published config's fields, the shapes of all tensors, and CLIP's config."""
    llama = {name: fields[name] for name in _LLAMA if name in fields}
    if fields.get("rope_scaling"):
        llama["rope_scaling"] = fields["rope_scaling"]
    sam = {name.removeprefix(_SAM): shape for name, shape in shapes.items() if name.startswith(_SAM)}
    return LisaConfig(
        vision_config=vision,
        text_config=LlamaConfig(**llama),
        sam_config=sam_config(sam),
        select_layer=fields.get("mm_vision_select_layer", -2),
        vision_fit="crop",
    )


def open_published(folder: Path, clip: Path) -> Published:
    """Open a published folder and the folder of its CLIP without reading the weights yet.

    Raises ``EngineError`` for a folder that is no LISA checkpoint, and for a file that is missing or damaged.
    """
    if not is_published(folder):
        raise EngineError(
            f"{folder} is not a LISA checkpoint: its config.json does not name LISAForCausalLM."
        )
    fields = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stored = _read(folder)
    shapes = {name: _shape(value) for name, value in stored.items()}
    tower = _read(clip)
    try:
        config = lisa_config(fields, shapes, CLIPVisionConfig.from_pretrained(str(clip)))
    except (KeyError, IndexError, ValueError) as error:
        raise EngineError(f"{folder} is not a LISA checkpoint: {error} is not in it.") from error
    tensors = {new: value for name, value in stored.items() if (new := rename(name)) is not None}
    tensors |= {new: value for name, value in tower.items() if (new := rename_clip(name)) is not None}
    return Published(config, tensors)


def load_published(
    folder: Path,
    clip: Path,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    quantisation: Any = None,
) -> Lisa:
    """Load a published checkpoint onto a device. ``quantisation`` is a config of transformers', or None.

    Raises ``EngineError`` for a folder that is no LISA checkpoint, for a file that is missing or damaged,
    and when a tensor is missing or one too many.
    """
    opened = open_published(folder, clip)
    model, told = Lisa.from_pretrained(
        None,
        config=opened.config,
        state_dict=opened.tensors,
        dtype=dtype,
        device_map={"": device},
        quantization_config=quantisation,
        output_loading_info=True,
    )
    wrong = sorted(told["missing_keys"]) + sorted(told["unexpected_keys"])
    wrong += sorted(str(key) for key in told["mismatched_keys"])
    if wrong:
        raise EngineError(
            f"{folder} is not a LISA checkpoint that is known here: {len(wrong)} of its tensors do not fit,"
            f" the first is {wrong[0]}."
        )
    loaded: Lisa = model.eval()
    return loaded


def _read(folder: Path) -> Tensors:
    """All tensors of a folder in transformers' layout: safetensors if there are any, else ``.bin``."""
    for stem, ending in (("model", "safetensors"), ("pytorch_model", "bin")):
        index, single = folder / f"{stem}.{ending}.index.json", folder / f"{stem}.{ending}"
        if index.exists():
            return _read_files(_listed(index), ending)
        if single.exists():
            return _read_files([single], ending)
    raise EngineError(f"There are no weights in {folder}: neither model.safetensors nor pytorch_model.bin.")


def _listed(index: Path) -> list[Path]:
    """The files that an index names. Raises ``EngineError`` when one is not there."""
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    except (ValueError, KeyError, AttributeError) as error:
        raise unreadable(index.name, index.parent) from error
    files = [index.parent / name for name in sorted(set(names))]
    if missing := [file for file in files if not file.exists()]:
        raise unreadable("LISA", index.parent, f"{missing[0].name} is missing")
    return files


def _read_files(files: Iterable[Path], ending: str) -> Tensors:
    tensors: Tensors = {}
    for file in files:
        try:
            tensors |= _read_safetensors(file) if ending == "safetensors" else _read_bin(file)
        except (OSError, RuntimeError, ValueError, EOFError) as error:
            raise unreadable(file.name, file.parent, "it is damaged or cut short") from error
        except Exception as error:  # the readers raise types of their own
            raise unreadable(file.name, file.parent, type(error).__name__) from error
    return tensors


def _read_safetensors(file: Path) -> Tensors:
    from safetensors import safe_open

    opened: Any = safe_open(file, framework="pt")
    return {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping


def _read_bin(file: Path) -> Tensors:
    read: Tensors = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    return read


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else tuple(value.get_shape())


def _count(shapes: Shapes, pattern: str) -> int:
    """How many numbered parts there are, from 0."""
    numbers = [int(found[1]) for name in shapes if (found := re.match(pattern, name))]
    if not numbers:
        raise KeyError(pattern.replace("\\", ""))
    return max(numbers) + 1
