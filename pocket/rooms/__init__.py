"""Drawn rooms: a procedural generator of room pictures with exact masks, true edits and expressions."""

from pocket.rooms.edits import add, remove, replace, restyle
from pocket.rooms.expressions import (
    Absent,
    Expression,
    absent_phrases,
    expressions,
    phrase,
    use_texts,
    view_of,
)
from pocket.rooms.judge import nearest_colour
from pocket.rooms.model import FLOOR, FULL_ASPECT, WALL, Camera, Scene, Thing
from pocket.rooms.render import Rendered, colour_of, mask, outline, render, visible
from pocket.rooms.scene import make_scene, pick_look
from pocket.rooms.vocabulary import (
    COLOURS,
    KIND_COLOURS,
    KIND_MATERIALS,
    KINDS,
    MATERIALS,
    OWN_COLOUR,
    PLURAL_KINDS,
    TABLETOP_KINDS,
    WALL_KINDS,
    check_look,
    has_own_colour,
)
from pocket.rooms.words import GENERIC, SYNONYMS, USES, USES_HELD_OUT, free_uses

__all__ = [
    "COLOURS",
    "FLOOR",
    "FULL_ASPECT",
    "GENERIC",
    "KINDS",
    "KIND_COLOURS",
    "KIND_MATERIALS",
    "MATERIALS",
    "OWN_COLOUR",
    "PLURAL_KINDS",
    "SYNONYMS",
    "TABLETOP_KINDS",
    "USES",
    "USES_HELD_OUT",
    "WALL",
    "WALL_KINDS",
    "Absent",
    "Camera",
    "Expression",
    "Rendered",
    "Scene",
    "Thing",
    "absent_phrases",
    "add",
    "check_look",
    "colour_of",
    "expressions",
    "free_uses",
    "has_own_colour",
    "make_scene",
    "mask",
    "nearest_colour",
    "outline",
    "phrase",
    "pick_look",
    "remove",
    "render",
    "replace",
    "restyle",
    "use_texts",
    "view_of",
    "visible",
]
