"""Looks: what a thing shall look like. "a bit darker", "into oak", "like it's made of glass", "a nice shade
of green".
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.planner.grammar.clause import trimmed
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, is_thing, lows, noun_of, split
from tools.language.compounds import is_step
from tools.language.looks import degree_at, without_article
from tools.language.patterns import Pattern
from tools.language.tokens import Tokens, join

_LIKE = Pattern(
    r"(?:(?:to |that )?(?:match|matches|matching)(?: with)?|(?:(?:in |to )?the )?same(?: (?:thing|way|again"
    r"|treatment|one|as well))?|(?:(?:in |to |into |with |of |have )?(?:the |that |this )same|(?:in |to "
    r")?(?:that|this)) (?:colou?r|material|fabric|look|style|shade|finish|pattern|treatment|wood|tone"
    r"|texture)s?|like (?:that|this|it|so)|the way you did(?: with| it with| for)?|likewise|ditto"
    r"|identical(?:ly)?|similarly)(?:(?: as| like| to| with| of| for| from)? (?P<x>(?:the|my|our) [\w -]+|it"
    r"|that))?(?: too| as well| have| has| is| are| please)*"
)


_AS = Pattern(
    r"(?:(?:just |exactly )?(?:like|as|to match|match|to go with) )(?P<x>(?:the|my"
    r"|our) [\w -]+?)(?: too| as well| is| are| has)*"
)


_VAGUE = lx.VAGUE_LOOKS | lx.word_set("""
    pop shine stand out stands wild crazy nuts work whatever somehow personality modernity wow factor sexy
    dope lit-up fire alive lively jazzy spicy look looking bit little much more a an the really way style
    make it up something anything else kind of so very less even slightly some colour color life character
    oomph
""")


def look_of(tokens: Tokens) -> tuple[str, str, bool]:
    """(look, like, vague) of words that say what a thing shall look like."""
    text = " ".join(lows(tokens)).strip(" ,.!?")
    if not text:
        return "", "", False
    if " or " in f" {text} ":
        return "", "", True  # a choice is a question
    match = _LIKE.fullmatch(text)
    if match:
        named = match["x"] or ""
        return "", (named if named not in ("", "it", "that") else "last"), False
    match = _AS.fullmatch(text)
    if match and not _material_like(match["x"]):
        return "", match["x"], False
    content = [w for w in text.split() if w not in _VAGUE | lx.DEGREES | lx.EVALUATIVE]
    if not content or (len(content) == 1 and content[0] in ("this", "that", "world", "type", "sort")):
        only = [
            w for w in text.split() if w not in ("a", "the", "bit", "little", "way", "much", "more", "so")
        ]
        if not any(is_look(w) and w not in lx.VAGUE_LOOKS for w in only):
            return "", "", True
    return turned(text, join(tokens)), "", False


def _material_like(words: str) -> bool:
    return all(is_look(word) for word in words.split()[1:])


_LESS = Pattern(
    r"\b(?:less|not (?:so|that|as|quite so|too)(?: very)?|too|way too|a bit too|far too|much too) "
    r"(?:\w+ )??(\w+)"
)


_MORE = Pattern(r"\b(?:a bit |a little |much |way |even |slightly )?more (?:of an? )?(\w+)")


def opposite(word: str) -> str:
    """What a thing that is "too dark" should be: "lighter"."""
    other = lx.OPPOSITES[lx.COMPARATIVES.get(word, word)]
    more = lx.COMPARATIVE_OF.get(other, other)
    return more if is_step(more) or not is_step(f"more_{other}") else f"more {other}"


def by_degree(text: str, look: str) -> str:
    """A step by as much as is said: "lighter" of "a bit too dark" is "slightly lighter"."""
    words = text.split()
    for at in range(len(words)):
        found = degree_at(words, at)
        if found and found[1] is not None and is_step(look.replace(" ", "_")):
            said = " ".join(words[at : at + found[0]])
            return without_article(f"{said} {look}")
    return look


def turned(low: str, text: str) -> str:
    """A look with "too dark" and "less shiny" turned into what is wanted."""
    match = _LESS.search(low)
    if match:
        word = lx.COMPARATIVES.get(match[1], match[1])
        if word in lx.OPPOSITES:
            wanted = by_degree(match.group(), opposite(word))
            return (low[: match.start()] + wanted + low[match.end() :]).strip()
        if is_step(f"less_{word}") and not match.group().startswith("less"):
            wanted = by_degree(match.group(), f"less {word}")  # "way too red"
            return (low[: match.start()] + wanted + low[match.end() :]).strip()
        return low
    match = _MORE.search(low)
    if match and (is_look(match[1]) or match[1] not in lx.DEGREES):
        return (low[: match.start()] + match[1] + low[match.end() :]).strip()
    return text


@dataclass(frozen=True)
class Complement:
    """What a clause says of its object: a look, a new thing, a look to copy, or a place."""

    look: str = ""
    new: str = ""
    like: str = ""
    vague: bool = False
    with_: bool = False


_INTO = frozenset({"to", "into", "be", "become", "as", "for", "→", ":", "being", "becoming"})


_NOT_THIS = (("instead", "of"), ("rather", "than"), ("and", "not"))


def complement(tokens: Tokens, object_noun: str = "", *, surface: bool = False) -> Complement:
    """What the words after the object make of it."""
    tokens = trimmed(tokens)
    words = lows(tokens)
    if not words:
        return Complement()
    cut = next((i for i in range(1, len(words)) if words[i : i + 2] in _NOT_THIS or words[i] == "not"), 0)
    if cut:
        tokens, words = tokens[:cut], words[:cut]  # "walnut instead of gold"
    if words[0] == "of" and len(words) > 1:
        return complement(tokens[1:], object_noun, surface=True)
    _, like, vague = look_of(tokens)
    if like:
        return Complement(like=like)
    into = False
    while words and (words[0] in _INTO or words[0] in ("look", "looking", "something", "a-look")):
        into = into or words[0] in ("into", "to", "for", "→", ":", "be", "become", "as")
        tokens, words = tokens[1:], words[1:]
    tokens, words = _without_degrees(tokens)
    if not words:
        return Complement(vague=vague)
    if words[0] in ("with", "without"):
        return _with(tokens, surface=surface)
    if words[0] in ("in", "using", "like", "from"):
        rest = tokens[1:]
        inner = has_thing(rest) and not _surface_thing(rest)
        if (
            words[0] == "in"
            and inner
            and rest[0].low not in chunking.DETERMINERS
            and not any(is_thing(t.low) for t in rest)
        ):
            inner = False  # "in hessian": an unknown word after "in" is a look
        if words[0] == "like" and inner:
            return Complement(look=join(tokens))
        if words[0] == "in" and inner and rest:
            if surface and rest[0].low not in chunking.DETERMINERS:
                return Complement(look="covered " + join(tokens))
            return Complement(look=join(tokens)) if surface or rest[0].low in ("a", "an") else Complement()
        return look_only(rest)
    if words[0] in chunking.DETERMINERS and words[0] not in ("more", "no"):
        return _article(tokens, object_noun, into=into, surface=surface)
    if words[0] == "not":
        return Complement(vague=True)
    if len(tokens) == 1 and not into and chunking.is_colour_too(words[0]):
        return look_only(tokens)  # "make the sofa pumpkin"
    if has_thing(tokens) and not _surface_thing(tokens) and any(is_thing(t.low) for t in tokens):
        thing, rest = split(tokens, places=False, tails=True)
        return Complement(new=join(thing or tokens))
    return look_only(tokens)


def _article(tokens: Tokens, object_noun: str, *, into: bool, surface: bool) -> Complement:
    thing, rest = split(tokens, places=False, tails=True)
    noun = noun_of(thing)
    known = has_thing(thing)
    if thing and known and not _same_noun(noun, object_noun) and noun not in ("one", "ones"):
        if surface and not into:
            return Complement(look=join(tokens))
        return Complement(new=join(tokens if rest and rest[0].low in ("with", "of") else thing))
    return look_only(tokens)


def _same_noun(one: str, other: str) -> bool:
    return bool(one) and (one.rstrip("s") == other.rstrip("s"))


def _surface_thing(tokens: Tokens) -> bool:
    """Whether a noun phrase names a covering ("tiles", "brick wallpaper") rather than an object."""
    words = lows(tokens)
    return bool(words) and words[-1] in lx.MATERIAL_NOUNS and tokens[0].low not in ("a", "an", "another")


def look_only(tokens: Tokens) -> Complement:
    """What words that can only be a look make of a thing."""
    look, like, vague = look_of(tokens)
    return Complement(look=look, like=like, vague=vague)


def _with(tokens: Tokens, *, surface: bool) -> Complement:
    rest = tokens[1:]
    if not rest:
        return Complement()
    if (
        tokens[0].low == "with"
        and not has_thing(rest)
        and lows(rest)[-1] not in lx.PATTERNS | {"stripes", "dots"}
    ):
        return look_only(rest)
    if surface and tokens[0].low == "with":
        return Complement(look="covered " + join(tokens), with_=True)
    return Complement(look=join(tokens), with_=True)


def _without_degrees(tokens: Tokens) -> tuple[Tokens, tuple[str, ...]]:
    """Without "a bit" and "completely" before a look, but with the "more" and "very" of it."""
    words = lows(tokens)
    skip = 0
    if (
        words[:1] == ("a",)
        and words[1:2]
        and words[1] in ("lot", "bit", "little", "tad", "touch", "shade")
        and len(words) > 2
    ):
        skip = 3 if words[1] == "little" and words[2] == "bit" else 2
    return tokens[skip:], words[skip:]


def is_look_phrase(tokens: Tokens) -> bool:
    """ "a dark red", "blue velvet", "something in oak": looks and no thing."""
    run = tokens[chunking.determiners(tokens) :]
    words = lows(run)
    if not words or tokens[0].low in ("the", "my", "our", "that", "this"):
        return False
    if words[0] in ("something", "anything"):
        return True
    content = [
        w
        for w in words
        if w not in lx.DEGREES
        and w not in lx.LOOK_NOUNS
        and w not in ("of", "and", "one", "in", "more", "very")
    ]
    if not content and words[-1] in lx.LOOK_NOUNS | {"one", "ones"}:
        return True
    return (
        bool(content)
        and all(is_look(w) for w in content)
        and not (len(content) == 1 and is_thing(content[0]) and tokens[0].low in ("a", "an"))
    )
