"""Painting the edits of one stretch, and the layers above them whose ground changed.

A revised layer is painted from the pixels below it, in its place; a new edit from the picture with everything
before it. A layer that overlaps one that was revised, hidden or shown was painted over pixels that are no
longer so: it is painted again by its own request. Runs in the worker thread; patches go into the session's
pictures, and the versions stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from agent import words
from agent.bench import Bench, Tell
from agent.events import Event, noted
from agent.state import Piece
from sessions.compose import Box, Patch, compose
from sessions.model import Changes, Layer, NewLayer
from sessions.pictures import digest_of
from tools import colours
from tools.inpaint import Inpainter, MaskedEdit, Painted, Progress, Step, inpaint, seed_for, vary
from tools.request import Request

if TYPE_CHECKING:
    from sessions.session import Session

Pixels = NDArray[np.uint8]


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
    )


def changes_of(
    session: Session, visible: Changes, pieces: Sequence[Piece], repaints: Sequence[Piece]
) -> Changes:
    """What a commit of these pieces changes: repaints first, so that what was asked for comes last."""
    painted = [piece for piece in pieces if piece.open and piece.patch is not None]
    revised = [piece for piece in painted if piece.layer is not None]
    made = [piece for piece in painted if piece.layer is None]
    layers = tuple(new_layer(session, piece) for piece in (*repaints, *revised, *made))
    return replace(visible, layers=layers)


def paint(
    bench: Bench, tell: Tell, visible: Changes, pieces: Sequence[Piece], repaints: Sequence[Piece] | None
) -> tuple[list[Piece], list[Piece]]:
    """Paint all open pieces that have no patch, and what lies on what they change.

    ``repaints`` are those of an earlier call, or None. Returns the pieces and the repaints, all painted.
    Raises ``ToolError``, ``SessionError`` and ``Cancelled``.
    """
    session = bench.session
    done = list(pieces)
    revising = [i for i, piece in enumerate(done) if piece.open and piece.layer is not None]
    again = [i for i in revising if done[i].patch is None]
    if again or repaints is None:
        repaints = _paint_in_place(bench, tell, visible, done, revising)
        ground = [_box(done[i]) for i in again]
        done = [unpainted(piece) if _is_new(piece) and _touches(piece, ground) else piece for piece in done]
    making = [i for i, piece in enumerate(done) if _is_new(piece)]
    if all(done[i].patch is None for i in making):
        below = _preview(session, changes_of(session, visible, done, repaints))
        _paint_new(bench, tell, below, done, making)
    else:
        _paint_missing(bench, tell, visible, done, making, repaints)
    return done, list(repaints)


def paint_variations(bench: Bench, tell: Tell, piece: Piece, count: int) -> list[Piece]:
    """Paint one located piece ``count`` times, differing in the seed: one painted piece each."""
    session = bench.session
    below = session.picture() if piece.layer is None else session.below(piece.layer)
    ground = digest_of(below)
    seeds = [seed_for(ground, piece.prompt, piece.kind, number + 1) for number in range(count)]
    masked = _masked(bench, piece, seeds[0])
    began = time.perf_counter()
    about = words.subject(piece.target, piece.prompt, piece.kind)
    painted = vary(
        below,
        masked,
        seeds,
        bench.engines.inpainters(),
        progress=_progress(tell, f"painting {count} variations of {about}"),
        cancelled=bench.cancelled,
    )
    each = (time.perf_counter() - began) / count
    return [
        _painted(bench, piece, one, replace(masked, seed=seed), ground, each)
        for one, seed in zip(painted, seeds, strict=True)
    ]


def _paint_in_place(
    bench: Bench, tell: Tell, visible: Changes, done: list[Piece], revising: Sequence[int]
) -> list[Piece]:
    """Paint the revised layers and those that lie on changed ground, from the bottom of the pile upwards."""
    session = bench.session
    place = _places(session)
    repaints: list[Piece] = []
    layers: list[NewLayer] = []
    waiting = sorted(revising, key=lambda i: place(_layer(done[i])))
    stale: set[int] = set()

    def spread(layer: int) -> None:
        stale.update(session.stale(layer, replace(visible, layers=tuple(layers))))
        stale.difference_update(_layer(done[i]) for i in revising)

    for layer in (*visible.hide, *visible.show):
        spread(layer)
    while waiting or stale:
        lowest = min(stale, key=place, default=None)
        if waiting and (lowest is None or place(_layer(done[waiting[0]])) <= place(lowest)):
            index = waiting.pop(0)
            layer = _layer(done[index])
            if done[index].patch is None:
                below = session.below(layer, replace(visible, layers=tuple(layers)))
                done[index] = _paint_one(bench, tell, done[index], below)
            layers.append(new_layer(session, done[index]))
        else:
            layer = min(stale, key=place)
            stale.discard(layer)
            below = session.below(layer, replace(visible, layers=tuple(layers)))
            piece = _paint_again(bench, tell, session.layer(layer), below)
            repaints.append(piece)
            layers.append(new_layer(session, piece))
        spread(layer)
    return repaints


def _paint_one(bench: Bench, tell: Tell, piece: Piece, below: Pixels) -> Piece:
    ground = digest_of(below)
    edit = _masked(bench, piece, _seed(ground, piece))
    about = words.subject(piece.target, piece.prompt, piece.kind)
    return _carried_out(bench, tell, piece, edit, below, ground, f"painting {about}")


def _paint_again(bench: Bench, tell: Tell, layer: Layer, below: Pixels) -> Piece:
    """A layer, painted by its own request from other pixels below it."""
    piece = Piece.model_validate(
        {
            "target": layer.target, "prompt": layer.prompt, "kind": layer.kind, "layer": layer.id,
            "mask": layer.mask, "area": layer.area,
        }
    )  # fmt: skip
    ground = digest_of(below)
    edit = _masked(bench, piece, seed_for(ground, piece.prompt, piece.kind))
    try:
        request = Request.model_validate(dict(layer.request))
    except ValidationError:  # made by another release: its words are enough
        pass
    else:
        edit = replace(edit, seed=request.seed)
        if request.engine == bench.engines.inpainters()[piece.kind].name:
            edit = replace(edit, steps=request.steps, guidance=request.guidance)
            edit = replace(edit, area=request.area, batch=request.batch)
    about = words.subject(piece.target, piece.prompt, piece.kind)
    return _carried_out(bench, tell, piece, edit, below, ground, f"painting {about} again")


def _carried_out(
    bench: Bench, tell: Tell, piece: Piece, edit: MaskedEdit, below: Pixels, ground: str, text: str
) -> Piece:
    began = time.perf_counter()
    inpainters = bench.engines.inpainters()
    (painted,) = inpaint(below, [edit], inpainters, progress=_progress(tell, text), cancelled=bench.cancelled)
    return _painted(bench, piece, painted, edit, ground, time.perf_counter() - began)


def _paint_new(bench: Bench, tell: Tell, below: Pixels, done: list[Piece], making: Sequence[int]) -> None:
    """Paint all new edits at once; those that do not see one another go to the engine together."""
    if not making:
        return
    ground = digest_of(below)
    edits = [
        _masked(bench, done[i], seed_for(ground, done[i].prompt, done[i].kind, done[i].attempt))
        for i in making
    ]
    about = words.listed([words.subject(done[i].target, done[i].prompt, done[i].kind) for i in making])
    began = time.perf_counter()
    painted = inpaint(
        below,
        edits,
        bench.engines.inpainters(),
        progress=_progress(tell, f"painting {about}"),
        cancelled=bench.cancelled,
    )
    each = (time.perf_counter() - began) / len(making)
    for number, (index, edit, one) in enumerate(zip(making, edits, painted, strict=True)):
        if number:
            ground = digest_of(compose(below, [lower.patch for lower in painted[:number]]))
        done[index] = _painted(bench, done[index], one, edit, ground, each)


def _paint_missing(
    bench: Bench,
    tell: Tell,
    visible: Changes,
    done: list[Piece],
    making: Sequence[int],
    repaints: Sequence[Piece],
) -> None:
    """Paint the new edits that have no patch one by one, and those after them that lie on them."""
    session = bench.session
    painted: list[Box] = []
    for place, index in enumerate(making):
        if done[index].patch is not None and not _touches(done[index], painted):
            continue
        others = [piece for i, piece in enumerate(done) if i not in making[place:]]
        below = _preview(session, changes_of(session, visible, others, repaints))
        done[index] = _paint_one(bench, tell, unpainted(done[index]), below)
        painted.append(_box(done[index]))


def _seed(ground: str, piece: Piece) -> int:
    return seed_for(ground, piece.prompt, piece.kind, piece.again + piece.attempt)


def _masked(bench: Bench, piece: Piece, seed: int) -> MaskedEdit:
    if piece.mask is None:
        raise ValueError(f"this edit is not located: {piece}")
    mask = bench.session.pictures.get(piece.mask) >= 128
    engine = bench.engines.inpainters()[piece.kind]
    # The first try did not show what was asked for.
    guidance: float | None = getattr(engine, "firmer", None) if piece.attempt else None
    grow = bench.session.layer(piece.layer).request.get("grow") if piece.layer is not None else None
    limit = grow if isinstance(grow, int) else None  # a mask that the user gave stays a hard limit
    return MaskedEdit(
        mask, piece.prompt, piece.kind, seed, guidance=guidance, target=piece.target, grow=limit
    )


def _painted(
    bench: Bench, piece: Piece, painted: Painted, edit: MaskedEdit, ground: str, seconds: float
) -> Piece:
    """The piece with its patch stored, its request written down, and its difference measured."""
    session = bench.session
    engine: Inpainter = bench.engines.inpainters()[piece.kind]
    request = Request(
        picture=ground,
        mask=piece.mask or "",
        prompt=piece.prompt,
        kind=piece.kind,
        seed=edit.seed,
        steps=engine.steps if edit.steps is None else edit.steps,
        guidance=engine.guidance if edit.guidance is None else edit.guidance,
        engine=engine.name,
        revision=engine.revision,
        area=painted.area,
        batch=painted.batch,
        target=piece.target,
        grow=edit.grow,
    )
    patch = painted.patch
    box = patch.box
    shown = session.picture()
    return piece.but(
        request=request,
        patch=session.pictures.put(patch.rgba),
        box=(int(box.x0), int(box.y0), int(box.x1), int(box.y1)),
        difference=difference(shown, patch),
        recoloured=recoloured(shown, edit.mask, patch, piece.prompt) if piece.kind == "restyle" else None,
        seconds=piece.seconds + seconds,
    )


def difference(picture: Pixels, patch: Patch) -> float:
    """How much a patch changes a picture, in levels of 255.

    It is what the most changed third of the wholly covered pixels change at least, in their most changed
    channel: the object's edges, which scaling alone changes, do not count, and narrow stripes do.
    """
    box = patch.box
    shown = picture[box.y0 : box.y1, box.x0 : box.x1].astype(np.int16)
    inside = patch.rgba[..., 3] == 255
    if not inside.any():
        return 0.0
    changed = np.abs(patch.rgba[..., :3].astype(np.int16) - shown).max(axis=-1)
    return float(np.percentile(changed[inside], 100 * 2 / 3))


def recoloured(picture: Pixels, mask: NDArray[np.bool_], patch: Patch, prompt: str) -> float | None:
    """How far the masked pixels came from their colour to the one that a prompt asks for: 0 not at all, 1 all
    the way. None where it asks for none, or for the one that they had.
    """
    wanted = colours.asked_for(prompt)
    box = patch.box
    part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    inside = mask[part] & (patch.rgba[..., 3] == 255)
    if wanted is None or not inside.any():
        return None
    return colours.approach(picture[part][inside], patch.rgba[..., :3][inside], wanted)


def _progress(tell: Tell, text: str) -> Progress:
    tell(Event("painting", text))
    notes: set[str] = set()

    def told(step: Step) -> None:
        if step.note and step.note not in notes:
            notes.add(step.note)
            tell(Event("note", noted(step.note)))
        tell(Event("painting", text, min(step.done, step.total), step.total, step.preview))

    return told


def _preview(session: Session, changes: Changes) -> Pixels:
    return session.preview(changes) if changes.layers or changes.hide or changes.show else session.picture()


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


def _is_new(piece: Piece) -> bool:
    return piece.open and piece.layer is None


def unpainted(piece: Piece) -> Piece:
    """A piece as it was before it was painted."""
    return piece.but(patch=None, box=None, request=None, difference=None, recoloured=None)


def _box(piece: Piece) -> Box:
    if piece.box is None:
        raise ValueError(f"this edit is not painted: {piece}")
    return Box(*piece.box)


def _touches(piece: Piece, boxes: Sequence[Box]) -> bool:
    return piece.box is not None and any(Box(*piece.box).overlaps(box) for box in boxes)
