"""What lies on changed ground: a patch is what was made, so it stays, and the turn says so.

A layer that was painted over another one carries a little of it: its soft rim, its shadow, what shows through
glass. What was taken away leaves more: its patch goes on with what stood behind, as that looked then. When
the lower one is changed, the upper one is not painted again unless the user asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from sessions.compose import Patch
from sessions.model import Changes, Layer
from tools.language.colours import oklab

if TYPE_CHECKING:
    from sessions.session import Session

LEAST_SHARE = 0.03
"""A smaller share of an upper patch on changed pixels is its soft edge alone, and nothing to speak of."""

HIDDEN = 0.3
"""What was put there or taken away cannot be seen where this share of it has another patch over it."""

BESIDE, SAME_COLOUR = 0.05, 0.04
"""What was taken away from before a thing goes on with its look where this share of its rim, or more, is that
thing's, and ``LEAST_SHARE`` of it has a colour that the rim has there, no farther away than this (Oklab)."""

RIM, AROUND, HOLE = 0.008, 0.15, 0.5
"""A mask goes round a thing when it takes this share of its rim, so many heights of the picture wide, and
less than this share of the thing itself."""


def covered_layers(session: Session, changed: Sequence[int], changes: Changes) -> list[Layer]:
    """The visible layers that were painted over or around layers which ``changes`` alters, lowest first.

    ``changed`` are the altered layers' ids; new revisions are in ``changes``. To be asked before the commit.
    """
    altered = {number: [session.patch(number)] for number in changed}
    for new in changes.layers:
        if new.layer is not None and new.layer in altered:
            altered[new.layer].append(new.patch)
    revised = {new.layer for new in changes.layers}
    found: dict[int, Layer] = {}
    for number, patches in altered.items():
        is_form = session.layer(number).kind != "restyle" and number not in revised
        for above in session.stale(number, changes):
            upper = session.patch(above)
            if above in revised:
                continue
            around = is_form and _lies_around(session.mask(above), patches[0])
            behind = session.layer(above).kind in ("remove", "replace")
            if (
                around
                or any(_lies_on(upper, lower, is_form) for lower in patches)
                or (behind and _goes_on_with(upper, patches[0], session.picture()))
            ):
                found[above] = session.layer(above)
    return list(found.values())


def stands_elsewhere(session: Session, layer: Layer) -> bool:
    """Whether things stand where a layer lies that did not when it was made, or no longer do."""
    then, now = (
        {
            entry.layer
            for entry in session.versions[version].stack
            if entry.visible and entry.layer != layer.id and session.layer(entry.layer).kind != "restyle"
        }
        for version in (layer.version, session.head)
    )
    return any(session.layer(number).box.overlaps(layer.box) for number in then ^ now)


def back_again(session: Session, layer: Layer) -> NDArray[np.bool_]:
    """Where things stand (H, W) that were taken away when a layer was made, and have come back since."""
    there = np.zeros(session.mask(layer.id).shape, bool)
    now = {entry.layer for entry in session.versions[session.head].stack if entry.visible}
    for entry in session.versions[layer.version].stack:
        if entry.visible and entry.layer not in now and session.layer(entry.layer).kind == "remove":
            there |= session.mask(entry.layer)
    return there


def _lies_around(mask: NDArray[np.bool_], form: Patch) -> bool:
    """Whether a mask (H, W) leaves out what a patch put there, and begins where that ends."""
    there = _where(form, mask.shape)
    grown = ndimage.binary_dilation(there, iterations=max(1, round(RIM * mask.shape[0])))
    rim = grown & ~there
    if not there.any() or not rim.any():
        return False
    return bool((mask & rim).sum() >= AROUND * rim.sum() and (mask & there).sum() < HOLE * there.sum())


def _goes_on_with(upper: Patch, lower: Patch, picture: NDArray[np.uint8]) -> bool:
    """Whether a patch that shows what is behind something goes on with the look of another patch beside it,
    in an RGB picture (H, W, 3) that has both.
    """
    over, theirs = (_where(patch, picture.shape[:2]) for patch in (upper, lower))
    rim = ndimage.binary_dilation(over, iterations=max(1, round(RIM * picture.shape[0]))) & ~over
    seam = rim & theirs
    if not seam.any() or np.count_nonzero(seam) < BESIDE * np.count_nonzero(rim):
        return False
    looks = oklab(np.unique(picture[seam], axis=0).astype(np.float64))
    distance, _ = KDTree(looks).query(oklab(picture[over].astype(np.float64)))
    return bool(np.mean(distance <= SAME_COLOUR) >= LEAST_SHARE)


def _where(patch: Patch, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where a patch is more than half opaque, bool of a picture's shape."""
    there = np.zeros(shape, bool)
    box = patch.box
    there[box.y0 : box.y1, box.x0 : box.x1] = patch.rgba[..., 3] >= 128
    return there


def _lies_on(upper: Patch, lower: Patch, is_form: bool) -> bool:
    """Whether enough of one patch lies over another; of another that is a form, whether it hides that."""
    x0, y0 = max(upper.box.x0, lower.box.x0), max(upper.box.y0, lower.box.y0)
    x1, y1 = min(upper.box.x1, lower.box.x1), min(upper.box.y1, lower.box.y1)
    if x0 >= x1 or y0 >= y1:
        return False
    inside = [
        patch.rgba[y0 - patch.box.y0 : y1 - patch.box.y0, x0 - patch.box.x0 : x1 - patch.box.x0, 3] > 0
        for patch in (upper, lower)
    ]
    shared = np.count_nonzero(inside[0] & inside[1])
    if is_form and shared >= HIDDEN * np.count_nonzero(lower.rgba[..., 3]):
        return True
    return bool(shared >= LEAST_SHARE * np.count_nonzero(upper.rgba[..., 3]))
