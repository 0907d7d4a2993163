"""A look in words, taken apart: the colour it names, the step it asks for, the material, the pattern, the
rest.

One pure function, ``read_look``, which does not care who read the sentence: a plan's prompt ("a darker red
leather sofa" for "the sofa") and a user's own words ("dark red leather") are read alike. What is a colour
or a step can be computed on the picture's own pixels; a material, a pattern and the rest are for whoever
paints.

What is which:

* Stuffs are materials ("leather", "denim", "brick", "copper", "marble", "oak") unless the words make
  colours of them: "copper-coloured", "the colour of copper", "brick red", "stone grey" — or unless the
  thing is a cloth that cannot be of them ("copper curtains"). "gold" and "silver" are colours, but "solid
  gold", "made of gold" and "gold-plated" are materials.
* A comparative is a step ("darker", "a bit lighter", "much more muted", "not so dark", "redder"), and so is a
  shade without a colour or a material to belong to ("make it dark").
* "a darker dark red sofa" says: its colour goes by the name dark red, and one step darker is asked for. So
  a layer that is called by its present colour takes a step without losing its name, and "darker" is never a
  part of a name.
* A look of several colours ("red and white") has no value, and is no mere colour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from tools.language import colours
from tools.language.colours import Value
from tools.language.lexicon import word_set


@dataclass(frozen=True)
class ColourStep:
    """A step from a colour that is there, in Oklab.

    ``lightness`` is added (a bit 0.03, plainly 0.07, much 0.14; negative for darker), ``chroma`` multiplies,
    ``warmth`` (-1…1) moves the hue towards orange or blue, and ``tint`` is added to the two axes of hue
    ("redder").
    """

    lightness: float = 0.0
    chroma: float = 1.0
    warmth: float = 0.0
    tint: tuple[float, float] = (0.0, 0.0)

    def from_value(self, value: Sequence[float]) -> Value:
        """Where the step leads from a value in Oklab. Lighter and darker keep the saturation, as far as
        sRGB has it.
        """
        lightness = min(1.0, max(0.0, value[0] + self.lightness))
        share = lightness / value[0] if value[0] > 0.02 else 1.0
        a, b = (
            axis * share * self.chroma + self.warmth * warm + tint
            for axis, warm, tint in zip(value[1:], (0.015, 0.045), self.tint, strict=True)
        )
        return colours.within_rgb((lightness, a, b))

    def then(self, other: ColourStep) -> ColourStep:
        """Both steps in one: "darker and warmer"."""
        return ColourStep(
            self.lightness + other.lightness,
            self.chroma * other.chroma,
            self.warmth + other.warmth,
            (self.tint[0] + other.tint[0], self.tint[1] + other.tint[1]),
        )


@dataclass(frozen=True)
class Look:
    """A look taken apart. Empty strings and None: not said.

    ``value`` is the one colour named, in Oklab, before any ``step``; ``colour_words`` are the words for it,
    or for several colours, of which there is no value. ``material`` and ``pattern`` are the words for them
    ("dark oak", "striped"; "plain" is a pattern). ``like`` is the thing whose colour or look is meant ("the
    curtains"). ``rest`` is what else was said, without articles, the thing's own words and empty praise:
    "wrinkled, with brass legs".
    """

    value: Value | None = None
    colour_words: str = ""
    step: ColourStep | None = None
    material: str = ""
    pattern: str = ""
    like: str = ""
    rest: str = ""

    @property
    def is_colour_only(self) -> bool:
        """Whether nothing but a colour or a step is asked for (or the colour of another thing), so that it
        can be computed. "plain" may stand beside it: it asks for no pattern.
        """
        named = self.value is not None or (self.step is not None and not self.colour_words) or bool(self.like)
        return named and not self.material and self.pattern in ("", "plain") and not self.rest


# ---- words ----
MATERIALS: Final = word_set("""
    leather leatherette suede velvet velour linen wool woollen woolen cotton silk silken satin denim
    corduroy tweed felt fleece fur sheepskin bouclé boucle chenille canvas jute sisal hemp burlap mesh
    lace fabric cloth textile microfibre polyester nylon vinyl plastic acrylic perspex plexiglass rubber
    foam latex resin wood wooden timber oak walnut birch beech ash teak rosewood cedar pinewood
    cherrywood oakwood ebony mahogany maple bamboo rattan wicker cane cork plywood mdf laminate parquet
    driftwood hardwood herringbone marble granite stone slate limestone sandstone travertine terrazzo
    quartz onyx concrete cement brick bricks brickwork tile tiles tiled mosaic ceramic porcelain plaster
    stucco metal metallic steel iron brass copper bronze chrome aluminium aluminum tin zinc pewter glass
    crystal mirror mirrored paper cardboard wallpaper straw thatch stainless knitted crochet macrame
    macramé panelling paneling wainscoting cashmere mohair flannel jersey chintz damask brocade tulle
    nickel chromed stoneware earthenware enamel formica alabaster basketwork seagrass raffia fleecy
    velveteen velvety leathery stony glazed terrazzo shagreen pine cherry-wood tatami hessian gauze
    gravel bark turf muslin wood-effect
""")
"""Words for what a thing is made of."""

_GROUND: Final = word_set("""
    slate stone copper bronze brass brick bricks concrete cement sand clay pewter steel gold silver
    ebony mahogany walnut onyx alabaster porcelain pine maple straw oak copper jade chestnut
""")
"""Materials that no cloth is of: on a cloth they are colours."""

_CLOTHS: Final = word_set("""
    curtain drape rug carpet cushion pillow blanket throw bedspread bedding duvet sheet tablecloth towel
    quilt pouf pouffe beanbag dress shirt sweater jumper scarf coat jacket lampshade upholstery napkin
    mat runner sofa-cover pillowcase valance hammock blind
""")

_EARTHEN: Final = word_set("floor flooring tile pot planter roof flowerpot urn jug patio terrace")
"""Things that terracotta is the stuff of."""

_METALS: Final = word_set("gold silver golden")
_METAL_CONTEXT: Final = word_set("""
    solid brushed polished plated leaf leafed metallic metal foil gilded hammered real genuine antique
    satin
""")

_MATERIAL_MODIFIERS: Final = word_set("""
    faux fake real genuine solid brushed polished raw reclaimed stained frosted aged worn cracked
    distressed weathered vegan patent crushed exposed stainless quilted rough smooth natural bare oiled
    bleached lacquered tinted clear hammered wrought cast limed smoked varnished waxed ribbed buttoned
    tufted woven fluted veined honed tempered galvanised galvanized corrugated black-stained carrara
""")

PATTERNS: Final = word_set("""
    striped stripes stripe stripey stripy pinstriped pinstripe checked checks check checkered chequered
    checkerboard chequerboard tartan plaid gingham houndstooth spotted spots polka dotted dots dot dotty
    floral flowery flowered flowers paisley geometric patterned pattern zigzag chevron argyle marbled
    camouflage camo leopard zebra tiger tie dye ombre ombré plain swirly starry tropical botanical
    multicoloured rainbow colourful two-tone two-toned polka-dot tie-dye animal-print harlequin
    herringboned ikat toile
""")

_FILLER: Final = word_set("""
    a an the this that these those some it its is be become to in of and or but with made make look
    looking looks finish colour coloured shade shades tone tones hue tint painted paint version kind
    sort type style from out as into now just only please then instead completely entirely totally fully
    all over whole nice nicely lovely beautiful pretty gorgeous good great elegant-looking really quite
    rather very so too still even one ones something anything more covering upholstery upholstered
    fabric-covered like , . ; coat bit slightly little touch somewhat kinda sorta exactly simply same my
    our your their his her for on at also again perhaps maybe both each every them they us give given
    turn turned go going done get new
""")
"""Words that say nothing of a look by themselves."""

_COVERINGS: Final = word_set("cover covers covering coverings upholstery pattern surface finish")
"""Words for what is on the outside of the whole of a thing."""

_STOPS: Final = word_set(
    "with without wearing holding showing featuring covered filled where which that carrying"
)
"""Words at which a tail begins that no colour is looked for in."""

_SMALL, _PLAIN, _MUCH = 0.03, 0.07, 0.14
"""How far a step goes in lightness: "a bit", plain, "much"."""

_LESS_DEGREES: Final = {
    "a little bit", "a bit", "a little", "a touch", "a tad", "a shade", "a hint", "a notch", "a smidge",
    "a fraction", "a tone", "slightly", "a trifle", "somewhat", "one shade", "one notch", "one tone",
    "marginally", "bit", "little", "tad", "touch", "mildly", "gently", "subtly", "ever so slightly",
    "a teeny bit", "a tiny bit", "a wee bit", "just a bit", "just slightly", "shade", "minimally", "barely",
    "faintly", "a smidgen", "a hair", "just a hair", "one step less",
}  # fmt: skip
_MORE_DEGREES: Final = {
    "much", "a lot", "lots", "far", "way", "considerably", "significantly", "a great deal", "a good deal",
    "very much", "so much", "vastly", "massively", "dramatically", "drastically", "noticeably",
    "a whole lot", "heaps", "loads", "substantially", "markedly", "hugely", "a ton", "tons", "strongly",
    "clearly", "distinctly",
}  # fmt: skip
_EVEN_DEGREES: Final = {
    "even",
    "still",
    "yet",
    "just",
    "rather",
    "really",
    "any",
    "once",
    "again",
    "some",
    "one step",
}
_BETWEEN_DEGREES: Final = {"quite a bit": 0.10, "quite": 0.07, "a fair bit": 0.10, "a good bit": 0.10,
                           "appreciably": 0.10, "quite a lot": 0.14, "a couple of shades": 0.06,
                           "a few shades": 0.09, "a couple of notches": 0.06,
                           "a few notches": 0.09}  # fmt: skip
_COUNTS: Final = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "2": 2, "3": 3, "4": 4, "5": 5}
_NOTCHES: Final = word_set("shades shade notches tones tone steps notch step degrees")

# What an adjective moves, for a plain step of 1: lightness, log2 of chroma, warmth
_WAYS: Final[dict[str, tuple[float, float, float]]] = {
    "dark": (-1, 0, 0), "light": (1, 0, 0), "bright": (1, 0.15, 0), "pale": (1, -0.35, 0),
    "deep": (-0.8, 0.2, 0), "dim": (-1, -0.1, 0), "faint": (0.7, -0.4, 0), "black": (-1, -0.3, 0),
    "white": (1, -0.3, 0), "saturated": (0, 0.5, 0), "vivid": (0, 0.5, 0), "vibrant": (0, 0.5, 0),
    "intense": (-0.15, 0.5, 0), "colourful": (0, 0.6, 0), "strong": (-0.1, 0.5, 0), "bold": (-0.1, 0.5, 0),
    "rich": (-0.3, 0.4, 0), "loud": (0.1, 0.6, 0), "pure": (0, 0.5, 0), "punchy": (0, 0.5, 0),
    "fresh": (0.3, 0.3, 0), "muted": (0, -0.5, 0), "dull": (-0.2, -0.5, 0), "soft": (0.3, -0.4, 0),
    "subdued": (-0.1, -0.5, 0), "subtle": (0.2, -0.5, 0), "calm": (0.1, -0.5, 0), "quiet": (0, -0.5, 0),
    "washed": (0.6, -0.7, 0), "faded": (0.5, -0.7, 0), "dusty": (0.2, -0.6, 0), "grey": (0, -0.7, 0),
    "desaturated": (0, -0.7, 0), "neutral": (0, -0.6, 0), "gaudy": (0.1, 0.6, 0), "garish": (0.1, 0.6, 0),
    "flashy": (0.1, 0.6, 0), "drab": (-0.2, -0.6, 0), "pastel": (0.9, -0.5, 0), "smoky": (-0.4, -0.5, 0),
    "harsh": (0, 0.5, 0), "warm": (0, 0, 1), "cool": (0, 0, -1), "cold": (0, 0, -1), "icy": (0.3, -0.2, -1),
    "sunny": (0.4, 0.1, 1),
}  # fmt: skip
_WARMTH: Final = 8.0
"""Warmth for each unit of a step's size: a plain step goes 0.56, "much" all the way."""
_TINT: Final = 0.6
"""The same for a hue: "redder" goes 0.04."""

_COMPARATIVES: Final[dict[str, str]] = {
    "darker": "dark", "lighter": "light", "brighter": "bright", "paler": "pale", "deeper": "deep",
    "dimmer": "dim", "fainter": "faint", "blacker": "black", "whiter": "white", "stronger": "strong",
    "bolder": "bold", "richer": "rich", "louder": "loud", "purer": "pure", "punchier": "punchy",
    "duller": "dull", "softer": "soft", "subtler": "subtle", "calmer": "calm", "quieter": "quiet",
    "dustier": "dusty", "greyer": "grey", "grayer": "grey", "warmer": "warm", "cooler": "cool",
    "colder": "cold", "icier": "icy", "fresher": "fresh", "smokier": "smoky", "darkened": "dark",
    "lightened": "light", "brightened": "bright", "darken": "dark", "lighten": "light", "brighten": "bright",
    "deepen": "deep", "deepened": "deep", "dulled": "dull", "sunnier": "sunny", "desaturate": "desaturated",
    "redder": "red", "greener": "green", "bluer": "blue", "yellower": "yellow", "pinker": "pink",
    "browner": "brown", "purpler": "purple", "creamier": "cream", "oranger": "orange", "harsher": "harsh",
    "gaudier": "gaudy", "drabber": "drab", "vivider": "vivid", "icyer": "icy", "warm up": "warm",
}  # fmt: skip
_SHADE_STEPS: Final = word_set(
    "dark light bright pale deep dim saturated vivid vibrant muted subdued warm cool dull soft"
)
"""Shades that without a colour ask for a change in their direction."""

COMPARATIVES: Final = frozenset(_COMPARATIVES) - {"warm up"}
"""Words that are steps by themselves."""


# ---- reading ----
_TOKEN: Final = re.compile(r"#[0-9a-f]{3,8}\b|rgb\s*\([^)]*\)|[^\W\d_]+(?:'[a-z]+)?|\d+|[,;]", re.IGNORECASE)
_LONGEST: Final = 7
"""Words of a colour: "a very dark greyish shade of blue"."""
_SHADE_OF: Final = re.compile(r"\b(?:shade|tone|hue|tint)s? of (?:an? )?")


@cache
def one_word_colours() -> dict[str, tuple[int, int, int]]:
    """Every colour with a name of one word that is no material, as RGB, 0…255."""
    stuffs = MATERIALS | {"terracotta"}
    return {name: rgb for name, rgb in colours.names().items() if " " not in name and name not in stuffs}


def read_look(prompt: str, target: str = "") -> Look:
    """Take apart what a prompt asks of a target's look; see the module for what is which.

    ``target`` is the thing as it was named, of which the noun does not count ("the orange tree"), while its
    old colour is none of the look ("the red sofa" and "a green sofa": green). Without a target, what stands
    last in a prompt with an article is the thing. Never fails: words that nothing is known of are the
    ``rest``.
    """
    return _Reader(prompt, target).read()


_COLOUR_OF: Final = re.compile(r" the colou?r of (?:[^,;]+)(?=$|[,;])", re.IGNORECASE)


def settled(prompt: str, target: str, value: Sequence[float] | None = None) -> str:
    """A prompt after its step was taken: without the comparative, and with the new colour's own name.

    ``value`` is the colour that the thing has now (Oklab); None: what the prompt's own colour comes to by the
    step, if it names one. "a darker red sofa" becomes "a deep red sofa". A prompt without a step is returned
    as it is.
    """
    reader = _Reader(prompt, target)
    look = reader.read()
    if look.step is None or not reader.steps:
        return prompt
    if look.like and value is not None:
        # the thing that the colour came from may look otherwise by now
        reader = _Reader(_COLOUR_OF.sub("", prompt), target)
        reader.read()
    if value is None and look.value is not None:
        value = look.step.from_value(look.value)
    name = colours.name_of(value) if value is not None else look.colour_words
    # "a red and darker sofa": what joined the two has nothing to join any more
    return re.sub(rf"\b({re.escape(name)}),? (?:and|but) ", r"\1 ", reader.renamed(name))


def step_words(prompt: str, target: str) -> str:
    """The steps of colour that a prompt asks for, in its own words: "a bit darker and less red"; empty for
    none.
    """
    reader = _Reader(prompt, target)
    reader.read()
    said = " and ".join(
        reader.prompt[reader.words[a].start : reader.words[b - 1].end] for a, b in reader.steps
    )
    return re.sub(r"\bslightly\b", "a bit", said)


@dataclass(frozen=True)
class _Word:
    text: str
    low: str
    start: int
    end: int


class _Reader:
    """One reading: the words, and which of them are spoken for."""

    def __init__(self, prompt: str, target: str) -> None:
        self.prompt = prompt
        self.words = [
            _Word(found.group(), found.group().lower(), found.start(), found.end())
            for found in _TOKEN.finditer(prompt)
        ]
        self.target = target
        self.free = [True] * len(self.words)
        self.steps: list[tuple[int, int]] = []
        self.coloured: list[tuple[int, int, Value]] = []
        self.head = next((i for i, w in enumerate(self.words) if w.low in _STOPS), len(self.words))

    # -- the parts, in their order
    def read(self) -> Look:
        like = self._like()
        self._leave_out_the_thing()
        self._take_in_the_covering()
        step = self._steps_said()
        self._colours()
        material, pattern = self._materials(), self._patterns()
        step = step or self._shade_alone(bool(material))
        several = len(self.coloured) != 1
        value = None if several else self.coloured[0][2]
        said = " ".join(self._text(start, end) for start, end, _ in self.coloured)
        if several and self.coloured:
            said = self._text(self.coloured[0][0], self.coloured[-1][1])
        return Look(value, said, step, material, pattern, like, self._rest())

    def _text(self, start: int, end: int) -> str:
        return self.prompt[self.words[start].start : self.words[end - 1].end]

    def _low(self, start: int, end: int) -> str:
        return _SHADE_OF.sub("", " ".join(word.low for word in self.words[start:end]))

    def _take(self, start: int, end: int) -> None:
        self.free[start:end] = [False] * (end - start)

    def _like(self) -> str:
        """ "the colour of the curtains", "the same colour as the sofa", "to match the rug", "like the
        walls".
        """
        lows = [word.low for word in self.words]
        for opening in _LIKENESSES:
            for at in range(len(lows) - len(opening)):
                if tuple(lows[at : at + len(opening)]) != opening:
                    continue
                end = next(
                    (i for i in range(at + len(opening), len(lows)) if lows[i] in (",", ";", "with")),
                    len(lows),
                )
                thing = self._text(at + len(opening), end) if end > at + len(opening) else ""
                article = lows[at + len(opening)] if thing else ""
                plain = re.sub(r"^(?:the|a|an) ", "", thing.lower())
                is_a_name = article not in _POINTING and (
                    colours.value_of(plain) is not None or plain.split()[0] in MATERIALS
                )
                if (
                    not thing
                    or article in ("a", "an")
                    or is_a_name
                    or (article == "the" and plain in _NATURAL)
                ):
                    continue
                start = at
                while start and lows[start - 1] in _BEFORE_LIKENESS:
                    start -= 1
                self._take(start, end)
                return thing
        return ""

    def _leave_out_the_thing(self) -> None:
        """The target's noun does not count as a look; nor, without one, the last word of a phrase."""
        lows = [_stem(word.low) for word in self.words]
        core = [_stem(found.group().lower()) for found in _TOKEN.finditer(self.target)]
        place = next((i for i, w in enumerate(core) if w in _PLACES), len(core))
        core = [w for w in core[:place] if w not in ("the", "a", "an", "both", "all", "my", "our")]
        for length in range(len(core), 0, -1):
            ending = core[-length:]
            if length > 1 and not _is_name_of_thing(ending):
                continue
            for at in range(self.head - length, -1, -1):
                if lows[at : at + length] == ending and all(self.free[at : at + length]):
                    self._take(at, at + length)
                    self._leave_out_the_place(at + length)
                    return
        named = bool(self.words) and self.words[0].low in ("a", "an", "the", "two", "some", "both")
        if (named or self.target) and self.head >= 2:
            for at in range(2, self.head) if named else ():
                self._leave_out_the_place(at)
            last = max((i for i in range(self.head) if self.free[i]), default=0)
            if self.head == 2 and self.words[0].low == "the" and self.words[1].low not in _FILLER:
                self._take(0, 2)
            elif (
                self.free[last]
                and not self._means_a_look(last)
                and (named or any(self._means_a_look(i) for i in range(last)))
                and self.words[last].low not in _FILLER
            ):
                start = last - 1 if last > 1 and lows[last - 1] in _EDIBLE and lows[last] in _TREES else last
                self._take(start, last + 1)

    def _leave_out_the_place(self, at: int) -> None:
        """ "a red rug on the floor": where the thing is, is none of its look."""
        if (
            at + 1 < self.head
            and self.words[at].low in _PLACES - {"of", "with", "between", "that", "which", "from"}
            and self.words[at + 1].low in _POINTING | {"a", "an"}
            and all(self.free[at : self.head])
            and not (
                self.words[at].low == "in" and any(self._means_a_look(i) for i in range(at + 1, self.head))
            )
        ):
            self._take(at, self.head)

    def _means_a_look(self, at: int) -> bool:
        low = self.words[at].low
        return (
            low in MATERIALS
            or low in PATTERNS
            or low in _COMPARATIVES
            or low in colours.MODIFIERS
            or colours.value_of(low) is not None
            or low in _MATERIAL_MODIFIERS
        )

    # -- steps
    def _steps_said(self) -> ColourStep | None:
        lows = [word.low if free else "" for word, free in zip(self.words, self.free, strict=True)][
            : self.head
        ]
        total: ColourStep | None = None
        at = 0
        while at < self.head:
            found = step_at(lows, at)
            if found is None:
                at += 1
                continue
            end, step = found
            self.steps.append((at, end))
            self._take(at, end)
            total = total.then(step) if total else step
            at = end
        return total

    def _shade_alone(self, of_material: bool) -> ColourStep | None:
        """A shade that no colour and no material takes: "make it dark", "a very pale sofa"."""
        if self.coloured or of_material:
            return None
        total: ColourStep | None = None
        for at in range(self.head):
            low = self.words[at].low
            if self.free[at] and low in _SHADE_STEPS:
                start = at
                while start and self.words[start - 1].low in ("very", "really", "quite", "so", "extremely"):
                    start -= 1
                step = _step(low, _MUCH * (1.4 if start < at else 1.0), 1.0)
                if step:
                    self._take(start, at + 1)
                    total = total.then(step) if total else step
        return total

    # -- colours
    def _colours(self) -> None:
        at = 0
        while at < self.head:
            end = self._colour_at(at)
            if end is None:
                at += 1
                continue
            value = colours.value_of(self._low(at, end))
            if value is not None:
                self.coloured.append((at, end, value))
            self._take(at, end)
            at = end

    def _colour_at(self, at: int) -> int | None:
        """Where a colour that begins at a word ends; None where none begins."""
        if not self.free[at] or (self.words[at].low in _NO_BEGINNING and self._low(at, at + 1) != "between"):
            return None
        for end in range(min(self.head, at + _LONGEST), at, -1):
            if not all(self.free[at:end]) or self.words[end - 1].low in _NO_ENDING:
                continue
            if colours.value_of(self._low(at, end)) is None or not self._may_be_colour(at, end):
                continue
            return end
        return None

    def _may_be_colour(self, at: int, end: int) -> bool:
        """Whether words that have a colour's name are that colour here, and not the stuff of the name."""
        words = [word.low for word in self.words[at:end]]
        following = self.words[end].low if end < len(self.words) else ""
        before = [word.low for word in self.words[:at]]
        plain = [w for w in words if w not in colours.MODIFIERS]
        coloured = {"coloured", "colored", "colour", "color", "shade", "tone"} & {*words, following}
        of_colour = before[-3:] in (["colour", "of", "the"], ["color", "of", "the"]) or before[-2:] in (
            ["colour", "of"],
            ["color", "of"],
            ["shade", "of"],
            ["tone", "of"],
        )
        if coloured or of_colour:
            return True
        last, first = plain[-1] if plain else "", plain[0] if plain else ""
        if len(plain) == 1 and (last in _METALS or (last == "rose" and following == "gold")):
            around = {*before[-1:], following, *(before[-2:-1] if before[-1:] == ["of"] else ())}
            made = before[-2:] == ["made", "of"] or before[-3:] == ["made", "out", "of"]
            return not (around & _METAL_CONTEXT or made)
        if len(plain) == 1 and last in MATERIALS:
            return last in _GROUND and self._is(_CLOTHS)
        if len(plain) == 1 and last == "terracotta":
            return not self._is(_EARTHEN)
        if len(plain) == 1 and following in ("wood", "tile", "tiles", "tree", "stone", "bricks", "wooden"):
            return last not in ("cherry", "pine", "olive", "apple", "pear", "chestnut", "walnut", "hazel")
        stuff = len(plain) > 1 and (first in MATERIALS or last in MATERIALS)
        return not stuff or colours.is_name(" ".join(plain))

    def _is(self, kinds: frozenset[str]) -> bool:
        """Whether the thing is of one of some kinds."""
        nouns = {_stem(found.group().lower()) for found in _TOKEN.finditer(self.target)}
        nouns |= {_stem(word.low) for word in self.words} if not nouns else set()
        return bool(nouns & kinds)

    # -- materials and patterns
    def _materials(self) -> str:
        said: list[str] = []
        for at in range(self.head):
            low = self.words[at].low
            if not self.free[at] or not (low in MATERIALS or low in _METALS or low == "terracotta"):
                continue
            start = at
            while (
                start
                and self.free[start - 1]
                and (self.words[start - 1].low in _MATERIAL_MODIFIERS | colours.MODIFIERS)
            ):
                start -= 1
            end = at + 1
            while (
                end < self.head
                and self.free[end]
                and self.words[end].low in ("plated", "leaf", "effect", "look", "clad")
            ):
                end += 1
            said.append(self._text(start, end))
            self._take(start, end)
        return " ".join(said)

    def _patterns(self) -> str:
        said = []
        for at in range(self.head):
            word = self.words[at]
            low = colours.spelt(word.low)
            if self.free[at] and (low in PATTERNS or (low == "solid" and bool(self.coloured))):
                said.append("plain" if low in ("plain", "solid") else word.text)
                self._take(at, at + 1)
        return " ".join(said)

    def _take_in_the_covering(self) -> None:
        """ "with a navy checked fabric" and "covered in leather" say what the whole is like; "with oak legs"
        does not.
        """
        if self.head == len(self.words) or self.words[self.head].low not in ("with", "covered"):
            return
        tail = [word.low for word in self.words[self.head + 1 :] if word.low not in _FILLER | _COVERINGS]
        stuffs = {low for low in tail if low in MATERIALS or colours.spelt(low) in PATTERNS}
        known = stuffs | _MATERIAL_MODIFIERS | colours.MODIFIERS
        if stuffs and all(low in known or colours.value_of(low) is not None for low in tail):
            self._take(self.head, self.head + 1)
            self.head = len(self.words)

    def _rest(self) -> str:
        kept = [
            i for i in range(self.head) if self.free[i] and colours.spelt(self.words[i].low) not in _FILLER
        ]
        parts = [" ".join(self.words[i].text for i in kept)] if kept else []
        if self.head < len(self.words) and any(self.free[self.head :]):
            tail = self._text(self.head, len(self.words))
            if not self._tail_is_nothing():
                parts.append(tail)
        return ", ".join(part for part in parts if part)

    def _tail_is_nothing(self) -> bool:
        return all(
            not self.free[i] or self.words[i].low in _FILLER | _STOPS
            for i in range(self.head, len(self.words))
        )

    # -- the prompt again
    def renamed(self, name: str | None) -> str:
        """The prompt without its steps; its colour called by ``name`` (None: as it is called)."""
        spans: list[tuple[int, int]] = []
        for start, end in self.steps:
            if spans and all(word.low in _JOINING for word in self.words[spans[-1][1] : start]):
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        cuts = [(self.words[start].start, self.words[end - 1].end, "") for start, end in spans]
        if name is not None and self.coloured:
            for number, (start, end, _) in enumerate(self.coloured):
                cuts.append((self.words[start].start, self.words[end - 1].end, name if not number else ""))
        elif name:
            start, end, _ = cuts[0]
            cuts[0] = (start, end, name)
        text = self.prompt
        for start, end, instead in sorted(cuts, reverse=True):
            text = text[:start] + instead + text[end:]
        text = re.sub(r"\s*,\s*(?=,|$)", "", " ".join(text.split()))
        text = re.sub(r"^(an?|the) (?:and|,|but) ", r"\1 ", text)
        return _with_right_article(text)


def step_at(words: Sequence[str], at: int) -> tuple[int, ColourStep] | None:
    """The step that begins at one of some lower-case words ("a bit darker", "not so bright", "tone it down"),
    and the number of the word after it; None where none begins.
    """
    size, sign, here = _PLAIN, 1.0, at
    more = 0
    while degree := degree_at(words, here):
        length, amount = degree
        if amount is not None:
            more += amount >= _MUCH and size >= _MUCH
            size = amount
        here += length
    size *= 1.5**more
    negated = False
    if (
        tuple(words[here : here + 1]) == ("not",)
        and words[here + 1 : here + 2]
        and words[here + 1] in _NOT_SO
    ):
        negated, here = True, here + 2
        while here < len(words) and words[here] in ("so", "as", "quite", "very"):
            here += 1
    elif words[here : here + 1] == ["too"]:
        negated, here = True, here + 1
    compared = here < len(words) and words[here] in ("more", "less")
    if compared:
        sign = -1.0 if words[here] == "less" else 1.0
        here += 1
        while here < len(words) and words[here] in _TOWARDS:
            here += 1
    if here >= len(words):
        return None
    if toned := _toned(words, here, size):
        return toned
    word = words[here]
    if negated or compared:
        step = _step(_COMPARATIVES.get(word, word), size, -sign if negated else sign)
        return (here + 1, step) if step else None
    if word in _COMPARATIVES and words[here + 1 : here + 2] != ["weight"]:
        step = _step(_COMPARATIVES[word], size, 1.0)
        end = here + 1
        while tuple(words[end : end + 2]) in (("shade", "of"), ("tone", "of"), ("version", "of")):
            end += 2
        return (end, step) if step else None
    return None


_NOT_SO: Final = word_set("so as quite that too very")
_TOWARDS: Final = word_set("of a an towards on the like to side")


def _toned(words: Sequence[str], at: int, size: float) -> tuple[int, ColourStep] | None:
    """ "tone it down", "toned down", "turn the colour down a bit"."""
    if words[at] not in ("tone", "toned", "turn", "turned", "dial", "calm"):
        return None
    down = next((i for i in range(at + 1, min(at + 5, len(words))) if words[i] in ("down", "up")), None)
    if down is None:
        return None
    after = degree_at(words, down + 1)
    if after is not None and after[1] is not None:
        size = after[1]
    step = _step("saturated", size, -1.0 if words[down] == "down" else 1.0)
    return (down + 1 + (after[0] if after else 0), step) if step else None


def degree_at(words: Sequence[str], at: int) -> tuple[int, float | None] | None:
    """A degree at a word ("a bit", "two shades", "even"): its number of words, and how far in lightness (None
    where it says no size); None where there is none.
    """
    for length in (4, 3, 2, 1):
        if at + length > len(words):
            continue
        said = " ".join(words[at : at + length])
        count, _, notch = said.partition(" ")
        if length == 2 and count in _COUNTS and notch in _NOTCHES:
            return 2, _SMALL * _COUNTS[count]
        if said in _BETWEEN_DEGREES:
            return length, _BETWEEN_DEGREES[said]
        if said in _LESS_DEGREES:
            return length, _SMALL
        if said in _MORE_DEGREES:
            return length, _MUCH
        if said in _EVEN_DEGREES:
            return length, None
    return None


def degree_phrases() -> tuple[tuple[str, ...], ...]:
    """Degrees of more than one word ("a touch", "two shades", "ever so slightly"), the longest first."""
    said = {*_LESS_DEGREES, *_MORE_DEGREES, *_BETWEEN_DEGREES}
    phrases = {tuple(degree.split()) for degree in said}
    phrases |= {(count, notch) for count in _COUNTS for notch in _NOTCHES if notch.endswith("s")}
    return tuple(
        sorted((phrase for phrase in phrases if len(phrase) > 1), key=lambda each: (-len(each), each))
    )


def _step(adjective: str, size: float, sign: float) -> ColourStep | None:
    """A step of one adjective; None where it says nothing of a colour."""
    low = colours.spelt(adjective)
    way = _WAYS.get(low)
    if way is not None:
        return ColourStep(
            lightness=round(way[0] * size * sign, 4) + 0.0,
            chroma=round(2.0 ** (way[1] * sign * (size / _PLAIN) ** 0.6), 4),
            warmth=round(min(1.0, max(-1.0, way[2] * size * sign * _WARMTH)), 4) + 0.0,
        )
    value = colours.value_of(low)
    if value is None or low in MATERIALS:
        return None
    hue = np.array(value[1:])
    length = float(np.hypot(*hue))
    if length < 0.02:
        return None
    a, b = (hue / length * size * sign * _TINT).tolist()
    return ColourStep(tint=(round(a, 4), round(b, 4)))


def _stem(word: str) -> str:
    """A noun without its plural ending, roughly."""
    for ending, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2 and not word.endswith(("ss", "us")):
            return word[: -len(ending)] + instead
    return word


_PLACES: Final = word_set(
    "on in at by near beside next under behind above below between from of with that which to over"
)
_NATURAL: Final = word_set("sea sky ocean sand grass night forest sun")
_POINTING: Final = word_set("the that this my our your those these its")
_LIKENESSES: Final[tuple[tuple[str, ...], ...]] = (
    *((("same", noun, "as")) for noun in ("colour", "color", "shade", "look", "tone")),
    ("same", "as"),
    *((noun, "of") for noun in ("colour", "color", "shade", "colours", "colors", "look", "tone")),
    ("match", "with"), ("match",), ("matching",), ("matches",), ("like",), ("as", "in"), ("as", "on"),
    ("as",),
)  # fmt: skip
_BEFORE_LIKENESS: Final = word_set("the same exact exactly in to a of colour color be just")

_TREES: Final = word_set("""
    tree bush plant jar bowl basket grove cup mug pot machine maker bottle glass rack bar cake shop
    house dish bean cellar cooler table box field stand pie juice bed garden window stove
""")
_EDIBLE: Final = word_set("""
    orange lemon cherry plum peach lime olive apricot apple banana coffee wine chocolate butter rose
    mint fruit honey cream vanilla grape avocado pine tea maple chestnut walnut pear mango fig lilac
    lavender salmon sand grass side dining card bedside dressing
""")


def _is_name_of_thing(words: Sequence[str]) -> bool:
    """Whether words make one name of a thing although the first may be a look: "orange tree", "coffee
    table".
    """
    *before, noun = words
    for word in before:
        if word in COMPARATIVES or word in colours.MODIFIERS:
            return False
        if word in MATERIALS or word in PATTERNS:
            continue
        if colours.value_of(word) is not None and not (word in _EDIBLE and noun in _TREES):
            return False
    return True


_JOINING: Final = word_set("and , ; but also a an")
_NO_BEGINNING: Final = word_set(
    "and or , ; of in the a an so too pretty quite rather really coloured colour shade tone near"
)
_NO_ENDING: Final = word_set("and or , ; of")


def _with_right_article(text: str) -> str:
    """ "a orange sofa" is "an orange sofa"."""
    first, _, rest = text.partition(" ")
    if first.lower() not in ("a", "an") or not rest:
        return text
    vowel = rest[0].lower() in "aeiou" and not rest.lower().startswith(("uni", "use", "usual", "one", "euro"))
    return f"{'an' if vowel else 'a'} {rest}"


def without_article(words: str) -> str:
    """A step as it stands before a noun: "a bit darker" is "slightly darker", "not so red" "less red"."""
    words = _NOT_SO_MUCH.sub("less ", words)
    return _DEGREE_WITH_ARTICLE.sub(_as_adverb, words)


def _as_adverb(degree: re.Match[str]) -> str:
    whole, bare = degree[0].lower().removeprefix("just "), degree[1].lower()
    return _AS_ADVERB.get(whole, _AS_ADVERB.get(bare, "slightly"))


_DEGREE_WITH_ARTICLE: Final = re.compile(
    r"\b(?:just |quite )?an? (lot|whole lot|fair bit|good bit|good deal|great deal|little bit|tiny bit|little"
    r"|bit|touch|tad|shade|hint|hair|notch|tone)(?= (?!of ))",
    re.IGNORECASE,
)
_NOT_SO_MUCH: Final = re.compile(r"\bnot (?:quite |nearly )?(?:so|as|that|too)(?: very)? ", re.IGNORECASE)
_AS_ADVERB: Final = {
    **dict.fromkeys(("lot", "whole lot", "good deal", "great deal"), "much"),
    **dict.fromkeys(("quite a bit", "fair bit", "good bit"), "appreciably"),
    "quite a lot": "much",
}
