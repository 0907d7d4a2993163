"""What the FLUX benchmark counts on: it gives the transformers what the pipelines give them, and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import flux
from tools.inpainting.flux.family import FamilyName


@pytest.mark.parametrize("family", ["fill", "kontext", "klein"])
def test_a_steps_inputs_are_those_that_the_pipeline_gives(family: FamilyName) -> None:
    maker = flux.Maker(family, flux.SIZES["tiny"], torch.device("cpu"), torch.float32)
    pipeline = maker.pipeline(16)
    engine = maker.engine("flux", pipeline, flux.RandomWords(maker))
    engine.steps = 1
    given: list[dict[str, Any]] = []
    pipeline.transformer.register_forward_pre_hook(
        lambda _module, _args, inputs: given.append(inputs), with_kwargs=True
    )
    case = next(flux.cases_of([(1024, 640)], [10], 8))
    flux.Turns.of(family).paint(engine, case.picture, [case.mask])
    [size] = flux.painted_at(family, flux.SIZES["tiny"], case.picture, [case.mask])

    made = flux.step_inputs(maker, size)
    assert given
    for name, value in given[0].items():
        if isinstance(value, torch.Tensor):
            assert made[name].shape == value.shape, name
            assert made[name].dtype == value.dtype, name
            if name.endswith("_ids"):
                assert torch.equal(made[name], value), name


def test_the_published_steps_work_is_counted_on_any_machine() -> None:
    # In each of 19 double and 38 single blocks a token meets 12 · 3072² weights, at 2 FLOPs each, and
    # attention is 4 · tokens² · 3072.
    tokens, width = 64 * 64 + 512, 3072
    expected = 57 * (2 * 12 * width**2 * tokens + 4 * tokens**2 * width)
    whole = flux.work("fill", "published", (1024, 1024))
    assert whole == pytest.approx(expected, rel=0.02)

    size = flux.SIZES["published"]
    case = next(flux.cases_of([(1024, 1024)], [10], 1))
    at = {family: flux.painted_at(family, size, case.picture, [case.mask]) for family in flux.KINDS}
    assert at == {"fill": [(768, 768)], "klein": [(640, 640)], "kontext": [(1024, 1024)]}
    assert flux.POSTER_STEPS * whole > 25 * 4 * flux.work("klein", "published", (640, 640))
    four = flux.painted_at("klein", size, case.picture, flux.four_objects(case.size))
    assert four == [(512, 512)] * 4


def test_it_runs_tiny_and_writes_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flux, "POSTER_STEPS", 2)  # A recipe of 50 is no more of a test.
    file = tmp_path / "flux.json"
    few = ["--masks", "10", "--pictures", "512x512", "--json", str(file)]
    assert flux.main(["--size", "tiny", "--family", "klein", *few]) == 0

    figures = {each["name"]: each for each in json.loads(file.read_text())["figures"]}
    ratio = figures["· the poster's recipe takes … times as long"]
    assert ratio["limit"] == "≥ 25"
    assert ratio["value"] > 0
