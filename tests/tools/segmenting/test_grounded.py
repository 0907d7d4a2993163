"""The segmenter of two models without a gate: tiny ones with random weights, in the published layout."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from numpy.typing import NDArray

from tests.support.grounded_layout import write_detector, write_drawer
from tests.support.pretend_card import pretended
from tools.engines import cpu_linear, gpu_memory, registry, specs
from tools.errors import Cancelled, EngineError
from tools.segmenting.base import Looker, find
from tools.segmenting.choose_instances import LEAST_SCORE
from tools.segmenting.grounded import sampling
from tools.segmenting.grounded import segmenter as grounded
from tools.segmenting.grounded.segmenter import GroundedSegmenter, detector_pixels


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("pair")
    return write_detector(home / "detector"), write_drawer(home / "drawer")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny model looks at tiny pictures."""
    monkeypatch.setattr(grounded, "_SHORT", 64)
    monkeypatch.setattr(grounded, "_LONG", 100)


@pytest.fixture(scope="module")
def segmenter(folders: tuple[Path, Path]) -> GroundedSegmenter:
    return GroundedSegmenter.from_folders("pair", *folders, "1")


def picture(height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (90, 120), (333, 64)])
def test_masks_have_the_size_of_the_picture(segmenter: GroundedSegmenter, size: tuple[int, int]) -> None:
    for found in find(segmenter, picture(*size), ["all the cats", "the left dog", "the lamp on the table"]):
        assert found.mask.shape == size
        assert 0.0 <= found.confidence <= 1.0


def test_all_of_them_are_the_union_of_each(segmenter: GroundedSegmenter) -> None:
    phrases = ["every dog", *(f"the {place} dog" for place in ("first", "second", "third", "fourth"))]
    everything, *each = segmenter.segment(picture(), phrases)
    present = [one.mask for one in each if one.present]
    assert len({mask.tobytes() for mask in present}) == len(present) >= 2
    assert not (np.logical_or.reduce(present) & ~everything.mask).any()


def test_a_noun_is_scored_by_its_own_words_and_looked_for_once(segmenter: GroundedSegmenter) -> None:
    """The scores are those that the model's own forward gives for the tokens of the noun."""
    looks: list[torch.Tensor] = []
    hook = segmenter._model.detector.register_forward_hook(
        lambda _, __, outputs: looks.append(outputs.logits.sigmoid()[0])
    )
    try:
        pixels = picture(80, 100)
        first = segmenter.segment(pixels, ["all the dogs", "all the cats"])
        again = segmenter.segment(pixels, ["all the cats", "all the dogs"])
    finally:
        hook.remove()
    assert len(looks) == 1  # both in one look, and the second time in none
    assert [found.mask.tobytes() for found in first] == [found.mask.tobytes() for found in again[::-1]]
    # [CLS] d ##o ##g ##s . c ##a ##t ##s . [SEP]
    for found, (start, stop) in zip(first, [(1, 5), (6, 10)], strict=True):
        scores = looks[0][:, start:stop].mean(-1)
        assert found.present == bool((scores > LEAST_SCORE).any())


def test_a_second_thing_of_a_picture_costs_its_mask_alone(folders: tuple[Path, Path]) -> None:
    """One that is common was looked for already; for another the detector looks once more, SAM 2 never."""
    segmenter = GroundedSegmenter.from_folders("pair", *folders, "1")
    looks: list[str] = []
    for name, model in (
        ("detector", segmenter._model.detector),
        ("drawer", segmenter._model.drawer.vision_encoder),
    ):
        model.register_forward_hook(lambda *_, name=name: looks.append(name))
    segmenter.look(picture())
    looks.clear()
    segmenter.segment(picture(), ["the dog"])
    segmenter.segment(picture(), ["the sofa"])
    assert looks == []
    segmenter.segment(picture(), ["the gramophone"])
    assert looks == ["detector"]


def test_a_card_that_is_too_small_is_left_alone(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pretended(2 * 2**30, monkeypatch) as card:
        made = GroundedSegmenter.from_folders("pair", *folders, "1")
        made.to_card()
        made.segment(picture(), ["all the dogs"])
        assert card.held == 0


def test_what_is_not_there_has_an_empty_mask(folders: tuple[Path, Path]) -> None:
    blind = GroundedSegmenter.from_folders("pair", *folders, "1")
    with torch.no_grad():
        for name, parameter in blind._model.detector.named_parameters():
            if "class_embed" in name:
                parameter.fill_(-20.0)
    [found] = blind.segment(picture(), ["the sofa"])
    assert not found.present
    assert found.confidence > 0.9
    assert blind.describe(picture()) == []


def test_many_words_are_read_in_several_looks(segmenter: GroundedSegmenter) -> None:
    nouns = [chr(97 + first) * 9 + chr(97 + second) * 9 for first in range(5) for second in range(5)]
    found = segmenter.segment(picture(), [f"the {noun}" for noun in nouns])
    assert [each.phrase for each in found] == [f"the {noun}" for noun in nouns]


def test_a_picture_keeps_its_aspect_for_the_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounded, "_SHORT", 800)
    monkeypatch.setattr(grounded, "_LONG", 1333)
    assert detector_pixels(picture(60, 80)).shape == (1, 3, 800, 1067)
    assert detector_pixels(picture(40, 120)).shape == (1, 3, 444, 1333)
    grey = detector_pixels(np.full((4, 4, 3), 128, np.uint8))[0, :, 0, 0]
    assert grey.tolist() == pytest.approx([0.0741, 0.2052, 0.4265], abs=1e-3)  # ImageNet's mean, deviation


def test_a_cancel_is_heard_within_a_layer(segmenter: GroundedSegmenter) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    with pytest.raises(Cancelled):
        segmenter.segment(picture(70, 70), ["the cat"], cancelled=cancelled)
    assert asked == 3
    assert isinstance(segmenter, Looker)
    assert segmenter.segment(picture(70, 70), ["the cat"])[0].mask.shape == (70, 70)


def test_nothing_of_it_stays_on_a_card_that_it_left(
    folders: tuple[Path, Path], segmenter: GroundedSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    [expected] = segmenter.segment(picture(), ["all the dogs"])
    with pretended(4 * 2**30, monkeypatch) as card:
        made = GroundedSegmenter.from_folders("pair", *folders, "1")
        assert isinstance(made, gpu_memory.Resident)
        for _ in range(2):
            made.to_card()
            assert card.held >= made.weight_bytes
            [found] = made.segment(picture(), ["all the dogs"])
            np.testing.assert_array_equal(found.mask, expected.mask)
            made.offload()
            gc.collect()
            assert card.held == 0


def test_it_is_found_in_the_hubs_cache_and_told_where_it_is_not(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(registry, "_loaded", {})
    with pytest.raises(EngineError, match="fetch it with inpalla setup --segmenter llmdet-sam2"):
        registry.load_segmenter("llmdet-sam2")
    for repository, folder in zip(specs.ENGINES["llmdet-sam2"].repositories, folders, strict=True):
        kept = tmp_path / f"models--{repository.name.replace('/', '--')}"
        (kept / "refs").mkdir(parents=True)
        (kept / "refs" / "main").write_text("0" * 40)
        (kept / "snapshots").mkdir()
        (kept / "snapshots" / ("0" * 40)).symlink_to(folder)
    assert registry.load_segmenter("llmdet-sam2").segment(picture(), ["the cat"])[0].phrase == "the cat"


@pytest.mark.parametrize("which", [0, 1])
def test_a_folder_that_is_not_whole_is_one_sentence(
    folders: tuple[Path, Path], tmp_path: Path, which: int
) -> None:
    (tmp_path / "config.json").write_text("{")
    pair = list(folders)
    pair[which] = tmp_path
    with pytest.raises(EngineError, match=r"config\.json of llmdet-sam2 cannot be read") as told:
        GroundedSegmenter.from_folders("pair", pair[0], pair[1], "1")
    assert "\n" not in str(told.value)


def test_sampling_by_sums_of_rows_is_transformers_own() -> None:
    from transformers.models.mm_grounding_dino import modeling_mm_grounding_dino as theirs

    torch.manual_seed(0)
    sides = [(12, 17), (6, 9), (3, 5), (2, 3)]
    pixels = [height * width for height, width in sides]
    value = torch.randn(1, sum(pixels), 2, 8)
    places = torch.rand(1, 1100, 2, 4, 4, 2) * 1.6 - 0.3  # some beyond the edges
    weights = torch.rand(1, 1100, 2, 4, 4)
    starts = torch.tensor([0, *pixels[:-1]]).cumsum(0)
    given = value, torch.tensor(sides), sides, starts, places, weights, 64
    plain = theirs.MultiScaleDeformableAttention()
    assert torch.allclose(sampling.Sampling(plain)(*given), plain(*given), atol=1e-5)


def test_the_detector_sees_the_same_with_it(folders: tuple[Path, Path]) -> None:
    from transformers import AutoModelForZeroShotObjectDetection

    detector = AutoModelForZeroShotObjectDetection.from_pretrained(str(folders[0])).eval()
    words = torch.tensor([[101, 203, 1012, 102]])
    given = {"pixel_values": detector_pixels(picture()), "input_ids": words}
    with torch.inference_mode():
        plain = detector(**given)
        sampling.speed_up(detector)
        made = detector(**given)
    assert sum(isinstance(each, sampling.Sampling) for each in detector.modules()) == 3
    assert torch.allclose(made.pred_boxes, plain.pred_boxes, atol=1e-4)


def test_a_linear_layer_as_a_convolution_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, other = torch.nn.Linear(24, 40), torch.nn.Linear(24, 40)
    other.load_state_dict(plain.state_dict())
    for here in (False, True):
        monkeypatch.setattr(cpu_linear, "applies", lambda here=here: here)
        cpu_linear.speed_up(other)
        assert isinstance(other, cpu_linear.Convolved) is here
    for shape in ((2, 300, 24), (700, 24), (5, 24)):
        rows = torch.randn(shape)
        assert torch.allclose(other(rows), plain(rows), atol=1e-5)
    assert other.double()(torch.randn(600, 24).double()).dtype == torch.float64
