"""Checkpoints in the layouts of the published FLUX repositories, at any size, for tests and benchmarks.

``write_checkpoint`` writes a folder as ``black-forest-labs`` publishes it: ``model_index.json`` and a folder
for each part, with the configs' real names and values and random weights. ``PUBLISHED`` has the published
sizes, ``TINY`` the same layout with widths of 64 (what 4-bit blocks need).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

import pocket

Family = Literal["fill", "kontext", "klein"]
Config = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """What the shapes of a FLUX follow from."""

    head: int
    heads: int
    layers: int
    single_layers: int
    joint: int
    vae: tuple[int, int, int, int]
    vae_groups: int
    clip: int
    clip_layers: int
    text: int
    text_layers: int
    text_heads: int
    text_inner: int
    tied: bool = True
    """Whether Klein's text encoder has no output layer of its own."""

    @property
    def rope(self) -> tuple[int, int, int]:
        """The dimensions of FLUX.1's three position axes."""
        return (self.head // 8, 7 * self.head // 16, 7 * self.head // 16)


TINY = Sizes(32, 2, 1, 2, 64, (16, 16, 32, 32), 8, 64, 1, 64, 1, 2, 128)
"""For FLUX.1: one double block, two single ones, everything 64 wide."""

TINY_KLEIN = Sizes(32, 2, 1, 2, 192, (16, 16, 32, 32), 8, 0, 0, 64, 30, 2, 128)
"""For FLUX.2: its text encoder needs more layers than the deepest that is read (27)."""

FLUX_1 = Sizes(128, 24, 19, 38, 4096, (128, 256, 512, 512), 32, 768, 12, 4096, 24, 64, 10240)
KLEIN_4B = Sizes(128, 24, 5, 20, 7680, (128, 256, 512, 512), 32, 0, 0, 2560, 36, 32, 9728)
KLEIN_9B = Sizes(128, 32, 8, 24, 12288, (128, 256, 512, 512), 32, 0, 0, 4096, 36, 32, 12288, tied=False)
TINY_KLEIN_9B = replace(TINY_KLEIN, tied=False)
SMALL: Mapping[Family, Sizes] = {"fill": TINY, "kontext": TINY, "klein": TINY_KLEIN}
PUBLISHED: Mapping[Family, Sizes] = {"fill": FLUX_1, "kontext": FLUX_1, "klein": KLEIN_4B}

_FLUX_1_PARTS = {
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "FluxTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
INDEX: Mapping[Family, Config] = {
    "fill": {"_class_name": "FluxFillPipeline", "_diffusers_version": "0.32.0.dev0", **_FLUX_1_PARTS},
    "kontext": {
        "_class_name": "FluxKontextPipeline",
        "_diffusers_version": "0.34.0.dev0",
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        **_FLUX_1_PARTS,
    },
    "klein": {
        "_class_name": "Flux2KleinPipeline",
        "_diffusers_version": "0.37.0.dev0",
        "is_distilled": True,
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": ["transformers", "Qwen3ForCausalLM"],
        "tokenizer": ["transformers", "Qwen2TokenizerFast"],
        "transformer": ["diffusers", "Flux2Transformer2DModel"],
        "vae": ["diffusers", "AutoencoderKLFlux2"],
    },
}
"""The ``model_index.json`` of each."""

SCHEDULER: Config = {
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
}

_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n{% endif %}"
)


def transformer(family: Family, sizes: Sizes) -> Any:
    """The transformer, with random weights, on the default device and in the default dtype."""
    from diffusers import Flux2Transformer2DModel, FluxTransformer2DModel

    if family == "klein":
        return Flux2Transformer2DModel(
            in_channels=128,
            num_layers=sizes.layers,
            num_single_layers=sizes.single_layers,
            attention_head_dim=sizes.head,
            num_attention_heads=sizes.heads,
            joint_attention_dim=sizes.joint,
            timestep_guidance_channels=256,
            axes_dims_rope=(sizes.head // 4,) * 4,
            guidance_embeds=False,
        )
    return FluxTransformer2DModel(
        in_channels=384 if family == "fill" else 64,
        out_channels=64,
        num_layers=sizes.layers,
        num_single_layers=sizes.single_layers,
        attention_head_dim=sizes.head,
        num_attention_heads=sizes.heads,
        joint_attention_dim=sizes.joint,
        pooled_projection_dim=sizes.clip,
        guidance_embeds=True,
        axes_dims_rope=sizes.rope,
    )


def vae(family: Family, sizes: Sizes) -> Any:
    """The autoencoder, with random weights that give pictures of some contrast."""
    from diffusers import AutoencoderKL, AutoencoderKLFlux2

    blocks: Config = {
        "block_out_channels": sizes.vae,
        "layers_per_block": 2,
        "norm_num_groups": sizes.vae_groups,
        "sample_size": 1024,
    }
    if family == "klein":
        model = AutoencoderKLFlux2(**blocks)
        generator = torch.Generator(model.bn.running_mean.device).manual_seed(0)
        model.bn.running_mean.normal_(0, 0.2, generator=generator)
        model.bn.running_var.uniform_(0.5, 2.0, generator=generator)
    else:
        model = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=16,
            scaling_factor=0.3611,
            shift_factor=0.1159,
            use_quant_conv=False,
            use_post_quant_conv=False,
            **blocks,
        )
    with torch.no_grad():
        model.decoder.conv_out.weight.mul_(3.0)
    return model


def text_encoders(family: Family, sizes: Sizes) -> dict[str, Any]:
    """The text encoders by part, with random weights."""
    from transformers import (
        CLIPTextConfig,
        CLIPTextModel,
        Qwen3Config,
        Qwen3ForCausalLM,
        T5Config,
        T5EncoderModel,
    )

    small = sizes.text < 1024
    if family == "klein":
        config = Qwen3Config(
            vocab_size=400 if small else 151936,
            hidden_size=sizes.text,
            intermediate_size=sizes.text_inner,
            num_hidden_layers=sizes.text_layers,
            num_attention_heads=sizes.text_heads,
            num_key_value_heads=2 if small else 8,
            head_dim=32 if small else 128,
            max_position_embeddings=40960,
            rope_theta=1000000.0,
            tie_word_embeddings=sizes.tied,
        )
        return {"text_encoder": Qwen3ForCausalLM(config)}
    clip = CLIPTextConfig(
        vocab_size=600 if small else 49408,
        hidden_size=sizes.clip,
        intermediate_size=4 * sizes.clip,
        projection_dim=sizes.clip,
        num_hidden_layers=sizes.clip_layers,
        num_attention_heads=2 if small else 12,
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=2,
    )
    t5 = T5Config(
        vocab_size=240 if small else 32128,
        d_model=sizes.text,
        d_kv=32 if small else 64,
        d_ff=sizes.text_inner,
        num_layers=sizes.text_layers,
        num_heads=sizes.text_heads,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        use_cache=False,
    )
    return {"text_encoder": CLIPTextModel(clip), "text_encoder_2": T5EncoderModel(t5)}


def write_checkpoint(
    folder: Path, family: Family, sizes: Sizes | None = None, *, shards: int = 1, dtype: str = "float32"
) -> Path:
    """Write a random checkpoint; ``folder``. The same arguments give the same weights.

    ``shards`` cuts the transformer and the largest text encoder into about so many files, with the index that
    names them. The tokenizers are small ones.
    """
    sizes = sizes or SMALL[family]
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps(INDEX[family], indent=2))
    config = {"_class_name": "FlowMatchEulerDiscreteScheduler", **SCHEDULER}
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        parts = {"transformer": transformer(family, sizes), "vae": vae(family, sizes)}
        parts |= text_encoders(family, sizes)
    large = "text_encoder" if family == "klein" else "text_encoder_2"
    for part, model in parts.items():
        model = model.to(getattr(torch, dtype))
        room = {}
        if shards > 1 and part in ("transformer", large):
            weights = sum(value.numel() * value.element_size() for value in model.state_dict().values())
            room = {"max_shard_size": max(1, weights // shards)}
        model.save_pretrained(folder / part, **room)
    if family == "klein":
        _write_qwen_tokenizer(folder / "tokenizer")
    else:
        for part, length in (("tokenizer", 77), ("tokenizer_2", 512)):
            _copy_tokenizer(part, folder / part, length)
    return folder


def _copy_tokenizer(part: str, target: Path, length: int) -> None:
    shutil.copytree(pocket.weights("flux-fill") / part, target)
    file = target / "tokenizer_config.json"
    config = json.loads(file.read_text())
    config.pop("max_length", None)
    file.write_text(json.dumps(config | {"model_max_length": length}))


def _write_qwen_tokenizer(target: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words = ["change the sofa to brown leather, keep its shape", "remove the lamp", "a red velvet armchair"]
    tokenizer.train_from_iterator(words, trainer)
    fast = Qwen2Tokenizer(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        model_max_length=131072,
        chat_template=_CHAT,
    )
    fast.save_pretrained(target)
