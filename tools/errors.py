"""What the tools raise when they cannot do a thing: one sentence that a user understands."""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot do what was asked; ``str(error)`` is one sentence: what is wrong and what to do."""


class PictureError(ToolError):
    """A picture or mask cannot be read, is too large, or has the wrong size."""


class EngineError(ToolError):
    """An engine cannot be loaded or failed while it worked."""


class WrongUsageError(EngineError):
    """A name that nobody knows, or an engine that was chosen for what it cannot do."""


class NotFetchedError(EngineError):
    """The weights of an engine, ``engine`` by name, are not on this machine."""

    def __init__(self, sentence: str, engine: str) -> None:
        super().__init__(sentence)
        self.engine = engine


class OutOfMemory(EngineError):  # noqa: N818 - the name of the matter
    """The graphics card ran out of memory; the engine is clean and can be tried again with less."""


class Cancelled(Exception):  # noqa: N818 - a request of the user's, not an error
    """The user cancelled; nothing was changed."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, of torch's, Python's or the tools' own, says that a memory did not suffice.

    Torch has a class for a full card; a full main memory, and what the card's libraries lack, are plain
    ``RuntimeError``s. Torch is not imported for it.
    """
    if isinstance(error, MemoryError | OutOfMemory) or type(error).__name__ == "OutOfMemoryError":
        return True
    said = str(error) if isinstance(error, RuntimeError) else ""
    return any(words in said for words in ("out of memory", "allocate memory", "STATUS_ALLOC_FAILED"))
