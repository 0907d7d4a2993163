"""Recipes and sessions as other people's files may hold them."""

from __future__ import annotations

import base64
import copy
import json
import struct
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sessions.pictures import digest_of
from sessions.recipes import FIELD, MASKS_FIELD, packed, recipe_of_one, texts
from tests.support.colour_engines import ColourPainter, room
from tools.engines import registry
from tools.inpainting.base import MaskedEdit, inpaint
from tools.inpainting.request import Request
from tools.kinds import Kind
from tools.langchain import inpaint_file

Json = dict[str, Any]


def sofa() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask = np.zeros(room().shape[:2], np.bool_)
    mask[60:95, 20:70] = True
    return mask


def recipe() -> tuple[Json, Json]:
    """A good recipe of the room with a red sofa, and the masks that it needs, both as JSON values."""
    engine = ColourPainter()
    edit = MaskedEdit(sofa(), "a red sofa", "restyle", 5, target="the sofa")
    (painted,) = inpaint(room(), [edit], {"restyle": engine})
    request = Request(
        picture=digest_of(room()), mask=digest_of(sofa()), prompt=edit.prompt, kind="restyle", seed=5,
        steps=engine.steps, guidance=engine.guidance, engine=engine.name, revision=engine.revision,
        area=painted.area, batch=painted.batch, target=edit.target,
    )  # fmt: skip
    made = recipe_of_one((room().shape[1], room().shape[0]), request.model_dump(), painted.patch)
    return json.loads(json.dumps(made)), {request.mask: packed(sofa())}


def computed(kind: Kind, prompt: str, target: str) -> tuple[Json, Json]:
    """The same for the room with a colour or a material that was computed."""
    preset = replace(
        registry.PRESETS["pocket"],
        computing=dict.fromkeys(get_args(Kind), ("recolour", "materials")),
    )
    with tempfile.TemporaryDirectory() as folder:
        picture, mask, made = (Path(folder) / f"{name}.png" for name in ("picture", "mask", "made"))
        Image.fromarray(room()).save(picture)
        Image.fromarray(sofa()).save(mask)
        inpaint_file(str(picture), str(mask), prompt, str(made), kind, 5, preset, target=target)
        with Image.open(made) as image:
            fields = dict(image.text)  # type: ignore[attr-defined]
    return json.loads(fields[FIELD]), json.loads(fields[MASKS_FIELD])


def value_at(values: Json, path: str) -> Any:
    """The value at a place: "layers.0.request.steps"."""
    at: Any = values
    for step in path.split("."):
        at = at[int(step)] if isinstance(at, list) else at[step]
    return at


def changed(values: Json, path: str, value: object) -> Json:
    """A copy in which one value is another: "layers.0.request.steps"."""
    made = copy.deepcopy(values)
    *way, last = path.split(".")
    at: Any = made
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = value
    return made


def picture_with(path: Path, fields: Mapping[str, str], pixels: object = None) -> Path:
    """A PNG with text fields."""
    info = PngInfo()
    for name, value in fields.items():
        info.add_itxt(name, value)
    Image.fromarray(room() if pixels is None else pixels).save(path, pnginfo=info)  # type: ignore[arg-type]
    return path


def picture_of(path: Path, values: Json, masks: Json, pixels: object = None) -> Path:
    """A PNG with a recipe and masks in JSON values."""
    fields = {**texts({}, {}), "inpalla": json.dumps(values), "inpalla-masks": json.dumps(masks)}
    return picture_with(path, fields, pixels)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(side: int) -> str:
    """A mask of one bit a pixel that claims, and has, so many pixels a side, packed: a few kilobytes."""
    packing = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    rows = b"".join(packing.compress(row) for _ in range(side)) + packing.flush()
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return base64.b64encode(data + chunk(b"IDAT", rows) + chunk(b"IEND", b"")).decode()


def png_bytes(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()
