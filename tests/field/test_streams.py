"""Terminals, shells and disks: streams that are gone, signals, disks without locks."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
import psutil  # type: ignore[import-untyped]
import pytest

from agent.cli import doctor
from sessions import SessionError, Sessions, files
from tests.field.makers import sofa
from tests.field.test_ollama import Server
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tests.support.terminal import CTRL_C, Terminal
from tools.langchain import inpaint_file
from tools.pictures import read_picture, write_mask, write_picture

ROOT = Path(__file__).parent.parent.parent
CODE = (
    "from tests.support import colour_engines; colour_engines.register();"
    " from agent.cli.main import main; main()"
)
INPALLA = f"{shlex.quote(sys.executable)} -c {shlex.quote(CODE)}"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells and signals are another thing there")


def shell(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A script for bash in which $I is the program."""
    environment = {**os.environ, "INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT), "I": INPALLA}
    return subprocess.run(
        ["bash", "-c", script.replace("$I", INPALLA)],
        cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def picture(home: Path) -> Path:
    return write_picture(home / "in.png", room())


THREE = "'make the sofa red' 'make the rug green' 'make the lamp blue'"
SAVED, S_SAVED = "Saved OUT.\n", "Saved OUT (session s).\n"
SOFA = "the sofa: OUT (9.1% of the picture)\n"
CLOSED = "The output cannot be written: the standard output is closed.\n"
FULL = "The output cannot be written: the disk is full, so free some space.\n"


@pytest.mark.parametrize(
    ("script", "code", "said", "versions"),
    [
        # A closed output: what only tells something cannot be done, and does no more work.
        (f"$I plan {THREE} >&-", 1, CLOSED, None),
        ("$I sessions list >&-", 1, CLOSED, None),
        ("$I --version >&-", 1, CLOSED, None),
        ("$I --version 1</dev/null", 1, CLOSED, None),  # open, but not for writing
        # So it is with a disk that is full.
        ("$I --version >/dev/full", 1, FULL, None),
        # What makes something is finished, and told where there is a place for it.
        (f"$I edit in.png {THREE} -o out.png --session s >&-", 1, S_SAVED + CLOSED, 3),
        (f"$I edit in.png {THREE} -o out.png --session s --json >&-", 1, SAVED + CLOSED, 3),
        (f"$I edit in.png {THREE} -o out.png --session s >/dev/full", 1, S_SAVED + FULL, 3),
        ("$I inpaint in.png mask.png red -o out.png >&-", 1, SAVED + CLOSED, None),
        ("$I segment in.png 'the sofa' -o out.png >&-", 1, SOFA + CLOSED, None),
        ("$I replay made.png --picture in.png -o out.png >&-", 1, SAVED + CLOSED, None),
        ("$I sessions export old -o out.png >&-", 1, SAVED + CLOSED, None),
        ("$I sessions remove old >&-", 1, f"Removed the session old.\n{CLOSED}", None),
        ("$I sessions prune --yes >&-", 1, f"There is nothing to free.\n{CLOSED}", None),
        # What could not be done is told as ever, and where nobody reads at all, by the code.
        ("$I sessions show nothing >&-", 1, "`inpalla sessions list` lists them.\n", None),
        ("$I sessions show nothing 2>&-", 1, "", None),
        ("$I edit in.png 'make the sofa red' -o out.png --session s >&- 2>&-", 1, "", 1),
        ("$I plan >&- 2>&- <&-", 2, "", None),
        # A reader that leaves has had enough: that is no failure, and ends the work.
        (f"$I edit in.png {THREE} -o out.png --session s | true; exit ${{PIPESTATUS[0]}}", 141, "", 1),
        ("$I --help | true; exit ${PIPESTATUS[0]}", 141, "", None),
        # A chat whose reader or writer leaves.
        ("$I chat in.png --session s <&-", 0, "", 0),
        ("printf 'make the sofa red\\nmake the rug green\\nmake the lamp blue\\n' "
         "| $I chat in.png --session s | head -1 >first; exit ${PIPESTATUS[1]}", 141, "", 2),
        ("printf 'make the sofa red\\nmake the rug green\\n' | $I chat in.png --session s >&-", 1, CLOSED, 1),
    ],
)  # fmt: skip
def test_a_stream_that_is_gone(
    script: str, code: int, said: str, versions: int | None, home: Path, picture: Path
) -> None:
    write_mask(home / "mask.png", sofa())
    if "made.png" in script or " old " in script:
        with Sessions(home / "data" / "sessions").create("old", room(), source=picture):
            pass
    if "made.png" in script:
        inpaint_file(str(picture), str(home / "mask.png"), "red", str(home / "made.png"), "restyle", 5)
    done = shell(home, script)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.returncode == code, done
    said = said.replace("OUT", str(home / "out.png"))
    assert done.stderr.endswith(said) if said else done.stderr == ""
    if said in (CLOSED, FULL):
        assert done.stderr == said
    assert (home / "out.png").exists() is ("-o out.png" in script)
    if versions is not None:
        with Sessions(home / "data" / "sessions").open("s") as session:
            assert session.head <= versions if code == 141 else session.head == versions


def test_what_is_meant_for_a_closed_terminal_is_written_into_no_file(home: Path, picture: Path) -> None:
    """Without its three streams, the files that a process opens would take their numbers."""
    shell(home, "$I edit in.png 'make the sofa red' -o out.png --session s <&- >&- 2>&-")
    shell(home, "$I edit in.png 'make the sofa red' -o out.png --session s --json <&- >&-")
    with Sessions(home / "data" / "sessions").open("s") as session:
        assert session.picture().shape == room().shape


def state_of(pid: int) -> str:
    return str(psutil.Process(pid).status())


@pytest.mark.parametrize("when", ["at the prompt", "at work"])
def test_ctrl_z_suspends(when: str, tmp_path: Path) -> None:
    """Under a shell with job control: a process without one is not suspended by the system."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "PS1": "shell> ",
                   "PROMPT_TOOLKIT_NO_CPR": "1", "INPALLA_DATA": str(tmp_path / "data")}  # fmt: skip
    child = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], cwd=str(tmp_path), env=environment, encoding="utf-8",
        codec_errors="replace", timeout=60, dimensions=(30, 100),
    )  # fmt: skip
    try:
        child.expect_exact("shell> ")
        child.sendline(
            f"cd {ROOT} && {shlex.quote(sys.executable)} -m tests.support.paintbox {tmp_path / 'data'}"
        )
        prompt = "\x1b[?2004h"
        answered(child, prompt)
        if when == "at work":
            child.send("sleep\r")
            time.sleep(3.0)  # until the line is read; nothing else is written that could be waited for
        child.send("\x1a")
        answered(child, "Stopped")
        (chat,) = (
            each for each in psutil.Process(child.pid).children() if "paintbox" in " ".join(each.cmdline())
        )
        assert state_of(chat.pid) == psutil.STATUS_STOPPED
        child.sendline("fg")
        time.sleep(2.0)
        if when == "at work":
            child.send("\x03")
            answered(child, "Cancelled")
        child.send("\r/quit\r")
        answered(child, "is kept in")
    finally:
        child.close(force=True)


NEVER_LOADED = (
    "import threading; from types import MappingProxyType; from tests.support import colour_engines;"
    " from tools.engines import registry; colour_engines.register();"
    " colour_engines.load_finder = lambda: threading.Event().wait(); from agent.cli.main import main; main()"
)
"""The program with a segmenter whose loading never ends: whoever waited for it would do so for ever."""


@pytest.mark.parametrize(("name", "planner"), [(None, "builtin"), ("mine", "ollama:m")])
def test_ctrl_c_waits_for_no_model_and_leaves_no_session(
    name: str | None, planner: str, home: Path, picture: Path
) -> None:
    """With a planner in another process, models are loaded ahead."""
    server = Server()
    command = [sys.executable, "-c", NEVER_LOADED, "edit", picture.name, "make the sofa red"]
    command += ["-o", "out.png", "--planner", planner, *(["--session", name] if name else [])]
    environment = {"INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT), "OLLAMA_HOST": server.host}
    try:
        with Terminal(command, cwd=home, env=environment, timeout=120) as terminal:
            terminal.wait_for("finding the sofa")
            assert [each.name for each in Sessions(home / "data" / "sessions").list()] == [name or "in-1"]
            terminal.press(CTRL_C)
            assert terminal.end() == 130
            assert terminal.written.endswith("\nCancelled.\n")
            assert "Traceback" not in terminal.written
    finally:
        server.close()
    assert Sessions(home / "data" / "sessions").list() == []
    assert not (home / "out.png").exists()


def test_ctrl_c_while_the_pocket_models_are_loaded(home: Path, picture: Path) -> None:
    """The real ones, and torch with them: a process that ended while they load must not crash either."""
    command = [
        sys.executable,
        "-m",
        "agent.cli.main",
        "edit",
        picture.name,
        "make the sofa floral",
        "--inpainter",
        "restyle=flux-kontext-pocket",
        "-o",
        "out.png",
    ]
    environment = {"INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT)}
    with Terminal(command, cwd=home, env=environment, timeout=120) as terminal:
        terminal.wait_for("finding the sofa")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert terminal.written.endswith("\nCancelled.\n")
        assert terminal.written.count("Cancelled") == 1
        for word in ("painting", "Traceback", "Fatal", "terminate"):
            assert word not in terminal.written
    assert Sessions(home / "data" / "sessions").list() == []


def test_ctrl_c_while_a_model_is_loaded_leaves_the_chat_as_it_was(home: Path, picture: Path) -> None:
    command = [sys.executable, "-c", NEVER_LOADED, "chat", picture.name, "--session", "mine"]
    environment = {"INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT)}
    with Terminal(command, cwd=home, env=environment, timeout=120) as terminal:
        terminal.wait_for_prompt()
        terminal.press("make the sofa red\r")
        terminal.wait_for("finding the sofa")
        terminal.press(CTRL_C)
        assert "Cancelled; nothing was changed." in terminal.wait_for_prompt()
        assert "* 0  the base picture" in terminal.type("/history")
        terminal.press("/quit\r")
        assert terminal.end() == 0  # though the model is still being loaded
        assert "Traceback" not in terminal.written


def test_an_interrupted_sentence_keeps_the_session_that_was_there(home: Path, picture: Path) -> None:
    with Sessions(home / "data" / "sessions").create("mine", room(), source=picture):
        pass
    command = [sys.executable, "-c", NEVER_LOADED, "edit", picture.name, "make the sofa red"]
    command += ["-o", "out.png", "--session", "mine"]
    environment = {"INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT)}
    with Terminal(command, cwd=home, env=environment, timeout=120) as terminal:
        terminal.wait_for("finding the sofa")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    with Sessions(home / "data" / "sessions").open("mine") as session:
        assert session.head == 0
        assert not session.turns


def answered(child: Any, text: str) -> None:
    """Wait for a text, and answer meanwhile where the cursor is, as a terminal does."""
    while child.expect_exact([text, "\x1b[6n"]) == 1:
        child.send("\x1b[1;1R")


# ---- disks without locks -----------------------------------------------------------------------------------


NO_LOCKS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP]


@pytest.fixture(params=NO_LOCKS)
def lockless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that cannot lock files: no such disk can be made here without being root."""
    take_locks(monkeypatch, request.param)


def take_locks(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("lockless")
def test_a_disk_without_locks_is_named(home: Path, picture: Path, inpalla: Run) -> None:
    said = inpalla("edit", picture, "make the sofa red", "-o", "out.png").refused
    assert str(home / "data" / "sessions") in said
    assert "INPALLA_DATA" in said
    assert not (home / "data").exists()  # nothing is left behind
    assert not (home / "out.png").exists()


@pytest.mark.parametrize("number", NO_LOCKS)
def test_a_session_on_a_disk_without_locks_stays_as_it_is(
    number: int, home: Path, picture: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", "s").code == 0
    before = sorted(path.name for path in (home / "data").rglob("*"))
    take_locks(monkeypatch, number)
    said = inpalla("sessions", "export", "s", "-o", "again.png").refused
    assert "INPALLA_DATA" in said
    assert sorted(path.name for path in (home / "data").rglob("*")) == before


@pytest.mark.usefixtures("lockless")
def test_doctor_tries_what_is_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = doctor._data(home / "data")
    assert found.state == "bad"
    assert "cannot lock files" in found.found
    assert "INPALLA_DATA" in found.mend
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("locks", [True, False])
def test_doctor_blames_no_preset_for_the_disk(
    locks: bool, home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preset has all that it needs, and `setup` would fix nothing."""
    monkeypatch.setattr(doctor, "_pocket_models", lambda: iter(()))
    if not locks:
        take_locks(monkeypatch, errno.ENOLCK)
    done = inpalla("doctor", "--preset", "pocket", "--json")
    read = json.loads(done.out)
    found = {finding["name"]: finding for finding in read["findings"]}
    assert "missing" not in found["preset"]["found"]
    assert "setup" not in found["preset"]["mend"]
    assert (done.code, read["ready"], found["preset"]["state"]) == (
        (0, True, "good") if locks else (1, False, "fair")
    )
    if not locks:
        assert found["preset"]["found"].endswith("until this is fixed: data folder")
        assert "INPALLA_DATA" in found["data folder"]["mend"]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_that_cannot_have_a_wal_is_a_disk_without_locks(
    mode: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite falls back to another journal where there is no shared memory, and says so in its answer."""
    import sqlite3

    class Other(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            return super().execute(sql.replace("journal_mode=WAL", f"journal_mode={mode}"), *more)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, factory=Other, **k))
    assert files.lacks_locks(home) is (mode == "delete")
    assert list(home.iterdir()) == []


def test_a_disk_with_locks_is_no_trouble(home: Path) -> None:
    assert not files.lacks_locks(home)
    assert not files.lacks_locks(home / "nowhere")
    with pytest.raises(SessionError, match="no session 's'"):
        Sessions().open("s")
    assert signal.getsignal(signal.SIGINT) is not None


# ---- what ends a command, and what it writes into --------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "name", "number"),
    [
        ("edit", None, signal.SIGTERM),
        ("edit", "mine", signal.SIGHUP),
        ("chat", None, signal.SIGHUP),
        ("chat", "mine", signal.SIGTERM),
    ],
)
def test_a_command_that_is_told_to_end_clears_up(
    command: str, name: str | None, number: signal.Signals, home: Path, picture: Path
) -> None:
    line = [sys.executable, "-c", NEVER_LOADED, command, picture.name]
    line += ["make the sofa red", "-o", "out.png"] if command == "edit" else []
    line += ["--session", name] if name else []
    environment = {"INPALLA_DATA": str(home / "data"), "PYTHONPATH": str(ROOT)}
    with Terminal(line, cwd=home, env=environment, timeout=120) as terminal:
        if command == "edit":
            terminal.wait_for("finding the sofa")
        else:
            terminal.wait_for_prompt()
        assert [each.name for each in Sessions(home / "data" / "sessions").list()] == [name or "in-1"]
        terminal.send_signal(number)
        assert terminal.end() == 128 + number
        assert "Traceback" not in terminal.written
    kept = ["mine"] if name and command == "chat" else []
    assert [each.name for each in Sessions(home / "data" / "sessions").list()] == kept
    assert not (home / "out.png").exists()


def test_what_was_told_to_ignore_a_hangup_does(home: Path, picture: Path) -> None:
    script = "trap '' HUP; $I edit in.png 'make the sofa red' -o out.png & sleep 0.5; kill -HUP $!; wait $!"
    assert shell(home, script).returncode == 0
    assert (home / "out.png").exists()


NO_FILES = {
    "edit": "$I edit in.png 'make the sofa red' -o pipe.png",
    "inpaint": "$I inpaint in.png mask.png red -o pipe.png",
    "export": "$I sessions export s -o pipe.png",
    "chat": "echo '/save ! pipe.png' | $I chat --session s",
    "through a link": "ln -s pipe.png link.png; $I sessions export s -o link.png",
    "layers": "$I sessions export s -o pipe.ora",
    "segment": "$I segment in.png 'the sofa' -o pipe.png",
}


@pytest.mark.parametrize("name", list(NO_FILES))
def test_a_pipe_is_no_place_to_save_in(name: str, home: Path, picture: Path) -> None:
    with Sessions(home / "data" / "sessions").create("s", room()):
        pass
    write_mask(home / "mask.png", sofa())
    for suffix in ("png", "ora"):
        os.mkfifo(home / f"pipe.{suffix}")
    done = shell(home, NO_FILES[name])
    assert done.returncode == 1
    assert "cannot be written: it is a pipe or a device, and no file." in done.stderr
    assert "Saved" not in done.stdout
    for suffix in ("png", "ora"):
        assert (home / f"pipe.{suffix}").is_fifo()


def test_what_was_saved_before_a_failure_is_said(
    home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the disk is full at the second sentence of three."""
    from sessions.session import Session

    write_picture("in.png", room())
    commit = Session.commit

    def full(session: Session, *rest: Any) -> Any:
        if session.head:
            raise SessionError(f"A picture cannot be stored: {files.FULL}.")
        return commit(session, *rest)

    monkeypatch.setattr(Session, "commit", full)
    sentences = ("make the sofa red", "make the rug green", "make the lamp blue")
    done = inpalla("edit", "in.png", *sentences, "-o", "out.png", "--session", "s")
    assert done.refused == f"A picture cannot be stored: {files.FULL}."
    assert done.out.endswith(f"Saved {home / 'out.png'} (session s).\n")
    assert read_picture("out.png").pixels[80, 40, 0] > 190
    monkeypatch.setattr(Session, "commit", _raised)
    done = inpalla("edit", "in.png", *sentences, "-o", "none.png", "--session", "t")
    assert "Saved" not in done.out


def _raised(*_: Any) -> None:
    raise SessionError("Nothing can be stored.")
