"""Every command here runs in the place of its test."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from agent.cli import main
from tests.support import colour_engines
from tests.support.command_line import Run


@dataclass(frozen=True)
class Stranger:
    """Somebody who may not look into ``closed``, a folder, and whose own folder is ``home``."""

    home: Path
    closed: Path


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stranger]:
    """The process as one that has no rights over everything, as tests under an administrator's name have."""
    colour_engines.register_for(monkeypatch)
    folder = Path(tempfile.mkdtemp())
    home, closed = folder / "home", folder / "closed"
    monkeypatch.setenv("INPALLA_DATA", str(home / "data"))
    home.mkdir()
    closed.mkdir()
    folder.chmod(0o755)
    for path in (closed / "in.png", closed / "mask.png", home / "in.png"):
        Image.fromarray(colour_engines.room()).save(path)
    # Libraries need not lie where everybody can read them, so what is imported late is imported before.
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdin", io.StringIO("open none.png\nmake the sofa red\n"))
        patched.setenv("INPALLA_DATA", str(closed / "data"))
        main.run(["chat", str(home / "in.png")])
    for name in ("us-ascii", "latin-1", "cp437"):
        codecs.lookup(name)
    closed.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(home, 65534, 65534)
        os.setresuid(65534, 65534, 0)
    try:
        yield Stranger(home, closed)
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
        closed.chmod(0o700)
        shutil.rmtree(folder)


@pytest.fixture
def inpalla(home: Path, anywhere: Run) -> Run:
    """A command line, run in the empty folder."""
    del home
    return anywhere
