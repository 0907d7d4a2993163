"""From full lines, which name every thing, to a plan: what the language model reads of a sentence in its
conversation (``docs/frames.md``, "Full lines").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.planner.context import Context, advance, spoken_of
from agent.planner.dialogue.earlier_looks import thing_so
from agent.planner.frames import Frame
from agent.planner.lines import Line, Said
from agent.planner.plan import Ask, Plan
from agent.planner.reader.framing import frames_of
from agent.planner.resolve.resolution import as_plan
from agent.planner.resolve.resolver import joined, once, resolve


def plan_of(lines: Sequence[Line], context: Context) -> Plan:
    """The plan that full lines come to in a conversation."""
    plans: list[Plan] = []
    state = context
    together: list[Frame] = []

    def carry_out(plan: Plan) -> None:
        nonlocal state
        plans.append(plan)
        state = advance(state, "", plan)

    for frame in frames_of(lines):
        # What a thing looked like is looked up where the lines before have led.
        now = advance(state, "", resolve(together, state)) if together and frame.act == "back" else state
        earlier = thing_so(frame.target, now) if frame.act == "back" else None
        if earlier is None:
            together.append(frame)
            continue
        if together:
            carry_out(resolve(together, state))
            together = []
        carry_out(as_plan(earlier))
    if together:
        carry_out(resolve(together, state))
    return once(joined(plans), context) if plans else Plan()


def before_turn(context: Context, said: Said) -> Context:
    """The context in which a written sentence is said: what was asked before it stands in its notes."""
    for note in said.notes:
        word, _, rest = note.partition(":")
        if word == "asked":
            context = replace(context, question=rest.strip())
    return context


def after_turn(context: Context, said: Said, plan: Plan) -> Context:
    """The context after a written sentence; one that was not done, by its notes, has changed nothing."""
    if not any(note.startswith("not done") for note in said.notes):
        return advance(context, said.sentence, plan)
    state = advance(context, said.sentence, Plan(say=plan.say))
    last = spoken_of(said.sentence, plan.steps, context.layers)
    asks = any(isinstance(step, Ask) for step in plan.steps)
    last = replace(last, outcome="asked" if asks else "not done", head=state.head)
    return replace(state, spoken=(*context.spoken, last), done=False)
