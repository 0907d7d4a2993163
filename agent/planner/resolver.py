"""From frames and the conversation to a plan. The one place that emits steps.

The resolver owns whether an edit revises a layer or makes a new one, how looks merge ("leather" + "darker"),
whether "bring it back" hides, shows or redoes, and when to ask. It is a pure function, and every parser uses
it: neither a grammar nor a language model ever has to write a layer number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.plan import Ask, Compare, Edit, Goto, Hide, Pick, Plan, Redo, Show, Step, Undo, Variations
from agent.planner.base import Context, LayerView, advance
from agent.planner.english.lexicon import words as word_set
from agent.planner.english.phrase import (
    Phrase,
    is_plural,
    parse,
    words_of,
)
from agent.planner.frames import Frame
from agent.planner.layers import (
    by_look,
    focused_layers,
    layer_named,
    layers_about,
    layers_referred,
    looks_fit,
    object_of,
    same_thing,
    was_undone,
)
from agent.planner.wording import (
    bare,
    definite,
    is_part,
    new_thing,
    place_of,
    restyled,
    revised,
    short,
    target_of,
    understood,
    with_noun,
)
from tools.request import Kind

VAGUE = "What shall I change, and into what?"


Parse = Callable[[str], tuple[Frame, ...]]


@dataclass(frozen=True)
class _Done:
    """What one frame came to."""

    steps: tuple[Step, ...] = ()
    said: tuple[str, ...] = ()


def resolve(frames: Sequence[Frame], context: Context, parse_earlier: Parse | None = None) -> Plan:
    """The plan of one sentence from its frames.

    ``parse_earlier`` reads the user's earlier sentences again, for the answer to a question: "change the
    sofa" · "Into what?" · "blue velvet".
    """
    frames = tuple(_named_one(frame, context) for frame in _answered(tuple(frames), context, parse_earlier))
    done: list[_Done] = []
    state = context
    for frame in frames:
        result = _step(frame, state)
        done.append(result)
        # later frames of the sentence see what the earlier ones did ("undo that and make it blue")
        state = _after(state, result)
    return _plan(done)


def _named_one(frame: Frame, context: Context) -> Frame:
    """ "the left one", "another one": the noun comes from what was spoken of last."""
    focused = focused_layers(context)
    if not focused:
        return frame
    noun = bare(object_of(focused[-1])).noun
    words = frame.target.split()
    if words and parse(frame.target).noun[-1:] in (("one",), ("ones",)) and noun:
        frame = replace(frame, target=" ".join(" ".join(noun) if w in ("one", "ones") else w for w in words))
    thing = frame.prompt.split()
    if frame.kind == "add" and thing[-1:] == ["one"]:
        frame = replace(frame, prompt=" ".join((*thing[:-1], *noun)))
    return frame


def _after(state: Context, result: _Done) -> Context:
    steps = tuple(step for step in result.steps if not isinstance(step, Ask | Compare | Variations))
    if not steps:
        return state
    moved = advance(state, "", Plan(steps=steps))
    both = (
        tuple(dict.fromkeys((*state.focus, *moved.focus)))
        if any(isinstance(s, Edit) for s in steps)
        else moved.focus
    )
    return replace(moved, sentences=state.sentences, focus=both)


def _plan(done: list[_Done]) -> Plan:
    steps = [step for result in done for step in result.steps]
    said = [text for result in done for text in result.said if text]
    asks = [step for step in steps if isinstance(step, Ask)]
    if asks and len(asks) < len(steps):
        steps = [step for step in steps if not isinstance(step, Ask)]
        said.append(asks[0].question)
    elif asks:
        steps = [asks[0]]
        said = [asks[0].question]
    return Plan(say=" · ".join(said), steps=tuple(steps))


def _answered(frames: tuple[Frame, ...], context: Context, parse_earlier: Parse | None) -> tuple[Frame, ...]:
    """Complete an answer ("blue velvet", "the wall", "yes") from the sentence that we asked about."""
    if not context.question or not context.sentences or parse_earlier is None or len(frames) != 1:
        return frames
    asked = [
        frame for frame in parse_earlier(context.sentences[-1]) if frame.act in ("ask", "edit", "variations")
    ]
    if not asked:
        return frames
    frame, before = frames[0], asked[0]
    if before.act == "ask" and before.target and frame.act == "edit" and not frame.target and frame.prompt:
        thing = frame.kind == "add" and len(frame.prompt.split()) > 1
        kind: Kind = "replace" if thing or before.kind == "replace" or frame.kind == "replace" else "restyle"
        return tuple(
            replace(frame, kind=kind, target=f.target, reference="", correction=False)
            for f in asked
            if f.target
        )
    if (
        before.act == "ask"
        and before.target
        and before.kind == "replace"
        and frame.kind == "restyle"
        and frame.confidence < 0.8
    ):
        # "replace the lamp" · "with what?" · "a red vase"
        return (replace(frame, kind="replace", target=before.target, prompt=with_noun(frame), reference=""),)
    if (
        before.act == "edit"
        and before.kind == "add"
        and not before.target
        and frame.act == "ask"
        and frame.target
        and frame.number == 0
    ):
        return (replace(before, target=frame.target),)
    if (
        before.act == "variations"
        and before.target
        and not before.prompt
        and frame.act == "edit"
        and frame.prompt
        and not frame.target
    ):
        return (replace(before, prompt=frame.prompt, kind="restyle"),)
    if before.act == "edit" and before.prompt and frame.act == "ask" and frame.target and not frame.prompt:
        if before.kind == "add" and not before.target:
            return (replace(before, target=f"on {frame.target}"),)
        if before.reference or not before.target:
            return tuple(replace(before, target=frame.target, reference="") for frame in frames)
    if before.act == "edit" and before.kind == "remove" and frame.act == "ask" and frame.target:
        return (replace(before, target=frame.target, reference=""),)
    return frames


def _ask(question: str) -> _Done:
    return _Done((Ask(question=question),), ())


def _step(frame: Frame, context: Context) -> _Done:
    match frame.act:
        case "edit":
            return _edit(frame, context)
        case "undo":
            return _undo(frame, context)
        case "redo":
            return _Done((Redo(count=frame.number or 1),), ("redo",))
        case "goto":
            return _goto(frame, context)
        case "hide":
            return _hide(frame, context)
        case "back":
            return _bring_back(frame, context)
        case "variations":
            return _variations(frame, context)
        case "pick":
            return _pick(frame, context)
        case "compare":
            return _Done((Compare(),), ("before and after",))
        case "move":
            return _ask("I cannot move or turn things; shall I remove it and put a new one somewhere?")
        case "keep":
            return _Done((), (frame.say or "All right, I leave that as it is.",))
        case "talk":
            return _Done((), (frame.say or "I see. Tell me when something in the picture shall change.",))
        case "ask":
            return _vague(frame, context)


def _undo(frame: Frame, context: Context) -> _Done:
    count = max(1, frame.number or 1)
    if context.head == 0 and context.versions == 0:
        return _Done((Undo(count=count),), ("undo",))
    return _Done((Undo(count=count),), ("undo" if count == 1 else f"undo {count} steps",))


def _goto(frame: Frame, context: Context) -> _Done:
    version = frame.number or 0
    if version < 0:
        version = context.versions
    if version > context.versions:
        return _ask(
            f"There is no version {version}; there are 0 (the original) to {context.versions}. Which one?"
        )
    return _Done(
        (Goto(version=version),), ("back to the original" if version == 0 else f"version {version}",)
    )


def _hide(frame: Frame, context: Context) -> _Done:
    """ "undo only the sofa": take that layer out. The thing must be one that was changed."""
    if frame.prompt == "hide" and frame.target and not layers_about(frame.target, context, visible=True):
        return _edit(Frame("edit", "remove", target=frame.target), context)
    if frame.reference == "all" and frame.like:
        spared = {layer.id for layer in layers_about(frame.like, context, visible=True)}
        layers = tuple(layer for layer in context.layers if layer.visible and layer.id not in spared)
        if not spared:
            return _ask(f"I have not changed {definite(frame.like)}; what shall I undo?")
    elif frame.target:
        layers = layers_about(frame.target, context, visible=True)[:1]
        if parse(frame.target).article.lower() in ("both", "all", "all the", "both the", "every") or (
            is_plural(parse(frame.target).noun) and frame.target.split()[0] == "both"
        ):
            layers = layers_about(frame.target, context, visible=True)
        if not layers:
            layers = by_look(frame.target, context)
    else:
        layers = tuple(layer for layer in layers_referred(frame, context) if layer.visible)
        if frame.reference == "it" and context.focus and layers:
            return _Done((Undo(count=1),), ("undo",))
    if not layers:
        what = frame.target or "that"
        return _ask(
            f"I have not changed {definite(what)}; what shall I undo?"
            if frame.target
            else "What shall I undo?"
        )
    return _Done(
        tuple(Hide(layer=layer.id) for layer in layers),
        tuple(f"{short(layer.target)}: as it was" for layer in layers),
    )


def _bring_back(frame: Frame, context: Context) -> _Done:
    """ "bring the sofa back": show it where it is hidden, take away what removed or replaced it where it is
    not.
    """
    if frame.target:
        hidden = tuple(
            layer for layer in layers_about(frame.target, context, visible=False) if layer.kind != "remove"
        )
        gone = [
            layer for layer in layers_about(frame.target, context, visible=True) if layer.kind == "remove"
        ]
        if gone:
            return _Done((Hide(layer=gone[0].id),), (f"{short(gone[0].target)}: back",))
        swapped = [
            layer
            for layer in layers_about(frame.target, context, visible=True)
            if layer.kind == "replace" and same_thing(parse(frame.target), layer.target)
        ]
        if swapped:
            return _Done((Hide(layer=swapped[0].id),), (f"{short(swapped[0].target)}: back",))
        fitting = [layer for layer in hidden if looks_fit(parse(frame.target), layer)] or list(hidden)
        if fitting:
            return _Done((Show(layer=fitting[0].id),), (f"{short(object_of(fitting[0]))}: back",))
        changed = layers_about(frame.target, context, visible=True)
        if changed:
            return _Done((Hide(layer=changed[0].id),), (f"{short(changed[0].target)}: as it was",))
        return _ask(f"I have not taken {definite(frame.target)} away; what shall I do with it?")
    layers = layers_referred(frame, context)
    if layers:
        hidden_now = tuple(layer for layer in layers if not layer.visible)
        if hidden_now and any(layer.kind != "remove" for layer in hidden_now):
            if was_undone(context):
                return _Done((Redo(count=1),), ("redo",))
            return _Done(
                tuple(Show(layer=layer.id) for layer in hidden_now),
                tuple(f"{short(object_of(layer))}: back" for layer in hidden_now),
            )
        if not hidden_now and len(layers) == 1 and context.head > 0:
            return _Done((Undo(count=1),), ("undo",))
        return _Done(
            tuple(Hide(layer=layer.id) for layer in layers if layer.visible),
            tuple(f"{short(layer.target)}: as it was" for layer in layers),
        )
    if context.head < context.versions:
        return _Done((Redo(count=1),), ("redo",))
    return _ask("What shall I bring back?")


def _pick(frame: Frame, context: Context) -> _Done:
    number = frame.number or 0
    if not context.variations:
        if number > 0 and context.question is None:
            return _ask("There are no variations to pick from; what shall I change?")
        return _ask(VAGUE)
    index = context.variations if number < 0 else number
    if not 1 <= index <= context.variations:
        return _ask(f"There are {context.variations} variations; which one?")
    return _Done((Pick(index=index),), (f"number {index}",))


def _vague(frame: Frame, context: Context) -> _Done:
    if frame.say:
        return _ask(frame.say)
    if frame.number == 0 and frame.target:
        return _ask(f"What shall I put {frame.target}?")
    if frame.like or (frame.also and frame.target):
        return _same_again(frame, context)
    if frame.correction and frame.target and focused_layers(context):
        return _wrong_object(frame, context)
    if frame.target and parse(frame.target).noun[-1].lower() in _ANYTHING:
        return _ask(VAGUE)
    if frame.target:
        thing = target_of(frame.target)
        return _ask(
            f"What shall I replace {thing} with?"
            if frame.kind == "replace"
            else f"What shall {thing} look like?"
        )
    layers = layers_referred(frame, context) if frame.reference else ()
    if layers:
        return _ask(f"What shall {target_of(object_of(layers[-1]))} look like?")
    return _ask(VAGUE)


_ANYTHING = word_set("""
    something anything thing things whatever stuff colours colors colour color it that this everything
    somewhere
""")


def _wrong_object(frame: Frame, context: Context) -> _Done:
    """ "no, the armchair": the last edit was meant for something else."""
    last = focused_layers(context)[-1]
    if not last.visible or same_thing(parse(frame.target), object_of(last)):
        return _ask(f"What shall {target_of(frame.target)} look like?")
    again = _same_again(replace(frame, like="last"), context)
    if any(isinstance(step, Ask) for step in again.steps):
        return again
    return _Done((Undo(count=1), *again.steps), ("not " + short(last.target), *again.said))


def _edit(frame: Frame, context: Context) -> _Done:
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


def _made(target: str, prompt: str, kind: Kind, layer: LayerView | None = None) -> _Done:
    if not target.strip() or (kind != "remove" and not prompt.strip()):
        return _ask(VAGUE)
    edit = Edit(target=target, prompt=prompt, kind=kind, layer=layer.id if layer else None)
    return _Done((edit,), (understood(edit, layer),))


def _restyle(frame: Frame, context: Context) -> _Done:
    if not frame.prompt:
        return _vague(replace(frame, act="ask"), context)
    if frame.target:
        if _whole(frame.target):
            return _ask("Everything is too much for one edit: which things shall I change?")
        layer = layer_named(frame.target, context)
        if layer:
            return _revise(layer, frame.prompt)
        return _made(target_of(frame.target), restyled(frame.target, frame.prompt), "restyle")
    layers = layers_referred(frame, context)
    if not layers:
        return _ask(_what_look(frame))
    results = [
        _revise(layer, frame.prompt)
        if layer.visible and layer.kind != "remove"
        else _again(layer, frame.prompt)
        for layer in layers
    ]
    return _Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _whole(target: str) -> bool:
    return target.lower() in ("everything", "all of it", "all of them", "all")


def _what_look(frame: Frame) -> str:
    return f"What shall I make {frame.prompt}?" if frame.prompt else VAGUE


def _revise(layer: LayerView, look: str) -> _Done:
    prompt = revised(layer.prompt, look) if layer.prompt else restyled(layer.target, look)
    return _made(layer.target, prompt, layer.kind, layer)


def _again(layer: LayerView, look: str) -> _Done:
    """A look for a thing whose layer is not in the picture: an edit of its own."""
    if layer.kind == "remove" and layer.visible:
        return _ask(f"{target_of(layer.target).capitalize()} is removed; shall I bring it back first?")
    return _made(target_of(layer.target), restyled(layer.target, look), "restyle")


def _remove(frame: Frame, context: Context) -> _Done:
    if not frame.target and not frame.reference:
        return _ask("What shall I remove?")
    if frame.target:
        if _whole(frame.target):
            return _ask("Everything is too much for one edit: which things shall I remove?")
        layer = layer_named(frame.target, context)
        if layer is None:
            return _made(target_of(frame.target), "", "remove")
        return _take_away(layer, frame.target)
    layers = tuple(
        layer for layer in layers_referred(frame, context) if layer.visible and layer.kind != "remove"
    )
    if not layers:
        hidden = layers_referred(frame, context)
        if hidden and hidden[-1].kind != "add":
            return _made(target_of(hidden[-1].target), "", "remove")
        return _ask("What shall I remove?")
    results = [_take_away(layer, object_of(layer)) for layer in layers]
    return _Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _take_away(layer: LayerView, words: str) -> _Done:
    """Remove a thing that a layer is about: what a layer added goes with the layer, anything else is painted
    over.
    """
    if layer.kind == "add":
        return _Done((Hide(layer=layer.id),), (f"remove {definite(short(words))}",))
    return _made(layer.target, "", "remove", layer)


def _add(frame: Frame, context: Context) -> _Done:
    prompt = new_thing(frame.prompt)
    focused = focused_layers(context)
    if frame.correction and focused and not frame.target and focused[-1].visible:
        # "no, a kettle instead"
        last = focused[-1]
        kind: Kind = last.kind if last.kind in ("add", "replace") else "replace"
        return _made(last.target, prompt, kind, last)
    if (
        not frame.target
        and focused
        and focused[-1].visible
        and focused[-1].kind != "remove"
        and is_part(prompt)
    ):
        return _made(f"on {definite(short(object_of(focused[-1])))}", prompt, "add")
    if parse(frame.prompt).noun[-1:] in (("something",), ("anything",), ("thing",), ("things",), ("stuff",)):
        return _ask(
            f"What shall I put {place_of(frame.target)}?" if frame.target else "What shall I add, and where?"
        )
    same = bool(focused) and focused[-1].visible and focused[-1].kind in ("add", "replace")
    if (
        not frame.target
        and same
        and same_thing(replace(parse(prompt), looks=(), tail=()), focused[-1].prompt)
    ):
        return _made(focused[-1].target, prompt, focused[-1].kind, focused[-1])  # "two palm trees"
    if not frame.target:
        if frame.also and focused and focused[-1].kind == "add" and focused[-1].visible:
            return _made(focused[-1].target, prompt, "add")
        return _ask(f"Where shall I put {prompt}?")
    return _made(place_of(frame.target), prompt, "add")


def _replace(frame: Frame, context: Context) -> _Done:
    if not frame.prompt:
        return _vague(replace(frame, act="ask", kind="replace"), context)
    if frame.target:
        layer = layer_named(frame.target, context)
        prompt = new_thing(frame.prompt, frame.target)
        if layer:
            return _made(layer.target, prompt, "add" if layer.kind == "add" else "replace", layer)
        return _made(target_of(frame.target), prompt, "replace")
    layers = layers_referred(frame, context) or focused_layers(context)[-1:]
    if not layers:
        return _ask(f"What shall I replace with {new_thing(frame.prompt)}?")
    results = []
    for layer in layers:
        prompt = new_thing(frame.prompt, object_of(layer))
        if layer.visible and layer.kind != "remove":
            results.append(_made(layer.target, prompt, "add" if layer.kind == "add" else "replace", layer))
        else:
            results.append(_made(target_of(layer.target), prompt, "replace"))
    return _Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _look_to_copy(frame: Frame, context: Context) -> Phrase | None:
    """The looks of the layer that "the same" or "like the sofa" means."""
    if frame.like and frame.like != "last":
        layer = layer_named(frame.like, context)
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
    tail = (
        phrase.tail
        if layer.kind == "restyle" and phrase.tail[:1] in (("with",), ("covered",), ("like",), ("in",))
        else ()
    )
    return Phrase("", phrase.looks, (), tail)


def _same_again(frame: Frame, context: Context) -> _Done:
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
        if thing:
            return _ask(f"What shall {thing} look like?")
        return _ask(VAGUE)
    words = " ".join((*words_of(look.looks), *look.tail))
    if frame.target:
        layer = layer_named(frame.target, context)
        if layer:
            return _revise(layer, words)
        return _made(thing, restyled(frame.target, words), "restyle")
    layers = layers_referred(frame, context)
    if frame.like in ("", "last") or not layers:
        return _ask(VAGUE)
    results = [_revise(layer, words) for layer in layers if layer.visible]
    return _Done(tuple(s for r in results for s in r.steps), tuple(t for r in results for t in r.said))


def _variations(frame: Frame, context: Context) -> _Done:
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
            return _Done(
                (
                    Variations(
                        count=count, target=layer.target, prompt=prompt, kind=layer.kind, layer=layer.id
                    ),
                ),
                (said,),
            )
        if not frame.prompt:
            return _ask(f"What shall {target_of(frame.target)} look like?")
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
        return _Done((step,), (f"{said}: {short(step.target or '')} → {step.prompt}",))
    offered = context.offer
    focused = focused_layers(context)
    if offered is not None and not frame.prompt:
        return _Done(
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
        return _ask("Variations of what?")
    layer = focused[-1]
    prompt = revised(layer.prompt, frame.prompt) if frame.prompt else layer.prompt
    return _Done(
        (Variations(count=count, target=layer.target, prompt=prompt, kind=layer.kind, layer=layer.id),),
        (said,),
    )
