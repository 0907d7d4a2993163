"""The one outlet for the text of commands: cleaned for the terminal, and quiet when nobody reads any more.

Every command that is no chat writes through ``say``, ``say_json`` and ``live``; the chat's consoles write
through ``write``. Where a stream is gone, ``OutputGone`` ends the command: see ``agent.cli.main.run``. A
reader that left is no failure, and nothing is said of it. An output that is closed, or whose disk is full,
is one: what only tells something stops there, and what makes something (``finishing``) is finished first.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import IO

from agent.safe_text import json_line, printable

BROKEN_PIPE = 141
"""The exit code of a command whose reader is gone: 128 and the number of SIGPIPE, as shells have it."""


class OutputGone(Exception):  # noqa: N818 - the end of a conversation, not a mistake
    """What is written reaches nobody: the stream is closed, its reader is gone, its disk is full.

    No ``OSError``: Click takes those about pipes for its own.
    """

    def __init__(self, number: int | None, text: str) -> None:
        super().__init__(text)
        self.errno = number

    @property
    def code(self) -> int:
        """The exit code."""
        return BROKEN_PIPE if self.errno == errno.EPIPE else 1

    @property
    def sentence(self) -> str:
        """What is to be said of it, elsewhere; "" where nothing is."""
        if self.errno == errno.EPIPE:
            return ""
        if self.errno in (errno.ENOSPC, errno.EDQUOT):
            return "The output cannot be written: the disk is full, so free some space."
        if self.errno == errno.EBADF:
            return "The output cannot be written: the standard output is closed."
        return f"The output cannot be written: {str(self).rstrip('.').lower()}."


_finishing: ContextVar[list[OutputGone] | None] = ContextVar("finishing", default=None)


@contextmanager
def finishing() -> Iterator[None]:
    """Finish the work of a command, which is more than what it tells, where the output cannot be written:
    what it says meanwhile goes to the standard error, and ``OutputGone`` comes at its end.
    """
    gone: list[OutputGone] = []
    before = _finishing.set(gone)
    try:
        yield
    finally:
        _finishing.reset(before)
    if gone:
        raise gone[0]


def say(text: str = "", *, err: bool = False) -> None:
    """Write a line, or several, to the standard output or, with ``err``, to the standard error."""
    line = f"{printable(text)}\n"
    if err:
        write(sys.stderr, line)
    else:
        _write_out(line, line)


def say_json(value: object, instead: str = "") -> None:
    """Write a value as one line of JSON to the standard output; where that is closed and the work is finished
    all the same, ``instead`` is said.
    """
    _write_out(f"{json_line(value)}\n", f"{printable(instead)}\n" if instead else "")


def _write_out(text: str, instead: str) -> None:
    try:
        write(sys.stdout, text)
    except OutputGone as error:
        gone = _finishing.get()
        if gone is None or error.errno == errno.EPIPE:
            raise
        gone.append(error)
        write(sys.stderr, instead)


def live(text: str = "") -> None:
    """Write over the live line on the standard error; without text it is wiped."""
    write(sys.stderr, f"\r\x1b[2K{printable(text)}")


def write(stream: IO[str] | None, text: str) -> None:
    """Write text as it is, at once. Raises ``OutputGone``."""
    if stream is None:
        raise OutputGone(errno.EBADF, "closed")
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        raise OutputGone(error.errno, str(error)) from error
    except ValueError as error:  # the stream was closed
        raise OutputGone(errno.EBADF, str(error)) from error


def open_streams() -> None:
    """Make sure that the three standard streams are there, before any file is opened.

    A process may be started without one of them. The next file that it opened would then take its number, and
    what is meant for the terminal would be written into that file. A closed output stays closed to ``write``;
    a closed input is at its end.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = io.StringIO()
    if sys.stderr is None:
        sys.stderr = io.StringIO()  # what cannot be done is still told by the exit code
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # no letter that the terminal lacks is worth a crash


def abandon() -> None:
    """Forget what is still in the buffer of the standard output: nobody is there to read it at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
