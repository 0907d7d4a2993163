"""The state of one turn while the graph carries it out: names, digests and numbers, never pixels.

A plan's steps are carried out in *step groups*: steps that change the picture together make one version, a
step that moves the head, offers variations or only talks stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, Field

from agent.planner.plan import (
    Drop,
    Edit,
    Hide,
    Keep,
    Mask,
    Pick,
    Plan,
    Refresh,
    Reorder,
    Show,
    Step,
    Variations,
)
from agent.turn.events import DoneAction, View
from agent.turn.pending_edit import Data, PendingEdit


class Offers(Data):
    """Variations on offer: they may be picked while ``version`` is the head. All edits are painted.

    With ``attempts`` they are the nearest that a turn came to what was asked: they are kept together.
    ``passed``: another sentence was said since, of which nothing came.
    ``round`` counts the rounds of variations of the same edit, from 0. ``picked`` are the versions that
    taking one of them made, each with its layer: while one of those is the head, another may be taken in its
    stead.
    """

    model_config = ConfigDict(populate_by_name=True)

    version: int
    # "pieces" is its name in the files of sessions.
    edits: tuple[PendingEdit, ...] = Field(validation_alias="pieces", serialization_alias="pieces")
    attempts: bool = False
    passed: bool = False
    round: int = 0
    picked: tuple[tuple[int, int], ...] = ()

    def are_on_offer(self, head: int) -> bool:
        """Whether they may be picked while a version is the head."""
        return head == self.version or head in dict(self.picked)

    def at(self, head: int) -> tuple[PendingEdit, ...]:
        """The variations as they are taken at a version: in the stead of the one that was taken there."""
        layer = dict(self.picked).get(head)
        if layer is None:
            return self.edits
        return tuple(edit.but(layer=layer, under=None) for edit in self.edits)


class TurnState(Data):
    """Everything that the nodes of the graph tell one another.

    ``plan`` is None until the planner has spoken; ``at`` is the first step that was not carried out yet.
    ``edits`` are the edits of the step group in hand; ``finished`` are the edits of earlier step groups;
    ``done`` is what was done, ``remarks`` are sentences about what else is to be said.
    ``seconds`` has the keys plan, locate and paint.
    """

    sentence: str
    plan: Plan | None = None
    at: int = 0
    edits: tuple[PendingEdit, ...] = ()
    finished: tuple[PendingEdit, ...] = ()
    done: tuple[DoneAction, ...] = ()
    remarks: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    changed: bool = False
    failed: bool = False
    seconds: dict[str, float] = Field(default_factory=dict)
    reply: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The plan's steps."""
        return self.plan.steps if self.plan else ()

    @property
    def step_group(self) -> tuple[Step, ...]:
        """The steps in hand."""
        return next_step_group(self.steps[self.at :])

    @property
    def offering(self) -> Variations | None:
        """The wish for variations that is in hand, if it is one."""
        first = next(iter(self.step_group), None)
        return first if isinstance(first, Variations) else None


_TOGETHER = (Edit, Hide, Show, Drop, Reorder, Pick, Keep, Refresh, Mask)
_LOCATED = (Edit, Variations, Pick, Keep, Refresh, Mask)


def next_step_group(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps at the front that are carried out together; none when there are no steps."""
    count = 0
    while count < len(steps) and isinstance(steps[count], _TOGETHER):
        count += 1
    return tuple(steps[: max(count, min(1, len(steps)))])


def wants_locating(step_group: Sequence[Step]) -> bool:
    """Whether a step group names things to paint."""
    return any(isinstance(step, _LOCATED) or is_earlier(step) for step in step_group)


def is_earlier(step: Step) -> bool:
    """Whether a step puts a layer back as it was in an earlier version: another revision of it."""
    return isinstance(step, Show) and step.version is not None


def wants_painting(step_group: Sequence[Step]) -> bool:
    """Whether a step group may need the painter."""
    return any(isinstance(step, _TOGETHER) for step in step_group)
