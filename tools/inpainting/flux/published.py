"""The published FLUX models as engines: where they lie, how they are fetched.

Loading never uses the network: ``fetch`` does, when the user asks for it (``inpalla setup``). The weights
stay in the hub's cache.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.engines import download, specs
from tools.engines.model_name import ModelName
from tools.errors import EngineError, NotFetchedError
from tools.inpainting.flux import checkpoint

if TYPE_CHECKING:
    from tools.inpainting.flux.engine import FluxEngine


def load(name: str, *, stream: bool = False) -> FluxEngine:
    """Load a FLUX by name (see ``tools.engines.model_name``) from this machine alone.

    ``stream`` keeps the transformer's weights in RAM and streams them through the card. Raises
    ``EngineError`` when it is not here or not whole, or when what it needs is not installed.
    """
    from tools.inpainting.flux import loading

    named = ModelName.parse(name)
    folder = find(named.model)
    return loading.load(name, folder, checkpoint.check(folder), named.bits, stream=stream)


def find(model: str) -> Path:
    """Where a model lies on this machine: a folder of that name, or the hub's cache.

    Raises ``EngineError`` when it is nowhere.
    """
    folder = Path(specs.repository_of(model)).expanduser()
    if checkpoint.is_pipeline(folder):
        return folder
    if folder.is_dir():
        raise EngineError(f"{folder} is not a FLUX pipeline: it has no {checkpoint.INDEX}.")
    repository = _repository(model)
    if (kept_ := download.kept(repository)) is not None:
        return kept_
    accept = ""
    if repository.gate:
        accept = (
            f" accept its licence ({repository.gate}) on {repository.page}, log in with hf auth login, and"
        )
    raise NotFetchedError(
        f"{model} is not on this machine, or incomplete:{accept} fetch it with"
        f" inpalla setup --inpainter {model}.",
        model,
    )


def needed(name: str) -> tuple[specs.Repository, ...]:
    """What a model needs of the hub; nothing for a folder."""
    model = ModelName.parse(name).model
    return () if Path(model).expanduser().is_dir() else (_repository(model),)


def kept(name: str) -> Path | None:
    """Where a model lies on this machine, whole; None when it does not. No network."""
    try:
        folder = find(ModelName.parse(name).model)
        checkpoint.check(folder)
    except EngineError:
        return None
    return folder


def fetch(name: str, progress: download.TransferProgress = download.silent) -> Path:
    """Fetch a published model into the hub's cache; its folder there.

    Safe to repeat: what is there is not fetched again, and a broken download goes on where it stopped. Raises
    ``EngineError`` when there is too little room, the licence was not accepted, or the hub cannot be reached.
    """
    model = ModelName.parse(name).model
    if (folder := Path(model).expanduser()).is_dir():
        checkpoint.check(folder)
        return folder
    return download.fetch(_repository(model), progress)


def _repository(model: str) -> specs.Repository:
    engine = specs.ENGINES.get(model)
    of_hub = engine.repositories[0] if engine is not None else specs.Repository(model, specs.FLUX_FILES)
    return replace(of_hub, check=_is_whole)


def _is_whole(folder: Path) -> bool:
    try:
        checkpoint.check(folder)
    except EngineError:
        return False
    return True
