"""Errors that nobody foresaw: one sentence for the user, the details in a log file for whoever mends them."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from sessions import SessionError, data_folder
from sessions.catalog import keep_private
from sessions.files import reason


def told(error: BaseException) -> str:
    """The sentence for an unforeseen error; its traceback goes to ``log.txt`` in the data folder."""
    if isinstance(error, PermissionError) and error.filename is not None:
        where = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename)
        own = "; INPALLA_DATA may name another folder" if _is_of_data(where) else ""
        return f"{where} cannot be used: {reason(error)}{own}."
    sentence = f"Something went wrong inside InpaLLa: {type(error).__name__}"
    what = " ".join(str(error).split())[:200]
    if what:
        sentence += f", {what.rstrip('.')}"
    try:
        log = data_folder() / "log.txt"
        keep_private(log.parent)
        with log.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {' '.join(sys.argv)}\n")
            file.write("".join(traceback.format_exception(error)) + "\n")
    except (OSError, SessionError):
        return f"{sentence}."
    return f"{sentence} (details in {log})."


def _is_of_data(path: str) -> bool:
    try:
        return data_folder() in (Path(path), *Path(path).parents)
    except SessionError:
        return False
