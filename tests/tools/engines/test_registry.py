"""Engines and presets by name, with engines that another package brings."""

from __future__ import annotations

import json
import pkgutil
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from huggingface_hub import constants

from benchmarks import card, tables
from tests.support.flux_layout import write_checkpoint
from tools.engines import gpu_memory, registry
from tools.engines.model_name import ModelName
from tools.engines.presets import SPARE, best_bits, choose_inpainters, least, streams
from tools.engines.registry import PRESETS, Preset
from tools.engines.requirements import Requirement, requirements
from tools.engines.specs import ENGINES, SIZES, Engine
from tools.errors import EngineError, OutOfMemory
from tools.kinds import KINDS, Kind
from tools.langchain import langchain_tools
from tools.pictures import read_mask, read_picture, write_picture

PLUGIN = """
import numpy as np
from tools.segmenting.base import Found

made = []
crowded = None

class Bright:
    name, revision = "bright", "1"
    def segment(self, picture, phrases, *, cancelled=None):
        mask = picture.min(axis=-1) > 200
        return [Found(p, mask if "lamp" in p else np.zeros_like(mask), 0.9, "It is [SEG].") for p in phrases]
    def describe(self, picture):
        return ["the lamp"]

class Dark:
    name, revision, area, multiple, steps, guidance = "dark", "1", 4096, 16, 2, 1.0
    def paint(self, jobs, *, progress=None, cancelled=None):
        return [np.where(job.mask[..., None], np.uint8(10), job.crop) for job in jobs]

def load_bright():
    made.append("bright")
    return Bright()

def load_crowded():
    import torch
    made.append("try")
    if crowded():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
    return Bright()

def load_broken():
    raise OSError("no weights\\nin the folder")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Preset:
    """A package installed beside the program, whose entry points name engines; and a preset of them."""
    folder = tmp_path / "site"
    info = folder / "plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "inpalla_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[inpalla.segmenters]\n"
        "bright = inpalla_plugin:load_bright\n"
        "broken = inpalla_plugin:load_broken\n"
        "missing = inpalla_plugin_without:load\n"
        "lisa-pocket = inpalla_plugin:load_bright\n"
        "[inpalla.inpainters]\n"
        "dark = inpalla_plugin:Dark\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "inpalla_plugin", raising=False)
    monkeypatch.setattr(registry, "_loaded", {})
    kinds = dict.fromkeys(("restyle", "replace", "remove", "add"), "dark")
    return Preset("plugin", "builtin", "bright", MappingProxyType(kinds))  # type: ignore[arg-type]


def test_the_pocket_preset_names_engines_that_exist() -> None:
    preset = registry.find_preset("pocket")
    assert preset.segmenter in registry.names("segmenter")
    assert set(preset.inpainters) == {"restyle", "replace", "remove", "add"}
    assert set(preset.inpainters.values()) <= set(registry.names("inpainter"))
    assert registry.DEFAULT_PRESET in PRESETS


@pytest.mark.parametrize("engine", ENGINES.values(), ids=lambda engine: engine.name)
def test_every_row_of_the_table_names_what_exists(engine: Engine) -> None:
    assert callable(pkgutil.resolve_name(engine.loader))
    store = import_module(engine.store)
    assert all(callable(getattr(store, ask)) for ask in ("needed", "kept", "fetch"))
    assert not engine.copied or callable(store.originals)
    if engine.repositories:
        needed = Requirement(engine.role, engine.name).repositories
        assert needed == engine.repositories


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_works_without_a_licence_that_must_be_accepted(preset: Preset) -> None:
    gated = {each.name for each in requirements(preset) for part in each.repositories if part.gate}
    assert gated == {each.name for each in requirements(preset) if each.optional}


# ---- presets by counting bytes -----------------------------------------------------------------------------

CARDS = [preset for preset in PRESETS.values() if preset.budget]
FLUX_CARDS = [preset for preset in CARDS if preset.name != "small"]


@pytest.mark.parametrize("preset", CARDS, ids=lambda preset: preset.name)
def test_every_engine_of_a_preset_fits_its_card(preset: Preset) -> None:
    painters = {*preset.inpainters.values(), *preset.licensed.values()}
    for name in (preset.segmenter, *painters):
        most = least(name)
        assert most is not None
        assert most <= preset.budget - SPARE
        assert ModelName.parse(name).bits != 8
    for name in painters:
        assert name == best_bits(ModelName.parse(name).model, preset.budget)
        assert not streams(name, preset)
    assert preset.budget <= (4.0 if preset.name == "small" else float(preset.name.removesuffix("gb")))


@pytest.mark.parametrize("preset", FLUX_CARDS, ids=lambda preset: preset.name)
def test_without_a_licence_klein_paints_everything(preset: Preset) -> None:
    assert {ModelName.parse(name).model for name in choose_inpainters(preset, ()).values()} == {"flux-klein"}


@pytest.mark.parametrize(
    ("preset", "present", "override", "restyle", "remove"),
    [
        ("8gb", (), {}, "flux-klein:4bit", "flux-klein:4bit"),
        ("8gb", ("flux-fill",), {}, "flux-klein:4bit", "flux-klein:4bit"),
        ("12gb", (), {}, "flux-klein:4bit", "flux-klein:4bit"),
        ("12gb", ("flux-fill",), {}, "flux-klein:4bit", "flux-fill:4bit"),
        ("12gb", ("flux-kontext",), {}, "flux-klein:4bit", "flux-klein:4bit"),
        ("16gb", ("flux-fill", "flux-klein"), {}, "flux-klein", "flux-fill:4bit"),
        ("24gb", ("flux-fill",), {}, "flux-klein", "flux-fill:4bit"),
        ("80gb", ("flux-fill",), {}, "flux-klein", "flux-fill"),
        ("12gb", (), {"restyle": "flux-kontext"}, "flux-kontext:4bit", "flux-klein:4bit"),
        ("24gb", (), {"restyle": "flux-kontext"}, "flux-kontext:4bit", "flux-klein"),
        ("80gb", (), {"restyle": "flux-kontext"}, "flux-kontext", "flux-klein"),
        ("12gb", ("flux-fill",), {"remove": "flux-klein"}, "flux-klein:4bit", "flux-klein:4bit"),
        ("12gb", (), {"remove": "flux-fill:8bit"}, "flux-klein:4bit", "flux-fill:8bit"),
        ("8gb", (), {"remove": "flux-fill"}, "flux-klein:4bit", "flux-fill:4bit"),
        ("12gb", (), {"remove": "SOMEBODY/painter"}, "flux-klein:4bit", "SOMEBODY/painter"),
        ("12gb", (), {"restyle": "flux-klein-9b"}, "flux-klein-9b:4bit", "flux-klein:4bit"),
        ("80gb", (), {"restyle": "flux-klein-9b"}, "flux-klein-9b", "flux-klein"),
        ("pocket", ("flux-fill",), {}, "flux-kontext-pocket", "flux-fill-pocket"),
        ("pocket", (), {"restyle": "flux-klein"}, "flux-klein", "flux-fill-pocket"),
    ],
)
def test_who_paints_what(
    preset: str, present: tuple[str, ...], override: dict[Kind, str], restyle: str, remove: str
) -> None:
    chosen = choose_inpainters(PRESETS[preset], present, override)
    assert set(chosen) == set(KINDS)
    assert (chosen["restyle"], chosen["remove"]) == (restyle, remove)


def test_what_does_not_fit_streams() -> None:
    assert streams("flux-fill:4bit", PRESETS["8gb"])
    assert streams("flux-klein-9b:4bit", PRESETS["8gb"])
    assert streams("flux-fill", PRESETS["24gb"])
    assert not streams("flux-fill", PRESETS["80gb"])
    assert not streams("flux-fill-pocket", PRESETS["pocket"])
    assert not streams("SOMEBODY/painter", PRESETS["8gb"])


def test_bits_are_read_from_the_name() -> None:
    assert ModelName.parse("flux-fill:4bit") == ModelName("flux-fill", 4)
    assert ModelName.parse("OWNER/NAME:8bit") == ModelName("OWNER/NAME", 8)
    assert ModelName.parse("flux-fill") == ModelName("flux-fill", 16)
    assert ModelName.parse("C:/models/flux") == ModelName("C:/models/flux", 16)


def test_the_bytes_are_those_of_the_published_shapes() -> None:
    told = {name: card.agree(found, reckoned) for name, found, reckoned in card.published()}
    assert set(told.values()) == {True}, told
    assert {ModelName.parse(name).model.removeprefix("words of ") for name in told} == {
        name for name in SIZES if not name.endswith("explanatory")
    }


def test_the_tables_in_the_docs_are_these_numbers() -> None:
    """``make docs`` writes them anew."""
    assert tables.main(["--check"]) == 0
    named = [
        name
        for file in tables.DOCS.glob("*.md")
        for name in re.findall(r"table: (\w+)", file.read_text("utf-8"))
    ]
    assert sorted(named) == sorted(tables.TABLES)


@pytest.mark.parametrize("preset", CARDS, ids=lambda preset: preset.name)
def test_fifty_turns_stay_within_a_presets_card_and_ram(preset: Preset) -> None:
    found = card.converse(preset, 50)
    assert found.problems == ()
    assert max(found.peaks.values()) <= preset.budget - SPARE


def test_a_card_that_is_too_small_is_told_by_the_count() -> None:
    small = replace(PRESETS["12gb"], budget=8.0)
    assert "more lies on the card than 7.4 GiB" in card.converse(small, 3).problems


def test_choosing_an_8gb_presets_engines_imports_no_torch() -> None:
    code = (
        "import sys; from tools.engines import registry;"
        "registry.find_preset('8gb'); registry.segmenter_of('8gb');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# ---- engines by name ---------------------------------------------------------------------------------------


def test_unknown_names_list_the_choices() -> None:
    for find in (registry.find_preset, registry.segmenter_of):
        with pytest.raises(
            EngineError, match=r"There is no preset 'huge': choose one of pocket, small, 8gb, .*80gb"
        ):
            find("huge")
    with pytest.raises(
        EngineError, match=r"There is no segmenter 'sam': choose one of .*lisa-pocket, llmdet-sam2, sam3"
    ):
        registry.load_segmenter("sam")
    for ask in (registry.load_inpainter, partial(registry.check_name, "inpainter")):
        with pytest.raises(
            EngineError, match=r"There is no inpainter 'sd': choose one of .*flux-fill, flux-fi"
        ):
            ask("sd")


def test_a_licence_is_accepted_where_the_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    preset = registry.find_preset("12gb")
    assert preset.inpainters == PRESETS["12gb"].inpainters
    folder = tmp_path / "models--black-forest-labs--FLUX.1-Fill-dev"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    there = write_checkpoint(folder / "snapshots" / ("0" * 40), "fill")
    preset = registry.find_preset("12gb")
    assert (preset.inpainters["remove"], preset.inpainters["restyle"]) == (
        "flux-fill:4bit",
        "flux-klein:4bit",
    )
    assert registry.find_preset("12gb", {"remove": "flux-klein"}).inpainters["remove"] == "flux-klein:4bit"
    shutil.rmtree(there / "vae")
    assert registry.find_preset("12gb").inpainters == PRESETS["12gb"].inpainters


def test_a_folder_is_a_flux_that_can_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_loaded", {})
    folder = write_checkpoint(tmp_path / "klein", "klein")
    assert Requirement("inpainter", str(folder)).fetch() == folder
    engine = registry.load_inpainter(str(folder))
    assert registry.load_inpainter(str(folder)) is engine
    assert isinstance(engine, gpu_memory.Resident)
    assert engine.weight_bytes > 0
    with pytest.raises(EngineError, match="flux-kontext is not on this machine"):
        registry.load_inpainter("flux-kontext")


class Card:
    """A card with ``left`` bytes that are free; whoever leaves it makes room."""

    def __init__(self, left: int) -> None:
        self.left = left

    def free(self) -> int:
        return self.left

    def trim(self) -> None:
        pass


class Guest:
    """Somebody on the card."""

    name = "guest"
    weight_bytes = 2**32

    def __init__(self, card: Card) -> None:
        self.card = card

    def to_card(self) -> None:
        self.card.left -= self.weight_bytes

    def offload(self) -> None:
        self.card.left += self.weight_bytes


@pytest.mark.parametrize(("free", "tries"), [(2**40, 2), (0, 1)])
def test_loading_makes_room_before_and_when_it_does_not_suffice(
    plugin: Preset, monkeypatch: pytest.MonkeyPatch, free: int, tries: int
) -> None:
    import inpalla_plugin  # type: ignore[import-not-found]

    card = Card(free)
    guest = Guest(card)
    residents = gpu_memory.GpuMemory(card)
    residents.register(guest)
    monkeypatch.setattr(gpu_memory, "_process", residents)
    monkeypatch.setattr(registry, "SEGMENTERS", {"sam3": "inpalla_plugin:load_crowded"})
    monkeypatch.setattr(inpalla_plugin, "crowded", lambda: bool(residents.residents))
    assert registry.load_segmenter("sam3").name == "bright"
    assert inpalla_plugin.made == ["try"] * tries
    assert residents.residents == ()


def test_what_does_not_fit_is_one_sentence(plugin: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    import inpalla_plugin

    monkeypatch.setattr(registry, "SEGMENTERS", {"sam3": "inpalla_plugin:load_crowded"})
    monkeypatch.setattr(inpalla_plugin, "crowded", lambda: True)
    with pytest.raises(OutOfMemory) as error:
        registry.load_segmenter("sam3")
    assert str(error.value) == (
        "The segmenter 'sam3' does not fit into memory: close other programs, or use a smaller preset."
    )


def test_another_package_brings_engines(plugin: Preset) -> None:
    names = registry.names("segmenter")
    assert names[0] == "lisa-pocket"
    assert [name for name in names if name in ("bright", "broken", "missing")] == [
        "bright",
        "broken",
        "missing",
    ]
    segmenter = registry.load_segmenter("bright")
    assert segmenter.name == "bright"
    assert registry.load_segmenter("bright") is segmenter
    import inpalla_plugin

    assert inpalla_plugin.made == ["bright"]
    assert {engine.name for engine in registry.load_inpainters(plugin).values()} == {"dark"}


@pytest.mark.parametrize(
    ("name", "reason"), [("broken", "no weights in the folder"), ("missing", "No module named")]
)
def test_an_engine_that_cannot_load_is_one_sentence(plugin: Preset, name: str, reason: str) -> None:
    with pytest.raises(EngineError) as error:
        registry.load_segmenter(name)
    assert str(error.value).startswith(f"The segmenter '{name}' cannot be loaded ({reason}")
    assert "\n" not in str(error.value)


def test_the_langchain_tools_pass_paths(plugin: Preset, tmp_path: Path) -> None:
    pixels = np.full((60, 80, 3), 90, dtype=np.uint8)
    pixels[20:30, 30:50] = 250
    room = str(write_picture(tmp_path / "room.png", pixels))
    segment, inpaint = langchain_tools(plugin)
    assert (segment.name, inpaint.name) == ("segment", "inpaint")

    found = segment.invoke(
        {"picture": room, "phrases": ["the lamp", "a piano"], "output": str(tmp_path / "m.png")}
    )
    assert json.loads(json.dumps(found)) == found  # plain data, no pixels
    assert [each["found"] for each in found] == [True, False]
    assert found[0]["box"] == [30, 20, 50, 30]
    assert found[0]["mask"] == str(tmp_path / "m-1.png")
    assert read_mask(found[0]["mask"], (80, 60)).sum() == 200

    arguments = {
        "picture": room,
        "mask": found[0]["mask"],
        "prompt": "a dark lamp",
        "output": str(tmp_path / "o.png"),
    }
    made = inpaint.invoke(arguments)
    result = read_picture(made["output"]).pixels
    assert (abs(result[20:30, 30:50].astype(int) - 10) <= 3).all()
    x0, y0, x1, y1 = made["box"]
    result[y0:y1, x0:x1] = pixels[y0:y1, x0:x1]
    assert np.array_equal(result, pixels)
    assert inpaint.invoke(arguments)["seed"] == made["seed"]


def test_the_langchain_tools_answer_with_the_error(plugin: Preset, tmp_path: Path) -> None:
    segment, inpaint = langchain_tools(plugin)
    room = str(write_picture(tmp_path / "room.png", np.full((60, 80, 3), 90, dtype=np.uint8)))
    nothing = str(tmp_path / "nothing.png")
    assert "nothing.png" in segment.invoke({"picture": nothing, "phrases": ["the lamp"], "output": nothing})
    empty = str(write_picture(tmp_path / "mask.png", np.zeros((60, 80, 3), dtype=np.uint8)))
    arguments = {"picture": room, "mask": empty, "prompt": "a cat", "output": nothing}
    assert "The mask mask.png is empty" in inpaint.invoke(arguments)
    assert "nothing to paint" in inpaint.invoke(arguments | {"prompt": " "})
    assert "no folder" in inpaint.invoke(arguments | {"output": str(tmp_path / "no" / "o.png")})
    with pytest.raises(EngineError, match="24gb"):
        langchain_tools("25gb")
