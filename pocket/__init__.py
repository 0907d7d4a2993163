"""The pocket models' weights, the sample room, and ``rooms``, the generator of drawn rooms."""

from __future__ import annotations

from pathlib import Path

_HOME = Path(__file__).parent


def weights(name: str) -> Path:
    """The folder of a pocket model's weights ("lisa", "flux-fill", "flux-kontext")."""
    return _HOME / "weights" / name


def sample_room() -> Path:
    """The picture that a chat opens with when it is given none."""
    return _HOME / "samples" / "room.png"
