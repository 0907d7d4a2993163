"""How well things are removed by computing, in new rooms: held against true renders.

    python -m evaluation.painters.removing [--rooms 30] [--seed N] [--true-masks] [--on-walls] [--before]

A removal is right when the error against the true background, where the two differ, is at most 0.35 of what
the thing itself was. With ``--on-walls`` only what hangs on walls is removed, and the ghost of it that is
left is measured. ``--before`` removes as it was done before what is behind was made of patches, and on walls
before the wall's own light went on. Without ``--seed`` the rooms come from the clock: a set that nothing was
tuned on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pocket import rooms
from sessions.compose import compose
from tools import errors
from tools.engines import registry
from tools.inpainting.computed.removal import LEAST, Removed, Surroundings, look_around, remove
from tools.language.colours import oklab
from tools.language.referring import plural
from tools.segmenting.base import Segmenter, find

SIZE: Final = (640, 480)
RIGHT: Final = 0.35
"""The greatest error of a removal that is right."""

KINDS: Final = (
    "floor lamp", "side table", "ottoman", "chair", "armchair", "coffee table", "rug", "vase", "plant",
    "basket", "cushion", "cat", "dog", "table lamp",
)  # fmt: skip
LEAST_SEEN: Final = 0.004
"""The share of the picture that a thing covers at least."""
_OFF_THE_FLOOR: Final = ("window", "mirror", "picture", "clock", "television")
HUNG: Final = ("mirror", "picture", "clock", "television")

GHOST: Final = 0.02
"""Differences in Oklab above this are seen on an even wall."""

RING: Final = 40
"""How far around a thing, in pixels, a ghost of it is looked for."""


@dataclass(frozen=True, eq=False)
class Case:
    """A thing to remove: the picture with it and, in truth, without it, its mask, and what its wall is of."""

    kind: str
    before: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    wall: str = ""


def wall_cases(seed: int, count: int) -> Iterator[Case]:
    """All that hangs on walls, and is no speck, in ``count`` rooms that have such things."""
    rng = np.random.default_rng(seed)
    while count > 0:
        scene = rooms.make_scene(int(rng.integers(10**8, 2 * 10**9)))
        drawn = rooms.render(scene, SIZE)
        hung = [i for i, thing in enumerate(scene.things) if thing.kind in HUNG and thing.on == rooms.WALL]
        hung = [i for i in hung if rooms.mask(drawn, i).mean() > 0.001]
        count -= bool(hung)
        for i in hung:
            truth = rooms.render(rooms.remove(scene, i), SIZE).picture
            wall = scene.things[rooms.WALL].material or "painted"
            yield Case(scene.things[i].kind, drawn.picture, truth, rooms.mask(drawn, i), wall)


def ghost(out: NDArray[np.uint8], case: Case) -> tuple[float, float]:
    """The largest difference to the true background where the thing was, and in a ring around it.

    Distances in Oklab, of differences that were smoothed over about 4 pixels.
    """
    off = ndimage.gaussian_filter(oklab(out) - oklab(case.truth), (1.5, 1.5, 0))
    far = np.sqrt((off**2).sum(axis=-1))
    around = (ndimage.distance_transform_edt(~case.mask) <= RING) & ~case.mask
    return float(far[case.mask].max()), float(far[around].max())


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
        names = [kind for kind, i in alone.items() if rooms.mask(drawn, i).mean() > LEAST_SEEN]
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


def removed(
    case: Case, segmenter: Segmenter, *, true_mask: bool = False, as_before: bool = False
) -> Removed | None:
    """Remove the thing of a case, None where it or its surroundings are not found."""
    mask = case.mask if true_mask else _found(case, segmenter)
    if not mask.any():
        return None
    around: Surroundings = look_around(segmenter, case.before)
    try:
        return remove(
            case.before,
            mask,
            around,
            f"the {case.kind}",
            wall_light=not (as_before and case.wall),
            patches=not as_before,
        )
    except errors.EngineError:
        return None


def _found(case: Case, segmenter: Segmenter) -> NDArray[np.bool_]:
    """The segmenter's mask of a case's thing; where it hangs, of the one of its kind that lies there."""
    if not case.wall:
        return find(segmenter, case.before, [f"the {case.kind}"])[0].mask
    found = find(segmenter, case.before, [f"all the {plural(case.kind)}"])[0]
    there = [one for one in found.things or (found.mask,) if (one & case.mask).sum() > 0.5 * one.sum()]
    return max(there, key=lambda one: int((one & case.mask).sum()), default=np.zeros_like(case.mask))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How well things are removed by computing.")
    parser.add_argument("--rooms", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--true-masks", action="store_true")
    parser.add_argument("--on-walls", action="store_true")
    parser.add_argument("--before", action="store_true")
    options = parser.parse_args()
    seed = int(time.time()) % 10**7 if options.seed is None else options.seed
    segmenter = registry.load_segmenter("lisa-pocket")
    if options.on_walls:
        _measure_ghosts(seed, options.rooms, segmenter, options.true_masks, options.before)
        return
    asked = carried = right = possible = 0
    for case in cases(seed, options.rooms):
        asked += 1
        began = time.process_time()
        done = removed(case, segmenter, true_mask=options.true_masks, as_before=options.before)
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


def _measure_ghosts(seed: int, count: int, segmenter: Segmenter, true_mask: bool, as_before: bool) -> None:
    """Remove all that hangs on walls and print the ghosts, by what the wall is of."""
    left: dict[str, list[tuple[float, float]]] = {}
    asked = carried = 0
    for case in wall_cases(seed, count):
        asked += 1
        done = removed(case, segmenter, true_mask=true_mask, as_before=as_before)
        if done is None:
            print(f"{case.kind} on {case.wall}: not found")
            continue
        carried += done.confidence >= LEAST
        inside, ring = ghost(compose(case.before, [done.patch]), case)
        left.setdefault("painted" if case.wall == "painted" else "patterned", []).append((inside, ring))
        print(
            f"{case.kind} on {case.wall}: {inside:.3f} inside, {ring:.3f} around,"
            f" confidence {done.confidence:.2f}",
            flush=True,
        )
    for name, pairs in left.items():
        inside, ring = np.median(pairs, axis=0)
        clean, around = np.mean(np.asarray(pairs) <= GHOST, axis=0)
        print(
            f"{name} walls, {len(pairs)} things: median {inside:.3f} inside, {ring:.3f} around;"
            f" without a ghost {clean:.2f} inside, {around:.2f} around"
        )
    print(f"seed {seed}: {carried} carried out of {asked} asked")


if __name__ == "__main__":
    main()
