"""What a command line comes to, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.colour_engines import THINGS, Pixels

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def is_refusal(self) -> bool:
        """Exit code 1 and nothing but one line on stderr."""
        return self.code == 1 and self._is_one_line()

    def is_wrong_usage(self) -> bool:
        """Exit code 2 and nothing but one line on stderr."""
        return self.code == 2 and self._is_one_line()

    def _is_one_line(self) -> bool:
        said = self.err.strip()
        return bool(said) and "\n" not in said and "Traceback" not in said


Run = Callable[..., Result]


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
