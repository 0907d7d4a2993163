"""What a loader says of weights that it cannot read: which engine, why, and the commands that mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.engines import specs
from tools.errors import EngineError, is_out_of_memory


def again(path: Path) -> str:
    """How to get what lies at a path once more: half a sentence, with commands that can be copied.

    In the hub's cache and in the data folder it must be deleted first, for ``inpalla setup`` takes what has
    all its bytes and comes from the hub as it is for whole. A folder of the user's own is the user's to mend.
    """
    for part in (path, *path.parents):
        named = part.name.removeprefix("models--").replace("--", "/", 1)
        if not (engine := _engine_of(named)):
            continue
        setup = f"run inpalla setup --{engine.role} {engine.name}"
        if part.name.startswith("models--"):
            return f"run hf cache rm model/{named}, and then {setup.removeprefix('run ')}"
        if part.parent.name == "models":
            return f"delete {part}, and {setup}"
    return f"put a whole copy at {path}"


def unreadable(what: str, path: Path, reason: object = "") -> EngineError:
    """The error of a loader: ``what`` is the engine, or a file of it; ``reason`` what a library said."""
    said = " ".join(str(reason).split()).replace(f"{path}/", "").replace(str(path), "its folder")[:120]
    if isinstance(reason, Exception) and not said:
        said = type(reason).__name__
    why = f" ({said.rstrip('.')})" if said else ""
    return EngineError(f"{what} cannot be read{why}: {again(path)}.")


@contextmanager
def reading(what: str, path: Path) -> Iterator[None]:
    """Whatever a library raises while it reads what lies at a path becomes one sentence."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise unreadable(what, path, error) from error


def _engine_of(repository: str) -> specs.Engine | None:
    """The engine that a repository belongs to; of several the first."""
    for engine in specs.ENGINES.values():
        if any(each.name == repository for each in engine.repositories):
            return engine
    return None
