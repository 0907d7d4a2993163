"""What the reader sees of a sentence: its words and marks as they stand, files and boxes in one piece."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tools.language.tokens import coded

_WORD = re.compile(
    r"\d+(?:\.\d+)?%\s?,\s?\d+(?:\.\d+)?%"  # a corner of a box
    r"|(?:~|\.{1,2})(?:/[\w\-.]*\w)+|/?(?:[\w\-]+/)+[\w\-]+\.\w+"  # a path
    r"|[\w\-]+(?:\.[\w\-]+)*\.(?:png|jpe?g|webp|tiff?|bmp|gif|heic|ora|psd|svg)\b"
    r"|\#[0-9a-fA-F]{3,6}\b|\d+(?:\.\d+)?%|\bw/(?=\s)|-?\w+(?:['\-.]\w+)*|->|\S",
    re.IGNORECASE,
)
_PLAIN = str.maketrans("‘’‛`´“”…→|", "'''''\"\".:,")
MOST_WORDS = 120
"""A sentence of more words is not read."""


def words_of(sentence: str) -> list[str]:
    """The words and marks of a sentence in their order; a possessive "'s" is a word of its own."""
    text = coded(unicodedata.normalize("NFC", sentence).translate(_PLAIN))
    if text.isupper() and len(text) > 4:
        text = text.lower()
    words: list[str] = []
    for found in _WORD.finditer(text):
        word = found.group()
        if word.lower().endswith("'s") and len(word) > 2:
            words += [word[:-2], "'s"]
        elif "%" in word:
            words.append(word.replace(" ", ""))
        else:
            words.append(word)
    return words


def joined(words: Sequence[str]) -> str:
    """Words as text again."""
    text = " ".join(words)
    text = re.sub(r" (?=['’]s\b|[,;:.!?%)])", "", text)
    return re.sub(r" ?/ ?", "/", text) if " / " in text else text
