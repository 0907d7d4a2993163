"""Scripted conversations through the whole agent: what is planned, which layers show, which version it is.

A script in ``conversations/`` is a text: a sentence after ">", then what must come of it. A line with "=" is
a step of the plan; one with "|" is the version and, after a colon, the layers that show; one with "!" is a
part of the reply. Without "|" nothing may have changed. "?" after the version: what was asked for was not
done. "*" stands for the name that a colour comes to. "@reopen" closes the session and opens it again, as
another process would. Lines with "#" are remarks. A picture "photo.jpg" (turquoise) and a mask "mask.png" (a
corner) lie in the folder.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.planner import load_planner
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
from agent.turn.editor import Editor
from agent.turn.events import Turn
from sessions import Sessions
from tests.support.talking_room import HEIGHT, PRESET, WIDTH, TalkingEngines, room
from tools.pictures import write_mask

FOLDER = Path(__file__).parents[1] / "conversations"
SCRIPTS = sorted(FOLDER.glob("*.txt"))


@dataclass
class Said:
    """One sentence of a script, and what must come of it."""

    line: int
    sentence: str
    steps: list[str] = field(default_factory=list)
    state: str = ""
    reply: list[str] = field(default_factory=list)


def read(script: Path) -> list[Said]:
    """The sentences of a script."""
    said: list[Said] = []
    for number, line in enumerate(script.read_text().splitlines(), 1):
        mark, _, rest = line.strip().partition(" ")
        match mark:
            case ">":
                said.append(Said(number, rest))
            case "@reopen":
                said.append(Said(number, mark))
            case "=":
                said[-1].steps.append(rest)
            case "|":
                said[-1].state = rest
            case "!":
                said[-1].reply.append(rest)
            case "" | "#":
                pass
            case _:
                raise ValueError(f"{script.name}:{number}: {line}")
    return said


def in_words(step: Step) -> str:
    """A step as the scripts write it."""
    match step:
        case Edit(target=target, prompt=prompt, kind=kind, layer=layer, within=within):
            own = f" [{layer}]" if layer is not None else ""
            where = f" within {within}" if within else ""
            return f"{kind}{own} {target}" + (f" -> {prompt}" if prompt else "") + where
        case Undo(count=count) | Redo(count=count):
            return f"{step.do} {count}"
        case Goto(version=version):
            return f"goto {version}"
        case Show(layer=layer, version=int(version)):
            return f"show {layer} of {version}"
        case Hide(layer=layer) | Show(layer=layer) | Refresh(layer=layer) | Drop(layer=layer):
            return f"{step.do} {layer}"
        case Reorder(layer=layer, to=to, other=other):
            return f"reorder {layer} {to}" + (f" {other}" if other is not None else "")
        case Mask(layer=layer, how=how, what=what, amount=amount):
            by = f" {amount:g}" if how in ("grow", "shrink") else ""
            return f"mask {layer} {how} {what}".rstrip() + by
        case Look(at=at, target=target, layer=layer, version=version):
            own = "" if layer is None else f"[{layer}]"
            number = "" if version is None else str(version)
            return " ".join(part for part in ("look", at, target, own, number) if part)
        case Variations(count=count, target=target, prompt=prompt, like=like):
            look = f" -> {prompt}" if prompt else ""
            return f"variations {count} {target}{look}" + (f" (like {like})" if like is not None else "")
        case Pick(index=index, prompt=prompt):
            return f"pick {index}" + (f" -> {prompt}" if prompt else "")
        case Mark(name=name):
            return f"mark {name}"
        case Tell(about=about, asked=asked, look=look, version=version):
            of = None if version is None else f"of {version}"
            return " ".join(part for part in ("tell", asked, about, look, of) if part)
        case Save(path=path, version=version):
            return f"save {path}".rstrip() + (f" of {version}" if version is not None else "")
        case Open(path=path):
            return f"open {path}"
        case Compare(version=first, other=second, difference=differ):
            parts = ["differ" if differ else "compare", *(str(n) for n in (first, second) if n is not None)]
            return " ".join(parts)
        case Keep():
            return step.do
        case Ask():
            return "ask"


def state_of(editor: Editor, turn: Turn) -> str:
    """The version and the layers that show, as the scripts write them."""
    layers = [
        f"{layer.id} {layer.target}" + (f" -> {layer.prompt}" if layer.kind != "remove" else " -> gone")
        for layer in editor.session.layers
        if layer.visible
    ]
    return f"v{turn.version}{'?' if turn.failed else ''}: {'; '.join(layers)}".rstrip(": ")


def open_room(root: Path) -> Editor:
    sessions = Sessions(root)
    session = sessions.open("talk") if sessions.exists("talk") else sessions.create("talk", room())
    return Editor.open(
        session=session, preset=PRESET, planner=load_planner("builtin"), engines=TalkingEngines(), asks=False
    )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 40), (30, 120, 110)).save("photo.jpg")
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[120:180, 20:60] = True
    write_mask("mask.png", corner)
    return tmp_path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_conversation_goes_as_it_is_written(script: Path, root: Path) -> None:
    editor = open_room(root / "sessions")
    before, wrong = "v0", []
    try:
        for said in read(script):
            if said.sentence == "@reopen":
                editor.close()
                editor = open_room(root / "sessions")
                continue
            turn = asyncio.run(editor.say(said.sentence))
            came = [in_words(step) for step in turn.plan.steps]
            state = state_of(editor, turn)
            wanted = said.state or before
            missing = [part for part in said.reply if part not in turn.reply]
            same = fnmatchcase(state.replace("?", ""), wanted.replace("?", ""))
            failed = bool(said.state) and ("?" in state) != ("?" in wanted)
            if came != said.steps or missing or not same or failed:
                wrong.append(
                    f"{script.name}:{said.line}: {said.sentence}\n"
                    + "".join(f"= {step}\n" for step in came)
                    + f"| {state}\n! {turn.reply}\n"
                )
            before = state.replace("?", "")
    finally:
        editor.close()
    assert not wrong, "\n\n" + "\n".join(wrong)
