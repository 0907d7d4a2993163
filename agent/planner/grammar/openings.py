"""How clauses open: politeness, "could you", "I was wondering whether", "how about", "no wait".

The opening is taken off, and only what it means for the rest is kept: that something is wanted, suggested,
corrected or said in addition. The patterns are over a closed class of function words.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.planner.grammar import opening_tables
from agent.planner.grammar.verbs import lemma
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing, lows
from tools.language.lexicon import word_set
from tools.language.patterns import Pattern
from tools.language.tokens import Tokens

_SUGGESTING = Pattern(
    r"\bif$|show|tell|what about|how (?:about|bout)|what if|why|think|how would|what would|what do you"
    r"|how do|wish|imagine"
)


_INTENDING = Pattern(r"(?:i|we) .*(?: to| of| about)$")


REPAIR = Pattern(
    r"^(?:(?:no|nope|nah|sorry|wait|hold on|hang on|oops|whoops|actually|hmm|uh|er|um|oh|or|well|just kidding"
    r"|kidding|joking|scratch that|strike that|i mean|i meant|rather|correction|make that|make it|forget that"
    r"|not that|on second thought|on second thoughts|my bad|never mind|nevermind|ugh|ah|argh|i said|but|no no"
    r"|let us say|let's say|instead|no actually|oh no|that should be|should be|i wanted to say|i meant to say"
    r"|excuse me|pardon)(?: |$))+"
)


KEEP = Pattern(
    r"^(?:(?:just|please|but|and|also|only|simply) )*(?:do not|does not|not|never|don't|no need to|without"
    r"|not to|rather not|i do not want (?:you )?to|you should not|you do not (?:have|need) to|do not you dare"
    r"|we do not (?:have|need) to) (?:\w+ )?(?:touch(?:ing)?|change|changing|alter(?:ing)?|modify(?:ing)?"
    r"|mess(?:ing)?|edit(?:ing)?|paint(?:ing)?|repaint|remove|removing|move|moving|delete|deleting|replace"
    r"|replacing|make|making|turn|turning|do|put|add|recolour|recolor|colour|color|ruin|affect(?:ing)?|forget"
    r"|erase|take|use|go|bother|swap|lose|get|cover|restyle|darken|lighten|hide|bring|throw|worry|mind|show"
    r"|give|let)\b"
)


STRONG_REPAIR = Pattern(
    r"\b(?:no|nope|nah|wait|sorry|i mean|i meant|just kidding|kidding|scratch that|strike that|correction"
    r"|make that|rather|on second thoughts?|oops|whoops|actually|hold on|hang on|forget that|my bad|i said|i "
    r"wanted to say|i meant to say)\b"
)


_COMMAND_EDGES = Pattern(
    r"^(?:(?:can|could|would|will) (?:you|we|i)|please|i want to|i would like to|i need to|i want you to|i "
    r"would like you to|let us|let's|just|maybe|let me|go ahead and|i think (?:i|we)(?: (?:should|will"
    r"|would))?|you can|we should|i would rather|ok|okay|no|nope|nah|hmm|actually|sorry|well|alright|all "
    r"right|oh|ugh|hey|wait|yes|so|and|but|then|now|oops|whoops|argh|right|um|uh|er|eh|meh|yeah|also|first"
    r"|finally|damn|never mind|nevermind|on second thoughts?|thanks|thank you|i changed my mind|changed my "
    r"mind|i have changed my mind|that is (?:wrong|not right|bad|awful|horrible|ugly|terrible|worse|no good)"
    r"|i do not like (?:it|that|this)|i hate (?:it|that|this)|forget it|bad idea|my mistake|my bad|too bad"
    r"|yuck|ew|mm|so sorry) | (?:please|thanks|thank you|now|instead|then|again please|for me|would you"
    r"|could you|can you|will you|if you can|mate|ok|okay|actually|after all please|if possible|lol|will ya"
    r"|right now|quickly)$"
)


def core_text(tokens: Tokens) -> str:
    """The words of a sentence without marks and polite edges, lower case: what commands are."""
    core = without_edges(tuple(token for token in tokens if token.low not in '.,!?;:()"'))
    text = " ".join(lows(core))
    return _unwrapped_text(text)


def _unwrapped_text(text: str) -> str:
    while True:
        shorter = _COMMAND_EDGES.sub("", text)
        if shorter == text or not shorter:
            return text
        text = shorter


def without_edges(tokens: Tokens) -> Tokens:
    """Without the polite words and marks at both ends."""
    start, end = 0, len(tokens)
    while start < end and (tokens[start].low in lx.POLITE or not tokens[start].low[0].isalnum()):
        start += 1
    while end > start and (
        (
            tokens[end - 1].low in lx.POLITE
            and tokens[end - 1].low not in ("right", "again", "first", "too", "now", "next", "no", "so")
        )
        or not (tokens[end - 1].low[0].isalnum())
    ):
        end -= 1
    return tokens[start:end]


@dataclass(frozen=True)
class Opened:
    """A clause without its polite and conversational opening."""

    tokens: Tokens
    wanted: bool = False
    suggested: bool = False
    correction: bool = False
    also: bool = False
    personal: bool = False


def opened_clause(tokens: Tokens) -> Opened:
    """Take the opening off a clause: fillers, "could you", "I think", "how about"; remember what it meant."""
    wanted = suggested = correction = also = personal = False
    while tokens:
        text = " ".join(lows(tokens))
        match = REPAIR.match(text + " ")
        if match and match.group().strip():
            size = len(match.group().split())
            opening = match.group()
            # "no cushions" and "make it red" are requests and no repairs
            if opening.split()[-1] in ("no", "not") and size < len(tokens) and _names(tokens[size:]):
                size -= 1
            while (
                size
                and opening.split()[size - 1] in ("it", "make", "that", "be", "should", "but", "better", "or")
                and " ".join(opening.split()[max(0, size - 2) : size])
                in ("make it", "make that", "but", "better", "or")
            ):
                size -= 2 if opening.split()[size - 1] in ("it", "that") else 1
            if size > 0:
                correction = correction or bool(STRONG_REPAIR.search(" ".join(opening.split()[:size])))
                tokens = tokens[size:]
                continue
        first = tokens[0].low
        if (
            first in lx.POLITE
            and not (first in ("no", "not", "right", "only", "just", "still", "plus") and _opens_noun(tokens))
            and first != "dear"
        ):
            also = also or first in _ALSO
            tokens = tokens[1:]
            continue
        if not first[0].isalnum() or (first == "like" and len(tokens) > 1 and is_verb(lemma(tokens[1].low))):
            tokens = tokens[1:]
            continue
        opener = "" if KEEP.match(text) else opening_tables.request(text)
        if opener:
            size = len(opener.split())
            if size == len(tokens) and size <= 1:
                break
            suggested = suggested or bool(_SUGGESTING.search(opener))
            wanted = wanted or "have" in opener or opener.endswith(("see", "get", "try"))
            personal = personal or bool(_INTENDING.match(opener))
            tokens = tokens[size:]
            continue
        break
    return Opened(tokens, wanted, suggested, correction, also, personal)


def _names(tokens: Tokens) -> bool:
    """Whether a thing is named here ("cushions on the sofa"): what "no" before it takes away."""
    run = (
        chunking.core(tokens[chunking.determiners(tokens) :])
        if tokens[0].low not in chunking.DETERMINERS
        else ()
    )
    return (
        bool(run)
        and not is_look(run[0].low)
        and (is_thing(run[-1].low) or is_thing(run[0].low))
        and len(tokens) > 0
        and tokens[0].low not in ("darker", "lighter", "back")
    )


def _opens_noun(tokens: Tokens) -> bool:
    first = tokens[0].low
    return first == "right" and len(tokens) > 1 and is_thing(tokens[1].low)


def has_also(tokens: Tokens) -> bool:
    """Whether a clause ends with "too" or "as well"."""
    words = lows(tokens)
    return bool(words) and (
        words[-1] in ("too", "also", "likewise", "ditto")
        or words[-2:] == ("as", "well")
        or words[-1] == "well"
    )


def without_tail(tokens: Tokens) -> Tokens:
    """Without the marks at the end."""
    end = len(tokens)
    while end and not (tokens[end - 1].low[0].isalnum()):
        end -= 1
    return tokens[:end]


def is_verb(word: str) -> bool:
    """Whether a word is a verb of change and nothing else."""
    return word in lx.MAKE | lx.REPLACE | lx.ADD | lx.VAGUE and not is_look(word) and not is_thing(word)


_ALSO = word_set("also and too plus likewise additionally ditto")
