"""An open session: its versions, the picture at any of them, and the commits that add new ones.

All state is in the session's folder. A commit stores the pictures first and then adds its rows in one
transaction, so whenever the process dies, the session opens again at its last committed version. Versions
form a tree: undo and redo move the head in it, and nothing is ever deleted.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from sessions.compose import Patch, check_patch, compose
from sessions.errors import SessionError
from sessions.file_format import Form, form_from, form_values, left_out, save_like
from sessions.files import (
    PICTURES,
    can_only_be_read,
    check_output,
    holds_layers,
    is_writable,
    reason,
    write_atomically,
)
from sessions.layer_stack import Altered, above, alter, beneath, path_up
from sessions.lock import lock_session
from sessions.model import Changes, Layer, NewLayer, Stack, Turn, Version
from sessions.openraster import Drawn
from sessions.pictures import PictureStore, RecentArrays, as_pixels
from sessions.recipes import needed_masks, recipe, request_file, texts
from sessions.records import LayerRow, Records, SessionRow, TurnRow, VersionRow, now
from sessions.state import State, layer_of, read_state, turn_of

_NO_CHANGES = Changes()


def prepare(
    folder: Path,
    pixels: NDArray[np.uint8],
    *,
    alpha: NDArray[np.uint8] | None,
    form: Form,
    preset: str,
    source: str,
) -> None:
    """Fill an empty folder with a new session of that picture, whose only version is the base."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or (alpha is not None and alpha.shape != pixels.shape[:2]):
        raise ValueError(f"a session needs RGB pixels (H, W, 3), not {pixels.shape}")
    store = PictureStore(folder / PICTURES)
    base, veil = store.put(pixels), None if alpha is None else store.put(alpha)
    height, width = pixels.shape[:2]
    moment = now()
    with closing(Records(folder, create=True)) as records, records.writing() as db:
        db.add(
            SessionRow(
                base=base, alpha=veil, width=width, height=height, preset=preset, source=source,
                form=form_values(form, store), head=0, created=moment, updated=moment,
            )
        )  # fmt: skip
        db.add(
            VersionRow(number=0, parent=None, redo=None, stack=[], changed=[], sentence="", created=moment)
        )


class Session:
    """One open session; ``Sessions.create`` and ``Sessions.open`` give it. Close it, or use it in a ``with``.

    No other process can open it meanwhile, so what its records say is read once and kept. Threads may share
    it. Every method raises ``SessionError`` when the disk or the records fail it, and the session is then as
    it was before.
    """

    def __init__(self, folder: Path, base: NDArray[np.uint8] | None = None, *, to_read: bool = False) -> None:
        """Open the session in a folder; see ``Sessions.open``.

        ``base`` are the pixels of its base picture, uint8 RGB (H, W, 3), where they are at hand.
        """
        self.folder = folder
        self._base: NDArray[np.uint8] | None = None
        if base is not None:
            self._base = base.view()
            self._base.setflags(write=False)
        writable = is_writable(folder)
        if not (writable or to_read):
            raise SessionError(can_only_be_read(folder))
        self._file_lock = lock_session(folder) if writable else None
        try:
            self._records = Records(folder)
            with self._records.reading() as db:
                row = db.get_one(SessionRow, 0)
                self.base: str = row.base
                self.size: tuple[int, int] = (row.width, row.height)
                self.preset: str = row.preset
                self.source: str = row.source
                self.created: datetime = row.created
                self._alpha: str | None = row.alpha
                self._form: dict[str, Any] | None = row.form
        except BaseException:
            self._release()
            raise
        self.pictures = PictureStore(folder / PICTURES)
        self._composed = RecentArrays()
        self._writer = threading.RLock()
        self._open = True
        # Written under the lock of the writer alone, and None while the records may say something newer.
        self._known_state: State | None = None
        self._known_turns: tuple[Turn, ...] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session and let others open it. Closing twice does no harm."""
        with self._writer:
            if self._open:
                self._open = False
                self._records.close()
                self._release()

    def _release(self) -> None:
        if self._file_lock is not None:
            self._file_lock.release()

    # What there is

    @property
    def name(self) -> str:
        """The session's name, which is its folder's."""
        return self.folder.name

    @property
    def head(self) -> int:
        """The number of the current version; 0 is the base picture."""
        return self._state().head

    @property
    def versions(self) -> tuple[Version, ...]:
        """All versions by number, the base first, those of other branches too."""
        return self._state().versions

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers that the session ever made, in the order of their ids, as the head sees them.

        One that the head's stack does not have comes in its latest revision and is not visible.
        """
        state = self._state()
        return state.seen(state.head)

    @property
    def revisions(self) -> Mapping[tuple[int, int], Layer]:
        """Every revision of every layer, by layer and revision; none of them is visible."""
        return self._state().revisions

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation, oldest first."""
        records = self._records_of_open()
        if (known := self._known_turns) is not None:
            return known
        with self._writer, records.reading() as db:
            rows = db.scalars(select(TurnRow).order_by(TurnRow.number))
            self._known_turns = known = tuple(turn_of(row) for row in rows)
        return known

    @property
    def updated(self) -> datetime:
        """When the session last changed."""
        with self._records_of_open().reading() as db:
            return db.get_one(SessionRow, 0).updated

    @property
    def alpha(self) -> NDArray[np.uint8] | None:
        """The base picture's own transparency, uint8 (H, W), if it has one."""
        return None if self._alpha is None else self.pictures.get(self._alpha)

    @property
    def form(self) -> Form:
        """What the base picture's file was like, so that exports are like it."""
        return form_from(self._form, self.pictures, self.size)

    def layer(self, layer: int, version: int | None = None) -> Layer:
        """One layer as a version (None: the head) sees it. Raises ``SessionError`` when there is none of that
        id, or no such version.
        """
        state = self._state()
        return self._layer(state, layer, self._version(state, version).number)

    def mask(self, layer: int) -> NDArray[np.bool_]:
        """The segmenter's mask of a layer as the head sees it, bool (H, W)."""
        return self._mask(self.layer(layer).mask)

    def patch(self, layer: int) -> Patch:
        """The patch of a layer as the head sees it."""
        return self._patch(self.layer(layer))

    # Pictures

    def picture(self, version: int | None = None) -> NDArray[np.uint8]:
        """The picture at a version (None: the head), uint8 RGB (H, W, 3), read-only."""
        state = self._state()
        return self._compose(state, self._version(state, version).stack)

    def preview(self, changes: Changes) -> NDArray[np.uint8]:
        """The picture that a commit of these changes would make, uint8 RGB (H, W, 3); nothing is stored."""
        state = self._state()
        altered = alter(state.stack, changes, state.latest, state.over)
        return self._compose(state, altered.stack, altered)

    def below(self, layer: int, changes: Changes = _NO_CHANGES) -> NDArray[np.uint8]:
        """The picture under a layer, from which it is painted: the base and the visible layers below it.

        It is taken at the head after ``changes``, which are not committed. uint8 RGB (H, W, 3).
        """
        state = self._state()
        altered = alter(state.stack, changes, state.latest, state.over)
        if all(layer != there for there, _ in altered.pending):
            self._layer(state, layer)
        return self._compose(state, beneath(altered.stack, layer), altered)

    def stale(self, layer: int, changes: Changes = _NO_CHANGES) -> list[int]:
        """The visible layers above a layer whose box overlaps its box, lowest first.

        When the layer changes, these were painted over pixels that are no longer so. Both its box at the head
        and its box after ``changes`` count; layers that ``changes`` paint again do not.
        """
        state = self._state()
        altered = alter(state.stack, changes, state.latest, state.over)
        boxes = [self._layer(state, layer).box] if layer in state.latest else []
        boxes += [new.patch.box for (there, _), new in altered.pending.items() if there == layer]
        return [
            entry.layer
            for entry in above(altered.stack, layer)
            if entry.visible
            and (entry.layer, entry.revision) not in altered.pending
            and any(state.revisions[entry.layer, entry.revision].box.overlaps(box) for box in boxes)
        ]

    # Changing

    def commit(self, changes: Changes, sentence: str) -> Version:
        """Make a new version from the head by these changes, all or nothing, and make it the head.

        The ids of new layers are in the version's ``changed``. Raises ``SessionError`` when a layer does not
        exist, is hidden or shown already, or when nothing would change.
        """
        for new in changes.layers:
            self._check(new)
        with self._writer:
            state = self._state()
            altered = alter(state.stack, changes, state.latest, state.over)
            if not altered.changed:
                raise SessionError("Nothing was changed, so there is no new version.")
            moment = now()
            version = Version(
                len(state.versions), state.head, altered.stack, altered.changed, sentence, moment
            )
            # The pictures first: a row never names a picture that is not safely on the disk.
            rows = [
                self._layer_row(new, *key, version.number, moment) for key, new in altered.pending.items()
            ]
            after = state.and_version(version, map(layer_of, rows))
            self._write_requests(after, altered.pending)
            with self._writing(after) as db:
                db.add_all(rows)
                db.add(
                    VersionRow(
                        number=version.number, parent=version.parent, redo=None,
                        stack=[list(entry) for entry in version.stack], changed=list(version.changed),
                        sentence=sentence, created=moment,
                    )
                )  # fmt: skip
            return version

    def undo(self, count: int = 1) -> Version:
        """Go back ``count`` versions towards the base, and return the new head.

        Raises ``SessionError``, and does not move, when there are not so many.
        """
        with self._writer:
            state = self._state()
            path = path_up(state.parents, state.head)
            if count >= len(path):
                raise SessionError(_cannot("undo", len(path) - 1))
            return self._move(state, path[max(count, 0)])

    def redo(self, count: int = 1) -> Version:
        """Go forward ``count`` versions, each time to the one that was left last, and return the new head.

        Raises ``SessionError``, and does not move, when there are not so many.
        """
        with self._writer:
            state = self._state()
            target = state.head
            for done in range(count):
                following = state.redo[target]
                if following is None:
                    raise SessionError(_cannot("redo", done))
                target = following
            return self._move(state, target)

    def goto(self, version: int) -> Version:
        """Make a version the head. Raises ``SessionError`` when there is none of that number."""
        with self._writer:
            state = self._state()
            return self._move(state, self._version(state, version).number)

    def add_turn(
        self, sentence: str, reply: str, plan: Mapping[str, object], version: int | None = None
    ) -> Turn:
        """Write down one exchange; ``version`` is the head after it (None: the head now)."""
        plain = _plain(plan)
        with self._writer:
            before = self.turns
            turn = Turn(
                before[-1].number + 1 if before else 0,
                sentence,
                reply,
                plain,
                self.head if version is None else version,
                now(),
            )
            self._known_turns = None
            with self._records_of_open().writing() as db:
                db.add(TurnRow(**vars(turn)))
                db.get_one(SessionRow, 0).updated = turn.created
            self._known_turns = (*before, turn)
            return turn

    # Leaving

    def recipe(self, version: int | None = None) -> dict[str, object]:
        """How the picture at a version (None: the head) came about, as JSON values."""
        state = self._state()
        return self._recipe(state, self._version(state, version).number)

    def export(self, path: str | Path, version: int | None = None, *, plain: bool = False) -> Path:
        """Save the picture at a version (None: the head) and return the absolute path.

        The format is that of the suffix. The file has the base picture's size and, where the format can hold
        it, its alpha and its form: what was not painted has the values of the base picture's own file. A PNG
        carries the recipe and its masks as text, so that ``inpalla replay`` can paint it again. An OpenRaster
        file has the layers and the whole session, so that ``Sessions.import_file`` makes it again. ``plain``
        leaves those out, and all that the base picture's file said about it. The file appears whole or not at
        all. Raises ``SessionError`` when the suffix is not known, the folder is not there, or the file cannot
        be written.
        """
        check_output(path)
        state = self._state()
        number = self._version(state, version).number
        text: dict[str, str] = {}
        layers: list[Drawn] = []
        if holds_layers(path):
            layers = self._drawn(state, number, plain=plain)
        elif not plain:
            masks = {digest: self._mask(digest) for digest in needed_masks(state, number)}
            text = texts(self._recipe(state, number), masks)
        base, picture = self.picture(0), self.picture(number)
        with self._writer:  # of what is being committed, either all of it is in the session or nothing
            return save_like(
                path, self.form, base, picture, self.alpha, text,
                plain=plain, layers=layers, session=self.folder,
            )  # fmt: skip

    def left_out(
        self, path: str | Path, version: int | None = None, *, plain: bool = False
    ) -> tuple[str, ...]:
        """Sentences about what an export of a version (None: the head) to a path cannot hold of the base
        picture's file.
        """
        return left_out(path, self.form, self.picture(0), self.picture(version), self.alpha, plain=plain)

    # Inner workings

    def _drawn(self, state: State, version: int, *, plain: bool) -> list[Drawn]:
        """The layers of a version for a file that holds layers, lowest first, hidden ones included; ``plain``
        without words and masks, and without the hidden ones.
        """
        drawn = []
        for entry in state.versions[version].stack:
            layer = state.revisions[entry.layer, entry.revision]
            if not plain:
                name = f"{entry.layer} {layer.target}: {layer.prompt or layer.kind}"
                drawn.append(Drawn(name, self._patch(layer), self._mask(layer.mask), entry.visible))
            elif entry.visible:
                drawn.append(Drawn(f"layer {entry.layer}", self._patch(layer)))
        return drawn

    def _recipe(self, state: State, version: int) -> dict[str, object]:
        return {"session": self.name, **self._about_base(), **recipe(state, version)}

    def _about_base(self) -> dict[str, object]:
        return {"base": self.base, "size": list(self.size)}

    def _write_requests(self, state: State, keys: Iterable[tuple[int, int]]) -> None:
        """Write a ``request.json`` for each of these new layer revisions."""
        try:
            for key in keys:
                text = json.dumps({**request_file(state, key), **self._about_base()})
                path = request_path(self.folder, *key)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, lambda file, text=text: file.write(text.encode()))  # type: ignore[misc]
        except OSError as error:
            raise SessionError(f"The folder {self.folder} cannot be written: {reason(error)}.") from error

    def _records_of_open(self) -> Records:
        if not self._open:
            raise SessionError(f"The session {self.name!r} was closed: open it again.")
        return self._records

    def _state(self) -> State:
        records = self._records_of_open()
        if (known := self._known_state) is not None:
            return known
        with self._writer, records.reading() as db:
            self._known_state = known = read_state(db)
        return known

    @contextmanager
    def _writing(self, after: State) -> Iterator[Database]:
        """Change the records, all or nothing, so that they say what ``after`` does."""
        # Whatever breaks in on this, be it a Ctrl-C behind the transaction: then they are read again.
        self._known_state = None
        with self._records_of_open().writing() as db:
            row = db.get_one(SessionRow, 0)
            row.head, row.updated = after.head, now()
            yield db
        self._known_state = after

    def _version(self, state: State, number: int | None) -> Version:
        if number is None:
            return state.versions[state.head]
        if not 0 <= number < len(state.versions):
            last = len(state.versions) - 1
            there = f"the versions are 0 to {last}" if last else "there is only 0, the base picture"
            raise SessionError(f"There is no version {number}: {there}.")
        return state.versions[number]

    def _layer(self, state: State, layer: int, version: int | None = None) -> Layer:
        layers = state.seen(state.head if version is None else version)
        if not 0 <= layer < len(layers):
            there = f"the layers are 0 to {len(layers) - 1}" if layers else "there are no layers yet"
            raise SessionError(f"There is no layer {layer}: {there}.")
        return layers[layer]

    def _patch(self, layer: Layer) -> Patch:
        return Patch(self.pictures.get(layer.patch), layer.box)

    def _mask(self, digest: str) -> NDArray[np.bool_]:
        mask = self.pictures.get(digest)
        if mask.shape != self.size[::-1]:
            raise SessionError(f"A mask of the session {self.name!r} has another size than its picture.")
        return mask >= 128

    def _compose(self, state: State, stack: Stack, altered: Altered | None = None) -> NDArray[np.uint8]:
        pending: Mapping[tuple[int, int], NewLayer] = altered.pending if altered else {}
        keys = tuple((entry.layer, entry.revision) for entry in stack if entry.visible)
        if (base := self._base) is None:  # kept beside the store's: every picture is made from it
            base = self.pictures.get(self.base)
            if base.shape != (self.size[1], self.size[0], 3):
                raise SessionError(f"The picture of the session {self.name!r} is not the one in its records.")
            self._base = base
        if not keys:
            return base
        settled = not any(key in pending for key in keys)
        if settled and (kept := self._composed.get(keys)) is not None:
            return kept
        # Mostly the one on top is new.
        lower = self._composed.get(keys[:-1])
        patches = [
            pending[key].patch if key in pending else self._patch(state.revisions[key])
            for key in (keys if lower is None else keys[-1:])
        ]
        try:
            picture = compose(base if lower is None else lower, patches)
        except ValueError as error:  # new patches were checked; a stored one is not what was written
            raise SessionError(f"A layer of the session {self.name!r} is damaged.") from error
        return self._composed.put(keys, picture) if settled else picture

    def _check(self, new: NewLayer) -> None:
        """A malformed layer is a mistake of the program's, not of the user's: ``ValueError``."""
        width, height = self.size
        check_patch(new.patch, width, height)
        if new.mask.dtype != np.bool_ or new.mask.shape != (height, width):
            raise ValueError(f"a mask must be bool {(height, width)}, not {new.mask.dtype} {new.mask.shape}")

    def _layer_row(
        self, new: NewLayer, layer: int, revision: int, version: int, moment: datetime
    ) -> LayerRow:
        box = new.patch.box
        return LayerRow(
            layer=layer, revision=revision, target=new.target, prompt=new.prompt, kind=new.kind,
            mask=self.pictures.put(new.mask), patch=self.pictures.put(as_pixels(new.patch.rgba)),
            x0=int(box.x0), y0=int(box.y0), x1=int(box.x1), y1=int(box.y1),
            request=_plain(new.request), area=float(new.area), version=version, created=moment,
        )  # fmt: skip

    def _move(self, state: State, target: int) -> Version:
        """Move the head, and have redo lead from each parent to the version that was left there."""
        kept = set(path_up(state.parents, target))
        left = takewhile(lambda number: number not in kept, path_up(state.parents, state.head))
        redo = {state.versions[number].parent: number for number in left}
        after = replace(
            state, head=target, redo=tuple(redo.get(i, child) for i, child in enumerate(state.redo))
        )
        with self._writing(after) as db:
            for parent, number in redo.items():
                db.get_one(VersionRow, parent).redo = number
        return state.versions[target]


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    """A copy in JSON values; ``TypeError`` for what JSON cannot say."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return plain


def _cannot(what: str, possible: int) -> str:
    if possible == 0:
        return f"There is nothing to {what}."
    versions = "version" if possible == 1 else "versions"
    return f"Only {possible} {versions} can be {'undone' if what == 'undo' else 'redone'}."


def request_path(folder: Path, layer: int, revision: int) -> Path:
    """Where the request of a layer revision lies in a session's folder."""
    return folder / "layers" / str(layer) / str(revision) / "request.json"


def read_base(folder: Path) -> tuple[str, NDArray[np.uint8] | None, Form]:
    """The base picture of the session in a folder, which may be open elsewhere: digest, alpha, form.

    Raises ``SessionError`` when it cannot be read.
    """
    with closing(Records(folder)) as records, records.reading() as db:
        row = db.get_one(SessionRow, 0)
        base, alpha, form, size = row.base, row.alpha, row.form, (row.width, row.height)
    store = PictureStore(folder / PICTURES)
    return base, None if alpha is None else store.get(alpha), form_from(form, store, size)
