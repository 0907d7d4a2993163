"""How a model is named: one of our names, a hub repository or a folder, and with how many bits a weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Bits = Literal[4, 8, 16]

_BITS: Final[dict[str, Bits]] = {"4bit": 4, "8bit": 8, "16bit": 16}


@dataclass(frozen=True)
class ModelName:
    """Which model, and with how many bits a weight."""

    model: str
    bits: Bits = 16

    @classmethod
    def parse(cls, name: str) -> ModelName:
        """Read "lisa-7b", "flux-fill:4bit", "OWNER/REPOSITORY:8bit" or "FOLDER"."""
        model, _, precision = name.rpartition(":")
        return cls(model, _BITS[precision]) if model and precision in _BITS else cls(name)
