"""Text from elsewhere, made safe: sentences before anything reads them, and whatever is shown in a terminal.

A file's name, a recipe, a session, a model's answer may hold anything. This module imports nothing of the
program, so that every part may use it.
"""

from __future__ import annotations

import json
import re
import unicodedata

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
# Marks that turn the direction of what follows can make a line read as another one.
_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_OBEYED = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}]|[\ud800-\udfff]")
_BREAKS = re.compile(r"[\n\t\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_IN_JSON = re.compile(r"[\x7f-\x9f\u2028\u2029]|[\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without control characters, which a terminal would obey, and without broken Unicode."""
    return _OBEYED.sub(_UNPRINTABLE, text)


def one_line(text: object) -> str:
    """A name or a phrase for the middle of a sentence: printable, and on one line."""
    return printable(_BREAKS.sub(" ", str(text)))


def json_line(value: object) -> str:
    """A value as one line of JSON that a terminal may show: what it would obey is escaped.

    A path that is no UTF-8 comes out as Python reads and writes it: ``os.fsencode(json.loads(line))``.
    """
    line = json.dumps(value, ensure_ascii=False)
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def plain(text: str) -> str:
    """A sentence as it was meant, on one line: full-width and other compatible letters in their usual form
    (Unicode's NFKC), without what stands in a word unseen, without control characters and broken letters.
    """
    whole = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    seen = (letter for letter in whole if unicodedata.category(letter) != "Cf")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in seen).split())
