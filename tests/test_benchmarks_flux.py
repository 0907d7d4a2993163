"""What the FLUX benchmark counts on: it gives the transformers what the pipelines give them, and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import flux
from tools.flux.family import FamilyName


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
    size, _ = flux.working_size(case, flux.KINDS[family], engine.area)

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
    tokens, width = 32 * 32 + 512, 3072
    expected = 57 * (2 * 12 * width**2 * tokens + 4 * tokens**2 * width)
    assert flux.work("fill", "published", (512, 512)) == pytest.approx(expected, rel=0.02)


def test_it_runs_tiny_and_writes_its_figures(tmp_path: Path) -> None:
    file = tmp_path / "flux.json"
    few = ["--masks", "10", "--pictures", "512x512", "--json", str(file)]
    assert flux.main(["--size", "tiny", "--family", "klein", *few]) == 0

    figures = {each["name"]: each for each in json.loads(file.read_text())["figures"]}
    ratio = figures["· the poster's recipe takes … times as long"]
    assert ratio["limit"] == "≥ 25"
    assert ratio["value"] > 0
