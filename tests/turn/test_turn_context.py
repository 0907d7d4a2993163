"""Engines that are loaded while the planner thinks: one wait, one sentence when they fail."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.errors import PlannerError
from agent.planner import load_planner
from agent.planner.context import Context, Planner
from agent.planner.ollama_planner import OllamaPlanner
from agent.planner.plan import Edit, Plan, Undo
from agent.turn.context import PresetEngines
from agent.turn.editor import Editor
from sessions import Sessions
from tests.support.colour_engines import ColourFinder, ColourPainter, room
from tools.engines import registry
from tools.engines.registry import Preset
from tools.errors import EngineError
from tools.kinds import Kind

LONG = 20.0
"""Seconds after which something has not happened."""


class Stage:
    """What happens when an engine is loaded: set by a test, called by the factories below."""

    loads: list[str]
    finder: threading.Event
    painter: threading.Event
    broken: str


stage = Stage()


def load_finder() -> ColourFinder:
    stage.loads.append("finder")
    assert stage.finder.wait(LONG)
    if stage.broken == "finder":
        raise OSError("no weights")
    return ColourFinder()


def load_painter() -> ColourPainter:
    stage.loads.append("painter")
    assert stage.painter.wait(LONG)
    if stage.broken == "painter":
        raise OSError("no weights")
    return ColourPainter()


@pytest.fixture
def preset(monkeypatch: pytest.MonkeyPatch) -> Preset:
    """A preset of engines that load when the test lets them."""
    stage.loads, stage.broken = [], ""
    stage.finder, stage.painter = threading.Event(), threading.Event()
    monkeypatch.setattr(registry, "_loaded", {})
    monkeypatch.setattr(registry, "SEGMENTERS", {"slow-finder": f"{__name__}:load_finder"})
    monkeypatch.setattr(registry, "INPAINTERS", {"slow-painter": f"{__name__}:load_painter"})
    kinds: tuple[Kind, ...] = ("restyle", "replace", "remove", "add")
    return Preset("slow", "thinker", "slow-finder", MappingProxyType(dict.fromkeys(kinds, "slow-painter")))


@dataclass
class Thinker:
    """A planner that thinks until all engines are loaded; ``waits`` False: it answers at once."""

    name: str = "thinker"
    waits: bool = True
    undo: bool = False
    saw: list[list[str]] = field(default_factory=list)

    def is_there(self) -> bool:
        return True

    async def plan(self, sentence: str, context: Context, picture: NDArray[np.uint8] | None = None) -> Plan:
        if not self.undo:
            stage.finder.set()
            stage.painter.set()
        until = time.monotonic() + LONG
        while self.waits and len(registry._loaded) < 2 and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self.saw.append(list(stage.loads))
        if self.undo:
            return Plan(steps=(Undo(count=1),))
        return Plan(steps=(Edit(target="the sofa", prompt="a red sofa", kind="restyle"),))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for thread in threading.enumerate():
        if thread.name == "load-ahead":
            stage.finder.set()
            stage.painter.set()
            thread.join(LONG)


def opened(root: Path, preset: Preset, planner: Planner) -> Editor:
    session = Sessions(root).create("slow", room())
    return Editor.open(session=session, preset=preset, planner=planner)


async def test_the_engines_load_while_the_planner_thinks(root: Path, preset: Preset) -> None:
    thinker = Thinker()
    editor = opened(root, preset, thinker)
    turn = await editor.say("how about red for the sofa")
    assert turn.version == 1
    assert thinker.saw == [["finder", "painter"]]
    await editor.say("red again")
    assert stage.loads == ["finder", "painter"]
    editor.close()


@pytest.mark.parametrize("broken", ["finder", "painter"])
async def test_what_cannot_be_loaded_ahead_is_told_once_in_the_same_sentence(
    root: Path, preset: Preset, broken: str
) -> None:
    stage.broken = broken
    role, name = ("segmenter", "slow-finder") if broken == "finder" else ("inpainter", "slow-painter")
    thinker = Thinker(waits=False)
    editor = opened(root, preset, thinker)
    with pytest.raises(EngineError) as ahead:
        await editor.say("how about red for the sofa")
    tried = stage.loads.count(broken)
    assert tried == 1
    with pytest.raises(EngineError) as directly:
        registry.load_segmenter(name) if role == "segmenter" else registry.load_inpainter(name)
    assert str(ahead.value) == str(directly.value)
    assert str(ahead.value).startswith(f"The {role} '{name}' cannot be loaded (no weights)")
    stage.broken = ""
    turn = await editor.say("how about red for the sofa")
    assert turn.version == 1
    editor.close()


async def test_a_turn_that_needs_no_engine_waits_for_none(root: Path, preset: Preset) -> None:
    thinker = Thinker(waits=False, undo=True)
    editor = opened(root, preset, thinker)
    turn = await editor.say("take it back")
    assert not turn.changed
    editor.close()


async def test_the_builtin_planner_needs_nothing_loaded_ahead(root: Path, preset: Preset) -> None:
    editor = opened(root, preset, load_planner("builtin"))
    await editor.say("undo")
    await asyncio.sleep(0.4)
    assert stage.loads == []
    editor.close()


def test_who_wants_an_engine_waits_until_all_are_loaded(root: Path, preset: Preset) -> None:
    engines = PresetEngines(preset)
    stage.finder.set()
    engines.load_ahead()
    engines.load_ahead()
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(engines.segmenter().name))
    thread.start()
    until = time.monotonic() + LONG
    while "painter" not in stage.loads and time.monotonic() < until:
        time.sleep(0.01)
    assert got == []
    stage.painter.set()
    thread.join(LONG)
    assert got == ["colour-finder"]
    assert engines.inpainters()["add"].name == "colour-painter"
    assert stage.loads == ["finder", "painter"]


def test_a_chosen_painter_is_loaded_too(root: Path, preset: Preset) -> None:
    stage.finder.set()
    stage.painter.set()
    other = replace(preset, inpainters=MappingProxyType({**preset.inpainters, "add": "nobody"}))
    engines = PresetEngines(other)
    engines.load_ahead()
    assert engines.segmenter().name == "colour-finder"
    with pytest.raises(EngineError, match="There is no inpainter 'nobody'"):
        engines.inpainters()


async def test_nothing_is_loaded_for_a_planner_that_is_not_there(root: Path, preset: Preset) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    editor = opened(root, preset, OllamaPlanner("tiny-vl", base_url=url))
    with pytest.raises(PlannerError, match="ollama serve"):
        await editor.say("how about red for the sofa")
    for thread in threading.enumerate():
        if thread.name == "load-ahead":
            await asyncio.to_thread(thread.join, LONG)
    assert stage.loads == []
    editor.close()
