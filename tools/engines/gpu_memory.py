"""What is on the graphics card, and what is evicted when another engine needs the room.

An engine whose weights can move is a resident. It is used inside ``with using(engine):``, which brings its
weights to the card and, where they and its working memory do not fit beside what is there, evicts others
first: the one used longest ago first, and none for nothing. So the segmenter and the painter
stay on the card together where both fit, and take turns where they do not. A planner's model in another
process is a resident, too: it is evicted by being unloaded, and comes back when it is asked again.

``make_room_for(engine)`` evicts all others: for a second try after the card ran out of memory.

A planner's model takes its room when its server loads it, some time after it was asked: until then the room
is promised, and nobody else takes it.

Without a graphics card all of this does nothing and costs nothing; torch is never imported here first.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tools import errors
from tools.engines.machine import GIB

WORKING_BYTES = 3 * GIB
"""What an engine that does not say it (``working_bytes``) is taken to need beside its weights."""

PATIENCE = 180.0
"""For so many seconds at most a model that is to be loaded waits for one that is at work."""


@runtime_checkable
class Resident(Protocol):
    """An engine whose weights can be moved. It may also have ``working_bytes``, an int: what it needs beside
    its weights while it works; and ``promised_bytes``, an int: what it is yet to take by itself.
    """

    @property
    def name(self) -> str:
        """The engine's name."""
        ...

    @property
    def weight_bytes(self) -> int:
        """The bytes that its weights take on the card when they are there."""
        ...

    def to_card(self) -> None:
        """Move the weights to the card; no harm when they are there."""
        ...

    def offload(self) -> None:
        """Move the weights off the card, to RAM; no harm when they are not there."""
        ...


class Card(Protocol):
    """A graphics card's memory."""

    def free(self) -> int:
        """The bytes that could be taken now, those that torch keeps for later use among them."""
        ...

    def trim(self) -> None:
        """Hand back what is kept for later use, so that other processes can have it."""
        ...


class CudaCard:
    """The current CUDA device, up to the share of it that this process may take (see
    ``torch.cuda.set_per_process_memory_fraction``).
    """

    def free(self) -> int:
        """The bytes that could be taken now, those that torch keeps for later use among them."""
        import torch

        free, total = torch.cuda.mem_get_info()
        taken = torch.cuda.memory_allocated()
        share = int(total * torch.cuda.get_per_process_memory_fraction())
        return max(0, min(free + torch.cuda.memory_reserved() - taken, share - taken))

    def trim(self) -> None:
        """Hand back what is kept for later use, so that other processes can have it."""
        import torch

        gc.collect()
        torch.cuda.empty_cache()


def to_evict(lacking: int, sizes: Sequence[int]) -> list[int]:
    """Which residents to evict so that ``lacking`` bytes more become free.

    ``sizes`` are the bytes of those who may be evicted, longest unused first; returns indices into it in that
    order, as few as suffice: one that was chosen and turns out not to be needed stays. Where all together do
    not suffice, all are evicted.
    """
    leaving: list[int] = []
    gained = 0
    for index, size in enumerate(sizes):
        if gained >= lacking:
            break
        if size > 0:
            leaving.append(index)
            gained += size
    for index in reversed(leaving):
        if gained - sizes[index] >= lacking:
            leaving.remove(index)
            gained -= sizes[index]
    return leaving


@dataclass(eq=False)
class _Tenant:
    engine: Resident
    on_card: bool
    users: int = 0

    @property
    def working(self) -> int:
        return int(getattr(self.engine, "working_bytes", WORKING_BYTES))

    @property
    def promised(self) -> int:
        return int(getattr(self.engine, "promised_bytes", 0)) if self.users else 0


class GpuMemory:
    """Who is on a card. Without a card (None) every method does nothing. Safe to use from several threads.

    ``known`` is False while nobody can tell yet whether there is a card: then it keeps book and moves nobody,
    until ``found`` tells.
    """

    def __init__(self, card: Card | None, *, known: bool = True) -> None:
        self._card = card
        self._known = known
        self._tenants: list[_Tenant] = []  # longest unused first
        self._changed = threading.Condition(threading.RLock())

    def found(self, card: Card | None) -> None:
        """Whether there is a card is known now. Who came before stays as booked."""
        with self._changed:
            if not self._known:
                self._card, self._known = card, True
                if card is None:
                    self._tenants.clear()

    @property
    def known(self) -> bool:
        """Whether it is known if there is a card."""
        return self._known

    @property
    def active(self) -> bool:
        """Whether there is a card to look after."""
        return self._card is not None

    @property
    def _is_absent(self) -> bool:
        return self._known and self._card is None

    @property
    def residents(self) -> tuple[str, ...]:
        """The names of those whose weights are on the card, longest unused first."""
        with self._changed:
            return tuple(tenant.engine.name for tenant in self._tenants if tenant.on_card)

    def register(self, engine: object, *, on_card: bool = True) -> None:
        """Tell of an engine that was just loaded. One that is no ``Resident`` is passed over."""
        if not self._is_absent and isinstance(engine, Resident):
            with self._changed:
                self._tenant(engine).on_card = on_card

    def forget(self, engine: object) -> None:
        """Tell that an engine is gone."""
        with self._changed:
            self._tenants = [tenant for tenant in self._tenants if tenant.engine is not engine]

    def using(self, engine: object) -> AbstractContextManager[None]:
        """While inside, the engine's weights are on the card, and stay there.

        May be nested. An engine that is no ``Resident`` is passed over. Raises ``tools.errors.OutOfMemory``
        when its weights do not fit even alone.
        """
        if self._is_absent or not isinstance(engine, Resident):
            return nullcontext()
        return self._using(engine)

    def make_room_for(self, engine: object) -> bool:
        """Move everybody else off the card, but those at work; whether anybody left."""
        if self._card is None:
            return False
        with self._changed:
            leaving = self._idle(but=engine)
            for tenant in leaving:
                self._evict(tenant)
            self._card.trim()
            return bool(leaving)

    def make_room(self, size: int, patience: float = 0.0) -> None:
        """Make ``size`` bytes free, as far as that can be; those at work stay.

        Where that does not suffice and some are at work, it waits for them, ``patience`` seconds at most.
        """
        if self._card is None:
            return
        until = time.monotonic() + patience
        with self._changed:
            while not self._clear(size) and any(tenant.users for tenant in self._tenants):
                if not self._changed.wait(until - time.monotonic()):
                    return

    def obtainable(self, but: object = None) -> int:
        """The bytes that are free or could be made so, all but one engine and those at work gone; 0 without a
        card.
        """
        if self._card is None:
            return 0
        with self._changed:
            return self._card.free() + sum(tenant.engine.weight_bytes for tenant in self._idle(but=but))

    def trim(self) -> None:
        """Hand back what torch keeps of the card for later use, so that other processes can have it."""
        if self._card is not None:
            self._card.trim()

    @contextmanager
    def _using(self, engine: Resident) -> Iterator[None]:
        with self._changed:
            tenant = self._tenant(engine)
            tenant.users += 1
            try:
                self._bring(tenant)
            except BaseException:
                tenant.users -= 1
                raise
        try:
            yield
        finally:
            with self._changed:
                tenant.users -= 1
                self._changed.notify_all()

    def _tenant(self, engine: Resident) -> _Tenant:
        """The engine's entry, from now on that of the one used last."""
        found = next((tenant for tenant in self._tenants if tenant.engine is engine), None)
        tenant = found or _Tenant(engine, on_card=False)
        self._tenants = [other for other in self._tenants if other is not tenant] + [tenant]
        return tenant

    def _bring(self, tenant: _Tenant) -> None:
        if tenant.on_card:
            if tenant.users == 1:  # who is at work already has its working memory
                self._clear(tenant.working, but=tenant)
            return
        if not self._known:  # only what lies in another process can be here before torch is
            tenant.engine.to_card()
            tenant.on_card = True
            return
        until = time.monotonic() + PATIENCE
        need = tenant.working + tenant.engine.weight_bytes
        while not self._clear(need, but=tenant) and self._promised(but=tenant):
            # What was promised will be taken: this one waits until it can be had back.
            if not self._changed.wait(until - time.monotonic()):
                break
        try:
            tenant.engine.to_card()  # no harm where another user has brought it meanwhile
        except Exception as error:
            if not errors.is_out_of_memory(error):
                raise
            self._move_alone(tenant)
        tenant.on_card = True

    def _move_alone(self, tenant: _Tenant) -> None:
        """A second try to bring an engine, with everybody else off the card."""
        self._evict(tenant)
        self.make_room_for(tenant.engine)
        try:
            tenant.engine.to_card()
        except Exception as error:
            if not errors.is_out_of_memory(error):
                raise
            self._evict(tenant)
            raise errors.OutOfMemory(
                f"The graphics card has not enough free memory for {tenant.engine.name}: close other"
                " programs that use it, or use a smaller preset."
            ) from error

    def _clear(self, need: int, but: _Tenant | None = None) -> bool:
        """Move others off until ``need`` bytes are free; whether they are."""
        if self._card is None:  # nobody knows of one yet
            return True
        need += self._promised(but)
        free = self._card.free()
        if free < need:
            idle = self._idle(but=but.engine if but else None)
            for index in to_evict(need - free, [tenant.engine.weight_bytes for tenant in idle]):
                self._evict(idle[index])
            self._card.trim()
            free = self._card.free()
        return free >= need

    def _promised(self, but: _Tenant | None) -> int:
        """What others at work are yet to take by themselves, in bytes."""
        return sum(tenant.promised for tenant in self._tenants if tenant is not but)

    def _idle(self, but: object) -> list[_Tenant]:
        """Those who may leave, longest unused first."""
        return [t for t in self._tenants if t.on_card and not t.users and t.engine is not but]

    def _evict(self, tenant: _Tenant) -> None:
        tenant.engine.offload()
        tenant.on_card = False


_process: GpuMemory | None = None


def manager() -> GpuMemory:
    """The manager of this process's card.

    Without torch there are no weights: whether there is a card is found out when torch is there, and torch is
    not imported for it. A planner may be asked before that, while torch is still being imported.
    """
    global _process
    if _process is None:
        _process = GpuMemory(None, known=False)
    torch = sys.modules.get("torch")
    if not _process.known and torch is not None and not getattr(torch.__spec__, "_initializing", False):
        _process.found(CudaCard() if torch.cuda.is_available() else None)
    return _process


def using(engine: object) -> AbstractContextManager[None]:
    """``GpuMemory.using`` of this process's card."""
    return manager().using(engine)


def make_room_for(engine: object) -> bool:
    """``GpuMemory.make_room_for`` of this process's card: for a second try after it ran out of memory."""
    return manager().make_room_for(engine)


def make_room(size: int) -> None:
    """``GpuMemory.make_room`` of this process's card: for an engine at work that needs more for a while."""
    manager().make_room(size)
