"""Engines by name, and the presets that choose them.

An engine is named by a factory, "module:function", that is imported and called when the engine is first
wanted: naming an engine costs nothing, loading one may take seconds. Other packages add engines through the
entry point groups ``inpalla.segmenters`` and ``inpalla.inpainters``; an entry point's name is the engine's
name, and its function takes nothing and returns an object that keeps the interface in
``tools.segmenting.base`` or ``tools.inpainting.base``.
"""

from __future__ import annotations

import pkgutil
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tools.engines import gpu_memory, presets, requirements, specs, stored_weights, threads
from tools.engines.machine import GIB
from tools.engines.model_name import ModelName
from tools.engines.presets import PRESETS, Preset
from tools.engines.requirements import Requirement
from tools.engines.specs import ENGINES, Role
from tools.errors import EngineError, OutOfMemory, WrongUsageError, is_out_of_memory
from tools.kinds import Kind, only_words

if TYPE_CHECKING:
    from tools.inpainting.base import Computing, Inpainter
    from tools.segmenting.base import Segmenter

__all__ = ["COMPUTING", "DEFAULT_PRESET", "INPAINTERS", "PRESETS", "SEGMENTERS", "Preset"]


def _loaders(role: Role) -> Mapping[str, str]:
    engines = [each for each in ENGINES.values() if each.role == role and not each.is_family]
    return MappingProxyType({engine.name: engine.loader for engine in engines})


SEGMENTERS = _loaders("segmenter")
INPAINTERS = _loaders("inpainter")
COMPUTING = _loaders("computed")
"""What loads the program's own engines, by name; those that compute an edit: see
``tools.inpainting.base.Computing``.
"""

DEFAULT_PRESET = "pocket"

_loaded: dict[tuple[str, str], Any] = {}
_lock = threading.RLock()


def find_preset(name: str, override: Mapping[Kind, str] | None = None) -> Preset:
    """The preset of a name, with its inpainters chosen: see ``presets.choose_inpainters``.

    Raises ``WrongUsageError`` when there is none, and for an engine that there is not, or that cannot carry
    out the kind of edit that it was chosen for.
    """
    preset = known_preset(name)
    for kind, engine in (override or {}).items():
        check_choice(kind, engine)
    licensed = {ModelName.parse(each).model for each in preset.licensed.values()}
    here = {each for each in licensed if Requirement("inpainter", each).is_here}
    if preset.licensed_segmenter and Requirement("segmenter", preset.licensed_segmenter).is_here:
        here.add(preset.licensed_segmenter)
    return presets.settled(preset, here, override)


def segmenter_of(preset: str) -> str:
    """The segmenter of a preset, by name; looks at nothing else of it. Raises ``EngineError``."""
    known = known_preset(preset)
    licensed = known.licensed_segmenter
    return licensed if licensed and Requirement("segmenter", licensed).is_here else known.segmenter


def known_preset(name: str) -> Preset:
    """The preset of a name as it was made, whatever is on this machine. Raises ``EngineError``."""
    if name not in PRESETS:
        raise WrongUsageError(f"There is no preset '{name}': choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def names(role: Role) -> list[str]:
    """The names of all segmenters, or of all inpainters, that can be asked for, the program's own first."""
    own = SEGMENTERS if role == "segmenter" else INPAINTERS
    return [*own, *specs.family(role), *(name for name in _factories(role) if name not in own)]


def load_segmenter(name: str) -> Segmenter:
    """The segmenter of a name, loaded once a process. Raises ``EngineError`` when that cannot be."""
    segmenter: Segmenter = _load("segmenter", name)
    return segmenter


def load_inpainter(name: str, *, stream: bool = False) -> Inpainter:
    """The inpainter of a name, loaded once a process.

    ``stream``: its weights stream through the card, because they do not fit it. Raises ``EngineError`` when
    it cannot be loaded.
    """
    inpainter: Inpainter = _load("inpainter", name, stream)
    return inpainter


def load_computing(name: str) -> Computing:
    """The engine of a name that computes edits (see ``COMPUTING``). Raises ``EngineError``."""
    engine: Computing = _load("inpainter", name)
    return engine


def load_inpainters(preset: Preset) -> dict[Kind, Inpainter]:
    """All inpainters of a preset, by the kind of edit that they paint."""
    return {
        kind: load_inpainter(name, stream=presets.streams(name, preset))
        for kind, name in preset.inpainters.items()
    }


def is_loaded(preset: Preset) -> bool:
    """Whether all engines of a preset are loaded."""
    wanted = {("segmenter", preset.segmenter), *(("inpainter", name) for name in preset.inpainters.values())}
    return wanted <= _loaded.keys()


def check_name(role: Role, name: str) -> None:
    """Raise ``WrongUsageError`` when there is no engine of that name."""
    if name not in _factories(role) and not _is_of_family(role, name):
        raise WrongUsageError(_unknown(role, name))


def check_choice(kind: Kind, name: str) -> None:
    """Raise ``WrongUsageError`` when there is no inpainter of that name, or not for that kind of edit."""
    check_name("inpainter", name)
    engine = specs.of_painting(name)
    if engine is not None and engine.no_others and kind not in engine.kinds:
        use = " ".join(f"--inpainter {each}={name}" for each in engine.kinds)
        raise WrongUsageError(f"{only_words(name, engine.kinds, kind)}: {use} uses it for that.")


def check_here(names_: Iterable[str]) -> None:
    """Raise ``NotFetchedError`` for an inpainter whose weights are not on this machine."""
    for name in dict.fromkeys(names_):
        required = Requirement("inpainter", name)
        if not required.is_here:
            raise requirements.not_fetched(required)


def check_segmenter_here(preset: str) -> None:
    """Raise ``NotFetchedError`` where the segmenter of a preset is not on this machine; loads nothing."""
    required = Requirement("segmenter", segmenter_of(preset))
    if not required.is_here:
        with requirements.telling(known_preset(preset)):
            raise requirements.not_fetched(required)


def _is_of_family(role: Role, name: str) -> bool:
    engine = specs.find(role, name)
    return engine is not None and engine.is_family


def _factories(role: Role) -> dict[str, str]:
    """The factories of a role by name; an entry point cannot take the name of one of the program's own."""
    own = SEGMENTERS if role == "segmenter" else {**INPAINTERS, **COMPUTING}
    brought = {entry.name: entry.value for entry in entry_points(group=f"inpalla.{role}s")}
    return dict(own) | {name: value for name, value in brought.items() if name not in own}


def _load(role: Role, name: str, stream: bool = False) -> Any:
    if (role, name) in _loaded and _lock.acquire(blocking=False):
        _lock.release()
        return _loaded[role, name]

    def load() -> Any:
        # Also for an engine that is there already: loading another one changes settings of torch's meanwhile.
        with _lock:
            if (role, name) not in _loaded:
                _check_fetched(role, name)  # before seconds go into libraries
                threads.share_the_machine()
                _loaded[role, name] = _called(role, name, _loader(role, name, stream))
                gpu_memory.manager().register(_loaded[role, name])
            return _loaded[role, name]

    return threads.apart(load)


def _check_fetched(role: Role, name: str) -> None:
    engine = specs.find(role, name)
    if engine is None or _factories(role).get(name) != engine.loader:
        return
    if engine.repositories and engine.store == stored_weights.__name__:
        stored_weights.find(name)


def _loader(role: Role, name: str, stream: bool) -> Callable[[], Any]:
    """What loads an engine. Raises ``EngineError`` when there is none of that name."""
    factories = _factories(role)
    if name in factories:
        return lambda: pkgutil.resolve_name(factories[name])()
    engine = specs.find(role, name)
    if engine is None or not engine.is_family:
        raise EngineError(_unknown(role, name))
    how = {"stream": stream} if engine.streams else {}
    return lambda: pkgutil.resolve_name(engine.loader)(name, **how)


def _called(role: Role, name: str, load: Callable[[], Any]) -> Any:
    """The engine that ``load`` returns; whatever it raises becomes one sentence."""
    try:
        return _with_room(name, load)
    except EngineError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"The {role} '{name}' does not fit into memory: close other programs, or use a smaller"
                " preset."
            ) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EngineError(
            f"The {role} '{name}' cannot be loaded ({reason}); inpalla doctor shows what is missing."
        ) from error


def _with_room(name: str, load: Callable[[], Any]) -> Any:
    """Load an engine; where many bytes are known to come, others leave the card first."""
    size = presets.weights(name)
    if size is None:
        return load()
    import torch  # noqa: F401 - from here on there is a card to look after

    card = gpu_memory.manager()
    card.make_room(int(size * GIB), gpu_memory.PATIENCE)
    try:
        return load()
    except Exception as error:
        if not (card.active and is_out_of_memory(error)):
            raise
    card.make_room_for(None)  # out of the handler, which would hold on to what was loaded so far
    return load()


def _unknown(role: Role, name: str) -> str:
    return f"There is no {role} '{name}': choose one of {', '.join(sorted(names(role)))}."
