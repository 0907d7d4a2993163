"""Frames: what one clause of a sentence asks for, in the user's own words.

A frame never holds a layer number and never a merged prompt. A parser (a reader, a
model under Ollama) makes frames from a sentence alone; the resolver makes steps from frames and the
conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from tools.kinds import Kind

COLOUR_OF = "the colour of "
"""What a frame's ``like`` begins with where the colour of a thing is meant and not its whole look."""

Act = Literal[
    "edit",
    "undo",
    "redo",
    "goto",
    "hide",
    "back",
    "variations",
    "pick",
    "compare",
    "move",
    "ask",
    "talk",
    "keep",
    "refresh",
    "drop",
    "mark",
    "more",
    "swap",
    "order",
    "mask",
    "show",
    "zoom",
    "save",
    "open",
    "tell",
]
"""``back``: a thing shall be as it was, or be there again. ``move``: what no edit can do. ``keep``: leave it
alone, or take what is on offer. ``refresh``: paint a thing again as it was asked for. ``drop``: a change is
thrown away. ``more``: more like one of those on offer. From ``swap`` on: what the acts are called.
"""

Reference = Literal["", "it", "them", "both", "all", "first", "second", "third", "last", "other"]
"""What a frame's object is when it is not named: a thing of the conversation."""


YES = "yes"
"""The ``prompt`` of plain talk that agrees to what was asked."""
NO = "no"
"""The ``prompt`` of plain talk that refuses it."""
REVERT = "revert"
"""The ``prompt`` of a ``hide`` that takes back a thing's change, whatever the sentence calls it."""


@dataclass(frozen=True)
class Frame:
    """One thing asked for.

    ``target`` is the object (for ``add``: the place) and ``prompt`` the look or the new object, both copied
    from the sentence; ``reference`` stands for an object that is not named. ``like`` is the object whose look
    is to be copied ("the colour of the wall" where it is the colour alone), or "last" for the look spoken of
    last. ``number`` is a count, a version or an index (-1:
    the last). ``correction``: the clause takes back what was said before ("no, black instead"). ``also``: it
    goes on with it ("and the table"). ``say`` is an answer to plain talk, or a question. ``spared`` is what
    an act on several things leaves out ("everything except the table"). ``name`` is a further word of the
    frame: a version by its name or by when it was ("before the walls"), a mark's name, a file, how a mask is
    to change, what is asked about. ``confidence`` is in 0…1.
    """

    act: Act
    kind: Kind | None = None
    target: str = ""
    prompt: str = ""
    reference: Reference = ""
    like: str = ""
    number: int | None = None
    correction: bool = False
    also: bool = False
    say: str = ""
    spared: str = ""
    name: str = ""
    confidence: float = 1.0


class Parser(Protocol):
    """From a sentence to its frames, without the conversation: a reader, or what chooses between two."""

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        """The frames of one sentence in its order; empty when nothing in it is understood."""
        ...
