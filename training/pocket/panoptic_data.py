"""What the map of kinds is trained on: drawn rooms with the kind and the middle of the thing at each pixel.

A room is drawn from its seed alone. In some, things have colours that no vocabulary names, and things stand
and hang where nobody furnishes so, as both do after an edit.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pocket import rooms
from pocket.rooms.camera import box_in_picture
from pocket.rooms.edits import dependants
from pocket.rooms.scene import Furnisher
from pocket.rooms.vocabulary import KIND_MATERIALS, TABLETOP_KINDS, WALL_KINDS, has_own_colour

SIZE: Final = (768, 576)
EACH: Final = 100
"""Rooms in a shard."""
_SERIES: Final = 900_000_000
"""Seeds from here on are this training's own."""
_SHARE: Final = (0.5, 0.35)
"""How many rooms have things in free colours, and how many things in such a room have one."""
_REARRANGED: Final = 0.6
"""How many rooms have things in odd places."""
_ON_FLOOR: Final = tuple(kind for kind in rooms.KINDS[2:] if kind not in (*WALL_KINDS, "cushion"))
_ON_TOPS: Final = (*TABLETOP_KINDS, "television", "cat", "basket", "plant")
_ON_WALLS: Final = ("mirror", "picture", "clock", "television", "window")
_MOST: Final = 60
"""Things in a room; ids are bytes."""
_TOPS: Final = ("coffee table", "dining table", "side table", "cabinet", "ottoman")


def draw(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture uint8 (576, 768, 3), its ids uint8 (576, 768) and the kinds' numbers (256,), 255 for none."""
    rng = np.random.default_rng([seed, 1729])
    scene = rooms.make_scene(seed)
    if rng.random() < _REARRANGED:
        for _ in range(int(rng.integers(1, 4))):
            scene = rearranged(scene, rng)
    if rng.random() < _SHARE[0]:
        scene = replace(scene, things=tuple(_freely(thing, rng) for thing in scene.things))
    rendered = rooms.render(scene, SIZE)
    kinds = np.full(256, 255, np.uint8)
    for place, thing in enumerate(scene.things):
        kinds[place] = rooms.KINDS.index(thing.kind)
    return rendered.picture, np.maximum(rendered.ids, 0).astype(np.uint8), kinds


def rearranged(scene: rooms.Scene, rng: np.random.Generator) -> rooms.Scene:
    """The room with one more thing, or one in the place of another, where there is room for it and it is
    seen; else as it was.
    """
    f = Furnisher(scene.room_width, scene.room_depth, rng, scene.things)
    way = float(rng.random())
    if way < 0.55:
        stands = [
            i
            for i in scene.present()
            if i > rooms.WALL and scene.things[i].on == rooms.FLOOR and scene.things[i].kind != "rug"
        ]
        if not stands:
            return scene
        old = stands[int(rng.integers(len(stands)))]
        for i in (old, *dependants(scene, old)):
            f.things[i] = replace(f.things[i], gone=True)
        spot, kind = scene.things[old], _one(_ON_FLOOR, rng)
        turned = spot.yaw if rng.random() < 0.3 else 0.0
        made = f.floor_spot(
            kind, (spot.x - 0.2, spot.x + 0.2), (spot.z - 0.2, spot.z + 0.2), (turned, turned), 4
        )
    elif way < 0.75:
        made = f.floor_spot(_one(_ON_FLOOR, rng), (0.3, f.width - 0.3), (0.8, f.depth - 0.3), (-20, 20), 4)
    elif way < 0.85:
        tops = [i for i in scene.present() if scene.things[i].kind in _TOPS]
        made = f.on_top(_one(_ON_TOPS, rng), tops[int(rng.integers(len(tops)))]) if tops else None
    else:
        made = f.hang_somewhere(_one(_ON_WALLS, rng), _one(("back", "left", "right"), rng))
    if made is None:
        return scene
    box = box_in_picture(scene.camera, f.things[made], rooms.FULL_ASPECT)
    inside = max(0.0, min(box[2], 1.0) - max(box[0], 0.0)) * max(0.0, min(box[3], 1.0) - max(box[1], 0.0))
    if inside < 0.5 * (box[2] - box[0]) * (box[3] - box[1]) or len(f.things) > _MOST:
        return scene
    return replace(scene, things=tuple(f.things))


def _one(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


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
