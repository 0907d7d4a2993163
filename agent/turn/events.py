"""What happens during a turn, as plain data: the editor tells it, the REPL and the command line show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from agent.planner.plan import Plan
from tools.kinds import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Outcome = Literal["done", "not found", "no change", "offered", "refused", "unsure", "skipped"]
"""done: painted, measured and committed · not found: the segmenter saw no such thing · no change: the painter
left it as it was · offered: it did not come out as asked, and the nearest may be kept · refused: its engine
cannot do it, and says why · unsure: the user must say what is meant · skipped: another edit of the turn
failed first.
"""


@dataclass(frozen=True)
class Event:
    """One thing that happens while a turn is carried out.

    ``text`` is a phrase for the user ("finding the sofa"), and of a note a sentence; "file" is reading or
    saving one; ``step`` of ``steps``
    counts denoising steps while painting. ``preview`` is what the crop looks like so far, uint8 RGB
    (h, w, 3) of any size, after the steps after which the engine has drawn it.
    """

    stage: Literal[
        "file", "planning", "planned", "finding", "found", "painting", "checking", "committed", "note"
    ]
    text: str
    step: int = 0
    steps: int = 0
    preview: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)


def noted(note: str) -> str:
    """An engine's note, such as "little memory: painting smaller", as a sentence."""
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


Listener = Callable[[Event], None]


class View(BaseModel):
    """Something to look at, as numbers and names (``agent.turn.views`` makes the picture): a version (None:
    the head), of it a box, in it a mask or numbered outlines; or with ``against`` another version beside it,
    with ``difference`` where the two differ. Masks are digests in the session's pictures; ``label`` stands
    above.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    version: int | None = None
    box: tuple[int, int, int, int] | None = None
    mask: str | None = None
    outlines: tuple[str, ...] = ()
    against: int | None = None
    difference: bool = False


@dataclass(frozen=True)
class EditReport:
    """What became of one edit. ``mask`` is the mask's absolute path; ``box`` is (x0, y0, x1, y1) in
    pixels, half-open, around the blend mask; ``area`` the share of the picture in the mask (0…1); both
    None when nothing was found.
    """

    layer: int | None
    target: str
    prompt: str
    kind: Kind
    outcome: Outcome
    mask: str | None = None
    box: tuple[int, int, int, int] | None = None
    area: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Turn:
    """What one sentence came to: the reply, the plan, the edits, the version at the head and where the
    time went.

    ``seconds`` has the keys plan, locate, paint and total. ``failed`` is True when something asked for
    was not done. ``views`` are what the user asked to see, or is asked about.
    """

    sentence: str
    reply: str
    plan: Plan
    version: int
    changed: bool
    failed: bool = False
    edits: tuple[EditReport, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    views: tuple[View, ...] = ()
