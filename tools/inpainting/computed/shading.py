"""Taking a thing's own shading, colour and surface apart, so that another material can be laid on it.

What a thing shows is taken as colour times light (the intrinsic picture of Barrow and Tenenbaum, 1978). The
light is what stays of its brightness when texture is taken out by relative total variation (Xu, Yan, Xia and
Jia, "Structure extraction from texture via relative total variation", SIGGRAPH Asia 2012): edges that keep
their sign over a window (between seat and back) stay, what goes to and fro in it (stripes, knitting, grain)
goes. The work is done on a small copy of the thing, whose longer side has at most ``COARSE`` pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools.language.colours import oklab

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

COARSE: Final = 224
"""The longer side, in pixels, of the copy that light and colours are estimated on."""

_LIGHT: Final = np.array((0.299, 0.587, 0.114), np.float32)
_ROUNDS: Final = 3
_SWEEPS: Final = 40
_STRENGTH: Final = 0.0012
_REPEATS: Final = 0.06
"""A pattern repeats within some such shares of a flat surface's extent."""
_CLUSTERS: Final = 5
_WEIGHTS: Final = np.array((0.55, 1.6, 1.6), np.float32)
"""How much lightness and the two axes of hue count where colours are clustered."""
_CREASE: Final = 0.06
"""What covers less of a surface than this share may be a crease."""


@dataclass(frozen=True, eq=False)
class Taken:
    """What was taken apart; fields are float32 (H, W) of the crop.

    ``light`` is the brightness of each pixel (of its sRGB values) over that of the thing's colour in full
    light, smooth but for the edges between faces. ``share`` is how much of a pixel is the thing's main
    surface, 0 to 1: not its legs, its knobs, the glass in its frame. ``colour`` is sRGB (3,), 0 to 255: what
    the main surface shows in full light. ``rough`` is how strongly the old surface was patterned: the
    deviation of brightness from the light.
    """

    light: Field
    bright: Field
    share: Field
    colour: NDArray[np.float32]
    pattern: float


def take_apart(
    crop: NDArray[np.uint8],
    mask: Mask,
    surface: Mask | None,
    *,
    even: bool = False,
    flat: bool = False,
    faced: bool = True,
) -> Taken:
    """Take a thing's light and colour apart.

    ``crop`` is RGB (H, W, 3), ``mask`` bool (H, W), not empty. ``surface`` is the part of the mask that is of
    the thing's main stuff; None: it is to be told by its colours. ``even`` says that the surface is flat;
    ``flat`` that it has no edges between faces worth keeping where it is patterned; ``faced`` that it has,
    and no folds.
    """
    step = max(1.0, max(mask.shape) / COARSE)
    size = (max(4, round(mask.shape[0] / step)), max(4, round(mask.shape[1] / step)))
    weighed = mask if surface is None else surface
    weight = _shrunk(weighed.astype(np.float32), size)
    pixels = np.dstack(
        [
            _shrunk((crop[..., c] * weighed).astype(np.float32), size) / np.maximum(weight, 1e-3)
            for c in range(3)
        ]
    ).astype(np.float32)
    inside = weight > 0.5
    if not inside.any():
        inside = weight >= weight.max()
    span = max(mask.shape) / step
    if surface is None:
        share, colour, factor = _main_surface(pixels, inside, span)
    else:
        share = weight.clip(0, 1)
        colour, factor = _pattern(pixels, inside, span)
    bright = np.asarray(pixels @ _LIGHT / 255 / factor, np.float32)
    main = inside & (share > 0.5)
    if not main.any():
        main, share = inside, inside.astype(np.float32)
    if even:
        seen = np.asarray(pixels @ _LIGHT / 255, np.float32)
        bright = np.asarray(bright * _kept_light(seen, bright, main, span), np.float32)
    filled = _filled(bright, main)
    if even:
        filled = np.asarray(ndimage.median_filter(filled, 5), np.float32)
    filled = _without_lines(filled, main, span)
    top = max(float(np.percentile(filled[main], 95)), 0.05)
    strength = _STRENGTH * (3 if even or flat else 1)
    windows = (0.012 * span, 0.07 * span) if faced or even or flat else (0.008 * span, 0.02 * span)
    calm = structure(filled / top, *windows, strength) * top
    # Edges between faces and soft shades survive the smoothing: what does not is texture.
    core = ndimage.binary_erosion(main, iterations=2)
    core = core if core.any() else main
    off = np.abs(filled - calm)[core] / max(float(np.median(filled[main])), 0.02)
    pattern = float(np.clip((np.percentile(off, 60) - 0.017) / 0.012, 0, 1))
    changed = float((np.abs(factor[main] - 1) > 0.15).mean())
    pattern = max(pattern, float(np.clip(changed / 0.2 - 0.5, 0, 1)))
    much = max(pattern, 0.8) if even else pattern
    smooth = filled + (calm - filled) * np.float32(much)
    reference = max(float(np.percentile(smooth[main], 75)), 0.02)
    # On a dark thing a highlight is many times as bright as the thing: its light is weighed down.
    power = float(np.clip(0.5 + 1.4 * reference, 0.55, 1))
    relative = np.asarray((smooth / reference) ** power, np.float32)
    light = _tempered(relative, 0.22 if power > 0.9 else 0.12)
    # What the surface shows where the light is full: most of a texture lies a little below its colour.
    shown = reference * float(np.percentile(filled[main] / np.maximum(smooth[main], 0.02), 68))
    colour = colour * np.float32(np.clip(255 * shown / max(float(colour @ _LIGHT), 1.0), 0.5, 2.5))
    colour = np.minimum(colour, 252).astype(np.float32)
    bright = np.clip((filled / reference) ** power, 0.2, 1.6).astype(np.float32)
    shape = mask.shape
    of_thing = _grown(share, shape) if surface is None else surface.astype(np.float32)
    return Taken(_grown(light, shape), _grown(bright, shape), of_thing, colour, pattern)


def _kept_light(shown: Field, bright: Field, main: Mask, span: float) -> Field:
    """The light (h, w), about 1, that was taken for a part of a flat surface's pattern.

    A pattern is alike all over: the mean of what it takes from the surface's brightness (h, w) on the way
    from ``shown`` to ``bright`` is the same everywhere, in logarithms. Where it is not, a shadow was taken,
    too.
    """
    taken = np.log(np.maximum(shown, 0.01)) - np.log(np.maximum(bright, 0.01))
    weight = ndimage.gaussian_filter(main.astype(np.float32), _REPEATS * span)
    mean = ndimage.gaussian_filter(np.where(main, taken, 0).astype(np.float32), _REPEATS * span)
    mean /= np.maximum(weight, 1e-4)
    usual = float(np.percentile(mean[main], 75))
    return np.asarray(np.exp(np.clip(mean - usual, -1.2, 0.0)), np.float32)


def _without_lines(values: Field, main: Mask, span: float) -> Field:
    """``values`` (h, w) without thin dark lines where they cover much of a surface (joints, the gaps of
    wickerwork); few of them are creases, and stay.
    """
    side = 2 * max(1, round(0.011 * span)) + 1
    closed = np.asarray(ndimage.grey_closing(values, (side, side)), np.float32)
    lines = (closed - values) > 0.12 * np.maximum(closed, 0.05)
    return closed if float(lines[main].mean()) > 0.12 else values


def _tempered(light: Field, most: float) -> Field:
    """Light without the highlights and the black reflections of a glossy surface: other materials have their
    own.
    """
    off = light - 1
    over = most * np.tanh(np.maximum(off, 0) / most)
    under = np.minimum(off, 0)
    deep = np.minimum(under + 0.4, 0)
    return np.asarray(1 + over + np.maximum(under, -0.4) + 0.35 * np.tanh(deep / 0.35), np.float32)


def structure(values: Field, narrow: float, along: float, strength: float = _STRENGTH) -> Field:
    """``values`` (h, w), 0 to 1, without texture.

    Relative total variation: each round solves a weighted least squares of smoothness, the weights small
    where gradients keep their sign within a window. The window is long in the direction that an edge with
    that gradient runs in (``along``, pixels) and ``narrow`` across it: edges between faces are straight and
    long, those of knitting and weaving are not. Conjugate gradients, preconditioned by the diagonal.
    """
    result = values.astype(np.float32)
    for number in range(_ROUNDS):
        shrink = 0.75**number
        across, down = _weights(result, max(narrow * shrink, 0.8), max(along * shrink, 0.8))
        result = _solved(values, across * strength, down * strength, result)
    return result


def _weights(values: Field, narrow: float, along: float) -> tuple[Field, Field]:
    out = []
    for axis, window in ((1, (along, narrow)), (0, (narrow, along))):
        slope = np.diff(values, axis=axis, append=np.take(values, [-1], axis))
        inherent = np.abs(ndimage.gaussian_filter(slope, window, mode="nearest")) + 0.0015
        total = np.abs(slope) + 0.02
        out.append((ndimage.gaussian_filter(1 / inherent, 1.0, mode="nearest") / total).astype(np.float32))
    out[0][:, -1] = 0
    out[1][-1] = 0
    return out[0], out[1]


def _solved(values: Field, across: Field, down: Field, start: Field) -> Field:
    """(1 + smoothness) x = values, by conjugate gradients."""
    diagonal = 1 + across + down
    diagonal[:, 1:] += across[:, :-1]
    diagonal[1:] += down[:-1]

    def applied(x: Field) -> Field:
        out = diagonal * x
        out[:, :-1] -= across[:, :-1] * x[:, 1:]
        out[:, 1:] -= across[:, :-1] * x[:, :-1]
        out[:-1] -= down[:-1] * x[1:]
        out[1:] -= down[:-1] * x[:-1]
        return out

    x = start.copy()
    rest = values - applied(x)
    ready = rest / diagonal
    way = ready.copy()
    size = float(np.vdot(rest, ready))
    for _ in range(_SWEEPS):
        if size < 1e-7 * x.size:
            break
        pushed = applied(way)
        step = size / float(np.vdot(way, pushed))
        x += step * way
        rest -= step * pushed
        ready = rest / diagonal
        new = float(np.vdot(rest, ready))
        way = ready + (new / size) * way
        size = new
    return x


def pattern_of(crop: NDArray[np.uint8], surface: Mask) -> Field:
    """By what factor (H, W) a surface's pattern changes its brightness; 1 where it shows its main colour."""
    return _pattern(crop.astype(np.float32), surface, float(max(surface.shape)))[1]


def _pattern(pixels: Field, inside: Mask, extent: float) -> tuple[NDArray[np.float32], Field]:
    """A surface's colour (3,), sRGB, and by what factor (h, w) its pattern changes that colour's brightness.

    ``pixels`` are sRGB (h, w, 3), right ``inside``, which is one surface. Colours that differ from the
    largest as light and shade do belong to the light; those of another hue or saturation, or that go to and
    fro with it, are the pattern. What a pattern's colour does to the brightness is measured where it meets
    the largest: there the light is the same on both.
    """
    lab = oklab(pixels[inside]).astype(np.float32)
    feature = lab * _WEIGHTS
    core = ndimage.binary_erosion(inside, iterations=2)  # at the edge there is something of others
    if core.sum() < 0.4 * inside.sum():
        core = inside
    centres = _clustered(feature[core[inside]], 8)
    labels = np.full(inside.shape, -1, np.int32)
    labels[inside] = ((feature[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
    lightness = np.zeros(inside.shape, np.float32)
    lightness[inside] = lab[:, 0]
    count = len(centres)
    sizes = np.bincount(labels[inside], minlength=count).astype(float)
    real = centres / _WEIGHTS
    alike = np.array([[_same_stuff(a, b) for a in real] for b in real])
    # Light and shade of one stuff may be its pattern: where they go to and fro, with sharp edges.
    order = np.argsort(real[:, 0])
    for cut in range(1, count):
        low, high = order[:cut], order[cut:]
        if not alike[np.ix_(low, high)].any():
            continue
        dark, pale = np.isin(labels, low) & core, np.isin(labels, high) & core
        if min(dark.sum(), pale.sum()) < _CREASE * sizes.sum():
            continue
        thin = max(1.6, 0.015 * extent)
        if min(_opened_share(dark, thin), _opened_share(pale, thin)) < 0.45:
            continue  # Fine texture is taken out below, with the light left in it.
        if not _lies_between(dark, pale, extent) or not _is_sharp(lightness, dark, pale):
            continue
        narrow = [_opened_share(labels == k, 0.075 * extent) < 0.5 for k in range(count)]
        for i in low:
            for j in high:
                if narrow[i] and narrow[j]:
                    alike[i, j] = alike[j, i] = False
    vivid = np.hypot(real[:, 1], real[:, 2])
    together = alike @ sizes
    large = (together > 0.15 * sizes.sum()).astype(float)
    rank = together * (1 + (20 * vivid if vivid.max() > 0.07 else 0 * vivid)) * large + 1e-6 * sizes
    mixed = [_mixed(centres[k], centres[[m for m in range(count) if m != k]]) for k in range(count)]
    main = int((rank * np.where(mixed, 0.45, 1.0)).argmax())
    group = alike[main].copy()
    group[main] = True
    own = np.isin(labels, np.flatnonzero(group)) & inside
    bright = pixels @ _LIGHT
    factor = np.ones(inside.shape, np.float32)
    scale = max(2.0, 0.03 * extent)
    lit = ndimage.gaussian_filter(np.where(own, bright, 0).astype(np.float32), scale)
    weight = ndimage.gaussian_filter(own.astype(np.float32), scale)
    for k in range(count):
        at = (labels == k) & inside
        if group[k] or not at.any():
            continue
        beside = at & (weight > 0.08)
        there = beside if beside.sum() >= 12 else at
        beside_own = lit[there] / np.maximum(weight[there], 1e-4)
        usual = float(np.median(bright[own]))
        level = np.where(weight[there] > 0.02, beside_own, usual)
        factor[at] = float(np.clip(np.median(bright[there] / np.maximum(level, 2.0)), 0.15, 6.0))
    of_main = pixels[own]
    level_of = bright[own]
    colour = np.median(of_main[level_of >= np.percentile(level_of, 35)], axis=0).astype(np.float32)
    return colour, factor


def _same_stuff(one: Field, other: Field) -> bool:
    """Whether two colours (Oklab) differ as light and shade of one stuff do: in lightness, with the chroma in
    proportion.
    """
    low, high = (one, other) if one[0] <= other[0] else (other, one)
    scale = float(high[0]) / max(float(low[0]), 0.05)
    if scale > 3.5:
        return False
    a, b = np.asarray(low[1:]) * scale, np.asarray(high[1:])
    chroma = max(float(np.hypot(*a)), float(np.hypot(*b)))
    return float(np.hypot(*(a - b))) < 0.02 + 0.17 * chroma


def _opened_share(part: Mask, radius: float) -> float:
    """How much of a part lies where a disc of a radius fits into it."""
    reach = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    core = reach > radius
    grown = ndimage.distance_transform_edt(~core) <= radius if core.any() else core
    return float((grown & part).sum() / max(part.sum(), 1))


def _lies_between(dark: Mask, pale: Mask, extent: float) -> bool:
    """Whether one of two parts is in bands or patches that lie between parts of the other."""
    for one, other in ((dark, pale), (pale, dark)):
        if one.sum() > 1.5 * other.sum():  # lines around panels
            continue
        broad = _opened_share(one, 0.075 * extent)
        if broad < 0.3 and float(_closed(other, 0.065 * extent)[one].mean()) > 0.55:
            return True
    return False


def _is_sharp(lightness: Field, dark: Mask, pale: Mask) -> bool:
    """Whether lightness (h, w) changes all at once where dark and pale parts meet, as at the edge of a
    stripe: a shade deepens by degrees, and goes on changing farther away.
    """
    near, far = (_across(lightness, dark, pale, apart) for apart in (3, 7))
    if near.size < 8 or far.size < 8:
        return False
    return float(np.median(near)) > max(0.06, 0.72 * float(np.median(far)))


def _across(lightness: Field, dark: Mask, pale: Mask, apart: int) -> Field:
    """The differences in lightness of all pairs so many pixels apart of which one is dark and one is pale."""
    steps = []
    for axis in (0, 1):
        size = lightness.shape[axis]
        if size <= apart:
            continue
        first, last = np.arange(size - apart), np.arange(apart, size)
        was_dark, is_dark, was_pale, is_pale = (
            np.asarray(np.take(part, at, axis), bool) for part in (dark, pale) for at in (first, last)
        )
        slope = np.abs(np.take(lightness, last, axis) - np.take(lightness, first, axis))
        steps.append(slope[(was_dark & is_pale) | (was_pale & is_dark)])
    return np.concatenate(steps) if steps else np.zeros(0, np.float32)


def _main_surface(pixels: Field, inside: Mask, extent: float) -> tuple[Field, NDArray[np.float32], Field]:
    """How much of each pixel (h, w) is the main surface, that surface's colour (3,), and by what factor
    (h, w) its pattern changes that colour's brightness.

    Colours are clustered. Those that lie between parts of the largest (stripes, joints, flecks) or differ
    from it as light and shade do belong to the main surface; those that lie apart (sheets, legs, what a frame
    holds) do not.
    """
    lab = oklab(pixels[inside]).astype(np.float32)
    feature = lab * _WEIGHTS
    centres = _clustered(feature, _CLUSTERS)
    near = ((feature[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
    labels = np.full(inside.shape, -1, np.int32)
    labels[inside] = near
    count = len(centres)
    bright = pixels @ _LIGHT
    sizes = np.bincount(near, minlength=count).astype(float)
    radius = 0.095 * extent
    best = None
    for seed in np.argsort(-sizes)[:2]:
        if sizes[seed] < 0.4 * sizes.max():
            continue
        own, members = _gathered(labels, centres, int(seed), radius)
        score = float(own.sum()) * (1 + 2 * _colourful(centres[seed]) / 1.6)
        if best is None or score > best[0]:
            best = score, own, members
    assert best is not None
    _, own, members = best
    there = np.array([float(((labels == k) & own).sum()) for k in members])
    vivid = np.array([_colourful(centres[k]) / 1.6 for k in members])
    pure = [2 * _colourful(centres[k]) / max(float(centres[k][0]), 0.05) for k in members]
    alike = np.array([[_as_shade(centres[i], centres[j]) for i in members] for j in members])
    alike &= np.abs(np.log(np.add(pure, 0.02)[:, None] / np.add(pure, 0.02)[None])) < 0.35
    alike |= np.eye(len(members), dtype=bool)
    large = there > 0.12 * there.sum()
    rank = (alike @ there) * (1 + (20 * vivid if vivid.max() > 0.07 else 0 * vivid)) * large
    # What is between two colours is where they cross, and no colour of its own.
    crossed = [_mixed(centres[k], centres[[m for m in members if m != k]]) for k in members]
    rank = np.where(crossed, 0.45, 1.0) * rank + 1e-6 * there
    main = members[int(rank.argmax())]
    for k in members:  # The colour is what shows in the light, not in a shadow.
        lit = centres[k][0] > centres[main][0] and alike[members.index(k), members.index(main)]
        if lit and ((labels == k) & own).sum() > 0.3 * own.sum():
            main = k
    factor = np.ones(inside.shape, np.float32)
    level = max(float(np.median(bright[(labels == main) & own])), 1.0)
    between = _closed((labels == main) & own, 0.5 * radius)
    for k in members:
        at = (labels == k) & own
        if k == main or not at.any():
            continue
        change = float(np.median(bright[at])) / level
        if _as_shade(centres[k], centres[main]) and change < 1.75:
            # A shadow stays, the dark of a pattern goes: that lies between the light.
            at &= between
            if change > 0.85 or at.sum() < 0.06 * own.sum():
                continue
            change = float(np.median(bright[at])) / level
        factor[at] = change
    of_best = pixels[(labels == main) & own]
    level_of = bright[(labels == main) & own]
    colour = np.median(of_best[level_of >= np.percentile(level_of, 35)], axis=0).astype(np.float32)
    own = ndimage.median_filter(own.astype(np.uint8), 3).astype(bool) & inside
    return _opened(own, inside, extent).astype(np.float32), colour, factor


def _gathered(labels: NDArray[np.int32], centres: Field, seed: int, radius: float) -> tuple[Mask, list[int]]:
    """The surface (h, w) that a cluster belongs to, and the clusters that it has parts of: those of its
    colour in another light, and the parts of others that lie between its own.
    """
    members = [k for k in range(len(centres)) if k == seed or _as_shade(centres[k], centres[seed])]
    own = np.isin(labels, members)
    for _ in range(2):
        between = _closed(own, radius)
        base = float(own.sum())
        for k in range(len(centres)):
            parts, count = ndimage.label((labels == k) & ~own)
            if not count:
                continue
            sizes = np.bincount(parts.ravel(), minlength=count + 1).astype(float)
            covered = np.bincount(parts[between], minlength=count + 1) / np.maximum(sizes, 1)
            joins = covered > 0.62
            joins[0] = False
            of_mixture = _mixed(centres[k], centres[members])
            if float(sizes[joins].sum()) > 0.06 * base or of_mixture:
                own = own | joins[parts]
                among = (labels == k) & between & ~own
                if among.sum() > 0.12 * base:
                    own = own | among
                if k not in members:
                    members.append(k)
    return own, members


def _as_shade(one: Field, other: Field) -> bool:
    """Whether two clusters differ as light and shade of one colour do: vivid colours keep their hue over a
    wide range (a metal's bands), dull ones are told by lightness.
    """
    a, b = one[1:] / 1.6, other[1:] / 1.6
    chroma = min(float(np.hypot(*a)), float(np.hypot(*b)))
    apart = float(np.hypot(*(a - b)))
    along = float(a @ b) / max(float(np.hypot(*a) * np.hypot(*b)), 1e-6)
    lighter = abs(float(one[0] - other[0])) / 0.55
    if chroma > 0.055 and along > 0.96:
        return lighter < 0.42
    return apart < 0.03 + 0.28 * chroma and lighter < (0.30 if chroma < 0.02 else 0.22)


def _mixed(one: Field, others: Field) -> bool:
    """Whether a cluster's colour lies between those of two others."""
    for i in range(len(others)):
        for j in range(i):
            way = others[j] - others[i]
            share = float((one - others[i]) @ way) / max(float(way @ way), 1e-9)
            if 0 < share < 1 and float(np.linalg.norm(one - others[i] - share * way)) < 0.05:
                return True
    return False


def _closed(own: Mask, radius: float) -> Mask:
    """What lies in ``own`` or between its parts, no more than twice ``radius`` apart."""
    pad = int(radius) + 2
    padded = np.pad(own, pad)
    grown = ndimage.distance_transform_edt(~padded) <= radius
    back = ndimage.distance_transform_edt(grown) > radius
    return np.asarray(back[pad:-pad, pad:-pad] | own)


def _colourful(centre: Field) -> float:
    return float(np.hypot(centre[1], centre[2]))


def _clustered(feature: Field, most: int) -> Field:
    """Centres (k, 3) of a k-means that starts from the most distant points; equal input gives equal ones."""
    sample = feature[:: max(1, len(feature) // 4000)]
    centres = [np.median(sample, axis=0)]
    for _ in range(most - 1):
        far = np.min([((sample - c) ** 2).sum(1) for c in centres], axis=0)
        if far.max() < 0.05**2:
            break
        reach = np.sort(far)[int(0.98 * (len(far) - 1))]
        if reach < 0.05**2:
            break
        centres.append(sample[np.abs(far - reach).argmin()])
    out = np.array(centres, np.float32)
    for _ in range(8):
        near = ((sample[:, None] - out[None]) ** 2).sum(-1).argmin(1)
        for k in range(len(out)):
            if (near == k).any():
                out[k] = sample[near == k].mean(0)
    return out


def _opened(own: Mask, inside: Mask, extent: float) -> Mask:
    """The main surface without specks, its small holes filled: what a pattern leaves of another colour."""
    holes, count = ndimage.label(inside & ~own)
    if count:
        areas = np.bincount(holes.ravel())
        small = areas < (0.02 * extent) ** 2
        small[0] = False
        own = own | small[holes]
    parts, count = ndimage.label(own)
    if count > 1:
        areas = np.bincount(parts.ravel())
        areas[0] = 0
        own = own & (areas >= min((0.02 * extent) ** 2, areas.max()))[parts]
    return own


def _filled(values: Field, known: Mask) -> Field:
    """``values`` with what is not known taken from the nearest that is."""
    if known.all():
        return values.astype(np.float32)
    at = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(at)], np.float32)


def _shrunk(values: NDArray[np.floating], size: tuple[int, int]) -> Field:
    """``values`` (H, W) at a smaller size (h, w), by means over areas."""
    from PIL import Image

    if values.shape == size:
        return np.asarray(values, np.float32)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BOX))


def _grown(values: Field, shape: tuple[int, ...]) -> Field:
    """``values`` (h, w) at the crop's size (H, W)."""
    from PIL import Image

    if values.shape == shape:
        return values.astype(np.float32)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
