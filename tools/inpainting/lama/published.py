"""The published weights: where they lie here, how they are fetched. Imports no runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.engines import download

NAME: Final = "lama"
REPOSITORY: Final = "Carve/LaMa-ONNX"
FILE: Final = "lama_fp32.onnx"
"""Apache-2.0. The weights are big-lama's; the file is an ONNX graph of opset 17."""


def needed(name: str = NAME) -> tuple[download.Weights, ...]:  # noqa: ARG001 - asked of every kind of engine
    """What the engine needs of the hub."""
    return (download.Weights(REPOSITORY, (FILE,), about=208_000_000, complete=_is_whole),)


def kept(name: str = NAME) -> Path | None:  # noqa: ARG001
    """The folder of its weights on this machine, if they are there. No network."""
    return download.kept(needed()[0])


def fetch(name: str = NAME, progress: download.Progress = download.silent) -> Path:  # noqa: ARG001
    """Fetch the weights; their folder. Safe to repeat. Raises ``EngineError``."""
    return download.fetch(needed()[0], progress)


def _is_whole(folder: Path) -> bool:
    return (folder / FILE).is_file()
