"""What may make FLUX and LISA faster, for measuring: nothing here is used until it pays on a card.

Each is one function that says what it costs.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any, Literal

import torch

from tools.errors import EngineError
from tools.segmenting.lisa.model import Lisa

Cache = Literal["first-block", "taylor"]


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
        raise EngineError("8-bit floats require torchao: install it with pip install 'inpalla[float8]'.")
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


def compile_encoder(model: Lisa, **settings: Any) -> None:
    """Compile the layers of SAM's encoder, which sees every picture in one shape and is most of a first look.

    The first picture waits for it (16 s on two cores), once for windowed and once for global layers. What
    hangs on the layers stays outside, so that a look can still be cancelled between them. The language model
    stays as it is: its shapes change with the words. ``settings`` go to ``torch.compile``.
    """
    for layer in model.sam.vision_encoder.layers:
        layer.forward = torch.compile(layer.forward, fullgraph=True, **settings)
