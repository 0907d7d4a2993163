"""Work on the cores that there are: for loops in C that let other Python threads run meanwhile, such as
Pillow's and SciPy's filters.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """The results of tasks, in their order; raises what the first of them raises. One core does them one
    after the other.
    """
    workers = min(cores(), len(tasks))
    if workers < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(workers) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
