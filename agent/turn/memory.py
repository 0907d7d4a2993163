"""What the agent remembers of a session besides the session's own records: a small JSON file in its folder.

Losing it loses no picture: the focus is then guessed from the versions, and no variations are on offer.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.turn.state import Offers

FILE_NAME = "agent.json"


class SessionMemory(BaseModel):
    """The memory of one session.

    ``focus`` holds, by version, the layers that the turn which made it was about, most recent last; ``moved``
    the head after a turn that moved it, and what "it" means since then. ``offers`` are the variations on
    offer. ``warned`` says that the user was told that this is a photo. ``unfinished`` is the sentence that is
    being carried out: found when a session is opened, it was cut off. ``marks`` are the names that the user
    gave to versions, ``saves`` the files that versions were saved as, in their order. ``asked`` is the
    question that the last turn stopped at, to be answered by yes or no, and ``held`` the digests of the masks
    that it is about.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    focus: dict[int, tuple[int, ...]] = Field(default_factory=dict)
    moved: tuple[int, tuple[int, ...]] | None = None
    offers: Offers | None = None
    warned: bool = False
    unfinished: str | None = None
    marks: dict[str, int] = Field(default_factory=dict)
    saves: tuple[tuple[str, int], ...] = ()
    asked: str | None = None
    held: tuple[str, ...] = ()


class MemoryFile:
    """The memory in a session's folder, read once and written at every change."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self.memory = SessionMemory()
        with suppress(OSError, ValidationError, ValueError):
            self.memory = SessionMemory.model_validate_json(self._path.read_bytes())

    def update(self, **values: object) -> None:
        """Change some of it and write it; a full disk costs the memory, not the turn."""
        updated = self.memory.model_copy(update=values)
        if updated == self.memory:
            return
        self.memory = updated
        part = self._path.with_suffix(".part")
        with suppress(OSError):
            # Not durable at once, as the session's records are: that would cost more than it is worth.
            part.write_bytes(updated.model_dump_json(by_alias=True).encode())
            part.replace(self._path)
