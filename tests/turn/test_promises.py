"""What is said is what happens: sentences that once went wrong under "Done", with the real pocket preset."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from agent.turn.editor import Editor, open_editor, sample_room
from agent.turn.events import Turn
from pocket import rooms
from sessions import Sessions
from tests.support.command_line import Run
from tools.language.colours import oklab, value_of
from tools.pictures import read_picture, write_picture

Pixels = NDArray[np.uint8]


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    with closing(open_editor(sample_room(), None, None, None, tmp_path, asks=False)) as opened:
        yield opened


@pytest.fixture
def inpalla(inpalla: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return inpalla


def say(editor: Editor, *sentences: str) -> Turn:
    turns = [asyncio.run(editor.say(sentence)) for sentence in sentences]
    return turns[-1]


def median(editor: Editor, layer: int) -> NDArray[np.float64]:
    """The median colour of a layer's thing at the head, in Oklab."""
    return np.median(oklab(editor.session.picture()[editor.session.mask(layer)].astype(float)), axis=0)


def hue_of(colour: NDArray[np.float64] | tuple[float, ...]) -> float:
    return float(np.degrees(np.arctan2(colour[2], colour[1])))


def test_dark_red_leather_is_dark_and_red_and_darker_stays_red(editor: Editor) -> None:
    turn = say(editor, "make the sofa dark red leather")
    assert not turn.failed
    first = median(editor, 0)
    red = value_of("dark red")
    assert red is not None
    assert abs(hue_of(first) - hue_of(red)) < 15
    assert first[0] < 0.5
    assert not say(editor, "darker").failed
    second = median(editor, 0)
    assert second[0] < first[0] - 0.03
    assert abs(hue_of(second) - hue_of(first)) < 15
    assert editor.session.layers[0].kind == "restyle"
    assert "leather" in editor.session.layers[0].prompt
    assert "darker" not in editor.session.layers[0].prompt


@pytest.mark.parametrize("words", ["warm cream", "teal", "navy blue", "#336699", "dusty pink", "off-white"])
def test_a_colour_by_name_is_taken_by_value(editor: Editor, words: str) -> None:
    turn = say(editor, f"paint the walls {words}")
    assert not turn.failed
    wanted = value_of(words)
    assert wanted is not None
    seen = median(editor, 0)
    assert np.hypot(seen[1] - wanted[1], seen[2] - wanted[2]) < 0.05
    assert -0.2 < seen[0] - wanted[0] < 0.05  # the walls lie partly in the shade


def test_checks_that_were_recoloured_are_recoloured_again(inpalla: Run, tmp_path: Path) -> None:
    """Red and grey checks: which of them was the white that took the colour is known from before."""
    write_picture(tmp_path / "room.png", rooms.render(rooms.make_scene(1263693299), (640, 480)).picture)
    code, out, err = inpalla(
        "edit", "room.png", "make the bed red", "now the bed green instead", "-o", "out.png"
    )
    assert (code, err) == (0, "")
    assert "a green bed" in out


def test_a_word_that_nobody_knows_hides_no_thing(inpalla: Run, tmp_path: Path) -> None:
    write_picture(tmp_path / "room.png", rooms.render(rooms.make_scene(1796092019), (640, 480)).picture)
    code, _, err = inpalla("edit", "room.png", "make the spiky plant on the right orange", "-o", "out.png")
    assert (code, err) == (0, "")


def test_another_of_its_kind_is_a_look(editor: Editor) -> None:
    """What stands there need not be taken away, nor what is behind it be known."""
    turn = say(editor, "replace the sofa with a brown leather sofa")
    assert [edit.kind for edit in turn.edits] == ["restyle"]
    assert turn.reply == "Done: the sofa → a brown leather sofa."


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("a red leather sofa, please", "restyle"),
        ("hm, maybe an orange rug?", "restyle"),
        ("another red sofa, please", "add"),
        ("a red basket would be nice", "add"),  # there is none
    ],
)
def test_a_bare_wish_for_the_one_thing_of_its_kind_is_how_that_shall_look(
    editor: Editor, sentence: str, kind: str
) -> None:
    [edit] = say(editor, sentence).edits
    assert edit.kind == kind


def test_revising_what_lies_below_moves_no_pixel_of_what_lies_on_it(editor: Editor) -> None:
    say(editor, "make the sofa red", "make the cushions yellow")
    cushions = editor.session.patch(1)
    before = editor.session.picture()
    turn = say(editor, "now the sofa green instead")
    assert not turn.failed
    assert [edit.layer for edit in turn.edits] == [0]
    x0, y0, x1, y1 = cushions.box
    solid = cushions.rgba[..., 3] == 255
    now = editor.session.picture()
    assert np.array_equal(now[y0:y1, x0:x1][solid], before[y0:y1, x0:x1][solid])
    outside = np.ones(now.shape[:2], bool)
    for layer in (0, 1):
        box = editor.session.patch(layer).box
        outside[box.y0 : box.y1, box.x0 : box.x1] = False
    assert np.array_equal(now[outside], before[outside])


def test_of_several_things_each_takes_the_colour(editor: Editor) -> None:
    before = editor.session.picture()
    turn = say(editor, "make the sofa red", "make the cushions yellow")  # white, black and blue ones
    assert not turn.failed
    mask, after = editor.session.mask(1), editor.session.picture()
    labels, count = ndimage.label(mask)
    assert count == 4
    for number in range(1, count + 1):
        cushion = labels == number
        assert (after[cushion] != before[cushion]).any(axis=1).mean() > 0.4  # a check keeps its second colour
        gained = oklab(after[cushion].astype(float)) - oklab(before[cushion].astype(float))
        assert gained[:, 2].mean() > 0.05


def test_a_pick_is_its_preview_to_the_pixel(editor: Editor) -> None:
    say(editor, "make the cushions yellow", "show me three versions of a green sofa")
    offers = editor.offers()
    assert len(offers) == 3
    assert not np.array_equal(offers[0], offers[1])
    assert not say(editor, "take the second one").failed
    assert np.array_equal(editor.session.picture(), offers[1])


def test_the_other_one_is_the_one_that_was_not_named(editor: Editor) -> None:
    say(editor, "make the left picture red")
    turn = say(editor, "now the other one in blue")
    assert not turn.failed
    left, right = (editor.session.mask(layer) for layer in (0, 1))
    assert not (left & right).any()
    assert np.nonzero(left)[1].mean() < np.nonzero(right)[1].mean()
    assert abs(np.nonzero(left)[0].mean() - np.nonzero(right)[0].mean()) < 60  # both hang on the wall


def test_yellow_walls_do_not_make_the_left_picture_the_right_one(editor: Editor) -> None:
    turn = say(editor, "make the walls yellow", "make the picture on the right blue")
    assert not turn.failed
    other = say(editor, "make the picture on the left red")
    assert not other.failed
    right, left = (editor.session.mask(layer) for layer in (1, 2))
    assert np.nonzero(right)[1].min() > np.nonzero(left)[1].max()


def test_undoing_one_of_two_leaves_nothing_of_it(editor: Editor) -> None:
    base = editor.session.picture()
    say(editor, "armchair on the left dark green", "same for the other one")
    left, right = (editor.session.mask(layer) for layer in (0, 1))
    assert (left & right).sum() < 0.02 * left.sum()
    turn = say(editor, "undo only the armchair on the left")
    assert not turn.failed
    moved = (editor.session.picture() != base).any(axis=-1)
    assert not moved[left].any()


def test_what_was_put_there_leaves_nothing_when_it_goes(tmp_path: Path) -> None:
    """The walls are painted whole, behind the plant that was put before them."""
    room = rooms.render(rooms.make_scene(910026), (512, 384)).picture
    Image.fromarray(room).save(tmp_path / "room.png")
    pictures = []
    for sentences in (("walls sage green",), ("put a plant next to the armchair", "walls sage green")):
        folder = tmp_path / str(len(sentences))
        with closing(open_editor(tmp_path / "room.png", None, None, None, folder, asks=False)) as opened:
            turn = say(opened, *sentences)
            assert not turn.failed
            if len(sentences) > 1:
                with_plant = opened.session.picture()
                plant = opened.session.patch(0)
                x0, y0, x1, y1 = plant.box
                solid = plant.rgba[..., 3] == 255
                assert np.array_equal(with_plant[y0:y1, x0:x1][solid], plant.rgba[..., :3][solid])
                assert not say(opened, "remove the plant").failed
            pictures.append(opened.session.picture())
            if len(sentences) > 1:
                assert not say(opened, "bring the plant back").failed
                assert np.array_equal(opened.session.picture(), with_plant)
    assert np.array_equal(pictures[0], pictures[1])


def test_hiding_what_was_never_edited_asks_and_changes_nothing(editor: Editor) -> None:
    turn = say(editor, "hide the rug")
    assert (turn.changed, turn.version) == (False, 0)
    assert turn.reply.endswith("?")


def test_noise_is_no_room_and_a_photo_is_no_mask(inpalla: Run, tmp_path: Path) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    code, _, err = inpalla("segment", "noise.png", "the bed", "-o", "mask.png")
    assert code == 1
    assert "not a drawn room" in err
    assert "There are" not in err

    room = rooms.render(rooms.make_scene(7), (320, 240)).picture
    Image.fromarray(room).save(tmp_path / "room.png")
    code, _, err = inpalla("inpaint", "room.png", "room.png", "a red sofa", "-o", "out.png")
    assert code == 1
    assert "looks like a picture and not like a mask" in err
    assert not (tmp_path / "out.png").exists()


def test_a_sentence_that_changed_nothing_leaves_no_session(inpalla: Run, tmp_path: Path) -> None:
    code, out, err = inpalla("edit", sample_room(), "make the piano black", "-o", "out.png", "--json")
    assert code == 1
    assert "piano" in err
    told: dict[str, Any] = json.loads(out)
    assert told["edits"][0]["outcome"] == "not found"
    assert Sessions(tmp_path / "data" / "sessions").list() == []


def test_a_computed_picture_is_replayed_to_the_pixel(inpalla: Run) -> None:
    code, _, _ = inpalla("edit", sample_room(), "make the sofa teal", "a bit darker", "-o", "out.png")
    assert code == 0
    code, out, _ = inpalla("replay", "out.png", "-o", "again.png", "--json")
    assert code == 0
    assert json.loads(out)["identical"]
    assert np.array_equal(read_picture("again.png").pixels, read_picture("out.png").pixels)


def test_a_removal_that_is_doubted_is_offered_kept_and_replayed(inpalla: Run) -> None:
    """A sofa that hides much of what is behind it: what came out may do."""
    write_picture("room.png", rooms.render(rooms.make_scene(770000122), (640, 480)).picture)
    code, _, err = inpalla("edit", "room.png", "remove the sofa", "-o", "out.png")
    assert code == 1
    assert "I cannot take this away cleanly: " in err
    assert "Nothing was changed; say “keep it” to take what came out all the same." in err
    code, _, _ = inpalla("edit", "room.png", "keep it", "-o", "out.png", "--session", "room-1")
    assert code == 0
    assert not np.array_equal(read_picture("out.png").pixels, read_picture("room.png").pixels)
    code, out, _ = inpalla("replay", "out.png", "-o", "again.png", "--json")
    assert code == 0
    assert json.loads(out)["identical"]


def test_keep_it_is_about_the_last_sentence(inpalla: Run) -> None:
    """What was offered before is no longer, once another wish came to nothing."""
    write_picture("room.png", rooms.render(rooms.make_scene(1008708822), (640, 480)).picture)
    code, _, _ = inpalla("edit", "room.png", "remove the basket", "-o", "out.png")
    assert code == 1
    code, _, err = inpalla("edit", "room.png", "make the piano blue", "-o", "out.png", "--session", "room-1")
    assert (code, "I see no piano" in err) == (1, True)
    code, _, err = inpalla("edit", "room.png", "keep it", "-o", "out.png", "--session", "room-1")
    assert not Path("out.png").exists() or np.array_equal(
        read_picture("out.png").pixels, read_picture("room.png").pixels
    )


def test_what_comes_back_stands_before_what_was_made_behind_it_once_that_is_refreshed(tmp_path: Path) -> None:
    """The bookcase behind a table is taken away while that is away, too."""
    write_picture(tmp_path / "room.png", rooms.render(rooms.make_scene(96122382), (640, 480)).picture)
    with closing(open_editor(tmp_path / "room.png", None, None, None, tmp_path, asks=False)) as editor:
        given = editor.session.picture()
        say(editor, "take the table away")
        table = editor.session.mask(0)
        say(editor, "remove the bookcase")
        covered = table & editor.session.mask(1)
        assert covered.sum() > 0.05 * table.sum()
        turn = say(editor, "bring the table back")
        assert "say “refresh the bookcase”" in turn.reply
        turn = say(editor, "refresh the bookcase")
        assert not turn.failed
        off = np.abs(editor.session.picture().astype(int) - given)[ndimage.binary_erosion(covered)].max(
            axis=1
        )
        assert (off > 24).mean() < 0.05


def test_furniture_keeps_its_outline_when_the_rug_under_it_is_gone(tmp_path: Path) -> None:
    """A white table on white stone is hard to see; it stands where it stood on a black rug."""
    write_picture(tmp_path / "room.png", rooms.render(rooms.make_scene(96130301), (640, 480)).picture)
    with closing(open_editor(tmp_path / "room.png", None, None, None, tmp_path, asks=False)) as editor:
        say(editor, "make the table walnut")
        before = editor.session.mask(0)
        say(editor, "undo", "remove the rug")
        turn = say(editor, "make the table walnut")
        after = editor.session.mask(turn.edits[0].layer or editor.session.layers[-1].id)
        assert (before ^ after).sum() < 0.03 * before.sum()


def test_an_animal_at_the_edge_of_the_picture_goes_with_its_head(tmp_path: Path) -> None:
    """Its body was found as a cat, and all of it as a dog."""
    write_picture(tmp_path / "room.png", rooms.render(rooms.make_scene(96122382), (1024, 768)).picture)
    with closing(open_editor(tmp_path / "room.png", None, None, None, tmp_path, asks=False)) as editor:
        given = editor.session.picture().astype(int)
        turn = say(editor, "remove the orange animal at the front left")
        assert not turn.failed
        now = editor.session.picture().astype(int)
        orange = [(each[..., 0] - each[..., 2] > 120)[620:, :380].sum() for each in (given, now)]
        assert orange[1] < 0.02 * orange[0]


def test_a_thing_that_has_none_of_the_colours_it_is_told_by_is_another(tmp_path: Path) -> None:
    """The one rug is of rattan; what is blue and white is a stool at the picture's edge."""
    write_picture(tmp_path / "room.png", rooms.render(rooms.make_scene(96133155), (640, 480)).picture)
    with closing(open_editor(tmp_path / "room.png", None, None, None, tmp_path, asks=False)) as editor:
        turn = say(editor, "remove the blue and white striped rug on the right")
        assert turn.failed
        assert not turn.changed
        assert turn.reply.startswith(
            "I see no blue and white striped rug on the right: the rug that I see is"
        )
        turn = say(editor, "make the pink and white armchair green")
        assert not turn.failed
