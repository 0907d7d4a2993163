"""One turn of the conversation as a LangGraph graph.

    plan ─▶ locate ─▶ gate ─▶ paint ⇄ check ─▶ commit ─▶ reply
      └─ (steps that paint nothing) ────────────▲   │
             ▲──────────── (the next stretch) ──────┘

A plan is carried out stretch by stretch (see ``agent.turn.state``). The state holds names and digests; what
the nodes work with is the run's context, a ``Bench``. ``gate`` may interrupt the turn with a question for the
user, and is resumed with True or False. This is the one module that imports LangGraph.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

# Before LangGraph is imported: nothing but plain data and this program's own types comes out of a checkpoint.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from agent.planner.plan import Compare, Look, Mark, Pick, Plan, Reorder, Save, Step
from agent.planner.plan import Tell as Answer
from agent.turn import (
    answers,
    history_steps,
    layer_steps,
    refresh,
    sentences,
    views,
    visibility,
)
from agent.turn import (
    check as checking,
)
from agent.turn import (
    locate as locating,
)
from agent.turn import (
    paint as painting,
)
from agent.turn import reply as replies
from agent.turn.context import Bench, Tell
from agent.turn.events import Event
from agent.turn.planner_context import context_of, focus_after_undo
from agent.turn.prefetch import plan_and_look
from agent.turn.state import Offers, Piece, TurnState, wants_locating, wants_painting
from sessions.errors import SessionError
from sessions.files import reason
from sessions.session import Session
from tools.photo_check import NO_DRAWN_ROOM
from tools.segmenting.base import name_things

FILE_NAME = "checkpoints.db"
"""The checkpoints' file in a session's folder."""

_MOST_NODES = 2000

Updates = dict[str, Any]
Work = Runtime[Bench]


async def plan(state: TurnState, runtime: Work) -> Updates:
    """Have the planner read the sentence, unless the plan was given; the segmenter looks ahead."""
    bench = runtime.context
    if state.plan is not None:
        return {}
    began = time.perf_counter()
    bench.tell(Event("planning", "planning"))
    context, picture, view = await bench.work(
        lambda _: (
            context_of(bench.session, bench.notes.notes),
            bench.session.picture(),
            visibility.usual(bench.session),
        )
    )
    made = await plan_and_look(bench, state.sentence, context, picture, view)
    if text := replies.summary(made):
        bench.tell(Event("planned", text))
    return {"plan": made, "seconds": _spent(state, "plan", began)}


async def locate(state: TurnState, runtime: Work) -> Updates:
    """Make edits of the stretch's steps and find their objects, all in one segmenter call."""
    bench = runtime.context
    began = time.perf_counter()
    visible, _ = layer_steps.visibility(bench.session, state.stretch)

    def task(tell: Tell) -> tuple[list[Piece], list[str]]:
        pieces, remarks = locating.wanted(bench, state.stretch)
        sought = [sentences.definite(locating.missing_thing(p)) for p in pieces if p.open and p.mask is None]
        if sought:
            text = f"finding {sentences.listed(list(dict.fromkeys(sought)))}"
            tell(Event("finding", text + bench.foretold()))
        located, unseen = locating.unseen(bench.session, locating.locate(bench, pieces, visible))
        return located, [*remarks, *unseen]

    pieces, remarks = await bench.work(task)
    return {
        "pieces": tuple(pieces),
        "remarks": (*state.remarks, *remarks),
        "failed": state.failed or bool(remarks),
        "seconds": _spent(state, "locate", began),
    }


async def gate(state: TurnState, runtime: Work) -> Updates:
    """Let through what was found for sure; ask about the rest, or say that it is not there."""
    bench = runtime.context
    doubts = {i: why for i, piece in enumerate(state.pieces) if (why := locating.doubt(piece))}
    remarks = list(state.remarks)
    pieces = list(state.pieces)
    failed = False
    if doubts and bench.asks and not bench.guesses:
        # The node begins anew when the answer comes: nothing before this line may have an effect.
        if not interrupt(replies.question(list(doubts.values()))):
            for index in doubts:
                pieces[index] = pieces[index].but(outcome="unsure")
            remarks.append(replies.declined([pieces[index] for index in doubts]))
    elif doubts and bench.guesses:
        remarks += [f"{sentences.capital(why)}." for why in doubts.values()]
    elif doubts:  # nobody is there to answer, so the question is the answer
        for index in doubts:
            pieces[index] = pieces[index].but(outcome="unsure")
        remarks.append(f"{replies.question(list(doubts.values()))} --yes goes on.")
        failed = True
    missing = [locating.missing_thing(piece) for piece in pieces if piece.outcome == "not found"]
    if missing:
        there = await bench.work(lambda _: name_things(bench.engines.segmenter(), bench.session.picture()))
        remarks.append(replies.not_found(missing, there))
    found = [piece for piece in pieces if piece.open]
    strange = await bench.work(lambda _: bool(found or missing) and bench.is_strange())
    if strange:
        remarks.insert(0, NO_DRAWN_ROOM)
        bench.tell(Event("note", NO_DRAWN_ROOM))
        bench.notes.update(warned=True)
    if found and any(piece.patch is None for piece in found):
        names = sentences.listed(
            [sentences.subject(piece.target, piece.prompt, piece.kind) for piece in found]
        )
        bench.tell(Event("found", f"found {names}"))
    return {
        "pieces": tuple(pieces),
        "remarks": tuple(remarks),
        "failed": state.failed or failed or bool(missing),
    }


async def paint(state: TurnState, runtime: Work) -> Updates:
    """Paint what has no patch yet."""
    bench = runtime.context
    began = time.perf_counter()
    offering = state.offering

    def task(tell: Tell) -> Updates:
        if offering is not None:
            (piece,) = state.pieces
            return {"pieces": tuple(painting.paint_variations(bench, tell, piece, offering.count))}
        visible, _ = layer_steps.visibility(bench.session, state.stretch)
        return {"pieces": tuple(painting.paint(bench, tell, visible, state.pieces))}

    updates = await bench.work(task)
    return {**updates, "seconds": _spent(state, "paint", began)}


async def check(state: TurnState, runtime: Work) -> Updates:
    """Measure whether the painting did what was asked; what did not is to be painted once more."""
    bench = runtime.context
    if state.offering is not None or not any(piece.open and not piece.checked for piece in state.pieces):
        return {}
    began = time.perf_counter()

    def task(tell: Tell) -> list[Piece]:
        tell(Event("checking", "checking"))
        visible, _ = layer_steps.visibility(bench.session, state.stretch)
        return checking.check(bench, visible, state.pieces)

    return {
        "pieces": tuple(await bench.work(task)),
        "seconds": _spent(state, "paint", began),
    }


async def commit(state: TurnState, runtime: Work) -> Updates:
    """Make one version of all that was painted, hidden and shown; or do a step that paints nothing."""
    bench = runtime.context
    passed: Updates = {"at": state.at + len(state.stretch), "pieces": ()}
    if state.offering is not None:
        return {**passed, **await bench.work(lambda _: _offer(bench, state))}
    if wants_painting(state.stretch):
        return {**passed, **await bench.work(lambda tell: _commit(bench, tell, state))}
    return {**passed, **await bench.work(lambda _: _move(bench, state, state.stretch[0]))}


async def reply(state: TurnState, runtime: Work) -> Updates:
    """Put the turn into words, and write it down."""
    session = runtime.context.session
    text = replies.compose_reply(state)
    made = state.plan or Plan()
    await runtime.context.work(
        lambda _: session.add_turn(state.sentence, text, made.model_dump(mode="json", exclude_none=True))
    )
    return {"reply": text}


def _commit(bench: Bench, tell: Tell, state: TurnState) -> Updates:
    session, notes = bench.session, bench.notes
    visible, remarks = layer_steps.visibility(session, state.stretch)
    changes = painting.changes_of(session, visible, state.pieces)
    nearest = tuple(piece for piece in state.pieces if piece.outcome == "offered")
    given_up = [piece for piece in state.pieces if piece.outcome in ("refused", "no change", "offered")]
    updates: Updates = {
        "remarks": (*state.remarks, *remarks, *replies.given_up(given_up)),
        "failed": state.failed or bool(remarks) or bool(given_up),
        "views": (
            *state.views,
            *(views.which(p.choices, replies.choices(p.why)) for p in given_up if p.choices),
        ),
    }
    if not changes.any:
        if nearest:
            notes.update(offers=_attempts(bench, nearest))
        return {**updates, "finished": (*state.finished, *state.pieces)}
    fresh = iter(range(len(session.layers), len(session.layers) + len(state.pieces)))
    finished = [
        piece.but(outcome="done", layer=next(fresh) if piece.layer is None else piece.layer)
        if piece.open
        else piece
        for piece in state.pieces
    ]
    done = [piece for piece in finished if piece.outcome == "done"]
    deeds = list(state.deeds)
    for number in (*visible.hide, *visible.show):
        layer = session.layer(number)
        deeds.append(sentences.shown(layer.target, layer.prompt, layer.kind, number in visible.show))
    for number in visible.drop:
        layer = session.layer(number)
        deeds.append(f"{sentences.subject(layer.target, layer.prompt, layer.kind)} dropped for good")
    for number, _ in visible.moves:
        layer = session.layer(number)
        where = next(step for step in state.stretch if isinstance(step, Reorder) and step.layer == number)
        deeds.append(
            f"{sentences.subject(layer.target, layer.prompt, layer.kind)} moved {_place(session, where)}"
        )
    deeds += [
        sentences.edit(each.target, each.prompt, each.kind) + (", in another mask" if each.remasked else "")
        for each in done
    ]
    moved = [number for number, _ in visible.moves]
    made = [piece.layer for piece in done if piece.layer is not None]
    touched = [*visible.hide, *visible.show, *moved, *made]
    revised = [piece.layer for piece in state.pieces if piece.open and piece.layer is not None]
    altered = [*visible.drop, *visible.hide, *visible.show, *revised]
    covering = refresh.covering(session, altered, changes)
    version = session.commit(changes, state.sentence)
    notes.update(
        focus={**notes.notes.focus, version.number: tuple(dict.fromkeys(touched))},
        moved=None,
        offers=_attempts(bench, nearest) or _still_on_offer(bench, state, version.number, made),
    )
    tell(Event("committed", f"version {version.number}"))
    if covering:
        updates["remarks"] = (*updates["remarks"], replies.covering(covering))
    return {**updates, "finished": (*state.finished, *finished), "deeds": tuple(deeds), "changed": True}


def _place(session: Session, step: Reorder) -> str:
    """Where a layer was moved, in words."""
    if step.other is None:
        return f"to the {step.to}"
    other = session.layer(step.other)
    return f"{step.to} {sentences.definite(sentences.subject(other.target, other.prompt, other.kind))}"


def _attempts(bench: Bench, nearest: tuple[Piece, ...]) -> Offers | None:
    """The nearest that a turn came to what was asked, on offer while the head stays where it is now."""
    if not nearest:
        return None
    pieces = tuple(piece.but(outcome=None, checked=True) for piece in nearest)
    return Offers(version=bench.session.head, pieces=pieces, attempts=True)


def _still_on_offer(bench: Bench, state: TurnState, version: int, made: Sequence[int]) -> Offers | None:
    """The variations of which one was taken and nothing else was done: another may be taken in its stead."""
    offers = bench.notes.notes.offers
    alone = len(made) == len(state.stretch) == 1 and isinstance(state.stretch[0], Pick)
    if offers is None or offers.attempts or not alone:
        return None
    return offers.model_copy(update={"picked": (*offers.picked, (version, made[0]))})


def _offer(bench: Bench, state: TurnState) -> Updates:
    pieces = tuple(piece for piece in state.pieces if piece.open)
    refused = [piece for piece in state.pieces if piece.outcome == "refused"]
    if not pieces:
        return {
            "finished": (*state.finished, *state.pieces),
            "remarks": (*state.remarks, *replies.given_up(refused)),
            "failed": state.failed or bool(refused),
        }
    bench.notes.update(offers=Offers(version=bench.session.head, pieces=pieces, round=pieces[0].round))
    return {"remarks": (*state.remarks, replies.offered(pieces))}


def _move(bench: Bench, state: TurnState, step: Step) -> Updates:
    session, notes = bench.session, bench.notes
    if isinstance(step, Look | Compare):
        seen = views.look(bench, step)
        return {
            "views": (*state.views, *seen.views),
            "remarks": (*state.remarks, seen.remark),
            "failed": state.failed or not seen.possible,
        }
    if isinstance(step, Answer):
        return {"remarks": (*state.remarks, answers.told(bench, step))}
    meant = focus_after_undo(session, notes.notes, step)
    if isinstance(step, Save) and step.path not in state.sentence:
        # Whoever planned this: a file is written where the user said, and nowhere else.
        return {"remarks": (*state.remarks, "Say where to save the picture."), "failed": True}
    moved = history_steps.move(session, step)
    if isinstance(step, Mark):
        notes.update(marks={**notes.notes.marks, step.name: session.head})
    if moved.saved is not None:
        version = session.head if not isinstance(step, Save) or step.version is None else step.version
        notes.update(saves=(*notes.notes.saves, (moved.saved, version)))
    goes_on = any(wants_painting([each]) for each in state.steps[state.at + 1 :])
    if moved.changed:
        offers = notes.notes.offers
        still = offers is not None and offers.picked and offers.are_on_offer(session.head)
        notes.update(
            moved=(session.head, meant) if meant is not None else None, offers=offers if still else None
        )
    if moved.changed and goes_on:  # the remark would say where it is no more
        where = f"version {session.head}" if session.head else "the base picture"
        return {"deeds": (*state.deeds, f"back to {where}"), "changed": True}
    return {
        "remarks": (*state.remarks, moved.remark),
        "changed": state.changed or moved.changed,
        "failed": state.failed or not moved.possible,
    }


def _to_next_stretch(state: TurnState) -> Literal["locate", "commit", "reply"]:
    stretch = state.stretch
    if wants_locating(stretch):
        return "locate"
    return "commit" if stretch else "reply"


def _after_gate(state: TurnState) -> Literal["paint", "commit"]:
    return "paint" if any(piece.open for piece in state.pieces) else "commit"


def _after_check(state: TurnState) -> Literal["paint", "commit"]:
    if state.offering is not None:
        return "commit"
    return "paint" if any(_unpainted(piece) for piece in state.pieces) else "commit"


def _unpainted(piece: Piece) -> bool:
    return piece.open and piece.patch is None


def _spent(state: TurnState, what: str, began: float) -> dict[str, float]:
    """The seconds of the turn with those since ``began`` added."""
    return {**state.seconds, what: state.seconds.get(what, 0.0) + time.perf_counter() - began}


@cache
def _compiled() -> CompiledStateGraph[TurnState, Bench, TurnState, TurnState]:
    graph: StateGraph[TurnState, Bench] = StateGraph(TurnState, context_schema=Bench)
    for node in (plan, locate, gate, paint, check, commit, reply):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _to_next_stretch)
    graph.add_edge("locate", "gate")
    graph.add_conditional_edges("gate", _after_gate)
    graph.add_edge("paint", "check")
    graph.add_conditional_edges("check", _after_check)
    graph.add_conditional_edges("commit", _to_next_stretch)
    graph.add_edge("reply", END)
    return graph.compile()


class Outcome(NamedTuple):
    """The state at the end of a run, and the question that it stopped at, if it did."""

    state: TurnState
    question: str | None


async def run(bench: Bench, start: TurnState | bool) -> Outcome:
    """Carry out a turn from its start, or go on with the one that waits for an answer (True or False).

    The thread of the checkpoints is the session's name. They hold the turn in hand alone: what an earlier one
    left (its process was killed, its question was not answered) is dropped, because the session's records are
    the truth. The same holds when this turn fails or is cancelled.
    """
    session = bench.session
    config: RunnableConfig = {"configurable": {"thread_id": session.name}, "recursion_limit": _MOST_NODES}
    async with _checkpoints(session.folder / FILE_NAME) as saver:
        graph = copy(_compiled())  # compiling takes longer than all the rest that is not a model
        graph.checkpointer = saver
        if isinstance(start, TurnState):
            await saver.adelete_thread(session.name)
        try:
            entry: Any = start if isinstance(start, TurnState) else Command(resume=start)
            result: Any = await graph.ainvoke(entry, config, context=bench, durability="exit")
        except BaseException:
            await saver.adelete_thread(session.name)
            raise
    waiting = result.pop("__interrupt__", ())
    return Outcome(TurnState.model_validate(result), waiting[0].value if waiting else None)


async def waits(session: Session) -> bool:
    """Whether a turn of a session stopped at a question, and can go on when it is answered."""
    config: RunnableConfig = {"configurable": {"thread_id": session.name}}
    async with _checkpoints(session.folder / FILE_NAME) as saver:
        graph = copy(_compiled())
        graph.checkpointer = saver
        return bool((await graph.aget_state(config)).next)


@asynccontextmanager
async def _checkpoints(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The checkpoints in a file, opened for one turn: they belong to the event loop that runs it.

    A damaged file is made anew.
    """
    async with AsyncExitStack() as stack:
        try:
            saver = await stack.enter_async_context(AsyncSqliteSaver.from_conn_string(str(path)))
            await saver.setup()
        except sqlite3.DatabaseError:
            await stack.aclose()
            try:
                for ending in ("", "-wal", "-shm"):
                    Path(f"{path}{ending}").unlink(missing_ok=True)
            except OSError as error:
                raise SessionError(f"The folder {path.parent} cannot be written: {reason(error)}.") from error
            saver = await stack.enter_async_context(AsyncSqliteSaver.from_conn_string(str(path)))
            await saver.setup()
        yield saver
