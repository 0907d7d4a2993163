"""What the segmenters of one model have in common: cancelling, a full memory, what is kept of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import torch

from tools.engines.picture_cache import PictureCache
from tools.engines.weight_transfer import OffloadableModel
from tools.errors import Cancelled, EngineError, OutOfMemory, is_out_of_memory
from tools.segmenting.base import CancelCheck, never

Encoded = TypeVar("Encoded")
"""What is kept of a picture."""


class ModelSegmenter(OffloadableModel, Generic[Encoded]):
    """A model behind the ``Segmenter`` interface, as far as all of them are alike."""

    def __init__(self, name: str, revision: str, model: Any, layers: Iterable[Any]) -> None:
        """``layers`` are asked to check for a cancel, each before its turn."""
        super().__init__(model)
        self.name = name
        self.revision = revision
        self._kept: PictureCache[Encoded] = PictureCache()
        self._cancelled: CancelCheck = never
        for layer in layers:
            layer.register_forward_pre_hook(self._check)

    @contextmanager
    def _working(self, cancelled: CancelCheck) -> Iterator[None]:
        """One call at a time; a cancel and a lack of memory leave the engine as it was."""
        with self._lock, torch.inference_mode():
            self._cancelled = cancelled
            try:
                yield
                self._check()
                return
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
            finally:
                self._cancelled = never
            # Out of the handler the error is gone, and with it the tensors that its frames held.
            self._make_room()
            raise self._out_of_memory()

    def _check(self, *_: object) -> None:
        if self._cancelled():
            raise Cancelled

    def _make_room(self) -> None:
        self._kept.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _out_of_memory(self, doing: str = "looked") -> EngineError:
        return OutOfMemory(
            f"The graphics card ran out of memory while {self.name} {doing}: close other programs that use"
            " it, or use a smaller preset."
        )

    def _moved(self) -> None:
        """What is kept of pictures is large, and made anew where it is wanted."""
        self._kept.clear()
