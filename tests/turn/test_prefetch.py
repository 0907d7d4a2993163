"""The segmenter looks at the picture while a slow planner thinks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from agent.errors import AgentError
from agent.planner.context import Context
from agent.planner.plan import Edit, Hide, Plan, Step
from agent.turn.editor import Editor
from pocket import rooms
from sessions import Sessions
from tests.support.colour_engines import ColourEngines, Pixels
from tools.engines.registry import Preset
from tools.errors import Cancelled, EngineError
from tools.segmenting.base import Segmenter
from tools.segmenting.lisa.segmenter import LisaSegmenter, load_pocket

COLOURS = Preset("colours", "slow", "lisa-pocket", MappingProxyType({}))
RED_SOFA = Edit(target="the sofa", prompt="a red sofa", kind="restyle")


class SlowPlanner:
    """Answers with ``steps`` once ``answer`` is set, or fails with ``error``; never, where it is not."""

    name = "slow"

    def __init__(self, *steps: Step, error: Exception | None = None) -> None:
        self.answer = threading.Event()
        self.thinking = threading.Event()
        self._steps, self._error = steps, error

    async def plan(self, sentence: str, context: Context, picture: Pixels | None = None) -> Plan:
        self.thinking.set()
        while not self.answer.is_set():
            await asyncio.sleep(0.01)
        if self._error is not None:
            raise self._error
        return Plan(steps=self._steps)


class Engines(ColourEngines):
    """The pocket segmenter, with a painter of plain colours."""

    def __init__(self, segmenter: Segmenter | None) -> None:
        super().__init__()
        self._segmenter = segmenter

    def segmenter(self) -> Segmenter:
        if self._segmenter is None:
            raise EngineError("The models are gone.")
        return self._segmenter


@pytest.fixture(scope="module")
def lisa() -> LisaSegmenter:
    return load_pocket()


@pytest.fixture
def encoded(lisa: LisaSegmenter) -> Iterator[list[int]]:
    """An entry for every picture that SAM's encoder has seen to its end; nothing is kept from before."""
    seen: list[int] = []
    lisa._kept.clear()
    hook = lisa._model.sam.vision_encoder.register_forward_hook(lambda *_: seen.append(1))
    yield seen
    hook.remove()


def open_in(folder: Path, planner: SlowPlanner, segmenter: Segmenter | None) -> Editor:
    picture = rooms.render(rooms.make_scene(3241), (256, 192)).picture
    session = Sessions(folder).create("room", picture)
    return Editor.open(
        session=session, preset=COLOURS, planner=planner, engines=Engines(segmenter), asks=False
    )


async def until(happened: Any, what: str) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"it did not happen: {what}")


async def test_the_picture_is_encoded_before_the_plan_is_there_and_once(
    tmp_path: Path, lisa: LisaSegmenter, encoded: list[int]
) -> None:
    planner = SlowPlanner(RED_SOFA)
    editor = open_in(tmp_path, planner, lisa)
    turn = asyncio.create_task(editor.say("make the sofa red"))
    await until(lambda: encoded, "a look while the planner thinks")
    assert not planner.answer.is_set()
    planner.answer.set()
    assert (await turn).changed
    assert encoded == [1]
    editor.close()


class AtOnce(SlowPlanner):
    """One that plans in this process: there is no time to look meanwhile."""

    async def plan(self, sentence: str, context: Context, picture: Pixels | None = None) -> Plan:
        return Plan(steps=(RED_SOFA,))


class Far(AtOnce):
    """One that plans in another, and leaves time."""

    def is_there(self) -> bool:
        return True


async def test_the_picture_is_encoded_while_the_user_looks_at_it(
    tmp_path: Path, lisa: LisaSegmenter, encoded: list[int]
) -> None:
    editor = open_in(tmp_path, AtOnce(), lisa)
    editor.warm_up(editor.session.picture())
    assert encoded == [1]
    assert (await editor.say("make the sofa red")).changed
    assert encoded == [1]
    editor.close()


def test_a_planner_elsewhere_leaves_time_to_look(
    tmp_path: Path, lisa: LisaSegmenter, encoded: list[int]
) -> None:
    editor = open_in(tmp_path, Far(), lisa)
    editor.warm_up(editor.session.picture())
    assert encoded == []
    editor.close()


async def test_a_cancelled_turn_leaves_nothing_broken(
    tmp_path: Path, lisa: LisaSegmenter, encoded: list[int]
) -> None:
    planner = SlowPlanner(RED_SOFA)
    editor = open_in(tmp_path, planner, lisa)
    turn = asyncio.create_task(editor.say("make the sofa red"))
    await until(planner.thinking.is_set, "thinking")
    await asyncio.sleep(0.11)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await until(lambda: not any(t.name == "look-ahead" for t in threading.enumerate()), "the look's end")
    planner.answer.set()
    assert (await editor.say("make the sofa red")).changed
    assert encoded == [1]
    editor.close()


async def test_a_look_that_fails_is_told_only_by_who_needs_the_segmenter(tmp_path: Path) -> None:
    planner = SlowPlanner(Hide(layer=7))
    editor = open_in(tmp_path, planner, None)
    turn = asyncio.create_task(editor.say("hide the sofa"))
    await until(planner.thinking.is_set, "thinking")
    await asyncio.sleep(0.2)
    planner.answer.set()
    assert (await turn).failed  # there is no such layer
    editor.close()

    planner = SlowPlanner(RED_SOFA)
    editor = open_in(tmp_path / "other", planner, None)
    turn = asyncio.create_task(editor.say("make the sofa red"))
    await asyncio.sleep(0.2)
    planner.answer.set()
    with pytest.raises(EngineError, match="The models are gone"):
        await turn
    editor.close()


async def test_a_planner_that_fails_ends_the_look(tmp_path: Path, lisa: LisaSegmenter) -> None:
    planner = SlowPlanner(error=AgentError("The planner is gone."))
    planner.answer.set()
    editor = open_in(tmp_path, planner, lisa)
    with pytest.raises(AgentError, match="The planner is gone"):
        await editor.say("make the sofa red")
    assert not any(thread.name == "look-ahead" for thread in threading.enumerate())
    editor.close()


def test_a_look_can_be_cancelled_and_asked_for_again(lisa: LisaSegmenter, encoded: list[int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    asked: list[int] = []

    def after_two() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        lisa.look(picture, cancelled=after_two)
    assert encoded == []
    lisa.look(picture)
    lisa.segment(picture, ["the sofa"])
    assert encoded == [1]
