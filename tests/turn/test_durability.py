"""What a conversation outlives: kill -9 at any moment, a full disk, a folder that cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import killed

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork, kill and mounts")


def test_killed_while_it_paints_commits_and_exports() -> None:
    """``python -m tests.support.killed --count 300`` does it three hundred times, at moments by chance."""
    said: list[str] = []
    assert killed.run(6, seed=3, say=said.append) == 0, said


USED = """
import contextlib, io, json, os, subprocess, sys
from pathlib import Path
from agent.cli.main import run
from sessions import Sessions
from tests.support import colour_engines
from tools.pictures import write_picture

disk, elsewhere, trouble = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
colour_engines.register()
os.chdir(elsewhere)
write_picture("in.png", colour_engines.room())

def inpalla(*line, typed=""):
    out, err = io.StringIO(), io.StringIO()
    sys.stdin = io.StringIO(typed)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        return run(list(line)), err.getvalue().strip()

def state():
    with Sessions().open("s") as session:
        return [session.head, len(session.versions), len(session.turns)]

assert inpalla("edit", "in.png", "make the sofa red", "-o", "first.ora", "--session", "s") == (0, "")
kept_at = str(disk / "kept.ora")
assert inpalla("edit", "in.png", "make the rug green", "-o", kept_at, "--session", "s") == (0, "")
before, kept = state(), (disk / "kept.ora").read_bytes()
if trouble == "full":
    left = 8 * 1024
    (disk / "filler").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - left))
else:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
said = {
    "edit": inpalla("edit", "in.png", "make the lamp blue", "-o", "out.png", "--session", "s"),
    "new": inpalla("edit", "in.png", "make the lamp blue", "-o", "out.png"),
    "chat": inpalla("chat", "--session", "s", typed="make the lamp blue\\n"),
    "export": inpalla("sessions", "export", "s", "-o", str(disk / "kept.ora")),
    "export PNG": inpalla("sessions", "export", "s", "-o", str(disk / "out.png")),
    "import": inpalla("edit", "first.ora", "make the lamp blue", "-o", "out.png"),
    "segment": inpalla("segment", "in.png", "the sofa", "-o", str(disk / "mask.png")),
}
assert (disk / "kept.ora").read_bytes() == kept
left_behind = [path.name for path in disk.rglob(".*") if path.is_file()]
if trouble == "full":
    (disk / "filler").unlink()
else:
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
after = state()
again = inpalla("edit", "in.png", "make the lamp blue", "-o", str(disk / "kept.ora"), "--session", "s")
print(json.dumps([said, left_behind, before, after, again, state()]))
"""
"""What is done before a disk is full or cannot be written, meanwhile, and afterwards."""


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_disk_that_cannot_be_written_costs_nothing_that_was_there(trouble: str, tmp_path: Path) -> None:
    """On a real disk of 2 MiB, which only a namespace of its own can have."""
    disk = tmp_path / "disk"
    disk.mkdir()
    able = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(disk)]
    try:
        if subprocess.run(able, capture_output=True, check=False).returncode:
            pytest.skip("this system lets nobody mount a small disk")
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    script = 'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" -c "$3" "$1" "$4" "$5"'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "INPALLA_DATA": str(disk / "data")}
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), sys.executable, USED, str(tmp_path), trouble],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, left_behind, before, after, again, at_last = json.loads(done.stdout)
    words = (
        ("the disk is full",) if trouble == "full" else ("read-only", "cannot be written: permission denied")
    )
    for name, (code, sentence) in said.items():
        assert code == 1, (name, sentence)
        assert sentence.endswith("."), (name, sentence)
        assert "\n" not in sentence, (name, sentence)
        assert any(word in sentence for word in words), (name, sentence)
    assert left_behind == []
    assert after == before
    assert again == [0, ""]
    assert at_last[1] == before[1] + 1
