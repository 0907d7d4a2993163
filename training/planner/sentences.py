"""Composed sentences: wordings × things × looks × places × politeness × slips of the keyboard.

``wordings.txt`` holds how people put a wish, with slots; this module fills the slots, strings wishes
together, adds openings, background, plain talk and typing slips, and remembers of each word what it is. A
good part of the things and looks are words that do not exist, so that the reader learns to copy instead of
to know.

A wording's ``(a|b|)`` is a choice, ``//`` opens the next wish. Slots: ``<T>`` a thing that gets a look,
``<L>`` the look, ``<W>`` a part that it gets, ``<X>`` a thing that makes way, ``<N>`` what takes its place,
``<R>`` a thing that goes, ``<A>`` a new thing, ``<P>`` its place, ``<V>`` a thing of which nothing definite
is said, ``<D>`` a thing and ``<C>`` a look that are only mentioned. Small letters vary them (``s``: one or
more, ``0``: without an article, ``b``: a look and its thing, ``i``: "a …").
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from tools.language import lexicon as lx
from tools.language.tokens import tokenise

Words = list[tuple[str, str]]
"""Words, each with its label; "|" before a label opens a wish."""


@dataclass(frozen=True)
class Sentence:
    """Tokens as ``tokenise`` gives them, their labels, where a wish begins, and the sentence's sort."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    begins: tuple[bool, ...]
    sort: str


T = TypeVar("T")
_HERE = Path(__file__).parent


@lru_cache(maxsize=4)
def read_sections(path: Path) -> dict[str, list[str]]:
    """The lines of a file by section: ``[name]``, then lines; "#" is a remark."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = sections.setdefault(line[1:-1], [])
        elif line.strip() and not line.startswith("#"):
            lines.append(line)
    return sections


WORDS = {
    name: tuple(" ".join(part.split()) for part in " ".join(lines).split("|"))
    for name, lines in read_sections(_HERE / "vocabulary.txt").items()
}
"""What slots are filled with, by the name of the list."""
_LISTED = tuple(sorted(lx.NOUNS))
_LISTED_LOOKS = tuple(sorted(lx.COLOURS | lx.MATERIALS | lx.PATTERNS | lx.FINISHES | lx.SIZES))
_KINDS = ("restyle",) * 9 + ("replace",) * 4 + ("remove",) * 4 + ("add",) * 4


class Composer:
    """Composes sentences from a seed."""

    def __init__(self, seed: int, wordings: Path = _HERE / "wordings.txt") -> None:
        self._random = random.Random(seed)
        self._sections = read_sections(wordings)
        self._fill: dict[str, Callable[[str], Words]] = {
            "T": self._target, "X": self._target, "R": self._target, "V": self._target, "D": self._target,
            "L": self._look, "C": self._look, "N": self._new, "A": self._new, "W": self._part, "P":
            self._place,
        }  # fmt: skip

    # ---- sentences

    def sentence(self) -> Sentence:
        """One more sentence."""
        chance = self._random.random()
        if chance < 0.70:
            words, sort = self._wishes(), "edit"
        elif chance < 0.79:
            words, sort = self._framed(self._of("vague")), "vague"
        elif chance < 0.90:
            words, sort = self._talk(), "talk"
        else:
            words, sort = self._framed(self._of("other")), "other"
        return _tokenised(self._slipped(words), sort)

    def _wishes(self) -> Words:
        words: Words = []
        for number in range(self._pick((1,) * 14 + (2,) * 5 + (3,) * 2)):
            if number:
                words += _plain(self._word("joiners"))
            words += self._wish()
        chance = self._random.random()
        if chance < 0.10:
            words = (
                self._of("background")
                + _plain(self._pick((".", ",", ", so", ", and", "so", "and", ";")))
                + words
            )
        elif chance < 0.15:
            words += _plain(self._pick((".", ",", "because", ", because", ", since", "as"))) + self._of(
                "background"
            )
        elif chance < 0.19:
            words = self._of("mention") + _plain(self._pick((", but", "but", ", and", ", just", "."))) + words
        elif chance < 0.22:
            words += _plain(self._pick((", but", ", and", "but", "and", "."))) + self._of("mention")
        elif chance < 0.24:
            words += _plain(self._pick((".", "!", ","))) + self._of("talk")
        return self._framed(words)

    def _wish(self) -> Words:
        kind = self._pick(_KINDS)
        if self._random.random() < 0.60:
            return _begun(self._of(kind))
        words = self._of(f"{kind}!")
        chance = self._random.random()
        if chance < 0.42:
            return _begun(self._of("asking") + words)
        if chance < 0.50:
            return _begun([*self._of("asking-ing"), (_gerund(words[0][0]), "O"), *words[1:]])
        return _begun(words)

    def _talk(self) -> Words:
        words = self._of("talk")
        if self._random.random() < 0.12:
            words += _plain(self._pick((".", ",", "!", "and"))) + self._of("talk")
        return self._framed(words)

    def _framed(self, words: Words) -> Words:
        """With an opening, a closing, a filler, a mark at the end, each now and then."""
        if self._random.random() < 0.22:
            words = self._of("opener") + words
        if self._random.random() < 0.18:
            words += self._of("closer")
        gaps = [i for i in range(1, len(words)) if words[i - 1][1] == "O" or words[i][1] == "O"]
        if gaps and self._random.random() < 0.08:
            at = self._pick(gaps)
            words = words[:at] + _plain(self._word("fillers")) + words[at:]
        if self._random.random() < 0.35:
            words += _plain(self._word("ends"))
        return words

    def _slipped(self, words: Words) -> Words:
        """Typed as people type: small letters, no marks, slips."""
        chance = self._random.random()
        if chance < 0.30:  # no marks but full stops
            words = [
                (word, label)
                for word, label in words
                if word not in (",", ":", ";", "!", "?", "...") or label != "O"
            ]
        if self._random.random() < 0.2:
            words = [
                (self._slip(word) if len(word) > 3 and self._random.random() < 0.15 else word, label)
                for word, label in words
            ]
        return words

    def _slip(self, word: str) -> str:
        i = self._random.randrange(1, len(word) - 1)
        match self._random.randrange(4):
            case 0:
                return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
            case 1:
                return word[:i] + word[i + 1 :]
            case 2:
                return word[:i] + word[i] + word[i:]
            case _:
                return word[:i] + self._pick("aeiourstnl") + word[i + 1 :]

    # ---- wordings

    def _of(self, section: str) -> Words:
        """A wording of a section with its choices made and its slots filled."""
        wording = self._pick(self._sections[section])
        while match := _CHOICE.search(wording):
            wording = wording[: match.start()] + self._pick(match[1].split("|")) + wording[match.end() :]
        words: Words = []
        for part in wording.split():
            if part == "//":
                words.append(("", "//"))
            elif slot := _SLOT.fullmatch(part):
                words += self._slot(slot[1], slot[2])
            else:
                words += _plain(part)
        return words

    def _slot(self, name: str, how: str) -> Words:
        if name == "IT":
            return _labelled(self._word("pronouns"), "R" if how == "r" else "T")
        filled = self._fill[name](how)
        label = "O" if name in ("D", "C") else "R" if (name, how) == ("P", "!") else name
        return [(word, label if own != "O" else "O") if own != "L" else (word, "L") for word, own in filled]

    # ---- fillers: "*" is the slot's own label

    def _target(self, how: str) -> Words:
        if "b" in how:  # a look and its thing: "green sofa", "a green sofa"
            look = [(word, "L") for word, label in self._look("") if label == "*"]
            article = [(self._article(look[0][0]), "O")] if "i" in how else []
            return [*article, *look, *_labelled(self._noun(False), "*")]
        if "p" in how:
            return [
                *self._thing(""),
                *_labelled(self._pick(("off", "from", "off of", "on")), "*"),
                *self._thing(""),
            ]
        if "s" not in how:
            return self._thing(how)
        words = self._thing(how)
        for _ in range(self._pick((0,) * 8 + (1, 1, 2))):
            words += [("and" if self._random.random() < 0.75 else ",", "O"), *self._thing(how)]
        return words

    def _thing(self, how: str) -> Words:
        many = self._random.random() < 0.25
        noun = self._noun(many)
        chance = self._random.random()
        if "i" in how:
            return (
                _labelled(f"{self._article(noun)} {noun}", "*")
                if not many
                else _labelled(f"some {noun}", "*")
            )
        if "0" in how or "!" in how:
            return _labelled(noun, "*")
        words: Words = []
        if chance < 0.9:
            words += _labelled(self._pick(WORDS["definite many"] if many else WORDS["definite"]), "*")
            if self._random.random() < 0.08:
                words.append((self._word("evaluative"), "O"))
        if "x" in how or self._random.random() < 0.10:
            words += [(word, "*") for word, label in self._look("") if label == "*"]
        elif self._random.random() < 0.08:
            words.append((self._word("which"), "*"))
        words += _labelled(noun, "*")
        if "x" not in how and self._random.random() < 0.10:
            words += _labelled(self._where(), "*")
        if self._random.random() < 0.02:
            words += _labelled("of the " + self._noun(False), "*")
        return words

    def _noun(self, many: bool) -> str:
        chance = self._random.random()
        if chance < 0.22:
            invented = self._invented()
            return f"{invented}s" if many else invented
        if chance < 0.34:
            return self._word("compounds")
        if chance < 0.40:
            return f"{self._word('things')} {self._word('things')}"
        if chance < 0.60:
            return self._pick(_LISTED)
        return self._pick(WORDS["plurals"] if many else WORDS["things"])

    def _where(self) -> str:
        if self._random.random() < 0.5:
            return self._word("places")
        return f"{self._word('by')} the {self._noun(self._random.random() < 0.2)}"

    def _look(self, how: str) -> Words:
        if "c" in how:
            return _labelled(self._word("comparative"), "*")
        if "m" in how:
            return _labelled(f"{self._word('comparative')} {self._surface()}", "*")
        if self._random.random() < 0.04:
            return _labelled(self._word("tails"), "*")
        look = self._surface()
        chance = self._random.random()
        if chance < 0.84:
            return _labelled(look, "*")
        hedge = self._word("hedges")
        return [*_plain(hedge), *_labelled(look, "*")]

    def _surface(self) -> str:
        pick, word, chance = self._pick, self._word, self._random.random()
        if chance < 0.26:
            return word("colours")
        if chance < 0.36:
            return f"{word('shades')} {word('colours')}"
        if chance < 0.45:
            return word("compound colours")
        if chance < 0.60:
            return word("materials")
        if chance < 0.68:
            return f"{word('colours')} {word('materials')}"
        if chance < 0.74:
            return word("two materials")
        if chance < 0.81:
            return word("styles")
        if chance < 0.85:
            return word("comparative")
        if chance < 0.89:
            return pick(_LISTED_LOOKS)
        if chance < 0.95:
            return self._invented()
        return f"{self._invented()} {word(pick(('colours', 'materials')))}"

    def _new(self, how: str) -> Words:
        words = self._one_new(how)
        for _ in range(self._pick((0,) * 8 + (1, 1)) if "s" in how else 0):
            words += [("and" if self._random.random() < 0.8 else ",", "O"), *self._one_new(how)]
        return words

    def _one_new(self, how: str) -> Words:
        many = self._random.random() < 0.2
        chance = self._random.random()
        noun = self._word("new") if chance < 0.25 else self._noun(many)
        if "n" in how or "b" in how:
            return _labelled(noun, "*")
        if not how and chance > 0.96:
            return _labelled(
                self._pick(("something", "a", "one")) + f" {self._surface()}" + self._pick(("", " one")), "*"
            )
        if chance > 0.93:
            return _labelled(self._word("mass"), "*")
        look = f"{self._surface()} " if self._random.random() < 0.25 else ""
        first = look + noun
        tail = f" {self._pick(('with', 'in', 'made of'))} {self._word(self._pick(('parts', 'materials')))}"
        tail = tail if self._random.random() < 0.04 else ""
        determiner = (
            self._pick(
                ("some", "two", "three", "a few", "", "", "four", "a couple of", "several", "a pair of")
            )
            if many and chance >= 0.25
            else self._pick((self._article(first),) * 9 + ("another", "one", "one of those", "", "some"))
        )
        return _labelled(f"{determiner} {first}{tail}", "*")

    def _part(self, how: str) -> Words:
        del how
        if self._random.random() < 0.6:
            return _labelled(self._word("parts"), "*")
        part = f"{self._surface()} {self._word('part nouns')}"
        return _labelled(part if part.endswith("s") else f"{self._article(part)} {part}", "*")

    def _place(self, how: str) -> Words:
        if "i" in how:
            return _labelled(f"{self._word('put')} it", "*")
        if "0" in how:
            return self._thing("")
        if "t" in how:
            return [
                (self._pick(("on", "on", "for", "across")), "O"),
                *((w, "T" if o == "*" else o) for w, o in self._thing("")),
            ]
        if self._random.random() < 0.25:
            return _labelled(self._word("places"), "*")
        place = [*_labelled(self._word("put"), "*"), *self._thing("")]
        if place[0][0] == "between" and self._random.random() < 0.5:
            place += [("and", "*"), *self._thing("")]
        return place

    # ---- chance

    def _pick(self, choices: Sequence[T]) -> T:
        return self._random.choice(choices)

    def _word(self, name: str) -> str:
        return self._pick(WORDS[name])

    def _invented(self) -> str:
        return self._pick(_INVENTED)

    def _article(self, word: str) -> str:
        return "an" if word[:1] in "aeiou" else "a"


# --- words --------------------------------------------------------------------------------------------------


def _plain(text: str) -> Words:
    return [(word, "O") for word in text.split()]


def _labelled(text: str, label: str) -> Words:
    return [(word, label) for word in text.split()]


def _begun(words: Words) -> Words:
    """Mark where wishes begin: at the first labelled word, and at the first one after each ``//``."""
    result: Words = []
    waiting = True
    for word, label in words:
        if label == "//":
            waiting = True
        elif waiting and label != "O":
            result.append((word, f"|{label}"))
            waiting = False
        else:
            result.append((word, label))
    return result


def _gerund(verb: str) -> str:
    if verb in (
        "let",
        "cut",
        "get",
        "put",
        "set",
        "swap",
        "hit",
        "plop",
        "pop",
        "drop",
        "chuck",
        "kick",
        "trim",
        "fit",
        "bin",
        "scrap",
    ):
        return f"{verb}{verb[-1]}ing" if verb not in ("chuck", "kick") else f"{verb}ing"
    if verb.endswith("e") and not verb.endswith(("ee", "ye")):
        return f"{verb[:-1]}ing"
    return f"{verb}ing"


_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"<(IT|[A-Z])([a-z0!]*)>")


def _invent(source: random.Random) -> str:
    word = ""
    for _ in range(source.choice((1, 1, 2))):
        word += source.choice(WORDS["onsets"]) + source.choice(WORDS["nuclei"])
        word += source.choice(WORDS["codas"]) if source.random() < 0.6 else ""
    return word + (source.choice(WORDS["endings"]) if source.random() < 0.6 or len(word) < 4 else "")


_INVENTED = tuple(_invent(random.Random(seed)) for seed in range(4000))
"""Words that do not exist: what the reader must copy."""


@lru_cache(maxsize=200_000)
def _pieces(word: str) -> tuple[str, ...]:
    return tuple(token.low for token in tokenise(word))


def _tokenised(words: Words, sort: str) -> Sentence:
    tokens: list[str] = []
    labels: list[str] = []
    begins: list[bool] = []
    for word, label in words:
        if label == "//":
            continue
        for number, piece in enumerate(_pieces(word)):
            tokens.append(piece)
            labels.append(label.removeprefix("|"))
            begins.append(label.startswith("|") and number == 0)
    return Sentence(tuple(tokens), tuple(labels), tuple(begins), sort)
