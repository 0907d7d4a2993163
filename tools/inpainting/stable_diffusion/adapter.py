"""An adapter of low rank, added to a model's weights for good: it costs nothing while the model works.

W + α/r · B A for every layer that it names (Hu et al., "LoRA", 2021, arXiv 2106.09685), in the layout of
kohya's scripts: "lora_unet_" and the layer's name with "_" for ".", then ``lora_down.weight`` (A),
``lora_up.weight`` (B) and ``alpha``. For a convolution A is one, too, and B has a kernel of one pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch

_PREFIX: Final = "lora_unet_"


def merge(network: torch.nn.Module, adapter: Mapping[str, torch.Tensor]) -> int:
    """Add an adapter to a network's weights, in place and in float32; how many layers it changed.

    Raises ``ValueError`` where it names a layer that the network lacks, or does not fit one.
    """
    layers = {name.replace(".", "_"): module for name, module in network.named_modules()}
    names = sorted({key.removeprefix(_PREFIX).split(".")[0] for key in adapter if key.startswith(_PREFIX)})
    for name in names:
        layer = layers.get(name)
        weight = getattr(layer, "weight", None)
        if not isinstance(weight, torch.Tensor):
            raise ValueError(f"there is no layer {name}")
        try:
            down = adapter[f"{_PREFIX}{name}.lora_down.weight"].float()
            up = adapter[f"{_PREFIX}{name}.lora_up.weight"].float()
            rank = len(down)
            alpha = float(adapter.get(f"{_PREFIX}{name}.alpha", torch.tensor(float(rank))))
            added = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"it does not fit the layer {name}") from error
        with torch.no_grad():
            weight.copy_(weight.float() + alpha / rank * added)
    return len(names)
