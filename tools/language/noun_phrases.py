"""Noun phrases: taken apart into article, looks, noun and what follows; merged; put together again.

"a dark brown leather sofa with brass legs" is the article *a*, the looks *dark brown* (colour) and *leather*
(material), the noun *sofa* and the tail *with brass legs*. Merging puts new looks in the place of old ones of
the same sort: a colour takes the place of a colour, a material of a material, the rest stays. Pure functions
over strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from tools.language import lexicon as lx
from tools.language.compounds import is_colour, is_step, joined, parted
from tools.language.lexicon import word_set

Sort = Literal["size", "quality", "colour", "pattern", "material"]
_ORDER: tuple[Sort, ...] = ("size", "quality", "colour", "pattern", "material")


@dataclass(frozen=True)
class Attribute:
    """Words that say one thing about a surface: "dark brown", "brushed steel", "striped"."""

    sort: Sort
    words: tuple[str, ...]


@dataclass(frozen=True)
class Phrase:
    """A noun phrase. ``article`` is a determiner or number as the user said it, or empty."""

    article: str = ""
    looks: tuple[Attribute, ...] = ()
    noun: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


_TAIL = word_set("""
    of with without in on at near beside besides behind under underneath below above over beneath by next
    between against inside outside around from like that which who whose where covered made for along across
    to off wearing showing standing sitting hanging lying wearing holding containing full
""")
"""Words at which a noun phrase's tail begins."""

_ARTICLES = lx.DEFINITE | lx.INDEFINITE | frozenset({"no"})
_WHICH = (
    lx.DIRECTIONS | frozenset(lx.ORDINALS) | {"last", "same", "original", "current", "existing", "actual"}
)
_FILLER = lx.LOOK_NOUNS | word_set("""
    lick splash dash layer looking style styled coloured colored toned made kind of type sort out in be
    become being to is something anything
""")
_DEGREE = word_set("""
    a bit little slightly somewhat much far way lot even rather super so too still tad touch really quite
    totally completely fully entirely properly absolutely nicely all some any
""")

_COMPOUNDS = frozenset(
    """coffee table|wine rack|wine glass|wine bottle|wine cabinet|rose bush|lemon tree|orange tree|olive
    tree|cherry tree
    |plum tree|apple tree|palm tree|sand castle|old man|old woman|old lady|young man|young woman|little
    girl|little boy
    |ice cream|straw hat|paper bag|brick oven|glass of|plant pot|flower pot|high chair|high table|low
    table|long table
    |bay window|wood stove|wood burner|cast iron|stained glass|mirror ball|disco ball|
    |teddy bear|tin can|gold fish|glass door|glass doors|wall light|ceiling light|night light|traffic
    light|sun light
    |fur coat|butter dish|salad bowl|cork board|paper lantern|paper towel|chocolate bar|christmas
    tree|picture rail
    |soft toy|soft toys|mirror frame|glass case|full moon|electric guitar|wine cooler|straw bale|mosaic
    tile|tile floor|floor tile
    |floor tiles|roof tile|roof tiles|wall tile|wall tiles|glass table|fire place|light switch|light
    fixture""".replace("\n", "").split("|")
)
_EDIBLE = word_set("""
    coffee wine chocolate butter honey lemon cherry plum peach olive mint lime apricot fruit cream
    mocha vanilla
""")
_VESSELS = word_set("""
    cup mug pot machine maker bottle glass rack bar cake tree bush jar bowl shop house dish bean
    cellar cooler grinder
""")
"""Of these pairs the first is no colour: "a coffee cup"."""
_NOT_A_LOOK = frozenset(tuple(" ".join(pair.split()).split(" ")) for pair in _COMPOUNDS)


def sort_of(word: str) -> Sort | None:
    """What a word says about a surface, or None where it is no look word that the planner knows."""
    low = word.lower()
    if low in lx.COLOURS or low in lx.SHADES or is_step(low) or is_colour(low):
        return "colour"
    if low in lx.MATERIALS:
        return "material"
    if low in lx.PATTERNS:
        return "pattern"
    if low in lx.SIZES:
        return "size"
    if low in lx.FINISHES:
        return "quality"
    if low in lx.COMPARATIVES:
        return sort_of(lx.COMPARATIVES[low]) or "quality"
    if "-" in low:
        ends = low.rsplit("-", 1)
        if ends[1] in ("coloured", "colored", "toned", "tone"):
            return "colour"
        if ends[1] in lx.COLOURS:
            return "colour"
        if ends[1] in ("effect", "look", "clad", "covered", "blend"):
            return "material"
        if ends[1] in ("style", "inspired", "themed", "shaped", "legged", "backed"):
            return "quality"
        return sort_of(ends[1]) if ends[1] in lx.MATERIALS | lx.PATTERNS else None
    if low.endswith("ish") and low[:-3] in lx.COLOURS:
        return "colour"
    return None


@lru_cache(maxsize=4096)
def parse(text: str) -> Phrase:
    """Take a noun phrase apart. The last word before the tail is always the noun, whatever it is."""
    words = tuple(joined(text).split())
    start = 0
    while (
        start < len(words) - 1
        and not _stands_alone(words, start)
        and words[start].lower() in _ARTICLES | {"one", "most", "rest", "other", "others"}
    ):
        if words[start + 1].lower() == "of" and start + 2 < len(words):
            start += 1  # "one of the chairs", "all of the lamps"
        elif words[start].lower() not in _ARTICLES:
            break
        start += 1
    article = " ".join(words[:start])
    end = start + 1
    while end < len(words) and words[end].lower() not in _TAIL and not _likens(words, end):
        end += 1
    core, tail = words[start:end], words[end:]
    last = max((i for i in range(len(core) - 1) if _is_modifier(core, i)), default=-1)
    return Phrase(article, looks(core[: last + 1]), core[last + 1 :], tail)


def _likens(words: tuple[str, ...], at: int) -> bool:
    """ "an armchair | the colour of the curtains": what another thing's colour is, comes after the noun."""
    return bool(_COLOUR_OF.match(" ".join(words[at:])))


_COLOUR_OF = re.compile(r"the (?:same )?(?:colou?r|shade) (?:of|as) (?:the|my|our|that|this) ", re.IGNORECASE)


def _stands_alone(words: tuple[str, ...], index: int) -> bool:
    """ "the one on the right": a number that is the noun."""
    return words[index].lower() in ("one", "other", "others") and words[index + 1].lower() in _TAIL - {"of"}


def is_compound(first: str, second: str) -> bool:
    """Whether two words make one noun although the first may be a look ("coffee table")."""
    one, other = first.lower(), second.lower().removesuffix("s")
    return (one, second.lower()) in _NOT_A_LOOK or (one in _EDIBLE and other in _VESSELS)


def _is_modifier(core: tuple[str, ...], index: int) -> bool:
    if core[index].lower() in ("lower", "upper"):
        return False
    return sort_of(core[index]) is not None and not is_compound(core[index], core[index + 1])


_AS_ADJECTIVE = {
    "tiles": "tiled", "bricks": "brick", "stripes": "striped", "dots": "dotted", "checks": "checked",
    "checkers": "checkered",
    "flowers": "floral", "planks": "plank", "pebbles": "pebble", "stones": "stone",
    "floorboards": "floorboard",
}  # fmt: skip
"""Coverings named in the plural: "a floor of tiles" is a tiled floor."""


def looks(words: Iterable[str]) -> tuple[Attribute, ...]:
    """Sort look words into looks. A word that is not known joins the known one after it, or counts as a
    material.
    """
    found: list[Attribute] = []
    waiting: list[str] = []
    previous = ""
    for word in words:
        low = word.lower()
        if low in _AS_ADJECTIVE:
            low = word = _AS_ADJECTIVE[low]
        if low in ("and", ",", "or", "&", "but"):
            previous = "and"
            continue
        if low in _DEGREE or low in _WHICH or low in lx.EVALUATIVE:
            continue
        sort = sort_of(low)
        if low == "very" or sort is None or (low in lx.MATERIAL_MODIFIERS and sort != "material"):
            waiting.append(word)
            continue
        if waiting and sort == "quality" and waiting[-1].lower() in lx.MATERIAL_MODIFIERS:
            found.append(Attribute("quality", tuple(waiting)))
            waiting = []
        group = (*waiting, word)
        waiting = []
        last = found[-1] if found else None
        if last and last.sort == sort and sort in ("colour", "material", "pattern"):
            joined = ("and",) if previous == "and" and sort_of(last.words[-1]) else ()
            found[-1] = Attribute(sort, (*last.words, *joined, *group))
        else:
            found.append(Attribute(sort, group))
        previous = word
    if waiting:
        known = all(sort_of(word) for word in waiting)
        found.append(Attribute("quality" if known else "material", tuple(waiting)))
    return tuple(found)


_TAIL_OF_LOOK = word_set("filled full with without like covered where that which wearing holding showing")


_NOT_THE_OLD = re.compile(
    r",? (?:and |but )?not (?!(?:so|that|too|as|quite|very|much|all)\b)(?:an? |the )?[\w-]+(?: [\w-]+)?$",
    re.IGNORECASE,
)
""" "Satin, not matte"."""


def refused(text: str) -> frozenset[str]:
    """The words of a look that is not wanted any more: "matte" of "satin, not matte"."""
    found = _NOT_THE_OLD.search(text)
    words = frozenset(found[0].lower().strip(" ,").split()) if found else frozenset()
    return words - {"and", "but", "not", "a", "an", "the"}


def split_look(text: str, noun: tuple[str, ...] = ()) -> Phrase:
    """A look as the user said it ("a dark red", "covered in moss", "a nice shade of green") without a noun of
    its own.

    A noun at its end that is ``noun`` is left out, and so are words such as "colour" and "finish".
    """
    likened = _COLOUR_OF.search(text)
    if likened:
        look = split_look(text[: likened.start()].rstrip().removesuffix(" in"), noun)
        return replace(look, tail=tuple(text[likened.start() :].split()))
    text = joined(_NOT_THE_OLD.sub("", text))
    all_words = text.split()
    words = [word for word in all_words if word.lower() not in ("the", "an")]
    places = [at for at, word in enumerate(all_words) if word.lower() not in ("the", "an")]
    tail: list[str] = []
    for index, word in enumerate(words):
        low = word.lower()
        rest = [w.lower() for w in words[index + 1 :]]
        if (
            low == "like"
            and rest
            and len(rest) <= 3
            and all(sort_of(w) or w in lx.LOOK_NOUNS | {"a"} for w in rest)
        ):
            continue
        if low in _TAIL_OF_LOOK or (
            low in ("in", "of") and rest and ("style" in rest or rest[0] in ("a", "an", "the"))
        ):
            words, tail = words[:index], all_words[places[index] :]
            break
    core = [
        w for w in words if w.lower() not in _FILLER and w.lower() not in ("a", "like", "one", "ones", "from")
    ]
    lows = [word.lower() for word in core]
    ending = [word.lower() for word in noun]
    if ending and lows[-len(ending) :] == ending:
        core = core[: -len(ending)]
    elif ending and lows and lows[-1] == ending[-1]:
        core = core[:-1]
    return Phrase("", looks(core), (), tuple(tail))


_OWN_COLOUR = lx.MATERIALS - word_set("""
    leather leatherette suede velvet velour linen wool woollen woolen cotton silk satin denim corduroy tweed
    felt fleece fur sheepskin bouclé boucle chenille canvas fabric cloth textile microfibre polyester nylon
    vinyl plastic acrylic rubber foam latex resin quilted knitted crochet crystal glass paper wallpaper
    cardboard lace mesh laminate plaster stucco panelling paneling wainscoting shiplap tile tiles tiled tweed
    cashmere mohair flannel jersey chintz damask brocade tulle mosaic ceramic porcelain glazed enamel
    parquet herringbone metal metallic mirror mirrored
""")
"""Stuffs that have a colour of their own, which takes the place of the one that was said of another stuff."""


_OF_ONE_COLOUR = _OWN_COLOUR - word_set("""
    wood wooden timber hardwood stone brick bricks brickwork concrete cement metal steel wicker rattan cane
    bamboo straw grass moss wood-effect stainless terrazzo
""")
"""Of these, those that everybody sees in one colour, whatever is to be of them: walnut, slate, brass."""


_WITHOUT_PATTERN = (_OWN_COLOUR | word_set("leather leatherette suede velvet velour fur")) - word_set("""
    brick bricks brickwork wicker rattan cane bamboo
""")
"""Stuffs on which stripes and checks do not stay: the striped pouf in brown leather is brown leather."""


def merge(old: Phrase, new: Phrase) -> Phrase:
    """``old`` with the looks and the tail of ``new``: same sort replaced, the rest kept. What is of another
    stuff is so in that stuff's own colour: of white marble, light oak becomes light oak. Of some stuffs it
    has no pattern any more.
    """
    kept = list(_without_steps(old.looks))
    of_stuff = any(look.sort == "material" for look in kept)
    if of_stuff and len(new.looks) == 1 and _is_a_stuff(new.looks[0], kept):
        new = replace(new, looks=(replace(new.looks[0], sort="material"),))
    stuffs = {word.lower() for look in new.looks if look.sort == "material" for word in look.words}
    hues = any(_hues(look.words) for look in new.looks if look.sort == "colour")
    if (stuffs & _OWN_COLOUR if of_stuff else stuffs & _OF_ONE_COLOUR) and not hues:
        kept = [look for look in kept if look.sort != "colour"]
    if stuffs & _WITHOUT_PATTERN:
        kept = [look for look in kept if look.sort != "pattern"]
    for look in new.looks:
        kept = _merged(kept, look)
    coloured = bool(new.tail) or any(_hues(look.words) for look in new.looks if look.sort == "colour")
    tail = () if coloured and _likens(old.tail, 0) else old.tail
    if new.tail and new.tail != old.tail:
        same_start = old.tail and old.tail[0].lower() == new.tail[0].lower() != "with"
        tail = new.tail if same_start else _with_part(tail, new.tail)
    return replace(old, looks=tuple(kept), tail=tail)


def _is_a_stuff(look: Attribute, beside: Iterable[Attribute]) -> bool:
    """Whether a colour is the name of a stuff, too, and takes the place of one: copper, of zinc."""
    old = {word.lower() for each in beside if each.sort == "material" for word in each.words}
    named = look.sort == "colour" and look.words[-1].lower() in lx.MATERIALS
    return named and bool(old & _OWN_COLOUR)


_WITH = re.compile(r"(?:^|,? and |, )(?=with )")


def _with_part(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What follows a noun with one part more: in the place of a part of the same name ("with brass legs", now
    "with black legs"), or without it ("without the legs").
    """
    parts = [part for part in _WITH.split(" ".join(old)) if part]
    without = new[0].lower() == "without"
    name = _part_named(" ".join(new[1:]))
    at = next((i for i, part in enumerate(parts) if _part_named(part.partition(" ")[2]) == name != ""), None)
    if at is None or not parts[at].lower().startswith("with "):
        return (*old, *(("and",) if old else ()), *new)
    if without:
        del parts[at]
    else:
        one, other = (parse(text) for text in (parts[at].partition(" ")[2], " ".join(new[1:])))
        article = other.article if other.article.lower() not in ("a", "an") else ""
        merged = merge(replace(one, article=article), other)
        parts[at] = f"with {render(replace(merged, noun=other.noun))}"
    return tuple(" and ".join(parts).split())


def _part_named(words: str) -> str:
    noun = parse(words).noun if words else ()
    return noun[-1].lower().removesuffix("s") if noun else ""


def _without_steps(found: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Looks without steps: a step is asked for once, from the colour that is there."""
    plain = []
    for look in found:
        words = [word for word in look.words if not is_step(word)]
        while words and words[0] == "and":
            del words[0]
        if words:
            plain.append(replace(look, words=tuple(words)))
    return tuple(plain)


def _positive(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word if is_step(word) else lx.COMPARATIVES.get(word.lower(), word) for word in words)


def _shades(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(w for w in words if w.lower() in lx.SHADES or w.lower() == "very")


def _hues(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(w for w in words if w.lower() not in lx.SHADES and w.lower() != "very")


def _merged(kept: list[Attribute], new: Attribute) -> list[Attribute]:
    comparative = any(word.lower() in lx.COMPARATIVES for word in new.words)
    words = _positive(new.words)
    same = [look for look in kept if look.sort == new.sort]
    others = [look for look in kept if look.sort != new.sort]
    if new.sort == "colour":
        old = tuple(word for look in same for word in look.words)
        if all(is_step(word) or word == "and" for word in words):
            return [*others, Attribute("colour", (*words, *old))]
        if not _hues(words):
            return [*others, Attribute("colour", (*_shaded(_shades(old), words, comparative), *_hues(old)))]
        alone = _shades(old) if old and not _hues(old) and not _shades(words) else ()
        return [*others, Attribute("colour", (*alone, *words))]
    if new.sort in ("material", "pattern"):
        return [*others, Attribute(new.sort, words)]
    had = {w.lower() for look in same for w in look.words}
    if comparative and (less := _LESS_OF_MUCH.get(words[-1].lower())) and had & less[0]:
        words = (less[1],)  # a huge plant that is to be smaller is still large
    for family in _FAMILIES:
        if words[-1].lower() in family:
            kept = [
                look
                for look in kept
                if look.sort != new.sort
                or not (family - {words[-1].lower()}) & {w.lower() for w in look.words}
            ]
    same = [look for look in kept if look.sort == new.sort]
    against = {lx.OPPOSITES.get(word.lower(), "") for word in words} | {word.lower() for word in words}
    rest = [look for look in kept if look.sort != new.sort or not against & {w.lower() for w in look.words}]
    again = any(words[-1].lower() == w.lower() for look in same for w in look.words)
    return [*rest, Attribute(new.sort, ("very", *words) if again and comparative else words)]


_HUGE, _TINY = word_set("huge giant gigantic enormous massive oversized"), word_set("tiny mini miniature")
_LESS_OF_MUCH = {"small": (_HUGE, "large"), "big": (_TINY, "small"), "large": (_TINY, "small")}

_FAMILIES = (
    _HUGE | _TINY | word_set("big large small little medium"),
    word_set("wide narrow"),
    word_set("thick thin chunky slim fat"),
    word_set("tall short long"),
    word_set("round square rectangular oval circular triangular hexagonal"),
    word_set("open closed"),
    word_set("lit unlit"),
    word_set("""
        modern contemporary vintage antique retro classic traditional victorian baroque futuristic
        rustic industrial
    """),
    word_set("shiny glossy matte matt polished satin"),
)
"""Qualities of which a thing has one at a time."""


def _shaded(old: tuple[str, ...], new: tuple[str, ...], comparative: bool) -> tuple[str, ...]:
    """The shades after "darker": dark, very dark when it was dark, dark again when it was light."""
    if comparative and new[-1].lower() in {word.lower() for word in old}:
        return ("very", *new)
    pairs = {("dark", "light"), ("light", "dark"), ("dark", "bright"), ("bright", "dark"), ("dark", "pale"),
             ("pale", "dark"), ("light", "bright"), ("bright", "light"), ("pale", "light"), ("light", "pale"),
             ("deep", "light"), ("deep", "pale"), ("light", "deep"), ("pale", "deep"), ("warm", "cool"),
             ("cool", "warm"), ("bright", "muted"),
             ("muted", "bright"), ("vivid", "muted"), ("muted", "vivid"),
             ("soft", "bold"), ("bold", "soft"), ("dull", "vivid"), ("dull", "bright"), ("bright", "dull"),
             ("bright", "pale"), ("pale", "bright"), ("deep", "dark"), ("dark", "deep")}  # fmt: skip
    stay = [w for w in old if w.lower() != "very" and not any((w.lower(), n.lower()) in pairs for n in new)]
    return (*(w for w in stay if w.lower() not in {n.lower() for n in new}), *new)


def is_plural(noun: tuple[str, ...]) -> bool:
    """Whether a noun stands for several things ("curtains")."""
    if not noun:
        return False
    low = noun[-1].lower()
    if low in lx.PLURALS:
        return True
    return low.endswith("s") and not low.endswith(("ss", "us", "is")) and low not in lx.SINGULAR_S


_PLAIN = (("plain",), ("solid",))


def words_of(found: Iterable[Attribute]) -> tuple[str, ...]:
    """Looks in the order of English adjectives, as words."""
    # "a plain white wall", but "a blue striped rug"
    ordered = sorted(found, key=lambda look: 1 if look.words in _PLAIN else _ORDER.index(look.sort))
    return tuple(word for look in ordered for word in _positive(look.words))


def render(phrase: Phrase) -> str:
    """The phrase as words, with an article where it needs one: what an inpainter is told to paint."""
    words = tuple(parted(word) for word in (*words_of(phrase.looks), *phrase.noun, *phrase.tail))
    article = phrase.article.lower()
    number = article in lx.NUMBERS and lx.NUMBERS[article] != 1
    if number or article in ("some", "several"):
        return " ".join((article, *words))
    low = phrase.noun[-1].lower() if phrase.noun else ""
    if not words or not phrase.noun or is_plural(phrase.noun) or low in lx.MASS_NOUNS:
        return " ".join(words)
    return with_article(" ".join(words))


def with_article(text: str) -> str:
    """ "an oak floor", "a uniform"."""
    low = text.lower()
    vowel = low[:1] in "aeiou" and not low.startswith(("uni", "use", "usual", "one", "euro", "ute"))
    return f"{'an' if vowel or low.startswith(('hour', 'honest', 'heir')) else 'a'} {text}"
