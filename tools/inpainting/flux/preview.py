"""What a picture will look like, in the middle of its denoising.

FLUX moves in a straight line from noise to picture (a rectified flow), so two successive latents x_i, x_j at
noise levels s_i > s_j give the velocity, v = (x_j − x_i) / (s_j − s_i), and the picture that the model is
heading for, x_j − s_j·v. A large one is decoded from a latent that was made smaller first, which is blurred
and costs about a sixteenth. No random numbers are drawn: a preview changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.inpainting.flux.family import Family

SHRINK = (4, 2, 1)
LEAST = 24
"""A latent is shrunk by the first of ``SHRINK`` that leaves its shorter side this long."""


def preview_steps(steps: int) -> range:
    """The steps, counted from 1, after which a preview is worth its while: about six, the last not."""
    every = max(2, steps // 6)
    return range(every, steps, every)


class Previewer:
    """Draws the first picture of a batch while it is painted; one for each call of a pipeline."""

    def __init__(self, pipeline: Any, family: Family, steps: int, size: tuple[int, int]) -> None:
        """``size`` is (height, width) in pixels."""
        self._pipeline = pipeline
        self._family = family
        self._size = size
        self._wanted = preview_steps(steps)
        self._before: torch.Tensor | None = None

    def after(self, step: int, latents: torch.Tensor) -> NDArray[np.uint8] | None:
        """The preview after a step, counted from 1, uint8 RGB; None where there is none to show."""
        before, self._before = self._before, latents[:1]
        if before is None or step not in self._wanted:
            return None
        high, low = (float(sigma) for sigma in self._pipeline.scheduler.sigmas[step - 1 : step + 1])
        velocity = (self._before - before) / (low - high)
        return self._draw(self._before - low * velocity)

    def _draw(self, packed: torch.Tensor) -> NDArray[np.uint8]:
        latent = unpack(self._pipeline, self._family, packed, self._size)
        shrink = next(n for n in SHRINK if min(latent.shape[-2:]) // n >= LEAST or n == 1)
        latent = torch.nn.functional.avg_pool2d(latent, shrink)
        vae = self._pipeline.vae
        picture = vae.decode(latent.to(vae.dtype), return_dict=False)[0]
        levels = (picture[0].float().clamp(-1, 1) + 1) * 127.5
        return np.ascontiguousarray(levels.round().to(torch.uint8).permute(1, 2, 0).cpu().numpy())


def unpack(pipeline: Any, family: Family, packed: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A pipeline's packed latents as its autoencoder reads them: (batch, channels, height / 8, width / 8)."""
    height, width = size
    vae = pipeline.vae
    if not family.patched:
        latent = pipeline._unpack_latents(packed, height, width, pipeline.vae_scale_factor)
        unpacked: torch.Tensor = latent / vae.config.scaling_factor + vae.config.shift_factor
        return unpacked
    side = pipeline.vae_scale_factor * 2
    latent = packed.permute(0, 2, 1).reshape(len(packed), -1, height // side, width // side)
    mean = vae.bn.running_mean.view(1, -1, 1, 1).to(latent)
    deviation = torch.sqrt(vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps).to(latent)
    patches: torch.Tensor = pipeline._unpatchify_latents(latent * deviation + mean)
    return patches
