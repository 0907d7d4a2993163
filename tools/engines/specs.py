"""The one table of engines: every fact about an engine that does not need it loaded.

Adding an engine takes its folder and one row in ``_ROWS``. From a row follow what the registry loads, what
``inpalla setup`` fetches and asks to accept, what the presets reckon with, and the tables in ``docs/``
(``make docs``). Imports no library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from tools.engines.machine import GIB
from tools.engines.model_name import Bits, ModelName
from tools.kinds import KINDS, Kind

Role = Literal["segmenter", "inpainter", "computed"]
"""Finds things; paints; computes an edit without a model (see ``tools.inpainting.base.Computing``)."""

PAINTING: Final = 2.3
READING: Final = 0.5
LOOKING: Final = 2.0
"""GiB of working memory beside the weights: of a painter while it paints about a megapixel, of its text
encoders, of a segmenter. What ``python -m benchmarks.card`` counts, and half as much again for what
convolutions work with and for what lies unused between blocks.
"""

BYTES: Final[Mapping[Bits, float]] = MappingProxyType({16: 2.0, 8: 1.0, 4: 0.5625})
"""Bytes a weight; with four bits, every 64 weights share a scale of 32 bits."""


@dataclass(frozen=True)
class Weights:
    """Parameters in 10⁹: in layers that are quantised when asked for, and in those that keep 16 bits."""

    quantized: float
    full_precision: float

    def gib(self, bits: Bits) -> float:
        """Their size in GiB."""
        return (self.quantized * BYTES[bits] + self.full_precision * BYTES[16]) * 1e9 / GIB


@dataclass(frozen=True)
class Size:
    """What an engine has on the card: ``resident`` while it works, ``words`` while it reads new words."""

    resident: Weights
    words: Weights = Weights(0, 0)
    working: float = PAINTING


@dataclass(frozen=True)
class Licence:
    """What somebody agrees to who uses a model.

    ``gated``: the hub gives the weights only to those who accepted it on the repository's page.
    ``commercial``: whether the model may be used for gain. ``terms`` are words for a licence that nobody must
    accept first, and that every user keeps to.
    """

    name: str
    gated: bool = False
    commercial: bool = True
    terms: str = ""


@dataclass(frozen=True)
class Repository:
    """What is needed of one repository on the hub.

    ``files`` are shell patterns of paths in it; a ``.bin`` with a ``.safetensors`` beside it is left out, as
    it holds the same. ``size`` is how many bytes that is, roughly, for when the hub is not asked.
    ``required`` are the files without which it is not whole, "a|b" for either; ``check`` looks at a folder on
    this machine besides. See ``tools.engines.download.is_whole``.
    """

    name: str
    files: tuple[str, ...]
    size: int = 0
    licence: Licence | None = None
    required: tuple[str, ...] = ()
    check: Callable[[Path], bool] | None = field(default=None, compare=False)

    @property
    def page(self) -> str:
        """Its page, where its licence is accepted."""
        return f"https://huggingface.co/{self.name}"

    @property
    def gate(self) -> str:
        """The licence that must be accepted first, "" if none must."""
        return self.licence.name if self.licence is not None and self.licence.gated else ""


@dataclass(frozen=True)
class Engine:
    """One row of the table.

    ``loader`` is "module:function". It takes nothing, except where several ``bits`` are offered: that one is
    given the name, which may end in ":4bit", or be a folder or a hub repository (OWNER/NAME) with a model of
    the same family. Where the engine also ``streams`` (its weights can stay in RAM and come to the card layer
    by layer), the loader takes ``stream``.

    ``store`` names the module that knows where the weights lie (``tools.engines.requirements.Store``).
    The first of the ``repositories`` is the model, the others belong to it; an engine without any is a part
    of InpaLLa. ``copied``: the store makes a copy of its own of what it fetches.

    ``size`` is None for an engine that no card was counted for. ``kinds`` are the edits that it is good at;
    with ``no_others`` it can carry out nothing else, as its ``Capabilities`` say, too. ``drawn_rooms_only``:
    it knows drawn rooms and no photographs.
    ``what`` it is and what it is ``good_at`` are words for the documentation.
    """

    name: str
    role: Role
    loader: str
    what: str
    good_at: str
    repositories: tuple[Repository, ...] = ()
    size: Size | None = None
    bits: tuple[Bits, ...] = (16,)
    kinds: tuple[Kind, ...] = ()
    no_others: bool = False
    drawn_rooms_only: bool = False
    streams: bool = False
    copied: bool = False
    store: str = "tools.engines.stored_weights"

    @property
    def is_family(self) -> bool:
        """Whether its loader is given the name."""
        return len(self.bits) > 1


_APACHE: Final = Licence("Apache-2.0")
_FLUX_DEV: Final = Licence("FLUX.1 [dev] Non-Commercial License", gated=True, commercial=False)
_FLUX: Final = Licence("FLUX Non-Commercial License", gated=True, commercial=False)

_BLIND: Final[tuple[Kind, ...]] = ("replace", "remove", "add")

_T5_AND_CLIP: Final = Weights(3.624, 1.262)  # of T5, "wo" keeps 16 bits
_QWEN3_4B: Final = Weights(2.826, 0.389)  # the 28 of its 36 layers that Klein listens to
_QWEN3_8B: Final = Weights(5.402, 1.245)

LISA_FILES: Final = ("*.json", "*.model", "*.safetensors", "*.bin")
_FLUX_PARTS: Final = (
    "scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "transformer", "vae",
)  # fmt: skip
FLUX_FILES: Final = (
    "model_index.json",
    *(
        f"{part}/{files}"
        for part in _FLUX_PARTS
        for files in ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
    ),
)
_SD15_FILES: Final = (  # of a repository that also holds a checkpoint of 4 GB and a safety checker
    *(f"{part}/config.json" for part in ("unet", "vae", "text_encoder")),
    *(f"{part}/diffusion_pytorch_model.fp16.safetensors" for part in ("unet", "vae")),
    "text_encoder/model.fp16.safetensors",
)

CLIP: Final = Repository("openai/clip-vit-large-patch14", LISA_FILES, 1_710_000_000)
"""What every LISA sees with."""


# fmt: off
def _lisa(name: str, repository: str, size: float, licence: str, good_at: str, resident: Weights) -> Engine:
    # The published files have Llama in 16 bits and SAM in 32.
    return Engine(
        name, "segmenter", "tools.segmenting.lisa.published:load", "", good_at,
        (Repository(f"xinlai/{repository}", LISA_FILES, int(size), Licence(licence)), CLIP),
        Size(resident, working=LOOKING), bits=(16, 8, 4), copied=True,
        store="tools.segmenting.lisa.published",
    )


def _flux(
    name: str, repository: str, size: float, licence: Licence, what: str, good_at: str,
    kinds: tuple[Kind, ...], resident: Weights, words: Weights,
) -> Engine:
    return Engine(
        name, "inpainter", "tools.inpainting.flux.published:load", what, good_at,
        (Repository(f"black-forest-labs/{repository}", FLUX_FILES, int(size), licence),),
        Size(resident, words), bits=(16, 8, 4), kinds=kinds, streams=True,
        store="tools.inpainting.flux.published",
    )


def _pocket_flux(family: str, kinds: tuple[Kind, ...]) -> Engine:
    return Engine(
        f"flux-{family}-pocket", "inpainter", f"tools.inpainting.flux.pocket:load_{family}_pocket",
        "small FLUX-Fill and FLUX-Kontext models, part of InpaLLa",
        "drawn rooms, nothing else; need no card and no download", kinds=kinds, drawn_rooms_only=True,
    )


def _computed(
    name: str, loader: str, good_at: str, kinds: tuple[Kind, ...], drawn_rooms_only: bool = True
) -> Engine:
    return Engine(
        name, "computed", f"tools.inpainting.{loader}", "a part of InpaLLa", good_at, kinds=kinds,
        no_others=True, drawn_rooms_only=drawn_rooms_only,
    )


_LLAMA: Final = "that of the LLaMA weights under it"
_LLAMA_2: Final = "that of the Llama 2 weights under it"
_REASONS: Final = (
    'photos; phrases that need reasoning ("what you would sit on"); one mask for all that is meant'
)
_LISA_7B, _LISA_13B = Weights(6.476, 1.229), Weights(12.688, 1.305)

_ROWS: Final = (
    Engine(
        "lisa-pocket", "segmenter", "tools.segmenting.lisa.segmenter:load_pocket",
        "a small LISA, part of InpaLLa",
        "drawn rooms, nothing else; needs no card and no download", drawn_rooms_only=True,
    ),
    Engine(
        "llmdet-sam2", "segmenter", "tools.segmenting.grounded.segmenter:load",
        "the first finds boxes, the second segments them",
        "photos; plain nouns, several in one look; small cards, and no account; not measured here",
        (
            Repository(
                "iSEE-Laboratory/llmdet_tiny",
                ("config.json", "model.safetensors", "tokenizer*.json", "vocab.txt",
                 "special_tokens_map.json"),
                690_000_000, _APACHE, required=("config.json", "model.safetensors"),
            ),
            Repository(
                "facebook/sam2.1-hiera-tiny", ("config.json", "model.safetensors"),
                156_000_000, _APACHE, required=("config.json", "model.safetensors"),
            ),
        ),
        Size(Weights(0, 0.407), working=2.25),  # 0.204 of them, in float32
    ),
    Engine(
        "sam3", "segmenter", "tools.segmenting.sam3.segmenter:load_sam3",
        "its authors grant or refuse each request on its page",
        'photos; plain nouns; every thing of a kind with a score of its own ("the second chair from the'
        ' left"); small cards',
        (
            Repository(
                "facebook/sam3", ("*.json", "*.txt", "*.safetensors"),  # without sam3.pt, the same again
                3_440_000_000, Licence("SAM License", gated=True),  # in float32
                required=("config.json", "tokenizer.json|vocab.json",
                          "model.safetensors|model.safetensors.index.json"),
            ),
        ),
        Size(Weights(0, 0.840), working=LOOKING),
    ),
    _lisa("lisa-7b", "LISA-7B-v1", 16.1e9, _LLAMA, _REASONS, _LISA_7B),
    _lisa("lisa-7b-explanatory", "LISA-7B-v1-explanatory", 16.1e9, _LLAMA, _REASONS, _LISA_7B),
    _lisa("lisa-13b", "LISA-13B-llama2-v1", 28.7e9, _LLAMA_2, "the same, better", _LISA_13B),
    _lisa("lisa-13b-explanatory", "LISA-13B-llama2-v1-explanatory", 28.7e9, _LLAMA_2, "the same, better",
          _LISA_13B),
    _pocket_flux("fill", _BLIND),
    _pocket_flux("kontext", ("restyle",)),
    Engine(
        "sd15-inpainting", "inpainter", "tools.inpainting.stable_diffusion.engine:load",
        "4 steps, with the second as an adapter; on a processor the third decodes",
        "any machine",
        (
            Repository(
                "stable-diffusion-v1-5/stable-diffusion-inpainting",
                ("model_index.json", "scheduler/*.json", "tokenizer/*", *_SD15_FILES), 2_135_000_000,
                Licence("CreativeML Open RAIL-M", terms="CreativeML Open RAIL-M, which forbids some uses"),
                required=("scheduler/scheduler_config.json", "tokenizer/vocab.json", *_SD15_FILES),
            ),
            Repository(
                "latent-consistency/lcm-lora-sdv1-5", ("pytorch_lora_weights.safetensors",), 135_000_000,
                Licence("OpenRAIL++-M", terms="OpenRAIL++-M"),
                required=("pytorch_lora_weights.safetensors",),
            ),
            Repository(
                "madebyollin/taesd", ("config.json", "diffusion_pytorch_model.safetensors"), 10_000_000,
                Licence("MIT"), required=("config.json", "diffusion_pytorch_model.safetensors"),
            ),
        ),
        Size(Weights(0, 1.067), working=0.8),  # with its text encoder and its own VAE
        kinds=("restyle", "replace", "add"),
    ),
    Engine(
        "lama", "inpainter", "tools.inpainting.lama.engine:load",
        "big-lama as an ONNX graph (opset 17), one pass on the processor, no prompt",
        "any machine",
        (
            Repository("Carve/LaMa-ONNX", ("lama_fp32.onnx",), 208_000_000, _APACHE,
                       required=("lama_fp32.onnx",)),
        ),
        Size(Weights(0, 0), working=0),  # stays on the processor
        kinds=("remove",), no_others=True,
    ),
    _flux(
        "flux-klein", "FLUX.2-klein-4B", 16.0e9, _APACHE, "4 steps",
        "sees what it repaints: restyle keeps the shape; the fastest; the default for all kinds where no"
        " licence was accepted",
        KINDS, Weights(3.876, 0.084), _QWEN3_4B,
    ),
    _flux(
        "flux-klein-9b", "FLUX.2-klein-9B", 34.7e9, _FLUX,
        "the larger Klein, 4 steps; by its name, in no preset",
        "as `flux-klein`; the better one by its authors' account",
        KINDS, Weights(9.079, 0.084), _QWEN3_8B,
    ),
    _flux(
        "flux-fill", "FLUX.1-Fill-dev", 33.8e9, _FLUX_DEV, "28 steps", "does not see what is under the mask",
        _BLIND, Weights(11.902, 0.084), _T5_AND_CLIP,
    ),
    _flux(
        "flux-kontext", "FLUX.1-Kontext-dev", 33.8e9, _FLUX_DEV, "28 steps", "sees what it repaints",
        ("restyle",), Weights(11.901, 0.084), _T5_AND_CLIP,
    ),
    _computed("recolour", "computed.recolour:Recolour", "colours", ("restyle",), drawn_rooms_only=False),
    _computed("materials", "computed.materials:Materials", "materials and patterns, in drawn rooms",
              ("restyle",)),
    _computed("removal", "computed.removal:load_removal", "drawn rooms", ("remove",)),
    _computed("drawing", "drawing:load_drawing", "new things in drawn rooms", ("replace", "add")),
)
# fmt: on

ENGINES: Final[Mapping[str, Engine]] = MappingProxyType({engine.name: engine for engine in _ROWS})
"""All engines of the program, by name without bits."""


SIZES: Final[Mapping[str, Size]] = MappingProxyType(
    {engine.name: engine.size for engine in _ROWS if engine.size is not None}
)
"""What the counted ones take. The VAE is a part of a painter's resident weights."""


def repository_of(name: str) -> str:
    """The hub repository of the model that a name stands for; or the folder."""
    model = ModelName.parse(name).model
    engine = ENGINES.get(model)
    return engine.repositories[0].name if engine is not None and engine.repositories else model


def of_painting(name: str) -> Engine | None:
    """The row of an engine that paints or computes, by a name that may have bits."""
    return find("inpainter", name) or find("computed", name)


def knows_drawn_rooms_only(name: str) -> bool:
    """Whether an engine that paints or computes knows drawn rooms and no photographs."""
    engine = of_painting(name)
    return engine is not None and engine.drawn_rooms_only


def family(role: Role) -> tuple[str, ...]:
    """The published models of a role's family. ":8bit" or ":4bit" behind a name loads them so; a folder or a
    hub repository (OWNER/NAME) with such a model in it is a name, too.
    """
    return tuple(each.name for each in ENGINES.values() if each.role == role and each.is_family)


def find(role: Role, name: str) -> Engine | None:
    """The row of an engine by a name that may have bits; for a folder or a hub repository that of its role's
    family. None for an engine that another package brings, and for one that nobody knows.
    """
    model = ModelName.parse(name).model
    if (engine := ENGINES.get(model)) is not None and engine.role == role:
        return engine if engine.is_family or model == name else None
    if name and ("/" in name or Path(name).is_dir()):
        return ENGINES[family(role)[0]] if family(role) else None
    return None
