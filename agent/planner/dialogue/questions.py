"""Questions about the work and the picture: what is asked, and the answer or the step that finds it out.

A question is never an edit. What asks for a look ("could the rug be blue?", "what about red?") is a wish and
left to the parsers. Pure functions over a sentence and the session's record.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.context import Context
from agent.planner.dialogue.history import OPENING, named, names_of
from agent.planner.plan import Compare, Look, Plan, Tell
from agent.planner.resolve.conversation_record import (
    change_told,
    layers_told,
    names_told,
    nth_told,
    saves_told,
    version_named,
    versions_told,
)
from agent.planner.resolve.layers import focused_layers, layers_about, object_of, stem
from agent.planner.resolve.resolution import Done, as_plan
from agent.planner.resolve.wording import target_of
from tools.language.chunking import is_thing
from tools.language.lexicon import ORDINALS
from tools.language.looks import read_look
from tools.language.noun_phrases import parse

_ASIDE = re.compile(
    r"^(?:(?:(?:before|while|when|for) [\w' ]+?|by the way|just (?:to be sure|checking)|quick [\w ]+?|sorry"
    r"|forgive me)[,:] )"
)
_TELL = re.compile(
    r"^(?:(?:please )?(?:(?:can|could|would|will) you (?:please |kindly )?)?(?:tell|remind|let) (?:me|us)(?: "
    r"know)?|confirm|i(?:'d| would) (?:like|love) to know|i wonder|(?:may|might|can|could) i ask"
    r"|i want to know|do you (?:know|remember)"
    r"|and|but|just)[,:]? (?:please )?(?:whether |if )?"
)
_TAIL = re.compile(
    r"(?:[ ,]+(?:at (?:present|the moment)"
    r"|please|again|exactly|precisely|by the way|then|dear|mate|lol|pls|anyway))+$"
)


def asked(sentence: str) -> str:
    """A question in lower case, without the words around what it asks."""
    low = " ".join(sentence.lower().replace("’", "'").split()).strip(" .!?…")
    for edge in (OPENING, _ASIDE, OPENING, _TELL):
        low = edge.sub("", low).strip(" ,")
    return _TAIL.sub("", low).strip(" ,")


def read(sentence: str, context: Context) -> Plan | None:
    """The plan that answers a question; None for what asks nothing of the record or the picture."""
    said = asked(sentence)
    is_asked = sentence.rstrip().endswith("?")
    if is_asked and (done := _same_of(said, context)) is not None:
        return as_plan(done)
    first = said.partition(", ")[0]  # "what colour is the rug now, the sofa being red?"
    for text in (said, first) if is_asked and re.match(r"wh|how", first) else (said,):
        for reader in _READERS:
            if (done := reader(text, context)) is not None:
                return as_plan(done)
    sure = (
        is_asked or re.search(r"\b(?:now|still|or not)$", said) or _TELL.match(sentence.lower()) is not None
    )
    return as_plan(done) if sure and (done := _so(said, context)) is not None else None


_OF_THAT = re.compile(r"(?:(?:and|what about|how about) )?(?P<thing>(?:the|my) [\w' -]+)")


def _same_of(said: str, context: Context) -> Done | None:
    """ "And the right one?" after a question: the same of that."""
    found = _OF_THAT.fullmatch(said)
    if found is None or context.told is None or not context.told.asked:
        return None
    *_, noun = ["one", *target_of(context.told.about).split()]
    words = re.sub(r"\bone$", stem(noun), found["thing"])
    return Done((context.told.model_copy(update={"about": target_of(words)}),), ())


# --- of the record ------------------------------------------------------------------------------------------

_I = r"(?:i|we|you|anybody|someone)"
_DONE = (
    r"(?:chang(?:ed?|es)|alter(?:ed)?|edit(?:ed|s)?|touch(?:ed)?|modif(?:y|ied)|done|did|do|painted|made"
    r"|adjusted)"
)
_FAR = (
    r"(?: (?:so far|until now|up to now|already|yet|now|altogether|in total|in all|to (?:it|this|the "
    r"(?:picture|room))|in (?:it|this|the (?:picture|room))|since the (?:start|beginning|original)|from the "
    r"original|still|all))*"
)
_CHANGES = (
    rf"(?:and |now )?what (?:all )?(?:(?:did|have|has|'ve) )?(?:{_I}|been) ?(?:have |all |actually "
    rf")?(?:already )?{_DONE}{_FAR}",
    rf"what (?:is|was|has been|are)(?: still| all)? (?:changed|edited){_FAR}",
    r"(?:which|what) changes (?:are there|have i made|did i make)",
    r"(?:which|what)(?: of)? (?:the |all the )?(?:things?|objects?|parts?|pieces?|furniture)(?: in (?:the"
    rf"|this) (?:room|picture))? (?:did |have |has )?(?:{_I}|been) ?(?:have )?(?:already )?{_DONE}{_FAR}",
    rf"what (?:have|'ve) {_I} got{_FAR}",
    r"(?:which|what) (?:things|items|objects|parts)? ?(?:presently |currently |now |still )?(?:differ"
    r"|are different)(?: (?:now|from .+))?",
    rf"(?:list|show|sum up|summari[sz]e)(?: me)?(?: all)? (?:(?:of )?(?:my|the) |what (?:{_I} "
    rf"|was )?)?(?:have )?{_DONE}{_FAR}",
    r"(?:a |the )?(?:status|report|summary|overview)",
)


def _matches(patterns: tuple[str, ...], said: str) -> re.Match[str] | None:
    return next((found for pattern in patterns if (found := re.fullmatch(pattern, said))), None)


def _changes(said: str, context: Context) -> Done | None:  # noqa: ARG001
    return Done((Tell(),), ()) if _matches(_CHANGES, said) else None


_HAPPENED = re.compile(
    r"(?:oh )?(?:.+, )?(?:did|has|have) (?:anything|something) (?:just )?(?:happen(?:ed)?|changed?)"
    r"(?: (?:just )?now| there| by that)?"
)


def _happened(said: str, context: Context) -> Done | None:
    """ "Did anything happen?": what the sentence before did."""
    if not _HAPPENED.fullmatch(said):
        return None
    last = nth_told(-1, context)
    return Done((), (f"Nothing since then. {last}" if context.head else "No, nothing was changed.",))


_WHICH_IS = re.compile(
    r"which (?:one )?(?:of )?(?:the |my )?(?:two |three )?(?P<x>[\w ]+?) is"
    r" (?:the )?(?P<look>[\w -]+?)(?: one)?"
)


def _which_is(said: str, context: Context) -> Done | None:  # noqa: ARG001
    """ "Which of the pictures is the red one?": where that one is."""
    found = _WHICH_IS.fullmatch(said)
    if found is None or read_look(found["look"]).value is None or not is_thing(stem(found["x"].split()[-1])):
        return None
    noun = stem(found["x"].split()[-1])
    look = found["look"].removesuffix(f" {noun}")
    return Done((Look(at="place", target=f"the {look} {noun}"),), ())


_THE_TWO = re.compile(
    r"(?:put|show|lay|compare|(?:can|could|may) (?:i|we) see|let me see)(?: me)?"
    r" (?:the two|both|them|these two|those two)(?: (?:versions|of them))?"
    r"(?: (?:next to each other|side by side|beside each other))?(?: so .+)?"
    r"|(?:what(?:'s| is) (?:the )?differen(?:t|ce) between )(?:the two|them|those two|both)"
)


def _the_two(said: str, context: Context) -> Done | None:
    """ "Put the two next to each other": the versions that got a name last."""
    if len(context.marks) < 2 or not _THE_TWO.fullmatch(said):
        return None
    one, other = (version for _, version in context.marks[-2:])
    differ = True if "differen" in said else None
    return Done((Compare(version=one, other=other, difference=differ),), ("the two",))


_EVER = re.compile(
    rf"(?:did|have|has|was|were) (?:{_I} )?(?:ever |already |just )?(?:{_DONE} )?(?:something |anything "
    rf")?(?:with |to )?(?P<thing>(?:the|my|a|an|any|this|that) [\w' -]+?)(?: {_DONE})?(?: (?:already|yet|at "
    r"all|before|ever|too|so far))*"
)


def _ever(said: str, context: Context) -> Done | None:
    found = _EVER.fullmatch(said)
    if found is None or not re.search(rf"\b{_DONE}\b", said):
        return None
    words = re.sub(r"^(?:a|an|any) ", "the ", found["thing"])
    thing = target_of(named(words, context))
    if not is_thing(stem(_noun(thing))):
        return None
    if layers_about(thing, context, visible=True):
        return Done((Tell(about=thing),), ())
    if hidden := layers_about(thing, context, visible=False):
        told = "; ".join(map(change_told, reversed(hidden)))
        return Done((), (f"Yes, but it was undone: {told}.",))
    return Done((Tell(about=thing),), ())


def _noun(thing: str) -> str:
    noun = parse(thing).noun
    return noun[-1].lower() if noun else ""


_NTH = re.compile(
    r"(?:what|which)\b.*\b(?P<nth>first|second|third|last|latest|newest)\b(?P<rest>.*)"
    r"|(?:what|which) [\w ]*?did (?:i|we|you) just (?:do|change|edit|paint|make|touch)(?P<just>.*)"
)
_OR = re.compile(r"(?P<one>(?:the |a )[\w ]+?) or (?P<other>(?:the |a )[\w ]+)$")


def _nth(said: str, context: Context) -> Done | None:
    found = _NTH.fullmatch(said)
    about_it = re.search(
        r"\b(?:chang\w+|did|done|edit\w*|add(?:ed)?|put|made|do|paint\w*|remov\w+|step|thing|touch\w*)\b",
        said,
    )
    if found is None or not about_it or re.search(r"\b(?:colou?r|look|version|variation|sav\w+)\b", said):
        return None
    nth = found["nth"] or "last"
    number = -1 if nth in ("last", "latest", "newest") else ORDINALS[nth]
    kind = "add" if re.search(r"\badd(?:ed)?\b|\bput\b", said) else "remove" if "remov" in said else ""
    among = _OR.search(said)
    things = (among["one"], among["other"]) if among else ()
    return Done((), (nth_told(number, context, kind=kind, among=things),))


_VERSIONS = (
    r"(?:list|show|give me|name)(?: me| us)?(?: all)?(?: of)?(?: (?:the|my|our))? versions",
    r"(?:which|what|how many) versions (?:are there|do (?:i|we|you) have|have (?:i|we|you)(?: got| made)?"
    r"|exist)(?: now| so far)?",
    r"(?:which|what) versions(?: are there)?",
)
_VERSION = re.compile(
    r"(?:which|what) version(?: number)? (?:is (?:this|it)|am i|are we|is (?:that|shown))(?: (?:at|on|in"
    r"|looking at|now))*"
)


def _versions(said: str, context: Context) -> Done | None:
    told = versions_told(context, listed=False)
    alone = re.sub(r",? and (?:what(?:'s| is) its parent|what was it made from)$", "", said)
    if alone != said and _VERSION.fullmatch(alone) and context.head:
        parent = context.at_head.parent
        return Done((), (f"{told} It was made from {f'version {parent}' if parent else 'the original'}.",))
    if _VERSION.fullmatch(said):
        return Done((), (told,))
    return Done((), (versions_told(context, listed=True),)) if _matches(_VERSIONS, said) else None


_LAYERS = (
    r"how many (?:layers|changes|edits) (?:(?:do|have) (?:i|we|you)(?: have| got| made)?|are there)(?: now"
    r"| so far)?",
    r"(?:which|what) layers (?:are there|do (?:i|we|you) have|have (?:i|we)(?: got)?)",
    r"(?:list|show|name)(?: me)?(?: all)?(?: (?:the|my|our))? layers",
)


def _layers(said: str, context: Context) -> Done | None:
    return Done((), (layers_told(context),)) if _matches(_LAYERS, said) else None


_SAVED = (
    r"(?:have|did|has|was|is|are) (?:i|we|you|this|it|that|the picture|everything|these)(?: been)?(?: "
    r"already| ever)? saved?(?: (?:this|it|that|the picture|anything|already|yet|before|now|somewhere|as it "
    r"is|version|one))*",
    r"(?:what|where|as what|under (?:what|which) name|how) (?:did|have) (?:i|we|you) saved?(?: (?:it|this"
    r"|that))?(?: as| to| under)?",
    r"(?:which|what) files (?:did|have) (?:i|we|you) saved?(?: so far)?",
)
_NAMES = (
    r"(?:which|what) names (?:are there|did i give|have i given|do i have)(?: so far)?",
    r"what (?:did|have) i (?:call|called|name|named)(?: this| it| that| them)?(?: one| version| versions)?",
)


def _saved(said: str, context: Context) -> Done | None:
    if _matches(_NAMES, said):
        return Done((), (names_told(context),))
    return Done((), (saves_told(context),)) if _matches(_SAVED, said) else None


# --- of the picture -----------------------------------------------------------------------------------------

_X = r"(?P<x>(?:the |my |this |that |these |those |both |all the )?[\w' -]+?)"
_WHEN = (
    r"(?P<when>(?: (?:at first|at (?:the )?(?:very )?(?:start|beginning)|in the (?:beginning|original(?: "
    r"picture)?)|originally|initially|to (?:begin|start) with|before(?: (?:this|that|i .+|we .+))?|earlier"
    r"|(?:in|on|at) (?:the )?(?:version )?[\w-]+(?: (?:one|version))?))?)"
)
_HUE = r"(?:exact )?(?:colou?r|shade|tone|hue)"
_COLOUR = (
    rf"(?P<first>)(?:what|how) (?P<verb>did) {_X} look(?: like)?{_WHEN}",
    rf"(?P<first>)(?:what|which) {_HUE} (?P<verb>)(?:did|have) (?:i|we|you) (?:give|given|paint(?:ed)?|made?"
    rf"|make|choose|chosen|pick(?:ed)?)(?: for)? {_X}(?P<when>)",
    rf"(?P<first>)(?:what|which) {_HUE} (?P<verb>is|are|was|were|did|does|do|has|have|had) {_X}(?: (?:have"
    rf"|had|got|get|have got))?{_WHEN}(?: now| currently| at (?:the moment|present))*",
    rf"(?:what|which) (?P<verb>is|are|was|were) (?P<first>the (?:original "
    rf"|first )?{_HUE} of ){_X}{_WHEN}(?: now)?",
    rf"(?:what|which) (?P<verb>is|are|was|were) {_X}(?:'s|s') (?P<first>(?:original "
    rf"|first )?){_HUE}{_WHEN}(?: now)?",
    rf"(?P<first>)how do you call the {_HUE} (?:that )?(?P<verb>has|have) {_X}{_WHEN}",
    rf"(?P<first>)(?P<verb>what) {_HUE} {_X} (?:is|are|was|were|has|had){_WHEN}(?: now)?",
    rf"(?P<first>)what (?P<verb>was|were) {_X}(?: like)?{_WHEN}",
    rf"(?P<first>)(?:and )?{_X}[,:]? what (?P<verb>are|is) (?:they|it)(?: exactly)?(?P<when>)",
)
_IN_FIRST = re.compile(r"^(?P<where>(?:in|on|at) (?:the )?[\w -]+?),? (?P<rest>(?:what|which) .+)")


def _colour(said: str, context: Context) -> Done | None:
    moved = _IN_FIRST.match(said)
    if moved is not None:  # "in the warm one what colour was the rug?"
        said = f"{moved['rest']} {moved['where']}"
    found = _matches(_COLOUR, said)
    if found is None:
        return None
    thing = _thing(found["x"], context)
    if found.re.pattern == _COLOUR[-2] and not found["when"]:
        return None  # "what was the fuss"
    if thing and not is_thing(stem(_noun(thing))) and _noun(thing) not in ("wall", "walls", "floor"):
        return None
    if not thing:
        return Done((), ("Which thing do you mean?",))
    when, past = found["when"].strip(), found["verb"] in ("was", "were", "did", "had")
    version = _version_of(when, thing, context) if when else None
    if when and version is None:
        return None
    if "original" in found["first"] or "first" in found["first"] or (past and not when):
        version = 0
    return Done((Tell(about=thing, asked="colour", version=version),), ())


def _version_of(when: str, thing: str, context: Context) -> int | None:
    """The version that a question is about: the original, a named one, the one before a thing's change."""
    if re.match(r"before|earlier", when):
        return _before_change(thing, context)
    if re.match(r"at|originally|initially|to |in the (?:beginning|original)", when):
        return 0
    words = re.sub(r"^(?:in|on|at) (?:the )?", "", when)
    words = re.sub(r" (?:one|version)$", "", words)
    named_so = names_of(context).get(words)
    return named_so if named_so is not None else version_named(words, context)


def _before_change(thing: str, context: Context) -> int:
    """The version before a thing was changed last."""
    for number in context.way:
        parent = context.history[number].parent
        now, then = (
            [
                (each.id, each.prompt, each.kind)
                for each in layers_about(thing, replace(context, layers=layers), visible=True)
            ]
            for layers in (context.history[number].layers, context.history[parent].layers)
        )
        if now != then:
            return parent
    return 0


_PRONOUN = re.compile(r"(?:it|that|this|he|she|they|them|these|those|that one|this one|the one)")


def _thing(words: str, context: Context) -> str:
    """The thing that a question is about; empty where a pronoun stands for nothing."""
    if _PRONOUN.fullmatch(words):
        if context.told is not None and context.told.about:
            return context.told.about
        focused = focused_layers(context) or tuple(layer for layer in context.layers if layer.visible)[-1:]
        return target_of(object_of(focused[-1])) if focused else ""
    return target_of(named(words, context))


_THE_X = r"(?:the|my|that|this|those|these|our) [\w' -]+?"
_WHICH_OF_TWO = re.compile(
    rf"(?:(?:would you (?:say|call)|do you think|isn't|is|are) )+(?P<x>{_THE_X})(?: (?:is|are))?"
    r" (?:more |rather |really )*(?:of )?(?:an? )?(?P<one>[\w-]+(?: [\w-]+)?),? or (?:is it |are they )?"
    r"(?:more |rather |really )*(?:of )?(?:an? )?(?P<other>[\w-]+(?: [\w-]+)?)(?: would you say"
    r"| do you think)?"
    rf"|what colou?r would you (?:call|say|describe) (?P<y>{_THE_X})(?: (?:is|are|as))?"
)


def _which_of_two(said: str, context: Context) -> Done | None:
    """ "Is that sofa grey or more of a green?", "what colour would you call it?": which colour it has."""
    found = _WHICH_OF_TWO.fullmatch(said)
    if found is None:
        return None
    looks = [read_look(words) for words in (found["one"], found["other"]) if words]
    thing = _thing(found["x"] or found["y"], context)
    coloured = all(look.value is not None and look.is_colour_only for look in looks)
    if not coloured or not thing or not is_thing(stem(_noun(thing))):
        return None
    return Done((Tell(about=thing, asked="colour"),), ())


_SO = re.compile(r"(?:is|are) (?P<one>.+)|(?P<thing>(?:the|my) [\w' -]+?) (?:is|are) (?P<other>.+)")
_SO_FAR = re.compile(
    r"(?:[ ,]+(?:now|already|yet|still|or not|again|too|then|right|correct|isn't it|is it|really))+$"
)
_MADE_OF = re.compile(r" (?:(?:still|really|already|now|also|made|out|in|of)(?: |$))+")


def _so(said: str, context: Context) -> Done | None:
    """ "Is the left one still black?", "the sofa is in leather now or not?"."""
    found = _SO.fullmatch(said)
    if found is None:
        return None
    words = found["one"] or f"{found['thing']} {found['other']}"
    words = _MADE_OF.sub(" ", _SO_FAR.sub("", words)).split()
    for count in (3, 2, 1):
        thing, look = " ".join(words[:-count]), " ".join(words[-count:])
        meaning = read_look(look)
        if not (meaning.value is not None or meaning.material or meaning.pattern) or meaning.rest:
            continue
        if len(thing.split()) > 5 or re.search(r"\b(?:so|and|then|that)\b|^is ", f"{thing} {look}"[:-1]):
            continue
        thing = _thing(thing, context) if thing else ""
        if thing and is_thing(stem(_noun(thing))):
            return Done((Tell(about=thing, asked="so", look=look),), ())
    return None


_IN = r"(?:in|on) (?:it|this|that|the|my)(?: (?:picture|room|image|version|photo|one))?"
_THERE = re.compile(
    rf"(?:is|are) (?P<x>(?:the|my|both|all the) [\w' -]+?) (?:still )?(?:there|here|visible|{_IN}|gone"
    rf"|removed|back)(?: (?:{_IN}|now|already|again|or not))*|(?:is|are) there (?:still )?(?:a|an|any|the) "
    rf"(?P<y>[\w' -]+?)(?: (?:there|{_IN}|now|left|still))*|(?:do|have) (?:i|we) (?:still )?(?:have|got) "
    r"(?P<z>(?:the|a|an|any) [\w' -]+?)(?: (?:in (?:it|there|this version)|left|still|now))*"
)


def _there(said: str, context: Context) -> Done | None:
    found = _THERE.fullmatch(said)
    if found is None:
        return None
    words = re.sub(r"^(?:a|an|any) ", "the ", found["x"] or found["z"] or f"the {found['y']}")
    thing = target_of(named(words, context))
    if not is_thing(stem(_noun(thing))):
        return None
    return Done((Tell(about=thing, asked="there"),), ())


_READERS = (
    _saved, _the_two, _happened, _nth, _versions, _layers, _changes, _which_is, _which_of_two, _colour, _ever,
    _there,
)  # fmt: skip
