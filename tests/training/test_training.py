"""The training recipes: resuming, packed questions, FLUX's token layout, and the tokenizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import pocket
from pocket import rooms
from pocket.rooms.scene import collide
from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER
from tools.segmenting.lisa.text import LisaTokenizer
from training import loop
from training.pocket import __main__ as recipe
from training.pocket import flux, lisa, panoptic_data, samples, surface_critic, text, uses, vae
from training.pocket.lisa_data import Said


def _train(folder: Path, steps: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(32, 48), nn.Tanh(), nn.Linear(48, 32))
    modules: dict[str, nn.Module] = {"model": model}

    def step(number: int) -> tuple[torch.Tensor, loop.Metrics]:
        inputs = torch.from_numpy(np.random.default_rng(number).standard_normal((8, 32), np.float32))
        return (model(inputs) - inputs.flip(1)).square().mean(), {}

    loop.run(
        name="test",
        folder=folder,
        modules=modules,
        optimisers=loop.optimisers(modules, matrix_rate=1e-2, other_rate=1e-2),
        ema=loop.Ema(modules, 0.9),
        schedule=loop.Schedule(steps=steps, warmup=2, decay=1e-9),
        step=step,
        on_save=lambda _: None,
    )
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = _train(tmp_path / "whole", 12)
    _train(tmp_path / "parts", 5)
    parts = _train(tmp_path / "parts", 12)
    start = _train(tmp_path / "short", 5)
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value)
    assert any(not torch.equal(start[name], value) for name, value in whole.items())


def test_the_rate_warms_up_and_ends_small_by_steps_or_by_the_clock() -> None:
    schedule = loop.Schedule(steps=1000, minutes=10, warmup=100, decay=0.5)
    assert schedule.rate(0, 0) < 0.05
    assert schedule.rate(300, 60) == pytest.approx(1.0)
    assert schedule.rate(999, 60) < 0.06
    assert schedule.rate(300, 599) < 0.06
    assert schedule.progress(10, 600) == 1.0


def test_questions_after_a_shared_prefix_equal_separate_ones() -> None:
    """The prefix is read once, and each question gets the states that it would get behind it alone."""
    torch.manual_seed(0)
    model = lisa.build(600).eval()
    prefix = torch.randint(0, 600, (7,))
    prefix[3] = IMAGE_PLACEHOLDER
    pictures, ids = torch.randn(2, 4, 192), torch.randint(0, 600, (2, 3, 6))
    with torch.no_grad():
        [together] = lisa.read(model, prefix, pictures, [ids])
        for picture, questions, states in zip(pictures, ids, together, strict=True):
            for question, state in zip(questions, states, strict=True):
                alone = model.read([prefix], picture, question.tolist())[0, 1:]
                torch.testing.assert_close(state, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("prompt", "kind", "colour", "material"),
    [
        ("a dark green window pane", "window", "dark green", None),
        ("light blue couch", "sofa", "light blue", None),
        ("a black metal mirror", "mirror", None, "black metal"),
        ("checked curtains", "curtain", None, "checked"),
        ("nothing", None, None, None),
    ],
)
def test_what_a_painters_prompt_names(
    prompt: str, kind: str | None, colour: str | None, material: str | None
) -> None:
    words = (rooms.KINDS, tuple(rooms.COLOURS), rooms.MATERIALS)
    [named] = surface_critic.labels([prompt]).tolist()
    said = [table[place] if place >= 0 else None for table, place in zip(words, named, strict=True)]
    assert said == [kind, colour, material]


def test_an_eye_sees_what_is_inside_the_mask_alone() -> None:
    torch.manual_seed(0)
    looking = surface_critic.Eye()
    one, other = torch.randn(2, 1, 8, 24, 24)
    inside = torch.zeros(1, 1, 24, 24)
    inside[..., 8:16, 8:16] = 1
    far = torch.ones(1, 1, 24, 24)
    far[..., 1:23, 1:23] = 0  # further from the mask than any feature reaches, but for the border
    seen, names = looking(one, inside)
    assert torch.allclose(looking(torch.where(far > 0, other, one), inside)[0], seen, atol=0.05)
    assert not torch.allclose(looking(other, inside)[0], seen, atol=0.05)
    wanted = names.split(looking.sizes, 1)
    true = torch.stack([part.argmax(1) for part in wanted], 1)
    false = torch.stack([part.argmin(1) for part in wanted], 1)
    assert looking.misnamed(names, true) < looking.misnamed(names, false)
    assert looking.misnamed(names, torch.full((1, 3), -1)) == 0


def test_flux_tokens_are_laid_out_as_the_pipelines_do() -> None:
    from diffusers import FluxFillPipeline

    latents = torch.randn(2, 8, 6, 10)
    expected = FluxFillPipeline._pack_latents(latents, 2, 8, 6, 10)
    assert torch.equal(flux.pack(latents), expected)
    assert torch.equal(flux.unpack(expected, (3, 5)), latents)
    ids = FluxFillPipeline._prepare_latent_image_ids(1, 3, 5, torch.device("cpu"), torch.float32)
    assert torch.equal(flux.position_ids((3, 5), torch.device("cpu")), ids)


def test_mask_tokens_are_laid_out_as_the_fill_pipeline_does() -> None:
    from diffusers import FluxFillPipeline

    clip, clip_words, t5, t5_words = flux.build_text_encoders()
    pipeline = FluxFillPipeline(
        scheduler=None,
        vae=vae.build(),
        text_encoder=clip,
        tokenizer=clip_words,
        text_encoder_2=t5,
        tokenizer_2=t5_words,
        transformer=None,
    )
    mask = (torch.rand(1, 48, 80) > 0.5).float()
    expected, _ = pipeline.prepare_mask_latents(
        mask[:, None], torch.zeros(1, 8, 6, 10), 1, 8, 1, 48, 80, torch.float32, torch.device("cpu"), None
    )
    assert torch.equal(flux.pack_mask(mask), expected)


@pytest.mark.parametrize(
    "prompt", ["a red leather sofa", "a dark green velvet armchair", "an oak coffee table"]
)
def test_known_words_are_one_token_each(prompt: str) -> None:
    for tokenizer in (text.t5_tokenizer(), text.clip_tokenizer()):
        ids = tokenizer(prompt, add_special_tokens=False).input_ids
        assert len(ids) == len(prompt.split())
        assert tokenizer.unk_token_id not in ids


def test_unknown_words_fall_into_letters_and_stay_apart() -> None:
    tokenizer = text.t5_tokenizer()
    one, other = (tokenizer(word, add_special_tokens=False).input_ids for word in ("terrazzo", "papyrus"))
    assert tokenizer.unk_token_id not in one + other
    assert one != other


@pytest.mark.parametrize("seed", range(4))
def test_a_sample_changes_nothing_outside_its_mask(seed: int) -> None:
    sample = samples.draw_sample(seed)
    assert sample.truth.shape == sample.before.shape == (*sample.mask.shape, 3)
    assert sample.mask.shape[::-1] in samples.BUCKETS
    away = np.abs(sample.truth.astype(int) - sample.before.astype(int)).max(axis=2)
    # Shadows and reflected light reach a little further than the mask.
    assert (away[~sample.mask] <= 24).mean() > 0.9
    if sample.task != "add":
        assert away[sample.mask].mean() > 2
    assert repr(sample) == repr(samples.draw_sample(seed))


@pytest.mark.parametrize("seed", range(3))
def test_contrasts_differ_in_words_and_surface_alone(seed: int) -> None:
    drawn = samples.draw_contrast(seed)
    assert len(drawn) == samples.CONTRAST == len({sample.prompt for sample in drawn})
    first = drawn[0]
    for other in drawn[1:]:
        assert np.array_equal(other.before, first.before)
        assert np.array_equal(other.mask, first.mask)
        away = np.abs(other.truth.astype(int) - first.truth.astype(int)).max(axis=2)
        assert (away[~first.mask] <= 24).mean() > 0.9
        assert away[first.mask].mean() > 2


def test_a_rearranged_room_has_one_more_thing_that_is_seen_and_none_through_another() -> None:
    more = 0
    for seed in range(12):
        scene = rooms.make_scene(seed)
        moved = panoptic_data.rearranged(scene, np.random.default_rng(seed))
        stays = moved.things[: len(scene.things)]
        assert [thing.kind for thing in stays] == [thing.kind for thing in scene.things]
        if len(moved.things) == len(scene.things):
            assert moved == scene
            continue
        more += 1
        place = len(scene.things)
        assert len(moved.things) == place + 1
        new = moved.things[place]
        for i, other in enumerate(stays):
            apart = i < 2 or other.gone or i == new.on or "rug" in (other.kind, new.kind)
            apart |= {new.kind, other.kind} == {"window", "curtain"}
            assert apart or not collide(new, other)
    assert more >= 6


def test_what_is_missed_of_a_contrast_leaves_out_what_all_have_in_common() -> None:
    torch.manual_seed(0)
    truth, inside = torch.randn(8, 6, 4), torch.ones(8, 6)
    common = torch.randn(2, 1, 6, 4).expand(2, 4, 6, 4).reshape(8, 6, 4)
    assert float(flux.missed(truth + 3 * common, truth, inside, 4)) < 1e-6
    alike = truth.view(2, 4, 6, 4).mean(1, keepdim=True).expand(2, 4, 6, 4).reshape(8, 6, 4)
    assert float(flux.missed(alike, truth, inside, 4)) == pytest.approx(1.0, abs=0.05)
    assert float(flux.missed(truth.roll(1, 0), truth, inside, 4)) > 1.0


def test_a_bag_of_words_reads_uses_that_were_never_trained() -> None:
    tokenizer = LisaTokenizer(pocket.weights("lisa") / "tokenizer.model")
    new = [(words, kind) for kind, texts in rooms.USES_HELD_OUT.items() for words in texts]
    bag = uses.train_bag(uses.Uses(), tokenizer, steps=200)
    said = bag([words for words, _ in new]).argmax(1).tolist()
    assert np.mean([rooms.KINDS[kind] == true for kind, (_, true) in zip(said, new, strict=True)]) > 0.5


def test_soups_are_new_and_short() -> None:
    kitchen, rng = uses.Uses(), np.random.default_rng(0)
    soups = [kitchen.soup(rng) for _ in range(300)]
    assert all(2 <= len(soup.split()) <= uses.LONGEST for soup in soups)
    assert sum(soup in kitchen.kinds for soup in soups) < 150


def test_questions_come_from_every_group() -> None:
    said = [Said(f"plain {i}", (1,), "plain") for i in range(50)] + [Said("by use", (1,), "use")]
    said += [Said("absent", (), "absent")]
    rng = np.random.default_rng(0)
    chosen = [lisa.Batches._choose(said, rng) for _ in range(20)]
    uses = sum(s.group == "use" for present, _ in chosen for s in present)
    assert 30 < uses < 90  # half of 120, though there is one among 51
    assert all(not s.things for _, absent in chosen for s in absent)


def test_the_placeholder_is_no_word() -> None:
    assert IMAGE_PLACEHOLDER < 0


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what ``make train-pocket`` leaves, carried out with a handful of rooms and steps."""
    folder = tmp_path_factory.mktemp("trial")
    recipe.main(["--trial", "--runs", str(folder / "runs"), "--weights", str(folder / "weights")])
    return folder


def test_the_recipe_ends_with_models_that_the_program_loads(trial: Path) -> None:
    from diffusers import FluxFillPipeline, FluxTransformer2DModel

    from tools.segmenting.lisa.segmenter import LisaSegmenter

    segmenter = LisaSegmenter.from_folder("trial", trial / "weights" / "lisa")
    picture = np.zeros((48, 64, 3), np.uint8)
    assert segmenter.segment(picture, ["the sofa"])[0].mask.shape == (48, 64)
    fill = FluxFillPipeline.from_pretrained(str(trial / "weights" / "flux-fill"))
    kontext = FluxTransformer2DModel.from_pretrained(str(trial / "weights" / "flux-kontext" / "transformer"))
    shared = "transformer_blocks.0.attn.to_q.weight"
    assert torch.equal(fill.transformer.state_dict()[shared], kontext.state_dict()[shared])


def test_a_training_begins_with_given_weights_and_prefetches_its_batches(trial: Path, tmp_path: Path) -> None:
    from diffusers import FluxFillPipeline

    from tools.segmenting.lisa.model import Lisa

    lisa_options = ["--data", str(trial / "runs" / "records"), "--init", str(trial / "weights" / "lisa")]
    ends = []
    for workers in ("0", "1"):
        out = tmp_path / workers
        lisa.main([*lisa_options, "--out", str(out), "--steps", "1", "--batch", "2", "--workers", workers])
        ends.append(Lisa.from_pretrained(str(out / "model")).state_dict())
    begun = Lisa.from_pretrained(str(trial / "weights" / "lisa")).state_dict()
    changed = [name for name in begun if not torch.equal(begun[name].float(), ends[0][name].float())]
    assert len(changed) > 100  # it was trained
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name])  # the same batches, whoever makes them
        assert (value - begun[name]).abs().mean() < 0.02  # from where it began

    flux_options = ["--data", str(trial / "runs" / "samples"), "--vae", str(trial / "runs" / "vae" / "vae")]
    flux_options += ["--contrasts", str(trial / "runs" / "contrasts")]
    flux_options += ["--init", str(trial / "weights"), "--out", str(tmp_path / "flux")]
    flux.main([*flux_options, "--steps", "1", "--batch", "2"])
    painter = flux.Painter()
    painter.load(trial / "weights")
    trained = FluxFillPipeline.from_pretrained(str(tmp_path / "flux" / "fill")).transformer.state_dict()
    for name, value in painter.fill.state_dict().items():
        assert (value - trained[name]).abs().mean() < 0.02
