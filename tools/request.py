"""The request: everything that an edit's pixels depend on, in one serialisable object."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["restyle", "replace", "remove", "add"]
"""restyle: the same object, another surface · replace: another object · remove: nothing · add: a new
object.
"""


class Request(BaseModel):
    """Everything that an edit's pixels depend on.

    The same request gives the same pixels on the same device. ``picture`` and ``mask`` are the SHA-256
    digests of the picture below the edit and of the segmenter's mask (both at the picture's size). ``area``
    is the number of pixels that its crop was painted at; None, in requests of earlier releases, stands for
    the engine's own. ``target`` is what the engine was told of the thing that lay there; ``batch`` how many
    edits it painted at once, itself among them, which can move pixels by a grey level.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    picture: str
    mask: str
    prompt: str
    kind: Kind
    seed: int
    steps: int
    guidance: float
    engine: str
    revision: str
    area: int | None = None
    target: str = ""
    batch: int = 1
