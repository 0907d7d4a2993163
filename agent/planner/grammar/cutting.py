"""Where one clause ends and the next begins. "and" may join clauses, objects, or two looks of one thing."""

from __future__ import annotations

import re

from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing, lows
from tools.language.noun_phrases import sort_of
from tools.language.tokens import Tokens


def cut(tokens: Tokens) -> list[Tokens]:
    """The clauses of a sentence, in order; marks between clauses are left out, but each keeps its own
    question mark.
    """
    parts: list[Tokens] = []
    start = 0
    words = lows(tokens)
    later = _main_clause(words)
    if later:
        return [tokens[:later], *cut(tokens[later:])]
    for i, word in enumerate(words):
        if word in (".", "!", "?", ";") or (
            word in (",", "and", "then", "but", "plus", "while", "because", "(", ")", "so", "/", '"', "as")
            and _cuts(tokens, start, i)
        ):
            parts.append(tokens[start : i + 1] if word == "?" else tokens[start:i])
            start = i + 1
            if word == "as" and words[i : i + 3] == ("as", "well", "as"):
                start = i + 3
    parts.append(tokens[start:])
    return [part for part in parts if part]


_SUBORDINATORS = lx.word_set(
    "once when after as since because although though while if before now until unless"
)
_IMPERATIVES = (
    (lx.MAKE | lx.REPLACE | lx.REMOVE | lx.ADD | {"please"}) - lx.NOUNS - {"go", "have", "do", "get"}
)


def _main_clause(words: tuple[str, ...]) -> int:
    """Where the main clause begins after a subordinate one without a comma: "once the lamp is gone | make
    …".
    """
    if words[:1] == () or words[0] not in _SUBORDINATORS or "," in words:
        return 0
    for i in range(3, len(words) - 1):
        starts = words[i + 1] in chunking.DETERMINERS or words[i + 1] in lx.PRONOUNS or words[i] == "please"
        if (
            words[i] in _IMPERATIVES
            and starts
            and words[i - 1] not in chunking.DETERMINERS | {"to", "you", "i", "we"}
        ):
            return i
    return 0


def _cuts(tokens: Tokens, start: int, i: int) -> bool:
    """Whether the mark at ``i`` ends a clause rather than standing inside a phrase."""
    words = lows(tokens)
    before = words[i - 1] if i > start else ""
    after = words[i + 1] if i + 1 < len(words) else ""
    if i <= start and words[i] != ",":
        return False  # it opens the clause: "and the table"
    if words[i] == "as":
        return words[i : i + 3] == ("as", "well", "as")
    if words[i] == "so":
        return (
            before not in ("not", "", "is", "are", "looks", "be", "it's", "was", "like")
            and not is_look(after)
            and after not in ("much", "many", "dark", "bright")
        )
    if words[i] == "then":
        return True
    if words[i] == "but":
        return before not in ("all", "everything", "everyone", "nothing")
    if words[i] in ("and", ",", "/"):
        if words[i] == "," and after in ("and", "then", "but", "plus", "so", "or"):
            return True
        if words[i] == "and":
            if (before, after) in (
                ("before", "after"),
                ("go", "ahead"),
                ("bits", "bobs"),
                ("now", "then"),
                ("again", "again"),
                ("ahead", after),
                ("salt", "pepper"),
            ):
                return False
            if i - start <= 4 and re.fullmatch(
                r"(?:.* )?(?:be (?:a|an) \w+|be so kind|be nice|be so good|do me a favou?r|try|go"
                r"|go on|come on|please try|be good|go ahead)",
                " ".join(words[start:i]),
            ):
                return False
        if before and after and is_look(before) and is_look(after):
            return not _one_look(tokens, start, i)
    return True


_AFTER_LOOKS = lx.word_set(", . ! ? and please ; instead with in then but too on for")


def _one_look(tokens: Tokens, start: int, i: int) -> bool:
    """Whether the looks around a mark are one ("a black and white rug", "make it red, shiny and dark")."""
    words = lows(tokens)
    if words[start] in ("not", "no"):
        return False
    end = i + 1
    while end < len(words) and is_look(words[end]) and not (is_thing(words[end]) and not sort_of(words[end])):
        end += 1
    following = words[end] if end < len(words) else ""
    if following in (":", "→"):
        return False
    if not following or following in _AFTER_LOOKS:
        last = words[end - 1]
        # "make the sofa red and paint …" is no look; nor is "red, green sofa"
        return not (is_thing(last) and words[i] == "and" and end - i > 2 and last not in lx.MATERIAL_NOUNS)
    if chunking.is_stop(following):
        # "the sofa red and white": one look; "the sofa red and grey should be the rug" is nobody's English
        return True
    # a thing follows: one phrase only where an article opens it ("a black and white rug")
    back = i - 1
    while back >= start and is_look(words[back]):
        back -= 1
    opener = words[back] if back >= start else ""
    return opener in chunking.DETERMINERS or opener in ("in", "into", "to", "with", "for")
