"""From lines (``docs/frames.md``) to frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from agent.planner.frames import COLOUR_OF, NO, REVERT, YES, Frame, Reference
from agent.planner.lines import Line
from agent.planner.reader.comparatives import turned
from agent.planner.reader.splitting import words_of
from agent.planner.resolve.wording import bare
from tools.kinds import Kind
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_thing, locative, noun_of, split
from tools.language.colours import value_of
from tools.language.noun_phrases import parse, sort_of
from tools.language.noun_phrases import words_of as words_of_looks
from tools.language.tokens import Token, Tokens

FOREIGN = (
    "I only understand English so far: what shall I change, and into what? A model of Ollama’s may read other"
    " languages: `--planner ollama:MODEL`."
)

_FILE = re.compile(r"\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|ora|psd)\b", re.IGNORECASE)


def frames_of(lines: Sequence[Line]) -> tuple[Frame, ...]:
    """The frames that lines stand for. A ``no`` before a wish makes it a correction, "the right one" after
    "the left door" is the right door, and what is said of "it" right after a look goes with that look.
    """
    frames: list[Frame] = []
    refused = False
    for number, line in enumerate(lines):
        if line.act == "talk" and len(lines) > 1 and (frames or number + 1 < len(lines)):
            continue
        if line.act == "no" and number + 1 < len(lines):
            refused = True
            continue
        frame = _frame(line)
        before = frames[-1] if frames else Frame("talk")
        if refused:
            frame, refused = replace(frame, correction=True), False
        elif _goes_on(before, frame):
            frames[-1] = replace(before, prompt=f"{before.prompt} and {frame.prompt}")
            continue
        if frames and frame == before:
            continue  # said twice
        frames.append(_with_noun(frame, before.target))
    return tuple(frames)


def _goes_on(before: Frame, frame: Frame) -> bool:
    """Whether a look is one more of the thing that was just spoken of."""
    plain = frame.reference == "it" and not frame.target and frame.prompt and not frame.spared
    looks = before.kind == frame.kind == "restyle" and not before.like and not frame.like
    return bool(plain and looks and before.prompt)


def _with_noun(frame: Frame, before: str) -> Frame:
    """ "The right one" with the noun of the thing before it in the sentence."""
    words, noun = frame.target.split(), bare(before).noun if before else ()
    if len(words) < 2 or words[-1] not in ("one", "ones") or not noun or noun[-1] in ("one", "ones"):
        return frame
    return replace(frame, target=" ".join((*words[:-1], *noun)))


def _frame(line: Line) -> Frame:
    first, second = line.field(0), line.field(1)
    match line.act:
        case "restyle" | "replace" | "remove" | "add" | "same":
            return _edit(line)
        case "variations":
            return _variations(line)
        case "more":
            return Frame("more", number=_number(first), name=second)
        case "pick":
            number = _number(first)
            return Frame("pick", number=number) if number is not None else _named("ask", first)
        case "undo" | "redo":
            return Frame("undo" if line.act == "undo" else "redo", number=_number(first) or 1)
        case "revert":
            if line.spared:
                return Frame("hide", reference="all", like=line.spared, prompt=REVERT)
            return replace(_named("hide", first), prompt=REVERT)
        case "hide":
            if line.spared:
                return Frame("hide", reference="all", like=line.spared)
            return replace(_named("hide", first), prompt="hide")
        case "back" | "refresh" | "drop":
            return replace(_named("back", first), act=line.act, spared=line.spared)
        case "goto":
            number = {"original": 0, "last": -1}.get(first, _number(first))
            return Frame("goto", number=number) if number is not None else Frame("goto", name=first)
        case "instead":
            return replace(_named("ask", first), correction=True) if first else Frame("ask", say=_WHICH)
        case "name":
            frame = _named("ask", first)
            return replace(frame, number=0) if locative(_tokens(first)) else frame  # a place
        case "keep":
            return Frame("keep", say="All right. Tell me when you want something changed.")
        case "leave":
            thing = "that" if first.startswith("<") else first
            return Frame("keep", target=first, say=f"All right, I leave {thing} as it is.")
        case "yes":
            return Frame("talk", prompt=YES)
        case "no":
            return Frame("talk", prompt=NO, say="All right.")
        case "talk":
            return Frame("talk")
        case "unclear":
            return Frame("ask")
        case "foreign":
            return Frame("ask", say=FOREIGN)
        case "move":
            return replace(_named("move", first), name=second)
        case "swap":
            return replace(_named("swap", first), like=second, name=line.field(2))
        case "order":
            return replace(_named("order", first), name=second)
        case "mask":
            return replace(_named("mask", second), name=first)
        case "tell":
            return replace(_named("tell", second), name=first, prompt=line.field(2))
        case "show" | "zoom":
            return replace(_named("show", first), act=line.act)
        case "compare":
            return Frame("compare", name=" | ".join(line.fields))
        case "mark" | "save" | "open":
            return replace(Frame("mark"), act=line.act, name=first, number=_number(second))
    return Frame("ask")


_WHICH = "Which one did you mean?"


def _edit(line: Line) -> Frame:
    thing, words = line.field(0), line.field(1)
    if line.act == "restyle":
        thing, words = _parted(thing, words)
    match line.act:
        case "remove":  # "wipe the crumbs off the counter": they are on it
            frame = replace(
                _named("edit", re.sub(r" off (?:of )?(?=the |my |our )", " on ", thing)), kind="remove"
            )
        case "add":
            if not words:
                return Frame("ask", target=thing, number=0)
            if surface := _covered(thing, words):
                return Frame("edit", "restyle", target=surface, prompt=words)
            there = thing == "<there>"
            frame = Frame("edit", "add", target="" if there else thing, prompt=words, also=there)
        case "same":
            like = "last" if words == "<last>" else words
            found = re.match(r"(?:the )?(?:same )?(?:colour|color) of (.+)", words)
            like = f"{COLOUR_OF}{found[1]}" if found and not _FILE.search(words) else like
            frame = replace(_named("edit", thing), kind="restyle", like=like)
        case _:
            frame = _named("edit" if words else "ask", thing)
            kind = cast("Kind", line.act)
            if kind == "restyle" and _is_thing(words, thing):
                part = bare(words).noun[-1:] and bare(words).noun[-1].lower() in _PARTS
                kind, words = ("restyle", f"with {words}") if part else ("replace", words)
            look = _toned(words, thing) if kind == "restyle" else words
            if kind == "replace" and _hangs_there(thing, words):
                return Frame("edit", "add", target=f"on {thing}", prompt=words)
            if words:
                frame = replace(frame, kind=kind, prompt=look)
            elif line.act == "replace":
                frame = replace(frame, kind="replace")
    spared = "" if line.spared == frame.target else line.spared
    return replace(frame, spared=spared)


_PARTS = lx.word_set("frame legs handles shade cover covers border trim edges pot")
"""What a thing gets and does not become: "the picture in a gold frame"."""
_HANGS = lx.word_set(
    "clock picture painting poster mirror lamp shelf calendar photo photograph print tapestry map"
)


def _hangs_there(thing: str, words: str) -> bool:
    """Whether a thing that hangs on a wall is to be where the wall is bare: "a clock there instead"."""
    noun, new = bare(thing).noun, bare(words).noun
    return bool(noun and new) and noun[-1].lower() in ("wall", "walls") and new[-1].lower() in _HANGS


_BY_VERB = {
    "brighten": "brighter", "darken": "darker", "lighten": "lighter", "soften": "softer", "whiten": "whiter",
    "redden": "redder", "enlarge": "bigger", "shrink": "smaller", "widen": "wider", "lengthen": "longer",
    "shorten": "shorter", "sharpen": "sharper", "thicken": "thicker", "deepen": "deeper", "dim": "dimmer",
}  # fmt: skip


_REFUSED = re.compile(r"(?:not|too|no longer) (?:\w+ )?\w+(?:,| but|, but|, rather) (?=\w)", re.IGNORECASE)
""" "Not red, blue", "too strong, lighter": what comes after it is the look."""
_STEP = re.compile(r"\b(?:a|one|another|one more) step (?=\w+er\b)", re.IGNORECASE)
""" "A step darker" is darker."""
_ANOTHER = re.compile(
    r"\b(?:yet )?(?:another|one more) (?=(?:shade|tone|touch|notch|bit|tad)\b)", re.IGNORECASE
)
_PATTERNED = re.compile(r"with an? ([\w -]+) pattern", re.IGNORECASE)
_IN_STRIPES = re.compile(r"(?P<colours>[\w ,-]+ and [\w -]+) (?P<pattern>stripe|check)s", re.IGNORECASE)
_ON_ITSELF = re.compile(r"(?<=\w) (?:on|onto|to|round|around) <(?:it|them)>$")
_AS_LOOK = {"stripe": "striped", "check": "checked"}
""" "Green and cream stripes" is how a thing is striped."""


def _look(words: str) -> str:
    """A look as the resolver wants it: "too dark" is lighter, "brighten" is brighter."""
    if re.match(r"(?:a (?:bit|little) )?(?:more|less) like ", words, re.IGNORECASE):
        return words
    words = _ON_ITSELF.sub("", _REFUSED.sub("", words, count=1))
    if (found := _IN_STRIPES.fullmatch(words)) and not words.lower().startswith("with "):
        words = f"{found['colours']} {_AS_LOOK[found['pattern'].lower()]}"
    words = _ANOTHER.sub("a ", words)
    words = _STEP.sub("", _PATTERNED.sub(r"\1", words))
    words = " ".join(_BY_VERB.get(word.lower(), word) for word in words.split())
    if words.lower() in lx.COLOUR_OF_VERB:
        return lx.COLOUR_OF_VERB[words.lower()]
    return turned(words.lower(), words)


_DOWN = lx.word_set("tone toned down less a bit little it")


def _toned(look: str, thing: str) -> str:
    """ "Down", or "less" of a colour ("tone down the red"), is more muted; else the look as it is."""
    words = set(look.lower().split())
    of_colour = bool(thing) and sort_of(thing.split()[-1].lower()) == "colour"
    if not words <= _DOWN or not ("down" in words or (of_colour and "less" in words)):
        return _look(look)
    return "slightly more muted" if words & {"bit", "little"} else "more muted"


def _tokens(words: str) -> Tokens:
    return tuple(Token(word, word.lower()) for word in words_of(words))


def _is_thing(look: str, thing: str) -> bool:
    """Whether what is said to be a look is a thing of its own ("a bed" for the sofa)."""
    words = words_of(look)
    if len(words) < 2 or words[0].lower() not in ("a", "an") or not thing or thing.startswith("<"):
        return False
    new, rest = split(_tokens(look), places=False, tails=True)
    if not has_thing(new) or words[1].lower() in _AMOUNTS or (rest and rest[0].low not in ("with", "of")):
        return False
    alike = noun_of(new).rstrip("s") == bare(thing).noun[-1].lower().rstrip("s")
    return not alike and is_thing(words[-1].lower())


_AMOUNTS = frozenset({"lot", "bit", "little", "tad", "touch", "shade"})


_SURFACE = re.compile(
    r"(?:on|onto|to|over|across)(?: all)? "
    r"((?:the |my |our )(?:\w+ )?(?:walls?|floors?|ceilings?|roof|floorboards))",
    re.IGNORECASE,
)


def _covered(place: str, new: str) -> str:
    """The surface that is covered where a stuff is put on it: "tiles on the floor". Else empty."""
    found = _SURFACE.fullmatch(place)
    words = new.lower().split()
    return found[1] if found and words[-1] in lx.MATERIAL_NOUNS and words[0] not in _ARTICLES else ""


_ARTICLES = frozenset({"a", "an", "the", "another", "some", "one"})


def _parted(thing: str, look: str) -> tuple[str, str]:
    """A thing and its look where the noun went with the look: "the leftmost | cushion green"."""
    words = look.split()
    of_place = all(
        word.lower() in _ARTICLES | lx.DIRECTIONS | {"leftmost", "rightmost"} for word in thing.split()
    )
    if thing and of_place and len(words) > 1 and is_thing(words[0].lower()):
        return f"{thing} {words[0]}", " ".join(words[1:])
    return thing, look


def _variations(line: Line) -> Frame:
    thing, look, kind = line.field(1), line.field(2), line.field(3)
    if thing and not look and not kind:
        phrase = parse(thing)
        if phrase.article.lower() in ("", "a", "an") and phrase.noun and phrase.looks and not phrase.tail:
            # "two versions of yellow walls"
            thing, look = f"the {' '.join(phrase.noun)}", " ".join(words_of_looks(phrase.looks))
    if (of_sort := _of_a_sort(look, kind)) and (
        surface := re.fullmatch(rf"(?:(?:on|for|in) )?{_OWN}", thing, re.I)
    ):
        thing, look, kind = surface["thing"], of_sort, ""  # "three greens for the wall"
    frame = replace(_named("variations", thing or "<it>"), number=_number(line.field(0)), prompt=look)
    if kind in ("replace", "add"):
        return replace(frame, kind=cast("Kind", kind))
    return replace(frame, kind="restyle") if look and thing else frame


_OWN = r"(?P<thing>(?:(?:the|my|our|that|those|these) )?[\w' -]+)"


def _of_a_sort(look: str, kind: str) -> str:
    """The one look that several of a sort are ("different greens": green); empty for any other words. A stuff
    or a colour is nothing to be put somewhere either.
    """
    if kind == "add" and (value_of(look) is not None or look.lower() in lx.MATERIALS):
        return look
    words = [word for word in look.lower().split() if word not in ("different", "other", "some", "nice")]
    if not words or not words[-1].endswith("s"):
        return ""
    one = " ".join((*words[:-1], words[-1][:-1]))
    return one if value_of(one) is not None or one in lx.MATERIALS else ""


def _number(field: str) -> int | None:
    return int(field) if field.lstrip("-").isdigit() else None


_REFERENCES: dict[str, Reference] = {
    "<it>": "it", "<them>": "them", "<both>": "both", "<all>": "all", "<first>": "first",
    "<second>": "second", "<third>": "third", "<last>": "last", "<other>": "other", "<there>": "it", "": "it",
}  # fmt: skip


def _named(act: str, thing: str) -> Frame:
    """A frame about a thing that is named, or about what its mark stands for."""
    frame = replace(Frame("talk"), act=act)  # type: ignore[arg-type]
    if thing in _REFERENCES:
        return replace(frame, reference=_REFERENCES[thing])
    thing = _OWNED_BY_SEVERAL.sub("' ", thing)
    return replace(frame, target=_COUNTED.sub("", _ONLY.sub("", thing)))


_OWNED_BY_SEVERAL = re.compile(r"(?<=s) ['’] (?=\w)")
""" "The kids' bed", whose words were apart."""
_ONLY = re.compile(r"^(?:the )?(?:just|only|maybe|perhaps) (?=(?:the|my|both|all) )", re.IGNORECASE)
_COUNTED = re.compile(r"(?<=\w)(?:,? (?:on|of|in|at))? <(?:all|both)>$")
""" "The cushions on it, all of them": a count is no place."""
