"""Which of the sixteen colour names a painted thing has.

The light of the room is part of what one sees: a white sofa in a dim corner is a grey of paper white. So a
thing's colour is compared, in CIELAB, with how each of the sixteen colours looks *on the same thing in the
same light*: the generator draws the thing in all of them. Compared are means over the part of the thing that
takes the colour (not the legs, not the glass of a mirror). ``nearest_name`` is the naive measure beside it:
no light, fixed centres.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from pocket import rooms
from sessions.compose import Box

_SIDE: Final = 96  # pixels; the longer side of what is compared
_VARIES: Final = 60  # levels; a pixel that differs by as much between the colours takes the colour
_LEAST: Final = 12  # pixels; less than this of a surface says nothing


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB (D65) of sRGB colours in 0…255; (…, 3) to (…, 3)."""
    linear = np.asarray(rgb, np.float64) / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def nearest_name(rgb: NDArray[np.float64]) -> str:
    """The name whose centre is nearest to one sRGB colour (3,) in CIELAB."""
    return _nearest(np.array(list(rooms.COLOURS.values()), np.float64), rgb)


class Swatches:
    """One thing of a room in all sixteen colours, where it is in the picture.

    ``scene`` is the room in which thing ``index`` can have any of the colours; ``size`` is (width, height) of
    the pictures that will be compared. Raises ValueError when the thing cannot be coloured, or too little of
    it shows.
    """

    def __init__(self, scene: rooms.Scene, index: int, size: tuple[int, int]) -> None:
        thing = scene.things[index]
        if thing.colour is None or len(rooms.KIND_COLOURS[thing.kind]) < len(rooms.COLOURS):
            raise ValueError(f"A {thing.material} {thing.kind} does not come in all colours.")
        self.size = size
        self.box = _box(scene, index, size)
        viewport = (
            self.box.x0 / size[0], self.box.y0 / size[1], self.box.x1 / size[0], self.box.y1 / size[1]
        )  # fmt: skip
        scale = min(1.0, _SIDE / max(self.box.width, self.box.height))
        self._small = (max(8, round(self.box.width * scale)), max(8, round(self.box.height * scale)))
        drawn = [
            rooms.render(
                rooms.restyle(scene, index, colour=colour, keep_second=True), self._small, viewport, 1
            )
            for colour in rooms.COLOURS
        ]
        self._pictures = np.stack([each.picture for each in drawn]).astype(np.float64)
        self.own = rooms.mask(drawn[0], index)
        surface = self.own & (np.ptp(self._pictures, axis=0).max(axis=2) > _VARIES)
        inner = ndimage.binary_erosion(surface)
        self.surface = inner if inner.sum() >= max(_LEAST, 0.3 * surface.sum()) else surface
        if self.surface.sum() < _LEAST:
            raise ValueError(f"Too little of the {thing.kind} takes a colour.")

    def colour_of(
        self, picture: NDArray[np.uint8], within: NDArray[np.bool_] | None = None
    ) -> tuple[str, str]:
        """The colour's name in the room's light, and by the naive measure.

        ``picture`` is RGB (H, W, 3). ``within``, bool (H, W), is where the thing was found, for a thing whose
        shape may differ from the true one; it is heeded where it leaves enough of the surface to compare.
        """
        if picture.shape[1::-1] != self.size:
            raise ValueError(f"The picture is {picture.shape[1::-1]} and not {self.size}.")
        surface = self.surface
        if within is not None:
            part = Image.fromarray(within.astype(np.uint8) * 255).resize(
                self._small, Image.Resampling.BOX, box=self.box
            )
            both = surface & (np.asarray(part) > 127)
            surface = both if both.sum() >= max(_LEAST, 0.3 * surface.sum()) else surface
        small = Image.fromarray(picture).resize(self._small, Image.Resampling.BOX, box=self.box)
        pixels = np.asarray(small, np.float64)[surface]
        means = self._pictures[:, surface].mean(axis=1)
        return _nearest(means, pixels.mean(axis=0)), nearest_name(np.median(pixels, axis=0))

    def colour_of_all(self, picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> str:
        """The colour's name of a like thing that lies elsewhere, under ``mask`` (bool (H, W), not empty).

        Compared are means over the whole thing, legs and all: less exact than ``colour_of``.
        """
        return _nearest(self._pictures[:, self.own].mean(axis=1), picture[mask].mean(axis=0))


def _nearest(means: NDArray[np.float64], rgb: NDArray[np.float64]) -> str:
    """The name of the nearest of sixteen colours (16, 3) in CIELAB."""
    return list(rooms.COLOURS)[int(np.linalg.norm(lab(means) - lab(rgb), axis=1).argmin())]


@lru_cache(maxsize=8)
def _box(scene: rooms.Scene, index: int, size: tuple[int, int]) -> Box:
    """The box around what shows of a thing, in pixels of a picture of ``size``."""
    small = rooms.render(scene, (192, 144), supersample=1)
    seen = rooms.mask(small, index)
    if not seen.any():
        raise ValueError(f"The {scene.things[index].kind} does not show.")
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    across, down = size[0] / 192, size[1] / 144
    return Box(
        int(max(0, columns[0] - 1) * across),
        int(max(0, rows[0] - 1) * down),
        int(min(192, columns[-1] + 2) * across),
        int(min(144, rows[-1] + 2) * down),
    )
