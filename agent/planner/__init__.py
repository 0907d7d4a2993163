"""Planners: what does this sentence ask for? Loaded by name: ``builtin``, ``ollama:MODEL``, or
``ollama:inpalla``: the built-in one, whose language model an Ollama server runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import UnknownPlannerError

if TYPE_CHECKING:
    from agent.planner.context import Planner


OWN_MODEL = "inpalla"
"""What the built-in planner's language model is called under Ollama."""


def load_planner(name: str) -> Planner:
    """The planner of that name. Raises ``PlannerError`` for a name that is no planner's."""
    if name == "builtin":
        from agent.planner.builtin import BuiltinPlanner

        return BuiltinPlanner()
    engine, _, model = name.partition(":")
    if engine == "ollama" and model == OWN_MODEL:
        from agent.planner.builtin import BuiltinPlanner
        from agent.planner.reader.choice import Chosen
        from agent.planner.reader.under_ollama import UnderOllama

        return BuiltinPlanner(Chosen(writer=UnderOllama()), name)
    if engine == "ollama" and model:
        from agent.planner.ollama_planner import OllamaPlanner

        return OllamaPlanner(model)
    raise UnknownPlannerError(
        f"There is no planner \u201c{name}\u201d; the planners are builtin and ollama:MODEL."
    )
