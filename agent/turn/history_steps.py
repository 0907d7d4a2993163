"""The steps of a plan that paint nothing: moving the head, naming versions, saving, asking."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from agent.planner.plan import Ask, Goto, Mark, Open, Redo, Save, Step, Undo
from agent.turn import phrases
from agent.turn.user_paths import meant
from sessions.errors import SessionError
from sessions.files import reason
from sessions.session import Session


class Moved(NamedTuple):
    """What came of a step: whether the picture is another one, what to say, whether it could be done, and the
    file that it was saved as.
    """

    changed: bool = False
    remark: str = ""
    possible: bool = True
    saved: str | None = None


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
            case Ask():
                return Moved(remark=step.question)
            case Mark():
                return Moved(remark=f"This is “{step.name}” from now on: say “go back to {step.name}”.")
            case Save():
                return _saved(session, step.path, step.version)
            case Open():
                return _opened(step.path)
            case _:
                return Moved()
    except SessionError as error:
        return Moved(remark=str(error), possible=False)
    where = phrases.version(after)
    if after == before:
        return Moved(remark=f"This is {where} already.")
    return Moved(changed=True, remark=f"This is {where} again." if after < before else f"This is {where}.")


def _saved(session: Session, path: str, version: int | None) -> Moved:
    """Save the picture at a version; a file that is there already is left alone."""
    where = Path(path).expanduser() if path else free_path(session.name, Path())
    if not where.suffix:  # "save it as myroom"
        where = where.with_suffix(".png")
        path = str(where)
    if where.exists():
        return Moved(
            remark=f"{path} is there already, so nothing was saved: name another file.", possible=False
        )
    saved = session.export(where, version)
    what = "Saved" if version is None else f"Version {version} saved"
    remark = " ".join((f"{what} as {path or where}.", *session.left_out(saved, version)))
    return Moved(remark=remark, saved=str(path or where))


def free_path(name: str, folder: Path) -> Path:
    """A file in a folder that is not there yet: the session's name, with a number."""
    path, number = folder / f"{name}.png", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.png"
    return path


def _opened(path: str) -> Moved:
    """What is said of a picture that the user wants to go on with: a chat opens it after the turn."""
    try:
        there = meant(path).is_file()
    except PermissionError as error:
        return Moved(remark=f"{path} cannot be read: {reason(error)}.", possible=False)
    except (OSError, ValueError):
        there = False
    if not there:
        return Moved(remark=f"There is no file {path}.", possible=False)
    return Moved(remark=f"To continue with {path}: /open {path} in a chat.")
