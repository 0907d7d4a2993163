"""Ollama in the field: proxies, addresses, settings that break a client, servers that answer badly."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.cli import doctor, setup
from agent.errors import PlannerError
from agent.planner import ollama_server
from agent.planner.context import Context
from agent.planner.ollama_planner import OllamaPlanner, ServedModel
from agent.planner.plan import Edit
from tests.support.command_line import Run
from tests.support.stand_in_server import Handler, StandIn

ROOT = Path(__file__).parent.parent.parent
GOOD = {"wants": [{"act": "restyle", "object": "the sofa", "look": "red"}], "say": ""}
RED = (Edit(target="the sofa", prompt="a red sofa", kind="restyle"),)
HTML = "<!doctype html><html><body>log in</body></html>"
SETTINGS = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "OLLAMA_HOST",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Server(StandIn):
    """Answers everything with ``answer`` (content, status, headers), and counts what it was asked."""

    knows_ollama = True  # and tells its release and its models, whatever it answers else

    def __init__(self) -> None:
        self.answer: tuple[str | bytes, int, dict[str, str]] = (spoken(json.dumps(GOOD)), 200, {})
        self.asked: list[tuple[str, int]] = []
        stand_in = self

        class Answer(Handler):
            def get(self) -> None:
                stand_in.asked.append((self.path, 0))
                known = {
                    "/api/version": {"version": "0.31.2"},
                    "/api/tags": {"models": [{"name": "m:latest", "model": "m:latest", "size": 10}]},
                }
                if stand_in.knows_ollama and stand_in.answer[1] == 200 and self.path in known:
                    self.send(json.dumps(known[self.path]))
                else:
                    self.send(*stand_in.answer)

            def post(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stand_in.asked.append((self.path, len(body)))
                self.send(*stand_in.answer)

            do_CONNECT = Handler.do_POST  # noqa: N815 - the library's name

        super().__init__(Answer)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def other() -> Iterator[Server]:
    """A proxy, or a server that somebody is sent on to."""
    running = Server()
    yield running
    running.close()


def spoken(text: str, **more: Any) -> str:
    """A line of the server's with the model's whole answer."""
    line = {
        "model": "m",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "stop",
    }
    return json.dumps({**line, **more}) + "\n"


def wants(*entries: dict[str, Any], say: str = "") -> str:
    return spoken(json.dumps({"wants": entries, "say": say}))


def many(count: int) -> str:
    return wants(*({"act": "restyle", "object": f"the thing {i}", "look": "red"} for i in range(count)))


async def planned(url: str | None, sentence: str = "make the sofa red") -> Any:
    picture = np.zeros((64, 64, 3), np.uint8)
    # Longer than any machine takes, however busy it is: no answer here is late.
    return await OllamaPlanner("m", url, timeout=600).plan(sentence, Context(), picture)


# ---- nothing private leaves the machine --------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "http://127.0.0.1", "127.0.0.1/"])
async def test_loopback_goes_through_no_proxy(
    host: str, variable: str, server: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.host.rpartition(":")[2]
    address = host[:-1] + f":{port}/" if host.endswith("/") else f"{host}:{port}"
    monkeypatch.setenv(variable, other.url)
    monkeypatch.setenv("OLLAMA_HOST", address)
    assert (await planned(None)).steps == RED
    assert (seen := ollama_server.look()) is not None
    assert seen.models == ("m:latest",)
    model = ServedModel("m")
    assert model.is_there()
    assert model.is_here
    model.look()
    assert other.asked == []
    assert any(size > 100 for _, size in server.asked)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_an_answer_sends_the_picture_nowhere_else(status: int, server: Server, other: Server) -> None:
    server.answer = ("", status, {"Location": f"{other.url}/api/chat"})
    with pytest.raises(PlannerError, match="redirects"):
        await planned(server.url)
    assert other.asked == []


@pytest.mark.parametrize(
    ("said", "url", "here"),
    [
        ("", "http://127.0.0.1:11434", True),
        (":21200", "http://127.0.0.1:21200", True),
        ("  :21200  ", "http://127.0.0.1:21200", True),
        ('"127.0.0.1:21200"', "http://127.0.0.1:21200", True),
        ("'http://127.0.0.1:21200'", "http://127.0.0.1:21200", True),
        ("localhost", "http://localhost:11434", True),
        ("127.0.0.7:1", "http://127.0.0.7:1", True),
        ("0.0.0.0:5", "http://127.0.0.1:5", True),
        ("[::1]:5", "http://[::1]:5", True),
        ("::1", "http://[::1]:11434", True),
        ("[::]:5", "http://[::1]:5", True),
        ("127.1:5", "http://127.0.0.1:5", True),
        ("2130706433:5", "http://127.0.0.1:5", True),
        ("0x7f.1", "http://127.0.0.1:11434", True),
        ("http://0:5", "http://127.0.0.1:5", True),
        ("LOCALHOST.:5", "http://localhost:5", True),
        ("localhost.localdomain:5", "http://localhost.localdomain:5", True),
        ("[::ffff:127.0.0.1]:5", "http://127.0.0.1:5", True),
        ("http://127.0.0.1:21200/ollama/", "http://127.0.0.1:21200/ollama", True),
        ("box:21200/path", "http://box:21200/path", False),
        ("HTTPS://box.example", "https://box.example", False),
        ("10.0.0.7", "http://10.0.0.7:11434", False),
    ],
)
def test_one_reading_of_the_address(said: str, url: str, here: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", said)
    assert ollama_server.address() == ollama_server.Address(url, here)


@pytest.mark.parametrize(
    "said",
    ["127.0.0.1:99999", "box:port", "box:0", "ftp://box", "http://[", "a b", "x\ny", "box:-1", "\x1b[2J"],
)
def test_what_is_no_address_is_one_sentence(
    said: str, monkeypatch: pytest.MonkeyPatch, home: Path, inpalla: Run
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", said)
    assert "OLLAMA_HOST" in inpalla("plan", "make the sofa red", "--planner", "ollama:m").refused
    assert "OLLAMA_HOST" in doctor.ollama("m").found
    assert ollama_server.look() is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("SSL_CERT_FILE", "/nowhere/certificates.pem"),
        ("NO_PROXY", "::1,[::1]"),
        ("HTTP_PROXY", "nonsense://x y"),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1:9", "http://box.invalid:9", "https://box.invalid"])
def test_settings_that_break_a_client_are_one_sentence(
    host: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch, home: Path, inpalla: Run
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    monkeypatch.setenv(variable, value)
    said = inpalla("plan", "make the sofa red", "--planner", "ollama:m").refused
    assert "Ollama does not answer" in said or "Cannot connect" in said
    assert doctor.ollama("m").state == "fair"
    assert not ServedModel("m").is_there()
    if host.startswith("127"):  # a setting for other machines is none for this one
        assert "Ollama does not answer" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("OLLAMA_HOST", "x:y"),
        ("SSL_CERT_FILE", "/nowhere"),
        ("NO_PROXY", "::1,[::1]"),
    ],
)
def test_a_process_of_its_own_says_it_in_one_sentence(
    variable: str, value: str, tmp_path: Path, server: Server
) -> None:
    """The library makes a client of its own when it is first imported, which has happened here already."""
    settings = (
        {variable: value} if variable == "OLLAMA_HOST" else {"OLLAMA_HOST": server.host, variable: value}
    )
    line = [sys.executable, "-m", "agent.cli.main", "plan", "make the sofa red", "--planner", "ollama:m"]
    environment = {**os.environ, "INPALLA_DATA": str(tmp_path), "PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if variable == "OLLAMA_HOST":
        assert done.returncode == 1
        assert "OLLAMA_HOST" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert "a red sofa" in done.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("OLLAMA_HOST", "x:y"),
        ("SSL_CERT_FILE", "/nowhere"),
        ("NO_PROXY", "::1,[::1]"),
    ],
)
def test_doctor_always_prints_its_table(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, home: Path, inpalla: Run
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://box.invalid:9")
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(doctor, "_pocket_models", lambda: iter(()))
    done = inpalla("doctor")
    assert done.err == ""
    for row in ("Python", "torch", "Ollama", "data folder", "preset"):
        assert row in done.out


# ---- servers that answer badly -----------------------------------------------------------------------------

UNUSABLE: dict[str, str | bytes] = {
    "html": HTML,
    "nothing": "",
    "no JSON": "{",
    "another JSON": '"text"\n',
    "a list": "[1, 2]\n",
    "deep JSON": "[" * 100_000 + "\n",
    "no end": spoken(json.dumps(GOOD), done=False, done_reason=None),
    "cut off": spoken(json.dumps(GOOD)[:40], done_reason="length"),
    "a fence": spoken(f"```json\n{json.dumps(GOOD)}\n```"),
    "a megabyte": wants({"act": "restyle", "object": "the sofa", "look": "red " * 300_000}),
    "a long word": wants({"act": "restyle", "object": "the sofa", "look": "red " * 300}),
    "two thousand wants": many(2000),
    "forty wants": many(40),
    "an unknown act": wants({"act": "fly", "object": "x", "look": ""}),
    "a huge number": wants({"act": "variations", "object": "the sofa", "look": "red", "number": 10**30}),
    "a million": wants({"act": "variations", "object": "the sofa", "look": "red", "number": 10**6}),
    "less than none": wants({"act": "variations", "object": "the sofa", "look": "red", "number": -5}),
    "half a letter": spoken('{"wants":[{"act":"restyle","object":"the sofa","look":"red \\ud83d"}]}'),
    "deep wants": spoken('{"wants":' + "[" * 5000 + "]" * 5000 + "}"),
    "no bytes of ours": b"\xff\xfe\x00\x01\n",
}  # fmt: skip


@pytest.mark.parametrize("name", list(UNUSABLE))
async def test_an_unusable_answer_is_planned_by_the_builtin_planner(name: str, server: Server) -> None:
    server.answer = (UNUSABLE[name], 200, {})
    plan = await planned(server.url)
    assert plan.steps == RED
    assert "built-in planner" in plan.say
    # It is asked once more. What the server holds may be looked at as well, while nobody knows of a card.
    assert [path for path, _ in server.asked if path == "/api/chat"] == ["/api/chat"] * 2


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (f"<html><head><title>502 Bad Gateway</title></head>{'x' * 3000}</html>", 502, "502 Bad Gateway"),
        ('{"error": "unauthorized"}', 401, "unauthorized"),
        ('{"error": "\x1b[2Jgone"}'.replace("\x1b", "\\u001b"), 500, "gone"),
        ("", 503, "error 503"),
        ('{"error": "model runner has unexpectedly stopped"}\n', 200, "unexpectedly stopped"),
    ],
)
async def test_a_refusal_is_one_sentence(content: str, status: int, said: str, server: Server) -> None:
    server.answer = (content, status, {})
    with pytest.raises(PlannerError) as caught:
        await planned(server.url)
    sentence = str(caught.value)
    assert said in sentence
    assert len(sentence) < 400
    assert "<" not in sentence
    assert "\x1b" not in sentence


LOOKED: dict[str, tuple[str | bytes, int, dict[str, str], str]] = {
    "HTML": (HTML, 200, {}, "it says “<!doctype html><html><body>log in</body></html>”"),
    "a redirect": (
        "",
        307,
        {"Location": "https://login.example/"},
        "redirects to “https://login.example/”",
    ),
    "a redirect to nowhere": ("", 302, {}, "redirects to another address, which is not followed (302)"),
    "a proxy": ("", 502, {}, "says “502 Bad Gateway”"),
    "a lock": ('{"error": "unauthorized"}', 401, {}, "says “401 Unauthorized”"),
    "another API": ('{"status": "ok"}', 200, {}, "its answer has another form"),
    "a list": ("[1, 2]", 200, {}, "it says “[1, 2]”"),
    "nothing": ("", 200, {}, "says nothing"),
    "deep JSON": ("[" * 100_000, 200, {}, "is not an Ollama server"),
    "what a terminal obeys": ("\x1b[2J\x1b]0;pwn\x07gone", 200, {}, "gone"),
    "no bytes of ours": (b"\xff\xfe\x00\x01" * 50, 200, {}, "is not an Ollama server"),
}


@pytest.mark.parametrize("kind", LOOKED)
@pytest.mark.parametrize("command", ["doctor", "setup"])
def test_what_is_no_ollama_is_told_as_what_it_is(
    command: str, kind: str, server: Server, monkeypatch: pytest.MonkeyPatch, home: Path, inpalla: Run
) -> None:
    content, status, headers, said = LOOKED[kind]
    monkeypatch.setenv("OLLAMA_HOST", server.host)
    server.answer = (content, status, headers)
    monkeypatch.setattr(Server, "knows_ollama", False)
    if command == "doctor":
        found = doctor.ollama("m")
        assert found.state == "fair"
        assert "OLLAMA_HOST" in found.mend
        told = found.found
    else:
        outcome = setup._Outcome()
        setup._make_model_ready("m", outcome)
        told = outcome.problems["m"]
        assert "check OLLAMA_HOST" in told
    assert f"he server at {server.url} " in told
    assert said in told
    assert "no answer" not in told
    assert told.isprintable()
    assert len(told) < 250
    assert ollama_server.look() is None


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x01\x02", b""])
def test_what_speaks_no_http_is_told(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with listening.accept()[0] as line:
                line.recv(1000)
                line.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{listening.getsockname()[1]}")
        assert "does not speak HTTP" in doctor.ollama("m").found


def test_no_answer_is_told_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
    monkeypatch.setenv("OLLAMA_HOST", host)
    found = doctor.ollama("m")
    assert f"no answer at http://{host}" in found.found
    assert "ollama" in found.mend
    assert "OLLAMA_HOST" not in found.mend


async def test_an_endless_answer_is_broken_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_server, "MOST_BYTES", 2**20)
    server.answer = (b" " * 3 * 2**20, 200, {})
    assert "built-in planner" in (await planned(server.url)).say


async def test_a_packed_answer_is_not_unpacked(server: Server) -> None:
    import gzip

    server.answer = (gzip.compress(bytes(50 * 2**20)), 200, {"Content-Encoding": "gzip"})
    assert "built-in planner" in (await planned(server.url)).say


@pytest.mark.parametrize(
    "look", ["red \x1b]0;pwn\x07\x1b[31m\x1b[2J", "\uff52\uff45\uff44", "r\u200bed", "red\x9b2J"]
)
async def test_what_a_model_says_is_cleaned_where_it_comes_in(look: str, server: Server) -> None:
    server.answer = (
        wants({"act": "restyle", "object": "the sofa", "look": look}, say="\x1b[2Jhello"),
        200,
        {},
    )
    (step,) = (await planned(server.url)).steps
    assert step.prompt.startswith(("a red", "red"))
    assert step.prompt.isprintable()


@pytest.mark.parametrize("before", ["\n \n", "  ", "\t"])
async def test_space_around_an_answer_does_no_harm(before: str, server: Server) -> None:
    server.answer = (spoken(before + json.dumps(GOOD)), 200, {})
    assert (await planned(server.url)).steps == RED
    assert os.environ.get("OLLAMA_HOST") is None


async def test_https_where_there_is_none_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, home: Path, inpalla: Run
) -> None:
    url = server.url.replace("http://", "https://")
    monkeypatch.setenv("OLLAMA_HOST", url)
    with pytest.raises(PlannerError, match=f"{url} does not speak HTTPS: let OLLAMA_HOST begin with http://"):
        await planned(None)
    found = ollama_server.what_is_there()
    assert isinstance(found, ollama_server.Absent)
    assert not found.is_silent
    assert "does not speak HTTPS" in found.why
    assert "does not speak HTTPS" in doctor.ollama("m").found
    server.close()  # nobody is there: another trouble
    with pytest.raises(PlannerError, match="ollama serve"):
        await planned(None)


class Dripping(StandIn):
    """Answers with a blank now and then, for so many seconds, and then with nothing that could be used."""

    def __init__(self, seconds: float, where: str) -> None:
        class Answer(Handler):
            def get(self) -> None:
                if self.path.startswith(where):
                    self.drip()
                else:
                    self.send(json.dumps({"version": "0.31.2", "models": []}))

            post = get

            def drip(self) -> None:
                self.send_response(200)
                self.end_headers()
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.1)

        super().__init__(Answer)


@pytest.mark.parametrize("seconds", [2.0, 60.0])
async def test_the_time_limit_is_that_of_the_whole_answer(seconds: float) -> None:
    """However often it is asked: an answer that comes too late once is not waited for twice."""
    server = Dripping(seconds, "/api/chat")
    began = time.monotonic()
    try:
        planner = OllamaPlanner("m", server.url, timeout=3)
        if seconds > 3:
            with pytest.raises(PlannerError, match="within 3 seconds"):
                await planner.plan("make the sofa red", Context())
        else:  # the first one came, and was of no use
            plan = await planner.plan("make the sofa red", Context())
            assert plan.steps == RED
        assert time.monotonic() - began < 3.9
    finally:
        server.close()


@pytest.mark.parametrize("where", ["/api/version", "/api/tags"])
def test_a_look_at_a_server_that_drips_takes_no_longer(where: str) -> None:
    server = Dripping(30, where)
    began = time.monotonic()
    try:
        with ollama_server.client(server.url) as client, pytest.raises(Exception, match="dripping"):
            client._client.get(where)
        assert time.monotonic() - began < 5
    finally:
        server.close()
