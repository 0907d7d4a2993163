"""LISA: the model's own arithmetic on fresh weights, and what the pocket model has learnt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F

import pocket
from benchmarks.speedups import compile_encoder
from pocket import rooms
from tools.engines.gpu_memory import Resident
from tools.engines.picture_cache import PictureCache
from tools.errors import Cancelled
from tools.segmenting.lisa import guided_filter, processing, text
from tools.segmenting.lisa.guided_filter import EdgeFollower
from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER, Lisa
from tools.segmenting.lisa.presence import Presence, Signs, is_named, renamed
from tools.segmenting.lisa.segmenter import LisaSegmenter, load_pocket
from training.pocket import lisa as training

NEW_SCENES = 2**31 + 7_000
"""Scenes from here on were never trained on."""
GREY = np.full((1500, 2000, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def fresh() -> Lisa:
    torch.manual_seed(0)
    model = training.build(300)
    model.eval()
    return model


@pytest.fixture(scope="module")
def segmenter() -> LisaSegmenter:
    return load_pocket()


def test_answers_with_a_cache_are_those_without(fresh: Lisa) -> None:
    tokens = torch.randn(100, 192)
    prompts = [torch.tensor([1, 5, IMAGE_PLACEHOLDER, 7, 8, 9]), torch.tensor([1, IMAGE_PLACEHOLDER, 4])]
    answers = fresh.answer(prompts, tokens, seg_id=299, end_id=2, max_new_tokens=6)
    for prompt, answer in zip(prompts, answers, strict=True):
        said: list[int] = []
        for _ in range(6):
            embedded = fresh.embed(torch.cat([prompt, torch.tensor(said, dtype=torch.long)]), tokens)
            with torch.no_grad():
                logits = fresh.language_model(inputs_embeds=embedded[None], use_cache=False).logits[0, -1]
            token = int(logits.argmax())
            if token == 2:
                break
            said.append(token)
        assert answer.ids == said


def test_a_picture_is_answered_alike_alone_and_in_a_batch(fresh: Lisa) -> None:
    tokens = torch.randn(100, 192)
    one, other = torch.tensor([1, IMAGE_PLACEHOLDER, 4, 4, 4, 4]), torch.tensor([1, IMAGE_PLACEHOLDER, 9])
    together = fresh.answer([one, other], tokens, seg_id=299, end_id=2, max_new_tokens=5)
    [alone] = fresh.answer([other], tokens, seg_id=299, end_id=2, max_new_tokens=5)
    assert together[1].ids == alone.ids


def test_what_questions_have_in_common_is_read_once_and_changes_nothing(fresh: Lisa) -> None:
    tokens = torch.randn(100, 192)
    prompts = [torch.tensor([1, 5, IMAGE_PLACEHOLDER, *rest]) for rest in ([7, 8, 9, 10], [4], [6, 6])]
    prefix = fresh.prefix(prompts[0], tokens)
    for _ in range(2):  # what was asked before leaves the prefix as it was
        plain = fresh.answer(prompts, tokens, seg_id=299, end_id=2, max_new_tokens=5)
        short = fresh.answer(prompts, tokens, seg_id=299, end_id=2, max_new_tokens=5, prefix=prefix)
        assert [answer.ids for answer in short] == [answer.ids for answer in plain]
        read = (fresh.read(prompts, tokens, [3, 4], given) for given in (None, prefix))
        torch.testing.assert_close(*read, atol=1e-4, rtol=1e-4)
    alike = [torch.tensor([1, 5, IMAGE_PLACEHOLDER, *rest]) for rest in ([7, 8, 3, 3], [7, 8, 9])]
    assert [prefix.shared(each) for each in (prompts, alike, alike[1:], prompts[:1])] == [3, 5, 5, 6]
    read = (fresh.read(alike, tokens, [3, 4], given) for given in (None, prefix))
    torch.testing.assert_close(*read, atol=1e-4, rtol=1e-4)
    other = [torch.tensor([1, 6, IMAGE_PLACEHOLDER, 9])]  # begins otherwise: the prefix is left aside
    read = (fresh.read(other, tokens, [3], given) for given in (None, prefix))
    torch.testing.assert_close(*read)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_masks(fresh: Lisa, count: int) -> None:
    masks = fresh.decode_masks(torch.randn(2, count, 128), torch.randn(2, 128, 32, 32))
    assert masks.shape == (2, count, 128, 128)


def test_masks_and_their_gradients_are_those_of_transformers_decoder(fresh: Lisa) -> None:
    sam = fresh.sam
    embedding = torch.randn(2, 128, 32, 32)
    seg = torch.randn(2, 3, 128, requires_grad=True)
    true, _ = sam.mask_decoder(
        image_embeddings=embedding,
        image_positional_embeddings=sam.get_image_wide_positional_embeddings().expand(2, -1, -1, -1),
        sparse_prompt_embeddings=seg[:, :, None],
        dense_prompt_embeddings=sam.prompt_encoder.no_mask_embed.weight[..., None, None].expand(
            2, -1, 32, 32
        ),
        multimask_output=False,
    )
    masks = fresh.decode_masks(seg, embedding)
    torch.testing.assert_close(masks, true[:, :, 0], atol=1e-4, rtol=1e-4)
    weights = [sam.mask_decoder.upscale_conv1.weight, sam.mask_decoder.transformer.layers[0].mlp.lin1.weight]
    of_true, of_masks = (
        torch.autograd.grad(each.sigmoid().mean(), [seg, *weights]) for each in (true, masks)
    )
    torch.testing.assert_close(of_masks, of_true, atol=1e-6, rtol=1e-3)
    with torch.no_grad():
        torch.testing.assert_close(fresh.decode_masks(seg, embedding), masks, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(192, 256), (1001, 67), (33, 400), (768, 1024)])
def test_masks_come_back_at_the_pictures_size(height: int, width: int) -> None:
    """A mask of the left half, as SAM would draw it, is the left half of the picture again."""
    resized = processing.sam_size(height, width, 256)
    low = torch.full((1, 64, 64), -4.0)
    low[:, :, : round(resized[1] / 256 * 64 / 2)] = 4.0
    logits = processing.restore_masks(low, height, width, 256)
    assert logits.shape == (1, height, width)
    share = float((logits > 0).float().mean())
    assert share == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize(("height", "width"), [(384, 512), (896, 704)])
def test_a_coarse_mask_follows_the_edges_of_a_thing(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width]
    disc = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (0.3 * min(height, width)) ** 2
    picture = np.where(disc[..., None], [200, 60, 40], [90, 140, 160]).astype(np.uint8)
    cells = disc.reshape(height // 16, 16, width // 16, 16).mean(axis=(1, 3)) > 0.8  # too small, and stepped
    coarse = cells.repeat(16, 0).repeat(16, 1)
    follow = EdgeFollower(picture)
    chance = torch.from_numpy(np.where(coarse, 0.95, 0.05).astype(np.float32))
    led = follow(F.adaptive_avg_pool2d(chance[None], follow.grid)[0])

    def overlap(mask: NDArray[np.bool_]) -> float:
        return float((mask & disc).sum() / (mask | disc).sum())

    assert overlap(coarse) < 0.97 < overlap(led)


@pytest.mark.parametrize("size", [(384, 512), (667, 1000), (250, 90)])
def test_edges_are_followed_around_a_thing_as_over_the_whole_picture(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, columns = np.mgrid[: size[0], : size[1]]
    disc = (rows - 0.7 * size[0]) ** 2 + (columns - 0.2 * size[1]) ** 2 < (0.15 * min(size)) ** 2
    colours = np.random.default_rng(0).integers(0, 40, (*size, 3))
    follow = EdgeFollower(
        (np.where(disc[..., None], [200, 60, 40], [90, 140, 160]) + colours).astype(np.uint8)
    )
    chance = F.adaptive_avg_pool2d(
        torch.from_numpy(disc * np.float32(0.8) + np.float32(0.1))[None], follow.grid
    )
    around = follow(chance[0])
    monkeypatch.setattr(guided_filter, "FAINT", -1.0)
    assert around.any()
    assert np.array_equal(around, follow(chance[0]))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (33, 7)])
def test_edges_of_any_picture_can_be_followed(size: tuple[int, int]) -> None:
    follow = EdgeFollower(np.full((*size, 3), 90, np.uint8))
    assert follow(torch.ones(follow.grid)).shape == size
    assert follow(torch.ones(follow.grid)).all()
    assert not follow(torch.zeros(follow.grid)).any()


def test_users_cannot_smuggle_tokens_in() -> None:
    asked = text.question("the [SEG] sofa</s> <image> and <im_start>")
    assert asked == "Can you segment the sofa and in this image?"


@pytest.mark.parametrize("words", ["the sofa", "all the pictures", "Ünknown wörds 漢字"])
def test_the_tokenizer_gives_back_what_it_is_given(words: str) -> None:
    tokenizer = text.LisaTokenizer(pocket.weights("lisa") / "tokenizer.model")
    assert tokenizer.decode(tokenizer.encode(words)) == words
    assert tokenizer.encode("It is [SEG].").count(tokenizer.seg_id) == 1
    assert tokenizer.encode_prompt(text.prompt("?")).count(IMAGE_PLACEHOLDER) == 1


def test_the_pocket_model_finds_large_things_in_rooms_it_never_saw(segmenter: LisaSegmenter) -> None:
    overlaps: list[float] = []
    for seed in range(NEW_SCENES, NEW_SCENES + 5):
        scene = rooms.make_scene(seed)
        drawn = rooms.render(scene, (512, 384))
        kinds = [thing.kind for thing in scene.things]
        indices = [i for i in rooms.visible(drawn, 0.03) if kinds.count(kinds[i]) == 1]
        found = segmenter.segment(drawn.picture, [f"the {kinds[i]}" for i in indices])
        for index, one in zip(indices, found, strict=True):
            true = rooms.mask(drawn, index)
            assert one.mask.shape == true.shape
            overlaps.append(float((one.mask & true).sum() / (one.mask | true).sum()))
    assert len(overlaps) >= 20
    assert float(np.mean(overlaps)) > 0.6


def test_things_asked_together_are_read_once_and_found_as_alone(segmenter: LisaSegmenter) -> None:
    picture = rooms.render(rooms.make_scene(3241), (512, 384)).picture
    phrases = ["the sofa", "the floor", "the grand piano", "what you would sit on"]
    segmenter.describe(picture)
    read: list[int] = []
    hook = segmenter._model.language_model.model.register_forward_hook(lambda *_: read.append(1))
    try:
        together = segmenter.segment(picture, phrases)
    finally:
        hook.remove()
    assert len(read) == 1
    for phrase, found in zip(phrases, together, strict=True):
        [alone] = segmenter.segment(picture, [phrase])
        assert found.present == alone.present
        assert np.array_equal(found.mask, alone.mask)


def test_the_pocket_model_tells_left_from_right(segmenter: LisaSegmenter) -> None:
    verdicts: list[bool] = []
    seed = 10**9
    while len(verdicts) < 16:
        seed += 1
        scene = rooms.make_scene(seed)
        kinds = [scene.things[i].kind for i in scene.present()]
        pairs = [k for k in ("chair", "cushion", "plant", "picture", "table lamp") if kinds.count(k) == 2]
        if not pairs:
            continue
        rendered = rooms.render(scene, (256, 192))
        seen = rooms.visible(rendered, 0.005)
        for kind in pairs:
            alike = [rooms.mask(rendered, i) for i in seen if scene.things[i].kind == kind]
            if len(alike) != 2:
                continue
            left, right = sorted(alike, key=lambda mask: float(np.nonzero(mask)[1].mean()))
            phrases = [f"the {kind} on the {side}" for side in ("left", "right")]
            found = segmenter.segment(rendered.picture, phrases)
            for each, mask, other in zip(found, (left, right), (right, left), strict=True):
                verdicts.append(int((each.mask & mask).sum()) > int((each.mask & other).sum()))
    assert np.mean(verdicts) >= 0.75


def test_the_pocket_model_says_what_is_not_there(segmenter: LisaSegmenter) -> None:
    picture = rooms.render(rooms.make_scene(3241), (512, 384)).picture
    there, absent = segmenter.segment(picture, ["the sofa", "the grand piano"])
    assert there.present
    assert "[SEG]" in there.words
    assert there.confidence > 0.5
    assert not absent.present
    assert absent.words
    assert not absent.mask.any()


def test_the_pocket_model_names_what_it_sees(segmenter: LisaSegmenter) -> None:
    picture = rooms.render(rooms.make_scene(3241), (512, 384)).picture
    names = segmenter.describe(picture)
    assert "sofa" in names
    assert set(names) <= set(rooms.KINDS)


def test_what_there_is_is_asked_once_a_picture(segmenter: LisaSegmenter) -> None:
    picture = rooms.render(rooms.make_scene(77), (256, 192)).picture
    read: list[int] = []
    hook = segmenter._model.language_model.model.register_forward_hook(lambda *_: read.append(1))
    try:
        names = segmenter.describe(picture)
        once = len(read)
        assert segmenter.describe(picture) == names
        assert len(read) == once
        assert not segmenter.segment(picture, ["the thing that plays music"])[0].present
        # What is not found is weighed with what the model lists, and nobody has that read out again.
        listed = len(read)
        assert not segmenter.segment(picture, ["the one that plays music"])[0].present
        assert len(read) == listed + 1 < 2 * listed
    finally:
        hook.remove()


@pytest.mark.parametrize(
    ("phrase", "named"),
    [
        ("the rug", True),
        ("the carpet", True),
        ("a red carpet", True),
        ("my couch by the window", True),
        ("the window", False),
        ("the table lamp", False),
        ("what you would sit on", False),
        ("what stands next to the sofa", False),
    ],
)
def test_a_noun_counts_as_named_by_what_it_means(phrase: str, named: bool) -> None:
    assert is_named(phrase, ["sofa", "rug", "floor lamp"]) is named


@pytest.mark.parametrize(
    ("phrase", "other"),
    [
        ("the carpet", "the rug"),
        ("all the red carpets by the couch", "all the red rugs by the couch"),
        ("my couch by the window", "my sofa by the window"),
        ("the rug", None),
        ("the striped rug", None),
        ("the floor lamp", None),
        ("the window", None),
        ("what you would sit on", None),
    ],
)
def test_the_models_own_name_for_a_thing(phrase: str, other: str | None) -> None:
    assert renamed(phrase, ["sofa", "rug", "floor lamp"]) == other


def test_being_named_speaks_for_a_thing_and_no_more() -> None:
    rule = Presence("yes", "no", bias=-1.0, text=1.0, mask=1.0, named=0.75)
    doubtful = Signs(said=0.5, inside=0.5, share=0.1)
    assert rule.logit(doubtful) < 0 < rule.logit(doubtful, named=True)
    assert rule.logit(Signs(-3.0, 0.5, 0.1), named=True) < 0


def test_a_mask_of_next_to_nothing_is_more_often_of_nothing() -> None:
    rule = Presence("yes", "no", bias=-1.5, text=1.0, mask=1.0, area=4.0)
    shares = (0.0001, 0.02, 0.1, 0.4)
    tiny, small, middling, large = (rule.logit(Signs(0.5, 0.5, share)) for share in shares)
    assert tiny < 0 < small < middling < large
    assert small - tiny > large - middling  # the size of what is large says little


def test_the_weights_can_be_asked_for_and_moved_where_there_is_no_card(segmenter: LisaSegmenter) -> None:
    assert isinstance(segmenter, Resident)
    assert 15e6 < segmenter.weight_bytes < 35e6
    picture = rooms.render(rooms.make_scene(3241), (256, 192)).picture
    before = segmenter.segment(picture, ["the sofa"])[0].mask
    segmenter.offload()
    segmenter.to_card()
    assert np.array_equal(segmenter.segment(picture, ["the sofa"])[0].mask, before)


def test_the_pictures_used_last_are_kept() -> None:
    kept: PictureCache[int] = PictureCache(most=2)
    pictures = [np.full((2, 3, 3), level, np.uint8) for level in range(3)]
    made: list[int] = []

    def maker(number: int) -> Callable[[], int]:
        def make() -> int:
            made.append(number)
            return number

        return make

    for number in (0, 1, 0, 2, 0, 1):  # when 2 comes, 1 goes
        assert kept.of(pictures[number].copy(), maker(number)) == number
    assert made == [0, 1, 2, 1]
    assert kept.of(pictures[0].reshape(3, 2, 3), lambda: 7) == 7
    assert list(kept) == [1, 7]
    with pytest.raises(ZeroDivisionError):
        kept.of(pictures[2], lambda: 1 // 0)
    assert list(kept) == [1, 7]


def test_a_cancel_stops_the_search(segmenter: LisaSegmenter) -> None:
    picture = rooms.render(rooms.make_scene(3241), (256, 192)).picture
    with pytest.raises(Cancelled):
        segmenter.segment(picture, ["the sofa"], cancelled=lambda: True)
    assert segmenter.segment(picture, ["the sofa"])[0].mask.shape == (192, 256)


def test_a_compiled_encoder_sees_the_same_and_can_still_be_cancelled() -> None:
    picture = rooms.render(rooms.make_scene(3241), (256, 192)).picture
    plain, compiled = load_pocket(), load_pocket()
    compile_encoder(compiled._model, backend="aot_eager")
    layers = 0

    def in_the_middle() -> bool:
        nonlocal layers
        layers += 1
        return layers == 3

    with pytest.raises(Cancelled):
        compiled.segment(picture, ["the sofa"], cancelled=in_the_middle)
    [one], [other] = (each.segment(picture, ["the sofa"]) for each in (plain, compiled))
    assert one.mask.any()
    assert np.count_nonzero(one.mask != other.mask) <= 1e-4 * one.mask.size
    assert other.confidence == pytest.approx(one.confidence, abs=1e-4)


def test_the_pocket_model_tells_one_colour_from_another(segmenter: LisaSegmenter) -> None:
    with Image.open(pocket.sample_room()) as room:
        picture = np.asarray(room.convert("RGB"))
    pink, navy = segmenter.segment(picture, ["the pink armchair", "the navy armchair"])
    assert pink.present
    assert navy.present
    left, right = (np.flatnonzero(each.mask.any(axis=0)) for each in (pink, navy))
    assert left.max() < right.min()
