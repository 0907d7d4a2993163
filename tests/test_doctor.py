"""The doctor: what it finds on this machine, and an Ollama server of which it is told the address."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

import pocket
from agent import doctor


class Stand(BaseHTTPRequestHandler):
    """Answers as an Ollama server does."""

    models: tuple[str, ...] = ()

    def do_GET(self) -> None:
        answer = {
            "/api/version": {"version": "0.31.2"},
            "/api/tags": {"models": [{"name": m} for m in self.models]},
        }
        body = json.dumps(answer[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Stand]]:
    """A server that is found by OLLAMA_HOST; its models can be set."""

    class Mine(Stand):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Mine) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{running.server_address[1]}")
        yield Mine
        running.shutdown()


def test_a_report_says_whether_the_pocket_preset_works(tmp_path: Path) -> None:
    report = doctor.report(tmp_path / "data")
    found = {finding.name: finding for finding in report.findings}
    there = {
        name: any(pocket.weights(name).rglob("*.safetensors"))
        for name in ("lisa", "flux-fill", "flux-kontext")
    }
    assert report.works is all(there.values())
    for name, is_there in there.items():
        assert (found[f"weights of {name}"].state == "good") is is_there
    assert found["torch"].state == "good"
    assert found["data folder"].found == str(tmp_path / "data")
    assert all(finding.mend for finding in report.findings if finding.state == "bad")
    assert not (tmp_path / "data").exists()  # looking changes nothing

    read = json.loads(report.as_json())
    assert read["works"] is report.works
    assert read["preset"] == "pocket"
    assert {finding["name"] for finding in read["findings"]} == set(found)

    out = io.StringIO()
    doctor.show(report, Console(file=out, width=200))
    for finding in report.findings:
        assert finding.name in out.getvalue()
        assert finding.mend in out.getvalue()


def test_ollama_is_found_with_its_models(server: type[Stand]) -> None:
    server.models = ("qwen3-vl:4b-instruct",)
    found = doctor.ollama()
    assert found.state == "good"
    assert "0.31.2" in found.found
    assert "qwen3-vl:4b-instruct" in found.found


def test_ollama_without_a_model_is_told_to_pull_one(server: type[Stand]) -> None:
    found = doctor.ollama()
    assert found.state == "fair"
    assert found.mend.startswith("ollama pull ")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "http://127.0.0.1:9/", "not a host", "http://[", "127.0.0.1:99999"]
)
def test_no_ollama_is_no_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    found = doctor.ollama()
    assert found.state == "fair"
    assert found.mend


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("box:8080", "http://box:8080"),
        ("https://box.example/", "https://box.example"),
    ],
)
def test_the_address_of_ollama(host: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert doctor.ollama_url() == url


@pytest.mark.parametrize(
    ("vram", "preset"),
    [
        (0.0, "pocket"),
        (5.9, "pocket"),
        (7.6, "8gb"),
        (11.6, "12gb"),
        (15.7, "16gb"),
        (23.6, "24gb"),
        (79.1, "80gb"),
    ],
)
def test_the_preset_that_fits(vram: float, preset: str) -> None:
    assert doctor.fitting_preset(vram) == preset
