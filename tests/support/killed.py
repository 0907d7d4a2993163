"""A conversation that kill -9 hits at a random moment, over and over: what is left of it, and does it go on?

    python -m tests.support.killed --count 300 [--seed N]

Each time a process opens a session, says sentences to the whole agent (with engines on plain colours) and
exports the picture as PNG and as OpenRaster. It is killed while it paints, commits or exports, as often each,
a random time after such a stage began. Then the session must open at the last version that was told to be
done, or at the one that was being committed; every version must be, to the pixel, that of a run that nobody
disturbed; an exported file must be whole, or the one that was there before; and the next sentence and export
must work. Exit code 1 when anything of that fails.
"""

from __future__ import annotations

import argparse
import asyncio
import mmap
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.planner import load_planner
from agent.turn.editor import Editor
from sessions import Sessions
from sessions.session import Session
from tests.support.colour_engines import PAINTS, ColourEngines, ColourPainter, room
from tests.turn.test_layers import PAINTED
from tools.pictures import read_picture

STAGES = ("painting", "committing", "exporting")
SENTENCES = tuple(
    f"make the {thing} {look}" for look in PAINTS for thing in ("sofa", "rug", "lamp", "picture")
)
BEGUN = 2
"""So many sentences were said before the process that is killed; it says as many more as it can of these."""
MORE = 3
NAMES = ("out.png", "out.ora")


@dataclass
class Board:
    """What the process that will be killed tells: its stage, and the version that it called done."""

    shared: mmap.mmap

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        self.shared[0] = 1 + STAGES.index(stage)
        try:
            yield
        finally:
            self.shared[0] = 0

    @property
    def stage(self) -> str:
        return ("", *STAGES)[self.shared[0]]

    @property
    def done(self) -> int:
        return self.shared[1]


def opened(sessions: Sessions) -> Editor:
    return Editor.open(
        session=sessions.open("mine"),
        preset=PAINTED,
        planner=load_planner("builtin"),
        engines=ColourEngines(),
    )


def talk(root: Path, sentences: Sequence[str], board: Board | None = None) -> None:
    """Say sentences, and export after each."""
    editor = opened(Sessions(root / "sessions"))
    try:
        for sentence in sentences:
            turn = asyncio.run(editor.say(sentence))
            assert turn.changed, turn.reply
            if board is not None:
                board.shared[1] = editor.session.head
            for name in NAMES:
                editor.session.export(root / name)
    finally:
        editor.close()


def watched(board: Board) -> None:
    """From now on this process tells its stage."""

    def told(owner: type[Any], name: str, stage: str, lasting: float = 0.0) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def call(*arguments: Any, **more: Any) -> Any:
            with board.at(stage):
                made = real(*arguments, **more)
                time.sleep(lasting)
                return made

        setattr(owner, name, call)

    told(ColourPainter, "paint", "painting", lasting=0.02)  # painters are slower than these
    told(Session, "commit", "committing")
    told(Session, "export", "exporting")


def struck(root: Path, stage: str, occurrence: int, delay: float) -> tuple[bool, int, str]:
    """Have a process talk, and kill it ``delay`` seconds after the ``occurrence``-th time that a stage began:
    whether it was hit, what it had called done, and the stage that it was hit in.
    """
    board = Board(mmap.mmap(-1, 2))
    child = os.fork()
    if child == 0:
        try:
            watched(board)
            talk(root, SENTENCES[BEGUN : BEGUN + MORE], board)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    seen, before = 0, ""
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        now = board.stage
        seen += now == stage and before != stage
        before = now
        if seen == occurrence:
            time.sleep(delay)
            at = board.stage
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True, board.done, at
        time.sleep(0.0001)
    return False, board.done, ""


class BrokenError(Exception):
    """What was left is not as it should be."""


def check(root: Path, done: int, pictures: Sequence[bytes]) -> int:
    """Look at what was left, and go on; the version that it was at."""
    sessions = Sessions(root / "sessions")
    (info,) = sessions.list()
    if info.problem is not None:
        raise BrokenError(info.problem)
    with sessions.open("mine") as session:
        head = session.head
        if head not in (done, done + 1) or len(session.versions) != head + 1:
            raise BrokenError(f"at version {head} of {len(session.versions)}, and {done} was done")
        for number in range(head + 1):
            if session.picture(number).tobytes() != pictures[number]:
                raise BrokenError(f"version {number} is another picture")
        for layer in session.layers:
            session.mask(layer.id)
    for name in NAMES:
        if (root / name).exists() and read_picture(root / name).pixels.tobytes() not in pictures:
            raise BrokenError(f"{name} is no picture of any version")
    talk(root, [SENTENCES[head]])
    with sessions.open("mine") as session:
        if (session.head, session.picture().tobytes()) != (head + 1, pictures[head + 1]):
            raise BrokenError(f"the next sentence made version {session.head} another picture")
    for name in NAMES:
        if read_picture(root / name).pixels.tobytes() != pictures[head + 1]:
            raise BrokenError(f"{name} is another picture")
    with Sessions(root / "again").import_file("mine", root / "out.ora") as again:
        if again.head != head + 1:
            raise BrokenError("what was exported comes back at another version")
    return head


def run(count: int, seed: int, say: Callable[[str], None] = print) -> int:
    """Kill so many processes; how many left something broken."""
    chance = random.Random(seed)
    broken, hits = 0, Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        start, whole = Path(folder) / "start", Path(folder) / "whole"
        Sessions(start / "sessions").create("mine", room()).close()
        talk(start, SENTENCES[:BEGUN])
        shutil.copytree(start, whole)
        talk(whole, SENTENCES[BEGUN : BEGUN + MORE + 2])
        with Sessions(whole / "sessions").open("mine") as session:
            pictures = [session.picture(version.number).tobytes() for version in session.versions]
        if len({*pictures}) != len(pictures):
            raise AssertionError("two versions look the same")
        number = killed = 0
        while killed < count:
            number += 1
            root = Path(folder) / str(number)
            shutil.copytree(start, root)
            stage = STAGES[number % len(STAGES)]
            # Longer than the stage takes, now and then: what lies between the stages is hit as well.
            occurrence, delay = chance.randint(1, MORE), chance.uniform(0, 0.03)
            hit, done, at = struck(root, stage, occurrence, delay)
            killed += hit  # one that was at its end before does not count
            try:
                head = check(root, max(done, BEGUN), pictures)
                left = "the one told to be done" if head == max(done, BEGUN) else "the one after it"
                hits[at or "between two stages", left] += hit
            except Exception as error:
                broken += 1
                say(f"{number}: killed {delay * 1000:.1f} ms into {stage} {occurrence}: {error!r}")
            shutil.rmtree(root)
    for (at, left), many in sorted((+hits).items()):
        say(f"{many:4} killed {at}: at the version that is {left}")
    say(f"{count} times (seed {seed}): {broken} left something broken.")
    return broken


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.killed", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(np.random.default_rng().integers(2**31)))
    chosen = parser.parse_args(arguments)
    return int(run(chosen.count, chosen.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
