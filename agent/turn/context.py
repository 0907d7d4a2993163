"""What the nodes of the graph work with: the session, the engines, the memory, and a thread for long work.

The engines' calls block, so they run in a worker thread, one at a time. A cancel reaches them through a flag
that they ask between their steps; whoever waits goes on waiting until the thread has really stopped, so the
engines are free when the next turn begins.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import numpy as np

from agent.planner.context import Context, Planner
from agent.turn.events import Event, Listener
from agent.turn.pending_edit import PendingEdit
from tools.engines import registry, threads
from tools.engines.registry import Preset
from tools.engines.requirements import telling
from tools.errors import Cancelled, EngineError
from tools.inpainting.base import Inpainter
from tools.kinds import Kind
from tools.segmenting.base import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.turn.memory import MemoryFile, SessionMemory
    from sessions.session import Session

T = TypeVar("T")

TellEvent = Callable[[Event], None]
"""Tells the listener of an event, from whichever thread."""


class Engines(Protocol):
    """Where a turn gets its segmenter and inpainters from; they are loaded when they are first wanted.

    Both raise ``EngineError`` when an engine cannot be loaded.
    """

    def segmenter(self) -> Segmenter:
        """The segmenter."""
        ...

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        """The inpainter for each kind of edit."""
        ...


class PresetEngines:
    """The engines of a preset, from the registry, which loads each of them once a process.

    ``load_ahead`` loads them in a thread of its own, while a planner thinks. Who wants an engine meanwhile
    waits for all of them: loading one changes settings of torch's that a working one would feel.
    """

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failed: dict[str, EngineError] = {}

    def load_ahead(self, wanted: Callable[[], bool] = lambda: True) -> None:
        """Begin to load what is not loaded yet, if ``wanted()``, and return at once; ``wanted`` is asked in
        the thread. What fails is told to who wants it.
        """
        with self._lock:
            if (self._thread is not None and self._thread.is_alive()) or registry.is_loaded(self.preset):
                return
            self._failed = {}
            # No daemon: a process that ended while models load would crash.
            self._thread = threading.Thread(target=self._load, args=(wanted,), name=threads.AHEAD)
            self._thread.start()

    def segmenter(self) -> Segmenter:
        """The preset's segmenter."""
        with telling(self.preset):
            self._loaded("segmenter")
            return registry.load_segmenter(self.preset.segmenter)

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        """The preset's inpainters by the kind of edit."""
        with telling(self.preset):
            self._loaded("inpainters")
            return registry.load_inpainters(self.preset)

    def _load(self, wanted: Callable[[], bool]) -> None:
        if not wanted():
            return
        for role, load in (
            ("segmenter", lambda: registry.load_segmenter(self.preset.segmenter)),
            ("inpainters", lambda: registry.load_inpainters(self.preset)),
        ):
            if not threading.main_thread().is_alive():
                return
            try:
                load()
            except EngineError as error:
                self._failed[role] = error

    def _loaded(self, role: str) -> None:
        """Wait for what is being loaded ahead. Raises what it failed with: not before the next ``load_ahead``
        is it tried again.
        """
        with self._lock:
            thread = self._thread
        if thread is not None:
            threads.wait_for(thread)
        if (error := self._failed.get(role)) is not None:
            raise error


def ignore(_: Event) -> None:
    """The listener of somebody who does not listen."""


@runtime_checkable
class Distant(Protocol):
    """A planner in another process, which thinks for a while."""

    def is_there(self) -> bool:
        """Whether it would answer, as far as can be told within a second or two. Asked in a thread."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """A planner that can be made ready for the next sentence, and says what it waits for."""

    on_wait: Callable[[str], None] | None
    """Told, from the planner's loop, what is waited for when it takes a while."""

    def read_ahead(self, context: Context, picture: NDArray[np.uint8] | None = None) -> None:
        """Begin with what does not depend on the sentence. Returns at once and never fails."""
        ...

    def stop_reading(self) -> None:
        """No sentence will come."""
        ...


@dataclass
class TurnContext:
    """Everything that the nodes of one session's graph share.

    ``asks`` says whether there is somebody who can answer a question in the next turn; ``guesses`` that the
    best guess is taken instead. ``listener`` and ``cancel`` belong to the turn in hand.
    """

    session: Session
    planner: Planner
    preset: Preset
    engines: Engines
    memory_file: MemoryFile
    asks: bool = True
    guesses: bool = False
    listener: Listener = ignore
    cancel: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    told_seconds: bool = False

    @property
    def memory(self) -> SessionMemory:
        """What is remembered of the session besides its records."""
        return self.memory_file.memory

    def remember(self, **values: object) -> None:
        """Change some of the memory and write it."""
        self.memory_file.update(**values)

    def cancelled(self) -> bool:
        """Whether the turn in hand was cancelled; asked by the engines."""
        return self.cancel.is_set()

    def tell(self, event: Event) -> None:
        """Tell the listener, from the event loop's thread."""
        self.listener(event)

    def is_strange(self) -> bool:
        """Whether the picture is of a sort that the models do not know, and the user has not agreed yet."""
        if not self.preset.drawn_rooms_only or self.memory.warned:
            return False
        from tools.photo_check import is_drawn

        return not is_drawn(self.session.picture(0))

    def relies_on_drawn_rooms(self, edit: PendingEdit) -> bool:
        """Whether what finds or carries out an edit knows drawn rooms only.

        A colour is computed on whatever pixels there are, and a mask of the user's own needs no finding.
        """
        if not edit.open or edit.patch is not None or not self.preset.drawn_rooms_only:
            return False
        if edit.grow != 0 and (edit.refreshes is None or edit.refreshes.grow != 0):
            return True
        from tools.inpainting.base import MaskedEdit
        from tools.inpainting.routing import needs_drawn_room

        words = MaskedEdit(np.zeros((1, 1), bool), edit.prompt, edit.kind, 0, target=edit.target)
        return needs_drawn_room(words, self.preset, has_value=edit.value is not None)

    def foretold(self) -> str:
        """About how long the first edit will take, for the preset ``small`` without a card, once; told before
        the painter, which knows better, is even loaded.
        """
        if self.preset.name != "small" or self.told_seconds:
            return ""
        self.told_seconds = True
        from tools.engines import estimate

        seconds = estimate.first_edit()
        return f" (a picture's first edit takes about {seconds} s on this machine)" if seconds else ""

    async def begin(self, listener: Listener) -> None:
        """Make ready for a turn: wait for what an impatiently cancelled one may have left at work, and have
        the engines loaded while the planner thinks.
        """
        self.cancel.set()
        while self.lock.locked():
            await asyncio.sleep(0.01)
        self.cancel.clear()
        self.listener = listener
        # The built-in planner has answered before a thread would have begun.
        if isinstance(self.engines, PresetEngines) and isinstance(self.planner, Distant):
            self.engines.load_ahead(self.planner.is_there)

    async def work(self, task: Callable[[TellEvent], T]) -> T:
        """Run ``task(tell)`` in a worker thread and return its result; ``tell`` may be called from there.

        When the caller is cancelled, the engines are told, and ``CancelledError`` comes out once they have
        stopped.
        """
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            if self.cancelled() and event.stage != "committed":  # what is told is about to begin
                raise Cancelled
            loop.call_soon_threadsafe(self.listener, event)

        def held() -> T:
            with self.lock, threads.cancelled_by(self.cancelled):
                return task(tell)

        thread = loop.run_in_executor(None, held)
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self.cancel.set()
            await asyncio.wait([thread])
            thread.exception()  # asking keeps asyncio from reporting what nobody wants to know any more
            raise
