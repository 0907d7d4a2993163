"""A hole filled from patches of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tools.inpainting.computed.exemplar import completed
from tools.inpainting.computed.texture import across_rows, along_rows, better, seamless

Field = NDArray[np.float32]


def bricks(height: int, width: int, row: int, brick: int) -> Field:
    """Courses of bricks with joints, each set off by half a brick: no lattice along the axes repeats it."""
    y, x = np.mgrid[:height, :width]
    x = x + (y // row % 2) * (brick // 2)
    joint = (y % row < 2) | (x % brick < 2)
    return np.repeat(np.where(joint, 0.2, 0.8)[..., None], 3, axis=2).astype(np.float32)


def hole_in(shape: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[np.bool_]:
    hole = np.zeros(shape, bool)
    hole[slice(*rows), slice(*columns)] = True
    return hole


@settings(max_examples=6, deadline=None)
@given(row=st.integers(8, 13), brick=st.integers(16, 26))
def test_bricks_go_on(row: int, brick: int) -> None:
    true = bricks(160, 180, row, brick)
    hole = hole_in(true.shape[:2], (70, 100), (70, 115))
    start = np.zeros((*hole.shape, 2), np.int32)
    start[...] = -2 * row * -(-37 // (2 * row)), 0  # a course beyond the hole that is set off alike
    seen = np.where(hole[..., None], 0.5, true).astype(np.float32)
    made = completed(seen, ~hole, hole, start=start)
    assert made is not None
    assert np.array_equal(made[~hole], true[~hole])
    assert (np.abs(made - true)[hole] < 0.1).mean() > 0.97


def test_without_a_start_it_is_filled_from_its_rim() -> None:
    true = bricks(140, 180, 10, 20)
    hole = hole_in(true.shape[:2], (60, 74), (80, 98))
    seen = np.where(hole[..., None], 0.5, true).astype(np.float32)
    made, again = (completed(seen, ~hole, hole) for _ in range(2))
    assert made is not None
    assert again is not None
    assert np.array_equal(made, again)
    assert (np.abs(made - true)[hole] < 0.2).mean() > 0.8


def test_too_little_that_is_known_is_said() -> None:
    true = bricks(40, 40, 8, 16)
    hole = hole_in((40, 40), (3, 37), (3, 37))
    assert completed(true, ~hole, hole) is None
    assert completed(true, np.ones_like(hole), np.zeros_like(hole)) is None


def test_a_part_meets_the_light_around_it() -> None:
    """Boards under light that falls off: what goes on is as bright on both sides as what it meets."""
    y, x = np.mgrid[:120, :200]
    true = (0.1 * (y // 8 % 2) + 0.002 * x)[..., None].repeat(3, axis=2).astype(np.float32)
    hole = hole_in(true.shape[:2], (40, 80), (80, 130))
    seen = np.where(hole[..., None], 0.0, true).astype(np.float32)
    fill = better((across_rows, along_rows), seen, ~hole, hole)
    made = seamless(fill, seen, ~hole, hole, 1.0)
    assert made is not None
    assert np.abs(made.values - true[hole]).mean() < 0.03


@pytest.mark.parametrize(("upright", "wanted"), [(False, across_rows), (True, along_rows)])
def test_the_filler_that_foretells_better_is_taken(upright: bool, wanted: object) -> None:
    """Shading goes over from side to side, upright stripes have to be gone on with."""
    y, x = np.mgrid[:120, :240]
    field = 0.5 * (x // 6 % 2) if upright else 0.004 * x + 0.1 * (y > 60)
    tone = field[..., None].repeat(3, axis=2).astype(np.float32)
    hole = hole_in(tone.shape[:2], (40, 80), (90, 130))
    assert better((across_rows, along_rows), tone, ~hole, hole) is wanted
