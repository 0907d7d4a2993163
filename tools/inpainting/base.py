"""Painting into a mask: the interface that every inpainter keeps, and the way from edits to patches.

An inpainter paints crops at its own working sizes and knows nothing of pictures. ``inpaint`` plans a region
for each edit, cuts the crops, has them painted, and brings them back as patches, so that the result of every
edit is the one that it would have had alone, painted at that area after those before it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sessions.compose import Patch, check_patch, compose
from tools import errors
from tools.engines import gpu_memory
from tools.inpainting.geometry import Region, bounds, clean, cut, most_each, patch, plan_region, within
from tools.inpainting.request import ColourStage, Request
from tools.kinds import KINDS, Kind, only_words
from tools.language.colours import MODIFIERS
from tools.language.looks import one_word_colours
from tools.segmenting.base import CancelCheck, never


@dataclass(frozen=True, eq=False)
class PaintingStep:
    """A denoising step that an engine has taken: ``done`` of ``total``.

    ``preview`` is what the crop would look like so far, uint8 RGB of any size, where the engine has drawn it.
    ``note`` is what the user should know of how it is done ("low memory: painting smaller"), else empty.
    """

    done: int
    total: int
    preview: NDArray[np.uint8] | None = None
    note: str = ""


StepListener = Callable[[PaintingStep], None]
"""Called after each denoising step."""


@dataclass(frozen=True)
class Job:
    """One crop to paint, already at the engine's working size.

    ``crop`` is uint8 RGB (h, w, 3); ``mask`` is bool (h, w), True where the engine may paint; both sides are
    multiples of the engine's ``multiple``. ``target`` is what lies there now, in words, "" where that is not
    known: some engines are told "change the sofa to …". ``batch`` is how many jobs, itself among them, it was
    painted with when it was painted first; None lets the engine choose.
    """

    crop: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    prompt: str
    kind: Kind
    seed: int
    steps: int
    guidance: float
    target: str = ""
    batch: int | None = None


@dataclass(frozen=True)
class Capabilities:
    """What an inpainter can do beyond the least that its interface requires.

    ``areas`` are the numbers of pixels at which an inpainter paints well, ``Inpainter.area`` the largest of
    them: a crop that has fewer pixels is painted at fewer. Without them it is ``area`` alone. ``batch_size``
    is how many jobs go through its model at once; its pixels may depend on their number, never on each other.
    ``retry_guidance`` is the guidance for a second try of what the first did not show, None for the usual
    one. ``kinds`` are the edits that it can carry out; it is asked for no others.
    """

    areas: tuple[int, ...] = ()
    batch_size: int = 1
    retry_guidance: float | None = None
    kinds: tuple[Kind, ...] = KINDS


@runtime_checkable
class Capable(Protocol):
    """An inpainter that declares capabilities. One that does not has the defaults of ``Capabilities``."""

    @property
    def capabilities(self) -> Capabilities: ...


@runtime_checkable
class Streamable(Protocol):
    """An inpainter that can work with less memory on the card, and slower."""

    def stream_weights(self) -> None:
        """Keep the weights in RAM from now on, and bring each layer to the card for its turn."""
        ...

    def restore(self) -> None:
        """Take ``stream_weights`` back if there is room again."""
        ...


class Inpainter(Protocol):
    """One implementation of "paint this into that mask".

    It may also be ``Capable`` and ``Streamable``, and a ``tools.engines.gpu_memory.Resident``.
    """

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
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[NDArray[np.uint8]]:
        """Paint every job and return the whole crops, uint8 RGB of the crops' sizes, in order."""
        ...


@dataclass(frozen=True, eq=False)
class MaskedEdit:
    """One edit whose object was found: ``mask`` is the object's, bool (H, W) at the picture's size.

    ``seed`` decides the noise; ``steps`` and ``guidance`` are the engine's own where they are None. ``area``
    is the number of pixels to paint its crop at; None lets ``plan`` choose. ``target`` is what the engine is
    told of the thing that lies there. ``batch`` is given to repeat an edit that was painted among so many,
    itself among them. ``colour`` is the colour to be computed, for engines that compute one. ``grow`` is how
    many pixels the edit may go beyond the mask, None for what its kind needs; see
    ``tools.inpainting.geometry.within``. ``wall_light`` is False to repeat a removal as it was computed
    before the light of walls went on behind what hung there, ``patches`` to repeat it as it was before what
    is behind it was made of patches, ``own_shadow`` as it was before the shadows of others stayed.
    """

    mask: NDArray[np.bool_]
    prompt: str
    kind: Kind
    seed: int
    steps: int | None = None
    guidance: float | None = None
    area: int | None = None
    target: str = ""
    batch: int | None = None
    colour: ColourStage | None = None
    grow: int | None = None
    wall_light: bool = True
    patches: bool = True
    own_shadow: bool = True

    @classmethod
    def of(cls, request: Request, mask: NDArray[np.bool_]) -> MaskedEdit:
        """The edit that a request was written for; ``mask`` is the one whose digest it has."""
        return cls(
            mask,
            request.prompt,
            request.kind,
            request.seed,
            steps=request.steps,
            guidance=request.guidance,
            area=request.area,
            target=request.target,
            batch=request.batch,
            colour=request.colour,
            grow=request.grow,
            wall_light=request.wall_light,
            patches=request.patches,
            own_shadow=request.own_shadow,
        )


class Doubtful(errors.EngineError):
    """An engine does not answer for what it computed; ``patch`` is that, for who takes it all the same.

    ``likely``: more often right than not, so that it is done, and said to be a guess.
    """

    def __init__(self, sentence: str, patch: Patch, *, likely: bool = False) -> None:
        super().__init__(sentence)
        self.patch = patch
        self.likely = likely


@runtime_checkable
class Computing(Protocol):
    """An engine that computes an edit on the picture's own pixels, at their own size."""

    @property
    def name(self) -> str:
        """The engine's name in the registry."""
        ...

    @property
    def revision(self) -> str:
        """What identifies the computation, so that a result can be repeated."""
        ...

    def can(self, prompt: str, target: str) -> bool:
        """Whether it knows what a prompt asks of a target, by the words alone."""
        ...

    def compute(
        self, picture: NDArray[np.uint8], edit: MaskedEdit, *, cancelled: CancelCheck = never
    ) -> Patch:
        """The edit's patch for an RGB picture (H, W, 3).

        The same arguments give the same pixels. Raises ``EngineError``, with a sentence for the user, where
        what is asked cannot be done well: ``Doubtful`` where it may do.
        """
        ...


@dataclass(frozen=True, eq=False)
class Painted:
    """One finished edit: its patch, the area (in pixels) that its crop was really painted at, and how many
    edits the engine painted at once, itself among them.
    """

    patch: Patch
    area: int
    batch: int


@dataclass(frozen=True, eq=False)
class Work:
    """One edit made ready for its engine: where it is painted, and the engine's job."""

    region: Region
    job: Job


def seed_for(picture: str, prompt: str, kind: Kind, variation: int = 0) -> int:
    """The seed of an edit that names none, in 0…2³¹-1; equal arguments give it again."""
    text = "\0".join((picture, prompt, kind, str(variation)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def capabilities_of(engine: Inpainter | Computing) -> Capabilities:
    """What an engine declares, or the defaults."""
    return engine.capabilities if isinstance(engine, Capable) else Capabilities()


def check_kind(engine: Inpainter | Computing, kind: Kind) -> None:
    """Raise ``EngineError`` where an engine cannot carry out a kind of edit."""
    kinds = capabilities_of(engine).kinds
    if kind not in kinds:
        raise errors.EngineError(f"{only_words(engine.name, kinds, kind)}: choose another engine.")


def areas_of(engine: Inpainter) -> tuple[int, ...]:
    """The numbers of pixels at which an inpainter paints well."""
    return capabilities_of(engine).areas or (engine.area,)


def prepare(picture: NDArray[np.uint8], edit: MaskedEdit, engine: Inpainter) -> Work:
    """Plan and cut one edit of an RGB picture (H, W, 3) for an engine.

    Raises ``PictureError`` when the mask is empty or has another size than the picture.
    """
    return _ready(picture, edit, engine, _region(picture, edit, engine))


def plan(
    picture: NDArray[np.uint8], edits: Sequence[MaskedEdit], inpainters: Mapping[Kind, Inpainter]
) -> list[Region]:
    """Where the edits of one turn are painted, and at what areas (see
    ``tools.inpainting.geometry.plan_region``).

    Those that lie apart from all others, and are painted by one engine, share its pixels (see
    ``tools.inpainting.geometry.most_each``). Raises as ``inpaint`` does for masks.
    """
    engines = [inpainters[edit.kind] for edit in edits]
    regions = [_region(picture, edit, engine) for edit, engine in zip(edits, engines, strict=True)]
    changed = [region.changed for region in regions]

    def apart(one: int, other: int) -> bool:
        return not (changed[one].overlaps(regions[other].box) or changed[other].overlaps(regions[one].box))

    every = range(len(edits))
    alone = [i for i in every if edits[i].area is None and all(apart(i, j) for j in every if j != i)]
    for engine in {id(engines[i]): engines[i] for i in alone}.values():
        sharing = [i for i in alone if engines[i] is engine]
        most = most_each([regions[i].area for i in sharing], areas_of(engine))
        for i in sharing:
            if regions[i].area > most:
                regions[i] = _region(picture, edits[i], engine, most)
    return regions


def inpaint(
    picture: NDArray[np.uint8],
    edits: Sequence[MaskedEdit],
    inpainters: Mapping[Kind, Inpainter],
    *,
    batch: int = 4,
    progress: StepListener | None = None,
    cancelled: CancelCheck = never,
) -> list[Painted]:
    """Paint the edits of one turn into a picture: one patch an edit, in their order, the first to lie lowest.

    Each edit is painted from the picture with the patches before it on top. Edits that do not see one
    another, and have the engine, the working size, the steps and the guidance in common, go to the engine
    together, at most ``batch`` at a time. ``progress`` counts the denoising steps of all edits.

    An engine that runs out of memory is asked again with less: one edit at a time, then at half the area,
    then (where it has ``stream_weights()``) with its weights outside the card, until a later call finds
    room again; a step's ``note`` says so, and ``Painted.area`` is what it came to. Raises ``PictureError``
    for a mask that is empty or of another size, ``EngineError`` when an engine fails,
    ``tools.errors.Cancelled`` when ``cancelled`` says so.
    """
    engines = [inpainters[edit.kind] for edit in edits]
    regions = plan(picture, edits, inpainters)
    fallbacks = {id(engine): OomFallback(engine, batch) for engine in engines}
    total = sum(_steps(edit, engine) for edit, engine in zip(edits, engines, strict=True))
    done: dict[int, Painted] = {}
    while len(done) < len(edits):
        waiting = [index for index in range(len(edits)) if index not in done]
        indices = _next_batch(waiting, edits, engines, regions)
        engine = engines[indices[0]]
        fallback = fallbacks[id(engine)]
        indices = indices[: fallback.batch_size]
        batch_size = fallback.repeated(edits[indices[0]])
        works, belows = [], []
        for index in indices:
            seen = [done[i].patch for i in range(index) if regions[i].changed.overlaps(regions[index].box)]
            belows.append(compose(picture, seen) if seen else picture)
            works.append(_ready(belows[-1], edits[index], engine, regions[index], batch_size))
        before = sum(_steps(edits[index], engines[index]) for index in done)
        share = sum(work.job.steps for work in works)
        report = share_of(progress, before, share, total, fallback.note)
        try:
            painted = _paint(engine, works, belows, report, cancelled)
        except errors.OutOfMemory as error:
            fallback.use_less(max(len(works), batch_size or 1), works[0].region.area, error)
            if progress is not None:
                progress(PaintingStep(before, total, note=fallback.note))
            for index in waiting:
                if engines[index] is engine and regions[index].area > fallback.most:
                    regions[index] = _region(picture, edits[index], engine, fallback.most)
        else:
            done.update(zip(indices, painted, strict=True))
    return [done[index] for index in range(len(edits))]


def compute(
    picture: NDArray[np.uint8], edit: MaskedEdit, engine: Computing, *, cancelled: CancelCheck = never
) -> Patch:
    """Carry out one edit of an RGB picture (H, W, 3) with an engine that computes it: the edit's patch.

    Raises ``PictureError`` for a mask that is empty or of another size, ``EngineError`` where the engine
    refuses, ``Doubtful`` where it would rather not, ``tools.errors.Cancelled`` when ``cancelled`` says so.
    """
    check_kind(engine, edit.kind)
    _check_mask(picture, edit.mask)
    bounds(edit.mask)
    if cancelled():
        raise errors.Cancelled
    if edit.grow is None:  # a segmenter's mask, not a user's: specks are no part of it, corners of a wall are
        edit = replace(edit, mask=clean(edit.mask, speck=0.003, hole=0.0005))
    doubt: Doubtful | None = None
    try:
        patch = engine.compute(picture, edit, cancelled=cancelled)
    except Doubtful as doubtful:
        doubt, patch = doubtful, doubtful.patch
    try:
        check_patch(patch, picture.shape[1], picture.shape[0])
    except ValueError as error:
        raise errors.EngineError(f"The engine {engine.name} returned a malformed patch: {error}.") from error
    patch = within(patch, edit.mask, edit.grow)
    if doubt is not None:
        raise Doubtful(str(doubt), patch, likely=doubt.likely)
    return patch


def compute_or_guess(picture: NDArray[np.uint8], edit: MaskedEdit, engine: Computing) -> Patch:
    """``compute``, where what is likelier right than not counts as done, as it does in a turn."""
    try:
        return compute(picture, edit, engine)
    except Doubtful as doubtful:
        if doubtful.likely:
            return doubtful.patch
        raise


def vary(
    picture: NDArray[np.uint8],
    edit: MaskedEdit,
    seeds: Sequence[int],
    inpainters: Mapping[Kind, Inpainter],
    *,
    batch: int = 4,
    progress: StepListener | None = None,
    cancelled: CancelCheck = never,
) -> list[Painted]:
    """Paint one edit once for each seed, each from the same picture: one patch a seed, to pick from.

    ``edit.seed`` is not used. At most ``batch`` go to the engine at a time; all are painted at one size.
    Raises as ``inpaint`` does.
    """
    engine = inpainters[edit.kind]
    region = _region(picture, edit, engine)
    fallback = OomFallback(engine, batch)
    total = len(seeds) * _steps(edit, engine)
    done: list[Painted] = []
    while len(done) < len(seeds):
        batch_size = fallback.repeated(edit)
        works = [
            _ready(picture, replace(edit, seed=seed), engine, region, batch_size)
            for seed in seeds[len(done) : len(done) + fallback.batch_size]
        ]
        before, share = len(done) * _steps(edit, engine), len(works) * _steps(edit, engine)
        report = share_of(progress, before, share, total, fallback.note)
        try:
            done += _paint(engine, works, [picture] * len(works), report, cancelled)
        except errors.OutOfMemory as error:
            fallback.use_less(max(len(works), batch_size or 1), region.area, error)
            if region.area > fallback.most:  # Variations of two sizes could not be compared.
                done.clear()
                region = _region(picture, edit, engine, fallback.most)
            if progress is not None:
                progress(PaintingStep(len(done) * _steps(edit, engine), total, note=fallback.note))
    return done


@dataclass
class OomFallback:
    """What an engine is still asked for in one call, less each time it runs out of memory.

    ``batch_size`` and ``most`` are how many edits and how many pixels of each it may still be asked for.
    """

    engine: Inpainter
    batch_size: int
    most: int = sys.maxsize
    note: str = ""
    streamed: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.engine, Streamable):  # what an earlier turn lacked may be there now
            self.engine.restore()
        at_once = capabilities_of(self.engine).batch_size
        if at_once > 1:  # so that all jobs of a call go through the model together
            self.batch_size = min(self.batch_size, at_once)

    def repeated(self, edit: MaskedEdit) -> int | None:
        """Among how many the edit is painted, where that is given."""
        return None if edit.batch is None else min(edit.batch, self.batch_size)

    def use_less(self, count: int, area: int, error: errors.OutOfMemory) -> None:
        """Ask for less than what failed with ``count`` edits at once, of ``area`` pixels each.

        Raises ``EngineError`` when all was tried.
        """
        if gpu_memory.make_room_for(self.engine):
            self.note = "low memory: moved the other models off the card"
        elif count > 1:
            self.batch_size = 1
            self.note = "low memory: painting one at a time"
        elif self.most == sys.maxsize:
            self.most = area // 2
            self.note = "low memory: painting smaller"
        elif isinstance(self.engine, Streamable) and not self.streamed:
            self.engine.stream_weights()
            self.streamed = True
            self.note = "low memory: painting smaller and with the weights outside the card"
        else:
            raise errors.EngineError(
                f"There is not enough memory for {self.engine.name}, even to paint smaller: use a smaller"
                " preset, or close other programs that use the graphics card."
            ) from error


def _region(
    picture: NDArray[np.uint8], edit: MaskedEdit, engine: Inpainter, area: int | None = None
) -> Region:
    """Plan one edit, at ``area`` if that is given, else at the edit's own, else at one of the engine's."""
    check_kind(engine, edit.kind)
    if isinstance(engine, Computing):
        wanted = edit.prompt or edit.kind
        raise errors.EngineError(f"{engine.name} paints nothing, and “{wanted}” is not what it computes.")
    _check_mask(picture, edit.mask)
    area = edit.area if area is None else area
    areas = areas_of(engine) if area is None else (area,)
    return plan_region(edit.mask, edit.kind, areas=areas, multiple=engine.multiple, grow=edit.grow)


def _check_mask(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
    if mask.shape != picture.shape[:2]:
        sizes = [f"{shape[1]}×{shape[0]}" for shape in (mask.shape, picture.shape)]
        raise errors.PictureError(
            f"The mask is {sizes[0]} pixels and the picture {sizes[1]}: a mask must have its picture's size."
        )


def _ready(
    picture: NDArray[np.uint8],
    edit: MaskedEdit,
    engine: Inpainter,
    region: Region,
    batch_size: int | None = None,
) -> Work:
    crop, mask = cut(picture, region)
    steps, guidance = _steps(edit, engine), _guidance(edit, engine)
    job = Job(crop, mask, edit.prompt, edit.kind, edit.seed, steps, guidance, edit.target, batch_size)
    return Work(region, job)


def _steps(edit: MaskedEdit, engine: Inpainter) -> int:
    return engine.steps if edit.steps is None else edit.steps


def _guidance(edit: MaskedEdit, engine: Inpainter) -> float:
    return engine.guidance if edit.guidance is None else edit.guidance


def _next_batch(
    waiting: Sequence[int],
    edits: Sequence[MaskedEdit],
    engines: Sequence[Inpainter],
    regions: Sequence[Region],
) -> list[int]:
    """The first of the waiting edits, and all others that may be painted with it in one batch: those whose
    crops show nothing that is still to be painted.
    """

    def alike(index: int) -> tuple[object, ...]:
        edit, engine = edits[index], engines[index]
        return id(engine), regions[index].size, _steps(edit, engine), _guidance(edit, engine), edit.batch

    return [
        index
        for place, index in enumerate(waiting)
        if alike(index) == alike(waiting[0])
        and not any(regions[i].changed.overlaps(regions[index].box) for i in waiting[:place])
    ]


def share_of(
    progress: StepListener | None, done: int, share: int, total: int, note: str = ""
) -> StepListener | None:
    """A listener for a part of the work, which has ``share`` of the ``total`` steps, after ``done`` of them.

    An engine may count a batch's steps once or once for each job. ``note`` is for steps without one.
    """
    if progress is None:
        return None

    def shifted(step: PaintingStep) -> None:
        taken = done + share * step.done // max(1, step.total)
        progress(PaintingStep(taken, total, step.preview, step.note or note))

    return shifted


def only_colour(prompt: str, target: str) -> bool:
    """Whether a prompt differs from its target's words by names of colours alone: "a dark green sofa" of "the
    sofa on the left" does, "a leather sofa" and "a linen sofa" do not.
    """
    old = set(target.lower().split())
    new = set(prompt.lower().replace(",", " ").replace("-", " ").split()) - {"a", "an", "the", "and"} - old
    names = one_word_colours().keys()
    return bool(old and new & names) and new <= names | MODIFIERS


def _paint(
    engine: Inpainter,
    works: Sequence[Work],
    belows: Sequence[NDArray[np.uint8]],
    progress: StepListener | None,
    cancelled: CancelCheck,
) -> list[Painted]:
    """Paint one batch and bring its crops back to the pictures that they were cut from."""
    if cancelled():
        raise errors.Cancelled
    with gpu_memory.using(engine):
        crops = engine.paint([work.job for work in works], progress=progress, cancelled=cancelled)
    if len(crops) != len(works):
        raise errors.EngineError(
            f"The inpainter {engine.name} returned {len(crops)} pictures for {len(works)} jobs."
        )
    together = len(works) if capabilities_of(engine).batch_size > 1 else 1
    return [
        Painted(_brought_back(below, work, crop), work.region.area, work.job.batch or together)
        for below, work, crop in zip(belows, works, crops, strict=True)
    ]


def _brought_back(below: NDArray[np.uint8], work: Work, crop: NDArray[np.uint8]) -> Patch:
    same = only_colour(work.job.prompt, work.job.target)
    return patch(below, work.region, crop, same_material=same)
