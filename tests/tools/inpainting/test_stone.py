"""Veins are told from shadows by their tint, and go on where something hid them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tools import room_box
from tools.inpainting.computed import stone, surfaces
from tools.inpainting.computed.surfaces import Mask
from tools.room_box import Room

SIZE = (640, 480)
ROOM = Room(1.0, 0.3, 0.08, 1.8, 1.7, 3.3)
FLOOR: Mask = room_box.labels(ROOM, *SIZE) == room_box.FLOOR
LAID = surfaces.lay(ROOM, room_box.FLOOR, *SIZE)
TINT = np.array([1.06, 1.0, 0.94])
"""How dark a vein is in each channel: a bluish one."""


def vein(at: float, *, until: float = np.inf) -> NDArray[np.float64]:
    """The darkness (480, 640) of a vein that swings across the floor, ``at`` so far into the room."""
    far = np.abs(LAID.v - at - 0.15 * np.sin(1.5 * LAID.u)) / 0.05
    share = np.clip(far, 0, 1)
    return np.where(FLOOR & (LAID.u < until), 0.5 * (1 - share * share * (3 - 2 * share)), 0.0)


def floor(dark: NDArray[np.float64]) -> NDArray[np.float32]:
    """The tone (480, 640, 3) of a stone floor with veins so dark, and a little noise."""
    noise = np.random.default_rng(0).normal(0, 0.002, (*dark.shape, 3))
    return np.asarray(noise - dark[..., None] * TINT, np.float32)


def test_a_vein_is_told_from_a_shadow() -> None:
    veins = vein(1.6) + vein(2.1)
    shadow = 0.6 * ndimage.gaussian_filter((np.hypot(LAID.u - 0.2, LAID.v - 1.6) < 0.3).astype(np.float64), 4)
    found = stone.veins(floor(veins) - shadow[..., None].astype(np.float32), FLOOR, 1.0)
    assert found is not None
    inner = ndimage.binary_erosion(FLOOR, iterations=3)
    assert np.abs(found.dark - veins)[inner].mean() < 0.02
    assert found.dark[inner & (shadow > 0.3) & (veins == 0)].mean() < 0.03
    assert found.dark[inner & (shadow > 0.3) & (veins > 0.4)].mean() > 0.3
    assert found.channels == pytest.approx(TINT / TINT.mean(), abs=0.02)


def test_what_is_dark_without_a_tint_is_no_vein() -> None:
    grey = np.repeat(floor(vein(2.0))[..., 1:2], 3, axis=2)
    assert stone.veins(grey, FLOOR, 1.0) is None


def hidden() -> Mask:
    """A hole of the floor through which the vein at 2 runs."""
    return FLOOR & (np.hypot(LAID.u, LAID.v - 2) < 0.35)


def test_a_vein_goes_on_from_one_side_to_the_other() -> None:
    dark, part = vein(2.0), hidden()
    made = stone.gone_on(LAID, np.where(part, 0.0, dark), FLOOR & ~part, part, 1.0)
    assert np.array_equal(made[~part], dark[~part])
    assert np.corrcoef(made[part], dark[part])[0, 1] > 0.9
    assert np.abs(made - dark)[part].mean() < 0.04


def test_a_vein_that_meets_no_other_comes_to_an_end() -> None:
    dark, part = vein(2.0, until=0.0), hidden()
    made = stone.gone_on(LAID, np.where(part, 0.0, dark), FLOOR & ~part, part, 1.0)
    left, right = (part & (LAID.u < -0.27), part & (LAID.u > 0.25))
    assert made[left].max() > 0.25  # it runs in
    assert made[right].max() < 0.02  # and not out


def test_a_hole_that_no_vein_meets_stays_plain() -> None:
    made = stone.gone_on(LAID, np.where(hidden(), 0.0, vein(2.9)), FLOOR & ~hidden(), hidden(), 1.0)
    assert made[hidden()].max() < 0.02
