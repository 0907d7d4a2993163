"""How changes alter a stack of layers: pure policy, without pixels and without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sessions.errors import SessionError
from sessions.model import Changes, NewLayer, Stack, StackEntry


@dataclass(frozen=True, eq=False)
class Altered:
    """A stack after changes.

    ``changed`` are the ids that were touched, in order and each once; ``pending`` the new content by (layer,
    revision).
    """

    stack: Stack
    changed: tuple[int, ...]
    pending: Mapping[tuple[int, int], NewLayer]


def alter(
    stack: Stack,
    changes: Changes,
    revisions: Mapping[int, int],
    over: Mapping[int, Sequence[int]] = MappingProxyType({}),
) -> Altered:
    """Apply changes to a stack.

    ``revisions`` holds the latest revision of every layer of the session, in this stack or not. A new layer
    goes on top, or directly beneath the one that it names. A layer that is revised stays in its place and
    shows; one that is not in the stack (it was undone, or belongs to another branch) comes in by the order of
    the ids, but beneath those that ``over`` names for it: the older ones that it was made beneath. Raises
    ``SessionError`` for a layer that does not exist, for hiding what is hidden, for showing what shows, and
    for dropping or moving what the stack does not have.
    """
    latest = dict(revisions)
    entries = {entry.layer: entry for entry in stack}
    order = [entry.layer for entry in stack]
    changed: dict[int, None] = {}
    pending: dict[tuple[int, int], NewLayer] = {}

    def put(layer: int, revision: int, visible: bool, under: int | None = None) -> None:
        if layer not in entries:
            place = next((i for i, other in enumerate(order) if other > layer), len(order))
            under_it = [i + 1 for i, other in enumerate(order) if layer in over.get(other, ())]
            over_it = [i for i, other in enumerate(order) if other == under or other in over.get(layer, ())]
            order.insert(min([max([place, *under_it]), *over_it]), layer)
        entries[layer] = StackEntry(layer, revision, visible)
        changed[layer] = None

    def shown(layer: int) -> bool:
        _require(layer, latest)
        return layer in entries and entries[layer].visible

    def require_here(layer: int) -> None:
        _require(layer, latest)
        if layer not in entries:
            raise SessionError(f"Layer {layer} is not in this version.")

    for layer in changes.drop:
        require_here(layer)
        order.remove(layer)
        del entries[layer]
        changed[layer] = None
    for layer in changes.hide:
        if not shown(layer):
            raise SessionError(f"Layer {layer} is already hidden.")
        put(layer, entries[layer].revision, visible=False)
    for layer in changes.show:
        if shown(layer):
            raise SessionError(f"Layer {layer} is already visible.")
        put(layer, entries[layer].revision if layer in entries else latest[layer], visible=True)
    for new in changes.layers:
        if new.layer is None:
            layer, revision = max(latest, default=-1) + 1, 0
        else:
            _require(new.layer, latest)
            layer, revision = new.layer, latest[new.layer] + 1
        latest[layer] = revision
        pending[layer, revision] = new
        put(layer, revision, visible=True, under=new.under)
    for layer, above_it in changes.moves:
        require_here(layer)
        if above_it == layer:
            continue
        if above_it is not None:
            require_here(above_it)
        before = list(order)
        order.remove(layer)
        order.insert(len(order) if above_it is None else order.index(above_it), layer)
        if order != before:
            changed[layer] = None
    return Altered(tuple(entries[layer] for layer in order), tuple(changed), pending)


def beneath(stack: Stack, layer: int) -> Stack:
    """The part of the stack under a layer; under the place it would take, if the stack does not have it."""
    for i, entry in enumerate(stack):
        if entry.layer == layer:
            return stack[:i]
    return tuple(entry for entry in stack if entry.layer < layer)


def above(stack: Stack, layer: int) -> Stack:
    """The part of the stack over a layer; over the place it would take, if the stack does not have it."""
    for i, entry in enumerate(stack):
        if entry.layer == layer:
            return stack[i + 1 :]
    return tuple(entry for entry in stack if entry.layer > layer)


def path_up(parents: Sequence[int | None], version: int) -> list[int]:
    """The way from a version to the base, both included; ``parents`` by version number."""
    path = [version]
    while (parent := parents[path[-1]]) is not None:
        path.append(parent)
    return path


def _require(layer: int, layers: Mapping[int, int]) -> None:
    if layer not in layers:
        there = {0: "there are no layers yet", 1: "the only layer is 0"}.get(
            len(layers), f"the layers are 0 to {len(layers) - 1}"
        )
        raise SessionError(f"There is no layer {layer}: {there}.")
