"""What the map of kinds is trained on: drawn rooms with the kind and the middle of the thing at each pixel.

A room is drawn from its seed alone. In some, things have colours that no vocabulary names, as they have after
an edit.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pocket import rooms
from pocket.rooms.vocabulary import KIND_MATERIALS, has_own_colour

SIZE: Final = (512, 384)
EACH: Final = 100
"""Rooms in a shard."""
_SERIES: Final = 900_000_000
"""Seeds from here on are this training's own."""
_SHARE: Final = (0.5, 0.35)
"""How many rooms have things in free colours, and how many things in such a room have one."""


def draw(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture uint8 (384, 512, 3), its ids uint8 (384, 512) and the kinds' numbers (256,), 255 for none."""
    rng = np.random.default_rng([seed, 1729])
    scene = rooms.make_scene(seed)
    if rng.random() < _SHARE[0]:
        scene = replace(scene, things=tuple(_freely(thing, rng) for thing in scene.things))
    rendered = rooms.render(scene, SIZE)
    kinds = np.full(256, 255, np.uint8)
    for place, thing in enumerate(scene.things):
        kinds[place] = rooms.KINDS.index(thing.kind)
    return rendered.picture, np.maximum(rendered.ids, 0).astype(np.uint8), kinds


def _freely(thing: rooms.Thing, rng: np.random.Generator) -> rooms.Thing:
    takes = [m for m in KIND_MATERIALS[thing.kind] if not has_own_colour(m)]
    if (thing.colour is None and not takes) or rng.random() > _SHARE[1]:
        return thing
    material = thing.material if thing.colour is not None else str(rng.choice(takes))
    red, green, blue = (int(v) for v in rng.integers(8, 248, 3))
    return replace(thing, colour=f"#{red:02x}{green:02x}{blue:02x}", material=material)


def write_shard(folder: Path, number: int, each: int = EACH) -> None:
    """Draw the rooms of one shard and store them as arrays that can be mapped."""
    done = folder / f"{number:04d}.npz"
    if done.exists():
        return
    drawn = [draw(_SERIES + number * EACH + place) for place in range(each)]
    for name, arrays in zip(("pictures", "ids", "kinds"), zip(*drawn, strict=True), strict=True):
        np.save(folder / f"{number:04d}.{name}.npy", np.stack(arrays))
    done.touch()


def main(arguments: list[str] | None = None) -> None:
    """Draw the shards that are missing."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/panoptic-rooms"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=25)
    parser.add_argument("--each", type=int, default=EACH, help="rooms in a shard")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    for number in range(args.first, args.first + args.shards):
        write_shard(args.out, number, args.each)
        print(f"rooms: shard {number}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
