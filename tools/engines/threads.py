"""How threads wait: those that compute for one another, and a turn for models that are loaded.

torch's threads share out every operation and meet at its end. Where one of them has no core at the moment,
because another program has it, the others wait for it; by default in a busy loop, which keeps the very core
that the late one needs. One busy neighbour on two cores made an edit of 0.65 seconds take 5 to 33 that way. A
thread that sleeps while it waits gives the core away: then a neighbour costs what it takes.

OpenMP reads its settings from the environment once, when torch is loaded, so they are made before that. What
the user set there counts.

Loading a model takes seconds in which nobody can be asked whether it is still wanted. So it is done in a
thread of its own: who waits for it can leave, and the next one finds it further on. Importing this module
loads nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from tools.errors import Cancelled

T = TypeVar("T")

AHEAD, LOOK, WARM_UP, LOADING = "load-ahead", "look-ahead", "warm-up", "loading"
"""How the threads are called that load models or use them ahead of what they are wanted for: nobody waits for
them at the end of the process.
"""

_POLL = 0.05  # seconds
_cancelled: ContextVar[Callable[[], bool] | None] = ContextVar("cancelled", default=None)

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""What decides how OpenMP's threads wait: the standard's word, GNU's own, and LLVM's and Intel's own."""


def share_the_machine(environment: MutableMapping[str, str] | None = None) -> bool:
    """Have the threads sleep while they wait, unless the user has said otherwise; whether that was set.

    It holds for torch, NumPy's and SciPy's libraries and child processes that are started later, and has no
    effect on a torch that is loaded already. ``environment`` is the process's own unless given.
    """
    if environment is None:
        if "torch" in sys.modules:
            return False
        environment = os.environ
    if not environment.get("OMP_NUM_THREADS") and (cores := fast_cores()):
        environment["OMP_NUM_THREADS"] = str(cores)
    if any(environment.get(name) for name in WAITING):
        return False
    environment["OMP_WAIT_POLICY"] = "PASSIVE"
    return True


def fast_cores(devices: Path = Path("/sys/devices")) -> int:
    """How many fast cores this process may use of a processor that has slow ones, too; 0 for any other.

    An operation that is shared out evenly waits for the slowest. Linux tells which logical cores are the fast
    ones on Intel's processors; two of them may be one core. On Apple's, torch counts the fast ones by itself.
    """
    try:
        told = (devices / "cpu_core" / "cpus").read_text(encoding="ascii").strip()
        bounds = [each.partition("-") for each in told.split(",")]
        fast = {number for low, _, high in bounds for number in range(int(low), int(high or low) + 1)}
        places = [devices / "system" / "cpu" / f"cpu{number}" / "topology" for number in fast & _allowed()]
        return len({(place / "core_cpus_list").read_text(encoding="ascii") for place in places})
    except (OSError, ValueError):
        return 0


def _allowed() -> set[int]:
    """The logical cores that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


@contextmanager
def cancelled_by(check: Callable[[], bool]) -> Iterator[None]:
    """Inside, ``apart`` and ``wait_for`` ask this whether they are still wanted."""
    before = _cancelled.set(check)
    try:
        yield
    finally:
        _cancelled.reset(before)


def apart(work: Callable[[], T]) -> T:
    """The result of work that cannot be asked to stop; raises what it raises.

    Inside ``cancelled_by`` it goes on in a thread of its own when it is not wanted any more, and
    ``Cancelled`` is raised; outside it is done here.
    """
    if _cancelled.get() is None:
        return work()
    results: list[T] = []
    errors: list[BaseException] = []

    def task() -> None:
        try:
            results.append(work())
        except BaseException as error:  # whoever waits is told
            errors.append(error)

    # No daemon: a process that tore itself down while torch is loaded would crash. See ``is_loading``.
    thread = threading.Thread(target=task, name=LOADING)
    thread.start()
    wait_for(thread)
    if errors:
        raise errors[0]
    return results[0]


def wait_for(thread: threading.Thread) -> None:
    """Wait until a thread has ended. Raises ``Cancelled`` where that is not wanted any more."""
    check = _cancelled.get()
    while thread.is_alive():
        thread.join(None if check is None else _POLL)
        if check is not None and check():
            raise Cancelled


def is_loading() -> bool:
    """Whether a thread is at work that nobody waits for. Such a process had better leave by ``os._exit``."""
    return any(thread.name in (AHEAD, LOOK, WARM_UP, LOADING) for thread in threading.enumerate())
