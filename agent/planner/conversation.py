"""Sentences about the conversation itself: versions by name, what was changed, all but one, saving.

They are read before any parser looks for wishes, by the record as much as by the words: "go back to warm" is
a version only where one is called warm. Whole sentences match or none: what is not read here is left to the
parser. Pure functions over a sentence and its context.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agent.plan import Ask, Edit, Goto, Hide, Mark, Pick, Plan, Save, Step, Tell, Undo
from agent.planner.base import Context, LayerView, advance
from agent.planner.english.phrase import parse, render
from agent.planner.layers import layer_named, layers_about, object_of, stem
from agent.planner.outcome import Done, ask, made
from agent.planner.wording import definite, restyled, revised, short, target_of
from tools.language.looks import read_look

Planned = Callable[[str, Context], Plan]
"""Plans a part of a sentence that is a sentence of its own."""

_OPENING = re.compile(
    r"^(?:(?:ok|okay|so|and|now|please|well|right|then|hm+|actually|oh|alright|great|nice|no|wait|sorry)[ ,]+"
    r"|(?:can|could|would|will) you (?:please )?|let's |let us |i(?: would|'d) like (?:you )?to |i want to )+"
)
_CLOSING = re.compile(r"(?:[ ,]+(?:please|now|again|thanks|thank you|then))+$")

_ORDINAL = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "one": 1, "two": 2, "three": 3, "four": 4,
    "five": 5, "six": 6, "seven": 7, "eight": 8, "last": -1,
}  # fmt: skip
_WHICH = rf"(?:the |number |no\.? |option |version |variation )*(?P<which>{'|'.join(_ORDINAL)})"
_ONE = r"(?: one| version| variation| option)?"
_LIKED = r"(?:nice|good|great|best|better|lovely|perfect|beautiful|the best|the nicest|fine|it|the one|right)"
_TAKE = r"(?:take|use|keep|choose|pick|go with|want|like|prefer|love|have)"

_PICK = re.compile(
    rf"(?:(?:i(?:'ll| will| would|'d)? |we |you can |let's )?{_TAKE} )?{_WHICH}{_ONE}"
    rf"(?:(?:,| is| looks| was|'s)+ (?:really |very |the |so |quite )*{_LIKED}\w*| best| most| better)?"
    rf"(?:[,;.]? (?:so |and |please |i(?:'ll| will)? |let's )*{_TAKE} (?:it|that|this|that one|this one))?"
)
_PICK_BUT = re.compile(
    rf"(?:{_TAKE} )?{_WHICH}{_ONE},? (?:but|only|just) (?:in |make it |with it |it )*(?P<look>.+)"
)
_NAMED = re.compile(
    r"(?:(?:call|name|mark|label) (?:this|that|it)(?: one| version| state| picture)?(?: as)?"
    r"|(?:remember|save|keep|store) (?:this|that|it)(?: one| version| state| picture)? as) (?P<name>.+)"
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
_AS_IT_WAS = re.compile(
    r"(?:(?:keep|leave|put|have|make|i want|i'd like|give me) (?P<thing>(?:the |my |both |all )\w.*?)"
    r"|(?P<alone>(?:the |my |both )?\w+(?: \w+)?)) "
    r"(?:back )?(?:to )?(?:(?:as|like|how|the way|what) (?:it|they|that) (?:was|were)"
    r"(?: before| at first| originally| at the start)?|(?:as|like) (?:before|at first|it used to be))"
)
_NTH_CHANGE = re.compile(
    r"(?:undo|take back|revert|drop|hide|remove|reverse|cancel) (?:only |just )?(?:the |my )?"
    rf"(?P<which>{'|'.join(_ORDINAL)}) (?:thing|change|edit|step)"
    r"(?: (?:that )?(?:i|we|you)(?: have| ever)? (?:changed|did|made|done|edited|asked for))?"
)
_NORMAL_BUT = re.compile(
    r"(?:put |set |turn |make |leave |keep )?(?:everything|all)(?: else)? (?:back )?(?:to normal"
    r"|as (?:it|they) (?:was|were)|like before|as before)(?: again)?,? "
    r"(?:but|except(?: for)?|apart from) (?P<kept>.+)"
)
_BUT = r"(?:but|except(?: for)?|apart from|other than|besides)"
_PAINTING = ("paint", "make", "turn", "colour", "color")
_ALL_BUT = re.compile(
    rf"(?P<verb>delete|remove|get rid of|take away|take out|erase|{'|'.join(_PAINTING)}) "
    rf"(?:all|every)(?: of)?(?: the)? (?P<noun>\w+(?: \w+)?),? {_BUT} "
    r"(?:the (?P<some>one|ones) (?P<place>(?:on|in|at) the \w+(?: (?:left|right|corner))?)"
    r"|(?P<kept>the .+?)(?: (?P<one>one|ones))?)(?: (?P<look>.+))?"
)
_EVERYTHING = re.compile(rf"(?:change|{'|'.join(_PAINTING)}) (?:everything|it all|all of it)\b.*")
_CHANGED = r"(?:changes?|changed|do|did|done|edits?|edited)"
_WHAT_CHANGED = re.compile(
    rf"what (?:all )?(?:did|have|has) (?:i|we|you|been)(?: already)? {_CHANGED}"
    r"(?: so far| until now| already| yet| to (?:it|the picture|this|the room))*"
    r"|what (?:is|was|has been) changed(?: so far)?"
    rf"|(?:list|tell me|show me)(?: all)? (?:(?:my|the) |what (?:i |we |was ))?{_CHANGED}"
)
_IS_IT = re.compile(
    r"(?:is|are) (?P<thing>(?:the|my|both) .+?) (?:made of |in )?(?P<look>[\w-]+(?: [\w-]+)?)"
    r"(?: now| already| yet)?"
)
_WHAT_LOOK = re.compile(
    r"what (?:colour|color|material|kind of \w+|shade) (?:is|are|has|have|did) (?P<thing>the .+?)"
    r"(?: have| get| now)*"
)
_SAVE = re.compile(
    r"(?:save|store|export|write)(?: (?:it|this|that|the (?:picture|image|result|room|file)|everything))?"
    r"(?: (?:as|to|in|into|under|at))? (?P<path>\S+\.(?:png|jpe?g|webp|tiff?|bmp))",
    re.IGNORECASE,
)
_FRAMED = re.compile(r"frame (?P<thing>(?:the |my |both ).+?) (?:in|with) (?P<look>.+)")
_ZOOM = re.compile(r"zoom\b.*|(?:show|let me see) (?:me )?.+ (?:closer|up close|larger|bigger)")
_SWAP = re.compile(
    r"(?:swap|switch|exchange) (?:their|the) (?:colours?|colors?|looks?)"
    r"(?: of (?P<one>.+?) and (?P<two>.+))?"
)
_ANSWERS = re.compile(r"by “(?P<slip>[^”]+)”, do you mean “(?P<meant>[^”]+)”\?", re.IGNORECASE)
_OPTIONS = re.compile(r"do you mean (?P<options>the .+)\?$")
_READINGS = re.compile(r"Do you mean “(?P<one>[^”]+)” or “(?P<other>[^”]+)”\?$")
_YES = re.compile(r"(?:yes|yeah|yep|yup|sure|ok|okay|right|correct|exactly|i do|of course|y)(?:[ ,].*)?")


def read(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of a sentence about the conversation; None for any other."""
    if (corrected := _corrected(sentence, context) or _numbered(sentence, context)) is not None:
        return planned(corrected, context)
    as_typed = _OPENING.sub("", sentence.strip().rstrip("!?").strip())
    if (saved := _SAVE.fullmatch(_CLOSING.sub("", as_typed))) is not None:
        return _plan(Done((Save(path=saved["path"]),), ()))
    said = " ".join(sentence.lower().replace("’", "'").split()).rstrip(" .!?")
    asked = sentence.rstrip().endswith("?")
    bare = _CLOSING.sub("", _OPENING.sub("", said)).strip(" ,")
    for reader in (_picked, _framed, _marked, _gone_to, _undone, _all_but, _swapped, _told):
        done = reader(bare, context)
        if done is not None:
            return _plan(done)
    if (before := _BEFORE.fullmatch(bare)) is not None:
        return _from_before(before, context, planned)
    if (is_it := _IS_IT.fullmatch(bare)) is not None and context.layers and (asked or said.endswith("now")):
        look = read_look(is_it["look"])
        if look.value is not None or look.material or look.pattern or look.colour_words:
            return _plan(Done((Tell(about=target_of(is_it["thing"])),), ()))
    return None


def _plan(done: Done) -> Plan:
    said = done.said or tuple(step.question for step in done.steps if isinstance(step, Ask))
    return Plan(say=" · ".join(said), steps=done.steps)


def _corrected(sentence: str, context: Context) -> str | None:
    """The sentence that a "yes" to "By “grean”, do you mean “green”?" makes of the one before."""
    question = _ANSWERS.search(context.question or "")
    if question is None or not context.sentences:
        return None
    said = " ".join(sentence.lower().split()).rstrip(" .!")
    if not _YES.fullmatch(said) and said != question["meant"].lower():
        return None
    return re.sub(rf"\b{re.escape(question['slip'])}\b", question["meant"], context.sentences[-1], flags=re.I)


def _numbered(sentence: str, context: Context) -> str | None:
    """The option that a number names: "2" to "do you mean the one on the left or the one on the right?"."""
    readings = _READINGS.search(context.question or "")
    options = _OPTIONS.search(context.question or "")
    said = _OPENING.sub("", sentence.lower().strip().rstrip(".!"))
    number = _ORDINAL.get(said.removeprefix("number ").removeprefix("the ").removesuffix(" one"))
    if readings is not None and number in (1, 2, -1):
        return readings["one" if number == 1 else "other"]
    if options is None or number is None:
        return None
    named = re.split(r", | or ", options["options"])
    return named[number - 1 if number > 0 else number] if number <= len(named) else None


def _picked(said: str, context: Context) -> Done | None:
    if not context.variations:
        return None
    found = _PICK.fullmatch(said)
    other = None if found else _PICK_BUT.fullmatch(said)
    if (found or other) is None or said in _ORDINAL:
        return None
    number = _ORDINAL[(found or other)["which"]]  # type: ignore[index]
    index = context.variations if number < 0 else number
    if not 1 <= index <= context.variations:
        return ask(f"There are {context.variations} variations; which one?")
    if found:
        return Done((Pick(index=index),), (f"number {index}",))
    assert other is not None
    if context.offer is None:
        return None
    prompt = revised(context.offer.prompt, other["look"])
    return Done((Pick(index=index, prompt=prompt),), (f"number {index} → {prompt}",))


def _framed(said: str, context: Context) -> Done | None:  # noqa: ARG001
    found = _FRAMED.fullmatch(said)
    if found is None:
        return None
    return made(f"the frame of {target_of(found['thing'])}", restyled("the frame", found["look"]), "restyle")


def _marked(said: str, context: Context) -> Done | None:  # noqa: ARG001
    found = _NAMED.fullmatch(said)
    if found is None:
        return None
    name = found["name"].strip(" \"'“”").removeprefix("the ")
    if not name or len(name.split()) > 4 or "." in name:
        return None
    if name.split()[0] in ("a", "an", "me", "us", "off", "is", "it", "they", "before", "usual"):
        return None
    return Done((Mark(name=name),), (f"called {name}",))


def _gone_to(said: str, context: Context) -> Done | None:
    found = _BACK_TO.fullmatch(said)
    if found is None:
        return None
    marks = dict(context.marks)
    name = found["name"].strip(" \"'“”")
    version = marks.get(name, marks.get(name.removesuffix(" version").removesuffix(" one")))
    if version is None or version > context.versions:
        return None
    return Done((Goto(version=version),), (f"back to {name}",))


def _from_before(found: re.Match[str], context: Context, planned: Planned) -> Plan | None:
    version = _before(found["thing"], context)
    if version is None:
        return _plan(ask(f"I have not changed {definite(found['thing'])}; which version do you mean?"))
    step = Goto(version=version)
    where = f"version {version}" if version else "back to the original"
    if not found["rest"]:
        return _plan(Done((step,), (where,)))
    then = planned(found["rest"], advance(context, "", Plan(steps=(step,))))
    if any(isinstance(each, Ask) for each in then.steps):
        return then
    return Plan(say=" · ".join(filter(None, (where, then.say))), steps=(step, *then.steps))


def _before(thing: str, context: Context) -> int | None:
    """The version that the first change of a thing was made from, on the way to the head."""
    path, number = [], context.head
    while number:
        path.append(number)
        number = context.history[number].parent if context.history else number - 1
    for number in reversed(path):
        layers = context.history[number].layers if context.history else context.layers
        if layers_about(thing, replace(context, layers=layers), visible=True):
            return context.history[number].parent if context.history else number - 1
    return None


def _undone(said: str, context: Context) -> Done | None:
    visible = [layer for layer in context.layers if layer.visible]
    if found := _NORMAL_BUT.fullmatch(said):
        spared = {layer.id for layer in layers_about(found["kept"], context, visible=True)}
        others = tuple(layer for layer in visible if layer.id not in spared)
        if not spared or not others:
            return ask(f"I have not changed {definite(found['kept'])}; what shall I undo?")
        return Done(tuple(Hide(layer=layer.id) for layer in others), (f"all as it was but {found['kept']}",))
    if found := _AS_IT_WAS.fullmatch(said):
        thing = found["thing"] or found["alone"]
        layers = layers_about(thing, context, visible=True)
        if not layers:
            return Done((Tell(about=target_of(thing)),), ()) if found["thing"] else None
        return Done(
            tuple(Hide(layer=layer.id) for layer in layers),
            tuple(f"{short(layer.target)}: as it was" for layer in layers),
        )
    if found := _NTH_CHANGE.fullmatch(said):
        number = _ORDINAL[found["which"]]
        if number < 0:
            return Done((Undo(count=1),), ("undo",))
        if number > len(visible) or not visible:
            return ask(f"I have made {len(visible)} changes that show; which shall I undo?")
        layer = visible[number - 1]
        return Done((Hide(layer=layer.id),), (f"{short(object_of(layer))}: undone",))
    return None


def _all_but(said: str, context: Context) -> Done | None:  # noqa: ARG001
    if _EVERYTHING.fullmatch(said):
        return ask("Everything is too much for one edit: which things shall I change?")
    found = _ALL_BUT.fullmatch(said)
    if found is None:
        return None
    removes = found["verb"] not in _PAINTING
    noun, count = found["noun"], found["one"] or found["some"]
    last = parse(noun).noun[-1]
    own = "" if not count else last if count == "ones" else stem(last)
    kept = f"the {own} {found['place']}" if found["place"] else f"{found['kept']} {own}".strip()
    if removes == bool(found["look"]):
        return None
    target = f"all the {noun} but {kept}"
    return made(target, "" if removes else restyled(noun, found["look"]), "remove" if removes else "restyle")


def _swapped(said: str, context: Context) -> Done | None:
    found = _SWAP.fullmatch(said)
    if found is None:
        return None
    things: list[tuple[str, LayerView | None]]
    if found["one"]:
        things = [(name, layer_named(name, context)) for name in (found["one"], found["two"])]
    else:
        restyles = [layer for layer in context.layers if layer.visible and layer.kind == "restyle"]
        things = [(layer.target, layer) for layer in restyles[-2:]]
    if len(things) < 2:
        return ask("Whose colours shall I swap, such as “swap the colours of the sofa and the rug”?")
    steps: list[Step] = []
    for (name, layer), (other, theirs) in (things, things[::-1]):
        look = _colour_of(theirs) or f"the colour of {target_of(other)}"
        if layer is None:
            prompt = restyled(name, look) if _colour_of(theirs) else f"{render(parse(name))} {look}"
            steps.append(Edit(target=target_of(name), prompt=prompt, kind="restyle"))
        else:
            prompt = revised(layer.prompt, look) if _colour_of(theirs) else f"{_colourless(layer)} {look}"
            steps.append(Edit(target=layer.target, prompt=prompt, kind="restyle", layer=layer.id))
    return Done(tuple(steps), (f"{short(things[0][0])} and {short(things[1][0])}: colours swapped",))


def _colourless(layer: LayerView) -> str:
    phrase = parse(layer.prompt)
    return render(replace(phrase, looks=tuple(look for look in phrase.looks if look.sort != "colour")))


def _colour_of(layer: LayerView | None) -> str:
    if layer is None:
        return ""
    return " ".join(
        word for look in parse(layer.prompt).looks if look.sort == "colour" for word in look.words
    )


def _told(said: str, context: Context) -> Done | None:  # noqa: ARG001
    if _WHAT_CHANGED.fullmatch(said):
        return Done((Tell(),), ())
    if found := _WHAT_LOOK.fullmatch(said):
        return Done((Tell(about=target_of(found["thing"])),), ())
    if _ZOOM.fullmatch(said):
        return Done((), ("I cannot zoom: /show draws the picture, and /save writes it to a file.",))
    return None
