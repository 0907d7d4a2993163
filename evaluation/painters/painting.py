"""How well the painters do what they are asked, on whole pictures, through the public way (region, engine,
patch).

Each case is one wanted edit with its true mask, so that the segmenter's mistakes do not count here (unless
its masks are asked for). Every measure is put to the true picture of the wanted change, too: that is its
ceiling.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from evaluation.painters.checks import (
    RIGHT_OBJECT,
    Mask,
    Pixels,
    found_there,
    gone,
    psnr,
    touched,
    untouched,
)
from evaluation.painters.colours import Swatches
from evaluation.painters.materials import Judge, accuracy
from evaluation.painters.sheets import Sheets
from evaluation.scenes import FIRST_SEED, PAINT_SIZE, Case, draw_case
from evaluation.segmenting import iou
from evaluation.table import Row, share_row
from pocket import rooms
from sessions.compose import Box, Patch, compose
from sessions.pictures import digest_of
from tools.engines import registry
from tools.engines.presets import Preset
from tools.errors import EngineError
from tools.inpainting import routing
from tools.inpainting.base import MaskedEdit, compute_or_guess, inpaint, seed_for
from tools.inpainting.geometry import bounds
from tools.segmenting.base import Found, Segmenter, find

Masks = Literal["true", "lisa"]

JUDGED_SCENES = 60
"""Rooms on which the judge of materials is checked."""


@dataclass
class Tally:
    """Values by measure, of the painted pictures and of the true ones."""

    painted: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    true: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, painted: float | bool, true: float | bool) -> bool:
        """Note one value of each; whether the painted one is good."""
        self.painted[name].append(float(painted))
        self.true[name].append(float(true))
        return bool(painted)

    def row(self, title: str, name: str, target: float | None = None) -> Row:
        """The row of a measure that has a ceiling."""
        return share_row("flux", title, self.painted[name], target=target, ceiling=self.true[name])

    def sure_row(self, title: str, name: str) -> Row:
        """The row of a measure over those cases alone whose true picture passes it."""
        sure = [value for value, true in zip(self.painted[name], self.true[name], strict=True) if true]
        return share_row("flux", title, sure)


def paint(case: Case, mask: Mask, preset: Preset | None) -> tuple[Pixels, Mask]:
    """The picture of a case with its edit carried out under ``mask`` by a preset's engines, and where it may
    differ. Without a preset the truth is laid in instead. Raises ``EngineError`` where an engine refuses.
    """
    picture = case.given.picture
    blend = touched(mask, case.kind) > 0
    if preset is None:
        box = bounds(blend)
        part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
        alpha = touched(mask, case.kind)[part]
        return compose(picture, [Patch(np.dstack((case.truth.picture[part], alpha)), Box(*box))]), blend
    seed = seed_for(str(case.number), case.prompt, case.kind)
    target = "" if case.task == "add" else case.name
    edit = MaskedEdit(mask, case.prompt, case.kind, seed, target=target)
    route = routing.route(picture, edit, preset.computing.get(case.kind, ()))
    if route.engine is not None:
        patch = compute_or_guess(picture, route.edit, route.engine)
    else:
        painter = registry.load_inpainter(preset.inpainters[case.kind])
        patch = inpaint(picture, [route.edit], {case.kind: painter})[0].patch
    patch, _ = routing.corrected(route, picture, patch, digest_of)
    blend[patch.box.y0 : patch.box.y1, patch.box.x0 : patch.box.x1] |= patch.rgba[..., 3] > 0
    return compose(picture, [patch]), blend


def measure(
    preset: Preset | None,
    segmenter: Segmenter | None,
    judge: Judge,
    scenes: int,
    *,
    masks: Masks = "true",
    sheets: Sheets | None = None,
    judged: int = JUDGED_SCENES,
    first: int = 0,
) -> list[Row]:
    """Paint ``scenes`` cases from the number ``first`` on and make the figures.

    Without a segmenter, what it must find is not measured.
    ``preset`` None measures the true pictures laid in under the blend mask: what a perfect painter would
    reach. An edit that its engine refuses is counted, and not judged. ``judged`` is the number of rooms on
    which the judge itself is checked.
    """
    tally = Tally()
    seconds: list[float] = []
    missed = 0
    refused: dict[str, int] = defaultdict(int)
    for number in range(scenes):
        case = draw_case(first + number)
        mask = _mask(case, segmenter, masks)
        if mask is None:
            missed += 1
            continue
        _ = case.given, case.truth  # drawn before the clock starts
        began = time.perf_counter()
        try:
            after, area = paint(case, mask, preset)
        except EngineError:
            refused[case.kind] += 1
            continue
        seconds.append(time.perf_counter() - began)
        verdicts = _judge(case, mask, area, after, segmenter, judge, tally)
        if sheets is not None:
            said = ", ".join(f"{'' if good else 'NOT '}{name}" for name, good in verdicts.items())
            caption = f"{case.kind} {case.name if case.task != 'add' else ''}: {case.prompt}"
            sheets.add(case.given.picture, after, case.truth.picture, caption, said, all(verdicts.values()))
        if (number + 1) % 10 == 0 or number + 1 == scenes:
            print(f"flux: {number + 1}/{scenes} edits", flush=True)
    share, things = accuracy(judge, FIRST_SEED, judged)
    rows = _rows(tally, seconds)
    rows.append(Row("flux", "the judge of materials, right on true renders", share, things))
    rows += [
        Row("flux", f"refused in a sentence, {kind}", float(count), scenes) for kind, count in refused.items()
    ]
    if masks == "lisa":
        rows.append(Row("flux", "LISA's masks: things not found, left out", missed / max(1, scenes), scenes))
    return rows


def _mask(case: Case, segmenter: Segmenter | None, masks: Masks) -> Mask | None:
    if masks == "true" or case.task == "add":
        return case.mask
    if segmenter is None:
        raise ValueError("LISA's masks need a segmenter.")
    [found] = find(segmenter, case.given.picture, [case.name])
    return found.mask if found.present else None


def _judge(
    case: Case,
    mask: Mask,
    area: Mask,
    after: Pixels,
    segmenter: Segmenter | None,
    judge: Judge,
    tally: Tally,
) -> dict[str, bool]:
    """Put every measure to the painted and to the true picture; the verdicts on the painted one, by name."""
    truth = case.truth.picture
    own = rooms.mask(case.truth, case.index)
    verdicts = {
        "untouched outside": tally.add(
            "untouched", untouched(case.given.picture, after, area.astype(np.uint8)), True
        )
    }
    tally.add(f"psnr {case.kind}", psnr(after, truth, mask), 0.0)
    seen = seen_true = None
    if segmenter is not None and case.task in ("replace", "add"):
        here, there = (_look_for(segmenter, case.new_name, picture) for picture in (after, truth))
        verdicts["found"] = tally.add(case.task, found_there(here, area), found_there(there, area))
        seen, seen_true = here.mask & area, there.mask & area
    if segmenter is not None and case.task == "remove":
        was, now, ideal = (
            _look_for(segmenter, case.name, picture) for picture in (case.given.picture, after, truth)
        )
        if iou(was.mask, case.mask) >= RIGHT_OBJECT:  # what is not found before cannot be missed afterwards
            verdicts["gone"] = tally.add("gone", gone(now, case.mask), gone(ideal, case.mask))
    verdicts |= _judge_colour(case, after, seen, seen_true, tally)
    if case.material is not None and own.any():
        said, ideal_said = judge.name(after, own), judge.name(truth, own)
        right = tally.add("material", said == case.material, ideal_said == case.material)
        verdicts["material" if right else f"material ({said})"] = right
    elif case.task == "colour" and case.after.things[case.index].material is not None and own.any():
        kept = case.after.things[case.index].material
        tally.add("material kept", judge.name(after, own) == kept, judge.name(truth, own) == kept)
    return verdicts


def _judge_colour(
    case: Case, after: Pixels, seen: Mask | None, seen_true: Mask | None, tally: Tally
) -> dict[str, bool]:
    """The colour asked for, or for an edit of the material alone the colour that should stay."""
    wanted = case.colour or (case.after.things[case.index].colour if case.task == "material" else None)
    if wanted is None or case.task == "remove":
        return {}
    try:
        swatches = Swatches(case.after, case.index, PAINT_SIZE)
    except ValueError:  # it has no colour of its own choice, or too little of it shows
        return {}
    said, naive = swatches.colour_of(after, seen)
    ideal, ideal_naive = swatches.colour_of(case.truth.picture, seen_true)
    if case.task == "material":
        kept_before = case.before.things[case.index].colour == wanted
        if kept_before:
            tally.add("colour kept", said == wanted, ideal == wanted)
        return {}
    right = tally.add(f"colour {case.kind}", said == wanted, ideal == wanted)
    tally.add("colour naive", naive == wanted, ideal_naive == wanted)
    return {"colour" if right else f"colour ({said})": right}


def _look_for(segmenter: Segmenter, phrase: str, picture: Pixels) -> Found:
    [found] = find(segmenter, picture, [phrase])
    return found


def _rows(tally: Tally, seconds: Sequence[float]) -> list[Row]:
    row = tally.row
    rows = [
        row("colour as asked, restyled", "colour restyle", 0.92),
        row("colour as asked, replaced", "colour replace", 0.92),
        row("colour as asked, added", "colour add", 0.92),
        row("· nearest centre, light not taken out (all three)", "colour naive"),
        row("material as asked, restyled", "material", 0.75),
        row("· colour kept when only the material is asked", "colour kept"),
        row("· material kept when only the colour is asked", "material kept"),
        row("removed things no longer found by LISA", "gone", 0.85),
        row("new things found by LISA where replaced", "replace"),
        tally.sure_row("· of those that it finds in the true picture", "replace"),
        row("new things found by LISA where added", "add"),
        tally.sure_row("· of those that it finds in the true picture", "add"),
        row("untouched outside the blend mask, bit for bit", "untouched", 1.0),
    ]
    rows += [
        share_row("flux", f"likeness to the true picture inside the mask, {kind}", values, unit="dB")
        for kind in ("restyle", "replace", "remove", "add")
        if (values := tally.painted[f"psnr {kind}"])
    ]
    return [*rows, share_row("flux", "time for an edit", seconds, unit="s")]
