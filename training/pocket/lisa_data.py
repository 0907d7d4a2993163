"""What LISA is trained on: whole drawn rooms with masks and things said about them.

A record is drawn from its seed alone. Rooms are rendered at 256×192, SAM's working size for a 4:3 picture.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pocket import rooms

SIZE: Final = (256, 192)
SHARD: Final = 200
HELD_OUT_SHARD: Final = 0


@dataclass(frozen=True)
class Said:
    """Something said about a picture, and the things that it means (none: it is not there)."""

    text: str
    things: tuple[int, ...]
    group: str


Look = tuple[int, int, int]
"""A thing's kind, colour and material as places in the vocabulary; -1 where it has none."""


def draw_record(
    seed: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], list[Said], list[str], list[Look]]:
    """(picture uint8 (192, 256, 3), ids uint8 (192, 256), what is said, the kinds in sight, each thing's
    look).
    """
    rng = np.random.default_rng([seed, 72])
    scene = rooms.make_scene(seed)
    rendered = rooms.render(scene, SIZE)
    said = [Said(e.text, tuple(e.indices), e.group) for e in rooms.expressions(scene, rendered, rng)]
    for absent in rooms.absent_phrases(scene, rng, rendered):
        said.append(Said(absent.text, (), "hard" if absent.hard else "absent"))
    looks = [
        (
            rooms.KINDS.index(t.kind),
            _place(t.colour, list(rooms.COLOURS)),
            _place(t.material, list(rooms.MATERIALS)),
        )
        for t in scene.things
    ]
    seen = sorted({looks[i][0] for i in rooms.visible(rendered, 0.003)})
    return (
        rendered.picture,
        np.maximum(rendered.ids, 0).astype(np.uint8),
        said,
        [rooms.KINDS[k] for k in seen],
        looks,
    )


def _place(word: str | None, words: list[str]) -> int:
    return -1 if word is None else words.index(word)


def write_shard(folder: Path, number: int, each: int = SHARD) -> None:
    """Draw ``each`` records of one shard (seeds number*SHARD …) and store them."""
    done = folder / f"{number:05d}.json"
    if done.exists():
        return
    pictures, ids, words = [], [], []
    for seed in range(number * SHARD, number * SHARD + each):
        picture, places, said, seen, looks = draw_record(seed)
        pictures.append(picture)
        ids.append(places)
        words.append(
            {"said": [[s.text, list(s.things), s.group] for s in said], "seen": seen, "looks": looks}
        )
    np.savez(folder / f"{number:05d}.npz", pictures=np.stack(pictures), ids=np.stack(ids))
    part = done.with_suffix(".part")
    part.write_text(json.dumps(words), encoding="utf-8")
    part.replace(done)


@dataclass
class Records:
    """Records in memory: pictures (n, 192, 256, 3), ids (n, 192, 256), and what is said of each."""

    pictures: NDArray[np.uint8]
    ids: NDArray[np.uint8]
    said: list[list[Said]]
    seen: list[list[str]]
    looks: list[list[Look]]

    @classmethod
    def load(cls, folder: Path, *, held_out: bool) -> Records:
        """Read the shards of a folder: the held-out one, or all others."""
        pictures, ids, words = [], [], []
        for done in sorted(folder.glob("*.json")):
            if (int(done.stem) == HELD_OUT_SHARD) != held_out:
                continue
            words += json.loads(done.read_text(encoding="utf-8"))
            with np.load(done.with_suffix(".npz")) as arrays:
                pictures.append(arrays["pictures"])
                ids.append(arrays["ids"])
        if not pictures:
            raise SystemExit(
                f"There are no records in {folder}; draw them with python -m training.pocket.lisa_data."
            )
        return cls(
            np.concatenate(pictures),
            np.concatenate(ids),
            [[Said(text, tuple(things), group) for text, things, group in w["said"]] for w in words],
            [w["seen"] for w in words],
            [[(k, c, m) for k, c, m in w["looks"]] for w in words],
        )


def _work(task: tuple[Path, int, int]) -> None:
    write_shard(*task)


def main(arguments: list[str] | None = None) -> None:
    """Draw the shards that are missing."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/records"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=60)
    parser.add_argument("--each", type=int, default=SHARD, help="rooms in a shard")
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    tasks = [(args.out, number, args.each) for number in range(args.first, args.first + args.shards)]
    with multiprocessing.Pool(args.processes) as pool:
        for count, _ in enumerate(pool.imap_unordered(_work, tasks), 1):
            seconds = time.monotonic() - began
            print(
                f"records: {count}/{args.shards} shards, {count * args.each / seconds:.1f} records/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
