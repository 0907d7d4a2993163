"""What lies on changed ground: a patch is what was made, so it stays, and the turn says so.

A layer that was painted over another one carries a little of it: its soft rim, its shadow, what shows through
glass. When the lower one is changed, the upper one is not painted again unless the user asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sessions.compose import Patch
from sessions.model import Changes, Layer

if TYPE_CHECKING:
    from sessions.session import Session

LEAST_SHARE = 0.03
"""A smaller share of an upper patch on changed pixels is its soft edge alone, and nothing to speak of."""

HIDDEN = 0.3
"""What was put there or taken away cannot be seen where this share of it has another patch over it."""

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
            if around or any(_lies_on(upper, lower, is_form) for lower in patches):
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


def _lies_around(mask: NDArray[np.bool_], form: Patch) -> bool:
    """Whether a mask (H, W) leaves out what a patch put there, and begins where that ends."""
    box = form.box
    there = np.zeros(mask.shape, bool)
    there[box.y0 : box.y1, box.x0 : box.x1] = form.rgba[..., 3] >= 128
    grown = ndimage.binary_dilation(there, iterations=max(1, round(RIM * mask.shape[0])))
    rim = grown & ~there
    if not there.any() or not rim.any():
        return False
    return bool((mask & rim).sum() >= AROUND * rim.sum() and (mask & there).sum() < HOLE * there.sum())


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
