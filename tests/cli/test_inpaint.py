"""``inpalla inpaint`` as scripts see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.cli.command_line import is_near, middle
from tests.support.colour_engines import PAINTS
from tests.support.command_line import Run
from tools.pictures import read_picture


def test_inpaint_paints_into_a_mask(inpalla: Run, picture: Path) -> None:
    inpalla("segment", picture, "the sofa", "-o", "mask.png")
    arguments = ("inpaint", picture, "mask.png", "a green sofa", "-o", "out.png", "--json")
    result = inpalla(*arguments, "--kind", "restyle", "--seed", "8")
    assert result.code == 0
    assert result.lines[0]["seed"] == 8
    assert middle(read_picture("out.png").pixels, "sofa") == PAINTS["green"]
    assert inpalla("inpaint", picture, "mask.png", "-o", "out.png").is_refusal()
    assert inpalla("inpaint", picture, "mask.png", "-o", "out.png", "--kind", "remove").code == 0
    assert inpalla("inpaint", picture, "mask.png", "x", "-o", "out.png", "--kind", "melt").code == 2


def of_mode(mode: str, height: int, width: int, seed: int) -> Image.Image:
    """Noise in a mode: every value that the file may hold."""
    draw = np.random.default_rng(seed).integers
    if mode == "I;16":
        return Image.fromarray(draw(0, 65536, (height, width), dtype=np.uint16))
    if mode == "P":
        return Image.fromarray(draw(0, 256, (height, width, 3), dtype=np.uint8)).quantize(256)
    shape = (height, width, len(mode)) if len(mode) > 1 else (height, width)
    return Image.fromarray(draw(0, 256, shape, dtype=np.uint8))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA", "I;16", "P"]),
    width=st.integers(16, 90),
    height=st.integers(16, 90),
    suffix=st.sampled_from(["png", "tif"]),
    paint=st.sampled_from(["orange", "black"]),
    seed=st.integers(0, 2**16),
)
def test_a_mode_is_kept_and_everything_outside_the_mask(
    inpalla: Run, home: Path, mode: str, width: int, height: int, suffix: str, paint: str, seed: int
) -> None:
    """A grey picture into which a colour is painted becomes one in colour, with the same greys."""
    before = of_mode(mode, height, width, seed)
    before.save("in.png")
    hole = np.zeros((height, width), np.uint8)
    hole[height // 3 : height // 2 + 2, width // 4 : width // 3 + 2] = 255
    Image.fromarray(hole).save("mask.png")
    result = inpalla("inpaint", "in.png", "mask.png", paint, "-o", f"out.{suffix}", "--json")
    assert (result.code, result.err) == (0, "")
    after = Image.open(f"out.{suffix}")
    wanted = {"P": "RGB"}.get(mode, mode)
    if paint == "orange":
        wanted = {"L": "RGB", "LA": "RGBA", "I;16": "RGB"}.get(wanted, wanted)
    assert after.mode == wanted
    if mode == "I;16" and wanted == "RGB":
        before = Image.fromarray(np.rint(np.asarray(before) / 257).astype(np.uint8))
    old, new = np.asarray(before.convert(wanted)), np.asarray(after)
    x0, y0, x1, y1 = result.lines[0]["box"]
    outside = np.ones((height, width), np.bool_)
    outside[y0:y1, x0:x1] = False
    assert np.array_equal(new[outside], old[outside])
    colours = new[..., : 1 if wanted == "LA" else 3] if new.ndim == 3 else new[..., None]
    if wanted in ("LA", "RGBA"):
        assert np.array_equal(new[..., -1], old[..., -1])
    painted = [
        int(value) // (257 if wanted == "I;16" else 1) for value in colours[height // 3 + 1, width // 4 + 1]
    ]
    assert is_near(painted, PAINTS[paint][: len(painted)])


def test_a_mask_of_another_size_or_without_white(inpalla: Run, home: Path, picture: Path) -> None:
    Image.new("L", (80, 60), 255).save(home / "small.png")
    Image.new("L", (160, 120), 0).save(home / "black.png")
    result = inpalla("inpaint", picture, "small.png", "a sofa", "-o", "out.png")
    assert result.is_refusal()
    assert "80x60" in result.err
    assert inpalla("inpaint", picture, "black.png", "a sofa", "-o", "out.png").is_refusal()
