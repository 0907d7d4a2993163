"""Engines and presets by name, with engines that another package brings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from tools import registry
from tools.errors import EngineError
from tools.langchain import langchain_tools
from tools.pictures import read_mask, read_picture, write_picture
from tools.registry import PLANNED, PRESETS, Preset

PLUGIN = """
import numpy as np
from tools.segment import Found

made = []

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
    assert preset.segmenter in registry.segmenter_names()
    assert set(preset.inpainters) == {"restyle", "replace", "remove", "add"}
    assert set(preset.inpainters.values()) <= set(registry.inpainter_names())
    assert registry.DEFAULT_PRESET in PRESETS


@pytest.mark.parametrize("name", PLANNED)
def test_a_planned_preset_says_that_it_is_not_there_yet(name: str) -> None:
    with pytest.raises(EngineError) as error:
        registry.find_preset(name)
    assert str(error.value) == f"The preset '{name}' cannot paint in this version; use --preset pocket."


def test_unknown_names_list_the_choices() -> None:
    with pytest.raises(EngineError, match=r"There is no preset 'huge': choose one of pocket\."):
        registry.find_preset("huge")
    with pytest.raises(EngineError, match=r"There is no segmenter 'sam': choose one of .*lisa-pocket, sam3"):
        registry.load_segmenter("sam")
    with pytest.raises(
        EngineError, match="There is no inpainter 'sd': choose one of flux-fill-pocket, flux-kontext"
    ):
        registry.load_inpainter("sd")


def test_another_package_brings_engines(plugin: Preset) -> None:
    names = registry.segmenter_names()
    assert names[0] == "lisa-pocket"
    assert [name for name in names if name in ("bright", "broken", "missing")] == [
        "bright",
        "broken",
        "missing",
    ]
    segmenter = registry.load_segmenter("bright")
    assert segmenter.name == "bright"
    assert registry.load_segmenter("bright") is segmenter
    import inpalla_plugin  # type: ignore[import-not-found]

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
    assert (result[20:30, 30:50] == 10).all()
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
        langchain_tools("24gb")
