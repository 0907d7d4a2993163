"""Phrases that name a kind of thing, answered from a map of the picture.

"The sofa", "both lamps", "the red cushion on the left": the noun says which segments of a
:class:`~tools.segmenting.lisa.panoptic.PanopticMap` bear the name, ``tools.language.referring`` which of
them are meant. A phrase that names nothing the map knows is LISA's alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from tools.language.colours import oklab
from tools.language.looks import read_look
from tools.language.object_sizes import SYNONYMS, thing_in
from tools.language.referring import Instances, Wanted, choose, plural, read_phrase, without_addition
from tools.language.room_nouns import ASKS, NOUNS, WIDE, is_plain_name
from tools.segmenting.lisa.panoptic import PanopticMap, Segment

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

ALIKE: Final = 0.02
"""Things whose colours are nearly as near to the named one as the nearest are of that colour, too."""
FAR: Final = 0.16
"""What is farther from a named colour than this is not of it."""
NEAR_BEST: Final = 0.5
"""What a description fits less than this share as well as the likeliest is not meant."""
ABOUT: Final = 0.45
"""Segments whose union overlaps a coarse mask by this much (IoU) are what it is about."""
_LIGHTNESS: Final = 0.15
"""How much the lightness of a colour counts beside its hue: the shade changes the one, not the other."""
_OF_THAT_COLOUR: Final = 25
"""So many percent of a thing show its colour at least: the rest may be a pattern, wood, or in the shade."""
_THAT_IS: Final = re.compile(
    r"^(the |my |all the |both )?(.+?) (?:that|which) (?:is|are)"
    r" (?!on\b|at\b|in\b|next\b|by\b|near\b)(\w+(?: \w+)?)$"
)
_ON_THE_WALL: Final = re.compile(r"\b(?:thing|object|item|decoration|ornament)(s?) (?:hanging )?on the wall$")
_SIZES: Final = {
    **dict.fromkeys(("small", "little", "tiny", "smaller", "littler"), -1),
    **dict.fromkeys(("big", "large", "huge", "bigger", "larger"), 1),
}
_PATTERNS: Final = {
    **dict.fromkeys(("checked", "checkered", "chequered", "plaid", "tartan", "gingham"), "checked"),
    **dict.fromkeys(("striped", "stripy", "stripey"), "striped"),
    **dict.fromkeys(("dotted", "spotted", "dotty", "polka-dot", "polka-dotted"), "dotted"),
    **dict.fromkeys(("patterned", "printed"), "patterned"),
    **dict.fromkeys(("plain", "solid", "unpatterned"), "plain"),
}  # fmt: skip
_PART: Final = re.compile(
    r"(?:with|in) (?:an? |the |its )?(?P<look>[\w -]+?) (?:coloured )?"
    r"(?:frame|legs|feet|shade|base|pot|cover|seat|top|handles|knobs|doors|mat)"
)
"""A part by whose colour a thing is told: "the picture with the gold frame"."""
_OF_A_PART: Final = 8
"""So many percent of a thing show the colour of such a part at least."""
_MUCH_PATTERN: Final = 0.8
"""Of things that are called striped, those are meant whose stripes are so strong, as a share of the
strongest."""
_HARDLY: Final[Mapping[str, float]] = {"striped": 0.03, "checked": 0.025}
"""What has less of a pattern than so much is not what is called by it, though it is the only one: of 105
striped things of drawn rooms none has less than 0.044, of 30 checked ones none less than 0.036."""
_MUCH: Final = 1.5
"""Of things that are called large or small, those are meant that are not so many times smaller or larger than
the largest or smallest."""
_OWN: Final[Mapping[str, tuple[tuple[int, int, int], ...]]] = {
    "oak": ((206, 164, 108),), "walnut": ((104, 66, 42),), "marble": ((232, 230, 228),),
    "brass": ((206, 164, 72),), "gold": ((206, 164, 72),), "concrete": ((158, 156, 152),),
    "brick": ((168, 84, 62),), "rattan": ((198, 152, 90),), "wicker": ((198, 152, 90),),
}  # fmt: skip
"""Stuffs that have a colour of their own (sRGB), by which it is told that a thing is not of them, and which
of several is."""
_WOOD: Final = re.compile(r"\b(?:wood|wooden|timber|parquet|hardwood|planks?|boards?|floorboards?)\b")
"""A floor of wood has the colour of wood; furniture may be painted."""
_NOT_OWN: Final = 0.09
_STUFF: Final = 0.35
"""A thing that has hardly a pixel nearer than the first to a stuff's colour (in Oklab) is not of it;
lightness counts by the second, for white is not concrete."""
_PLAIN: Final = frozenset(
    ("the", "a", "an", "my", "our", "your", "his", "her", "their", "this", "that", "these", "those")
)


@dataclass(frozen=True)
class Named:
    """A noun phrase whose noun names kinds: ``kinds`` those it names, ``otherwise`` those it may mean where
    none of these is there ("chair" for an armchair); ``described``: the words before the noun, without a
    colour's and a size's; ``colour``: Oklab (3,), None where none is named; ``size``: 1 for a large one, -1
    for a small one, 0 where no size is named; ``part``: the colour of a part of it; ``pattern``: checked,
    striped, dotted, patterned or plain; ``stuffs``: those named that have a colour of their own (``_OWN``).
    """

    kinds: tuple[str, ...]
    otherwise: tuple[str, ...]
    described: str
    colour: tuple[float, float, float] | None
    size: int = 0
    part: tuple[float, float, float] | None = None
    pattern: str = ""
    stuffs: tuple[str, ...] = ()


@lru_cache(maxsize=512)
def read_noun(noun: str, names: tuple[str, ...]) -> Named | None:
    """A noun phrase by the names that a map knows; None where it names none of them."""
    text = without_addition(noun.lower()).strip()
    for word, kinds, otherwise in _words(names):
        match = re.search(rf"(?:^|\s){word}$", text)
        if match is None:
            continue
        before = [each for each in text[: match.start()].split() if each not in _PLAIN]
        size = next((_SIZES[each] for each in before if each in _SIZES), 0)
        pattern = next((_PATTERNS[each] for each in before if each in _PATTERNS), "")
        before = [each for each in before if each not in _SIZES and each not in _PATTERNS]
        rest = noun.lower()[len(text) :].strip()
        colour = read_look(" ".join([*before, "thing"])).value if before else None
        part = _part_colour(rest)
        rest = "" if part is not None else rest
        described = rest if colour is not None else " ".join([*before, rest]).strip()
        stuffs = tuple(each for each in text.split() if each in _OWN)
        return Named(kinds, otherwise, described, colour, size, part, pattern, stuffs)
    return None


def _part_colour(tail: str) -> tuple[float, float, float] | None:
    """The colour (Oklab) of a part that a thing is told by; None where none is named."""
    found = _PART.fullmatch(tail)
    if found is None:
        return None
    if found["look"] in _OWN:
        lightness, a, b = (float(axis) for axis in oklab(np.array(_OWN[found["look"]][0], float)))
        return lightness, a, b
    return read_look(f"{found['look']} thing").value


@lru_cache(maxsize=8)
def _words(names: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Patterns of words for kinds, the longest first, with the kinds that each names."""
    words: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    for word, kind in SYNONYMS.items():
        if word not in words:
            words[word] = tuple(name for name in names if name == kind or thing_in(name)[0] == kind)
    for name in names:
        for word in NOUNS.get(name, ()):
            words[word] = tuple(dict.fromkeys((*words.get(word, ()), name)))
    for word, kinds in WIDE.items():
        words[word] = tuple(name for name in names if name in kinds)
    for name in names:
        last = name.split()[-1]
        if last != name:
            words[last] = tuple(each for each in names if each.split()[-1] == last)
    made = []
    for word, kinds in words.items():
        if kinds:
            otherwise = tuple(name for name in names if name not in kinds and name.endswith(word))
            made.append((f"(?:{re.escape(word)}|{re.escape(plural(word))})", kinds, otherwise))
    return tuple(sorted(made, key=lambda each: -len(each[0])))


@dataclass(frozen=True)
class Reading:
    """A phrase whose noun names kinds: what is ``wanted`` of which ``noun``."""

    wanted: Wanted
    noun: Named
    unsure: tuple[str, ...]
    """Noun phrases that LISA has to be asked about: those that describe more than a colour, and those of
    other things that name no kind.
    """

    @property
    def described(self) -> str:
        """The noun phrase that describes the thing by more than a colour, where that has to be judged; ""
        for none.
        """
        phrase = f"the {self.wanted.noun}"
        return phrase if phrase in self.unsure else ""


class Finder:
    """Finds what phrases mean in one RGB ``picture`` (H, W, 3), whose map was ``seen``."""

    def __init__(self, picture: NDArray[np.uint8], seen: PanopticMap) -> None:
        self._seen = seen
        self._picture = picture
        high, wide = self._size = seen.segments.shape
        small = Image.fromarray(picture).resize((wide, high), Image.Resampling.BOX)
        self._lab = oklab(np.asarray(small).astype(np.float64))
        self._pixel = (seen.whole[0] / high, seen.whole[1] / wide)

    def shows(self, kind: str) -> bool:
        """Whether there is a thing of a kind."""
        return any(each.kind == kind for each in self._seen.things)

    def of_kind(self, kind: str) -> Mask:
        """All of a kind at the picture's size, bool (H, W)."""
        return self._seen.mask([each for each in self._seen.things if each.kind == kind])

    def read(self, phrase: str) -> Reading | None:
        """A phrase that was read; None for one whose noun names no kind."""
        if ASKS.match(phrase.strip()):
            return None
        phrase = _ON_THE_WALL.sub(r"wall hanging\1", phrase)
        wanted = read_phrase(_THAT_IS.sub(r"\1\3 \2", phrase))
        noun = read_noun(wanted.noun, self._seen.names)
        if noun is None:
            return None
        unsure = [] if not noun.described or self._is_alone(noun) else [f"the {wanted.noun}"]
        for other in wanted.nouns[1:]:
            known = read_noun(other, self._seen.names)
            if known is None or known.described:
                unsure.append(f"the {other}")
        return Reading(wanted, noun, tuple(unsure))

    def _is_alone(self, noun: Named) -> bool:
        """Whether there is just one thing of the name and what is said of it may well be true, as far as
        colours tell: a stranger's "old", "comfy" or "wooden" is no reason not to find it. Where another
        thing's name is part of the description ("the dog bed"), it may mean something else.
        """
        there = self._alike(noun)
        words = noun.described.split()
        told = re.split(r"(?:^|\s)with\b", noun.described)[0].split()  # "with the leaves" is on the picture
        shows_things = noun.kinds == ("picture",)  # "the leaf picture" shows leaves
        if len(there) != 1 or (not shows_things and any(read_noun(word, self._seen.names) for word in told)):
            return False
        stuffs: list[tuple[tuple[int, int, int], ...]] = [_OWN[word] for word in words if word in _OWN]
        if there[0].kind in ("floor", "wall") and _WOOD.search(noun.described):
            stuffs.append((*_OWN["oak"], *_OWN["walnut"]))
        return all(self._from_stuff(there[0], stuff) <= _NOT_OWN for stuff in stuffs)

    def is_foreign(self, phrase: str) -> bool:
        """Whether a phrase plainly names a thing that no drawn room shows, such as "the harp"."""
        noun = without_addition(read_phrase(phrase).noun.lower())
        return read_noun(noun, self._seen.names) is None and is_plain_name(phrase, noun)

    def find(self, reading: Reading, chances: Mapping[str, Floats]) -> tuple[tuple[Segment, ...], float]:
        """The segments that a phrase means, none where they are not there, and how sure that is (0…1).

        ``chances``: LISA's probabilities (h, w) of what was unsure, at the map's size.
        """
        things = self._chosen(reading.wanted, chances)
        return things, float(np.mean([each.likely for each in things])) if things else 0.9

    def led(self, chance: Tensor) -> tuple[Segment, ...]:
        """The segments that a coarse mask's probability (h', w') is about; none where they are something
        else than what it draws.
        """
        likely = self.at_size(chance)
        things = tuple(each for each in self._seen.things if likely[self._seen.coarse(each)].mean() > 0.5)
        if not things:
            return ()
        union, drawn = np.logical_or.reduce([self._seen.coarse(each) for each in things]), likely > 0.5
        return things if (union & drawn).sum() >= ABOUT * (union | drawn).sum() else ()

    def at_size(self, chance: Tensor) -> Floats:
        """Probabilities (h', w') at the map's size."""
        made = F.interpolate(chance[None, None].float(), self._size, mode="bilinear", align_corners=False)
        return made[0, 0].cpu().numpy()

    def mask(self, things: Sequence[Segment]) -> Mask:
        """The union of segments at the picture's size, bool (H, W)."""
        return self._seen.mask(things)

    def masks(self, things: Sequence[Segment]) -> tuple[Mask, ...]:
        """Each segment's own mask at the picture's size, from left to right."""
        centres = [float(np.nonzero(self._seen.coarse(each))[1].mean()) for each in things]
        return tuple(self._seen.mask([things[place]]) for place in np.argsort(centres, kind="stable"))

    def _chosen(self, wanted: Wanted, chances: Mapping[str, Floats]) -> tuple[Segment, ...]:
        segments = self._candidates(wanted.noun, chances)
        if not segments:
            return ()
        masks = np.stack([self._seen.coarse(each) for each in segments])
        scores = np.array([each.likely * each.share**0.25 for each in segments])
        other = self._mask(wanted.other, chances)
        chosen = choose(wanted, Instances(masks, scores, 0.0, self._pixel), other)
        return tuple(segments[index] for index in chosen.indices)

    def _mask(self, wanted: Wanted | None, chances: Mapping[str, Floats]) -> Mask | None:
        """The mask (h, w) of the thing that another is placed by."""
        if wanted is None:
            return None
        if read_noun(wanted.noun, self._seen.names) is None:
            there = chances.get(f"the {wanted.noun}")
            return None if there is None else there > 0.5
        masks = [self._seen.coarse(each) for each in self._chosen(wanted, chances)]
        return np.logical_or.reduce(masks) if masks else np.zeros(self._size, bool)

    def _candidates(self, noun: str, chances: Mapping[str, Floats]) -> list[Segment]:
        """The segments that bear a name and look as it says."""
        named = read_noun(noun, self._seen.names)
        assert named is not None
        there = self._alike(named)
        likely = chances.get(f"the {noun}")
        if likely is not None and len(there) > 1:
            mean = [float(likely[self._seen.coarse(each)].mean()) for each in there]
            there = [each for each, value in zip(there, mean, strict=True) if value >= NEAR_BEST * max(mean)]
        return there

    def _alike(self, named: Named) -> list[Segment]:
        """The segments of the kinds that are named, of that colour and size."""
        there = [each for each in self._seen.things if each.kind in named.kinds]
        there = there or [each for each in self._seen.things if each.kind in named.otherwise]
        for colour, percent in ((named.colour, _OF_THAT_COLOUR), (named.part, _OF_A_PART)):
            if colour is None or not there:
                continue
            away = [self._away(each, np.array(colour), percent=percent) for each in there]
            there = [
                each for each, far in zip(there, away, strict=True) if far <= min(FAR, min(away) + ALIKE)
            ]
        for word in named.stuffs:
            if len(there) > 1:
                away = [self._from_stuff(each, _OWN[word]) for each in there]
                there = [each for each, far in zip(there, away, strict=True) if far <= min(away) + ALIKE]
        if named.pattern in _HARDLY:
            there = [each for each in there if self._pattern(each, named.pattern) >= _HARDLY[named.pattern]]
        if named.pattern and len(there) > 1:
            strong = [self._pattern(each, named.pattern) for each in there]
            there = [
                each
                for each, value in zip(there, strong, strict=True)
                if (
                    value <= min(strong) / _MUCH_PATTERN
                    if named.pattern == "plain"
                    else value >= _MUCH_PATTERN * max(strong)
                )
            ]
        if named.size and there:
            most = (max if named.size > 0 else min)(each.share for each in there)
            there = [each for each in there if 1 / _MUCH <= each.share / most <= _MUCH]
        return there

    def _from_stuff(self, segment: Segment, stuff: Sequence[tuple[int, int, int]]) -> float:
        """How far a thing is from the nearest of a stuff's own colours."""
        return min(self._away(segment, oklab(np.array(rgb, float)), _STUFF) for rgb in stuff)

    def _pattern(self, segment: Segment, pattern: str) -> float:
        """How strong a pattern of a kind is on a thing; of ``plain``, how strong any is.

        It is the deviation of its colours, in Oklab, light and shade over wide parts of it left out; stripes
        run one way, checks and dots do not, as the structure tensor tells (Bigün and Granlund 1987).
        """
        mask = self._seen.mask([segment])
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        step = max(1, max(np.ptp(rows), np.ptp(columns)) // 160)
        own = ndimage.binary_erosion(mask[window][::step, ::step], iterations=2)
        if own.sum() < 30:
            return 0.0
        lab = oklab(self._picture[window][::step, ::step].astype(np.float64))
        wide = 0.2 * max(own.shape)
        weight = np.maximum(ndimage.gaussian_filter(own.astype(float), wide), 1e-3)
        even = np.stack(
            [axis - ndimage.gaussian_filter(axis * own, wide) / weight for axis in np.moveaxis(lab, 2, 0)]
        )
        strength = float(np.sqrt(sum(float(np.var(axis[own])) for axis in even)))
        if pattern in ("patterned", "plain"):
            return strength
        inner = ndimage.binary_erosion(own, iterations=2)
        slopes = [np.gradient(ndimage.gaussian_filter(axis, 1.0)) for axis in even]
        down = sum(float((dy[inner] ** 2).sum()) for dy, _ in slopes)
        across = sum(float((dx[inner] ** 2).sum()) for _, dx in slopes)
        both = sum(float((dy[inner] * dx[inner]).sum()) for dy, dx in slopes)
        one_way = math.hypot(down - across, 2 * both) / max(down + across, 1e-9)
        return strength * (one_way if pattern == "striped" else 1 - one_way)

    def _away(
        self,
        segment: Segment,
        colour: NDArray[np.float64],
        lightness: float = _LIGHTNESS,
        percent: float = _OF_THAT_COLOUR,
    ) -> float:
        """How far a thing is from a colour in Oklab, by those of its pixels that show it."""
        difference = (self._lab[self._seen.coarse(segment)] - colour) * (lightness, 1, 1)
        return float(np.percentile(np.linalg.norm(difference, axis=1), percent))
