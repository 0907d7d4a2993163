"""Any exception as what its user reads: one sentence, and the command line's exit code.

The command line and the chat both ask here. An error that nobody foresaw leaves its details in a log file,
for whoever fixes it.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from agent.errors import CANCELLED, FAILED, WRONG_USAGE, AgentError, UnknownPlannerError
from sessions import data_folder
from sessions.catalog import keep_private
from sessions.errors import SessionError
from sessions.files import reason
from tools.errors import Cancelled, ToolError, WrongUsageError


class Failure(NamedTuple):
    """What went wrong, in a sentence, with the exit code; ``foreseen``: it is no fault of the program's."""

    sentence: str
    code: int = FAILED
    foreseen: bool = True


def failure(error: BaseException) -> Failure:
    """What to say of an exception. An unforeseen one's traceback goes to ``log.txt`` in the data folder."""
    if isinstance(error, Cancelled):
        return Failure("Cancelled.", CANCELLED)
    if isinstance(error, AgentError | SessionError | ToolError):
        wrong_usage = isinstance(error, UnknownPlannerError | WrongUsageError)
        return Failure(" ".join(str(error).split()), WRONG_USAGE if wrong_usage else FAILED)
    if isinstance(error, MemoryError):
        return Failure("This machine has too little memory for that: use a smaller picture.")
    return Failure(_logged(error), foreseen=False)


def _logged(error: BaseException) -> str:
    """The sentence for an unforeseen error; its traceback goes to the log."""
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
