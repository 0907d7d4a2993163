"""The clauses of a sentence read so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.planner.frames import Frame


@dataclass
class Draft:
    """The clauses read so far, as the grammar puts them together."""

    frames: list[Frame] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)  # objects that wait for a look
    verb: str = ""
    subject: str = ""  # what was spoken of last: what "it" means inside the sentence
    topic: str = ""  # the thing of a background clause
    named: str = ""  # a thing that was named to be left alone: "not the left chair but the right one"
    place: str = ""  # a place that waits for a thing
    swap: str = ""  # a thing that waits for what takes its place
    talk: str = ""
    vague: Frame | None = None
    correction: bool = False
    kept: bool = False
    question: bool = False
