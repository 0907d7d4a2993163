"""What is read and what is shown: control characters, other letters, paths as terminals drop them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.safe_text import json_line, printable
from agent.terminal import slash_commands
from agent.terminal.chat import Chat, ChatEditor, chat
from agent.terminal.console import PlainConsole
from agent.turn import user_paths
from agent.turn.editor import readable
from sessions import Sessions
from tests.field import makers
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tests.support.paintbox import open_box
from tools.pictures import write_mask, write_picture

OBEYED = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202e"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\ttext\nand a line", "plain\ttext\nand a line"),
        ("caf\u00e9 \u4f60\u597d \U0001f6cb\ufe0f", "caf\u00e9 \u4f60\u597d \U0001f6cb\ufe0f"),
        (OBEYED, "\ufffd]0;owned\ufffd\ufffd[2J\ufffd31m\ufffd\ufffd"),
        ("a\rb\x00c\x08d", "a\ufffdb\ufffdc\ufffdd"),
        ("a\udc80b", "a\ufffdb"),
    ],
)
def test_a_terminal_obeys_nothing_that_is_shown(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@pytest.mark.parametrize("raw", [OBEYED, "a\udc80\udcffb", "\u2028\x85", "sofa", "\U0001f6cb"])
def test_json_says_it_all_and_a_terminal_obeys_nothing(raw: str) -> None:
    line = json_line({"text": raw})
    assert json.loads(line) == {"text": raw}
    assert printable(line.replace("\u202e", "")) == line.replace("\u202e", "")
    line.encode()


@pytest.mark.parametrize("command", ["plan", "replay", "show", "usage", "segment", "edit", "inpaint"])
def test_the_one_shot_commands_clean_what_they_say(command: str, home: Path, inpalla: Run) -> None:
    write_picture("in.png", room())
    odd = home / "a\x1b]0;owned\x07.png"
    write_picture(odd, room())
    if command == "replay":
        values, masks = makers.recipe()
        makers.picture_of(home / "r.png", makers.changed(values, "layers.0.request.engine", OBEYED), masks)
    if command == "show":
        assert inpalla("edit", odd, "make the sofa red", "-o", "out.png", "--session", "s").code == 0
        with sqlite3.connect(home / "data" / "sessions" / "s" / "session.db") as db:
            db.execute("UPDATE version SET sentence = ?", (OBEYED,))
            db.execute("UPDATE layer SET target = ?, prompt = ?", (OBEYED,) * 2)
        db.close()
    lines = {
        "plan": ("plan", f"make the sofa red{OBEYED}"),
        "replay": ("replay", "r.png", "-o", "out.png", "--picture", "in.png"),
        "show": ("sessions", "show", "s"),
        "usage": ("paint\x1b[2J", "--colour\x9b"),
        "segment": ("segment", odd, f"the piano{OBEYED}", "-o", "mask.png"),
        "edit": ("edit", odd, f"make the piano{OBEYED} red", "-o", str(home / "b\x1b[2J.png")),
        "inpaint": ("inpaint", odd, "m\x1b[2J.png", "red", "-o", "out.png"),
    }
    done = inpalla(*lines[command])
    said = done.out + done.err
    assert said
    assert not set(said) & set("\x1b\x07\x9b\x7f\u202e")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("make the so\u200bfa red", "make the sofa red"),
        ("\uff4d\uff41\uff4b\uff45 the \uff53\uff4f\uff46\uff41 red", "make the sofa red"),
        ("make\u00a0the\u2003sofa\u3000red", "make the sofa red"),
        ("\ufeffmake the so\u00adfa red\u2060", "make the sofa red"),
        ("make the sofa r\u200ce\u200dd", "make the sofa red"),
        ("make the \u202esofa red", "make the sofa red"),
        ("make the so\ufb01e red", "make the sofie red"),
    ],
)
def test_sentences_are_read_as_they_were_meant(typed: str, meant: str, home: Path, inpalla: Run) -> None:
    assert readable(typed) == meant
    assert inpalla("plan", typed, "--json").values == inpalla("plan", meant, "--json").values


@pytest.mark.parametrize("typed", ["\ufdfa" * 200, "a" * 2001, "\ufdfa" * 1999])
def test_a_sentence_is_not_longer_afterwards(typed: str) -> None:
    with pytest.raises(AgentError, match="at most 2000"):
        readable(typed)


# ---- paths -------------------------------------------------------------------------------------------------


ODD_NAMES = ["one\nline.png", "a\tb.png", "a\rb.png", "a\u2028b.png", "a\x85b.png"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("inpaint", name) for name in ODD_NAMES),
        *(("refusal", name) for name in ODD_NAMES),
        *((command, ODD_NAMES[0]) for command in ("edit", "replay", "export", "chat")),
    ],
)
def test_a_name_is_on_one_line(command: str, name: str, home: Path, inpalla: Run) -> None:
    write_picture("in.png", room())
    write_mask("mask.png", makers.sofa())
    values, masks = makers.recipe()
    makers.picture_of(home / "r.png", values, masks)
    assert inpalla("edit", "in.png", "make the sofa red", "-o", "made.png", "--session", "s").code == 0
    if command == "chat":
        out, problems = io.StringIO(), io.StringIO()
        console = PlainConsole(io.StringIO("\n"), out, problems)
        opened = Chat(open_box(home, None, "box"), console, lambda file, name: open_box(home, file, name))
        asyncio.run(slash_commands.run(opened, f"/save {name}"))
        opened.editor.close()
        said = out.getvalue()
    else:
        lines = {
            "edit": ("edit", "in.png", "make the sofa red", "-o", name, "--session", "t"),
            "inpaint": ("inpaint", "in.png", "mask.png", "red", "-o", name),
            "replay": ("replay", "r.png", "-o", name, "--picture", "in.png"),
            "export": ("sessions", "export", "s", "-o", name),
            "refusal": ("inpaint", "in.png", "mask.png", "red", "-o", f"{name}.txt"),
        }
        done = inpalla(*lines[command])
        said = done.out + done.err
    shown = name.translate(dict.fromkeys(map(ord, "\n\t\r\u2028\x85"), " "))
    (line,) = [line for line in said.splitlines() if shown in line]
    assert line.startswith("Saved " if command != "refusal" else shown)
    assert not set("\t\r\u2028\x85") & set(said)


UNDROPPABLE = {
    "two": ("{0}/a.png {0}/b.png", "one file"),
    "two, quoted": ("'{0}/a.png' '{0}/b.png'", "one file"),
    "three": ("{0}/a.png {0}/b.png {0}/a.png", "one file"),
    "two of file:": ("file://{0}/a.png file://{0}/b.png", "one file"),
    "another machine": ("file://evil.example/x.png", "another machine, evil.example"),
    "another machine's, that is here": ("file://evil.example{0}/a.png", "another machine, evil.example"),
    "not there": ("file://{0}/none.png", "There is no file {0}/none.png"),
}


@pytest.mark.skipif(os.name == "nt", reason="a backslash is a part of the path there")
@pytest.mark.parametrize("case", list(UNDROPPABLE))
async def test_what_cannot_be_dropped_is_told(case: str, home: Path) -> None:
    for name in ("a.png", "b.png"):
        write_picture(home / name, room())
    line, told = (text.format(home) for text in UNDROPPABLE[case])
    out, problems = io.StringIO(), io.StringIO()
    console = PlainConsole(io.StringIO(f"{line}\n"), out, problems)
    await chat(open_box(home, None, "box"), console, lambda file, name: open_box(home, file, name))
    assert told in problems.getvalue()
    assert "command" not in problems.getvalue()
    assert "You said" not in out.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="a backslash is a part of the path there")
@pytest.mark.parametrize(
    "line", ["/undo 2", "/save /nowhere/x.png", "/open {}/a.png", "make it red", "{}/a.png", "file a.png"]
)
def test_other_lines_are_taken_as_they_were(line: str, tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", room())
    assert user_paths.undroppable(line.format(tmp_path)) is None


@pytest.mark.skipif(os.name == "nt", reason="a backslash is a part of the path there")
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("my room.png", "{}/my\\ room.png"),
        ("my room.png", "'{}/my room.png'"),
        ("my room.png", '"{}/my room.png"'),
        ("my room.png", "file://{}/my%20room.png"),
        ("my room.png", "file://localhost{}/my%20room.png"),
        ("it's.png", "'{}/it'\\''s.png'"),
        ("it's (1) & more.png", "{}/it\\'s\\ \\(1\\)\\ \\&\\ more.png"),
        ("z\u00fcrich.png", "file://{}/z%C3%BCrich.png"),
        ("100%.png", "{}/100%.png"),
        ("a\\b.png", "{}/a\\b.png"),
        ("caf\udce9.png", "file://{}/caf%E9.png"),
    ],
)
def test_paths_as_terminals_drop_them(name: str, written: str, tmp_path: Path) -> None:
    write_picture(tmp_path / name, room())
    line = written.format(tmp_path)
    assert user_paths.meant(line) == tmp_path / name
    assert user_paths.dropped(line) == tmp_path / name


@pytest.mark.parametrize(
    "line", ["/undo", "/save /nowhere/x.png", "make 'it' red", "'quoted' words", "/", "file:", "~"]
)
def test_other_lines_are_no_files(line: str) -> None:
    assert user_paths.dropped(line) is None


@pytest.mark.skipif(os.name == "nt", reason="a backslash is a part of the path there")
@pytest.mark.parametrize(
    "line",
    [
        "{}/my\\ room.png",
        "'{}/my room.png'",
        "/open {}/my\\ room.png",
        "/open file://{}/my%20room.png",
    ],
)
async def test_a_file_that_is_dropped_into_the_chat_is_opened(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_picture(tmp_path / "my room.png", room())
    out, problems = io.StringIO(), io.StringIO()
    source = io.StringIO(f"{line.format(tmp_path)}\n\uff0fhistory\n/save my\\ copy.png\n")

    def opener(file: Path | None, name: str | None) -> ChatEditor:
        return open_box(tmp_path / "data", file, name)

    monkeypatch.chdir(tmp_path)
    code = await chat(open_box(tmp_path / "data", None, "box"), PlainConsole(source, out, problems), opener)
    assert (code, problems.getvalue()) == (0, "")
    assert "is kept" in out.getvalue()
    assert "the base picture" in out.getvalue()
    assert (tmp_path / "my copy.png").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow UTF-8 only")
@pytest.mark.parametrize("name", [b"caf\xe9.png", b"\xff\xfe.png", b"a\x80b c.png"])
def test_a_file_name_need_not_be_utf_8(name: bytes, home: Path, inpalla: Run) -> None:
    path = home / os.fsdecode(name)
    write_picture(path, room())
    out = home / os.fsdecode(b"out-" + name)
    done = inpalla("edit", path, "make the sofa red", "-o", out, "--session", "s", "--json")
    assert Path(done.values["output"]) == out
    assert out.exists()
    assert inpalla("sessions", "show", "s").code == 0
    assert inpalla("replay", out, "-o", "again.png").code == 0
    with Sessions().open("s") as session:
        assert Path(session.source) == path


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow UTF-8 only")
def test_a_data_folder_need_not_be_utf_8(home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPALLA_DATA", str(home / os.fsdecode(b"d\xe4ta")))
    write_picture("in.png", room())
    assert inpalla("edit", "in.png", "make the sofa red", "-o", "out.png", "--session", "s").code == 0
    assert inpalla("sessions", "list").out.startswith("s ")
