"""A folder of pictures, masks and words: what fine-tuning learns from, read and checked as a whole.

Beside every picture lies a JSON file of the same name. It is either a list of phrases and mask files,

    [{"phrase": "the zorple", "mask": "room-1.png"}, {"phrase": "the cat", "mask": null}]

where null says that there is no such thing in the picture, or an object of polygons as LabelMe writes them
(each label is a phrase), or as the ReasonSeg data set has them (all polygons make one mask, and ``text`` has
the questions that it answers). Every file is read once before anything is learnt, so that a fault shows at
once. Nothing here knows of models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tools.errors import ToolError
from tools.pictures import read_mask, read_picture

_PICTURES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2"}
)
_FEW: Final = 5
"""With fewer pictures than this none is held out unless the share asks for it."""


@dataclass(frozen=True)
class Progress:
    """How far the work is: ``done`` of ``total`` units of a stage, and the last step's loss in "training"."""

    stage: Literal["reading", "looking", "testing", "training"]
    done: int
    total: int
    loss: float | None = None


Listener = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """The listener of somebody who does not want to know."""


@dataclass(frozen=True)
class Shape:
    """A polygon by its corners (x, y) in pixels; with ``inside`` False it is cut out of what is below."""

    corners: tuple[tuple[int, int], ...]
    inside: bool = True


@dataclass(frozen=True)
class Example:
    """A phrase and where its thing is: in a mask file, in polygons, or nowhere (None).

    ``sentence``: the phrase is a whole question of its own ("Who is about to sit down?"), not a thing's name.
    """

    phrase: str
    mask: Path | tuple[Shape, ...] | None
    sentence: bool = False

    @property
    def there(self) -> bool:
        """Whether the thing is in the picture."""
        return self.mask is not None

    def pixels(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """The mask for a picture of ``size`` (width, height): bool (H, W); all False for what is not there.

        Raises ``PictureError`` when its file cannot be read or has another size.
        """
        if self.mask is None:
            return np.zeros((size[1], size[0]), bool)
        return read_mask(self.mask, size) if isinstance(self.mask, Path) else _drawn(self.mask, size)


@dataclass(frozen=True)
class Sample:
    """A picture and what is said about it. ``size`` is (width, height); ``digest`` names its content."""

    picture: Path
    size: tuple[int, int]
    digest: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Data:
    """What is learnt from and what is only tested on; ``digest`` names the content of all of it.

    ``notes`` are sentences about files that were left out.
    """

    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    digest: str
    notes: tuple[str, ...] = ()


def read_folder(folder: Path, held_out: float = 0.1, seed: int = 0, listen: Listener = silent) -> Data:
    """Read and check all pictures, masks and words of a folder.

    With subfolders "train" and "val", as ReasonSeg has them, those are what is learnt from and what is held
    out; otherwise a ``held_out`` share (0…1) of the pictures is drawn by ``seed``, at least one of five.
    Raises ``ToolError``, one sentence, for the first thing that is wrong.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise ToolError(f"There is no folder {folder}: give the one with your pictures, masks and words.")
    divided = (folder / "train").is_dir()
    parts = [folder / "train", folder / "val"] if divided else [folder]
    files = [sorted(part.glob("*.json")) if part.is_dir() else [] for part in parts]
    if not files[0]:
        raise ToolError(
            f"There is no .json file in {parts[0]}: each picture needs one with its name that lists phrases"
            " and masks."
        )
    total, digest, samples = sum(map(len, files)), hashlib.sha256(), []
    pictures = [_pictures(part) for part in parts]
    for beside, listed in zip(pictures, files, strict=True):
        for file in listed:
            samples.append(_sample(file, beside.get(file.stem, []), digest))
            listen(Progress("reading", len(samples), total))
    notes = _unused([each for beside in pictures for same in beside.values() for each in same], samples)
    if divided:
        learnt = len(files[0])
        training, tested = samples[:learnt], samples[learnt:]
    else:
        training, tested = _divided(samples, held_out, seed)
    digest.update(" ".join(sample.digest for sample in tested).encode())
    if all(example.there for sample in training for example in sample.examples):
        notes += (
            "No entry has the mask null: without things that are not there, the model learns to find"
            " everything everywhere.",
        )
    return Data(tuple(training), tuple(tested), digest.hexdigest(), notes)


def _divided(samples: list[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    count = round(share * len(samples))
    if share > 0 and len(samples) >= _FEW:
        count = max(count, 1)
    count = min(count, len(samples) - 1)
    chosen = set(np.random.default_rng(seed).permutation(len(samples))[:count].tolist())
    kept = [sample for number, sample in enumerate(samples) if number not in chosen]
    return kept, [samples[number] for number in sorted(chosen)]


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """The picture files of a folder by their names without ending."""
    named: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.suffix.lower() in _PICTURES:
            named.setdefault(file.stem, []).append(file)
    return named


def _unused(pictures: Sequence[Path], samples: Sequence[Sample]) -> tuple[str, ...]:
    """A sentence about pictures that nothing is said about; most likely their JSON was forgotten."""
    used = {sample.picture for sample in samples}
    used |= {each.mask for sample in samples for each in sample.examples if isinstance(each.mask, Path)}
    idle = [file.name for file in pictures if file not in used]
    if not idle:
        return ()
    more = f" and {len(idle) - 3} more" if len(idle) > 3 else ""
    return (f"Not used, because no .json file names it: {', '.join(idle[:3])}{more}.",)


def _sample(file: Path, pictures: Sequence[Path], digest: Any) -> Sample:
    """The sample of a JSON file, given the pictures of its name."""
    examples = _examples(file)
    masks = {each.mask for each in examples if isinstance(each.mask, Path)}
    beside = [each for each in pictures if each not in masks]
    if len(beside) != 1:
        what = "are several pictures" if beside else "is no picture"
        raise ToolError(f"There {what} named {file.stem} beside {file}: there must be exactly one.")
    [picture] = beside
    height, width = read_picture(picture).pixels.shape[:2]
    for example in examples:
        if example.there and not example.pixels((width, height)).any():
            where = example.mask.name if isinstance(example.mask, Path) else f"the polygons of {file.name}"
            raise ToolError(
                f'Nothing is marked for "{example.phrase}" in {where}: mark the thing in white, or write null'
                " for one that is not there."
            )
    own = hashlib.sha256(picture.read_bytes()).hexdigest()
    digest.update(f"{file.name} {own}".encode() + file.read_bytes())
    for mask in sorted(masks):
        digest.update(mask.read_bytes())
    return Sample(picture, (width, height), own, tuple(examples))


def _examples(file: Path) -> list[Example]:
    """What a JSON file says. Raises ``ToolError``."""
    content = _json(file)
    if isinstance(content, list):
        examples = [_entry(file, number, entry) for number, entry in enumerate(content, 1)]
    elif isinstance(content, dict) and isinstance(content.get("shapes"), list):
        examples = _annotated(file, content)
    else:
        raise ToolError(
            f"{file} has neither a list of phrases and masks nor polygons: write"
            f' [{{"phrase": "the thing", "mask": "{file.stem}-1.png"}}].'
        )
    if not examples:
        raise ToolError(f"{file} says nothing about its picture: list phrases and masks in it, or delete it.")
    return examples


def _json(file: Path) -> Any:
    raw = file.read_bytes()
    try:
        try:
            return json.loads(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return json.loads(raw.decode("cp1252"))  # some files of ReasonSeg
    except json.JSONDecodeError as error:
        raise ToolError(f"{file} is not valid JSON: {error.msg} in line {error.lineno}.") from error
    except UnicodeDecodeError as error:
        raise ToolError(f"{file} is not text: save it in UTF-8.") from error


def _entry(file: Path, number: int, entry: Any) -> Example:
    if not isinstance(entry, dict) or "phrase" not in entry or "mask" not in entry:
        raise ToolError(
            f'Entry {number} of {file} is not an object with "phrase" and "mask": write'
            f' {{"phrase": "the thing", "mask": "{file.stem}-{number}.png"}}.'
        )
    phrase = _worded(file, entry["phrase"])
    mask = entry["mask"]
    if mask is None:
        return Example(phrase, None)
    if not isinstance(mask, str) or not mask:
        raise ToolError(f"The mask of entry {number} of {file} is neither the name of a file nor null.")
    return Example(phrase, file.parent / mask)


def _worded(file: Path, phrase: Any) -> str:
    if not isinstance(phrase, str) or not any(character.isalnum() for character in phrase):
        raise ToolError(f"{file} has a phrase without words: name the thing, such as the zorple on the left.")
    return " ".join(phrase.split())


def _annotated(file: Path, content: dict[str, Any]) -> list[Example]:
    """The examples of LabelMe's and of ReasonSeg's files."""
    shapes = [_shape(file, number, shape) for number, shape in enumerate(content["shapes"], 1)]
    if "text" not in content:  # LabelMe
        labels = dict.fromkeys(label for label, _ in shapes)
        return [
            Example(_worded(file, label), tuple(s for other, s in shapes if other == label))
            for label in labels
        ]
    texts = content["text"] if isinstance(content["text"], list) else [content["text"]]
    # "flag" marks nothing; a region to "ignore" counts as background, as in the published training.
    kept = tuple(
        Shape(shape.corners, inside="ignore" not in label.lower())
        for label, shape in shapes
        if label.lower() != "flag"
    )
    mask = kept if any(shape.inside for shape in kept) else None
    sentence = bool(content.get("is_sentence", False))
    return [Example(_worded(file, phrase), mask, sentence) for phrase in texts]


def _shape(file: Path, number: int, shape: Any) -> tuple[str, Shape]:
    """The label and the polygon of one of LabelMe's shapes."""
    try:
        label, points = str(shape["label"]), [(float(x), float(y)) for x, y in shape["points"]]
        corners = tuple((int(x), int(y)) for x, y in points)
        kind = shape.get("shape_type") or "polygon"
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ToolError(f"Shape {number} of {file} has no label or no points that can be read.") from error
    if kind == "rectangle" and len(corners) == 2:
        (left, top), (right, bottom) = corners
        return label, Shape(((left, top), (right, top), (right, bottom), (left, bottom)))
    if kind != "polygon" or len(corners) < 3:
        raise ToolError(
            f"Shape {number} of {file} is neither a rectangle nor a polygon of three points or more: draw it"
            " again as one."
        )
    return label, Shape(corners)


def _drawn(shapes: Sequence[Shape], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Polygons as a mask, edges included, the larger under the smaller, as ReasonSeg's authors draw them."""
    image = Image.new("1", size)
    draw = ImageDraw.Draw(image)
    for shape in sorted(shapes, key=_area, reverse=True):
        draw.polygon(list(shape.corners), fill=int(shape.inside), outline=int(shape.inside))
    return np.array(image, dtype=bool)


def _area(shape: Shape) -> float:
    turned = zip(shape.corners, (*shape.corners[1:], shape.corners[0]), strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in turned)) / 2
