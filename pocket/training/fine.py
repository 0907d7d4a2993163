"""Training the fine decoder of pocket LISA (``tools.lisa.fine``): LISA itself stays as it is.

Rooms that LISA was not trained on are drawn, and what LISA makes of phrases about them is kept: the embedding
of [SEG], the coarse mask, and how sure its words are. The decoder learns to turn these and the picture into
the true mask (binary cross-entropy and Dice, as LISA's own), and whether the thing is there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch.nn import functional as F

from pocket import rooms
from pocket.rooms.expressions import CONFUSED, noun_of
from pocket.training import loop
from tools.instances import plural
from tools.lisa.fine import SCALE, FineDecoder, fine_pixels
from tools.lisa.segmenter import LisaSegmenter, load_pocket

FIRST: Final = 60_000
"""The seed of the first room: LISA's own training stops far below."""
SIZES: Final = [*[(512, 384)] * 14, (512, 512), (384, 512), (512, 288), (512, 341), (640, 480), (640, 480)]
"""Sizes that rooms are drawn in, all as often."""
LEAST: Final = 0.0015
"""What covers a smaller share of the picture is neither there nor not."""
PHRASES: Final = 10
"""So many phrases of one room are learnt at a time."""

_EACH: Final = {"plain": 4, "attribute": 4, "place": 3, "use": 2}


@dataclass(frozen=True)
class Wanted:
    """A phrase about a room, and the things that it means (none: it is not there)."""

    text: str
    things: tuple[int, ...]


def phrases(scene: rooms.Scene, rendered: rooms.Rendered, rng: np.random.Generator) -> list[Wanted]:
    """What is asked about a room: each kind by its name, some expressions, and things that are not there."""
    share = np.bincount(np.maximum(rendered.ids, 0).ravel(), minlength=len(scene.things)) / rendered.ids.size
    kinds = [thing.kind for thing in scene.things]
    seen = {kind for kind, own in zip(kinds, share, strict=True) if own > 0}
    made: list[Wanted] = []
    for kind in rooms.KINDS:
        mine = tuple(i for i, each in enumerate(kinds) if each == kind and share[i] > 0)
        single, several = f"the {noun_of(kind)}", f"all the {plural(noun_of(kind))}"
        if not mine:
            if not CONFUSED.get(kind, frozenset()) & seen and rng.random() < 0.45:
                made.append(Wanted(single, ()))
            continue
        if share[list(mine)].sum() < LEAST:
            continue
        pair = kind in rooms.PLURAL_KINDS
        made.append(Wanted(single if len(mine) == 1 or pair else several, mine))
        if len(mine) == 1 and not pair and kind not in ("floor", "wall") and rng.random() < 0.25:
            made.append(Wanted(several, mine))
    said = rooms.expressions(scene, rendered, rng)
    for group, most in _EACH.items():
        own = [each for each in said if each.group == group]
        for place in rng.permutation(len(own))[:most]:
            if share[list(own[place].indices)].sum() >= LEAST:
                made.append(Wanted(own[place].text, tuple(own[place].indices)))
    absent = rooms.absent_phrases(scene, rng, rendered)
    return made + [Wanted(absent[place].text, ()) for place in rng.permutation(len(absent))[:4]]


def draw(seed: int, segmenter: LisaSegmenter) -> dict[str, NDArray[Any]]:
    """A room of a seed, and what LISA makes of phrases about it."""
    rng = np.random.default_rng([seed, 83])
    scene = rooms.make_scene(seed)
    rendered = rooms.render(scene, SIZES[rng.integers(len(SIZES))])
    wanted = phrases(scene, rendered, rng)
    coarse = segmenter.coarse(rendered.picture, [each.text for each in wanted])
    return {
        "picture": rendered.picture,
        "ids": np.maximum(rendered.ids, 0).astype(np.uint8),
        "emb": coarse.embedding.numpy().astype(np.float16),
        "low": coarse.low.numpy().astype(np.float16),
        "seg": coarse.seg.numpy().astype(np.float16),
        "said": coarse.said.numpy().astype(np.float32),
        "things": np.array([",".join(map(str, each.things)) for each in wanted]),
    }


@dataclass(frozen=True)
class Room:
    """One room as the decoder is trained on it; ``true`` (n, h, w) is the share of each pixel in the mask."""

    pixels: torch.Tensor
    size: tuple[int, int]
    embedding: torch.Tensor
    low: torch.Tensor
    seg: torch.Tensor
    said: torch.Tensor
    true: torch.Tensor


def load(file: Path, rng: np.random.Generator, most: int = PHRASES) -> Room:
    """A room that was drawn, with at most ``most`` of its phrases, at most a third of them of nothing."""
    with np.load(file) as kept:
        given = {name: kept[name] for name in ("picture", "ids", "emb", "low", "seg", "said", "things")}
    things = [[int(each) for each in text.split(",") if each] for text in given["things"]]
    there = [i for i in rng.permutation(len(things)) if things[i]]
    gone = [i for i in rng.permutation(len(things)) if not things[i]][: most // 3]
    chosen = [*there[: most - len(gone)], *gone]
    side = SCALE * given["low"].shape[-1] * 2
    pixels, size = fine_pixels(given["picture"], side)
    ids = torch.from_numpy(given["ids"]).long()
    meant = torch.zeros(len(chosen), 256)
    for row, place in enumerate(chosen):
        meant[row, things[place]] = 1
    masks = meant[:, ids]
    true = F.interpolate(masks[:, None], size, mode="area")[:, 0]
    inside = (slice(None), slice(None), slice(size[0]), slice(size[1]))
    pixels[inside] = pixels[inside] * float(rng.uniform(0.9, 1.1)) + float(rng.uniform(-0.1, 0.1))
    low, seg, said = (torch.from_numpy(given[name][chosen]).float() for name in ("low", "seg", "said"))
    embedding = torch.from_numpy(given["emb"]).float()
    return Room(pixels, size, embedding.reshape(1, *embedding.shape[-3:]), low, seg, said, true)


def losses(decoder: FineDecoder, room: Room) -> tuple[torch.Tensor, loop.Metrics]:
    """The training loss of a room, and its parts; ``iou`` and ``before``: the mean IoU now and of the coarse
    mask; ``found`` and ``denied``: the shares of right answers about what is there and what is not.
    """
    with torch.autocast(room.pixels.device.type, torch.bfloat16):
        seen = decoder.look(room.pixels.to(memory_format=torch.channels_last), room.embedding, room.size)
        logits, sure = decoder(seen, room.low, room.seg, room.said)
    logits, sure, true = logits.float(), sure.float(), room.true
    there = true.flatten(1).any(1)
    bce = F.binary_cross_entropy_with_logits(logits, true, reduction="none").mean((1, 2))
    chance = logits.sigmoid().flatten(1)
    both, either = (chance * true.flatten(1)).sum(1), chance.sum(1) + true.flatten(1).sum(1)
    dice = 1 - (2 * both + 1) / (either + 1)
    presence = F.binary_cross_entropy_with_logits(sure, there.float())
    loss = 2 * bce.mean() + dice[there].mean() + 0.3 * presence
    with torch.no_grad():
        coarse = F.interpolate(room.low[:, None], scale_factor=4, mode="bilinear")
        cut = coarse[:, 0, : room.size[0], : room.size[1]]
        pairs = [_iou(each, true)[there].mean() for each in (logits, cut)]
        right = (sure > 0) == there
    parts = {"bce": bce.mean(), "dice": dice[there].mean(), "iou": pairs[0], "before": pairs[1]}
    parts |= {"found": right[there].float().mean(), "denied": right[~there].float().mean()}
    return loss, {name: float(value.detach()) for name, value in parts.items()}


def _iou(logits: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    said, is_true = logits > 0, true > 0.5
    return (said & is_true).sum((1, 2)) / (said | is_true).sum((1, 2)).clamp(min=1)


def main(arguments: list[str] | None = None) -> None:
    """Draw rooms that are missing, then train the fine decoder and save it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/looks"))
    parser.add_argument("--out", type=Path, default=Path("runs/fine"))
    parser.add_argument("--rooms", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2e-3)
    args = parser.parse_args(arguments)
    files = list(_drawn(args.data, args.rooms))
    torch.manual_seed(0)
    decoder = FineDecoder(load_pocket().prompt_width)
    modules: dict[str, torch.nn.Module] = {"fine": decoder}
    held = max(1, min(24, len(files) // 10))

    def step(number: int) -> tuple[torch.Tensor, loop.Metrics]:
        rng = np.random.default_rng([number, 84])
        chosen = rng.choice(len(files) - held, args.batch, replace=False) + held
        done = [losses(decoder, load(files[place], rng)) for place in chosen]
        mean = {name: float(np.nanmean([each[1][name] for each in done])) for name in done[0][1]}
        return torch.stack([each[0] for each in done]).mean(), mean

    def save(number: int) -> None:
        with torch.no_grad():
            tests = [losses(decoder, load(file, np.random.default_rng(0), 20))[1] for file in files[:held]]
        mean = {name: round(float(np.nanmean([each[name] for each in tests])), 4) for name in tests[0]}
        half = {name: value.half().contiguous() for name, value in decoder.state_dict().items()}
        save_file(half, args.out / "fine.safetensors")
        print(f"fine: step {number}, held out {mean}", flush=True)

    loop.run(
        name="fine",
        folder=args.out,
        modules=modules,
        optimisers=loop.optimisers(modules, matrix_rate=args.rate, other_rate=args.rate),
        ema=loop.Ema(modules, 0.998),
        schedule=loop.Schedule(args.steps, args.minutes, warmup=20, decay=0.6),
        step=step,
        on_save=save,
    )


def _drawn(folder: Path, count: int) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    segmenter, began = None, time.monotonic()
    for number, seed in enumerate(range(FIRST, FIRST + count), 1):
        file = folder / f"{seed}.npz"
        if not file.exists():
            segmenter = segmenter or load_pocket()
            part = file.with_suffix(".part.npz")
            np.savez(part, **draw(seed, segmenter))  # type: ignore[arg-type]
            part.rename(file)
            if number % 50 == 0:
                print(f"looks: {number}/{count}, {time.monotonic() - began:.0f} s", flush=True)
        yield file


if __name__ == "__main__":
    main()
