"""The LangChain tools ``segment`` and ``inpaint``, for any agent.

What goes in and comes out are handles, absolute paths of files, never pixels: a conversation stays small and
whatever framework carries it can store it. An error comes back to the model as its sentence. LangChain is
imported when the tools are made, and an engine is loaded when a tool is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar

import numpy as np
from pydantic import BaseModel, Field

from sessions.compose import compose
from sessions.errors import SessionError
from sessions.file_format import left_out
from sessions.files import check_output
from sessions.pictures import digest_of
from sessions.recipes import recipe_of_one, texts
from tools.engines import presets, registry, specs
from tools.engines.registry import Preset
from tools.engines.requirements import telling
from tools.errors import PictureError, ToolError
from tools.inpainting import routing
from tools.inpainting.base import Inpainter, MaskedEdit, Painted, StepListener, compute, seed_for
from tools.inpainting.base import inpaint as paint
from tools.inpainting.geometry import bounds
from tools.kinds import Kind
from tools.photo_check import ALL_THE_SAME, NO_DRAWN_ROOM, is_drawn
from tools.pictures import is_hidden, read_mask, read_picture, write_mask, write_picture
from tools.segmenting.base import find

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

T = TypeVar("T")


class SegmentInput(BaseModel):
    """The arguments of the tool ``segment``."""

    picture: str = Field(description="Path of the picture.")
    phrases: list[str] = Field(
        description='What to find, such as "the sofa on the left"; one mask each.', min_length=1
    )
    output: str = Field(
        description="Path for the mask, ending in .png; with several phrases -1, -2 … is added."
    )


class InpaintInput(BaseModel):
    """The arguments of the tool ``inpaint``."""

    picture: str = Field(description="Path of the picture.")
    mask: str = Field(description="Path of a mask of the picture's size, white where the object is.")
    prompt: str = Field(description='What to paint there, such as "a brown leather sofa"; empty to remove.')
    output: str = Field(description="Path for the new picture.")
    kind: Kind = Field(
        default="replace",
        description="restyle: same object, other surface; replace: another; remove: nothing; add: a new one.",
    )
    target: str = Field(
        default="",
        description='What is there now, such as "the sofa on the left": it helps to keep its shape.',
    )
    seed: int | None = Field(
        default=None, ge=0, description="Seed of the noise; by default it is derived from the other inputs."
    )
    grow: int | None = Field(
        default=0,
        ge=0,
        description="How many pixels the change may go beyond the mask: 0 keeps to it, and suits masks that a"
        " person drew; null lets the kind decide, and suits masks that 'segment' wrote.",
    )


class SegmentedObject(TypedDict):
    """What ``segment`` says of one phrase: ``box`` is [x0, y0, x1, y1], half-open; ``area`` is a share."""

    phrase: str
    found: bool
    mask: str | None
    box: list[int] | None
    area: float
    confidence: float
    answer: str


class InpaintedPicture(TypedDict):
    """What ``inpaint`` says of its result; ``box`` holds everything that may have changed, ``notes`` are
    sentences about how the picture was read and what its new file cannot hold.
    """

    output: str
    box: list[int]
    prompt: str
    kind: Kind
    seed: int
    engine: str
    notes: list[str]


_UNCHANGED = "No pixel changed: what comes out is the picture as it was."


def segment_file(picture: str, phrases: list[str], output: str, segmenter_name: str) -> list[SegmentedObject]:
    """Find each phrase in a picture file and write a mask for each one found; see ``SegmentInput``.

    Raises ``ToolError``.
    """
    pixels = read_picture(picture).pixels
    segmenter = registry.load_segmenter(segmenter_name)
    path = Path(output)
    results: list[SegmentedObject] = []
    for number, found in enumerate(find(segmenter, pixels, phrases), start=1):
        name = path if len(phrases) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        results.append(
            SegmentedObject(
                phrase=found.phrase,
                found=found.present,
                mask=str(write_mask(name, found.mask)) if found.present else None,
                box=list(bounds(found.mask)) if found.present else None,
                area=float(np.count_nonzero(found.mask) / found.mask.size),
                confidence=found.confidence,
                answer=found.words,
            )
        )
    return results


def inpaint_file(
    picture: str,
    mask: str,
    prompt: str,
    output: str,
    kind: Kind = "replace",
    seed: int | None = None,
    preset: str | Preset = "pocket",
    *,
    target: str = "",
    grow: int | None = 0,
    plain: bool = False,
    guesses: bool = False,
    progress: StepListener | None = None,
) -> InpaintedPicture:
    """Paint into a mask of a picture file and write the new picture.

    The arguments are those of ``InpaintInput``; ``plain`` leaves out the recipe and all that the picture's
    file says about it; ``progress`` is told each step. With ``guesses`` an engine that knows drawn rooms only
    works on other pictures, too. Raises ``ToolError``.
    """
    if not prompt.strip() and kind != "remove":
        raise ToolError("There is nothing to paint: give a prompt, or the kind 'remove'.")
    try:
        check_output(output)  # Before the work, not after it.
    except SessionError as error:
        raise PictureError(str(error)) from error
    read = read_picture(picture)
    shape = read_mask(mask, (read.pixels.shape[1], read.pixels.shape[0]))
    if not shape.any():
        raise PictureError(f"The mask {Path(mask).name} is empty: make white what should change.")
    if is_hidden(read.alpha, shape):
        raise PictureError(
            f"{Path(picture).name} is transparent where the mask {Path(mask).name} is white, so nothing"
            " painted there would be seen: choose another place, or give the picture without transparency."
        )
    chosen = _preset(preset)
    picture_digest = digest_of(read.pixels)
    if seed is None:
        seed = seed_for(picture_digest, prompt, kind)
    edit = MaskedEdit(shape, prompt, kind, seed, target=target, grow=grow)
    strange = not guesses and chosen.drawn_rooms_only and not is_drawn(read.pixels)
    if strange and routing.needs_drawn_room(edit, chosen):  # before seconds go into loading
        raise PictureError(f"{NO_DRAWN_ROOM} {ALL_THE_SAME}")
    route = routing.route(read.pixels, edit, chosen.computing.get(kind, ()))
    painter: Inpainter | None = None
    engine_name = route.engine.name if route.engine is not None else chosen.inpainters[kind]
    if strange and specs.knows_drawn_rooms_only(engine_name):
        raise PictureError(f"{NO_DRAWN_ROOM} {ALL_THE_SAME}")
    if route.engine is not None:
        painted = Painted(compute(read.pixels, route.edit, route.engine), 0, 1)
    else:
        name = chosen.inpainters[kind]
        with telling(chosen):
            painter = registry.load_inpainter(name, stream=presets.streams(name, chosen))
        (painted,) = paint(read.pixels, [route.edit], {kind: painter}, progress=progress)
    digests = picture_digest, digest_of(shape)
    patch, request = routing.request_for(route, read.pixels, painted, painter, digests, digest_of)
    recipe = recipe_of_one((read.pixels.shape[1], read.pixels.shape[0]), request.model_dump(), patch)
    made = compose(read.pixels, [patch])
    changes = bool((made != read.pixels).any())
    if not changes and kind != "remove":  # where a thing is removed, the same may come out rightly
        raise PictureError(
            f"Nothing in {Path(picture).name} would change, so nothing was saved: what is white in the mask"
            f" {Path(mask).name} is too small for it, or looks like that already."
        )
    notes = [*read.notes, *([] if changes else [_UNCHANGED])]
    fields = texts(recipe, {request.mask: shape})
    written = write_picture(output, made, read.alpha, fields, like=read, plain=plain)
    return InpaintedPicture(
        output=str(written), box=list(patch.box), prompt=prompt, kind=kind, seed=seed, engine=request.engine,
        notes=[*notes, *left_out(written, read.form, read.pixels, made, read.alpha, plain=plain)],
    )  # fmt: skip


def langchain_tools(preset: str | Preset = "pocket") -> list[BaseTool]:
    """The tools ``segment`` and ``inpaint`` with a preset's engines. Raises ``EngineError``."""
    from langchain_core.tools import StructuredTool

    chosen = _preset(preset)

    def segment(picture: str, phrases: list[str], output: str) -> list[SegmentedObject]:
        def found() -> list[SegmentedObject]:
            with telling(chosen):
                return segment_file(picture, phrases, output, chosen.segmenter)

        return _told(found)

    def inpaint(
        picture: str,
        mask: str,
        prompt: str,
        output: str,
        kind: Kind = "replace",
        target: str = "",
        seed: int | None = None,
        grow: int | None = 0,
    ) -> InpaintedPicture:
        return _told(
            lambda: inpaint_file(picture, mask, prompt, output, kind, seed, chosen, target=target, grow=grow)
        )

    return [
        StructuredTool.from_function(
            segment,
            name="segment",
            description="Find objects in a picture by words; write a mask for each and return its path.",
            args_schema=SegmentInput,
            handle_tool_error=True,
        ),
        StructuredTool.from_function(
            inpaint,
            name="inpaint",
            description="Repaint the masked object of a picture, write the new picture and return its path.",
            args_schema=InpaintInput,
            handle_tool_error=True,
        ),
    ]


def _preset(preset: str | Preset) -> Preset:
    return preset if isinstance(preset, Preset) else registry.find_preset(preset)


def _told(call: Callable[[], T]) -> T:
    """Call; turn an error of the tools' into the one that LangChain passes on to the model."""
    from langchain_core.tools import ToolException

    try:
        return call()
    except ToolError as error:
        raise ToolException(str(error)) from error
