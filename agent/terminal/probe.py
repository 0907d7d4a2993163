"""Asking a terminal questions without losing what the user types, and without leaving answers behind.

A terminal answers through the keyboard. On a slow line an answer comes when nobody waits for it any more and
would then stand in the next prompt; and whoever reads an answer may swallow a letter that was typed.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from select import select
from typing import TypeVar

_WHERE = b"\x1b[6n"  # where is the cursor? Every terminal answers that, and answers in order
_HERE = re.compile(rb"\x1b\[\d+;\d+R")
_ANSWERS = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[P_\]].*?(?:\x1b\\|\x07)|\x1b.?", re.DOTALL)
_PATIENCE = 1.0  # seconds

T = TypeVar("T")


def asked(ask: Callable[[], T]) -> tuple[T, str]:
    """Do what asks the terminal questions; its result, and what the user typed meanwhile, line ends included.

    When it returns, no answer is under way any more (unless the terminal takes longer than a second).
    """
    try:
        import termios
        import tty
    except ImportError:  # another system, whose console answers no questions
        return ask(), ""
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        typed = _read(keyboard, 0.0)
        result = ask()
        os.write(sys.stdout.fileno(), _WHERE)
        deadline = time.monotonic() + _PATIENCE
        while not _HERE.search(typed) and (left := deadline - time.monotonic()) > 0:
            typed += _read(keyboard, left)
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
    text = _ANSWERS.sub(b"", typed).decode("utf-8", "ignore")
    text = text.replace("\r", "\n")
    return result, "".join(letter for letter in text if letter.isprintable() or letter == "\n")


def _read(keyboard: int, patience: float) -> bytes:
    """What has been typed or answered; b"" when nothing comes in so many seconds."""
    ready, _, _ = select([keyboard], [], [], patience)
    return os.read(keyboard, 4096) if ready else b""
