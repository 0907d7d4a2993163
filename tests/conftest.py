"""Property tests draw the same examples at every run of ``make test``; ``make fuzz`` draws new ones. Ctrl-C
and a hangup reach the programs that tests start, however the suite itself was started. Beside that: a place
of its own for a test, and the command line in this process.
"""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.command_line import Result, Run

settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("new", print_blob=True)
settings.load_profile("new" if os.environ.get("INPALLA_FUZZ") else "repeatable")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell that runs the suite in the background ignores it, which each program started here inherits
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # so does nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """What is loaded now stays: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which is also where the commands run, and engines that work on plain colours."""
    from tests.support import colour_engines

    colour_engines.register_for(monkeypatch)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def inpalla(anywhere: Run) -> Run:
    """Runs a command line."""
    return anywhere


@pytest.fixture
def anywhere(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line where the process is: its exit code, and what it writes."""
    from agent.cli import main

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return run
