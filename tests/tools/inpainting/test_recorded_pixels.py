"""What the engines that compute make of recorded requests. ``python -m tests.record`` says how it is made."""

from __future__ import annotations

from tests import record


def test_the_pixels_are_those_of_the_record() -> None:
    assert record.changed_pixels() == []
