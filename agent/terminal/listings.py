"""Versions, layers and seconds as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent.safe_text import one_line
from agent.turn import phrases

if TYPE_CHECKING:
    from sessions import Layer, Version


def timing(seconds: Mapping[str, float]) -> str:
    """Where the time went, in words: "2.1 s (planning 0.1, finding 0.6, painting 1.4)"; "" when unknown."""
    if "total" not in seconds:
        return ""
    names = {"plan": "planning", "locate": "finding", "paint": "painting"}
    parts = [f"{name} {seconds[key]:.1f}" for key, name in names.items() if seconds.get(key, 0.0) >= 0.05]
    return f"{seconds['total']:.1f} s" + (f" ({', '.join(parts)})" if parts else "")


def history(
    versions: Sequence[Version], head: int, marks: Mapping[str, int] = MappingProxyType({})
) -> list[str]:
    """The tree of versions, one line each, the head marked with ``*``, and with the names in ``marks``.

    A line of versions stays at one indentation, however long it is; a branch that was left is indented
    under the version that it left. The way to the head counts as the trunk, then that of the latest version.
    """
    children: dict[int, list[int]] = {}
    for version in versions:
        if version.parent is not None:
            children.setdefault(version.parent, []).append(version.number)
    trunk = {head}
    above = versions[head].parent
    while above is not None:
        trunk.add(above)
        above = versions[above].parent
    width = len(str(len(versions) - 1))
    return [
        f"{'*' if number == head else ' '} {guide}{number:>{width}}  {_sentence(versions[number])}"
        f"{_names(number, marks)}"
        for number, guide in _walk(children, trunk)
    ]


def _names(number: int, marks: Mapping[str, int]) -> str:
    named = [f"“{one_line(name)}”" for name, version in marks.items() if version == number]
    return f"  {', '.join(named)}" if named else ""


def _walk(children: Mapping[int, Sequence[int]], trunk: set[int]) -> Iterator[tuple[int, str]]:
    """Every version with the guide before it, those of side branches before the rest of their trunk."""
    waiting: list[tuple[int, int, bool]] = [(0, 0, False)]  # number, depth, whether a branch starts here
    while waiting:
        number, depth, starts = waiting.pop()
        yield number, "│  " * (depth - 1) + ("├─ " if starts else "│  ") if depth else ""
        following = children.get(number, ())
        if not following:
            continue
        main = next((child for child in following if child in trunk), following[-1])
        waiting.append((main, depth, False))
        waiting += [(child, depth + 1, True) for child in reversed(following) if child != main]


def _sentence(version: Version) -> str:
    return one_line(version.sentence) if version.number else "the base picture"


def layer_rows(layers: Sequence[Layer]) -> list[tuple[str, ...]]:
    """The layers as rows of a table: number, what it does, shown or hidden, share of the picture."""
    return [
        (
            str(layer.id),
            one_line(phrases.edit(layer)),
            layer.kind,
            "shown" if layer.visible else "dropped" if layer.dropped else "hidden",
            f"{layer.area:.1%}",
        )
        for layer in layers
    ]
