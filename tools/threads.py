"""How the threads that compute wait for one another, on a machine that others use, too.

torch's threads share out every operation and meet at its end. Where one of them has no core at the moment,
because another program has it, the others wait for it; by default in a busy loop, which keeps the very core
that the late one needs. One busy neighbour on two cores made an edit of 0.65 seconds take 5 to 33 that way. A
thread that sleeps while it waits gives the core away: then a neighbour costs what it takes.

OpenMP reads its settings from the environment once, when torch is loaded, so they are made before that. What
the user set there counts. Importing this module loads nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

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
    if any(environment.get(name) for name in WAITING):
        return False
    environment["OMP_WAIT_POLICY"] = "PASSIVE"
    return True
