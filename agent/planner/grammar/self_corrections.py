"""Corrections inside a sentence: "make the sofa, no wait, the armchair blue"."""

from __future__ import annotations

from dataclasses import replace

from agent.planner.grammar.clause import Clause
from agent.planner.grammar.draft import Draft
from tools.language import chunking
from tools.language.noun_phrases import merge, parse, render, split_look, words_of
from tools.language.tokens import tokenise


def repair(draft: Draft, clause: Clause) -> bool:
    """Let a clause after "no wait" replace what it corrects; False where there is nothing to correct in the
    sentence.
    """
    if not draft.frames or draft.frames[-1].act != "edit":
        return False
    last = draft.frames[-1]
    if clause.new and not clause.target and last.kind in ("replace", "add"):
        place = clause.place or last.target
        draft.frames[-1] = replace(last, prompt=clause.new, target=place)
        return True
    return False


def same(one: str, other: str) -> bool:
    """Whether two phrases have the same noun."""
    return chunking.noun_of(tokenise(one)).rstrip("s") == chunking.noun_of(tokenise(other)).rstrip("s")


def over(old: str, new: str) -> str:
    """A look with what a correction says in the place of what it corrects: "red leather", no "blue" = "blue
    leather".
    """
    merged = merge(split_look(old), split_look(new))
    return " ".join((*words_of(merged.looks), *merged.tail)) or new


def looked(prompt: str, look: str) -> str:
    """A new thing with a further look: "a lamp" + "brass" = "a brass lamp"."""
    return render(merge(parse(prompt), split_look(look, parse(prompt).noun)))


def same_target(one: str, other: str) -> bool:
    """Whether two targets are the same but for their article."""
    return (
        one.lower().split()[1:] == other.lower().split()[1:]
        if len(one.split()) > 1 < len(other.split())
        else one.lower() == other.lower()
    )
