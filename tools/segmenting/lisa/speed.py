"""What makes LISA faster and is not used until it was measured on a card that it pays."""

from __future__ import annotations

from typing import Any

import torch

from tools.segmenting.lisa.model import Lisa


def compile_encoder(model: Lisa, **settings: Any) -> None:
    """Compile the layers of SAM's encoder, which sees every picture in one shape and is most of a first look.

    The first picture waits for it (16 s on two cores), once for windowed and once for global layers. What
    hangs on the layers stays outside, so that a look can still be cancelled between them. The language model
    stays as it is: its shapes change with the words. ``settings`` go to ``torch.compile``.
    """
    for layer in model.sam.vision_encoder.layers:
        layer.forward = torch.compile(layer.forward, fullgraph=True, **settings)
