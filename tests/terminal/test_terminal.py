"""The chat in a terminal: prompt, keys, pictures, cancelling. Typed and read through a pseudo-terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.turn.editor import sample_room
from sessions import Sessions
from tests.support import colour_engines
from tests.support.terminal import CTRL_C, CTRL_D, TAB, Terminal
from tools.pictures import write_picture

pytest.importorskip("termios", reason="this system has no pseudo-terminals")

ROOT = Path(__file__).parents[2]
HALF_CELL = "▀"
WIPED = "\r\x1b[2K"
COMMAND = (
    "from tests.support import colour_engines; colour_engines.register();"
    " from agent.cli.main import main; main()"
)


def open_terminal(folder: Path, columns: int = 100) -> Terminal:
    """A chat over a paint box, in a terminal of so many columns."""
    command = [sys.executable, "-m", "tests.support.paintbox", str(folder)]
    return Terminal(command, cwd=ROOT, env={"INPALLA_DATA": str(folder / "data")}, columns=columns)


@pytest.mark.parametrize("columns", [20, 39, 100])
def test_a_table_can_be_read_in_a_narrow_terminal(columns: int, tmp_path: Path) -> None:
    with open_terminal(tmp_path, columns) as terminal:
        terminal.wait_for_prompt()
        terminal.type("paint the left red")
        answer = terminal.type("/layers")
        assert {"left", "red", "restyle", "shown"} <= set(answer.split())
        terminal.press("/quit\r")
        assert terminal.end() == 0


def test_a_conversation(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        greeting = terminal.wait_for_prompt()
        assert "say in plain words what to change" in greeting
        assert HALF_CELL in greeting

        answer = terminal.type("paint the left red")
        assert "the left → red" in answer
        assert "The left is red now." in answer
        assert "the base picture" in answer
        assert "now (version 1)" in answer
        assert HALF_CELL in answer

        assert "You said: [bold]x[/bold] [/]" in terminal.type("[bold]x[/bold] [/]")
        assert "There is nothing to redo." in terminal.type("/redo")
        assert "ValueError, nobody foresaw [this]" in terminal.type("crash")
        assert "Back at version 0." in terminal.type("/undo")
        assert "  1  paint the left red" in terminal.type("/history")

        terminal.press("/quit\r")
        assert terminal.end() == 0
        assert "inpalla chat --session box" in terminal.written
        assert "Traceback" not in terminal.written
    with Sessions(tmp_path / "sessions").open("box") as session:
        assert (session.head, len(session.versions)) == (0, 2)


def test_keys(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("\n# before\n+say this again\n")
    with open_terminal(tmp_path) as terminal:
        terminal.press("typed too early\rand not")
        assert "You said: typed too early" in terminal.wait_for_prompt()
        assert "You said: and not to the end" in terminal.type(" to the end")

        terminal.press("sleep\r")
        terminal.wait_for("Low memory: painting smaller.")
        terminal.wait_for("3/8")
        terminal.wait_for(HALF_CELL)  # what is being painted, so far
        terminal.press(CTRL_C)
        assert "Cancelled; nothing was changed." in terminal.wait_for_prompt()

        terminal.press("paint the left red")
        terminal.press(CTRL_C)
        terminal.wait_for_prompt()
        terminal.press("/hist" + TAB)
        terminal.wait_for("/history")
        assert "* 0  the base picture" in terminal.type("")

        up = "\x1b[A"
        terminal.press(up * 4)
        terminal.wait_for("say this again")
        assert "You said: say this again" in terminal.type("")

        terminal.press(CTRL_D)
        assert terminal.end() == 0


def test_the_command_line_opens_the_sample_room(tmp_path: Path) -> None:
    file = tmp_path / "room.png"
    data = {"INPALLA_DATA": str(tmp_path / "data")}
    with Terminal([sys.executable, "-m", "agent.cli.main", "chat"], cwd=ROOT, env=data) as terminal:
        assert HALF_CELL in terminal.wait_for_prompt()
        assert "* 0  the base picture" in terminal.type("/history")
        assert f"Saved version 0 as {file}" in terminal.type(f"/save {file}").replace("\n", "")
        terminal.press(CTRL_D)
        assert terminal.end() == 0
        assert "Nothing was edited, so no session is kept." in terminal.written
        assert "Traceback" not in terminal.written
    assert Sessions(tmp_path / "data" / "sessions").list() == []
    with Image.open(file) as saved, Image.open(sample_room()) as room:
        assert np.array_equal(np.array(saved), np.array(room.convert("RGB")))


def test_saving_over_a_file_asks_first(tmp_path: Path) -> None:
    file = tmp_path / "mine.png"
    file.write_bytes(b"mine")
    with open_terminal(tmp_path) as terminal:
        terminal.wait_for_prompt()
        terminal.press(f"/save {file}\r")
        terminal.wait_for("[y/N]")
        terminal.press("n\r")
        terminal.wait_for("Nothing was saved.")
        assert file.read_bytes() == b"mine"
        terminal.wait_for_prompt()
        terminal.press(f"/save {file}\r")
        terminal.wait_for("[y/N]")
        terminal.press("y\r")
        terminal.wait_for("Saved version 0")
        assert file.read_bytes()[1:4] == b"PNG"


def large_picture(folder: Path) -> Path:
    """A room of 1280 x 960 pixels, with grain: it takes a moment to read and to save."""
    pixels = np.repeat(np.repeat(colour_engines.room(), 8, axis=0), 8, axis=1)
    grain = np.random.default_rng(0).integers(-3, 4, (*pixels.shape[:2], 1))
    return write_picture(folder / "large.png", np.clip(pixels + grain, 0, 255).astype(np.uint8))


def on_a_terminal(folder: Path, *arguments: str) -> Terminal:
    """The command with engines for plain colours, run in the folder."""
    data = {"INPALLA_DATA": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    return Terminal([sys.executable, "-c", COMMAND, *arguments], cwd=folder, env=data)


def test_a_command_says_which_file_it_reads_and_saves(tmp_path: Path) -> None:
    """Each line is wiped when its work is done."""
    large_picture(tmp_path)
    with on_a_terminal(
        tmp_path, "edit", "large.png", "make the sofa red", "-o", "out.png", "--session", "s"
    ) as terminal:
        terminal.wait_for(f"{WIPED}reading large.png{WIPED}")
        terminal.wait_for(f"{WIPED}finding the sofa")
        terminal.wait_for(f"{WIPED}saving out.png{WIPED}")
        assert terminal.wait_for("the sofa → a red sofa").strip() == "Done:"
        terminal.wait_for("(session s).")
        assert terminal.end() == 0
    assert (tmp_path / "out.png").exists()

    with on_a_terminal(tmp_path, "sessions", "export", "s", "-o", "again.png") as terminal:
        terminal.wait_for(f"{WIPED}saving again.png{WIPED}")
        terminal.wait_for("again.png.")
        assert terminal.end() == 0
    with on_a_terminal(tmp_path, "segment", "large.png", "the sofa", "-o", "m.png") as terminal:
        terminal.wait_for(f"{WIPED}looking at large.png{WIPED}")
        terminal.wait_for("m.png (")
        assert terminal.end() == 0


def test_what_is_being_read_is_said_before_it_is_read(tmp_path: Path) -> None:
    whole = large_picture(tmp_path).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with on_a_terminal(tmp_path, "edit", "half.png", "make the sofa red", "-o", "out.png") as terminal:
        terminal.wait_for(f"{WIPED}reading half.png{WIPED}")
        assert terminal.end() == 1
        assert "half.png" in terminal.written.splitlines()[-1]
    assert not (tmp_path / "out.png").exists()


def test_a_chat_says_which_file_it_reads_and_saves(tmp_path: Path) -> None:
    large_picture(tmp_path)
    with on_a_terminal(tmp_path, "chat", "large.png", "--session", "s") as terminal:
        terminal.wait_for(f"{WIPED}reading large.png")
        terminal.wait_for_prompt()
        terminal.press("/save out.png\r")
        terminal.wait_for("saving out.png")
        terminal.wait_for("Saved version 0 as")
        terminal.wait_for_prompt()
        terminal.press("/open large.png\r")
        terminal.wait_for("opening large.png")
        terminal.wait_for("Session large")
        terminal.wait_for_prompt()
        terminal.press("/quit\r")
        assert terminal.end() == 0
