"""The user's own mask is a promise: nothing outside it changes, of whatever kind and however often."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from agent.planner import load_planner
from agent.turn.editor import Editor
from sessions import Changes, NewLayer, Sessions
from sessions.compose import Box, Patch, compose
from sessions.pictures import digest_of
from tests.support.colour_engines import ColourEngines, ColourPainter, room
from tests.support.command_line import Run
from tools.engines import registry
from tools.errors import ToolError
from tools.inpainting.base import MaskedEdit, inpaint
from tools.inpainting.geometry import plan_region, within
from tools.inpainting.request import Request
from tools.kinds import Kind
from tools.langchain import inpaint_file
from tools.pictures import read_picture, write_mask, write_picture

Mask = NDArray[np.bool_]
KINDS = get_args(Kind)
COMPUTED = registry.PRESETS["pocket"]


def masks() -> dict[str, Mask]:
    """Masks as people draw them, all of the room's size."""
    rows, columns = np.mgrid[: room().shape[0], : room().shape[1]]
    sofa = (rows >= 60) & (rows < 95) & (columns >= 20) & (columns < 70)
    ring = (np.hypot(rows - 60, columns - 80) < 40) & (np.hypot(rows - 60, columns - 80) > 25)
    lamp = (abs(columns - 96) < 3) | ((rows < 40) & (abs(columns - 96) < 20))
    specks = (rows % 30 < 2) & (columns % 30 < 2)
    dot = (rows == 70) & (columns == 40)
    whole = np.ones_like(sofa)
    return {"box": sofa, "ring": ring, "thin": lamp, "specks": specks, "dot": dot, "everything": whole}


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Mask:
    return np.asarray((before != after).any(axis=2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", list(masks()))
def test_nothing_outside_the_mask_changes(name: str, kind: Kind, home: Path, inpalla: Run) -> None:
    write_picture("in.png", room())
    mask = masks()[name]
    write_mask("mask.png", mask)
    prompt = () if kind == "remove" else ("a red thing",)
    line = ("inpaint", "in.png", "mask.png", *prompt, "-o", "out.png", "--kind", kind)
    assert inpalla(*line).code == 0
    moved = changed(room(), read_picture("out.png").pixels)
    assert not (moved & ~mask).any()
    if kind != "remove":
        assert moved.sum() > 0.95 * mask.sum()
    # And when it is painted again.
    assert inpalla("replay", "out.png", "-o", "again.png", "--picture", "in.png").code == 0
    assert Path("again.png").read_bytes() == Path("out.png").read_bytes()


@pytest.mark.parametrize("prompt", ["red sofa", "leather sofa", "darker"])
@pytest.mark.parametrize("spot", [(1, 1), (1, 2), (2, 1)])
def test_a_mask_in_which_nothing_can_be_painted_is_no_success(
    prompt: str, spot: tuple[int, int], home: Path
) -> None:
    """Whatever an engine makes of so small a place, its picture is not saved as one that was edited."""
    write_picture("in.png", room())
    mask = np.zeros(room().shape[:2], np.bool_)
    mask[70 : 70 + spot[0], 40 : 40 + spot[1]] = True
    write_mask("mask.png", mask)
    try:
        inpaint_file("in.png", "mask.png", prompt, "out.png", "restyle", 5, COMPUTED, target="the sofa")
    except ToolError:
        assert not Path("out.png").exists()
    else:
        assert changed(room(), read_picture("out.png").pixels).any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grow", ["1", "5", "12", "auto"])
def test_grow_says_how_far_it_may_go(grow: str, kind: Kind, home: Path, inpalla: Run) -> None:
    write_picture("in.png", room())
    mask = masks()["box"]
    write_mask("mask.png", mask)
    prompt = () if kind == "remove" else ("a red thing",)
    line = ("inpaint", "in.png", "mask.png", *prompt, "-o", "out.png", "--kind", kind, "--grow", grow)
    assert inpalla(*line).code == 0
    moved = changed(room(), read_picture("out.png").pixels)
    away = ndimage.distance_transform_edt(~mask)
    furthest = float(away[moved].max())
    assert furthest <= (40 if grow == "auto" else float(grow))
    if kind in ("replace", "add"):  # a restyled thing's edge is where the picture shows it
        assert furthest >= 1


@pytest.mark.parametrize("grow", ["-1", "1.5", "many", "", "40000", "٣"])
def test_grow_is_a_number_or_auto(grow: str, home: Path, inpalla: Run) -> None:
    done = inpalla("inpaint", "in.png", "mask.png", "red", "-o", "out.png", "--grow", grow)
    assert done.code == 2
    assert "nor auto" in done.err or "Error" in done.err


def test_a_request_without_the_field_is_painted_as_it_was() -> None:
    old = Request(picture="0" * 64, mask="1" * 64, prompt="red", kind="restyle", seed=1, steps=1, guidance=1,
                  engine="e", revision="1")  # fmt: skip
    assert old.grow is None
    mask = masks()["box"]
    region = plan_region(mask, "replace", areas=(4096,), multiple=8)
    box = region.box
    assert (region.blend[~mask[box.y0 : box.y1, box.x0 : box.x1]] > 0).any()


@pytest.mark.parametrize("grow", [0, 4])
@pytest.mark.parametrize("name", list(masks()))
def test_what_an_engine_computes_is_held_within(name: str, grow: int) -> None:
    mask = masks()[name]
    rgba = np.full((100, 120, 4), 255, np.uint8)
    held = within(Patch(rgba, Box(20, 10, 140, 110)), mask, grow)
    shown = changed(room(), compose(room(), [held]))
    assert not shown[ndimage.distance_transform_edt(~mask) > grow].any()
    assert (held.rgba[..., 3] > 0)[mask[10:110, 20:140]].all()
    assert within(Patch(rgba, Box(20, 10, 140, 110)), mask, None).rgba is rgba


def conversation(folder: Path, mask: Mask, kind: Kind = "restyle") -> Editor:
    """A conversation whose first layer was painted into a mask that the user gave."""
    session = Sessions(folder / "sessions").create("s", room())
    engine = ColourPainter()
    edit = MaskedEdit(mask, "a red sofa", kind, 5, target="the sofa", grow=0)
    (painted,) = inpaint(room(), [edit], {kind: engine})
    request = Request(
        picture=digest_of(room()), mask=digest_of(mask), prompt=edit.prompt, kind=kind, seed=5,
        steps=engine.steps, guidance=engine.guidance, engine=engine.name, revision=engine.revision,
        area=painted.area, batch=painted.batch, target=edit.target, grow=0,
    )  # fmt: skip
    layer = NewLayer(
        "the sofa", edit.prompt, kind, mask, painted.patch, request.model_dump(), float(mask.mean())
    )
    session.commit(Changes(layers=(layer,)), "the user's own mask")
    return Editor.open(
        session=session,
        preset=registry.PRESETS["pocket"],
        planner=load_planner("builtin"),
        engines=ColourEngines(),
    )


@pytest.mark.parametrize(
    "sentences",
    [
        ("make the sofa green",),
        ("make the sofa blue", "darker"),
        ("show me three versions of a green sofa", "take the second one"),
        ("replace the sofa with a blue box",),
        ("undo", "redo", "make it black"),
    ],
)
@pytest.mark.parametrize("name", ["box", "ring"])
def test_a_layer_of_the_users_mask_stays_within_it(name: str, sentences: tuple[str, ...], home: Path) -> None:
    mask = masks()[name]
    editor = conversation(home, mask)
    try:
        for sentence in sentences:
            turn = asyncio.run(editor.say(sentence))
            assert not turn.failed, turn.reply
            for offer in editor.offers():
                assert not (changed(room(), offer) & ~mask).any()
        now = editor.session.picture()
        assert changed(room(), now).any()
        assert not (changed(room(), now) & ~mask).any()
        assert all(layer.request["grow"] == 0 for layer in editor.session.layers)
    finally:
        editor.close()


def test_the_mask_that_is_shown_is_the_one_that_is_painted(home: Path, inpalla: Run) -> None:
    from agent.turn.look_steps import painted_mask

    Image.fromarray(room()).save("in.png")
    assert inpalla("edit", "in.png", "make the sofa red", "-o", "out.png", "--session", "s").code == 0
    with Sessions().open("s") as session:
        shown = painted_mask(session, 0)
        moved = changed(room(), session.picture())
        assert not (moved & ~shown).any()
        assert shown.sum() >= session.mask(0).sum()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_of_the_size_that_a_turned_picture_is_stored_with(
    orientation: int, home: Path, inpalla: Run
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(room()).save("in.jpg", exif=exif)
    write_mask("mask.png", masks()["box"])
    done = inpalla("inpaint", "in.jpg", "mask.png", "red", "-o", "out.png")
    if orientation < 5:
        assert done.code == 0
    else:
        assert "turned upright" in done.refused
        assert "160x120 pixels and the picture 120x160" in done.refused
    write_mask("mask.png", masks()["box"][:50, :50])
    assert "turned" not in inpalla("inpaint", "in.jpg", "mask.png", "red", "-o", "out.png").refused
