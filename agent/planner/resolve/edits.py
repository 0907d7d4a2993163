"""Frames that change the picture: which layer they revise, if any, and what is to be painted."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.context import Context, LayerView
from agent.planner.frames import COLOUR_OF, Frame
from agent.planner.plan import Ask, Hide, Undo, Variations
from agent.planner.resolve import command_steps
from agent.planner.resolve.layers import (
    both_named,
    by_look,
    focused_layers,
    is_member,
    layer_named,
    layers_about,
    layers_over,
    layers_referred,
    object_of,
    same_thing,
)
from agent.planner.resolve.resolution import VAGUE, Done, ask, made
from agent.planner.resolve.unknown_colours import slip
from agent.planner.resolve.wording import (
    definite,
    is_part,
    new_thing,
    place_of,
    restyled,
    revised,
    short,
    target_of,
)
from tools.kinds import Kind
from tools.language.chunking import is_thing
from tools.language.colours import value_of
from tools.language.compounds import parted
from tools.language.lexicon import word_set
from tools.language.looks import read_look
from tools.language.noun_phrases import Phrase, is_plural, parse, render, sort_of, words_of
from tools.language.object_sizes import noun_in, thing_in
from tools.language.rephrasing import plainly

_MORE_LIKE = re.compile(r"(?:a (?:bit|little) )?more like (?:a |the )?(?P<name>[\w -]+)", re.IGNORECASE)
""" "make it more like honey": the colour of honey on what it is made of."""


def vague(frame: Frame, context: Context) -> Done:
    """What a frame that leaves something open comes to: more of the same, or a question."""
    if frame.say:
        return ask(frame.say)
    if frame.number == 0 and frame.target:
        return ask(f"What shall I put {frame.target}?")
    if frame.correction and frame.target and focused_layers(context):
        return _wrong_object(frame, context)
    if frame.like or (frame.also and frame.target):
        return _same_again(frame, context)
    if frame.target and parse(frame.target).noun[-1].lower() in _ANYTHING:
        return ask(VAGUE)
    wish = parse(frame.target) if frame.target and frame.kind is None and not frame.prompt else Phrase()
    if wish.article.lower() in ("", "a", "an", "some") and wish.noun and wish.looks:
        # "could we do pink walls": the walls that there are, in pink
        look = " ".join(words_of(wish.looks))
        return edit_of(Frame("edit", "restyle", target=f"the {' '.join(wish.noun)}", prompt=look), context)
    if frame.target:
        thing = target_of(frame.target)
        return ask(
            f"What shall I replace {thing} with?"
            if frame.kind == "replace"
            else f"What should {thing} look like?"
        )
    layers = layers_referred(frame, context) if frame.reference else ()
    if layers:
        return ask(f"What should {target_of(object_of(layers[-1]))} look like?")
    return ask(VAGUE)


_ANYTHING = word_set("""
    something anything thing things whatever stuff colours colors colour color it that this everything
    somewhere
""")


def _wrong_object(frame: Frame, context: Context) -> Done:
    """ "no, the armchair": the last edit was meant for something else."""
    last = focused_layers(context)[-1]
    if not last.visible or same_thing(parse(frame.target), object_of(last)):
        return ask(f"What should {target_of(frame.target)} look like?")
    again = _same_again(replace(frame, like="last"), context)
    if any(isinstance(step, Ask) for step in again.steps):
        return again
    return Done((Undo(count=1), *again.steps), ("not " + short(last.target), *again.said))


def edit_of(frame: Frame, context: Context) -> Done:
    """An edit: a look, another thing, nothing, or a new thing."""
    frame = replace(frame, prompt=plainly(frame.prompt))
    if frame.like:
        return _same_again(frame, context)
    match frame.kind:
        case "remove":
            return _remove(frame, context)
        case "add":
            return _add(frame, context)
        case "replace":
            return _replace(frame, context)
        case _:
            return _restyle(frame, context)


def _restyle(frame: Frame, context: Context) -> Done:
    if not frame.prompt:
        return vague(replace(frame, act="ask"), context)
    lights = bool(frame.target) and parse(frame.target).noun[-1].lower().rstrip("s") in ("lamp", "light")
    if lights and frame.prompt.lower() in ("on", "off", "lit"):
        return Done((), ("I cannot switch lights on or off: say what colour it is to have, or how bright.",))
    if (hue := _MORE_LIKE.fullmatch(frame.prompt)) is not None and value_of(hue["name"]) is not None:
        frame = replace(frame, prompt=f"in {hue['name']}")
    if frame.target:
        if _whole(frame.target):
            return ask("Everything is too much for one edit: which things shall I change?")
        if pair := both_named(frame.target, context):
            each = [_revise(layer, frame.prompt) for layer in pair]
            return Done(tuple(s for r in each for s in r.steps), tuple(t for r in each for t in r.said))
        layer = layer_named(frame.target, context)
        if layer is None and sort_of(parse(frame.target).noun[-1]) in ("colour", "material"):
            layer = next(iter(by_look(frame.target, context)), None)  # "tone down the red"
        if (question := slip(frame.target, frame.prompt)) is not None:
            return ask(question)
        if layer and (over := layers_over(layer, context)):
            # what was painted over it since would hide the change
            if is_plural(parse(object_of(layer)).noun):
                each = [_revise(one, frame.prompt) for one in (layer, *over)]
                return Done(tuple(s for r in each for s in r.steps), tuple(t for r in each for t in r.said))
            return made(target_of(frame.target), restyled(frame.target, frame.prompt), "restyle")
        if layer:
            layer = _before_the_part(layer, context) if _corrects_a_part(frame) else layer
            return _revise(layer, frame.prompt)
        return made(target_of(frame.target), restyled(frame.target, frame.prompt), "restyle")
    layers = layers_referred(frame, context)
    if _corrects_a_part(frame):
        layers = tuple(_before_the_part(layer, context) for layer in layers)
    if not layers:
        return ask(_what_look(frame))
    if (question := slip(object_of(layers[-1]), frame.prompt)) is not None:
        return ask(question)
    results = [
        _revise(layer, frame.prompt)
        if layer.visible and layer.kind != "remove"
        else _again(layer, frame.prompt)
        for layer in layers
    ]
    return Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _corrects_a_part(frame: Frame) -> bool:
    return frame.correction and re.search(r"\bwith\b", frame.prompt) is not None


def _before_the_part(layer: LayerView, context: Context) -> LayerView:
    """A layer without the part that it got last: "with flowers" · "no, with a moon"."""
    before = next((one for one in context.parent.layers if one.id == layer.id), None)
    phrase, old = parse(layer.prompt), parse(before.prompt if before else layer.target)
    if not phrase.tail or phrase.tail == old.tail or phrase.tail[0].lower() != "with":
        return layer
    return replace(layer, prompt=render(replace(phrase, tail=old.tail if before else ())))


def _whole(target: str) -> bool:
    return target.lower() in ("everything", "all of it", "all of them", "all")


def _what_look(frame: Frame) -> str:
    return f"What shall I make {frame.prompt}?" if frame.prompt else VAGUE


def _revise(layer: LayerView, look: str) -> Done:
    name = look.removeprefix("in ")
    if name != look and value_of(name) is not None and read_look(layer.prompt, layer.target).material:
        # "honey oak" is a colour of its own: what it is made of stays apart from it
        return made(layer.target, f"{layer.prompt.partition(' in ')[0]} {look}", layer.kind, layer)
    if look.startswith(COLOUR_OF) and layer.prompt:
        return made(layer.target, f"{command_steps.colourless(layer)} {look}", layer.kind, layer)
    prompt = revised(layer.prompt, look) if layer.prompt else restyled(layer.target, look)
    return made(layer.target, prompt, layer.kind, layer)


def _again(layer: LayerView, look: str) -> Done:
    """A look for a thing whose layer is not in the picture: an edit of its own."""
    if layer.kind == "remove" and layer.visible:
        return ask(f"{target_of(layer.target).capitalize()} is removed; shall I bring it back first?")
    return made(target_of(layer.target), restyled(layer.target, look), "restyle")


def _remove(frame: Frame, context: Context) -> Done:
    if not frame.target and not frame.reference:
        return ask("What shall I remove?")
    if frame.target:
        if _whole(frame.target) or frame.target.lower().startswith(("everything ", "the everything ")):
            what = frame.target[:1].upper() + frame.target[1:]
            return ask(f"{what} is too much for one edit: which things shall I remove?")
        layer = layer_named(frame.target, context)
        if layer is None:
            return made(target_of(frame.target), "", "remove")
        return _take_away(layer, frame.target)
    layers = tuple(
        layer for layer in layers_referred(frame, context) if layer.visible and layer.kind != "remove"
    )
    if not layers:
        hidden = layers_referred(frame, context)
        if hidden and hidden[-1].kind != "add":
            return made(target_of(hidden[-1].target), "", "remove")
        return ask("What shall I remove?")
    results = [_take_away(layer, object_of(layer)) for layer in layers]
    return Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _take_away(layer: LayerView, words: str) -> Done:
    """Remove a thing that a layer is about: what a layer added goes with the layer, anything else is painted
    over.
    """
    if layer.kind == "add":
        return Done((Hide(layer=layer.id),), (f"remove {definite(short(words))}",))
    return made(layer.target, "", "remove", layer)


_OF_EVERY_ROOM = frozenset({"wall", "walls", "floor", "floors", "flooring", "ceiling"})
"""What is there already, so that it is not to be added."""


def _add(frame: Frame, context: Context) -> Done:
    if frame.target.lower() in _NO_PLACE:
        frame = replace(frame, target="")
    prompt = new_thing(frame.prompt)
    focused = focused_layers(context)
    if frame.correction and focused and not frame.target and focused[-1].visible:
        # "no, a kettle instead"
        last = focused[-1]
        kind: Kind = last.kind if last.kind in ("add", "replace") else "replace"
        return made(last.target, prompt, kind, last)
    if (
        not frame.target
        and focused
        and focused[-1].visible
        and focused[-1].kind != "remove"
        and is_part(prompt)
    ):
        return made(f"on {definite(short(object_of(focused[-1])))}", prompt, "add")
    if parse(frame.prompt).noun[-1:] in (("something",), ("anything",), ("thing",), ("things",), ("stuff",)):
        return ask(
            f"What shall I put {place_of(frame.target)}?" if frame.target else "What shall I add, and where?"
        )
    same = bool(focused) and focused[-1].visible and focused[-1].kind in ("add", "replace")
    if (
        not frame.target
        and same
        and same_thing(replace(parse(prompt), looks=(), tail=()), focused[-1].prompt)
    ):
        return made(focused[-1].target, prompt, focused[-1].kind, focused[-1])  # "two palm trees"
    if not frame.target:
        if frame.also and focused and focused[-1].kind == "remove" and focused[-1].visible:
            return made(focused[-1].target, prompt, "replace", focused[-1])  # "put a clock there"
        if frame.also and focused and focused[-1].kind == "add" and focused[-1].visible:
            return made(focused[-1].target, prompt, "add")
        gone = [layer for layer in context.layers if layer.visible and layer.kind == "remove"][-1:]
        if frame.also and gone and not is_plural(parse(gone[0].target).noun):
            return made(gone[0].target, prompt, "replace", gone[0])  # "there": where something is gone
        noun = parse(prompt).noun
        if noun and noun[-1].lower() in _OF_EVERY_ROOM:  # "a brick wall would be nice"
            return made(definite(" ".join(noun)), prompt, "restyle")
        if place := _usual_place(" ".join(noun)):
            return made(place, prompt, "add")
        return ask(f"Where shall I put {prompt}?")
    noun = parse(prompt).noun
    if noun and noun[-1].lower() in _OF_EVERY_ROOM:  # "a navy feature wall behind the sofa"
        return made(f"{definite(noun[-1])} {place_of(frame.target)}", prompt, "restyle")
    return made(place_of(frame.target), prompt, "add")


_NO_PLACE = frozenset({"somewhere", "anywhere", "everywhere"})
_PLACES = {"floor": "on the floor", "flat": "on the floor", "wall": "on the wall"}
_ON_THE_FLOOR = word_set("houseplant palm yucca monstera fern ficus piano crib cot highchair pram lounger")
_BUILT_IN = frozenset({"window", "curtain", "fireplace"})
"""What is at home in one place of a room, which its kind does not tell."""


def _usual_place(noun: str) -> str:
    """Where a new thing goes of which nothing is said: on the floor or on the wall, by its kind; empty where
    it may stand on this or that.
    """
    if noun.lower().split()[-1:] and noun.lower().split()[-1] in _ON_THE_FLOOR:
        return _PLACES["floor"]
    name, kind = thing_in(noun)
    whole = re.fullmatch(rf"{noun_in(noun)}(?:s|es)?", noun.lower()) is not None  # no "disco ball"
    return _PLACES.get(kind.stands, "") if name and whole and name not in _BUILT_IN else ""


def _replace(frame: Frame, context: Context) -> Done:
    if not frame.prompt:
        return vague(replace(frame, act="ask", kind="replace"), context)
    if frame.target:
        layer = layer_named(frame.target, context)
        prompt = new_thing(frame.prompt, frame.target)
        if layer:
            return made(layer.target, prompt, "add" if layer.kind == "add" else "replace", layer)
        gone = [
            each
            for each in layers_about(frame.target, context, visible=True)
            if each.kind == "remove" and not is_member(frame.target, each)
        ]
        if gone:  # "a clock where the mirror was"
            return made(gone[0].target, prompt, "replace", gone[0])
        return made(target_of(frame.target), prompt, "replace")
    layers = layers_referred(frame, context) or focused_layers(context)[-1:]
    if not layers:
        prompt = new_thing(frame.prompt)
        noun = parse(prompt).noun
        look = read_look(prompt, " ".join(noun))
        if noun and is_thing(noun[-1].lower()) and (look.value is not None or look.material or look.pattern):
            return made(definite(" ".join(noun)), prompt, "restyle")  # "with a linen sofa instead"
        return ask(f"What shall I replace with {prompt}?")
    results = []
    for layer in layers:
        prompt = new_thing(frame.prompt, object_of(layer))
        if layer.visible and layer.kind != "remove":
            results.append(made(layer.target, prompt, "add" if layer.kind == "add" else "replace", layer))
        elif layer.visible:
            results.append(made(layer.target, prompt, "replace", layer))  # where something was taken away
        else:
            results.append(made(target_of(layer.target), prompt, "replace"))
    return Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _look_to_copy(frame: Frame, context: Context) -> Phrase | None:
    """The looks of the layer that "the same" or "like the sofa" means."""
    if frame.like and frame.like != "last":
        layer = layer_named(frame.like.removeprefix(COLOUR_OF), context)
    else:
        layer = next(
            (one for one in reversed(focused_layers(context)) if one.kind != "remove" and one.visible), None
        )
        layer = layer or next(
            (one for one in reversed(context.layers) if one.visible and one.kind != "remove"), None
        )
    if layer is None:
        return None
    phrase = parse(layer.prompt)
    if frame.like.startswith(COLOUR_OF):
        return Phrase("", tuple(look for look in phrase.looks if look.sort == "colour"), (), ())
    tail = (
        phrase.tail
        if layer.kind == "restyle" and phrase.tail[:1] in (("with",), ("covered",), ("like",), ("in",))
        else ()
    )
    return Phrase("", phrase.looks, (), tail)


def _same_again(frame: Frame, context: Context) -> Done:
    """ "the same for the armchair", "also the shed", "make it the same colour as the wall"."""
    focused = focused_layers(context)
    last = focused[-1] if focused else None
    copying = frame.like in ("", "last")
    if (
        copying
        and last
        and last.visible
        and last.kind in ("remove", "add", "replace")
        and frame.target
        and not parse(last.prompt).looks
    ):
        if last.kind == "remove":
            return _remove(Frame("edit", "remove", target=frame.target), context)
        if last.kind == "replace":
            return _replace(Frame("edit", "replace", target=frame.target, prompt=last.prompt), context)
    look = _look_to_copy(frame, context)
    thing = target_of(frame.target) if frame.target else ""
    if look is None or not (look.looks or look.tail):
        if frame.like.startswith(COLOUR_OF):
            # nothing is known of that thing in words: whoever sees the picture knows its colour
            return _restyle(replace(frame, like="", prompt=frame.like), context)
        if command_steps.FILE.search(frame.like):
            return Done((), (command_steps.colour_alone(frame.like),))
        if thing and not copying:
            return _restyle(replace(frame, like="", prompt=f"{COLOUR_OF}{definite(frame.like)}"), context)
        if thing:
            return ask(f"What should {thing} look like?")
        return ask(VAGUE)
    words = parted(" ".join((*words_of(look.looks), *look.tail)))
    if frame.target:
        layer = layer_named(frame.target, context)
        if layer:
            return _revise(layer, words)
        return made(thing, restyled(frame.target, words), "restyle")
    layers = layers_referred(frame, context)
    if frame.like in ("", "last") or not layers:
        return ask(VAGUE)
    results = [_revise(layer, words) for layer in layers if layer.visible]
    return Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


_PLACED = re.compile(
    r"(?:on|under|underneath|below|beneath|in front of|next to|beside|behind|above|over|near|by|between"
    r"|against|in) (?:the|my|our|both) .+",
    re.IGNORECASE,
)


def moved(frame: Frame, context: Context) -> Done:
    """A thing that was put there goes to another place: it is taken out, and put in anew there."""
    named = layer_named(frame.target, context) if frame.target else None
    layer = named or next(iter(layers_referred(frame, context)[-1:]), None)
    place = re.sub(r" instead$", "", frame.name or frame.prompt).strip(" .!")
    place = re.sub(
        r"^(?:on)?to (?=(?:the|my|our) (?!(?:left|right|front|back|top|bottom|side)\b))", "on ", place
    )
    if layer is None or not layer.visible or layer.kind != "add" or not _PLACED.fullmatch(place):
        return ask("I cannot move or turn things; shall I remove it and put a new one somewhere?")
    anew = made(place_of(place), layer.prompt, "add")
    return Done((Hide(layer=layer.id), *anew.steps), (f"{definite(short(layer.prompt))} {place}",))


def variations(frame: Frame, context: Context) -> Done:
    """Several versions of one edit, to pick from."""
    count = min(8, max(2, frame.number or 3))
    said = f"{count} variations"
    if frame.target:
        layer = layer_named(frame.target, context) if frame.kind != "add" else None
        if layer:
            prompt = (
                revised(layer.prompt, frame.prompt)
                if frame.prompt and frame.kind == "restyle"
                else layer.prompt
            )
            return Done(
                (
                    Variations(
                        count=count, target=layer.target, prompt=prompt, kind=layer.kind, layer=layer.id
                    ),
                ),
                (said,),
            )
        if not frame.prompt and frame.kind in (None, "restyle"):  # in colours that suit the picture
            step = Variations(count=count, target=target_of(frame.target), prompt="", kind="restyle")
            return Done((step,), (f"{count} colours for {target_of(frame.target)}",))
        if not frame.prompt:
            where = (
                place_of(frame.target)
                if frame.kind == "add"
                else f"in the place of {target_of(frame.target)}"
            )
            return ask(f"Several of what shall I put {where}?")
        if frame.kind == "add":
            step = Variations(
                count=count, target=place_of(frame.target), prompt=new_thing(frame.prompt), kind="add"
            )
        elif frame.kind == "replace":
            step = Variations(
                count=count,
                target=target_of(frame.target),
                prompt=new_thing(frame.prompt, frame.target),
                kind="replace",
            )
        else:
            step = Variations(
                count=count,
                target=target_of(frame.target),
                prompt=restyled(frame.target, frame.prompt),
                kind="restyle",
            )
        return Done((step,), (f"{said}: {short(step.target or '')} → {step.prompt}",))
    offered = context.offer
    focused = focused_layers(context)
    if offered is not None and not frame.prompt:
        return Done(
            (
                Variations(
                    count=count,
                    target=offered.target,
                    prompt=offered.prompt,
                    kind=offered.kind,
                    layer=offered.layer,
                ),
            ),
            (said,),
        )
    if not focused or not focused[-1].visible:
        return ask("Variations of what?")
    layer = focused[-1]
    prompt = revised(layer.prompt, frame.prompt) if frame.prompt else layer.prompt
    return Done(
        (Variations(count=count, target=layer.target, prompt=prompt, kind=layer.kind, layer=layer.id),),
        (said,),
    )
