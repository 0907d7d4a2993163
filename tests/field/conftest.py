"""What all tests here have in common: a place of their own, and engines that work on plain colours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from tests.support import colour_engines


@dataclass(frozen=True)
class Result:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def refused(self) -> str:
        """The one sentence of a command that could not be done."""
        said = self.err.strip()
        assert self.code == 1, self
        assert said.endswith("."), self
        assert "\n" not in said, self
        assert "Something went wrong inside" not in said, self
        return said

    @property
    def values(self) -> dict[str, Any]:
        assert self.code == 0, self
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which is also where the commands run."""
    colour_engines.register_for(monkeypatch)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def inpalla(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return run
