"""The steps of a plan that paint nothing: moving the head, comparing, asking."""

from __future__ import annotations

from typing import NamedTuple

from agent.plan import Ask, Compare, Goto, Redo, Step, Undo
from sessions.errors import SessionError
from sessions.session import Session


class Moved(NamedTuple):
    """What came of a step: whether the picture is another one, what to say, and whether it could be done."""

    changed: bool = False
    remark: str = ""
    possible: bool = True


def move(session: Session, step: Step) -> Moved:
    """Carry out one step that paints nothing; other steps are left alone."""
    before = session.head
    try:
        match step:
            case Undo():
                after = session.undo(step.count).number
            case Redo():
                after = session.redo(step.count).number
            case Goto():
                after = session.goto(step.version).number
            case Compare():
                return Moved(remark=_compared(before))
            case Ask():
                return Moved(remark=step.question)
            case _:
                return Moved()
    except SessionError as error:
        return Moved(remark=str(error), possible=False)
    where = f"version {after}" if after else "the base picture"
    if after == before:
        return Moved(remark=f"This is {where} already.")
    return Moved(changed=True, remark=f"This is {where} again." if after < before else f"This is {where}.")


def _compared(head: int) -> str:
    if head == 0:
        return "There is nothing to compare yet: this is the base picture."
    return f"Before: the base picture (version 0). After: version {head}."
