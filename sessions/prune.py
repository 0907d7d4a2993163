"""Making room: what of the sessions is worth nothing any more, and freeing it.

Two things are worth nothing: a session in which nothing was ever made (no version besides the base picture,
and nothing on offer), and a picture inside a session that nothing there names (an attempt that was given up,
the mask of a thing that was not edited). A session that has not changed for long may go, too, where that is
wished. What is open in another process is left alone. Importing this module, and looking, loads neither numpy
nor PIL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from sessions.catalog import Sessions
from sessions.errors import SessionError
from sessions.files import PICTURES, is_writable
from sessions.lock import lock_session
from sessions.records import Records, now, read_info

Why = Literal["empty", "old"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Spent:
    """A whole session that may go, why, and the bytes that it takes."""

    name: str
    why: Why
    size: int


@dataclass(frozen=True)
class Loose:
    """The pictures in a session that nothing there names: how many, and the bytes that they take."""

    name: str
    count: int
    size: int


@dataclass(frozen=True)
class Survey:
    """What may be freed: whole sessions, and loose pictures in those that stay.

    ``opened``, ``damaged`` and ``read_only`` are the names of sessions that are left alone because they are
    open in another process, cannot be read, or can only be read.
    """

    spent: tuple[Spent, ...]
    loose: tuple[Loose, ...]
    opened: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes that it all takes."""
        return sum(each.size for each in self.spent) + sum(each.size for each in self.loose)


@dataclass(frozen=True)
class Wish:
    """What is to be freed. ``older`` also takes sessions that have not changed for so long; with
    ``only_empty``, nothing but empty sessions, and of those only such old ones.
    """

    older: timedelta | None = None
    only_empty: bool = False

    def why(self, folder: Path, moment: datetime) -> Why | None:
        """Why the session in a folder may go at a moment; None where it stays, or cannot be read."""
        info = read_info(folder)
        if info.updated is None:
            return None
        old = self.older is not None and moment - info.updated >= self.older
        if is_empty(folder) and (old or self.older is None or not self.only_empty):
            return "empty"
        return "old" if old and not self.only_empty else None


def is_empty(folder: Path) -> bool:
    """Whether nothing was made in a folder's session and nothing is on offer; False if it is unreadable."""
    info = read_info(folder)
    try:
        return info.problem is None and info.versions == 0 and not _noted(folder)
    except SessionError:
        return False


def survey(sessions: Sessions, wish: Wish) -> Survey:
    """Look for what may be freed; nothing is changed. Raises ``SessionError`` if the root is unreadable."""
    moment = now()
    spent: list[Spent] = []
    loose: list[Loose] = []
    opened: list[str] = []
    damaged: list[str] = []
    read_only: list[str] = []
    for info in sessions.list():
        folder = sessions.root / info.name
        if info.problem is not None:
            damaged.append(info.name)
        elif not is_writable(folder):
            read_only.append(info.name)
        elif _is_open(folder):
            opened.append(info.name)
        elif (why := wish.why(folder, moment)) is not None:
            spent.append(Spent(info.name, why, _size(path for path in folder.rglob("*") if path.is_file())))
        elif not wish.only_empty:
            with suppress(SessionError):
                if unnamed := _unnamed(folder):
                    loose.append(Loose(info.name, len(unnamed), _size(unnamed)))
    return Survey(tuple(spent), tuple(loose), tuple(opened), tuple(damaged), tuple(read_only))


def free(sessions: Sessions, found: Survey, wish: Wish) -> int:
    """Free what a survey found, for good, as far as it still is so, and return the bytes that were freed.

    Every session is looked at again while it is locked: one that was opened or gone on with meanwhile stays.
    """
    freed = 0
    moment = now()
    for spent in found.spent:
        with suppress(SessionError):
            if sessions.remove_if(spent.name, lambda folder: wish.why(folder, moment) is not None):
                freed += spent.size
    for loose in found.loose:
        with suppress(SessionError):
            freed += _free_loose(sessions.root / loose.name)
    return freed


def _free_loose(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    freed = 0
    lock = lock_session(folder)
    try:
        for path in _unnamed(folder):
            with suppress(OSError):
                size = path.stat().st_size
                path.unlink()
                freed += size
    finally:
        lock.release()
    return freed


def _is_open(folder: Path) -> bool:
    try:
        lock_session(folder).release()
    except SessionError:
        return True
    return False


def _unnamed(folder: Path) -> list[Path]:
    """The pictures of a session that neither its records nor a note or request beside them names, and what a
    killed program had not finished writing. Raises ``SessionError`` when the records cannot be read.
    """
    named = _recorded(folder) | _noted(folder) | _digests(folder.glob("layers/*/*/*.json"))
    return [
        path
        for path in (folder / PICTURES).glob("*")
        if (path.suffix == ".png" and _DIGEST.fullmatch(path.stem) and path.stem not in named)
        or (path.suffix == ".part" and path.name.startswith("."))
    ]


def _recorded(folder: Path) -> set[str]:
    """All digests in the records, whatever the column: what a later release keeps there is safe, too."""
    with closing(Records(folder)) as records, records.reading() as db:
        return set(_values(db.connection()))


def _values(connection: Connection) -> Iterator[str]:
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    for table in tables:
        for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"'):
            for value in row:
                if isinstance(value, str):
                    yield from _DIGEST.findall(value)


def _noted(folder: Path) -> set[str]:
    """The pictures that the notes beside the records name: those on offer."""
    return _digests(folder.glob("*.json"))


def _digests(files: Iterator[Path]) -> set[str]:
    """All digests in text files. Raises ``SessionError`` for one that is there and cannot be read."""
    found: set[str] = set()
    for file in files:
        try:
            found.update(_DIGEST.findall(file.read_text(encoding="utf-8", errors="replace")))
        except OSError as error:
            raise SessionError(f"{file} cannot be read: {error.strerror}.") from error
    return found


def _size(files: Iterator[Path] | list[Path]) -> int:
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return size
