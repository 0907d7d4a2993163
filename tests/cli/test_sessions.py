"""``inpalla sessions`` as scripts see it; ``tests/sessions`` has what is freed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import is_near, middle
from tests.support.colour_engines import PAINTS
from tests.support.command_line import Run
from tools.pictures import read_picture


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


@pytest.mark.parametrize("name", ["../up", "a/b", "/etc", "..", ".x", "", "n" * 65, "ö", "a b"])
def test_session_names_that_are_not_allowed(inpalla: Run, home: Path, picture: Path, name: str) -> None:
    assert inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", name).is_refusal()
    for command in ("show", "remove"):
        assert inpalla("sessions", command, name).is_refusal()
    assert sorted(path.name for path in home.iterdir()) in (["flat.png"], ["data", "flat.png"])
