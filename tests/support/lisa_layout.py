"""Checkpoints in the layout of the published LISA repositories, at any size, for the tests.

The names are those that the original program writes (LLaVA's Llama, SAM's own repository), spelt out here and
not derived from the program's table of names.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import pocket

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Sizes:
    """What a LISA's shapes follow from."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    vocabulary: int
    clip: int
    sam_hidden: int
    sam_layers: int
    sam_heads: int
    sam_mlp: int
    sam_global: tuple[int, ...]
    grid: int = 64
    window: int = 14
    patch: int = 16
    prompt: int = 256
    decoder_mlp: int = 2048


VIT_H = {
    "clip": 1024, "sam_hidden": 1280, "sam_layers": 32, "sam_heads": 16, "sam_mlp": 5120,
    "sam_global": (7, 15, 23, 31),
}  # fmt: skip
LISA_7B = Sizes(4096, 11008, 32, 32, 32003, **VIT_H)  # type: ignore[arg-type]
LISA_13B = Sizes(5120, 13824, 40, 40, 32003, **VIT_H)  # type: ignore[arg-type]
TINY = Sizes(
    64, 128, 2, 4, 1203, clip=32, sam_hidden=32, sam_layers=2, sam_heads=2, sam_mlp=48, sam_global=(1,),
    grid=8, window=3, patch=8, prompt=32, decoder_mlp=48,
)  # fmt: skip


def published_shapes(sizes: Sizes) -> Shapes:
    """The tensors of ``pytorch_model*.bin`` by name."""
    shapes: Shapes = {}
    for prefix, part in (
        ("", _llama(sizes)),
        ("model.visual_model.image_encoder.", _image_encoder(sizes)),
        ("model.visual_model.prompt_encoder.", _prompt_encoder(sizes)),
        ("model.visual_model.mask_decoder.", _mask_decoder(sizes)),
    ):
        shapes |= {prefix + name: shape for name, shape in part}
    return shapes


def published_config(sizes: Sizes) -> dict[str, Any]:
    """The ``config.json``: no word about SAM."""
    return {
        "architectures": ["LISAForCausalLM"],
        "model_type": "llava",
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.heads,
        "vocab_size": sizes.vocabulary,
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 2048,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "mm_hidden_size": sizes.clip,
        "mm_vision_select_layer": -2,
        "vision_tower": "openai/clip-vit-large-patch14" if sizes.clip == 1024 else "clip-tiny",
        "out_dim": sizes.prompt,
        "use_cache": False,
    }


def write_published(folder: Path, sizes: Sizes = TINY, shards: int = 2) -> Path:
    """Write a random checkpoint into ``folder``/lisa and its CLIP into ``folder``/clip-tiny; the former.

    The tokenizer is the pocket model's, with the added tokens as the published ones have them.
    """
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig

    generator = torch.Generator().manual_seed(0)
    lisa = folder / "lisa"
    lisa.mkdir(parents=True)
    (lisa / "config.json").write_text(json.dumps(published_config(sizes)))
    shutil.copy(pocket.weights("lisa") / "tokenizer.model", lisa)
    added = {"[SEG]": sizes.vocabulary - 3, "<im_start>": sizes.vocabulary - 2}
    added["<im_end>"] = sizes.vocabulary - 1
    (lisa / "added_tokens.json").write_text(json.dumps(added))
    (lisa / "tokenizer_config.json").write_text(json.dumps({"legacy": True}))
    tensors = {
        name: torch.randn(shape, generator=generator) * (0.2 if len(shape) > 1 else 0.1)
        for name, shape in published_shapes(sizes).items()
    }
    names = sorted(tensors)
    index: dict[str, str] = {}
    for number in range(shards):
        file = f"pytorch_model-{number + 1:05}-of-{shards:05}.bin"
        part = {name: tensors[name] for name in names[number::shards]}
        torch.save(part, lisa / file)
        index |= dict.fromkeys(part, file)
    (lisa / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    torch.manual_seed(0)
    vision = clip_config(sizes)
    text = CLIPTextConfig(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    CLIPModel(CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict())).save_pretrained(
        folder / "clip-tiny"
    )
    return lisa


def clip_config(sizes: Sizes) -> Any:
    """The config of the CLIP tower that goes with it."""
    from transformers import CLIPVisionConfig

    if sizes.clip == 1024:
        return CLIPVisionConfig(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
            image_size=224, patch_size=14,
        )  # fmt: skip
    return CLIPVisionConfig(
        hidden_size=sizes.clip, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        image_size=56, patch_size=14,
    )  # fmt: skip


def _llama(sizes: Sizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, wide = sizes.hidden, sizes.intermediate
    yield "model.embed_tokens.weight", (sizes.vocabulary, hidden)
    for i in range(sizes.layers):
        layer = f"model.layers.{i}."
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            yield f"{layer}self_attn.{name}.weight", (hidden, hidden)
        yield f"{layer}self_attn.rotary_emb.inv_freq", (hidden // sizes.heads // 2,)
        yield f"{layer}mlp.gate_proj.weight", (wide, hidden)
        yield f"{layer}mlp.up_proj.weight", (wide, hidden)
        yield f"{layer}mlp.down_proj.weight", (hidden, wide)
        yield f"{layer}input_layernorm.weight", (hidden,)
        yield f"{layer}post_attention_layernorm.weight", (hidden,)
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (sizes.vocabulary, hidden)
    yield from _linear("model.mm_projector", hidden, sizes.clip)
    yield from _linear("model.text_hidden_fcs.0.0", hidden, hidden)
    yield from _linear("model.text_hidden_fcs.0.2", sizes.prompt, hidden)


def _image_encoder(sizes: Sizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, prompt, grid = sizes.sam_hidden, sizes.prompt, sizes.grid
    yield "pos_embed", (1, grid, grid, hidden)
    yield "patch_embed.proj.weight", (hidden, 3, sizes.patch, sizes.patch)
    yield "patch_embed.proj.bias", (hidden,)
    for i in range(sizes.sam_layers):
        side = grid if i in sizes.sam_global else sizes.window
        for axis in "hw":
            yield f"blocks.{i}.attn.rel_pos_{axis}", (2 * side - 1, hidden // sizes.sam_heads)
        yield from _linear(f"blocks.{i}.attn.qkv", 3 * hidden, hidden)
        yield from _linear(f"blocks.{i}.attn.proj", hidden, hidden)
        yield from _linear(f"blocks.{i}.mlp.lin1", sizes.sam_mlp, hidden)
        yield from _linear(f"blocks.{i}.mlp.lin2", hidden, sizes.sam_mlp)
        yield from _norm(f"blocks.{i}.norm1", hidden)
        yield from _norm(f"blocks.{i}.norm2", hidden)
    yield "neck.0.weight", (prompt, hidden, 1, 1)
    yield from _norm("neck.1", prompt)
    yield "neck.2.weight", (prompt, prompt, 3, 3)
    yield from _norm("neck.3", prompt)


def _prompt_encoder(sizes: Sizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "pe_layer.positional_encoding_gaussian_matrix", (2, sizes.prompt // 2)
    for i in range(4):
        yield f"point_embeddings.{i}.weight", (1, sizes.prompt)
    yield "not_a_point_embed.weight", (1, sizes.prompt)
    yield "no_mask_embed.weight", (1, sizes.prompt)
    for i, shape in ((0, (4, 1, 2, 2)), (3, (16, 4, 2, 2)), (6, (sizes.prompt, 16, 1, 1))):
        yield f"mask_downscaling.{i}.weight", shape
        yield f"mask_downscaling.{i}.bias", shape[:1]
    yield from _norm("mask_downscaling.1", 4)
    yield from _norm("mask_downscaling.4", 16)


def _mask_decoder(sizes: Sizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    prompt = sizes.prompt
    for i in range(2):
        layer = f"transformer.layers.{i}."
        yield from _attention(f"{layer}self_attn", prompt, prompt)
        yield from _attention(f"{layer}cross_attn_token_to_image", prompt, prompt // 2)
        yield from _attention(f"{layer}cross_attn_image_to_token", prompt, prompt // 2)
        yield from _linear(f"{layer}mlp.lin1", sizes.decoder_mlp, prompt)
        yield from _linear(f"{layer}mlp.lin2", prompt, sizes.decoder_mlp)
        for n in range(1, 5):
            yield from _norm(f"{layer}norm{n}", prompt)
    yield from _attention("transformer.final_attn_token_to_image", prompt, prompt // 2)
    yield from _norm("transformer.norm_final_attn", prompt)
    yield "iou_token.weight", (1, prompt)
    yield "mask_tokens.weight", (4, prompt)
    for i, shape in ((0, (prompt, prompt // 4, 2, 2)), (3, (prompt // 4, prompt // 8, 2, 2))):
        yield f"output_upscaling.{i}.weight", shape
        yield f"output_upscaling.{i}.bias", (shape[1],)
    yield from _norm("output_upscaling.1", prompt // 4)
    for head, out in [(f"output_hypernetworks_mlps.{n}", prompt // 8) for n in range(4)]:
        yield from _mlp(head, prompt, prompt, out)
    yield from _mlp("iou_prediction_head", prompt, 256, 4)


def _mlp(name: str, wide: int, hidden: int, out: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _linear(f"{name}.layers.0", hidden, wide)
    yield from _linear(f"{name}.layers.1", hidden, hidden)
    yield from _linear(f"{name}.layers.2", out, hidden)


def _attention(name: str, wide: int, narrow: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in ("q_proj", "k_proj", "v_proj"):
        yield from _linear(f"{name}.{part}", narrow, wide)
    yield from _linear(f"{name}.out_proj", wide, narrow)


def _linear(name: str, out: int, wide: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (out, wide)
    yield f"{name}.bias", (out,)


def _norm(name: str, wide: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (wide,)
    yield f"{name}.bias", (wide,)
