"""Sentences about the conversation itself: versions by name, what was changed, all but one, saving.

They are read before any parser looks for wishes, by the record as much as by the words: "go back to warm" is
a version only where one is called warm. Whole sentences match or none: what is not read here is left to the
parser. Pure functions over a sentence and its context.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.context import Context, advance
from agent.planner.dialogue import history, questions, sayings
from agent.planner.dialogue.files_and_boxes import Planned, in_box, saves, with_file
from agent.planner.frames import REVERT, Frame, Reference
from agent.planner.plan import Ask, Edit, Goto, Hide, Mark, Pick, Plan, Save, Show, Undo, Variations
from agent.planner.resolve import command_steps
from agent.planner.resolve.conversation_record import version_named
from agent.planner.resolve.discourse import is_member, last_named, things_in
from agent.planner.resolve.layers import layers_about, layers_referred, object_of, stem
from agent.planner.resolve.resolution import Done, as_plan, ask, made
from agent.planner.resolve.undo_steps import bring_back, hide, spared_since
from agent.planner.resolve.wording import bare as bare_phrase
from agent.planner.resolve.wording import definite, restyled, revised, short, target_of
from tools.language.chunking import is_look, is_thing
from tools.language.looks import read_look
from tools.language.noun_phrases import parse, render
from tools.language.referring import plural

_OPENING = re.compile(
    r"^(?:(?:ok|okay|so|and|now|please|well|right|then|hm+|actually|oh|alright|great|nice|no|wait|sorry)[ ,]+"
    r"|(?:can|could|would|will) you (?:please )?|let's |let us |i(?: would|'d) like (?:you )?to |i want to )+"
)
_CLOSING = re.compile(
    r"(?:[ ,]+(?:please|now|again|once more|once again|thanks|thank you|then|for now|for (?:a|the)"
    r" (?:moment|minute|second)))+$"
)

_ORDINAL = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "one": 1, "two": 2, "three": 3, "four": 4,
    "five": 5, "six": 6, "seven": 7, "eight": 8, "last": -1, "former": 1, "latter": -1,
}  # fmt: skip
_WHICH = rf"(?:the |number |no\.? |option |version |variation )*(?P<which>{'|'.join(_ORDINAL)}|middle)"
_ONE = r"(?: one| version| variation| option)?"
_LIKED = (
    r"(?:nice|good|great|best|better|lovely|perfect|beautiful|the best|the nicest|fine|it|the one|right"
    r"|(?:the|a|my|our) (?:clear )?(?:winner|keeper|favou?rite|fave|pick|choice|one for (?:me|us))|bang on"
    r"|spot on"
    r"|gorgeous|ace|the business|mint)"
)
_TAKE = r"(?:let me see|show me|see|take|use|keep|choose|pick|go with|want|like|prefer|love|have)"

_PICK = re.compile(
    rf"(?:(?:i(?:'ll| will| would|'d)? |we |you can |let's |(?:my|our|the) \w+ |he |she "
    rf"|they )?{_TAKE}s?(?:red)? )?{_WHICH}{_ONE}"
    rf"(?:(?:,| is| looks| was|'s| wins| has it| takes it)+(?: (?:really |very |the |so |quite |clearly "
    rf"|easily "
    rf"|definitely )*{_LIKED}\w*)?| best| most| better)?(?:,? (?:for me|for us|hands down|by far|by a mile"
    rf"|easily|definitely|deffo|obviously|no contest))?"
    rf"(?:[,;.]? (?:so |and |please |i(?:'ll| will)? |let's )*{_TAKE} (?:it|that|this|that one|this one))?"
)
_PICK_BUT = re.compile(
    rf"(?:(?:i(?:'ll| will| would|'d)? )?{_TAKE} )?{_WHICH}{_ONE}(?:,? (?P<but>but|only|just)|,) (?:in "
    rf"|make it "
    rf"|with it |it )*(?P<look>.+)"
)
_AT_A_SIDE = re.compile(
    rf"(?:(?:i(?:'ll| will| would|'d)? |let's |we |go )?{_TAKE} )?(?:the (?:one )?(?:on the |to the )?|the )"
    rf"(?P<side>left|right)"
    rf"(?: one| hand one)?(?:(?:,| is|'s)+ {_LIKED})?"
)
IN_A_ROW = 3
"""So many variations stand beside each other, so that one of them is on the left."""
_NAMED = re.compile(
    r"(?:(?:call|name|mark|label) (?:this|that|it)(?: one| version| state| picture)?(?: as)?|(?:remember|save"
    r"|keep|store) (?:this|that|it)(?: one| version| state| picture)?(?: for (?:me|us|now|later))? (?:as"
    r"|under)(?: the name(?: of)?)?)"
    r" (?P<name>.+?)(?: so "
    r"(?:that )?i can .+)?"
)
_NAMED_OTHER = re.compile(
    r"(?:call|name|label|mark) (?P<which>(?:version |number |v)\d{1,4})(?: as)? (?P<name>[\w -]+)"
    r"|rename (?P<old>[\w -]+?) (?:to|as|into) (?P<new>[\w -]+)"
)
_BACK_TO = re.compile(
    r"(?:(?:(?:go|come|jump|switch|return|move|take me|bring me|get) )?(?:back )?to"
    r"|show(?: me)?|open|use|take) (?:the )?(?P<name>.+?)(?: one| version)?"
)
_BEFORE = re.compile(
    r"(?:(?:try|do|make) (?:it|that|this) |start (?:again |anew )?|go (?:on )?|continue |return |take me )?"
    r"(?:back )?(?:from|to|at|with) (?:(?:how|what) it was |the (?:version|state|picture) )?(?:from )?"
    r"before (?:(?:i|we|you) (?:changed|did|painted) |the change of )?(?P<thing>(?:the |my )?\w+(?: \w+)?)"
    r"(?:[,;]? (?:but|and then|and|then|only|,)+ (?P<rest>.+))?"
)
_NTH_CHANGE = re.compile(
    r"(?:undo|take back|revert|drop|hide|remove|reverse|cancel) (?:only |just )?(?:the |my )?"
    rf"(?P<which>{'|'.join(_ORDINAL)}) (?:thing|change|edit|step)"
    r"(?: (?:that )?(?:i|we|you)(?: have| ever)? (?:changed|did|made|done|edited|asked for))?"
)
_PAINTING = ("paint", "make", "turn", "colour", "color")
_EVERYTHING = re.compile(rf"(?:change|{'|'.join(_PAINTING)}) (?:everything|it all|all of it)\b.*")
_NO_THING = re.compile(r"(?:no|nope|nah)[,;:] ?(?P<thing>[a-z]+)")
_STAYS = re.compile(
    r"(?P<thing>(?:the|my) [\w -]+?) (?:stays?|can stay|may stay|shall stay)(?: (?:as (?:it is|they are)"
    r"|like that))?|(?:from now on )?leave (?P<alone>(?:the|my) [\w -]+?) alone"
    r"|(?:all|everything)(?: of (?:them|it))? (?:but|except|apart from|save)(?: for)? (?P<but>(?:the|my)"
    r" [\w -]+)"
)
_MISTAKE = re.compile(
    r"(?P<thing>(?:the|that) [\w -]+) (?:was|were) a mistake(?:[,;.]? (?:and )?(?:take|undo|remove|put) .*)?"
)
_SCRAPPED = re.compile(
    r"(?:scrap|bin|trash|ditch|scratch|forget)(?: about)? (?:it|that|this|that one|(?:that|the) (?:idea"
    r"|change|last one))"
)
_FORGOTTEN = re.compile(r"forget (?:about )?(?P<thing>(?:the|my) [\w -]+)")
_LAYER_OFF = re.compile(
    r"(?:switch|turn) (?P<x>(?:the |my )?[\w -]+?)(?:'s)? (?:layer|change) off|(?:hide|switch off|turn off) "
    r"(?P<y>(?:the |my )?[\w -]+?) (?:layer|change)"
)
_ONLY_SHOW = re.compile(r"(?:only show|show only|show just|just show|solo) (?P<only>(?:the |my ).+)")
_LAYERS = r"(?:layers?|changes?|edits?)"
_HIDE_ALL = re.compile(
    rf"(?:hide|switch off|turn off) (?:all|every|each|all of)?(?: of)?(?: the| my| these)? ?{_LAYERS}"
    r"|(?:hide|switch off|turn off) (?:everything|all of it)(?: i (?:did|changed|made))?"
)
_SHOW_ALL = re.compile(
    r"(?:show|bring back|switch on|turn on|unhide) (?:me )?(?:(?P<them>them|these|those)(?: all)?(?: "
    rf"back)?(?: again| on)|(?:all|every)(?: of)?(?: the| my)?(?: hidden)? {_LAYERS}(?: back)?(?: again| on)?"
    r"|(?:everything|all of (?:it|them)|all)(?: back)? again)|(?:everything|all)(?: back)? on(?: again)?"
)
_HIDE_IT = re.compile(r"(?:hide|switch off|turn off) (?P<it>it|that|this|them|these|both)(?: layer| change)?")
_SAVE = re.compile(
    r"(?:save|store|export|write)(?: (?:it|this|that|the (?:picture|image|result|room|file)|everything))?"
    r"(?: (?:as|to|in|into|under|at))? (?P<path>\S+\.(?:png|jpe?g|webp|tiff?|bmp|ora))",
    re.IGNORECASE,
)
_FRAMED = re.compile(r"frame (?P<thing>(?:the |my |both ).+?) (?:in|with) (?P<look>.+)")
_SWAP_BACK = re.compile(r"(?:swap|switch|change|exchange) (?:them|it|that|those|the colou?rs)(?: \w+)? back")
_SWAPPING = re.compile(r"\b(?:swap|switch|exchange)\b", re.IGNORECASE)
_TWO = re.compile(r"(?:the )?(?:other way (?:round|around)|vice versa)")
_SWAP = re.compile(
    r"(?:swap|switch|exchange) (?:their|the) (?:colours?|colors?|looks?)(?: of (?P<one>.+?) and (?P<two>.+))?"
)
_ANSWERS = re.compile(r"by “(?P<slip>[^”]+)”, do you mean “(?P<meant>[^”]+)”\?", re.IGNORECASE)
_OPTIONS = re.compile(r"do you mean (?P<options>the .+)\?$")
_FROM_THE_LEFT = "such as “the second from the left”"
_READINGS = re.compile(r"Do you mean “(?P<one>[^”]+)” or “(?P<other>[^”]+)”\?$")
_YES = re.compile(r"(?:yes|yeah|yep|yup|sure|ok|okay|right|correct|exactly|i do|of course|y)(?:[ ,].*)?")


def read_record(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of a whole sentence that answers, asks, picks or goes back; None for any other."""
    if (corrected := _corrected(sentence, context) or _numbered(sentence, context)) is not None:
        return planned(corrected, context)
    if (meant := _meant(sentence, context)) is not None:
        return meant
    if (returned := _one_back(sentence, context)) is not None:
        return as_plan(returned)
    if context.question and _NEVER_MIND.fullmatch(history.plain(sentence)):
        return as_plan(Done((), ("All right, I leave that as it is.",)))
    if context.variations and (done := _refused(sentence, context)) is not None:
        return as_plan(done)
    for piece in _picked_pieces(sentence) if context.variations else ():
        if (done := _picked(piece, context)) is not None:
            return as_plan(done)
    if (suggested := _suggested(sentence, context, planned)) is not None:
        return suggested
    for varied in (_varied, _more_varied):
        if (several := varied(sentence, context, planned)) is not None:
            return several
    if (answer := questions.read(sentence, context)) is not None:
        return answer
    if (back := history.read(sentence, context, planned)) is not None:
        return back
    return _in_sentences(sentence, context, planned)


def read(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of a sentence about the conversation; None for any other."""
    if (said := read_record(sentence, context, planned)) is not None:
        return said
    short_no = _NO_THING.fullmatch(sentence.lower().strip(" !."))
    if short_no is not None and is_thing(short_no["thing"]) and not is_look(short_no["thing"]):
        return planned(f"no, I meant the {short_no['thing']}", context)
    if (both := _joined(sentence, context, planned)) is not None:
        return both
    as_typed = _OPENING.sub("", sentence.strip().rstrip("!?").strip())
    if (shown := sayings.read_files(_CLOSING.sub("", as_typed.rstrip(".")))) is not None:
        return command_steps.acted(shown, context)
    if (saved := _SAVE.fullmatch(_CLOSING.sub("", as_typed))) is not None:
        return as_plan(Done((Save(path=saved["path"]),), ()))
    for given in (with_file, in_box):
        if (plan := given(as_typed, context, planned)) is not None:
            return plan
    low = " ".join(sentence.lower().replace("’", "'").split()).rstrip(" .!?")
    asked = sentence.rstrip().endswith("?")
    bare = _CLOSING.sub("", _OPENING.sub("", low)).strip(" ,")
    if (
        context.question == command_steps.NAME
        and len(bare.split()) <= 4
        and not asked
        and not _IMPERATIVE.match(bare)
    ):
        return as_plan(command_steps.mark(Frame("mark", name=bare)))
    for reader in (_picked, _framed, _marked, _gone_to, _undone, _everything, _swapped):
        done = reader(bare, context)
        if done is not None:
            return as_plan(done)
    if (before := _BEFORE.fullmatch(bare)) is not None:
        return _from_before(before, context, planned)
    if (frame := sayings.read(bare, context)) is not None:
        return command_steps.acted(frame, context)
    return None


def _corrected(sentence: str, context: Context) -> str | None:
    """The sentence that a "yes" to "By “grean”, do you mean “green”?" makes of the one before."""
    question = _ANSWERS.search(context.question or "")
    if question is None or not context.sentences:
        return None
    said = " ".join(sentence.lower().split()).rstrip(" .!")
    if not _YES.fullmatch(said) and said != question["meant"].lower():
        return None
    return re.sub(rf"\b{re.escape(question['slip'])}\b", question["meant"], context.sentences[-1], flags=re.I)


_AND = re.compile(r",? and (?:then )?|,? then |; ")
_COMMA = re.compile(r", (?=\w+ )")
_FEWEST = 3
"""A part of a sentence of fewer words is hardly a sentence of its own."""


def _joined(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of two sentences in one, of which one is about the conversation: "make the sofa green and save
    it as b.png".
    """
    cuts = [
        *_AND.finditer(sentence),
        *(cut for cut in _COMMA.finditer(sentence) if saves(sentence[cut.end() :])),
    ]
    for cut in cuts:
        left, right = sentence[: cut.start()], sentence[cut.end() :]
        if len(left.split()) < _FEWEST or len(right.split()) < _FEWEST:
            continue
        if not (_is_own(left, context, planned) or _is_own(right, context, planned)):
            continue
        first = planned(left, context)
        then = planned(right, advance(context, "", first))
        if any(not plan.steps or any(isinstance(step, Ask) for step in plan.steps) for plan in (first, then)):
            continue
        said = " · ".join(filter(None, (first.say, then.say)))
        return Plan(say=said, steps=(*first.steps, *then.steps))
    return None


_SENTENCES = re.compile(r"(?<=[.!?…])[\"”']? +")
_IMPERATIVE = re.compile(
    r"(?:make|paint|turn|put|add|remove|take|give|change|set|do|have|colou?r|lose|get|try|use|delete|hide"
    r"|show|save|export|store|call|name|undo|redo|replace|swap|zoom|compare|keep|leave|open|drop|bring|place"
    r"|hang|place)\b"
)


def _in_sentences(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of several sentences of which one answers, asks or goes back; remarks do nothing."""
    parts = [part for part in _SENTENCES.split(sentence.strip()) if re.search(r"\w", part)]
    if len(parts) < 2 or not any(_is_of_record(part, context, planned) for part in parts):
        return None
    plans: list[Plan] = []
    state = context
    for part in parts:
        plan = planned(part, state)
        if not _is_own(part, state, planned) and not _IMPERATIVE.match(history.plain(part)):
            plan = _if_it_names(part, plan)
        plans.append(plan)
        state = replace(advance(state, part, plan), sentences=context.sentences)
    asks = [step for plan in plans for step in plan.steps if isinstance(step, Ask)]
    steps = [step for plan in plans for step in plan.steps if not isinstance(step, Ask)]
    said = " · ".join(dict.fromkeys(plan.say for plan in plans if plan.say))
    return Plan(say=said, steps=tuple(steps or asks[:1]))


def _is_of_record(part: str, context: Context, planned: Planned) -> bool:
    return bool(questions.read(part, context) or history.read(part, context, planned)) or saves(part)


def _if_it_names(part: str, plan: Plan) -> Plan:
    """A part's plan, if what it paints is named in it: "Too dark. Back to A" makes nothing less dark."""
    edits = [step for step in plan.steps if isinstance(step, Edit)]
    nouns = [stem(noun[-1].lower()) for step in edits for noun in (bare_phrase(step.target).noun,) if noun]
    named = len(nouns) == len(plan.steps) and all(noun in part.lower() and is_thing(noun) for noun in nouns)
    return plan if named and plan.steps else Plan()


_SUGGESTIONS = re.compile(r"(?<!no )(?<!any )(?<!the )\b(?:suggestions?|ideas?|proposals?)\b", re.IGNORECASE)


_NEW_THINGS = re.compile(
    r"\b(?:replace|instead of|put|go (?:in|on|there|next|beside|under|above))\b", re.IGNORECASE
)
"""Where one of these is said, suggestions are of things and not of colours."""


_SUGGEST = re.compile(
    r"(?P<before>(?:.*[.!?;,] *)?)(?:(?:and|so|now|then|please|maybe)[ ,]+)*"
    r"(?:(?:can|could|would|will) (?:you|u) )?(?:please )?"
    r"(?:what (?:colou?rs?|shades?|looks?) (?:would|could|do) you )?(?:suggest|recommend|propose)(?: me| us)?"
    r"(?: (?:a few|some|any|other|different|three|nice|good|fitting|new|colou?rs?|shades?|looks?|options"
    r"|ideas|something))*(?P<x> (?:for|of|to) (?:the|my|both|that) [\w' -]+?)?"
    r"(?: (?:please|here|too|then|instead))*[.!?]*",
    re.IGNORECASE,
)


def _of_colours(sentence: str, context: Context) -> str:
    """ "I'm not sure about the sofa. Can you suggest some colours?": ideas for the sofa."""
    found = _SUGGEST.fullmatch(sentence.strip())
    if found is None:
        return sentence
    named = things_in(found["x"] or found["before"]) or last_named(context)
    return f"three suggestions of {named[-1].words}" if named else sentence


def _suggested(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """Suggestions for a thing that was changed are no shades of what it is now."""
    sentence = _of_colours(sentence, context)
    if not _SUGGESTIONS.search(sentence) or _NEW_THINGS.search(sentence):
        return None
    plan = planned(_SUGGESTIONS.sub("versions", sentence), context)
    if len(plan.steps) != 1 or not isinstance(step := plan.steps[0], Variations) or step.kind != "restyle":
        return None
    own = next((layer for layer in context.layers if layer.id == step.layer), None)
    if own is None or own.prompt != step.prompt:
        return plan
    return Plan(
        say=f"{step.count} colours for {step.target}", steps=(step.model_copy(update={"prompt": ""}),)
    )


_FEW = re.compile(
    r"(?P<wish>.+?) ?[,;:—–-]+ (?:and |just |can you |could you )?(?:give|show)(?: me| us)? (?P<n>two|three"
    r"|four|five|six|a few|some|a couple)(?: (?:options|versions|variations|ideas|choices|different ones|of "
    r"(?:them|those)))?[.!]*",
    re.IGNORECASE,
)


_FOR_TOO = re.compile(
    r"(?:(?:and|now|then|also|ok(?:ay)?|please|so)[ ,]+)*(?:some|a few|three|the same|others?|more)(?:"
    r" more)? for (?P<x>(?:the|my|both)"
    r" [\w -]+?)(?: (?:too|also|as well|please))*[.!?]*",
    re.IGNORECASE,
)
_VARIATIONS = re.compile(
    r"\b(?:variations?|options?|versions|ideas|suggestions?|alternatives|proposals)\b", re.IGNORECASE
)


def _more_varied(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """ "And now some for the wall" after options for the sofa: options for the wall."""
    found = _FOR_TOO.fullmatch(sentence.strip())
    if found is None or not any(map(_VARIATIONS.search, context.sentences[-4:])):
        return None
    return planned(f"three versions of {found['x']}", context)


def _varied(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """ "The rug, something sandy, give me three": variations of what the rest asks for."""
    found = _FEW.fullmatch(sentence.strip())
    if found is None:
        return None
    plan = planned(re.sub(r" [—–-] ", " ", found["wish"]), context)
    if len(plan.steps) != 1 or not isinstance(edit := plan.steps[0], Edit):
        return None
    count = {"two": 2, "four": 4, "five": 5, "six": 6, "a couple": 2}.get(found["n"].lower(), 3)
    step = Variations(count=count, target=edit.target, prompt=edit.prompt, kind=edit.kind, layer=edit.layer)
    return Plan(say=f"{count} variations: {plan.say}", steps=(step,))


def _is_own(part: str, context: Context, planned: Planned) -> bool:
    """Whether a part of a sentence is about layers, masks, looking, files or versions."""
    if _is_of_record(part, context, planned):
        return True
    if saves(part):
        return True
    typed = _CLOSING.sub("", _OPENING.sub("", part.strip(" ,.!?")))
    bare = _CLOSING.sub("", _OPENING.sub("", " ".join(part.lower().split()).strip(" ,.!?")))
    if sayings.read_files(typed) or _SAVE.fullmatch(typed) or _NAMED.fullmatch(bare):
        return True
    return sayings.read(bare, context) is not None


_ANSWERED = re.compile(
    r"(?:(?:i mean|i meant|i'd say|take|use|it is|it's|do|that would be|make it|just|only) )*"
    r"(?P<which>(?:the |that )?(?:[\w-]+ ){0,3}?(?:one|NOUN)"
    r"(?: (?:on|in|at|by|near|next to|above|under|behind|below|from|with|to|of) (?:the )?[\w -]+)?)"
)
_SIDES = frozenset({"left", "right", "middle", "upper", "lower", "top", "bottom", "leftmost", "rightmost"})
_ALL_OF = re.compile(
    r"(?P<many>both|all|all (?:two|three|four)|each)(?: of (?:them|those|these)| the \w+| \w+)?(?: too| as "
    r"well)*|the two of them|them (?:both|all)|either(?: one)?"
)
_NEVER_MIND = re.compile(
    r"(?:never ?mind|forget (?:it|about it|that|i asked)|neither(?: of them)?|none(?: of them)?|leave it"
    r"|cancel|don't bother|not important|no matter|nothing|skip (?:it|that))"
)


def _pieces(sentence: str) -> list[str]:
    """A sentence, and what it is made of between its marks, without polite edges: the last first."""
    parts = [part for part in re.split(r"[.,;:!?…–—]+(?:\s+|$)", sentence) if part.strip()]
    whole = history.plain(sentence)
    return list(dict.fromkeys((whole, *(history.plain(part) for part in reversed(parts)))))


def _meant(sentence: str, context: Context) -> Plan | None:
    """The edit that waited for the answer which of several things is meant, with that one."""
    edit = context.doubted
    if edit is None:
        return None
    as_typed = sentence.lower().strip(" .!")  # of which "right" is no more than a polite edge elsewhere
    for said in filter(None, (as_typed if as_typed in _SIDES else "", *_pieces(sentence))):
        if (answered := _one_meant(said, edit, context)) is not None:
            return as_plan(answered)
    return None


_ONE_BACK = re.compile(r"Which one of (?P<x>.+) shall I bring back\?")


def _one_back(sentence: str, context: Context) -> Done | None:
    """The answer to which one of several things is to be brought back."""
    question = _ONE_BACK.fullmatch(context.question or "")
    words = re.sub(r"^(?:the|that) | ones?$", "", sentence.lower().strip(" .!")).split()
    if question is None or not words or not all(map(is_member, words)):
        return None
    noun = " ".join(map(stem, bare_phrase(question["x"]).noun))
    return bring_back(Frame("back", target=f"the {' '.join(words)} {noun}"), context)


def _one_meant(said: str, edit: Edit, context: Context) -> Done | None:
    noun = bare_phrase(edit.target).noun
    last = noun[-1] if noun else "one"
    said = _numbered(said, context) or said
    if _NEVER_MIND.fullmatch(said):
        return Done((), ("All right, I leave that as it is.",))
    if (many := _ALL_OF.fullmatch(said)) is not None and len(noun) < 4:
        target = f"{'all the' if (many['many'] or '').startswith('all') else 'both'} {plural(' '.join(noun))}"
        phrase = replace(parse(edit.prompt), article="")
        several = (
            replace(phrase, noun=(*phrase.noun[:-1], plural(phrase.noun[-1]))) if phrase.noun else phrase
        )
        return made(target, render(several) if edit.prompt else "", edit.kind)
    side = re.sub(r"^(?:on |to |at )?(?:the |my )?", "", said)
    if side.removesuffix(" side") in _SIDES:
        said = f"the {side.removesuffix(' side')} one"
    found = re.fullmatch(_ANSWERED.pattern.replace("NOUN", re.escape(last)), said)
    if found is None:
        return None
    words = found["which"].removeprefix("that ").removeprefix("the ").split()
    if words == [last]:
        return None
    target = " ".join(("the", *(" ".join(noun) if word in ("one", "ones") else word for word in words)))
    return made(target, edit.prompt, edit.kind)


def _numbered(sentence: str, context: Context) -> str | None:
    """The option that a number names: "2" to "do you mean the one on the left or the one on the right?"."""
    readings = _READINGS.search(context.question or "")
    options = _OPTIONS.search(context.question or "")
    said = _OPENING.sub("", sentence.lower().strip().rstrip(".!"))
    number = _ORDINAL.get(said.removeprefix("number ").removeprefix("the ").removesuffix(" one"))
    if number is not None and _FROM_THE_LEFT in (context.question or ""):
        names = {number: word for word, number in _ORDINAL.items() if word.endswith(("st", "nd", "rd", "th"))}
        return f"the {names[number]} from the left" if number in names else None
    if readings is not None and number in (1, 2, -1):
        return readings["one" if number == 1 else "other"]
    if options is None or number is None:
        return None
    named = re.split(r", | or ", options["options"])
    return named[number - 1 if number > 0 else number] if number <= len(named) else None


def _picked_pieces(sentence: str) -> list[str]:
    """The whole sentence first, where it takes one with another look."""
    whole, *parts = _pieces(sentence)
    return [whole] if _PICK_BUT.fullmatch(whole) else [whole, *parts]


def _picked(said: str, context: Context) -> Done | None:
    if not context.variations:
        return None
    if (side := _AT_A_SIDE.fullmatch(said)) and context.variations <= IN_A_ROW:
        index = 1 if side["side"] == "left" else context.variations
        return Done((Pick(index=index),), (f"number {index}",))
    found = _PICK.fullmatch(said)
    other = None if found else _PICK_BUT.fullmatch(said)
    if other is not None and not other["but"]:
        look = read_look(other["look"])
        other = other if look.step is not None or look.value is not None or look.material else None
    if (found or other) is None or said in _ORDINAL or said in ("middle", "the middle"):
        return None
    word = (found or other)["which"]  # type: ignore[index]
    number = (context.variations + 1) // 2 if word == "middle" else _ORDINAL[word]
    index = context.variations if number < 0 else number
    if not 1 <= index <= context.variations:
        return ask(f"There are {context.variations} variations; which one?")
    if found:
        return Done((Pick(index=index),), (f"number {index}",))
    assert other is not None
    if context.offer is None:
        return None
    of_its_own = context.offered[index - 1] if index <= len(context.offered) else context.offer.prompt
    prompt = revised(of_its_own or context.offer.prompt, other["look"])
    return Done((Pick(index=index, prompt=prompt),), (f"number {index} → {prompt}",))


_NONE = re.compile(
    r"(?:no[,.]? )?(?:none|neither) (?:of (?:these|those|them)|really|is right)?[,.]? ?(?:sorry|thanks|thank "
    r"you|never ?mind|forget (?:it|them)"
    r"|(?:just )?leave (?:it|them|the [\w -]+?)(?: as (?:it is|they are|is)| alone)?"
    r"|i'm afraid)[.!]*|i don't like any(?: of (?:them|those))?"
)


def _refused(sentence: str, context: Context) -> Done | None:
    """ "None of those, sorry": nothing is taken, and nothing new is painted."""
    low = history.OPENING.sub("", sentence.lower().replace("’", "'")).strip(" .!")
    if not _NONE.fullmatch(low) or context.offer is None:
        return None
    thing = definite(short(context.offer.target))
    return Done((), (f"All right, none of them; {thing} stays as it is. “Others” shows other ones.",))


def _framed(said: str, context: Context) -> Done | None:  # noqa: ARG001
    found = _FRAMED.fullmatch(said)
    if found is None:
        return None
    return made(f"the frame of {target_of(found['thing'])}", restyled("the frame", found["look"]), "restyle")


def _marked_there(which: str, name: str, context: Context) -> Done | None:
    """ "Call v2 plain", "rename contrast to old contrast": a version's name, from which one comes back."""
    number = re.fullmatch(r"(?:the )?(?:version |number |v)(\d{1,4})", which)
    version = (
        int(number[1]) if number is not None else history.names_of(context).get(which.removeprefix("the "))
    )
    if version is None or version > context.versions or not name:
        return None
    steps = (Mark(name=name),)
    if version == context.head:
        return Done(steps, (f"called {name}",))
    return Done(
        (Goto(version=version), *steps, Goto(version=context.head)), (f"version {version}: called {name}",)
    )


_WILL_YOU = re.compile(r",? (?:will you|would you|can you|could you|please|thanks|ok(?:ay)?|for now)[?.!]*$")


def _marked(said: str, context: Context) -> Done | None:
    if (other := _NAMED_OTHER.fullmatch(said)) is not None:
        return _marked_there(
            other["which"] or other["old"], (other["name"] or other["new"]).strip(" \"'“”"), context
        )
    found = _NAMED.fullmatch(said)
    if found is None:
        return None
    name = _WILL_YOU.sub("", found["name"]).strip(" \"'“”").removeprefix("the ")
    if not name or len(name.split()) > 4 or "." in name:
        return None
    if name.split()[0] in ("a", "an", "me", "us", "off", "is", "it", "they", "before", "usual"):
        return None
    if re.match(r"(?:save|store) (?:this|that|it) as ", said) and re.fullmatch(r"[\w-]+", name):
        # a file as well as a name: whichever was meant, it is there
        return Done((Mark(name=name), Save(path=name)), (f"called {name}",))
    return Done((Mark(name=name),), (f"called {name}",))


def _gone_to(said: str, context: Context) -> Done | None:
    found = _BACK_TO.fullmatch(said)
    if found is None:
        return None
    marks = dict(context.marks)
    name = found["name"].strip(" \"'“”")
    if re.fullmatch(r"(?:last|newest|latest)(?: version)?", name) and not said.startswith("back"):
        return Done((Goto(version=context.versions),), (f"version {context.versions}",))
    if said.startswith(("back", "go back", "return")) and parse(name).looks:
        so = version_named(f"with the {name}", context)  # "go back to the red sofa"
        if so is not None:
            return Done((Goto(version=so),), (f"version {so}" if so else "the original",))
    version = marks.get(name, marks.get(name.removesuffix(" version").removesuffix(" one")))
    if version is None or version > context.versions:
        return None
    return Done((Goto(version=version),), (f"back to {name}",))


def _from_before(found: re.Match[str], context: Context, planned: Planned) -> Plan | None:
    version = _before(found["thing"], context)
    if version is None:
        version = version_named(f"before {found['thing']}", context)
    if version is None:
        return as_plan(ask(f"I have not changed {definite(found['thing'])}; which version do you mean?"))
    step = Goto(version=version)
    where = f"version {version}" if version else "back to the original"
    if not found["rest"]:
        return as_plan(Done((step,), (where,)))
    then = planned(found["rest"], advance(context, "", Plan(steps=(step,))))
    if any(isinstance(each, Ask) for each in then.steps):
        return then
    return Plan(say=" · ".join(filter(None, (where, then.say))), steps=(step, *then.steps))


def _before(thing: str, context: Context) -> int | None:
    """The version that the first change of a thing was made from, on the way to the head."""
    for version in (context.history[number] for number in reversed(context.way)):
        if layers_about(thing, replace(context, layers=version.layers), visible=True):
            return version.parent
    return None


def _undone(said: str, context: Context) -> Done | None:
    visible = [layer for layer in context.layers if layer.visible]
    if found := _ONLY_SHOW.fullmatch(said):
        kept = found["only"]
        spared = {layer.id for layer in layers_about(kept, context, visible=True)}
        others = tuple(layer for layer in visible if layer.id not in spared)
        if not spared or not others:
            return ask(f"I have not changed {definite(kept)}; what shall I hide?")
        return Done(tuple(Hide(layer=layer.id) for layer in others), (f"all hidden but {kept}",))
    if found := _STAYS.fullmatch(said):
        thing = found["thing"] or found["alone"] or found["but"]
        if context.done and (back := spared_since(thing, context)) is not None:
            return back
        if any(layer.kind == "remove" for layer in layers_about(thing, context, visible=True)):
            return bring_back(Frame("back", target=thing), context)
        return None if found["but"] else Done((), (f"All right, I leave {definite(thing)} as it is.",))
    if found := _MISTAKE.fullmatch(said):
        return hide(Frame("hide", target=found["thing"], prompt=REVERT), context)
    if _SCRAPPED.fullmatch(said) and context.done and not context.question:
        return Done((Undo(count=1),), ("undo",))
    if (found := _FORGOTTEN.fullmatch(said)) and layers_about(found["thing"], context, visible=True):
        return hide(Frame("hide", target=found["thing"], prompt=REVERT), context)
    if found := _LAYER_OFF.fullmatch(said):
        return hide(Frame("hide", target=found["x"] or found["y"], prompt=REVERT), context)
    if _HIDE_ALL.fullmatch(said) or said == "hide all":
        if not visible:
            return Done((), ("No layer is visible, so nothing was hidden.",))
        return Done(tuple(Hide(layer=layer.id) for layer in visible), ("all layers: hidden",))
    if found := _SHOW_ALL.fullmatch(said + (" again" if said == "show them" else "")):
        things = re.search(rf"\b{_LAYERS}\b", said) is None
        return _shown(context, all_of_them=not found["them"], things=things)
    if found := _HIDE_IT.fullmatch(said):
        reference: Reference = "it" if found["it"] in ("it", "that", "this") else "them"
        reference = "both" if found["it"] == "both" else reference
        hidden = tuple(
            layer for layer in layers_referred(Frame("hide", reference=reference), context) if layer.visible
        )
        if not hidden:
            return ask("What shall I hide?")
        return Done(
            tuple(Hide(layer=layer.id) for layer in hidden),
            tuple(f"{short(object_of(layer))}: hidden" for layer in hidden),
        )
    if found := _NTH_CHANGE.fullmatch(said):
        number = _ORDINAL[found["which"]]
        if number < 0:
            return Done((Undo(count=1),), ("undo",))
        if number > len(visible) or not visible:
            return ask(f"There are {len(visible)} visible changes; which shall I undo?")
        layer = visible[number - 1]
        return Done((Hide(layer=layer.id),), (f"{short(object_of(layer))}: undone",))
    return None


def _shown(context: Context, *, all_of_them: bool, things: bool) -> Done | None:
    """All hidden layers to be seen again, or those spoken of last; for ``things`` none that took one
    away.
    """
    hidden = [layer for layer in context.at_head.layers if not layer.visible and not layer.dropped]
    hidden = [layer for layer in hidden if not (things and all_of_them and layer.kind == "remove")]
    if not all_of_them:
        hidden = [layer for layer in hidden if layer.id in context.focus] or hidden
    if not hidden:
        return Done((), ("No layer is hidden.",)) if all_of_them else None
    names = tuple(f"{short(object_of(layer))}: back" for layer in hidden)
    return Done(tuple(Show(layer=layer.id) for layer in hidden), names)


def _everything(said: str, context: Context) -> Done | None:  # noqa: ARG001
    if _EVERYTHING.fullmatch(said):
        return ask("Everything is too much for one edit: which things shall I change?")
    return None


def _swapped(said: str, context: Context) -> Done | None:
    found = _SWAP.fullmatch(said)
    if _SWAP_BACK.fullmatch(said) and context.done and _SWAPPING.search("".join(context.sentences[-1:])):
        return Done((Undo(count=1),), ("swapped back",))
    if found is None:
        return command_steps.swap(Frame("swap"), context) if _TWO.fullmatch(said) else None
    return command_steps.swap(Frame("swap", target=found["one"] or "", like=found["two"] or ""), context)
