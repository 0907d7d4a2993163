"""Engines on a card that is counted byte by byte: what they hold there, and after they left."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support import lisa_layout
from tests.support.flux_layout import write_checkpoint
from tests.support.pretend_card import allow_quantised, pretended
from tests.tools.inpainting.test_flux_published import job
from tools.engines import gpu_memory, registry
from tools.errors import EngineError, OutOfMemory
from tools.inpainting.base import Job, MaskedEdit, PaintingStep, inpaint
from tools.inpainting.flux import memory, prompt_cache
from tools.inpainting.flux.engine import FluxEngine
from tools.segmenting.base import find
from tools.segmenting.lisa.segmenter import LisaSegmenter

WORKING = gpu_memory.WORKING_BYTES
TURNS = 5


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random tiny checkpoints in the published layouts."""
    home = tmp_path_factory.mktemp("published")
    painters = {name: write_checkpoint(home / name, name) for name in ("klein", "fill")}
    return {"lisa": lisa_layout.write_published(home / "segmenter"), **painters}


@pytest.fixture(autouse=True)
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No engine of another test's; and diffusers' wish for a true card, which bitsandbytes does not share."""
    gc.collect()
    gc.freeze()  # all that was imported need not be looked at each time that memory is given back

    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(registry, "_loaded", {})
    # Random weights babble on: a few words say as much of where the bytes are.
    monkeypatch.setattr("tools.segmenting.lisa.segmenter._LONG", 4)
    monkeypatch.setattr("tools.inpainting.flux.loading.TOKENS", 32)
    allow_quantised(monkeypatch)
    yield
    gc.unfreeze()


def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)


def asked(engine: FluxEngine, turn: int) -> Job:
    """The job of a turn; each has words of its own."""
    return replace(job(), prompt=f"a sofa of kind {turn}", steps=1, guidance=engine.guidance, seed=turn)


def loaded(folders: dict[str, Path], bits: int) -> tuple[LisaSegmenter, FluxEngine]:
    """The engines of a preset for small cards, as the program loads them."""
    segmenter: Any = registry.load_segmenter(f"{folders['lisa']}:{bits}bit")
    painter: Any = registry.load_inpainter(f"{folders['klein']}:{bits}bit")
    return segmenter, painter


@pytest.mark.parametrize("bits", [4, 8])
def test_five_turns_with_new_words_hold_what_the_second_held(
    folders: dict[str, Path],
    bits: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pretended(3 * WORKING, monkeypatch):  # nobody has to leave a large one
        segmenter, painter = loaded(folders, bits)
        here = find(segmenter, picture(), ["the sofa", "the rug"])
        at_home = {turn: painter.paint([asked(painter, turn)])[0] for turn in (1, TURNS)}
    registry._loaded.clear()
    del segmenter, painter
    capfd.readouterr()
    with pretended(WORKING + 2**20, monkeypatch) as card, warnings.catch_warnings(record=True) as warned:
        caplog.set_level(logging.WARNING)
        segmenter, painter = loaded(folders, bits)
        held = []
        for turn in range(1, TURNS + 1):
            found = find(segmenter, picture(), ["the sofa", "the rug"])
            assert gpu_memory.manager().residents == (segmenter.name,)
            for one, other in zip(found, here, strict=True):
                np.testing.assert_array_equal(one.mask, other.mask)
            with gpu_memory.using(painter):
                [painted] = painter.paint([asked(painter, turn)])
            assert gpu_memory.manager().residents == (painter.name,)
            if turn in at_home:
                np.testing.assert_array_equal(painted, at_home[turn])
            gc.collect()
            held.append(card.held)
        assert held[1:] == [held[1]] * (TURNS - 1)
        assert 0 <= held[1] - painter.weight_bytes < 100  # the times of the latest steps lie there, too
        painter.offload()
        gc.collect()
        assert card.held == 0
    said = capfd.readouterr()
    assert [str(each.message) for each in warned] == []
    assert [each.getMessage() for each in caplog.records] == []
    assert (said.out, said.err) == ("", "")


def test_a_painter_steps_aside_for_words_that_do_not_fit_beside_it(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs out while words are read is no reason to stream the painter's weights for good."""
    with pretended(3 * WORKING, monkeypatch) as card:
        painter: Any = registry.load_inpainter(f"{folders['klein']}:4bit")
        [expected] = painter.paint([asked(painter, 1)])
        monkeypatch.setattr("tools.inpainting.flux.memory.has_room", lambda *_: True)
        gc.collect()
        words_take = painter._prompts.encoder.weight_bytes
        card.size = card.held + words_take // 2
        painter._embed(["a sofa of another kind"])
        gc.collect()
        assert card.held == 0
        card.size = words_take // 2
        with pytest.raises(EngineError, match=r"too little free memory .* to read the words") as told:
            painter._embed(["a sofa of a third kind"])
        assert not isinstance(told.value, OutOfMemory)
        card.size = 3 * WORKING
        assert np.array_equal(painter.paint([asked(painter, 1)])[0], expected)


def test_numbers_that_grew_too_large_are_told_and_not_painted_black(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in float16, which 8 bits are multiplied in."""
    painter: Any = registry.load_inpainter(str(folders["klein"]))
    [expected] = painter.paint([asked(painter, 1)])
    weight = painter.pipeline.transformer.proj_out.weight
    before = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(float("inf"))
    with pytest.raises(EngineError, match=r"values overflowed its number format, so nothing was"):
        painter.paint([asked(painter, 1)])
    with torch.no_grad():
        weight.copy_(before)
        bias = painter.pipeline.vae.decoder.conv_out.bias
        kept = bias.detach().clone()
        bias.fill_(float("nan"))
    with pytest.raises(EngineError, match=r"values overflowed its number format, so nothing was"):
        painter.paint([asked(painter, 1)])
    with torch.no_grad():
        bias.copy_(kept)
    assert np.array_equal(painter.paint([asked(painter, 1)])[0], expected)


class Other:
    """Somebody else on the card."""

    name, weight_bytes, working_bytes, left = "other", 2**20, 0, 0

    def to_card(self) -> None:
        pass

    def offload(self) -> None:
        self.left += 1


@pytest.mark.parametrize("bits", [16, 4])
def test_a_painter_that_had_to_stream_comes_back_when_there_is_room_again(
    folders: dict[str, Path], bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, streamed = memory.stream, []

    def noted(*arguments: Any) -> None:
        streamed.append(True)
        stream(*arguments)

    monkeypatch.setattr(memory, "stream", noted)
    monkeypatch.setattr("tools.inpainting.flux.memory.has_room", lambda *_: True)
    edit = MaskedEdit(job().mask, "a sofa", "restyle", 1, steps=1, area=64 * 48, target="the sofa")
    said: list[str] = []

    def hear(step: PaintingStep) -> None:
        said.append(step.note)

    with pretended(4 * WORKING, monkeypatch) as card:
        painter: Any = registry.load_inpainter(f"{folders['klein']}:{bits}bit")

        def painted() -> NDArray[np.uint8]:
            said.clear()
            [done] = inpaint(job().crop, [edit], {"restyle": painter}, progress=hear)
            return done.patch.rgba

        weights, expected = painter.weight_bytes, painted()
        other = Other()
        gpu_memory.manager().register(other)
        paint = painter._paint_all

        def crowded(*arguments: Any) -> Any:
            if painter.weight_bytes == weights and card.size < 3 * WORKING:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return paint(*arguments)

        monkeypatch.setattr(painter, "_paint_all", crowded)
        card.size = 2 * WORKING  # another program has come
        painted()
        assert said[-1] == "low memory: painting smaller and with the weights outside the card"
        gpu_memory.manager().register(other)
        other.left = 0
        for _ in range(2):  # it is still there: nothing is tried in vain, and nobody leaves for nothing
            assert np.array_equal(painted(), expected)
            assert set(said) == {""}
        assert other.left == 0
        assert painter.weight_bytes < weights
        assert streamed == [True]
        card.size = 4 * WORKING  # it has gone
        assert np.array_equal(painted(), expected)
        assert painter.weight_bytes == weights
        assert streamed == [True]
        painter.offload()
        gc.collect()
        assert card.held == 0


BY_EITHER = {(7, 5): torch.float16, (8, 6): torch.bfloat16}


@pytest.mark.parametrize(("family", "bits"), [("fill", 16), ("klein", 4)])
def test_a_card_without_bfloat16_paints_in_float16(
    folders: dict[str, Path], family: str, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on RTX 20 and T4. What reads the words keeps bfloat16, whose range it needs."""
    painter: Any = registry.load_inpainter(f"{folders[family]}:{bits}bit")
    exact = painter.paint([asked(painter, 1)])[0].astype(int)  # in float32, on the processor
    off, held = {}, set()
    for capability, wanted in BY_EITHER.items():
        monkeypatch.setattr(registry, "_loaded", {})
        with pretended(3 * WORKING, monkeypatch, capability) as card:
            painter = registry.load_inpainter(f"{folders[family]}:{bits}bit")
            painter._embed([painter._template(asked(painter, 1))])
            assert card.multiplied - {torch.float32} == {torch.bfloat16}
            card.multiplied.clear()
            off[wanted] = np.abs(painter.paint([asked(painter, 1)])[0] - exact).mean()
            assert card.multiplied - {torch.float32} == {wanted}
            held.add((painter.weight_bytes, painter._prompts.encoder.weight_bytes))
    assert off[torch.float16] < off[torch.bfloat16]
    assert len(held) == 1  # so that what was counted holds for both


def test_a_card_without_bfloat16_looks_in_float16(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the end of SAM's encoder, which the original computes in float32 then."""
    masks = []
    for capability, wanted in BY_EITHER.items():
        monkeypatch.setattr(registry, "_loaded", {})
        with pretended(3 * WORKING, monkeypatch, capability) as card:
            segmenter: Any = registry.load_segmenter(f"{folders['lisa']}:4bit")
            masks += [found.mask for found in find(segmenter, picture(), ["the sofa"])]
            assert wanted in card.multiplied
            assert not card.multiplied & (set(BY_EITHER.values()) - {wanted})
            segmenter.offload()
            gc.collect()
            assert card.held == 0
    assert (masks[0] != masks[1]).mean() < 0.05


def test_words_beyond_the_range_of_float16_come_to_its_edge() -> None:
    read = prompt_cache.Embedding(torch.tensor([[[1e6, -2.0, -1e6]]], dtype=torch.bfloat16), torch.ones(1, 2))
    told = read.fitted(torch.float16)
    assert told.sequence.tolist() == [[[65504.0, -2.0, -65504.0]]]
    assert told.pooled.dtype == torch.float16
    assert prompt_cache.Embedding(read.sequence).fitted(torch.bfloat16).sequence is read.sequence


@pytest.mark.parametrize(("free", "pinned"), [(10**12, True), (1000, False)])
def test_streamed_weights_are_pinned_where_ram_has_room_for_them_twice(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, free: int, pinned: bool
) -> None:
    painter: Any = registry.load_inpainter(str(folders["klein"]))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))
    asked_for: dict[str, Any] = {}
    monkeypatch.setattr("diffusers.hooks.apply_group_offloading", lambda *_, **more: asked_for.update(more))
    painter.stream_weights()
    assert asked_for["low_cpu_mem_usage"] is not pinned
