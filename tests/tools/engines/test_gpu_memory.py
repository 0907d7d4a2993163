"""Who is on the card: the policy as a table, and the moving of real modules on a card that is counted."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from agent.errors import PlannerError
from agent.planner.context import Context
from agent.planner.ollama_planner import OllamaPlanner
from tests.support.stand_in_ollama import CountedCard
from tests.support.stand_in_ollama import Serving as Ollama
from tools import errors
from tools.engines import gpu_memory
from tools.engines.gpu_memory import GpuMemory, to_evict
from tools.engines.weight_transfer import bytes_of


class Engine:
    """A small module that moves to a counted card and off it; ``leak`` bytes come along untold."""

    def __init__(self, card: CountedCard, name: str, width: int, working: int = 0, leak: int = 0) -> None:
        self.name = name
        self.working_bytes = working
        self.moves: list[str] = []
        self._card = card
        self._leak = leak
        self._module = torch.nn.Linear(width, 64, bias=False)

    @property
    def weight_bytes(self) -> int:
        return bytes_of(self._module)

    def to_card(self) -> None:
        self._card.put(self, self.weight_bytes + self._leak)
        self.moves.append("to")

    def offload(self) -> None:
        self._card.taken.pop(self, None)
        self.moves.append("off")


KIB = 1024


def there(residents: GpuMemory) -> list[str]:
    """Who is on the card, longest unused first."""
    return list(residents.residents)


def engines(card: CountedCard, *widths: int, working: int = 0) -> list[Engine]:
    """Engines "a", "b", …: an engine of width 4 has a KiB of weights."""
    return [Engine(card, name, width, working) for name, width in zip("abcdef", widths, strict=False)]


@pytest.mark.parametrize(
    ("lacking", "sizes", "leaving"),
    [
        (0, [5, 5], []),
        (-3, [5, 5], []),
        (1, [], []),
        (1, [5, 5, 5], [0]),
        (5, [5, 5, 5], [0]),
        (6, [5, 5, 5], [0, 1]),
        (6, [1, 9, 5], [1]),  # the first would have left for nothing
        (8, [3, 1, 6, 2], [0, 2]),
        (99, [3, 1, 6], [0, 1, 2]),  # not enough, but all that can be had
        (2, [0, 4], [1]),
    ],
)
def test_who_leaves(lacking: int, sizes: list[int], leaving: list[int]) -> None:
    assert to_evict(lacking, sizes) == leaving


def test_what_fits_stays_together() -> None:
    card = CountedCard(10 * KIB)
    first, second = engines(card, 16, 16, working=KIB)
    residents = GpuMemory(card)
    for engine in (first, second, first, second):
        with residents.using(engine):
            assert engine in card.taken
    assert there(residents) == ["a", "b"]
    assert first.moves == ["to"]
    assert second.moves == ["to"]


def test_the_longest_unused_makes_room_for_weights_and_working_memory() -> None:
    card = CountedCard(11 * KIB)
    first, second, third = engines(card, 16, 16, 12, working=KIB)
    residents = GpuMemory(card)
    for engine in (first, second, first, third):
        with residents.using(engine):
            assert card.free() >= engine.working_bytes
    assert there(residents) == ["a", "c"]
    assert second.moves == ["to", "off"]
    with residents.using(second):
        assert there(residents) == ["c", "b"]
    assert second.moves == ["to", "off", "to"]


def test_who_is_on_the_card_gets_its_working_memory_again() -> None:
    card = CountedCard(10 * KIB)
    first, second = engines(card, 16, 16)
    first.working_bytes = 4 * KIB
    residents = GpuMemory(card)
    with residents.using(first):
        pass
    with residents.using(second):
        assert there(residents) == ["a", "b"]
    with residents.using(first):
        assert there(residents) == ["a"]


def test_who_is_at_work_is_not_moved() -> None:
    card = CountedCard(6 * KIB)
    first, second = engines(card, 16, 16)
    residents = GpuMemory(card)
    with residents.using(first):
        with residents.using(first):
            pass
        with pytest.raises(errors.OutOfMemory, match="not enough free memory for b: close other"):
            residents.using(second).__enter__()
        assert not residents.make_room_for(second)
        assert there(residents) == ["a"]
    with residents.using(second):
        assert there(residents) == ["b"]
    assert first.moves == ["to", "off"]


def test_a_card_that_is_fuller_than_it_was_told_is_cleared_for_a_second_try() -> None:
    card = CountedCard(10 * KIB)
    first, second = engines(card, 16)[0], Engine(card, "b", 16, leak=4 * KIB)
    residents = GpuMemory(card)
    with residents.using(first):
        pass
    with residents.using(second):
        assert there(residents) == ["b"]
    assert first.moves == ["to", "off"]


def test_what_does_not_fit_alone_is_one_sentence_and_leaves_nothing_behind() -> None:
    card = CountedCard(10 * KIB)
    large, small = engines(card, 44, 16)
    residents = GpuMemory(card)
    for _ in range(2):
        with pytest.raises(errors.OutOfMemory):
            residents.using(large).__enter__()
        assert there(residents) == []
        assert card.free() == card.size
    with residents.using(small):
        assert there(residents) == ["b"]


def test_another_failure_of_an_engine_is_its_own() -> None:
    card = CountedCard(10 * KIB)
    (engine,) = engines(card, 16)
    residents = GpuMemory(card)

    def broken() -> None:
        raise errors.EngineError("The weights are gone.")

    whole, engine.to_card = engine.to_card, broken  # type: ignore[method-assign]
    with pytest.raises(errors.EngineError, match="The weights are gone"):
        residents.using(engine).__enter__()
    engine.to_card = whole  # type: ignore[method-assign]
    with residents.using(engine):
        assert there(residents) == ["a"]


def test_a_second_try_gets_the_whole_card() -> None:
    card = CountedCard(20 * KIB)
    first, second, third = engines(card, 16, 16, 16)
    residents = GpuMemory(card)
    for engine in (first, second, third):
        with residents.using(engine):
            pass
    with residents.using(second):
        assert residents.make_room_for(second)
        assert there(residents) == ["b"]
        assert not residents.make_room_for(second)
    assert card.trimmed


def test_a_loaded_engine_is_there_already_and_a_forgotten_one_is_nobody() -> None:
    card = CountedCard(20 * KIB)
    first, second = engines(card, 16, 16)
    residents = GpuMemory(card)
    residents.register(first)
    residents.register(second, on_card=False)
    residents.register("no engine at all")
    assert there(residents) == ["a"]
    with residents.using(first):
        assert first.moves == []
    residents.forget(first)
    assert there(residents) == []
    with residents.using("no engine at all"):
        pass


def test_loading_waits_for_who_is_at_work() -> None:
    card = CountedCard(6 * KIB)
    (engine,) = engines(card, 16)
    residents = GpuMemory(card)
    done = threading.Event()

    def load() -> None:
        residents.make_room(4 * KIB, patience=20)
        done.set()

    with residents.using(engine):
        thread = threading.Thread(target=load)
        thread.start()
        assert not done.wait(0.1)
        assert there(residents) == ["a"]
    thread.join(10)
    assert done.is_set()
    assert there(residents) == []


def test_loading_loses_its_patience() -> None:
    card = CountedCard(6 * KIB)
    (engine,) = engines(card, 16)
    residents = GpuMemory(card)
    with residents.using(engine):
        residents.make_room(4 * KIB)
        residents.make_room(4 * KIB, patience=0.05)
        assert there(residents) == ["a"]


def test_engines_of_many_threads_take_turns() -> None:
    card = CountedCard(10 * KIB)
    all_engines = engines(card, 16, 16, 16)
    residents = GpuMemory(card)
    wrong: list[str] = []

    def work(engine: Engine) -> None:
        for _ in range(30):
            try:
                with residents.using(engine):
                    if engine not in card.taken:
                        wrong.append(engine.name)
            except errors.OutOfMemory:
                time.sleep(0.001)  # the two others are at work

    threads = [threading.Thread(target=work, args=(engine,)) for engine in all_engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not wrong
    assert sum(card.taken.values()) <= card.size
    with residents.using(all_engines[0]):
        assert all_engines[0] in card.taken


def test_bytes_are_counted_once() -> None:
    one = torch.nn.Linear(8, 4)
    two = torch.nn.Linear(8, 4, bias=False).half()
    one.register_buffer("mean", torch.zeros(3, dtype=torch.uint8))
    assert bytes_of(one, two) == (8 * 4 + 4) * 4 + 3 + 8 * 4 * 2
    assert bytes_of(torch.nn.Sequential(one), one) == bytes_of(one)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card to look after")
def test_without_a_card_nothing_is_done() -> None:
    (engine,) = engines(CountedCard(1), 16)
    assert not gpu_memory.manager().active
    with gpu_memory.using(engine):
        assert engine.moves == []
    gpu_memory.make_room(10**15)
    assert not gpu_memory.make_room_for(engine)
    gpu_memory.manager().register(engine)
    assert there(gpu_memory.manager()) == []


def test_it_never_imports_torch() -> None:
    code = (
        "import sys; from tools.engines import gpu_memory; gpu_memory.using(object()).__enter__();"
        "gpu_memory.make_room_for(None); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# ---- the planner's model under Ollama ----------------------------------------------------------------------


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> CountedCard:
    """A counted card of 8 GiB as this process's own."""
    made = CountedCard(8 * 2**30)
    monkeypatch.setattr(gpu_memory, "_process", GpuMemory(made))
    return made


@pytest.fixture
def ollama(card: CountedCard) -> Iterator[Ollama]:
    stand_in = Ollama(card, size=3 * 2**30)
    yield stand_in
    stand_in.close()


class Painter(Engine):
    """An engine that claims so many bytes."""

    def __init__(self, card: CountedCard, size: int) -> None:
        super().__init__(card, "painter", 1)
        self._size = size

    @property
    def weight_bytes(self) -> int:
        return self._size


async def test_ollamas_model_leaves_for_a_painter_and_comes_back_by_itself(
    card: CountedCard, ollama: Ollama
) -> None:
    painter = Painter(card, 6 * 2**30)
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    for turn in range(1, 3):
        plan = await planner.plan("make the sofa red", Context())
        assert plan.steps
        assert there(gpu_memory.manager()) == ["ollama:tiny-vl"]
        with gpu_memory.using(painter):
            assert set(card.taken) == {painter}
        assert ollama.asked == ["/api/chat", "/api/generate"] * turn
    assert ollama.found_free == [8 * 2**30] * 2  # all of it: the painter had left before the model came
    assert painter.moves == ["to", "off", "to"]


async def test_ollamas_model_stays_where_both_fit(card: CountedCard, ollama: Ollama) -> None:
    painter = Painter(card, 3 * 2**30)
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    for _ in range(2):
        await planner.plan("make the sofa red", Context())
        with gpu_memory.using(painter):
            assert len(card.taken) == 2
    assert ollama.asked == ["/api/chat"] * 2
    assert painter.moves == ["to"]


async def test_a_server_that_is_not_there_holds_up_nobody(card: CountedCard, ollama: Ollama) -> None:
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    await planner.plan("make the sofa red", Context())
    ollama.close()
    with pytest.raises(PlannerError, match="ollama serve"):
        await planner.plan("make the sofa red", Context())
    card.taken.clear()
    painter = Painter(card, 7 * 2**30)
    with gpu_memory.using(painter):
        assert painter in card.taken


def test_whether_the_model_is_there(ollama: Ollama) -> None:
    assert OllamaPlanner("tiny-vl", base_url=ollama.url).is_there()
    assert not OllamaPlanner("large-vl", base_url=ollama.url).is_there()
    ollama.close()
    assert not OllamaPlanner("tiny-vl", base_url=ollama.url).is_there()


async def test_a_server_elsewhere_is_none_of_our_cards_business(card: CountedCard) -> None:
    painter = Painter(card, 7 * 2**30)
    with gpu_memory.using(painter):
        pass
    planner = OllamaPlanner("tiny-vl", base_url="http://192.0.2.1:9", timeout=0.2)
    with pytest.raises(PlannerError):
        await planner.plan("make the sofa red", Context())
    assert there(gpu_memory.manager()) == ["painter"]


async def test_a_cancelled_plan_lets_go_of_the_card(card: CountedCard, ollama: Ollama) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def chatting() -> None:
        asked.set()
        go_on.wait(20)

    ollama.chatting = chatting
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    task = asyncio.create_task(planner.plan("make the sofa red", Context()))
    await asyncio.to_thread(asked.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await asyncio.to_thread(gpu_memory.manager().make_room, 8 * 2**30, 10.0)
    assert there(gpu_memory.manager()) == []


async def test_a_model_that_was_asked_before_torch_was_there_leaves_too(
    card: CountedCard, ollama: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A one-shot command asks its planner at once, while torch is still being imported."""
    monkeypatch.setattr(gpu_memory, "_process", None)
    monkeypatch.setattr(torch.__spec__, "_initializing", True, raising=False)
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    await planner.plan("make the sofa red", Context())
    monkeypatch.setattr(torch.__spec__, "_initializing", False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu_memory, "CudaCard", lambda: card)
    painter = Painter(card, 6 * 2**30)
    with gpu_memory.using(painter):
        assert set(card.taken) == {painter}
    assert ollama.asked == ["/api/chat", "/api/generate"]


async def test_what_was_promised_to_a_server_is_not_taken_before_it_loads(
    card: CountedCard, ollama: Ollama
) -> None:
    """The segmenter looks ahead while the server has not begun to load: it waits, and comes afterwards."""
    looker = Painter(card, 4 * 2**30)
    arrived = threading.Event()

    def look() -> None:
        with gpu_memory.using(looker):
            arrived.set()

    ahead = threading.Thread(target=look)

    def loading() -> None:
        ahead.start()
        assert not arrived.wait(0.3)

    ollama.loading = loading
    await OllamaPlanner("tiny-vl", base_url=ollama.url).plan("make the sofa red", Context())
    await asyncio.to_thread(ahead.join, 20)
    assert arrived.is_set()
    assert ollama.found_free == [8 * 2**30]
    assert set(card.taken) == {looker, ollama}  # both fit, once the server has taken what it wanted


async def test_a_server_that_works_on_the_processor_wants_nothing_of_the_card(
    card: CountedCard, ollama: Ollama
) -> None:
    ollama.on_processor = True
    painter = Painter(card, 7 * 2**30)
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    await planner.plan("make the sofa red", Context())  # from now on it is known
    for _ in range(2):
        with gpu_memory.using(painter):
            pass
        await planner.plan("make the sofa red", Context())
    ollama.asked.clear()  # the server has unloaded it
    await planner.plan("make the sofa red", Context())
    assert painter.moves == ["to"]
    assert there(gpu_memory.manager()) == ["painter", "ollama:tiny-vl"]


async def test_room_is_made_for_all_that_a_server_wants_to_see_free(
    card: CountedCard, ollama: Ollama
) -> None:
    """A file of 3 GiB, 2.75 beside it: with less the server would put layers on the processor."""
    other = Painter(card, 2 * 2**30 + 2**29)
    with gpu_memory.using(other):
        pass
    await OllamaPlanner("tiny-vl", base_url=ollama.url).plan("make the sofa red", Context())
    assert other.moves == ["to", "off"]


@pytest.mark.parametrize("share", [0.5, 0.0])
async def test_layers_on_the_processor_are_told_once(card: CountedCard, ollama: Ollama, share: float) -> None:
    """A server says so in ``ps`` only."""
    ollama.share, ollama.on_processor = share, not share
    planner = OllamaPlanner("tiny-vl", base_url=ollama.url)
    said = [(await planner.plan("make the sofa red", Context())).say for _ in range(3)]
    why = "because the card had no room for it" if share else "because the card is full or has no driver"
    part = "50% of tiny-vl" if share else "tiny-vl"
    assert said[0].startswith(f"Ollama keeps {part} on the processor, {why}: planning is slow. Free")
    assert said[0].endswith(".")
    assert not any("Ollama" in each for each in said[1:])


@pytest.mark.parametrize("share", [1.0, 0.97])
async def test_a_model_that_is_on_the_card_is_nothing_to_tell_of(
    card: CountedCard, ollama: Ollama, share: float
) -> None:
    ollama.share = share
    plan = await OllamaPlanner("tiny-vl", base_url=ollama.url).plan("make the sofa red", Context())
    assert plan.steps
    assert "Ollama" not in plan.say


async def test_a_machine_without_a_card_is_not_told_that_its_models_run_on_the_processor(
    ollama: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_memory, "_process", GpuMemory(None, known=False))  # as before torch is there
    monkeypatch.setattr(torch.__spec__, "_initializing", True, raising=False)
    ollama.on_processor = True
    plan = await OllamaPlanner("tiny-vl", base_url=ollama.url).plan("make the sofa red", Context())
    assert "Ollama" not in plan.say
