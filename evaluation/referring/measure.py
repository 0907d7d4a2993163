"""Measuring a segmenter on a data set: asking about every picture, keeping what was measured, the report.

The phrases of one picture are asked in one call, and the segmenter puts its own question around each. Where
it answers without a mask, the prediction is empty. (LISA's own measurement puts the answer "[SEG]." into the
model's mouth, so that every phrase gets a mask; its figures may differ from ours by that.)

With a record, every finished picture is a line of a JSON-lines file, whose first line says what was measured
with what: a run that was interrupted goes on behind the last whole line, and no other run can go on there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from evaluation.referring.datasets import Dataset, Group, Item, Selection, in_pictures
from evaluation.referring.metrics import Overlap, Score, overlap, score
from sessions.files import reason, write_atomically
from tools.errors import Cancelled, EngineError, ToolError
from tools.pictures import read_picture
from tools.segmenting.base import CancelCheck, Segmenter, never

Progress = Callable[[int, int], None]
"""Told how many phrases are done, and of how many, at the beginning and after every picture."""

OVERALL = "overall"

_Line = TypeVar("_Line", bound=BaseModel)


class Run(BaseModel):
    """All that the figures depend on. ``content`` is a digest of what is asked and of what would be right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Dataset
    splits: tuple[str, ...]
    segmenter: str
    revision: str
    limit: int | None
    device: str
    versions: dict[str, str]
    phrases: int
    content: str


class _Answer(BaseModel):
    """What was measured of one phrase, in pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrase: str
    group: Group | None
    intersection: NonNegativeInt
    union: NonNegativeInt
    predicted: NonNegativeInt


class _Finished(BaseModel):
    """One line of the record: a picture, by its file's name, and its phrases in the data set's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str
    picture: str
    seconds: NonNegativeFloat
    answers: tuple[_Answer, ...]


@dataclass(frozen=True)
class Report:
    """What came out. ``figures`` are by split and then by group: "overall", and the data set's own groups.

    ``seconds`` is how long the segmenter worked in all, ``date`` when the report was made (ISO 8601, UTC).
    """

    run: Run
    date: str
    seconds: float
    figures: Mapping[str, Mapping[str, Score]]

    def as_json(self) -> dict[str, Any]:
        """The report as it is saved, with the paper's figures for the same splits; all figures are shares."""
        settings = {"splits": list(self.run.splits), "limit": self.run.limit, "device": self.run.device}
        return {
            "dataset": self.run.dataset,
            "segmenter": self.run.segmenter,
            "revision": self.run.revision,
            "settings": settings,
            "versions": self.run.versions,
            "content": self.run.content,
            "date": self.date,
            "seconds": round(self.seconds, 3),
            "figures": {
                split: {group: asdict(figures) for group, figures in groups.items()}
                for split, groups in self.figures.items()
            },
            "paper": {
                "source": PAPER_SOURCE,
                "figures": {split: paper_figures(self.run.dataset, split) for split in self.run.splits},
            },
        }


def measure(
    segmenter: Segmenter,
    selection: Selection,
    *,
    record: Path | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck = never,
) -> Report:
    """Ask the segmenter for all that was selected, and measure its masks.

    ``record`` is the JSON-lines file of finished pictures: it is made if it is not there, and what it holds
    is not measured again. Raises ``ToolError`` for a record of another run or one that cannot be written,
    ``PictureError`` for a picture that cannot be read, ``EngineError`` for a segmenter that does not keep to
    its interface, ``tools.errors.Cancelled`` when ``cancelled`` says so.
    """
    run = _describe(segmenter, selection)
    finished = _open_record(record, run) if record is not None else {}
    lines: list[_Finished] = []
    waiting: list[tuple[str, Path, Sequence[Item]]] = []
    for split, items in selection.items.items():
        for picture, its_items in in_pictures(items):
            line = finished.get((split, picture.name))
            if line is not None and [a.phrase for a in line.answers] == [item.phrase for item in its_items]:
                lines.append(line)
            else:
                waiting.append((split, picture, its_items))
    done = sum(len(line.answers) for line in lines)
    for split, picture, its_items in waiting:
        if progress is not None:
            progress(done, run.phrases)
        line = _ask(segmenter, split, picture, its_items, cancelled)
        if record is not None:
            _append(record, line)
        lines.append(line)
        done += len(its_items)
    if progress is not None:
        progress(done, run.phrases)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(run, date, sum(line.seconds for line in lines), _figures(run.splits, lines))


def _describe(segmenter: Segmenter, selection: Selection) -> Run:
    digest = hashlib.sha256()
    for split, items in selection.items.items():
        for item in items:
            parts = (split, item.picture.name, item.phrase, item.group, item.region)
            digest.update(repr(parts).encode("utf-8", "surrogatepass"))
    return Run(
        dataset=selection.dataset,
        splits=tuple(selection.items),
        segmenter=segmenter.name,
        revision=segmenter.revision,
        limit=selection.limit,
        device=_device(),
        versions={name: version(name) for name in ("inpalla", "torch", "transformers")},
        phrases=sum(map(len, selection.items.values())),
        content=digest.hexdigest()[:16],
    )


def _ask(
    segmenter: Segmenter, split: str, picture: Path, items: Sequence[Item], cancelled: CancelCheck
) -> _Finished:
    """Ask for all phrases of one picture at once, and compare each mask with the truth."""
    if cancelled():
        raise Cancelled
    pixels = read_picture(picture).pixels
    # Not tools.segmenting.base.find, which lowers all letters: the benchmark's sentences are asked as they
    # are.
    phrases = list(dict.fromkeys(item.phrase for item in items))
    begin = time.perf_counter()
    found = segmenter.segment(pixels, phrases, cancelled=cancelled)
    seconds = time.perf_counter() - begin
    size = pixels.shape[:2]
    if len(found) != len(phrases) or any(f.mask.shape != size or f.mask.dtype != np.bool_ for f in found):
        raise EngineError(
            f"The segmenter {segmenter.name} did not return one mask of the picture's size for each phrase."
        )
    masks = {phrase: each.mask for phrase, each in zip(phrases, found, strict=True)}
    answers = []
    for item in items:
        truth = item.region.draw(*size)
        seen = overlap(masks[item.phrase], truth.target, truth.ignored)
        answers.append(_Answer(phrase=item.phrase, group=item.group, **asdict(seen)))
    return _Finished(split=split, picture=picture.name, seconds=round(seconds, 4), answers=tuple(answers))


def _figures(splits: Iterable[str], lines: Sequence[_Finished]) -> dict[str, dict[str, Score]]:
    figures: dict[str, dict[str, Score]] = {}
    for split in splits:
        answers = [answer for line in lines if line.split == split for answer in line.answers]
        groups: dict[str, list[_Answer]] = {OVERALL: answers}
        for group in ("short", "long"):
            if of_group := [answer for answer in answers if answer.group == group]:
                groups[group] = of_group
        figures[split] = {
            name: score(Overlap(a.intersection, a.union, a.predicted) for a in of_name)
            for name, of_name in groups.items()
        }
    return figures


def _device() -> str:
    """What torch computes on here."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


# --- The record ---------------------------------------------------------------------------------------------


def record_beside(report: Path) -> Path:
    """Where the record of a report lies: ``report.json`` has ``report.items.jsonl``."""
    return report.with_suffix(".items.jsonl")


def _open_record(path: Path, run: Run) -> dict[tuple[str, str], _Finished]:
    """The finished pictures of a record of this very run, by split and name; made anew where there is none.

    A line that was cut off, and whatever else is no whole line, is taken out of the file.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
        head, *rest = content.split(b"\n") if content else [b""]
        if content:
            _check_same(path, _read(Run, head), run)
        finished = [line for line in (_read(_Finished, each) for each in rest) if line is not None]
        whole = b"".join(_line(each) for each in (run, *finished))
        if whole != content:
            write_atomically(path, lambda file: file.write(whole))
    except OSError as error:
        raise ToolError(f"{path} cannot be read or written: {reason(error)}.") from error
    return {(line.split, line.picture): line for line in finished}


def _check_same(path: Path, recorded: Run | None, run: Run) -> None:
    """Raises ``ToolError`` when the record is of another run, and says what is different."""
    if recorded == run:
        return
    remedy = "give another name to -o, or delete that file to start again"
    if recorded is None:
        raise ToolError(f"{path} is not a record of a measurement: {remedy}.")
    before, now = recorded.model_dump(), run.model_dump()
    what = next(name for name in before if before[name] != now[name])
    words = {"content": "annotations", "versions": "versions of the libraries"}.get(what, what)
    shown = "" if what == "content" else f" ({_short(before[what])}, and now {_short(now[what])})"
    raise ToolError(f"{path} is the record of a run with other {words}{shown}: {remedy}.")


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} {number}" for name, number in value.items())
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _read(kind: type[_Line], line: bytes) -> _Line | None:
    try:
        return kind.model_validate_json(line)
    except ValidationError:
        return None


def _line(value: BaseModel) -> bytes:
    return value.model_dump_json().encode() + b"\n"


def _append(path: Path, line: _Finished) -> None:
    try:
        with path.open("ab") as file:
            file.write(_line(line))
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {reason(error)}.") from error


# --- The paper ----------------------------------------------------------------------------------------------

PAPER_SOURCE = "Lai et al. 2023, LISA: Reasoning Segmentation via Large Language Model, arXiv 2308.00692"

_Row = tuple[str, float | None, float]
"""A model, its gIoU and its cIoU in percent; on RefCOCO the paper has cIoU only."""

_PAPER: Mapping[tuple[Dataset, str], Mapping[str, tuple[_Row, ...]]] = MappingProxyType(
    {
        ("reasonseg", "val"): {
            OVERALL: (
                ("LISA-7B", 44.4, 46.0),
                ("LISA-7B (ft)", 52.9, 54.0),
                ("LISA-13B", 48.9, 46.9),
                ("LISA-13B (ft)", 56.2, 62.9),
                ("LISA-Llama2-13B (ft)", 60.0, 67.8),
            )
        },
        ("reasonseg", "test"): {
            OVERALL: (
                ("LISA-7B", 36.8, 34.1),
                ("LISA-7B (ft)", 47.3, 48.4),
                ("LISA-13B", 44.8, 45.8),
                ("LISA-13B (ft)", 51.7, 51.1),
                ("LISA-Llama2-13B (ft)", 51.5, 51.3),
            ),
            "short": (
                ("LISA-7B", 37.6, 34.4),
                ("LISA-7B (ft)", 40.6, 40.6),
                ("LISA-13B", 39.9, 43.3),
                ("LISA-13B (ft)", 44.3, 42.0),
                ("LISA-Llama2-13B (ft)", 43.9, 45.8),
            ),
            "long": (
                ("LISA-7B", 36.6, 34.7),
                ("LISA-7B (ft)", 49.4, 51.0),
                ("LISA-13B", 46.4, 46.5),
                ("LISA-13B (ft)", 54.0, 54.3),
                ("LISA-Llama2-13B (ft)", 54.0, 53.8),
            ),
        },
        ("refcoco", "val"): {OVERALL: (("LISA-7B", None, 74.1), ("LISA-7B (ft)", None, 74.9))},
        ("refcoco", "testA"): {OVERALL: (("LISA-7B", None, 76.5), ("LISA-7B (ft)", None, 79.1))},
        ("refcoco", "testB"): {OVERALL: (("LISA-7B", None, 71.1), ("LISA-7B (ft)", None, 72.3))},
        ("refcoco+", "val"): {OVERALL: (("LISA-7B", None, 62.4), ("LISA-7B (ft)", None, 65.1))},
        ("refcoco+", "testA"): {OVERALL: (("LISA-7B", None, 67.4), ("LISA-7B (ft)", None, 70.8))},
        ("refcoco+", "testB"): {OVERALL: (("LISA-7B", None, 56.5), ("LISA-7B (ft)", None, 58.1))},
        ("refcocog", "val"): {OVERALL: (("LISA-7B", None, 66.4), ("LISA-7B (ft)", None, 67.9))},
        ("refcocog", "test"): {OVERALL: (("LISA-7B", None, 68.5), ("LISA-7B (ft)", None, 70.6))},
    }
)
"""Table 1 of the paper (as the picture in LISA's repository shows it) and its table of cIoU on RefCOCO."""


def paper_figures(dataset: Dataset, split: str) -> dict[str, dict[str, dict[str, float | None]]]:
    """The paper's figures of a split: by group, then by model, ``giou`` and ``ciou`` as shares (0…1)."""
    return {
        group: {
            model: {"giou": None if giou is None else round(giou / 100, 3), "ciou": round(ciou / 100, 3)}
            for model, giou, ciou in rows
        }
        for group, rows in _PAPER.get((dataset, split), {}).items()
    }
