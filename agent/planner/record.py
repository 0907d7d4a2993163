"""What the record of a conversation says: answers to questions about it, versions by when they were, and one
honest sentence for what is understood and cannot be done by sentence yet.
"""

from __future__ import annotations

import re

from agent.plan import Goto
from agent.planner.base import Context, LayerView
from agent.planner.english.phrase import parse
from agent.planner.frames import Frame
from agent.planner.layers import layers_about, object_of, same_thing, stem
from agent.planner.outcome import Done, ask
from agent.planner.wording import definite, short

_LATER = {
    "mark": "I cannot give versions names yet; they have numbers, see /history.",
    "more": "I cannot paint more like one of them yet; pick one, or say what shall be different.",
    "swap": "I cannot exchange two things in one step yet; say what each of them shall look like.",
    "order": "The order of the changes cannot be changed yet.",
    "mask": "A mask cannot be changed by a sentence yet; name the thing otherwise, or give a mask to `edit`.",
    "show": "Type /show to see the picture, or /show vN for version N.",
    "zoom": "I cannot zoom yet; /save the picture and look at it in a viewer.",
    "save": "Type /save FILE to save the picture.",
    "open": "Type /open FILE to go on with another picture.",
}
_HELP = (
    "Say what shall change, and into what: “make the sofa red leather”, “remove the lamp”, “a plant in the"
    " corner”, “undo”. /help lists the commands."
)


def later(frame: Frame) -> Done:
    """The sentence for an act that is understood and cannot be done by a sentence yet."""
    return Done((), (_LATER[frame.act],))


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
        case "things":
            return Done((), ("Name a thing and I look for it; what I do not find, I say.",))
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


_BEFORE = re.compile(r"(?:\b(before|after)\b|\b(when|with)\b)\s*(.*)", re.IGNORECASE)


def go_to_named(name: str, context: Context) -> Done:
    """To the version that words name: "before the walls", "after the lamp", "when the sofa was red"."""
    found = _BEFORE.search(name)
    words = re.sub(r"^(i|we|you) \w+ ", "", found[3] if found else "", flags=re.IGNORECASE)
    if not found or not words or not context.history:
        return ask(f"I know no version called “{name}”; which number shall it be? /history lists them.")
    thing, _, look = re.sub(r"\b(?:still|was|were|is|had)\b", "|", words).partition("|")
    phrase = parse(thing.strip())
    looks = {stem(word) for word in re.sub(r"\W+", " ", look.lower()).split()}
    for number, version in enumerate(context.history):
        for layer in version.layers:
            about = same_thing(phrase, object_of(layer)) or same_thing(phrase, layer.target)
            if about and layer.visible and looks <= {stem(word) for word in layer.prompt.lower().split()}:
                wanted = version.parent if (found[1] or "").lower() == "before" else number
                return Done((Goto(version=wanted),), (f"version {wanted}" if wanted else "the original",))
    return ask(f"I find no version {name}; which number shall it be? /history lists them.")
