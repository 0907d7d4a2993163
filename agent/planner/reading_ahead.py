"""Work that is begun before anybody asks for it: a coroutine in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any


class ReadingAhead:
    """What a server is made to read before the sentence comes. ``of``: what it is about.

    Nothing that goes wrong in it is told: the same goes wrong again for whoever needs it.
    """

    def __init__(self, of: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.of = of
        self._work = work
        self._ended: Future[None] = Future()
        self._moving = threading.Lock()
        self._unwanted = False
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        # A daemon: it works in another process, and none of this one's models would be torn away.
        threading.Thread(target=self._run, name="reading ahead", daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.done()

    def cancel(self) -> None:
        """Stop it, without waiting. The connection is closed, by which the server stops, too."""
        with self._moving:
            self._unwanted = True
            if self._running is not None:
                loop, task = self._running
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(task.cancel)

    async def ended(self) -> None:
        """Wait until it has ended, however it did. Who no longer waits does not stop it."""
        await asyncio.shield(asyncio.wrap_future(self._ended))

    def _run(self) -> None:
        try:
            asyncio.run(self._carried_out())
        finally:
            if not self._ended.done():
                self._ended.set_result(None)

    async def _carried_out(self) -> None:
        try:
            task = asyncio.ensure_future(self._work())
            with self._moving:
                self._running = asyncio.get_running_loop(), task
                if self._unwanted:
                    task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        finally:
            # What the loop itself waits for at its end concerns nobody else.
            self._ended.set_result(None)
