"""The examples do what they say, with the real pocket models."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pocket

EXAMPLES = Path(__file__).parent.parent / "examples"


def _run(command: list[str], folder: Path) -> str:
    environment = os.environ | {
        "TMPDIR": str(folder),
        "INPALLA_DATA": str(folder / "data"),
        "INPALLA": str(Path(sys.executable).with_name("inpalla")),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _picture(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def test_the_conversation_leaves_a_picture_and_a_line_a_sentence(tmp_path: Path) -> None:
    said = _run(["bash", str(EXAMPLES / "conversation.sh")], tmp_path)
    picture, turns = (Path(path) for path in re.findall(r": (/.+)$", said, re.MULTILINE))
    lines = [json.loads(line) for line in turns.read_text().splitlines()]
    assert len(lines) == 4
    room, painted = _picture(pocket.sample_room()), _picture(picture)
    assert room.shape == painted.shape
    assert 0.005 < (room != painted).any(axis=-1).mean() < 0.5  # the rug is yellow, the sofa as it was


def test_another_agent_paints_the_sofa_blue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    runpy.run_path(str(EXAMPLES / "other_agent.py"), run_name="__main__")
    [mask], [painted] = tmp_path.rglob("sofa.png"), tmp_path.rglob("blue.png")
    room, blue = _picture(pocket.sample_room()), _picture(painted)
    sofa = _picture(mask)[..., 0] > 127
    assert sofa.mean() > 0.02
    (red, _, before), (other_red, _, after) = room[sofa].mean(axis=0), blue[sofa].mean(axis=0)
    assert after > other_red  # more blue than red
    assert after - other_red > before - red
