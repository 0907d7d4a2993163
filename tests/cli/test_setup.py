"""Fetching what is needed: from a stand-in for the hub and one for Ollama, and what can go wrong."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from huggingface_hub import constants
from safetensors.numpy import save

from tests.support import flux_layout, lisa_layout
from tests.support.command_line import Run
from tests.support.stand_in_hub import Hub
from tests.support.stand_in_ollama import Ollama
from tools.engines import download, specs
from tools.errors import EngineError
from tools.segmenting.lisa import published as lisa

ROOT = Path(__file__).parents[2]
BIG = random.Random(0).randbytes(24_000_000)
BROKEN = 15_000_000
"""After so many bytes of it a transfer breaks off."""

SAM3 = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"weights", "sam3.pt": b"twice"}
SMALL = {"config.json": b"{}", "model.safetensors": b"weights"}
DETECTOR, DRAWER = (each.name for each in specs.ENGINES["llmdet-sam2"].repositories)
PAIR = {DETECTOR: {**SMALL, "tokenizer.json": b"{}", "README.md": b"#"}, DRAWER: SMALL}
KLEIN = specs.repository_of("flux-klein")
FILL = specs.repository_of("flux-fill")
MODEL = specs.Repository(
    "some/model", ("*.json", "*.safetensors", "*.bin"), licence=specs.Licence("Some Licence", gated=True)
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder and an empty cache, and nobody logged in."""
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one repository."""
    files = {"config.json": b"{}", "model.safetensors": BIG, "pytorch_model.bin": b"again", "README.md": b"#"}
    running = Hub({"some/model": files})
    monkeypatch.setattr(constants, "ENDPOINT", running.url)
    template = running.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield running
    running.close()


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ollama]:
    running = Ollama()
    monkeypatch.setenv("OLLAMA_HOST", running.host)
    yield running
    running.close()


def refusal(weights: specs.Repository = MODEL) -> str:
    """The one sentence with which fetching is refused."""
    with pytest.raises(EngineError) as error:
        download.fetch(weights)
    said = str(error.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def served(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}


# --- the hub ------------------------------------------------------------------------------------------------


def test_what_is_needed_is_fetched_once(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert download.kept(MODEL) is None
    assert download.measured(MODEL) == (len(BIG) + 2, len(BIG) + 2)
    told: list[tuple[int, int]] = []
    folder = download.fetch(MODEL, lambda done, total: told.append((done, total)))
    assert files(folder) == {"config.json", "model.safetensors"}  # the .bin holds the same once more
    assert (folder / "model.safetensors").read_bytes() == BIG
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0] == (0, len(BIG) + 2)
    assert told[-1] == (len(BIG) + 2, len(BIG) + 2)

    server.asked.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert download.fetch(MODEL) == folder
    assert download.measured(MODEL) == (len(BIG) + 2, 0)
    assert server.asked == []


def test_a_broken_download_goes_on_where_it_stopped(server: Hub) -> None:
    server.breaks, server.then = {"model.safetensors": BROKEN}, 500
    assert "answers with error 500: wait a while" in refusal()
    assert download.kept(MODEL) is None
    server.mend()
    assert download.measured(MODEL) == (len(BIG) + 2, len(BIG) + 2 - BROKEN)
    told: list[int] = []
    folder = download.fetch(MODEL, lambda done, _: told.append(done))
    assert server.ranges == [f"bytes={BROKEN}-"]
    assert told[0] == BROKEN
    assert (folder / "model.safetensors").read_bytes() == BIG


def test_a_transfer_that_breaks_off_heals_by_itself(server: Hub) -> None:
    server.breaks = {"model.safetensors": BROKEN}
    assert (download.fetch(MODEL) / "model.safetensors").read_bytes() == BIG
    assert server.ranges == [f"bytes={BROKEN}-"]


def test_what_came_damaged_is_not_kept(server: Hub, home: Path) -> None:
    server.damages = {"model.safetensors"}
    assert "model.safetensors of some/model was damaged in transfer" in refusal()
    assert not list((home / "hub").rglob("*.incomplete"))
    server.mend()
    assert (download.fetch(MODEL) / "model.safetensors").read_bytes() == BIG


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_was_cut_short_is_fetched_again(server: Hub, name: str) -> None:
    folder = download.fetch(MODEL)
    whole = (folder / name).read_bytes()
    (folder / name).resolve().write_bytes(whole[:1])
    assert download.kept(MODEL) is None
    assert download.fetch(MODEL) == folder
    assert (folder / name).read_bytes() == whole


def test_a_licence_that_was_not_accepted_is_told_before_anything_is_fetched(server: Hub, home: Path) -> None:
    server.gated = {"some/model"}
    said = refusal()
    assert "https://huggingface.co/some/model" in said
    assert "hf auth login" in said
    assert "Some Licence" in said
    assert not [request for request in server.asked if "/resolve/" in request]
    (home / "token").write_text("hf_somebody")
    said = refusal()
    assert "https://huggingface.co/some/model" in said
    assert "hf auth login" not in said  # somebody is logged in, so that is not what is missing


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            "Your request to access model some/model is awaiting a review from the repo authors.",
            "is still waiting",
        ),
        ("Your request to access model some/model has been rejected by the repo's authors.", "was refused"),
    ],
)
def test_a_request_that_waits_or_was_refused_is_told_as_such(
    server: Hub, home: Path, told: str, said: str
) -> None:
    """Accepting the licence again would not help."""
    server.gated, server.restricted = {"some/model"}, told
    (home / "token").write_text("hf_somebody")
    sentence = refusal()
    assert sentence.startswith("Your request for some/model")
    assert said in sentence
    assert "accept" not in sentence
    assert sentence.endswith(".")


def test_without_links_a_file_is_kept_once(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where the hub's client would copy what lies among the contents."""
    monkeypatch.setattr("huggingface_hub.file_download.are_symlinks_supported", lambda *_: False)
    folder = download.fetch(MODEL)
    weights = [
        file for file in folder.parent.parent.rglob("*") if file.is_file() and file.stat().st_size > 10**4
    ]
    assert [file.name for file in weights] == ["model.safetensors"]
    assert not weights[0].is_symlink()
    assert download.cached_bytes("some/model") >= weights[0].stat().st_size
    assert download.fetch(MODEL) == folder


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(server: Hub, home: Path) -> None:
    server.stated = {"model.safetensors": 10**16}
    said = refusal()
    assert "10000.0 TB are needed" in said
    assert "HF_HOME" in said
    assert not [request for request in server.asked if "/resolve/" in request]
    assert not list((home / "hub").rglob("blobs"))


def test_what_the_hub_does_not_have_is_told(server: Hub) -> None:
    said = refusal(specs.Repository("some/thing", ("*.json",)))
    assert said == (
        f"{server.url}, which HF_ENDPOINT names, has no such model: unset HF_ENDPOINT to ask"
        " https://huggingface.co, or set it to a mirror that has it."
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.engines.hub_client._OFFICIAL", server.url)
        assert "The hub has no some/thing" in refusal(specs.Repository("some/thing", ("*.json",)))
    assert "none of the files that are needed (*.pickle)" in refusal(
        specs.Repository("some/model", ("*.pickle",))
    )


def test_a_hub_that_is_down_and_one_that_is_not_wanted(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert refusal() == (
        "The hub at http://127.0.0.1:9 cannot be reached: look at HF_ENDPOINT, and run the command again;"
        " what was fetched is kept."
    )
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert refusal() == (
        "HF_HUB_OFFLINE forbids fetching what is not on this machine: unset it, and run the command again."
    )
    assert server.asked == []


def test_a_cache_that_cannot_be_written(server: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("no folder")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "file" / "hub"))
    said = refusal()
    assert said.startswith(str(home / "file"))
    assert "cannot be written" in said
    assert "HF_HOME" in said


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """A hub that says nothing is given up after a second."""
    monkeypatch.setattr("tools.engines.hub_client.SILENCE", 1.0)
    return 1.0


@pytest.mark.parametrize("what", ["metadata", "large file", "small file"])
def test_a_hub_that_says_nothing_is_given_up(server: Hub, impatient: float, what: str) -> None:
    server.silent = what == "metadata"
    file = {"large file": "model.safetensors", "small file": "config.json"}.get(what, "")
    server.breaks, server.stalls = ({file: 1} if file else {}), True
    began = time.monotonic()
    assert refusal() == (
        f"The hub at {server.url} says nothing for 1 seconds: look at HF_ENDPOINT, and run the command again;"
        " what was fetched is kept."
    )
    assert time.monotonic() - began < 10 * impatient
    server.mend()
    assert (download.fetch(MODEL) / "model.safetensors").read_bytes() == BIG


@pytest.mark.parametrize(
    ("status", "page", "said"),
    [
        (500, b"oops", "answers with error 500: wait a while"),
        (429, b"slow down", "answers with error 429: wait a while"),
        (404, b"Not Found", "has no such model: unset HF_ENDPOINT"),
        (200, b"<html>Please log in to the hotel</html>", "is no hub, but a page to log in to a network"),
        (200, b"{}", "has no such model|none of the files|is no hub"),
    ],
)
def test_answers_that_are_no_hub_s_are_told_as_what_they_are(
    server: Hub, inpalla: Run, status: int, page: bytes, said: str
) -> None:
    server.answers = status, page
    code, out, err = inpalla("setup", "--preset", "small")
    assert code == 1
    assert re.search(said, err if "Not ready" not in out else out)
    assert err.count("\n") == 1
    # once, not once for each of the three engines, and after what there is to fetch and its terms
    assert (out + err).count("unset HF_ENDPOINT") <= 1
    assert (out + err).count("wait a while") <= 1
    assert [line.split(",")[0].strip() for line in out.splitlines() if ", about " in line] == [
        "llmdet-sam2", "sd15-inpainting", "lama",
    ]  # fmt: skip
    assert "its use is subject to CreativeML Open RAIL-M" in out
    assert "HF_ENDPOINT" in out + err or status in (500, 429)


def test_without_the_network_sizes_and_licences_come_before_one_sentence(
    server: Hub, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    code, out, err = inpalla("setup", "--preset", "small")
    assert (code, server.asked) == (1, [])
    assert "llmdet-sam2, about 846.0 MB" in out
    assert "its use is subject to OpenRAIL++-M" in out
    assert err == (
        "HF_HUB_OFFLINE forbids fetching what is not on this machine: unset it, and run the command again.\n"
    )
    assert "HF_HUB_OFFLINE" not in out


@pytest.mark.parametrize(
    ("endpoint", "setting", "value", "said"),
    [
        ("huggingface.co", "", "", "HF_ENDPOINT is huggingface.co, which is no address of a hub"),
        ("ftp://x", "", "", "HF_ENDPOINT is ftp://x, which is no address of a hub"),
        (
            "https://hub.invalid",
            "HTTPS_PROXY",
            "foo",
            "look at HF_ENDPOINT, HTTPS_PROXY|look at HF_ENDPOINT and HTTPS_PROXY",
        ),
        ("https://huggingface.co", "ALL_PROXY", "socks5://127.0.0.1:9", "look at ALL_PROXY"),
    ],
)
def test_the_setting_that_may_be_wrong_is_named(
    home: Path, endpoint: str, setting: str, value: str, said: str
) -> None:
    clean = {name: text for name, text in os.environ.items() if not name.lower().endswith("_proxy")}
    variables = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        [sys.executable, "-m", "agent.cli", "setup", "--preset", "small"],
        env={**clean, **variables} | ({setting: value} if setting else {}),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert made.returncode == 1
    assert re.search(said, made.stderr)
    assert made.stderr.count("\n") == 1


def test_bytes_that_were_damaged_on_the_disk_are_fetched_again(server: Hub, inpalla: Run) -> None:
    server.repositories |= PAIR
    assert inpalla("setup", "--segmenter", "llmdet-sam2")[0] == 0
    folder = download.kept(specs.ENGINES["llmdet-sam2"].repositories[0])
    assert folder is not None
    file = (folder / "model.safetensors").resolve()
    file.write_bytes(b"!" + file.read_bytes()[1:])
    server.asked.clear()
    code, out, _ = inpalla("setup", "--segmenter", "llmdet-sam2")
    assert code == 0
    assert "Checking what is here: llmdet-sam2." in out
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert not [request for request in server.asked if DRAWER in request]


def test_two_set_ups_at_once_both_end_well(
    server: Hub, home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cli.setup._LOOKS_APART", 0.05)
    server.repositories |= PAIR
    locks = home / "hub" / ".locks" / f"models--{DETECTOR.replace('/', '--')}"
    locks.mkdir(parents=True)
    other = FileLock(locks / "inpalla.lock", thread_local=False)
    other.acquire()
    end = threading.Timer(1.0, other.release)
    end.start()
    code, out, err = inpalla("setup", "--segmenter", "llmdet-sam2")
    end.join()
    assert (code, err) == (0, "")
    assert out.count(f"Another process is fetching {DETECTOR}: waiting until it is done.") == 1
    assert "llmdet-sam2 is ready." in out


def test_two_processes_do_not_fetch_the_same(server: Hub, home: Path) -> None:
    locks = home / "hub" / ".locks" / "models--some--model"
    locks.mkdir(parents=True)
    with FileLock(locks / "inpalla.lock"):
        assert "Another process is fetching some/model" in refusal()


def test_a_repository_is_deleted_from_the_cache(server: Hub) -> None:
    download.fetch(MODEL)
    assert download.is_ours("some/model")
    assert download.cached_bytes("some/model") == len(BIG) + 2
    assert download.forget("some/model") == len(BIG) + 2
    assert download.forget("some/model") == 0
    assert download.kept(MODEL) is None
    assert not download.is_ours("some/model")


# --- inpalla setup ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny_lisa(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """A tiny LISA and its CLIP as their repositories."""
    folder = lisa_layout.write_published(tmp_path_factory.mktemp("lisa"))
    config = json.loads((folder / "config.json").read_text()) | {"vision_tower": specs.CLIP.name}
    (folder / "config.json").write_text(json.dumps(config))
    return {"xinlai/LISA-7B-v1": served(folder), specs.CLIP.name: served(folder.parent / "clip-tiny")}


@pytest.fixture(scope="module")
def tiny_klein() -> dict[str, bytes]:
    """What a FLUX.2-klein repository has, with one number for weights."""
    index = flux_layout.INDEX["klein"]
    files = {
        "model_index.json": json.dumps(index).encode(),
        "flux-2-klein-4b.safetensors": b"all of it again",
    }
    for part in (name for name, value in index.items() if isinstance(value, list)):
        stem = "model" if part.startswith("text") else "diffusion_pytorch_model"
        files[f"{part}/config.json"] = b"{}"
        files[f"{part}/{stem}.safetensors"] = save({part: np.zeros(1, np.float32)})
    return files


def test_lisa_is_stored_once(
    server: Hub, home: Path, tiny_lisa: dict[str, dict[str, bytes]], inpalla: Run
) -> None:
    server.repositories |= tiny_lisa
    code, out, _ = inpalla("setup", "--segmenter", "lisa-7b")
    assert code == 0
    assert "Ready: lisa-7b." in out
    assert [file.name for file in (home / "data" / "models").iterdir()] == ["xinlai--LISA-7B-v1"]
    assert download.cached_bytes("xinlai/LISA-7B-v1") == 0
    assert download.cached_bytes(specs.CLIP.name) == 0
    assert lisa.kept("lisa-7b:8bit") == home / "data" / "models" / "xinlai--LISA-7B-v1"

    server.asked.clear()
    assert inpalla("setup", "--segmenter", "lisa-7b")[0] == 0
    assert server.asked == []


def test_what_another_program_fetched_is_left_alone(
    server: Hub, home: Path, tiny_lisa: dict[str, dict[str, bytes]], inpalla: Run
) -> None:
    server.repositories |= tiny_lisa
    for weights in lisa.needed("lisa-7b"):
        folder = download.fetch(weights)
        (folder.parents[1] / ".fetched-by-inpalla").unlink()
    server.asked.clear()
    code, out, _ = inpalla("setup", "--segmenter", "lisa-7b")
    assert code == 0
    assert server.asked == []  # all of it was there
    assert "hf cache rm model/xinlai/LISA-7B-v1 deletes it" in out
    assert download.cached_bytes("xinlai/LISA-7B-v1") > 0
    assert download.cached_bytes(specs.CLIP.name) > 0
    assert (home / "data" / "models" / "xinlai--LISA-7B-v1" / "config.json").exists()


def test_a_preset_is_made_ready_and_the_second_time_asks_nobody(
    server: Hub, ollama: Ollama, tiny_klein: dict[str, bytes], inpalla: Run
) -> None:
    server.repositories |= {**PAIR, "facebook/sam3": SAM3, KLEIN: tiny_klein}
    server.gated = {"facebook/sam3"}  # and nobody is logged in
    ollama.known = {"qwen3-vl:2b-instruct"}
    code, out, err = inpalla("setup", "--preset", "8gb")
    assert (code, err) == (0, "")
    assert "To fetch: " in out
    assert "qwen3-vl:2b-instruct: 3.0 GB of 3.0 GB" in out
    assert "Ready: qwen3-vl:2b-instruct, llmdet-sam2, flux-klein:4bit." in out
    assert "The preset 8gb is ready." in out
    assert "It works without sam3, and better with it. facebook/sam3 is gated" in out

    server.mend()
    code, out, _ = inpalla("setup", "--preset", "8gb")
    assert "Ready: qwen3-vl:2b-instruct, llmdet-sam2, flux-klein:4bit, sam3." in out
    assert not [request for request in server.asked if "sam3.pt" in request]
    server.asked.clear()
    code, out, _ = inpalla("setup", "--preset", "8gb")
    assert code == 0
    assert "llmdet-sam2, here" in out
    assert "sam3, here" in out
    assert server.asked == []
    assert ollama.pulled == ["qwen3-vl:2b-instruct"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", "facebook/sam3 is gated: accept its licence"),
        (
            "Your request to access model facebook/sam3 is awaiting a review from the repo authors.",
            "is still waiting",
        ),
        (
            "Your request to access model facebook/sam3 has been rejected by the repo's authors.",
            "was refused by",
        ),
    ],
)
def test_8gb_is_ready_whatever_became_of_a_request_for_sam_3(
    server: Hub,
    home: Path,
    ollama: Ollama,
    tiny_klein: dict[str, bytes],
    inpalla: Run,
    told: str,
    said: str,
) -> None:
    server.repositories |= {**PAIR, "facebook/sam3": SAM3, KLEIN: tiny_klein}
    server.gated = {"facebook/sam3"}
    if told:
        (home / "token").write_text("hf_somebody")
        server.restricted = told
    ollama.models = ["qwen3-vl:2b-instruct"]
    code, out, err = inpalla("setup", "--preset", "8gb")
    assert (code, err) == (0, "")
    assert "The preset 8gb is ready." in out
    [sentence] = [line for line in out.splitlines() if line.startswith("It works without sam3")]
    assert said in sentence
    assert ("accept its licence" in sentence) is (not told)


def test_what_cannot_be_had_does_not_hold_up_the_rest(
    server: Hub, home: Path, tiny_klein: dict[str, bytes], inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    server.repositories |= {**PAIR, KLEIN: tiny_klein}
    server.gated = {DETECTOR}
    code, out, err = inpalla("setup", "--preset", "8gb")
    assert code == 1
    assert err.count("\n") == 1
    assert "qwen3-vl:2b-instruct and llmdet-sam2 are missing" in err
    assert "inpalla setup --preset 8gb" in err
    assert (
        "accept its licence on https://huggingface.co/iSEE-Laboratory/llmdet_tiny, log in with hf auth login"
        in out
    )
    assert "Ready: flux-klein:4bit." in out

    server.mend()
    code, _, err = inpalla("setup", "--preset", "8gb")
    assert code == 1
    assert err.startswith("Ollama does not answer at http://127.0.0.1:9")
    assert "ollama" in err.partition("cannot be fetched: ")[2]


def test_a_preset_is_ready_without_what_stands_behind_a_licence(
    server: Hub,
    ollama: Ollama,
    tiny_lisa: dict[str, dict[str, bytes]],
    tiny_klein: dict[str, bytes],
    inpalla: Run,
) -> None:
    server.repositories |= {**tiny_lisa, KLEIN: tiny_klein, FILL: {"model_index.json": b"{}"}}
    server.gated = {FILL}
    ollama.models = ["qwen3-vl:4b-instruct"]
    code, out, _ = inpalla("setup", "--preset", "24gb")
    assert code == 0
    assert "Ready: qwen3-vl:4b-instruct, lisa-7b:4bit, flux-klein." in out
    assert f"It works without flux-fill:4bit, and better with it. {FILL} is gated" in out


def test_a_package_that_is_missing_is_told_before_anything_is_fetched(
    server: Hub,
    ollama: Ollama,
    tiny_klein: dict[str, bytes],
    inpalla: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.repositories |= {**PAIR, KLEIN: tiny_klein}
    ollama.known = {"qwen3-vl:2b-instruct"}
    monkeypatch.setattr("tools.engines.quantization.find_spec", lambda _: None)
    fetched: dict[str, int] = {}

    def said(line: str) -> None:
        fetched[line] = len(ollama.pulled) + sum("/resolve/" in request for request in server.asked)

    monkeypatch.setattr("agent.cli.setup.say", said)
    code, _, err = inpalla("setup", "--preset", "8gb")
    [told] = [line for line in fetched if "requires bitsandbytes" in line]
    assert told.startswith("  flux-klein:4bit, ")
    assert told.endswith("; requires bitsandbytes: pip install 'inpalla[quantised]'")
    assert fetched[told] == 0
    assert max(fetched.values()) > 0
    assert code == 1
    assert err == "flux-klein:4bit requires bitsandbytes: pip install 'inpalla[quantised]'.\n"


@pytest.mark.parametrize("breaks", [False, True])
def test_a_model_that_ollama_cannot_fetch(
    server: Hub, ollama: Ollama, tiny_klein: dict[str, bytes], inpalla: Run, breaks: bool
) -> None:
    server.repositories |= {**PAIR, KLEIN: tiny_klein}
    ollama.release, ollama.breaks = "0.30.9", breaks
    ollama.known = {"qwen3-vl:2b-instruct"} if breaks else set()
    code, out, err = inpalla("setup", "--preset", "8gb")
    assert code == 1
    assert "Ollama 0.30.9 is old" in out
    assert ("stopped while fetching" if breaks else "(pull model manifest: file does not exist)") in err
    assert err.count("\n") == 1


def test_too_little_room_for_all_of_it(server: Hub, ollama: Ollama, inpalla: Run) -> None:
    server.repositories["facebook/sam3"] = SAM3
    server.stated = {"model.safetensors": 10**16}
    code, out, err = inpalla("setup", "--segmenter", "sam3")
    assert code == 1
    assert "To fetch: 10000.0 TB. Free: " in out
    assert err.startswith("There is too little room")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("--preset", "nosuch"), ("--segmenter", "nosuch"), ("--inpainter", "nosuch")]
)
def test_names_that_nobody_knows(home: Path, inpalla: Run, arguments: tuple[str, str]) -> None:
    code, _, err = inpalla("setup", *arguments)
    assert code == 2
    assert "choose one of" in err
    assert inpalla("setup", "--segmenter", "lisa-pocket")[:2] == (
        0,
        "lisa-pocket needs no download: it is a part of InpaLLa.\n",
    )


def test_ctrl_c_keeps_what_was_fetched(home: Path) -> None:
    name = "transformer/diffusion_pytorch_model.safetensors"
    server = Hub({KLEIN: {"model_index.json": b"{}", name: BIG}})
    server.breaks, server.stalls = {name: BROKEN}, True
    variables = {"HF_ENDPOINT": server.url, "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agent.cli.main", "setup", "--inpainter", "flux-klein"]
    try:
        with subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            part = home / "hub" / f"models--{KLEIN.replace('/', '--')}" / "blobs"
            part /= f"{hashlib.sha256(BIG).hexdigest()}.inpalla.incomplete"
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not (part.exists() and part.stat().st_size == BROKEN):
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert err.strip() == "Cancelled."
        assert part.stat().st_size == BROKEN
    finally:
        server.close()
