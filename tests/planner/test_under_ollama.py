"""The planner's own language model under an Ollama server: set up and asked over HTTP, in the forms that a
real server was recorded with. What the stand-in answers, the same model writes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pocket
from agent.planner.reader.language_model import ADAPTER, InProcess, base
from agent.planner.reader.under_ollama import full_name
from tests.support.command_line import Run
from tests.support.stand_in_server import Handler, StandIn
from tests.support.talking_ollama import JSON, RECORDED

WRITER = InProcess(pocket.weights("language-model"))
pytestmark = pytest.mark.skipif(bool(WRITER.lacks), reason=f"without {WRITER.lacks}")

CERTAIN, UNSURE = "make the sofa red", "hm, the rug could do with some mustard"


class ModelServer(StandIn):
    """Makes models of the files that it is given, and runs ours. ``fails`` answers a prompt in its place."""

    def __init__(self) -> None:
        self.blobs: set[str] = set()
        self.models: dict[str, dict[str, Any]] = {}
        self.prompts: list[dict[str, Any]] = []
        self.uploads = 0
        self.fails: Callable[[Handler], None] | None = None
        stand_in = self

        class Answer(Handler):
            def get(self) -> None:
                (told,) = RECORDED["version" if self.path == "/api/version" else "tags"]["lines"]
                named = [
                    {**RECORDED["tags"]["lines"][0]["models"][0], "name": name, "model": name}
                    for name in stand_in.models
                ]
                self.send(json.dumps(told if "version" in told else {"models": named}), 200, JSON)

            def post(self) -> None:
                if self.path.startswith("/api/blobs/"):
                    named, content = self.path.rpartition("/")[2], self.read()
                    stand_in.uploads += 1
                    is_whole = named == f"sha256:{hashlib.sha256(content).hexdigest()}"
                    if is_whole:
                        stand_in.blobs.add(named)
                    self.send(b"", RECORDED["blob-upload"]["status"] if is_whole else 400)
                    return
                body = self.read_json()
                if self.path == "/api/create":
                    self._create(body)
                elif body["model"] not in stand_in.models:
                    self.send(json.dumps(RECORDED["chat-no-model"]["lines"][0]), 404, JSON)
                elif stand_in.fails is not None:
                    stand_in.fails(self)
                else:
                    self._go_on(body)

            def _create(self, body: dict[str, Any]) -> None:
                if {*body["files"].values(), *body["adapters"].values()} <= stand_in.blobs:
                    stand_in.models[body["model"]] = body
                    self.send(json.dumps(RECORDED["create-with-adapter"]["lines"][-1]), 200, JSON)
                else:
                    self.send(json.dumps({"error": "blob not found"}), 400, JSON)

            def _go_on(self, body: dict[str, Any]) -> None:
                stand_in.prompts.append(body)
                text, sure = WRITER.write(body["prompt"])
                (told,) = RECORDED["generate-raw"]["lines"]
                probabilities = [{"token": text, "logprob": math.log(sure)}]
                self.send(json.dumps({**told, "response": text, "logprobs": probabilities}), 200, JSON)

        super().__init__(Answer)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    running = ModelServer()
    monkeypatch.setenv("OLLAMA_HOST", running.host)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    yield running
    running.close()


def digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_setup_makes_the_model_on_the_server_once(server: ModelServer, inpalla: Run, tmp_path: Path) -> None:
    code, out, err = inpalla("setup", "--planner", "ollama:inpalla")
    assert (code, err) == (0, "")
    assert out.endswith("Ready: inpalla.\nollama:inpalla is ready.\n")
    adapter = pocket.weights("language-model") / ADAPTER
    made = server.models[full_name()]
    assert list(made["files"].values()) == [digest(base())]
    assert list(made["adapters"].values()) == [digest(adapter)]
    assert made["parameters"]["temperature"] == 0
    lines = (tmp_path / "data" / "ollama" / "Modelfile").read_text().splitlines()
    assert lines[1:3] == [f"FROM {base()}", f"ADAPTER {adapter}"]
    assert str(tmp_path / "data" / "ollama" / "Modelfile") in out

    assert server.uploads == 2
    assert inpalla("setup", "--planner", "ollama:inpalla")[0] == 0
    assert server.uploads == 2


def test_it_plans_what_the_built_in_planner_plans(server: ModelServer, inpalla: Run) -> None:
    inpalla("setup", "--planner", "ollama:inpalla")
    # The first has no conversation before it, which the server is not told of.
    sentences = (UNSURE, CERTAIN, "and get shot of that lamp would you", "hm no, a touch less yellow")
    served = inpalla("plan", *sentences, "--planner", "ollama:inpalla", "--json").lines
    built_in = inpalla("plan", *sentences, "--json").lines
    assert served == built_in
    assert 0 < len(server.prompts) < len(sentences)  # what the small network is sure of is not asked
    for asked in server.prompts:
        assert asked["raw"]
        assert asked["logprobs"]
        assert asked["options"]["temperature"] == 0
        assert asked["options"]["repeat_penalty"] == 1
        assert asked["options"]["num_gpu"] == 0


def test_a_model_that_is_not_there_is_told_with_what_sets_it_up(server: ModelServer, inpalla: Run) -> None:
    assert inpalla("plan", UNSURE, "--planner", "ollama:inpalla").refused == (
        f"Ollama has no model “{full_name()}”: set it up with `inpalla setup --planner ollama:inpalla`, or"
        " use `--planner builtin`."
    )


def died(handler: Handler) -> None:
    handler.send(json.dumps(RECORDED["chat-runner-died"]["lines"][0]), 500, JSON)


def old(handler: Handler) -> None:
    handler.send(json.dumps(RECORDED["generate-raw"]["lines"][0]), 200, JSON)


def page(handler: Handler) -> None:
    handler.send("<html><body>Welcome</body></html>", 200, {"Content-Type": "text/html"})


def nothing(handler: Handler) -> None:
    handler.connection.close()


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (died, "model runner has unexpectedly stopped"),
        (old, "does not say how sure a model is: update it"),
        (page, "broke off, or is no Ollama server"),
        (nothing, "broke off, or is no Ollama server"),
    ],
)
def test_what_goes_wrong_at_the_server_is_one_sentence(
    server: ModelServer, inpalla: Run, fails: Callable[[Handler], None], said: str
) -> None:
    inpalla("setup", "--planner", "ollama:inpalla")
    server.fails = fails
    refused = inpalla("plan", UNSURE, "--planner", "ollama:inpalla").refused
    assert said in refused
    assert "--planner builtin" in refused


def test_without_a_server_setup_still_writes_what_it_is_made_from(
    inpalla: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ModelServer()
    closed.close()
    monkeypatch.setenv("OLLAMA_HOST", closed.host)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    code, _, err = inpalla("setup", "--planner", "ollama:inpalla")
    assert code == 1
    assert "Ollama does not answer; start it with `ollama serve`" in err
    assert (tmp_path / "data" / "ollama" / "Modelfile").is_file()
    assert "Ollama does not answer" in inpalla("plan", UNSURE, "--planner", "ollama:inpalla").refused
