"""Half an hour of one card: everything that only a card can show, in order of worth, within a time.

    python -m benchmarks.gpu [--minutes 30] [--folder FOLDER] [--only NAME,…] [--list]

Each step is a command of its own that writes its figures as it goes. What is finished is kept in the folder
and not run again, so that the half hour may be cut into pieces: say the same line again. A step that would
not end within the time left is stopped when the time is over; what it had measured counts. Nothing is
committed and nothing is fetched: weights are random, at their published sizes. ``RESULTS.md`` in the folder
has one table, with the card, the driver and the date. Needs the extra ``quantised``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tools.engines import machine, presets


@dataclass(frozen=True)
class Step:
    """A module that is run with some arguments; ``keeps`` its figures where ``--json`` tells."""

    name: str
    what: str
    module: str
    arguments: tuple[str, ...] = ()
    keeps: bool = True

    def command(self, folder: Path) -> list[str]:
        """The command line."""
        kept = ("--json", str(folder / f"{self.name}.json")) if self.keeps else ()
        return [sys.executable, "-m", self.module, *self.arguments, *kept]


def _flux(name: str, what: str, *arguments: str) -> Step:
    return Step(name, what, "benchmarks.flux", ("--size", "published", *arguments))


_SMALL: Final = ("--masks", "10", "--pictures", "1024x1024")

STEPS: Final[tuple[Step, ...]] = (
    _flux("peak-8gb", "klein:4bit within 8gb", "--family", "klein", "--preset", "8gb", *_SMALL),
    _flux("peak-12gb", "klein:4bit within 12gb", "--family", "klein", "--preset", "12gb", *_SMALL),
    _flux("peak-12gb-fill", "fill:4bit within 12gb", "--family", "fill", "--preset", "12gb", *_SMALL),
    _flux("peak-16gb", "klein within 16gb", "--family", "klein", "--preset", "16gb", *_SMALL),
    _flux("peak-24gb-fill", "fill:4bit within 24gb", "--family", "fill", "--preset", "24gb", *_SMALL),
    Step("peak-lisa-4", "lisa-7b:4bit", "benchmarks.lisa", ("--size", "7b", "--bits", "4")),
    Step("peak-sam3", "sam3", "benchmarks.sam3", ("--size", "full")),
    _flux("poster-fill", "ours against the poster's recipe, Fill", "--family", "fill", "--masks", "10"),
    _flux("poster-klein", "ours against the poster's recipe, Klein", "--family", "klein", "--masks", "10"),
    _flux("compiled-fill", "Fill compiled", "--family", "fill", "--compile", *_SMALL),
    _flux("float8-fill", "Fill compiled, 8-bit floats", "--family", "fill", "--compile", "--float8", *_SMALL),
    _flux("streamed-fill", "Fill through a card of 8 GiB", "--family", "fill", "--preset", "8gb", *_SMALL),
    Step("peak-lisa-8", "lisa-7b:8bit", "benchmarks.lisa", ("--size", "7b", "--bits", "8")),
    Step("peak-lisa-16", "lisa-7b", "benchmarks.lisa", ("--size", "7b")),
    Step("turn", "turns of the pocket models", "benchmarks.turn"),
    Step(
        "train-pocket",
        "the pocket models, trained longer, into runs/weights",
        "training.pocket",
        (
            *("samples", "contrasts", "records", "vae", "flux", "lisa", "export"),
            *("--minutes", "4", "--processes", "16", "--runs", "runs", "--weights", "runs/weights"),
        ),
        keeps=False,
    ),
)
"""In order of worth: the peaks against the counts, ours against the poster's recipe, what speeds it up."""


def run(steps: Sequence[Step], folder: Path, seconds: float) -> None:
    """Run what is not finished, in order, until the time is over; after each the table is written anew."""
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    for step in steps:
        state = _state(folder, step)
        left = until - time.monotonic()
        if state in ("done", "failed") or left <= 0:
            continue
        print(f"{step.name}: {step.what}", flush=True)
        begun = time.monotonic()
        with (folder / f"{step.name}.log").open("w", encoding="utf-8") as log:
            try:
                code = subprocess.run(
                    step.command(folder), stdout=log, stderr=subprocess.STDOUT, timeout=left, check=False
                ).returncode
                state = "failed" if code else "done"
            except subprocess.TimeoutExpired:
                state = "cut short"
        took = time.monotonic() - begun
        (folder / f"{step.name}.state").write_text(f"{state}\n{took:.0f}\n", encoding="utf-8")
        (folder / "RESULTS.md").write_text(results(steps, folder), encoding="utf-8")
        print(f"{step.name}: {state} after {took:.0f} s", flush=True)


def results(steps: Sequence[Step], folder: Path) -> str:
    """One table of all figures so far, and what could not be measured."""
    release, seen = machine.driver()
    cards = ", ".join(card.name for card in seen) or "no card that NVIDIA's driver reports"
    lines = [
        f"{cards}, driver {release or 'unknown'}, torch {_torch()}, {datetime.now(UTC):%Y-%m-%d}",
        "",
        "| step | figure | value | unit | limit |",
        "| --- | --- | --- | --- | --- |",
    ]
    for step in steps:
        state = _state(folder, step)
        for figure in _figures(folder / f"{step.name}.json"):
            value = f"{figure['value']:.3f}"
            cells = step.name, figure["name"], value, figure.get("unit", ""), figure.get("limit", "")
            lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
        if state in ("failed", "cut short"):
            lines.append(f"| {step.name} | {state}: see {step.name}.log | | | |")
        elif not state:
            lines.append(f"| {step.name} | not run yet | | | |")
    counted = {name: presets.peak(name) for name in ("flux-klein:4bit", "flux-klein", "flux-fill:4bit")}
    told = ", ".join(f"{name} {peak or 0:.1f}" for name, peak in counted.items())
    return "\n".join([*lines, "", f"Counted peaks in GiB, with the card to itself: {told}.", ""])


def _state(folder: Path, step: Step) -> str:
    file = folder / f"{step.name}.state"
    return file.read_text(encoding="utf-8").splitlines()[0] if file.exists() else ""


def _figures(file: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["figures"]
        return found
    except (OSError, ValueError, LookupError):  # not begun, or cut short while it was written
        return []


def _torch() -> str:
    from importlib.metadata import version

    return version("torch")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps; 0 when none failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--folder", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--only", default="", metavar="NAME,…", help="these steps, in this order")
    parser.add_argument("--list", action="store_true", help="print the commands and run none")
    wanted = parser.parse_args(arguments)
    by_name = {step.name: step for step in STEPS}
    names = [name for name in wanted.only.split(",") if name]
    if unknown := [name for name in names if name not in by_name]:
        parser.error(f"no step {unknown[0]}: choose from {', '.join(by_name)}")
    steps = [by_name[name] for name in names] or list(STEPS)
    if wanted.list:
        for step in steps:
            print(" ".join(["python", *step.command(wanted.folder)[1:]]))
        return 0
    if not machine.cards():
        print("There is no card that torch can use: python -m benchmarks.card counts without one.")
        return 1
    run(steps, wanted.folder, wanted.minutes * 60)
    print(results(steps, wanted.folder))
    return int(any(_state(wanted.folder, step) == "failed" for step in steps))


if __name__ == "__main__":
    sys.exit(main())
