"""The end of a step group: its version is committed, its variations are offered, or its one step that paints
nothing is carried out. Each returns the updates of the turn's state. Runs in the worker thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.planner.plan import Compare, Look, Mark, Pick, Reorder, Save, Step, Tell
from agent.turn import phrases
from agent.turn.answer_questions import answer
from agent.turn.context import TellEvent, TurnContext
from agent.turn.events import DoneAction, Event
from agent.turn.history_steps import move
from agent.turn.layer_steps import layer_changes
from agent.turn.look_steps import look, which_view
from agent.turn.paint import changes_of
from agent.turn.pending_edit import PendingEdit
from agent.turn.planner_context import focus_after_undo
from agent.turn.refresh import covered_layers
from agent.turn.reply import covering, given_up, offered, plainly
from agent.turn.state import Offers, TurnState, wants_painting
from sessions.model import Changes

if TYPE_CHECKING:
    from sessions.session import Session

Updates = dict[str, Any]
"""Values of the turn's state that a node changes."""


def commit_version(context: TurnContext, tell: TellEvent, state: TurnState) -> Updates:
    """Make one version of what a step group painted, hid, showed, dropped and moved."""
    session = context.session
    visible, remarks = layer_changes(session, state.step_group)
    changes = changes_of(session, visible, state.edits)
    nearest = tuple(edit for edit in state.edits if edit.outcome == "offered")
    failed = [edit for edit in state.edits if edit.outcome in ("refused", "no change", "offered")]
    already = [edit for edit in state.edits if edit.outcome == "already"]
    updates: Updates = {
        "remarks": (*state.remarks, *remarks, *given_up([*failed, *already])),
        "failed": state.failed or bool(remarks) or bool(failed),
        "views": (
            *state.views,
            *(which_view(edit.which) for edit in failed if edit.which and edit.which.masks),
        ),
    }
    if not changes.any:
        offers = context.memory.offers
        if nearest:
            context.remember(offers=_attempts(context, nearest))
        elif state.edits and offers is not None and offers.attempts:
            context.remember(offers=offers.model_copy(update={"passed": True}))
        return {**updates, "finished": (*state.finished, *state.edits)}
    fresh = iter(range(len(session.layers), len(session.layers) + len(state.edits)))
    finished = [
        edit.but(outcome="done", layer=next(fresh) if edit.layer is None else edit.layer)
        if edit.open
        else edit
        for edit in state.edits
    ]
    painted = [edit for edit in finished if edit.outcome == "done"]
    done = (*state.done, *_done(session, visible, state.step_group, painted))
    moved = [number for number, _ in visible.moves]
    made = [edit.layer for edit in painted if edit.layer is not None]
    touched = [*visible.hide, *visible.show, *moved, *made]
    revised = [edit.layer for edit in state.edits if edit.open and edit.layer is not None]
    altered = [*visible.drop, *visible.hide, *visible.show, *revised]
    stale = covered_layers(session, altered, changes)
    version = session.commit(changes, state.sentence)
    context.remember(
        focus={**context.memory.focus, version.number: tuple(dict.fromkeys(touched))},
        moved=None,
        offers=_attempts(context, nearest) or _still_on_offer(context, state, version.number, made),
    )
    tell(Event("committed", f"version {version.number}"))
    if stale:
        updates["remarks"] = (*updates["remarks"], covering(stale))
    said = dict.fromkeys(words for each in painted if (words := plainly(each)))
    updates["remarks"] = (*updates["remarks"], *said)
    return {**updates, "finished": (*state.finished, *finished), "done": done, "changed": True}


def _done(
    session: Session, visible: Changes, step_group: Sequence[Step], painted: Sequence[PendingEdit]
) -> list[DoneAction]:
    """What a commit does, in the order in which it is told. To be asked before the commit."""
    layer = session.layer
    there = {each.id for each in session.layers}
    done = [DoneAction.of("hidden", layer(number)) for number in visible.hide]
    done += [DoneAction.of("shown", layer(number)) for number in visible.show]
    done += [DoneAction.of("dropped", layer(number)) for number in visible.drop]
    for number, _ in visible.moves:
        step = next(step for step in step_group if isinstance(step, Reorder) and step.layer == number)
        other = phrases.subject(layer(step.other)) if step.other is not None else ""
        done.append(DoneAction.of("moved", layer(number), to=step.to, other=other))
    for edit in painted:
        told = DoneAction.of("edited", edit, remasked=edit.remasked, step=edit.step, without=edit.without)
        old = layer(edit.layer).prompt if edit.kind == "add" and edit.layer in there else edit.prompt
        if old != edit.prompt:  # "the plant → a small plant": it was there before
            told = told.model_copy(update={"target": old, "kind": "replace"})
        done.append(told)
    return done


def _attempts(context: TurnContext, nearest: tuple[PendingEdit, ...]) -> Offers | None:
    """The nearest that a turn came to what was asked, on offer while the head stays where it is now."""
    if not nearest:
        return None
    edits = tuple(edit.but(outcome=None, checked=True) for edit in nearest)
    return Offers(version=context.session.head, edits=edits, attempts=True)


def _still_on_offer(
    context: TurnContext, state: TurnState, version: int, made: Sequence[int]
) -> Offers | None:
    """The variations of which one was taken and nothing else was done: another may be taken in its stead."""
    offers = context.memory.offers
    alone = len(made) == len(state.step_group) == 1 and isinstance(state.step_group[0], Pick)
    if offers is None or offers.attempts or not alone:
        return None
    return offers.model_copy(update={"picked": (*offers.picked, (version, made[0]))})


def offer(context: TurnContext, state: TurnState) -> Updates:
    """Put the painted variations on offer."""
    edits = tuple(edit for edit in state.edits if edit.open)
    refused = [edit for edit in state.edits if edit.outcome == "refused"]
    if not edits:
        return {
            "finished": (*state.finished, *state.edits),
            "remarks": (*state.remarks, *given_up(refused)),
            "failed": state.failed or bool(refused),
        }
    context.remember(offers=Offers(version=context.session.head, edits=edits, round=edits[0].round))
    return {"remarks": (*state.remarks, offered(edits))}


def _is_said(path: str, sentence: str) -> bool:
    """Whether a sentence names a file, as it is typed or as it is dictated ("plan dot png")."""
    path, sentence = path.lower(), sentence.lower()
    return path in sentence or path.replace(".", " dot ") in sentence


def carry_out(context: TurnContext, state: TurnState, step: Step) -> Updates:
    """Carry out a step that paints nothing."""
    session = context.session
    if isinstance(step, Look | Compare):
        seen = look(context, step)
        return {
            "views": (*state.views, *seen.views),
            "remarks": (*state.remarks, seen.remark),
            "failed": state.failed or not seen.possible,
        }
    if isinstance(step, Tell):
        return {"remarks": (*state.remarks, answer(context, step))}
    meant = focus_after_undo(session, context.memory, step)
    if isinstance(step, Save) and not _is_said(step.path, state.sentence):
        # Whoever planned this: a file is written where the user said, and nowhere else.
        return {"remarks": (*state.remarks, "Say where to save the picture."), "failed": True}
    moved = move(session, step)
    if isinstance(step, Mark):
        context.remember(marks={**context.memory.marks, step.name: session.head})
    if moved.saved is not None:
        version = session.head if not isinstance(step, Save) or step.version is None else step.version
        context.remember(saves=(*context.memory.saves, (moved.saved, version)))
    goes_on = any(wants_painting([each]) for each in state.steps[state.at + 1 :])
    if moved.changed:
        offers = context.memory.offers
        still = offers is not None and offers.picked and offers.are_on_offer(session.head)
        context.remember(
            moved=(session.head, meant) if meant is not None else None, offers=offers if still else None
        )
    if moved.changed and goes_on:  # the remark would say where it is no more
        back = DoneAction(how="went back", version=session.head)
        return {"done": (*state.done, back), "changed": True}
    return {
        "remarks": (*state.remarks, moved.remark),
        "changed": state.changed or moved.changed,
        "failed": state.failed or not moved.possible,
    }
