"""The very files that users' reports were about (``inputs/``), each through the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.field.limits import Limits
from tests.support.command_line import Run
from tools.pictures import read_picture

INPUTS = Path(__file__).parent / "inputs"

RECIPES = {
    "10-mask-bomb.png": "a picture that was not given",
    "12-digest-escape.png": "holds no request",
    "13-below-itself.png": "lies below itself",
    "13-deep-json.png": "holds no request",
    "14-steps-0.png": "request.steps",
    "14-steps-1e9.png": "request.steps",
    "14-steps-negative.png": "request.steps",
    "15-text-after-IDAT.png": "a picture that was not given",  # so its recipe was found
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_from_elsewhere(name: str, home: Path, inpalla: Run) -> None:
    with Limits().keep():
        said = inpalla("replay", INPUTS / name, "-o", "again.png").refused
    assert RECIPES[name] in said
    assert said.isprintable()
    assert not (home / "again.png").exists()


def colours() -> dict[str, int]:
    """What a viewer shows in the middle of each picture, and how far it may be off."""
    linear = round(255 * (1.055 * (55 / 255) ** (1 / 2.4) - 0.055))
    assert linear == 128
    return {
        "01-linear-profile-named-sRGB.png": linear,
        "02-icc-over-1MB.png": linear,
        "03-gAMA-1.0.png": linear,
        "04-lab.tif": 128,
        "05-grey16-alpha.png": 128,
        "06-exif-dpi.jpg": 128,
    }


@pytest.mark.parametrize("name", colours())
@pytest.mark.parametrize("to", [".png", ".tif"])
def test_colours_are_what_the_file_means(name: str, to: str, home: Path, inpalla: Run) -> None:
    mask = np.zeros((64, 64), np.bool_)
    mask[:4, :4] = True
    Image.fromarray(mask).save("mask.png")
    assert np.abs(read_picture(INPUTS / name).pixels[32, 32].astype(int) - colours()[name]).max() <= 1
    paint = "black" if "grey" in name else "red"  # with a colour it would become a picture in colour
    assert inpalla("inpaint", INPUTS / name, "mask.png", paint, "-o", f"out{to}").code == 0
    again = read_picture(f"out{to}")
    assert np.abs(again.pixels[32, 32].astype(int) - colours()[name]).max() <= 1
    if name == "02-icc-over-1MB.png":
        return  # kept; but Pillow by itself does not read so large a profile
    with Image.open(f"out{to}") as image:
        assert (image.mode[0] == "L") is (name == "05-grey16-alpha.png")
        assert b"abstLab" not in image.info.get("icc_profile", b"")
        if name == "06-exif-dpi.jpg":
            assert [round(each) for each in image.info["dpi"]] == [300, 300]
            with Image.open(INPUTS / name) as before:
                assert {*before.getexif()} <= {*image.getexif()}


def test_a_heic_picture_is_named(inpalla: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    said = inpalla("edit", INPUTS / "07-heix.heic", "make the sofa red", "-o", "out.png").refused
    assert "HEIC picture" in said


def test_the_mask_is_a_hard_limit(home: Path, inpalla: Run) -> None:
    room = INPUTS / "15-text-after-IDAT.png"
    with Image.open(INPUTS / "16-mask.png") as image:
        mask = np.asarray(image.convert("L")) >= 128
    line = ("inpaint", room, INPUTS / "16-mask.png", "a blue velvet sofa", "-o", "out.png")
    assert inpalla(*line).code == 0
    moved = (read_picture(room).pixels != read_picture("out.png").pixels).any(axis=2)
    assert moved[mask].mean() > 0.9
    assert not moved[~mask].any()


@pytest.mark.parametrize("to", [".png", ".jpg", ".bmp"])
def test_a_hidden_sofa_is_not_done(to: str, home: Path, inpalla: Run) -> None:
    with Image.open(INPUTS / "17-hidden-sofa.png") as image:
        hidden = np.asarray(image.getchannel("A")) == 0
    Image.fromarray(hidden).save("mask.png")
    line = ("inpaint", INPUTS / "17-hidden-sofa.png", "mask.png", "red", "-o", f"out{to}")
    assert "transparent" in inpalla(*line).refused
    Image.fromarray(~hidden).save("mask.png")
    done = inpalla(*line)
    assert done.code == 0
    assert ("flattened onto white" in done.out) is (to != ".png")
