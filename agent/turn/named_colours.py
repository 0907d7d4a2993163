"""Colours that an edit names: the one by which its thing is told, and the one of another thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.planner.resolve.command_steps import FILE
from agent.planner.resolve.wording import revised
from agent.turn import occlusion
from agent.turn.pending_edit import PendingEdit
from agent.turn.phrases import is_several
from agent.turn.reply import another_colour
from sessions.model import Changes
from tools.inpainting.computed.recolour import measure
from tools.language.colours import name_of, oklab, value_of
from tools.language.looks import read_look
from tools.language.object_sizes import noun_in, thing_in
from tools.language.places import SURFACE
from tools.language.referring import without_addition
from tools.segmenting.base import Found

if TYPE_CHECKING:
    from sessions.session import Session

Mask = NDArray[np.bool_]

ANOTHER_COLOUR = 0.11
"""A thing of which not even a quarter is nearer than this (in Oklab, most of all in a and b) to the colour
that it is told by is another one. Of the things in 40 drawn rooms none was refused by its own colour's name;
of other plain names 0.68 were."""

SHADE = 0.35
"""So much of lightness, in Oklab, shade and light may take or give."""

HUES, WARM_HUES, BETWEEN_GREEN_AND_BLUE = 30.0, 18.0, 75.0
"""Degrees of hue within which things go by a colour's name. From pink to yellow the names lie close together;
turquoise and teal things are called green by some and blue by others."""

TURQUOISE, WARM = (165.0, 235.0), (85.0, 330.0)
LIGHTNESSES = 0.42
"""How much lighter or darker than its colour's plain name a thing may be and still go by it."""

LEAST_CHROMA, MOST_CHROMA = 0.35, 1.8
"""A thing has a colour's hue when it is so colourful, beside the colour: grey is no blue and red no brown."""

BLACK, GREYISH = 0.36, 0.03
"""Below this lightness black and a dark blue are one to many an eye; below this chroma there is no hue."""

_PATTERNED = "picture"
"""What is of several colours shows as little of each as a picture may."""

_OF_SEVERAL_COLOURS = frozenset({"picture", "mirror", "window", "clock", "television", "bookshelf"})
_THAT_IS = re.compile(r" (?:that|which) (?:is|are) ")
_IN_COLOUR_OF = re.compile(
    r"(?P<thing>.+?)(?: in)? the (?:same )?colou?r of (?P<like>(?:the|my) .+)", re.IGNORECASE
)


def other_thing(edit: PendingEdit) -> str:
    """The thing whose colour an edit's is to have; empty for none."""
    if not edit.open or edit.patch is not None or edit.kind == "remove" or edit.refreshes is not None:
        return ""
    if edit.value is not None:
        return ""
    if edit.kind != "restyle":
        found = _IN_COLOUR_OF.fullmatch(edit.prompt)
        return found["like"] if found is not None and not FILE.search(edit.prompt) else ""
    return read_look(edit.prompt, edit.target).like


def coloured_like(edit: PendingEdit, picture: NDArray[np.uint8], like: Found) -> PendingEdit:
    """The edit with the colour of another thing, as that would be in full light."""
    if not like.present:
        return edit.but(outcome="not found", confidence=like.confidence, missing=like.phrase)
    lightness, a, b = in_full_light(picture, like.mask)
    value = (min(lightness, 1.0), a, b)
    if edit.kind != "restyle" and (found := _IN_COLOUR_OF.fullmatch(edit.prompt)) is not None:
        return edit.but(prompt=revised(found["thing"], name_of(value)))  # whoever paints it reads words
    return edit.but(value=value)


def of_named_colour(
    session: Session, edit: PendingEdit, visible: Changes, alike: Callable[[], Sequence[Mask]]
) -> PendingEdit:
    """The edit, about the thing whose colour is the nearest where the one that was found has plainly another
    colour than the words tell it by; refused where none is near. ``alike`` finds all of its kind.
    """
    if not edit.open or edit.mask is None or edit.layer is not None or edit.kind == "add":
        return edit
    colour, noun = told_colour(edit.target)
    several = _told_colours(edit.target, noun) if colour is None else []
    if colour is None and not several:
        return edit
    mask = session.pictures.get(edit.mask) >= 128
    picture = occlusion.without(session, visible, ())
    if edit.under is not None:
        mask = mask & ~occlusion.covered(session, edit.under, mask.shape)
    kind = thing_in(noun)[0]
    if colour is None:  # "blue and white": of these it has at least one
        if not mask.any() or any(goes_by(picture, mask, each, _PATTERNED) for each in several):
            return edit
        seen = [name_of(in_full_light(picture, mask))]
        return edit.but(outcome="refused", why=another_colour(edit.target, noun, seen))
    if not mask.any() or away(picture, mask, colour, kind) <= ANOTHER_COLOUR:
        return edit
    things = [mask, *(alike() if _is_told_by_colour_alone(edit.target, noun) else ())]
    near = [thing for thing in things if goes_by(picture, thing, colour, kind)]
    if near:
        best = min(near, key=lambda thing: away(picture, thing, colour, kind))
        if best is mask:
            return edit
        return edit.but(mask=session.pictures.put(best), area=float(best.mean()), under=None)
    seen = [name_of(in_full_light(picture, thing)) for thing in (things[1:] if len(things) > 2 else [mask])]
    if len(seen) == 1 and _is_kind_of(seen[0], edit.target, noun):
        return edit
    return edit.but(outcome="refused", why=another_colour(edit.target, noun, seen))


def told_colour(phrase: str) -> tuple[NDArray[np.float64] | None, str]:
    """The one colour (Oklab) that a phrase tells its thing by, if it does, and the thing's bare noun."""
    described = without_addition(_THAT_IS.sub(" ", phrase.lower()))
    noun = noun_in(described) or next(iter(SURFACE.findall(described)), "")
    look = read_look(described.replace(noun, "thing")) if noun else None
    if look is None or look.value is None or look.material or look.step is not None:
        return None, noun
    return np.array(look.value), next(iter(re.findall(rf"\b{noun}\w*", described)), noun)


def _told_colours(phrase: str, noun: str) -> list[NDArray[np.float64]]:
    """The colours (Oklab) with a hue of the several that a phrase tells its thing by: "blue and white"."""
    described = without_addition(_THAT_IS.sub(" ", phrase.lower()))
    look = read_look(described.replace(noun, "thing")) if noun else None
    if look is None or look.material or look.step is not None or " and " not in look.colour_words:
        return []
    values = [value_of(words) for words in re.split(r",? and |, ", look.colour_words)]
    if any(value is None for value in values):
        return []
    colours = [np.array(value) for value in values if value is not None]
    return [each for each in colours if np.hypot(each[1], each[2]) > GREYISH]


def away(picture: NDArray[np.uint8], mask: Mask, colour: NDArray[np.float64], kind: str) -> float:
    """How far the nearest quarter of a thing's pixels is from a colour (Oklab), or a twentieth of a thing of
    a ``kind`` that is called by the colour of a part. Lightness counts little, because of the shade, up to
    what no shade can do: a white thing is never black.
    """
    difference = oklab(picture[mask].astype(np.float64)) - colour
    by_shade = np.abs(difference[:, 0])
    difference[:, 0] = 0.15 * by_shade + np.maximum(by_shade - SHADE, 0)
    share = 5 if kind in _OF_SEVERAL_COLOURS else 25
    return float(np.percentile(np.linalg.norm(difference, axis=1), share))


def goes_by(picture: NDArray[np.uint8], mask: Mask, colour: NDArray[np.float64], kind: str) -> bool:
    """Whether somebody may call a thing by a colour (Oklab): it is near, or so much of it is of its hue."""
    if away(picture, mask, colour, kind) <= ANOTHER_COLOUR:
        return True
    seen = oklab(picture[mask].astype(np.float64))
    share = 0.05 if kind in _OF_SEVERAL_COLOURS else 0.25
    return bool(np.mean(_of_hue(seen, colour) | _both_black(seen, colour)) >= share)


def _of_hue(seen: NDArray[np.float64], colour: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of some colours (Oklab, (N, 3)) have the hue of one that a name stands for, seen generously."""
    chroma, wanted = np.hypot(seen[:, 1], seen[:, 2]), float(np.hypot(colour[1], colour[2]))
    strength = chroma / np.maximum(seen[:, 0], 0.05) * max(float(colour[0]), 0.05)
    if wanted < GREYISH:
        return np.zeros(len(seen), bool)
    hue, named = (np.degrees(np.arctan2(v[2], v[1])) % 360 for v in (seen.T, colour))
    apart = np.abs((hue - named + 180) % 360 - 180)
    turquoise = (hue >= TURQUOISE[0]) & (hue <= TURQUOISE[1])
    narrow = WARM_HUES if named <= WARM[0] or named >= WARM[1] else HUES
    alike = apart <= np.where(turquoise, BETWEEN_GREEN_AND_BLUE, narrow)
    strong = (np.maximum(chroma, strength) >= LEAST_CHROMA * wanted) & (strength <= MOST_CHROMA * wanted)
    return np.asarray(alike & strong & (np.abs(seen[:, 0] - colour[0]) <= LIGHTNESSES))


def _both_black(seen: NDArray[np.float64], colour: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of some colours (Oklab, (N, 3)) are black to one and navy to another, where that is named."""
    bluish = colour[2] < -0.03 or float(np.hypot(colour[1], colour[2])) < GREYISH
    if colour[0] > BLACK or not bluish:
        return np.zeros(len(seen), bool)
    dark_blue = (seen[:, 2] < -0.03) & (seen[:, 2] < -np.abs(seen[:, 1]))
    return np.asarray((seen[:, 0] <= BLACK) & (dark_blue | (np.hypot(seen[:, 1], seen[:, 2]) < GREYISH)))


def _is_kind_of(name: str, phrase: str, noun: str) -> bool:
    """Whether a colour's name is one of those that a phrase tells its thing by: sky blue is blue."""
    return (
        re.fullmatch(rf"(?:(?:the|my|our|that|this) )?{name.split()[-1]} {noun}", phrase.lower()) is not None
    )


def _is_told_by_colour_alone(phrase: str, noun: str) -> bool:
    """Whether a phrase is a single thing's name and its colour: "the dark green cushion"."""
    described = re.sub(r"^(?:the|my|our|that|this) ", "", phrase.lower().strip())
    colour = read_look(described.replace(noun, "thing")).colour_words.lower()
    return not is_several(noun) and described in (f"{colour} {noun}", f"{noun} in {colour}")


def in_full_light(picture: NDArray[np.uint8], mask: Mask) -> tuple[float, float, float]:
    """The colour of what is in a mask (H, W), in Oklab, as it would be in full light."""
    seen = measure(picture, mask)
    lightness, a, b = (float(value / seen.light) for value in seen.median)
    return lightness, a, b
