"""The pocket painters as engines: sizes, determinism, cancelling, and what they have learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pocket import rooms
from tools.engines.registry import find_preset, load_inpainters
from tools.errors import Cancelled, OutOfMemory
from tools.inpainting.base import Job, MaskedEdit, PaintingStep, inpaint
from tools.inpainting.flux.engine import FluxEngine
from tools.kinds import Kind

SAMPLE_ROOM = 3241


@pytest.fixture(scope="module")
def engines() -> dict[Kind, FluxEngine]:
    return load_inpainters(find_preset("pocket"))  # type: ignore[return-value]


def _job(kind: Kind, seed: int = 1, size: tuple[int, int] = (192, 192)) -> Job:
    scene = rooms.make_scene(SAMPLE_ROOM)
    crop = rooms.render(scene, size, (0.2, 0.3, 0.75, 0.95)).picture
    mask = np.zeros((size[1], size[0]), bool)
    mask[size[1] // 4 : -size[1] // 4, size[0] // 4 : -size[0] // 4] = True
    return Job(crop, mask, "a red leather sofa", kind, seed, steps=2, guidance=2.0)


@pytest.mark.parametrize("kind", ["restyle", "replace", "remove", "add"])
@pytest.mark.parametrize("size", [(192, 192), (272, 128), (160, 240)])
def test_crops_come_back_at_their_size(
    engines: dict[Kind, FluxEngine], kind: Kind, size: tuple[int, int]
) -> None:
    job = _job(kind, size=size)
    [painted] = engines[kind].paint([job])
    assert painted.shape == job.crop.shape
    assert painted.dtype == np.uint8


@pytest.mark.parametrize("kind", ["restyle", "replace"])
def test_the_same_job_gives_the_same_pixels_alone_and_among_others(
    engines: dict[Kind, FluxEngine], kind: Kind
) -> None:
    job, other = _job(kind), _job(kind, seed=2)
    [alone] = engines[kind].paint([job])
    _, among = engines[kind].paint([other, job])
    assert np.array_equal(alone, among)
    [differs] = engines[kind].paint([other])
    assert not np.array_equal(alone, differs)


@pytest.mark.parametrize("kind", ["restyle", "replace"])
def test_a_cancel_stops_within_a_step_and_leaves_the_engine_clean(
    engines: dict[Kind, FluxEngine], kind: Kind
) -> None:
    job = _job(kind)
    [before] = engines[kind].paint([job])
    steps: list[int] = []
    with pytest.raises(Cancelled):
        engines[kind].paint(
            [job], progress=lambda step: steps.append(step.done), cancelled=lambda: len(steps) > 0
        )
    assert steps == [1]
    [after] = engines[kind].paint([job])
    assert np.array_equal(before, after)


@pytest.mark.parametrize("kind", ["restyle", "replace"])
def test_previews_come_every_few_steps_and_change_nothing(
    engines: dict[Kind, FluxEngine], kind: Kind
) -> None:
    job = replace(_job(kind, size=(96, 96)), steps=6)
    steps: list[PaintingStep] = []
    [painted] = engines[kind].paint([job], progress=steps.append)
    assert [(step.done, step.total) for step in steps] == [(number, 6) for number in range(1, 7)]
    previews = {step.done: step.preview for step in steps if step.preview is not None}
    assert list(previews) == [2, 4]
    last = previews[4]
    assert last.shape == painted.shape
    assert np.abs(last.astype(int) - painted).mean() < 5
    assert np.array_equal(engines[kind].paint([job])[0], painted)


def test_out_of_memory_is_one_sentence_and_leaves_the_engine_clean(
    engines: dict[Kind, FluxEngine],
) -> None:
    engine, job = engines["replace"], _job("replace")
    [expected] = engine.paint([job])
    transformer = engine.pipeline.transformer
    calls: list[int] = []

    def full(*_: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    hook = transformer.transformer_blocks[0].register_forward_pre_hook(full)
    try:
        with pytest.raises(OutOfMemory) as caught:
            engine.paint([job])
    finally:
        hook.remove()
    assert "choose a smaller preset" in str(caught.value)
    assert caught.value.__context__ is None
    assert np.array_equal(engine.paint([job])[0], expected)


def test_restyling_brings_the_asked_colour(engines: dict[Kind, FluxEngine]) -> None:
    """Red, then blue: the sofa's mean colour follows, and nothing outside the patch's alpha is touched."""
    scene = rooms.make_scene(SAMPLE_ROOM)
    drawn = rooms.render(scene, (512, 384))
    sofa = next(i for i, thing in enumerate(scene.things) if thing.kind == "sofa")
    mask = rooms.mask(drawn, sofa)
    means = {}
    for colour in ("red", "blue"):
        edit = MaskedEdit(mask, f"a {colour} sofa", "restyle", seed=0)
        [painted] = inpaint(drawn.picture, [edit], engines)
        patch, box = painted.patch, painted.patch.box
        inside = mask[box.y0 : box.y1, box.x0 : box.x1]
        means[colour] = patch.rgba[inside][:, :3].mean(axis=0)
    assert means["red"][0] > means["red"][2] + 30
    assert means["blue"][2] > means["blue"][0] + 30
