"""From what the segmenter found to the mask of what an edit is about: one of several things, the rest of
them, all but some, or the place of a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.turn import phrases
from agent.turn.pending_edit import PendingEdit, WhichOne
from agent.turn.reply import only_one, too_few
from sessions.model import Layer
from tools.inpainting.placement import mask_for_place
from tools.language.object_sizes import thing_in
from tools.language.places import Place
from tools.language.referring import other_than, read_phrase, separate, told_apart
from tools.segmenting.base import Found

if TYPE_CHECKING:
    from sessions.session import Session

Region = NDArray[np.bool_]

NEVER_SEVERAL = frozenset({"", "rug", "curtain", "bookshelf", "bed", "window"})
"""Kinds of which a part behind something else looks like another one, or of which a pair is one thing."""

AS_LARGE = 0.5
"""Of two things of a kind, one that is smaller than this share of the other is not meant."""


def with_mask(
    session: Session, edit: PendingEdit, found: Mapping[str, Found], place: Place | None, *, guesses: bool
) -> PendingEdit:
    """The edit with the mask of what is meant among what was ``found``, by role; not found, or refused with
    a question, where that is nothing, or one of several. With ``guesses`` the best of several is taken.
    """
    mask: Region
    if kept := [each for role, each in found.items() if role.startswith("kept")]:
        return _all_but(session, edit, found["all"], kept)
    if place is None and "object" not in found:
        return _rest(session, edit, found["all"])
    if place is None:
        there = found["object"]
        if not there.present:
            return edit.but(outcome="not found", confidence=there.confidence)
        mask, confidence = there.mask, there.confidence
        several = as_good(mask, found["all"]) if "all" in found else []
        if len(several) > 1 and guesses:
            return _guessed(session, edit, there, several)
        if len(several) > 1 and (names := told_apart(several)):
            return _ask_which(session, edit, several, names)
        if len(several) > 3:
            several.sort(key=lambda thing: float(np.nonzero(thing)[1].mean()))
            return _ask_which(session, edit, several, ())
        edit = _as_many(edit, there)
        if not edit.open:
            return edit
    else:
        named = {"anchor": place.anchor, "other": place.other}
        missing = [role for role in named if role in found and not found[role].present]
        if missing:
            absent = " or ".join(phrases.bare(named[role] or "") for role in missing)
            return edit.but(outcome="not found", missing=absent, confidence=found[missing[0]].confidence)
        if place.relation == "between" and place.anchor and not place.other and _is_one(found["anchor"]):
            return edit.but(outcome="refused", why=only_one(read_phrase(place.anchor).noun))
        masks = {role: each.mask for role, each in found.items() if each.present}
        mask = mask_for_place(
            place,
            edit.prompt,
            session.size,
            anchor=masks.get("anchor"),
            other=masks.get("other"),
            floor=masks.get("floor"),
            wall=masks.get("wall"),
        )
        confidence = min(
            (found[role].confidence for role in ("anchor", "other") if role in found), default=1.0
        )
    return _with(session, edit, mask, confidence)


def _is_one(found: Found) -> bool:
    return len(separate(found.mask, found.things)) < 2


def _with(session: Session, edit: PendingEdit, mask: Region, confidence: float) -> PendingEdit:
    area = float(np.count_nonzero(mask)) / mask.size
    return edit.but(mask=session.pictures.put(mask), area=area, confidence=confidence)


def _guessed(session: Session, edit: PendingEdit, found: Found, things: Sequence[Region]) -> PendingEdit:
    """The edit about the one of several things that was found first, and what is to be said of that."""
    best = max(range(len(things)), key=lambda index: int((things[index] & found.mask).sum()))
    which = WhichOne(
        noun=read_phrase(edit.target).noun,
        count=len(things),
        names=tuple(told_apart(things) or ()),
        taken=best,
    )
    return _with(session, edit, things[best] & found.mask, found.confidence).but(which=which)


def _ask_which(
    session: Session, edit: PendingEdit, things: Sequence[Region], names: Sequence[str]
) -> PendingEdit:
    """The edit, not done before the user said which of several things is meant."""
    masks = tuple(session.pictures.put(thing) for thing in things)
    noun = read_phrase(edit.target).noun
    which = WhichOne(noun=noun, count=len(things), names=tuple(names), masks=masks)
    return edit.but(outcome="refused", which=which)


def _rest(session: Session, edit: PendingEdit, everything: Found) -> PendingEdit:
    """The edit with the mask of what layers of the session have not taken yet, of all that bear its name."""
    rest = other_than(edit.target)
    assert rest is not None
    taken = np.zeros(everything.mask.shape, bool)
    before = _about(session, rest.noun)
    for layer in before:
        taken |= session.pictures.get(layer.mask) > 0
    left = [
        thing & ~taken
        for thing in separate(everything.mask, everything.things)
        if (thing & taken).sum() < 0.4 * thing.sum()
    ]
    count = len(left) if rest.count is None else rest.count
    if len(left) < max(1, count) or (not before and len(left) == 1):
        return edit.but(outcome="not found", confidence=everything.confidence)
    if len(left) > count:
        names = told_apart(left) if count == 1 else None
        which = WhichOne(noun=f"other {rest.noun}", count=len(left), names=tuple(names or ()))
        return edit.but(outcome="refused", which=which)
    return _with(session, edit, np.logical_or.reduce(left), everything.confidence)


def _all_but(session: Session, edit: PendingEdit, everything: Found, kept: Sequence[Found]) -> PendingEdit:
    """The edit with the mask of all things of a name but those that are to stay as they are."""
    noun = everything.phrase.removeprefix("all the ")
    missing = next((found for found in (everything, *kept) if not found.present), None)
    if missing is not None:
        name = noun if missing is everything else missing.phrase
        return edit.but(outcome="not found", confidence=missing.confidence, missing=name)
    things = separate(everything.mask, everything.things)
    staying = [_is_in(thing, each.mask) for thing in things for each in kept]
    left = [thing for thing in things if not any(_is_in(thing, each.mask) for each in kept)]
    if not left or not any(staying):
        names = told_apart(things) or ()
        which = WhichOne(noun=phrases.single(noun), count=len(things), names=tuple(names))
        return edit.but(outcome="refused", which=which)
    confidence = min(everything.confidence, *(each.confidence for each in kept))
    return _with(session, edit, np.logical_or.reduce(left), confidence)


def _is_in(thing: Region, mask: Region) -> bool:
    return bool((thing & mask).sum() >= 0.4 * thing.sum())


def _about(session: Session, noun: str) -> list[Layer]:
    """The layers about single things of a kind: those that are seen, else all."""
    kind = thing_in(noun)[0]
    alike = []
    for layer in session.layers:
        wanted = read_phrase(layer.target)
        same = wanted.noun == noun or (kind and thing_in(layer.target)[0] == kind)
        if layer.kind != "add" and same and wanted.count == 1:
            alike.append(layer)
    return [layer for layer in alike if layer.visible] or alike


def as_good(found: Region, everything: Found) -> list[Region]:
    """The things of a kind, of ``everything`` of it, that a phrase for a single one may mean as well as what
    was ``found`` (H, W) for it: where there are several that are about as large, all of these, else none.
    """
    things = separate(everything.mask, everything.things)
    largest = max((int(thing.sum()) for thing in things), default=0)
    near = [thing for thing in things if thing.sum() >= AS_LARGE * largest]
    return near if len(near) > 1 and any((thing & found).any() for thing in near) else []


def _as_many(edit: PendingEdit, found: Found) -> PendingEdit:
    """The edit, refused where its phrase counts its things and another number of them was ``found``."""
    wanted = read_phrase(edit.target)
    count = wanted.count or 1
    if count < 2 or thing_in(edit.target)[0] in NEVER_SEVERAL:
        return edit
    things = separate(found.mask, found.things)
    if len(things) < count:
        return edit.but(outcome="refused", why=too_few(wanted.noun, len(things), count))
    largest = max(int(thing.sum()) for thing in things)
    near = [thing for thing in things if thing.sum() >= AS_LARGE * largest]
    if len(near) <= count or wanted.order != "best":
        return edit
    return edit.but(outcome="refused", which=WhichOne(noun=wanted.noun, count=len(near)))
