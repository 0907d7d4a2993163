"""What a further look makes of the one that a thing has, and which thing a further sentence means."""

from __future__ import annotations

import pytest

from agent.planner.context import Context, LayerView
from agent.planner.resolve.layers import layer_named
from agent.planner.resolve.wording import revised


@pytest.mark.parametrize(
    ("before", "look", "after"),
    [
        ("a white marble table", "light oak", "a light oak table"),
        ("a black table", "walnut", "a walnut table"),
        ("a red sofa", "leather", "a red leather sofa"),
        ("a zinc bucket", "copper", "a copper bucket"),
        ("a gravel path", "bark", "a bark path"),
        ("a terracotta pot", "real clay, not terracotta", "a real clay pot"),
        ("a matte black vase", "satin, not matte", "a black satin vase"),
        ("a huge plant", "a bit smaller", "a large plant"),
        ("a large lamp", "small", "a small lamp"),
        ("a wall with a beige stripe", "with a green stripe", "a wall with a green stripe"),
        ("a wall with a green stripe", "with a wider stripe", "a wall with a wide green stripe"),
        ("a table with white feet and with a drawer", "without the feet", "a table with a drawer"),
        (
            "a desk",
            "walnut with a thin brass line along the top",
            "a walnut desk with a thin brass line along the top",
        ),
    ],
)
def test_a_further_look_takes_the_place_of_one_of_its_sort(before: str, look: str, after: str) -> None:
    assert revised(before, look) == after


def _layers(*things: tuple[str, str]) -> Context:
    layers = tuple(
        LayerView(at, target, prompt, "add" if target.startswith(("on ", "by ")) else "restyle")
        for at, (target, prompt) in enumerate(things)
    )
    return Context(layers=layers)


@pytest.mark.parametrize(
    ("named", "number"),
    [
        ("the biggest pot", 0),
        ("the smallest pot", None),
        ("the pot", 0),
        ("the small vase", None),
        ("the right vase", 1),
        ("the lantern on the step", 2),
        ("the lantern on the wall", 3),
        ("the lantern on the table", None),
    ],
)
def test_size_and_place_tell_one_thing_from_another(named: str, number: int | None) -> None:
    context = _layers(
        ("the biggest pot", "a blue pot"),
        ("the right vase", "a red vase"),
        ("on the step", "a lantern"),
        ("on the wall", "a lantern"),
    )
    found = layer_named(named, context)
    assert (found.id if found else None) == number
