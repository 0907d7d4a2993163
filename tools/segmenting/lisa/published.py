"""The published LISA models as engines: where they lie on this machine, how they are fetched and loaded.

Loading never uses the network: ``fetch`` does, when the user asks for it (``inpalla setup``), and leaves a
copy in our own layout in the data folder, with CLIP in it. What it was made from is then needed no more.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from transformers.utils import logging

from sessions.catalog import data_folder
from tools.engines import download, number_formats, quantization, specs
from tools.engines.model_name import Bits, ModelName
from tools.engines.unreadable import reading
from tools.errors import EngineError
from tools.segmenting.lisa import checkpoint, text
from tools.segmenting.lisa.config import LisaConfig
from tools.segmenting.lisa.model import Lisa
from tools.segmenting.lisa.segmenter import LisaSegmenter

_NAMES: Final = {specs.repository_of(name): name for name in specs.family("segmenter")}
"""Our names for the published models, by their repositories."""

EXACT: Final = ("lm_head", "mm_projector", "text_hidden_fcs", "sam", "vision_tower")
"""What is never quantised: masks came out empty where the original did it."""


def load(name: str) -> LisaSegmenter:
    """Load a LISA by name (see ``tools.engines.model_name``) from this machine alone.

    Raises ``EngineError`` when it is not here or not whole, or when what it needs is not installed.
    """
    bits = ModelName.parse(name).bits
    folder = find(specs.repository_of(name))
    logging.disable_progress_bar()
    card = torch.cuda.is_available()
    dtype = number_formats.of_weights()
    quantization.check_package(bits)
    few = quantization.config(transformers, bits, dtype, EXACT)
    device = "cuda" if card else "cpu"
    if checkpoint.is_published(folder):
        clip = find(_clip_of(folder), beside=folder)
        model = checkpoint.load_published(folder, clip, device=device, dtype=dtype, quantisation=few)
    else:
        model = _load_own(folder, device, dtype, few)
    if dtype == torch.float16:
        number_formats.in_float32(
            model.sam.vision_encoder.neck
        )  # as the original does: its numbers grow too large
    with reading("The tokenizer of LISA", folder):
        tokenizer = text.LisaTokenizer.from_folder(folder)
    # A model with a rule of its own knows two answers and one form of question, whatever its size.
    reasons = model.config.presence is None
    return LisaSegmenter(name, model, tokenizer, revision(folder, bits), reasons=reasons)


def find(repository: str, beside: Path | None = None) -> Path:
    """Where a model lies on this machine: a folder of that name, our own copy, or the hub's cache.

    ``beside`` is a folder whose neighbours are looked at first. Raises ``EngineError`` when it is nowhere.
    """
    neighbours = [beside.parent / Path(repository).name] if beside is not None else []
    for folder in (*neighbours, Path(repository).expanduser(), copy_folder(repository)):
        if (folder / "config.json").is_file():
            return folder
    if Path(repository).expanduser().is_dir():
        raise EngineError(f"{repository} is not a LISA checkpoint: it has no config.json.")
    if (kept_ := download.kept(_of_hub(repository))) is not None:
        return kept_
    name = _NAMES.get(repository, repository)
    raise download.not_fetched("segmenter", name, needed(name) if name in specs.ENGINES else ())


def copy_folder(repository: str) -> Path:
    """Where our own copy of a repository lies, or would."""
    return data_folder() / "models" / repository.replace("/", "--")


def needed(name: str) -> tuple[specs.Repository, ...]:
    """What a model needs of the hub: its weights and CLIP's; nothing for a folder."""
    repository = specs.repository_of(name)
    if Path(repository).expanduser().is_dir():
        return ()
    return (_of_hub(repository), specs.CLIP) if repository in _NAMES else (_of_hub(repository),)


def kept(name: str) -> Path | None:
    """Where a model lies on this machine with all that it needs; None when it does not. No network."""
    try:
        folder = find(specs.repository_of(name))
        if checkpoint.is_published(folder):
            find(_clip_of(folder), beside=folder)
    except (EngineError, OSError, ValueError):
        return None
    return folder


def fetch(name: str, progress: download.TransferProgress = download.silent) -> Path:
    """Fetch a published model and its CLIP, and make a copy in our own layout; the copy's folder.

    Safe to repeat: what is there is not fetched again, and a broken download goes on where it stopped. What
    the copy was made from stays in the hub's cache: see ``originals``. Raises ``EngineError`` when there is
    too little room, and when the hub cannot be reached or does not have it.
    """
    repository = specs.repository_of(name)
    target = copy_folder(repository)
    for own in (Path(repository).expanduser(), target):
        if (own / "config.json").is_file():
            return own
    if repository in _NAMES:
        # The copy is as large as what it is made from, and is written while that is still there.
        sizes = [download.measured(each) for each in needed(name)]
        lacking = sum(missing for _, missing in sizes)
        download.check_room({download.cache(): lacking, target: sum(total for total, _ in sizes)})
    folder = download.fetch(_of_hub(repository), progress)
    if not checkpoint.is_published(folder):
        return folder
    clip = download.fetch(_of_hub(_clip_of(folder)), progress)
    return convert(folder, clip, target)


def originals(name: str) -> tuple[str, ...]:
    """The repositories in the hub's cache that a model no longer needs, as our own copy holds all of them."""
    repository = specs.repository_of(name)
    if not (copy_folder(repository) / "config.json").is_file():
        return ()
    # Other programs need CLIP, too: it is left over only where it was fetched for this.
    left = (repository, specs.CLIP.name) if download.is_ours(specs.CLIP.name) else (repository,)
    return tuple(each for each in left if download.cached_bytes(each))


def convert(folder: Path, clip: Path, target: Path, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Write a published checkpoint with its CLIP as one safetensors folder of ours; ``target``.

    It appears whole or not at all.
    """
    model = checkpoint.load_published(folder, clip, dtype=dtype)
    part = target.with_name(target.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(parents=True)
    try:
        model.save_pretrained(part)
        for file in ("tokenizer.model", "tokenizer_config.json", "added_tokens.json"):
            if (folder / file).exists():
                shutil.copy(folder / file, part)
        part.replace(target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise EngineError(
            f"{target} cannot be written ({error.strerror or error}): free some space, or set INPALLA_DATA."
        ) from error
    return target


def revision(folder: Path, bits: Bits = 16) -> str:
    """What identifies a checkpoint and what was made of it: the hub's commit where it came from there, else a
    digest of its files; behind it the bits, where they are fewer than the file's.

    Reading all of 16 GB would take a minute, so the digest is of the config, the index and the files' sizes.
    """
    fewer = "" if bits == 16 else f"-{bits}bit"
    if folder.parent.name == "snapshots":
        return folder.name[:12] + fewer
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file():
            digest.update(f"{file.name} {file.stat().st_size}\n".encode())
            if file.suffix == ".json":
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12] + fewer


def _clip_of(folder: Path) -> str:
    fields = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return str(fields.get("vision_tower") or fields.get("mm_vision_tower") or specs.CLIP.name)


def _of_hub(repository: str) -> specs.Repository:
    known = {each.name: each for engine in specs.ENGINES.values() for each in engine.repositories}
    return known.get(repository, specs.Repository(repository, specs.LISA_FILES))


def _load_own(folder: Path, device: str, dtype: torch.dtype, few: Any) -> Lisa:
    fields = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if fields.get("model_type") != LisaConfig.model_type:
        raise EngineError(
            f"{folder} is not a LISA checkpoint: its config.json names {fields.get('architectures')}."
        )
    try:
        model: Lisa = Lisa.from_pretrained(
            str(folder), dtype=dtype, device_map={"": device}, quantization_config=few
        )
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:150]
        raise EngineError(f"{folder} is not a LISA checkpoint that can be read ({reason}).") from error
    loaded: Lisa = model.eval()
    return loaded
