"""Looks that say what is too much: "too dark" is lighter, "less shiny" is matt, "way too red" is less red."""

from __future__ import annotations

from tools.language import lexicon as lx
from tools.language.chunking import is_look
from tools.language.compounds import is_step
from tools.language.looks import degree_at, without_article
from tools.language.patterns import Pattern

_LESS = Pattern(
    r"\b(?:less|half as|not (?:quite )?(?:so|that|as|too)(?: very)?|too|way too|a bit too|far too|much too) "
    r"(?:\w+ )??(\w+)"
)
_MORE = Pattern(r"\b(?:a bit |a little |much |way |even |slightly )?more (?:of an? )?(\w+)")


_STEPS_WITH_MORE = lx.word_set("muted saturated vivid colourful colorful")
"""Steps of a colour, and no looks of their own."""


def turned(low: str, text: str) -> str:
    """A look with "too dark" and "less shiny" turned into what is wanted; ``low`` is it in lower case."""
    match = _LESS.search(low)
    if match:
        said = match.group().replace("quite ", "")
        word = lx.COMPARATIVES.get(match[1], match[1])
        if word in lx.OPPOSITES:
            wanted = _by_degree(said, _opposite(word))
            return (low[: match.start()] + wanted + low[match.end() :]).strip()
        if is_step(f"less_{word}") and not match.group().startswith("less"):
            wanted = _by_degree(said, f"less {word}")  # "way too red"
            return (low[: match.start()] + wanted + low[match.end() :]).strip()
        return low
    match = _MORE.search(low)
    if match and match[1] in _STEPS_WITH_MORE:
        return text
    if match and is_step(more := lx.COMPARATIVE_OF.get(match[1], "")):
        wanted = _by_degree(match.group(), more)  # "a bit more light"
        return (low[: match.start()] + wanted + low[match.end() :]).strip()
    if match and (is_look(match[1]) or match[1] not in lx.DEGREES):
        return (low[: match.start()] + match[1] + low[match.end() :]).strip()
    return text


def _opposite(word: str) -> str:
    """What a thing that is "too dark" should be: "lighter"."""
    other = lx.OPPOSITES[lx.COMPARATIVES.get(word, word)]
    more = lx.COMPARATIVE_OF.get(other, other)
    return more if is_step(more) or not is_step(f"more_{other}") else f"more {other}"


def _by_degree(text: str, look: str) -> str:
    """A step by as much as is said: "lighter" of "a bit too dark" is "slightly lighter"."""
    words = text.split()
    for at in range(len(words)):
        found = degree_at(words, at)
        if found and found[1] is not None and is_step(look.replace(" ", "_")):
            said = " ".join(words[at : at + found[0]])
            return without_article(f"{said} {look}")
    return look
