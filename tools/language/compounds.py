"""Words that belong together, as one word: "duck egg blue", "much darker", "#336699".

Phrases are read word by word. A name of a colour that has a thing or a stuff in it ("brick
red") and a step with its degree ("a bit lighter") would come apart, so they are joined with "_" before
anything is read, and parted again in what is said and planned. A code is joined as ``hex_336699``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from tools.language import colours, looks
from tools.language import lexicon as lx
from tools.language.lexicon import word_set

_LONGEST = 5  # words of a colour


def joined(text: str) -> str:
    """The text with every colour of several words, every step and every code as one word."""
    words = text.split()
    lows = [word.lower() for word in words]
    if not _may_hold(lows):
        return text
    result, at = [], 0
    while at < len(words):
        size, word = group(lows, at)
        result.append(word if size > 1 or word != lows[at] else words[at])
        at += size
    return " ".join(result)


def parted(text: str) -> str:
    """The text as a person writes it."""
    return _CODE.sub(r"#\1", text).replace("_", " ")


_CODE = re.compile(r"\bhex_([0-9a-f]{3}(?:[0-9a-f]{3})?)\b", re.IGNORECASE)


def _may_hold(lows: Sequence[str]) -> bool:
    return len(lows) > 1 or any(word.startswith("#") for word in lows)


def group(lows: Sequence[str], at: int) -> tuple[int, str]:
    """What begins at a word: how many words it takes, and what stands for them (1 and the word: nothing)."""
    low = lows[at]
    if low.startswith("#"):
        return 1, f"hex_{low[1:]}" if colours.code_value(low) else low
    if lows[at + 1 : at + 2] in (["coloured"], ["colored"]) and (low in lx.MATERIALS or _is_colour(low)):
        return 2, f"{low}-coloured"
    step = _step(lows, at)
    if step:
        return step
    for size in range(min(_LONGEST, len(lows) - at), 1, -1):
        words = lows[at : at + size]
        if _is_name(tuple(words)) and not _is_thing_there(lows, at):
            return size, "_".join(words)
    return 1, low


def _step(lows: Sequence[str], at: int) -> tuple[int, str] | None:
    before = lows[at - 1] if at else ""
    if lows[at] == "too" or (lows[at] == "not" and before in lx.BE | lx.MODALS | {"do", "does", "should"}):
        return None
    found = looks.step_at(lows, at)
    if found is None:
        return None
    end, _ = found
    if end - at == 1:
        return None  # a word of its own
    said = list(lows[at:end])
    follow = lows[end] if end < len(lows) else ""
    if {"more", "less"} & {*said} and follow and follow not in _AFTER_MORE and not _is_colour(follow):
        return None  # "more red cushions" are cushions
    if before in lx.DEFINITE and said[0] in ("shade", "tone", "touch", "bit"):
        return None
    words = looks.without_article(" ".join(said)).split()
    if words[-1] in looks.COMPARATIVES or {"more", "less", "not"} & {*words}:
        return end - at, "_".join(words)
    return None


_AFTER_MORE = word_set("and , . ! ? ; please than now in on for or but then too instead again here there if")


@cache
def _names() -> frozenset[tuple[str, ...]]:
    """The names of several words that would be taken apart wrongly."""
    known = lx.COLOURS | lx.SHADES
    css = (("fire", "brick"), ("corn", "silk"), ("peach", "puff"), ("corn", "flower", "blue"))
    found = {tuple(name.split()) for name in colours.names() if " " in name}
    found |= {
        tuple(name.replace("grey", "gray").split()) for name in colours.names() if "grey" in name.split()
    }
    return frozenset(
        name
        for name in (*found, *css)
        if not (all(word in known for word in name) and not {*name} & lx.MATERIALS) and not {*name} & _NO_PART
    )


_NO_PART = word_set("leather velvet wood wooden wool silk cotton dark light")


@lru_cache(maxsize=4096)
def _is_name(words: tuple[str, ...]) -> bool:
    if words in _names() or (words[0] in lx.SHADES and words[1:] in _names()):
        return True
    first = words[0]
    if first in ("almost", "nearly", "off") or (first == "between" and "and" in words):
        return colours.value_of(" ".join(words)) is not None
    if words[:2] == ("somewhere", "between"):
        return _is_name(words[1:])
    return first.endswith("ish") and _is_colour(first) and len(words) == 2 and words[1] in lx.COLOURS


def _is_thing_there(lows: Sequence[str], at: int) -> bool:
    """Whether the first word is the thing: "make the brick red", "paint grass green"."""
    before = lows[at - 1] if at else ""
    thing = lows[at] in lx.NOUNS or lows[at] in lx.MATERIALS
    return thing and (before in lx.DEFINITE or before in lx.MAKE)


@lru_cache(maxsize=4096)
def _is_colour(low: str) -> bool:
    return colours.value_of(low) is not None


@lru_cache(maxsize=4096)
def is_step(word: str) -> bool:
    """Whether a word, joined or plain, is a step of a colour: "darker", "much_darker", "less_red"."""
    low = word.lower()
    return low in looks.COMPARATIVES or ("_" in low and not low.startswith("hex_") and _is_step(low))


def _is_step(low: str) -> bool:
    lows = low.split("_")
    found = looks.step_at(lows, 0)
    return found is not None and found[0] == len(lows)


@lru_cache(maxsize=4096)
def is_colour(word: str) -> bool:
    """Whether a word is a joined name or code, or a name that stands in no list of the lexicon."""
    low = word.lower()
    if "_" in low:
        return low.startswith("hex_") or _is_colour(parted(low).removeprefix("somewhere ")) or _is_step(low)
    return low in _single() or (low.endswith("ish") and _is_colour(low))


@cache
def _single() -> frozenset[str]:
    others = lx.NOUNS | lx.MATERIALS | lx.FINISHES | lx.PATTERNS | lx.SIZES | lx.EVALUATIVE | lx.COMMON
    names = frozenset(name for name in colours.names() if " " not in name and "/" not in name)
    return (
        names - others - lx.MAKE - lx.REMOVE - lx.ADD - lx.POLITE - word_set("hot true dove ink raven bone")
    )
