"""The planner under Ollama as its user sees it: a model that is fetched, a load that is waited for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import colour_engines
from tests.support.talking_ollama import TalkingOllama
from tests.support.terminal import CTRL_C, CTRL_D, Terminal
from tools.pictures import write_picture

pytest.importorskip("termios", reason="this system has no pseudo-terminals")

ROOT = Path(__file__).parents[2]
COMMAND = (
    "from agent.planner import ollama_planner; ollama_planner.PATIENCE = 0.0;"
    "from tests.support import colour_engines; colour_engines.register();"
    " from agent.cli.main import main; main()"
)
SENTENCE = "make the sofa red"
RED = {"wants": [{"act": "restyle", "object": "the sofa", "look": "red"}], "say": ""}
WAITING = "Waiting for tiny-vl to load"


@pytest.fixture
def server() -> Iterator[TalkingOllama]:
    stand_in = TalkingOllama()
    stand_in.replies = [RED, RED]
    yield stand_in
    stand_in.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "room.png", colour_engines.room())


def settings(server: TalkingOllama, folder: Path) -> dict[str, str]:
    return {"OLLAMA_HOST": server.host, "INPALLA_DATA": str(folder / "data")}


def opened(server: TalkingOllama, folder: Path, *arguments: str) -> Terminal:
    command = [sys.executable, "-c", COMMAND, *arguments, "--planner", "ollama:tiny-vl"]
    return Terminal(command, cwd=ROOT, env=settings(server, folder))


def test_a_chat_offers_to_fetch_the_model(server: TalkingOllama, picture: Path, tmp_path: Path) -> None:
    server.models, server.slow = set(), True
    with opened(server, tmp_path, "chat", str(picture)) as terminal:
        terminal.wait_for_prompt()
        terminal.press(f"{SENTENCE}\r")
        terminal.wait_for("tiny-vl is not there; fetch it?")
        terminal.wait_for_prompt()
        assert "`ollama pull tiny-vl`" in terminal.type("no")
        assert "pull" not in server.order

        terminal.press(f"{SENTENCE}\r")
        terminal.wait_for_prompt()
        terminal.press("yes\r")
        terminal.wait_for("500.0 MB of 2.0 GB")
        terminal.press(CTRL_C)
        assert "Cancelled; nothing was changed." in terminal.wait_for_prompt()
        assert server.broken_off.wait(20)

        server.pull_fails = True
        terminal.press(f"{SENTENCE}\r")
        terminal.wait_for_prompt()
        assert "Ollama cannot fetch tiny-vl (pull model manifest:" in terminal.type("yes")

        server.slow = server.pull_fails = False
        server.broken_off.clear()
        terminal.press(f"{SENTENCE}\r")
        terminal.wait_for_prompt()
        assert "version 1" in terminal.type("yes")
        terminal.press(CTRL_D)
        assert terminal.end() == 0
        assert "Traceback" not in terminal.written


def test_a_chat_reads_ahead_and_says_what_it_waits_for(
    server: TalkingOllama, picture: Path, tmp_path: Path
) -> None:
    server.slow, server.loaded = True, False
    with opened(server, tmp_path, "chat", str(picture)) as terminal:
        greeting = terminal.wait_for_prompt()
        assert server.reached.wait(60)
        assert "Waiting" not in greeting
        terminal.press(f"{SENTENCE}\r")
        terminal.wait_for(WAITING)
        assert server.requests == []
        server.reached.clear()
        server.let_go.set()
        assert "version 1" in terminal.wait_for_prompt()
        assert server.reached.wait(60)  # for the sentence after that, too
        assert "make the sofa red" in server.ahead[1]["messages"][1]["content"]
        terminal.press(CTRL_D)
        assert terminal.end() == 0


def test_one_shot_commands_say_what_they_wait_for(server: TalkingOllama, tmp_path: Path) -> None:
    server.loaded, server.holds = False, True
    with opened(server, tmp_path, "plan", SENTENCE) as terminal:
        terminal.wait_for(WAITING)
        server.let_go.set()
        assert terminal.end() == 0
        assert "a red sofa" in terminal.written or "sofa → red" in terminal.written
    assert server.ahead == []


@pytest.mark.parametrize("arguments", [("plan", SENTENCE), ("plan", SENTENCE, "--json")])
def test_only_who_looks_is_told(server: TalkingOllama, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    server.loaded = False
    if "--json" in arguments:
        with opened(server, tmp_path, *arguments) as terminal:
            assert terminal.end() == 0
            assert "Waiting" not in terminal.written
            assert '"target": "the sofa"' in terminal.written
        return
    command = [sys.executable, "-c", COMMAND, *arguments, "--planner", "ollama:tiny-vl"]
    done = subprocess.run(
        command, cwd=ROOT, env=settings(server, tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "sofa" in done.stdout


def test_a_script_is_told_the_command(server: TalkingOllama, tmp_path: Path) -> None:
    server.models = set()
    with opened(server, tmp_path, "plan", SENTENCE) as terminal:
        assert terminal.end() == 1
        assert "fetch it with `ollama pull tiny-vl`" in terminal.written
        assert "fetch it?" not in terminal.written
    assert server.order == []
