"""The sessions of one user: making, opening, listing and removing them by name.

Every session is a folder under the root: ``session.db``, ``session.lock``, ``pictures/``, and ``layers/``
with the request of every layer. A session appears whole, by one rename, and goes likewise. Importing this
module, and listing, loads neither numpy nor PIL.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from sessions.errors import SessionError
from sessions.files import (
    DATABASE,
    FULL,
    absolute,
    is_full,
    is_there,
    lacks_locks,
    make_private,
    reason,
    sync_folder,
    without_locks,
)
from sessions.lock import lock_session
from sessions.model import SessionInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sessions.file_format import Form
    from sessions.session import Session

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_OURS = frozenset({"sessions", "history", "log.txt", "models", "cache"})  # what the data folder holds
_LEFTOVER_AGE = 24 * 3600  # seconds; a half-made session older than this belongs to no running program


def data_folder() -> Path:
    """Where InpaLLa keeps its data: ``INPALLA_DATA`` of the environment, or the system's place for data.

    Raises ``SessionError`` for a part of a path where the current folder was removed.
    """
    override = os.environ.get("INPALLA_DATA")
    return absolute(override) if override else user_data_path("inpalla")


def keep_private(folder: Path) -> None:
    """Make a data folder that only its owner may look into.

    One that is there is closed to others as well, if it holds nothing but this program's files: a folder
    that the user keeps other things in is the user's to close. Raises ``OSError`` when it cannot be made.
    """
    make_private(folder)
    if os.name == "nt":
        return
    with suppress(OSError):
        own = folder.stat()
        if own.st_uid == os.geteuid() and own.st_mode & 0o077:
            names = {path.name for path in folder.iterdir()}
            if names <= _OURS:
                folder.chmod(0o700)


class Sessions:
    """The sessions under one root folder, which is made when the first session is."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else data_folder() / "sessions"

    def create(
        self,
        name: str | None,
        pixels: NDArray[np.uint8],
        *,
        alpha: NDArray[np.uint8] | None = None,
        form: Form | None = None,
        preset: str = "",
        source: str | Path = "",
    ) -> Session:
        """Make a session of a picture, uint8 RGB (H, W, 3) with optional alpha uint8 (H, W), and open it.

        ``form`` is what its file was like besides, for exports; a plain one unless given. ``source`` is the
        file that the picture came from. With ``name`` None the session is called after it: "room-1",
        "room-2", …. Raises ``SessionError`` for a name that is not allowed or taken, and when the root cannot
        be written.
        """
        from sessions.file_format import PLAIN
        from sessions.session import Session, prepare

        def fill(made: Path) -> None:
            prepare(made, pixels, alpha=alpha, form=form or PLAIN, preset=preset, source=str(source))

        return Session(self.root / self._made(name, Path(source).stem, fill), pixels)

    def import_file(self, name: str | None, path: str | Path) -> Session:
        """Make a session of one that lies in an OpenRaster file, with all its versions, and open it.

        With ``name`` None it is called after the file. Raises ``SessionError`` as ``create`` does, and when
        the file holds none or is damaged.
        """
        from sessions import openraster
        from sessions.session import Session

        file = Path(path)

        def fill(made: Path) -> None:
            if not openraster.holds_session(file):
                raise SessionError(
                    f"{file.name} holds no session: it was saved by another program, or with --plain."
                )
            openraster.unpack(file, made)
            with closing(Session(made)) as whole:
                whole.picture()

        return Session(self.root / self._made(name, file.stem, fill))

    def _made(self, name: str | None, stem: str, fill: Callable[[Path], None]) -> str:
        """Make a session whose folder ``fill`` fills, and return its name."""
        if name is not None:
            check_name(name)
            if name.startswith("-"):  # on a command line it would read as an option
                raise SessionError(_not_a_name(name))
            if self.exists(name):
                raise SessionError(_taken(name))
        try:
            missing = [folder for folder in (self.root, *self.root.parents) if not folder.exists()]
            keep_private(self.root.parent)
            make_private(self.root)
            self._sweep()
            made = self.root / f".new-{secrets.token_hex(8)}"
            made.mkdir(mode=0o700)
        except OSError as error:
            raise SessionError(
                f"No session can be made in {self.root}: {reason(error)}; set INPALLA_DATA to another folder."
            ) from error
        try:
            fill(made)
            lock_session(made).release()  # better known now than when the session has its name
            return self._settle(made, name, stem)
        except (SessionError, OSError) as error:
            said = str(error) if isinstance(error, SessionError) else f"{self.root}: {reason(error)}."
            if is_full(self.root):
                said = (
                    f"No session can be created in {self.root}: {FULL}; set INPALLA_DATA to another folder."
                )
            elif lacks_locks(self.root):
                said = without_locks(self.root)
            shutil.rmtree(made, ignore_errors=True)
            for folder in missing:  # nothing is left behind
                with suppress(OSError):
                    folder.rmdir()
            raise SessionError(said) from error
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def open(self, name: str, *, to_read: bool = False) -> Session:
        """Open a session that exists, at its last committed version.

        ``to_read``: nothing is to be changed in it, so it may lie where nothing can be written. Raises
        ``SessionError`` when there is none of that name, when it is open already, and when it is damaged.
        """
        from sessions.session import Session

        self._require(name)
        return Session(self.root / name, to_read=to_read)

    def exists(self, name: str) -> bool:
        """Whether there is a session of that name. Raises ``SessionError`` for a name that is not allowed."""
        check_name(name)
        with self._looking():
            return is_there(self.root / name / DATABASE)

    def list(self) -> list[SessionInfo]:
        """All sessions, the one changed last first; those that cannot be read come at the end."""
        from sessions.records import read_info

        with self._looking():
            if not self.root.is_dir():
                blocked = next((each for each in (self.root, *self.root.parents) if each.exists()), None)
                if blocked is not None and not blocked.is_dir():
                    raise SessionError(
                        f"{blocked} is not a folder, so no sessions can be there: check INPALLA_DATA."
                    )
                return []
            names = sorted(path.name for path in self.root.iterdir())
        infos = [read_info(self.root / name) for name in names if self._may_be(name)]
        return sorted(infos, key=lambda info: info.updated.timestamp() if info.updated else 0.0, reverse=True)

    def remove(self, name: str) -> None:
        """Delete a session with all its pictures, for good.

        Raises ``SessionError`` when there is none of that name, or when it is open.
        """
        self._require(name)
        self.remove_if(name, lambda _: True)

    def remove_if(self, name: str, condition: Callable[[Path], bool]) -> bool:
        """Delete a session if there is one of that name and its folder, which is locked, meets a condition.

        Returns whether it did. Raises ``SessionError`` when the session is open.
        """
        if not self.exists(name):
            return False
        gone = self.root / f".removed-{secrets.token_hex(8)}"
        lock = lock_session(self.root / name)
        try:
            if not condition(self.root / name):
                return False
            (self.root / name).rename(gone)
        except OSError as error:
            raise SessionError(f"The session {name!r} cannot be removed: {reason(error)}.") from error
        finally:
            lock.release()
        shutil.rmtree(gone, ignore_errors=True)
        return True

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Put into words why one cannot look into the root."""
        try:
            yield
        except OSError as error:
            raise SessionError(
                f"The sessions in {self.root} cannot be read: {reason(error)}; INPALLA_DATA may name another"
                " folder."
            ) from error

    def _may_be(self, name: str) -> bool:
        """Whether a session has a name, or a folder has it into which one may not look."""
        try:
            return _NAME.fullmatch(name) is not None and is_there(self.root / name / DATABASE)
        except OSError:
            return True

    def _require(self, name: str) -> None:
        if not self.exists(name):
            raise SessionError(f"There is no session {name!r}: `inpalla sessions list` lists them.")

    def _settle(self, made: Path, name: str | None, stem: str) -> str:
        """Give the new folder its name by one rename, which fails if somebody took the name meanwhile."""
        number = 0
        while True:
            number += 1
            candidate = name if name is not None else _numbered(stem, number)
            if name is None and (self.root / candidate).exists():
                continue
            try:
                made.rename(self.root / candidate)
                sync_folder(self.root)
            except OSError as error:
                if not (self.root / candidate).exists():
                    raise SessionError(
                        f"The session {candidate!r} cannot be created: {reason(error)}."
                    ) from error
                if name is not None:
                    said = _taken(name) if self._may_be(name) else _taken_otherwise(self.root / name)
                    raise SessionError(said) from error
            else:
                return candidate

    def _sweep(self) -> None:
        """Clear away what a killed program left half made or half removed."""
        for pattern in (".new-*", ".removed-*"):
            for path in self.root.glob(pattern):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _LEFTOVER_AGE:
                        shutil.rmtree(path, ignore_errors=True)


def check_name(name: str) -> None:
    """Raise ``SessionError`` unless it may name a session: 1 to 64 of A–Z a–z 0–9 . _ -, no dot in front."""
    if not _NAME.fullmatch(name):
        raise SessionError(_not_a_name(name))


def _not_a_name(name: str) -> str:
    shown = name if len(name) <= 70 else name[:67] + "…"
    return (
        f"{shown!r} cannot be a session's name: use 1 to 64 letters, digits, dots, dashes and"
        " underscores, with no dot or dash in front."
    )


def _numbered(stem: str, number: int) -> str:
    """A name for a session of the picture ``stem``, from what of it is allowed in a name."""
    ending = f"-{number}"
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")
    return (plain or "picture")[: 64 - len(ending)] + ending


def _taken_otherwise(path: Path) -> str:
    return f"{path} is there and is no session: choose another name with --session."


def _taken(name: str) -> str:
    return (
        f"The name {name!r} is taken: choose another one with --session, or continue the session that has"
        f" it: inpalla chat --session {name}."
    )
