"""What one frame comes to: steps, and what to say about them."""

from __future__ import annotations

from dataclasses import dataclass

from agent.planner.context import LayerView
from agent.planner.plan import Ask, Edit, Plan, Step
from agent.planner.resolve.wording import understood
from tools.kinds import Kind

VAGUE = "What shall I change, and into what?"
NOTED = "I see. Tell me when you want something in the picture changed."
"""What is said to a remark that wants nothing."""


@dataclass(frozen=True)
class Done:
    """What one frame came to."""

    steps: tuple[Step, ...] = ()
    said: tuple[str, ...] = ()


def ask(question: str) -> Done:
    """A question and nothing else."""
    return Done((Ask(question=question),), ())


def made(target: str, prompt: str, kind: Kind, layer: LayerView | None = None) -> Done:
    """One edit, and what was understood; a question where something is missing."""
    if not target.strip() or (kind != "remove" and not prompt.strip()):
        return ask(VAGUE)
    edit = Edit(target=target, prompt=prompt, kind=kind, layer=layer.id if layer else None)
    return Done((edit,), (understood(edit, layer),))


def as_plan(done: Done) -> Plan:
    """The plan of what a sentence came to."""
    said = done.said or tuple(step.question for step in done.steps if isinstance(step, Ask))
    return Plan(say=" · ".join(said), steps=done.steps)
