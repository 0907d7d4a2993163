"""What a planner gets to see of a session: its context, from the session's records and the agent's memory.

Versions never change, so the layer table of each is made once for an open session.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from agent.planner.context import Context, LayerView, Spoken, VersionView, only_looks, outcome_of, spoken_of
from agent.planner.plan import Edit, Plan, Step, Tell, Undo
from agent.turn.memory import SessionMemory
from agent.turn.state import Offers
from sessions.model import Layer, Turn, Version
from sessions.pictures import PictureStore
from sessions.session import Session
from tools.inpainting.computed.recolour import measure
from tools.kinds import Kind
from tools.language.referring import plural, read_phrase

_REMEMBERED = 50
"""How many of the latest sentences a planner sees."""

_TABLES: WeakKeyDictionary[Session, dict[int, tuple[LayerView, ...]]] = WeakKeyDictionary()
"""The layer tables of the versions of open sessions, by number."""


def context_of(session: Session, memory: SessionMemory) -> Context:
    """The conversation so far, as a planner sees it."""
    versions, head = session.versions, session.head
    tables = _tables(session)
    history = tuple(
        VersionView(version.parent or 0, tables[version.number], _focus(version, memory))
        for version in versions
    )
    moved = memory.moved if memory.moved is not None and memory.moved[0] == head else None
    offers = memory.offers if memory.offers is not None and memory.offers.are_on_offer(head) else None
    nearest = offers is not None and offers.attempts
    offers = None if nearest else offers
    turns = session.turns
    # Whoever looks closer before they answer has not dropped the question.
    asked = next((turn for turn in reversed(turns) if not _only_looked(turn)), None)
    return Context(
        layers=tuple(
            replace(_view(layer, visible=layer.visible), dropped=layer.dropped, was=_was(session, layer))
            for layer in session.layers
        ),
        focus=moved[1] if moved is not None else history[head].focus,
        versions=len(versions) - 1,
        head=head,
        sentences=tuple(turn.sentence for turn in turns if not turn.sentence.startswith("/"))[-_REMEMBERED:],
        variations=len(offers.edits) if offers else 0,
        question=_question(asked.plan, asked.reply) if asked else None,
        history=history,
        offer=_offer(offers, head) if offers else None,
        offered=tuple(edit.prompt for edit in offers.edits) if offers else (),
        picked=offers is not None and head in dict(offers.picked),
        nearest=nearest,
        marks=tuple((name, version) for name, version in memory.marks.items() if version < len(versions)),
        done=_changed_something(turns, head),
        saves=tuple(save for save in memory.saves if save[1] < len(versions)),
        visited=(0, *(turn.version for turn in turns)),
        told=_told(turns),
        doubted=_doubted(asked) if asked else None,
        spoken=_spoken(turns, session.layers, history),
    )


def _spoken(
    turns: Sequence[Turn], layers: Sequence[Layer], history: Sequence[VersionView]
) -> tuple[Spoken, ...]:
    """What the latest sentences spoke of, and what came of them."""
    views = [_view(layer) for layer in layers]
    spoken: list[Spoken] = []
    before, known = 0, 1
    for at, turn in enumerate(turns):
        if at >= len(turns) - _REMEMBERED and not turn.sentence.startswith("/"):
            steps = _steps(turn)
            came = outcome_of(steps, before, turn.version, history, known)
            spoken.append(replace(spoken_of(turn.sentence, steps, views), outcome=came, head=turn.version))
        before, known = turn.version, max(known, turn.version + 1)
    return tuple(spoken)


def _was(session: Session, layer: Layer) -> tuple[float, float, float] | None:
    """The colour that a layer's thing had in the base picture, as it would be in full light."""
    if layer.kind == "add":
        return None
    return _colour_under(session.pictures, session.base, layer.mask)


@lru_cache(maxsize=1024)
def _colour_under(pictures: PictureStore, base: str, mask: str) -> tuple[float, float, float] | None:
    region = pictures.get(mask) >= 128
    if not region.any():
        return None
    seen = measure(pictures.get(base), region)
    lightness, a, b = (float(value / seen.light) for value in seen.median)
    return lightness, a, b


def focus_after_undo(session: Session, memory: SessionMemory, step: Step) -> tuple[int, ...] | None:
    """What "it" means after an undo: what was undone. None for any other step."""
    if not isinstance(step, Undo):
        return None
    versions, number = session.versions, session.head
    focus: tuple[int, ...] = ()
    for _ in range(step.count):
        parent = versions[number].parent
        if parent is None:
            break
        focus = _focus(versions[number], memory) or focus
        number = parent
    return focus


def _focus(version: Version, memory: SessionMemory) -> tuple[int, ...]:
    return memory.focus.get(version.number, version.changed)


def _tables(session: Session) -> Mapping[int, tuple[LayerView, ...]]:
    """The layers of every version, with their edits as they were in it."""
    tables, revisions = _TABLES.setdefault(session, {}), session.revisions
    for version in session.versions[len(tables) :]:
        tables[version.number] = tuple(
            _view(revisions[entry.layer, entry.revision], visible=entry.visible)
            for entry in sorted(version.stack)
        )
    return tables


def _view(layer: Layer, *, visible: bool = True) -> LayerView:
    return LayerView(layer.id, layer.target, layer.prompt, cast(Kind, layer.kind), visible)


def _changed_something(turns: Sequence[Turn], head: int) -> bool:
    """Whether the last sentence moved the head; plain talk and looking leave what the one before did."""
    acting = (turn for turn in reversed(turns) if not only_looks(step.do for step in _steps(turn)))
    last, before = next(acting, None), next(acting, None)
    if last is None:
        return True
    return last.version == head and (before.version if before else 0) != head


def _steps(turn: Turn) -> tuple[Step, ...]:
    """The steps of a turn; none where its plan is no plan that this release knows."""
    try:
        return Plan.model_validate(turn.plan).steps
    except ValidationError:
        return ()


_WHICH = re.compile(r"There are [^.:]+: (?:do you mean|which do you mean)[^?]+\?$")


def _question(plan: Mapping[str, object], reply: str) -> str | None:
    """What a plan asked, if it ended with a question, or what the search for its things did."""
    if which := _WHICH.search(reply):
        return which[0]
    steps = plan.get("steps")
    last = steps[-1] if isinstance(steps, list) and steps else {}
    return str(last.get("question", "")) if isinstance(last, dict) and last.get("do") == "ask" else None


def _doubted(turn: Turn) -> Edit | None:
    """The edit of a turn that waits for the answer to "There are two armchairs: do you mean …?"."""
    which = _WHICH.search(turn.reply)
    edits = [step for step in _steps(turn) if isinstance(step, Edit)]
    if which is None or not edits:
        return None
    things = which[0].partition(":")[0]
    asked = [each for each in edits if plural(read_phrase(each.target).noun) in things]
    return (asked or edits)[0] if len(edits) == 1 or asked else None


def _told(turns: Sequence[Turn]) -> Tell | None:
    """The question that the last sentence asked, as a step."""
    last = _steps(turns[-1])[-1:] if turns else ()
    return last[0] if last and isinstance(last[0], Tell) else None


def _only_looked(turn: Turn) -> bool:
    steps = _steps(turn)
    return bool(steps) and all(step.do in ("look", "compare") for step in steps)


def _offer(offers: Offers, head: int) -> Edit | None:
    if not offers.edits:
        return None
    edit = offers.at(head)[0]
    return Edit(target=edit.target, prompt=edit.prompt, kind=edit.kind, layer=edit.layer)
