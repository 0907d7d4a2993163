"""The built-in planner: reader, grammar and resolver; no server, no torch, some milliseconds a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.plan import Plan
from agent.planner.base import Context
from agent.planner.frames import Parser
from agent.planner.reader.choice import Chosen
from agent.planner.resolver import resolve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class BuiltinPlanner:
    """Plans English sentences by a reader, where there is one, and a grammar. It does not see the picture."""

    name = "builtin"

    def __init__(self, parser: Parser | None = None) -> None:
        self._parser = parser or Chosen()

    async def plan(self, sentence: str, context: Context, picture: NDArray[np.uint8] | None = None) -> Plan:
        """Plan one sentence; never fails: what it does not understand becomes a question."""
        del picture  # this planner reads and does not see
        return self.plan_now(sentence, context)

    def plan_now(self, sentence: str, context: Context) -> Plan:
        """The same for callers without an event loop."""
        return resolve(self._parser.parse(sentence), context, self._parser.parse)
