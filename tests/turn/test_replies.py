"""What a turn says, in the words of whoever talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.turn.editor import Editor
from tests.turn.test_conversations import open_room


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    made = open_room(tmp_path / "sessions")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("sentence", "step"),
    [
        ("a bit darker", "a bit darker"),
        ("make it much warmer", "much warmer"),
        ("less saturated", "more muted"),
        ("darker and less red", "darker and less red"),
    ],
)
async def test_a_step_is_told_beside_the_colour_that_it_came_to(
    editor: Editor, sentence: str, step: str
) -> None:
    await editor.say("make the sofa dusty red")
    turn = await editor.say(sentence)
    (layer,) = editor.session.layers
    assert turn.reply == f"Done: the sofa → {layer.prompt}, {step}."
    assert step not in layer.prompt


async def test_a_step_of_several_things_is_told_of_each(editor: Editor) -> None:
    await editor.say("make the sofa teal and the rug mustard")
    turn = await editor.say("make them a bit darker")
    assert turn.reply.count(", a bit darker") == 2
    assert turn.reply.startswith("Done: the sofa → ")
