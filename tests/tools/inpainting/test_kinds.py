"""Every engine and every kind of edit: what it cannot carry out is refused in one sentence, everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image

from agent.cli import main
from pocket import rooms
from tests.support import sd15_layout
from tools.engines import registry, specs
from tools.errors import EngineError, WrongUsageError
from tools.inpainting.base import MaskedEdit, capabilities_of, compute, inpaint, vary
from tools.kinds import KINDS, Kind

COMPUTING = [each.name for each in specs.ENGINES.values() if each.role == "computed"]
LIMITED = [each for each in specs.ENGINES.values() if each.no_others]
PAIRS = [(each.name, kind) for each in LIMITED for kind in KINDS if kind not in each.kinds]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds") / "hub"
    sd15_layout.write_hub(folder)
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A drawn room, a mask, and the published engines in small."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(registry, "_loaded", dict(registry._loaded))
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    Image.fromarray(picture()).save("room.png")
    Image.fromarray(mask()).save("mask.png")
    yield tmp_path
    for name in ("lama", "sd15-inpainting"):
        registry._loaded.pop(("inpainter", name), None)


@pytest.fixture
def inpalla(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main.run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def picture() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return rooms.render(rooms.make_scene(7), (320, 240)).picture


def mask() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    made = np.zeros((240, 320), bool)
    made[80:150, 100:200] = True
    return made


@pytest.mark.parametrize("engine", LIMITED, ids=lambda each: each.name)
def test_an_engine_says_what_its_row_says(engine: specs.Engine) -> None:
    loaded = registry.load_computing(engine.name)
    assert capabilities_of(loaded).kinds == engine.kinds


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_another_kind_is_one_sentence_in_every_command(name: str, kind: Kind, inpalla: Run) -> None:
    sentence = f"{name} only "
    for chosen in (f"{kind}={name}", name):
        prompt = [] if kind == "remove" else ["a red cup"]
        code, out, err = inpalla(
            "inpaint", "room.png", "mask.png", *prompt, "--kind", kind, "-o", "o.png", "--inpainter", chosen
        )
        assert (code, out) == (2, "")
        assert err.startswith(sentence)
        assert f"so it cannot {kind}" in err
        assert f"--inpainter {specs.ENGINES[name].kinds[0]}={name}" in err
        assert err.count("\n") == 1
    for chosen in (f"{kind}={name}", name):
        code, out, err = inpalla("edit", "room.png", "make the bed red", "-o", "o.png", "--inpainter", chosen)
        assert (code, out) == (2, "")
        assert err.startswith(sentence)
    assert not Path("o.png").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [each.name for each in LIMITED])
def test_no_way_to_paint_ends_otherwise_than_in_a_sentence(name: str, kind: Kind) -> None:
    engine = registry.load_computing(name)
    edit = MaskedEdit(mask(), "a red cup", kind, 1, grow=0)
    if kind in specs.ENGINES[name].kinds and name not in COMPUTING:
        assert len(inpaint(picture(), [edit], {kind: engine})) == 1  # type: ignore[dict-item]
        return
    with pytest.raises(EngineError, match=name):
        inpaint(picture(), [edit], {kind: engine})  # type: ignore[dict-item]
    with pytest.raises(EngineError, match=name):
        vary(picture(), edit, [1, 2], {kind: engine})  # type: ignore[dict-item]
    if kind not in specs.ENGINES[name].kinds:
        with pytest.raises(EngineError, match=f"{name} only"):
            compute(picture(), edit, engine)


def test_an_engine_that_computes_can_be_chosen_for_what_it_does(inpalla: Run) -> None:
    command = ("inpaint", "room.png", "mask.png")
    chosen = ("-o", "o.png", "--kind", "restyle", "--target", "the sofa", "--inpainter", "restyle=recolour")
    code, _, err = inpalla(*command, "a red sofa", *chosen)
    assert (code, err) == (0, "")
    code, _, err = inpalla(*command, "a leather sofa", *chosen)
    assert code == 1
    assert err == "recolour paints nothing, and “a leather sofa” is not what it computes.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("edit", "room.png", "make it red", "-o", "o.png", "--inpainter", "sd15"), "There is no inpainter"),
        (("edit", "room.png", "undo", "-o", "o.png", "--inpainter", "foo=lama"), "There is no kind of edit"),
        (("edit", "room.png", "undo", "-o", "o.png", "--preset", "smal"), "There is no preset 'smal'"),
        (("edit", "room.png", "undo", "-o", "o.png", "--planner", "gpt"), "There is no planner"),
        (("chat", "room.png", "--preset", "smal"), "There is no preset 'smal'"),
        (("chat", "room.png", "--inpainter", "sd15"), "There is no inpainter"),
        (("inpaint", "room.png", "mask.png", "a", "-o", "o.png", "--inpainter", "x"), "There is no inp"),
        (("inpaint", "room.png", "mask.png", "a", "-o", "o.png", "--preset", "smal"), "There is no preset"),
        (("segment", "room.png", "a", "-o", "m.png", "--segmenter", "lisa"), "There is no segmenter"),
        (("segment", "room.png", "a", "-o", "m.png", "--preset", "smal"), "There is no preset"),
        (("setup", "--preset", "smal"), "There is no preset"),
        (("setup", "--inpainter", "sd15"), "There is no inpainter"),
        (("setup", "--segmenter", "lisa"), "There is no segmenter"),
        (("doctor", "--preset", "smal"), "There is no preset"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_knows_is_wrong_usage(arguments: tuple[str, ...], said: str, inpalla: Run) -> None:
    code, out, err = inpalla(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_wrong_usage_is_told_by_its_type() -> None:
    with pytest.raises(WrongUsageError):
        registry.find_preset("pocket", {"add": "lama"})


def test_inpaint_does_not_paint_on_what_is_no_drawn_room_by_itself(inpalla: Run) -> None:
    grain = np.random.default_rng(1).normal(0, 12, (240, 320, 3))
    Image.fromarray(np.clip(picture() + grain, 0, 255).astype(np.uint8)).save("photo.png")
    command = ("inpaint", "photo.png", "mask.png", "-o", "o.png")
    for words in (("a cat",), ("--kind", "remove"), ("a leather sofa", "--kind", "restyle")):
        code, out, err = inpalla(*command, *words)
        assert (code, out) == (1, "")
        assert "not a drawn room" in err
        assert err.endswith("--yes goes on all the same.\n")
        assert not Path("o.png").exists()
    colour = ("a red sofa", "--kind", "restyle", "--target", "the sofa")
    assert inpalla(*command, *colour)[0] == 0  # computed, and right on any picture
    assert inpalla(*command, "a cat", "--yes")[0] != 2
