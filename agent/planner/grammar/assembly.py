"""Clauses to frames, from left to right.

A clause without a verb takes over the verb before it, an object without a look waits for one, "no wait"
replaces what was said last, and "it" means what the sentence spoke of before.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planner.frames import Frame
from agent.planner.grammar.clause import NOTHING, Clause
from agent.planner.grammar.draft import Draft
from agent.planner.grammar.self_corrections import looked, repair, same, same_target
from tools.kinds import Kind
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.noun_phrases import split_look


def join_clause(draft: Draft, clause: Clause) -> None:
    """Put one more clause to what was read so far."""
    correction = clause.correction or draft.correction
    draft.correction = False
    if clause.sort == "keep":
        draft.kept = True
        if clause.target and not all(chunking.is_look(w) for w in clause.target.split()[-1:]):
            draft.named = clause.target
        draft.objects.clear()
        draft.subject = ""
        return
    if clause.sort == "talk":
        draft.topic = clause.target or draft.topic
        draft.subject = draft.subject or clause.target
        draft.talk = draft.talk or "?"
        return
    if clause == replace(NOTHING, correction=clause.correction, also=clause.also, instead=clause.instead):
        draft.correction = correction
        return
    if draft.swap and (clause.new or clause.bare) and not (clause.place and clause.place != "there"):
        clause = replace(
            clause,
            sort="replace",
            verb="replace",
            target=draft.swap,
            new=clause.new or clause.target,
            look="",
            bare=False,
        )
        draft.swap = ""
    clause = _with_subject(draft, replace(clause, correction=correction))
    if correction and repair(draft, clause):
        return
    if clause.sort == "vague":
        _read_vague(draft, clause)
    elif clause.sort in ("", "talk"):
        _read_part(draft, clause)
    else:
        _read_edit(draft, clause)


def _with_subject(draft: Draft, clause: Clause) -> Clause:
    """Pronouns that mean something said earlier in the same sentence."""
    subject = draft.subject or draft.topic
    if clause.reference in ("it", "them") and subject and not clause.target:
        clause = replace(clause, target=subject, reference="")
    if clause.place and clause.place.split()[-1] in ("it", "them") and subject:
        there = f"the {subject.split(' ', 1)[1]}" if subject.split()[0] in ("a", "an", "some") else subject
        clause = replace(clause, place=" ".join((*clause.place.split()[:-1], there)))
    return clause


def _read_vague(draft: Draft, clause: Clause) -> None:
    """An edit verb without a look: the object waits for one, or the sentence is too vague."""
    if clause.negated:
        draft.topic = clause.target or draft.topic
        draft.vague = draft.vague or Frame("ask", target=clause.target, reference=clause.reference)
        return
    if clause.target:
        draft.objects.append(clause.target)
        draft.subject = clause.target
    draft.place = clause.place or draft.place
    draft.verb = clause.verb or draft.verb
    kind: Kind | None = "replace" if clause.verb == "replace" else None
    draft.vague = Frame(
        "ask", kind=kind, target=clause.target, reference=clause.reference, correction=clause.correction
    )


def _read_part(draft: Draft, clause: Clause) -> None:
    """A clause without a verb: what it lacks comes from the clauses around it."""
    if clause.look and not clause.target:
        _read_look(draft, clause)
        return
    if clause.place and not (clause.target or clause.new or clause.look):
        last = draft.frames[-1] if draft.frames else None
        if last and last.kind == "add" and not last.target:
            draft.frames[-1] = replace(last, target=clause.place)
        else:
            draft.place = clause.place
        return
    if clause.new and (draft.verb == "add" or draft.place):
        _read_edit(draft, replace(clause, sort="add", target="", look=""))
        return
    if clause.reference and not clause.target:
        draft.vague = draft.vague or Frame("ask", reference=clause.reference, also=clause.also)
        return
    thing = clause.target or (clause.new if draft.verb in ("remove", "restyle", "replace") else "")
    last = draft.frames[-1] if draft.frames else None
    if thing and draft.verb == "remove":
        draft.frames.append(Frame("edit", "remove", target=thing))
        draft.subject = thing
        return
    if (
        thing
        and last
        and last.act == "edit"
        and last.kind == "restyle"
        and not draft.objects
        and (clause.also or clause.target)
    ):
        # "make the sofa red and the armchair too"
        draft.frames.append(replace(last, target=thing, reference=""))
        draft.subject = thing
        return
    if clause.target or not clause.new:
        draft.objects.append(thing or clause.new)
        draft.subject = thing or clause.new
        draft.vague = Frame("ask", target=thing or clause.new, also=clause.also, correction=clause.correction)
        return
    draft.frames.append(
        Frame(
            "edit",
            "add",
            target=draft.place,
            prompt=clause.new,
            also=clause.also,
            correction=clause.correction,
            confidence=0.5,
        )
    )
    draft.subject = clause.new


def _read_look(draft: Draft, clause: Clause) -> None:
    last = draft.frames[-1] if draft.frames else None
    if draft.objects:
        for target in draft.objects:
            draft.frames.append(Frame("edit", "restyle", target=target, prompt=clause.look))
        draft.objects.clear()
        draft.vague = None
    elif last and last.act == "edit" and last.kind in ("add", "replace") and last.prompt:
        draft.frames[-1] = replace(last, prompt=looked(last.prompt, clause.look))  # "bike → scooter, red"
    elif last and last.act == "edit" and last.kind == "restyle" and last.confidence < 0.65:
        draft.frames[-1] = replace(
            last, prompt=clause.look, confidence=1.0
        )  # "it's a bit dull, a deep emerald instead"
    elif last and last.act == "edit" and last.kind == "restyle" and not clause.correction:
        draft.frames[-1] = replace(
            last,
            prompt=f"{last.prompt} and {clause.look}"
            if _same_sort(last.prompt, clause.look)
            else f"{last.prompt} {clause.look}",
        )
    elif draft.subject or draft.topic or draft.named:
        draft.frames.append(
            Frame(
                "edit",
                "restyle",
                target=draft.subject or draft.topic or draft.named,
                prompt=clause.look,
                confidence=clause.confidence,
            )
        )
    else:
        draft.frames.append(
            Frame(
                "edit",
                "restyle",
                reference="it",
                prompt=clause.look,
                correction=clause.correction,
                also=clause.also,
                confidence=min(0.8, clause.confidence),
            )
        )


def _same_sort(one: str, other: str) -> bool:
    first, second = split_look(one).looks, split_look(other).looks
    return (
        bool(first)
        and bool(second)
        and first[-1].sort == second[0].sort == "colour"
        and not any(word.lower() in lx.COMPARATIVES or word.lower() in lx.SHADES for word in second[0].words)
    )


def _read_edit(draft: Draft, clause: Clause) -> None:
    """A complete edit; objects that were waiting share its look."""
    waiting = list(draft.objects)
    draft.objects.clear()
    draft.vague = None
    if clause.verb:
        draft.verb = clause.verb
    match clause.sort:
        case "remove":
            draft.frames.append(
                Frame(
                    "edit",
                    "remove",
                    target=clause.target,
                    reference=clause.reference,
                    correction=clause.correction,
                )
            )
            draft.subject = ""
            draft.topic = clause.target or draft.topic
        case "add":
            place = clause.place or draft.place
            draft.place = ""
            last = draft.frames[-1] if draft.frames else None
            if place == "there" or (not place and clause.instead):
                if last and last.act == "edit" and last.kind == "remove":
                    draft.frames[-1] = replace(last, kind="replace", prompt=clause.new)
                    draft.subject = last.target
                    return
                if place:
                    place = f"on {draft.subject or draft.topic}" if draft.subject or draft.topic else ""
            _share_place(draft, place)
            draft.frames.append(
                Frame(
                    "edit",
                    "add",
                    target=place,
                    prompt=clause.new,
                    correction=clause.correction,
                    also=clause.also,
                )
            )
            draft.subject = clause.new
        case "move":
            draft.frames.append(Frame("move", target=clause.target, reference=clause.reference))
        case "replace":
            for target in waiting:
                if not same_target(target, clause.target):
                    draft.frames.append(Frame("edit", "replace", target=target, prompt=clause.new))
            target = clause.target or ("" if waiting or clause.reference else draft.subject)
            if target or clause.reference or not waiting:
                draft.frames.append(
                    Frame(
                        "edit",
                        "replace",
                        target=target,
                        prompt=clause.new,
                        reference=clause.reference,
                        correction=clause.correction,
                    )
                )
            draft.subject = target
        case _:
            _read_restyle(draft, clause, waiting)


def _share_place(draft: Draft, place: str) -> None:
    """Things added just before without a place get this one: "put a laptop and a mug on the desk"."""
    for i in range(len(draft.frames) - 1, -1, -1):
        frame = draft.frames[i]
        if frame.act != "edit" or frame.kind != "add" or frame.target:
            return
        draft.frames[i] = replace(frame, target=place)


def _read_restyle(draft: Draft, clause: Clause, waiting: list[str]) -> None:
    last = draft.frames[-1] if draft.frames else None
    for target in waiting:
        if not same_target(target, clause.target):
            draft.frames.append(Frame("edit", "restyle", target=target, prompt=clause.look, like=clause.like))
    target, ref = clause.target, clause.reference
    if not target and not ref and waiting:
        return
    if not target and not ref:
        target = draft.subject
        ref = "" if target else "it"
    if (
        last
        and last.act == "edit"
        and last.kind in ("add", "replace")
        and target
        and target == draft.subject
        and last.prompt
        and same(target, last.prompt)
    ):
        draft.frames[-1] = replace(last, prompt=looked(last.prompt, clause.look))
        return
    draft.frames.append(
        Frame(
            "edit", "restyle", target=target, prompt=clause.look, reference=ref, like=clause.like,
            correction=clause.correction, also=clause.also,
            confidence=min(clause.confidence, 0.7) if clause.bare else clause.confidence,
        )
    )  # fmt: skip
    draft.subject = target
