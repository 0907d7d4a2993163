"""Frames about layers, masks, versions and looking: what they come to. Pure functions over a context.

What cannot be found is asked for, never guessed; nothing here reads a sentence (see ``dialogue.sayings``).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, cast

from agent.planner.context import Context, LayerView
from agent.planner.frames import Frame
from agent.planner.plan import (
    Compare,
    Drop,
    Edit,
    Goto,
    Look,
    Mark,
    Mask,
    Open,
    Plan,
    Reorder,
    Save,
    Step,
    Variations,
)
from agent.planner.resolve.conversation_record import version_named
from agent.planner.resolve.layers import (
    by_look,
    focused_layers,
    layer_named,
    layers_about,
    layers_referred,
    object_of,
    stem,
)
from agent.planner.resolve.resolution import Done, as_plan, ask
from agent.planner.resolve.wording import definite, restyled, revised, short, target_of
from tools.language.chunking import is_thing
from tools.language.lexicon import NUMBERS, ORDINALS
from tools.language.looks import read_look
from tools.language.noun_phrases import is_plural, parse, render

FILE = re.compile(r"\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|avif)$", re.IGNORECASE)
BOX = re.compile(
    r"(?:from )?(?P<x0>\d+(?:\.\d+)?%?) ?[,x] ?(?P<y0>\d+(?:\.\d+)?%?) ?(?:to|until|-|–)"
    r" ?(?P<x1>\d+(?:\.\d+)?%?) ?[,x] ?(?P<y1>\d+(?:\.\d+)?%?)"
)
"""A box in the picture, by two corners, in percents of its sides or in pixels."""

_LAYER = re.compile(
    r"(?:the )?(?:layer (?:number |no\.? |#)?(?P<number>\w+)|(?P<ordinal>\w+) (?:layer|change|edit))"
)


def colour_alone(path: str) -> str:
    """What is said where a picture file is to give more than its colour."""
    return f"I can take a colour from a picture, but not a pattern or a thing: say “in the colour of {path}”."


def layers_meant(frame: Frame, context: Context) -> tuple[LayerView, ...]:
    """The layers that a frame about changes means: those that show before those that are hidden."""
    there = _in_the_pile(context)
    if not frame.target:
        if frame.reference in ("first", "second", "third"):
            at = ("first", "second", "third").index(frame.reference)
            return tuple(layer for layer in there if layer.visible)[at : at + 1]
        return tuple(layer for layer in layers_referred(frame, context) if layer in there)
    words = frame.target.lower()
    if (numbered := _LAYER.fullmatch(words)) is not None:
        if (number := _number(numbered["number"])) is not None:
            return tuple(layer for layer in there if layer.id == number)
        at = ORDINALS.get(numbered["ordinal"] or "", 0)
        visible = [layer for layer in there if layer.visible]
        if numbered["ordinal"] == "last":
            return tuple(visible[-1:])
        return tuple(visible[at - 1 : at]) if at > 0 else ()
    if re.fullmatch(r"(?:all )?(?:the )?hidden (?:layers|changes|things|ones)", words):
        return tuple(layer for layer in there if not layer.visible)
    narrowed = replace(context, layers=there)
    for seen in (True, False):
        found = layers_about(frame.target, narrowed, visible=seen)
        several = is_plural(parse(frame.target).noun) or words.startswith(("all ", "both "))
        if found:
            return found if several else found[:1]
    return by_look(frame.target, narrowed)


def _number(word: str | None) -> int | None:
    if word is None:
        return None
    return int(word) if word.isdigit() else NUMBERS.get(word)


def _in_the_pile(context: Context) -> tuple[LayerView, ...]:
    """The layers that the version at the head holds, seen or hidden."""
    there = {layer.id for layer in context.at_head.layers if not layer.dropped}
    return tuple(layer for layer in context.layers if layer.id in there and not layer.dropped)


def _name(frame: Frame) -> str:
    return definite(frame.target) if frame.target else "that"


def drop(frame: Frame, context: Context) -> Done:
    """Layers go for good from the next version on."""
    layers = layers_meant(frame, context)
    if frame.spared:
        kept = layers_meant(Frame("drop", target=frame.spared), context)
        if not kept:
            return ask(f"I have not changed {definite(frame.spared)}; which layer shall I drop?")
        pool = layers or _in_the_pile(context)
        layers = tuple(layer for layer in pool if layer not in kept)
    if not layers and re.search(r"\bhidden\b", frame.target):
        return Done((), ("There are no hidden layers.",))
    if not layers:
        numbered = _LAYER.fullmatch(frame.target.lower())
        none = "There is no such layer" if numbered else f"I have no layer of {_name(frame)}"
        return ask(f"{none}; which one shall I drop? /layers lists them.")
    return Done(
        tuple(Drop(layer=layer.id) for layer in layers),
        tuple(f"{short(object_of(layer))}: dropped" for layer in layers),
    )


_WHERE: tuple[tuple[str, str], ...] = (
    (r"(?:right )?(?:to|at|into) the (?:very )?(?:front|top|foreground)|on top|up|forwards?|upwards?"
     r"|above (?:everything|all|the rest)|in front(?: of (?:everything|all|the rest))?"
     r"|over everything", "front"),
    (r"(?:right )?(?:to|at|into) the (?:very )?(?:back|bottom|background)|down|backwards?|downwards?"
     r"|(?:behind|below|beneath|under) (?:everything|all|the rest)|behind|underneath", "back"),
    (r"(?:behind|below|beneath|under|underneath) (?P<other>.+)", "under"),
    (r"(?:in front of|above|over|on top of|before) (?P<other>.+)", "over"),
)  # fmt: skip


def order(frame: Frame, context: Context) -> Done:
    """A layer to another place in the pile."""
    layers = layers_meant(frame, context)
    if not layers:
        return ask(f"I have no layer of {_name(frame)} to move; which one do you mean? /layers lists them.")
    where = re.sub(r" layers?$", "", frame.name.lower().strip())
    for pattern, to in _WHERE:
        found = re.fullmatch(pattern, where)
        if found is None:
            continue
        other: LayerView | None = None
        if "other" in found.groupdict():
            others = layers_meant(Frame("order", target=found["other"]), context)
            others = tuple(each for each in others if each not in layers)
            if not others:
                return ask(f"I have no layer of {definite(found['other'])}; where shall I put it?")
            other = others[0]
        to = cast(Literal["front", "back", "over", "under"], to)
        number = other.id if other is not None else None
        moved = layers if to in ("front", "over") else layers[::-1]
        names = " and ".join(short(object_of(layer)) for layer in layers)
        return Done(
            tuple(Reorder(layer=layer.id, to=to, other=number) for layer in moved), (f"{names} {where}",)
        )
    return ask(f"Where should {_name(frame)} go: to the front, to the back, or above or below which layer?")


_AMOUNTS = (
    (r"\b(?:a bit|a little|slightly|a touch|a tad|a hair|a pixel or two)\b", 0.5),
    (r"\b(?:much|a lot|way|far|lots)\b", 2.5),
)


def amount_of(words: str) -> float:
    """How much of a step words of degree ask for: 1 for none."""
    return next((amount for pattern, amount in _AMOUNTS if re.search(pattern, words.lower())), 1.0)


def mask(frame: Frame, context: Context) -> Done:
    """Another mask for the layer in focus, or for the one that is named; painted again with its words."""
    how, what = frame.name, frame.target or frame.prompt
    if how == "soften":
        return Done((), ("The soft edge of a mask is chosen to fit the thing; it cannot be set.",))
    named = Frame("mask", target=frame.like) if frame.like else Frame("mask", reference="it")
    layers = tuple(layer for layer in layers_meant(named, context) if layer.visible)
    if not layers:
        visible = tuple(layer for layer in _in_the_pile(context) if layer.visible)
        layers = () if frame.like else visible[-1:]
    if not layers:
        if how in ("box", "file"):
            return ask("What shall I paint there?")
        return ask("There is no mask yet: nothing was edited. What shall I change?")
    layer = layers[0]
    if how in ("add", "subtract") and not what:
        return ask("Which thing should I add to the mask?" if how == "add" else "What should I leave out?")
    if how in ("grow", "shrink"):
        step = Mask(layer=layer.id, how=cast(Literal["grow", "shrink"], how), amount=amount_of(what))
    else:
        other = cast(Literal["add", "subtract", "invert", "box", "file"], how)
        step = Mask(layer=layer.id, how=other, what="" if how == "invert" else what)
    told = {
        "grow": "with a larger mask", "shrink": "with a smaller mask", "add": f"with {what}",
        "subtract": f"without {what}", "invert": "all but it", "box": f"within {what}",
        "file": f"within {what}",
    }  # fmt: skip
    return Done((step,), (f"{short(object_of(layer))} {told[how]}",))


def more(frame: Frame, context: Context) -> Done:
    """More like one of the variations on offer, or (without a number) other ones."""
    if context.offer is None or not context.variations:
        layers = focused_layers(context)
        if layers and layers[-1].visible and not frame.number:
            last = layers[-1]
            made = Variations(
                count=_count(frame), target=last.target, prompt=last.prompt, kind=last.kind, layer=last.id
            )
            return Done((made,), (f"{made.count} variations of {definite(short(last.target))}",))
        return ask("There are no variations yet; what shall I change?")
    index = frame.number or 0
    index = context.variations if index < 0 else index
    if index > context.variations:
        return ask(f"There are {context.variations} variations; which one?")
    offer = context.offer
    step = Variations(
        count=_count(frame, context.variations),
        target=offer.target, prompt=offer.prompt, kind=offer.kind, layer=offer.layer, like=index,
    )  # fmt: skip
    return Done((step,), (f"{step.count} more like number {index}" if index else f"{step.count} other ones",))


def _count(frame: Frame, usual: int = 3) -> int:
    return min(8, max(2, int(frame.name) if frame.name.isdigit() else usual))


def compare(frame: Frame, context: Context) -> Done:
    """Two versions beside each other, or where they differ."""
    differ = frame.prompt == "difference"
    numbers: list[int] = []
    for name in filter(None, (part.strip() for part in frame.name.split("|"))):
        number = version_named(name, context)
        if number is None or number > context.versions:
            return ask(f"There is no version “{name}”; which one do you mean? /history lists them.")
        numbers.append(number)
    first = numbers[0] if numbers else None
    second = numbers[1] if len(numbers) > 1 else None
    if first == 0 and second is None:
        first = None
    step = Compare(version=first, other=second, difference=differ or None)
    return Done((step,), ("the difference" if differ else "before and after",))


def look(frame: Frame, context: Context) -> Done:
    """Show something and change nothing."""
    target, words = frame.target, frame.target.lower()
    if frame.name == "things":
        return _looked(Look(at="things"))
    if frame.act == "zoom":
        if words == "out":
            return _looked(Look(at="picture"))
        if target and words != "in":
            return _looked(Look(at="zoom", target=target_of(target)))
        layers = tuple(layer for layer in focused_layers(context) if layer.visible)
        if not layers:
            return ask("What shall I zoom in on?")
        return _looked(Look(at="zoom", target=object_of(layers[-1]), layer=layers[-1].id))
    if words.startswith("mask") or frame.name == "mask":
        return _mask_of(frame, context)
    if words in ("picture", "the picture", "it", "the room", "the image", "") and frame.reference in (
        "",
        "it",
    ):
        return _looked(Look(at="picture"))
    version = version_named(words, context)
    if version is not None:
        if version > context.versions:
            return ask(f"There is no version {version}; there are 0 (the original) to {context.versions}.")
        return _looked(Look(at="version", version=version))
    layers = layers_referred(frame, context) if frame.reference else ()
    if layers:
        return _looked(Look(at="place", target=object_of(layers[-1]), layer=layers[-1].id))
    return _looked(Look(at="place", target=target_of(target))) if target else _looked(Look(at="picture"))


def _mask_of(frame: Frame, context: Context) -> Done:
    named = frame.like or (frame.target if frame.name == "mask" else "")
    visible = tuple(layer for layer in context.layers if layer.visible)
    if named:
        layer = layer_named(named, context) or next(iter(layers_about(named, context, visible=True)), None)
        if layer is None:
            return _looked(Look(at="place", target=target_of(named)))
    else:
        focused = tuple(layer for layer in focused_layers(context) if layer.visible)
        layer = (focused or visible)[-1] if focused or visible else None
        if layer is None:
            return Done((), ("There is no mask yet: nothing was edited.",))
    return _looked(Look(at="mask", target=object_of(layer), layer=layer.id))


def _looked(step: Look) -> Done:
    return Done((step,), ())


def save(frame: Frame, context: Context) -> Done:
    """Save the picture, or a version of it."""
    path = "" if frame.name in ("png", "jpg") else frame.name
    version = frame.number
    if version is not None and version > context.versions:
        return ask(f"There is no version {version}; there are 0 (the original) to {context.versions}.")
    if path == "ora":
        return Done((), ("Name the file, such as “save it as room.ora”.",))
    return Done((Save(path=path, version=version),), ())


def open_(frame: Frame) -> Done:
    """Go on with another picture."""
    if not frame.name:
        return ask("Which picture shall I open? Name its file.")
    return Done((Open(path=frame.name),), ())


NAME = "What shall I call this version?"


def mark(frame: Frame) -> Done:
    """Give the version at the head a name."""
    name = frame.name.strip(" \"'“”").lower().removeprefix("the ")
    if re.fullmatch(r"#[0-9a-f]{3,8}", name):
        return ask(f"What shall I make {name}?")  # no name for a version
    return Done((Mark(name=name),), (f"called {name}",)) if name else ask(NAME)


def go_to_named(name: str, context: Context) -> Done:
    """To the version that words name: "warm", "before the walls", "when the sofa was red"."""
    version = version_named(name, context)
    if version is None:
        return ask(f"There is no version “{name}”; which one do you mean? /history lists them.")
    if version > context.versions:
        return ask(f"There is no version {version}; there are 0 (the original) to {context.versions}.")
    return Done((Goto(version=version),), (f"version {version}" if version else "the original",))


def swap(frame: Frame, context: Context) -> Done:
    """The looks of two things, exchanged: of those that are named, or of the two that were changed last."""
    restyles = [layer for layer in context.layers if layer.visible and layer.kind == "restyle"]
    coloured = len(restyles) > 1 and all(map(_colour_of, restyles[-2:]))
    one = parse(frame.target)
    if (
        frame.target
        and frame.like
        and frame.name != "places"
        and not any(map(is_thing, map(stem, one.noun)))
        and (noun := parse(frame.like).noun)
    ):
        # "the red and the green picture"
        frame = replace(frame, target=f"{frame.target} {' '.join(noun)}", name="colours")
    if frame.name == "places" and (frame.target or not coloured):
        return ask("I cannot move things; which of them shall I replace with what?")
    things: list[tuple[str, LayerView | None]]
    if frame.target and not frame.like and is_plural(parse(frame.target).noun):
        single = stem(parse(frame.target).noun[-1])  # "the armchairs: swap their colours"
        return swap(replace(frame, target=f"the left {single}", like=f"the right {single}"), context)
    if frame.target and frame.like:
        things = [(name, layer_named(name, context)) for name in (frame.target, frame.like)]
    else:
        things = [(layer.target, layer) for layer in restyles[-2:]]
    if len(things) < 2:
        return ask("Whose colours shall I swap, such as “swap the colours of the sofa and the rug”?")
    steps: list[Step] = []
    for (name, layer), (other, theirs) in (things, things[::-1]):
        look = _colour_of(theirs) or f"the colour of {target_of(other)}"
        if layer is None:
            prompt = restyled(name, look)
            steps.append(Edit(target=target_of(name), prompt=prompt, kind="restyle"))
        else:
            prompt = revised(layer.prompt, look) if _colour_of(theirs) else f"{colourless(layer)} {look}"
            steps.append(Edit(target=layer.target, prompt=prompt, kind="restyle", layer=layer.id))
    return Done(tuple(steps), (f"{short(things[0][0])} and {short(things[1][0])}: colours swapped",))


def colourless(layer: LayerView) -> str:
    """A layer's prompt without its colour."""
    phrase = parse(layer.prompt)
    tail = () if " ".join(phrase.tail).lower().startswith("the colour of ") else phrase.tail
    looks = tuple(each for each in phrase.looks if each.sort != "colour")
    return render(replace(phrase, looks=looks, tail=tail))


def _colour_of(layer: LayerView | None) -> str:
    if layer is None or read_look(layer.prompt, layer.target).like:
        return ""
    return " ".join(
        word for each in parse(layer.prompt).looks if each.sort == "colour" for word in each.words
    )


def done(frame: Frame, context: Context) -> Done | None:
    """What one of these acts comes to; None for any other."""
    match frame.act:
        case "drop":
            return drop(frame, context)
        case "order":
            return order(frame, context)
        case "mask":
            return mask(frame, context)
        case "more":
            return more(frame, context)
        case "compare":
            return compare(frame, context)
        case "show" | "zoom":
            return look(frame, context)
        case "save":
            return save(frame, context)
        case "open":
            return open_(frame)
        case "mark":
            return mark(frame)
        case "swap":
            return swap(frame, context)
        case "tell" if frame.name == "things":
            thing = frame.target
            which = target_of(thing) if thing else ""  # "that lamp" is one
            one = which != f"the {thing}" and not is_plural(parse(which).noun)
            which = which if one or which.startswith("all ") else f"all {which}"
            return _looked(Look(at="place", target=which) if thing else Look(at="things"))
        case "goto" if frame.name:
            return go_to_named(frame.name, context)
    return None


def acted(frame: Frame, context: Context) -> Plan | None:
    """The plan of a frame about one of these acts; None for any other."""
    came = done(frame, context)
    return None if came is None else as_plan(came)
