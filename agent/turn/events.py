"""What happens during a turn, as plain data: the editor tells it, the REPL and the command line show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agent.planner.plan import Plan
from agent.turn.pending_edit import Data, PendingEdit
from agent.turn.phrases import Described

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Event:
    """One thing that happens while a turn is carried out.

    ``text`` is a phrase for the user ("finding the sofa"), and of a note a sentence; "file" is reading or
    saving one; ``step`` of ``steps``
    counts denoising steps while painting. ``preview`` is what the crop looks like so far, uint8 RGB
    (h, w, 3) of any size, after the steps after which the engine has drawn it.
    """

    stage: Literal[
        "file", "planning", "waiting", "planned", "finding", "found", "painting", "checking", "committed",
        "note",
    ]  # fmt: skip
    text: str
    step: int = 0
    steps: int = 0
    preview: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)


def noted(note: str) -> str:
    """An engine's note, such as "low memory: painting smaller", as a sentence."""
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


Listener = Callable[[Event], None]


class View(Data):
    """Something to look at, as numbers and names (``agent.terminal.picture_layouts`` draws it): a version
    (None: the head), of it a box, in it a mask or numbered outlines; or with ``against`` another version
    beside it, with ``difference`` where the two differ. Masks are digests in the session's pictures;
    ``label`` stands above.
    """

    label: str
    version: int | None = None
    box: tuple[int, int, int, int] | None = None
    mask: str | None = None
    outlines: tuple[str, ...] = ()
    against: int | None = None
    difference: bool = False


class DoneAction(Data):
    """One thing that was done, for ``agent.turn.reply`` to say: to a layer, in whose words it is told, or to
    the head (``back to version``).

    A layer moved ``to`` the front or the back, or over or under ``other``; ``remasked`` says that it was
    painted again in another mask; ``step`` is the step of colour that was asked for: "a bit darker". A
    new thing came ``without`` what it was to hold.
    """

    how: Literal["edited", "hidden", "shown", "dropped", "moved", "went back"]
    target: str = ""
    prompt: str = ""
    kind: str = ""
    remasked: bool = False
    step: str = ""
    without: str = ""
    to: str = ""
    other: str = ""
    version: int = 0

    @classmethod
    def of(cls, how: str, each: Described, **values: object) -> DoneAction:
        """What was done to an edit or a layer."""
        return cls.model_validate(
            {"how": how, "target": each.target, "prompt": each.prompt, "kind": each.kind, **values}
        )


@dataclass(frozen=True)
class Turn:
    """What one sentence came to: the plan, the edits, what was done, asked and remarked, the version at the
    head and where the time went.

    ``reply`` has all of that in words (see ``agent.turn.reply``); it is the ``question``, where the turn
    stopped at one. ``seconds`` has the keys plan, locate, paint and total. ``failed`` is True when something
    asked for was not done. ``views`` are what the user asked to see, or is asked about.
    """

    sentence: str
    reply: str
    plan: Plan
    version: int
    changed: bool
    failed: bool = False
    edits: tuple[PendingEdit, ...] = ()
    done: tuple[DoneAction, ...] = ()
    remarks: tuple[str, ...] = ()
    question: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    views: tuple[View, ...] = ()
