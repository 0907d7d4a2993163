"""What can go wrong with the painters, seen from the command line: one sentence, and the session is intact.

Memory that runs out at any place of any of the three pipelines (tiny, with random weights), a licence that
was not accepted, a hub that is down. Disks are filled in ``test_cli`` and ``test_setup``.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest
import torch
from huggingface_hub import constants

from agent.terminal.failures import failure
from sessions import Sessions
from sessions.errors import SessionError
from tests.support import colour_engines
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tests.support.flux_layout import Family, write_checkpoint
from tools.engines import registry
from tools.errors import Cancelled
from tools.inpainting.flux.engine import FluxEngine
from tools.pictures import write_picture

FAMILIES: tuple[Family, ...] = get_args(Family)
State = tuple[int, int, bytes]
SOFA, RUG = "make the sofa floral", "make the rug wrinkled"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[Family, Path]:
    root = tmp_path_factory.mktemp("flux")
    return {family: write_checkpoint(root / family, family) for family in FAMILIES}


@pytest.fixture(scope="module")
def as_ever() -> dict[Family, State]:
    """What each family's engine makes of the second sentence where nothing had failed before."""
    return {}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, an empty cache of the hub's, a finder of plain colours, and no network."""
    colour_engines.register_for(monkeypatch)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    write_picture("flat.png", room())
    return tmp_path


def engine_of(name: Path) -> FluxEngine:
    engine = registry.load_inpainter(str(name))
    assert isinstance(engine, FluxEngine)
    engine.areas, engine.area, engine.steps = (32 * 32, 64 * 64), 64 * 64, 2
    return engine


def edit(run: Run, painter: str | Path, *sentences: str) -> tuple[int, str, str]:
    return run("edit", "flat.png", *sentences, "-o", "out.png", "--session", "s", "--inpainter", painter)


def refusal(result: tuple[int, str, str]) -> str:
    code, _, err = result
    assert code == 1
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    assert "went wrong inside" not in err
    return err


def state() -> State:
    """The session's head, how many versions it has, and its pixels."""
    with Sessions().open("s") as session:
        return session.head, len(session.versions), session.picture().tobytes()


@contextmanager
def full(engine: FluxEngine, place: str) -> Iterator[None]:
    """A card that runs out of memory whenever the engine comes to a place."""

    def out_of_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with pytest.MonkeyPatch.context() as patched:
        if place == "words":
            patched.setattr(engine._prompts.encoder, "encode", out_of_memory)
            yield
            return
        parts = {
            "transformer": engine.pipeline.transformer.transformer_blocks[-1],
            "vae": engine.pipeline.vae.decoder.conv_out,
        }
        hook = parts[place].register_forward_pre_hook(out_of_memory)
        try:
            yield
        finally:
            hook.remove()


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        (SessionError("There is no\n  session x."), "There is no session x.", 1),
        (Cancelled(), "Cancelled.", 130),
        (MemoryError(), "This machine has too little memory for that: use a smaller picture.", 1),
        (ValueError("a\nb."), "Something went wrong inside InpaLLa: ValueError, a b (details in ", 1),
    ],
)
def test_any_exception_is_one_sentence_and_an_exit_code(
    home: Path, error: Exception, sentence: str, code: int
) -> None:
    said = failure(error)
    assert said.sentence.startswith(sentence)
    assert "\n" not in said.sentence
    assert said.code == code
    assert said.foreseen != (home / "data" / "log.txt").exists()


@pytest.mark.parametrize("place", ["words", "transformer", "vae"])
@pytest.mark.parametrize("family", FAMILIES)
def test_without_memory_a_sentence_is_refused_and_the_next_one_is_as_ever(
    home: Path,
    checkpoints: dict[Family, Path],
    as_ever: dict[Family, State],
    inpalla: Run,
    family: Family,
    place: str,
) -> None:
    engine = engine_of(checkpoints[family])
    assert edit(inpalla, checkpoints[family], SOFA)[0] == 0
    shutil.copytree("data", "before")
    before = state()
    with full(engine, place):
        said = refusal(edit(inpalla, checkpoints[family], RUG))
        replay = ("replay", "out.png", "-o", "again.png", "--inpainter", str(checkpoints[family]))
        again = refusal(inpalla(*replay)) if place != "words" else said
    full_card = "too little free memory" if place == "words" else "There is not enough memory for"
    assert full_card in said
    assert "use a smaller preset" in said
    assert full_card in again
    assert not Path("again.png").exists()
    assert state() == before

    # Its weights lie outside the card now: the pixels are the same, and so is the next sentence's picture.
    assert edit(inpalla, checkpoints[family], RUG)[0] == 0
    after = state()
    if family not in as_ever:
        shutil.rmtree("data")
        Path("before").rename("data")
        registry._loaded.clear()
        engine_of(checkpoints[family])
        assert edit(inpalla, checkpoints[family], RUG)[0] == 0
        as_ever[family] = state()
    assert as_ever[family] == after


def test_without_memory_to_load_a_painter(
    home: Path, checkpoints: dict[Family, Path], inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_of(checkpoints["klein"])
    assert edit(inpalla, checkpoints["klein"], SOFA)[0] == 0
    before = state()
    registry._loaded.clear()

    def out_of_memory(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    with monkeypatch.context() as patched:
        patched.setattr("tools.inpainting.flux.loading._part", out_of_memory)
        said = refusal(edit(inpalla, checkpoints["klein"], RUG))
    assert "too little free memory to load" in said
    assert "choose a smaller preset" in said
    assert state() == before
    engine_of(checkpoints["klein"])
    assert edit(inpalla, checkpoints["klein"], RUG)[0] == 0


def test_a_painter_that_is_not_here_is_told_with_its_licence_and_nobody_is_asked(
    home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edit(inpalla, "colour-painter", SOFA)[0] == 0
    before = state()

    def refuse(*_: object) -> None:
        raise AssertionError("a network call")

    with monkeypatch.context() as patched:
        patched.setattr(socket.socket, "connect", refuse)
        gated = refusal(edit(inpalla, "flux-fill", RUG))
        free = refusal(edit(inpalla, "flux-klein", RUG))
    assert "accept its licence (FLUX.1 [dev] Non-Commercial License) on https://" in gated
    assert "log in with hf auth login" in gated
    assert "inpalla setup --inpainter flux-fill" in gated
    assert "fetch it with inpalla setup --inpainter flux-klein" in free
    assert state() == before
    assert edit(inpalla, "colour-painter", RUG)[0] == 0


def test_a_hub_that_is_down(home: Path, inpalla: Run) -> None:
    assert edit(inpalla, "colour-painter", SOFA)[0] == 0
    before = state()
    said = refusal(inpalla("setup", "--inpainter", "flux-klein"))
    assert "cannot be reached: look at HF_ENDPOINT" in said
    assert state() == before
    assert edit(inpalla, "colour-painter", RUG)[0] == 0
