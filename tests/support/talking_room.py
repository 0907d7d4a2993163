"""A flat room with several things of a kind, and small engines that work on it exactly, for conversations.

Every thing is a rectangle of one colour. The finder reads phrases as the program's own does (by place, number
and colour) and finds a thing where the picture shows it: what was taken away, it sees no more. The painter
fills masks with whole numbers, and paints what any painter would: a look that it does not know has a colour
of its own, what goes shows what lies behind it, and a new thing of any name stands on a foot of a colour by
which the finder knows it, whatever colour the thing itself has. Nothing is learned, nothing is random.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tools.engines.presets import COLOURS
from tools.engines.registry import Preset
from tools.inpainting.base import Inpainter, Job, StepListener
from tools.kinds import Kind
from tools.language.colours import oklab, to_rgb, value_of
from tools.language.looks import read_look
from tools.language.object_sizes import thing_in
from tools.language.referring import Instances, Wanted, choose, plural, read_phrase, separate
from tools.segmenting.base import CancelCheck, Found, Segmenter, never

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
    ("lamp", (235, 215, 110), (272, 45, 288, 150)),
    ("table", (95, 60, 35), (120, 155, 180, 168)),
    ("plant", (40, 140, 50), (298, 100, 318, 150)),
)
"""What stands in the room: its name, its colour and its box (x0, y0, x1, y1), what is before after what is
behind."""

STUFFS = {"leather": (125, 75, 40), "oak": (190, 150, 100), "wooden": (170, 125, 80), "velvet": (90, 30, 60)}
NEW = {"cat": (85, 75, 95), "vase": (20, 170, 190), "dog": (115, 60, 10), "clock": (250, 250, 160)}
"""The colours of some new things of which no other is asked for."""

FOOT = 2
"""A new thing's foot is so many times lower than the thing."""

NEVER_SEEN = "giraffe"
"""What the painter cannot paint: what comes out of it is offered, not done."""


def room() -> Pixels:
    """The room, uint8 RGB (200, 320, 3)."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:HORIZON], picture[HORIZON:] = WALL, FLOOR
    for _, colour, (x0, y0, x1, y1) in THINGS:
        picture[y0:y1, x0:x1] = colour
    return picture


@cache
def _owner() -> NDArray[np.int_]:
    """Which thing each pixel is of: its number, -1 the wall, -2 the floor."""
    owner = np.full((HEIGHT, WIDTH), -1)
    owner[HORIZON:] = -2
    for number, (_, _, (x0, y0, x1, y1)) in enumerate(THINGS):
        owner[y0:y1, x0:x1] = number
    owner.flags.writeable = False
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
            if own != name:
                continue
            mask = owner == number
            around = np.zeros_like(mask)
            around[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3] = True
            around &= ~mask & (owner < number)
            inside = np.median(picture[mask], axis=0)
            outside = np.median(picture[around], axis=0) if around.any() else inside
            if np.abs(inside - outside).max() > 6:
                found.append(mask)
        feet = separate(np.abs(picture.astype(int) - _foot(name)).max(axis=-1) <= 8)
        return [*found, *(thing for foot in feet if (thing := _on_foot(picture, foot)).any())]

    def _ground(self, picture: Pixels, *, floor: bool) -> Mask:
        """The floor, or the wall: also where a thing is gone."""
        owner = _owner()
        below = np.arange(HEIGHT)[:, None] >= HORIZON
        gone = np.zeros(owner.shape, bool)
        for name in dict.fromkeys(name for name, _, _ in THINGS):
            there = self._all(picture, name)
            for number, (own, _, _) in enumerate(THINGS):
                mask = owner == number
                if own == name and not any((mask & thing).any() for thing in there):
                    gone |= mask
        return np.asarray((owner == (-2 if floor else -1)) | (gone & (below if floor else ~below)))

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
            mask = self._ground(picture, floor=noun == "floor")
            return Found(phrase, mask, self.sure, "It is [SEG].")
        names = [thing_in(noun)[0] or noun, thing_in(wanted.noun)[0], *(n for n, _, _ in THINGS)]
        name = next((each for each in names if noun in (each, plural(each))), names[0])
        masks = self._all(picture, name) or (self._all(picture, "armchair") if name == "chair" else [])
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
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        del progress, cancelled
        return [self._painted(job) for job in jobs]

    def _painted(self, job: Job) -> Pixels:
        crop = job.crop.copy()
        if job.mask.all():
            return crop
        if job.kind == "remove":
            return _cleared(crop, job.mask)
        if job.kind == "restyle":
            colour = _look(job.prompt, job.target)
            crop[job.mask] = crop[job.mask] if colour is None else colour
            return crop
        noun = re.split(r",| (?:with|of|in|on|that) ", job.prompt.lower())[0].split()[-1]
        name = thing_in(noun)[0] or noun
        own = np.array(NEW[name], np.uint8) if name in NEW else _letters(name)
        colour = _look(job.prompt, name, own)
        rows = np.flatnonzero(job.mask.any(axis=1))
        crop[job.mask] = own if colour is None else colour
        if name != NEVER_SEEN:
            foot = job.mask.copy()
            foot[: rows[-1] + 1 - len(rows) // FOOT] = False
            crop[foot] = _foot(name)
        return crop


def _letters(words: str) -> NDArray[np.uint8]:
    """A colour for words, by their letters."""
    number = zlib.crc32(words.encode())
    return np.array([40 + (number >> shift) % 180 for shift in (0, 8, 16)], np.uint8)


def _foot(name: str) -> NDArray[np.uint8]:
    """The colour of the foot of things of a name: a vivid one."""
    number = zlib.crc32(name.encode())
    levels = (255 - 18 * (number % 4), 30 + 20 * (number // 4 % 8), 20 * (number // 32 % 3))
    return np.roll(np.array(levels, np.uint8), number // 96 % 3)[:: 1 if number // 288 % 2 else -1]


def _on_foot(picture: Pixels, foot: Mask) -> Mask:
    """The thing that stands on a foot; empty where nothing does."""
    rows, columns = np.flatnonzero(foot.any(axis=1)), np.flatnonzero(foot.any(axis=0))
    top, high = int(rows[0]), len(rows)
    near = np.zeros_like(foot)
    near[max(0, top - (FOOT - 1) * high - 3) : rows[-1] + 2, max(0, columns[0] - 1) : columns[-1] + 2] = True
    body = np.median(picture[max(0, top - high) : max(1, top - 1)][:, columns].reshape(-1, 3), axis=0)
    below = np.median(picture[foot], axis=0)
    if high < 2 or np.abs(body - below).max() < 30:
        return np.zeros_like(foot)
    away = np.minimum(*(np.abs(picture.astype(int) - colour).max(axis=-1) for colour in (body, below)))
    return np.asarray(foot | (near & (away <= 40)))


def _look(prompt: str, target: str, own: Pixels | None = None) -> Pixels | None:
    """The colour of a look on a thing whose own colour is ``own``; None where the words name no look."""
    look = read_look(prompt, target)
    said = " ".join(each for each in (look.material, look.pattern, look.rest) if each)
    words = prompt.lower().split()
    stuff = next((STUFFS[word] for word in words[::-1] if word in STUFFS), None)
    if stuff is not None or look.value is not None:
        whole = np.array(stuff if stuff is not None else to_rgb(look.value or ()), float)
    elif own is not None or said:
        whole = (_letters(said) if own is None else own).astype(float)
    else:
        return None
    step = look.step.lightness if look.step is not None else 0.07 * (("light" in words) - ("dark" in words))
    moved = whole * (1 + 4 * step) if step < 0 else whole + (255 - whole) * 4 * step
    return np.asarray(np.clip(np.rint(moved), 0, 255).astype(np.uint8))


def _cleared(crop: Pixels, mask: Mask) -> Pixels:
    """The crop without the thing under the mask, which is what the mask has most of: in its rows it looks as
    that column beside it does whose colours the crop has most of.
    """
    _, colours, count = np.unique(crop.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    colours = colours.reshape(mask.shape)
    thing = colours == np.bincount(colours[mask]).argmax()
    rows, columns = (np.flatnonzero((thing & mask).any(axis=axis)) for axis in (1, 0))
    rim = 4 + len(crop) // 40
    gone = np.zeros_like(mask)
    gone[max(0, rows[0] - rim) : rows[-1] + rim + 1, max(0, columns[0] - rim) : columns[-1] + rim + 1] = True
    gone &= mask
    beside = np.flatnonzero(~gone.any(axis=0))
    if not beside.size:
        return crop
    column = beside[np.argmax(count[colours][gone.any(axis=1)][:, beside].sum(axis=0))]
    return np.where(gone[..., None], crop[:, column][:, None], crop)


@dataclass
class TalkingEngines:
    """The engines of a conversation."""

    def segmenter(self) -> Segmenter:
        return Finder()

    def inpainters(self) -> Mapping[Kind, Inpainter]:
        painter = Painter()
        return {"restyle": painter, "replace": painter, "remove": painter, "add": painter}


PRESET = Preset("talking", "builtin", "talking-finder", MappingProxyType({}), computing=COLOURS)
