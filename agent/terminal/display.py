"""What the user gets to see, made ready for a terminal: pictures as arrays, plans and histories as words.

Words come as plain strings, never as rich markup: they hold what the user typed. All is pure but
``Graphics``, which prints pictures; the rest of the output is ``agent.terminal.console``'s.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from agent.planner.plan import (
    Ask,
    Compare,
    Drop,
    Edit,
    Goto,
    Hide,
    Keep,
    Look,
    Mark,
    Mask,
    Open,
    Pick,
    Plan,
    Redo,
    Refresh,
    Reorder,
    Save,
    Show,
    Step,
    Tell,
    Undo,
    Variations,
)
from agent.safe_text import printable as printable
from agent.turn import sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console as RichConsole
    from rich.text import Text

    from sessions import Layer, Version

Protocol = Literal["kitty", "sixel", "half cells", "none"]
"""How a terminal can show pictures: two graphics protocols, coloured half characters, or not at all."""

_PROTOCOLS: Mapping[str, Protocol] = {
    "textual_image.renderable.tgp": "kitty",
    "textual_image.renderable.sixel": "sixel",
    "textual_image.renderable.halfcell": "half cells",
}
_MARK = (255, 40, 160)  # no room has it, and it stands out from light and dark alike
_OUTLINES = ((255, 40, 160), (0, 220, 255), (255, 220, 0), (80, 255, 80), (255, 140, 0), (180, 120, 255))
_GAP = 0.04  # between two pictures, as a share of the width of one
_SHOWN_SIDE = 1600  # pixels; no terminal shows more
_SPARE_ROWS = 8  # kept for the words around a picture
_MOST_ROWS = 40
_LEAST_COLUMNS = 26  # for one of many pictures
_WIDE = 96  # columns from which two pictures are worth showing beside each other


class Shown(NamedTuple):
    """A picture that is to be shown, uint8 RGB (H, W, 3), and the words above it."""

    label: str
    pixels: NDArray[np.uint8]


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
            self._measured(Image(_pillow(_blank(2, 2)), 1, 1), 1, 1)
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
        image = self._image(_pillow(beside([shown.pixels for shown in pictures])), "auto", "auto")
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
    small = np.asarray(_pillow(pixels).resize((width, 2 * height)))
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


def beside(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures in a row with black gaps, at the height of the first: uint8 RGB (H, W, 3).

    Every one is first shrunk to what a terminal can show. They are made one picture because terminals place
    several in one line unreliably.
    """
    import numpy as np

    first = shrunk(pictures[0])
    height = first.shape[0]
    gap = np.zeros((height, max(1, round(first.shape[1] * _GAP)), 3), np.uint8)
    row: list[NDArray[np.uint8]] = [first]
    for other in pictures[1:]:
        width = max(1, round(other.shape[1] * height / other.shape[0]))
        row += [gap, np.asarray(_pillow(other).resize((width, height)))]
    return np.concatenate(row, axis=1)


def shrunk(pixels: NDArray[np.uint8], side: int = _SHOWN_SIDE) -> NDArray[np.uint8]:
    """The picture, uint8 RGB (H, W, 3), with no side longer than ``side``; as it is if it is so already."""
    import numpy as np

    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(_pillow(pixels).resize(size, reducing_gap=2.0))


def marked(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture, uint8 RGB (H, W, 3), with what is in the mask, bool (H, W), tinted and outlined."""
    import numpy as np
    from scipy.ndimage import binary_dilation, binary_erosion

    small = shrunk(pixels)
    if small.shape != pixels.shape:
        rows = np.arange(small.shape[0]) * pixels.shape[0] // small.shape[0]
        columns = np.arange(small.shape[1]) * pixels.shape[1] // small.shape[1]
        mask = mask[np.ix_(rows, columns)]
    shown = small.copy()
    colour = np.array(_MARK, np.float32)
    shown[mask] = (0.5 * shown[mask] + 0.5 * colour).astype(np.uint8)
    thick = max(1, max(small.shape[:2]) // 256)
    shown[binary_dilation(mask, iterations=thick) & ~binary_erosion(mask, iterations=thick)] = _MARK
    return shown


def outlined(pixels: NDArray[np.uint8], masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """The picture, uint8 RGB (H, W, 3), with each mask, bool (H, W), outlined in a colour of its own, and its
    number from 1 in it.
    """
    import numpy as np
    from PIL import ImageDraw, ImageFont
    from scipy.ndimage import binary_dilation, binary_erosion

    shown = shrunk(pixels).copy()
    rows = np.arange(shown.shape[0]) * pixels.shape[0] // shown.shape[0]
    columns = np.arange(shown.shape[1]) * pixels.shape[1] // shown.shape[1]
    small = [mask[np.ix_(rows, columns)] for mask in masks]
    thick = max(1, max(shown.shape[:2]) // 256)
    for number, mask in enumerate(small):
        rim = binary_dilation(mask, iterations=thick) & ~binary_erosion(mask, iterations=thick)
        shown[rim] = _OUTLINES[number % len(_OUTLINES)]
    image = _pillow(shown)
    draw = ImageDraw.Draw(image)
    size = max(12, min(shown.shape[:2]) // 12)
    font = ImageFont.load_default(size)
    for number, mask in enumerate(small):
        if mask.any():
            y, x = (int(each.mean()) for each in np.nonzero(mask))
            _tag(draw, (x, y), str(number + 1), _OUTLINES[number % len(_OUTLINES)], font, size)
    return np.asarray(image)


def _tag(
    draw: Any, at: tuple[int, int], text: str, colour: tuple[int, int, int], font: Any, size: int
) -> None:
    """A number on a disc of a colour."""
    x, y = at
    radius = 0.62 * size
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour, outline=(0, 0, 0))
    draw.text((x, y), text, fill=(0, 0, 0), font=font, anchor="mm")


def differing(pixels: NDArray[np.uint8], differs: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture, uint8 RGB (H, W, 3), in grey and dim but where ``differs``, bool (H, W)."""
    import numpy as np

    grey = pixels.mean(axis=-1, keepdims=True) * 0.35 + 40
    dim = np.broadcast_to(grey, pixels.shape).astype(np.uint8)
    return np.where(differs[..., None], pixels, dim)


def enlarged(pixels: NDArray[np.uint8], side: int = 800) -> NDArray[np.uint8]:
    """The picture, uint8 RGB (h, w, 3), with its longer side at least so many pixels long."""
    import numpy as np

    height, width = pixels.shape[:2]
    if max(height, width) >= side:
        return pixels
    scale = side / max(height, width)
    return np.asarray(
        _pillow(np.ascontiguousarray(pixels)).resize((round(width * scale), round(height * scale)))
    )


def sheet(pictures: Sequence[NDArray[np.uint8]], side: int = 480) -> NDArray[np.uint8]:
    """A contact sheet: the pictures, uint8 RGB (H, W, 3) all of one size, numbered from 1, in rows."""
    import numpy as np
    from PIL import ImageDraw, ImageFont

    small = [shrunk(picture, side) for picture in pictures]
    height, width = small[0].shape[:2]
    columns = min(len(small), 2 if len(small) in (2, 4) else 3)
    gap, rows = max(2, width // 40), -(-len(small) // columns)
    paper = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 245, np.uint8)
    corners = []
    for number, picture in enumerate(small):
        y, x = gap + number // columns * (height + gap), gap + number % columns * (width + gap)
        paper[y : y + height, x : x + width] = picture
        corners.append((x, y))
    image = _pillow(paper)
    draw = ImageDraw.Draw(image)
    size = max(10, min(height, width) // 10)
    font = ImageFont.load_default(size)
    for number, (x, y) in enumerate(corners, 1):
        _tag(draw, (x + size, y + size), str(number), (255, 255, 255), font, size)
    return np.asarray(image)


def understood(plan: Plan) -> list[str]:
    """What was understood, one short line a step: "sofa → a brown leather sofa". Questions are left out."""
    return [line for step in plan.steps if (line := _described(step))]


def _described(step: Step) -> str:
    match step:
        case Edit(target=target, prompt=prompt, kind=kind):
            return sentences.edit(target, prompt, kind)
        case Undo(count=count):
            return "undo" if count == 1 else f"undo {count} versions"
        case Redo(count=count):
            return "redo" if count == 1 else f"redo {count} versions"
        case Goto(version=version):
            return f"go to version {version}" if version else "go back to the base picture"
        case Hide(layer=layer):
            return f"take layer {layer} out"
        case Show(layer=layer, version=version):
            return f"put layer {layer} back" + ("" if version is None else f" as in version {version}")
        case Variations(count=count, like=int(like)):
            return f"{count} more like number {like}" if like else f"{count} other variations"
        case Variations(count=count, target=target, prompt=prompt, kind=kind):
            what = f" of {sentences.edit(target, prompt or '', kind or 'restyle')}" if target else ""
            return f"{count} variations{what}"
        case Pick(index=index):
            return f"take variation {index}"
        case Keep():
            return "keep the nearest"
        case Refresh(layer=layer):
            return f"paint layer {layer} again"
        case Drop(layer=layer):
            return f"drop layer {layer}"
        case Reorder(layer=layer, to=to, other=other):
            return (
                f"move layer {layer} {to} layer {other}"
                if other is not None
                else f"move layer {layer} to the {to}"
            )
        case Mask(layer=layer, how=how, what=what):
            return f"the mask of layer {layer}: {how} {what}".rstrip()
        case Compare(version=first, other=second, difference=differ):
            one = f"version {first}" if first else "the base picture"
            verb = "show what differs from" if differ else "compare with"
            return f"{verb} {one}" if second is None else f"{verb} {one}, version {second}"
        case Mark(name=name):
            return f"call this version “{name}”"
        case Save(path=path, version=version):
            return f"save {'' if version is None else f'version {version} as '}{path}".rstrip()
        case Open(path=path):
            return f"open {path}"
        case Look(at="zoom", target=target):
            return f"show {sentences.definite(target)} close up"
        case Look(at="place", target=target):
            return f"look for {sentences.definite(target)}"
        case Ask() | Tell() | Look():
            return ""


def timing(seconds: Mapping[str, float]) -> str:
    """Where the time went, in words: "2.1 s (planning 0.1, finding 0.6, painting 1.4)"; "" when unknown."""
    if "total" not in seconds:
        return ""
    names = {"plan": "planning", "locate": "finding", "paint": "painting"}
    parts = [f"{name} {seconds[key]:.1f}" for key, name in names.items() if seconds.get(key, 0.0) >= 0.05]
    return f"{seconds['total']:.1f} s" + (f" ({', '.join(parts)})" if parts else "")


def history(
    versions: Sequence[Version], head: int, marks: Mapping[str, int] = MappingProxyType({})
) -> list[str]:
    """The tree of versions, one line each, the head marked with ``*``, and with the names in ``marks``.

    A line of versions stays at one indentation, however long it is; a branch that was left is indented
    under the version that it left. The way to the head counts as the trunk, then that of the latest version.
    """
    children: dict[int, list[int]] = {}
    for version in versions:
        if version.parent is not None:
            children.setdefault(version.parent, []).append(version.number)
    trunk = {head}
    above = versions[head].parent
    while above is not None:
        trunk.add(above)
        above = versions[above].parent
    width = len(str(len(versions) - 1))
    return [
        f"{'*' if number == head else ' '} {guide}{number:>{width}}  {_sentence(versions[number])}"
        f"{_names(number, marks)}"
        for number, guide in _walk(children, trunk)
    ]


def _names(number: int, marks: Mapping[str, int]) -> str:
    named = [f"“{name}”" for name, version in marks.items() if version == number]
    return f"  {', '.join(named)}" if named else ""


def _walk(children: Mapping[int, Sequence[int]], trunk: set[int]) -> Iterator[tuple[int, str]]:
    """Every version with the guide before it, those of side branches before the rest of their trunk."""
    waiting: list[tuple[int, int, bool]] = [(0, 0, False)]  # number, depth, whether a branch starts here
    while waiting:
        number, depth, starts = waiting.pop()
        yield number, "│  " * (depth - 1) + ("├─ " if starts else "│  ") if depth else ""
        following = children.get(number, ())
        if not following:
            continue
        main = next((child for child in following if child in trunk), following[-1])
        waiting.append((main, depth, False))
        waiting += [(child, depth + 1, True) for child in reversed(following) if child != main]


def _sentence(version: Version) -> str:
    return printable(version.sentence).replace("\n", " ") if version.number else "the base picture"


def layer_rows(layers: Sequence[Layer]) -> list[tuple[str, ...]]:
    """The layers as rows of a table: number, what it does, shown or hidden, share of the picture."""
    return [
        (
            str(layer.id),
            printable(sentences.edit(layer.target, layer.prompt, layer.kind)),
            layer.kind,
            "shown" if layer.visible else "dropped" if layer.dropped else "hidden",
            f"{layer.area:.1%}",
        )
        for layer in layers
    ]


def _labels(labels: Sequence[str], width: int) -> str:
    """Words above pictures of one width that stand beside each other with a gap, ``width`` columns in all."""
    if len(labels) == 1:
        return labels[0]
    one = width / (len(labels) + _GAP * (len(labels) - 1))
    line = ""
    for number, label in enumerate(labels):
        start = round(number * one * (1 + _GAP))
        line = line[: start - 1].ljust(start) + label if number else label
    return line[:width]


def _pillow(pixels: NDArray[np.uint8]) -> Any:
    from PIL import Image

    return Image.fromarray(pixels)


def _blank(height: int, width: int) -> NDArray[np.uint8]:
    import numpy as np

    return np.zeros((height, width, 3), np.uint8)
