"""A small editor for the tests of the chat: it keeps a real session and fills boxes with colours.

It understands "paint the left red" (left, right, top, bottom, all; any colour name of Pillow's), several
at once, "show three" (variations), "compare", "look for …" (finds nothing), "sleep" (until cancelled),
"refuse" (a ``ToolError``) and "crash" (an error that nobody foresaw). As a program it is a chat in a
terminal: ``python -m tests.support.paintbox FOLDER``.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from agent.planner.context import Context
from agent.planner.plan import (
    Compare,
    Edit,
    Goto,
    Hide,
    Mark,
    Pick,
    Plan,
    Redo,
    Show,
    Step,
    Undo,
    Variations,
)
from agent.terminal.chat import chat
from agent.terminal.console import open_console
from agent.turn.events import Event, Listener, Turn
from agent.turn.reply import announced, summary
from sessions import Changes, NewLayer, Sessions
from sessions.compose import Box, Patch
from sessions.session import Session
from tools.errors import ToolError
from tools.pictures import read_picture

WIDTH, HEIGHT = 96, 64
_BOXES = {
    "left": Box(0, 0, WIDTH // 2, HEIGHT),
    "right": Box(WIDTH // 2, 0, WIDTH, HEIGHT),
    "top": Box(0, 0, WIDTH, HEIGHT // 2),
    "bottom": Box(0, HEIGHT // 2, WIDTH, HEIGHT),
    "all": Box(0, 0, WIDTH, HEIGHT),
}


@dataclass(frozen=True)
class _Name:
    name: str


class PaintBox:
    """An editor whose planner knows a few phrases and whose painter knows flat colours."""

    def __init__(self, session: Session, remarks: Sequence[str] = ()) -> None:
        self.session = session
        self.planner = _Name("phrases")
        self.preset = _Name("boxes")
        self.remarks = remarks
        self.warm = False
        self._offers: list[NewLayer] = []
        self.marks: dict[str, int] = {}

    async def say(self, sentence: str, on_event: Listener = lambda _: None) -> Turn:
        on_event(Event("planning", "planning"))
        if sentence == "refuse":
            raise ToolError("That cannot be done: ask for something else.")
        if sentence == "crash":
            raise ValueError("nobody foresaw [this]")
        if sentence == "sleep":
            on_event(Event("painting", "painting the ceiling", 3, 8, picture()))
            on_event(Event("note", "Low memory: painting smaller."))
            await asyncio.sleep(600)
        if missing := re.fullmatch(r"look for (.+)", sentence):
            reply = f"I see no {missing[1]}. There are: the left and the right."
            head = self.session.head
            return Turn(sentence, reply, Plan(), head, changed=False, failed=True, remarks=(reply,))
        plan = _plan(sentence)
        if plan.steps:
            on_event(Event("planned", announced(summary(plan, {}))))
        return await self.carry_out(plan, sentence, on_event)

    async def carry_out(self, plan: Plan, sentence: str, on_event: Listener = lambda _: None) -> Turn:
        head = self.session.head
        said = [self._step(step, sentence, on_event) for step in plan.steps]
        now = self.session.head
        remarks = tuple(filter(None, [plan.say, *said]))
        turn = Turn(
            sentence, " ".join(remarks), plan, now, changed=now != head, remarks=remarks,
            seconds={"paint": 0.1, "total": 0.2},
        )  # fmt: skip
        self.session.add_turn(sentence, turn.reply, plan.model_dump())
        return turn

    def _step(self, step: Step, sentence: str, on_event: Listener) -> str:
        session = self.session
        match step:
            case Edit():
                for count in range(1, 9):
                    on_event(Event("painting", f"painting the {step.target}", count, 8))
                session.commit(Changes(layers=(_layer(step.target, step.prompt),)), sentence)
                return f"The {step.target} is {step.prompt} now."
            case Undo():
                return f"Back at version {session.undo(step.count).number}."
            case Redo():
                return f"Forward at version {session.redo(step.count).number}."
            case Goto():
                return f"At version {session.goto(step.version).number}."
            case Hide():
                session.commit(Changes(hide=(step.layer,)), sentence)
            case Show():
                session.commit(Changes(show=(step.layer,)), sentence)
            case Mark():
                self.marks[step.name] = session.head
                return f"This is “{step.name}” now."
            case Variations():
                self._offers = [_layer("all", colour) for colour in ("red", "green", "blue")[: step.count]]
                return "Which one?"
            case Pick():
                if step.index > len(self._offers):
                    raise ToolError(f"There is no variation {step.index}.")
                session.commit(Changes(layers=(self._offers[step.index - 1],)), sentence)
        return ""

    def planner_context(self) -> Context:
        return Context()

    def warm_up(self, picture: NDArray[np.uint8]) -> None:
        self.warm = True

    def offers(self) -> list[NDArray[np.uint8]]:
        return [self.session.preview(Changes(layers=(layer,))) for layer in self._offers]

    @property
    def is_kept(self) -> bool:
        return True

    def close(self) -> None:
        self.session.close()


def picture() -> NDArray[np.uint8]:
    """A picture with no two columns alike."""
    across = np.broadcast_to(np.linspace(0, 255, WIDTH, dtype=np.uint8), (HEIGHT, WIDTH))
    return np.stack([across, across[:, ::-1], np.full_like(across, 90)], axis=2)


def open_box(folder: Path, file: Path | None, name: str | None) -> PaintBox:
    """A session of a file, or of ``picture()``, in a data folder; the one of that name if there is one."""
    sessions = Sessions(folder / "sessions")
    if file is None and name is not None and sessions.exists(name):
        return PaintBox(sessions.open(name))
    read = None if file is None else read_picture(file)
    pixels = picture() if read is None else read.pixels
    session = sessions.create(name, pixels, source=file or "")
    return PaintBox(session, () if read is None else read.notes)


def _plan(sentence: str) -> Plan:
    if sentence == "show three":
        return Plan(steps=(Variations(count=3),))
    if sentence == "compare":
        return Plan(steps=(Compare(),))
    wanted = (
        re.findall(r"(left|right|top|bottom|all) (\w+)", sentence) if sentence.startswith("paint") else []
    )
    if not wanted:
        return Plan(say=f"You said: {sentence}")
    return Plan(steps=tuple(Edit(target=side, prompt=colour, kind="restyle") for side, colour in wanted))


def _layer(side: str, colour: str) -> NewLayer:
    box = _BOXES[side]
    rgba = np.full((box.height, box.width, 4), 255, np.uint8)
    rgba[..., :3] = ImageColor.getrgb(colour)[:3]
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    return NewLayer(side, colour, "restyle", mask, Patch(rgba, box), {}, float(mask.mean()))


def main() -> int:
    """A chat with a session called "box" in the folder of the first argument."""
    folder = Path(sys.argv[1])
    console = open_console(folder)

    async def talk() -> int:
        return await chat(
            open_box(folder, None, "box"), console, lambda file, name: open_box(folder, file, name)
        )

    return asyncio.run(talk())


if __name__ == "__main__":
    sys.exit(main())
