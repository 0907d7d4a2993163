"""What a planner under Ollama does around a sentence: it reads ahead, says what it waits for, and keeps the
prompt within the model's context.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np
import pytest

from agent.errors import ModelMissingError, PlannerError
from agent.planner import ollama_planner, ollama_server
from agent.planner.context import Context, LayerView
from agent.planner.ollama_planner import OllamaPlanner
from agent.planner.ollama_prompt import Budget, changes, messages, size
from tests.support.talking_ollama import TalkingOllama

LEATHER = {"wants": [{"act": "restyle", "object": "the sofa", "look": "brown leather"}], "say": ""}
SENTENCE = "the sofa in brown leather"
PICTURE = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_planner, "_BUDGETS", {})


@pytest.fixture
def server() -> Iterator[TalkingOllama]:
    stand_in = TalkingOllama()
    yield stand_in
    stand_in.close()


def planner(server: TalkingOllama) -> OllamaPlanner:
    return OllamaPlanner("tiny-vl", base_url=server.url, timeout=30.0)


def rooms(count: int, **more: Any) -> Context:
    layers = (LayerView(n, f"the chair number {n}", "a brown velvet chair", "restyle") for n in range(count))
    return Context(layers=tuple(layers), **more)


def as_read(request: list[dict[str, Any]]) -> str:
    """A request's messages in the order in which a model reads them: a picture stands before its words."""
    return "".join(f"<{m['role']}>{''.join(map(str, m.get('images', ())))}{m['content']}" for m in request)


def common(one: str, other: str) -> str:
    return one[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))]


# ---- reading ahead -----------------------------------------------------------------------------------------


async def reached(server: TalkingOllama) -> None:
    assert await asyncio.to_thread(server.reached.wait, 20)


async def test_what_is_read_ahead_is_the_beginning_of_the_next_request(server: TalkingOllama) -> None:
    server.replies, context = [LEATHER], rooms(3, focus=(2,))
    model = planner(server)
    model.read_ahead(context, PICTURE)
    await reached(server)
    await model.plan(SENTENCE, context, PICTURE)
    ahead, request = server.ahead[0], server.requests[0]
    beginning = as_read(request["messages"]).partition(SENTENCE)[0]
    assert common(as_read(ahead["messages"]), as_read(request["messages"])) == beginning
    for same in ("model", "format", "think"):
        assert ahead[same] == request[same]
    assert ahead["options"]["num_ctx"] == request["options"]["num_ctx"]  # or the model is loaded anew
    assert server.order == ["ahead", "chat"]


async def test_the_first_sentence_waits_for_what_it_needs(server: TalkingOllama) -> None:
    server.replies, server.slow = [LEATHER], True
    model = planner(server)
    model.read_ahead(rooms(2))
    await reached(server)
    planning = asyncio.ensure_future(model.plan(SENTENCE, rooms(2)))
    await asyncio.to_thread(server.broken_off.wait, 0.2)
    assert not planning.done()
    assert server.order == ["ahead"]
    server.let_go.set()
    assert (await planning).steps
    assert server.order == ["ahead", "chat"]
    assert not server.broken_off.is_set()


async def test_what_no_sentence_needs_is_broken_off(server: TalkingOllama) -> None:
    server.replies, server.slow = [LEATHER], True
    model = planner(server)
    model.read_ahead(rooms(2))
    await reached(server)
    assert (await model.plan(SENTENCE, rooms(1))).steps
    assert await asyncio.to_thread(server.broken_off.wait, 20)


async def test_reading_stops_when_the_session_ends(server: TalkingOllama) -> None:
    server.slow = True
    model = planner(server)
    model.read_ahead(rooms(2))
    await reached(server)
    model.stop_reading()
    assert await asyncio.to_thread(server.broken_off.wait, 20)


async def test_reading_ahead_never_fails(server: TalkingOllama) -> None:
    server.models = set()
    model = planner(server)
    model.read_ahead(rooms(2))
    with pytest.raises(ModelMissingError):
        await model.plan(SENTENCE, rooms(2))
    server.close()
    model.read_ahead(rooms(2))
    with pytest.raises(PlannerError, match="ollama serve"):
        await model.plan(SENTENCE, rooms(2))


@pytest.mark.parametrize("count", [1, 100, 130, 158])
def test_a_prompt_begins_as_the_one_before(count: int) -> None:
    before = rooms(count, focus=(0,), sentences=("first",))
    new = LayerView(count, "the rug", "a blue rug", "restyle")
    after = replace(before, layers=(*before.layers, new), focus=(count,), sentences=("first", SENTENCE))
    one = as_read(messages(SENTENCE, before, PICTURE, 10**6))
    other = as_read(messages("no, darker", after, PICTURE, 10**6))
    shared = common(one, other)
    assert shared.endswith(f"the chair number {count - 1} → a brown velvet chair")
    assert "Changes so far:" in shared
    assert "spoken of last" not in shared.partition("Changes so far:")[2].lower()


# ---- waiting -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loaded", "words"),
    [(False, "Waiting for tiny-vl to load …"), (True, "Waiting for tiny-vl to answer …")],
)
async def test_what_is_waited_for_is_said_once(server: TalkingOllama, *, loaded: bool, words: str) -> None:
    server.replies, server.slow, server.loaded = [LEATHER], True, loaded
    model = planner(server)
    said: list[str] = []
    told = asyncio.Event()

    def tell(text: str) -> None:
        said.append(text)
        told.set()

    model.patience, model.on_wait = 0.0, tell
    model.read_ahead(rooms(1))
    await reached(server)
    planning = asyncio.ensure_future(model.plan(SENTENCE, rooms(1)))
    await asyncio.wait_for(told.wait(), 20)
    server.let_go.set()
    await planning
    assert said == [words]


async def test_of_a_quick_answer_nothing_is_said(server: TalkingOllama) -> None:
    server.replies = [LEATHER]
    model = planner(server)
    said: list[str] = []
    model.patience, model.on_wait = 600.0, said.append
    await model.plan(SENTENCE, rooms(1))
    assert said == []


# ---- the budget --------------------------------------------------------------------------------------------


async def test_a_prompt_that_was_cut_is_repeated_shorter(server: TalkingOllama) -> None:
    server.replies, server.counts = [LEATHER, LEATHER], [8192, 4000]
    plan = await planner(server).plan(SENTENCE, rooms(100))
    assert plan.steps
    long, short = (size(each["messages"]) for each in server.requests)
    assert short <= long / 2 + len(SENTENCE)
    assert "planner of InpaLLa" in server.requests[1]["messages"][0]["content"]
    assert SENTENCE in server.requests[1]["messages"][1]["content"]


async def test_what_was_learnt_is_kept_for_the_next_editor(server: TalkingOllama) -> None:
    server.replies, server.counts = [LEATHER, LEATHER, LEATHER], [8192, 4000, 4000]
    await planner(server).plan(SENTENCE, rooms(100))
    await planner(server).plan(SENTENCE, rooms(100))
    _, short, next_one = (size(each["messages"]) for each in server.requests)
    assert next_one == short


async def test_a_prompt_that_is_cut_again_is_one_sentence(server: TalkingOllama) -> None:
    server.replies, server.counts = [LEATHER, LEATHER], [8192, 8192]
    with pytest.raises(PlannerError, match="longer than the 8192 tokens that tiny-vl can read"):
        await planner(server).plan(SENTENCE, rooms(100))


async def test_a_model_with_a_small_context_tells_so(server: TalkingOllama) -> None:
    server.model_info = {"llama.context_length": 4096}
    server.replies, server.counts = [LEATHER, LEATHER], [4096, 2000]
    assert (await planner(server).plan(SENTENCE, rooms(100), PICTURE)).steps
    assert len(server.requests) == 2


def test_a_budget_learns_from_what_was_counted() -> None:
    budget = Budget()
    before = budget.bytes(picture=False)
    budget.learn(3000, 3000, picture=False)
    assert budget.bytes(picture=False) == 8192 - 1024 < before
    budget.learn(3000, 7, picture=False)  # only what was new
    assert budget.bytes(picture=False) == 8192 - 1024
    assert budget.bytes(picture=True) == 8192 - 1024 - 768


@pytest.mark.parametrize("most", [0, 5000, 8000, 20_000])
def test_a_prompt_is_as_long_as_it_may_be_and_keeps_the_sentence(most: int) -> None:
    long = "벽을 하얗게 " * 100
    context = rooms(300, sentences=(long,) * 6, focus=(7,), question="which?")
    told = messages(long, context, None, most)
    least = size(messages(long, Context(), None, 0))
    assert size(told) <= max(most, least)
    assert long in told[1]["content"]


def test_hidden_changes_are_the_first_to_be_summed_up() -> None:
    context = rooms(121)
    layers = tuple(replace(each, visible=each.id > 60 or each.id % 2 == 0) for each in context.layers)
    told = changes(replace(context, layers=layers))
    assert "the chair number 60 → " in told
    assert "(undone)" not in told
    assert "40 earlier changes, of: the chair number 59" in told


def test_an_old_change_that_is_named_is_told() -> None:
    user = messages("make the chair number 3 red", rooms(400), None, 10**6)[1]["content"]
    assert "Changed earlier: the chair number 3 → a brown velvet chair" in user
    assert "number 33 " not in user


# ---- fetching ----------------------------------------------------------------------------------------------


@pytest.fixture
def here(server: TalkingOllama, monkeypatch: pytest.MonkeyPatch) -> TalkingOllama:
    monkeypatch.setenv("OLLAMA_HOST", server.host)
    server.models = set()
    return server


async def test_fetching_tells_how_far_it_is(here: TalkingOllama) -> None:
    told: list[tuple[int, int]] = []
    await ollama_server.fetch("tiny-vl", lambda done, of: told.append((done, of)))
    assert told == [(500_000_000, 2_000_000_000)]
    assert here.models == {"tiny-vl"}


async def test_a_cancelled_fetch_stops_the_server(here: TalkingOllama) -> None:
    here.slow = True
    fetching = asyncio.ensure_future(ollama_server.fetch("tiny-vl"))
    await reached(here)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert await asyncio.to_thread(here.broken_off.wait, 20)


async def test_an_error_in_the_stream_is_one_sentence(here: TalkingOllama) -> None:
    here.pull_fails = True
    with pytest.raises(PlannerError, match=r"cannot fetch tiny-vl \(pull model manifest: .*no such host"):
        await ollama_server.fetch("tiny-vl")
