"""Where the weights of most engines lie: in the hub's cache, as the table of engines names them.

The engines of a family have a module like this one of their own (``Engine.store``).
"""

from __future__ import annotations

from pathlib import Path

from tools.engines import download, specs


def needed(name: str) -> tuple[specs.Repository, ...]:
    """What an engine needs of the hub."""
    return specs.ENGINES[name].repositories


def kept(name: str) -> Path | None:
    """Where an engine's model lies on this machine, if all that it needs is there. No network."""
    folders = [download.kept(repository) for repository in needed(name)]
    return None if None in folders else folders[0]


def fetch(name: str, progress: download.TransferProgress = download.silent) -> Path:
    """Fetch what is missing; the model's folder. Safe to repeat. Raises ``EngineError``."""
    model, *_ = [download.fetch(repository, progress) for repository in needed(name)]
    return model


def find(name: str) -> tuple[Path, ...]:
    """The folders of all that an engine needs. Raises ``EngineError`` when not all is on this machine."""
    folders = [folder for each in needed(name) if (folder := download.kept(each)) is not None]
    if len(folders) < len(needed(name)):
        raise download.not_fetched(specs.ENGINES[name].role, name, needed(name))
    return tuple(folders)
