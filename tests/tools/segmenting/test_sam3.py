"""SAM 3 as a segmenter: a tiny one with random weights, saved in the library's own layout and loaded."""

from __future__ import annotations

import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer, Sam3Config, Sam3Model, Sam3VideoConfig

from tests.support.stand_in_server import Handler, StandIn
from tools.engines import stored_weights
from tools.engines.gpu_memory import Resident
from tools.errors import Cancelled, EngineError
from tools.segmenting.base import Looker, find
from tools.segmenting.sam3.segmenter import Sam3Segmenter, load_sam3

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny SAM 3 that finds several things for every word, for no reason."""
    letters = string.ascii_lowercase
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    numbers = {word: number for number, word in enumerate(vocabulary)}
    tokenizer = CLIPTokenizer(vocab=numbers, merges=[])

    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 32}
    grid = {"image_size": 64, "patch_size": 8, "pretrain_image_size": 32, "window_size": 4}
    config = Sam3Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam3_vit_model",
                "num_hidden_layers": 2,
                "global_attn_indexes": [1],
                **sizes,
                **grid,
            },
            "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        },
        text_config={
            "model_type": "clip_text_model",
            "vocab_size": len(vocabulary),
            "num_hidden_layers": 1,
            "max_position_embeddings": 16,
            "projection_dim": 16,
            "bos_token_id": numbers["<|startoftext|>"],
            "eos_token_id": numbers["<|endoftext|>"],
            "pad_token_id": numbers["<|endoftext|>"],
            **sizes,
        },
        geometry_encoder_config={"num_layers": 1, "roi_size": 2, **sizes},
        detr_encoder_config={"num_layers": 1, **sizes},
        detr_decoder_config={"num_layers": 1, "num_queries": 12, **sizes},
        mask_decoder_config={"hidden_size": 32, "num_attention_heads": 2},
    )
    torch.manual_seed(0)
    model = Sam3Model(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.1 if name.startswith("detr_decoder.layers") else 0.2)
        # Queries that keep apart, and so find different things.
        model.detr_decoder.query_embed.weight.normal_(0.0, 3.0)
        model.detr_decoder.presence_head.layer3.bias.fill_(6.0)
    folder = tmp_path_factory.mktemp("sam3")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def segmenter(checkpoint: Path) -> Sam3Segmenter:
    return Sam3Segmenter.from_folder("sam3", checkpoint)


def _picture(height: int = 90, width: int = 120, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _model(segmenter: Sam3Segmenter) -> Any:
    return segmenter._model


def _copy(checkpoint: Path, folder: Path) -> Path:
    shutil.copytree(checkpoint, folder)
    return folder


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 3), (90, 120), (333, 64)])
def test_masks_have_the_size_of_the_picture(segmenter: Sam3Segmenter, size: tuple[int, int]) -> None:
    for found in find(segmenter, _picture(*size), ["all the cats", "the left dog"]):
        assert found.mask.shape == size
        assert found.mask.dtype == np.bool_
        assert 0.0 <= found.confidence <= 1.0


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_grey_is_searched_as_any(segmenter: Sam3Segmenter, level: int) -> None:
    [found] = segmenter.segment(np.full((40, 50, 3), level, np.uint8), ["the cat"])
    assert found.mask.shape == (40, 50)
    assert np.isfinite(found.confidence)


def test_all_of_them_are_the_union_of_each(segmenter: Sam3Segmenter) -> None:
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
    phrases = ["every dog", *(f"the {ordinal} dog" for ordinal in ordinals)]
    everything, *each = segmenter.segment(_picture(), phrases)
    present = [one for one in each if one.present]
    assert len(present) >= 3
    assert len({one.mask.tobytes() for one in present}) == len(present)
    assert np.array_equal(np.logical_or.reduce([one.mask for one in present]), everything.mask)
    middles = [float(np.nonzero(one.mask)[1].mean()) for one in present]
    # The order is told on the model's masks, which are coarser.
    assert middles == pytest.approx(sorted(middles), abs=3.0)


def test_what_is_not_there_has_an_empty_mask(checkpoint: Path) -> None:
    blind = Sam3Segmenter.from_folder("sam3", checkpoint)
    with torch.no_grad():
        _model(blind).detr_decoder.presence_head.layer3.bias.fill_(-20.0)
    [found] = blind.segment(_picture(), ["all the cats"])
    assert not found.present
    assert found.confidence > 0.9


def test_a_picture_is_encoded_once(segmenter: Sam3Segmenter) -> None:
    encoded: list[int] = []
    hook = _model(segmenter).vision_encoder.register_forward_hook(lambda *_: encoded.append(1))
    try:
        picture = _picture(seed=1)
        first = segmenter.segment(picture, ["all cats", "the dog"])
        again = segmenter.segment(picture.copy(), ["all cats", "the sofa"])
        assert len(encoded) == 1
        segmenter.segment(_picture(seed=2), ["all cats"])
        assert len(encoded) == 2
        # The same bytes in another shape are another picture.
        segmenter.segment(picture.reshape(120, 90, 3), ["all cats"])
        assert len(encoded) == 3
    finally:
        hook.remove()
    assert np.array_equal(first[0].mask, again[0].mask)


def test_a_picture_can_be_looked_at_ahead(segmenter: Sam3Segmenter) -> None:
    assert isinstance(segmenter, Looker)
    assert isinstance(segmenter, Resident)
    picture = _picture(seed=31)
    with pytest.raises(Cancelled):
        segmenter.look(picture, cancelled=lambda: True)
    encoded: list[int] = []
    hook = _model(segmenter).vision_encoder.register_forward_hook(lambda *_: encoded.append(1))
    try:
        segmenter.look(picture)
        assert encoded == [1]
        segmenter.offload()  # without a card nothing moves, and nothing is forgotten
        segmenter.segment(picture, ["all cats"])
        assert encoded == [1]
    finally:
        hook.remove()
    weights = 4 * sum(each.numel() for each in _model(segmenter).parameters())
    assert segmenter.weight_bytes == pytest.approx(weights, rel=0.01)


def test_phrases_together_are_answered_as_alone(segmenter: Sam3Segmenter) -> None:
    phrases = ["all cats", "all dogs", "all lamps", "all rugs", "all books by the sofa", "all cups"]
    together = segmenter.segment(_picture(), phrases)
    assert [found.phrase for found in together] == phrases
    for phrase, among in zip(phrases, together, strict=True):
        [alone] = segmenter.segment(_picture(), [phrase])
        assert float((alone.mask == among.mask).mean()) > 0.999
        assert alone.confidence == pytest.approx(among.confidence, abs=1e-3)
    assert len({found.mask.tobytes() for found in together}) > 1


def test_a_noun_is_looked_for_once_however_many_phrases_name_it(segmenter: Sam3Segmenter) -> None:
    asked: list[int] = []
    hook = _model(segmenter).text_encoder.register_forward_pre_hook(
        lambda _module, _args, words: asked.append(len(words["input_ids"])), with_kwargs=True
    )
    try:
        segmenter.segment(_picture(), ["the left dog", "the right dog", "the dog by the cat", "the cat"])
    finally:
        hook.remove()
    assert asked == [2]


def test_long_and_strange_phrases_are_searched(segmenter: Sam3Segmenter) -> None:
    phrases = ["a very " + "long " * 60 + "sofa", "Sofá 沙发 🛋", "…"]
    assert len(segmenter.segment(_picture(), phrases)) == 3


def test_no_phrases_no_masks(segmenter: Sam3Segmenter) -> None:
    assert segmenter.segment(_picture(), []) == []


@pytest.mark.parametrize("checks", [0, 1, 3, 4, 6])
def test_a_cancel_stops_within_the_call_and_leaves_the_engine_clean(
    segmenter: Sam3Segmenter, checks: int
) -> None:
    picture = _picture(seed=checks + 10)
    seen: list[int] = []

    def cancelled() -> bool:
        seen.append(1)
        return len(seen) > checks

    with pytest.raises(Cancelled):
        segmenter.segment(picture, ["all cats"], cancelled=cancelled)
    assert len(seen) == checks + 1
    [after] = segmenter.segment(picture, ["all cats"])
    [fresh] = Sam3Segmenter("fresh", _model(segmenter), segmenter._tokenizer, segmenter.revision).segment(
        picture, ["all cats"]
    )
    assert np.array_equal(after.mask, fresh.mask)


def test_out_of_memory_is_one_sentence_and_leaves_the_engine_clean(segmenter: Sam3Segmenter) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    [before] = segmenter.segment(_picture(), ["all cats"])
    hook = _model(segmenter).mask_decoder.register_forward_pre_hook(full)
    try:
        with pytest.raises(EngineError, match=r"^The segmenter sam3 ran out of memory: [^.]*\.$"):
            segmenter.segment(_picture(), ["all cats"])
    finally:
        hook.remove()
    [after] = segmenter.segment(_picture(), ["all cats"])
    assert np.array_equal(before.mask, after.mask)


def test_other_errors_keep_their_kind(segmenter: Sam3Segmenter) -> None:
    with pytest.raises((TypeError, ValueError)):
        segmenter.segment(np.zeros((4, 4), np.complex128), ["the cat"])
    assert segmenter.segment(_picture(), ["the cat"])


def test_describing_names_what_is_found_of_a_list(segmenter: Sam3Segmenter, checkpoint: Path) -> None:
    assert segmenter.describe(_picture()) == []  # On a CPU it would take too long.
    asking = Sam3Segmenter(
        "asking", _model(segmenter), segmenter._tokenizer, "", inventory=("cat", "dog", "sofa", "lamp", "rug")
    )
    there = asking.describe(_picture())
    assert there
    assert all(found.present for found in segmenter.segment(_picture(), [f"all {noun}" for noun in there]))
    with torch.no_grad():
        blind = Sam3Segmenter.from_folder("blind", checkpoint)
        _model(blind).detr_decoder.presence_head.layer3.bias.fill_(-20.0)
    seeing_nothing = Sam3Segmenter("blind", _model(blind), blind._tokenizer, "", inventory=("cat", "dog"))
    assert seeing_nothing.describe(_picture()) == []


def test_half_precision_gives_nearly_the_same_masks(segmenter: Sam3Segmenter, checkpoint: Path) -> None:
    half = Sam3Segmenter.from_pretrained("half", checkpoint, dtype=torch.bfloat16)
    [one] = segmenter.segment(_picture(), ["all rugs"])
    [other] = half.segment(_picture(), ["all rugs"])
    assert float((one.mask == other.mask).mean()) > 0.9


# ----- Loading -----


def test_the_revision_is_that_of_the_weights(
    segmenter: Sam3Segmenter, checkpoint: Path, tmp_path: Path
) -> None:
    same = Sam3Segmenter.from_folder("other", _copy(checkpoint, tmp_path / "same"))
    assert same.revision == segmenter.revision
    changed = _copy(checkpoint, tmp_path / "changed") / "model.safetensors"
    tensors = load_file(changed)
    tensors["detr_decoder.presence_head.layer3.bias"] += 1.0
    save_file(tensors, changed, metadata={"format": "pt"})
    assert Sam3Segmenter.from_folder("sam3", changed.parent).revision != segmenter.revision


def test_the_published_layout_is_read(segmenter: Sam3Segmenter, checkpoint: Path, tmp_path: Path) -> None:
    """facebook/sam3 is the checkpoint of the video model: the one for pictures, and a tracker."""
    folder = _copy(checkpoint, tmp_path / "video")
    tensors = {
        f"detector_model.{key}": value for key, value in load_file(folder / "model.safetensors").items()
    }
    tensors["tracker_model.no_memory_embedding"] = torch.zeros(4)
    tensors["tracker_neck.fpn_layers.0.proj1.bias"] = torch.zeros(4)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    Sam3VideoConfig(detector_config=Sam3Config.from_pretrained(checkpoint)).save_pretrained(folder)
    video = Sam3Segmenter.from_folder("video", folder)
    [one] = segmenter.segment(_picture(), ["all cats"])
    [other] = video.segment(_picture(), ["all cats"])
    assert np.array_equal(one.mask, other.mask)


def _without(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def _lacking_tensors(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    kept = {key: value for key, value in tensors.items() if not key.startswith("mask_decoder")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def _cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def _of_another_model(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "clip"}')


@pytest.mark.parametrize(
    "spoil",
    [
        shutil.rmtree,
        _without("config.json"),
        _without("model.safetensors"),
        _without("tokenizer.json"),
        _lacking_tensors,
        _cut_off,
        _of_another_model,
        lambda folder: (folder / "config.json").write_text("[]"),
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
    ],
)
def test_a_folder_that_holds_no_sam3_is_one_sentence(checkpoint: Path, tmp_path: Path, spoil: Any) -> None:
    folder = _copy(checkpoint, tmp_path / "spoilt")
    spoil(folder)
    with pytest.raises(EngineError) as error:
        Sam3Segmenter.from_folder("sam3", folder)
    said = str(error.value)
    assert said.startswith(f"The folder {folder} holds no complete SAM 3")
    assert said.endswith(f": put a whole copy at {folder}.")
    assert "\n" not in said


# ----- The published repository -----

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Gate(Handler):
    """A hub that knows the repository and lets nobody in."""

    asked: list[str] = []  # noqa: RUF012 - the handler is made anew for each request

    def get(self) -> None:
        self.asked.append(self.path)
        reason = "Access to model facebook/sam3 is restricted."
        self.send(b"", 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": reason})


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An empty cache, and a hub on this machine instead of the real one: what it is asked."""
    server = StandIn(_Gate)
    _Gate.asked.clear()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    yield _Gate.asked
    server.close()


def _cached(checkpoint: Path, cache: Path) -> Path:
    """The checkpoint as the hub's client keeps a download of the repository."""
    repository = cache / "models--facebook--sam3"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return _copy(checkpoint, repository / "snapshots" / COMMIT)


def test_what_is_on_this_machine_is_loaded_without_the_network(
    hub: list[str], checkpoint: Path, tmp_path: Path
) -> None:
    _cached(checkpoint, tmp_path / "hub")
    loaded = load_sam3()
    assert hub == []
    assert loaded.name == "sam3"
    assert loaded.revision == COMMIT[:12]


@pytest.mark.parametrize("half_there", [False, True])
def test_what_may_not_be_fetched_is_one_sentence_with_the_page_and_the_command(
    hub: list[str], checkpoint: Path, tmp_path: Path, half_there: bool
) -> None:
    if half_there:
        (_cached(checkpoint, tmp_path / "hub") / "model.safetensors").unlink()
    with pytest.raises(EngineError, match="inpalla setup --segmenter sam3"):
        load_sam3()
    assert hub == []
    with pytest.raises(EngineError) as error:
        stored_weights.fetch("sam3")
    assert hub
    said = str(error.value)
    assert "accept its licence (SAM License) on https://huggingface.co/facebook/sam3" in said
    assert "\n" not in said


def test_offline_says_so(hub: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EngineError, match="HF_HUB_OFFLINE forbids fetching"):
        stored_weights.fetch("sam3")
    assert hub == []
