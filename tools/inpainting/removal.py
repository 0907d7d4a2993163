"""Taking a thing out of a picture of a room by continuing what is behind it, surface by surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sessions.compose import Box, Patch
from tools import errors
from tools.inpaint import MaskedEdit
from tools.inpainting import room as rooms
from tools.inpainting import rug as rugs
from tools.inpainting import surfaces
from tools.segment import CancelCheck, never

Mask = NDArray[np.bool_]


class Removal:
    """Removes by computing: see the module's docstring and docs/removal.md."""

    name = "removal"
    revision = "1"

    def compute(
        self, picture: NDArray[np.uint8], edit: MaskedEdit, *, cancelled: CancelCheck = never
    ) -> Patch:
        return remove(picture, edit.mask, edit.target)[0]


RUG = 4
_PLANE = {0: 0, 1: 1, 2: 2, 3: 3, RUG: 0}


def _absorb(mask, other):
    """The mask with what stands or lies on the thing and would float without it."""
    labels, count = ndimage.label(ndimage.binary_opening(other, iterations=2))
    if not count:
        return mask
    columns = np.flatnonzero(mask.any(axis=0))
    x0, x1 = columns[0] - 6, columns[-1] + 6
    rows = np.flatnonzero(mask.any(axis=1))
    out = mask.copy()
    below = np.zeros_like(mask)
    reach = 7
    wide = ndimage.binary_dilation(mask, iterations=2)
    for shift in range(1, reach):
        below[:-shift] |= wide[shift:]
    for k, part in enumerate(ndimage.find_objects(labels), 1):
        if part is None or part[1].start < x0 or part[1].stop - 1 > x1 or part[0].stop - 1 > rows[-1]:
            continue
        own = labels[part] == k
        area = own.sum()
        if area < 30 or area > 1.2 * mask.sum():
            continue
        bottom = own.shape[0] - 1 - own[::-1].argmax(axis=0)
        filled = own.any(axis=0)
        rests = below[part][bottom[filled], np.flatnonzero(filled)].mean()
        if rests > 0.7:
            grown = ndimage.binary_dilation(labels == k, iterations=3) & (other | mask)
            out |= grown
    return out


def remove(picture, mask, surroundings, target=""):
    height, width = mask.shape
    floor, wall, rug_mask = surroundings
    flat = any(word in target for word in ("rug", "carpet", "mat"))
    glows = any(word in target for word in ("lamp", "light"))
    other = ~(ndimage.binary_dilation(floor | wall | rug_mask, iterations=2) | mask)
    if not flat:
        mask = _absorb(mask, other)
    hole = ndimage.binary_dilation(mask, iterations=3)
    open_ = ~hole
    floor, wall, rug_mask = floor & open_, wall & open_, rug_mask & open_
    room, wrong = rooms.fit(picture, floor, wall)
    label = rooms.labels(room, width, height)
    image = picture.astype(np.float32)
    logs = np.log(image + surfaces._EPS)
    log = np.log(image.mean(axis=2) + surfaces._EPS)
    box = np.nonzero(mask)
    size = max(np.ptp(box[0]), np.ptp(box[1]))
    near_ring = 10 + 0.12 * size
    distance = ndimage.distance_transform_edt(~hole)
    ring = (distance > 0) & (distance < near_ring)
    laid = {k: surfaces.lay(room, k, width, height) for k in range(4)}
    debug = dict(room=room, label=label, wrong=wrong, mask=mask)
    if not flat and (ring & rug_mask).sum() > 30:
        points = np.flatnonzero((floor | rug_mask) & (label == 0))
        points = np.random.default_rng(0).choice(points, min(3000, len(points)), replace=False)
        kind = rug_mask.ravel()[points].astype(int)
        u, v = laid[0].u, laid[0].v
        rug, score = rugs.find(u.ravel()[points], v.ravel()[points], kind, 2, np.ones(len(points)))
        if rug is not None:
            covered = rug.covers(u, v) & (label == 0)
            label = np.where(covered, RUG, label)
            share = kind.mean()
            entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share)) if 0 < share < 1 else 1
            debug["rug"] = score / entropy
    out = image.copy()
    grown = hole.copy()
    debug["label"] = label
    total_error = 0.0
    missing = 0
    have_n = 0
    seen = {0: floor, 1: wall, 2: wall, 3: wall, RUG: rug_mask}
    plain_known = np.zeros_like(mask)
    for surface in (rooms.FLOOR, rooms.BACK, rooms.LEFT, rooms.RIGHT, RUG):
        here = label == surface
        part = hole & here
        if part.sum() < 12:
            continue
        plane = laid[_PLANE[surface]]
        known = ndimage.binary_erosion(seen[surface], iterations=3, border_value=1) & here
        debug[f"known{surface}"] = known
        if known.sum() < 150:
            missing += part.sum()
            continue
        plain_known |= known
        rest = surfaces.evened(logs, np.zeros_like(plane.u), known)
        base = surfaces.light(plane, rest, known)
        rest = surfaces.evened(logs, base, known)
        base = base + surfaces.light(plane, rest, known)
        reach = 0.0 if flat else 10 + 0.5 * size
        rest = surfaces.evened(logs, base, known)
        plain = logs - base[..., None]
        middle = np.median(plain[known], axis=0)
        plain = np.clip(plain - middle, -1.5, 1.5)
        lit_well = known & (distance > reach) & (np.abs(surfaces.spread_in(rest, known, 10.0)) < 0.15)
        if lit_well.sum() < 0.3 * known.sum():
            lit_well = known
        pattern = surfaces.lattice(plane, plain, lit_well)
        plane = pattern.laid
        ways = surfaces.moves(pattern)
        debug[f"pattern{surface}"] = (pattern.across, pattern.up, pattern.share)
        rest = np.zeros_like(base)
        rest[known] = (plain[known] - surfaces.phase_mean(pattern, plane.u[known], plane.v[known])).mean(axis=1)
        odd = np.abs(plain - surfaces.phase_mean(pattern, plane.u.ravel(), plane.v.ravel()).reshape(plain.shape))
        odd = odd.mean(axis=2)
        near = surfaces.spread_in(rest, known, 5.0)
        fine = np.median(odd[known])
        sure = known
        known = known & ~ndimage.binary_dilation(known & (odd > 5 * fine + 0.15) & (np.abs(near) > 0.5), iterations=2)
        far = surfaces.spread_in(np.clip(rest, -0.04, 0.1), known & (distance > reach), 30.0)
        near_hole = ndimage.binary_dilation(sure, iterations=7) & here & ~hole & ~other & (distance < reach)
        fade = np.clip(3 - 3 * distance / max(reach, 1e-3), 0, 1) if reach else hole * 1.0
        changed = near - far < -0.02
        if glows and surface in (1, 2, 3):
            changed |= near - far > 0.015
        dark = ndimage.gaussian_filter((changed & near_hole).astype(np.float32), 2)
        weight = np.where(hole, 1.0, fade * np.clip(dark * 2, 0, 1) * near_hole)
        goal = base + far * weight + near * (1 - weight)
        tone = np.exp(plain - near[..., None]).astype(np.float32)
        values, have, uses = surfaces.filled(plane, tone, known, part, ways)
        have_n += have.sum()
        u, v = plane.u[part], plane.v[part]
        if pattern.share < 0.25:
            mean = np.exp(surfaces.phase_mean(pattern, u, v))
            values = 0.5 * values + 0.5 * mean
        values[~have] = np.exp(surfaces.phase_mean(pattern, u[~have], v[~have]))
        lit = goal
        if flat:
            lit = goal + _shading(plane, logs, base, here & ndimage.binary_erosion(mask, iterations=3))
        out[part] = values * np.exp(lit[part][:, None] + middle) - surfaces._EPS
        shadow = (weight > 0) & ~hole & here
        gain = np.exp((far - near) * weight)
        out[shadow] = ((image + surfaces._EPS) * gain[..., None] - surfaces._EPS)[shadow]
        grown |= shadow & (weight > 0.02)
        # how well would known pixels near the hole have been foretold in the same way?
        test = known & (distance > 3) & (distance < near_ring * 2)
        guess, ok, _ = surfaces.filled(plane, tone, known, test, ways, uses)
        if pattern.share < 0.25:
            guess = 0.5 * guess + 0.5 * np.exp(surfaces.phase_mean(pattern, plane.u[test], plane.v[test]))
        guess[~ok] = np.exp(surfaces.phase_mean(pattern, plane.u[test][~ok], plane.v[test][~ok]))
        made = guess * np.exp((base + near)[test][:, None] + middle) - surfaces._EPS
        error = np.abs(made - image[test]).mean() if test.any() else 99.0
        total_error += error * part.sum()
        debug[f"err{surface}"] = error
    out = np.clip(out, 0, 255)
    change = np.abs(out - image)[mask].mean()
    close = (distance > 1) & (distance < 9)
    debug["strange"] = (close & other).sum() / max(close.sum(), 1)
    debug["missing"] = missing / hole.sum()
    debug["estimate"] = total_error / hole.sum() / max(change, 1) + debug["missing"]
    debug["change"] = change
    debug["flat"] = float(flat)
    for k in range(5):
        debug[f"share{k}"] = float((hole & (label == k)).sum() / hole.sum())
        debug[f"p{k}"] = float(debug[f"pattern{k}"][2]) if f"pattern{k}" in debug else -1.0
        debug[f"known_n{k}"] = float(debug[f"known{k}"].sum() / (hole & (label == k)).sum()) if f"pattern{k}" in debug else 0.0
    debug["have"] = have_n / max(hole.sum(), 1)
    debug["shadow"] = float((grown & ~hole).sum() / hole.sum())
    debug["size"] = float(mask.mean())
    debug["reason"] = f"strange {debug['strange']:.2f} miss {debug['missing']:.2f} rug {debug.get('rug', 1):.2f} wrong {wrong:.3f}"
    alpha = np.clip(ndimage.gaussian_filter(grown.astype(np.float32), 1.0) * 255, 0, 255)
    alpha[mask] = 255
    rgba = np.dstack([np.round(out), alpha]).astype(np.uint8)
    ys, xs = np.nonzero(rgba[..., 3])
    box = Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    return Patch(np.ascontiguousarray(rgba[box.y0 : box.y1, box.x0 : box.x1]), box), debug


def _shading(plane, logs, base, where):
    """How light falls on a flat thing, as a logarithm about 0: its pattern taken away."""
    if where.sum() < 300:
        return np.zeros(where.shape)
    plain = logs - base[..., None]
    plain = np.clip(plain - np.median(plain[where], axis=0), -2, 2)
    pattern = surfaces.lattice(plane, plain, where)
    rest = np.zeros(where.shape)
    if pattern.share > 0.25:
        for _ in range(2):
            u, v = pattern.laid.u[where], pattern.laid.v[where]
            rest[where] = (plain[where] - surfaces.phase_mean(pattern, u, v)).mean(axis=1)
            own = surfaces.spread_in(rest, where, 6.0)
            pattern = surfaces.again(pattern, plain - own[..., None], where)
    else:
        rest = surfaces.evened(logs, base, where, 0.12)
        own = surfaces.spread_in(rest, where, 9.0)
    return np.clip(own - np.percentile(own[where], 65), -0.9, 0.12)
