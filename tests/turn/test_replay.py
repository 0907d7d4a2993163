"""Painting again what was written down: request.json and exported PNGs, through the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sessions import Changes, NewLayer, Sessions
from sessions.compose import compose
from sessions.pictures import digest_of
from sessions.recipes import recipe_of_one, texts
from tests.support import colour_engines
from tests.support.colour_engines import ColourPainter, room
from tests.support.command_line import Run
from tests.support.flux_layout import Family, write_checkpoint
from tools.engines import registry
from tools.errors import OutOfMemory
from tools.inpainting.base import Inpainter, Job, MaskedEdit, Painted, inpaint
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.request import Request
from tools.kinds import Kind
from tools.pictures import read_picture, write_picture


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which is also where the commands run."""
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def flat(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flat room, and engines that work on plain colours."""
    colour_engines.register_for(monkeypatch)
    return write_picture(home / "flat.png", room())


def replayed(run: Run, *arguments: str | Path) -> dict[str, Any]:
    code, out, err = run("replay", *arguments, "--json")
    assert (code, err) == (0, "")
    values: dict[str, Any] = json.loads(out)
    return values


def refusal(run: Run, *arguments: str | Path) -> str:
    code, out, err = run("replay", *arguments)
    assert (code, out) == (2 if "There is no preset" in err else 1, "")
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    return err


def request(home: Path, layer: int, revision: int = 0) -> Path:
    return home / "data" / "sessions" / "s" / "layers" / str(layer) / str(revision) / "request.json"


def pixels(path: str | Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return read_picture(path).pixels


def sofa() -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros(room().shape[:2], np.bool_)
    mask[60:95, 20:70] = True
    return mask


def request_of(edit: MaskedEdit, engine: Inpainter, painted: Painted) -> Request:
    """The request of an edit of the room's sofa."""
    return Request(
        picture=digest_of(room()), mask=digest_of(edit.mask), prompt=edit.prompt, kind=edit.kind,
        seed=edit.seed, steps=edit.steps or engine.steps, guidance=engine.guidance, engine=engine.name,
        revision=engine.revision, area=painted.area, target=edit.target, batch=painted.batch,
    )  # fmt: skip


def test_the_pocket_models_paint_the_same_pixels_again(home: Path, inpalla: Run) -> None:
    from agent.turn.editor import sample_room

    sentence = "change the sofa to red leather"
    assert inpalla("edit", sample_room(), sentence, "-o", "out.png", "--session", "s")[0] == 0
    again = replayed(inpalla, "out.png", "-o", "again.png")
    assert again == {"output": str(home / "again.png"), "layers": [0], "identical": True}
    assert (home / "again.png").read_bytes() == (home / "out.png").read_bytes()

    again = replayed(inpalla, request(home, 0), "-o", "layer.png")
    assert (again["layers"], again["identical"]) == ([0], True)
    with Sessions().open("s") as session:
        assert np.array_equal(pixels("layer.png"), compose(session.picture(0), [session.patch(0)]))


def test_a_request_is_painted_over_what_lay_below_it_then(home: Path, flat: Path, inpalla: Run) -> None:
    inpalla("edit", flat, "make the sofa red", "make the rug green", "-o", "two.png", "--session", "s")
    inpalla("edit", flat, "make the sofa blue", "undo only the rug", "-o", "late.png", "--session", "s")
    again = replayed(inpalla, request(home, 1), "-o", "rug.png")
    assert (again["layers"], again["identical"]) == ([1], True)
    assert np.array_equal(pixels("rug.png"), pixels("two.png"))  # the sofa is red there
    replayed(inpalla, request(home, 0, 1), "-o", "sofa.png")
    assert np.array_equal(pixels("sofa.png"), pixels("late.png"))
    # And what was saved can be painted again itself.
    assert replayed(inpalla, "rug.png", "-o", "twice.png")["layers"] == [0, 1]
    assert Path("rug.png").read_bytes() == Path("twice.png").read_bytes()


def test_a_picture_finds_what_does_not_show_any_more(home: Path, flat: Path, inpalla: Run) -> None:
    """The rug was painted over a red sofa, beside which it lies; now the sofa is blue, on another branch."""
    sentences = ("make the sofa red", "make the rug green", "make the lamp white", "undo", "undo",
                 "make the sofa blue", "put the rug back")  # fmt: skip
    assert inpalla("edit", flat, *sentences, "-o", "out.png", "--session", "s")[0] == 0
    with Sessions().open("s") as session:
        shown = [layer.id for layer in session.layers if layer.visible]
    again = replayed(inpalla, "out.png", "-o", "again.png")
    assert set(again["layers"]) == set(shown)
    assert again["identical"]
    assert Path("out.png").read_bytes() == Path("again.png").read_bytes()


def test_a_picture_that_travelled_needs_its_base_alone(home: Path, flat: Path, inpalla: Run) -> None:
    inpalla("edit", flat, "make the sofa red and the rug green", "make the sofa blue", "-o", "out.png")
    shutil.rmtree(home / "data")
    said = refusal(inpalla, "out.png", "-o", "again.png")
    assert "--picture" in said
    assert not Path("again.png").exists()
    Image.new("RGB", (160, 120)).save("other.png")
    assert "another picture" in refusal(inpalla, "out.png", "-o", "again.png", "--picture", "other.png")
    given = ("--picture", "other.png", "--picture", flat)
    assert replayed(inpalla, "out.png", "-o", "again.png", *given)["identical"]
    assert Path("out.png").read_bytes() == Path("again.png").read_bytes()


def test_a_request_that_travelled_needs_its_picture_and_mask(home: Path, flat: Path, inpalla: Run) -> None:
    sentences = ("make the sofa red", "make the rug green")
    inpalla("edit", flat, *sentences, "-o", "out.png", "--session", "s")
    inpalla("sessions", "export", "s", "-o", "below.png", "--version", "1")
    inpalla("segment", "below.png", "the rug", "-o", "mask.png")
    inpalla("segment", "below.png", "the sofa", "-o", "sofa.png")
    shutil.copy(request(home, 1), home / "mine.json")
    shutil.rmtree(home / "data")
    assert "--picture" in refusal(inpalla, "mine.json", "-o", "again.png", "--mask", "mask.png")
    assert "--mask" in refusal(inpalla, "mine.json", "-o", "again.png", "--picture", "below.png")
    given = ("-o", "again.png", "--picture", "below.png", "--mask")
    assert "another mask" in refusal(inpalla, "mine.json", *given, "sofa.png")
    assert replayed(inpalla, "mine.json", *given, "mask.png") == {
        "output": str(home / "again.png"), "layers": [1], "identical": True,
    }  # fmt: skip
    assert np.array_equal(pixels("again.png"), pixels("out.png"))
    # From the base picture the layer below is painted, too.
    again = replayed(inpalla, "mine.json", "-o", "all.png", "--picture", flat, "--mask", "mask.png",
                     "--mask", "sofa.png")  # fmt: skip
    assert again["layers"] == [0, 1]
    assert np.array_equal(pixels("all.png"), pixels("out.png"))


def test_what_inpaint_saved_is_painted_again(home: Path, flat: Path, inpalla: Run) -> None:
    inpalla("segment", flat, "the sofa", "-o", "mask.png")
    told = ("--target", "the sofa", "--seed", "7")
    inpalla("inpaint", flat, "mask.png", "a mottled sofa", "-o", "out.png", *told)
    assert replayed(inpalla, "out.png", "-o", "again.png", "--picture", flat)["identical"]
    assert Path("out.png").read_bytes() == Path("again.png").read_bytes()
    assert "--picture" in refusal(inpalla, "out.png", "-o", "again.png")
    engine = registry.load_inpainter("colour-painter")
    assert isinstance(engine, ColourPainter)
    assert [job.target for job in engine.painted] == ["the sofa"] * 2


def test_with_too_little_memory_it_is_painted_smaller_and_told(
    home: Path, flat: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = registry.load_inpainter("colour-painter")
    paint = engine.paint
    room_for = 64 * 64

    def short(jobs: Sequence[Job], **rest: Any) -> Any:
        if sum(job.mask.size for job in jobs) > room_for:
            raise OutOfMemory("The card is full.")
        return paint(jobs, **rest)

    monkeypatch.setattr(engine, "paint", short)
    inpalla("edit", flat, "make the sofa red", "-o", "large.png", "--session", "s")
    room_for = 48 * 48
    code, out, err = inpalla("replay", "large.png", "-o", "again.png")
    assert (code, err) == (0, "Low memory: painting smaller.\n")
    assert "there was too little memory" in out

    # What had to be painted smaller the first time is painted so again, however much memory there is.
    inpalla("edit", flat, "make the sofa red", "-o", "small.png", "--session", "t")
    room_for = 64 * 64
    assert replayed(inpalla, "small.png", "-o", "again.png")["identical"]
    assert Path("small.png").read_bytes() == Path("again.png").read_bytes()


def test_an_engine_that_does_not_fit_the_presets_card_streams(
    home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny FLUX.2-klein, where the published one would lie: 16 bits do not fit a card of 8 GB."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home / "hub"))
    repository = home / "hub" / "models--black-forest-labs--FLUX.2-klein-4B"
    write_checkpoint(repository / "snapshots" / "0123abcd", "klein")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")

    def loaded() -> FluxEngine:
        engine = registry.load_inpainter("flux-klein")
        assert isinstance(engine, FluxEngine)
        return engine

    def again(*arguments: str | Path) -> FluxEngine:
        monkeypatch.setattr(registry, "_loaded", {})
        code, out, _ = inpalla("replay", *arguments, "-o", "again.png", "--json")
        assert code == 0
        assert json.loads(out)["identical"]
        return loaded()

    monkeypatch.setattr(registry, "_loaded", {})
    engine = loaded()
    edit = MaskedEdit(sofa(), "a red sofa", "restyle", 3, steps=2, area=64 * 64, target="the sofa")
    (painted,) = inpaint(room(), [edit], {"restyle": engine})
    made = request_of(edit, engine, painted)
    layer = NewLayer("the sofa", "a red sofa", "restyle", edit.mask, painted.patch, made.model_dump(), 0.1)
    with Sessions().create("s", room(), preset="8gb") as session:
        session.commit(Changes(layers=(layer,)), "make the sofa red")
        session.export("out.png")
    assert again("out.png").weight_bytes == engine.weight_bytes
    assert again("out.png", "--preset", "80gb").weight_bytes == engine.weight_bytes
    assert again("out.png", "--preset", "8gb").weight_bytes < engine.weight_bytes
    assert again(request(home, 0)).weight_bytes < engine.weight_bytes  # by its session's preset
    assert "There is no preset '25gb'" in refusal(inpalla, "out.png", "-o", "again.png", "--preset", "25gb")


def test_another_engine_or_revision_is_refused(
    home: Path, flat: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    inpalla("edit", flat, "make the sofa red", "-o", "out.png", "--session", "s")
    engine = registry.load_inpainter("colour-painter")
    assert isinstance(engine, ColourPainter)
    monkeypatch.setattr(engine, "revision", "2")
    for file, way_on in ((Path("out.png"), "inpalla chat out.png"), (request(home, 0), "chat --session s")):
        said = refusal(inpalla, file, "-o", "again.png")
        assert "in revision 1. Revision 2, which is on this machine," in said
        assert way_on in said
    text = request(home, 0).read_text()
    Path("gone.json").write_text(text.replace("colour-painter", "no-such-painter"))
    assert "no inpainter 'no-such-painter'" in refusal(inpalla, "gone.json", "-o", "again.png")
    assert not Path("again.png").exists()


def test_pixels_that_differ_are_told(
    home: Path, flat: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    inpalla("edit", flat, "make the sofa red", "-o", "out.png", "--session", "s")
    engine = registry.load_inpainter("colour-painter")
    paint = engine.paint
    monkeypatch.setattr(engine, "paint", lambda jobs, **rest: [crop ^ 1 for crop in paint(jobs, **rest)])
    code, out, err = inpalla("replay", "out.png", "-o", "again.png")
    assert (code, err) == (0, "")
    assert "pixels differ from the first time" in out
    assert not replayed(inpalla, request(home, 0), "-o", "again.png")["identical"]


def test_what_holds_no_request_is_refused(home: Path, flat: Path, inpalla: Run) -> None:
    inpalla("edit", flat, "make the sofa red", "-o", "out.png", "--session", "s")
    whole = Path("out.png").read_bytes()
    Path("cut.png").write_bytes(whole[:60])
    Path("words.json").write_text("these are no requests")
    Path("list.json").write_text("[1, 2]")
    Path("half.json").write_text(json.dumps({"request": {}, "layer": 0}))
    values = json.loads(request(home, 0).read_text())
    del values["request"]["seed"]
    Path("old.json").write_text(json.dumps(values))
    note = PngInfo()
    note.add_itxt("inpalla", '{"what": "else"}')
    Image.fromarray(room()).save("else.png", pnginfo=note)
    (home / "folder").mkdir()
    for name in ("cut.png", "words.json", "list.json", "half.json", "else.png", "flat.png", "folder", "none"):
        refusal(inpalla, name, "-o", "again.png")
    assert "another release" in refusal(inpalla, "old.json", "-o", "again.png")
    assert "must end in" in refusal(inpalla, "out.png", "-o", "again.xyz")
    assert inpalla("replay", "out.png")[0] == 2


def test_the_form_of_the_base_picture_is_kept(home: Path, flat: Path, inpalla: Run) -> None:
    veil = np.full((120, 160), 200, np.uint8)
    veil[:50] = 7
    grey = Image.fromarray(room()).convert("L")
    Image.merge("LA", (grey, Image.fromarray(veil))).save("grey.png")
    inpalla("edit", "grey.png", "make the sofa white", "-o", "out.png", "--session", "s")
    assert Image.open("out.png").mode == "LA"
    replayed(inpalla, "out.png", "-o", "again.png")
    assert Path("out.png").read_bytes() == Path("again.png").read_bytes()
    replayed(inpalla, request(home, 0), "-o", "layer.png")
    assert np.array_equal(np.asarray(Image.open("layer.png")), np.asarray(Image.open("out.png")))


def test_a_session_that_is_open_elsewhere_does_no_harm(home: Path, flat: Path, inpalla: Run) -> None:
    inpalla("edit", flat, "make the sofa red", "-o", "out.png", "--session", "s")
    with Sessions().open("s"):
        assert replayed(inpalla, request(home, 0), "-o", "again.png")["identical"]


@pytest.mark.parametrize("family", ["fill", "kontext", "klein"])
def test_engines_in_the_published_layouts_paint_the_same_bytes_again(
    home: Path, flat: Path, inpalla: Run, family: Family
) -> None:
    """Tiny random checkpoints, two steps: they paint noise, and the same noise again from the request."""
    name = str(write_checkpoint(home / family, family))
    engine = registry.load_inpainter(name)
    kind: Kind = "replace" if family == "fill" else "restyle"
    edit = MaskedEdit(sofa(), "a red sofa", kind, 3, steps=2, area=64 * 64, target="the sofa")
    (painted,) = inpaint(room(), [edit], {kind: engine})
    made = request_of(edit, engine, painted)
    recipe = recipe_of_one((160, 120), made.model_dump(), painted.patch)
    picture = compose(room(), [painted.patch])
    assert not np.array_equal(picture, room())
    write_picture("out.png", picture, metadata=texts(recipe, {made.mask: edit.mask}))
    # The libraries' own remarks are silenced by the command line, if it is first to import them.
    line = ("replay", "out.png", "-o", "again.png", "--picture", flat, "--json")
    code, _, said = inpalla(*line)
    assert code == 1  # no file leads to another of its own accord
    assert "--inpainter" in said
    code, out, _ = inpalla(*line, "--inpainter", name)
    assert code == 0
    assert json.loads(out)["identical"]
    assert Path("out.png").read_bytes() == Path("again.png").read_bytes()
