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
    complete = clause.sort in ("restyle", "replace", "remove", "add") and bool(clause.target or clause.place)
    if draft.objects and complete:
        draft.objects.clear()  # "make the sofa, no wait, make the armchair blue"
        return False
    if draft.objects and clause.sort in ("", "restyle") and clause.target and (clause.look or clause.like):
        draft.objects.clear()
        return False
    if draft.objects and clause.target and not clause.look:
        draft.objects[-1] = clause.target
        draft.subject = clause.target
        return True
    if draft.vague and not draft.frames and complete:
        draft.vague = None
        return False
    if not draft.frames or draft.frames[-1].act != "edit":
        return False
    last = draft.frames[-1]
    if complete and clause.sort == "restyle" and last.kind == "restyle" and same(clause.target, last.target):
        draft.frames[-1] = replace(last, prompt=over(last.prompt, clause.look), like=clause.like)
        return True
    if complete:
        draft.frames.pop()
        return False
    if clause.look and not clause.target and last.kind == "restyle":
        draft.frames[-1] = replace(last, prompt=over(last.prompt, clause.look))
        return True
    if clause.new and not clause.target and last.kind in ("replace", "add"):
        place = clause.place or last.target
        draft.frames[-1] = replace(last, prompt=clause.new, target=place)
        return True
    if clause.place and last.kind == "add":
        draft.frames[-1] = replace(last, target=clause.place)
        return True
    if clause.target and not clause.look and last.kind in ("restyle", "remove", "replace"):
        draft.frames[-1] = replace(last, target=clause.target, reference="")
        draft.subject = clause.target
        return True
    if clause.look and clause.bare and last.kind == "restyle":
        draft.frames.pop()
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
