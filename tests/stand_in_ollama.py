"""A stand-in for an Ollama server: its release, its models, and pulling one more in some lines of JSON."""

from __future__ import annotations

import json
from typing import Any

from tests.stand_in_server import Handler, StandIn


class Ollama(StandIn):
    """``models`` are there; ``known`` can be pulled. ``breaks``: a pull ends in the middle."""

    def __init__(self) -> None:
        self.release = "0.31.2"
        self.models: list[str] = []
        self.known: set[str] = set()
        self.breaks = False
        self.pulled: list[str] = []
        stand_in = self

        class Answer(Handler):
            def get(self) -> None:
                answer = {
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
