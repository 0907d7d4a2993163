"""What this machine is: its graphics cards, their driver, its memory and disks. Looking changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

GIB: Final = 2**30
"""Bytes."""

_ASKED = "name,memory.total,memory.free,driver_version"
_SECONDS = 5.0


@dataclass(frozen=True)
class Card:
    """A graphics card: memory in GiB, ``free`` of it None where that is not known.

    ``capability`` is NVIDIA's compute capability, None where it is not known and for other makers' cards.
    """

    name: str
    memory: float
    free: float | None = None
    capability: tuple[int, int] | None = None


def cards() -> list[Card]:
    """The cards that torch can use, in its order: engines run on the first. Imports torch."""
    try:
        import torch

        if not torch.cuda.is_available():
            return []
        found = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        nvidia = torch.version.hip is None
        return [
            Card(
                card.name,
                card.total_memory / GIB,
                capability=(card.major, card.minor) if nvidia else None,
            )
            for card in found
        ]
    except Exception:  # a torch that cannot be imported is told of by the models, which cannot be loaded then
        return []


def other_accelerator() -> str:
    """What else than NVIDIA's cards torch could compute on here: "MPS", "ROCm", or "". Imports torch."""
    try:
        import torch

        if torch.version.hip is not None:
            return "ROCm"
        return "MPS" if torch.backends.mps.is_available() else ""
    except Exception:  # see ``cards``
        return ""


def driver() -> tuple[str, list[Card]]:
    """NVIDIA's driver and the cards that it sees, whether torch can use them or not; "" without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "", []
    command = [program, f"--query-gpu={_ASKED}", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "", []
    release, found = "", []
    for line in said.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 4:
            release = fields[3]
            found.append(Card(fields[0], _gib(fields[1]) or 0.0, _gib(fields[2])))
    return release, found


def cores() -> int:
    """The processor cores."""
    return os.cpu_count() or 1


def _gib(mebibytes: str) -> float | None:
    try:
        return float(mebibytes) / 1024
    except ValueError:  # some cards do not tell
        return None
