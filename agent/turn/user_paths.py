"""Paths as people and terminals give them: typed, quoted, or dropped into the window with the mouse."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit


def meant(text: str) -> Path:
    """The path that a text stands for: as it is, if there is such a file; else without the quotes, the
    backslashes or the ``file://`` that terminals put around a dropped one. ``~`` is the home folder.
    """
    path = _expanded(text)
    if _exists(path):
        return path
    read = _unwrapped(text.strip())
    return path if read is None else _expanded(read)


def dropped(line: str) -> Path | None:
    """The file that a line consists of, if there is such a file: one that was dropped into the terminal.

    It must look like a path: begin with a slash, a quote, ``~``, a drive's letter or ``file:``.
    """
    begins = line.startswith(("/", "~", "'", '"', "file:")) or line[1:3] in (":\\", ":/")
    if not begins or len(line) > 4096:
        return None
    path = meant(line.strip())
    try:
        return path if path.is_absolute() and path.is_file() else None
    except (OSError, ValueError):
        return None


def undroppable(line: str) -> str | None:
    """Why a line is not one file that was dropped, though it looks so: several files, or one of another
    machine, or one that is not there. None for any other line.
    """
    if len(line) > 4096:
        return None
    words = []
    with suppress(ValueError):  # a quote without its fellow
        words = shlex.split(line)
    if len(words) > 1 and all(dropped(word) is not None for word in words):
        return "Only one picture is edited at a time: give one file."
    if line.lower().startswith("file:"):
        host = urlsplit(line.split()[0]).netloc
        if host not in ("", "localhost"):
            return (
                f"That is a file of another machine, {host[:80]}, where nothing is read: save it here first."
            )
        path = _unwrapped(line.strip())
        return f"There is no file {path}: check the name." if path and not _exists(Path(path)) else None
    return None


def _unwrapped(text: str) -> str | None:
    if text.lower().startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost") or not parts.path:
            return None
        path = os.fsdecode(unquote_to_bytes(parts.path))
        return path.removeprefix("/") if os.name == "nt" else path
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
        return text[1:-1]
    if os.name == "nt" or not ("\\" in text or text[:1] in "'\""):
        return None  # a backslash is a part of the path there
    try:
        words = shlex.split(text)
    except ValueError:  # a quote without its fellow
        return None
    return words[0] if len(words) == 1 else None


def _expanded(text: str) -> Path:
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own fails for unknown users


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no name that a file can have; whoever uses it says so
        return False
