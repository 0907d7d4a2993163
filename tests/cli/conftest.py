"""A place of its own for each test, and engines that work on plain colours."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import main
from tests.cli.command_line import Result, Run
from tests.support import colour_engines
from tests.support.colour_engines import room
from tools.pictures import write_picture


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which is also where the command runs, and engines that work on plain colours."""
    colour_engines.register_for(monkeypatch)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def inpalla(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> Result:
        code = main.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def picture(home: Path) -> Path:
    return write_picture(home / "flat.png", room())
