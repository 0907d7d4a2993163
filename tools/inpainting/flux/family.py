"""The three FLUX pipelines that can paint into a mask, and what each must be called with.

Fill is blind under the mask and paints what is asked there. Kontext and Klein see the whole crop and keep the
shape of what they repaint. Facts about diffusers' pipelines that decide the settings:

* Fill and Kontext are told the size; Kontext would scale every crop to about a megapixel if it were let.
* Klein takes the size of the crop, scales what is larger than 1024² down to it, and its default strength
  would leave a part of the old object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

FamilyName = Literal["fill", "kontext", "klein"]


@dataclass(frozen=True)
class Family:
    """One kind of FLUX inpainter.

    ``pipeline`` is diffusers' class; ``classes`` are the names in a checkpoint's ``model_index.json`` that it
    can be loaded from; ``encoders`` are the parts that turn words into embeddings; ``large`` the ones worth
    fewer bits; ``settings(height, width)`` is what the pipeline is called with beside the job itself.
    ``areas`` are the numbers of pixels that the published model is asked for, ``steps`` and ``guidance`` what
    it wants; ``undistilled`` what one of the family wants that is not distilled ("base"), None where there is
    none. ``encoder_layers`` is how many layers of its text encoder are read, None for all; ``patched``: its
    latents are patches of normalised ones.
    """

    name: FamilyName
    pipeline: str
    classes: frozenset[str]
    encoders: tuple[str, ...]
    large: tuple[str, ...]
    areas: tuple[int, ...]
    steps: int
    guidance: float
    settings: Callable[[int, int], dict[str, Any]]
    undistilled: tuple[int, float] | None = None
    encoder_layers: int | None = None
    patched: bool = False


def _fill(height: int, width: int) -> dict[str, Any]:
    return {"height": height, "width": width}


def _kontext(height: int, width: int) -> dict[str, Any]:
    return {"height": height, "width": width, "max_area": height * width, "_auto_resize": False}


def _klein(height: int, width: int) -> dict[str, Any]:
    return {"height": height, "width": width, "strength": 1.0}


MEGAPIXEL = 1024 * 1024
"""What all of them were trained around; Kontext at sizes of about this alone."""

AREAS = (*(side * side for side in (512, 640, 768, 896)), MEGAPIXEL)
"""What Fill and Klein are asked for. Their makers offer Fill at a quarter of a megapixel, too, and FLUX.2 at
256² and more; no less than the quarter here. Few, as each is a shape to compile.
"""

STEPS = 28
"""Of Fill and Kontext: the fewest that their makers recommend for Fill (28 to 50)."""

KLEIN_LAYERS = 28
"""Klein hears its text encoder's hidden states up to layer 27, so the layers above 28 are not loaded. (The
last layer's own state is normalised, so that one more than 27 is needed for the same numbers.)
"""

_FLUX_1 = ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")

FAMILIES: Mapping[FamilyName, Family] = MappingProxyType(
    {
        "fill": Family(
            name="fill",
            pipeline="FluxFillPipeline",
            classes=frozenset({"FluxFillPipeline"}),
            encoders=_FLUX_1,
            large=("text_encoder_2",),
            areas=AREAS,
            steps=STEPS,
            guidance=30.0,
            settings=_fill,
        ),
        "kontext": Family(
            name="kontext",
            pipeline="FluxKontextInpaintPipeline",
            classes=frozenset({"FluxKontextPipeline", "FluxKontextInpaintPipeline"}),
            encoders=_FLUX_1,
            large=("text_encoder_2",),
            areas=(MEGAPIXEL,),
            steps=STEPS,
            guidance=2.5,
            settings=_kontext,
        ),
        "klein": Family(
            name="klein",
            pipeline="Flux2KleinInpaintPipeline",
            classes=frozenset({"Flux2KleinPipeline", "Flux2KleinInpaintPipeline"}),
            encoders=("text_encoder", "tokenizer"),
            large=("text_encoder",),
            areas=AREAS,
            steps=4,
            guidance=1.0,
            settings=_klein,
            undistilled=(50, 4.0),
            encoder_layers=KLEIN_LAYERS,
            patched=True,
        ),
    }
)
"""The families by name."""
