"""From the steps of a plan to edits whose objects were found: one segmenter call for all of them.

An edit that revises a layer has that layer's mask; a picked variation is painted already; a new object's mask
is proposed at its place. Runs in the worker thread, and changes nothing in the session but stored masks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from agent.planner.plan import Edit, Keep, Mask, Pick, Refresh, Show, Step, Variations
from agent.planner.resolve.commands import FILE
from agent.planner.resolve.wording import revised as reworded
from agent.turn import refresh, sentences, visibility
from agent.turn.context import Bench
from agent.turn.masks import Refusal, given_mask, other_mask
from agent.turn.state import Piece
from agent.turn.user_paths import meant
from sessions.errors import SessionError
from sessions.model import Changes, Layer
from tools.errors import PictureError
from tools.inpainting.computed.main_colour import main_colour
from tools.inpainting.computed.recolour import measure
from tools.inpainting.placement import Place, landmarks, mask_for_place, read_place
from tools.inpainting.request import Request
from tools.inpainting.routing import MIRRORS
from tools.language.colours import name_of
from tools.language.looks import Look, read_look
from tools.language.object_sizes import by_first_name, noun_in, thing_in
from tools.language.referring import (
    all_but,
    number,
    other_than,
    plural,
    read_phrase,
    separate,
    told_apart,
    without,
)
from tools.pictures import is_hidden, read_picture
from tools.segmenting.base import Found, find

if TYPE_CHECKING:
    from sessions.session import Session

Region = NDArray[np.bool_]

_SURFACE = re.compile(r"\b(?:walls?|wallpaper|floor|ceiling|ground|room|background|everything|all|sky)\b")
_RELATION = re.compile(
    r"\b(?:of|with|on|in|at|by|behind|above|over|under|next|near|beside|between|against)\b"
)

LEAST_LEFT = 0.02
"""A mask of which less than this share would be left is not changed."""

LARGEST = 0.6
"""A thing with a larger share of the picture than this was hardly found, unless it is a surface."""

_ORIGINAL = re.compile(r"(?:the )?original ")
"""How a thing is called as it was in the base picture."""
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_SIZES = re.compile(
    r"big(?:ger)?|larger?|small(?:er)?|tall(?:er)?|short(?:er)?|long(?:er)?|wider?|narrow(?:er)?|high(?:er)?"
    r"|thick(?:er)?|thin(?:ner)?|huge|tiny|rounder?|square|oval|rectangular|circular|triangular"
)
_PARTS = (
    r"(?:frames?|legs?|arms?|armrests?|handles?|knobs?|shades?|seats?|backs?|backrests?|borders?|fringes?|drawers?"
    r"|doors?|lids?|tops?|trims?|edges?|feet)"
)
_PART_OF = re.compile(rf"^(?:the )?(?P<part>{_PARTS}) (?:of|on) (?P<thing>.+)$")
_OWN_PART = re.compile(rf"(?:the )?(?P<thing>.+?)(?:'s)? (?P<part>{_PARTS})")
_WITH_PART = re.compile(rf"\bwith (?:.+ )?(?P<part>{_PARTS})$")
"""Parts of things, which the pocket segmenter does not tell from the whole."""

_NEVER_SEVERAL = frozenset({"", "rug", "curtain", "bookshelf", "bed", "window"})
"""Kinds of which a part behind something else looks like another one, or of which a pair is one thing."""

ANOTHER_COLOUR = 0.11
"""A thing of which not even a quarter is nearer than this (in Oklab, most of all in a and b) to the colour
that it is told by is another one. Of the things in 40 drawn rooms none was refused by its own colour's name;
of other plain names 0.68 were."""

AS_LARGE = 0.5
"""Of two things of a kind, one that is smaller than this share of the other is not meant."""

SAME = 0.3
"""A mask that was found anew is that of the same thing when it shares this much with the old one (IoU)."""

LEAST_CONFIDENCE = 0.55
"""Below this the segmenter is taken to guess."""


def wanted(bench: Bench, stretch: Sequence[Step]) -> tuple[list[Piece], list[str]]:
    """The edits that a stretch asks for, not located yet, and sentences about those that cannot be."""
    pieces: list[Piece] = []
    remarks: list[str] = []
    for step in stretch:
        try:
            if isinstance(step, Edit):
                made = _piece(bench.session, step.target, step.prompt, step.kind, step.layer)
                made = _in_picture_colour(made)
                pieces.append(_given(bench, _within(bench, made), step.within))
            elif isinstance(step, Mask):
                pieces.append(_remasked(bench, step))
            elif isinstance(step, Variations):
                pieces.append(_within(bench, _varied(bench, step)))
            elif isinstance(step, Pick):
                pieces.append(_picked(bench, step))
            elif isinstance(step, Keep):
                pieces += _kept(bench)
            elif isinstance(step, Refresh):
                pieces.append(_refreshed(bench.session, step.layer))
            elif isinstance(step, Show) and step.version is not None:
                pieces.append(_earlier(bench.session, step.layer, step.version))
        except (Refusal, SessionError, PictureError) as refusal:
            remarks.append(str(refusal))
            if isinstance(step, Edit):
                pieces.append(
                    Piece(target=step.target, prompt=step.prompt, kind=step.kind, outcome="skipped")
                )
    return pieces, remarks


def locate(bench: Bench, pieces: Sequence[Piece], visible: Changes) -> list[Piece]:
    """Find the objects of all open pieces without a mask, in the picture at the head after ``visible``.

    A piece whose object (or place) is not there gets the outcome "not found".
    """
    session = bench.session
    layers = visibility.shown(session, visible)
    places = {index: read_place(piece.target) for index, piece in enumerate(pieces) if _is_new(piece)}
    roles: dict[int, dict[str, str]] = {}
    for index, piece in enumerate(pieces):
        named: dict[str, str] = {}
        if piece.open and piece.mask is None:
            place = places.get(index)
            named |= landmarks(place, piece.prompt) if place else _asked(piece)
        if (like := _like(piece)) and not _ORIGINAL.match(like):
            named["like"] = like
        if named or like:
            roles[index] = named
    if not roles:
        return list(pieces)
    out = {
        index: _left_out(pieces[index], layers, tuple(named.values()), of_place=index in places)
        for index, named in roles.items()
    }
    everything = tuple(layer.id for layer in layers)
    first = {
        index: _ORIGINAL.sub("the ", like)
        for index in roles
        if "like" not in roles[index] and (like := _like(pieces[index]))
    }
    founds = _found(
        bench,
        visible,
        [
            *((phrase, out[index]) for index in roles for phrase in roles[index].values()),
            *((phrase, everything) for phrase in first.values()),
        ],
    )
    located = list(pieces)
    for index, wanted_there in roles.items():
        seen = {role: founds[phrase, out[index]] for role, phrase in wanted_there.items()}
        piece = pieces[index]
        if "like" in seen:
            piece = _coloured_like(piece, visibility.without(session, visible, ()), seen.pop("like"))
        elif index in first:
            at_first = visibility.without(session, visible, everything)
            piece = _coloured_like(piece, at_first, founds[first[index], everything])
        if seen and piece.open:
            piece = _located(session, piece, seen, places.get(index), guesses=bench.guesses)
            if piece.layer is not None:
                piece = _anew(session, pieces[index], piece, layers, out[index])
            elif piece.open and index not in places:
                piece = _behind(session, piece, layers, out[index])
        if index not in places:
            piece = _as_told(session, piece, visible)
        located[index] = piece
    return located


def _left_out(
    piece: Piece, layers: Sequence[Layer], phrases: Sequence[str], *, of_place: bool
) -> tuple[int, ...]:
    """The layers without which a piece's things are looked for, all in one picture; among them the one that
    is made anew.
    """
    each = [visibility.left_out(layers, phrase, of_place=of_place) for phrase in (piece.target, *phrases)]
    out = tuple(number for number in each[0] if all(number in other for other in each))
    own = [layer.id for layer in layers if layer.id == piece.layer and layer.id not in out]
    return (*out, *own)


def _found(
    bench: Bench, visible: Changes, wanted: Sequence[tuple[str, tuple[int, ...]]]
) -> dict[tuple[str, tuple[int, ...]], Found]:
    """What the segmenter finds of phrases, each in the picture without some layers: one call a picture."""
    founds: dict[tuple[str, tuple[int, ...]], Found] = {}
    for out in dict.fromkeys(out for _, out in wanted):
        phrases = [phrase for phrase, its in wanted if its == out]
        picture = visibility.without(bench.session, visible, out)
        found = find(bench.engines.segmenter(), picture, phrases, cancelled=bench.cancelled)
        founds |= {(phrase, out): each for phrase, each in zip(phrases, found, strict=True)}
        # a segmenter may know a thing by its other name alone: "pillows" are cushions
        others = {phrase: by_first_name(phrase) for phrase in phrases if not founds[phrase, out].present}
        if others := {phrase: name for phrase, name in others.items() if name != phrase}:
            names = list(others.values())
            again = find(bench.engines.segmenter(), picture, names, cancelled=bench.cancelled)
            founds |= {
                (phrase, out): each for phrase, each in zip(others, again, strict=True) if each.present
            }
    return founds


def _anew(session: Session, piece: Piece, found: Piece, layers: Sequence[Layer], out: Sequence[int]) -> Piece:
    """The piece of a layer that is made anew because what stands before it has changed: with the mask that
    was ``found`` for it now, but for what was put there below it; with its old one where that is another
    thing's.
    """
    layer = session.layer(piece.layer or 0)
    old = session.pictures.get(layer.mask) >= 128
    mask = session.pictures.get(found.mask) >= 128 if found.open and found.mask else np.zeros_like(old)
    order = [each.id for each in layers]
    for each in layers[: order.index(layer.id)] if layer.id in order else ():
        if each.id in out and visibility.is_cut_out(each):
            mask = mask & ~visibility.where(session, each, mask.shape)
    if np.count_nonzero(mask & old) < SAME * np.count_nonzero(mask | old):
        return piece.but(mask=layer.mask, area=layer.area)
    area = float(np.count_nonzero(mask)) / mask.size
    return piece.but(mask=session.pictures.put(mask), area=area)


def _behind(session: Session, piece: Piece, layers: Sequence[Layer], out: Sequence[int]) -> Piece:
    """The piece beneath the things that were put before its own, and without what is another thing's."""
    found = session.pictures.get(piece.mask or "") >= 128
    mask, under = visibility.before(
        session, layers, visibility.apart(session, layers, found, out, piece.target), out
    )
    if not mask.any():
        return piece.but(outcome="not found")
    if np.array_equal(mask, found):
        return piece.but(under=under)
    area = float(np.count_nonzero(mask)) / mask.size
    return piece.but(mask=session.pictures.put(mask), area=area, under=under)


def unseen(session: Session, pieces: Sequence[Piece]) -> tuple[list[Piece], list[str]]:
    """The pieces, those that lie where the picture is transparent given up, and a sentence about each."""
    alpha = session.alpha
    kept = list(pieces)
    remarks = []
    for index, piece in enumerate(pieces if alpha is not None else ()):
        if piece.open and piece.mask and is_hidden(alpha, session.pictures.get(piece.mask) >= 128):
            kept[index] = piece.but(outcome="skipped", patch=None)
            remarks.append(
                f"{sentences.capital(sentences.definite(missing_thing(piece)))} lies where the picture is"
                " transparent, so nothing painted there would be seen: it was left alone."
            )
    return kept, remarks


def _asked(piece: Piece) -> dict[str, str]:
    """What is looked for to find a target, by role: the thing itself; all of its kind where it is told by
    those that were spoken of before, or where there may be several.
    """
    target = piece.target
    if piece.layer is not None:
        return {"object": target}
    if (but := all_but(target)) is not None:
        return {"all": but[0], **{f"kept{index}": kept for index, kept in enumerate(but[1])}}
    rest = other_than(target)
    if rest is not None:
        return {"all": f"all the {plural(rest.noun)}"}
    wanted = read_phrase(target)
    single = wanted.order == "best" and wanted.count == 1 and thing_in(target)[0] not in _NEVER_SEVERAL
    if single and noun_in(target) == wanted.noun:
        return {"object": target, "all": f"all the {plural(wanted.noun)}"}
    return {"object": target}


def doubt(piece: Piece) -> str | None:
    """Why it is doubtful that the right thing was found, as half a sentence; None when it is not."""
    if not piece.open or piece.mask is None or piece.layer is not None or piece.patch is not None:
        return None
    if piece.kind == "add" or piece.grow == 0:
        return None
    if piece.why:
        return piece.why
    name = sentences.definite(piece.target)
    head = re.split(
        r"\b(?:of|with|on|in|at|by|behind|above|over|under|next|near|beside|between|against)\b",
        piece.target.lower(),
    )[0]
    if (piece.area or 0.0) > LARGEST and not _SURFACE.search(head):
        return f"what I take for {name} fills most of the picture"
    if piece.confidence < LEAST_CONFIDENCE:
        return f"I am not sure that I found {name}"
    return None


def _is_new(piece: Piece) -> bool:
    return piece.open and piece.kind == "add" and piece.layer is None and piece.mask is None


def _piece(session: Session, target: str, prompt: str, kind: str, layer: int | None) -> Piece:
    target, prompt = " ".join(target.split()), " ".join(prompt.split())
    revised = session.layer(layer) if layer is not None else None
    if revised is not None and not sentences.says_something(target):
        target = revised.target
    if kind != "remove" and not sentences.says_something(prompt):
        raise Refusal(f"I do not know what to make of {sentences.definite(target)}: say how it should look.")
    if kind != "add" and not sentences.says_something(target):
        raise Refusal("I do not know what to change: name the thing, such as “the sofa”.")
    piece = Piece.model_validate({"target": target, "prompt": prompt, "kind": kind, "layer": layer})
    return _of_layer(piece, revised) if revised is not None else piece


def _within(bench: Bench, piece: Piece) -> Piece:
    """The piece, where it is a look, and the preset's engines can tell its thing: the pocket ones know things
    as a whole.
    """
    if piece.kind == "restyle" and _is_about_size(bench.session, piece):
        raise Refusal(
            "I change how things look, not their size or form:"
            f" say how {sentences.definite(sentences.bare(piece.target))} shall look."
        )
    if not bench.preset.drawn_rooms_only or piece.kind != "restyle":
        return piece
    name = sentences.definite(sentences.bare(piece.target))
    part = _PART_OF.search(piece.target) or _OWN_PART.fullmatch(piece.target)
    if part is not None and thing_in(part["thing"])[0]:
        raise Refusal(
            f"I can change {sentences.definite(part['thing'])} as a whole here, not the {part['part']} alone."
        )
    if (tail := _WITH_PART.search(read_look(piece.prompt, piece.target).rest)) is not None:
        raise Refusal(f"I can change {name} as a whole here, not the {tail['part']} alone.")
    if thing_in(piece.target)[0] in MIRRORS:
        raise Refusal(
            f"I cannot tell the frame of {name} from its glass, which shows the room: I can only take"
            " it away or put something else there."
        )
    return piece


def _is_about_size(session: Session, piece: Piece) -> bool:
    """Whether a look asks for another size or form, which its mask cannot take."""
    look = read_look(piece.prompt, piece.target)
    said = piece.target if piece.layer is None else f"{piece.target} {session.layer(piece.layer).prompt}"
    new = set(_WORD.findall(look.rest.lower())) - set(_WORD.findall(said.lower()))
    return any(map(_SIZES.fullmatch, new)) and not look.material and not look.pattern


def _of_layer(piece: Piece, layer: Layer) -> Piece:
    look = read_look(piece.prompt, piece.target)
    if look.like and look.step is not None and read_look(layer.prompt, layer.target).like == look.like:
        # "darker": than it is, whatever became of the thing that it got its colour from
        stage = _request_of(layer).colour
        piece = piece.but(value=stage.value) if stage is not None else piece
    # The very same words for the same layer mean that the user wants to see another try.
    same = (piece.prompt, piece.kind) == (layer.prompt, layer.kind)
    return piece.but(mask=layer.mask, area=layer.area, again=layer.revision + 1 if same else 0)


def _varied(bench: Bench, step: Variations) -> Piece:
    session, offers = bench.session, bench.notes.notes.offers
    if offers is not None and (not offers.are_on_offer(session.head) or offers.attempts):
        offers = None
    if step.like is not None and offers is None:
        raise Refusal("There are no variations to go on from: ask for some first.")
    layer = session.layer(step.layer) if step.layer is not None else None
    target = step.target or (layer.target if layer else "")
    prompt = step.prompt if step.prompt is not None else layer.prompt if layer else ""
    kind = step.kind or (layer.kind if layer else "restyle")
    suggests = kind == "restyle" and read_look(prompt, target) == Look()
    prompt = reworded(sentences.indefinite(sentences.bare(target)), "") if suggests else prompt
    if not sentences.says_something(target):
        raise Refusal("I do not know what the variations should be of: name the thing and its look.")
    piece = _piece(session, target, prompt, kind, step.layer).but(suggests=suggests)
    if offers is None:
        return piece
    if step.like:
        if step.like > len(offers.pieces):
            raise Refusal(f"There is no variation {step.like}: choose one from 1 to {len(offers.pieces)}.")
        model = offers.at(session.head)[step.like - 1]
        colour = model.request.colour if model.request is not None else None
        return model.but(
            patch=None, box=None, request=None, checked=False, around=model.request,
            value=colour.value if colour is not None else None,
        )  # fmt: skip
    first = offers.pieces[0]
    same = (first.target, first.prompt, first.kind) == (piece.target, piece.prompt, piece.kind)
    return piece.but(round=offers.round + 1) if same or step.like == 0 else piece


def _given(bench: Bench, piece: Piece, within: str | None) -> Piece:
    """The piece with the mask that the user gave for it, which is a hard limit."""
    if within is None:
        return piece
    mask = given_mask(bench.session, within)
    if not mask.any():
        raise Refusal(f"There is nothing in {within}.")
    return piece.but(mask=bench.session.pictures.put(mask), area=float(mask.mean()), grow=0)


def _remasked(bench: Bench, step: Mask) -> Piece:
    """A layer with another mask, to be painted again as it was asked for."""
    session = bench.session
    layer = session.layer(step.layer)
    name = sentences.definite(sentences.subject(layer.target, layer.prompt, layer.kind))
    if not layer.visible:
        raise Refusal(f"{sentences.capital(name)} is hidden: show it before its mask is changed.")
    request = _request_of(layer)
    if step.how == "add" and request.colour is not None:  # what is added may have had another colour
        request = request.model_copy(update={"colour": request.colour.model_copy(update={"each": True})})
    if step.how in ("grow", "shrink") and request.colour is not None:
        colour = request.colour.model_copy(update={"exact": True})
        request = request.model_copy(update={"colour": colour})
    old = session.mask(layer.id)
    new = other_mask(bench, step, old)
    if np.count_nonzero(new) < LEAST_LEFT * np.count_nonzero(old):
        raise Refusal(f"Nothing would be left of the mask of {name}, so it stays as it is.")
    if np.array_equal(new, old):
        raise Refusal(f"The mask of {name} would be the same, so nothing was changed.")
    elsewhere = step.how in ("box", "file", "invert")  # there another light falls, and other colours are
    value = request.colour.value if elsewhere and request.colour is not None else None
    target = without(layer.target, step.what) if step.how == "subtract" else layer.target
    return Piece.model_validate(
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
        thing = sentences.capital(sentences.definite(layer.target))
        raise Refusal(f"{thing} was painted by another release: say anew how it should look.") from error


_COLOUR_OF_FILE = re.compile(r"(?P<rest>.+) the colour of (?P<file>.+)")


def _in_picture_colour(piece: Piece) -> Piece:
    """The piece with the main colour of a picture file, if its look names one, and that colour's name.

    Raises ``PictureError`` where the file is missing or no picture.
    """
    found = _COLOUR_OF_FILE.fullmatch(piece.prompt)
    if found is None or not FILE.search(found["file"]):
        return piece
    read = read_picture(meant(found["file"]))
    value = main_colour(read.pixels, read.alpha)
    return piece.but(prompt=reworded(found["rest"], name_of(value)), value=value)


def _picked(bench: Bench, step: Pick) -> Piece:
    index = step.index
    offers = bench.notes.notes.offers
    if offers is None or not offers.are_on_offer(bench.session.head) or offers.attempts:
        raise Refusal("There are no variations to pick from: ask for some first.")
    if index > len(offers.pieces):
        raise Refusal(f"There is no variation {index}: pick one from 1 to {len(offers.pieces)}.")
    piece = offers.at(bench.session.head)[index - 1]
    if step.prompt is None:
        return piece.but(checked=True)  # it is what the user chose
    return piece.but(prompt=step.prompt, patch=None, box=None, request=None, checked=False, value=None)


def _kept(bench: Bench) -> list[Piece]:
    offers = bench.notes.notes.offers
    if offers is None or offers.version != bench.session.head or not offers.attempts:
        raise Refusal("There is nothing on offer to keep.")
    return list(offers.pieces)


def _earlier(session: Session, number: int, version: int) -> Piece:
    """A layer as it was in an earlier version: its patch of then, and nothing is painted."""
    layer = session.layer(number, version)
    if not layer.visible:
        name = sentences.subject(layer.target, layer.prompt, layer.kind)
        raise Refusal(f"In version {version} {name} was not there.")
    box = layer.box
    return Piece.model_validate(
        {
            "target": layer.target, "prompt": layer.prompt, "kind": layer.kind, "layer": layer.id,
            "mask": layer.mask, "area": layer.area, "request": _request_of(layer), "patch": layer.patch,
            "box": (int(box.x0), int(box.y0), int(box.x1), int(box.y1)), "checked": True,
        }
    )  # fmt: skip


def _refreshed(session: Session, number: int) -> Piece:
    layer = session.layer(number)
    if not layer.visible:
        thing = sentences.capital(sentences.definite(layer.target))
        raise Refusal(f"{thing} is hidden: show it before it is refreshed.")
    request = _request_of(layer)
    # What was put before it since, or is gone since, is no longer where its mask says.
    anew = layer.kind == "restyle" and request.grow is None and refresh.stands_elsewhere(session, layer)
    return Piece.model_validate(
        {
            "target": layer.target, "prompt": layer.prompt, "kind": layer.kind, "layer": layer.id,
            "mask": None if anew else layer.mask, "area": layer.area, "refreshes": request, "checked": True,
        }
    )  # fmt: skip


def _located(
    session: Session, piece: Piece, found: Mapping[str, Found], place: Place | None, *, guesses: bool
) -> Piece:
    mask: Region
    if kept := [each for role, each in found.items() if role.startswith("kept")]:
        return _all_but(session, piece, found["all"], kept)
    if place is None and "object" not in found:
        return _rest(session, piece, found["all"])
    if place is None:
        there = found["object"]
        if not there.present:
            return piece.but(outcome="not found", confidence=there.confidence)
        mask, confidence = there.mask, there.confidence
        several = as_good(mask, found["all"]) if "all" in found else []
        if len(several) > 1 and guesses:
            return _guessed(session, piece, there, several)
        if len(several) > 1:
            noun = read_phrase(piece.target).noun
            if apart := told_apart(several):
                return _asked_which(session, piece, which_of(noun, apart), several)
            if len(several) > 3:
                several.sort(key=lambda thing: float(np.nonzero(thing)[1].mean()))
                return _asked_which(session, piece, which_of(noun, [], len(several)), several)
        if miscounted := too_few_or_many(piece.target, there):
            return piece.but(outcome="refused", why=miscounted)
    else:
        missing = [role for role in ("anchor", "other") if role in found and not found[role].present]
        if missing:
            return piece.but(outcome="not found", confidence=found[missing[0]].confidence)
        masks = {role: each.mask for role, each in found.items() if each.present}
        mask = mask_for_place(
            place,
            piece.prompt,
            session.size,
            anchor=masks.get("anchor"),
            other=masks.get("other"),
            floor=masks.get("floor"),
            wall=masks.get("wall"),
        )
        confidence = min(
            (found[role].confidence for role in ("anchor", "other") if role in found), default=1.0
        )
    area = float(np.count_nonzero(mask)) / mask.size
    return piece.but(mask=session.pictures.put(mask), area=area, confidence=confidence)


def _guessed(session: Session, piece: Piece, found: Found, things: Sequence[Region]) -> Piece:
    """The piece about the one of several things that was found first, and what is to be said of that."""
    best = max(range(len(things)), key=lambda index: int((things[index] & found.mask).sum()))
    apart = told_apart(things)
    taken = f", and I took {apart[best]}" if apart else ", and I took one of them"
    noun = read_phrase(piece.target).noun
    mask = things[best] & found.mask
    return piece.but(
        mask=session.pictures.put(mask), area=float(mask.mean()), confidence=found.confidence,
        why=f"there are {number(len(things))} {plural(noun)}{taken}",
    )  # fmt: skip


def _asked_which(session: Session, piece: Piece, question: str, things: Sequence[Region]) -> Piece:
    """The piece, not done before the user said which of several things is meant."""
    return piece.but(
        outcome="refused", why=question, choices=tuple(session.pictures.put(thing) for thing in things)
    )


def _like(piece: Piece) -> str:
    """The thing whose colour an edit's is to have; empty for none."""
    if not piece.open or piece.patch is not None or piece.kind == "remove" or piece.refreshes is not None:
        return ""
    if piece.value is not None:
        return ""
    if piece.kind != "restyle":
        found = _IN_COLOUR_OF.fullmatch(piece.prompt)
        return found["like"] if found is not None and not FILE.search(piece.prompt) else ""
    return read_look(piece.prompt, piece.target).like


def _rest(session: Session, piece: Piece, everything: Found) -> Piece:
    """The piece with the mask of what layers of the session have not taken yet, of all that bear its name."""
    rest = other_than(piece.target)
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
        return piece.but(outcome="not found", confidence=everything.confidence)
    if len(left) > count:
        apart = told_apart(left) if count == 1 else None
        return piece.but(outcome="refused", why=which_of(f"other {rest.noun}", apart or [], len(left)))
    mask: Region = np.logical_or.reduce(left)
    area = float(np.count_nonzero(mask)) / mask.size
    return piece.but(mask=session.pictures.put(mask), area=area, confidence=everything.confidence)


def _all_but(session: Session, piece: Piece, everything: Found, kept: Sequence[Found]) -> Piece:
    """The piece with the mask of all things of a name but those that are to stay as they are."""
    noun = everything.phrase.removeprefix("all the ")
    missing = next((found for found in (everything, *kept) if not found.present), None)
    if missing is not None:
        name = noun if missing is everything else missing.phrase
        return piece.but(outcome="not found", confidence=missing.confidence, why=name)
    things = separate(everything.mask, everything.things)
    staying = [_is_in(thing, each.mask) for thing in things for each in kept]
    left = [thing for thing in things if not any(_is_in(thing, each.mask) for each in kept)]
    if not left or not any(staying):
        apart = told_apart(things)
        return piece.but(outcome="refused", why=which_of(sentences.single(noun), apart or [], len(things)))
    mask: Region = np.logical_or.reduce(left)
    area = float(np.count_nonzero(mask)) / mask.size
    confidence = min(everything.confidence, *(each.confidence for each in kept))
    return piece.but(mask=session.pictures.put(mask), area=area, confidence=confidence)


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


def too_few_or_many(target: str, found: Found) -> str | None:
    """What is wrong with the number of things that were ``found`` for a phrase that counts them."""
    wanted = read_phrase(target)
    if (wanted.count or 1) < 2 or thing_in(target)[0] in _NEVER_SEVERAL:
        return None
    count = wanted.count or 1
    things = separate(found.mask, found.things)
    if len(things) < count:
        noun = plural(wanted.noun)
        there = f"{number(len(things))} {noun}" if len(things) > 1 else f"one {sentences.single(noun)}"
        return (
            f"I can tell only {there} there, not {number(count)}, so nothing was changed:"
            f" say “the {noun}” to change what I see."
        )
    largest = max(int(thing.sum()) for thing in things)
    near = [thing for thing in things if thing.sum() >= AS_LARGE * largest]
    return which_of(wanted.noun, [], len(near)) if len(near) > count and wanted.order == "best" else None


def _as_told(session: Session, piece: Piece, visible: Changes) -> Piece:
    """The piece, refused where its thing has plainly another colour than the words tell it by."""
    if not piece.open or piece.mask is None or piece.layer is not None or piece.kind == "add":
        return piece
    colour, noun = visibility.told_colour(piece.target)
    if colour is None:
        return piece
    mask = session.pictures.get(piece.mask) >= 128
    picture = visibility.without(session, visible, ())
    if piece.under is not None:
        mask = mask & ~visibility.covered(session, piece.under, mask.shape)
    if not mask.any() or visibility.away(picture, mask, colour, thing_in(noun)[0]) <= ANOTHER_COLOUR:
        return piece
    seen = measure(picture, mask)
    name = name_of([float(value / seen.light) for value in seen.median])
    are = "are" if sentences.is_several(noun) else "is"
    return piece.but(
        outcome="refused",
        why=f"I see no {sentences.bare(piece.target)}: the {noun} that I see {are} {name}.",
    )


def which_of(noun: str, apart: Sequence[str], count: int = 0) -> str:
    """The question which of several things is meant, in words that tell them ``apart``, if there are any."""
    many = f"There are {number(count or len(apart))} {plural(noun)}"
    if apart:
        return f"{many}: do you mean {sentences.listed(apart, 'or')}?"
    return f"{many}: which do you mean, such as “the second from the left”?"


_IN_COLOUR_OF = re.compile(
    r"(?P<thing>.+?)(?: in)? the (?:same )?colou?r of (?P<like>(?:the|my) .+)", re.IGNORECASE
)


def _coloured_like(piece: Piece, picture: NDArray[np.uint8], like: Found) -> Piece:
    """The piece with the colour of another thing, as that would be in full light."""
    if not like.present:
        return piece.but(outcome="not found", confidence=like.confidence, why=like.phrase)
    seen = measure(picture, like.mask)
    lightness, a, b = (float(value / seen.light) for value in seen.median)
    value = (min(lightness, 1.0), a, b)
    if piece.kind != "restyle" and (found := _IN_COLOUR_OF.fullmatch(piece.prompt)) is not None:
        return piece.but(prompt=reworded(found["thing"], name_of(value)))  # whoever paints it reads words
    return piece.but(value=value)


def missing_thing(piece: Piece) -> str:
    """What was looked for, in the user's words: for ``add``, what the place is told by."""
    if piece.why:
        return piece.why
    if piece.kind != "add":
        return piece.target
    place = read_place(piece.target)
    return " and ".join(phrase for phrase in (place.anchor, place.other) if phrase) or piece.target
