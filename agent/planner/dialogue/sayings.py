"""How acts about layers, masks, versions and looking are said in plain English: sentences to frames.

A sentence matches as a whole or not at all; what is not read here is left to the parsers. The words are
lower case and without polite edges (see ``session_talk``). ``resolve.command_steps`` carries the frames out.
"""

from __future__ import annotations

import re

from agent.planner.context import Context
from agent.planner.frames import Frame, Reference
from agent.planner.resolve import command_steps
from agent.planner.resolve.conversation_record import version_named
from agent.planner.resolve.layers import focused_layers, layers_about, object_of, same_thing, stem
from tools.language.chunking import is_thing
from tools.language.lexicon import NUMBERS, ORDINALS
from tools.language.looks import read_look
from tools.language.noun_phrases import is_plural, parse

_IT: dict[str, Reference] = {
    "it": "it", "that": "it", "this": "it", "that one": "it", "them": "them", "these": "them",
    "those": "them", "both": "both", "that layer": "it", "this layer": "it", "the layer": "it",
    "that change": "it",
}  # fmt: skip
_X = r"(?P<x>(?:the |my |our |that |both |all (?:the )?)?[\w' -]+?)"
_LAYERED = r"(?:layer|change|edit)s?"
_AWAY = r"(?:drop|delete|discard|remove|throw away|throw out|get rid of|scrap|bin|erase|ditch)"
_GOOD = r"(?: (?:for good|for ever|forever|completely|altogether|for all time))"
_ORDERED = (
    r"(?:bring|send|push|pull|put|move|lay|lift|raise|lower)",
    r"(?:(?:right |all the way )?to the (?:very )?(?:front|back|top|bottom)|on top(?: of (?:everything|all))?"
    r"|forwards?|backwards?|(?:behind|below|under|above|over|in front of) (?:everything|all|the rest))",
    r"(?:(?:right )?(?:behind|below|beneath|under|underneath|above|over|on top of|in front of) .+)",
)
_DEGREE = r"(?:(?:a bit|a little|slightly|a touch|a tad|much|a lot|way|far|some|just) )*"
_MASK = r"(?:the |its |that )?(?:mask|selection|outline|edges?|borders?|rim)"
_OF = r"(?: (?:of|for|around|on|at) (?P<of>(?:the |my )?[\w' -]+?))?"
_GROW = (
    rf"(?:please )?{_DEGREE}(?:more|further|wider|larger|bigger)(?: out)?(?: (?:at|around|along|on|to|over) "
    rf"the (?:edges?|borders?|rim|sides?|outline)){_OF}",
    rf"(?:grow|enlarge|expand|extend|widen|increase|dilate) {_MASK}(?: (?:a bit|a little|slightly|more|much"
    rf"|a lot|further))*{_OF}(?: (?:a bit|a little|slightly|more|much|a lot))*",
    rf"(?:make )?{_MASK}{_OF} (?:is |was |should be |must be )?{_DEGREE}(?:too (?:small|tight|narrow)|larger"
    r"|bigger|wider)(?: (?:a bit|please))*",
    r"(?:you |it |that )?(?:missed|misses|does not reach|do not reach|doesn't reach|left out|forgot) (?:the"
    r" |some of the |its )?(?:edges?|borders?|rim|outline)",
    r"(?:there is|there's|i (?:can )?(?:still )?see) (?:still )?(?:a bit of |some (?:of )?)?(?:the |its "
    r")?old (?:colou?r|one) (?:at|around|along|on) the (?:edges?|rim|borders?)",
)  # fmt: skip
_SHRINK = (
    rf"{_DEGREE}(?:less|tighter|smaller|narrower|closer)(?: (?:at|around|along|on|to) the (?:edges?|borders?"
    rf"|rim|sides?|outline)){_OF}",
    rf"(?:shrink|tighten|reduce|narrow|contract|erode) {_MASK}{_OF}(?: (?:a bit|a little|slightly|more"
    rf"|much|a lot))*",
    rf"(?:make )?{_MASK}{_OF} (?:is |was |should be |must be )?{_DEGREE}(?:too (?:large|big|wide|loose)"
    r"|smaller|tighter|narrower)",
    r"(?:it|that|the (?:colou?r|paint)) (?:spills|spilled|goes|went|bleeds|bled|runs|ran) over(?: the)?"
    r"(?: edges?)?",
)  # fmt: skip
_INVERT = r"(?:invert|flip|reverse) (?:the |that |its )?(?:mask|selection)|everything but that instead"
_SUBTRACT = (
    r"(?:but |just |only )*(?:without|minus|leave out|leaving out|exclude|not on) (?P<x>(?:the|its|that)"
    r" [\w' -]+)",
    r"(?:take|remove|subtract|cut|leave) (?P<x>(?:the|its|that) [\w' -]+?) (?:out of|from|off) (?:the|that)"
    r" (?:mask|selection)",
    r"(?:but )?not (?P<x>(?:the|its) [\w' -]+)",
)
_ADD = (
    r"(?:you )?(?:forgot|missed|left out) (?P<x>(?:the|its|a) [\w' -]+)",
    r"(?:also )?(?:include|add) (?P<x>(?:the|its) [\w' -]+?) (?:to|in|into) (?:the|that) (?:mask|selection)",
    r"(?:also )?include (?P<x>(?:the|its) [\w' -]+)(?: too| as well)?",
    r"(?P<x>(?:the|its) [\w' -]+?) (?:is|are|was|were) (?:missing|left out|forgotten)",
)
_PART = re.compile(
    r"(?:and |now )?also (?P<x>(?:the |its )?(?:left |right |front |back |upper |lower |other )*(?:legs?"
    r"|arms?|armrests?|backs?|backrests?|seats?|feet|foot|frames?|shades?|base|edges?|sides?|handles?|rims?))"
)
_VERSION = (
    r"(?:the )?(?:(?:version|v|number) ?\w+|original(?: \w+)?|base picture|last (?:one|version)|[\w' -]+?)"
)
_COMPARE = (
    rf"compare (?:(?:it|this|that|the picture) )?(?:with|to|against|and) (?P<a>{_VERSION})",
    r"compare (?:the )?(?:versions? )?(?P<a>\w+) (?:and|with|to|against) (?:version )?(?P<b>\w+)",
    r"(?:put|show|lay)(?: me)? (?:the )?versions? (?P<a>\w+) and (?:version )?(?P<b>\w+)"
    r" (?:next to each other|side by side|beside each other)",
    r"(?:put|show|lay|let me see|can i see)(?: me| us)? (?:the )?(?P<a>original|version \w+|v\d+)(?: \w+)?"
    r" (?:beside|next to|alongside|by the side of|along with) (?:it|this|that|the picture|mine|the new one"
    r"|what (?:i|we) have(?: now)?)",
)
_DIFFERENCE = re.compile(
    r"(?:(?:show|mark|highlight|see|tell)(?: me)? )?(?:(?:what is|what'?s|where is|where'?s|the) (?:the )?)"
    r"(?:differences?|different)(?: (?:to|from|with|between (?:it|this) and|since|compared (?:to|with)) "
    rf"(?P<a>{_VERSION}))?|how does (?:it|this) differ(?: from (?P<a2>{_VERSION}))?"
)
_ZOOM = (
    r"zoom(?: in| closer)?(?: more| closer| further)*(?: (?:on|to|into|at|onto) (?P<x>[\w' -]+))",
    r"(?:(?:can i |could i |i want to |let me |let us )?(?:see|view|look at|show)(?: me)?|show) (?P<x>"
    r"(?:the |my |both |all ).+?) (?:from |(?:a )?(?:little|bit) |some |much )*(?:up close|close up"
    r"|closer(?: up)?|in close-?up|from close"
    r"|nearby|larger|bigger|enlarged|in detail)",
    r"(?:a )?(?:closer look|close-?up|detail) (?:at|of) (?P<x>.+)",
)
_ZOOM_IN = re.compile(
    r"zoom(?: in)?(?: (?:there|here|a bit|more|closer|on (?:it|that|this)))*|closer(?: look)?"
)
_ZOOM_OUT = re.compile(
    r"zoom (?:back )?out(?: again)?|(?:show|back to)(?: me)? the (?:whole|full|entire) (?:picture|image"
    r"|room|thing)"
)
_SHOW_MASK = re.compile(
    r"(?:(?:show|let me see|can i see|display)(?: me| us)? )?(?:the )?(?:mask|selection)"
    r"(?: (?:of|for|around) (?P<x>.+))?|what (?:exactly )?(?:have|did) you (?:selected|select|marked|mark)"
)
_WHERE = re.compile(
    r"(?:show me )?where (?P<z>(?:the |my )[\w' -]+?) (?:is|are)"
    r"|where(?: exactly)?(?: is|'s| are) (?P<x>(?:the |my )[\w' -]+?)(?: (?:in the picture|exactly))?"
    r"|(?:point (?:to|at|out)|mark|highlight|outline|select) (?P<y>(?:the |my )[\w' -]+?)(?: for me)?"
)
_SHOW_THING = re.compile(r"(?:show me|let me see|let me look at) (?P<x>(?:the |my )[\w' -]+)")
_THINGS = re.compile(
    r"(?:what|which things) (?:can you see|do you see|is there|are there|is)(?: there)?"
    r"(?: (?:in|on) (?:it|this|the (?:picture|room|image|photo)))?"
)
_ORIGINAL = re.compile(
    r"(?:let me see|show me|can i see|show|see) (?:the )?(?:original|(?:very )?first|initial|starting)(?:"
    r" (?:picture|room|image|one|version|state))(?: again)?|(?:let me see|show me|can i see"
    r"|show) (?:the )?original"
    r" (?:for|just for) (?:a |one )?(?:second|moment|sec|bit|while|minute)"
)
_SHOW_PICTURE = re.compile(
    r"(?:show|let me see|display)(?: me| us)? (?:it|the (?:picture|image|room|result|photo))(?: (?:again"
    r"|now))*"
)
_DROPPED = (
    rf"{_AWAY} (?:the |that |this |my )?(?P<all>hidden (?:layers|changes)|all hidden layers)",
    rf"{_AWAY} (?:the )?{_LAYERED} (?:with|of|about|for|to|on) {_X}{_GOOD}?",
    rf"{_AWAY} {_X} {_LAYERED}{_GOOD}?",
    rf"(?P<verb>{_AWAY}) (?P<numbered>layer (?:number )?\w+){_GOOD}?",
    rf"throw {_X} {_LAYERED} (?:away|out){_GOOD}?",
    rf"(?:drop|discard|throw away|scrap|undo) {_X}{_GOOD}",
)
_SAVED_VERSION = re.compile(
    r"(?:save|export|store) (?P<v>version \w+|v\d+|the original|the last version) (?:as|to|in|under) "
    r"(?P<path>\S+\.\w+)",
    re.IGNORECASE,
)
_OPENED = re.compile(
    r"(?:open|load|switch to|go on with|let's do|(?:now )?(?:take|edit|do))(?: the)?(?: (?:picture|photo"
    r"|file|image))?"
    r" (?P<path>(?P<q>[\"'“])?\S.*?\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|avif)[\"'”]?)(?: instead)?",
    re.IGNORECASE,
)
_SAVE = re.compile(r"(?:save|export|store)(?: (?:it|this|that|the (?:picture|image|result|room|file)))?")
_BACK_WHEN = re.compile(
    r"(?:(?:show me|let me see) (?=the (?:one|version|picture|state) (?:before|after|when|with)\b)"
    r"|(?:(?:go|take me|bring me|get|jump|return|let's go|let us go|switch) )?(?:back )?to )(?:the )?"
    r"(?P<x>(?:(?:time |version |state |picture |one )?(?:when|before|after|where)|(?:time|version|state"
    r"|picture|one) with) .+)"
)


def read(said: str, context: Context) -> Frame | None:
    """The frame of a sentence about layers, masks, versions or looking; None for any other.

    ``said`` is lower case and without polite edges.
    """
    for reader in (_masked, _compared, _looked, _versions, _ordered, _dropped):
        frame = reader(said, context)
        if frame is not None:
            return frame
    return None


def read_files(said: str) -> Frame | None:
    """The frame of a sentence that opens a picture or saves a version; ``said`` is as it was typed."""
    if (saved := _SAVED_VERSION.fullmatch(said)) is not None:
        words = saved["v"].lower().split()[-1].removeprefix("v")
        number = {"original": 0, "version": -1}.get(words, NUMBERS.get(words))
        number = int(words) if words.isdigit() else number
        return (
            Frame("save", name=saved["path"], number=number) if number is not None and number >= 0 else None
        )
    if _SAVE.fullmatch(said.lower()):
        return Frame("save")
    if (opened := _OPENED.fullmatch(said)) is not None:
        return Frame("open", name=opened["path"].strip("\"'“”"))
    return None


def _match(patterns: tuple[str, ...], said: str) -> re.Match[str] | None:
    return next((found for pattern in patterns if (found := re.fullmatch(pattern, said))), None)


def _about(act: str, words: str) -> Frame:
    """A frame about a thing that is named, or that a word stands for."""
    words = words.strip()
    frame = Frame(act)  # type: ignore[arg-type]
    if words in _IT:
        return Frame(frame.act, reference=_IT[words])
    return Frame(frame.act, target=words)


def _has_look(words: str) -> bool:
    """Whether words say how a thing shall look: then they are a wish."""
    look = read_look(words)
    return look.value is not None or bool(look.material or look.pattern or look.step)


def _looked(said: str, context: Context) -> Frame | None:
    if _ZOOM_OUT.fullmatch(said):
        return Frame("zoom", target="out")
    if _ZOOM_IN.fullmatch(said):
        return Frame("zoom", target="in")
    if found := _match(_ZOOM, said):
        return Frame("zoom", target="in" if found["x"] in _IT else found["x"])
    if found := _SHOW_MASK.fullmatch(said):
        thing = found["x"] or ""
        return Frame("show", name="mask", like="" if thing in _IT else thing)
    if found := _WHERE.fullmatch(said):
        thing = found["x"] or found["y"] or found["z"]
        if thing in ("the mask", "the selection"):
            return Frame("show", name="mask")
        thing = re.sub(r" (?:hiding|sitting|standing|hidden|gone|located|placed|at)$", "", thing)
        if not _has_look(thing):
            return Frame("show", target=thing)
    if _THINGS.fullmatch(said) and re.search(r"\bsee\b|\bin\b|\bthings\b", said):
        return Frame("show", name="things")
    if _ORIGINAL.fullmatch(said):
        return Frame("show", target="original")
    if _SHOW_PICTURE.fullmatch(said):
        return Frame("show", target="picture")
    found = _SHOW_THING.fullmatch(said)
    noun = parse(found["x"]).noun[-1:] if found else ()
    several = found is not None and re.search(
        r" in (?:two|three|four|five|six|some|a few|different)\b", found["x"]
    )
    if found and _BACK_WHEN.fullmatch(said):
        return None  # "the one before the table" is a version
    if found and noun and is_thing(stem(noun[0])) and not _has_look(found["x"]) and not several:
        # what is hidden is put back
        hidden = layers_about(found["x"], context, visible=False)
        return None if hidden else Frame("zoom", target=found["x"])
    return None


def _compared(said: str, context: Context) -> Frame | None:
    found = _DIFFERENCE.fullmatch(said)
    if found is not None:
        return Frame("compare", name=found["a"] or found["a2"] or "", prompt="difference")
    found = _match(_COMPARE, said)
    if found is None:
        return None
    names = [name for name in (found["a"], found.groupdict().get("b")) if name]
    both = version_named(" ".join(names[:1]), context)
    if both is None and len(names) == 1 and not re.search(r"version|\d|original|base", names[0]):
        return None  # "compare it with the neighbours'"
    return Frame("compare", name=" | ".join(names))


def _versions(said: str, context: Context) -> Frame | None:  # noqa: ARG001
    found = _BACK_WHEN.fullmatch(said)
    if found is None or re.search(r"\b(?:it|that|this|everything|all)$", found["x"]):
        return None
    when = re.split(r",? and (?:then )?(?=(?:make|paint|turn|put|give|remove|add)\b)", found["x"])[0]
    return Frame("goto", name=when)


def _masked(said: str, context: Context) -> Frame | None:
    visible = [layer for layer in context.layers if layer.visible]
    sizes: tuple[tuple[str, tuple[str, ...]], ...] = (("grow", _GROW), ("shrink", _SHRINK))
    for how, wordings in sizes:
        if found := _match(wordings, said):
            of = found.groupdict().get("of") or ""
            of = "" if of in _IT else of
            return Frame("mask", name=how, prompt=said, like=of) if visible or "mask" in said else None
    if re.fullmatch(_INVERT, said):
        return Frame("mask", name="invert")
    if re.fullmatch(rf"(?:make )?{_MASK} (?:be )?softer|softer (?:edges?|mask)|soften {_MASK}", said):
        return Frame("mask", name="soften")
    if command_steps.BOX.fullmatch(said):
        return Frame("mask", name="box", target=said)
    last = focused_layers(context)[-1:]
    if not last or not last[0].visible or last[0].kind == "add":
        return None
    for how, patterns in (("subtract", _SUBTRACT), ("add", _ADD)):
        found = _match(patterns, said)
        if found is None:
            continue
        thing = parse(found["x"])
        whole = parse(object_of(last[0]))
        own = same_thing(thing, object_of(last[0])) and is_plural(thing.noun) == is_plural(whole.noun)
        put_there = [
            each for each in layers_about(found["x"], context, visible=True) if each.id != last[0].id
        ]
        named = how == "add" or not put_there  # "without the cat" takes the cat out that was put there
        if thing.noun and not own and named and not re.search(r"[,;]| and | for (?:a|the) ", found["x"]):
            return Frame("mask", name=how, target=found["x"])
    if found := _PART.fullmatch(said):
        return Frame("mask", name="add", target=found["x"])
    return None


def _ordered(said: str, context: Context) -> Frame | None:
    verb, end, beside = _ORDERED
    found = re.fullmatch(rf"{verb} {_X}(?P<layer> {_LAYERED})? (?P<where>{end}|{beside})", said)
    if found is None:
        return None
    frame = _about("order", found["x"])
    where = found["where"]
    frame = Frame("order", target=frame.target, reference=frame.reference, name=where)
    if found["layer"] or re.search(rf" {_LAYERED}$", where):
        return frame
    at_end = re.fullmatch(end, where) is not None
    if not said.startswith(("bring ", "send ")) and not (at_end and said.startswith("put ")):
        return None  # "push the chair to the back", "put the plant behind the sofa" move things
    done = command_steps.order(frame, context)
    return frame if all(step.do == "reorder" for step in done.steps) else None


def _dropped(said: str, context: Context) -> Frame | None:  # noqa: ARG001
    found = _match(_DROPPED, said)
    if found is None:
        return None
    named = found.groupdict()
    if named.get("all"):
        return Frame("drop", target="all hidden layers")
    if named.get("numbered"):
        return Frame("drop", target=named["numbered"])
    words = (named.get("x") or "").strip()
    if words in ("last", "the last") and "layer" in said:
        return Frame("drop", target="the last layer")
    if words in ("last", "the last", "latest", "the latest", "my last", "all", "all the", "the", "my"):
        return None
    ordinal = words.removeprefix("the ").split()[-1:] or [""]
    if ordinal[0] in ORDINALS and words.removeprefix("the ") in ORDINALS:
        return (
            Frame("drop", target=f"the {ordinal[0]} change")
            if re.search(_GOOD, said) or "layer" in said
            else None
        )
    if not re.search(rf"\blayers?\b|{_GOOD}", said):
        return None  # "undo the sofa change" hides it
    return _about("drop", words)
