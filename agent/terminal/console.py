"""All that a chat reads and writes, behind one object: a terminal with somebody at it, or plain streams.

``TerminalConsole`` has a prompt with history and completion, colours, pictures and a live line for the work
at hand. ``PlainConsole`` reads lines and writes lines, for scripts and pipes: no colours, no pictures, no
prompt. Neither knows what a command or a session is. What users typed is printed as text, never as markup,
and without the control characters that a terminal would obey.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from agent.safe_text import one_line, printable
from agent.terminal.graphics import in_half_cells
from agent.terminal.output import OutputGone, open_streams, write
from agent.terminal.picture_layouts import Shown
from agent.turn.events import Event, Listener
from sessions.catalog import keep_private

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completion
    from prompt_toolkit.history import History
    from rich.console import RenderableType
    from rich.text import Text

Tone = Literal["plain", "reply", "understood", "note", "quiet"]
"""What a line is, which decides its colour."""

Complete = Callable[[str], Iterable["Completion"]]
"""The ways in which the text before the cursor may go on."""

PROMPT = "inpalla> "
"""What stands before the line that is being typed."""

_STYLES = {"plain": "", "reply": "bold", "understood": "cyan", "note": "yellow", "quiet": "dim"}
_STEP_BAR = 20
_PREVIEW_CELLS = 28, 10  # columns and rows: few enough to be written again with every turn of the spinner
_REFRESHES = 6  # a second


class Console(Protocol):
    """Where a chat reads and writes.

    ``interactive`` says whether somebody sits there who sees pictures and can be asked.
    """

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there."""
        ...

    async def read(self, complete: Complete, status: str) -> str | None:
        """The next line, or None at the end. Raises ``KeyboardInterrupt`` when the line was given up."""
        ...

    async def confirm(self, question: str) -> bool:
        """Whether the user says yes; False when nobody can be asked."""
        ...

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write one or more lines of text."""
        ...

    def problem(self, text: str) -> None:
        """Write a sentence about what could not be done."""
        ...

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write rows of text under heads."""
        ...

    def show(self, *pictures: Shown) -> bool:
        """Show pictures beside each other; False when that is not possible here."""
        ...

    def working(self) -> AbstractContextManager[Listener]:
        """While it lasts, tell what is being done. The listener may be called from any thread."""
        ...


_NARROW = 40
"""Columns of a terminal that is too narrow for tables."""


class PlainConsole:
    """Lines in, lines out. Errors go to a stream of their own; tables are separated by tabs."""

    interactive = False

    def __init__(self, source: TextIO, out: TextIO | None, problems: TextIO | None) -> None:
        self._source, self._out, self._problems = source, out, problems

    async def read(self, complete: Complete, status: str) -> str | None:  # noqa: ARG002
        """The next line without its ending. It blocks the loop: nothing else is going on meanwhile."""
        try:
            line = self._source.readline()
        except (OSError, ValueError):  # it is closed, or what was behind it is gone
            return None
        return line.rstrip("\r\n").removeprefix("\ufeff") if line else None

    async def confirm(self, question: str) -> bool:  # noqa: ARG002
        """Nobody can be asked."""
        return False

    def say(self, text: str, tone: Tone = "plain") -> None:  # noqa: ARG002
        """Write the text."""
        write(self._out, f"{printable(text)}\n")

    def problem(self, text: str) -> None:
        """Write the sentence to the stream for problems."""
        write(self._problems, f"{one_line(text)}\n")

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write the rows, their cells separated by tabs."""
        for row in (heads, *rows):
            self.say("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))

    def show(self, *pictures: Shown) -> bool:  # noqa: ARG002
        """No pictures here."""
        return False

    @contextmanager
    def working(self) -> Iterator[Listener]:
        """Nobody watches."""
        yield lambda _: None


class TerminalConsole:
    """A terminal with somebody at it."""

    interactive = True

    def __init__(self, history: Path | None = None) -> None:
        """``history`` is the file for the lines that were typed; without it they are forgotten."""
        from rich.console import Console as RichConsole

        from agent.terminal.graphics import Graphics
        from agent.terminal.probe import asked

        self._rich = RichConsole(highlight=False, markup=False, emoji=False)
        # Before prompt_toolkit, which would take the terminal's answers for key strokes.
        self.graphics, typed = asked(lambda: Graphics(self._rich))
        *self._ahead, self._begun = typed.split("\n")
        from prompt_toolkit import PromptSession
        from prompt_toolkit.styles import Style

        # A quiet toolbar: the default is a bright bar, louder than the picture above it.
        style = Style.from_dict({"bottom-toolbar": "noreverse fg:ansibrightblack", "prompt": "bold"})
        # Ctrl-Z suspends at the prompt as it does while there is work; in raw mode it is a key like others.
        # Where a signal ends the chat while the lines typed earlier are loaded, loading has nothing to say.
        logging.getLogger("prompt_toolkit.buffer").setLevel(logging.CRITICAL)
        self._prompt: PromptSession[str] = PromptSession(
            history=_history(history), style=style, enable_suspend=True
        )
        self._question: PromptSession[str] = PromptSession(enable_suspend=True)

    async def read(self, complete: Complete, status: str) -> str | None:
        """Ask for a line. Ctrl-C raises ``KeyboardInterrupt``, Ctrl-D on an empty line ends."""
        from prompt_toolkit.application import get_app
        from prompt_toolkit.completion import CompleteEvent, Completer
        from prompt_toolkit.document import Document
        from prompt_toolkit.filters import Condition

        class Ways(Completer):
            def get_completions(
                self, document: Document, complete_event: CompleteEvent
            ) -> Iterable[Completion]:
                del complete_event
                # Completion is a courtesy; a folder that cannot be read must not end the prompt.
                with suppress(Exception):
                    yield from complete(document.text_before_cursor)

        if self._ahead:
            line = self._ahead.pop(0)
            self.say(f"{PROMPT}{line}")
            return line
        begun, self._begun = self._begun, ""
        try:
            line = await self._prompt.prompt_async(
                [("class:prompt", PROMPT)],
                default=begun,
                completer=Ways(),
                complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
                bottom_toolbar=[("", f" {printable(status)}")],
                handle_sigint=False,  # Ctrl-C is a key here; the signal is the chat's own
            )
        except (EOFError, OSError):  # Ctrl-D, or the terminal is gone
            return None
        return " ".join(line.splitlines())  # several pasted lines are one sentence

    async def confirm(self, question: str) -> bool:
        """Ask, and take nothing but y or yes for a yes."""
        try:
            self.say(question, "note")
            answer = await self._question.prompt_async("[y/N] ", handle_sigint=False)
        except (EOFError, KeyboardInterrupt):
            return False
        return answer.strip().lower() in ("y", "yes")

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the text in its colour."""
        self._print(printable(text), _STYLES[tone])

    def problem(self, text: str) -> None:
        """Write the sentence in red."""
        self._print(one_line(text), "red")

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table."""
        from rich.table import Table
        from rich.text import Text

        if self._rich.width < _NARROW:  # columns of a few letters each can be read by nobody
            for row in rows:
                self.say("  ".join(one_line(cell) for cell in row if cell))
            return
        table = Table(box=None, header_style="dim", pad_edge=False)
        for head in heads:
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self._print(table)

    def _print(self, what: RenderableType, style: str = "") -> None:
        try:
            self._rich.print(what, style=style)
        except OSError as error:  # the terminal is gone
            raise OutputGone(error.errno, str(error)) from error

    def show(self, *pictures: Shown) -> bool:
        """Show the pictures as large as there is room."""
        return self.graphics.show(pictures)

    @contextmanager
    def working(self) -> Iterator[Listener]:
        """One live line: what is being done, how far it is, how long it takes; and under it, where pictures
        can be shown, a small one of what is being painted. All is wiped at the end.
        """
        from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
        from rich.progress_bar import ProgressBar
        from rich.table import Column, Table
        from rich.text import Text

        class Steps(ProgressColumn):
            def render(self, task: Task) -> Table | Text:
                elapsed = Text(f"{task.elapsed or 0:.0f} s", style="dim")
                step, steps = task.fields["step"], task.fields["steps"]
                if not steps:
                    return elapsed
                line = Table.grid(padding=(0, 1))
                line.add_row(f"{step}/{steps}", ProgressBar(steps, step, width=_STEP_BAR), elapsed)
                return line

        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        columns = (SpinnerColumn(), words, Steps())
        preview: list[Text] = []

        class WithPreview(Progress):
            def get_renderables(self) -> Iterable[RenderableType]:
                yield from super().get_renderables()
                yield from preview

        with WithPreview(
            *columns, console=self._rich, transient=True, refresh_per_second=_REFRESHES
        ) as progress:
            task = progress.add_task("reading", total=None, step=0, steps=0)

            def listen(event: Event) -> None:
                if event.stage not in ("note", "planned"):  # these are said, and stay
                    if event.stage != "painting":
                        preview.clear()
                    elif event.preview is not None and self.graphics.protocol != "none":
                        preview[:] = [in_half_cells(event.preview, *_PREVIEW_CELLS)]
                    text = printable(event.text)
                    progress.update(task, description=text, step=event.step, steps=event.steps)

            yield listen


def open_console(folder: Path) -> Console:
    """The console for this process: a terminal if both ends are one, else plain lines.

    ``folder`` is the data folder, where the history of lines is kept.
    """
    open_streams()
    if sys.stdout is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return PlainConsole(sys.stdin, sys.stdout, sys.stderr)
    return TerminalConsole(folder / "history")


def _history(path: Path | None) -> History:
    """The lines typed earlier; kept in memory alone where the file cannot be used."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Kept(FileHistory):
        def store_string(self, string: str) -> None:
            # A full disk costs this line of the history, not the chat.
            with suppress(OSError):
                super().store_string(string)

    if path is None:
        return InMemoryHistory()
    try:
        keep_private(path.parent)
        with path.open("ab"):
            pass
    except OSError:
        return InMemoryHistory()
    return Kept(path)
