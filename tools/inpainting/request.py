"""The request: everything that an edit's pixels depend on, in one serialisable object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.kinds import Kind

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a picture's pixels, in hex. Files are named by it, so nothing else may pass for one."""

Words = Annotated[str, Field(max_length=10_000)]
"""A prompt, a target, a name: nothing that was written by a person is longer."""


Share = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False, strict=True)]
"""A coordinate in Oklab, or near it."""


class ColourStage(BaseModel):
    """A colour computed onto an edit: what was asked for, and under what light.

    ``value`` is the asked colour in Oklab (lightness 0…1, two axes of hue within ±0.4; Ottosson 2020), as a
    surface in full light would show it. ``light`` is the share of that lightness and chroma that the thing's
    median shows in the picture's light (about 0.5…1.1); ``strength`` (0…1) how much of the way is gone.
    ``pattern`` says what becomes of the other colours of a patterned thing: they are ``kept``, they take the
    colour, too (``plain``), or move with it by the same step (``follows``).
    ``each``: the mask holds several things, and each is recoloured by how it looks itself; ``lit`` is the
    factor of its kind in the light that each of them gets then, as it is in ``light``.
    ``exact``: a user grew or shrank the mask, so that all up to its edge takes the colour, and no more.
    ``body``: what stands or lies in the thing stays as it is: a shelf's books, a bed's pillows; so do a
    seat's legs and a curtain's rod, which old requests, without it, paint along.
    ``shaded``: the colours of a pattern are told in the shade, too, where old requests take what lies there
    for something between its colours, and two tones of one dye are no pattern.
    ``levelled``: where the colours of a pattern become plain, they are compared where they meet, in one
    light, and not by their medians.
    ``painted`` is the digest of the patch that an engine painted and this recolours; None where the picture's
    own pixels are recoloured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: tuple[Share, Share, Share]
    light: float = Field(gt=0, le=4, allow_inf_nan=False, strict=True)
    strength: float = Field(default=1.0, ge=0, le=1, allow_inf_nan=False, strict=True)
    pattern: Literal["kept", "plain", "follows"] = "kept"
    painted: Digest | None = None
    each: bool = False
    lit: float = Field(default=1.0, ge=0.5, le=2, allow_inf_nan=False, strict=True)
    body: bool = False
    exact: bool = False
    shaded: bool = False
    levelled: bool = False


class Request(BaseModel):
    """Everything that an edit's pixels depend on.

    The same request gives the same pixels on the same device. ``picture`` and ``mask`` are the SHA-256
    digests of the picture below the edit and of the segmenter's mask (both at the picture's size). ``area``
    is the number of pixels that its crop was painted at; None, in requests of earlier releases, stands for
    the engine's own. ``target`` is what the engine was told of the thing that lay there; ``batch`` how many
    edits it painted at once, itself among them, which can move pixels by a grey level. ``colour`` is the
    colour that was computed, on the picture's pixels or on what the engine painted; None for none. ``grow``
    is how many pixels the edit may go beyond its mask, 0 for a mask that is a hard limit; None leaves it to
    the kind of edit, as for the segmenter's masks. ``wall_light``: what hangs on a wall was computed away
    with its own shadow, and the wall's own light goes on behind it, as in no request of earlier releases.
    ``patches``: what is behind a removed thing was made of patches of it where its repeats do not tell, and
    what the thing stood or lay on went on under it, and a drawn animal is whole; in no earlier request,
    either. ``own_shadow``: only its own shadow was taken away with a thing, those of others stayed; in no
    earlier request, either.

    Requests come from files of other people's, too: what no engine could mean is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    picture: Digest
    mask: Digest
    prompt: Words
    kind: Kind
    seed: int = Field(ge=0, lt=2**63, strict=True)
    steps: int = Field(ge=1, le=1000, strict=True)
    guidance: float = Field(ge=0, le=1000, allow_inf_nan=False, strict=True)
    engine: Words
    revision: Words
    area: int | None = Field(default=None, ge=1, le=2**26, strict=True)
    target: Words = ""
    batch: int = Field(default=1, ge=1, le=64, strict=True)
    colour: ColourStage | None = None
    grow: int | None = Field(default=None, ge=0, le=30_000, strict=True)
    wall_light: bool = False
    patches: bool = False
    own_shadow: bool = False
