"""From a map of kinds to single things, and from phrases to those that are meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.segmenting.lisa.naming import Finder
from tools.segmenting.lisa.panoptic import PanopticMap, Segment, mapped, seen_between

Mask = NDArray[np.bool_]

NAMES = ("floor", "wall", "armchair", "table lamp", "chair", "bed", "cushion", "cat")
GREY = np.full((60, 120, 3), 128, np.uint8)


def seen(things: Sequence[tuple[str, Mask]], whole: tuple[int, int] | None = None) -> PanopticMap:
    """What the network would answer for things with exact masks before a wall."""
    shape = things[0][1].shape
    logits = np.full((len(NAMES), *shape), -4, np.float32)
    logits[1] = 0
    ways = np.zeros((2, *shape), np.float32)
    rows, columns = ((np.arange(side) + 0.5) / side for side in shape)
    for kind, mask in things:
        logits[NAMES.index(kind), mask] = 4
        place = np.nonzero(mask)
        ways[0, mask] = rows[place[0]].mean() - rows[place[0]]
        ways[1, mask] = columns[place[1]].mean() - columns[place[1]]
    return mapped(logits, ways, whole or (shape[0], shape[1]), NAMES)


def box(top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros((60, 120), bool)
    mask[top:bottom, left:right] = True
    return mask


def found(picture: NDArray[np.uint8], view: PanopticMap, phrase: str) -> Mask:
    finder = Finder(picture, view)
    reading = finder.read(phrase)
    assert reading is not None
    assert reading.unsure == ()
    return finder.mask(finder.find(reading, {})[0])


def test_two_things_that_touch_are_two() -> None:
    left, right = box(20, 30, 50, 60), box(20, 60, 50, 90)
    view = seen([("armchair", left), ("armchair", right)])
    assert [each.kind for each in view.things] == ["wall", "armchair", "armchair"]
    chairs = view.things[1:]
    masks = {tuple(np.flatnonzero(view.mask([each]).any(0))[[0, -1]]) for each in chairs}
    assert masks == {(30, 59), (60, 89)}
    np.testing.assert_array_equal(view.mask(chairs), left | right)


def test_two_small_things_side_by_side_are_two() -> None:
    left, right = box(30, 40, 42, 45), box(32, 46, 40, 50)
    view = seen([("table lamp", left), ("table lamp", right)])
    assert [each.kind for each in view.things] == ["wall", "table lamp", "table lamp"]
    np.testing.assert_array_equal(view.mask([view.things[1]]) | view.mask([view.things[2]]), left | right)


def test_a_thing_in_two_pieces_is_one() -> None:
    bed = box(20, 20, 50, 100) & ~box(10, 55, 60, 62)  # the leg of something before it
    view = seen([("bed", bed)])
    assert [each.kind for each in view.things] == ["wall", "bed"]
    np.testing.assert_array_equal(view.mask(view.things[1:]), bed)


def test_a_speck_goes_to_what_is_around_it() -> None:
    speck = box(10, 10, 11, 13)
    view = seen([("bed", box(20, 40, 50, 100)), ("cat", speck)])
    assert [each.kind for each in view.things] == ["wall", "bed"]
    assert view.mask(view.things[:1])[speck].all()


def test_masks_have_the_pictures_size() -> None:
    view = seen([("bed", box(20, 40, 50, 100))], whole=(600, 1200))
    mask = view.mask(view.things[1:])
    assert mask.shape == (600, 1200)
    assert abs(int(mask.sum()) - 300 * 600) < 0.02 * 300 * 600
    assert mask[210:490, 410:990].all()


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("the lamp on the right", (2,)),
        ("the second lamp from the left", (1,)),
        ("the lamp in the left part of the picture", (0,)),
        ("the two lamps on the right", (1, 2)),
        ("the lamp next to the bed", (1,)),
        ("the biggest lamp", (2,)),
        ("all the table lamps", (0, 1, 2)),
        ("the lamp above the bed", (1,)),
    ],
)
def test_which_of_several_is_decided_by_where_they_are(phrase: str, meant: tuple[int, ...]) -> None:
    lamps = [box(10, 8, 25, 15), box(14, 60, 30, 68), box(10, 105, 30, 117)]
    view = seen([*(("table lamp", each) for each in lamps), ("bed", box(31, 48, 55, 84))])
    np.testing.assert_array_equal(
        found(GREY, view, phrase), np.logical_or.reduce([lamps[each] for each in meant])
    )


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("the red chair", (1,)),
        ("the navy chairs", (0, 2)),
        ("both navy chairs", (0, 2)),
        ("the chair that is red", (1,)),
        ("the navy chair on the right", (2,)),
        ("the yellow chair", ()),
    ],
)
def test_which_of_several_is_decided_by_their_colour(phrase: str, meant: tuple[int, ...]) -> None:
    picture = np.full((60, 120, 3), 200, np.uint8)
    chairs = [box(20, left, 50, left + 25) for left in (5, 45, 85)]
    for chair, colour in zip(chairs, ((15, 20, 90), (190, 30, 25), (12, 17, 76)), strict=True):
        picture[chair] = colour  # the third is in the shade
    picture[45:50] = 90  # and all have grey legs
    view = seen([("chair", each) for each in chairs])
    want = np.logical_or.reduce([np.zeros((60, 120), bool), *(chairs[each] for each in meant)])
    np.testing.assert_array_equal(found(picture, view, phrase), want)


def test_a_chair_may_be_an_armchair_where_there_is_no_other() -> None:
    arm, chair = box(20, 10, 50, 40), box(20, 70, 50, 90)
    np.testing.assert_array_equal(found(GREY, seen([("armchair", arm)]), "the chair"), arm)
    both = seen([("armchair", arm), ("chair", chair)])
    np.testing.assert_array_equal(found(GREY, both, "the chair"), chair)
    assert not found(GREY, seen([("chair", chair)]), "the armchair").any()


@pytest.mark.parametrize(
    "phrase", ["what one sits on", "the piano", "the leg of the chair", "the cat's tail"]
)
def test_other_phrases_name_no_kind(phrase: str) -> None:
    assert Finder(GREY, seen([("chair", box(20, 10, 50, 40))])).read(phrase) is None


def test_what_is_described_or_unknown_is_asked_about() -> None:
    finder = Finder(GREY, seen([("chair", box(20, 10, 50, 40))]))
    for phrase, unsure in (
        ("the old oak chair", ("the old oak chair",)),
        ("the chair by the door", ("the door",)),
        ("the red chair", ()),
    ):
        reading = finder.read(phrase)
        assert reading is not None
        assert reading.unsure == unsure


def test_what_is_said_of_the_only_thing_of_its_kind_need_not_be_judged() -> None:
    room = np.full((60, 120, 3), (206, 164, 108), np.uint8)
    floor, chair, cat = box(40, 0, 60, 120), box(10, 10, 40, 40), box(20, 60, 40, 80)
    finder = Finder(room, seen([("floor", floor), ("chair", chair), ("cat", cat)]))
    for phrase, judged in (
        ("the wooden floor", False),
        ("the old oak floor", False),
        ("the soft chair with a high back", False),
        ("the marble floor", True),
        ("the brick floor", True),
        ("the cat chair", True),
    ):
        reading = finder.read(phrase)
        assert reading is not None
        assert bool(reading.described) == judged, phrase
    two = Finder(room, seen([("chair", chair), ("chair", box(10, 60, 40, 90))]))
    reading = two.read("the old chair")
    assert reading is not None
    assert reading.described


def _lamp_before(wall: float, pole: float) -> tuple[PanopticMap, NDArray[np.float32]]:
    """Two poles of a lamp before a wall, the gap between them taken for the lamp; their colours in Oklab."""
    segments = np.zeros((60, 80), np.int16)
    segments[:, 30:46] = 1
    colours = np.zeros((60, 80, 3), np.float32)
    colours[..., 0] = wall
    colours[:, 30:35, 0] = colours[:, 40:46, 0] = pole
    logits = np.where(segments == np.arange(2)[:, None, None], 5.0, 0.0).astype(np.float32)
    things = (Segment("wall", 0, 0.9, 0.8), Segment("floor lamp", 1, 0.9, 0.2))
    return PanopticMap(things, segments, logits, (60, 80), ("wall", "floor lamp")), colours


def test_what_is_seen_between_a_lamps_legs_is_the_wall() -> None:
    found, colours = _lamp_before(0.8, 0.2)
    wall = seen_between(found, colours).mask(found.things[:1])
    lamp = seen_between(found, colours).mask(found.things[1:])
    assert wall[:, 36:39].all()
    assert lamp[:, 31:34].all()
    assert lamp[:, 41:45].all()
    assert not (wall & lamp).any()


def _chair_before(wall: float, chair: float, kind: str = "chair") -> tuple[PanopticMap, NDArray[np.float32]]:
    """A back of three slats before a wall, all taken for the chair, half-heartedly between the slats."""
    segments = np.zeros((90, 120), np.int16)
    segments[20:75, 30:90] = 1
    slats = np.zeros(segments.shape, bool)
    slats[20:32, 30:90] = slats[63:75, 30:90] = True
    slats[20:75, [*range(30, 42), *range(57, 63), *range(78, 90)]] = True
    colours = np.zeros((90, 120, 3), np.float32)
    colours[..., 0] = np.where(slats, chair, np.where(segments == 1, 0.93 * wall, wall))
    logits = np.zeros((2, 90, 120), np.float32)
    logits[0] = np.where(slats, -3.0, np.where(segments == 1, 2.0, 5.0))
    logits[1] = np.where(segments == 1, 4.0, -3.0)
    things = (Segment("wall", 0, 0.9, 0.7), Segment(kind, 1, 0.9, 0.3))
    return PanopticMap(things, segments, logits, (90, 120), ("wall", kind)), colours


def test_what_is_seen_between_slats_is_the_wall() -> None:
    found, colours = _chair_before(0.8, 0.4)
    read = seen_between(found, colours)
    wall, chair = read.mask(found.things[:1]), read.mask(found.things[1:])
    assert wall[34:61, 44:55].all()
    assert wall[34:61, 65:76].all()
    assert chair[22:73, 59:61].all()
    assert chair[22:30, 32:88].all()


@pytest.mark.parametrize(("chair", "kind"), [(0.78, "chair"), (0.4, "picture")])
def test_a_chair_of_the_walls_colour_and_what_hangs_there_have_no_gaps(chair: float, kind: str) -> None:
    found, colours = _chair_before(0.8, chair, kind)
    assert (seen_between(found, colours).segments == found.segments).all()


def test_a_white_lamp_before_a_white_wall_is_no_gap() -> None:
    found, colours = _lamp_before(0.8, 0.81)
    assert (seen_between(found, colours).segments == found.segments).all()


@pytest.mark.parametrize(("stripe", "lead", "taken"), [(0.2, 1, True), (0.2, 5, False), (0.5, 1, False)])
def test_a_stripe_of_the_wall_is_no_second_curtain(stripe: float, lead: float, taken: bool) -> None:
    """It is, where the network is sure, or where it has the curtain's colour."""
    segments = np.zeros((60, 120), np.int16)
    segments[5:50, 60:100] = 1
    segments[5:50, 20:30] = 2
    colours = np.zeros((60, 120, 3), np.float32)
    colours[..., 0] = np.where(np.arange(120) % 20 < 10, 0.9, 0.2)
    colours[segments == 1, 0] = 0.5
    colours[segments == 2, 0] = stripe
    logits = np.zeros((2, 60, 120), np.float32)
    logits[0] = np.where(segments == 0, 5.0, 0.0)
    logits[1] = np.select([segments == 1, segments == 2], [5.0, lead], 0.0)
    things = (Segment("wall", 0, 0.9, 0.7), Segment("curtain", 1, 0.9, 0.2), Segment("curtain", 2, 0.7, 0.1))
    read = seen_between(PanopticMap(things, segments, logits, (60, 120), ("wall", "curtain")), colours)
    assert (len(read.things) == 2) is taken
    assert (read.segments[10:45, 22:28] == 0).all() == taken
    assert (read.segments[10:45, 65:95] == 1).all()
