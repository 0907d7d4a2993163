"""A judge of materials: a small convolutional network that is trained on true renders and on nothing else.

It sees one thing, cut out by its mask, at 96×96 pixels, and names one of all the materials. It is trained
where it is needed (about seven minutes on one core) and kept under ``runs/``. Its accuracy on true renders of
rooms that it was not trained on is part of every table in which it judges.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.scenes import JUDGE_SEED, PAINT_SIZE, clear_things
from pocket import rooms

if TYPE_CHECKING:
    import torch

SIDE: Final = 96
SCENES: Final = 500
EPOCHS: Final = 18
FILE: Final = Path("runs/judge/materials.pt")
_GROUND: Final = 128
_BATCH: Final = 64


def cut_out(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """One thing on grey, stretched to a square, and its mask: uint8 (SIDE, SIDE, 4).

    ``picture`` is RGB (H, W, 3), ``mask`` bool (H, W) and not empty. A flat rug is stretched upwards, so that
    its pattern survives.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = mask[part]
    cut = np.dstack((np.where(inside[..., None], picture[part], np.uint8(_GROUND)), inside * np.uint8(255)))
    return np.dstack([_stretched(cut[..., c]) for c in range(4)])


def _stretched(channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Channel by channel: Pillow would weigh the colours of an RGBA picture by its alpha.
    picture = Image.fromarray(np.ascontiguousarray(channel))
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def draw_examples(first: int, scenes: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(cut-outs (n, SIDE, SIDE, 4), places in ``rooms.MATERIALS`` (n,)) of ``scenes`` rooms from seed
    ``first`` on.

    Every thing gets a material by chance, so that rare ones are as frequent as a kind allows.
    """
    things: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    for seed in range(first, first + scenes):
        rng = np.random.default_rng([seed, 92])
        scene = rooms.make_scene(seed)
        clear = [i for i in clear_things(scene) if rooms.KIND_MATERIALS[scene.things[i].kind]]
        for index in clear:
            kind = scene.things[index].kind
            material = str(rng.choice(rooms.KIND_MATERIALS[kind]))
            colour = None if rooms.has_own_colour(material) else str(rng.choice(rooms.KIND_COLOURS[kind]))
            scene = rooms.restyle(scene, index, colour=colour, material=material)
        drawn = rooms.render(scene, PAINT_SIZE, supersample=1)
        for index in clear:
            mask = rooms.mask(drawn, index)
            if mask.any():
                things.append(cut_out(drawn.picture, mask))
                labels.append(rooms.MATERIALS.index(str(scene.things[index].material)))
    return np.stack(things), np.array(labels, np.int64)


def _network() -> torch.nn.Sequential:
    from torch import nn

    def block(inputs: int, outputs: int, side: int, stride: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]

    return nn.Sequential(
        *block(4, 32, 5, 2),
        *block(32, 64, 3, 2),
        *block(64, 96, 3, 2),
        *block(96, 96, 3, 1),
        *block(96, 128, 3, 2),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(512, len(rooms.MATERIALS)),
    )


def _tensor(things: NDArray[np.uint8]) -> torch.Tensor:
    import torch

    # Transposed, not copied: the channels lie last, which is faster here on a CPU.
    return torch.from_numpy(things).permute(0, 3, 1, 2).float() / 127.5 - 1


def _varied(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirrored, shifted, a little blurred, brighter or darker: what a material may look like and still be
    itself.
    """
    import torch
    from torch.nn import functional as F

    if torch.rand((), generator=generator) < 0.5:
        batch = batch.flip(3)
    down, across = (int(v) for v in torch.randint(-3, 4, (2,), generator=generator))
    batch = batch.roll((down, across), (2, 3))
    if torch.rand((), generator=generator) < 0.4:
        soft = F.avg_pool2d(F.pad(batch, (1, 1, 1, 1), mode="replicate"), 3, 1)
        batch = batch + (soft - batch) * torch.rand((), generator=generator)
    gain = 1 + 0.12 * (torch.rand(len(batch), 1, 1, 1, generator=generator) - 0.5)
    noise = 0.03 * torch.randn(batch.shape, generator=generator)
    return torch.cat([batch[:, :3] * gain + noise[:, :3], batch[:, 3:]], dim=1)


class Judge:
    """Names materials."""

    def __init__(self, network: Any) -> None:
        self._network = network.eval()

    def name(self, picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> str:
        """The material of the thing under ``mask`` (bool (H, W), not empty) in an RGB picture (H, W, 3)."""
        [place] = self.places(cut_out(picture, mask)[None])
        return rooms.MATERIALS[int(place)]

    def places(self, things: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The places in ``rooms.MATERIALS`` (n,) of cut-outs (n, SIDE, SIDE, 4)."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._network(_tensor(things)).argmax(1).numpy(), np.int64)


def train(scenes: int = SCENES, epochs: int = EPOCHS, *, report: bool = False) -> Judge:
    """Train a judge on ``scenes`` rooms. Equal arguments give an equal judge on the same machine."""
    things, labels = draw_examples(JUDGE_SEED, scenes)
    if report:
        print(f"judge: {len(things)} things from {scenes} rooms", flush=True)
    return fit(things, labels, epochs * (len(things) // _BATCH), report=report)


def fit(things: NDArray[np.uint8], labels: NDArray[np.int64], steps: int, *, report: bool = False) -> Judge:
    """Train a judge on cut-outs (n, SIDE, SIDE, 4) and places in ``rooms.MATERIALS`` (n,); n ≥ 64."""
    import torch
    from torch.nn import functional as F

    inputs, wanted = _tensor(things), torch.from_numpy(labels)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = _network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        generator = torch.Generator().manual_seed(0)
        order = torch.randperm(len(things), generator=generator)
        at = 0
        for number in range(1, steps + 1):
            if at + _BATCH > len(order):
                order, at = torch.randperm(len(things), generator=generator), 0
            rows = order[at : at + _BATCH]
            at += _BATCH
            made = network(_varied(inputs[rows], generator))
            loss = F.cross_entropy(made, wanted[rows], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            if report and number % 100 == 0:
                print(f"judge: step {number}/{steps}, loss {float(loss.detach()):.3f}", flush=True)
    return Judge(network)


def load(file: Path = FILE) -> Judge:
    """The judge that is kept in ``file``; trained and kept there when it is not."""
    import torch

    if file.exists():
        network = _network()
        network.load_state_dict(torch.load(file, weights_only=True))
        return Judge(network)
    print("judge: training the judge of materials (once, some minutes)", flush=True)
    judge = train(report=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    torch.save(judge._network.state_dict(), part)
    part.replace(file)
    return judge


def accuracy(judge: Judge, first: int, scenes: int) -> tuple[float, int]:
    """The judge's share of right names on true renders of rooms from seed ``first`` on, and of how many
    things.
    """
    things, labels = draw_examples(first, scenes)
    return float((judge.places(things) == labels).mean()), len(labels)
