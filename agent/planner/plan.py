"""What a planner may answer: the plan of one sentence.

A plan is something to say and a list of steps. Every step says what it does in ``do``; its JSON is the
contract that ``inpalla plan --json`` prints and that a planner LLM is held to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.kinds import Kind


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Step):
    """Change one object. ``layer`` is the id of the layer that this edit revises, if any.

    For ``add``, ``target`` is the place and ``prompt`` the object. For ``remove``, ``prompt`` is empty.
    ``within``: a box ("10%,40% to 30%,90%") or a mask's file instead of a search, and a hard limit.
    """

    do: Literal["edit"] = "edit"
    target: str
    prompt: str
    kind: Kind
    layer: int | None = None
    within: str | None = None


class Undo(_Step):
    """Go back ``count`` versions."""

    do: Literal["undo"] = "undo"
    count: int = Field(default=1, ge=1)


class Redo(_Step):
    """Go forward ``count`` versions that were undone."""

    do: Literal["redo"] = "redo"
    count: int = Field(default=1, ge=1)


class Goto(_Step):
    """Make a version the head; 0 is the base picture."""

    do: Literal["goto"] = "goto"
    version: int = Field(ge=0)


class Hide(_Step):
    """Take one layer out of the picture and keep the others."""

    do: Literal["hide"] = "hide"
    layer: int = Field(ge=0)


class Show(_Step):
    """Put a hidden layer back; with ``version``, hidden or not, as it was in that version."""

    do: Literal["show"] = "show"
    layer: int = Field(ge=0)
    version: int | None = Field(default=None, ge=0)


class Drop(_Step):
    """Throw one layer away: from the next version on it is there no more. Earlier versions keep it."""

    do: Literal["drop"] = "drop"
    layer: int = Field(ge=0)


class Reorder(_Step):
    """Move a layer in the pile: to its front or back, or right over or under the layer ``other``."""

    do: Literal["reorder"] = "reorder"
    layer: int = Field(ge=0)
    to: Literal["front", "back", "over", "under"]
    other: int | None = None


class Mask(_Step):
    """Give a layer another mask, and paint it again with the same words.

    ``how``: grown or shrunk by ``amount`` (1 for a usual step), with a phrase's thing added or taken away
    (``what``), within a box ("10%,40% to 30%,90%") or a mask's file, or all but what it was.
    """

    do: Literal["mask"] = "mask"
    layer: int = Field(ge=0)
    how: Literal["grow", "shrink", "add", "subtract", "invert", "box", "file"]
    what: str = ""
    amount: float = Field(default=1.0, gt=0, le=10)


class Look(_Step):
    """Show something and change nothing: the picture, a part of it close up (``zoom``), where a thing is
    (``place``), the mask of a layer, a version; or say which things there are.
    """

    do: Literal["look"] = "look"
    at: Literal["picture", "zoom", "place", "mask", "version", "things"]
    target: str = ""
    layer: int | None = None
    version: int | None = None


class Open(_Step):
    """Go on with another picture or session."""

    do: Literal["open"] = "open"
    path: str


class Variations(_Step):
    """Paint ``count`` versions of one edit that differ in their seed, for the user to pick from.

    ``like`` is one of those on offer, from 1, that the new ones shall be like; 0: they shall be other ones.
    With an empty ``prompt`` they are in colours that suit the picture.
    """

    do: Literal["variations"] = "variations"
    count: int = Field(default=3, ge=2, le=8)
    target: str | None = None
    prompt: str | None = None
    kind: Kind | None = None
    layer: int | None = None
    like: int | None = Field(default=None, ge=0)


class Pick(_Step):
    """Choose one of the variations on offer, counted from 1; with a ``prompt``, made with another look."""

    do: Literal["pick"] = "pick"
    index: int = Field(ge=1)
    prompt: str | None = None


class Keep(_Step):
    """Take what is on offer as the nearest to what was asked."""

    do: Literal["keep"] = "keep"


class Refresh(_Step):
    """Paint one layer again as it was asked for, on what lies below it now."""

    do: Literal["refresh"] = "refresh"
    layer: int = Field(ge=0)


class Compare(_Step):
    """Show two versions beside each other, or with ``difference`` where they differ.

    ``version`` is the one that is compared (None: the base picture), ``other`` what with (None: the head).
    """

    do: Literal["compare"] = "compare"
    version: int | None = None
    other: int | None = None
    difference: bool | None = None


class Mark(_Step):
    """Give the version at the head a name, for the user to come back to it."""

    do: Literal["mark"] = "mark"
    name: str


class Tell(_Step):
    """Answer a question from the record and the picture.

    Without ``asked``: what was changed, of the thing that it is ``about`` or (about nothing) of all. Else
    which colour the thing has, whether it is as ``look`` says ("leather"), or whether it is there, at a
    ``version`` (None: the head).
    """

    do: Literal["tell"] = "tell"
    about: str = ""
    asked: Literal["colour", "so", "there"] | None = None
    look: str | None = None
    version: int | None = Field(default=None, ge=0)


class Save(_Step):
    """Save the picture at a version (None: the head) to a file that the user named; without a name, under
    the session's in the folder where the program runs.
    """

    do: Literal["save"] = "save"
    path: str
    version: int | None = None


class Ask(_Step):
    """Ask the user, and change nothing."""

    do: Literal["ask"] = "ask"
    question: str


Step = Annotated[
    Edit
    | Undo
    | Redo
    | Goto
    | Hide
    | Show
    | Variations
    | Pick
    | Keep
    | Refresh
    | Drop
    | Reorder
    | Mask
    | Look
    | Open
    | Compare
    | Mark
    | Tell
    | Save
    | Ask,
    Field(discriminator="do"),
]


class Plan(BaseModel):
    """What the planner made of one sentence: something to say, and the steps in order (none for plain
    talk).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str = ""
    steps: tuple[Step, ...] = ()
