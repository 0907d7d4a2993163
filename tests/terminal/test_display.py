"""What the user gets to see, as pure functions: pictures beside each other, masks over pictures, words."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.planner.plan import (
    Ask,
    Compare,
    Drop,
    Edit,
    Goto,
    Hide,
    Mask,
    Pick,
    Plan,
    Redo,
    Refresh,
    Reorder,
    Show,
    Step,
    Undo,
    Variations,
)
from agent.safe_text import printable
from agent.terminal.graphics import fits_beside, in_half_cells
from agent.terminal.listings import history, timing
from agent.terminal.picture_layouts import beside, marked, shrunk
from agent.turn.reply import summary
from sessions import Version

RED, GREEN = (200, 0, 0), (0, 200, 0)


def flat(height: int, width: int, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


def test_a_picture_becomes_half_characters() -> None:
    picture = np.concatenate([flat(40, 60, RED), flat(40, 60, GREEN)])
    text = in_half_cells(picture, 12, 10)
    assert text.plain == "\n".join(["▀" * 12] * 8) + "\n"  # as wide as it may be, and square
    (first, last) = (span.style for span in (text.spans[0], text.spans[-1]))
    assert "#c80000 on #c80000" in str(first)
    assert "#00c800 on #00c800" in str(last)
    assert in_half_cells(flat(900, 3, RED), 12, 10).plain == "▀\n" * 10


LAYERS = {
    0: Edit(target="the sofa", prompt="a red sofa", kind="restyle"),
    1: Edit(target="the lamp", prompt="", kind="remove"),
    2: Edit(target="on the rug", prompt="a cat", kind="add"),
}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            Edit(target="sofa", prompt="a brown leather sofa", kind="restyle"),
            "the sofa → a brown leather sofa",
        ),
        (Edit(target="lamp", prompt="", kind="remove"), "remove the lamp"),
        (Edit(target="beside the sofa", prompt="a plant", kind="add"), "add a plant beside the sofa"),
        (Undo(), "undo"),
        (Undo(count=3), "undo 3 versions"),
        (Redo(), "redo"),
        (Goto(version=0), "go back to the base picture"),
        (Goto(version=4), "go to version 4"),
        (Hide(layer=0), "put the sofa back as before"),
        (Hide(layer=1), "bring the lamp back"),
        (Hide(layer=2), "take the cat out"),
        (Hide(layer=7), ""),
        (Show(layer=0), "the sofa → a red sofa again"),
        (Show(layer=1), "remove the lamp again"),
        (Show(layer=0, version=3), "the sofa as in version 3"),
        (Refresh(layer=0), "paint the sofa again"),
        (Drop(layer=0), "delete the change to the sofa"),
        (Reorder(layer=2, to="over", other=0), "move the cat over the sofa"),
        (Reorder(layer=2, to="back"), "move the cat to the back"),
        (Mask(layer=0, how="grow"), "make the mask of the sofa wider"),
        (Mask(layer=0, how="subtract", what="the cat"), "leave the cat out of the mask of the sofa"),
        (Mask(layer=0, how="box", what="0%,0% to 9%,9%"), "the sofa, from 0%,0% to 9%,9%"),
        (Variations(count=4, target="rug", prompt="a wool rug"), "4 variations of the rug → a wool rug"),
        (Variations(), "3 variations"),
        (Pick(index=2), "take variation 2"),
        (Compare(), "compare with the base picture"),
    ],
)
def test_every_step_is_put_into_words(step: Step, words: str) -> None:
    assert summary(Plan(steps=(step, Ask(question="Which one?"))), LAYERS) == words


def test_timing_names_what_took_time() -> None:
    assert (
        timing({"plan": 0.01, "locate": 0.62, "paint": 1.4, "total": 2.12})
        == "2.1 s (finding 0.6, painting 1.4)"
    )
    assert timing({"total": 0.004}) == "0.0 s"
    assert timing({}) == ""


def versions(parents: list[int]) -> list[Version]:
    """The base and one version for each parent that is named."""
    moment = datetime.now(UTC)
    base = Version(0, None, (), (), "", moment)
    return [
        base,
        *(Version(i, parent, (), (), f"sentence {i}", moment) for i, parent in enumerate(parents, 1)),
    ]


def test_a_branch_stands_under_the_version_that_it_left() -> None:
    #  0 ─ 1 ─ 2 ─ 6
    #      └ 3 ─ 5
    #          └ 4
    lines = history(versions([0, 1, 1, 3, 3, 2]), head=2)
    assert lines == [
        "  0  the base picture",
        "  1  sentence 1",
        "  ├─ 3  sentence 3",
        "  │  ├─ 4  sentence 4",
        "  │  5  sentence 5",
        "* 2  sentence 2",
        "  6  sentence 6",
    ]


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_history_has_every_version_once_and_marks_the_head(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 30))
    parents = [data.draw(st.integers(0, number)) for number in range(count)]
    head = data.draw(st.integers(0, count))
    lines = history(versions(parents), head)
    numbers = [int(line.lstrip("* │├─").split()[0]) for line in lines]
    assert sorted(numbers) == list(range(count + 1))
    assert [numbers[i] for i, line in enumerate(lines) if line.startswith("*")] == [head]
    # Nothing comes before what it was made from.
    place = {number: at for at, number in enumerate(numbers)}
    assert all(place[parent] < place[number] for number, parent in enumerate(parents, 1))


def test_a_long_line_of_versions_is_not_indented() -> None:
    lines = history(versions(list(range(500))), head=500)
    assert lines[-1] == "* 500  sentence 500"
    assert lines[250] == "  250  sentence 250"


def test_what_a_terminal_would_obey_is_replaced_and_the_rest_stays() -> None:
    assert (
        printable("a → “b” é 椅子 \N{COUCH AND LAMP} [x]\n\tc")
        == "a → “b” é 椅子 \N{COUCH AND LAMP} [x]\n\tc"
    )
    assert printable("\x1b[2J \r \x7f \x9b \ud800") == "\ufffd[2J \ufffd \ufffd \ufffd \ufffd"


def test_pictures_stand_beside_each_other_at_the_height_of_the_first() -> None:
    row = beside([flat(40, 60, RED), flat(80, 40, GREEN)])
    assert row.shape[0] == 40
    assert (row[:, :60] == RED).all()
    assert (row[:, -20:] == GREEN).all()
    assert (row[:, 60:-20] == 0).all()
    assert row.shape[1] > 80


@pytest.mark.parametrize(
    ("shape", "columns", "rows", "fits"),
    [
        ((256, 256), 80, 16, True),  # as high as the terminal allows, and still half of its width
        ((192, 256), 80, 22, False),
        ((192, 256), 120, 22, True),
        ((100, 1000), 80, 16, False),
        ((1000, 100), 80, 16, True),
    ],
)
def test_two_pictures_are_shown_where_there_is_room(
    shape: tuple[int, int], columns: int, rows: int, fits: bool
) -> None:
    assert fits_beside(shape, columns, rows) is fits


def test_large_pictures_are_shrunk_for_showing() -> None:
    assert shrunk(flat(3024, 4032, RED)).shape == (1200, 1600, 3)
    assert shrunk(flat(1, 5000, RED)).shape == (1, 1600, 3)
    small = flat(10, 20, RED)
    assert shrunk(small) is small


def test_a_mask_is_tinted_and_outlined_and_the_rest_stays() -> None:
    picture = flat(100, 200, GREEN)
    mask = np.zeros((100, 200), np.bool_)
    mask[20:60, 30:90] = True
    shown = marked(picture, mask)
    assert (shown[40, 60] != GREEN).any()
    assert (shown[20, 30] != shown[40, 60]).any()
    assert (shown[:18] == GREEN).all()
    assert (shown[:, 92:] == GREEN).all()
    assert (picture == GREEN).all()


def test_a_mask_over_a_large_picture_lies_where_it_should() -> None:
    mask = np.zeros((2000, 3200), np.bool_)
    mask[:, 1600:] = True
    shown = marked(flat(2000, 3200, GREEN), mask)
    assert shown.shape == (1000, 1600, 3)
    assert (shown[:, :780] == GREEN).all()
    assert (shown[:, 820:] != GREEN).any(axis=2).all()
