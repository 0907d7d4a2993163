"""``inpalla train``: the commands that teach a model something new."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from agent.cli.command import Group
from agent.cli.progress import live_line
from agent.terminal.output import say, say_json
from sessions.files import reason
from tools.errors import Cancelled, ToolError

if TYPE_CHECKING:
    from tools.segmenting.base import CancelCheck
    from training.lisa import Data, Progress, Report, Score
    from training.lisa.data import Listener

_STAGES = {
    "reading": "Reading the data",
    "looking": "Looking at the pictures",
    "testing": "Testing",
    "training": "Training",
}


@click.group(cls=Group)
def train() -> None:
    """Fine-tune a model on your own pictures."""


@train.command("lisa")
@click.option("--data", required=True, metavar="DIR", help="The folder with pictures, masks and words.")
@click.option("-o", "--output", metavar="OUT", help="The folder for the new model (default: DIR-lisa).")
@click.option(
    "--model",
    default="pocket",
    show_default=True,
    metavar="NAME",
    help="The model to start from: pocket, a published one such as lisa-7b, or a folder.",
)
@click.option(
    "--steps", type=click.IntRange(1), default=500, show_default=True, help="The number of training steps."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def train_lisa(data: str, output: str | None, model: str, steps: int, seed: int, as_json: bool) -> int:
    """Fine-tune LISA, which finds things by words, on your own pictures.

    Stopped with Ctrl-C or otherwise, the same command goes on where it was.
    """
    from training.lisa import Settings, check_output, finetune, load_base, read_folder

    folder = Path(data).expanduser().resolve()
    out = Path(output).expanduser().resolve() if output else folder.with_name(f"{folder.name}-lisa")
    if out == folder:
        raise ToolError("The new model cannot be saved in the data folder: give another folder with -o.")
    try:
        check_output(out)
        with _progress() as listen, _interruptible() as cancelled:
            read = read_folder(folder, seed=seed, listen=listen)
            for note in read.notes:
                say(note, err=True)
            base = load_base(model)
            settings = Settings.suited(base.model, steps, seed)
            report = finetune(base, read, out, settings, listen=listen, cancelled=cancelled)
    except Cancelled:
        say("Progress is kept: run the same command again to resume.", err=True)
        raise
    except OSError as error:
        raise ToolError(f"Training stopped: {error.filename or out}: {reason(error)}.") from error
    if as_json:
        say_json(_as_json(read, report))
    else:
        say("\n".join(_summary(read, report)))
    return 0


def _summary(data: Data, report: Report) -> Iterator[str]:
    minutes = report.seconds / 60
    yield f"Trained on {len(data.training)} pictures in {report.steps} steps, {minutes:.1f} minutes."
    before, after = report.before, report.after
    if before is None or after is None:
        yield "No picture was held out, so the model was not evaluated: that takes five pictures or more."
    else:
        yield from _scored(len(data.held_out), before, after)
    yield f"Saved {report.folder}."


def _scored(pictures: int, before: Score, after: Score) -> Iterator[str]:
    if after.iou is not None and before.iou is not None:
        yield (
            f"On {pictures} pictures held out, masks overlap the truth by {after.iou:.2f} (before:"
            f" {before.iou:.2f}; {after.there} things)."
        )
    if after.refused is not None and before.refused is not None:
        yield (
            f"Of {after.absent} things that are not there, {after.refused:.0%} got no mask (before:"
            f" {before.refused:.0%})."
        )


def _as_json(data: Data, report: Report) -> dict[str, object]:
    return {
        "output": str(report.folder),
        "steps": report.steps,
        "seconds": report.seconds,
        "pictures": len(data.training),
        "held_out": len(data.held_out),
        "before": None if report.before is None else asdict(report.before),
        "after": None if report.after is None else asdict(report.after),
        "loss": report.losses[-1],
    }


@contextmanager
def _progress() -> Iterator[Listener]:
    """A live line on stderr when somebody is looking at it; else a line now and then."""
    watched = sys.stderr.isatty()
    with live_line() as show:

        def listen(progress: Progress) -> None:
            loss = f", loss {progress.loss:.3f}" if progress.loss is not None else ""
            text = f"{_STAGES[progress.stage]} {progress.done}/{progress.total}{loss}"
            if watched:
                show(text)
            elif progress.done == progress.total or (
                progress.stage == "training" and progress.done % 50 == 0
            ):
                say(text, err=True)

        yield listen


@contextmanager
def _interruptible() -> Iterator[CancelCheck]:
    """Ctrl-C lets the training end the picture at hand and keep what it has; a second one ends it at once."""
    stopped = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield stopped.is_set
    finally:
        signal.signal(signal.SIGINT, before)
