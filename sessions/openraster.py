"""OpenRaster files (.ora): a picture with its layers, for GIMP, Krita and others, and with its session.

The file is a zip archive (https://www.openraster.org, baseline 0.0.5): ``stack.xml`` names the layers, each a
PNG of its own, ``mergedimage.png`` is the picture. A layer of ours is its patch, whose alpha is the blend
mask, and its mask as a hidden layer above it. Beside them, in ``inpalla/``, lies the whole session. Other
programs leave that out when they save, so what comes back with it is what was written, and ``unpack`` makes
the same session of it. What is unpacked is checked first.
"""

from __future__ import annotations

import errno
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sessions.compose import Patch
from sessions.errors import SessionError
from sessions.files import DATABASE, readable_database, write_atomically

MIME = b"image/openraster"
OWN = "inpalla/"
"""The folder in the archive that holds the session."""

NOTES = "agent.json"
"""The conversation's notes in a session's folder: marks and offers. Checkpoints are not carried, as they may
hold any object.
"""

_KEPT = re.compile(
    rf"{OWN}(?:{re.escape(DATABASE)}|{re.escape(NOTES)}|pictures/[0-9a-f]{{64}}\.png"
    r"|layers/\d{1,6}/\d{1,6}/request\.json)"
)
_DAMAGED = (KeyError, NotImplementedError, RuntimeError, ValueError, EOFError, UnicodeError)
_THUMBNAIL = 256
_MOST_FILES = 100_000
_MOST_BYTES = 4 * 2**30
_MOST_PICTURE = 2**30
_READ = 2**20


@dataclass(frozen=True, eq=False)
class Drawn:
    """A layer to be written: its ``name``, its patch, its mask (bool, the picture's size) and whether it
    shows.
    """

    name: str
    patch: Patch
    mask: NDArray[np.bool_] | None = None
    visible: bool = True


def write(
    path: Path,
    base: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None,
    layers: Iterable[Drawn],
    session: Path | None = None,
) -> None:
    """Write a file, atomically: ``base`` and ``picture`` are uint8 (H, W, 3), ``alpha`` uint8 (H, W).

    ``layers`` come lowest first. ``session`` is the folder of the session that goes with them. Raises
    ``OSError`` when it cannot be written.
    """
    height, width = base.shape[:2]
    # What is painted takes the base's transparency, as in the picture itself.
    operator = "svg:src-over" if alpha is None else "svg:src-atop"
    image = ElementTree.Element("image", version="0.0.5", w=str(width), h=str(height))
    stack = ElementTree.SubElement(image, "stack")
    members: list[tuple[str, bytes]] = []

    def layer(parent: ElementTree.Element, name: str, pixels: NDArray[np.uint8], **more: str) -> None:
        source = f"data/layer{len(members)}.png"
        members.append((source, _png(pixels)))
        said = {"name": name, "src": source, "x": "0", "y": "0", "opacity": "1.0", "visibility": "visible"}
        parent.insert(0, ElementTree.Element("layer", {**said, **more}))

    layer(stack, "picture", _with_alpha(base, alpha), **{"composite-op": "svg:src-over"})
    for drawn in layers:
        rgba, box = drawn.patch
        if not rgba.size:
            continue
        name = _printable(drawn.name)
        shown = "visible" if drawn.visible else "hidden"
        place = {"x": str(box.x0), "y": str(box.y0), "visibility": shown, "composite-op": operator}
        layer(stack, name, rgba, **place)
        if drawn.mask is not None:
            pixels = np.zeros((*drawn.mask.shape, 4), np.uint8)
            pixels[drawn.mask] = 255
            layer(stack, f"{name} (mask)", pixels, **{"visibility": "hidden", "composite-op": "svg:src-over"})
    merged = _with_alpha(picture, alpha)
    members.append(("mergedimage.png", _png(merged)))
    small = Image.fromarray(merged)
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    members.append(("Thumbnails/thumbnail.png", _png(np.asarray(small))))
    members.append(("stack.xml", b"<?xml version='1.0' encoding='UTF-8'?>\n" + ElementTree.tostring(image)))

    def fill(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNGs are packed already
            archive.writestr(_dated("mimetype"), MIME)
            for name, content in members:
                archive.writestr(_dated(name), content)
            if session is not None:
                _add_session(archive, session)

    write_atomically(path, fill)


def _add_session(archive: zipfile.ZipFile, folder: Path) -> None:
    records = BytesIO()
    with (
        readable_database(folder) as database,
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as own,
        closing(sqlite3.connect(":memory:")) as copied,
    ):
        own.backup(copied)  # what is committed, and of that all, also what is still in the WAL
        records.write(copied.serialize())
    archive.writestr(_dated(OWN + DATABASE), records.getvalue(), zipfile.ZIP_DEFLATED)
    for path in sorted(folder.rglob("*")):
        name = OWN + path.relative_to(folder).as_posix()
        if path.is_file() and path.name != DATABASE and _KEPT.fullmatch(name):
            archive.writestr(_dated(name), path.read_bytes())


def _dated(name: str) -> zipfile.ZipInfo:
    """An entry without a date: the same session gives the same file."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _with_alpha(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    return pixels if alpha is None else np.dstack([pixels, alpha])


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=4)
    return file.getvalue()


def _printable(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


# ---- reading -----------------------------------------------------------------------------------------------
def is_openraster(path: Path) -> bool:
    """Whether a file is one, by its content: the first entry is stored and says so."""
    try:
        with path.open("rb") as file:
            head = file.read(30 + len(b"mimetype") + len(MIME) + 64)
    except OSError:
        return False
    return head[:4] == b"PK\x03\x04" and head[30:38] == b"mimetype" and MIME in head


def merged(path: Path) -> bytes:
    """The PNG of the whole picture in a file.

    Raises ``SessionError`` when it is damaged or has none.
    """
    with _opened(path) as archive:
        return _content(archive, archive.getinfo("mergedimage.png"), _MOST_PICTURE)


def holds_session(path: Path) -> bool:
    """Whether a session lies in a file: it is one that InpaLLa wrote, and no other program saved since."""
    if not is_openraster(path):
        return False
    with _opened(path) as archive:
        return OWN + DATABASE in archive.namelist()


def unpack(path: Path, folder: Path) -> None:
    """Put the session that lies in a file into an empty folder, of all that is there only what a session has.

    Raises ``SessionError`` when the file is damaged or too large, and ``OSError`` when the disk fails.
    """
    with _opened(path) as archive:
        wanted = [entry for entry in archive.infolist() if _KEPT.fullmatch(entry.filename)]
        if len(wanted) > _MOST_FILES or sum(entry.file_size for entry in wanted) > _MOST_BYTES:
            raise SessionError(f"{path.name} is too large: no session is that large.")
        for entry in wanted:
            to = folder / entry.filename.removeprefix(OWN)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(_content(archive, entry, _MOST_PICTURE))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, *_DAMAGED) as error:
        # A place before the file's beginning is an invalid argument; any other fault is the disk's.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise SessionError(f"{path.name} is damaged or incomplete and cannot be read.") from error


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """An entry's content, of ``most`` bytes at most, whatever the archive claims."""
    parts, size = [], 0
    with archive.open(entry) as file:
        while part := file.read(_READ):
            size += len(part)
            if size > most:
                raise ValueError("too large")
            parts.append(part)
    return b"".join(parts)
