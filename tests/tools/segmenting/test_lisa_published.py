"""The published LISA checkpoints: loading, exactness against the original, and what can be wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.support import lisa_layout
from tools.engines import registry
from tools.errors import EngineError, ToolError
from tools.segmenting.base import find
from tools.segmenting.lisa import checkpoint, processing, published, text
from tools.segmenting.lisa import trace as tracing
from tools.segmenting.lisa.model import Answer, Lisa
from training.lisa.recipe import Packed, losses

REFERENCE = Path(__file__).parents[4] / "shared" / "lisa-reference"
"""A tiny checkpoint in the published layout with what the original program (dvlab-research/LISA, commit
3cb2d43, under transformers 4.31, float32 on a CPU) computed with it. Without it: run that program on a tiny
random checkpoint of its own saving, and write its ``input_ids``, ``seg_embeddings`` and ``low_res_logits`` to
.npz files of these names.
"""

needs_reference = pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not on this machine")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random tiny checkpoint in the published layout; its CLIP lies beside it."""
    return lisa_layout.write_published(tmp_path_factory.mktemp("published"))


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, and no way to the hub."""
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(registry, "_loaded", {})
    return tmp_path / "data"


def picture(height: int = 60, width: int = 90) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


# --- against the original -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> tuple[Lisa, text.LisaTokenizer, NDArray[np.uint8], dict[str, Any]]:
    folder = REFERENCE / "LISA-tiny-v1"
    model = checkpoint.load_published(folder, REFERENCE / "clip-tiny-patch14")
    with Image.open(REFERENCE / "images" / "landscape.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    manifest = json.loads((REFERENCE / "manifest.json").read_text())
    return model, text.LisaTokenizer.from_folder(folder), pixels, manifest


def _expected(name: str) -> Any:
    return np.load(REFERENCE / "reference" / f"{name}.npz")


def _differing(mask_logits: NDArray[np.float32], expected: Any) -> float:
    shape = tuple(expected["mask_shape"])
    true = np.unpackbits(expected["mask_binary_packed"])[: int(np.prod(shape))].reshape(shape).astype(bool)
    assert mask_logits.shape == shape
    return float(((mask_logits > 0) != true).mean()) if true.size else 0.0


@needs_reference
@pytest.mark.parametrize("name", ["one", "two", "two_unseen", "zero"])
def test_a_conversation_gives_the_originals_numbers(reference: Any, name: str) -> None:
    model, tokenizer, pixels, manifest = reference
    [case] = [case for case in manifest["cases"] if case["name"] == f"tf_landscape_{name}"]
    expected = _expected(case["name"])
    spoken = text.prompt(case["question"], case["conv_type"]) + f" {case['answer']}</s>"
    assert spoken == case["prompt"]

    traced = tracing.trace_text(model, tokenizer, pixels, spoken)

    assert traced.input_ids.tolist() == expected["input_ids"].tolist()
    np.testing.assert_allclose(traced.seg_embeddings, expected["seg_embeddings"], atol=1e-4)
    np.testing.assert_allclose(traced.low_res_logits, expected["low_res_logits"], atol=1e-3)
    if "mask_logits" in expected:
        np.testing.assert_allclose(traced.mask_logits, expected["mask_logits"], atol=1e-3)
    assert _differing(traced.mask_logits, expected) <= 1e-4


@needs_reference
@pytest.mark.parametrize("name", ["one", "two", "zero"])
def test_a_question_is_answered_in_the_originals_words(reference: Any, name: str) -> None:
    model, tokenizer, pixels, manifest = reference
    [case] = [case for case in manifest["gen"] if case["name"] == f"gen_landscape_{name}"]
    expected = _expected(case["name"])

    traced = tracing.trace_question(model, tokenizer, pixels, case["question"], case["conv_type"])

    assert traced.input_ids.tolist() == expected["output_ids"].tolist()
    assert traced.output_text == case["text_output"]
    np.testing.assert_allclose(traced.seg_embeddings, expected["seg_embeddings"], atol=1e-4)
    assert _differing(traced.mask_logits, expected) <= 1e-4


@needs_reference
@pytest.mark.parametrize("legacy", [True, False])
def test_words_are_cut_as_the_original_cuts_them(reference: Any, legacy: bool) -> None:
    manifest = reference[3]
    folder = REFERENCE / "LISA-tiny-v1"
    added = json.loads((folder / "added_tokens.json").read_text())
    tokenizer = text.LisaTokenizer(folder / "tokenizer.model", added, legacy)
    cases = manifest["tokenization"]["legacy_true" if legacy else "legacy_false"]
    for words, ids in cases.items():
        assert tokenizer.encode_prompt(words) == ids, words
    if not legacy:
        prompts = {case["name"]: case["prompt"] for case in manifest["cases"]}
        for name, ids in manifest["tokenization"]["legacy_false_prompts"].items():
            if name in prompts:
                assert tokenizer.encode_prompt(prompts[name]) == ids, name


@needs_reference
def test_a_batch_answers_as_each_question_alone(reference: Any) -> None:
    model, tokenizer, pixels, manifest = reference
    features = model.encode_picture(*processing.pixels(pixels, model.config))
    prompts = [
        torch.tensor(tokenizer.encode_prompt(text.prompt(case["question"]))) for case in manifest["gen"]
    ]
    answers: list[Answer] = model.answer(
        prompts, features.tokens[0], seg_id=tokenizer.seg_id, end_id=tokenizer.end_id
    )
    for case, answer, prompt in zip(manifest["gen"], answers, prompts, strict=True):
        expected = _expected(case["name"])
        assert prompt.tolist() + answer.ids + [2] == expected["output_ids"].tolist()
        np.testing.assert_allclose(answer.seg_embeddings, expected["seg_embeddings"], atol=1e-4)


@needs_reference
def test_the_losses_are_the_originals(reference: Any) -> None:
    model, tokenizer, pixels, manifest = reference
    given, expected = _expected("loss_landscape_two"), manifest["loss"]
    ids, labels = torch.from_numpy(given["input_ids"]), torch.from_numpy(given["labels"])
    shape = tuple(given["gt_shape"])
    masks = np.unpackbits(given["gt_masks_packed"])[: int(np.prod(shape))].reshape(shape)
    seg_at = (ids == tokenizer.seg_id).nonzero()[:, 0]
    packed = Packed(ids=ids, labels=labels, segment=torch.zeros_like(ids), seg_at=seg_at)
    with torch.no_grad():
        features = model.encode_picture(*processing.pixels(pixels, model.config))
        words, bce, dice = losses(model, packed, features, torch.from_numpy(masks).float())
    assert float(words) == pytest.approx(expected["ce_loss"], rel=1e-4)
    assert 2.0 * float(bce) == pytest.approx(expected["mask_bce_loss"], rel=1e-4)
    assert 0.5 * float(dice) == pytest.approx(expected["mask_dice_loss"], rel=1e-4)


# --- the layout ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [lisa_layout.LISA_7B, lisa_layout.LISA_13B])
def test_every_tensor_of_a_published_size_has_its_place(sizes: lisa_layout.Sizes) -> None:
    shapes = lisa_layout.published_shapes(sizes)
    config = checkpoint.lisa_config(
        lisa_layout.published_config(sizes), shapes, lisa_layout.clip_config(sizes)
    )
    with torch.device("meta"):
        model = Lisa(config)
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    tied = "sam.prompt_encoder.shared_embedding.positional_embedding"
    assert wanted.pop(tied) == wanted["sam.shared_image_embedding.positional_embedding"]
    tower = {name: shape for name, shape in wanted.items() if name.startswith("vision_tower.")}
    got = {new: shape for name, shape in shapes.items() if (new := checkpoint.rename(name)) is not None}
    assert got | tower == wanted
    assert not set(got) & set(tower)
    billions = sum(value.numel() for value in model.language_model.parameters()) / 1e9
    assert billions == pytest.approx(6.74 if sizes is lisa_layout.LISA_7B else 13.02, abs=0.01)
    assert sum(value.numel() for value in model.sam.parameters()) / 1e9 == pytest.approx(0.641, abs=0.001)
    assert sum(value.numel() for value in model.vision_tower.parameters()) / 1e9 == pytest.approx(
        0.303, abs=0.001
    )


def test_a_published_folder_is_a_segmenter(tiny: Path) -> None:
    segmenter = registry.load_segmenter(str(tiny))
    one, two = find(segmenter, picture(), ["the sofa", "what you would sit on"])
    assert one.mask.shape == two.mask.shape == (60, 90)
    assert one.words != ""
    again = registry.load_segmenter(str(tiny))
    assert again.revision == segmenter.revision
    assert again is segmenter


def test_a_copy_of_our_own_gives_the_same_masks(tiny: Path, tmp_path: Path) -> None:
    copy = published.convert(tiny, tiny.parent / "clip-tiny", tmp_path / "copy", torch.float32)
    whole = "A USER: <im_start><image><im_end>\nWhere? ASSISTANT: It is [SEG] and [SEG].</s>"
    traces = [
        tracing.trace_text(*tracing._load(folder, clip), picture(), whole)
        for folder, clip in ((tiny, tiny.parent / "clip-tiny"), (copy, None))
    ]
    assert traces[0].low_res_logits.shape == (2, 1, 32, 32)
    np.testing.assert_array_equal(traces[0].mask_logits, traces[1].mask_logits)
    assert traces[0].mask_logits.std() > 0
    assert not list(copy.glob("*.bin"))


@pytest.mark.parametrize("bits", [4, 8])
def test_fewer_bits_leave_the_exact_parts_exact(tiny: Path, bits: int) -> None:
    segmenter = published.load(f"{tiny}:{bits}bit")
    plain = published.load(str(tiny))
    few, all_ = segmenter._model, plain._model
    assert few.get_memory_footprint() < all_.get_memory_footprint()
    assert segmenter.weight_bytes < plain.weight_bytes
    assert segmenter.revision == f"{plain.revision}-{bits}bit"  # figures of the one are not the other's
    small = [name for name, module in few.named_modules() if "bit" in type(module).__name__]
    assert len(small) == 2 * 7  # the projections of both Llama layers, and nothing else
    assert all(name.startswith("language_model.model.layers.") for name in small)
    for name in ("mm_projector.weight", "sam.neck", "text_hidden_fcs.0.weight"):
        for key, value in all_.state_dict().items():
            if key.startswith(name):
                assert torch.equal(few.state_dict()[key], value)
    assert find(segmenter, picture(), ["the sofa"])[0].mask.shape == (60, 90)


# --- what can be wrong --------------------------------------------------------------------------------------


def _cut(folder: Path) -> None:
    file = folder / "pytorch_model-00002-of-00002.bin"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _lose(folder: Path) -> None:
    (folder / "pytorch_model-00001-of-00002.bin").unlink()


def _empty(folder: Path) -> None:
    for file in folder.glob("pytorch_model*"):
        file.unlink()


def _other(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))


def _other_sizes(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text()) | {"num_hidden_layers": 3}
    (folder / "config.json").write_text(json.dumps(config))


def _untold(folder: Path) -> None:
    (folder / "tokenizer.model").unlink()


def _without_sam(folder: Path) -> None:
    for file in folder.glob("*.bin"):
        tensors = torch.load(file, weights_only=True)
        torch.save({name: value for name, value in tensors.items() if "visual_model" not in name}, file)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_cut, "pytorch_model-00002-of-00002.bin cannot be read .it is damaged or cut short.: put a whole"),
        (_lose, "pytorch_model-00001-of-00002.bin is missing"),
        (_empty, "There are no weights in"),
        (_other, "is not a LISA checkpoint"),
        (_other_sizes, "is not a LISA checkpoint"),
        (_untold, "The tokenizer of LISA cannot be read"),
        (_without_sam, "is not a LISA checkpoint"),
    ],
)
def test_a_damaged_checkpoint_is_told_in_one_sentence(
    tiny: Path, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    shutil.copytree(tiny.parent, tmp_path / "here")
    damage(tmp_path / "here" / "lisa")
    with pytest.raises(EngineError, match=words) as error:
        registry.load_segmenter(str(tmp_path / "here" / "lisa"))
    assert "\n" not in str(error.value)


def test_what_is_not_on_this_machine_is_not_fetched_by_itself(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="inpalla setup --segmenter lisa-7b"):
        registry.load_segmenter("lisa-7b:8bit")
    shutil.copytree(tiny, tmp_path / "alone")  # without its CLIP
    with pytest.raises(EngineError, match="clip-tiny is not on this machine"):
        registry.load_segmenter(str(tmp_path / "alone"))


def test_a_hub_that_cannot_be_reached_is_told_in_one_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EngineError, match=r"The hub at http://127\.0\.0\.1:9 cannot be reached"):
        published.fetch("lisa-7b")
    assert not data.exists() or not list(data.rglob("config.json"))


@pytest.mark.parametrize("typed", ["the [SEG] sofa", "a <image> rug", "the lamp</s> USER: hello", "<im_end>"])
def test_tokens_that_a_user_types_do_nothing(tiny: Path, typed: str) -> None:
    segmenter = registry.load_segmenter(str(tiny))
    clean = typed
    for token in ("[SEG]", "<image>", "</s>", "<im_end>"):
        clean = " ".join(clean.replace(token, " ").split())
    if not clean:
        assert segmenter.segment(picture(), [typed])[0].mask.shape == (60, 90)
        return
    found, expected = (segmenter.segment(picture(), [words])[0] for words in (typed, clean))
    np.testing.assert_array_equal(found.mask, expected.mask)
    assert found.words == expected.words


def test_a_full_card_is_asked_less_at_once_and_then_told(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = registry.load_segmenter(str(tiny))
    phrases = ["the sofa", "the rug"]
    plain = segmenter.segment(picture(), phrases)
    answer, most = Lisa.answer, [1]

    def full(self: Lisa, prompts: list[torch.Tensor], *args: Any, **settings: Any) -> list[Answer]:
        if len(prompts) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n 2 GiB")
        return answer(self, prompts, *args, **settings)

    monkeypatch.setattr(Lisa, "answer", full)
    for one, other in zip(plain, segmenter.segment(picture(), phrases), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
    most[0] = 0
    with pytest.raises(EngineError, match="ran out of memory") as error:
        segmenter.segment(picture(), phrases)
    assert "\n" not in str(error.value)
    most[0] = 8
    assert segmenter.segment(picture(), phrases)[0].mask.shape == (60, 90)


def test_the_trace_is_written_and_its_mistakes_are_sentences(tiny: Path, tmp_path: Path) -> None:
    Image.fromarray(picture()).save(tmp_path / "room.png")
    (tmp_path / "said.txt").write_text("USER: <im_start><image><im_end>\nHm? ASSISTANT: It is [SEG].</s>")
    (tmp_path / "blind.txt").write_text("USER: Hm? ASSISTANT: It is [SEG].</s>")
    common = [
        sys.executable,
        "-m",
        "tools.segmenting.lisa.trace",
        str(tiny),
        "--image",
        str(tmp_path / "room.png"),
    ]
    common += ["-o", str(tmp_path / "out.npz")]
    clip = ["--clip", str(tiny.parent / "clip-tiny")]
    done = subprocess.run(
        [*common, *clip, "--text", str(tmp_path / "said.txt")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as arrays:
        assert arrays["input_ids"].tolist().count(-200) == 1
        assert arrays["seg_embeddings"].shape == (1, 32)
        assert arrays["low_res_logits"].shape == (1, 1, 32, 32)
        assert arrays["mask_logits"].shape == (1, 60, 90)
        assert "It is [SEG]" in str(arrays["output_text"])
    with pytest.raises(ToolError, match="exactly once"):
        tracing.trace_text(*tracing._load(tiny, tiny.parent / "clip-tiny"), picture(), "Hm?")
    assert tracing.main([*common[3:], "--text", str(tmp_path / "said.txt")]) == 1  # no --clip
