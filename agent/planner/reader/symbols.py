"""What the reader writes: symbols, which are words of the form or places in the sentence, and which may
follow which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.planner.lines import FIELDS, LENT, MARKS, MIXED, MOST_LINES, NEEDED, SPARING, WORDS, Line, is_slip
from agent.planner.reader.splitting import joined, words_of

_COUNTS: Final = tuple(str(number) for number in range(21))
_KEYS: Final = tuple(dict.fromkeys(word for words in WORDS.values() for word in words))

SYMBOLS: Final[tuple[str, ...]] = (
    "END", "NEXT", "|", "except", "-1",
    *(f"={act}" for act in FIELDS), *MARKS, *_COUNTS,
    *(f":{word}" for word in _KEYS), *sorted(f"+{word}" for word in LENT - {"except"}),
)  # fmt: skip
"""``END`` ends, ``NEXT`` begins a further line; ``=act``; ``:word`` of the form; ``+word`` lent. A number
from ``len(SYMBOLS)`` on is a word of the sentence.
"""

NUMBER: Final = {symbol: number for number, symbol in enumerate(SYMBOLS)}
END, NEXT, BAR, EXCEPT = (NUMBER[symbol] for symbol in ("END", "NEXT", "|", "except"))
COPIED: Final = len(SYMBOLS)

_ACTS: Final = tuple(NUMBER[f"={act}"] for act in FIELDS)
_MARKED: Final = tuple(NUMBER[mark] for mark in MARKS)
_LENT: Final = tuple(NUMBER[f"+{word}"] for word in LENT - {"except"})
_COUNTED: Final = tuple(NUMBER[count] for count in _COUNTS)
_OWN: Final = {sort: tuple(NUMBER[f":{word}"] for word in words) for sort, words in WORDS.items()}


# --- writing ------------------------------------------------------------------------------------------------


def symbols_of(lines: Sequence[Line], words: Sequence[str]) -> list[int] | None:
    """The symbols of some lines about a sentence's words; None where a word of theirs is not in it."""
    low = [word.lower() for word in words]
    result: list[int] = []
    last = -1
    for line in lines:
        if result:
            result.append(NEXT)
        result.append(NUMBER[f"={line.act}"])
        fields = list(zip(FIELDS[line.act], line.fields, strict=False))
        for sort, field in fields:
            result.append(BAR)
            own = NUMBER.get(f":{field}")
            if own is not None and own in _OWN.get(sort, ()):
                result.append(own)
            elif field in _COUNTS or field == "-1":
                result.append(NUMBER[field])
            elif field:
                placed = _placed(field, low, last)
                if placed is None:
                    return None
                result += placed
                last = max((n - COPIED for n in placed if n >= COPIED), default=last)
        if line.spared:
            placed = _placed(line.spared, low, last)
            if placed is None:
                return None
            result += [BAR, EXCEPT, *placed]
    return [*result, END]


def _placed(field: str, low: list[str], last: int) -> list[int] | None:
    """A field's words as places in the sentence, in one run where there is one."""
    wanted = [
        part.lower()
        for piece in re.split(r"(<\w+>)", field)
        for part in ([piece] if piece.startswith("<") else words_of(piece))
    ]
    runs = [at for at in range(len(low)) if low[at : at + len(wanted)] == wanted]
    if runs:
        at = next((run for run in runs if run > last), runs[0])
        return [COPIED + at + i for i in range(len(wanted))]
    result: list[int] = []
    before = last
    for word in wanted:
        if word in NUMBER and word.startswith("<"):
            result.append(NUMBER[word])
            continue
        places = [i for i, other in enumerate(low) if other == word]
        near = [i for i in places if i > before]
        lent = NUMBER.get(f"+{word}")
        if not places and lent is None:
            places = [i for i, other in enumerate(low) if is_slip(word, [other, _squeezed(other)])]
            near = [i for i in places if i > before]
        if lent is not None and (not near or near[0] > before + 3):
            result.append(lent)
        elif places:
            before = near[0] if near else places[0]
            result.append(COPIED + before)
        else:
            return None
    return result


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1{2,}", r"\1", word)


# --- reading ------------------------------------------------------------------------------------------------


class Grammar:
    """What may come next while lines are written about a sentence of some words."""

    def __init__(self, count: int) -> None:
        self._places = tuple(range(COPIED, COPIED + count))
        self._lines = 0
        self._begin()

    def _begin(self) -> None:
        self._act = ""
        self._field = -1  # before the first
        self._held = 0  # symbols in this field
        self._filled = 0  # fields up to the last one that holds something
        self._closed = False  # this field can hold no more
        self._spared = False

    def allowed(self) -> tuple[int, ...]:
        """The symbols that may follow; never empty."""
        if not self._act:
            return _ACTS
        if self._spared:
            return (*self._words(marks=not self._held), *(self._ends() if self._held else ()))
        sorts = FIELDS[self._act]
        bar = (BAR,) if self._field + 1 < len(sorts) + (self._act in SPARING and self._may_end()) else ()
        if self._field < 0:
            return (*self._ends(), *bar)
        if self._field == len(sorts):
            return (EXCEPT,)
        sort = sorts[self._field]
        if not self._held:
            spare = (EXCEPT,) if self._act in SPARING and self._may_end() else ()
            skip = bar if self._field + 1 < len(sorts) and sort not in _ALWAYS else ()
            return (*self._starts(sort), *spare, *skip)
        if self._closed or sort == "count":
            return (*self._ends(), *bar)
        return (*self._words(marks=sort in MIXED), *self._ends(), *bar)

    def _may_end(self) -> bool:
        return self._filled >= NEEDED.get(self._act, 0)

    def _ends(self) -> tuple[int, ...]:
        if not self._may_end():
            return ()
        return (END, NEXT) if self._lines < MOST_LINES else (END,)

    def _words(self, *, marks: bool) -> tuple[int, ...]:
        if self._held > _MOST:
            return ()
        return (*self._places, *_LENT, *(_MARKED if marks else ()))

    def _starts(self, sort: str) -> tuple[int, ...]:
        match sort:
            case "count":
                return (*_COUNTED, NUMBER["-1"])
            case "swapped" | "kind" | "how" | "about":
                return _OWN[sort]
            case "which":
                return (*_COUNTED, NUMBER["-1"], *self._places, *_LENT)
            case "version" | "shown" | "zoomed" | "file":
                return (*_OWN[sort], *_COUNTED, *self._places, *_LENT, *_MARKED)
        return (*self._places, *_LENT, *_MARKED)

    def take(self, symbol: int) -> None:
        """Go on with a symbol that is allowed."""
        if symbol in (END, NEXT):
            self._begin()
        elif not self._act:
            self._act = SYMBOLS[symbol].removeprefix("=")
            self._lines += 1
        elif symbol == BAR:
            self._field, self._held = self._field + 1, 0
        elif symbol == EXCEPT:
            self._spared, self._held = True, 0
        else:
            self._held += 1
            self._filled = self._filled if self._spared else self._field + 1
            alone = not self._spared and FIELDS[self._act][self._field] not in MIXED
            self._closed = symbol < COPIED and symbol not in _LENT and (alone or symbol not in _MARKED)


_ALWAYS = ("how", "about", "swapped", "kind")
"""Sorts of fields that are not left empty between others."""
_MOST = 60
"""Words of a field."""


def lines_of(symbols: Sequence[int], words: Sequence[str]) -> tuple[Line, ...]:
    """The lines that symbols stand for; ``END`` may be missing."""
    lines: list[Line] = []
    act, fields, spared = "", [""], False
    kept = ""

    def close() -> None:
        nonlocal act, fields, spared, kept
        if act:
            while fields and not fields[-1]:
                fields.pop()
            lines.append(Line(act, tuple(fields), kept))
        act, fields, spared, kept = "", [], False, ""

    fields = []
    copied: list[str] = []

    def flush() -> None:
        nonlocal copied, kept
        text = joined(copied)
        copied = []
        if spared:
            kept = text
        elif fields and text:
            fields[-1] = text

    for symbol in (*symbols, END):
        name = SYMBOLS[symbol] if symbol < COPIED else ""
        if symbol in (END, NEXT):
            flush()
            close()
            if symbol == END:
                break
        elif not act and name.startswith("="):
            act = name[1:]
        elif symbol == BAR:
            flush()
            fields.append("")
        elif symbol == EXCEPT:
            flush()
            if fields:
                fields.pop()
            spared = True
        else:
            copied.append(words[symbol - COPIED] if symbol >= COPIED else name.lstrip(":+"))
    return tuple(lines)
