"""The chat: what is written for what is typed, and what is in the session afterwards.

Scripted chats go through ``PlainConsole`` with text streams; what only a terminal has is in
``test_terminal.py``.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.errors import AgentError
from agent.terminal import slash_commands
from agent.terminal.chat import Chat, ChatEditor, chat
from agent.terminal.console import PlainConsole
from sessions import Sessions
from tests.support.paintbox import HEIGHT, WIDTH, PaintBox, open_box, picture

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """What a chat wrote, and how it ended."""

    code: int
    out: str
    problems: str

    @property
    def lines(self) -> list[str]:
        """The lines of the answers, without those about the session at the end."""
        return self.out.splitlines()[:-2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder; the current folder is another empty one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "data"


async def talk(folder: Path, *lines: str, name: str | None = "box", file: Path | None = None) -> Said:
    out, problems = io.StringIO(), io.StringIO()
    console = PlainConsole(io.StringIO("".join(f"{line}\n" for line in lines)), out, problems)

    def opener(file: Path | None, name: str | None) -> ChatEditor:
        return open_box(folder, file, name)

    code = await chat(open_box(folder, file, name), console, opener)
    return Said(code, out.getvalue(), problems.getvalue())


def pixels_of(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.array(image)


# Sentences


async def test_a_sentence_is_understood_carried_out_and_kept(folder: Path) -> None:
    said = await talk(folder, "paint the left red", "hello")
    assert said == Said(0, said.out, "")
    assert said.lines == [
        "The left is red now.",
        "version 1 · 0.2 s (painting 0.1)",
        "You said: hello",
    ]
    with Sessions(folder / "sessions").open("box") as session:
        assert session.head == 1
        assert [turn.sentence for turn in session.turns] == ["paint the left red", "hello"]
        assert (session.picture()[:, : WIDTH // 2] == (255, 0, 0)).all()
        assert np.array_equal(session.picture()[:, WIDTH // 2 :], picture()[:, WIDTH // 2 :])


async def test_the_end_says_where_the_session_is_and_how_to_go_on(folder: Path) -> None:
    first = await talk(folder, "paint the left red", "/quit", "paint the right blue")
    assert str(folder / "sessions" / "box") in first.out
    assert "inpalla chat --session box" in first.out
    second = await talk(folder)
    assert "You are at version 1; the last sentence was: paint the left red" in second.out


async def test_an_error_in_one_line_does_not_stop_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPALLA_DATA", str(folder / "data"))
    said = await talk(folder, "refuse", "crash", "look for a piano", "", "   ", "paint the left red")
    assert said.code == 1
    refused, crashed, missing = said.problems.splitlines()
    assert refused == "That cannot be done: ask for something else."
    assert "ValueError, nobody foresaw [this]" in crashed
    assert missing == "I see no a piano. There are: the left and the right."
    assert "The left is red now." in said.lines
    assert "Traceback" not in said.out + said.problems
    assert "Traceback" in (folder / "data" / "log.txt").read_text()


@pytest.mark.parametrize(
    "typed", ["[bold]x[/bold]", "[/nonsense]", "[link=file:///etc/passwd]a[/link]", "a \\[b"]
)
async def test_brackets_are_text(folder: Path, typed: str) -> None:
    said = await talk(folder, typed)
    assert said.lines == [f"You said: {typed}"]


async def test_control_characters_do_not_reach_the_terminal(folder: Path) -> None:
    said = await talk(folder, "a\x1b[2Jb\x07c", "/history")
    assert said.lines[0] == "You said: a\ufffd[2Jb\ufffdc"
    assert not set("\x1b\x07") & set(said.out)


async def test_what_was_noticed_when_the_picture_was_read_is_said(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "cmyk.tif"
    Image.new("CMYK", (WIDTH, HEIGHT), (10, 20, 30, 0)).save(file)
    said = await talk(folder, file=file, name=None)
    assert said.lines == ["Its CMYK colours were converted to RGB."]


# Commands that change the picture


async def test_versions_form_a_tree(folder: Path) -> None:
    said = await talk(
        folder,
        "paint the left red",
        "paint the right blue",
        "/undo",
        "paint the top green",
        "/undo 2",
        "/redo",
        "/goto 3",
        "/history",
    )
    assert said.code == 0
    assert said.lines[-4:] == [
        "  0  the base picture",
        "  1  paint the left red",
        "  ├─ 2  paint the right blue",
        "* 3  paint the top green",
    ]
    with Sessions(folder / "sessions").open("box") as session:
        assert session.head == 3
        assert [turn.sentence for turn in session.turns][2::2] == ["/undo", "/undo 2", "/goto 3"]


async def test_a_version_has_a_name(folder: Path) -> None:
    said = await talk(
        folder,
        "paint the left red",
        "/mark Warm",
        "paint the left blue",
        "/goto warm",
        "/history",
        "/goto cold",
    )
    assert said.code == 1  # there is no version of the last name
    assert said.lines[-3:] == [
        "  0  the base picture",
        "* 1  paint the left red  “warm”",
        "  2  paint the left blue",
    ]
    with Sessions(folder / "sessions").open("box") as session:
        assert session.head == 1


async def test_a_layer_is_hidden_and_put_back(folder: Path) -> None:
    said = await talk(folder, "paint the left red and right blue", "/hide 0", "/layers", "/show 0", "/layers")
    assert said.code == 0
    tables = [line.split("\t") for line in said.lines if "\t" in line]
    assert [row[3] for row in tables if row[0] == "0"] == ["hidden", "shown"]
    assert [row[3] for row in tables if row[0] == "1"] == ["shown", "shown"]
    again = await talk(folder, "/show 0", "/hide 0", "/hide 0", "/hide 7")
    assert again.problems.splitlines() == [
        "Layer 0 (left) is in the picture already.",
        "Layer 0 (left) is hidden already.",
        "There is no layer 7: the layers are 0 to 1.",
    ]


async def test_a_variation_is_picked(folder: Path) -> None:
    said = await talk(folder, "show three", "/pick 9", "/pick 2")
    assert said.problems == "There is no variation 9.\n"
    with Sessions(folder / "sessions").open("box") as session:
        assert (session.picture() == (0, 128, 0)).all()


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("/undo", "There is nothing to undo."),
        ("/redo", "There is nothing to redo."),
        ("/undo x", "Use /undo [N], where N is a number from 1."),
        ("/undo 0", "Use /undo [N], where N is a number from 1."),
        ("/undo ²", "Use /undo [N], where N is a number from 1."),
        ("/undo 99999999999999999999", "There is nothing to undo."),
        ("/goto", "Use /goto N | NAME | WHEN, where N is a number from 0."),
        ("/goto 4", "There is no version 4: there is only 0, the base picture."),
        ("/hide 0", "There is no layer 0: there are no layers yet."),
        ("/show v9", "There is no version 9: there is only 0, the base picture."),
        ("/mask", "There is no mask yet: nothing was edited."),
        ("/compare", "You are at version 0, so there is nothing to compare."),
        ("/pick", "Use /pick N, where N is a number from 1."),
        ("/open", "Use /open FILE | SESSION."),
        ("/open box", "The session box is open: this is it."),
        ("/open nothing", "There is no session and no file nothing: /sessions lists the sessions."),
        ("/new box", "The name box is taken: choose another one, or continue that session: /open box."),
        ("/nonsense", "There is no command /nonsense: /help lists the commands."),
        ("/histroy", "There is no command /histroy: did you mean /history?"),
        ("/", "There is no command /: /help lists the commands."),
        ("/s", "/s could be /show, /save or /sessions: type more letters."),
        ("/help foo", "There is no command /foo: /help lists the commands."),
    ],
)
async def test_a_command_that_cannot_be_done_says_why(folder: Path, typed: str, problem: str) -> None:
    said = await talk(folder, typed, "hello")
    assert said.problems == f"{problem}\n"
    assert said.code == 1
    assert said.lines == ["You said: hello"]


async def test_commands_may_be_shortened(folder: Path) -> None:
    said = await talk(folder, "paint the left red", "/U", "/REDO", "/his", "/q", "hello")
    assert said.code == 0
    assert said.lines[-1] == "* 1  paint the left red"


# Commands that look


async def test_pictures_are_described_where_they_cannot_be_shown(folder: Path) -> None:
    said = await talk(folder, "/show", "paint the left red", "compare", "/compare", "/show v0", "/mask")
    assert said.code == 0
    assert said.lines[0] == "Version 0, 96x64 pixels, as it was."
    assert "Version 1, 96x64 pixels, edited: left." in said.lines
    assert "This is version 0; you are at version 1." in said.lines
    assert "Layer 0, left: 50.0% of the picture." in said.lines
    mask = pixels_of(Path(said.lines[-1].removeprefix("The mask is ")))
    assert (mask[:, : WIDTH // 2] == 255).all()
    assert (mask[:, WIDTH // 2 :] == 0).all()


async def test_help_names_every_command(folder: Path) -> None:
    said = await talk(folder, "/help", "/help save")
    for command in slash_commands.COMMANDS.values():
        assert f"{command.synopsis}\t{command.help}" in said.lines
    assert said.lines[-1].startswith("/save [!] [FILE]: ")


# Files and sessions


async def test_save_writes_the_picture_and_overwrites_nothing(folder: Path) -> None:
    here = Path.cwd()
    said = await talk(
        folder, "paint the left red", "/save", "/save", "/save a room", "/save a room", "/save sub"
    )
    assert said.problems == f"{here / 'a room.png'} is there already: /save ! FILE overwrites it.\n"
    assert sorted(path.name for path in here.iterdir()) == ["a room.png", "box-2.png", "box.png", "sub.png"]
    with Sessions(folder / "sessions").open("box") as session:
        for path in here.iterdir():
            assert np.array_equal(pixels_of(path), session.picture())


async def test_save_with_an_exclamation_mark_overwrites(folder: Path) -> None:
    here = Path.cwd()
    (here / "old.png").write_bytes(b"old")
    (here / "folder").mkdir()
    said = await talk(folder, "/save old.png", "/save ! 'old.png'", "/save folder")
    assert said.problems.count("\n") == 1
    assert np.array_equal(pixels_of(here / "old.png"), picture())
    assert np.array_equal(pixels_of(here / "folder" / "box.png"), picture())


@pytest.mark.parametrize("where", ["a.gif", "none/a.png", "a\0b.png", "x" * 300 + ".png", "~nobody/a.png"])
async def test_save_somewhere_impossible_is_one_sentence(folder: Path, where: str) -> None:
    said = await talk(folder, f"/save {where}")
    assert said.problems.count("\n") == 1
    assert said.code == 1
    assert list(Path.cwd().iterdir()) == []


async def test_open_and_new_change_the_session_and_keep_the_one_before(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a room.png"
    Image.new("RGB", (40, 30), "green").save(file)
    said = await talk(
        folder, "paint the left red", f"/open {file}", "/new again", "/open box", "/history", "/sessions"
    )
    assert said.problems == ""
    assert "* 1  paint the left red" in said.lines
    rows = {line.split("\t")[1]: line.split("\t") for line in said.lines if line.count("\t") == 4}
    assert {name: row[0] for name, row in rows.items() if name != "session"} == {
        "box": "*",
        "a-room-1": "",
        "again": "",
    }
    assert rows["again"][2] == "40x30"
    for name in rows.keys() - {"session"}:
        Sessions(folder / "sessions").open(name).close()  # nothing is left locked


async def test_what_cannot_be_opened_leaves_the_session_open(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    open_box(folder, None, "other").close()
    with Sessions(folder / "sessions").open("other"):
        said = await talk(
            folder, f"/open {tmp_path / 'notes.png'}", "/open none.png", "/open other", "paint the left red"
        )
    unreadable, missing, busy = said.problems.splitlines()
    assert "notes.png is not a picture" in unreadable
    assert missing == "There is no file none.png: check the name."
    assert "'other' is open in another process" in busy
    assert "The left is red now." in said.lines


# Completion


def completions(editor: PaintBox, text: str) -> list[str]:
    console = PlainConsole(io.StringIO(), io.StringIO(), io.StringIO())
    state = Chat(editor, console, lambda file, name: editor)
    return [completion.text for completion in slash_commands.complete(state, text)]


def test_completion_offers_what_may_follow(folder: Path) -> None:
    (Path.cwd() / "kitchen.png").touch()
    open_box(folder, None, "kitchen-1").close()
    editor = open_box(folder, None, "box")
    assert completions(editor, "/h") == ["/history", "/hide", "/help"]
    assert completions(editor, "make the sofa") == []
    assert completions(editor, "/hide ") == []
    assert completions(editor, "/show ") == ["v0"]
    assert completions(editor, "/nonsense ") == []
    assert completions(editor, "/open k") == ["kitchen-1", "itchen.png"]
    assert completions(editor, "/save kit") == ["chen.png"]
    assert completions(editor, "/help qu") == ["quit"]
    editor.close()


def test_every_command_is_found_by_its_shortest_clear_beginning() -> None:
    for name, command in slash_commands.COMMANDS.items():
        for length in range(1, len(name) + 1):
            beginning = name[:length]
            fitting = [each for each in slash_commands.COMMANDS if each.startswith(beginning)]
            if len(fitting) == 1 or beginning in slash_commands.COMMANDS:
                assert slash_commands.find(beginning) is slash_commands.COMMANDS.get(beginning, command)
            else:
                with pytest.raises(AgentError, match="could be"):
                    slash_commands.find(beginning)


# Processes


def box_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.support.paintbox", str(folder)]


def heeding() -> None:
    """Before a command begins: it heeds Ctrl-C even where this suite was started without (by ``&``)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ignoring() -> None:
    """Before a command begins: it inherits that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_a_script_that_was_started_without_interrupts_goes_on(folder: Path) -> None:
    """Ctrl-C in a shell reaches the jobs that its scripts began with ``&`` as well, and is not for them."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        box_command(folder),
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        encoding="utf-8",
        preexec_fn=ignoring,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("paint the left red\n")
        process.stdin.flush()
        while not process.stdout.readline().startswith("version 1"):
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate("paint the right blue\n", timeout=60)
        assert (process.returncode, err) == (0, "")
        assert "version 2" in out


def test_an_interrupt_ends_a_script_and_changes_nothing(folder: Path) -> None:
    command = box_command(folder)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8", preexec_fn=heeding
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("paint the left red\nsleep\npaint the right blue\n")
        process.stdin.flush()
        while not process.stdout.readline().startswith("version 1"):
            pass
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 130
        finally:
            process.kill()  # the block would wait for it for ever
        assert process.stderr.read() == ""
    with Sessions(folder / "sessions").open("box") as session:
        assert session.head == 1


def test_letters_that_cannot_be_written_or_read_do_not_end_a_script(folder: Path) -> None:
    done = subprocess.run(
        box_command(folder),
        cwd=ROOT,
        input=b"caf\xe9 \xe2\x98\x95\nhello\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"You said: caf" in done.stdout
    assert b"You said: hello" in done.stdout
