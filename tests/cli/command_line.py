"""A command line in a process of its own, and what it paints."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.colour_engines import THINGS, Pixels

ROOT = Path(__file__).parents[2]


def middle(pixels: Pixels, name: str) -> tuple[int, ...]:
    x0, y0, x1, y1 = THINGS[name][1]
    return tuple(int(value) for value in pixels[(y0 + y1) // 2, (x0 + x1) // 2])


def is_near(colour: Sequence[int], wanted: Sequence[int]) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(colour, wanted, strict=True))


def environment(home: Path, **more: str) -> Mapping[str, str]:
    return {**os.environ, "INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT), **more}


def started(home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """``inpalla`` with the engines of these tests, in a process of its own."""
    code = (
        "from tests.support import colour_engines; colour_engines.register();"
        " from agent.cli.main import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment(home, **more),
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
