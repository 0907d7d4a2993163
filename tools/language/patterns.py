"""Regular expressions that are compiled when they are first used: most sentences need few of them."""

from __future__ import annotations

import re
from functools import cached_property


class Pattern:
    """A regular expression over lower-case text."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of ``text``."""
        return self._compiled.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of the whole ``text``."""
        return self._compiled.fullmatch(text)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere in ``text``."""
        return self._compiled.search(text)

    def sub(self, instead: str, text: str) -> str:
        """``text`` with every match replaced."""
        return self._compiled.sub(instead, text)
