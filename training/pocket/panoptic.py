"""Training of the map of kinds (``lisa.panoptic``): cross-entropy of kinds, and the way to the middle.

    python -m training.pocket panoptic-rooms panoptic panoptic-fine

The second training, larger and short, is for what is thin.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from pocket import rooms
from tools.segmenting.lisa.panoptic import PanopticNet, unpacked
from training.loop import Ema, Metrics, Prefetch, Schedule, device, mixed_precision, optimisers, run

SIZE: Final = (224, 288)
"""Height and width that are trained at to begin with."""
OFFSETS: Final = 4.0
"""The weight of the offsets beside the kinds."""
OUTLINE: Final = 3.0
"""How much more a pixel at a thing's outline counts."""

FINE: Final = ("--size", "352", "448", "--batch", "4", "--rate", "5e-4", "--minutes", "24")
"""How the second training differs."""

Batch = tuple[Tensor, Tensor, Tensor]


class Rooms:
    """The drawn rooms of a folder, mapped; the first shard is held out."""

    def __init__(self, folder: Path, size: tuple[int, int] = SIZE) -> None:
        """``size``: height and width of what is taken of a room."""
        self._size = size
        self._shards = [
            tuple(
                np.load(done.with_suffix(f".{name}.npy"), mmap_mode="r")
                for name in ("pictures", "ids", "kinds")
            )
            for done in sorted(folder.glob("*.npz"))
        ]
        if len(self._shards) < 2:
            raise SystemExit(
                f"There are no rooms in {folder}; draw them with python -m training.pocket.panoptic_data."
            )

    def batch(self, number: int, count: int, *, held_out: bool = False) -> Batch:
        """Pictures uint8 (count, 3, h, w), kinds uint8 (count, h, w) and middles float32 (count, 2, h, w),
        the pixel's way to the middle of its thing as a share of the sides.
        """
        rng = np.random.default_rng([number, 4104 + held_out])
        made = [self._one(rng, held_out) for _ in range(count)]
        pictures, kinds, offsets = (np.stack(each) for each in zip(*made, strict=True))
        return torch.from_numpy(pictures), torch.from_numpy(kinds), torch.from_numpy(offsets)

    def _one(
        self, rng: np.random.Generator, held_out: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
        shard = 0 if held_out else int(rng.integers(1, len(self._shards)))
        pictures, ids, kinds = self._shards[shard]
        place = int(rng.integers(len(pictures)))
        picture, seen = np.asarray(pictures[place]), np.asarray(ids[place])
        high, wide = self._size
        most = picture.shape[0] / high
        scale = most if rng.random() < 0.5 else float(rng.uniform(0.7, most))  # the whole picture, or a part
        squeezed = float(np.exp(0.12 * rng.standard_normal()))
        cut = (
            min(round(high * scale), picture.shape[0]),
            min(round(wide * scale * squeezed), picture.shape[1]),
        )
        y, x = (int(rng.integers(a - b + 1)) for a, b in zip(picture.shape[:2], cut, strict=True))
        picture, seen = picture[y : y + cut[0], x : x + cut[1]], seen[y : y + cut[0], x : x + cut[1]]
        whole = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
        small = F.interpolate(whole, self._size, mode="bilinear", antialias=True, align_corners=False)[0]
        gain = 1 + 0.08 * torch.from_numpy(rng.standard_normal((3, 1, 1)).astype(np.float32))
        light = float(np.exp(0.15 * rng.standard_normal()))
        shown = (small * gain * light).clamp(0, 255).round().to(torch.uint8).numpy()
        rows, columns = (
            ((np.arange(n) + 0.5) * c / n).astype(int) for n, c in zip(self._size, cut, strict=True)
        )
        seen = seen[rows[:, None], columns]
        if rng.random() < 0.5:
            shown, seen = shown[..., ::-1], seen[:, ::-1]
        return np.ascontiguousarray(shown), kinds[place][seen], offsets_of(seen)


def offsets_of(ids: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each pixel's way (2, h, w) down and right to the middle of what it shows, as a share of the sides."""
    high, wide = ids.shape
    counts = np.maximum(np.bincount(ids.ravel(), minlength=256), 1)
    rows = (np.arange(high, dtype=np.float64) + 0.5) / high
    columns = (np.arange(wide, dtype=np.float64) + 0.5) / wide
    grid = np.broadcast_to(rows[:, None], ids.shape), np.broadcast_to(columns, ids.shape)
    made = [(np.bincount(ids.ravel(), each.ravel(), minlength=256) / counts)[ids] - each for each in grid]
    return np.stack(made).astype(np.float32)


def losses(net: PanopticNet, batch: Batch) -> tuple[Tensor, Metrics]:
    """The loss of a batch, and what to log of it."""
    pictures, kinds, offsets = (each.to(next(net.parameters()).device) for each in batch)
    with mixed_precision(pictures.device.type):
        logits, ways = net((pictures.float() / 255).contiguous(memory_format=torch.channels_last))
    logits, ways, kinds = logits.float(), ways.float(), kinds.long()
    edge = torch.zeros_like(kinds, dtype=torch.float32)
    for move in (2, 3):
        differs = (kinds != kinds.roll(1, move - 1)).float()
        edge = torch.maximum(edge, torch.maximum(differs, differs.roll(-1, move - 1)))
    edge = F.max_pool2d(edge[:, None], 5, 1, 2)[:, 0]
    counts = torch.bincount(kinds.flatten(), minlength=net.kinds).float()
    rare = (counts.sum() / net.kinds / counts.clamp(min=1)).pow(0.35).clamp(0.3, 3)[kinds]
    weight = rare * (1 + (OUTLINE - 1) * edge)
    wrong = (F.cross_entropy(logits, kinds, reduction="none") * weight).sum() / weight.sum()
    things = (kinds > 1).float()[:, None]
    far = ((ways - offsets).abs() * things * rare[:, None]).sum() / (2 * (things * rare[:, None]).sum() + 1)
    with torch.no_grad():
        right = (logits.argmax(1) == kinds).float().mean()
    return wrong + OFFSETS * far, {
        "kinds": float(wrong.detach()),
        "offsets": float(far.detach()),
        "right": float(right),
    }


def packed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as ``PanopticReader.from_file`` reads them: matrices in 8 bits, with a factor for each row."""
    made: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.ndim > 1:
            scale = value.flatten(1).abs().amax(1).clamp(min=1e-8) / 127
            rows = value / scale.view(-1, *[1] * (value.ndim - 1))
            made[name], made[f"{name}.scale"] = rows.round().to(torch.int8), scale
        elif not name.endswith("num_batches_tracked"):
            made[name] = value.float()
    return {name: value.contiguous() for name, value in made.items()}


def settle(net: PanopticNet, data: Rooms, batches: int, count: int) -> None:
    """Measure the statistics of the normalisations anew, for the averaged weights."""
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    net.train()
    with torch.no_grad():
        for number in range(batches):
            losses(net, data.batch(10**8 + number, count))
    for norm in norms:
        norm.momentum = 0.1


def measure(net: PanopticNet, data: Rooms, count: int) -> Metrics:
    """Mean IoU of kinds over 12 batches of ``count`` held-out views, pooled by kind."""
    net.eval()
    cut = torch.zeros(net.kinds, net.kinds)
    with torch.no_grad():
        for number in range(12):
            pictures, kinds, _ = data.batch(number, count, held_out=True)
            said = net(pictures.float() / 255)[0].argmax(1)
            cut += torch.bincount((kinds.long() * net.kinds + said).flatten(), minlength=net.kinds**2).view(
                net.kinds, net.kinds
            )
    net.train()
    both, all_ = cut.diag(), cut.sum(0) + cut.sum(1) - cut.diag()
    iou = both / all_.clamp(min=1)
    print(" ".join(f"{name} {float(v):.2f}" for name, v in zip(rooms.KINDS, iou, strict=True)), flush=True)
    return {"iou": float(iou[all_ > 0].mean())}


def fine(arguments: list[str] | None = None) -> None:
    """Go on with what was trained, at a larger size."""
    given = list(arguments or [])
    made = Path(given[given.index("--out") + 1]).parent / "panoptic" / "panoptic.safetensors"
    main([*FINE, "--init", str(made), *given])


def main(arguments: list[str] | None = None) -> None:
    """Train, resume, and write ``panoptic.safetensors`` into the folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rooms", type=Path, default=Path("runs/panoptic-rooms"))
    parser.add_argument("--out", type=Path, default=Path("runs/panoptic"))
    parser.add_argument("--minutes", type=float, default=85)
    parser.add_argument("--steps", type=int, default=10**6)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--init", type=Path, help="weights to start from")
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args(arguments)
    torch.manual_seed(0)
    net = PanopticNet(len(rooms.KINDS)).to(device())
    if args.init is not None:
        net.load_state_dict(unpacked(load_file(args.init)), strict=False)
    data = Rooms(args.rooms, tuple(args.size))
    ema = Ema({"net": net}, 0.998)
    made = optimisers({"net": net}, matrix_rate=args.rate, other_rate=args.rate)
    batches = Prefetch(lambda number: data.batch(number, args.batch), args.workers)

    def step(number: int) -> tuple[Tensor, Metrics]:
        net.train()
        return losses(net, batches.get(number))

    def save(number: int) -> None:
        kept = {name: value.clone() for name, value in net.named_buffers()}
        settle(net, data, 30, args.batch)
        save_file(packed(net.state_dict()), args.out / "panoptic.safetensors")
        print("panoptic", number, measure(net, data, args.batch), flush=True)
        for name, value in net.named_buffers():
            value.copy_(kept[name])

    run(
        name="panoptic",
        folder=args.out,
        modules={"net": net},
        optimisers=made,
        ema=ema,
        schedule=Schedule(args.steps, args.minutes, warmup=100, decay=0.6),
        step=step,
        on_save=save,
        save_minutes=10,
    )


if __name__ == "__main__":
    main()
