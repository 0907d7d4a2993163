"""The command line: ``inpalla``.

Commands, options and exit codes are a contract that scripts rely on: 0 done · 1 it could not be done, one
sentence on stderr says why and what to do · 2 wrong usage · 130 cancelled. Here are the group, what is set
before anything starts, and the one edge where errors become a sentence; each command is a module beside this.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import click

from agent.cli.command import LazyGroup, show_version
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

CANCELLED = 130

_COMMANDS = {
    "chat": ("chat", "Talk about a picture: the IMAGE, the session's, or the sample room."),
    "doctor": ("doctor", "Say what this machine has, which preset fits, what is missing and how to mend it."),
    "edit": ("edit", "Edit a picture by one or more sentences, one after the other."),
    "eval": (
        "evaluate",
        "Measure how well a segmenter finds things, on a published benchmark, or how well a planner reads.",
    ),
    "inpaint": (
        "inpaint",
        "Paint the PROMPT into the white part of the MASK; for --kind remove there is no prompt.",
    ),
    "plan": (
        "plan",
        "Say what sentences ask for, and paint nothing; each earlier sentence counts as done.",
    ),
    "replay": ("replay", "Paint a layer or a picture again, as its request says."),
    "segment": (
        "segment",
        "Find things in a picture by words and save their masks (0 and 255, the picture's size).",
    ),
    "sessions": (
        "sessions",
        "List, show, export and remove the sessions that are kept, and free what is of no use.",
    ),
    "setup": ("setup", "Fetch what a preset needs; safe to repeat."),
    "train": ("train", "Teach a model new words with your own pictures."),
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
    from agent.errors import AgentError, UnknownPlannerError
    from sessions.errors import SessionError
    from tools.errors import Cancelled, ToolError, WrongUsageError

    if isinstance(error, Cancelled):
        say("Cancelled.", err=True)
        return CANCELLED
    if isinstance(error, AgentError | SessionError | ToolError):
        sentence = " ".join(str(error).split())
    elif isinstance(error, MemoryError):
        sentence = "This machine has too little memory for that: use a smaller picture."
    else:
        from agent.terminal.crash_log import told

        sentence = told(error)
    say(sentence, err=True)
    return 2 if isinstance(error, UnknownPlannerError | WrongUsageError) else 1


if __name__ == "__main__":
    main()
