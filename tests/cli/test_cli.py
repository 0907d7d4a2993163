"""The command line as scripts see it: exit codes, JSON, one sentence for whatever goes wrong."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from agent.cli import main
from sessions import Sessions
from tests.support import colour_engines
from tests.support.colour_engines import MARK, PAINTS, THINGS, Pixels, room
from tools.engines import registry
from tools.kinds import Kind
from tools.pictures import read_picture, write_picture

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def is_refusal(self) -> bool:
        """Exit code 1 and nothing but one line on stderr."""
        said = self.err.strip()
        return self.code == 1 and bool(said) and "\n" not in said and "Traceback" not in said


Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which is also where the command runs, and engines that work on plain colours."""
    for name in ("SEGMENTERS", "INPAINTERS", "PRESETS"):
        monkeypatch.setattr(registry, name, getattr(registry, name))
    colour_engines.register()
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def inpalla(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> Result:
        code = main.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def picture(home: Path) -> Path:
    return write_picture(home / "flat.png", room())


def middle(pixels: Pixels, name: str) -> tuple[int, ...]:
    x0, y0, x1, y1 = THINGS[name][1]
    return tuple(int(value) for value in pixels[(y0 + y1) // 2, (x0 + x1) // 2])


def is_near(colour: Sequence[int], wanted: Sequence[int]) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(colour, wanted, strict=True))


def environment(home: Path, **more: str) -> Mapping[str, str]:
    return {**os.environ, "INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT), **more}


def started(home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """``inpalla`` with the engines of these tests, in a process of its own."""
    code = (
        "from tests.support import colour_engines; colour_engines.register();"
        " from agent.cli.main import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment(home, **more),
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- what works ---------------------------------------------------------------------------------------------


def test_help_comes_without_the_models(home: Path) -> None:
    code = (
        "import sys; from agent.cli.main import run; assert run(['--help']) == 0;"
        "heavy = {'torch', 'numpy', 'diffusers', 'transformers', 'langgraph', 'langchain_core', 'PIL',"
        " 'pydantic', 'sqlalchemy', 'rich', 'prompt_toolkit'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(home), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    commands = (
        "chat", "edit", "plan", "segment", "inpaint", "replay", "sessions", "train", "eval", "doctor",
        "setup",
    )  # fmt: skip
    for command in commands:
        assert command in done.stdout


def test_what_is_offered_names_its_session_and_is_kept_by_the_next_call(inpalla: Run, picture: Path) -> None:
    # The finder sees everything wherever it looks, so it is never gone.
    asked = inpalla("edit", picture, "remove the picture of everything", "-o", "out.png")
    assert (asked.code, asked.out) == (1, "")
    assert asked.err.endswith("fills most of the picture. Shall I go on? --yes goes on.\n")
    result = inpalla("edit", picture, "remove the picture of everything", "-o", "out.png", "--yes")
    assert (result.code, result.out) == (1, "")
    assert "say “keep it”" in result.err
    assert "--session flat-1" in result.err
    assert not Path("out.png").exists()
    assert inpalla("edit", picture, "keep it", "-o", "out.png", "--session", "flat-1").code == 0
    assert middle(read_picture("out.png").pixels, "lamp") != middle(room(), "lamp")


def test_edit_prints_one_object_a_sentence_as_the_contract_says(inpalla: Run, picture: Path) -> None:
    result = inpalla(
        "edit", picture, "make the sofa red", "darker", "undo", "-o", "out.png", "--session", "s", "--json"
    )
    assert (result.code, result.err) == (0, "")
    first, second, third = result.lines
    assert set(first) == {"session", "version", "plan", "edits", "output", "seconds"}
    assert set(first["seconds"]) == {"plan", "locate", "paint", "total"}
    assert first["plan"]["steps"] == [
        {"do": "edit", "target": "the sofa", "prompt": "a red sofa", "kind": "restyle"}
    ]
    (edit,) = first["edits"]
    assert list(edit) == [
        "layer", "target", "prompt", "kind", "mask", "box", "area", "seconds", "outcome",
    ]  # fmt: skip
    assert (edit["layer"], edit["outcome"]) == (0, "done")
    assert edit["area"] == pytest.approx(50 * 35 / (160 * 120))
    assert Path(edit["mask"]).is_absolute()
    mask = np.asarray(Image.open(edit["mask"]))
    assert mask.shape == (120, 160)
    assert set(np.unique(mask)) == {0, 255}
    assert first["output"] == str(Path("out.png").absolute())
    assert [line["version"] for line in result.lines] == [1, 2, 1]
    assert second["plan"]["steps"][0]["layer"] == 0
    assert third["edits"] == []

    pixels = read_picture("out.png").pixels
    assert is_near(middle(pixels, "sofa"), PAINTS["red"])
    x0, y0, x1, y1 = edit["box"]
    pixels[y0:y1, x0:x1] = room()[y0:y1, x0:x1]
    assert np.array_equal(pixels, room())


@pytest.mark.parametrize("size", [(4032, 3024), (67, 1001)])
def test_nothing_changes_outside_the_box_at_any_size(inpalla: Run, home: Path, size: tuple[int, int]) -> None:
    rows = np.arange(size[1]) * 120 // size[1]
    columns = np.arange(size[0]) * 160 // size[0]
    before = room()[np.ix_(rows, columns)]
    before[::7, ::5] += 4
    write_picture(home / "large.bmp", before)
    result = inpalla("edit", "large.bmp", "make the sofa red", "-o", "out.bmp", "--json")
    assert result.code == 0
    x0, y0, x1, y1 = result.lines[0]["edits"][0]["box"]
    after = read_picture("out.bmp").pixels
    assert after.shape == before.shape
    assert is_near(after[(y0 + y1) // 2, (x0 + x1) // 2].tolist(), PAINTS["red"])
    after[y0:y1, x0:x1] = before[y0:y1, x0:x1]
    assert np.array_equal(after, before)


def test_edit_makes_a_session_named_after_the_picture_and_can_go_on_with_it(
    inpalla: Run, picture: Path
) -> None:
    assert inpalla("edit", picture, "make the sofa red", "-o", "one.png").code == 0
    assert inpalla("edit", picture, "make it blue", "-o", "two.webp", "--session", "flat-1").code == 0
    assert is_near(middle(read_picture("two.webp").pixels, "sofa"), PAINTS["blue"])
    assert inpalla("edit", picture, "make the sofa green", "-o", "one.png").code == 0
    listed = inpalla("sessions", "list").out
    assert "flat-1" in listed
    assert "flat-2" in listed


def test_what_is_not_there_is_said_and_the_rest_is_saved(inpalla: Run, picture: Path) -> None:
    result = inpalla("edit", picture, "make the piano black", "-o", "out.png")
    assert result.is_refusal()
    assert result.err.strip().endswith("I see no piano. There are: a sofa, a lamp, a rug and a picture.")
    assert not Path("out.png").exists()

    result = inpalla("edit", picture, "make the piano black and the sofa red", "-o", "out.png", "--json")
    assert result.code == 1
    assert "I see no piano" in result.err
    (line,) = result.lines
    assert [edit["outcome"] for edit in line["edits"]] == ["not found", "done"]
    assert line["edits"][0]["mask"] is None
    assert is_near(middle(read_picture("out.png").pixels, "sofa"), PAINTS["red"])


def test_plan_counts_earlier_sentences_as_done_and_needs_no_picture(inpalla: Run) -> None:
    result = inpalla("plan", "make the sofa red and the walls white", "make it darker", "undo", "--json")
    assert result.code == 0
    first, second, third = result.lines
    assert [step["target"] for step in first["steps"]] == ["the sofa", "the walls"]
    assert second["steps"][0]["layer"] == 1
    assert third["steps"] == [{"do": "undo", "count": 1}]
    assert inpalla("plan", "make the sofa red").out == "the sofa → a red sofa\n"


def test_segment_writes_masks(inpalla: Run, picture: Path) -> None:
    result = inpalla("segment", picture, "the sofa", "the rug", "-o", "mask.png", "--json")
    assert result.code == 0
    assert [line["mask"] for line in result.lines] == [str(Path(f"mask-{n}.png").absolute()) for n in (1, 2)]
    mask = np.asarray(Image.open("mask-1.png"))
    x0, y0, x1, y1 = THINGS["sofa"][1]
    wanted = np.zeros((120, 160), np.uint8)
    wanted[y0:y1, x0:x1] = 255
    assert np.array_equal(mask, wanted)
    assert inpalla("segment", picture, "the lamp", "-o", "mask.png").code == 0
    assert Path("mask.png").is_file()

    result = inpalla("segment", picture, "the piano", "-o", "none.png")
    assert result.is_refusal()
    assert "I see no piano. There are:" in result.err
    assert not Path("none.png").exists()


def test_inpaint_paints_into_a_mask(inpalla: Run, picture: Path) -> None:
    inpalla("segment", picture, "the sofa", "-o", "mask.png")
    arguments = ("inpaint", picture, "mask.png", "a green sofa", "-o", "out.png", "--json")
    result = inpalla(*arguments, "--kind", "restyle", "--seed", "8")
    assert result.code == 0
    assert result.lines[0]["seed"] == 8
    assert middle(read_picture("out.png").pixels, "sofa") == PAINTS["green"]
    assert inpalla("inpaint", picture, "mask.png", "-o", "out.png").is_refusal()
    assert inpalla("inpaint", picture, "mask.png", "-o", "out.png", "--kind", "remove").code == 0
    assert inpalla("inpaint", picture, "mask.png", "x", "-o", "out.png", "--kind", "melt").code == 2
    assert set(main.KINDS) == set(get_args(Kind))


def test_options_name_engines(inpalla: Run, picture: Path) -> None:
    inpalla("segment", picture, "the sofa", "-o", "mask.png", "--segmenter", "colour-finder")
    inpaint = ("inpaint", picture, "mask.png", "a red sofa", "-o", "out.png", "--inpainter")
    edit = ("edit", picture, "make the sofa red", "-o", "out.png", "--inpainter")
    for command in (inpaint, edit):
        for good in ("colour-painter", "restyle=colour-painter"):
            assert inpalla(*command, good).code == 0
        for bad in ("nosuch", "melt=colour-painter", ""):
            assert inpalla(*command, bad).is_refusal()
    assert inpalla(*edit, "add=nosuch").is_refusal()


def test_sessions_are_listed_shown_exported_and_removed(inpalla: Run, picture: Path) -> None:
    assert "no sessions yet" in inpalla("sessions", "list").out
    inpalla("edit", picture, "make the sofa red", "make it blue", "-o", "out.png", "--session", "mine")
    (line,) = inpalla("sessions", "list", "--json").lines
    assert (line["name"], line["size"], line["versions"]) == ("mine", [160, 120], 2)
    shown = inpalla("sessions", "show", "mine").out
    assert "make it blue" in shown
    assert "a blue sofa" in shown
    assert inpalla("sessions", "export", "mine", "-o", "one.png", "--version", "1").code == 0
    assert is_near(middle(read_picture("one.png").pixels, "sofa"), PAINTS["red"])
    assert inpalla("sessions", "export", "mine", "-o", "nine.png", "--version", "9").is_refusal()
    assert inpalla("sessions", "remove", "mine").code == 0
    for command in (("show", "mine"), ("remove", "mine"), ("export", "mine", "-o", "x.png")):
        assert inpalla("sessions", *command).is_refusal()


def test_setup_and_presets(inpalla: Run, picture: Path) -> None:
    assert inpalla("setup", "--preset", "pocket").code == 0
    assert inpalla("setup", "--preset", "nosuch").is_refusal()
    assert inpalla("edit", picture, "make the sofa red", "-o", "o.png", "--preset", "nosuch").is_refusal()
    assert inpalla("edit", picture, "make the sofa red", "-o", "o.png", "--planner", "nosuch").is_refusal()


# --- pictures -----------------------------------------------------------------------------------------------


def huge() -> bytes:
    """A PNG that says that it has 60000×60000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_pictures_that_cannot_be_read_get_one_sentence(inpalla: Run, home: Path, picture: Path) -> None:
    whole = picture.read_bytes()
    bad = {
        "truncated.png": whole[: len(whole) // 2],
        "empty.png": b"",
        "text.png": b"this is no picture\n" * 20,
        "huge.png": huge(),
    }
    for name, content in bad.items():
        (home / name).write_bytes(content)
    (home / "folder.png").mkdir()
    for name in (*bad, "missing.png", "folder.png"):
        for command in (
            ("edit", name, "make the sofa red", "-o", "out.png"),
            ("segment", name, "the sofa", "-o", "m.png"),
            ("inpaint", name, str(picture), "a sofa", "-o", "out.png"),
            ("inpaint", str(picture), name, "a sofa", "-o", "out.png"),
            ("plan", "make the sofa red", "--image", name),
            ("chat", name),
        ):
            result = inpalla(*command)
            assert result.is_refusal(), (command, result)
    assert not Path("out.png").exists()
    assert Sessions(home / "data" / "sessions").list() == []


def odd_pictures() -> Iterator[tuple[str, Image.Image, dict[str, Any]]]:
    plain = Image.fromarray(room())
    veil = np.full(room().shape[:2], 255, np.uint8)
    veil[:10] = 0
    turned = Image.Exif()
    turned[0x0112] = 6
    yield "cmyk.jpg", plain.convert("CMYK"), {"quality": 95}
    yield "palette.png", plain.quantize(64), {}
    yield "alpha.png", Image.merge("RGBA", (*plain.split(), Image.fromarray(veil))), {}
    yield "turned.jpg", plain.transpose(Image.Transpose.ROTATE_90), {"exif": turned, "quality": 95}
    yield "moving.gif", plain, {"save_all": True, "append_images": [Image.new("RGB", plain.size)]}
    yield "grey16.png", Image.fromarray(room()[..., 0].astype(np.uint16) * 257), {}


SAVED = {"cmyk.jpg": "RGB", "palette.png": "RGB", "alpha.png": "RGBA", "turned.jpg": "RGB",
         "moving.gif": "RGB", "grey16.png": "RGB"}  # fmt: skip


@pytest.mark.parametrize("odd", odd_pictures(), ids=lambda odd: str(odd[0]))
def test_odd_pictures_are_edited(
    inpalla: Run, home: Path, odd: tuple[str, Image.Image, dict[str, Any]]
) -> None:
    name, image, options = odd
    image.save(home / name, **options)
    result = inpalla("edit", name, "make the sofa red", "-o", "out.png")
    assert (result.code, result.err) == (0, "")
    saved = Image.open("out.png")
    assert (saved.size, saved.mode) == ((160, 120), SAVED[name])
    assert is_near(middle(read_picture("out.png").pixels, "sofa"), PAINTS["red"])
    if saved.mode == "RGBA":
        assert set(np.unique(np.asarray(saved)[:10, :, 3])) == {0}


def of_mode(mode: str, height: int, width: int, seed: int) -> Image.Image:
    """Noise in a mode: every value that the file may hold."""
    draw = np.random.default_rng(seed).integers
    if mode == "I;16":
        return Image.fromarray(draw(0, 65536, (height, width), dtype=np.uint16))
    if mode == "P":
        return Image.fromarray(draw(0, 256, (height, width, 3), dtype=np.uint8)).quantize(256)
    shape = (height, width, len(mode)) if len(mode) > 1 else (height, width)
    return Image.fromarray(draw(0, 256, shape, dtype=np.uint8))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA", "I;16", "P"]),
    width=st.integers(16, 90),
    height=st.integers(16, 90),
    suffix=st.sampled_from(["png", "tif"]),
    paint=st.sampled_from(["orange", "black"]),
    seed=st.integers(0, 2**16),
)
def test_a_mode_is_kept_and_everything_outside_the_mask(
    inpalla: Run, home: Path, mode: str, width: int, height: int, suffix: str, paint: str, seed: int
) -> None:
    """A grey picture into which a colour is painted becomes one in colour, with the same greys."""
    before = of_mode(mode, height, width, seed)
    before.save("in.png")
    hole = np.zeros((height, width), np.uint8)
    hole[height // 3 : height // 2 + 2, width // 4 : width // 3 + 2] = 255
    Image.fromarray(hole).save("mask.png")
    result = inpalla("inpaint", "in.png", "mask.png", paint, "-o", f"out.{suffix}", "--json")
    assert (result.code, result.err) == (0, "")
    after = Image.open(f"out.{suffix}")
    wanted = {"P": "RGB"}.get(mode, mode)
    if paint == "orange":
        wanted = {"L": "RGB", "LA": "RGBA", "I;16": "RGB"}.get(wanted, wanted)
    assert after.mode == wanted
    if mode == "I;16" and wanted == "RGB":
        before = Image.fromarray(np.rint(np.asarray(before) / 257).astype(np.uint8))
    old, new = np.asarray(before.convert(wanted)), np.asarray(after)
    x0, y0, x1, y1 = result.lines[0]["box"]
    outside = np.ones((height, width), np.bool_)
    outside[y0:y1, x0:x1] = False
    assert np.array_equal(new[outside], old[outside])
    colours = new[..., : 1 if wanted == "LA" else 3] if new.ndim == 3 else new[..., None]
    if wanted in ("LA", "RGBA"):
        assert np.array_equal(new[..., -1], old[..., -1])
    painted = [
        int(value) // (257 if wanted == "I;16" else 1) for value in colours[height // 3 + 1, width // 4 + 1]
    ]
    assert is_near(painted, PAINTS[paint][: len(painted)])


def test_a_photo_is_edited_after_a_warning(inpalla: Run, home: Path) -> None:
    grain = np.random.default_rng(1).normal(0, 8, (120, 160, 3))
    shade = np.linspace(-40, 40, 160)[None, :, None]
    photo = np.clip(room() + grain + shade, 0, 255).astype(np.uint8)
    write_picture(home / "photo.png", photo)
    result = inpalla("edit", "photo.png", "make the sofa red", "make the rug green", "-o", "out.png")
    assert result.code == 0
    assert result.out.count("This is no drawn room, and the pocket models know nothing else") == 1
    assert Path("out.png").is_file()


# --- sentences, outputs, names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence", ["", "   ", "?!", "x" * 10_000, "make the sofa " + "very " * 2000 + "red"]
)
def test_sentences_that_say_nothing_or_too_much(inpalla: Run, picture: Path, sentence: str) -> None:
    assert inpalla("edit", picture, sentence, "-o", "out.png").is_refusal()
    assert inpalla("plan", sentence, "--json").is_refusal()
    assert not Path("out.png").exists()


@pytest.mark.parametrize(
    "sentence", ["mach das Sofa rot", "ソファを赤くして", "hello", "🛋️ 👉 🟥", "'; DROP TABLE"]
)
def test_sentences_that_ask_for_no_edit(inpalla: Run, picture: Path, sentence: str) -> None:
    result = inpalla("edit", picture, sentence, "-o", "out.png", "--session", "s")
    assert result.is_refusal()
    assert inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", "s").code == 0


def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    inpalla: Run, home: Path, picture: Path
) -> None:
    (home / "folder.png").mkdir()
    inpalla("segment", picture, "the sofa", "-o", "mask.png")
    for output in ("nowhere/out.png", "folder.png", "out.xyz", "out", "x" * 300 + ".png"):
        assert inpalla("edit", picture, "make the sofa red", "-o", output).is_refusal(), output
        assert inpalla("segment", picture, "the sofa", "-o", output).is_refusal(), output
        assert inpalla("inpaint", picture, "mask.png", "a sofa", "-o", output).is_refusal(), output
    assert inpalla("segment", picture, "the sofa", "-o", "mask.jpg").is_refusal()
    assert Sessions(home / "data" / "sessions").list() == []
    # Whether a file can be made there is only seen when it is tried; the session keeps the work.
    assert inpalla("edit", picture, "make the sofa red", "-o", "/proc/out.png").is_refusal()
    assert Sessions(home / "data" / "sessions").list()[0].versions == 1


def test_a_mask_of_another_size_or_without_white(inpalla: Run, home: Path, picture: Path) -> None:
    Image.new("L", (80, 60), 255).save(home / "small.png")
    Image.new("L", (160, 120), 0).save(home / "black.png")
    result = inpalla("inpaint", picture, "small.png", "a sofa", "-o", "out.png")
    assert result.is_refusal()
    assert "80x60" in result.err
    assert inpalla("inpaint", picture, "black.png", "a sofa", "-o", "out.png").is_refusal()


@pytest.mark.parametrize("name", ["../up", "a/b", "/etc", "..", ".x", "", "n" * 65, "ö", "a b"])
def test_session_names_that_are_not_allowed(inpalla: Run, home: Path, picture: Path, name: str) -> None:
    assert inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", name).is_refusal()
    for command in ("show", "remove"):
        assert inpalla("sessions", command, name).is_refusal()
    assert sorted(path.name for path in home.iterdir()) in (["flat.png"], ["data", "flat.png"])


def test_wrong_usage_is_2(inpalla: Run, picture: Path) -> None:
    assert inpalla("edit", picture).code == 2
    assert inpalla("edit", picture, "make the sofa red").code == 2
    assert inpalla("nonsense").code == 2
    assert inpalla("inpaint", picture, picture, "x", "-o", "o.png", "--seed", "-1").code == 2


def test_another_process_has_the_session(inpalla: Run, home: Path, picture: Path) -> None:
    inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", "s")
    with Sessions(home / "data" / "sessions").open("s"):
        result = inpalla("edit", picture, "make it blue", "-o", "out.png", "--session", "s")
        assert result.is_refusal()
        assert "open in another process" in result.err
        assert inpalla("sessions", "remove", "s").is_refusal()
    assert inpalla("sessions", "list", "--json").lines[0]["versions"] == 1


def test_a_disk_that_cannot_be_used(inpalla: Run, home: Path, picture: Path) -> None:
    (home / "data").write_text("a file where the folder should be")
    assert inpalla("edit", picture, "make the sofa red", "-o", "out.png").is_refusal()


FULL_DISK = """
import contextlib, io, json, os, shutil, sys
from pathlib import Path
from agent.cli.main import run
from sessions import Sessions
from tests.support import colour_engines
from tools.pictures import write_picture

disk, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])
colour_engines.register()
picture = write_picture(elsewhere / "flat.png", colour_engines.room())

def edit(*rest):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["edit", str(picture), "make the sofa red", "make the rug green", *rest])
    return code, err.getvalue()

assert edit("-o", str(elsewhere / "out.png"), "--session", "s") == (0, "")
for left in (0, 30, 50, 70, 90):  # KiB
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - left * 1024)))
    tried = edit("-o", str(disk / "out.png"), "--session", "s"), edit("-o", str(disk / "out.png"))
    filler.unlink()
    with Sessions().open("s") as session:
        session.picture()
        state = session.head, len(session.versions)
    for info in Sessions().list():
        assert info.problem is None
        if info.name != "s":
            Sessions().remove(info.name)
    print(json.dumps([left, *tried, state]))
assert edit("-o", str(disk / "out.png"))[0] == 0
"""


def test_a_full_disk_is_one_sentence_and_harms_no_session(home: Path) -> None:
    """On a real disk of 2 MiB, which only a namespace of its own can have."""
    disk = home / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" -c "$3" "$1" "$4"',
        "sh", str(disk), sys.executable, FULL_DISK, str(home),
    )  # fmt: skip
    try:
        able = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(disk)], check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if able.returncode:
        pytest.skip("this system lets nobody mount a small disk")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", *script],
        env=environment(home, INPALLA_DATA=str(disk / "data")),
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    versions = 3
    for line in done.stdout.splitlines():
        left, *tried, (head, count) = json.loads(line)
        for code, said in tried:
            assert code == 1, (left, said)
            for sentence in said.splitlines():
                assert "Traceback" not in sentence
                assert "went wrong inside" not in sentence
        assert "the disk is full" in tried[1][1]
        assert count >= versions
        assert head == count - 1
        versions = count


def limited(size: int, work: Callable[[], Result], said: Path) -> tuple[int, str]:
    """Run work in a child in which no file grows beyond ``size`` bytes: the exit code, and its stderr."""
    child = os.fork()
    if child == 0:
        import resource

        code = 255
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            result = work()
            said.write_text(result.err)
            code = result.code
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read_text()


@pytest.mark.skipif(os.name == "nt", reason="needs fork and limits")
@pytest.mark.parametrize(("size", "what"), [(1_000, "records"), (40_000, "the session has the picture")])
def test_a_disk_that_takes_no_large_files_any_more(inpalla: Run, home: Path, size: int, what: str) -> None:
    noise = np.random.default_rng(0).integers(0, 3, (240, 320, 3), dtype=np.uint8)
    write_picture(home / "large.png", np.repeat(np.repeat(room(), 2, 0), 2, 1) // 2 + noise)
    edit = ("edit", "large.png", "-o", "out.png", "--session", "s")
    assert inpalla(*edit, "make the sofa red").code == 0
    before = Path("out.png").read_bytes()
    code, said = limited(size, lambda: inpalla(*edit, "make the rug green"), home / "said.txt")
    assert code == 1
    assert what in said
    assert said.count("\n") == 1
    assert Path("out.png").read_bytes() == before
    assert inpalla("sessions", "export", "s", "-o", "kept.png").code == 0
    assert inpalla(*edit, "make the lamp green").code == 0


def test_what_nobody_foresaw_is_one_sentence_and_a_log(
    inpalla: Run, home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "PRESETS", {"pocket": None})
    result = inpalla("edit", picture, "make the sofa red", "-o", "out.png")
    assert result.is_refusal()
    assert result.err.startswith("Something went wrong inside InpaLLa")
    assert "Traceback" in (home / "data" / "log.txt").read_text()


# --- being stopped ------------------------------------------------------------------------------------------

SENTENCES = ("make the sofa red", "make the rug endless green")


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_while_painting_it_keeps_what_was_committed(
    inpalla: Run, home: Path, picture: Path, how: signal.Signals
) -> None:
    mark = home / "mark"
    process = started(
        home, "edit", str(picture), *SENTENCES, "-o", "out.png", "--session", "s", **{MARK: str(mark)}
    )
    wait_for(mark, process)
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in err
    assert is_near(middle(read_picture("out.png").pixels, "sofa"), PAINTS["red"])

    with Sessions(home / "data" / "sessions").open("s") as session:
        assert session.head == 1
        assert [turn.sentence for turn in session.turns] == [SENTENCES[0]]
    result = inpalla("edit", picture, "make the rug green", "-o", "out.png", "--session", "s")
    assert result.code == 0
    told = f"“{SENTENCES[1]}” was cut off and not carried out; this is version 1." in result.out
    assert told == (how == signal.SIGKILL)
    pixels = read_picture("out.png").pixels
    assert is_near(middle(pixels, "sofa"), PAINTS["red"])
    assert is_near(middle(pixels, "rug"), PAINTS["green"])


def test_a_reader_that_leaves_is_no_reason_to_complain(home: Path, picture: Path) -> None:
    process = started(home, "plan", *["make the sofa red"] * 300, "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(60) != 0


def test_a_chat_reads_sentences_line_by_line_where_there_is_no_terminal(home: Path, picture: Path) -> None:
    process = started(home, "chat", str(picture), "--session", "talk")
    out, err = process.communicate("make the sofa red\n\nmake it blue\n/undo\n/quit\n", timeout=120)
    assert (process.returncode, err) == (0, "")
    with Sessions(home / "data" / "sessions").open("talk") as session:
        assert session.head == 1
        assert len(session.versions) == 3
        assert is_near(middle(session.picture(), "sofa"), PAINTS["red"])
    assert out
