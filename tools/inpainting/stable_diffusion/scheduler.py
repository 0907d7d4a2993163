"""Latent consistency sampling that remembers, after each step, the picture that it is heading for."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import LCMScheduler


class FewSteps(LCMScheduler):  # type: ignore[misc]
    """diffusers' sampler for latent consistency models (Luo et al., 2023, arXiv 2310.04378)."""

    heading_for: torch.Tensor
    """The latent (1, 4, h, w) of the picture without the noise that is still on it."""

    def step(
        self,
        model_output: torch.Tensor,
        timestep: Any,
        sample: torch.Tensor,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> Any:
        """One step, as diffusers'. A pipeline hands over its generator only where it sees it asked for."""
        made = super().step(model_output, timestep, sample, generator, return_dict=True)
        self.heading_for = made.denoised
        return made if return_dict else (made.prev_sample, made.denoised)
