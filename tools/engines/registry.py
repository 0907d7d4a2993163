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
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tools.engines import gpu_memory, presets, threads
from tools.engines.presets import PRESETS, Preset
from tools.errors import EngineError, OutOfMemory, is_out_of_memory
from tools.kinds import Kind

if TYPE_CHECKING:
    from tools.inpainting.base import Computing, Inpainter
    from tools.segmenting.base import Segmenter

__all__ = ["COMPUTING", "DEFAULT_PRESET", "FLUX", "INPAINTERS", "LISA", "PRESETS", "SEGMENTERS", "Preset"]

SEGMENTERS: Mapping[str, str] = MappingProxyType(
    {
        "lisa-pocket": "tools.segmenting.lisa.segmenter:load_pocket",
        "llmdet-sam2": "tools.segmenting.grounded.segmenter:load",
        "sam3": "tools.segmenting.sam3.segmenter:load_sam3",
    }
)
"""The segmenters that the program knows how to load, by name."""

OWN_WEIGHTS: Mapping[str, str] = MappingProxyType(
    {
        "llmdet-sam2": "tools.segmenting.grounded.published",
        "sam3": "tools.segmenting.sam3.published",
        "sd15-inpainting": "tools.inpainting.stable_diffusion.published",
        "lama": "tools.inpainting.lama.published",
    }
)
"""Of the segmenters and inpainters named here, those whose weights lie on the hub, with the module that knows
them (its ``needed``, ``kept`` and ``fetch``).
"""

LISA = ("lisa-7b", "lisa-7b-explanatory", "lisa-13b", "lisa-13b-explanatory")
"""The published LISA models. ":8bit" or ":4bit" behind the name loads them so; a folder or a hub repository
(OWNER/NAME) with a LISA in it is a name, too. See ``tools.segmenting.lisa.published``.
"""

INPAINTERS: Mapping[str, str] = MappingProxyType(
    {
        "flux-fill-pocket": "tools.inpainting.flux.pocket:load_fill_pocket",
        "flux-kontext-pocket": "tools.inpainting.flux.pocket:load_kontext_pocket",
        "sd15-inpainting": "tools.inpainting.stable_diffusion.engine:load",
        "lama": "tools.inpainting.lama.engine:load",
    }
)
"""The inpainters that the program knows how to load, by name."""

COMPUTING: Mapping[str, str] = MappingProxyType(
    {
        "recolour": "tools.inpainting.computed.recolour:Recolour",
        "materials": "tools.inpainting.computed.materials:Materials",
        "removal": "tools.inpainting.computed.removal:load_removal",
        "drawing": "tools.inpainting.drawing:load_drawing",
    }
)
"""The engines that compute an edit, by name. See ``tools.inpainting.base.Computing``."""

FLUX = ("flux-klein", "flux-klein-9b", "flux-fill", "flux-kontext")
"""The published FLUX models, named as LISA's are. See ``tools.inpainting.flux.published``."""

_LISA, _FLUX = "tools.segmenting.lisa.published", "tools.inpainting.flux.published"
"""The modules that load, fetch and look for them."""

DEFAULT_PRESET = "pocket"

_loaded: dict[tuple[str, str], Any] = {}
_lock = threading.RLock()


def find_preset(name: str, override: Mapping[Kind, str] | None = None) -> Preset:
    """The preset of a name, with its inpainters chosen: see ``presets.choose_inpainters``.

    Raises ``EngineError`` when there is none.
    """
    preset = _known_preset(name)
    wanted = {presets.base_of(licensed) for licensed in preset.licensed.values()}
    here = {base for base in wanted if _is_here(base)}
    if preset.licensed_segmenter and _segmenter_is_here(preset.licensed_segmenter):
        here.add(preset.licensed_segmenter)
    return presets.settled(preset, here, override)


def segmenter_of(preset: str) -> str:
    """The segmenter of a preset, by name; looks at nothing else of it. Raises ``EngineError``."""
    known = _known_preset(preset)
    licensed = known.licensed_segmenter
    return licensed if licensed and _segmenter_is_here(licensed) else known.segmenter


def segmenter_names() -> list[str]:
    """The names of all segmenters that can be asked for, the program's own first."""
    return [*SEGMENTERS, *LISA, *(name for name in _factories("segmenter") if name not in SEGMENTERS)]


def inpainter_names() -> list[str]:
    """The names of all inpainters that can be asked for, the program's own first."""
    return [*INPAINTERS, *FLUX, *(name for name in _factories("inpainter") if name not in INPAINTERS)]


def load_segmenter(name: str) -> Segmenter:
    """The segmenter of a name, loaded once a process. Raises ``EngineError`` when that cannot be."""
    segmenter: Segmenter = _load("segmenter", name)
    return segmenter


def fetch_segmenter(name: str) -> Path | None:
    """Fetch a segmenter's weights from the hub; their folder, None for one that needs none.

    Raises ``EngineError`` when there is no such segmenter, and when they cannot be had.
    """
    if _is_lisa(name):
        return _fetched(_LISA, name)
    if name not in _factories("segmenter"):
        raise EngineError(_unknown("segmenter", name))
    return _fetch_own(name)


def load_inpainter(name: str, *, offload: bool = False) -> Inpainter:
    """The inpainter of a name, loaded once a process.

    ``offload``: its weights stream through the card, because they do not fit it. Raises ``EngineError`` when
    it cannot be loaded.
    """
    inpainter: Inpainter = _load("inpainter", name, offload)
    return inpainter


def load_computing(name: str) -> Computing:
    """The engine of a name that computes edits (see ``COMPUTING``). Raises ``EngineError``."""
    engine: Computing = _load("inpainter", name)
    return engine


def fetch_inpainter(name: str) -> Path | None:
    """Fetch an inpainter's weights from the hub; their folder, None for one that needs none.

    Raises ``EngineError`` when there is no such inpainter, and when they cannot be had.
    """
    if name in _factories("inpainter"):
        return _fetch_own(name)
    if not _is_flux(name):
        raise EngineError(_unknown("inpainter", name))
    return _fetched(_FLUX, name)


def load_inpainters(preset: Preset) -> dict[Kind, Inpainter]:
    """All inpainters of a preset, by the kind of edit that they paint."""
    return {
        kind: load_inpainter(name, offload=presets.streams(name, preset))
        for kind, name in preset.inpainters.items()
    }


def is_loaded(preset: Preset) -> bool:
    """Whether all engines of a preset are loaded."""
    wanted = {("segmenter", preset.segmenter), *(("inpainter", name) for name in preset.inpainters.values())}
    return wanted <= _loaded.keys()


def _fetch_own(name: str) -> Path | None:
    """Fetch one of ``OWN_WEIGHTS``; None for an engine that needs none."""
    if name not in OWN_WEIGHTS:
        return None
    return _fetched(OWN_WEIGHTS[name], name)


def _fetched(module: str, name: str) -> Path:
    folder: Path = pkgutil.resolve_name(f"{module}:fetch")(name)
    return folder


def _known_preset(name: str) -> Preset:
    if name not in PRESETS:
        raise EngineError(f"There is no preset '{name}': choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def _factories(role: str) -> dict[str, str]:
    """The factories of a role by name; an entry point cannot take the name of one of the program's own."""
    own = SEGMENTERS if role == "segmenter" else {**INPAINTERS, **COMPUTING}
    brought = {entry.name: entry.value for entry in entry_points(group=f"inpalla.{role}s")}
    return dict(own) | {name: value for name, value in brought.items() if name not in own}


def _load(role: str, name: str, offload: bool = False) -> Any:
    if (role, name) in _loaded and _lock.acquire(blocking=False):
        _lock.release()
        return _loaded[role, name]

    def load() -> Any:
        # Also for an engine that is there already: loading another one changes settings of torch's meanwhile.
        with _lock:
            if (role, name) not in _loaded:
                threads.share_the_machine()
                _loaded[role, name] = _called(role, name, _loader(role, name, offload))
                gpu_memory.manager().register(_loaded[role, name])
            return _loaded[role, name]

    return threads.apart(load)


def _loader(role: str, name: str, offload: bool) -> Callable[[], Any]:
    """What loads an engine. Raises ``EngineError`` when there is none of that name."""
    factories = _factories(role)
    if name in factories:
        return lambda: pkgutil.resolve_name(factories[name])()
    if role == "segmenter" and _is_lisa(name):
        return lambda: pkgutil.resolve_name(f"{_LISA}:load")(name)
    if role == "inpainter" and _is_flux(name):
        return lambda: pkgutil.resolve_name(f"{_FLUX}:load")(name, offload=offload)
    raise EngineError(_unknown(role, name))


def _called(role: str, name: str, load: Callable[[], Any]) -> Any:
    """The engine that ``load`` returns; whatever it raises becomes one sentence."""
    try:
        return _with_room(name, load)
    except EngineError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"The {role} '{name}' does not fit into memory: close what else takes it, or use a smaller"
                " preset."
            ) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EngineError(
            f"The {role} '{name}' cannot be loaded ({reason}); inpalla doctor tells what is missing."
        ) from error


def _with_room(name: str, load: Callable[[], Any]) -> Any:
    """Load an engine; where many bytes are known to come, others leave the card first."""
    size = presets.weights(name)
    if size is None:
        return load()
    import torch  # noqa: F401 - from here on there is a card to look after

    card = gpu_memory.manager()
    card.make_room(int(size * presets.GIB), gpu_memory.PATIENCE)
    try:
        return load()
    except Exception as error:
        if not (card.active and is_out_of_memory(error)):
            raise
    card.make_room_for(None)  # out of the handler, which would hold on to what was loaded so far
    return load()


def _is_here(base: str) -> bool:
    """Whether the weights of a published FLUX model are on this machine."""
    return pkgutil.resolve_name(f"{_FLUX}:kept")(base) is not None


def _segmenter_is_here(name: str) -> bool:
    """Whether the weights of one of ``OWN_WEIGHTS`` are on this machine."""
    return pkgutil.resolve_name(f"{OWN_WEIGHTS[name]}:kept")(name) is not None


def _is_lisa(name: str) -> bool:
    """Whether a name is that of a LISA which was published, or which lies in a folder or a repository."""
    return presets.base_of(name) in LISA or "/" in name or Path(name).is_dir()


def _is_flux(name: str) -> bool:
    """The same of a FLUX."""
    return presets.base_of(name) in FLUX or "/" in name or Path(name).is_dir()


def _unknown(role: str, name: str) -> str:
    known = segmenter_names() if role == "segmenter" else inpainter_names()
    return f"There is no {role} '{name}': choose one of {', '.join(sorted(known))}."
