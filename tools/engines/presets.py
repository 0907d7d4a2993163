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

from tools.kinds import KINDS, Kind

GIB: Final = 2**30

PAINTING: Final = 2.3
READING: Final = 0.5
LOOKING: Final = 2.0
"""GiB of working memory beside the weights: of a painter while it paints about a megapixel, of its text
encoders, of a segmenter. What ``python -m benchmarks.card`` counts, and half as much again for what
convolutions work with and for what lies unused between blocks.
"""

SPARE: Final = 0.6
"""GiB of a card that engines cannot have: CUDA's own context, and a desktop."""

OWN: Final = 2.5
"""GiB of RAM that the program takes for itself, with torch and CUDA."""

BYTES: Final = {16: 2.0, 8: 1.0, 4: 0.5625}
"""Bytes a weight; with four bits, every 64 weights share a scale of 32 bits."""


@dataclass(frozen=True)
class Weights:
    """Parameters in 10⁹: in layers that are quantised when asked for, and in those that keep 16 bits."""

    few: float
    full: float

    def gib(self, bits: int) -> float:
        """Their size in GiB."""
        return (self.few * BYTES[bits] + self.full * BYTES[16]) * 1e9 / GIB


@dataclass(frozen=True)
class Size:
    """What an engine has on the card: ``resident`` while it works, ``words`` while it reads new words."""

    resident: Weights
    words: Weights = Weights(0, 0)
    working: float = PAINTING


_T5_AND_CLIP: Final = Weights(3.624, 1.262)  # of T5, "wo" keeps 16 bits
_QWEN3_4B: Final = Weights(2.826, 0.389)  # the 28 of its 36 layers that Klein listens to
_QWEN3_8B: Final = Weights(5.402, 1.245)
_LISA_7B: Final = Size(Weights(6.476, 1.229), working=LOOKING)
_LISA_13B: Final = Size(Weights(12.688, 1.305), working=LOOKING)

SIZES: Final[Mapping[str, Size]] = MappingProxyType(
    {
        "sam3": Size(Weights(0, 0.840), working=LOOKING),
        "llmdet-sam2": Size(Weights(0, 0.407), working=2.25),  # 0.204 of them, in float32
        "sd15-inpainting": Size(Weights(0, 1.067), working=0.8),  # with its text encoder and its own VAE
        "lama": Size(Weights(0, 0), working=0),  # stays on the processor
        "lisa-7b": _LISA_7B,
        "lisa-7b-explanatory": _LISA_7B,
        "lisa-13b": _LISA_13B,
        "lisa-13b-explanatory": _LISA_13B,
        "flux-klein": Size(Weights(3.876, 0.084), _QWEN3_4B),
        "flux-klein-9b": Size(Weights(9.079, 0.084), _QWEN3_8B),
        "flux-fill": Size(Weights(11.902, 0.084), _T5_AND_CLIP),
        "flux-kontext": Size(Weights(11.901, 0.084), _T5_AND_CLIP),
    }
)
"""The published engines, by name without bits. The VAE is a part of a painter's resident weights."""


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


def _made_for(
    name: str, budget: float, planner: str, segmenter: str, klein: str, fill: str = "", sam: str = ""
) -> Preset:
    blind: tuple[Kind, ...] = ("replace", "remove", "add")
    return Preset(
        name,
        planner,
        segmenter,
        inpainters=MappingProxyType(dict.fromkeys(KINDS, klein)),
        licensed=MappingProxyType(dict.fromkeys(blind, fill) if fill else {}),
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


def base_of(name: str) -> str:
    """An engine's name without its bits."""
    base, _, last = name.rpartition(":")
    return base if base and last in ("4bit", "8bit", "16bit") else name


def bits_of(name: str) -> int:
    """How many bits a weight has in an engine of that name."""
    return int(name.removesuffix("bit").rpartition(":")[2]) if base_of(name) != name else 16


def weights(name: str) -> float | None:
    """The GiB of a card that an engine's weights take while it works; None for one that was not counted."""
    size = SIZES.get(base_of(name))
    return None if size is None else size.resident.gib(bits_of(name))


def peak(name: str) -> float | None:
    """The most GiB of a card that an engine takes, alone on it; None for one that was not counted.

    Its text encoders leave after use: either they are there or the painting's working memory is.
    """
    size = SIZES.get(base_of(name))
    if size is None:
        return None
    bits = bits_of(name)
    return size.resident.gib(bits) + max(size.working, _reading(size, bits))


def least(name: str) -> float | None:
    """The GiB of a card that an engine can do with, while its weights wait in RAM for its text encoders."""
    size = SIZES.get(base_of(name))
    if size is None:
        return None
    bits = bits_of(name)
    return max(size.resident.gib(bits) + size.working, _reading(size, bits))


def working_bytes(name: str) -> int | None:
    """The bytes of a card that an engine works with beside its weights; None for one that was not counted."""
    size = SIZES.get(base_of(name))
    return None if size is None else int(size.working * GIB)


def ram(preset: Preset) -> float:
    """The GiB of RAM that a preset wants: all its engines wait there while the planner has the card.

    Text encoders do not count: without room for them they are read from the disk again.
    """
    # An engine behind a licence takes another's place, but a painter has that other one beside it.
    names = {preset.segmenter, *preset.inpainters.values(), *preset.licensed.values()}
    return OWN + sum(weights(name) or 0.0 for name in names) if preset.budget else 2.0


def ram_words(preset: Preset) -> str:
    """The same in words, which are everywhere these: "5.4 GiB"."""
    return f"{ram(preset):.1f} GiB"


def best_bits(base: str, budget: float) -> str:
    """The engine with 16 bits a weight if it fits a budget in GiB, else with 4."""
    return base if (peak(base) or 0.0) <= budget - SPARE else f"{base}:4bit"


def streams(name: str, preset: Preset) -> bool:
    """Whether a painter does not fit a preset's card, so that its weights must stream through it."""
    return bool(preset.budget) and (least(name) or 0.0) > preset.budget - SPARE


def _reading(size: Size, bits: int) -> float:
    words = size.words.gib(bits)
    return words + READING if words else 0.0


def choose_inpainters(
    preset: Preset, present: Collection[str], override: Mapping[Kind, str] | None = None
) -> dict[Kind, str]:
    """The inpainter for each kind of edit, by name.

    What the user chose (``override``), else the preset's licensed one if it is ``present`` on this machine
    (names without bits), else the preset's own. An override without bits gets the most that fit the preset.
    """
    chosen = dict(preset.inpainters)
    chosen |= {kind: name for kind, name in preset.licensed.items() if base_of(name) in present}
    for kind, name in (override or {}).items():
        counted = preset.budget and name in SIZES
        chosen[kind] = best_bits(name, preset.budget) if counted else name
    return chosen


def settled(preset: Preset, present: Collection[str], override: Mapping[Kind, str] | None = None) -> Preset:
    """The preset with its engines chosen. What the user chose an inpainter for is not computed."""
    licensed = preset.licensed_segmenter
    computing = {kind: names for kind, names in preset.computing.items() if kind not in (override or {})}
    return replace(
        preset,
        segmenter=licensed if licensed in present else preset.segmenter,
        inpainters=MappingProxyType(choose_inpainters(preset, present, override)),
        computing=MappingProxyType(computing),
    )
