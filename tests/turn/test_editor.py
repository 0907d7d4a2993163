"""Turns of a conversation through the editor and its graph, with engines that work on plain colours."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from agent.errors import AgentError
from agent.planner import load_planner
from agent.planner.plan import (
    Ask,
    Compare,
    Edit,
    Goto,
    Hide,
    Keep,
    Pick,
    Plan,
    Redo,
    Refresh,
    Show,
    Step,
    Undo,
    Variations,
)
from agent.turn.editor import Editor, open_editor
from agent.turn.events import Event
from pocket import rooms
from sessions import SessionError, Sessions
from sessions.prune import Wish, free, survey
from tests.support.colour_engines import (
    PAINTS,
    THINGS,
    WALL,
    Colour,
    ColourEngines,
    ColourFinder,
    Pixels,
    room,
)
from tools.engines.registry import Preset
from tools.errors import EngineError
from tools.language.consent import yes_or_no
from tools.pictures import write_picture
from tools.segmenting.base import Found

COLOURS = Preset("colours", "builtin", "colour-finder", MappingProxyType({}))


@dataclass
class Flat:
    """An editor in a room of its own, and the engines that it works with."""

    root: Path
    engines: ColourEngines
    editor: Editor

    @property
    def session(self) -> Any:
        return self.editor.session

    async def do(self, *steps: Step, say: str = "") -> Any:
        return await self.editor.carry_out(Plan(say=say, steps=steps), "please")

    def reopen(self, **options: Any) -> Editor:
        self.editor.close()
        self.editor = opened(self.root, self.engines, **options)
        return self.editor

    def colour(self, name: str, version: int | None = None) -> Colour:
        """The colour in the middle of a thing's box, its red without the seed's share."""
        x0, y0, x1, y1 = THINGS[name][1]
        return self.at((x0 + x1) // 2, (y0 + y1) // 2, version)

    def at(self, x: int, y: int, version: int | None = None) -> Colour:
        red, green, blue = (int(value) for value in self.session.picture(version)[y, x])
        return red, green, blue


def opened(root: Path, engines: ColourEngines, picture: Pixels | None = None, **options: Any) -> Editor:
    sessions = Sessions(root)
    if sessions.exists("flat"):
        session = sessions.open("flat")
    else:
        session = sessions.create("flat", room() if picture is None else picture)
    preset = options.pop("preset", COLOURS)
    return Editor.open(
        session=session, preset=preset, planner=load_planner("builtin"), engines=engines, **options
    )


@pytest.fixture
def flat(tmp_path: Path) -> Iterator[Flat]:
    engines = ColourEngines()
    made = Flat(tmp_path, engines, opened(tmp_path, engines))
    yield made
    made.editor.close()


def restyle(target: str, prompt: str, layer: int | None = None) -> Edit:
    return Edit(target=target, prompt=prompt, kind="restyle", layer=layer)


def is_near(colour: Colour, wanted: Colour) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(colour, wanted, strict=True))


async def test_a_sentence_becomes_a_picture_and_nothing_else_changes(flat: Flat) -> None:
    events: list[Event] = []
    turn = await flat.editor.say("make the sofa red", events.append)

    assert (turn.version, turn.changed, turn.failed) == (1, True, False)
    assert turn.plan.steps == (restyle("the sofa", "a red sofa"),)
    assert is_near(flat.colour("sofa"), PAINTS["red"])
    (edit,) = turn.edits
    assert (edit.layer, edit.outcome, edit.kind) == (0, "done", "restyle")
    assert edit.area == pytest.approx(50 * 35 / (160 * 120))
    assert edit.box is not None
    assert edit.mask is not None
    assert flat.session.pictures.path(edit.mask).is_file()
    x0, y0, x1, y1 = edit.box
    after = flat.session.picture().copy()
    after[y0:y1, x0:x1] = room()[y0:y1, x0:x1]
    assert np.array_equal(after, room())
    assert set(turn.seconds) == {"plan", "locate", "paint", "total"}

    stages = [event.stage for event in events]
    assert [stage for i, stage in enumerate(stages) if stage not in stages[:i]] == [
        "planning", "planned", "finding", "found", "painting", "checking", "committed",
    ]  # fmt: skip
    assert [(e.step, e.steps) for e in events if e.stage == "painting"] == [(0, 0), (1, 3), (2, 3), (3, 3)]
    assert [t.sentence for t in flat.session.turns] == ["make the sofa red"]


async def test_what_is_said_before_the_work_is_an_intention(flat: Flat) -> None:
    events: list[Event] = []
    turn = await flat.editor.say("remove the lamp and make the rug green", events.append)
    assert [event.text for event in events if event.stage == "planned"] == [
        "remove the lamp; the rug → a green rug …"
    ]
    assert turn.reply == "Done: the lamp removed; the rug → a green rug."


async def test_darker_revises_the_layer_in_its_place_without_looking_for_it_again(flat: Flat) -> None:
    await flat.editor.say("make the sofa red")
    asked = len(flat.engines.finder.asked)
    turn = await flat.do(restyle("the sofa", "a black sofa", layer=0))
    assert len(flat.engines.finder.asked) == asked
    assert [layer.prompt for layer in flat.session.layers] == ["a black sofa"]
    assert is_near(flat.colour("sofa"), PAINTS["black"])
    assert turn.edits[0].layer == 0
    # It was painted from the pixels below the layer, not from the red sofa.
    crop = flat.engines.painter.painted[-1].crop
    reds = (crop.astype(int)[..., 0] > 190) & (crop[..., 1] < 60)
    assert not reds.any()


async def test_several_edits_make_one_version_and_one_segmenter_call(flat: Flat) -> None:
    turn = await flat.do(restyle("the sofa", "a red sofa"), restyle("the picture", "a blue picture"))
    assert turn.version == 1
    assert flat.engines.finder.asked == [("the sofa", "all the sofas", "the picture", "all the pictures")]
    assert is_near(flat.colour("sofa"), PAINTS["red"])
    assert is_near(flat.colour("picture"), PAINTS["blue"])
    assert [edit.layer for edit in turn.edits] == [0, 1]
    assert flat.engines.painter.calls == 1  # far from each other: one batch


async def test_what_is_not_there_is_said_and_the_rest_is_done(flat: Flat) -> None:
    turn = await flat.editor.say("make the piano black and the sofa red")
    assert turn.failed
    assert turn.changed
    assert [edit.outcome for edit in turn.edits] == ["not found", "done"]
    assert "I see no piano. There are: a sofa, a lamp, a rug and a picture." in turn.reply
    assert is_near(flat.colour("sofa"), PAINTS["red"])

    turn = await flat.do(Edit(target="next to the piano", prompt="a green plant", kind="add"))
    assert "I see no piano" in turn.reply
    assert (turn.failed, turn.changed, turn.version) == (True, False, 1)
    for place, said in (
        ("between the sofa and the piano", "I see no piano. "),
        ("between the piano and the harp", "I see no piano or harp. "),
        ("between the two pictures", "I see only one picture there: between it and what?"),
    ):
        turn = await flat.do(Edit(target=place, prompt="a green plant", kind="add"))
        assert said in turn.reply
        assert (turn.failed, turn.changed) == (True, False)


async def test_both_of_which_it_sees_one_is_said_and_not_done_by_half(flat: Flat) -> None:
    turn = await flat.editor.say("paint both sofas red")
    assert (turn.changed, turn.failed) == (False, True)
    assert turn.reply.startswith(
        "I can tell only one sofa there, not two, so nothing was changed: say “the s"
    )
    assert not (await flat.editor.say("the sofas red")).failed
    assert is_near(flat.colour("sofa"), PAINTS["red"])


async def test_a_thing_that_is_told_by_another_colour_than_it_has_is_left_alone(flat: Flat) -> None:
    turn = await flat.editor.say("make the green sofa black")
    assert (turn.changed, turn.failed) == (False, True)
    assert turn.reply.startswith("I see no green sofa: the sofa that I see is ")
    assert not (await flat.editor.say("make the blue sofa black")).failed
    assert is_near(flat.colour("sofa"), PAINTS["black"])


@pytest.mark.parametrize(
    ("colour", "names"),
    [
        ((12, 54, 32), ("green", "dark green", "teal")),  # as dark as green can be and still be seen
        ((20, 110, 105), ("teal", "green", "blue")),
        ((120, 165, 205), ("blue", "light blue")),
        ((22, 26, 46), ("navy", "black")),
    ],
)
async def test_a_thing_goes_by_the_names_that_people_give_its_colour(
    tmp_path: Path, colour: Colour, names: tuple[str, ...]
) -> None:
    picture = room()
    x0, y0, x1, y1 = THINGS["sofa"][1]
    picture[y0:y1, x0:x1] = colour
    with closing(opened(tmp_path, ColourEngines(), picture)) as editor:
        for name in names:
            assert (await editor.say(f"make the {name} sofa orange")).changed, name
            await editor.say("undo")
        for name in ("red", "orange", "pink", "yellow"):
            turn = await editor.say(f"make the {name} sofa black")
            assert turn.reply.startswith(f"I see no {name} sofa: the sofa that I see is "), turn.reply


async def test_what_is_sky_blue_may_be_called_blue(tmp_path: Path) -> None:
    """A drawn rug's pixels, checks and all, of which a quarter is not near enough to blue itself."""
    scene = rooms.make_scene(1796102912)
    drawn = rooms.render(scene, (320, 240))
    rug = drawn.picture[rooms.mask(drawn, [thing.kind for thing in scene.things].index("rug"))]
    picture = room()
    x0, y0, x1, y1 = THINGS["sofa"][1]
    picture[y0:y1, x0:x1] = np.resize(rug, (y1 - y0, x1 - x0, 3))
    with closing(opened(tmp_path, ColourEngines(), picture)) as editor:
        turn = await editor.say("make the green sofa orange")
        assert turn.reply.endswith(" blue.")
        assert not turn.changed
        assert (await editor.say("make the blue sofa orange")).changed


class TwoSofas(ColourFinder):
    """There are two sofas, of which it takes the left one for whichever is asked for."""

    def _found(self, picture: Pixels, phrase: str) -> Found:
        if "sofa" not in phrase:
            return super()._found(picture, phrase)
        left, right = np.zeros((2, *picture.shape[:2]), np.bool_)
        left[60:95, 20:45] = right[60:95, 50:75] = True
        if phrase == "all the sofas":
            return Found(phrase, left | right, 0.9, "They are [SEG].", (left, right))
        return Found(phrase, left, 0.9, "It is [SEG].")


async def test_of_several_things_the_one_whose_colour_is_the_nearest_is_meant(tmp_path: Path) -> None:
    picture = room()
    picture[60:95, 20:45], picture[60:95, 50:75] = (60, 60, 140), (12, 54, 32)
    with closing(opened(tmp_path, ColourEngines(finder=TwoSofas()), picture)) as editor:
        turn = await editor.say("make the green sofa orange")
        changed = (editor.session.picture() != picture).any(axis=-1)
        assert changed[77, 62]
        assert not changed[77, 32]
        turn = await editor.say("make the pink sofa orange")
        assert turn.reply.startswith("I see no pink sofa: the sofas that I see are ")
        assert not turn.changed


async def test_a_thing_is_found_where_it_stood_whatever_colour_it_got(flat: Flat) -> None:
    """The finder knows floors by their colour, as small models nearly do."""
    await flat.do(restyle("the floor", "a red floor"))
    turn = await flat.do(restyle("the floor", "a blue floor"))
    assert not turn.failed
    assert is_near(flat.at(5, 118), PAINTS["blue"])


async def test_a_new_object_is_painted_at_its_place(flat: Flat) -> None:
    turn = await flat.do(Edit(target="next to the sofa", prompt="a green vase", kind="add"))
    (edit,) = turn.edits
    assert edit.outcome == "done"
    assert edit.box is not None
    x0, y0, x1, y1 = edit.box
    assert is_near(flat.at((x0 + x1) // 2, (y0 + y1) // 2), PAINTS["green"])
    assert any("sofa" in phrase for phrase in flat.engines.finder.asked[0])


async def test_a_removed_thing_is_looked_for_again_and_tried_twice(flat: Flat) -> None:
    turn = await flat.do(Edit(target="the picture", prompt="", kind="remove"))
    assert is_near(flat.colour("picture"), WALL)
    assert flat.engines.finder.asked == [("the picture", "all the pictures"), ("the picture",)]
    assert len(flat.engines.painter.painted) == 1
    assert turn.reply == "Done: the picture removed."

    # "everything" is found wherever one looks, so it is never gone.
    flat.engines.finder.asked.clear()
    turn = await flat.do(Edit(target="everything", prompt="", kind="remove"))
    assert len(flat.engines.finder.asked) == 3
    assert (turn.changed, turn.failed, turn.version) == (False, True, 1)
    assert [edit.outcome for edit in turn.edits] == ["offered"]
    assert turn.reply == (
        "I could not get it right: part of everything is still visible. Nothing was changed; "
        "say “keep it” to take the closest result."
    )

    # It is shown, outlives the program, and is taken when the user says so.
    (nearest,) = flat.editor.offers()
    flat.reopen()
    # After a sentence of which nothing came, “keep it” might be about that one.
    turn = await flat.editor.say("make the piano green")
    assert turn.failed
    turn = await flat.editor.say("keep it")
    assert (turn.changed, turn.failed) == (False, True)
    assert turn.reply == (
        "Nothing came of your last sentence. The closest result to “remove everything” is still there: say "
        "“keep it” again to take it."
    )
    turn = await flat.editor.say("ok, keep it")
    assert (turn.changed, turn.failed, turn.version) == (True, False, 2)
    assert np.array_equal(flat.session.picture(), nearest)
    turn = await flat.do(Keep())
    assert (turn.failed, turn.reply) == (
        True,
        "There is nothing on offer to keep: what you see is the picture as it is now.",
    )


async def test_a_surface_that_did_not_take_its_colour_is_painted_again_more_firmly(flat: Flat) -> None:
    turn = await flat.do(restyle("the sofa", "a shy red sofa"))
    assert [job.guidance for job in flat.engines.painter.painted] == [2.0, 4.0]
    assert is_near(flat.colour("sofa"), PAINTS["red"])
    assert turn.reply == "Done: the sofa → a shy red sofa."
    (layer,) = flat.session.layers
    assert layer.request["guidance"] == 4.0


async def test_a_surface_that_took_its_colour_is_painted_once(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"), restyle("the rug", "a dark red rug"))
    assert [job.guidance for job in flat.engines.painter.painted] == [2.0, 2.0]


async def test_an_edit_that_changes_nothing_is_tried_with_another_seed_and_given_up(flat: Flat) -> None:
    turn = await flat.do(restyle("the sofa", "a stubborn sofa"), restyle("the picture", "a red picture"))
    assert [edit.outcome for edit in turn.edits] == ["no change", "done"]
    seeds = [job.seed for job in flat.engines.painter.painted if "stubborn" in job.prompt]
    assert len(set(seeds)) == 2
    assert turn.failed
    assert "no change" in turn.reply
    assert flat.editor.offers() == []
    assert [layer.target for layer in flat.session.layers] == ["the picture"]

    turn = await flat.do(restyle("the sofa", "a stubborn sofa"))
    assert (turn.changed, turn.version) == (False, 1)


async def test_what_lies_on_a_revised_layer_stays_as_it_was_made_until_it_is_refreshed(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"))
    await flat.do(Edit(target="on the sofa", prompt="a blue cushion", kind="add"))
    before = flat.session.layer(1)
    assert before.box.overlaps(flat.session.layer(0).box)

    turn = await flat.do(restyle("the sofa", "a green sofa", layer=0))
    assert flat.session.layer(1).revision == before.revision
    assert flat.session.layer(1).patch == before.patch
    assert turn.reply == (
        "Done: the sofa → a green sofa. The blue cushion was painted over what has now changed; "
        "say “refresh the blue cushion” to paint it again."
    )
    assert [edit.layer for edit in turn.edits] == [0]
    mixed = flat.session.picture()

    turn = await flat.editor.say("refresh the cushion")
    after = flat.session.layer(1)
    assert turn.plan.steps == (Refresh(layer=1),)
    assert after.revision == before.revision + 1
    assert after.mask == before.mask
    assert after.request["seed"] == before.request["seed"]
    assert after.request["picture"] != before.request["picture"]
    # Its soft rim was mixed with red, and is mixed with green now; nothing else has moved.
    moved = (flat.session.picture() != mixed).any(axis=-1)
    assert moved.any()
    x0, y0, x1, y1 = after.box
    moved[y0:y1, x0:x1] = False
    assert not moved.any()


async def test_hiding_a_layer_changes_its_own_pixels_alone_and_showing_brings_it_back(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"))
    await flat.do(Edit(target="on the sofa", prompt="a blue cushion", kind="add"))
    with_both = flat.session.picture()
    turn = await flat.do(Hide(layer=0))
    assert turn.changed
    assert turn.reply.startswith("Done: the sofa → as before. The blue cushion was painted over")
    assert flat.at(22, 62) == THINGS["sofa"][0]
    assert flat.session.layer(1).revision == 0
    assert flat.editor.planner_context().focus == (0,)
    x0, y0, x1, y1 = flat.session.layer(0).box
    outside = np.ones(with_both.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    assert np.array_equal(flat.session.picture()[outside], with_both[outside])

    await flat.do(Show(layer=0))
    assert np.array_equal(flat.session.picture(), with_both)

    again = await flat.do(Show(layer=0))
    assert (again.failed, again.changed) == (True, False)
    assert again.reply == "The sofa → a red sofa is visible already."
    nobody = await flat.do(Hide(layer=7))
    assert nobody.failed
    assert "There is no layer 7" in nobody.reply


async def test_undo_redo_goto_and_what_cannot_be(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"))
    await flat.do(restyle("the picture", "a blue picture"))
    turn = await flat.do(Undo())
    assert (turn.version, turn.changed) == (1, True)
    assert flat.colour("picture") == THINGS["picture"][0]
    # "it" is what was undone.
    assert flat.editor.planner_context().focus == (1,)
    assert not flat.editor.planner_context().layers[1].visible
    assert (await flat.do(Redo())).version == 2
    assert (await flat.do(Goto(version=0))).version == 0
    assert np.array_equal(flat.session.picture(), room())

    turn = await flat.do(Undo(count=3))
    assert (turn.failed, turn.changed, turn.reply) == (True, False, "There is nothing to undo.")
    turn = await flat.do(Goto(version=9))
    assert turn.failed
    assert "There is no version 9" in turn.reply


async def test_moves_and_edits_of_one_plan_are_done_in_their_order(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"))
    turn = await flat.do(Undo(), restyle("the picture", "a blue picture"), Hide(layer=0))
    assert turn.version == 2
    assert flat.session.versions[2].parent == 0
    assert is_near(flat.colour("picture"), PAINTS["blue"])
    assert flat.colour("sofa") == THINGS["sofa"][0]
    assert turn.failed  # the layer was gone already


async def test_variations_are_offered_and_one_is_picked(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"))
    turn = await flat.do(Variations(count=3, layer=0, prompt="a green sofa"))
    assert (turn.changed, turn.failed, turn.version) == (False, False, 1)
    offers = flat.editor.offers()
    assert len(offers) == 3
    context = flat.editor.planner_context()
    assert context.variations == 3
    assert context.offer is not None
    assert context.offer.layer == 0

    flat.reopen()  # offers outlive the program
    turn = await flat.do(Pick(index=2))
    assert turn.version == 2
    assert np.array_equal(flat.session.picture(), offers[1])
    assert flat.session.layer(0).prompt == "a green sofa"
    turn = await flat.do(Pick(index=1))  # another one in its stead, on the same layer
    assert (turn.version, len(flat.session.layers)) == (3, 1)
    assert np.array_equal(flat.session.picture(), offers[0])

    await flat.do(restyle("the picture", "a blue picture"))
    assert flat.editor.offers() == []
    turn = await flat.do(Pick(index=1))
    assert turn.failed
    assert "no variations" in turn.reply


async def test_variations_of_something_new_and_a_number_too_high(flat: Flat) -> None:
    turn = await flat.do(Variations(count=2, target="the rug", prompt="a striped green rug", kind="restyle"))
    assert not turn.failed
    turn = await flat.do(Pick(index=5))
    assert (turn.failed, turn.reply) == (True, "There is no variation 5: pick one from 1 to 2.")
    turn = await flat.do(Pick(index=1))
    assert turn.edits[0].layer == 0
    turn = await flat.do(Variations(count=2))
    assert turn.failed


async def test_talk_questions_and_comparing_change_nothing(flat: Flat) -> None:
    turn = await flat.do(Ask(question="Which lamp?"), say="Which lamp?")
    assert (turn.reply, turn.changed, turn.failed) == ("Which lamp?", False, False)
    assert flat.editor.planner_context().question == "Which lamp?"
    turn = await flat.do(say="You are welcome.")
    assert (turn.reply, turn.version) == ("You are welcome.", 0)
    assert flat.editor.planner_context().question is None
    await flat.do(restyle("the sofa", "a red sofa"))
    turn = await flat.do(Compare())
    assert turn.reply == "Before: the base picture (version 0). After: version 1."


async def test_in_doubt_it_asks_and_takes_yes_or_no_for_an_answer(flat: Flat) -> None:
    flat.engines.finder.sure = 0.2
    turn = await flat.editor.say("make the sofa red")
    assert (turn.changed, turn.failed) == (False, False)
    assert turn.reply == "I am not sure that I found the sofa. Shall I go on?"
    assert [edit.outcome for edit in turn.edits] == ["unsure"]
    assert turn.edits[0].mask is not None
    asked = len(flat.engines.finder.asked)

    turn = await flat.editor.say("yes, please")
    assert (turn.version, turn.changed) == (1, True)
    assert len(flat.engines.finder.asked) == asked
    assert is_near(flat.colour("sofa"), PAINTS["red"])

    await flat.editor.say("make the rug green")
    turn = await flat.editor.say("no")
    assert (turn.changed, turn.failed, turn.version) == (False, False, 1)
    assert turn.reply.startswith("I left the rug alone")

    await flat.editor.say("make the rug green")
    flat.engines.finder.sure = 0.9
    turn = await flat.editor.say("make the picture blue")  # no answer: the question is dropped
    assert [layer.target for layer in flat.session.layers] == ["the sofa", "the picture"]


async def test_a_question_outlives_the_program(flat: Flat) -> None:
    flat.engines.finder.sure = 0.2
    await flat.editor.say("make the sofa red")
    flat.editor.close()
    sessions = Sessions(flat.root)
    assert free(sessions, survey(sessions, Wish()), Wish()) == 0
    editor = flat.reopen()
    assert editor.remarks == (
        "Still waiting for your answer: I am not sure that I found the sofa. Shall I go on?",
    )
    assert (await editor.say("yes")).changed
    assert is_near(flat.colour("sofa"), PAINTS["red"])

    plan = Plan(steps=(Undo(), restyle("the sofa", "a blue sofa")))
    assert (await editor.carry_out(plan, "undo and make the sofa blue")).question is not None
    editor = flat.reopen()
    assert (await editor.say("yes")).reply == "Done: back to the base picture; the sofa → a blue sofa."

    await editor.say("make the rug green")
    editor = flat.reopen(asks=False)  # and a no is a no where none is asked
    turn = await editor.say("no")
    assert (turn.changed, turn.reply[:18]) == (False, "I left the rug alo")
    assert not (await editor.say("yes")).changed


OLD_RELEASE = """
import asyncio, sys, types
from typing import Annotated, Any
from pydantic import BaseModel

class Piece(BaseModel):
    target: str = "the sofa"

class Plan(BaseModel):
    say: str = ""

class TurnState(BaseModel):
    sentence: str
    plan: Plan | None = None
    pieces: tuple[Piece, ...] = ()

for name in ("agent.state", "agent.plan"):
    sys.modules[name] = types.ModuleType(name)
for each, module in ((Piece, "agent.state"), (TurnState, "agent.state"), (Plan, "agent.plan")):
    each.__module__ = module
    setattr(sys.modules[module], each.__name__, each)

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

def gate(state):
    interrupt("Shall I go on?")

async def main(path, thread):
    graph = StateGraph(TurnState)
    graph.add_node("plan", lambda state: {"plan": Plan(), "pieces": (Piece(),)})
    graph.add_node("gate", gate)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "gate")
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        config = {"configurable": {"thread_id": thread}}
        await saver.adelete_thread(thread)
        compiled = graph.compile(checkpointer=saver)
        await compiled.ainvoke(TurnState(sentence="make the sofa red"), config, durability="exit")
        assert (await compiled.aget_state(config)).next == ("gate",)

asyncio.run(main(*sys.argv[1:]))
"""
"""Leaves a turn at a question in the checkpoints, in types of modules that are gone since."""


async def test_a_question_of_another_release_is_dropped_with_a_sentence(flat: Flat) -> None:
    flat.engines.finder.sure = 0.2
    await flat.editor.say("make the sofa red")
    flat.editor.close()
    checkpoints = flat.editor.session.folder / "checkpoints.db"
    command = [sys.executable, "-c", OLD_RELEASE, str(checkpoints), flat.editor.session.name]
    await asyncio.to_thread(subprocess.run, command, check=True)
    editor = flat.reopen()
    with pytest.raises(AgentError, match=r"asked by another release and can no longer be answered"):
        await editor.say("yes")
    assert editor.session.head == 0
    flat.engines.finder.sure = 0.9
    assert (await editor.say("make the sofa red")).changed

    assert flat.reopen().remarks == ()


async def test_where_nobody_can_answer_the_question_is_the_reply_and_nothing_is_done(flat: Flat) -> None:
    editor = flat.reopen(asks=False)
    flat.engines.finder.sure = 0.2
    turn = await editor.say("make the sofa red")
    assert turn.failed
    assert not turn.changed
    assert (
        turn.reply == "I am not sure that I found the sofa. Shall I go on? Use --yes to go on without asking."
    )
    assert turn.edits[0].outcome == "unsure"


async def test_the_best_guess_is_taken_where_that_is_wished(flat: Flat) -> None:
    editor = flat.reopen(asks=False, guesses=True)
    flat.engines.finder.sure = 0.2
    turn = await editor.say("make the sofa red")
    assert turn.changed
    assert "I am not sure that I found the sofa." in turn.reply


async def test_a_mask_over_most_of_the_picture_is_doubted(flat: Flat) -> None:
    turn = await flat.do(restyle("the lamp over everything", "a red lamp"))
    assert "fills most of the picture" in turn.reply
    assert not turn.changed


async def test_cancelling_stops_the_painter_and_leaves_everything_usable(flat: Flat) -> None:
    await flat.editor.say("make the sofa red")
    painter = flat.engines.painter
    painter.pause, painter.stepped = threading.Event(), threading.Event()
    task = asyncio.create_task(flat.editor.say("make the rug green"))
    assert await asyncio.to_thread(painter.stepped.wait, 20)
    with pytest.raises(AgentError):
        await flat.editor.say("make the picture blue")  # one turn at a time
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert flat.session.head == 1
    assert [turn.sentence for turn in flat.session.turns] == ["make the sofa red"]

    painter.pause = None
    turn = await flat.editor.say("make the rug blue")
    assert turn.version == 2
    assert is_near(flat.colour("rug"), PAINTS["blue"])


async def test_cancelling_waits_for_the_painter_and_an_impatient_cancel_does_no_harm(flat: Flat) -> None:
    painter = flat.engines.painter
    painter.slow = 0.3
    for times in (1, 2):
        painter.pause, painter.stepped = threading.Event(), threading.Event()
        task = asyncio.create_task(flat.editor.say("make the rug green"))
        assert await asyncio.to_thread(painter.stepped.wait, 60)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.05)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert times == 2 or painter.ended == 1
    painter.pause = None
    turn = await flat.editor.say("make the rug blue")
    assert (painter.calls, painter.ended, turn.version) == (3, 3, 1)


async def test_the_same_again_is_another_try(flat: Flat) -> None:
    seeds: list[int] = []
    for _ in range(4):
        turn = await flat.do(restyle("the sofa", "a mottled sofa", layer=0 if seeds else None))
        assert turn.edits[0].outcome == "done"
        seeds += [job.seed for job in flat.engines.painter.painted[len(seeds) :]]
    assert len(set(seeds)) == 4


async def test_a_picked_removal_is_not_painted_over(flat: Flat) -> None:
    await flat.do(Variations(count=2, target="the picture", prompt="", kind="remove"))
    offers = flat.editor.offers()
    asked = len(flat.engines.finder.asked)
    turn = await flat.do(Pick(index=2))
    assert np.array_equal(flat.session.picture(), offers[1])
    assert turn.edits[0].kind == "remove"
    assert len(flat.engines.finder.asked) == asked


async def test_an_engine_that_fails_costs_the_turn_and_nothing_else(flat: Flat) -> None:
    flat.engines.broken = True
    with pytest.raises(EngineError, match="gone"):
        await flat.editor.say("make the sofa red")
    flat.engines.broken = False
    assert (await flat.editor.say("make the sofa red")).version == 1


async def test_damaged_notes_and_checkpoints_cost_no_picture(flat: Flat) -> None:
    await flat.editor.say("make the sofa red")
    folder = flat.session.folder
    flat.editor.close()
    (folder / "agent.json").write_text("{broken")
    (folder / "checkpoints.db").write_bytes(b"no database at all" * 100)
    editor = flat.reopen()
    assert editor.session.head == 1
    turn = await editor.say("make it blue")
    assert [edit.layer for edit in turn.edits] == [0]
    assert turn.version == 2


async def test_checkpoints_hold_names_and_digests_of_one_turn(flat: Flat) -> None:
    await flat.editor.say("make the sofa red")
    path = flat.session.folder / "checkpoints.db"
    with sqlite3.connect(path) as db:
        first = db.execute("select count(*), sum(length(checkpoint)) from checkpoints").fetchone()
        threads = db.execute("select distinct thread_id from checkpoints").fetchall()
    assert threads == [("flat",)]
    assert first[1] < 100_000
    for colour in ("green", "blue", "black"):
        await flat.editor.say(f"make the sofa {colour}")
    with sqlite3.connect(path) as db:
        last = db.execute("select count(*) from checkpoints").fetchone()
    assert last[0] <= first[0] + 2


async def test_the_planner_sees_the_conversation(flat: Flat) -> None:
    await flat.editor.say("make the sofa red")
    await flat.editor.say("make the rug green")
    await flat.editor.carry_out(Plan(steps=(Undo(),)), "/undo")
    context = flat.editor.planner_context()
    assert [(view.id, view.target, view.visible) for view in context.layers] == [
        (0, "the sofa", True),
        (1, "the rug", False),
    ]
    assert (context.versions, context.head) == (2, 1)
    assert context.sentences == ("make the sofa red", "make the rug green")
    assert [version.parent for version in context.history] == [0, 0, 1]
    assert [len(version.layers) for version in context.history] == [0, 1, 2]
    assert [version.focus for version in context.history] == [(), (0,), (1,)]


async def test_a_request_tells_everything_that_the_pixels_depend_on(flat: Flat) -> None:
    await flat.do(restyle("the sofa", "a red sofa"))
    request = dict(flat.session.layer(0).request)
    assert request["engine"] == "colour-painter"
    assert request["picture"] == flat.session.base
    assert request["mask"] == flat.session.layer(0).mask
    assert (request["steps"], request["guidance"], request["prompt"]) == (3, 2.0, "a red sofa")
    other = opened(flat.root / "other", ColourEngines())
    try:
        await other.carry_out(Plan(steps=(restyle("the sofa", "a red sofa"),)), "please")
        assert dict(other.session.layer(0).request) == request
        assert np.array_equal(other.session.picture(), flat.session.picture())
    finally:
        other.close()


@pytest.mark.parametrize(
    "step",
    [
        Edit(target="", prompt="a red sofa", kind="restyle"),
        Edit(target="the sofa", prompt=" ", kind="restyle"),
        Edit(target="…", prompt="", kind="remove"),
        Edit(target="the sofa", prompt="a red sofa", kind="restyle", layer=4),
        Variations(count=2, layer=9),
    ],
)
async def test_steps_that_make_no_sense_are_refused_in_a_sentence(flat: Flat, step: Step) -> None:
    turn = await flat.do(step)
    assert (turn.failed, turn.changed) == (True, False)
    assert turn.reply.endswith(".")
    assert flat.engines.painter.calls == 0


@pytest.mark.parametrize("sentence", ["", "   ", "\n\t", "…!?", "\x00\x07"])
async def test_empty_sentences_are_refused(flat: Flat, sentence: str) -> None:
    with pytest.raises(AgentError, match="empty"):
        await flat.editor.say(sentence)


async def test_long_and_odd_sentences(flat: Flat) -> None:
    with pytest.raises(AgentError, match="10000"):
        await flat.editor.say("make the sofa red " + "x" * 9982)
    turn = await flat.editor.say("make the sofa\x00 red\udcff")
    assert turn.version in (0, 1)
    assert flat.session.turns[-1].sentence.isprintable()


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Yes.", True), ("ok, go on", True), ("Yes please!", True), ("sure", True), ("no", False),
        ("No, don't.", False), ("never mind", False), ("no, make it black", None), ("the left one", None),
        ("yesterday", None), ("", None),
    ],
)  # fmt: skip
def test_yes_and_no(sentence: str, answer: bool | None) -> None:
    assert yes_or_no(sentence) is answer


def test_opening_a_picture_a_session_and_the_wrong_picture(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "flat room.png", room())
    other = write_picture(tmp_path / "other.png", room(without=["sofa"]))
    editor = open_editor(picture, None, None, None, tmp_path / "data")
    assert editor.session.name == "flat-room-1"
    editor.close()
    editor = open_editor(picture, "flat-room-1", None, None, tmp_path / "data")
    assert editor.session.preset == "pocket"
    with pytest.raises(SessionError, match="open in another"):
        open_editor(None, "flat-room-1", None, None, tmp_path / "data")
    editor.close()
    editor = open_editor(None, "flat-room-1", None, None, tmp_path / "data")
    assert np.array_equal(editor.session.picture(), room())
    editor.close()
    open_editor(picture, "flat-room-1", None, None, tmp_path / "data").close()
    with pytest.raises(AgentError, match="another picture"):
        open_editor(other, "flat-room-1", None, None, tmp_path / "data")
    open_editor(None, "flat-room-1", None, None, tmp_path / "data").close()  # it was left closed
    for bad in ("../up", "a/b", ".hidden", ""):
        with pytest.raises(SessionError, match="name"):
            open_editor(picture, bad, None, None, tmp_path / "data")
    assert not (tmp_path / "up").exists()


def test_without_a_picture_it_is_the_sample_room(tmp_path: Path) -> None:
    editor = open_editor(None, None, None, None, tmp_path)
    assert editor.session.name == "room-1"
    assert (editor.preset.name, editor.planner.name) == ("pocket", "builtin")
    assert editor.remarks == ()
    editor.close()
