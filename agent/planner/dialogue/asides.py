"""What is said around a wish, and animals spoken of as people: a sentence in the words of its wish alone.

"Hello, …", "mum says …", "…, he says" name nothing of the room and ask for nothing; "him" is the dog that was
put into the picture. Pure functions over a sentence and its context; what is a wish already stays as it is.
"""

from __future__ import annotations

import re

from agent.planner.context import Context, LayerView
from agent.planner.resolve.layers import focused_layers, object_of, stem
from tools.language.lexicon import word_set
from tools.language.looks import read_look
from tools.language.noun_phrases import parse

_GREETING = re.compile(
    r"^(?:hallo|hello|hi|hey|hiya|howdy|yo|dear all|good (?:morning|afternoon|evening|day))\b(?: (?:there"
    r"|again|dear|everyone|everybody|all|my dear|friend))*[ ]*(?:[,.;:!–—-]+\s*|(?=i\b|can\b|could\b"
    r"|please\b|would\b|make\b))",
    re.IGNORECASE,
)
_WHO = (
    r"(?:(?:my|our|the|her|his) )?(?:late )?(?:mom|mum|mummy|mommy|mother|dad|daddy|father|wife|husband|boss"
    r"|client|brother|sister|son|daughter|kids?|children|boyfriend|girlfriend|partner|friend|flatmate"
    r"|roommate|gran|grandma|grandpa|granny|neighbours?|neighbors?|landlord|director|chat|everybody|everyone"
    r"|customer|vendor|agent)"
)
_SAYS = r"(?:says?|said|thinks?|thought|insists?|reckons?|tells me|told me|is saying|suggests?)"
_SAID_BEFORE = re.compile(
    rf"^(?:(?:and|but|so|now|well|ok(?:ay)?)[ ,]+)*{_WHO} {_SAYS}(?: that)?[ ,:]+(?=\w)", re.IGNORECASE
)
_SAID_AFTER = re.compile(rf"[ ]*[,–—-] ?(?:{_WHO}|he|she|they) {_SAYS}(?: so)?[.!]*$", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(?:u+g+h+|u+f+|oof+|phew|argh+|l+o+l+|h?e+h+e+h*e*|ha(?:ha)+|omg|hmm+|pls|plz"
    r"|(?:um+|uh+|er+m?)\b(?!,? (?:the|my|that|no|i mean)\b))\b[ ,.!]*",
    re.IGNORECASE,
)
"""What means nothing; "the shoes, er, the laces" is put right by it."""
_LIKE_FILLER = re.compile(r", like, ", re.IGNORECASE)
""" "Less, like, neon"."""
_TRAILING = re.compile(
    r"(?<=\w)[ ,–—-]+(?:thx|ta|cheers|mate|bro|now and henceforth|once and for all"
    r"|if you (?:can|could|would|like|please|do(?:n'?t| not) mind)"
    r"|when you (?:can|have a (?:moment|minute|sec)))[.!]*$",
    re.IGNORECASE,
)
_REMARK_AFTER = re.compile(
    r"(?<=\w)[,;–—-]+ *(?:(?:some|any|no|every)(?:body|one) (?:has|have|needs?|must|will|would"
    r"|can(?:not|'?t)?)\b|(?:the |our |my )?(?:customers?|clients?|guests?|people|neighbours?|kids|children)"
    r" (?:can(?:not|'?t)?|will|must|would|need|complain\w*)\b|my \w+(?:'s| is| are) \w+ing\b"
    r"|(?:i think )?there(?:'?s| is| are) (?:an?|some|no)\b)[^.!?]*[.!]*$",
    re.IGNORECASE,
)
"""Why somebody wishes it, behind the wish."""

_COMPLAINT = re.compile(
    rf"^(?:h+m+[ ,]+)?{_WHO} would(?: have|'ve)? (?:said?|say|thought|think)(?: that)? [^.!?]*[.!] +(?=\w)",
    re.IGNORECASE,
)

_REASON = re.compile(
    r"^(?:(?:this|it)(?:'s| is) for|(?:i |we )?need (?:this|it) \w+ for) [^.!?]*[.!] +(?=\w)", re.IGNORECASE
)
_NAMED_AFTER = re.compile(
    r"^(?P<head>(?:(?:and|but|so|now|ok(?:ay)?|please)[ ,]+)*)(?:it|this|that) (?P<wish>(?:must|should|has"
    r"|needs|ought|shall|could|can)\b[^,.!?]+), (?P<thing>(?:the|my) [\w -]+?)(?P<end>[.!]*)$",
    re.IGNORECASE,
)
""" "It must be white, the table"."""

_OBJECT_AFTER = re.compile(
    r"^(?P<head>(?:(?:and|but|so|now|ok(?:ay)?|please|just|can you|could you|let's)[ ,]+)*)(?P<verb>make"
    r"|paint|turn|stick|get|have"
    r"|put|take|throw|chuck|lose|remove|bin|ditch|give|colou?r|do) (?:it|that|this|them|those|him|her) "
    r"(?P<wish>[^,.!?]+), "
    r"(?P<thing>(?:the|my|that|those) [\w' -]+?)(?P<end>[.!]*)$",
    re.IGNORECASE,
)
""" "Paint it white, that wall"."""
_GOING_AFTER = re.compile(
    r"^(?P<head>(?:(?:and|but|so|now|ok(?:ay)?)[ ,]+)*)(?:it|they|he|she)(?P<wish>'s (?:got|gotta) (?:to )?go"
    r"|'ve got to go"
    r"| (?:can|must|should|could|has to|have to|needs? to|gotta|got to) go)(?: now)?, (?P<thing>(?:the|my"
    r"|that|those)"
    r" [\w' -]+?)(?P<end>[.!]*)$",
    re.IGNORECASE,
)
""" "It's got to go, that sofa"."""
_NO_OBJECT = re.compile(
    r"^the (?:same|colou?r|way|one)\b|\b(?:is|was|were|are|looks?|looked|would|should|can|of|as|like|and"
    r"|but)\b",
    re.IGNORECASE,
)
_ENDEARED = re.compile(
    r"(?<=\w), (?:love|dear|darling|sweetheart|hun|hon|honey|babe|mate|pal|lads|chap|petal|duck)(?=[,.!?]|$)"
    r"|(?<!\ba)(?<!\bthe)(?<!\bmy)(?<!\bof)(?<!\bin)(?<!\bwith) (?:love|darling|sweetheart|mate)(?=[,.!?]|$)",
    re.IGNORECASE,
)

_THEM = re.compile(r"(?<![\w-])'?em(?![\w-])")
_MUST_NOT = re.compile(
    r"\b(?:i|we)(?: ca(?:n'?t|nnot)| must(?: not|n'?t)| may not|(?: am|'m| are|'re) not allowed to| "
    r"should(?: not|n'?t)) (?:get rid of|remove|take (?:away|out|down)|delete|lose|touch|change|paint) "
    r"(?P<x>(?:the|my|that|both) [\w -]+?)(?P<back>[,;.] (?:(?:so|and|please) )*(?:put|bring|get) (?:it|that"
    r"|them|him|her)(?: one)? back(?: in)?)?(?P<end>[.!]*)$",
    re.IGNORECASE,
)

ANIMALS = word_set("""
    cat dog kitten puppy kitty bird parrot rabbit bunny hamster horse pony cow sheep goat pig mouse fish
    fox bear lion tiger elephant giraffe monkey duck hen chicken owl person man woman boy girl baby
    child
""")
_PERSON = re.compile(r"\b(?P<who>he|him|she|her)\b(?P<after>'s| \w+)?", re.IGNORECASE)
_NO_NOUN = word_set("""
    is was be can has in on to at and or but a the too please again back now bigger smaller white black
    brown red blue green grey gray orange golden pink yellow purple ginger darker lighter instead there
    here away off out into next behind under near where sit lie sleep must should shall will could may
    needs looks
""")
_SPEAKS = word_set("""
    says said thinks thought wants wanted insists likes liked loves would hates reckons
""")
_BEHAVED = re.compile(
    r"(?<=[.!?;,])\s+(?:he|she|it)(?:'s| is| was| were| should be| must be| has to be| used to be)"
    r" (?P<look>[\w -]+?)[.!]*$",
    re.IGNORECASE,
)
_ZOOMED = re.compile(
    r"\bzoom (?:(?:right|way|close|closer|all the way|straight) )?(?:in|up)(?:to| to| on)?"
    r" (?P<thing>(?:the|my|our|that|this|his|her|its) [^.!?]*?)"
    r"(?: (?:for )?(?:just )?an? (?:sec(?:ond)?|moment|minute|bit))?(?=[.!?]*$)",
    re.IGNORECASE,
)
_FILLED = re.compile(
    r"\bfill (?P<x>(?:the |my |that )?[\w' -]+?)(?: in| up)? with (?:the colou?r )?(?P<look>[\w -]+)",
    re.IGNORECASE,
)


def without_asides(sentence: str, context: Context) -> str:
    """The sentence without what is said around its wish, and with the thing that "him" and "her" mean."""
    said = _as_dictated(" ".join(sentence.split()))
    said = _HEDGE.sub("", said)
    said = _ENDEARED.sub("", said) if len(said.split()) > 3 else said
    for pattern in (_GREETING, _COMPLAINT, _REASON, _SAID_BEFORE, _SAID_AFTER, _REMARK_AFTER, _TRAILING):
        rest = pattern.sub("", said)
        said = rest if len(rest.split()) > 1 else said
    if len(said.split()) > 3:
        said = _FILLER.sub("", _LIKE_FILLER.sub(" ", said)).strip() or said
    said = _MUST_NOT.sub(_allowed, _THEM.sub("them", said.replace("’", "'")))
    said = _NAMED_AFTER.sub(r"\g<head>\g<thing> \g<wish>\g<end>", said)
    after = _OBJECT_AFTER.match(said)
    if after is not None and not _NO_OBJECT.search(after["thing"]):
        said = f"{after['head']}{after['verb']} {after['thing']} {after['wish']}{after['end']}"
    said = _GOING_AFTER.sub(r"\g<head>\g<thing> must go\g<end>", said)
    said = _of_its_own(said)
    said = _named_animals(_each_animal(said, context), context)
    said = _DARKER_THAN.sub(_step_of, _FILLED.sub(_as_look, said))
    return _ZOOMED.sub(r"zoom in on \g<thing>", said)


_HEDGE = re.compile(r"\b(?:i'm|i am) (?:afraid|sorry)(?: to say)?,? (?=i\b|the\b|it\b|that\b)", re.IGNORECASE)
_SPOKEN_MARKS = (
    (re.compile(r"^(?:new (?:paragraph|line)|next line)[ ,.]+", re.IGNORECASE), ""),
    (
        re.compile(r" (?:full stop|new (?:paragraph|line)|exclamation (?:mark|point))[.!]*$", re.IGNORECASE),
        ".",
    ),
    (re.compile(r"(?<=\w) comma (?=\w)", re.IGNORECASE), ", "),
    (re.compile(r" question mark[.?]*$", re.IGNORECASE), "?"),
    (re.compile(r" full stop (?=\w)", re.IGNORECASE), ". "),
    (re.compile(r" dot (?=(?:png|jpe?g|webp|tiff?|bmp|ora)\b)", re.IGNORECASE), "."),
)
"""Marks that somebody who dictates says as words."""


def _as_dictated(said: str) -> str:
    for pattern, mark in _SPOKEN_MARKS:
        said = pattern.sub(mark, said)
    return said


def _allowed(found: re.Match[str]) -> str:
    """ "I can't get rid of the green one, put that back": put the green one back."""
    return f"put {found['x']} back{found['end']}" if found["back"] else f"keep {found['x']}{found['end']}"


def _as_look(found: re.Match[str]) -> str:
    """ "fill it with red": make it red; a basket is filled with flowers."""
    look = read_look(found["look"])
    return (
        f"make {found['x']} {found['look']}" if look.is_colour_only and look.value is not None else found[0]
    )


_DARKER_THAN = re.compile(
    r"\b(?P<look>[\w-]+)(?: too| also)?,? (?:but|only|just) (?P<step>(?:(?:a (?:bit|little)|much) )?[\w-]+er)"
    r" than (?:the|my|that|its) [\w -]+?(?=[.!]*$)",
    re.IGNORECASE,
)


def _step_of(found: re.Match[str]) -> str:
    """ "Pink too but darker than the sofa": darker pink, and nothing of the sofa."""
    look = read_look(found["look"])
    return f"{found['step']} {found['look']}" if look.value is not None and look.is_colour_only else found[0]


def _animal(context: Context, *, there: bool) -> LayerView | None:
    """The animal that was spoken of last, or the newest of those that were put into the picture."""
    layers = (*context.layers, *focused_layers(context))
    for layer in reversed(layers):
        noun = parse(object_of(layer)).noun[-1:]
        if layer.kind in ("add", "replace") and layer.visible is there and noun and stem(noun[0]) in ANIMALS:
            return layer
    return None


_BACK = re.compile(
    r"(?:please |and |now |ok,? )*(?:show|bring|put|get|switch) (?:him|her) (?:again|back|on)\b",
    re.IGNORECASE,
)


def _named_animals(said: str, context: Context) -> str:
    """The sentence with the animal's name where it speaks of him or her."""
    back = _BACK.match(said) is not None
    layer = (_animal(context, there=False) if back else None) or _animal(context, there=True)
    gone = None if layer is not None else _gone(context)
    noun = parse(object_of(layer)).noun[-1] if layer is not None else gone
    if noun is None:
        return said

    def named(found: re.Match[str]) -> str:
        after = (found["after"] or "").strip().lower()
        if after in _SPEAKS or (found["who"].lower() == "her" and after and after not in _NO_NOUN):
            return found[0]
        if found["who"].isupper() and len(found["who"]) > 1 and layer is None:
            return found[0]
        article = "the" if layer is not None else "a"
        return f"{article} {noun}{found['after'] or ''}"

    changed = _PERSON.sub(named, said)
    if layer is None and not re.match(
        r"(?:please |and |now |then |ok,? )*(?:put|place|add|have)\b", changed, re.IGNORECASE
    ):
        return said
    return re.sub(r" instead[.!]*$", "", changed) if layer is None and changed != said else changed


_ANIMALS = re.compile(r"\b(?:both|all|the two|the|these|those)(?: of)?(?: the)? (?:animals|pets)\b", re.I)


def _each_animal(said: str, context: Context) -> str:
    """ "Hide both animals": the cat and the dog that were put there."""
    put = [layer for layer in context.layers if layer.kind in ("add", "replace") and layer.visible]
    nouns = [noun for layer in put for noun in parse(object_of(layer)).noun[-1:] if stem(noun) in ANIMALS]
    each = " and ".join(f"the {noun}" for noun in dict.fromkeys(nouns))
    return _ANIMALS.sub(each, said) if each else said


def _gone(context: Context) -> str | None:
    """The animal that was there in the newest version and was taken back."""
    for version in reversed(context.history[1:]):
        for layer in reversed(version.layers):
            if layer.kind != "add":
                continue
            noun = parse(object_of(layer)).noun[-1:]
            if noun and stem(noun[0]) in ANIMALS:
                return noun[0]
    return None


_ONE = re.compile(r"(?<=[.!?;,])\s+(?:an?) (?P<look>[\w -]+?) one[.!]*$", re.IGNORECASE)
_NEW = re.compile(
    r"\b(?:put|place|add|have|paint|draw|want|like)\b(?: \w+){0,3}? (?P<new>(?:an?|one) (?P<noun>\w+))\b",
    re.IGNORECASE,
)


def _of_its_own(said: str) -> str:
    """ "put a cat there? He was ginger.": put a ginger cat there."""
    new, look = _NEW.search(said), _BEHAVED.search(said) or _ONE.search(said)
    if new is None or look is None or new.end() > look.start():
        return said
    seen = read_look(look["look"])
    if not (seen.value is not None and seen.is_colour_only):
        return said
    new_thing = f"a {look['look'].strip()} {new['noun']}"
    return said[: new.start("new")] + new_thing + said[new.end("new") : look.start()]
