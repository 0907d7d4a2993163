"""The planner under Ollama against a stand-in server: its answers, and the ways to fail."""

from __future__ import annotations

import base64
import io
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agent.errors import PlannerError
from agent.planner import load_planner
from agent.planner.context import Context, LayerView, advance
from agent.planner.ollama_planner import OllamaPlanner
from agent.planner.plan import Ask, Edit, Hide, Plan
from tests.support.talking_ollama import TalkingOllama as Server


@pytest.fixture
def server() -> Iterator[Server]:
    stand_in = Server()
    yield stand_in
    stand_in.close()


def planner(server: Server, timeout: float = 10.0) -> OllamaPlanner:
    return OllamaPlanner("tiny-vl", base_url=server.url, timeout=timeout)


def wants(*entries: dict[str, Any], say: str = "") -> dict[str, Any]:
    return {"wants": list(entries), "say": say}


LEATHER = wants({"act": "restyle", "object": "the sofa", "look": "brown leather"})


def after(*sentences: str) -> Context:
    builtin = load_planner("builtin")
    context = Context()
    for sentence in sentences:
        plan: Plan = builtin.plan_now(sentence, context)  # type: ignore[attr-defined]
        context = advance(context, sentence, plan)
    return context


async def test_an_answer_becomes_a_plan(server: Server) -> None:
    server.replies = [LEATHER]
    plan = await planner(server).plan("how about leather, brown?", Context())
    assert plan.steps == (Edit(target="the sofa", prompt="a brown leather sofa", kind="restyle"),)
    assert plan.say == "sofa → a brown leather sofa"


async def test_the_resolver_numbers_the_layers_and_merges(server: Server) -> None:
    context = after("make the wall green", "make the sofa brown leather")
    server.replies = [wants({"act": "restyle", "look": "darker", "refers_to": "it"})]
    plan = await planner(server).plan("nah, darker", context)
    assert plan.steps == (
        Edit(target="the sofa", prompt="a darker brown leather sofa", kind="restyle", layer=1),
    )


async def test_what_the_server_is_asked(server: Server) -> None:
    server.replies = [LEATHER]
    picture = np.zeros((300, 1200, 3), np.uint8)
    picture[:, :600] = (200, 40, 40)
    await planner(server).plan("make it leather", after("make the wall green"), picture)
    request = server.requests[0]
    assert request["model"] == "tiny-vl"
    assert request["think"] is False
    assert request["options"]["num_ctx"] == 8192
    assert request["options"]["temperature"] == 0
    assert "wants" in request["format"]["properties"]
    system, user = request["messages"]
    assert "planner of InpaLLa" in system["content"]
    assert "the wall → a green wall" in system["content"]
    assert "Spoken of last: the wall → a green wall" in user["content"]
    assert "make it leather" in user["content"]
    sent = Image.open(io.BytesIO(base64.b64decode(user["images"][0])))
    assert sent.format == "PNG"
    assert sent.size == (512, 128)


async def test_a_small_picture_is_sent_as_it_is(server: Server) -> None:
    server.replies = [LEATHER]
    await planner(server).plan("leather", Context(), np.zeros((40, 30, 3), np.uint8))
    image = base64.b64decode(server.requests[0]["messages"][1]["images"][0])
    assert Image.open(io.BytesIO(image)).size == (30, 40)


async def test_a_truncated_answer_is_asked_for_once_more(server: Server) -> None:
    server.replies = ['{"wants": [{"act": "restyle", "object": "the sofa", "look": "brown lea', LEATHER]
    server.done_reasons = ["length", "stop"]
    plan = await planner(server).plan("sofa in brown leather", Context())
    assert plan.steps == (Edit(target="the sofa", prompt="a brown leather sofa", kind="restyle"),)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Sure! I will make the sofa red for you.", "stop"),
        ("", "stop"),
        ('{"wants": [{"act": "explode", "object": "the sofa"}]}', "stop"),
        ('{"wants": [{"act": "restyle", "object": "the sofa", "look": "gre', "length"),
        ('{"wants": [], "say": "cut off, though it parses"}', "length"),
    ],
)
async def test_after_two_unusable_answers_the_builtin_planner_answers(
    server: Server, reply: str, reason: str
) -> None:
    server.replies = [reply, reply]
    server.done_reasons = [reason, reason]
    plan = await planner(server).plan("make the sofa red", Context())
    assert plan.steps == (Edit(target="the sofa", prompt="a red sofa", kind="restyle"),)
    assert "built-in planner" in plan.say
    assert len(server.requests) == 2


async def test_a_missing_model_names_the_command_that_fetches_it(server: Server) -> None:
    server.replies = [404]
    with pytest.raises(PlannerError, match="ollama pull tiny-vl"):
        await planner(server).plan("make the sofa red", Context())


async def test_a_server_that_is_not_there_names_the_command_that_starts_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(PlannerError, match="ollama serve"):
            await OllamaPlanner("tiny-vl", base_url=url).plan("make the sofa red", Context())


async def test_a_server_that_hangs_is_given_up(server: Server) -> None:
    server.replies = [None]
    with pytest.raises(PlannerError, match="did not answer within"):
        await planner(server, timeout=0.3).plan("make the sofa red", Context())


async def test_another_failure_of_the_server_is_one_sentence(server: Server) -> None:
    server.replies = [500]
    server.error = "llama runner process has terminated:\nout of memory"
    with pytest.raises(PlannerError) as caught:
        await planner(server).plan("make the sofa red", Context())
    assert "out of memory" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_model_that_cannot_see_is_asked_without_the_picture(server: Server) -> None:
    server.replies = [500, LEATHER]
    server.error = "this model is missing data required for image input"
    plan = await planner(server).plan("leather sofa", Context(), np.zeros((8, 8, 3), np.uint8))
    assert plan.steps
    assert "images" not in server.requests[1]["messages"][1]


async def test_a_model_that_says_that_it_cannot_see_is_sent_no_picture(server: Server) -> None:
    server.capabilities = ["completion"]  # as a server answers of SmolLM2, which takes a picture all the same
    server.replies = [LEATHER, LEATHER]
    model, picture = planner(server), np.zeros((8, 8, 3), np.uint8)
    first = await model.plan("leather sofa, brown", Context(), picture)
    second = await model.plan("the sofa in brown leather", Context(), picture)
    assert "images" not in server.requests[0]["messages"][1]
    assert first.steps
    assert "plans from your words alone" in first.say
    assert "plans from your words alone" not in second.say


async def test_a_guessed_undo_becomes_a_question(server: Server) -> None:
    server.replies = [wants({"act": "undo", "number": 1}), wants({"act": "undo_only", "object": "the sofa"})]
    context = after("make the sofa red")
    guessed = await planner(server).plan("hm, what a strange thing", context)
    assert [type(step) for step in guessed.steps] == [Ask]
    meant = await planner(server).plan("undo only the sofa", context)
    assert meant.steps == (Hide(layer=0),)


@pytest.mark.parametrize(
    "nonsense",
    [
        wants({"act": "bring_back", "refers_to": "them"}, {"act": "redo", "number": 3}),
        wants({"act": "remove", "object": "the window"}),
        wants({"act": "restyle", "object": "the bed", "look": "golden"}),
    ],
)
async def test_what_is_not_in_the_sentence_is_not_carried_out(
    server: Server, nonsense: dict[str, Any]
) -> None:
    server.replies = [nonsense]
    plan = await planner(server).plan("make the sofa red leather", after("make the wall green"))
    assert plan.steps == (Edit(target="the sofa", prompt="a red leather sofa", kind="restyle"),)
    assert "not in your sentence" in plan.say


async def test_another_language_has_no_word_in_common(server: Server) -> None:
    server.replies = [wants({"act": "restyle", "object": "the sofa", "look": "red"})]
    plan = await planner(server).plan("소파를 빨간색으로 바꿔 줘", Context())
    assert plan.steps == (Edit(target="the sofa", prompt="a red sofa", kind="restyle"),)


async def test_a_long_session_stays_within_the_context(server: Server) -> None:
    layers = tuple(
        LayerView(n, f"the chair number {n}", "a brown velvet chair", "restyle") for n in range(400)
    )
    server.replies = [LEATHER]
    await planner(server).plan("the sofa in brown leather", Context(layers=layers, focus=(3,)))
    system, user = (each["content"] for each in server.requests[0]["messages"])
    assert "the chair number 399" in system
    assert "Spoken of last: the chair number 3 → a brown velvet chair" in user
    assert "earlier changes, of: the chair number 279" in system
    assert "the sofa in brown leather" in user
    assert len(system + user) < 4 * 5000  # some four letters a token, and 1204 tokens are the instructions


async def test_talk_and_questions_are_said(server: Server) -> None:
    server.replies = [
        wants({"act": "talk"}, say="You are welcome."),
        wants({"act": "ask"}, say="Which chair?"),
    ]
    thanks = await planner(server).plan("thanks!", Context())
    assert thanks == Plan(say="You are welcome.")
    asked = await planner(server).plan("that chair", Context())
    assert asked.steps == (Ask(question="Which chair?"),)


async def test_an_empty_sentence_needs_no_server() -> None:
    plan = await OllamaPlanner("tiny-vl", base_url="http://127.0.0.1:9").plan("  ", Context())
    assert [type(step) for step in plan.steps] == [Ask]


def test_planners_by_name() -> None:
    assert load_planner("builtin").name == "builtin"
    assert load_planner("ollama:qwen3-vl:4b-instruct").name == "ollama:qwen3-vl:4b-instruct"
    for name in ("ollama", "ollama:", "gpt", ""):
        with pytest.raises(PlannerError, match="ollama:MODEL"):
            load_planner(name)
