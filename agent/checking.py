"""Did the painting do what was asked? Policy on finished patches, with one more try where it did not.

A patch that changes next to nothing is painted once more, from another seed and with more guidance where the
engine has a use for it; so is a surface that did not take the colour asked for, and a removed object that the
segmenter still finds in its old place. Runs in the worker thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent import painting, words
from agent.bench import Bench
from agent.state import Piece
from sessions.compose import Box
from sessions.model import Changes
from tools.segment import find

LEAST_DIFFERENCE = 6.0
"""Below this difference, in levels of 255, a patch changes nothing that one sees."""

LEAST_RECOLOURED = 0.35
"""A surface that came a smaller part of the way to the colour asked for did not take it.

On 34 drawn rooms the right ones came 0.4 to 1.1 of the way, the wrong ones 0 to 0.3: what is in the light or
in the shade is never quite the named colour.
"""

LEFT_OVER = 0.35
"""A removed object is still there when it is found on more than this share of its old mask."""

RETRIES = 1


def check(
    bench: Bench, visible: Changes, pieces: Sequence[Piece], repaints: Sequence[Piece]
) -> tuple[list[Piece], list[str]]:
    """Look at all painted pieces: the pieces, those to be painted again without their patch, and remarks.

    A piece that changed nothing after its last try gets the outcome "no change". One whose difference is None
    was chosen by the user and is left alone.
    """
    leftovers = _leftovers(bench, visible, pieces, repaints)
    checked: list[Piece] = []
    remarks: list[str] = []
    for index, piece in enumerate(pieces):
        if not piece.open or piece.difference is None:
            checked.append(piece)
        elif piece.difference < LEAST_DIFFERENCE:
            checked.append(_retried(piece) if piece.attempt < RETRIES else piece.but(outcome="no change"))
        elif piece.attempt < RETRIES and (index in leftovers or _kept_its_colour(piece)):
            checked.append(_retried(piece))
        else:
            checked.append(piece)
            if index in leftovers:
                remarks.append(f"There may still be something of {words.definite(piece.target)} to see.")
    return _above_the_dropped(pieces, checked), remarks


def _kept_its_colour(piece: Piece) -> bool:
    return piece.recoloured is not None and piece.recoloured < LEAST_RECOLOURED


def _retried(piece: Piece) -> Piece:
    return painting.unpainted(piece).but(attempt=piece.attempt + 1)


def _above_the_dropped(before: Sequence[Piece], after: list[Piece]) -> list[Piece]:
    """Edits that were painted on top of one that is given up are painted again, without it."""
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if not old.open or new.outcome != "no change" or old.box is None:
            continue
        for above in range(index + 1, len(after)):
            piece = after[above]
            if piece.open and piece.box is not None and Box(*piece.box).overlaps(Box(*old.box)):
                after[above] = painting.unpainted(piece)
    return after


def _leftovers(
    bench: Bench, visible: Changes, pieces: Sequence[Piece], repaints: Sequence[Piece]
) -> set[int]:
    """The indices of the removed objects that the segmenter still finds where they were."""
    removed = [
        i
        for i, piece in enumerate(pieces)
        if piece.open
        and piece.kind == "remove"
        and piece.difference is not None
        and words.says_something(piece.target)
    ]
    if not removed:
        return set()
    session = bench.session
    picture = session.preview(painting.changes_of(session, visible, pieces, repaints))
    found = find(
        bench.engines.segmenter(), picture, [pieces[i].target for i in removed], cancelled=bench.cancelled
    )
    left: set[int] = set()
    for index, there in zip(removed, found, strict=True):
        mask = session.pictures.get(pieces[index].mask or "") >= 128
        share = float(np.count_nonzero(there.mask & mask)) / max(1, int(np.count_nonzero(mask)))
        if share > LEFT_OVER:
            left.add(index)
    return left
