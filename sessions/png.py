"""The chunks of a PNG file, as far as they are wanted, without decoding a pixel.

Pillow passes over text that stands after the pixels, and refuses compressed data that unpack to more than a
megabyte. Here everything that is unpacked is bounded by ``most`` instead. What is damaged is left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from typing import IO

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_MOST_CHUNKS = 100_000  # a file of more was made to keep its reader busy


def chunks(file: IO[bytes], kinds: Collection[bytes], most: int) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of some kinds in a file that is open at its beginning, in their order: kind and content.

    Chunks of more than ``most`` bytes, and those whose checksum is wrong, are left out. Where the file breaks
    off, or is no PNG, they end.
    """
    if file.read(len(SIGNATURE)) != SIGNATURE:
        return
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind not in kinds or length > most:
            file.seek(length + 4, 1)
        else:
            content = file.read(length)
            if file.read(4) != zlib.crc32(kind + content).to_bytes(4, "big"):
                if len(content) < length:
                    return
            else:
                yield kind, content
        if kind == b"IEND":
            return


def inflated(packed: bytes, most: int) -> bytes | None:
    """What was packed by zlib; None when it is damaged or unpacks to more than ``most`` bytes."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, most)
    except zlib.error:
        return None
    return content if unpacking.eof else None


def text_fields(file: IO[bytes], most: int) -> dict[str, str]:
    """All text fields of a PNG, wherever they stand; of equal names the first.

    Once they are ``most`` bytes together, those that follow are left out.
    """
    fields: dict[str, str] = {}
    for kind, content in chunks(file, _TEXTS, most):
        name, value = _text(kind, content, most)
        if value is not None and name not in fields:
            fields[name] = value
            most -= len(value)
            if most <= 0:
                break
    return fields


def _text(kind: bytes, content: bytes, most: int) -> tuple[str, str | None]:
    name, _, rest = content.partition(b"\0")
    title = name.decode("latin-1")
    if kind == b"tEXt":
        return title, rest.decode("latin-1")
    if kind == b"zTXt":
        value = inflated(rest[1:], most)
        return title, None if value is None else value.decode("latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:]
    _language, _, rest = rest.partition(b"\0")
    _translated, _, body = rest.partition(b"\0")
    whole = inflated(body, most) if packed else body
    return title, None if whole is None else whole.decode("utf-8", "replace")
