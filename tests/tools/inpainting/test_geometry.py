"""The geometry between mask and picture, over masks and sizes of every sort."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sessions.compose import Box, compose
from tools.errors import PictureError
from tools.inpainting.geometry import (
    ENOUGH,
    RATIOS,
    Region,
    blend_mask,
    bounds,
    clean,
    crop_box,
    cut,
    match_colour,
    most_each,
    paint_mask,
    patch,
    plan_region,
    room_for_another,
    working_size,
)
from tools.kinds import Kind

Mask = NDArray[np.bool_]
KINDS: tuple[Kind, ...] = get_args(Kind)


def blank(width: int, height: int) -> Mask:
    return np.zeros((height, width), dtype=np.bool_)


def boxed(width: int, height: int, *boxes: tuple[int, int, int, int]) -> Mask:
    mask = blank(width, height)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def noise(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@st.composite
def masks(draw: st.DrawFn, largest: int = 320) -> Mask:
    """Masks that are not empty: boxes, lines, single pixels, specks, holes, edges, everything."""
    width, height = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    mask = blank(width, height)
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    sort = draw(st.sampled_from(("boxes", "line", "pixel", "specks", "holes", "edge", "everything")))
    if sort == "boxes":
        for _ in range(draw(st.integers(1, 3))):
            x0, y0 = rng.integers(width), rng.integers(height)
            mask[y0 : y0 + 1 + rng.integers(height), x0 : x0 + 1 + rng.integers(width)] = True
    elif sort == "line":
        if draw(st.booleans()):
            mask[rng.integers(height)] = True
        else:
            mask[:, rng.integers(width)] = True
    elif sort == "pixel":
        mask[rng.integers(height), rng.integers(width)] = True
    elif sort in ("specks", "holes"):
        mask = rng.random((height, width)) < (0.02 if sort == "specks" else 0.98)
        mask[rng.integers(height), rng.integers(width)] = True
    elif sort == "edge":
        mask[:, : 1 + width // 4] = True
    else:
        mask[:] = True
    return mask


@pytest.mark.parametrize(
    ("width", "height", "boxes"),
    [
        pytest.param(1024, 768, [(300, 400, 700, 600)], id="sofa"),
        pytest.param(1024, 768, [(500, 200, 540, 640)], id="lamp"),
        pytest.param(1024, 768, [(0, 0, 1024, 500)], id="wall"),
        pytest.param(1024, 768, [(0, 0, 1024, 768)], id="everything"),
        pytest.param(1024, 768, [(700, 300, 720, 330)], id="small"),
        pytest.param(1024, 768, [(1023, 767, 1024, 768)], id="last pixel"),
        pytest.param(1024, 768, [(100, 300, 900, 301)], id="line"),
        pytest.param(1024, 768, [(10, 10, 200, 100), (800, 600, 1000, 760)], id="two parts"),
        pytest.param(32, 32, [(3, 4, 5, 6)], id="tiny picture"),
        pytest.param(67, 1001, [(0, 0, 67, 1001)], id="strip"),
        pytest.param(4032, 3024, [(1500, 1700, 2800, 2400)], id="photo"),
        pytest.param(4032, 3024, [(0, 0, 4032, 2000)], id="photo, wall"),
        pytest.param(8192, 40, [(4000, 0, 4010, 40)], id="panorama"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "area", "multiple"),
    [("restyle", 256**2, 16), ("replace", 1024**2, 16), ("remove", 512**2, 32), ("add", 256**2, 8)],
)
def test_a_region_fits_picture_and_engine(
    width: int, height: int, boxes: list[tuple[int, int, int, int]], kind: Kind, area: int, multiple: int
) -> None:
    mask = boxed(width, height, *boxes)
    region = plan_region(mask, kind, areas=(area,), multiple=multiple)
    box, (wide, high) = region.box, region.size

    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 <= height
    assert region.paint.shape == region.blend.shape == (box.height, box.width)
    assert wide % multiple == high % multiple == 0
    assert 0.9 * area <= wide * high <= 1.1 * area
    inside = mask[box.y0 : box.y1, box.x0 : box.x1]
    assert inside.sum() == mask.sum()
    assert (region.blend[inside] == 255).all()
    assert not region.blend[~region.paint].any()
    if min(width, height) > 2 * max(box.width, box.height):
        # Where the picture has room, nothing is stretched.
        assert box.width / box.height == pytest.approx(wide / high, rel=0.03)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(
    mask=masks(),
    side=st.sampled_from((32, 64, 128)),
    multiple=st.sampled_from((8, 16)),
    seed=st.integers(0, 99),
)
def test_outside_the_blend_mask_nothing_changes(
    kind: Kind, mask: Mask, side: int, multiple: int, seed: int
) -> None:
    high, wide = mask.shape
    picture = noise(wide, high, seed)
    region = plan_region(mask, kind, areas=(side * side,), multiple=multiple)
    crop, inside = cut(picture, region)
    assert crop.shape == (region.size[1], region.size[0], 3)
    assert inside.shape == crop.shape[:2]
    assert inside.any()

    laid = patch(picture, region, noise(*region.size, seed + 1))
    assert laid.rgba.shape == (laid.box.height, laid.box.width, 4)
    result = compose(picture, [laid])
    blend = np.zeros(mask.shape, dtype=np.uint8)
    box = region.box
    blend[box.y0 : box.y1, box.x0 : box.x1] = region.blend
    assert result.shape == picture.shape
    assert np.array_equal(result[blend == 0], picture[blend == 0])
    assert (blend[clean(mask)] == 255).all()
    assert laid.box == region.changed == bounds(blend > 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "height"), [(2500, 1800), (67, 1001), (32, 32)])
def test_an_object_is_covered_to_its_rim(kind: Kind, width: int, height: int) -> None:
    rows, columns = np.ogrid[:height, :width]
    mask = ((columns - width / 2) / (width / 3)) ** 2 + ((rows - height / 2) / (height / 3)) ** 2 < 1
    picture = np.where(mask[..., None], np.uint8(250), np.uint8(20)).repeat(3, axis=2)
    region = plan_region(mask, kind, areas=(128 * 128,), multiple=16)
    painted = np.zeros((region.size[1], region.size[0], 3), dtype=np.uint8)
    painted[...] = (90, 30, 60)
    result = compose(picture, [patch(picture, region, painted)])
    # Nothing of the old object's 250 is left: not inside, not as a rim.
    assert result.max() <= 130
    corners = result[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 20).all()


@settings(max_examples=60, deadline=None)
@given(mask=masks(), kind=st.sampled_from(KINDS))
def test_the_blend_mask_lies_between_mask_and_paint_mask(mask: Mask, kind: Kind) -> None:
    paint, blend = paint_mask(mask, kind), blend_mask(mask, kind)
    assert paint.shape == blend.shape == mask.shape
    assert (blend[mask] == 255).all()
    assert not blend[~paint].any()
    assert paint[mask].all()


def test_margins_grow_with_the_object_and_by_kind() -> None:
    def margins(side: int, kind: Kind) -> tuple[int, int]:
        box = bounds(paint_mask(boxed(1000, 1000, (300, 300, 300 + side, 300 + side)), kind))
        return 300 - box.y0, box.y1 - 300 - side

    for kind in KINDS:
        assert margins(20, kind)[0] < margins(200, kind)[0]
    for side in (20, 200):
        assert margins(side, "restyle")[0] < margins(side, "remove")[0] < margins(side, "replace")[0]
        above, below = margins(side, "remove")
        assert below > above  # for the shadow
    assert margins(200, "restyle")[0] <= 8


def test_a_thin_thing_makes_room_for_another() -> None:
    lamp = np.zeros((200, 150), bool)
    lamp[20:60, 50:100] = True  # the shade
    lamp[60:180, 73:77] = True  # the pole
    lamp[176:180, 55:95] = True  # the foot
    sofa = np.zeros((200, 150), bool)
    sofa[80:160, 20:130] = True
    sofa[80:110, 60:100] = False  # something stands before it: that is not the sofa's room

    hull = room_for_another(lamp)

    assert hull[120, 62]  # beside the pole
    assert hull[120, 88]
    assert not hull[120, 52]
    assert not hull[15].any()
    assert (hull | lamp == hull).all()
    assert (room_for_another(sofa) == sofa).all()
    curtains = np.zeros((200, 150), bool)
    curtains[20:180, 20:50] = curtains[20:180, 100:130] = True
    assert (room_for_another(curtains) == curtains).all()
    assert paint_mask(lamp, "replace")[120, 62]
    assert not paint_mask(lamp, "restyle")[120, 62]
    one = np.zeros((9, 9), bool)
    one[4, 4] = True
    assert (room_for_another(one) == one).all()
    assert not room_for_another(one & False).any()


def test_a_blend_mask_does_not_fade_at_the_pictures_border() -> None:
    blend = blend_mask(boxed(200, 100, (0, 0, 200, 50)), "replace")
    assert (blend[:50] == 255).all()
    assert (blend[50:, 0] == blend[50:, 100]).all()
    assert (np.diff(blend[50:, 100].astype(int)) <= 0).all()


@pytest.mark.parametrize(
    ("boxes", "holes", "expected"),
    [
        pytest.param([(10, 10, 60, 60)], [], [(10, 10, 60, 60)], id="clean already"),
        pytest.param([(10, 10, 60, 60), (80, 80, 82, 82)], [], [(10, 10, 60, 60)], id="speck"),
        pytest.param(
            [(10, 10, 60, 60), (70, 10, 90, 60)], [], [(10, 10, 60, 60), (70, 10, 90, 60)], id="pair"
        ),
        pytest.param([(10, 10, 60, 60)], [(30, 30, 33, 33)], [(10, 10, 60, 60)], id="small hole"),
        pytest.param([(0, 0, 99, 99)], [(30, 30, 40, 40)], None, id="a picture on a wall"),
        pytest.param([(0, 0, 99, 80), (30, 90, 33, 92)], [], None, id="a bit of floor behind a chair"),
        pytest.param([(0, 0, 99, 99)], [(0, 30, 4, 34)], None, id="notch at the border"),
        pytest.param([(10, 10, 60, 60)], [(20, 20, 50, 50)], None, id="large hole"),
        pytest.param([(5, 5, 6, 6)], [], [(5, 5, 6, 6)], id="one pixel"),
    ],
)
def test_clean(
    boxes: list[tuple[int, int, int, int]],
    holes: list[tuple[int, int, int, int]],
    expected: list[tuple[int, int, int, int]] | None,
) -> None:
    mask = boxed(99, 99, *boxes) & ~boxed(99, 99, *holes)
    cleaned = clean(mask)
    assert np.array_equal(cleaned, mask if expected is None else boxed(99, 99, *expected))


@settings(max_examples=60, deadline=None)
@given(mask=masks())
def test_cleaning_keeps_the_largest_part_and_is_done_once(mask: Mask) -> None:
    before = mask.copy()
    cleaned = clean(mask)
    assert np.array_equal(mask, before)
    assert cleaned.any()
    assert np.array_equal(clean(cleaned), cleaned)


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
    context=st.floats(0, 1),
    least=st.integers(1, 300),
)
def test_a_crop_holds_its_mask_and_stays_in_the_picture(
    width: int, height: int, corners: tuple[float, ...], context: float, least: int
) -> None:
    (x0, x1), (y0, y1) = sorted(corners[:2]), sorted(corners[2:])
    around = Box(
        int(x0 * (width - 1)), int(y0 * (height - 1)), int(x1 * (width - 1)) + 1, int(y1 * (height - 1)) + 1
    )
    box = crop_box(around, (width, height), context=context, least=least)
    assert 0 <= box.x0 <= around.x0 < around.x1 <= box.x1 <= width
    assert 0 <= box.y0 <= around.y0 < around.y1 <= box.y1 <= height
    assert box.width >= min(least, width)
    assert box.height >= min(least, height)
    shorter = min(box.width, box.height)
    if shorter < min(width, height):
        assert max(box.width, box.height) <= 2 * shorter + 2


@pytest.mark.parametrize(
    ("wide", "high", "size"),
    [
        (100, 100, (256, 256)),
        (4000, 3000, (320, 208)),
        (300, 400, (208, 320)),
        (200, 110, (368, 176)),
        (50, 400, (128, 512)),
        (9000, 32, (512, 128)),
        (1, 1, (256, 256)),
    ],
)
def test_working_sizes(wide: int, high: int, size: tuple[int, int]) -> None:
    assert working_size(Box(7, 9, 7 + wide, 9 + high), 256 * 256, 16) == size


@given(wide=st.integers(1, 8192), high=st.integers(1, 8192))
def test_working_sizes_are_few(wide: int, high: int) -> None:
    few = {working_size(Box(0, 0, round(1000 * ratio), 1000), 2**20, 16) for ratio in RATIOS}
    assert working_size(Box(0, 0, wide, high), 2**20, 16) in few


SIDES = (512, 640, 768, 896, 1024)


@pytest.mark.parametrize(
    ("size", "box", "kind", "side"),
    [
        pytest.param((1024, 1024), (500, 500, 503, 503), "add", 512, id="dot"),
        pytest.param((1024, 1024), (480, 480, 543, 543), "replace", 512, id="less than 64 pixels"),
        pytest.param((1024, 1024), (360, 360, 660, 660), "replace", 640, id="300 pixels"),
        pytest.param((1024, 1024), (340, 340, 664, 664), "restyle", 640, id="a tenth, restyled"),
        pytest.param((1024, 1024), (330, 330, 695, 695), "replace", 768, id="365 pixels"),
        pytest.param((1024, 1024), (300, 300, 750, 750), "restyle", 768, id="450 pixels"),
        pytest.param((1024, 1024), (240, 240, 760, 760), "restyle", 896, id="520 pixels"),
        pytest.param((1024, 1024), (0, 0, 1024, 1024), "restyle", 1024, id="everything"),
        pytest.param((4032, 3024), (1500, 1700, 1800, 2000), "replace", 640, id="small in a photo"),
        pytest.param((4032, 3024), (0, 0, 4032, 2000), "restyle", 1024, id="wall in a photo"),
        pytest.param((32, 32), (3, 4, 5, 6), "add", 512, id="tiny picture"),
    ],
)
def test_a_crop_is_painted_at_about_its_own_number_of_pixels(
    size: tuple[int, int], box: tuple[int, int, int, int], kind: Kind, side: int
) -> None:
    region = plan_region(boxed(*size, box), kind, areas=[side * side for side in SIDES], multiple=16)
    assert region.area == side * side
    assert region.size[0] * region.size[1] == pytest.approx(region.area, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(mask=masks(), kind=st.sampled_from(KINDS))
def test_the_smallest_area_that_is_enough_is_taken_and_gives_the_same_again(mask: Mask, kind: Kind) -> None:
    areas = [side * side for side in (48, 96, 144, 192)]
    region = plan_region(mask, kind, areas=areas, multiple=16)

    def enough(planned: Region) -> bool:
        return planned.area >= ENOUGH * planned.box.width * planned.box.height

    assert region.area == areas[-1] or enough(region)
    for less in (area for area in areas if area < region.area):
        assert not enough(plan_region(mask, kind, areas=[less], multiple=16))
    again = plan_region(mask, kind, areas=[region.area], multiple=16)
    assert (again.box, again.size) == (region.box, region.size)
    assert np.array_equal(again.blend, region.blend)


@pytest.mark.parametrize(
    ("wanted", "most"),
    [
        ([], 1024),
        ([1024], 1024),
        ([1024] * 2, 896),
        ([1024] * 3, 768),
        ([1024] * 4, 640),
        ([1024] * 5, 512),
        ([1024] * 40, 512),
        ([512] * 6, 1024),
        ([640] * 4, 1024),
        ([1024, 512, 512], 1024),
        ([1024, 1024, 512], 768),
    ],
)
def test_objects_that_lie_apart_share_the_pixels_of_a_turn(wanted: list[int], most: int) -> None:
    areas = [side * side for side in SIDES]
    assert most_each([side * side for side in wanted], areas) == most * most
    assert most_each([side * side for side in wanted], [1024 * 1024]) == 1024 * 1024


@pytest.mark.parametrize("kind", KINDS)
def test_a_crop_that_comes_back_as_it_went_changes_little(kind: Kind) -> None:
    rows, columns = np.mgrid[:300, :400].astype(np.float32)
    waves = 128 + 100 * np.sin(rows / 40) * np.cos(columns / 50)
    picture = np.stack((waves, 255 - waves, waves / 2), axis=-1).astype(np.uint8)
    region = plan_region(boxed(400, 300, (150, 100, 260, 180)), kind, areas=(256 * 256,), multiple=16)
    crop, _ = cut(picture, region)
    result = compose(picture, [patch(picture, region, crop)])
    assert np.abs(result.astype(int) - picture).max() <= 4


def test_an_engines_tint_is_taken_back_where_the_surroundings_go_on() -> None:
    picture = np.full((300, 400, 3), (120, 140, 160), dtype=np.uint8)
    mask = boxed(400, 300, (150, 100, 260, 180))
    expected: dict[Kind, int] = {"remove": 1, "add": 1, "restyle": 8, "replace": 8}
    for kind, left in expected.items():
        region = plan_region(mask, kind, areas=(128 * 128,), multiple=16)
        crop, _ = cut(picture, region)
        result = compose(picture, [patch(picture, region, crop + np.uint8(8))])
        assert abs(int(np.abs(result.astype(int) - picture).max()) - left) <= 1, kind


def test_matching_colours_is_cautious() -> None:
    rng = np.random.default_rng(3)
    original = rng.integers(60, 200, (128, 128, 3), dtype=np.uint8)
    mask = boxed(128, 128, (40, 40, 90, 90))
    painted = original.copy()
    painted[40:90, 40:90] = (255, 0, 0)
    assert np.array_equal(match_colour(painted, original, mask), painted)  # right outside: nothing to mend
    far = np.where(mask[..., None], painted, np.uint8(0))
    assert np.array_equal(
        match_colour(far, original, mask), far
    )  # nothing like the surroundings: no evidence
    everything = np.ones_like(mask)
    assert np.array_equal(match_colour(painted, original, everything), painted)


def test_a_coarse_distance_keeps_its_promises() -> None:
    mask = boxed(4032, 3024, (0, 0, 4032, 1800))
    mask[1500:1800, 1000:2000] = False
    paint, blend = paint_mask(mask, "replace"), blend_mask(mask, "replace")
    assert (blend[mask] == 255).all()
    assert not blend[~paint].any()
    reach = bounds(paint).y1 - 1800
    assert 150 <= reach <= 170
    assert paint[1500 + reach // 2, 1500]
    assert not paint[1660:1900, 1200:1800].any()


def test_what_does_not_fit_is_said_in_one_sentence() -> None:
    with pytest.raises(PictureError, match="empty"):
        plan_region(blank(64, 64), "remove", areas=(64 * 64,), multiple=16)
    region = plan_region(boxed(200, 200, (150, 150, 190, 190)), "remove", areas=(64 * 64,), multiple=16)
    with pytest.raises(PictureError, match="outside the picture"):
        cut(noise(100, 100), region)
    with pytest.raises(PictureError, match="painted crop"):
        patch(noise(200, 200), region, noise(8, 8))
    with pytest.raises(PictureError, match="RGB"):
        cut(np.zeros((200, 200, 4), dtype=np.uint8), region)


def tiled(width: int, height: int) -> NDArray[np.uint8]:
    """Teal tiles with light seams two pixels wide, under a light that falls off to the right."""
    seams = (np.arange(width) % 16 < 2)[None] | (np.arange(height) % 16 < 2)[:, None]
    light = np.linspace(1.0, 0.6, width)[None, :, None]
    colours = np.where(seams[..., None], np.array((220, 225, 230)), np.array((30, 130, 120)))
    return np.rint(colours * light).astype(np.uint8)


def test_a_recoloured_surface_keeps_its_fine_detail() -> None:
    picture = tiled(1024, 768)
    to_brown = np.array(((1.0, 0.2, 0.1), (0.1, 0.6, 0.2), (-0.3, 0.1, 0.6)))
    truth = np.clip(np.rint(picture @ to_brown), 0, 255).astype(np.uint8)
    mask = boxed(1024, 768, (0, 0, 1024, 600))
    region = plan_region(mask, "restyle", areas=(192 * 192,), multiple=16)
    painted, _ = cut(truth, region)

    def error(result: NDArray[np.uint8]) -> float:
        return float(np.abs(result[:590].astype(int) - truth[:590]).mean())

    kept = error(compose(picture, [patch(picture, region, painted)]))
    enlarged = np.asarray(Image.fromarray(painted).resize((1024, 768), Image.Resampling.LANCZOS))
    assert kept < 3
    assert error(enlarged) > 8

    blotches = noise(*region.size)
    other = compose(picture, [patch(picture, region, blotches)])
    again = np.asarray(Image.fromarray(blotches).resize((1024, 768), Image.Resampling.LANCZOS))
    assert np.abs(other[:590].astype(int) - again[:590]).max() <= 1  # another texture: as it was painted
    told = compose(picture, [patch(picture, region, blotches, same_material=True)])
    assert np.abs(np.diff(told[:590].astype(int), axis=1)).mean() < 10  # blotches are no colour


def test_a_small_surface_is_as_it_was_painted() -> None:
    picture = tiled(400, 300)
    region = plan_region(boxed(400, 300, (150, 100, 260, 180)), "restyle", areas=(512 * 512,), multiple=16)
    painted = noise(*region.size)
    one, other = (patch(picture, region, painted, same_material=same) for same in (False, True))
    assert np.array_equal(one.rgba, other.rgba)


def test_a_restyled_object_ends_where_the_picture_shows_its_edge() -> None:
    picture = np.full((300, 400, 3), (210, 200, 190), dtype=np.uint8)
    picture[100:200, 120:280] = (40, 60, 110)
    red = np.array((180, 20, 30))
    exact = boxed(400, 300, (120, 100, 280, 200))
    short = boxed(400, 300, (121, 101, 279, 199))  # a pixel of the object is missing all around
    for mask in (exact, short):
        region = plan_region(mask, "restyle", areas=(128 * 128,), multiple=16)
        painted = np.empty((region.size[1], region.size[0], 3), dtype=np.uint8)
        painted[...] = red
        result = compose(picture, [patch(picture, region, painted)])
        assert np.array_equal(result[~exact], picture[~exact])  # no halo
        assert np.abs(result[exact].astype(int) - red).max() <= 110
        assert np.abs(result[mask].astype(int) - red).max() <= 1
    assert (result[100, 150:250, 0] > 90).all()  # the missed rim is repainted, too


def test_a_mask_full_of_specks_is_no_trouble() -> None:
    mask = np.random.default_rng(1).random((1000, 1000)) < 0.05
    roomy = room_for_another(mask)
    assert np.array_equal(roomy, mask)
