"""What makes a FLUX faster, each thing behind one function that says what it costs.

Loading an engine uses only what changes no number worth naming. The rest is for measuring, until it was
measured on a card that it pays.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any, Literal

import torch

from tools.errors import EngineError

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


def float8(transformer: Any) -> None:
    """Multiply in 8-bit floats (e4m3), activations scaled as they come, row by row. Changes the picture.

    Before :func:`compile_blocks`, and not without it: what scaling costs eagerly is more than is saved. Only
    the large matrices of the blocks; not for quantised or streamed weights. Raises ``EngineError`` where the
    card cannot do it, or the package for it is missing.
    """
    if not has_float8():
        raise EngineError("8-bit floats need a graphics card of compute capability 8.9 or more.")
    if find_spec("torchao") is None:
        raise EngineError("8-bit floats need a package more: install it with pip install 'inpalla[float8]'.")
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow, quantize_

    config = Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())
    quantize_(transformer, config, filter_fn=is_large)


def has_float8() -> bool:
    """Whether the present device multiplies 8-bit floats."""
    return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 9)


def is_large(module: torch.nn.Module, name: str) -> bool:
    """Whether a module of a transformer, by its full name, is a matrix that all tokens go through.

    Those of the modulation see one vector a step, and what comes before and after the blocks is sensitive.
    """
    return (
        isinstance(module, torch.nn.Linear)
        and re.match(r"(?:single_)?transformer_blocks\.", name) is not None
        and "norm" not in name
        and module.in_features % 16 == module.out_features % 16 == 0
    )


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
