"""Showing pictures in a terminal: by its own way for pictures, else in coloured half characters."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from agent.safe_text import printable
from agent.terminal.picture_layouts import GAP, Shown, beside, pillow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console as RichConsole
    from rich.text import Text

Protocol = Literal["kitty", "sixel", "half cells", "none"]
"""How a terminal can show pictures: two graphics protocols, coloured half characters, or not at all."""

_PROTOCOLS: Mapping[str, Protocol] = {
    "textual_image.renderable.tgp": "kitty",
    "textual_image.renderable.sixel": "sixel",
    "textual_image.renderable.halfcell": "half cells",
}
_SPARE_ROWS = 8  # kept for the words around a picture
_MOST_ROWS = 40
_LEAST_COLUMNS = 26  # for one of many pictures
_WIDE = 96  # columns from which two pictures are worth showing beside each other


class Graphics:
    """The terminal's way to show pictures, found out by asking it (see ``agent.terminal.probe``).

    Where there is no terminal, or it does not answer sensibly, ``protocol`` is "none" or "half cells".
    """

    def __init__(self, console: RichConsole) -> None:
        self.protocol: Protocol = "none"
        self._console = console
        self._image: Any = None
        if not console.is_terminal or console.is_dumb_terminal or console.color_system is None:
            return
        # It logs, with its traceback, every question that a terminal leaves unanswered.
        logging.getLogger("textual_image").setLevel(logging.CRITICAL)
        try:
            from textual_image.renderable import Image

            self._image = Image
            # The size of a cell is asked for once, at the first picture: better now than in a prompt.
            self._measured(Image(pillow(_blank(2, 2)), 1, 1), 1, 1)
        except Exception:  # odd terminals make the library fail in ways that it does not document
            self._image = None
            return
        self.protocol = _PROTOCOLS.get(Image.__module__, "none")

    def show(self, pictures: Sequence[Shown]) -> bool:
        """Show pictures as large as the terminal allows, beside each other; False when it can show none.

        Where there is no room for two beside each other, only the second is shown. More than two come in
        rows.
        """
        if self.protocol == "none" or not pictures:
            return False
        columns, rows = self._console.size
        rows = min(max(rows - _SPARE_ROWS, 6), _MOST_ROWS)
        if len(pictures) == 2 and not fits_beside(pictures[0].pixels.shape, columns, rows):
            pictures = pictures[-1:]
        a_row = max(2, columns // _LEAST_COLUMNS)
        for start in range(0, len(pictures), a_row):
            self._show_row(pictures[start : start + a_row], columns, rows)
        return True

    def _show_row(self, pictures: Sequence[Shown], columns: int, rows: int) -> None:
        image = self._image(pillow(beside([shown.pixels for shown in pictures])), "auto", "auto")
        labels = _labels([shown.label for shown in pictures], self._measured(image, columns, rows))
        self._console.print(printable(labels), style="dim", no_wrap=True)
        self._console.print(image, width=columns, height=rows)

    def _measured(self, image: Any, columns: int, rows: int) -> int:
        options = self._console.options.update(width=columns, height=rows)
        return int(image.__rich_measure__(self._console, options).maximum)


def in_half_cells(pixels: NDArray[np.uint8], columns: int, rows: int) -> Text:
    """A picture, uint8 RGB (H, W, 3), as text of coloured half characters, in at most so many cells."""
    import numpy as np
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    scale = min(columns / pixels.shape[1], 2 * rows / pixels.shape[0])
    width, height = (max(1, round(side * scale)) for side in (pixels.shape[1], pixels.shape[0] / 2))
    small = np.asarray(pillow(pixels).resize((width, 2 * height)))
    text = Text(no_wrap=True, end="")
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
        text.append("\n")
    return text


def fits_beside(shape: Sequence[int], columns: int, rows: int) -> bool:
    """Whether two pictures of ``shape`` (H, W, …) are worth showing beside each other in so many cells.

    They are when that makes them no smaller (a tall picture in a low terminal), or when there are many
    columns.
    """
    height, width = shape[:2]
    wanted = round(rows * 2 * width / height)  # a cell is about twice as high as it is wide
    return columns >= _WIDE or 2 * wanted + 2 <= columns


def _labels(labels: Sequence[str], width: int) -> str:
    """Words above pictures of one width that stand beside each other with a gap, ``width`` columns in all."""
    if len(labels) == 1:
        return labels[0]
    one = width / (len(labels) + GAP * (len(labels) - 1))
    line = ""
    for number, label in enumerate(labels):
        start = round(number * one * (1 + GAP))
        line = line[: start - 1].ljust(start) + label if number else label
    return line[:width]


def _blank(height: int, width: int) -> NDArray[np.uint8]:
    import numpy as np

    return np.zeros((height, width, 3), np.uint8)
