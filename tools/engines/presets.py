"""The presets: which engines a machine gets, chosen by counting bytes.

A preset is made for a card of some GiB. A painter in it has 16 bits a weight if it then stays within the
preset's budget, alone on the card: while it paints (transformer, VAE and working memory) and while it reads
new words (its text encoders, too). Else it has 4. What fits beside it is ``tools.engines.gpu_memory``'s
business. Weights and working memory are counted at the published sizes (``python -m benchmarks.card``); no
card was measured yet.

No preset has 8 bits: bitsandbytes computes them in float16, whatever the model's own type, which the
activations of a model made for bfloat16 may exceed; it takes more room than 4 and more time than either.

FLUX.2-klein-4B (Apache-2.0) paints everything where nothing else may be used. FLUX.1-Fill-dev replaces,
removes and adds where it is on this machine: then its licence was accepted. FLUX.1-Kontext-dev restyles
where the user chooses it. ``small`` is for machines without such a card, or without any: there a model of a
fourth of the size paints, and another takes things out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from tools.engines import gpu_memory
from tools.engines.machine import GIB
from tools.engines.model_name import ModelName
from tools.engines.specs import ENGINES, READING, SIZES, Size
from tools.kinds import KINDS, Kind

SPARE: Final = 0.6
"""GiB of a card that engines cannot have: CUDA's own context, and a desktop."""

OWN: Final = 2.6
"""GiB of RAM that the program takes for itself, with torch and CUDA; so that ``small`` has what it took."""

PLANNERS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "qwen3-vl:2b-instruct": 1.9,
        "qwen3-vl:4b-instruct": 3.3,
        "qwen3-vl:8b-instruct": 6.2,
        "qwen3.5:2b": 2.7,
        "qwen3.5:4b": 3.4,
        "qwen3.5:9b": 6.6,
        "gemma4:e2b": 7.2,
        "gemma4:e4b": 9.6,
    }
)
"""Models that plan and see pictures, the presets' own first, and the GB (10⁹ bytes) of their files by
Ollama's library.
"""


@dataclass(frozen=True)
class Preset:
    """A set of engines that fits a machine, by their names. ``planner`` is as in ``--planner``.

    ``inpainters`` are by the kind of edit, and need no licence to be accepted, nor does ``segmenter``.
    ``licensed`` and ``licensed_segmenter`` do, and are used instead where they are on this machine.
    ``computing`` are engines that compute an edit without a model, by kind: they are asked first, in their
    order, whether they can do what is asked. ``budget`` is how much of a card it may take at most, in GiB; 0
    for a preset that uses no card. ``without`` says that it works without one, too. ``drawn_rooms_only``: its
    models know drawn rooms and nothing else, and things as a whole.
    """

    name: str
    planner: str
    segmenter: str
    inpainters: Mapping[Kind, str]
    licensed: Mapping[Kind, str] = field(default_factory=dict)
    computing: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    licensed_segmenter: str = ""
    budget: float = 0.0
    without: bool = False
    drawn_rooms_only: bool = False


COLOURS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType({"restyle": ("recolour",)})
"""What every preset computes: colours, by value."""


def _kinds_of(name: str) -> tuple[Kind, ...]:
    return ENGINES[ModelName.parse(name).model].kinds if name else ()


def _made_for(
    name: str, budget: float, planner: str, segmenter: str, klein: str, fill: str = "", sam: str = ""
) -> Preset:
    return Preset(
        name,
        planner,
        segmenter,
        inpainters=MappingProxyType(dict.fromkeys(KINDS, klein)),
        licensed=MappingProxyType(dict.fromkeys(_kinds_of(fill), fill)),
        computing=COLOURS,
        licensed_segmenter=sam,
        budget=budget,
    )


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
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
                computing=MappingProxyType(
                    {
                        "restyle": ("recolour", "materials"),
                        "remove": ("removal",),
                        "replace": ("drawing",),
                        "add": ("drawing",),
                    }
                ),
                drawn_rooms_only=True,
            ),
            Preset(
                name="small",
                planner="builtin",
                segmenter="llmdet-sam2",
                inpainters=MappingProxyType(
                    {
                        "restyle": "sd15-inpainting",
                        "replace": "sd15-inpainting",
                        "remove": "lama",
                        "add": "sd15-inpainting",
                    }
                ),
                computing=COLOURS,
                budget=3.7,
                without=True,
            ),
            _made_for(
                "8gb", 7.5, "ollama:qwen3-vl:2b-instruct", "llmdet-sam2", "flux-klein:4bit", sam="sam3"
            ),
            _made_for(
                "12gb",
                11.5,
                "ollama:qwen3-vl:4b-instruct",
                "lisa-7b:4bit",
                "flux-klein:4bit",
                "flux-fill:4bit",
            ),
            _made_for(
                "16gb", 15.0, "ollama:qwen3-vl:4b-instruct", "lisa-7b:4bit", "flux-klein", "flux-fill:4bit"
            ),
            _made_for(
                "24gb", 23.0, "ollama:qwen3-vl:4b-instruct", "lisa-7b:4bit", "flux-klein", "flux-fill:4bit"
            ),
            _made_for("80gb", 78.0, "ollama:qwen3-vl:8b-instruct", "lisa-13b", "flux-klein", "flux-fill"),
        )
    }
)
"""All presets, by name."""


def size_of(name: str) -> Size | None:
    """What an engine takes; None for one that was not counted."""
    return SIZES.get(ModelName.parse(name).model)


def weights(name: str) -> float | None:
    """The GiB of a card that an engine's weights take while it works; None for one that was not counted."""
    size = size_of(name)
    return None if size is None else size.resident.gib(ModelName.parse(name).bits)


def reading(name: str) -> float:
    """The GiB of a card that an engine's text encoders take while they read; 0 for one without any."""
    size = size_of(name)
    words = 0.0 if size is None else size.words.gib(ModelName.parse(name).bits)
    return words + READING if words else 0.0


def peak(name: str) -> float | None:
    """The most GiB of a card that an engine takes, alone on it; None for one that was not counted.

    Its text encoders leave after use: either they are there or the painting's working memory is.
    """
    size, resident = size_of(name), weights(name)
    return None if size is None or resident is None else resident + max(size.working, reading(name))


def least(name: str) -> float | None:
    """The GiB of a card that an engine can do with, while its weights wait in RAM for its text encoders."""
    size, resident = size_of(name), weights(name)
    return None if size is None or resident is None else max(resident + size.working, reading(name))


def working_bytes(name: str) -> int:
    """The bytes of a card that an engine works with beside its weights."""
    size = size_of(name)
    return gpu_memory.WORKING_BYTES if size is None else int(size.working * GIB)


def ram(preset: Preset, *, full: bool = False) -> float:
    """The GiB of RAM that a preset wants: all its engines wait there while the planner has the card.

    Text encoders do not count: without room for them they are read from the disk again. ``full``: painters
    work on a processor that has no numbers of 16 bits, and take twice as much.
    """
    # An engine behind a licence takes another's place, but a painter has that other one beside it.
    names = {preset.segmenter, *preset.inpainters.values(), *preset.licensed.values()}
    if not preset.budget:
        return 2.0
    more = sum(weights(name) or 0.0 for name in set(preset.inpainters.values())) if full else 0.0
    return OWN + sum(weights(name) or 0.0 for name in names) + more


def ram_words(preset: Preset, *, full: bool = False) -> str:
    """The same in words, which are everywhere these: "5.4 GiB"."""
    return f"{ram(preset, full=full):.1f} GiB"


def best_bits(base: str, budget: float) -> str:
    """The engine with 16 bits a weight if it fits a budget in GiB, else with 4."""
    return base if (peak(base) or 0.0) <= budget - SPARE else f"{base}:4bit"


def streams(name: str, preset: Preset) -> bool:
    """Whether a painter does not fit a preset's card, so that its weights must stream through it."""
    return bool(preset.budget) and (least(name) or 0.0) > preset.budget - SPARE


def choose_inpainters(
    preset: Preset, present: Collection[str], override: Mapping[Kind, str] | None = None
) -> dict[Kind, str]:
    """The inpainter for each kind of edit, by name.

    What the user chose (``override``), else the preset's licensed one if it is ``present`` on this machine
    (names without bits), else the preset's own. An override without bits gets the most that fit the preset.
    """
    chosen = dict(preset.inpainters)
    chosen |= {kind: name for kind, name in preset.licensed.items() if ModelName.parse(name).model in present}
    for kind, name in (override or {}).items():
        counted = preset.budget and name in SIZES
        chosen[kind] = best_bits(name, preset.budget) if counted else name
    return chosen


def _computes(name: str) -> bool:
    return name in ENGINES and ENGINES[name].role == "computed"


def settled(preset: Preset, present: Collection[str], override: Mapping[Kind, str] | None = None) -> Preset:
    """The preset with its engines chosen. What the user chose a painter for is not computed."""
    licensed = preset.licensed_segmenter
    computing = {kind: names for kind, names in preset.computing.items() if kind not in (override or {})}
    computing |= {kind: (name,) for kind, name in (override or {}).items() if _computes(name)}
    return replace(
        preset,
        segmenter=licensed if licensed in present else preset.segmenter,
        inpainters=MappingProxyType(choose_inpainters(preset, present, override)),
        computing=MappingProxyType(computing),
    )
