"""Which layers a step group of steps hides, shows, drops and moves, and what of it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agent.planner.plan import Drop, Hide, Reorder, Show, Step
from agent.turn import phrases
from agent.turn.state import is_earlier
from sessions.errors import SessionError
from sessions.model import Changes

if TYPE_CHECKING:
    from sessions.session import Session


def layer_changes(session: Session, step_group: Sequence[Step]) -> tuple[Changes, tuple[str, ...]]:
    """What a step group hides and shows, and sentences about what of it cannot be."""
    hide: list[int] = []
    show: list[int] = []
    drop, dropping = _dropped(session, step_group)
    moves, moving = _moves(session, step_group, drop)
    remarks: list[str] = [*dropping, *moving]
    for step in step_group:
        if not isinstance(step, Hide | Show) or step.layer in drop or is_earlier(step):
            continue
        wanted = hide if isinstance(step, Hide) else show
        if step.layer in wanted:
            continue
        try:
            layer = session.layer(step.layer)
        except SessionError as error:
            remarks.append(str(error))
            continue
        if layer.dropped:
            name = phrases.subject(layer)
            remarks.append(f"{phrases.capital(name)} was deleted: undo, or go to an earlier version.")
            continue
        if layer.visible == isinstance(step, Show):
            state = "visible" if layer.visible else "hidden"
            about = phrases.capital(phrases.edit(layer))
            remarks.append(f"{about} is {state} already.")
        else:
            wanted.append(step.layer)
    changes = Changes(hide=tuple(hide), show=tuple(show), drop=drop, moves=moves)
    return changes, tuple(remarks)


def _dropped(session: Session, step_group: Sequence[Step]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The layers that a step group throws away, and sentences about those that it cannot."""
    there = {entry.layer for entry in session.versions[session.head].stack}
    drop: dict[int, None] = {}
    remarks = []
    for step in step_group:
        if not isinstance(step, Drop):
            continue
        if step.layer in there:
            drop[step.layer] = None
        else:
            remarks.append(f"There is no layer {step.layer} in this version: /layers lists them.")
    return tuple(drop), tuple(remarks)


def _moves(
    session: Session, step_group: Sequence[Step], drop: Sequence[int]
) -> tuple[tuple[tuple[int, int | None], ...], tuple[str, ...]]:
    """Which layers go beneath which others, and sentences about moves that nobody would see."""
    wanted = [step for step in step_group if isinstance(step, Reorder)]
    order = [entry.layer for entry in session.versions[session.head].stack if entry.layer not in drop]
    moves: list[tuple[int, int | None]] = []
    remarks: list[str] = []
    for step in wanted:
        named = [number for number in (step.layer, step.other) if number is not None]
        if missing := [number for number in named if number not in order]:
            remarks.append(f"There is no layer {missing[0]} in this version: /layers lists them.")
            continue
        before, rest = list(order), [number for number in order if number != step.layer]
        at = {
            "front": len(rest), "back": 0,
            "over": rest.index(step.other) + 1 if step.other in rest else len(rest),
            "under": rest.index(step.other) if step.other in rest else 0,
        }[step.to]  # fmt: skip
        rest.insert(at, step.layer)
        layer = session.layer(step.layer)
        name = phrases.capital(phrases.definite(phrases.subject(layer)))
        are = "are" if phrases.is_several(name) else "is"
        if rest == before:
            remarks.append(f"{name} {are} there already.")
            continue
        over = rest[at + 1] if at + 1 < len(rest) else None
        trial = Changes(drop=tuple(drop), moves=(*moves, (step.layer, over)))
        still = Changes(drop=tuple(drop), moves=tuple(moves))
        if np.array_equal(session.preview(trial), session.preview(still)):
            remarks.append(
                f"{name} {are} not over or under anything there, so the picture would look the same."
            )
            continue
        moves.append((step.layer, over))
        order = rest
    return tuple(moves), tuple(remarks)
