"""An HTTP server on this machine: what the stand-ins for the hub and for Ollama have in common."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers requests by ``get`` (a HEAD, too) and ``post``, and says nothing about them on the terminal."""

    def get(self) -> None:
        self.send(b"", 404)

    def post(self) -> None:
        self.send(b"", 404)

    def read(self) -> bytes:
        """What was posted, as a whole or in chunks."""
        if length := self.headers["Content-Length"]:
            return self.rfile.read(int(length))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def read_json(self) -> Any:
        """The JSON that was posted."""
        return json.loads(self.read())

    def send(self, content: bytes | str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer; to a HEAD without the content."""
        data = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self) -> None:
        self.get()

    def do_HEAD(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    """A server to which a client that hangs up is no error.

    The library prints a traceback on standard error, by then perhaps that of another test.
    """

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class StandIn:
    """A server that answers by a handler, each request in a thread of its own, until it is closed."""

    def __init__(self, handler: type[Handler]) -> None:
        self._server = QuietServer(("127.0.0.1", 0), handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
