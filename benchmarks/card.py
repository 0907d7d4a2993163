"""What each preset takes of a card and of RAM, counted at the published sizes on a machine without a card.

    python -m benchmarks.card [--preset P] [--turns N] [--quick]

Three things are counted, and any that does not hold makes the exit code 1:

* turns: the residency as the program has it, with engines of the published sizes, through a conversation
  whose words change every turn; the most that lies on the card at each stage, and in RAM beside it, against
  the preset's budget less what CUDA and a desktop take. The last turn holds what the second held.
* leaving: tiny engines, loaded by the real loaders in 16, 8 and 4 bits, on a card that knows each storage
  which lives there (``tests/pretend_card.py``): when an engine left, nothing of it is there.
* working memory: one step, one picture and one text at the published sizes, computed with tensors that have
  a shape and no numbers; the most bytes that live at a time, against what the presets reckon with.

``--quick`` leaves out the last, which takes a minute or two.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from agent.planner.ollama import _CONTEXT_BYTES
from tools import presets
from tools.presets import GIB, PRESETS, SIZES, SPARE, Preset, base_of, bits_of
from tools.residency import Residency

MARGIN = 1.5
"""What is reckoned with is this many times what is counted: convolutions work with more, and between blocks
of memory some lies unused.
"""


_SERVED_CONTEXT = 3 * 2**29
"""Of what a server wants to see free, the part that its model really takes beside its file."""


@dataclass
class Machine:
    """A card of ``size`` bytes and the RAM beside it; what lies there, by who put it there."""

    size: float
    card: dict[str, float] = field(default_factory=dict)
    ram: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    most_ram: float = 0.0
    overrun: bool = False

    def free(self) -> int:
        """As ``tools.residency.Card`` has it."""
        return int(self.size - sum(self.card.values()))

    def trim(self) -> None:
        """Nothing is kept for later."""

    def note(self, stage: str) -> None:
        """A stage's peak, if it is one."""
        held = sum(self.card.values())
        self.peaks[stage] = max(self.peaks.get(stage, 0.0), held)
        self.most_ram = max(self.most_ram, sum(self.ram.values()))
        self.overrun |= held > self.size

    @contextmanager
    def with_more(self, stage: str, what: str, size: float) -> Iterator[None]:
        """While inside, so many bytes more lie on the card."""
        self.card[what] = size
        self.note(stage)
        yield
        del self.card[what]


class Counted:
    """An engine, or a planner's model, of which only the bytes are there."""

    def __init__(self, machine: Machine, name: str, weight_bytes: int, working_bytes: int) -> None:
        self.name = name
        self.weight_bytes = weight_bytes
        self.working_bytes = working_bytes
        self.machine = machine
        self.waits_in_ram = True
        self.off_card()

    def to_card(self) -> None:
        """All its bytes come."""
        self.machine.ram.pop(self.name, None)
        self.machine.card[self.name] = self.weight_bytes

    def off_card(self) -> None:
        """All its bytes leave."""
        self.machine.card.pop(self.name, None)
        if self.waits_in_ram:
            self.machine.ram[self.name] = self.weight_bytes


@dataclass(frozen=True)
class Turns:
    """What a conversation took: the most at each stage and in RAM, in GiB, and what does not hold."""

    peaks: dict[str, float]
    ram: float
    problems: tuple[str, ...]


def converse(preset: Preset, turns: int) -> Turns:
    """A conversation of so many turns, each with new words, every kind of edit in turn."""
    machine = Machine((preset.budget - SPARE) * GIB)
    machine.ram["the program"] = presets.OWN * GIB
    residents = Residency(machine)
    planner = _planner(machine, preset)
    segmenter = _engine(machine, preset.segmenter)
    names = dict.fromkeys([*preset.inpainters.values(), *preset.licensed.values()])
    painters = [_engine(machine, name) for name in names]
    held: list[dict[str, float]] = []
    for _ in range(turns):
        with residents.using(planner):
            machine.note("plan")
        with residents.using(segmenter), machine.with_more("look", "work", segmenter.working_bytes):
            pass
        for painter in painters:
            with residents.using(painter):
                _paint(machine, painter)
        held.append(dict(machine.card))
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


def _engine(machine: Machine, name: str) -> Counted:
    weights, working = presets.weights(name), presets.working_bytes(name)
    assert weights is not None, name
    assert working is not None, name
    return Counted(machine, name, int(weights * GIB), working)


def _planner(machine: Machine, preset: Preset) -> Counted:
    model = preset.planner.partition(":")[2]
    taken = int(presets.PLANNERS[model] * 1e9) + _SERVED_CONTEXT
    served = Counted(machine, preset.planner, taken, _CONTEXT_BYTES - _SERVED_CONTEXT)
    # Its server maps the file, which it reads again from the disk where RAM is short.
    served.waits_in_ram = False
    machine.ram.pop(served.name)
    return served


def _paint(machine: Machine, painter: Counted) -> None:
    """As ``tools.flux.engine`` does: new words first, beside the painter where they fit, else without it."""
    words = SIZES[base_of(painter.name)].words.gib(bits_of(painter.name)) * GIB
    if machine.free() < words + GIB:
        painter.off_card()
    with machine.with_more(f"words of {painter.name}", "words", words + presets.READING * GIB):
        pass
    painter.to_card()
    with machine.with_more(f"paint with {painter.name}", "work", painter.working_bytes):
        pass


# Leaving


def left_behind(bits: int) -> dict[str, int]:
    """The bytes that tiny engines leave on a card: painters by family, and the segmenter."""
    import numpy as np
    import pytest

    from tests import lisa_layout
    from tests.flux_layout import write_checkpoint
    from tests.pretend_card import pretended
    from tools.flux import published as flux
    from tools.inpaint import Job
    from tools.lisa import published as lisa

    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    mask = np.zeros((48, 64), bool)
    mask[8:40, 8:40] = True
    left = {}
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        _allow_quantised(patch)
        patch.setattr("tools.lisa.segmenter._LONG", 4)
        with pretended(64 * GIB, patch) as card:
            for family in ("klein", "fill"):
                folder = write_checkpoint(Path(home) / family, family)
                painter = flux.load(f"{folder}:{bits}bit")
                for _ in range(2):
                    painter.to_card()
                    painter.paint([Job(picture, mask, "a sofa", "replace", 1, 1, painter.guidance)])
                    painter.off_card()
                gc.collect()
                left[family] = card.held
            segmenter = lisa.load(f"{lisa_layout.write_published(Path(home) / 'lisa')}:{bits}bit")
            for _ in range(2):
                segmenter.to_card()
                segmenter.segment(picture, ["the sofa"])
                segmenter.off_card()
            del segmenter, painter
            gc.collect()
            left["lisa"] = card.held - left["fill"]
    return left


def _allow_quantised(patch: Any) -> None:
    """diffusers wants a true card for bitsandbytes, whose kernels run on the processor, too."""
    from diffusers.quantizers.bitsandbytes import bnb_quantizer

    for kind in (bnb_quantizer.BnB4BitDiffusersQuantizer, bnb_quantizer.BnB8BitDiffusersQuantizer):
        patch.setattr(kind, "validate_environment", lambda *_, **__: None)
        patch.setattr(kind, "update_device_map", lambda _, places: places or {"": "cpu"})


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

    from benchmarks.flux import default_dtype
    from benchmarks.lisa import config_of
    from tests.flux_layout import PUBLISHED, text_encoders, transformer, vae
    from tools.lisa.model import Lisa

    def count(model: Any, call: Callable[..., Any], *inputs: Any, **more: Any) -> float:
        given = [*model.parameters(), *model.buffers()]
        given += [each for each in tree_leaves((inputs, more)) if isinstance(each, torch.Tensor)]
        with Living(given) as living:
            call(*inputs, **more)
        return float(living.peak / GIB)

    side, new = 1024, torch.empty
    tokens = (side // 16) ** 2
    with default_dtype(torch.bfloat16), FakeTensorMode(), torch.no_grad():
        model = transformer("klein", PUBLISHED["klein"]).eval()
        places = new(1, 2 * tokens, 4), new(1, 512, 4)
        step = {"hidden_states": new(1, 2 * tokens, 128), "encoder_hidden_states": new(1, 512, 7680)}
        step |= {"timestep": new(1), "img_ids": places[0], "txt_ids": places[1]}
        yield "a step of Klein, a megapixel", count(model, model, **step, guidance=None), presets.PAINTING
        model = transformer("fill", PUBLISHED["fill"]).eval()
        step = {"hidden_states": new(1, tokens, 384), "encoder_hidden_states": new(1, 512, 4096)}
        step |= {"pooled_projections": new(1, 768), "timestep": new(1), "guidance": new(1)}
        step |= {"img_ids": new(tokens, 3), "txt_ids": new(512, 3)}
        yield "a step of Fill, a megapixel", count(model, model, **step), presets.PAINTING
        model = vae("fill", PUBLISHED["fill"]).eval()
        latents = new(1, 16, side // 8, side // 8)
        yield "decoding a megapixel", count(model, model.decode, latents), presets.PAINTING
        model = text_encoders("fill", PUBLISHED["fill"])["text_encoder_2"].eval()
        text = torch.ones(1, 512, dtype=torch.long)
        yield "T5 reads 512 tokens", count(model, model, text), presets.READING
        model = text_encoders("klein", replace(PUBLISHED["klein"], text_layers=28))["text_encoder"].eval()
        yield "Qwen3 reads 512 tokens", count(model, model, text, output_hidden_states=True), presets.READING
        lisa = Lisa(config_of("7b")).eval()
        seen = lisa.config.vision_config.image_size
        pixels = new(1, 3, seen, seen), new(1, 3, side, side)
        yield "LISA looks at a picture", count(lisa, lisa.encode_picture, *pixels), presets.LOOKING
        read = new(4, 400, lisa.config.text_config.hidden_size)
        language = lisa.language_model.model
        yield (
            "LISA reads four phrases",
            count(lisa, language, inputs_embeds=read, use_cache=True),
            presets.LOOKING,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and print; 0 when all holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.card", description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=[name for name, preset in PRESETS.items() if preset.budget])
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="count no working memory")
    wanted = parser.parse_args(arguments)
    wrong = False
    for preset in PRESETS.values():
        if preset.budget and wanted.preset in (None, preset.name):
            found = converse(preset, wanted.turns)
            print(f"{preset.name}: of {preset.budget - SPARE:.1f} GiB of card, {wanted.turns} turns")
            for stage, peak in found.peaks.items():
                print(f"  {stage:40} {peak:6.1f} GiB")
            print(f"  {'RAM, at most':40} {found.ram:6.1f} GiB")
            for problem in found.problems:
                print(f"  WRONG: {problem}")
            wrong |= bool(found.problems)
    for bits in (16, 8, 4):
        for engine, left in left_behind(bits).items():
            print(f"{engine} in {bits} bits leaves behind {left} bytes" + (": WRONG" if left else ""))
            wrong |= bool(left)
    for what, counted, reckoned in () if wanted.quick else working_memory():
        fits = counted * MARGIN <= reckoned
        print(f"{what:42} {counted:6.2f} of {reckoned:.2f} GiB" + ("" if fits else ": WRONG"), flush=True)
        wrong |= not fits
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
