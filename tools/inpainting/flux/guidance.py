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

from tools.inpainting.flux.prompt_cache import Embedding


@contextmanager
def guided(pipeline: Any, scale: float, empty: Embedding) -> Iterator[None]:
    """Run a FLUX.1 pipeline's calls in this block with guidance ``scale``, which is not 1.

    ``empty`` is the embedding of no words, at the length that the pipeline is called with. Not for two
    threads at once.
    """
    transformer = pipeline.transformer
    predict = transformer.forward

    def forward(**inputs: Any) -> tuple[Any]:
        batch = len(inputs["hidden_states"])
        nothing = {
            "pooled_projections": empty.pooled.expand(batch, -1),
            "encoder_hidden_states": empty.sequence.expand(batch, -1, -1),
        }
        without = predict(**{**inputs, **nothing})[0]
        return (without + scale * (predict(**inputs)[0] - without),)

    # The pipeline checks what it is made of, so its transformer stays the same object.
    transformer.forward = forward
    try:
        yield
    finally:
        del transformer.forward
