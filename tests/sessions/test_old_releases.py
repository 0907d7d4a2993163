"""What earlier releases left behind opens, shows the same pixels, is painted again and can be gone on with.

The sets under ``tests/data`` were made by the releases themselves; see ``tests.make_release_data``.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agent.planner.plan import Hide, Plan, Show
from agent.turn.editor import Editor, open_editor
from agent.turn.events import Turn
from sessions import Sessions
from sessions.pictures import digest_of
from sessions.recipes import FIELD
from tests.make_release_data import DATA, NAME
from tests.support.command_line import Run
from tools.engines import registry
from tools.pictures import read_picture

RELEASES = sorted(DATA.glob("release-*"))

Pixels = NDArray[np.uint8]

MOST_APART = 0.25
"""The mean difference that another processor may make, in levels of 255 over what was painted: its
floats are rounded otherwise. Other numbers of threads made one of 0.0003, another seed one of 25.
"""


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def release(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def told(release: Path) -> dict[str, Any]:
    """What the release said that there is."""
    values: dict[str, Any] = json.loads((release / "told.json").read_bytes())
    return values


@pytest.fixture
def home(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the release's session, which is also where the commands run."""
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(release / "session.zip") as packed:
        packed.extractall(tmp_path / "data" / "sessions")
    return tmp_path


@pytest.fixture
def editor(home: Path) -> Iterator[Editor]:
    with closing(open_editor(None, NAME, None, None, asks=False)) as opened:
        yield opened


def say(editor: Editor, sentence: str) -> Turn:
    turn = asyncio.run(editor.say(sentence))
    assert not turn.failed, turn.reply
    return turn


def carry_out(editor: Editor, step: Hide | Show) -> Turn:
    turn = asyncio.run(editor.carry_out(Plan(steps=(step,)), "a command"))
    assert not turn.failed, turn.reply
    return turn


def now(editor: Editor) -> str:
    return digest_of(editor.session.picture())


def pictures(told: dict[str, Any]) -> list[str]:
    return [version["picture"] for version in told["versions"]]


# What is there


def test_every_version_shows_the_same_pixels(home: Path, told: dict[str, Any]) -> None:
    with Sessions().open(NAME) as session:
        assert [digest_of(session.picture(version.number)) for version in session.versions] == pictures(told)
        assert session.head == told["head"]
        assert [
            {
                "number": version.number,
                "parent": version.parent,
                "sentence": version.sentence,
                "stack": [list(entry) for entry in version.stack],
            }
            for version in session.versions
        ] == [
            {name: value for name, value in version.items() if name != "picture"}
            for version in told["versions"]
        ]
        assert [[turn.sentence, turn.reply] for turn in session.turns] == told["turns"]


def test_every_layer_is_as_it_was(home: Path, told: dict[str, Any]) -> None:
    with Sessions().open(NAME) as session:
        assert [
            {
                "layer": layer.id,
                "revision": layer.revision,
                "target": layer.target,
                "prompt": layer.prompt,
                "kind": layer.kind,
                "visible": layer.visible,
                "box": list(layer.box),
                "mask": digest_of(session.mask(layer.id)),
                "patch": digest_of(session.patch(layer.id).rgba),
            }
            for layer in session.layers
        ] == told["layers"]


def test_it_is_listed_shown_and_exported(home: Path, told: dict[str, Any], inpalla: Run) -> None:
    code, out, err = inpalla("sessions", "list", "--json")
    assert (code, err) == (0, "")
    (listed,) = [json.loads(line) for line in out.splitlines()]
    assert (listed["name"], listed["size"], listed["versions"]) == (NAME, told["size"], told["head"])
    assert listed["problem"] is None

    code, out, err = inpalla("sessions", "show", NAME)
    assert (code, err) == (0, "")
    assert all(version["sentence"] in out for version in told["versions"])
    assert all(layer["target"] in out for layer in told["layers"])

    for version in told["versions"]:
        number = str(version["number"])
        assert inpalla("sessions", "export", NAME, "-o", "out.png", "--version", number)[0] == 0
        assert digest_of(read_picture("out.png").pixels) == version["picture"]


# Going on


def test_what_paints_nothing_is_exact(editor: Editor, told: dict[str, Any]) -> None:
    recorded, head = pictures(told), told["head"]
    parent = told["versions"][head]["parent"]
    say(editor, "undo")
    assert now(editor) == recorded[parent]
    say(editor, "redo")
    assert now(editor) == recorded[head]
    say(editor, "go to version 4")  # on the other branch
    assert now(editor) == recorded[4]
    say(editor, f"go to version {head}")
    top = told["versions"][head]["stack"][-1][0]
    assert carry_out(editor, Hide(layer=top)).changed
    assert now(editor) not in recorded
    assert carry_out(editor, Show(layer=top)).changed
    assert now(editor) == recorded[head]


def test_what_was_on_offer_can_be_picked(editor: Editor, told: dict[str, Any]) -> None:
    assert [digest_of(offer) for offer in editor.offers()] == told["offers"]
    assert say(editor, "take number 2").changed
    assert now(editor) == told["offers"][1]


def test_it_can_be_edited_further(editor: Editor, told: dict[str, Any]) -> None:
    for sentence, layers in (
        ("make the basket blue", 1),  # a new layer
        ("make the left curtain yellow", 0),  # a layer of that release, revised
    ):
        session = editor.session
        before, count = session.picture(), len(session.layers)
        (edit,) = say(editor, sentence).edits
        assert edit.outcome == "done"
        assert edit.layer is not None
        assert len(session.layers) == count + layers
        x0, y0, x1, y1 = session.layer(edit.layer).box
        changed = (session.picture() != before).any(axis=2)
        assert changed[y0:y1, x0:x1].any()
        if layers:
            changed[y0:y1, x0:x1] = False
            assert not changed.any()
    say(editor, "undo")
    say(editor, "undo")
    assert now(editor) == pictures(told)[told["head"]]


# Painting again


def test_what_it_painted_is_painted_again(
    release: Path, home: Path, told: dict[str, Any], inpalla: Run
) -> None:
    room = release / "room.png"
    for name, digest, more in (
        ("picture.png", pictures(told)[told["head"]], ()),
        ("request.json", told["request"]["picture"], ()),
        ("inpainted.png", told["inpainted"]["picture"], ("--picture", room)),
    ):
        code, out, err = inpalla("replay", release / name, "-o", "again.png", "--json", *more)
        if not painters_are_those_of(release):
            assert code == 1
            assert "in revision" in err
            continue
        assert (code, err) == (0, "")
        again, first = read_picture("again.png").pixels, picture_of(digest, release)
        # The other way round does not hold: what differs may lie where the patch is all but transparent.
        assert np.array_equal(again, first) or not json.loads(out)["identical"]
        painted = places_of("again.png", first)
        assert np.array_equal(again[~painted], first[~painted])
        assert np.abs(again.astype(int) - first)[painted].mean() < MOST_APART, name


def places_of(picture: str, first: Pixels) -> NDArray[np.bool_]:
    """Where the layers of a saved picture lie, bool (H, W)."""
    places = np.zeros(first.shape[:2], np.bool_)
    with Image.open(picture) as image:
        for layer in json.loads(image.info[FIELD])["layers"]:
            x0, y0, x1, y1 = layer["box"]
            places[y0:y1, x0:x1] = True
    return places


def painters_are_those_of(release: Path) -> bool:
    """Whether the painters here have the weights that the release had."""
    with zipfile.ZipFile(release / "session.zip") as packed:
        requests = [
            json.loads(packed.read(name)) for name in packed.namelist() if name.endswith("request.json")
        ]
    used = {
        (each["request"]["engine"], each["request"]["revision"]) for each in requests if "request" in each
    }
    return all(registry.load_inpainter(engine).revision == revision for engine, revision in used)


def picture_of(digest: str, release: Path) -> Pixels:
    """The picture of that digest: that of a version, or of a file of the set."""
    with Sessions().open(NAME) as session:
        shown = [session.picture(version.number) for version in session.versions]
    shown += [read_picture(path).pixels for path in release.glob("*.png")]
    return next(picture for picture in shown if digest_of(picture) == digest)
