"""The plans of the shipped sentences. ``python -m tests.record`` compares all of them, in some minutes."""

from __future__ import annotations

import pytest

import pocket
from agent.planner.reader.language_model import InProcess
from tests import record

LACKS = InProcess(pocket.weights("language-model")).lacks
ELSEWHERE = 6
"""On another processor the language model may guess otherwise, in so many of some 400 plans."""


@pytest.mark.skipif(bool(LACKS), reason=f"without {LACKS}")
def test_the_plans_are_those_of_the_record() -> None:
    changed = record.changed_plans(every=9)
    assert len(changed) <= (0 if record.is_of_this_machine() else ELSEWHERE), "\n".join(changed)
