"""Checkpoints in the layouts of the preset ``small``'s repositories, at any size, for tests and benchmarks.

Random weights, written by diffusers' and transformers' own functions (the adapter and LaMa's graph by hand).
The published sizes are those of stable-diffusion-v1-5/stable-diffusion-inpainting's and madebyollin/taesd's
config files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Size:
    """What the shapes follow from: the UNet's widths, the VAE's, the text encoder's, the tiny VAE's."""

    unet: tuple[int, ...] = (320, 640, 1280, 1280)
    layers: int = 2
    heads: int = 8
    words: int = 768
    vae: tuple[int, ...] = (128, 256, 512, 512)
    text_layers: int = 12
    text_heads: int = 12
    vocabulary: int = 49408
    tiny_vae: int = 64
    groups: int = 32


PUBLISHED = Size()
TINY = Size(
    unet=(32, 32, 64, 64), layers=1, heads=2, words=32, vae=(32, 32, 32, 32), text_layers=2, text_heads=2,
    vocabulary=600, tiny_vae=8, groups=8,
)  # fmt: skip


def unet(size: Size) -> Any:
    """The UNet for inpainting: nine channels in, four out."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=64, in_channels=9, out_channels=4, block_out_channels=size.unet,
        layers_per_block=size.layers, attention_head_dim=size.heads, cross_attention_dim=size.words,
        norm_num_groups=size.groups,
    )  # fmt: skip


def vae(size: Size) -> Any:
    """The model's own autoencoder."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=size.vae, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=size.layers, latent_channels=4,
        sample_size=512, norm_num_groups=size.groups,
    )  # fmt: skip


def tiny_vae(size: Size) -> Any:
    """The tiny autoencoder that speaks the same latents."""
    from diffusers import AutoencoderTiny

    widths = (size.tiny_vae,) * 4
    return AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths)


def text_encoder(size: Size) -> Any:
    """CLIP's text half."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=size.vocabulary, hidden_size=size.words, intermediate_size=4 * size.words,
            num_hidden_layers=size.text_layers, num_attention_heads=size.text_heads,
            max_position_embeddings=77, bos_token_id=size.vocabulary - 2, eos_token_id=size.vocabulary - 1,
            pad_token_id=size.vocabulary - 1,
        )
    )  # fmt: skip


def write_model(folder: Path, size: Size = TINY, seed: int = 0) -> Path:
    """The folder of the inpainting model: float16, file names as on the hub."""
    from diffusers import PNDMScheduler

    torch.manual_seed(seed)
    for part, made in (("unet", unet), ("vae", vae), ("text_encoder", text_encoder)):
        made(size).half().save_pretrained(folder / part, variant="fp16")
    PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False,
        skip_prk_steps=True, steps_offset=1,
    ).save_pretrained(folder / "scheduler")  # fmt: skip
    _write_tokenizer(folder / "tokenizer", size.vocabulary)
    parts = {
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    index = {"_class_name": "StableDiffusionInpaintPipeline", "_diffusers_version": "0.6.0", **parts}
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def write_tiny_vae(folder: Path, size: Size = TINY) -> Path:
    """The folder of the tiny autoencoder."""
    torch.manual_seed(1)
    tiny_vae(size).save_pretrained(folder)
    return folder


def write_adapter(folder: Path, network: Any, rank: int = 4) -> Path:
    """The folder of an adapter for all of a UNet's attention and convolutions."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(2)
    tensors: dict[str, torch.Tensor] = {}
    for name, module in network.named_modules():
        if not isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            continue
        if not ("attn" in name or "resnets" in name or "proj_" in name):
            continue
        key = f"lora_unet_{name.replace('.', '_')}"
        out, inside, *kernel = module.weight.shape
        tensors[f"{key}.lora_down.weight"] = 0.02 * torch.randn(rank, inside, *kernel, generator=generator)
        tensors[f"{key}.lora_up.weight"] = 0.02 * torch.randn(
            out, rank, *[1] * len(kernel), generator=generator
        )
        tensors[f"{key}.alpha"] = torch.tensor(rank / 2)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {key: value.half() for key, value in tensors.items()}, folder / "pytorch_lora_weights.safetensors"
    )
    return folder


def write_lama(folder: Path) -> Path:
    """The folder of a graph with LaMa's interface: it fills a hole with the mean of what is around."""
    import onnx
    from onnx import TensorProto, helper

    kind, side = TensorProto.FLOAT, 512
    picture = helper.make_tensor_value_info("image", kind, ["batch", 3, side, side])
    mask = helper.make_tensor_value_info("mask", kind, ["batch", 1, side, side])
    output = helper.make_tensor_value_info("output", kind, ["batch", 3, side, side])
    one = helper.make_tensor("one", kind, [], [1.0])
    levels = helper.make_tensor("levels", kind, [], [255.0])
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["around"]),
        helper.make_node("Mul", ["image", "around"], ["seen"]),
        helper.make_node("ReduceMean", ["seen"], ["sum"], axes=[2, 3], keepdims=1),
        helper.make_node("ReduceMean", ["around"], ["share"], axes=[2, 3], keepdims=1),
        helper.make_node("Div", ["sum", "share"], ["mean"]),
        helper.make_node("Mul", ["mean", "mask"], ["filled"]),
        helper.make_node("Add", ["seen", "filled"], ["joined"]),
        helper.make_node("Mul", ["joined", "levels"], ["output"]),
    ]
    del axes
    graph = helper.make_graph(nodes, "lama", [picture, mask], [output], [one, levels])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "lama_fp32.onnx"))
    return folder


def _write_tokenizer(folder: Path, size: int) -> None:
    """CLIP's tokenizer with the letters alone."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,'-"
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += [f"<unused{number}>" for number in range(size - len(words) - 2)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    told = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")


def write_hub(cache: Path) -> None:
    """All that the preset needs, tiny, where the hub's client would have put it."""
    from tests.support.grounded_layout import write_detector, write_drawer

    makers = {
        "stable-diffusion-v1-5/stable-diffusion-inpainting": write_model,
        "latent-consistency/lcm-lora-sdv1-5": lambda folder: write_adapter(folder, unet(TINY)),
        "madebyollin/taesd": write_tiny_vae,
        "Carve/LaMa-ONNX": write_lama,
        "iSEE-Laboratory/llmdet_tiny": write_detector,
        "facebook/sam2.1-hiera-tiny": write_drawer,
    }
    for name, make in makers.items():
        repository = cache / f"models--{name.replace('/', '--')}"
        make(repository / "snapshots" / "0123abcd")
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("0123abcd")
