"""What was drawn into a picture takes another colour and stays the same thing; with the pocket models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pocket
from agent.planner import load_planner
from agent.turn.editor import Editor
from sessions import Sessions
from tests.support.command_line import Run
from tools.engines.presets import PRESETS
from tools.inpainting.computed.recolour import measure
from tools.pictures import read_picture, write_picture


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    room = np.asarray(Image.open(pocket.sample_room()).convert("RGB"))
    session = Sessions(tmp_path_factory.mktemp("sessions")).create("cat", room)
    opened = Editor.open(
        session=session, preset=PRESETS["pocket"], planner=load_planner("builtin"), asks=False
    )
    yield opened
    opened.close()


def test_a_cat_gets_darker_and_stays_that_cat(editor: Editor) -> None:
    assert asyncio.run(editor.say("put a ginger cat on the rug")).changed
    session = editor.session
    before, (layer,) = session.picture(), session.layers
    alpha = session.pictures.get(layer.patch)[..., 3]
    assert asyncio.run(editor.say("make him a lot darker")).changed
    after, (darker,) = session.picture(), session.layers
    assert np.array_equal(session.pictures.get(darker.patch)[..., 3], alpha)
    assert darker.box == layer.box
    cat = np.zeros(before.shape[:2], bool)
    cat[layer.box.y0 : layer.box.y1, layer.box.x0 : layer.box.x1] = alpha > 127
    assert measure(after, cat).median[0] < measure(before, cat).median[0] - 0.08
    changed = (before != after).any(axis=2)
    assert changed[cat].mean() > 0.8
    outside = np.ones_like(cat)
    outside[layer.box.y0 : layer.box.y1, layer.box.x0 : layer.box.x1] = alpha == 0
    assert not changed[outside].any()


def test_what_has_the_colour_already_is_done_and_left_as_it_is(
    editor: Editor, tmp_path: Path, inpalla: Run
) -> None:
    assert asyncio.run(editor.say("make the sofa red")).changed
    write_picture(tmp_path / "red.png", editor.session.picture())
    result = inpalla("edit", tmp_path / "red.png", "make the sofa red", "-o", tmp_path / "out.png")
    assert (result.code, result.err) == (0, "")
    assert "The sofa looks like that already, so nothing was changed there." in result.out
    assert np.array_equal(
        read_picture(tmp_path / "out.png").pixels, read_picture(tmp_path / "red.png").pixels
    )
