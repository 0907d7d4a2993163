"""A picture that is no drawn room, with engines that know nothing else: nothing is changed by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from agent.planner import load_planner
from agent.planner.plan import Edit, Plan
from agent.turn.editor import Editor
from sessions import Sessions
from tests.support.colour_engines import ColourEngines, room
from tools.engines.presets import COLOURS
from tools.engines.registry import Preset
from tools.kinds import KINDS
from tools.photo_check import NO_DRAWN_ROOM, is_drawn

PAINTERS = MappingProxyType(dict.fromkeys(KINDS, "flux-fill-pocket"))
POCKET = Preset("p", "builtin", "colour-finder", PAINTERS, computing=COLOURS, drawn_rooms_only=True)
BOX = "10%,40% to 40%,90%"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert not is_drawn(room())
    return tmp_path


def opened(root: Path, **options: Any) -> Editor:
    sessions = Sessions(root)
    session = sessions.open("s") if sessions.exists("s") else sessions.create("s", room())
    return Editor.open(
        session=session, preset=POCKET, planner=load_planner("builtin"), engines=ColourEngines(), **options
    )


@pytest.fixture
def chat(root: Path) -> Iterator[Editor]:
    made = opened(root)
    yield made
    made.close()


async def test_the_chat_asks_once_and_yes_goes_on(chat: Editor, root: Path) -> None:
    turn = await chat.say("make the sofa red")
    assert turn.question == f"{NO_DRAWN_ROOM} Shall I go on?"
    assert not turn.changed
    turn = await chat.say("yes")
    assert (turn.changed, turn.question) == (True, None)
    turn = await chat.say("make the rug green")
    assert (turn.changed, turn.question) == (True, None)
    chat.close()
    again = opened(root)
    turn = await again.say("make the lamp blue")
    assert turn.question is None
    again.close()


async def test_no_changes_nothing_and_the_next_edit_asks_again(chat: Editor) -> None:
    await chat.say("make the sofa red")
    turn = await chat.say("no")
    assert (turn.changed, turn.version) == (False, 0)
    assert turn.reply == "I left the sofa alone."
    assert np.array_equal(chat.session.picture(), room())
    assert (await chat.say("make the sofa red")).question is not None


async def test_nobody_to_ask_is_a_refusal_and_guessing_goes_on_with_a_remark(root: Path) -> None:
    editor = opened(root, asks=False)
    for _ in range(2):
        turn = await editor.say("make the sofa red")
        assert (turn.changed, turn.failed) == (False, True)
        assert turn.reply == f"{NO_DRAWN_ROOM} --yes goes on all the same."
    editor.close()
    editor = opened(root, asks=False, guesses=True)
    turn = await editor.say("make the sofa red")
    assert (turn.changed, turn.failed) == (True, False)
    assert turn.reply.count(NO_DRAWN_ROOM) == 1
    editor.close()


@pytest.mark.parametrize(
    ("prompt", "kind", "done"),
    [("a red sofa", "restyle", True), ("a leather sofa", "restyle", False), ("a red cat", "replace", False)],
)
async def test_a_colour_within_a_mask_of_the_user_s_own_needs_no_drawn_room(
    root: Path, prompt: str, kind: str, done: bool
) -> None:
    editor = opened(root, asks=False)
    step = Edit.model_validate({"target": "the sofa", "prompt": prompt, "kind": kind, "within": BOX})
    turn = await editor.carry_out(Plan(steps=(step,)), "please")
    assert turn.changed is done
    assert (NO_DRAWN_ROOM in turn.reply) is not done
    editor.close()


async def test_what_paints_nothing_is_not_asked_about(chat: Editor) -> None:
    turn = await chat.say("what did I change?")
    assert turn.question is None
    assert NO_DRAWN_ROOM not in turn.reply
