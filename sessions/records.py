"""The records of one session: SQLAlchemy models over an SQLite file in WAL mode, one file a session.

Rows are only ever added, but for the session's own row (head, time of the last change) and a version's
``redo``. So an older version always finds the layer revisions that it showed. Pixels are not here: rows hold
digests.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Engine,
    Float,
    Integer,
    Text,
    TypeDecorator,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sessions.errors import SessionError
from sessions.files import (
    DATABASE,
    FULL,
    can_only_be_read,
    is_full,
    is_writable,
    lacks_locks,
    readable_database,
    reason,
    without_locks,
)
from sessions.model import SessionInfo

_SCHEMA = 2
_BUSY_MS = 5000


class _UtcTime(TypeDecorator[datetime]):
    """A moment, stored in UTC: SQLite forgets time zones.

    At the ends of the calendar it could not be shown in all zones.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        if value is not None and not 1970 <= value.year < 9999:
            raise ValueError("not a time that this program writes")
        return value and value.replace(tzinfo=UTC)


class _Whole(TypeDecorator[int]):
    """A whole number, and nothing else: SQLite holds any value in any column."""

    impl = Integer
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> int | None:  # noqa: ARG002
        if value is not None and not isinstance(value, int):
            raise ValueError("no whole number")
        return value


class _Real(TypeDecorator[float]):
    """A finite number, and nothing else."""

    impl = Float
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> float | None:  # noqa: ARG002
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value)):
            raise ValueError("no finite number")
        return value


class _AnyText(TypeDecorator[str]):
    """Text, such as a path, that need not be UTF-8: what is not is stored as its bytes.

    SQLite holds any value in any column; whatever it is, text comes out.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> Any:  # noqa: ARG002
        if value is None:
            return None
        try:
            value.encode()
        except UnicodeEncodeError:
            return os.fsencode(value)
        return value

    def process_result_value(self, value: Any, dialect: Any) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        return os.fsdecode(value) if isinstance(value, bytes) else str(value)


class Base(DeclarativeBase):
    """The tables of one session."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: _UtcTime(),
        int: _Whole(),
        float: _Real(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(),
        str: _AnyText(),
    }


@event.listens_for(Base, "load", propagate=True)
def _require_values(row: Base, _: object) -> None:
    """Refuse a row that lacks what every row has: in a damaged file even such a column may be empty."""
    for column in row.__table__.columns:
        if not column.nullable and getattr(row, column.key) is None:
            raise ValueError(f"no {column.key}")


class SessionRow(Base):
    """The session itself: one row, with id 0. ``base`` and ``alpha`` are digests, ``head`` a version.

    ``form`` says what the base picture's file was like (``sessions.file_format``); None for a plain one.
    """

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=0)
    base: Mapped[str]
    alpha: Mapped[str | None]
    width: Mapped[int]
    height: Mapped[int]
    preset: Mapped[str]
    source: Mapped[str]
    form: Mapped[dict[str, Any] | None]
    head: Mapped[int]
    created: Mapped[datetime]
    updated: Mapped[datetime]


class LayerRow(Base):
    """One revision of one layer; ``version`` is the version that brought it."""

    __tablename__ = "layer"

    layer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target: Mapped[str]
    prompt: Mapped[str]
    kind: Mapped[str]
    mask: Mapped[str]
    x0: Mapped[int]
    y0: Mapped[int]
    x1: Mapped[int]
    y1: Mapped[int]
    patch: Mapped[str]
    request: Mapped[dict[str, Any]]
    area: Mapped[float]
    version: Mapped[int]
    created: Mapped[datetime]


class VersionRow(Base):
    """One version. ``stack`` lists [layer, revision, visible]; ``redo`` is the child that was left last."""

    __tablename__ = "version"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent: Mapped[int | None]
    redo: Mapped[int | None]
    stack: Mapped[list[Any]]
    changed: Mapped[list[Any]]
    sentence: Mapped[str]
    created: Mapped[datetime]


class TurnRow(Base):
    """One exchange of the conversation."""

    __tablename__ = "turn"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sentence: Mapped[str]
    reply: Mapped[str]
    plan: Mapped[dict[str, Any]]
    version: Mapped[int]
    created: Mapped[datetime]


class Records:
    """The database of one session. Threads may share it; the session's lock keeps it to one process."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the records in a session's folder; with ``create``, make them, empty.

        Raises ``SessionError`` when they are not there, cannot be read, or were written by a newer program.
        """
        self._name, self._folder = folder.name, folder
        self._kept = ExitStack()
        self._read_only = not create and not is_writable(folder)
        try:
            path = folder / DATABASE if create else self._kept.enter_context(readable_database(folder))
        except OSError as error:
            raise SessionError(f"The session {self._name!r} cannot be opened: {reason(error)}.") from error
        uri = f"file:{quote(os.fsencode(path))}?mode={'rwc' if create else 'rw'}"
        self._engine: Engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=_BUSY_MS / 1000),
        )
        event.listen(self._engine, "connect", _set_up)
        with self.reading() as db:
            connection = db.connection()
            if create:
                mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar_one()
                if mode != "wal":
                    raise SessionError(without_locks(folder.parent))
                connection.exec_driver_sql(f"PRAGMA user_version={_SCHEMA}")
                Base.metadata.create_all(connection)
                db.commit()
                return
            strange = connection.exec_driver_sql(
                "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
            ).scalar_one()
            if strange:  # a trigger or a view, which is code
                raise SessionError(f"The session {self._name!r} was not written by this program.")
            schema = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if schema == 1:
                schema = _updated(connection)
                db.commit()
            if schema < 1:
                raise SessionError(
                    f"The records of the session {self._name!r} are damaged: nothing is in them."
                )
            if schema != _SCHEMA:
                raise SessionError(
                    f"The session {self._name!r} was written by another release"
                    f" (format {schema}, not {_SCHEMA})."
                )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A database session whose changes are dropped."""
        with self._translated(), Session(self._engine) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A database session whose changes are committed at the end: all of them or, after an error, none."""
        if self._read_only:
            raise SessionError(can_only_be_read(self._folder))
        with self._translated(), Session(self._engine) as db, db.begin():
            yield db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if (stop := _stop_behind(error)) is not None:
                raise stop from None
            if isinstance(error, SessionError) or not isinstance(error, _UNREADABLE):
                raise
            cause = error.orig if isinstance(error, DBAPIError) else error
            if getattr(cause, "sqlite_errorcode", 0) & 0xFF in _LOCKLESS and lacks_locks(self._folder):
                raise SessionError(without_locks(self._folder.parent)) from error
            if is_full(self._folder):
                why = FULL
            elif isinstance(cause, sqlite3.Error):
                why = next(iter(str(cause).splitlines()), type(cause).__name__)
            else:
                why = "they hold values that this program does not write"
            raise SessionError(f"The records of the session {self._name!r} cannot be used: {why}.") from error

    def close(self) -> None:
        """Close all connections; the WAL is folded back into the file."""
        self._engine.dispose()
        self._kept.close()


# What comes of values that no release has written: a text for a number, a list that is too short, deep JSON.
_UNREADABLE = (
    SQLAlchemyError,
    sqlite3.Error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    OverflowError,
)
# SQLite's words for a disk that has no locks or no shared memory: busy, locked, I/O error, cannot open.
_LOCKLESS = frozenset({5, 6, 10, 14, 15, 22})


def _set_up(connection: Any, _: object) -> None:
    """Prepare a connection: what is committed outlives a power cut, and a file's schema is not trusted."""
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA trusted_schema=OFF")


def _updated(connection: Connection) -> int:
    """Bring the records of format 1 to format 2, which adds a column; their format then."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # somebody else may be at the same
    if connection.exec_driver_sql("PRAGMA user_version").scalar_one() == 1:
        connection.exec_driver_sql("ALTER TABLE session ADD COLUMN form JSON")
        connection.exec_driver_sql("PRAGMA user_version=2")
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _stop_behind(error: BaseException) -> BaseException | None:
    """The Ctrl-C (or another wish to stop) that an error came after and covers up, if any.

    Where it strikes SQLAlchemy inside a transaction, an error about that transaction may follow it.
    """
    behind: BaseException | None = error
    while behind is not None and isinstance(behind, Exception):
        behind = behind.__context__
    return behind


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def read_info(folder: Path) -> SessionInfo:
    """What a list shows of the session in a folder. A damaged one is told of, not raised for."""
    try:
        with closing(Records(folder)) as records, records.reading() as db:
            row = db.get_one(SessionRow, 0)
            versions = db.scalars(select(func.count()).select_from(VersionRow)).one() - 1
            return SessionInfo(folder.name, (row.width, row.height), versions, row.preset, row.updated)
    except SessionError as error:
        return SessionInfo(folder.name, problem=str(error))
