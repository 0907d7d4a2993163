"""Pieces to frames, from left to right.

A clause without a verb takes over the verb before it, an object without a look waits for one, "no wait"
replaces what was said last, and "it" means what the sentence spoke of before.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planner.frames import Frame
from agent.planner.grammar.draft import Draft
from agent.planner.grammar.pieces import NOTHING, Piece
from agent.planner.grammar.repairs import looked, over, repair, same, same_target
from tools.kinds import Kind
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.noun_phrases import split_look
from tools.language.tokens import tokenise


def add_piece(draft: Draft, piece: Piece) -> None:
    """Put one more piece to what was read so far."""
    correction = piece.correction or draft.correction
    draft.correction = False
    if piece.sort == "keep":
        draft.kept = True
        if piece.target and not all(chunking.is_look(w) for w in piece.target.split()[-1:]):
            draft.named = piece.target
        draft.objects.clear()
        draft.subject = ""
        return
    if piece.sort == "talk":
        draft.topic = piece.target or draft.topic
        draft.subject = draft.subject or piece.target
        draft.talk = draft.talk or "?"
        return
    if piece == replace(NOTHING, correction=piece.correction, also=piece.also, instead=piece.instead):
        draft.correction = correction
        return
    if draft.swap and (piece.new or piece.bare) and not (piece.place and piece.place != "there"):
        piece = replace(
            piece,
            sort="replace",
            verb="replace",
            target=draft.swap,
            new=piece.new or piece.target,
            look="",
            bare=False,
        )
        draft.swap = ""
    elif draft.swap and piece.look and not piece.target:
        piece = replace(piece, sort="restyle", verb="restyle", target=draft.swap)
        draft.swap = ""
    piece = _with_subject(draft, replace(piece, correction=correction))
    if correction and repair(draft, piece):
        return
    if draft.verb == "replace" and piece.target and piece.look.startswith("with ") and not piece.new:
        piece = replace(piece, sort="replace", verb="replace", new=piece.look.removeprefix("with "), look="")
    if piece.sort == "vague":
        _read_vague(draft, piece)
    elif piece.sort in ("", "talk"):
        _read_part(draft, piece)
    else:
        _read_edit(draft, piece)


def _with_subject(draft: Draft, piece: Piece) -> Piece:
    """Pronouns that mean something said earlier in the same sentence."""
    subject = draft.subject or draft.topic
    if piece.reference in ("it", "them") and subject and not piece.target:
        piece = replace(piece, target=subject, reference="")
    if piece.place and piece.place.split()[-1] in ("it", "them") and subject:
        there = f"the {subject.split(' ', 1)[1]}" if subject.split()[0] in ("a", "an", "some") else subject
        piece = replace(piece, place=" ".join((*piece.place.split()[:-1], there)))
    if (
        subject
        and piece.new
        and piece.new.split()[-1] in ("one", "ones")
        and not piece.target
        and piece.sort in ("", "restyle")
    ):
        look = " ".join(piece.new.split()[:-1])
        piece = replace(piece, sort="restyle", target=subject, look=look, new="", bare=False)
    subject = subject or draft.named
    if piece.target.split()[-1:] in (["one"], ["ones"]) and subject:
        noun = chunking.noun_of(tokenise(subject))
        words = [word if word not in ("one", "ones") else noun for word in piece.target.split()]
        piece = replace(piece, target=" ".join(words))
    elif piece.target and " one " in f" {piece.target} " and subject:
        noun = chunking.noun_of(tokenise(subject))
        piece = replace(
            piece, target=" ".join(noun if word == "one" else word for word in piece.target.split())
        )
    return piece


def _read_vague(draft: Draft, piece: Piece) -> None:
    """An edit verb without a look: the object waits for one, or the sentence is too vague."""
    if piece.negated:
        draft.complaint = piece.target or draft.complaint
        draft.topic = piece.target or draft.topic
        draft.vague = draft.vague or Frame("ask", target=piece.target, reference=piece.reference)
        return
    if piece.target:
        draft.objects.append(piece.target)
        draft.subject = piece.target
        draft.complaint = piece.target if not piece.verb else draft.complaint
    draft.place = piece.place or draft.place
    draft.verb = piece.verb or draft.verb
    kind: Kind | None = "replace" if piece.verb == "replace" else None
    draft.vague = Frame(
        "ask", kind=kind, target=piece.target, reference=piece.reference, correction=piece.correction
    )


def _read_part(draft: Draft, piece: Piece) -> None:
    """A piece without a verb: what it lacks comes from the clauses around it."""
    if piece.like and not piece.target:
        _read_like(draft, piece)
        return
    if piece.look and not piece.target:
        _read_look(draft, piece)
        return
    if piece.place and not (piece.target or piece.new or piece.look):
        last = draft.frames[-1] if draft.frames else None
        if last and last.kind == "add" and not last.target:
            draft.frames[-1] = replace(last, target=piece.place)
        elif (
            draft.objects
            and draft.vague
            and draft.objects[-1].split()[0] not in lx.DEFINITE
            and not draft.verb
        ):
            draft.frames.append(Frame("edit", "add", target=piece.place, prompt=draft.objects.pop()))
            draft.vague = None
        else:
            draft.place = piece.place
        return
    if piece.new and piece.instead and _instead(draft, piece):
        return
    if piece.new and (draft.verb == "add" or draft.place):
        _read_edit(draft, replace(piece, sort="add", target="", look=""))
        return
    if piece.reference and not piece.target:
        draft.vague = draft.vague or Frame("ask", reference=piece.reference, also=piece.also)
        return
    thing = piece.target or (piece.new if draft.verb in ("remove", "restyle", "replace") else "")
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
        and (piece.also or piece.target)
    ):
        # "make the sofa red and the armchair too"
        draft.frames.append(replace(last, target=thing, reference=""))
        draft.subject = thing
        return
    if (
        thing
        and last
        and last.kind == "replace"
        and draft.verb == "replace"
        and not draft.objects
        and not piece.target
    ):
        draft.frames[-1] = replace(last, prompt=f"{last.prompt} and {thing}")
        return
    if piece.target or not piece.new:
        draft.objects.append(thing or piece.new)
        draft.subject = thing or piece.new
        draft.vague = Frame("ask", target=thing or piece.new, also=piece.also, correction=piece.correction)
        return
    draft.frames.append(
        Frame(
            "edit",
            "add",
            target=draft.place,
            prompt=piece.new,
            also=piece.also,
            correction=piece.correction,
            confidence=0.5,
        )
    )
    draft.subject = piece.new


def _instead(draft: Draft, piece: Piece) -> bool:
    """ "no lamp, a candle instead", "the lamp is ugly, how about a candle instead": a thing for a thing."""
    last = draft.frames[-1] if draft.frames else None
    if last and last.act == "edit" and last.kind == "remove":
        draft.frames[-1] = replace(last, kind="replace", prompt=piece.new)
        return True
    old = draft.complaint or draft.topic or (draft.objects[-1] if draft.objects else "")
    if last or not old:
        return False
    draft.frames.append(Frame("edit", "replace", target=old, prompt=piece.new))
    draft.objects.clear()
    draft.vague = None
    return True


def _read_like(draft: Draft, piece: Piece) -> None:
    if draft.objects:
        for target in draft.objects:
            draft.frames.append(Frame("edit", "restyle", target=target, like=piece.like))
        draft.objects.clear()
        draft.vague = None
        return
    if piece.like != "last":
        draft.frames.append(Frame("edit", "restyle", reference="it", like=piece.like))
        return
    draft.vague = draft.vague or Frame("ask", like=piece.like)


def _read_look(draft: Draft, piece: Piece) -> None:
    last = draft.frames[-1] if draft.frames else None
    if draft.objects:
        for target in draft.objects:
            draft.frames.append(Frame("edit", "restyle", target=target, prompt=piece.look))
        draft.objects.clear()
        draft.vague = None
    elif last and last.act == "edit" and last.kind in ("add", "replace") and last.prompt:
        draft.frames[-1] = replace(last, prompt=looked(last.prompt, piece.look))  # "bike → scooter, red"
    elif last and last.act == "edit" and last.kind == "restyle" and last.confidence < 0.65:
        draft.frames[-1] = replace(
            last, prompt=piece.look, confidence=1.0
        )  # "it's a bit dull, a deep emerald instead"
    elif last and last.act == "edit" and last.kind == "restyle" and not piece.correction:
        draft.frames[-1] = replace(
            last,
            prompt=f"{last.prompt} and {piece.look}"
            if _same_sort(last.prompt, piece.look)
            else f"{last.prompt} {piece.look}",
        )
    elif draft.subject or draft.topic or draft.named:
        draft.frames.append(
            Frame(
                "edit",
                "restyle",
                target=draft.subject or draft.topic or draft.named,
                prompt=piece.look,
                confidence=piece.confidence,
            )
        )
    elif draft.vague and draft.vague.reference:
        draft.frames.append(Frame("edit", "restyle", reference=draft.vague.reference, prompt=piece.look))
        draft.vague = None
    else:
        draft.frames.append(
            Frame(
                "edit",
                "restyle",
                reference="it",
                prompt=piece.look,
                correction=piece.correction,
                also=piece.also,
                confidence=min(0.8, piece.confidence),
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


def _read_edit(draft: Draft, piece: Piece) -> None:
    """A complete edit; objects that were waiting share its look."""
    waiting = list(draft.objects)
    draft.objects.clear()
    draft.vague = None
    if piece.verb:
        draft.verb = piece.verb
    match piece.sort:
        case "remove":
            target = piece.target
            if not target and not piece.reference and (waiting or draft.topic):
                target = waiting.pop() if waiting else draft.topic
            draft.frames.append(
                Frame("edit", "remove", target=target, reference=piece.reference, correction=piece.correction)
            )
            draft.subject = ""
            draft.topic = target or draft.topic
        case "add":
            place = piece.place or draft.place
            draft.place = ""
            last = draft.frames[-1] if draft.frames else None
            if place == "there" or (not place and piece.instead):
                if last and last.act == "edit" and last.kind == "remove":
                    draft.frames[-1] = replace(last, kind="replace", prompt=piece.new)
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
                    prompt=piece.new,
                    correction=piece.correction,
                    also=piece.also,
                )
            )
            draft.subject = piece.new
        case "move":
            draft.frames.append(Frame("move", target=piece.target, reference=piece.reference))
        case "replace":
            for target in waiting:
                if not same_target(target, piece.target):
                    draft.frames.append(Frame("edit", "replace", target=target, prompt=piece.new))
            target = piece.target or ("" if waiting or piece.reference else draft.subject)
            if target or piece.reference or not waiting:
                draft.frames.append(
                    Frame(
                        "edit",
                        "replace",
                        target=target,
                        prompt=piece.new,
                        reference=piece.reference,
                        correction=piece.correction,
                    )
                )
            draft.subject = target
        case _:
            _read_restyle(draft, piece, waiting)


def _share_place(draft: Draft, place: str) -> None:
    """Things added just before without a place get this one: "put a laptop and a mug on the desk"."""
    for i in range(len(draft.frames) - 1, -1, -1):
        frame = draft.frames[i]
        if frame.act != "edit" or frame.kind != "add" or frame.target:
            return
        draft.frames[i] = replace(frame, target=place)


def _read_restyle(draft: Draft, piece: Piece, waiting: list[str]) -> None:
    last = draft.frames[-1] if draft.frames else None
    for target in waiting:
        if not same_target(target, piece.target):
            draft.frames.append(Frame("edit", "restyle", target=target, prompt=piece.look, like=piece.like))
    target, ref = piece.target, piece.reference
    if not target and not ref and waiting:
        return
    if not target and not ref:
        target = draft.subject
        ref = "" if target else "it"
    if (
        last
        and last.act == "edit"
        and last.kind == "restyle"
        and last.target
        and same_target(last.target, target)
        and piece.look
    ):
        # "make the sofa leather and make it darker"
        weak = last.confidence < 0.65
        draft.frames[-1] = replace(
            last, prompt=piece.look if weak else over(last.prompt, piece.look), confidence=1.0
        )
        return
    if (
        last
        and last.act == "edit"
        and last.kind in ("add", "replace")
        and target
        and target == draft.subject
        and last.prompt
        and same(target, last.prompt)
    ):
        draft.frames[-1] = replace(last, prompt=looked(last.prompt, piece.look))
        return
    # an indefinite object that an "add" verb governs is new ("add a lamp and a red chair")
    if piece.bare and draft.verb == "add" and draft.frames and draft.frames[-1].kind == "add":
        place = piece.place or draft.frames[-1].target
        _share_place(draft, place)
        draft.frames.append(Frame("edit", "add", target=place, prompt=piece.new))
        draft.subject = piece.new
        return
    if piece.bare and draft.place:
        draft.frames.append(Frame("edit", "add", target=draft.place, prompt=piece.new))
        draft.place, draft.subject = "", piece.new
        return
    draft.frames.append(
        Frame(
            "edit", "restyle", target=target, prompt=piece.look, reference=ref, like=piece.like,
            correction=piece.correction, also=piece.also,
            confidence=min(piece.confidence, 0.7) if piece.bare else piece.confidence,
        )
    )  # fmt: skip
    draft.subject = target
