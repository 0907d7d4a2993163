"""What one clause says, and the small readings that all clauses share (pronouns, endings, "the colour of").

A clause may be incomplete ("the sofa", "red", "on the table"); ``assembly`` puts clauses together to frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agent.planner.frames import Reference
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, is_thing, lows, noun_of, split
from tools.language.lexicon import word_set
from tools.language.tokens import Tokens, join

Sort = Literal["", "restyle", "replace", "remove", "add", "keep", "move", "vague", "talk", "wanted"]


@dataclass(frozen=True)
class Clause:
    """What one clause says, in words. ``verb`` is the class that a following clause without a verb takes
    over.
    """

    sort: Sort = ""
    verb: Sort = ""
    target: str = ""
    reference: Reference = ""
    look: str = ""
    new: str = ""
    place: str = ""
    like: str = ""
    bare: bool = False  # an indefinite or bare noun phrase: perhaps new, perhaps there already
    correction: bool = False
    also: bool = False
    negated: bool = False
    instead: bool = False
    confidence: float = 1.0
    rest: Tokens = ()  # of "wanted": the noun phrase that is wanted


NOTHING = Clause()


_ONES = {"first": "first", "second": "second", "third": "third", "last": "last", "other": "other"}


def reference(tokens: Tokens) -> tuple[Reference, Tokens]:
    """A pronoun or "the first one" at the start, and the rest; ("", tokens) where there is none."""
    words = lows(tokens)
    if not words:
        return "", tokens
    if words[0] in ("it", "itself"):
        return "it", tokens[1:]
    if words[0] in ("them", "they"):
        return (
            ("both", tokens[2:])
            if words[1:2] == ("both",)
            else ("them", tokens[2 if words[1:2] == ("all",) else 1 :])
        )
    if words[0] in ("both", "all", "each"):
        rest = tokens[1:]
        if rest and (_begins_noun(rest) or rest[0].low == "of"):
            return "", tokens
        return ("both" if words[0] == "both" else "all" if words[0] == "all" else "them"), rest
    if words[0] in ("this", "that", "these", "those") and not _begins_noun(tokens[1:]):
        return ("it" if words[0] in ("this", "that") else "them"), tokens[1:]
    if words[0] == "the" and words[1:2] and words[1] in _ONES and words[2:3] in (("one",), ("ones",)):
        return _ONES[words[1]], tokens[3:]  # type: ignore[return-value]
    return "", tokens


def _begins_noun(tokens: Tokens) -> bool:
    """Whether a noun phrase goes on here, rather than a look or a clause ("this | sofa" but "this | red")."""
    run = chunking.core(tokens)
    if not run:
        return bool(tokens) and tokens[0].low in chunking.DETERMINERS
    words = lows(run)
    if all(is_look(w) or w in lx.DEGREES or w in lx.VAGUE_LOOKS for w in words):
        return len(words) == 1 and is_thing(words[0]) and words[0] not in lx.SHADES
    return True


_TRAIL = lx.phrases(
    """
    than that | than it | than this | than before | than now | than it is |
    please | instead | too | as well | for me | would you | could you | can you | will you | thanks | thank
    you | if you can | if possible | now | lol | then | mate | dude | bro | again | though | right | ok |
    okay | haha | also | if you please | maybe | perhaps | i think | you know | if you do not mind | if that
    is possible | if that works | or something | or so | kindly | man | for a change | for us | real quick |
    quickly | asap | today | or what | if you could | if you would | if that is ok | do you think | to me |
    any more | anymore | altogether | entirely | completely | for once | first | my friend | instead please
    | actually | like now | in there | in the picture | in this picture | in the photo | in the image | in
    this image | in this photo | in this room | in this scene | in here | over there | buddy | darling |
    love | cheers | after all | all over | to be honest | overall | i guess | everywhere | if you want | if
    you like | no ? | yes | yeah | really | at all | for now | ideally | preferably | in general | a bit |
    by the way | i suppose | will ya | can ya | would ya | could ya | if u can | dear | stat | mkay
    """
)


_POLITE_ENDS = lx.word_set(
    "please pls plz thanks imo imho tbh lol haha mate dude bro buddy man yeah yep ok okay alright cheers btw"
)


_GOES_ON = lx.word_set("the a an my our your his her this that of on in for with and")


def trimmed(tokens: Tokens) -> Tokens:
    """Without the words that may stand at the end of any request."""
    changed = True
    while changed and tokens:
        changed = False
        words = lows(tokens)
        for ending in _TRAIL:
            if len(words) > len(ending) and words[-len(ending) :] == ending:
                if words[-len(ending) - 1] in _GOES_ON:
                    continue  # "on the man", "for the love"
                tokens, changed = tokens[: -len(ending)], True
                break
        if not changed and len(words) > 1 and words[-1] in _POLITE_ENDS and words[-2] not in _GOES_ON:
            tokens, changed = tokens[:-1], True
    return tokens


def thing_in(tokens: Tokens) -> str:
    """The thing that a clause speaks of, for a pronoun in the clauses after it."""
    for i, token in enumerate(tokens):
        if token.low in ("the", "this", "that", "my", "our", "these", "those"):
            target, _ = split(tokens[i:], places=True)
            if target and (has_thing(target) or is_thing(noun_of(target))):
                return join(target)
    return ""


def unknown_thing(thing: Tokens) -> bool:
    """Whether a noun phrase is about something that the planner has no word for."""
    noun = noun_of(thing)
    return bool(noun) and not is_look(noun) and noun not in lx.LOOK_NOUNS and noun not in lx.VAGUE_LOOKS


def of_the(target: Tokens, after: Tokens) -> tuple[Tokens, Tokens]:
    """ "the colour of the door" is about the door, and so is "the door's colour"."""
    words = lows(target)
    if "of" in words and words[words.index("of") - 1] in _COLOUR_OF:
        return target[words.index("of") + 1 :], after
    if len(words) > 1 and words[-1] in _COLOUR_OF and words[-2].endswith("'s"):
        owner = target[-2]
        return (*target[:-2], replace(owner, text=owner.text[:-2], low=owner.low[:-2])), after
    if (
        len(words) > 1
        and words[-1] in _COLOUR_OF - {"finish", "fabric", "upholstery", "paint"}
        and is_thing(words[-2])
    ):
        return target[:-1], after
    return target, after


_COLOUR_OF = word_set("""
    colour color material look style fabric finish shade pattern surface tone texture colours colors
    upholstery paint
""")
