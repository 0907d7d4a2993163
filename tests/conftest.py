"""Property tests draw the same examples at every run of ``make test``; ``make fuzz`` draws new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("new", print_blob=True)
settings.load_profile("new" if os.environ.get("INPALLA_FUZZ") else "repeatable")
