"""About how long the preset ``small`` takes on this processor, from a trial of less than two seconds.

The trial is two layers of the models' sizes; the engines need not be loaded, nor be on this machine.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Final

import torch

from tools.engines import cpu_linear, number_formats

_TRIALS: Final = 7

_LOOK: Final = 575
_STEP: Final = 173
_STEPS: Final = 4.4
"""On an EPYC a look at a new picture (its common things and its encoding for masks) takes as long as so many
of the linear layers that are tried, a step of the painter as so many of the convolutions; an edit takes four
steps, and its autoencoder as long as another 0.4.
"""


@functools.cache
def first_edit() -> int | None:
    """About how many seconds the first edit of a picture takes here, loading aside; None on a graphics card,
    where nothing was measured.
    """
    if number_formats.device_of_small_models().type != "cpu":
        return None
    dtype = number_formats.of_small_models()
    linear = torch.nn.Linear(384, 1536)
    cpu_linear.speed_up(linear)
    rows = torch.zeros(4096, 384)
    kernel, latent = (
        torch.zeros(shape, dtype=dtype).to(memory_format=torch.channels_last)
        for shape in ((640, 640, 3, 3), (1, 640, 32, 32))
    )
    with torch.inference_mode():
        look = _seconds(lambda: linear(rows))
        step = _seconds(lambda: torch.nn.functional.conv2d(latent, kernel, padding=1))
    return max(1, round(_LOOK * look + _STEP * _STEPS * step))


def _seconds(work: Callable[[], object]) -> float:
    """The median of some trials, after one that warms up."""
    took = []
    for _ in range(_TRIALS + 1):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:])
