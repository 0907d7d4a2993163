"""Sessions clean up: what goes by itself, and what ``inpalla sessions prune`` frees."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sessions import Sessions
from sessions.pictures import digest_of
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tests.support.terminal import Terminal
from tools.pictures import read_picture, write_picture

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(home: Path) -> Path:
    return home


@pytest.fixture
def picture(home: Path) -> Path:
    return write_picture(home / "flat.png", room())


def names() -> list[str]:
    return sorted(info.name for info in Sessions().list())


def made(name: str, *, days: float = 0) -> Path:
    """A session without any edit, last changed so many days ago; its folder."""
    with Sessions().create(name, room(), preset="pocket") as session:
        folder = session.folder
    aged(folder, days)
    return folder


def aged(folder: Path, days: float) -> None:
    moment = (datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None)
    with sqlite3.connect(folder / "session.db") as records:
        records.execute("UPDATE session SET updated = ?", (str(moment),))


def pruned(run: Run, *options: str) -> dict[str, Any]:
    code, out, err = run("sessions", "prune", "--json", *options)
    assert (code, err) == (0, "")
    values: dict[str, Any] = json.loads(out)
    return values


@contextmanager
def opened_elsewhere(name: str) -> Iterator[None]:
    code = (
        "import sys; from sessions import Sessions\n"
        "with Sessions().open(sys.argv[1]): print('open', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code, name], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"open"
        yield
        holder.communicate()


# What goes by itself


def test_a_failed_edit_leaves_no_session(picture: Path, inpalla: Run) -> None:
    code, out, err = inpalla("edit", picture, "remove the dragon", "-o", "out.png")
    assert (code, out) == (1, "")
    assert "dragon" in err
    assert names() == []
    assert not Path("out.png").exists()


def test_what_a_failed_edit_prints_names_nothing_that_is_gone(picture: Path, inpalla: Run) -> None:
    code, out, _ = inpalla("edit", picture, "remove the dragon", "-o", "out.png", "--json")
    (turn,) = map(json.loads, out.splitlines())
    assert (code, turn["session"], turn["output"], turn["version"]) == (1, None, None, 0)
    assert [(each["outcome"], each["mask"]) for each in turn["edits"]] == [("not found", None)]


@pytest.mark.parametrize(
    "sentences", [("remove the dragon", "make the sofa red"), ("make the sofa red",) * 2]
)
def test_an_edit_that_partly_succeeded_keeps_its_session(
    picture: Path, inpalla: Run, sentences: tuple[str, ...]
) -> None:
    code, out, _ = inpalla("edit", picture, *sentences, "remove the dragon", "-o", "out.png", "--json")
    assert code == 1
    turns = [json.loads(line) for line in out.splitlines()]
    assert {turn["session"] for turn in turns} == {"flat-1"}
    assert all(Path(each["mask"]).is_file() for turn in turns for each in turn["edits"] if each["mask"])
    with Sessions().open("flat-1") as session:
        assert np.array_equal(session.picture(), read_picture("out.png").pixels)


def test_what_is_on_offer_keeps_its_session(picture: Path, inpalla: Run) -> None:
    assert inpalla("edit", picture, "show me two versions of a red sofa", "-o", "out.png")[0] == 0
    assert names() == ["flat-1"]
    assert pruned(inpalla, "--yes")["sessions"] == []
    assert inpalla("edit", picture, "take number 2", "-o", "out.png", "--session", "flat-1")[0] == 0


def test_a_session_that_the_user_named_stays(picture: Path, inpalla: Run) -> None:
    assert inpalla("edit", picture, "remove the dragon", "-o", "out.png", "--session", "mine")[0] == 1
    assert names() == ["mine"]
    assert inpalla("edit", picture, "remove the dragon", "-o", "out.png", "--session", "mine")[0] == 1
    assert names() == ["mine"]


def test_a_chat_in_which_nothing_was_made_leaves_nothing(
    picture: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = chatted(inpalla, monkeypatch, picture, "remove the dragon", "/history")
    assert code == 1
    assert "dragon" in err
    assert names() == []
    assert "no session is kept" in out
    assert "--session" not in out
    code, out, _ = chatted(
        inpalla, monkeypatch, picture, "make the sofa red", f"/open {picture}", "/new mine"
    )
    assert code == 0
    assert names() == ["flat-1", "mine"]  # the one between them was left empty
    assert "flat-1 is kept" in out
    assert "flat-2 is kept" not in out
    assert "--session mine" in out


def chatted(run: Run, monkeypatch: pytest.MonkeyPatch, picture: Path, *lines: str) -> tuple[int, str, str]:
    read, write = os.pipe()
    os.write(write, "".join(f"{line}\n" for line in lines).encode())
    os.close(write)
    with os.fdopen(read) as given:
        monkeypatch.setattr(sys, "stdin", given)
        return run("chat", picture)


# What prune frees


def test_it_says_what_it_would_free_and_frees_nothing_unasked(picture: Path, inpalla: Run) -> None:
    made("one")
    code, out, err = inpalla("sessions", "prune")
    assert code == 1
    assert out.startswith("1 session without any edit (0.0 MB): one\n")
    assert "--yes" in err
    assert names() == ["one"]
    assert pruned(inpalla)["freed"] == 0
    assert names() == ["one"]
    code, out, err = inpalla("sessions", "prune", "--yes")
    assert (code, err) == (0, "")
    assert "Freed" in out
    assert names() == []
    assert inpalla("sessions", "prune") == (0, "There is nothing to free.\n", "")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_in_a_terminal_it_asks(home: Path) -> None:
    made("one")
    command = [sys.executable, "-m", "agent.cli.main", "sessions", "prune"]
    for answer, left in (("n", ["one"]), ("", ["one"]), ("y", [])):
        with Terminal(command, cwd=home, env={"PYTHONPATH": str(ROOT)}) as terminal:
            assert "one" in terminal.wait_for("[y/N]")
            terminal.press(f"{answer}\r")
            assert terminal.end() == 0
        assert names() == left


def test_old_sessions_go_when_that_is_wished(picture: Path, inpalla: Run) -> None:
    for name, days in (("new", 0), ("old", 40), ("older", 90)):
        inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", name)
        aged(Sessions().root / name, days)
    made("empty-new", days=0)
    made("empty-old", days=40)
    assert [each["name"] for each in pruned(inpalla)["sessions"]] == ["empty-new", "empty-old"]
    only = pruned(inpalla, "--older-than", "30", "--empty")["sessions"]
    assert [(each["name"], each["why"]) for each in only] == [("empty-old", "empty")]
    found = pruned(inpalla, "--older-than", "30", "--yes")
    assert {each["name"]: each["why"] for each in found["sessions"]} == {
        "empty-new": "empty", "empty-old": "empty", "old": "old", "older": "old",
    }  # fmt: skip
    assert found["freed"] == found["bytes"] > 0
    assert names() == ["new"]


def test_only_empty_sessions_go_when_that_is_wished(picture: Path, inpalla: Run) -> None:
    inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", "used")
    made("one")
    with Sessions().open("used") as session:
        session.pictures.put(room()[:9, :9])
    found = pruned(inpalla, "--empty", "--yes")
    assert ([each["name"] for each in found["sessions"]], found["pictures"]) == (["one"], [])
    assert names() == ["used"]


def test_what_is_open_in_another_process_stays(picture: Path, inpalla: Run) -> None:
    made("held", days=90)
    made("free")
    with opened_elsewhere("held"):
        code, out, _ = inpalla("sessions", "prune", "--older-than", "30", "--yes")
        assert code == 0
        assert "Left alone, because open in another process: held" in out
        assert names() == ["held"]
    assert pruned(inpalla, "--yes")["open"] == []
    assert names() == []


def test_what_changed_since_it_was_looked_at_stays(home: Path) -> None:
    from sessions.prune import Wish, free, survey

    folder = made("one")
    sessions, wish = Sessions(), Wish()
    found = survey(sessions, wish)
    assert [each.name for each in found.spent] == ["one"]
    (folder / "agent.json").write_text(json.dumps({"offers": digest_of(room())}))
    assert free(sessions, found, wish) == 0
    assert names() == ["one"]


def test_pictures_that_nothing_names_go_and_all_others_stay(picture: Path, inpalla: Run) -> None:
    sentences = ("make the sofa red", "darker", "undo", "make the rug green", "remove the dragon",
                 "hide the rug", "show me two versions of a blue lamp")  # fmt: skip
    inpalla("edit", picture, *sentences, "-o", "out.png", "--session", "used")
    loose = room()[:40, :40]
    with Sessions().open("used") as session:
        shown = [session.picture(version.number) for version in session.versions]
        loose_file = session.pictures.path(session.pictures.put(loose))
        (cut_off := loose_file.parent / ".0123456789abcdef.part").write_bytes(b"\x89PNG")
        (stranger := loose_file.parent / "mine.png").write_bytes(b"not ours")
    before = set(loose_file.parent.iterdir())
    (found,) = pruned(inpalla, "--yes")["pictures"]
    assert found["session"] == "used"
    assert before - set(loose_file.parent.iterdir()) >= {loose_file, cut_off}
    assert found["count"] == len(before - set(loose_file.parent.iterdir()))
    assert stranger.exists()
    assert pruned(inpalla)["pictures"] == []
    with Sessions().open("used") as session:
        assert all(np.array_equal(session.picture(number), picture) for number, picture in enumerate(shown))
        assert all(session.mask(layer.id).any() for layer in session.layers)
    for request in (Sessions().root / "used").glob("layers/*/*/request.json"):
        assert inpalla("replay", request, "-o", "again.png")[0] == 0
    assert inpalla("edit", picture, "take number 2", "-o", "out.png", "--session", "used")[0] == 0


def test_what_cannot_be_read_is_left_alone(home: Path, inpalla: Run) -> None:
    folder = made("bad", days=90)
    (folder / "session.db").write_bytes(b"not a database" * 1000)
    code, out, err = inpalla("sessions", "prune", "--older-than", "1", "--yes")
    assert (code, err) == (0, "")
    assert "damaged: bad" in out
    assert folder.is_dir()


@pytest.mark.parametrize("command", [("list",), ("prune", "--yes")])
def test_looking_after_sessions_loads_no_models(home: Path, command: tuple[str, ...]) -> None:
    made("one")
    code = (
        "import sys; from agent.cli.main import run; assert run(['sessions', *sys.argv[1:]]) == 0;"
        "assert not {'torch', 'transformers', 'langgraph'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *command], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
