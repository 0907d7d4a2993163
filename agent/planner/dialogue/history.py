"""Sentences that go back: to a version by any of its names, or to how things were.

The words alone do not say it: "go to compromise" is a version where one is called so, "keep the rug" brings
it back where it was taken away. What is not read here is left to the parsers. Pure functions over a sentence
and the session's record.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from agent.planner.context import Context, LayerView, advance
from agent.planner.dialogue.files_and_boxes import Planned
from agent.planner.frames import Frame
from agent.planner.plan import Edit, Goto, Hide, Mark, Mask, Plan, Redo, Show, Step, Tell, Undo
from agent.planner.resolve.discourse import last_named
from agent.planner.resolve.layers import (
    focused_layers,
    is_member,
    layers_about,
    looks_fit,
    object_of,
    same_thing,
    stem,
    was_undone,
)
from agent.planner.resolve.resolution import Done, as_plan, ask
from agent.planner.resolve.undo_steps import bring_back
from agent.planner.resolve.wording import bare, definite, revised, short, target_of
from tools.language.chunking import is_look, is_thing
from tools.language.lexicon import EVALUATIVE, ORDINALS
from tools.language.looks import read_look
from tools.language.noun_phrases import is_plural, parse

OPENING = re.compile(
    r"^(?:(?:ok(?:ay)?|so|and|but|now|please|well|right|then|h+m+|actually|oh|ah|alright|great|nice|nah"
    r"|no(?:pe)?|wait|sorry|ha(?:ha)*|lol|fine|you know what|bad idea|good|perfect|thanks|thank you|ugh+|yeah"
    r"|yes|omg|hey|on second thoughts?|on reflection|hold on|hang on|o+ps|whoops|just kidding|kidding|stop"
    r"|true|never ?mind(?=[ ,.!:…-]+\w))(?:[ ,.!:…-]+|$))+"
)
_POLITE = re.compile(
    r"^(?:(?:can|could|would|will) (?:you|we|i)(?: please)?|let's|let us|i(?: would|'d) (?:like|rather)"
    r"(?: you)?(?: to)?|i want(?: you)?(?: to)?|please|just) "
)
CLOSING = re.compile(
    r"(?:[ ,]+(?:please|now|again|thanks|thank you|then|i (?:guess|think|suppose)|after all|though|instead"
    r"|for now|if you (?:can|please|would)|lol|haha|for a (?:moment|second|bit)))+$"
)


@lru_cache(maxsize=64)
def plain(sentence: str) -> str:
    """A sentence in lower case, without the words around what it says."""
    low = " ".join(sentence.lower().replace("’", "'").split()).strip(" .!?…")
    low = OPENING.sub("", low).strip(" ,")
    low = _POLITE.sub("", low)
    return CLOSING.sub("", low).strip(" ,.!")


def read(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of a sentence that goes back to something; None for any other."""
    said = plain(sentence)
    asked = sentence.rstrip().endswith("?")
    named = names_of(context)
    if (
        said in named
        and named[said] <= context.versions
        and re.search(r"\b(?:again|once more)\b", sentence.lower())
    ):
        return as_plan(Done((Goto(version=named[said]),), (f"back to {said}",)))
    if (more := _stepped_again(sentence, context, planned)) is not None:
        return more
    for version in (
        _to_that_one,
        _to_a_name,
        _to_a_number,
        _to_a_save,
        _to_where_it_was,
        _to_a_look,
        _from_anew,
    ):
        if (not asked or "with" in said) and (plan := version(said, context, planned)) is not None:
            return plan
    for reader in (
        _several_undone,
        _undone_again,
        _again,
        _but_with,
        _all_as_it_was,
        _clauses,
        _kept,
        _left_in,
        _other_way,
        _that_back,
        _back_in,
        _as_once,
        _shown,
        _colour_back,
        _liked_before,
        _named_alike,
    ):
        done = reader(said, context)
        if done is not None:
            return as_plan(done)
    if re.search(r"\bagain\b|\bonce more\b", sentence.lower()):
        done = _colour_back(f"{said} again", context)
        if done is not None:
            return as_plan(done)
    if (once := _look_of_before(sentence, context, planned)) is not None:
        return once
    return _thought_better(sentence, context, planned)


# --- versions -----------------------------------------------------------------------------------------------

_RETURNING = re.compile(
    r"\b(?:back|go|goes|return|revert|restore|switch|jump|take (?:me|us)|prefer(?:red|s)?|better|best|nicer"
    r"|nicest|liked?|loved|again|once more|use|continue|over to|load|reopen)\b"
)
_OTHERWISE = re.compile(
    r"^(?:what|which|when|who|how|is|are|was|were|did|do|does|have|has)\b|\b(?:call|name|label|mark|bookmark"
    r"|remember|save|store|export|compare|differ\w*|delete|remove|drop|side by side|next to|beside|show|open"
    r"|paint|make)\b"
)
_GOING = re.compile(
    r"\b(?:(?:back|go|return|revert|switch|jump|take (?:me|us)|over) (?:\w+ )?to|check ?out|let me see|show "
    r"me|see) (?:the )?(?:version )?$"
)
_PRAISED = re.compile(
    r" (?:one |version )?(?:it is\b|(?:is|was|looked|looks) (?:much |a lot |far |so much "
    r"|really )?(?:better|nicer|best|nicest))"
)
_THEN = re.compile(
    r"^(?: one| version| again| once more| it is| (?:please|there))*[,;.]? (?:but |and |then |only |with )+"
)


def names_of(context: Context) -> dict[str, int]:
    """The versions by the names that the user gave them, and by the files that they were saved as."""
    names: dict[str, int] = {}
    for path, version in context.saves:
        file = path.lower().rpartition("/")[2]
        names |= {file: version, file.rpartition(".")[0]: version}
    return {name: version for name, version in (names | dict(context.marks)).items() if name}


def _to_a_name(said: str, context: Context, planned: Planned) -> Plan | None:
    names = {name: version for name, version in names_of(context).items() if version <= context.versions}
    for name in sorted(names, key=len, reverse=True):
        found = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w]|\.\w)", said)
        if found is None:
            continue
        before, after = said[: found.start()], said[found.end() :].lstrip("\"'”’")
        before = before.rstrip("\"'“‘")
        if (
            re.search(r"[.!?…]\W* ", before)
            or re.match(r"[^.!?]*[.!?…]+ +\w", after)
            or re.search(r"\band (?:then )?(?:go|take|bring|switch)\b", before)
        ):
            return None  # the sentences before it have a say
        going = _GOING.search(f"{before.rstrip()} ") is not None
        going = going or (not before and re.match(r" (?:again|once more)\b", after) is not None)
        if said == name and not _is_common(name):
            return _and_then(Goto(version=names[name]), f"back to {name}", "", context, planned)
        if not before and re.match(r" with (?!the original)", after):  # "Anna's with white walls"
            return _and_then(Goto(version=names[name]), f"back to {name}", after, context, planned)
        # a look or a thing is a name only where somebody goes to it
        praised = _PRAISED.match(after) or re.search(r"\bprefer(?:red)? (?:the )?$", before)
        if not going and not praised and (_is_common(name) or not _RETURNING.search(before + after)):
            continue
        if not going and _OTHERWISE.search(before + after):
            continue
        return _and_then(Goto(version=names[name]), f"back to {name}", after, context, planned)
    return _to_part_of_a_name(said, context, planned)


def _is_common(name: str) -> bool:
    if "." in name:
        return False
    look = read_look(name)
    return is_look(name) or is_thing(name) or look.value is not None or bool(look.material or look.step)


_BACK_TO = re.compile(
    r"(?:(?:go|come|jump|switch|return|take me|bring me) )?(?:back )?to (?:the )?(?P<name>[\w -]+)"
)


def _to_part_of_a_name(said: str, context: Context, planned: Planned) -> Plan | None:
    """ "Back to A" where one version is called "client A"."""
    found = _BACK_TO.fullmatch(said)
    if found is None or not said.startswith(("back", "go back", "return", "switch")):
        return None
    part = set(found["name"].split())
    fitting = {version for name, version in context.marks if part <= set(re.split(r"[\s_-]+", name))}
    if len(fitting) != 1 or _is_common(found["name"]):
        return None
    return _and_then(Goto(version=fitting.pop()), f"back to {found['name']}", "", context, planned)


def _and_then(step: Goto, told: str, rest: str, context: Context, planned: Planned) -> Plan:
    """A version, and what the sentence asks for there."""
    begins = _THEN.search(rest)
    if begins is not None and (clause := rest[begins.end() :].strip()):
        phrase = parse(clause)
        if phrase.looks and phrase.noun and is_thing(stem(phrase.noun[-1])) and not phrase.tail:
            look = " ".join(word for each in phrase.looks for word in each.words)
            clause = f"make the {' '.join(phrase.noun)} {look}"  # "but with a black lamp"
        then = planned(clause, advance(context, "", Plan(steps=(step,))))
        if then.steps:
            return Plan(say=" · ".join(filter(None, (told, then.say))), steps=(step, *then.steps))
    return Plan(say=told, steps=(step,))


_ANEW = re.compile(
    r"(?:(?:start|starting|begin|go|going|back|on)\b,? ?)*(?:again |anew |over )?(?:from|with|at) (?:the )?"
    r"(?P<name>original|start|beginning|scratch|base picture|[\w ]+?)(?: (?:again|picture|version|one))*"
    r"(?P<rest>[,:;.] .+)"
)


def _from_anew(said: str, context: Context, planned: Planned) -> Plan | None:
    """ "From the original again: walls sage green": that version, and what is wished for there."""
    found = _ANEW.fullmatch(said)
    if found is None:
        return None
    first = found["name"] in ("original", "start", "beginning", "scratch", "base picture")
    version = 0 if first else names_of(context).get(found["name"])
    if version is None or version > context.versions:
        return None
    told = f"back to {found['name']}" if version else "back to the original"
    return _and_then(Goto(version=version), told, f", then {found['rest'].lstrip(',:;. ')}", context, planned)


_THAT_VERSION = re.compile(
    r"(?:go|switch|jump|return|take me|come)(?: back| over)? to (?:that|this|it)(?: one| version| picture)?"
)


def _to_that_one(said: str, context: Context, planned: Planned) -> Plan | None:  # noqa: ARG001
    """ "I like Club better. Go to that one": the version that was spoken of, or gone to, just before."""
    if _THAT_VERSION.fullmatch(said) is None or context.variations:
        return None
    before = context.sentences[-1].lower() if context.sentences else ""
    named = [
        version for name, version in names_of(context).items() if re.search(rf"\b{re.escape(name)}\b", before)
    ]
    if context.spoken and context.spoken[-1].moved:
        named = [context.head]
    if len(named) != 1:
        return as_plan(ask("Which version do you mean? /history lists them."))
    return Plan(say=f"version {named[0]}", steps=(Goto(version=named[0]),))


_NUMBER = re.compile(
    r"(?:check ?out|(?:go )?back to) (?:version |v)?(?P<one>\d{1,4})|(?:version |v|number )?(?P<two>\d{1,4}) "
    r"(?:is|was|looks|looked) (?:much |a lot |far |definitely )?(?:better|nicer|best|the (?:best|nicest"
    r"|better one))(?P<rest>[.,;] .*)?"
)


def _to_a_number(said: str, context: Context, planned: Planned) -> Plan | None:  # noqa: ARG001
    """ "Checkout 3", "3 is better": a version's number, where no variations are on offer."""
    found = None if context.variations else _NUMBER.fullmatch(said)
    if found is None:
        return None
    version = int(found["one"] or found["two"])
    if version > context.versions:
        return None
    return Plan(say=f"version {version}", steps=(Goto(version=version),))


_LIKE_THAT = re.compile(
    r"(?:(?:go|take me|let's go|switch|return) )?back to (?:the|that) (?P<words>.+? (?:one|version|picture"
    r"|room)(?: with .+)?)"
)


def _to_a_look(said: str, context: Context, planned: Planned) -> Plan | None:  # noqa: ARG001
    """ "Back to the velvet one with the teal": the newest version with all these looks."""
    found = _LIKE_THAT.fullmatch(said)
    words = (
        {stem(word) for word in re.findall(r"[a-z]+", found["words"]) if _is_common_look(word)}
        if found
        else set()
    )
    if not words:
        return None
    for number in reversed(range(1, len(context.history))):
        layers = [layer for layer in context.history[number].layers if layer.visible]
        has = {stem(word) for layer in layers for word in layer.prompt.lower().split()}
        if number != context.head and words <= has:
            return Plan(say=f"version {number}", steps=(Goto(version=number),))
    return None


def _is_common_look(word: str) -> bool:
    look = read_look(word)
    return look.value is not None or bool(look.material)


_SAVED = re.compile(
    r"\b(?:the |that |my )?(?:(?P<nth>first|second|third|last|latest) )?(?:one|version|picture|state|thing)"
    r" (?:that |which )?(?:i|we|you) (?:have )?saved(?: (?P<when>first|last|before|earlier|at first))?"
    r"|\b(?:the |my )?(?P<nth2>first|second|third|last|latest|previous) (?:save|saved (?:one|version"
    r"|picture))"
)


_TIMES = re.compile(r"undo (?:x|×)? ?(?P<n>\d{1,2})(?: ?(?:x|×|times|steps?))?|undo (?P<word>twice|thrice)")


def _several_undone(said: str, context: Context) -> Done | None:  # noqa: ARG001
    """ "Undo x2"."""
    found = _TIMES.fullmatch(said)
    if found is None:
        return None
    count = int(found["n"]) if found["n"] else {"twice": 2, "thrice": 3}[found["word"]]
    return Done((Undo(count=count),), (f"undo {count} steps",)) if count else None


_ONCE_MORE = re.compile(
    r"(?:and |yes,? )?(?:once more|one more(?: time| step)?|and again|another(?: one| step)?)"
)


def _undone_again(said: str, context: Context) -> Done | None:
    """ "Once more" right after "undo"."""
    back = len(context.visited) > 1 and context.visited[-1] < context.visited[-2]
    if not (back and _ONCE_MORE.fullmatch(said) and was_undone(context)):
        return None
    return Done((Undo(count=1),), ("undo",))


def _stepped_again(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """ "Once more" right after "a shade lighter": a shade lighter again."""
    said = " ".join(sentence.lower().split()).rstrip(" .!")
    if not context.done or not (_ONCE_MORE.fullmatch(said) or said == "again"):
        return None
    plan = planned("even more", context)
    acts = plan.steps and all(
        isinstance(step, Edit) and step.layer is not None and "more" not in step.prompt for step in plan.steps
    )
    return plan if acts else None


def _to_a_save(said: str, context: Context, planned: Planned) -> Plan | None:
    found = _SAVED.search(said)
    before = said[: found.start()] if found else ""
    if found is None or not re.search(r"\bto$|\b(?:use|take|restore|want)\b", before.rstrip()):
        return None
    nth = found["nth"] or found["nth2"] or found["when"] or "last"
    if not context.saves:
        return as_plan(ask("Nothing is saved yet; which version do you mean? /history lists them."))
    at = ORDINALS.get(nth, 1 if nth == "at first" else -1)
    at = -1 if nth in ("last", "latest", "before", "earlier", "previous") else at
    if at > len(context.saves):
        return as_plan(ask(f"Only {len(context.saves)} were saved; which one do you mean?"))
    path, version = context.saves[at - 1 if at > 0 else at]
    rest = said[found.end() :]
    return _and_then(Goto(version=version), f"the version saved as {path}", rest, context, planned)


_WAS_THERE = re.compile(
    r"\b(?:back|return|take me|go|get|bring me)\b.*\b(?:where|what|the (?:one|version|state)) (?:that )?(?:i"
    r"|we)(?: (?:just|only just|last))? (?:was|were|had|left off|came from)(?: (?:at|in|on))?(?: (?:just"
    r"|before|just now|a (?:moment|minute|second) ago))*(?P<rest>[,;]? (?:but|and) .+)?$"
)


def _to_where_it_was(said: str, context: Context, planned: Planned) -> Plan | None:
    """ "Take me back to where I just was": the version that was the head before this one."""
    found = _WAS_THERE.search(said)
    if found is None or re.search(r"\bgive\b", said):
        return None
    earlier = [version for version in context.visited if version <= context.versions]
    last = next((version for version in reversed(earlier) if version != context.head), None)
    if last is None:
        return as_plan(ask("You have not been at another version yet; which one do you mean?"))
    where = f"version {last}" if last else "the original"
    return _and_then(Goto(version=last), where, found["rest"] or "", context, planned)


def from_the_original(sentence: str, context: Context) -> Plan | None:
    """ "Back", said at the original: to the version that it was gone to it from."""
    before = [version for version in context.visited if version]
    if context.head or not before or before[-1] > context.versions:
        return None
    if not re.fullmatch(r"(?:go |take me )?back(?: again)?", plain(sentence)):
        return None
    return Plan(say=f"version {before[-1]}", steps=(Goto(version=before[-1]),))


_THAT_AGAIN = re.compile(
    r"(?:(?:i(?:'ll| will)? )?(?:take|have|use|do|want|make it|give me|like) )?(?:that|this|those|that one|it"
    r"(?: (?:like|as) that)?)(?: colour| color| look)?(?: (?:again|back|once more))+"
)


def _again(said: str, context: Context) -> Done | None:
    """ "That again", after an answer that told how a thing was, or right after it was undone."""
    told = context.told
    if not _THAT_AGAIN.fullmatch(f"{said} again"):
        return None
    if told is None or told.version is None:
        return Done((Redo(count=1),), ("redo",)) if "that" in said and was_undone(context) else None
    return as_in(told.about, told.version, context)


def as_in(thing: str, version: int, context: Context) -> Done | None:
    """A thing as it was in a version."""
    then = context.history[version].layers if version < len(context.history) else ()
    was = layers_about(thing, replace(context, layers=then), visible=True)
    if was:
        return Done(
            (Show(layer=was[0].id, version=version),),
            (f"{short(object_of(was[0]))}: as in version {version}",),
        )
    return reverted(thing, context)


# --- as it was ----------------------------------------------------------------------------------------------

_AT_FIRST = (
    r"(?:(?:at|from|in|since) (?:the )?(?:very )?(?:start|beginning|first|outset|original(?: picture)?|first"
    r" place)|originally|initially|before(?: (?:this|that|all this))?(?! (?:the|my|i|we|you|a)\b)|once"
    r"|earlier|to (?:begin|start) with)"
)
_WAS = (
    r"(?:(?:it|they|he|she|this|that|those|these) (?:all |both )?(?:was|were|used to be|looked|had been)"
    r"|(?:we|i) had (?:it|that|them|this|things))"
    rf"(?: {_AT_FIRST})?"
)
_SELF = r"(?:colou?rs?|state|looks?|version|self|ones?|condition|form|way|shade)\b"
_STATE = re.compile(
    rf"\b(?:(?:just |exactly )?(?:as|like|how|the way|to (?:what|how|the way)|what) {_WAS}|(?:as|like|to how "
    rf"it was) {_AT_FIRST}|(?:back )?(?:to|in|into|in to) (?:the |its |their |his |her |it's )?(?:very "
    rf")?(?:original|normal|initial|first(?! (?!{_SELF})\w)|old|former)(?: {_SELF})?)(?!\w)"
    r"(?! before (?:the|my|i|we|you|a)\b)"
)
_VERB = (
    r"(?:put|set|turn|make|leave|let|keep|return|bring|restore|reset|revert|change|get|give me|have|i want"
    r"|want"
    r"|should (?:go|be)|shall (?:go|be)|must (?:go|be)|goes?|needs? to (?:go|be)|take|i need|can (?:go|be))"
)
_EXCEPT = re.compile(
    r"[,;(]? ?(?:(?:but|and|only|just) )*(?:but not|but|except(?: for)?|apart from|other than|save for"
    r"|keep(?:ing)?|leav(?:e|ing)|without touching|don't touch|do not touch|not) (?P<kept>(?:the|my|both|all "
    r"the|those|that) [\w' -]+?(?:(?:,| and|, and) (?:the|my) [\w' -]+?)*)(?: (?:alone|as (?:it is|they are)"
    r"|like (?:it is|they are|that)|the way (?:it is|they are)|be|stays?|unchanged|untouched|in peace|please"
    r"|though))*\)?$"
)
_EVERYTHING = re.compile(
    r"(?:everything|all|all of (?:it|them)|it all|the (?:whole|entire) (?:room|picture|thing|lot|place)"
    r"|(?:all )?the rest|everything else|all (?:the )?(?:other )?(?:things|changes|edits)|all i (?:did"
    r"|changed)|everything (?:that )?i (?:did|changed))(?: else)?"
)
_UNDOING = re.compile(
    r"(?:undo|revert|reset|take back|cancel|reverse|restore|scrap|discard) (?P<all>.+?)(?: back)?"
)


_ALL_EXCEPT = re.compile(
    r"(?P<all>everything|all|all of (?:it|them)|it all)(?: else)?,? (?:but|except(?: for)?|apart from"
    r"|other than|save for|bar) (?P<kept>(?:the|my|both|that|those) [\w' -]+?(?:(?:,| and|, and) (?:the|my)"
    rf" [\w' -]+?)*),? (?P<back>(?:{_VERB} |is to )?(?:be )?(?:put |changed |set )?(?:back|as|like|how|the"
    rf" way)\b.*)"
)
""" "Everything but the headboard can go back to how it was"."""


def _split(said: str) -> tuple[str, str]:
    """What a sentence is about, and what it leaves out."""
    if (whole := _ALL_EXCEPT.fullmatch(said)) is not None:
        return f"{whole['all']} {whole['back']}", whole["kept"]
    found = _EXCEPT.search(said)
    return (said[: found.start()].strip(" ,"), found["kept"]) if found else (said, "")


_REST = r"(?:the rest|everything else|all else|the others?|all the others?)"


def _stateless(said: str) -> str | None:
    """The object of "put X back as it was" in any order of its words; None for another sentence."""
    found = _STATE.search(said)
    if found is None:
        return None
    left = f"{said[: found.start()].strip(' ,')} {said[found.end() :].strip(' ,')}".strip()
    left = re.sub(rf"^(?:leave|keep) {_REST}(?: (?:alone|as (?:it is|they are)))?,? (?:and|but) ", "", left)
    left = re.sub(r"^(?:with the exception of|except(?: for)?|all but|but not|not|only|just) ", "", left)
    left = re.sub(
        r",? (?:(?:which|that|who) )?(?:(?:shall|should|must|is to|are to|can|may|will) "
        r")?(?:revert|return|go|be returned|be restored|be put|be)?(?: back)?$", "", left,
    )  # fmt: skip
    left = re.sub(rf"^{_VERB}\b ?", "", left)
    left = re.sub(rf" (?:{_VERB}|is|are)$", "", left)
    left = re.sub(r"\b(?:back|again|exactly|just|only|please|to be|it)\b(?= |$)", " ", f"{left} ").strip()
    return " ".join(left.split()).strip(" ,")


def _all_as_it_was(said: str, context: Context) -> Done | None:
    """ "Everything as at the start but keep the walls", "undo everything except the pictures"."""
    main, kept = _split(said)
    if not kept:
        return None
    undone = _UNDOING.fullmatch(main)
    thing = undone["all"] if undone else _stateless(main)
    back = re.fullmatch(rf"(?:{_VERB} )?(?P<all>.+) back(?: to normal)?", main)
    if thing is None and back is not None:
        thing = back["all"]
    if thing is None or not _EVERYTHING.fullmatch(thing):
        return None
    spared = {layer.id for part in _listed(kept) for layer in _showing(part, context)}
    if not spared and any(layer.visible for layer in context.layers):
        return ask(f"I have not changed {definite(kept)}; what shall I undo?")
    layers = [layer for layer in context.layers if layer.visible and layer.id not in spared]
    if not layers:
        names = definite(kept)
        return Done((), (f"Nothing but {names} is changed, so there is nothing to take back." if spared else
                         "Nothing is changed: this is the original.",))  # fmt: skip
    return Done(tuple(Hide(layer=layer.id) for layer in layers), (f"all as it was but {kept}",))


def _listed(words: str) -> list[str]:
    """ "The walls and the rug" one by one."""
    return [part for part in re.split(r",? and |, ", words) if part]


_STAYS = re.compile(
    r"(?:only |just )?(?P<thing>(?:the|my) [\w -]+?) (?:(?:must|should|shall|can|may|has to|is to) )?"
    r"(?:stays?|remains?|keeps?)(?: (?:so|like (?:that|this)|that way|this way|as (?:it is|they are)|put"
    r"|on))?|(?:leave|keep|don't touch|but leave|but keep|but don't touch) (?:the|my) [\w -]+?(?: (?:alone"
    r"|as (?:it is|they are)|like that|that way))?"
)


def _clauses(said: str, context: Context) -> Done | None:
    """ "Put the armchairs back as they were, but leave the sofa alone": each clause tells of a thing as it
    was, or of one that stays.
    """
    done: list[Done] = []
    for clause in re.split(r"[,;.] (?!which |who )(?:and |but |then )*|,? but (?=leave|keep|don't)", said):
        if _STAYS.fullmatch(clause) and said != clause:
            continue
        thing = _stateless(clause)
        if (
            clause == said
            and thing in ("everything", "all", "all of it", "it all", "all of them")
            and context.head
        ):
            return Done((Goto(version=0),), ("back to the original",))
        if thing == "" and re.search(r"\b(?:they|those|these) (?:all |both )?(?:were|had|used)\b", clause):
            thing = "them"
        whole = thing is not None and re.fullmatch(
            r"(?:the )?(?:go )?(?:picture|image|photo|room|version|state|look)?", thing
        )
        if whole and re.search(r"original|start|beginning|first", clause):
            return None  # "back to the original picture": all of it
        came = reverted(thing, context) if thing is not None else None
        if came is None:
            return None
        done.append(came)
    if not done:
        return None
    return Done(tuple(step for each in done for step in each.steps), tuple(t for d in done for t in d.said))


_IT = re.compile(r"(?:that|this|it|him|her)(?: (?:thing|one|piece))?|the thing")
_THEM = re.compile(
    r"(?:both |all )?(?:those|these|them|both|the)(?: (?:two|three|both|things|ones|all))?|them (?:all|both)"
)
_NTH = re.compile(
    r"(?:the |that |my )?(?:very )?(?P<nth>first|second|third|fourth|fifth|last|latest) (?:thing|change|edit"
    r"|one)(?: (?:that |which |what )?(?:i|we|you)(?: have)?(?: ever)? \w+)?"
)


def reverted(words: str, context: Context) -> Done | None:
    """A thing as it was before anything was done to it: what it takes, or None where the words name nothing
    that was ever changed.
    """
    visible = tuple(layer for layer in context.layers if layer.visible)
    focused = tuple(layer for layer in focused_layers(context) if layer.visible)
    if not words:
        return Done((Undo(count=1),), ("undo",)) if context.head else None
    if _IT.fullmatch(words):
        return _hidden(focused[-1:] or visible[-1:])
    if _THEM.fullmatch(words) and words not in ("the", "both the"):
        count = 3 if "three" in words else 2
        several = focused if len(focused) > 1 else _newest(context, count)
        return _hidden(several[-count:] if re.search(r"two|both|three", words) else several)
    if (nth := _NTH.fullmatch(words)) is not None and not words.endswith(" one"):
        if nth["nth"] in ("last", "latest"):
            return _hidden(_newest(context, 1))
        at = ORDINALS[nth["nth"]]
        made = [layer for layer in context.layers if layer.id in _made(context)]
        chosen = made[at - 1 : at]
        if not chosen:
            return ask(f"I have made {len(made)} changes; which shall I undo?")
        if not chosen[0].visible:
            words = definite(short(chosen[0].target))
            return Done((), (f"No change of {words} is left to undo.",))
        return _hidden(tuple(chosen))
    thing = named(words, context)
    noun = parse(thing).noun
    if not noun or len(thing.split()) > 8 or re.search(r"[^\w' -]", thing) or not _is_one_thing(thing):
        return None
    found = _showing(thing, context)
    if not found:
        hidden = layers_about(thing, context, visible=False)
        known = hidden or is_thing(stem(noun[-1].lower()))
        return Done((Tell(about=target_of(thing)),), ()) if known else None
    steps: list[Step] = []
    for layer in found:
        own = is_member(thing, layer)
        steps.append(
            Mask(layer=layer.id, how="subtract", what=target_of(thing)) if own else Hide(layer=layer.id)
        )
    return Done(tuple(steps), tuple(f"{short(target_of(thing))}: as it was" for _ in found[:1]))


def _is_one_thing(words: str) -> bool:
    """Whether words name a thing and say nothing else of it: no verb, no look that it is to have."""
    first = words.split()[0].lower()
    determined = first in ("the", "my", "our", "that", "this", "both", "all", "those", "these")
    noun = parse(words).noun
    plain_noun = bool(noun) and is_thing(stem(noun[-1].lower()))
    return (
        determined and not re.search(r"\b(?:is|are|was|and then|i|you|please|with)\b", words)
    ) or plain_noun


def _made(context: Context) -> set[int]:
    """The layers that came up on the way from the original to the head."""
    return {layer.id for number in context.way for layer in context.history[number].layers}


def _newest(context: Context, count: int) -> tuple[LayerView, ...]:
    """The layers that show and were changed last, oldest first."""
    focused = (each for number in context.way for each in reversed(context.history[number].focus))
    there = {layer.id: layer for layer in context.layers if layer.visible}
    order = [each for each in dict.fromkeys(focused) if each in there] or sorted(there, reverse=True)
    return tuple(there[each] for each in reversed(order[:count]))


def _hidden(layers: tuple[LayerView, ...]) -> Done | None:
    if not layers:
        return None
    return Done(
        tuple(Hide(layer=layer.id) for layer in layers),
        tuple(f"{short(layer.target)}: as it was" for layer in layers),
    )


def named(words: str, context: Context) -> str:
    """ "The left", "the green one": with the noun of what was spoken of last."""
    focused = focused_layers(context) or tuple(layer for layer in context.layers if layer.visible)[-1:]
    parts = words.split()
    if not focused or not parts:
        return words
    noun = " ".join(bare(object_of(focused[-1])).noun)
    if parts[-1] in ("one", "ones"):
        return " ".join((*parts[:-1], stem(noun) if parts[-1] == "one" else noun))
    sides = {"left", "right", "middle", "upper", "lower", "other", "first", "second", "third"}
    if parts[-1] in sides and parts[0] == "the" and len(parts) == 2:
        return f"{words} {stem(noun)}"
    return words


def _showing(words: str, context: Context) -> tuple[LayerView, ...]:
    """The layers that show and are about a thing, or about several of which it is one."""
    found = layers_about(words, context, visible=True)
    whole = tuple(layer for layer in found if not is_member(words, layer))
    if whole:
        fitting = tuple(layer for layer in whole if looks_fit(parse(words), layer)) or whole
        return fitting if is_plural(parse(words).noun) else fitting[:1]
    return tuple(layer for layer in reversed(context.layers) if layer.visible and is_member(words, layer))[:1]


# --- there again --------------------------------------------------------------------------------------------

_KEPT = re.compile(
    r"(?:i(?:'d| would)?(?: rather| better)? |we |let's |rather )?(?:want to |wanna |should )?(?:keep|leave"
    r"|spare|don't (?:remove|delete|touch|take away)|not) (?P<thing>(?:the|my|both|that|those) [\w' -]+?)(?: "
    r"(?:after all|though|please|in|there|instead|as it (?:was|is)|as they (?:were|are)|alone|for now|where "
    r"(?:it|they) (?:was|were|is|are)|like (?:it|they) (?:was|were)))*(?:,? (?:i|it|we|he|she|they|because"
    r"|since|that) .+)?"
)


def _kept(said: str, context: Context) -> Done | None:
    """ "No wait, keep the rug", which was just taken away: it comes back."""
    found = _KEPT.fullmatch(said)
    if found is None:
        return None
    thing = named(found["thing"], context)
    gone = [layer for layer in _showing(thing, context) if layer.kind in ("remove", "replace")]
    if not gone:
        return None
    return bring_back(Frame("back", target=thing), context)


_LEFT_IN = re.compile(
    r"(?:i(?:'d| would)? (?:rather|better) )?(?:leave|keep|let) (?:it|that|them|him|her)(?: stay)?(?: be)? "
    r"(?:in(?: there)?|there"
    r"|where (?:it|they|he|she) (?:was|were))|let (?:it|them|him|her) stay|(?:it|that|they|he|she) (?:can"
    r"|should|may|must)"
    r" stay(?: (?:in|there|where (?:it|they|he|she) (?:was|were)))*"
)


def _left_in(said: str, context: Context) -> Done | None:
    """ "You know what, leave it in", right after it was taken away: it comes back."""
    return _back_after_all(context) if _LEFT_IN.fullmatch(said) else None


def _back_after_all(context: Context) -> Done | None:
    """What was just taken away, there again."""
    last = focused_layers(context)[-1:] if context.done else ()
    return _hidden(last) if last and last[0].visible and last[0].kind == "remove" else None


_PUT_BACK = r"(?:put|bring|give(?: me| us)?|get|take|have|want|i want)"
_THAT_BACK = re.compile(
    rf"(?P<before>.+?)[,;.:]? (?:so |and |then |please |just )*{_PUT_BACK} (?:that|it|this|him|her)(?: one)? "
    r"back(?: in| please)*"
)


def _that_back(said: str, context: Context) -> Done | None:
    """ "Mum wants to keep the green one, put that back": what the sentence spoke of before."""
    found = _THAT_BACK.fullmatch(said)
    if found is None:
        return None
    for words in re.findall(r"(?=\b((?:the|my) (?:[\w-]+ ){0,2}[\w-]+))", found["before"])[::-1]:
        thing = named(
            " ".join(
                words.split()[
                    : 1
                    + next(
                        (i for i, w in enumerate(words.split()) if w in ("one", "ones") or is_thing(stem(w))),
                        9,
                    )
                ]
            ),
            context,
        )
        if any(layer.kind == "remove" for layer in _showing(thing, context)):
            return bring_back(Frame("back", target=thing), context)
    return _back_after_all(context)  # "the kids will be sad, put it back"


_BACK_IN = re.compile(
    rf"(?:{_PUT_BACK} )?(?P<thing>(?:the |my |that |those )?[\w' -]+?) back(?: (?:in|on|there|too|as well"
    rf"|again|up|where (?:it|they) (?:was|were)))*|{_PUT_BACK} back (?P<then>(?:the |my )[\w' -]+)"
)
_OLD = re.compile(r"\b(?:old|original|first|former|initial|real)\b ")
_HAD = re.compile(
    r" (?:that |which )?(?:i|we|you|there)(?: just| only just)? (?:had|was|were|made|did)(?: \w+)*$"
)


def _back_in(said: str, context: Context) -> Done | None:
    """ "Plant back in", "give me the old rug back", "give me back the walls I just had"."""
    found = _BACK_IN.fullmatch(said)
    words = (found["thing"] or found["then"]) if found else ""
    if not words:
        return None
    if re.fullmatch(r"(?:that|the) last (?:one|thing|change)", words):
        return reverted("the last change", context)
    had = _HAD.search(words)
    thing = named(words[: had.start()] if had else words, context)
    if _OLD.search(thing):
        return reverted(_OLD.sub("", thing), context)
    noun = parse(thing).noun
    if not noun or not _is_one_thing(thing):
        return None
    gone = [layer for layer in _showing(thing, context) if layer.kind in ("remove", "replace")]
    hidden = layers_about(thing, context, visible=False)
    if not gone and not (hidden and had):
        return None
    return bring_back(Frame("back", target=thing), context)


_COLOUR_BACK = re.compile(
    rf"(?:(?:can|could) (?:i|we) (?:see|have) |see |{_PUT_BACK} )?"
    r"(?:(?P<thing>it|that|this|(?:the |my )?[\w' -]+?) (?:back )?(?:to |in )?)?(?:the |my |that )?"
    r"(?P<look>[\w-]+(?: [\w-]+)?)(?: colou?r| one)? (?:back|again|once more)"
    rf"|{_PUT_BACK} (?P<it>it|that|this|(?:the|my) [\w' -]+?) back to (?:the )?(?P<look2>[\w-]+(?: [\w-]+)?)"
)


def _colour_back(said: str, context: Context) -> Done | None:
    """ "Put the red back", "put it back to red", "the teal again": the thing that had this colour before."""
    found = _COLOUR_BACK.fullmatch(said) or _COLOUR_BACK.fullmatch(said.partition(", ")[0])
    look = (found["look"] or found["look2"]) if found else ""
    words = (found["thing"] or found["it"] or "") if found else ""
    if not look or not _is_common_look(look):
        return None
    about = "" if words in ("", "it", "that", "this", "the", "my") else words
    if about and not is_thing(stem(parse(about).noun[-1].lower() if parse(about).noun else "")):
        return None
    wanted = {stem(word) for word in look.split()}
    now = {layer.id: layer for layer in context.layers}
    for number in reversed(range(1, len(context.history))):
        for layer in context.history[number].layers:
            fits = layer.visible and wanted <= {stem(word) for word in layer.prompt.lower().split()}
            if not fits or (about and not same_thing(parse(about), object_of(layer))):
                continue
            then = now.get(layer.id, layer)
            if not (then.visible and then.prompt == layer.prompt):
                return shown_again(layer, number, context)
    if about or found is None:
        return None
    # of no change is it known: then it is what a thing was at first, which it may be called by
    called = [
        layer for layer in reversed(context.layers)
        if layer.visible
        and layer.kind == "restyle"
        and wanted <= {stem(word) for word in layer.target.lower().split()}
    ]  # fmt: skip
    if called:
        return _hidden(tuple(called[:1]))
    last = tuple(layer for layer in focused_layers(context) if layer.visible and layer.kind == "restyle")[-1:]
    return _hidden(last) if last and not wanted <= {stem(w) for w in last[0].prompt.lower().split()} else None


def shown_again(layer: LayerView, version: int, context: Context) -> Done:
    """A layer as it was in a version, in the place of what was done to the same thing since."""
    others = [
        each
        for each in context.layers
        if each.visible and each.id != layer.id and each.kind == "restyle" and layer.kind == "restyle"
        and each.target.lower() == layer.target.lower()
    ]  # fmt: skip
    steps: tuple[Step, ...] = (
        *(Hide(layer=each.id) for each in others), Show(layer=layer.id, version=version)
    )  # fmt: skip
    return Done(steps, (f"{short(layer.target)} → {layer.prompt}",))


_SHOW_AGAIN = re.compile(
    r"(?:show|switch on|turn on|put|bring)(?: me)? "
    r"(?:(?P<one>it|that|this|him|her)|them|those|these|both|all)"
    r"(?: back)?(?: on)?(?: (?:all|both))?(?: again)?"
)
_ON = re.compile(r"(?:(?:turn|switch|put) )?(?P<thing>(?:the |my )?[\w -]+?) (?:back )?on(?: again)?")


def _shown(said: str, context: Context) -> Done | None:
    """ "Show it again", "lamp on", of what was hidden."""
    if (again := _SHOW_AGAIN.fullmatch(said)) is not None:
        last = context.at_head.focus
        hidden = [
            each for each in context.layers if each.id in last and not each.visible and not each.dropped
        ]
        if again["one"] and len(hidden) > 1:  # of the cat and the plant, the one that was spoken of
            named = [parse(each.words) for each in last_named(context)]
            own = [each for each in hidden if any(same_thing(one, object_of(each)) for one in named)]
            hidden = (own or hidden)[-1:]
    else:
        found = _ON.fullmatch(said)
        thing = found["thing"] if found else ""
        if not thing or layers_about(thing, context, visible=True):
            return None
        hidden = [each for each in layers_about(thing, context, visible=False) if not each.dropped][:1]
    pile = {each.id for each in context.at_head.layers}
    hidden = [each for each in hidden if each.id in pile]
    if not hidden:
        return None
    return Done(
        tuple(Show(layer=each.id) for each in hidden),
        tuple(f"{short(object_of(each))}: back" for each in hidden),
    )


_LIKED = re.compile(
    r"(?:i (?:think |guess )?(?:i )?)?(?:liked|preferred|like|prefer) (?:it|that|them|this)(?: \w+)? "
    r"(?:originally|at first|in the beginning|(?:as|how|the way) it (?:was|used to be)(?: originally| at "
    r"first)?)(?:,? (?:the|in) .+)?|(?:it|that|they) (?:was|were) (?:better|nicer) (?:originally|at first|in "
    r"the beginning)"
)


def _liked_before(said: str, context: Context) -> Done | None:
    """ "I think I liked it more originally": the thing in hand as it was."""
    return reverted("it", context) if _LIKED.fullmatch(said) and focused_layers(context) else None


_WITH = re.compile(
    r"(?:(?:do|make|give me|i want|try|show me) )?(?:it |this |that )?(?:the )?(?:(?:same|exact)(?: "
    r"same)?(?: thing| one| picture| room| again)*|again|this|it|that)[,;]? (?:but |only |just )+(?P<how>with"
    r"|without) (?P<thing>(?:the|my) [\w' -]+?)(?: (?:in|there|on|back))*"
)


def _but_with(said: str, context: Context) -> Done | None:
    """ "Now the same thing but with the lamp", which was taken away."""
    found = _WITH.fullmatch(said)
    if found is None:
        return None
    gone = [layer for layer in _showing(found["thing"], context) if layer.kind in ("remove", "replace")]
    if found["how"] == "without":
        if gone:
            return None
        return Done(
            (Edit(target=target_of(found["thing"]), prompt="", kind="remove"),), (f"remove {found['thing']}",)
        )
    return bring_back(Frame("back", target=found["thing"]), context) if gone else None


_ONCE = re.compile(
    r"(?:(?:make|paint|have|i want|give me) )?(?P<words>[\w' -]+?) (?:like before|as before|like it was|once "
    r"more|again|(?:that |which )?(?:it|we|i) had (?:before|earlier|at first))(?:[,;]? (?:but|only|just) "
    r"(?P<step>(?:a (?:bit|little|shade|touch|tad) |slightly |much |a lot |even )?\w+))?"
)


def _as_once(said: str, context: Context) -> Done | None:
    """ "The sofa mint like before but darker": the look that it had once, from the record."""
    found = _ONCE.fullmatch(said)
    if found is None or (found["step"] and read_look(found["step"]).step is None):
        return None
    words = found["words"].split()
    for count in (1, 2, 3):
        thing, look = words[:-count], [word for word in words[-count:] if word not in ("in", "the", "same")]
        if not thing or not look or not is_thing(stem(bare(" ".join(thing)).noun[-1])):
            continue
        if (was := _had_once(" ".join(thing), look, context)) is None:
            continue
        layer, number = was
        if not found["step"]:
            told = f"{short(layer.target)} → {layer.prompt}"
            return Done((Show(layer=layer.id, version=number),), (told,))
        prompt = revised(layer.prompt, found["step"])
        edit = Edit(target=layer.target, prompt=prompt, kind="restyle", layer=layer.id)
        return Done((edit,), (f"{short(layer.target)} → {prompt}",))
    return None


def _had_once(thing: str, look: list[str], context: Context) -> tuple[LayerView, int] | None:
    """The newest state of a thing's layer that had a look, and the version that it was in."""
    wanted = {stem(word) for word in look}
    for number in reversed(range(len(context.history))):
        then = replace(context, layers=context.history[number].layers)
        for layer in layers_about(thing, then, visible=True):
            if layer.kind == "restyle" and wanted <= {stem(word) for word in layer.prompt.lower().split()}:
                return layer, number
    return None


_HAD_EARLIER = re.compile(
    r"(?:\bin )?\bthe (?P<look>[\w-]+(?: [\w-]+)??) (?:that |which )?(?:we|i|it|they) had (?:earlier|before"
    r"|at first|once)"
)


def _look_of_before(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """ "The walls in the cream that we had earlier, but darker": with the look in full, from the record."""
    found = _HAD_EARLIER.search(sentence.lower())
    if found is None or not _is_common_look(found["look"]):
        return None
    wanted = {stem(word) for word in found["look"].split()}
    for version in reversed(context.history):
        for layer in reversed(version.layers):
            phrase = parse(layer.prompt)
            words = [word for each in phrase.looks for word in each.words]
            if layer.visible and wanted <= {stem(word.lower()) for word in words}:
                rest = sentence[found.end() :]
                step = re.match(r",?(?: (?:but|only|just))+ (?P<step>[\w ]+?er)\b", rest)
                look = " ".join((step["step"], *words) if step else words)
                rest = rest[step.end() :] if step else rest
                return planned(f"{sentence[: found.start()]}in {look}{rest}", context)
    return None


_BETTER = re.compile(
    r"^(?P<first>.+?)[.,;!…]+ *(?:(?:you know what|no|nah|wait|actually|hm+|on second thoughts?|never ?mind"
    r"|sorry|oh)[,.!… ]+)+(?:keep|leave) (?:it|that|them|him|her)(?: (?:there|in|alone|after all))*[.,;!]* "
    r"*(?P<rest>.*)$",
    re.IGNORECASE,
)


_DROPPED = re.compile(
    r".+?[,.;…—–-]+ *(?:(?:oh|no|ah|hm+|actually|well)[,.… ]+)*(?:never ?mind|forget it|forget that)[.!]*"
)
"""Begins to wish for something, and drops it."""


def _thought_better(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """ "Ditch the table. You know what, no, keep it, ditch the plant": what was said first does not count."""
    if _DROPPED.fullmatch(" ".join(sentence.lower().split())):
        return Plan(say="All right, I leave that as it is.")
    found = _BETTER.match(sentence.strip())
    if found is None:
        return None
    rest = found["rest"].strip(" .,!")
    if not rest:
        return Plan(say="All right, I leave that as it is.")
    return planned(rest, context)


_GOES = re.compile(
    r"(?P<thing>(?:the|my) [\w' -]+?) (?:goes|(?:can|should|must|may|has to|is to) (?:go|be removed)|out"
    r"|away)"
)
_NOT_THAT = re.compile(
    r"^(?:(?:wrong (?:one|way|way round|thing)|not that(?: one)?)[,.;: ]+)*(?:i (?:meant|mean|was meaning"
    r"|said|wanted)(?: to)? )?(?=keep|leave)"
)


def _other_way(said: str, context: Context) -> Done | None:
    """ "Wrong one, I meant keep the red picture, the green one goes"."""
    first, _, then = _NOT_THAT.sub("", said).partition(", ")
    goes = _GOES.fullmatch(then.removeprefix("and "))
    kept = _kept(first, context) if goes else None
    if goes is None or kept is None:
        return None
    noun = stem(bare(_KEPT.fullmatch(first)["thing"]).noun[-1])  # type: ignore[index]
    thing = " ".join(noun if word == "one" else word for word in goes["thing"].split())
    stays = named(_KEPT.fullmatch(first)["thing"], context)  # type: ignore[index]
    for layer in _showing(stays, context):
        several, _, spared = layer.target.partition(" but ")
        if layer.kind == "remove" and spared == target_of(thing):  # all but the other one
            other = Edit(target=f"{several} but {target_of(stays)}", prompt="", kind="remove")
            return Done((Hide(layer=layer.id), other), (f"{short(stays)}: back", f"remove {thing}"))
    gone = [
        layer for layer in _showing(thing, context) if layer.kind == "remove" and " but " not in layer.target
    ]
    if gone:
        return kept
    edit = Edit(target=target_of(thing), prompt="", kind="remove")
    return Done((*kept.steps, edit), (*kept.said, f"remove {thing}"))


_THIS_IS = re.compile(
    r"(?:that's|that is|this is|this one is|that one is) (?:the )?(?P<name>[\w-]+(?: [\w-]+){0,2})"
)


def _named_alike(said: str, context: Context) -> Done | None:
    """ "That's client B", where one is called "client A" already."""
    found = _THIS_IS.fullmatch(said)
    quoted = re.fullmatch(r"[\"“'](?P<name>[\w -]{2,40})[\"”']", said)
    if quoted is not None:
        return Done((Mark(name=quoted["name"]),), (f"called {quoted['name']}",))
    words = found["name"].split() if found else []
    if len(words) > 1 and words[0] == "new" and any(name == " ".join(words[1:]) for name, _ in context.marks):
        return Done((Mark(name=" ".join(words[1:])),), (f"called {' '.join(words[1:])}",))
    if len(words) < 2 or set(words) & EVALUATIVE:
        return None
    if any(name.split()[:-1] == words[:-1] and name != found["name"] for name, _ in context.marks):  # type: ignore[index]
        return Done((Mark(name=found["name"]),), (f"called {found['name']}",))  # type: ignore[index]
    return None
