"""What the painter is trained on: object-centred crops of drawn rooms, with the truth, the mask and the
words.

A sample is drawn from its seed alone, so a data set is a range of seeds. Samples are rendered straight at
the working size (the renderer draws any viewport), kept in shards of uint8 arrays, and read back
memory-mapped.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import prompts
from pocket import rooms
from pocket.rooms.expressions import noun_of
from tools.inpainting.geometry import room_for_another

Task = Literal["restyle", "replace", "remove", "add"]
TASKS: Final[tuple[Task, ...]] = ("restyle", "replace", "remove", "add")

BUCKETS: Final[tuple[tuple[int, int], ...]] = ((192, 192), (240, 160), (160, 240), (272, 128), (128, 272))
"""Working sizes (width, height) that ``tools.inpainting.geometry`` gives an engine of 192² pixels, the
rarest left out."""

EMPTY_PROMPT: Final = prompts.read("remove.txt").strip()
"""What a removal is prompted with: the wall and the floor go on."""

SHARD: Final = 250

CONTRAST: Final = 4
"""So many samples are one thing in different looks; see ``draw_contrast``."""


@dataclass(frozen=True)
class Sample:
    """One training example of the painter.

    ``truth`` and ``before`` are uint8 RGB (h, w, 3) of one of BUCKETS' sizes: the wanted picture, and the
    picture as it was (they agree outside the change). ``mask`` is bool (h, w), True where the painter may
    paint.
    """

    truth: NDArray[np.uint8]
    before: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    prompt: str
    task: Task


def draw_sample(seed: int) -> Sample:
    """Draw the sample of a seed. Tries further scenes until one has something to edit."""
    rng = np.random.default_rng([seed, 71])
    while True:
        sample = _try_sample(rng)
        if sample is not None:
            return sample


def _try_sample(rng: np.random.Generator) -> Sample | None:
    scene = rooms.make_scene(int(rng.integers(0, 2**31)))
    task = str(rng.choice(TASKS, p=(0.45, 0.2, 0.2, 0.15)))
    small = rooms.render(scene, (192, 144), supersample=1)
    seen = [i for i in rooms.visible(small, 0.006) if scene.things[i].kind not in ("floor", "wall")]
    if task == "restyle" and rng.random() < 0.14:
        seen = [i for i in rooms.visible(small, 0.1) if scene.things[i].kind in ("floor", "wall")]
    if not seen:
        return None
    if task == "replace":
        seen = [i for i in seen if scene.things[i].kind != "rug"]
        if not seen:
            return None
    index = int(rng.choice(seen))
    thing = scene.things[index]
    mask_small = rooms.mask(small, index)

    if task == "restyle":
        changed = _restyled(scene, index, rng)
        if changed is None:
            return None
        after, prompt = changed
    elif task == "replace":
        after, fits = _replaced(scene, index, mask_small, rng)
        prompt = _words(after.things[index], rng)
        if not fits:
            mask_small = mask_small | rooms.mask(rooms.render(after, (192, 144), supersample=1), index)
    elif task == "remove":
        scene = _uncover(scene, index, small)
        after, prompt = rooms.remove(scene, index), EMPTY_PROMPT
    else:
        after, prompt = scene, _words(thing, rng)
    if not mask_small.any():
        return None

    viewport, size = _window(mask_small, rng)
    truth = rooms.render(after, size, viewport)
    before = truth if after is scene else rooms.render(scene, size, viewport)
    picture = truth.picture
    own = rooms.mask(before, index)
    if task == "restyle":
        mask = _grow(own, rng.uniform(0.0, 0.02))
    elif task == "remove":
        mask = _grow(own | _differs(truth.picture, before.picture), rng.uniform(0.01, 0.05))
        if rng.random() < 0.3:
            mask = _wobble(mask, rng)
            picture = np.where(mask[..., None], picture, before.picture)
    elif task == "replace" and fits:
        mask = room_for_another(own)
        mask = _grow(mask, rng.uniform(0.07, 0.17) * float(np.sqrt(mask.mean())))
        picture = np.where(mask[..., None], picture, before.picture)
    else:
        mask = own | rooms.mask(truth, index)
        if rng.random() < (0.8 if task == "add" else 0.5):
            mask = _box(mask)
        mask = _grow(mask, rng.uniform(0.0, 0.05))
    if mask.mean() < 0.02 or mask.mean() > 0.9:
        return None
    return Sample(picture, before.picture, mask, prompt, task)  # type: ignore[arg-type]


def draw_contrast(seed: int) -> list[Sample]:
    """Draw one thing of one room in CONTRAST looks: the same crop and mask, and only the words and what
    they say of its surface differ.
    """
    rng = np.random.default_rng([seed, 73])
    while True:
        samples = _try_contrast(rng)
        if samples is not None:
            return samples


def _try_contrast(rng: np.random.Generator) -> list[Sample] | None:
    scene = rooms.make_scene(int(rng.integers(0, 2**31)))
    small = rooms.render(scene, (192, 144), supersample=1)
    large = rng.random() < 0.25
    seen = [
        i
        for i in rooms.visible(small, 0.1 if large else 0.01)
        if (scene.things[i].kind in ("floor", "wall")) == large
    ]
    if not seen:
        return None
    index = int(rng.choice(seen))
    kind = scene.things[index].kind
    materials = [m for m in rooms.KIND_MATERIALS[kind] if m is not None]
    if len(materials) < 2:
        return None
    # As many materials as there are, mostly in one colour; a further look differs in its colour.
    colour, looks = _look(kind, rng)[0], []
    for material in rng.permutation(materials)[:CONTRAST].tolist():
        looks.append((None if rooms.has_own_colour(material) else colour, material))
    while len(looks) < CONTRAST:
        look = _look(kind, rng)
        if look[1] is None or look in looks:
            return None
        looks.append(look)
    viewport, size = _window(rooms.mask(small, index), rng)
    before = rooms.render(scene, size, viewport)
    mask = _grow(rooms.mask(before, index), rng.uniform(0.0, 0.02))
    if mask.mean() < 0.02 or mask.mean() > 0.9:
        return None
    only_material = rng.random() < 0.3
    samples = []
    for shade, material in looks:
        after = rooms.restyle(scene, index, colour=shade, material=material)
        thing = after.things[index]
        bare = _without(thing, "colour")
        spoken = material is not None and material in rooms.phrase(bare)  # paint has no word of its own
        said = bare if only_material and spoken and shade == scene.things[index].colour else thing
        truth = rooms.render(after, size, viewport)
        words = _synonym(rooms.phrase(said), kind, rng)
        samples.append(Sample(truth.picture, before.picture, mask, words, "restyle"))
    return samples


def _replaced(
    scene: rooms.Scene, index: int, mask: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[rooms.Scene, bool]:
    """Another thing in a thing's place, and whether it fits into the old one's grown mask.

    The product knows the old thing alone: what it paints is shaped by the old mask. So most samples have a
    new thing that has room there; where none of a few does, the last is taken, with a mask that covers both.
    """
    room = room_for_another(mask)
    room = _grow(room, 0.12 * float(np.sqrt(room.mean())))
    for _ in range(6):
        kind = _other_kind(scene.things[index].kind, rng)
        colour, material = _look(kind, rng)
        after = rooms.replace(scene, index, kind, colour, material, int(rng.integers(0, 2**31)))
        new = rooms.mask(rooms.render(after, (192, 144), supersample=1), index)
        if new.sum() >= 0.2 * mask.sum() and (new & room).sum() >= 0.88 * new.sum():
            return after, True
    return after, False


def _uncover(scene: rooms.Scene, index: int, before: rooms.Rendered) -> rooms.Scene:
    """The scene without what the thing hides: nobody could know it, so it must not be the truth of a
    removal.
    """
    after = rooms.render(rooms.remove(scene, index), (192, 144), supersample=1)
    for other, thing in enumerate(scene.things):
        seen, revealed = rooms.mask(before, other).sum(), rooms.mask(after, other).sum()
        if thing.kind not in ("floor", "wall", "rug") and other != index and revealed > 1.5 * seen + 4:
            scene = rooms.remove(scene, other)
    return scene


def _restyled(scene: rooms.Scene, index: int, rng: np.random.Generator) -> tuple[rooms.Scene, str] | None:
    """The scene with another surface on one thing, and words that say only what changed (or all of it)."""
    thing = scene.things[index]
    colour, material = _look(thing.kind, rng)
    change = rng.choice(["colour", "material", "both"], p=(0.35, 0.3, 0.35))
    if change == "colour" and thing.colour is not None:
        choices = [c for c in rooms.KIND_COLOURS[thing.kind] if c != thing.colour]
        after = rooms.restyle(scene, index, colour=str(rng.choice(choices)), material=thing.material)
        said = rooms.phrase(_without(after.things[index], "material"))
    elif change == "material" and thing.colour is not None and not rooms.has_own_colour(material):
        if material is None or material == thing.material:
            return None
        after = rooms.restyle(scene, index, colour=thing.colour, material=material)
        said = rooms.phrase(_without(after.things[index], "colour"))
    else:
        if (colour, material) == (thing.colour, thing.material):
            return None
        after = rooms.restyle(scene, index, colour=colour, material=material)
        said = rooms.phrase(after.things[index])
    return after, _synonym(said, thing.kind, rng)


def _without(thing: rooms.Thing, attribute: str) -> rooms.Thing:
    from dataclasses import replace

    return replace(thing, colour=None) if attribute == "colour" else replace(thing, material=None)


def _words(thing: rooms.Thing, rng: np.random.Generator) -> str:
    """The thing in words, sometimes without its colour or its material."""
    if rng.random() < 0.12 and thing.colour and thing.material:
        thing = _without(thing, str(rng.choice(["colour", "material"])))
    return _synonym(rooms.phrase(thing), thing.kind, rng)


def _synonym(text: str, kind: str, rng: np.random.Generator) -> str:
    others, noun = rooms.SYNONYMS.get(kind, ()), noun_of(kind)
    if others and noun in text and rng.random() < 0.15:
        text = text.replace(noun, str(rng.choice(others)))
    if rng.random() < 0.15:
        text = text.removeprefix("a ").removeprefix("an ")
    return text


def _look(kind: str, rng: np.random.Generator) -> tuple[str | None, str | None]:
    """A colour and a material that the kind can have."""
    materials, colours = rooms.KIND_MATERIALS[kind], rooms.KIND_COLOURS[kind]
    material = str(rng.choice(materials)) if materials else None
    colour = None if rooms.has_own_colour(material) or not colours else str(rng.choice(colours))
    return colour, material


def _other_kind(kind: str, rng: np.random.Generator) -> str:
    """A kind that can stand where this one stands."""
    hanging = kind in rooms.WALL_KINDS
    choices = [
        k
        for k in rooms.KINDS
        if (k in rooms.WALL_KINDS) == hanging and k not in ("floor", "wall", "rug", kind)
    ]
    return str(rng.choice(choices))


def _window(
    mask: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[tuple[float, float, float, float], tuple[int, int]]:
    """A crop around the mask with some context: the viewport in fractions of a 4:3 picture, and the
    working size.
    """
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x0, x1 = columns[0] / width, (columns[-1] + 1) / width
    y0, y1 = rows[0] / height, (rows[-1] + 1) / height
    share = rng.uniform(0.35, 1.0)
    # In units of the picture's height, so that pixels are square.
    w, h = (x1 - x0) * 4 / 3, y1 - y0
    pad = share * float(np.sqrt(w * h)) + 0.03
    w, h = min(4 / 3, w + pad), min(1.0, h + pad)
    bucket = min(BUCKETS, key=lambda size: abs(np.log(size[0] / size[1] * h / w)))
    aspect = bucket[0] / bucket[1]
    w, h = max(w, h * aspect), max(h, w / aspect)
    scale = min(1.0, 4 / 3 / w, 1.0 / h)
    w, h = w * scale, h * scale
    cx = float(np.clip((x0 + x1) / 2 * 4 / 3 + rng.normal() * 0.08 * pad, w / 2, 4 / 3 - w / 2))
    cy = float(np.clip((y0 + y1) / 2 + rng.normal() * 0.08 * pad, h / 2, 1 - h / 2))
    left, right = (cx - w / 2) * 3 / 4, (cx + w / 2) * 3 / 4
    return (max(0.0, left), max(0.0, cy - h / 2), min(1.0, right), min(1.0, cy + h / 2)), bucket


def _grow(mask: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    radius = round(share * (mask.shape[0] * mask.shape[1]) ** 0.5)
    return mask if radius < 1 else np.asarray(ndimage.distance_transform_edt(~mask) <= radius)


def _wobble(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """The mask as a model that is not sure of its edge would give it: bulges, dents and rounded corners."""
    sigma = 0.03 * float(np.sqrt(mask.size))
    noise = ndimage.gaussian_filter(rng.normal(size=mask.shape), sigma)
    soft = ndimage.gaussian_filter(mask.astype(float), 0.4 * sigma)
    return np.asarray(soft + 0.2 * noise / noise.std() > 0.5)


def _differs(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where two pictures differ visibly: a removed object's shadow, too."""
    return np.asarray(np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) > 6)


def _box(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.zeros_like(mask)
    if rows.size:
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def write_shard(folder: Path, number: int, each: int = SHARD, *, contrasts: bool = False) -> None:
    """Draw ``each`` samples of one shard (seeds number*SHARD …) and store them, grouped by working size.

    With ``contrasts`` each seed gives CONTRAST samples, which stay together.
    """
    done = folder / f"{number:05d}.json"
    if done.exists():
        return
    words: dict[str, list[dict[str, str]]] = {}
    arrays: dict[str, NDArray[np.uint8]] = {}
    by_size: dict[str, list[Sample]] = {}
    for seed in range(number * SHARD, number * SHARD + each):
        drawn = draw_contrast(seed) if contrasts else [draw_sample(seed)]
        h, w = drawn[0].mask.shape
        by_size.setdefault(f"{w}x{h}", []).extend(drawn)
    for size, samples in by_size.items():
        words[size] = [{"prompt": s.prompt, "task": s.task} for s in samples]
        stack = [
            np.concatenate([s.truth, s.before, s.mask[..., None] * np.uint8(255)], axis=2) for s in samples
        ]
        arrays[size] = np.stack(stack).astype(np.uint8)
    np.savez(folder / f"{number:05d}.npz", **arrays)  # type: ignore[arg-type]
    part = done.with_suffix(".part")
    part.write_text(json.dumps(words), encoding="utf-8")
    part.replace(done)


def _work(task: tuple[Path, int, int, bool]) -> None:
    folder, number, each, contrasts = task
    write_shard(folder, number, each, contrasts=contrasts)


def main(arguments: list[str] | None = None) -> None:
    """Draw the shards that are missing."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, help="default: runs/samples, or runs/contrasts")
    parser.add_argument("--contrasts", action="store_true", help="one thing in several looks at a time")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--each", type=int, default=SHARD, help="seeds in a shard")
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args(arguments)
    out: Path = args.out or Path("runs/contrasts" if args.contrasts else "runs/samples")
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    numbers = range(args.first, args.first + args.shards)
    tasks = [(out, number, args.each, args.contrasts) for number in numbers]
    with multiprocessing.Pool(args.processes) as pool:
        for count, _ in enumerate(pool.imap_unordered(_work, tasks), 1):
            seconds = time.monotonic() - began
            print(
                f"samples: {count}/{args.shards} shards, {count * args.each / seconds:.1f} samples/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
