"""What engines keep of the last few pictures, found again by the pictures' content."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

MOST = 4
"""How many pictures are kept unless said otherwise: the current version, and those that an undo leads to."""


class PictureCache(Generic[T]):
    """One thing for each of the pictures that were used last. Not safe for several threads at a time."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._things: OrderedDict[str, T] = OrderedDict()

    def of(self, picture: NDArray[np.uint8], make: Callable[[], T]) -> T:
        """The thing of a picture; made where it is not kept. What ``make`` raises leaves all as it was."""
        key = _digest(picture)
        if key not in self._things:
            self._things[key] = make()
            if len(self._things) > self._most:
                self._things.popitem(last=False)
        self._things.move_to_end(key)
        return self._things[key]

    def __iter__(self) -> Iterator[T]:
        """The things, the one used last at the end."""
        return iter(self._things.values())

    def clear(self) -> None:
        """Forget all."""
        self._things.clear()


def _digest(picture: NDArray[np.uint8]) -> str:
    """What tells a picture from others: its pixels and its shape."""
    digest = hashlib.sha256(str(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()
