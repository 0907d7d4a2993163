"""What a sentence leaves out: "all but the black one", "but not the left one", "the yellow one stays".

``cut_out`` takes exceptions out of a sentence; ``spare`` takes what they name out of a plan. An exception is
kept, or the plan becomes a question; a wording that is not known here is the reader's. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.planner.context import Context, LayerView
from agent.planner.plan import Ask, Drop, Edit, Goto, Hide, Mask, Plan, Refresh, Step, Undo
from agent.planner.resolve.discourse import Named, named_by, things_in
from agent.planner.resolve.layers import layer_named, layers_about, object_of, stem
from agent.planner.resolve.wording import definite, revised, short
from tools.language.lexicon import word_set
from tools.language.noun_phrases import is_plural, parse
from tools.language.referring import ALL_BUT, plural

_PLACE = (
    r"(?: (?:on|in|at|to|by|near|next to|beside|behind|under|above|from|with) (?:the|my|our)"
    r" (?!same|colou?r|shade|style)(?:far )?[\w'-]+(?: of (?:the|my|our) [\w'-]+)?"
    r"(?: (?:side|corner|table|window|wall|door|chair))?)?"
)
_EXCEPT = re.compile(
    r"(?:[,;:–—-]\s*(?:\b(?:all|everything|anything|both)\s+)?|\s*)\b(?:except(?:ing)?(?: for)?|excluding"
    r"|apart from|aside from|other than|besides|save for|with the exception of|not counting"
    r"|(?:just|only) not)\s+$",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"(?:[,;:–—-]\s*(?P<all>\b(?:all|everything|anything|each|every\w*)\s+)?|\s*)\bbut(?P<not> not)?\s+$",
    re.I,
)
_LEAVE = re.compile(
    r"(?:[,;(–—-]|\band\b|\bbut\b|\.|\bonly\b)?\s*(?:\b(?:and|but|please|just|only)\s+)*\b(?:leave|keep|spare"
    r"|(?:do not|don[’']t|never|not) (?:touch|change|paint|recolou?r|alter))\s+$",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"\s*(?:alone|as (?:it is|they are)|as is|that way|so|unchanged|out(?: of it)?|like that"
    r"|the same)?\s*(?=$|[,.;!?)])",
    re.IGNORECASE,
)
_STAYS = re.compile(
    r"\s+(?:(?:can|should|shall|must|may|is to|are to|has to|have to|will) )?(?:stays?|remains?|be left "
    r"alone)(?: (?:as (?:it is|they are)|so|that way|like that|the same|put|unchanged))?\s*(?=$|[,.;!?)]"
    r"|\band\b|\bbut\b)",
    re.IGNORECASE,
)
_IS_NOT = re.compile(r"\s+(?:not|isn[’']t|aren[’']t)\s*(?=$|[,.;!?)])", re.IGNORECASE)
_ENDS = re.compile(r"\s*(?=$|[,.;!?)])")
_WISH = re.compile(
    r"\b(?:it|them|these|those|both|all|everything|anything|undo|reset|revert|make|paint|remove|hide|drop"
    r"|restore)\b",
    re.IGNORECASE,
)
"""Without one of these, or a thing, what is left of a sentence asks for nothing."""
_SEVERAL = re.compile(r"\b(?:all|every\w*|each|both|whole|any\w*|them|those|these)\b", re.IGNORECASE)


def cut_out(text: str) -> tuple[str, tuple[str, ...]]:
    """A sentence without its exceptions, and the phrases of these; the sentence as it is where it has none,
    or is nothing else.
    """
    spared: list[str] = []
    rest = text
    while (found := _exception(rest)) is not None:
        start, end, phrase = found
        spared.append(phrase)
        while (more := re.match(r"(?:,? and|,) (?=(?:the|my) )", rest[end:])) and _opens_list(rest[start:]):
            also = things_in(rest[end + more.end() :])
            after = rest[end + more.end() + also[0].end :] if also else "x"
            if not also or also[0].start or not _ENDS.match(after):
                break
            spared.append(definite(also[0].words))
            end += more.end() + also[0].end
        rest = f"{rest[:start].rstrip()} {rest[end:].lstrip()}".strip()
    rest = re.sub(r"\s+([,.;!?])", r"\1", rest).strip(" ,;(")
    rest = re.sub(r"^[\s,.;!?)]+|(?<=[ ,;])[,;.)!]+(?=[,;.!]|$)", "", rest).strip()
    rest = re.sub(r"[,;]?\s*(?:\b(?:and|but|only|all|though|so)\b)?[\s.!)]*$", "", rest) if spared else rest
    if not spared or not (things_in(rest) or _WISH.search(rest)):
        return text, ()
    return rest, tuple(spared)


_LISTING = re.compile(
    r"\W*(?:(?:all|everything|anything|both) )?(?:but|ex|apart|aside|other|besides|save|with|not c)",
    re.IGNORECASE,
)


def _opens_list(text: str) -> bool:
    """Whether an exception is one that lists things: "except the sofa and the rug"."""
    return _LISTING.match(text) is not None


def _exception(text: str) -> tuple[int, int, str] | None:
    """Where the first exception of a text stands, and its phrase."""
    for thing in things_in(text):
        place = re.match(_PLACE, text[thing.end :], re.IGNORECASE)
        end = thing.end + (place.end() if place else 0)
        phrase = definite(re.sub(r"^(?:my|that|this)\b", "the", text[thing.start : end], flags=re.IGNORECASE))
        before, after = text[: thing.start], text[end:]
        if opened := _EXCEPT.search(before):
            return opened.start(), end, phrase
        opened = _BUT.search(before)
        if opened and (said := _IS_NOT.match(after) or _STAYS.match(after)):
            return opened.start(), end + said.end(), phrase
        if opened and _is_but(text, opened, after, thing):
            return opened.start(), end, phrase
        if (opened := _LEAVE.search(before)) and (left := _LEFT.match(after)):
            return opened.start(), end + left.end(), phrase
        clause = re.search(
            r"(?:^|[,;.:(–—]|\band\b|\bbut\b|\bonly\b)\s*(?:(?:and|but|only)\s+)*$", before, re.I
        )
        if clause and (stays := _STAYS.match(after)):
            return clause.start() + (len(clause[0]) - len(clause[0].lstrip(".:"))), end + stays.end(), phrase
        if clause and clause.start() and (stays := _IS_NOT.match(after)):
            return clause.start(), end + stays.end(), phrase
    return None


def _is_but(text: str, opened: re.Match[str], after: str, thing: Named) -> bool:
    """Whether "but" leaves something out: "all cushions but the black one (red)", "everything, all but the
    red one"; not "make the sofa red but the walls green".
    """
    before = text[: opened.start()]
    ends = _ENDS.match(after) is not None
    if opened["all"] or opened["not"]:
        return True
    if re.search(r"\b(?:all|everything|everyone|anything|both|each)\s*$", before, re.IGNORECASE):
        return True
    quantified = re.search(r"\b(?:all|every|both|each)\b(?: of)?(?: the| my)? [\w' -]{2,24}$", before, re.I)
    if quantified and not re.search(r"[,;.]", quantified[0]):
        return ends or any(each.kind == thing.kind for each in things_in(quantified[0]))
    if not ends:
        return False
    plurals = [each for each in things_in(before) if each.several]
    return bool(plurals) or _SEVERAL.search(before) is not None


# ----- Plans -----


def spared_in(spared: str, target: str) -> str:
    """What is spared of several things, with their noun: "the black cushion" for "the black one"."""
    noun = parse(target).noun
    if not noun or noun[-1].lower() in ("everything", "all"):
        return definite(spared)
    many = " ".join(noun)
    single = " ".join((*noun[:-1], stem(noun[-1])))
    words = (single if word == "one" else many if word == "ones" else word for word in spared.split())
    return definite(" ".join(words))


def spare(plan: Plan, spared: Sequence[str], context: Context) -> Plan:
    """A plan that leaves the things named by phrases as they are; a question where that cannot be done."""
    steps = plan.steps
    if not spared or any(isinstance(step, Ask) for step in steps):
        return plan
    for phrase in spared:
        named = named_by(phrase)
        if named is None:
            return _asked(
                f"I cannot leave out {definite(phrase)} yet: which things shall I change? Name each."
            )
        kept: list[Step] = []
        theirs = {layer.id for layer in layers_about(phrase, context, visible=True)}
        sweeping = _sweeps(steps, context)
        if (
            sweeping
            and not theirs
            and not any(_holds(layer, named) for layer in context.layers if layer.visible)
        ):
            return _asked(f"I have not changed {definite(phrase)}; what shall I undo?")
        for step in steps:
            kept += _without(step, named, theirs, context)
        steps = tuple(kept)
    if steps == plan.steps:
        if any(isinstance(step, Edit) and _is_of_many_kinds(step.target) for step in steps):
            left = " and ".join(definite(phrase) for phrase in spared)
            return _asked(f"I cannot leave out {left} there: which things shall I change? Name each.")
        return plan
    said = [_said(step, context) for step in steps]
    left = " and ".join(definite(phrase) for phrase in spared)
    if not steps:
        return Plan(say=f"All right, I leave {left} as it is.")
    return Plan(say=" · ".join(filter(None, said)), steps=steps)


_OF_MANY_KINDS = word_set(
    "furniture furnishings seats seating everything things stuff decor decorations textiles"
)


def _is_of_many_kinds(target: str) -> bool:
    """Whether a word stands for things of several kinds: a table may be among "the furniture"."""
    noun = parse(target).noun
    return bool(noun) and any(word.lower() in _OF_MANY_KINDS for word in noun)


def _asked(question: str) -> Plan:
    return Plan(say=question, steps=(Ask(question=question),))


def _sweeps(steps: Sequence[Step], context: Context) -> bool:
    """Whether a plan takes back all that shows."""
    visible = {layer.id for layer in context.layers if layer.visible}
    back = {step.layer for step in steps if isinstance(step, Hide | Drop)}
    return any(isinstance(step, Goto) and step.version == 0 for step in steps) or (
        bool(back) and back >= visible
    )


def _holds(layer: LayerView, named: Named) -> bool:
    """Whether a layer is about several things of a kind, so that one that is named may be among them."""
    theirs = named_by(layer.target)
    return theirs is not None and theirs.kind == named.kind and theirs.several and not named.several


def _without(step: Step, named: Named, theirs: set[int], context: Context) -> list[Step]:
    """A step without what is named, as steps: none where it is about nothing else."""
    layers = {layer.id: layer for layer in context.layers}
    if isinstance(step, Goto) and step.version == 0:
        return [
            each
            for layer in context.layers
            if layer.visible
            for each in _without(Hide(layer=layer.id), named, theirs, context)
        ]
    if isinstance(step, Hide | Drop | Refresh):
        if step.layer in theirs and not _holds(layers[step.layer], named):
            return []
        if isinstance(step, Hide) and step.layer in layers and _holds(layers[step.layer], named):
            several = f"all the {plural(named.kind)} but {_definite(named.words)}"
            return [Mask(layer=step.layer, how="subtract", what=several)]
        return [step]
    if not isinstance(step, Edit) or step.kind == "add":
        return [step]
    target = named_by(step.target)
    if target is None or target.kind != named.kind:
        return [] if step.layer is not None and step.layer in theirs else [step]
    if _same(target, named):
        return []
    own = ALL_BUT.fullmatch(step.target.lower())
    if own is None and target.told and not target.several:
        return [step]
    if named.several and not named.told:
        return []
    if own is not None:
        if _definite(named.words).lower() in own["kept"].split(" and "):
            return [step]
        more = f"{step.target} and {_definite(named.words)}"
        return [Edit(target=more, prompt=step.prompt, kind=step.kind)]
    noun = plural(" ".join(w for w in parse(target.words).noun if w.lower() not in ("other",)))
    but = f"all the {noun} but {_definite(named.words)}"
    if (same := layer_named(but, context)) is not None and step.kind == same.kind == "restyle":
        return [
            Edit(target=same.target, prompt=revised(same.prompt, step.prompt), kind="restyle", layer=same.id)
        ]
    return [Edit(target=but, prompt=_several(step.prompt), kind=step.kind)]


def _same(one: Named, other: Named) -> bool:
    return _definite(one.words).lower() == _definite(other.words).lower()


def _several(prompt: str) -> str:
    """A prompt for several things: "a white cushion" for cushions."""
    phrase = parse(prompt)
    if not phrase.noun or is_plural(phrase.noun):
        return prompt
    words = prompt.split()
    words = words[1:] if words[0].lower() in ("a", "an", "the") else words
    return " ".join(plural(word) if word == phrase.noun[-1] else word for word in words)


def _definite(words: str) -> str:
    return definite(re.sub(r"^(?:my|that|this|both|all)(?: the)? ", "the ", words))


def _said(step: Step, context: Context) -> str:
    layers = {layer.id: layer for layer in context.layers}
    match step:
        case Edit():
            return (
                f"remove {step.target}" if step.kind == "remove" else f"{short(step.target)} → {step.prompt}"
            )
        case Hide() if step.layer in layers:
            return f"{short(object_of(layers[step.layer]))}: as it was"
        case Mask() if step.layer in layers:
            return f"{short(object_of(layers[step.layer]))} without {step.what}"
        case Undo():
            return "undo"
    return ""
