"""How long a computed colour takes, by the size of the picture and of the thing.

    python -m benchmarks.recolour [--repeat N]

Whole-picture masks have no edge; the disc's edge band is part of its time. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from tools.inpainting.computed import recolour as computed
from tools.inpainting.request import ColourStage

SIZES = ((1024, 1024), (6000, 4000))
"""Width and height of the pictures, in pixels: one megapixel and 24."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many is printed")
    args = parser.parse_args(arguments)
    print("| picture | thing | seconds | seconds of one core |\n|---|---|---|---|")
    for wide, high in SIZES:
        down, across = np.linspace(-1, 1, high)[:, None], np.linspace(-1, 1, wide)[None]
        shade = (190 - 40 * across - 25 * down + 3 * np.sin(200 * across)).astype(np.uint8)
        away = np.hypot(down * high, across * wide) / high
        for name, mask in (
            ("all of it", np.ones((high, wide), bool)),
            ("a disc, 0.8 of its height", away < 0.8),
            ("a disc, 0.1 of its height", away < 0.1),
        ):
            for own, rgb in (("bright", (200, 90, 60)), ("dark", (40, 42, 46))):
                tint = np.array(rgb, np.uint16)
                picture = (tint * shade[..., None] // 200).clip(0, 255).astype(np.uint8)
                picture[~mask] = (120, 140, 150)
                stage = ColourStage(value=(0.85, -0.03, 0.06), light=0.9)
                best, worked = min(_seconds(picture, mask, stage) for _ in range(args.repeat))
                print(f"| {wide}×{high} | {name}, {own} | {best:.3f} | {worked:.3f} |", flush=True)


def _seconds(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    stage: ColourStage,
) -> tuple[float, float]:
    """By the clock, and of all cores together."""
    began, worked = time.perf_counter(), time.process_time()
    computed.recolour(picture, mask, stage)
    return time.perf_counter() - began, time.process_time() - worked


if __name__ == "__main__":
    main()
