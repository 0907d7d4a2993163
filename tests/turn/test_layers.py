"""Laws of layers: what was not asked for does not move, whatever is revised, hidden, shown, undone or
picked."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.planner import load_planner
from agent.planner.plan import Edit, Hide, Pick, Plan, Show, Step, Undo, Variations
from agent.turn.editor import Editor
from sessions import Sessions
from sessions.session import Session
from tests.support.colour_engines import PAINTS, THINGS, ColourEngines, room
from tools.engines.presets import COLOURS
from tools.engines.registry import Preset

PAINTED = Preset("painted", "builtin", "colour-finder", MappingProxyType({}))
COMPUTED = Preset("computed", "builtin", "colour-finder", MappingProxyType({}), computing=COLOURS)
NAMES = tuple(THINGS)

looks = st.sampled_from(tuple(PAINTS))
things = st.sampled_from(NAMES)
edits = st.tuples(st.just("edit"), things, looks)
adds = st.tuples(st.just("add"), things, looks)
turns = st.lists(st.one_of(edits, edits, adds), min_size=1, max_size=4)
changes = st.tuples(st.sampled_from(("revise", "hide", "show", "undo", "pick")), st.integers(0, 9), looks)


def opened(root: Path, preset: Preset) -> Editor:
    session = Sessions(root).create("laws", room())
    return Editor.open(
        session=session, preset=preset, planner=load_planner("builtin"), engines=ColourEngines()
    )


def step_of(editor: Editor, turn: tuple[str, str, str]) -> Step:
    act, thing, look = turn
    if act == "add":
        return Edit(target=f"on the {thing}", prompt=f"a {look} cushion", kind="add")
    there = [layer.id for layer in editor.session.layers if layer.target == f"the {thing}" and layer.visible]
    layer = there[-1] if there else None
    return Edit(target=f"the {thing}", prompt=f"a {look} {thing}", kind="restyle", layer=layer)


def do(editor: Editor, *steps: Step) -> None:
    asyncio.run(editor.carry_out(Plan(steps=steps), "please"))


def covered(session: Session, layers: Sequence[int]) -> NDArray[np.bool_]:
    """Where a patch of any of these layers lies, in any of its revisions that the head or its parent
    shows."""
    mask = np.zeros(room().shape[:2], np.bool_)
    for layer in layers:
        rgba, box = session.patch(layer)
        mask[box.y0 : box.y1, box.x0 : box.x1] |= rgba[..., 3] > 0
    return mask


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(preset=st.sampled_from((PAINTED, COMPUTED)), made=turns, then=st.lists(changes, max_size=4))
def test_no_pixel_moves_outside_the_patches_of_the_layers_that_were_named(
    preset: Preset, made: list[tuple[str, str, str]], then: list[tuple[str, int, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        editor = opened(Path(folder), preset)
        try:
            session = editor.session
            for turn in made:
                do(editor, step_of(editor, turn))
            for act, number, look in then:
                if not session.layers:
                    break
                layer = session.layers[number % len(session.layers)]
                before, place = session.picture(), covered(session, [layer.id])
                stacks = session.versions[session.head].changed
                match act:
                    case "revise":
                        prompt = f"a {look} cushion" if layer.kind == "add" else f"a {look} thing"
                        do(editor, Edit(target=layer.target, prompt=prompt, kind=layer.kind, layer=layer.id))  # type: ignore[arg-type]
                    case "hide":
                        do(editor, Hide(layer=layer.id))
                    case "show":
                        do(editor, Show(layer=layer.id))
                    case "undo":
                        place = covered(session, stacks)
                        do(editor, Undo())
                    case "pick":
                        do(editor, Variations(count=2, layer=layer.id, prompt=f"a {look} thing"))
                        offers = editor.offers()
                        do(editor, Pick(index=2))
                        if offers:
                            assert np.array_equal(session.picture(), offers[1])
                place |= covered(session, [layer.id])
                moved = (session.picture() != before).any(axis=-1)
                assert not (moved & ~place).any()
        finally:
            editor.close()


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(preset=st.sampled_from((PAINTED, COMPUTED)), made=turns, number=st.integers(0, 9))
def test_undoing_one_thing_gives_the_picture_that_never_had_it_where_no_other_patch_lies(
    preset: Preset, made: list[tuple[str, str, str]], number: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        editor = opened(Path(folder), preset)
        try:
            session = editor.session
            for turn in made:
                do(editor, step_of(editor, turn))
            if not session.layers:
                return
            gone = session.layers[number % len(session.layers)].id
            others = [layer.id for layer in session.layers if layer.id != gone and layer.visible]
            do(editor, Hide(layer=gone))
            elsewhere = ~covered(session, others)
            assert np.array_equal(session.picture()[elsewhere], room()[elsewhere])
            # And the others are, to the pixel, what they were made.
            assert [session.layer(other).revision for other in others] == [
                layer.revision for layer in session.layers if layer.id in others
            ]
        finally:
            editor.close()
