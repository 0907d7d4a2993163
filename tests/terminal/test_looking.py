"""Looking without changing anything, other masks for a layer, and the question which of several is meant."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from agent.planner import load_planner
from agent.planner.plan import Mask, Plan, Step
from agent.terminal.chat import chat
from agent.terminal.console import PlainConsole
from agent.terminal.picture_layouts import Shown, contact_sheet, of_view
from agent.turn.editor import Editor
from agent.turn.events import Turn
from sessions import Changes, Sessions
from sessions.errors import SessionError
from sessions.layer_stack import alter
from tests.support.talking_room import HEIGHT, PRESET, THINGS, WIDTH, TalkingEngines, room
from tools.inpainting.computed.main_colour import main_colour
from tools.language.colours import name_of
from tools.pictures import write_mask

Region = NDArray[np.bool_]


class Talk:
    """A conversation about the flat room."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.editor = self.opened()

    def opened(self, *, guesses: bool = False) -> Editor:
        sessions = Sessions(self.root / "sessions")
        there = sessions.exists("talk")
        session = sessions.open("talk") if there else sessions.create("talk", room())
        return Editor.open(
            session=session, preset=PRESET, planner=load_planner("builtin"), engines=TalkingEngines(),
            asks=False, guesses=guesses,
        )  # fmt: skip

    def reopen(self, *, guesses: bool = False) -> None:
        """Close the session and open it again, as another process would."""
        self.editor.close()
        self.editor = self.opened(guesses=guesses)

    async def say(self, *sentences: str) -> Turn:
        """The turn of the last of some sentences."""
        turns = [await self.editor.say(sentence) for sentence in sentences]
        return turns[-1]

    async def do(self, *steps: Step) -> Turn:
        """The turn of a ready plan."""
        return await self.editor.carry_out(Plan(steps=steps), "do it")

    def shown(self, turn: Turn) -> list[Shown]:
        """The pictures that a turn shows."""
        return [each for view in turn.views for each in of_view(self.editor.session, view)]

    def changed(self) -> Region:
        """Where the picture is not as it was at first."""
        differs: Region = (self.editor.session.picture() != room()).any(axis=-1)
        return differs


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    monkeypatch.chdir(tmp_path)
    made = Talk(tmp_path)
    yield made
    made.editor.close()


def box_of(name: str) -> tuple[int, int, int, int]:
    return next(box for own, _, box in THINGS if own == name)


# Looking


async def test_a_close_up_shows_the_thing_and_changes_nothing(talk: Talk) -> None:
    turn = await talk.say("zoom in on the plant")
    x0, y0, x1, y1 = turn.views[0].box or (0, 0, 0, 0)
    left, top, right, bottom = box_of("plant")
    assert x0 <= left < right <= x1
    assert y0 <= top < bottom <= y1
    assert (x1 - x0) * (y1 - y0) < WIDTH * HEIGHT / 4
    (shown,) = talk.shown(turn)
    assert max(shown.pixels.shape) >= 800
    assert (turn.changed, turn.version, len(talk.editor.session.layers)) == (False, 0, 0)


async def test_the_difference_is_shown_where_it_is(talk: Talk) -> None:
    turn = await talk.say("make the rug green", "what is different?")
    x0, y0, _, y1 = box_of("rug")
    (shown,) = talk.shown(turn)
    colourful = np.ptp(shown.pixels.astype(int), axis=-1) > 30
    assert colourful[(y0 + y1) // 2, x0 + 4]
    assert not colourful[: y0 - 10].any()
    assert "the rug" in turn.reply


async def test_versions_stand_beside_each_other(talk: Talk) -> None:
    turn = await talk.say("make the rug green", "make the sofa red", "compare with version 1")
    before, after = talk.shown(turn)
    assert np.array_equal(before.pixels, talk.editor.session.picture(1))
    assert np.array_equal(after.pixels, talk.editor.session.picture(2))


async def test_variations_come_as_one_numbered_sheet(talk: Talk) -> None:
    await talk.say("show me four versions of a green sofa")
    offers = talk.editor.offers()
    path = contact_sheet(talk.editor.session, offers)
    assert path is not None
    sheet = np.asarray(Image.open(path))
    assert sheet.shape[0] > 2 * HEIGHT
    assert sheet.shape[1] > 2 * WIDTH
    assert (sheet == offers[0][-2, 2]).all(axis=-1).any()


async def test_more_like_one_are_nearer_to_it_than_the_others_were(talk: Talk) -> None:
    await talk.say("show me four versions of a green sofa")
    x0, _, x1, y1 = box_of("sofa")
    at = (y1 - 5, (x0 + x1) // 2)
    first = [offer[at].astype(int) for offer in talk.editor.offers()]
    await talk.say("more like the second")
    near = [offer[at].astype(int) for offer in talk.editor.offers()]
    assert (near[0] == first[1]).all()
    farthest = max(np.abs(colour - first[1]).sum() for colour in near)
    assert 0 < farthest < max(np.abs(colour - first[1]).sum() for colour in first)
    await talk.say("show me some others")
    others = {tuple(offer[at]) for offer in talk.editor.offers()}
    assert len(others) == 4
    assert not others & {tuple(colour) for colour in near}


# Masks


async def test_a_mask_grows_and_shrinks_around_the_thing(talk: Talk) -> None:
    await talk.say("make the table green")
    before = talk.changed().sum()
    await talk.say("a bit more at the edges")
    grown = talk.changed().sum()
    await talk.say("shrink the mask", "shrink the mask")
    assert talk.changed().sum() < before < grown
    assert len(talk.editor.session.layers) == 1


async def test_a_thing_is_cut_out_of_a_mask_and_put_in(talk: Talk) -> None:
    await talk.say("make the sofa red")
    x0, y0, x1, y1 = box_of("rug")
    rug = (slice(y0 + 3, y1 - 3), slice(x0 + 3, x1 - 3))
    assert not talk.changed()[rug].any()
    turn = await talk.say("you forgot the rug")
    assert turn.changed
    assert talk.changed()[rug].mean() > 0.9
    await talk.say("without the rug")
    assert not talk.changed()[rug].any()
    assert len(talk.editor.session.layers) == 1


async def test_a_given_mask_is_a_hard_limit(talk: Talk) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[156:169, 190:300] = True  # a piece of the floor
    write_mask("corner.png", mask)
    turn = await talk.say("use corner.png and make it purple")
    assert turn.changed
    assert talk.changed()[mask].mean() > 0.9
    assert not talk.changed()[~mask].any()
    await talk.do(Mask(layer=0, how="box", what="75%,79% to 95%,84%"))
    box = np.zeros_like(mask)
    box[158:168, 240:304] = True
    assert talk.changed()[box].mean() > 0.9
    assert not talk.changed()[~box].any()
    await talk.do(Mask(layer=0, how="shrink"))
    assert not talk.changed()[~box].any()


@pytest.mark.parametrize(
    ("how", "what", "said"),
    [
        ("add", "the piano", "I see no piano"),
        ("subtract", "the lamp", "is not in the mask"),
        ("file", "none.png", "There is no file none.png"),
        ("box", "20,20 to 20,60", "is empty"),
        ("shrink", "", "Nothing would be left"),
    ],
)
async def test_a_mask_that_cannot_be_changes_nothing(talk: Talk, how: str, what: str, said: str) -> None:
    await talk.say("make the table green")
    step = Mask.model_validate({"layer": 0, "how": how, "what": what, "amount": 10})
    turn = await talk.do(step)
    assert said in turn.reply
    assert (turn.failed, turn.changed, turn.version) == (True, False, 1)


# Which of several


async def test_the_question_comes_with_numbered_outlines_and_outlives_the_program(talk: Talk) -> None:
    turn = await talk.say("make the armchair red")
    assert turn.failed
    assert len(turn.views[0].outlines) == 2
    (shown,) = talk.shown(turn)
    assert shown.label == "1 the one on the left · 2 the one on the right"
    assert (shown.pixels != room()).any()
    talk.reopen()
    await talk.say("zoom in on the table")  # to look closer does not drop it
    turn = await talk.say("2")
    assert [edit.target for edit in turn.edits] == ["the armchair on the right"]
    middle = [((x0 + x1) // 2, (y0 + y1) // 2) for name, _, (x0, y0, x1, y1) in THINGS if name == "armchair"]
    assert [bool(talk.changed()[y, x]) for x, y in middle] == [False, True]


async def test_of_two_edits_the_one_that_was_asked_about_is_answered(talk: Talk) -> None:
    turn = await talk.say("make the rug blue and the armchair red", "left")
    assert [(edit.target, edit.prompt) for edit in turn.edits] == [("the left armchair", "a red armchair")]
    assert turn.version == 2


@pytest.mark.parametrize(
    ("answer", "target", "prompt"),
    [
        ("both", "both armchairs", "red armchairs"),
        ("I meant the brown one", "the brown armchair", "a red armchair"),
        ("the armchair on the left", "the armchair on the left", "a red armchair"),
        ("number 1", "the armchair on the left", "a red armchair"),
    ],
)
async def test_the_question_is_answered_in_words(talk: Talk, answer: str, target: str, prompt: str) -> None:
    turn = await talk.say("make the armchair red", answer)
    assert [(edit.target, edit.prompt, edit.outcome) for edit in turn.edits] == [(target, prompt, "done")]


async def test_the_best_guess_is_taken_where_nobody_shall_be_asked(talk: Talk) -> None:
    talk.reopen(guesses=True)
    turn = await talk.say("make the armchair red")
    assert turn.changed
    assert turn.views == ()
    taken = re.search(r"There are two armchairs, and I took the one on the (left|right)\.", turn.reply)
    assert taken is not None
    columns = np.flatnonzero(talk.changed().any(axis=0))
    assert (columns.max() < WIDTH / 2) == (taken[1] == "left")


# Colours of pictures


@pytest.mark.parametrize(
    ("colour", "share", "name"),
    [((200, 30, 40), 0.2, "red"), ((30, 60, 170), 0.9, "blue"), ((250, 250, 250), 0.0, "white")],
)
def test_the_main_colour_is_the_one_that_a_person_would_name(
    colour: tuple[int, int, int], share: float, name: str
) -> None:
    picture = np.full((100, 100, 3), 245, np.uint8)
    picture[: round(100 * share)] = colour
    assert name in name_of(main_colour(picture))


def test_what_is_transparent_has_no_colour() -> None:
    picture = np.full((40, 40, 3), (30, 160, 60), np.uint8)
    picture[:, 20:] = (220, 30, 30)
    alpha = np.zeros((40, 40), np.uint8)
    alpha[:, :20] = 255
    assert "green" in name_of(main_colour(picture, alpha))


# Layers


@settings(deadline=None, max_examples=60)
@given(st.permutations(range(5)), st.integers(0, 4), st.integers(0, 5))
def test_moving_a_layer_keeps_all_others_in_order(order: list[int], layer: int, under: int) -> None:
    from sessions.model import StackEntry

    stack = tuple(StackEntry(number, 0, visible=True) for number in order)
    moved = alter(stack, Changes(moves=((layer, None if under == 5 else under),)), dict.fromkeys(order, 0))
    after = [entry.layer for entry in moved.stack]
    assert [number for number in after if number != layer] == [number for number in order if number != layer]
    if under == 5:
        assert after[-1] == layer
    elif under != layer:
        assert after[after.index(layer) + 1] == under
    assert moved.changed == ((layer,) if after != order else ())


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_what_is_dropped_is_gone_and_nothing_else(order: list[int], drop: set[int]) -> None:
    from sessions.model import StackEntry

    stack = tuple(StackEntry(number, 0, visible=number % 2 == 0) for number in order)
    after = alter(stack, Changes(drop=tuple(drop)), dict.fromkeys(order, 0)).stack
    assert after == tuple(entry for entry in stack if entry.layer not in drop)


def test_what_is_not_there_is_neither_dropped_nor_moved() -> None:
    with pytest.raises(SessionError, match="not in this version"):
        alter((), Changes(drop=(0,)), {0: 0})
    with pytest.raises(SessionError, match="not in this version"):
        alter((), Changes(moves=((0, None),)), {0: 0})


async def test_a_dropped_layer_stays_in_the_versions_before(talk: Talk) -> None:
    await talk.say("make the rug green", "make the sofa red")
    session = talk.editor.session
    both = session.picture()
    await talk.say("drop the rug layer")
    assert [layer.dropped for layer in session.layers] == [True, False]
    assert np.array_equal(session.picture(2), both)
    x0, y0, x1, y1 = box_of("rug")
    assert not talk.changed()[y0:y1, x0:x1].any()
    turn = await talk.say("undo")
    assert turn.version == 2
    assert np.array_equal(session.picture(), both)
    assert not any(layer.dropped for layer in session.layers)


# The same as commands


async def chatted(talk: Talk, *lines: str) -> tuple[str, str]:
    """What a chat of some lines says, and what it says that could not be done."""
    out, problems = io.StringIO(), io.StringIO()
    console = PlainConsole(io.StringIO("\n".join(lines) + "\n"), out, problems)
    await chat(talk.editor, console, lambda *_: talk.opened())
    talk.editor = talk.opened()
    return out.getvalue(), problems.getvalue()


async def test_all_of_it_can_be_typed_as_commands(talk: Talk) -> None:
    out, problems = await chatted(
        talk, "make the sofa red", "put a cat on the sofa", "/order 0 front", "/order 0 under 1",
        "/zoom the cat", "/drop 1", "/mask shrink 2", "/mask without the rug", "/mask add the rug",
        "/mask 10%,50% to 60%,90%", "/goto before the cat", "/compare 2",
        "show me three versions of a blue lamp", "/more 2", "/more", "/pick 3",
    )  # fmt: skip
    assert problems == "The rug is not in the mask, so it stays as it is.\n"
    for said in (
        "the sofa moved to the front", "the sofa moved under the cat", "close up", "cat deleted",
        "in another mask", "like it, of which it is the first", "variations.png", "the lamp → a blue lamp",
    ):  # fmt: skip
        assert said in out
    layers = talk.editor.session.layers
    assert [(layer.id, layer.visible) for layer in layers] == [(0, True), (1, False), (2, True)]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("/mask grow", "There is no mask yet: nothing was edited."),
        ("/drop", "Use /drop N, where N is a number from 0."),
        ("/drop 3", "There is no layer 3: there are no layers yet."),
        ("/order 0", "Use /order N front|back | N over|under M."),
        ("/more", "There are no variations yet: ask for some first."),
        ("/zoom", "Use /zoom THING."),
        ("/zoom the piano", "I see no piano."),
        ("/goto before the walls", "Use /goto N | NAME | WHEN, where N is a number from 0."),
        ("use none.png and make it red", "There is no file none.png"),
        ("open none.png", "There is no file none.png."),
    ],
)
async def test_what_cannot_be_typed_says_why(talk: Talk, typed: str, problem: str) -> None:
    _, problems = await chatted(talk, typed)
    assert problems.startswith(problem)


async def test_a_picture_is_opened_by_a_sentence(talk: Talk) -> None:
    Image.fromarray(room()).save("other.png")
    out, problems = io.StringIO(), io.StringIO()
    opened: list[Path | None] = []

    def opener(file: Path | None, name: str | None) -> Editor:
        opened.append(file)
        session = Sessions(talk.root / "sessions").create(name, room())
        return Editor.open(
            session=session, preset=PRESET, planner=load_planner("builtin"), engines=TalkingEngines()
        )

    await chat(talk.editor, PlainConsole(io.StringIO("open other.png\n"), out, problems), opener)
    assert opened == [Path("other.png")]
    assert problems.getvalue() == ""
