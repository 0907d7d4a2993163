"""What a command line of these tests comes to; the fixture ``inpalla`` runs it in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Result(NamedTuple):
    """The exit code, and what was written."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def values(self) -> dict[str, Any]:
        assert self.code == 0, self
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def refused(self) -> str:
        """The one sentence of a command that could not be done."""
        said = self.err.strip()
        assert self.code == 1, self
        assert said.endswith("."), self
        assert "\n" not in said, self
        assert "Something went wrong inside" not in said, self
        return said

    def is_refusal(self) -> bool:
        """Exit code 1 and nothing but one line on stderr."""
        return self.code == 1 and self._is_one_line()

    def is_wrong_usage(self) -> bool:
        """Exit code 2 and nothing but one line on stderr."""
        return self.code == 2 and self._is_one_line()

    def _is_one_line(self) -> bool:
        said = self.err.strip()
        return bool(said) and "\n" not in said and "Traceback" not in said


Run = Callable[..., Result]
