"""What is put right of what the reader has written: words that it dropped beside those that it copied, and
slips of the keyboard in those.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.planner.lines import Line
from agent.planner.reader.symbols import BAR, COPIED, NUMBER, SYMBOLS
from tools.language import lexicon as lx
from tools.language.casual_words import is_of_things
from tools.language.chunking import is_look, is_thing
from tools.language.colours import is_name, value_of
from tools.language.compounds import is_step, parted
from tools.language.file_names import whole_name
from tools.language.looks import degree_phrases, read_look
from tools.language.noun_phrases import parse
from tools.language.noun_phrases import words_of as words_of_looks
from tools.language.object_sizes import thing_in
from tools.language.tokens import is_known, request_words

_DEGREES = (
    *(
        degree
        for degree in degree_phrases()
        if degree not in (("a", "bit"), ("a", "little"))  # more or less of which comes first
    ),
    *(
        (*degree, than)
        for degree in (("a", "bit"), ("a", "little"), ("slightly",), ("much",), ("even",), ())
        for than in ("more", "less")
    ),
    ("more", "like"),
    ("less", "like"),
    ("a", "bit"),
    ("a", "little"),
    ("almost",),
    ("nearly",),
    ("slightly",),
    ("way",),
    ("much",),
    ("far",),
)
_IS = lx.word_set("is are was were 's looks look seems seem feels")
_RATHER = lx.word_set("bit little rather quite somewhat slightly")
_TOO = NUMBER["+too"]


def completed(symbols: Sequence[int], words: Sequence[str]) -> tuple[int, ...]:
    """Symbols with the words that belong to a copied one and stand right beside it: the degree before a look
    ("almost | black"), what a new thing does before its place ("a cat | sleeping | on the sill"). A look that
    something "is a bit" is too much of it.
    """
    low = [word.lower() for word in words]
    used = set(symbols)
    result: list[int] = []
    act, number, began = "", -1, False
    for symbol in symbols:
        name = SYMBOLS[symbol] if symbol < COPIED else ""
        if name.startswith("="):
            act, number = name[1:], -1
        elif symbol == BAR:
            if (act, number) == ("add", 1):
                result += _doing(result, low, used)
            number, began = number + 1, True
        elif began:
            if (act, number) == ("restyle", 1) and symbol >= COPIED:
                result += _degree(symbol - COPIED, low, used)
            began = False
        elif name in ("NEXT", "END") and (act, number) == ("add", 1):
            result += _doing(result, low, used)
        result.append(symbol)
        if (act, number) == ("restyle", 1) and symbol >= COPIED and _complains(symbol - COPIED, low):
            result.append(_TOO)
    return tuple(result)


def _degree(place: int, low: Sequence[str], used: set[int]) -> list[int]:
    if place and tuple(low[place - 1 : place + 1]) == ("quite", "a") and COPIED + place - 1 not in used:
        return [COPIED + place - 1]
    for degree in _DEGREES:
        begin = place - len(degree)
        if begin >= 0 and tuple(low[begin:place]) == degree and COPIED + begin not in used:
            return [COPIED + at for at in range(begin, place)]
    return []


def _doing(result: Sequence[int], low: Sequence[str], used: set[int]) -> list[int]:
    after = result[-1] + 1 if result and result[-1] >= COPIED else 0
    place = after - COPIED
    if not 0 < place < len(low) - 1 or not low[place].endswith("ing") or len(low[place]) < 6:
        return []
    return [after] if after not in used and after + 1 in used else []


def _complains(place: int, low: Sequence[str]) -> bool:
    """Whether a word is the degree of a complaint: "it is a bit | dark"."""
    if low[place] not in _RATHER or place + 1 >= len(low) or low[place + 1] not in lx.OPPOSITES:
        return False
    before = place - 2 if low[place - 1] == "a" else place - 1
    return before >= 0 and low[before] in _IS


_OF_COLOUR = lx.word_set("paint repaint dye match matches matching")
_UNDO = lx.word_set("undo undoing undone revert reverting")
_REPLACE = lx.word_set("replace replaced replacing swap swapped exchange substitute")
_MOVE = lx.word_set("push pull slide shove drag move")
_CORNERS = (["corner"], ["gap"], ["spot"], ["nook"], ["alcove"], ["recess"])
_NO_PLACE = frozenset({"up", "in", "on", "back", "down"})
_ONLY_A_STEP = re.compile(
    r"(?:please |just )?(?:make|turn|get) (?:it|them|this|that) (?P<look>(?:[\w ]+ )?\w+er)", re.IGNORECASE
)
_ONLY_UNDO = re.compile(
    r"(?:please |just )?undo (?:only |just )?(?P<thing>(?:the|my|our|that) [\w ]+)", re.IGNORECASE
)
_A_MASK = re.compile(
    r"(?:please )?(?:draw|paint|hang|put|place|add) an? mask"
    r" (?P<place>(?:on|above|over|beside|next to) the [\w ]+)",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"\b(?P<thing>(?:the|my|our) (?:[\w'’]+ ){0,3}?(?:names?|titles?|captions?|headings?))"
    r" (?P<look>\w+)(?=$|[ ,.;!])",
    re.IGNORECASE,
)
_TOO_SMALL = re.compile(
    r"(?P<thing>(?:the|my|our|that) [\w ]+?) (?:is|are|looks?) (?P<look>(?:a bit |far |much |way )?too \w+)",
    re.IGNORECASE,
)
_COVER_OF = re.compile(
    r"the (?:covers?|covering|upholstery|cloth|fabric|surface) (?:of|on)"
    r" (?P<thing>(?:the|my|our|that|this|both) .+)",
    re.IGNORECASE,
)
""" "The cover of the armchair" is what is seen of it."""
_COVERED = frozenset(("sofa", "armchair", "chair", "stool", "ottoman", "bench", "cushion", "table"))
_HESITATING = re.compile(r"^(?:(?:erm?|u[hm]+|hm+|oh|well|so|ok|okay|just)\b[ ,.]*)+", re.IGNORECASE)
_ALSO = re.compile(
    r"(?:and |also |and also )(?P<thing>(?:the|my|our|that|those) [\w ]+?)(?: too| as well)?", re.IGNORECASE
)
_DONE_AGAIN = re.compile(
    r"(?:please |just )?re-?(?:colou?r|paint|style|do|tile|cover|decorate|upholster|finish|surface|stain|dye)"
    r" (?P<thing>[\w ]+)",
    re.IGNORECASE,
)
_CLEARED = re.compile(
    r"\b(?:clear|empty|strip|rid|wipe|clean) (?P<where>(?:the|my|our|that) [\w ]+?) of (?P<what>[\w ]+)",
    re.IGNORECASE,
)
"""What is cleared of something has it."""
_LIKE = re.compile(
    r"(?P<colour>.+?),? (?:like|as) (?P<thing>(?:the|my|our|that|those) .+|<\w+>)", re.IGNORECASE
)
""" "Pink like the sofa", "blue as the walls"."""
_IN_COLOUR = re.compile(r"(?:in |of )?(?:the )?colou?r (?!of\b|as\b|from\b)(?=[\w#])", re.IGNORECASE)
""" "Of colour white"."""


def meant(line: Line, words: Sequence[str]) -> Line:
    """A line with what its sentence says of it: who paints a wall like the sofa means its colour, in "the
    wall light green" the colour is light green, and a chair that is to be pink like the sofa gets the sofa's
    pink.
    """
    low = [word.lower() for word in words]
    text = " ".join(words)
    named = not line.field(1) or is_name(line.field(1).lower())
    if line.act == "replace" and named and not _REPLACE & {*low}:
        line = replace(line, act="restyle")  # "change the quilt", "the side table should be golden rod"
    if line.field(0).lower().startswith(("the ", "those ", "these ")) and line.act != "variations":
        one = f"one of {line.field(0)}"  # and not all of them
        if f" {one.lower()} " in f" {text.lower()} ":
            line = replace(line, fields=(one, *line.fields[1:]))
    if line.act == "restyle" and f" into {line.field(1).lower()}" in text.lower():
        old, new = (thing_in(field)[0] for field in (line.field(0), line.field(1)))
        if old and new and old != new and new == thing_in(line.field(1).split()[-1])[0]:
            line = replace(line, act="replace")  # "turn the window into linen curtains"
    cover = _COVER_OF.fullmatch(line.field(0)) if line.act == "restyle" else None
    if cover is not None and thing_in(cover["thing"])[0] in _COVERED:
        line = replace(line, fields=(cover["thing"], *line.fields[1:]))
    line = _with_pattern(_of_what_is_there(line, words), text)
    line = line if "instead" in low else _noun_behind(line)
    if line.spared and line.act in _TAKING and not _SPARING & {*_AFTER_ALL.sub("", text.lower()).split()}:
        line = replace(line, fields=(line.spared,), spared="")  # "I don't like it, undo just the chair"
    if line.act == "add" and "between" in line.field(0).lower().split():
        line = _with_other_end(line, text)
    said_of_it = rf"\b{re.escape(line.field(1))} (?:is|are|was|were|looks?) (?:\w+ )?(?:too|so|not|never)\b"
    if line.act == "add" and not line.field(0) and re.search(said_of_it, text, re.IGNORECASE):
        return Line("talk")  # "an empty desk is too honest"
    if line.act in ("restyle", "unclear") and not line.field(1) and (found := _ONLY_A_STEP.fullmatch(text)):
        look = found["look"] if is_step(low[-1]) else ""
        line = Line("restyle", (line.field(0) or "<it>", look)) if look else line  # "make it cooler"
    if line.act == "restyle" and line.field(1).lower() == "less" and {"tone", "toned"} & {*low}:
        down = "down a bit" if {"bit", "little"} & {*low} else "down"
        line = replace(line, fields=(line.fields[0], down))
    if line.act == "restyle" and f"the colour of {line.field(1).lower()}" in text.lower():
        line = replace(line, fields=(line.fields[0], f"the colour of {line.field(1)}"))
    if line.act == "remove" and (found := _CLEARED.search(text)) and found["what"] == line.field(0):
        line = replace(line, fields=(f"{line.field(0)} on {found['where']}",))
    if (found := _ONLY_UNDO.fullmatch(text)) and is_thing(low[-1]) and "and" not in low:
        return Line("revert", (found["thing"],))  # "undo the picture" is not to go back to the first one
    if line.act == "mask" and (found := _A_MASK.fullmatch(text)):
        return Line("add", (found["place"], "a mask"))  # one to hang there
    if line.act == "mark" and (found := _TITLED.search(text)) and found["look"] == line.field(0):
        return Line("restyle", (found["thing"], line.field(0)))  # "the title bigger" names no version
    if line.act == "mask" and "mask" not in low and (found := _TOO_SMALL.fullmatch(text)):
        return Line("restyle", (found["thing"], found["look"]))  # "the frame is too small"
    if line.act == "remove" and (found := _ALSO.fullmatch(text)) and found["thing"] == line.field(0):
        return Line("same", (line.field(0), "<last>"))  # "also the cushions": nobody said that they go
    if line.act == "remove" and _HESITATING.sub("", text).strip(" ,.!?") == line.field(0):
        return replace(line, act="name")  # "erm the thing on the roof"
    if line.act == "remove" and (found := _DONE_AGAIN.match(text)) and found["thing"] == line.field(0):
        line = Line("restyle", line.fields[:1])  # "recolour the armchair"
    if line.act == "restyle" and line.field(1) and f"something {line.field(1).lower()}" in text.lower():
        line = replace(line, fields=(line.fields[0], f"something {line.field(1)}"))  # warm, and not warmer
    if line.act == "restyle" and line.field(1).startswith("#"):
        line = replace(line, fields=(line.fields[0], line.field(1).lower()))
    if line.act == "restyle" and line.field(1).lower() in ("paint", "colour", "color"):
        line = replace(line, fields=line.fields[:1])
    if line.act == "restyle" and line.field(0) == "<it>":
        line = _thing_first(line)
    if line.act == "save" and line.field(0):
        line = replace(line, fields=(whole_name(text, line.field(0)), *line.fields[1:]))
    if line.act == "save" and line.field(0).lower().startswith("the ") and is_thing(low[-1]):
        line = Line("leave", line.fields[:1])  # "save the plant"
    if line.act == "name" and low[0] in ("sorry", "oops", "whoops"):
        line = replace(line, act="instead")
    if line.act == "add" and line.field(0).lower() in _NO_PLACE:
        line = replace(line, fields=("", *line.fields[1:]))  # "put curtains up"
    if line.act == "replace" and re.search(rf"\bwhere {re.escape(line.field(1))}\b", text, re.IGNORECASE):
        line = Line("move", (line.field(0), "there"))  # "put the television where a man can see it"
    if line.act == "replace" and line.field(0).lower().split()[-1:] in _CORNERS:
        # "a lamp in that corner"
        line = replace(line, act="add", fields=(f"in {line.field(0)}", line.field(1)))
    if line.act == "order" and _MOVE & {*low} and not {"layer", "layers"} & {*low}:
        line = replace(line, act="move")  # "push the plant to the front"
    if line.act == "restyle" and len(line.fields) > 1:
        thing, look = line.fields[0], _IN_COLOUR.sub("", line.fields[1])
        line = replace(line, fields=(thing, look, *line.fields[2:]))
        parts = thing.split()
        if not read_look(look).material and (begin := _colour_begins(parts, look)):
            colour = " ".join((*parts[begin:], look))
            return replace(line, fields=(" ".join(parts[:begin]), colour, *line.fields[2:]))
        like = _LIKE.fullmatch(look)
        if like is not None and _is_colour(re.sub(r"^the same ", "", like["colour"].lower())):
            if like["thing"].startswith("<") or any(map(is_thing, like["thing"].lower().split())):
                return replace(line, act="same", fields=(thing, f"the colour of {like['thing']}"))
            return replace(line, fields=(thing, like["colour"], *line.fields[2:]))
    if line.act == "remove" and line.field(0).startswith("<") and _UNDO & {*low}:
        return replace(line, act="undo", fields=())
    if line.act == "add" and line.field(1).lower() in ("zoom", "a zoom"):
        return replace(line, act="zoom", fields=(re.sub(r"^(?:on|in|at|to) ", "", line.field(0)),))
    if line.act != "same" or len(line.fields) < 2:
        return line
    thing, source = line.fields[:2]
    said = re.sub(
        r"^(?:in )?(?:the |that |this )?(?:very )?(?:same )?colou?r(?: of (?:<\w+>|it|that))?$",
        "",
        source.lower(),
    )
    if not said or source.lower().endswith(f"of {thing.lower()}"):
        return replace(line, fields=(thing, "<last>"))  # "the cushions in the same colour"
    colour = source.lower().removeprefix("the colour of ").removeprefix("the ")
    if value_of(colour) is not None:
        return replace(line, act="restyle", fields=(thing, colour))
    named = source.lower().startswith(("the ", "my ", "our ")) and "colo" not in source and "." not in source
    before = f" {' '.join(low)} ".partition(f" like {source.lower()} ")[0].split()
    if named and (_OF_COLOUR & {*low} or (len(before) < len(low) and before and _is_colour(before[-1]))):
        return replace(line, fields=(thing, f"the colour of {source}"))
    return line


_ONE_OF_LOOKS = re.compile(r"(?:(?:in )?(?:an?|one|a nice|a lovely) )?(?P<look>.+?) ones?", re.IGNORECASE)
_SOMETHING = re.compile(r"something (?:in |more |a bit )?(?P<look>.+)", re.IGNORECASE)
_ONE_FIRST = re.compile(r"(?:that |this )?one (?:in )?(?P<look>.+)", re.IGNORECASE)
_BESIDE = (
    r"(?:over|above|on|on top of|under|underneath|below|beneath|beside|next to|by|behind|in front of|near"
    r"|against)"
)
_PREFERRED = lx.word_set("rather prefer take choose choosing pick instead better any sooner")
""" "I'd take a futon over that bed"."""
_WANTED = lx.word_set(
    "want wants like love fancy have prefer prefers gimme give get go about picture imagine see need needs"
)
_ADDED = lx.word_set("add put place bring insert another more extra new second additional pop stick there")
_COMES_AND_GOES = lx.word_set("cat dog ball tree plant basket")
_BUILT_IN = lx.word_set("""
    door curtain blind tile floorboard ceiling wall cupboard worktop countertop skirting bath bathtub sink tap
    fireplace stair window wallpaper kitchen shutter fridge oven headboard
""")
""" "I want a red door": what a room has or has not, and is not added to it."""


def _of_what_is_there(line: Line, words: Sequence[str]) -> Line:
    """A line about a new thing as one about what is there, where its sentence says so: a rug that is turned
    into "a red and white striped one" gets stripes, a mirror "over the fireplace" leaves the fireplace where
    it is, and who wants "a marble table" means the table that there is.
    """
    low = [word.lower() for word in words]
    thing, new = line.field(0), line.field(1)
    if line.act == "replace" and not _REPLACE & {*low}:
        found = _ONE_OF_LOOKS.fullmatch(new) or _ONE_FIRST.fullmatch(new) or _SOMETHING.fullmatch(new)
        if found is not None and _says_only_a_look(found["look"]):
            return replace(line, act="restyle", fields=(thing, found["look"], *line.fields[2:]))
        place = (
            None
            if _PREFERRED & {*low}
            else re.search(rf"\b(?P<place>{_BESIDE} {re.escape(thing)})\b", " ".join(words), re.IGNORECASE)
        )
        if place is not None and new.lower().startswith(("a ", "an ", "some ")):
            return replace(line, act="add", fields=(place["place"], new))
    seen = thing if line.act == "show" else new if (line.act, thing) == ("tell", "things") else ""
    if "see" in low and seen.lower().startswith(("a ", "an ")):
        told, line, thing, new = line, Line("add", ("", seen)), "", seen  # "could I see a leather sofa"
    else:
        told = line
    if line.act == "add" and not thing and _WANTED & {*low} and not _ADDED & {*low}:
        phrase = parse(new)
        looks, noun = parted(" ".join(words_of_looks(phrase.looks))), phrase.noun
        if not looks and len(noun) > 1 and noun[0].lower() in lx.MATERIALS:
            looks, noun = noun[0], noun[1:]  # "a glass table"
        name, kind = thing_in(" ".join(noun))
        stands = kind.stands in ("floor", "flat") and name not in _COMES_AND_GOES
        there = (name and stands) or bool(noun and {noun[-1].lower(), noun[-1].lower()[:-1]} & _BUILT_IN)
        sized = [look.words[-1][-2:] for look in phrase.looks if look.sort == "size"] == ["er"]
        looks = phrase.looks[0].words[-1] if sized else looks
        needed = not {"need", "needs"} & {*low} or sized  # one that is needed is not there, a bigger one is
        if there and needed and looks and not phrase.tail and (sized or _says_only_a_look(looks)):
            return Line("restyle", (" ".join(("the", *noun)), looks))
    return told


_TAKING = frozenset(("revert", "hide", "back", "drop", "remove"))
_SPARING = lx.word_set(
    "except excepting but apart other others besides save bar barring not never touch without excluding rest"
    " leave leaving keep keeps keeping stay stays remain remains everything all anything still retain"
)
"""Without one of these nothing is spared."""
_AFTER_ALL = re.compile(r"\b(?:after|at|all in) all\b|[,.!?;]")


def _with_other_end(line: Line, text: str) -> Line:
    """A place between two things with the second one, where it was dropped."""
    place = line.field(0)
    if " and " in place:
        return line
    found = re.search(
        rf"\b{re.escape(place)} and (?P<other>(?:the|my|our|that|this|its|a|an) [\w'-]+(?: [\w'-]+)??)"
        r"(?=\s*(?:[,.!?;]|$)| (?:please|and|in|on|with|for)\b)",
        text,
        re.IGNORECASE,
    )
    return (
        line if found is None else replace(line, fields=(f"{place} and {found['other']}", *line.fields[1:]))
    )


_PATTERN = re.compile(
    r" (?P<pattern>striped|checked|chequered|checkered|dotted|spotted|polka dot|tartan|plaid"
    r"|gingham|floral)\b",
    re.IGNORECASE,
)


def _with_pattern(line: Line, text: str) -> Line:
    """A look of several colours with the pattern that is said right behind them and was dropped."""
    look = line.field(1)
    at = text.lower().find(f"{look.lower()} ") if line.act == "restyle" and " and " in look else -1
    found = _PATTERN.match(text, at + len(look)) if at >= 0 else None
    if found is None or found["pattern"].lower() in line.field(0).lower():
        return line
    return replace(line, fields=(line.field(0), f"{look} {found['pattern']}", *line.fields[2:]))


def _noun_behind(line: Line) -> Line:
    """A line about "it" whose look ends with a thing ("pink tiles") as one about that thing."""
    words = line.field(1).lower().split()
    if line.act != "restyle" or line.field(0) != "<it>" or len(words) < 2 or words[0] == "with":
        return line
    phrase = parse(line.field(1))
    looks = parted(" ".join(words_of_looks(phrase.looks)))
    named = len(phrase.noun) == 1 and not phrase.tail and phrase.article.lower() in ("", "a", "an", "the")
    stuff = named and phrase.noun[0].lower() in lx.MATERIALS  # "make it blue glass"
    if stuff or not (named and is_of_things(phrase.noun[0].lower()) and looks and _says_only_a_look(looks)):
        return line
    return replace(line, fields=(f"the {phrase.noun[0]}", looks, *line.fields[2:]))


def _says_only_a_look(words: str) -> bool:
    """Whether words are a colour, a material or a pattern, and nothing else."""
    look = read_look(words)
    return bool(look.colour_words or look.material or look.pattern) and not look.rest and look.step is None


def _thing_first(line: Line) -> Line:
    """A line about "it" whose look begins with a thing ("a cushion green") as one about that thing."""
    look = line.field(1).split()
    at = 1 if look[:1] and look[0].lower() in ("a", "an", "the") else 0
    rest = look[at + 1 :]
    thing = bool(rest) and is_thing(look[at].lower()) and not is_look(look[at].lower())
    thing = thing and not is_step(rest[-1].lower())  # "a hair lighter"
    if not thing or not all(is_look(word.lower()) for word in rest):
        return line
    return replace(line, fields=(" ".join(look[: at + 1]), " ".join(rest)))


def _colour_begins(thing: Sequence[str], look: str) -> int:
    """The place of the word in a thing at which the colour begins that its look ends ("the wall cadet",
    "blue"); 0 for none.
    """
    first = 2 if thing[:1] and thing[0].lower() in ("the", "my", "our", "this", "that", "both", "all") else 1
    for begin in range(max(first, len(thing) - 2), len(thing)):
        name = " ".join((*thing[begin:], look)).lower()
        light = thing[begin:] == ["light"] and value_of(look) is not None
        if (light or is_name(name)) and is_thing(thing[begin - 1].lower()):
            return begin
    return 0


def _is_colour(words: str) -> bool:
    look = read_look(words)
    return value_of(words) is not None and not look.material


def said_once(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines without one of "it" that the next repeats of a thing: "it must be white, the vase"."""
    kept = []
    for line, follows in zip(lines, [*lines[1:], None], strict=True):
        repeated = (
            follows is not None
            and line.act == follows.act == "restyle"
            and line.field(0) in ("<it>", "<them>")
            and not follows.field(0).startswith("<")
            and bool(line.field(1))
            and line.field(1).lower() == follows.field(1).lower()
        )
        if not repeated:
            kept.append(line)
    return tuple(kept)


# --- slips of the keyboard ----------------------------------------------------------------------------------


_RUN_TOGETHER = {
    "aswell": "as well", "alot": "a lot", "abit": "a bit", "infront": "in front", "ontop": "on top",
    "nextto": "next to", "alittle": "a little", "atleast": "at least",
}  # fmt: skip


_SOUNDS_LIKE = {"z": "s", "y": "i", "i": "y", "k": "c"}


def slip_of(low: str) -> str | None:
    """The word that a slip was made of: two letters exchanged, one left out or typed twice. None where that
    is no word that requests are made of. Of a short word only exchanged letters are put right.
    """
    if low in _RUN_TOGETHER:
        return _RUN_TOGETHER[low]
    if is_known(low):
        return None
    if len(low) > 5 and low.endswith("s") and (one := slip_of(low[:-1])) is not None:
        return None if one[-1] in "sydh" else f"{one}s"
    known: frozenset[str] = request_words()
    tried = [low[:i] + low[i + 1] + low[i] + low[i + 2 :] for i in range(len(low) - 1)]
    tried += [low[:i] + low[i - 1] + low[i:] for i in range(1, len(low) + 1)]
    if low.endswith("z") and len(low) > 4 and low[:-1] in known:
        return f"{low[:-1]}s"
    if len(low) > 4:  # as it sounds: "wallz", "raynbow", "kurtains"
        tried += [low[:i] + _SOUNDS_LIKE[c] + low[i + 1 :] for i, c in enumerate(low) if c in _SOUNDS_LIKE]
    if len(low) > 4:
        tried += [low[:i] + low[i + 1 :] for i in range(1, len(low)) if low[i] == low[i - 1]]
    if (found := next((word for word in tried if word in known), None)) is not None:
        return found
    if len(low) > 6:
        once_too_many = {low[:i] + low[i + 1 :] for i in range(1, len(low))} & known
        if len(once_too_many) == 1:
            return once_too_many.pop()
    left_out = [
        word
        for word in known
        if len(word) == len(low) + 1 and any(word[:i] + word[i + 1 :] == low for i in range(1, len(low)))
    ]
    return left_out[0] if len(left_out) == 1 and len(low) > 3 else None


def mended(words: str) -> str:
    """Words with the slips among them put right."""
    return " ".join(slip_of(word.lower()) or word if word.isalpha() else word for word in words.split())
