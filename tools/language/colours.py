"""Colours by their names: from words to a value in Oklab, and from a value to a plain name.

A name is looked up in three lists, the first that has it wins:

1. the words that decorators use, and everyday names with the value that paint and cloth have in them ("red"
   is no #ff0000), in this module;
2. the names of CSS, from Pillow;
3. the names that people gave in the xkcd colour survey, in ``survey.txt`` (CC0).

What no list has is composed by rules: "dusty dark teal", "greenish grey", "blue-green", "between blue and
green", "nearly black", "#336699". Values are Oklab (Ottosson 2020): lightness 0…1, and two axes, green to red
and blue to yellow, within ±0.4. Pure functions; nothing is loaded before the first question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

Value = tuple[float, float, float]
"""A colour in Oklab: lightness, green to red, blue to yellow."""

EVERYDAY: Final[dict[str, tuple[int, int, int]]] = {
    "red": (198, 38, 38), "orange": (236, 124, 28), "yellow": (244, 208, 60), "green": (88, 168, 68),
    "teal": (22, 140, 140), "light blue": (150, 200, 236), "blue": (42, 92, 206), "purple": (126, 58, 168),
    "pink": (242, 148, 182), "brown": (116, 70, 38), "white": (244, 242, 238), "grey": (134, 134, 136),
    "black": (34, 33, 34),
    # Between what paint charts and what CSS call by these names, which are a visible step apart:
    "navy": (12, 25, 107), "dark green": (16, 89, 32), "beige": (231, 217, 184),
    "dark orange": (224, 108, 1),
    # CSS's dark grey is lighter than its grey, its lime is a traffic light, its azure is white:
    "dark grey": (84, 85, 87), "lime": (164, 214, 46), "azure": (40, 140, 220), "violet": (140, 70, 205),
}  # fmt: skip
"""Everyday names as paint and cloth show them, sRGB."""

DECORATORS: Final[dict[str, tuple[int, int, int]]] = {
    # whites and creams
    "off white": (248, 244, 234), "cream": (250, 240, 215), "ivory": (252, 246, 228),
    "eggshell": (240, 234, 214), "vanilla": (243, 229, 171), "magnolia": (244, 233, 216),
    "alabaster": (237, 234, 224), "chalk": (240, 238, 230), "pearl": (234, 224, 200),
    "oatmeal": (216, 202, 178), "oat": (222, 209, 186), "ecru": (205, 190, 150),
    "champagne": (240, 222, 186), "bone": (227, 218, 201), "porcelain": (239, 240, 238),
    "milk": (250, 248, 240), "parchment": (240, 230, 200), "snow white": (250, 250, 250),
    "pure white": (255, 255, 255), "brilliant white": (252, 252, 252), "antique white": (250, 235, 215),
    "winter white": (245, 243, 232), "linen white": (247, 240, 228),
    # greys
    "charcoal": (60, 63, 68), "anthracite": (56, 62, 66), "graphite": (74, 76, 80), "slate": (98, 108, 118),
    "slate grey": (112, 128, 144), "stone": (178, 168, 152), "stone grey": (146, 141, 132),
    "dove grey": (178, 176, 174), "dove": (178, 176, 174), "pewter": (138, 141, 143),
    "ash grey": (178, 180, 175), "smoke": (168, 170, 172), "smoke grey": (150, 152, 154),
    "gunmetal": (62, 70, 76), "steel": (113, 121, 126), "steel grey": (113, 121, 126),
    "cement": (150, 146, 140), "concrete": (158, 156, 152), "storm": (82, 92, 104),
    "storm grey": (82, 92, 104), "mouse grey": (120, 112, 106), "pebble": (178, 170, 158),
    "elephant grey": (134, 126, 122), "silver": (192, 192, 192),
    "silver grey": (172, 174, 176), "greige": (190, 180, 165),
    "mushroom": (186, 168, 150), "taupe": (140, 125, 110), "putty": (196, 184, 160),
    "off black": (44, 42, 42), "jet black": (20, 20, 22), "pitch black": (12, 12, 12),
    "raven": (32, 32, 38), "onyx": (40, 40, 42), "ebony": (52, 42, 38), "soot": (52, 50, 50),
    "ink": (30, 34, 52), "jet": (24, 24, 26),
    # browns
    "sand": (220, 200, 160), "camel": (193, 154, 107), "caramel": (190, 124, 62), "cognac": (150, 78, 40),
    "coffee": (102, 72, 52), "espresso": (62, 42, 34), "mocha": (124, 92, 72), "latte": (198, 166, 134),
    "cappuccino": (172, 142, 116), "cocoa": (112, 72, 54), "hazelnut": (164, 122, 84),
    "hazel": (150, 112, 60), "chestnut": (126, 62, 42), "mahogany": (106, 42, 36), "walnut": (104, 66, 42),
    "oak": (206, 164, 108), "toffee": (160, 102, 56), "fudge": (118, 76, 54), "fawn": (206, 172, 128),
    "biscuit": (222, 196, 158), "nude": (228, 192, 166), "buff": (226, 196, 146), "umber": (110, 82, 58),
    "sepia": (112, 72, 40), "tobacco": (132, 94, 56), "cinnamon": (166, 90, 44), "nutmeg": (126, 82, 58),
    "ginger": (186, 104, 36), "saddle brown": (139, 69, 19), "saddle": (150, 84, 40), "rust": (170, 75, 35),
    "rusty": (170, 75, 35),
    "copper": (184, 115, 74), "bronze": (146, 104, 54), "brass": (206, 164, 72),
    "chocolate brown": (82, 50, 34), "dark chocolate": (68, 40, 28), "milk chocolate": (132, 86, 60),
    "earth": (122, 92, 64), "clay": (186, 122, 92), "terracotta": (198, 100, 68), "brick": (168, 84, 62),
    "brick red": (156, 52, 42), "adobe": (192, 112, 78), "maple": (214, 168, 112),
    "honey oak": (200, 146, 84), "driftwood": (160, 144, 122), "truffle": (120, 100, 86),
    # yellows and oranges
    "mustard": (212, 164, 41), "mustard yellow": (218, 172, 44), "ochre": (200, 130, 40),
    "amber": (240, 170, 30), "honey": (228, 168, 60), "butter": (250, 232, 160),
    "butter yellow": (250, 232, 160), "buttercup": (248, 216, 70), "lemon": (252, 236, 92),
    "lemon yellow": (252, 236, 92), "canary": (255, 240, 110), "sunflower": (248, 190, 40),
    "saffron": (240, 172, 44), "marigold": (240, 160, 36), "straw": (226, 206, 136),
    "maize": (246, 216, 110), "corn": (246, 216, 110), "banana": (250, 230, 120),
    "custard": (250, 234, 148), "primrose": (246, 234, 140), "turmeric": (226, 158, 30),
    "apricot": (250, 190, 140), "peach": (255, 205, 170), "tangerine": (244, 132, 40),
    "pumpkin": (226, 112, 30), "mango": (252, 170, 64), "papaya": (250, 150, 90),
    "burnt orange": (196, 88, 26), "carrot": (238, 120, 40), "melon": (250, 170, 130),
    "cantaloupe": (250, 172, 110), "persimmon": (226, 92, 40), "paprika": (180, 60, 34),
    "cayenne": (150, 48, 34),
    # reds and pinks
    "burgundy": (110, 20, 40), "bordeaux": (104, 22, 42), "wine": (114, 32, 54), "wine red": (114, 32, 54),
    "oxblood": (92, 20, 24), "claret": (118, 24, 48), "merlot": (104, 28, 44), "scarlet": (215, 30, 30),
    "ruby": (168, 22, 62), "cherry": (190, 28, 58), "cherry red": (190, 28, 50), "cranberry": (150, 30, 58),
    "raspberry": (188, 36, 92), "strawberry": (226, 70, 84), "berry": (142, 40, 88),
    "garnet": (118, 30, 44), "poppy": (224, 62, 42), "poppy red": (224, 62, 42), "blood red": (136, 16, 20),
    "ox blood": (92, 20, 24), "pillar box red": (206, 30, 36), "fire engine red": (206, 32, 41),
    "lipstick red": (196, 24, 56), "vermilion": (220, 66, 40), "carmine": (158, 16, 48),
    "cerise": (214, 44, 110), "rose": (226, 120, 140), "rosy": (226, 120, 140), "rose pink": (236, 146, 164),
    "dusty rose": (196, 142, 142), "old rose": (190, 126, 130), "dusky pink": (204, 150, 150),
    "dusty pink": (212, 164, 166), "blush": (238, 200, 194), "blush pink": (240, 196, 196),
    "powder pink": (244, 208, 212), "baby pink": (248, 198, 212), "bubblegum": (252, 150, 190),
    "candy pink": (240, 120, 160), "rose gold": (200, 138, 128), "flamingo": (250, 140, 140),
    "millennial pink": (240, 196, 190), "shell pink": (246, 208, 200), "watermelon": (240, 90, 100),
    "shocking pink": (250, 40, 150), "marsala": (150, 82, 80),
    # purples
    "lilac": (195, 165, 210), "mauve": (180, 140, 175), "aubergine": (70, 34, 66), "eggplant": (70, 34, 66),
    "grape": (104, 50, 104), "mulberry": (126, 44, 92), "amethyst": (146, 100, 186),
    "heather": (164, 140, 172), "wisteria": (176, 152, 210), "damson": (78, 32, 62),
    "blackberry": (68, 36, 70), "periwinkle": (140, 150, 220), "dark plum": (84, 32, 74),
    "deep plum": (96, 36, 82), "royal purple": (104, 48, 150), "iris": (96, 86, 190),
    # blues
    "cobalt": (20, 70, 170), "cobalt blue": (20, 70, 170), "sapphire": (22, 62, 150),
    "denim": (70, 98, 144), "denim blue": (70, 98, 144), "petrol": (10, 92, 106),
    "petrol blue": (10, 92, 106), "duck egg": (196, 220, 214), "duck egg blue": (190, 218, 216),
    "baby blue": (174, 208, 238), "ice blue": (210, 230, 240), "ice": (222, 238, 244),
    "sky": (135, 206, 235), "air force blue": (88, 120, 150), "ocean": (20, 98, 142),
    "ocean blue": (20, 98, 150), "sea": (46, 122, 142), "midnight": (25, 25, 82),
    "prussian blue": (12, 48, 88), "oxford blue": (14, 34, 74), "french blue": (0, 114, 187),
    "electric blue": (40, 110, 250), "ultramarine": (44, 40, 158), "cerulean": (30, 122, 178),
    "cornflower": (104, 146, 232), "stonewash": (120, 148, 178), "peacock": (0, 100, 118),
    "peacock blue": (0, 98, 126), "indigo blue": (60, 62, 140), "ink blue": (28, 46, 84),
    "bluebell": (116, 122, 204), "navy blue": (12, 25, 107), "dusty blue": (138, 162, 184),
    "delft blue": (42, 66, 126), "wedgwood blue": (108, 140, 184), "hague blue": (42, 66, 76),
    "royal": (65, 105, 225),
    # greens
    "sage": (155, 170, 140), "sage green": (155, 170, 140), "mint": (170, 230, 200),
    "mint green": (164, 228, 192), "emerald": (20, 130, 85), "emerald green": (20, 130, 85),
    "forest": (34, 110, 46), "moss": (114, 128, 62), "moss green": (114, 128, 62), "fern": (92, 136, 76),
    "fern green": (92, 136, 76), "bottle green": (10, 72, 48), "racing green": (8, 64, 42),
    "british racing green": (8, 64, 42), "hunter green": (46, 88, 62), "hunter": (46, 88, 62),
    "pistachio": (170, 206, 136), "olive green": (118, 122, 46), "avocado": (110, 128, 56),
    "jade": (36, 150, 112), "eucalyptus": (136, 164, 146), "seafoam": (152, 218, 194),
    "sea foam": (152, 218, 194), "pea green": (134, 164, 60), "apple green": (138, 190, 70),
    "apple": (138, 190, 70), "grass green": (82, 148, 46), "grass": (82, 148, 46),
    "leaf green": (90, 156, 60), "pine green": (22, 82, 62), "pine": (44, 88, 68),
    "khaki green": (130, 130, 82), "army green": (82, 88, 48), "celadon": (172, 214, 178),
    "verdigris": (74, 150, 140), "lichen": (160, 176, 130), "bamboo green": (120, 160, 110),
    "kelly green": (48, 160, 62), "viridian": (46, 128, 104), "basil": (84, 120, 66),
    "willow": (150, 158, 116), "kiwi": (150, 190, 70), "lime green": (80, 205, 50),
    "malachite": (14, 130, 92), "juniper": (58, 92, 84), "ivy": (54, 92, 56), "asparagus": (136, 166, 108),
    "grey green": (136, 150, 132), "teal blue": (14, 122, 142), "teal green": (18, 136, 118),
    "gold": (255, 215, 0), "golden": (226, 178, 52), "old gold": (200, 164, 64),
    "antique gold": (196, 158, 74), "golden yellow": (250, 200, 50),
}  # fmt: skip
"""Words of paint charts and cloth, sRGB, about the middle of what goes by the name."""

_SPELLINGS: Final = {
    "gray": "grey", "grays": "grey", "greys": "grey", "grayish": "greyish", "colored": "coloured",
    "color": "colour", "colors": "colour", "colours": "colour", "ocher": "ochre", "ocre": "ochre",
    "creme": "cream", "crème": "cream", "vermillion": "vermilion", "terracota": "terracotta",
    "mustardy": "mustard", "creamy": "cream", "burgandy": "burgundy", "turquois": "turquoise",
    "turqoise": "turquoise", "lavendar": "lavender", "fuschia": "fuchsia", "blonde": "blond",
    "aqua-marine": "aquamarine", "crimison": "crimson", "orangey": "orangish", "purpley": "purplish",
    "purply": "purplish", "bluey": "bluish", "greeny": "greenish", "browny": "brownish", "pinky": "pinkish",
    "reddy": "reddish", "whity": "whitish", "yellowy": "yellowish", "greyey": "greyish", "tealy": "tealish",
    "peachy": "peach", "limey": "lime", "multicolored": "multicoloured", "bluey-green": "bluish green",
    "sandy": "sand", "smokey": "smoky", "earthy": "earth",
}  # fmt: skip

_MODIFIERS: Final[dict[str, tuple[float, float, float, float]]] = {
    # lightness: kept share of the way from 0, share of the way to 1; chroma: factor; warmth
    "dark": (0.72, 0.0, 0.85, 0.0), "darkish": (0.85, 0.0, 0.92, 0.0), "deep": (0.8, 0.0, 1.05, 0.0),
    "rich": (0.9, 0.0, 1.15, 0.0), "light": (1.0, 0.5, 0.62, 0.0), "lightish": (1.0, 0.28, 0.8, 0.0),
    "pale": (1.0, 0.64, 0.45, 0.0), "very pale": (1.0, 0.78, 0.3, 0.0), "pastel": (1.0, 0.58, 0.5, 0.0),
    "baby": (1.0, 0.58, 0.5, 0.0), "powder": (1.0, 0.6, 0.42, 0.0), "bright": (1.0, 0.14, 1.25, 0.0),
    "vivid": (1.0, 0.05, 1.4, 0.0), "vibrant": (1.0, 0.05, 1.4, 0.0), "intense": (0.97, 0.0, 1.35, 0.0),
    "strong": (0.97, 0.0, 1.25, 0.0), "bold": (0.97, 0.0, 1.25, 0.0), "saturated": (1.0, 0.0, 1.35, 0.0),
    "electric": (1.0, 0.12, 1.5, 0.0), "neon": (1.0, 0.3, 1.5, 0.0), "hot": (1.0, 0.0, 1.4, 0.004),
    "muted": (1.0, 0.06, 0.55, 0.0), "dusty": (1.0, 0.14, 0.5, 0.0), "dusky": (0.92, 0.06, 0.55, 0.0),
    "dull": (0.92, 0.0, 0.5, 0.0), "soft": (1.0, 0.2, 0.66, 0.0), "subtle": (1.0, 0.2, 0.6, 0.0),
    "faded": (1.0, 0.24, 0.5, 0.0), "washed out": (1.0, 0.34, 0.45, 0.0), "smoky": (0.9, 0.04, 0.45, 0.0),
    "dirty": (0.84, 0.0, 0.65, 0.006), "drab": (0.85, 0.0, 0.5, 0.0), "murky": (0.7, 0.0, 0.6, 0.0),
    "warm": (1.0, 0.0, 1.0, 0.022), "cool": (1.0, 0.0, 1.0, -0.022), "cold": (1.0, 0.0, 1.0, -0.03),
    "icy": (1.0, 0.55, 0.5, -0.02), "burnt": (0.82, 0.0, 0.95, 0.012), "milky": (1.0, 0.5, 0.5, 0.004),
    "medium": (0.94, 0.0, 1.0, 0.0), "mid": (0.94, 0.0, 1.0, 0.0), "true": (1.0, 0.0, 1.05, 0.0),
    "midnight": (0.45, 0.0, 0.7, -0.01), "desaturated": (1.0, 0.0, 0.45, 0.0), "dim": (0.82, 0.0, 0.8, 0.0),
    "classic": (1.0, 0.0, 1.0, 0.0), "earth": (0.88, 0.0, 0.65, 0.012), "sunny": (1.0, 0.12, 1.1, 0.012),
    "weathered": (1.0, 0.1, 0.55, 0.0), "inky": (0.5, 0.0, 0.75, 0.0), "chalky": (1.0, 0.4, 0.45, 0.0),
    "creamy": (1.0, 0.35, 0.6, 0.01), "fresh": (1.0, 0.1, 1.1, 0.0), "autumnal": (0.85, 0.0, 0.85, 0.015),
}  # fmt: skip

MODIFIERS: Final = frozenset(word for phrase in _MODIFIERS for word in phrase.split()) - {"very"}
"""Words that change a colour and name none of their own."""

_DEGREES: Final = {
    "very": 1.5, "really": 1.4, "extra": 1.4, "super": 1.6, "extremely": 1.8, "ultra": 1.7, "quite": 0.9,
    "fairly": 0.8, "rather": 1.0, "slightly": 0.5, "somewhat": 0.6, "so": 1.4, "deep": 1.2, "pretty": 1.0,
    "too": 1.0,
}  # fmt: skip

_WARM: Final = (0.32, 0.95)
"""The direction from cool to warm in the plane of hues: towards a yellowish orange."""


# ---- values ----
def oklab(
    colours: NDArray[np.floating] | NDArray[np.integer] | Sequence[int] | Sequence[float],
) -> NDArray[np.float64]:
    """sRGB (…, 3), 0…255, in Oklab (…, 3): lightness 0…1, two axes of hue within ±0.4 (Ottosson 2020)."""
    share = np.asarray(colours, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    result: NDArray[np.float64] = np.cbrt(linear @ _CONES.T) @ _AXES.T
    return result


def to_rgb(values: NDArray[np.floating] | Sequence[float]) -> NDArray[np.float64]:
    """Oklab (…, 3) in sRGB (…, 3), 0…255, not rounded. What sRGB does not have is clipped channel by channel;
    ``within_rgb`` first keeps hue and lightness.
    """
    linear = (np.asarray(values, np.float64) @ np.linalg.inv(_AXES).T) ** 3 @ np.linalg.inv(_CONES).T
    linear = np.clip(linear, 0, 1)
    result: NDArray[np.float64] = 255 * np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return result


def within_rgb(value: Value) -> Value:
    """The value itself, or with as much less chroma as sRGB needs; hue and lightness stay."""
    lightness = min(1.0, max(0.0, value[0]))
    low, high = 0.0, 1.0
    if _fits((lightness, value[1], value[2])):
        return lightness, value[1], value[2]
    for _ in range(12):
        middle = (low + high) / 2
        if _fits((lightness, value[1] * middle, value[2] * middle)):
            low = middle
        else:
            high = middle
    return lightness, value[1] * low, value[2] * low


def _fits(value: Value) -> bool:
    linear = (np.array(value) @ np.linalg.inv(_AXES).T) ** 3 @ np.linalg.inv(_CONES).T
    return bool((linear > -1e-4).all() and (linear < 1 + 1e-4).all())


_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_AXES: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


# ---- from words to a value ----
@cache
def names() -> dict[str, tuple[int, int, int]]:
    """Every name with its sRGB value, lower case, British, words parted by one space; about a thousand.

    CSS's names are among them as they are written ("darkslategrey"); ``value_of`` reads them with spaces too.
    """
    lines = resources.files(__package__).joinpath("survey.txt").read_text("utf-8").splitlines()
    survey = {}
    for line in lines:
        if line and not line.startswith("# "):
            name, _, code = line.partition("\t")
            survey[spelt(name)] = ImageColor.getrgb(code)[:3]

    def ruled(name: str) -> bool:
        """What the survey calls "dusty orange" is a shade of its own orange: the rules make it of ours."""
        shade, _, base = name.partition(" ")
        return shade in _RULED and base in EVERYDAY

    css = {name.replace("gray", "grey"): ImageColor.getrgb(name)[:3] for name in ImageColor.colormap}
    joined = {name.replace(" ", ""): name for name in (*EVERYDAY, *DECORATORS)}
    return {
        **{
            name: rgb
            for name, rgb in survey.items()
            if name.replace(" ", "") not in joined and not ruled(name)
        },
        **{name: rgb for name, rgb in css.items() if name not in joined},
        **DECORATORS,
        **EVERYDAY,
    }


@cache
def _by_letters() -> dict[str, Value]:
    """The values by names without spaces: "navy blue", "navyblue". CSS goes before the survey."""
    ordered = sorted(names(), key=lambda name: name in ImageColor.colormap or name in DECORATORS)
    ordered = [*(name for name in ordered if name not in EVERYDAY), *EVERYDAY]
    return {name.replace(" ", ""): _triple(oklab(names()[name])) for name in ordered}


def _triple(value: NDArray[np.floating]) -> Value:
    return float(value[0]), float(value[1]), float(value[2])


_RULED: Final = frozenset(("warm", "cool", "muted", "dusty", "dull", "soft", "bright", "pastel", "pale"))
"""Shades that the survey's people took from other colours than those that go by the plain names here."""

_CODE: Final = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})|rgb\s*\(\s*\d{1,3}\s*(?:[, ]\s*\d{1,3}\s*){2}\)")


def spelt(words: str) -> str:
    """Words in the one spelling that the lists have: lower case, British, parted by one space."""
    low = words.lower().strip()
    if low.startswith(("#", "rgb")):
        return low
    parts = re.split(r"[\s\-/]+", low.replace("'", ""))
    return " ".join(part for word in parts if word for part in _SPELLINGS.get(word, word).split())


def code_value(words: str) -> Value | None:
    """The value of "#369", "#336699" or "rgb(51, 102, 153)"; None for anything else."""
    low = words.lower().strip()
    if not _CODE.fullmatch(low):
        return None
    numbers = re.findall(r"\d+", low) if low.startswith("rgb") else []
    if any(int(number) > 255 for number in numbers):
        return None
    rgb = tuple(map(int, numbers)) if numbers else ImageColor.getrgb(low)[:3]
    return _triple(oklab(rgb))


@lru_cache(maxsize=4096)
def value_of(words: str) -> Value | None:
    """The value of words that say one colour and nothing else; None where they do not.

    "dark red", "Navy-Blue", "light gray", "greenish blue", "blue-green", "between blue and green", "warm
    cream", "almost black", "very dark dusty teal", "rust-coloured", "#369". Not "red leather", not "red and
    white", not "darker".
    """
    if (code := code_value(words)) is not None:
        return code
    low = spelt(words)
    return _of(tuple(word for word in low.split() if word not in _FILLERS)) if low else None


def is_name(words: str) -> bool:
    """Whether words are one entry of the lists, in any spelling: "dark slate gray", not "dusty slate"."""
    return spelt(words).replace(" ", "") in _by_letters()


_FILLERS: Final = frozenset(("coloured", "colour", "shade", "tone", "toned", "hue", "tint", "tinted", "hued"))
_NEARLY: Final = frozenset(("almost", "nearly", "near", "practically"))


def _of(words: tuple[str, ...]) -> Value | None:
    if not words:
        return None
    if (known := _by_letters().get("".join(words))) is not None and words[-1] not in ("ish",):
        return known
    if words[0] == "between" and "and" in words:
        middle = words.index("and")
        return _mixed(_of(words[1:middle]), _of(words[middle + 1 :]), 0.5)
    if words[0] == "off" and len(words) > 1:
        rest = _of(words[1:])
        return rest and within_rgb((rest[0] * 0.975 + 0.01, rest[1] * 0.8, rest[2] * 0.8 + 0.008))
    if words[0] in _NEARLY and len(words) > 1:
        return _nearly(_of(words[1:]))
    if words[-1] == "ish" and len(words) > 1:
        return _ish(_of(words[:-1]))
    return _modified(words) or _hued(words)


def _modified(words: tuple[str, ...]) -> Value | None:
    """ "very dark teal": a modifier and what it modifies."""
    for length in (3, 2, 1):
        lead, rest = words[:length], words[length:]
        if not rest:
            continue
        degree = 1.0
        while lead and lead[0] in _DEGREES and len(lead) > 1 and " ".join(lead) not in _MODIFIERS:
            degree *= _DEGREES[lead[0]]
            lead = lead[1:]
        rule = _MODIFIERS.get(" ".join(lead))
        base = _of(rest) if rule else None
        if rule and base is not None:
            return _changed(base, rule, degree)
    if words[-1] in _MODIFIERS and len(words) > 1 and words[-1] in ("pastel", "neon"):
        return _modified((words[-1], *words[:-1]))
    return None


def _changed(value: Value, rule: tuple[float, float, float, float], degree: float) -> Value:
    down, up, chroma, warmth = rule
    lightness = value[0] * down**degree
    lightness += (1 - lightness) * (1 - (1 - up) ** degree)
    a, b = (np.array(value[1:]) * chroma**degree + warmth * degree * np.array(_WARM)).tolist()
    return within_rgb((lightness, a, b))


def _hued(words: tuple[str, ...]) -> Value | None:
    """ "greenish blue", "blue-green", "red brown", "reddish": a mixture of two, or a touch of one."""
    if len(words) == 1:
        stem = _without_ish(words[0])
        return _ish(_by_letters().get(stem)) if stem else _slip(words[0])
    degree = 1.0
    rest = words
    while rest[0] in _DEGREES and len(rest) > 1:
        degree *= _DEGREES[rest[0]]
        rest = rest[1:]
    if len(rest) == 1:
        return _of(rest) if _without_ish(rest[0]) else None
    stem = _without_ish(rest[0])
    if stem and (touch := _by_letters().get(stem)) is not None:
        return _mixed(_of(rest[1:]), touch, min(0.5, 0.28 * degree))
    if degree != 1 or len(rest) > 4:
        return None
    for cut in range(1, len(rest)):
        first, second = _by_letters().get("".join(rest[:cut])), _of(rest[cut:])
        if first is not None and second is not None:
            return first if _is_sort_of(first, rest[:cut], rest[cut:]) else _mixed(second, first, 0.4)
    return None


def _is_sort_of(value: Value, name: Sequence[str], plain: Sequence[str]) -> bool:
    """Whether "cobalt blue" says no more than "cobalt": the second word is the plain name of its hue."""
    if " ".join(plain) not in _PLAIN or " ".join(name) in _PLAIN:
        return False
    said = np.array(_by_letters()["".join(plain)][1:])
    own = np.array(value[1:])
    chromas = float(np.hypot(*said)), float(np.hypot(*own))
    if chromas[0] < 0.02 or chromas[1] < 0.02:
        return max(chromas) < 0.045
    return float(said @ own) / (chromas[0] * chromas[1]) > 0.85


def _without_ish(word: str) -> str:
    """The colour in "greenish": "green"; empty where there is none."""
    if not word.endswith("ish") or len(word) < 5:
        return ""
    stem = word[:-3]
    for candidate in (stem, f"{stem}e", stem[:-1], f"{stem[:-1]}le"):
        if candidate in _by_letters():
            return candidate
    return ""


def _ish(value: Value | None) -> Value | None:
    """Something like a colour: the hue, with less of it."""
    return None if value is None else (value[0] * 0.94 + 0.04, value[1] * 0.6, value[2] * 0.6)


def _nearly(value: Value | None) -> Value | None:
    """ "almost black": a just visible step from it, towards the middle."""
    if value is None:
        return None
    return within_rgb(
        (value[0] + (0.03 if value[0] < 0.5 else -0.025), value[1] * 0.9, value[2] * 0.9 + 0.002)
    )


def _mixed(one: Value | None, other: Value | None, share: float) -> Value | None:
    """Between two colours, ``share`` of the way; as colourful as they are, so that blue and yellow are no
    grey, unless they lie nearly opposite.
    """
    if one is None or other is None:
        return None
    a, b = np.array(one), np.array(other)
    mixed = a + share * (b - a)
    wanted = float(np.hypot(*a[1:]) * (1 - share) + np.hypot(*b[1:]) * share)
    had = float(np.hypot(*mixed[1:]))
    if had > 1e-6:
        mixed[1:] *= min(wanted / had, 1.8)
    return within_rgb(_triple(mixed))


_EVERYDAY: Final = (
    "red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey",
    "beige", "cream", "navy", "teal", "mustard", "turquoise", "lavender", "burgundy", "maroon", "olive",
    "sage", "terracotta", "charcoal", "ivory", "salmon", "coral", "magenta", "violet", "lilac", "gold",
    "silver", "khaki", "mint", "peach", "rust", "indigo", "ochre", "cyan", "aqua", "emerald", "crimson",
    "scarlet", "taupe",
)  # fmt: skip
"""Names that nearly everybody uses: what an unknown word may be a slip of."""


def common_name_near(word: str) -> str | None:
    """The everyday name of a colour that an unknown word may be a slip of: "grean", "blu", "beigh".

    One letter wrong, swapped, missing or too many; in words of more than six letters two. It is a guess, to
    be asked about: ``value_of`` takes only what is certain.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = 2 if len(word) > 6 else 1
    found = process.extractOne(word.lower(), _EVERYDAY, scorer=OSA.distance, score_cutoff=most)
    return found[0] if found and found[0] != word.lower() else None


@cache
def _slips() -> tuple[str, ...]:
    return tuple(sorted(name for name in names() if " " not in name and len(name) >= 5))


@lru_cache(maxsize=2048)
def _slip(word: str) -> Value | None:
    """The value of the one name that a word is certainly a slip of: "burgndy", "turquiose", "lavnder".

    Letters left out, doubled or swapped; a wrong letter only in a long word, since "brush" is no "blush". A
    word that only adds an ending to a name is another word ("plump", "leafy").
    """
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return None
    # Imported here: most words are no slips, and the import takes longer than the reading.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = [
        name
        for name, _, _ in process.extract(word, _slips(), scorer=OSA.distance, score_cutoff=1, limit=6)
        if name[0] == word[0] and not word.startswith(name) and not name.startswith(word)
    ]
    if len(word) < 8:
        found = [name for name in found if len(name) != len(word) or sorted(name) == sorted(word)]
    values = [_by_letters()[name] for name in found]
    if not values or any(distance(values[0], other) > _SAME for other in values[1:]):
        return None
    return values[0]


# ---- from a value to a name ----
_SAME: Final = 0.03
"""Closer than this in Oklab, two values go by one name."""

_PLAIN: Final = (
    "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "grey", "white", "black",
)  # fmt: skip
_COMMON: Final = (
    *_PLAIN, "navy", "beige", "cream", "turquoise", "mint green", "sage green", "olive green",
    "mustard yellow", "burgundy", "peach", "lilac", "mauve", "tan", "charcoal", "terracotta", "ochre",
    "crimson", "violet", "sky blue", "forest green", "emerald green", "off white", "taupe", "salmon",
    "coral", "magenta", "plum", "lavender", "rust", "royal blue", "petrol blue", "lime green",
    "butter yellow", "maroon", "dusty pink",
    "sand", "camel", "caramel", "dusky pink", "rose pink", "oatmeal", "denim blue", "midnight blue",
)  # fmt: skip
_HUES: Final = (
    "red", "orange", "yellow", "green", "teal", "turquoise", "blue", "purple", "pink", "brown", "beige",
)  # fmt: skip
_SHADES: Final = (
    "dark", "light", "pale", "bright", "muted", "deep", "very dark", "very pale", "dusty",
)  # fmt: skip
_GREYS: Final = ("dark grey", "light grey", "silver grey", "very dark grey", "jet black")
_PAIRS: Final = (
    "reddish brown", "orangish brown", "yellowish green", "bluish green", "greenish blue", "bluish purple",
    "pinkish purple", "reddish purple", "reddish orange", "yellowish brown", "greenish brown",
    "pinkish red", "yellowish orange", "greenish yellow", "purplish pink", "orangish pink",
    "purplish blue", "greenish grey", "bluish grey", "brownish grey", "purplish grey", "pinkish grey",
)  # fmt: skip


def _is_said(shade: str, hue: str) -> bool:
    """Whether people call a colour so: "very dark orange" is a brown."""
    if shade == "very dark":
        return hue in ("red", "green", "teal", "blue", "purple", "brown")
    return hue not in ("brown", "beige") or shade not in ("bright", "dusty", "muted")


@cache
def _names_to_give() -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Names, their values (n, 3), and what each costs: a plain name is said rather than a composed one."""
    given = [(name, 0.0 if name in _PLAIN else 0.008) for name in _COMMON]
    given += [(name, 0.004) for name in _GREYS]
    given += [(f"{shade} {hue}", 0.016) for hue in _HUES for shade in _SHADES if _is_said(shade, hue)]
    given += [(name, 0.02) for name in _PAIRS]
    given += [(f"{shade} {name}", 0.05) for name in _PAIRS for shade in ("dark", "light", "pale")]
    values = np.array([value_of(name) for name, _ in given], np.float64)
    return tuple(name for name, _ in given), values, np.array([cost for _, cost in given])


def name_of(value: Sequence[float] | NDArray[np.floating]) -> str:
    """A plain name for a value in Oklab: "dark red", "sage green", "bluish grey".

    Of a few hundred common names the nearest; ``value_of`` reads it back as a value near by (within 0.07 for
    colours that paint has).
    """
    called, values, cost = _names_to_give()
    away = values - np.asarray(value, np.float64)
    return called[int((np.linalg.norm(away * (0.8, 1.25, 1.25), axis=1) + cost).argmin())]


_SORTS: Final = (
    (15, "a pink"), (42, "a red"), (72, "an orange"), (118, "a yellow"), (170, "a green"), (290, "a blue"),
    (335, "a purple"), (360, "a pink"),
)  # fmt: skip
"""Up to which hue, in degrees of Oklab's a and b, a colour is called so."""
_SORT_WORDS: Final = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey", "white", "black", "teal",
    "turquoise", "beige",
)  # fmt: skip


_FAINT: Final = 0.03
_WHITE, _BLACK, _TINGED = 0.93, 0.25, 0.008
"""From where on a colour with less chroma than ``_FAINT`` is a white, a black, or warm, in Oklab."""


def sort_of(value: Sequence[float]) -> str:
    """The plain word for what a colour is one of: "a green", "a warm grey"."""
    lightness, a, b = value
    if float(np.hypot(a, b)) < _FAINT:
        sort = "white" if lightness > _WHITE else "black" if lightness < _BLACK else "grey"
        return f"a {'warm ' if b > _TINGED else 'cool ' if b < -_TINGED else ''}{sort}"
    hue = float(np.degrees(np.arctan2(b, a))) % 360
    sort = next(word for most, word in _SORTS if hue <= most)
    return "a brown" if sort in ("an orange", "a yellow") and lightness < 0.62 else sort


def described(value: Sequence[float]) -> str:
    """A colour's name, and the plain word for its sort where the name does not hold it: "rust, a brown"."""
    name = name_of(value)
    lightness, a, b = value
    chroma = float(np.hypot(a, b))
    if any(word in name for word in _SORT_WORDS) or chroma < 0.04 or (lightness > 0.8 and chroma < 0.07):
        return name
    return f"{name}, {sort_of(value)}"


def distance(one: Value, other: Value) -> float:
    """How far two values are from each other in Oklab; 0.02 is a just visible step."""
    return float(np.linalg.norm(np.array(one) - np.array(other)))
