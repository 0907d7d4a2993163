"""From a typed sentence to tokens: normal characters, contractions taken apart, slips of the keyboard
repaired.

Every token keeps the text that is copied into targets and prompts. Only words that are in no list of the
lexicon and are one slip away from one that is are repaired; a word that is far from all of them is somebody's
ottoman.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from tools.language import colours
from tools.language import lexicon as lx
from tools.language.lexicon import word_set

LONGEST = 1000
"""A request of more characters than this is not read (a person's sentence has some 50)."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word or mark: ``text`` as it is copied into a plan, ``low`` as it is looked up."""

    text: str
    low: str

    def __str__(self) -> str:
        return self.text


Tokens = tuple[Token, ...]


def join(tokens: Tokens) -> str:
    """The tokens as words again."""
    return " ".join(token.text for token in tokens)


_CHARACTERS = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‛": "'",
        "`": "'",
        "´": "'",
        "“": '"',
        "”": '"',
        "…": " ... ",
        "\u00a0": " ",
        "×": " x ",
    }
)
_ARROW = re.compile(r"\s*(?:-+>|=+>|→|⇒|➜|➔|»)\s*")
_DASH = re.compile(r"\s+[-–—]+\s+|\s*[–—]+\s*|--+")
_NUMBERING = re.compile(r"(?:^|(?<=\s))\d{1,2}[.)]\s+(?=[a-zA-Z])")
_TOKEN = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?\b|→|w/|'em\b|\w+(?:['\-]\w+)*|[.!?;:,/&+()\"]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")


_RGB = re.compile(r"\brgb\s*\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*\)", re.IGNORECASE)


def coded(text: str) -> str:
    """A text with "rgb(51, 102, 153)" as "#336699": it has no commas that could be taken for the ends of
    clauses.
    """
    return _RGB.sub(_as_code, text)


def _as_code(found: re.Match[str]) -> str:
    channels = [int(number) for number in found.groups()]
    return found.group() if max(channels) > 255 else "#{:02x}{:02x}{:02x}".format(*channels)


def normalise(sentence: str) -> str:
    """The sentence with plain quotes, arrows and dashes, without symbols and all-capitals."""
    text = unicodedata.normalize("NFC", sentence).translate(_CHARACTERS)
    text = coded(text)
    text = _ARROW.sub(" → ", text)
    text = _DASH.sub(" , ", text)
    text = _NUMBERING.sub(" . ", text)
    text = "".join(
        c if c == "→" or unicodedata.category(c)[0] not in "SC" or c in "+`'" else " " for c in text
    )
    if text.isupper():
        text = text.lower()
    return " ".join(text.split())


@lru_cache(maxsize=1024)
def tokenise(sentence: str) -> Tokens:
    """The tokens of a sentence, contractions and slang taken apart, typing slips repaired."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(normalise(sentence)):
        for word in _apart(match.group()):
            named = bool(tokens) and tokens[-1].low in lx.DEFINITE | {"a", "an"}
            tokens.append(_repaired(word, named))
    tokens = _contracted(tokens)
    if tokens:
        first = tokens[0]
        tokens[0] = Token(first.low if first.text.istitle() else first.text, first.low)
    return tuple(tokens)


_AFTER_IS = (
    {"have", "gotta", "going", "supposed"}
    | lx.DEGREES
    | lx.EVALUATIVE
    | word_set("too so not a looking getting been got fine good great perfect nice")
)


def _contracted(tokens: list[Token]) -> list[Token]:
    """ "the sofa's too dark" is said of the sofa; "the sofa's cushions" are cushions."""
    result: list[Token] = []
    for i, token in enumerate(tokens):
        follow = tokens[i + 1].low if i + 1 < len(tokens) else ""
        ends = i + 2 >= len(tokens) or not tokens[i + 2].low[0].isalnum()
        looks = lx.FINISHES | lx.COLOURS | lx.SHADES | lx.SIZES
        adjective = (
            ends
            and bool(follow)
            and (follow in looks or follow.endswith(("y", "ed", "ing", "ful", "less", "ish")))
        )
        if token.low.endswith("'s") and token.low != "let's" and (follow in _AFTER_IS or adjective):
            verb = [] if follow == "have" else [Token("is", "is")]  # "the lamp's gotta go"
            result += [Token(token.text[:-2], token.low[:-2]), *verb]
        elif token.low == "them" and (follow in lx.NOUNS or follow.removesuffix("s") in lx.NOUNS):
            result.append(Token("those", "those"))
        else:
            result.append(token)
    return result


_CLITICS = {"d": "would", "ll": "will", "ve": "have", "re": "are", "m": "am"}
_NEGATED = {"can't": "can", "won't": "will", "shan't": "shall", "ain't": "is"}
_IS_HOSTS = word_set("""
    that it what how there here where who everything everyone something let she he thing one else
""")


def _apart(word: str) -> tuple[str, ...]:
    """One word as the words it stands for: "don't" = do not, "I'd" = I would, "gimme" = give me."""
    low = word.lower()
    if low in lx.SLANG:
        return tuple(lx.SLANG[low].split()) if lx.SLANG[low] != low else (word,)
    if low in _NEGATED or (low.endswith("n't") and len(low) > 3):
        return (_NEGATED.get(low, low[:-3]), "not")
    base, _, ending = word.rpartition("'")
    if base and ending.lower() in _CLITICS:
        return (base, _CLITICS[ending.lower()])
    if base and ending.lower() == "s" and base.lower() in _IS_HOSTS and base.lower() != "let":
        return (base, "is")
    return (word,)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    tables = [value for name, value in vars(lx).items() if name.isupper() and isinstance(value, frozenset)]
    known = frozenset().union(*(table for table in tables if table is not lx.FOREIGN))
    maps = (lx.COMPARATIVES, lx.OPPOSITES, lx.COLOUR_OF_VERB, lx.NUMBERS, lx.ORDINALS, lx.PAST)
    return known.union(*maps)


@lru_cache(maxsize=1)
def _core() -> frozenset[str]:
    return (
        lx.NOUNS
        | lx.MATERIALS
        | lx.COLOURS
        | lx.MAKE
        | lx.REPLACE
        | lx.REMOVE
        | lx.ADD
        | lx.POLITE
        | lx.FINISHES
    )


_REPAIRABLE = 4
"""Shorter words are too easily another word; only a swap of two letters is undone in them."""


_FUNCTION = word_set("""
    with without into from like instead that this those these should could would want need undo redo
    back original before after compare version versions show hide bring different same also both
    everything something some other another just there where what which what's have make give please
    thanks picture colour color right left middle back front next behind between under above around
    corner darker lighter brighter bigger smaller everything except and which leave keep stays only first
    second third last again colours though actually rather one ones
""")


@lru_cache(maxsize=1)
def _choices() -> tuple[str, ...]:
    """What a slip may be a slip of: the words that requests are made of, and no others."""
    closed = lx.DEFINITE | lx.LOCATIVES | lx.PATTERNS | lx.SIZES | lx.SHADES | lx.PAST.keys()
    targets = _core() | _FUNCTION | closed | lx.COLOUR_OF_VERB.keys() | lx.LOOK_NOUNS | lx.PLACES
    return tuple(sorted(word for word in targets if len(word) >= 3 and "-" not in word))


@lru_cache(maxsize=1)
def request_words() -> frozenset[str]:
    """The words that requests are made of."""
    return frozenset(_choices())


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    looks = lx.MATERIALS | lx.COLOURS | lx.FINISHES | lx.PATTERNS | lx.SIZES | lx.SHADES
    return tuple(sorted(word for word in lx.NOUNS | looks | lx.PLACES if len(word) >= 3 and "-" not in word))


_ENDINGS = (
    ("'s", ("",)), ("es", ("", "e")), ("s", ("",)), ("ies", ("y",)), ("ing", ("", "e")), ("ed", ("", "e")),
    ("er", ("", "e")), ("est", ("", "e")), ("ly", ("",)), ("y", ("",)), ("en", ("",)), ("ish", ("", "e")),
)  # fmt: skip
"""Endings, and what stands in their place in the word without them."""


def is_joined(word: str) -> bool:
    """Whether a word is put together from two that the planner knows ("skylight", "birdcage")."""
    firsts = lx.NOUNS | lx.MATERIALS | lx.COLOURS
    return len(word) >= 6 and any(
        word[:cut] in firsts and word[cut:] in lx.NOUNS for cut in range(3, len(word) - 2)
    )


def is_known(word: str) -> bool:
    """Whether the planner knows the word or an ordinary inflection of a word that it knows."""
    known = _known()
    if word in known:
        return True
    if is_joined(word):
        return True
    for ending, repairs in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            if any(stem + repair in known for repair in repairs):
                return True
            if len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in known:
                return True
    return False


@lru_cache(maxsize=1)
def _colour_words() -> frozenset[str]:
    """Words of which names of colours are made."""
    return frozenset(word for name in colours.names() for word in name.split())


def _repaired(word: str, named: bool = False) -> Token:
    low = word.lower()
    if not low[0].isalpha() or is_known(low) or not low.isascii() or low in _colour_words():
        return Token(word, low)
    if "-" in low:  # "off-whte" is rare and "mid-century" is not: parts are not repaired
        return Token(word, low)
    squeezed = _STRETCHED.sub(r"\1", low)
    doubled = _STRETCHED.sub(r"\1\1", low)
    for shorter in (squeezed, doubled):
        if shorter != low and is_known(shorter):
            return Token(shorter, shorter)
    repaired = _nearest(low, named)
    return Token(repaired, repaired) if repaired else Token(word, low)


_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours(low: str, word: str) -> bool:
    """Whether the letters in which two words differ lie side by side on the keyboard, or are both vowels."""
    pairs = [(a, b) for a, b in zip(low, word, strict=True) if a != b]
    places = {c: (row, column) for row, keys in enumerate(_ROWS) for column, c in enumerate(keys)}
    for a, b in pairs:
        if a not in places or b not in places:
            return False
        (row, column), (other_row, other) = places[a], places[b]
        if abs(row - other_row) > 1 or abs(column - other) > 1:
            return False
    return True


@lru_cache(maxsize=4096)
def _nearest(low: str, named: bool) -> str | None:
    """The known word that ``low`` is a slip of, or None. ``named``: it stands where a thing or a look
    stands.
    """
    if len(low) < 3:
        return None
    # Imported here: most sentences have no slips, and the import takes longer than a plan.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    reach = 2 if len(low) >= 7 else 1
    found = process.extract(
        low, _names() if named else _choices(), scorer=OSA.distance, score_cutoff=reach, limit=12
    )
    best: tuple[tuple[int, ...], str] | None = None
    for word, distance, _ in found:
        swapped = len(word) == len(low) and sorted(word) == sorted(low)
        if distance == 2 and (
            abs(len(word) - len(low)) > 1
            or word[:2] != low[:2]
            or (word in lx.COMMON and word not in _core())
        ):
            continue  # two slips: only in words that a request is full of
        if len(low) < _REPAIRABLE and not swapped:
            continue
        if word[0] != low[0] and not (swapped and word[:2] == low[1::-1]):
            continue
        if len(low) <= 5 and len(word) == len(low) and not swapped and not _neighbours(low, word):
            continue  # in a short word a wrong letter is mostly another word: "soup", "soap"
        # Swapped letters are the likeliest slip, then one left out, then a wrong one, then one too many.
        slip = 0 if swapped else {1: 1, 0: 2}.get(len(word) - len(low), 3)
        everyday = word in lx.COMMON and word not in lx.POLITE
        rank = (int(distance), int(everyday and not swapped), slip)
        if best is None or rank < best[0]:
            best = (rank, word)
    return best[1] if best else None
