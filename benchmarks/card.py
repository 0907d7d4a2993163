"""What each preset takes of a card and of RAM, counted at the published sizes on a machine without a card.

    python -m benchmarks.card [--preset P] [--turns N] [--quick]

Five things are counted, and any that does not hold makes the exit code 1:

* turns: ``GpuMemory`` as the program has it, with engines of the published sizes, through a conversation
  whose words change every turn; the most that lies on the card at each stage, and in RAM beside it, against
  the preset's budget less what CUDA and a desktop take. The last turn holds what the second held. So do turns
  with each painter that no preset chooses and that a user may name.
* the planner: its model comes into a stand-in for Ollama's server, which takes its room some time after it
  was asked, while the segmenter looks ahead. It finds free what it wants to see free.
* weights: the published shapes, without numbers, against the sizes that the presets reckon with.
* leaving: tiny engines, loaded by the real loaders in 16, 8 and 4 bits, on a card that knows each storage
  which lives there (``tests/support/pretend_card.py``): when an engine left, nothing of it is there, and its
  text encoders took what room was made for.
* working memory: one step, one picture and one text at the published sizes, computed with tensors that have
  a shape and no numbers; the most bytes that live at a time, against what the presets reckon with.

``--quick`` leaves out the last, which takes some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from agent.planner.ollama_planner import CONTEXT_BYTES
from tools.engines import presets, specs
from tools.engines.gpu_memory import GpuMemory
from tools.engines.machine import GIB
from tools.engines.model_name import ModelName
from tools.engines.presets import PRESETS, SPARE, Preset
from tools.engines.specs import LOOKING, PAINTING, READING, SIZES, Weights
from tools.kinds import KINDS

MARGIN: Final = 1.5
"""What is reckoned with is this many times what is counted: convolutions work with more, and between blocks
of memory some lies unused.
"""

LARGER: Final = {"small": {"a card of 6 GB": 5.7}}
"""Larger cards that a preset is for, too, since no other is, and how much it may take of each, in GiB."""

SERVED_CONTEXT: Final = 3 * 2**29
"""Of what a server wants to see free, the bytes that its model really takes beside its file."""

Line = tuple[str, bool]
"""What was counted, in words, and whether it holds."""


@dataclass
class Machine:
    """A card of ``size`` bytes and the RAM beside it; what lies there, by who put it there."""

    size: float
    taken: dict[object, float] = field(default_factory=dict)
    ram: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    most_ram: float = 0.0
    overrun: bool = False

    def free(self) -> int:
        """As ``tools.engines.gpu_memory.Card`` has it."""
        return int(self.size - sum(self.taken.values()))

    def trim(self) -> None:
        """Nothing is kept for later."""

    def put(self, who: object, size: float) -> None:
        """Somebody takes some bytes."""
        self.taken[who] = size

    def note(self, stage: str) -> None:
        """A stage's peak, if it is one."""
        held = sum(self.taken.values())
        self.peaks[stage] = max(self.peaks.get(stage, 0.0), held)
        self.most_ram = max(self.most_ram, sum(self.ram.values()))
        self.overrun |= held > self.size

    @contextmanager
    def with_more(self, stage: str, what: str, size: float) -> Iterator[None]:
        """While inside, so many bytes more lie on the card."""
        self.put(what, size)
        self.note(stage)
        yield
        del self.taken[what]


class Counted:
    """An engine, or a planner's model, of which only the bytes are there."""

    def __init__(self, machine: Machine, name: str, weight_bytes: int, working_bytes: int) -> None:
        self.name = name
        self.weight_bytes = weight_bytes
        self.working_bytes = working_bytes
        self.machine = machine
        self.waits_in_ram = True
        self.offload()

    def to_card(self) -> None:
        """All its bytes come."""
        self.machine.ram.pop(self.name, None)
        self.machine.put(self.name, self.weight_bytes)

    def offload(self) -> None:
        """All its bytes leave."""
        self.machine.taken.pop(self.name, None)
        if self.waits_in_ram:
            self.machine.ram[self.name] = self.weight_bytes


# Turns


@dataclass(frozen=True)
class Turns:
    """What a conversation took: the most at each stage and in RAM, in GiB, and what does not hold."""

    peaks: dict[str, float]
    ram: float
    problems: tuple[str, ...]


def converse(preset: Preset, turns: int) -> Turns:
    """A conversation of so many turns: every painter is asked with new words and then with the same again, as
    for another object; each tenth turn begins another session, which looks at another picture first.
    """
    machine = _machine(preset)
    machine.ram["the program"] = presets.OWN * GIB
    residents = GpuMemory(machine)
    planner = _planner(machine, preset)
    segmenter = _engine(machine, preset.segmenter)
    names = dict.fromkeys([*preset.inpainters.values(), *preset.licensed.values()])
    painters = [_engine(machine, name) for name in names]
    held: list[dict[object, float]] = []
    for turn in range(turns):
        for stage in ("look ahead", "plan", "look") if turn % 10 == 9 else ("plan", "look"):
            if stage == "plan" and planner is None:
                continue
            with residents.using(planner if planner and stage == "plan" else segmenter):
                machine.note(stage)
                if stage != "plan":
                    with machine.with_more(stage, "work", segmenter.working_bytes):
                        pass
        for painter in painters:
            for new in (True, False):
                with residents.using(painter):
                    _paint(machine, painter, new)
        held.append(dict(machine.taken))
    peaks = {stage: size / GIB for stage, size in machine.peaks.items()}
    ram = machine.most_ram / GIB
    problems = []
    if machine.overrun:
        problems.append(f"more lies on the card than {machine.size / GIB:.1f} GiB")
    if ram > presets.ram(preset) + 0.01:
        problems.append(f"{ram:.1f} GiB lie in RAM, and {presets.ram(preset):.1f} are told")
    if turns > 2 and held[-1] != held[1]:
        problems.append("the last turn does not hold what the second held")
    return Turns(peaks, ram, tuple(problems))


def on_larger(preset: Preset) -> Iterator[Preset]:
    """The preset as it is on each of the larger cards that it is for, too."""
    for card, budget in LARGER.get(preset.name, {}).items():
        yield replace(preset, name=f"{preset.name}, on {card}", budget=budget)


def by_name(preset: Preset) -> Iterator[Preset]:
    """The preset with each painter in turn that it does not choose and that its card takes, for all kinds."""
    own = {ModelName.parse(name).model for name in (*preset.inpainters.values(), *preset.licensed.values())}
    for base in specs.family("inpainter"):
        name = presets.best_bits(base, preset.budget)
        if base not in own and not presets.streams(name, preset):
            yield replace(preset, inpainters=dict.fromkeys(KINDS, name), licensed={})


def _machine(preset: Preset) -> Machine:
    return Machine((preset.budget - SPARE) * GIB)


def _engine(machine: Machine, name: str) -> Counted:
    weights = presets.weights(name)
    assert weights is not None, name
    return Counted(machine, name, int(weights * GIB), presets.working_bytes(name))


def _planner(machine: Machine, preset: Preset) -> Counted | None:
    if not _model(preset):
        return None  # the built-in one takes nothing of a card
    taken = _file_bytes(preset) + SERVED_CONTEXT
    served = Counted(machine, preset.planner, taken, CONTEXT_BYTES - SERVED_CONTEXT)
    # Its server maps the file, which it reads again from the disk where RAM is short.
    served.waits_in_ram = False
    machine.ram.pop(served.name)
    return served


def _file_bytes(preset: Preset) -> int:
    return int(presets.PLANNERS[_model(preset)] * 1e9)


def _model(preset: Preset) -> str:
    return preset.planner.partition(":")[2]


def _paint(machine: Machine, painter: Counted, new: bool) -> None:
    """As ``tools.inpainting.flux.engine`` does: new words first, beside the painter where they fit, else
    without it."""
    if new:
        words = (presets.reading(painter.name) - READING) * GIB
        if machine.free() < words + GIB:
            painter.offload()
        with machine.with_more(f"words of {painter.name}", "words", words + READING * GIB):
            pass
        painter.to_card()
    with machine.with_more(f"paint with {painter.name}", "work", painter.working_bytes):
        pass


# The planner


def found_free(preset: Preset, turns: int = 2) -> list[int]:
    """The bytes that a server finds free when it loads the planner's model, turn by turn.

    While it has not begun to load, the segmenter looks ahead; the painter works after the plan was made.
    """
    import pytest

    from agent.planner.context import Context
    from agent.planner.ollama_planner import OllamaPlanner
    from tests.support.stand_in_ollama import Serving

    machine = _machine(preset)
    residents = GpuMemory(machine)
    segmenter = _engine(machine, preset.segmenter)
    painter = _engine(machine, preset.inpainters["restyle"])
    file = _file_bytes(preset)
    server = Serving(machine, file, taken=file + SERVED_CONTEXT, model=_model(preset))

    def look() -> None:
        with residents.using(segmenter):
            pass

    def loading() -> None:
        looking.append(threading.Thread(target=look))
        looking[-1].start()
        looking[-1].join(0.3)  # long enough to take what nobody keeps for the server

    looking: list[threading.Thread] = []
    server.loading = loading
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.engines.gpu_memory._process", residents)
        try:
            planner = OllamaPlanner(_model(preset), base_url=server.url)
            for _ in range(turns):
                asyncio.run(planner.plan("make the sofa red", Context()))
                looking[-1].join()
                with residents.using(painter):
                    pass
        finally:
            server.close()
    return server.found_free


# Weights


def published() -> Iterator[tuple[str, Weights, Weights]]:
    """Parts of engines: their weights by the published shapes, and what the presets reckon with."""
    from diffusers import AutoencoderKLFlux2
    from transformers import (
        MMGroundingDinoConfig,
        MMGroundingDinoForObjectDetection,
        Sam2Config,
        Sam2Model,
        Sam3Model,
    )

    from benchmarks.lisa import config_of
    from benchmarks.sam3 import config_of as sam3_config_of
    from tests.support import sd15_layout
    from tests.support.flux_layout import KLEIN_9B, PUBLISHED, text_encoders, transformer, vae
    from tools.inpainting.flux.family import KLEIN_LAYERS
    from tools.segmenting.lisa.model import Lisa
    from tools.segmenting.lisa.published import EXACT

    sizes = {"flux-klein": PUBLISHED["klein"], "flux-klein-9b": KLEIN_9B}
    with torch.device("meta"):
        for name, size in sizes.items():
            painter = _weights(transformer("klein", size)), _weights(AutoencoderKLFlux2(), exact=("",))
            yield name, _added(*painter), SIZES[name].resident
            encoders = text_encoders("klein", replace(size, text_layers=KLEIN_LAYERS))
            yield f"words of {name}", _weights(encoders["text_encoder"], ("lm_head",)), SIZES[name].words
        for family in ("fill", "kontext"):
            name, size = f"flux-{family}", PUBLISHED[family]
            painter = _weights(transformer(family, size)), _weights(vae(family, size), exact=("",))
            yield name, _added(*painter), SIZES[name].resident
            encoders = text_encoders(family, size)
            # transformers quantises no such matrix of T5's
            words = _weights(encoders["text_encoder_2"], (".wo",)), _weights(encoders["text_encoder"], ("",))
            yield f"words of {name}", _added(*words), SIZES[name].words
        for name in ("lisa-7b", "lisa-13b"):
            yield name, _weights(Lisa(config_of(name.removeprefix("lisa-"))), EXACT), SIZES[name].resident
        yield "sam3", _weights(Sam3Model(sam3_config_of("full")), ("",)), SIZES["sam3"].resident
        detector = MMGroundingDinoForObjectDetection(MMGroundingDinoConfig())
        pair = _added(_weights(detector, ("",)), _weights(Sam2Model(Sam2Config()), ("",)))
        parts = [
            make(sd15_layout.PUBLISHED)
            for make in (sd15_layout.unet, sd15_layout.vae, sd15_layout.text_encoder)
        ]
        whole = Weights(0, sum(_weights(part, ("",)).full_precision for part in parts))
        yield "sd15-inpainting", whole, SIZES["sd15-inpainting"].resident
        yield "lama", Weights(0, 0), SIZES["lama"].resident
        # in float32: as much as twice as many of 16 bits
        twice = replace(pair, full_precision=2 * pair.full_precision)
        yield "llmdet-sam2", twice, SIZES["llmdet-sam2"].resident


def _weights(model: Any, exact: Sequence[str] = ()) -> Weights:
    """The parameters of a model in 10⁹; those of layers with ``exact`` in their names are never quantised."""
    quantized = sum(
        module.weight.numel()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and not any(each in name for each in exact)
    )
    return Weights(quantized / 1e9, (sum(each.numel() for each in model.parameters()) - quantized) / 1e9)


def _added(one: Weights, other: Weights) -> Weights:
    return Weights(one.quantized + other.quantized, one.full_precision + other.full_precision)


def agree(counted: Weights, reckoned: Weights) -> bool:
    """Whether two counts are the same up to four million weights."""
    apart = _added(counted, Weights(-reckoned.quantized, -reckoned.full_precision))
    return max(abs(apart.quantized), abs(apart.full_precision)) < 0.004


# Leaving


@dataclass(frozen=True)
class Tiny:
    """What a tiny engine did on a counted card, in bytes.

    ``left`` lies there after it left; its text encoders ``took`` so much and room is made for ``reckoned``;
    ``lost`` when it failed, or gave up its place there for good, because words did not fit beside it.
    """

    name: str
    left: int
    took: int = 0
    reckoned: int = 0
    lost: bool = False

    @property
    def lines(self) -> Iterator[Line]:
        """What of it is to be told."""
        yield f"{self.name} leaves behind {self.left} bytes", not self.left
        if self.reckoned:
            told = f"{self.name}: its text encoders take {self.took} bytes, {self.reckoned} are made room for"
            # In 8 bits each row has a scale, which in a tiny engine is a sixteenth of it.
            yield told, abs(self.took - self.reckoned) <= (0.06 if "8" in self.name else 0.02) * self.took
            told = "fails, or streams from then on," if self.lost else "steps aside"
            yield f"{self.name} {told} when words do not fit beside it", not self.lost


def leaving(bits: int, names: Collection[str] = ("klein", "klein-9b", "fill", "lisa")) -> Iterator[Tiny]:
    """Tiny painters, and a segmenter, several times on a counted card."""
    import pytest

    from tests.support.pretend_card import allow_quantised

    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        allow_quantised(patch)
        patch.setattr("tools.segmenting.lisa.segmenter._LONG", 4)
        patch.setattr("tools.inpainting.flux.loading.TOKENS", 32)
        patch.setattr(
            "tools.inpainting.flux.memory.has_room", lambda *_: True
        )  # so that words come, and do not fit
        for name in names:
            yield (_looking if name == "lisa" else _painting)(name, bits, Path(home), patch)
            gc.collect()


def _picture() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A picture and a mask."""
    mask = np.zeros((48, 64), bool)
    mask[8:40, 8:40] = True
    return np.random.default_rng(0).integers(0, 256, (*mask.shape, 3), np.uint8), mask


def _painting(name: str, bits: int, home: Path, patch: Any) -> Tiny:
    from tests.support.flux_layout import TINY_KLEIN_9B, Family, write_checkpoint
    from tests.support.pretend_card import pretended
    from tools.errors import EngineError
    from tools.inpainting.base import MaskedEdit, inpaint
    from tools.inpainting.flux import prompt_cache as words
    from tools.inpainting.flux import published as flux

    family: Family = "fill" if name == "fill" else "klein"
    folder = write_checkpoint(home / name, family, TINY_KLEIN_9B if name == "klein-9b" else None)
    picture, mask = _picture()
    embed, full, most, lost, left = words.embed, False, 0, False, 0

    def embedded(*arguments: Any) -> Any:
        nonlocal most
        gc.collect()
        if full and card.held > encoder.weight_bytes + weights // 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        most = max(most, card.held - alone)
        return embed(*arguments)

    with pretended(64 * GIB, patch) as card:
        painter = flux.load(f"{folder}:{bits}bit")
        encoder, weights = painter._prompts.encoder, painter.weight_bytes
        alone = card.held
        patch.setattr(words, "embed", embedded)
        for prompt in ("a sofa", "a sofa of another kind", "a sofa that nobody knows"):
            edit = MaskedEdit(mask, prompt, "replace", 1, steps=1, area=mask.size)
            try:
                inpaint(picture, [edit], {"replace": painter})
            except EngineError:  # what it says is of no use here
                lost = True
            painter.offload()
            gc.collect()
            left = card.held
            painter.to_card()
            full = prompt != "a sofa"
        patch.setattr(words, "embed", embed)
        lost |= painter.weight_bytes < weights
        return Tiny(f"{name} in {bits} bits", left, most, encoder.weight_bytes, lost)


def _looking(name: str, bits: int, home: Path, patch: Any) -> Tiny:
    from tests.support import lisa_layout
    from tests.support.pretend_card import pretended
    from tools.segmenting.lisa import published as lisa

    picture, _ = _picture()
    with pretended(64 * GIB, patch) as card:
        segmenter = lisa.load(f"{lisa_layout.write_published(home / name)}:{bits}bit")
        for _ in range(2):
            segmenter.to_card()
            segmenter.segment(picture, ["the sofa"])
            segmenter.offload()
        gc.collect()
        return Tiny(f"{name} in {bits} bits", card.held)


# Working memory


class Living(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the storages that are made inside and live; ``peak`` is the most at a time."""

    def __init__(self, known: Sequence[torch.Tensor]) -> None:
        """``known`` were there before: weights and inputs."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._known = {each.untyped_storage()._cdata for each in known}
        self._living: dict[int, tuple[Any, int]] = {}
        self._now = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        weak: Any = StorageWeakRef
        for each in tree_leaves(result):
            if isinstance(each, torch.Tensor):
                storage = each.untyped_storage()
                if storage._cdata not in self._living and storage._cdata not in self._known:
                    self._living[storage._cdata] = (weak(storage), storage.nbytes())
                    self._now += storage.nbytes()
        for key in [key for key, (reference, _) in self._living.items() if reference.expired()]:
            self._now -= self._living.pop(key)[1]
        self.peak = max(self.peak, self._now)
        return result


def working_memory() -> Iterator[tuple[str, float, float]]:
    """What is computed, the GiB that it was counted to work with, and what the presets reckon with."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from transformers import (
        MMGroundingDinoConfig,
        MMGroundingDinoForObjectDetection,
        Sam2Config,
        Sam2Model,
        Sam3Model,
    )

    from benchmarks.flux import default_dtype
    from benchmarks.lisa import config_of
    from benchmarks.sam3 import config_of as sam3_config_of
    from tests.support import sd15_layout
    from tests.support.flux_layout import KLEIN_9B, PUBLISHED, text_encoders, transformer, vae
    from tools.inpainting.flux.family import KLEIN_LAYERS
    from tools.segmenting.lisa.model import Lisa

    def count(model: Any, call: Callable[..., Any], *inputs: Any, **more: Any) -> float:
        given = [*model.parameters(), *model.buffers()]
        given += [each for each in tree_leaves((inputs, more)) if isinstance(each, torch.Tensor)]
        with Living(given) as living:
            call(*inputs, **more)
        return float(living.peak / GIB)

    side, new = 1024, torch.empty
    tokens = (side // 16) ** 2
    step: dict[str, torch.Tensor]
    with default_dtype(torch.bfloat16), FakeTensorMode(), torch.no_grad():
        for name, size in (("Klein", PUBLISHED["klein"]), ("Klein 9B", KLEIN_9B)):
            model = transformer("klein", size).eval()
            step = {"hidden_states": new(1, 2 * tokens, 128), "timestep": new(1)}
            step |= {"encoder_hidden_states": new(1, 512, size.joint)}
            step |= {"img_ids": new(1, 2 * tokens, 4), "txt_ids": new(1, 512, 4)}
            painted = count(model, model, **step, guidance=None)
            yield f"a step of {name}, a megapixel", painted, PAINTING
        model = transformer("fill", PUBLISHED["fill"]).eval()
        step = {"hidden_states": new(1, tokens, 384), "encoder_hidden_states": new(1, 512, 4096)}
        step |= {"pooled_projections": new(1, 768), "timestep": new(1), "guidance": new(1)}
        step |= {"img_ids": new(tokens, 3), "txt_ids": new(512, 3)}
        yield "a step of Fill, a megapixel", count(model, model, **step), PAINTING
        for family, channels in (("fill", 16), ("klein", 32)):
            model = vae(family, PUBLISHED[family]).eval()  # type: ignore[arg-type, index]
            latents = new(1, channels, side // 8, side // 8)
            yield f"decoding a megapixel, {family}", count(model, model.decode, latents), PAINTING
        model = text_encoders("fill", PUBLISHED["fill"])["text_encoder_2"].eval()
        text = torch.ones(1, 512, dtype=torch.long)
        yield "T5 reads 512 tokens", count(model, model, text), READING
        for name, size in (("Qwen3-4B", PUBLISHED["klein"]), ("Qwen3-8B", KLEIN_9B)):
            model = text_encoders("klein", replace(size, text_layers=KLEIN_LAYERS))["text_encoder"].eval()
            read = count(model, model, text, output_hidden_states=True)
            yield f"{name} reads 512 tokens", read, READING
        lisa = Lisa(config_of("7b")).eval()
        seen = lisa.config.vision_config.image_size
        pixels = new(1, 3, seen, seen), new(1, 3, side, side)
        yield "LISA looks at a picture", count(lisa, lisa.encode_picture, *pixels), LOOKING
        told = new(4, 400, lisa.config.text_config.hidden_size)
        read = count(lisa, lisa.language_model.model, inputs_embeds=told, use_cache=True)
        yield "LISA reads four phrases", read, LOOKING
    with default_dtype(torch.float16), FakeTensorMode(), torch.no_grad():
        shape, working = sd15_layout.PUBLISHED, SIZES["sd15-inpainting"].working
        model = sd15_layout.unet(shape).eval()
        told, latent = new(2, 77, shape.words), new(2, 9, 64, 64)  # two: a second try is guided
        painted = count(model, model, latent, torch.ones(()), told)
        yield "a step of Stable Diffusion, 512²", painted, working
        model = sd15_layout.vae(shape).eval()
        decoded = count(model, model.decode, new(1, 4, 64, 64))
        yield "decoding 512², Stable Diffusion", decoded, working
    with FakeTensorMode(), torch.no_grad():  # in float32, as on cards without bfloat16
        model = Sam3Model(sam3_config_of("full")).eval()
        looked = count(model, model.get_vision_features, pixel_values=new(1, 3, 1008, 1008))
        yield "SAM 3 looks at a picture, in float32", looked, SIZES["sam3"].working
        model = Sam2Model(Sam2Config()).eval()
        looked = count(model, model.get_image_embeddings, new(1, 3, side, side))
        yield "SAM 2.1 looks at a picture", looked, SIZES["llmdet-sam2"].working
    with torch.no_grad():  # with numbers, which decide what it does
        model = MMGroundingDinoForObjectDetection(MMGroundingDinoConfig()).eval()
        words = torch.ones(1, 32, dtype=torch.long)
        seen_words = {"input_ids": words, "attention_mask": words, "token_type_ids": words - 1}
        shown = {"pixel_values": torch.zeros(1, 3, 800, 1333), "pixel_mask": torch.ones(1, 800, 1333).long()}
        looked = count(model, model, **shown, **seen_words)
        yield "LLMDet looks for boxes", looked, SIZES["llmdet-sam2"].working


# All of it


def counted_turns(preset: Preset, turns: int) -> Iterator[Line]:
    """What a preset takes, and whether it may."""
    found = converse(preset, turns)
    yield f"{preset.name}: of {preset.budget - SPARE:.1f} GiB of card, {turns} turns", True
    for stage, peak in {**found.peaks, "RAM, at most": found.ram}.items():
        yield f"  {stage:40} {peak:6.1f} GiB", True
    yield from ((f"  {problem}", False) for problem in found.problems)
    if _model(preset):
        wanted = _file_bytes(preset) + CONTEXT_BYTES
        least = min(found_free(preset))
        told = f"  {_model(preset)} wants {wanted / GIB:.1f} GiB free"
        yield f"{told:40}   {least / GIB:6.1f} GiB found", least >= wanted
    for other in by_name(preset):
        found = converse(other, turns)
        name = f"with {other.inpainters['restyle']}"
        yield f"  {name:40} {max(found.peaks.values()):6.1f} GiB, RAM {found.ram:.1f}", True
        yield from ((f"  {name}: {problem}", False) for problem in found.problems)


def counted_weights() -> Iterator[Line]:
    """The sizes of the published weights."""
    for name, counted, reckoned in published():
        told, of = (f"{each.quantized:.3f} and {each.full_precision:.3f}" for each in (counted, reckoned))
        yield f"{name:24} 10⁹ weights: {told}, reckoned {of}", agree(counted, reckoned)


def counted_work() -> Iterator[Line]:
    """The working memory of one step, picture or text."""
    for what, counted, reckoned in working_memory():
        yield f"{what:42} {counted:6.2f} of {reckoned:.2f} GiB", counted * MARGIN <= reckoned


def _hush() -> None:
    """Have the libraries keep their remarks on tiny random models to themselves."""
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.logging.set_verbosity_error()
        library.logging.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and print; 0 when all holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.card", description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=[name for name, preset in PRESETS.items() if preset.budget])
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="count no working memory")
    wanted = parser.parse_args(arguments)
    wrong = False
    _hush()

    def tell(lines: Iterator[Line]) -> None:
        nonlocal wrong
        for line, holds in lines:
            print(line + ("" if holds else ": WRONG"), flush=True)
            wrong |= not holds

    for preset in PRESETS.values():
        if preset.budget and wanted.preset in (None, preset.name):
            for each in (preset, *on_larger(preset)):
                tell(counted_turns(each, wanted.turns))
    tell(counted_weights())
    for bits in (16, 8, 4):
        for engine in leaving(bits):
            tell(engine.lines)
    if not wanted.quick:
        tell(counted_work())
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
