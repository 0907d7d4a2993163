"""The doctor: what it finds on this machine, of the weights and servers that stand-ins give it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from rich.console import Console

import pocket
from agent.cli import doctor, main
from agent.planner import ollama_server
from tests.support.stand_in_hub import Hub
from tests.support.stand_in_ollama import Ollama
from tools.engines import download, machine, registry, specs


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ollama]:
    """A server that is found by OLLAMA_HOST."""
    running = Ollama()
    monkeypatch.setenv("OLLAMA_HOST", running.host)
    yield running
    running.close()


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has a SAM 3, an empty cache, and nobody logged in."""
    files = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"weights"}
    running = Hub({"facebook/sam3": files})
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", running.url)
    template = running.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield running
    running.close()


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

    read = json.loads(json.dumps(report.as_json()))
    assert read["works"] is report.works
    assert read["preset"] == "small"
    assert {finding["name"] for finding in read["findings"]} == set(found)

    out = io.StringIO()
    doctor.show(report, Console(file=out, width=200))
    for finding in report.findings:
        assert finding.name in out.getvalue()
        assert finding.mend in out.getvalue()


def test_ollama_is_found_with_its_models(server: Ollama) -> None:
    server.models = ["qwen3-vl:4b-instruct"]
    found = doctor.ollama()
    assert found.state == "good"
    assert "0.31.2" in found.found
    assert "qwen3-vl:4b-instruct" in found.found


@pytest.mark.parametrize("model", [None, "qwen3-vl:2b-instruct"])
def test_ollama_without_the_model_is_told_to_pull_it(server: Ollama, model: str | None) -> None:
    server.models = ["llama3:latest"] if model else []
    found = doctor.ollama(model)
    assert found.state == "fair"
    assert found.mend == f"ollama pull {model or 'qwen3-vl:4b-instruct'}"


@pytest.mark.parametrize(
    ("share", "card", "words"),
    [
        (1.0, True, ""),
        (0.97, True, ""),
        (0.6, True, "Ollama keeps 40% of some:model on the processor, because the card had no room"),
        (0.0, True, "Ollama keeps some:model on the processor"),
        (0.0, False, ""),  # without a card there is no other place
    ],
)
def test_a_model_that_is_not_all_on_the_card_is_told(
    server: Ollama, share: float, card: bool, words: str
) -> None:
    server.models, server.loaded = ["some:model"], {"some:model": share}
    found = doctor.ollama("some:model", card)
    assert (found.state, found.mend) == (("fair", "ollama stop some:model") if words else ("good", ""))
    assert words in found.found


@pytest.mark.parametrize(
    ("release", "state"), [("0.31.1", "fair"), ("0.9.12", "fair"), ("0.33.0-rc1", "good"), ("v1.0.0", "good")]
)
def test_an_old_ollama_is_told_to_update(server: Ollama, release: str, state: str) -> None:
    server.release, server.models = release, ["some:model"]
    found = doctor.ollama("some:model")
    assert found.state == state
    assert ("older than 0.31.2" in found.found) is (state == "fair")
    assert ("https://ollama.com/download" in found.mend) is (state == "fair")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "http://127.0.0.1:9/", "not a host", "http://[", "127.0.0.1:99999"]
)
def test_no_ollama_is_no_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    found = doctor.ollama("qwen3-vl:4b-instruct")
    assert found.state == "fair"
    assert found.mend
    found = doctor.ollama()  # nothing wants one
    assert "the built-in planner is used" in found.found
    silent = host.endswith((":9", ":9/"))  # the others are settings that are wrong
    assert (found.state, bool(found.mend)) == (("good", False) if silent else ("fair", True))


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
    assert ollama_server.url() == url


@pytest.mark.parametrize(
    ("vram", "preset"),
    [
        (0.0, "small"),
        (3.8, "small"),
        (5.9, "small"),
        (7.6, "8gb"),
        (11.6, "12gb"),
        (15.7, "16gb"),
        (23.6, "24gb"),
        (79.1, "80gb"),
    ],
)
def test_the_preset_that_fits(vram: float, preset: str) -> None:
    assert doctor.fitting_preset(vram) == preset


PAINTER = specs.repository_of("sd15-inpainting")


def test_a_machine_without_a_card_is_led_to_small(
    weights: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setattr(doctor, "_pocket_models", lambda: iter(()))
    monkeypatch.setattr(machine, "cards", list)
    ram = {}
    for bfloat16 in (True, False):
        monkeypatch.setattr("tools.engines.number_formats.multiplies_bfloat16", lambda said=bfloat16: said)
        made = doctor.report(tmp_path)
        found = {finding.name: finding for finding in made.findings}
        ram[bfloat16] = found["memory"].found.partition("; ")[2].partition(":")[0]
    assert made.preset == made.looked_at == "small"
    assert re.fullmatch(
        r"small takes about \d+ s for a picture's first edit, with the machine as busy as it is now",
        found["time"].found,
    )
    assert found["preset"].mend == "inpalla setup --preset small"
    assert f"about {rows('setup.md', 'small')[3]} to fetch" in found["disk for weights"].found
    assert ram == {True: "small takes up to 5.3 GiB", False: "small takes up to 7.3 GiB"}
    doctor.show(made)
    out = capsys.readouterr().out
    mends = [line for line in out.splitlines() if "inpalla setup --preset small" in line]
    assert len(mends) == 1
    assert mends[0].startswith(
        "To fix segmenter llmdet-sam2, inpainter sd15-inpainting, inpainter lama, preset: "
    )
    assert "Ollama: " not in out
    assert "subject to CreativeML Open RAIL-M" in found[f"licence of {PAINTER}"].found
    assert weights.asked == []


def test_what_a_preset_lacks_is_named_with_its_mend_and_nobody_is_asked(
    weights: Hub, server: Ollama, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["doctor", "--preset", "8gb", "--json"]) == 1
    read = json.loads(capsys.readouterr().out)
    found = {finding["name"]: finding for finding in read["findings"]}
    assert read["looked_at"] == "8gb"
    assert read["ready"] is False
    assert found["Ollama"]["mend"] == "ollama pull qwen3-vl:2b-instruct"
    for name in ("segmenter llmdet-sam2", "segmenter sam3", "inpainter flux-klein:4bit"):
        assert found[name]["state"] == "fair"
        assert found[name]["mend"] == "inpalla setup --preset 8gb"
    licence = found["licence of facebook/sam3"]
    assert "https://huggingface.co/facebook/sam3" in licence["mend"]
    assert "hf auth login" in licence["mend"]
    assert "to fetch" in found["disk for weights"]["found"]
    assert weights.asked == []


def rows(document: str, preset: str) -> list[str]:
    """The cells of a preset's row in a document's first table."""
    text = (Path(__file__).parents[2] / "docs" / document).read_text(encoding="utf-8")
    (row, *_) = [line for line in text.splitlines() if line.startswith(f"| `{preset}` |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("preset", ["8gb", "12gb", "16gb", "24gb", "80gb"])
def test_the_doctor_and_the_docs_say_the_same_sizes(
    preset: str, weights: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setattr(doctor, "_pocket_models", lambda: iter(()))
    found = {finding.name: finding.found for finding in doctor.report(tmp_path, preset).findings}
    _, model, _, total, licensed = rows("setup.md", preset)
    room = found["disk for weights"]
    assert f"about {total} to fetch, {model.partition(', ')[2]} of them by Ollama" in room
    assert f"and {licensed.partition(', ')[2]} more once a licence is accepted" in room
    _, card, ram, *_ = rows("presets.md", preset)
    assert found["memory"].endswith(f"{preset} takes up to {ram}") or f"up to {ram}:" in found["memory"]
    assert f"up to {card} GiB of a card and {ram} of RAM" in found["preset"]


def test_what_is_here_is_found_and_nobody_is_asked(
    weights: Hub, server: Ollama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (needed,) = specs.ENGINES["sam3"].repositories
    folder = download.fetch(needed)
    server.models = ["qwen3-vl:2b-instruct"]
    weights.asked.clear()
    found = {finding.name: finding for finding in doctor.report(preset="8gb").findings}
    assert found["segmenter sam3"].state == "good"
    assert str(folder) in found["segmenter sam3"].found
    assert "licence of facebook/sam3" not in found
    assert found["Ollama"].state == "good"

    only = registry.Preset("own", "ollama:qwen3-vl:2b-instruct", "sam3", {"restyle": "flux-kontext-pocket"})
    monkeypatch.setattr(registry, "PRESETS", {**registry.PRESETS, "own": only})
    made = doctor.report(preset="own")
    assert made.ready is made.works
    assert made.findings[-1].name == "preset"
    assert weights.asked == []
    server.models = []
    assert not doctor.report(preset="own").ready


def test_no_such_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["doctor", "--preset", "nosuch"]) == 2
    assert "There is no preset 'nosuch': choose one of pocket, small, 8gb" in capsys.readouterr().err


def test_a_card_that_torch_cannot_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA RTX 4090, 24564, 22528, 550.54.14'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert machine.driver() == ("550.54.14", [machine.Card("NVIDIA RTX 4090", 24564 / 1024, 22.0)])
    monkeypatch.setattr(machine, "cards", list)  # whatever this machine has
    found = {finding.name: finding for finding in doctor.report().findings}
    assert found["graphics driver"].state == "fair"
    assert "22.0 of 24.0 GiB free on NVIDIA RTX 4090, which torch" in found["graphics driver"].found
    assert "pytorch.org" in found["graphics driver"].mend

    program.write_text(
        "#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not talk to the driver'\nexit 9\n"
    )
    assert machine.driver() == ("", [])


def test_the_larger_card_that_is_not_the_first_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [machine.Card("small", 8.0), machine.Card("large", 24.0)]
    monkeypatch.setattr(machine, "cards", lambda: both)
    made = doctor.report(preset="pocket")
    found = {finding.name: finding for finding in made.findings}
    assert found["devices"].mend == "export CUDA_VISIBLE_DEVICES=1"
    assert made.preset == "24gb"
    assert made.vram == 24.0


@pytest.mark.parametrize(
    ("capability", "state", "words"),
    [
        (
            (7, 5),
            "fair",
            "compute capability 7.5), 2 processor cores; the first one has no bfloat16: engines work in",
        ),
        ((8, 6), "good", "large with 24 GiB (compute capability 8.6), 2 processor cores"),
        (None, "good", "large with 24 GiB, 2 processor cores"),
    ],
)
def test_what_a_card_computes_with_is_told(
    capability: tuple[int, int] | None, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(machine, "cards", lambda: [machine.Card("large", 24.0, capability=capability)])
    found = {finding.name: finding for finding in doctor.report(preset="24gb").findings}
    assert found["devices"].state == state
    assert words in found["devices"].found


@pytest.mark.parametrize(
    ("other", "words"), [("MPS", "MPS), which no preset uses"), ("ROCm", "ROCm is untested")]
)
def test_other_makers_graphics_are_told(other: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [machine.Card("Radeon", 16.0)] if other == "ROCm" else []
    monkeypatch.setattr(machine, "cards", lambda: cards)
    monkeypatch.setattr(machine, "other_accelerator", lambda: other)
    found = {finding.name: finding for finding in doctor.report(preset="pocket").findings}
    assert found["devices"].state == "fair"
    assert words in found["devices"].found


def test_a_mac_is_told_to_use_what_runs_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much memory it has: nothing here computes on its graphics."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    made = doctor.report(preset="24gb")
    found = {finding.name: finding for finding in made.findings}
    assert (made.preset, made.vram) == ("small", 0.0)
    assert "everything runs on the processor" in found["devices"].found
    assert found["preset"].mend == "inpalla chat --preset small"
    assert "this machine has none that torch can use" in found["preset"].found


@pytest.mark.parametrize("name", ["Radeon RX 7900 XTX", "Instinct MI300X"])
def test_a_card_under_rocm_is_seen_without_nvidias_capability(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = SimpleNamespace(name=name, total_memory=24 * 2**30, major=11, minor=0)
    monkeypatch.setattr(torch.version, "hip", "6.4")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: seen)
    assert machine.cards() == [machine.Card(name, 24.0)]
    assert machine.other_accelerator() == "ROCm"


@pytest.mark.parametrize(
    ("total", "free", "state", "mend"),
    [(64, 40, "good", ""), (64, 9, "fair", "close other programs"), (8, 6, "fair", "use a smaller preset")],
)
def test_ram_is_told_against_what_the_preset_takes(
    total: int, free: int, state: str, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = SimpleNamespace(total=total * 2**30, available=free * 2**30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: seen)
    found = {finding.name: finding for finding in doctor.report(preset="24gb").findings}
    assert (found["memory"].state, found["memory"].mend) == (state, mend)
    assert "24gb takes up to 22.0" in found["memory"].found
