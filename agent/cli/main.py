"""The command line: ``inpalla``.

Commands, options and exit codes are a contract that scripts rely on: 0 done · 1 it could not be done, one
sentence on stderr says why and what to do · 2 wrong usage · 130 cancelled. Every command imports what it
needs when it is called, so that help comes at once.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click

from agent.cli.help import Group, show_version
from agent.cli.train import train
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

KINDS = ("restyle", "replace", "remove", "add")
"""The kinds of edit, as in ``tools.inpainting.request``, which takes too long to import for a help text."""

DATASETS = ("reasonseg", "refcoco", "refcoco+", "refcocog")
"""The benchmarks that can be measured, as in ``evaluation.referring.datasets``; see ``KINDS``."""

CANCELLED = 130

Command = Callable[..., Any]


def _preset(command: Command) -> Command:
    return click.option("--preset", metavar="P", help="The set of engines; pocket unless given.")(command)


def _planner(command: Command) -> Command:
    text = "builtin or ollama:MODEL; the preset's unless given."
    return click.option("--planner", metavar="NAME", help=text)(command)


def _segmenter(command: Command) -> Command:
    text = "An engine, such as lisa-7b:4bit, or the folder of a LISA; the preset's unless given."
    return click.option("--segmenter", metavar="NAME", help=text)(command)


def _inpainter(command: Command) -> Command:
    text = "An engine for one kind of edit, or NAME for all of them; the preset's unless given."
    return click.option("--inpainter", "inpainters", metavar="KIND=NAME", multiple=True, help=text)(command)


def _json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")(command)


def _plain(command: Command) -> Command:
    text = "Leave out recipe, masks, EXIF data (place, camera), texts."
    return click.option("--plain", is_flag=True, help=text)(command)


def _yes(command: Command) -> Command:
    text = "Ask nothing: take the best guess where it is doubtful what is meant."
    return click.option("--yes", "guesses", is_flag=True, help=text)(command)


def _grow(context: click.Context, parameter: click.Parameter, value: str) -> int | None:
    """What ``--grow`` says: a number of pixels, or None for auto."""
    del context, parameter
    if value == "auto":
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 5 and int(value) <= 30_000):
        raise click.BadParameter(f"{value!r} is neither a number of pixels (up to 30000) nor auto.")
    return int(value)


def _output(metavar: str) -> Callable[[Command], Command]:
    return click.option("-o", "--output", required=True, metavar=metavar, help="Where to save it.")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


cli.add_command(train)


@cli.command()
@click.argument("image", required=False)
@click.option("--session", metavar="NAME", help="The session to go on with, or to make.")
@_preset
@_planner
@_inpainter
@_yes
def chat(
    image: str | None,
    session: str | None,
    preset: str | None,
    planner: str | None,
    inpainters: tuple[str, ...],
    guesses: bool,
) -> int:
    """Talk about a picture: the IMAGE, the session's, or the sample room.

    Without a terminal it reads one sentence a line from the standard input.
    """
    from agent.cli import oneshot

    return oneshot.chat(image, session, preset, planner, inpainters, guesses=guesses)


@cli.command()
@click.argument("image")
@click.argument("sentences", metavar='"SENTENCE"…', nargs=-1, required=True)
@_output("OUT.png")
@click.option("--session", metavar="NAME", help="The session's name; named after the picture unless given.")
@_preset
@_planner
@_inpainter
@_yes
@_plain
@_json
def edit(
    image: str,
    sentences: tuple[str, ...],
    output: str,
    session: str | None,
    preset: str | None,
    planner: str | None,
    inpainters: tuple[str, ...],
    guesses: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Edit a picture by one or more sentences, one after the other.

    The result has the picture's own size; its format is that of OUT's ending.
    """
    from agent.cli import oneshot

    return oneshot.edit(
        image, sentences, output, session, preset, planner, inpainters, as_json, plain=plain, guesses=guesses
    )


@cli.command()
@click.argument("sentences", metavar='"SENTENCE"…', nargs=-1, required=True)
@click.option("--image", metavar="IMAGE", help="The picture, for planners that look at it.")
@_preset
@_planner
@_json
def plan(
    sentences: tuple[str, ...], image: str | None, preset: str | None, planner: str | None, as_json: bool
) -> int:
    """Say what sentences ask for, and paint nothing; each earlier sentence counts as done."""
    from agent.cli import oneshot

    return oneshot.plan(sentences, image, preset, planner, as_json)


@cli.command()
@click.argument("image")
@click.argument("phrases", metavar='"PHRASE"…', nargs=-1, required=True)
@_output("MASK.png")
@_preset
@_segmenter
@_json
def segment(
    image: str,
    phrases: tuple[str, ...],
    output: str,
    preset: str | None,
    segmenter: str | None,
    as_json: bool,
) -> int:
    """Find things in a picture by words and save their masks (0 and 255, the picture's size).

    With several phrases the masks are MASK-1.png, MASK-2.png and so on.
    """
    from agent.cli import oneshot

    return oneshot.segment(image, phrases, output, preset, segmenter, as_json)


@cli.command()
@click.argument("image")
@click.argument("mask")
@click.argument("prompt", default="")
@_output("OUT.png")
@click.option("--kind", type=click.Choice(KINDS), default="replace", show_default=True, help="What to do.")
@click.option("--target", metavar="T", default="", help='What lies there now, such as "the sofa".')
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Decides the noise; follows from the rest.")
@click.option(
    "--grow",
    metavar="N|auto",
    default="0",
    show_default=True,
    callback=_grow,
    help="How many pixels beyond the mask may change; auto suits masks of `segment`.",
)
@_preset
@_inpainter
@_plain
@_json
def inpaint(
    image: str,
    mask: str,
    prompt: str,
    output: str,
    kind: str,
    target: str,
    seed: int | None,
    grow: int | None,
    preset: str | None,
    inpainters: tuple[str, ...],
    plain: bool,
    as_json: bool,
) -> int:
    """Paint the PROMPT into the white part of the MASK; for --kind remove there is no prompt.

    Nothing outside the white part changes, unless --grow says so.
    """
    from agent.cli import oneshot

    return oneshot.inpaint(
        image, mask, prompt, output, kind, target, seed, preset, inpainters, as_json, grow=grow, plain=plain
    )


@cli.command()
@click.argument("request")
@_output("OUT.png")
@click.option("--picture", "pictures", metavar="FILE", multiple=True, help="A picture that it needs.")
@click.option("--mask", "masks", metavar="FILE", multiple=True, help="A mask that it needs.")
@click.option("--preset", metavar="P", help="What the engines must fit; the session's unless given.")
@_plain
@_json
def replay(
    request: str,
    output: str,
    pictures: tuple[str, ...],
    masks: tuple[str, ...],
    preset: str | None,
    plain: bool,
    as_json: bool,
) -> int:
    """Paint a layer or a picture again, as its request says.

    REQUEST is a request.json from a session's folder, or a PNG that InpaLLa saved. Pictures and masks are
    looked for in the sessions; --picture and --mask name others, and may be given several times. On the same
    device, with the same versions, the pixels are the same.
    """
    from agent.cli import oneshot

    return oneshot.replay(request, output, pictures, masks, preset, as_json, plain=plain)


@cli.group()
def sessions() -> None:
    """List, show, export and remove the sessions that are kept, and free what is of no use."""


@sessions.command("list")
@_json
def list_sessions(as_json: bool) -> int:
    """List all sessions, the one changed last first."""
    from agent.cli import oneshot

    return oneshot.list_sessions(as_json)


@sessions.command("show")
@click.argument("name")
@_json
def show_session(name: str, as_json: bool) -> int:
    """Show a session's versions and layers."""
    from agent.cli import oneshot

    return oneshot.show_session(name, as_json)


@sessions.command("export")
@click.argument("name")
@_output("FILE")
@click.option("--version", type=click.IntRange(0), help="The version; the current one unless given.")
@_plain
def export_session(name: str, output: str, version: int | None, plain: bool) -> int:
    """Save a session's picture."""
    from agent.cli import oneshot

    return oneshot.export_session(name, output, version, plain=plain)


@sessions.command("remove")
@click.argument("name")
def remove_session(name: str) -> int:
    """Delete a session with all its versions, for good."""
    from agent.cli import oneshot

    return oneshot.remove_session(name)


@sessions.command("prune")
@click.option("--older-than", "days", metavar="DAYS", type=click.IntRange(1), help="Old sessions, too.")
@click.option("--empty", is_flag=True, help="Only sessions in which nothing was made.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def prune_sessions(days: int | None, empty: bool, yes: bool, as_json: bool) -> int:
    """Free what is of no use, after saying what that is.

    That is: sessions in which nothing was made, and pictures that no version, no offer and no request
    uses; with --older-than also whole sessions that have not changed for so many days. What is open
    elsewhere stays. With --json nothing is asked, and nothing is freed without --yes.
    """
    from agent.cli import oneshot

    return oneshot.prune_sessions(days, empty, yes, as_json)


@cli.command("eval")
@click.argument("dataset", type=click.Choice((*DATASETS, "planner")))
@click.option("--data", "folder", metavar="DIR", help="The folder that the data set lies in.")
@click.option(
    "--split",
    "splits",
    metavar="S",
    multiple=True,
    default=("val",),
    show_default=True,
    help="val, test or train; of refcoco and refcoco+ val, testA or testB. May be given several times.",
)
@_segmenter
@_planner
@_preset
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Only the first N phrases of a split.")
@click.option(
    "-o",
    "--output",
    metavar="REPORT.json",
    help="Where to save the report. With it a run that was interrupted can go on.",
)
@_json
def evaluate(
    dataset: str,
    folder: str | None,
    splits: tuple[str, ...],
    segmenter: str | None,
    planner: str | None,
    preset: str | None,
    limit: int | None,
    output: str | None,
    as_json: bool,
) -> int:
    """Measure how well a segmenter finds things, on a published benchmark, or how well a planner reads.

    docs/evaluation.md says how to get the data and how to read the figures. “planner” needs none: it reads
    the sentences and conversations that come with the program.
    """
    from agent.cli import evaluate as measuring

    if dataset == "planner":
        return measuring.planner(planner or "builtin", as_json)
    if folder is None:
        raise click.UsageError("--data says where the data set lies.")
    return measuring.evaluate(dataset, folder, splits, segmenter, preset, limit, output, as_json)


@cli.command()
@click.option("--preset", metavar="P", help="The preset to look at; the one that fits unless given.")
@_json
def doctor(preset: str | None, as_json: bool) -> int:
    """Say what this machine has, which preset fits, what is missing and how to mend it."""
    from agent.cli import doctor

    return doctor.main(as_json, preset)


@cli.command()
@click.option("--preset", metavar="P", help="The preset to fetch for; pocket unless given.")
@click.option("--segmenter", metavar="NAME", help="Only this engine, such as lisa-7b.")
@click.option("--inpainter", metavar="NAME", help="Only this engine, such as flux-kontext.")
def setup(preset: str | None, segmenter: str | None, inpainter: str | None) -> int:
    """Fetch what a preset needs; safe to repeat."""
    from agent.cli import oneshot

    return oneshot.setup(preset, segmenter, inpainter)


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
        code = _called(argv)
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


def _called(argv: Sequence[str] | None) -> int:
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
        return _told(error)
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> int:
    """Print the one sentence for an error and return the exit code."""
    from agent.errors import AgentError
    from sessions.errors import SessionError
    from tools.errors import Cancelled, ToolError

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
    return 1


if __name__ == "__main__":
    main()
