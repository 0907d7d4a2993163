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

from agent.turn import paint, sentences, visibility
from agent.turn.context import Bench
from agent.turn.state import Piece
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

LEFT_OVER = 0.35
"""A removed object is still there when it is found on more than this share of its old mask."""

FOUND = 0.1
"""A new thing is there when it is found on this share of what was painted for it, and lies there for the most
part."""

GROWN = 0.02
"""How far, in heights of the picture, the mask of a removed thing grows for a second try."""

RETRIES = 1


def check(bench: Bench, visible: Changes, pieces: Sequence[Piece]) -> list[Piece]:
    """Measure all painted pieces that were not looked at yet.

    One that failed comes back without its patch, to be painted again, or after its last try with the outcome
    "no change" or "offered", and why.
    """
    looked = [i for i, piece in enumerate(pieces) if piece.open and not piece.checked and piece.patch]
    if not looked:
        return list(pieces)
    session = bench.session
    before = session.picture()
    after = session.preview(paint.changes_of(session, visible, pieces))
    seen = _looked_for(bench, after, [pieces[i] for i in looked])
    checked = list(pieces)
    for index, found in zip(looked, seen, strict=True):
        if bench.cancelled():
            raise Cancelled
        piece = pieces[index]
        mask = session.pictures.get(piece.mask or "") >= 128
        # A layer with another mask is measured against what lies below it: most of it is as it was before.
        ground = session.below(piece.layer or 0) if piece.remasked else before
        if piece.under is not None:
            mask = mask & ~visibility.covered(session, piece.under, mask.shape)
        if piece.kind in ("add", "replace"):  # the mask is a place, or what stood there
            mask = _painted(bench, piece, mask)
        if _is_of_materials(piece) and parts.is_framework(piece.target):
            mask = _framework(ground, mask, piece.target)
        fault = _unseen(ground, after, mask) or _fault(piece, ground, after, mask, found)
        if fault is None and piece.remasked and piece.refreshes is not None:
            fault = _unpainted_part(ground, after, mask & ~session.mask(piece.layer or 0))
        if fault is None:
            checked[index] = piece.but(checked=True)
        elif piece.attempt < RETRIES and not piece.remasked and not _is_computed(bench, piece):
            checked[index] = paint.unpainted(piece).but(attempt=piece.attempt + 1)
        elif piece.attempt < RETRIES and _may_grow(piece) and fault != _UNSEEN:
            # Its shadow, or a rim that the mask had missed: once more with a larger mask.
            larger = session.pictures.put(_grown(session.pictures.get(piece.mask or "") >= 128))
            checked[index] = paint.unpainted(piece).but(attempt=piece.attempt + 1, mask=larger)
        else:
            outcome = "no change" if fault == _UNSEEN else "offered"
            checked[index] = piece.but(outcome=outcome, why=fault)
    return _above_the_dropped(pieces, checked)


def _is_of_materials(piece: Piece) -> bool:
    return piece.request is not None and piece.request.engine == Materials.name


def _framework(before: Pixels, mask: Mask, target: str) -> Mask:
    """The frame of what is seen through: it is what takes a colour, and little of the thing."""
    box = bounds(mask)
    part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    frame = np.zeros_like(mask)
    found = parts.surface(before[part], mask[part], target)
    frame[part] = mask[part] if found is None else found
    return frame


_UNSEEN = "nothing changed that one would see"


def _unseen(before: Pixels, after: Pixels, mask: Mask) -> str | None:
    return _UNSEEN if recolour.seen(before, after, mask) < SEEN else None


def _unpainted_part(before: Pixels, after: Pixels, part: Mask) -> str | None:
    """What is wrong where a mask took a part in that kept its own look, as half a sentence."""
    if not part.any() or recolour.seen(before, after, part) >= SEEN:
        return None
    return "what came into the mask kept its own look"


def _fault(piece: Piece, before: Pixels, after: Pixels, mask: Mask, found: Found | None) -> str | None:
    """What is wrong with a piece that changed the picture, as half a sentence; None when nothing is."""
    name = sentences.definite(piece.target)
    match piece.kind:
        case "restyle":
            return _material_fault(piece, before, after, mask) or _colour_fault(piece, before, after, mask)
        case "remove":
            share = _share(found, mask)
            if share > LEFT_OVER:
                return f"there is still something of {name} to see"
            return f"the outline of {name} can still be seen" if outline_left(after, mask) > OUTLINE else None
        case "add" | "replace":
            if found is not None and not _is_there(found, mask):
                return f"I do not see {sentences.definite(piece.prompt)} in what came out"
    return None


def _material_fault(piece: Piece, before: Pixels, after: Pixels, mask: Mask) -> str | None:
    if piece.request is None or not _is_of_materials(piece):
        return None
    name = sentences.definite(piece.target)
    patterned = Materials.has_pattern(piece.prompt, piece.target)
    match verification.fault(before, after, mask, piece.target, piece.request.colour, patterned=patterned):
        case "kept":
            return f"a part of {name} kept its old look"
        case "ghost":
            return f"the old pattern of {name} can still be seen"
        case "colour":
            return f"{name} did not take the colour that you asked for"
    return None


def _so_already(before: Pixels, mask: Mask, stage: ColourStage) -> Mask:
    """Where several things are, those that looked already as all of them shall: bool (H, W)."""
    so = np.zeros_like(mask)
    things = separate(mask)
    for thing in things if len(things) > 1 else ():
        if recolour.taken(before, thing, stage) <= FAR:
            so |= thing
    return so


def _colour_fault(piece: Piece, before: Pixels, after: Pixels, mask: Mask) -> str | None:
    name = sentences.definite(piece.target)
    stage = piece.request.colour if piece.request is not None else None
    look = read_look(piece.prompt, piece.target)
    if look.pattern not in ("", "plain"):
        return None
    limit = FAR
    if stage is None and look.value is not None and look.step is None:
        stage, limit = recolour.stage_for(look.value, before, mask), VERY_FAR
    if stage is not None and stage.body:
        mask = recolour.body_of(before, mask, piece.target)
    if stage is not None and recolour.taken(after, mask, stage) > limit:
        return f"{name} did not take the colour that you asked for"
    old = mask if stage is None else mask & ~_so_already(before, mask, stage)
    if limit == FAR and look.is_colour_only and old.any() and recolour.left_over(before, after, old) > LEFT:
        return f"a part of {name} kept its old colour"
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


def _may_grow(piece: Piece) -> bool:
    """Whether a second try may take a larger mask: of a thing that goes, unless a user gave the mask."""
    return (
        piece.kind == "remove"
        and not piece.remasked
        and (piece.request is None or piece.request.grow is None)
    )


def _grown(mask: Mask) -> Mask:
    return np.asarray(ndimage.distance_transform_edt(~mask) <= GROWN * mask.shape[0])


def _is_computed(bench: Bench, piece: Piece) -> bool:
    """Whether another try would come out the same."""
    request = piece.request
    return request is not None and request.engine in bench.preset.computing.get(piece.kind, ())


def _looked_for(bench: Bench, after: Pixels, pieces: Sequence[Piece]) -> list[Found | None]:
    """What the segmenter sees of each piece's thing in the new picture, all in one call; None where nobody
    need look. A new thing is also looked for among all of its kind.
    """
    phrases = [_phrases(bench, piece) for piece in pieces]
    wanted = list(dict.fromkeys(phrase for each in phrases for phrase in each))
    if not wanted:
        return [None] * len(pieces)
    there = dict(
        zip(wanted, find(bench.engines.segmenter(), after, wanted, cancelled=bench.cancelled), strict=True)
    )
    return [
        max((there[phrase] for phrase in each), key=lambda found: _inside(bench, piece, found), default=None)
        for piece, each in zip(pieces, phrases, strict=True)
    ]


def _phrases(bench: Bench, piece: Piece) -> list[str]:
    if piece.kind == "add" and _is_computed(bench, piece):
        # A renderer draws what it was asked for. Of 24 that it drew 23 were right, looked at one by one, and
        # the pocket segmenter saw 16: its word would take back a third of what is plainly there.
        return []
    if piece.kind == "remove":
        return [piece.target] if sentences.says_something(piece.target) else []
    noun = " ".join(parse(piece.prompt).noun) if piece.kind in ("add", "replace") else ""
    return [sentences.definite(noun), f"all the {plural(noun)}"] if sentences.says_something(noun) else []


def _inside(bench: Bench, piece: Piece, found: Found) -> int:
    """How many pixels of what was found lie where a piece was painted."""
    return int(np.count_nonzero(found.mask & _painted(bench, piece, np.zeros_like(found.mask))))


def _painted(bench: Bench, piece: Piece, mask: Mask) -> Mask:
    """Where a piece's patch is more than half opaque."""
    region = np.zeros_like(mask)
    if piece.patch is not None and piece.box is not None:
        x0, y0, x1, y1 = piece.box
        region[y0:y1, x0:x1] = bench.session.pictures.get(piece.patch)[..., 3] >= 128
    return region


def _share(found: Found | None, mask: Mask) -> float:
    """The share of a mask on which something was found."""
    if found is None:
        return 0.0
    return float(np.count_nonzero(found.mask & mask)) / max(1, int(np.count_nonzero(mask)))


def _above_the_dropped(before: Sequence[Piece], after: list[Piece]) -> list[Piece]:
    """Edits that were painted on top of one that is given up are painted again, without it."""
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if not old.open or new.open or old.box is None:
            continue
        for above in range(index + 1, len(after)):
            piece = after[above]
            if piece.open and piece.box is not None and Box(*piece.box).overlaps(Box(*old.box)):
                after[above] = paint.unpainted(piece)
    return after
