"""The chat: a plain loop over an editor and a console, so that a test can drive it without a terminal.

A line is a slash command (``agent.terminal.slash_commands``) or a sentence for the editor. Each is carried
out as one task that Ctrl-C cancels; whatever goes wrong becomes one sentence, and the loop goes on. The loop
knows nothing of models, graphs or terminals.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from agent.errors import AgentError, ModelMissingError
from agent.planner.ollama_server import fetch
from agent.planner.plan import Open, Plan, Variations
from agent.terminal import slash_commands
from agent.terminal.console import Console
from agent.terminal.failures import failure
from agent.terminal.listings import timing
from agent.terminal.output import OutputGone
from agent.terminal.picture_layouts import Shown
from agent.turn import phrases, user_paths
from agent.turn.events import Event, Listener, Turn, View
from agent.turn.reply import compose_reply
from tools.engines.download import size_words
from tools.engines.threads import LOOK, WARM_UP
from tools.errors import Cancelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.planner.context import Context
    from sessions.session import Session

CANCELLED = "Cancelled; nothing was changed."


class Named(Protocol):
    """A thing with a name."""

    @property
    def name(self) -> str:
        """The name."""
        ...


class ChatEditor(Protocol):
    """What a chat needs of ``agent.turn.editor.Editor``: an open session, and two ways to change it."""

    @property
    def session(self) -> Session:
        """The open session."""
        ...

    @property
    def planner(self) -> Named:
        """What plans the sentences."""
        ...

    @property
    def preset(self) -> Named:
        """The preset in use."""
        ...

    @property
    def remarks(self) -> Sequence[str]:
        """Sentences about how the picture was read and what was left unfinished."""
        ...

    @property
    def marks(self) -> Mapping[str, int]:
        """The versions that have a name."""
        ...

    async def say(self, sentence: str, on_event: Listener = ...) -> Turn:
        """Carry out a sentence."""
        ...

    async def carry_out(self, plan: Plan, sentence: str, on_event: Listener = ...) -> Turn:
        """Carry out a plan that is ready; ``sentence`` is what the user typed for it."""
        ...

    def planner_context(self) -> Context:
        """What a planner would see now."""
        ...

    def warm_up(self, picture: NDArray[np.uint8]) -> None:
        """Load what the next sentence will need, and look at the picture that it will be about, uint8 RGB
        (H, W, 3). May take seconds; may be called from another thread.
        """
        ...

    def offers(self) -> Sequence[NDArray[np.uint8]]:
        """The pictures that are on offer to be picked, each uint8 RGB (H, W, 3); none: empty."""
        ...

    @property
    def is_kept(self) -> bool:
        """Whether the session stays when it is closed."""
        ...

    def close(self) -> None:
        """Close the session, which goes if there is nothing in it to keep. Closing twice does no harm."""
        ...


Opener = Callable[[Path | None, str | None], ChatEditor]
"""Opens a picture (None: the sample room) in a new session of that name, or a session that exists."""


class Chat:
    """A conversation in progress: what the commands act on."""

    def __init__(self, editor: ChatEditor, console: Console, opener: Opener) -> None:
        self.editor: ChatEditor = editor
        self.console = console
        self._opener = opener
        self._warm_up: threading.Thread | None = None
        self.leaving = False
        self.failed = False
        self.job: asyncio.Task[None] | None = None
        self.reading = False
        self.interrupted = False
        self.gone: OutputGone | None = None

    @property
    def session(self) -> Session:
        """The open session."""
        return self.editor.session

    @property
    def status(self) -> str:
        """The line under the prompt."""
        editor, session = self.editor, self.editor.session
        return f"{session.name} · version {session.head} · {editor.planner.name} · {editor.preset.name}"

    def problem(self, text: str) -> None:
        """Tell what could not be done, and remember that something could not."""
        self.failed = True
        self.console.problem(text)

    def show(self) -> None:
        """Show the picture as it is now."""
        head = self.session.head
        self.console.show(Shown(phrases.version(head), self.session.picture()))

    def show_beside(self, version: int) -> None:
        """Show the picture at a version beside the picture as it is now."""
        before = Shown(phrases.version(version), self.session.picture(version))
        self.console.show(before, Shown(f"now (version {self.session.head})", self.session.picture()))

    def show_offers(self) -> None:
        """Show the variations on offer, numbered."""
        offers = self.editor.offers()
        shown = self.console.show(*(Shown(str(number), each) for number, each in enumerate(offers, start=1)))
        if offers and not shown:
            from agent.terminal.picture_layouts import contact_sheet

            path = contact_sheet(self.session, offers)
            if path is not None:
                self.console.say(f"Side by side, with their numbers: {path}", "quiet")

    def show_views(self, views: Sequence[View]) -> None:
        """Show what was asked for, or what a question is about."""
        from agent.terminal.picture_layouts import of_view

        for view in views:
            self.console.show(*of_view(self.session, view))

    def show_nearest(self) -> None:
        """Show the nearest to what was asked, beside the picture as it is."""
        now = Shown(f"now (version {self.session.head})", self.session.picture())
        self.console.show(now, *(Shown("the nearest", picture) for picture in self.editor.offers()))

    async def say(self, sentence: str) -> None:
        """Have the editor carry out a sentence, and tell what was understood, done and answered."""
        work = partial(self.editor.say, sentence)
        try:
            await self._turn(work)
        except ModelMissingError as missing:
            wanted = f"{missing.model} is not there; fetch it?"
            if not self.console.interactive or not await self.console.confirm(wanted):
                raise
            await self._fetch(missing.model)
            await self._turn(work)

    async def _fetch(self, model: str) -> None:
        """Have the planner's server fetch its model, and tell how far it is."""
        with self.console.working() as listen:
            listen(Event("file", f"fetching {model}"))

            def progress(done: int, of: int) -> None:
                listen(Event("file", f"fetching {model}: {size_words(done)} of {size_words(of)}"))

            await fetch(model, progress)
        self.console.say(f"{model} is there now.", "quiet")

    async def plan(self, plan: Plan, line: str) -> None:
        """Have the editor carry out a ready plan, for which the user typed ``line``."""
        await self._turn(partial(self.editor.carry_out, plan, line))

    async def _turn(self, work: Callable[[Listener], Awaitable[Turn]]) -> None:
        head = self.session.head
        told: set[str] = set()  # what was told while it was being done is not told twice

        with self.console.working() as listen:

            def on_event(event: Event) -> None:
                try:
                    hear(event)
                except OutputGone as gone:  # called by the loop, which would only write down an error
                    self.gone = gone
                    if self.job is not None:
                        self.job.cancel()

            def hear(event: Event) -> None:
                if event.stage == "planning" and self._loading():
                    event = replace(event, text=f"{event.text}, while the models are loaded")
                listen(event)
                # In a pipe nobody waits: there a line of the output is something that was done.
                if event.stage == "note" or (event.stage == "planned" and self.console.interactive):
                    told.add(event.text)
                    self.console.say(event.text, "note" if event.stage == "note" else "understood")

            turn = await work(on_event)
        self._show_result(turn, head)
        if turn.changed and self.console.interactive:
            self._look_ahead()
        reply = turn.question or compose_reply(turn, told)
        opened = next((step for step in turn.plan.steps if isinstance(step, Open)), None)
        if turn.failed:
            self.problem(reply)
        elif opened is not None:
            self.open(user_paths.meant(opened.path), None)
        elif reply:
            self.console.say(reply, "reply")
        if turn.changed:
            spent = timing(turn.seconds)
            self.console.say(f"version {turn.version}" + (f" · {spent}" if spent else ""), "quiet")

    def _show_result(self, turn: Turn, head: int) -> None:
        steps = turn.plan.steps
        if any(isinstance(step, Variations) for step in steps) and not turn.failed:
            self.show_offers()
        elif turn.views:
            self.show_views(turn.views)
        elif any(edit.outcome == "offered" for edit in turn.edits):
            self.show_nearest()
        elif turn.changed:
            self.show_beside(head)

    def open(self, picture: Path | None, session: str | None) -> None:
        """Go on with another picture or session; the one before is closed, and kept if it has anything."""
        with self.console.working() as listen:
            listen(Event("file", f"opening {session or (picture.name if picture else 'the sample room')}"))
            opened = self._opener(picture, session)
        left, self.editor = self.editor, opened
        kept = f"; {left.session.name} is kept" if left.is_kept else ""
        left.close()
        self.console.say(f"Session {opened.session.name}{kept}.", "quiet")
        self.begin()

    def begin(self) -> None:
        """Greet with the session as it stands, and load the models meanwhile."""
        self.show()
        for remark in self.editor.remarks:
            self.console.say(remark, "note")
        turns = self.session.turns
        if turns:
            where = f"You are at version {self.session.head}"
            self.console.say(f"{where}; the last sentence was: {turns[-1].sentence}", "quiet")
        if self.console.interactive:
            # What fails here fails again when it is needed, and then says why.
            self._warm_up = self._look_ahead(WARM_UP)

    def _look_ahead(self, name: str = LOOK) -> threading.Thread:
        """Make ready for the next sentence while the user looks at the picture."""
        ready = partial(_quietly, partial(self.editor.warm_up, self.session.picture()))
        thread = threading.Thread(target=ready, name=name, daemon=True)
        thread.start()
        return thread

    def _loading(self) -> bool:
        return self._warm_up is not None and self._warm_up.is_alive()


async def chat(editor: ChatEditor, console: Console, opener: Opener) -> int:
    """Talk until the user leaves or the input ends; close the editor; return the exit code.

    ``opener`` opens what ``/open`` and ``/new`` ask for. With somebody at the terminal the code is 0.
    Without, it is 0 when everything worked, 1 when something did not, and 130 when it was interrupted.
    """
    state = Chat(editor, console, opener)
    try:
        if console.interactive:
            console.say("InpaLLa: say in plain words what to change, such as “make the sofa red leather”.")
            console.say("/help lists the commands, Ctrl-C stops the work, Ctrl-D leaves.", "quiet")
        state.begin()
        with _interrupts(state):
            while not state.leaving:
                state.reading = True
                try:
                    # A script's Ctrl-C may come between two lines, when nothing is at work or waited for.
                    line = "" if state.interrupted else await _next_line(state)
                except KeyboardInterrupt:
                    line, state.interrupted = "", True
                state.reading = False
                if line is None:
                    break
                if line.strip():
                    await _carried_out(state, line.strip())
                if state.interrupted:
                    if not console.interactive:
                        return 130
                    state.interrupted = False
        name, folder = state.session.name, state.session.folder
        if state.editor.is_kept:
            console.say(f"Session {name} is kept in {folder}", "quiet")
            console.say(f"To continue: inpalla chat --session {name}", "quiet")
        else:
            console.say("Nothing was edited, so no session is kept.", "quiet")
    finally:
        state.editor.close()
    return 1 if state.failed and not console.interactive else 0


async def _next_line(state: Chat) -> str | None:
    return await state.console.read(partial(slash_commands.complete, state), state.status)


async def _carried_out(state: Chat, line: str) -> None:
    """Carry out one line, whatever happens."""
    head, session = state.session.head, state.session
    state.job = job = asyncio.create_task(_answer(state, line))
    if state.interrupted:  # before there was a job to cancel
        job.cancel()
    try:
        await asyncio.wait({job})
    finally:
        state.job = None
        job.cancel()  # only when the chat itself is being cancelled is there anything to cancel
    error = None if job.cancelled() else job.exception()
    if state.gone is not None or isinstance(error, OutputGone):
        # Nobody reads any more: what is left of a script is not carried out.
        raise state.gone or cast(OutputGone, error)
    if job.cancelled() or isinstance(error, Cancelled):
        done = session is state.session and session.head != head
        state.console.say(f"Cancelled, after version {session.head} was made." if done else CANCELLED, "note")
        state.interrupted = True
    elif isinstance(error, Exception):
        wrong = failure(error)
        state.problem(wrong.sentence if wrong.foreseen else f"{wrong.sentence} The session is intact.")
    elif error is not None:
        raise error


async def _answer(state: Chat, line: str) -> None:
    file = user_paths.dropped(line)
    if file is not None:
        state.open(file, None)
    elif (problem := user_paths.undroppable(line)) is not None:
        raise AgentError(problem)
    elif unicodedata.normalize("NFKC", line[0]) == "/":
        await slash_commands.run(state, f"/{line[1:]}")
    else:
        await state.say(line)


@contextmanager
def _interrupts(state: Chat) -> Iterator[None]:
    """Have Ctrl-C cancel the job at work. Without one it ends a script, and does nothing at a prompt.

    A script that was started with the signal ignored (by ``nohup``, or with ``&`` in another script) goes on
    ignoring it, as is the custom: the Ctrl-C was not meant for it.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN and not state.console.interactive
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def on_interrupt(number: int, frame: object) -> None:  # noqa: ARG001
        state.interrupted = True
        if state.job is not None:
            loop.call_soon_threadsafe(state.job.cancel)
        elif state.reading and not state.console.interactive:
            raise KeyboardInterrupt  # nothing less ends the waiting for a line

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _quietly(work: Callable[[], None]) -> None:
    with suppress(Exception):
        work()
