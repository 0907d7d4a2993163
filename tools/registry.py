"""Engines by name, and the presets that choose them.

An engine is named by a factory, "module:function", that is imported and called when the engine is first
wanted: naming an engine costs nothing, loading one may take seconds. Other packages add engines through the
entry point groups ``inpalla.segmenters`` and ``inpalla.inpainters``; an entry point's name is the engine's
name, and its function takes nothing and returns an object that keeps the interface in ``tools.segment`` or
``tools.inpaint``.
"""

from __future__ import annotations

import pkgutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tools.errors import EngineError
from tools.inpaint import Inpainter
from tools.request import Kind
from tools.segment import Segmenter

SEGMENTERS: Mapping[str, str] = MappingProxyType(
    {"lisa-pocket": "tools.lisa.segmenter:load_pocket", "sam3": "tools.sam3.segmenter:load_sam3"}
)
"""The segmenters that the program knows how to load, by name."""

LISA = ("lisa-7b", "lisa-7b-explanatory", "lisa-13b", "lisa-13b-explanatory")
"""The published LISA models. ":8bit" or ":4bit" behind the name loads them so; a folder or a hub repository
(OWNER/NAME) with a LISA in it is a name, too. See ``tools.lisa.published``.
"""

INPAINTERS: Mapping[str, str] = MappingProxyType(
    {
        "flux-fill-pocket": "tools.flux.engines:load_fill_pocket",
        "flux-kontext-pocket": "tools.flux.engines:load_kontext_pocket",
    }
)
"""The inpainters that come with the program, by name."""


@dataclass(frozen=True)
class Preset:
    """A set of engines that fits a machine, by their names. ``planner`` is as in ``--planner``."""

    name: str
    planner: str
    segmenter: str
    inpainters: Mapping[Kind, str]


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "pocket": Preset(
            name="pocket",
            planner="builtin",
            segmenter="lisa-pocket",
            inpainters=MappingProxyType(
                {
                    "restyle": "flux-kontext-pocket",
                    "replace": "flux-fill-pocket",
                    "remove": "flux-fill-pocket",
                    "add": "flux-fill-pocket",
                }
            ),
        )
    }
)
"""The presets that this version has."""

PLANNED: Mapping[str, str] = MappingProxyType(
    {"8gb": "sam3", "12gb": "lisa-7b:4bit", "16gb": "lisa-7b:8bit", "24gb": "lisa-7b", "80gb": "lisa-13b"}
)
"""The presets that can find things but not paint yet, with their segmenters."""

DEFAULT_PRESET = "pocket"

_loaded: dict[tuple[str, str], Any] = {}
_lock = threading.RLock()


def find_preset(name: str) -> Preset:
    """The preset of a name. Raises ``EngineError`` when there is none."""
    if name in PRESETS:
        return PRESETS[name]
    if name in PLANNED:
        raise EngineError(f"The preset '{name}' cannot paint in this version; use --preset pocket.")
    raise EngineError(f"There is no preset '{name}': choose one of {', '.join(PRESETS)}.")


def segmenter_of(preset: str) -> str:
    """The segmenter of a preset, also of one that cannot paint yet. Raises ``EngineError``."""
    return PLANNED[preset] if preset in PLANNED else find_preset(preset).segmenter


def segmenter_names() -> list[str]:
    """The names of all segmenters that can be asked for, the program's own first."""
    return [*SEGMENTERS, *LISA, *(name for name in _factories("segmenter") if name not in SEGMENTERS)]


def inpainter_names() -> list[str]:
    """The names of all inpainters that can be asked for, the program's own first."""
    return list(_factories("inpainter"))


def load_segmenter(name: str) -> Segmenter:
    """The segmenter of a name, loaded once a process. Raises ``EngineError`` when that cannot be."""
    segmenter: Segmenter = _load("segmenter", name)
    return segmenter


def fetch_segmenter(name: str) -> Path | None:
    """Fetch a segmenter's weights from the hub; their folder, None for one that needs none.

    Raises ``EngineError`` when there is no such segmenter, and when they cannot be had.
    """
    if _is_lisa(name):
        from tools.lisa.published import fetch

        return fetch(name)
    if name not in _factories("segmenter"):
        raise EngineError(_unknown("segmenter", name, segmenter_names()))
    if name == "sam3":
        from tools.sam3.segmenter import fetch as fetch_sam3

        return fetch_sam3()
    return None


def load_inpainter(name: str) -> Inpainter:
    """The inpainter of a name, loaded once a process. Raises ``EngineError`` when that cannot be."""
    inpainter: Inpainter = _load("inpainter", name)
    return inpainter


def load_inpainters(preset: Preset) -> dict[Kind, Inpainter]:
    """All inpainters of a preset, by the kind of edit that they paint."""
    return {kind: load_inpainter(name) for kind, name in preset.inpainters.items()}


def _factories(role: str) -> dict[str, str]:
    """The factories of a role by name; an entry point cannot take the name of one of the program's own."""
    own = SEGMENTERS if role == "segmenter" else INPAINTERS
    brought = {entry.name: entry.value for entry in entry_points(group=f"inpalla.{role}s")}
    return dict(own) | {name: value for name, value in brought.items() if name not in own}


def _load(role: str, name: str) -> Any:
    with _lock:
        if (role, name) in _loaded:
            return _loaded[role, name]
        factories = _factories(role)
        try:
            if name in factories:
                engine = pkgutil.resolve_name(factories[name])()
            elif role == "segmenter" and _is_lisa(name):
                engine = pkgutil.resolve_name("tools.lisa.published:load")(name)
            else:
                known = segmenter_names() if role == "segmenter" else factories
                raise EngineError(_unknown(role, name, known))
        except EngineError:
            raise
        except Exception as error:  # Whatever a factory raises, the user gets one sentence.
            reason = " ".join(str(error).split()) or type(error).__name__
            raise EngineError(
                f"The {role} '{name}' cannot be loaded ({reason}); inpalla doctor tells what is missing."
            ) from error
        return _loaded.setdefault((role, name), engine)


def _is_lisa(name: str) -> bool:
    """Whether a name is that of a LISA which was published, or which lies in a folder or a repository."""
    return name.split(":")[0] in LISA or "/" in name or Path(name).is_dir()


def _unknown(role: str, name: str, known: Iterable[str]) -> str:
    return f"There is no {role} '{name}': choose one of {', '.join(sorted(known))}."
