"""One clause from its tokens: the opening is taken off, and the first reading that fits is taken."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.grammar import opening_tables
from agent.planner.grammar.clause import Clause, of_the, reference, thing_in, trimmed
from agent.planner.grammar.openings import KEEP, Opened, has_also, is_verb, opened_clause, without_tail
from agent.planner.grammar.place_phrases import place_at_start
from agent.planner.grammar.predicates import predicate
from agent.planner.grammar.refusals import DISLIKE, LEAVE, disliked, kept, without
from agent.planner.grammar.statements import nominal, verbal
from agent.planner.grammar.verbs import lemma
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing, lows, split
from tools.language.patterns import Pattern
from tools.language.tokens import Tokens, join


def read_clause(tokens: Tokens, *, question: bool = False) -> Clause:
    """One clause from its tokens."""
    opened = opened_clause(tokens)
    tokens = trimmed(without_tail(opened.tokens))
    words = lows(tokens)
    text = " ".join(words)
    if not words:
        return Clause(correction=opened.correction, also=opened.also)
    clause = _read_clause(tokens, words, text, opened, question=question)
    also = opened.also or clause.also or has_also(opened.tokens)
    swapped = "instead" in lows(opened.tokens)
    return replace(clause, correction=opened.correction or clause.correction, also=also, instead=swapped)


_ABOUT = Pattern(
    r"^(?:what (?:can|could|should|shall|would|do) (?:we|you|i) do (?:about|with)"
    r"|(?:any |some |your )?(?:thoughts|suggestions|opinions|opinion) (?:on|for|about|regarding)"
    r"|(?:do|can you do|could you do) something (?:about|with)) (?P<x>.+)$"
)


_BACKGROUND = lx.word_set("although though while since because as once when unless until")


def _read_clause(
    tokens: Tokens, words: tuple[str, ...], text: str, opened: Opened, *, question: bool
) -> Clause:
    if KEEP.match(text):
        return kept(tokens, words)
    if words[0] in _BACKGROUND and len(words) > 2:
        return Clause("talk", target=thing_in(tokens))
    if (
        words[0] == "not"
        and len(words) > 1
        and words[1] not in ("so", "as", "too", "that", "quite", "this")
        and not verbal(tokens[1:])
    ):
        return Clause("keep", "keep", target=join(tokens[1:]))
    if re.search(r"\b(?:other way (?:a?round)|vice versa|reversed)\b", text):
        return Clause("vague", "restyle")
    match = _ABOUT.match(text)
    if match:
        named = tokens[len(text[: match.start("x")].split()) :]
        about, _ = split(named, places=True)
        return Clause("vague", "restyle", target=join(about), negated=True)
    found = without(tokens, words, text)
    if found:
        return found
    match = LEAVE.match(text)
    if match and lemma(words[-1]) not in ("out",) and not (is_look(words[-1]) and words[-1] not in ("same",)):
        return Clause("keep", "keep", target=match["x"])
    match = DISLIKE.match(text)
    if match and (
        {"not", "longer", "never"} & set(words)
        or re.search(r"\b(?:hate|dislike|despise|detest|loathe|tired|sick|fed|bored|done)\b", text)
    ):
        return disliked(match["x"] or "")
    if len(words) == 1 and lemma(words[0]) == words[0] and is_verb(words[0]):
        return Clause("vague", "restyle")
    found = _arrow(tokens, words)
    if found:
        return found
    found = _inverted(tokens, words)
    if found:
        return found
    wanting = opening_tables.want(text)
    if wanting and len(wanting.split()) < len(words):
        rest = tokens[len(wanting.split()) :]
        inner = nominal(rest, wanted=True)
        corner = wanting.startswith("this corner") and inner.sort in ("", "add")
        return replace(inner, place="in this corner") if corner else inner
    for skip in (0, 1):
        # an unknown adverb may stand before the verb ("swiftly remove the lamp")
        if skip < len(tokens) and (
            skip == 0 or words[0].endswith("ly") or words[0] in ("you", "to", "just", "i", "we", "be")
        ):
            found = verbal(tokens[skip:])
            if found and not _is_statement(words):
                return found
    if words[-1] in ("sound", "sounds") and len(words) > 1:
        return nominal(tokens[:-1], wanted=True)
    found = _placed_first(tokens, words)
    if found:
        return found
    found = _subject(tokens, words, opened, question=question)
    if found:
        return found
    if (
        opened.personal
        and not chunking.determiners(tokens)
        and not is_look(words[0])
        and not is_thing(words[0])
        and words[0] not in ("it", "them")
    ):
        return Clause("talk", target=thing_in(tokens))
    found = _unknown_verb(tokens, words)
    if found:
        return found
    return nominal(tokens, wanted=opened.wanted)


def _is_statement(words: tuple[str, ...]) -> bool:
    """ "picture is nice", "paint looks wet": a thing-word that is also a verb, with a verb of its own after
    it.
    """
    return len(words) > 1 and bool(
        words[1] in _SAYS
        or (
            words[1] == "in" and is_thing(words[0]) and words[2:3] and words[2] not in lx.INDEFINITE | {"the"}
        )
    )


_SAYS = lx.word_set("is are was looks look should would could needs has must → :")


_ANNOUNCES = Pattern(
    r"(?:picture|imagine|try|do|consider) this|.*\b(?:idea|request|wish|task|todo|to-do|edits?"
    r"|changes?|instructions?|step|question|thought|plan|order|please|next|now|first|second|then|also"
    r"|wishlist|list|thing|things|following|suggestion)(?: \d+)?|\d+"
)


def _arrow(tokens: Tokens, words: tuple[str, ...]) -> Clause | None:
    """ "sofa: leather", "sofa → a bed"."""
    for mark in ("→", ":"):
        if mark in words:
            at = words.index(mark)
            left, right = tokens[:at], tokens[at + 1 :]
            if mark == ":" and right and _ANNOUNCES.fullmatch(" ".join(lows(left))):
                return read_clause(right)
            if lemma(left[0].low) in lx.REMOVE | lx.ADD:
                return verbal((left[0], *left[1:], *right))
            return nominal((*left, chunking.token("→"), *right))
    return None


def _inverted(tokens: Tokens, words: tuple[str, ...]) -> Clause | None:
    """ "could the rug be blue?", "how would the sofa look in velvet?"."""
    start = 0
    if (
        words[0] in ("how", "what")
        and len(words) > 2
        and words[1] in ("would", "will", "about", "if", "might", "could", "does", "do")
    ):
        start = 1
    if words[start] in ("could", "can", "should", "would", "might", "may", "shall", "must") or (
        start and words[1] in ("will",)
    ):
        rest = tokens[start + 1 :]
        if rest and rest[0].low == "not":
            rest = rest[1:]
        ref, after = reference(rest)
        if ref and after:
            return predicate("", ref, after, "", wish=True)
        target, after = split(rest, places=True)
        if target and after:
            target, after = of_the(target, after)
            return predicate(join(target), "", after, chunking.noun_of(target), wish=True)
        return None
    if (
        words[0] in ("is", "are", "does", "did", "was", "were")
        and len(words) > 2
        and words[1] not in ("you",)
    ):
        return Clause("talk")
    if words[0] == "do" and words[1:2] and words[1] in ("you", "we", "i", "they", "people"):
        return Clause("talk")
    return None


def _placed_first(tokens: Tokens, words: tuple[str, ...]) -> Clause | None:
    """ "on the table put a vase", "in the corner, a plant"."""
    if not chunking.locative(tokens) or (words[0] == "in" and not _is_in_place(tokens)):
        return None
    where, rest = place_at_start(tokens)
    if not where:
        return None
    if not rest:
        return Clause(place=where)
    return read_clause(rest)


def _is_in_place(tokens: Tokens) -> bool:
    inner, _ = split(tokens[1:], places=False)
    return bool(inner) and chunking.names_place(inner, ("in",))


def _subject(tokens: Tokens, words: tuple[str, ...], opened: Opened, *, question: bool) -> Clause | None:
    """A thing and what is said of it: "the wall should be green", "that plant has to go", "the rug too"."""
    if words[0] in ("there", "here") and len(words) > 1 and words[1] in ("is", "are", "was"):
        present, _ = split(tokens[2:], places=True)
        return Clause("talk", target=join(present))
    if words[0] in ("i", "we", "you", "he", "she", "who", "when", "why", "what", "how", "where", "which"):
        return Clause("talk", target=thing_in(tokens))
    ref, after = reference(tokens)
    target: Tokens = ()
    if not ref:
        target, after = split(tokens, places=True)
        if target and not after:
            return None
        target, after = of_the(target, after)
    if not after or not (ref or target):
        return None
    low = after[0].low
    adverb = next((i for i, token in enumerate(after[:3]) if token.low in lx.MODALS | lx.BE), None)
    if adverb is not None and all(t.low in lx.POLITE | lx.DEGREES | {"also"} for t in after[:adverb]):
        after = after[adverb:]
        low = after[0].low
    if low in ("do", "does", "did") and len(after) > 1 and after[1].low == "not":
        return Clause("vague", "restyle", target=join(target), reference=ref, negated=True)
    if low in lx.MODALS | lx.BE or (low == "had" and opened.suggested):
        wish = (
            opened.suggested
            or (question and low not in ("is", "are", "was", "were"))
            or (low in ("was", "were") and opened.suggested)
        )
        clause = predicate(join(target), ref, after, chunking.noun_of(target) if target else "", wish=wish)
        if (
            target
            and target[0].low in ("a", "an", "some", "another")
            and clause.sort in ("restyle", "vague", "talk")
        ):
            whole = nominal(tokens, wanted=True)
            return whole if whole.sort or whole.new else clause
        return clause
    if ref:
        return nominal(tokens, wanted=opened.wanted)
    return None


_BEGIN_OBJECTS = lx.word_set("the my our that this those these it them a an some")


def _unknown_verb(tokens: Tokens, words: tuple[str, ...]) -> Clause | None:
    """ "zhuzh up the sofa in pink": an unknown word before a determiner is a verb."""
    if len(words) < 3 or is_look(words[0]) or is_thing(words[0]) or words[0] in chunking.STOPS:
        return None
    if words[-1] in ("out", "away", "off") and words[1] in lx.DEFINITE:
        target, rest = split(tokens[1:-1], places=True)
        return (
            Clause("remove", "remove", target=join(target), confidence=0.7) if target and not rest else None
        )
    start = 2 if words[1] in ("up", "down", "over", "out", "off", "away", "in") and len(words) > 3 else 1
    if words[start] not in _BEGIN_OBJECTS:
        return None
    inner = nominal(tokens[start:])
    if inner.sort in ("restyle", "add", "replace") and not (inner.bare and inner.sort == "restyle"):
        return replace(inner, confidence=0.6)
    if inner.bare or inner.target or inner.reference:
        return Clause("vague", "restyle", target=inner.target, reference=inner.reference, confidence=0.4)
    return None
