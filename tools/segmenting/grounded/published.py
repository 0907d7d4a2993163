"""The weights of the published pair: where they lie here, how they are fetched. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.engines import download

NAME: Final = "llmdet-sam2"
DETECTOR: Final = "iSEE-Laboratory/llmdet_tiny"
DRAWER: Final = "facebook/sam2.1-hiera-tiny"
"""The repositories of the published weights; both Apache-2.0."""


def needed(name: str = NAME) -> tuple[download.Weights, ...]:  # noqa: ARG001 - asked of every kind of engine
    """What the pair needs of the hub."""
    words = ("config.json", "model.safetensors", "tokenizer*.json", "vocab.txt", "special_tokens_map.json")
    return (
        download.Weights(DETECTOR, words, about=690_000_000, complete=_is_complete),
        download.Weights(
            DRAWER, ("config.json", "model.safetensors"), about=156_000_000, complete=_is_complete
        ),
    )


def kept(name: str = NAME) -> Path | None:  # noqa: ARG001
    """Where the detector lies on this machine, if both are there whole. No network."""
    folders = [download.kept(weights) for weights in needed()]
    return None if None in folders else folders[0]


def fetch(name: str = NAME, progress: download.Progress = download.silent) -> Path:  # noqa: ARG001
    """Fetch both; the detector's folder. Safe to repeat. Raises ``EngineError``."""
    detector, _ = (download.fetch(weights, progress) for weights in needed())
    return detector


def _is_complete(folder: Path) -> bool:
    return (folder / "config.json").is_file() and (folder / "model.safetensors").is_file()
