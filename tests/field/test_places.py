"""Where files and folders lie: folders that one may not enter, and a current folder that is gone."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.cli.doctor import report
from tests.field.conftest import Stranger
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tools.pictures import write_mask

LINES = {
    "list": ("sessions", "list"),
    "show": ("sessions", "show", "s"),
    "export": ("sessions", "export", "s", "-o", "{home}/out.png"),
    "prune": ("sessions", "prune", "--yes"),
    "remove": ("sessions", "remove", "s"),
    "edit": ("edit", "{home}/in.png", "make the sofa red", "-o", "{home}/out.png"),
    "edit, named": ("edit", "{home}/in.png", "red sofa", "-o", "{home}/out.png", "--session", "s"),
    "chat": ("chat", "{home}/in.png"),
    "chat, named": ("chat", "--session", "s"),
}


@pytest.mark.parametrize("name", list(LINES))
def test_a_data_folder_that_one_may_not_reach_is_named(
    name: str, stranger: Stranger, anywhere: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPALLA_DATA", str(stranger.closed / "data"))
    said = anywhere(*(part.format(home=stranger.home) for part in LINES[name])).refused
    assert str(stranger.closed / "data") in said
    assert "permission denied" in said
    assert "INPALLA_DATA" in said


def test_the_doctor_says_so_too(stranger: Stranger) -> None:
    for folder in (stranger.closed, stranger.closed / "data"):
        found = next(each for each in report(folder).findings if each.name == "data folder")
        assert found.state == "bad"
        assert "INPALLA_DATA" in found.mend
        assert not report(folder).works


CLOSED = {
    "picture": ("inpaint", "{closed}/in.png", "{home}/in.png", "red", "-o", "{home}/out.png"),
    "none there": ("inpaint", "{closed}/none.png", "{home}/in.png", "red", "-o", "{home}/out.png"),
    "mask": ("inpaint", "{home}/in.png", "{closed}/mask.png", "red", "-o", "{home}/out.png"),
    "output": ("inpaint", "{home}/in.png", "{home}/in.png", "red", "-o", "{closed}/out.png"),
    "edit": ("edit", "{closed}/in.png", "make the sofa red", "-o", "{home}/out.png"),
    "segment": ("segment", "{closed}/in.png", "the sofa", "-o", "{home}/out.png"),
    "replay": ("replay", "{closed}/in.png", "-o", "{home}/out.png"),
    "chat": ("chat", "{closed}/in.png"),
    "plan": ("plan", "make the sofa red", "--image", "{closed}/in.png"),
}


@pytest.mark.parametrize("name", list(CLOSED))
def test_a_file_in_a_folder_that_one_may_not_enter_is_refused_as_such(
    name: str, stranger: Stranger, anywhere: Run
) -> None:
    said = anywhere(
        *(part.format(home=stranger.home, closed=stranger.closed) for part in CLOSED[name])
    ).refused
    assert str(stranger.closed) in said
    assert said.endswith(": permission denied.")


@pytest.mark.parametrize("line", ["open {}/in.png", "/open {}/in.png", "/save {}/out.png"])
def test_the_chat_says_so_too(
    line: str, stranger: Stranger, anywhere: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(line.format(stranger.closed) + "\n"))
    done = anywhere("chat", stranger.home / "in.png")
    assert f"{stranger.closed}" in done.out + done.err
    assert "permission denied." in done.out + done.err
    assert "no file" not in done.out + done.err


GONE = {
    "picture": ("inpaint", "in.png", "{home}/mask.png", "red", "-o", "{home}/out.png"),
    "output": ("inpaint", "{home}/in.png", "{home}/mask.png", "red", "-o", "out.png"),
    "edit": ("edit", "in.png", "make the sofa red", "-o", "{home}/out.png"),
    "edit, output": ("edit", "{home}/in.png", "make the sofa red", "-o", "out.png"),
    "segment": ("segment", "{home}/in.png", "the sofa", "-o", "out.png"),
    "replay": ("replay", "in.png", "-o", "{home}/out.png"),
    "export": ("sessions", "export", "s", "-o", "out.png"),
    "chat": ("chat", "in.png"),
}


@pytest.mark.parametrize("name", list(GONE))
def test_a_current_folder_that_is_gone_is_spoken_of(
    name: str, home: Path, anywhere: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(room()).save("in.png")
    write_mask("mask.png", np.ones(room().shape[:2], np.bool_))
    (home / "gone").mkdir()
    monkeypatch.chdir(home / "gone")
    (home / "gone").rmdir()
    said = anywhere(*(part.format(home=home) for part in GONE[name])).refused
    if name in ("picture", "replay"):
        assert said == "There is no file in.png: check the name."
    else:
        assert said.startswith("The current folder is not there any more, and ")
    whole = ("inpaint", home / "in.png", home / "mask.png", "red", "-o", home / "out.png")
    assert anywhere(*whole).code == 0
    monkeypatch.setenv("INPALLA_DATA", "data")
    assert anywhere("sessions", "list").refused.startswith(
        "The current folder is not there any more, and data"
    )
    os.chdir(home)
