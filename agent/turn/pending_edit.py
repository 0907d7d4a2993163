"""One edit on its way from a step of the plan to a layer: what the nodes of the graph fill in, one by one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tools.inpainting.request import Request
from tools.kinds import Kind

Box = tuple[int, int, int, int]

Outcome = Literal[
    "done", "already", "not found", "no change", "offered", "refused", "unsure", "skipped"
]  # fmt: skip
"""done: painted, measured and committed · already: it was as asked before, so nothing was changed · not
found: the segmenter saw no such thing · no change: the painter left it as it was · offered: it did not come
out as asked, and the nearest may be kept · refused: its engine cannot do it, and says why · unsure: the user
must say what is meant · skipped: another edit of the turn failed first.
"""

Fault = Literal[
    "unseen", "part unpainted", "still there", "outline left", "not there", "old look", "old pattern",
    "other colour", "old colour",
]  # fmt: skip
"""What ``agent.turn.check`` measures to be wrong with what was painted; ``agent.turn.reply`` words it."""


class Refusal(Exception):  # noqa: N818 - not an error: a sentence for the reply
    """What is asked cannot be done; ``str(refusal)`` says why."""


class Data(BaseModel):
    """Plain data: nothing else goes into a checkpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WhichOne(Data):
    """Several things of which one is meant: ``count`` of them, called ``noun``.

    ``names`` tell them apart, if any words do; ``masks`` are their digests where they can be shown. ``taken``
    is the place of the one that was taken as the best guess, without asking.
    """

    noun: str
    count: int
    names: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    taken: int | None = None


class PendingEdit(Data):
    """One edit on its way from a step of the plan to a request and a layer. What is not known yet is None.

    ``mask`` and ``patch`` are digests in the session's pictures, ``box`` is where the patch lies; ``area`` is
    the share of the picture in the mask; ``confidence`` (0…1) is the segmenter's. ``value`` is the colour, in
    Oklab, of another thing that the edit's is to have. ``again`` counts how often the same was asked for
    before and ``attempt`` the tries that failed: both make for another seed. ``refreshes`` is the request
    that is carried out again on other pixels. ``checked`` says that nobody need look at the result: the user
    chose it. An ``outcome`` other than "done" means that nothing more is done about the edit; then ``why`` is
    the sentence of who refused it, ``missing`` the thing that was not found, ``which`` the question that is
    to be answered first, ``fault`` what was measured to be wrong. ``layer`` is the layer that is revised, and
    after the commit the one that was made. ``remasked``: the layer got another mask, and is painted again in
    it. ``grow`` is 0 for a mask that the user gave, which is a hard limit. ``around`` is the request of the
    variation that the new ones are to be like, ``round`` how many rounds of variations came before.
    ``suggests``: the look is to be found, too. ``step``: the words of a step of colour that
    the prompt no longer has, because it names the colour that the step came to. ``without``: what was asked
    for with the thing, and cannot be drawn; ``unmet`` are words of how it was to look that nothing came of.
    ``guessed``: its engine is not sure of what lies behind what was removed.
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
    suggests: bool = False
    step: str = ""
    without: str = ""
    unmet: tuple[str, ...] = ()
    guessed: bool = False
    request: Request | None = None
    patch: str | None = None
    box: Box | None = None
    checked: bool = False
    outcome: Outcome | None = None
    why: str = ""
    missing: str = ""
    which: WhichOne | None = None
    fault: Fault | None = None
    seconds: float = 0.0

    @property
    def open(self) -> bool:
        """Whether the edit is still to be done."""
        return self.outcome is None

    def but(self, **values: object) -> PendingEdit:
        """The edit with other values."""
        return self.model_copy(update=values)
