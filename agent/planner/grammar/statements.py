"""Clauses without a verb of change: "a red door", "the rug in navy", "the wall should be green", "that lamp
has to go".

The shapes of their parts say what is wanted: an indefinite thing with a place is new, one with a look is
there already and gets the look, a look alone belongs to what was spoken of last.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planner.grammar.clause import NOTHING, Clause, of_the, reference, trimmed
from agent.planner.grammar.looks import Complement, complement, is_look_phrase
from agent.planner.grammar.objects import remove_clause
from agent.planner.grammar.place_phrases import begins_place, instead, with_doing, words_of_place
from agent.planner.grammar.predicates import predicate, said_of
from agent.planner.grammar.verbs import only_look, verb_clause
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, is_thing, lows, noun_of, split
from tools.language.noun_phrases import is_compound
from tools.language.tokens import Tokens, join


def verbal(tokens: Tokens) -> Clause | None:
    """A clause that begins with a verb; where the verb only says that something is wanted, what is said of
    that.
    """
    clause = verb_clause(tokens)
    return nominal(clause.rest, wanted=True) if clause is not None and clause.sort == "wanted" else clause


def nominal(tokens: Tokens, *, wanted: bool = False) -> Clause:
    """A noun phrase with what is said of it: "a red door", "the rug in navy", "a plant in the corner".

    ``wanted``: the clause said that this is wanted, so that an object with nothing said of it is vague.
    """
    tokens = trimmed(tokens)
    words = lows(tokens)
    if not words:
        return Clause("vague" if wanted else "")
    ref, after = reference(tokens)
    if ref:
        clause = said_of("", ref, after, "")
        return replace(clause, sort=clause.sort or ("vague" if wanted else ""), reference=ref)
    if words[0] in ("less", "fewer") and len(words) > 1 and has_thing(tokens[1:]):
        return remove_clause(tokens[1:], "remove")
    if words[0] == "no" and len(words) > 1:
        return remove_clause(tokens[2:] if words[1] == "more" else tokens[1:], "remove")
    if words[0] in ("to", "be", "into") and len(words) > 1:
        what = complement(tokens)
        return Clause(new=what.new, bare=True) if what.new else only_look(tokens)
    if words[:2] == ("back", "to") and len(words) > 2:
        return only_look(tokens[2:])
    if "same" in words[:2] and words[0] in ("the", "same") and len(words) > 2:
        # "the same sofa in leather" is the sofa
        kept = tuple(token for token in tokens if token.low != "same")
        return nominal(kept, wanted=wanted)
    if words[0] == "too" and len(words) > 1:
        return Clause("vague", "restyle", reference="it")
    if (
        words[0] in ("in", "with", "like", "using")
        or words[0] in lx.DEGREES - {"a", "all", "nice"}
        or is_look_phrase(tokens)
    ):
        return _look_clause(tokens)
    if words[0] in ("more", "less") or (
        words[0] == "a"
        and words[1:2]
        and words[1] in ("bit", "little", "touch", "tad", "lot")
        and not has_thing(tokens)
    ):
        return _look_clause(tokens)
    definite = words[0] in lx.DEFINITE
    target, after = split(tokens, places=definite, look_follows=True, tails=not definite)
    if not target:
        return Clause("vague") if wanted else NOTHING
    if definite:
        target, after = of_the(target, after)
        return said_of(join(target), "", after, noun_of(target))
    return _indefinite(target, after, tokens, wanted=wanted)


def _look_clause(tokens: Tokens) -> Clause:
    what = complement(tokens, surface=tokens[0].low != "with")
    return Clause(look=what.look)


def _indefinite(thing: Tokens, after: Tokens, tokens: Tokens, *, wanted: bool) -> Clause:
    thing, after = with_doing(thing, trimmed(after))
    words = lows(after)
    swap = instead(thing, after)
    if swap:
        return swap
    article = thing[0].low if chunking.determiners(thing) else ""
    if article and after and words[0] in lx.MODALS | lx.BE:
        return _wished(thing, after)
    thing, after = of_the(thing, after)
    words = lows(after)
    run = chunking.core(thing[chunking.determiners(thing) :])
    towards = bool(after) and words[0] == "to" and has_thing(after[1:])
    if (
        after
        and (begins_place(after) or words[0] in ("here", "there", "somewhere") or towards)
        and not _look_pp(after)
    ):
        where = words_of_place(after) if words[0] not in ("here", "there", "somewhere") else ""
        return Clause("add", "add", new=join(thing), place=where)
    if not run:
        return Clause("vague") if wanted else NOTHING
    noun_words = chunking.head(run, look_follows=False)
    noun = run[noun_words - 1] if noun_words else run[-1]
    mods = tuple(t for t in run if is_look(t.low))
    if mods and is_look(run[0].low) and not (len(mods) == len(run) and article):
        look_words, noun_tokens = _modifiers(run)
        if look_words and noun_tokens:
            extra = complement(after, noun.low).look if after else ""
            tail = thing[chunking.determiners(thing) + len(run) :]
            text = " ".join(
                part
                for part in (join(look_words), extra, join(tail) if tail and tail[0].low == "with" else "")
                if part
            )
            return Clause(
                "restyle" if not (tail and tail[0].low == "of") else "", "restyle",
                target="the " + join(noun_tokens), look=text, new=join(thing), bare=True,
            )  # fmt: skip
    if after and words[0] in lx.MODALS | lx.BE:
        return predicate(join(thing), "", after, noun.low)
    what = complement(after, noun.low) if after else Complement()
    if (
        not article
        and not wanted
        and not any(is_look(t.low) or is_thing(t.low) for t in tokens)
        and words[:1] not in (("in",), ("→",), (":",), ("to",))
    ):
        # nothing known in it: a look of one word ("bouclé"), if we asked for one
        return Clause(new=join(thing), bare=True) if len(tokens) == 1 else NOTHING
    if what.look or (what.like and words[0] != "with" and not article and not wanted):
        target = join(thing) if not article else "the " + join(thing[chunking.determiners(thing) :])
        return Clause("restyle", "restyle", target=target, look=what.look, like=what.like)
    if what.new and not article and words[0] in ("→", ":", "to", "into", "as"):
        return Clause("replace", "restyle", target=join(thing), new=what.new)
    if what.vague:
        return Clause("vague", "restyle", target=join(thing))
    return Clause("", "", new=join(thing), bare=True, target="" if article else join(thing))


def _look_pp(after: Tokens) -> bool:
    return after[0].low == "in" and not begins_place(after)


def _modifiers(run: Tokens) -> tuple[Tokens, Tokens]:
    """The look words before a noun, and the noun: "dark red | door", "crocodile leather | handbag"."""
    last = max(
        (i for i in range(len(run) - 1) if is_look(run[i].low) and not _is_compound(run, i)), default=-1
    )
    return run[: last + 1], run[last + 1 :]


def _is_compound(run: Tokens, index: int) -> bool:
    return is_compound(run[index].low, run[index + 1].low)


def _wished(thing: Tokens, after: Tokens) -> Clause:
    """ "a plant would be nice (in the corner)"."""
    words = lows(after)
    for i in range(len(words)):
        if begins_place(after[i:]) and words[i] != "of":
            return Clause("add", "add", new=join(thing), place=words_of_place(after[i:]))
    inner = nominal(thing)
    return inner if inner.sort else replace(inner, sort="", bare=True)
