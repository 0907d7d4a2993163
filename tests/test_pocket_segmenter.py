"""What the pocket segmenter finds in drawn rooms that it never saw, and what it leaves alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from pocket import rooms
from tools.lisa.regions import follow_colours
from tools.lisa.segmenter import LisaSegmenter, load_pocket
from tools.lisa.stands import with_stand
from tools.segment import find, name_things

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
    assert overlap(found.mask, true["floor lamp"]) > 0.85


@pytest.mark.parametrize("seed", [1054290536])
def test_a_cat_and_a_dog_are_told_apart(segmenter: LisaSegmenter, seed: int) -> None:
    picture, true = drawn(seed)
    cat, dog = find(segmenter, picture, ["the cat", "the dog"])
    assert overlap(cat.mask, true["cat"]) > 0.8
    assert overlap(dog.mask, true["dog"]) > 0.8


def test_where_nothing_is_under_a_shade_there_is_no_stand() -> None:
    rng = np.random.default_rng(1)
    shade = np.zeros((240, 320), bool)
    shade[40:80, 130:190] = True
    picture = np.full((240, 320, 3), (150, 120, 90), np.uint8)
    picture[shade] = (220, 210, 180)
    picture = np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
    assert np.array_equal(with_stand(picture, shade), shade)


@pytest.mark.parametrize("scale", [1, 4])
def test_a_pole_and_its_foot_are_traced(scale: int) -> None:
    rng = np.random.default_rng(2)
    true, shade = np.zeros((240, 320), bool), np.zeros((240, 320), bool)
    shade[40:80, 130:190] = True
    true[80:205, 158:162] = True
    y, x = np.ogrid[:240, :320]
    true |= ((x - 160) / 18) ** 2 + ((y - 205) / 6) ** 2 <= 1
    picture = np.full((240, 320, 3), (150, 180, 200), np.uint8)
    picture[170:] = (120, 60, 40)
    picture[shade], picture[true] = (220, 210, 180), (190, 150, 60)
    picture = np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
    large = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    top, whole = (each.repeat(scale, axis=0).repeat(scale, axis=1) for each in (shade, true | shade))
    assert overlap(top, whole) < 0.85
    assert overlap(with_stand(large, top), whole) > 0.9


@pytest.mark.parametrize("seed", [1598014536, 2**31 + 7_005])
def test_what_is_named_is_found_by_that_name(segmenter: LisaSegmenter, seed: int) -> None:
    picture, _ = drawn(seed)
    names = name_things(segmenter, picture)
    assert {"floor", "wall"} <= set(names)
    assert all(found.present for found in find(segmenter, picture, [f"the {name}" for name in names]))


def test_nothing_is_named_in_noise(segmenter: LisaSegmenter) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    assert name_things(segmenter, noise) == []


@pytest.mark.parametrize("scale", [1, 3])
def test_half_a_thing_is_made_whole_by_its_colours(scale: int) -> None:
    rng = np.random.default_rng(0)
    picture = np.full((240, 320, 3), (90, 120, 160), np.uint8)
    true = np.zeros((240, 320), bool)
    true[80:160, 100:160] = True
    far = np.zeros_like(true)
    far[20:60, 250:300] = True  # of the same colour
    picture[true | far] = (190, 60, 50)
    picture = np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    half = true.copy()
    half[:, 140:] = False
    chance = ndimage.gaussian_filter(half.astype(np.float32), 14)  # a coarse model is unsure around a mask
    large = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    halved, whole, other = (each.repeat(scale, axis=0).repeat(scale, axis=1) for each in (half, true, far))
    made = follow_colours(large, halved, chance)
    assert overlap(half, true) < 0.7
    assert overlap(made, whole) > 0.9
    assert not (made & other).any()


def test_where_there_are_no_surroundings_a_mask_stays() -> None:
    picture = np.full((60, 80, 3), 120, np.uint8)
    whole = np.ones((60, 80), bool)
    assert follow_colours(picture, whole, whole.astype(np.float32)).all()
    none = np.zeros((60, 80), bool)
    assert not follow_colours(picture, none, none.astype(np.float32)).any()
