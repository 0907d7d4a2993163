"""Composing is exact: integers, rounded to the nearest, and nothing outside a patch's alpha ever moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sessions.compose import Box, Patch, compose

Pixels = NDArray[np.uint8]


def noise(seed: int, *shape: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def blend_mask(seed: int, height: int, width: int) -> Pixels:
    """A mask with plenty of both ends: about a third 0, a third 255, the rest between."""
    rng = np.random.default_rng(seed)
    return rng.integers(-256, 512, (height, width)).clip(0, 255).astype(np.uint8)


def patch_at(seed: int, box: Box) -> Patch:
    rgba = noise(seed, box.height, box.width, 4)
    rgba[..., 3] = blend_mask(seed + 1, box.height, box.width)
    return Patch(rgba, box)


def boxes(width: int, height: int) -> st.SearchStrategy[Box]:
    def spans(length: int) -> st.SearchStrategy[tuple[int, ...]]:
        ends = st.integers(0, length)
        return st.tuples(ends, ends).map(lambda span: tuple(sorted(span)))

    return st.builds(lambda x, y: Box(x[0], y[0], x[1], y[1]), spans(width), spans(height))


def covered(height: int, width: int, patches: list[Patch]) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), dtype=bool)
    for rgba, box in patches:
        mask[box.y0 : box.y1, box.x0 : box.x1] |= rgba[..., 3] > 0
    return mask


def by_the_book(base: Pixels, patches: list[Patch]) -> Pixels:
    """The definition, on whole pictures and in wide integers: the nearest integer to the weighted mean."""
    picture = base.astype(np.int64)
    for rgba, box in patches:
        whole = np.zeros((*base.shape[:2], 4), dtype=np.int64)
        whole[box.y0 : box.y1, box.x0 : box.x1] = rgba
        alpha = whole[..., 3:]
        picture = (2 * (alpha * whole[..., :3] + (255 - alpha) * picture) + 255) // 510
    return picture.astype(np.uint8)


@st.composite
def piles(draw: st.DrawFn) -> tuple[Pixels, list[Patch]]:
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    seed = draw(st.integers(0, 2**20))
    places = draw(st.lists(boxes(width, height), max_size=4))
    return noise(seed, height, width, 3), [patch_at(seed + i, box) for i, box in enumerate(places)]


@given(piles())
@settings(deadline=None, max_examples=150)
def test_any_pile_composes_as_defined_and_leaves_the_rest_alone(pile: tuple[Pixels, list[Patch]]) -> None:
    base, patches = pile
    before = base.copy()
    picture = compose(base, patches)
    outside = ~covered(base.shape[0], base.shape[1], patches)
    assert picture.shape == base.shape
    assert picture.dtype == np.uint8
    assert np.array_equal(picture[outside], base[outside])
    assert np.array_equal(picture, by_the_book(base, patches))
    assert np.array_equal(base, before)
    assert not np.shares_memory(picture, base)


@given(st.integers(0, 2**20), boxes(67, 1001))
@settings(deadline=None, max_examples=25)
def test_a_narrow_tall_picture_keeps_every_pixel_outside_the_mask(seed: int, box: Box) -> None:
    base = noise(seed, 1001, 67, 3)
    patches = [patch_at(seed, box)]
    picture = compose(base, patches)
    outside = ~covered(1001, 67, patches)
    assert np.array_equal(picture[outside], base[outside])
    assert np.array_equal(picture, by_the_book(base, patches))


def test_a_photo_keeps_every_pixel_outside_the_mask() -> None:
    base = noise(1, 3024, 4032, 3)
    patches = [patch_at(2, Box(3011, 7, 4032, 999)), patch_at(3, Box(3500, 500, 3777, 3024))]
    picture = compose(base, patches)
    outside = ~covered(3024, 4032, patches)
    assert np.array_equal(picture[outside], base[outside])
    corner = np.s_[500:999, 3500:3777]
    upper = Patch(patches[1].rgba[:499], Box(0, 0, 277, 499))
    lower = Patch(patches[0].rgba[493:, 489:766], Box(0, 0, 277, 499))
    assert np.array_equal(picture[corner], by_the_book(base[corner], [lower, upper]))


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0, 10), (1, 11), (127, 115), (128, 115), (129, 116), (254, 219), (255, 220)]
)
def test_the_mean_is_rounded_to_the_nearest(alpha: int, expected: int) -> None:
    base = np.full((1, 1, 3), 10, dtype=np.uint8)
    rgba = np.array([[[220, 220, 220, alpha]]], dtype=np.uint8)
    assert compose(base, [Patch(rgba, Box(0, 0, 1, 1))])[0, 0].tolist() == [expected] * 3


def test_later_patches_lie_on_top() -> None:
    base = np.zeros((2, 2, 3), dtype=np.uint8)
    red, blue = (
        np.full((2, 2, 4), colour, dtype=np.uint8) for colour in ((255, 0, 0, 255), (0, 0, 255, 255))
    )
    whole = Box(0, 0, 2, 2)
    assert compose(base, [Patch(red, whole), Patch(blue, whole)])[0, 0].tolist() == [0, 0, 255]
    assert compose(base, [Patch(blue, whole), Patch(red, whole)])[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("box", [Box(-1, 0, 3, 4), Box(0, 0, 9, 4), Box(6, 6, 10, 10), Box(0, 0, 3, 4)])
def test_a_patch_that_does_not_fit_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match=r"Box|patch"):
        compose(noise(0, 8, 8, 3), [Patch(noise(0, 4, 4, 4), box)])


def test_only_rgb_bytes_can_be_a_base() -> None:
    with pytest.raises(ValueError, match="uint8"):
        compose(noise(0, 8, 8, 4), [])


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        (Box(0, 0, 4, 4), Box(3, 3, 9, 9), True),
        (Box(0, 0, 4, 4), Box(4, 0, 9, 9), False),  # half-open: they only touch
        (Box(0, 0, 4, 4), Box(0, 4, 4, 9), False),
        (Box(0, 0, 9, 9), Box(3, 3, 4, 4), True),
        (Box(0, 0, 9, 9), Box(3, 3, 3, 9), False),  # an empty box
    ],
)
def test_boxes_overlap_when_they_share_a_pixel(first: Box, second: Box, overlap: bool) -> None:
    assert first.overlaps(second) is overlap
    assert second.overlaps(first) is overlap
