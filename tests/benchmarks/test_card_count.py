"""``python -m benchmarks.card``: what it counts holds, and it fails on what was wrong once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.planner.ollama_planner import ServedModel
from benchmarks import card
from tools.engines.model_name import Bits, ModelName
from tools.engines.presets import PRESETS, Preset
from tools.inpainting.flux import loading

CARDS = [each for preset in PRESETS.values() if preset.budget for each in (preset, *card.on_larger(preset))]


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """All that was imported need not be looked at each time that memory is given back."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("preset", CARDS, ids=lambda preset: preset.name)
def test_painters_that_are_only_named_stay_within_a_presets_card_and_ram(preset: Preset) -> None:
    others = list(card.by_name(preset))
    takes = not preset.name.startswith(("small", "8gb"))
    assert ("flux-klein-9b" in {ModelName.parse(each.inpainters["add"]).model for each in others}) is takes
    for other in others:
        assert card.converse(other, 5).problems == ()


@pytest.mark.parametrize("preset", CARDS, ids=lambda preset: preset.name)
def test_a_planners_server_finds_free_what_it_wants(preset: Preset) -> None:
    assert all(holds for _, holds in card.counted_turns(preset, 3))


@pytest.mark.parametrize(("forgotten", "code"), [(False, 0), (True, 1)])
def test_the_count_fails_where_a_promise_to_a_server_is_forgotten(
    forgotten: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for other in ("published", "leaving"):
        monkeypatch.setattr(card, other, lambda *_: iter(()))
    monkeypatch.setattr(card, "_hush", lambda: None)
    if forgotten:
        monkeypatch.setattr(ServedModel, "promised_bytes", 0)
    assert card.main(["--preset", "12gb", "--turns", "3", "--quick"]) == code
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.endswith(": WRONG")]
    assert [line.strip()[:38] for line in wrong] == ["qwen3-vl:4b-instruct wants 5.8 GiB fre"] * code


def test_engines_work_with_no_more_than_is_reckoned() -> None:
    """All but what must be computed with numbers, which takes a while."""
    lines = []
    for line, holds in card.counted_work():
        lines.append((line, holds))
        if line.startswith("SAM 2.1"):
            break
    assert [line for line, holds in lines if not holds] == []
    assert len(lines) == 14


@pytest.mark.parametrize(("family", "bits"), [("fill", 4), ("klein", 16), ("klein-9b", 4)])
def test_text_encoders_take_what_room_is_made_for(family: str, bits: int) -> None:
    """T5's "wo" keeps 16 bits; of Klein's text encoder 28 layers are loaded, not all that lie on the disk."""
    [engine] = card.leaving(bits, [family])
    assert [line for line, holds in engine.lines if not holds] == []


def only_parameters(model: Any, device: Any) -> None:
    model.to(device)


def only_read(engine: Any, texts: Any) -> Any:
    return engine._prompts.look_up(texts)


FAULTS: dict[str, tuple[str, int, dict[str, Any], str]] = {
    "what 8 bits keep beside the parameters stays on the card": (
        "klein", 8, {f"tools.inpainting.flux.{part}.move": only_parameters for part in ("engine", "loading")},
        "klein in 8 bits leaves behind",
    ),
    "T5's wo is reckoned with few bits": (
        "fill", 4,
        {"tools.inpainting.flux.loading._EXACT": ("embed", "shared", "relative_attention_bias", "lm_head")},
        "fill in 4 bits: its text encoders take",
    ),
    "words that do not fit are a painter's lack of room": (
        "klein", 16, {"tools.inpainting.flux.engine.FluxEngine._embed": only_read},
        "klein in 16 bits fails, or streams from then on",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_count_fails_on_what_was_wrong_once(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``python -m benchmarks.card`` prints these lines, and its exit code is 1."""
    family, bits, changes, line = FAULTS[fault]
    monkeypatch.setattr("tools.inpainting.flux.memory.stream", lambda *_: None)  # there are no streams here
    for place, value in changes.items():
        monkeypatch.setattr(place, value)
    [engine] = card.leaving(bits, [family])
    assert any(told.startswith(line) for told, holds in engine.lines if not holds)


def test_the_count_fails_where_layers_are_reckoned_that_are_not_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = loading.held_by

    def all_layers(folder: Path, part: str, bits: Bits) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loading, "KLEIN_LAYERS", 99)
            return held(folder, part, bits)

    monkeypatch.setattr(loading, "held_by", all_layers)
    [engine] = card.leaving(4, ["klein"])
    [wrong] = [line for line, holds in engine.lines if not holds]
    assert wrong.startswith("klein in 4 bits: its text encoders take")
