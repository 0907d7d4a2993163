"""A computed colour: on drawn rooms against true renders, and on pictures made for one question each."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sessions.compose import check_patch, compose
from tools.errors import EngineError, PictureError
from tools.inpaint import MaskedEdit
from tools.inpainting import recolour as computed
from tools.inpainting.edge import reach_for
from tools.inpainting.oklab import from_srgb, to_srgb
from tools.inpainting.recolour import ColourStep, Recolour
from tools.request import ColourStage

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


@pytest.mark.parametrize("wanted", [(20, 30, 110), (250, 240, 215), (0, 128, 128), (200, 30, 40)])
@pytest.mark.parametrize("own", [(190, 60, 50), (40, 44, 50), (240, 238, 230)])
def test_a_thing_takes_the_colour_asked_and_keeps_its_shading(
    own: tuple[int, int, int], wanted: tuple[int, int, int]
) -> None:
    picture, mask = ball(own)
    stage = computed.stage_for(oklab(*wanted), picture, mask)
    after = compose(picture, [computed.recolour(picture, mask, stage)])
    assert computed.taken(after, mask, stage) < 0.03
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
