"""Planners: what does this sentence ask for? Loaded by name: ``builtin`` or ``ollama:MODEL``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import UnknownPlannerError

if TYPE_CHECKING:
    from agent.planner.context import Planner


def load_planner(name: str) -> Planner:
    """The planner of that name. Raises ``PlannerError`` for a name that is no planner's."""
    if name == "builtin":
        from agent.planner.builtin import BuiltinPlanner

        return BuiltinPlanner()
    engine, _, model = name.partition(":")
    if engine == "ollama" and model:
        from agent.planner.ollama_planner import OllamaPlanner

        return OllamaPlanner(model)
    raise UnknownPlannerError(
        f"There is no planner \u201c{name}\u201d; the planners are builtin and ollama:MODEL."
    )
