"""The pocket autoencoder: diffusers' ``AutoencoderKL``, 8 times smaller each way, trained on crops of
drawn rooms.

Eight latent channels instead of the published sixteen: a token of the transformer then has 32 numbers,
which a small transformer learns to denoise; sixteen were too many for it (pocket/README.md). Loss: L1 +
2·MSE + 0.5·L1 of the gradients + KL weight · KL (Kingma & Welling 2013).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from training import loop
from training.pocket.data import Samples

KL_WEIGHT = 2e-3


def build() -> Any:
    """A fresh autoencoder: 3×H×W in -1…1 to 8×H/8×W/8 latents and back."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 96),
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=8,
        sample_size=192,
        scaling_factor=1.0,
        shift_factor=0.0,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def to_tensor(pictures: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """uint8 (n, h, w, 3) to float32 (n, 3, h, w) in -1…1."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def loss_of(model: Any, pictures: torch.Tensor) -> tuple[torch.Tensor, loop.Metrics]:
    """The training loss of a batch in -1…1, and its PSNR in dB."""
    posterior = model.encode(pictures).latent_dist
    made = model.decode(posterior.sample()).sample.float()
    squared = F.mse_loss(made, pictures)
    flat = F.l1_loss(made, pictures)
    edges = sum(F.l1_loss(made.diff(dim=axis), pictures.diff(dim=axis)) for axis in (2, 3))
    mean, log_variance = posterior.mean.float(), posterior.logvar.float()
    kl = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()
    loss = flat + 2 * squared + 0.5 * edges + KL_WEIGHT * kl
    return loss, {"psnr": float(10 * torch.log10(4 / squared.detach())), "kl": float(kl.detach())}


@torch.no_grad()
def set_statistics(model: Any, pictures: torch.Tensor) -> None:
    """Set scaling_factor and shift_factor so that the latents of these pictures have mean 0 and deviation
    1.
    """
    latents = torch.cat([model.encode(batch).latent_dist.mean for batch in torch.split(pictures, 16)])
    shift, scale = float(latents.mean()), float(1 / latents.std())
    model.register_to_config(shift_factor=shift, scaling_factor=scale)


def main(arguments: list[str] | None = None) -> None:
    """Train the autoencoder and save it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/samples"))
    parser.add_argument("--out", type=Path, default=Path("runs/vae"))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=112)
    parser.add_argument("--rate", type=float, default=3e-3)
    args = parser.parse_args(arguments)
    device = loop.device()
    torch.manual_seed(0)
    data = Samples(args.data)
    model = build().to(device)
    ema = loop.Ema({"vae": model}, 0.995)

    def step(number: int) -> tuple[torch.Tensor, loop.Metrics]:
        rng = np.random.default_rng([number, 3])
        pictures = to_tensor(data.crops(rng, args.batch, args.crop), device)
        with loop.mixed_precision(device.type):
            return loss_of(model, pictures)

    def save(number: int) -> None:
        model.eval()
        held_out = to_tensor(data.held_out(64), device)
        set_statistics(model, held_out)
        with torch.no_grad():
            made = torch.cat(
                [model.decode(model.encode(b).latent_dist.mean).sample for b in torch.split(held_out, 16)]
            )
        error = F.mse_loss(made.clamp(-1, 1), held_out)
        model.save_pretrained(args.out / "vae")
        print(f"vae: step {number}, held-out PSNR {10 * torch.log10(4 / error):.2f} dB", flush=True)
        model.train()

    loop.run(
        name="vae",
        folder=args.out,
        modules={"vae": model},
        optimisers=loop.optimisers({"vae": model}, matrix_rate=args.rate, other_rate=args.rate),
        ema=ema,
        schedule=loop.Schedule(args.steps, args.minutes, warmup=50, decay=0.7),
        step=step,
        on_save=save,
    )


if __name__ == "__main__":
    main()
