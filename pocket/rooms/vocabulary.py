"""The words of the drawn rooms: kinds, colours, materials, and which go together.

Plain data, no drawing. The order of KINDS, COLOURS and MATERIALS is part of the contract: trained models
refer to classes by their place in these lists, so append, never reorder.

A thing's look is (colour, material). Both may be None:
* colour None: the material brings its own colour (oak, brass …) or the kind has a fixed one (television);
* material None: the kind has only one surface (plant, cat, picture …).
"""

from __future__ import annotations

from typing import Final

KINDS: Final[tuple[str, ...]] = (
    "floor",
    "wall",
    "sofa",
    "armchair",
    "chair",
    "ottoman",
    "coffee table",
    "dining table",
    "side table",
    "bed",
    "bookshelf",
    "cabinet",
    "floor lamp",
    "table lamp",
    "rug",
    "plant",
    "picture",
    "mirror",
    "clock",
    "window",
    "curtain",
    "cushion",
    "vase",
    "cat",
    "dog",
    "television",
    "basket",
)

COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (198, 38, 38),
    "orange": (236, 124, 28),
    "yellow": (244, 208, 60),
    "green": (88, 168, 68),
    "dark green": (24, 78, 46),
    "teal": (22, 140, 140),
    "light blue": (150, 200, 236),
    "blue": (42, 92, 206),
    "navy": (28, 34, 86),
    "purple": (126, 58, 168),
    "pink": (242, 148, 182),
    "brown": (116, 70, 38),
    "beige": (216, 190, 148),
    "white": (244, 242, 238),
    "grey": (134, 134, 136),
    "black": (34, 33, 34),
}
"""sRGB centres, 0 to 255. A drawn thing deviates from its centre by at most 8 a channel before shading."""

MATERIALS: Final[tuple[str, ...]] = (
    "leather",
    "velvet",
    "linen",
    "wool",
    "striped",
    "checked",
    "painted",
    "ceramic",
    "oak",
    "walnut",
    "marble",
    "brass",
    "black metal",
    "glass",
    "rattan",
    "brick",
    "tile",
    "concrete",
)

OWN_COLOUR: Final[dict[str, tuple[int, int, int]]] = {
    "oak": (206, 164, 108),
    "walnut": (104, 66, 42),
    "marble": (232, 230, 228),
    "brass": (206, 164, 72),
    "black metal": (42, 42, 46),
    "glass": (190, 218, 220),
    "rattan": (198, 152, 90),
    "brick": (168, 84, 62),
    "concrete": (158, 156, 152),
}
"""Materials that bring their own colour (sRGB, about the mean drawn); the colour is None."""

_FABRIC: Final = ("leather", "velvet", "linen", "wool", "striped", "checked")
_HARD: Final = ("painted", "oak", "walnut")
_LAMP: Final = ("linen", "striped", "brass", "black metal", "rattan")

KIND_MATERIALS: Final[dict[str, tuple[str, ...]]] = {
    "floor": ("oak", "walnut", "tile", "marble", "concrete", "wool", "checked"),
    "wall": ("painted", "striped", "brick", "tile", "concrete"),
    "sofa": _FABRIC,
    "armchair": (*_FABRIC, "rattan"),
    "chair": (*_HARD, "black metal", "rattan"),
    "ottoman": (*_FABRIC, "rattan"),
    "coffee table": (*_HARD, "marble", "glass", "brass", "black metal", "rattan"),
    "dining table": (*_HARD, "marble", "glass", "black metal"),
    "side table": (*_HARD, "marble", "brass", "black metal", "rattan"),
    "bed": ("linen", "velvet", "wool", "striped", "checked"),
    "bookshelf": (*_HARD, "black metal"),
    "cabinet": (*_HARD, "rattan", "marble", "black metal"),
    "floor lamp": _LAMP,
    "table lamp": _LAMP,
    "rug": ("wool", "linen", "striped", "checked", "rattan"),
    "plant": (),
    "picture": (),
    "mirror": ("painted", "oak", "walnut", "brass", "black metal"),
    "clock": ("painted", "oak", "walnut", "brass", "black metal", "marble"),
    "window": ("painted",),
    "curtain": ("linen", "velvet", "striped", "checked"),
    "cushion": _FABRIC,
    "vase": ("ceramic", "glass", "brass", "marble", "striped", "rattan"),
    "cat": (),
    "dog": (),
    "television": (),
    "basket": ("rattan", "wool", "leather"),
}
"""Materials that a kind can have; empty: the kind has one surface of its own and its material is None."""

_ALL: Final = tuple(COLOURS)
KIND_COLOURS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(KINDS, _ALL),
    "cat": ("orange", "brown", "beige", "white", "grey", "black"),
    "dog": ("orange", "brown", "beige", "white", "grey", "black"),
    "window": ("white", "black", "brown", "grey", "dark green"),
    "television": (),
}
"""Colours that a kind can have where its material does not bring its own; empty: always None."""

WALL_KINDS: Final[frozenset[str]] = frozenset({"picture", "mirror", "clock", "window", "curtain"})
"""Kinds that hang on a wall."""

TABLETOP_KINDS: Final[frozenset[str]] = frozenset({"table lamp", "vase"})
"""Kinds that stand on another thing."""

PLURAL_KINDS: Final[frozenset[str]] = frozenset({"curtain"})
"""Kinds of which one thing is a pair and is spoken of in the plural."""

MATERIAL_WORDS: Final[dict[str, str]] = {"painted": "", "tile": "tiled"}
"""The word in a phrase where it is not the material's own name; empty: the material is not spoken."""


def has_own_colour(material: str | None) -> bool:
    """Whether the material brings its own colour, so that a thing of it has colour None."""
    return material in OWN_COLOUR


def check_look(kind: str, colour: str | None, material: str | None) -> None:
    """Raise ValueError with one sentence if no thing of this kind can look so."""
    if kind not in KIND_MATERIALS:
        raise ValueError(f"There is no kind of thing called {kind!r}; there are: {', '.join(KINDS)}.")
    materials, colours = KIND_MATERIALS[kind], KIND_COLOURS[kind]
    if (material not in materials) if materials else (material is not None):
        raise ValueError(f"A {kind} cannot be of {material!r}; it can be: {', '.join(materials) or 'None'}.")
    if has_own_colour(material) or not colours:
        if colour is not None:
            raise ValueError(f"A {kind} of {material!r} has a colour of its own; its colour must be None.")
    elif colour not in colours:
        raise ValueError(f"A {kind} cannot be {colour!r}; it can be: {', '.join(colours)}.")
