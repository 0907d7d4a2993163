"""Panels are found by their joints, however few of them are in view, and their marks are told from clouds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tools import room_box
from tools.inpainting.computed import panels, surfaces
from tools.inpainting.computed.surfaces import Mask
from tools.room_box import Room

SIZE = (640, 480)
ROOM = Room(1.0, 0.3, 0.08, 1.8, 1.7, 3.3)
WALL: Mask = room_box.labels(ROOM, *SIZE) == room_box.BACK
ACROSS, UP = 0.8, 0.66


def wall(seed: int, *, jointed: bool) -> NDArray[np.float32]:
    """The tone (480, 640, 3) of a cloudy wall, with or without the joints and holes of panels."""
    rng = np.random.default_rng(seed)
    laid = surfaces.lay(ROOM, room_box.BACK, *SIZE)
    tone = 1.2 * ndimage.gaussian_filter(rng.normal(0, 1, WALL.shape), 8)
    if jointed:
        u, v = (laid.u / ACROSS - 0.21) % 1, (laid.v / UP - 0.43) % 1
        joint = (np.minimum(u, 1 - u) * ACROSS < 0.011) | (np.minimum(v, 1 - v) * UP < 0.011)
        hole = np.hypot((np.abs(u - 0.5) - 0.36) * ACROSS, (np.abs(v - 0.5) - 0.36) * UP) < 0.022
        tone = tone - 0.4 * joint - 0.5 * (hole & ~joint)
    return np.repeat(tone[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("seed", [1, 2])
def test_panels_are_found_where_few_are_seen_and_some_are_hidden(seed: int) -> None:
    tone, known = wall(seed, jointed=True), WALL.copy()
    known[150:290, 250:400] = False
    found = panels.panels(surfaces.lay(ROOM, room_box.BACK, *SIZE), tone, known, 1.0)
    assert found is not None
    assert found.across == pytest.approx(ACROSS, rel=0.06)
    assert found.up == pytest.approx(UP, rel=0.06)
    hidden = WALL & ~known
    marks = surfaces.phase_mean(found, found.laid.u[hidden], found.laid.v[hidden]).mean(axis=1)
    dark = (tone - wall(seed, jointed=False))[hidden].mean(axis=1) < -0.2
    assert (marks[dark] < -0.1).mean() > 0.7
    assert (marks[~dark] > -0.05).mean() > 0.9


@pytest.mark.parametrize("kind", ["clouds", "checks", "stripes"])
def test_what_has_no_panels_gets_none(kind: str) -> None:
    laid = surfaces.lay(ROOM, room_box.BACK, *SIZE)
    tone = wall(3, jointed=False)
    if kind != "clouds":
        dark = laid.u / 0.3 % 1 < 0.5
        dark = dark ^ (laid.v / 0.3 % 1 < 0.5) if kind == "checks" else dark
        tone = tone - 0.8 * dark[..., None].astype(np.float32)
    assert panels.panels(laid, tone, WALL, 1.0) is None
