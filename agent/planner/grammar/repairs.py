"""Corrections inside a sentence: "make the sofa, no wait, the armchair blue"."""

from __future__ import annotations

from dataclasses import replace

from agent.planner.grammar.draft import Draft
from agent.planner.grammar.pieces import Piece
from tools.language import chunking
from tools.language.noun_phrases import merge, parse, render, split_look, words_of
from tools.language.tokens import tokenise


def repair(draft: Draft, piece: Piece) -> bool:
    """Let a piece after "no wait" replace what it corrects; False where there is nothing to correct in the
    sentence.
    """
    complete = piece.sort in ("restyle", "replace", "remove", "add") and bool(piece.target or piece.place)
    if draft.objects and complete:
        draft.objects.clear()  # "make the sofa, no wait, make the armchair blue"
        return False
    if draft.objects and piece.sort in ("", "restyle") and piece.target and (piece.look or piece.like):
        draft.objects.clear()
        return False
    if draft.objects and piece.target and not piece.look:
        draft.objects[-1] = piece.target
        draft.subject = piece.target
        return True
    if draft.vague and not draft.frames and complete:
        draft.vague = None
        return False
    if not draft.frames or draft.frames[-1].act != "edit":
        return False
    last = draft.frames[-1]
    if complete and piece.sort == "restyle" and last.kind == "restyle" and same(piece.target, last.target):
        draft.frames[-1] = replace(last, prompt=over(last.prompt, piece.look), like=piece.like)
        return True
    if complete:
        draft.frames.pop()
        return False
    if piece.look and not piece.target and last.kind == "restyle":
        draft.frames[-1] = replace(last, prompt=over(last.prompt, piece.look))
        return True
    if piece.new and not piece.target and last.kind in ("replace", "add"):
        place = piece.place or last.target
        draft.frames[-1] = replace(last, prompt=piece.new, target=place)
        return True
    if piece.place and last.kind == "add":
        draft.frames[-1] = replace(last, target=piece.place)
        return True
    if piece.target and not piece.look and last.kind in ("restyle", "remove", "replace"):
        draft.frames[-1] = replace(last, target=piece.target, reference="")
        draft.subject = piece.target
        return True
    if piece.look and piece.bare and last.kind == "restyle":
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
