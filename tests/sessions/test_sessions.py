"""Sessions on a real disk: versions, layers, undo, locks, crashes, damage and export."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from numpy.typing import NDArray
from PIL import Image

from sessions import Changes, NewLayer, SessionError, Sessions, data_folder
from sessions.compose import Box, Patch, compose
from sessions.file_format import PLAIN, Form
from sessions.pictures import PictureStore, digest_of
from sessions.session import Session
from tests.tools.test_pictures import profile

WIDTH, HEIGHT = 32, 24
posix_only = pytest.mark.skipif(os.name == "nt", reason="needs fork and kill")


def colour(*rgb: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.array(rgb, dtype=np.uint8), (HEIGHT, WIDTH, len(rgb))).copy()


PLACE = Box(4, 4, 12, 12)


def layer(*rgb: int, box: Box = PLACE, of: int | None = None, target: str = "the sofa") -> NewLayer:
    """An edit that fills its box with one colour."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    rgba = np.full((box.height, box.width, 4), (*rgb, 255), dtype=np.uint8)
    request = {"prompt": "a sofa", "seed": rgb[0], "steps": 8}
    return NewLayer(target, "a sofa", "restyle", mask, Patch(rgba, box), request, float(mask.mean()), of)


def add(session: Session, *layers: NewLayer) -> int:
    return session.commit(Changes(layers=layers), "do it").number


def at(picture: NDArray[np.uint8], x: int, y: int) -> list[int]:
    return [int(value) for value in picture[y, x]]


def one_sentence(error: pytest.ExceptionInfo[SessionError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "sessions")


@pytest.fixture
def session(sessions: Sessions) -> Iterator[Session]:
    with sessions.create("kitchen", colour(10, 20, 30)) as session:
        yield session


RED, GREEN, BLUE, DARK = (200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 0, 0)
BASE = [10, 20, 30]


# Versions


def test_a_new_session_shows_its_base_picture(session: Session) -> None:
    assert (session.name, session.size, session.head) == ("kitchen", (WIDTH, HEIGHT), 0)
    assert np.array_equal(session.picture(), colour(10, 20, 30))
    assert session.base == digest_of(colour(10, 20, 30))
    assert [version.number for version in session.versions] == [0]
    assert session.layers == ()


def test_a_commit_adds_layers_in_one_version(session: Session) -> None:
    version = session.commit(
        Changes(layers=(layer(*RED), layer(*GREEN, box=Box(20, 4, 28, 12), target="the wall"))), "both"
    )
    assert (version.number, version.parent, version.changed, version.sentence) == (1, 0, (0, 1), "both")
    assert [(view.id, view.revision, view.target, view.visible) for view in session.layers] == [
        (0, 0, "the sofa", True),
        (1, 0, "the wall", True),
    ]
    assert at(session.picture(), 5, 5) == list(RED)
    assert at(session.picture(), 21, 5) == list(GREEN)
    assert at(session.picture(), 0, 0) == BASE
    assert session.layers[0].request == {"prompt": "a sofa", "seed": 200, "steps": 8}
    assert np.array_equal(session.mask(0), layer(*RED).mask)
    assert np.array_equal(session.patch(0).rgba, layer(*RED).patch.rgba)


def test_a_revision_replaces_the_layer_in_its_place_and_older_versions_keep_the_old(session: Session) -> None:
    add(session, layer(*RED))
    add(session, layer(*GREEN, box=Box(8, 8, 16, 16)))
    add(session, layer(*DARK, of=0))
    assert at(session.picture(), 5, 5) == list(DARK)
    assert at(session.picture(), 9, 9) == list(GREEN)  # still on top
    assert [(view.id, view.revision) for view in session.layers] == [(0, 1), (1, 0)]
    assert at(session.picture(2), 5, 5) == list(RED)
    session.goto(2)
    assert session.layers[0].revision == 0
    assert at(session.picture(), 5, 5) == list(RED)


def test_one_layer_is_hidden_and_shown_again(session: Session) -> None:
    add(session, layer(*RED))
    add(session, layer(*GREEN, box=Box(20, 4, 28, 12)))
    session.commit(Changes(hide=(0,)), "undo only the sofa")
    assert at(session.picture(), 5, 5) == BASE
    assert at(session.picture(), 21, 5) == list(GREEN)
    assert [view.visible for view in session.layers] == [False, True]
    session.commit(Changes(show=(0,)), "the sofa again")
    assert np.array_equal(session.picture(), session.picture(2))


def test_a_new_layer_may_be_revised_by_the_same_commit(session: Session) -> None:
    version = session.commit(Changes(layers=(layer(*RED), layer(*DARK, of=0))), "red, no, darker")
    assert version.changed == (0,)
    assert at(session.picture(), 5, 5) == list(DARK)


def test_undo_and_redo_walk_the_tree(session: Session) -> None:
    for rgb in (RED, GREEN, BLUE):
        add(session, layer(*rgb, of=0 if session.layers else None))
    assert session.undo().number == 2
    assert session.undo(2).number == 0
    assert [view.visible for view in session.layers] == [False]
    assert session.redo(3).number == 3
    session.undo(2)
    assert add(session, layer(*DARK, of=0)) == 4  # a branch
    assert session.versions[4].parent == 1
    with pytest.raises(SessionError, match="nothing to redo"):
        session.redo()
    session.undo()
    assert session.redo().number == 4  # the child that was left last
    session.goto(3)
    assert at(session.picture(), 5, 5) == list(BLUE)
    session.goto(1)
    assert session.redo(2).number == 3  # and now it is the other one
    assert len(session.versions) == 5  # nothing was deleted


@pytest.mark.parametrize(
    ("move", "match"),
    [
        (lambda session: session.undo(3), "Only 2 versions can be undone"),
        (lambda session: session.redo(2), "Only 1 version can be redone"),
        (lambda session: session.goto(9), "There is no version 9"),
        (lambda session: session.goto(-1), "There is no version -1"),
        (lambda session: session.commit(Changes(hide=(7,)), ""), "There is no layer 7"),
        (lambda session: session.commit(Changes(show=(0,)), ""), "already visible"),
        (lambda session: session.commit(Changes(layers=(layer(1, 1, 1, of=5),)), ""), "There is no layer 5"),
        (lambda session: session.commit(Changes(), ""), "Nothing was changed"),
        (lambda session: session.picture(4), "There is no version 4"),
        (lambda session: session.below(4), "There is no layer 4"),
    ],
)
def test_what_is_impossible_is_said_and_changes_nothing(
    session: Session, move: Callable[[Session], object], match: str
) -> None:
    for rgb in (RED, GREEN, BLUE):
        add(session, layer(*rgb))
    session.undo()
    with pytest.raises(SessionError, match=match) as error:
        move(session)
    one_sentence(error)
    assert (session.head, len(session.versions), len(session.layers)) == (2, 4, 3)


def test_a_fresh_session_has_nothing_to_undo(session: Session) -> None:
    with pytest.raises(SessionError, match="nothing to undo"):
        session.undo()


def test_an_undone_layer_comes_back_in_its_place(session: Session) -> None:
    add(session, layer(*RED))
    session.undo()
    add(session, layer(*GREEN))  # layer 1, the same place
    session.commit(Changes(show=(0,)), "the red one too")
    assert [entry.layer for entry in session.versions[session.head].stack] == [0, 1]
    assert at(session.picture(), 5, 5) == list(GREEN)


def test_a_layer_is_painted_from_what_lies_below_it(session: Session) -> None:
    add(session, layer(*RED))
    add(session, layer(*GREEN))
    add(session, layer(*BLUE))
    assert at(session.below(0), 5, 5) == BASE
    assert at(session.below(2), 5, 5) == list(GREEN)
    assert at(session.below(2, Changes(hide=(1,))), 5, 5) == list(RED)
    assert at(session.below(1, Changes(layers=(layer(*DARK, of=0),))), 5, 5) == list(DARK)
    assert at(session.below(3, Changes(layers=(layer(*DARK),))), 5, 5) == list(BLUE)
    assert at(session.preview(Changes(hide=(1, 2))), 5, 5) == list(RED)
    assert session.head == 3


def test_stale_layers_are_the_visible_ones_above_that_overlap(session: Session) -> None:
    add(session, layer(*RED, box=Box(0, 0, 10, 10)))
    add(session, layer(*GREEN, box=Box(5, 5, 15, 15)))
    add(session, layer(*BLUE, box=Box(20, 5, 30, 15)))
    add(session, layer(*DARK, box=Box(8, 0, 24, 8)))
    assert session.stale(0) == [1, 3]
    assert session.stale(1) == [3]
    assert session.stale(3) == []
    assert session.stale(0, Changes(hide=(0, 1))) == [3]
    moved = layer(*RED, box=Box(25, 12, 32, 20), of=0)
    assert session.stale(0, Changes(layers=(moved,))) == [1, 2, 3]
    again = layer(*GREEN, box=Box(5, 5, 15, 15), of=1)
    assert session.stale(0, Changes(hide=(0,), layers=(again,))) == [3]


def test_a_malformed_layer_is_a_mistake_of_the_program(session: Session) -> None:
    good = layer(*RED)
    for bad in (
        NewLayer("", "", "add", good.mask[:5], good.patch, {}, 0.1),
        NewLayer("", "", "add", good.mask, Patch(good.patch.rgba, Box(0, 0, 99, 99)), {}, 0.1),
    ):
        with pytest.raises(ValueError, match="must be"):
            session.commit(Changes(layers=(bad,)), "")
    with pytest.raises(TypeError, match="JSON"):
        session.commit(
            Changes(layers=(NewLayer("", "", "add", good.mask, good.patch, {"x": object()}, 0.1),)), ""
        )
    assert len(session.versions) == 1


def test_threads_may_share_a_session(session: Session) -> None:
    def work(shade: int) -> bool:
        number = add(session, layer(shade, 0, 0))
        return at(session.picture(number), 5, 5) == [shade, 0, 0]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(1, 17)))
    assert [version.parent for version in session.versions[1:]] == list(range(16))


# On disk


def test_everything_is_there_after_opening_again(sessions: Sessions) -> None:
    alpha = np.full((HEIGHT, WIDTH), 128, dtype=np.uint8)
    with sessions.create("den", colour(1, 2, 3), alpha=alpha, preset="pocket", source="den.png") as session:
        add(session, layer(*RED))
        add(session, layer(*DARK, of=0))
        session.undo()
        session.add_turn("rot, bitte – ✓", "done", {"say": "", "steps": [{"do": "edit"}]})
        kept = (session.versions, session.layers, session.turns, session.head, session.picture())
    with sessions.open("den") as session:
        assert (session.versions, session.layers, session.turns, session.head) == kept[:4]
        assert np.array_equal(session.picture(), kept[4])
        assert (session.preset, session.source) == ("pocket", "den.png")
        assert session.alpha is not None
        assert np.array_equal(session.alpha, alpha)
        assert session.turns[0].sentence == "rot, bitte – ✓"
        assert session.turns[0].version == 1
        assert session.redo().number == 2


def test_a_session_of_the_first_release_is_opened(sessions: Sessions) -> None:
    with sessions.create("old", colour(1, 2, 3)) as session:
        add(session, layer(*RED))
    with sqlite3.connect(sessions.root / "old" / "session.db") as database:
        database.execute("ALTER TABLE session DROP COLUMN form")
        database.execute("PRAGMA user_version=1")
    assert [info.problem for info in sessions.list()] == [None]
    with sessions.open("old") as session:
        assert session.form == PLAIN
        assert at(session.picture(), 5, 5) == list(RED)
        add(session, layer(*GREEN))
    with sessions.open("old") as session:
        assert session.head == 2


def test_every_layer_has_its_request_beside_it(session: Session) -> None:
    add(session, layer(*RED), layer(*GREEN, box=Box(20, 4, 28, 12)))
    add(session, layer(*DARK, of=0))
    session.commit(Changes(hide=(0,)), "without it")
    add(session, layer(*BLUE, box=Box(2, 14, 9, 20)))
    files = sorted(path.relative_to(session.folder).as_posix() for path in session.folder.rglob("*.json"))
    assert files == [f"layers/{name}/request.json" for name in ("0/0", "0/1", "1/0", "2/0")]
    last = json.loads((session.folder / files[-1]).read_text())
    assert last["request"] == {"prompt": "a sofa", "seed": 0, "steps": 8}
    assert (last["layer"], last["revision"], last["box"]) == (2, 0, [2, 14, 9, 20])
    assert last["patch"] == session.layers[2].patch
    assert (last["base"], last["size"]) == (session.base, [WIDTH, HEIGHT])
    assert last["below"] == [[1, 0]]
    # The wall was painted over the first red, not over the dark one that came later.
    assert [(lower["layer"], lower["revision"]) for lower in last["layers"]] == [(0, 0), (1, 0)]


def test_the_pictures_that_are_given_out_cannot_be_spoiled(session: Session) -> None:
    add(session, layer(*RED))
    for picture in (session.picture(), session.picture(0), session.below(0)):
        with pytest.raises(ValueError, match="read-only"):
            picture[0, 0] = 0


def test_a_closed_session_says_so(session: Session) -> None:
    session.close()
    session.close()
    with pytest.raises(SessionError, match="was closed") as error:
        session.commit(Changes(layers=(layer(*RED),)), "")
    one_sentence(error)


def test_the_list_has_the_latest_first(sessions: Sessions) -> None:
    assert sessions.list() == []
    for name in ("one", "two"):
        sessions.create(name, colour(1, 2, 3), preset="pocket").close()
    with sessions.open("one") as session:
        add(session, layer(*RED))
        infos = sessions.list()  # while it is open, too
    assert [(info.name, info.size, info.versions, info.preset) for info in infos] == [
        ("one", (WIDTH, HEIGHT), 1, "pocket"),
        ("two", (WIDTH, HEIGHT), 0, "pocket"),
    ]
    assert infos[0].updated is not None


def test_listing_loads_no_pixels(sessions: Sessions) -> None:
    sessions.create("one", colour(1, 2, 3)).close()
    code = (
        "import sys; from pathlib import Path; from sessions import Sessions;"
        "light = 'sqlalchemy' not in sys.modules;"
        "print(Sessions(Path(sys.argv[1])).list()[0].name, light,"
        "{'numpy', 'PIL', 'torch'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(sessions.root)], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split(" ", 1) == ["one", "True set()\n"]


def test_removing_a_session_leaves_the_others(sessions: Sessions) -> None:
    for name in ("one", "two"):
        sessions.create(name, colour(1, 2, 3)).close()
    sessions.remove("one")
    assert [info.name for info in sessions.list()] == ["two"]
    assert [path.name for path in sessions.root.iterdir()] == ["two"]
    with pytest.raises(SessionError, match="no session 'one'"):
        sessions.remove("one")
    with pytest.raises(SessionError, match="no session 'one'") as error:
        sessions.open("one")
    one_sentence(error)


@pytest.mark.parametrize(
    "name", ["../kitchen", "", ".", "..", ".hidden", "a/b", "a\\b", "a b", "x" * 65, "küche", "a\n", "a\0b"]
)
def test_a_bad_name_is_refused(sessions: Sessions, name: str) -> None:
    for use in (
        sessions.open,
        sessions.remove,
        sessions.exists,
        lambda n: sessions.create(n, colour(1, 2, 3)),
    ):
        with pytest.raises(SessionError, match="cannot be a session's name") as error:
            use(name)
        one_sentence(error)
    assert not sessions.root.exists()


def test_a_name_is_given_once(sessions: Sessions) -> None:
    sessions.create("a.b-C_9", colour(1, 2, 3)).close()
    with pytest.raises(SessionError, match=r"'a\.b-C_9' is taken"):
        sessions.create("a.b-C_9", colour(4, 5, 6))
    with sessions.open("a.b-C_9") as session:
        assert at(session.picture(), 0, 0) == [1, 2, 3]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("pictures/room.png", ["room-1", "room-2"]),
        ("My living room!.jpg", ["My-living-room-1", "My-living-room-2"]),
        ("..räume..png", ["r-ume-1", "r-ume-2"]),
        ("写真.png", ["picture-1", "picture-2"]),
        ("", ["picture-1", "picture-2"]),
        ("x" * 200 + ".png", ["x" * 62 + "-1", "x" * 62 + "-2"]),
    ],
)
def test_a_session_without_a_name_is_called_after_its_picture(
    sessions: Sessions, source: str, names: list[str]
) -> None:
    for name in names:
        with sessions.create(None, colour(1, 2, 3), source=source) as session:
            assert session.name == name


def test_the_data_folder_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    assert data_folder() == tmp_path / "data"
    Sessions().create("one", colour(1, 2, 3)).close()
    assert (tmp_path / "data" / "sessions" / "one" / "session.db").is_file()


def test_a_root_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SessionError, match="No session can be made") as error:
        Sessions(tmp_path / "file").create("one", colour(1, 2, 3))
    one_sentence(error)


# Two at once, and sudden ends

HOLDER = """
import sys
from pathlib import Path
from sessions import Sessions
with Sessions(Path(sys.argv[1])).open("kitchen"):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_turned_away_until_the_first_is_gone(sessions: Sessions) -> None:
    sessions.create("kitchen", colour(1, 2, 3)).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(sessions.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"open"
        for use in (sessions.open, sessions.remove):
            with pytest.raises(SessionError) as error:
                use("kitchen")
            assert one_sentence(error) == (
                "The session 'kitchen' is open in another process; close it there or choose another name"
                " with --session."
            )
        holder.kill()
    with sessions.open("kitchen") as session:
        assert session.head == 0


Work = Callable[[], object]


def at_call(stop: int, strike: Work) -> Callable[[FrameType, str, object], None]:
    """A profile function that strikes at the ``stop``-th call or return, be it Python's or C's."""
    count, struck = 0, False

    def tick(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count, struck
        count += 1
        # Between taking and giving back its counter's lock SQLAlchemy is helpless: any next call will do.
        if (
            count >= stop
            and not struck
            and argument is not sys.setprofile
            and frame.f_code.co_name != "_next"
        ):
            struck = True
            strike()

    return tick


def number_of_calls(work: Work) -> int:
    calls: list[None] = []
    sys.setprofile(lambda frame, event, argument: calls.append(None))
    try:
        work()
    finally:
        sys.setprofile(None)
    return len(calls)


def killed_at(stop: int, work: Work) -> bool:
    """Run work in a child that kill -9 hits at its ``stop``-th call; whether it was hit."""
    child = os.fork()
    if child == 0:
        try:
            sys.setprofile(at_call(stop, lambda: os.kill(os.getpid(), signal.SIGKILL)))
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def interrupted_at(stop: int, work: Work) -> bool:
    """Run work, and raise ``KeyboardInterrupt`` at its ``stop``-th call; whether that came out of it."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    sys.setprofile(at_call(stop, interrupt))
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def moments(total: int, count: int) -> list[int]:
    """Moments all over a piece of work of about so many calls, and closer ones around its end."""
    spread = [*np.linspace(10, total * 0.9, count), *np.linspace(total * 0.9, total * 1.08, count)]
    return [int(stop) for stop in spread]


def whole(session: Session, versions: int) -> None:
    """The session has that many versions and all of them can be shown, each as it was committed."""
    assert (len(session.versions), session.head) == (versions, versions - 1)
    for version in session.versions[1:]:
        assert at(session.picture(version.number), 5, 5) == [int(version.sentence), 0, 0]


def commit_shade(sessions: Sessions, shade: int) -> None:
    with sessions.open("kitchen") as session:
        session.commit(Changes(layers=(layer(shade, 0, 0),)), str(shade))


@posix_only
def test_kill_at_any_moment_of_a_commit_leaves_the_last_committed_version(tmp_path: Path) -> None:
    start = Sessions(tmp_path / "start")
    start.create("kitchen", colour(0, 0, 0)).close()
    commit_shade(start, 1)
    total = 0
    for rehearsal in ("first", "second"):  # the first one fills caches and makes more calls
        shutil.copytree(start.root, tmp_path / rehearsal)
        total = number_of_calls(lambda to=rehearsal: commit_shade(Sessions(tmp_path / to), 2))  # type: ignore[misc]
    outcomes = set()
    for number, stop in enumerate(moments(total, 10)):
        sessions = Sessions(tmp_path / str(number))
        shutil.copytree(start.root, sessions.root)
        killed = killed_at(stop, lambda there=sessions: commit_shade(there, 2))  # type: ignore[misc]
        with sessions.open("kitchen") as session:
            versions = len(session.versions)
            outcomes.add((killed, versions))
            whole(session, versions)
        commit_shade(sessions, 3)
        with sessions.open("kitchen") as session:
            whole(session, versions + 1)
    assert outcomes >= {(True, 2), (True, 3)}  # it was hit both before the commit took hold and after


@posix_only
def test_kill_at_any_moment_of_a_start_leaves_a_whole_session_or_none(sessions: Sessions) -> None:
    def start(name: str) -> None:
        sessions.create(name, colour(0, 0, 0)).close()

    total = 0
    for name in ("first", "second"):
        total = number_of_calls(lambda name=name: start(name))  # type: ignore[misc]
    outcomes = set()
    for number, stop in enumerate(moments(total, 8)):
        name = f"room-{number}"
        killed = killed_at(stop, lambda name=name: start(name))  # type: ignore[misc]
        there = sessions.exists(name)
        outcomes.add((killed, there))
        with sessions.open(name) if there else sessions.create(name, colour(0, 0, 0)) as session:
            whole(session, 1)
    assert outcomes >= {(True, False), (True, True)}
    assert all(info.problem is None for info in sessions.list())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a finaliser may be struck
def test_ctrl_c_at_any_moment_leaves_the_session_usable(session: Session) -> None:
    def commit(shade: int) -> None:
        session.commit(Changes(layers=(layer(shade, 0, 0),)), str(shade))

    commit(1)
    total = number_of_calls(lambda: commit(2))
    versions, hits = 3, 0
    for shade, stop in enumerate(moments(total, 30), start=3):
        hits += interrupted_at(stop, lambda shade=shade: commit(shade))  # type: ignore[misc]
        assert len(session.versions) - versions in (0, 1)
        versions = len(session.versions)
        whole(session, versions)
    assert hits > 30
    commit(200)
    whole(session, versions + 1)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from sessions import Changes, NewLayer, Sessions
from sessions.compose import Box, Patch
with Sessions(Path(sys.argv[1])).open("kitchen") as session:
    height, width = session.picture().shape[:2]
    for shade in range(len(session.versions), 250):
        rgba = np.full((height, width, 4), (shade, 0, 0, 255), dtype=np.uint8)
        mask = np.ones((height, width), dtype=bool)
        new = NewLayer("it", "it", "restyle", mask, Patch(rgba, Box(0, 0, width, height)), {}, 1.0)
        session.commit(Changes(layers=(new,)), str(shade))
        print(shade, flush=True)
"""


@posix_only
def test_a_killed_process_loses_nothing_that_it_had_reported(sessions: Sessions) -> None:
    sessions.create("kitchen", colour(0, 0, 0)).close()
    for reports in (1, 9):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(sessions.root)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            reported = [int(writer.stdout.readline()) for _ in range(reports)]
            writer.kill()  # at whatever it was doing after that report
        with sessions.open("kitchen") as session:
            assert session.head >= reported[-1]
            whole(session, session.head + 1)


# Damage


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "swapped", "gone"])
def test_a_damaged_picture_is_told_and_never_shown(sessions: Sessions, damage: str) -> None:
    with sessions.create("kitchen", colour(1, 2, 3)) as session:
        path = session.pictures.path(session.base)
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:60] + bytes([whole[60] ^ 4]) + whole[61:])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "swapped":
        Image.fromarray(colour(9, 9, 9)).save(path)
    else:
        path.unlink()
    with sessions.open("kitchen") as session:
        with pytest.raises(SessionError, match=r"damaged|missing") as error:
            session.picture()
        one_sentence(error)


def test_damaged_records_are_told_and_do_not_hide_other_sessions(sessions: Sessions) -> None:
    for name in ("good", "bad", "newer"):
        sessions.create(name, colour(1, 2, 3)).close()
    (sessions.root / "bad" / "session.db").write_bytes(b"not a database" * 1000)
    with sqlite3.connect(sessions.root / "newer" / "session.db") as database:
        database.execute("PRAGMA user_version=3")
    for name, match in (("bad", "cannot be used"), ("newer", "another release")):
        with pytest.raises(SessionError, match=match) as error:
            sessions.open(name)
        one_sentence(error)
    infos = sessions.list()
    assert [info.name for info in infos if info.problem is None] == ["good"]
    assert {info.name for info in infos if info.problem} == {"bad", "newer"}


# The store


@pytest.mark.parametrize("shape", [(7, 5, 3), (5, 7, 4), (1, 9), (1001, 67, 3)])
def test_the_store_gives_back_what_was_put(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    digest = PictureStore(tmp_path).put(pixels)
    assert np.array_equal(PictureStore(tmp_path).get(digest), pixels)
    assert digest == digest_of(pixels)
    assert len(digest) == 64


def test_a_digest_names_size_and_mode_too(tmp_path: Path) -> None:
    zeros = [np.zeros(shape, dtype=np.uint8) for shape in ((4, 6), (6, 4), (2, 4, 3), (4, 2, 3), (2, 3, 4))]
    assert len({digest_of(array) for array in zeros}) == len(zeros)
    mask = np.eye(5, dtype=bool)
    assert digest_of(mask) == digest_of(mask.astype(np.uint8) * np.uint8(255))
    store = PictureStore(tmp_path)
    assert np.array_equal(store.get(store.put(mask)) >= 128, mask)


def test_a_stored_file_is_never_written_again(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    digest = store.put(colour(1, 2, 3))
    before = store.path(digest).stat()
    assert store.put(colour(1, 2, 3)) == digest
    after = store.path(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [path.name for path in tmp_path.iterdir()] == [f"{digest}.png"]


# Export


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".webp", ".tif", ".tiff", ".bmp"])
def test_lossless_formats_hold_the_exact_picture(session: Session, tmp_path: Path, suffix: str) -> None:
    add(session, layer(*RED))
    path = session.export(tmp_path / f"out{suffix}")
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), session.picture())


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_holds_it_nearly(session: Session, tmp_path: Path, suffix: str) -> None:
    add(session, layer(*RED))
    with Image.open(session.export(tmp_path / f"out{suffix}")) as image:
        assert image.format == "JPEG"
        difference = np.asarray(image).astype(int) - session.picture()
    assert abs(difference).mean() < 3


@pytest.mark.parametrize(
    ("suffix", "kept"), [(".png", True), (".webp", True), (".tif", True), (".jpg", False)]
)
def test_transparency_is_kept_where_the_format_can(
    sessions: Sessions, tmp_path: Path, suffix: str, kept: bool
) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    with sessions.create("kitchen", colour(1, 2, 3), alpha=alpha) as session:
        add(session, layer(*RED))
        with Image.open(session.export(tmp_path / f"out{suffix}")) as image:
            assert image.mode == ("RGBA" if kept else "RGB")
            if kept:
                assert np.array_equal(np.asarray(image)[..., 3], alpha)
                assert np.array_equal(np.asarray(image)[..., :3], session.picture())


def deep() -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)


def shown(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return np.repeat(np.rint(values / 257).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".bmp"])
def test_sixteen_bits_of_grey_are_kept_where_the_format_can(
    sessions: Sessions, tmp_path: Path, suffix: str
) -> None:
    sessions.create("deep", shown(deep()), form=Form(grey=True, own=deep())).close()
    with sessions.open("deep") as session:
        add(session, layer(60, 60, 60))
        with Image.open(session.export(tmp_path / f"out{suffix}")) as image:
            assert image.mode == {".png": "I;16", ".tif": "I;16", ".webp": "RGB"}.get(suffix, "L")
            values = np.asarray(image)
        if values.dtype == np.uint16:
            inside = np.s_[PLACE.y0 : PLACE.y1, PLACE.x0 : PLACE.x1]
            assert set(np.unique(values[inside])) == {60 * 257}
            expected = deep()
            expected[inside] = 60 * 257
            assert np.array_equal(values, expected)
        elif suffix != ".jpg":
            assert np.array_equal(values[0].reshape(WIDTH, -1)[:, 0], shown(deep())[0, :, 0])


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg", ".bmp"])
def test_colours_of_a_profile_are_kept_where_the_format_can(
    sessions: Sessions, tmp_path: Path, suffix: str
) -> None:
    """Linear light: sRGB's 188 is 128 there."""
    linear = profile(gamma=1.0)
    own = colour(128, 128, 128)
    sessions.create("linear", colour(188, 188, 188), form=Form(own=own, profile=linear)).close()
    with sessions.open("linear") as session:
        add(session, layer(188, 188, 0))
        with Image.open(session.export(tmp_path / f"out{suffix}")) as image:
            values = np.asarray(image.convert("RGB"))
            kept = suffix != ".bmp"
            assert (image.info.get("icc_profile") == linear) == kept
        loss = 4 if suffix == ".jpg" else 1
        assert at(values, 0, 0) == pytest.approx([128, 128, 128] if kept else [188, 188, 188], abs=loss)
        assert at(values, 6, 6) == pytest.approx([128, 128, 0] if kept else [188, 188, 0], abs=loss)
        if suffix in (".png", ".tif", ".webp"):
            assert at(values, 0, 0) == [128, 128, 128]


def test_a_png_carries_its_recipe(session: Session, tmp_path: Path) -> None:
    session.commit(Changes(layers=(layer(*RED),)), "das Sofa, bitte – rot")
    session.commit(Changes(layers=(layer(*DARK, of=0),)), "darker")
    session.undo()
    with Image.open(session.export(tmp_path / "out.png")) as image:
        image.load()
        recipe = json.loads(str(image.info["inpalla"]))
    assert recipe == session.recipe()
    assert recipe["base"] == session.base
    assert [version["sentence"] for version in recipe["versions"]] == ["", "das Sofa, bitte – rot"]
    assert [made["request"]["seed"] for made in recipe["layers"]] == [200]


def test_export_replaces_a_file_and_leaves_no_scraps(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_text("old")
    assert session.export(path) == path
    add(session, layer(*RED))
    session.export(path, version=0)
    with Image.open(path) as image:
        assert at(np.asarray(image), 5, 5) == BASE
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.png", "sessions"]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("out.xyz", "must end in one of"),
        ("out", "must end in one of"),
        ("missing/out.png", "There is no folder"),
        ("sessions/out.png/", "There is no folder|is a folder|must end"),
        ("sessions", "is a folder"),
        ("file/out.png", "There is no folder"),
        ("x" * 300 + ".png", "is not a valid file name"),
        ("a\0b.png", "is not a valid file name"),
    ],
)
def test_an_output_that_cannot_be_is_told(session: Session, tmp_path: Path, name: str, match: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "sessions" / "out.png").mkdir()
    with pytest.raises(SessionError, match=match) as error:
        session.export(str(tmp_path) + "/" + name)
    one_sentence(error)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write")
def test_a_folder_that_cannot_be_written_is_told(session: Session) -> None:
    with pytest.raises(SessionError, match="cannot be written") as error:
        session.export("/proc/self/out.png")
    one_sentence(error)


def test_webp_says_when_a_picture_is_too_long_for_it(sessions: Sessions, tmp_path: Path) -> None:
    long = np.zeros((16, 16400, 3), dtype=np.uint8)
    with sessions.create("long", long) as session:
        with pytest.raises(SessionError, match="WebP holds 16383 pixels") as error:
            session.export(tmp_path / "out.webp")
        one_sentence(error)


def test_a_composed_picture_equals_its_layers_composed(session: Session) -> None:
    new = (layer(*RED), layer(*GREEN, box=Box(8, 8, 20, 20)))
    add(session, *new)
    assert np.array_equal(session.picture(), compose(session.picture(0), [one.patch for one in new]))


# Any conversation

SOME_BOX = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    st.integers(0, 20), st.integers(0, 12), st.integers(1, 12), st.integers(1, 12),
)  # fmt: skip


class AnyConversation(RuleBasedStateMachine):
    """Any sequence of changes and moves, compared with a model that keeps what each version held."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.sessions = Sessions(Path(self.folder.name))
        self.session = self.sessions.create("any", colour(0, 0, 0))
        self.shade = 0
        self.contents: list[dict[int, tuple[Patch, bool]]] = [{}]  # by version: layer -> (patch, visible)
        self.parents: list[int | None] = [None]
        self.left = [0]  # by version: when the head left it or what grew from it, last
        self.moves = 0
        self.head = 0
        self.layers = 0

    def teardown(self) -> None:
        for version in range(len(self.parents)):
            self.shows_what_it_did(version)
        self.session.close()
        self.folder.cleanup()

    def ancestors(self, version: int) -> list[int]:
        parent = self.parents[version]
        return [version, *([] if parent is None else self.ancestors(parent))]

    def move(self, target: int) -> None:
        self.moves += 1
        for version in set(self.ancestors(self.head)) - set(self.ancestors(target)):
            self.left[version] = self.moves
        self.head = target

    def commit(self, changes: Changes, content: dict[int, tuple[Patch, bool]]) -> None:
        made = self.session.commit(changes, f"change {len(self.parents)}")
        self.contents.append(dict(sorted(content.items())))
        self.parents.append(self.head)
        self.left.append(0)
        self.head = len(self.parents) - 1
        assert made == self.session.versions[self.head]

    def any_layer(self, box: Box, of: int | None) -> NewLayer:
        self.shade += 1
        return layer(self.shade, 255 - self.shade, 7, box=box, of=of)

    @rule(box=SOME_BOX)
    def edit(self, box: Box) -> None:
        new = self.any_layer(box, None)
        self.commit(Changes(layers=(new,)), {**self.contents[self.head], self.layers: (new.patch, True)})
        self.layers += 1

    @precondition(lambda self: self.layers)
    @rule(box=SOME_BOX, data=st.data())
    def revise(self, box: Box, data: st.DataObject) -> None:
        which = data.draw(st.integers(0, self.layers - 1))
        new = self.any_layer(box, which)
        self.commit(Changes(layers=(new,)), {**self.contents[self.head], which: (new.patch, True)})

    @precondition(lambda self: self.contents[self.head])
    @rule(data=st.data())
    def hide_or_show(self, data: st.DataObject) -> None:
        content = self.contents[self.head]
        which = data.draw(st.sampled_from(list(content)))
        patch, visible = content[which]
        changes = Changes(hide=(which,)) if visible else Changes(show=(which,))
        self.commit(changes, {**content, which: (patch, not visible)})

    @rule(count=st.integers(1, 3))
    def undo(self, count: int) -> None:
        path = self.ancestors(self.head)
        if count >= len(path):
            with pytest.raises(SessionError):
                self.session.undo(count)
        else:
            self.session.undo(count)
            self.move(path[count])

    @rule(count=st.integers(1, 3))
    def redo(self, count: int) -> None:
        target = self.head
        for _ in range(count):
            children = [version for version, parent in enumerate(self.parents) if parent == target]
            if not children:
                with pytest.raises(SessionError):
                    self.session.redo(count)
                return
            target = max(children, key=lambda child: self.left[child])
        self.session.redo(count)
        self.move(target)

    @rule(data=st.data())
    def goto(self, data: st.DataObject) -> None:
        target = data.draw(st.integers(0, len(self.parents) - 1))
        self.session.goto(target)
        self.move(target)

    @rule()
    def open_again(self) -> None:
        self.session.close()
        self.session = self.sessions.open("any")

    def shows_what_it_did(self, version: int) -> None:
        visible = [patch for patch, shows in self.contents[version].values() if shows]
        assert np.array_equal(self.session.picture(version), compose(colour(0, 0, 0), visible))

    @invariant()
    def the_head_is_as_expected(self) -> None:
        assert self.session.head == self.head
        assert [version.parent for version in self.session.versions] == self.parents
        assert len(self.session.layers) == self.layers
        self.shows_what_it_did(self.head)


TestAnyConversation = AnyConversation.TestCase
TestAnyConversation.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(SessionError, match="is not a folder"):
        Sessions(tmp_path / "data" / "sessions").list()
    assert Sessions(tmp_path / "none" / "sessions").list() == []
