"""``inpalla eval``: measure a segmenter on a published benchmark, or a planner, and show the figures.

What can be refused at once (wrong folders, a report that cannot be written) is refused before any model is
loaded.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from agent.cli import options
from agent.cli.command import command
from agent.errors import AgentError
from agent.terminal.output import say, say_json
from sessions.files import absolute, reason, write_atomically
from tools.errors import Cancelled

if TYPE_CHECKING:
    from rich.console import Console

    from evaluation.referring.datasets import Dataset
    from evaluation.referring.measure import Progress, Report

DATASETS = ("reasonseg", "refcoco", "refcoco+", "refcocog")
"""The benchmarks that can be measured, as in ``evaluation.referring.datasets``, which takes too long to
import for a help text.
"""


@command("eval")
@click.argument("dataset", type=click.Choice((*DATASETS, "planner")))
@click.option("--data", "folder", metavar="DIR", help="The folder with the data set.")
@click.option(
    "--split",
    "splits",
    metavar="S",
    multiple=True,
    default=("val",),
    show_default=True,
    help="val, test or train; for refcoco and refcoco+ val, testA or testB. May be given several times.",
)
@options.segmenter
@options.planner
@options.preset
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1),
    help="Only the first N phrases of a split, or talks of a set.",
)
@click.option(
    "-o",
    "--output",
    metavar="REPORT.json",
    help="Where to save the report. An interrupted run with -o can be resumed.",
)
@options.as_json
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
    """Evaluate a segmenter on a published benchmark, or a planner on written sentences.

    docs/evaluation.md says how to get the data and how to read the figures. “planner” needs none: it reads
    the sentences and conversations that come with the program.
    """
    if dataset == "planner":
        return _planner(planner or "builtin", limit, as_json)
    if folder is None:
        raise click.UsageError("Give the data set's folder with --data.")
    return _segmenter(cast("Dataset", dataset), folder, splits, segmenter, preset, limit, output, as_json)


def _planner(name: str, limit: int | None, as_json: bool) -> int:
    """Measure a planner on the sentences that come with the program, and print its figures."""
    import asyncio

    from agent.planner import load_planner
    from evaluation.planner import reading

    talks = [talk for path in reading.SETS for talk in reading.load([path])[:limit]]
    result = asyncio.run(reading.score(load_planner(name), talks))
    if as_json:
        say_json({"planner": name, **result.as_json()})
    else:
        say(reading.report(result))
    return 0


def _segmenter(
    dataset: Dataset,
    folder: str,
    splits: Sequence[str],
    segmenter: str | None,
    preset: str | None,
    limit: int | None,
    output: str | None,
    as_json: bool,
) -> int:
    """Measure a segmenter and print its figures.

    The record of finished pictures lies beside ``output``, and a run that was interrupted goes on from it.
    """
    from evaluation.referring.datasets import SPLITS, read
    from evaluation.referring.measure import measure, record_beside
    from tools.engines import registry

    for split in splits:
        if split not in SPLITS[dataset]:
            known = ", ".join(SPLITS[dataset])
            raise click.BadParameter(f"{dataset} has {known}, and no {split!r}.", param_hint="--split")
    name = segmenter or registry.segmenter_of(preset or registry.DEFAULT_PRESET)
    saved = _report_path(output) if output is not None else None
    selection = read(dataset, Path(folder).expanduser(), splits, limit)
    engine = registry.load_segmenter(name)
    record = record_beside(saved) if saved is not None else None
    with _progress(dataset) as progress:
        try:
            report = measure(engine, selection, record=record, progress=progress)
        except (KeyboardInterrupt, Cancelled):
            if record is not None:
                say("Progress is kept: run the same command again to resume.", err=True)
            raise
    if saved is not None:
        _save(saved, json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n")
    if as_json:
        say_json(report.as_json())
    else:
        _show(report)
        if saved is not None:
            say(f"Saved {saved}.")
    return 0


def _report_path(output: str) -> Path:
    """The absolute path of the report. Raises ``AgentError`` when nothing can be saved there."""
    path = absolute(output)
    if path.suffix.lower() != ".json":
        raise AgentError(f"The report is JSON, so {path.name} must end in .json.")
    if path.is_dir():
        raise AgentError(
            f"{path} is a folder: give the name of a file in it, such as {path / 'report.json'}."
        )
    if not path.parent.is_dir():
        raise AgentError(f"There is no folder {path.parent}: create it first, or save somewhere else.")
    if not os.access(path.parent, os.W_OK):
        raise AgentError(f"{path} cannot be written: permission denied.")
    return path


def _save(path: Path, text: str) -> None:
    try:
        write_atomically(path, lambda file: file.write(text.encode()))
    except OSError as error:
        raise AgentError(f"{path} cannot be written: {reason(error)}.") from error


def _show(report: Report) -> None:
    """A table: for every split and group our figures in percent, and below them the paper's."""
    from rich.table import Table

    from evaluation.referring.measure import paper_figures

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("split")
    table.add_column("queries")
    table.add_column("segmenter", overflow="fold")
    for head in ("phrases", "no mask", "gIoU", "cIoU"):
        table.add_column(head, justify="right")
    for split, groups in report.figures.items():
        paper = paper_figures(report.run.dataset, split)
        for group, figures in groups.items():
            own = (_percent(figures.giou), _percent(figures.ciou))
            counts = (str(figures.phrases), str(figures.blank))
            table.add_row(split, group, report.run.segmenter, *counts, *own, style="bold")
            for model, row in paper.get(group, {}).items():
                table.add_row("", "", f"{model}, paper", "", "", _percent(row["giou"]), _percent(row["ciou"]))
    _console().print(table)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


@contextmanager
def _progress(dataset: str) -> Iterator[Progress | None]:
    """A bar on stderr when somebody is looking at it; wiped at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=_console(stderr=True), transient=True) as bar:
        task = bar.add_task(dataset, total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell
