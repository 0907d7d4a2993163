"""The published FLUX models as engines: their names and licences, where they lie, how they are fetched.

Loading never uses the network: ``fetch`` does, when the user asks for it (``inpalla setup``). The weights
stay in the hub's cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tools.engines import download
from tools.engines.model_name import Source
from tools.errors import EngineError
from tools.inpainting.flux import checkpoint

if TYPE_CHECKING:
    from tools.inpainting.flux.engine import FluxEngine


@dataclass(frozen=True)
class Licence:
    """What somebody agrees to who uses a model.

    ``gated``: the hub gives the weights only to those who accepted it on ``page``, and ``command`` tells the
    hub who asks. ``commercial``: whether the model may be used for gain.
    """

    name: str
    page: str
    gated: bool
    commercial: bool
    command: str = ""


REPOSITORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "flux-fill": "black-forest-labs/FLUX.1-Fill-dev",
        "flux-klein": "black-forest-labs/FLUX.2-klein-4B",
        "flux-klein-9b": "black-forest-labs/FLUX.2-klein-9B",
        "flux-kontext": "black-forest-labs/FLUX.1-Kontext-dev",
    }
)
"""The published models by our names for them."""

_DEV: Final = "FLUX.1 [dev] Non-Commercial License"
_NON_COMMERCIAL: Final = "FLUX Non-Commercial License"
_LOGIN: Final = "hf auth login"

LICENCES: Final[Mapping[str, Licence]] = MappingProxyType(
    {
        "flux-fill": Licence(_DEV, download.page(REPOSITORIES["flux-fill"]), True, False, _LOGIN),
        "flux-klein": Licence("Apache-2.0", download.page(REPOSITORIES["flux-klein"]), False, True),
        "flux-klein-9b": Licence(
            _NON_COMMERCIAL, download.page(REPOSITORIES["flux-klein-9b"]), True, False, _LOGIN
        ),
        "flux-kontext": Licence(_DEV, download.page(REPOSITORIES["flux-kontext"]), True, False, _LOGIN),
    }
)
"""The licences by our names for the models."""

_BYTES: Final = {
    "flux-fill": 33.8e9, "flux-klein": 16.0e9, "flux-klein-9b": 34.7e9, "flux-kontext": 33.8e9
}  # fmt: skip
_PARTS: Final = (
    "scheduler",
    "text_encoder",
    "text_encoder_2",
    "tokenizer",
    "tokenizer_2",
    "transformer",
    "vae",
)
_FILES: Final = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")


def repository(name: str) -> str:
    """The hub repository, or the folder, that an engine's name stands for."""
    return Source.parse(name).repository(REPOSITORIES)


def load(name: str, *, offload: bool = False) -> FluxEngine:
    """Load a FLUX by name (see ``tools.engines.model_name``) from this machine alone.

    ``offload`` keeps the transformer's weights in RAM and streams them through the card. Raises
    ``EngineError`` when it is not here or not whole, or when what it needs is not installed.
    """
    from tools.inpainting.flux import loading

    source = Source.parse(name)
    folder = find(source.model)
    return loading.load(name, folder, checkpoint.check(folder), source.bits, offload=offload)


def find(model: str) -> Path:
    """Where a model lies on this machine: a folder of that name, or the hub's cache.

    Raises ``EngineError`` when it is nowhere.
    """
    folder = Path(REPOSITORIES.get(model, model)).expanduser()
    if checkpoint.is_pipeline(folder):
        return folder
    if folder.is_dir():
        raise EngineError(f"{folder} is no FLUX pipeline: it has no {checkpoint.INDEX}.")
    weights = _weights(model)
    if (kept_ := download.kept(weights)) is not None:
        return kept_
    licence = LICENCES.get(model)
    accept = ""
    if licence is not None and licence.gated:
        accept = f" accept its licence ({licence.name}) on {licence.page}, log in with {licence.command}, and"
    raise EngineError(
        f"{model} is not on this machine, or not whole:{accept} fetch it with"
        f" inpalla setup --inpainter {model}."
    )


def needed(name: str) -> tuple[download.Weights, ...]:
    """What a model needs of the hub; nothing for a folder."""
    model = Source.parse(name).model
    return () if Path(model).expanduser().is_dir() else (_weights(model),)


def kept(name: str) -> Path | None:
    """Where a model lies on this machine, whole; None when it does not. No network."""
    try:
        folder = find(Source.parse(name).model)
        checkpoint.check(folder)
    except EngineError:
        return None
    return folder


def fetch(name: str, progress: download.Progress = download.silent) -> Path:
    """Fetch a published model into the hub's cache; its folder there.

    Safe to repeat: what is there is not fetched again, and a broken download goes on where it stopped. Raises
    ``EngineError`` when there is too little room, the licence was not accepted, or the hub cannot be reached.
    """
    model = Source.parse(name).model
    if (folder := Path(model).expanduser()).is_dir():
        checkpoint.check(folder)
        return folder
    return download.fetch(_weights(model), progress)


def _weights(model: str) -> download.Weights:
    licence = LICENCES.get(model)
    return download.Weights(
        REPOSITORIES.get(model, model),
        (checkpoint.INDEX, *(f"{part}/{files}" for part in _PARTS for files in _FILES)),
        about=int(_BYTES.get(model, 0)),
        licence=licence.name if licence is not None and licence.gated else "",
        complete=_is_whole,
    )


def _is_whole(folder: Path) -> bool:
    try:
        checkpoint.check(folder)
    except EngineError:
        return False
    return True
