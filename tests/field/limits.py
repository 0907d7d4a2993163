"""What one foreign input may take: 5 seconds, and a gigabyte on top of what the process had.

Both are enforced. An input that takes longer is stopped where it is, and fails; one that does not let itself
be stopped (a loop in a decoder) ends the process after two minutes, with a trace of where it was. Linux tells
the peak of each input, and how long other programs kept the processor from this one, which does not count;
elsewhere only the highest peak of all so far is known.
"""

from __future__ import annotations

import faulthandler
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

SECONDS = 5.0
MEMORY = 2**30  # bytes
_HOPELESS = 120  # seconds
_STATUS, _FORGET, _WAITED = (Path(f"/proc/self/{name}") for name in ("status", "clear_refs", "schedstat"))


class _Stopped(BaseException):
    """No ``Exception``: what is tried must not take it for a fault of the input's."""


@dataclass
class Limits:
    """The limits of one reader, and what its inputs took so far."""

    start: int | None = None
    count: int = 0
    seconds: float = 0.0
    memory: int = 0

    @contextmanager
    def keep(self) -> Iterator[None]:
        """Fails where what is done inside takes more than is allowed."""
        before = _forget_peak()
        if self.start is None:
            self.start = before
        began = _own_seconds()
        stopped = False
        try:
            with _stopping(began + SECONDS):
                yield
        except _Stopped:
            stopped = True
        seconds = _own_seconds() - began
        memory = _peak() - self.start
        self.count += 1
        self.seconds, self.memory = max(self.seconds, seconds), max(self.memory, memory)
        assert not stopped, f"stopped after {seconds:.1f} seconds"
        assert seconds < SECONDS, f"{seconds:.1f} seconds"
        assert memory < MEMORY, f"{memory / 2**20:.0f} MiB"

    def __str__(self) -> str:
        return f"{self.count} inputs, {self.seconds:.2f} s and {self.memory / 2**20:.0f} MiB at most"


@contextmanager
def _stopping(end: float) -> Iterator[None]:
    """Raises ``_Stopped`` inside when it is past ``end``, where the system can do that."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        if _own_seconds() >= end:
            raise _Stopped

    before = signal.signal(signal.SIGALRM, stop)
    faulthandler.dump_traceback_later(_HOPELESS, exit=True, file=sys.__stderr__ or sys.stderr)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, 0.5)  # and again, in case that it was swallowed
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def _own_seconds() -> float:
    """A clock that stands while this thread would work and other programs have the processor."""
    waited = 0.0
    with suppress(OSError, IndexError, ValueError):
        waited = int(_WAITED.read_text().split()[1]) / 1e9
    return time.perf_counter() - waited


def _forget_peak() -> int:
    """Let the peak begin anew, and return what the process has now, in bytes."""
    with suppress(OSError):
        _FORGET.write_text("5")
    return int(psutil.Process().memory_info().rss)


def _peak() -> int:
    """The most memory that this process had since the last ``_forget_peak``, in bytes."""
    with suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text()):
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:
        return int(psutil.Process().memory_info().rss)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
