"""Fine-tuning LISA: the losses, the data, what is learnt and what is not, resuming, and a new word."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState  # type: ignore[import-untyped]
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file

import pocket
from agent.cli.train import train
from pocket import rooms
from tools.errors import Cancelled, PictureError, ToolError
from tools.pictures import read_picture
from tools.segmenting.lisa import text
from tools.segmenting.lisa.config import LisaConfig
from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER, Lisa, PictureFeatures
from tools.segmenting.lisa.segmenter import LisaSegmenter
from training.lisa import Base, Data, Progress, Settings, finetune, load_base, read_folder
from training.lisa.data import Example
from training.lisa.losses import bce_loss, dice_loss
from training.lisa.recipe import adapt, losses, merge, pack

NEW_SCENES = 2**31 + 20_000
"""Scenes from here on were never trained on."""

FEW = Settings(steps=4, pictures=2, rate=3e-3, save_every=3)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a LISA of a few thousand random weights."""
    folder = tmp_path_factory.mktemp("tiny")
    shutil.copy(pocket.weights("lisa") / "tokenizer.model", folder)
    words = len(text.LisaTokenizer.from_folder(folder))
    encoder = {"num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(1)
    config = LisaConfig(
        vision_config={"hidden_size": 16, "intermediate_size": 16, "image_size": 32, "patch_size": 16}
        | encoder,
        text_config={"vocab_size": words, "hidden_size": 16, "intermediate_size": 32}
        | encoder
        | {"num_hidden_layers": 2, "initializer_range": 0.3},
        sam_config={
            "vision_config": {
                "hidden_size": 16,
                "output_channels": 32,
                "image_size": 64,
                "patch_size": 16,
                "mlp_dim": 16,
                "window_size": 2,
                "global_attn_indexes": [0],
                "num_pos_feats": 16,
            }
            | encoder,
            "prompt_encoder_config": {
                "hidden_size": 32,
                "image_size": 64,
                "patch_size": 16,
                "image_embedding_size": 4,
            },
            "mask_decoder_config": {
                "hidden_size": 32,
                "mlp_dim": 32,
                "num_attention_heads": 2,
                "iou_head_hidden_dim": 16,
            },
            "initializer_range": 0.3,
        },
        select_layer=-1,
    )
    Lisa(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of a white square each, in several sizes, with masks."""
    folder = tmp_path_factory.mktemp("data") / "squares"
    for number in range(6):
        picture = np.full((40 + 4 * number, 48, 3), 30 * number, np.uint8)
        mask = np.zeros(picture.shape[:2], np.uint8)
        mask[5 + number : 25, 10 : 20 + number] = 255
        picture[mask > 0] = 250
        _save(folder, f"square-{number}", picture, {"the square": mask > 0, "the zorple": None})
    return folder


def _save(
    folder: Path, name: str, picture: NDArray[np.uint8], said: dict[str, NDArray[np.bool_] | None]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(folder / f"{name}.png")
    entries: list[dict[str, str | None]] = []
    for number, (phrase, mask) in enumerate(said.items(), 1):
        if mask is not None:
            Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{name}-{number}.png")
        entries.append({"phrase": phrase, "mask": None if mask is None else f"{name}-{number}.png"})
    (folder / f"{name}.json").write_text(json.dumps(entries))


@pytest.fixture
def fresh_accelerator() -> Iterator[None]:
    """accelerate keeps one arithmetic for a process; a test that wants another must clear it."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


# The losses


def test_the_losses_are_those_computed_by_hand() -> None:
    logits = torch.tensor([[[0.0, 0.0], [0.0, 0.0]], [[2.0, -1.0], [2.0, -1.0]]])
    masks = torch.tensor([[[1.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    first, second = math.log(2), (math.log(1 + math.exp(-2)) + math.log(1 + math.e)) / 2
    assert float(bce_loss(logits, masks)) == pytest.approx((first + second) / 2, rel=1e-6)
    chance = 2 / (1 + math.exp(-2)) + 2 / (1 + math.e)
    first = 1 - (0.002 + 1e-6) / (0.004 + 1e-6)
    second = 1 - (2 * chance / 1000 + 1e-6) / (chance / 1000 + 0.004 + 1e-6)
    assert float(dice_loss(logits, masks)) == pytest.approx((first + second) / 2, rel=1e-5)


def test_without_masks_there_is_no_mask_loss() -> None:
    none = torch.zeros(0, 3, 3)
    assert float(bce_loss(none, none)) == float(dice_loss(none, none)) == 0


def test_the_loss_of_the_words_is_that_of_the_language_model(tiny: Path) -> None:
    base, picture, masks = _one_picture(tiny)
    packed = pack(base.tokenizer, [_EXAMPLES[0]])
    with torch.no_grad():
        words = losses(base.model, packed, picture, masks[:1])[0]
        at, tokens = packed.ids.tolist().index(IMAGE_PLACEHOLDER), picture.tokens.shape[1]
        labels = torch.cat([packed.labels[:at], torch.full((tokens,), -100), packed.labels[at + 1 :]])
        own = base.model.language_model(
            inputs_embeds=base.model.embed(packed.ids, picture.tokens[0])[None], labels=labels[None]
        ).loss
    assert base.tokenizer.decode(labels[labels >= 0].tolist()[:-1]) == "It is [SEG]."
    torch.testing.assert_close(words, own)


def test_questions_in_one_sequence_are_those_asked_alone(tiny: Path) -> None:
    base, picture, masks = _one_picture(tiny)
    with torch.no_grad():
        words, bce, dice = losses(base.model, pack(base.tokenizer, _EXAMPLES), picture, masks)
        first, second, absent = (pack(base.tokenizer, [each]) for each in _EXAMPLES)
        one = losses(base.model, first, picture, masks[:1])
        two = losses(base.model, second, picture, masks[1:])
        none = losses(base.model, absent, picture, masks[:0])
    counts = [int((each.labels >= 0).sum()) for each in (first, second, absent)]
    alone = sum(n * float(each[0]) for n, each in zip(counts, (one, two, none), strict=True)) / sum(counts)
    assert float(words) == pytest.approx(alone, rel=1e-4)
    assert float(bce) == pytest.approx(float(one[1] + two[1]) / 2, rel=1e-4)
    assert float(dice) == pytest.approx(float(one[2] + two[2]) / 2, rel=1e-4)
    assert float(one[1]) != pytest.approx(float(two[1]), rel=1e-3)


_EXAMPLES = [
    Example("the square", Path("1")),
    Example("Where is it?", Path("2"), True),
    Example("a cat", None),
]


def _one_picture(folder: Path) -> tuple[Base, PictureFeatures, torch.Tensor]:
    base = load_base(str(folder))
    base.model.eval()
    generator = torch.Generator().manual_seed(3)
    features = PictureFeatures(
        torch.randn(1, 4, 16, generator=generator), torch.randn(1, 32, 4, 4, generator=generator)
    )
    return base, features, (torch.rand(2, 30, 44, generator=generator) > 0.7).float()


# The data


def test_masks_phrases_and_null_are_read(squares: Path) -> None:
    data = read_folder(squares)
    assert len(data.training) == 5
    assert len(data.held_out) == 1
    assert data.notes == ()
    there, absent = data.training[0].examples
    assert (there.phrase, there.there, absent.there) == ("the square", True, False)
    mask = there.pixels(data.training[0].size)
    assert mask.shape == read_picture(data.training[0].picture).pixels.shape[:2]
    assert 0 < mask.mean() < 0.5
    assert not absent.pixels(data.training[0].size).any()


def test_reason_seg_is_read_with_its_holes_and_its_split(tmp_path: Path) -> None:
    shapes = [
        {"label": "ignore", "points": [[12, 12], [18, 12], [18, 18], [12, 18]]},
        {"label": "target", "points": [[5, 5], [25, 5], [25, 25], [5, 25]]},
        {"label": "flag", "points": [[0, 0], [30, 0], [0, 30]]},
    ]
    said = {"shapes": shapes, "text": ["Who sits there?", "Who is \x93he\x94?"], "is_sentence": True}
    for part in ("train", "val"):
        _save(tmp_path / part, "x", np.zeros((40, 50, 3), np.uint8), {})
        content = json.dumps(said, ensure_ascii=False).encode("latin-1")
        (tmp_path / part / "x.json").write_bytes(content)
    data = read_folder(tmp_path)
    assert (len(data.training), len(data.held_out)) == (1, 1)
    example = data.training[0].examples[1]
    assert example.phrase == "Who is “he”?"
    assert example.sentence
    true = np.zeros((40, 50), bool)
    true[5:26, 5:26] = True
    true[12:19, 12:19] = False
    assert (example.pixels((50, 40)) == true).all()


def test_label_me_gives_a_phrase_for_each_label(tmp_path: Path) -> None:
    shapes = [
        {"label": "the cat", "points": [[2, 3], [8, 9]], "shape_type": "rectangle"},
        {"label": "the dog", "points": [[20, 2], [30, 2], [30, 8]], "shape_type": "polygon"},
        {"label": "the cat", "points": [[12, 3], [18, 9]], "shape_type": "rectangle"},
    ]
    _save(tmp_path, "x", np.zeros((40, 50, 3), np.uint8), {})
    (tmp_path / "x.json").write_text(json.dumps({"shapes": shapes}))
    data = read_folder(tmp_path)
    cat, dog = data.training[0].examples
    assert (cat.phrase, dog.phrase) == ("the cat", "the dog")
    assert cat.pixels((50, 40)).sum() == 2 * 7 * 7
    assert not (cat.pixels((50, 40)) & dog.pixels((50, 40))).any()
    assert data.held_out == ()
    assert "null" in data.notes[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[{]", "not valid JSON"),
        ("{}", "neither a list of phrases"),
        ("[]", "says nothing"),
        ('[{"phrase": "the cat"}]', 'with "phrase" and "mask"'),
        ('[{"phrase": " ", "mask": null}]', "without words"),
        ('[{"phrase": "the cat", "mask": "gone.png"}]', "no file"),
        ('[{"phrase": "the cat", "mask": 3}]', "nor null"),
        ('[{"phrase": "the cat", "mask": "dark.png"}]', "Nothing is marked"),
        ('[{"phrase": "the cat", "mask": "small.png"}]', "must be the same"),
        ('{"shapes": [{"label": "cat"}]}', "no points"),
        ('{"shapes": [{"label": "cat", "points": [[1, 1], [2, 2]]}]}', "neither a rectangle"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, content: str, told: str) -> None:
    _save(tmp_path, "x", np.zeros((20, 30, 3), np.uint8), {})
    Image.new("L", (30, 20)).save(tmp_path / "dark.png")
    Image.new("L", (20, 20), 255).save(tmp_path / "small.png")
    (tmp_path / "x.json").write_text(content)
    with pytest.raises((ToolError, PictureError), match=told) as caught:
        read_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_pictures_without_words_are_named_and_words_without_a_picture_are_an_error(
    squares: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(squares, tmp_path / "data"))
    (folder / "square-2.json").unlink()
    assert "square-2.png" in read_folder(folder).notes[0]
    (folder / "square-3.png").unlink()
    with pytest.raises(ToolError, match="no picture named square-3"):
        read_folder(folder)
    with pytest.raises(ToolError, match="no folder"):
        read_folder(tmp_path / "nowhere")


# The training


@pytest.fixture(scope="module")
def trained(tiny: Path, squares: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The tiny model after a few steps, and the report."""
    folder = tmp_path_factory.mktemp("out") / "model"
    return folder, finetune(load_base(str(tiny)), read_folder(squares), folder, FEW)


def test_only_what_the_recipe_names_is_learnt(tiny: Path, trained: tuple[Path, Any]) -> None:
    before, after = load_file(tiny / "model.safetensors"), load_file(trained[0] / "model.safetensors")
    assert before.keys() == after.keys()
    learnt = ("embed_tokens", "lm_head", "q_proj", "v_proj")
    for name, value in before.items():
        if name.startswith("language_model."):
            expected = any(part in name for part in learnt)
        else:
            expected = name.startswith(("text_hidden_fcs.", "sam.mask_decoder."))
        # Only mask token 0 is used, so what belongs to the others or rates the mask has no gradient; nor has
        # what adds the same to all scores of a softmax.
        idle = ("mlps.1", "mlps.2", "mlps.3", "iou_prediction_head", "token_to_image.k_proj.bias")
        if not (expected and any(part in name for part in idle)):
            assert (not torch.equal(value, after[name])) == expected, name


def test_the_result_is_whole_and_loads(squares: Path, trained: tuple[Path, Any]) -> None:
    folder, report = trained
    names = {file.name for file in folder.iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.model", "training.json"}
    picture = read_picture(squares / "square-0.png").pixels
    [found] = LisaSegmenter.from_folder("mine", folder).segment(picture, ["the square"])
    assert found.mask.shape == picture.shape[:2]
    assert len(report.losses) == FEW.steps
    assert (report.after.there, report.after.absent) == (1, 1)
    assert json.loads((folder / "training.json").read_text())["settings"]["rank"] == 8


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    tiny: Path, squares: Path, trained: tuple[Path, Any], tmp_path: Path
) -> None:
    """Stopped in the middle of a step, and killed after a checkpoint."""
    data, folder, done = read_folder(squares), tmp_path / "model", 0

    def listen(progress: Progress) -> None:
        nonlocal done
        if progress.stage == "training":
            done = progress.done
            if done == 4:
                raise KeyboardInterrupt  # as if killed

    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += done > 0
        return asked == 2  # one picture of the second step was seen

    with pytest.raises(Cancelled):
        finetune(load_base(str(tiny)), data, folder, FEW, listen=listen, cancelled=cancelled)
    assert done == 1
    with pytest.raises(KeyboardInterrupt):
        finetune(load_base(str(tiny)), data, folder, FEW, listen=listen)
    assert not (folder / "config.json").exists()
    report = finetune(load_base(str(tiny)), data, folder, FEW)
    assert report.losses == trained[1].losses
    whole, parts = load_file(trained[0] / "model.safetensors"), load_file(folder / "model.safetensors")
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def test_a_folder_belongs_to_one_training(
    tiny: Path, squares: Path, trained: tuple[Path, Any], tmp_path: Path
) -> None:
    data = read_folder(squares)
    with pytest.raises(ToolError, match="has a model already"):
        finetune(load_base(str(tiny)), data, trained[0], FEW)
    with pytest.raises(Cancelled):
        finetune(load_base(str(tiny)), data, tmp_path, FEW, cancelled=lambda: True)
    with pytest.raises(ToolError, match="other settings"):
        finetune(load_base(str(tiny)), data, tmp_path, Settings(steps=5))
    other = Data(data.training[:2], data.held_out, "another digest")
    with pytest.raises(ToolError, match="other data"):
        finetune(load_base(str(tiny)), other, tmp_path, FEW)


def test_merging_changes_no_mask(tiny: Path, tmp_path: Path) -> None:
    base, picture, masks = _one_picture(tiny)
    packed = pack(base.tokenizer, _EXAMPLES)
    with torch.no_grad():
        plain = losses(base.model, packed, picture, masks)
        types = {name: value.dtype for name, value in base.model.named_parameters()}
        adapter, learnt = adapt(base.model, Settings())
        generator = torch.Generator().manual_seed(4)
        for name, value in learnt.items():
            if "lora_B" in name:
                value.copy_(torch.randn(value.shape, generator=generator))
        base.model.eval()
        adapted = losses(base.model, packed, picture, masks)
        merge(base.model, adapter, types)
        base.model.save_pretrained(tmp_path)
        merged = losses(Lisa.from_pretrained(tmp_path).eval(), packed, picture, masks)
    assert abs(float(adapted[1] - plain[1])) > 1e-3
    for one, other in zip(adapted, merged, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_rate_rises_and_falls_to_nothing() -> None:
    long, short = Settings(steps=5000), Settings(steps=10)
    assert [long.factor(step) for step in (0, 49, 99, 100, 2550)] == [0.01, 0.5, 1, 1, 0.5]
    assert 0 < long.factor(4999) < 0.001
    assert [short.factor(step) for step in (0, 1, 2)] == [0.5, 1, 1]


@pytest.mark.usefixtures("fresh_accelerator")
def test_bfloat16_arithmetic_trains_float32_parameters(
    tiny: Path, squares: Path, trained: tuple[Path, Any], tmp_path: Path
) -> None:
    """What a graphics card does, here on the CPU: the model in bfloat16, what is learnt in float32."""
    base = load_base(str(tiny))
    base.model.to(torch.bfloat16)
    settings = Settings(steps=4, pictures=2, rate=3e-3, bfloat16=True)
    report = finetune(base, read_folder(squares), tmp_path / "model", settings)
    assert report.losses == pytest.approx(trained[1].losses, rel=0.05)
    kinds = {value.dtype for value in load_file(tmp_path / "model" / "model.safetensors").values()}
    assert kinds == {torch.bfloat16}


def test_the_command_says_what_it_did_and_what_is_wrong(tiny: Path, squares: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    asked = ["lisa", "--data", str(squares), "--model", str(tiny), "--steps", "1", "-o", str(out), "--json"]
    result = CliRunner().invoke(train, asked)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["output"] == str(out)
    assert (told["pictures"], told["held_out"]) == (5, 1)
    assert json.loads((out / "training.json").read_text())["settings"]["rate"] == 3e-3  # a small model
    again = CliRunner().invoke(train, asked)
    assert isinstance(again.exception, ToolError)
    assert "has a model already" in str(again.exception)


# A new word


def _rooms(folder: Path, kind: str, count: int) -> None:
    """Save drawn rooms in which things of a kind are called zorple; in one of four there is none."""
    seed = NEW_SCENES
    for number in range(count):
        while not _room(folder, f"room-{number:02}", kind, number % 4 != 3, seed):
            seed += 1
        seed += 1


def _room(folder: Path, name: str, kind: str, there: bool, seed: int) -> bool:
    """Save the scene of a seed: the zorple, one thing more, and one that is not there.

    False when the scene does not have exactly one clear zorple, or none, as it should.
    """
    scene = rooms.make_scene(seed)
    drawn = rooms.render(scene, (256, 192))
    kinds = [scene.things[i].kind for i in rooms.visible(drawn, 0)]
    clear = {scene.things[i].kind: i for i in rooms.visible(drawn, 0.02)}
    others = [each for each in clear if kinds.count(each) == 1 and each not in (kind, "floor", "wall")]
    if kinds.count(kind) != there or (kind in clear) != there or not others:
        return False
    absent = [each for each in rooms.KINDS if each not in kinds and each != kind]
    said = {
        "the zorple": rooms.mask(drawn, clear[kind]) if there else None,
        f"the {others[0]}": rooms.mask(drawn, clear[others[0]]),
        f"the {absent[seed % len(absent)]}": None,
    }
    _save(folder, name, drawn.picture, said)
    return True


def _overlaps(model: LisaSegmenter, data: Data) -> tuple[float, float, float]:
    """On the held-out pictures: the mean IoU of the zorple and of the other things, and the share refused."""
    zorple: list[float] = []
    others: list[float] = []
    refused: list[bool] = []
    for sample in data.held_out:
        picture = read_picture(sample.picture).pixels
        found = model.segment(picture, [example.phrase for example in sample.examples])
        for example, one in zip(sample.examples, found, strict=True):
            if not example.there:
                refused.append(not one.present)
                continue
            true = example.pixels(sample.size)
            overlap = float((one.mask & true).sum() / (one.mask | true).sum())
            (zorple if example.phrase == "the zorple" else others).append(overlap)
    return float(np.mean(zorple)), float(np.mean(others)), float(np.mean(refused))


def test_the_pocket_model_learns_a_new_word_and_keeps_the_old_ones(tmp_path: Path) -> None:
    _rooms(tmp_path / "data", "rug", 20)
    data = read_folder(tmp_path / "data", 0.3)
    zorple, others, _ = _overlaps(LisaSegmenter.from_folder("before", pocket.weights("lisa")), data)
    learnt = replace(data, held_out=())
    finetune(load_base("pocket"), learnt, tmp_path / "mine", Settings(steps=24, pictures=3, rate=3e-3))
    after = _overlaps(LisaSegmenter.from_folder("after", tmp_path / "mine"), data)
    assert after[0] > max(0.4, zorple + 0.3)
    assert after[1] > others - 0.15
    assert after[2] > 0.25
