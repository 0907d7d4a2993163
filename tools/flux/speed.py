"""What makes a FLUX faster, each thing behind one function that says what it costs.

Loading an engine uses only what changes no number worth naming. The rest is for measuring, until it was
measured on a card that it pays.
"""

from __future__ import annotations

from typing import Any, Literal

import torch

Cache = Literal["first-block", "taylor"]

_JOINT = {"to_qkv": ("to_q", "to_k", "to_v"), "to_added_qkv": ("add_q_proj", "add_k_proj", "add_v_proj")}


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


def compile_blocks(transformer: Any, **settings: Any) -> None:
    """Compile the repeated blocks, once for each shape that comes.

    The first picture of a shape waits for it (tens of seconds). Working sizes come in few shapes for this
    reason. ``settings`` go to ``torch.compile``. Not together with streamed weights.
    """
    transformer.compile_repeated_blocks(fullgraph=True, **settings)


def attention(transformer: Any, backend: str) -> None:
    """Choose who computes attention: "native", "_native_cudnn", "flash", "_flash_3", … (diffusers' names).

    Raises what diffusers raises when a package is missing.
    """
    transformer.set_attention_backend(backend)


def fast_attention() -> str:
    """The exact attention that is thought fastest on the present device, of those that need no package."""
    hopper = torch.cuda.is_available() and torch.cuda.get_device_capability() >= (9, 0)
    return "_native_cudnn" if hopper else "native"


def step_cache(transformer: Any, kind: Cache, *, threshold: float = 0.1) -> None:
    """Skip work in steps that change little. Changes the picture: off until measured.

    "first-block": a step whose first block changes by less than ``threshold`` of its size reuses the rest
    (not for Klein). "taylor": four steps of five are extrapolated. Engines open the context that both need.
    """
    from diffusers import FirstBlockCacheConfig, TaylorSeerCacheConfig

    if kind == "first-block":
        transformer.enable_cache(FirstBlockCacheConfig(threshold=threshold))
    else:
        transformer.enable_cache(TaylorSeerCacheConfig(cache_interval=5))
