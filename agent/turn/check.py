"""Did the painting do what was asked? "Done" is a measurement, the same for every engine.

An eye must see a difference; the colour that was asked for must have been taken, by value, with none of the
old one left; a new material must cover the whole surface, and nothing of the old pattern show through it;
what was removed must be gone, without its outline; what is new must be found where it was put. What fails is
painted once more, from another seed and with more guidance where the engine has a use for it. What fails
again is not committed: the nearest that came out is offered. Runs in the worker thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from agent.turn import occlusion, paint, phrases
from agent.turn.context import TurnContext
from agent.turn.pending_edit import Fault, Outcome, PendingEdit
from sessions.compose import Box
from sessions.model import Changes
from tools.errors import Cancelled
from tools.inpainting.computed import parts, recolour, verification
from tools.inpainting.computed.materials import Materials
from tools.inpainting.computed.residual_outline import outline_left
from tools.inpainting.geometry import bounds
from tools.inpainting.request import ColourStage
from tools.language.looks import read_look
from tools.language.noun_phrases import parse
from tools.language.object_sizes import thing_in
from tools.language.referring import plural, separate
from tools.segmenting.base import Found, find

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SEEN = 0.25
"""An eye sees an edit where at least this share of the thing differs by more than a just visible step."""

FAR = 0.1
VERY_FAR = 0.15
"""How far a thing's colour may be from the one that was computed onto it, and from the one that a painter was
asked for, in Oklab, the light of the picture allowed for."""

LEFT = 0.2
"""A thing took another colour when less than this share of it kept the old one."""

OUTLINE = 2.0
"""How many times steeper than beside it a picture may be along the outline of what was removed."""

OF_OUTLINE = (0.2, 0.3)
"""What a computed removal leaves of an outline is to be seen where it is steep beside its surroundings and
has more than the first share of its old steepness, and no more than the second: the engine goes on with the
pattern behind, and where that has a line it is as steep as an outline. Of 395 standing and hanging things
that it was sure enough of in 320 rooms 56 have such an outline with more than the first share; 33 of the 36
with more than the second are right, 10 of the other 20, and 304 of the 339 without one. Lines of the floor
run along the edges of what lies flat on it: it is not asked there."""

LEFT_OVER = 0.35
"""A removed object is still there when it is found on more than this share of its old mask."""

FOUND = 0.1
"""A new thing is there when it is found on this share of what was painted for it, and lies there for the most
part."""

GROWN = 0.02
"""How far, in heights of the picture, the mask of a removed thing grows for a second try."""

RETRIES = 1


def check_edits(context: TurnContext, visible: Changes, edits: Sequence[PendingEdit]) -> list[PendingEdit]:
    """Measure all painted edits that were not looked at yet.

    One that failed comes back without its patch, to be painted again, or after its last try with the outcome
    "no change" or "offered", and its fault; one that was as asked before with "already".
    """
    looked = [i for i, edit in enumerate(edits) if edit.open and not edit.checked and edit.patch]
    if not looked:
        return list(edits)
    session = context.session
    before = session.picture()
    after = session.preview(paint.changes_of(session, visible, edits))
    seen = _looked_for(context, after, [edits[i] for i in looked])
    checked = list(edits)
    for index, found in zip(looked, seen, strict=True):
        if context.cancelled():
            raise Cancelled
        edit = edits[index]
        mask = session.pictures.get(edit.mask or "") >= 128
        # A layer with another mask is measured against what lies below it: most of it is as it was before.
        ground = session.below(edit.layer or 0) if edit.remasked else before
        if edit.under is not None:
            mask = mask & ~occlusion.covered(session, edit.under, mask.shape)
        if edit.kind in ("add", "replace"):  # the mask is a place, or what stood there
            mask = _painted(context, edit, mask)
        if _is_of_materials(edit) and parts.is_framework(edit.target):
            mask = _framework(ground, mask, edit.target)
        under = session.below(edit.layer) if edit.layer is not None else ground
        fault = _unseen(ground, after, mask) or _fault(context, edit, ground, after, mask, found, under)
        if fault is None and edit.remasked and edit.refreshes is not None:
            fault = _unpainted_part(ground, after, mask & ~session.mask(edit.layer or 0))
        if fault is None:
            checked[index] = edit.but(checked=True)
        elif edit.attempt < RETRIES and not edit.remasked and not _is_computed(context, edit):
            checked[index] = paint.unpainted(edit).but(attempt=edit.attempt + 1)
        elif edit.attempt < RETRIES and _may_grow(edit) and fault != "unseen":
            # Its shadow, or a rim that the mask had missed: once more with a larger mask.
            larger = session.pictures.put(_grown(session.pictures.get(edit.mask or "") >= 128))
            checked[index] = paint.unpainted(edit).but(attempt=edit.attempt + 1, mask=larger)
        else:
            outcome: Outcome = "no change" if fault == "unseen" else "offered"
            if fault == "unseen" and _is_as_asked(edit, ground, mask):
                outcome, fault = "already", None
            checked[index] = edit.but(outcome=outcome, fault=fault)
    return _above_the_dropped(edits, checked)


def _is_of_materials(edit: PendingEdit) -> bool:
    return edit.request is not None and edit.request.engine == Materials.name


def _framework(before: Pixels, mask: Mask, target: str) -> Mask:
    """The frame of what is seen through: it is what takes a colour, and little of the thing."""
    box = bounds(mask)
    part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    frame = np.zeros_like(mask)
    found = parts.surface(before[part], mask[part], target)
    frame[part] = mask[part] if found is None else found
    return frame


def _unseen(before: Pixels, after: Pixels, mask: Mask) -> Fault | None:
    return "unseen" if recolour.seen(before, after, mask) < SEEN else None


def _is_as_asked(edit: PendingEdit, before: Pixels, mask: Mask) -> bool:
    """Whether a thing had the colour that was asked for, measured, before anything was painted."""
    stage = edit.request.colour if edit.request is not None else None
    if stage is None or not read_look(edit.prompt, edit.target).is_colour_only:
        return False
    ground = recolour.body_of(before, mask, edit.target) if stage.body else mask
    return bool(ground.any()) and recolour.taken(before, ground, stage) <= FAR


def _unpainted_part(before: Pixels, after: Pixels, part: Mask) -> Fault | None:
    """What is wrong where a mask took a part in that kept its own look."""
    if not part.any() or recolour.seen(before, after, part) >= SEEN:
        return None
    return "part unpainted"


def _fault(
    context: TurnContext,
    edit: PendingEdit,
    before: Pixels,
    after: Pixels,
    mask: Mask,
    found: Found | None,
    under: Pixels,
) -> Fault | None:
    """What is wrong with an edit that changed the picture; None when nothing is. ``under`` is what its layer
    was painted from.
    """
    match edit.kind:
        case "restyle":
            material = _material_fault(edit, before, after, mask)
            return material or _colour_fault(edit, before, after, mask, under)
        case "remove":
            if _share(found, mask) > LEFT_OVER:
                return "still there"
            steeper, share = outline_left(before, after, mask, _painted(context, edit, np.zeros_like(mask)))
            low, high = OF_OUTLINE
            if _is_computed(context, edit) and (not low < share <= high or _lies_flat(edit.target)):
                return None
            return "outline left" if steeper > OUTLINE else None
        case "add" | "replace":
            if found is not None and not _is_there(found, mask):
                return "not there"
    return None


def _material_fault(edit: PendingEdit, before: Pixels, after: Pixels, mask: Mask) -> Fault | None:
    if edit.request is None or not _is_of_materials(edit):
        return None
    patterned = Materials.has_pattern(edit.prompt, edit.target)
    match verification.fault(before, after, mask, edit.target, edit.request.colour, patterned=patterned):
        case "kept":
            return "old look"
        case "ghost":
            return "old pattern"
        case "colour":
            return "other colour"
    return None


def _so_already(before: Pixels, mask: Mask, stage: ColourStage) -> Mask:
    """Where several things are, those that looked already as all of them shall: bool (H, W)."""
    so = np.zeros_like(mask)
    things = separate(mask)
    for thing in things if len(things) > 1 else ():
        if recolour.taken(before, thing, stage) <= FAR:
            so |= thing
    return so


def _colour_fault(
    edit: PendingEdit, before: Pixels, after: Pixels, mask: Mask, under: Pixels
) -> Fault | None:
    """What is wrong with a thing's colour. Which of its colours is the main one tells what lies ``under`` its
    layer: red checks beside grey ones are told less surely than the white ones that they were.
    """
    stage = edit.request.colour if edit.request is not None else None
    look = read_look(edit.prompt, edit.target)
    if look.pattern not in ("", "plain"):
        return None
    limit = FAR
    if stage is None and look.value is not None and look.step is None:
        stage, limit = recolour.stage_for(look.value, before, mask), VERY_FAR
    if stage is not None and stage.body:
        mask = recolour.body_of(before, mask, edit.target)
    if stage is not None and recolour.taken(after, mask, stage, under) > limit:
        return "other colour"
    old = mask if stage is None else mask & ~_so_already(before, mask, stage)
    if limit == FAR and look.is_colour_only and old.any():
        return "old colour" if recolour.left_over(before, after, old, under) > LEFT else None
    return None


def _is_there(found: Found, region: Mask) -> bool:
    """Whether a thing was found where it was painted: one of those of its kind lies there for the most part,
    and it is no speck.
    """
    least = FOUND * np.count_nonzero(region)
    if np.count_nonzero(found.mask & region) >= 0.5 * np.count_nonzero(region):
        return True  # it may be one with another of its kind beside it
    return any(
        np.count_nonzero(thing & region) >= max(least, 0.5 * np.count_nonzero(thing))
        for thing in separate(found.mask, found.things)
    )


def _may_grow(edit: PendingEdit) -> bool:
    """Whether a second try may take a larger mask: of a thing that goes, unless a user gave the mask."""
    return edit.kind == "remove" and not edit.remasked and (edit.request is None or edit.request.grow is None)


def _grown(mask: Mask) -> Mask:
    return np.asarray(ndimage.distance_transform_edt(~mask) <= GROWN * mask.shape[0])


def _is_computed(context: TurnContext, edit: PendingEdit) -> bool:
    """Whether another try would come out the same."""
    request = edit.request
    return request is not None and request.engine in context.preset.computing.get(edit.kind, ())


def _looked_for(context: TurnContext, after: Pixels, edits: Sequence[PendingEdit]) -> list[Found | None]:
    """What the segmenter sees of each edit's thing in the new picture, all in one call; None where nobody
    need look. A new thing is also looked for among all of its kind.
    """
    sought = [_phrases(context, edit) for edit in edits]
    wanted = list(dict.fromkeys(phrase for each in sought for phrase in each))
    if not wanted:
        return [None] * len(edits)
    there = dict(
        zip(
            wanted, find(context.engines.segmenter(), after, wanted, cancelled=context.cancelled), strict=True
        )
    )
    return [
        max((there[phrase] for phrase in each), key=lambda found: _inside(context, edit, found), default=None)
        for edit, each in zip(edits, sought, strict=True)
    ]


def _phrases(context: TurnContext, edit: PendingEdit) -> list[str]:
    if edit.kind in ("add", "replace") and _is_computed(context, edit):
        # A renderer draws what it was asked for. Of 24 that it drew 23 were right, looked at one by one, and
        # the pocket segmenter saw 16: its word would take back a third of what is plainly there. What it
        # draws in place of something is drawn in the same way.
        return []
    if edit.kind == "remove" and _is_computed(context, edit):
        # Nor does an engine that is sure of a removal leave the thing: of 100 in 108 rooms the pocket
        # segmenter saw 7 still, most of them in the bare floor, and 6 of these were right.
        return []
    if edit.kind == "remove":
        return [edit.target] if phrases.says_something(edit.target) else []
    noun = " ".join(parse(edit.prompt).noun) if edit.kind in ("add", "replace") else ""
    return [phrases.definite(noun), f"all the {plural(noun)}"] if phrases.says_something(noun) else []


def _inside(context: TurnContext, edit: PendingEdit, found: Found) -> int:
    """How many pixels of what was found lie where an edit was painted."""
    return int(np.count_nonzero(found.mask & _painted(context, edit, np.zeros_like(found.mask))))


def _painted(context: TurnContext, edit: PendingEdit, mask: Mask) -> Mask:
    """Where an edit's patch is more than half opaque."""
    region = np.zeros_like(mask)
    if edit.patch is not None and edit.box is not None:
        x0, y0, x1, y1 = edit.box
        region[y0:y1, x0:x1] = context.session.pictures.get(edit.patch)[..., 3] >= 128
    return region


def _lies_flat(target: str) -> bool:
    return thing_in(target)[1].stands == "flat"


def _share(found: Found | None, mask: Mask) -> float:
    """The share of a mask on which something was found."""
    if found is None:
        return 0.0
    return float(np.count_nonzero(found.mask & mask)) / max(1, int(np.count_nonzero(mask)))


def _above_the_dropped(before: Sequence[PendingEdit], after: list[PendingEdit]) -> list[PendingEdit]:
    """Edits that were painted on top of one that is given up are painted again, without it."""
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if not old.open or new.open or old.box is None:
            continue
        for above in range(index + 1, len(after)):
            edit = after[above]
            if edit.open and edit.box is not None and Box(*edit.box).overlaps(Box(*old.box)):
                after[above] = paint.unpainted(edit)
    return after
