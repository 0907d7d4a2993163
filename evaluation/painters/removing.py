"""How well things are removed by computing, in new rooms: held against true renders.

    python -m evaluation.painters.removing [--rooms 30] [--seed N] [--true-masks]

A removal is right when the error against the true background, where the two differ, is at most 0.35 of what
the thing itself was. Without ``--seed`` the rooms come from the clock: a set that nothing was tuned on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pocket import rooms
from sessions.compose import compose
from tools import errors
from tools.engines import registry
from tools.inpainting.computed.removal import LEAST, Removed, Surroundings, look_around, remove
from tools.segmenting.base import Segmenter, find

SIZE: Final = (640, 480)
RIGHT: Final = 0.35
"""The greatest error of a removal that is right."""

KINDS: Final = (
    "floor lamp", "side table", "ottoman", "chair", "armchair", "coffee table", "rug", "vase", "plant",
    "basket",
)  # fmt: skip
_OFF_THE_FLOOR: Final = ("window", "mirror", "picture", "clock", "television")


@dataclass(frozen=True, eq=False)
class Case:
    """A thing to remove: the picture with it and, in truth, without it, and its mask."""

    kind: str
    before: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def cases(seed: int, count: int) -> Iterator[Case]:
    """At most two things a room, of ``count`` rooms that have five or more things of which there is one."""
    rng = np.random.default_rng(seed)
    while count > 0:
        scene = rooms.make_scene(int(rng.integers(10**8, 2 * 10**9)))
        drawn = rooms.render(scene, SIZE)
        kinds = [thing.kind for thing in scene.things]
        alone = {
            kind: i for i, kind in enumerate(kinds) if kinds.count(kind) == 1 and kind not in _OFF_THE_FLOOR
        }
        names = [kind for kind, i in alone.items() if rooms.mask(drawn, i).mean() > 0.01]
        if len(names) < 5:
            continue
        count -= 1
        rng.shuffle(names)
        for kind in [name for name in names if name in KINDS][:2]:
            truth = rooms.render(rooms.remove(scene, alone[kind]), SIZE).picture
            yield Case(kind, drawn.picture, truth, rooms.mask(drawn, alone[kind]))


def error(out: NDArray[np.uint8], case: Case) -> float:
    """The error of a picture against the true background, as a share of what the thing itself was."""
    base, true = case.before.astype(int), case.truth.astype(int)
    where = np.abs(true - base).max(axis=-1) > 12
    changed = float(np.abs(base - true)[where].mean()) if where.any() else 0.0
    return float(np.abs(out.astype(int) - true)[where].mean()) / max(changed, 1e-9) if changed else 0.0


def removed(case: Case, segmenter: Segmenter, *, true_mask: bool = False) -> Removed | None:
    """Remove the thing of a case, None where it or its surroundings are not found."""
    mask = case.mask if true_mask else find(segmenter, case.before, [f"the {case.kind}"])[0].mask
    if not mask.any():
        return None
    around: Surroundings = look_around(segmenter, case.before)
    try:
        return remove(case.before, mask, around, f"the {case.kind}")
    except errors.EngineError:
        return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How well things are removed by computing.")
    parser.add_argument("--rooms", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--true-masks", action="store_true")
    options = parser.parse_args()
    seed = int(time.time()) % 10**7 if options.seed is None else options.seed
    segmenter = registry.load_segmenter("lisa-pocket")
    asked = carried = right = possible = 0
    for case in cases(seed, options.rooms):
        asked += 1
        began = time.process_time()
        done = removed(case, segmenter, true_mask=options.true_masks)
        took = time.process_time() - began
        if done is None:
            print(f"{case.kind}: not found")
            continue
        off = error(compose(case.before, [done.patch]), case)
        possible += off <= RIGHT
        sure = done.confidence >= LEAST
        carried += sure
        right += sure and off <= RIGHT
        verdict = "done" if sure else f"refused, {done.doubt}"
        print(
            f"{case.kind}: error {off:.2f}, confidence {done.confidence:.2f}, {verdict}; {took:.1f} s",
            flush=True,
        )
    print(
        f"seed {seed}: {right} right of {carried} carried out of {asked} asked;"
        f" wrong under Done {(carried - right) / max(asked, 1):.3f}; {possible} right were all carried out"
    )


if __name__ == "__main__":
    main()
