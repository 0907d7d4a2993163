"""The plain values that sessions take and give: layers, versions, turns, and the changes that a commit makes.

Nothing here reads or writes anything, and importing it is cheap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sessions.compose import Box, Patch


class StackEntry(NamedTuple):
    """One layer in a version's stack: which revision of it, and whether it shows."""

    layer: int
    revision: int
    visible: bool


Stack = tuple[StackEntry, ...]
"""The layers of a version, the lowest first."""


@dataclass(frozen=True)
class Version:
    """One state of the picture. Version 0 is the base picture; it alone has no parent.

    ``changed`` names the layers that this version made, revised, hid, showed, dropped or moved, in the order
    in which it did so.
    """

    number: int
    parent: int | None
    stack: Stack
    changed: tuple[int, ...]
    sentence: str
    created: datetime


@dataclass(frozen=True)
class Layer:
    """A finished edit as one version shows it.

    ``kind`` is a ``tools.inpainting.request.Kind``. ``mask`` is the digest of the segmenter's mask (whole
    picture, 0 or 255), ``patch`` that of the RGBA crop that lies at ``box``; ``area`` is the share of the
    picture in the mask, 0…1. ``version`` is the version that brought this revision. ``visible`` is False
    when the layer is hidden, and when the version in question does not have it at all (it was undone, or
    lies on another branch). It is ``dropped`` when it was thrown away on the way to that version.
    """

    id: int
    revision: int
    target: str
    prompt: str
    kind: str
    mask: str
    box: Box
    patch: str
    request: Mapping[str, object]
    area: float
    version: int
    visible: bool
    created: datetime
    dropped: bool = False


@dataclass(frozen=True)
class Turn:
    """One exchange of the conversation; ``version`` is the head after it."""

    number: int
    sentence: str
    reply: str
    plan: Mapping[str, object]
    version: int
    created: datetime


@dataclass(frozen=True, eq=False)
class NewLayer:
    """A finished edit that is to become a layer, or the next revision of layer ``layer``.

    ``mask`` is bool (H, W) at the picture's size; ``patch`` lies inside the picture; ``request`` holds JSON
    values only. A new layer goes on top, or beneath the layer ``under``, if the stack has that.
    """

    target: str
    prompt: str
    kind: str
    mask: NDArray[np.bool_]
    patch: Patch
    request: Mapping[str, object]
    area: float
    layer: int | None = None
    under: int | None = None


@dataclass(frozen=True, eq=False)
class Changes:
    """What a version changes in its parent: first it drops, then hides, shows, adds or revises, and moves,
    each in order.

    New layers get the next free ids in their order, so a later entry of ``layers`` may revise an earlier, new
    one. ``moves`` are layers, each with the one directly beneath which it goes (None: to the top).
    """

    layers: tuple[NewLayer, ...] = ()
    hide: tuple[int, ...] = ()
    show: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    moves: tuple[tuple[int, int | None], ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.layers or self.hide or self.show or self.drop or self.moves)


@dataclass(frozen=True)
class SessionInfo:
    """A session as a list shows it, read without touching any pixel.

    ``size`` is (width, height) in pixels; ``versions`` counts those besides the base picture. A session whose
    records cannot be read has ``problem``, a sentence, and nothing else.
    """

    name: str
    size: tuple[int, int] = (0, 0)
    versions: int = 0
    preset: str = ""
    updated: datetime | None = None
    problem: str | None = None
