"""What the agent raises when it cannot do a thing: one sentence that a user understands; the exit codes."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
"""The exit code of what could not be done."""
WRONG_USAGE: Final = 2
"""The exit code of a command line that cannot be meant."""
CANCELLED: Final = 130
"""The exit code of what the user stopped."""


class AgentError(Exception):
    """The agent cannot do what was asked; ``str(error)`` is one sentence: what is wrong and what to do."""


class PlannerError(AgentError):
    """A planner is not there, does not answer, or is not known by that name."""


class ModelMissingError(PlannerError):
    """A server answers and has not got the ``model``, which it may fetch."""

    def __init__(self, words: str, model: str) -> None:
        super().__init__(words)
        self.model = model


class UnknownPlannerError(PlannerError):
    """There is no planner of that name."""
