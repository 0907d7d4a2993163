"""Painting the edits of one stretch: each on the pixels that it sees, and nothing that was not asked for.

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
from agent.turn import sentences, suggestions
from agent.turn.context import Bench, Tell
from agent.turn.events import Event, noted
from agent.turn.state import Piece
from sessions.compose import Box, Patch, compose
from sessions.model import Changes, NewLayer
from sessions.pictures import digest_of
from tools.errors import EngineError, OutOfMemory
from tools.inpainting import routing
from tools.inpainting.base import (
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

if TYPE_CHECKING:
    from sessions.session import Session

Pixels = NDArray[np.uint8]


class _Refusal(Exception):  # noqa: N818 - not an error: a sentence for the reply
    """What is asked cannot be done; ``str(refusal)`` says why."""


def new_layer(session: Session, piece: Piece) -> NewLayer:
    """A painted piece as the session takes it."""
    if piece.mask is None or piece.patch is None or piece.box is None or piece.request is None:
        raise ValueError(f"this edit is not painted: {piece}")
    return NewLayer(
        target=piece.target,
        prompt=piece.prompt,
        kind=piece.kind,
        mask=session.pictures.get(piece.mask) >= 128,
        patch=Patch(session.pictures.get(piece.patch), Box(*piece.box)),
        request=piece.request.model_dump(mode="json"),
        area=piece.area or 0.0,
        layer=piece.layer,
        under=piece.under,
    )


def changes_of(session: Session, visible: Changes, pieces: Sequence[Piece]) -> Changes:
    """What a commit of these pieces changes: what is revised first, so that what is new comes last."""
    painted = [piece for piece in pieces if piece.open and piece.patch is not None]
    revised = [piece for piece in painted if piece.layer is not None]
    made = [piece for piece in painted if piece.layer is None]
    return replace(visible, layers=tuple(new_layer(session, piece) for piece in (*revised, *made)))


def paint(bench: Bench, tell: Tell, visible: Changes, pieces: Sequence[Piece]) -> list[Piece]:
    """Paint all open pieces that have no patch, and new ones again that lie on what is painted now.

    A piece that its engine refuses gets the outcome "refused" and the engine's sentence. Raises
    ``ToolError``, ``SessionError`` and ``Cancelled``.
    """
    done = list(pieces)
    repainted = _paint_revised(bench, tell, visible, done)
    repainted += _paint_beneath(bench, tell, visible, done)
    _paint_new(bench, tell, visible, done, repainted)
    return done


def paint_variations(bench: Bench, tell: Tell, piece: Piece, count: int) -> list[Piece]:
    """Paint one located piece ``count`` times: in shades of a colour that is computed, else from as many
    seeds. One painted piece each.
    """
    session = bench.session
    lid = piece.under if piece.layer is None else piece.layer
    below = session.picture() if lid is None else session.below(lid)
    ground = digest_of(below)
    about = sentences.subject(piece.target, piece.prompt, piece.kind)
    text = f"painting {count} variations of {about}"
    if piece.suggests:
        tell(Event("painting", text))
        return _suggested(bench, piece, below, ground, count)
    began = time.perf_counter()
    try:
        route = _route(bench, piece, below, ground)
        seed = piece.around.seed if piece.around is not None else None
        routes = routing.variations(route, ground, count, like=seed, turn=piece.round)
    except _Refusal as refusal:
        return [piece.but(outcome="refused", why=str(refusal))]
    if routes[0].engine is None:
        painted = vary(
            below,
            routes[0].edit,
            [route.edit.seed for route in routes],
            bench.engines.inpainters(),
            progress=_progress(tell, text),
            cancelled=bench.cancelled,
        )
        each = (time.perf_counter() - began) / count
        return [
            _finished(bench, piece, route, below, ground, one, each)
            for route, one in zip(routes, painted, strict=True)
        ]
    tell(Event("painting", text))
    return [_computed(bench, piece, route, below, ground) for route in routes]


def _suggested(bench: Bench, piece: Piece, below: Pixels, ground: str, count: int) -> list[Piece]:
    """A located piece in so many colours that suit the picture."""
    mask = bench.session.pictures.get(piece.mask or "") >= 128
    looks = suggestions.suited(bench.session.picture(), mask, count)
    painted = []
    for look in looks:
        each = piece.but(prompt=restyled(piece.target, look), suggests=False)
        try:
            route = _route(bench, each, below, ground)
        except _Refusal as refusal:
            return [piece.but(outcome="refused", why=str(refusal))]
        if route.engine is None:
            return [piece.but(outcome="refused", why=f"Name a look for {sentences.definite(piece.target)}.")]
        painted.append(_computed(bench, each, route, below, ground))
    return painted


def _paint_revised(bench: Bench, tell: Tell, visible: Changes, done: list[Piece]) -> list[Box]:
    """Paint the revised layers in place, from the bottom of the pile upwards; the boxes that they change."""
    session = bench.session
    revising = [i for i, piece in enumerate(done) if piece.open and piece.layer is not None]
    changed: list[Box] = []
    for index in sorted(revising, key=lambda i: _places(session)(_layer(done[i]))):
        piece = done[index]
        if piece.patch is not None:
            continue
        lower = [done[i] for i in revising if i != index and done[i].patch is not None]
        below = session.below(_layer(piece), changes_of(session, visible, lower))
        done[index] = _paint_one(bench, tell, piece, below)
        if done[index].box is not None:
            changed.append(_box(done[index]))
    return changed


def _paint_beneath(bench: Bench, tell: Tell, visible: Changes, done: list[Piece]) -> list[Box]:
    """Paint the new edits of what stands behind things that were put there; the boxes that they change."""
    session = bench.session
    changed: list[Box] = []
    for index, piece in enumerate(done):
        if not piece.open or piece.under is None or piece.layer is not None or piece.patch is not None:
            continue
        others = [
            each
            for i, each in enumerate(done)
            if i != index and (each.layer is not None or each.under is not None)
        ]
        below = session.below(piece.under, changes_of(session, visible, others))
        done[index] = _paint_one(bench, tell, piece, below)
        if done[index].box is not None:
            changed.append(_box(done[index]))
    return changed


def _paint_new(bench: Bench, tell: Tell, visible: Changes, done: list[Piece], changed: Sequence[Box]) -> None:
    """Paint the new edits in their order; generative ones in a row that wait go to their engine together."""
    session = bench.session
    touched = list(changed)
    making = [i for i, piece in enumerate(done) if piece.open and piece.layer is None and piece.under is None]
    place = 0
    while place < len(making):
        index = making[place]
        if done[index].patch is not None and not _touches(done[index], touched):
            place += 1
            continue
        done[index] = unpainted(done[index])
        before = [piece for i, piece in enumerate(done) if i not in making[place:]]
        below = _preview(session, changes_of(session, visible, before))
        ground = digest_of(below)
        run: list[Route] = []
        for following in making[place:]:
            if done[following].patch is not None:
                break
            try:
                route = _route(bench, done[following], below, ground)
            except _Refusal as refusal:
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
        painted = _paint_run(bench, tell, run, [done[i] for i in there], below, ground)
        for i, piece in zip(there, painted, strict=True):
            done[i] = piece
            if piece.box is not None:
                touched.append(_box(piece))
        place += len(run)


def _paint_run(
    bench: Bench, tell: Tell, run: Sequence[Route], pieces: Sequence[Piece], below: Pixels, ground: str
) -> list[Piece]:
    """Carry out one computed edit, or several generative ones."""
    about = sentences.listed([sentences.subject(piece.target, piece.prompt, piece.kind) for piece in pieces])
    if run[0].engine is not None:
        tell(Event("painting", f"painting {about}"))
        return [_computed(bench, pieces[0], run[0], below, ground)]
    began = time.perf_counter()
    painted = inpaint(
        below,
        [route.edit for route in run],
        bench.engines.inpainters(),
        progress=_progress(tell, f"painting {about}"),
        cancelled=bench.cancelled,
    )
    each = (time.perf_counter() - began) / len(run)
    done: list[Piece] = []
    for number, (piece, route, one) in enumerate(zip(pieces, run, painted, strict=True)):
        if number:
            below = compose(below, [painted[number - 1].patch])
            ground = digest_of(below)
        done.append(_finished(bench, piece, route, below, ground, one, each))
    return done


def _paint_one(bench: Bench, tell: Tell, piece: Piece, below: Pixels) -> Piece:
    ground = digest_of(below)
    try:
        route = _route(bench, piece, below, ground)
    except _Refusal as refusal:
        return piece.but(outcome="refused", why=str(refusal))
    (painted,) = _paint_run(bench, tell, [route], [piece], below, ground)
    return painted


def _route(bench: Bench, piece: Piece, below: Pixels, ground: str) -> Route:
    """How to carry out a located piece. Raises ``_Refusal`` where what is asked cannot be done."""
    if piece.mask is None:
        raise ValueError(f"this edit is not located: {piece}")
    mask = bench.session.pictures.get(piece.mask) >= 128
    seed = seed_for(ground, piece.prompt, piece.kind, piece.again + piece.attempt)
    grow = bench.session.layer(piece.layer).request.get("grow") if piece.layer is not None else None
    limit = grow if isinstance(grow, int) else None  # a mask that the user gave stays a hard limit
    limit = piece.grow if piece.grow is not None else limit
    edit = MaskedEdit(mask, piece.prompt, piece.kind, seed, target=piece.target, grow=limit)
    names = bench.preset.computing.get(piece.kind, ())
    request = piece.refreshes
    try:
        if request is not None:
            route = routing.again(edit, request, names)
        else:
            route = routing.route(below, edit, names, value=piece.value, previous=_previous(bench, piece))
    except EngineError as error:
        raise _Refusal(str(error)) from error
    if route.engine is not None:
        return route
    painter = bench.engines.inpainters()[piece.kind]
    edit = route.edit
    if request is not None and request.engine == painter.name:
        edit = replace(
            edit, steps=request.steps, guidance=request.guidance, area=request.area, batch=request.batch
        )
    elif piece.attempt:  # the first try did not show what was asked for
        edit = replace(edit, guidance=capabilities_of(painter).retry_guidance)
    return replace(route, edit=edit)


def _previous(bench: Bench, piece: Piece) -> Previous | None:
    """What a piece revises."""
    if piece.layer is None or piece.remasked:
        return None
    layer = bench.session.layer(piece.layer)
    try:
        request = Request.model_validate(dict(layer.request))
    except ValidationError:  # made by another release: its words are enough
        request = None
    colour = request.colour if request is not None else None
    painted = (colour.painted if colour is not None else None) or layer.patch
    pictures = bench.session.pictures
    return Previous(
        layer.prompt, layer.target, cast(Kind, layer.kind), request, painted,
        lambda: Patch(pictures.get(painted), layer.box),
    )  # fmt: skip


def _computed(bench: Bench, piece: Piece, route: Route, below: Pixels, ground: str) -> Piece:
    """Carry out an edit that is computed. One that the engine refuses says why."""
    if route.engine is None:
        raise ValueError("this edit is not computed")
    began = time.perf_counter()
    try:
        patch = compute(below, route.edit, route.engine, cancelled=bench.cancelled)
    except OutOfMemory:
        raise
    except EngineError as error:
        return piece.but(outcome="refused", why=str(error))
    return _finished(bench, piece, route, below, ground, Painted(patch, 0, 1), time.perf_counter() - began)


def _finished(
    bench: Bench,
    piece: Piece,
    route: Route,
    below: Pixels,
    ground: str,
    painted: Painted,
    seconds: float,
) -> Piece:
    """The piece with its colour corrected, its patch stored and its request written down."""
    session, edit = bench.session, route.edit
    painter = bench.engines.inpainters()[piece.kind] if route.engine is None else None
    digests = ground, piece.mask or ""
    patch, request = routing.request_for(route, below, painted, painter, digests, session.pictures.put)
    box = patch.box
    return piece.but(
        prompt=edit.prompt,
        request=request,
        patch=session.pictures.put(patch.rgba),
        box=(int(box.x0), int(box.y0), int(box.x1), int(box.y1)),
        checked=piece.refreshes is not None and not piece.remasked,  # it was asked for as it is
        seconds=piece.seconds + seconds,
    )


def _progress(tell: Tell, text: str) -> StepListener:
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


def _layer(piece: Piece) -> int:
    if piece.layer is None:
        raise ValueError(f"this edit revises no layer: {piece}")
    return piece.layer


def unpainted(piece: Piece) -> Piece:
    """A piece as it was before it was painted."""
    return piece.but(patch=None, box=None, request=None, checked=False)


def _box(piece: Piece) -> Box:
    if piece.box is None:
        raise ValueError(f"this edit is not painted: {piece}")
    return Box(*piece.box)


def _touches(piece: Piece, boxes: Sequence[Box]) -> bool:
    return piece.box is not None and any(Box(*piece.box).overlaps(box) for box in boxes)
