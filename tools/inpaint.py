"""Painting into a mask: the interface that every inpainter keeps, and the way from edits to patches.

An inpainter paints crops at its own working size and knows nothing of pictures. ``inpaint`` plans a region
for each edit, cuts the crops, has them painted, and brings them back as patches, so that the result of every
edit is the one that it would have had alone, painted after those before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sessions.compose import Patch, compose
from tools import errors
from tools.region import Region, cut, patch, plan_region
from tools.request import Kind
from tools.segment import CancelCheck, never


@dataclass(frozen=True, eq=False)
class Step:
    """A denoising step that an engine has taken: ``done`` of ``total``.

    ``preview`` is what the crop would look like so far, uint8 RGB of any size, where the engine has drawn it.
    """

    done: int
    total: int
    preview: NDArray[np.uint8] | None = None


Progress = Callable[[Step], None]
"""Called after each denoising step."""


@dataclass(frozen=True)
class Job:
    """One crop to paint, already at the engine's working size.

    ``crop`` is uint8 RGB (h, w, 3); ``mask`` is bool (h, w), True where the engine may paint; both sides are
    multiples of the engine's ``multiple``.
    """

    crop: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    prompt: str
    kind: Kind
    seed: int
    steps: int
    guidance: float


class Inpainter(Protocol):
    """One implementation of "paint this into that mask"."""

    @property
    def name(self) -> str:
        """The engine's name in the registry."""
        ...

    @property
    def revision(self) -> str:
        """What identifies its weights, so that a result can be repeated."""
        ...

    @property
    def area(self) -> int:
        """The number of pixels at which the engine paints best."""
        ...

    @property
    def multiple(self) -> int:
        """What both sides of a crop must be divisible by."""
        ...

    @property
    def steps(self) -> int:
        """The number of denoising steps that the engine wants."""
        ...

    @property
    def guidance(self) -> float:
        """The guidance scale that the engine wants."""
        ...

    def paint(
        self, jobs: Sequence[Job], *, progress: Progress | None = None, cancelled: CancelCheck = never
    ) -> list[NDArray[np.uint8]]:
        """Paint every job and return the whole crops, uint8 RGB of the crops' sizes, in order."""
        ...


@dataclass(frozen=True, eq=False)
class MaskedEdit:
    """One edit whose object was found: ``mask`` is the object's, bool (H, W) at the picture's size.

    ``seed`` decides the noise; ``steps`` and ``guidance`` are the engine's own where they are None.
    """

    mask: NDArray[np.bool_]
    prompt: str
    kind: Kind
    seed: int
    steps: int | None = None
    guidance: float | None = None


@dataclass(frozen=True, eq=False)
class Work:
    """One edit made ready for its engine: where it is painted, and the engine's job."""

    region: Region
    job: Job


def seed_for(picture: str, prompt: str, kind: Kind, variation: int = 0) -> int:
    """The seed of an edit that names none, in 0…2³¹-1; equal arguments give it again."""
    text = "\0".join((picture, prompt, kind, str(variation)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def prepare(picture: NDArray[np.uint8], edit: MaskedEdit, engine: Inpainter) -> Work:
    """Plan and cut one edit of an RGB picture (H, W, 3) for an engine.

    Raises ``PictureError`` when the mask is empty or has another size than the picture.
    """
    return _ready(picture, edit, engine, _region(picture, edit, engine))


def inpaint(
    picture: NDArray[np.uint8],
    edits: Sequence[MaskedEdit],
    inpainters: Mapping[Kind, Inpainter],
    *,
    batch: int = 4,
    progress: Progress | None = None,
    cancelled: CancelCheck = never,
) -> list[Patch]:
    """Paint the edits of one turn into a picture: one patch an edit, in their order, the first to lie lowest.

    Each edit is painted from the picture with the patches before it on top. Edits that do not see one
    another, and have the engine, the working size, the steps and the guidance in common, go to the engine
    together, at most ``batch`` at a time. ``progress`` counts the denoising steps of all edits. Raises
    ``PictureError`` for a mask that is empty or of another size, ``EngineError`` when an engine fails,
    ``tools.errors.Cancelled`` when ``cancelled`` says so.
    """
    engines = [inpainters[edit.kind] for edit in edits]
    regions = [_region(picture, edit, engine) for edit, engine in zip(edits, engines, strict=True)]
    batches = _batches(edits, engines, regions, batch)
    total = sum(_steps(edit, engine) for edit, engine in zip(edits, engines, strict=True))
    done = 0
    patches: dict[int, Patch] = {}
    for indices in batches:
        engine = engines[indices[0]]
        works, belows = [], []
        for index in indices:
            seen = [patches[i] for i in range(index) if regions[i].changed.overlaps(regions[index].box)]
            belows.append(compose(picture, seen) if seen else picture)
            works.append(_ready(belows[-1], edits[index], engine, regions[index]))
        share = sum(work.job.steps for work in works)
        painted = _paint(engine, works, belows, _shifted(progress, done, share, total), cancelled)
        patches.update(zip(indices, painted, strict=True))
        done += share
    return [patches[index] for index in range(len(edits))]


def vary(
    picture: NDArray[np.uint8],
    edit: MaskedEdit,
    seeds: Sequence[int],
    inpainters: Mapping[Kind, Inpainter],
    *,
    batch: int = 4,
    progress: Progress | None = None,
    cancelled: CancelCheck = never,
) -> list[Patch]:
    """Paint one edit once for each seed, each from the same picture: one patch a seed, to pick from.

    ``edit.seed`` is not used. At most ``batch`` go to the engine at a time. Raises as ``inpaint`` does.
    """
    engine = inpainters[edit.kind]
    region = _region(picture, edit, engine)
    works = [_ready(picture, replace(edit, seed=seed), engine, region) for seed in seeds]
    groups = [works[start : start + batch] for start in range(0, len(works), batch)]
    steps = _steps(edit, engine)
    patches: list[Patch] = []
    for group in groups:
        report = _shifted(progress, len(patches) * steps, len(group) * steps, len(works) * steps)
        patches += _paint(engine, group, [picture] * len(group), report, cancelled)
    return patches


def _region(picture: NDArray[np.uint8], edit: MaskedEdit, engine: Inpainter) -> Region:
    if edit.mask.shape != picture.shape[:2]:
        sizes = [f"{shape[1]}×{shape[0]}" for shape in (edit.mask.shape, picture.shape)]
        raise errors.PictureError(
            f"The mask is {sizes[0]} pixels and the picture {sizes[1]}: a mask must have its picture's size."
        )
    return plan_region(edit.mask, edit.kind, area=engine.area, multiple=engine.multiple)


def _ready(picture: NDArray[np.uint8], edit: MaskedEdit, engine: Inpainter, region: Region) -> Work:
    crop, mask = cut(picture, region)
    job = Job(crop, mask, edit.prompt, edit.kind, edit.seed, _steps(edit, engine), _guidance(edit, engine))
    return Work(region, job)


def _steps(edit: MaskedEdit, engine: Inpainter) -> int:
    return engine.steps if edit.steps is None else edit.steps


def _guidance(edit: MaskedEdit, engine: Inpainter) -> float:
    return engine.guidance if edit.guidance is None else edit.guidance


def _batches(
    edits: Sequence[MaskedEdit], engines: Sequence[Inpainter], regions: Sequence[Region], most: int
) -> list[list[int]]:
    """Put the edits' indices into batches, so that whatever an edit's crop shows is painted before it."""
    waves: list[int] = []
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, (edit, engine, region) in enumerate(zip(edits, engines, regions, strict=True)):
        seen = [waves[i] + 1 for i in range(index) if regions[i].changed.overlaps(region.box)]
        waves.append(max(seen, default=0))
        key = (waves[index], id(engine), region.size, _steps(edit, engine), _guidance(edit, engine))
        groups.setdefault(key, []).append(index)
    ordered = sorted(groups.values(), key=lambda group: waves[group[0]])
    return [group[start : start + most] for group in ordered for start in range(0, len(group), most)]


def _shifted(progress: Progress | None, done: int, share: int, total: int) -> Progress | None:
    """Progress within one batch, which has ``share`` of the steps, as progress within the turn.

    An engine may count a batch's steps once or once for each job.
    """
    if progress is None:
        return None
    report = progress

    def shifted(step: Step) -> None:
        report(Step(done + share * step.done // max(1, step.total), total, step.preview))

    return shifted


def _paint(
    engine: Inpainter,
    works: Sequence[Work],
    belows: Sequence[NDArray[np.uint8]],
    progress: Progress | None,
    cancelled: CancelCheck,
) -> list[Patch]:
    """Paint one batch and bring its crops back to the pictures that they were cut from."""
    if cancelled():
        raise errors.Cancelled
    painted = engine.paint([work.job for work in works], progress=progress, cancelled=cancelled)
    if len(painted) != len(works):
        raise errors.EngineError(
            f"The inpainter {engine.name} returned {len(painted)} pictures for {len(works)} jobs."
        )
    return [patch(below, work.region, crop) for below, work, crop in zip(belows, works, painted, strict=True)]
