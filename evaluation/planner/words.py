"""Comparing short noun phrases by their content words ("a darker sofa of leather" = "the dark leather sofa").

Two phrases are equal when the same content words stand in them, in any order. Articles, possessives, a few
linking words, plural endings, accents, British and American spelling, and the degree of an adjective (dark,
darker) do not count; everything else does. The tables are closed: a word that is not in them is content.
"""

from __future__ import annotations

import re
import unicodedata


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LINKS = _set("""
    a an the all both each every some any this that these those my our your his her its their
    of on in at to from onto into s is are be was which one ones
""")
"""Words without a meaning of their own, in a target and in a prompt."""

_PROMPT_LINKS = _LINKS | _set("""
    and with made out it same new colour coloured style styled look looking finish shade tone toned kind sort
    type material upholstered covered painted very quite rather more even bit little slightly much really nice
""")
"""A prompt's further neutral words: they say how a look comes about or how strongly, not which look."""

_TARGET_LINKS = _LINKS | _set("off with and current existing old")

_ADJECTIVES = _set("""
    dark light bright pale deep soft warm cool cold rich big large small tall short long wide narrow thick
    thin round old new modern clean smooth rough shiny glossy matte dull fluffy fuzzy cosy heavy plain simple
    fancy strong subtle vivid muted red green blue yellow purple pink brown grey black white orange low high
    full plump sleek slim chunky young dusty rusty sunny cloudy stormy quiet loud weak
""")
"""Adjectives whose comparative and superlative count as the adjective itself."""

_SAME = dict(
    pair.split("=")
    for pair in _set("""
        gray=grey color=colour colored=coloured cozy=cosy aluminum=aluminium mold=mould matt=matte
        wooden=wood golden=gold silvery=silver woollen=wool woolen=wool oaken=oak rusted=rust
        striped=stripe stripy=stripe stripey=stripe tiled=tile dotted=dot blurred=blur blurry=blur
        checked=check chequered=check checkered=check frosted=frost quilted=quilt tufted=tuft
        floral=flower flowered=flower flowery=flower tv=television telly=television
        shelves=shelf leaves=leaf knives=knife scarves=scarf loaves=loaf wolves=wolf
        people=person children=child men=man women=woman mice=mouse geese=goose
    """)
)

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _degrees(adjective: str) -> set[str]:
    """The comparative and the superlative of an adjective of one or two syllables."""
    if adjective.endswith("e"):
        stem = adjective[:-1]
    elif adjective.endswith("y") and adjective[-2] not in "aeiou":
        stem = adjective[:-1] + "i"
    elif re.fullmatch(r"[^aeiou]*[aeiou][bdgmnpt]", adjective):
        stem = adjective + adjective[-1]
    else:
        stem = adjective
    return {stem + "er", stem + "est"}


_DEGREES = {form: adjective for adjective in _ADJECTIVES for form in _degrees(adjective)}


def _singular(word: str) -> str:
    """The word without a plural ending. It need not be a word, only the same for both numbers."""
    if len(word) <= 3 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _normal(word: str) -> str:
    if word.isdigit() and int(word) < len(_NUMBERS):
        return _NUMBERS[int(word)]
    word = _SAME.get(word, word)
    word = _DEGREES.get(word, word)
    word = _singular(word)
    return _SAME.get(word, word)


def _content(phrase: str, neutral: frozenset[str]) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", phrase.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    # Neutral before and after: "colored" is neutral only as "coloured", "ones" only as written.
    words = (_normal(word) for word in re.findall(r"[^\W_]+", plain) if word not in neutral)
    return frozenset(word for word in words if word not in neutral)


def target_words(phrase: str) -> frozenset[str]:
    """The content words of a target or a place: what must be equal for two targets to mean the same thing."""
    return _content(phrase, _TARGET_LINKS)


def prompt_words(phrase: str) -> frozenset[str]:
    """The content words of a prompt: its object, materials, colours and other looks."""
    return _content(phrase, _PROMPT_LINKS)
