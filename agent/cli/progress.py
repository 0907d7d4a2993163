"""How far a command is: one live line on the standard error, and bars, where somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agent.terminal.output import live, say

if TYPE_CHECKING:
    from agent.turn.events import Listener
    from tools.inpainting.base import PaintingStep, StepListener


@contextmanager
def live_line() -> Iterator[Callable[[str], None]]:
    """One live line, when somebody is looking at it; wiped at the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        yield live
    finally:
        live()


@contextmanager
def events() -> Iterator[Listener]:
    """What a turn tells, on that line."""
    with live_line() as show:
        yield lambda event: show(_line(event.text, event.step, event.steps))


@contextmanager
def file_work(doing: str, file: Path | None) -> Iterator[None]:
    """Say on that line what is being done with a file; a large one takes a while."""
    with live_line() as show:
        show(_line(f"{doing} {file.name if file is not None else 'the sample room'}"))
        yield


@contextmanager
def steps(text: str) -> Iterator[StepListener]:
    """The steps of an inpainter on that line, and what it notes on stderr at the end."""
    from agent.turn.events import noted

    notes: dict[str, None] = {}

    with live_line() as show:
        show(_line(text))

        def on_step(step: PaintingStep) -> None:
            show(_line(text, step.done, step.total))
            if step.note:
                notes[noted(step.note)] = None

        yield on_step
    for note in notes:
        say(note, err=True)


def _line(text: str, step: int = 0, of: int = 0) -> str:
    return f"{text} {step}/{of}"[:200] if of else text[:200]
