"""From frames and the conversation to a plan. The one place that emits steps.

The resolver owns whether an edit revises a layer or makes a new one, how looks merge ("leather" + "darker"),
whether "bring it back" hides, shows or redoes, and when to ask. It is a pure function, and every parser uses
it: neither a reader nor a language model ever has to write a layer number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.planner.context import Context, LayerView, advance
from agent.planner.frames import REVERT, YES, Frame
from agent.planner.plan import Ask, Compare, Edit, Hide, Keep, Open, Plan, Redo, Save, Step, Variations
from agent.planner.plan import Look as Looking
from agent.planner.resolve import command_steps
from agent.planner.resolve.conversation_record import tell, version_named
from agent.planner.resolve.discourse import SURFACES, Named, kind_of, last_named
from agent.planner.resolve.edits import edit_of, moved, vague, variations
from agent.planner.resolve.exceptions import spare, spared_in
from agent.planner.resolve.layers import (
    alike,
    focused_layers,
    is_member,
    is_told,
    layer_named,
    layers_about,
    object_of,
    same_thing,
    stem,
)
from agent.planner.resolve.resolution import NOTED, VAGUE, Done, as_plan, ask
from agent.planner.resolve.undo_steps import bring_back, go_to, hide, pick, refresh, undo
from agent.planner.resolve.wording import bare, definite, with_noun
from tools.kinds import Kind
from tools.language.colours import value_of
from tools.language.lexicon import COMPARATIVE_OF, COMPARATIVES, OPPOSITES
from tools.language.looks import Look, read_look
from tools.language.noun_phrases import parse
from tools.language.referring import plural

Parse = Callable[[str], tuple[Frame, ...]]


def resolve(frames: Sequence[Frame], context: Context, parse_earlier: Parse | None = None) -> Plan:
    """The plan of one sentence from its frames.

    ``parse_earlier`` reads the user's earlier sentences again, for the answer to a question: "change the
    sofa" · "Into what?" · "blue velvet".
    """
    answered = _answered(tuple(frames), context, parse_earlier)
    answered = tuple(
        _stepped(frame, context, parse_earlier) for frame in _meant(answered, context, parse_earlier)
    )
    answered = tuple(
        _more(_again(frame, context, parse_earlier), context, parse_earlier) for frame in answered
    )
    answered = tuple(_as_tried(frame, context, parse_earlier) for frame in answered)
    answered = tuple(_in_colour_again(frame, context) for frame in answered)
    answered = tuple(each for frame in answered for each in _last_spoken(frame, context))
    answered = tuple(_picked(frame, context) for frame in answered)
    frames = tuple(
        _named_one(_other_one(_other_here(frame, answered[:place]), context), context)
        for place, frame in enumerate(answered)
    )
    frames = tuple(_on_offer(frame, context) for frame in frames)
    done: list[Done] = []
    state = context
    before = ""
    for frame in frames:
        frame = _placed(frame, before, state)
        before = _thing(frame) or before
        result = _step(frame, seen_before(frame, state, context))
        if len(frames) > 1 and _names_nothing(frame) and any(isinstance(s, Ask) for s in result.steps):
            continue  # "this has to be neutral. Walls white": a reason, no wish
        done.append(result)
        # later frames of the sentence see what the earlier ones did ("undo that and make it blue")
        state = _after(state, result)
    return _plan(done or [ask(VAGUE)])


def seen_before(frame: Frame, state: Context, context: Context) -> Context:
    """The state in which a frame's thing is looked up: in "the black cushion white and the white one black"
    the white one is not that which the same sentence makes white.
    """
    looks = {word.lower() for look in parse(frame.target).looks for word in look.words}
    if state is context or not looks:
        return state
    known = {layer.id: layer for layer in context.layers}

    def before(layer: LayerView) -> LayerView:
        old = known.get(layer.id)
        if layer == old or layer.kind != "restyle":
            return layer
        prompt = old.prompt if old is not None else layer.target
        new = {*layer.prompt.lower().split()} - {*prompt.lower().split()}
        return replace(layer, prompt=prompt) if looks & new else layer

    return replace(state, layers=tuple(before(layer) for layer in state.layers))


def _names_nothing(frame: Frame) -> bool:
    """Whether a frame is a wish about nothing: no thing, no word for one, no place."""
    if frame.act not in ("edit", "ask") or frame.target or frame.like or frame.say:
        return False
    if frame.kind == "add" and frame.prompt:
        return False  # a new thing without a place
    return not frame.reference or frame.kind == "remove"


def _in_colour_again(frame: Frame, context: Context) -> Frame:
    """ "put it back to red": where no version is called so, it gets that colour."""
    colour = frame.name.lower().removeprefix("the ") if frame.act == "goto" else ""
    if not colour or value_of(colour) is None or version_named(frame.name, context) is not None:
        return frame
    return Frame("edit", "restyle", prompt=colour, reference="it", confidence=frame.confidence)


def _last_spoken(frame: Frame, context: Context) -> tuple[Frame, ...]:
    """ "make it blue" after a thing was asked about or looked at, or could not be changed: that thing, though
    another one was changed last.
    """
    acts_on = frame.act in ("edit", "variations", "zoom") and frame.kind != "add"
    if not acts_on or frame.target or frame.reference not in ("it", "them") or frame.like or context.offer:
        return (frame,)
    named = last_named(context)
    if not named:
        return (frame,)
    if frame.reference == "it":
        single = [each for each in named if not each.several or each.kind in ("wall", "floor")]
        named = tuple((single or list(named))[-1:])
    elif len(named) == 1 and not named[0].several:
        return (frame,)
    focused = focused_layers(context)
    known = {words for layer in focused for words in (layer.target.lower(), object_of(layer).lower())}
    if all(each.words.lower() in known for each in named):
        return (frame,)
    new = [object_of(layer) for layer in focused if layer.kind in ("add", "replace") and layer.visible]
    if any(
        same_thing(parse(each.words.partition(" the colour of ")[0]), thing)
        for each in named
        for thing in new
    ):
        return (frame,)  # a new thing may have come to another name of its colour
    return tuple(replace(frame, target=definite(_plain(each)), reference="") for each in named)


def _plain(named: Named) -> str:
    """A thing's words, a surface's without the look that was seen in it in vain."""
    return f"{named.kind}s" if named.kind == "wall" else named.words


def _meant(frames: tuple[Frame, ...], context: Context, parse_earlier: Parse | None) -> tuple[Frame, ...]:
    """ "no, I meant the plant" after a sentence that changed nothing: the same of the plant, and nothing is
    taken back.
    """
    corrects = len(frames) == 1 and frames[0].act == "ask" and frames[0].correction and frames[0].target
    if not corrects or context.done or parse_earlier is None or not context.sentences:
        return frames
    earlier = tuple(frame for frame in parse_earlier(context.sentences[-1]) if frame.act == "edit")
    return tuple(replace(frame, target=frames[0].target, reference="") for frame in earlier[:1]) or frames


def _stepped(frame: Frame, context: Context, parse_earlier: Parse | None) -> Frame:
    """ "the same for the armchair" after "make the sofa darker", of which no colour was ever asked: darker,
    too, and not in the sofa's colour.
    """
    copies = frame.like == "last" or (frame.act == "ask" and frame.also and not frame.like)
    if not (copies and frame.target) or parse_earlier is None or not context.sentences or not context.done:
        return frame
    focused = focused_layers(context)
    if not focused:
        return frame
    if not frame.also and any(layer.id == focused[-1].id for layer in context.parent.layers):
        return frame
    earlier = [each for each in parse_earlier(context.sentences[-1]) if each.act == "edit"]
    looks = [read_look(each.prompt) if each.kind == "restyle" else Look() for each in earlier]
    if not looks or not all(
        look.step is not None and look.is_colour_only and look.value is None for look in looks
    ):
        return frame
    return replace(frame, act="edit", kind="restyle", like="", also=False, prompt=earlier[-1].prompt)


def _again(frame: Frame, context: Context, parse_earlier: Parse | None) -> Frame:
    """ "And the other one" after "bring the first one back": the same act."""
    copies = frame.like == "last" or (frame.act == "ask" and frame.also)
    names = frame.target or frame.reference not in ("", "it")
    if not (copies and names) or parse_earlier is None or not context.sentences or not context.done:
        return frame
    earlier = parse_earlier(context.sentences[-1])
    if not earlier or any(each.act not in ("hide", "back", "drop", "refresh") for each in earlier):
        return frame
    return replace(earlier[-1], target=frame.target, reference=frame.reference)


def _as_tried(frame: Frame, context: Context, parse_earlier: Parse | None) -> Frame:
    """ "And the other one too" after a look that could not be given: that look, and not the one before it."""
    copies = frame.like == "last" or (frame.act == "ask" and frame.also and not frame.like)
    names = frame.target or frame.reference == "other"
    tried = context.spoken and not context.done and not context.spoken[-1].outcome
    if not (copies and names and tried) or parse_earlier is None:
        return frame
    earlier = [each for each in parse_earlier(context.spoken[-1].sentence) if each.act == "edit"]
    if len(earlier) != 1 or earlier[0].kind != "restyle" or not (earlier[0].prompt and earlier[0].target):
        return frame
    target = frame.target or f"the other {' '.join(bare(earlier[0].target).noun)}"
    return replace(earlier[0], target=target, reference="", also=False)


def _more(frame: Frame, context: Context, parse_earlier: Parse | None) -> Frame:
    """ "More", "even more" after "darker": darker once more."""
    if frame.act != "edit" or frame.kind != "restyle" or parse_earlier is None or not context.done:
        return frame
    if _LESS.fullmatch(frame.prompt) and context.sentences:
        earlier = [each for each in parse_earlier(context.sentences[-1]) if each.act == "edit"]
        if earlier and re.search(r"\bless\b", context.sentences[-1], re.IGNORECASE):
            return replace(frame, prompt=earlier[-1].prompt, reference="it")  # "less bright" · "even less"
        step = COMPARATIVES.get(earlier[-1].prompt.lower().rpartition(" ")[2], "") if earlier else ""
        if step in OPPOSITES and read_look(earlier[-1].prompt).step is not None:
            return replace(frame, prompt=f"a bit {COMPARATIVE_OF[OPPOSITES[step]]}", reference="it")
    if not _MORE.fullmatch(frame.prompt) or frame.reference not in ("", "it", "them"):
        return frame
    for sentence in reversed(context.sentences[-6:]):
        read = parse_earlier(sentence)
        earlier = [each for each in read if each.act == "edit"]
        if all(each.act == "refresh" for each in read) or (earlier and _MORE.fullmatch(earlier[-1].prompt)):
            continue  # "once more" · "more"
        stepped = earlier and read_look(earlier[-1].prompt).step is not None
        return replace(frame, prompt=earlier[-1].prompt) if stepped else frame
    return frame


_LESS = re.compile(
    r"(?:a (?:bit|little) |even |still )?less|(?:way |far |a bit |still )?too much"
    r"|not (?:so|that|as|quite so) much",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:even |still |yet |a (?:bit|little|touch) |some |a lot |much )?more|further|not (?:quite )?enough"
)


def _thing(frame: Frame) -> str:
    """The thing that a frame speaks of last, in words."""
    return frame.prompt if frame.kind == "add" else frame.target


def _placed(frame: Frame, before: str, context: Context) -> Frame:
    """ "next to <it>": what the sentence spoke of before, else what the conversation did."""
    found = next((mark for mark in ("<it>", "<them>", "<both>") if mark in frame.target), None)
    if found is None:
        return frame
    focused = focused_layers(context)
    words = before or (object_of(focused[-1]) if focused else "")
    if not words:
        return replace(frame, target=frame.target.replace(found, "it"))
    noun = " ".join(bare(words).noun)
    return replace(frame, target=frame.target.replace(found, f"the {noun}"))


def _other_here(frame: Frame, before: Sequence[Frame]) -> Frame:
    """ "The left chair burgundy and the other one mint": the other chair, whatever was spoken of before."""
    told = [each.target for each in before if each.act == "edit" and is_told(parse(each.target))]
    if not told or frame.act != "edit" or frame.target or frame.reference != "other":
        return frame
    noun = bare(told[-1]).noun
    several = f"all the {plural(' '.join(noun))} but {definite(told[-1])}"
    return replace(frame, target=several, reference="") if noun else frame


def _other_one(frame: Frame, context: Context) -> Frame:
    """ "the other one", "the other armchair": the one of that kind that was not spoken of last. It may have a
    layer; else it is a target of its own, and the session's layers tell which one that is.
    """
    focused = focused_layers(context)
    words = frame.target.lower().split()
    named = words[:2] == ["the", "other"] or words[:1] == ["other"]
    if not focused or frame.act not in ("edit", "ask", "variations"):
        return frame
    if not named and (frame.target or frame.reference != "other"):
        return frame
    last = focused[-1]
    if last.kind == "add":
        return frame
    noun = bare(last.target).noun
    if named and (said := bare(frame.target).noun) and said[-1].lower() not in ("one", "ones", "other"):
        if not noun or stem(said[-1]) != stem(noun[-1]):
            return frame
        noun = said
    if not noun:
        return frame
    same = [layer for layer in alike(last, context) if layer_named(layer.target, context) == layer]
    also = frame.also or frame.act == "ask"
    if same:
        return replace(frame, target=same[-1].target, reference="", also=also)
    spoken = any(layer.visible and layer.id != last.id for layer in context.layers)
    if not named and spoken and not is_told(parse(last.target)):
        return frame  # of the sofa and the wall, the other one is the wall
    return replace(frame, target=f"the other {' '.join(noun)}", reference="", also=also)


def _named_one(frame: Frame, context: Context) -> Frame:
    """ "the left one", "another one": the noun comes from what was spoken of last."""
    focused = focused_layers(context)
    if not focused:
        return frame
    noun = bare(object_of(focused[-1])).noun
    words = frame.target.split()
    if words and parse(frame.target).noun[-1:] in (("one",), ("ones",)) and noun:
        one, ones = " ".join((*noun[:-1], stem(noun[-1]))), " ".join(noun)
        named = (one if word == "one" else ones if word == "ones" else word for word in words)
        frame = replace(frame, target=" ".join(named))
    thing = frame.prompt.split()
    if frame.kind == "add" and thing[-1:] == ["one"]:
        frame = replace(frame, prompt=" ".join((*thing[:-1], *noun)))
    return frame


def _on_offer(frame: Frame, context: Context) -> Frame:
    """ "Just make it beige", while variations of the rug are on offer and none was taken: the rug."""
    offer = context.offer
    named = frame.target or frame.like or frame.reference not in ("", "it")
    if offer is None or context.picked or named or frame.act != "edit" or frame.kind != "restyle":
        return frame
    return replace(frame, target=offer.target, reference="")


_NEAREST = 0.2
"""Nobody calls a colour by the name of one that is farther than this (Oklab)."""


def _picked(frame: Frame, context: Context) -> Frame:
    """ "The green one", "the darker one", while variations in several colours are on offer: its number."""
    phrase = parse(frame.target) if frame.act == "ask" and frame.target else None
    if phrase is None or len(context.offered) < 2 or not phrase.looks:
        return frame
    noun = bare(context.offer.target).noun if context.offer else ()
    if phrase.noun not in (("one",), ("ones",), noun) or frame.correction:
        return frame
    words = [stem(word.lower()) for look in phrase.looks for word in look.words]
    prompts = [{stem(word) for word in re.findall(r"[\w-]+", prompt.lower())} for prompt in context.offered]
    fitting = [at for at, prompt in enumerate(prompts) if set(words) <= prompt]
    values = [
        read_look(prompt, context.offer.target if context.offer else "").value for prompt in context.offered
    ]
    if len(fitting) != 1 and all(value is not None for value in values):
        known = [value for value in values if value is not None]
        lightness = [value[0] for value in known]
        shade = COMPARATIVES.get(words[0], words[0])
        wanted = value_of(" ".join(words))
        if shade in ("dark", "light"):
            fitting = [lightness.index(min(lightness) if shade == "dark" else max(lightness))]
        elif wanted is not None:
            apart = [math.dist(wanted, value) for value in known]
            fitting = [apart.index(min(apart))] if min(apart) <= _NEAREST else []
    if len(fitting) != 1:
        return frame
    return Frame("pick", number=fitting[0] + 1, confidence=frame.confidence)


def _which(target: str, answer: str) -> str:
    """The target that an answer to "which lamp?" names: "the left one" is the left lamp."""
    noun, named = bare(target).noun, parse(answer).noun
    if named[-1:] in (("one",), ("ones",)):
        return " ".join(" ".join(noun) if word in ("one", "ones") else word for word in answer.split())
    return answer if noun and named and stem(noun[-1]) == stem(named[-1]) else ""


def _after(state: Context, result: Done) -> Context:
    steps = tuple(
        step
        for step in result.steps
        if not isinstance(step, Ask | Compare | Variations | Looking | Save | Open)
    )
    if not steps:
        return state
    after = advance(state, "", Plan(steps=steps))
    both = (
        tuple(dict.fromkeys((*state.focus, *after.focus)))
        if any(isinstance(s, Edit) for s in steps)
        else after.focus
    )
    return replace(after, sentences=state.sentences, focus=both)


def _plan(done: list[Done]) -> Plan:
    steps = [step for result in done for step in result.steps]
    said = [text for result in done for text in result.said if text]
    asks = [step for step in steps if isinstance(step, Ask)]
    if slips := [step for step in asks if step.question.startswith("By “")]:
        # the answer reads the whole sentence again, so that nothing of it is done twice
        return Plan(say=slips[0].question, steps=(slips[0],))
    if asks and len(asks) < len(steps):
        steps = [step for step in steps if not isinstance(step, Ask)]
        said.append(asks[0].question)
    elif asks:
        steps = [asks[0]]
        said = [asks[0].question]
    return Plan(say=" · ".join(said), steps=tuple(steps))


def joined(plans: Sequence[Plan]) -> Plan:
    """The plans of the parts of a sentence as one: what is asked comes after what is done."""
    if len(plans) == 1:
        return plans[0]
    steps = [step for plan in plans for step in plan.steps]
    asks = [step for step in steps if isinstance(step, Ask)]
    others = [step for step in steps if not isinstance(step, Ask)]
    said = [plan.say for plan in plans if plan.say]
    return Plan(say=" · ".join(said), steps=tuple(others or asks[:1]))


def once(plan: Plan, context: Context) -> Plan:
    """The plan with each thing done once: what a sentence makes and then revises is made as it is to be, what
    it makes and takes back is not made.
    """
    first = len(context.layers)
    steps: list[Step] = []
    own: dict[int, int] = {}
    """Where in ``steps`` the edit is that makes or revises a layer."""
    made = first
    for step in plan.steps:
        number: int | None = getattr(step, "layer", None)
        at = own.get(number) if number is not None else None
        if isinstance(step, Edit) and number is None:
            own[made] = len(steps)
            made += 1
        elif isinstance(step, Edit) and at is not None and steps[at].do == "edit":
            if number is not None and number >= first:
                step = step.model_copy(update={"layer": None})
            steps[at] = step
            continue
        elif isinstance(step, Edit) and number is not None:
            own[number] = len(steps)
        elif isinstance(step, Hide) and at is not None and number is not None and number >= first:
            return plan  # the sentence means something else, which the turn will say
        steps.append(step)
    return plan if len(steps) == len(plan.steps) else plan.model_copy(update={"steps": tuple(steps)})


def _answered(frames: tuple[Frame, ...], context: Context, parse_earlier: Parse | None) -> tuple[Frame, ...]:
    """Complete an answer ("blue velvet", "the wall", "yes") from the sentence that we asked about."""
    if len(frames) > 1 and frames[0].prompt == YES:
        # "yes, and the wall green": the answer counts where it answers something
        agreed = _answered(frames[:1], context, parse_earlier)
        return (*(() if agreed == frames[:1] else agreed), *frames[1:])
    if not context.question or not context.sentences or parse_earlier is None or len(frames) != 1:
        return frames
    earlier = parse_earlier(context.sentences[-1])
    removal = _REMOVAL.fullmatch(context.question)
    if removal is not None and _agrees(frames[0]):
        return (Frame("edit", "remove", target=removal["thing"]),)
    if earlier and earlier[0].act == "hide" and earlier[0].prompt == "hide" and _agrees(frames[0]):
        return (Frame("edit", "remove", target=earlier[0].target),)  # "Shall I remove it?" · "yes"
    asked = [frame for frame in earlier if frame.act in ("ask", "edit", "variations")]
    if not asked:
        return frames
    frame, before = frames[0], asked[0]
    if before.act == "ask" and before.target and frame.act == "edit" and not frame.target and frame.prompt:
        thing = frame.kind == "add" and len(frame.prompt.split()) > 1
        if thing and kind_of(" ".join(bare(before.target).noun[-1:])) in SURFACES:
            return frames  # no thing takes the place of a wall
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
    directed = frame.act == "pick" and not context.variations and not frame.target.isdigit()
    if directed and before.act == "edit" and before.target:
        return (replace(before, target=_which(before.target, f"the {frame.target} one")),)
    if before.act == "edit" and before.target and frame.act == "ask" and frame.target:
        which = _which(before.target, frame.target)
        if which:
            return (replace(before, target=which),)
    if before.act == "edit" and before.kind == "remove" and frame.act == "ask" and frame.target:
        return (replace(before, target=frame.target, reference=""),)
    return frames


_REMOVAL = re.compile(r"Shall I remove (?P<thing>.+)\?")


def _agrees(frame: Frame) -> bool:
    """Whether a frame says yes to "shall I remove it?"."""
    removes = frame.act == "edit" and frame.kind == "remove" and not frame.target
    return removes or (frame.act == "talk" and frame.prompt == YES)


def _spared(done: Done, phrase: str, context: Context) -> Done:
    """What a frame comes to without a thing that it leaves out."""
    plan = spare(as_plan(done), (phrase,), context)
    return done if plan.steps == done.steps else Done(plan.steps, (plan.say,))


def _just_went(thing: str, context: Context) -> bool:
    """Whether the sentence before took a thing away: then "the rug stays" brings it back."""
    return any(
        layer.visible
        and layer.kind == "remove"
        and (is_member(thing, layer) or same_thing(parse(thing), layer.target))
        for layer in focused_layers(context)
    )


def _in_the_pile(frame: Frame, context: Context) -> Done | None:
    """ "The cat in front of the vase", both of which were put there: the order of their layers."""
    found = re.fullmatch(r"(?:in front of|behind) (?P<other>(?:the|my) .+)", frame.name or frame.prompt)
    one = layer_named(frame.target, context) if frame.target else None
    other = layer_named(found["other"], context) if found else None
    if found is None or one is None or other is None or one.kind != "add" or other.kind != "add":
        return None
    return command_steps.order(Frame("order", target=frame.target, name=found[0]), context)


def _is_bare_surface(target: str) -> bool:
    """Whether a phrase is the walls, the floor or the ceiling, and nothing on them."""
    phrase = parse(target)
    return len(phrase.noun) == 1 and stem(phrase.noun[0]) in ("wall", "floor", "ceiling") and not phrase.tail


def _step(frame: Frame, context: Context) -> Done:
    if (acted := command_steps.done(frame, context)) is not None:
        return acted
    if frame.spared:
        every = _step(replace(frame, spared=""), context)
        return _spared(every, spared_in(frame.spared, frame.target), context)
    match frame.act:
        case "edit" if frame.kind == "remove" and _is_bare_surface(frame.target):
            if layers_about(frame.target, context, visible=True):
                return hide(Frame("hide", target=frame.target, prompt=REVERT), context)
            return ask(
                f"{definite(frame.target).capitalize()} cannot be taken away; what should it look like?"
            )
        case "edit":
            return edit_of(frame, context)
        case "undo":
            return undo(frame, context)
        case "redo":
            return Done((Redo(count=frame.number or 1),), ("redo",))
        case "goto":
            return go_to(frame, context)
        case "hide":
            return hide(frame, context)
        case "back":
            return bring_back(frame, context)
        case "variations":
            return variations(frame, context)
        case "pick":
            return pick(frame, context)
        case "move":
            return _in_the_pile(frame, context) or moved(frame, context)
        case "refresh":
            return refresh(frame, context)
        case "keep" if frame.target and _just_went(frame.target, context):
            return bring_back(replace(frame, act="back"), context)
        case "keep" if context.nearest:
            return Done((Keep(),), ("kept",))
        case "keep":
            return Done((), (frame.say or "All right, I leave that as it is.",))
        case "talk":
            return Done((), (frame.say or NOTED,))
        case "tell":
            return tell(frame, context)
        case "ask":
            return vague(frame, context)
    raise ValueError(f"nothing does {frame.act}")
