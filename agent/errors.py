"""What the agent raises when it cannot do a thing: one sentence that a user understands."""

from __future__ import annotations


class AgentError(Exception):
    """The agent cannot do what was asked; ``str(error)`` is one sentence: what is wrong and what to do."""


class PlannerError(AgentError):
    """A planner is not there, does not answer, or is not known by that name."""


class UnknownPlannerError(PlannerError):
    """There is no planner of that name."""
