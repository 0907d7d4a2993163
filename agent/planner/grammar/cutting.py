"""Where one clause ends and the next begins. "and" may join clauses, objects, or two looks of one thing."""

from __future__ import annotations

from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing, lows
from tools.language.tokens import Tokens


def cut(tokens: Tokens) -> list[Tokens]:
    """The clauses of a sentence, in order; marks between clauses are left out, but each keeps its own
    question mark.
    """
    parts: list[Tokens] = []
    start = 0
    words = lows(tokens)
    for i, word in enumerate(words):
        if word in (".", "!", "?", ";") or (
            word in (",", "and", "then", "but", "plus", "while", "because", "(", ")", "so", "/", '"', "as")
            and _cuts(tokens, start, i)
        ):
            parts.append(tokens[start : i + 1] if word == "?" else tokens[start:i])
            start = i + 1
    parts.append(tokens[start:])
    return [part for part in parts if part]


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
    if words[i] == "but":
        return before not in ("all", "everything", "everyone", "nothing")
    if words[i] in ("and", ",", "/"):
        if words[i] == "," and after in ("and", "then", "but", "plus", "so", "or"):
            return True
        if before and after and is_look(before) and is_look(after):
            return not _one_look(tokens, start, i)
    return True


_AFTER_LOOKS = lx.word_set(", . ! ? and please ; instead with in then but too on for")


def _one_look(tokens: Tokens, start: int, i: int) -> bool:
    """Whether the looks around a mark are one ("a black and white rug", "make it red, shiny and dark")."""
    words = lows(tokens)
    end = i + 1
    following = words[end] if end < len(words) else ""
    if not following or following in _AFTER_LOOKS:
        last = words[end - 1]
        # "make the sofa red and paint …" is no look; nor is "red, green sofa"
        return not (is_thing(last) and words[i] == "and" and end - i > 2 and last not in lx.MATERIAL_NOUNS)
    # a thing follows: one phrase only where an article opens it ("a black and white rug")
    back = i - 1
    opener = words[back] if back >= start else ""
    return opener in chunking.DETERMINERS or opener in ("in", "into", "to", "with", "for")
