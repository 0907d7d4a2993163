"""``inpalla replay``: painting a layer, or a whole picture, again from what was written down about it.

A ``request.json`` of a session's layer, or a PNG that InpaLLa saved, names pictures and masks by the SHA-256
digests of their pixels. They are looked for among the files that are given, inside the PNG (masks), in the
session that the file lies in and in the other sessions. Then the engine and the revision that are named paint
with the settings that are named, by the way that every edit takes: a preset says which engines must stream
through the card because they do not fit it, and one that runs out of memory is asked for less.

* A request: its layer is painted over what lay below it. Layers below are taken from a session that has them,
  and painted again otherwise.
* A PNG: every layer that shows in it is painted again, lowest first, over its base picture. A layer that was
  painted over something which does not show any more gets that below it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.errors import AgentError
from sessions import Sessions, png
from sessions.compose import Box, Patch, check_patch, compose
from sessions.file_format import PLAIN, Form, left_out, rendered, save_like
from sessions.files import DATABASE, PICTURES, absolute, check_output, reason
from sessions.pictures import PictureStore, digest_of
from sessions.recipes import FIELD, MASKS_FIELD, TEXT_FIELDS, Key, texts, unpacked
from tools.engines import presets, registry
from tools.engines.model_name import ModelName
from tools.engines.registry import Preset
from tools.errors import EngineError
from tools.inpainting.base import Computing, Inpainter, MaskedEdit, Painted, StepListener, areas_of, share_of
from tools.inpainting.request import Digest, Request
from tools.inpainting.routing import carry_out
from tools.pictures import MAX_PIXELS, MAX_SIDE, read_mask, read_picture
from tools.segmenting.base import CancelCheck, never

T = TypeVar("T")
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_OF_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)  # OWNER/NAME
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.:-]*", re.ASCII)
_SHOWN_DIGITS = 12  # of a digest, for the user


_MOST_TEXT = 192 * 2**20  # bytes of a recipe and its masks
_MOST_LAYERS = 10_000
_Number = Annotated[int, Field(ge=0, lt=2**31, strict=True)]
_Side = Annotated[int, Field(ge=1, le=MAX_SIDE, strict=True)]
_Key = tuple[_Number, _Number]


class Made(BaseModel):
    """One layer revision of a recipe: its request, its patch's digest and place, and what lay below it."""

    model_config = ConfigDict(allow_inf_nan=False)

    layer: _Number
    revision: _Number
    patch: Digest
    box: tuple[_Number, _Number, _Number, _Number]
    below: list[_Key] = Field(max_length=_MOST_LAYERS)
    request: Request
    area: float | None = Field(default=None, ge=0, le=1, strict=True)

    @property
    def key(self) -> Key:
        """The layer and its revision."""
        return self.layer, self.revision


class Recipe(BaseModel):
    """How a picture came about; see ``sessions.recipes``. Layers are checked when they are wanted."""

    model_config = ConfigDict(allow_inf_nan=False)

    base: Digest
    size: tuple[_Side, _Side]
    visible: list[_Key] = Field(max_length=_MOST_LAYERS)
    layers: list[dict[str, Any]] = Field(max_length=_MOST_LAYERS)

    @model_validator(mode="after")
    def _is_readable(self) -> Recipe:
        if self.size[0] * self.size[1] > MAX_PIXELS:
            raise ValueError("a picture of more pixels than can be read")
        if _twice(key[0] for key in self.visible) is not None:
            raise ValueError("a layer that shows twice")
        return self


@dataclass(frozen=True)
class Replayed:
    """What a replay came to: the saved picture, and the layers that were painted.

    ``identical``: every patch has the very pixels that it had the first time. ``spared``: for want of memory
    a layer was painted smaller, or among fewer, than it was then. ``notes`` are sentences for the user.
    """

    output: Path
    layers: tuple[int, ...]
    identical: bool
    spared: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Ground:
    """A picture to paint on, and what its file was like."""

    pixels: Pixels
    alpha: Pixels | None = None
    form: Form = PLAIN


@dataclass(frozen=True)
class _Shelf:
    """Where pictures and masks are looked for by their digests: in files that were read, among the masks that
    a PNG of ``size`` carries ``packed``, then in sessions.
    """

    grounds: Mapping[str, _Ground]
    masks: Mapping[str, Mask]
    packed: Mapping[str, Any]
    size: tuple[int, int]
    sessions: Sequence[Path]

    def ground(self, digest: str) -> _Ground | None:
        if (given := self.grounds.get(digest)) is not None:
            return given
        if (found := self._found(digest)) is None:
            return None
        from sessions.session import read_base

        folder, pixels = found
        base, alpha, form = read_base(folder)
        return _Ground(pixels, alpha, form) if base == digest else _Ground(pixels)

    def mask(self, digest: str) -> Mask | None:
        if (given := self.masks.get(digest)) is not None:
            return given
        try:
            # Only what a request names is decoded, and only at the picture's size.
            carried = unpacked(self.packed[digest], self.size)
            if digest_of(carried) == digest:
                return carried
        except (LookupError, ValueError, TypeError):  # it may still be elsewhere
            pass
        return found[1] >= 128 if (found := self._found(digest)) is not None else None

    def patch(self, made: Made) -> Patch | None:
        found = self._found(made.patch)
        if found is None:
            return None
        patch = Patch(found[1], Box(*made.box))
        return patch if _lies_in(patch, self.size) else None

    def _found(self, digest: str) -> tuple[Path, Pixels] | None:
        for folder in self.sessions:
            store = PictureStore(folder / PICTURES)
            if store.path(digest).is_file():
                return folder, store.get(digest)
        return None


@dataclass
class _Painting:
    """The layers of a recipe, as far as they are there."""

    made: Mapping[Key, Made]
    patches: dict[Key, Patch] = field(default_factory=dict)
    identical: bool = True
    spared: bool = False

    def ground(self, key: Key, base: Pixels) -> Pixels:
        return compose(base, [self.patches[lower] for lower in self.made[key].below])

    def take(self, key: Key, painted: Painted) -> None:
        """Put a layer that was painted again in its place."""
        made = self.made[key]
        self.patches[key] = painted.patch
        self.identical &= digest_of(painted.patch.rgba) == made.patch
        asked = made.request.area, made.request.batch
        self.spared |= asked[0] is not None and asked != (painted.area, painted.batch)


def replay(
    file: str | Path,
    output: str | Path,
    pictures: Sequence[str | Path] = (),
    masks: Sequence[str | Path] = (),
    *,
    folders: Sequence[str] = (),
    preset: str | None = None,
    plain: bool = False,
    progress: StepListener | None = None,
    cancelled: CancelCheck = never,
) -> Replayed:
    """Paint again what a ``request.json`` or a PNG of InpaLLa's says, and save the picture.

    ``pictures`` and ``masks`` are files to look into before the sessions, ``folders`` those of engines that
    may be meant by a path: no file of its own accord leads to another. ``preset`` names the machine that
    the engines must fit; unless given, it is that of the session that the file lies in. The result has the
    form of the base picture's file; where nothing but the machine's clock has changed, a PNG that is replayed
    to a PNG gives the same file, byte for byte; ``plain`` saves it without the recipe and all else that is
    not the picture. Raises ``AgentError``, ``SessionError`` and ``ToolError``,
    among others when a picture, a mask, an engine or its revision is not here.
    """
    check_output(output)
    path = Path(file).expanduser()
    recipe, wanted, fields = _read(path)
    given = {digest_of(read.pixels): _Ground(read.pixels, read.alpha, read.form)
             for read in map(read_picture, pictures)}  # fmt: skip
    if wanted is not None:
        recipe = _on_its_ground(recipe, wanted, given)
    own = _session_of(path)
    chosen = registry.find_preset(preset or _preset_of(own))
    own_masks = {digest_of(mask): mask for mask in (read_mask(file, recipe.size) for file in masks)}
    shelf = _Shelf(given, own_masks, _packed_masks(fields), recipe.size, _sessions_near(own))
    painting, waiting = _gathered(recipe, wanted, shelf)
    ground = shelf.ground(recipe.base)
    if ground is None:
        raise AgentError(_no_picture(path, recipe.base, given=bool(pictures)))
    if ground.pixels.shape[1::-1] != recipe.size:
        raise AgentError(f"{path.name} says that its picture has another size than it has, so it is damaged.")
    edits = {key: _edit(painting.made[key].request, shelf, path, given=bool(masks)) for key in waiting}
    engines = {key: _engine(painting.made[key].request, path, chosen, folders) for key in waiting}

    total = sum(painting.made[key].request.steps for key in waiting)
    done = 0
    notes = []
    for key in waiting:
        made = painting.made[key]
        below = painting.ground(key, ground.pixels)
        # Where a layer below came out otherwise than then, this one rightly lies on another picture.
        if painting.identical and digest_of(below) != made.request.picture:
            notes.append(
                f"{path.name} names another picture below layer {key[0]} than the one that lies there, on"
                " which it was painted."
            )
        painted = carry_out(
            below,
            edits[key],
            engines[key],
            progress=share_of(progress, done, made.request.steps, total),
            cancelled=cancelled,
        )
        done += made.request.steps
        painting.take(key, painted)
    picture = compose(ground.pixels, [painting.patches[key] for key in recipe.visible])
    if fields and _was_altered(
        path, ground, picture, painting.patches.values() if not painting.identical else ()
    ):
        notes.append(
            f"{path.name} is no longer the picture that its recipe makes: it was painted over, resized or"
            " recoloured since. What is saved is the recipe's picture."
        )
    if not fields:
        used = dict.fromkeys(made.request.mask for made in painting.made.values())
        known = {digest: mask for digest in used if (mask := shelf.mask(digest)) is not None}
        fields = texts(recipe.model_dump(mode="json"), known)
    saved = save_like(output, ground.form, ground.pixels, picture, ground.alpha, fields, plain=plain)
    notes += left_out(saved, ground.form, ground.pixels, picture, ground.alpha, plain=plain)
    painted_layers = tuple(key[0] for key in waiting)
    return Replayed(saved, painted_layers, painting.identical, painting.spared, tuple(notes))


def _was_altered(path: Path, ground: _Ground, picture: Pixels, loose: Iterable[Patch]) -> bool:
    """Whether a PNG has other pixels than those that its recipe makes; inside ``loose`` patches, which did
    not come out as they were, they may be any.
    """
    try:
        with PngImageFile(path) as image:
            if image.size != (picture.shape[1], picture.shape[0]):
                return True
            there = np.asarray(image)
            was_grey = image.mode[0] in "LI"
    except Exception:  # its pixels are damaged, whatever the decoder says of them
        return True
    values: NDArray[Any] = rendered(ground.form, ground.pixels, picture, grey=was_grey)
    if ground.alpha is not None:
        values = np.dstack([values, ground.alpha])
    if there.shape != values.shape:
        return True
    different = there != values
    if different.ndim == 3:
        different = different.any(axis=2)
    for patch in loose:
        box = patch.box
        different[box.y0 : box.y1, box.x0 : box.x1] &= patch.rgba[..., 3] == 0
    return bool(different.any())


def _read(path: Path) -> tuple[Recipe, Key | None, dict[str, str]]:
    """What a file says: a recipe; the layer to paint (None: all that show); the text fields of a PNG."""
    fields: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            is_picture = file.read(4) == png.SIGNATURE[:4]
            file.seek(0)
            if is_picture:
                found = png.text_fields(file, _MOST_TEXT)
                fields = {name: found[name] for name in TEXT_FIELDS if name in found}
                text = fields[FIELD]
            else:
                text = file.read(_MOST_TEXT).decode("utf-8")
        values = json.loads(text, parse_constant=_refuse)
        wanted = None
        if "request" in values:
            own = {name: value for name, value in values.items() if name not in ("base", "size", "layers")}
            wanted = (values["layer"], values["revision"])
            values["visible"] = [*values["below"], wanted]
            values["layers"] = [*values["layers"], own]
        return Recipe.model_validate(values), wanted, fields
    except FileNotFoundError as error:
        raise AgentError(f"There is no file {path}: check the name.") from error
    except OSError as error:
        raise AgentError(f"{path} cannot be read: {reason(error)}.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise AgentError(
            f"{path.name} holds no request: give a request.json from a session's folder, or a PNG that this"
            " version of InpaLLa saved."
        ) from error


def _refuse(constant: str) -> None:
    """NaN and the infinities are no JSON, and nothing of ours writes them."""
    raise ValueError(f"{constant} is no number")


def _on_its_ground(recipe: Recipe, wanted: Key, given: Mapping[str, _Ground]) -> Recipe:
    """The recipe without the layers below, where the picture below was given as a file."""
    own = recipe.layers[-1]
    request = own.get("request")
    picture = request.get("picture") if isinstance(request, dict) else None
    if not isinstance(picture, str) or picture not in given:
        return recipe
    return Recipe(base=picture, size=recipe.size, visible=[wanted], layers=[{**own, "below": []}])


def _gathered(recipe: Recipe, wanted: Key | None, shelf: _Shelf) -> tuple[_Painting, list[Key]]:
    """The layers that are needed, with the patches that are there, and those to be painted, in order."""
    keys = [(layer["layer"], layer["revision"]) if _is_numbered(layer) else None for layer in recipe.layers]
    described = {key: layer for key, layer in zip(keys, recipe.layers, strict=True) if key is not None}
    if (double := _twice(key for key in keys if key is not None)) is not None:
        raise AgentError(f"Layer {double[0]} cannot be painted again: it is there twice.")
    made: dict[Key, Made] = {}
    painting = _Painting(made)
    looking = list(recipe.visible)
    while looking:
        key = looking.pop()
        if key in made:
            continue
        try:
            made[key] = Made.model_validate(described[key])
        except (KeyError, ValidationError) as error:
            raise AgentError(
                f"Layer {key[0]} cannot be painted again: its request was written by another release, or is"
                f" damaged{_where(error)}."
            ) from error
        if not _fits(made[key].box, recipe.size):
            raise AgentError(f"Layer {key[0]} cannot be painted again: it lies outside the picture.")
        again = key == wanted if wanted is not None else key in recipe.visible
        if not again and (patch := shelf.patch(made[key])) is not None:
            painting.patches[key] = patch
        else:
            looking += made[key].below
    waiting = [key for key in described if key in made and key not in painting.patches]
    ready = set(painting.patches)
    for key in waiting:
        if not ready.issuperset(made[key].below):
            raise AgentError(f"Layer {key[0]} cannot be painted again: it lies below itself.")
        ready.add(key)
    return painting, waiting


def _is_numbered(layer: Mapping[str, Any]) -> bool:
    return type(layer.get("layer")) is int and type(layer.get("revision")) is int


def _twice(values: Iterable[T]) -> T | None:
    """The first of some values that was there before."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _fits(box: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    return box[0] <= box[2] <= size[0] and box[1] <= box[3] <= size[1]


def _lies_in(patch: Patch, size: tuple[int, int]) -> bool:
    try:
        check_patch(patch, *size)
    except ValueError:
        return False
    return True


def _where(error: KeyError | ValidationError) -> str:
    """The first field that is wrong, for the sentence: " (request.steps: input should be …)"."""
    if isinstance(error, KeyError):
        return ""
    first = error.errors(include_url=False, include_input=False)[0]
    place, why = ".".join(map(str, first["loc"])), str(first["msg"])
    return f" ({place}: {why[:1].lower()}{why[1:]})"


def _edit(request: Request, shelf: _Shelf, path: Path, *, given: bool) -> MaskedEdit:
    mask = shelf.mask(request.mask)
    if mask is None:
        other = "another mask than that of the files given" if given else "a mask that was not given"
        raise AgentError(
            f"{path.name} needs {other}: give its file with --mask (its digest begins with"
            f" {request.mask[:_SHOWN_DIGITS]})."
        )
    return MaskedEdit.of(request, mask)


def _engine(request: Request, path: Path, preset: Preset, folders: Sequence[str]) -> Inpainter | Computing:
    if not (_is_a_name(request.engine) or _is_one_of(request.engine, folders)):
        raise EngineError(
            f"{path.name} was painted by an engine in a folder, {request.engine[:80]!r}, where no file leads"
            " of its own accord: give that folder with --inpainter."
        )
    engine = registry.load_inpainter(request.engine, stream=presets.streams(request.engine, preset))
    if engine.revision != request.revision:
        raise EngineError(
            f"{path.name} was painted by {request.engine} in revision {request.revision}. Revision"
            f" {engine.revision}, which is on this machine, would give different pixels, so nothing was"
            f" painted: {_way_on(path)}."
        )
    most = 1 if isinstance(engine, Computing) else max(areas_of(engine))
    if request.area is not None and request.area > most:
        raise EngineError(
            f"{path.name} asks {request.engine} to paint {request.area} pixels at once, and it paints {most}"
            " at most: the file is damaged."
        )
    return engine


def _is_one_of(name: str, folders: Sequence[str]) -> bool:
    """Whether an engine that is named by a path is one of those that the user gave, with as many bits."""
    own = ModelName.parse(name)
    given = [ModelName.parse(folder) for folder in folders]
    return any(each.bits == own.bits and absolute(each.model) == absolute(own.model) for each in given)


def _is_a_name(name: str) -> bool:
    """Whether an engine's name is none that would be looked for as a file or a folder here."""
    model = ModelName.parse(name).model
    if model in registry.names("inpainter") or model in registry.COMPUTING:
        return True
    is_name = _PLAIN_NAME.fullmatch(model) or _OF_HUB.fullmatch(model)
    return is_name is not None and not Path(model).exists()


def _way_on(path: Path) -> str:
    """What can be done with a file that cannot be painted again here."""
    if path.suffix.lower() == ".json":
        own = _session_of(path)
        name = f"--session {own.name}" if own is not None else "its session"
        return f"the session has the picture as it is, and “inpalla chat {name}” continues it"
    return f"the picture itself is whole, and “inpalla chat {path.name}” continues from it"


def _packed_masks(fields: Mapping[str, str]) -> Mapping[str, Any]:
    """The masks that a PNG carries, by their digests, as they are packed."""
    try:
        packed = json.loads(fields.get(MASKS_FIELD, "{}"))
    except (ValueError, RecursionError):  # they may still be elsewhere
        return {}
    return packed if isinstance(packed, dict) else {}


def _session_of(path: Path) -> Path | None:
    """The folder of the session that a file lies in."""
    return next((folder for folder in path.absolute().parents if (folder / DATABASE).is_file()), None)


def _preset_of(session: Path | None) -> str:
    """The preset that a session was made with, if this version still has it."""
    if session is not None:
        from sessions.records import read_info

        if (name := read_info(session).preset) in registry.PRESETS:
            return name
    return registry.DEFAULT_PRESET


def _sessions_near(own: Path | None) -> list[Path]:
    """The folders of sessions to look into: the one that the file lies in first."""
    root = Sessions().root
    return [*([own] if own is not None else ()), *(sorted(root.glob("*/")) if root.is_dir() else ())]


def _no_picture(path: Path, digest: str, *, given: bool) -> str:
    other = "another picture than the files given" if given else "a picture that was not given"
    return (
        f"{path.name} was painted on {other}: give its file with --picture (its digest begins with"
        f" {digest[:_SHOWN_DIGITS]})."
    )
