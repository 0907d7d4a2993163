"""Drawn rooms are told from pictures with a camera's noise."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pocket.rooms import make_scene, render
from tools.photo_check import is_drawn

Pixels = NDArray[np.uint8]


@cache
def room(seed: int) -> Pixels:
    return render(make_scene(seed), (512, 384)).picture


def shot(seed: int, noise: float = 3.0) -> Pixels:
    """Something like a photograph: detail at every scale, in related colours, and a sensor's noise."""
    rng = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(288)[:, None], np.fft.rfftfreq(384)[None]
    falling = 1 / np.maximum(np.hypot(fy, fx), 1 / 384)
    layers = [np.fft.irfft2(np.fft.rfft2(rng.normal(size=(288, 384))) * falling) for _ in range(3)]
    light, tint, other = (layer / layer.std() for layer in layers)
    colour = np.stack((light * 45 + tint * 12, light * 45, light * 45 + other * 12), axis=-1) + 120
    return np.clip(colour + rng.normal(0, noise, colour.shape), 0, 255).astype(np.uint8)


def as_jpeg(picture: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("seed", [11, 501])
def test_a_drawn_room_is_drawn(seed: int) -> None:
    picture = room(seed)
    assert is_drawn(picture)
    double = Image.fromarray(picture).resize((1024, 768), Image.Resampling.LANCZOS)
    assert is_drawn(np.asarray(double))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_photograph_is_not(seed: int) -> None:
    assert not is_drawn(shot(seed))
    assert not is_drawn(as_jpeg(shot(seed), 90))
    assert not is_drawn(np.tile(shot(seed), (3, 3, 1)))


def test_a_room_with_a_cameras_noise_is_no_drawing() -> None:
    picture = room(11)
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    assert not is_drawn(np.clip(picture + noise, 0, 255).astype(np.uint8))


def test_a_grey_picture_is_no_drawn_room() -> None:
    grey = room(11).mean(axis=-1, keepdims=True).astype(np.uint8)
    assert not is_drawn(np.repeat(grey, 3, axis=-1))


@pytest.mark.parametrize("size", [(16, 16), (48, 48), (49, 3000), (67, 1001)])
def test_any_size_is_judged_and_the_smallest_pass(size: tuple[int, int]) -> None:
    flat = np.full((size[1], size[0], 3), (200, 40, 40), dtype=np.uint8)
    assert is_drawn(flat) == (min(size) < 48)


def gradient() -> Pixels:
    down, across = np.mgrid[:300, :400]
    return np.stack([across * 255 // 400, down * 255 // 300, 0 * down + 128], axis=-1).astype(np.uint8)


def page(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> Pixels:
    made = Image.new("RGB", (500, 400), paper)
    draw = ImageDraw.Draw(made)
    for row in range(0, 400, 14):
        draw.text((10, row), f"{row} words on a page, and some more of them than a line can hold", fill=ink)
    return np.asarray(made)


def window() -> Pixels:
    made = Image.new("RGB", (600, 450), (240, 240, 245))
    draw = ImageDraw.Draw(made)
    draw.rectangle((0, 0, 600, 36), fill=(50, 90, 180))
    draw.rectangle((0, 37, 140, 450), fill=(225, 228, 235))
    for row in range(60, 450, 40):
        draw.rectangle((160, row, 580, row + 30), outline=(180, 180, 190), fill=(255, 255, 255))
        draw.text((20, row + 8), "Menu item", fill=(40, 40, 40))
        draw.text((170, row + 8), "A row of a table with words", fill=(60, 60, 60))
    return np.asarray(made)


@pytest.mark.parametrize(
    "picture",
    [
        np.random.default_rng(5).integers(0, 256, (240, 320, 3)).astype(np.uint8),
        gradient(),
        page((255, 255, 255), (0, 0, 0)),
        page((30, 30, 60), (200, 220, 120)),
        window(),
        np.full((300, 400, 3), (120, 180, 240), np.uint8),
    ],
    ids=["white noise", "gradient", "page", "dark page", "window", "one colour"],
)
def test_noise_and_graphics_are_no_drawn_rooms(picture: Pixels) -> None:
    assert not is_drawn(picture)
