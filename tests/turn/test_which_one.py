"""Which of several things is meant: in conversations about drawn rooms that show two of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agent.cli import main
from agent.planner import load_planner
from agent.turn.context import PresetEngines
from agent.turn.editor import Editor
from pocket import rooms
from sessions import Sessions
from tools.engines import registry
from tools.language.referring import other_than, separate, told_apart

Mask = NDArray[np.bool_]


class Talk:
    """A conversation about a drawn room."""

    def __init__(self, root: Path, seed: int, *, guesses: bool = False) -> None:
        scene = rooms.make_scene(seed)
        rendered = rooms.render(scene, (512, 384))
        self.picture = rendered.picture
        self._kinds = [thing.kind for thing in scene.things]
        self._masks = [rooms.mask(rendered, index) > 0 for index in range(len(scene.things))]
        preset = registry.find_preset("pocket")
        session = Sessions(root).create("room", self.picture)
        self.editor = Editor.open(
            session=session, preset=preset, planner=load_planner("builtin"), engines=PresetEngines(preset),
            asks=False, guesses=guesses,
        )  # fmt: skip

    def things(self, kind: str) -> list[Mask]:
        """The true masks of all things of a kind, from left to right."""
        own = [mask for mask, each in zip(self._masks, self._kinds, strict=True) if each == kind]
        return sorted(own, key=lambda mask: float(np.nonzero(mask)[1].mean()))

    async def say(self, sentence: str) -> SimpleNamespace:
        """What came of a sentence: the turn, and the masks of its edits."""
        turn = await self.editor.say(sentence)
        masks = [self.editor.session.pictures.get(edit.mask) > 127 for edit in turn.edits if edit.mask]
        return SimpleNamespace(turn=turn, masks=masks, changed=self.changed())

    def changed(self) -> Mask:
        """Where the picture is not as it was at first."""
        differs: Mask = (self.editor.session.picture() != self.picture).any(axis=-1)
        return differs


@pytest.fixture
def talk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Talk]:
    made = Talk(tmp_path, request.param)
    yield made
    made.editor.close()


def overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("talk", [60040, 60101], indirect=True)
async def test_the_other_one_is_the_one_that_was_not_meant_before(talk: Talk) -> None:
    left, right = talk.things("armchair")
    first = await talk.say("armchair on the left dark green")
    assert overlap(first.masks[0], left) > 0.85
    other = await talk.say("same for the other one")
    assert not other.turn.failed
    assert overlap(other.masks[0], right) > 0.85
    assert not (other.masks[0] & first.masks[0]).any()
    undone = await talk.say("undo only the armchair on the left")
    assert not undone.turn.failed
    assert not undone.changed[left].any()
    assert undone.changed[right].mean() > 0.5


@pytest.mark.parametrize("talk", [60122], indirect=True)
async def test_another_picture_is_a_picture(talk: Talk) -> None:
    left, right = talk.things("picture")
    first = await talk.say("the left picture red")
    assert overlap(first.masks[0], left) > 0.8
    other = await talk.say("now the other one in blue")
    assert overlap(other.masks[0], right) > 0.8
    assert not (other.masks[0] & left).any()


@pytest.mark.parametrize("talk", [60064], indirect=True)
async def test_of_two_alike_it_asks_which_and_takes_the_answer(talk: Talk) -> None:
    left, _ = talk.things("armchair")
    asked = await talk.say("make the armchair red")
    assert (
        asked.turn.reply
        == "There are two armchairs: do you mean the one on the left or the one on the right?"
    )
    assert asked.turn.failed
    assert not asked.changed.any()
    answered = await talk.say("the left one")
    assert not answered.turn.failed
    assert overlap(answered.masks[0], left) > 0.85
    none = await talk.say("remove the other sofa")
    assert none.turn.failed


async def test_a_guess_that_is_refused_asks_nothing(tmp_path: Path) -> None:
    talk = Talk(tmp_path, 60122, guesses=True)
    said = (await talk.say("replace the picture with a plant")).turn.reply
    assert "and I took" in said
    assert "I cannot hang a plant on the wall." in said
    assert "do you mean" not in said
    talk.editor.close()


@pytest.mark.parametrize("talk", [60101], indirect=True)
async def test_both_are_all_two(talk: Talk) -> None:
    left, right = talk.things("armchair")
    both = await talk.say("make both armchairs yellow")
    assert overlap(both.masks[0], left | right) > 0.85


@pytest.mark.parametrize(
    ("phrase", "noun", "count"),
    [
        ("the other armchair", "armchair", 1),
        ("The other red lamp", "red lamp", 1),
        ("all the other chairs", "chairs", None),
        ("the other two chairs", "chairs", 2),
    ],
)
def test_phrases_for_what_is_left(phrase: str, noun: str, count: int | None) -> None:
    wanted = other_than(phrase)
    assert wanted is not None
    assert (wanted.noun, wanted.count) == (noun, count)


def test_other_phrases_are_not_about_what_is_left() -> None:
    assert other_than("the armchair") is None
    assert other_than("another armchair") is None


def boxes(*corners: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros((200, 300), bool)
    for x0, y0, x1, y1 in corners:
        mask[y0:y1, x0:x1] = True
    return mask


def test_things_of_one_mask_are_told_apart_by_their_places() -> None:
    left, right, scrap = (10, 80, 70, 150), (200, 80, 260, 150), (120, 10, 124, 14)
    things = separate(boxes(right, scrap, left))
    assert [np.array_equal(thing, boxes(each)) for thing, each in zip(things, (left, right), strict=True)]
    assert told_apart(things) == ["the one on the left", "the one on the right"]
    assert told_apart([boxes((100, 10, 140, 40)), boxes((100, 150, 140, 190))]) == [
        "the upper one",
        "the lower one",
    ]
    assert told_apart(things[:1]) is None
    cut = boxes((10, 80, 70, 150), (72, 80, 130, 150))  # by the leg of something in front of it
    assert len(separate(cut)) == 1


@pytest.mark.parametrize(
    ("sentences", "code"),
    [
        (("make the armchair red", "the left one"), 0),
        (("make the armchair red",), 1),
        (("make the armchair red", "make the wall blue"), 1),
        (("paint it", "the floor blue"), 0),
    ],
)
def test_a_question_that_the_next_sentence_answers_leaves_nothing_undone(
    sentences: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    file = tmp_path / "room.png"
    Image.fromarray(rooms.render(rooms.make_scene(60064), (512, 384)).picture).save(file)
    assert main.run(["edit", str(file), *sentences, "-o", str(tmp_path / "out.png")]) == code
