"""New things for drawn rooms, drawn into the picture by the rooms' own renderer. See ``docs/drawing.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.inpainting.drawing.engine import Drawing


def load_drawing() -> Drawing:
    """The engine with the pocket segmenter. Raises ``EngineError`` when that cannot be loaded."""
    from tools.engines import registry
    from tools.inpainting.drawing.engine import Drawing

    return Drawing(registry.load_segmenter("lisa-pocket"))
