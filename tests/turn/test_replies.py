"""What a turn says, in the words of whoever talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pocket
from agent.planner import load_planner
from agent.planner.plan import Hide, Plan
from agent.turn.editor import Editor
from sessions import Sessions
from sessions.compose import Box, Patch
from sessions.model import Changes, NewLayer
from tests.turn.test_conversations import open_room
from tools.engines.presets import PRESETS


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


def put(editor: Editor, target: str, kind: str, box: Box, colour: tuple[int, int, int]) -> None:
    """A layer of one colour in a box, as an engine would have made it."""
    width, height = editor.session.size
    mask = np.zeros((height, width), np.bool_)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    rgba = np.full((box.y1 - box.y0, box.x1 - box.x0, 4), (*colour, 255), np.uint8)
    layer = NewLayer(target, "", kind, mask, Patch(rgba, box), {}, float(mask.mean()))
    editor.session.commit(Changes(layers=(layer,)), target)


@pytest.mark.parametrize(
    ("behind", "beside", "told"),
    [((190, 150, 30), 59, True), ((190, 150, 30), 90, False), ((90, 90, 200), 59, False)],
)
async def test_what_was_taken_away_from_before_a_thing_is_named_when_that_changes(
    editor: Editor, behind: tuple[int, int, int], beside: int, told: bool
) -> None:
    """Its patch lies beside the thing's, and shows the look that the thing had."""
    put(editor, "the sofa", "restyle", Box(20, 40, 60, 80), (190, 150, 30))
    put(editor, "the table", "remove", Box(beside, 40, beside + 50, 80), behind)
    turn = await editor.carry_out(Plan(steps=(Hide(layer=0),)), "the sofa as it was")
    warning = (
        " Where the table was removed, the old look may still show; say “refresh the table” to mend that."
    )
    assert turn.reply == "Done: the sofa → as before." + (warning if told else "")


async def test_a_vase_of_flowers_is_a_vase_and_said_to_be_one(tmp_path: Path) -> None:
    preset = PRESETS["pocket"]
    room = np.asarray(Image.open(pocket.sample_room()).convert("RGB"))
    session = Sessions(tmp_path / "drawn").create("room", room)
    with closing(Editor.open(session=session, preset=preset, planner=load_planner("builtin"))) as editor:
        turn = await editor.say("put a vase of flowers on the coffee table")
        assert turn.reply == "Done: a vase, without the flowers, added on the coffee table."
        assert [layer.prompt for layer in session.layers] == ["a vase"]


async def test_what_of_a_look_cannot_be_done_is_told_or_refused_and_never_done(tmp_path: Path) -> None:
    """What no engine knows was left to a painter that never saw it, and called done."""
    room = np.asarray(Image.open(pocket.sample_room()).convert("RGB"))
    session = Sessions(tmp_path / "known").create("room", room)
    planner = load_planner("builtin")
    with closing(Editor.open(session=session, preset=PRESETS["pocket"], planner=planner)) as editor:
        for sentence, said in (
            ("make the sofa fluffy white fur", "I cannot paint “fur”"),
            ("make the armchairs modern", "I do not know how “modern” looks on the armchairs"),
            ("make the cat striped", "I can only change the colour of the cat here."),
            ("make the lamp white and gold", "I cannot paint the lamp in several colours"),
            ("a floral wall", "I cannot paint “floral”"),
            ("replace the plant with a potted cactus", "I cannot draw a potted cactus"),
            ("put a grand piano by the window", "I cannot draw a grand piano"),
            ("make the lampshade ivory", "I can change the lamp as a whole here, not the lampshade alone."),
        ):
            turn = await editor.say(sentence)
            assert turn.reply.startswith(said), sentence
            assert turn.failed
            assert not turn.changed
        for sentence, said in (
            ("the round table in black marble", "Done: the round table → a black marble table."),
            (
                "make the coffee table weathered oak",
                "Done: the round table → an oak table. I cannot paint “weathered”; the rest is done.",
            ),
            ("I'd rather have wooden planks on the floor", "Done: the floor → a wooden floor."),
            (
                "add an orange sleeping cat on the rug",
                "Done: a sleeping orange cat added on the rug."
                " I cannot draw “sleeping”: it is like any other of its kind.",
            ),
        ):
            turn = await editor.say(sentence)
            assert turn.reply == said
            assert turn.changed
