"""What a planner may answer: the plan of one sentence.

A plan is something to say and a list of steps. Every step says what it does in ``do``; its JSON is the
contract that ``inpalla plan --json`` prints and that a planner LLM is held to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.request import Kind


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Step):
    """Change one object. ``layer`` is the id of the layer that this edit revises, if any.

    For ``add``, ``target`` is the place and ``prompt`` the object. For ``remove``, ``prompt`` is empty.
    """

    do: Literal["edit"] = "edit"
    target: str
    prompt: str
    kind: Kind
    layer: int | None = None


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
    """Put a hidden layer back."""

    do: Literal["show"] = "show"
    layer: int = Field(ge=0)


class Variations(_Step):
    """Paint ``count`` versions of one edit that differ in their seed, for the user to pick from."""

    do: Literal["variations"] = "variations"
    count: int = Field(default=3, ge=2, le=8)
    target: str | None = None
    prompt: str | None = None
    kind: Kind | None = None
    layer: int | None = None


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
    """Show the picture before and after."""

    do: Literal["compare"] = "compare"


class Mark(_Step):
    """Give the version at the head a name, for the user to come back to it."""

    do: Literal["mark"] = "mark"
    name: str


class Tell(_Step):
    """Say from the record what was changed: of one thing, or (about nothing) of all."""

    do: Literal["tell"] = "tell"
    about: str = ""


class Save(_Step):
    """Save the picture at the head to a file that the user named."""

    do: Literal["save"] = "save"
    path: str


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
