"""Which engine carries out an edit, and with what colour: policy, one edit at a time, for every outlet.

A look that is a colour, or a step from the colour that is there ("darker"), is computed on the picture's own
pixels, whatever the preset: it loads no painter. Materials, removals and new things are computed where the
preset has an engine for them that knows what is asked, else they are painted. Where a look is both ("red
leather"), the colour that a painter took is corrected to the value that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sessions.compose import Patch, compose
from tools.engines import registry, specs
from tools.engines.presets import Preset
from tools.inpainting.base import (
    Computing,
    Doubtful,
    Inpainter,
    MaskedEdit,
    Painted,
    StepListener,
    compute,
    inpaint,
    seed_for,
)
from tools.inpainting.computed import recolour
from tools.inpainting.request import ColourStage, Request
from tools.kinds import Kind
from tools.language.looks import Look, read_look, settled
from tools.language.object_sizes import noun_in, thing_in
from tools.language.referring import read_phrase
from tools.segmenting.base import CancelCheck, never

Pixels = NDArray[np.uint8]
Oklab = tuple[float, float, float]

MIRRORS = frozenset({"mirror"})
"""Things that show others: a colour or a material over the whole would paint what they mirror."""

CUT_OUT = frozenset({"drawing"})
"""Of the engines that requests name, those whose new things have an edge of their own: their patches hold
nothing of what is around them.
"""


@dataclass(frozen=True, eq=False)
class Previous:
    """What an edit revises: the words, the kind and the request of before (None: written by another release).

    ``painted`` is the digest of the patch as its engine made it, before a colour was computed onto it, and
    ``load`` reads it.
    """

    prompt: str
    target: str
    kind: Kind
    request: Request | None
    painted: str
    load: Callable[[], Patch]


@dataclass(frozen=True, eq=False)
class Route:
    """How one edit is carried out.

    ``engine`` computes it; None leaves it to the preset's painter for its kind. ``edit`` is what the engine
    gets: its prompt names the value that a step came to. ``value`` (Oklab) is the colour that what a painter
    paints is corrected to. ``kept`` is the request of a patch that was painted before and only takes another
    colour.
    """

    edit: MaskedEdit
    engine: Computing | None = None
    value: Oklab | None = None
    kept: Request | None = None


def route(
    picture: Pixels,
    edit: MaskedEdit,
    computing: Sequence[str],
    *,
    value: Oklab | None = None,
    previous: Previous | None = None,
) -> Route:
    """How to carry out an edit of an RGB picture (H, W, 3).

    ``computing`` are the names of the engines that compute, in the order in which they are asked; ``value``
    is the colour (Oklab) of another thing that the edit's is to have; ``previous`` what the edit revises.
    Raises ``EngineError`` where what is asked cannot be done, such as a step beyond black.
    """
    if edit.kind == "restyle" and recolour.Recolour.name in computing:
        return _restyled(picture, edit, computing, value, previous)
    if previous is not None and (moved := _moved_colour(picture, edit, previous)) is not None:
        return moved
    for engine in map(_engine, computing):
        if engine.can(edit.prompt, edit.target):
            return Route(edit, engine)
    return Route(edit)


def needs_drawn_room(edit: MaskedEdit, preset: Preset, *, has_value: bool = False) -> bool:
    """Whether what a preset carries an edit out with knows drawn rooms only, as far as the words tell.

    A colour is computed on whatever pixels there are; ``has_value``: it is given, if not in words.
    """
    computing = preset.computing.get(edit.kind, ())
    if recolour.Recolour.name in computing and (
        has_value or read_look(edit.prompt, edit.target).is_colour_only
    ):
        return False
    return any(map(specs.knows_drawn_rooms_only, (*computing, preset.inpainters[edit.kind])))


def _moved_colour(picture: Pixels, edit: MaskedEdit, previous: Previous) -> Route | None:
    """How a thing that was drawn into the picture gets a darker or a warmer colour: its own pixels, moved.

    None where something else is asked for, and where its patch holds what is around it, too.
    """
    before = previous.request
    if before is None or previous.kind != edit.kind or before.engine not in CUT_OUT:
        return None
    look = read_look(edit.prompt, noun_in(edit.prompt))
    old = read_look(previous.prompt, noun_in(previous.prompt))
    same = (look.material, look.pattern, look.rest) == (old.material, old.pattern, old.rest)
    if look.step is None or look.colour_words != old.colour_words or not same:
        return None
    painted = previous.load()
    thing = _opaque(painted, edit.mask.shape)
    stage = _stage(look, None, before.colour, compose(picture, [painted]), thing)
    stage = stage.model_copy(update={"painted": previous.painted})
    moved = replace(edit, mask=thing, colour=stage)
    prompt = settled(edit.prompt, noun_in(edit.prompt), stage.value)
    return Route(replace(moved, prompt=prompt), _Repainted(painted), kept=before)


def _opaque(patch: Patch, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where a patch is more than half opaque, bool of a picture's shape."""
    mask = np.zeros(shape[:2], bool)
    box = patch.box
    mask[box.y0 : box.y1, box.x0 : box.x1] = patch.rgba[..., 3] > 127
    return mask


@dataclass(frozen=True, eq=False)
class _DrawnInColour:
    """Draws a thing anew and computes the colour onto it that it had been moved to."""

    drawer: Computing

    @property
    def name(self) -> str:
        return self.drawer.name

    @property
    def revision(self) -> str:
        return self.drawer.revision

    def can(self, prompt: str, target: str) -> bool:
        return self.drawer.can(prompt, target)

    def compute(self, picture: Pixels, edit: MaskedEdit, *, cancelled: CancelCheck = never) -> Patch:
        try:
            return self._coloured(picture, edit, self.drawer.compute(picture, edit, cancelled=cancelled))
        except Doubtful as doubtful:
            patch = self._coloured(picture, edit, doubtful.patch)
            raise Doubtful(str(doubtful), patch, likely=doubtful.likely) from doubtful

    def _coloured(self, picture: Pixels, edit: MaskedEdit, drawn: Patch) -> Patch:
        if edit.colour is None:
            return drawn
        return recolour.recolour_patch(picture, _opaque(drawn, picture.shape), drawn, edit.colour)


def _with_its_colour(engine: Computing) -> Computing:
    """The engine for an edit that may have been moved to another colour after it was drawn."""
    return _DrawnInColour(engine) if engine.name in CUT_OUT else engine


def again(edit: MaskedEdit, request: Request, computing: Sequence[str]) -> Route:
    """How to carry out an edit's own request on other pixels: with its seed and its colour."""
    edit = replace(edit, prompt=request.prompt, seed=request.seed, colour=request.colour)
    if request.engine in computing:
        engine = _engine(request.engine)
        return Route(edit, _with_its_colour(engine))
    value = request.colour.value if request.colour is not None else None
    return Route(replace(edit, colour=None), value=value)


def variations(
    first: Route, picture: str, count: int, *, like: int | None = None, turn: int = 0
) -> list[Route]:
    """``count`` ways to carry out one edit: shades of a colour, else as many seeds.

    ``picture`` is the digest of the picture that it is carried out on. With ``like``, the seed of one that
    was shown, they are near the edit's own colour, and that one comes first. ``turn`` counts the rounds that
    were shown before: each has other shades and other seeds.
    """
    edit = first.edit
    computed = first.engine.name if first.engine is not None else ""
    if edit.colour is not None and computed in (recolour.Recolour.name, "materials"):
        shades = _shades(edit.colour, count, near=like is not None, turn=turn)
        return [replace(first, edit=replace(edit, colour=stage)) for stage in shades]
    seeds = [seed_for(picture, edit.prompt, edit.kind, 8 * turn + number + 1) for number in range(count)]
    if like is not None:
        seeds = [like, *(seed for seed in seeds if seed != like)][:count]
    return [replace(first, edit=replace(edit, seed=seed)) for seed in seeds]


def corrected(
    route: Route, picture: Pixels, patch: Patch, keep: Callable[[Pixels], str]
) -> tuple[Patch, ColourStage | None]:
    """What an engine made of a picture, with the colour that was asked for computed onto it; and that colour.

    ``keep`` stores pixels, uint8 RGBA, and gives their digest: the patch as it was painted.
    """
    if route.engine is not None or route.value is None:
        return patch, route.edit.colour
    stage = recolour.stage_for(route.value, compose(picture, [patch]), route.edit.mask)
    stage = stage.model_copy(update={"painted": keep(patch.rgba)})
    return recolour.recolour_patch(picture, route.edit.mask, patch, stage), stage


def request_for(
    route: Route,
    picture: Pixels,
    painted: Painted,
    painter: Inpainter | None,
    digests: tuple[str, str],
    keep: Callable[[Pixels], str],
) -> tuple[Patch, Request]:
    """A finished edit: its patch, ``corrected``, and its request.

    ``painted`` is what the route's engine made of ``picture``, or ``painter`` where the route has none.
    ``digests`` are those of the picture and of the mask; ``keep`` is that of ``corrected``.
    """
    edit = route.edit
    patch, colour = corrected(route, picture, painted.patch, keep)
    if route.kept is not None:
        return patch, route.kept.model_copy(update={"colour": colour})
    engine = route.engine or painter
    if engine is None:
        raise ValueError("neither an engine nor a painter carried the edit out")
    steps, guidance, area = 1, 1.0, None
    if not isinstance(engine, Computing):
        steps = engine.steps if edit.steps is None else edit.steps
        guidance = engine.guidance if edit.guidance is None else edit.guidance
        area = painted.area
    removes = edit.kind != "restyle" and isinstance(engine, Computing)
    request = Request(
        picture=digests[0],
        mask=digests[1],
        prompt=edit.prompt,
        kind=edit.kind,
        seed=edit.seed,
        steps=steps,
        guidance=guidance,
        engine=engine.name,
        revision=engine.revision,
        area=area,
        batch=painted.batch,
        target=edit.target,
        colour=colour,
        grow=edit.grow,
        wall_light=edit.wall_light and removes,
        patches=edit.patches and removes,
        own_shadow=edit.own_shadow and removes,
    )
    return patch, request


def carry_out(
    picture: Pixels,
    edit: MaskedEdit,
    engine: Inpainter | Computing,
    *,
    progress: StepListener | None = None,
    cancelled: CancelCheck = never,
) -> Painted:
    """Carry out an edit with its own engine, seed and colour, as a recipe says. Raises as ``inpaint``
    does."""
    if isinstance(engine, Computing):
        return Painted(_taken(picture, edit, _with_its_colour(engine), cancelled), 0, 1)
    (painted,) = inpaint(picture, [edit], {edit.kind: engine}, progress=progress, cancelled=cancelled)
    if edit.colour is None:
        return painted
    return replace(painted, patch=recolour.recolour_patch(picture, edit.mask, painted.patch, edit.colour))


def _taken(picture: Pixels, edit: MaskedEdit, engine: Computing, cancelled: CancelCheck) -> Patch:
    """What an engine computes, also where it does not answer for it: whoever has the request took it."""
    try:
        return compute(picture, edit, engine, cancelled=cancelled)
    except Doubtful as doubtful:
        return doubtful.patch


def _restyled(
    picture: Pixels,
    edit: MaskedEdit,
    computing: Sequence[str],
    value: Oklab | None,
    previous: Previous | None,
) -> Route:
    look = read_look(edit.prompt, edit.target)
    old = read_look(previous.prompt, previous.target) if previous is not None else Look()
    before = previous.request if previous is not None else None
    current = before.colour if before is not None else None
    if value is None:
        value = look.value
        if value is not None and current is not None and old.colour_words == look.colour_words:
            value = current.value  # the layer's own words: its recorded value may be finer than they are
    has_colour = value is not None or look.step is not None
    same = (look.material, look.pattern, look.rest) == (old.material, old.pattern, old.rest)
    if previous is not None and before is not None and has_colour and same and _is_painted(previous, before):
        painted = previous.load()
        stage = _stage(look, value, current, compose(picture, [painted]), edit.mask)
        stage = stage.model_copy(update={"painted": previous.painted})
        return _named(look, Route(replace(edit, colour=stage), _Repainted(painted), kept=before))
    if thing_in(edit.target)[0] in MIRRORS:
        return Route(edit)
    # The glass of a window shows what lies behind it: its colour is that of its frame.
    framed = look.step is None and thing_in(edit.target)[0] == "window" and len(computing) > 1
    if (
        has_colour
        and not framed
        and not look.material
        and not look.rest
        and (look.is_colour_only or look.like)
    ):
        body = recolour.has_body(edit.target) and (current is None or current.body)
        mask = edit.mask
        if body:
            taking = recolour.body_of(picture, mask, edit.target)
            mask = recolour.measured_on(mask, taking, edit.target)
        stage = _stage(look, value, current, picture, mask, edit.target)
        stage = stage.model_copy(update={"body": body})
        if look.step is None or current is None:
            stage = stage.model_copy(update={"each": _are_several(edit.target)})
        return _named(look, Route(replace(edit, colour=stage), recolour.Recolour()))
    for engine in map(_engine, computing):
        if not isinstance(engine, recolour.Recolour) and engine.can(edit.prompt, edit.target):
            colour = _stage(look, value, current, picture, edit.mask) if has_colour else None
            return _named(look, Route(replace(edit, colour=colour), engine))
    return Route(edit, value=value if look.pattern in ("", "plain") else None)


def _are_several(target: str) -> bool:
    """Whether a phrase means several things, which may look differently."""
    wanted = read_phrase(target)
    return wanted.count != 1 and thing_in(target)[0] not in ("", "curtain")


def _is_painted(previous: Previous, request: Request) -> bool:
    """Whether there is a painted surface that may keep its texture and take another colour."""
    return previous.kind == "restyle" and request.engine != recolour.Recolour.name


@dataclass(frozen=True, eq=False)
class _Repainted:
    """Computes a colour onto a patch that was painted before."""

    painted: Patch
    name: str = recolour.Recolour.name
    revision: str = recolour.Recolour.revision

    def can(self, prompt: str, target: str) -> bool:  # noqa: ARG002
        return True

    def compute(self, picture: Pixels, edit: MaskedEdit, *, cancelled: CancelCheck = never) -> Patch:  # noqa: ARG002
        if edit.colour is None:
            raise ValueError("there is no colour to compute")
        return recolour.recolour_patch(picture, edit.mask, self.painted, edit.colour)


def _stage(
    look: Look,
    value: Oklab | None,
    current: ColourStage | None,
    picture: Pixels,
    mask: NDArray[np.bool_],
    target: str = "",
) -> ColourStage:
    """The colour of a look: a value, or a step from the value asked for, recorded or measured.

    ``target`` names what keeps its own surface, so that the light of its kind falls on it.
    """
    if look.step is None:
        if value is None:
            raise ValueError("a look without a value and without a step has no colour")
        stage = recolour.stage_for(value, picture, mask, target)
        return stage.model_copy(update={"pattern": "plain"}) if look.pattern == "plain" else stage
    if value is not None and (current is None or current.value != value):
        current = recolour.stage_for(value, picture, mask, target)
    return recolour.stage_for_step(look.step, current, picture, mask)


def _named(look: Look, route: Route) -> Route:
    """A step has become a value: the words name it, so that the next sentence can build on them."""
    if route.edit.colour is None or look.step is None:
        return route
    prompt = settled(route.edit.prompt, route.edit.target, route.edit.colour.value)
    return replace(route, edit=replace(route.edit, prompt=prompt))


def _shades(stage: ColourStage, count: int, *, near: bool = False, turn: int = 0) -> list[ColourStage]:
    """``count`` shades of a colour, itself first: then lighter and darker, duller and stronger ones.

    ``near``: steps of less than half the width. After the first ``turn`` the hue goes to either side, too, by
    a little more each time, and the colour itself is not among them.
    """
    moves = (
        (0.0, 1.0), (0.08, 0.95), (-0.08, 1.0), (0.0, 0.6),
        (0.05, 1.2), (0.14, 0.8), (-0.14, 0.9), (-0.05, 0.7),
    )  # fmt: skip
    lightness, a, b = stage.value
    width = _NEAR if near else 1.0
    shades = []
    for number, (lift, chroma) in enumerate((moves if near or not turn else (*moves[1:], moves[0]))[:count]):
        angle = 0.0 if near else _HUE * turn * (1 if number % 2 else -1)
        strength = 1 + width * (chroma - 1)
        turned = np.array([np.cos(angle) * a - np.sin(angle) * b, np.sin(angle) * a + np.cos(angle) * b])
        light = float(np.clip(lightness + width * lift, 0.05, 0.98))
        first, second = (float(each * strength) for each in turned)
        shades.append(stage.model_copy(update={"value": (light, first, second)}))
    return shades


_NEAR = 0.4
"""How far shades that are to be like one go, as a share of the usual way."""
_HUE = 0.2
"""By how many radians the hue of further shades goes to either side, a round."""


def _engine(name: str) -> Computing:
    return registry.load_computing(name)
