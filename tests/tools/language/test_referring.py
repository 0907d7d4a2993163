"""Which of several things a phrase means, and choosing it among masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.language.parts import named_part
from tools.language.referring import Instances, Mask, Wanted, choose, read_phrase

SIZE = (60, 100)
"""The height and width of all masks here."""

Box = tuple[int, int, int, int]

LEFT, MIDDLE, RIGHT = (5, 30, 15, 50), (40, 30, 50, 50), (80, 30, 90, 50)
"""Three chairs in a row, as (x0, y0, x1, y1)."""
ROW = (MIDDLE, RIGHT, LEFT)
"""The chairs in the order in which they are found."""


def boxed(*boxes: Box) -> Mask:
    mask = np.zeros(SIZE, bool)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def found(boxes: Sequence[Box], scores: Sequence[float] | None = None, missed: float = 0.0) -> Instances:
    masks = np.array([boxed(box) for box in boxes]).reshape(len(boxes), *SIZE)
    return Instances(masks, np.array([0.9] * len(boxes) if scores is None else scores), missed)


@pytest.mark.parametrize(
    ("phrase", "wanted"),
    [
        ("the sofa", Wanted("sofa")),
        ("TV", Wanted("tv")),
        ("a chair", Wanted("chair", "any")),
        ("one of the chairs", Wanted("chairs", "any")),
        # How many.
        ("all the chairs", Wanted("chairs", count=None)),
        ("All of the chairs.", Wanted("chairs", count=None)),
        ("every single chair", Wanted("chair", count=None)),
        ("the chairs", Wanted("chairs", count=None)),
        ("people", Wanted("people", count=None)),
        ("the glass", Wanted("glass")),
        ("the wall", Wanted("wall", count=None)),
        ("both lamps", Wanted("lamps", count=2)),
        ("both of the lamps", Wanted("lamps", count=2)),
        ("the two dogs", Wanted("dogs", count=2)),
        ("all three pictures", Wanted("pictures", count=3)),
        # On which side.
        ("the left chair", Wanted("chair", "left")),
        ("the left-most chair", Wanted("chair", "left")),
        ("the left wall", Wanted("wall", "left")),
        ("the chair on the right", Wanted("chair", "right")),
        ("the chair on the right-hand side of the room", Wanted("chair", "right")),
        ("the chair furthest to the left", Wanted("chair", "left")),
        ("the chairs on the left", Wanted("chairs", "left", count=None)),
        ("both lamps on the left", Wanted("lamps", "left", count=2)),
        ("the upper cabinets", Wanted("cabinets", "top", count=None)),
        ("the top left picture", Wanted("picture", "top left")),
        ("the picture in the upper-left corner", Wanted("picture", "top left")),
        ("the middle chair", Wanted("chair", "middle")),
        ("the chair in the middle of the picture", Wanted("chair", "middle")),
        ("the tree in the background", Wanted("tree", "back")),
        ("the person closest to the camera", Wanted("person", "front")),
        ("the picture of the man on the left", Wanted("picture of the man", "left")),
        ("the black and white picture on the left", Wanted("black and white picture", "left")),
        ("the man in black on the left", Wanted("man in black", "left")),
        ("the chairs in the room", Wanted("chairs", count=None)),
        # In a row.
        ("the second picture from the left", Wanted("picture", "left", rank=2)),
        ("the second from the left picture", Wanted("picture", "left", rank=2)),
        ("my aunt, second from the right", Wanted("aunt", "right", rank=2)),
        ("the picture second from the right", Wanted("picture", "right", rank=2)),
        ("the third chair", Wanted("chair", "left", rank=3)),
        ("the last chair", Wanted("chair", "right")),
        ("the first two pictures", Wanted("pictures", "left", count=2)),
        # How large.
        ("the biggest plant", Wanted("plant", "large")),
        ("the second-largest plant", Wanted("plant", "large", rank=2)),
        ("the two smallest plants", Wanted("plants", "small", count=2)),
        ("the largest one of the plants", Wanted("plants", "large")),
        # By another thing.
        ("the lamp behind the sofa", Wanted("lamp", "near", other=Wanted("sofa"))),
        ("the lamp that is standing next to the sofa", Wanted("lamp", "near", other=Wanted("sofa"))),
        ("the plant farthest from the window", Wanted("plant", "far", other=Wanted("window"))),
        ("the picture above the sofa", Wanted("picture", "above", other=Wanted("sofa"))),
        ("the chair to the left of the sofa", Wanted("chair", "left of", other=Wanted("sofa"))),
        ("the cushions from the sofa", Wanted("cushions", "near", count=None, other=Wanted("sofa"))),
        ("the books on the shelf", Wanted("books", "near", count=None, other=Wanted("shelf"))),
        ("the lamp on the left table", Wanted("lamp", "near", other=Wanted("table", "left"))),
        ("the red chair next to the blue one", Wanted("red chair", "near", other=Wanted("blue chair"))),
        # What is not understood stays.
        ("the left picture above the sofa", Wanted("picture above the sofa", "left")),
        ("the left half of the sofa", Wanted("left half of the sofa")),
        ("the top of the table", Wanted("top of the table")),
        ("the lamp in the corner", Wanted("lamp in the corner")),
        ("the biggest plants", Wanted("biggest plants", count=None)),
        ("the left one", Wanted("left one")),
        ("the chair next to it", Wanted("chair next to it")),
        ("the lamp between the sofa and the chair", Wanted("lamp between the sofa and the chair")),
        ("the cup and the plate", Wanted("cup and the plate", count=None)),
        ("what gives light", Wanted("what gives light")),
        ("all chairs except the one on the left", Wanted("chairs except the one on the left", count=None)),
        ("next to the sofa", Wanted("next to the sofa")),
        ("second from the right", Wanted("second from the right")),
        ("the background", Wanted("background", count=None)),
        ("left", Wanted("left")),
        ("the", Wanted("the")),
        ("", Wanted("")),
    ],
)
def test_a_phrase_is_a_noun_and_which_of_them(phrase: str, wanted: Wanted) -> None:
    assert read_phrase(phrase) == wanted


def test_the_nouns_to_look_for_are_those_of_all_things_named() -> None:
    assert read_phrase("the lamp on the table next to the left chair").nouns == ("lamp", "table", "chair")


_WORDS = st.sampled_from([
    "the", "a", "left", "right", "second", "last", "of", "from", "on", "in", "one", "all", "both", "chairs",
    "lamp", "sofa", "two", "biggest", "next", "to", "and", "middle", "top", "corner", "it", ",", "-", "'s",
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(_WORDS, max_size=9).map(" ".join))
def test_any_words_are_read_and_leave_something_to_look_for(phrase: str) -> None:
    wanted = read_phrase(phrase)
    assert wanted.rank >= 1
    has_words = any(character.isalnum() for character in phrase)
    assert all(any(character.isalnum() for character in noun) == has_words for noun in wanted.nouns)


@pytest.mark.parametrize(
    ("phrase", "boxes"),
    [
        ("all the chairs", [LEFT, MIDDLE, RIGHT]),
        ("the left chair", [LEFT]),
        ("the chair on the right", [RIGHT]),
        ("the middle chair", [MIDDLE]),
        ("the second chair from the right", [MIDDLE]),
        ("the third chair", [RIGHT]),
        ("the fourth chair", []),
        ("the last two chairs", [MIDDLE, RIGHT]),
        ("the chairs on the left", [LEFT, MIDDLE]),
        ("the two chairs on the right", [MIDDLE, RIGHT]),
    ],
)
def test_chairs_in_a_row(phrase: str, boxes: list[Box]) -> None:
    chosen = choose(read_phrase(phrase), found(ROW))
    assert np.array_equal(chosen.mask, boxed(*boxes))
    assert [ROW[index] for index in sorted(chosen.indices)] == [box for box in ROW if box in boxes]


HIGH, LOW, LARGE = (10, 2, 20, 12), (60, 40, 70, 58), (30, 15, 55, 40)


@pytest.mark.parametrize(
    ("phrase", "box"),
    [
        ("the top picture", HIGH),
        ("the lowest picture", LOW),
        ("the top left picture", HIGH),
        ("the picture in the bottom right corner", LOW),
        ("the biggest picture", LARGE),
        ("the smallest picture", HIGH),
        ("the second largest picture", LOW),
        ("the picture in the foreground", LOW),
        ("the picture at the back", HIGH),
    ],
)
def test_places_and_sizes(phrase: str, box: Box) -> None:
    assert np.array_equal(choose(read_phrase(phrase), found([LOW, LARGE, HIGH])).mask, boxed(box))


@pytest.mark.parametrize(
    ("phrase", "other", "boxes"),
    [
        ("the chair next to the sofa", (52, 30, 70, 50), [MIDDLE]),
        ("the chair farthest from the sofa", (52, 30, 70, 50), [LEFT]),
        # The nearest is on the wrong side.
        ("the chair right of the sofa", (52, 30, 70, 50), [RIGHT]),
        ("the chair left of the sofa", (52, 30, 70, 50), [MIDDLE]),
        ("the chairs by the sofa", (52, 30, 70, 50), [MIDDLE, RIGHT]),
        ("the chair under the picture", (82, 5, 88, 15), [RIGHT]),
        # A chair is not next to itself.
        ("the chair next to the left chair", LEFT, [MIDDLE]),
    ],
)
def test_by_another_thing(phrase: str, other: Box, boxes: list[Box]) -> None:
    assert np.array_equal(choose(read_phrase(phrase), found(ROW), boxed(other)).mask, boxed(*boxes))


def test_distances_are_those_in_the_picture_not_in_squashed_masks() -> None:
    wanted, other = read_phrase("the cup near the plate"), boxed((50, 30, 52, 32))
    beside, below = (62, 30, 64, 32), (50, 48, 52, 50)
    cups = found([beside, below])
    assert np.array_equal(choose(wanted, cups, other).mask, boxed(beside))
    wide = Instances(cups.masks, cups.scores, pixel=(1.0, 4.0))
    assert np.array_equal(choose(wanted, wide, other).mask, boxed(below))


def test_one_thing_found_twice_counts_once() -> None:
    again = (LEFT[0], LEFT[1], LEFT[2], LEFT[3] - 1)
    chairs = found([again, LEFT, RIGHT], [0.5, 0.9, 0.8])
    assert choose(read_phrase("the second chair from the left"), chairs).indices == (2,)
    assert choose(read_phrase("the chairs"), chairs).indices == (1, 2)


def test_empty_masks_are_no_instances() -> None:
    chairs = found([(0, 0, 0, 0), RIGHT], [0.9, 0.5])
    assert choose(read_phrase("the left chair"), chairs).indices == (1,)


@pytest.mark.parametrize(
    ("phrase", "scores", "confidence"),
    [
        ("the chair", [0.8], 0.8),
        ("the left chair", [0.7, 0.7, 0.7], 0.7),
        ("the chairs", [0.9, 0.6, 0.6], 0.7),
        # Which one is meant is doubtful when another would do as well, and less so when it is clearly worse.
        ("the chair", [0.8, 0.8], 0.4),
        ("the chair", [0.9, 0.3], 0.675),
        ("a chair", [0.8, 0.8], 0.8),
        # Fewer than were asked for.
        ("both chairs", [0.8], 0.4),
        ("both chairs", [0.8, 0.8], 0.8),
    ],
)
def test_how_sure(phrase: str, scores: list[float], confidence: float) -> None:
    chosen = choose(read_phrase(phrase), found(ROW[: len(scores)], scores))
    assert chosen.confidence == pytest.approx(confidence)


def test_nothing_found_is_as_sure_as_the_best_miss_was_unlikely() -> None:
    chosen = choose(read_phrase("the piano"), found([], missed=0.25))
    assert not chosen.mask.any()
    assert chosen.mask.shape == SIZE
    assert chosen.confidence == pytest.approx(0.75)


def test_without_the_other_thing_the_best_is_taken_with_doubt() -> None:
    chosen = choose(read_phrase("the chair by the sofa"), found(ROW, [0.7, 0.9, 0.7]), boxed())
    assert np.array_equal(chosen.mask, boxed(RIGHT))
    assert chosen.confidence < 0.55


def test_on_the_wrong_side_only_is_doubtful() -> None:
    chosen = choose(read_phrase("the chair left of the sofa"), found([RIGHT]), boxed((52, 30, 70, 50)))
    assert np.array_equal(chosen.mask, boxed(RIGHT))
    assert chosen.confidence < 0.55


@pytest.mark.parametrize(
    ("phrase", "part"),
    [("the table's legs", "legs"), ("the sofa back", "back"), ("the sideboard at the back", None)],
)
def test_a_place_is_no_part(phrase: str, part: str | None) -> None:
    found = named_part(phrase)
    assert (found.part if found else None) == part
