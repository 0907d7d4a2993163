"""Readers of foreign bytes, fed with damaged and made-up ones: a result or one sentence, never anything else.

Each input takes 5 seconds and a gigabyte at most (``limits.py``). ``make test`` tries a few of each kind,
fewer of those that take long, ``make fuzz`` ten thousand (INPALLA_FUZZ says how many).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import shutil
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent.cli import main
from agent.errors import AgentError, PlannerError
from agent.planner.context import Context
from agent.planner.ollama_planner import OllamaPlanner
from agent.planner.plan import Plan
from agent.turn.editor import open_editor
from sessions import SessionError
from sessions.recipes import packed, unpacked
from tests.field import makers
from tests.field.limits import Limits
from tests.field.test_colours import full_exif
from tests.field.test_ollama import GOOD, Server, spoken
from tests.support.colour_engines import room
from tools import colour_profiles
from tools.errors import PictureError, ToolError
from tools.kinds import Kind
from tools.pictures import read_mask, read_picture, write_picture

COUNT = int(os.environ.get("INPALLA_FUZZ", "40"))

fuzzed = settings(
    max_examples=COUNT,
    deadline=None,  # the limits are kept below, without the time that it takes to make up an input
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
fuzzed_slowly = settings(fuzzed, max_examples=COUNT if "INPALLA_FUZZ" in os.environ else 15)


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> Iterator[Limits]:
    """The limits of a reader; a long run says what was taken of them."""
    kept = Limits()
    yield kept
    if COUNT >= 1000:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{request.node.name}: {kept}", flush=True)


# ---- damage ------------------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn, seeds: Callable[[], Sequence[bytes]]) -> bytes:
    """One of the seeds with a few bytes changed, cut out, repeated or put in; PNG's sums are often set right,
    so that what is read after them is damaged as well.
    """
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(("set", "bits", "number", "cut", "end", "insert", "repeat"))):
            case "set":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "bits" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "number":
                value = draw(st.sampled_from((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**24, 5000)))
                data[at : at + 4] = struct.pack(draw(st.sampled_from(("<I", ">I"))), value)
            case "cut":
                del data[at : at + draw(st.integers(1, 64))]
            case "end":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=64))
            case _:
                part = data[at : at + draw(st.integers(1, 200))]
                data[at:at] = part * draw(st.integers(1, 50))
    return with_right_sums(bytes(data)) if draw(st.booleans()) else bytes(data)


def with_right_sums(data: bytes) -> bytes:
    """A PNG whose chunks have the right checksums, as far as their lengths make sense."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, at = data[:8], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        content = data[at + 4 : at + 8 + length]
        if at + 12 + length > len(data):
            break
        made += data[at : at + 4] + content + struct.pack(">I", zlib.crc32(content))
        at += 12 + length
    return made + data[at:]


@cache
def pictures() -> tuple[bytes, ...]:
    """Small pictures of every format and mode that is read, with all that a file may say."""
    colours = np.random.default_rng(1).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    image = Image.fromarray(colours)
    info = PngInfo()
    info.add_itxt("Title", "a room", zip=True)
    info.add_text("Comment", "of a kind", zip=True)
    linear = colour_profiles.make(colour_profiles.SRGB, 1.0)
    exif = full_exif(6)
    kinds: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("PNG", image, {"pnginfo": info, "exif": exif, "icc_profile": linear, "dpi": (300, 300)}),
        ("PNG", image.convert("P"), {"transparency": 3}),
        ("PNG", image.convert("LA"), {}),
        ("PNG", image.convert("1"), {}),
        ("PNG", Image.fromarray(colours[..., 0].astype(np.uint16) * 257), {}),
        (
            "JPEG",
            image,
            {"exif": exif, "icc_profile": linear, "comment": b"of a kind", "xmp": b"<x:xmpmeta/>"},
        ),
        ("JPEG", image.convert("CMYK"), {}),
        ("JPEG", image.convert("L"), {"progressive": True}),
        ("WEBP", image.convert("RGBA"), {"exif": exif, "icc_profile": linear}),
        ("WEBP", image, {"lossless": True, "save_all": True, "append_images": [image.rotate(90)]}),
        ("TIFF", image, {"compression": "tiff_lzw"}),
        ("TIFF", image, {"exif": exif, "icc_profile": linear}),
        ("TIFF", Image.fromarray(colours[..., 0].astype(np.float32)), {}),
        ("BMP", image, {}),
        ("GIF", image.convert("P"), {"save_all": True, "append_images": [image.rotate(90).convert("P")]}),
        ("PPM", image, {}),
        ("QOI", image, {}),
        ("AVIF", image, {"exif": exif}),
        ("JPEG2000", image, {}),
    ]
    made = []
    for name, picture, options in kinds:
        file = io.BytesIO()
        with contextlib.suppress(KeyError, OSError):  # a format that this Pillow was built without
            picture.save(file, format=name, **options)
            made.append(file.getvalue())
    heads = [struct.pack(">I4s4sI", 16, b"ftyp", brand, 0) + bytes(60) for brand in (b"heix", b"avif")]
    gamma = made[3][:33] + makers.chunk(b"gAMA", struct.pack(">I", 100_000)) + made[3][33:]
    return (*made, *heads, gamma, b"%PDF-1.7", b"<svg/>", b"")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


# ---- the readers -------------------------------------------------------------------------------------------


@fuzzed
@given(data=damaged(pictures), suffix=st.sampled_from((".png", ".jpg", ".tif", ".webp", ".bmp")))
def test_any_picture(data: bytes, suffix: str, place: Path, limits: Limits) -> None:
    path = place / "in"
    path.write_bytes(data)
    with limits.keep():
        try:
            read = read_picture(path)
        except PictureError as error:
            one_sentence(str(error))
            return
        out = write_picture(place / f"out{suffix}", read.pixels, read.alpha, like=read)
        assert read_picture(out).pixels.shape == read.pixels.shape


@fuzzed
@given(data=damaged(pictures))
def test_any_mask(data: bytes, place: Path, limits: Limits) -> None:
    path = place / "mask"
    path.write_bytes(data)
    with limits.keep():
        try:
            assert read_mask(path, (24, 20)).shape == (20, 24)
        except PictureError as error:
            one_sentence(str(error))
        with contextlib.suppress(ValueError):
            unpacked(base64.b64encode(data).decode(), (24, 20))


def _packed_masks() -> Sequence[bytes]:
    return [base64.b64decode(packed(np.ones((20, 24), np.bool_))), makers.png_bytes(Image.new("L", (24, 20)))]


@fuzzed
@given(data=damaged(_packed_masks), size=st.sampled_from(((24, 20), (20, 24), (1, 1), (30_000, 6_000))))
def test_any_packed_mask(data: bytes, size: tuple[int, int], limits: Limits) -> None:
    with limits.keep(), contextlib.suppress(ValueError):
        assert unpacked(base64.b64encode(data).decode(), size).shape == size[::-1]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(("0" * 64, "../x", "\x1b[2J", "restyle", "colour-painter", "1" * 5000)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _places(values: Any, way: str = "") -> Iterator[str]:
    """All the paths in JSON values, such as "layers.0.request.steps"."""
    items = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    )
    for key, value in items:
        yield f"{way}{key}"
        yield from _places(value, f"{way}{key}.")


WORDS = (
    "0" * 64, "f" * 64, "restyle", "replace", "remove", "add", "colour-painter", "recolour", "auto", "",
    "the sofa", "a red sofa", "../../x", "1",
)  # fmt: skip


def like(value: Any, digests: Sequence[str] = ()) -> st.SearchStrategy[Any]:
    """Values of the same kind as one of a good file, which get further than any others do."""
    match value:
        case bool():
            return st.booleans() | JSON
        case int():
            return st.integers(value - 2, value + 2) | st.integers(-2, 200) | st.sampled_from(
                (2**31 - 1, 2**31, 30_000, 10**9)
            )  # fmt: skip
        case float():
            return st.floats() | st.floats(0, 1)
        case str():
            return st.sampled_from((*WORDS, *digests)) | st.text(max_size=20)
        case list():
            return st.lists(st.sampled_from(value), max_size=6) if value else st.lists(st.integers(0, 3))
        case dict() if value:
            return st.sets(st.sampled_from(sorted(value))).map(
                lambda gone: {name: each for name, each in value.items() if name not in gone}
            )
        case _:
            return st.integers(0, 3) | JSON


@dataclass(frozen=True)
class Good:
    """A good recipe, its masks, and its values by their places."""

    values: dict[str, Any]
    masks: dict[str, Any]
    places: dict[str, Any]

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(v for v in self.places.values() if isinstance(v, str) and len(v) == 64)


@cache
def good() -> tuple[Good, ...]:
    """A recipe of each engine that needs no weights."""
    recipes = [makers.recipe(), *(makers.computed(*each) for each in COMPUTED)]
    return tuple(
        Good(values, masks, {place: makers.value_at(values, place) for place in _places(values)})
        for values, masks in recipes
    )


COMPUTED: tuple[tuple[Kind, str, str], ...] = (
    ("restyle", "a red sofa", "the sofa"),
    ("restyle", "a darker red oak sofa", "the sofa"),
)  # fmt: skip


@fuzzed_slowly
@given(data=st.data())
def test_any_recipe(data: st.DataObject, home_of_recipes: Path, limits: Limits) -> None:
    recipe = data.draw(st.sampled_from(good()))
    values, masks, places = recipe.values, recipe.masks, recipe.places
    path = home_of_recipes / data.draw(st.sampled_from(("in.png", "request.json")))
    for place_ in data.draw(st.lists(st.sampled_from(sorted(places)), max_size=3)):
        with contextlib.suppress(KeyError, IndexError, TypeError, ValueError):  # it is gone already
            own = like(places[place_], recipe.digests)
            value = data.draw(data.draw(st.sampled_from((own, own, own, JSON))))
            values = makers.changed(values, place_, value)
    if data.draw(st.integers(0, 3)) == 3:
        masks = data.draw(st.dictionaries(st.sampled_from((*masks, "x", "0" * 64)), JSON, max_size=3))
    damage = data.draw(st.integers(0, 3)) == 3
    if path.suffix == ".json":
        own = values["layers"][0] if isinstance(values.get("layers"), list) and values["layers"] else {}
        text = json.dumps({**values, **own, "layers": []} if isinstance(own, dict) else values)
        path.write_bytes(text.encode("utf-8", "replace"))
    else:
        # Lone surrogates have no bytes in a PNG; in JSON they are escapes.
        makers.picture_of(path, values, masks)
    if damage:
        path.write_bytes(data.draw(damaged(lambda: [path.read_bytes()])))
    with limits.keep():
        ran("replay", str(path), "-o", "again.png", "--picture", "base.png", "--mask", "mask.png")


def ran(*line: str) -> int:
    """Run a command: it is done, or it says one sentence."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main.run(line)
    assert code in (0, 1)
    if code:
        one_sentence(err.getvalue().strip())
    assert "\x1b" not in out.getvalue() + err.getvalue()
    return code


def one_sentence(said: str) -> None:
    assert said
    assert "\n" not in said
    assert "inside InpaLLa" not in said
    assert said.endswith((".", "?")), said


@pytest.fixture
def home_of_recipes(home: Path) -> Path:
    write_picture("base.png", room())
    Image.fromarray(makers.sofa()).save("mask.png")
    return home


@pytest.fixture
def whole_session(home: Path) -> Path:
    """A session with two layers and variations on offer, to be copied for each input."""
    write_picture("in.png", room())
    sentences = ("make the sofa red", "make the rug green", "undo", "show me three versions of a blue lamp")
    assert ran("edit", "in.png", *sentences, "-o", "out.png", "--session", "s") == 0
    shutil.move(home / "data" / "sessions" / "s", home / "whole")
    return home / "whole"


COLUMNS = {
    "session": "base alpha width height preset source form head created updated",
    "version": "number parent redo stack changed sentence created",
    "layer": "layer revision target prompt kind mask x0 y0 x1 y1 patch request area version created",
    "turn": "number sentence reply plan version created",
}
CELLS = (
    st.none() | st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=20)
    | st.binary(max_size=20) | JSON.map(json.dumps) | st.sampled_from(("[[0,0,true]]", "[[0,0,1],[1,0,1]]"))
)  # fmt: skip


@st.composite
def altered(draw: st.DrawFn, cell: Any) -> Any:
    """A cell of a session's records with another value of its kind; in JSON, one value in it."""
    try:
        values = json.loads(cell) if isinstance(cell, str) else None
    except ValueError:
        values = None
    places = tuple(_places(values))
    if values is None or not places:
        return draw(like(cell))
    place_ = draw(st.sampled_from(places))
    return json.dumps(makers.changed(values, place_, draw(like(makers.value_at(values, place_)))))


@fuzzed_slowly
@given(data=st.data())
def test_any_session(data: st.DataObject, whole_session: Path, home: Path, limits: Limits) -> None:
    folder = home / "data" / "sessions" / "s"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole_session, folder)
    if data.draw(st.booleans()):
        with (
            contextlib.suppress(sqlite3.Error, UnicodeEncodeError),
            sqlite3.connect(folder / "session.db") as db,
        ):
            for _ in range(data.draw(st.integers(1, 3))):
                table = data.draw(st.sampled_from(tuple(COLUMNS)))
                column = data.draw(st.sampled_from(COLUMNS[table].split()))
                row = data.draw(st.sampled_from(("", " WHERE rowid = 2", " WHERE rowid = 3")))
                (old,) = db.execute(f"SELECT {column} FROM {table}{row}").fetchone() or (None,)
                new = data.draw(altered(old) | CELLS)
                db.execute(f"UPDATE {table} SET {column} = ?{row}", (new,))
        with contextlib.suppress(NameError):
            db.close()
    else:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        file = data.draw(st.sampled_from(files))
        content = file.read_bytes()
        file.write_bytes(data.draw(damaged(lambda: [content])))
    with limits.keep():
        ran("sessions", "show", "s")
        ran("sessions", "show", "s", "--json")
        ran("sessions", "export", "s", "-o", "again.png")
        assert ran("sessions", "list") == 0
        try:
            editor = open_editor(None, "s", None, None)
        except (AgentError, SessionError, ToolError) as error:
            one_sentence(str(error))
            return
        with contextlib.closing(editor), contextlib.suppress(AgentError, SessionError, ToolError):
            editor.planner_context()
            editor.offers()


@pytest.fixture
def openraster(whole_session: Path, home: Path) -> Path:
    """An OpenRaster file with that session in it."""
    shutil.copytree(whole_session, home / "data" / "sessions" / "s")
    assert ran("sessions", "export", "s", "-o", "whole.ora") == 0
    shutil.rmtree(home / "data" / "sessions" / "s")
    return home / "whole.ora"


@fuzzed_slowly
@given(data=st.data())
def test_any_openraster(data: st.DataObject, openraster: Path, home: Path, limits: Limits) -> None:
    path = home / "in.ora"
    if data.draw(st.booleans()):
        path.write_bytes(data.draw(damaged(lambda: [openraster.read_bytes()])))
    else:  # a member of the archive is damaged, and the archive is not
        with zipfile.ZipFile(openraster) as old, zipfile.ZipFile(path, "w") as new:
            chosen = data.draw(st.sampled_from(old.namelist()[1:]))
            for name in old.namelist():
                content = old.read(name)
                if name == chosen:
                    whole = content
                    content = data.draw(damaged(lambda: [whole]))  # noqa: B023 - it is called at once
                new.writestr(name, content)
    with limits.keep():
        try:
            editor = open_editor(path, None, None, None)
        except (AgentError, SessionError, ToolError) as error:
            one_sentence(str(error))
        else:
            with contextlib.closing(editor), contextlib.suppress(AgentError, SessionError, ToolError):
                editor.planner_context()
                editor.offers()
                editor.session.export(home / "again.ora")
        with contextlib.suppress(PictureError):
            read_picture(path)
    assert not list((home / "data").rglob(".new-*"))  # nothing half made is left
    shutil.rmtree(home / "data" / "sessions", ignore_errors=True)


ANSWERS = (
    spoken(json.dumps(GOOD)),
    spoken(json.dumps({"wants": [{"act": "undo", "number": 2}, {"act": "talk"}], "say": "hello"})),
    spoken(json.dumps({"wants": [{"act": "variations", "object": "the sofa", "look": "red", "number": 3}]})),
    json.dumps({"error": "out of memory"}) + "\n",
)
ACTS = ("restyle", "replace", "remove", "add", "undo", "redo", "go_to_version", "undo_only", "bring_back",
        "variations", "pick", "compare", "ask", "talk", "fly")  # fmt: skip
WANTS = st.fixed_dictionaries(
    {"act": st.sampled_from(ACTS)},
    optional={
        "object": st.text(max_size=30) | st.sampled_from(("the sofa", "it", "the walls")) | JSON,
        "look": st.text(max_size=30) | st.sampled_from(("red", "dark blue velvet")) | JSON,
        "refers_to": st.sampled_from(("", "it", "them", "both", "all", "first", "other", "x")),
        "same_as": st.text(max_size=10),
        "number": st.none() | st.integers(-3, 1002) | JSON,
    },
)


@pytest.fixture(scope="module")
def model() -> Iterator[tuple[Server, Callable[[str], Plan]]]:
    server = Server()
    planner = OllamaPlanner("m", server.url, timeout=4)
    loop = asyncio.new_event_loop()

    def plan(sentence: str) -> Plan:
        return loop.run_until_complete(planner.plan(sentence, Context()))

    yield server, plan
    loop.close()
    server.close()


@fuzzed
@given(
    body=damaged(lambda: [answer.encode() for answer in ANSWERS])
    | st.builds(
        lambda wants, say: spoken(json.dumps({"wants": wants, "say": say})).encode(),
        st.lists(WANTS, max_size=5),
        st.text(max_size=20),
    ),
    sentence=st.sampled_from(("make the sofa red", "undo that and make it blue", "hello")),
)
def test_any_answer_of_a_model(
    body: bytes, sentence: str, model: tuple[Server, Callable[[str], Plan]], limits: Limits
) -> None:
    server, plan = model
    server.answer = (body, 200, {})
    with limits.keep():
        try:
            made = plan(sentence)
        except PlannerError as error:
            one_sentence(str(error))
            return
        text = made.model_dump_json()
        assert len(text) < 200_000
        assert all(
            letter.isprintable() for step in made.steps for letter in getattr(step, "prompt", "") or ""
        )
