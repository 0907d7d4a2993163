"""Whether the edge of an edit shows: the colour step across it, against the step in the true picture.

    python -m benchmarks.seam [--edits N] [--first N] [--preset P] [--json FILE]

Each edit is one of ``evaluation``'s: a drawn room, a wanted change, its true picture. It is painted by
the public way with the object's true mask. Along the blend mask's two edges, the outer one (where it reaches
0) and the object's rim (where it leaves 255), the colours ``REACH`` pixels to both sides are compared; where
the true picture has an edge of its own, it has a step there, too. Nothing is asserted: the limit is printed
beside the figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from evaluation.painters.checks import touched
from evaluation.painters.painting import paint
from evaluation.scenes import Case, draw_case
from tools.engines import registry
from tools.engines.presets import Preset
from tools.kinds import Kind

LIMIT = 1.25
"""How many times the true step the painted one may be."""

REACH = 2.0
"""How far from the edge, in pixels, the colours on both sides are taken."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Seam:
    """The mean colour steps of one edit, in levels of 255: at the blend mask's outer and inner edge, painted
    and true.
    """

    number: int
    kind: Kind
    prompt: str
    outer: float
    outer_true: float
    inner: float
    inner_true: float


def step(picture: Pixels, inside: NDArray[np.bool_]) -> float:
    """The mean colour step across a mask's edge: the largest channel's, over all pixels along the edge.

    Each pixel ``REACH`` inside is compared with the one straight across, as far outside. The picture's own
    border is no edge. 0 where there is none.
    """
    away = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    down, right = np.gradient(ndimage.gaussian_filter(away, 1.0))
    length = np.maximum(np.hypot(down, right), 1e-6)
    rows, columns = np.nonzero((away > 0) & (away <= 1))
    normal = np.stack((down / length, right / length))[:, rows, columns]
    sides = []
    for side in (REACH, -REACH):
        at = np.rint(np.stack((rows, columns)) + side * normal).astype(int)
        sides.append(at)
    high, wide = inside.shape
    there = np.all([(at[0] >= 0) & (at[0] < high) & (at[1] >= 0) & (at[1] < wide) for at in sides], axis=0)
    if not there.any():
        return 0.0
    one, other = (picture[at[0][there], at[1][there]].astype(np.int16) for at in sides)
    return float(np.abs(one - other).max(axis=-1).mean())


def measure(case: Case, preset: Preset) -> tuple[Seam, Pixels]:
    """Paint one case and compare; the picture with it."""
    after, _ = paint(case, case.mask, preset)
    blend = touched(case.mask, case.kind)
    truth = case.truth.picture
    steps = [step(picture, mask) for mask in (blend > 0, blend == 255) for picture in (after, truth)]
    return Seam(case.number, case.kind, case.prompt, *steps), after


def ratios(seams: Sequence[Seam]) -> dict[str, float]:
    """The painted step by the true one at both edges, each a ratio of means."""
    return {
        "outer": sum(seam.outer for seam in seams) / max(1e-6, sum(seam.outer_true for seam in seams)),
        "inner": sum(seam.inner for seam in seams) / max(1e-6, sum(seam.inner_true for seam in seams)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the number of the first edit")
    parser.add_argument("--preset", default=registry.DEFAULT_PRESET)
    parser.add_argument("--json", type=Path, help="write the figures of every edit here")
    args = parser.parse_args(arguments)
    preset = registry.find_preset(args.preset)
    seams: list[Seam] = []
    began = time.perf_counter()
    for number in range(args.first, args.first + args.edits):
        seams.append(measure(draw_case(number), preset)[0])
        if len(seams) % 10 == 0 or len(seams) == args.edits:
            found = ratios(seams)
            seconds = time.perf_counter() - began
            print(
                f"seam: {len(seams)}/{args.edits} edits, {seconds:.0f} s,"
                f" outer {found['outer']:.2f}, inner {found['inner']:.2f}",
                flush=True,
            )
    by_kind: dict[str, list[Seam]] = defaultdict(list, all=seams)
    for seam in seams:
        by_kind[seam.kind].append(seam)
    print("\n| edits | n | step at the outer edge, painted / true | at the object's rim | limit |")
    print("|---|---|---|---|---|")
    for kind, some in by_kind.items():
        found = ratios(some)
        print(f"| {kind} | {len(some)} | {found['outer']:.2f} | {found['inner']:.2f} | {LIMIT} |")
    if args.json is not None:
        args.json.write_text(json.dumps([asdict(seam) for seam in seams], indent=1))


if __name__ == "__main__":
    main()
