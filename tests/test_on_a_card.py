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

from tests import lisa_layout
from tests.flux_layout import write_checkpoint
from tests.pretend_card import pretended
from tests.test_flux_published import job
from tools import registry, residency
from tools.errors import EngineError, OutOfMemory
from tools.flux import words
from tools.flux.engine import FluxEngine
from tools.inpaint import Job
from tools.lisa.segmenter import LisaSegmenter
from tools.segment import find

WORKING = residency.WORKING_BYTES


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random tiny checkpoints in the published layouts."""
    home = tmp_path_factory.mktemp("published")
    painters = {name: write_checkpoint(home / name, name) for name in ("klein", "fill")}
    return {"lisa": lisa_layout.write_published(home / "segmenter"), **painters}


@pytest.fixture(autouse=True)
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No engine of another test's; and diffusers' wish for a true card, which bitsandbytes does not share."""
    from diffusers.quantizers.bitsandbytes import bnb_quantizer

    gc.collect()
    gc.freeze()  # all that was imported need not be looked at each time that memory is given back

    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(registry, "_loaded", {})
    # Random weights babble on: a few words say as much of where the bytes are.
    monkeypatch.setattr("tools.lisa.segmenter._LONG", 4)
    monkeypatch.setattr("tools.flux.loading.TOKENS", 32)
    for quantizer in (bnb_quantizer.BnB4BitDiffusersQuantizer, bnb_quantizer.BnB8BitDiffusersQuantizer):
        monkeypatch.setattr(quantizer, "validate_environment", lambda *_, **__: None)
        monkeypatch.setattr(quantizer, "update_device_map", lambda _, places: places or {"": "cpu"})
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
def test_ten_turns_with_new_words_hold_what_the_second_held(
    folders: dict[str, Path],
    bits: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pretended(3 * WORKING, monkeypatch):  # nobody has to leave a large one
        segmenter, painter = loaded(folders, bits)
        here = find(segmenter, picture(), ["the sofa", "the rug"])
        at_home = {turn: painter.paint([asked(painter, turn)])[0] for turn in (1, 10)}
    registry._loaded.clear()
    del segmenter, painter
    capfd.readouterr()
    with pretended(WORKING + 2**20, monkeypatch) as card, warnings.catch_warnings(record=True) as warned:
        caplog.set_level(logging.WARNING)
        segmenter, painter = loaded(folders, bits)
        held = []
        for turn in range(1, 11):
            found = find(segmenter, picture(), ["the sofa", "the rug"])
            assert residency.manager().residents == (segmenter.name,)
            for one, other in zip(found, here, strict=True):
                np.testing.assert_array_equal(one.mask, other.mask)
            with residency.using(painter):
                [painted] = painter.paint([asked(painter, turn)])
            assert residency.manager().residents == (painter.name,)
            if turn in at_home:
                np.testing.assert_array_equal(painted, at_home[turn])
            gc.collect()
            held.append(card.held)
        assert held[1:] == [held[1]] * 9
        assert 0 <= held[1] - painter.weight_bytes < 100  # the times of the latest steps lie there, too
        painter.off_card()
        gc.collect()
        assert card.held == 0
    said = capfd.readouterr()
    assert [str(each.message) for each in warned] == []
    assert [each.getMessage() for each in caplog.records] == []
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize(("family", "bits"), [("fill", 4), ("fill", 16), ("klein", 4), ("klein", 16)])
def test_text_encoders_take_what_room_is_made_for(
    folders: dict[str, Path], family: str, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T5's "wo" keeps 16 bits; of Klein's text encoder 28 layers are loaded, not all that lie on the disk."""
    with pretended(3 * WORKING, monkeypatch) as card:
        painter: Any = registry.load_inpainter(f"{folders[family]}:{bits}bit")
        before, most = card.held, [0]
        embed = words.embed

        def embedded(pipeline: Any, *arguments: Any) -> Any:
            gc.collect()
            most.append(card.held - before)
            return embed(pipeline, *arguments)

        monkeypatch.setattr(words, "embed", embedded)
        painter.paint([asked(painter, 1)])
    encoder = painter._vocabulary.encoder
    assert encoder.weight_bytes == pytest.approx(max(most), rel=0.02)


def test_a_painter_steps_aside_for_words_that_do_not_fit_beside_it(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs out while words are read is no reason to stream the painter's weights for good."""
    with pretended(3 * WORKING, monkeypatch) as card:
        painter: Any = registry.load_inpainter(f"{folders['klein']}:4bit")
        [expected] = painter.paint([asked(painter, 1)])
        monkeypatch.setattr("tools.flux.memory.has_room", lambda *_: True)
        gc.collect()
        words_take = painter._vocabulary.encoder.weight_bytes
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
    with pytest.raises(EngineError, match=r"grew beyond what its number format holds: use it with 16 or 4"):
        painter.paint([asked(painter, 1)])
    with torch.no_grad():
        weight.copy_(before)
    assert np.array_equal(painter.paint([asked(painter, 1)])[0], expected)


@pytest.mark.parametrize(("free", "pinned"), [(10**12, True), (1000, False)])
def test_streamed_weights_are_pinned_where_ram_has_room_for_them_twice(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, free: int, pinned: bool
) -> None:
    painter: Any = registry.load_inpainter(str(folders["klein"]))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))
    asked_for: dict[str, Any] = {}
    monkeypatch.setattr("diffusers.hooks.apply_group_offloading", lambda *_, **more: asked_for.update(more))
    painter.offload()
    assert asked_for["low_cpu_mem_usage"] is not pinned
