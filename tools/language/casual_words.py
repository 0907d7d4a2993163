"""Casual sentences in the words that everything after them reads: "them chairs'd look" is "would look", "the
left-hand lamp" the left lamp, "the shelf thing" the shelf, "a teensy bit" a bit.

Each is a change of a few words that names no sentence: readers learn what sentences say, and a word that is
glued to another ("chairs'd") ends up in the name of a thing. Pure functions over one sentence; what has none
of these stays as it is.
"""

from __future__ import annotations

import re

from tools.language.chunking import is_thing
from tools.language.colours import value_of
from tools.language.looks import read_look

_ARTICLE = r"(?:the|that|this|those|these|them|my|our|your|a|an|both|all)"

_WOULD = re.compile(r"\b(?P<noun>[a-z]{3,})['’](?P<short>d|ll)(?= )", re.IGNORECASE)
_IN_FULL = {"d": "would", "ll": "will"}

_HAND = re.compile(
    r"\b(?P<side>left|right)[- ]?hand(?:ed)?(?: side(?! tables?\b))? (?=(?P<noun>[a-z]+)\b)", re.IGNORECASE
)
_THINGY = re.compile(
    rf"\b(?P<before>{_ARTICLE} (?:[a-z-]+ ){{0,2}}?)(?P<noun>[a-z]+)[ -]"
    r"(?:thing(?:y|ie|s|ies|amajig|amabob|umajig|ummy)?|jobby|doodad)\b",
    re.IGNORECASE,
)
_OF_A_MATTER = re.compile(
    r"\b(?:scrap|forget|drop|ditch|undo|cancel|do|same|try|about|with) (?:the|that|this) $", re.IGNORECASE
)
""" "Scrap the walls thing" is of what was done to them."""

_SMALL_BIT = re.compile(
    r"\b(?P<just>just |only |even )?(?:an? )?(?:(?:wee|tiny|teeny|teensy|weeny|weensy|itty|bitty|titchy"
    r"|ickle|lil|little|small|slight|smol|tad)[ -]+)+(?:bit|tad|touch|smidge|smidgen|smidgeon|fraction"
    r"|amount)\b",
    re.IGNORECASE,
)
_SMALL_WORD = re.compile(
    r"\ba (?:smidgeon|skosh|titch|scooch|whisker|gnat's|soup[çc]on|hint|trace|pinch)(?= \w+er\b|[.!?]*$)",
    re.IGNORECASE,
)
_DARK_SIDE = re.compile(
    r"\bon the (?P<step>dark|light|bright|pale|dull|cold|cool|warm|loud|gloomy|dim|shiny|plain) side\b",
    re.IGNORECASE,
)
_ALLOWED = re.compile(
    r"\b(?:is|are) (?P<thing>(?:the|my|our|that|those) [\w' -]+?) (?:allowed|able) to (?=be |go |have )",
    re.IGNORECASE,
)
_COLOUR_ON = re.compile(
    r"^(?:.*?[ ,])?(?:the|that) (?P<colour>[a-z]+)(?: is|'s| looks?| feels?) [\w ' ]+? (?:on|in|for)"
    r" (?P<thing>(?:the|my|our|that|those) [\w-]+)(?:,|;| -| –)? *(?:(?:but|just|so|and|only|maybe|please) )*"
    r"(?P<wish>[\w' ]*?)\b(?:it|that)\b(?P<rest>[\w' ]*[.!]*)$",
    re.IGNORECASE,
)
""" "The green is lovely on the walls, just tone it down": the walls."""
_COLOUR_OF_A_THING = re.compile(
    r"\b(?P<verb>soften|mute|tone down|calm down|brighten|darken|lighten|deepen|warm up|cool down|freshen)"
    r" the (?P<colour>[a-z]+) (?:on|of|in) (?=(?:the|my|our|that|those) )",
    re.IGNORECASE,
)
""" "Soften the pink on the walls": the walls, which are pink."""

_TAKEN = (
    r"(?:remove|lose|ditch|delete|erase|clear|bin|chuck|scrap|drop|hide|bin off|get (?:rid|shot) of"
    r"|do away with|(?:take|chuck|throw|rip|pull|tear|strip) (?:out|away|off|up|down|back)"
    r"|(?:take|chuck|throw|rip|pull|tear|strip)(?= [^,.;]+? (?:out|away|off|up|down)\b))"
)
_TO_SEE = re.compile(
    rf"\b(?P<wish>{_TAKEN} [^,.;!?]+?),? (?:(?:so|so that|and|and then|then|in order|because|cos|cause) )"
    r"(?:(?:that )?(?:we|i|you|one|they|people|it|let(?:'s| us| me)) )?(?:(?:can|could|get|to|will|would"
    r"|might|may|want|wanna|actually|just|finally|really|properly|all) )*"
    r"(?:(?:see|reveal|expose|uncover|admire|enjoy|show off|look at|have a look at|take a look at)"
    r"(?! (?:if|whether|how|what)\b) (?:more of )?(?:the|my|our|that|those|what)\b"
    r"|see (?:more|if|whether|how|what))[^.;!?]*",
    re.IGNORECASE,
)
""" "Lose the rug so we can see the floor": what is to be seen stays."""

_FANCIED = re.compile(
    r"\b(?:i|we)(?:['’]d| would)(?: (?:quite|really|rather|kinda|so))? fancy\b", re.IGNORECASE
)

_MEANT = re.compile(
    r"^(?P<verb>(?:.*\b)?(?:make|paint|turn|change|do|colou?r|put|get|have)) [^,]+?, (?:"
    r"(?:i mean|i meant|meaning|that is|i\.e\.),? (?P<one>(?:the|my|our|those|that) [\w' -]+?)"
    r"|(?P<other>(?:the|my|our|those|that) [\w' -]+?),? (?:i mean|i meant|that is)), (?P<rest>.+)$",
    re.IGNORECASE,
)
""" "Paint everything round it, I mean the walls, lilac"."""

_ON_TO = re.compile(
    r"^(?:(?:please|now|ok(?:ay)?|right|so|then|let['’]s|and|we can|you can|could you|can you) )*"
    r"(?:move|moving|go|going|skip|jump|carry|carrying|continue|turn|turning) (?:straight |over )?"
    r"(?:on(?:to| to)?|to|over to) (?P<thing>(?:the|my|our|that) [\w' -]+?)"
    r"(?:,? and (?:then )?|, |: | [–—-] )"
    r"(?P<wish>(?:make|paint|do|turn|have|get|put|colou?r|dye) )(?:that one|this one|it|them|that|those)"
    r" (?P<rest>.+)$",
    re.IGNORECASE,
)
""" "Move on to the lamp and make that one copper"."""

_OR_IS_IT_HARD = re.compile(
    r"(?<=\w)[ ,–—-]+(?:or|unless|if|assuming) (?:is |was |would |not )*(?:that|it|this)(?: be|['’]s| is"
    r"| isn['’]t| would be)?(?: too| not| so| not too| a bit| very)*"
    r" (?:hard|difficult|tricky|much(?: to ask)?|much trouble|silly|daft|impossible|possible|doable|ok(?:ay)?"
    r"|all ?right|fine|a lot to ask|asking too much|a bother|any trouble|no trouble|cheeky)[ ?.!]*$",
    re.IGNORECASE,
)

_COLOUR = r"(?:(?:dark|light|pale|bright|deep|soft|off|navy|baby|sky|mint)[ -])?[a-z]+"
_COLOURS = rf"{_COLOUR}(?:, {_COLOUR})*,? (?:and|&|n) {_COLOUR}"
_PATTERN_IN = re.compile(
    rf"\b(?P<lead>in |with |for |into |to )?(?:(?P<article>an?) )?(?P<pattern>striped|stripe?y|stripes?"
    rf"|check(?:ed|s|y)?|chequered|checkered|dotted|dots|spotted|spotty|spots|zig-?zag|chevron|gingham|tartan|plaid)"
    rf"(?P<one> ones?| pattern)?(?:, | in | with |: | of )(?P<colours>{_COLOURS})"
    rf"(?: stripes?| checks?)?(?=[.,;!?]|$| please)",
    re.IGNORECASE,
)
""" "A stripy one, red and white": a red and white striped one."""
_PATTERNED = {
    "stripy": "striped", "stripey": "striped", "stripe": "striped", "stripes": "striped", "check": "checked",
    "checks": "checked", "checky": "checked", "dots": "dotted", "spots": "spotted", "spotty": "spotted",
}  # fmt: skip

_CODE = r"#(?:[0-9a-f]{3}){1,2}"
_HEAD = (
    r"^(?P<head>(?:(?:and|then|now|please|just|ok(?:ay)?|right|can you|could you|let['’]s|so|maybe)[ ,]+)*)"
)
_PUT_IN_CODE = re.compile(
    rf"{_HEAD}(?:put|stick|get|have|set|slap|do) (?P<thing>[\w' -]+?)(?: in| as| to| into)? (?P<code>{_CODE})"
    r"(?P<end>[ a-z]*[.!?]*)$",
    re.IGNORECASE,
)
_ON_IT = re.compile(
    rf"{_HEAD}(?:put|stick|slap|splash|bung|whack|pop|use|try|chuck|lob|sling|get) (?:some |a bit of )?"
    rf"(?P<look>{_CODE}|(?!the |my |an? |our )[a-z]+(?: [a-z]+)?) (?:on|onto|over|for|all over)"
    r" (?P<thing>(?:the|that|those|my|our|this) [\w' -]+?)(?P<end>(?: (?:please|ta|thanks|pls))*[.!?]*)$",
    re.IGNORECASE,
)


_LONGED_FOR = (
    (
        re.compile(
            r"\b(?:i|we)(?:['’]d| would)(?: \w+)? (?:kill|die|give (?:anything|my right arm)) (?:for|to have)"
            r" (?=an?\b|some\b|the\b)"
            r"|\b(?:is|would) it (?:be )?(?:too much|a lot|ok(?:ay)?|cheeky) to ask for (?=an?\b|the\b)"
            r"|\b(?:i['’]m|i am|we['’]re|we are) (?:after|looking for|dreaming of"
            r"|hoping for) (?=an?\b|some\b)",
            re.IGNORECASE,
        ),
        "I would like ",
    ),
    (
        re.compile(
            r"\bwhat (?:would happen|would it be like|happens) if (?=(?:the|my|our)\b)", re.IGNORECASE
        ),
        "what if ",
    ),
    (
        re.compile(
            r"^(?P<who>(?:(?:the|my|our) )?[a-z]+)(?:['’]s| is) after (?=an?\b|some\b)", re.IGNORECASE
        ),
        r"\g<who> wants ",
    ),
)
""" "I'd kill for a green door": a wish in other words."""
_DO_IT = re.compile(
    r"(?<=[\w)])[?!.,;–—-]+ *(?:(?:just|please|yes|yeah|ok(?:ay)?)[ ,]+)*(?:do it|go for it"
    r"|go on(?: then)?|hit it"
    r"|make it so|make it happen|work your magic|do your (?:thing|worst|best))[.! ]*$",
    re.IGNORECASE,
)
_ONE_OF_TWO = re.compile(
    r"\bthe (?P<which>left|right|first|second|big|small|tall|near|far|top|bottom|upper|lower)(?:most)? one of"
    r" (?:the|those|these)(?: two| three| four| both)? (?P<noun>[a-z]+)s\b",
    re.IGNORECASE,
)
_CLUTTER = re.compile(
    r"\b(?:(?:de-?|un)clutter|tidy(?: up)?) (?P<where>(?:the|that|those|my|our"
    r"|this) [\w' -]+?)(?: up)?(?: a bit)?"
    r"(?=[,.;!?]|$| please| and )",
    re.IGNORECASE,
)
""" "De-clutter the shelf" wants what is on it gone, and not the shelf."""


_THE_LOT = re.compile(
    r"\b(?:(?:the )?(?:whole )?lot|every (?:single |last )?one) of (?:the|those|these) ", re.I
)
_COUPLE = re.compile(r"\ba couple (?=(?:shades|notches|tones|steps)\b)", re.IGNORECASE)
_BOTH = re.compile(r"\bboth of (?:them|those|these)\b(?! (?:away|out|off|down|back)\b)(?= \w)", re.IGNORECASE)
_SHINE = re.compile(
    r"\b(?P<more>not (?:so|as|quite so) much|less|a bit less|too much|more"
    r"|a bit more) (?P<level>shine|sheen|gloss"
    r"|glare|saturation|warmth) (?:on|in|for|to|from) (?P<thing>(?:the|that|those|my"
    r"|our) [\w' -]+?)(?=[,.;!?]|$"
    r"| please)",
    re.IGNORECASE,
)
_EDGE_OFF = re.compile(
    r"\b(?:take|knock) the edge off (?:(?:the|that) (?P<colour>[a-z]+) (?:on|of|in) )?"
    r"(?P<thing>(?:the|that|those|my|our) [\w' -]+?)(?=[,.;!?]|$| please)",
    re.IGNORECASE,
)
_RIGHTO = re.compile(
    r"^(?:right(?:i|y)?[ -]?(?:o|ho)|okey[ -]?dokey|alrighty(?: then)?|(?:hey|ey) up|wotcha"
    r"|g['’]day|aye|strewth"
    r"|crikey|blimey)\b[ ,.!:–-]+(?=\w)",
    re.IGNORECASE,
)


def is_of_things(noun: str) -> bool:
    """Whether a noun, or what it is the plural of, is known as a thing."""
    return is_thing(noun) or (noun.endswith("s") and is_thing(noun[:-1]))


def plainly_worded(sentence: str) -> str:
    """The sentence with contractions behind nouns in full, sides, degrees and patterns in the usual words,
    and without what only tells why, or what is to be seen then.
    """
    said = _BOTH.sub("both", _OR_IS_IT_HARD.sub("", sentence))
    said = _SHINE.sub(_levelled, _COUPLE.sub("a couple of ", said))
    said = _EDGE_OFF.sub(r"make \g<thing> more muted", _THE_LOT.sub("all the ", _RIGHTO.sub("", said)))
    said = _CLUTTER.sub(r"remove the clutter on \g<where>", _DO_IT.sub("", said))
    for longed, wish in _LONGED_FOR:
        said = longed.sub(wish, said)
    said = _ONE_OF_TWO.sub(r"the \g<which> \g<noun>", said)
    said = _FANCIED.sub("I fancy", _DARK_SIDE.sub(r"too \g<step>", said))
    said = _WOULD.sub(_in_full, said)
    said = _HAND.sub(_side, said)
    said = _THINGY.sub(_the_thing, said)
    said = _SMALL_WORD.sub("a bit", _SMALL_BIT.sub(r"\g<just>a bit", said))
    said = _TO_SEE.sub(r"\g<wish>", said)
    said = _PATTERN_IN.sub(_in_colours, said)
    said = _COLOUR_OF_A_THING.sub(_of_the_thing, _ALLOWED.sub(r"can \g<thing> ", said))
    if (found := _COLOUR_ON.match(said)) and value_of(found["colour"].lower()) is not None:
        said = f"{found['wish']}{found['thing']}{found['rest']}"
    if found := _ON_TO.match(said):
        said = f"{found['wish']}{found['thing']} {found['rest']}"
    if found := _MEANT.match(said):
        said = f"{found['verb']} {found['one'] or found['other']} {found['rest']}"
    if found := _PUT_IN_CODE.match(said):
        return f"{found['head']}make {found['thing']} {found['code']}{found['end']}"
    if (found := _ON_IT.match(said)) and _is_colour(found["look"]):
        return f"{found['head']}make {found['thing']} {found['look']}{found['end']}"
    return said


def _in_full(found: re.Match[str]) -> str:
    noun = found["noun"]
    return f"{noun} {_IN_FULL[found['short'].lower()]}" if is_of_things(noun.lower()) else found[0]


def _side(found: re.Match[str]) -> str:
    noun = found["noun"].lower()
    return f"{found['side']} " if is_of_things(noun) or noun in ("one", "ones", "wall", "walls") else found[0]


def _the_thing(found: re.Match[str]) -> str:
    noun, before = found["noun"], found.string[: found.start()] + found["before"]
    known = is_of_things(noun.lower()) and value_of(noun.lower()) is None
    return f"{found['before']}{noun}" if known and not _OF_A_MATTER.search(before) else found[0]


def _levelled(found: re.Match[str]) -> str:
    """ "Not so much shine on the table": the shine is to be reduced."""
    verb = "increase" if "more" in found["more"].lower() else "reduce"
    return f"{verb} the {found['level']} on {found['thing']}"


def _of_the_thing(found: re.Match[str]) -> str:
    return f"{found['verb']} " if value_of(found["colour"].lower()) is not None else found[0]


def _in_colours(found: re.Match[str]) -> str:
    """A pattern with its colours before it."""
    colours = re.split(r",? (?:and|&|n) |, ", found["colours"])
    if any(value_of(colour.lower()) is None for colour in colours):
        return found[0]
    pattern = found["pattern"].lower()
    words = f"{found['colours']} {_PATTERNED.get(pattern, pattern)}"
    lead = (found["lead"] or "").lower()
    if found["article"]:
        # "into a stripy one" is the rug that there is, which is not so where it is swapped "for" one
        return words if found["one"] and lead not in ("for ", "with ", "in ") else found[0]
    return f"{lead}{found['colours']} {pattern}" if lead and pattern.endswith("s") else f"{lead}{words}"


def _is_colour(words: str) -> bool:
    look = read_look(words)
    return words.startswith("#") or (look.value is not None and look.is_colour_only and not look.material)
