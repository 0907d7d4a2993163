"""Reading any picture file as plain RGB pixels, reading masks, and writing both.

What comes out of ``read_picture`` is what a viewer would show: upright, 8 bits, sRGB, the first frame; and
the ``form`` of the file, by which a picture made from it is saved like it. What neither holds was changed for
good, and is told in ``notes``. A file's size is checked before its pixels are
decoded. Errors are ``tools.errors.PictureError``, one sentence each.
"""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from sessions import png
from sessions.errors import SessionError
from sessions.file_format import PLAIN, Form, in_profile, save_like
from sessions.files import reason, save_picture
from sessions.metadata import NOTHING, About, about_of
from sessions.openraster import is_openraster, merged
from sessions.pictures import values_of
from sessions.recipes import TEXT_FIELDS
from tools import colour_profiles
from tools.errors import PictureError

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 200_000_000
MAX_SIDE = 30_000
MIN_SIDE = 16

# Formats with a clear signature only. Of the others that Pillow knows, some run other programs (EPS) and some
# take nearly any file for a picture (TGA).
_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "DIB", "GIF", "AVIF", "JPEG2000", "PPM", "QOI")
_READABLE = "PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF and OpenRaster"
_SIGNATURES = (
    (b"%PDF-", "a PDF document: save its page as PNG first"),
    (b"<svg", "an SVG drawing: save it as PNG first"),
)
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_SPACES = {"RGB": "RGB", "GRAY": "grey", "CMYK": "CMYK", "Lab": "Lab", "XYZ": "XYZ"}
"""Colours that profiles are for, by their names there."""
_SCALED = "Its values were scaled to 8 bits."
_HEIF_BRANDS = frozenset(
    (
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"hevm",
        b"hevs",
        b"mif1",
        b"mif2",
        b"msf1",
        b"miaf",
    )
)
_HEIF = (
    "a HEIC picture, which cannot be read here: save it as JPEG or PNG first, or `pip install pillow-heif`"
)
_MOST_PROFILE = 32 * 2**20  # bytes
_MOST_TEXT = 4 * 2**20
_PLAINLY_PACKED = frozenset({"PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "PPM", "QOI"})
_SINGLE = frozenset({"JPEG", "BMP", "DIB", "PPM", "QOI", "JPEG2000"})  # of one frame
_SMALL = 16_000_000  # pixels
_BYTES = 22  # a pixel, of memory, from reading to saving
_DENSEST = 10_000  # pixels a byte, of those formats; 8256 are the most that PNG manages
_SEEN = 16  # of 255: what is less opaque than this is not seen
_ADOBE_RGB = "R03"  # the DCF's option file, as cameras mark it in the EXIF data

_pillow_settings = threading.Lock()


@dataclass(frozen=True, eq=False)
class ReadPicture:
    """A picture as it was read: ``pixels`` uint8 RGB (H, W, 3), ``alpha`` uint8 (H, W) if it has any.

    ``notes`` are sentences about what had to be changed to get there, and about what will be; ``form`` is
    what the file was like besides.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()
    form: Form = PLAIN


def read_picture(path: str | Path) -> ReadPicture:
    """Read a picture file of whatever mode.

    Raises ``PictureError`` when it is missing, a folder, empty, damaged or no picture, when it is larger than
    200 megapixels or 30,000 pixels a side, and when a side is shorter than 16 pixels.
    """
    path = existing(path)
    if is_openraster(path):
        with _merged(path) as picture:
            return read_picture(picture)
    decoded = _decoded(path)
    image, notes = decoded.image, decoded.notes
    plain = _eight_bits(image)
    if plain.mode == "CMYK":
        notes.append("Its CMYK colours were converted to RGB.")
    alpha = None
    if plain.mode in ("LA", "RGBA"):
        alpha = values_of(plain.getchannel("A"))
        plain = plain.convert(plain.mode[:-1])
    own: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    if alpha is None and (deep := _sixteen_bits(image)) is not None:
        own = deep
    elif image.mode[0] in "IF":
        notes.append(_SCALED)
    grey = plain.mode == "L"
    profile = decoded.profile(grey=grey)
    if profile is not None and (converted := colour_profiles.converted(plain, profile)) is not None:
        if converted is not plain and _leads_back(profile, grey=grey):
            own = np.array(plain) if own is None else own
        elif converted is not plain:
            notes.append("Its colours were converted to sRGB by its ICC profile.")
            own = profile = None
        plain = converted
    elif profile is not None:
        notes += _unused(profile, plain.mode)
        profile = None
    pixels = values_of(_rgb(plain))
    height, width = pixels.shape[:2]
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"{path.name} is too small: {width}x{height} pixels, and a side must have at least {MIN_SIDE}."
        )
    return ReadPicture(pixels, alpha, tuple(notes), Form(grey, own, profile, decoded.about))


_COLOURED = 24
"""Levels between a pixel's channels from which on it has a colour."""


def read_mask(path: str | Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask for a picture of ``size`` (width, height): bool (H, W), True where it is 128 or brighter.

    Transparent parts count as dark. Raises ``PictureError`` when it cannot be read, has another size, or is
    no mask: coloured, or grey for the most part.
    """
    path = existing(path)
    plain = _eight_bits(_decoded(path).image)
    if plain.size != tuple(size):
        turned = ""
        if plain.size == tuple(size)[::-1]:
            turned = " (a picture is turned upright as its EXIF data say, and its mask must be, too)"
        raise PictureError(
            f"The mask {path.name} has {plain.width}x{plain.height} pixels and the picture"
            f" {size[0]}x{size[1]}{turned}: they must be the same."
        )
    colours = np.asarray(_rgb(plain))
    spread = colours.max(axis=-1) - colours.min(axis=-1)
    light = np.array(_rgb(plain).convert("L"), dtype=np.uint16)
    if (spread > _COLOURED).mean() > 0.05 or ((light > 16) & (light < 240)).mean() > 0.4:
        raise PictureError(
            f"{path.name} looks like a picture and not like a mask: a mask is white where the picture should"
            " change and black elsewhere."
        )
    if plain.mode in ("LA", "RGBA"):
        light = light * np.array(plain.getchannel("A"), dtype=np.uint16) // 255
    mask: NDArray[np.bool_] = light >= 128
    return mask


def is_hidden(alpha: NDArray[np.uint8] | None, mask: NDArray[np.bool_]) -> bool:
    """Whether next to nothing (5 %) of what a mask, bool (H, W), marks is seen under an alpha, uint8."""
    if alpha is None or not mask.any():
        return False
    return bool(np.count_nonzero(alpha[mask] >= _SEEN) < 0.05 * np.count_nonzero(mask))


def write_mask(path: str | Path, mask: NDArray[np.bool_]) -> Path:
    """Save a bool mask (H, W) as an 8-bit grey PNG of 0 and 255, atomically; return the absolute path."""
    if Path(path).suffix.lower() != ".png":
        raise PictureError(f"A mask is saved as PNG, so {Path(path).name} must end in .png.")
    try:
        return save_picture(path, mask.astype(np.uint8) * np.uint8(255))
    except SessionError as error:
        raise PictureError(str(error)) from error


def write_picture(
    path: str | Path,
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None = None,
    metadata: Mapping[str, str] | None = None,
    *,
    like: ReadPicture | None = None,
    plain: bool = False,
) -> Path:
    """Save a picture, uint8 (H, W, 3), in the format of the suffix, atomically; return the absolute path.

    ``alpha``, uint8 (H, W), and ``metadata`` are kept where the format can hold them. ``like`` is the picture
    that it was made from, whose form it gets. ``plain`` leaves out all that is not the picture. Raises
    ``PictureError``.
    """
    form, base = (PLAIN, pixels) if like is None else (like.form, like.pixels)
    try:
        return save_like(path, form, base, pixels, alpha, metadata, plain=plain)
    except SessionError as error:
        raise PictureError(str(error)) from error


def existing(path: str | Path) -> Path:
    """The path of a file that is there and has content. Raises ``PictureError`` for any other."""
    path = Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own fails for unknown users
    try:
        if path.is_dir():
            raise PictureError(f"{path} is a folder, not a picture.")
        if not path.exists():
            raise PictureError(f"There is no file {path}: check the name.")
        if not path.is_file():
            raise PictureError(f"{path} is not a picture file.")
        if path.stat().st_size == 0:
            raise PictureError(f"{path.name} is empty: there is no picture in it.")
    except PermissionError as error:
        raise PictureError(f"{path} cannot be read: {reason(error)}.") from error
    except (OSError, ValueError) as error:
        raise PictureError(f"{str(path)[:80]!r} is not a valid file name here.") from error
    return path


@contextmanager
def _merged(path: Path) -> Iterator[Path]:
    """The picture in an OpenRaster file as a PNG of its own, under the same name."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / f"{path.name}.png"
        try:
            picture.write_bytes(merged(path))
        except SessionError as error:
            raise PictureError(str(error)) from error
        yield picture


@dataclass(frozen=True, eq=False)
class _Decoded:
    """The first frame of a file, upright; remarks; what else the file says. ``colours`` are the chunks of a
    PNG that say what its colours mean, ``adobe`` whether a camera marked the file as Adobe RGB.
    """

    image: Image.Image
    notes: list[str]
    about: About = NOTHING
    colours: Mapping[bytes, bytes] = field(default_factory=dict)
    adobe: bool = False

    def profile(self, *, grey: bool) -> bytes | None:
        """The profile that the file's colours follow; None for sRGB, and where the file says nothing.

        A PNG's code points (cICP) go before its profile (iCCP), that before sRGB, and that before gAMA and
        cHRM, as its specification has it.
        """
        if (points := self.colours.get(b"cICP")) is not None and len(points) == 4:
            try:
                return colour_profiles.of_code_points(points[0], points[1], grey=grey)
            except ValueError:
                self.notes.append("Its colour space is unknown; sRGB is assumed.")
        packed = self.colours.get(b"iCCP")
        if packed is not None:
            # Pillow refuses profiles of more than a megabyte.
            whole = png.inflated(packed.partition(b"\0")[2][1:], _MOST_PROFILE)
            if whole is not None:
                return whole
        embedded = self.image.info.get("icc_profile")
        if isinstance(embedded, bytes) and embedded:
            return embedded
        if b"sRGB" in self.colours:
            return None
        if self.adobe and not grey:
            return colour_profiles.make(colour_profiles.ADOBE, 2.2)
        gamma, primaries = self.colours.get(b"gAMA", b""), self.colours.get(b"cHRM", b"")
        places = [int.from_bytes(primaries[at : at + 4], "big") / 1e5 for at in range(0, len(primaries), 4)]
        return colour_profiles.of_png(
            int.from_bytes(gamma, "big") / 1e5 if len(gamma) == 4 else None,
            cast(colour_profiles.Primaries, tuple(places)) if len(places) == 8 else None,
            grey=grey,
        )


def _decoded(path: Path) -> _Decoded:
    """Decode a picture file; its size is checked before its pixels are."""
    from PIL import Image, UnidentifiedImageError

    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    if _is_heif(path) and _can_read_heif():
        formats.append("HEIF")
    with _pillow_limits(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those about odd metadata help nobody
        try:
            with Image.open(path, formats=formats) as image:
                _check_size(path, image.format, image.size)
                return _first_frame(path, image)
        except PictureError:
            raise
        except UnidentifiedImageError as error:
            raise PictureError(_unknown(path)) from error
        except PermissionError as error:
            raise PictureError(f"{path} cannot be read: {reason(error)}.") from error
        except MemoryError as error:
            raise PictureError(f"{path.name} is too large for this machine's memory.") from error
        except Exception as error:  # a decoder fed with damaged bytes may raise nearly anything
            raise PictureError(f"{path.name} is damaged or incomplete and cannot be read.") from error


@contextmanager
def _pillow_limits() -> Iterator[None]:
    """Pillow with limits of our own: pixels are checked with the size at hand, before they are decoded, and
    profiles and texts may be larger than a megabyte, which many are.
    """
    from PIL import Image, PngImagePlugin

    with _pillow_settings:
        before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
        Image.MAX_IMAGE_PIXELS = None
        PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = _MOST_PROFILE, 8 * _MOST_PROFILE
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = before


def _first_frame(path: Path, image: ImageFile) -> _Decoded:
    from PIL import Image

    notes = []
    raw = [str(tile[3]) for tile in image.tile]
    deep = image.mode[0] in "IF" or any(";16" in each for each in raw)
    # Pillow has no mode for 16 bits of grey with alpha, and gives three equal channels instead.
    grey = any(each.startswith("LA;16") for each in raw)
    # TIFF turns itself upright while it loads and forgets the tag; PNG may have it after its pixels.
    turned = _orientation(image) != 1
    fields, colours = {}, {}
    if image.format == "PNG":
        with path.open("rb") as file:
            found = png.text_fields(file, _MOST_TEXT)
            fields = {name: value for name, value in found.items() if name not in TEXT_FIELDS}
        with path.open("rb") as file:
            kinds = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
            colours = dict(png.chunks(file, kinds, _MOST_PROFILE))
    image.load()
    orientation = _orientation(image)
    upright: Image.Image = image
    if orientation in _TURNS:
        upright = image.transpose(Image.Transpose[_TURNS[orientation]])
    if turned or orientation in _TURNS:
        notes.append("It was turned upright, as its EXIF data say.")
    if deep and image.mode[0] not in "IF":
        notes.append(_SCALED)  # by the reader; of what it leaves as it is, more is kept
    about, lost = about_of(image, fields)
    adobe = _is_adobe_rgb(image)
    if upright is image and image.format not in _SINGLE:
        upright = image.copy()  # looking for further frames may disturb the one that is loaded
    if grey and upright.mode == "RGBA":
        upright = upright.convert("LA")
    try:
        # A JPEG of several pictures (MPO) has a preview or a depth map beside the picture, and no animation.
        several = bool(getattr(image, "is_animated", False)) and image.format != "MPO"
    except Exception:  # a later frame is damaged; the first one is not
        several = True
    if several:
        paged = image.format in ("TIFF", "HEIF")
        notes.append(
            "It has several pages; the first one is used."
            if paged
            else "It is animated; its first frame is used."
        )
    return _Decoded(upright, [*notes, *lost], about, colours, adobe)


def _is_adobe_rgb(image: Image.Image) -> bool:
    """Whether a camera marked a picture as Adobe RGB without giving it a profile."""
    try:
        mark = image.getexif().get_ifd(0xA005).get(1)
        return str(mark).strip("\0 ") == _ADOBE_RGB
    except Exception:  # see ``_orientation``
        return False


def _is_heif(path: Path) -> bool:
    """Whether a file is one of the HEIF family that is no AVIF, of whatever brand."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return False
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
    return head[4:8] == b"ftyp" and bool(brands & _HEIF_BRANDS) and not brands & {b"avif", b"avis"}


def _can_read_heif() -> bool:
    """Whether pillow-heif is installed, a package that is not needed otherwise."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _orientation(image: Image.Image) -> int:
    """How the EXIF data say that the pixels lie, 1 (upright) to 8; 1 where they say nothing readable."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # EXIF data are damaged more often than pictures are, and matter less
        return 1
    return orientation if orientation in _TURNS else 1


def _check_size(path: Path, name: str | None, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS or max(size) > MAX_SIDE:
        raise PictureError(
            f"{path.name} is too large: {width}x{height} pixels; at most {MAX_PIXELS // 10**6} megapixels"
            f" and {MAX_SIDE} pixels a side can be edited."
        )
    # A few bytes may claim any size, and some decoders fill in what is missing. (WebP, AVIF and TIFF can
    # really pack a flat picture of any size into a few bytes.)
    most = _DENSEST * path.stat().st_size if name in _PLAINLY_PACKED else MAX_PIXELS
    if width * height > max(_SMALL, most):
        raise PictureError(f"{path.name} is damaged: it claims {width}x{height} pixels, and is too short.")
    if width * height > _SMALL:
        # A system that is out of memory does not say so: it ends programs.
        import psutil  # type: ignore[import-untyped]

        needed, free = width * height * _BYTES, int(psutil.virtual_memory().available)
        if needed > free:
            raise PictureError(
                f"{path.name} is too large for this machine now: {width}x{height} pixels take about"
                f" {needed / 1e9:.1f} GB of memory to edit, and {free / 1e9:.1f} GB are free."
            )


def _unknown(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    if _is_heif(path):
        return f"{path.name} is {_HEIF}."
    for signature, what in _SIGNATURES:
        if signature in head:
            return f"{path.name} is {what}."
    return f"{path.name} is not a picture that can be read ({_READABLE} can)."


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture in one of the modes L, LA, RGB, RGBA, CMYK and LAB."""
    mode = image.mode
    if mode[0] in "IF":
        return _scaled(image)
    if image.has_transparency_data:
        return image.convert("LA" if mode in ("1", "L", "LA", "La") else "RGBA")
    if mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if mode == "1" else "RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """A grey picture of 16-bit, 32-bit or real values in 8 bits; its transparent value becomes alpha."""
    from PIL import Image

    values = np.nan_to_num(np.asarray(image).astype(np.float32), posinf=0.0, neginf=0.0)
    # Real values are shares of 1 by custom. A wider range than the mode's usual one is taken as it comes.
    usual = (1.0, 255.0) if image.mode == "F" else (65535.0,)
    top = next((white for white in usual if values.max() <= white), float(values.max()))
    grey = Image.fromarray(np.rint(np.clip(values / top, 0.0, 1.0) * 255.0).astype(np.uint8))
    hole = image.info.get("transparency")
    if not isinstance(hole, int):
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.where(values == hole, 0, 255).astype(np.uint8))))


def _sixteen_bits(image: Image.Image) -> NDArray[np.uint16] | None:
    """The values of a grey picture of 16 bits, uint16 (H, W); None for any other."""
    if image.mode[0] != "I":
        return None
    values = np.asarray(image)
    return values.astype(np.uint16) if values.min() >= 0 and values.max() <= 65535 else None


def _leads_back(profile: bytes, *, grey: bool) -> bool:
    """Whether sRGB can be converted to a profile's colours: they must be of the mode that is saved, and a
    profile need not know the way.
    """
    if not colour_profiles.is_of(profile, "L" if grey else "RGB"):
        return False
    try:
        in_profile(np.zeros((1, 1) if grey else (1, 1, 3), np.uint8), profile)
    except ValueError:
        return False
    return True


def _unused(profile: bytes, mode: str) -> list[str]:
    """What to say of a profile by which the colours of a picture of a Pillow mode cannot be read."""
    opened = colour_profiles.read(profile)
    if opened is None or colour_profiles.is_of(profile, mode):
        return ["Its colour profile is damaged, so it was ignored."]
    if mode == "L" and colour_profiles.is_srgb(profile):
        return []  # it says of grey what is taken for granted
    colours, own = (_SPACES.get(name, "other") for name in (opened[1], colour_profiles.SPACES[mode]))
    return [
        f"Its colour profile is for {colours} colours, and it has {own} ones, so the profile was ignored."
    ]


def _rgb(image: Image.Image) -> Image.Image:
    """One of the modes of ``_eight_bits`` as RGB, without its alpha."""
    from PIL import ImageCms

    if image.mode == "RGB":
        return image  # ``convert`` would make a copy
    if image.mode != "LAB":
        return image.convert("RGB")
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # it is None only where it works in place
    return converted
