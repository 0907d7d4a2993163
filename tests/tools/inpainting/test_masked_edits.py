"""From edits to patches, with an inpainter that paints plain colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sessions.compose import compose
from tools import errors
from tools.inpainting.base import (
    Capabilities,
    Inpainter,
    Job,
    MaskedEdit,
    PaintingStep,
    StepListener,
    inpaint,
    only_colour,
    prepare,
    seed_for,
    vary,
)
from tools.kinds import Kind
from tools.segmenting.base import CancelCheck, Found, find, never

Pixels = NDArray[np.uint8]
COLOURS = {"red": (200, 0, 0), "green": (0, 180, 0), "blue": (0, 0, 220)}


@dataclass
class PlainPainter:
    """Fills each mask with the colour that the prompt names, else with the mean of what lies around it."""

    name: str = "plain"
    revision: str = "1"
    area: int = 64 * 64
    multiple: int = 16
    steps: int = 4
    guidance: float = 2.0
    seen: list[list[Job]] = field(default_factory=list)

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        self.seen.append(list(jobs))
        assert len({(job.crop.shape, job.steps, job.guidance) for job in jobs}) == 1
        for step in range(jobs[0].steps):
            if cancelled():
                raise errors.Cancelled
            if progress:
                progress(PaintingStep(step + 1, jobs[0].steps))
        return [self._filled(job) for job in jobs]

    def _filled(self, job: Job) -> Pixels:
        crop = job.crop.copy()
        around = crop[~job.mask].mean(axis=0) if not job.mask.all() else 0
        crop[job.mask] = COLOURS.get(job.prompt, around)
        return crop


class Fitting(PlainPainter):
    """Paints smaller crops at fewer pixels."""

    capabilities = Capabilities(areas=(32 * 32, 48 * 48, 64 * 64))


def engines(painter: Inpainter, other: Inpainter | None = None) -> dict[Kind, Inpainter]:
    return {"restyle": other or painter, "replace": painter, "remove": painter, "add": painter}


def edit(
    size: tuple[int, int], box: tuple[int, int, int, int], prompt: str, kind: Kind = "replace", seed: int = 1
) -> MaskedEdit:
    mask = np.zeros((size[1], size[0]), dtype=np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return MaskedEdit(mask, prompt, kind, seed)


def picture_of(width: int, height: int, value: int = 128) -> Pixels:
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_each_edit_comes_back_where_its_mask_is() -> None:
    painter = PlainPainter()
    size = (400, 300)
    edits = [edit(size, (20, 20, 60, 60), "red"), edit(size, (300, 200, 340, 240), "blue")]
    painted = inpaint(picture_of(*size), edits, engines(painter))
    result = compose(picture_of(*size), [one.patch for one in painted])
    for each in edits:
        assert (result[each.mask] == COLOURS[each.prompt]).all()
    assert (result[100:150] == 128).all()


def test_edits_that_do_not_see_each_other_share_a_batch() -> None:
    painter = PlainPainter()
    size = (400, 300)
    edits = [edit(size, (20 + 90 * i, 40, 50 + 90 * i, 70), "red") for i in range(4)]
    inpaint(picture_of(*size), edits, engines(painter))
    assert [len(jobs) for jobs in painter.seen] == [4]
    inpaint(picture_of(*size), edits, engines(painter), batch=3)
    assert [len(jobs) for jobs in painter.seen] == [4, 3, 1]


def test_an_edit_sees_those_before_it_and_none_after_it() -> None:
    painter = PlainPainter()
    size = (300, 300)
    edits = [
        edit(size, (100, 100, 140, 140), "red"),
        edit(size, (150, 100, 190, 140), "green"),
        edit(size, (110, 110, 180, 130), "", "remove"),
    ]
    painted = inpaint(picture_of(*size), edits, engines(painter))
    assert [len(jobs) for jobs in painter.seen] == [1, 1, 1]
    first, second, third = (jobs[0].crop.reshape(-1, 3) for jobs in painter.seen)
    assert (first == 128).all()
    assert (second == COLOURS["red"]).all(axis=1).any()
    assert not (second == COLOURS["green"]).all(axis=1).any()
    assert (third == COLOURS["green"]).all(axis=1).any()
    # Laid on one another they cover in the order of the edits.
    result = compose(picture_of(*size), [one.patch for one in painted])
    assert tuple(result[120, 105]) == COLOURS["red"]
    assert tuple(result[120, 145]) not in COLOURS.values()


@settings(max_examples=25, deadline=None)
@given(
    boxes=st.lists(
        st.tuples(st.integers(0, 150), st.integers(0, 90), st.integers(4, 60)), min_size=1, max_size=5
    ),
    prompts=st.lists(st.sampled_from(("red", "green", "blue", "")), min_size=5, max_size=5),
    kinds=st.lists(st.sampled_from(("restyle", "replace", "remove", "add")), min_size=5, max_size=5),
)
def test_a_turn_equals_its_edits_one_after_another(
    boxes: list[tuple[int, int, int]], prompts: list[str], kinds: list[Kind]
) -> None:
    size = (160, 120)
    picture = np.random.default_rng(5).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    edits = [
        edit(size, (x, y, x + side, y + side), prompt, kind)
        for (x, y, side), prompt, kind in zip(boxes, prompts, kinds, strict=False)
    ]
    used = engines(PlainPainter(), Fitting(name="other"))
    together = inpaint(picture, edits, used)
    current = picture
    for each, one in zip(edits, together, strict=True):
        (alone,) = inpaint(current, [replace(each, area=one.area)], used)
        assert alone.area == one.area
        assert alone.patch.box == one.patch.box
        assert np.array_equal(alone.patch.rgba, one.patch.rgba)
        current = compose(current, [alone.patch])
    assert np.array_equal(current, compose(picture, [one.patch for one in together]))


def test_each_kind_goes_to_its_engine_with_its_settings() -> None:
    fill, kontext = PlainPainter(), PlainPainter(name="kontext", steps=2, guidance=3.5)
    size = (400, 300)
    edits = [
        edit(size, (20, 20, 60, 60), "red", "restyle", seed=11),
        edit(size, (300, 200, 340, 240), "blue", "replace", seed=12),
        MaskedEdit(edit(size, (20, 200, 60, 240), "").mask, "", "remove", 13, steps=9, guidance=0.0),
    ]
    inpaint(picture_of(*size), edits, engines(fill, kontext))
    told = {(job.kind, job.seed, job.steps, job.guidance) for jobs in fill.seen for job in jobs}
    assert told == {("replace", 12, 4, 2.0), ("remove", 13, 9, 0.0)}
    assert [(job.prompt, job.steps, job.guidance) for job in kontext.seen[0]] == [("red", 2, 3.5)]


def test_progress_counts_the_steps_of_the_turn() -> None:
    size = (300, 300)
    edits = [edit(size, (100, 100, 140, 140), "red"), edit(size, (120, 100, 160, 140), "green")]
    told: list[tuple[int, int]] = []
    inpaint(
        picture_of(*size),
        edits,
        engines(PlainPainter()),
        progress=lambda step: told.append((step.done, step.total)),
    )
    assert told == [(step, 8) for step in range(1, 9)]

    together = [edit(size, (20, 20, 50, 50), "red"), edit(size, (220, 20, 250, 50), "red")]
    told.clear()
    inpaint(
        picture_of(*size),
        together,
        engines(PlainPainter()),
        progress=lambda step: told.append((step.done, step.total)),
    )
    assert told == [(2, 8), (4, 8), (6, 8), (8, 8)]  # both at once
    told.clear()
    vary(
        picture_of(*size),
        edits[0],
        range(5),
        engines(PlainPainter()),
        progress=lambda step: told.append((step.done, step.total)),
    )
    assert told[-1] == (20, 20)
    assert told == sorted(told)


def test_a_cancelled_turn_stops_at_once() -> None:
    size = (300, 300)
    edits = [edit(size, (100, 100, 140, 140), "red"), edit(size, (120, 100, 160, 140), "green")]
    told: list[tuple[int, int]] = []
    with pytest.raises(errors.Cancelled):
        inpaint(
            picture_of(*size),
            edits,
            engines(PlainPainter()),
            progress=lambda step: told.append((step.done, step.total)),
            cancelled=lambda: len(told) == 5,
        )
    assert told[-1] == (5, 8)
    untouched = PlainPainter()
    with pytest.raises(errors.Cancelled):
        inpaint(picture_of(*size), edits, engines(untouched), cancelled=lambda: True)
    assert not untouched.seen


def test_variations_are_painted_from_the_same_picture() -> None:
    painter = PlainPainter()
    size = (200, 200)
    painted = vary(
        picture_of(*size), edit(size, (80, 80, 120, 120), "red"), [5, 6, 7, 8, 9], engines(painter)
    )
    assert [[job.seed for job in jobs] for jobs in painter.seen] == [[5, 6, 7, 8], [9]]
    assert len(painted) == 5
    assert all((job.crop == 128).all() for jobs in painter.seen for job in jobs)


def test_prepare_shows_what_the_engine_will_get() -> None:
    painter = PlainPainter()
    size = (200, 200)
    wanted = edit(size, (80, 80, 120, 120), "red")
    work = prepare(picture_of(*size), wanted, painter)
    inpaint(picture_of(*size), [wanted], engines(painter))
    job = painter.seen[0][0]
    assert np.array_equal(work.job.crop, job.crop)
    assert np.array_equal(work.job.mask, job.mask)
    assert (work.job.prompt, work.job.seed, work.job.steps) == (job.prompt, job.seed, job.steps)


def test_seeds_follow_from_what_is_asked() -> None:
    seeds = {
        seed_for(digest, prompt, kind, variation)
        for digest in ("aa", "ab")
        for prompt in ("red", "a red")
        for kind in ("replace", "add")
        for variation in range(3)
        for _ in range(2)
    }
    assert len(seeds) == 24
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_bad_masks_are_said_in_one_sentence() -> None:
    used = engines(PlainPainter())
    with pytest.raises(errors.PictureError, match="100×80 pixels and the picture 90×80"):
        inpaint(picture_of(90, 80), [edit((100, 80), (1, 1, 5, 5), "red")], used)
    with pytest.raises(errors.PictureError, match="empty"):
        inpaint(picture_of(90, 80), [edit((90, 80), (1, 1, 1, 1), "red")], used)


def test_an_engine_that_breaks_the_interface_is_named() -> None:
    class Short(PlainPainter):
        def paint(
            self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
        ) -> list[Pixels]:
            return []

    with pytest.raises(errors.EngineError, match="short returned 0 pictures for 1"):
        inpaint(picture_of(90, 80), [edit((90, 80), (1, 1, 9, 9), "red")], engines(Short(name="short")))


class ColourSegmenter:
    """Finds the pixels of a colour by its name."""

    name = "colours"
    revision = "1"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        self.asked.append(list(phrases))
        found = []
        for phrase in phrases:
            mask = (picture == COLOURS[phrase.removeprefix("the ")]).all(axis=-1)
            found.append(Found(phrase, mask, 1.0, "It is [SEG]." if mask.any() else "It is not there."))
        return found

    def describe(self, picture: Pixels) -> list[str]:
        return [f"the {name}" for name, colour in COLOURS.items() if (picture == colour).all(axis=-1).any()]


def test_each_phrase_is_looked_for_once() -> None:
    picture = picture_of(20, 10)
    picture[2:4, 3:9] = COLOURS["red"]
    segmenter = ColourSegmenter()
    found = find(segmenter, picture, ["the red", "the blue", "The  Red"])
    assert segmenter.asked == [["the red", "the blue"]]
    assert [(each.phrase, each.present, int(each.mask.sum())) for each in found] == [
        ("the red", True, 12),
        ("the blue", False, 0),
        ("The  Red", True, 12),
    ]
    assert find(segmenter, picture, []) == []


def test_nothing_is_looked_for_without_words_or_after_a_cancel() -> None:
    segmenter = ColourSegmenter()
    for phrase in ("", "   ", "…"):
        with pytest.raises(errors.ToolError, match="Nothing to look for"):
            find(segmenter, picture_of(20, 10), ["the red", phrase])
    with pytest.raises(errors.Cancelled):
        find(segmenter, picture_of(20, 10), ["the red"], cancelled=lambda: True)
    assert not segmenter.asked


@dataclass
class Hungry(PlainPainter):
    """Runs out of memory above so many pixels in one call."""

    room: int = 64 * 64
    streams: int = 0

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        if sum(job.mask.size for job in jobs) > self.room:
            if progress:
                progress(PaintingStep(1, jobs[0].steps))
            raise errors.OutOfMemory("full")
        return super().paint(jobs, progress=progress, cancelled=cancelled)


@dataclass
class HungryWithOffload(Hungry):
    """Needs less once its weights are outside the card."""

    def stream_weights(self) -> None:
        self.streams += 1
        self.room *= 4

    def restore(self) -> None:
        pass


def test_without_memory_a_batch_is_painted_one_by_one() -> None:
    painter = Hungry(room=64 * 64)
    size = (400, 300)
    edits = [edit(size, (20 + 90 * i, 40, 50 + 90 * i, 70), "red") for i in range(4)]
    told: list[PaintingStep] = []
    painted = inpaint(picture_of(*size), edits, engines(painter), progress=told.append)
    assert [len(jobs) for jobs in painter.seen] == [1, 1, 1, 1]
    assert {one.area for one in painted} == {64 * 64}
    assert told[-1].note == "low memory: painting one at a time"
    assert (told[-1].done, told[-1].total) == (16, 16)


def test_without_memory_the_crop_is_painted_smaller_and_replays_so() -> None:
    painter = Hungry(room=48 * 48)
    size = (300, 300)
    wanted = edit(size, (100, 100, 180, 150), "red")
    told: list[PaintingStep] = []
    (painted,) = inpaint(picture_of(*size), [wanted], engines(painter), progress=told.append)
    assert painted.area == 64 * 64 // 2
    assert [step.note for step in told][1:] == ["low memory: painting smaller"] * 5
    again = MaskedEdit(wanted.mask, "red", "replace", wanted.seed, area=painted.area)
    (replayed,) = inpaint(picture_of(*size), [again], engines(PlainPainter()))
    assert replayed.area == painted.area
    assert replayed.patch.box == painted.patch.box
    assert np.array_equal(replayed.patch.rgba, painted.patch.rgba)


def test_edits_painted_smaller_still_see_those_before_them() -> None:
    size = (300, 300)
    edits = [
        edit(size, (100, 100, 140, 140), "red"),
        edit(size, (150, 100, 190, 140), "green"),
        edit(size, (110, 110, 180, 130), "", "remove"),
    ]
    picture = picture_of(*size)
    together = inpaint(picture, edits, engines(Hungry(room=48 * 48)))
    current = picture
    for each, one in zip(edits, together, strict=True):
        (alone,) = inpaint(current, [each], engines(PlainPainter(area=64 * 64 // 2)))
        assert np.array_equal(alone.patch.rgba, one.patch.rgba)
        current = compose(current, [alone.patch])


def test_without_memory_the_last_resort_is_offloading() -> None:
    size = (300, 300)
    wanted = edit(size, (100, 100, 180, 150), "red")
    painter = HungryWithOffload(room=32 * 32)
    told: list[PaintingStep] = []
    (painted,) = inpaint(picture_of(*size), [wanted], engines(painter), progress=told.append)
    assert painter.streams == 1
    assert painted.area == 64 * 64 // 2
    assert "weights outside the card" in told[-1].note
    for hopeless in (Hungry(room=9), HungryWithOffload(room=9)):
        with pytest.raises(errors.EngineError, match="not enough memory for plain, even to paint smaller"):
            inpaint(picture_of(*size), [wanted], engines(hopeless))
        with pytest.raises(errors.EngineError, match="not enough memory"):
            vary(picture_of(*size), wanted, [1, 2], engines(hopeless))


def test_variations_are_all_of_one_size() -> None:
    class Filling(Hungry):
        """Has room for the first crop alone."""

        def paint(
            self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
        ) -> list[Pixels]:
            if self.seen:
                self.room = 48 * 48
            return super().paint(jobs, progress=progress, cancelled=cancelled)

    painter = Filling()
    size = (200, 200)
    told: list[PaintingStep] = []
    wanted = edit(size, (80, 80, 120, 120), "red")
    painted = vary(picture_of(*size), wanted, [5, 6, 7], engines(painter), progress=told.append)
    assert [one.area for one in painted] == [64 * 64 // 2] * 3
    assert [jobs[0].seed for jobs in painter.seen] == [5, 5, 6, 7]
    assert told[-1].note == "low memory: painting smaller"


@pytest.mark.parametrize(
    ("prompt", "target", "same"),
    [
        ("a dark green sofa", "the sofa", True),
        ("an orange wall", "the wall", True),
        ("a red leather sofa", "the leather sofa on the left", True),
        ("navy curtains", "the curtains", True),
        ("a leather sofa", "the sofa", False),
        ("a linen rug", "the rug", False),
        ("a brown leather sofa", "the sofa", False),
        ("a dark sofa", "the sofa", False),
        ("the sofa", "the sofa", False),
        ("a red sofa", "", False),
        ("a mustard sofa", "the sofa", True),
        ("a terracotta floor", "the floor", False),
    ],
)
def test_a_prompt_that_names_colours_only(prompt: str, target: str, same: bool) -> None:
    assert only_colour(prompt, target) is same


def test_how_many_were_painted_at_once_is_told_and_asked_for_again() -> None:
    class Together(PlainPainter):
        capabilities = Capabilities(batch_size=2)

    painter = Together()
    size = (400, 300)
    edits = [edit(size, (20 + 90 * i, 40, 50 + 90 * i, 70), "red") for i in range(3)]
    painted = inpaint(picture_of(*size), edits, engines(painter))
    assert [len(jobs) for jobs in painter.seen] == [2, 1]
    assert [one.batch for one in painted] == [2, 2, 1]
    again = [replace(each, batch=one.batch) for each, one in zip(edits, painted, strict=True)]
    for each, one in zip(again, painted, strict=True):
        (replayed,) = inpaint(picture_of(*size), [each], engines(painter))
        assert replayed.batch == one.batch
        assert painter.seen[-1][0].batch == one.batch
    assert {one.batch for one in inpaint(picture_of(*size), edits, engines(PlainPainter()))} == {1}


def test_a_small_crop_is_painted_at_fewer_pixels_and_replays_so() -> None:
    size = (400, 300)
    picture = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    painter = Fitting()
    for box, side in (((20, 20, 26, 26), 32), ((100, 100, 118, 118), 48), ((100, 100, 200, 200), 64)):
        wanted = edit(size, box, "red")
        (painted,) = inpaint(picture, [wanted], engines(painter))
        assert painted.area == side * side
        assert painter.seen[-1][0].mask.shape == (side, side)
        assert prepare(picture, wanted, painter).region.area == painted.area
        for other in (painter, PlainPainter()):
            (again,) = inpaint(picture, [replace(wanted, area=painted.area)], engines(other))
            assert again.area == painted.area
            assert again.patch.box == painted.patch.box
            assert np.array_equal(again.patch.rgba, painted.patch.rgba)
        assert inpaint(picture, [wanted], engines(PlainPainter()))[0].area == 64 * 64
    assert [one.area for one in vary(picture, wanted, [1, 2], engines(painter))] == [64 * 64] * 2


def test_large_objects_that_lie_apart_share_the_pixels_of_one() -> None:
    size = (800, 600)
    boxes = [(x, y, x + 80, y + 80) for x in (80, 560) for y in (80, 440)]
    apart = [edit(size, box, "red", seed=seed) for seed, box in enumerate(boxes)]
    picture = np.random.default_rng(2).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    painter = Fitting()
    painted = inpaint(picture, apart, engines(painter))
    assert [len(jobs) for jobs in painter.seen] == [4]
    assert sum(one.area for one in painted) <= 1.7 * painter.area
    for each, one in zip(apart, painted, strict=True):
        assert inpaint(picture, [each], engines(painter))[0].area == 64 * 64
        (again,) = inpaint(picture, [replace(each, area=one.area)], engines(painter))
        assert np.array_equal(again.patch.rgba, one.patch.rgba)

    given = [replace(each, area=48 * 48) for each in apart]
    assert {one.area for one in inpaint(picture, given, engines(painter))} == {48 * 48}
    seeing = [apart[0], edit(size, (120, 120, 200, 200), "green")]
    assert {one.area for one in inpaint(picture, seeing, engines(painter))} == {64 * 64}
    two = inpaint(picture, [apart[0], replace(apart[1], kind="restyle")], engines(Fitting(), Fitting()))
    assert {one.area for one in two} == {64 * 64}


def test_without_memory_a_small_crop_is_painted_smaller_still() -> None:
    class HungryAndFitting(Hungry):
        capabilities = Capabilities(areas=(32 * 32, 64 * 64))

    size = (400, 300)
    small, large = edit(size, (20, 20, 26, 26), "red"), edit(size, (200, 100, 300, 200), "red")
    for room, areas in ((64 * 64, (1024, 4096)), (48 * 48, (1024, 2048)), (25 * 25, (512, 512))):
        painted = inpaint(picture_of(*size), [small, large], engines(HungryAndFitting(room=room)))
        assert tuple(one.area for one in painted) == areas
    painted = inpaint(picture_of(*size), [large, small], engines(HungryAndFitting(room=48 * 48)))
    assert [one.area for one in painted] == [2048, 1024]
