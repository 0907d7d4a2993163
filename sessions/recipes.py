"""Recipes: how a picture came about, as JSON values, complete enough to paint it again (``replay``).

A layer revision was painted over the layers that lay visible below it in the version that brought it. A
recipe holds those too, even where they do not show any more, so that every request finds its own picture.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from sessions.compose import Patch
from sessions.layer_stack import beneath, path_up
from sessions.model import Layer, Stack
from sessions.pictures import digest_of
from sessions.state import State

FIELD = "inpalla"
"""The text field of a PNG that holds the recipe as JSON."""

MASKS_FIELD = "inpalla-masks"
"""The text field of a PNG that holds the masks of the recipe's requests: JSON, digest to base64 of a PNG."""

TEXT_FIELDS = ("Software", FIELD, MASKS_FIELD)
"""The text fields of a PNG that InpaLLa saves."""

Key = tuple[int, int]
"""A layer and its revision."""


def recipe(state: State, version: int) -> dict[str, object]:
    """The versions on the way to a version, the layer revisions that they used, and what lay below those.

    ``visible`` are the revisions that show, lowest first.
    """
    path = [state.versions[number] for number in reversed(path_up(state.parents, version))]
    used = dict.fromkeys((entry.layer, entry.revision) for each in path for entry in each.stack)
    return {
        "version": version,
        "versions": [
            {"number": each.number, "sentence": each.sentence, "stack": [list(entry) for entry in each.stack]}
            for each in path
        ],
        "visible": [list(key) for key in shown(state.versions[version].stack)],
        "layers": [_described(state, key) for key in _with_grounds(state, used)],
    }


def request_file(state: State, key: Key) -> dict[str, object]:
    """What the ``request.json`` of a layer revision holds besides the base picture: the layer, its request
    first, and in ``layers`` all that it was painted on.
    """
    described = _described(state, key)
    return {
        "request": described.pop("request"),
        **described,
        "layers": [_described(state, lower) for lower in _with_grounds(state, _ground(state, key))],
    }


def recipe_of_one(size: tuple[int, int], request: Mapping[str, object], patch: Patch) -> dict[str, object]:
    """The recipe of a picture of ``size`` (width, height) that was painted by one request, in no session."""
    made = {
        "layer": 0, "revision": 0, "prompt": request["prompt"], "kind": request["kind"],
        "box": list(patch.box), "patch": digest_of(patch.rgba), "below": [], "request": dict(request),
    }  # fmt: skip
    return {"base": request["picture"], "size": list(size), "visible": [[0, 0]], "layers": [made]}


def texts(recipe: Mapping[str, object], masks: Mapping[str, NDArray[np.bool_]]) -> dict[str, str]:
    """The text fields of a PNG that hold a recipe and the masks, bool (H, W) by digest, of its requests."""
    fields = {"Software": "InpaLLa", FIELD: json.dumps(recipe)}
    if masks:
        fields[MASKS_FIELD] = json.dumps({digest: packed(mask) for digest, mask in masks.items()})
    return fields


def needed_masks(state: State, version: int) -> list[str]:
    """The digests of the masks of all requests that the picture at a version needs."""
    keys = _with_grounds(state, shown(state.versions[version].stack))
    return list(dict.fromkeys(state.revisions[key].mask for key in keys))


def packed(mask: NDArray[np.bool_]) -> str:
    """A mask, bool (H, W), as base64 of a PNG of one bit."""
    file = BytesIO()
    Image.fromarray(mask).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def unpacked(text: str, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask, bool (H, W), of ``size`` (width, height), that was ``packed``.

    Its size is checked before it is decoded. Raises ``ValueError`` when it is anything else.
    """
    try:
        content = base64.b64decode(text, validate=True)
        if content[12:24] != b"IHDR" + struct.pack(">II", *size):
            raise ValueError("a mask of another size")
        with PngImageFile(BytesIO(content)) as image:
            if image.mode not in ("1", "L") or image.size != size:
                raise ValueError("a mask of another size or mode")
            return np.asarray(image.convert("1"))
    except Exception as error:  # a decoder fed with anything else may raise nearly anything
        raise ValueError("no mask") from error


def shown(stack: Stack) -> list[Key]:
    """The revisions of a stack that show, lowest first."""
    return [(entry.layer, entry.revision) for entry in stack if entry.visible]


def _ground(state: State, key: Key) -> list[Key]:
    """The revisions that a revision was painted on, lowest first."""
    return shown(beneath(state.versions[state.revisions[key].version].stack, key[0]))


def _with_grounds(state: State, keys: Iterable[Key]) -> list[Key]:
    """The revisions and all that they were painted on, each after those."""
    ordered: dict[Key, None] = {}
    waiting = [(key, False) for key in reversed(list(keys))]
    while waiting:
        key, ready = waiting.pop()
        if ready:
            ordered[key] = None
        elif key not in ordered:
            waiting.append((key, True))
            waiting += [(lower, False) for lower in reversed(_ground(state, key))]
    return list(ordered)


def _described(state: State, key: Key) -> dict[str, object]:
    layer: Layer = state.revisions[key]
    return {
        "layer": layer.id, "revision": layer.revision, "target": layer.target, "prompt": layer.prompt,
        "kind": layer.kind, "box": list(layer.box), "area": layer.area, "patch": layer.patch,
        "below": [list(lower) for lower in _ground(state, key)], "request": dict(layer.request),
    }  # fmt: skip
