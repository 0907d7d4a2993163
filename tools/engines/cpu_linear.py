"""float32 layers on AMD's processors with AVX-512, where torch's own way leaves half of the speed unused.

torch multiplies matrices of float32 with Intel's library, which uses AVX-512 on Intel's processors alone;
convolutions go to oneDNN, which uses it on all. A linear layer is a convolution of 1 × 1: on two cores of an
EPYC it took 0.4 of the time that way (119 billion multiplications a second and core instead of 50). The
results differ by rounding.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path
from typing import Final

import torch

_LEAST_ROWS: Final = 512
"""With fewer, what it saves is lost to the rearranging of the weights."""


def speed_up(*modules: torch.nn.Module) -> None:
    """Have the linear layers of modules work as convolutions, where that is faster."""
    if not applies():
        return
    for module in modules:
        for layer in module.modules():
            if type(layer) is torch.nn.Linear:
                layer.__class__ = Convolved


@functools.cache
def applies() -> bool:
    """Whether this processor is one of AMD's with AVX-512, and torch built with Intel's library."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    if not torch.backends.mkl.is_available():  # type: ignore[no-untyped-call]
        return False
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "AuthenticAMD" in platform.processor()


class Convolved(torch.nn.Linear):
    """A linear layer that works as a convolution where it has many rows of float32 on the processor."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The layer's output, (…, out)."""
        rows = input.numel() // self.in_features
        if rows < _LEAST_ROWS or input.dtype != torch.float32 or input.device.type != "cpu":
            return super().forward(input)
        picture = input.reshape(1, 1, rows, self.in_features).permute(0, 3, 1, 2)
        made = torch.nn.functional.conv2d(picture, self.weight[:, :, None, None], self.bias)
        return made.permute(0, 2, 3, 1).reshape(*input.shape[:-1], self.out_features)
