"""A thing's mask made exact: its edge laid where the picture's own edges are, its gaps opened.

A segmenter draws masks on a coarse grid: their edges have teeth, and they close what is narrow, the gaps of
a chair's back or below a table. Where a colour moves along the thing's own colour that does not show; a
material laid over such a mask frays. So each pixel near the mask's edge is asked whether it looks more like
what is surely the thing nearby or more like what surely is not, and the edge is the cut between the two that
runs along the picture's edges (Boykov and Jolly, "Interactive Graph Cuts", ICCV 2001). Where both sides look
alike the mask decides.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, sparse
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial import cKDTree

from tools.inpainting.computed.oklab import from_srgb
from tools.inpainting.geometry import bounds

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

REACH: Final = 0.011
"""How far a segmenter's edge may be off, as a share of the picture's longer side."""

LARGEST: Final = 1000
"""The longer side, in pixels, of the copy that larger pictures are looked at on."""

_SEEDS: Final = 6000
_NEIGHBOURS: Final = 5
_TONES: Final = np.array((0.8, 1.6, 1.6), np.float32)
"""By what a distance in Oklab is weighed where pixels are compared."""
_PLACE: Final = 0.0012
"""What a pixel of distance counts beside it: alike is what looks alike nearby."""
_SURE: Final = 0.05
"""A difference in looks of so much is sure."""
_EDGE: Final = 0.05
"""A step between two pixels of so much is an edge."""
_SMOOTH: Final = 2.2
_PRIOR: Final = 0.9
_GAP: Final = 3.0
"""A colour that is so many times as common around a thing as in its mask is seen through it."""
_WHOLE: Final = 1000


def refined(picture: Pixels, mask: Mask, *, opened: bool) -> Mask:
    """A segmenter's mask (H, W) of a thing in an RGB picture (H, W, 3), made exact.

    ``opened``: gaps are looked for all over it, too, for a thing that is seen through. Equal arguments give
    an equal mask.
    """
    step = max(1.0, max(picture.shape) / LARGEST)
    reach = max(3, round(REACH * max(picture.shape) / step))
    box = bounds(mask)
    around = round(8 * reach * step)
    part = np.s_[
        max(0, box.y0 - around) : box.y1 + around,
        max(0, box.x0 - around) : box.x1 + around,
    ]
    crop, inside = picture[part], mask[part]
    if step > 1:
        size = (max(8, round(inside.shape[1] / step)), max(8, round(inside.shape[0] / step)))
        small = np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BOX))
        coarse = (
            np.asarray(Image.fromarray(inside.astype(np.float32)).resize(size, Image.Resampling.BOX)) > 0.5
        )
        found = Image.fromarray(exact(small, coarse, reach, opened=opened).astype(np.float32))
        new = np.asarray(found.resize(inside.shape[::-1], Image.Resampling.BILINEAR)) > 0.5
    else:
        new = exact(crop, inside, reach, opened=opened)
    out = np.zeros_like(mask)
    out[part] = new
    return out if out.any() else mask


def exact(crop: Pixels, mask: Mask, reach: int, *, opened: bool, form: Mask | None = None) -> Mask:
    """The mask (H, W) with its edge moved by up to ``reach`` pixels to where the thing ends in ``crop``.

    ``form`` is where the thing is likely to be, nothing standing before it.
    """
    lab = ndimage.gaussian_filter(from_srgb(crop), (0.5, 0.5, 0)) * _TONES
    inner = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    outer = ndimage.distance_transform_edt(np.pad(~mask, 1, mode="edge"))[1:-1, 1:-1]
    band = (inner <= reach) & mask | (outer <= reach) & ~mask
    foreign = _foreign(lab, mask, outer, reach) if opened else np.zeros_like(mask)
    signed = np.where(mask, inner, -outer) / reach
    signed[foreign] = -0.3
    unsure = band | foreign
    sure = mask & ~foreign
    if form is not None:
        sure &= form
        away = _signed(form)
        unsure |= (mask & ~form) | (np.abs(away) <= 0.5 * reach) & (outer <= 2 * reach)
        likely_there = np.clip(away / (0.6 * reach), -1, 1)
        both = 0.35 * np.clip(signed, -1, 1) + 0.65 * likely_there
        # Farther beyond the mask there may be what stands before the thing.
        signed = np.where(outer > 0.7 * reach, np.minimum(signed, -0.7), both)
    inside = sure & (inner > min(0.5 * reach, 0.35 * float(inner.max())))
    outside = ~mask & (outer > 0.5 * reach) & (outer < 6 * reach) | foreign
    if not unsure.any() or inside.sum() < 20 or outside.sum() < 20:
        return mask
    rows, columns = np.nonzero(unsure)
    apart = _looks(lab, inside, rows, columns) - _looks(lab, outside, rows, columns)
    want = np.clip(-apart / _SURE, -1.5, 1.5) + _PRIOR * np.clip(signed[rows, columns], -1, 1)
    cut = _cut(lab, unsure, mask & ~foreign, rows, columns, want.astype(np.float32))
    found = mask & ~unsure
    found[rows, columns] = cut
    return _tidied(found, mask, reach)


def _signed(part: Mask) -> Field:
    """How far (H, W) pixels are inside a part, below 0 outside."""
    inner = ndimage.distance_transform_edt(np.pad(part, 1, mode="edge"))[1:-1, 1:-1]
    outer = ndimage.distance_transform_edt(np.pad(~part, 1, mode="edge"))[1:-1, 1:-1]
    return np.asarray(inner - outer, np.float32)


def _foreign(lab: Field, mask: Mask, outer: NDArray[np.floating], reach: int) -> Mask:
    """What in a mask is of colours that are far more common around it: seen through its gaps."""
    ring = ~mask & (outer > 1.5) & (outer < 8 * reach)
    if not ring.any():
        return np.zeros_like(mask)
    tint = lab[..., 1:] / np.maximum(lab[..., :1] / _TONES[0], 0.3) * 0.7
    shown = np.dstack([0.4 * lab[..., :1], tint])  # Behind a thing lies its shade.
    low = shown.reshape(-1, 3).min(0)
    cells = np.minimum(((shown - low) / 0.05).astype(int), 40)
    size = cells.reshape(-1, 3).max(0) + 1
    at = np.ravel_multi_index(tuple(np.moveaxis(cells, 2, 0)), tuple(size))

    def spread(part: Mask) -> Field:
        counts = np.bincount(at[part], minlength=int(np.prod(size))).reshape(size).astype(np.float32)
        return np.asarray(ndimage.gaussian_filter(counts, 0.8).ravel() / part.sum(), np.float32)

    own, around = spread(mask), spread(ring)
    seen = mask & ((around > _GAP * own)[at])
    seen = ndimage.binary_opening(seen, iterations=1)
    return np.asarray(seen & mask)


def _looks(lab: Field, part: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Field:
    """How far (n,) pixels are from the most similar ones nearby of a part (H, W)."""
    y, x = np.nonzero(part)
    step = max(1, len(y) // _SEEDS)
    y, x = y[::step], x[::step]
    seeds = np.column_stack([lab[y, x], x * _PLACE, y * _PLACE]).astype(np.float32)
    asked = np.column_stack([lab[rows, columns], columns * _PLACE, rows * _PLACE]).astype(np.float32)
    far = np.asarray(cKDTree(seeds).query(asked, k=min(_NEIGHBOURS, len(seeds)))[0])
    return np.asarray(far.reshape(len(asked), -1).mean(1), np.float32)


def _cut(
    lab: Field, unsure: Mask, inside: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp], want: Field
) -> Mask:
    """Which of the unsure pixels (n,) are the thing's, by the smallest cut."""
    count = len(rows)
    number = np.full(unsure.shape, -1, np.int64)
    number[rows, columns] = np.arange(count)
    source, sink = count, count + 1
    pull = np.clip(want, 0, None) * _WHOLE
    push = np.clip(-want, 0, None) * _WHOLE
    ends: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        first = np.s_[: unsure.shape[0] - dy, max(0, -dx) : unsure.shape[1] - max(0, dx)]
        last = np.s_[dy:, max(0, dx) : unsure.shape[1] - max(0, -dx)]
        off = lab[first] - lab[last]
        bond = _SMOOTH * np.exp(-(off * off).sum(2) / (2 * _EDGE**2)) + 0.03
        bond = bond / np.hypot(dy, dx) * _WHOLE / 4
        a, b = number[first], number[last]
        both = (a >= 0) & (b >= 0)
        ends.append((a[both], b[both], bond[both]))
        for one, other, sure in ((a, b, inside[last]), (b, a, inside[first])):
            rim = (one >= 0) & (other < 0)
            np.add.at(pull, one[rim & sure], bond[rim & sure])
            np.add.at(push, one[rim & ~sure], bond[rim & ~sure])
    a, b, bond = (np.concatenate(parts) for parts in zip(*ends, strict=True))
    nodes = np.arange(count)
    start = np.concatenate([a, b, np.full(count, source), nodes])
    stop = np.concatenate([b, a, nodes, np.full(count, sink)])
    room = np.concatenate([bond, bond, pull, push]).astype(np.int32)
    entries: Any = (room, (start, stop))
    graph: Any = sparse.csr_array(entries, shape=(count + 2, count + 2))
    flow = maximum_flow(graph, source, sink).flow
    left = graph - flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    order = sparse.csgraph.breadth_first_order(left, source, return_predecessors=False)
    cut = np.zeros(count + 2, bool)
    cut[order] = True
    return cut[:count]


def _tidied(found: Mask, mask: Mask, reach: int) -> Mask:
    """Without specks of either kind."""
    least = max(6.0, 0.25 * reach * reach)
    for value in (True, False):
        parts, count = ndimage.label(found == value)
        if count:
            small = np.bincount(parts.ravel()) < least
            small[0] = False
            found = found ^ small[parts]
    return found if found.sum() > 0.3 * mask.sum() else mask
