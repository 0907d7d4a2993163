"""What a preset needs on this machine: its planner's model, its engines' weights, the packages beside them.

Looking costs no network. ``setup`` fetches what is missing, ``doctor`` names it.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from tools.engines import download as hub
from tools.engines import presets, registry

Role = Literal["segmenter", "inpainter"]

_PUBLISHED = {"segmenter": "tools.segmenting.lisa.published", "inpainter": "tools.inpainting.flux.published"}


@dataclass(frozen=True)
class Need:
    """An engine that a preset uses.

    ``module`` names the module that knows its weights (its ``needed``, ``kept`` and ``fetch``), "" for an
    engine that has none to fetch: one that is a part of InpaLLa, or that another package brought. An
    ``optional`` engine stands behind a licence, and the preset works without it.
    """

    role: Role
    name: str
    module: str
    optional: bool = False

    @property
    def weights(self) -> tuple[hub.Weights, ...]:
        """What it needs of the hub."""
        needed: tuple[hub.Weights, ...] = self._call("needed") if self.module else ()
        return needed

    @property
    def folder(self) -> Path | None:
        """Where its weights lie on this machine, if all are there and it has some."""
        folder: Path | None = self._call("kept") if self.module else None
        return folder

    @property
    def is_here(self) -> bool:
        """Whether nothing must be fetched."""
        return not self.module or self.folder is not None

    @property
    def lacks_package(self) -> str:
        """The command that installs a package that it needs, "" when none is missing."""
        quantised = presets.bits_of(self.name) < 16 and find_spec("bitsandbytes") is None
        return "pip install 'inpalla[quantised]'" if quantised else ""

    def fetch(self, progress: hub.Progress = hub.silent) -> None:
        """Fetch its weights. Raises ``EngineError``."""
        if self.module:
            self._call("fetch", progress)

    def leftovers(self) -> tuple[str, ...]:
        """The repositories in the hub's cache that it was made from and no longer needs."""
        left: tuple[str, ...] = self._call("originals") if self.module == _PUBLISHED["segmenter"] else ()
        return left

    def _call(self, function: str, *arguments: object) -> Any:
        return pkgutil.resolve_name(f"{self.module}:{function}")(self.name, *arguments)


def need(role: Role, name: str, optional: bool = False) -> Need:
    """What an engine needs, by its role and its name."""
    own = registry.SEGMENTERS if role == "segmenter" else registry.INPAINTERS
    if name in own and name in registry.OWN_WEIGHTS:
        return Need(role, name, registry.OWN_WEIGHTS[name], optional)
    published = registry.LISA if role == "segmenter" else registry.FLUX
    known = presets.base_of(name) in published or "/" in name or Path(name).is_dir()
    return Need(role, name, _PUBLISHED[role] if known else "", optional)


def find_preset(name: str) -> presets.Preset:
    """The preset of a name as it was made, whatever is on this machine. Raises ``EngineError``."""
    return registry.PRESETS[name] if name in registry.PRESETS else registry.find_preset(name)


def needs(preset: presets.Preset) -> list[Need]:
    """What the engines of a preset need, each engine once; those behind a licence come last."""
    own, licensed = dict.fromkeys(preset.inpainters.values()), dict.fromkeys(preset.licensed.values())
    return [
        need("segmenter", preset.segmenter),
        *(need("inpainter", name) for name in own),
        *(need("inpainter", name, optional=True) for name in licensed if name not in own),
        *(need("segmenter", name, optional=True) for name in [preset.licensed_segmenter] if name),
    ]


@dataclass(frozen=True)
class Download:
    """How many bytes a preset has fetched, roughly: its planner's ``model``, by Ollama into a folder of its
    own; its ``engines``' weights; and, once a licence was accepted, ``licensed`` ones besides.
    """

    model: int
    engines: int
    licensed: int

    @property
    def total(self) -> int:
        """What it does not do without."""
        return self.model + self.engines


def download(preset: presets.Preset, *, lacking: bool = False, with_model: bool = True) -> Download:
    """What a preset has fetched; ``lacking``: of its engines only what is not on this machine. Repositories
    that engines share count once.
    """
    wanted = [need for need in needs(preset) if not (lacking and need.is_here)]

    def size(optional: bool) -> int:
        weights = {each for need in wanted if need.optional is optional for each in need.weights}
        return sum(each.about for each in weights if not (lacking and hub.kept(each) is not None))

    model = presets.PLANNERS.get(ollama_model(preset) or "", 0.0) if with_model else 0.0
    return Download(round(model * 1e9), size(optional=False), size(optional=True))


def ollama_model(preset: presets.Preset) -> str | None:
    """The model that a preset's planner asks an Ollama server for, None for the built-in planner."""
    kind, _, model = preset.planner.partition(":")
    return model if kind == "ollama" and model else None
