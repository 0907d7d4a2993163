"""Every command here runs in the place of its test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Run


@pytest.fixture
def inpalla(home: Path, inpalla: Run) -> Run:
    return inpalla
