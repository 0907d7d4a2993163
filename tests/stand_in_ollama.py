"""A stand-in for an Ollama server: its release, its models, and pulling one more in some lines of JSON."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Ollama:
    """``models`` are there; ``known`` can be pulled. ``breaks``: a pull ends in the middle."""

    def __init__(self) -> None:
        self.release = "0.31.2"
        self.models: list[str] = []
        self.known: set[str] = set()
        self.breaks = False
        self.pulled: list[str] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = {
                    "/api/version": {"version": stand_in.release},
                    "/api/tags": {"models": [{"name": name} for name in stand_in.models]},
                }
                self._send(json.dumps(answer[self.path]))

            def do_POST(self) -> None:
                model = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
                stand_in.pulled.append(model)
                if model not in stand_in.known:
                    self._send(json.dumps({"error": "pull model manifest: file does not exist"}))
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
                self._send("".join(json.dumps(line) + "\n" for line in lines))

            def _send(self, text: str) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
