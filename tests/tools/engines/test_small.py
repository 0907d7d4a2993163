"""The preset ``small``: tiny random weights in the published layouts, through the whole program."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from scipy import ndimage

from agent.turn.editor import open_editor
from agent.turn.events import Event
from sessions import Sessions
from sessions.compose import compose
from tests.support import sd15_layout
from tests.support.command_line import Run
from tests.support.stand_in_hub import Hub
from tools.engines import estimate, number_formats, registry, specs
from tools.engines.download import forget, size_words
from tools.engines.requirements import download
from tools.errors import Cancelled, EngineError
from tools.inpainting.base import Job, MaskedEdit, PaintingStep, inpaint
from tools.inpainting.lama import engine as lama
from tools.inpainting.lama.engine import LamaEngine
from tools.inpainting.stable_diffusion import attention
from tools.inpainting.stable_diffusion import engine as painter
from tools.inpainting.stable_diffusion.adapter import merge
from tools.inpainting.stable_diffusion.engine import StableDiffusionEngine
from tools.kinds import Kind

MODEL = specs.repository_of("sd15-inpainting")
ADAPTER = "latent-consistency/lcm-lora-sdv1-5"
ROOT = Path(__file__).parents[3]
SIDE = 128


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's cache with all that the preset needs."""
    folder = tmp_path_factory.mktemp("small") / "hub"
    sd15_layout.write_hub(folder)
    return folder


@pytest.fixture(autouse=True)
def here(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That cache, an empty data folder, nobody logged in, no network; crops of 128² pixels, not 512²."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(registry, "_loaded", dict(registry._loaded))
    monkeypatch.setattr(StableDiffusionEngine, "area", SIDE * SIDE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def engine(cache: Path) -> Iterator[StableDiffusionEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        yield painter.load()


def photo(seed: int = 0) -> NDArray[np.uint8]:
    """A picture that passes for a photograph: soft shapes and grain."""
    rng = np.random.default_rng(seed)
    shapes = ndimage.gaussian_filter(rng.normal(size=(240, 320, 3)), (6, 6, 0)) * 600
    grain = rng.normal(size=(240, 320, 3)) * 6
    return (128 + shapes + grain).clip(0, 255).astype(np.uint8)


def mask() -> NDArray[np.bool_]:
    made = np.zeros((240, 320), bool)
    made[80:150, 100:200] = True
    return made


def job(kind: Kind = "restyle", **given: object) -> Job:
    crop = np.ascontiguousarray(photo()[:SIDE, :SIDE])
    where = np.zeros((SIDE, SIDE), bool)
    where[40:90, 30:100] = True
    fields: dict[str, Any] = {"prompt": "a leather sofa", "seed": 1, "steps": 4, "guidance": 1.0, **given}
    return Job(crop, where, kind=kind, **fields)


# ---- the whole program -------------------------------------------------------------------------------------

TURNS = (
    "make the sofa leather", "make the rug red", "remove the lamp", "keep it", "add a cat on the rug",
    "keep it", "replace the chair with a plant", "undo only the rug", "make the walls green", "darker",
    "undo", "redo",
)  # fmt: skip


def test_twelve_turns_of_all_kinds(here: Path, inpalla: Run) -> None:
    Image.fromarray(photo()).save("photo.png")
    _, out, err = inpalla(
        "edit", "photo.png", *TURNS, "-o", "out.png", "--yes", "--session", "s", "--preset", "small"
    )
    assert "Traceback" not in out + err
    assert "Done: the rug → a red rug." in out
    assert "This is version" in out
    told = [line for line in (out + err).splitlines() if line.startswith(("Done: ", "This is version"))]
    assert [line.split(".")[0] for line in told if line.startswith("Done: ")] == [
        "Done: the sofa → a leather sofa", "Done: the rug → a red rug", "Done: the lamp removed",
        "Done: a cat added on the rug", "Done: the chair → a plant", "Done: the rug → as before",
        "Done: the walls → green walls", "Done: the walls → forest green walls, darker",
    ]  # fmt: skip
    assert len(told) == 10
    with Sessions(here / "data" / "sessions").open("s") as session:
        layers = session.layers
        painters = {layer.kind: layer.request.get("engine") for layer in layers}
        of_things = [(layer.target, layer.request.get("engine")) for layer in layers[:2]]
        base = session.picture(0)
        patches = [session.patch(layer.id) for layer in layers if layer.visible]
    assert [layer.kind for layer in layers] == ["restyle", "restyle", "remove", "add", "replace", "restyle"]
    assert of_things == [("the sofa", "sd15-inpainting"), ("the rug", "recolour")]
    assert painters["remove"] == "lama"
    assert painters["add"] == painters["replace"] == "sd15-inpainting"
    rug = next(layer for layer in layers if layer.target == "the rug")
    assert not rug.visible
    out_picture = np.asarray(Image.open("out.png").convert("RGB"))
    assert (out_picture == compose(base, patches)).all()
    reached = np.zeros(base.shape[:2], bool)
    for patch in patches:
        box = patch.box
        reached[box.y0 : box.y1, box.x0 : box.x1] |= patch.rgba[..., 3] > 0
    assert (out_picture == base)[~reached].all()
    code, said, _ = inpalla("replay", "out.png", "-o", "again.png", "--json")
    assert (code, json.loads(said)["identical"]) == (0, True)
    assert (np.asarray(Image.open("again.png").convert("RGB")) == out_picture).all()


def test_a_replay_gives_the_same_pixels(inpalla: Run) -> None:
    Image.fromarray(photo()).save("photo.png")
    assert (
        inpalla("edit", "photo.png", "make the sofa leather", "-o", "one.png", "--yes", "--preset", "small")[
            0
        ]
        == 0
    )
    code, out, _ = inpalla("replay", "one.png", "-o", "again.png", "--json")
    assert code == 0
    assert json.loads(out)["identical"]
    assert Path("one.png").read_bytes() == Path("again.png").read_bytes()


def test_pocket_leads_there_when_it_is_shown_a_photograph(inpalla: Run) -> None:
    Image.fromarray(photo()).save("photo.png")
    code, out, err = inpalla("edit", "photo.png", "make the sofa red", "-o", "one.png")
    assert (code, out) == (1, "")
    assert "inpalla setup --preset small" in err
    assert f"fetches {size_words(download(registry.PRESETS['small']).total)} once" in err
    assert not Path("one.png").exists()


@pytest.mark.parametrize(
    ("arguments", "command", "size"),
    [
        (("segment", "photo.png", "the sofa", "-o", "m.png"), "setup --preset small", 3.3),
        (("inpaint", "photo.png", "mask.png", "a cat", "-o", "o.png"), "setup --preset small", 3.3),
        (("edit", "photo.png", "remove the sofa", "-o", "o.png"), "setup --preset small", 3.3),
        (
            ("segment", "photo.png", "the sofa", "-o", "m.png", "--segmenter", "sam3"),
            "setup --segmenter sam3",
            3.4,
        ),
        (
            ("edit", "photo.png", "remove the sofa", "-o", "o.png", "--inpainter", "remove=lama"),
            "setup --preset small",
            3.3,
        ),
    ],
)
def test_each_command_names_what_fetches_all_that_it_lacks(
    here: Path,
    inpalla: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    command: str,
    size: float,
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(here / "empty"))
    monkeypatch.setattr(registry, "_loaded", {})
    Image.fromarray(photo()).save("photo.png")
    Image.fromarray(mask()).save("mask.png")
    code, _, err = inpalla(*arguments, "--preset", "small")
    assert code == 1
    assert err.endswith(f"with inpalla {command} (about {size} GB).\n")
    assert err.count("\n") == 1


def test_an_engine_that_was_chosen_and_is_not_here_is_told_before_anything_is_looked_for(
    here: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(here / "empty"))
    Image.fromarray(photo()).save("photo.png")
    code, out, err = inpalla(
        "edit", "photo.png", "remove the spoon", "-o", "o.png", "--inpainter", "remove=lama"
    )
    assert (code, out) == (1, "")
    assert err == (
        "lama is not on this machine: fetch it with inpalla setup --inpainter lama (about 208.0 MB).\n"
    )


def test_what_the_preset_lacks_is_one_sentence_with_one_command(
    here: Path, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(here / "empty"))
    monkeypatch.setattr(registry, "_loaded", {})
    Image.fromarray(photo()).save("photo.png")
    code, out, err = inpalla("edit", "photo.png", "make the sofa red", "-o", "one.png", "--preset", "small")
    assert (code, out) == (1, "")
    assert err == (
        "llmdet-sam2, sd15-inpainting and lama of the preset small are not on this machine: fetch them with"
        " inpalla setup --preset small (about 3.3 GB).\n"
    )


# ---- setting up --------------------------------------------------------------------------------------------


@pytest.fixture
def hub(cache: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A stand-in for the hub with the six repositories, and an empty cache."""
    repositories = {}
    for folder in cache.iterdir():
        snapshot = folder / "snapshots" / "0123abcd"
        files = [file for file in snapshot.rglob("*") if file.is_file()]
        name = folder.name.removeprefix("models--").replace("--", "/")
        held = {file.relative_to(snapshot).as_posix(): file.read_bytes() for file in files}
        repositories[name] = {**held, "v1-5-pruned.ckpt": b"not wanted", "README.md": b"#"}
    running = Hub(repositories)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(here / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", running.url)
    template = running.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield running
    running.close()


def test_setting_up_needs_no_account_and_says_the_terms(hub: Hub, here: Path, inpalla: Run) -> None:
    code, out, err = inpalla("setup", "--preset", "small")
    assert (code, err) == (0, "")
    assert "CreativeML Open RAIL-M" in out
    assert "latent-consistency/lcm-lora-sdv1-5: its use is subject to OpenRAIL++-M" in out
    assert "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-inpainting" in out
    assert "The preset small is ready." in out
    fetched = [file.name for file in (here / "hub").rglob("*")]
    assert "v1-5-pruned.ckpt" not in fetched
    hub.asked.clear()
    assert inpalla("setup", "--preset", "small")[0] == 0
    assert hub.asked == []
    assert painter.load().name == "sd15-inpainting"
    assert lama.load().name == "lama"


def test_a_killed_set_up_goes_on_at_the_byte(hub: Hub, here: Path, inpalla: Run) -> None:
    name = "unet/diffusion_pytorch_model.fp16.safetensors"
    large = random.Random(0).randbytes(24_000_000)
    hub.repositories[MODEL][name] = large
    hub.breaks, hub.stalls = {name: 15_000_000}, True
    repository = here / "hub" / f"models--{MODEL.replace('/', '--')}"
    part = repository / "blobs" / f"{hashlib.sha256(large).hexdigest()}.inpalla.incomplete"
    variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(here), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agent.cli", "setup", "--preset", "small"]
    with subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (part.exists() and part.stat().st_size):
            time.sleep(0.05)
        process.kill()
    here_already = part.stat().st_size
    assert 0 < here_already < len(large)
    hub.mend()
    assert inpalla("setup", "--preset", "small")[0] == 0
    assert f"bytes={here_already}-" in hub.ranges
    [fetched] = (repository / "snapshots").glob(f"*/{name}")
    assert fetched.read_bytes() == large


@pytest.mark.parametrize(
    "file",
    ["unet/diffusion_pytorch_model.fp16.safetensors", "pytorch_lora_weights.safetensors", "lama_fp32.onnx"],
)
def test_a_file_that_comes_damaged_is_refused(file: str, hub: Hub, here: Path, inpalla: Run) -> None:
    hub.damages = {file}
    code, out, err = inpalla("setup", "--preset", "small")
    assert code == 1
    assert "was damaged in transfer and deleted" in out + err
    assert "The preset small is ready" not in out
    assert not [found for found in (here / "hub").rglob("*") if found.as_posix().endswith(file)]
    hub.mend()
    assert inpalla("setup", "--preset", "small")[0] == 0


@pytest.mark.parametrize(
    ("role", "name", "repository", "file"),
    [
        ("segmenter", "llmdet-sam2", "iSEE-Laboratory/llmdet_tiny", "model.safetensors"),
        ("segmenter", "llmdet-sam2", "facebook/sam2.1-hiera-tiny", "model.safetensors"),
        ("inpainter", "sd15-inpainting", MODEL, "unet/diffusion_pytorch_model.fp16.safetensors"),
        ("inpainter", "sd15-inpainting", ADAPTER, "pytorch_lora_weights.safetensors"),
        ("inpainter", "sd15-inpainting", "madebyollin/taesd", "diffusion_pytorch_model.safetensors"),
        ("inpainter", "lama", "Carve/LaMa-ONNX", "lama_fp32.onnx"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_the_commands_that_mend_it(
    role: str, name: str, repository: str, file: str, hub: Hub, inpalla: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the hub has it: its digest is right, so ``inpalla setup`` alone would find nothing to do."""
    whole = hub.repositories[repository][file]
    hub.repositories[repository][file] = b"\xff" * len(whole)
    monkeypatch.setattr(registry, "_loaded", {})
    assert inpalla("setup", f"--{role}", name)[0] == 0
    load = registry.load_segmenter if role == "segmenter" else registry.load_inpainter
    with pytest.raises(EngineError) as told:
        load(name)
    said = str(told.value)
    assert said.endswith(f": run hf cache rm model/{repository}, and then inpalla setup --{role} {name}.")
    assert str(constants.HF_HUB_CACHE) not in said
    hub.repositories[repository][file] = whole
    forget(repository)  # what hf cache rm does
    assert inpalla("setup", f"--{role}", name)[0] == 0
    assert load(name).name == name


@pytest.mark.parametrize("name", ["sd15-inpainting", "lama"])
def test_what_is_not_here_is_told_with_the_command(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(here / "empty"))
    monkeypatch.setattr(registry, "_loaded", {})
    with pytest.raises(EngineError, match=f"inpalla setup --inpainter {name}"):
        registry.load_inpainter(name)


@pytest.mark.parametrize(
    ("instructions", "library", "made"),
    [
        ({"avx512_bf16": True}, True, torch.bfloat16),
        ({"bf16": True}, True, torch.bfloat16),
        ({"bf16": True}, False, torch.float32),
        ({"avx512_bf16": False, "avx2": True}, True, torch.float32),
    ],
)
def test_a_processor_paints_in_bfloat16_where_it_multiplies_that(
    instructions: dict[str, bool], library: bool, made: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: library)
    assert number_formats.of_small_models() == made


# ---- the painter -------------------------------------------------------------------------------------------


def test_the_same_job_gives_the_same_pixels_and_another_seed_others(engine: StableDiffusionEngine) -> None:
    one, other = engine.paint([job(), job(seed=2)])
    assert one.shape == (SIDE, SIDE, 3)
    assert one.dtype == np.uint8
    assert (engine.paint([job()])[0] == one).all()
    assert (one != other).any()
    assert (engine.paint([job(prompt="a wooden sofa")])[0] != one).any()
    assert (engine.paint([job(guidance=1.5)])[0] != one).any()


def test_it_takes_as_many_steps_as_are_asked_whatever_it_begins_with(engine: StableDiffusionEngine) -> None:
    kinds: tuple[Kind, ...] = ("restyle", "replace", "add")
    for kind in kinds:
        told: list[PaintingStep] = []
        engine.paint([job(kind)], progress=lambda _: None)
        engine.paint([job(kind), job(kind)], progress=told.append)
        assert [(step.done, step.total) for step in told] == [(done, 8) for done in range(1, 9)]
        assert [step.preview is not None for step in told] == [False, True, False, False] * 2
        assert told[1].preview is not None
        assert told[1].preview.shape == (SIDE // 2, SIDE // 2, 3)


def test_the_first_time_it_says_about_how_long_it_will_take() -> None:
    told: list[PaintingStep] = []
    fresh = painter.load()
    for _ in range(2):
        fresh.paint([job()], progress=told.append)
    assert [step.done for step in told] == [0, 1, 2, 3, 4, 1, 2, 3, 4]
    assert re.fullmatch(r"painting takes about \d+ s on this machine", told[0].note)
    assert not any(step.note for step in told[1:])


async def test_before_the_search_it_says_about_how_long_the_first_edit_will_take(here: Path) -> None:
    Image.fromarray(photo()).save("photo.png")
    told: list[Event] = []
    with closing(open_editor(here / "photo.png", None, "small", None, guesses=True)) as editor:
        for sentence in ("make the rug red", "make the sofa red"):
            await editor.say(sentence, told.append)
    first, second = (event.text for event in told if event.stage == "finding")
    seconds = estimate.first_edit()
    assert first == f"finding the rug (a picture's first edit takes about {seconds} s on this machine)"
    assert second == "finding the sofa"


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (torch.bfloat16, 0.01)])
def test_attention_in_pieces_is_attention(dtype: torch.dtype, most: float) -> None:
    torch.manual_seed(0)
    queries, keys, values = (torch.randn(2, 3, places, 40).to(dtype) for places in (300, 1100, 1100))
    plain = torch.nn.functional.scaled_dot_product_attention(queries.float(), keys.float(), values.float())
    made = attention.attend(queries, keys, values)
    assert made.dtype == dtype
    assert (made.float() - plain).abs().max() < most


def test_a_whole_unet_with_attention_in_pieces_makes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_LEAST", 64)
    monkeypatch.setattr(attention, "ROWS", 48)
    torch.manual_seed(0)
    unet = sd15_layout.unet(sd15_layout.TINY).eval()
    given = torch.randn(1, 9, 16, 24), 1, torch.randn(1, 77, unet.config.cross_attention_dim)
    with torch.inference_mode():
        plain = unet(*given).sample
        unet.set_attn_processor(attention.InPieces())
        assert torch.allclose(unet(*given).sample, plain, atol=1e-5)


@pytest.mark.parametrize(
    ("has", "dtype", "made"),
    [
        ({"avx512_bf16": True}, torch.bfloat16, True),
        ({"avx512_bf16": True}, torch.float32, False),
        ({"avx512_bf16": True, "amx_bf16": True}, torch.bfloat16, False),
        ({"bf16": True}, torch.bfloat16, False),
    ],
)
def test_attention_is_in_pieces_where_that_was_measured_and_the_revision_says_so(
    has: dict[str, bool], dtype: torch.dtype, made: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    monkeypatch.setattr(number_formats, "of_small_models", lambda: dtype)
    loaded = painter.load()
    kinds = {type(each) for each in loaded._pipeline.unet.attn_processors.values()}
    assert (kinds == {attention.InPieces}) is made
    monkeypatch.setattr(attention, "applies", lambda *_: not made)
    assert painter.load().revision != loaded.revision


def test_a_restyled_thing_begins_as_itself(engine: StableDiffusionEngine) -> None:
    """What lies under the mask is seen by a restyle, and by nothing else."""
    dark = job()
    dark = Job(np.where(dark.mask[..., None], np.uint8(0), dark.crop), *list(vars(dark).values())[1:])

    def under(kind: Kind) -> list[NDArray[np.uint8]]:
        jobs = [Job(**{**vars(each), "kind": kind}) for each in (job(), dark)]
        return engine.paint(jobs)

    seen, unseen = under("restyle"), under("replace")
    assert (seen[0] != seen[1]).any()
    assert (unseen[0] == unseen[1]).all()


def test_a_cancel_is_heard_within_a_block(engine: StableDiffusionEngine) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 6

    with pytest.raises(Cancelled):
        engine.paint([job()], cancelled=cancelled)
    assert asked == 7
    assert engine.paint([job()])[0].shape == (SIDE, SIDE, 3)


def test_nothing_outside_moves(engine: StableDiffusionEngine) -> None:
    kinds: tuple[Kind, ...] = ("restyle", "replace")
    for kind in kinds:
        edit = MaskedEdit(mask(), "a leather sofa", kind, 3, grow=0)
        (painted,) = inpaint(photo(), [edit], {kind: engine})
        after = compose(photo(), [painted.patch])
        assert (after == photo())[~mask()].all()
        assert (after != photo())[mask()].any()


def test_an_adapter_is_added_as_diffusers_adds_it(cache: Path) -> None:
    from diffusers import StableDiffusionInpaintPipeline

    model = cache / "models--stable-diffusion-v1-5--stable-diffusion-inpainting" / "snapshots" / "0123abcd"
    adapter = cache / "models--latent-consistency--lcm-lora-sdv1-5" / "snapshots" / "0123abcd"
    theirs = StableDiffusionInpaintPipeline.from_pretrained(
        str(model), variant="fp16", dtype=torch.float32, local_files_only=True
    )
    plain = {name: value.clone() for name, value in theirs.unet.state_dict().items()}
    theirs.load_lora_weights(str(adapter))
    theirs.fuse_lora()
    theirs.unload_lora_weights()
    ours = sd15_layout.unet(sd15_layout.TINY)
    ours.load_state_dict(plain)
    tensors = load_file(adapter / "pytorch_lora_weights.safetensors")
    assert merge(ours, tensors) == len([name for name in tensors if name.endswith(".alpha")])
    moved = 0
    for name, value in theirs.unet.state_dict().items():
        assert torch.allclose(ours.state_dict()[name], value, atol=1e-5), name
        moved += not torch.equal(value, plain[name])
    assert moved > 20


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lora_unet_nowhere.lora_down.weight": torch.zeros(1, 1)}, "no layer nowhere"),
        ({"lora_unet_conv_in.lora_down.weight": torch.zeros(1, 1)}, "does not fit"),
    ],
)
def test_an_adapter_of_something_else_is_refused(wrong: dict[str, torch.Tensor], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        merge(sd15_layout.unet(sd15_layout.TINY), wrong)


def test_a_model_that_is_not_whole_is_one_sentence(tmp_path: Path, cache: Path) -> None:
    adapter = cache / "models--latent-consistency--lcm-lora-sdv1-5" / "snapshots" / "0123abcd"
    tiny = cache / "models--madebyollin--taesd" / "snapshots" / "0123abcd"
    with pytest.raises(EngineError, match="is no whole Stable Diffusion"):
        painter.from_folders("sd15-inpainting", tmp_path, adapter, tiny)
    model = sd15_layout.write_model(tmp_path / "model")
    file = model / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(EngineError, match="cannot be read") as error:
        painter.from_folders("sd15-inpainting", model, adapter, tiny)
    assert "\n" not in str(error.value)


# ---- what takes things out ---------------------------------------------------------------------------------


def test_lama_fills_the_hole_alone_and_sees_none_of_what_is_in_it() -> None:
    eraser = lama.load()
    edit = MaskedEdit(mask(), "", "remove", 1, grow=0)
    (painted,) = inpaint(photo(), [edit], {"remove": eraser})
    after = compose(photo(), [painted.patch])
    assert (after == photo())[~mask()].all()
    hidden = photo()
    hidden[mask()] = 255
    (other,) = inpaint(hidden, [edit], {"remove": eraser})
    inner = ndimage.binary_erosion(mask(), iterations=6)
    assert np.abs(compose(hidden, [other.patch]).astype(int) - after)[inner].max() <= 2


def test_lama_gives_whole_crops_of_any_shape() -> None:
    eraser = lama.load()
    where = np.zeros((96, 160), bool)
    where[30:60, 50:90] = True
    wide = Job(np.ascontiguousarray(photo()[:96, :160]), where, "", "remove", 1, 1, 1.0)
    (made,) = eraser.paint([wide])
    assert made.shape == (96, 160, 3)
    assert np.abs(made.astype(int) - wide.crop)[~ndimage.binary_dilation(where, iterations=6)].mean() < 12
    with pytest.raises(Cancelled):
        eraser.paint([wide], cancelled=lambda: True)


def test_a_graph_that_is_damaged_or_another_is_one_sentence(tmp_path: Path) -> None:
    import onnx

    folder = sd15_layout.write_lama(tmp_path / "lama")
    file = folder / "lama_fp32.onnx"
    graph = onnx.load(str(file))
    graph.graph.input[0].name = "picture"
    for node in graph.graph.node:
        node.input[:] = ["picture" if name == "image" else name for name in node.input]
    onnx.save(graph, str(file))
    with pytest.raises(EngineError, match="is another graph than lama knows"):
        lama.from_folder("lama", folder)
    file.write_bytes(b"no graph")
    with pytest.raises(EngineError, match="it is damaged"):
        lama.from_folder("lama", folder)
    assert isinstance(lama.load(), LamaEngine)
