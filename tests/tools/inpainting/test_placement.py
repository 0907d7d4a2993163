"""Places in words, and the masks for new objects there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sessions.compose import Box
from tools.errors import PictureError
from tools.inpainting.geometry import bounds
from tools.inpainting.placement import landmarks, mask_for_place
from tools.language.object_sizes import THINGS, thing_in
from tools.language.places import Place, read_place

Mask = NDArray[np.bool_]
SIZE = (1024, 768)
SOFA = (300, 420, 720, 600)
TABLE = (400, 560, 620, 680)
WINDOW = (640, 120, 820, 320)


def boxed(*boxes: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros((SIZE[1], SIZE[0]), dtype=np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def put(text: str, prompt: str, *anchors: tuple[int, int, int, int], **surfaces: Mask) -> Box:
    found = dict(zip(("anchor", "other"), (boxed(anchor) for anchor in anchors), strict=False))
    return bounds(mask_for_place(read_place(text), prompt, SIZE, **found, **surfaces))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("next to the sofa", Place("beside", "the sofa")),
        ("near the floor lamp", Place("beside", "the floor lamp")),
        ("to the left of the window", Place("beside", "the window", side="left")),
        ("on the right-hand side of the bed", Place("beside", "the bed", side="right")),
        ("on the wall above the sofa", Place("above", "the sofa", surface="wall")),
        ("over the bed on the left", Place("above", "the bed on the left")),
        ("on the table", Place("on", "the table")),
        ("On top of the cabinet.", Place("on", "the cabinet")),
        ("the table", Place("on", "the table")),
        ("on the table next to the window", Place("on", "the table next to the window")),
        ("on the floor next to the sofa", Place("beside", "the sofa", surface="floor")),
        ("in front of the armchair", Place("front", "the armchair")),
        ("on the rug in front of the armchair", Place("front", "the armchair")),
        ("on the rug", Place("on", "the rug")),
        ("behind the sofa", Place("behind", "the sofa")),
        ("under the table", Place("under", "the table")),
        ("between the sofa and the lamp", Place("between", "the sofa", "the lamp")),
        ("in the corner", Place("corner")),
        ("in the left corner", Place("corner", side="left")),
        ("in the corner by the window", Place("corner", "the window")),
        ("on the wall", Place("anywhere", surface="wall")),
        ("against the back wall", Place("anywhere", surface="wall")),
        ("on the floor", Place("anywhere", surface="floor")),
        ("on the left", Place("anywhere", side="left")),
        ("in the empty space on the right", Place("anywhere", side="right")),
        ("in the left part of the room", Place("anywhere", side="left")),
        ("in the middle of the room", Place("anywhere")),
        ("somewhere", Place("anywhere")),
        ("", Place("anywhere")),
    ],
)
def test_reading_places(text: str, place: Place) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a vase with flowers", "vase"),
        ("a picture of a cat", "picture"),
        ("a cat picture", "picture"),
        ("a brown leather couch", "sofa"),
        ("a small brass table lamp", "table lamp"),
        ("a floor lamp", "lamp"),
        ("two big plants", "plant"),
        ("a theremin", ""),
    ],
)
def test_the_thing_of_a_prompt(prompt: str, name: str) -> None:
    assert thing_in(prompt)[0] == name


def test_landmarks_are_what_a_segmenter_must_find() -> None:
    assert landmarks(read_place("on the table"), "a vase") == {"anchor": "the table"}
    assert landmarks(read_place("on the wall above the sofa"), "a picture") == {
        "anchor": "the sofa",
        "wall": "the wall",
    }
    assert landmarks(read_place("between the sofa and the lamp"), "a dog") == {
        "anchor": "the sofa",
        "other": "the lamp",
        "floor": "the floor",
        "wall": "the wall",
    }


def test_above_hangs_over_the_thing() -> None:
    box = put("on the wall above the sofa", "a picture", SOFA)
    assert box.y1 < SOFA[1]
    assert SOFA[0] < box.x0 < box.x1 < SOFA[2]
    low = put("above the window", "a clock", (400, 30, 600, 300))
    assert low.y1 <= 30


def test_on_stands_on_the_upper_part() -> None:
    box = put("on the table", "a vase", TABLE)
    assert TABLE[1] < box.y1 < TABLE[1] + 0.3 * (TABLE[3] - TABLE[1])
    assert box.y0 < TABLE[1]
    assert TABLE[0] < box.x0 < box.x1 < TABLE[2]
    cat = put("on the sofa", "a cat", SOFA)
    assert SOFA[1] + 90 < cat.y1 < SOFA[3]


def test_beside_takes_the_asked_or_the_freer_side() -> None:
    left = put("to the left of the sofa", "a plant", SOFA)
    assert left.x1 <= SOFA[0]
    right = put("to the right of the sofa", "a plant", SOFA)
    assert right.x0 >= SOFA[2]
    assert left.y1 == right.y1 == SOFA[3]
    assert put("next to the sofa", "a plant", (10, 420, 400, 600)).x0 >= 400
    assert put("next to the sofa", "a plant", (600, 420, 1010, 600)).x1 <= 600
    picture = put("next to the window", "a picture", WINDOW)
    assert picture.y0 < (WINDOW[1] + WINDOW[3]) / 2 < picture.y1


def test_front_behind_under_between() -> None:
    assert put("in front of the sofa", "a dog", SOFA).y1 > SOFA[3]
    sofa = boxed(SOFA)
    behind = mask_for_place(read_place("behind the sofa"), "a plant", SIZE, anchor=sofa)
    assert not (behind & sofa).any()
    assert bounds(behind).y0 < SOFA[1]
    rug = put("under the table", "a rug", TABLE)
    assert rug.y0 < TABLE[3] < rug.y1
    lamp = (100, 300, 140, 600)
    between = put("between the sofa and the lamp", "a plant", SOFA, lamp)
    assert lamp[2] - 20 < between.x0 < between.x1 < SOFA[0] + 20


def test_surfaces_decide_where_things_stand() -> None:
    wall, floor = boxed((0, 0, 1024, 500)), boxed((0, 500, 1024, 768))
    picture = put("on the wall", "a picture", wall=wall)
    assert picture.y1 <= 500
    plant = put("on the floor", "a plant", floor=floor, wall=wall)
    assert plant.y1 > 500
    rug = put("on the floor", "a rug", floor=floor, wall=wall)
    assert rug.y0 >= 500
    # A sofa in the middle of the floor: the plant goes where the floor is free.
    free = floor & ~boxed((250, 400, 800, 768))
    plant = put("on the floor", "a plant", floor=free, wall=wall & ~boxed((250, 400, 800, 768)))
    assert plant.x1 <= 270 or plant.x0 >= 780
    corner = put("in the left corner", "a plant", floor=floor, wall=wall)
    assert corner.x1 < 300
    assert 500 < corner.y1 < 700
    assert put("in the corner by the window", "a plant", WINDOW).x0 > 700
    assert put("on the right", "a plant").x0 > 512


def test_sizes_follow_the_thing_and_the_scale_of_its_anchor() -> None:
    def area(text: str, prompt: str, *anchors: tuple[int, int, int, int]) -> int:
        box = put(text, prompt, *anchors)
        return box.width * box.height

    assert (
        area("on the table", "a vase", TABLE)
        < area("on the floor", "a plant")
        < area("on the floor", "a sofa")
    )
    near, far = (200, 400, 800, 660), (430, 420, 600, 492)
    assert area("next to the sofa", "a plant", far) < area("next to the sofa", "a plant", near)
    lamp = put("next to the sofa", "a floor lamp", SOFA)
    assert lamp.height > 2 * lamp.width


@settings(max_examples=150, deadline=None)
@given(
    text=st.sampled_from(
        (
            "on the sofa",
            "above the sofa",
            "under the sofa",
            "next to the sofa",
            "in front of the sofa",
            "behind the sofa",
            "between the sofa and the lamp",
            "in the corner",
            "on the wall",
            "on the floor",
            "on the left",
        )
    ),
    prompt=st.sampled_from((*THINGS, "a theremin")),
    size=st.tuples(st.integers(16, 400), st.integers(16, 400)),
    seed=st.integers(0, 2**32 - 1),
    given_masks=st.sets(st.sampled_from(("anchor", "other", "floor", "wall"))),
)
def test_there_is_always_a_place(
    text: str, prompt: str, size: tuple[int, int], seed: int, given_masks: set[str]
) -> None:
    rng = np.random.default_rng(seed)
    masks = {}
    for role in sorted(given_masks):
        mask = np.zeros((size[1], size[0]), dtype=np.bool_)
        x0, y0 = rng.integers(size[0]), rng.integers(size[1])
        mask[y0 : y0 + rng.integers(size[1]), x0 : x0 + rng.integers(size[0])] = True
        masks[role] = mask
    mask = mask_for_place(read_place(text), prompt, size, **masks)
    assert mask.shape == (size[1], size[0])
    assert mask.any()
    assert min(bounds(mask)[2] - bounds(mask)[0], bounds(mask)[3] - bounds(mask)[1]) >= 1


def test_between_two_of_a_kind_is_where_they_have_the_most_room_between_them() -> None:
    left, middle, right = (100, 100, 200, 220), (230, 100, 330, 220), (640, 100, 740, 220)
    pictures = boxed(left, middle, right)
    mask = mask_for_place(read_place("between the pictures"), "a clock", SIZE, anchor=pictures)
    box = bounds(mask)
    assert middle[2] <= box.x0 < box.x1 <= right[0]


def test_a_landmark_of_another_size_is_refused() -> None:
    with pytest.raises(PictureError, match="landmark"):
        mask_for_place(read_place("on the sofa"), "a cat", (50, 40), anchor=np.ones((50, 40), dtype=np.bool_))
