"""Cancelling at any moment: it is noticed within a step, and the next edit equals one in a fresh process, bit
for bit. The engines are a pocket painter and the three published pipelines, tiny and with random weights.

As a program it is that fresh process: ``python -m tests.terminal.test_cancel FOLDER`` paints what the tests
compare with, from the checkpoints in the folder.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.planner import load_planner
from agent.planner.plan import Goto, Plan
from agent.turn.editor import Editor
from sessions import Sessions
from tests.support.colour_engines import ColourFinder, room
from tests.support.flux_layout import Family, write_checkpoint
from tools.engines import registry
from tools.engines.registry import Preset
from tools.errors import Cancelled
from tools.inpainting.base import Inpainter, MaskedEdit, PaintingStep, inpaint
from tools.inpainting.flux.engine import FluxEngine
from tools.kinds import Kind

ROOT = Path(__file__).parents[2]
TIMES = 40
SENTENCES = 20
STEPS = 2
KINDS: tuple[Kind, ...] = get_args(Kind)
FAMILIES: tuple[Family, ...] = get_args(Family)
POCKET = "flux-fill-pocket"
NAMES = (*FAMILIES, POCKET)
TALKING: Family = "klein"
"""Who paints in the session."""

Pixels = NDArray[np.uint8]


def engine_of(folder: Path, name: str) -> FluxEngine:
    """An engine that works at small sizes, with few steps."""
    engine = registry.load_inpainter(name if name == POCKET else str(folder / name))
    assert isinstance(engine, FluxEngine)
    engine.areas, engine.area, engine.steps = (32 * 32,), 32 * 32, STEPS
    return engine


def edit_of(kind: Kind, seed: int, prompt: str = "a red sofa") -> MaskedEdit:
    mask = np.zeros(room().shape[:2], np.bool_)
    mask[60:95, 20:70] = True
    return MaskedEdit(mask, prompt, kind, seed, target="the sofa")


def painted_by(engine: FluxEngine) -> Pixels:
    """The patch of the edit that the tests compare."""
    (painted,) = inpaint(room(), [edit_of("restyle", 7)], {"restyle": engine})
    return painted.patch.rgba


@dataclass
class Engines:
    """Finds plain colours; paints everything with one engine."""

    painter: FluxEngine

    def segmenter(self) -> ColourFinder:
        return ColourFinder()

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        return dict.fromkeys(KINDS, self.painter)


def editor_of(folder: Path, session: str) -> Editor:
    """A new session of a room with plain colours."""
    made = Sessions(folder / "sessions").create(session, room())
    preset = Preset("tiny", "builtin", "colour-finder", MappingProxyType({}))
    engines = Engines(engine_of(folder, TALKING))
    return Editor.open(
        session=made, preset=preset, planner=load_planner("builtin"), engines=engines, asks=False
    )


async def talked(editor: Editor) -> Pixels:
    """The picture of the turn that the tests compare."""
    turn = await editor.say("make the rug floral")
    assert turn.changed
    return editor.session.picture()


def main() -> None:
    """Paint the edits and the turn in this process, and save them in the folder of the first argument."""
    folder = Path(sys.argv[1])
    results = {name: painted_by(engine_of(folder, name)) for name in NAMES}
    with closing(editor_of(folder, "fresh")) as editor:
        results["turn"] = asyncio.run(talked(editor))
    np.savez(folder / "fresh.npz", **results)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("flux")
    for family in FAMILIES:
        write_checkpoint(made / family, family)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("INPALLA_DATA", str(made / "data"))
        patched.setattr(registry, "_loaded", {})
        yield made


@pytest.fixture(scope="module")
def fresh(folder: Path) -> Mapping[str, Any]:
    """What a process paints that never cancelled anything."""
    command = [sys.executable, "-m", "tests.terminal.test_cancel", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "fresh.npz") as results:
        return dict(results)


@pytest.mark.parametrize("name", NAMES)
def test_forty_cancels_leave_no_trace_in_an_engine(folder: Path, fresh: Mapping[str, Any], name: str) -> None:
    """Each stops another edit at one of the moments at which it asks; those are no step apart."""
    engine, random = engine_of(folder, name), np.random.default_rng(0)
    moments: list[str] = []
    moment = 0  # never

    def asked() -> bool:
        moments.append("asked")
        return moments.count("asked") == moment

    def stepped(step: PaintingStep) -> None:
        moments.append("stepped")

    inpaint(room(), [edit_of("restyle", 1)], {"restyle": engine}, progress=stepped, cancelled=asked)
    assert moments.count("stepped") == STEPS
    assert "stepped stepped" not in " ".join(moments)
    asks = moments.count("asked")

    for _ in range(TIMES):
        kind = KINDS[random.integers(len(KINDS))]
        edit = edit_of(kind, int(random.integers(2**31)), f"a sofa of {random.choice(['wood', 'wool'])}")
        moment = int(random.integers(1, asks + 1))
        moments.clear()
        with pytest.raises(Cancelled):
            inpaint(room(), [edit], {kind: engine}, progress=stepped, cancelled=asked)
        assert moments.count("asked") == moment
        assert moments[-1] == "asked"
    assert np.array_equal(painted_by(engine), fresh[name])


async def test_cancelled_sentences_leave_no_trace_in_a_session(
    folder: Path, fresh: Mapping[str, Any]
) -> None:
    """At random times: while it plans, looks, paints or commits, or a moment too late."""
    random, cut_off = np.random.default_rng(0), 0
    with closing(editor_of(folder, "cancelled")) as editor:
        began = time.perf_counter()
        await editor.say("make the sofa red")
        whole = time.perf_counter() - began
        for _ in range(SENTENCES):
            await editor.carry_out(Plan(steps=(Goto(version=0),)), "/goto 0")
            head = editor.session.head
            task = asyncio.create_task(editor.say("make the sofa blue"))
            began = time.perf_counter()
            await asyncio.sleep(float(random.uniform(0, whole)))
            task.cancel()
            try:
                await task
                whole = min(whole, time.perf_counter() - began)
            except asyncio.CancelledError:
                cut_off += editor.session.head == head
        assert cut_off > SENTENCES // 2
        await editor.carry_out(Plan(steps=(Goto(version=0),)), "/goto 0")
        assert np.array_equal(await talked(editor), fresh["turn"])


if __name__ == "__main__":
    main()
