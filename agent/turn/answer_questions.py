"""Answers to questions, from the record and from what the picture shows. Runs in the worker thread, and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.planner.plan import Tell
from agent.planner.resolve.layers import same_thing, stem
from agent.turn import occlusion, phrases
from agent.turn.context import TurnContext
from agent.turn.named_colours import in_full_light
from sessions.model import Changes, Layer
from tools.language.colours import described, distance, name_of
from tools.language.looks import read_look
from tools.language.noun_phrases import parse
from tools.language.referring import separate
from tools.segmenting.base import find

Mask = NDArray[np.bool_]

SAME_COLOUR = 0.12
"""A thing has a colour that is asked for when it is nearer to it than this, in Oklab, or is called so."""
MOST_APART = 4
"""Of so many things of a kind each one's colour is told."""


def answer(context: TurnContext, step: Tell) -> str:
    """The answer to a question. Raises ``ToolError`` and ``Cancelled``."""
    match step.asked:
        case "colour":
            return _colour(context, step.about, step.version)
        case "so":
            return _is_so(context, step.about, step.look or "")
        case "there":
            return _is_there(context, step.about)
    return _changes(context, step.about)


def _changes(context: TurnContext, about: str) -> str:
    """What the record says of one thing, or, about nothing, of all that was changed."""
    session = context.session
    layers = [layer for layer in session.layers if layer.visible]
    if about:
        layers = _touching(context, about)
        if not layers:
            thing = phrases.definite(about)
            return f"I have not changed {thing}: {_as_it_was(about)} as in the original picture."
    if not layers:
        return "Nothing is changed: this is the base picture."
    said = [phrases.edit(layer) + f" ({_in_words(layer)}version {layer.version})" for layer in layers]
    return f"{phrases.capital('; '.join(said))}."


def _about(layers: Sequence[Layer], about: str) -> list[Layer]:
    named = parse(about)
    return [
        layer
        for layer in layers
        if same_thing(named, layer.prompt if layer.kind == "add" else layer.target)
        or (layer.kind == "replace" and same_thing(named, layer.prompt))
    ]


def _touching(context: TurnContext, about: str) -> list[Layer]:
    """The layers that show and changed a thing: its own, and those of several of which it is one."""
    session = context.session
    layers = [layer for layer in session.layers if layer.visible]
    own = _about(layers, about)
    if phrases.is_several(about):
        return own
    noun = stem(parse(about).noun[-1].lower()) if parse(about).noun else ""
    several = [
        layer
        for layer in layers
        if layer.kind != "add" and _is_several(layer.target) and noun and noun in layer.target.lower()
    ]
    mine = [layer for layer in own if layer not in several]
    if not several or (thing := _where(context, about)) is None:
        return mine
    masks = [(layer, session.pictures.get(layer.mask) >= 128) for layer in several]
    within = [
        layer for layer, mask in masks if np.count_nonzero(mask & thing) > 0.5 * np.count_nonzero(thing)
    ]
    return sorted((*mine, *within), key=lambda layer: layer.id)


def _is_several(target: str) -> bool:
    """Whether a layer's target is several things: also "all the cushions but the black one"."""
    return phrases.is_several(target.partition(" but ")[0])


def _in_words(layer: Layer) -> str:
    """The colour that a layer took from another thing, by its name."""
    colour = layer.request.get("colour")
    value = colour.get("value") if isinstance(colour, Mapping) else None
    if not read_look(layer.prompt, layer.target).like or not isinstance(value, Sequence):
        return ""
    return f"{name_of(value)}, "


def _as_it_was(about: str) -> str:
    return "they are" if phrases.is_several(about) else "it is"


def _colour(context: TurnContext, about: str, version: int | None) -> str:
    session = context.session
    name = phrases.definite(about)
    mask = _where(context, about)
    if mask is None:
        return f"I see no {phrases.bare(about)}, so I cannot tell its colour."
    picture = session.picture(version)
    now = version is None or version == session.head
    verb = ("are" if now else "were") if phrases.is_several(about) else ("is" if now else "was")
    when = "" if now else "At first " if version == 0 else f"In version {version} "
    colours = _colours(picture, mask)
    order = ", from left to right" if len(colours) > 1 else ""
    measured = f"{when}{name} {verb} {phrases.listed(colours)}{order}."
    if not now:
        return phrases.capital(measured)
    its = "They are" if phrases.is_several(about) else "It is"
    return f"{_changes(context, about)} {its} {phrases.listed(colours)}{order}."


def _colours(picture: NDArray[np.uint8], mask: Mask) -> list[str]:
    """The names of the colours of a thing, or of each of a few things of a kind, from left to right."""
    apart = separate(mask)
    apart = apart if 1 < len(apart) <= MOST_APART else [mask]
    apart = sorted(apart, key=lambda each: float(np.nonzero(each)[1].mean()))
    names = [described(_value(picture, each)) for each in apart]
    return names if len(set(names)) > 1 else names[:1]


def _value(picture: NDArray[np.uint8], mask: Mask) -> tuple[float, float, float]:
    """The colour of what is in a mask (H, W), as it would be in full light, in Oklab."""
    lightness, a, b = in_full_light(picture, mask)
    return (min(lightness, 1.0), a, b)


def _where(context: TurnContext, about: str) -> Mask | None:
    """Where a thing is, bool (H, W): where it was edited, or where it is found; None where it is not."""
    session = context.session
    edited = [layer for layer in _about(session.layers, about) if layer.kind != "add" and not layer.dropped]
    edited = [layer for layer in edited if _counts_as_many(layer.target, about)]
    if edited:
        newest = max(edited, key=lambda layer: (layer.visible, layer.id))
        return session.pictures.get(newest.mask) >= 128
    put = [layer for layer in _about(session.layers, about) if layer.kind == "add" and layer.visible]
    if put:
        return session.pictures.get(put[-1].mask) >= 128
    layers = occlusion.shown(session, Changes())
    for picture in (
        occlusion.without(session, Changes(), occlusion.left_out(layers, about)),
        session.picture(0),  # what was taken away was there at first
    ):
        (found,) = find(context.engines.segmenter(), picture, [about], cancelled=context.cancelled)
        if found.present and found.mask.any():
            return found.mask
    return None


def _counts_as_many(target: str, about: str) -> bool:
    """Whether a layer's words mean one thing or several as the question does: "both armchairs" are not the
    left one.
    """
    return _is_several(target) == phrases.is_several(about)


def _is_so(context: TurnContext, about: str, look: str) -> str:
    """ "Is the sofa leather now?", "is the left cushion still black?"."""
    session = context.session
    layers = [layer for layer in _touching(context, about) if layer.kind != "remove"]
    record = _changes(context, about)
    wanted = read_look(look)
    if layers:
        has = {stem(word) for layer in layers for word in layer.prompt.lower().split()}
        if {stem(word) for word in look.lower().split()} <= has:
            return f"Yes. {record}"
    if wanted.value is None:
        return record if not layers else f"No. {record}"
    mask = _where(context, about)
    if mask is None:
        return record
    value = _value(session.picture(), mask)
    name = described(value)
    its = "They are" if phrases.is_several(about) else "It is"
    if distance(value, wanted.value) <= SAME_COLOUR or set(look.lower().split()) <= set(name.split()):
        return f"Yes. {record}" if layers else f"Yes, {its.lower()} {name}. {record}"
    return f"No. {record} {its} {name}, not {look}." if layers else f"{record} {its} {name}, not {look}."


def _is_there(context: TurnContext, about: str) -> str:
    session = context.session
    name = phrases.capital(phrases.definite(about))
    are, were = ("are", "were") if phrases.is_several(about) else ("is", "was")
    layers = _about([layer for layer in session.layers if layer.visible], about)
    gone = [layer for layer in layers if layer.kind in ("remove", "replace")]
    if put := [layer for layer in layers if layer.kind == "add"]:
        return f"Yes: {phrases.edit(put[-1])} (version {put[-1].version})."
    if gone and _counts_as_many(gone[-1].target, about):
        last = gone[-1]
        if last.kind == "remove" or not same_thing(parse(about), last.prompt):
            how = "removed" if last.kind == "remove" else f"replaced with {last.prompt}"
            return f"No: {name.lower()} {were} {how} in version {last.version}."
    (found,) = find(context.engines.segmenter(), session.picture(), [about], cancelled=context.cancelled)
    if found.present and found.mask.any():
        return f"Yes, {name.lower()} {are} there."
    return f"No, I see no {phrases.bare(about)}."
