"""Which numbers a machine computes with."""

from __future__ import annotations

from typing import Any

import torch

from tools.engines import presets
from tools.engines.machine import GIB


def of_weights() -> torch.dtype:
    """What a model made for bfloat16 works in here.

    bfloat16 on a graphics card that computes in it; float16 on one that does not (NVIDIA's before compute
    capability 8.0: RTX 20, T4), where bfloat16 is made up of slower steps, and attention in it of a table of
    all tokens by all tokens, for which no preset has room; float32 on the processor.
    """
    if not torch.cuda.is_available():
        return torch.float32
    return torch.bfloat16 if has_bfloat16() else torch.float16


def of_words() -> torch.dtype:
    """What a text encoder works in here: never float16, which its largest numbers exceed.

    It reads once and briefly, so that a card without bfloat16 may make it up.
    """
    return torch.bfloat16 if torch.cuda.is_available() else torch.float32


def of_small_models() -> torch.dtype:
    """What a model that float16 holds works in here: float16 on a graphics card; on the processor bfloat16
    where it multiplies that by itself (half the memory, 0.6 of the time), else float32.
    """
    if device_of_small_models().type == "cuda":
        return torch.float16
    return torch.bfloat16 if multiplies_bfloat16() else torch.float32


def device_of_small_models() -> torch.device:
    """Where the engines of the preset ``small`` work: on a graphics card, unless it is too small for them."""
    least = presets.PRESETS["small"].budget * GIB
    if torch.cuda.is_available() and torch.cuda.mem_get_info()[1] >= least:
        return torch.device("cuda")
    return torch.device("cpu")


def multiplies_bfloat16() -> bool:
    """Whether the processor (x86 or ARM) has instructions for bfloat16, and torch the library that uses them.
    Where torch cannot say, it has none.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if (ask := getattr(torch.cpu, "get_capabilities", None)) is not None:
        return any(bool(ask().get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    older = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return older is not None and bool(older())


def has_bfloat16() -> bool:
    """Whether the graphics card computes in bfloat16 by itself."""
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def fitted(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A tensor in another number format, what is beyond its range at the edge of it."""
    if tensor.dtype == dtype:
        return tensor
    most = torch.finfo(dtype).max
    return tensor.float().clamp(-most, most).to(dtype)


def in_float32(module: torch.nn.Module) -> None:
    """Have a part of a model work in float32, between parts that do not."""
    given: list[torch.dtype] = []

    def enter(_: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        given.append(inputs[0].dtype)
        return tuple(each.float() for each in inputs)

    def leave(_: Any, __: Any, made: torch.Tensor) -> torch.Tensor:
        return fitted(made, given.pop())

    module.float()
    module.register_forward_pre_hook(enter)
    module.register_forward_hook(leave)
