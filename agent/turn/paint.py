"""Painting the edits of one step group: each on the pixels that it sees, and nothing that was not asked for.

A revised layer is painted from the pixels below it, in its place; a new edit from the picture with everything
before it. What lies above a changed layer stays as it was made (see ``agent.turn.refresh``). Runs in the
worker thread; patches go into the session's pictures, and the versions stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from agent.planner.resolve.wording import restyled
from agent.turn import phrases, suggestions
from agent.turn.context import TellEvent, TurnContext
from agent.turn.events import Event, noted
from agent.turn.pending_edit import PendingEdit, Refusal
from sessions.compose import Box, Patch, compose
from sessions.model import Changes, NewLayer
from sessions.pictures import digest_of
from tools.errors import EngineError, OutOfMemory
from tools.inpainting import routing
from tools.inpainting.base import (
    Doubtful,
    MaskedEdit,
    Painted,
    PaintingStep,
    StepListener,
    capabilities_of,
    compute,
    inpaint,
    seed_for,
    vary,
)
from tools.inpainting.request import Request
from tools.inpainting.routing import Previous, Route
from tools.kinds import Kind
from tools.language.looks import step_words

if TYPE_CHECKING:
    from sessions.session import Session

Pixels = NDArray[np.uint8]


def new_layer(session: Session, edit: PendingEdit) -> NewLayer:
    """A painted edit as the session takes it."""
    if edit.mask is None or edit.patch is None or edit.box is None or edit.request is None:
        raise ValueError(f"this edit is not painted: {edit}")
    return NewLayer(
        target=edit.target,
        prompt=edit.prompt,
        kind=edit.kind,
        mask=session.pictures.get(edit.mask) >= 128,
        patch=Patch(session.pictures.get(edit.patch), Box(*edit.box)),
        request=edit.request.model_dump(mode="json"),
        area=edit.area or 0.0,
        layer=edit.layer,
        under=edit.under,
    )


def changes_of(session: Session, visible: Changes, edits: Sequence[PendingEdit]) -> Changes:
    """What a commit of these edits changes: what is revised first, so that what is new comes last."""
    painted = [edit for edit in edits if edit.open and edit.patch is not None]
    revised = [edit for edit in painted if edit.layer is not None]
    made = [edit for edit in painted if edit.layer is None]
    return replace(visible, layers=tuple(new_layer(session, edit) for edit in (*revised, *made)))


def paint_edits(
    context: TurnContext, tell: TellEvent, visible: Changes, edits: Sequence[PendingEdit]
) -> list[PendingEdit]:
    """Paint all open edits that have no patch, and new ones again that lie on what is painted now.

    An edit that its engine refuses gets the outcome "refused" and the engine's sentence. Raises
    ``ToolError``, ``SessionError`` and ``Cancelled``.
    """
    done = list(edits)
    repainted = _paint_revised(context, tell, visible, done)
    repainted += _paint_beneath(context, tell, visible, done)
    _paint_new(context, tell, visible, done, repainted)
    return done


def paint_variations(
    context: TurnContext, tell: TellEvent, edit: PendingEdit, count: int
) -> list[PendingEdit]:
    """Paint one located edit ``count`` times: in shades of a colour that is computed, else from as many
    seeds. One painted edit each.
    """
    session = context.session
    lid = edit.under if edit.layer is None else edit.layer
    below = session.picture() if lid is None else session.below(lid)
    ground = digest_of(below)
    about = phrases.subject(edit)
    text = f"painting {count} variations of {about}"
    if edit.suggests:
        tell(Event("painting", text))
        return _suggested(context, edit, below, ground, count)
    began = time.perf_counter()
    try:
        route = _route(context, edit, below, ground)
        seed = edit.around.seed if edit.around is not None else None
        routes = routing.variations(route, ground, count, like=seed, turn=edit.round)
    except Refusal as refusal:
        return [edit.but(outcome="refused", why=str(refusal))]
    if routes[0].engine is None:
        painted = vary(
            below,
            routes[0].edit,
            [route.edit.seed for route in routes],
            context.engines.inpainters(),
            progress=_progress(tell, text),
            cancelled=context.cancelled,
        )
        each = (time.perf_counter() - began) / count
        return [
            _finished(context, edit, route, below, ground, one, each)
            for route, one in zip(routes, painted, strict=True)
        ]
    tell(Event("painting", text))
    return [_computed(context, edit, route, below, ground) for route in routes]


def _suggested(
    context: TurnContext, edit: PendingEdit, below: Pixels, ground: str, count: int
) -> list[PendingEdit]:
    """A located edit in so many colours that suit the picture."""
    mask = context.session.pictures.get(edit.mask or "") >= 128
    looks = suggestions.suited(context.session.picture(), mask, count)
    painted = []
    for look in looks:
        each = edit.but(prompt=restyled(edit.target, look), suggests=False)
        try:
            route = _route(context, each, below, ground)
        except Refusal as refusal:
            return [edit.but(outcome="refused", why=str(refusal))]
        if route.engine is None:
            return [edit.but(outcome="refused", why=f"Name a look for {phrases.definite(edit.target)}.")]
        painted.append(_computed(context, each, route, below, ground))
    return painted


def _paint_revised(
    context: TurnContext, tell: TellEvent, visible: Changes, done: list[PendingEdit]
) -> list[Box]:
    """Paint the revised layers in place, from the bottom of the pile upwards; the boxes that they change."""
    session = context.session
    revising = [i for i, edit in enumerate(done) if edit.open and edit.layer is not None]
    changed: list[Box] = []
    for index in sorted(revising, key=lambda i: _places(session)(_layer(done[i]))):
        edit = done[index]
        if edit.patch is not None:
            continue
        lower = [done[i] for i in revising if i != index and done[i].patch is not None]
        below = session.below(_layer(edit), changes_of(session, visible, lower))
        done[index] = _paint_one(context, tell, edit, below)
        if done[index].box is not None:
            changed.append(_box(done[index]))
    return changed


def _paint_beneath(
    context: TurnContext, tell: TellEvent, visible: Changes, done: list[PendingEdit]
) -> list[Box]:
    """Paint the new edits of what stands behind things that were put there; the boxes that they change."""
    session = context.session
    changed: list[Box] = []
    for index, edit in enumerate(done):
        if not edit.open or edit.under is None or edit.layer is not None or edit.patch is not None:
            continue
        others = [
            each
            for i, each in enumerate(done)
            if i != index and (each.layer is not None or each.under is not None)
        ]
        below = session.below(edit.under, changes_of(session, visible, others))
        done[index] = _paint_one(context, tell, edit, below)
        if done[index].box is not None:
            changed.append(_box(done[index]))
    return changed


def _paint_new(
    context: TurnContext, tell: TellEvent, visible: Changes, done: list[PendingEdit], changed: Sequence[Box]
) -> None:
    """Paint the new edits in their order; generative ones in a row that wait go to their engine together."""
    session = context.session
    touched = list(changed)
    making = [i for i, edit in enumerate(done) if edit.open and edit.layer is None and edit.under is None]
    place = 0
    while place < len(making):
        index = making[place]
        if done[index].patch is not None and not _touches(done[index], touched):
            place += 1
            continue
        done[index] = unpainted(done[index])
        before = [edit for i, edit in enumerate(done) if i not in making[place:]]
        below = _preview(session, changes_of(session, visible, before))
        ground = digest_of(below)
        run: list[Route] = []
        for following in making[place:]:
            if done[following].patch is not None:
                break
            try:
                route = _route(context, done[following], below, ground)
            except Refusal as refusal:
                if not run:
                    done[following] = done[following].but(outcome="refused", why=str(refusal))
                break
            if route.engine is not None and run:
                break
            run.append(route)
            if route.engine is not None:
                break
        if not run:
            place += 1
            continue
        there = making[place : place + len(run)]
        painted = _paint_run(context, tell, run, [done[i] for i in there], below, ground)
        for i, edit in zip(there, painted, strict=True):
            done[i] = edit
            if edit.box is not None:
                touched.append(_box(edit))
        place += len(run)


def _paint_run(
    context: TurnContext,
    tell: TellEvent,
    run: Sequence[Route],
    edits: Sequence[PendingEdit],
    below: Pixels,
    ground: str,
) -> list[PendingEdit]:
    """Carry out one computed edit, or several generative ones."""
    about = phrases.subjects(edits)
    if run[0].engine is not None:
        tell(Event("painting", f"painting {about}"))
        return [_computed(context, edits[0], run[0], below, ground)]
    began = time.perf_counter()
    painted = inpaint(
        below,
        [route.edit for route in run],
        context.engines.inpainters(),
        progress=_progress(tell, f"painting {about}"),
        cancelled=context.cancelled,
    )
    each = (time.perf_counter() - began) / len(run)
    done: list[PendingEdit] = []
    for number, (edit, route, one) in enumerate(zip(edits, run, painted, strict=True)):
        if number:
            below = compose(below, [painted[number - 1].patch])
            ground = digest_of(below)
        done.append(_finished(context, edit, route, below, ground, one, each))
    return done


def _paint_one(context: TurnContext, tell: TellEvent, edit: PendingEdit, below: Pixels) -> PendingEdit:
    ground = digest_of(below)
    try:
        route = _route(context, edit, below, ground)
    except Refusal as refusal:
        return edit.but(outcome="refused", why=str(refusal))
    (painted,) = _paint_run(context, tell, [route], [edit], below, ground)
    return painted


def _route(context: TurnContext, edit: PendingEdit, below: Pixels, ground: str) -> Route:
    """How to carry out a located edit. Raises ``Refusal`` where what is asked cannot be done."""
    if edit.mask is None:
        raise ValueError(f"this edit is not located: {edit}")
    mask = context.session.pictures.get(edit.mask) >= 128
    seed = seed_for(ground, edit.prompt, edit.kind, edit.again + edit.attempt)
    grow = context.session.layer(edit.layer).request.get("grow") if edit.layer is not None else None
    limit = grow if isinstance(grow, int) else None  # a mask that the user gave stays a hard limit
    limit = edit.grow if edit.grow is not None else limit
    masked = MaskedEdit(mask, edit.prompt, edit.kind, seed, target=edit.target, grow=limit)
    names = context.preset.computing.get(edit.kind, ())
    request = edit.refreshes
    try:
        if request is not None:
            route = routing.again(masked, request, names)
        else:
            route = routing.route(below, masked, names, value=edit.value, previous=_previous(context, edit))
    except EngineError as error:
        raise Refusal(str(error)) from error
    if route.engine is not None:
        return route
    painter = context.engines.inpainters()[edit.kind]
    masked = route.edit
    if request is not None and request.engine == painter.name:
        masked = replace(
            masked, steps=request.steps, guidance=request.guidance, area=request.area, batch=request.batch
        )
    elif edit.attempt:  # the first try did not show what was asked for
        masked = replace(masked, guidance=capabilities_of(painter).retry_guidance)
    return replace(route, edit=masked)


def _previous(context: TurnContext, edit: PendingEdit) -> Previous | None:
    """What an edit revises."""
    if edit.layer is None or edit.remasked:
        return None
    layer = context.session.layer(edit.layer)
    try:
        request = Request.model_validate(dict(layer.request))
    except ValidationError:  # made by another release: its words are enough
        request = None
    colour = request.colour if request is not None else None
    painted = (colour.painted if colour is not None else None) or layer.patch
    pictures = context.session.pictures
    return Previous(
        layer.prompt, layer.target, cast(Kind, layer.kind), request, painted,
        lambda: Patch(pictures.get(painted), layer.box),
    )  # fmt: skip


def _computed(
    context: TurnContext, edit: PendingEdit, route: Route, below: Pixels, ground: str
) -> PendingEdit:
    """Carry out an edit that is computed. One that the engine refuses says why."""
    if route.engine is None:
        raise ValueError("this edit is not computed")
    began = time.perf_counter()
    try:
        patch = compute(below, route.edit, route.engine, cancelled=context.cancelled)
    except OutOfMemory:
        raise
    except Doubtful as doubtful:
        painted = Painted(doubtful.patch, 0, 1)
        done = _finished(context, edit, route, below, ground, painted, time.perf_counter() - began)
        if edit.refreshes is not None:  # what was taken before is made again as it was asked for
            return done
        return done.but(guessed=True) if doubtful.likely else done.but(outcome="offered", why=str(doubtful))
    except EngineError as error:
        return edit.but(outcome="refused", why=str(error))
    return _finished(context, edit, route, below, ground, Painted(patch, 0, 1), time.perf_counter() - began)


def _finished(
    context: TurnContext,
    edit: PendingEdit,
    route: Route,
    below: Pixels,
    ground: str,
    painted: Painted,
    seconds: float,
) -> PendingEdit:
    """The edit with its colour corrected, its patch stored and its request written down."""
    session, masked = context.session, route.edit
    painter = context.engines.inpainters()[edit.kind] if route.engine is None else None
    digests = ground, edit.mask or ""
    patch, request = routing.request_for(route, below, painted, painter, digests, session.pictures.put)
    box = patch.box
    return edit.but(
        prompt=masked.prompt,
        step=edit.step or (step_words(edit.prompt, edit.target) if masked.prompt != edit.prompt else ""),
        request=request,
        patch=session.pictures.put(patch.rgba),
        box=(int(box.x0), int(box.y0), int(box.x1), int(box.y1)),
        checked=edit.refreshes is not None and not edit.remasked,  # it was asked for as it is
        seconds=edit.seconds + seconds,
    )


def _progress(tell: TellEvent, text: str) -> StepListener:
    tell(Event("painting", text))
    notes: set[str] = set()

    def told(step: PaintingStep) -> None:
        if step.note and step.note not in notes:
            notes.add(step.note)
            tell(Event("note", noted(step.note)))
        tell(Event("painting", text, min(step.done, step.total), step.total, step.preview))

    return told


def _preview(session: Session, changes: Changes) -> Pixels:
    return session.preview(changes) if changes.any else session.picture()


def _places(session: Session) -> Callable[[int], float]:
    """How low a layer lies in the pile at the head, as a sort key; one outside it goes by its id."""
    order = [entry.layer for entry in session.versions[session.head].stack]

    def place(layer: int) -> float:
        if layer in order:
            return float(order.index(layer))
        return next((i for i, other in enumerate(order) if other > layer), len(order)) - 0.5 + layer * 1e-6

    return place


def _layer(edit: PendingEdit) -> int:
    if edit.layer is None:
        raise ValueError(f"this edit revises no layer: {edit}")
    return edit.layer


def unpainted(edit: PendingEdit) -> PendingEdit:
    """An edit as it was before it was painted."""
    return edit.but(patch=None, box=None, request=None, checked=False)


def _box(edit: PendingEdit) -> Box:
    if edit.box is None:
        raise ValueError(f"this edit is not painted: {edit}")
    return Box(*edit.box)


def _touches(edit: PendingEdit, boxes: Sequence[Box]) -> bool:
    return edit.box is not None and any(Box(*edit.box).overlaps(box) for box in boxes)
