"""Pictures made ready to be shown: beside each other, with a mask, an outline or a number on them.

All are uint8 RGB (H, W, 3), and masks bool (H, W), unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.turn.events import View
    from sessions.session import Session

_MARK = (255, 40, 160)  # no room has it, and it stands out from light and dark alike
_OUTLINES = ((255, 40, 160), (0, 220, 255), (255, 220, 0), (80, 255, 80), (255, 140, 0), (180, 120, 255))
GAP = 0.04
"""Between two pictures, as a share of the width of one."""
_SHOWN_SIDE = 1600  # pixels; no terminal shows more


class Shown(NamedTuple):
    """A picture that is to be shown, uint8 RGB (H, W, 3), and the words above it."""

    label: str
    pixels: NDArray[np.uint8]


def beside(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures in a row with black gaps, at the height of the first: uint8 RGB (H, W, 3).

    Every one is first shrunk to what a terminal can show. They are made one picture because terminals place
    several in one line unreliably.
    """
    import numpy as np

    first = shrunk(pictures[0])
    height = first.shape[0]
    gap = np.zeros((height, max(1, round(first.shape[1] * GAP)), 3), np.uint8)
    row: list[NDArray[np.uint8]] = [first]
    for other in pictures[1:]:
        width = max(1, round(other.shape[1] * height / other.shape[0]))
        row += [gap, np.asarray(pillow(other).resize((width, height)))]
    return np.concatenate(row, axis=1)


def shrunk(pixels: NDArray[np.uint8], side: int = _SHOWN_SIDE) -> NDArray[np.uint8]:
    """The picture, uint8 RGB (H, W, 3), with no side longer than ``side``; as it is if it is so already."""
    import numpy as np

    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(pillow(pixels).resize(size, reducing_gap=2.0))


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
    image = pillow(shown)
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
        pillow(np.ascontiguousarray(pixels)).resize((round(width * scale), round(height * scale)))
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
    image = pillow(paper)
    draw = ImageDraw.Draw(image)
    size = max(10, min(height, width) // 10)
    font = ImageFont.load_default(size)
    for number, (x, y) in enumerate(corners, 1):
        _tag(draw, (x + size, y + size), str(number), (255, 255, 255), font, size)
    return np.asarray(image)


def of_view(session: Session, view: View) -> list[Shown]:
    """The pictures of a view, with what stands above each."""
    from agent.turn import phrases
    from agent.turn.look_steps import different

    picture = session.picture(view.version)
    if view.against is not None:
        other = session.picture(view.against)
        if view.difference:
            return [Shown("where they differ", differing(other, different(picture, other)))]
        now = (
            f"now (version {view.against})" if view.against == session.head else phrases.version(view.against)
        )
        return [Shown(view.label, picture), Shown(now, other)]
    if view.outlines:
        masks = [session.pictures.get(each) >= 128 for each in view.outlines]
        return [Shown(view.label, outlined(picture, masks))]
    if view.mask is not None:
        return [Shown(view.label, marked(picture, session.pictures.get(view.mask) >= 128))]
    if view.box is not None:
        x0, y0, x1, y1 = view.box
        return [Shown(view.label, enlarged(picture[y0:y1, x0:x1]))]
    return [Shown(view.label, picture)]


def contact_sheet(session: Session, offers: Sequence[NDArray[np.uint8]]) -> Path | None:
    """The file, in the session's folder, with the variations on offer beside each other, numbered; None where
    it cannot be written.
    """
    from tools.errors import ToolError
    from tools.pictures import write_picture

    path = session.folder / "variations.png"
    try:
        return write_picture(path, sheet(offers))
    except (OSError, ToolError):
        return None


def pillow(pixels: NDArray[np.uint8]) -> Any:
    """The picture as Pillow has it."""
    from PIL import Image

    return Image.fromarray(pixels)
