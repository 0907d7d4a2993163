"""From the steps of a plan to edits whose objects are still to be found.

An edit that revises a layer has that layer's mask; a picked variation is painted already. Runs in the worker
thread, and changes nothing in the session but stored masks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from agent.planner.plan import Edit, Keep, Mask, Pick, Refresh, Show, Step, Variations
from agent.planner.resolve.command_steps import FILE
from agent.planner.resolve.wording import revised
from agent.turn import phrases, refresh
from agent.turn.context import TurnContext
from agent.turn.known_words import as_known
from agent.turn.mask_steps import given_mask, other_mask
from agent.turn.pending_edit import PendingEdit, Refusal
from agent.turn.reply import still_there
from agent.turn.user_paths import meant
from sessions.errors import SessionError
from sessions.model import Layer
from tools.errors import PictureError
from tools.inpainting.computed.main_colour import main_colour
from tools.inpainting.request import Request
from tools.inpainting.routing import MIRRORS
from tools.language.colours import name_of
from tools.language.looks import Look, read_look
from tools.language.noun_phrases import parse
from tools.language.object_sizes import thing_in
from tools.language.parts import cover_added, named_part, part_added, sizes_in
from tools.language.referring import without
from tools.pictures import read_picture

if TYPE_CHECKING:
    from sessions.session import Session

_PART_OF = {
    **dict.fromkeys(("lampshade", "lampshades"), "lamp"),
    "headboard": "bed",
    **dict.fromkeys(("armrest", "armrests", "backrest"), "armchair"),
    **dict.fromkeys(("windowsill", "sill"), "window"),
}
"""Parts that are named without their thing."""

LEAST_LEFT = 0.02
"""A mask of which less than this share would be left is not changed."""

_COLOUR_OF_FILE = re.compile(r"(?P<rest>.+) the colour of (?P<file>.+)")


def pending_edits(context: TurnContext, step_group: Sequence[Step]) -> tuple[list[PendingEdit], list[str]]:
    """The edits that a step group asks for, not located yet, and sentences about those that cannot be."""
    edits: list[PendingEdit] = []
    remarks: list[str] = []
    for step in step_group:
        try:
            if isinstance(step, Edit):
                made = _pending(context.session, step.target, step.prompt, step.kind, step.layer)
                made = _in_picture_colour(_of_same_kind(context, made))
                made = as_known(context, _within(context, made))
                edits.append(_given(context, made, step.within))
            elif isinstance(step, Mask):
                edits.append(_remasked(context, step))
            elif isinstance(step, Variations):
                edits.append(_within(context, _varied(context, step)))
            elif isinstance(step, Pick):
                edits.append(_picked(context, step))
            elif isinstance(step, Keep):
                edits += _kept(context)
            elif isinstance(step, Refresh):
                edits.append(_refreshed(context.session, step.layer))
            elif isinstance(step, Show) and step.version is not None:
                edits.append(_earlier(context.session, step.layer, step.version))
        except (Refusal, SessionError, PictureError) as refusal:
            remarks.append(str(refusal))
            if isinstance(step, Edit):
                edits.append(
                    PendingEdit(target=step.target, prompt=step.prompt, kind=step.kind, outcome="skipped")
                )
    return edits, remarks


def _pending(session: Session, target: str, prompt: str, kind: str, layer: int | None) -> PendingEdit:
    target, prompt = " ".join(target.split()), " ".join(prompt.split())
    old = session.layer(layer) if layer is not None else None
    if old is not None and not phrases.says_something(target):
        target = old.target
    if kind != "remove" and not phrases.says_something(prompt):
        raise Refusal(f"I do not know what to make of {phrases.definite(target)}: say how it should look.")
    if kind != "add" and not phrases.says_something(target):
        raise Refusal("I do not know what to change: name the thing, such as “the sofa”.")
    edit = PendingEdit.model_validate({"target": target, "prompt": prompt, "kind": kind, "layer": layer})
    return _of_layer(edit, old) if old is not None else edit


def _within(context: TurnContext, edit: PendingEdit) -> PendingEdit:
    """The edit, where it is a look, and the preset's engines can tell its thing: the pocket ones know things
    as a whole.
    """
    if edit.kind == "restyle" and _is_about_size(context.session, edit):
        raise Refusal(
            "I change how things look, not their size or shape:"
            f" say how {phrases.definite(phrases.bare(edit.target))} should look."
        )
    if not context.preset.drawn_rooms_only or edit.kind != "restyle":
        return edit
    name = phrases.definite(phrases.bare(edit.target))
    part = named_part(edit.target)
    if part is not None and thing_in(part.thing)[0]:
        raise Refusal(
            f"I can change {phrases.definite(part.thing)} as a whole here, not the {part.part} alone."
        )
    alone = _PART_OF.get(" ".join(parse(edit.target).noun[-1:]).lower())
    if alone is not None:
        raise Refusal(f"I can change the {alone} as a whole here, not {name} alone.")
    if thing_in(edit.target)[0] == "bed" and (look := cover_added(edit.prompt)):
        return edit.but(target="the bed cover", prompt=f"a {look} bed cover")
    if added := part_added(read_look(edit.prompt, edit.target).rest):
        raise Refusal(f"I can change {name} as a whole here, not the {added} alone.")
    if thing_in(edit.target)[0] in MIRRORS:
        raise Refusal(
            f"I cannot tell the frame of {name} from its glass, which shows the room: I can only take"
            " it away or put something else there."
        )
    return edit


def _of_same_kind(context: TurnContext, edit: PendingEdit) -> PendingEdit:
    """The edit as a look, where a thing is to be another of its kind and the engines draw each kind in
    one form only: a carpet instead of a carpet need not be taken away first.
    """
    if not context.preset.drawn_rooms_only or edit.kind != "replace" or edit.layer is not None:
        return edit
    old, new = (thing_in(each)[0] or " ".join(parse(each).noun) for each in (edit.target, edit.prompt))
    look = read_look(edit.prompt, edit.target)
    says_how = look.value is not None or look.material or look.pattern
    alike = old == new and bool(new) and new not in MIRRORS and bool(says_how) and not look.rest
    return edit.but(kind="restyle") if alike else edit


def _is_about_size(session: Session, edit: PendingEdit) -> bool:
    """Whether a look asks for another size or shape, which its mask cannot take."""
    look = read_look(edit.prompt, edit.target)
    said = edit.target if edit.layer is None else f"{edit.target} {session.layer(edit.layer).prompt}"
    new = sizes_in(look.rest) - sizes_in(said)
    return bool(new) and not look.material and not look.pattern


def _of_layer(edit: PendingEdit, layer: Layer) -> PendingEdit:
    look = read_look(edit.prompt, edit.target)
    if look.like and look.step is not None and read_look(layer.prompt, layer.target).like == look.like:
        # "darker": than it is, whatever became of the thing that it got its colour from
        stage = _request_of(layer).colour
        edit = edit.but(value=stage.value) if stage is not None else edit
    # The very same words for the same layer mean that the user wants to see another try.
    same = (edit.prompt, edit.kind) == (layer.prompt, layer.kind)
    return edit.but(mask=layer.mask, area=layer.area, again=layer.revision + 1 if same else 0)


def _varied(context: TurnContext, step: Variations) -> PendingEdit:
    session, offers = context.session, context.memory.offers
    if offers is not None and (not offers.are_on_offer(session.head) or offers.attempts):
        offers = None
    if step.like is not None and offers is None:
        raise Refusal("There are no variations yet: ask for some first.")
    layer = session.layer(step.layer) if step.layer is not None else None
    target = step.target or (layer.target if layer else "")
    prompt = step.prompt if step.prompt is not None else layer.prompt if layer else ""
    kind = step.kind or (layer.kind if layer else "restyle")
    suggests = kind == "restyle" and read_look(prompt, target) == Look()
    prompt = revised(phrases.indefinite(phrases.bare(target)), "") if suggests else prompt
    if not phrases.says_something(target):
        raise Refusal("I do not know what the variations should be of: name the thing and its look.")
    edit = _pending(session, target, prompt, kind, step.layer).but(suggests=suggests)
    if offers is None:
        return edit
    if step.like:
        if step.like > len(offers.edits):
            raise Refusal(f"There is no variation {step.like}: choose one from 1 to {len(offers.edits)}.")
        model = offers.at(session.head)[step.like - 1]
        colour = model.request.colour if model.request is not None else None
        return model.but(
            patch=None, box=None, request=None, checked=False, around=model.request,
            value=colour.value if colour is not None else None,
        )  # fmt: skip
    first = offers.edits[0]
    same = (first.target, first.prompt, first.kind) == (edit.target, edit.prompt, edit.kind)
    return edit.but(round=offers.round + 1) if same or step.like == 0 else edit


def _given(context: TurnContext, edit: PendingEdit, within: str | None) -> PendingEdit:
    """The edit with the mask that the user gave for it, which is a hard limit."""
    if within is None:
        return edit
    mask = given_mask(context.session, within)
    if not mask.any():
        raise Refusal(f"There is nothing in {within}.")
    return edit.but(mask=context.session.pictures.put(mask), area=float(mask.mean()), grow=0)


def _remasked(context: TurnContext, step: Mask) -> PendingEdit:
    """A layer with another mask, to be painted again as it was asked for."""
    session = context.session
    layer = session.layer(step.layer)
    name = phrases.definite(phrases.subject(layer))
    if not layer.visible:
        raise Refusal(f"{phrases.capital(name)} is hidden: show it before its mask is changed.")
    request = _request_of(layer)
    if step.how == "add" and request.colour is not None:  # what is added may have had another colour
        request = request.model_copy(update={"colour": request.colour.model_copy(update={"each": True})})
    if step.how in ("grow", "shrink") and request.colour is not None:
        colour = request.colour.model_copy(update={"exact": True})
        request = request.model_copy(update={"colour": colour})
    old = session.mask(layer.id)
    new = other_mask(context, step, old)
    if np.count_nonzero(new) < LEAST_LEFT * np.count_nonzero(old):
        raise Refusal(f"Nothing would be left of the mask of {name}, so it stays as it is.")
    if np.array_equal(new, old):
        raise Refusal(f"The mask of {name} would be the same, so nothing was changed.")
    elsewhere = step.how in ("box", "file", "invert")  # there another light falls, and other colours are
    value = request.colour.value if elsewhere and request.colour is not None else None
    target = without(layer.target, step.what) if step.how == "subtract" else layer.target
    return PendingEdit.model_validate(
        {
            "target": target, "prompt": layer.prompt, "kind": layer.kind, "layer": layer.id,
            "mask": session.pictures.put(new), "area": float(new.mean()), "value": value,
            "refreshes": None if elsewhere else request, "remasked": True,
            "grow": 0 if step.how in ("box", "file") else None,
        }
    )  # fmt: skip


def _request_of(layer: Layer) -> Request:
    """What a layer was painted by. Raises ``Refusal`` where that was another release."""
    try:
        return Request.model_validate(dict(layer.request))
    except ValidationError as error:
        thing = phrases.capital(phrases.definite(layer.target))
        raise Refusal(f"{thing} was painted by another release: say again how it should look.") from error


def _in_picture_colour(edit: PendingEdit) -> PendingEdit:
    """The edit with the main colour of a picture file, if its look names one, and that colour's name.

    Raises ``PictureError`` where the file is missing or no picture.
    """
    found = _COLOUR_OF_FILE.fullmatch(edit.prompt)
    if found is None or not FILE.search(found["file"]):
        return edit
    read = read_picture(meant(found["file"]))
    value = main_colour(read.pixels, read.alpha)
    return edit.but(prompt=revised(found["rest"], name_of(value)), value=value)


def _picked(context: TurnContext, step: Pick) -> PendingEdit:
    index = step.index
    offers = context.memory.offers
    if offers is None or not offers.are_on_offer(context.session.head) or offers.attempts:
        raise Refusal("There are no variations yet: ask for some first.")
    if index > len(offers.edits):
        raise Refusal(f"There is no variation {index}: pick one from 1 to {len(offers.edits)}.")
    edit = offers.at(context.session.head)[index - 1]
    if step.prompt is None:
        return edit.but(checked=True)  # it is what the user chose
    return edit.but(prompt=step.prompt, patch=None, box=None, request=None, checked=False, value=None)


def _kept(context: TurnContext) -> list[PendingEdit]:
    offers = context.memory.offers
    if offers is None or offers.version != context.session.head or not offers.attempts:
        raise Refusal("There is nothing on offer to keep: what you see is the picture as it is now.")
    if offers.passed:  # “keep it” may be about the sentence in between
        context.remember(offers=offers.model_copy(update={"passed": False}))
        raise Refusal(still_there([phrases.intention(edit) for edit in offers.edits]))
    return list(offers.edits)


def _earlier(session: Session, number: int, version: int) -> PendingEdit:
    """A layer as it was in an earlier version: its patch of then, and nothing is painted."""
    layer = session.layer(number, version)
    if not layer.visible:
        name = phrases.subject(layer)
        raise Refusal(f"In version {version} {name} was not there.")
    box = layer.box
    return PendingEdit.model_validate(
        {
            "target": layer.target, "prompt": layer.prompt, "kind": layer.kind, "layer": layer.id,
            "mask": layer.mask, "area": layer.area, "request": _request_of(layer), "patch": layer.patch,
            "box": (int(box.x0), int(box.y0), int(box.x1), int(box.y1)), "checked": True,
        }
    )  # fmt: skip


def _refreshed(session: Session, number: int) -> PendingEdit:
    layer = session.layer(number)
    if not layer.visible:
        thing = phrases.capital(phrases.definite(layer.target))
        raise Refusal(f"{thing} is hidden: show it before it is refreshed.")
    request = _request_of(layer)
    # What was put before it since, or is gone since, is no longer where its mask says.
    anew = layer.kind == "restyle" and request.grow is None and refresh.stands_elsewhere(session, layer)
    mask, area = layer.mask, layer.area
    back = refresh.back_again(session, layer)
    if (back & session.mask(number)).any() and not anew:  # what was taken away then stands before it now
        left = session.mask(number) & ~back
        if not left.any():
            thing = phrases.definite(layer.target)
            raise Refusal(f"All of the place of {thing} is hidden now, so nothing was changed.")
        mask, area = session.pictures.put(left), float(left.mean())
    return PendingEdit.model_validate(
        {
            "target": layer.target, "prompt": layer.prompt, "kind": layer.kind, "layer": layer.id,
            "mask": None if anew else mask, "area": area, "refreshes": request, "checked": True,
        }
    )  # fmt: skip
