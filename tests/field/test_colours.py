"""Colours and forms are what a file means: profiles by what they do, gamma and primaries, 16 bits, EXIF."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import sys
import types
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from agent.cli import main
from sessions import Sessions, png
from tests.support import colour_engines
from tests.support.colour_engines import room
from tests.support.command_line import Run
from tools import colour_profiles as profiles
from tools.errors import PictureError
from tools.pictures import read_picture, write_mask, write_picture

Pixels = NDArray[np.uint8]


def grey_ramp() -> Pixels:
    """Every grey, in a picture of 64 by 64."""
    return np.stack((np.tile(np.arange(256, dtype=np.uint8), 16).reshape(64, 64),) * 3, axis=-1)


def linear_to_srgb(values: Pixels) -> NDArray[np.float64]:
    light = values / 255
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def with_chunk(path: Path, kind: bytes, content: bytes) -> Path:
    """A PNG with a chunk more, before its pixels."""
    data = path.read_bytes()
    chunk = struct.pack(">I", len(content)) + kind + content
    chunk += struct.pack(">I", zlib.crc32(kind + content))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


def renamed(profile: bytes, name: str) -> bytes:
    """A profile of ours with other words in its description, of the same length."""
    old = b"made from the file's own values"
    assert old in profile
    return profile.replace(old, name.encode().ljust(len(old))[: len(old)])


def made(primaries: profiles.Primaries, gamma: float | None) -> bytes:
    profile = profiles.make(primaries, gamma)
    assert profile is not None
    return profile


def littlecms(space: str) -> bytes:
    """A profile that LittleCMS makes."""
    profile = ImageCms.createProfile(space)  # type: ignore[arg-type]
    return ImageCms.ImageCmsProfile(profile).tobytes()


def saved(path: Path, pixels: Pixels | None = None, **options: object) -> Path:
    Image.fromarray(grey_ramp() if pixels is None else pixels).save(path, **options)  # type: ignore[arg-type]
    return path


LINEAR = linear_to_srgb(grey_ramp())
SAME = grey_ramp().astype(np.float64)


@pytest.mark.parametrize(
    ("make", "meant"),
    [
        # A linear profile that calls itself sRGB; a real sRGB that calls itself something else.
        (lambda p: saved(p, icc_profile=renamed(made(profiles.SRGB, 1.0), "sRGB IEC61966-2.1")), LINEAR),
        (lambda p: saved(p, icc_profile=renamed(made(profiles.SRGB, None), "Camera RGB")), SAME),
        (lambda p: saved(p, icc_profile=littlecms("sRGB")), SAME),
        # The same said by gAMA, by code points, and by a profile of more than a megabyte.
        (lambda p: with_chunk(saved(p), b"gAMA", struct.pack(">I", 100000)), LINEAR),
        (lambda p: with_chunk(saved(p), b"gAMA", struct.pack(">I", 45455)), SAME),
        (lambda p: with_chunk(saved(p), b"gAMA", struct.pack(">I", 0)), SAME),
        (lambda p: with_chunk(saved(p), b"cICP", bytes((1, 8, 0, 1))), LINEAR),
        (lambda p: with_chunk(saved(p), b"cICP", bytes((1, 13, 0, 1))), SAME),
        (lambda p: with_chunk(saved(p), b"cICP", bytes((9, 16, 0, 1))), SAME),  # and it says so
        (lambda p: saved(p, icc_profile=made(profiles.SRGB, 1.0) + bytes(1_300_000)), LINEAR),
        # sRGB goes before gAMA; a damaged profile costs nothing but itself.
        (
            lambda p: with_chunk(with_chunk(saved(p), b"gAMA", struct.pack(">I", 100000)), b"sRGB", b"\0"),
            SAME,
        ),
        (lambda p: saved(p, icc_profile=made(profiles.SRGB, 1.0)[:90]), SAME),
        (lambda p: saved(p, icc_profile=made(profiles.SRGB, 1.0).replace(b"RGB ", b"\x80GB ")), SAME),
    ],
)  # fmt: skip
def test_grey_is_what_the_file_means(
    make: Callable[[Path], Path], meant: NDArray[np.float64], tmp_path: Path
) -> None:
    path = make(tmp_path / "in.png")
    read = read_picture(path)
    assert np.abs(read.pixels - meant).max() <= 2
    # And what is saved again means the same, unpainted values being the file's own.
    again = write_picture(tmp_path / "out.png", read.pixels, like=read)
    assert np.array_equal(read_picture(again).pixels, read.pixels)
    if meant is LINEAR:
        assert np.array_equal(raw(again), grey_ramp())


def raw(path: Path) -> Pixels:
    """The values in a file, whatever they mean."""
    with path.open("rb") as file:
        assert not list(png.chunks(file, (b"gAMA",), 100))
    image = Image.open(BytesIO(without(path, b"iCCP")))
    return np.asarray(image.convert("RGB"))


def without(path: Path, kind: bytes) -> bytes:
    data, at, kept = path.read_bytes(), 8, path.read_bytes()[:8]
    while at < len(data):
        size = 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] != kind:
            kept += data[at : at + size]
        at += size
    return kept


GAMMA = struct.pack(">I", 45455)


def points(primaries: profiles.Primaries) -> bytes:
    return struct.pack(">8I", *(round(each * 100_000) for each in primaries))


@pytest.mark.parametrize(
    "make",
    [
        lambda p: with_chunk(with_chunk(saved_red(p), b"cHRM", points(profiles.ADOBE)), b"gAMA", GAMMA),
        lambda p: saved_red(p, icc_profile=made(profiles.ADOBE, 2.2)),
        lambda p: saved_red(p.with_suffix(".jpg"), quality=100, subsampling=0, exif=adobe_exif()),
    ],
)  # fmt: skip
def test_wide_colours_are_brought_to_srgb(make: Callable[[Path], Path], tmp_path: Path) -> None:
    """Adobe RGB's (180, 60, 60) is a stronger red than sRGB's: (205, 57, 58) or so (computed by hand)."""
    read = read_picture(make(tmp_path / "in.png"))
    assert np.abs(read.pixels[20, 20].astype(int) - (208, 57, 58)).max() <= 4


def saved_red(path: Path, **options: object) -> Path:
    return saved(path, np.full((40, 40, 3), (180, 60, 60), np.uint8), **options)


@pytest.mark.parametrize("name", ["in.png", "in.gif", "in.webp", "in.bmp"])
def test_a_large_flat_picture_is_read(name: str, tmp_path: Path) -> None:
    """A few kilobytes that are 20 megapixels: so it is with masks."""
    Image.new("1" if name != "in.webp" else "L", (5000, 4000), 1).save(tmp_path / name)
    assert read_picture(tmp_path / name).pixels.shape == (4000, 5000, 3)


@pytest.mark.parametrize(
    ("command", "free", "fits"),
    [
        *((command, 10**8, False) for command in ("edit", "segment", "inpaint")),
        ("inpaint", 10**10, True),
    ],
)
def test_memory_that_is_not_there_is_told_of(
    command: str, free: int, fits: bool, home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (5000, 4000)).save("in.png")
    Image.new("L", (10, 10)).save("mask.png")
    memory = types.SimpleNamespace(available=free)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    more = {"edit": ("make the sofa red",), "segment": ("the sofa",), "inpaint": ("mask.png", "red")}
    done = inpalla(command, "in.png", *more[command], "-o", "out.png")
    assert ("of memory" in done.err) is not fits
    if not fits:
        assert "5000x4000" in done.refused


@pytest.mark.parametrize("sides", [(30_000, 6_000), (5_000, 5_000)])
def test_a_few_bytes_do_not_claim_a_large_picture(sides: tuple[int, int], tmp_path: Path) -> None:
    image = BytesIO()
    Image.new("P", (20, 20)).save(image, format="GIF")
    data = bytearray(image.getvalue())
    data[6:10] = struct.pack("<HH", *sides)
    (tmp_path / "in.gif").write_bytes(data)
    with pytest.raises(PictureError, match="damaged"):
        read_picture(tmp_path / "in.gif")


def adobe_exif() -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 0xFFFF
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    return exif


def test_primaries_without_an_area_are_passed_over(tmp_path: Path) -> None:
    path = with_chunk(saved(tmp_path / "in.png"), b"cHRM", points((0.3, 0.3) * 4))
    assert np.array_equal(read_picture(path).pixels, grey_ramp())


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("space", ["LAB", "XYZ"])
def test_a_profile_of_other_colours_does_not_stay(space: str, suffix: str, tmp_path: Path) -> None:
    """The mode becomes RGB, so a Lab profile must not be written beside it."""
    lab = littlecms(space)
    image = Image.fromarray(room())
    if space == "LAB":
        to_lab = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert to_lab is not None
        image = to_lab
    image.save(tmp_path / "in.tif", icc_profile=lab)
    read = read_picture(tmp_path / "in.tif")
    out = write_picture(tmp_path / f"out{suffix}", read.pixels, like=read)
    with Image.open(out) as again:
        assert again.mode == "RGB"
        assert "icc_profile" not in again.info
    assert np.abs(read.pixels.astype(int) - room()).max() <= 9  # Lab in 8 bits


@pytest.mark.parametrize("top", [255, 65535, 4000])
def test_sixteen_bits_of_grey_with_alpha_stay_grey(top: int, tmp_path: Path) -> None:
    values = np.linspace(0, top, 64 * 64).reshape(64, 64).astype(">u2")
    rows = b"".join(b"\0" + np.stack((row, np.full(64, 0x8000, ">u2")), axis=-1).tobytes() for row in values)
    head = struct.pack(">IIBBBBB", 64, 64, 16, 4, 0, 0, 0)
    data = png.SIGNATURE
    for kind, content in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        data += struct.pack(">I", len(content)) + kind + content
        data += struct.pack(">I", zlib.crc32(kind + content))
    (tmp_path / "in.png").write_bytes(data)
    read = read_picture(tmp_path / "in.png")
    assert read.form.grey
    assert read.alpha is not None
    assert any("8 bits" in note for note in read.notes)
    out = write_picture(tmp_path / "out.png", read.pixels, read.alpha, like=read)
    with Image.open(out) as again:
        assert again.mode == "LA"


def full_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x8298], exif[0x0110] = orientation, "(c) someone", "Camera 1"
    exif.get_ifd(0x8769)[0x9003] = "2024:01:02 03:04:05"
    exif.get_ifd(0x8769)[0xA002] = 64
    exif.get_ifd(0x8825)[1] = "N"
    return exif


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("in.jpg", ".jpg"),
        ("in.png", ".png"),
        ("in.jpg", ".png"),
        ("in.webp", ".webp"),
        ("in.jpg", ".tif"),
        ("in.png", ".webp"),
    ],
)
def test_exif_is_kept_and_set_right(name: str, to: str, orientation: int, tmp_path: Path) -> None:
    Image.fromarray(grey_ramp()[:48]).save(tmp_path / name, exif=full_exif(orientation), dpi=(300, 300))
    read = read_picture(tmp_path / name)
    out = write_picture(tmp_path / f"out{to}", read.pixels, like=read)
    with Image.open(out) as image:
        image.load()
        exif = image.getexif()
        assert exif.get(0x8298) == "(c) someone"
        assert exif.get(0x0112, 1) == 1
        assert exif.get_ifd(0x8769)[0x9003] == "2024:01:02 03:04:05"
        assert exif.get_ifd(0x8825)[1] == "N"
        if to != ".tif":
            assert exif.get_ifd(0x8769)[0xA002] == image.width
        if to not in (".webp",) and not name.endswith(".webp"):
            assert [round(each) for each in image.info["dpi"]] == [300, 300]
    bare = write_picture(tmp_path / f"bare{to}", read.pixels, like=read, plain=True)
    with Image.open(bare) as image:
        if to not in (".webp",) and not name.endswith(".webp"):
            assert [round(each) for each in image.info["dpi"]] == [300, 300]
    assert b"someone" not in bare.read_bytes()
    assert b"2024:01" not in bare.read_bytes()


def test_a_preview_of_the_old_picture_is_dropped(tmp_path: Path) -> None:
    """EXIF data may hold a thumbnail, which would show what was removed."""
    small = BytesIO()
    Image.new("RGB", (16, 16), "red").save(small, format="JPEG")
    exif = full_exif()
    tiff = bytearray(exif.tobytes()[6:])
    # A second directory with the thumbnail, linked behind the first one.
    first = int.from_bytes(tiff[4:8], "little" if tiff[:2] == b"II" else "big")
    order = "<" if tiff[:2] == b"II" else ">"
    count = struct.unpack_from(f"{order}H", tiff, first)[0]
    at = len(tiff)
    struct.pack_into(f"{order}I", tiff, first + 2 + 12 * count, at)
    directory = struct.pack(f"{order}H", 2)
    directory += struct.pack(f"{order}HHII", 0x0201, 4, 1, at + 30)
    directory += struct.pack(f"{order}HHII", 0x0202, 4, 1, len(small.getvalue())) + bytes(4)
    tiff += directory + small.getvalue()
    saved(tmp_path / "in.jpg", exif=b"Exif\0\0" + bytes(tiff))
    assert (tmp_path / "in.jpg").read_bytes().count(b"\xff\xd8\xff") == 2
    read = read_picture(tmp_path / "in.jpg")
    out = write_picture(tmp_path / "out.jpg", read.pixels, like=read)
    assert out.read_bytes().count(b"\xff\xd8\xff") == 1
    assert b"someone" in out.read_bytes()


@pytest.mark.parametrize("to", [".png", ".jpg"])
def test_texts_are_kept_or_it_is_said(to: str, home: Path, inpalla: Run) -> None:
    info = PngInfo()
    info.add_text("Title", "the room")
    info.add_itxt("Author", "somebody", zip=True)
    Image.fromarray(room()).save("in.png", pnginfo=info)
    done = inpalla("edit", "in.png", "make the sofa red", "-o", f"out{to}", "--session", "s")
    assert done.code == 0
    assert ("text fields" in done.out) is (to == ".jpg")
    if to == ".png":
        with Image.open("out.png") as image:
            assert image.info["Title"] == "the room"
            assert image.info["Author"] == "somebody"
            assert "inpalla" in image.info
    assert inpalla("sessions", "export", "s", "-o", "plain.png", "--plain").code == 0
    with Image.open("plain.png") as image:
        assert not image.info


@pytest.mark.parametrize("command", ["edit", "inpaint", "export", "replay"])
def test_plain_leaves_out_what_is_not_the_picture(command: str, home: Path, inpalla: Run) -> None:
    Image.fromarray(room()).save("in.png", exif=full_exif(), dpi=(300, 300))
    sofa = np.zeros(room().shape[:2], np.bool_)
    sofa[60:95, 20:70] = True
    write_mask("mask.png", sofa)
    assert inpalla("edit", "in.png", "make the sofa red", "-o", "made.png", "--session", "s").code == 0
    assert b"someone" in Path("made.png").read_bytes()
    lines = {
        "edit": ("edit", "in.png", "make the sofa red", "-o", "out.png", "--plain"),
        "inpaint": ("inpaint", "in.png", "mask.png", "red", "-o", "out.png", "--plain"),
        "export": ("sessions", "export", "s", "-o", "out.png", "--plain"),
        "replay": ("replay", "made.png", "-o", "out.png", "--plain"),
    }
    assert inpalla(*lines[command]).code == 0
    with Image.open("out.png") as image:
        assert set(image.info) == {"dpi"}
        assert [round(each) for each in image.info["dpi"]] == [300, 300]
    for word in (b"someone", b"inpalla", b"InpaLLa", b"sofa"):
        assert word not in Path("out.png").read_bytes()


LEFT_OUT = {
    "its resolution": ({"dpi": (240, 240)}, (), "resolution, so it was left out."),
    "its resolution, plain": ({"dpi": (240, 240)}, ("--plain",), "resolution, so it was left out."),
    "a comment": ({"comment": "a room"}, (), "text fields, so they were left out."),
    "both": (
        {"dpi": (240, 240), "comment": "a room"}, (), "resolution and text fields, so they were left out.",
    ),
    "nothing, plain": ({"comment": "a room"}, ("--plain",), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", list(LEFT_OUT))
def test_what_a_format_cannot_hold_is_said_in_the_right_number(case: str, home: Path, inpalla: Run) -> None:
    held, options, sentence = LEFT_OUT[case]
    Image.fromarray(room()).save("in.jpg", **held)  # type: ignore[arg-type]
    write_mask("mask.png", np.ones(room().shape[:2], np.bool_))
    done = inpalla("inpaint", "in.jpg", "mask.png", "red", "-o", "out.webp", *options)
    assert done.code == 0
    notes = [line for line in done.out.splitlines() if "left out" in line]
    assert notes == ([f"WEBP cannot hold the picture's {sentence}"] if sentence else [])


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim"])
def test_a_heic_picture_of_any_brand_is_named(
    brand: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as where it is not installed
    box = struct.pack(">I4s4sI4s4s", 24, b"ftyp", brand, 0, b"mif1", b"heic")
    (tmp_path / "in.heic").write_bytes(box + bytes(200))
    with pytest.raises(PictureError, match="HEIC picture"):
        read_picture(tmp_path / "in.heic")


HEICS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("RGB", {}),
    "with EXIF": ("RGB", {"exif": True}),
    "with alpha": ("RGBA", {}),
    "grey": ("L", {}),
    "of other colours": ("RGB", {"icc_profile": True}),
    "of two": ("RGB", {"save_all": True}),
    "of odd sides": ("RGB", {"odd": True}),
}


@pytest.mark.parametrize("kind", HEICS)
def test_heic_pictures_are_read(kind: str, home: Path, inpalla: Run) -> None:
    """Real ones, made and read by the package that users install for them."""
    heif = pytest.importorskip("pillow_heif")
    mode, wanted = HEICS[kind]
    options = dict(wanted)
    if "exif" in options:
        options["exif"] = full_exif()
    if "icc_profile" in options:
        options["icc_profile"] = made(profiles.SRGB, 1.0)
    image = Image.fromarray(room()).convert(mode)
    if options.pop("odd", False):
        image = image.crop((0, 0, 159, 119))
    if "save_all" in options:
        options["append_images"] = [image.rotate(180)]
    heif.register_heif_opener()
    image.save("in.heic", quality=95, **options)
    read = read_picture("in.heic")
    meant = np.asarray(image.convert("RGB")).astype(int)
    if kind == "of other colours":
        light = np.clip(meant / 255, 0.0031308, 1)
        meant = np.round(255 * (1.055 * light ** (1 / 2.4) - 0.055)).astype(int)
    assert np.abs(read.pixels - meant).mean() < 6  # its colours have half the resolution
    assert (read.alpha is not None) is (mode == "RGBA")
    assert read.form.grey is (mode == "L")
    if mode == "L":
        return
    assert inpalla("edit", "in.heic", "make the sofa red", "-o", "out.jpg").code == 0
    if kind == "with EXIF":
        with Image.open("out.jpg") as saved_again:
            assert saved_again.getexif()[0x8298] == "(c) someone"


def hidden_sofa(path: Path, alpha: int = 0) -> Path:
    veil = np.full(room().shape[:2], 255, np.uint8)
    veil[60:95, 20:70] = alpha
    Image.fromarray(np.dstack((room(), veil))).save(path)
    return path


@pytest.mark.parametrize(("alpha", "done"), [(0, False), (3, False), (128, True), (255, True)])
def test_what_nobody_would_see_is_not_done(alpha: int, done: bool, home: Path, inpalla: Run) -> None:
    picture = hidden_sofa(home / "in.png", alpha)
    edited = inpalla("edit", picture, "make the sofa red", "-o", "out.png", "--session", "s")
    sofa = np.zeros(room().shape[:2], np.bool_)
    sofa[65:90, 30:60] = True
    write_mask("mask.png", sofa)
    painted = inpalla("inpaint", picture, "mask.png", "red", "-o", "painted.png")
    if done:
        assert (edited.code, painted.code) == (0, 0)
    else:
        assert "transparent" in edited.refused
        assert "transparent" in painted.refused
        assert not Path("painted.png").exists()
        with Sessions().open("s") as session:
            assert session.head == 0


def test_what_is_hidden_does_not_stop_the_rest(home: Path, inpalla: Run) -> None:
    said = inpalla(
        "edit", hidden_sofa(home / "in.png"), "make the sofa red and the rug green", "-o", "out.png"
    )
    assert "The sofa lies where the picture is transparent" in said.out + said.err
    assert tuple(read_picture("out.png").pixels[110, 120])[1] > 150


@pytest.mark.parametrize(
    ("suffix", "white"), [(".jpg", True), (".bmp", True), (".png", False), (".webp", False)]
)
def test_transparency_becomes_white_where_it_cannot_be_kept(
    suffix: str, white: bool, home: Path, inpalla: Run
) -> None:
    picture = hidden_sofa(home / "in.png")
    done = inpalla("edit", picture, "make the rug green", "-o", f"out{suffix}")
    assert done.code == 0
    assert ("flattened onto white" in done.out) is white
    with Image.open(f"out{suffix}") as image:
        there = np.asarray(image)[78, 45]
    assert (there[:3] > 250).all() if white else there[3] == 0


@pytest.mark.skipif(os.name == "nt", reason="modes are another thing there")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o604])
def test_a_replaced_file_keeps_its_mode(mode: int, home: Path, inpalla: Run) -> None:
    Image.fromarray(room()).save("in.png")
    Path("out.png").touch()
    Path("out.png").chmod(mode)
    assert inpalla("edit", "in.png", "make the sofa red", "-o", "out.png").code == 0
    assert stat.S_IMODE(Path("out.png").stat().st_mode) == mode
    assert [path.name for path in home.glob(".*")] == []


@pytest.mark.skipif(os.name == "nt", reason="modes are another thing there")
@pytest.mark.parametrize("before", ["nothing", "empty", "of an older release", "with other things"])
def test_the_data_folder_is_private(before: str, home: Path, inpalla: Run) -> None:
    Image.fromarray(room()).save("in.png")
    data = home / "data"
    if before != "nothing":
        data.mkdir(mode=0o755)
    if before == "of an older release":
        (data / "sessions").mkdir(mode=0o755)
        (data / "history").touch()
    if before == "with other things":
        (data / "thesis.tex").touch()
    assert inpalla("edit", "in.png", "make the sofa red", "-o", "out.png").code == 0
    private = {"with other things": 0o755}.get(before, 0o700)
    assert stat.S_IMODE(data.stat().st_mode) == private
    (session,) = (data / "sessions").iterdir()
    assert stat.S_IMODE(session.stat().st_mode) == 0o700


# ---- a grey picture ----------------------------------------------------------------------------------------

IN_COLOUR = "it was saved in colour"


def deep_grey(path: Path) -> None:
    Image.fromarray(np.asarray(Image.fromarray(room()).convert("L")).astype(np.uint16) * 257).save(path)


def light_grey(path: Path) -> None:
    """In linear light, by a profile."""
    profile = profiles.make(profiles.SRGB, 1.0, grey=True)
    Image.fromarray(room()).convert("L").save(path, icc_profile=profile)


GREYS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "PNG": ("in.png", lambda p: Image.fromarray(room()).convert("L").save(p)),
    "JPEG": ("in.jpg", lambda p: Image.fromarray(room()).convert("L").save(p, quality=98)),
    "TIFF": ("in.tif", lambda p: Image.fromarray(room()).convert("L").save(p)),
    "with alpha": ("in.png", lambda p: Image.fromarray(room()).convert("LA").save(p)),
    "16 bits": ("in.png", deep_grey),
    "16 bits in a TIFF": ("in.tif", deep_grey),
    "with a profile": ("in.png", light_grey),
}


@pytest.fixture(scope="module")
def painted_grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a grey picture, a session in which its sofa became red, and what was saved of that."""
    folder = tmp_path_factory.mktemp("grey")
    with pytest.MonkeyPatch.context() as patched:
        colour_engines.register_for(patched)
        patched.setenv("INPALLA_DATA", str(folder / "data"))
        patched.chdir(folder)
        Image.fromarray(room()).convert("L").save("in.png")
        assert main.run(["edit", "in.png", "make the sofa red", "-o", "made.png", "--session", "s"]) == 0
    return folder


@pytest.mark.parametrize("command", ["edit", "inpaint", "export", "replay", "chat", "said"])
@pytest.mark.parametrize("to", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_a_colour_painted_into_a_grey_picture_is_saved(
    to: str, command: str, painted_grey: Path, home: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way it leaves."""
    shutil.copytree(painted_grey, home, dirs_exist_ok=True)
    sofa = np.zeros(room().shape[:2], np.bool_)
    sofa[60:95, 20:70] = True
    write_mask("mask.png", sofa)
    out = f"out{to}"
    lines = {
        "edit": ("edit", "in.png", "make the sofa red", "-o", out),
        "inpaint": ("inpaint", "in.png", "mask.png", "red", "-o", out),
        "export": ("sessions", "export", "s", "-o", out),
        "replay": ("replay", "made.png", "-o", out),
        "chat": ("chat", "--session", "s"),
        "said": ("chat", "--session", "s"),
    }
    typed = {"chat": f"/save {out}\n", "said": f"save it as {out}\n"}.get(command, "")
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    done = inpalla(*lines[command])
    assert done.code == 0
    assert IN_COLOUR in done.out
    assert "no longer the picture" not in done.out
    with Image.open(out) as image:
        there = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(there[78, 45] - (210, 30, 30)).max() <= 12
    assert np.ptp(there[5, 5]) <= 2  # and what was grey is grey


@pytest.mark.parametrize("kind", GREYS)
@pytest.mark.parametrize(("colour", "becomes"), [("red", True), ("black", False), ("white", False)])
def test_a_grey_picture_is_in_colour_where_a_colour_was_painted(
    colour: str, becomes: bool, kind: str, home: Path, inpalla: Run
) -> None:
    name, make = GREYS[kind]
    make(home / name)
    with Image.open(name) as image:
        mode, own = image.mode, image.info.get("icc_profile")
    done = inpalla("edit", name, f"make the sofa {colour}", "-o", f"out{Path(name).suffix}")
    assert done.code == 0
    assert (IN_COLOUR in done.out) is becomes
    assert ("8 bits, not 16" in done.out) is (becomes and "16" in kind)
    with Image.open(f"out{Path(name).suffix}") as image:
        made, profile = image.mode, image.info.get("icc_profile")
    if becomes:
        assert (made, profile) == ("RGBA" if mode == "LA" else "RGB", None)
        read = read_picture(f"out{Path(name).suffix}").pixels
        assert np.abs(read[78, 45].astype(int) - (210, 30, 30)).max() <= 12
        before = read_picture(name).pixels
        assert np.abs(read[5, 5].astype(int) - before[5, 5]).max() <= 2
    else:
        assert (made, profile) == (mode, own)


# ---- profiles of other colours -----------------------------------------------------------------------------


def cmyk_profile() -> bytes:
    """A profile that says it is for CMYK; what is in it means nothing for that, and is not read."""
    return made(profiles.SRGB, 1.0).replace(b"RGB XYZ", b"CMYKXYZ", 1)


OTHERS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "CMYK in RGB": ("RGB", cmyk_profile, "is for CMYK colours, and it has RGB ones"),
    "Lab in RGB": ("RGB", lambda: littlecms("LAB"), "is for Lab colours, and it has RGB ones"),
    "XYZ in RGB": ("RGB", lambda: littlecms("XYZ"), "is for XYZ colours, and it has RGB ones"),
    "grey in RGB": ("RGB", lambda: profiles.make(profiles.SRGB, 1.8, grey=True) or b"", "is for grey"),
    "grey in RGBA": ("RGBA", lambda: profiles.make(profiles.SRGB, 1.8, grey=True) or b"", "is for grey"),
    "RGB in grey": ("L", lambda: made(profiles.ADOBE, 2.2), "is for RGB colours, and it has grey ones"),
    "RGB in CMYK": ("CMYK", lambda: made(profiles.ADOBE, 2.2), "is for RGB colours, and it has CMYK ones"),
    "sRGB in grey": ("L", lambda: littlecms("sRGB"), ""),  # nothing is lost
    "cut off": ("RGB", lambda: made(profiles.ADOBE, 2.2)[:150], "is damaged"),
    "no profile": ("RGB", lambda: b"colours, and nice ones", "is damaged"),
    "of no known colours": (
        "RGB", lambda: made(profiles.ADOBE, 2.2).replace(b"RGB XYZ", b"HSV XYZ", 1), "is for other colours",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_a_profile_that_cannot_be_used_is_told_of(kind: str, home: Path, inpalla: Run) -> None:
    mode, profile, said = OTHERS[kind]
    Image.fromarray(room()).convert(mode).save("in.tif", icc_profile=profile())
    Image.fromarray(room()).convert(mode).save("bare.tif")
    read, bare = read_picture("in.tif"), read_picture("bare.tif")
    assert np.array_equal(read.pixels, bare.pixels)
    assert read.form.profile is None
    told = [note for note in read.notes if "profile" in note]
    assert [said in note and note.endswith("ignored.") for note in told] == ([True] if said else [])
    done = inpalla("edit", "in.tif", "make the sofa black", "-o", "out.tif")
    assert done.out.count("colour profile") == len(told)
    with Image.open("out.tif") as image:
        assert "icc_profile" not in image.info
