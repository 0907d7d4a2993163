"""Looking ahead: the segmenter sees the picture while the planner still thinks about the sentence.

Most of a segmenter's work depends on the picture, little of it on the words. A planner that runs in another
process leaves this one idle for seconds; the built-in one answers before anything has begun.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from agent.planner.plan import Edit, Plan, Variations
from agent.turn.context import Distant, ReadsAhead
from agent.turn.events import Event
from tools.engines.threads import LOOK
from tools.segmenting.base import look

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.planner.context import Context
    from agent.turn.context import TurnContext

HEAD_START = 0.1
"""Seconds that a planner has before the look begins: one that is not there says so at once."""


async def plan_and_look(
    context: TurnContext,
    sentence: str,
    planner_context: Context,
    picture: NDArray[np.uint8],
    view: NDArray[np.uint8] | None = None,
) -> Plan:
    """The planner's plan of a sentence; while it thinks, the segmenter looks at the picture, or at the
    ``view`` of it in which things will be looked for.

    The look goes on when the plan is there and something must be found: whoever asks the segmenter then waits
    for it. Otherwise, and when this is cancelled or the planner fails, it stops by itself, and nobody waits.
    What goes wrong in it is left to whoever asks the segmenter, where the same will go wrong again.
    """
    if isinstance(context.planner, ReadsAhead):
        context.planner.on_wait = lambda text: context.tell(Event("waiting", text))
    thinking = asyncio.ensure_future(context.planner.plan(sentence, planner_context, picture))
    unwanted = threading.Event()

    def task() -> None:
        if isinstance(context.planner, Distant) and not context.planner.is_there():
            return
        try:
            look(context.engines.segmenter(), picture if view is None else view, cancelled=unwanted.is_set)
        except Exception:  # See above; nor may a thread that nobody waits for report an error.
            return

    try:
        done, _ = await asyncio.wait([thinking], timeout=HEAD_START)
        if not done:
            # No daemon: a process that ends while a model works would crash.
            threading.Thread(target=task, name=LOOK).start()
        made = await thinking
    except BaseException:
        unwanted.set()
        thinking.cancel()
        await asyncio.gather(thinking, return_exceptions=True)
        raise
    if not any(isinstance(step, Edit | Variations) and step.layer is None for step in made.steps):
        unwanted.set()
    return made
