"""What engines of one model share: leaving the graphics card, and coming back."""

from __future__ import annotations

import threading
from typing import Any

import torch

from tools.residency import bytes_of


class Movable:
    """An engine of one model of transformers; with a name it is a ``tools.residency.Resident``."""

    def __init__(self, model: Any) -> None:
        self._model = model.eval()
        self._lock = threading.Lock()
        """Held by whoever uses or moves the model."""

    @property
    def weight_bytes(self) -> int:
        """The bytes that the weights take."""
        return bytes_of(self._model)

    def to_card(self) -> None:
        """Move the weights to the graphics card, if there is one, and what goes with them."""
        if torch.cuda.is_available():
            self._move("cuda")

    def off_card(self) -> None:
        """Move the weights to main memory, and what goes with them."""
        if self._model.device.type != "cpu":
            self._move("cpu")
            torch.cuda.empty_cache()

    def _move(self, device: str) -> None:
        with self._lock:
            if self._model.device.type != device:
                self._model.to(device)
                self._moved()

    def _moved(self) -> None:
        """Take what is kept of pictures along with the model, or forget it."""
        raise NotImplementedError
