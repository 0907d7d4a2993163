"""The one line for half an hour of a card: in order, within the time, going on where it stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu import STEPS, Step

MEASURING = """
import json, sys, pathlib, time
name, seconds, code, log = sys.argv[1:5]
pathlib.Path(log).open("a").write(name + "\\n")
file = pathlib.Path(sys.argv[sys.argv.index("--json") + 1])
file.write_text(json.dumps({"figures": [{"name": f"{name} | peak", "value": 1.25, "unit": "GiB"}]}))
time.sleep(float(seconds))
sys.exit(int(code))
"""


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each run of a step is noted."""
    (tmp_path / "measuring.py").write_text(MEASURING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "ran"


def step(ran: Path, name: str, seconds: float = 0, code: int = 0) -> Step:
    return Step(name, "something", "measuring", (name, str(seconds), str(code), str(ran)))


def test_it_goes_on_where_it_stopped_and_keeps_what_was_measured(ran: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gpu"
    steps = [step(ran, "first"), step(ran, "broken", code=3), step(ran, "long", seconds=60)]
    gpu.run(steps, folder, 5)
    assert ran.read_text().split() == ["first", "broken", "long"]
    table = (folder / "RESULTS.md").read_text()
    assert "| first | first / peak | 1.250 | GiB |  |" in table
    assert "| long | long / peak | 1.250 | GiB |  |" in table  # it was cut short, and had measured
    assert "| broken | failed: see broken.log | | | |" in table
    assert "| long | cut short: see long.log | | | |" in table

    gpu.run([*steps[:2], step(ran, "long"), step(ran, "last")], folder, 60)
    assert ran.read_text().split() == ["first", "broken", "long", "long", "last"]
    assert "cut short" not in gpu.results([steps[0], steps[2]], folder)


def test_without_time_nothing_is_begun(ran: Path, tmp_path: Path) -> None:
    gpu.run([step(ran, "first")], tmp_path / "gpu", 0)
    assert not ran.exists()
    assert "| first | not run yet | | | |" in gpu.results([step(ran, "first")], tmp_path / "gpu")


def test_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--list"]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == len(STEPS) == len({each.name for each in STEPS})
    assert said.startswith("python -m benchmarks.flux --size published --family klein --preset 8gb")
    assert sys.executable not in said


def test_a_name_that_is_none_and_a_machine_without_a_card(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        gpu.main(["--only", "nosuch"])
    assert "no step nosuch: choose from peak-8gb" in capsys.readouterr().err
    monkeypatch.setattr("tools.engines.machine.cards", list)
    assert gpu.main([]) == 1
    assert "benchmarks.card" in capsys.readouterr().out
