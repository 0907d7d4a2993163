"""The command line: ``inpalla``.

Commands, options and exit codes are a contract that scripts rely on: 0 done · 1 it could not be done, one
sentence on stderr says why and what to do · 2 wrong usage · 130 cancelled · 143 and 129 told to end by the
system. Here are the group, what is set before anything starts, and the one edge where errors become a
sentence; each command is a module beside this.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

import click

from agent.cli.command import LazyGroup, show_version
from agent.errors import CANCELLED
from agent.terminal.output import OutputGone, abandon, open_streams, say
from tools.engines.threads import is_loading, share_the_machine

_QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}
"""What keeps the libraries' own remarks from the user's terminal."""

_COMMANDS = {
    "chat": ("chat", "Edit a picture in a conversation: IMAGE, a session's picture, or the sample room."),
    "doctor": ("doctor", "Show what this machine has, which preset fits, what is missing and how to fix it."),
    "edit": ("edit", "Edit a picture with one or more sentences, in order."),
    "eval": (
        "evaluate",
        "Evaluate a segmenter on a published benchmark, or a planner on written sentences.",
    ),
    "inpaint": (
        "inpaint",
        "Paint the PROMPT into the white part of the MASK; for --kind remove there is no prompt.",
    ),
    "plan": (
        "plan",
        "Show the plan for each sentence and paint nothing; earlier sentences count as done.",
    ),
    "replay": ("replay", "Paint a layer or a picture again from its recorded request."),
    "segment": (
        "segment",
        "Find things in a picture by words and save their masks (0 and 255, the picture's size).",
    ),
    "sessions": (
        "sessions",
        "List, show, export and remove sessions, and delete what nothing uses.",
    ),
    "setup": ("setup", "Fetch what a preset needs; safe to repeat."),
    "train": ("train", "Fine-tune a model on your own pictures."),
}
"""The commands: their modules, and the first sentences of their help (that they are is tested)."""


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """A picture editor that you talk to, on your own machine."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command line (that of the process by default) and exit with its code; see the module."""
    code = run(argv)
    if is_loading():  # nobody waits for a model that is not wanted any more
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code)
    raise SystemExit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code. Whatever goes wrong becomes one sentence on stderr.

    When nobody reads the output any more, the work ends quietly: 141. That it was closed, or that its disk is
    full, is said: 1.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    share_the_machine()
    open_streams()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it remarks on what a processor lacks
    try:
        with _told_to_end():
            code = _exit_code(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OutputGone, OSError) as error:
        gone = error if isinstance(error, OutputGone) else OutputGone(error.errno, str(error))
        abandon()
        if gone.sentence:
            with suppress(OutputGone):
                say(gone.sentence, err=True)
        return gone.code
    return code


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Have a command clear up after itself where the system, or a terminal that closes, tells it to end; its
    exit code is then 128 and the number of the signal, as shells have it. A signal that was ignored from the
    start, as ``nohup`` has it, stays so, and a second one ends the command at once.
    """

    def end(number: int, frame: object) -> NoReturn:
        del frame
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(128 + number)

    heeded = []
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Only the main thread may; a program that calls this one may have its own ways.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            with suppress(ValueError):
                signal.signal(number, end)
                heeded.append(number)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


def _exit_code(argv: Sequence[str] | None) -> int:
    """Run a command line; only ``OutputGone`` and what is of its kind comes out."""
    try:
        code = cli.main(args=None if argv is None else list(argv), prog_name="inpalla", standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        say(shown.getvalue().rstrip("\n"), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Cancelled.", err=True)
        return CANCELLED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except (OutputGone, BrokenPipeError):
        raise
    except Exception as error:  # the outermost edge: a user gets a sentence, whatever happened
        return _report(error)
    return code if isinstance(code, int) else 0


def _report(error: Exception) -> int:
    """Print the one sentence for an error and return the exit code."""
    from agent.terminal.failures import failure

    sentence, code, _ = failure(error)
    say(sentence, err=True)
    return code


if __name__ == "__main__":
    main()
