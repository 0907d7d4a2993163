"""Which of them: from "the second picture from the left" and all pictures that were found to the one meant.

For a segmenter that finds all instances of a noun and knows nothing of places. :func:`read_phrase` splits a
phrase into the noun to look for and which of its instances is meant; :func:`choose` picks among masks by
that. Pure functions. Reading is cautious: words that it does not understand stay in the noun, for the
segmenter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.ndimage import distance_transform_edt

Mask = NDArray[np.bool_]
Floats = NDArray[np.floating]

Order = Literal[
    "best", "any",
    "left", "right", "top", "bottom", "top left", "top right", "bottom left", "bottom right",
    "front", "back", "middle", "large", "small",
    "near", "far", "above", "below", "left of", "right of",
]  # fmt: skip
"""By what instances are sorted.

best: by their scores, and where there are several it is doubtful which is meant; any: the same without the
doubt. Sides and corners are the picture's; what stands lower in the picture is taken to be further to the
front. The last row is about an other thing.
"""


@dataclass(frozen=True)
class Wanted:
    """A phrase that was read: the noun phrase to look for, and which of its instances are meant.

    Of the instances in ``order``, ``count`` from the ``rank``-th on are meant (``rank`` from 1). Without a
    ``count`` all are: with a side all on that side, with an ``other`` thing all by it.
    """

    noun: str
    order: Order = "best"
    rank: int = 1
    count: int | None = 1
    other: Wanted | None = None

    @property
    def nouns(self) -> tuple[str, ...]:
        """All noun phrases that must be looked for, the wanted thing's first."""
        return (self.noun, *(self.other.nouns if self.other else ()))


@dataclass(frozen=True)
class Instances:
    """What was found for one noun phrase.

    ``masks`` is bool (N, H, W), ``scores`` float (N,) in 0…1. ``missed`` is the best score of what was not
    taken for an instance. ``pixel`` is the (height, width) of a mask's pixel in any unit of length: other
    than (1, 1) where the masks are squashed.
    """

    masks: NDArray[np.bool_]
    scores: Floats
    missed: float = 0.0
    pixel: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Chosen:
    """The instances that are meant, by index, the union of their masks (H, W), and how sure that is (0…1).

    Where there are none, the confidence is how sure it is that the thing is not there.
    """

    indices: tuple[int, ...]
    mask: Mask
    confidence: float


# ----- Reading a phrase -----

_ORDINALS: Final = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5,
    "5th": 5, "sixth": 6, "6th": 6, "seventh": 7, "7th": 7, "eighth": 8, "8th": 8,
}  # fmt: skip
_NUMBERS: Final = {
    "two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4, "five": 5, "5": 5, "six": 6, "6": 6, "seven": 7,
    "7": 7, "eight": 8, "8": 8,
}  # fmt: skip
_MOST: Final[dict[str, Order]] = {
    "biggest": "large", "largest": "large", "smallest": "small", "tiniest": "small", "nearest": "front",
    "closest": "front", "frontmost": "front", "furthest": "back", "farthest": "back", "leftmost": "left",
    "rightmost": "right", "topmost": "top", "uppermost": "top", "highest": "top", "bottommost": "bottom",
    "lowest": "bottom", "lowermost": "bottom",
}  # fmt: skip
_SIDES: Final[dict[str, Order]] = {
    "top left": "top left", "upper left": "top left", "top right": "top right", "upper right": "top right",
    "bottom left": "bottom left", "lower left": "bottom left", "bottom right": "bottom right",
    "lower right": "bottom right", "left": "left", "far left": "left", "right": "right", "far right": "right",
    "top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom", "middle": "middle",
    "center": "middle", "centre": "middle", "central": "middle",
}  # fmt: skip

_ALL: Final = frozenset({"all", "every", "each"})
_ONE: Final = frozenset({"a", "an", "any", "either", "one"})
_DETERMINERS: Final = frozenset((
    "the", "my", "your", "his", "her", "its", "our", "their", "this", "that", "these", "those", "some", "a",
    "an", "any", "every", "each", "all", "both",
))  # fmt: skip
_PARTS: Final = frozenset(
    ("half", "side", "part", "edge", "end", "corner", "hand", "third", "quarter", "section", "of")
)
"""What follows a side in the name of a part of one thing: "the left half of the sofa"."""
_NO_NOUNS: Final = frozenset(("", "one", "ones", "thing", "things", "it", "them"))
_NO_THINGS: Final = frozenset((
    "corner", "corners", "side", "edge", "end", "distance", "air", "dark", "shade", "sun", "way", "front",
    "back", "background", "foreground", "left", "right", "top", "bottom", "middle", "center", "centre",
))  # fmt: skip
"""Places that cannot be looked for as a thing."""
_SURFACES: Final = frozenset((
    "wall", "wallpaper", "floor", "ceiling", "ground", "sky", "background", "grass", "lawn", "water", "sea",
    "snow", "sand", "furniture", "everything",
))  # fmt: skip
_IRREGULAR: Final = frozenset(
    ("people", "men", "women", "children", "feet", "teeth", "mice", "geese", "sheep")
)
_NOT_PLURAL: Final = re.compile(r"(?:ss|us|is)$|^(?:canvas|lens|gas|atlas|news|series)$")


def _either(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


_ORDINAL = _either([*_ORDINALS, "last"])
_SIDE = _either(side for side in _SIDES if _SIDES[side] != "middle")
_PICTURE = r"(?:the|this) (?:picture|image|photo|photograph|scene|room|frame)"

_NORMAL: Final = (
    (re.compile(r"[’`]"), "'"),
    (re.compile(r"\b(left|right|top|bottom|upper|lower|front)[- ]most\b"), r"\1most"),
    (re.compile(rf",(?= (?:on|at|in|next|near|by|behind|{_ORDINAL} from)\b)"), ""),
    (re.compile(r"\b(top|bottom|upper|lower)-(left|right)\b"), r"\1 \2"),
    (re.compile(r"\b(left|right)(?:-hand\b| hand(?= side))"), r"\1"),
    (re.compile(rf"\b({_ORDINAL})-(?={_either(_MOST)})"), r"\1 "),
    (re.compile(r"\bin back of\b"), "behind"),
    (re.compile(r"\bbefore (?=(?:the|a|an|my|our)\b)"), "in front of "),
    (re.compile(rf"^(?:the )?({_ORDINAL}) from (?:the )?({_SIDE}) (?!of\b)(.+)"), r"\1 \3 from the \2"),
)
_LEFT_OUT = re.compile(r"\b(?:except|excluding|but|besides|apart from|other than|not)\b")
_ONLY_A_PLACE = re.compile(
    r"(?:on|at|to|in|inside|from|off|by|near|next|behind|beside|between|above|over|under|underneath|beneath|below"
    r"|along|around|against|opposite|where|left of|right of)\b"
)
_JOINED = re.compile(rf"\b(?:and|or) {_either(_DETERMINERS | _NUMBERS.keys())}\b")
_NOUN_END = re.compile(
    r" (?:of|with|without|in|on|at|by|for|from|off|to|that|which|who|whose|made|behind|above|over|under|below"
    r"|near|next|beside|between|against|around|full|wearing|holding|except|excluding|but|besides)\b"
)
_IS = r"(?:(?:that|which|who)(?:'s| is| are) )?(?:(?:standing|sitting|hanging|lying) )?"
_TAIL = re.compile(
    rf" {_IS}(?P<tail>(?:on|at|to|in|inside|from|off|towards?|closest|nearest|furthest|farthest|left|right"
    rf"|behind|next|beside|by|near|close|against|under|underneath|beneath|below|above|over|opposite"
    rf"|{_ORDINAL} from)\b.+)"
)

_FROM_A_SIDE = re.compile(rf"(?:(?P<ordinal>{_ORDINAL}) )?from (?:the )?(?P<side>left|right|top|bottom)")
_ANYWHERE = re.compile(rf"in {_PICTURE}")
_AT_A_SIDE = re.compile(
    rf"(?:(?:(?:on|at|to|in|towards?) (?:the )?|(?:closest|nearest) to the )(?P<side>{_SIDE})(?: side| edge| "
    rf"end| corner| part| half)?|(?:furthest|farthest) (?:to the )?(?P<most>left|right))(?: of {_PICTURE})?"
)
_AT_PLACES: Final[tuple[tuple[re.Pattern[str], Order], ...]] = (
    (re.compile(rf"(?:in|at) the (?:very )?(?:middle|center|centre)(?: of {_PICTURE})?"), "middle"),
    (re.compile(r"in front|(?:in|at) the (?:front|foreground)"), "front"),
    (re.compile(r"(?:closest|nearest) to (?:me|us|the (?:camera|viewer))"), "front"),
    (re.compile(r"(?:in|at) the (?:back|background|rear)|(?:furthest|farthest) (?:away|back)"), "back"),
)
_BY_ANOTHER: Final[tuple[tuple[re.Pattern[str], Order], ...]] = (
    (re.compile(r"(?:(?:to|on|at) the )?left(?: side)? of (.+)"), "left of"),
    (re.compile(r"(?:(?:to|on|at) the )?right(?: side)? of (.+)"), "right of"),
    (re.compile(r"(?:furthest|farthest) (?:away )?from (.+)"), "far"),
    (re.compile(r"(?:above|over) (.+)"), "above"),
    (re.compile(r"(?:under|underneath|beneath|below) (.+)"), "below"),
    (
        re.compile(
            r"(?:behind|in front of|next to|beside|near(?: to)?|close to|closest to|nearest(?: to)?|opposite"
            r"|on top of) (.+)"
        ),
        "near",
    ),
    # Without an article these belong more often to a name or a manner: "man in black", "eggs on toast".
    (re.compile(rf"(?:on|at|in|inside|by|against|from|off) ({_either(_DETERMINERS)} .+)"), "near"),
)


def read_phrase(phrase: str) -> Wanted:
    """What a phrase such as "both lamps" or "the chair on the right" asks for. Case does not matter.

    A plural means all of them; so does a surface ("the wall"), which may be found in pieces. A phrase of
    several things ("the cup and the plate") is not split, and one that leaves something out is not read.
    """
    words = (word for word in phrase.lower().split() if any(character.isalnum() for character in word))
    text = " ".join(words).strip(" .;:!?\"'“”")
    for pattern, normal in _NORMAL:
        text = pattern.sub(normal, text)
    if not text:
        return Wanted(text)
    if _ONLY_A_PLACE.match(text) or _LEFT_OUT.search(text):
        return Wanted(_bare(text) or text, count=None if _is_plural(_bare(text)) else 1)
    if "," in text or _JOINED.search(_NOUN_END.split(text)[0]):
        return Wanted(_bare(text) or text, count=None)
    return _read(text)


def _read(text: str) -> Wanted:
    start = 0
    while match := _TAIL.search(text, start):
        head = text[: match.start()]
        if _bare(head) not in _NO_NOUNS and (read := _placed(head, match["tail"])):
            return read
        start = match.start() + 1
    return _read_head(text)


def _placed(head: str, tail: str) -> Wanted | None:
    """A head with the words behind it that tell where it is; None when those are not understood."""
    if _ANYWHERE.fullmatch(tail):
        return _read_head(head)
    if match := _FROM_A_SIDE.fullmatch(tail):
        counted = f"{match['ordinal']} {_bare(head)}" if match["ordinal"] else _bare(head)
        read = _read_head(counted)
        if counted.split()[0] not in _ORDINALS or _plain(read):
            return None
        return replace(read, order=_SIDES[match["side"]])
    if order := _place(tail):
        read = _read_head(head)
        unclear = order == "middle" and read.count is None
        return _beside(read, tail) if unclear or not _plain(read) else replace(read, order=order)
    for pattern, relation in _BY_ANOTHER:
        match = pattern.fullmatch(tail)
        if match is None:
            continue
        other = _bare(match[1])
        if other in _NO_NOUNS or _head_noun(other) in _NO_THINGS:
            return None
        read = _read_head(head)
        other = re.sub(r"\b(?:one|ones)$", _head_noun(read.noun), other)
        unclear = relation == "far" and read.count is None
        if unclear or not _plain(read) or _JOINED.search(other):
            return _beside(read, tail)
        return replace(read, order=relation, other=_read(other))
    return None


def _plain(read: Wanted) -> bool:
    """Whether nothing before the noun tells which one it is."""
    return read.order in ("best", "any")


def _beside(read: Wanted, tail: str) -> Wanted:
    """Of two things that tell which is meant, the one before the noun counts; the other stays with it."""
    return replace(read, noun=f"{read.noun} {tail}")


def _place(tail: str) -> Order | None:
    if match := _AT_A_SIDE.fullmatch(tail):
        return _SIDES[match["side"] or match["most"]]
    return next((order for pattern, order in _AT_PLACES if pattern.fullmatch(tail)), None)


def _read_head(text: str) -> Wanted:
    """A noun phrase with the words before the noun: how many, which in a row, how large, on which side."""
    words = text.split()
    everything, single = words[0] in _ALL, words[0] in _ONE and len(words) > 1
    both = 2 if words[0] == "both" else None
    if everything or single or both:
        del words[0]
        while words[:1] in (["single"], ["one"], ["of"]):
            del words[0]
    _drop_determiners(words)

    ordinal = words.pop(0) if words and (words[0] in _ORDINALS or words[0] == "last") else None
    number = _take_number(words) or both
    most = _MOST[words.pop(0)] if words and words[0] in _MOST else None
    side = None if most else _take_side(words)
    number = number or _take_number(words)
    of_them = False
    if ordinal or most:
        rest = words[1:] if words[:1] in (["one"], ["ones"]) else words
        if rest[:1] == ["of"]:
            words, of_them = rest[1:], True
            _drop_determiners(words)

    noun = " ".join(words)
    plural = _is_plural(noun)
    told = most or side or ("left" if ordinal else None)  # A row is counted as one reads.
    # "The biggest plants" does not say how many; "the last left chair" is not understood either.
    uncounted = everything or (plural and not (number or of_them))
    unclear = uncounted and told is not None and (ordinal or most or side == "middle")
    clash = (ordinal and side) or (ordinal == "last" and most)
    if unclear or clash or noun in _NO_NOUNS or _ONLY_A_PLACE.match(noun):
        bare = _bare(text) or text
        return Wanted(bare, count=None if everything or _is_plural(bare) else 1)
    order: Order = told or ("any" if single else "best")
    if number or single or of_them:
        count: int | None = number or 1
    elif everything or plural or (not told and _head_noun(noun) in _SURFACES):
        count = None
    else:
        count = 1
    return Wanted(noun, "right" if ordinal == "last" else order, _ORDINALS.get(ordinal or "", 1), count)


def _take_number(words: list[str]) -> int | None:
    return _NUMBERS[words.pop(0)] if len(words) > 1 and words[0] in _NUMBERS else None


def _take_side(words: list[str]) -> Order | None:
    """The side that a noun phrase begins with, taken off it, unless it is that of a part of one thing."""
    for length in (2, 1):
        side = _SIDES.get(" ".join(words[:length]))
        if side and len(words) > length and words[length] not in _PARTS:
            del words[:length]
            return side
    return None


def _drop_determiners(words: list[str]) -> None:
    while len(words) > 1 and words[0] in _DETERMINERS:
        del words[0]


def _bare(text: str) -> str:
    """A noun phrase without the articles in front of it; "" when it is nothing else."""
    words = text.split()
    _drop_determiners(words)
    return "" if set(words) <= _DETERMINERS else " ".join(words)


def without_addition(noun: str) -> str:
    """A noun phrase up to its noun: "red cat" for "red cat with the blue collar"."""
    return _NOUN_END.split(noun)[0]


def _head_noun(noun: str) -> str:
    words = without_addition(noun).split()
    return words[-1] if words else ""


def plural(noun: str) -> str:
    """A noun phrase for several such things: "red lamps" for "red lamp", "cups of tea" for "cup of tea"."""
    if _is_plural(noun):
        return noun
    head = _NOUN_END.split(noun)[0].rstrip()
    rest = noun[len(head) :]
    if head.endswith(("shelf", "leaf", "loaf", "knife")):
        many = head.removesuffix("e")[:-1] + "ves"
    elif head.endswith("y") and head[-2:-1] not in "aeiou":
        many = head[:-1] + "ies"
    else:
        many = head + ("es" if head.endswith(("s", "sh", "ch", "x")) else "s")
    return many + rest


def _is_plural(noun: str) -> bool:
    head = _head_noun(noun)
    return head in _IRREGULAR or (len(head) > 3 and head.endswith("s") and not _NOT_PLURAL.search(head))


ALL_BUT: Final = re.compile(
    r"(?:all|both)(?: of)?(?: the)? (?P<noun>\w+(?: \w+)?) (?:but|except(?: for)?|apart from|other than)"
    r" (?P<kept>the .+)"
)
"""All things of a kind but some: "all the cushions but the black cushion and the left cushion"."""


def all_but(phrase: str) -> tuple[str, tuple[str, ...]] | None:
    """The phrase for all things and those for the ones left out; None for other phrases."""
    but = ALL_BUT.fullmatch(" ".join(phrase.lower().split()))
    if but is None:
        return None
    kept = tuple(f"the {each}" for each in re.split(r",? and the |, the ", but["kept"].removeprefix("the ")))
    return f"all the {plural(but['noun'])}", kept


def without(target: str, what: str) -> str:
    """What a phrase for several things is called without one of them: "all the cushions but the left
    cushion"; as it is where the other is none of them.
    """
    but, taken = all_but(target), all_but(what)
    noun = read_phrase(but[0] if but else target).noun
    if not _is_plural(noun) or plural(
        _head_noun(read_phrase(taken[0] if taken else what).noun)
    ) != _head_noun(noun):
        return target
    if taken is not None:
        return " and ".join(taken[1])
    kept = (*(but[1] if but else ()), f"the {_bare(what.lower())}")
    return f"all the {noun} but {' and '.join(kept)}"


_OTHER: Final = re.compile(
    r"(?:(?:all|both|each|any)(?: of)? )?(?:the )?(?:other|remaining)(?: (?P<one>one))? (?P<noun>.+)"
)


def other_than(phrase: str) -> Wanted | None:
    """What "the other armchair" asks for, "armchair", and how many of them; None for other phrases.

    Which of them is meant depends on those that were spoken of before.
    """
    match = _OTHER.fullmatch(" ".join(phrase.lower().split()))
    return _read(match["noun"]) if match else None


# ----- Choosing among what was found -----

SAME_THING = 0.7
"""Masks with a larger intersection over union than this are two finds of one thing."""

NOT_A_DOUBT = 0.02
"""Distances that differ by less than this share of the picture's diagonal are alike."""

_TOWARDS: Final[dict[Order, tuple[int, int]]] = {
    "left": (0, -1), "right": (0, 1), "top": (-1, 0), "bottom": (1, 0), "top left": (-1, -1),
    "top right": (-1, 1), "bottom left": (1, -1), "bottom right": (1, 1),
}  # fmt: skip
_BY_DISTANCE: Final[frozenset[Order]] = frozenset(("near", "far", "above", "below", "left of", "right of"))
_PAST: Final[dict[Order, tuple[int, int]]] = {
    "left of": (0, -1), "right of": (0, 1), "above": (-1, 0), "below": (1, 0),
}  # fmt: skip


def choose(wanted: Wanted, found: Instances, other: Mask | None = None) -> Chosen:
    """The instances that are meant, of all that were ``found`` for the noun.

    ``other`` is the mask (H, W) of ``wanted.other``; when it is missing or empty, the phrase is taken as if
    it did not name the other thing. The confidence is the mean score, weighted by area, lowered where
    several would do as well, where fewer are there than were asked for, and where none is by the other thing.
    """
    masks = found.masks
    indices = _distinct(masks, found.scores)
    order = wanted.order
    sure = 1.0
    if order in _BY_DISTANCE:
        if other is None or not other.any():
            order = "best"
        else:
            indices = [i for i in indices if _overlap(masks[i], other) <= 0.5]  # A thing is not by itself.
    if indices and wanted.count is None:
        indices, sure = _all_of(indices, order, found, other)
    elif indices:
        indices, sure = _some_of(indices, order, wanted.rank, wanted.count or 1, found, other)
    mask: Mask = np.logical_or.reduce(masks[indices], axis=0) if indices else np.zeros(masks.shape[1:], bool)
    if not indices:
        return Chosen((), mask, 1.0 - found.missed)
    areas = masks[indices].sum(axis=(1, 2))
    return Chosen(tuple(indices), mask, float(np.average(found.scores[indices], weights=areas)) * sure)


def _distinct(masks: NDArray[np.bool_], scores: Floats) -> list[int]:
    """The instances by falling score, without empty ones and without second finds of the same thing."""
    kept: list[int] = []
    for index in np.argsort(-np.asarray(scores, float), kind="stable").tolist():
        if masks[index].any() and all(_overlap(masks[index], masks[i]) <= SAME_THING for i in kept):
            kept.append(index)
    return kept


def _overlap(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))


def _some_of(
    indices: list[int], order: Order, rank: int, count: int, found: Instances, other: Mask | None
) -> tuple[list[int], float]:
    """``count`` instances from the ``rank``-th on, and by what share the confidence is to be lowered."""
    sure = 1.0
    if order in ("best", "any"):  # The indices are by falling score already.
        ordered = indices
        sure = _lead(found.scores[ordered], count) if order == "best" else 1.0
    elif order == "middle":
        ordered = _from_the_middle(indices, found)
    elif other is None or order not in _BY_DISTANCE:
        ordered = [indices[i] for i in np.argsort(-_values(indices, order, found), kind="stable")]
    else:
        ordered, alike = _by_distance(indices, order, found, other)
        sure = _lead(found.scores[ordered[:alike]], count)
        # Of a single thing, "under" and "above" say little: half of a rug is not under its table.
        sided = order in ("left of", "right of") or len(indices) > 1
        sure *= 0.5 if sided and not _is_past(ordered[0], order, found, other) else 1.0
    taken = ordered[rank - 1 : rank - 1 + count]
    return taken, sure * len(taken) / count


def _by_distance(indices: list[int], order: Order, found: Instances, other: Mask) -> tuple[list[int], int]:
    """The instances by their distance from the other thing, and how many of the first are as good as alike.

    If any lie on the side of it that is asked for, only those.
    """
    gaps = dict(zip(indices, _gaps(indices, found, other), strict=True))
    there = [i for i in indices if _is_past(i, order, found, other)] or indices
    there = sorted(there, key=lambda i: gaps[i], reverse=order == "far")
    diagonal = float(np.hypot(*np.multiply(found.masks.shape[1:], found.pixel)))
    alike = [i for i in there if abs(gaps[i] - gaps[there[0]]) <= NOT_A_DOUBT * diagonal]
    rest = [i for i in there if i not in alike]
    return sorted(alike, key=lambda i: -float(found.scores[i])) + rest, len(alike)


def _all_of(
    indices: list[int], order: Order, found: Instances, other: Mask | None
) -> tuple[list[int], float]:
    """All instances on a side or by the other thing, and by what share the confidence is to be lowered."""
    if order in _TOWARDS or order in ("front", "back"):
        values = _values(indices, order, found)
        middle = (float(values.min()) + float(values.max())) / 2
        if order in _TOWARDS and float(values.max()) > 0:
            middle = 0.0
        return [i for i, value in zip(indices, values, strict=True) if value >= middle], 1.0
    if other is None or order not in _BY_DISTANCE:
        return indices, 1.0
    height, width = found.pixel
    reach = [float(np.sqrt(np.count_nonzero(found.masks[i]) * height * width)) for i in indices]
    gaps = _gaps(indices, found, other)
    there = [
        i
        for i, gap, far in zip(indices, gaps, reach, strict=True)
        if gap <= far and _is_past(i, order, found, other)
    ]
    return (there, 1.0) if there else (indices, 0.5)


def _lead(scores: Floats, count: int) -> float:
    """How clearly the best ``count`` of falling scores are before the next: 1 when there is none, to ½."""
    if len(scores) <= count:
        return 1.0
    last, following = float(scores[count - 1]), float(scores[count])
    return last / max(last + following, 1e-9)


def _centre(mask: Mask) -> tuple[float, float]:
    """The mean (y, x) of a mask that is not empty, each -1 at the top or left edge and 1 at the other."""
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    return 2 * (float(rows.mean()) + 0.5) / height - 1, 2 * (float(columns.mean()) + 0.5) / width - 1


def _values(indices: list[int], order: Order, found: Instances) -> Floats:
    """How far each instance goes in an order, (N,): the largest value comes first."""
    masks = [found.masks[i] for i in indices]
    if order in _TOWARDS:
        down, right = _TOWARDS[order]
        return np.array([down * y + right * x for y, x in map(_centre, masks)])
    if order in ("front", "back"):
        lowest = np.array([float(np.flatnonzero(mask.any(axis=1))[-1]) for mask in masks])
        return lowest if order == "front" else -lowest
    areas = np.array([float(np.count_nonzero(mask)) for mask in masks])
    return areas if order == "large" else -areas


def _from_the_middle(indices: list[int], found: Instances) -> list[int]:
    """The middle one of an odd row first; of others, the one nearest to the middle of the picture."""
    centres = np.array([_centre(found.masks[i]) for i in indices])
    size = np.multiply(found.masks.shape[1:], found.pixel)
    if len(indices) % 2 and len(indices) > 1:
        axis = int(np.argmax(np.ptp(centres, axis=0) * size))
        away = np.abs(centres[:, axis] - np.median(centres[:, axis]))
    else:
        away = np.hypot(*(centres * size).T)
    return [indices[i] for i in np.argsort(away, kind="stable")]


def _gaps(indices: list[int], found: Instances, other: Mask) -> list[float]:
    """The distance of each instance from the other thing, in the unit of ``found.pixel``; touching is 0."""
    away = np.asarray(distance_transform_edt(~other, sampling=found.pixel), float)
    return [float(away[found.masks[i]].min()) for i in indices]


def _is_past(index: int, order: Order, found: Instances, other: Mask) -> bool:
    """Whether an instance lies on the side of the other thing that is asked for, if one is."""
    if order not in _PAST:
        return True
    down, right = _PAST[order]
    (y, x), (other_y, other_x) = _centre(found.masks[index]), _centre(other)
    return down * (y - other_y) + right * (x - other_x) > 0


# ----- Telling things apart -----

GAP: Final = 0.012
"""Parts of a mask that are nearer to each other than this share of the picture's longer side are one thing,
cut by something thin in front of it."""
LEAST: Final = 0.12
"""A part that is smaller than this share of the largest one is a scrap."""
_FINE: Final = 320
_BESIDE: Final = 0.08
"""Things whose middles are nearer than this share of the picture's side are not told apart by that side."""
_NUMBER_WORDS: Final = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def separate(mask: Mask, known: Sequence[Mask] = ()) -> list[Mask]:
    """The things of one mask, bool (H, W), that holds all of a kind, from left to right, without scraps:
    those that are ``known``, where a segmenter tells them apart, else its parts.
    """
    if known:
        areas = [int(np.count_nonzero(each)) for each in known]
        return [each for each, area in zip(known, areas, strict=True) if area >= LEAST * max(areas)]
    step = max(1, max(mask.shape) // _FINE)
    coarse = mask[::step, ::step]
    reach = max(1, round(GAP * max(coarse.shape) / 2))
    labels, count = ndimage.label(ndimage.binary_dilation(coarse, np.ones((3, 3), bool), reach))
    sizes = np.bincount(labels[coarse], minlength=count + 1)[1:]
    kept = [int(part) + 1 for part in np.flatnonzero(sizes >= max(2, LEAST * sizes.max(initial=0)))]
    whole = labels.repeat(step, axis=0).repeat(step, axis=1)[: mask.shape[0], : mask.shape[1]]
    parts = [mask & (whole == part) for part in kept]
    return sorted(parts, key=lambda part: _centre(part)[1])


def told_apart(things: Sequence[Mask]) -> list[str] | None:
    """Words for each of two or three things that tell it from the others by its place: "the one on the
    left"; None where their places do not.
    """
    centres = np.array([_centre(thing) for thing in things]) / 2
    names = {
        1: ("the one on the left", "the one in the middle", "the one on the right"),
        0: ("the upper one", "the middle one", "the lower one"),
    }
    if not 2 <= len(things) <= 3:
        return None
    for axis, words in names.items():
        order = np.argsort(centres[:, axis], kind="stable")
        if (np.diff(centres[order, axis]) >= _BESIDE).all():
            told = words if len(things) == 3 else (words[0], words[2])
            return [word for _, word in sorted(zip(order.tolist(), told, strict=True))]
    return None


def number(count: int) -> str:
    """A small number as a word."""
    return _NUMBER_WORDS.get(count, str(count))
