"""What the records say, as plain values: the versions, the layers as a version sees them, the turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from sessions.compose import Box
from sessions.errors import SessionError
from sessions.layer_stack import above, path_up
from sessions.model import Layer, Stack, StackEntry, Turn, Version
from sessions.pictures import is_digest
from sessions.records import LayerRow, SessionRow, TurnRow, VersionRow

_LONGEST, _REPLY = 2000, 20_000
"""Characters of a sentence or a phrase, and of a reply; nothing of ours is longer."""

_KINDS = frozenset({"restyle", "replace", "remove", "add"})  # as in ``tools.inpainting.request``


@dataclass(frozen=True)
class State:
    """Everything that the records say of versions and layers, read in one transaction.

    ``redo`` holds, by version number, the child that was left last; ``revisions`` every layer revision, none
    of them visible. Nothing of it changes: what comes after is a state of its own.
    """

    head: int
    versions: tuple[Version, ...]
    redo: tuple[int | None, ...]
    revisions: Mapping[tuple[int, int], Layer]
    _been: dict[int, frozenset[int]] = field(default_factory=dict)
    _seen: dict[int, tuple[Layer, ...]] = field(default_factory=dict, init=False)

    @property
    def stack(self) -> Stack:
        """The head's stack."""
        return self.versions[self.head].stack

    @cached_property
    def parents(self) -> list[int | None]:
        """The parent of every version, by number."""
        return [version.parent for version in self.versions]

    @cached_property
    def latest(self) -> dict[int, int]:
        """The latest revision of every layer, in the order of the ids."""
        latest: dict[int, int] = {}
        for layer, revision in sorted(self.revisions):
            latest[layer] = revision
        return latest

    @cached_property
    def over(self) -> dict[int, tuple[int, ...]]:
        """For every layer that was made beneath older ones: those, lowest first."""
        older = {}
        for layer, revision in self.latest.items():
            stack = self.versions[self.revisions[layer, revision].version].stack
            older[layer] = tuple(entry.layer for entry in above(stack, layer) if entry.layer < layer)
        return {layer: others for layer, others in older.items() if others}

    def and_version(self, version: Version, layers: Iterable[Layer]) -> State:
        """The state with a version more, which brings these layer revisions."""
        brought = {(layer.id, layer.revision): layer for layer in layers}
        return replace(
            self,
            head=version.number,
            versions=(*self.versions, version),
            redo=(*self.redo, None),
            revisions={**self.revisions, **brought},
        )

    def seen(self, version: int) -> tuple[Layer, ...]:
        """All layers in the order of their ids, as a version sees them."""
        if version in self._seen:
            return self._seen[version]
        entries = {entry.layer: entry for entry in self.versions[version].stack}
        before = self._on_the_way(version)
        self._seen[version] = layers = tuple(
            replace(
                self.revisions[layer, entries[layer].revision if layer in entries else revision],
                visible=layer in entries and entries[layer].visible,
                dropped=layer in before and layer not in entries,
            )
            for layer, revision in self.latest.items()
        )
        return layers

    def _on_the_way(self, version: int) -> frozenset[int]:
        """The layers of all stacks on the way from the base picture to a version: nothing but dropping takes
        one out of them again. Kept from state to state, since no version ever changes.
        """
        been: frozenset[int] = frozenset()
        way: list[int] = []
        for number in path_up(self.parents, version):
            if (known := self._been.get(number)) is not None:
                been = known
                break
            way.append(number)
        for number in reversed(way):
            there = {entry.layer for entry in self.versions[number].stack}
            self._been[number] = been = been if there <= been else been | there
        return been


def read_state(db: Database) -> State:
    """Read the state, within one transaction.

    Raises ``SessionError`` where the records do not hang together, as in a file that was damaged or made by
    somebody else: everything that walks the versions relies on them.
    """
    rows = db.scalars(select(VersionRow).order_by(VersionRow.number)).all()
    layers = [layer_of(row) for row in db.scalars(select(LayerRow))]
    session = db.get_one(SessionRow, 0)
    state = State(
        session.head,
        tuple(_version(row) for row in rows),
        tuple(row.redo for row in rows),
        {(layer.id, layer.revision): layer for layer in layers},
    )
    if (wrong := _wrong(state, (session.width, session.height))) is not None:
        raise SessionError(f"The session's records are damaged: {wrong}.")
    return state


def _wrong(state: State, size: tuple[int, int]) -> str | None:
    """What does not hang together in a state, in a few words."""
    count, latest = len(state.versions), state.latest
    if not (0 <= state.head < count):
        return "the current version is missing"
    for number, version in enumerate(state.versions):
        # A version is made after its parent, so nothing comes back to itself.
        parent = version.parent
        if version.number != number or (parent is None) != (number == 0) or (parent or 0) >= max(number, 1):
            return f"version {number} does not come after its parent"
        redo = state.redo[number]
        if redo is not None and not (number < redo < count and state.versions[redo].parent == number):
            return f"version {number} leads forward to none of its own"
        if any(type(layer) is not int or layer not in latest for layer in version.changed):
            return f"version {number} changed layers that are not there"
        keys = [(entry.layer, entry.revision) for entry in version.stack]
        if len({layer for layer, _ in keys}) < len(keys) or any(key not in state.revisions for key in keys):
            return f"version {number} has layers that are not there"
        if any(state.revisions[key].version > number for key in keys):
            return f"version {number} has layers that came after it"
    for (layer, revision), made in state.revisions.items():
        numbers = (layer, revision, made.version, *made.box)
        whole_numbers = all(type(number) is int for number in numbers)
        if not (whole_numbers and isinstance(made.request, Mapping) and made.kind in _KINDS):
            return f"layer {layer} is not what was written"
        box, whole = made.box, 0 <= made.box.x0 <= made.box.x1 <= size[0]
        if not (whole and 0 <= box.y0 <= box.y1 <= size[1] and 0 < made.version < count):
            return f"layer {layer} lies outside the picture"
        if not (is_digest(made.mask) and is_digest(made.patch)):
            return f"the pictures of layer {layer} have no names"
    return None


def _line(text: str) -> str:
    """Words as people and models say them: one line of bounded length, whatever a file holds."""
    return " ".join(_shortened(text, _LONGEST).split())


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _version(row: VersionRow) -> Version:
    return Version(
        row.number,
        row.parent,
        tuple(StackEntry(layer, revision, visible) for layer, revision, visible in row.stack),
        tuple(row.changed),
        _line(row.sentence),
        row.created,
    )


def layer_of(row: LayerRow) -> Layer:
    """One layer revision, not visible, from its row."""
    return Layer(
        row.layer, row.revision, _line(row.target), _line(row.prompt), row.kind, row.mask,
        Box(row.x0, row.y0, row.x1, row.y1), row.patch, row.request, row.area, row.version,
        visible=False, created=row.created,
    )  # fmt: skip


def turn_of(row: TurnRow) -> Turn:
    """One exchange of the conversation, from its row."""
    plan = row.plan if isinstance(row.plan, Mapping) else {}  # in a file that was damaged
    return Turn(
        row.number, _line(row.sentence), _shortened(row.reply, _REPLY), plan, row.version, row.created
    )
