"""What the record of a conversation says: answers to questions about it, and versions by when they were."""

from __future__ import annotations

import re

from agent.planner.context import Context, LayerView, VersionView
from agent.planner.frames import Frame
from agent.planner.plan import Tell
from agent.planner.resolve.layers import layers_about, layers_referred, object_of, same_thing, stem
from agent.planner.resolve.resolution import Done
from agent.planner.resolve.wording import definite, short, target_of
from tools.language.lexicon import NUMBERS
from tools.language.noun_phrases import Phrase, parse

_HELP = (
    "Say what to change, and into what: “make the sofa red leather”, “remove the lamp”, “a plant in the"
    " corner”, “undo”. /help lists the commands."
)


def changes(context: Context) -> str:
    """What is changed in the picture now, in one sentence."""
    visible = [layer for layer in context.layers if layer.visible]
    if not visible:
        return "Nothing is changed: this is the original."
    return "Changed: " + "; ".join(map(change_told, visible)) + "."


def change_told(layer: LayerView) -> str:
    """A layer's change in a few words: "sofa → a red sofa"."""
    match layer.kind:
        case "remove":
            return f"{short(layer.target)} removed"
        case "add":
            return f"{layer.prompt} {layer.target}"
    return f"{short(layer.target)} → {layer.prompt}"


def tell(frame: Frame, context: Context) -> Done:
    """The answer to a question that a parser read; never an edit."""
    thing = _spoken_of(frame, context)
    match frame.name:
        case "changes" if frame.target and not _is_all(thing):
            return Done((), (_changes_of(thing, context),))
        case "changes":
            return Done((), (changes(context),))
        case "check" if thing and frame.prompt:
            return Done((Tell(about=target_of(thing), asked="so", look=frame.prompt),), ())
        case "check" | "look" if thing and not _is_all(thing):
            return Done((Tell(about=target_of(thing), asked="colour"),), ())
        case "check" | "look":
            return Done((), (_UNKNOWN,))
        case "versions":
            return Done((), (versions_told(context, listed=False),))
        case "advice":
            return Done((), ("That is up to you; “show me three versions of …” helps to choose.",))
    return Done((), (_HELP,))


_UNKNOWN = (
    "I cannot tell you that: I can say what was changed, which colour a thing has or had, and which layers"
    " and versions there are."
)


def _spoken_of(frame: Frame, context: Context) -> str:
    """The thing that a question is about, in words; empty for none."""
    if frame.target or not frame.reference:
        return frame.target
    layers = layers_referred(frame, context)
    return object_of(layers[-1]) if layers else ""


def _is_all(thing: str) -> bool:
    noun = parse(thing).noun
    return bool(noun) and stem(noun[-1].lower()) in ("thing", "room", "picture", "everything", "layer", "all")


def _changes_of(target: str, context: Context) -> str:
    found = layers_about(target, context, visible=True)
    if not found:
        return f"I have not changed {definite(target)}."
    return "; ".join(map(change_told, reversed(found))).capitalize() + "."


def versions_told(context: Context, *, listed: bool) -> str:
    """Which version this is, and, ``listed``, which others there are and what each brought."""
    where = "the original" if context.head == 0 else f"version {context.head}"
    here = f"This is {where} of {context.versions}; /history lists them."
    if not listed or not context.history:
        return here
    last = range(max(0, context.versions - _MOST_LISTED), context.versions + 1)
    return f"{here} {'; '.join(_brought(number, context) for number in last)}."


_MOST_LISTED = 12
"""So many versions are told in an answer."""


def _brought(number: int, context: Context) -> str:
    """A version's number, its names, and what it brought."""
    names = [f"“{name}”" for name, version in context.marks if version == number]
    names += [f"saved as {path}" for path, version in context.saves if version == number]
    called = f" ({', '.join(names)})" if names else ""
    if not number:
        return f"0 the original{called}"
    version = context.history[number]
    before = {layer.id: layer for layer in context.history[version.parent].layers}
    told = []
    for layer in version.layers:
        was = before.get(layer.id)
        if layer == was:
            continue
        told.append(change_told(layer) if layer.visible else f"{short(object_of(layer))} taken back")
    told += [f"{short(object_of(was))} dropped" for each, was in before.items() if not _has(version, each)]
    return f"{number} {', '.join(told) or 'another shade, order or mask'}{called}"


def _has(version: VersionView, layer: int) -> bool:
    return any(each.id == layer for each in version.layers)


def layers_told(context: Context) -> str:
    """How many layers there are, and which."""
    pile = {layer.id for layer in context.at_head.layers}
    there = [layer for layer in context.layers if layer.id in pile and not layer.dropped]
    if not there:
        return "There are no layers: this is the original."
    told = "; ".join(
        f"{layer.id} {change_told(layer)}{'' if layer.visible else ' (hidden)'}" for layer in there
    )
    return f"{_COUNTS.get(len(there), str(len(there)))} {'layer' if len(there) == 1 else 'layers'}: {told}."


_COUNTS = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight", 9: "Nine"}


def nth_told(number: int, context: Context, *, kind: str = "", among: tuple[str, ...] = ()) -> str:
    """Which change was the first (1) or the last (-1) on the way here: of all, of a kind, of some things."""
    came = [(layer, version) for layer, version in _came(context) if not kind or layer.kind == kind]
    if among:
        named = [parse(name) for name in among]
        came = [each for each in came if any(same_thing(one, object_of(each[0])) for one in named)]
    if not came or abs(number) > len(came):
        return "Nothing was changed so far." if not came else f"There were only {len(came)} changes."
    layer, version = came[number - 1 if number > 0 else number]
    told = change_told(layer) if layer.visible else f"{short(object_of(layer))} taken back"
    now = next((each for each in context.layers if each.id == layer.id), layer)
    since = ""
    if layer.visible and not now.visible:
        since = "; since then it was taken back"
    elif layer.visible and (now.prompt, now.kind) != (layer.prompt, layer.kind):
        since = f"; now it is: {change_told(now)}"
    return f"{_ORDER.get(number, 'That one')} was: {told} (version {version}){since}."


_ORDER = {1: "The first", 2: "The second", 3: "The third", -1: "The last"}


def _came(context: Context) -> list[tuple[LayerView, int]]:
    """The changes on the way from the original to the head, in their order, with their versions."""
    found = []
    for number in sorted(context.way):
        there = {layer.id: layer for layer in context.history[number].layers}
        found += [(there[each], number) for each in context.history[number].focus if each in there]
    return found


def saves_told(context: Context) -> str:
    """Whether the picture as it is now is saved, and what is."""
    if not context.saves:
        return "No, nothing is saved yet."
    here = [path for path, version in context.saves if version == context.head]
    if here:
        return f"Yes, as {here[-1]}: that is version {context.head}, as it is now."
    path, version = context.saves[-1]
    what = f"version {version}" if version else "the original"
    now = f"version {context.head}" if context.head else "the original"
    return f"Not as it is now: {path} is {what}, and this is {now}."


def names_told(context: Context) -> str:
    """Which versions have a name."""
    if not context.marks:
        return "No version has a name yet: “call this one warm” gives it one."
    return "; ".join(f"“{name}” is version {version}" for name, version in context.marks) + "."


_WHEN = re.compile(r"(?:\b(before|after)\b|\b(?:when|with|where)\b)\s*(.*)", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:the )?(?:version |number |no\.? |v|#)*(?P<number>\d{1,4}|\w+)(?: version)?")
_ORIGINAL = re.compile(
    r"(?:the |my )?(?:very )?(?:original|base|start|beginning|untouched|unedited|initial|first)"
    r"(?: (?:one|picture|image|photo|room|version|state))?"
)
_LAST = re.compile(r"(?:the )?(?:last|newest|latest)(?: (?:one|version|picture))?")


def version_named(name: str, context: Context) -> int | None:
    """The version that words name: by its number, by the name that it was given, as the original or the last
    one, or by what was so then ("before the walls", "when the sofa was red"). None where there is none.
    """
    said = " ".join(name.lower().strip(" \"'“”").split())
    marks = {path.lower(): version for path, version in context.saves} | dict(context.marks)
    for words in (said, said.removeprefix("the "), said.removeprefix("the ").removesuffix(" version")):
        if words in marks and marks[words] <= context.versions:
            return marks[words]
    if _ORIGINAL.fullmatch(said):
        return 0
    if _LAST.fullmatch(said):
        return context.versions
    if (numbered := _NUMBERED.fullmatch(said)) is not None:
        word = numbered["number"]
        number = int(word) if word.isdigit() else NUMBERS.get(word)
        if number is not None:
            return number
    return _version_when(said, context)


def _version_when(said: str, context: Context) -> int | None:
    found = _WHEN.search(said)
    words = re.sub(r"^(?:i|we|you) \w+ ", "", found[2] if found else "")
    if not found or not words:
        return None
    thing, _, look = re.sub(r"\b(?:still|was|were|is|are|had)\b", "|", words).partition("|")
    if not look.strip(" |"):  # "with the red sofa"
        described = parse(thing.strip())
        look = " ".join(word for each in described.looks for word in each.words)
        thing = f"the {' '.join(described.noun)}" if look and described.noun else thing
    looks = {stem(word) for word in re.sub(r"\W+", " ", look).split()} - _SMALL
    phrase = parse(thing.strip())
    if not phrase.noun:
        return None
    so = [number for number in range(len(context.history)) if _was_so(phrase, looks, number, context)]
    if not so:
        return None
    way = {0, *context.way}
    if found[1] is None and context.head not in so:
        return max(so, key=lambda number: (number in way, number))  # the newest that was so
    first = min(so, key=lambda number: (number not in way, number))
    return context.history[first].parent if found[1] == "before" else first


def _was_so(phrase: Phrase, looks: set[str], number: int, context: Context) -> bool:
    """Whether a thing had been changed in a version, and had these looks."""
    return any(
        layer.visible
        and (same_thing(phrase, object_of(layer)) or same_thing(phrase, layer.target))
        and looks <= {stem(word) for word in layer.prompt.lower().split()}
        for layer in context.history[number].layers
    )


_SMALL = frozenset({"in", "a", "an", "the", "made", "of"})
