"""The measures themselves: on true renders they must say what is true, and on wrong ones what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation import segmenting, table, turns
from evaluation.painters import checks, materials, painting
from evaluation.painters.colours import Swatches, lab, nearest_name
from evaluation.painters.wishes import draw_wish
from evaluation.scenes import FIRST_SEED, PAINT_SIZE, SEGMENT_SIZE, draw_case
from evaluation.table import Row
from pocket import rooms
from tools.segmenting.base import CancelCheck, Found, never

Pixels = NDArray[np.uint8]


def _key(picture: Pixels) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


class Oracle:
    """A segmenter that was told what every phrase means, or one that never sees anything."""

    name, revision = "oracle", "1"

    def __init__(self, *, blind: bool = False) -> None:
        self.masks: dict[tuple[str, str], NDArray[np.bool_]] = {}
        self.blind = blind

    def tell(self, rendered: rooms.Rendered, phrase: str, things: Sequence[int]) -> None:
        self.masks[_key(rendered.picture), phrase.lower()] = np.isin(rendered.ids, list(things))

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        nothing = np.zeros(picture.shape[:2], np.bool_)
        masks = [nothing if self.blind else self.masks[_key(picture), phrase] for phrase in phrases]
        return [Found(p, m, 1.0, "") for p, m in zip(phrases, masks, strict=True)]

    def describe(self, picture: Pixels) -> list[str]:
        return []


@pytest.fixture(scope="module")
def judge() -> materials.Judge:
    """A judge that has learnt nothing, for whatever does not ask for a material."""
    return materials.fit(*_textures(64, np.random.default_rng(0)), steps=4)


def _textures(count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Squares of any colour, every second one striped, and their places in the list of materials."""
    side = materials.SIDE
    things = np.full((count, side, side, 4), 255, np.uint8)
    things[..., :3] = rng.integers(60, 200, (count, 1, 1, 3))
    for number in range(1, count, 2):
        stripes = (np.arange(side) + rng.integers(8)) // 4 % 2 == 0
        things[number][:, stripes, :3] = rng.integers(0, 50)
    names = [("painted", "striped")[number % 2] for number in range(count)]
    return things, np.array([rooms.MATERIALS.index(name) for name in names])


def test_lab_knows_the_corners_of_srgb() -> None:
    corners = lab(np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0]], np.float64))
    assert corners == pytest.approx(np.array([[0, 0, 0], [100, 0, 0], [53.24, 80.09, 67.20]]), abs=0.05)


def test_every_centre_is_nearest_to_its_own_name() -> None:
    assert [nearest_name(np.array(rgb, float)) for rgb in rooms.COLOURS.values()] == list(rooms.COLOURS)


def test_true_renders_are_named_in_their_colour_and_no_other() -> None:
    for number in range(4):
        case = draw_case(number, "colour")
        swatches = Swatches(case.after, case.index, PAINT_SIZE)
        for scene in (case.after, case.before):
            picture = rooms.render(scene, PAINT_SIZE, supersample=1).picture
            assert swatches.colour_of(picture)[0] == scene.things[case.index].colour


def test_a_thing_that_has_no_choice_of_colour_has_no_swatches() -> None:
    scene = next(s for s in map(rooms.make_scene, range(FIRST_SEED, FIRST_SEED + 99)) if _has_television(s))
    index = next(i for i in scene.present() if scene.things[i].kind == "television")
    with pytest.raises(ValueError, match="does not come in all colours"):
        Swatches(scene, index, PAINT_SIZE)


def _has_television(scene: rooms.Scene) -> bool:
    return any(scene.things[i].kind == "television" for i in scene.present())


def test_a_judge_learns_what_it_is_shown() -> None:
    trained = materials.fit(*_textures(64, np.random.default_rng(1)), steps=16)
    things, labels = _textures(32, np.random.default_rng(2))
    assert (trained.places(things) == labels).mean() > 0.8


def test_examples_are_whole_things_with_the_material_that_was_drawn() -> None:
    things, labels = materials.draw_examples(FIRST_SEED, 1)
    assert len(things) == len(labels) >= 5
    assert (things[..., 3] > 127).mean(axis=(1, 2)).min() > 0.01
    assert len(set(labels.tolist())) > 2


def test_a_cut_out_shows_the_thing_alone() -> None:
    picture = np.full((40, 90, 3), 10, np.uint8)
    mask = np.zeros((40, 90), np.bool_)
    mask[10:20, 20:60] = True
    mask[10:20, 42:60] = False
    mask[12, 59] = True
    picture[mask] = (200, 30, 30)
    cut = materials.cut_out(picture, mask)
    assert cut.shape == (materials.SIDE, materials.SIDE, 4)
    assert (cut[48, 20] == (200, 30, 30, 255)).all()
    assert (cut[80, 80] == (128, 128, 128, 0)).all()


@pytest.mark.parametrize(("blind", "overlap", "refused"), [(False, 1.0, 0.0), (True, 0.0, 1.0)])
def test_a_segmenter_gets_the_figures_that_it_deserves(blind: bool, overlap: float, refused: float) -> None:
    oracle = Oracle(blind=blind)
    for seed in range(FIRST_SEED, FIRST_SEED + 2):
        scene = rooms.make_scene(seed)
        rendered = rooms.render(scene, SEGMENT_SIZE)
        for question in segmenting.questions(scene, rendered, seed):
            oracle.tell(rendered, " ".join(question.text.lower().split()), question.things)
    rows = {row.name: row for row in segmenting.measure(oracle, 2)}
    for name in ("gIoU, plain", "gIoU, by attribute or place", "gIoU, by use"):
        assert rows[name].value == overlap
        assert rows[name].n >= 4
    assert rows["false alarms: there, and called not there"].value == refused
    assert rows["“not there” recognised"].value == 1.0


def test_a_perfect_painter_is_called_perfect(judge: materials.Judge) -> None:
    rows = {row.name: row for row in painting.measure(None, None, judge, 2, judged=1)}
    assert rows["colour as asked, restyled"].value == 1.0
    assert rows["untouched outside the blend mask, bit for bit"].value == 1.0
    assert rows["colour as asked, restyled"].n == 1


def test_an_unchanged_picture_is_not_what_was_asked() -> None:
    case = draw_case(0, "remove")
    found = Found(case.name, case.mask, 1.0, "")
    assert not checks.gone(found, case.mask)
    assert checks.gone(Found(case.name, np.zeros_like(case.mask), 0.0, ""), case.mask)
    assert checks.found_there(found, case.mask)
    assert not checks.found_there(found, ~case.mask)


def test_one_changed_pixel_outside_the_blend_mask_is_seen() -> None:
    before = np.zeros((8, 8, 3), np.uint8)
    blend = np.zeros((8, 8), np.uint8)
    blend[2:4, 2:4] = 1
    after = before.copy()
    after[2:4, 2:4] = 99
    assert checks.untouched(before, after, blend)
    after[7, 7, 2] = 1
    assert not checks.untouched(before, after, blend)


@pytest.mark.parametrize("number", [10, 26, 34])
def test_a_wish_fulfilled_passes_and_a_wish_ignored_does_not(number: int, judge: materials.Judge) -> None:
    wish = draw_wish(number)
    oracle = Oracle()
    for rendered, scene in ((wish.given, wish.before), (wish.truth, wish.after)):
        for kind in rooms.KINDS:
            things = [i for i in scene.present() if scene.things[i].kind == kind]
            oracle.tell(rendered, f"the {'curtains' if kind == 'curtain' else kind}", things)
    done = turns.perfect(wish)
    verdicts = turns.check(wish, done, oracle, judge)
    assert verdicts
    assert all(good for name, good in verdicts.items() if not name.startswith("material"))
    assert turns.clean(wish, turns.Done(wish.given.picture))
    ignored = turns.check(wish, turns.Done(wish.given.picture), oracle, judge)
    assert not all(ignored.values())


def test_figures_are_kept_and_replaced_part_by_part(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "figures.json"
    table.write(file, [Row("lisa", "a", 0.5, 3, 0.4), Row("flux", "b", 0.1, 2)])
    table.write(file, [Row("lisa", "c", 0.9, 3, 0.95)])
    rows = table.read(file)
    assert [row.name for row in rows] == ["c", "b"]
    assert [row.met for row in rows] == [False, None]
    assert "| c | 0.900 | ≥ 0.95 ✗ |  | 3 |" in table.markdown(rows)
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="not a file of figures"):
        table.read(file)


def test_a_limit_is_met_from_below() -> None:
    assert Row("lisa", "false alarms", 0.05, 9, 0.05, at_most=True).met
    assert not Row("lisa", "false alarms", 0.06, 9, 0.05, at_most=True).met
