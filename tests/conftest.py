"""Property tests draw the same examples at every run of ``make test``; ``make fuzz`` draws new ones. Ctrl-C
reaches the programs that tests start, however the suite itself was started.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("new", print_blob=True)
settings.load_profile("new" if os.environ.get("INPALLA_FUZZ") else "repeatable")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell that runs the suite in the background ignores it, which each program started here inherits
    signal.signal(signal.SIGINT, signal.default_int_handler)
