"""Changing one thing of a scene: the true pictures of an edit. Indexes of other things never change."""

from __future__ import annotations

from dataclasses import replace as changed

from numpy.random import PCG64, Generator

from pocket.rooms.camera import box_in_picture
from pocket.rooms.furniture import SIZES
from pocket.rooms.model import FLOOR, FULL_ASPECT, WALL, Scene, Thing
from pocket.rooms.render import second_of
from pocket.rooms.scene import Furnisher, pick_size
from pocket.rooms.vocabulary import (
    COLOURS,
    KIND_COLOURS,
    KIND_MATERIALS,
    OWN_COLOUR,
    TABLETOP_KINDS,
    WALL_KINDS,
    check_look,
    has_own_colour,
)

__all__ = ["add", "remove", "replace", "restyle"]

_FLAT_TOPS = ("coffee table", "dining table", "side table", "cabinet")


def restyle(
    scene: Scene,
    index: int,
    colour: str | None = None,
    material: str | None = None,
    *,
    keep_second: bool = False,
) -> Scene:
    """The same shape with another surface; None keeps what is.

    A pattern's second colour is the one that goes with the first: a pale one on dark, a dark one on pale.
    ``keep_second``: where the material stays, so does that colour; who asks for another colour means the
    first alone.

    A colour for a thing whose material has its own (an oak chair in red) changes the material to one that
    takes colours; a material that takes colours, for a thing that has none, gets the colour nearest to
    what it was.
    Raises ValueError if the kind cannot look so.
    """
    thing = scene.things[index]
    if colour is None and material is None:
        return scene
    if material is None:
        material = thing.material
        if has_own_colour(material):
            material = next(m for m in KIND_MATERIALS[thing.kind] if not has_own_colour(m))
    if colour is None and not has_own_colour(material):
        colour = thing.colour or _nearest(OWN_COLOUR.get(thing.material or "", (128, 128, 128)), thing.kind)
    check_look(thing.kind, colour, material)
    second = second_of(thing) if keep_second and material == thing.material else None
    return _with(scene, index, changed(thing, colour=colour, material=material, second=second))


def _nearest(rgb: tuple[int, int, int], kind: str) -> str:
    def distance(name: str) -> int:
        return sum((a - b) ** 2 for a, b in zip(COLOURS[name], rgb, strict=True))

    return min(KIND_COLOURS[kind], key=distance)


def _with(scene: Scene, index: int, thing: Thing) -> Scene:
    things = list(scene.things)
    things[index] = thing
    return changed(scene, things=tuple(things))


def dependants(scene: Scene, index: int) -> list[int]:
    """Indexes of the things on top of a thing, and on top of those."""
    out: list[int] = []
    for i, thing in enumerate(scene.things):
        if i > WALL and not thing.gone and (thing.on == index or thing.on in out) and i != index:
            out.append(i)
    return out


def remove(scene: Scene, index: int) -> Scene:
    """The scene without a thing and without what is on it. Raises ValueError for the floor and the wall."""
    if index in (FLOOR, WALL):
        raise ValueError("The floor and the wall cannot be removed.")
    things = list(scene.things)
    for i in (index, *dependants(scene, index)):
        things[i] = changed(things[i], gone=True)
    return changed(scene, things=tuple(things))


def replace(
    scene: Scene, index: int, kind: str, colour: str | None, material: str | None, seed: int
) -> Scene:
    """Another thing in the same place, scaled so that it fits into the old thing's box in the picture.

    What stood on the old thing goes, as with `remove`. Raises ValueError for the floor and the wall, for an
    unknown kind and for an impossible look.
    """
    check_look(kind, colour, material)
    if index in (FLOOR, WALL) or kind in ("floor", "wall"):
        raise ValueError("The floor and the wall can be restyled, not replaced.")
    old = scene.things[index]
    scene = remove(scene, index)
    rng = Generator(PCG64(seed))
    width, height, depth = pick_size(kind, rng)
    new = Thing(
        kind,
        colour,
        material,
        old.x,
        old.y,
        old.z,
        old.yaw,
        width,
        height,
        depth,
        old.on,
        int(rng.integers(1 << 30)),
    )
    wanted = box_in_picture(scene.camera, old, FULL_ASPECT)
    flat = old.kind == "rug" or kind == "rug"
    scale = 1.0
    for _ in range(3):
        got = box_in_picture(scene.camera, _sized(scene, old, new, scale), FULL_ASPECT)
        across, upwards = (
            (wanted[2] - wanted[0]) / (got[2] - got[0]),
            (wanted[3] - wanted[1]) / (got[3] - got[1]),
        )
        scale *= across if flat else min(across, upwards)
    scale = min(max(scale * 1.04, 0.25), 1.0 if flat else 1.35)
    return _with(scene, index, _sized(scene, old, new, round(scale, 3)))


def _sized(scene: Scene, old: Thing, new: Thing, scale: float) -> Thing:
    """The new thing at a scale; on a wall it keeps the middle and its back to the wall."""
    out = changed(
        new,
        width=round(new.width * scale, 4),
        height=round(new.height * scale, 4) if new.kind != "rug" else new.height,
        depth=round(new.depth * scale, 4),
    )
    if old.on == WALL:
        push = (out.depth - old.depth) / 2
        out = changed(out, y=round(old.y + (old.height - out.height) / 2, 4))
        if abs(old.yaw) < 1:
            out = changed(out, z=round(old.z - push, 4))
        else:
            out = changed(out, x=round(old.x + (push if old.yaw < 0 else -push), 4))
    else:
        hx = max(out.width, out.depth) / 2
        out = changed(
            out,
            x=round(
                min(
                    max(out.x, min(hx, scene.room_width / 2)),
                    max(scene.room_width - hx, scene.room_width / 2),
                ),
                4,
            ),
            z=round(
                min(out.z, scene.room_depth - (out.depth / 2 if abs(out.yaw) < 45 else out.width / 2)), 4
            ),
        )
    return out


def add(
    scene: Scene, kind: str, colour: str | None, material: str | None, place: str | None, seed: int
) -> Scene:
    """A new thing (the last of the scene's things) in a free, visible place.

    place: 'floor', 'wall', 'table' (on top of a piece of furniture), or None for what suits the kind. Raises
    ValueError when the look is impossible or no free place is found.
    """
    check_look(kind, colour, material)
    if kind not in SIZES:
        raise ValueError(f"There is one {kind} only; another cannot be added.")
    rng = Generator(PCG64(seed))
    if place is None:
        place = "wall" if kind in WALL_KINDS else "table" if kind in TABLETOP_KINDS else "floor"
    f = Furnisher(scene.room_width, scene.room_depth, rng, scene.things)
    count = len(f.things)
    for _ in range(60):
        index = _try_place(f, kind, place)
        if index is None:
            continue
        thing = changed(f.things[index], colour=colour, material=material)
        f.things = f.things[:count]
        x0, y0, x1, y1 = box_in_picture(scene.camera, thing, FULL_ASPECT)
        if x0 >= 0.02 and x1 <= 0.98 and y0 >= 0.02 and y1 <= 0.99 and not _hidden(scene, thing):
            return changed(scene, things=(*scene.things, thing))
    raise ValueError(f"There is no free place for a {kind} ({place}).")


def _try_place(f: Furnisher, kind: str, place: str) -> int | None:
    if place == "wall":
        side = ("back", "back", "left", "right")[int(f.rng.integers(4))]
        return f.hang_somewhere(kind, side, 1)
    if place == "table":
        tops = [i for i, t in enumerate(f.things) if not t.gone and t.kind in _FLAT_TOPS]
        return f.on_top(kind, tops[int(f.rng.integers(len(tops)))], 0.5, 1) if tops else None
    if place != "floor":
        raise ValueError(f"A place is 'floor', 'wall' or 'table', not {place!r}.")
    return f.floor_spot(kind, (0.3, f.width - 0.3), (0.8, f.depth - 0.3), (-30, 30), 1)


def _hidden(scene: Scene, thing: Thing) -> bool:
    """Whether something nearer covers a good part of the thing's box in the picture."""
    box = box_in_picture(scene.camera, thing, FULL_ASPECT)
    area = (box[2] - box[0]) * (box[3] - box[1])
    for i, other in enumerate(scene.things):
        if i <= WALL or other.gone or other.z >= thing.z or other.kind == "rug":
            continue
        b = box_in_picture(scene.camera, other, FULL_ASPECT)
        across = min(box[2], b[2]) - max(box[0], b[0])
        upwards = min(box[3], b[3]) - max(box[1], b[1])
        if across > 0 and upwards > 0 and across * upwards > 0.3 * area:
            return True
    return False
