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
from transformers.utils import logging

from sessions.catalog import data_folder
from tools.engines import download, number_formats
from tools.engines.gpu_model import hush
from tools.engines.model_name import Bits, Source
from tools.errors import EngineError
from tools.segmenting.lisa import checkpoint, text
from tools.segmenting.lisa.config import LisaConfig
from tools.segmenting.lisa.model import Lisa
from tools.segmenting.lisa.segmenter import LisaSegmenter

CLIP: Final = "openai/clip-vit-large-patch14"
REPOSITORIES: Final = {
    "lisa-7b": "xinlai/LISA-7B-v1",
    "lisa-7b-explanatory": "xinlai/LISA-7B-v1-explanatory",
    "lisa-13b": "xinlai/LISA-13B-llama2-v1",
    "lisa-13b-explanatory": "xinlai/LISA-13B-llama2-v1-explanatory",
}
"""The published models by our names for them."""

_BYTES: Final = {"lisa-7b": 16.1e9, "lisa-13b": 28.7e9}
"""Of the published files: Llama in 16 bits, SAM in 32."""

_CLIP_BYTES: Final = 1_710_000_000

EXACT: Final = ("lm_head", "mm_projector", "text_hidden_fcs", "sam", "vision_tower")
"""What is never quantised: masks came out empty where the original did it."""

_FILES: Final = ("*.json", "*.model", "*.safetensors", "*.bin")


def load(name: str) -> LisaSegmenter:
    """Load a LISA by name (see ``tools.engines.model_name``) from this machine alone.

    Raises ``EngineError`` when it is not here or not whole, or when what it needs is not installed.
    """
    source = Source.parse(name)
    folder = find(source.repository(REPOSITORIES))
    logging.disable_progress_bar()
    card = torch.cuda.is_available()
    dtype = number_formats.of_weights()
    few = quantisation(source.bits, dtype)
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
    try:
        tokenizer = text.LisaTokenizer.from_folder(folder)
    except (OSError, ValueError) as error:
        raise EngineError(f"The tokenizer in {folder} cannot be read ({error}): fetch it again.") from error
    # A model with a rule of its own knows two answers and one form of question, whatever its size.
    reasons = model.config.presence is None
    return LisaSegmenter(name, model, tokenizer, revision(folder, source.bits), reasons=reasons)


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
    if (kept_ := download.kept(_weights(repository))) is not None:
        return kept_
    names = {value: name for name, value in REPOSITORIES.items()}
    raise EngineError(
        f"{names.get(repository, repository)} is not on this machine:"
        f" fetch it with inpalla setup --segmenter {names.get(repository, repository)}."
    )


def copy_folder(repository: str) -> Path:
    """Where our own copy of a repository lies, or would."""
    return data_folder() / "models" / repository.replace("/", "--")


def needed(name: str) -> tuple[download.Weights, ...]:
    """What a model needs of the hub: its weights and CLIP's; nothing for a folder."""
    repository = Source.parse(name).repository(REPOSITORIES)
    if Path(repository).expanduser().is_dir():
        return ()
    clip = (_weights(CLIP),) if repository in REPOSITORIES.values() else ()
    return _weights(repository), *clip


def kept(name: str) -> Path | None:
    """Where a model lies on this machine with all that it needs; None when it does not. No network."""
    try:
        folder = find(Source.parse(name).repository(REPOSITORIES))
        if checkpoint.is_published(folder):
            find(_clip_of(folder), beside=folder)
    except (EngineError, OSError, ValueError):
        return None
    return folder


def fetch(name: str, progress: download.Progress = download.silent) -> Path:
    """Fetch a published model and its CLIP, and make a copy in our own layout; the copy's folder.

    Safe to repeat: what is there is not fetched again, and a broken download goes on where it stopped. What
    the copy was made from stays in the hub's cache: see ``originals``. Raises ``EngineError`` when there is
    too little room, and when the hub cannot be reached or does not have it.
    """
    repository = Source.parse(name).repository(REPOSITORIES)
    target = copy_folder(repository)
    for own in (Path(repository).expanduser(), target):
        if (own / "config.json").is_file():
            return own
    weights = _weights(repository)
    if repository in REPOSITORIES.values():
        # The copy is as large as what it is made from, and is written while that is still there.
        sizes = [download.measured(each) for each in needed(name)]
        lacking = sum(missing for _, missing in sizes)
        download.check_room({download.cache(): lacking, target: sum(total for total, _ in sizes)})
    folder = download.fetch(weights, progress)
    if not checkpoint.is_published(folder):
        return folder
    clip = download.fetch(_weights(_clip_of(folder)), progress)
    return convert(folder, clip, target)


def originals(name: str) -> tuple[str, ...]:
    """The repositories in the hub's cache that a model no longer needs, as our own copy holds all of them."""
    repository = Source.parse(name).repository(REPOSITORIES)
    if not (copy_folder(repository) / "config.json").is_file():
        return ()
    # Other programs need CLIP, too: it is left over only where it was fetched for this.
    left = (repository, CLIP) if download.is_ours(CLIP) else (repository,)
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
            f"{target} cannot be written ({error.strerror or error}): make room there, or set INPALLA_DATA."
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
    return str(fields.get("vision_tower") or fields.get("mm_vision_tower") or CLIP)


def _weights(repository: str) -> download.Weights:
    names = {value: name for name, value in REPOSITORIES.items()}
    size = _BYTES.get(names.get(repository, "").removesuffix("-explanatory"), 0.0)
    about = _CLIP_BYTES if repository == CLIP else int(size)
    return download.Weights(repository, _FILES, about)


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


def quantisation(bits: Bits, dtype: torch.dtype) -> Any:
    """transformers' config for so many bits. Raises ``EngineError`` when the library is not installed."""
    if bits == 16:
        return None
    from importlib.util import find_spec

    if find_spec("bitsandbytes") is None:
        raise EngineError(
            f"{bits}-bit weights need a package more: install it with pip install 'inpalla[quantised]'."
        )
    from transformers import BitsAndBytesConfig

    hush()
    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=list(EXACT))
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=list(EXACT),
    )
