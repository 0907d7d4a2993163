"""A content-addressed store of pictures: PNG files named by the SHA-256 of their pixels.

A file is written once, whole or not at all, and never rewritten. Reading checks the content against the name,
so a damaged file is noticed and never shown. Masks are stored as grey pictures of 0 and 255.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from sessions.errors import SessionError
from sessions.files import reason, write_atomically

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_VALUES = 1_200_000_000  # of the largest picture that can be read, twice, in RGB
_MODES = {2: "L", 3: "RGB", 4: "RGBA"}
_STRIP = 4_000_000  # pixels
_CACHE_BYTES = 256 * 2**20


class RecentArrays:
    """The arrays used last, as many as fit into so many bytes (one at least). Threads may share it."""

    def __init__(self, budget: int = _CACHE_BYTES) -> None:
        self._budget = budget
        self._arrays: OrderedDict[Hashable, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> NDArray[np.uint8] | None:
        """The array kept under a key, if it still is."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
            return self._arrays.get(key)

    def put(self, key: Hashable, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Keep an array, and make it read-only: several readers share it."""
        array.setflags(write=False)
        with self._lock:
            self._arrays[key] = array
            self._arrays.move_to_end(key)
            while len(self._arrays) > 1 and sum(kept.nbytes for kept in self._arrays.values()) > self._budget:
                self._arrays.popitem(last=False)
        return array


def as_pixels(array: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The array as it is stored: uint8, contiguous, a bool mask as 0 and 255.

    Raises ``ValueError`` for what is not uint8 or bool (H, W), or uint8 (H, W, 3) or (H, W, 4), or has no
    pixels.
    """
    pixels = array.astype(np.uint8) * np.uint8(255) if array.dtype == np.bool_ else array
    form = 2 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if pixels.dtype != np.uint8 or form not in _MODES or pixels.size == 0:
        raise ValueError(f"{array.dtype} {array.shape} is not a picture")
    return np.ascontiguousarray(pixels, dtype=np.uint8)


def is_digest(text: object) -> bool:
    """Whether a text is a digest: 64 hex digits."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def digest_of(array: NDArray[np.uint8] | NDArray[np.bool_]) -> str:
    """The SHA-256 of a picture's size, mode and pixels, in hex; for a bool mask, of its grey picture."""
    pixels = as_pixels(array)
    mode = _MODES[pixels.shape[2] if pixels.ndim == 3 else 2]
    digest = hashlib.sha256(f"{mode} {pixels.shape[1]}x{pixels.shape[0]}\n".encode())
    digest.update(pixels.data)
    return digest.hexdigest()


def values_of(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of an image of 8 bits a channel, a new array: uint8 (H, W) or (H, W, channels).

    A large one is copied strip by strip, since Pillow makes two copies on the way.
    """
    if image.width * image.height <= _STRIP:
        return np.array(image)
    rows = max(1, _STRIP // image.width)
    first = np.asarray(image.crop((0, 0, image.width, 1)))
    pixels = np.empty((image.height, *first.shape[1:]), first.dtype)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        pixels[top : top + rows] = np.asarray(strip)
    return pixels


class PictureStore:
    """The pictures of one folder, by digest. Threads may share a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._recent = RecentArrays()

    def path(self, digest: str) -> Path:
        """Where the picture with that digest is, or would be.

        Raises ``SessionError`` for what is no digest: a file's name must not lead anywhere else.
        """
        if not is_digest(digest):
            raise SessionError(f"{str(digest)[:70]!r} names no stored picture: its records are damaged.")
        return self.folder / f"{digest}.png"

    def put(self, array: NDArray[np.uint8] | NDArray[np.bool_]) -> str:
        """Store a picture and return its digest: uint8 (H, W, 3), (H, W, 4) or (H, W), or a bool mask (H, W).

        When it returns, the file is durable. Raises ``SessionError`` when it cannot be written.
        """
        pixels = as_pixels(array)
        digest = digest_of(pixels)
        path = self.path(digest)
        if path.exists():
            return digest

        def write(file: IO[bytes]) -> None:
            Image.fromarray(pixels).save(file, format="PNG", compress_level=1)

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, write)
        except OSError as error:
            raise SessionError(f"A picture cannot be stored in {self.folder}: {reason(error)}.") from error
        return digest

    def get(self, digest: str) -> NDArray[np.uint8]:
        """The picture with that digest, uint8 (H, W, 3), (H, W, 4) or (H, W), read-only.

        Raises ``SessionError`` when the file is missing or damaged.
        """
        if (kept := self._recent.get(digest)) is not None:
            return kept
        path = self.path(digest)
        try:
            # Not Image.open: that refuses the very large pictures which this store itself has written.
            with PngImageFile(path) as image:
                # Before its pixels are decoded: a few kilobytes may claim any size.
                if image.mode not in _MODES.values() or image.width * image.height * 3 > _MOST_VALUES:
                    raise SessionError(_damaged(path))
                pixels = values_of(image)
            damaged = digest_of(pixels) != digest
        except FileNotFoundError as error:
            raise SessionError(f"A stored picture is missing: {path} no longer exists.") from error
        except SessionError:
            raise
        except PermissionError as error:
            raise SessionError(f"The stored picture {path} cannot be read: {reason(error)}.") from error
        except Exception as error:  # a decoder fed with damaged bytes may raise nearly anything
            raise SessionError(_damaged(path)) from error
        if damaged:
            raise SessionError(_damaged(path))
        return self._recent.put(digest, pixels)


def _damaged(path: Path) -> str:
    return f"The stored picture {path} is damaged: its content is not what was written."
