"""SAM's mask decoder (Kirillov et al. 2023, arXiv 2304.02643, appendix A) for many prompts on one picture.

The weights are those of transformers' ``SamMaskDecoder``, and so are the numbers, up to rounding. What
differs is where the work goes. That class projects all the places of the picture for every prompt, although
only a handful of tokens look at them. Here the tokens go through the projections instead: for a query q and
the places X, q(XW)ᵀ = (qWᵀ)Xᵀ, and likewise for the values, so that a place meets two dozen vectors rather
than the whole matrices. What comes after the last attention is done for the one mask that LISA takes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.models.sam.modeling_sam import SamAttention, SamMaskDecoder

_ASKED = 1
"""Which of the decoder's own tokens stands for mask 0; the one before it is for the mask's quality."""


def decode(decoder: SamMaskDecoder, image: Tensor, positions: Tensor, prompts: Tensor) -> Tensor:
    """Mask 0 of prompts that are one token each: logits (b, n, 4h, 4w).

    ``image``: (b, c, h, w), with the dense prompt added; ``positions``: (1, c, h, w); ``prompts``:
    (b, n, c), n at least 1.
    """
    (batch, count, _), (height, width) = prompts.shape, image.shape[-2:]
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
    first = torch.cat([own.expand(batch, count, -1, -1), prompts[:, :, None]], dim=2)
    # (b, 1, places, c): all prompts see the same picture, until the first layer gives each its own.
    places = image.flatten(2).transpose(1, 2).contiguous()[:, None]
    where = positions.flatten(2).transpose(1, 2).contiguous()[:, None]
    tokens = first
    for layer in decoder.transformer.layers:
        if layer.skip_first_layer_pe:
            tokens = layer.self_attn(query=tokens, key=tokens, value=tokens)[0]
        else:
            placed = tokens + first
            tokens = tokens + layer.self_attn(query=placed, key=placed, value=tokens)[0]
        tokens = layer.layer_norm1(tokens)
        there = places + where
        tokens = layer.layer_norm2(
            tokens + _seen(layer.cross_attn_token_to_image, tokens + first, there, places)
        )
        tokens = layer.layer_norm3(tokens + layer.mlp(tokens))
        told = _told(layer.cross_attn_image_to_token, there, tokens + first, tokens)
        places = layer.layer_norm4(places + told)
    transformer, mask = decoder.transformer, slice(_ASKED, _ASKED + 1)
    asked = tokens[:, :, mask]
    seen = _seen(transformer.final_attn_token_to_image, asked + first[:, :, mask], places + where, places)
    asked = transformer.layer_norm_final_attn(asked + seen)
    kernel = decoder.output_hypernetworks_mlps[0](asked[:, :, 0])
    # A processor draws one mask after the other: what a mask needs then stays in its cache.
    one_by_one = image.device.type == "cpu" and not torch.is_grad_enabled()
    pairs = (each.flatten(0, 1).split(1 if one_by_one else batch * count) for each in (places, kernel))
    logits = torch.cat([_drawn(decoder, *pair) for pair in zip(*pairs, strict=True)])
    squares: Tensor = logits.reshape(batch, count, height, width, 2, 2, 2, 2)  # places, quarters, theirs
    return squares.permute(0, 1, 2, 4, 6, 3, 5, 7).reshape(batch, count, 4 * height, 4 * width)


def _drawn(decoder: SamMaskDecoder, places: Tensor, kernel: Tensor) -> Tensor:
    """The mask logits of places (m, p, c) for kernels (m, c / 8): (m, 1, 16 p), quarter by quarter."""
    # A transposed convolution whose stride is its width is a matrix for each place.
    norm = decoder.upscale_layer_norm
    finer = _quartered(places, decoder.upscale_conv1)
    finer = decoder.activation(F.layer_norm(finer, norm.normalized_shape, norm.weight, norm.bias, norm.eps))
    finer = decoder.activation(_quartered(finer, decoder.upscale_conv2))
    made: Tensor = kernel[:, None] @ finer.flatten(1, -2).transpose(-1, -2)
    return made


def _seen(attention: SamAttention, tokens: Tensor, there: Tensor, places: Tensor) -> Tensor:
    """What tokens (b, n, t, c) take from ``places`` (b, n or 1, p, c), which they find by ``there``."""
    queries = _heads(attention, attention.q_proj(tokens)) * attention.scaling
    # The keys' bias adds the same to all scores of a token: its softmax does not see it.
    looks = queries @ _by_head(attention, attention.k_proj.weight)
    scores = looks.flatten(2, 3) @ there.transpose(-1, -2)
    found = scores.softmax(-1, torch.float32).to(places.dtype) @ places
    values = found.reshape(looks.shape) @ _by_head(attention, attention.v_proj.weight).transpose(-1, -2)
    made: Tensor = attention.out_proj(values.transpose(2, 3).flatten(3) + attention.v_proj.bias)
    return made


def _told(attention: SamAttention, there: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """What places (b, n or 1, p, c), as ``there``, take from tokens (b, n, t, c): (b, n, p, c)."""
    known = _heads(attention, attention.k_proj(keys)) * attention.scaling
    looks = known @ _by_head(attention, attention.q_proj.weight)
    bias = known @ _by_head(attention, attention.q_proj.bias[:, None])
    scores = (looks.flatten(2, 3) @ there.transpose(-1, -2)).reshape(*looks.shape[:-1], -1) + bias
    weights = scores.softmax(3, torch.float32).to(values.dtype).flatten(2, 3)
    out = attention.out_proj
    told = _heads(attention, attention.v_proj(values)) @ _by_head(attention, out.weight.T)
    # The weights of a place sum to 1 in every head, so that the words can carry the bias.
    told = told + out.bias / attention.num_attention_heads
    made: Tensor = weights.transpose(-1, -2) @ told.flatten(2, 3)
    return made


def _heads(attention: SamAttention, projected: Tensor) -> Tensor:
    """(b, n, t, heads · d) to (b, n, heads, t, d)."""
    return projected.reshape(*projected.shape[:3], attention.num_attention_heads, -1).transpose(2, 3)


def _by_head(attention: SamAttention, weight: Tensor) -> Tensor:
    """A weight (heads · d, c) as (heads, d, c)."""
    return weight.reshape(attention.num_attention_heads, -1, weight.shape[-1])


def _quartered(places: Tensor, convolution: torch.nn.ConvTranspose2d) -> Tensor:
    """Places (…, c) to their quarters (…, 2, 2, c′)."""
    weight, bias = convolution.weight, convolution.bias  # (c, c′, 2, 2)
    assert bias is not None
    matrix = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
    return F.linear(places, matrix, bias.repeat(4)).reshape(*places.shape[:-1], 2, 2, -1)
