"""Contact sheets: before, after and how it should be, side by side, for a person to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_TILE: Final = (320, 240)
_LINE: Final = 20
_GAP: Final = 6
_ROWS: Final = 5
_COLUMNS: Final = 2
_PLAIN: Final = str.maketrans({"→": ">", "—": "-", "“": '"', "”": '"', "’": "'", "…": "..."})
"""Signs that the font lacks."""


class Sheets:
    """Collects the first ``most`` results and writes ``NAME-1.png`` … into a folder, ten results a sheet."""

    def __init__(self, folder: Path, name: str, most: int = 40) -> None:
        self._folder = folder
        self._name = name
        self._most = most
        self._items: list[Image.Image] = []

    def add(
        self,
        before: NDArray[np.uint8],
        after: NDArray[np.uint8],
        truth: NDArray[np.uint8],
        caption: str,
        verdict: str,
        good: bool,
    ) -> None:
        """Put one result on the sheets; the pictures are RGB (H, W, 3) of any size."""
        if len(self._items) >= self._most:
            return
        wide, high = _TILE
        item = Image.new("RGB", (3 * wide + 2 * _GAP, high + 2 * _LINE), "white")
        for place, picture in enumerate((before, after, truth)):
            tile = Image.fromarray(picture).resize(_TILE, Image.Resampling.LANCZOS)
            item.paste(tile, (place * (wide + _GAP), 0))
        draw = ImageDraw.Draw(item)
        caption, verdict = (text.translate(_PLAIN) for text in (caption, verdict))
        font = ImageFont.load_default(size=15)
        draw.text((2, high + 1), f"{len(self._items) + 1}. {caption}", fill="black", font=font)
        draw.text((2, high + 1 + _LINE), verdict, fill="darkgreen" if good else "firebrick", font=font)
        self._items.append(item)

    def write(self) -> list[Path]:
        """Write the sheets; the files' paths."""
        self._folder.mkdir(parents=True, exist_ok=True)
        each = _ROWS * _COLUMNS
        files = []
        for number, start in enumerate(range(0, len(self._items), each), 1):
            items = self._items[start : start + each]
            wide, high = items[0].width + 2 * _GAP, items[0].height + 2 * _GAP
            rows = -(-len(items) // _COLUMNS)
            sheet = Image.new("RGB", (wide * _COLUMNS, high * rows), "white")
            for place, item in enumerate(items):
                row, column = divmod(place, _COLUMNS)
                sheet.paste(item, (column * wide + _GAP, row * high + _GAP))
            files.append(self._folder / f"{self._name}-{number}.png")
            sheet.save(files[-1])
        return files
