"""Sentences in the words that everything after them reads: a pattern that is not wanted, a code beside its
name, the blue of another thing. Pure functions over one sentence; what has none of these stays as it is.
"""

from __future__ import annotations

import re

from tools.language.chunking import is_thing
from tools.language.colours import value_of
from tools.language.compounds import is_step

_CODE = re.compile(r"(?<![\w/.-])#(?P<digits>[0-9a-z]{3,9})(?![\w.-]*\.\w)\b", re.IGNORECASE)
"""What is typed as a colour code; "#1" is a number, "room #12.png" a file."""

_NAME_AND_CODE = re.compile(
    r"\b(?P<name>(?:[a-z]+[ -]){0,2}[a-z]+),? ?\(?(?P<code>#(?:[0-9a-f]{3}){1,2})\b\)?", re.IGNORECASE
)

_PATTERN = (
    r"(?:polka[ -])?(?:stripes?|striping|pattern(?:s|ing)?|prints?|checks?|dots?|spots|motifs?|plaid|tartan"
    r"|florals?|flower pattern)"
)
_PATTERN_TO_TAKE_OFF = (
    r"(?:stripes|striping|pattern(?:s|ing)?|(?:polka[ -])?dots|checks|motifs?|flower pattern)"
)
"""Without what may be a thing of its own: a print, a spot, a check."""
_PATTERNED = (
    rf"(?:{_PATTERN}|striped|stripey|stripy|patterned|printed|checked|chequered|checkered|dotted|spotted"
    r"|polka[ -]dot(?:ted)?|floral|flowery)"
)
_THING = r"(?P<thing>(?:the|my|our|your|that|this|both|all) [\w' -]+?)"
_END = r"(?P<end>(?:,? (?:please|again|now|instead|completely))*[.!]*)$"
_PATTERN_OFF = (
    re.compile(
        rf"(?:remove|delete|erase|lose|drop|(?:get|be) rid of|take|do away with) (?:(?:off|out|away) )?"
        rf"(?:the|those|these|all the|any) {_PATTERN_TO_TAKE_OFF}(?: (?:off|out|away))?"
        rf" (?:from|on|off|of|in) {_THING}{_END}",
        re.IGNORECASE,
    ),
    re.compile(rf"no (?:more )?{_PATTERN} (?:on|for|in) {_THING}{_END}", re.IGNORECASE),
    re.compile(
        rf"(?:(?:i(?:'d| would)? (?:want|like|prefer)|make|have) )?{_THING} (?:without|with no)(?: the| any)?"
        rf" {_PATTERN}{_END}",
        re.IGNORECASE,
    ),
)
_NOT_PATTERNED = re.compile(
    r"(?:,? (?:and|but))?(?:,? |, ?)(?:with no|without(?: the| any)?|no(?: more)?|not|minus the)"
    rf" {_PATTERNED}"
    r"(?: (?:please|on it|at all|anymore|any more))*(?P<after>[.,!;]|$| and | but )",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\b(?:plain|solid|unpatterned|one[ -]colou?red)\b", re.IGNORECASE)

_COLOUR_OF = re.compile(
    r"(?P<before>\b\w+ (?:in|into|to|with|like|as) |\b(?!(?:make|paint|turn|darken|lighten|change|keep)\b)"
    r"\w+ )"
    r"the (?:(?:same|exact) ){0,2}(?P<colour>(?:[a-z]+ )?[a-z]+) (?:of|as|from|on) "
    r"(?P<of>(?:the|my|our|that) [\w' -]+)",
    re.IGNORECASE,
)
_TONED_DOWN = re.compile(
    rf"(?:please )?(?:tone|dial|turn|calm) down the (?:colou?rs?|[a-z]+) (?:of|on|in) {_THING}{_END}",
    re.IGNORECASE,
)
_COLOURFUL = re.compile(
    rf"(?P<degree>(?:(?:an? |some |much |still |even )*(?:bit|little|lot|touch|tad|much|some|even|still) )*)"
    rf"(?P<more>more|less) colou?r(?: (?:on|in|for|to) {_THING})?{_END}",
    re.IGNORECASE,
)
_COLOUR_OF_OWNER = re.compile(
    r"(?P<before>\b(?:in|into|to|with) )(?P<of>(?:the|my|our) [\w -]+?)'s? (?P<colour>(?:[a-z]+ )?[a-z]+)"
    r"(?=[.,!;]|$| and | please)",
    re.IGNORECASE,
)


_SOUNDS = re.compile(
    r"(?:(?:just for fun|hm+|ok(?:ay)?|so|and|but|i wonder)[ ,]+)*"
    r"(?:how (?:does|would) (?P<thing>an? [\w -]+?) sound"
    r"|(?:what|how) (?:would|will|does|might) (?:it|this|that|the (?:room|picture|place|whole thing))"
    r" look(?: like)? with (?P<new>an? [\w -]+?))"
    r"(?: (?:instead|there|then|now|maybe))* ?[?.!]*",
    re.IGNORECASE,
)


_BETTER = re.compile(
    r"(?P<head>(?:(?:ok(?:ay)?|hm+|no|nah|well|so|and|but|maybe|perhaps|actually|i think|i guess)[ ,]+)*)an? "
    r"(?P<look>[\w -]+?) (?P<noun>[\w-]+) (?:is|would be|might be|may be|looks|would look) (?:much |a lot "
    r"|so much |even )?"
    r"(?:better|nicer|prettier|cooler|more fitting)(?: (?:i (?:think|guess)|there|here|then|maybe|for"
    r" .+))*[.!]*",
    re.IGNORECASE,
)
_BUT_FOR = re.compile(
    r"(?P<head>(?:(?:ok(?:ay)?|hm+|no|well|so|and|now)[ ,]+)*)(?:everything|all|the rest)(?: else| of"
    r" it)?(?: is|'s| looks)?"
    r" (?:fine|good|great|ok(?:ay)?|nice|perfect|right|lovely)(?: now| like this| as it is)?,?"
    r" (?:except(?: for)?|but|apart"
    r" from|save|only)(?: for)? (?P<thing>(?:the|my) [\w' -]+?),? (?:that|it|this|which|they|those)"
    r" (?P<wish>(?:should|must"
    r"|could|has to|have to|needs? to|ought to) .+)",
    re.IGNORECASE,
)
_A_DAY = re.compile(
    r",? (?:and )?(?:then )?(?:we(?:'ll| will)|let's|let us|i(?:'ll| will)) call it a (?:day|night)\b",
    re.IGNORECASE,
)
_WHERE_IT_WAS = re.compile(
    r"\b(?:in (?:its|his|her|their) (?:place|spot)|where (?:it|that|he|she|they) (?:was|were|stood|hung"
    r"|lay|sat|used to (?:be|stand|hang)))\b",
    re.IGNORECASE,
)
_SIDE = re.compile(r"\b(?:in|at|on) (?:the )?(left|right)(?:[- ]hand)? side\b(?! of\b)", re.IGNORECASE)
_TWICE = re.compile(r"\b(the|a|an|my|in|on|and|to|of|it) \1\b", re.IGNORECASE)
_RETURNS = re.compile(
    r"(?P<head>(?:(?:ok(?:ay)?|so|and|now|well|fine|yes|please)[ ,]+)*)(?P<x>he|she|it|they|(?:the|my)"
    r" [\w -]+?) (?:can|may|should|could)"
    r" (?:come|be|go) back(?: (?:in|again|now|there))*[.!]*",
    re.IGNORECASE,
)
_TOPIC_OF = re.compile(
    r"(?P<head>(?:(?:and|yeah|ok(?:ay)?|so|now|good|then)[ ,]+)*)(?:the|my) (?P<noun>[\w-]+)s(?:,| uh| um|"
    r" er)* (?P<wish>(?:please )?(?:take|make"
    r"|paint|turn|remove|put|hide|give|get) .*?(?:the|my) [\w -]*?\b(?P=noun)\b.*)",
    re.IGNORECASE,
)
_MISSED = re.compile(
    r"(?P<head>(?:(?:hey|oh|hm+|ok(?:ay)?|so|and|but|now|actually|no)[ ,]+)*)(?:i|we)(?: do| really| still"
    r"| kind of| already|'m)* miss(?:ing)?"
    r" (?P<x>(?:the|my|our) [\w -]+?)(?: (?:now|though|already|a (?:bit|lot)|too|there))*[.!]*",
    re.IGNORECASE,
)
_PERSONS = {"he": "him", "she": "her", "they": "them"}
_ALL_OF_THEM = re.compile(
    r"(?P<said>.*\b[\w-]+s)[.,;!–-]+ (?:all|both|every (?:single )?one|each)(?: of (?:them|those"
    r"|these))?[.!]*",
    re.IGNORECASE,
)


_THAT_MATTER = re.compile(
    r"\b(?:scrap|forget|drop|ditch|undo|cancel)(?: about)? (?P<thing>(?:the|that) [\w-]+) "
    r"(?:thing|idea|business|stuff|change|colou?r|paint)\b",
    re.IGNORECASE,
)
""" "Scrap the walls thing": what was done to them."""
_THROWN_IN = re.compile(r"\b(?:throw|chuck|pop|stick) in (?=(?:an?|some|two|three) )", re.IGNORECASE)


_SHORT = re.compile(r"(?<![\w'’./-])(?:['’]?em|pics?|bg)\b(?![./-]\w)", re.IGNORECASE)
_IN_FULL = {"em": "them", "pic": "picture", "pics": "pictures", "bg": "background"}
_PER_CENT = re.compile(
    r"\b(?:(?:like|about|some|maybe|by) )?(?P<count>\d{1,3}) ?(?:%|per ?cent) (?=(?P<step>\w+))",
    re.IGNORECASE,
)


def _in_full(found: re.Match[str]) -> str:
    return _IN_FULL[found[0].lower().lstrip("'’")]


def _degree(found: re.Match[str]) -> str:
    """ "20 % lighter" in words: a step is a tenth of all there is from black to white."""
    count, step = int(found["count"]), found["step"].lower()
    if step not in ("more", "less") and not is_step(step):
        return found[0]  # "30 % bigger", "100 % cotton"
    return "a bit " if count < 15 else "" if count < 35 else "much "


def rephrased(sentence: str) -> str:
    """The sentence with short words in full, shares as degrees, "plain" for a pattern that is not wanted,
    codes without the names beside them, "the colour of the bed" for "the blue of the bed", and a wish for
    "how does a plum ceiling sound?".
    """
    if found := _SOUNDS.fullmatch(sentence):
        return f"I would like {found['thing'] or found['new']}"
    sentence = _PER_CENT.sub(_degree, _SHORT.sub(_in_full, sentence))
    sentence = _THAT_MATTER.sub(r"undo \g<thing>", _THROWN_IN.sub("add ", sentence))
    sentence = _TWICE.sub(
        r"\1", _SIDE.sub(r"on the \1", _WHERE_IT_WAS.sub("there", _A_DAY.sub("", sentence)))
    )
    if (found := _MISSED.fullmatch(sentence)) and is_thing(found["x"].split()[-1].lower()):
        return f"{found['head']}bring {found['x']} back"
    if found := _RETURNS.fullmatch(sentence):
        who = _PERSONS.get(found["x"].lower(), found["x"])
        return f"{found['head']}bring {who} back"
    if (found := _TOPIC_OF.fullmatch(sentence)) and is_thing(found["noun"].lower()):
        sentence = f"{found['head']}{found['wish']}"
    if (found := _BETTER.fullmatch(sentence)) and is_thing(found["noun"].lower()):
        return f"{found['head']}make the {found['noun']} {found['look']}"
    if found := _BUT_FOR.fullmatch(sentence):
        return f"{found['head']}{found['thing']} {found['wish']}"
    if (found := _ALL_OF_THEM.fullmatch(sentence)) and is_thing(found["said"].split()[-1].lower()):
        sentence = found["said"]
    if (found := _TONED_DOWN.match(sentence)) and is_thing(found["thing"].split()[-1].lower()):
        return f"make {found['thing']} more muted{found['end']}"
    if found := _COLOURFUL.fullmatch(sentence):
        degree = "slightly " if re.search(r"\b(?:bit|little|touch|tad|some)\b", found["degree"], re.I) else ""
        degree = "much " if re.search(r"\b(?:lot|much)\b", found["degree"], re.I) else degree
        step = "saturated" if found["more"].lower() == "more" else "muted"
        return f"make {found['thing'] or 'it'} {degree}more {step}{found['end']}"
    for pattern in _PATTERN_OFF:
        found = pattern.match(sentence)
        if found is not None and is_thing(found["thing"].split()[-1].lower()):
            return f"make {found['thing']} plain{found['end']}"
    said = sentence
    if found := _NOT_PATTERNED.search(said):
        plain = "" if _PLAIN.search(said[: found.start()]) else " without a pattern"
        said = said[: found.start()] + plain + found["after"] + said[found.end() :]
    said = _NAME_AND_CODE.sub(_code_alone, said)
    said = _COLOUR_OF.sub(_colour_of, said)
    return _COLOUR_OF_OWNER.sub(_colour_of, said)


def no_colour_code(sentence: str) -> str:
    """What is typed as a colour code and is none ("#12345z"); empty where there is nothing of the kind."""
    for found in _CODE.finditer(sentence):
        digits = found["digits"].lower()
        typed = any(c.isdigit() for c in digits) and (
            (len(digits) > 2 and not digits.isdigit()) or len(digits) > 4
        )
        if typed and value_of(f"#{digits}") is None:
            return found[0]
    return ""


def plainly(look: str) -> str:
    """A look with "plain" for a pattern that it is to be without: "mustard velvet without a pattern"."""
    found = re.search(rf",? (?:without|with no)(?: an?| the| any)? {_PATTERN}$", look, re.IGNORECASE)
    if found is None:
        return look
    rest = look[: found.start()]
    if _PLAIN.search(rest):
        return rest
    article = re.match(r"(?:an?|the) ", rest, re.IGNORECASE)
    return f"{'a ' if article else ''}plain {rest[article.end() if article else 0 :]}"


def _code_alone(found: re.Match[str]) -> str:
    """The code without the colour's name before it, and with the words before that."""
    words = re.split(r"[ -]", found["name"])
    for begin in range(len(words)):
        if value_of(" ".join(words[begin:]).lower()) is not None:
            return " ".join((*words[:begin], found["code"]))
    return found[0]


def _colour_of(found: re.Match[str]) -> str:
    colour = found["colour"].lower()
    of_thing = any(map(is_thing, found["of"].lower().split()))
    return (
        f"{found['before']}the colour of {found['of']}"
        if of_thing and value_of(colour) is not None
        else found[0]
    )
