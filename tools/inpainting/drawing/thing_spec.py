"""From words to a thing that can be drawn: its kind, colour, material and size. No pictures here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.random import PCG64, Generator

from pocket.rooms.furniture import SIZES
from pocket.rooms.vocabulary import COLOURS, KIND_COLOURS, KIND_MATERIALS, KINDS, has_own_colour
from pocket.rooms.words import SYNONYMS
from tools.errors import EngineError
from tools.language.colours import to_rgb, value_of
from tools.language.lexicon import word_set
from tools.language.looks import MATERIALS, PATTERNS, read_look

_MORE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "floor lamp": ("lamp", "light", "reading lamp"),
    "coffee table": ("table",),
    "ottoman": ("stool", "foot stool", "pouffe", "hocker"),
    "sofa": ("love seat", "three-seater", "two-seater"),
    "armchair": ("recliner", "wing chair", "club chair", "reading chair"),
    "cabinet": ("commode", "credenza", "chest", "cupboards"),
    "bookshelf": ("shelf", "book case", "bookshelves", "book rack"),
    "plant": ("houseplant", "ficus", "monstera", "palm", "palm tree", "fern", "yucca", "rubber plant"),
    "picture": ("canvas", "print", "photo", "photograph", "art print", "drawing"),
    "cushion": ("throw cushion", "sofa cushion"),
    "rug": ("round rug", "runner"),
    "vase": ("flowers", "bouquet"),
    "cat": ("tomcat",),
    "television": ("flat screen", "tv screen"),
}
"""Names beside those that the rooms are spoken of with."""

_MATERIALS: Final[dict[str, str]] = {
    **dict.fromkeys(("leather", "leatherette"), "leather"),
    **dict.fromkeys(("velvet", "velvety", "velour"), "velvet"),
    **dict.fromkeys(("linen", "cotton", "fabric", "cloth", "textile"), "linen"),
    **dict.fromkeys(("wool", "woollen", "woolen", "knitted", "fleece"), "wool"),
    **dict.fromkeys(("oak", "wood", "wooden", "timber", "pine", "birch", "beech", "ash", "maple"), "oak"),
    **dict.fromkeys(("walnut", "mahogany", "teak", "rosewood"), "walnut"),
    **dict.fromkeys(("rattan", "wicker", "cane", "basketwork", "seagrass", "jute"), "rattan"),
    **dict.fromkeys(("metal", "metallic", "iron", "steel"), "black metal"),
    **dict.fromkeys(("brass",), "brass"),
    **dict.fromkeys(("marble",), "marble"),
    **dict.fromkeys(("glass", "crystal"), "glass"),
    **dict.fromkeys(("ceramic", "porcelain", "stoneware", "earthenware"), "ceramic"),
}
"""The surface that a word for a material is drawn with."""

_PATTERNS: Final = {
    **dict.fromkeys(("striped", "stripes", "stripy"), "striped"),
    **dict.fromkeys(("checked", "checkered", "chequered", "plaid", "gingham", "tartan"), "checked"),
}

_USUAL: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("sofa", "armchair", "ottoman", "cushion"), ("linen", "velvet")),
    **dict.fromkeys(("bed", "curtain", "floor lamp", "table lamp"), ("linen",)),
    **dict.fromkeys(
        ("chair", "coffee table", "dining table", "side table", "bookshelf", "cabinet"), ("oak", "walnut")
    ),
    **dict.fromkeys(("mirror", "clock"), ("oak", "walnut", "black metal")),
    "rug": ("wool",),
    "window": ("painted",),
    "vase": ("ceramic",),
    "basket": ("rattan",),
}
"""What a thing is made of where nothing is said."""

_USUAL_COLOURS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("sofa", "armchair", "ottoman"), ("navy", "teal", "dark green", "grey", "orange")),
    "bed": ("light blue", "beige", "grey", "teal"),
    "plant": ("green", "dark green"),
    "window": ("white",),
    "cat": ("orange", "grey", "black", "brown"),
    "dog": ("brown", "beige", "black", "orange"),
}
_ANY_COLOUR: Final = ("navy", "teal", "orange", "purple", "dark green")

_LARGE: Final = re.compile(r"\b(?:big|large|huge|tall|wide|giant|enormous|bigger|larger|taller)\b")
_LARGE_NOT_TALL: Final = re.compile(_LARGE.pattern.replace("tall|", "").replace("|taller", ""))
_HIGH, _TALLER = 1.4, 1.4
"""Nothing is drawn tall whose kind is lower than the first, metres, unless its heights are so far apart."""
_SMALL: Final = re.compile(r"\b(?:small|little|tiny|mini|short|low|smaller)\b")
_ROUND: Final = re.compile(r"\b(?:round|circular|disc shaped)\b")
_ANGULAR: Final = re.compile(r"\b(?:square|rectangular|oblong)\b")
_NO_FORM: Final = re.compile(
    r"\b(?:oval|elliptical|hexagonal|octagonal|triangular|arched|half moon|corner|sectional|four poster|bunk"
    r"|(?:heart|star|kidney|l|u|egg|pear) shaped)\b"
)
_ROUND_SEEDS: Final[dict[str, Callable[[Generator], bool]]] = {
    "mirror": lambda rng: rng.random() < 0.4,
    "rug": lambda rng: rng.random() < 0.3,
    "ottoman": lambda rng: rng.random() < 0.5,
    "side table": lambda rng: rng.random() < 0.45,
    "coffee table": lambda rng: int(rng.integers(3)) == 1,
}
"""With which seeds ``pocket.rooms.furniture`` makes a thing round: it draws the form first."""
_LIES: Final = re.compile(r"\b(?:lying|laying|lies|resting|sleeping|asleep|sleepy|napping|curled)\b")
_ASLEEP: Final = re.compile(r"\b(?:sleeping|asleep|sleepy|napping)\b")
_SITS: Final = re.compile(r"\b(?:sitting|sits|seated)\b")
_STANDS: Final = re.compile(r"\b(?:standing|stands|walking)\b")
_POSES: Final[dict[str, tuple[tuple[re.Pattern[str], Callable[[Generator], bool]], ...]]] = {
    "cat": (
        (_LIES, lambda rng: rng.random(2)[1] >= 0.5),
        (_SITS, lambda rng: rng.random(2)[1] < 0.5),
    ),
    "dog": ((_SITS, lambda rng: rng.random() >= 0.6), (_STANDS, lambda rng: rng.random() < 0.6)),
}
"""The poses that animals have, and with which seeds ``pocket.rooms.furniture`` makes them."""
_ALWAYS_ROUND: Final = frozenset(("clock", "vase", "basket", "plant", "floor lamp", "table lamp"))

_SEVERAL: Final = re.compile(
    r"\b(?:two|three|four|five|six|several|some more|many|a few|a couple of|both|[2-9])\b"
)
_HEAD: Final = re.compile(
    r"\b(?:with|on|in|and|that|which|full|next|by|above|under|behind|near|made)\b|,|\bof\b(?! drawers)"
)


_HOLDER: Final = re.compile(
    r"(?P<holder>(?:.* )?(?:vase|bowl|basket|stack|pile|cup|mug|pot|jar|jug|urn|bottle|box|crate|tray"
    r"|plate|bucket|picture|painting|poster|print|photo|photograph|canvas|drawing))"
    r" (?:full of|filled with|of|(?P<with>with)) (?P<content>.+)",
    re.IGNORECASE,
)
_CUT_FLOWERS: Final = re.compile(
    r"(?:an? |some |the )?(?:bunch of |bouquet of )?(?P<content>(?:.* )?(?:flowers|bouquet|roses|tulips))",
    re.IGNORECASE,
)
_CONTENTS: Final = word_set("""
    flowers flower roses rose tulips lilies daisies sunflowers peonies blossoms bouquet branches grasses
    fruit fruits apples oranges lemons logs firewood books toys blankets coffee tea water wine
""")
"""What a thing is plainly said to hold by "with", which else tells how it looks."""


_AS_DRAWN: Final = word_set("""
    that is up down
    cosy cozy comfy comfortable modern contemporary simple minimalist minimalistic plain new newer framed
    potted leafy lush standing hanging set pair double real cute friendly healthy empty clean matching
    fitting another identical other more one two three four suitable proper extra normal regular standard
    usual single sturdy solid lit spare freestanding wall desk
""")
"""Words that what is drawn does not belie."""

_ALIKE: Final = word_set("ficus monstera palm fern yucca recliner poodle")
"""Names of things that are drawn like any other of their kind."""


@dataclass(frozen=True)
class ThingSpec:
    """A thing to draw: see ``pocket.rooms.model.Thing``. ``colour`` may be "#rrggbb"; ``size`` (width,
    height, depth) is in metres. ``name`` is how the words call it.
    """

    kind: str
    name: str
    colour: str | None
    material: str | None
    size: tuple[float, float, float]
    seed: int
    sized: bool = False
    """Whether the words ask for a size."""


@cache
def _names() -> dict[str, str]:
    """The kind of each name that a thing may be called by."""
    found = {kind: kind for kind in KINDS[2:]}
    for table in (SYNONYMS, _MORE_NAMES):
        for kind, names in table.items():
            if kind in SIZES:
                found |= {name.lower(): kind for name in names if name.lower() not in found}
    return found


def kind_in(words: str, place: str = "") -> tuple[str, str]:
    """The kind of thing that words are about, and their name for it; ("", "") where none can be drawn.

    ``place`` is where it comes, for a lamp that stands on a table.
    """
    text = " ".join(words.lower().replace("-", " ").split())
    head = _HEAD.split(text)[0]
    for part in (head, text):
        ends: dict[tuple[int, int], str] = {}
        for name in _names():
            for match in re.finditer(rf"\b{re.escape(name)}(?:s|es)?\b", part):
                ends[match.end(), len(name)] = name
        if ends:
            last = max(ends)
            if part == head and part[last[0] :].strip():
                return "", ""  # "a sofa bed frame": the thing is what stands last
            name = ends[last]
            kind = _names()[name]
            if name in ("lamp", "light", "reading lamp") and re.search(
                r"\bon (?:top of )?(?:the|a|my)\b(?!.*\b(?:floor|ground|left|right|rug|wall)\b)",
                place.lower(),
            ):
                kind = "table lamp"
            return kind, name
    return "", ""


def without_contents(prompt: str) -> tuple[str, str]:
    """What is drawn where a thing is asked for with what it holds or shows, and what is left out.

    "a vase of flowers" is ("a vase", "flowers"), and so are "flowers", which nobody puts on a bare table; "a
    vase of glass" is as it is, because that is what it is made of, and so is what cannot be drawn.
    """
    found = _HOLDER.fullmatch(prompt.strip())
    if found is not None and kind_in(found["holder"])[0]:
        content = re.sub(r"^(?:an?|the|some) ", "", found["content"])
        last = content.split()[-1].lower()
        is_look = last in MATERIALS or last in PATTERNS - _CONTENTS or value_of(content.lower()) is not None
        if not is_look and (not found["with"] or last in _CONTENTS):
            return found["holder"], content
    elif (flowers := _CUT_FLOWERS.fullmatch(prompt.strip())) is not None:
        return "a vase", flowers["content"]
    return prompt, ""


def unmet(prompt: str, place: str = "") -> list[str]:
    """What a prompt says of a thing and the drawing does not show: of "a sleeping cat" "sleeping"."""
    prompt, _ = without_contents(prompt)
    kind, name = kind_in(prompt, place)
    look = read_look(prompt, f"the {name}")
    sizes, poses = [_LARGE, _SMALL, _ROUND, _ANGULAR], [said for said, _ in _POSES.get(kind, ())]
    if kind in SIZES and SIZES[kind][1][1] < _HIGH and SIZES[kind][1][1] < _TALLER * SIZES[kind][1][0]:
        sizes[0] = _LARGE_NOT_TALL
    if _ASLEEP.search(prompt.lower()):
        poses = []  # it lies, with open eyes
    found = [name.split()[0]] if kind and _ALIKE.intersection(name.split()) else []
    for part in look.rest.split(", "):
        words = [
            word
            for word in part.split()
            if word not in _AS_DRAWN and not any(size.fullmatch(word) for size in (*sizes, *poses))
        ]
        is_frame = bool(re.search(r"\bframe", part)) and (look.colour_words or look.material)
        holds = kind == "bookshelf" and "books" in words
        if words and words != ["with"] and not is_frame and not holds:
            found.append(" ".join(words) if part.split()[0] not in ("with", "that") else part)
    return found if kind else []


def read_spec(prompt: str, place: str, seed: int, shape: int | None = None) -> ThingSpec:
    """What a prompt asks for; ``seed`` decides the look and ``shape`` (None: the seed) the form where nothing
    is said. Raises ``EngineError`` where it cannot be drawn.
    """
    prompt, _ = without_contents(prompt)
    kind, name = kind_in(prompt, place)
    if not kind:
        raise EngineError(f"I cannot draw {prompt or 'that'}: I only know the things of drawn rooms.")
    if kind != "curtain" and _SEVERAL.search(prompt.lower()):
        raise EngineError(f"I draw one thing at a time: ask for each {name} by itself.")
    rng = np.random.default_rng(seed)
    look = read_look(prompt, f"the {name}")
    material = _material(kind, name, f"{look.material} {look.pattern}".lower())
    colour = None
    if look.value is not None:
        words = " ".join(look.colour_words.lower().replace("gray", "grey").split())
        red, green, blue = (int(v) for v in np.clip(np.round(to_rgb(look.value)), 0, 255))
        colour = words if words in COLOURS else f"#{red:02x}{green:02x}{blue:02x}"
    materials = KIND_MATERIALS[kind]
    if materials and material is None:
        usual = _USUAL.get(kind, materials)
        if colour is not None:
            usual = tuple(m for m in (*usual, *materials) if _takes_colour(m))[:1] or usual
        material = usual[int(rng.integers(len(usual)))]
    if has_own_colour(material) and colour is not None and not _is_own(material, look.colour_words):
        # "a white wooden cabinet" is painted, "a red glass vase" glazed.
        plain = [m for m in materials if _takes_colour(m)]
        if not plain:
            raise EngineError(f"I cannot draw a {name} of {material} in that colour.")
        material = plain[0]
    if has_own_colour(material) or not KIND_COLOURS[kind]:
        colour = None
    elif colour is None:
        colours = _USUAL_COLOURS.get(kind, _ANY_COLOUR)
        colour = colours[int(rng.integers(len(colours)))]
    rng = np.random.default_rng(seed if shape is None else shape)
    size, form_seed = _size(kind, prompt, rng), _form_seed(kind, name, prompt, rng)
    return ThingSpec(kind, name, colour, material, size, form_seed, _says_size(prompt))


def with_article(name: str) -> str:
    """A name with its article: "an armchair", "curtains"."""
    if name.endswith("s") and not name.endswith(("ss", "us")):
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _takes_colour(material: str) -> bool:
    return not has_own_colour(material) and material not in ("striped", "checked")


def _is_own(material: str | None, words: str) -> bool:
    """Whether the words for a colour are those of the material itself: black metal, golden brass."""
    own = {
        "black metal": "black", "brass": "gold", "oak": "oak brown", "walnut": "walnut brown",
        "rattan": "natural", "marble": "white",
    }  # fmt: skip
    return any(word and word in own.get(material or "", "").split() for word in words.lower().split())


def _material(kind: str, name: str, words: str) -> str | None:
    """The material that words ask for, None where they ask for none."""
    for word in words.replace("-", " ").split():
        material = _PATTERNS.get(word) or _MATERIALS.get(word)
        if word == "plain":
            continue
        if material == "oak" and "dark" in words.split():
            material = "walnut"
        if material is None or material not in KIND_MATERIALS[kind]:
            raise EngineError(f"I cannot draw a {name} that is {word}: try another material.")
        return material
    return None


def _form_seed(kind: str, name: str, prompt: str, rng: Generator) -> int:
    """The seed of a form that is round or square where the words ask for it. Raises ``EngineError`` for a
    form that the thing is not drawn in.
    """
    head = _HEAD.split(" ".join(prompt.lower().replace("-", " ").split()))[0]
    other, round_, angular = (form.search(head) for form in (_NO_FORM, _ROUND, _ANGULAR))
    is_round = _ROUND_SEEDS.get(kind)
    if (
        other
        or (round_ and not is_round and kind not in _ALWAYS_ROUND)
        or (angular and kind in _ALWAYS_ROUND)
    ):
        word = next(found.group() for found in (other, round_, angular) if found)
        known = " It can be round or square." if is_round else ""
        raise EngineError(f"I cannot draw a {name} that is {word}.{known}")
    seed = int(rng.integers(1 << 30))
    if is_round is not None and (round_ or angular):
        while is_round(Generator(PCG64(seed))) != bool(round_):
            seed = int(rng.integers(1 << 30))
    pose = next((made for said, made in _POSES.get(kind, ()) if said.search(prompt.lower())), None)
    while pose is not None and not pose(Generator(PCG64(seed))):
        seed = int(rng.integers(1 << 30))
    return seed


def _says_size(prompt: str) -> bool:
    return bool(_LARGE.search(prompt.lower()) or _SMALL.search(prompt.lower()))


def _size(kind: str, prompt: str, rng: np.random.Generator) -> tuple[float, float, float]:
    share = 0.35 + 0.3 * float(rng.random())
    if _LARGE.search(prompt.lower()):
        share = 1.0
    elif _SMALL.search(prompt.lower()) and kind not in ("table lamp", "coffee table"):
        share = 0.0
    width, height, depth = (round(low + (high - low) * share, 3) for low, high in SIZES[kind])
    return width, height, depth
