"""The card's memory, seen from one engine: what it takes, whether there is room, streaming weights."""

from __future__ import annotations

import gc
import sys
from typing import Any

import psutil  # type: ignore[import-untyped]
import torch

from tools.engines.machine import GIB
from tools.engines.weight_transfer import bytes_of


def free() -> None:
    """Hand back what torch keeps of the card's memory for later use."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


def has_room(size: int, device: torch.device) -> bool:
    """Whether ``size`` bytes and a GiB to work in are free on a device; RAM is taken to have room."""
    return unused(device) >= size + GIB


def unused(device: torch.device) -> int:
    """The bytes that are free on a device, what torch keeps for later among them; of RAM more than any."""
    if device.type != "cuda":
        return sys.maxsize
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0] + kept)


def has_ram(size: int) -> bool:
    """Whether ``size`` bytes are free in RAM, and half as much again."""
    return int(psutil.virtual_memory().available) > size * 3 // 2


def stream(module: Any, device: torch.device) -> None:
    """Keep a module's weights in RAM and bring one layer after another to ``device`` for its turn.

    The next layer travels while the present one works. The scales of 4-bit weights (an eighth of their bytes)
    stay on ``device``, as nobody would bring them.
    """
    from diffusers.hooks import apply_group_offloading

    if getattr(module, "is_loaded_in_4bit", False):
        module.to(device)
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = tensor.data.to("cpu")
    apply_group_offloading(
        module,
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        use_stream=device.type == "cuda",
        # Pinned beforehand, a weight travels faster, but lies in RAM twice for a while, and its block there
        # is rounded up to a power of two.
        low_cpu_mem_usage=not has_ram(2 * bytes_of(module)),
    )


def gather(module: Any) -> None:
    """Take back what :func:`stream` did; the weights stay in RAM, to be moved as a whole again."""
    from diffusers.hooks import HookRegistry, group_offloading

    hooks = HookRegistry.check_if_exists_or_initialize(module)
    for name in (
        group_offloading._GROUP_OFFLOADING,
        group_offloading._LAYER_EXECUTION_TRACKER,
        group_offloading._LAZY_PREFETCH_GROUP_OFFLOADING,
    ):
        hooks.remove_hook(name, recurse=True)
