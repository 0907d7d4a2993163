"""What all commands have in common: help, options, exit codes, one sentence for whatever goes wrong."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from agent.cli import main
from sessions import Sessions
from tests.cli.command_line import environment
from tests.support.command_line import Run
from tools.engines import registry


def test_help_comes_without_the_models(home: Path) -> None:
    code = (
        "import sys; from agent.cli.main import run; assert run(['--help']) == 0;"
        "heavy = {'torch', 'numpy', 'diffusers', 'transformers', 'langgraph', 'langchain_core', 'PIL',"
        " 'pydantic', 'sqlalchemy', 'rich', 'prompt_toolkit'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(home), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    commands = (
        "chat", "edit", "plan", "segment", "inpaint", "replay", "sessions", "train", "eval", "doctor",
        "setup",
    )  # fmt: skip
    for command in commands:
        assert command in done.stdout


def test_the_list_of_commands_has_the_first_sentences_of_their_help() -> None:
    listed = {name: command.get_short_help_str(1000) for name, command in main.cli._stand_ins.items()}
    assert listed == {name: command.get_short_help_str(1000) for name, command in main.cli.commands.items()}
    assert all(command.name == name for name, command in main.cli.commands.items())


def test_the_help_of_a_command_and_the_list_of_sessions_load_no_models(home: Path) -> None:
    heavy = {"torch", "numpy", "langgraph", "PIL", "pydantic", "rich"}
    light = (
        "chat",
        "edit",
        "plan",
        "segment",
        "inpaint",
        "replay",
        "sessions",
        "train",
        "eval",
        "doctor",
        "setup",
    )
    code = (
        "import sys; from agent.cli.main import run\n"
        f"for line in [*([each, '--help'] for each in {light}), ['sessions', 'list']]:\n"
        "    assert run(line) == 0\n"
        f"    assert not {heavy} & set(sys.modules), (line, {heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(home), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_options_name_engines(inpalla: Run, picture: Path) -> None:
    inpalla("segment", picture, "the sofa", "-o", "mask.png", "--segmenter", "colour-finder")
    inpaint = ("inpaint", picture, "mask.png", "a red sofa", "-o", "out.png", "--inpainter")
    edit = ("edit", picture, "make the sofa red", "-o", "out.png", "--inpainter")
    for command in (inpaint, edit):
        for good in ("colour-painter", "restyle=colour-painter"):
            assert inpalla(*command, good).code == 0
        for bad in ("nosuch", "melt=colour-painter", ""):
            assert inpalla(*command, bad).is_wrong_usage()
    assert inpalla(*edit, "add=nosuch").is_wrong_usage()


def test_setup_and_presets(inpalla: Run, picture: Path) -> None:
    assert inpalla("setup", "--preset", "pocket").code == 0
    assert inpalla("setup", "--preset", "nosuch").is_wrong_usage()
    assert inpalla("edit", picture, "make the sofa red", "-o", "o.png", "--preset", "nosuch").is_wrong_usage()
    assert inpalla(
        "edit", picture, "make the sofa red", "-o", "o.png", "--planner", "nosuch"
    ).is_wrong_usage()


def huge() -> bytes:
    """A PNG that says that it has 60000×60000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_pictures_that_cannot_be_read_get_one_sentence(inpalla: Run, home: Path, picture: Path) -> None:
    whole = picture.read_bytes()
    bad = {
        "truncated.png": whole[: len(whole) // 2],
        "empty.png": b"",
        "text.png": b"this is no picture\n" * 20,
        "huge.png": huge(),
    }
    for name, content in bad.items():
        (home / name).write_bytes(content)
    (home / "folder.png").mkdir()
    for name in (*bad, "missing.png", "folder.png"):
        for command in (
            ("edit", name, "make the sofa red", "-o", "out.png"),
            ("segment", name, "the sofa", "-o", "m.png"),
            ("inpaint", name, str(picture), "a sofa", "-o", "out.png"),
            ("inpaint", str(picture), name, "a sofa", "-o", "out.png"),
            ("plan", "make the sofa red", "--image", name),
            ("chat", name),
        ):
            result = inpalla(*command)
            assert result.is_refusal(), (command, result)
    assert not Path("out.png").exists()
    assert Sessions(home / "data" / "sessions").list() == []


@pytest.mark.parametrize(
    "sentence", ["", "   ", "?!", "x" * 10_000, "make the sofa " + "very " * 2000 + "red"]
)
def test_sentences_that_say_nothing_or_too_much(inpalla: Run, picture: Path, sentence: str) -> None:
    assert inpalla("edit", picture, sentence, "-o", "out.png").is_refusal()
    assert inpalla("plan", sentence, "--json").is_refusal()
    assert not Path("out.png").exists()


def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    inpalla: Run, home: Path, picture: Path
) -> None:
    (home / "folder.png").mkdir()
    inpalla("segment", picture, "the sofa", "-o", "mask.png")
    for output in ("nowhere/out.png", "folder.png", "out.xyz", "out", "x" * 300 + ".png"):
        assert inpalla("edit", picture, "make the sofa red", "-o", output).is_refusal(), output
        assert inpalla("segment", picture, "the sofa", "-o", output).is_refusal(), output
        assert inpalla("inpaint", picture, "mask.png", "a sofa", "-o", output).is_refusal(), output
    assert inpalla("segment", picture, "the sofa", "-o", "mask.jpg").is_refusal()
    assert Sessions(home / "data" / "sessions").list() == []
    # Whether a file can be made there is only seen when it is tried; the session keeps the work.
    assert inpalla("edit", picture, "make the sofa red", "-o", "/proc/out.png").is_refusal()
    assert Sessions(home / "data" / "sessions").list()[0].versions == 1


def test_wrong_usage_is_2(inpalla: Run, picture: Path) -> None:
    assert inpalla("edit", picture).code == 2
    assert inpalla("edit", picture, "make the sofa red").code == 2
    assert inpalla("nonsense").code == 2
    assert inpalla("inpaint", picture, picture, "x", "-o", "o.png", "--seed", "-1").code == 2


def test_what_nobody_foresaw_is_one_sentence_and_a_log(
    inpalla: Run, home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "PRESETS", {"pocket": None})
    result = inpalla("edit", picture, "make the sofa red", "-o", "out.png")
    assert result.is_refusal()
    assert result.err.startswith("Something went wrong inside InpaLLa")
    assert "Traceback" in (home / "data" / "log.txt").read_text()
