"""A map of a drawn room: which kind of thing each pixel shows, and where the middle of that thing is.

LISA finds what a phrase means, but draws it on a grid coarser than the picture, and one phrase knows nothing
of another's: its masks spill over what stands in front. This small network looks at the picture alone and
sees all kinds at once, each pixel one of them, as in Panoptic-DeepLab (Cheng et al. 2020, arXiv
1911.10194): a kind for each pixel, and the way from there to the thing's middle, by which two of a kind are
told apart. A U-Net (Ronneberger et al. 2015, arXiv 1505.04597) with residual blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as F

from tools.language.colours import oklab

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

WIDTHS: Final = (32, 64, 96, 128, 160)
"""Channels at a half, a quarter … a thirty-second of the picture's size."""
MULTIPLE: Final = 32
"""The sides of a picture that the network reads are multiples of this."""


class _Block(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(y)))


class _Step(nn.Module):
    """A convolution to another width, and to half the size where ``stride`` is 2."""

    def __init__(self, given: int, made: int, side: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(given, made, side, stride, side // 2, bias=False)
        self.norm = nn.BatchNorm2d(made)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class PanopticNet(nn.Module):
    """RGB float32 (n, 3, h, w) in 0…1, sides multiples of 32, to logits (n, kinds, h, w) and offsets
    (n, 2, h, w): how far down and to the right the thing's middle is, as a share of the picture's sides.
    """

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.kinds = kinds
        self.stem = _Step(12, WIDTHS[0])
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_Block(width) for _ in range(1 if place in (0, 1, 4) else 2)))
            for place, width in enumerate(WIDTHS)
        )
        self.down = nn.ModuleList(_Step(a, b, stride=2) for a, b in pairwise(WIDTHS))
        self.whole = nn.Conv2d(WIDTHS[-1], WIDTHS[-1], 1)
        self.up = nn.ModuleList(_Step(b, a, 1) for a, b in pairwise(WIDTHS))
        self.merge = nn.ModuleList(_Block(width) for width in WIDTHS[:-1])
        self.head = nn.Conv2d(WIDTHS[0], 4 * (kinds + 2), 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and offsets of pictures. See the class."""
        x = self.stem(F.pixel_unshuffle(picture * 2 - 1, 2))
        kept = []
        for place, blocks in enumerate(self.blocks):
            x = blocks(x)
            if place < len(self.down):
                kept.append(x)
                x = self.down[place](x)
        x = x + self.whole(x.mean((2, 3), keepdim=True))  # what the room as a whole is like
        for place in reversed(range(len(self.down))):
            x = F.interpolate(self.up[place](x), scale_factor=2.0, mode="nearest")
            x = self.merge[place](x + kept[place])
        made = F.pixel_shuffle(self.head(x), 2)
        return made[:, : self.kinds], made[:, self.kinds :]


# ----- From the network's answer to things -----

SIDE: Final = 512
"""The longer side, in pixels, at which a picture is read."""
LEAST: Final = 0.0004
"""What covers less of the picture than this is no thing."""
SCRAP: Final = 0.08
"""Nor is what is smaller than this share of the largest of its kind."""
SMALL, DOUBTED = 0.01, 0.78
"""What covers less of the picture and is less likely than this is taken for what is around it: on 50 rooms 26
of 29 that were not there, and 2 of 151 that were."""
SPECK, PART, SURE = 6, 0.1, 0.75
"""Parts of a kind of fewer pixels are left out, and those smaller than this share of its largest part whose
pixels are less likely of it than this on average."""
ONE: Final = 0.35
"""Parts whose middles are nearer than this share of the extent of both are one thing."""
_VOTES: Final = 48
"""The ways to the middle are counted on a grid of so many cells along the longer side."""
_APART: Final = 3
"""Middles nearer than so many cells are one thing's."""
_SURFACES: Final = ("floor", "wall")
_RIM: Final = 8
"""How many pixels from a surface what is taken for a thing before it may be the surface still."""
_NEAR: Final = 3.0
"""The reach, in pixels (a standard deviation), over which a surface's colour is taken."""
_SAME, _OTHER = 0.03, 0.10
"""Steps in Oklab: what is nearer to the surface's colour than the first, before a thing whose own colours are
further from it than the second, is the surface: seen between a lamp's legs, along a curtain's rod."""
_REST: Final = 0.4
"""The share of a thing that must be left to it: a white lamp before a white wall is no gap."""

_OPEN: Final = frozenset(
    {"chair", "coffee table", "dining table", "side table", "floor lamp", "table lamp", "plant", "vase"}
)
"""Kinds that one sees through far from their edge: between slats, legs and leaves."""
_BLOCK: Final = 4
_REACHES: Final = (0.75, 2.25, 6.75)
"""A surface's colour beyond its edge is what it is nearby: in blocks of so many pixels, over reaches
(standard deviations in blocks) of which a wider one counts where the narrower ones see nothing."""
_SHADED: Final = (0.72, 1.06)
"""By what a surface's lightness differs behind a thing, which shades it."""
_THROUGH: Final = 0.045
"""How far, in Oklab, what is seen through a thing is from the surface's colour in that shade."""
_OWN: Final = 0.05
"""A colour of less than this share of a thing is none of its own."""
_UNSURE: Final = 0.88
"""What the network takes for a thing on average with less than this may be a surface's pattern."""
_SURELY, _HARDLY = -3.5, -5.0
"""The lead (in logits) of a surface over a thing: below the first, pixels are surely the thing's, below the
second, none is seen through it."""
_JUST, _PATCH, _SURELY_ITS = -2.2, 8, 0.3
_ITS_OWN, _PATCH_OWN, _NOT_ITS_OWN, _ANY = 0.06, 0.045, 0.08, 0.02
"""A patch of so many pixels goes to another thing where that one is not less likely than by so many logits on
average; each of its pixels is as near (Oklab) to a colour of that thing as the first, all on average as the
second, and further than the third from all that the thing it was given to has in a share of the last."""


@dataclass(frozen=True)
class Segment:
    """One thing of a map: its kind's name, the number of its pixels in ``PanopticMap.segments``, how likely
    its pixels are of that kind on average (0…1), and its share of the picture (0…1).
    """

    kind: str
    number: int
    likely: float
    share: float


@dataclass(frozen=True)
class PanopticMap:
    """What each pixel of a picture shows, at the size that the network read.

    ``things``: all segments; ``segments``: int16 (h, w), each pixel's segment, -1 where there is none at all;
    ``logits``: float32 (kinds, h, w); ``whole``: height and width of the picture; ``names``: the kinds.
    """

    things: tuple[Segment, ...]
    segments: NDArray[np.int16]
    logits: NDArray[np.float32]
    whole: tuple[int, int]
    names: tuple[str, ...]

    def coarse(self, segment: Segment) -> Mask:
        """A segment's mask at the map's size, bool (h, w)."""
        return np.asarray(self.segments == segment.number)

    def mask(self, segments: Sequence[Segment]) -> Mask:
        """The union of segments at the picture's size, bool (H, W)."""
        full = np.zeros(self.whole, bool)
        if not segments:
            return full
        kinds = [self.names.index(each.kind) for each in segments]
        meant = np.isin(self.segments, [each.number for each in segments])
        others = np.delete(self.logits, kinds, axis=0).max(axis=0)
        lead = self.logits[kinds].max(axis=0) - others
        # Another thing of these kinds, or a scrap, is outside however sure its kind is.
        lead = np.where(meant | (lead <= 0), lead, -np.abs(lead))
        lead = np.where(meant, np.maximum(lead, 1e-3), lead)
        image = Image.fromarray(lead.astype(np.float32))
        return np.asarray(image.resize(self.whole[::-1], Image.Resampling.BILINEAR)) > 0


def unpacked(held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as they are stored, matrices in 8 bits with "NAME.scale", a factor for each of its rows."""
    weights = {}
    for name, value in held.items():
        scale = held.get(f"{name}.scale")
        if not name.endswith(".scale"):
            rows = 1.0 if scale is None else scale.view(-1, *[1] * (value.ndim - 1))
            weights[name] = value.float() * rows
    return weights


class PanopticReader:
    """The network with its names: pictures in, maps out."""

    def __init__(self, net: PanopticNet, names: Sequence[str]) -> None:
        self._net = net.eval()
        self._names = tuple(names)

    @classmethod
    def from_file(cls, file: Path, names: Sequence[str]) -> PanopticReader:
        """Load weights. Raises OSError when the file is not there."""
        net = PanopticNet(len(names))
        net.load_state_dict(unpacked(load_file(file)), strict=False)  # counts of batches are of no use
        return cls(net, names)

    @property
    def net(self) -> PanopticNet:
        """The network, which runs where it was moved to."""
        return self._net

    def read(self, picture: NDArray[np.uint8]) -> PanopticMap:
        """The map of an RGB picture (H, W, 3)."""
        high, wide = picture.shape[:2]
        scale = SIDE / max(high, wide)
        size = max(1, round(high * scale)), max(1, round(wide * scale))
        image = Image.fromarray(picture).resize(size[::-1], Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
        below, beside = -size[0] % MULTIPLE, -size[1] % MULTIPLE
        padded = F.pad(pixels, (0, beside, 0, below), mode="replicate")
        device = next(self._net.parameters()).device
        with torch.inference_mode():
            logits, ways = self._net(padded.to(device))
        logits, ways = (each[0, :, : size[0], : size[1]].float().cpu().numpy() for each in (logits, ways))
        scaled = np.array([padded.shape[2] / size[0], padded.shape[3] / size[1]], np.float32)
        found = mapped(logits, ways * scaled[:, None, None], (high, wide), self._names)
        return seen_between(found, oklab(np.asarray(image)).astype(np.float32))


def mapped(
    logits: NDArray[np.float32], ways: NDArray[np.float32], whole: tuple[int, int], names: tuple[str, ...]
) -> PanopticMap:
    """Kinds (k, h, w) and ways (2, h, w) to a map."""
    kinds = logits.argmax(axis=0)
    likely = _likely(logits)
    segments = np.full(kinds.shape, -1, np.int16)
    things: list[Segment] = []
    for kind in np.unique(kinds).tolist():
        here = _without_scraps(kinds == kind, likely)
        if not here.any():
            continue
        parts = here.astype(np.int64) if names[kind] in _SURFACES else _told_apart(here, ways)
        sizes = np.bincount(parts[here], minlength=2)[1:]
        for part, size in enumerate(sizes.tolist(), 1):
            if size < max(LEAST * kinds.size, SCRAP * sizes.max()):
                continue
            place = parts == part
            if size < SMALL * kinds.size and likely[place].mean() < DOUBTED:
                continue
            segments[place] = len(things)
            things.append(Segment(names[kind], len(things), float(likely[place].mean()), size / kinds.size))
    if things and (segments < 0).any():
        rows, columns = ndimage.distance_transform_edt(
            segments < 0, return_distances=False, return_indices=True
        )
        segments = segments[rows, columns]
    return PanopticMap(tuple(things), segments, logits, whole, names)


def seen_between(found: PanopticMap, colours: NDArray[np.float32]) -> PanopticMap:
    """A map in which gaps in and beside things show the surface behind them. ``colours`` are the picture's in
    Oklab, float32 (h, w, 3), at the map's size.

    The network reads at half resolution and takes what is narrow for the thing around it. Near the surface,
    what has its colour there is the surface, unless the thing has that colour, too; in things that one sees
    through (``_OPEN``) it is so far from their edge as well.
    """
    between = _seen_beside(_seen_through(_seen_apart(found, colours), colours), colours)
    return _by_their_colours(between, colours)


def _seen_apart(found: PanopticMap, colours: NDArray[np.float32]) -> PanopticMap:
    """The map without parts of a kind apart from its largest that are a surface's pattern: the network is not
    sure of them, and most of their pixels have colours of the surface and none of the largest part's.
    """
    surfaces = [each for each in found.things if each.kind in _SURFACES]
    segments, logits = found.segments.copy(), found.logits
    for kind in sorted({each.kind for each in found.things} - set(_SURFACES)):
        own = np.isin(found.segments, [each.number for each in found.things if each.kind == kind])
        parts, count = ndimage.label(own, np.ones((3, 3), bool))
        largest = int(np.bincount(parts[own], minlength=1).argmax())
        for part in range(1, count + 1):
            here = parts == part
            if part == largest or _likely(found.logits[:, here]).mean() >= _UNSURE:
                continue
            if not _most(_away(colours[here], _tones(colours[parts == largest])) > _OTHER):
                continue
            for surface in surfaces:
                shown = _tones(colours[found.segments == surface.number])
                if _most(_away(colours[here], shown) < _THROUGH):
                    segments[here] = surface.number
                    logits = logits if logits is not found.logits else logits.copy()
                    logits[found.names.index(surface.kind), here] = logits[:, here].max(axis=0) + 1
                    break
    if logits is found.logits:
        return found
    left = tuple(each for each in found.things if (segments == each.number).any())
    return replace(found, things=left, segments=segments, logits=logits)


def _likely(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely (…) the likeliest of kinds is, by their logits (kinds, …)."""
    return np.asarray(1 / np.exp(logits - logits.max(axis=0)).sum(axis=0), np.float32)


def _most(which: Mask) -> bool:
    return bool(which.mean() > 0.5)


def _away(colours: NDArray[np.float32], tones: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far colours (n, 3) are from the nearest of ``tones`` (k, 3)."""
    return np.asarray(np.linalg.norm(colours[:, None] - tones[None], axis=2).min(axis=1), np.float32)


def _seen_through(found: PanopticMap, colours: NDArray[np.float32]) -> PanopticMap:
    """The map with the gaps in things that are seen through, each pixel by itself: it is nearer to the
    surface's colour than to the thing's own, and the network does not plainly take it for the thing. Nor is
    the wall floor that is seen between legs.
    """
    things = [each for each in found.things if each.kind in _OPEN]
    surfaces = [each for each in found.things if each.kind in _SURFACES] if things else []
    around = [_beyond(found.segments == each.number, colours) for each in surfaces]
    segments, logits = found.segments.copy(), found.logits

    def become(surface: Segment, here: Mask) -> None:
        nonlocal logits
        segments[here] = surface.number
        logits = logits if logits is not found.logits else logits.copy()
        logits[found.names.index(surface.kind), here] = logits[:, here].max(axis=0) + 1

    for thing in things:
        own = np.nonzero(found.segments == thing.number)
        lead = [_lead(found, each, thing, own) for each in surfaces]
        best = np.max(lead, axis=0) if lead else np.zeros(len(own[0]))
        sure = best < _SURELY
        if sure.sum() < 0.15 * sure.size:
            sure = best <= np.quantile(best, 0.3)
        tones = _tones(colours[own][sure])
        away = _away(colours[own], tones)
        gaps = [
            (ahead > _HARDLY)
            & (_away(there[own], tones) > _OTHER)
            & (_shaded(colours[own], there[own]) < np.minimum(_THROUGH, away / 2))
            for ahead, there in zip(lead, around, strict=True)
        ]
        for place in np.argsort([-gap.sum() for gap in gaps], kind="stable"):
            here = _without_specks(own, gaps[place] & (segments[own] == thing.number), segments.shape)
            if 0 < here.sum() <= (1 - _REST) * sure.size:
                become(surfaces[place], here)
        low, high = (axis.min() for axis in own), (axis.max() + 1 for axis in own)
        box = tuple(slice(*ends) for ends in zip(low, high, strict=True))
        for floor, wall in _pairs(surfaces):
            at = np.nonzero(found.segments[box] == surfaces[floor].number)
            at = (at[0] + box[0].start, at[1] + box[1].start)
            wrong = (
                (_lead(found, surfaces[wall], surfaces[floor], at) > _HARDLY)
                & (_shaded(colours[at], around[wall][at]) < _THROUGH)
                & (_shaded(colours[at], around[floor][at]) > _OTHER)
            )
            here = _without_specks(at, wrong, segments.shape)
            if here.any():
                become(surfaces[wall], here)
    return replace(found, segments=segments, logits=logits)


def _pairs(surfaces: Sequence[Segment]) -> list[tuple[int, int]]:
    """The places of the floor and of the wall, where there are both."""
    kinds = [each.kind for each in surfaces]
    return [(kinds.index("floor"), kinds.index("wall"))] if {"floor", "wall"} <= set(kinds) else []


def _lead(found: PanopticMap, one: Segment, other: Segment, at: tuple[Places, ...]) -> NDArray[np.float32]:
    """How much likelier (in logits) one's kind is than another's at some pixels."""
    places = [found.names.index(each.kind) for each in (one, other)]
    return np.asarray(found.logits[places[0]][at] - found.logits[places[1]][at], np.float32)


def _without_specks(at: tuple[Places, ...], which: Mask, shape: tuple[int, ...]) -> Mask:
    """Those of some pixels that are meant, as a mask without specks."""
    here = np.zeros(shape, bool)
    here[at] = which
    parts, _ = ndimage.label(here, np.ones((3, 3), bool))
    here &= np.bincount(parts.ravel())[parts] >= SPECK
    return here


def _beyond(own: Mask, colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a surface ``own`` (h, w) of colours (h, w, 3) would look like at every pixel, seen there."""
    high, wide = own.shape
    sure = ndimage.binary_erosion(own)
    beside, below = -wide % _BLOCK, -high % _BLOCK
    held = [
        np.asarray(Image.fromarray(np.pad(axis, ((0, below), (0, beside)))).reduce(_BLOCK))
        for axis in (*np.moveaxis(colours * sure[..., None], 2, 0), sure.astype(np.float32))
    ]
    *seen, weight = (
        sum(
            np.float32(0.02**place) * ndimage.gaussian_filter(axis, reach, truncate=3.0)
            for place, reach in enumerate(_REACHES)
        )
        for axis in held
    )
    whole = (wide + beside, high + below)
    shown = [
        Image.fromarray(axis / np.maximum(weight, 1e-9)).resize(whole, Image.Resampling.BILINEAR)
        for axis in seen
    ]
    return np.stack([np.asarray(axis)[:high, :wide] for axis in shown], axis=2)


def _shaded(seen: NDArray[np.float32], surface: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far colours (n, 3) are from those of a surface (n, 3) in as much shade as fits best."""
    light = (seen * surface).sum(axis=1) / np.maximum((surface * surface).sum(axis=1), 1e-6)
    return np.asarray(np.linalg.norm(seen - np.clip(light, *_SHADED)[:, None] * surface, axis=1), np.float32)


def _tones(colours: NDArray[np.float32], least: float = _OWN) -> NDArray[np.float32]:
    """The colours (k, 3) that a thing has, of those of its pixels (n, 3): each ``least`` a share of it."""
    cells = np.round(colours / 0.06).astype(np.intp)
    cells[:, 1:] += 8  # a and b are within 0.4 of grey
    numbers = (cells[:, 0] * 17 + cells[:, 1]) * 17 + cells[:, 2]
    counts = np.bincount(numbers)
    kept = np.flatnonzero(counts >= max(1, min(least * len(colours), counts.max())))
    sums = np.stack([np.bincount(numbers, axis) for axis in colours.T], axis=1)
    return np.asarray(sums[kept] / counts[kept, None], np.float32)


def _seen_beside(found: PanopticMap, colours: NDArray[np.float32]) -> PanopticMap:
    """The map with what is seen of surfaces near them, in gaps and along the edges of things."""
    segments, logits = found.segments.copy(), found.logits
    for surface in found.things:
        if surface.kind not in _SURFACES:
            continue
        own = found.segments == surface.number
        sure = ndimage.binary_erosion(own)
        weight = np.asarray(ndimage.gaussian_filter(sure.astype(np.float32), _NEAR))
        around = (
            np.stack(
                [
                    ndimage.gaussian_filter(np.where(sure, axis, 0), _NEAR)
                    for axis in np.moveaxis(colours, 2, 0)
                ],
                axis=-1,
            )
            / np.maximum(weight, 1e-4)[..., None]
        )
        band = ndimage.binary_dilation(own, iterations=_RIM) & ~own & (weight > 1e-3)
        alike = band & (np.linalg.norm(colours - around, axis=2) < _SAME)
        for thing in found.things:
            place = found.segments == thing.number
            here, rest = alike & place, place & ~alike
            if thing.kind in _SURFACES or not here.any() or rest.sum() < _REST * place.sum():
                continue
            tones = _spread(colours[rest])
            apart = _away(around[here], tones) > _OTHER
            here[here] = apart
            segments[here] = surface.number
            logits = logits if logits is not found.logits else logits.copy()
            logits[found.names.index(surface.kind), here] = logits[:, here].max(axis=0) + 1
    return replace(found, segments=segments, logits=logits)


def _by_their_colours(found: PanopticMap, colours: NDArray[np.float32]) -> PanopticMap:
    """The map in which patches that the network only just gave to one thing go to another whose colours they
    have, where the first has none such: a rug between the legs of a table, a curtain's end below it.
    """
    places = {each.number: found.segments == each.number for each in found.things}
    things = [each for each in found.things if places[each.number].any()]
    if len(things) < 2:
        return found
    kinds = {each.number: found.names.index(each.kind) for each in things}
    shown = {number: _tones(colours[places[number]]) for number in kinds}
    kind_of = np.array([kinds.get(number, 0) for number in range(max(kinds) + 1)])
    own = np.take_along_axis(found.logits, kind_of[found.segments][None], 0)[0]
    second = np.partition(found.logits, -2, axis=0)[-2]
    sure = own - second > -_JUST
    nearest = np.full(found.segments.shape, np.float32(_ITS_OWN), np.float32)
    to = np.full(found.segments.shape, -1, np.int16)
    for thing in things:
        rows, columns = np.nonzero(places[thing.number])
        box = tuple(
            slice(max(0, int(axis.min()) - _RIM), int(axis.max()) + _RIM + 1) for axis in (rows, columns)
        )
        lead = found.logits[kinds[thing.number]][box] - own[box]
        at = np.nonzero((lead > 2 * _JUST) & ~places[thing.number][box])
        away = _away(colours[box][at], shown[thing.number]) if len(at[0]) else np.zeros(0, np.float32)
        nearer = away < nearest[box][at]
        at = at[0][nearer], at[1][nearer]
        nearest[box][at] = away[nearer]
        to[box][at] = thing.number
    segments, logits = found.segments.copy(), found.logits
    for one in things:
        here = (to >= 0) & places[one.number]
        if not here.any():
            continue
        its = places[one.number] & sure
        its = its if its.sum() > _SURELY_ITS * places[one.number].sum() else places[one.number]
        here[here] = _away(colours[here], _tones(colours[its], _ANY)) > _NOT_ITS_OWN
        for number in np.unique(to[here]).tolist():
            patches, _ = ndimage.label(here & (to == number), np.ones((3, 3), bool))
            for place, window in enumerate(ndimage.find_objects(patches), 1):
                patch = patches[window] == place
                kind = kinds[number]
                lead = (found.logits[kind][window] - own[window])[patch].mean()
                if patch.sum() < _PATCH or lead < _JUST or nearest[window][patch].mean() > _PATCH_OWN:
                    continue
                segments[window][patch] = number
                logits = logits if logits is not found.logits else logits.copy()
                logits[kind][window][patch] = logits[:, window[0], window[1]].max(axis=0)[patch] + 1
    left = tuple(each for each in things if (segments == each.number).any())
    return replace(found, things=left, segments=segments, logits=logits)


def _spread(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """The colours (n, 3) of a thing's larger parts, of those of its pixels (m, 3)."""
    cells, counts = np.unique(np.round(colours / 0.06).astype(np.int16), axis=0, return_counts=True)
    return np.asarray(cells[counts >= min(0.12 * len(colours), counts.max())] * 0.06, np.float32)


def _without_scraps(here: Mask, likely: NDArray[np.float32]) -> Mask:
    """A kind's pixels (h, w) without specks, and without small parts that are hardly ``likely`` of it."""
    labels, count = ndimage.label(here, np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    mean = np.bincount(labels.ravel(), likely.ravel(), minlength=count + 1) / np.maximum(sizes, 1)
    kept = (sizes >= SPECK) & ((mean >= SURE) | (sizes >= PART * sizes[1:].max(initial=0)))
    kept[0] = False
    made: Mask = kept[labels]
    return made


def _told_apart(here: Mask, ways: NDArray[np.float32]) -> NDArray[np.int64]:
    """The number (h, w) of each pixel's thing, from 1, 0 outside ``here``: pixels whose ways (2, h, w) lead
    to one middle.
    """
    high, wide = here.shape
    rows, columns = np.nonzero(here)
    cell = max(high, wide) / _VOTES
    y = (rows + 0.5 + ways[0][here] * high) / cell
    x = (columns + 0.5 + ways[1][here] * wide) / cell
    grid = np.zeros((round(high / cell) + 1, round(wide / cell) + 1))
    np.add.at(
        grid,
        (y.round().astype(int).clip(0, grid.shape[0] - 1), x.round().astype(int).clip(0, grid.shape[1] - 1)),
        1,
    )
    votes = ndimage.gaussian_filter(grid, 1.0)
    peaks = (votes == ndimage.maximum_filter(votes, 2 * _APART + 1)) & (votes > 0.05 * votes.max())
    middles = np.argwhere(peaks)
    away = (y[:, None] - middles[:, 0]) ** 2 + (x[:, None] - middles[:, 1]) ** 2
    pieces, _ = ndimage.label(here, np.ones((3, 3), bool))
    sizes = np.bincount(pieces.ravel())[pieces]
    whole = pieces * (sizes >= SCRAP * sizes[here].max())  # small things side by side share a cell
    _, parts = np.unique(away.argmin(axis=1) * (pieces.max() + 1) + whole[here], return_inverse=True)
    ends = np.stack([y, x], axis=1) * cell
    numbers = np.zeros(here.shape, np.int64)
    numbers[here] = _joined(parts, ends, np.stack([rows, columns], axis=1))[parts] + 1
    return numbers


def _joined(
    parts: NDArray[np.int64], ends: NDArray[np.float64], places: NDArray[np.int64]
) -> NDArray[np.int64]:
    """A number for each part's number: parts (n,) of pixels at ``places`` (n, 2) whose ways end (n, 2) near
    to each other are one thing.

    The middles of two things side by side are half of both's extent apart; those of the halves of one
    thing are nearer, although its ways may fall short.
    """
    numbers = np.arange(int(parts.max()) + 1)
    found = np.bincount(parts)
    for large in np.argsort(-found, kind="stable"):
        for small in np.argsort(-found, kind="stable"):
            if found[small] == 0 or numbers[large] == numbers[small]:
                continue
            one, other = numbers[parts] == numbers[large], numbers[parts] == numbers[small]
            way = ends[one].mean(axis=0) - ends[other].mean(axis=0)
            apart = float(np.hypot(*way))
            along = places[one | other] @ (way / max(apart, 1e-6))
            if apart < ONE * float(np.ptp(along)) or apart < 1:
                numbers[numbers == numbers[small]] = numbers[large]
    return numbers
