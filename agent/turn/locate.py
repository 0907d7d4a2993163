"""Finding the objects of edits: one segmenter call a picture for all of them.

A new object's mask is proposed at its place. Runs in the worker thread, and changes nothing in the session
but stored masks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.turn import occlusion
from agent.turn.choose_mask import NEVER_SEVERAL, with_mask
from agent.turn.context import TurnContext
from agent.turn.named_colours import coloured_like, of_named_colour, other_thing
from agent.turn.pending_edit import PendingEdit
from agent.turn.reply import Doubt, hidden_by_transparency
from sessions.model import Changes, Layer
from tools.inpainting.placement import landmarks
from tools.language.object_sizes import (
    by_first_name,
    kinds_meant,
    noun_in,
    thing_in,
    without_unknown_words,
)
from tools.language.places import is_expanse, read_place
from tools.language.referring import all_but, other_than, plural, read_phrase, separate
from tools.pictures import is_hidden
from tools.segmenting.base import Found, find

if TYPE_CHECKING:
    from sessions.session import Session

LARGEST = 0.6
"""A thing with a larger share of the picture than this was hardly found, unless it is a surface."""

_ORIGINAL = re.compile(r"(?:the )?original ")
"""How a thing is called as it was in the base picture."""

SAME = 0.3
"""A mask that was found anew is that of the same thing when it shares this much with the old one (IoU)."""

LEAST_CONFIDENCE = 0.55
"""Below this the segmenter is taken to guess."""


def find_objects(context: TurnContext, edits: Sequence[PendingEdit], visible: Changes) -> list[PendingEdit]:
    """Find the objects of all open edits without a mask, in the picture at the head after ``visible``.

    An edit whose object (or place) is not there gets the outcome "not found".
    """
    session = context.session
    layers = occlusion.shown(session, visible)
    places = {index: read_place(edit.target) for index, edit in enumerate(edits) if _is_new(edit)}
    roles: dict[int, dict[str, str]] = {}
    for index, edit in enumerate(edits):
        named: dict[str, str] = {}
        if edit.open and edit.mask is None:
            place = places.get(index)
            named |= landmarks(place, edit.prompt) if place else _asked(edit)
        if (like := other_thing(edit)) and not _ORIGINAL.match(like):
            named["like"] = like
        if named or like:
            roles[index] = named
    if not roles:
        return list(edits)
    out = {
        index: _left_out(edits[index], layers, tuple(named.values()), of_place=index in places)
        for index, named in roles.items()
    }
    everything = tuple(layer.id for layer in layers)
    first = {
        index: _ORIGINAL.sub("the ", like)
        for index in roles
        if "like" not in roles[index] and (like := other_thing(edits[index]))
    }
    founds = _found(
        context,
        visible,
        [
            *((phrase, out[index]) for index in roles for phrase in roles[index].values()),
            *((phrase, everything) for phrase in first.values()),
        ],
    )
    located = list(edits)
    for index, wanted_there in roles.items():
        seen = {role: founds[phrase, out[index]] for role, phrase in wanted_there.items()}
        edit = edits[index]
        if "like" in seen:
            edit = coloured_like(edit, occlusion.without(session, visible, ()), seen.pop("like"))
        elif index in first:
            at_first = occlusion.without(session, visible, everything)
            edit = coloured_like(edit, at_first, founds[first[index], everything])
        if seen and edit.open:
            edit = with_mask(session, edit, seen, places.get(index), guesses=context.guesses)
            if edit.layer is not None:
                edit = _anew(session, edits[index], edit, layers, out[index])
            elif edit.open and index not in places:
                edit = _behind(session, edit, layers, out[index])
        if index not in places:
            alike = partial(_alike, context, edit, visible, out[index])
            edit = of_named_colour(session, edit, visible, alike)
        located[index] = edit
    return located


def _left_out(
    edit: PendingEdit, layers: Sequence[Layer], phrases: Sequence[str], *, of_place: bool
) -> tuple[int, ...]:
    """The layers without which an edit's things are looked for, all in one picture; among them the one that
    is made anew.
    """
    each = [occlusion.left_out(layers, phrase, of_place=of_place) for phrase in (edit.target, *phrases)]
    out = tuple(number for number in each[0] if all(number in other for other in each))
    own = [layer.id for layer in layers if layer.id == edit.layer and layer.id not in out]
    return (*out, *own)


def _found(
    context: TurnContext, visible: Changes, wanted: Sequence[tuple[str, tuple[int, ...]]]
) -> dict[tuple[str, tuple[int, ...]], Found]:
    """What the segmenter finds of phrases, each in the picture without some layers: one call a picture."""
    founds: dict[tuple[str, tuple[int, ...]], Found] = {}
    for out in dict.fromkeys(out for _, out in wanted):
        phrases = [phrase for phrase, its in wanted if its == out]
        picture = occlusion.without(context.session, visible, out)
        found = find(context.engines.segmenter(), picture, phrases, cancelled=context.cancelled)
        founds |= {(phrase, out): each for phrase, each in zip(phrases, found, strict=True)}
        # a segmenter may know a thing by its other name alone: "pillows" are cushions
        for otherwise in (by_first_name, without_unknown_words):
            others = {phrase: otherwise(phrase) for phrase in phrases if not founds[phrase, out].present}
            if others := {phrase: name for phrase, name in others.items() if name != phrase}:
                names = list(others.values())
                again = find(context.engines.segmenter(), picture, names, cancelled=context.cancelled)
                founds |= {
                    (phrase, out): each for phrase, each in zip(others, again, strict=True) if each.present
                }
        for phrase in phrases:
            if not founds[phrase, out].present and (kinds := kinds_meant(phrase)):
                founds[phrase, out] = _of_kinds(context, picture, phrase, kinds)
    return founds


def _of_kinds(context: TurnContext, picture: NDArray[np.uint8], phrase: str, kinds: Sequence[str]) -> Found:
    """All things of several kinds: the sofa and the chairs for "all the seats"."""
    names = [f"all the {plural(kind)}" for kind in kinds]
    found = find(context.engines.segmenter(), picture, names, cancelled=context.cancelled)
    there = [each for each in found if each.present]
    things: list[NDArray[np.bool_]] = []
    for each in there:
        for one in separate(each.mask, each.things):  # an armchair is found as a chair, too
            if not any(np.count_nonzero(one & other) > SAME * np.count_nonzero(one) for other in things):
                things.append(one)
    if not things:
        return found[0]
    mask = np.logical_or.reduce(things)
    words = next(each.words for each in there)
    return Found(phrase, mask, min(each.confidence for each in there), words, tuple(things))


def _alike(
    context: TurnContext, edit: PendingEdit, visible: Changes, out: tuple[int, ...]
) -> list[NDArray[np.bool_]]:
    """All things of the kind of an edit's, each by itself."""
    phrase = f"all the {plural(noun_in(edit.target))}"
    found = _found(context, visible, [(phrase, out)])[phrase, out]
    return separate(found.mask, found.things) if found.present else []


def _anew(
    session: Session, edit: PendingEdit, found: PendingEdit, layers: Sequence[Layer], out: Sequence[int]
) -> PendingEdit:
    """The edit of a layer that is made anew because what stands before it has changed: with the mask that
    was ``found`` for it now, but for what was put there below it; with its old one where that is another
    thing's.
    """
    layer = session.layer(edit.layer or 0)
    old = session.pictures.get(layer.mask) >= 128
    mask = session.pictures.get(found.mask) >= 128 if found.open and found.mask else np.zeros_like(old)
    order = [each.id for each in layers]
    for each in layers[: order.index(layer.id)] if layer.id in order else ():
        if each.id in out and occlusion.is_cut_out(each):
            mask = mask & ~occlusion.where(session, each, mask.shape)
    if np.count_nonzero(mask & old) < SAME * np.count_nonzero(mask | old):
        return edit.but(mask=layer.mask, area=layer.area)
    area = float(np.count_nonzero(mask)) / mask.size
    return edit.but(mask=session.pictures.put(mask), area=area)


def _behind(session: Session, edit: PendingEdit, layers: Sequence[Layer], out: Sequence[int]) -> PendingEdit:
    """The edit beneath the things that were put before its own, and without what is another thing's."""
    found = session.pictures.get(edit.mask or "") >= 128
    mask, under = occlusion.before(
        session, layers, occlusion.apart(session, layers, found, out, edit.target), out
    )
    if not mask.any():
        return edit.but(outcome="not found")
    if np.array_equal(mask, found):
        return edit.but(under=under)
    area = float(np.count_nonzero(mask)) / mask.size
    return edit.but(mask=session.pictures.put(mask), area=area, under=under)


def give_up_unseen(session: Session, edits: Sequence[PendingEdit]) -> tuple[list[PendingEdit], list[str]]:
    """The edits, those that lie where the picture is transparent given up, and a sentence about each."""
    alpha = session.alpha
    kept = list(edits)
    remarks = []
    for index, edit in enumerate(edits if alpha is not None else ()):
        if edit.open and edit.mask and is_hidden(alpha, session.pictures.get(edit.mask) >= 128):
            kept[index] = edit.but(outcome="skipped", patch=None)
            remarks.append(hidden_by_transparency(missing_thing(edit)))
    return kept, remarks


def _asked(edit: PendingEdit) -> dict[str, str]:
    """What is looked for to find a target, by role: the thing itself; all of its kind where it is told by
    those that were spoken of before, or where there may be several.
    """
    target = edit.target
    if edit.layer is not None:
        return {"object": target}
    if (but := all_but(target)) is not None:
        return {"all": but[0], **{f"kept{index}": kept for index, kept in enumerate(but[1])}}
    rest = other_than(target)
    if rest is not None:
        return {"all": f"all the {plural(rest.noun)}"}
    wanted = read_phrase(target)
    single = wanted.order == "best" and wanted.count == 1 and thing_in(target)[0] not in NEVER_SEVERAL
    if single and noun_in(target) == wanted.noun:
        return {"object": target, "all": f"all the {plural(wanted.noun)}"}
    return {"object": target}


def doubt_of(edit: PendingEdit) -> Doubt | None:
    """Why it is doubtful that the right thing was found; None when it is not."""
    if not edit.open or edit.mask is None or edit.layer is not None or edit.patch is not None:
        return None
    if edit.kind == "add" or edit.grow == 0:
        return None
    if edit.which is not None:
        return "guessed"
    if (edit.area or 0.0) > LARGEST and not is_expanse(edit.target):
        return "large"
    return "unsure" if edit.confidence < LEAST_CONFIDENCE else None


def _is_new(edit: PendingEdit) -> bool:
    return edit.open and edit.kind == "add" and edit.layer is None and edit.mask is None


def missing_thing(edit: PendingEdit) -> str:
    """What was looked for, in the user's words: for ``add``, what the place is told by."""
    if edit.missing:
        return edit.missing
    if edit.kind != "add":
        return edit.target
    place = read_place(edit.target)
    return " and ".join(phrase for phrase in (place.anchor, place.other) if phrase) or edit.target
