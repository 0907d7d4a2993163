"""The painter's self-attention in bfloat16 on a processor, in pieces that stay in its cache.

torch's own needs more than twice the time there: on a processor with AVX-512's bfloat16 (an EPYC, one thread)
a whole step at 512² took 3.5 s with it and 2.6 s with this. It is left to torch in float32, where nothing is
gained, and where the processor has AMX, for which torch has another way that was not measured.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch.nn.functional import scaled_dot_product_attention

ROWS: Final = 256
"""So many queries of one head at a time: their scores of 4096 places take 2 MB. Half and twice as many were
no faster.
"""

_LEAST: Final = 1024
"""With fewer places, and for words, torch's way is as fast."""


def applies(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether it is faster here than torch's own."""
    if dtype != torch.bfloat16 or device.type != "cpu":
        return False
    ask = getattr(torch.cpu, "get_capabilities", None)
    has = ask() if ask is not None else {}
    return bool(has.get("avx512_bf16")) and not has.get("amx_bf16")


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Attention of (pictures, heads, places, channels) without a mask, of the queries' shape."""
    made = torch.empty_like(queries)
    scaled = queries * queries.shape[-1] ** -0.5
    for picture in range(queries.shape[0]):
        for head in range(queries.shape[1]):
            across = keys[picture, head].t().contiguous()
            seen = values[picture, head].contiguous()
            for begin in range(0, queries.shape[2], ROWS):
                rows = slice(begin, begin + ROWS)
                shares = torch.mm(scaled[picture, head, rows], across).softmax(-1)
                made[picture, head, rows] = torch.mm(shares, seen)
    return made


class InPieces:
    """A processor for diffusers' attention layers, for those of a UNet: no mask, no norms of their own."""

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,  # noqa: ARG002 - diffusers' signature
        temb: torch.Tensor | None = None,  # noqa: ARG002
    ) -> torch.Tensor:
        """What a layer makes of (pictures, places, channels)."""
        seen = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        queries, keys, values = (
            layer(each).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for layer, each in ((attn.to_q, hidden_states), (attn.to_k, seen), (attn.to_v, seen))
        )
        how = attend if keys.shape[2] >= _LEAST else scaled_dot_product_attention
        made = how(queries, keys, values).transpose(1, 2).flatten(2)
        out: torch.Tensor = attn.to_out[0](made) / attn.rescale_output_factor
        return out
