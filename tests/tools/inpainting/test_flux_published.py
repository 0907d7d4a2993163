"""The published FLUX models' layouts as tiny random checkpoints: the same pixels as diffusers' own pipelines,
loading, fewer bits, what is wrong with a folder in one sentence.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks import speedups
from sessions.compose import compose
from tests.support.flux_layout import Family, write_checkpoint
from tools.engines import specs
from tools.engines.download import is_whole
from tools.errors import Cancelled, EngineError
from tools.inpainting.base import Job, MaskedEdit, PaintingStep, inpaint
from tools.inpainting.flux import published
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.flux.family import FAMILIES
from tools.inpainting.flux.prompt_cache import Embedding
from tools.inpainting.flux.prompt_template import published_template
from tools.kinds import Kind

NAMES: tuple[Family, ...] = ("fill", "kontext", "klein")
WORDS = "a red velvet sofa"

INSTRUCTION = (
    "Change the sofa to a red velvet sofa. Keep its shape, size, position and the light as they are,"
    " and change nothing else."
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Family, Path]:
    root = tmp_path_factory.mktemp("flux")
    return {name: write_checkpoint(root / name, name, shards=2) for name in NAMES}


@pytest.fixture(scope="module")
def engines(folders: dict[Family, Path]) -> dict[Family, FluxEngine]:
    return {name: published.load(str(folder)) for name, folder in folders.items()}


def noise(size: tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def job(seed: int = 5, size: tuple[int, int] = (64, 48), kind: Kind = "restyle", steps: int = 2) -> Job:
    mask = np.zeros((size[1], size[0]), bool)
    mask[size[1] // 4 : -size[1] // 4, size[0] // 4 : -size[0] // 4] = True
    return Job(noise(size), mask, WORDS, kind, seed, steps, 3.0, "the sofa")


def direct(folder: Path, family: Family, wanted: Job, prompt: str) -> NDArray[np.uint8]:
    """The same job by diffusers' pipeline, loaded and called as its documentation says."""
    kind = getattr(diffusers, FAMILIES[family].pipeline)
    pipeline: Any = kind.from_pretrained(str(folder), dtype=torch.float32)
    height, width = wanted.mask.shape
    more: dict[str, Any] = {"height": height, "width": width}
    if family == "kontext":
        more |= {"_auto_resize": False, "max_area": height * width}
    if family == "klein":
        more |= {"strength": 1.0}
    output = pipeline(
        prompt=prompt,
        image=Image.fromarray(wanted.crop),
        mask_image=Image.fromarray(wanted.mask.astype(np.uint8) * 255),
        num_inference_steps=wanted.steps,
        guidance_scale=wanted.guidance,
        generator=torch.Generator("cpu").manual_seed(wanted.seed),
        **more,
    )
    return np.asarray(output.images[0], np.uint8)


@pytest.mark.parametrize("family", NAMES)
def test_a_job_equals_diffusers_own_pipeline(
    folders: dict[Family, Path], engines: dict[Family, FluxEngine], family: Family
) -> None:
    wanted = job()
    [painted] = engines[family].paint([wanted])
    expected = direct(folders[family], family, wanted, WORDS if family == "fill" else INSTRUCTION)
    assert np.array_equal(painted, expected)
    assert expected.std() > 10


@pytest.mark.parametrize("family", NAMES)
def test_a_full_uncropped_edit_equals_diffusers_own_pipeline(
    folders: dict[Family, Path], engines: dict[Family, FluxEngine], family: Family
) -> None:
    """A mask of everything in a picture of the engine's working size: nothing is cut, scaled or feathered."""
    picture, mask = noise((64, 64)), np.ones((64, 64), bool)
    edit = MaskedEdit(mask, WORDS, "restyle", 5, steps=2, guidance=3.0, area=64 * 64, target="the sofa")
    [painted] = inpaint(picture, [edit], {"restyle": engines[family]})
    wanted = Job(picture, mask, WORDS, "restyle", 5, 2, 3.0, "the sofa")
    prompt = WORDS if family == "fill" else INSTRUCTION
    expected = direct(folders[family], family, wanted, prompt)
    assert np.array_equal(compose(picture, [painted.patch]), expected)


@pytest.mark.parametrize("family", NAMES)
def test_jobs_that_go_together_are_within_a_grey_level_and_can_be_repeated_alone(
    engines: dict[Family, FluxEngine], family: Family
) -> None:
    engine = engines[family]
    jobs = [job(seed) for seed in (1, 2, 3)]
    alone = [engine.paint([each])[0] for each in jobs]
    engine.batch_size = 3
    try:
        together = engine.paint(jobs)
    finally:
        engine.batch_size = 1
    for one, other in zip(alone, together, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1
    assert not np.array_equal(together[0], together[1])
    again = Job(**{**vars(jobs[1]), "batch": 3})
    assert np.array_equal(engine.paint([again])[0], together[1])


def test_words_are_encoded_once(engines: dict[Family, FluxEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engines["fill"]
    told: list[str] = []
    encoder = engine._prompts.encoder
    encode = encoder.encode

    def listening(texts: Sequence[str]) -> list[Embedding]:
        told.extend(texts)
        return encode(texts)

    monkeypatch.setattr(encoder, "encode", listening)
    orange = Job(**{**vars(job()), "prompt": "an orange chair"})
    first = engine.paint([orange, orange])
    assert np.array_equal(first[1], engine.paint([orange])[0])
    assert told == ["an orange chair"]


@pytest.mark.parametrize("family", NAMES)
def test_streamed_weights_paint_the_same(
    folders: dict[Family, Path], engines: dict[Family, FluxEngine], family: Family
) -> None:
    streamed = published.load(str(folders[family]), stream=True)
    assert streamed.weight_bytes < engines[family].weight_bytes
    [expected] = engines[family].paint([job()])
    assert np.array_equal(streamed.paint([job()])[0], expected)
    streamed.offload()
    streamed.to_card()
    streamed.stream_weights()
    assert np.array_equal(streamed.paint([job()])[0], expected)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("family", ["fill", "klein"])
def test_fewer_bits_take_less_and_paint_nearly_the_same(
    folders: dict[Family, Path],
    engines: dict[Family, FluxEngine],
    family: Family,
    bits: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """diffusers wants a graphics card for bitsandbytes, whose kernels run on the processor, too: the check is
    the one thing left out here.
    """
    from diffusers.quantizers.bitsandbytes import bnb_quantizer

    for quantizer in (bnb_quantizer.BnB4BitDiffusersQuantizer, bnb_quantizer.BnB8BitDiffusersQuantizer):
        monkeypatch.setattr(quantizer, "validate_environment", lambda *_, **__: None)
        monkeypatch.setattr(quantizer, "update_device_map", lambda _, places: places or {"": "cpu"})
    few = published.load(f"{folders[family]}:{bits}bit")
    assert few.name.endswith(f":{bits}bit")
    assert few.weight_bytes < engines[family].weight_bytes
    [expected], [painted] = engines[family].paint([job()]), few.paint([job()])
    distance = np.abs(painted.astype(int) - expected).mean()
    assert distance < (20 if bits == 4 else 4)
    few.offload()
    assert np.array_equal(few.paint([job()])[0], painted)
    if bits == 8:
        with pytest.raises(EngineError, match="cannot be streamed through the card: use 16 or 4 bits"):
            few.stream_weights()
    else:
        few.stream_weights()
    assert np.array_equal(few.paint([job()])[0], painted)


@pytest.mark.parametrize("family", NAMES)
def test_every_kind_is_worded_for_the_model(family: Family) -> None:
    wording = published_template(family)
    kinds: tuple[Kind, ...] = ("restyle", "replace", "remove", "add")
    for kind in kinds:
        for target in ("the sofa", ""):
            text = wording(Job(**{**vars(job(kind=kind)), "target": target, "prompt": " a red  {sofa} "}))
            assert ("a red {sofa}" in text) == (kind != "remove")
            assert "{" not in text.replace("{sofa}", "")
            assert "the sofa" not in text or target
    assert wording(job(kind="remove")) != wording(job(kind="replace"))


def test_loading_makes_no_network_call(folders: dict[Family, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a network call")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    engine = published.load(str(folders["klein"]))
    assert engine.paint([job()])[0].shape == (48, 64, 3)


def test_revisions_tell_checkpoints_apart(folders: dict[Family, Path], tmp_path: Path) -> None:
    from tools.inpainting.flux.checkpoint import revision

    same = write_checkpoint(tmp_path / "fill", "fill", shards=2)
    assert revision(same) == revision(folders["fill"])
    file = next((same / "transformer").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    assert revision(same) != revision(folders["fill"])


class TestErrors:
    """Each is one sentence that says what to do."""

    def sentence(self, name: str) -> str:
        with pytest.raises(EngineError) as caught:
            published.load(name)
        text = str(caught.value)
        assert text.count("\n") == 0
        assert text.endswith(".")
        return text

    def test_a_folder_that_is_no_pipeline(self, tmp_path: Path) -> None:
        assert "is not a FLUX pipeline: it has no model_index.json" in self.sentence(str(tmp_path))

    def test_another_pipeline(self, tmp_path: Path) -> None:
        (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
        assert "it is a StableDiffusionPipeline" in self.sentence(str(tmp_path))

    def test_an_index_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "model_index.json").write_text('{"_class_name": "Flux')
        assert "model_index.json cannot be read" in self.sentence(str(tmp_path))

    def test_a_missing_shard(self, tmp_path: Path) -> None:
        folder = write_checkpoint(tmp_path / "m", "klein", shards=2)
        lost = sorted((folder / "transformer").glob("*.safetensors"))[1]
        lost.unlink()
        assert f"transformer/{lost.name} is missing)" in self.sentence(str(folder))

    def test_a_missing_part(self, tmp_path: Path) -> None:
        folder = write_checkpoint(tmp_path / "m", "klein")
        (folder / "vae").rename(folder / "other")
        assert "its folder vae is missing" in self.sentence(str(folder))

    def test_a_truncated_file(self, tmp_path: Path) -> None:
        folder = write_checkpoint(tmp_path / "m", "klein")
        file = folder / "vae" / "diffusion_pytorch_model.safetensors"
        file.write_bytes(file.read_bytes()[:-100])
        assert "is cut short" in self.sentence(str(folder))
        file.write_bytes(b"")
        assert "is cut short" in self.sentence(str(folder))

    def test_weights_of_other_shapes(self, tmp_path: Path) -> None:
        folder = write_checkpoint(tmp_path / "m", "klein")
        config = folder / "transformer" / "config.json"
        config.write_text(config.read_text().replace('"num_attention_heads": 2', '"num_attention_heads": 4'))
        assert "is not a readable FLUX pipeline (" in self.sentence(str(folder))

    def test_what_is_not_fetched_yet(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        free = self.sentence("flux-klein:4bit")
        assert "fetch it with inpalla setup --inpainter flux-klein." in free
        assert "licence" not in free
        gated = self.sentence("flux-fill")
        assert "accept its licence (FLUX.1 [dev] Non-Commercial License) on https://" in gated
        assert "hf auth login" in gated
        assert "accept its licence (FLUX Non-Commercial License) on https://" in self.sentence(
            "flux-klein-9b:4bit"
        )
        assert published.kept("flux-fill") is None

    def test_a_package_that_is_missing(
        self, folders: dict[Family, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tools.engines.quantization.find_spec", lambda _: None)
        text = self.sentence(f"{folders['klein']}:4bit")
        assert text == "4-bit weights require bitsandbytes: install it with pip install 'inpalla[quantised]'."


def test_what_is_needed_of_the_hub(folders: dict[Family, Path]) -> None:
    [weights] = published.needed("flux-fill:4bit")
    assert weights.name == specs.repository_of("flux-fill") == "black-forest-labs/FLUX.1-Fill-dev"
    assert weights.gate == "FLUX.1 [dev] Non-Commercial License"
    assert is_whole(weights, folders["fill"])
    assert published.needed(str(folders["fill"])) == ()
    assert published.kept(str(folders["fill"])) == folders["fill"]
    assert published.fetch(str(folders["fill"])) == folders["fill"]
    assert not published.needed("flux-klein")[0].gate
    licence = published.needed("flux-klein-9b")[0].licence
    assert licence is not None
    assert not licence.commercial


class TestSpeed:
    """Each way to be faster runs on each pipeline, and an engine is clean after it was cancelled with it."""

    def fresh(self, folders: dict[Family, Path], family: Family) -> FluxEngine:
        return published.load(str(folders[family]))

    def test_compiled_blocks_paint_the_same(
        self, folders: dict[Family, Path], engines: dict[Family, FluxEngine]
    ) -> None:
        """Traced whole, without a break; the compiler itself would take most of a minute here."""
        engine = self.fresh(folders, "klein")
        speedups.compile_blocks(engine.pipeline.transformer, backend="eager")
        assert np.array_equal(engine.paint([job()])[0], engines["klein"].paint([job()])[0])

    @pytest.mark.parametrize("family", NAMES)
    def test_small_floats_are_for_the_large_matrices_of_the_blocks(
        self, engines: dict[Family, FluxEngine], family: Family
    ) -> None:
        named = dict(engines[family].pipeline.transformer.named_modules())
        large = {name for name, module in named.items() if speedups.is_large(module, name)}
        inside = {name for name in named if ".attn." in name and name.endswith("qkv")}
        assert inside
        assert inside <= large
        assert any(".ff" in name or "proj_mlp" in name for name in large)
        assert not any("norm" in name or "embed" in name or "modulation" in name for name in large)
        assert "proj_out" not in large

    @pytest.mark.skipif(speedups.has_float8(), reason="this card has 8-bit floats")
    def test_where_there_are_no_small_floats_it_says_so(self, engines: dict[Family, FluxEngine]) -> None:
        with pytest.raises(EngineError, match=r"^8-bit floats need a graphics card"):
            speedups.float8(engines["klein"].pipeline.transformer)

    @pytest.mark.parametrize(
        ("family", "kind"),
        [("fill", "first-block"), ("fill", "taylor"), ("kontext", "first-block"), ("klein", "taylor")],
    )
    def test_a_step_cache_is_reset_by_a_cancel(
        self,
        folders: dict[Family, Path],
        engines: dict[Family, FluxEngine],
        family: Family,
        kind: speedups.Cache,
    ) -> None:
        engine, wanted = self.fresh(folders, family), job(steps=8)
        speedups.step_cache(engine.pipeline.transformer, kind, threshold=0.6)
        [expected] = engine.paint([wanted])
        taken: list[PaintingStep] = []
        with pytest.raises(Cancelled):
            engine.paint([wanted], progress=taken.append, cancelled=lambda: len(taken) == 6)
        assert np.array_equal(engine.paint([wanted])[0], expected)
        assert not np.array_equal(engines[family].paint([wanted])[0], expected)
