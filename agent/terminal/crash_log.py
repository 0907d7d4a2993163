"""Errors that nobody foresaw: one sentence for the user, the details in a log file for whoever fixes them."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime

from sessions import data_folder
from sessions.catalog import keep_private


def told(error: BaseException) -> str:
    """The sentence for an unforeseen error; its traceback goes to ``log.txt`` in the data folder."""
    sentence = f"Something went wrong inside InpaLLa: {type(error).__name__}"
    what = " ".join(str(error).split())[:200]
    if what:
        sentence += f", {what.rstrip('.')}"
    log = data_folder() / "log.txt"
    try:
        keep_private(log.parent)
        with log.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {' '.join(sys.argv)}\n")
            file.write("".join(traceback.format_exception(error)) + "\n")
    except OSError:
        return f"{sentence}."
    return f"{sentence} (details in {log})."
