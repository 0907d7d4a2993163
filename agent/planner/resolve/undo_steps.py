"""Frames that take something back or bring it back. What cannot be found is asked for, never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.planner.context import Context, LayerView
from agent.planner.frames import REVERT, Frame
from agent.planner.plan import Goto, Hide, Mask, Pick, Redo, Refresh, Show, Step, Undo
from agent.planner.resolve.layers import (
    by_look,
    focused_layers,
    is_member,
    layers_about,
    layers_referred,
    looks_fit,
    may_be,
    object_of,
    same_thing,
    set_with,
    was_undone,
)
from agent.planner.resolve.resolution import VAGUE, Done, ask, made
from agent.planner.resolve.wording import definite, short, target_of
from tools.language.noun_phrases import is_plural, parse
from tools.language.referring import all_but

SURE_OF_ALL = 0.8
"""A reading that is less sure brings back no more than one thing: "reset everything" is no such wish."""
_ALL = ("everything", "all", "all of it", "all of them")


def undo(frame: Frame, context: Context) -> Done:
    """Some versions back."""
    count = max(1, frame.number or 1)
    if (left := _left_for_original(context)) and count == 1:
        return Done((Goto(version=left),), (f"back to version {left}",))
    if context.head == 0 and context.versions == 0:
        return Done((Undo(count=count),), ("undo",))
    return Done((Undo(count=count),), ("undo" if count == 1 else f"undo {count} steps",))


_STEPWISE = re.compile(
    r"\b(?:undo\w*|(?:steps?|one|once) back|back \w+ steps?|take (?:that|it|this) back)\b", re.I
)


def _left_for_original(context: Context) -> int:
    """The version from which the sentence before went to the original at a leap; 0 for none."""
    leapt = context.head == 0 and len(context.visited) > 1 and context.visited[-2] and context.spoken
    if not leapt or not context.spoken[-1].moved or _STEPWISE.search(context.spoken[-1].sentence):
        return 0
    return context.visited[-2]


def go_to(frame: Frame, context: Context) -> Done:
    """To a version by its number, if there is one."""
    version = frame.number or 0
    if version < 0:
        version = context.versions
    if version > context.versions:
        return ask(
            f"There is no version {version}; there are 0 (the original) to {context.versions}. Which one?"
        )
    return Done((Goto(version=version),), ("back to the original" if version == 0 else f"version {version}",))


def hide(frame: Frame, context: Context) -> Done:
    """ "undo only the sofa": take that layer out. The thing must be one that was changed."""
    if frame.prompt == "hide" and frame.target and not layers_about(frame.target, context, visible=True):
        thing = target_of(frame.target)
        hidden = layers_about(frame.target, context, visible=False)
        there = {layer.id for layer in context.at_head.layers}
        if any(layer.id in there and not layer.dropped for layer in hidden):
            return Done((), (f"{thing.capitalize()}: that layer is hidden already.",))
        were = "were" if is_plural(parse(thing).noun) else "was"
        them = "them" if were == "were" else "it"
        return ask(f"{thing.capitalize()} {were} not edited. Shall I remove {them} from the picture?")
    if frame.reference == "all" and frame.like:
        spared = {layer.id for layer in layers_about(frame.like, context, visible=True)}
        layers = tuple(layer for layer in context.layers if layer.visible and layer.id not in spared)
        if not spared:
            return ask(f"I have not changed {definite(frame.like)}; what shall I undo?")
    elif frame.target and (of_set := set_with(frame.target, context)) is not None:
        own = layers_about(frame.target, context, visible=True) if frame.name == "first" else ()
        own = tuple(layer for layer in own if not is_plural(parse(layer.target).noun))
        taken = without(of_set, frame.target, context)
        return Done((*taken.steps, *(Hide(layer=layer.id) for layer in own)), taken.said)
    elif frame.target:
        layers = _told(frame.target, layers_about(frame.target, context, visible=True))[:1]
        several = ("both", "all", "all the", "both the", "every")
        if parse(frame.target).article.lower() in several or is_plural(parse(frame.target).noun):
            layers = layers_about(frame.target, context, visible=True)
        if not layers:
            layers = by_look(frame.target, context)
    elif frame.prompt == REVERT and frame.reference in ("first", "second", "third"):
        # "the first thing I changed": of all that is changed, not of what was spoken of last
        visible = tuple(layer for layer in context.layers if layer.visible)
        at = ("first", "second", "third").index(frame.reference)
        layers = visible[at : at + 1]
    else:
        layers = tuple(layer for layer in layers_referred(frame, context) if layer.visible)
        last = focused_layers(context)[-1:]
        if frame.reference == "other" and last and last[0].visible and _is_other_of_two(last[0], context):
            layers = last
        if frame.reference == "it" and context.focus and layers:
            return Done((Undo(count=1),), ("undo",))
    if not layers:
        what = frame.target or "that"
        return ask(
            f"I have not changed {definite(what)}; what shall I undo?"
            if frame.target
            else "What shall I undo?"
        )
    return Done(
        tuple(Hide(layer=layer.id) for layer in layers),
        tuple(f"{short(layer.target)}: as it was" for layer in layers),
    )


def _told(target: str, layers: Sequence[LayerView]) -> tuple[LayerView, ...]:
    """Of layers about a thing that its colour tells ("the green armchair") those that are of one so told,
    or of one that no other colour tells.
    """
    colours = {word.lower() for look in parse(target).looks if look.sort == "colour" for word in look.words}
    if not colours:
        return tuple(layers)
    so = [layer for layer in layers if colours <= {*layer.target.lower().split()}]
    so = so or [layer for layer in layers if colours <= {*layer.prompt.lower().split()}]
    plain = [layer for layer in layers if all(look.sort != "colour" for look in parse(layer.target).looks)]
    return tuple(so or plain)


def without(layer: LayerView, target: str, context: Context) -> Done:
    """One of the things of a layer as it was before it: the layer without it."""
    thing = target_of(target)
    if _is_other_of_two(layer, context):
        return Done((Hide(layer=layer.id),), (f"{short(thing)}: as it was",))
    return Done((Mask(layer=layer.id, how="subtract", what=thing),), (f"{short(thing)}: as it was",))


def _is_other_of_two(layer: LayerView, context: Context) -> bool:
    """Whether one thing is left of a layer that once was about two ("both armchairs")."""
    but = all_but(layer.target)
    return (
        but is not None
        and len(but[1]) == 1
        and any(
            {"both", "two"} & set(parse(view.target).article.lower().split())
            for version in context.history
            for view in version.layers
            if view.id == layer.id
        )
    )


def spared_since(target: str, context: Context) -> Done | None:
    """What takes the last change back for one thing alone ("the left one stays"); None where it had none."""
    of_set = set_with(target, context)
    if of_set is not None and of_set.id in context.focus:
        return without(of_set, target, context)
    before = {layer.id: layer for layer in context.parent.layers}
    for layer in layers_about(target, context, visible=True):
        if layer.id not in context.focus or is_plural(parse(layer.target).noun):
            continue
        if not may_be(parse(target), layer):
            continue
        old = before.get(layer.id)
        if old is not None and old.visible and old.prompt != layer.prompt:
            return made(old.target, old.prompt, old.kind, layer)
        if old is None or not old.visible:
            return Done((Hide(layer=layer.id),), (f"{short(layer.target)}: as it was",))
    return None


def refresh(frame: Frame, context: Context) -> Done:
    """Paint things again as they were asked for, on what lies below them now."""
    if frame.target:
        layers = layers_about(frame.target, context, visible=True)[:1]
        if is_plural(parse(frame.target).noun):
            layers = layers_about(frame.target, context, visible=True)
    else:
        layers = tuple(layer for layer in layers_referred(frame, context) if layer.visible)
    if not layers:
        what = definite(frame.target) if frame.target else "that"
        return ask(f"I have not changed {what}; what shall I paint again?")
    return Done(
        tuple(Refresh(layer=layer.id) for layer in layers),
        tuple(f"{short(object_of(layer))}: painted again" for layer in layers),
    )


def bring_back(frame: Frame, context: Context) -> Done:
    """ "bring the sofa back": show it where it is hidden, take away what removed or replaced it where it is
    not.
    """
    if frame.confidence >= SURE_OF_ALL and frame.target.lower() in _ALL:
        return _again(_gone(context))
    if frame.reference == "other":
        others = [layer for layer in _gone(context) if layer.id not in context.focus[-1:]]
        if len(others) > 1:
            names = " or ".join(definite(short(layer.target)) for layer in others)
            return ask(f"Which one shall I bring back: {names}?")
        return _again(others)
    if frame.target.lower().startswith("one of "):
        return ask(f"Which one of {definite(frame.target[7:])} shall I bring back?")
    if frame.target and (of_set := set_with(frame.target, context)) is not None:
        return without(of_set, frame.target, context)
    if frame.target:
        hidden = tuple(
            layer
            for layer in layers_about(frame.target, context, visible=False)
            if layer.kind != "remove" and not layer.dropped
        )
        gone = [
            layer for layer in layers_about(frame.target, context, visible=True) if layer.kind == "remove"
        ] or [
            layer
            for layer in reversed(context.layers)
            if layer.visible and layer.kind == "remove" and is_member(frame.target, layer)
        ]
        if gone:
            several = gone if is_plural(parse(frame.target).noun) else gone[:1]
            return Done(
                tuple(_there_again(layer, frame.target, context) for layer in several),
                (f"{short(frame.target)}: back",),
            )
        swapped = [
            layer
            for layer in layers_about(frame.target, context, visible=True)
            if layer.kind == "replace" and same_thing(parse(frame.target), layer.target)
        ]
        if swapped:
            return Done((Hide(layer=swapped[0].id),), (f"{short(swapped[0].target)}: back",))
        fitting = [layer for layer in hidden if looks_fit(parse(frame.target), layer)] or list(hidden)
        if fitting:
            return Done((Show(layer=fitting[0].id),), (f"{short(object_of(fitting[0]))}: back",))
        changed = layers_about(frame.target, context, visible=True)
        if changed:
            return Done((Hide(layer=changed[0].id),), (f"{short(changed[0].target)}: as it was",))
        if any(layer.dropped for layer in layers_about(frame.target, context, visible=False)):
            return ask(
                f"The layer of {definite(frame.target)} was deleted. Undo brings it back, or an earlier"
                " version: which do you want?"
            )
        return ask(f"I have not taken {definite(frame.target)} away; what shall I do with it?")
    layers = layers_referred(frame, context)
    if layers:
        hidden_now = tuple(layer for layer in layers if not layer.visible)
        if hidden_now and any(layer.kind != "remove" for layer in hidden_now):
            if was_undone(context):
                return Done((Redo(count=1),), ("redo",))
            return Done(
                tuple(Show(layer=layer.id) for layer in hidden_now),
                tuple(f"{short(object_of(layer))}: back" for layer in hidden_now),
            )
        if not hidden_now and not context.done:
            return Done((), ("Nothing was taken away, so there is nothing to bring back.",))
        if not hidden_now and len(layers) == 1 and context.head > 0:
            return Done((Undo(count=1),), ("undo",))
        return Done(
            tuple(Hide(layer=layer.id) for layer in layers if layer.visible),
            tuple(f"{short(layer.target)}: as it was" for layer in layers),
        )
    if context.head < context.versions:
        return Done((Redo(count=1),), ("redo",))
    return ask("What shall I bring back?")


def _gone(context: Context) -> list[LayerView]:
    """The layers that took things away, or else those that are hidden."""
    away = [layer for layer in context.layers if layer.visible and layer.kind == "remove"]
    hidden = [layer for layer in context.at_head.layers if not layer.visible and not layer.dropped]
    return away or [layer for layer in hidden if layer.kind != "remove"]


def _again(layers: Sequence[LayerView]) -> Done:
    """What was taken away or hidden is there again."""
    if not layers:
        return ask("Nothing is hidden or taken away; say “back to the original” to take all changes back.")
    steps = tuple(Hide(layer=layer.id) if layer.visible else Show(layer=layer.id) for layer in layers)
    return Done(steps, tuple(f"{short(object_of(layer))}: back" for layer in layers))


def _there_again(layer: LayerView, words: str, context: Context) -> Step:
    """What brings back a thing that a layer took away: as it was before that, changed or not; of several
    things the one that is named.
    """
    if is_member(words, layer) and " but " not in layer.target:
        return Mask(layer=layer.id, how="subtract", what=target_of(words))
    for number in (context.history[number].parent for number in context.way):
        then = next((each for each in context.history[number].layers if each.id == layer.id), None)
        there = then is not None and then.visible and then.kind != "remove"
        if then is not None and there and same_thing(parse(words), object_of(then)):
            return Show(layer=layer.id, version=number)
    return Hide(layer=layer.id)


def pick(frame: Frame, context: Context) -> Done:
    """One of the variations on offer, if there are any."""
    number = frame.number or 0
    if not context.variations:
        if number > 0 and context.question is None:
            return ask("There are no variations yet; what shall I change?")
        return ask(VAGUE)
    index = context.variations if number < 0 else number
    if not 1 <= index <= context.variations:
        return ask(f"There are {context.variations} variations; which one?")
    return Done((Pick(index=index),), (f"number {index}",))
