"""What the reader learns from: composed sentences with their lines, and written ones.

Composed are wishes (``sentences.py``), the labels of their words turned into lines, and the commands of
``commands.txt``. Each sentence comes from its number, so that no training sees one twice and every one can
be had again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agent.planner.frames import Frame
from agent.planner.lines import FIELDS, Line, Talk, parse_line, read_talks
from agent.planner.reader.splitting import MOST_WORDS, words_of
from agent.planner.reader.symbols import COPIED, SYMBOLS, symbols_of
from tools.language.tokens import Token
from training.planner.labels import read
from training.planner.sentences import Composer, Words

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """A sentence in words, and what the reader shall write about it (``agent.planner.reader.symbols``)."""

    words: tuple[str, ...]
    symbols: tuple[int, ...]


def example(sentence: str, lines: Sequence[Line]) -> Example | None:
    """A sentence and its lines as an example; None where the lines cannot be written with its words."""
    words = words_of(sentence)
    if not words or len(words) > MOST_WORDS:
        return None
    symbols = symbols_of(lines, words)
    return None if symbols is None else Example(tuple(words), tuple(symbols))


# --- composed wishes as lines -------------------------------------------------------------------------------


def lines_of_frames(frames: Sequence[Frame]) -> tuple[Line, ...]:
    """Lines of frames that hold wishes and nothing else."""
    lines = []
    for frame in frames:
        target = f"<{frame.reference}>" if frame.reference else frame.target
        target = target or ("" if frame.kind == "add" else "<it>")
        fields: tuple[str, ...] = (target,) if frame.kind == "remove" else (target, frame.prompt)
        while fields and not fields[-1]:
            fields = fields[:-1]
        lines.append(Line(frame.kind or "restyle", fields))
    return tuple(lines)


_NO_TALK = re.compile(
    r"^(yes|no|yeah|nope|yep|nah|sure|maybe|of course|absolutely|definitely)\b|did you|have you"
    r"|\bhow (do|can) i\b"
    r"|what can you|^(do|can) you see|^(what|which) (colour|material|style|fabric|wood)|^(is|are|was|were) "
    r"|\b(should|can|shall) i (get|save|download|find|open|share|print|see)|^(any|got|do you have any|what) "
    r"|no thanks|no thank|never mind|how (does|do) (this|it|you)|undo|that's (wrong|ugly)|don't like|hmm?\b",
    re.IGNORECASE,
)


def _wishes(composer: Composer) -> tuple[str, tuple[Line, ...]] | None:
    """One composed sentence; None for those that are read otherwise here."""
    chance = composer._random.random()
    if chance < 0.80:
        lines = _labelled(words := _bare(composer._wishes()))
        return (_typed(words, composer._random), lines) if lines else None
    if chance < 0.90:
        words = _bare(composer._framed(composer._of("vague")))
        text = _typed(words, composer._random)
        named = _spans(words, "V")
        if named:
            return text, tuple(Line("restyle", (thing,)) for thing in named)
        if re.search(r"\b(make|get) (it|this|that)\b", text):
            return text, (Line("restyle", ("<it>",)),)
        if re.search(r"\b(ideas|suggestions|thoughts|tips|advice|inspiration)\b|^what ", text):
            return text, (Line("tell", ("advice",)),)
        return text, (Line("unclear"),)
    text = _typed(_bare(composer._talk()), composer._random)
    return None if _NO_TALK.search(text) else (text, (Line("talk"),))


def _bare(words: Words) -> Words:
    """Without what is only a sign for the composer."""
    return [(word, label) for word, label in words if word and label != "//"]


def _typed(words: Words, chance: random.Random) -> str:
    """Words as people type them: marks left out, slips of the keyboard."""
    kept = [word for word, _ in words]
    if chance.random() < 0.3:
        kept = [word for word in kept if word not in (",", ":", ";", "!", "?", "...")] or kept
    if chance.random() < 0.2:
        kept = [_slip(word, chance) if len(word) > 4 and chance.random() < 0.15 else word for word in kept]
    text = re.sub(r" (?=[,;:.!?])", "", " ".join(kept))
    return text[:1].upper() + text[1:] if chance.random() < 0.25 else text


def _slip(word: str, chance: random.Random) -> str:
    if not word.isalpha():
        return word
    i = chance.randrange(1, len(word) - 1)
    return (
        word[:i] + word[i + 1] + word[i] + word[i + 2 :],
        word[:i] + word[i + 1 :],
        word[:i] + word[i] + word[i:],
        word[:i] + chance.choice("aeiourstnl") + word[i + 1 :],
    )[chance.randrange(4)]


def _spans(words: Words, wanted: str) -> list[str]:
    spans: list[list[str]] = []
    before = "O"
    for word, label in words:
        label = label.removeprefix("|")
        if label == wanted:
            if before != wanted:
                spans.append([])
            spans[-1].append(word)
        before = label
    return [" ".join(span) for span in spans]


def _labelled(words: Words) -> tuple[Line, ...]:
    """The lines of labelled words."""
    tokens = tuple(Token(word, word.lower()) for word, _ in words)
    frames = read(
        tokens,
        [label.removeprefix("|") for _, label in words],
        [label.startswith("|") for _, label in words],
    )
    text = " ".join(word for word, _ in words)
    lines = []
    for line in lines_of_frames(frames):
        if line.act == "add" and line.field(0) and line.field(0) not in text:
            found = re.match(r"(.+?) the ", line.field(0))
            if found and (said := re.search(rf"\b{re.escape(found[1])} (it|them|that)\b", text)):
                mark = "<them>" if said[1] == "them" else "<it>"
                line = Line("add", (f"{found[1]} {mark}", *line.fields[1:]))
        lines.append(line)
    return tuple(lines)


# --- commands -----------------------------------------------------------------------------------------------


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split("|"))


_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{([A-Z])(\d?)\}")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_NAMES = _listed("""
    warm | cosy | dark | bright | second try | first try | draft | final | version a | blue room | green one
    | the green one | nice | winter | summer | for mum | plan b | option one | minimal | wild | before the
    walls | client pick | test | good one | monday | light | the warm one | baseline | moody | with plant |
    red sofa | favourite | number one | scandi | retro | evening | sunday | almost there | backup | my pick
""")
_FILES = _listed("""
    final.png | out/final.png | room.jpg | ~/pics/kitchen.jpg | swatch.jpg | photo.jpg | other.png |
    bedroom.png | ./out.png | living_room.webp | pictures/room-2.png | IMG_2041.jpg | fabric.png | sofa.png
    | result.tif | C1.png | holiday.jpeg | /tmp/a.png | new.png | exports/v2.png | wall-colour.jpg |
    tiles.png | a.png
""")
_MASKS = ("mask.png", "masks/sofa.png", "m.png", "~/mask.png", "sofa_mask.png", "selection.png")
_TRAITS = _listed("""
    dark | light | bright | pale | red | blue | green | yellow | shiny | big | small | warm | cold | pink |
    saturated | colourful | glossy | dull | grey | purple | orange | plain | busy | loud | strong | bold
""")
_PLACES_OF_ONE = _listed("""
    left | right | other | middle | big | small | front | back | upper | lower | second | first
""")


@lru_cache(maxsize=2)
def _commands(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Wordings and their frames, unfilled."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("  "):
            wording, frames = found[-1]
            found[-1] = (wording, (*frames, line.strip()))
        else:
            found.append((line, ()))
    return tuple(found)


class Commander:
    """Composes commands from a seed."""

    def __init__(self, seed: int, path: Path = _HERE / "commands.txt") -> None:
        self._random = random.Random(seed)
        self._composer = Composer(seed)
        self._all = _commands(path)
        # a wording with many choices says more
        self._weights = [min(30.0, 4.0 + wording.count("|")) for wording, _ in self._all]

    def sentence(self) -> tuple[str, tuple[Line, ...]]:
        """One command, perhaps with an opening and a closing."""
        wording, frames = self._random.choices(self._all, self._weights)[0]
        text, lines = self._filled(wording, frames)
        quiet = lines[0].act in ("foreign", "unclear", "yes", "no", "talk")
        if not quiet and self._random.random() < 0.22:
            opener = self._plain(self._composer._of("opener"))
            if not re.match(r"(no|nope|nah|yes|yeah|sure|actually)\b", opener.lower()):
                text = f"{opener} {text}"
        if not quiet and self._random.random() < 0.15:
            text = f"{text} {self._plain(self._composer._of('closer'))}"
        if self._random.random() < 0.3:
            text += self._random.choice((".", "!", "?", "!!", "..."))
        if lines[0].act != "foreign" and self._random.random() < 0.12:
            words = text.split()
            at = self._random.randrange(len(words))
            words[at] = _slip(words[at], self._random) if len(words[at]) > 4 else words[at]
            text = " ".join(words)
        return self._typed(text), lines

    def _typed(self, text: str) -> str:
        """As people type: capitals, slips."""
        chance = self._random.random()
        if chance < 0.25:
            text = text[:1].upper() + text[1:]
        elif chance < 0.28:
            text = text.upper() if "." not in text else text
        return text

    @staticmethod
    def _plain(words: Words) -> str:
        return " ".join(word for word, _ in words if word != "//")

    def _filled(self, wording: str, frames: Sequence[str]) -> tuple[str, tuple[Line, ...]]:
        chosen: list[tuple[tuple[str, ...], int]] = []
        ordinal: list[int] = []
        slots: dict[str, tuple[str, str]] = {}
        option = ""

        def choose(match: re.Match[str]) -> str:
            options = tuple(str(match[1]).split("|"))
            index = self._random.randrange(len(options))
            chosen.append((options, index))
            return options[index]

        def choose_same(match: re.Match[str]) -> str:
            options = tuple(str(match[1]).split("|"))
            for others, index in chosen:
                if others == options:
                    return options[index]
            for others, index in chosen:
                if len(others) == len(options):
                    return options[index]
            raise ValueError(f"no such choice in “{wording}”: {match[0]}")

        text = _CHOICE.sub(choose, wording)
        option = next((o[i] for o, i in reversed(chosen) if "one" in o[i]), "")

        def fill(match: re.Match[str]) -> str:
            key = match[1] + match[2]
            if key not in slots:
                slots[key] = self._slot(match[1], match[2], ordinal)
            return slots[key][0]

        text = _SLOT.sub(fill, text)
        option = _SLOT.sub(fill, option)
        lines = []
        for frame in frames:
            frame = _CHOICE.sub(choose_same, frame)
            frame = _SLOT.sub(lambda m: slots[m[1] + m[2]][1], frame)
            if "<num>" in frame or "<ord>" in frame:
                number = ordinal[0]
                mark = f"<{_ORDINALS[number]}>" if 1 <= number <= 3 else "<last>"
                frame = frame.replace("<num>", str(number)).replace("<ord>", mark)
            frame = frame.replace("<that>", option)
            lines.append(parse_line(frame))
        return " ".join(text.split()).replace(" ,", ","), tuple(lines)

    def _slot(self, name: str, number: str, ordinal: list[int]) -> tuple[str, str]:
        """What fills a slot: in the sentence, and in its frames."""
        composer, pick = self._composer, self._random.choice
        text = ""
        match name:
            case "D":
                if number and number != "0":
                    value = self._random.randrange(1, 13)
                    return str(value), str(value)
                value = self._random.randrange(1 if number == "0" else 2, 9)
                if number == "0":
                    ordinal.append(value)
                return (str(value) if self._random.random() < 0.5 else _DIGITS[value]), str(value)
            case "R":
                value = pick((1, 1, 2, 2, 2, 3, 3, 4))
                ordinal.append(value)
                word = _ORDINALS[value]
                if self._random.random() < 0.1:
                    word = ("", "1st", "2nd", "3rd", "4th")[value]
                return word, str(value)
            case "T" | "U":
                text = self._kept(composer._target(""), "*")
            case "S":
                text = f"{pick(('the', 'all the', 'the', 'my'))} {composer._noun(True)}"
            case "B":
                text = composer._noun(False)
            case "O":
                noun = composer._noun(False)
                text = pick((
                    f"the {pick(_PLACES_OF_ONE)} {noun}", f"the {pick(_PLACES_OF_ONE)} one",
                    f"the {composer._surface()} one", f"the {composer._surface()} {noun}",
                    f"the {noun} {composer._where()}", f"the one {composer._where()}",
                ))  # fmt: skip
            case "L" | "K":
                text = composer._surface()
            case "C":
                text = composer._word("comparative")
            case "J":
                text = pick(_TRAITS)
            case "N":
                text = self._kept(composer._one_new("n" if self._random.random() < 0.0 else ""), "*")
            case "P":
                text = self._kept(composer._place(""), "*")
            case "F":
                text = pick(_FILES)
            case "G":
                text = pick(_MASKS)
            case "M":
                text = pick(_NAMES) if self._random.random() < 0.7 else composer._invented()
                quote = pick(("", "", "", '"', "'")) if " " in text else ""
                return f"{quote}{text}{quote}", text
            case _:
                raise ValueError(f"there is no slot {name}")
        return text, text

    @staticmethod
    def _kept(words: Words, label: str) -> str:
        """The words of a filling, in one piece."""
        del label
        return " ".join(word for word, _ in words)


# --- all of it ----------------------------------------------------------------------------------------------

_JOINERS = (" and ", " and then ", ", then ", ". ", ", ", ", and ", " then ", "; ", ". also ", " plus ")
_LONE = frozenset({"talk", "unclear", "foreign", "yes", "no", "keep", "name", "more", "pick"})


def composed(seed: int) -> Example:
    """The composed sentence of a number."""
    chooser = random.Random(seed * 7919 + 17)
    while True:
        made = _composed(chooser)
        if made and (result := example(*made)):
            return result


def _composed(chooser: random.Random) -> tuple[str, tuple[Line, ...]] | None:
    seed = chooser.randrange(2**31)
    chance = chooser.random()
    if chance < 0.50:
        return _wishes(Composer(seed))
    if chance < 0.92:
        return Commander(seed).sentence()
    one = Commander(seed).sentence() if chooser.random() < 0.6 else _wishes(Composer(seed))
    other = Commander(seed + 1).sentence() if chooser.random() < 0.4 else _wishes(Composer(seed + 1))
    if not one or not other or {line.act for line in (*one[1], *other[1])} & _LONE:
        return None
    joiner = chooser.choice(_JOINERS)
    first = one[0].rstrip(".!? ")
    return f"{first}{joiner}{other[0][:1].lower()}{other[0][1:]}", (*one[1], *other[1])


def varied(one: Example, chooser: random.Random) -> Example:
    """A written sentence about another thing, or with another look, or without its last mark."""
    last = COPIED + len(one.words) - 1
    marked = len(one.words) > 1 and one.words[-1] in (".", "!") and last not in one.symbols
    if marked and chooser.random() < 0.3:
        one = Example(one.words[:-1], one.symbols)
    for sort, begin, end in reversed(_fields(one)):
        if chooser.random() < 0.35:
            composer = Composer(chooser.randrange(2**31))
            text = composer._surface() if sort == "look" else composer._noun(chooser.random() < 0.25)
            one = _replaced(one, begin, end, text.split())
    return one


_VARIED = frozenset(
    ["restyle", "remove", "replace", "revert", "hide", "back", "refresh", "variations", "same", "name"]
)
_ARTICLES = frozenset(
    ["the", "a", "an", "that", "this", "those", "these", "my", "our", "your", "her", "his", "all", "both"]
)
_NO_THINGS = frozenset(["one", "ones", "everything", "it", "too", "not", "so"])


def _fields(one: Example) -> list[tuple[str, int, int]]:
    """Where things and looks stand in the words, each the whole field of one line and of no other, without
    their articles.
    """
    uses = [symbol - COPIED for symbol in one.symbols if symbol >= COPIED]
    found: list[tuple[str, int, int]] = []
    act, number = "", -1
    run: list[int] = []

    def close() -> None:
        sorts = FIELDS.get(act, ())
        sort = sorts[number] if 0 <= number < len(sorts) else ""
        while run and run[0] >= 0 and one.words[run[0]].lower() in _ARTICLES:
            run.pop(0)
        plain = run and run[0] >= 0 and run == list(range(run[0], run[0] + len(run))) and len(run) <= 3
        if plain and sort in ("object", "look") and act in _VARIED:
            words = [one.words[place] for place in run]
            alone = all(uses.count(place) == 1 for place in run) and all(word.isalpha() for word in words)
            if alone and not _NO_THINGS & {word.lower() for word in words}:
                found.append((sort, run[0], run[-1] + 1))
        run.clear()

    for symbol in one.symbols:
        name = SYMBOLS[symbol] if symbol < COPIED else ""
        if symbol >= COPIED:
            run.append(symbol - COPIED)
        elif name.startswith(("+", "<")):
            run.append(-len(run) - 2)  # no place in the words: the field is left alone
        else:
            close()
            if name.startswith("="):
                act, number = name[1:], -1
            elif name == "|":
                number += 1
    return sorted(set(found), key=lambda each: each[1])


def _replaced(one: Example, begin: int, end: int, words: Sequence[str]) -> Example:
    """The example with other words in the place of some, its symbols to match."""
    moved = len(words) - (end - begin)
    symbols: list[int] = []
    for symbol in one.symbols:
        place = symbol - COPIED
        if place < begin:
            symbols.append(symbol)
        elif place >= end:
            symbols.append(symbol + moved)
        elif place == begin:
            symbols += [COPIED + begin + i for i in range(len(words))]
    return Example((*one.words[:begin], *words, *one.words[end:]), tuple(symbols))


def written(paths: Iterable[Path]) -> list[Talk]:
    """The sentences and conversations of files, and of the files of folders, in the order of their names.
    Faulty lines are left out: ``training.planner.written`` names them.
    """
    talks: list[Talk] = []
    for path in paths:
        for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
            talks += read_talks(file.read_text(encoding="utf-8"))[0]
    return talks
