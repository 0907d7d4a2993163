"""``inpalla segment`` as scripts see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.colour_engines import THINGS
from tests.support.command_line import Run


def test_segment_writes_masks(inpalla: Run, picture: Path) -> None:
    result = inpalla("segment", picture, "the sofa", "the rug", "-o", "mask.png", "--json")
    assert result.code == 0
    assert [line["mask"] for line in result.lines] == [str(Path(f"mask-{n}.png").absolute()) for n in (1, 2)]
    mask = np.asarray(Image.open("mask-1.png"))
    x0, y0, x1, y1 = THINGS["sofa"][1]
    wanted = np.zeros((120, 160), np.uint8)
    wanted[y0:y1, x0:x1] = 255
    assert np.array_equal(mask, wanted)
    assert inpalla("segment", picture, "the lamp", "-o", "mask.png").code == 0
    assert Path("mask.png").is_file()

    result = inpalla("segment", picture, "the piano", "-o", "none.png")
    assert result.is_refusal()
    assert "I see no piano. There are:" in result.err
    assert not Path("none.png").exists()
