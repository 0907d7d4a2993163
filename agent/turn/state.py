"""The state of one turn while the graph carries it out: names, digests and numbers, never pixels.

A plan's steps are carried out in *stretches*: steps that change the picture together make one version, a step
that moves the head, offers variations or only talks stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

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
from agent.turn.events import EditReport, Outcome, View
from tools.inpainting.request import Request
from tools.kinds import Kind

Box = tuple[int, int, int, int]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Piece(_Data):
    """One edit in hand. What is not known yet is None.

    ``mask`` and ``patch`` are digests in the session's pictures, ``box`` is where the patch lies; ``area``
    is the share of the picture in the mask; ``confidence`` (0…1) is the segmenter's. ``value`` is the
    colour, in Oklab, of another thing that the edit's is to have. ``again`` counts how often the same was
    asked for before and ``attempt`` the tries that failed: both make for another seed. ``refreshes`` is the
    request that is carried out again on other pixels. ``checked`` says that nobody need look at the result:
    the user chose it. An ``outcome`` other than "done" means that nothing more is done about the edit, and
    ``why`` says in a sentence what was wrong. ``layer`` is the layer that is revised, and after the commit
    the one that was made. ``remasked``: the layer got another mask, and is painted again in it. ``grow`` is 0
    for a mask that the user gave, which is a hard limit. ``around`` is the request of the variation that the
    new ones are to be like, ``round`` how many rounds of variations came before. ``choices`` are the masks of
    the things of which the user must say which one is meant. ``suggests``: the look is to be found, too.
    """

    # What variations on offer of an earlier release held besides is no longer needed.
    model_config = ConfigDict(extra="ignore", frozen=True)

    target: str
    prompt: str
    kind: Kind
    layer: int | None = None
    under: int | None = None
    mask: str | None = None
    area: float | None = None
    confidence: float = 1.0
    value: tuple[float, float, float] | None = None
    again: int = 0
    attempt: int = 0
    refreshes: Request | None = None
    remasked: bool = False
    grow: int | None = None
    around: Request | None = None
    round: int = 0
    choices: tuple[str, ...] = ()
    suggests: bool = False
    request: Request | None = None
    patch: str | None = None
    box: Box | None = None
    checked: bool = False
    outcome: Outcome | None = None
    why: str = ""
    seconds: float = 0.0

    @property
    def open(self) -> bool:
        """Whether the edit is still to be done."""
        return self.outcome is None

    def but(self, **values: object) -> Piece:
        """The piece with other values."""
        return self.model_copy(update=values)


class Offers(_Data):
    """Variations on offer: they may be picked while ``version`` is the head. All pieces are painted.

    With ``attempts`` they are the nearest that the last turn came to what was asked: they are kept together.
    ``round`` counts the rounds of variations of the same edit, from 0. ``picked`` are the versions that
    taking one of them made, each with its layer: while one of those is the head, another may be taken in its
    stead.
    """

    version: int
    pieces: tuple[Piece, ...]
    attempts: bool = False
    round: int = 0
    picked: tuple[tuple[int, int], ...] = ()

    def are_on_offer(self, head: int) -> bool:
        """Whether they may be picked while a version is the head."""
        return head == self.version or head in dict(self.picked)

    def at(self, head: int) -> tuple[Piece, ...]:
        """The variations as they are taken at a version: in the stead of the one that was taken there."""
        layer = dict(self.picked).get(head)
        if layer is None:
            return self.pieces
        return tuple(piece.but(layer=layer, under=None) for piece in self.pieces)


class TurnState(_Data):
    """Everything that the nodes of the graph tell one another.

    ``plan`` is None until the planner has spoken; ``at`` is the first step that was not carried out yet.
    ``pieces`` are the edits of the stretch in hand; ``finished`` are the edits of earlier stretches;
    ``deeds`` says in a few words each what was done, ``remarks`` in sentences what else is to be said.
    ``seconds`` has the keys plan, locate and paint.
    """

    sentence: str
    plan: Plan | None = None
    at: int = 0
    pieces: tuple[Piece, ...] = ()
    finished: tuple[Piece, ...] = ()
    deeds: tuple[str, ...] = ()
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
    def stretch(self) -> tuple[Step, ...]:
        """The steps in hand."""
        return next_stretch(self.steps[self.at :])

    @property
    def offering(self) -> Variations | None:
        """The wish for variations that is in hand, if it is one."""
        first = next(iter(self.stretch), None)
        return first if isinstance(first, Variations) else None


_TOGETHER = (Edit, Hide, Show, Drop, Reorder, Pick, Keep, Refresh, Mask)
_LOCATED = (Edit, Variations, Pick, Keep, Refresh, Mask)


def next_stretch(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps at the front that are carried out together; none when there are no steps."""
    count = 0
    while count < len(steps) and isinstance(steps[count], _TOGETHER):
        count += 1
    return tuple(steps[: max(count, min(1, len(steps)))])


def wants_locating(stretch: Sequence[Step]) -> bool:
    """Whether a stretch names things to paint."""
    return any(isinstance(step, _LOCATED) or is_earlier(step) for step in stretch)


def is_earlier(step: Step) -> bool:
    """Whether a step puts a layer back as it was in an earlier version: another revision of it."""
    return isinstance(step, Show) and step.version is not None


def wants_painting(stretch: Sequence[Step]) -> bool:
    """Whether a stretch may need the painter."""
    return any(isinstance(step, _TOGETHER) for step in stretch)


def report(piece: Piece, mask_path: str | None) -> EditReport:
    """What became of an edit, for who asked for it."""
    return EditReport(
        layer=piece.layer,
        target=piece.target,
        prompt=piece.prompt,
        kind=piece.kind,
        outcome=piece.outcome or "skipped",
        mask=mask_path,
        box=piece.box,
        area=piece.area,
        seconds=round(piece.seconds, 3),
    )
