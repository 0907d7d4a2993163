"""Names of files that people say in several words: "save it as living room.png"."""

from __future__ import annotations

import re

_IN_WORDS = re.compile(
    r"\b(?:as|called|named|under|to) (?P<file>(?!(?:an?|the|this|that) )"
    r"(?:(?!(?:as|called|named|under|to|file|picture|image|png|jpe?g)\b)[\w&'()-]+ ){1,5}"
    r"[^\s\"'“”]+\.(?:png|jpe?g|webp|tiff?|bmp|ora))(?=$|[ ,;.!?])",
    re.IGNORECASE,
)


def whole_name(sentence: str, name: str) -> str:
    """The whole name of a file that is to be saved, of which ``name`` is the last word."""
    found = _IN_WORDS.search(sentence)
    return found["file"] if found is not None and found["file"].endswith(f" {name}") else name
