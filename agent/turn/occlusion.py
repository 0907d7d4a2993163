"""On which picture a thing is looked for, and what stands before it.

Where a thing is does not change with its colour, and a small segmenter sees a room best as it came: so a
thing that is told by its name and its place alone is looked for in the picture without the layers that only
restyle. (195 things in 20 rooms whose walls and rug or sofa had got another colour: 28 were not found or
mistaken, 23 in the picture as it came.) Nor does a thing change its form when something is put before it:
what was drawn into the picture, with an edge of its own, is left out, too. An edit of what stands behind it
is painted whole, beneath it, and is whole still when that thing is taken out again. And furniture stands
where it stood when a rug or a picture is taken away: against the old ground its outline is the drawn one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sessions.compose import Box
from sessions.model import Changes, Layer
from tools.inpainting.routing import CUT_OUT
from tools.language.looks import read_look
from tools.language.object_sizes import noun_in, thing_in
from tools.language.places import SURFACE
from tools.language.referring import without_addition

if TYPE_CHECKING:
    from sessions.session import Session

Mask = NDArray[np.bool_]


def shown(session: Session, visible: Changes) -> list[Layer]:
    """The layers that show at the head after ``visible``, lowest first."""
    there = {layer.id: layer for layer in session.layers}
    order = [entry.layer for entry in session.versions[session.head].stack]
    order += [number for number in visible.show if number not in order]
    return [
        there[number]
        for number in order
        if number in visible.show
        or (there[number].visible and number not in visible.hide and number not in visible.drop)
    ]


def left_out(layers: Sequence[Layer], phrase: str, *, of_place: bool = False) -> tuple[int, ...]:
    """Those of the shown ``layers``, lowest first, without which a phrase's thing is looked for.

    A phrase that is not plainly about a thing of its kind, or that tells it by its look, needs them all.
    ``of_place``: what is looked for are the landmarks of a new thing's place, that other new things count to.
    """
    noun = noun_in(phrase)
    if not noun and not SURFACE.search(phrase.lower()):
        return ()
    out = [] if _has_look(phrase, noun) else [layer.id for layer in layers if _only_restyles(layer, layers)]
    if not of_place:
        out += [layer.id for layer in layers if is_cut_out(layer) and not _speaks_of(phrase, layer)]
    if noun and thing_in(phrase)[1].stands in ("floor", "top") and not _has_look(phrase, noun):
        out += [layer.id for layer in layers if _only_clears(layer, layers)]
    return tuple(out)


def _only_clears(layer: Layer, layers: Sequence[Layer]) -> bool:
    """Whether a layer takes away what lies flat or hangs, which never stands before furniture, and nothing
    was made where that was since.
    """
    if layer.kind != "remove" or thing_in(layer.target)[1].stands not in ("flat", "wall"):
        return False
    above = layers[[each.id for each in layers].index(layer.id) + 1 :]
    made = [each for each in above if each.kind != "restyle" and not is_cut_out(each)]
    return not any(Box(*each.box).overlaps(Box(*layer.box)) for each in made)


def is_cut_out(layer: Layer) -> bool:
    """Whether a layer's patch is a new thing and nothing else: no pixel of what is around it."""
    return layer.kind == "add" and layer.request.get("engine") in CUT_OUT


def without(session: Session, visible: Changes, layers: Sequence[int]) -> NDArray[np.uint8]:
    """The picture at the head after ``visible`` without some layers that show, uint8 RGB (H, W, 3)."""
    hidden = [number for number in layers if number not in (*visible.show, *visible.drop)]
    shown_anew = tuple(number for number in visible.show if number not in layers)
    if not (hidden or shown_anew or visible.hide or visible.drop or visible.moves):
        return session.picture()
    return session.preview(replace(visible, hide=(*visible.hide, *hidden), show=shown_anew))


def usual(session: Session) -> NDArray[np.uint8]:
    """The picture that most things are looked for in at the head; uint8 RGB (H, W, 3)."""
    return without(session, Changes(), left_out(shown(session, Changes()), "the wall"))


def apart(session: Session, layers: Sequence[Layer], mask: Mask, out: Sequence[int], phrase: str) -> Mask:
    """A mask (H, W) that was found for a phrase without the layers ``out``, without what those of them that
    are about things of other kinds have taken already: the smaller thing is before the larger one.
    """
    kind = thing_in(phrase)[0]
    for layer in layers:
        if layer.id not in out or layer.kind != "restyle" or thing_in(layer.target)[0] == kind:
            continue
        theirs = session.pictures.get(layer.mask) >= 128
        if np.count_nonzero(theirs & mask) < 0.5 * np.count_nonzero(mask):
            mask = mask & ~theirs
    return mask


def before(
    session: Session, layers: Sequence[Layer], mask: Mask, out: Sequence[int]
) -> tuple[Mask, int | None]:
    """What stands before a thing whose mask (H, W) was found without the layers ``out``.

    The mask, and the lowest layer beneath which the thing is edited; without one where nothing stands before
    it, and where something that is no thing of its own lies over it as well: then the mask is what is seen.
    """
    over = [
        layer for layer in layers if layer.id in out and is_cut_out(layer) and _covers(session, layer, mask)
    ]
    if not over:
        return mask, None
    above = layers[[layer.id for layer in layers].index(over[0].id) :]
    if any(not is_cut_out(layer) and _covers(session, layer, mask) for layer in above):
        for layer in over:
            mask = mask & ~where(session, layer, mask.shape)
        return mask, None
    return mask, over[0].id


def covered(session: Session, under: int, shape: tuple[int, int]) -> Mask:
    """Where things that were put there stand before what is edited beneath the layer ``under``: (H, W)."""
    layers = shown(session, Changes())
    start = next((i for i, layer in enumerate(layers) if layer.id == under), len(layers))
    region = np.zeros(shape, bool)
    for layer in layers[start:]:
        region |= where(session, layer, shape)
    return region


def _has_look(phrase: str, noun: str) -> bool:
    described = without_addition(phrase.lower())
    look = read_look(described.replace(noun, "thing") if noun else described)
    return bool(
        look.colour_words or look.material or look.pattern not in ("", "plain") or look.step or look.like
    )


def _only_restyles(layer: Layer, layers: Sequence[Layer]) -> bool:
    """Whether a layer changes the look of a thing, and nothing was made of that look above it since."""
    if layer.kind != "restyle":
        return False
    above = layers[[each.id for each in layers].index(layer.id) + 1 :]
    baked = [each for each in above if each.kind != "restyle" and not is_cut_out(each)]
    return not any(Box(*each.box).overlaps(Box(*layer.box)) for each in baked)


def _speaks_of(phrase: str, layer: Layer) -> bool:
    """Whether a phrase may mean the thing that a layer put there, or tells its own thing by it."""
    name, _ = thing_in(layer.prompt)
    said = phrase.lower()
    alike = [word for word in (noun_in(layer.prompt), name) if word]
    return not alike or thing_in(phrase)[0] == name or any(word in said for word in alike)


def _covers(session: Session, layer: Layer, mask: Mask) -> bool:
    return bool((where(session, layer, mask.shape) & mask).any())


def where(session: Session, layer: Layer, shape: tuple[int, ...]) -> Mask:
    """Where a layer's patch is more than half opaque, bool (H, W)."""
    region = np.zeros(shape, bool)
    box = layer.box
    region[box.y0 : box.y1, box.x0 : box.x1] = session.pictures.get(layer.patch)[..., 3] >= 128
    return region
