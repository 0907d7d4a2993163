"""New things and replacements, drawn into drawn rooms by the rooms' own renderer, with the real segmenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from evaluation.painters.wishes import draw_wish
from pocket import rooms
from pocket.rooms import furniture, primitives
from sessions.compose import Patch, compose
from sessions.pictures import digest_of
from tools.engines import registry
from tools.errors import EngineError
from tools.inpainting.base import MaskedEdit, compute, seed_for
from tools.inpainting.computed.removal import LEAST, look_around, remove
from tools.inpainting.drawing.engine import Drawing
from tools.inpainting.drawing.thing_spec import kind_in, read_spec, unmet, without_contents
from tools.inpainting.placement import landmarks, mask_for_place
from tools.kinds import Kind
from tools.language.colours import oklab
from tools.language.places import read_place
from tools.segmenting.base import find

SIZE = (512, 384)
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def engine() -> Drawing:
    drawing = registry.load_computing("drawing")
    assert isinstance(drawing, Drawing)
    return drawing


@cache
def room(
    test: Callable[[rooms.Scene, rooms.Rendered], bool], first: int = 77_000
) -> tuple[rooms.Scene, rooms.Rendered]:
    """The first room of some fixed seeds that a test wants."""
    for seed in range(first, first + 400):
        scene = rooms.make_scene(seed)
        small = rooms.render(scene, (128, 96), supersample=1)
        if test(scene, small):
            return scene, rooms.render(scene, SIZE)
    raise AssertionError("no such room")


def share(scene: rooms.Scene, drawn: rooms.Rendered, kind: str) -> float:
    kinds = [thing.kind for thing in scene.things]
    if kinds.count(kind) != 1:
        return 0.0
    return float(rooms.mask(drawn, kinds.index(kind)).mean())


def with_sofa(scene: rooms.Scene, drawn: rooms.Rendered) -> bool:
    free = (drawn.ids == rooms.FLOOR).mean() > 0.25
    others = {"plant", "armchair", "ottoman"} & {thing.kind for thing in scene.things}
    return free and share(scene, drawn, "sofa") > 0.06 and not others


def with_table(scene: rooms.Scene, drawn: rooms.Rendered) -> bool:
    kinds = [thing.kind for thing in scene.things]
    bare = (
        not any(thing.on == kinds.index("cabinet") for thing in scene.things) if "cabinet" in kinds else False
    )
    return bare and share(scene, drawn, "cabinet") > 0.03 and "vase" not in kinds


def with_low_table(scene: rooms.Scene, drawn: rooms.Rendered) -> bool:
    kinds = {thing.kind for thing in scene.things}
    return share(scene, drawn, "dining table") > 0.04 and not kinds & {"plant", "chair", "armchair"}


def with_armchair(scene: rooms.Scene, drawn: rooms.Rendered) -> bool:
    kinds = [thing.kind for thing in scene.things]
    alone = "armchair" in kinds and not any(t.on == kinds.index("armchair") for t in scene.things)
    plain = scene.things[rooms.WALL].material == "painted"
    return plain and alone and share(scene, drawn, "armchair") > 0.03 and "dog" not in kinds


def proposed(engine: Drawing, picture: Pixels, place: str, prompt: str) -> Mask:
    read = read_place(place)
    roles = landmarks(read, prompt)
    found = dict(zip(roles, find(engine.segmenter, picture, list(roles.values())), strict=True))
    return mask_for_place(
        read, prompt, (picture.shape[1], picture.shape[0]), **{k: v.mask for k, v in found.items()}
    )


def add(engine: Drawing, picture: Pixels, place: str, prompt: str) -> Patch:
    mask = proposed(engine, picture, place, prompt)
    return compute(picture, edit(picture, mask, prompt, "add", place), engine)


def edit(picture: Pixels, mask: Mask, prompt: str, kind: Kind, target: str) -> MaskedEdit:
    return MaskedEdit(mask, prompt, kind, seed_for(digest_of(picture), prompt, kind), target=target)


def covered(patch: Patch, least: int = 200) -> Mask:
    out = np.zeros((SIZE[1], SIZE[0]), dtype=bool)
    out[patch.box.y0 : patch.box.y1, patch.box.x0 : patch.box.x1] = patch.rgba[..., 3] >= least
    return out


def test_a_plant_beside_the_sofa_is_found_there_and_stands_on_the_floor(engine: Drawing) -> None:
    scene, given = room(with_sofa)
    before = given.picture.copy()
    patch = add(engine, given.picture, "next to the sofa", "a plant")
    after = compose(given.picture, [patch])
    own = covered(patch)
    [found] = find(engine.segmenter, after, ["the plant"])
    assert (found.mask & own).sum() > 0.5 * own.sum()

    sofa = rooms.mask(given, [thing.kind for thing in scene.things].index("sofa"))
    columns, beside = np.flatnonzero(own.any(0)), np.flatnonzero(sofa.any(0))
    assert max(columns[0] - beside[-1], beside[0] - columns[-1]) < 0.15 * SIZE[0]
    foot = np.flatnonzero(own.any(1))[-1]
    under = given.ids[foot - 2 : foot + 1][own[foot - 2 : foot + 1]]
    rugs = [i for i, thing in enumerate(scene.things) if thing.kind == "rug"]
    assert np.isin(under, [rooms.FLOOR, *rugs]).mean() > 0.8
    # Its shadow darkens the floor around its foot.
    soft = covered(patch, 1) & ~covered(patch, 128) & (given.ids == rooms.FLOOR)
    soft[: foot - 12] = False
    assert after[soft].mean() < before[soft].mean() - 3
    assert (given.picture == before).all()


def test_a_plant_on_the_floor_is_put_where_it_is_seen(engine: Drawing) -> None:
    """And not behind the armchair, with its leaves above and its pot below."""
    picture = draw_wish(96077951).given.picture
    patch = add(engine, picture, "on the floor", "a dark green plant")
    labels, count = ndimage.label(patch.rgba[..., 3] >= 200)
    assert np.bincount(labels.ravel())[1:].max() > 0.9 * (labels > 0).sum()
    assert count < 4


def test_the_same_edit_gives_the_same_pixels(engine: Drawing) -> None:
    _, given = room(with_sofa)
    one, other = (add(engine, given.picture, "on the floor", "a red armchair") for _ in range(2))
    assert one.box == other.box
    assert (one.rgba == other.rgba).all()


def test_a_colour_is_taken_by_value_and_the_form_stays_when_it_is_revised(engine: Drawing) -> None:
    _, given = room(with_sofa)
    mask = proposed(engine, given.picture, "on the floor", "an ottoman")
    patches = []
    for words, rgb in (("a #2f6b8f ottoman", (47, 107, 143)), ("a coral velvet ottoman", (255, 127, 80))):
        patch = compute(given.picture, edit(given.picture, mask, words, "add", "on the floor"), engine)
        seen = patch.rgba[patch.rgba[..., 3] == 255][:, :3]
        off = np.median(oklab(seen.astype(float)), axis=0) - oklab(np.array(rgb, dtype=float))
        assert np.hypot(off[1], off[2]) < 0.05
        patches.append(patch)
    assert patches[0].box == patches[1].box
    assert (patches[0].rgba[..., 3] == patches[1].rgba[..., 3]).all()


def test_a_vase_stands_on_the_cabinet(engine: Drawing) -> None:
    scene, given = room(with_table)
    patch = add(engine, given.picture, "on the cabinet", "a red vase")
    own = covered(patch)
    cabinet = rooms.mask(given, [thing.kind for thing in scene.things].index("cabinet"))
    columns, rows = np.flatnonzero(own.any(0)), np.flatnonzero(own.any(1))
    across, down = np.flatnonzero(cabinet.any(0)), np.flatnonzero(cabinet.any(1))
    assert across[0] <= columns[0]
    assert columns[-1] <= across[-1]
    assert down[0] - 2 <= rows[-1] <= down[0] + 0.4 * len(down)
    assert len(rows) < 0.8 * len(down)  # a vase, and no barrel


def test_what_is_replaced_goes_and_the_new_thing_stands_there(engine: Drawing) -> None:
    scene, given = room(with_armchair, 77_080)
    old = rooms.mask(given, [thing.kind for thing in scene.things].index("armchair"))
    patch = compute(given.picture, edit(given.picture, old, "a dog", "replace", "the armchair"), engine)
    after = compose(given.picture, [patch])
    dog, chair = find(engine.segmenter, after, ["the dog", "the armchair"])
    assert dog.present
    assert (dog.mask & old).sum() > 0.5 * dog.mask.sum()
    assert (chair.mask & old).sum() < 0.25 * old.sum()
    apart = np.ones_like(old)
    apart[patch.box.y0 : patch.box.y1, patch.box.x0 : patch.box.x1] = False
    assert (after[apart] == given.picture[apart]).all()


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (96135082, "the armchair", "a big plant"),
        (96061750, "the dog", "a cat"),  # a low table behind the dog was gone on with in shreds
    ],
)
def test_what_would_leave_a_thing_without_its_foot_is_refused(
    engine: Drawing, number: int, old: str, new: str
) -> None:
    picture = draw_wish(number).given.picture
    mask = find(engine.segmenter, picture, [old])[0].mask
    with pytest.raises(EngineError, match="I cannot take away cleanly what was there: it stands in front of"):
        compute(picture, edit(picture, mask, new, "replace", old), engine)


def test_a_dog_lies_on_the_bed_where_the_cat_was(engine: Drawing) -> None:
    picture = rooms.render(rooms.make_scene(781000005), (640, 480)).picture
    cat, bed = find(engine.segmenter, picture, ["the cat", "the bed"])
    patch = compute(picture, edit(picture, cat.mask, "a black dog", "replace", "the cat on the bed"), engine)
    dark = compose(picture, [patch]).max(axis=2) < 60
    dog = dark & (picture.max(axis=2) > 100)
    assert dog.sum() > 500
    foot = np.flatnonzero(dog.any(axis=1))[-1]
    assert (ndimage.binary_dilation(dog, iterations=3) & bed.mask)[foot - 10 :].sum() > 50


def test_what_cannot_be_made_up_is_hidden_by_what_comes_there(engine: Drawing) -> None:
    wish = draw_wish(96107818)  # the foot of a lamp is behind the armchair, and would end in the air
    picture = wish.given.picture
    chair = find(engine.segmenter, picture, ["the armchair"])[0].mask
    taken = remove(picture, chair, look_around(engine.segmenter, picture), "the armchair")
    assert taken.footless
    assert taken.confidence < LEAST
    patch = compute(picture, edit(picture, chair, "a big plant", "replace", "the armchair"), engine)
    new = np.abs(compose(picture, [patch]).astype(int) - compose(picture, [taken.patch])).max(axis=2) > 24
    for ground in taken.footless:
        assert (new & ground).sum() > 0.6 * ground.sum()


def test_instead_of_curtains_a_mirror_hangs_beside_their_window(engine: Drawing) -> None:
    wish = draw_wish(96107891)
    picture = wish.given.picture
    curtains, window = find(engine.segmenter, picture, ["the curtains", "the window"])
    wanted = edit(picture, curtains.mask, "a dark green mirror", "replace", "the curtains")
    after = compose(picture, [compute(picture, wanted, engine)])
    [mirror] = find(engine.segmenter, after, ["the mirror"])
    assert mirror.present
    assert (mirror.mask & curtains.mask).sum() > 0.3 * mirror.mask.sum()
    inside = ndimage.binary_erosion(window.mask & ~curtains.mask, iterations=12)
    assert inside.sum() > 500
    assert (after[inside] == picture[inside]).all()


def test_new_curtains_hang_behind_the_table_that_stands_at_their_wall(engine: Drawing) -> None:
    wish = draw_wish(96135071)
    picture = wish.given.picture
    window, table = find(engine.segmenter, picture, ["the window", "the side table"])
    wanted = edit(picture, window.mask, "light blue striped curtains", "replace", "the window")
    after = compose(picture, [compute(picture, wanted, engine)])
    inside = ndimage.binary_erosion(table.mask, iterations=2)
    assert inside.sum() > 300
    assert (np.abs(after[inside].astype(int) - picture[inside]).max(axis=1) > 24).mean() < 0.05


def test_a_new_rug_lies_in_the_shadow_of_what_stands_beside_it(engine: Drawing) -> None:
    scene = rooms.make_scene(457484473)
    drawn = rooms.render(scene, SIZE)
    chair = next(i for i in scene.present() if scene.things[i].kind == "armchair")
    without = rooms.render(rooms.remove(scene, chair), SIZE).picture
    patch = add(engine, drawn.picture, "in front of the armchair", "a cream rug")
    own = covered(patch)
    floor = (drawn.picture.mean(2) + 1) / (without.mean(2) + 1)
    after = compose(drawn.picture, [patch]).mean(2)
    dark, lit = own & (floor < 0.7), own & (floor > 0.95)
    assert min(dark.sum(), lit.sum()) > 100
    assert after[dark].mean() < 0.85 * after[lit].mean()


@pytest.mark.parametrize("seed", [1622471291, 370335569])
def test_nothing_is_put_between_two_things_that_are_too_near(engine: Drawing, seed: int) -> None:
    drawn = rooms.render(rooms.make_scene(seed), SIZE)
    with pytest.raises(EngineError, match="no room for it between the two pictures"):
        add(engine, drawn.picture, "between the two pictures", "a clock")


def test_between_two_things_is_between_them(engine: Drawing) -> None:
    scene = rooms.make_scene(334)
    drawn = rooms.render(scene, SIZE)
    pictures = [rooms.mask(drawn, i) for i in scene.present() if scene.things[i].kind == "picture"]
    (_, first), (last, _) = sorted(tuple(np.flatnonzero(each.any(0))[[0, -1]]) for each in pictures)
    own = covered(add(engine, drawn.picture, "between the two pictures", "a clock"))
    assert first < np.flatnonzero(own.any(0)).mean() < last


def test_what_is_to_stand_behind_another_thing_does_not_cover_it(engine: Drawing) -> None:
    scene, given = room(with_low_table)
    table = rooms.mask(given, [thing.kind for thing in scene.things].index("dining table"))
    patch = add(engine, given.picture, "behind the dining table", "a big plant")
    own = covered(patch, 128)
    assert own.sum() > 300
    assert (own & table).sum() < 0.06 * table.sum()
    foot, feet = (np.flatnonzero(mask.any(1))[-1] for mask in (own, table))
    assert foot < feet


def test_it_refuses_in_a_sentence(engine: Drawing) -> None:
    _, given = room(with_sofa)
    picture = given.picture
    everywhere = np.ones(picture.shape[:2], dtype=bool)
    small = np.zeros_like(everywhere)
    small[20:50, 10:40] = True
    noise = np.random.default_rng(0).integers(0, 256, picture.shape, dtype=np.uint8)
    for pixels, mask, prompt, kind, target, said in (
        (noise, small, "a plant", "add", "on the floor", "not a drawn room"),
        (picture, small, "two chairs", "add", "on the floor", "one thing at a time"),
        (picture, small, "a denim sofa", "add", "on the floor", "denim"),
        (picture, small, "a bed", "add", "on the sofa", "cannot put a bed on the sofa"),
        (picture, small, "a sofa", "replace", "the picture", "cannot hang a sofa"),
    ):
        with pytest.raises(EngineError, match=said):
            compute(pixels, edit(pixels, mask, prompt, kind, target), engine)  # type: ignore[arg-type]


def test_a_mask_that_the_user_gave_cuts_nothing_off(engine: Drawing) -> None:
    _, given = room(with_sofa)
    mask = np.zeros(given.ids.shape, dtype=bool)
    mask[300:330, 240:270] = True
    wanted = MaskedEdit(mask, "an armchair", "add", 1, target="on the floor", grow=0)
    with pytest.raises(EngineError, match="does not fit into the mask"):
        compute(given.picture, wanted, engine)


def test_there_is_no_room_where_the_floor_is_full(engine: Drawing) -> None:
    def crowded(scene: rooms.Scene, drawn: rooms.Rendered) -> bool:
        return share(scene, drawn, "bed") > 0.2 and (drawn.ids == rooms.FLOOR).mean() < 0.16

    _, given = room(crowded)
    with pytest.raises(EngineError, match="no room"):
        add(engine, given.picture, "on the floor", "a large bed")


@pytest.mark.parametrize(
    ("words", "place", "kind"),
    [
        ("a big potted plant", "", "plant"),
        ("a couch in red leather", "", "sofa"),
        ("a lamp", "on the cabinet", "table lamp"),
        ("a lamp", "on the floor", "floor lamp"),
        ("a picture of a cat", "", "picture"),
        ("curtains", "", "curtain"),
        ("a TV", "", "television"),
        ("a grand piano", "", ""),
        ("a sofa bed", "", "bed"),
        ("a table tennis racket", "", ""),
    ],
)
def test_it_knows_what_it_can_draw(engine: Drawing, words: str, place: str, kind: str) -> None:
    assert kind_in(words, place)[0] == kind
    assert engine.can(words, place) == bool(kind)


@pytest.mark.parametrize(
    ("words", "drawn", "without"),
    [
        ("a vase of flowers", "a vase", "flowers"),
        ("a tall vase of fresh red roses", "a tall vase", "fresh red roses"),
        ("a blue vase with tulips", "a blue vase", "tulips"),
        ("a bouquet of roses", "a vase", "roses"),
        ("flowers", "a vase", "flowers"),
        ("a basket of logs", "a basket", "logs"),
        ("a picture of a cat", "a picture", "cat"),
        ("a vase of blue glass", "a vase of blue glass", ""),
        ("a vase with stripes", "a vase with stripes", ""),
        ("a bowl of fruit", "a bowl of fruit", ""),
        ("a chest of drawers", "a chest of drawers", ""),
    ],
)
def test_a_thing_is_drawn_without_what_it_holds(words: str, drawn: str, without: str) -> None:
    assert without_contents(words) == (drawn, without)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("a tall antique floor lamp with a pleated shade", ["antique", "with a pleated shade"]),
        ("a lovely cosy armchair", []),
        ("a big round mirror", []),
        ("a leafy fern", ["fern"]),
        ("a red armchair with wooden legs", ["with wooden legs"]),
        ("a tall thin bookshelf full of books", []),
        ("a tall cabinet", ["tall"]),  # they are drawn up to 0.9 m high
        ("a tall plant", []),
        ("a vase of flowers", []),
        ("a cat lying down", []),
        ("a sleeping cat", ["sleeping"]),
        ("a lying dog", ["lying"]),
    ],
)
def test_what_a_drawing_does_not_show_is_known(words: str, left: list[str]) -> None:
    assert unmet(words) == left


@pytest.mark.parametrize(("words", "wide"), [("a lying cat", True), ("a sitting cat", False)])
def test_an_animal_is_drawn_in_the_pose_that_is_asked_for(words: str, wide: bool) -> None:
    for seed in range(4):
        spec = read_spec(words, "", seed)
        assert (np.random.Generator(np.random.PCG64(spec.seed)).random(2)[1] >= 0.5) == wide


def test_the_colour_of_the_flowers_is_none_of_the_vase() -> None:
    assert read_spec("a vase of red roses", "", 3) == read_spec("a vase", "", 3)


def test_materials_colours_and_sizes_are_read() -> None:
    chair = read_spec("a white wooden chair", "", 1)
    assert (chair.colour, chair.material) == ("white", "painted")
    assert read_spec("an oak table", "", 1).material == "oak"
    assert read_spec("a black metal chair", "", 1).material == "black metal"
    assert read_spec("a blue striped armchair", "", 1).material == "striped"
    assert read_spec("a teal leather sofa", "", 1).colour == "teal"
    assert read_spec("a big plant", "", 1).size[1] > read_spec("a small plant", "", 1).size[1]


def test_the_pocket_preset_draws() -> None:
    computing = registry.find_preset("pocket").computing
    assert computing["add"] == computing["replace"] == ("drawing",)


@pytest.mark.parametrize("word", ["round", "square"])
@pytest.mark.parametrize("kind", ["mirror", "rug", "ottoman", "side table", "coffee table"])
def test_a_thing_has_the_form_that_is_asked_for(kind: str, word: str) -> None:
    for seed in range(6):
        spec = read_spec(f"a {word} {kind}", "", seed)
        solids = furniture.shape(kind, *spec.size, spec.seed)
        largest = max(solids, key=lambda solid: float(np.prod(solid.half)))
        assert (largest.shape == primitives.BOX) is (word == "square"), seed


@pytest.mark.parametrize("words", ["an oval mirror", "a round sofa", "a square clock", "an L-shaped sofa"])
def test_a_form_that_cannot_be_drawn_is_said(words: str) -> None:
    with pytest.raises(EngineError, match="I cannot draw"):
        read_spec(words, "", 3)


def test_a_cat_keeps_its_tail(engine: Drawing) -> None:
    """It reaches beyond the body's size. Requests of before are drawn as they were, cut off."""
    _, given = room(with_sofa)
    mask = proposed(engine, given.picture, "on the floor", "a cat")
    more = []
    for seed in range(4):
        wish = MaskedEdit(mask, "a cat", "add", seed, target="on the floor")
        whole, cut = (
            covered(compute(given.picture, replace(wish, patches=patches), engine), 250)
            for patches in (True, False)
        )
        more.append(int(whole.sum()) - int(cut.sum()))
    assert min(more) >= 0
    assert max(more) > 20
