"""One turn of the conversation as a LangGraph graph.

    plan ─▶ locate ─▶ gate ─▶ paint ⇄ check ─▶ commit ─▶ reply
      └─ (steps that paint nothing) ────────────▲   │
             ▲──────────── (the next step group) ───┘

A plan is carried out step group by step group (see ``agent.turn.state``). The state holds names and digests;
what the nodes work with is the run's ``TurnContext``. ``gate`` may interrupt the turn with a question for the
user, and is resumed with True or False. This is the one module that imports LangGraph.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator
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

from agent.planner.plan import Plan
from agent.turn import occlusion, phrases
from agent.turn.bare_wishes import of_what_is_there
from agent.turn.check import check_edits
from agent.turn.commit import Updates, carry_out, commit_version, offer
from agent.turn.context import TellEvent, TurnContext
from agent.turn.edits_of_steps import pending_edits
from agent.turn.events import Event
from agent.turn.layer_steps import layer_changes
from agent.turn.locate import doubt_of, find_objects, give_up_unseen, missing_thing
from agent.turn.paint import paint_edits, paint_variations
from agent.turn.pending_edit import PendingEdit
from agent.turn.planner_context import context_of
from agent.turn.prefetch import plan_and_look
from agent.turn.reply import (
    announced,
    compose_reply,
    declined,
    doubtful,
    not_found,
    question,
    summary,
)
from agent.turn.state import TurnState, wants_locating, wants_painting
from sessions.errors import SessionError
from sessions.files import reason
from sessions.session import Session
from tools.photo_check import ALL_THE_SAME, NO_DRAWN_ROOM
from tools.segmenting.base import name_things

FILE_NAME = "checkpoints.db"
"""The checkpoints' file in a session's folder."""

_MOST_NODES = 2000

Work = Runtime[TurnContext]


async def plan(state: TurnState, runtime: Work) -> Updates:
    """Have the planner read the sentence, unless the plan was given; the segmenter looks ahead."""
    context = runtime.context
    if state.plan is not None:
        return {}
    began = time.perf_counter()
    context.tell(Event("planning", "planning"))
    planner_context, picture, view = await context.work(
        lambda _: (
            context_of(context.session, context.memory),
            context.session.picture(),
            occlusion.usual(context.session),
        )
    )
    made = await plan_and_look(context, state.sentence, planner_context, picture, view)
    if text := summary(made, {layer.id: layer for layer in context.session.layers}):
        context.tell(Event("planned", announced(text)))
    return {"plan": made, "seconds": _spent(state, "plan", began)}


async def locate(state: TurnState, runtime: Work) -> Updates:
    """Make edits of the step group's steps and find their objects, all in one segmenter call."""
    context = runtime.context
    began = time.perf_counter()
    visible, _ = layer_changes(context.session, state.step_group)

    def task(tell: TellEvent) -> tuple[list[PendingEdit], list[str]]:
        edits, remarks = pending_edits(context, state.step_group)
        edits = of_what_is_there(context, state.sentence, edits, visible)
        sought = [phrases.definite(missing_thing(p)) for p in edits if p.open and p.mask is None]
        if sought:
            text = f"finding {phrases.listed(list(dict.fromkeys(sought)))}"
            tell(Event("finding", text + context.foretold()))
        located, unseen = give_up_unseen(context.session, find_objects(context, edits, visible))
        return located, [*remarks, *unseen]

    edits, remarks = await context.work(task)
    return {
        "edits": tuple(edits),
        "remarks": (*state.remarks, *remarks),
        "failed": state.failed or bool(remarks),
        "seconds": _spent(state, "locate", began),
    }


async def gate(state: TurnState, runtime: Work) -> Updates:
    """Let through what was found for sure; ask about the rest, or say that it is not there."""
    context = runtime.context
    doubts = {i: doubtful(edit, why) for i, edit in enumerate(state.edits) if (why := doubt_of(edit))}
    remarks = list(state.remarks)
    edits = list(state.edits)
    failed = False
    risky = [index for index, edit in enumerate(edits) if context.relies_on_drawn_rooms(edit)]
    sought = any(edit.outcome == "not found" for edit in edits)
    strange = await context.work(lambda _: bool(risky or sought) and context.is_strange())
    agreed = False
    if strange and risky and context.asks and not context.guesses:
        # As below: this one question is for the doubts, too.
        shall = question(list(doubts.values())) if doubts else "Shall I go on?"
        agreed = interrupt(f"{NO_DRAWN_ROOM} {shall}")
        if not agreed:
            risky = list(dict.fromkeys([*doubts, *risky]))
            edits = [e.but(outcome="unsure") if i in risky else e for i, e in enumerate(edits)]
            remarks.append(declined([edits[index] for index in risky], to_say=False))
    elif strange and risky and not context.guesses:  # nobody is there to answer
        edits = [e.but(outcome="unsure") if i in risky else e for i, e in enumerate(edits)]
        doubts = {index: why for index, why in doubts.items() if index not in risky}
        remarks.append(f"{NO_DRAWN_ROOM} {ALL_THE_SAME}")
        failed = True
    if doubts and context.asks and not context.guesses:
        # The node begins anew when the answer comes: nothing before this line may have an effect.
        if not (strange and risky) and not interrupt(question(list(doubts.values()))):
            for index in doubts:
                edits[index] = edits[index].but(outcome="unsure")
            remarks.append(declined([edits[index] for index in doubts]))
    elif doubts and context.guesses:
        remarks += [f"{phrases.capital(why)}." for why in doubts.values()]
    elif doubts:  # nobody is there to answer, so the question is the answer
        for index in doubts:
            edits[index] = edits[index].but(outcome="unsure")
        remarks.append(f"{question(list(doubts.values()))} Use --yes to go on without asking.")
        failed = True
    missing = [missing_thing(edit) for edit in edits if edit.outcome == "not found"]
    if missing:
        there = await context.work(
            lambda _: name_things(context.engines.segmenter(), context.session.picture())
        )
        remarks.append(not_found(missing, there))
    found = [edit for edit in edits if edit.open]
    if strange and not risky:
        remarks.insert(0, NO_DRAWN_ROOM)
    elif strange and context.guesses:
        remarks.insert(0, NO_DRAWN_ROOM)
        context.tell(Event("note", NO_DRAWN_ROOM))
    if strange and (agreed or context.guesses):
        context.remember(warned=True)
    if found and any(edit.patch is None for edit in found):
        context.tell(Event("found", f"found {phrases.subjects(found)}"))
    return {
        "edits": tuple(edits),
        "remarks": tuple(remarks),
        "failed": state.failed or failed or bool(missing),
    }


async def paint(state: TurnState, runtime: Work) -> Updates:
    """Paint what has no patch yet."""
    context = runtime.context
    began = time.perf_counter()
    offering = state.offering

    def task(tell: TellEvent) -> Updates:
        if offering is not None:
            (edit,) = state.edits
            return {"edits": tuple(paint_variations(context, tell, edit, offering.count))}
        visible, _ = layer_changes(context.session, state.step_group)
        return {"edits": tuple(paint_edits(context, tell, visible, state.edits))}

    updates = await context.work(task)
    return {**updates, "seconds": _spent(state, "paint", began)}


async def check(state: TurnState, runtime: Work) -> Updates:
    """Measure whether the painting did what was asked; what did not is to be painted once more."""
    context = runtime.context
    if state.offering is not None or not any(edit.open and not edit.checked for edit in state.edits):
        return {}
    began = time.perf_counter()

    def task(tell: TellEvent) -> list[PendingEdit]:
        tell(Event("checking", "checking"))
        visible, _ = layer_changes(context.session, state.step_group)
        return check_edits(context, visible, state.edits)

    return {
        "edits": tuple(await context.work(task)),
        "seconds": _spent(state, "paint", began),
    }


async def commit(state: TurnState, runtime: Work) -> Updates:
    """Make one version of all that was painted, hidden and shown; or do a step that paints nothing."""
    context = runtime.context
    passed: Updates = {"at": state.at + len(state.step_group), "edits": ()}
    if state.offering is not None:
        return {**passed, **await context.work(lambda _: offer(context, state))}
    if wants_painting(state.step_group):
        return {**passed, **await context.work(lambda tell: commit_version(context, tell, state))}
    return {**passed, **await context.work(lambda _: carry_out(context, state, state.step_group[0]))}


async def reply(state: TurnState, runtime: Work) -> Updates:
    """Put the turn into words, and write it down."""
    session = runtime.context.session
    text = compose_reply(state)
    made = state.plan or Plan()
    await runtime.context.work(
        lambda _: session.add_turn(state.sentence, text, made.model_dump(mode="json", exclude_none=True))
    )
    return {"reply": text}


def _to_next_step_group(state: TurnState) -> Literal["locate", "commit", "reply"]:
    step_group = state.step_group
    if wants_locating(step_group):
        return "locate"
    return "commit" if step_group else "reply"


def _after_gate(state: TurnState) -> Literal["paint", "commit"]:
    return "paint" if any(edit.open for edit in state.edits) else "commit"


def _after_check(state: TurnState) -> Literal["paint", "commit"]:
    if state.offering is not None:
        return "commit"
    return "paint" if any(_unpainted(edit) for edit in state.edits) else "commit"


def _unpainted(edit: PendingEdit) -> bool:
    return edit.open and edit.patch is None


def _spent(state: TurnState, what: str, began: float) -> dict[str, float]:
    """The seconds of the turn with those since ``began`` added."""
    return {**state.seconds, what: state.seconds.get(what, 0.0) + time.perf_counter() - began}


@cache
def _compiled() -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    graph: StateGraph[TurnState, TurnContext] = StateGraph(TurnState, context_schema=TurnContext)
    for node in (plan, locate, gate, paint, check, commit, reply):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _to_next_step_group)
    graph.add_edge("locate", "gate")
    graph.add_conditional_edges("gate", _after_gate)
    graph.add_edge("paint", "check")
    graph.add_conditional_edges("check", _after_check)
    graph.add_conditional_edges("commit", _to_next_step_group)
    graph.add_edge("reply", END)
    return graph.compile()


class RunResult(NamedTuple):
    """The state at the end of a run, and the question that it stopped at, if it did."""

    state: TurnState
    question: str | None


async def run(context: TurnContext, start: TurnState | bool) -> RunResult:
    """Carry out a turn from its start, or go on with the one that waits for an answer (True or False).

    The thread of the checkpoints is the session's name. They hold the turn in hand alone: what an earlier one
    left (its process was killed, its question was not answered) is dropped, because the session's records are
    the truth. The same holds when this turn fails or is cancelled.
    """
    session = context.session
    config: RunnableConfig = {"configurable": {"thread_id": session.name}, "recursion_limit": _MOST_NODES}
    async with _checkpoints(session.folder / FILE_NAME) as saver:
        graph = copy(_compiled())  # compiling takes longer than all the rest that is not a model
        graph.checkpointer = saver
        if isinstance(start, TurnState):
            await saver.adelete_thread(session.name)
        try:
            entry: Any = start if isinstance(start, TurnState) else Command(resume=start)
            result: Any = await graph.ainvoke(entry, config, context=context, durability="exit")
        except BaseException:
            await saver.adelete_thread(session.name)
            raise
    waiting = result.pop("__interrupt__", ())
    return RunResult(TurnState.model_validate(result), waiting[0].value if waiting else None)


async def waits(session: Session) -> bool | None:
    """Whether a turn of a session stopped at a question, and can go on when it is answered.

    None where it stopped at one but was written by another release, whose state this one does not know.
    """
    config: RunnableConfig = {"configurable": {"thread_id": session.name}}
    async with _checkpoints(session.folder / FILE_NAME) as saver:
        graph = copy(_compiled())
        graph.checkpointer = saver
        try:
            waiting = await graph.aget_state(config)
            if not waiting.next:
                return False
            state = TurnState.model_validate(waiting.values)
        except Exception:  # whatever an unknown type makes of the checkpoint
            return None
        return True if state.plan is not None and state.edits else None


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
