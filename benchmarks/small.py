"""Seconds and memory of the preset ``small``, at the published sizes: each part, and whole edits.

    python -m benchmarks.small [--size tiny|published] [--folder F] [--rounds N] [--json FILE]

The weights are random: seconds and memory are what real ones cost, pictures are not. They are written to a
folder in the published layout first (3 GB, kept with ``--folder``), so that loading is measured, too. LaMa's
graph has the published shape, with Fourier transforms as products of matrices.

Beside the seconds of each part stands the most memory that the process took meanwhile (Linux).
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertTokenizer

from benchmarks.flux import Table, picture_of
from tests.support import grounded_layout, lama_layout, sd15_layout
from tools.engines import number_formats, threads
from tools.inpainting.base import Job, MaskedEdit, compute, inpaint
from tools.inpainting.computed.recolour import Recolour, stage_for
from tools.inpainting.lama import engine as lama
from tools.inpainting.stable_diffusion.engine import StableDiffusionEngine, from_folders
from tools.segmenting.grounded.segmenter import COMMON, GroundedSegmenter

LIMITS = {
    "first": 25.0,
    "removal": 25.0,
    "second": 16.0,
    "seldom": 16.0,
    "colour": 12.0,
    "again": 0.2,
    "memory": 6.0,
}
"""Seconds of whole edits on two cores, GB."""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=("tiny", "published"), default="published")
    parser.add_argument("--folder", type=Path, help="where the weights are written, and found again")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args(arguments)
    threads.share_the_machine()
    told = {"machine": platform.processor() or platform.machine(), "threads": torch.get_num_threads()}
    told |= {
        "torch": torch.__version__,
        "size": wanted.size,
        "number format": str(number_formats.of_small_models()),
    }
    print(", ".join(f"{key} {value}" for key, value in told.items()), flush=True)
    table = Table(told, wanted.json)
    with tempfile.TemporaryDirectory() as scratch:
        folder = wanted.folder or Path(scratch)
        if not (folder / "painter" / "unet").is_dir():
            _write(folder, wanted.size)
        if not (folder / "lama").is_dir():
            write = sd15_layout.write_lama if wanted.size == "tiny" else lama_layout.write_published
            write(folder / "lama")
        _measure(folder, wanted.size, wanted.rounds, table)


def _write(folder: Path, size: str) -> None:
    shape = sd15_layout.TINY if size == "tiny" else sd15_layout.PUBLISHED
    sd15_layout.write_model(folder / "painter", shape)
    sd15_layout.write_tiny_vae(folder / "taesd", shape)
    sd15_layout.write_adapter(folder / "adapter", sd15_layout.unet(shape), 4 if size == "tiny" else 64)
    if size == "tiny":
        grounded_layout.write_detector(folder / "detector")
        grounded_layout.write_drawer(folder / "drawer")


def _segmenter(folder: Path, size: str) -> GroundedSegmenter:
    if size == "tiny":
        return GroundedSegmenter.from_folders("pair", folder / "detector", folder / "drawer", "0")
    from transformers import MMGroundingDinoConfig, MMGroundingDinoForObjectDetection, Sam2Config, Sam2Model

    words = ["[PAD]", *(f"[unused{n}]" for n in range(1, 100)), "[UNK]", "[CLS]", "[SEP]", "[MASK]", "."]
    words += sorted({word for noun in (*COMMON, "harp") for word in noun.split()})
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    detector = MMGroundingDinoForObjectDetection(MMGroundingDinoConfig()).eval()
    return GroundedSegmenter("pair", detector, Sam2Model(Sam2Config()).eval(), tokenizer, "0")


def _measure(folder: Path, size: str, rounds: int, table: Table) -> None:
    _forget_peak()
    began = time.perf_counter()
    engine = from_folders("sd15", folder / "painter", folder / "adapter", folder / "taesd")
    table.add("load the painter, the adapter merged", time.perf_counter() - began, "s", _peak())
    table.add("its weights", engine.weight_bytes / 1e9, "GB")
    segmenter = _segmenter(folder, size)
    pictures = [picture_of((1066, 800)) ^ np.uint8(number) for number in range(rounds + 2)]
    sofa, rug = (np.zeros((800, 1066), bool) for _ in range(2))
    sofa[300:600, 200:700] = True
    rug[620:760, 300:800] = True
    _parts(engine, segmenter, pictures[-1], rounds, table)
    remover = lama.from_folder("lama", folder / "lama")

    def edit(picture: NDArray[np.uint8], mask: NDArray[np.bool_], seed: int) -> None:
        inpaint(picture, [MaskedEdit(mask, "a leather sofa", "restyle", seed)], {"restyle": engine})

    def remove(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
        inpaint(picture, [MaskedEdit(mask, "", "remove", 1)], {"remove": remover})

    names = ("first", "removal", "second", "seldom", "colour", "again")
    took: dict[str, list[float]] = {name: [] for name in names}
    most: dict[str, str] = {}
    for number, picture in enumerate(pictures[:rounds]):
        steps: dict[str, tuple[Callable[[], Any], ...]] = {
            "first": (partial(segmenter.look, picture), partial(edit, picture, sofa, 1)),
            "removal": (partial(segmenter.segment, picture, ["the lamp"]), partial(remove, picture, rug)),
            "second": (partial(segmenter.segment, picture, ["the rug"]), partial(edit, picture, rug, number)),
            "seldom": (
                partial(segmenter.segment, picture, ["the harp"]),
                partial(edit, picture, rug, number + 9),
            ),
            "colour": (
                partial(segmenter.segment, picture, ["the chair"]),
                partial(_colour, picture, rug, (0.5, 0.1, 0.05)),
            ),
            "again": (partial(_colour, picture, rug, (0.6, -0.1, 0.05)),),
        }
        for name, parts in steps.items():
            _forget_peak()
            took[name].append(sum(_took(part) for part in parts))
            most[name] = _peak()
    for name, key in (
        ("the first edit of a picture", "first"),
        ("a thing of it taken out", "removal"),
        ("a second object of it", "second"),
        ("one that is not common", "seldom"),
        ("a colour of another thing of it", "colour"),
        ("another colour of the same thing", "again"),
    ):
        table.add(name, float(np.median(took[key])), "s", f"≤ {LIMITS[key]:g}, {most[key]}")
    table.add("the most memory that the process took", _HIGHEST.most / 1e9, "GB", f"≤ {LIMITS['memory']:g}")


def _parts(
    engine: StableDiffusionEngine,
    segmenter: GroundedSegmenter,
    picture: NDArray[np.uint8],
    rounds: int,
    table: Table,
) -> None:
    mask = np.zeros((512, 512), bool)
    mask[100:400, 100:400] = True
    crop = np.ascontiguousarray(picture[:512, :512])

    def paint(steps: int, words: str) -> Callable[[], Any]:
        return lambda: engine.paint([Job(crop, mask, words, "replace", 1, steps, 1.0)])

    paint(1, "warm")()
    _forget_peak()
    one, four = (_median(paint(steps, "warm"), rounds) for steps in (1, 4))
    table.add("a step at 512²", (four - one) / 3, "s")
    table.add("the autoencoder, both ways", one - (four - one) / 3, "s")
    table.add("four steps, all of it", four, "s", _peak())
    table.add("what it says beforehand of four steps", engine._seconds(4), "s")
    table.add("new words", _took(lambda: engine._embedding("another thing altogether")), "s")
    looks: dict[str, Callable[[], Any]] = {
        "look for common things": lambda: segmenter.describe(picture),
        "encode the picture for masks": lambda: segmenter.look(picture),
        "a mask of a common thing": lambda: segmenter.segment(picture, ["the sofa"]),
        "a thing that is not common": lambda: segmenter.segment(picture, ["the harp"]),
    }
    for name, look in looks.items():
        _forget_peak()
        table.add(name, _took(look), "s", _peak())


class _Highest:
    """The most memory that the process took, in bytes, whatever was forgotten meanwhile."""

    most = 0

    def seen(self) -> int:
        """The most since it was last forgotten."""
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        with suppress(OSError, StopIteration, ValueError):
            lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
            now = 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
        self.most = max(self.most, now)
        return now


_HIGHEST = _Highest()


def _forget_peak() -> None:
    """Have Linux count the most memory from here on; elsewhere it is that of the whole process."""
    _HIGHEST.seen()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> str:
    """The most memory since then, in words."""
    return f"{_HIGHEST.seen() / 1e9:.1f} GB"


def _colour(picture: NDArray[np.uint8], mask: NDArray[np.bool_], value: tuple[float, float, float]) -> None:
    edit = MaskedEdit(mask, "a rug", "restyle", 1, colour=stage_for(value, picture, mask))
    compute(picture, edit, Recolour())


def _median(work: Callable[[], Any], rounds: int) -> float:
    return float(np.median([_took(work) for _ in range(rounds)]))


def _took(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
