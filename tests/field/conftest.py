"""What all tests here have in common: a place of their own, and engines that work on plain colours."""

from __future__ import annotations

import codecs
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agent.cli import main
from tests.support import colour_engines


@dataclass(frozen=True)
class Result:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def refused(self) -> str:
        """The one sentence of a command that could not be done."""
        said = self.err.strip()
        assert self.code == 1, self
        assert said.endswith("."), self
        assert "\n" not in said, self
        assert "Something went wrong inside" not in said, self
        return said

    @property
    def values(self) -> dict[str, Any]:
        assert self.code == 0, self
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Result]


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
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which is also where the commands run."""
    colour_engines.register_for(monkeypatch)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def anywhere(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line, run where the process is."""

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def inpalla(home: Path, anywhere: Run) -> Run:
    """A command line, run in the empty folder."""
    del home
    return anywhere
