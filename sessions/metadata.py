"""What a picture's file says about the picture: EXIF and XMP data, dots per inch, text fields.

They are kept beside the pixels and written into what is saved, as far as its format can hold them. What the
editing makes untrue is set right: the orientation (pixels are kept upright), the size; a preview of the
picture as it was is dropped.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

_MOST_TEXT = 2**20  # bytes of EXIF, XMP and text fields each; more is no remark about a picture
_IN_JPEG = 65_000  # bytes that one of JPEG's markers holds

_EXIF, _GPS, _INTEROP, _THUMBNAIL = 0x8769, 0x8825, 0xA005, 1
_ORIENTATION, _WIDTH, _HEIGHT = 0x0112, 0xA002, 0xA003
# What a TIFF file says of the picture; its other tags say where the pixels lie.
_OF_TIFF = frozenset({270, 271, 272, 305, 306, 315, 316, 33432, *range(40091, 40096)})
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>)\s*)[0-9]""")
_XMP_PREVIEW = re.compile(rb"<xmp:Thumbnails>.*?</xmp:Thumbnails>", re.DOTALL)
_XMP_FIELD = "XML:com.adobe.xmp"
_COMMENT = "Comment"
RESOLUTION = "resolution"
"""How dots per inch are called; the other names here are plurals."""
_HOLDS: Mapping[str, frozenset[str]] = {
    "PNG": frozenset({"EXIF data", "XMP data", RESOLUTION, "text fields"}),
    "JPEG": frozenset({"EXIF data", "XMP data", RESOLUTION, "comment"}),
    "WEBP": frozenset({"EXIF data", "XMP data"}),
    "TIFF": frozenset({"EXIF data", "XMP data", RESOLUTION}),
    "BMP": frozenset({RESOLUTION}),
}


@dataclass(frozen=True)
class About:
    """``exif`` is a TIFF structure without a prefix; ``dpi`` dots per inch across and down; ``texts`` are
    fields by name, a comment being the one named "Comment".
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    texts: tuple[tuple[str, str], ...] = ()


NOTHING = About()
"""Of a file that says nothing."""


def of_pixels(about: About) -> About:
    """What of these data belongs to the picture itself, and stays in one that is saved plain."""
    return About(dpi=about.dpi)


def about_of(image: Image.Image, fields: Mapping[str, str]) -> tuple[About, list[str]]:
    """What a loaded file says, and sentences about what of it is not kept.

    ``fields`` are a PNG's text fields, without those that are this program's own. The size of the picture is
    that of the image after it was turned upright by its orientation.
    """
    lost = []
    exif = None
    try:
        exif = _exif(image)
    except Exception:  # EXIF data are damaged more often than pictures are, and matter less
        lost.append("EXIF data")
    if exif is not None and len(exif) > _MOST_TEXT:
        exif, lost = None, [*lost, "EXIF data"]
    xmp = image.info.get("xmp")
    xmp = fields[_XMP_FIELD].encode("utf-8", "replace") if _XMP_FIELD in fields else xmp
    xmp = xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp
    if not isinstance(xmp, bytes):
        xmp = None
    elif len(xmp) > _MOST_TEXT:
        xmp, lost = None, [*lost, "XMP data"]
    else:
        xmp = _XMP_PREVIEW.sub(b"", _XMP_ORIENTATION.sub(rb"\g<1>1", xmp))
    texts = {name: value for name, value in fields.items() if name != _XMP_FIELD}
    if any(name.startswith("Raw profile type") for name in texts):
        texts = {name: value for name, value in texts.items() if not name.startswith("Raw profile type")}
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        comment = comment.decode("utf-8", "replace")
    if isinstance(comment, str) and comment and _COMMENT not in texts:
        texts[_COMMENT] = comment
    if sum(len(name) + len(value) for name, value in texts.items()) > _MOST_TEXT:
        texts, lost = {}, [*lost, "text fields"]
    if "photoshop" in image.info or "Raw profile type iptc" in fields:
        lost.append("IPTC data")
    notes = [f"Its {' and '.join(lost)} cannot be kept."] if lost else []
    return About(exif, xmp, _dpi(image.info.get("dpi")), tuple(texts.items())), notes


def _exif(image: Image.Image) -> bytes | None:
    """The EXIF data of a file, set right; None where it has none."""
    from PIL import Image

    old = image.getexif()
    made = Image.Exif()
    of_tiff = image.format == "TIFF"
    for tag, value in old.items():
        if tag not in (_EXIF, _GPS, _THUMBNAIL) and (not of_tiff or tag in _OF_TIFF):
            made[tag] = value
    turned = old.get(_ORIENTATION, 1) in (5, 6, 7, 8)
    size = image.size[::-1] if turned and not of_tiff else image.size
    for ifd in (_EXIF, _GPS):
        values = {tag: value for tag, value in old.get_ifd(ifd).items() if tag != _INTEROP}
        if ifd == _EXIF:
            values |= {tag: side for tag, side in zip((_WIDTH, _HEIGHT), size, strict=True) if tag in values}
        if values:
            made.get_ifd(ifd).update(values)
    if _ORIENTATION in made:
        made[_ORIENTATION] = 1
    if not dict(made) and not any(made.get_ifd(ifd) for ifd in (_EXIF, _GPS)):
        return None
    return made.tobytes().removeprefix(b"Exif\0\0")


def _dpi(value: object) -> tuple[float, float] | None:
    try:
        across, down = (float(each) for each in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ArithmeticError):
        return None
    # Of 1, TIFF's way to say nothing, a printer would make nothing.
    sane = all(math.isfinite(each) and 2 <= each <= 30_000 for each in (across, down))
    return (across, down) if sane else None


def write_options(format_name: str, about: About, info: PngInfo | None) -> dict[str, Any]:
    """What Pillow is told so that a file of a format holds these data; ``info`` takes those of a PNG."""
    held = held_by(format_name, about)
    options: dict[str, Any] = {}
    if held.exif is not None:
        options["exif"] = _as_exif(held.exif) if format_name == "TIFF" else b"Exif\0\0" + held.exif
        if format_name == "TIFF" and any(options["exif"].get_ifd(ifd) for ifd in (_EXIF, _GPS)):
            options["compression"] = "raw"  # libtiff, which compresses, cannot write these directories
    if held.dpi is not None:
        options["dpi"] = held.dpi
    if info is not None:
        for name, value in held.texts:
            info.add_itxt(name, value)
        if held.xmp is not None:
            info.add_itxt(_XMP_FIELD, held.xmp.decode("utf-8", "replace"))
    elif held.xmp is not None and format_name == "TIFF":
        exif = options.setdefault("exif", _as_exif(b""))
        exif[700] = held.xmp
    elif held.xmp is not None:
        options["xmp"] = held.xmp
    if format_name == "JPEG" and held.texts:
        options["comment"] = dict(held.texts)[_COMMENT].encode()
    return options


def _as_exif(content: bytes) -> Image.Exif:
    from PIL import Image

    exif = Image.Exif()
    exif.load(content)
    return exif


def held_by(format_name: str, about: About) -> About:
    """What of these data a file of a format can hold."""
    holds = _HOLDS.get(format_name, frozenset())
    most = _IN_JPEG if format_name == "JPEG" else _MOST_TEXT

    def fits(content: bytes | None, what: str) -> bytes | None:
        return content if content is not None and what in holds and len(content) <= most else None

    texts = about.texts if "text fields" in holds else ()
    if "comment" in holds:
        texts = tuple(
            (name, value) for name, value in about.texts if name == _COMMENT and len(value.encode()) <= most
        )
    return replace(
        about,
        exif=fits(about.exif, "EXIF data"),
        xmp=fits(about.xmp, "XMP data"),
        dpi=about.dpi if RESOLUTION in holds else None,
        texts=texts,
    )


def lost_in(format_name: str, about: About) -> list[str]:
    """What of these data a file of a format cannot hold, by name."""
    held = held_by(format_name, about)
    pairs = (
        ("EXIF data", about.exif, held.exif),
        ("XMP data", about.xmp, held.xmp),
        (RESOLUTION, about.dpi, held.dpi),
        ("text fields", about.texts, held.texts),
    )
    return [name for name, there, kept in pairs if there != kept]


def about_values(about: About) -> dict[str, Any]:
    """The data in JSON values; empty for nothing."""
    values: dict[str, Any] = {}
    for name in ("exif", "xmp"):
        if (content := getattr(about, name)) is not None:
            values[name] = base64.b64encode(content).decode("ascii")
    if about.dpi is not None:
        values["dpi"] = list(about.dpi)
    if about.texts:
        values["texts"] = [list(field) for field in about.texts]
    return values


def about_from(values: Mapping[str, Any]) -> About:
    """The data that ``about_values`` made values of. Raises ``ValueError`` for anything else."""
    try:
        exif, xmp = (
            base64.b64decode(values[name], validate=True) if name in values else None
            for name in ("exif", "xmp")
        )
        texts = tuple((str(name), str(value)) for name, value in values.get("texts", ()))
    except (TypeError, binascii.Error) as error:
        raise ValueError("no data about a picture") from error
    return About(exif, xmp, _dpi(values.get("dpi")), texts)
