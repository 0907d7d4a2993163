"""What a turn costs outside the models as a session grows, and what the session costs on the disk.

    python -m benchmarks.sessions [--turns N] [--new]

A conversation in a small drawn room, with the built-in planner and with engines that find and fill flat
colours. Each turn recolours one of a few things; with ``--new`` it leaves a layer more every time. Early and
late turns are medians, compared as a ratio within one run, in seconds and in seconds of the processor, which
other work on the machine changes less. Nothing is asserted: the limits that the figures should keep are
printed beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from agent.planner import load_planner
from agent.planner.context import Context
from agent.planner.plan import Plan
from agent.turn.editor import Editor
from sessions import Sessions
from sessions.session import Session
from sessions.state import read_state
from tools.engines.registry import PRESETS
from tools.inpainting.base import Inpainter, Job, StepListener
from tools.kinds import Kind
from tools.segmenting.base import CancelCheck, Found, never

Pixels = NDArray[np.uint8]

THINGS = ("sofa", "lamp", "rug", "table", "chair", "vase", "shelf", "bed")
"""The things in the room, one in each cell of a grid of four by two."""

COLOURS = MappingProxyType(
    {"red": (210, 30, 30), "green": (30, 180, 60), "blue": (30, 60, 220), "orange": (240, 140, 20)}
)
CELL = 40
EARLY, LATE = slice(2, 12), slice(-11, None)
"""The turns whose medians are compared: of 500 turns, 3 to 12 and 490 to 500."""

OPENINGS = 5
"""The session is opened so often, and the shortest opening counts: the others waited for other work."""

LAST = 50
"""So many turns at the end have a growth of their own: what lies in a session may make a turn weigh more."""


class Cost(NamedTuple):
    """What a turn took: seconds, seconds of the processor, and readings of the state from the database."""

    seconds: float
    processor: float
    reads: int


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each."""
    seconds, processor, reads = (statistics.median(each) for each in zip(*costs, strict=True))
    return Cost(seconds, processor, int(reads))


@dataclass(frozen=True)
class Figures:
    """What a session of so many turns costs.

    ``early`` and ``late`` are a turn's medians, ``opening`` the seconds until a session is open and has told
    all that is in it. ``growth`` is by how many KiB its folder grows in a turn besides the patches,
    ``late_growth`` the same at the end. ``reads``: how often a turn read the state, at most.
    """

    early: Cost
    late: Cost
    opening: float
    growth: float
    late_growth: float
    reads: int


def room() -> Pixels:
    """A room with its things, uint8 RGB (80, 160, 3)."""
    picture = np.full((2 * CELL, 4 * CELL, 3), (200, 190, 170), np.uint8)
    for number, name in enumerate(THINGS):
        picture[_place(name)] = (60 + 15 * number, 90, 170 - 15 * number)
    return picture


def _place(name: str) -> tuple[slice, slice]:
    row, column = divmod(THINGS.index(name), 4)
    return np.s_[row * CELL + 8 : row * CELL + 32, column * CELL + 8 : column * CELL + 32]


class Finder:
    """Finds the things where they stand."""

    name = "benchmark-finder"
    revision = "1"

    def segment(
        self,
        picture: Pixels,
        phrases: Sequence[str],
        *,
        cancelled: CancelCheck = never,  # noqa: ARG002
    ) -> list[Found]:
        found = []
        for phrase in phrases:
            mask = np.zeros(picture.shape[:2], np.bool_)
            for name in THINGS:
                if name in phrase:
                    mask[_place(name)] = True
            found.append(Found(phrase, mask, 0.9 if mask.any() else 0.1, "It is [SEG]."))
        return found

    def describe(self, picture: Pixels) -> list[str]:  # noqa: ARG002
        return list(THINGS)


class Painter:
    """Fills a mask with the colour that the prompt names."""

    name = "benchmark-painter"
    revision = "1"
    area = 64 * 64
    multiple = 8
    steps = 1
    guidance = 2.0

    def paint(
        self,
        jobs: Sequence[Job],
        *,
        progress: StepListener | None = None,  # noqa: ARG002
        cancelled: CancelCheck = never,  # noqa: ARG002
    ) -> list[Pixels]:
        painted = []
        for job in jobs:
            crop = job.crop.copy()
            crop[job.mask] = next((COLOURS[word] for word in COLOURS if word in job.prompt), (20, 20, 20))
            crop[job.mask] += np.uint8(job.seed % 8)
            painted.append(crop)
        return painted


class Engines:
    """The engines of a turn."""

    def segmenter(self) -> Finder:
        return Finder()

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        kinds: tuple[Kind, ...] = ("restyle", "replace", "remove", "add")
        return dict.fromkeys(kinds, Painter())


class Planner:
    """The built-in planner; with ``new`` every edit makes a layer of its own, whatever lies there already."""

    name = "builtin"

    def __init__(self, *, new: bool) -> None:
        self._planner, self._new = load_planner("builtin"), new

    async def plan(self, sentence: str, context: Context, picture: Pixels | None = None) -> Plan:
        made = await self._planner.plan(sentence, context, picture)
        steps = (step.model_copy(update={"layer": None}) if self._new else step for step in made.steps)
        return made.model_copy(update={"steps": tuple(steps)})


def sentence(turn: int) -> str:
    """What is said in a turn, from 0: in every round, each of the things gets another colour."""
    around, thing = divmod(turn, len(THINGS))
    return f"make the {THINGS[thing]} {list(COLOURS)[around % len(COLOURS)]}"


def editor_of(opened: Session, *, new: bool = False) -> Editor:
    """An editor for an open session, with the planner and the engines above."""
    preset = replace(PRESETS["pocket"], computing=MappingProxyType({}), drawn_rooms_only=False)
    return Editor.open(session=opened, preset=preset, planner=Planner(new=new), engines=Engines())


def size_besides_patches(folder: Path) -> int:
    """The bytes in the folder of a closed session, without its layers' patches."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with Session(folder) as kept:
        patches = {layer.patch for layer in kept.revisions.values()}
        return size - sum(kept.pictures.path(patch).stat().st_size for patch in patches)


async def talk(editor: Editor, numbers: range) -> list[Cost]:
    """Carry out the turns of these numbers: the cost of each."""
    costs = []
    with patch("sessions.session.read_state", side_effect=read_state) as reads:
        for turn in numbers:
            reads.reset_mock()
            began, used = time.perf_counter(), time.process_time()
            said = await editor.say(sentence(turn))
            costs.append(Cost(time.perf_counter() - began, time.process_time() - used, reads.call_count))
            if not said.changed:
                raise RuntimeError(f"turn {turn} changed nothing: {said.reply}")
    return costs


def measure(folder: Path, turns: int, *, new: bool = False) -> Figures:
    """Hold a conversation of so many turns in a new session under a folder, and open it again."""
    sessions = Sessions(folder)
    sessions.create("long", room()).close()
    sizes = [size_besides_patches(folder / "long")]
    costs: list[Cost] = []
    end = max(turns - LAST, turns // 2)
    for numbers in (range(end), range(end, turns)):
        editor = editor_of(sessions.open("long"), new=new)
        costs += asyncio.run(talk(editor, numbers))
        editor.close()
        sizes.append(size_besides_patches(folder / "long"))
    opening = []
    for _ in range(OPENINGS):
        began = time.perf_counter()
        with sessions.open("long") as opened:
            there = opened.head, len(opened.turns), opened.picture().shape
            opening.append(time.perf_counter() - began)
        if there != (turns, turns, room().shape):
            raise RuntimeError(f"another session came back: {there}")
    return Figures(
        median(costs[EARLY]),
        median(costs[LATE]),
        min(opening),
        (sizes[2] - sizes[0]) / 1024 / turns,
        (sizes[2] - sizes[1]) / 1024 / (turns - end),
        max(cost.reads for cost in costs),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sessions", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--new", action="store_true", help="every turn adds a layer")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        made = measure(Path(folder), args.turns, new=args.new)
    print("| figure | value | at most |\n|---|---|---|")
    for what, early, late in zip(
        ("seconds", "seconds of the processor"), made.early, made.late, strict=False
    ):
        print(f"| a turn, median of turns 3 to 12: {what} | {early:.3f} | |")
        print(f"| a turn, median of the last 11 of {args.turns}: {what} | {late:.3f} | |")
        print(f"| their ratio within one run | {late / early:.2f} | 1.15 |")
    print(f"| readings of the state in a turn | {made.reads} | 1 |")
    print(f"| opening the session | {made.opening:.3f} s | 0.3 s |")
    print(f"| growth in a turn besides the patches | {made.growth:.1f} KiB | 20 KiB |")
    print(f"| the same, in the last turns | {made.late_growth:.1f} KiB | 20 KiB |")


if __name__ == "__main__":
    main()
