"""OpenRaster files: other programs see our layers, and a session that was exported comes back as it was."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from agent.cli import main
from sessions import SessionError, Sessions, openraster
from sessions.compose import Box, Patch
from sessions.file_format import Form
from sessions.model import Changes, NewLayer
from sessions.session import Session
from tests.support.colour_engines import room
from tools.pictures import read_picture

HEIGHT, WIDTH = 60, 80
Pixels = NDArray[np.uint8]


def noise(seed: int, *shape: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def any_layer(seed: int, of: int | None = None) -> NewLayer:
    """A layer of noise, whose alpha is noise, too."""
    x, y, wide, high = (
        int(each) for each in np.random.default_rng(seed).integers((0, 0, 5, 5), (50, 40, 30, 20))
    )
    box = Box(x, y, min(WIDTH, x + wide), min(HEIGHT, y + high))
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    patch = Patch(noise(seed, box.height, box.width, 4), box)
    name = f'the "sofa" <{seed}> & ü\x07'
    return NewLayer(name, "a red one", "restyle", mask, patch, {"seed": seed, "steps": 8}, 0.1, layer=of)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Sessions(tmp_path / "sessions").create("mine", noise(1, HEIGHT, WIDTH, 3)) as made:
        yield made


def flattened(path: Path) -> NDArray[np.float64]:
    """The picture that a file's layers make, read without a line of ours: float (H, W, 4)."""
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        image = ElementTree.fromstring(archive.read("stack.xml"))
        made = np.zeros((int(image.attrib["h"]), int(image.attrib["w"]), 4))
        for layer in reversed(image.findall("./stack/layer")):
            with Image.open(io.BytesIO(archive.read(layer.attrib["src"]))) as opened:
                pixels = np.asarray(opened.convert("RGBA")) / 255
            if layer.attrib["visibility"] == "hidden":
                continue
            x, y = int(layer.attrib["x"]), int(layer.attrib["y"])
            below = made[y : y + pixels.shape[0], x : x + pixels.shape[1]]
            alpha, under = pixels[..., 3:], below[..., 3:].copy()
            if layer.attrib["composite-op"] == "svg:src-atop":
                below[..., :3] = pixels[..., :3] * alpha + below[..., :3] * (1 - alpha)
                continue
            over = alpha + under * (1 - alpha)
            mixed = pixels[..., :3] * alpha + below[..., :3] * under * (1 - alpha)
            below[..., :3] = np.divide(mixed, over, out=np.zeros_like(mixed), where=over > 0)
            below[..., 3:] = over
    return made * 255


def merged_in(path: Path) -> Pixels:
    with zipfile.ZipFile(path) as archive, Image.open(io.BytesIO(archive.read("mergedimage.png"))) as image:
        return np.asarray(image)


def talk(session: Session) -> None:
    """Some versions with layers over one another, one hidden, one revised, a branch left behind."""
    for seed in range(4):
        session.commit(Changes(layers=(any_layer(seed),)), f"make it {seed}")
        session.add_turn(f"make it {seed}", "Done.", {"say": "", "steps": []})
    session.undo()
    session.commit(Changes(layers=(any_layer(9, of=1),)), "no, darker")
    session.commit(Changes(hide=(0,)), "without the first")


@pytest.mark.parametrize("alpha", [False, True])
def test_the_layers_make_the_picture(alpha: bool, tmp_path: Path) -> None:
    veil = noise(7, HEIGHT, WIDTH) if alpha else None
    with Sessions(tmp_path / "s").create("mine", noise(1, HEIGHT, WIDTH, 3), alpha=veil) as session:
        talk(session)
        for version in range(len(session.versions)):
            path = session.export(tmp_path / "out.ora", version)
            made, merged = flattened(path), merged_in(path)
            assert np.array_equal(merged[..., :3], session.picture(version))
            seen = merged[..., 3] > 0 if alpha else np.ones((HEIGHT, WIDTH), np.bool_)
            assert np.abs(made[..., :3] - merged[..., :3])[seen].max() < 1.5  # ours is rounded at every layer
            if veil is not None:
                assert np.array_equal(merged[..., 3], veil)
                assert np.abs(made[..., 3] - veil).max() < 0.5


def test_every_layer_is_there_with_its_mask(session: Session, tmp_path: Path) -> None:
    talk(session)
    with zipfile.ZipFile(session.export(tmp_path / "out.ora")) as archive:
        layers = ElementTree.fromstring(archive.read("stack.xml")).findall("./stack/layer")
        shown = [(layer.attrib["name"], layer.attrib["visibility"]) for layer in layers]
        masks = [layer.attrib["src"] for layer in layers if layer.attrib["name"].endswith("(mask)")]
        with Image.open(io.BytesIO(archive.read(masks[-1]))) as image:
            assert np.array_equal(np.asarray(image)[..., 3] > 0, session.mask(0))
    # The topmost first; the one that was hidden is hidden.
    assert [name.split(" ")[0] for name, _ in shown] == ["2", "2", "1", "1", "0", "0", "picture"]
    assert [state for _, state in shown] == [
        "hidden",
        "visible",
        "hidden",
        "visible",
        "hidden",
        "hidden",
        "visible",
    ]


@pytest.mark.skipif(
    not (os.environ.get("INPALLA_KRITA") and shutil.which("krita") and shutil.which("xvfb-run")),
    reason="it takes a minute: INPALLA_KRITA=1 runs it, with krita, xvfb and xauth installed",
)
@pytest.mark.parametrize("alpha", [False, True])
def test_krita_makes_the_same_picture_of_the_layers(alpha: bool, tmp_path: Path) -> None:
    veil = noise(7, HEIGHT, WIDTH) if alpha else None
    with Sessions(tmp_path / "s").create("mine", noise(1, HEIGHT, WIDTH, 3), alpha=veil) as session:
        talk(session)
        whole = session.export(tmp_path / "whole.ora")
        picture = session.picture()
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "in.ora", "w") as new:
        for entry in old.infolist():
            if entry.filename != "mergedimage.png":  # so that it must compose them itself
                new.writestr(entry, old.read(entry))
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    made = tmp_path / "out.png"
    subprocess.run(
        ["xvfb-run", "-a", "krita", str(tmp_path / "in.ora"), "--export", "--export-filename", str(made)],
        env={**os.environ, "HOME": str(private), "XDG_RUNTIME_DIR": str(private)},
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    with Image.open(made) as image:
        pixels = np.asarray(image.convert("RGBA")).astype(int)
    seen = pixels[..., 3] > 0
    assert np.abs(pixels[..., :3] - picture)[seen].max() <= 1
    assert np.array_equal(pixels[..., 3], np.full((HEIGHT, WIDTH), 255) if veil is None else veil)


# ---- there and back ----------------------------------------------------------------------------------------

CHANGES = st.lists(
    st.tuples(st.sampled_from(("edit", "revise", "hide or show", "undo", "redo", "goto")), st.integers(0, 9)),
    min_size=1, max_size=8,
)  # fmt: skip


def carry_out(session: Session, changes: list[tuple[str, int]]) -> None:
    for seed, (act, number) in enumerate(changes):
        layers = session.layers
        chosen = layers[number % len(layers)] if layers else None
        try:
            match act:
                case "revise" if chosen is not None:
                    session.commit(Changes(layers=(any_layer(seed, of=chosen.id),)), f"revise {seed}")
                case "hide or show" if chosen is not None:
                    one = (chosen.id,)
                    session.commit(Changes(hide=one) if chosen.visible else Changes(show=one), f"turn {seed}")
                case "undo":
                    session.undo(1 + number % 2)
                case "redo":
                    session.redo()
                case "goto":
                    session.goto(number % len(session.versions))
                case _:
                    session.commit(Changes(layers=(any_layer(seed),)), f"edit {seed}")
        except SessionError:
            continue  # nothing to undo, to redo
        session.add_turn(f"sentence {seed}", "Done.", {"say": "", "steps": []})


def told(session: Session) -> dict[str, object]:
    """All that a session tells, but its name."""
    recipes = [dict(session.recipe(version.number)) for version in session.versions]
    for recipe in recipes:
        del recipe["session"]
    return {
        "versions": session.versions, "head": session.head, "layers": session.layers, "turns": session.turns,
        "base": session.base, "source": session.source, "preset": session.preset, "recipes": recipes,
        "pictures": [session.picture(version.number).tobytes() for version in session.versions],
        "masks": [session.mask(layer.id).tobytes() for layer in session.layers],
        "alpha": None if session.alpha is None else session.alpha.tobytes(), "profile": session.form.profile,
    }  # fmt: skip


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(changes=CHANGES, after=CHANGES, alpha=st.booleans())
def test_there_and_back_changes_no_pixel_and_no_history(
    changes: list[tuple[str, int]], after: list[tuple[str, int]], alpha: bool
) -> None:
    veil = noise(3, HEIGHT, WIDTH) if alpha else None
    with tempfile.TemporaryDirectory() as folder:
        here, there = Sessions(Path(folder) / "here"), Sessions(Path(folder) / "there")
        form = Form(grey=True, own=noise(2, HEIGHT, WIDTH))
        with here.create("mine", noise(1, HEIGHT, WIDTH, 3), alpha=veil, form=form) as session:
            carry_out(session, changes)
            path = session.export(Path(folder) / "room.ora")
            with there.import_file(None, path) as again:
                assert again.name == "room-1"
                assert told(again) == told(session)
                # And both go on alike, into the past and into the future.
                carry_out(session, after)
                carry_out(again, after)
                assert [v.stack for v in again.versions] == [v.stack for v in session.versions]
                assert np.array_equal(again.picture(), session.picture())


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(changes=CHANGES)
def test_any_version_from_any_version_is_the_same_picture(changes: list[tuple[str, int]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Sessions(Path(folder)).create("mine", noise(1, HEIGHT, WIDTH, 3)) as session,
    ):
        carry_out(session, changes)
        pictures = [session.picture(version.number) for version in session.versions]
        stacks = [version.stack for version in session.versions]
        for start in range(len(pictures)):
            for end in range(len(pictures)):
                session.goto(start)
                session.goto(end)
                assert session.head == end
                assert np.array_equal(session.picture(), pictures[end])
        assert [version.stack for version in session.versions] == stacks


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(changes=CHANGES, which=st.integers(0, 9))
def test_revising_twice_is_revising_once_with_the_last(changes: list[tuple[str, int]], which: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for name, revisions in (("twice", (50, 51)), ("once", (51,))):
            with Sessions(Path(folder)).create(name, noise(1, HEIGHT, WIDTH, 3)) as session:
                carry_out(session, [("edit", 0), *changes])
                layer = session.layers[which % len(session.layers)].id
                for seed in revisions:
                    session.commit(Changes(layers=(any_layer(seed, of=layer),)), f"revise {seed}")
                order = [(entry.layer, entry.visible) for entry in session.versions[session.head].stack]
                made.append((session.picture().tobytes(), order))
        assert made[0] == made[1]


# ---- from elsewhere ----------------------------------------------------------------------------------------


def test_a_file_is_saved_by_every_command_and_gone_on_with(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(room()).save("in.png")
    Image.fromarray(np.pad(np.full((30, 40), 255, np.uint8), ((62, 28), (22, 98)))).save("mask.png")

    def run(*line: str, typed: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert main.run(line) == 0, capsys.readouterr()
        return capsys.readouterr().out

    run("edit", "in.png", "make the sofa red", "make the rug green", "-o", "edit.ora", "--session", "s")
    run("sessions", "export", "s", "-o", "export.ora")
    run("chat", "--session", "s", typed="/save chat.ora\n")
    run("chat", "--session", "s", typed="save it as said.ora\n")
    run("sessions", "export", "s", "-o", "flat.png")
    want = read_picture("flat.png").pixels
    for name in ("edit", "export", "chat", "said"):
        assert np.array_equal(read_picture(f"{name}.ora").pixels, want)
    run("inpaint", "in.png", "mask.png", "red", "-o", "inpaint.ora")
    run("replay", "flat.png", "-o", "replay.ora")
    assert np.array_equal(read_picture("replay.ora").pixels, want)
    for name in ("inpaint", "replay"):
        assert (
            np.abs(flattened(Path(f"{name}.ora"))[..., :3] - read_picture(f"{name}.ora").pixels).max() < 1.5
        )

    said = run("edit", "export.ora", "undo", "-o", "undone.png", "--session", "back")
    assert "holds a session with 2 versions" in said
    run("sessions", "export", "s", "-o", "before.png", "--version", "1")
    assert np.array_equal(read_picture("undone.png").pixels, read_picture("before.png").pixels)
    run("chat", "in.png", typed="/open edit.ora\nmake the lamp blue\n/save ! on.png\n")
    assert read_picture("on.png").pixels[50, 95].tolist() == pytest.approx([30, 60, 220], abs=8)
    # What another program has saved, or what was saved plain, is a picture.
    run("sessions", "export", "s", "-o", "plain.ora", "--plain")
    with zipfile.ZipFile("plain.ora") as archive:
        assert not any(name.startswith("inpalla") for name in archive.namelist())
        assert not any(word in archive.read("stack.xml") for word in (b"sofa", b"red", b"mask"))
    assert np.abs(flattened(Path("plain.ora"))[..., :3] - want).max() < 1.5
    assert (
        "session" not in run("edit", "plain.ora", "make the lamp blue", "-o", "on.png").partition("Saved")[0]
    )


def rewritten(path: Path, to: Path, **contents: bytes | None) -> Path:
    """A file with some members changed, added or (None) left out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        named = {name.replace("|", "/"): content for name, content in contents.items()}
        for name in dict.fromkeys([*old.namelist(), *named]):
            content = named.get(name, old.read(name) if name in old.namelist() else None)
            if content is not None:
                kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                new.writestr(zipfile.ZipInfo(name), content, kind)
    return to


def with_trigger(records: bytes) -> bytes:
    base = sqlite3.connect(":memory:")
    base.deserialize(bytes((*records[:18], 1, 1, *records[20:])))
    base.execute("CREATE TRIGGER t AFTER INSERT ON turn BEGIN DELETE FROM version; END")
    base.commit()
    return base.serialize()


HARMFUL: dict[str, dict[str, bytes | None]] = {
    "no database": {"inpalla|session.db": b"no database"},
    "an empty database": {"inpalla|session.db": b""},
    "a trigger": {"inpalla|session.db": b"TRIGGER"},
    "pictures left out": {"PICTURES": None},
    "pictures of other pixels": {"PICTURES": b"OTHER"},
    "pictures that are none": {"PICTURES": b"no picture"},
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_session_from_elsewhere_is_checked(
    kind: str, session: Session, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk(session)
    path = session.export(home / "good.ora")
    contents = dict(HARMFUL[kind])
    with zipfile.ZipFile(path) as archive:
        if kind == "a trigger":
            contents = {"inpalla|session.db": with_trigger(archive.read("inpalla/session.db"))}
        if "PICTURES" in contents:
            other = io.BytesIO()
            Image.fromarray(noise(5, HEIGHT, WIDTH, 3)).save(other, format="PNG")
            content = contents["PICTURES"]
            names = [name for name in archive.namelist() if name.startswith("inpalla/pictures")]
            contents = dict.fromkeys(names, other.getvalue() if content == b"OTHER" else content)
    bad = rewritten(path, home / "bad.ora", **contents)
    assert main.run(["edit", str(bad), "make the sofa red", "-o", "out.png"]) == 1
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "inside InpaLLa" not in said
    assert Sessions(home / "data" / "sessions").list() == []
    assert not list((home / "data").rglob(".new-*"))


def test_nothing_is_unpacked_but_what_a_session_has(session: Session, home: Path) -> None:
    talk(session)
    strange = {
        "inpalla|..|..|escaped": b"x", "inpalla|pictures|..|..|escaped.png": b"x", "|etc|escaped": b"x",
        "inpalla|checkpoints.db": b"x", "inpalla|session.lock": b"x", "inpalla|session.db-wal": b"x",
        "inpalla|more|file": b"x", "inpalla|layers|0|0|other.json": b"x",
    }  # fmt: skip
    path = rewritten(session.export(home / "good.ora"), home / "bad.ora", **strange)
    with Sessions(home / "data" / "sessions").import_file("back", path) as again:
        assert again.head == session.head
        there = {
            file.relative_to(again.folder).as_posix() for file in again.folder.rglob("*") if file.is_file()
        }
    assert not {name for name in there if "escaped" in name or "other" in name or name.startswith("check")}
    assert not list(home.rglob("escaped*"))


@pytest.mark.parametrize("damage", ["cut", "before its beginning", "bomb", "no picture", "mimetype alone"])
def test_a_damaged_file_is_one_sentence(
    damage: str,
    session: Session,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openraster, "_MOST_PICTURE", 10**6)
    path = session.export(home / "good.ora", plain=True)
    bad = home / "bad.ora"
    if damage == "cut":
        bad.write_bytes(path.read_bytes()[:-900])
    elif damage == "before its beginning":
        with zipfile.ZipFile(path) as archive:
            place = archive.getinfo("mergedimage.png").header_offset
        # What stands after the gap is looked for further back, and this one before the beginning.
        data = path.read_bytes()
        bad.write_bytes(data[:60] + data[60 + place + 1 :])
    elif damage == "bomb":
        rewritten(path, bad, **{"mergedimage.png": bytes(5_000_000)})
    elif damage == "no picture":
        rewritten(path, bad, **{"mergedimage.png": b"no picture"})
    else:
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr("mimetype", "image/openraster")
    assert main.run(["edit", str(bad), "make the sofa red", "-o", "out.png"]) == 1
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "inside InpaLLa" not in said
    assert "bad.ora" in said


def test_the_same_session_gives_the_same_file(session: Session, tmp_path: Path) -> None:
    talk(session)
    one, two = session.export(tmp_path / "one.ora"), session.export(tmp_path / "two.ora")
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        request = json.loads(archive.read("inpalla/layers/1/1/request.json"))
    assert request["request"] == {"seed": 9, "steps": 8}
