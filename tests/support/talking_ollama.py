"""A stand-in for an Ollama server that talks: what it answers has the form, and its errors the words, that a
real one was recorded with (``tests/data/ollama-answers.jsonl``).
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tests.support.stand_in_server import Handler, StandIn

Reply = dict[str, Any] | int | str | None

_FILE = Path(__file__).parents[1] / "data" / "ollama-answers.jsonl"
RECORDED: dict[str, dict[str, Any]] = {
    each["name"]: each for each in map(json.loads, _FILE.read_text().splitlines())
}
"""What a real server answered, by the name of the exchange; of a chat the first and the last line."""

JSON = {"Content-Type": RECORDED["tags"]["content_type"]}
LINES = {"Content-Type": RECORDED["chat-schema"]["content_type"]}


class TalkingOllama(StandIn):
    """Answers each chat with the next of ``replies`` and keeps the requests.

    A reply is JSON to answer with, a text to answer with as it is, an HTTP status, the name of a recorded
    error, or None for silence. ``counts`` are the tokens that the next prompts have, 1204 without.

    A chat for a model that is not in ``models`` is refused, a pull brings it in two steps between which it
    waits for ``let_go`` where ``slow`` is set. A request for one token, which reads ahead, waits likewise,
    and so does a chat where ``holds`` is set.
    """

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.capabilities = ["completion", "vision"]
        self.model_info: dict[str, int] = {}
        self.error = "no such model"
        self.done_reasons: list[str] = []
        self.counts: list[int] = []
        self.requests: list[dict[str, Any]] = []
        self.ahead: list[dict[str, Any]] = []
        self.order: list[str] = []
        self.models: set[str] | None = None
        self.loaded = True
        self.slow = self.holds = False
        self.pull_fails = False
        self.release = threading.Event()
        self.let_go = threading.Event()
        self.reached = threading.Event()
        self.broken_off = threading.Event()
        stand_in = self

        class Answer(Handler):
            def get(self) -> None:
                if self.path == "/api/ps":
                    (ps,) = RECORDED["ps-on-the-processor"]["lines"]
                    running = [{**ps["models"][0], "name": "tiny-vl:latest", "model": "tiny-vl:latest"}]
                    self.send(json.dumps({"models": running if stand_in.loaded else []}), 200, JSON)
                else:
                    (tags,) = RECORDED["tags"]["lines"]
                    named = [{**tags["models"][0], "name": name, "model": name} for name in stand_in.names]
                    self.send(json.dumps({"models": named}), 200, JSON)

            def post(self) -> None:
                body = self.read_json()
                if self.path == "/api/show":
                    (shown,) = RECORDED["show-capabilities"]["lines"]
                    told = {**shown, "model_info": stand_in.model_info, "capabilities": stand_in.capabilities}
                    self.send(json.dumps(told), 200, JSON)
                elif self.path == "/api/pull":
                    stand_in.order.append("pull")
                    self._pull(body["model"])
                elif stand_in.models is not None and body["model"] not in stand_in.models:
                    self._recorded("chat-no-model")
                elif body["options"]["num_predict"] == 1:
                    stand_in.ahead.append(body)
                    stand_in.order.append("ahead")
                    stand_in.reached.set()
                    if stand_in.slow:
                        self._until_let_go()
                    self.send(json.dumps(RECORDED["chat-schema"]["lines"][-1]), 200, JSON)
                else:
                    stand_in.order.append("chat")
                    stand_in.requests.append(body)
                    if stand_in.holds:
                        stand_in.let_go.wait(60)
                    self._chat(stand_in.replies.pop(0))

            def _until_let_go(self) -> None:
                """Wait, and notice when nobody waits for the answer any more."""
                self.connection.settimeout(0.01)
                while not stand_in.let_go.is_set() and not stand_in.release.is_set():
                    try:
                        if not self.connection.recv(1):
                            stand_in.broken_off.set()
                            return
                    except TimeoutError:
                        continue
                    except OSError:
                        stand_in.broken_off.set()
                        return

            def _chat(self, reply: Reply) -> None:
                if reply is None:
                    stand_in.release.wait(20)
                    return
                if isinstance(reply, int):
                    self.send(json.dumps({"error": stand_in.error}), reply, JSON)
                    return
                if isinstance(reply, str) and reply in RECORDED:
                    self._recorded(reply)
                    return
                text = reply if isinstance(reply, str) else json.dumps(reply)
                first, last = RECORDED["chat-schema"]["lines"]
                half = len(text) // 2
                parts = [{**first, "message": {"role": "assistant", "content": text[:half]}}]
                parts.append({**first, "message": {"role": "assistant", "content": text[half:]}})
                reason = stand_in.done_reasons.pop(0) if stand_in.done_reasons else "stop"
                count = stand_in.counts.pop(0) if stand_in.counts else last["prompt_eval_count"]
                parts.append({**last, "done_reason": reason, "prompt_eval_count": count})
                self.send("".join(json.dumps(line) + "\n" for line in parts), 200, LINES)

            def _recorded(self, name: str) -> None:
                was = RECORDED[name]
                lines = "".join(json.dumps(line) + "\n" for line in was["lines"])
                self.send(lines, was["status"], {"Content-Type": was["content_type"]})

            def _pull(self, model: str) -> None:
                if stand_in.pull_fails:
                    self._recorded("pull-no-network")
                    return
                self.send_response(200)
                self.send_header("Content-Type", LINES["Content-Type"])
                self.end_headers()
                self._line({"status": "pulling manifest"})
                self._line(
                    {
                        "status": "pulling",
                        "digest": "sha256:a",
                        "total": 2_000_000_000,
                        "completed": 500_000_000,
                    }
                )
                stand_in.reached.set()
                if stand_in.slow:
                    self._until_let_go()
                if not stand_in.broken_off.is_set():
                    assert stand_in.models is not None
                    stand_in.models.add(model)
                    self._line({"status": "success"})
                self.close_connection = True

            def _line(self, line: dict[str, Any]) -> None:
                self.wfile.write(json.dumps(line).encode() + b"\n")
                self.wfile.flush()

        super().__init__(Answer)

    @property
    def names(self) -> list[str]:
        """The models that are there, as a list of them has them."""
        there = {"tiny-vl"} if self.models is None else self.models
        return [name if ":" in name else f"{name}:latest" for name in sorted(there)]

    def close(self) -> None:
        self.release.set()
        super().close()
