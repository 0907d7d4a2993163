"""How right a computed colour is: things of drawn rooms, held against true renders of them in that colour.

    python -m evaluation.painters.recolouring --rooms N [--seed S] [--masks true|eroded|grown|ragged|lisa]
        [--sheet DIR]

Rooms are drawn anew: the seed comes from the clock and is printed, so that nothing was tuned on them; give
one only to look at a case again. Each thing gets up to ``EDITS`` colours out of all that have a name, and a
step from what it is. A thing has one colour where its true render has; others are judged by the error that
is left.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from evaluation.painters.modifiers import MODIFIERS, sensible
from evaluation.painters.sheets import Sheets
from pocket import rooms
from sessions.compose import compose
from tools.engines import registry
from tools.errors import EngineError
from tools.inpainting.computed import recolour as computed
from tools.inpainting.computed.appearance import box_of
from tools.inpainting.computed.oklab import Field, from_srgb
from tools.language.looks import one_word_colours, read_look
from tools.segmenting.base import Segmenter, find

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
RGB = tuple[int, int, int]

SIZE: Final = (640, 480)
EDITS: Final = 3
"""Colours that one thing is given, one at a time."""

HUE: Final = 0.05
LIGHTNESS: Final = 0.10
"""How far a colour may be from the true one: the distance in a and b, and in lightness (Oklab)."""

ONE_COLOUR: Final = 0.04
"""The spread of a and b in the true render up to which a thing has one colour."""

KEEPING: Final = 20
"""From so many pixels on that must keep their colour a thing counts among those that have some."""

_SAME_RANKS: Final = 0.98
"""A thing has one texture where its true render in the other colour has this rank correlation at least: white
joints between tiles and white checks lie elsewhere among its lightnesses when the rest becomes dark."""

_SKIPPED: Final = frozenset(("window", "mirror", "picture", "clock", "television"))
_LEAST: Final = 0.01


@dataclass(frozen=True, eq=False)
class Case:
    """One thing of one room and a colour for it; ``truth`` is the room with the thing in that colour, and
    ``surface`` (bool (H, W)) what of the thing takes a colour, ``main`` what of it shows that and no other of
    its pattern; ``fixed`` where two renders of it in different colours are alike.
    """

    room: int
    kind: str
    look: str
    rgb: RGB
    picture: Pixels
    mask: Mask
    truth: Pixels
    surface: Mask
    main: Mask
    fixed: Mask


@dataclass(frozen=True)
class Result:
    """What became of a case: distances to the truth in Oklab (medians over the mask), the mean error as a
    share of what the old colour's was, the rank correlation of lightness on the surface before and after and
    that of the true render, the share of the surface that kept its old colour and of the rest of the thing
    that moved. ``kept`` is the mean distance
    (Oklab) to the truth where no colour of the thing shows, in its mask and the given one (legs, rods, books,
    what lies beside it), and ``keeping`` how many pixels that are.
    """

    one: bool
    hue: float
    lightness: float
    left: float
    ranks: float
    true_ranks: float
    missed: float
    moved: float
    asked: float
    kept: float
    keeping: int

    @property
    def right(self) -> bool:
        """Whether the colour is as near to the true one as it must be."""
        return self.hue <= HUE and abs(self.lightness) <= LIGHTNESS


def names() -> list[RGB]:
    """The colours that have a name, in the names' order."""
    return [rgb for _, rgb in sorted(one_word_colours().items())]


def restyled(scene: rooms.Scene, index: int, rgb: RGB, *, second: bool = False) -> Pixels:
    """The room with one thing in any colour: the generator is taught it for as long as it draws.

    The second colour of a pattern stays what it was, but where it is to be the generator's for the new colour
    (``second``): that gives pale checks dark ones between them and others white ones, a person asks for the
    one colour only.
    """
    kind, key = scene.things[index].kind, f"*{rgb[0]},{rgb[1]},{rgb[2]}"
    old = rooms.KIND_COLOURS[kind]
    rooms.COLOURS[key] = rgb
    rooms.KIND_COLOURS[kind] = (*old, key)
    try:
        wanted = rooms.restyle(scene, index, colour=key, keep_second=not second)
        return rooms.render(wanted, SIZE).picture
    finally:
        rooms.KIND_COLOURS[kind] = old
        del rooms.COLOURS[key]


def draw(seed: int, count: int, edits: int = EDITS) -> Iterator[Case]:
    """The cases of ``count`` rooms that are drawn from a seed."""
    rng = np.random.default_rng(seed)
    named = names()
    for room in range(count):
        scene = rooms.make_scene(int(rng.integers(10**8, 2 * 10**9)))
        drawn = rooms.render(scene, SIZE)
        for index, thing in enumerate(scene.things):
            mask = rooms.mask(drawn, index) > 0
            if not rooms.KIND_COLOURS[thing.kind] or thing.kind in _SKIPPED or mask.mean() < _LEAST:
                continue
            pure = [restyled(scene, index, rgb) for rgb in ((250, 20, 20), (20, 20, 250))]
            differs = np.abs(pure[0].astype(int) - pure[1]).max(axis=2)
            surface, fixed = mask & (differs > 60), differs < 8
            most = float(np.percentile(differs[surface], 95)) if surface.any() else 0.0
            main = surface & (differs >= 0.7 * most)
            for _ in range(edits):
                rgb = named[int(rng.integers(len(named)))]
                truth = restyled(scene, index, rgb)
                look = f"{thing.colour or ''} {thing.material or ''}".strip()
                yield Case(room, thing.kind, look, rgb, drawn.picture, mask, truth, surface, main, fixed)


def judge(case: Case, given: Mask | None = None) -> tuple[Result, Pixels]:
    """Recolour one case, under its true mask or a given one, and compare; the picture with it."""
    value = from_srgb(np.array([case.rgb], np.uint8))[0]
    mask = whole = case.mask if given is None else given
    if computed.has_body(case.kind):
        mask = computed.body_of(case.picture, mask, case.kind)
        whole = computed.measured_on(whole, mask, case.kind)
    asked = (float(value[0]), float(value[1]), float(value[2]))
    stage = computed.stage_for(asked, case.picture, whole, case.kind)
    after = compose(case.picture, [computed.recolour(case.picture, mask, stage, whole=whole)])
    fixed = case.fixed & (case.mask if given is None else case.mask | given)
    off = np.linalg.norm(from_srgb(after[fixed]) - from_srgb(case.truth[fixed]), axis=1)
    box = box_of(case.picture, case.mask)
    near = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    inner = _inner(case.mask)[near]
    before, got, true = (from_srgb(each[near]) for each in (case.picture, after, case.truth))
    apart = np.median(got[inner], axis=0) - np.median(true[inner], axis=0)
    error, old = (np.linalg.norm(each - true, axis=2) for each in (got, before))
    change = np.linalg.norm(got - before, axis=2)
    surface, rest = _inner(case.surface)[near], _inner(case.mask & ~case.surface)[near]
    different = surface & (old > 0.06)
    return Result(
        one=math.hypot(*true[inner].std(axis=0)[1:]) <= ONE_COLOUR,
        hue=math.hypot(*apart[1:]),
        lightness=float(apart[0]),
        left=float(np.mean(error[inner])) / max(float(np.mean(old[inner])), 0.02),
        ranks=_ranks(before[surface], got[surface]),
        true_ranks=_ranks(before[surface], true[surface]),
        missed=float((change[different] < 0.3 * old[different]).mean()) if different.any() else 0.0,
        moved=float((change[rest] > 0.06).mean()) if rest.any() else 0.0,
        asked=float(value[0]),
        kept=float(off.mean()) if off.size else 0.0,
        keeping=off.size,
    ), after


def _ranks(before: Field, after: Field) -> float:
    """The rank correlation of the lightness of pixels (n, 3); 1 where none varied before, 0 where none does
    after.
    """
    one, other = before[:, 0], after[:, 0]
    if len(one) < 2 or np.ptp(one) == 0:
        return 1.0
    return float(stats.spearmanr(one, other).statistic) if np.ptp(other) > 0 else 0.0


def step(case: Case, name: str) -> bool | None:
    """Whether a modifier ("a bit darker"), read as a sentence is, moves the thing from what it is as it says;
    None where the engine says that it is at its end.
    """
    wanted = read_look(f"a {name} {case.kind}", case.kind).step
    if wanted is None:
        return False
    mask = whole = case.mask
    if computed.has_body(case.kind):
        mask = computed.body_of(case.picture, mask, case.kind)
        whole = computed.measured_on(whole, mask, case.kind)
    try:
        stage = computed.stage_for_step(wanted, None, case.picture, whole)
    except EngineError:
        return None
    after = compose(case.picture, [computed.recolour(case.picture, mask, stage, whole=whole)])
    main = _inner(case.main)
    before, now = (np.median(from_srgb(each[main]), axis=0) for each in (case.picture, after))
    return sensible(name, before, now)


def _inner(mask: Mask) -> Mask:
    inner = np.asarray(ndimage.binary_erosion(mask, iterations=2))
    return inner if np.count_nonzero(inner) > 50 else mask


def _ragged(mask: Mask, seed: int) -> Mask:
    """A mask with an edge that wavers by a few pixels, as a segmenter's."""
    noise = np.asarray(ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=mask.shape), 4))
    inside, outside = (np.asarray(ndimage.distance_transform_edt(each)) for each in (mask, ~mask))
    away = inside - outside
    return np.asarray(away + 2.5 * noise / np.std(noise) > 0)


def _masks(kind: str) -> Callable[[Case, int], Mask | None]:
    if kind == "eroded":
        return lambda case, _: np.asarray(ndimage.binary_erosion(case.mask, iterations=2))
    if kind == "grown":
        return lambda case, _: np.asarray(ndimage.binary_dilation(case.mask, iterations=2))
    if kind == "ragged":
        return lambda case, number: _ragged(case.mask, number)
    if kind == "lisa":
        segmenter: Segmenter = registry.load_segmenter(
            registry.find_preset(registry.DEFAULT_PRESET).segmenter
        )

        def found(case: Case, _: int) -> Mask | None:
            mask = find(segmenter, case.picture, [f"the {case.kind}"])[0].mask
            overlap = float((mask & case.mask).sum()) / float((mask | case.mask).sum())
            return mask if overlap > 0.6 else None  # another thing's mask measures the segmenter

        return found
    return lambda case, _: case.mask


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, after Ctrl-C what was measured so far; the exit code is 1 below the bars."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--masks", choices=("true", "eroded", "grown", "ragged", "lisa"), default="true")
    parser.add_argument(
        "--sheet", type=Path, metavar="DIR", help="write contact sheets of the first 40 results"
    )
    options = parser.parse_args(arguments)
    print("seed", options.seed, "masks", options.masks, flush=True)
    given = _masks(options.masks)
    sheets = Sheets(options.sheet, "recolouring") if options.sheet else None
    results: list[Result] = []
    steps: list[bool | None] = []
    picked = list(MODIFIERS)
    try:
        for number, case in enumerate(draw(options.seed, options.rooms)):
            mask = given(case, number)
            if mask is None or not mask.any():
                continue
            result, after = judge(case, mask)
            results.append(result)
            name = picked[number % len(picked)]
            steps.append(step(case, name))
            if steps[-1] is False:
                print(f"  wrong step: {case.look} {case.kind}, {name}", flush=True)
            text = f"room {case.room}: {case.look} {case.kind} in {case.rgb}"
            verdict = f"ab {result.hue:.3f} L {result.lightness:+.3f} left {result.left:.2f}"
            if result.one and not result.right:
                print(f"  wrong {text}: {verdict}", flush=True)
            if sheets is not None:
                sheets.add(case.picture, after, case.truth, text, verdict, result.right)
    except KeyboardInterrupt:
        print("  stopped: what was measured so far")
    for file in sheets.write() if sheets is not None else ():
        print("wrote", file)
    return 0 if _report(results, steps) else 1


def _report(results: Sequence[Result], steps: Sequence[bool | None]) -> bool:
    one = [result for result in results if result.one]
    several = [result for result in results if not result.one]
    lit = [result for result in results if 0.25 <= result.asked <= 0.9]
    textured = [result.ranks for result in lit if result.true_ranks >= _SAME_RANKS]
    patterned = [result.left for result in lit if result.true_ranks < _SAME_RANKS]
    if not textured or not steps:
        return False
    right = np.mean([result.right for result in one])
    for name, some in (("one colour", one), ("several colours", several), ("all", results)):
        if some:
            print(
                f"{name}: right {np.mean([r.right for r in some]):.3f} of {len(some)},"
                f" median ab {np.median([r.hue for r in some]):.3f},"
                f" |L| {np.median([abs(r.lightness) for r in some]):.3f}"
                f" (bias {np.mean([r.lightness for r in some]):+.3f}, spread"
                f" {np.std([r.lightness for r in some]):.3f}),"
                f" error left {np.mean([r.left for r in some]):.3f},"
                f" of the surface missed {np.mean([r.missed for r in some]):.3f},"
                f" of the rest moved {np.mean([r.moved for r in some]):.3f}"
            )
    pixels = sum(r.keeping for r in results)
    keepers = [r.kept for r in results if r.keeping > KEEPING]
    print(
        f"kept: error {sum(r.kept * r.keeping for r in results) / max(pixels, 1):.4f} of {pixels} pixels,"
        f" mean of {len(keepers)} things {np.mean(keepers or [0.0]):.4f}"
    )
    fine = np.mean([ranks >= 0.98 for ranks in textured])
    print(
        f"texture, where the true render keeps the ranks of lightness, too: {np.mean(textured):.3f},"
        f" at least 0.98 in {fine:.3f} of {len(textured)}; error left in the other"
        f" {len(patterned)} {np.mean(patterned or [0.0]):.3f}"
    )
    said = [each for each in steps if each is not None]
    print(f"steps: right {np.mean(said):.3f} of {len(said)}, at the end {len(steps) - len(said)}")
    return bool(right >= 0.95 and np.mean(said) >= 0.98)


if __name__ == "__main__":
    sys.exit(main())
