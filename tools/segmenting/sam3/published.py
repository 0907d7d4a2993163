"""SAM 3's published weights: where they lie on this machine, how they are fetched. Imports no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tools.engines import download

REPOSITORY: Final = "facebook/sam3"
"""The published weights; behind a licence that must be accepted on the repository's page."""

FILES: Final = ("*.json", "*.txt", "*.safetensors")
"""What of the repository is needed; it also holds the weights a second time, as ``sam3.pt``."""

_BYTES: Final = 3_440_000_000  # of the published weights, in float32


def needed(name: str = "sam3") -> tuple[download.Weights, ...]:  # noqa: ARG001 - asked of every kind of engine
    """What SAM 3 needs of the hub."""
    return (weights_of(REPOSITORY),)


def kept(name: str = "sam3") -> Path | None:  # noqa: ARG001
    """Where the published SAM 3 lies on this machine; None when it does not. No network."""
    return download.kept(weights_of(REPOSITORY))


def fetch(name: str = "sam3", progress: download.Progress = download.silent) -> Path:  # noqa: ARG001
    """Fetch the published SAM 3; its folder. Safe to repeat.

    Raises ``EngineError`` when it is not there and may not be fetched.
    """
    return download.fetch(weights_of(REPOSITORY), progress)


def weights_of(repository: str) -> download.Weights:
    """What is needed of a repository that is laid out as the published one is."""
    return download.Weights(repository, FILES, _BYTES, "SAM License", is_complete)


def is_complete(folder: Path) -> bool:
    """Whether a folder has a config, a tokenizer and all weights."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        weights = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    else:
        weights = {"model.safetensors"}
    tokenizer = (folder / "tokenizer.json").is_file() or (folder / "vocab.json").is_file()
    return tokenizer and all((folder / name).is_file() for name in ("config.json", *weights))
