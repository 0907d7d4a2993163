"""Classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598) for FLUX pipelines whose model is not
distilled.

diffusers' Fill pipeline knows guidance only as a number that a distilled transformer is told. Here the
transformer itself is asked twice, with the prompt and with none, and v = v_none + g·(v_prompt − v_none)
is what the pipeline sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def guided(pipeline: Any, scale: float, tokens: int) -> Iterator[None]:
    """Run a pipeline's calls in this block with guidance ``scale``; 1 leaves it alone, at half the cost.

    ``tokens`` is the prompt length that the pipeline is called with. Not for two threads at once.
    """
    if scale == 1.0:
        yield
        return
    sequence, pooled, _ = pipeline.encode_prompt(prompt="", prompt_2=None, max_sequence_length=tokens)
    transformer = pipeline.transformer
    predict = transformer.forward

    def forward(**inputs: Any) -> tuple[Any]:
        batch = len(inputs["hidden_states"])
        empty = {
            "pooled_projections": pooled.expand(batch, -1),
            "encoder_hidden_states": sequence.expand(batch, -1, -1),
        }
        without = predict(**{**inputs, **empty})[0]
        return (without + scale * (predict(**inputs)[0] - without),)

    # The pipeline checks what it is made of, so its transformer stays the same object.
    transformer.forward = forward
    try:
        yield
    finally:
        del transformer.forward
