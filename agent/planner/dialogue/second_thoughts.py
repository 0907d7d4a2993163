"""What a sentence says of the change just made: "only the left one", "no, the other one", "not darker, just
wooden".

The change of one of several things, or of all of them, was meant otherwise: what was meant gets it, what was
not gets back what it had. Pure functions over a sentence and the session's record; None where the last
change has no such thing.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.context import Context, LayerView, advance
from agent.planner.dialogue.files_and_boxes import Planned
from agent.planner.dialogue.history import CLOSING, OPENING
from agent.planner.plan import Ask, Edit, Hide, Mask, Plan, Show, Step, Undo
from agent.planner.resolve.discourse import Named, is_member, named_by, the_rest, things_in
from agent.planner.resolve.layers import is_member as is_one_of
from agent.planner.resolve.layers import may_be, object_of, same_thing, stem, was_so
from agent.planner.resolve.undo_steps import spared_since
from agent.planner.resolve.wording import definite, place_of, restyled, revised, short, target_of
from tools.language.looks import read_look
from tools.language.noun_phrases import parse, render
from tools.language.referring import all_but

_X = r"(?P<x>(?:the |that |my )?[\w' -]+?)"
_STILL = (
    r"(?: (?:alone|out(?: of it)?|be|too|please|after all|though|then|as (?:it|they) (?:was|were|is|are)"
    r"(?: before)?|(?:like|how) (?:it|they) (?:was|were)|the way (?:it|they) (?:was|were)))*"
)
_ONLY = re.compile(
    rf"(?:(?:i )?(?:meant|mean|wanted|want) )?(?:but )?(?:only|just)(?: for| do| change)? {_X}"
    rf"|(?:i )?(?:only|just) (?:meant|mean|wanted|want) (?P<y>(?:the |that )?[\w' -]+?)"
    rf"|(?P<z>(?:the |that )?[\w' -]+?) (?:only|alone)"
)
_NOT = re.compile(
    rf"(?:but )?(?:leave|keep|spare|not|only not|except|without|don't (?:touch|change|paint)"
    rf"|do not (?:touch|change|paint)) {_X}{_STILL}"
    rf"|(?P<y>(?:the |that )?[\w' -]+?) (?:(?:should|can|may|must|shall) )?(?:stays?|remains?|not)"
    rf"(?P<so> [\w-]+)??{_STILL}"
)
_REVOKES = re.compile(r"\b(?:was|were|after all|not|though|only not|except|without|don't)\b")
"""With one of these "keep the left one" is as it was, and not as it is now."""
_WRONG = re.compile(
    r"^\W*(?:(?:oh|oops|sorry|ah|hm+|no|nope|nah|wait|but|well|stop)[ ,.!]+)*(?:(?:(?:no|nope|nah|oops|wrong"
    r"(?: one| armchair| thing)?|not (?:that|this)(?: one)?|i did(?:n't| not) mean (?:that|this|it)(?: one)?)"
    r"[ ,.;:!-]+)|(?=i (?:meant|mean|said|was talking about)\b)"
    r"|not (?P<wrong>the [\w' -]+?)[,.;:] ?(?:but )?)"
    r"(?:(?:but|no|wait|sorry|it's|it was|do|take)[ ,]+)*(?:i (?:meant|mean|said|wanted|was talking about) )?"
    r"(?P<x>(?:the|that) [\w' -]+?)(?:,? (?:instead|please|not (?:that|this|the)(?: [\w-]+)*|i (?:meant"
    r"|mean)|of course))*[.!]*$"
)
_HALF = re.compile(
    r"(?:(?:do|go|make it|try|only|just|more like|maybe|about|like)[ ,]+)*(?:half(?: of)? (?:that|it)|half as"
    r" much|by half"
    r"|halve (?:it|that)|half the (?:amount|change|effect|step)|half ?way(?: back| between .+)?|meet (?:me|in"
    r" the) "
    r"(?:half ?way"
    r"|middle)|not (?:quite )?(?:so|that|as) (?:much|far))(?: (?:please|then|maybe|though))*"
)
""" "Too much. Half of that.", after a step."""
_BY_A_STEP = re.compile(
    r"\b(?:(?P<degree>a (?:lot|good bit|fair bit|good deal)|much|way|far|loads|considerably|two shades|three"
    r" shades"
    r"|four shades|slightly|a (?:bit|little|tad|touch|shade|notch|hair)) )?(?P<step>(?:(?:more|less)"
    r" )?[a-z]+)\b"
)
_HALF_AS_FAR = {"two shades": "a shade ", "three shades": "two shades ", "four shades": "two shades "}
_AT = r"(?:on|in|at|by|near|next to|beside|behind|under|above|over|below|between|against)"
_NOT_THERE = re.compile(
    rf"(?:not (?:there|here)(?:[,;.:–—-]+ *| but | rather )(?:but |rather |put it )?(?P<x>{_AT} (?:the|my|our"
    rf"|a) [\w' -]+?)"
    rf"|(?P<y>{_AT} (?:the|my|our) [\w' -]+?) (?:instead|rather),? not (?:there|here))(?: (?:instead|please"
    rf"|rather))*"
)
""" "Not there, on the desk", of what was just put somewhere."""
_TAKEN_OFF = re.compile(
    r"(?:lose|drop|remove|ditch|scrap|delete|kill|forget) the (?P<x>[\w-]+)|(?:take|get) the (?P<y>[\w-]+)"
    r" (?:off|out|away)|(?:without the|no) (?P<z>[\w-]+)"
)
_RATHER = re.compile(
    r"not (?:so |that |too |any )?(?P<a>[\w-]+)(?:,? (?:but|just|only|simply|rather)|,)+ (?P<b>[\w -]+)"
)


def read(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of a sentence that mends the change just made; None for any other."""
    changed = _changed(context)
    if not changed or context.question or context.variations or sentence.rstrip().endswith("?"):
        return None
    low = " ".join(sentence.lower().replace("’", "'").split())
    said = CLOSING.sub("", OPENING.sub("", _last_of(low)).strip(" ,.!")).strip(" ,.!")
    steps: tuple[Step, ...] = ()
    if (only := _ONLY.fullmatch(said)) is not None:
        steps = _narrowed(_without_look(only["x"] or only["y"] or only["z"], changed), changed, context)
    if not steps and (left := _NOT.fullmatch(said)) is not None:
        meant = not said.startswith(("keep", "spare")) or _REVOKES.search(said) is not None
        words = left["x"] or f"{left['y']}{left['so'] or ''}"
        steps = _left_out(words, changed, context, alone=_REVOKES.search(low) is not None) if meant else ()
    if not steps and (wrong := _WRONG.match(low)) is not None:
        steps = _of_the_other(wrong["x"], changed, context, planned)
    if not steps and (rather := _RATHER.fullmatch(said)) is not None:
        steps = _rather(rather["a"], rather["b"], changed, context)
    if not steps and _HALF.fullmatch(re.split(r"[.,;!…–—]+ *", said)[-1]):
        steps = _halved(context, planned)
        if not steps and "hal" in said:
            question = "I cannot take half of that: how shall it look?"
            return Plan(say=question, steps=(Ask(question=question),))
    if (
        not steps
        and (elsewhere := _NOT_THERE.fullmatch(CLOSING.sub("", OPENING.sub("", low).strip(" ,.!"))))
        is not None
    ):
        steps = _put_elsewhere(elsewhere["x"] or elsewhere["y"], changed)
    if not steps and (off := _TAKEN_OFF.fullmatch(said)) is not None:
        steps = _taken_off(off["x"] or off["y"] or off["z"], changed, context)
    return Plan(say=_told(steps, context), steps=steps) if steps else None


def _halved(context: Context, planned: Planned) -> tuple[Step, ...]:
    """The last change taken back and made again by half the step; nothing where it was no step, or one that
    cannot be less.
    """
    last = context.sentences[-1].lower() if context.sentences else ""
    for found in _BY_A_STEP.finditer(last):
        if read_look(found["step"]).step is None or read_look(found["step"]).rest:
            continue
        degree = found["degree"] or ""
        if re.match(r"slightly|a (?!lot|good|fair)", degree):
            return ()
        less = _HALF_AS_FAR.get(degree, "" if degree else "slightly ")
        again = f"{last[: found.start()]}{less}{found['step']}{last[found.end() :]}"
        undone = Undo(count=1)
        plan = planned(again, advance(context, "", Plan(steps=(undone,))))
        edits = plan.steps and all(isinstance(step, Edit) for step in plan.steps)
        return (undone, *plan.steps) if edits else ()
    return ()


def _put_elsewhere(place: str, changed: tuple[LayerView, ...]) -> tuple[Step, ...]:
    """What the last change put somewhere, in another place."""
    if len(changed) != 1 or changed[0].kind != "add":
        return ()
    put = changed[0]
    return (Hide(layer=put.id), Edit(target=place_of(place), prompt=put.prompt, kind="add"))


def _taken_off(words: str, changed: tuple[LayerView, ...], context: Context) -> tuple[Step, ...]:
    """ "Lose the stripes", which the last change gave to a thing: it gets back what it had."""
    root = stem(words).removesuffix("e")
    for layer in changed:
        own = {word.lower() for word in layer.target.split()}
        given = [word for word in layer.prompt.lower().split() if word.startswith(root) and word not in own]
        look = read_look(" ".join(given)) if given else None
        patterned = look is not None and bool(look.pattern or words == given[0])
        if layer.kind == "restyle" and len(root) > 2 and patterned:
            before = _before(layer, context)
            if before is None or not any(word.startswith(root) for word in before.prompt.lower().split()):
                return (_back(layer, context),)
    return ()


def _without_look(words: str, changed: tuple[LayerView, ...]) -> str:
    """ "The right one grey", where it is grey that was just asked for: the right one."""
    asked = {word for layer in changed for word in layer.prompt.lower().split()}
    said = words.split()
    while len(said) > 2 and said[-1] in asked and read_look(said[-1]).value is not None:
        said.pop()
    return " ".join(said)


def _last_of(said: str) -> str:
    """The last of several sentences, where those before it are remarks: "no, that's too much. Leave …"."""
    *remarks, last = re.split(r"(?<=[.!;]) +", said)
    return said if any(map(things_in, remarks)) or any(map(_WISHES.search, remarks)) else last


_WISHES = re.compile(r"\b(?:make|paint|turn|put|add|remove|hide|undo|go|back|bring|give|it)\b")


def _changed(context: Context) -> tuple[LayerView, ...]:
    """The layers that the last change made or revised, where it is what the conversation is about."""
    if not context.done or not context.head or context.head != context.versions:
        return ()
    before = {layer.id: layer for layer in context.parent.layers}
    return tuple(
        layer
        for layer in context.layers
        if layer.visible and layer.id in context.focus and before.get(layer.id) != layer
    )


def _is_all(layer: LayerView, context: Context) -> bool:
    """Whether the last change was of nothing but a layer."""
    before = {each.id: each for each in context.parent.layers}
    return all(each.id == layer.id or before.get(each.id) == each for each in context.at_head.layers)


def _before(layer: LayerView, context: Context) -> LayerView | None:
    """A layer as it showed before the last change; None where it did not."""
    was = next((each for each in context.parent.layers if each.id == layer.id), None)
    return was if was is not None and was.visible else None


def _back(layer: LayerView, context: Context) -> Step:
    """What takes the last change of a layer back."""
    if _before(layer, context) is None:
        return Hide(layer=layer.id)
    return Show(layer=layer.id, version=context.at_head.parent)


def _about(words: str, layer: LayerView) -> Named | None:
    """The thing that "the left", "the left one", "the left armchair" names among those of a layer's kind."""
    theirs = named_by(_several(layer))
    parts = words.removeprefix("the ").removeprefix("that ").removeprefix("my ").split()
    if theirs is None or not parts:
        return None
    own = re.split(
        r" (?=(?:on|in|at|to|by|near|next|under|above|beside|behind) )", " ".join(parts), maxsplit=1
    )
    head, place = own[0].split(), f" {own[1]}" if len(own) > 1 else ""
    if (place and not re.match(r" [\w ]+? (?:the|my|our)\b", place)) or read_look(own[0]).step is not None:
        return None  # "the right armchair in red", "the left darker" are wishes of their own
    if head[-1] in ("one", "side"):
        head = head[:-1] if head[:-1] or place else head
    if all(map(is_member, head)) or head == ["other"] or (not head and place):
        noun = parse(layer.target).noun
        kind = theirs.noun or (noun[-1] if noun else theirs.kind)
        return named_by(f"{' '.join(('the', *head, kind))}{place}")
    named = named_by(f"the {' '.join(parts)}")
    things = things_in(f"the {' '.join(parts)}")
    if named is None or named.kind != theirs.kind or not things or things[0].start:
        return None
    return named if named.told or not things[0].several else None


def _several(layer: LayerView) -> str:
    """The things of a layer without those that it leaves out."""
    but = all_but(layer.target)
    return but[0] if but is not None else layer.target


def _narrowed(words: str, changed: tuple[LayerView, ...], context: Context) -> tuple[Step, ...]:
    """ "Only the left one": the others of what was changed get back what they had."""
    for layer in changed:
        named = _about(words, layer) if layer.kind != "add" else None
        if named is None or not named.told or named.several or not is_one_of(named.words, layer):
            continue
        rest = the_rest(named.noun or named.kind, [target_of(named.words)])
        if (before := _before(layer, context)) is not None and before.prompt != layer.prompt:
            return (Edit(target=rest, prompt=before.prompt, kind=before.kind),)
        return (Mask(layer=layer.id, how="subtract", what=rest),)
    alike = [layer for layer in changed if layer.kind != "add" and _about(words, layer) is not None]
    meant = [layer for layer in alike if _names(words, layer)]
    if len(alike) > 1 and len(meant) == 1:
        return tuple(_back(layer, context) for layer in alike if layer is not meant[0])
    return ()


def _names(words: str, layer: LayerView) -> bool:
    named = _about(words, layer)
    return named is not None and _is(named, layer)


def _is(named: Named, layer: LayerView) -> bool:
    """Whether what is named is a layer's thing."""
    phrase = parse(named.words)
    return same_thing(phrase, layer.target) and may_be(phrase, layer)


def _left_out(
    words: str, changed: tuple[LayerView, ...], context: Context, *, alone: bool
) -> tuple[Step, ...]:
    """ "Not the yellow one though", "leave the chair brown": that one gets back what it had; a thing that was
    changed ``alone`` only where it is said so.
    """
    thing, look = _and_look(words)
    for layer in changed:
        named = _about(thing, layer)
        if named is None or layer.kind in ("add", "remove") or named.words == "the other":
            continue
        if look and not (_had(layer, look, context) or look in named.words.split()):
            continue
        before = _before(layer, context)
        if is_one_of(named.words, layer) and before is not None and before.prompt != layer.prompt:
            return (Edit(target=target_of(named.words), prompt=_single(before), kind=before.kind),)
        if is_one_of(named.words, layer):
            done = spared_since(named.words, context)
            return done.steps if done is not None else ()
        single = all_but(layer.target) is None and _is(named, layer)
        if single and (look or (named.told and (alone or len(changed) > 1))):
            return (_back(layer, context),)
    return ()


def _and_look(words: str) -> tuple[str, str]:
    """A thing and the look said of it: "the chair", "brown"."""
    things = things_in(words)
    one = re.search(r"\bones?\b", words)
    end = things[-1].end if things else one.end() if one is not None else len(words)
    rest = words[end:].strip()
    seen = read_look(rest) if rest else None
    if seen is None or seen.rest or not (seen.value is not None or seen.material):
        return words, ""
    return words[:end], rest


def _had(layer: LayerView, look: str, context: Context) -> bool:
    """Whether a layer's thing had a look before the last change."""
    before = _before(layer, context)
    return look in (before.prompt.split() if before is not None else ()) or was_so(layer, look)


def _single(layer: LayerView) -> str:
    """A layer's look on one of its things."""
    if layer.kind == "remove":
        return ""
    phrase, noun = parse(layer.prompt), named_by(_several(layer))
    single = noun.noun.split() if noun is not None and noun.noun else list(phrase.noun)
    return render(replace(phrase, article="", noun=tuple(single)))


def _of_the_other(
    words: str, changed: tuple[LayerView, ...], context: Context, planned: Planned
) -> tuple[Step, ...]:
    """ "No, the other one": that one of the kind gets the change, and the first what it had."""
    for layer in changed:
        named = _about(words, layer) if layer.kind != "add" and all_but(layer.target) is None else None
        if named is None or named.several or not (named.told or "other" in words.split()):
            continue
        if _is(named, layer) or is_one_of(named.words, layer):
            continue
        target = _opposite(named.words, layer)
        alone = "other" not in target and _is_all(layer, context)
        undone = Undo(count=1) if alone else _back(layer, context)
        return (undone, *_same_of(target, layer, undone, context, planned))
    return ()


def _opposite(words: str, layer: LayerView) -> str:
    """ "The other armchair" by its side, where the side of the first is known."""
    if "other" not in words.split():
        return target_of(words)
    sides = {"left": "right", "right": "left"}
    own = re.search(r"\b(left|right)\b", layer.target)
    return layer.target.replace(own[0], sides[own[0]]) if own is not None else target_of(words)


def _same_of(
    target: str,
    layer: LayerView,
    undone: Step,
    context: Context,
    planned: Planned,
) -> tuple[Step, ...]:
    """What the last sentence asked for, for another thing."""
    state = advance(context, "", Plan(steps=(undone,)))
    again = planned(_reworded(context.sentences[-1], target, layer), state) if context.sentences else Plan()
    own = [step for step in again.steps if isinstance(step, Edit) and same_thing(parse(target), step.target)]
    return tuple(own) if len(own) == 1 else (Edit(target=target, prompt=layer.prompt, kind=layer.kind),)


_IT = re.compile(r"\b(?:(?:the|that) (?:[\w-]+ ){0,2}one|it|that one|that|him|her)\b", re.IGNORECASE)


def _reworded(sentence: str, target: str, layer: LayerView) -> str:
    """A sentence about a layer's thing said of another."""
    kind = named_by(_several(layer))
    for thing in things_in(sentence):
        if kind is not None and thing.kind == kind.kind:
            place = re.match(r" (?:on|in|at|to) the [\w-]+", sentence[thing.end :])
            end = thing.end + (place.end() if place else 0)
            return f"{sentence[: thing.start]}{target}{sentence[end:]}"
    return _IT.sub(target, sentence, count=1)


def _rather(one: str, other: str, changed: tuple[LayerView, ...], context: Context) -> tuple[Step, ...]:
    """ "Not darker, just wooden": the last change with another look."""
    refused, wanted = read_look(one), read_look(other)
    says = wanted.value is not None or bool(wanted.material or wanted.pattern or wanted.step)
    if len(changed) != 1 or not says or wanted.rest or refused.rest:
        return ()
    layer = changed[0]
    before = _before(layer, context)
    asked = refused.step is not None or one in layer.prompt.lower().split()
    if not asked or layer.kind != "restyle":
        return ()
    prompt = revised(before.prompt, other) if before is not None else restyled(layer.target, other)
    return (Edit(target=layer.target, prompt=prompt, kind="restyle", layer=layer.id),)


def _told(steps: tuple[Step, ...], context: Context) -> str:
    """What steps do, in a few words."""
    layers = {layer.id: layer for layer in context.layers}
    told = []
    for step in steps:
        if isinstance(step, Edit):
            look = f"{short(step.target)} → {step.prompt}"
            told.append(look if step.prompt else f"remove {definite(step.target)}")
        elif isinstance(step, Undo):
            told.append("undo")
        elif isinstance(step, Mask) and step.layer in layers:
            told.append(f"{short(object_of(layers[step.layer]))} without {step.what}")
        elif isinstance(step, Hide | Show) and step.layer in layers:
            told.append(f"{short(object_of(layers[step.layer]))}: as it was")
    return " · ".join(told)
