"""What the tools raise when they cannot do a thing: one sentence that a user understands."""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot do what was asked; ``str(error)`` is one sentence: what is wrong and what to do."""


class PictureError(ToolError):
    """A picture or mask cannot be read, is too large, or has the wrong size."""


class EngineError(ToolError):
    """An engine cannot be loaded or failed while it worked."""


class OutOfMemory(EngineError):  # noqa: N818 - the name of the matter
    """The graphics card ran out of memory; the engine is clean and can be tried again with less."""


class Cancelled(Exception):  # noqa: N818 - a request of the user's, not an error
    """The user cancelled; nothing was changed."""
