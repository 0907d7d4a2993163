"""Colour profiles (ICC), judged by what they do to colours and never by their names.

Files that say their colours in other ways (a gamma and primaries in a PNG, code points, "Adobe RGB" in a
camera's EXIF data) get a profile that says the same, so that everything after it knows one way only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image, ImageCms

SAME = 2
"""A conversion that moves no channel by more levels than this is none: it was sRGB under another name."""

SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}
"""Pillow's modes, and what profiles call the colours that they can be of."""

Primaries = tuple[float, float, float, float, float, float, float, float]
"""x and y of white, red, green and blue (CIE 1931)."""

SRGB: Primaries = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE: Primaries = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_P3: Primaries = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
_BT2020: Primaries = (0.3127, 0.3290, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)

_CODED: dict[int, Primaries] = {1: SRGB, 9: _BT2020, 12: _P3}
_CODED_GAMMA: dict[int, float | None] = {
    1: None,
    4: 2.2,
    5: 2.8,
    6: None,
    8: 1.0,
    13: None,
    14: None,
    15: None,
}
"""Code points of ITU-T H.273 for primaries and curves. BT.709's curve is shown as sRGB's, as browsers do."""

_D50 = np.array((0.9642, 1.0, 0.8249))
_BRADFORD = np.array(((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)))


def read(profile: bytes) -> tuple[ImageCms.ImageCmsProfile, str] | None:
    """A profile that LittleCMS can read, and its colours as it calls them; None for anything else."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        return opened, str(opened.profile.xcolor_space).strip()  # whose letters may be none
    except (OSError, ImageCms.PyCMSError, TypeError, ValueError):
        return None


def is_of(profile: bytes, mode: str) -> bool:
    """Whether a profile is one of the colours of a Pillow mode."""
    opened = read(profile)
    return opened is not None and opened[1] == SPACES.get(mode)


def converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """An image of mode L, RGB, CMYK or LAB in sRGB by its profile: RGB, relative colorimetric.

    The image itself where the profile is sRGB's in all but its name; None where it is of no use for it.
    """
    if not is_of(profile, image.mode):
        return None
    if image.mode in ("RGB", "L"):
        moves = _moves(profile, image.mode)
        if not moves:
            return None if moves is None else image
    return _by(image, profile)


def is_srgb(profile: bytes) -> bool:
    """Whether a profile is sRGB's, whatever it is called."""
    return is_of(profile, "RGB") and _moves(profile, "RGB") is False


def _moves(profile: bytes, mode: str) -> bool | None:
    """Whether colours of a mode are others by a profile than without it; None where it is of no use."""
    colours = _colours(mode)
    moved = _by(colours, profile)
    return None if moved is None else _difference(moved, colours) > SAME


@cache
def _colours(mode: str) -> Image.Image:
    """Colours all over the cube, and all greys: enough to tell what a profile does."""
    from PIL import Image

    greys = np.arange(256, dtype=np.uint8)
    if mode == "L":
        return Image.fromarray(greys[None])
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return Image.fromarray(np.concatenate((cube, np.stack((greys,) * 3, axis=-1)))[None])


def _by(image: Image.Image, profile: bytes) -> Image.Image | None:
    from PIL import ImageCms

    try:
        return ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return None  # a damaged profile costs a shade of colour, not the picture


def _difference(one: Image.Image, other: Image.Image) -> int:
    pair = [np.asarray(image.convert("RGB"), dtype=np.int16) for image in (one, other)]
    return int(np.abs(pair[0] - pair[1]).max())


# ---- made here -----------------------------------------------------------------------------------------
def of_png(gamma: float | None, primaries: Primaries | None, *, grey: bool) -> bytes | None:
    """The profile that a PNG's gAMA (a file's exponent, such as 0.45455) and cHRM amount to; None where they
    say sRGB or nothing that can be.

    0.45455 is what encoders of sRGB pictures write, and with sRGB's primaries it stands for sRGB's own curve,
    as everywhere else.
    """
    if primaries is not None and (grey or np.allclose(primaries, SRGB, atol=0.002)):
        primaries = None
    if gamma is not None and not 0.05 <= gamma <= 20:
        gamma = None
    usual = gamma is None or abs(gamma - 1 / 2.2) < 0.003
    if primaries is None and usual:
        return None
    return make(primaries or SRGB, None if gamma is None else 1 / gamma, grey=grey)


def of_code_points(primaries: int, curve: int, *, grey: bool) -> bytes | None:
    """The profile for code points of ITU-T H.273; None where they say sRGB. ``ValueError`` for those that are
    not known here (such as the curves of high dynamic range).
    """
    if primaries not in _CODED or curve not in _CODED_GAMMA:
        raise ValueError("unknown code points")
    if (grey or primaries == 1) and _CODED_GAMMA[curve] is None:
        return None
    return make(_CODED[primaries], _CODED_GAMMA[curve], grey=grey)


def make(primaries: Primaries, gamma: float | None, *, grey: bool = False) -> bytes | None:
    """An ICC profile (version 2.1) of colours with these primaries and a pure power curve, or with sRGB's own
    curve for None. None where the primaries span no colours.
    """
    curve = _curve(gamma)
    tags = [(b"desc", _description("made from the file's own values")), (b"cprt", _text("No copyright"))]
    tags.append((b"wtpt", _xyz(_D50)))
    if grey:
        tags.append((b"kTRC", curve))
    else:
        matrix = _matrix(primaries)
        if matrix is None:
            return None
        tags += [
            (name, _xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)
        ]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, content = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags:
        table += struct.pack(">4sII", name, start + len(content), len(value))
        content += value + b"\0" * (-len(value) % 4)
    size = start + len(content)
    space = b"GRAY" if grey else b"RGB "
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02100000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    head += struct.pack(">3i", *(_fixed(each) for each in _D50))
    return head.ljust(128, b"\0") + table + content


def _matrix(primaries: Sequence[float]) -> NDArray[np.float64] | None:
    """The colours' XYZ, one a column, as seen under D50 (adapted after Bradford)."""
    points = np.array(primaries, dtype=np.float64).reshape(4, 2)
    if not (np.isfinite(points).all() and (np.abs(points) < 5).all() and (points[:, 1] > 1e-4).all()):
        return None
    xyz = np.stack((points[:, 0] / points[:, 1], np.ones(4), (1 - points.sum(axis=1)) / points[:, 1]))
    white, colours = xyz[:, 0], xyz[:, 1:]
    if abs(np.linalg.det(colours)) < 1e-6:
        return None
    matrix = colours * np.linalg.solve(colours, white)
    cones = _BRADFORD @ white
    if (np.abs(cones) < 1e-6).any():
        return None
    adapted = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / cones) @ _BRADFORD @ matrix
    return adapted if (np.abs(adapted) < 30_000).all() else None


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        return struct.pack(">4sIIH", b"curv", 0, 1, max(1, min(65535, round(gamma * 256))))
    share = np.linspace(0, 1, 1024)
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return struct.pack(">4sII", b"curv", 0, 1024) + (light * 65535).round().astype(">u2").tobytes()


def _fixed(value: float) -> int:
    return round(float(value) * 65536)


def _xyz(value: NDArray[np.float64]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(_fixed(each) for each in value))


def _text(words: str) -> bytes:
    return struct.pack(">4sI", b"text", 0) + words.encode() + b"\0"


def _description(words: str) -> bytes:
    plain = words.encode() + b"\0"
    return struct.pack(">4sII", b"desc", 0, len(plain)) + plain + b"\0" * (4 + 4 + 2 + 1 + 67)
