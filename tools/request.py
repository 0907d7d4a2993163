"""The request: everything that an edit's pixels depend on, in one serialisable object."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["restyle", "replace", "remove", "add"]
"""restyle: the same object, another surface · replace: another object · remove: nothing · add: a new
object.
"""


class ColourStage(BaseModel):
    """A colour computed onto an edit: what was asked for, and under what light.

    ``value`` is the asked colour in Oklab (lightness 0…1, two axes of hue within ±0.4; Ottosson 2020), as a
    surface in full light would show it. ``light`` is the share of that lightness and chroma that the thing's
    median shows in the picture's light (about 0.5…1.1); ``strength`` (0…1) how much of the way is gone.
    ``pattern`` says what becomes of the other colours of a patterned thing: they are ``kept``, they take the
    colour, too (``plain``), or move with it by the same step (``follows``).
    ``painted`` is the digest of the patch that an engine painted and this recolours; None where the picture's
    own pixels are recoloured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: tuple[float, float, float]
    light: float
    strength: float = 1.0
    pattern: Literal["kept", "plain", "follows"] = "kept"
    painted: str | None = None


class Request(BaseModel):
    """Everything that an edit's pixels depend on.

    The same request gives the same pixels on the same device. ``picture`` and ``mask`` are the SHA-256
    digests of the picture below the edit and of the segmenter's mask (both at the picture's size). ``area``
    is the number of pixels that its crop was painted at; None, in requests of earlier releases, stands for
    the engine's own. ``target`` is what the engine was told of the thing that lay there; ``batch`` how many
    edits it painted at once, itself among them, which can move pixels by a grey level. ``colour`` is the
    colour that was computed, on the picture's pixels or on what the engine painted; None for none.
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
    colour: ColourStage | None = None
