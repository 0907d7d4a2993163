"""Where the pocket models' weights lie, and a clear word when they do not."""

from __future__ import annotations

from pathlib import Path

import pocket
from tools.errors import EngineError


def weights_folder(name: str) -> Path:
    """The folder of a pocket model's weights. Raises ``EngineError`` when there are none in it."""
    folder = pocket.weights(name)
    if not any(folder.rglob("*.safetensors")):
        raise EngineError(
            f"The weights of the pocket model {name} are missing from {folder}; they come with the"
            " repository: clone it again, or train them with make train-pocket."
        )
    return folder
