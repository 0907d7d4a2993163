"""Threads that wait for one another leave the core to others, unless the user has said otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools.engines import threads
from tools.engines.threads import WAITING, share_the_machine

ROOT = Path(__file__).parents[3]


def environment(**more: str) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if name not in (*WAITING, "OMP_NUM_THREADS")}
    return {**bare, "PYTHONPATH": str(ROOT), **more}


@pytest.mark.parametrize("name", WAITING)
def test_what_the_user_set_counts(name: str) -> None:
    asked = {name: "1", "OMP_NUM_THREADS": "3"}
    settings = dict(asked)
    assert not share_the_machine(settings)
    assert settings == asked
    settings = {name: "", "OMP_NUM_THREADS": "3"}
    assert share_the_machine(settings)
    assert (settings["OMP_WAIT_POLICY"], settings["OMP_NUM_THREADS"]) == ("PASSIVE", "3")


@pytest.mark.parametrize(
    ("fast", "allowed", "cores"), [("0-3,6", range(12), 3), ("0-3,6", (0, 1, 6), 2), (None, range(12), 0)]
)
def test_slow_cores_are_left_out(
    fast: str | None, allowed: Iterable[int], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eight logical cores, two and two are one core each."""
    if fast is not None:
        (tmp_path / "cpu_core").mkdir()
        (tmp_path / "cpu_core" / "cpus").write_text(f"{fast}\n")
    for number in range(8):
        place = tmp_path / "system" / "cpu" / f"cpu{number}" / "topology"
        place.mkdir(parents=True)
        (place / "core_cpus_list").write_text(f"{number // 2 * 2}-{number // 2 * 2 + 1}\n")
    monkeypatch.setattr(threads, "_allowed", lambda: set(allowed))
    assert threads.fast_cores(tmp_path) == cores
    monkeypatch.setattr(threads, "fast_cores", lambda: cores)
    settings: dict[str, str] = {}
    share_the_machine(settings)
    assert settings.get("OMP_NUM_THREADS", "0") == str(cores)


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's OpenMP, which torch brings along on Linux")
@pytest.mark.parametrize(
    ("begun", "more", "policy"),
    [
        ("from agent.cli.main import run; run(['sessions', 'list'])", {}, "PASSIVE"),
        (
            "from agent.cli.main import run; run(['sessions', 'list'])",
            {"OMP_WAIT_POLICY": "active"},
            "ACTIVE",
        ),
        ("from tools.engines import registry; registry.load_segmenter('lisa-pocket')", {}, "PASSIVE"),
    ],
    ids=["the command line", "the user", "a library"],
)
def test_torch_takes_it_over(tmp_path: Path, begun: str, more: dict[str, str], policy: str) -> None:
    """OMP_DISPLAY_ENV has the library itself say, when it is loaded, what it goes by."""
    told = environment(OMP_DISPLAY_ENV="true", INPALLA_DATA=str(tmp_path), **more)
    done = subprocess.run(
        [sys.executable, "-c", f"{begun}; import torch"], env=told, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = dict(line.strip().split(" = ", 1) for line in done.stderr.splitlines() if " = '" in line)
    values = {name.split()[-1]: value.strip("'") for name, value in said.items()}
    assert values["OMP_WAIT_POLICY"] == policy
