"""The plans of the shipped sentences. ``python -m tests.record`` compares all of them, in half a minute."""

from __future__ import annotations

from tests import record


def test_the_plans_are_those_of_the_record() -> None:
    assert record.changed_plans(every=2) == []
