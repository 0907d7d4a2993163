"""``inpalla edit`` as scripts see it: what is made and printed, odd pictures, full disks, being stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sessions import Sessions
from tests.cli.command_line import ROOT, environment, is_near, middle, started
from tests.support.colour_engines import MARK, PAINTS, room
from tests.support.command_line import Result, Run
from tools.engines import registry
from tools.pictures import read_picture, write_picture


def test_what_is_offered_names_its_session_and_is_kept_by_the_next_call(inpalla: Run, picture: Path) -> None:
    # The finder sees everything wherever it looks, so it is never gone.
    asked = inpalla("edit", picture, "remove the sign of everything", "-o", "out.png")
    assert (asked.code, asked.out) == (1, "")
    assert asked.err.endswith(
        "fills most of the picture. Shall I go on? Use --yes to go on without asking.\n"
    )
    result = inpalla("edit", picture, "remove the sign of everything", "-o", "out.png", "--yes")
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


@pytest.mark.parametrize("size", [(2016, 1512), (67, 1001)])
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


def test_a_photo_is_edited_when_that_is_wanted_only(
    inpalla: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pocket = replace(registry.PRESETS["pocket"], drawn_rooms_only=True)
    monkeypatch.setattr(registry, "PRESETS", {"pocket": pocket})
    grain = np.random.default_rng(1).normal(0, 8, (120, 160, 3))
    shade = np.linspace(-40, 40, 160)[None, :, None]
    photo = np.clip(room() + grain + shade, 0, 255).astype(np.uint8)
    write_picture(home / "photo.png", photo)
    refused = inpalla("edit", "photo.png", "make the sofa red", "-o", "out.png")
    assert refused.is_refusal()
    assert refused.err.startswith("This is not a drawn room, and the pocket models know nothing else: for")
    assert refused.err.endswith("--yes goes on all the same.\n")
    assert "--preset small" in refused.err
    assert not Path("out.png").exists()
    result = inpalla("edit", "photo.png", "make the sofa red", "make the rug green", "-o", "out.png", "--yes")
    assert result.code == 0
    assert result.out.count("This is not a drawn room, and the pocket models know nothing else") == 1
    assert Path("out.png").is_file()


@pytest.mark.parametrize(
    "sentence", ["mach das Sofa rot", "ソファを赤くして", "hello", "🛋️ 👉 🟥", "'; DROP TABLE"]
)
def test_sentences_that_ask_for_no_edit(inpalla: Run, picture: Path, sentence: str) -> None:
    result = inpalla("edit", picture, sentence, "-o", "out.png", "--session", "s")
    assert result.is_refusal()
    assert inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", "s").code == 0


def test_a_question_about_what_was_done_is_done_when_it_is_answered(inpalla: Run, picture: Path) -> None:
    result = inpalla(
        "edit", picture, "make the sofa red", "what did I change?", "-o", "out.png", "--session", "s"
    )
    assert result.code == 0
    assert "The sofa → a red sofa (version 1)." in result.out
    later = inpalla("edit", picture, "what did I change?", "-o", "later.png", "--session", "s")
    assert later.code == 0
    assert Path("later.png").exists()
    alone = inpalla("edit", picture, "what did I change?", "-o", "other.png")
    assert alone.code == 1
    assert not Path("other.png").exists()


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
    told = f"“{SENTENCES[1]}” was interrupted and not carried out; this is version 1." in result.out
    assert told == (how == signal.SIGKILL)
    pixels = read_picture("out.png").pixels
    assert is_near(middle(pixels, "sofa"), PAINTS["red"])
    assert is_near(middle(pixels, "rug"), PAINTS["green"])
