"""The published weights: where they lie here, how they are fetched. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.engines import download

NAME: Final = "sd15-inpainting"

MODEL: Final = "stable-diffusion-v1-5/stable-diffusion-inpainting"
FEW_STEPS: Final = "latent-consistency/lcm-lora-sdv1-5"
SMALL_VAE: Final = "madebyollin/taesd"
"""The repositories: the model, the adapter with which four steps suffice, the autoencoder for processors."""

ADAPTER: Final = "pytorch_lora_weights.safetensors"

_PARTS: Final = {
    "unet": "diffusion_pytorch_model.fp16.safetensors",
    "vae": "diffusion_pytorch_model.fp16.safetensors",
    "text_encoder": "model.fp16.safetensors",
}
"""Its parts that have weights, and their files. The checkpoint of 4 GB and the safety checker stay there."""

_RAIL: Final = "CreativeML Open RAIL-M, which forbids some uses"


def needed(name: str = NAME) -> tuple[download.Weights, ...]:  # noqa: ARG001 - asked of every kind of engine
    """What the engine needs of the hub."""
    own = tuple(f"{part}/{file}" for part, file in _PARTS.items())
    words = (
        "model_index.json",
        "scheduler/*.json",
        "tokenizer/*",
        *(f"{part}/config.json" for part in _PARTS),
    )
    return (
        download.Weights(MODEL, (*words, *own), about=2_135_000_000, complete=is_whole, terms=_RAIL),
        download.Weights(
            FEW_STEPS, (ADAPTER,), about=135_000_000, complete=_has_adapter, terms="OpenRAIL++-M"
        ),
        download.Weights(
            SMALL_VAE,
            ("config.json", "diffusion_pytorch_model.safetensors"),
            about=10_000_000,
            complete=_is_vae,
        ),
    )


def kept(name: str = NAME) -> Path | None:  # noqa: ARG001
    """Where the model lies on this machine, if all of it is there. No network."""
    folders = [download.kept(weights) for weights in needed()]
    return None if None in folders else folders[0]


def fetch(name: str = NAME, progress: download.Progress = download.silent) -> Path:  # noqa: ARG001
    """Fetch what is missing; the model's folder. Safe to repeat. Raises ``EngineError``."""
    model, *_ = (download.fetch(weights, progress) for weights in needed())
    return model


def is_whole(folder: Path) -> bool:
    """Whether all parts of the model are in a folder."""
    files = [folder / part / file for part, file in _PARTS.items()]
    files += [folder / part / "config.json" for part in _PARTS]
    files += [folder / "scheduler" / "scheduler_config.json", folder / "tokenizer" / "vocab.json"]
    return all(file.is_file() for file in files)


def _has_adapter(folder: Path) -> bool:
    return (folder / ADAPTER).is_file()


def _is_vae(folder: Path) -> bool:
    return (folder / "config.json").is_file() and (folder / "diffusion_pytorch_model.safetensors").is_file()
