"""Questions that are of no thing in the picture: what the program can do, where pictures go, and what colours
are. They get an answer; none of them is an edit.

What can be asked of this very picture ("can you make the sofa red?", "which colour is the rug?") is left to
the others. Pure functions over a sentence.
"""

from __future__ import annotations

import re

import numpy as np

from agent.planner.plan import Plan
from tools.language.colours import sort_of, to_rgb, value_of

_EDGE = (
    r"^(?:(?:ok(?:ay)?|so|and|but|well|hm+|hey|oh|hi|hello|sorry|no|please|right|um+|er+m?|wait|actually"
    r"|just (?:asking|curious|wondering|out of interest)|out of interest|quick question|by the way|silly"
    r" question)[ ,:.!–-]+)*"
)
_PROGRAM = (
    r"(?:this (?:thing|app|program(?:me)?|tool|site|software|one)|the (?:app|program(?:me)?|tool|computer"
    r"|machine|software)|these (?:things|programs|apps|tools)|inpalla)"
)
_HEARD = re.compile(
    rf"{_EDGE}(?!nobody\b|no one\b)(?:is it (?:true|right|correct)|(?:i|we|i've|we've)(?: once"
    rf"| just| have)? (?:heard|read|saw"
    rf"|seen|was told|were told)|(?:they|people|folks) (?:say|tell me|told me|told us|reckon)"
    rf"|[\w' -]{{3,40}}? (?:told|tells) (?:me|us)|(?:some(?:one|body)|a (?:friend|mate|colleague)|my [\w-]+)"
    rf"(?: [\w ]+?)? (?:said|says|reckons?|claims?|swears?)|apparently)(?: that| somewhere)?,? "
    rf"(?:you|it|this|{_PROGRAM}|people|computers) (?:can|could|are able to|is able to|know how to)"
    r" (?P<what>.+)$",
    re.IGNORECASE,
)
""" "Somebody told me you can take a lamp out of a photo, is that true?"."""
_ABLE = re.compile(
    rf"{_EDGE}(?:can|could|does|do|will|would|is|are) {_PROGRAM} (?P<what>.+)$|{_EDGE}(?:are you able to"
    r"|do you know how to) (?P<you>.+)$",
    re.IGNORECASE,
)
_OF_THIS_PICTURE = re.compile(
    r"\b(?:the|my|our|that|those|these|this) (?!(?:picture|photo|image|app|program|computer|way|sort|kind)\b)"
    r"\w+|\bit\b",
    re.IGNORECASE,
)
"""It asks for something to be done here."""
_IS_IT_SO = re.compile(
    r"[,;.!?–-]* *(?:is|can|could) (?:it|that|this) (?:be )?(?:so|true|right|correct|real)\b.*$"
)
_ANSWERS = (
    (
        r"remov|take\b.*\bout|take\b.*\baway|disappear|vanish|delet|eras|get rid|\bhide",
        "Yes, I can take things out of a picture: say which, such as “remove the lamp”.",
    ),
    (r"\bmov(?:e|ing)\b|rotat|\bturn\b.*\b(?:round|around)", "No, I cannot move or turn things."),
    (
        r"swap|replac|exchang|\bfor another\b|\binto an?\b",
        "Yes: say what for what, such as “replace the cat with a dog”.",
    ),
    (r"\badd|\bput\b|insert|\bplace\b|furnish", "Yes: say what and where, such as “a plant in the corner”."),
    (
        r"colou?r|paint|chang|leather|wood|make\b|look like|\bturn\b|decorat|wallpaper",
        "Yes: say what to change, and into what, such as “make the sofa red leather”.",
    ),
)
_WHAT_I_DO = (
    "Say what to change, and into what: “make the sofa red leather”, “remove the lamp”, “a plant in the"
    " corner”, “undo”. /help lists the commands."
)

_KEPT = re.compile(
    rf"{_EDGE}(?:(?:will|do|does|are|is|can|who|where)\b[^.!]*\b(?:my|our|this|the|these) (?:photos?"
    r"|pictures?|pics?|images?|data|files?)\b[^.!]*\b(?:kept|stored|saved|uploaded|sent|shared|go|going|private|safe"
    r"|secure|online|cloud|internet|seen|sees?)\b|(?:do|will|are|can) you (?:keep|store|upload|send|share"
    r"|see|sell|going to keep)\w* (?:my|our|these|people's) (?:photos?|pictures?|pics?|images?|data)\b"
    r"|is (?:this|it|all this|everything) (?:private|safe|secure|confidential|online|in the cloud)\b)"
    r"[^.!?]*\??$",
    re.IGNORECASE,
)
_STAYS_HERE = (
    "I work on this machine, and your picture is sent nowhere. Sessions are kept in your user data folder;"
    " `inpalla sessions` lists and clears them."
)
_COSTS = re.compile(
    rf"{_EDGE}(?:(?:does|do|will) (?:it|this|that|you|each \w+|every \w+) (?:cost|charge)\b"
    r"(?! the| more than)[^.!?]*|is (?:it|this|that|the app"
    r"|the program) (?:all )?(?:for )?free\b[^.!?]*|do (?:i|we) have to"
    r" pay\b[^.!?]*)\??$",
    re.IGNORECASE,
)
_FREE = "It costs nothing: I run on your own machine."

_C = r"(?:(?:a|an|the colou?r) )?(?P<{}>[a-z]+(?:[ -][a-z]+)??)"
_ONE, _TWO, _THREE = (_C.format(name) for name in ("one", "two", "three"))
_DIFFERENCE = re.compile(
    rf"{_EDGE}(?:what(?:'s| is|s)? (?:actually |exactly )?the difference (?:between|with)|is there (?:a|any)"
    rf"(?: real| big)? difference between|how (?:do|does|is|are)) {_ONE} (?:and|vs|versus|from) {_TWO}"
    r"(?: (?:differ(?:ent)?|anyway|exactly|then))*[ ?.!]*$",
    re.IGNORECASE,
)
_WHAT_IS = re.compile(
    rf"{_EDGE}(?:what(?: on earth| the \w+)?(?:'s| is|s)|what (?:sort|kind) of (?:a )?(?:colou?r|shade) is"
    rf"|what colou?r is|what(?:'s| does) (?:a )?|remind me what) {_ONE}"
    r"(?: (?:exactly|anyway|actually|again|then|like|as a colou?r|for a colou?r|look like|mean|is))*[ ?.!]*$",
    re.IGNORECASE,
)
_NEARER = re.compile(
    rf"{_EDGE}is {_ONE} (?:more |rather |really |closer to |nearer to )*(?:of )?(?:an? )?{_TWO},? or"
    rf" (?:more |rather |closer to |nearer to )*(?:of )?(?:an? )?{_THREE}[ ?.!]*$",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    rf"{_EDGE}is {_ONE} (?:a (?:bit|lot) |much |any )?(?:darker|lighter|brighter|paler|warmer|cooler|stronger"
    rf"|more (?:vivid|muted|intense)) than {_TWO}(?: then| really)?[ ?.!]*$",
    re.IGNORECASE,
)
_SEEN, _WARMTH_SEEN = 0.03, 0.02
"""By how much colours differ for it to be said, in Oklab."""


def read(sentence: str) -> Plan | None:
    """The answer to a question that is of no thing in the picture; None for any other sentence."""
    said = " ".join(sentence.replace("’", "'").split())
    answer = _of_colours(said) or _of_the_program(said)
    return Plan(say=answer) if answer else None


def _of_the_program(said: str) -> str:
    if _KEPT.match(said):
        return _STAYS_HERE
    if _COSTS.match(said):
        return _FREE
    found = _HEARD.match(said) or _ABLE.match(said)
    if found is None:
        return ""
    what = _IS_IT_SO.sub("", next(filter(None, found.groups()), "").lower())
    if _OF_THIS_PICTURE.search(what):
        return ""
    return next((answer for words, answer in _ANSWERS if re.search(words, what)), _WHAT_I_DO)


def _of_colours(said: str) -> str:
    if (found := _DIFFERENCE.match(said) or _COMPARED.match(said)) is not None:
        return _difference(found["one"].lower(), found["two"].lower())
    if (found := _NEARER.match(said)) is not None:
        return _nearer(*(found[name].lower() for name in ("one", "two", "three")))
    if (found := _WHAT_IS.match(said)) is not None:
        name = found["one"].lower()
        value = value_of(name)
        if value is None:
            return ""
        sort = sort_of(value)
        return f"{name.capitalize()} is {'' if name in sort else f'{sort}, '}{_code(name)}."
    return ""


def _code(name: str) -> str:
    value = value_of(name)
    assert value is not None
    parts = np.clip(np.round(to_rgb(value)), 0, 255).astype(int).tolist()
    return "#" + "".join(f"{part:02x}" for part in parts)


def _difference(one: str, other: str) -> str:
    """How one colour differs from another: "Navy (#000080) is lighter and more vivid than …"."""
    here, there = value_of(one), value_of(other)
    if here is None or there is None:
        return ""
    lightness = here[0] - there[0]
    chroma = float(np.hypot(*here[1:]) - np.hypot(*there[1:]))
    words = []
    if abs(lightness) > _SEEN:
        words.append("lighter" if lightness > 0 else "darker")
    if abs(chroma) > _SEEN:
        words.append("more vivid" if chroma > 0 else "more muted")
    if abs(here[2] - there[2]) > _WARMTH_SEEN and not words:
        words.append("warmer" if here[2] > there[2] else "cooler")
    first, second = f"{one.capitalize()} ({_code(one)})", f"{other} ({_code(other)})"
    if not words:
        return f"{first} and {second} are nearly the same."
    return f"{first} is {' and '.join(words)} than {second}."


def _nearer(name: str, one: str, other: str) -> str:
    """Which of two colours a third is nearer to by its hue."""
    values = [value_of(each) for each in (name, one, other)]
    if any(value is None for value in values):
        return ""
    hues = [np.arctan2(value[2], value[1]) for value in values if value is not None]
    away = [abs(float(np.angle(np.exp(1j * (hue - hues[0]))))) for hue in hues[1:]]
    nearer = one if away[0] <= away[1] else other
    return f"{name.capitalize()} ({_code(name)}) is nearer to {nearer}."
