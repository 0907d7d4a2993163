"""Small engines that keep the interfaces: one finds plain colours, one paints them.

The rooms here are flat drawings in which every object has a colour of its own, so what the engines should
have done can be told from the pixels. The engines really work by their arguments; they are no mocks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tools import errors
from tools.engines import registry
from tools.engines.registry import Preset
from tools.inpainting.base import Capabilities, Inpainter, Job, PaintingStep, StepListener
from tools.kinds import Kind
from tools.segmenting.base import CancelCheck, Found, Segmenter, never

if TYPE_CHECKING:
    import pytest

MARK = "PAINTER_HAS_BEGUN"

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

WIDTH, HEIGHT = 160, 120
WALL: Colour = (200, 190, 170)
FLOOR: Colour = (120, 90, 60)
THINGS: dict[str, tuple[Colour, tuple[int, int, int, int]]] = {
    "sofa": ((60, 60, 140), (20, 60, 70, 95)),
    "lamp": ((230, 220, 80), (90, 30, 102, 90)),
    "rug": ((150, 40, 40), (60, 100, 130, 115)),
    "picture": ((40, 120, 60), (35, 10, 60, 35)),
}
"""The things in the room: their colour and their box."""

PUT_THERE = ("cushion", "vase", "plant", "cat", "box")
"""What may be put into the room, and is found there."""

PAINTS: dict[str, Colour] = {
    "red": (210, 30, 30),
    "green": (30, 180, 60),
    "blue": (30, 60, 220),
    "black": (20, 20, 20),
    "white": (245, 245, 245),
    "orange": (240, 140, 20),
}


def room(without: Sequence[str] = ()) -> Pixels:
    """The room, uint8 RGB (120, 160, 3)."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:80], picture[80:] = WALL, FLOOR
    for name, (colour, (x0, y0, x1, y1)) in THINGS.items():
        if name not in without:
            picture[y0:y1, x0:x1] = colour
    return picture


@dataclass
class ColourFinder:
    """Finds the room's things where they stand: "the sofa" is what is neither wall nor floor in its place.

    ``asked`` holds the phrases of every call. ``sure`` is the confidence of all it finds.
    """

    name: str = "colour-finder"
    revision: str = "1"
    sure: float = 0.9
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        self.asked.append(tuple(phrases))
        if cancelled():
            raise errors.Cancelled
        return [self._found(picture, phrase) for phrase in phrases]

    def describe(self, picture: Pixels) -> list[str]:
        return [name for name in THINGS if self._found(picture, name).present]

    def _found(self, picture: Pixels, phrase: str) -> Found:
        empty = np.logical_or(_like(picture, WALL), _like(picture, FLOOR))
        mask: NDArray[np.bool_] = np.zeros(picture.shape[:2], np.bool_)
        for name in PUT_THERE:
            if name in phrase:  # a new thing is what is neither wall nor floor nor a thing of the room's
                mask = ~empty
                for old in THINGS:
                    mask &= ~_like(picture, THINGS[old][0])
        for name, (_, (x0, y0, x1, y1)) in THINGS.items():
            if name in phrase:
                high, wide = picture.shape[0] / HEIGHT, picture.shape[1] / WIDTH
                box = np.s_[round(y0 * high) : round(y1 * high), round(x0 * wide) : round(x1 * wide)]
                mask[:] = False
                mask[box] = ~empty[box]
        if "wall" in phrase or "floor" in phrase:
            mask = _like(picture, WALL if "wall" in phrase else FLOOR)
        if "everything" in phrase:
            mask = np.ones(picture.shape[:2], np.bool_)
        return Found(phrase, mask, self.sure if mask.any() else 0.1, "It is [SEG].")


def _like(picture: Pixels, colour: Colour) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(np.int16) - np.array(colour, np.int16)).max(axis=-1) <= 8)


@dataclass
class ColourPainter:
    """Fills a mask with the colour that the prompt names; without one, with the colour that surrounds it.

    A dark thing gets half of the light, a striped one white stripes, a mottled one
    any colour. The red of a pixel moves with the seed
    by up to 7 levels, so that another seed is seen. With "stubborn" in the prompt nothing is changed, with
    "shy" there is only a tinge of the colour unless the guidance is above 2; with
    "endless" it paints until it is cancelled, and makes the file that the environment names in ``MARK``.
    ``pause`` stops before every step until it is set; ``stepped`` is set when the first step begins. It takes
    ``slow`` seconds to notice that it was cancelled, and counts the calls that have ended.
    """

    name: str = "colour-painter"
    revision: str = "1"
    area: int = 64 * 64
    multiple: int = 8
    steps: int = 3
    guidance: float = 2.0
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(retry_guidance=4.0))
    painted: list[Job] = field(default_factory=list)
    calls: int = 0
    ended: int = 0
    slow: float = 0.0
    pause: threading.Event | None = None
    stepped: threading.Event = field(default_factory=threading.Event)

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        self.calls += 1
        if any("endless" in job.prompt for job in jobs):
            Path(os.environ[MARK]).touch()
            self.pause = threading.Event()
        for step in range(self.steps):
            self.stepped.set()
            while not cancelled() and self.pause is not None and not self.pause.wait(0.01):
                pass
            if cancelled():
                time.sleep(self.slow)
                self.ended += 1
                raise errors.Cancelled
            if progress is not None:
                progress(PaintingStep(step + 1, self.steps))
        self.ended += 1
        self.painted += jobs
        return [self._painted(job) for job in jobs]

    def _painted(self, job: Job) -> Pixels:
        crop = job.crop.copy()
        if "stubborn" in job.prompt:
            return crop
        words = job.prompt.replace(",", " ").split()
        around = np.median(crop[~job.mask], axis=0) if not job.mask.all() else np.array(WALL)
        colour = np.array(next((PAINTS[word] for word in words if word in PAINTS), tuple(around)))
        if "mottled" in words:
            colour = np.array([job.seed >> shift & 255 for shift in (0, 8, 16)])
        if {"dark", "darker"} & {*words}:
            colour = colour // 2
        colour[0] = min(255, colour[0] + job.seed % 8)
        if "shy" in words and job.guidance <= self.guidance:
            colour = 0.8 * crop[job.mask].mean(axis=0) + 0.2 * colour
        crop[job.mask] = colour
        if "striped" in words:
            stripes = np.zeros(job.mask.shape, np.bool_)
            stripes[::4] = True
            crop[job.mask & stripes] = 255
        return crop


@dataclass
class ColourEngines:
    """The engines of a turn; ``broken`` ones cannot be loaded."""

    finder: ColourFinder = field(default_factory=ColourFinder)
    painter: ColourPainter = field(default_factory=ColourPainter)
    broken: bool = False

    def segmenter(self) -> Segmenter:
        if self.broken:
            raise errors.EngineError("The models are gone.")
        return self.finder

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        return {"restyle": self.painter, "replace": self.painter, "remove": self.painter, "add": self.painter}


def load_finder() -> ColourFinder:
    """The factory that the registry calls."""
    return ColourFinder()


def load_painter() -> ColourPainter:
    """The factory that the registry calls."""
    return ColourPainter()


def register_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for one test alone, with nothing loaded before."""
    for name in ("SEGMENTERS", "INPAINTERS", "PRESETS"):
        monkeypatch.setattr(registry, name, getattr(registry, name))
    monkeypatch.setattr(registry, "_loaded", {})
    register()


def register() -> None:
    """Make these engines those of the pocket preset, for this process."""
    module = __name__
    registry.SEGMENTERS = MappingProxyType({"colour-finder": f"{module}:load_finder"})
    registry.INPAINTERS = MappingProxyType({"colour-painter": f"{module}:load_painter"})
    kinds: tuple[Kind, ...] = ("restyle", "replace", "remove", "add")
    pocket: Preset = replace(
        registry.PRESETS["pocket"],
        segmenter="colour-finder",
        inpainters=MappingProxyType(dict.fromkeys(kinds, "colour-painter")),
        computing=MappingProxyType({}),
        drawn_rooms_only=False,  # they know plain colours
    )
    registry.PRESETS = MappingProxyType({"pocket": pocket})
