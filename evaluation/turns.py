"""Whole turns: a plain sentence goes in, a picture comes out, and is checked against a true render of what
was wanted.

Every wish gets a session of its own in a temporary data folder and goes through ``Editor.say`` with the real
preset, as one ``inpalla edit`` would. A turn succeeds when every change that it asked for is right and
nothing else changed:

* restyle: the edit's mask is the right thing's (IoU of 0.5 or more with the true one), and it has the colour
  and the material that were asked for;
* replace: the mask is the right thing's, LISA finds the new thing there, and it has the colour asked for;
* remove: the mask is the right thing's, and LISA finds it there no longer;
* add: LISA finds the new thing where it was painted, that is the place asked for, and it has the colour asked
  for;
* nothing else changed: what visibly changed beyond the things that should is less than a fifth of their size,
  and every pixel outside the edits' blend masks is what it was.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from agent.errors import AgentError
from agent.turn.pending_edit import PendingEdit
from evaluation.painters.checks import RIGHT_OBJECT, Mask, Pixels, found_there, gone, touched, untouched
from evaluation.painters.colours import Swatches
from evaluation.painters.materials import Judge
from evaluation.painters.sheets import Sheets
from evaluation.painters.wishes import Wanted, Wish, draw_wish
from evaluation.scenes import PAINT_SIZE
from evaluation.segmenting import iou
from evaluation.table import Row, share_row
from pocket import rooms
from pocket.rooms.expressions import noun_of
from sessions import SessionError
from sessions.session import Session
from tools.errors import ToolError
from tools.kinds import Kind
from tools.segmenting.base import Segmenter, find

_VISIBLE: Final = 24  # levels of 255 by which a pixel must differ to be seen to have changed
_SPILL: Final = 0.2


@dataclass
class Done:
    """What became of a wish: the picture, the masks of its edits with their kinds, and what was said.

    ``patches`` are where the patches of those edits lie: a drawn thing has its own size, not its mask's.
    ``claimed``: all of it is said to be done.
    """

    picture: Pixels
    edits: list[tuple[Kind, Mask]] = field(default_factory=list)
    patches: list[Mask] = field(default_factory=list)
    reply: str = ""
    claimed: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)


def carry_out(wish: Wish, folder: Path, preset: str = "pocket", planner: str | None = None) -> Done:
    """Say the wish's sentence to an editor whose data lies in ``folder``."""
    from agent.turn.editor import open_editor

    folder.mkdir(parents=True, exist_ok=True)
    picture = wish.given.picture
    file = folder / "room.png"
    Image.fromarray(picture).save(file)
    try:
        with closing(open_editor(file, None, preset, planner, folder, asks=False)) as editor:
            turn = asyncio.run(editor.say(wish.sentence))
            made = [edit for edit in turn.edits if edit.outcome == "done" and edit.mask]
            masks = [(edit.kind, editor.session.pictures.get(edit.mask or "") >= 128) for edit in made]
            patches = [_patch_of(editor.session, edit) for edit in made]
            claimed = bool(made) and all(edit.outcome == "done" for edit in turn.edits)
            return Done(editor.session.picture(), masks, patches, turn.reply, claimed, turn.seconds)
    except (AgentError, SessionError, ToolError) as error:
        return Done(picture, reply=str(error))


def perfect(wish: Wish) -> Done:
    """The wish as it should come out: the ceiling of every check."""
    edits: list[tuple[Kind, Mask]] = [(w.change.kind, wish.mask(w)) for w in wish.wanted]
    return Done(wish.truth.picture, edits)


def _patch_of(session: Session, edit: PendingEdit) -> Mask:
    """Where an edit's patch covers anything."""
    out = np.zeros(session.picture().shape[:2], dtype=np.bool_)
    if edit.layer is not None:
        layer = session.layer(edit.layer)
        x0, y0, x1, y1 = layer.box
        out[y0:y1, x0:x1] = session.pictures.get(layer.patch)[..., 3] > 0
    return out


def _area(done: Done, place: int) -> Mask:
    """Where an edit may have put something new: near its mask, or where its patch lies."""
    kind, mask = done.edits[place]
    area = touched(mask, kind) > 0
    return area | done.patches[place] if place < len(done.patches) else area


# --- checking -----------------------------------------------------------------------------------------------


def check(wish: Wish, done: Done, segmenter: Segmenter, judge: Judge) -> dict[str, bool]:
    """The verdicts on one wish, by name; all of them must be True."""
    verdicts: dict[str, bool] = {}
    for wanted in wish.wanted:
        name = wanted.change.of or wanted.change.into
        mark = "" if len(wish.wanted) == 1 else f" ({name})"
        checks = _check_new(wish, wanted, done, segmenter) if wanted.change.kind == "add" else None
        for said, good in (checks or _check_old(wish, wanted, done, segmenter, judge)).items():
            verdicts[said + mark] = good
    return verdicts | {"nothing else": spill(wish, done) < _SPILL}


def spill(wish: Wish, done: Done) -> float:
    """How much visibly changed that should not have, as a share of the size of what should."""
    given, truth = wish.given.picture.astype(np.int16), wish.truth.picture
    allowed = np.abs(given - truth).max(axis=2) > 6
    size = 0
    for wanted in wish.wanted:
        if wanted.change.kind != "add":
            own = wish.mask(wanted)
            allowed |= touched(own, wanted.change.kind) > 0
            size += int(own.sum())
    for place, (kind, mask) in enumerate(done.edits):
        if kind in ("add", "replace") and any(wanted.change.kind == kind for wanted in wish.wanted):
            allowed |= _area(done, place)  # anywhere; whether the place is right is another question
            size += int(mask.sum()) if kind == "add" else 0
    changed = np.abs(given - done.picture).max(axis=2) > _VISIBLE
    return int((changed & ~allowed).sum()) / max(1, size)


def clean(wish: Wish, done: Done) -> bool:
    """Whether every pixel outside the edits' blend masks is what it was."""
    blend = np.zeros(done.picture.shape[:2], np.uint8)
    for place in range(len(done.edits)):
        np.maximum(blend, _area(done, place), out=blend)
    return untouched(wish.given.picture, done.picture, blend)


def _check_old(wish: Wish, wanted: Wanted, done: Done, segmenter: Segmenter, judge: Judge) -> dict[str, bool]:
    change = wanted.change
    own = wish.mask(wanted)
    places = [
        place
        for place, (kind, mask) in enumerate(done.edits)
        if kind != "add" and iou(mask, own) >= RIGHT_OBJECT
    ]
    if not places:
        return {"right object": False}
    verdicts = {"right object": True}
    within: Mask | None = None
    if change.kind == "remove":
        [found] = find(segmenter, done.picture, [f"the {noun_of(change.of)}"])
        return verdicts | {"gone": gone(found, own)}
    if change.kind == "replace":
        [found] = find(segmenter, done.picture, [f"the {noun_of(change.into)}"])
        area = _area(done, places[0])
        verdicts["new thing found"] = found_there(found, area)
        within = found.mask & area
    if change.colour is not None and (swatches := _swatches(wish, wanted)) is not None:
        verdicts["colour"] = swatches.colour_of(done.picture, within)[0] == change.colour
    if change.material is not None:
        true = rooms.mask(wish.truth, wanted.index)
        verdicts["material"] = bool(true.any()) and judge.name(done.picture, true) == change.material
    return verdicts


def _check_new(wish: Wish, wanted: Wanted, done: Done, segmenter: Segmenter) -> dict[str, bool]:
    change = wanted.change
    [found] = find(segmenter, done.picture, [f"the {noun_of(change.into)}"])
    areas = [_area(done, place) for place, (kind, _) in enumerate(done.edits) if kind == "add"]
    there = [area for area in areas if found_there(found, area)]
    if not there:
        return {"new thing found": False}
    seen = found.mask & there[0]
    verdicts = {"new thing found": True, "right place": _placed(wish, wanted, seen)}
    if change.colour is not None and (swatches := _swatches(wish, wanted)) is not None:
        verdicts["colour"] = swatches.colour_of_all(done.picture, seen) == change.colour
    return verdicts


def _swatches(wish: Wish, wanted: Wanted) -> Swatches | None:
    try:
        return Swatches(wish.after, wanted.index, PAINT_SIZE)
    except ValueError:
        return None


def _placed(wish: Wish, wanted: Wanted, mask: Mask) -> bool:
    """Whether a new thing's mask is where it was asked for: on the wall, near a thing or on it, else on the
    floor.
    """
    change, scene = wanted.change, wish.before
    ids = wish.given.ids
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if change.by:
        near = np.isin(ids, [i for i in scene.present() if scene.things[i].kind == change.by])
        down, across = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
        gap = max(columns[0] - across[-1], across[0] - columns[-1], rows[0] - down[-1], down[0] - rows[-1])
        on_it = across[0] <= columns.mean() <= across[-1] and down[0] <= rows[-1] <= down[-1]
        return bool(on_it) if change.place == "table" else bool(gap <= 0.15 * ids.shape[1])
    if change.place == "wall":
        hanging = [i for i in scene.present() if scene.things[i].on == rooms.WALL]
        return float(np.isin(ids[mask], [rooms.WALL, *hanging]).mean()) >= 0.6
    # It stands on what is under its lowest rows.
    foot = np.zeros_like(mask)
    foot[rows[-1] - max(2, len(rows) // 12) : rows[-1] + 1] = mask[
        rows[-1] - max(2, len(rows) // 12) : rows[-1] + 1
    ]
    rugs = [i for i in scene.present() if scene.things[i].kind == "rug"]
    return float(np.isin(ids[foot], [rooms.FLOOR, *rugs]).mean()) >= 0.5


# --- the figures --------------------------------------------------------------------------------------------


def measure(
    segmenter: Segmenter,
    judge: Judge,
    turns: int,
    *,
    preset: str = "pocket",
    planner: str | None = None,
    sheets: Sheets | None = None,
    first: int = 0,
) -> list[Row]:
    """Carry out ``turns`` wishes from the number ``first`` on and make the figures.

    ``segmenter`` looks at the results.
    """
    good: dict[str, list[bool]] = defaultdict(list)
    best: dict[str, list[bool]] = defaultdict(list)
    seconds: list[float] = []
    contradicted: list[bool] = []
    with tempfile.TemporaryDirectory() as root:
        for number in range(turns):
            wish = draw_wish(first + number)
            done = carry_out(wish, Path(root) / str(number), preset, planner)
            verdicts = check(wish, done, segmenter, judge)
            verdicts["untouched outside"] = clean(wish, done)
            ideal = check(wish, perfect(wish), segmenter, judge)
            _note(good, wish, verdicts)
            _note(best, wish, {**ideal, "untouched outside": True})
            if done.claimed:
                contradicted.append(
                    any(ideal.get(name, True) and not fine for name, fine in verdicts.items())
                )
            seconds.append(done.seconds.get("total", 0.0))
            _tell(wish, done, verdicts, number, turns, sheets)
    return _rows(good, best, seconds, contradicted)


def _tell(
    wish: Wish, done: Done, verdicts: Mapping[str, bool], number: int, turns: int, sheets: Sheets | None
) -> None:
    right = all(verdicts.values())
    bad = ", ".join(name for name, fine in verdicts.items() if not fine)
    said = "right" if right else f"wrong: {bad}. {done.reply}"
    print(f"turns: {number + 1}/{turns} {wish.sentence!r}: {said}", flush=True)
    if sheets is not None:
        sheets.add(wish.given.picture, done.picture, wish.truth.picture, wish.sentence, said[:150], right)


def _note(into: dict[str, list[bool]], wish: Wish, verdicts: Mapping[str, bool]) -> None:
    right = all(verdicts.values())
    kind = wish.wanted[0].change.kind if len(wish.wanted) == 1 else "two changes"
    into["all"].append(right)
    into[kind].append(right)
    into["by hand" if wish.number % 2 == 0 else "template"].append(right)
    for name, fine in verdicts.items():
        into[name.split(" (")[0]].append(fine)


def _rows(
    good: Mapping[str, Sequence[bool]],
    best: Mapping[str, Sequence[bool]],
    seconds: Sequence[float],
    contradicted: Sequence[bool],
) -> list[Row]:
    def row(title: str, name: str, target: float | None = None) -> Row:
        return share_row("turns", title, good.get(name, ()), target=target, ceiling=best.get(name, ()))

    rows = [row("whole turns right", "all", 0.75), row("· written by hand", "by hand")]
    rows.append(row("· from templates", "template"))
    rows += [row(f"· {kind}", kind) for kind in ("restyle", "replace", "remove", "add", "two changes")]
    checks = (
        "right object",
        "colour",
        "material",
        "gone",
        "new thing found",
        "right place",
        "nothing else",
        "untouched outside",
    )
    rows += [row(f"check: {name}", name) for name in checks]
    # What a check finds wrong in the true render, too, says nothing of the turn.
    rows.append(
        share_row("turns", "“Done” that a true render contradicts", contradicted, target=0.05, at_most=True)
    )
    return [*(each for each in rows if each.n), share_row("turns", "time for a turn", seconds, unit="s")]
