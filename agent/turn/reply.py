"""What the user is told at the end of a turn: pure functions from what happened to sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.planner.plan import (
    Ask,
    Compare,
    Drop,
    Edit,
    Goto,
    Hide,
    Keep,
    Look,
    Mark,
    Mask,
    Open,
    Pick,
    Plan,
    Redo,
    Refresh,
    Reorder,
    Save,
    Show,
    Step,
    Tell,
    Undo,
    Variations,
)
from agent.turn import sentences
from agent.turn.state import Piece, TurnState
from sessions.model import Layer

_MOST_NAMED = 12
_COUNT = re.compile(r"^(?:both|all|every|each|two|three|four)(?: of)?(?: the)? ", re.IGNORECASE)


def understood(plan: Plan) -> list[str]:
    """What was understood, one short line a step: "sofa → a brown leather sofa". Questions are left out."""
    return [line for step in plan.steps if (line := _described(step))]


def _described(step: Step) -> str:
    match step:
        case Edit(target=target, prompt=prompt, kind=kind):
            return sentences.edit(target, prompt, kind)
        case Undo(count=count):
            return "undo" if count == 1 else f"undo {count} versions"
        case Redo(count=count):
            return "redo" if count == 1 else f"redo {count} versions"
        case Goto(version=version):
            return f"go to version {version}" if version else "go back to the base picture"
        case Hide(layer=layer):
            return f"take layer {layer} out"
        case Show(layer=layer, version=version):
            return f"put layer {layer} back" + ("" if version is None else f" as in version {version}")
        case Variations(count=count, like=int(like)):
            return f"{count} more like number {like}" if like else f"{count} other variations"
        case Variations(count=count, target=target, prompt=prompt, kind=kind):
            what = f" of {sentences.edit(target, prompt or '', kind or 'restyle')}" if target else ""
            return f"{count} variations{what}"
        case Pick(index=index):
            return f"take variation {index}"
        case Keep():
            return "keep the nearest"
        case Refresh(layer=layer):
            return f"paint layer {layer} again"
        case Drop(layer=layer):
            return f"drop layer {layer}"
        case Reorder(layer=layer, to=to, other=other):
            return (
                f"move layer {layer} {to} layer {other}"
                if other is not None
                else f"move layer {layer} to the {to}"
            )
        case Mask(layer=layer, how=how, what=what):
            return f"the mask of layer {layer}: {how} {what}".rstrip()
        case Compare(version=first, other=second, difference=differ):
            one = f"version {first}" if first else "the base picture"
            verb = "show what differs from" if differ else "compare with"
            return f"{verb} {one}" if second is None else f"{verb} {one}, version {second}"
        case Mark(name=name):
            return f"call this version “{name}”"
        case Save(path=path, version=version):
            return f"save {'' if version is None else f'version {version} as '}{path}".rstrip()
        case Open(path=path):
            return f"open {path}"
        case Look(at="zoom", target=target):
            return f"show {sentences.definite(target)} close up"
        case Look(at="place", target=target):
            return f"look for {sentences.definite(target)}"
        case Ask() | Tell() | Look():
            return ""


def summary(plan: Plan) -> str:
    """What was understood, in one line: "the sofa → a brown leather sofa; undo"; empty for plain talk."""
    return "; ".join(understood(plan))


def not_found(missing: Sequence[str], there: Sequence[str]) -> str:
    """What is said of things that are not there: "I see no piano. There are: a sofa and a rug."."""
    absent = [_COUNT.sub("", sentences.bare(name)) for name in dict.fromkeys(missing)]
    said = f"I see no {sentences.listed(absent, 'or')}."
    # A segmenter that names what it cannot find would have the reply contradict itself.
    named = [
        sentences.indefinite(name) for name in dict.fromkeys(there) if sentences.bare(name) not in absent
    ]
    if not named:
        return said
    if len(named) > _MOST_NAMED:
        named = [*named[:_MOST_NAMED], "more"]
    return f"{said} There {'are' if len(named) > 1 else 'is'}: {sentences.listed(named)}."


def question(doubts: Sequence[str]) -> str:
    """The question before an edit that may hit the wrong thing."""
    return f"{sentences.capital(sentences.listed(list(dict.fromkeys(doubts))))}. Shall I go on?"


def declined(pieces: Sequence[Piece]) -> str:
    """The answer to a no."""
    names = sentences.listed([sentences.definite(piece.target) for piece in pieces])
    return f"I left {names} alone: say which one you mean, such as “the one on the left”."


def given_up(pieces: Sequence[Piece]) -> list[str]:
    """The sentences for edits that were not committed: what the engine refused, what nobody would see, and
    what did not come out as asked, of which the nearest is on offer.
    """
    said = [piece.why for piece in pieces if piece.outcome == "refused"]
    unseen = [piece for piece in pieces if piece.outcome == "no change"]
    if same := [piece for piece in unseen if not piece.attempt]:  # it is computed: another try is the same
        names = sentences.listed(
            [sentences.subject(piece.target, piece.prompt, piece.kind) for piece in same]
        )
        looks = "looks" if len(same) == 1 and not sentences.is_several(same[0].target) else "look"
        said.append(f"{sentences.capital(names)} {looks} like that already, so nothing was changed there.")
    if tried := [piece for piece in unseen if piece.attempt]:
        names = sentences.listed(
            [sentences.subject(piece.target, piece.prompt, piece.kind) for piece in tried]
        )
        said.append(
            f"I painted {names} twice and saw no change, so nothing was changed there: try other words."
        )
    if near := [piece for piece in pieces if piece.outcome == "offered"]:
        whys = sentences.listed(list(dict.fromkeys(piece.why for piece in near)))
        said.append(
            f"I could not get it right: {whys}. Nothing was changed;"
            " say “keep it” to take the nearest that I got."
        )
    return said


_OPTIONS = re.compile(r"do you mean (?P<options>the .+)\?$")


def choices(question: str) -> list[str]:
    """The names of the things that a question offers ("the one on the left"); none where it names none."""
    found = _OPTIONS.search(question)
    return re.split(r", | or ", found["options"]) if found else []


def covering(layers: Sequence[Layer]) -> str:
    """What is said of layers that were painted over something which has changed."""
    names = sentences.listed(
        [sentences.definite(sentences.subject(each.target, each.prompt, each.kind)) for each in layers]
    )
    were, it = ("was", "it") if len(layers) == 1 and not names.endswith("s") else ("were", "them")
    return (
        f"{sentences.capital(names)} {were} painted on what has changed now;"
        f" say “refresh {names}” to paint {it} again."
    )


def offered(pieces: Sequence[Piece]) -> str:
    """The sentence that comes with variations."""
    count, piece = len(pieces), pieces[0]
    about = sentences.subject(piece.target, piece.prompt, piece.kind)
    if len({each.prompt for each in pieces}) > 1:
        looks = sentences.listed([f"{number} {each.prompt}" for number, each in enumerate(pieces, 1)])
        return f"Here are {count} for {about}: {looks}. Pick one, such as “take number 2”."
    if piece.around is not None:
        return f"Here are {count} like it, of which it is the first: pick one, such as “take number 2”."
    return f"Here are {count} variations of {about}: pick one, such as “take number 2”."


def compose_reply(state: TurnState) -> str:
    """The reply to a whole turn: what the planner had to say, what was done, then what could not be."""
    said = state.plan.say.strip() if state.plan else ""
    # What a planner says is talk when it is a sentence; else it is a label for what it understood.
    talk = said.endswith((".", "!", "?", "…")) and (state.changed or not state.failed)
    parts = [said] if talk else []
    if state.deeds:
        parts.append(f"Done: {'; '.join(state.deeds)}.")
    parts += [remark for remark in dict.fromkeys(state.remarks) if not talk or remark not in said]
    if not parts:
        parts.append(said or "Nothing was asked for, so nothing was changed.")
    return " ".join(parts)
