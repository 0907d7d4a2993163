"""Finding objects by words: the interface that every segmenter keeps, and asking it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tools import errors
from tools.engines import gpu_memory

CancelCheck = Callable[[], bool]
"""Asked between units of work: True means stop now (the engine then raises ``tools.errors.Cancelled``)."""


def never() -> bool:
    """The cancel check of somebody who never cancels."""
    return False


@dataclass(frozen=True)
class Found:
    """What a segmenter found for one phrase.

    ``mask`` is bool (H, W) at the picture's size, all False when the thing is not there. ``confidence`` is in
    0…1. ``words`` is the segmenter's own answer ("It is [SEG]."). ``things``: the single things whose union
    ``mask`` is, bool (H, W) each, from left to right, where the segmenter tells them apart; else none.
    """

    phrase: str
    mask: NDArray[np.bool_]
    confidence: float
    words: str
    things: tuple[NDArray[np.bool_], ...] = ()

    @property
    def present(self) -> bool:
        """Whether the thing is in the picture."""
        return bool(self.mask.any())


@dataclass(frozen=True)
class Capabilities:
    """What a segmenter can do, and what not. ``drawn_rooms_only``: it knows drawn rooms and no photos."""

    drawn_rooms_only: bool = False


@runtime_checkable
class Capable(Protocol):
    """A segmenter that declares capabilities. One that does not has the defaults of ``Capabilities``."""

    @property
    def capabilities(self) -> Capabilities: ...


class Segmenter(Protocol):
    """One implementation of "find this in the picture".

    It may also be ``Capable``, a ``Looker`` and a ``tools.engines.gpu_memory.Resident``.
    """

    @property
    def name(self) -> str:
        """The engine's name in the registry."""
        ...

    @property
    def revision(self) -> str:
        """What identifies its weights, so that a result can be repeated."""
        ...

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        """Find each phrase in an RGB picture (H, W, 3), all in one call, in the order of the phrases."""
        ...

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name the things that the picture shows, in words that ``segment`` would find."""
        ...


@runtime_checkable
class Looker(Protocol):
    """A segmenter that can do what depends on the picture alone ahead of the questions about it."""

    def look(self, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never) -> None:
        """Make ready for questions about an RGB picture (H, W, 3); does nothing where that was done before.

        It may be called in a thread of its own: a ``segment`` that comes meanwhile waits, and goes on from
        what was made. Raises ``tools.errors.Cancelled`` and ``EngineError``, and is then as before.
        """
        ...


def capabilities_of(segmenter: Segmenter) -> Capabilities:
    """What a segmenter declares, or the defaults."""
    return segmenter.capabilities if isinstance(segmenter, Capable) else Capabilities()


def find(
    segmenter: Segmenter,
    picture: NDArray[np.uint8],
    phrases: Sequence[str],
    *,
    cancelled: CancelCheck = never,
) -> list[Found]:
    """Find each phrase in an RGB picture (H, W, 3): one result a phrase, in their order.

    The segmenter is asked once, and about each phrase once: phrases that differ only in case and spaces share
    a result. Raises ``ToolError`` for a phrase without words, ``EngineError`` when the segmenter does not
    keep to its interface, ``tools.errors.Cancelled`` when ``cancelled`` says so.
    """
    keys = [" ".join(phrase.lower().split()) for phrase in phrases]
    if not all(any(character.isalnum() for character in key) for key in keys):
        raise errors.ToolError(
            'Nothing to look for: name the thing in words, such as "the sofa on the left".'
        )
    if cancelled():
        raise errors.Cancelled
    asked = dict.fromkeys(keys)
    with gpu_memory.using(segmenter):
        found = segmenter.segment(picture, list(asked), cancelled=cancelled) if asked else []
    if len(found) != len(asked) or any(each.mask.shape != picture.shape[:2] for each in found):
        raise errors.EngineError(
            f"The segmenter {segmenter.name} did not return one mask of the picture's size for each phrase."
        )
    by_key = dict(zip(asked, found, strict=True))
    return [replace(by_key[key], phrase=phrase) for key, phrase in zip(keys, phrases, strict=True)]


def look(segmenter: Segmenter, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never) -> None:
    """Have a segmenter look at an RGB picture (H, W, 3) ahead of the questions, if it can. See ``Looker``."""
    if isinstance(segmenter, Looker):
        with gpu_memory.using(segmenter):
            segmenter.look(picture, cancelled=cancelled)


def name_things(segmenter: Segmenter, picture: NDArray[np.uint8]) -> list[str]:
    """Name the things that an RGB picture (H, W, 3) shows, in words that ``find`` would find."""
    with gpu_memory.using(segmenter):
        return segmenter.describe(picture)
