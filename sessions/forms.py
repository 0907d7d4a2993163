"""The form of a picture's own file: what 8-bit sRGB pixels do not say of it, kept so that it is saved alike.

Pictures are edited as 8-bit sRGB. A file may be grey, have 16 bits, or other colours by an ICC profile. What
was not painted is saved with the very values that the file had; what was painted is converted to its form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sessions.files import holds_profiles, save_picture

if TYPE_CHECKING:
    from sessions.files import Values

_DEEP = 257  # 16-bit levels in one 8-bit level


@dataclass(frozen=True, eq=False)
class Form:
    """What a picture's file was like besides its sRGB pixels and its alpha.

    ``grey``: it has one channel of light. ``profile``: its ICC profile. ``own``: its values as they were,
    where they are not those of the sRGB pixels: uint16 (H, W) for 16 bits of grey; uint8 (H, W) or (H, W, 3)
    in the colours of the profile.
    """

    grey: bool = False
    own: Values | None = None
    profile: bytes | None = None


PLAIN = Form()
"""An 8-bit sRGB picture."""


def rendered(form: Form, base: NDArray[np.uint8], picture: NDArray[np.uint8]) -> Values:
    """A picture made from ``base``, both uint8 sRGB (H, W, 3), in the form of the base's file.

    uint8 (H, W, 3), or (H, W) for a grey form, or uint16 (H, W). Where the picture equals the base, the
    values are those of the base's file. What was painted into a grey one is there by its luminance (ITU-R
    601).
    """
    if form.own is None:
        return _light(picture) if form.grey else picture
    own = form.own.copy()
    changed = np.logical_or.reduce(picture != base, axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return own
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    painted = _light(picture[part]) if form.grey else picture[part]
    if form.profile is not None:
        painted = in_profile(painted, form.profile)
    values = painted.astype(np.uint16) * _DEEP if own.dtype == np.uint16 else painted
    own[part][changed[part]] = values[changed[part]]
    return own


def save_like(
    path: str | Path,
    form: Form,
    base: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Save a picture made from ``base`` in the base's form, as far as the path's format can hold it.

    See ``rendered`` and ``sessions.files.save_picture``, whose errors it raises.
    """
    if form.profile is not None and not holds_profiles(path):
        form = Form(form.grey)
    return save_picture(path, rendered(form, base, picture), alpha, metadata, form.profile)


def in_profile(pixels: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    """sRGB pixels, uint8 (H, W, 3) or grey (H, W), in the colours of an ICC profile of as many channels.

    Raises ``ValueError`` for a profile that does not lead back from sRGB.
    """
    from PIL import Image, ImageCms

    mode = "L" if pixels.ndim == 2 else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            Image.fromarray(pixels).convert("RGB"),
            ImageCms.createProfile("sRGB"),
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode=mode,
        )
    except (OSError, ImageCms.PyCMSError, TypeError) as error:
        raise ValueError("the profile leads one way only") from error
    if converted is None:
        raise ValueError("the profile leads one way only")
    return np.asarray(converted)


def _light(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).convert("L"))
