"""A computed colour: on drawn rooms against true renders, and on pictures made for one question each."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.painters import recolouring
from evaluation.painters.modifiers import sensible
from evaluation.painters.wishes import draw_wish
from pocket import rooms
from sessions.compose import Box, Patch, check_patch, compose
from tools.errors import EngineError, PictureError
from tools.inpainting.base import MaskedEdit
from tools.inpainting.computed import recolour as computed
from tools.inpainting.computed.matting import reach_for
from tools.inpainting.computed.oklab import from_srgb, to_srgb
from tools.inpainting.computed.recolour import ColourStep, Recolour
from tools.inpainting.request import ColourStage
from tools.inpainting.routing import route
from tools.language.looks import read_look

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def oklab(*rgb: int) -> tuple[float, float, float]:
    lightness, a, b = from_srgb(np.array([rgb], np.uint8))[0]
    return float(lightness), float(a), float(b)


def ball(rgb: tuple[int, int, int], ground: tuple[int, int, int] = (120, 140, 150)) -> tuple[Pixels, Mask]:
    """A shaded disc on a plain ground, its edge softened as a camera does, and its mask."""
    size, fine = 160, 4
    y, x = np.mgrid[: size * fine, : size * fine] / fine - size / 2
    inside = np.hypot(y, x) < 50
    shade = (0.95 - 0.25 * (x + y) / 100)[..., None]
    picture = np.where(inside[..., None], np.array(rgb) * shade, np.array(ground))
    small = picture.reshape(size, fine, size, fine, 3).mean(axis=(1, 3))
    return np.rint(np.clip(small, 0, 255)).astype(np.uint8), inside[fine // 2 :: fine, fine // 2 :: fine]


def grown(mask: Mask, by: int) -> Mask:
    y, x = np.nonzero(mask)
    result = np.zeros_like(mask)
    for dy in range(-by, by + 1):
        for dx in range(-by, by + 1):
            result[np.clip(y + dy, 0, mask.shape[0] - 1), np.clip(x + dx, 0, mask.shape[1] - 1)] = True
    return result


@pytest.mark.parametrize("wanted", [(20, 30, 110), (250, 240, 215), (0, 128, 128), (110, 20, 90)])
@pytest.mark.parametrize("own", [(190, 60, 50), (40, 44, 50), (240, 238, 230)])
def test_a_thing_takes_the_colour_asked_and_keeps_its_shading(
    own: tuple[int, int, int], wanted: tuple[int, int, int]
) -> None:
    picture, mask = ball(own)
    stage = computed.stage_for(oklab(*wanted), picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    assert computed.taken(after, mask, stage) < 0.03
    if np.linalg.norm(np.subtract(oklab(*own), oklab(*wanted))) > 0.1:  # white to cream is a small change
        assert computed.seen(picture, after, mask) > 0.95
        assert computed.left_over(picture, after, mask) < 0.02
    inner = ~grown(~mask, 4)
    before, now = (from_srgb(each[inner])[:, 0] for each in (picture, after))
    assert np.corrcoef(before, now)[0, 1] > 0.97


def test_nothing_changes_outside_the_mask_and_its_soft_edge() -> None:
    picture, mask = ball((190, 60, 50))
    stage = computed.stage_for(oklab(20, 30, 110), picture, mask)
    patch = computed.recolour(picture, mask, stage)
    check_patch(patch, 160, 160)
    changed = (compose(picture, [patch]) != picture).any(axis=2)
    assert not (changed & ~grown(mask, reach_for(160, 160))).any()
    hard = computed.recolour(picture, mask, stage, hard=True)
    changed = (compose(picture, [hard]) != picture).any(axis=2)
    assert not (changed & ~mask).any()
    assert changed[mask].mean() > 0.95


def test_no_fringe_of_the_old_colour_stays_at_an_edge_that_the_mask_misses() -> None:
    picture, mask = ball((200, 30, 30), (230, 230, 225))
    truth, _ = ball((30, 40, 160), (230, 230, 225))
    away = np.hypot(*(np.mgrid[:160, :160] - 79.5))
    stage = ColourStage(value=oklab(30, 40, 160), light=1.0)
    stage = stage.model_copy(
        update={"light": float(np.median(from_srgb(truth[mask])[:, 0]) / stage.value[0])}
    )
    for radius in (48, 50, 52):  # two pixels too small, right, two too large
        after = compose(picture, [computed.recolour(picture, away < radius, stage)])
        ring = (away > 46) & (away < 54)
        assert np.abs(after[ring].astype(int) - truth[ring]).mean() < 5


def test_a_narrow_frame_between_a_wall_and_a_dark_picture_stays() -> None:
    picture = np.full((120, 160, 3), (222, 196, 160), np.uint8)
    picture[30:90, 50:110] = (150, 120, 95)  # of a colour between the wall's and that of what it frames
    picture[33:87, 53:107] = (60, 30, 20)
    wall = np.ones((120, 160), bool)
    wall[30:90, 50:110] = False
    patch = computed.recolour(picture, wall, computed.stage_for(oklab(0, 128, 128), picture, wall))
    after = compose(picture, [patch])
    assert np.abs(after[31:89, 51:109].astype(int) - picture[31:89, 51:109]).max() <= 3
    assert (after[:28, :, 0] < 60).all()


def test_the_engine_does_what_the_function_does() -> None:
    picture, mask = ball((190, 60, 50))
    stage = computed.stage_for(oklab(20, 30, 110), picture, mask)
    edit = MaskedEdit(mask, "a navy ball", "restyle", 0, colour=stage)
    one, two = Recolour().compute(picture, edit), computed.recolour(picture, mask, stage)
    assert one.box == two.box
    np.testing.assert_array_equal(one.rgba, two.rgba)
    with pytest.raises(EngineError):
        Recolour().compute(picture, MaskedEdit(mask, "a ball", "restyle", 0))


def test_masks_that_do_not_fit_are_refused() -> None:
    picture, mask = ball((190, 60, 50))
    stage = ColourStage(value=oklab(20, 30, 110), light=0.9)
    for wrong in (np.zeros_like(mask), mask[:-1]):
        with pytest.raises(PictureError):
            computed.recolour(picture, wrong, stage)


@pytest.mark.parametrize("amount", [-0.14, -0.07, -0.03, 0.03, 0.07, 0.14])
@pytest.mark.parametrize("own", [(90, 16, 20), (60, 110, 190), (176, 150, 60)])
def test_a_step_of_lightness_is_as_large_as_asked_and_keeps_the_hue(
    own: tuple[int, int, int], amount: float
) -> None:
    picture, mask = ball(own)
    stage = computed.stage_for_step(ColourStep(lightness=amount), None, picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    before, now = (np.median(from_srgb(each[mask]), axis=0) for each in (picture, after))
    assert now[0] - before[0] == pytest.approx(amount, abs=0.015)
    turned = np.angle(complex(now[1], now[2]) / complex(before[1], before[2]))
    assert abs(np.degrees(turned)) < 8


@pytest.mark.parametrize(
    "look", ["slightly less red", "a bit warmer", "a touch more muted", "a bit less blue"]
)
@pytest.mark.parametrize("own", [(120, 40, 60), (222, 206, 178), (60, 80, 150)])
def test_a_small_step_of_hue_or_saturation_is_one_that_is_seen(own: tuple[int, int, int], look: str) -> None:
    step = read_look(look).step
    assert step is not None
    picture, mask = np.full((40, 40, 3), own, np.uint8), np.ones((40, 40), bool)
    stage = computed.stage_for_step(step, None, picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    assert computed.seen(picture, after, mask) > 0.9
    before, now = (np.median(from_srgb(each[mask]), axis=0) for each in (picture, after))
    assert np.linalg.norm(now - before) < 0.06


@pytest.mark.parametrize(("look", "axis", "sign"), [("redder", 1, 1), ("warmer", 2, 1), ("bluer", 2, -1)])
def test_white_takes_a_hue_and_is_no_longer_as_light(look: str, axis: int, sign: int) -> None:
    step = read_look(look).step
    assert step is not None
    picture, mask = np.full((40, 40, 3), 250, np.uint8), np.ones((40, 40), bool)
    stage = computed.stage_for_step(step, None, picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    before, now = (np.median(from_srgb(each[mask]), axis=0) for each in (picture, after))
    assert sign * (now[axis] - before[axis]) > 0.02
    assert -0.06 < now[0] - before[0] < 0


@pytest.mark.parametrize(
    ("own", "look"),
    [((228, 117, 29), "yellower"), ((182, 42, 36), "yellower"), ((228, 117, 29), "redder")],
)
def test_a_step_near_the_edge_of_what_a_screen_shows_goes_the_way_that_is_said(
    own: tuple[int, int, int], look: str
) -> None:
    step = read_look(look).step
    assert step is not None
    picture, mask = np.full((40, 40, 3), own, np.uint8), np.ones((40, 40), bool)
    stage = computed.stage_for_step(step, None, picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    before, now = (np.median(from_srgb(each[mask]), axis=0) for each in (picture, after))
    assert sensible(look, before, now)


def test_a_white_that_shines_takes_a_hue_where_it_is_brightest() -> None:
    picture = np.full((80, 80, 3), 205, np.uint8)
    picture[:, 44:] = 253
    mask = np.ones((80, 80), bool)
    step = read_look("warmer").step
    assert step is not None
    stage = computed.stage_for_step(step, None, picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    assert (from_srgb(after[:, 46:]) - from_srgb(picture[:, 46:]))[..., 2].min() > 0.02


def test_a_step_beyond_black_or_white_is_said_to_be_none() -> None:
    for rgb, amount in (((2, 2, 2), -0.07), ((255, 255, 255), 0.07)):
        picture, mask = np.full((40, 40, 3), rgb, np.uint8), np.ones((40, 40), bool)
        with pytest.raises(EngineError, match="already"):
            computed.stage_for_step(ColourStep(lightness=amount), None, picture, mask)


def test_colours_that_no_screen_shows_keep_lightness_and_hue() -> None:
    wanted = np.array([[0.5, 0.3, 0.1], [0.9, 0.0, -0.3], [0.2, -0.3, 0.2]], np.float32)
    shown = from_srgb(to_srgb(wanted))
    np.testing.assert_allclose(shown[:, 0], wanted[:, 0], atol=0.01)
    angles = np.arctan2(shown[:, 2], shown[:, 1]) - np.arctan2(wanted[:, 2], wanted[:, 1])
    assert np.abs(angles).max() < 0.05
    assert (np.hypot(*shown[:, 1:].T) < np.hypot(*wanted[:, 1:].T)).all()


def striped(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[Pixels, Mask, Mask]:
    """A striped square, its mask, and where the first colour is."""
    picture, mask = np.full((160, 160, 3), (120, 140, 150), np.uint8), np.zeros((160, 160), bool)
    mask[20:140, 20:140] = True
    first = mask & (np.arange(160) % 20 < 12)[None]
    shade = np.linspace(0.9, 1.0, 160)[:, None, None]
    picture[mask] = (np.where(first[..., None], one, other) * shade)[mask]
    return picture, mask, first


def test_stripes_keep_their_other_colour_or_go_or_move_along_as_the_words_say() -> None:
    picture, mask, red = striped((190, 40, 40), (245, 240, 228))
    inner = ~grown(~mask, 4)
    cream = inner & ~grown(red, 1)
    stage = computed.stage_for(oklab(30, 60, 150), picture, mask)
    kept = compose(picture, [computed.recolour(picture, mask, stage)])
    np.testing.assert_array_equal(kept[cream], picture[cream])
    assert computed.taken(kept, red, stage) < 0.03
    plain = stage.model_copy(update={"pattern": "plain"})
    without = compose(picture, [computed.recolour(picture, mask, plain)])
    spread = from_srgb(without[inner & (red | cream)]).std(axis=0)
    assert spread.max() < 0.03
    darker = computed.stage_for_step(ColourStep(lightness=-0.1), None, picture, mask)
    moved = compose(picture, [computed.recolour(picture, mask, darker)])
    for part in (red & inner, cream):
        change = np.median(from_srgb(moved[part]), axis=0) - np.median(from_srgb(picture[part]), axis=0)
        assert -0.18 < change[0] < -0.06


def test_stripes_go_though_the_legs_are_grey_and_though_one_colour_lies_in_the_sun() -> None:
    """White stripes have the hue of grey legs, and the half with wider white ones is lit."""
    scene = rooms.make_scene(783000009)  # curtains in teal and white, with a grey rod
    drawing = rooms.render(scene, (640, 480))
    index = [thing.kind for thing in scene.things].index("curtain")
    mask = rooms.mask(drawing, index)
    stage = computed.stage_for(oklab(225, 173, 1), drawing.picture, mask, "the curtains")
    wanted = MaskedEdit(
        mask, "solid mustard yellow curtains", "restyle", 0, target="the curtains",
        colour=stage.model_copy(update={"pattern": "plain", "body": True}),
    )  # fmt: skip
    after = compose(drawing.picture, [Recolour().compute(drawing.picture, wanted)])
    white = mask & (drawing.picture.min(axis=2) > 150)
    assert white.sum() > 2000
    assert (from_srgb(after[white])[:, 2] > 0.06).mean() > 0.9

    picture, mask, red = striped((190, 40, 40), (245, 240, 228))
    red[:, 80:] = mask[:, 80:] & (np.arange(160) % 20 < 5)[None, 80:]
    picture[mask] = np.where(red[..., None], (190, 40, 40), (245, 240, 228))[mask]
    picture[:, :80][mask[:, :80]] = picture[:, :80][mask[:, :80]] * 0.75
    stage = computed.stage_for(oklab(30, 60, 150), picture, mask).model_copy(update={"pattern": "plain"})
    inner = ~grown(~mask, 4)

    def left_of_stripes(stage: ColourStage) -> float:
        after = from_srgb(compose(picture, [computed.recolour(picture, mask, stage)]))[..., 0]
        halves = (inner & (np.arange(160) < 76), inner & (np.arange(160) >= 84))
        red_, white_ = ((red & ~grown(~red, 2)), (mask & ~grown(red, 2)))
        return max(abs(float(after[half & red_].mean() - after[half & white_].mean())) for half in halves)

    assert left_of_stripes(stage) < 0.02
    assert left_of_stripes(stage.model_copy(update={"levelled": False})) > 0.04


def test_a_stripe_in_the_shade_of_a_table_stays_white() -> None:
    picture, mask, brown = striped((110, 66, 45), (245, 240, 228))
    shade = mask & (np.arange(160) >= 90)[:, None]
    picture[shade] = picture[shade] * 0.55
    white = mask & ~grown(~mask, 4) & ~grown(brown, 1)
    stage = computed.stage_for(oklab(128, 0, 0), picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    for part in (white & shade, white & ~shade):
        assert np.abs(after[part].astype(int) - picture[part]).max() <= 6
    own = brown & shade & ~grown(~brown, 2)
    hue = from_srgb(after[own])[:, 1:] - from_srgb(picture[own])[:, 1:]
    assert np.hypot(*hue.T).min() > 0.03  # what is brown in the shade takes the colour all the same


def test_checks_take_the_colour_where_they_are_pure_and_half_of_it_where_bands_cross_them() -> None:
    red, white = np.array((198, 38, 38.0)), np.array((244, 242, 238.0))
    down, across = np.mgrid[:200, :200]
    bands = (down % 25 > 16).astype(float) + (across % 25 > 16)
    share = np.choose(bands.astype(int), (0.0, 0.4, 1.0))[..., None]
    light = np.linspace(1, 0.85, 200)[None, :, None]
    picture = np.rint((red + share * (white - red)) * light).astype(np.uint8)
    mask = np.ones((200, 200), bool)
    mask[:2] = False
    value = oklab(42, 92, 206)
    after = compose(picture, [computed.recolour(picture, mask, computed.stage_for(value, picture, mask))])
    pure, half, crossing = (np.median(from_srgb(after[mask & (bands == k)]), axis=0) for k in range(3))
    assert np.hypot(*(pure[1:] - value[1:])) < 0.03
    assert abs(pure[0] - value[0]) < 0.06
    assert np.hypot(*crossing[1:]) < 0.03
    assert pure[0] + 0.05 < half[0] < crossing[0] - 0.05
    assert 0.3 < np.hypot(*half[1:]) / np.hypot(*pure[1:]) < 0.8


def test_legs_and_a_badge_of_another_colour_stay() -> None:
    picture, mask = ball((200, 90, 40))
    picture[70:80, 70:80] = (80, 50, 140)
    legs = np.zeros_like(mask)
    legs[120:140, 60:68] = legs[120:140, 92:100] = True
    picture[legs] = (60, 40, 28)
    stage = computed.stage_for(oklab(60, 160, 90), picture, mask | legs)
    after = compose(picture, [computed.recolour(picture, mask | legs, stage)])
    for part in (np.s_[72:78, 72:78], np.s_[132:136, 62:66]):
        assert np.abs(from_srgb(after[part]) - from_srgb(picture[part])).max() < 0.02
    assert computed.taken(after, mask, stage) < 0.03


def on_legs(own: tuple[int, int, int], legs: tuple[int, int, int]) -> tuple[Pixels, Mask, Mask]:
    """A shaded seat on two legs before a wall, its mask, and that of the legs."""
    picture = np.full((120, 200, 3), 150, np.uint8)
    seat, feet = np.zeros((120, 200), bool), np.zeros((120, 200), bool)
    seat[20:90, 20:180] = True
    feet[90:101, 30:37] = feet[90:101, 160:167] = True
    shade = np.linspace(1, 0.8, 200)[None, :, None]
    for part, rgb in ((seat, own), (feet, legs)):
        picture[part] = np.rint(np.array(rgb) * shade * np.ones((120, 1, 1)))[part]
    return picture, seat | feet, feet


@pytest.mark.parametrize("own", [(200, 40, 45), (70, 66, 64)])
def test_a_sofa_keeps_its_legs_and_an_old_request_paints_them_along(own: tuple[int, int, int]) -> None:
    picture, mask, legs = on_legs(own, (122, 82, 56))
    edit = MaskedEdit(mask=mask, prompt="a mustard sofa", kind="restyle", seed=1, target="the sofa")
    plan = route(picture, edit, ("recolour",))
    assert plan.engine is not None
    assert plan.edit.colour is not None
    after = compose(picture, [plan.engine.compute(picture, plan.edit)])
    far = np.linalg.norm(from_srgb(after) - from_srgb(picture), axis=2)
    assert (far[legs] > 0.02).mean() < 0.1
    assert (far[mask & ~legs] > 0.06).mean() > 0.98
    old = plan.edit.colour.model_copy(update={"body": False})
    painted = Recolour().compute(picture, replace(plan.edit, colour=old))
    same = computed.recolour(picture, mask, old)
    assert painted.box == same.box
    assert (painted.rgba == same.rgba).all()


def test_legs_of_the_same_colour_turn_with_the_sofa() -> None:
    picture, mask, _ = on_legs((160, 60, 50), (160, 60, 50))
    edit = MaskedEdit(mask=mask, prompt="a teal sofa", kind="restyle", seed=1, target="the sofa")
    plan = route(picture, edit, ("recolour",))
    assert plan.engine is not None
    assert plan.edit.colour is not None
    whole = computed.recolour(picture, mask, plan.edit.colour)
    assert (plan.engine.compute(picture, plan.edit).rgba == whole.rgba).all()


@pytest.mark.parametrize("own", [(150, 30, 40), (24, 24, 26)])
def test_a_highlight_stays_white(own: tuple[int, int, int]) -> None:
    picture, mask = ball(own)
    picture[60:66, 60:66] = (252, 250, 250)
    stage = computed.stage_for(oklab(20, 80, 150), picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    lightness, a, b = np.median(from_srgb(after[61:65, 61:65]).reshape(-1, 3), axis=0)
    assert lightness > 0.93
    assert np.hypot(a, b) < 0.03


def test_grain_that_was_not_to_be_seen_in_black_is_not_seen_in_cream() -> None:
    picture, mask = ball((30, 30, 32))
    rng = np.random.default_rng(3)
    noisy = np.clip(picture + np.rint(rng.normal(0, 1.0, picture.shape[:2]))[..., None], 0, 255).astype(
        np.uint8
    )
    stage = computed.stage_for(oklab(250, 240, 215), noisy, mask)
    calm, grainy = (compose(each, [computed.recolour(each, mask, stage)]) for each in (picture, noisy))
    inner = ~grown(~mask, 6)
    off = calm[inner].astype(float).mean(axis=1) - grainy[inner].astype(float).mean(axis=1)
    assert off.std() < 1.8  # about three levels where a grain of one is only stretched
    assert computed.taken(grainy, mask, stage) < 0.04


def test_what_an_engine_painted_takes_the_colour_and_keeps_texture_and_alpha() -> None:
    picture, mask = ball((200, 90, 40))
    rows, columns = np.mgrid[20:140, 20:140]
    weave = 120 + 40 * ((rows // 3 + columns // 3) % 2)
    rgba = np.stack((weave, weave * 0.6, weave * 0.5, np.where(mask[20:140, 20:140], 255, 0)), axis=-1)
    painted = Patch(rgba.astype(np.uint8), Box(20, 20, 140, 140))
    stage = computed.stage_for(oklab(120, 20, 30), compose(picture, [painted]), mask)
    patch = computed.recolour_patch(picture, mask, painted, stage)
    assert patch.box == painted.box
    np.testing.assert_array_equal(patch.rgba[..., 3], painted.rgba[..., 3])
    after = compose(picture, [patch])
    assert computed.taken(after, mask, stage) < 0.03
    inner = ~grown(~mask, 4)
    was, now = (from_srgb(each[inner])[:, 0] for each in (compose(picture, [painted]), after))
    assert np.corrcoef(was, now)[0, 1] > 0.98


def test_a_step_of_nothing_moves_nothing_and_steps_add_up() -> None:
    picture, mask = ball((90, 110, 60))
    inner = ~grown(~mask, 4)
    still = computed.recolour(
        picture, mask, ColourStage(value=computed.measure(picture, mask).median, light=1.0, pattern="follows")
    )
    assert np.abs(compose(picture, [still])[inner].astype(int) - picture[inner]).max() <= 2
    stage = None
    for _ in range(3):
        stage = computed.stage_for_step(ColourStep(lightness=-0.03), stage, picture, mask)
    assert stage is not None
    assert computed.shown(stage)[0] == pytest.approx(
        computed.measure(picture, mask).median[0] - 0.09, abs=0.003
    )


def test_chroma_and_warmth_move_as_the_words_say() -> None:
    picture, mask = ball((120, 150, 190))
    seen = []
    for step in (
        ColourStep(chroma=0.5),
        ColourStep(chroma=1.4),
        ColourStep(warmth=1.0),
        ColourStep(warmth=-1.0),
    ):
        stage = computed.stage_for_step(step, None, picture, mask)
        after = compose(picture, [computed.recolour(picture, mask, stage)])
        seen.append(np.median(from_srgb(after[mask]), axis=0))
    before = np.median(from_srgb(picture[mask]), axis=0)
    chroma = [float(np.hypot(each[1], each[2])) for each in (before, *seen)]
    assert chroma[1] == pytest.approx(0.5 * chroma[0], abs=0.01)
    assert chroma[2] == pytest.approx(1.4 * chroma[0], abs=0.01)
    assert seen[2][2] > before[2] + 0.02
    assert seen[3][2] < before[2] - 0.02
    assert max(abs(each[0] - before[0]) for each in seen) < 0.02


def test_a_thing_of_a_drawn_room_is_as_its_true_render() -> None:
    for case in islice(recolouring.draw(7, 1, edits=1), 4):
        result, _ = recolouring.judge(case)
        assert result.right, (case.look, case.kind, case.rgb, result)


@pytest.mark.parametrize(("seed", "index"), [(5_610_005, 4), (5_610_032, 8), (5_610_039, 12)])
def test_what_shines_on_black_metal_does_not_bleach_a_new_colour(seed: int, index: int) -> None:
    drawn = rooms.render(rooms.make_scene(seed), (640, 480))
    mask = rooms.mask(drawn, index)
    yellow = from_srgb(np.array([(240, 200, 40)], np.float32))[0]
    value = (float(yellow[0]), float(yellow[1]), float(yellow[2]))
    stage = computed.stage_for(value, drawn.picture, mask, "the table")
    after = compose(drawn.picture, [computed.recolour(drawn.picture, mask, stage)])
    seen = from_srgb(after[mask])
    pale = np.hypot(seen[:, 1], seen[:, 2]) < 0.6 * float(np.hypot(*value[1:]))
    assert float(pale.mean()) < 0.05
    assert computed.taken(after, mask, stage) < 0.1


def test_a_rug_that_lies_in_the_shadow_of_a_table_is_as_dark_there_as_it_was() -> None:
    scene = rooms.make_scene(1_048_194_206)  # a yellow rug, lit in front only
    index = [thing.kind for thing in scene.things].index("rug")
    drawn = rooms.render(scene, (640, 480))
    rug = rooms.mask(drawn, index)
    white = (235, 235, 230)
    truth = from_srgb(recolouring.restyled(scene, index, white)[rug])[:, 0]
    edit = MaskedEdit(mask=rug, prompt="a #ebebe6 rug", kind="restyle", seed=1, target="the rug")
    plan = route(drawn.picture, edit, ("recolour",))
    assert plan.engine is not None
    after = compose(drawn.picture, [plan.engine.compute(drawn.picture, plan.edit)])
    got = from_srgb(after[rug])[:, 0]
    assert float(np.median(got)) == pytest.approx(float(np.median(truth)), abs=0.06)


def test_the_black_of_black_checks_takes_the_colour_and_not_the_grey_where_they_cross() -> None:
    scene = rooms.make_scene(1_467_466_547)  # black bands and cream ones, as much grey as black
    index = [thing.kind for thing in scene.things].index("ottoman")
    drawn = rooms.render(scene, (640, 480))
    ottoman = rooms.mask(drawn, index)
    truth = from_srgb(recolouring.restyled(scene, index, (222, 184, 135))[ottoman])
    edit = MaskedEdit(mask=ottoman, prompt="a #deb887 ottoman", kind="restyle", seed=1, target="the ottoman")
    plan = route(drawn.picture, edit, ("recolour",))
    assert plan.engine is not None
    after = compose(drawn.picture, [plan.engine.compute(drawn.picture, plan.edit)])
    off = np.linalg.norm(from_srgb(after[ottoman]) - truth, axis=1)
    was = np.linalg.norm(from_srgb(drawn.picture[ottoman]) - truth, axis=1)
    assert float(off.mean()) < 0.25 * float(was.mean())


@pytest.mark.parametrize(("seed", "kind"), [(61_400_046, "rug"), (61_400_125, "ottoman")])
def test_checks_whose_tones_are_alike_are_told_by_how_often_each_is_seen(seed: int, kind: str) -> None:
    scene = rooms.make_scene(seed)  # black and cream, with as much grey as black
    index = next(i for i, each in enumerate(scene.things) if (each.kind, each.material) == (kind, "checked"))
    drawn = rooms.render(scene, recolouring.SIZE)
    thing = rooms.mask(drawn, index)
    look = computed.measure(drawn.picture, thing)
    teal = oklab(0, 128, 128)
    stage = computed.stage_for(teal, drawn.picture, thing, f"the {kind}")
    after = compose(drawn.picture, [computed.recolour(drawn.picture, thing, stage)])
    truth = from_srgb(recolouring.restyled(scene, index, (0, 128, 128))[thing])
    off = np.linalg.norm(from_srgb(after[thing]) - truth, axis=1)
    was = np.linalg.norm(from_srgb(drawn.picture[thing]) - truth, axis=1)
    assert len(look.colours) == 2
    assert float(off.mean()) < 0.4 * float(was.mean())


def test_threads_of_one_colour_in_light_and_shade_are_no_pattern_of_two() -> None:
    wish = draw_wish(96135067)  # a basket weave in navy
    picture, mask = wish.given.picture, wish.mask(wish.wanted[0])
    cover = computed.body_of(picture, mask, "the bed")
    brown = oklab(120, 72, 40)
    stage = computed.stage_for(brown, picture, computed.measured_on(mask, cover, "the bed"), "the bed")
    blue = []
    for asked in (stage, stage.model_copy(update={"shaded": False})):
        after = compose(picture, [computed.recolour(picture, cover, asked)])
        blue.append(float((from_srgb(after[cover])[:, 2] < -0.02).mean()))
    assert blue[0] < 0.02
    assert blue[1] > 0.2  # an old request is painted as it was


def test_grey_stripes_beside_slate_ones_have_taken_the_grey() -> None:
    picture = np.empty((120, 160, 3), np.uint8)
    picture[:, np.arange(160) // 10 % 2 == 0] = (205, 190, 150)
    picture[:, np.arange(160) // 10 % 2 == 1] = (74, 84, 102)
    mask = np.ones(picture.shape[:2], bool)
    stage = computed.stage_for(oklab(130, 132, 134), picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    assert computed.taken(after, mask, stage, picture) < 0.02
    assert computed.taken(picture, mask, stage, picture) > 0.1
    # by itself it looks like one colour in light and shade
    assert computed.taken(after, mask, stage) > 0.05


def test_the_books_on_a_shelf_keep_their_colours() -> None:
    scene = rooms.make_scene(1_020_939_354)  # a grey shelf before a brick wall
    index = [thing.kind for thing in scene.things].index("bookshelf")
    pure = [recolouring.restyled(scene, index, rgb) for rgb in ((250, 20, 20), (20, 20, 250))]
    differs = np.abs(pure[0].astype(int) - pure[1]).max(axis=2) > 60
    drawn = rooms.render(scene, (640, 480))
    shelf = rooms.mask(drawn, index)
    boards, books = shelf & differs, shelf & ~differs
    edit = MaskedEdit(mask=shelf, prompt="a teal bookshelf", kind="restyle", seed=1, target="the bookshelf")
    plan = route(drawn.picture, edit, ("recolour",))
    assert plan.engine is not None
    after = compose(drawn.picture, [plan.engine.compute(drawn.picture, plan.edit)])
    far = np.linalg.norm(from_srgb(after) - from_srgb(drawn.picture), axis=2)
    assert (far[books] > 0.06).mean() < 0.4
    assert (far[boards] > 0.06).mean() > 0.9


@pytest.mark.parametrize("cover", ["blanket", "bedspread", "duvet"])
def test_a_bed_takes_a_colour_where_it_is_covered(cover: str) -> None:
    scene = rooms.make_scene(1_206_107_868)  # white stripes, white pillows
    index = [thing.kind for thing in scene.things].index("bed")
    drawn = rooms.render(scene, (640, 480))
    bed = rooms.mask(drawn, index)
    truth = recolouring.restyled(scene, index, (204, 78, 52), second=True)  # the stripes differ, all of them
    kept = bed & (np.abs(truth.astype(int) - drawn.picture).max(axis=2) < 6)
    kept[: np.flatnonzero(bed.any(axis=1))[0]] = False
    prompt, target = f"a terracotta {cover}", f"the {cover}"
    edit = MaskedEdit(mask=bed, prompt=prompt, kind="restyle", seed=1, target=target)
    plan = route(drawn.picture, edit, ("recolour",))
    assert plan.engine is not None
    after = compose(drawn.picture, [plan.engine.compute(drawn.picture, plan.edit)])
    far = np.linalg.norm(from_srgb(after) - from_srgb(drawn.picture), axis=2)
    assert (far[kept] > 0.06).mean() < 0.1
    assert (far[bed] > 0.06).mean() > 0.2  # the white stripes


def test_a_small_step_leaves_nothing_of_the_old_colour_in_the_shade() -> None:
    picture, mask = ball((60, 110, 60))
    step = computed.stage_for_step(ColourStep(lightness=0.022), None, picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, step)])
    assert computed.left_over(picture, after, mask) < 0.05
    half = np.where((np.arange(160) < 80)[None, :, None], picture, after)
    assert computed.left_over(picture, half, mask) > 0.4


def test_a_kind_has_a_light_of_its_own_within_what_a_screen_shows() -> None:
    picture, mask = ball((90, 110, 160))
    value, white = oklab(20, 60, 60), oklab(243, 243, 240)
    light = computed.stage_for(value, picture, mask).light
    for target, factor in (("the floor lamp", 1.14), ("the wicker basket", 0.91), ("the thingummy", 1.0)):
        assert computed.stage_for(value, picture, mask, target).light == pytest.approx(factor * light)
    lamp = computed.stage_for(white, picture, mask, "the floor lamp")
    assert light <= lamp.light < 1
    assert computed.stage_for_step(ColourStep(lightness=0.02), lamp, picture, mask).value > lamp.value


def test_each_of_several_gets_the_light_of_its_kind_and_an_old_request_what_it_got() -> None:
    one, own = ball((90, 110, 160))
    picture, mask = np.concatenate((one, one), axis=1), np.concatenate((own, own), axis=1)
    lit = computed.stage_for(oklab(20, 60, 60), picture, mask, "the chairs").model_copy(update={"each": True})
    old = ColourStage.model_validate(lit.model_dump(exclude={"lit"}))
    light = [
        np.median(from_srgb(compose(picture, [computed.recolour(picture, mask, each)])[mask])[:, 0])
        for each in (lit, old, computed.stage_for(lit.value, picture, mask))
    ]
    assert light[0] > 1.04 * light[1]
    assert light[1] == pytest.approx(light[2], abs=0.004)
