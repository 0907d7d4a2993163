"""The plans of the shipped sentences. ``python -m tests.record`` compares all of them, in some minutes."""

from __future__ import annotations

import pytest

import pocket
from agent.planner.reader.language_model import InProcess
from tests import record

LACKS = InProcess(pocket.weights("language-model")).lacks
TIES = 2
"""So many of some 100 plans may be others: where two are about as likely, the language model may take either
on another processor, or after other sentences; what follows in that conversation is then another plan, too.
"""


@pytest.mark.skipif(bool(LACKS), reason=f"without {LACKS}")
def test_the_plans_are_those_of_the_record() -> None:
    changed = record.changed_plans(every=36)
    assert len(changed) <= TIES, "\n".join(changed)
