"""Sentences that give a file or a box: the colour of a picture, a mask, an edit within two corners."""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.planner.context import Context
from agent.planner.frames import Frame
from agent.planner.plan import Edit, Plan, Save, Step, Variations
from agent.planner.resolve import command_steps
from agent.planner.resolve.layers import focused_layers
from agent.planner.resolve.resolution import Done, as_plan, ask
from agent.planner.resolve.wording import new_thing, restyled
from tools.language.chunking import is_look
from tools.language.file_names import whole_name

Planned = Callable[[str, Context], Plan]
"""Plans a part of a sentence that is a sentence of its own."""

_FILE = re.compile(
    r"(?:[\"'“](?P<quoted>[^\"“”]+\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|avif))[\"'”]"
    r"|(?P<bare>[^\s,;:!?\"'“”]+\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|avif))\b)",
    re.IGNORECASE,
)
_COLOUR_FROM = re.compile(
    r"(?P<before>.*?)[ ,]*(?:\b(?:in|with|to|into|like|use|using|take|have|as) )?(?:the |its |that |exactly "
    r"|same )*(?:main |dominant )?(?:colou?rs?|shade|tone|hue)s? (?:of|from|in|as in|on|as) (?:the |my "
    r"|this )?(?:(?:picture|photo|image|file) )?$",
    re.IGNORECASE,
)
_WITH_MASK = re.compile(
    r"(?:(?:and|now|then|ok(?:ay)?|here|so)[ ,]+)*"
    r"(?:(?:use|take|load|apply|read|import|with|using|in|within|by"
    r"|inside|here is|here's|there is|there's|i have|i've (?:got|drawn|made|painted)|i (?:drew|made"
    r"|painted)) )?(?:the |a |my )?(?:mask |selection |file )*$",
    re.IGNORECASE,
)
_THERE = re.compile(
    r"(?:make|paint|colou?r|turn|do)(?: (?:it|that|this|there|all of it|everything))?(?: in)? (?P<look>.+)"
)
_IT_THERE = re.compile(
    r"(?:make|paint|colou?r|turn) (?:it|that|this|there|all of it|everything)(?: in)? (?P<look>.+)"
)
_PUT = re.compile(
    r"(?:put|add|place|draw|paint|set|i want|have)(?: me)? (?P<thing>(?:an?|some|two|three|another) .+)"
)

_SAVING = re.compile(r"\b(?:save|store|export|sav|safe)\b", re.IGNORECASE)
_KEEPING = re.compile(
    r"\b(?:keep|write|put|dump|output|download|call|name|back ?up)\b(?!.*\bcolou?rs?\b).*"
    r"\b(?:as|to|into|under|file|it|this|that|called|named|name|picture)[ :,]*(?:the file )?[\"'“]?$",
    re.IGNORECASE,
)
"""What is said before a file that the picture is to be saved as."""
_INSIDE = re.compile(
    r"\b(?:just |only )?(?:(?:that|the|this) (?:area|part|region|corner|selection|mask|bit|place)"
    r"|what(?:'s| is) (?:in|inside) (?:there|it|that)|(?:in|inside) (?:there|it))(?= |$)",
    re.IGNORECASE,
)
_SHADED = re.compile(
    r"(?P<verb>darken|lighten|brighten|tint|colou?r)(?: it)?(?P<degree> (?:a (?:little|bit|touch|lot)"
    r"|slightly|much))?",
    re.IGNORECASE,
)
_STEPS = {"darken": "darker", "lighten": "lighter", "brighten": "lighter"}

_STAND_IN = "chartreuse"
"""Stands for a colour that a picture file has while the rest of the sentence is planned."""


def _with_stand_in(sentence: str) -> tuple[str, str] | None:
    """A sentence with a colour of a picture file in it, with the stand-in for it, and the file."""
    found = _FILE.search(sentence)
    colour = _COLOUR_FROM.fullmatch(sentence[: found.start()]) if found else None
    if found is None or colour is None:
        return None
    rest = sentence[found.end() :]
    return f"{colour['before']} {_STAND_IN}{rest}".strip(), found["quoted"] or found["bare"]


def with_file(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of a sentence with a picture file in it: its colour, or its mask."""
    found = _FILE.search(sentence)
    if found is None:
        return None
    path = found["quoted"] or found["bare"]
    if (likened := _LIKENED.search(sentence)) is not None:
        words = sentence[: likened.start()].split()
        words = words[:-1] if len(words) > 1 and is_look(words[-1].lower()) else words
        return planned(f"{' '.join(words)} in the colour of {path}{sentence[found.end() :]}", context)
    before, after = sentence[: found.start()], sentence[found.end() :]
    if _SAVING.search(before) or _KEEPING.search(before):
        return as_plan(Done((Save(path=whole_name(sentence, path)),), ()))
    if _COMPARING.search(sentence) and any(path == saved for saved, _ in context.saves):
        frame = Frame("compare", name=path, prompt="difference" if "differ" in sentence.lower() else "")
        return command_steps.acted(frame, context)
    if (taken := _TAKEN.fullmatch(sentence)) is not None:
        return planned(f"{taken['x']} in the colour of {path}", context)
    if (standing := _with_stand_in(sentence)) is not None:
        if standing[0] == _STAND_IN:
            layers = tuple(layer for layer in focused_layers(context) if layer.visible)
            if not layers:
                return as_plan(ask(f"What should have the colour of {path}?"))
        made = planned(standing[0], context)
        steps = tuple(_of_file(step, path) for step in made.steps)
        if steps != made.steps:
            return Plan(say=made.say.replace(_STAND_IN, f"the colour of {path}"), steps=steps)
    elif _WITH_MASK.fullmatch(before):
        rest = re.sub(
            r"^(?: as (?:the |a )?mask| in the folder| there)?[ ,;:.]*(?:and |then |to )*", "", after
        ).strip()
        rest = _INSIDE.sub("it", rest)
        if (shaded := _SHADED.fullmatch(rest.strip(" .!"))) and shaded["verb"].lower() in _STEPS:
            rest = f"make it{shaded['degree'] or ''} {_STEPS[shaded['verb'].lower()]}"
        if not rest:
            return command_steps.acted(Frame("mask", name="file", target=path), context)
        if not rest.lower().startswith(("for ", "on ", "as ")):
            return _within(rest, path, context, planned)
    elif re.search(r"\b(?:mask|selection)\b", before):
        return command_steps.acted(Frame("mask", name="file", target=path), context)
    return Plan(say=command_steps.colour_alone(path))


_LIKENED = re.compile(
    r",? (?:just |exactly )?like (?:the one )?(?:in|on) (?=[\"'“]?[^\s,;]+\.\w{3,4}\b)", re.IGNORECASE
)
""" "Turquoise, like in photo.jpg"."""
_COMPARING = re.compile(r"\b(?:compare|differ\w*|against|versus|vs)\b", re.IGNORECASE)
_TAKEN = re.compile(
    r".*?(?P<path>\S+\.\w{3,4})\b.*?\b(?:take|use|get|pick|want)\b (?:me )?(?:the |its |that )?colou?r"
    r"(?: (?:from|of|in) (?:that|it|there|this))?,? (?:for|on|to|as) (?P<x>(?:the|my|both|all the) [\w'"
    r" -]+?)[.!]*",
    re.IGNORECASE,
)
""" "There is a photo.jpg, take the colour from that for the rug"."""


def _of_file(step: Step, path: str) -> Step:
    """A step that gets the stand-in's colour with the picture's instead."""
    if not isinstance(step, Edit | Variations) or _STAND_IN not in (step.prompt or ""):
        return step
    words = [word for word in (step.prompt or "").split() if word != _STAND_IN]
    if words[:1] in (["a"], ["an"]) and len(words) > 1:
        words[0] = "an" if words[1][:1].lower() in "aeiou" else "a"
    return step.model_copy(update={"prompt": f"{' '.join(words)} the colour of {path}"})


def in_box(sentence: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of an edit in a box: "from 10%,40% to 30%,90% put a lamp"."""
    found = re.search(
        rf"(?:(?:in|within|inside) )?(?:the )?(?:box )?{command_steps.BOX.pattern}", sentence, re.IGNORECASE
    )
    if found is None:
        return None
    rest = re.sub(r"\s+", " ", f"{sentence[: found.start()]} {sentence[found.end() :]}").strip(" ,;:.")
    box = re.sub(r"^\D*?(?=\d)", "", found[0])
    if not rest:
        return command_steps.acted(Frame("mask", name="box", target=box), context)
    return _within(rest, box, context, planned)


def named_file(sentence: str) -> bool:
    """Whether a sentence names a picture file."""
    return _FILE.search(sentence) is not None


def saves(part: str) -> bool:
    """Whether a part of a sentence is about saving the picture as a file that it names."""
    found = _FILE.search(part)
    before = part[: found.start()] if found else ""
    return found is not None and (bool(_SAVING.search(before)) or bool(_KEEPING.search(before)))


def _within(rest: str, within: str, context: Context, planned: Planned) -> Plan | None:
    """The plan of an edit in a mask that the user gives, instead of a search."""
    low = rest.lower()
    if (new := _PUT.fullmatch(low)) is not None:
        edit = Edit(target="there", prompt=new_thing(new["thing"]), kind="add", within=within)
        return Plan(say=f"{edit.prompt} within {within}", steps=(edit,))
    there = re.fullmatch(r"(?:remove|erase|delete|clear)(?: (?:it|that|what is there|everything))?", low)
    if there is not None:
        edit = Edit(target="what is there", prompt="", kind="remove", within=within)
        return Plan(say=f"cleared within {within}", steps=(edit,))
    if (there := _IT_THERE.fullmatch(low.rstrip(" .!"))) is not None:
        edit = Edit(
            target="the area", prompt=restyled("the area", there["look"]), kind="restyle", within=within
        )
        return Plan(say=f"{edit.prompt} within {within}", steps=(edit,))
    made = planned(rest, context)
    edits = [step for step in made.steps if isinstance(step, Edit) and step.layer is None]
    if len(edits) == len(made.steps) == 1 and edits[0].target:
        return Plan(
            say=f"{made.say} within {within}", steps=(edits[0].model_copy(update={"within": within}),)
        )
    if (look := _THERE.fullmatch(low)) is not None:
        edit = Edit(
            target="the area", prompt=restyled("the area", look["look"]), kind="restyle", within=within
        )
        return Plan(say=f"{edit.prompt} within {within}", steps=(edit,))
    return as_plan(ask(f"What shall I do within {within}: put something there, or make it look like what?"))
