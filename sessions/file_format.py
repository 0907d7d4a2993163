"""The form of a picture's own file: what 8-bit sRGB pixels do not say of it, kept so that it is saved alike.

Pictures are edited as 8-bit sRGB. A file may be grey, have 16 bits, or other colours by an ICC profile. What
was not painted is saved with the very values that the file had; what was painted is converted to its form. A
grey picture into which a colour was painted becomes a picture in colour, as that is what was asked for.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sessions.compose import Box, Patch
from sessions.errors import SessionError
from sessions.files import (
    check_output,
    format_of,
    holds_alpha,
    holds_layers,
    holds_profiles,
    holds_sixteen_bits,
    reason,
    save_picture,
)
from sessions.metadata import NOTHING, RESOLUTION, About, about_from, about_values, lost_in, of_pixels

if TYPE_CHECKING:
    from sessions.files import Values
    from sessions.openraster import Drawn
    from sessions.pictures import PictureStore

_DEEP = 257  # 16-bit levels in one 8-bit level
_COLOURED = 12
"""Levels between a pixel's channels from which on it has a colour: whites and greys that are painted have up
to 8."""


@dataclass(frozen=True, eq=False)
class Form:
    """What a picture's file was like besides its sRGB pixels and its alpha.

    ``grey``: it has one channel of light. ``profile``: its ICC profile. ``own``: its values as they were,
    where they are not those of the sRGB pixels: uint16 (H, W) for 16 bits of grey; uint8 (H, W) or (H, W, 3)
    in the colours of the profile. ``about``: what the file says about the picture.
    """

    grey: bool = False
    own: Values | None = None
    profile: bytes | None = None
    about: About = NOTHING


PLAIN = Form()
"""An 8-bit sRGB picture."""


def is_coloured(form: Form, base: NDArray[np.uint8], picture: NDArray[np.uint8]) -> bool:
    """Whether a colour was painted into a grey picture: ``base`` and ``picture`` are uint8 sRGB (H, W, 3)."""
    if not form.grey:
        return False
    spread = picture.max(axis=2) - picture.min(axis=2)
    return bool(((spread >= _COLOURED) & (picture != base).any(axis=2)).any())


def rendered(
    form: Form, base: NDArray[np.uint8], picture: NDArray[np.uint8], *, grey: bool = False
) -> Values:
    """A picture made from ``base``, both uint8 sRGB (H, W, 3), in the form of the base's file.

    uint8 (H, W, 3), or (H, W) for a grey form, or uint16 (H, W). Where the picture equals the base, the
    values are those of the base's file. What was painted into a grey one without a colour is there by its
    luminance (ITU-R 601); with a colour the picture is one in colour, sRGB (see ``is_coloured``), unless it
    is to stay ``grey``, as the first release had it.
    """
    if not grey and is_coloured(form, base, picture):
        return picture
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
    *,
    plain: bool = False,
    layers: Sequence[Drawn] = (),
    session: Path | None = None,
) -> Path:
    """Save a picture made from ``base`` in the base's form, as far as the path's format can hold it.

    ``plain`` leaves out everything that is not the picture: ``metadata``, the ``session`` (its folder) and
    what the base's file says about it, but for its resolution. Where the format holds layers, these are
    ``layers``, lowest first; without any, one with what differs from the base. See ``rendered`` and
    ``sessions.files.save_picture``, whose errors it raises.
    """
    if holds_layers(path):
        return _save_layers(check_output(path), base, picture, alpha, layers, None if plain else session)
    if is_coloured(form, base, picture):
        form = Form(about=form.about)
    elif form.profile is not None and not holds_profiles(path):
        form = Form(form.grey, about=form.about)
    about, metadata = (of_pixels(form.about), None) if plain else (form.about, metadata)
    return save_picture(path, rendered(form, base, picture), alpha, metadata, form.profile, about)


def _save_layers(
    path: Path,
    base: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None,
    layers: Sequence[Drawn],
    session: Path | None,
) -> Path:
    from sessions import openraster

    changed = (picture != base).any(axis=2)
    if not layers and changed.any():
        rgba = np.dstack([picture, changed.astype(np.uint8) * np.uint8(255)])
        whole = Box(0, 0, picture.shape[1], picture.shape[0])
        layers = [openraster.Drawn("what was painted", Patch(rgba, whole))]
    try:
        openraster.write(path, base, picture, alpha, layers, session)
    except OSError as error:
        raise SessionError(f"{path} cannot be written: {reason(error)}.") from error
    return path


def left_out(
    path: str | Path,
    form: Form,
    base: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None,
    *,
    plain: bool = False,
) -> tuple[str, ...]:
    """Sentences about what a picture's file held and what is made from it, saved as ``save_like`` does, does
    not: mostly, because the format of the path's suffix cannot hold it.
    """
    name = format_of(path)
    notes = []
    if is_coloured(form, base, picture) and not holds_layers(path):
        deep = form.own is not None and form.own.dtype == np.uint16
        bits = " and with 8 bits, not 16" if deep else ""
        notes.append(f"The picture was grey, and a colour was painted into it: it was saved in colour{bits}.")
        form = Form(about=form.about)
    if alpha is not None and not holds_alpha(path) and bool((alpha < 255).any()):
        notes.append(f"{name} has no transparency, so the picture was flattened onto white.")
    if form.own is not None and form.own.dtype == np.uint16 and not holds_sixteen_bits(path):
        notes.append(f"{name} has no 16 bits of grey, so it was saved with 8.")
    if form.profile is not None and not holds_profiles(path):
        notes.append(f"{name} has no colour profile, so its colours were saved as sRGB.")
    if lost := lost_in(name, of_pixels(form.about) if plain else form.about):
        them = " and ".join([", ".join(lost[:-1]), lost[-1]] if lost[1:] else lost)
        was = "it was" if lost == [RESOLUTION] else "they were"
        notes.append(f"{name} cannot hold the picture's {them}, so {was} left out.")
    return tuple(notes)


def form_values(form: Form, store: PictureStore) -> dict[str, Any] | None:
    """A form in JSON values, its own pixels stored; None for a plain one."""
    about = about_values(form.about)
    if not (form.grey or form.profile is not None or form.own is not None or about):
        return None
    values: dict[str, Any] = {"grey": form.grey}
    if form.profile is not None:
        values["profile"] = base64.b64encode(form.profile).decode("ascii")
    if form.own is not None:
        # 16 bits are stored as their bytes, low one first, in a picture of twice the width.
        values["deep"] = form.own.dtype == np.uint16
        own = form.own.astype("<u2") if values["deep"] else form.own
        values["own"] = store.put(np.ascontiguousarray(own).view(np.uint8))
    if about:
        values["about"] = about
    return values


def form_from(values: Mapping[str, Any] | None, store: PictureStore, size: tuple[int, int]) -> Form:
    """The form that ``form_values`` made values of, for a picture of ``size`` (width, height).

    Raises ``SessionError`` where they are not what was written.
    """
    if values is None:
        return PLAIN
    try:
        profile = base64.b64decode(values["profile"], validate=True) if "profile" in values else None
        own: NDArray[np.uint8] | NDArray[np.uint16] | None = None
        if "own" in values:
            own = store.get(values["own"])
            if values["deep"]:
                own = own.view("<u2").astype(np.uint16)
            if own.shape not in (size[::-1], (*size[::-1], 3)):
                raise ValueError("of another size")
        return Form(bool(values["grey"]), own, profile, about_from(values.get("about", {})))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise SessionError("The session's record of its picture's file is damaged.") from error


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
