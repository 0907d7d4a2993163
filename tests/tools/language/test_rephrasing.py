"""Sentences in the words that the planner reads: unwanted patterns, codes, colours of other things."""

from __future__ import annotations

import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context
from agent.planner.plan import Ask, Edit
from tools.language.looks import read_look
from tools.language.rephrasing import no_colour_code, rephrased

PLANNER = BuiltinPlanner()


def edit_of(sentence: str) -> Edit:
    (step,) = PLANNER.plan_now(sentence, Context()).steps
    assert isinstance(step, Edit), step
    return step


@pytest.mark.parametrize(
    ("sentence", "target", "prompt"),
    [
        ("make the armchair mustard velvet, no stripes", "the armchair", "a plain mustard velvet armchair"),
        ("make the sofa plain red velvet, no stripes", "the sofa", "a plain red velvet sofa"),
        ("the striped pouf in brown leather", "the striped pouf", "a brown leather pouf"),
        ("make the striped sofa red", "the striped sofa", "a red striped sofa"),
        ("remove the stripes from the armchair", "the armchair", "a plain armchair"),
        ("get rid of the pattern on the rug", "the rug", "a plain rug"),
        ("no polka dots on the cushion please", "the cushion", "a plain cushion"),
        ("the curtains without the checks", "the curtains", "plain curtains"),
        ("paint the sofa in the blue of the bed", "the sofa", "a sofa the colour of the bed"),
        ("paint the wall in the sofa's red", "the wall", "a wall the colour of the sofa"),
        ("make the armchair yellow #ffcc00", "the armchair", "a #ffcc00 armchair"),
        ("paint the walls navy (#001f3f) please", "the walls", "#001f3f walls"),
        ("make the wall cadet blue", "the wall", "a cadet blue wall"),
        ("turn the rug air force blue", "the rug", "an air force blue rug"),
        ("make the vase pillar box red", "the vase", "a pillar box red vase"),
        ("the side table should be golden rod", "the side table", "a golden rod side table"),
        ("tone down the red of the sofa", "the sofa", "a more muted sofa"),
    ],
)
def test_what_is_meant_is_planned(sentence: str, target: str, prompt: str) -> None:
    step = edit_of(sentence)
    assert (step.target, step.prompt, step.kind) == (target, prompt, "restyle")


def test_a_code_beside_a_name_is_the_colour() -> None:
    step = edit_of("make the armchair yellow #ffcc00")
    assert read_look(step.prompt, step.target).value == read_look("#ffcc00").value


@pytest.mark.parametrize("code", ["#12345z", "#ff00zz", "#1234567"])
def test_what_is_no_colour_code_is_asked_about(code: str) -> None:
    (step,) = PLANNER.plan_now(f"make the sofa {code}", Context()).steps
    assert isinstance(step, Ask)
    assert code in step.question


@pytest.mark.parametrize(
    "sentence",
    ["go back to #3", "version #12", "open room#12.png", "make it #fc0", "make it #FFCC00", "look at #sofa"],
)
def test_numbers_files_and_good_codes_are_no_fault(sentence: str) -> None:
    assert no_colour_code(sentence) == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "remove the flowers from the table",
        "remove the prints from the wall",
        "make the blue of the bed darker",
        "paint the yellow vase #fff",
        "hang a picture without a frame above the sofa",
        "make the rose pink",
        "undo that",
    ],
)
def test_other_sentences_stay_as_they_are(sentence: str) -> None:
    assert rephrased(sentence) == sentence


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("make the rug 10 % darker", "make the rug a bit darker"),
        ("like 20% lighter", "lighter"),
        ("50 percent less red", "much less red"),
        ("swap em back", "swap them back"),
        ("both pics in gold, blur the bg", "both pictures in gold, blur the background"),
        ("save it as pic.png", "save it as pic.png"),
        ("make it 30% bigger", "make it 30% bigger"),
        ("100% cotton curtains", "100% cotton curtains"),
        ("lay oak parquet on the floor instead of the concrete", "make the floor oak parquet"),
        ("now put white marble tiles on the back wall", "now make the back wall white marble tiles"),
        ("put oak floorboards down", "make the floor oak"),
        ("put a tile on the wall", "put a tile on the wall"),
        ("get the clock down from the wall", "remove the clock"),
        ("brick up the window, I don't want it", "remove the window"),
        ("add a tall plant next to the sofa, on its right", "add a tall plant to the right of the sofa"),
        ("put a plant next to the sofa on the left", "put a plant next to the sofa on the left"),
        ("put the oak table on the floor", "put the oak table on the floor"),
    ],
)
def test_what_is_said_in_another_way_is_read_in_the_usual_words(said: str, meant: str) -> None:
    assert rephrased(said) == meant
