"""A session's lock: one process at a time has a session open."""

from __future__ import annotations

import errno
from pathlib import Path

from filelock import FileLock, Timeout

from sessions.errors import SessionError
from sessions.files import reason, without_locks

_LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EIO})


def lock_session(folder: Path) -> FileLock:
    """Take a session's lock, which the system gives back when the process ends in whatever way.

    Raises ``SessionError`` when somebody has it.
    """
    # thread_local=False: the session may be closed in another thread than it was opened in.
    # No soft lock in its stead, either: that would stay behind after a crash.
    lock = FileLock(folder / "session.lock", thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SessionError(
            f"The session {folder.name!r} is open in another process; close it there or choose another name"
            " with --session."
        ) from error
    except (OSError, NotImplementedError) as error:
        if isinstance(error, NotImplementedError) or error.errno in _LOCKLESS:
            raise SessionError(without_locks(folder.parent)) from error
        raise SessionError(f"The session {folder.name!r} cannot be opened: {reason(error)}.") from error
    return lock
