"""What the record of a conversation says: answers to questions about it, and versions by when they were."""

from __future__ import annotations

import re

from agent.planner.base import Context, LayerView
from agent.planner.english.lexicon import NUMBERS
from agent.planner.english.phrase import Phrase, parse
from agent.planner.frames import Frame
from agent.planner.layers import layers_about, object_of, same_thing, stem
from agent.planner.outcome import Done
from agent.planner.wording import definite, short

_HELP = (
    "Say what shall change, and into what: “make the sofa red leather”, “remove the lamp”, “a plant in the"
    " corner”, “undo”. /help lists the commands."
)


def changes(context: Context) -> str:
    """What is changed in the picture now, in one sentence."""
    visible = [layer for layer in context.layers if layer.visible]
    if not visible:
        return "Nothing is changed: this is the original."
    return "Changed: " + "; ".join(map(_change, visible)) + "."


def _change(layer: LayerView) -> str:
    match layer.kind:
        case "remove":
            return f"{short(layer.target)} removed"
        case "add":
            return f"{layer.prompt} {layer.target}"
    return f"{short(layer.target)} → {layer.prompt}"


def tell(frame: Frame, context: Context) -> Done:
    """The answer to a question about the work, from the record; never a step."""
    match frame.name:
        case "changes" if frame.target:
            return Done((), (_changes_of(frame.target, context),))
        case "changes":
            return Done((), (changes(context),))
        case "check" | "look":
            return Done((), (_is_so(frame, context),))
        case "versions":
            where = "the original" if context.head == 0 else f"version {context.head}"
            return Done((), (f"This is {where} of {context.versions}; /history lists them.",))
        case "advice":
            return Done((), ("That is for you to say; “show me three versions of …” helps to choose.",))
    return Done((), (_HELP,))


def _changes_of(target: str, context: Context) -> str:
    found = layers_about(target, context, visible=True)
    if not found:
        return f"I have not changed {definite(target)}."
    return "; ".join(map(_change, reversed(found))).capitalize() + "."


def _is_so(frame: Frame, context: Context) -> str:
    found = layers_about(frame.target, context, visible=True) if frame.target else ()
    if not found:
        thing = definite(frame.target) if frame.target else "that"
        return f"I have not changed {thing}: it is as in the original."
    newest = found[0]
    if frame.name == "look":
        return _change(newest).capitalize() + "."
    wanted = {stem(word) for word in frame.prompt.lower().split()}
    has = {stem(word) for word in newest.prompt.lower().split()}
    return f"{'Yes' if wanted and wanted <= has else 'I made it so'}: {_change(newest)}."


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
    marks = dict(context.marks)
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
    if not found or not words or not context.history:
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
    way = _way(context)
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


def _way(context: Context) -> set[int]:
    """The versions from the base picture to the head."""
    number, way = context.head, {0}
    while number:
        way.add(number)
        number = context.history[number].parent
    return way
