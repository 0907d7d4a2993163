"""What the reader writes: symbols, which are words of the form or places in the sentence, and which may
follow which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.planner.lines import FIELDS, LENT, MARKS, MOST_LINES, SPARING, WORDS, Line, is_slip
from agent.planner.reader.words import joined, words_of

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
        self._symbols: list[int] = []
        self._act = ""
        self._field = -1
        self._held = 0
        self._spared = False
        self._lines = 0
        self._used: list[int] = []

    def allowed(self) -> tuple[int, ...]:
        """The symbols that may follow; never empty."""
        if not self._symbols or self._symbols[-1] == NEXT:
            return _ACTS
        sorts = FIELDS[self._act]
        ends = (END, NEXT) if self._lines < MOST_LINES else (END,)
        if len(self._used) > 400:
            return (END,)
        if self._field < 0:
            after = (BAR,) if sorts or self._act in SPARING else ()
            return (*ends, *after)
        if self._spared:
            return self._words(0 if self._held else 1, (*ends,) if self._held else (), marks=not self._held)
        sort = sorts[self._field] if self._field < len(sorts) else ""
        more = self._field + 1 < len(sorts) or self._act in SPARING
        bar = (BAR,) if more else ()
        if not self._held:
            starts = self._starts(sort)
            spare = (EXCEPT,) if self._act in SPARING else ()
            further = (BAR,) if self._field + 1 < len(sorts) and sort not in ("how", "about") else ()
            return (*starts, *spare, *further) or ends
        closed = self._symbols[-1] < COPIED and self._symbols[-1] not in (*_LENT, *_MARKED)
        if closed:
            return (*ends, *bar)
        if sort == "count":
            return (*ends, *bar)
        marks = sort in ("place", "object", "new", "look", "words")
        return self._words(1, (*ends, *bar), marks=marks)

    def _words(self, lent: int, after: tuple[int, ...], *, marks: bool) -> tuple[int, ...]:
        del lent
        return (*self._places, *_LENT, *after, *(_MARKED if marks else ()))

    def _starts(self, sort: str) -> tuple[int, ...]:
        match sort:
            case "":
                return ()
            case "count":
                return _COUNTED
            case "swapped" | "kind" | "how" | "about":
                return _OWN[sort]
            case "which":
                return (*_COUNTED, NUMBER["-1"], *self._places, *_LENT)
            case "version" | "shown" | "zoomed" | "file":
                return (*_OWN[sort], *_COUNTED, *self._places, *_LENT, *_MARKED)
            case _:
                return (*self._places, *_LENT, *_MARKED)

    def take(self, symbol: int) -> None:
        """Go on with a symbol that is allowed."""
        self._symbols.append(symbol)
        self._used.append(symbol)
        if symbol == NEXT:
            self._act, self._field, self._held, self._spared = "", -1, 0, False
        elif not self._act:
            self._act = SYMBOLS[symbol].removeprefix("=")
            self._lines += 1
        elif symbol == BAR:
            self._field, self._held = self._field + 1, 0
        elif symbol == EXCEPT:
            self._spared, self._held = True, 0
        else:
            self._held += 1


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
