"""Every text that a model is given, as files beside this one."""

from __future__ import annotations

from importlib.resources import files


def read(name: str) -> str:
    """The text of one prompt file ("planner.md"). Raises FileNotFoundError for an unknown name."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
