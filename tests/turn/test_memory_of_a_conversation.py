"""A whole conversation about the sample room, typed on a pseudo-terminal, with the real pocket models."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pocket
from evaluation.painters.colours import Swatches
from pocket import rooms
from sessions import Sessions
from sessions.session import Session
from tests.support.terminal import Terminal
from tools.language.colours import value_of
from tools.segmenting.lisa.segmenter import load_pocket

ROOT = Path(__file__).parents[2]
SAMPLE_ROOM = 3241
"""The scene that ``pocket/samples/room.png`` was drawn from."""

SENTENCES = (
    "change the sofa to red leather",
    "now also make the rug green",
    "make it darker",
    "make the walls yellow and the floor walnut",
    "remove the picture on the left",
    "put a cat on the rug",
    "undo",
    "redo",
    "undo only the sofa",
)


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data folder and everything that the terminal showed, after the conversation and ``/save``."""
    folder = tmp_path_factory.mktemp("talk")
    environment = {"INPALLA_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "agent.cli.main", "chat", "--session", "talk"]
    with Terminal(command, cwd=ROOT, env=environment, timeout=240) as terminal:
        terminal.wait_for_prompt()
        for sentence in SENTENCES:
            terminal.type(sentence)
        terminal.type(f"/save {folder / 'saved.png'}")
        terminal.press("/quit\r")
        assert terminal.end() == 0
        return folder, terminal.written


@pytest.fixture
def session(talked: tuple[Path, str]) -> Session:
    return Sessions(talked[0] / "data" / "sessions").open("talk")


def test_every_sentence_was_understood(session: Session, talked: tuple[Path, str]) -> None:
    with session:
        layers = {layer.id: layer for layer in session.layers}
    assert "Traceback" not in talked[1]
    assert "Done: ." not in talked[1]
    assert "Done." in talked[1]
    assert [layer.kind for layer in layers.values()] == [
        "restyle",
        "restyle",
        "restyle",
        "restyle",
        "remove",
        "add",
    ]
    assert layers[0].prompt == "a red leather sofa"
    assert layers[1].prompt.endswith("green rug")  # revised in its place, not painted over
    stage = layers[1].request["colour"]
    assert isinstance(stage, dict)
    green = value_of("green")
    assert green is not None
    assert stage["value"][0] == pytest.approx(green[0] - 0.07 / stage["light"], abs=0.01)  # darker by a step
    assert layers[1].revision > 0
    assert [layer.visible for layer in layers.values()] == [False, True, True, True, True, True]


def test_the_saved_picture_is_the_head_at_the_rooms_size(session: Session, talked: tuple[Path, str]) -> None:
    with session, Image.open(talked[0] / "saved.png") as saved:
        assert np.array_equal(np.asarray(saved.convert("RGB")), session.picture())
        with Image.open(pocket.sample_room()) as room:
            assert saved.size == room.size


def test_outside_the_visible_layers_no_pixel_changed(session: Session) -> None:
    with session, Image.open(pocket.sample_room()) as room:
        touched = np.zeros((room.height, room.width), bool)
        for layer in session.layers:
            if layer.visible:
                patch, box = session.patch(layer.id), layer.box
                touched[box.y0 : box.y1, box.x0 : box.x1] |= patch.rgba[..., 3] > 0
        before, after = np.asarray(room.convert("RGB")), session.picture()
    assert 0.2 < touched.mean() < 1
    assert np.array_equal(before[~touched], after[~touched])
    assert (before[touched] != after[touched]).any(axis=-1).mean() > 0.5


def test_the_sofa_that_was_undone_is_as_it_was(session: Session) -> None:
    """Where only the hidden layer had painted, the base picture shows again."""
    with session, Image.open(pocket.sample_room()) as room:
        others = np.zeros((room.height, room.width), bool)
        for layer in session.layers:
            if layer.visible:
                box = layer.box
                others[box.y0 : box.y1, box.x0 : box.x1] |= session.patch(layer.id).rgba[..., 3] > 0
        sofa = session.mask(0) & ~others
        assert sofa.sum() > 1000
        assert np.array_equal(np.asarray(room.convert("RGB"))[sofa], session.picture()[sofa])


def test_the_right_things_were_found(session: Session) -> None:
    scene = rooms.make_scene(SAMPLE_ROOM)
    drawn = rooms.render(scene, (1024, 768))
    kinds = [thing.kind for thing in scene.things]
    with session:
        for layer, kind in ((0, "sofa"), (1, "rug"), (2, "wall"), (3, "floor")):
            true, mask = rooms.mask(drawn, kinds.index(kind)), session.mask(layer)
            assert (mask & true).sum() / (mask | true).sum() > 0.5, kind


@pytest.mark.parametrize(("kind", "colour"), [("rug", "green"), ("wall", "yellow")])
def test_the_saved_picture_has_the_colours_that_were_asked_for(
    session: Session, kind: str, colour: str
) -> None:
    scene = rooms.make_scene(SAMPLE_ROOM)
    index = [thing.kind for thing in scene.things].index(kind)
    asked = rooms.restyle(scene, index, colour=colour)
    with session:
        said, _ = Swatches(asked, index, (1024, 768)).colour_of(session.picture())
    assert said == colour


def test_the_removed_picture_is_no_longer_found(session: Session) -> None:
    with session:
        mask = session.mask(4)
        [found] = load_pocket().segment(session.picture(), ["the picture on the left"])
    assert (found.mask & mask).sum() < 0.25 * mask.sum()
