"""Every command here runs in the place of its test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.colour_engines import room
from tests.support.command_line import Run
from tools.pictures import write_picture


@pytest.fixture
def inpalla(home: Path, inpalla: Run) -> Run:
    return inpalla


@pytest.fixture
def picture(home: Path) -> Path:
    return write_picture(home / "flat.png", room())
