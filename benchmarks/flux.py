"""FLUX within one run: the poster's recipe against ours, the limit, memory, what speeds it up.

    python -m benchmarks.flux [--size tiny|published] [--family fill|klein|kontext|all] [--bits 4|8|16]
        [--preset P] [--masks 2,10,40] [--pictures 1024x1024,4032x3024] [--rounds N]
        [--compile [--float8]] [--json FILE]

The weights are random and are made on the device: seconds and memory are what real ones cost. Nothing is
asserted; the limit that a figure should keep is printed beside it. The work of the steps (FLOPs) is counted
without computing anything, so that ``--size published`` compares recipes on any machine; the rest of it needs
a graphics card. ``tiny`` has the same layouts with all sides divided by 8.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import platform
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import speedups
from benchmarks.lisa import Figure, seconds
from tests.support import flux_layout
from tools.engines import gpu_memory, presets, quantization, specs
from tools.engines.machine import GIB
from tools.engines.model_name import Bits, ModelName
from tools.engines.weight_transfer import bytes_of
from tools.inpainting.base import MaskedEdit, PaintingStep, inpaint, plan
from tools.inpainting.flux import loading, memory
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.flux.family import FAMILIES, KLEIN_LAYERS, FamilyName
from tools.inpainting.flux.prompt_cache import Embedding, Encoder, OffloadedTextEncoders, PromptCache
from tools.inpainting.flux.prompt_template import published_template
from tools.kinds import Kind

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

POSTER_STEPS = 50
POSTER_GUIDANCE = 30.0
POSTER_SIDE = 1024
"""The poster's recipe: the whole picture at this many pixels a side or fewer, painted by Fill."""

KINDS: Mapping[FamilyName, Kind] = {"fill": "replace", "klein": "restyle", "kontext": "restyle"}
GOALS: Mapping[FamilyName, str] = {"fill": "≥ 8", "klein": "≥ 25", "kontext": ""}
PRINCIPAL = 10.0
"""The share of the picture, in per cent, that the goals are set for."""


@dataclass(frozen=True)
class Size:
    """The published sizes, or a toy's: all pictures' sides are divided by ``divisor``."""

    name: str
    divisor: int
    tokens: int
    sizes: Mapping[FamilyName, flux_layout.Sizes]

    def areas(self, family: FamilyName) -> tuple[int, ...]:
        """The numbers of pixels that an engine paints at."""
        return tuple(area // self.divisor**2 for area in FAMILIES[family].areas)

    def square(self, family: FamilyName) -> tuple[int, int]:
        """The (width, height) of the largest of them."""
        side = math.isqrt(max(self.areas(family)))
        return side, side


SIZES = {
    "tiny": Size("tiny", 8, 16, flux_layout.SMALL),
    "published": Size("published", 1, loading.TOKENS, flux_layout.PUBLISHED),
}


class Table:
    """Figures, printed as they come and written as they come: a run may be cut short."""

    def __init__(self, record: dict[str, Any], file: Path | None) -> None:
        self.figures: list[Figure] = []
        self._record = record
        self._file = file

    def add(self, name: str, value: float, unit: str = "", limit: str = "") -> float:
        """One figure; ``value`` again."""
        self.figures.append(Figure(name, value, unit, limit))
        print(f"{name:78} {value:10.3f} {unit:7} {limit}", flush=True)
        if self._file is not None:
            figures = [asdict(each) for each in self.figures]
            self._file.write_text(json.dumps(self._record | {"figures": figures}, indent=1))
        return value

    def skip(self, what: str, why: str) -> None:
        """Say that something is not measured."""
        print(f"{what:78} not measured: {why}", flush=True)


# What is painted


def picture_of(size: tuple[int, int]) -> Pixels:
    """Noise that is a little smooth, of a (width, height)."""
    width, height = size
    small = np.random.default_rng(0).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))


def disc(size: tuple[int, int], percent: float, centre: tuple[float, float] = (0.5, 0.5)) -> Mask:
    """A disc that covers so much of a picture of (width, height) around a point in shares of its sides."""
    width, height = size
    down, across = np.ogrid[:height, :width]
    squared = (across - centre[0] * width) ** 2 + (down - centre[1] * height) ** 2
    found: Mask = squared <= percent / 100 * width * height / math.pi
    return found


def poster_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The (width, height) at which the poster's recipe painted a picture of a (width, height)."""
    scale = min(1.0, side / max(size))
    return int(size[0] * scale) // 16 * 16, int(size[1] * scale) // 16 * 16


# Models with random weights


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Make what is built in this block of another number format."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class RandomWeights(Mapping[str, torch.Tensor]):
    """A state dict whose tensors are made when they are asked for: one at a time is in memory."""

    def __init__(self, model: Any, device: torch.device, dtype: torch.dtype) -> None:
        self._shapes = {name: value.shape for name, value in model.state_dict().items()}
        self._device = device
        self._dtype = dtype

    def __getitem__(self, name: str) -> torch.Tensor:
        return torch.empty(self._shapes[name], dtype=self._dtype, device=self._device).normal_(0, 0.02)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


@dataclass(frozen=True)
class Maker:
    """Makes a family's parts at a size, where they are to work."""

    family: FamilyName
    size: Size
    device: torch.device
    dtype: torch.dtype

    @property
    def sizes(self) -> flux_layout.Sizes:
        """What the shapes follow from."""
        return self.size.sizes[self.family]

    def transformer(self, bits: Bits) -> Any:
        """The transformer, by the way that diffusers loads one with so many bits a weight."""
        import diffusers
        from diffusers.models.model_loading_utils import load_model_dict_into_meta
        from diffusers.quantizers import DiffusersAutoQuantizer

        with torch.device("meta"):
            model = flux_layout.transformer(self.family, self.sizes)
        weights = RandomWeights(model, self.device, self.dtype)
        place = {"": self.device}
        few = quantization.config(diffusers, bits, self.dtype)
        quantizer = None if few is None else DiffusersAutoQuantizer.from_config(few, pre_quantized=False)
        if quantizer is not None:
            quantizer.preprocess_model(model=model, device_map=place, keep_in_fp32_modules=[])
        load_model_dict_into_meta(
            model, weights, dtype=self.dtype, hf_quantizer=quantizer, device_map=place, unexpected_keys=[]
        )
        if quantizer is not None:
            quantizer.postprocess_model(model)
            model.hf_quantizer = quantizer
        return model.eval()

    def pipeline(self, bits: Bits) -> Any:
        """The family's pipeline without text encoders."""
        import diffusers

        family = FAMILIES[self.family]
        with torch.device(self.device), default_dtype(self.dtype):
            vae = flux_layout.vae(self.family, self.sizes).eval()
        more = {"is_distilled": True} if self.family == "klein" else {}
        pipeline = getattr(diffusers, family.pipeline)(
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(**flux_layout.SCHEDULER),
            vae=vae,
            transformer=self.transformer(bits),
            **dict.fromkeys(family.encoders),
            **more,
        )
        pipeline.set_progress_bar_config(disable=True)
        vae.enable_slicing()
        return pipeline

    def engine(self, name: str, pipeline: Any, encoder: Encoder) -> FluxEngine:
        """An engine as ``tools.inpainting.flux.loading`` makes it."""
        family = FAMILIES[self.family]
        return FluxEngine(
            name,
            pipeline,
            family,
            PromptCache(encoder),
            published_template(self.family),
            revision="random",
            areas=self.size.areas(self.family),
            steps=family.steps,
            guidance=family.guidance,
            batch_size=loading.BATCH_SIZE if self.device.type == "cuda" else 1,
            device=self.device,
        )

    def embedding(self) -> Embedding:
        """A random prompt's embedding."""
        sequence = torch.randn(1, self.size.tokens, self.sizes.joint).to(self.dtype)
        pooled = torch.randn(1, self.sizes.clip).to(self.dtype) if self.sizes.clip else None
        return Embedding(sequence, pooled)

    def text_encoders(self, bits: Bits) -> dict[str, Any]:
        """The text encoders by part, the large ones with so many bits a weight."""
        import transformers

        sizes = self.sizes
        if self.family == "klein":
            sizes = replace(sizes, text_layers=min(KLEIN_LAYERS, sizes.text_layers))
        with torch.device("meta"):
            shapes = flux_layout.text_encoders(self.family, sizes)
        models = {}
        for part, shape in shapes.items():
            weights = RandomWeights(shape, self.device, self.dtype)
            tied = ("lm_head.weight", "encoder.embed_tokens.weight")
            few: Bits = bits if part in FAMILIES[self.family].large else 16
            models[part] = type(shape).from_pretrained(
                None,
                config=shape.config,
                state_dict={name: weights[name].cpu() for name in weights if name not in tied},
                dtype=self.dtype,
                device_map={"": self.device},
                quantization_config=quantization.config(transformers, few, self.dtype),
            )
        return models

    def offloaded_encoders(self, bits: Bits, tokenizers: Path) -> OffloadedTextEncoders:
        """The text encoders as ``tools.inpainting.flux.loading`` has them: on the card for new words only.

        ``tokenizers`` is a folder with a tiny checkpoint of the family, for all that is not a model.
        """
        import diffusers

        kind = getattr(diffusers, FAMILIES[self.family].pipeline)

        def load() -> Any:
            models = self.text_encoders(bits)
            absent = {"transformer": None, "vae": None}
            return kind.from_pretrained(str(tokenizers), dtype=self.dtype, **models, **absent)

        def parts(pipeline: Any) -> list[Any]:
            names = (part for part in FAMILIES[self.family].encoders if part.startswith("text_encoder"))
            return [getattr(pipeline, part) for part in names]

        def arrive(pipeline: Any) -> None:
            for part in parts(pipeline):
                part.to(self.device)

        def leave(pipeline: Any) -> bool:
            for part in parts(pipeline):
                part.to("cpu")
            memory.free()
            return True

        words = specs.SIZES[f"flux-{self.family}"].words.gib(bits) if self.size.name == "published" else 0
        return OffloadedTextEncoders(
            load,
            arrive,
            leave,
            tokens=self.size.tokens,
            device=self.device,
            dtype=self.dtype,
            weight_bytes=int(words * GIB),
        )


class RandomWords:
    """Text encoders that cost nothing: any text's embedding is random."""

    weight_bytes = 0

    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def encode(self, texts: Sequence[str]) -> list[Embedding]:
        """The embeddings of some texts, in order."""
        return [self._maker.embedding() for _ in texts]


# The work of a step


def step_inputs(maker: Maker, size: tuple[int, int]) -> dict[str, Any]:
    """What a family's pipeline gives its transformer at one step, for a picture of (width, height)."""
    with torch.device(maker.device), default_dtype(maker.dtype):
        width, height = size[0] // 16, size[1] // 16
        axes = 4 if maker.family == "klein" else 3
        grid = torch.cartesian_prod(*(torch.arange(n) for n in (1, height, width, 1)[:axes]))
        if maker.family != "fill":  # The picture itself stands beside the noise, as many tokens again.
            seen = grid.clone()
            seen[:, 0] = 10 if maker.family == "klein" else 1
            grid = torch.cat([grid, seen])
        words = torch.zeros(maker.size.tokens, axes, dtype=grid.dtype)
        inputs: dict[str, Any] = {
            "hidden_states": torch.randn(
                1, len(grid), {"fill": 384, "kontext": 64, "klein": 128}[maker.family]
            ),
            "timestep": torch.full((1,), 0.5),
            "guidance": None,
            "encoder_hidden_states": torch.randn(1, maker.size.tokens, maker.sizes.joint),
            "return_dict": False,
        }
        if maker.family == "klein":
            words[:, 3] = torch.arange(maker.size.tokens)
            return inputs | {"txt_ids": words[None], "img_ids": grid[None]}
        return inputs | {
            "guidance": torch.full((1,), POSTER_GUIDANCE, dtype=torch.float32),
            "pooled_projections": torch.randn(1, maker.sizes.clip),
            "txt_ids": words.to(maker.dtype),
            "img_ids": grid.to(maker.dtype),
        }


@cache
def work(family: FamilyName, size_name: str, size: tuple[int, int]) -> float:
    """The FLOPs of one step for a picture of (width, height), counted without computing."""
    maker = Maker(family, SIZES[size_name], torch.device("meta"), torch.bfloat16)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        _shape_of(family, size_name)(**step_inputs(maker, size))
    return float(counter.get_total_flops())


@cache
def _shape_of(family: FamilyName, size_name: str) -> Any:
    with torch.device("meta"), default_dtype(torch.bfloat16):
        return flux_layout.transformer(family, SIZES[size_name].sizes[family])


def matrix_rate(device: torch.device) -> float:
    """The FLOPs a second of the device in a large bfloat16 multiplication."""
    side = 8192
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 10 * 2 * side**3 / seconds(lambda: [one @ other for _ in range(10)], 5)


# The figures


@dataclass(frozen=True, eq=False)
class Case:
    """One edit to measure: how it is named, its picture, and the mask of an object in it."""

    name: str
    picture: Pixels
    mask: Mask
    principal: bool

    @property
    def size(self) -> tuple[int, int]:
        """The picture's (width, height)."""
        return self.picture.shape[1], self.picture.shape[0]


def painted_at(
    family: FamilyName, size: Size, picture: Pixels, masks: Sequence[Mask]
) -> list[tuple[int, int]]:
    """The (width, height) at which each object of a turn is painted."""
    maker = Maker(family, size, torch.device("meta"), torch.bfloat16)
    engine = maker.engine(family, None, RandomWords(maker))
    edits = [MaskedEdit(mask, "", KINDS[family], 0) for mask in masks]
    return [region.size for region in plan(picture, edits, {KINDS[family]: engine})]


def show(size: tuple[int, int]) -> str:
    """A size in words."""
    return f"{size[0]}×{size[1]}"


def count_work(table: Table, family: FamilyName, size: Size, cases: Sequence[Case]) -> None:
    """The steps' FLOPs: what the recipes differ in on any device that is busy with multiplying."""
    steps = FAMILIES[family].steps

    def step(sides: tuple[int, int]) -> float:
        return work(family, size.name, sides)

    for case in cases:
        [at] = painted_at(family, size, case.picture, [case.mask])
        whole = poster_size(case.size, POSTER_SIDE // size.divisor)
        poster = POSTER_STEPS * work("fill", size.name, whole)
        name = f"work: {case.name}, at {show(at)}: the poster's recipe at {show(whole)} is … times it"
        table.add(name, poster / (steps * step(at)), "", GOALS[family] if case.principal else "")
    square = size.square(family)
    table.add(f"work: one step at {show(square)}", step(square) / 1e12, "TFLOP")
    for picture in {case.size: case.picture for case in cases}.values():
        shape = (picture.shape[1], picture.shape[0])
        four = painted_at(family, size, picture, four_objects(shape))
        [one, *_] = painted_at(family, size, picture, four_objects(shape)[:1])
        together = sum(step(at) for at in four)
        name = (
            f"work: four objects apart on {show(shape)}, at {show(four[0])}: of one that fills {show(square)}"
        )
        table.add(name, together / step(square), "", "≤ 1.7")
        table.add(f"· of one of them alone, at {show(one)}", together / step(one))


@dataclass
class Turns:
    """Paints turns as the program does, each with new words, and hears of each step."""

    kind: Kind
    notes: list[str]
    _words: Iterator[int]

    @classmethod
    def of(cls, family: FamilyName) -> Turns:
        """Turns for a family."""
        return cls(KINDS[family], [], count())

    def paint(self, engine: FluxEngine, picture: Pixels, masks: Sequence[Mask]) -> None:
        """One turn with an object for each mask."""

        def hear(step: PaintingStep) -> None:
            if step.note and step.note not in self.notes:
                self.notes.append(step.note)

        edits = [
            MaskedEdit(mask, f"a leather sofa, number {next(self._words)}", self.kind, seed)
            for seed, mask in enumerate(masks)
        ]
        inpaint(picture, edits, {self.kind: engine}, progress=hear)


def poster_seconds(maker: Maker, cases: Sequence[Case], rounds: int) -> dict[tuple[int, int], float]:
    """The poster's recipe by the size of the picture: diffusers' pipeline called directly, in bfloat16."""
    pipeline = maker.pipeline(16)
    embedding = maker.embedding()
    taken: dict[tuple[int, int], float] = {}

    def paint(case: Case) -> None:
        width, height = poster_size(case.size, POSTER_SIDE // maker.size.divisor)
        pipeline(
            prompt_embeds=embedding.sequence.to(maker.device),
            pooled_prompt_embeds=embedding.pooled.to(maker.device),
            image=Image.fromarray(case.picture).resize((width, height), Image.Resampling.LANCZOS),
            mask_image=Image.fromarray(case.mask).resize((width, height)),
            height=height,
            width=width,
            num_inference_steps=POSTER_STEPS,
            guidance_scale=POSTER_GUIDANCE,
        )

    for case in cases:
        if case.size not in taken:  # What is masked makes no difference to it.
            taken[case.size] = seconds(lambda case=case: paint(case), rounds)  # type: ignore[misc]
    return taken


def step_seconds(maker: Maker, transformer: Any, size: tuple[int, int], rounds: int) -> float:
    """One call of the transformer for a picture of (width, height)."""
    inputs = step_inputs(maker, size)

    @torch.inference_mode()
    def step() -> None:
        transformer(**inputs)

    return seconds(step, max(5, rounds))


def four_objects(size: tuple[int, int]) -> list[Mask]:
    """Four small objects that lie apart."""
    return [disc(size, 2, (x, y)) for y in (0.25, 0.75) for x in (0.25, 0.75)]


def measure(
    table: Table,
    maker: Maker,
    bits: Bits,
    cases: Sequence[Case],
    *,
    rounds: int,
    compiled: bool,
    float8: bool = False,
) -> None:
    """All that is measured of a family without a limit on memory; ``float8``: compiled, it multiplies so."""
    family, card = maker.family, maker.device.type == "cuda"
    poster = poster_seconds(replace(maker, family="fill"), cases, rounds)
    memory.free()
    for size, taken in poster.items():
        at = poster_size(size, POSTER_SIDE // maker.size.divisor)
        table.add(f"the poster's recipe on {show(size)}, at {show(at)}, {POSTER_STEPS} steps", taken, "s")

    rate = matrix_rate(maker.device) if card else math.nan
    if card:
        table.add("the card's matrix rate, bfloat16", rate / 1e12, "TFLOP/s")
    else:
        table.skip("the limit: the steps' FLOPs over the matrix rate", "it is a card's")

    pipeline = maker.pipeline(bits)
    transformer = pipeline.transformer
    square = maker.size.square(family)
    least = work(family, maker.size.name, square) / rate
    step = table.add(
        f"one step at {show(square)}, eager", step_seconds(maker, transformer, square, rounds), "s"
    )
    if bits == 16:
        plain = bytes_of(transformer)
        loading.fuse(transformer)
        fused = step_seconds(maker, transformer, square, rounds)
        table.add("· with fused queries, keys and values, of that", fused / step)
        table.add("· which makes the weights … times as large", bytes_of(transformer) / plain)
        step = fused
    if card:
        table.add("· of the limit", step / least)

    engine = maker.engine(f"flux-{family}", pipeline, RandomWords(maker))
    turns = Turns.of(family)
    chosen = next((case for case in cases if case.principal), cases[0])
    eager = math.nan

    def turn(case: Case) -> float:
        return seconds(lambda: turns.paint(engine, case.picture, [case.mask]), rounds)

    def ours(case: Case, note: str = "") -> float:
        goal = GOALS[family] if case.principal else ""
        [at] = painted_at(family, maker.size, case.picture, [case.mask])
        taken = table.add(f"ours{note}: {case.name}, at {show(at)}, {engine.steps} steps", turn(case), "s")
        table.add("· the poster's recipe takes … times as long", poster[case.size] / taken, "", goal)
        return taken

    for case in cases:
        taken = ours(case)
        if case is chosen:
            eager = taken

    picture = cases[0].picture
    one, filling, four = (
        seconds(lambda masks=masks: turns.paint(engine, picture, masks), rounds)  # type: ignore[misc]
        for masks in (
            four_objects(cases[0].size)[:1],
            [np.ones(picture.shape[:2], np.bool_)],
            four_objects(cases[0].size),
        )
    )
    table.add("four objects that lie apart, in one turn", four, "s")
    table.add("· of one that fills the picture", four / filling, "", "≤ 1.7")
    table.add("· of one of them alone", four / one)

    if family == "klein":
        table.skip("a turn with the step cache, of one without", "four steps leave nothing to skip")
    else:
        speedups.step_cache(transformer, "taylor")
        table.add("a turn with the step cache (taylor), of one without", turn(chosen) / eager)
        transformer.disable_cache()

    gpu_memory.manager().forget(engine)  # Another engine has its weights for a while.
    measure_words(table, maker, bits, pipeline, chosen, turns)

    if compiled and bits == 16:
        how = "compiled"
        if float8:
            speedups.float8(transformer)
            how = "compiled, in 8-bit floats"
        speedups.compile_blocks(transformer)
        table.add(f"one step {how}, of eager", step_seconds(maker, transformer, square, rounds) / step)
        taken = ours(chosen, f" {how}")
        if card:
            [at] = painted_at(family, maker.size, chosen.picture, [chosen.mask])
            limit = engine.steps * work(family, maker.size.name, at) / rate
            table.add("· of the limit", taken / limit, "", "≤ 1.4")
        table.skip("weights streamed through the card", "not together with compiling")
    else:
        why = "it needs 16 bits" if compiled else "not asked for (--compile)"
        table.skip("one step compiled, of eager", why)
        if not card or bits == 8:
            table.skip(
                "weights streamed through the card", "8 bits cannot be" if card else "there is no card"
            )
        else:
            engine.stream_weights()
            taken = turn(chosen)
            table.add(
                "a turn with the weights streamed through the card, of one with them there", taken / eager
            )
    gpu_memory.manager().forget(engine)


def measure_words(table: Table, maker: Maker, bits: Bits, pipeline: Any, case: Case, turns: Turns) -> None:
    """Encoding a prompt, and the most memory of a turn with new words."""
    card = maker.device.type == "cuda"
    with tempfile.TemporaryDirectory() as folder:
        tokenizers = flux_layout.write_checkpoint(Path(folder) / maker.family, maker.family)
        encoders = maker.offloaded_encoders(bits, tokenizers)
        number = count()
        taken = seconds(lambda: encoders.encode([f"an armchair, number {next(number)}"]), 3)
    table.add("new words: text encoders onto the card, encoding, off again", taken, "s")
    engine = maker.engine(f"flux-{maker.family}", pipeline, encoders)
    turns.paint(engine, case.picture, [case.mask])
    if not card:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        table.add("peak of the whole process", peak, "GiB")
        return
    torch.cuda.reset_peak_memory_stats()
    turns.paint(engine, case.picture, [case.mask])
    peak = torch.cuda.max_memory_allocated() / 2**30
    table.add("peak of a turn with new words, decoding included", peak, "GiB")
    gpu_memory.manager().forget(engine)


@contextmanager
def only(gib: float) -> Iterator[int]:
    """Leave so many GiB of the card to this process, with what it has now counted in; the bytes taken away.

    A block of memory is held, so that all who ask how much is free are told what a card of that size tells.
    (``torch.cuda.set_per_process_memory_fraction`` would refuse memory that the driver calls free.)
    """
    memory.free()
    excess = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - int(gib * 2**30)
    held = torch.empty(max(0, excess), dtype=torch.uint8, device="cuda")
    try:
        yield held.numel()
    finally:
        del held
        memory.free()


def measure_preset(
    table: Table, maker: Maker, preset: presets.Preset, bits: Bits, cases: Sequence[Case]
) -> None:
    """Turns on a card that has only a preset's budget: seconds, peaks, and whether it had to do with less."""
    name = f"flux-{maker.family}" + ("" if bits == 16 else f":{bits}bit")
    if maker.device.type != "cuda":
        table.skip(f"{name} on a card of {preset.budget:g} GiB", "there is no card")
        return
    streamed = presets.streams(name, preset)
    pipeline = maker.pipeline(bits)
    if bits == 16:
        loading.fuse(pipeline.transformer)
    turns = Turns.of(maker.family)
    limit = f"≤ {preset.budget:g}"
    with tempfile.TemporaryDirectory() as folder:
        tokenizers = flux_layout.write_checkpoint(Path(folder) / maker.family, maker.family)
        engine = maker.engine(name, pipeline, maker.offloaded_encoders(bits, tokenizers))
        if streamed:
            engine.stream_weights()
        table.add(f"{name}: weights on the card", engine.weight_bytes / 2**30, "GiB")
        with only(preset.budget) as held:
            masks = four_objects(cases[0].size)
            measured: list[tuple[str, Callable[[], None]]] = [
                (case.name, lambda case=case: turns.paint(engine, case.picture, [case.mask]))  # type: ignore[misc]
                for case in cases
            ]
            measured.append(("four objects", lambda: turns.paint(engine, cases[0].picture, masks)))
            for what, task in measured:
                turns.notes.clear()
                torch.cuda.reset_peak_memory_stats()
                table.add(f"{what}, new words", seconds(task, 1), "s")
                peak = (torch.cuda.max_memory_allocated() - held) / 2**30
                table.add("· peak, text encoders and decoding included", peak, "GiB", limit)
                table.add("· times it had to do with less", len(turns.notes), "", "0")
                for note in turns.notes:
                    print(f"  ({note})", flush=True)
        gpu_memory.manager().forget(engine)


def cases_of(pictures: Sequence[tuple[int, int]], masks: Sequence[float], divisor: int) -> Iterator[Case]:
    """The cases: every mask on every picture."""
    for width, height in pictures:
        picture = picture_of((width // divisor, height // divisor))
        size = (picture.shape[1], picture.shape[0])
        for percent in masks:
            name = f"{percent:g} % of {show(size)}"
            yield Case(name, picture, disc(size, percent), percent == PRINCIPAL)


def numbers(text: str) -> list[float]:
    """ "2,10,40" as numbers."""
    return [float(each) for each in text.split(",")]


def sides(text: str) -> list[tuple[int, int]]:
    """ "1024x1024,4032x3024" as (width, height)."""
    pairs = (each.lower().split("x") for each in text.split(","))
    return [(int(width), int(height)) for width, height in pairs]


def _quiet() -> None:
    """No bars and hints of the libraries' between the figures."""
    import diffusers
    import transformers

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    for library in (diffusers, transformers):
        library.logging.set_verbosity_error()
        library.logging.disable_progress_bar()


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    names = [name for name, preset in presets.PRESETS.items() if preset.budget]
    _quiet()
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--size", choices=tuple(SIZES), default="tiny")
    parser.add_argument("--family", choices=(*KINDS, "all"), default="all")
    parser.add_argument("--bits", type=int, choices=(4, 8, 16), help="the preset's, else 16")
    parser.add_argument("--preset", choices=names, help="paint on a card that has only its budget")
    parser.add_argument("--masks", type=numbers, default=[2.0, 10.0, 40.0], metavar="PERCENT,…")
    parser.add_argument("--pictures", type=sides, default=[(1024, 1024), (4032, 3024)], metavar="WxH,…")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--float8", action="store_true", help="what is compiled multiplies in 8-bit floats")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    if args.float8 and not args.compile:
        parser.error("--float8 goes with --compile")
    card = torch.cuda.is_available()
    device, dtype = torch.device("cuda" if card else "cpu"), torch.bfloat16 if card else torch.float32
    size = SIZES[args.size]
    record = {
        "size": size.name,
        "device": torch.cuda.get_device_name() if card else platform.processor() or "CPU",
        "torch": torch.__version__,
        "preset": args.preset,
    }
    table = Table(record, args.json)
    cases = list(cases_of(args.pictures, args.masks, size.divisor))
    chosen: tuple[FamilyName, ...] = tuple(KINDS) if args.family == "all" else (args.family,)
    for family in chosen:
        preset = presets.PRESETS[args.preset] if args.preset else None
        best = presets.best_bits(f"flux-{family}", preset.budget) if preset else ""
        bits = args.bits or ModelName.parse(best).bits
        print(f"FLUX {family}, {size.name}, {bits} bit, {record['device']}, torch {torch.__version__}")
        maker = Maker(family, size, device, dtype)
        if preset is not None:
            measure_preset(table, maker, preset, bits, cases)
            continue
        count_work(table, family, size, cases)
        if size.name == "published" and not card:
            table.skip("seconds and memory", "there is no card")
        else:
            measure(table, maker, bits, cases, rounds=args.rounds, compiled=args.compile, float8=args.float8)
        memory.free()
    return 0


if __name__ == "__main__":
    sys.exit(main())
