"""A stand-in for the hub: serves small repositories as the real one does, and fails as it is told to.

Set ``HF_ENDPOINT`` to its ``url`` for a process of its own: the hub's client reads that when it is imported.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from tests.support.stand_in_server import Handler, StandIn

WEIGHTS = (".safetensors", ".bin", ".onnx")


class Hub(StandIn):
    """Repositories by name, each its files' contents by path, and how to fail.

    ``gated``: repositories whose licence nobody accepted; ``restricted`` is what is said of it. ``stated``:
    sizes that are told in place of the true ones. ``breaks``: paths whose transfer breaks off after so many
    bytes, whenever more is left; after it the hub answers with ``then``, an HTTP status, unless that is 0.
    ``stalls``: such a transfer does not break off but falls silent. ``silent``: no request is answered.
    ``answers``: all requests are answered so, by a status and a page. ``damages``: paths that are sent with a
    wrong first byte. ``mend()`` ends all of this. ``asked`` are all requests so far, ``ranges`` their byte
    ranges.
    """

    def __init__(self, repositories: Mapping[str, Mapping[str, bytes]]) -> None:
        self.repositories = {name: dict(files) for name, files in repositories.items()}
        self.gated: set[str] = set()
        self.restricted = "Restricted."
        self.stated: dict[str, int] = {}
        self.breaks: dict[str, int] = {}
        self.then = 0
        self.stalls = False
        self.silent = False
        self.answers: tuple[int, bytes] | None = None
        self.damages: set[str] = set()
        self.asked: list[str] = []
        self.ranges: list[str] = []
        self._failing = 0
        self._ended = threading.Event()
        hub = self

        class Answer(Handler):
            protocol_version = "HTTP/1.1"

            def get(self) -> None:
                hub._answer(self)

        super().__init__(Answer)

    def close(self) -> None:
        self._ended.set()
        super().close()

    def mend(self) -> None:
        """Fail no more."""
        self.damages.clear()
        self.breaks.clear()
        self.gated.clear()
        self.stated.clear()
        self.silent, self.answers = False, None
        self._failing = 0

    def _answer(self, handler: Handler) -> None:
        path = handler.path.partition("?")[0]
        self.asked.append(f"{handler.command} {handler.path}")
        if self.silent:
            self._ended.wait(60)
            handler.close_connection = True
            return
        if self.answers is not None:
            handler.send(self.answers[1], self.answers[0], {"Content-Type": "text/html"})
            return
        if self._failing:
            handler.send(b"", self._failing)
            return
        for name, files in self.repositories.items():
            if path.startswith(f"/{name}/resolve/"):
                file = path.removeprefix(f"/{name}/resolve/").partition("/")[2]
                self._file(handler, name, file, files.get(file))
                return
            if path == f"/api/models/{name}" or path.startswith(f"/api/models/{name}/"):
                self._api(handler, name, path.removeprefix(f"/api/models/{name}"))
                return
        handler.send(b"", 401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})

    def _gate(self) -> dict[str, str]:
        return {"X-Error-Code": "GatedRepo", "X-Error-Message": self.restricted}

    def _api(self, handler: Handler, name: str, rest: str) -> None:
        if rest == "/auth-check" and name in self.gated:
            handler.send(b"", 403, self._gate())
            return
        answer: Any = {}
        if rest == "" or rest.startswith("/revision/"):
            gated = "manual" if name in self.gated else False
            siblings = [
                {"rfilename": entry["path"], **entry, "blobId": entry["oid"]} for entry in self._tree(name)
            ]
            answer = {"id": name, "sha": _commit(name), "gated": gated, "siblings": siblings, "tags": []}
        elif rest.startswith("/tree/"):
            answer = self._tree(name)
        handler.send(json.dumps(answer), 200, {"Content-Type": "application/json"})

    def _tree(self, name: str) -> list[dict[str, Any]]:
        entries = []
        for path, content in self.repositories[name].items():
            size = self.stated.get(path, len(content))
            oid = hashlib.sha1(content).hexdigest()
            entry: dict[str, Any] = {"type": "file", "path": path, "size": size, "oid": oid}
            if path.endswith(WEIGHTS):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": digest, "sha256": digest, "size": size, "pointerSize": 130}
            entries.append(entry)
        return entries

    def _file(self, handler: Handler, name: str, file: str, content: bytes | None) -> None:
        if name in self.gated:
            handler.send(b"", 403, self._gate())
            return
        if content is None:
            handler.send(b"", 404, {"X-Error-Code": "EntryNotFound"})
            return
        body = handler.command == "GET"
        digest = hashlib.sha256(content) if file.endswith(WEIGHTS) else hashlib.sha1(content)
        headers = {
            "ETag": f'"{digest.hexdigest()}"',
            "X-Repo-Commit": _commit(name),
            "X-Linked-Size": str(self.stated.get(file, len(content))),
        }
        asked = handler.headers.get("Range", "")
        start = int(match[1]) if (match := re.fullmatch(r"bytes=(\d+)-", asked)) else 0
        if asked and body:
            self.ranges.append(asked)
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if file in self.damages:
            content = b"?" + content[1:]
        most = self.breaks.get(file)
        if body and most is not None and len(content) - start > most:
            handler.send_response(206 if asked else 200)
            for key, value in headers.items():
                handler.send_header(key, value)
            handler.send_header("Content-Length", str(len(content) - start))
            handler.end_headers()
            handler.wfile.write(content[start : start + most])
            handler.wfile.flush()
            if self.stalls:
                self._ended.wait(60)
            self._failing = self.then
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send(content[start:], 206 if asked and body else 200, headers)


def _commit(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()
