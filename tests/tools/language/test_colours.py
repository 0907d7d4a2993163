"""Colours by name: which one a prompt asks for, and whether a surface took it."""

from __future__ import annotations

import numpy as np
import pytest

from tools.language.colours import oklab
from tools.language.looks import read_look


@pytest.mark.parametrize(
    ("prompt", "rgb"),
    [
        ("a red sofa", (198, 38, 38)),
        ("a dark red armchair", (139, 0, 0)),
        ("light-blue curtains", (150, 200, 236)),
        ("a mustard velvet chair", (212, 164, 41)),
        ("walls in teal", (22, 140, 140)),
        ("the #336699 sofa", (51, 102, 153)),
    ],
)
def test_the_colour_asked_for(prompt: str, rgb: tuple[int, int, int]) -> None:
    assert read_look(prompt).value == pytest.approx(oklab(np.array(rgb, float)))


@pytest.mark.parametrize(
    "prompt", ["a leather sofa", "a red and white rug", "linen curtains", "", "a solid gold lamp"]
)
def test_no_one_colour_is_asked_for(prompt: str) -> None:
    assert read_look(prompt).value is None


def test_oklab_of_the_corners() -> None:
    """The white of sRGB has lightness 1 and no hue; its red is the published 0.628, 0.225, 0.126."""
    assert oklab(np.array([255.0, 255, 255])) == pytest.approx([1, 0, 0], abs=1e-4)
    assert oklab(np.array([0.0, 0, 0])) == pytest.approx([0, 0, 0], abs=1e-4)
    assert oklab(np.array([255.0, 0, 0])) == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)
