"""Nouns by which people call the kinds of things that a map of a drawn room knows, and what names no kind.

A map knows a handful of kinds, a person thousands of words. Those below mean one of the kinds; a phrase whose
noun is none of them speaks of something that a drawn room never shows ("the harp"), unless it says by what it
is like or what it is for ("the round thing", "something to sit on").
"""

from __future__ import annotations

import re
from typing import Final

NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "floor": (
        "ground", "flooring", "floorboard", "floor board", "parquet", "floor tile", "laminate", "linoleum",
        "planks", "tiling",
    ),
    "wall": ("wallpaper", "plaster", "brickwork", "wall paint", "wall paper", "wall tile", "panelling"),
    "sofa": (
        "couch", "settee", "loveseat", "love seat", "divan", "davenport", "chesterfield", "futon", "daybed",
        "chaise", "chaise longue",
    ),
    "armchair": (
        "recliner", "easy chair", "lounge chair", "arm chair", "club chair", "fauteuil", "wing chair",
        "wingback", "comfy chair", "rocking chair",
    ),
    "chair": ("dining chair", "side chair", "kitchen chair", "desk chair", "wooden seat"),
    "ottoman": ("pouf", "pouffe", "footstool", "foot stool", "footrest", "foot rest", "hassock", "tuffet"),
    "coffee table": ("cocktail table", "sofa table", "low table", "tea table"),
    "dining table": ("dinner table", "kitchen table"),
    "side table": (
        "end table", "nightstand", "night stand", "bedside table", "night table", "bedstand", "lamp table",
    ),
    "bed": (
        "double bed", "mattress", "bedspread", "bedding", "duvet", "quilt", "bedclothes", "king-size bed",
        "bedstead", "blanket", "bedcover", "bed cover", "comforter", "coverlet", "eiderdown",
    ),
    "bookshelf": (
        "bookcase", "book shelf", "shelf", "shelves", "shelving", "shelving unit", "book rack", "bookrack",
        "library",
    ),
    "cabinet": (
        "sideboard", "cupboard", "dresser", "chest of drawers", "chest", "commode", "credenza", "buffet",
        "console", "tv stand", "media unit", "bureau", "wardrobe", "closet", "locker", "hutch",
    ),
    "floor lamp": (
        "standing lamp", "standard lamp", "tall lamp", "torchiere", "torchere", "uplighter", "reading lamp",
    ),
    "table lamp": ("desk lamp", "bedside lamp", "reading lamp", "night light"),
    "rug": ("carpet", "mat", "area rug", "runner", "kilim", "carpeting"),
    "plant": (
        "house plant", "houseplant", "potted plant", "pot plant", "greenery", "fern", "palm", "palm tree",
        "tree", "shrub", "bush", "leaf", "leaves", "foliage", "ficus", "cactus", "succulent", "monstera",
        "rubber plant", "agave", "aloe", "yucca",
    ),
    "picture": (
        "painting", "artwork", "art", "wall art", "poster", "photo", "photograph", "print", "drawing",
        "canvas", "portrait", "landscape", "framed picture", "image",
    ),
    "mirror": ("looking glass", "looking-glass", "wall mirror"),
    "clock": ("wall clock", "timepiece", "watch", "dial"),
    "window": (
        "window pane", "windowpane", "pane", "glass window", "casement", "skylight",
    ),
    "curtain": (
        "drape", "drapes", "drapery", "draperies", "blind", "window curtain", "net curtain", "hangings",
    ),
    "cushion": ("pillow", "throw pillow", "scatter cushion", "bolster"),
    "vase": ("flower vase", "jar", "urn", "pitcher", "jug", "amphora"),
    "cat": ("kitty", "kitten", "pussycat", "pussy", "feline", "tomcat", "tabby", "moggy"),
    "dog": ("puppy", "doggy", "doggie", "pup", "hound", "canine", "pooch", "terrier", "spaniel", "mutt"),
    "television": (
        "tv", "telly", "tv set", "television set", "flat screen", "flatscreen", "screen", "tv screen",
        "monitor",
    ),
    "basket": ("hamper", "storage basket", "laundry basket", "wicker basket", "bin", "container"),
}  # fmt: skip
"""Nouns for one kind, by its name."""

WIDE: Final[dict[str, tuple[str, ...]]] = {
    "lamp": ("floor lamp", "table lamp"),
    "light": ("floor lamp", "table lamp"),
    "table": ("coffee table", "dining table", "side table"),
    "desk": ("dining table",),
    "wall hanging": ("picture", "mirror", "clock"),
    "pet": ("cat", "dog"),
    "animal": ("cat", "dog"),
    "seat": ("chair", "armchair", "sofa", "ottoman"),
    "stool": ("ottoman", "chair"),
}
"""Nouns for any of several kinds."""

_VAGUE: Final = frozenset((
    "thing", "things", "one", "ones", "object", "objects", "item", "items", "stuff", "something", "anything",
    "everything", "furniture", "piece", "place", "spot", "part", "bit", "area", "side", "half", "corner",
    "edge", "end", "middle", "centre", "center", "top", "bottom", "front", "back", "background",
    "foreground", "surface", "space", "room", "colour", "color", "pattern", "fabric", "material", "wood",
    "leather", "metal", "cloth", "decoration", "ornament", "accessory", "device", "gadget", "creature",
    "friend", "companion", "fellow", "guy", "shape", "unit", "it", "them", "that", "this",
    "headboard", "drawer", "drawers", "frame", "sill", "windowsill", "lampshade", "shade", "armrest",
    "backrest", "leg", "legs", "foot", "feet", "handle", "pot", "flowerpot", "books", "flower", "flowers",
    "bouquet", "tabletop", "stem", "pole", "base",
))  # fmt: skip
"""Nouns that say nothing, or what a thing is made of, or that name a part of one: LISA judges those."""

ASKS: Final = re.compile(r"^(?:what|who|whose|where|how|why|when|if)(?:ever)?\b", re.I)
"""How a phrase begins that says what a thing is for instead of naming it."""
_ASKS: Final = re.compile(rf"{ASKS.pattern}|^(?:which|some\w+|any\w+)\b|\?$", re.I)
_CLAUSE: Final = re.compile(
    r"\b(?:that|which|who|whose|where|to|for|you|we|I|they|one|people(?!\W*$)|someone|is|are|can|could|would|has|have"
    r"|used)\b",
    re.I,
)
_ARTICLE: Final = re.compile(
    r"^(?:the|an?|my|our|your|his|her|their|this|that|these|those|all|both|every|each|some|of)\s+", re.I
)


def is_plain_name(phrase: str, noun: str) -> bool:
    """Whether a phrase only names a thing by its ``noun`` ("harp", "old gramophone"), so that nothing else in
    it could say what is meant.
    """
    if _ASKS.search(phrase.strip()):
        return False
    text = noun.strip(" .!\"'")
    while (shorter := _ARTICLE.sub("", text)) != text:
        text = shorter
    words = re.findall(r"[^\W\d_][\w'-]*", text)
    if not words or len(words) > 4 or _CLAUSE.search(text):
        return False
    return words[-1].lower() not in _VAGUE
