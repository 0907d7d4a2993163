"""A command on a pseudo-terminal: type lines, wait for the prompt, read what was written.

    with Terminal([sys.executable, "-m", "agent.cli.main", "chat"], cwd=folder) as terminal:
        terminal.wait_for_prompt()
        assert "sofa" in terminal.type("make the sofa red")
        assert terminal.end() == 0

Only what a user would see counts: escape sequences are taken out of what is returned.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import pexpect

CTRL_C = "\x03"
CTRL_D = "\x04"
TAB = "\t"

# prompt_toolkit turns bracketed paste on when a prompt begins, and once in a prompt.
_PROMPT_BEGINS = "\x1b[?2004h"
_WHERE, _HERE = "\x1b[6n", "\x1b[1;1R"  # the one question that this terminal answers
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and the cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles
    r"|\x1b[P_][^\x1b]*\x1b\\"  # pictures
    r"|\x1b[ -/]*[0-~]"  # the short ones
)


class Terminal:
    """A running command and the terminal that it runs on; a ``with`` ends what is still running."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        columns: int = 100,
        rows: int = 30,
        timeout: float = 60,
    ) -> None:
        """``env`` is added to the environment; ``timeout`` is the longest wait for anything, in seconds."""
        whole = {
            **os.environ,
            "TERM": "xterm-256color",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers here when it asks where the cursor is
            "PYTHONIOENCODING": "utf-8",
            **(env or {}),
        }
        for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            whole.pop(name, None)
        self._child = pexpect.spawn(
            command[0],
            list(command[1:]),
            cwd=None if cwd is None else str(cwd),
            env=whole,
            dimensions=(rows, columns),
            timeout=timeout,
            encoding="utf-8",
            codec_errors="replace",
            preexec_fn=_heed_ctrl_c,
        )
        self._written: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._child.close(force=True)

    @property
    def written(self) -> str:
        """Everything that was written until now, without escape sequences."""
        return plain("".join(self._written))

    @property
    def raw(self) -> str:
        """Everything that was written until now, as it came."""
        return "".join(self._written)

    def wait_for_prompt(self) -> str:
        """Wait until the command asks for a line; what was written meanwhile."""
        return self._until(_PROMPT_BEGINS)

    def wait_for(self, text: str) -> str:
        """Wait until a text is written; what was written before it."""
        return self._until(text)

    def press(self, keys: str) -> None:
        """Press keys, without Enter."""
        self._child.send(keys)

    def type(self, line: str) -> str:
        """Type a line and Enter, and wait for the next prompt; what was written meanwhile."""
        self._child.send(line + "\r")
        return self.wait_for_prompt()

    def send_signal(self, number: int) -> None:
        """Send the command a signal."""
        self._child.kill(number)

    def end(self) -> int:
        """Wait for the command to end; its exit code, or minus the signal that ended it."""
        self._child.expect_exact(pexpect.EOF)
        self._written.append(self._child.before)
        self._child.close()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)

    def _until(self, text: str) -> str:
        before = ""
        try:
            while self._child.expect_exact([text, _WHERE]) == 1:
                before += self._child.before
                self._child.send(_HERE)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            seen = plain(self.raw + before + (self._child.before or ""))[-2000:]
            raise AssertionError(
                f"{text!r} was never written ({type(error).__name__}) after:\n{seen}"
            ) from None
        before += self._child.before
        self._written += [before, self._child.after]
        return plain(before)


def _heed_ctrl_c() -> None:
    """As a terminal's programs do, even where this suite was started without it (by ``&``)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def plain(text: str) -> str:
    """The text without escape sequences and carriage returns."""
    return _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
