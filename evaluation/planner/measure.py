"""How many plans of a planner are exact, on sentences and conversations that were written by hand."""

from __future__ import annotations

import asyncio

from evaluation.planner.plans import SETS, Score, score
from evaluation.table import Row

TARGETS = {"plain": 0.90, "free": 0.75}


def measure(name: str = "builtin") -> list[Row]:
    """Score the planner of a name on the test set. Raises ``AgentError`` when there is none."""
    from agent.planner import load_planner

    return rows(asyncio.run(score(load_planner(name), SETS["test"])))


def rows(result: Score) -> list[Row]:
    """The figures of a score."""
    made = [
        Row("planner", f"exact plans, {group} sentences", count.share, count.total, TARGETS.get(group))
        for group, count in result.groups.items()
    ]
    total = sum(count.total for count in result.groups.values())
    harmful = sum(count.harmful for count in result.groups.values())
    made.append(Row("planner", "plans that take away what nobody asked to", harmful / max(1, total), total))
    return made
