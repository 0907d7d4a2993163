"""What lies on changed ground: a patch is what was made, so it stays, and the turn says so.

A layer that was painted over another one carries a little of it: its soft rim, its shadow, what shows through
glass. When the lower one is changed, the upper one is not painted again unless the user asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sessions.compose import Patch
from sessions.model import Changes, Layer

if TYPE_CHECKING:
    from sessions.session import Session

LEAST_SHARE = 0.03
"""A smaller share of an upper patch on changed pixels is its soft edge alone, and nothing to speak of."""


def covering(session: Session, changed: Sequence[int], changes: Changes) -> list[Layer]:
    """The visible layers that were painted over layers which ``changes`` alters, lowest first.

    ``changed`` are the altered layers' ids; new revisions are in ``changes``. To be asked before the commit.
    """
    altered = {number: [session.patch(number)] for number in changed}
    for new in changes.layers:
        if new.layer is not None and new.layer in altered:
            altered[new.layer].append(new.patch)
    revised = {new.layer for new in changes.layers}
    found: dict[int, Layer] = {}
    for number, patches in altered.items():
        for above in session.stale(number, changes):
            upper = session.patch(above)
            if above not in revised and any(_lies_on(upper, lower) for lower in patches):
                found[above] = session.layer(above)
    return list(found.values())


def _lies_on(upper: Patch, lower: Patch) -> bool:
    """Whether enough of one patch lies over another."""
    x0, y0 = max(upper.box.x0, lower.box.x0), max(upper.box.y0, lower.box.y0)
    x1, y1 = min(upper.box.x1, lower.box.x1), min(upper.box.y1, lower.box.y1)
    if x0 >= x1 or y0 >= y1:
        return False
    inside = [
        patch.rgba[y0 - patch.box.y0 : y1 - patch.box.y0, x0 - patch.box.x0 : x1 - patch.box.x0, 3] > 0
        for patch in (upper, lower)
    ]
    shared = np.count_nonzero(inside[0] & inside[1])
    return bool(shared >= LEAST_SHARE * np.count_nonzero(upper.rgba[..., 3]))
