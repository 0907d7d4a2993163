"""Reading every kind of picture file, refusing the rest in one sentence, and writing masks and pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tools.errors import PictureError
from tools.pictures import read_mask, read_picture, write_mask, write_picture

WIDTH, HEIGHT = 40, 24


def gradient() -> NDArray[np.uint8]:
    """A picture that no turn or flip leaves as it is."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 6, y * 10, np.full_like(x, 90)], axis=2).astype(np.uint8)


def picture() -> Image.Image:
    return Image.fromarray(gradient())


def saved(tmp_path: Path, image: Image.Image, name: str = "in.png", **options: object) -> Path:
    path = tmp_path / name
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def refused(path: Path | str, match: str) -> str:
    with pytest.raises(PictureError, match=match) as error:
        read_picture(path)
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def far(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.abs(first.astype(int) - second).mean())


# Every kind is read


@pytest.mark.parametrize("name", ["in.png", "in.webp", "in.tiff", "in.bmp", "in.ppm", "in.qoi", "in.jp2"])
def test_lossless_files_are_read_exactly(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name == "in.webp" else {}
    read = read_picture(saved(tmp_path, picture(), name, **options))
    assert np.array_equal(read.pixels, gradient())
    assert read.pixels.dtype == np.uint8
    assert read.alpha is None
    assert read.notes == ()


@pytest.mark.parametrize("name", ["in.jpg", "in.avif"])
def test_lossy_files_are_read(tmp_path: Path, name: str) -> None:
    read = read_picture(str(saved(tmp_path, picture(), name, quality=95)))
    assert far(read.pixels, gradient()) < 3
    assert read.notes == ()


def test_the_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    path = saved(tmp_path, picture(), "in.png").rename(tmp_path / "in.jpg")
    assert np.array_equal(read_picture(path).pixels, gradient())


@pytest.mark.parametrize(
    ("mode", "name"),
    [("L", "in.png"), ("1", "in.png"), ("P", "in.png"), ("P", "in.gif"), ("RGBX", "in.tiff")],
)
def test_modes_become_rgb(tmp_path: Path, mode: str, name: str) -> None:
    image = picture().quantize(200) if mode == "P" else picture().convert(mode)
    read = read_picture(saved(tmp_path, image, name))
    assert np.array_equal(read.pixels, np.asarray(image.convert("RGB")))
    assert (read.alpha, read.notes) == (None, ())
    assert read.form.grey == (mode in ("L", "1"))


def in_lab(image: Image.Image) -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert converted is not None
    return converted


@pytest.mark.parametrize(
    "make", [in_lab, lambda image: image.convert("YCbCr"), lambda image: image.convert("CMYK")]
)
def test_other_colour_spaces_become_rgb(tmp_path: Path, make: Callable[[Image.Image], Image.Image]) -> None:
    read = read_picture(saved(tmp_path, make(picture()), "in.tiff"))
    assert far(read.pixels, gradient()) < 3
    assert read.alpha is None


def test_cmyk_jpeg_is_read_and_told(tmp_path: Path) -> None:
    read = read_picture(saved(tmp_path, picture().convert("CMYK"), "in.jpg", quality=95, subsampling=0))
    assert far(read.pixels, gradient()) < 4
    assert read.notes == ("Its CMYK colours were converted to RGB.",)


@pytest.mark.parametrize("name", ["in.png", "in.tiff", "in.pgm"])
def test_sixteen_bits_of_grey_are_shown_in_eight_and_kept(tmp_path: Path, name: str) -> None:
    grey = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint16)
    read = read_picture(saved(tmp_path, Image.fromarray(grey), name))
    assert np.array_equal(read.pixels[..., 1], np.rint(grey / 257.0).astype(np.uint8))
    assert read.notes == ()
    assert read.form.own is not None
    assert np.array_equal(read.form.own, grey)


def png(
    width: int, height: int, depth: int, colour_type: int, rows: bytes, *more: tuple[bytes, bytes]
) -> bytes:
    """A PNG file, put together by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


@pytest.mark.parametrize(("colour_type", "alpha"), [(2, None), (6, 128)])
def test_sixteen_bits_of_colour_are_scaled(tmp_path: Path, colour_type: int, alpha: int | None) -> None:
    values = (0xFFFF, 0x8080, 0x0000) if alpha is None else (0xFFFF, 0x8080, 0x0000, 0x8080)
    row = b"\0" + struct.pack(f">{len(values)}H", *values) * 20
    path = tmp_path / "in.png"
    path.write_bytes(png(20, 20, 16, colour_type, row * 20))
    read = read_picture(path)
    assert read.pixels[3, 3].tolist() == [255, 128, 0]
    assert (None if read.alpha is None else int(read.alpha[3, 3])) == alpha
    assert read.notes == ("Its values were scaled to 8 bits.",)


def test_sixteen_bit_grey_with_a_transparent_value(tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">2H", 0x1234, 0xFFFF) * 10
    path = tmp_path / "in.png"
    path.write_bytes(png(20, 20, 16, 0, row * 20, (b"tRNS", struct.pack(">H", 0x1234))))
    read = read_picture(path)
    assert read.alpha is not None
    assert read.alpha[0, :4].tolist() == [0, 255, 0, 255]
    assert read.pixels[0, 1].tolist() == [255, 255, 255]


def test_real_values_are_shares_of_white(tmp_path: Path) -> None:
    values = np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))
    values[0, 0] = np.nan
    read = read_picture(saved(tmp_path, Image.fromarray(values), "in.tiff"))
    assert read.pixels[1, :, 0].tolist() == np.rint(values[1] * 255).astype(int).tolist()
    assert read.pixels[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("mode", "name"), [("RGBA", "in.png"), ("LA", "in.png"), ("RGBA", "in.webp"), ("RGBA", "in.tiff")]
)
def test_alpha_is_kept_apart(tmp_path: Path, mode: str, name: str) -> None:
    alpha = np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    image = picture().convert(mode[:-1])
    expected = np.asarray(image.convert("RGB"))
    image.putalpha(Image.fromarray(alpha))
    options = {"lossless": True, "exact": True} if name == "in.webp" else {}
    read = read_picture(saved(tmp_path, image, name, **options))
    assert read.alpha is not None
    assert np.array_equal(read.alpha, alpha)
    assert np.array_equal(read.pixels, expected)


def test_a_palette_keeps_its_transparency(tmp_path: Path) -> None:
    image = picture().quantize(16)
    corner = image.getpixel((0, 0))
    read = read_picture(saved(tmp_path, image, "in.png", transparency=corner))
    indices = np.asarray(image)
    assert read.alpha is not None
    assert np.array_equal(read.alpha == 0, indices == corner)
    assert np.array_equal(read.pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_one_transparent_colour_becomes_alpha(tmp_path: Path, mode: str) -> None:
    image = picture().convert(mode)
    colour = image.getpixel((0, 0))
    read = read_picture(saved(tmp_path, image, "in.png", transparency=colour))
    assert read.alpha is not None
    assert np.array_equal(
        read.alpha == 0, (np.asarray(image.convert("RGB")) == read.pixels[0, 0]).all(axis=2)
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["in.jpg", "in.png", "in.tiff", "in.webp"])
def test_exif_turns_the_picture_upright(tmp_path: Path, name: str, orientation: int) -> None:
    # What a camera stores so that its orientation tag turns it back into the gradient.
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
            6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    image = picture()
    if orientation in undo:
        image = image.transpose(Image.Transpose[undo[orientation]])
    exif = Image.Exif()
    exif[0x0112] = orientation
    quality = {"quality": 95, "subsampling": 0} if name == "in.jpg" else {}
    lossless = {"lossless": True} if name == "in.webp" else {}
    read = read_picture(saved(tmp_path, image, name, exif=exif, **quality, **lossless))
    assert read.pixels.shape == (HEIGHT, WIDTH, 3)
    assert far(read.pixels, gradient()) < (3 if name == "in.jpg" else 0.01)
    assert read.notes == (() if orientation == 1 else ("It was turned upright, as its EXIF data say.",))


def test_damaged_exif_data_do_no_harm(tmp_path: Path) -> None:
    path = saved(tmp_path, picture(), "in.jpg", quality=95, exif=b"Exif\0\0MM\0*\0\0\xff\xffgarbage")
    assert far(read_picture(path).pixels, gradient()) < 3


@pytest.mark.parametrize("name", ["in.gif", "in.webp", "in.png"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, name: str) -> None:
    others = [Image.new("RGB", (WIDTH, HEIGHT), (255, 0, shade)) for shade in (0, 100)]
    options = {"lossless": True} if name == "in.webp" else {}
    read = read_picture(saved(tmp_path, picture(), name, save_all=True, append_images=others, **options))
    assert far(read.pixels, gradient()) < (25 if name == "in.gif" else 0.01)
    assert read.notes == ("It is animated; its first frame is used.",)


def test_an_animation_that_breaks_off_still_has_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (WIDTH, HEIGHT), (255, 0, shade)) for shade in (50, 100, 150)]
    path = saved(tmp_path, frames[0], "in.gif", save_all=True, append_images=frames[1:])
    path.write_bytes(path.read_bytes()[:-25])
    assert far(read_picture(path).pixels, np.asarray(frames[0])) < 3


def test_pages_give_the_first_one(tmp_path: Path) -> None:
    path = saved(tmp_path, picture(), "in.tiff", save_all=True, append_images=[picture().rotate(90)])
    read = read_picture(path)
    assert np.array_equal(read.pixels, gradient())
    assert read.notes == ("It has several pages; the first one is used.",)


def profile(*, gamma: float) -> bytes:
    """An ICC profile with sRGB's primaries and another tone curve: sRGB's own with its curves replaced."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    for tag in range(count):
        name, offset, size = struct.unpack(">4sII", data[132 + 12 * tag : 144 + 12 * tag])
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))
            data[offset : offset + size] = curve.ljust(size, b"\0")
        if name == b"desc":  # no longer its name
            data[offset : offset + size] = bytes(data[offset : offset + size]).replace(
                b"s\0R\0G\0B", b"x\0Y\0Z\0Q"
            )
    return bytes(data)


def test_a_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    flat = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    read = read_picture(saved(tmp_path, flat, icc_profile=profile(gamma=1.0)))
    # Linear 128/255 is 188 in sRGB.
    assert np.abs(read.pixels.astype(int) - 188).max() <= 1
    assert read.notes == ()
    assert read.form.profile == profile(gamma=1.0)
    assert read.form.own is not None
    assert np.array_equal(read.form.own, np.asarray(flat))


def test_a_profile_of_other_colours_is_dropped(tmp_path: Path) -> None:
    data = Image.new("CMYK", (WIDTH, HEIGHT), (10, 20, 30, 40))
    read = read_picture(saved(tmp_path, data, "in.tiff", icc_profile=profile(gamma=1.0)))
    assert (read.form.own, read.form.profile, read.form.grey) == (None, None, False)
    assert read.notes == (
        "Its CMYK colours were converted to RGB.",
        "Its colour profile is for RGB colours, and it has CMYK ones, so the profile was ignored.",
    )


@pytest.mark.parametrize("kind", ["sRGB", "damaged", "of another colour space"])
def test_a_profile_that_has_nothing_to_say_leaves_the_pixels_alone(tmp_path: Path, kind: str) -> None:
    profiles = {
        "sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "damaged": b"not a profile",
        "of another colour space": ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    }
    read = read_picture(saved(tmp_path, picture(), icc_profile=profiles[kind]))
    assert np.array_equal(read.pixels, gradient())
    said = {"damaged": "is damaged", "of another colour space": "is for Lab colours"}.get(kind)
    assert [said in note for note in read.notes] == ([True] if said else [])  # type: ignore[operator]


def test_a_large_photo_keeps_its_pixels(tmp_path: Path) -> None:
    pixels = np.zeros((3024, 4032, 3), dtype=np.uint8)
    pixels[1000:2000, 500:3000] = (200, 10, 30)
    path = saved(tmp_path, Image.fromarray(pixels), compress_level=1)
    assert np.array_equal(read_picture(path).pixels, pixels)


# What is refused


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, "There is no file"),
        (b"", "is empty"),
        (b"hello, I am a letter\n" * 20, "is not a picture that can be read"),
        (b"\0" * 1000, "is not a picture that can be read"),
        (b"\x89PNG\r\n\x1a\n", "is not a picture|is damaged"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100, "HEIC picture.*save it as JPEG"),
        (b"%PDF-1.7\n" + b"x" * 100, "PDF document"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', "SVG drawing"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "is not a picture that can be read"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes | None, match: str) -> None:
    path = tmp_path / "in.png"
    if content is not None:
        path.write_bytes(content)
    refused(path, match)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "is a folder")


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 5000 + ".png"])
def test_an_impossible_name_is_refused(name: str) -> None:
    refused(name, "There is no file|is not a valid file name")


@pytest.mark.parametrize(
    "name", ["in.png", "in.jpg", "in.webp", "in.tiff", "in.bmp", "in.gif", "in.jp2", "in.avif"]
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path, "is damaged or incomplete|is not a picture that can be read")


@pytest.mark.parametrize("name", ["in.png", "in.jpg", "in.webp", "in.tiff", "in.gif", "in.bmp"])
def test_damage_anywhere_gives_a_picture_or_a_sentence(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, picture(), name)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refusals = 0
    for _ in range(60):
        hit = bytearray(whole)
        for place in rng.integers(0, len(hit), 3):
            hit[place] = rng.integers(0, 256)
        path.write_bytes(hit)
        try:
            read = read_picture(path)
        except PictureError as error:
            refusals += 1
            assert str(error).endswith(".")  # noqa: PT017 - either outcome is right
        else:
            assert read.pixels.ndim == 3
    assert refusals


def bitmap(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IIIIiiHHIIiiII", 200, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + b"\0" * 99
    )


@pytest.mark.parametrize(
    ("width", "height"), [(60000, 60000), (30001, 16), (16, 30001), (14143, 14143), (2**31 - 1, 2**31 - 1)]
)
@pytest.mark.parametrize("make", [lambda w, h: png(w, h, 8, 2, b"\0" * 99), bitmap])
def test_a_huge_picture_is_refused_before_it_is_decoded(
    tmp_path: Path, make: Callable[[int, int], bytes], width: int, height: int
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(make(width, height))
    assert f"{width}x{height}" in refused(path, "is too large")


@pytest.mark.parametrize("size", [(15, 400), (400, 15), (1, 1)])
def test_a_tiny_picture_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    assert f"{size[0]}x{size[1]}" in refused(saved(tmp_path, Image.new("RGB", size)), "is too small")


def test_the_smallest_picture_is_read(tmp_path: Path) -> None:
    assert read_picture(saved(tmp_path, Image.new("RGB", (16, 16)))).pixels.shape == (16, 16, 3)


def test_pillows_own_limit_is_left_as_it_was(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    read_picture(saved(tmp_path, picture()))
    refused(tmp_path / "none.png", "There is no file")
    assert before == Image.MAX_IMAGE_PIXELS


# Masks


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_a_mask_of_any_mode_is_read(tmp_path: Path, mode: str) -> None:
    mask = np.random.default_rng(0).random((HEIGHT, WIDTH)) > 0.5
    if mode == "I;16":
        image = Image.fromarray(mask.astype(np.uint16) * np.uint16(65535))
    else:
        image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).convert(mode)
    assert np.array_equal(read_mask(saved(tmp_path, image), (WIDTH, HEIGHT)), mask)


def test_a_mask_begins_at_128(tmp_path: Path) -> None:
    grey = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    grey[0, :4] = (127, 128, 129, 255)
    mask = read_mask(saved(tmp_path, Image.fromarray(grey)), (WIDTH, HEIGHT))
    assert mask[0, :5].tolist() == [False, True, True, True, False]
    assert mask.sum() == 3


def test_white_on_transparent_is_a_mask_too(tmp_path: Path) -> None:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (3, 4, 10, 12))
    mask = read_mask(saved(tmp_path, image), (WIDTH, HEIGHT))
    assert mask.sum() == 7 * 8
    assert mask[4:12, 3:10].all()


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("L", (30, 20)), "mask.png")
    with pytest.raises(PictureError, match=r"mask\.png has 30x20 pixels and the picture 40x24") as error:
        read_mask(path, (WIDTH, HEIGHT))
    assert str(error.value).endswith(".")


def test_a_mask_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="There is no file"):
        read_mask(tmp_path / "mask.png", (WIDTH, HEIGHT))


def test_a_mask_is_written_as_0_and_255(tmp_path: Path) -> None:
    mask = np.random.default_rng(0).random((HEIGHT, WIDTH)) > 0.5
    path = write_mask(tmp_path / "mask.png", mask)
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (WIDTH, HEIGHT))
        assert set(np.unique(np.asarray(image))) == {0, 255}
    assert np.array_equal(read_mask(path, (WIDTH, HEIGHT)), mask)


@pytest.mark.parametrize(
    ("name", "match"), [("mask.jpg", r"must end in \.png"), ("no/mask.png", "There is no folder")]
)
def test_a_mask_that_cannot_be_written_is_told(tmp_path: Path, name: str, match: str) -> None:
    with pytest.raises(PictureError, match=match):
        write_mask(tmp_path / name, np.zeros((20, 20), dtype=bool))


# Writing


def test_a_written_picture_reads_back(tmp_path: Path) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    path = write_picture(tmp_path / "out.png", gradient(), alpha, {"inpalla": '{"größe": 1}'})
    read = read_picture(path)
    assert path.is_absolute()
    assert read.alpha is not None
    assert np.array_equal(read.pixels, gradient())
    assert np.array_equal(read.alpha, alpha)
    with Image.open(path) as image:
        assert image.info["inpalla"] == '{"größe": 1}'


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    for name, match in (("out.xyz", "must end in one of"), ("none/out.png", "There is no folder")):
        with pytest.raises(PictureError, match=match):
            write_picture(tmp_path / name, gradient())
    assert list(tmp_path.iterdir()) == []
