"""What a preset needs on this machine: its planner's model, its engines' weights, the packages beside them.

Looking costs no network. ``setup`` fetches what is missing, ``doctor`` names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from tools.engines import download as hub
from tools.engines import presets, quantization, specs
from tools.engines.model_name import ModelName
from tools.engines.specs import Repository, Role
from tools.errors import NotFetchedError


class Store(Protocol):
    """A module that knows where engines' weights lie: see ``tools.engines.specs.Engine.store``."""

    def needed(self, name: str) -> tuple[Repository, ...]:
        """What an engine needs of the hub."""
        ...

    def kept(self, name: str) -> Path | None:
        """Where it lies on this machine with all that it needs; None when it does not. No network."""
        ...

    def fetch(self, name: str, progress: hub.TransferProgress) -> Path:
        """Fetch what is missing; its folder. Raises ``EngineError``."""
        ...


class CopyingStore(Store, Protocol):
    """One that makes a copy of its own of what it fetches."""

    def originals(self, name: str) -> tuple[str, ...]:
        """The repositories in the hub's cache that an engine was made from and no longer needs."""
        ...


@dataclass(frozen=True)
class Requirement:
    """An engine that a preset uses. An ``optional`` one stands behind a licence, and the preset works without
    it.
    """

    role: Role
    name: str
    optional: bool = False

    @property
    def has_weights(self) -> bool:
        """Whether it has weights on the hub. Else it is a part of InpaLLa, or another package brought it."""
        engine = specs.find(self.role, self.name)
        return engine is not None and bool(engine.repositories)

    @property
    def repositories(self) -> tuple[Repository, ...]:
        """What it needs of the hub."""
        return self._store.needed(self.name) if self.has_weights else ()

    @property
    def folder(self) -> Path | None:
        """Where its weights lie on this machine, if all are there and it has some."""
        return self._store.kept(self.name) if self.has_weights else None

    @property
    def is_here(self) -> bool:
        """Whether nothing must be fetched."""
        return not self.has_weights or self.folder is not None

    @property
    def lacks_package(self) -> str:
        """The command that installs a package that it needs, "" when none is missing."""
        return quantization.INSTALL if quantization.lacks_package(ModelName.parse(self.name).bits) else ""

    def fetch(self, progress: hub.TransferProgress = hub.silent) -> Path | None:
        """Fetch its weights; their folder. Raises ``EngineError``."""
        return self._store.fetch(self.name, progress) if self.has_weights else None

    def leftovers(self) -> tuple[str, ...]:
        """The repositories in the hub's cache that it was made from and no longer needs."""
        engine = specs.find(self.role, self.name)
        copied = engine is not None and engine.copied
        return cast(CopyingStore, self._store).originals(self.name) if copied else ()

    @property
    def _store(self) -> Store:
        engine = specs.find(self.role, self.name)
        assert engine is not None
        return cast(Store, import_module(engine.store))


def requirements(preset: presets.Preset) -> list[Requirement]:
    """What a preset uses, each engine once; those behind a licence come last."""
    own, licensed = dict.fromkeys(preset.inpainters.values()), dict.fromkeys(preset.licensed.values())
    return [
        Requirement("segmenter", preset.segmenter),
        *(Requirement("inpainter", name) for name in own),
        *(Requirement("inpainter", name, optional=True) for name in licensed if name not in own),
        *(Requirement("segmenter", name, optional=True) for name in [preset.licensed_segmenter] if name),
    ]


def not_fetched(required: Requirement) -> NotFetchedError:
    """The error for an engine whose weights are not on this machine."""
    return hub.not_fetched(required.role, required.name, required.repositories)


@contextmanager
def telling(preset: presets.Preset) -> Iterator[None]:
    """Where an engine of a preset is not on this machine, say the command that fetches all that it lacks."""
    try:
        yield
    except NotFetchedError as error:
        made = presets.PRESETS.get(preset.name)
        lacking = [] if made is None else [e for e in requirements(made) if not (e.optional or e.is_here)]
        names = [each.name for each in lacking]
        if made is None or error.engine not in names:
            raise
        size = hub.size_words(download(made, lacking=True, with_model=False).engines)
        *most, last = names
        listed, them = (f"{', '.join(most)} and {last}", "them") if most else (last, "it")
        raise NotFetchedError(
            f"{listed} of the preset {made.name} {'are' if most else 'is'} not on this machine: fetch {them}"
            f" with inpalla setup --preset {made.name} (about {size}).",
            error.engine,
        ) from error


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
    wanted = [each for each in requirements(preset) if not (lacking and each.is_here)]

    def size(optional: bool) -> int:
        needed = {part for each in wanted if each.optional is optional for part in each.repositories}
        return sum(part.size for part in needed if not (lacking and hub.kept(part) is not None))

    model = presets.PLANNERS.get(ollama_model(preset) or "", 0.0) if with_model else 0.0
    return Download(round(model * 1e9), size(optional=False), size(optional=True))


def ollama_model(preset: presets.Preset) -> str | None:
    """The model that a preset's planner asks an Ollama server for, None for the built-in planner."""
    kind, _, model = preset.planner.partition(":")
    return model if kind == "ollama" and model else None
