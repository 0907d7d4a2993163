"""Recipes and sessions from elsewhere: nothing of them is trusted, and each fault is one sentence."""

from __future__ import annotations

import base64
import json
import resource
import shutil
import sqlite3
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agent.cli import main
from sessions import Sessions
from sessions.recipes import packed
from tests.field import makers
from tests.field.conftest import Stranger
from tests.support import colour_engines
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tools.pictures import read_picture, write_picture

LAYER, REQUEST = "layers.0", "layers.0.request"
DEEP = "[" * 50_000 + "]" * 50_000


def replayed(inpalla: Run, path: Path) -> Any:
    write_picture("base.png", room())
    return inpalla("replay", path, "-o", "again.png", "--picture", "base.png")


def test_a_good_recipe_is_replayed(home: Path, inpalla: Run) -> None:
    values, masks = makers.recipe()
    done = replayed(inpalla, makers.picture_of(home / "in.png", values, masks))
    assert done.code == 0
    assert read_picture("again.png").pixels[80, 40, 0] > 190


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{REQUEST}.steps", 0),
        (f"{REQUEST}.steps", -1),
        (f"{REQUEST}.steps", 10**9),
        (f"{REQUEST}.steps", 2.5),
        (f"{REQUEST}.steps", "many"),
        (f"{REQUEST}.seed", 2**70),
        (f"{REQUEST}.seed", -1),
        (f"{REQUEST}.guidance", float("nan")),
        (f"{REQUEST}.guidance", float("inf")),
        (f"{REQUEST}.guidance", -3),
        (f"{REQUEST}.area", 0),
        (f"{REQUEST}.area", 10**9),
        (f"{REQUEST}.area", 2**25),
        (f"{REQUEST}.batch", 10**6),
        (f"{REQUEST}.grow", -1),
        (f"{REQUEST}.prompt", "red " * 100_000),
        (f"{REQUEST}.kind", "explode"),
        (f"{REQUEST}.mask", "../../../../etc/passwd"),
        (f"{REQUEST}.mask", "\x1b]0;owned\x07\x1b[2J"),
        (f"{REQUEST}.mask", "A" * 64),
        (f"{REQUEST}.picture", "a" * 63),
        (f"{REQUEST}.engine", "no-such-engine\x1b[2J"),
        (f"{REQUEST}.revision", "\x1b[31m"),
        (f"{LAYER}.request", None),
        (f"{LAYER}.patch", "/dev/zero"),
        (f"{LAYER}.patch", "0" * 64 + "\n"),
        (f"{LAYER}.box", [-5, 0, 10, 10]),
        (f"{LAYER}.box", [0, 0, 10**6, 10]),
        (f"{LAYER}.box", [50, 50, 10, 10]),
        (f"{LAYER}.below", [[0, 0]]),
        (f"{LAYER}.below", [[7, 7]]),
        (f"{LAYER}.below", "everything"),
        (f"{LAYER}.layer", [1, 2]),
        (f"{LAYER}.layer", 10**40),
        ("base", "\x1b]0;owned\x07\x1b[2J"),
        ("base", "../" * 20 + "etc/passwd"),
        ("size", [0, 0]),
        ("size", [10**9, 10**9]),
        ("size", [30_000, 30_000]),
        ("size", [160, 121]),
        ("visible", [[0, 0], [1, 0]]),
        ("visible", [[0, 0], [0, 0]]),
        ("visible", [[True, 0]]),
        ("visible", [["0", 0]]),
        (f"{LAYER}.area", float("nan")),
        (f"{LAYER}.area", float("-inf")),
        (f"{LAYER}.area", -0.5),
        (f"{LAYER}.area", "most"),
        (f"{LAYER}.note", float("nan")),
        (f"{LAYER}.box", [0, 0, "9", 9]),
        (f"{REQUEST}.seed", True),
        (f"{REQUEST}.seed", "7"),
        (f"{REQUEST}.steps", True),
        (f"{REQUEST}.batch", "1"),
        (f"{REQUEST}.guidance", "2.5"),
        (f"{REQUEST}.grow", False),
        ("size", ["160", "120"]),
        ("visible", 5),
        ("layers", {}),
    ],
)
def test_a_fault_is_one_sentence(path: str, value: object, home: Path, inpalla: Run) -> None:
    values, masks = makers.recipe()
    said = replayed(inpalla, makers.picture_of(home / "in.png", makers.changed(values, path, value), masks))
    assert "\x1b" not in said.refused
    assert not Path("again.png").exists()


def test_a_layer_that_is_there_twice(home: Path, inpalla: Run) -> None:
    values, masks = makers.recipe()
    values["layers"] *= 2
    assert "twice" in replayed(inpalla, makers.picture_of(home / "in.png", values, masks)).refused


@pytest.mark.parametrize("digest", ["1" * 64, None])
def test_a_picture_that_is_not_the_one_below_is_told_of(digest: str | None, home: Path, inpalla: Run) -> None:
    values, masks = makers.recipe()
    if digest is not None:
        values = makers.changed(values, f"{REQUEST}.picture", digest)
    done = replayed(inpalla, makers.picture_of(home / "in.png", values, masks))
    assert done.code == 0
    assert ("another picture below layer 0" in done.out) is (digest is not None)


@pytest.mark.parametrize(
    "engine",
    ["/etc/passwd", "{}", "{}:4bit", "models/flux", "models", "../x", "~/x", "./models", "", "a/b/c"],
)
def test_the_name_of_an_engine_leads_to_no_file(engine: str, home: Path, inpalla: Run) -> None:
    (home / "models" / "flux").mkdir(parents=True)
    values, masks = makers.recipe()
    values = makers.changed(values, f"{REQUEST}.engine", engine.format(home / "models"))
    done = replayed(inpalla, makers.picture_of(home / "in.png", values, masks))
    assert "--inpainter" in done.refused
    assert "fetch" not in done.refused
    assert "model_index" not in done.refused


@pytest.mark.parametrize("engine", ["no-such-engine", "somebody/some-flux", "somebody/some-flux:4bit"])
def test_the_name_of_an_engine_that_is_not_here_is_told(engine: str, home: Path, inpalla: Run) -> None:
    values, masks = makers.recipe()
    values = makers.changed(values, f"{REQUEST}.engine", engine)
    done = replayed(inpalla, makers.picture_of(home / "in.png", values, masks))
    assert "in a folder" not in done.refused


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "5",
        '"text"',
        "{",
        "{}",
        DEEP,
        f'{{"layers": {DEEP}}}',
        "9" * 10_000,
        "\ud800",
        "NaN",
    ],
    ids=lambda text: text[:12].encode("ascii", "replace").decode(),
)
@pytest.mark.parametrize("inside", [True, False])
def test_what_is_no_recipe_is_refused(text: str, inside: bool, home: Path, inpalla: Run) -> None:
    text = text.encode("utf-8", "replace").decode()
    path = home / ("in.png" if inside else "request.json")
    if inside:
        makers.picture_with(path, {"inpalla": text})
    else:
        path.write_text(text, encoding="utf-8")
    assert "holds no request" in replayed(inpalla, path).refused


@pytest.mark.parametrize("name", ["in.png", "request.json"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"\xff\xfe\x00"])
def test_a_broken_file_is_refused(content: bytes, name: str, home: Path, inpalla: Run) -> None:
    Path(name).write_bytes(content)
    assert "holds no request" in replayed(inpalla, Path(name)).refused


def test_two_layers_below_one_another(home: Path, inpalla: Run) -> None:
    values, masks = makers.recipe()
    one = values["layers"][0]
    values["layers"] = [{**one, "below": [[1, 0]]}, {**one, "layer": 1, "below": [[0, 0]]}]
    values["visible"] = [[0, 0], [1, 0]]
    assert "below itself" in replayed(inpalla, makers.picture_of(home / "in.png", values, masks)).refused


@pytest.mark.parametrize(
    "name",
    ["not the one that is named", "the one that is named", "of a wide picture", "sixteen bits of colour"],
)
def test_masks_are_looked_at_before_they_are_decoded(name: str, home: Path, inpalla: Run) -> None:
    """Twenty masks of 4,000 by 4,000 that nobody asked for, and one of 20,000 by 20,000 that is named."""
    values, masks = makers.recipe()
    (named,) = masks
    if name == "not the one that is named":
        masks |= {f"{number:064x}": makers.bomb(4000) for number in range(20)}
    elif name == "the one that is named":
        masks[named] = makers.bomb(20_000)
    elif name == "of a wide picture":
        masks[named] = packed(np.ones((10, 1000), np.bool_))
    else:
        masks[named] = base64.b64encode(makers.png_bytes(Image.new("I;16", (160, 120)))).decode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = replayed(inpalla, makers.picture_of(home / "in.png", values, masks))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes
    if name == "not the one that is named":
        assert done.code == 0
    else:
        assert "--mask" in done.refused


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iTXt packed"])
def test_text_after_the_pixels_is_found(kind: bytes, home: Path, inpalla: Run) -> None:
    import zlib

    values, masks = makers.recipe()
    image = makers.png_bytes(Image.fromarray(room()))
    fields = b""
    for name, value in (("inpalla", values), ("inpalla-masks", masks)):
        text = json.dumps(value).encode()
        body = {
            b"tEXt": name.encode() + b"\0" + text,
            b"zTXt": name.encode() + b"\0\0" + zlib.compress(text),
            b"iTXt": name.encode() + b"\0\0\0\0\0" + text,
            b"iTXt packed": name.encode() + b"\0\1\0\0\0" + zlib.compress(text),
        }[kind]
        fields += makers.chunk(kind[:4], body)
    Path("in.png").write_bytes(image[:-12] + fields + image[-12:])
    assert replayed(inpalla, Path("in.png")).code == 0


def blot(pixels: Any) -> Any:
    pixels = pixels.copy()
    pixels[:10, :10] = 0
    return pixels


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (lambda pixels: pixels, False),
        (blot, True),
        (lambda pixels: pixels[::2, ::2], True),
        (lambda pixels: 255 - pixels, True),
        (lambda pixels: pixels[..., 0], True),
        (lambda pixels: room(), True),
    ],
    ids=["the same", "painted over", "resized", "inverted", "made grey", "taken back"],
)
def test_a_picture_that_was_changed_since_is_told_of(
    alter: Any, told: bool, home: Path, inpalla: Run
) -> None:
    values, masks = makers.recipe()
    assert replayed(inpalla, makers.picture_of(home / "in.png", values, masks)).code == 0
    made = read_picture("again.png").pixels
    makers.picture_of(home / "in.png", values, masks, np.ascontiguousarray(alter(made)))
    done = replayed(inpalla, home / "in.png")
    assert done.code == 0
    assert ("no longer the picture" in done.out) is told
    assert np.array_equal(read_picture("again.png").pixels, made)


# ---- sessions ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a session, of which each test gets a copy."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patched:
        colour_engines.register_for(patched)
        patched.setenv("INPALLA_DATA", str(folder / "data"))
        patched.chdir(folder)
        write_picture("in.png", room())
        sentences = ("make the sofa red", "make the rug green")
        assert main.run(["edit", "in.png", *sentences, "-o", "made.png", "--session", "s"]) == 0
    return folder / "data"


@pytest.fixture
def session(whole: Path, home: Path) -> Path:
    write_picture("in.png", room())
    shutil.copytree(whole, home / "data")
    return home / "data" / "sessions" / "s"


FAULTS = [
    "UPDATE version SET parent = number WHERE number = 2",
    "UPDATE version SET parent = 2 WHERE number = 1",
    "UPDATE version SET parent = NULL WHERE number = 1",
    "UPDATE version SET parent = 99 WHERE number = 1",
    "UPDATE version SET redo = number WHERE number = 1",
    "UPDATE version SET redo = 77 WHERE number = 0",
    "UPDATE version SET stack = '[[0, 0, true], [0, 0, true]]' WHERE number = 2",
    "UPDATE version SET stack = '[[5, 0, true]]' WHERE number = 2",
    "UPDATE version SET stack = '[[0, 0]]' WHERE number = 2",
    "UPDATE version SET stack = 'nonsense' WHERE number = 2",
    f"UPDATE version SET stack = '{DEEP}' WHERE number = 2",
    "UPDATE version SET created = 'yesterday' WHERE number = 2",
    "UPDATE version SET created = 5 WHERE number = 2",
    "DELETE FROM version WHERE number = 1",
    "DELETE FROM version",
    "DELETE FROM session",
    "DELETE FROM layer",
    "DROP TABLE layer",
    "UPDATE session SET head = 17",
    "UPDATE session SET head = -1",
    "UPDATE session SET head = 'x'",
    "UPDATE session SET base = '../../../../etc/passwd'",
    "UPDATE session SET base = char(27) || ']0;owned' || char(7)",
    "UPDATE session SET width = 100000, height = 100000",
    'UPDATE session SET form = \'{"grey": true, "own": "x"}\'',
    "UPDATE session SET form = '{\"profile\": 5}'",
    'UPDATE session SET form = \'{"grey": false, "about": {"exif": "*"}}\'',
    "UPDATE session SET alpha = '../x'",
    "UPDATE layer SET x1 = 100000",
    "UPDATE layer SET x0 = -3",
    "UPDATE layer SET mask = '/etc/passwd'",
    "UPDATE layer SET patch = base FROM session",
    "UPDATE layer SET area = ''",
    "UPDATE layer SET area = 9e999",
    "UPDATE layer SET x0 = 1.5",
    "UPDATE version SET created = '9999-12-31 23:59:59' WHERE number = 1",
    "UPDATE session SET updated = '0001-01-01 00:00:00'",
    "UPDATE layer SET request = '5'",
    "CREATE TRIGGER t AFTER UPDATE ON session BEGIN DELETE FROM version; END",
    "CREATE VIEW v AS SELECT 1",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_session_is_one_sentence_and_ends(fault: str, session: Path, inpalla: Run) -> None:
    with sqlite3.connect(session / "session.db") as db:
        db.execute(fault)
    db.close()
    for line in (("sessions", "show", "s"), ("sessions", "export", "s", "-o", "out.png")):
        done = inpalla(*line)
        assert done.code in (0, 1)  # what a command does not need does not stop it
        if done.code:
            assert "\x1b" not in done.refused
    export = inpalla("sessions", "export", "s", "-o", "out.png")
    if "request" not in fault:
        assert export.refused
    assert inpalla("sessions", "list").code == 0


@pytest.mark.parametrize("column", ["sentence", "reply", "plan", "version", "created"])
def test_a_turn_without_a_value_is_damage(column: str, session: Path, inpalla: Run) -> None:
    with sqlite3.connect(session / "session.db") as db:
        db.execute("CREATE TABLE loose AS SELECT * FROM turn")
        db.execute("DROP TABLE turn")
        db.execute("ALTER TABLE loose RENAME TO turn")
        db.execute(f"UPDATE turn SET {column} = NULL WHERE number = 1")
    db.close()
    done = inpalla("edit", "in.png", "make the rug blue", "-o", "out.png", "--session", "s")
    assert done.refused


@pytest.mark.parametrize(
    "plan",
    [
        {"say": "sharper", "steps": [{"do": "sharpen", "target": "the sofa"}]},
        {"say": "", "steps": [{"do": "edit", "target": "the sofa", "prompt": "a red sofa", "kind": "melt"}]},
        {"say": "", "steps": [{"do": "ask"}]},
        {"say": "", "steps": {"do": "undo"}},
        {"say": "", "steps": [None, 5, "undo"]},
        {"words": "all others"},
        {},
    ],
)
def test_a_plan_of_another_release_is_passed_over(plan: object, session: Path, inpalla: Run) -> None:
    with sqlite3.connect(session / "session.db") as db:
        db.execute("UPDATE turn SET plan = ?", (json.dumps(plan),))
    db.close()
    assert inpalla("sessions", "show", "s").code == 0
    gone_on = inpalla("edit", "in.png", "make the rug blue", "-o", "out.png", "--session", "s", "--json")
    assert gone_on.code == 0
    assert read_picture("out.png").pixels[107, 90, 2] > 150  # blue
    assert read_picture("out.png").pixels[80, 40, 0] > 190  # and the sofa is red still


@pytest.mark.parametrize("what", ["a bomb", "of another size", "no picture", "of another mode", "a folder"])
def test_a_stored_picture_is_looked_at_before_it_is_decoded(what: str, session: Path, inpalla: Run) -> None:
    with Sessions().open("s") as opened:
        path = opened.pictures.path(opened.base)
    path.unlink()
    if what == "a bomb":
        image = Image.new("1", (20_000, 20_000))
        file = BytesIO()
        image.save(file, format="PNG")
        path.write_bytes(file.getvalue())
    elif what == "of another size":
        Image.new("RGB", (10, 10)).save(path)
    elif what == "of another mode":
        Image.new("I;16", (160, 120)).save(path)
    elif what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    assert "stored picture" in inpalla("sessions", "export", "s", "-o", "out.png").refused


LONG = 20_000_000
FOREIGN = [
    "UPDATE layer SET prompt = 'red' || char(10) || '* 9  make the lamp blue'",
    "UPDATE layer SET target = 'the sofa' || char(13) || char(10) || 'Saved x.png.'",
    "UPDATE layer SET prompt = 'red' || char(0x2028) || 'blue' || char(0x85) || 'green'",
    "UPDATE version SET sentence = 'red' || char(10) || '* 9  make the lamp blue' WHERE number = 1",
    "UPDATE session SET source = 'in' || char(10) || '* 9  make the lamp blue'",
]


@pytest.mark.parametrize("fault", FOREIGN)
def test_words_of_a_session_make_no_lines(
    fault: str, session: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[str]:
        monkeypatch.setattr("sys.stdin", StringIO("what did I change?\n/history\n/layers\n"))
        return [*inpalla("sessions", "show", "s").out.splitlines(),
                *inpalla("chat", "--session", "s").out.splitlines()]  # fmt: skip

    before = told()
    with sqlite3.connect(session / "session.db") as db:
        db.execute(fault)
    db.close()
    after = told()
    assert len(after) == len(before)
    assert not any(line.startswith(("* 9", "Saved x", "blue", "green")) for line in after)


@pytest.mark.parametrize("column", ["sentence", "prompt", "target", "reply"])
def test_words_of_a_session_are_of_bounded_length(
    column: str, session: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"sentence": "version", "reply": "turn"}.get(column, "layer")
    with sqlite3.connect(session / "session.db") as db:
        db.execute(f"UPDATE {table} SET {column} = ?", ("so " * (LONG // 3),))
    db.close()
    monkeypatch.setattr("sys.stdin", StringIO("what did I change?\n/history\n/layers\n"))
    for line in (("sessions", "show", "s"), ("sessions", "show", "s", "--json"), ("chat", "--session", "s")):
        done = inpalla(*line)
        assert done.code == 0
        assert len(done.out) < 100_000


@pytest.mark.parametrize("what", ["a folder", "empty", "of format 0"])
def test_records_that_are_none_are_damage(
    what: str, session: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = session / "session.db"
    for each in session.glob("session.db*"):
        each.unlink()
    if what == "a folder":
        file.mkdir()
    elif what == "empty":
        file.touch()
    else:
        with sqlite3.connect(file) as db:
            db.execute("CREATE TABLE session (id INTEGER)")
        db.close()
    monkeypatch.setattr("sys.stdin", StringIO("undo\n"))
    lines = (
        ("sessions", "show", "s"), ("sessions", "export", "s", "-o", "out.png"), ("chat", "--session", "s"),
        ("edit", "in.png", "red sofa", "-o", "out.png", "--session", "s"),
    )  # fmt: skip
    for line in lines:
        said = inpalla(*line).refused
        assert said.startswith("The records of the session 's' ")
        assert "another release" not in said
        assert "taken" not in said
    assert "'s'" in inpalla("sessions", "list").out


def test_a_folder_that_is_no_session_has_its_name(session: Path, inpalla: Run) -> None:
    (session.parent / "t").mkdir()
    (session.parent / "t" / "notes.txt").touch()
    said = inpalla("edit", "in.png", "make the sofa red", "-o", "out.png", "--session", "t").refused
    assert "is no session" in said
    assert "go on with" not in said


@pytest.mark.parametrize("name", ["-x", "--json", "-"])
def test_a_new_session_is_called_nothing_that_reads_as_an_option(
    name: str, session: Path, inpalla: Run
) -> None:
    line = ("edit", "in.png", "make the sofa red", "-o", "out.png", f"--session={name}")
    assert "dash in front" in inpalla(*line).refused
    session.rename(session.parent / name)  # as an earlier release made it
    assert inpalla("sessions", "show", "--", name).code == 0


@pytest.mark.parametrize("closed", ["folder", "files", "all"])
def test_a_session_that_can_only_be_read_is_shown(
    closed: str, stranger: Stranger, anywhere: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, out = stranger.home / "in.png", stranger.home / "out.png"
    edit = ("edit", picture, "make the sofa red", "-o", out)
    assert anywhere(*edit, "--session", "s").code == 0
    made = read_picture(out).pixels
    folder = stranger.home / "data" / "sessions" / "s"
    for path in (folder, *folder.rglob("*")):
        if (path.is_dir() and closed != "files") or (path.is_file() and closed != "folder"):
            path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        assert "make the sofa red" in anywhere("sessions", "show", "s").out
        assert anywhere("sessions", "list").out.startswith("s  160x120  1 version")
        for name in ("again.png", "again.ora"):
            assert anywhere("sessions", "export", "s", "-o", stranger.home / name).code == 0
            assert np.array_equal(read_picture(stranger.home / name).pixels, made)
        assert "Left alone, because they can only be read: s" in anywhere("sessions", "prune", "--yes").out
        assert anywhere("sessions", "prune", "--json").values["read_only"] == ["s"]
        said = anywhere(*edit, "--session", "s").refused
        assert "can only be read" in said
        assert "inpalla sessions export s" in said
        assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
