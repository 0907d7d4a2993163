"""``inpalla plan``: what a planner makes of sentences."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from agent.cli import options
from agent.cli.command import command
from agent.cli.progress import live_line
from agent.terminal.output import say, say_json

if TYPE_CHECKING:
    from agent.planner.plan import Plan


@command("plan")
@click.argument("sentences", metavar='"SENTENCE"…', nargs=-1, required=True)
@click.option("--image", metavar="IMAGE", help="The picture, for planners that can see.")
@options.preset
@options.planner
@options.as_json
def plan(
    sentences: tuple[str, ...], image: str | None, preset: str | None, planner: str | None, as_json: bool
) -> int:
    """Show the plan for each sentence and paint nothing; earlier sentences count as done."""
    from agent.planner import load_planner
    from agent.planner.context import Context, advance
    from agent.turn.context import ReadsAhead
    from agent.turn.editor import readable
    from agent.turn.reply import summary
    from agent.turn.user_paths import meant
    from tools.engines import registry
    from tools.pictures import read_picture

    texts = [readable(sentence) for sentence in sentences]
    engine = load_planner(planner or registry.find_preset(preset or registry.DEFAULT_PRESET).planner)
    picture = read_picture(meant(image)).pixels if image is not None else None

    async def planned() -> None:
        context = Context()
        for sentence in texts:
            with nullcontext() if as_json else live_line() as show:
                if isinstance(engine, ReadsAhead):
                    engine.on_wait = show
                made = await engine.plan(sentence, context, picture)
            understood = summary(made, {layer.id: layer for layer in context.layers})
            context = advance(context, sentence, made)
            if as_json:
                say_json(plan_json(made, understood))
            else:
                say(understood or made.say or _to_be_told(made) or "nothing to do")
                if understood and made.say.endswith("."):
                    say(made.say, err=True)

    asyncio.run(planned())
    return 0


def _to_be_told(plan: Plan) -> str:
    """What a plan's questions are about, in words; their answers come from the picture."""
    from agent.planner.plan import Tell

    asked = []
    for step in plan.steps:
        if isinstance(step, Tell):
            what = {"colour": "which colour it has", "so": f"whether it is {step.look}"}.get(
                step.asked or "", "whether it is there" if step.asked else "what was changed"
            )
            asked.append(f"tell of {step.about}: {what}" if step.about else f"tell {what}")
    return "; ".join(asked)


def plan_json(plan: Plan, understood: str) -> dict[str, Any]:
    """A plan as the contract has it: what a step does not say is left out.

    A planner's label for what it read ("the lamp removed") says nothing of what is done: in its place stands
    what was ``understood``.
    """
    from agent.turn.reply import is_talk

    said = plan.say if is_talk(plan.say) or not understood else understood
    return {**plan.model_dump(mode="json", exclude_none=True), "say": said}
