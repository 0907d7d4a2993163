"""Frames as lines of text: what a language model writes, and people who write sentences for it.

``docs/frames.md`` defines the form. This module imports nothing of the project.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SEPARATOR: Final = " | "

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "restyle": ("object", "look"),
    "replace": ("object", "new"),
    "remove": ("object",),
    "add": ("place", "new"),
    "same": ("object", "source"),
    "move": ("object", "words"),
    "swap": ("object", "object", "swapped"),
    "variations": ("count", "object", "look", "kind"),
    "more": ("count", "count"),
    "pick": ("which",),
    "keep": (),
    "leave": ("object",),
    "yes": (),
    "no": (),
    "name": ("object",),
    "instead": ("object",),
    "undo": ("count",),
    "redo": ("count",),
    "revert": ("object",),
    "hide": ("object",),
    "back": ("object",),
    "drop": ("object",),
    "goto": ("version",),
    "mark": ("words",),
    "refresh": ("object",),
    "order": ("object", "words"),
    "mask": ("how", "object"),
    "compare": ("version", "version"),
    "show": ("shown",),
    "zoom": ("zoomed",),
    "save": ("file", "version"),
    "open": ("words",),
    "tell": ("about", "object", "look"),
    "talk": (),
    "unclear": (),
    "foreign": (),
}
"""The acts and the sorts of their fields."""

NEEDED: Final[dict[str, int]] = {
    "replace": 1, "remove": 1, "same": 2, "move": 1, "swap": 1, "pick": 1, "leave": 1, "name": 1, "revert": 1,
    "hide": 1, "back": 1, "drop": 1, "goto": 1, "refresh": 1, "order": 2, "mask": 1, "show": 1, "zoom": 1,
    "tell": 1, "restyle": 1, "add": 1,
}  # fmt: skip
"""How many fields a line must have at least."""

SPARING: Final = frozenset(
    {"restyle", "replace", "remove", "same", "revert", "hide", "drop", "refresh", "variations"}
)
"""Acts whose last field may begin with "except"."""

MARKS: Final = (
    "<it>", "<them>", "<both>", "<all>", "<first>", "<second>", "<third>", "<last>", "<other>", "<there>",
)  # fmt: skip
"""What stands for an object that is not named."""

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "swapped": ("colours", "looks", "places"),
    "kind": ("replace", "add", "remove"),
    "how": ("grow", "shrink", "invert", "add", "subtract", "box", "file", "soften"),
    "about": ("changes", "check", "look", "versions", "things", "advice", "help"),
    "version": ("original", "last"),
    "shown": ("picture", "original", "mask"),
    "zoomed": ("in", "out"),
    "file": ("ora", "png", "jpg"),
}
"""Words of the form itself: the first four sorts of field hold nothing else."""

MIXED: Final = frozenset({"place", "object", "words", "shown", "zoomed", "new", "look", "source"})
"""Sorts of fields in which a mark may stand among words ("next to <it>")."""

_CLOSED: Final = ("swapped", "kind", "how", "about")

_LENT: Final = "the a an of with not less more too as in on one colour color except and"
LENT: Final = frozenset(_LENT.split())
"""Little words that a field may hold though the sentence does not."""

MOST_LINES: Final = 24
"""No sentence asks for more."""


class LineError(ValueError):
    """A line that is not in the form; its message says what is wrong."""


@dataclass(frozen=True)
class Line:
    """One frame: the act, its fields without the empty ones at the end, and what is spared ("the table")."""

    act: str
    fields: tuple[str, ...] = ()
    spared: str = ""

    def __str__(self) -> str:
        parts = [self.act, *self.fields]
        if self.spared:
            parts.append(f"except {self.spared}")
        return re.sub(r"\s*\|\s*", SEPARATOR, SEPARATOR.join(parts)).replace("|  |", "| |").strip()

    def field(self, number: int) -> str:
        """The field of a number from 0; empty where the line is shorter."""
        return self.fields[number] if number < len(self.fields) else ""


def parse_line(text: str) -> Line:
    """A line from its text. Raises ``LineError``."""
    act, *fields = (" ".join(part.split()) for part in text.strip().split("|"))
    if act not in FIELDS:
        raise LineError(f"there is no “{act}”")
    spared = ""
    if fields and fields[-1].startswith("except "):
        if act not in SPARING:
            raise LineError(f"“{act}” has no exceptions")
        spared = fields.pop().removeprefix("except ")
    while fields and not fields[-1]:
        fields.pop()
    sorts = FIELDS[act]
    if len(fields) > len(sorts):
        raise LineError(f"“{act}” has {len(sorts)} fields at most")
    if len(fields) < NEEDED.get(act, 0):
        raise LineError(f"“{act}” needs {NEEDED[act]} field(s)")
    for sort, field in zip(sorts, fields, strict=False):
        _check_field(sort, field)
    return Line(act, tuple(fields), spared)


def _check_field(sort: str, field: str) -> None:
    if not field:
        return
    if sort == "count" and field != "-1" and not field.isdigit():
        raise LineError(f"“{field}” is not a number in digits")
    if sort in _CLOSED and field not in WORDS[sort]:
        raise LineError(f"“{field}” is not one of {', '.join(WORDS[sort])}")
    for mark in re.findall(r"<[^>]*>", field):
        if mark not in MARKS and mark != "<last>":
            raise LineError(f"“{mark}” is not a mark")
    if (mark := next((m for m in MARKS if m in field and m != field), None)) and sort not in MIXED:
        raise LineError(f"“{mark}” must stand alone")


def parse_lines(text: str) -> tuple[Line, ...]:
    """The lines of a text, one each. Raises ``LineError``."""
    return tuple(parse_line(line) for line in text.splitlines() if line.strip())


# --- words and their sentence -------------------------------------------------------------------------------

_EDGES: Final = ".,!?;:\"'()[]{}“”‘’…`*_~"


def bare_words(text: str) -> list[str]:
    """The words of a text in lower case, without the marks around them."""
    text = text.lower().replace("’", "'").replace("‘", "'").replace("`", "'")
    text = re.sub(r"(?<=\w)[,;:/](?=\s|$)", " ", text)
    words = (word.strip(_EDGES) for word in re.split(r"[\s|]+", text))
    return [word for word in words if word]


def _forms(sentence: str) -> set[str]:
    """The words that a sentence holds, also their parts and their forms without "'s"."""
    found: set[str] = set()
    words = bare_words(sentence)
    for word in words:
        found.add(word)
        found.add(word.removesuffix("'s"))
        found.add(re.sub(r"(.)\1{2,}", r"\1", word))
        found.update(part for part in re.split(r"[-/:;,.=+&()→>'\"…]+", word) if part)
        found.update(part.strip(_EDGES) for part in re.split(r"[-/:;,=+&()→>…]+", word) if part)
    found.update(a + b for a, b in itertools.pairwise(words))
    return found


def _distance(one: str, other: str, most: int) -> int:
    """Slips of the keyboard between two words (Damerau and Levenshtein), or ``most + 1``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        then = [i]
        for j, b in enumerate(other, 1):
            best = min(row[j] + 1, then[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            then.append(best)
        before, row = row, then
    return row[-1]


def is_slip(word: str, of: Iterable[str]) -> bool:
    """Whether a word may be one of a sentence's words with a slip put right."""
    most = 1 if len(word) < 6 else 2
    return len(word) > 2 and any(len(other) > 1 and _distance(word, other, most) <= most for other in of)


def strange_words(line: Line, sentence: str) -> list[str]:
    """The words of a line that are not the sentence's, nor the form's own, nor lent."""
    known = _forms(sentence)
    strange = []
    fields = [*zip(FIELDS[line.act], line.fields, strict=False), ("object", line.spared)]
    for sort, field in fields:
        if sort in ("count", *_CLOSED) or field in WORDS.get(sort, ()) or field.lstrip("-").isdigit():
            continue
        for word in bare_words(re.sub(r"<[^>]*>", " ", field)):
            if word in known or word in LENT or word.removesuffix("'s") in known:
                continue
            if all(part in known or part in LENT for part in re.split(r"[-/:,]+", word) if part):
                continue
            if not is_slip(word, known):
                strange.append(word)
    return strange


# --- files of sentences -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A sentence of a file and its lines; ``number`` counts the file's lines from 1, ``notes`` are the lines
    with "@" before it.
    """

    sentence: str
    lines: tuple[Line, ...]
    number: int
    notes: tuple[str, ...] = ()


Talk = tuple[Said, ...]
"""A conversation, or a sentence alone."""


def read_talks(text: str, *, full: bool = False) -> tuple[list[Talk], list[str]]:
    """The sentences and conversations of a file, and what is wrong in it, a remark a line. The words of
    ``full`` lines may come from anywhere in the conversation.
    """
    talks: list[list[Said]] = []
    faults: list[str] = []
    talking = False
    notes: list[str] = []
    sentence, number, lines = "", 0, [*text.splitlines(), ""]
    frames: list[Line] = []

    def close() -> None:
        nonlocal sentence, frames, notes
        if not sentence:
            return
        if not frames:
            faults.append(f"{number}: no frames: {sentence}")
        said = Said(sentence, tuple(frames), number, tuple(notes))
        if talking and talks:
            talks[-1].append(said)
        else:
            talks.append([said])
        sentence, frames, notes = "", [], []

    for at, raw in enumerate(lines, 1):
        line = raw.rstrip()
        if line.startswith("#"):
            close()
            word = line.lstrip("# ").split(" ")[0].lower()
            if word.startswith("conversation"):
                talking = True
                talks.append([])
            elif word == "end":
                talking = False
        elif line.startswith("@"):
            close()
            notes.append(line[1:].strip())
        elif line.startswith(("  ", "\t")) and line.strip():
            if not sentence:
                faults.append(f"{at}: a frame without a sentence: {line.strip()}")
                continue
            try:
                parsed = parse_line(line)
            except LineError as error:
                faults.append(f"{at}: {line.strip()}: {error}")
                continue
            if not full and (strange := strange_words(parsed, sentence)):
                words = ", ".join(strange)
                faults.append(f"{at}: {line.strip()}: not in the sentence: {words} ({sentence})")
            frames.append(parsed)
        elif not line.strip():
            close()
        else:
            close()
            if len(line) > 2000:
                faults.append(f"{at}: more than 2000 characters")
            sentence, number = line.strip(), at
    return [tuple(talk) for talk in talks if talk], faults
