"""A stand-in for an Ollama server: its release, its models, and pulling one more in some lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import torch

from tests.support.stand_in_server import Handler, StandIn


class Ollama(StandIn):
    """``models`` are there; ``known`` can be pulled. ``breaks``: a pull ends in the middle.

    ``loaded`` are the parts of models that lie on a card, by name.
    """

    def __init__(self) -> None:
        self.release = "0.31.2"
        self.models: list[str] = []
        self.known: set[str] = set()
        self.breaks = False
        self.loaded: dict[str, float] = {}
        self.pulled: list[str] = []
        stand_in = self

        class Answer(Handler):
            def get(self) -> None:
                running = [
                    {"name": name, "model": name, "size": 4000, "size_vram": int(4000 * share)}
                    for name, share in stand_in.loaded.items()
                ]
                answer = {
                    "/api/ps": {"models": running},
                    "/api/version": {"version": stand_in.release},
                    "/api/tags": {"models": [{"name": name} for name in stand_in.models]},
                }
                self.send(json.dumps(answer[self.path]))

            def post(self) -> None:
                model = self.read_json()["model"]
                stand_in.pulled.append(model)
                if model not in stand_in.known:
                    self.send(json.dumps({"error": "pull model manifest: file does not exist"}))
                    return
                layers = [("sha256:a", 3_000_000_000, 3_000_000_000), ("sha256:b", 1_000, 2_000)]
                lines: list[dict[str, Any]] = [{"status": "pulling manifest"}]
                for digest, completed, total in layers:
                    lines.append(
                        {"status": "pulling", "digest": digest, "completed": completed, "total": total}
                    )
                if not stand_in.breaks:
                    stand_in.models.append(model)
                    lines.append({"status": "success"})
                self.send("".join(json.dumps(line) + "\n" for line in lines))

        super().__init__(Answer)


class Room(Protocol):
    """A card on which a server's model takes its room: what lies there, by who put it there."""

    taken: Any

    def free(self) -> int:
        """The bytes that are not taken."""
        ...

    def put(self, who: object, size: int) -> None:
        """Somebody takes some bytes."""
        ...


class CountedCard:
    """A card of ``size`` bytes: what lies on it is told by those who move. It is full like a real one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken: dict[object, int] = {}
        self.trimmed = 0

    def free(self) -> int:
        return self.size - sum(self.taken.values())

    def trim(self) -> None:
        self.trimmed += 1

    def put(self, who: object, size: int) -> None:
        if who not in self.taken and size > self.free():
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.taken[who] = size


class Serving(StandIn):
    """A stand-in for the server: keeps a model on a counted card from the first chat until it is unloaded.

    The model's file has ``size`` bytes; loaded it has ``taken``, ``share`` of them on the card.
    """

    def __init__(
        self, card: Room, size: int, *, taken: int | None = None, model: str = "tiny-vl:latest"
    ) -> None:
        self.card, self.size, self.taken = card, size, size if taken is None else taken
        self.share = 1.0
        self.asked: list[str] = []
        self.found_free: list[int] = []
        self.chatting: Callable[[], None] = lambda: None
        self.loading: Callable[[], None] = lambda: None
        self.on_processor = False
        stand_in = self

        class Answer(Handler):
            def get(self) -> None:
                there = stand_in.card.taken.get(stand_in, 0)
                known = {"name": model, "model": model, "size": stand_in.size}
                if self.path == "/api/tags":
                    self._tell({"models": [known]})
                else:
                    loaded = there or (stand_in.on_processor and "/api/chat" in stand_in.asked)
                    running = known | {"size": stand_in.taken, "size_vram": there}
                    self._tell({"models": [running] if loaded else []})

            def post(self) -> None:
                body = self.read_json()
                if self.path == "/api/show":
                    self._tell({"model_info": {}, "capabilities": ["completion", "vision"]})
                    return
                stand_in.asked.append(self.path)
                if self.path == "/api/generate":
                    assert body["keep_alive"] == 0
                    assert not body.get("prompt")
                    stand_in.card.taken.pop(stand_in, None)
                    self._tell(
                        {"model": body["model"], "response": "", "done": True, "done_reason": "unload"}
                    )
                    return
                stand_in.loading()
                if stand_in not in stand_in.card.taken and not stand_in.on_processor:
                    stand_in.found_free.append(stand_in.card.free())
                    stand_in.card.put(stand_in, int(stand_in.taken * stand_in.share))
                stand_in.chatting()
                wants = {"wants": [{"act": "restyle", "object": "the sofa", "look": "red"}]}
                message = {"role": "assistant", "content": json.dumps(wants)}
                self._tell({"model": "m", "message": message, "done": True, "done_reason": "stop"})

            def _tell(self, value: dict[str, Any]) -> None:
                self.send(json.dumps(value) + "\n", 200, {"Content-Type": "application/json"})

        super().__init__(Answer)
