"""How well materials are computed (``tools.inpainting.computed.materials``), held against true renders.

    python -m evaluation.painters.computed_materials --edits 150 [--first NUMBER] [--sheet FILE.png]

Each case asks for another material on one thing of a drawn room, with the thing's true mask. The cases are
drawn from the clock unless a number is given, so that no figure comes from rooms that somebody tuned on. The
judge of materials is the one of the painting part; what it says of the true picture is the ceiling.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage, stats

from evaluation.painters import materials as judges
from evaluation.painters.checks import psnr, untouched
from evaluation.painters.colours import Swatches
from evaluation.scenes import PAINT_SIZE, Case, draw_case
from sessions.compose import compose
from tools.inpainting.base import MaskedEdit, seed_for
from tools.inpainting.computed.materials import Materials
from tools.inpainting.geometry import bounds

_FRESH: Final = (1_000_000, 5_000_000)
"""The first number of a case that is drawn from the clock, and how many there are."""

_LIGHT: Final = np.array((0.299, 0.587, 0.114))
_TILE: Final = (300, 225)


@dataclass(frozen=True, eq=False)
class Result:
    """What one case came to. ``colour`` is None where no colour is to be kept."""

    case: Case
    after: NDArray[np.uint8]
    said: str
    truly: str
    colour: bool | None
    colour_true: bool | None
    form: float
    likeness: float
    outside: bool
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the judge sees the material that was asked for."""
        return self.said == self.case.material


def fresh_number() -> int:
    """A case's number that depends on the clock."""
    return _FRESH[0] + time.time_ns() // 1_000_000 % _FRESH[1]


def measure(number: int, engine: Materials, judge: judges.Judge) -> Result | None:
    """Compute one case; None where the engine says that it cannot."""
    case = draw_case(number, "material")
    picture, truth, mask = case.given.picture, case.truth.picture, case.mask
    assert case.material is not None
    if not engine.can(case.prompt, case.name):
        return None
    edit = MaskedEdit(
        mask, case.prompt, case.kind, seed_for(str(number), case.prompt, case.kind), target=case.name
    )
    began = time.perf_counter()
    patch = engine.compute(picture, edit)
    seconds = time.perf_counter() - began
    after = compose(picture, [patch])
    colour, colour_true = _colour_kept(case, after)
    near = ndimage.binary_dilation(mask, iterations=3).astype(np.uint8)
    return Result(
        case,
        after,
        judge.name(after, mask),
        judge.name(truth, mask),
        colour,
        colour_true,
        form_kept(after, truth, mask),
        psnr(after, truth, mask),
        untouched(picture, after, near),
        seconds,
    )


def form_kept(after: NDArray[np.uint8], truth: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Spearman's rank correlation of the brightness within the mask, blurred so that faces and shadows count
    and patterns do not, -1…1.
    """
    sigma = 0.05 * float(np.sqrt(mask.sum()))
    weight = np.maximum(ndimage.gaussian_filter(mask.astype(float), sigma), 1e-6)
    values = [
        (ndimage.gaussian_filter(np.where(mask, picture @ _LIGHT, 0.0), sigma) / weight)[mask]
        for picture in (after, truth)
    ]
    return float(stats.spearmanr(values[0], values[1]).statistic)


def _colour_kept(case: Case, after: NDArray[np.uint8]) -> tuple[bool | None, bool | None]:
    colour = case.after.things[case.index].colour
    if colour is None or case.before.things[case.index].colour != colour:
        return None, None
    try:
        swatches = Swatches(case.after, case.index, PAINT_SIZE)
    except ValueError:
        return None, None
    return swatches.colour_of(after)[0] == colour, swatches.colour_of(case.truth.picture)[0] == colour


def report(results: Sequence[Result]) -> list[str]:
    """The figures, a line each."""
    by_material: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_material[str(result.case.material)].append(result)
    ceiling = np.mean([result.truly == result.case.material for result in results])
    kept = [result for result in results if result.colour is not None]
    lines = [
        f"edits: {len(results)}",
        f"material as asked: {np.mean([r.right for r in results]):.3f} (true pictures {ceiling:.3f})",
        f"colour kept: {np.mean([bool(r.colour) for r in kept]):.3f} of {len(kept)}"
        f" (true pictures {np.mean([bool(r.colour_true) for r in kept]):.3f})",
        f"form, rank correlation with the true picture: median {np.median([r.form for r in results]):.2f}",
        f"likeness to the true picture: {np.mean([r.likeness for r in results]):.1f} dB",
        f"untouched outside the mask and 3 pixels: {np.mean([r.outside for r in results]):.3f}",
        f"time: {np.mean([r.seconds for r in results]):.2f} s, "
        f"at most {max(r.seconds for r in results):.2f} s",
    ]
    for material, some in sorted(by_material.items()):
        wrong = ", ".join(r.said for r in some if not r.right)
        lines.append(f"  {material}: {sum(r.right for r in some)}/{len(some)} {wrong and f'({wrong})'}")
    return lines


def sheet(results: Sequence[Result], columns: int = 2) -> Image.Image:
    """Before, computed and true picture of each result, side by side."""
    wide, high = 3 * (_TILE[0] + 4) + 12, _TILE[1] + 20
    rows = -(-len(results) // columns)
    page = Image.new("RGB", (wide * columns, high * rows), "white")
    draw = ImageDraw.Draw(page)
    for place, result in enumerate(results):
        left, top = place % columns * wide, place // columns * high
        box = bounds(result.case.mask)
        around = 24
        part = (
            max(0, box.x0 - around), max(0, box.y0 - around),
            min(PAINT_SIZE[0], box.x1 + around), min(PAINT_SIZE[1], box.y1 + around),
        )  # fmt: skip
        thing = result.case.before.things[result.case.index]
        was = " ".join(word for word in (thing.colour, thing.material) if word)
        draw.text((left + 2, top + 3), f"{result.case.prompt} (was {was})", fill="black")
        for k, pixels in enumerate((result.case.given.picture, result.after, result.case.truth.picture)):
            tile = Image.fromarray(pixels).crop(part)
            scale = min(_TILE[0] / tile.width, _TILE[1] / tile.height)
            tile = tile.resize((max(1, round(tile.width * scale)), max(1, round(tile.height * scale))))
            page.paste(tile, (left + k * (_TILE[0] + 4), top + 18))
    return page


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--edits", type=int, default=150)
    parser.add_argument("--first", type=int, help="number of the first case; the clock's unless given")
    parser.add_argument("--judge", type=Path, default=judges.FILE)
    parser.add_argument("--sheet", type=Path, help="where to put a page of the first 40 results")
    args = parser.parse_args()
    first = fresh_number() if args.first is None else args.first
    print(f"cases from {first} on", flush=True)
    judge, engine = judges.load(args.judge), Materials()
    found = [measure(number, engine, judge) for number in range(first, first + args.edits)]
    results = [result for result in found if result is not None]
    if len(results) < len(found):
        print(f"left to the painters: {len(found) - len(results)}")
    print("\n".join(report(results)))
    share, things = judges.accuracy(judge, rooms_first(first), 30)
    print(f"the judge is right on {share:.3f} of {things} true renders")
    if args.sheet is not None:
        sheet(results[:40]).save(args.sheet)


def rooms_first(number: int) -> int:
    """The seed of the first room beside the cases, to check the judge on."""
    return 2**31 + 7_000_000_000 + number


if __name__ == "__main__":
    main()
