"""A FLUX checkpoint's folder: which pipeline it is for, and whether all of it is there.

The layout is diffusers': ``model_index.json`` names the pipeline and its parts, each part has a folder. Only
names, sizes and the safetensors headers are read, which takes milliseconds for 30 GB.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.engines.unreadable import unreadable
from tools.errors import EngineError
from tools.inpainting.flux.family import FAMILIES, Family

INDEX = "model_index.json"


def is_pipeline(folder: Path) -> bool:
    """Whether a folder has a pipeline's index."""
    return (folder / INDEX).is_file()


def family_of(folder: Path) -> Family:
    """The family that a folder's pipeline belongs to. Raises ``EngineError`` when none inpaints it."""
    if not is_pipeline(folder):
        raise EngineError(f"{folder} is not a FLUX pipeline: it has no {INDEX}.")
    name = _read(folder / INDEX).get("_class_name")
    for family in FAMILIES.values():
        if name in family.classes:
            return family
    known = ", ".join(sorted(name for family in FAMILIES.values() for name in family.classes))
    raise EngineError(
        f"{folder} is not a FLUX pipeline that can inpaint: it is a {name}, not one of {known}."
    )


def check(folder: Path) -> Family:
    """The family of a folder in which nothing is missing or cut short.

    Raises ``EngineError`` with the file that is wrong.
    """
    family = family_of(folder)
    for part in parts(folder):
        if not (folder / part).is_dir():
            raise unreadable("The FLUX pipeline", folder, f"its folder {part} is missing")
        if part.startswith(("transformer", "text_encoder", "vae")):
            for file in _weights(folder, part):
                _check_length(file)
    return family


def parts(folder: Path) -> list[str]:
    """The parts that a pipeline has, by the names of their folders."""
    return list(read_index(folder))


def read_index(folder: Path) -> dict[str, tuple[str, str]]:
    """What each part of a pipeline is: its library ("diffusers", "transformers") and its class."""
    index = _read(folder / INDEX)
    pairs = {part: value for part, value in index.items() if isinstance(value, list) and len(value) == 2}
    return {part: (library, kind) for part, (library, kind) in pairs.items() if library and kind}


def revision(folder: Path) -> str:
    """What identifies a checkpoint, in 12 digits: the hub's commit where it came from there, else a digest.

    Reading all of 30 GB would take a minute, so the digest is of the configs, the indices, the files' sizes
    and the first and last 64 KiB of the weights.
    """
    if folder.parent.name == "snapshots":
        return folder.name[:12]
    digest = hashlib.sha256()
    for file in sorted(each for part in parts(folder) for each in (folder / part).rglob("*")):
        if file.is_file():
            size = file.stat().st_size
            digest.update(f"{file.relative_to(folder).as_posix()} {size}\n".encode())
            with file.open("rb") as opened:
                digest.update(opened.read(2**16))
                opened.seek(max(0, size - 2**16))
                digest.update(opened.read())
    return digest.hexdigest()[:12]


def shapes(folder: Path, part: str) -> dict[str, tuple[int, ...]]:
    """The shapes of a part's tensors by name. Raises ``EngineError`` for a file that cannot be read."""
    found: dict[str, tuple[int, ...]] = {}
    for file in _weights(folder, part):
        found |= {name: tuple(tensor["shape"]) for name, tensor in _header(file)[1].items()}
    return found


def _weights(folder: Path, part: str) -> Iterator[Path]:
    """The files of a part's weights. Raises ``EngineError`` when one is missing."""
    indices = sorted((folder / part).glob("*.safetensors.index.json"))
    names = sorted({file for index in indices for file in _read(index).get("weight_map", {}).values()})
    if not names:
        stem = "model" if part.startswith("text_encoder") else "diffusion_pytorch_model"
        names = [f"{stem}.safetensors"]
    for name in names:
        file = folder / part / name
        if not file.is_file():
            raise unreadable("The FLUX pipeline", folder, f"{part}/{name} is missing")
        yield file


def _check_length(file: Path) -> None:
    begin, tensors = _header(file)
    if begin + max(tensor["data_offsets"][1] for tensor in tensors.values()) != file.stat().st_size:
        raise _damaged(file)


def _header(file: Path) -> tuple[int, dict[str, Any]]:
    """Where a safetensors file's numbers begin, and what it says of each tensor."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            told = json.loads(opened.read(length)) if length <= file.stat().st_size else {}
        tensors = {name: tensor for name, tensor in told.items() if name != "__metadata__"}
        if tensors and all(
            tensor["data_offsets"][1] >= 0 and tensor["shape"] is not None for tensor in tensors.values()
        ):
            return 8 + length, tensors
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    raise _damaged(file)


def _damaged(file: Path) -> EngineError:
    return unreadable(f"{file.parent.name}/{file.name}", file, "it is cut short or no safetensors file")


def _read(file: Path) -> dict[str, Any]:
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unreadable(f"{file.parent.name}/{file.name}", file, error) from error
    if not isinstance(fields, dict):
        raise unreadable(f"{file.parent.name}/{file.name}", file, "it is not an object")
    return fields
