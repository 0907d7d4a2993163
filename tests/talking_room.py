"""A flat room with several things of a kind, and small engines that work on it exactly, for conversations.

Every thing is a rectangle of one colour. The finder reads phrases as the program's own does (by place, number
and colour) and finds a thing where the picture shows it: what was taken away, it sees no more. The painter
fills masks with whole numbers. Nothing is learned, nothing is random.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tools.inpaint import Inpainter, Job, Progress
from tools.instances import Instances, Wanted, choose, plural, read_phrase, separate
from tools.language.colours import oklab, value_of
from tools.presets import COLOURS
from tools.registry import Preset
from tools.request import Kind
from tools.segment import CancelCheck, Found, Segmenter, never

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

WIDTH, HEIGHT = 320, 200
WALL, FLOOR, HORIZON = (205, 200, 190), (150, 115, 80), 110
THINGS: tuple[tuple[str, tuple[int, int, int], Box], ...] = (
    ("window", (150, 200, 235), (20, 15, 70, 70)),
    ("picture", (190, 60, 50), (90, 20, 120, 50)),
    ("picture", (60, 110, 70), (150, 20, 180, 50)),
    ("mirror", (190, 200, 205), (200, 20, 225, 60)),
    ("rug", (120, 40, 90), (60, 170, 260, 195)),
    ("sofa", (60, 80, 150), (90, 90, 200, 150)),
    ("cushion", (25, 25, 25), (100, 100, 118, 118)),
    ("cushion", (230, 225, 215), (136, 100, 154, 118)),
    ("cushion", (225, 185, 40), (172, 100, 190, 118)),
    ("armchair", (50, 120, 60), (20, 105, 70, 155)),
    ("armchair", (140, 85, 45), (215, 105, 265, 155)),
    ("lamp", (235, 215, 110), (275, 45, 295, 150)),
    ("table", (95, 60, 35), (120, 155, 180, 168)),
    ("plant", (40, 140, 50), (298, 100, 318, 150)),
)
"""What stands in the room: its name, its colour and its box (x0, y0, x1, y1), what is before after what is
behind."""

STUFFS = {"leather": (125, 75, 40), "oak": (190, 150, 100), "wooden": (170, 125, 80), "velvet": (90, 30, 60)}
NEW = {"cat": (85, 75, 95), "vase": (20, 170, 190), "dog": (115, 60, 10), "clock": (250, 250, 160)}
"""What may be put into the room, each in a colour of its own."""


def room() -> Pixels:
    """The room, uint8 RGB (200, 320, 3)."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:HORIZON], picture[HORIZON:] = WALL, FLOOR
    for _, colour, (x0, y0, x1, y1) in THINGS:
        picture[y0:y1, x0:x1] = colour
    return picture


def _owner() -> NDArray[np.int_]:
    """Which thing each pixel is of: its number, -1 the wall, -2 the floor."""
    owner = np.full((HEIGHT, WIDTH), -1)
    owner[HORIZON:] = -2
    for number, (_, _, (x0, y0, x1, y1)) in enumerate(THINGS):
        owner[y0:y1, x0:x1] = number
    return owner


@dataclass
class Finder:
    """Finds the room's things, and those that the painter put there, in the picture that it is shown."""

    name: str = "talking-finder"
    revision: str = "1"
    sure: float = 0.9

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        del cancelled
        return [self._found(picture, phrase) for phrase in phrases]

    def describe(self, picture: Pixels) -> list[str]:
        names = dict.fromkeys(name for name, _, _ in THINGS)
        return [name for name in names if self._all(picture, name)]

    def _all(self, picture: Pixels, name: str) -> list[Mask]:
        """The masks of all things of a name that the picture shows."""
        owner = _owner()
        found = []
        for number, (own, _, (x0, y0, x1, y1)) in enumerate(THINGS):
            mask = owner == number
            around = np.zeros_like(mask)
            around[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3] = True
            around &= ~mask & (owner < number)
            inside = np.median(picture[mask], axis=0)
            outside = np.median(picture[around], axis=0) if around.any() else inside
            if own == name and np.abs(inside - outside).max() > 6:
                found.append(mask)
        if name in NEW:
            shows = np.abs(picture.astype(int) - NEW[name]).max(axis=-1) <= 6
            found += separate(shows)
        return found

    def _other(self, picture: Pixels, wanted: Wanted) -> Mask | None:
        """The mask of the thing that another one is told by: "the middle cushion"."""
        return None if wanted.other is None else self._found(picture, wanted.other).mask

    def _found(self, picture: Pixels, said: str | Wanted) -> Found:
        wanted = read_phrase(said) if isinstance(said, str) else said
        phrase = said if isinstance(said, str) else said.noun
        empty = np.zeros(picture.shape[:2], bool)
        words = re.findall(r"[a-z]+", wanted.noun)
        if not words:
            return Found(phrase, empty, 0.1, "")
        noun = words[-1]
        if noun in ("wall", "walls", "floor"):
            mask = _owner() == (-2 if noun == "floor" else -1)
            return Found(phrase, mask, self.sure, "It is [SEG].")
        name = next((each for each in (*(n for n, _, _ in THINGS), *NEW) if noun in (each, plural(each))), "")
        masks = self._all(picture, name) if name else []
        value = value_of(" ".join(words[:-1])) if len(words) > 1 else None
        if value is not None and masks:
            colours = [np.median(oklab(picture[mask].astype(float)), axis=0) for mask in masks]
            away = [float(np.linalg.norm((colour - value) * (0.3, 1, 1))) for colour in colours]
            masks = [mask for mask, far in zip(masks, away, strict=True) if far <= min(away) + 0.02]
        if not masks:
            return Found(phrase, empty, 0.1, "I do not see it.")
        chosen = choose(
            wanted, Instances(np.stack(masks), np.full(len(masks), 0.9)), self._other(picture, wanted)
        )
        return Found(phrase, chosen.mask, self.sure if chosen.mask.any() else 0.1, "It is [SEG].")


@dataclass
class Painter:
    """Fills a mask with a stuff's colour, with what surrounds what goes, with a new thing's own colour."""

    name: str = "talking-painter"
    revision: str = "1"
    area: int = WIDTH * HEIGHT
    multiple: int = 1
    steps: int = 1
    guidance: float = 1.0

    def paint(
        self, jobs: Sequence[Job], *, progress: Progress | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        del progress, cancelled
        return [self._painted(job) for job in jobs]

    def _painted(self, job: Job) -> Pixels:
        crop = job.crop.copy()
        words = job.prompt.lower().split()
        known = NEW | STUFFS
        around = crop[~job.mask] if not job.mask.all() else np.array([WALL])
        stuff = next((known[word] for word in words[::-1] if word in known), None)
        crop[job.mask] = np.median(around, axis=0).astype(np.uint8) if stuff is None else stuff
        return crop


@dataclass
class TalkingEngines:
    """The engines of a conversation."""

    def segmenter(self) -> Segmenter:
        return Finder()

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        painter = Painter()
        return {"restyle": painter, "replace": painter, "remove": painter, "add": painter}


PRESET = Preset("talking", "builtin", "talking-finder", MappingProxyType({}), computing=COLOURS)
