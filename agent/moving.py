"""The steps of a plan that paint nothing: moving the head, naming versions, telling, saving, asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agent import words
from agent.paths import meant
from agent.plan import Ask, Goto, Mark, Open, Redo, Save, Step, Tell, Undo
from agent.planner.english.phrase import parse
from agent.planner.layers import same_thing
from sessions.errors import SessionError
from sessions.model import Layer
from sessions.session import Session
from tools.language.colours import name_of
from tools.language.looks import read_look


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
            case Ask():
                return Moved(remark=step.question)
            case Mark():
                return Moved(remark=f"This is “{step.name}” from now on: say “go back to {step.name}”.")
            case Tell():
                return Moved(remark=told(session, step.about))
            case Save():
                return _saved(session, step.path, step.version)
            case Open():
                return _opened(step.path)
            case _:
                return Moved()
    except SessionError as error:
        return Moved(remark=str(error), possible=False)
    where = f"version {after}" if after else "the base picture"
    if after == before:
        return Moved(remark=f"This is {where} already.")
    return Moved(changed=True, remark=f"This is {where} again." if after < before else f"This is {where}.")


def told(session: Session, about: str) -> str:
    """What the record says of one thing, or, about nothing, of all that was changed."""
    layers = [layer for layer in session.layers if layer.visible]
    if about:
        named = parse(about)
        layers = [
            layer
            for layer in layers
            if same_thing(named, layer.prompt if layer.kind == "add" else layer.target)
            or (layer.kind == "replace" and same_thing(named, layer.prompt))
        ]
        if not layers:
            return (
                f"I have not changed {words.definite(about)}: {_as_it_was(about)} as in the picture at first."
            )
    if not layers:
        return "Nothing is changed: this is the base picture."
    said = [
        f"{words.edit(layer.target, layer.prompt, layer.kind)} ({_in_words(layer)}version {layer.version})"
        for layer in layers
    ]
    return f"{words.capital('; '.join(said))}."


def _in_words(layer: Layer) -> str:
    """The colour that a layer took from another thing, by its name."""
    colour = layer.request.get("colour")
    value = colour.get("value") if isinstance(colour, Mapping) else None
    if not read_look(layer.prompt, layer.target).like or not isinstance(value, Sequence):
        return ""
    return f"{name_of(value)}, "


def _as_it_was(about: str) -> str:
    return "they are" if words.is_several(about) else "it is"


def _saved(session: Session, path: str, version: int | None) -> Moved:
    """Save the picture at a version; a file that is there already is left alone."""
    where = Path(path).expanduser() if path else free_path(session.name, Path())
    if where.exists():
        return Moved(
            remark=f"{path} is there already, so nothing was saved: name another file.", possible=False
        )
    saved = session.export(where, version)
    what = "Saved" if version is None else f"Version {version} saved"
    return Moved(remark=" ".join((f"{what} as {path or where}.", *session.left_out(saved, version))))


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
    except (OSError, ValueError):
        there = False
    if not there:
        return Moved(remark=f"There is no file {path}.", possible=False)
    return Moved(remark=f"To go on with {path}: /open {path} in a chat.")
