"""What the pocket segmenter finds in drawn rooms that it never saw, and what it leaves alone."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from pocket import rooms
from tools import room_box
from tools.segmenting.base import find, name_things
from tools.segmenting.lisa.segmenter import LisaSegmenter, load_pocket
from training.pocket.panoptic_data import rearranged

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def segmenter() -> LisaSegmenter:
    return load_pocket()


@cache
def drawn(seed: int) -> tuple[Pixels, dict[str, Mask]]:
    """A room, and the masks of its kinds."""
    scene = rooms.make_scene(seed)
    rendered = rooms.render(scene, (640, 480))
    masks: dict[str, Mask] = {}
    for index, thing in enumerate(scene.things):
        mask = rooms.mask(rendered, index) > 0
        masks[thing.kind] = masks.get(thing.kind, np.zeros_like(mask)) | mask
    return rendered.picture, masks


def overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize(
    ("seed", "kind"),
    [
        (780400000, "dog"),
        (780400002, "ottoman"),
        (780400004, "side table"),
        (780400007, "television"),
        (780400012, "television"),
    ],
)
def test_what_stands_where_nobody_puts_it_is_found(segmenter: LisaSegmenter, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    scene = rooms.make_scene(seed)
    usual = len(scene.things)
    for _ in range(4):
        scene = rearranged(scene, rng)
    assert kind in [thing.kind for thing in scene.things[usual:]]
    rendered = rooms.render(scene, (768, 576))
    there = [i for i in scene.present() if scene.things[i].kind == kind]
    true = np.logical_or.reduce([rooms.mask(rendered, i) > 0 for i in there])
    [found] = find(segmenter, rendered.picture, [f"the {kind}"])
    assert overlap(found.mask, true) > 0.8


@pytest.mark.parametrize("seed", [1598014536, 1072461086])
def test_a_pair_is_found_by_its_singular(segmenter: LisaSegmenter, seed: int) -> None:
    picture, true = drawn(seed)
    one, pair = find(segmenter, picture, ["the curtain", "the curtains"])
    assert overlap(one.mask, true["curtain"]) > 0.8
    assert np.array_equal(one.mask, pair.mask)


@pytest.mark.parametrize(
    ("seed", "kind"), [(598395346, "chair"), (1963400679, "coffee table"), (1956121294, "chair")]
)
def test_a_thing_is_taken_whole(segmenter: LisaSegmenter, seed: int, kind: str) -> None:
    picture, true = drawn(seed)
    [found] = find(segmenter, picture, [f"the {kind}"])
    assert overlap(found.mask, true[kind]) > 0.8


def test_the_only_picture_is_meant_whatever_is_on_it(segmenter: LisaSegmenter) -> None:
    picture, true = drawn(1_796_079_609)  # leaves on grey
    [found] = find(segmenter, picture, ["the leaf picture"])
    assert overlap(found.mask, true["picture"]) > 0.8


def test_a_rug_between_the_legs_of_a_table_is_the_rug(segmenter: LisaSegmenter) -> None:
    picture, true = drawn(61_300_011)
    [found] = find(segmenter, picture, ["the rug"])
    assert (found.mask & true["rug"]).sum() > 0.985 * true["rug"].sum()
    assert overlap(found.mask, true["rug"]) > 0.98


@pytest.mark.parametrize(("seed", "kind", "other"), [(1905881022, "armchair", "cabinet")])
def test_another_kind_of_thing_is_not_taken_with_it(
    segmenter: LisaSegmenter, seed: int, kind: str, other: str
) -> None:
    picture, true = drawn(seed)
    [found] = find(segmenter, picture, [f"the {kind}"])
    assert overlap(found.mask, true[kind]) > 0.8
    assert (found.mask & true[other]).sum() < 0.1 * true[other].sum()


@pytest.mark.parametrize("seed", [676070175, 828292023, 217839396])
def test_a_floor_lamp_has_its_stand(segmenter: LisaSegmenter, seed: int) -> None:
    picture, true = drawn(seed)
    [found] = find(segmenter, picture, ["the floor lamp"])
    lamp = true["floor lamp"]
    assert overlap(found.mask, lamp) > 0.8  # what is four pixels wide has much rim
    assert (found.mask & lamp).sum() > 0.95 * lamp.sum()


@pytest.mark.parametrize("seed", [1054290536])
def test_a_cat_and_a_dog_are_told_apart(segmenter: LisaSegmenter, seed: int) -> None:
    picture, true = drawn(seed)
    cat, dog = find(segmenter, picture, ["the cat", "the dog"])
    assert overlap(cat.mask, true["cat"]) > 0.8
    assert overlap(dog.mask, true["dog"]) > 0.8


@pytest.mark.parametrize("seed", [1598014536, 2**31 + 7_005])
def test_what_is_named_is_found_by_that_name(segmenter: LisaSegmenter, seed: int) -> None:
    picture, _ = drawn(seed)
    names = name_things(segmenter, picture)
    assert {"floor", "wall"} <= set(names)
    assert all(found.present for found in find(segmenter, picture, [f"the {name}" for name in names]))


def test_nothing_is_named_in_noise(segmenter: LisaSegmenter) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    assert name_things(segmenter, noise) == []


def test_what_no_drawn_room_shows_is_not_found(segmenter: LisaSegmenter) -> None:
    picture, _ = drawn(1598014536)
    nouns = [
        "the harp",
        "an old gramophone",
        "the hammer",
        "the rabbit",
        "the frying pan",
        "my backpack",
        "the people",
    ]
    assert not any(found.present for found in find(segmenter, picture, nouns))


@pytest.mark.parametrize(
    ("seed", "phrase", "there"),
    [
        (780600001, "the striped armchair", False),  # of rattan
        (780600006, "the striped rug", False),  # of wool
        (780600003, "the striped rug", True),
        (780600019, "the striped rug", True),
    ],
)
def test_the_only_one_is_not_called_by_a_pattern_that_it_has_not(
    segmenter: LisaSegmenter, seed: int, phrase: str, there: bool
) -> None:
    assert find(segmenter, drawn(seed)[0], [phrase])[0].present == there


def test_a_kind_is_found_by_other_nouns_and_by_its_use(segmenter: LisaSegmenter) -> None:
    for seed in (1598014536, 1072461086, 1963400679):
        picture, true = drawn(seed)
        for kind, names in (
            ("sofa", ("the couch", "the settee", "the divan")),
            ("plant", ("the houseplant", "the greenery", "the potted plant")),
            ("window", ("the window pane",)),
        ):
            if kind in true and true[kind].mean() > 0.01:
                for found in find(segmenter, picture, names):
                    assert overlap(found.mask, true[kind]) > 0.7, found.phrase
        assert any(
            found.present for found in find(segmenter, picture, ["something to sit on", "what to sit on"])
        )


def test_a_small_one_is_chosen_by_its_size(segmenter: LisaSegmenter) -> None:
    picture, true = drawn(1963400679)
    tables = {kind: mask for kind, mask in true.items() if kind.endswith(" table")}
    [found] = find(segmenter, picture, ["the large table"])
    largest = max(tables.values(), key=lambda mask: int(mask.sum()))
    assert overlap(found.mask, largest) > 0.7


def test_a_wall_is_taken_by_its_side(segmenter: LisaSegmenter) -> None:
    """Where the walls meet, the scene's own camera says."""
    scene = rooms.make_scene(1629505554)
    rendered = rooms.render(scene, (640, 480))
    camera = scene.camera
    true = room_box.Room(
        0.5 / camera.tan,
        (1 + camera.shift / camera.tan) / 2,
        math.radians(camera.yaw),
        camera.x / camera.y,
        (scene.room_width - camera.x) / camera.y,
        (scene.room_depth - camera.z) / camera.y,
    )
    wall = rooms.mask(rendered, rooms.WALL) > 0
    which = room_box.labels(true, 640, 480)
    phrases = {
        "the left wall": room_box.LEFT,
        "the far wall": room_box.BACK,
        "the wall on the right": room_box.RIGHT,
    }
    for found, side in zip(find(segmenter, rendered.picture, list(phrases)), phrases.values(), strict=True):
        assert overlap(found.mask, wall & (which == side)) > 0.9


def test_a_wall_that_does_not_show_is_not_found(segmenter: LisaSegmenter) -> None:
    picture, _ = drawn(1374501105)
    left, back = find(segmenter, picture, ["the left wall", "the back wall"])
    assert not left.present
    assert back.present


@pytest.mark.parametrize(
    ("seed", "phrase", "index"),
    [
        (1796064200, "the little picture with the gold frame", 12),
        (1796064200, "the picture with the gold frame", 12),
        (1796072119, "the bigger picture", 8),
        (1796072119, "the smaller picture", 7),
        (1796072119, "the yellow picture with the ship", 7),
        (74000002, "the checked ottoman", 8),
        (74000013, "the striped armchair", 6),
        (74000020, "the striped cushion", 12),
        (74000020, "the unpatterned pillow", 6),
        (1096057561, "the wicker vase", 9),
        (1096057632, "the rattan armchair", 8),
        (1096057613, "the marble side table", 7),
        (1096057623, "the oak side table", 6),
    ],
)
def test_one_of_several_is_told_by_its_size_its_pattern_its_stuff_or_the_colour_of_a_part(
    segmenter: LisaSegmenter, seed: int, phrase: str, index: int
) -> None:
    """ "The little picture with the gold frame" was the big dark one beside it."""
    rendered = rooms.render(rooms.make_scene(seed), (1024, 768))
    [found] = find(segmenter, rendered.picture, [phrase])
    assert found.present
    assert overlap(found.mask, rooms.mask(rendered, index) > 0) > 0.7
