"""The pocket painters: FLUX.1-Fill and FLUX.1-Kontext in small, trained from nothing by rectified flow.

Objective (Liu et al. 2022, arXiv 2209.03003; logit-normal times: Esser et al. 2024, arXiv 2403.03206):
``min_v ∫ E‖(X₁ − X₀) − v(X_t, t)‖² dt`` with X₀ the picture's latent, X₁ noise and X_t = (1 − t)·X₀ +
t·X₁.

Both transformers share every block while they train and differ only in how the picture comes in: Fill
gets the masked picture and the mask as further channels, Kontext gets the whole picture as further
tokens. Each step trains one of them, so the shared blocks learn from all samples; on saving, each is a
complete published-style model of its own. The text encoders (CLIP pooled, T5 sequence) are trained along
with them.

Beside the flow there counts what an eye for surfaces sees in the guess of the clean latent
(``surface_critic``), and, in steps of their own, what a word changes: one thing of one room in several looks,
under the same noise, where all that differs comes from the words.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training import loop
from training.pocket import surface_critic as eyes
from training.pocket import text
from training.pocket.latents import Latents, load_latents
from training.pocket.samples import CONTRAST

TIME_SHIFT = 1.8
OUTSIDE_WEIGHT = 0.1
EMPTY_SHARE = 0.1
NAMES_WEIGHT, SURFACE_WEIGHT = 0.25, 2.0
"""Of what the eye says: the names of what is painted, and the statistics of its surface."""

CONTRAST_SHARE, CONTRAST_WEIGHT = 0.4, 0.5
"""The share of steps with one thing in several looks, and the weight of what is missed between them."""


def build_transformer(in_channels: int) -> Any:
    """A small ``FluxTransformer2DModel``: 192 wide, 3 double and 5 single blocks, for 8-channel latents."""
    from diffusers import FluxTransformer2DModel

    return FluxTransformer2DModel(
        patch_size=1,
        in_channels=in_channels,
        out_channels=32,
        num_layers=3,
        num_single_layers=5,
        attention_head_dim=64,
        num_attention_heads=3,
        joint_attention_dim=128,
        pooled_projection_dim=128,
        guidance_embeds=True,
        axes_dims_rope=(16, 24, 24),
    )


def build_text_encoders() -> tuple[Any, Any, Any, Any]:
    """(CLIP text model, CLIP tokenizer, T5 encoder, T5 tokenizer), both 128 wide, two layers."""
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

    clip_words, t5_words = text.clip_tokenizer(), text.t5_tokenizer()
    clip = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(clip_words),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=text.LENGTH,
            bos_token_id=clip_words.bos_token_id,
            eos_token_id=clip_words.eos_token_id,
            pad_token_id=clip_words.pad_token_id,
        )
    )
    t5 = T5EncoderModel(
        T5Config(
            vocab_size=len(t5_words),
            d_model=128,
            d_kv=32,
            d_ff=256,
            num_layers=2,
            num_heads=4,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            is_encoder_decoder=False,
        )
    )
    return clip, clip_words, t5, t5_words


class Painter(nn.Module):
    """Fill and Kontext over shared blocks, with their text encoders."""

    def __init__(self) -> None:
        super().__init__()
        self.fill = build_transformer(32 + 32 + 256)
        self.kontext = build_transformer(32)
        for name, child in self.fill.named_children():
            if name != "x_embedder":
                setattr(self.kontext, name, child)
        self.clip, self.clip_words, self.t5, self.t5_words = build_text_encoders()

    def load(self, folder: Path) -> None:
        """Take the weights of exported models (flux-fill and flux-kontext in ``folder``).

        The shared blocks are Fill's; what Kontext's own copy of them learnt is the same, for they were
        trained as one.
        """
        from diffusers import FluxFillPipeline, FluxTransformer2DModel

        trained = FluxFillPipeline.from_pretrained(str(folder / "flux-fill"), dtype=torch.float32)
        kontext = FluxTransformer2DModel.from_pretrained(
            str(folder / "flux-kontext" / "transformer"), dtype=torch.float32
        )
        self.fill.load_state_dict(trained.transformer.state_dict())
        self.kontext.x_embedder.load_state_dict(kontext.x_embedder.state_dict())
        self.clip.load_state_dict(trained.text_encoder.state_dict())
        self.t5.load_state_dict(trained.text_encoder_2.state_dict())
        self.clip_words, self.t5_words = trained.tokenizer, trained.tokenizer_2

    def encode(self, prompts: list[str], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Prompts to (pooled CLIP (n, 128), T5 sequence (n, LENGTH, 128)), padded as diffusers' pipelines
        pad.
        """
        settings = {
            "padding": "max_length",
            "max_length": text.LENGTH,
            "truncation": True,
            "return_tensors": "pt",
        }
        clip_ids = self.clip_words(prompts, **settings).input_ids.to(device)
        t5_ids = self.t5_words(prompts, **settings).input_ids.to(device)
        return self.clip(clip_ids).pooler_output, self.t5(t5_ids)[0]

    def velocity(
        self,
        which: str,
        tokens: torch.Tensor,
        time: torch.Tensor,
        prompts: list[str],
        grid: tuple[int, int],
        guidance: torch.Tensor,
    ) -> torch.Tensor:
        """The velocity that one model predicts for its picture tokens. ``grid`` is (rows, columns) of
        tokens.
        """
        pooled, sequence = self.encode(prompts, tokens.device)
        ids = position_ids(grid, tokens.device)
        if which == "kontext":
            reference = ids.clone()
            reference[:, 0] = 1
            ids = torch.cat([ids, reference])
        model = self.fill if which == "fill" else self.kontext
        made: torch.Tensor = model(
            hidden_states=tokens,
            timestep=time,
            guidance=guidance,
            pooled_projections=pooled,
            encoder_hidden_states=sequence,
            txt_ids=torch.zeros(text.LENGTH, 3, device=tokens.device),
            img_ids=ids,
            return_dict=False,
        )[0]
        return made[:, : grid[0] * grid[1]]


def position_ids(grid: tuple[int, int], device: torch.device) -> torch.Tensor:
    """FLUX's (0, row, column) of each token, float (rows·columns, 3)."""
    rows, columns = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    return torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).reshape(-1, 3).float().to(device)


def pack(latents: torch.Tensor) -> torch.Tensor:
    """(n, c, h, w) to FLUX's tokens (n, h/2·w/2, 4c)."""
    n, c, h, w = latents.shape
    return latents.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(n, h * w // 4, c * 4)


def unpack(tokens: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """FLUX's tokens (n, rows·columns, 4c) to (n, c, 2·rows, 2·columns)."""
    rows, columns = grid
    n, _, c = tokens.shape
    return (
        tokens.view(n, rows, columns, c // 4, 2, 2)
        .permute(0, 3, 1, 4, 2, 5)
        .reshape(n, c // 4, 2 * rows, 2 * columns)
    )


def pack_mask(mask: torch.Tensor) -> torch.Tensor:
    """A 0/1 mask (n, H, W) to Fill's mask tokens (n, H/16·W/16, 256): 8×8 pixels into channels, then 2×2
    packing.
    """
    n, h, w = mask.shape
    return pack(mask.view(n, h // 8, 8, w // 8, 8).permute(0, 2, 4, 1, 3).reshape(n, 64, h // 8, w // 8))


def flow_loss(
    painter: Painter,
    latents: Latents,
    number: int,
    which: str,
    count: int,
    device: torch.device,
    eye: eyes.Eye | None = None,
    group: int = 1,
) -> tuple[torch.Tensor, loop.Metrics]:
    """One batch's rectified-flow loss for one of the two models, and with an ``eye`` what that sees in the
    guess of the clean latent. The mask's inside weighs most.

    Of samples in a ``group``, which differ in their words alone, the share of the difference that is missed
    counts besides.
    """
    rng = np.random.default_rng([number, 5])
    size, tensors, prompts = latents.batch(rng, which, count, group)
    count = len(prompts)
    if group == 1:
        prompts = ["" if rng.random() < EMPTY_SHARE else prompt for prompt in prompts]
    width, height = (int(side) for side in size.split("x"))
    truth = pack(tensors["truth"].to(device).float())
    mask = tensors["mask"].to(device).float()
    noise = torch.randn(truth.shape, generator=torch.Generator(device).manual_seed(number), device=device)
    time = torch.from_numpy(rng.normal(size=count).astype(np.float32)).sigmoid().to(device)
    time = TIME_SHIFT * time / (1 + (TIME_SHIFT - 1) * time)
    if group > 1:
        noise, time = (each[::group].repeat_interleave(group, 0) for each in (noise, time))
    noisy = (1 - time[:, None, None]) * truth + time[:, None, None] * noise
    if which == "fill":
        tokens = torch.cat([noisy, pack(tensors["masked"].to(device).float()), pack_mask(mask)], dim=2)
    else:
        tokens = torch.cat([noisy, pack(tensors["before"].to(device).float())], dim=1)
    with loop.mixed_precision(device.type):
        grid = (height // 16, width // 16)
        made = painter.velocity(which, tokens, time, prompts, grid, torch.ones(count, device=device))
    error = (made.float() - (noise - truth)).square().mean(dim=2)
    inside = pack(F.avg_pool2d(mask[:, None], 8)).mean(dim=2)
    weight = inside + OUTSIDE_WEIGHT * (1 - inside)
    loss = (error * weight).sum() / weight.sum()
    in_mask = float((error.detach() * inside).sum() / inside.sum())
    parts = {which: in_mask, "fill" if which == "kontext" else "kontext": float("nan")}
    if group > 1:
        lost = missed(made.float(), noise - truth, inside, group)
        loss = loss + CONTRAST_WEIGHT * lost
        parts[f"{which} missed"] = float(lost.detach())
    if eye is not None:
        guess = noisy - time[:, None, None] * made.float()
        share = eyes.inside_of(mask)
        wanted = eyes.labels(prompts).to(device)
        with loop.mixed_precision(device.type):
            seen, logits = eye(unpack(guess, grid), share)
            with torch.no_grad():
                true, _ = eye(unpack(truth, grid), share)
        # The noisier the latent, the less of the surface is known.
        names = (eye.misnamed(logits.float(), wanted) * (1.1 - time)).mean()
        surface = ((seen - true).abs().mean(1) * (1 - time)).mean()
        loss = loss + NAMES_WEIGHT * names + SURFACE_WEIGHT * surface
        parts |= {f"{which} names": float(names.detach()), f"{which} surface": float(surface.detach())}
    return loss, parts


def missed(made: torch.Tensor, wanted: torch.Tensor, inside: torch.Tensor, group: int) -> torch.Tensor:
    """Of what differs within the groups of samples inside the mask, the mean share that is missed.

    ``made`` and ``wanted`` (n·group, tokens, channels), ``inside`` (n·group, tokens). What all samples of a
    group have in common cancels out: the room, the shape, the light, the noise.
    """

    def apart(each: torch.Tensor) -> torch.Tensor:
        groups = each.view(-1, group, *each.shape[1:])
        return groups - groups.mean(dim=1, keepdim=True)

    weight = inside.view(-1, group, inside.shape[1])
    error = ((apart(made) - apart(wanted)).square().mean(dim=3) * weight).sum(dim=(1, 2))
    whole = (apart(wanted).square().mean(dim=3) * weight).sum(dim=(1, 2))
    share: torch.Tensor = (error / (whole + 0.02 * weight.sum(dim=(1, 2)))).mean()
    return share


def save_pipelines(painter: Painter, vae: Any, folder: Path) -> None:
    """Save a complete ``FluxFillPipeline`` to ``folder``/fill and Kontext's transformer and index to
    ``folder``/kontext.
    """
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxFillPipeline, FluxKontextInpaintPipeline

    shared = {
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=TIME_SHIFT),
        "vae": vae,
        "text_encoder": painter.clip,
        "tokenizer": painter.clip_words,
        "text_encoder_2": painter.t5,
        "tokenizer_2": painter.t5_words,
    }
    FluxFillPipeline(**shared, transformer=painter.fill).save_pretrained(folder / "fill")
    FluxKontextInpaintPipeline(**shared, transformer=painter.kontext).save_pretrained(folder / "kontext")


def main(arguments: list[str] | None = None) -> None:
    """Train both painters and save their pipelines."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/samples"))
    parser.add_argument("--contrasts", type=Path, default=Path("runs/contrasts"))
    parser.add_argument("--vae", type=Path, default=Path("runs/vae/vae"))
    parser.add_argument("--out", type=Path, default=Path("runs/flux"))
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--kontext-share", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument(
        "--decay", type=float, default=0.5, help="the share of the training in which the learning rate falls"
    )
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--init", type=Path, help="start from these weights, for example pocket/weights")
    args = parser.parse_args(arguments)
    from diffusers import AutoencoderKL

    device = loop.device()
    torch.manual_seed(0)
    latents, held_out = (part.to(device) for part in load_latents(args.data, args.vae, device))
    contrasts, differing = (
        part.to(device) for part in load_latents(args.contrasts, args.vae, device, "latents-contrasts")
    )
    vae = AutoencoderKL.from_pretrained(args.vae)
    print("flux: samples", {size: len(words) for size, words in latents.words.items()}, flush=True)
    painter = Painter()
    if args.init is not None:
        painter.load(args.init)
    painter.to(device)
    eye = eyes.load(args.out / "eye.pt", latents, held_out, device, min(eyes.STEPS, args.steps))
    modules: dict[str, nn.Module] = {"painter": painter}
    ema = loop.Ema(modules, 0.998)
    if args.compile:
        painter.fill.compile_repeated_blocks(fullgraph=True, dynamic=True)

    def step(number: int) -> tuple[torch.Tensor, loop.Metrics]:
        rng = np.random.default_rng([number, 7])
        which = "kontext" if rng.random() < args.kontext_share else "fill"
        count = args.batch if which == "fill" else max(1, args.batch * 5 // 8)
        if rng.random() < CONTRAST_SHARE:
            return flow_loss(painter, contrasts, number, which, count, device, eye, CONTRAST)
        return flow_loss(painter, latents, number, which, count, device, eye)

    def save(number: int) -> None:
        painter.eval()
        few = min(16, sum(len(words) for words in held_out.words.values()))
        with torch.no_grad():
            losses = {
                which: np.mean(
                    [flow_loss(painter, held_out, n, which, few, device)[1][which] for n in range(8)]
                )
                for which in ("fill", "kontext")
            }
            contrast = {
                which: np.mean(
                    [
                        flow_loss(painter, differing, n, which, few, device, group=CONTRAST)[1][
                            f"{which} missed"
                        ]
                        for n in range(8)
                    ]
                )
                for which in ("fill", "kontext")
            }
        painter.train()
        save_pipelines(painter, vae, args.out)
        print(f"flux: step {number}, held-out in-mask loss {losses}, missed {contrast}", flush=True)

    loop.run(
        name="flux",
        folder=args.out,
        modules=modules,
        optimisers=loop.optimisers(modules, matrix_rate=args.rate, other_rate=args.rate),
        ema=ema,
        schedule=loop.Schedule(args.steps, args.minutes, decay=args.decay),
        step=step,
        on_save=save,
    )


if __name__ == "__main__":
    main()
