"""What a turn costs a session, in counts: readings of its records, and the growth of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.sessions import measure


@pytest.mark.parametrize("new", [False, True], ids=["recoloured", "new"])
def test_a_turn_reads_the_state_once_at_most_and_adds_little(tmp_path: Path, new: bool) -> None:
    figures = measure(tmp_path, 16, new=new)
    assert figures.reads <= 1
    assert figures.growth <= 20
    assert figures.late_growth <= 20
