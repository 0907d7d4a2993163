"""Seconds of a turn with warm models, of a cold process, of the help text, and the size of the weights.

    python -m benchmarks.turn [IMAGE] [--loaded] [--rounds N] [--preset P] [--json FILE]

Nothing is asserted: the limits that the figures should keep are printed beside them. A cold process is a
fresh ``inpalla edit`` that draws its first picture; its files may still be in the system's cache.

``--loaded`` measures something else: what the same turns cost while another process keeps one core busy, as a
ratio to the quiet turns of the same run. The two take turns, so that whatever else the machine does meanwhile
weighs on both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import pocket
from tools.engines.threads import WAITING, share_the_machine

SENTENCES = (
    "change the sofa to red leather",
    "make the rug dark green",
    "no, darker",
    "remove the plant",
    "make the wall light blue and the floor walnut",
    "undo",
)
"""One turn of every sort: restyle, restyle, revise, remove, two things, undo."""

HELP = (
    "import sys; from agent.cli.main import cli; cli.main(['--help'], standalone_mode=False);"
    " print(len(sys.modules), 'torch' in sys.modules, file=sys.stderr)"
)


@dataclass(frozen=True)
class Figure:
    """One figure: ``value`` in ``unit``, and the most that it should be, if anything is asked of it."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""


def _environment(folder: str) -> dict[str, str]:
    return {**os.environ, "INPALLA_DATA": folder}


def measure_help(rounds: int) -> list[Figure]:
    """``inpalla --help`` in fresh processes: the median of its seconds, and the modules that it loads."""
    command = [sys.executable, "-m", "agent.cli.main", "--help"]
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    counted = subprocess.run([sys.executable, "-c", HELP], check=True, capture_output=True, text=True)
    modules, torch = counted.stderr.split()[-2:]
    return [
        Figure("inpalla --help", statistics.median(seconds), "s", 0.5),
        Figure("modules that it loads", float(modules), "", note=f"torch among them: {torch == 'True'}"),
    ]


def measure_cold(image: Path, preset: str) -> list[Figure]:
    """A fresh process to its first picture. Raises RuntimeError when it does not get there."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.png"
        command = [
            sys.executable,
            "-m",
            "agent.cli.main",
            "edit",
            str(image),
            SENTENCES[0],
            "-o",
            str(output),
        ]
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "--preset", preset], env=_environment(folder), capture_output=True, text=True
        )
        seconds = time.perf_counter() - began
        if not output.exists():
            raise RuntimeError(done.stderr.strip() or "The cold process made no picture.")
    return [Figure("cold process to its first picture", seconds, "s", 20.0)]


def measure_turns(image: Path, preset: str, rounds: int) -> list[Figure]:
    """The warm turns of one conversation, ``rounds`` times over: medians, and where the time went."""
    from agent.turn.editor import open_editor

    spent: dict[str, list[Mapping[str, float]]] = {sentence: [] for sentence in SENTENCES}
    said: dict[str, str] = {}
    began = time.perf_counter()
    loading = 0.0
    for number in range(rounds):
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(open_editor(image, None, preset, None, Path(folder), asks=False)) as editor,
        ):
            if number == 0:
                editor.warm_up()
                loading = time.perf_counter() - began
                asyncio.run(editor.say(SENTENCES[0]))  # the first call of each model is slower
                asyncio.run(editor.say("undo"))
            for sentence in SENTENCES:
                turn = asyncio.run(editor.say(sentence))
                spent[sentence].append(turn.seconds)
                said[sentence] = "not done" if turn.failed or not turn.changed else ""
    figures = [Figure("loading the models", loading, "s")]
    for sentence, turns in spent.items():
        middle = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
        parts = ", ".join(f"{key} {middle[key]:.2f}" for key in ("plan", "locate", "paint"))
        note = " · ".join(part for part in (parts, said[sentence]) if part)
        figures.append(Figure(f"turn: {sentence}", middle["total"], "s", 6.0, note))
    worst = max(turn["total"] for turns in spent.values() for turn in turns)
    return [*figures, Figure("slowest turn of all", worst, "s", 6.0)]


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Another process that keeps one core busy."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
        try:
            time.sleep(0.2)  # until it is really at it
            yield
        finally:
            neighbour.kill()


def talked(image: Path, preset: str) -> list[float]:
    """The conversation once, with models that are loaded already or are now: the seconds of every turn."""
    from agent.turn.editor import open_editor

    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_editor(image, None, preset, None, Path(folder), asks=False)) as editor,
    ):
        return [asyncio.run(editor.say(sentence)).seconds["total"] for sentence in SENTENCES]


def measure_loaded(image: Path, preset: str, rounds: int) -> list[Figure]:
    """The conversation quiet and beside a busy process, by turns: the ratio of their seconds, and both."""
    talked(image, preset)  # the models are loaded, and the first call of each is slower
    quiet: list[list[float]] = []
    loaded: list[list[float]] = []
    for number in range(rounds):
        for busy in (False, True) if number % 2 == 0 else (True, False):
            with busy_neighbour() if busy else nullcontext():
                (loaded if busy else quiet).append(talked(image, preset))
    ratios = [sum(after) / sum(before) for before, after in zip(quiet, loaded, strict=True)]
    spread = f"of {rounds} pairs: {', '.join(f'{ratio:.2f}' for ratio in sorted(ratios))}"
    figures = [Figure("conversation: loaded / quiet", statistics.median(ratios), "×", 1.6, spread)]
    for index, sentence in enumerate(SENTENCES):
        before, after = (statistics.median(turns[index] for turns in kind) for kind in (quiet, loaded))
        worst = max(turns[index] for turns in loaded)
        note = f"quiet {before:.2f} s, loaded {after:.2f} s, at worst {worst:.2f} s"
        figures.append(Figure(f"turn: {sentence}", after / before, "×", note=note))
    return figures


def measure_weights() -> list[Figure]:
    """The size of the pocket models' weights, each and altogether."""
    folders = sorted(folder for folder in pocket.weights("").iterdir() if folder.is_dir())
    sizes = {
        folder.name: sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
        for folder in folders
    }
    figures = [Figure(f"weights: {name}", size, "MiB") for name, size in sizes.items()]
    return [*figures, Figure("weights altogether", sum(sizes.values()), "MiB", 48.0)]


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head, side in (("what", "left"), ("figure", "right"), ("limit", "right"), ("", "left")):
        table.add_column(head, justify="right" if side == "right" else "left")
    for figure in figures:
        value = f"{figure.value:.2f} {figure.unit}" if figure.unit else f"{figure.value:.0f}"
        limit, style = "", "default"
        if figure.limit is not None:
            limit = f"≤ {figure.limit:g} {figure.unit}"
            style = "green" if figure.value <= figure.limit else "red"
        table.add_row(figure.name, f"[{style}]{value}[/{style}]", limit, figure.note)
    console = Console()
    (console if console.is_terminal else Console(width=120)).print(table)


def machine() -> dict[str, object]:
    """What was measured on."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "waiting": " ".join(f"{name}={os.environ[name]}" for name in WAITING if name in os.environ),
        "device": device,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and with ``--json`` keep the figures; 1 when something cannot be done."""
    from agent.errors import AgentError
    from sessions import SessionError
    from tools.errors import ToolError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.turn", description=main.__doc__)
    parser.add_argument("image", nargs="?", type=Path, default=pocket.sample_room())
    parser.add_argument("--loaded", action="store_true", help="beside a process that keeps one core busy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", default="pocket")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    share_the_machine()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        if options.loaded:
            figures = measure_loaded(options.image, options.preset, options.rounds)
        else:
            figures = measure_help(options.rounds)
            figures += measure_weights()
            figures += measure_cold(options.image, options.preset)
            figures += measure_turns(options.image, options.preset, options.rounds)
    except (AgentError, SessionError, ToolError, OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    about = machine()
    print("measured on", ", ".join(f"{key} {value}" for key, value in about.items()))
    show(figures)
    if options.json is not None:
        text = json.dumps({"machine": about, "figures": [asdict(figure) for figure in figures]}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
