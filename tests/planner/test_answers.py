"""What the record of a conversation answers and brings back: the pure parts, by what they come to."""

from __future__ import annotations

import numpy as np
import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.dialogue import history, questions
from agent.planner.plan import Goto, Hide, Plan, Save, Show, Tell, Undo
from agent.planner.resolve.conversation_record import layers_told, nth_told, saves_told, versions_told
from agent.turn.pending_edit import PendingEdit
from agent.turn.state import Offers
from agent.turn.suggestions import APART, suited
from tests.support.talking_room import THINGS, room
from tests.turn.test_conversations import in_words
from tools.language.colours import described, distance, oklab, value_of

PLANNER = BuiltinPlanner()


def after(*sentences: str) -> Context:
    """The conversation after some sentences, each carried out."""
    context = Context()
    for sentence in sentences:
        context = advance(context, sentence, PLANNER.plan_now(sentence, context))
    return context


def steps(sentence: str, context: Context) -> list[str]:
    return [in_words(step) for step in PLANNER.plan_now(sentence, context).steps]


TALKED = after(
    "make the sofa teal", "call this one harbour", "make the sofa brown", "paint both armchairs pink",
    "save it as late.png", "remove the lamp and both pictures", "make the walls cream",
)  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("hm, harbour was better after all, go there", ["goto 1"]),
        ("right then: back to harbour, please", ["goto 1"]),
        ("late.png was nicer", ["goto 3"]),
        ("take me back to the one I saved first", ["goto 3"]),
        ("back to the teal one", ["goto 1"]),
        ("checkout 2", ["goto 2"]),
        ("undo x3", ["undo 3"]),
        ("sofa back to how it was", ["hide 0"]),
        ("the left armchair as it was, but leave the other one", ["mask 1 subtract the left armchair"]),
        ("oh no, wait, keep the lamp", ["hide 2"]),
        ("grandad wants the green one, put that back", ["mask 3 subtract the green picture"]),
        ("the same again but with the lamp", ["hide 2"]),
        ("could I see the teal again?", ["show 0 of 1"]),
        ("everything as at the beginning but keep the walls", ["hide 0", "hide 1", "hide 2", "hide 3"]),
        ("put the very first thing I changed back as it was", ["hide 0"]),
        ("chuck the rug. actually no, keep it, make the table white", ["restyle the table -> a white table"]),
    ],
)  # fmt: skip
def test_what_goes_back(sentence: str, wanted: list[str]) -> None:
    assert steps(sentence, TALKED) == wanted


@pytest.mark.parametrize(
    "sentence",
    [
        "make the rug harbour blue",
        "what is harbour?",
        "the walls in a warmer cream",
        "put a lamp back there in the corner",
        "call it late harbour",
        "keep the colours calm and make the rug beige",
    ],
)
def test_what_only_sounds_like_it_goes_nowhere(sentence: str) -> None:
    going = (Goto, Undo, Show, Hide)
    assert not any(isinstance(step, going) for step in PLANNER.plan_now(sentence, TALKED).steps)


@pytest.mark.parametrize(
    ("sentence", "step"),
    [
        ("what colour was the sofa originally?", Tell(about="the sofa", asked="colour", version=0)),
        ("in harbour, what colour was the sofa?", Tell(about="the sofa", asked="colour", version=1)),
        ("what colour was the sofa before?", Tell(about="the sofa", asked="colour", version=1)),
        ("is the left armchair pink now?", Tell(about="the left armchair", asked="so", look="pink")),
        ("is the mirror still there?", Tell(about="the mirror", asked="there")),
        ("so tell me what I have changed so far", Tell()),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_picture(sentence: str, step: Tell) -> None:
    assert PLANNER.plan_now(sentence, TALKED).steps == (step,)


@pytest.mark.parametrize(
    "sentence",
    [
        "could the sofa be teal?",
        "what about a teal sofa?",
        "how would the walls look in green?",
        "is it possible to have the walls darker?",
        "would brass suit the table?",
    ],
)
def test_a_wish_is_no_question(sentence: str) -> None:
    assert questions.read(sentence, TALKED) is None


def test_the_record_is_told_truly() -> None:
    assert nth_told(1, TALKED).startswith("The first was: sofa → a teal sofa (version 1)")
    assert "walls → cream walls (version 5)" in nth_told(-1, TALKED)
    assert "lamp removed" in nth_told(1, TALKED, kind="remove")
    assert "armchairs" in nth_told(1, TALKED, among=("the walls", "the armchairs"))
    assert nth_told(1, Context()) == "Nothing was changed so far."
    assert layers_told(TALKED).startswith("Five layers: 0 sofa → a brown sofa; 1 both armchairs")
    assert saves_told(TALKED) == "Not as it is now: late.png is version 3, and this is version 5."
    assert saves_told(advance(TALKED, "", Plan(steps=(Goto(version=3),)))).startswith("Yes, as late.png")
    assert saves_told(Context()) == "No, nothing is saved yet."
    told = versions_told(TALKED, listed=True)
    assert "1 sofa → a teal sofa (“harbour”)" in told
    assert "3 both armchairs → pink armchairs (saved as late.png)" in told


def test_where_one_just_was() -> None:
    gone = advance(TALKED, "back to harbour", Plan(steps=(Goto(version=1),)))
    assert steps("take me back to where I just was", gone) == ["goto 5"]
    assert gone.visited[-2:] == (5, 1)


def test_a_layer_as_it_was_in_a_version() -> None:
    again = advance(TALKED, "", Plan(steps=(Show(layer=0, version=1),)))
    assert (again.layers[0].prompt, again.versions) == ("a teal sofa", 6)
    nothing = advance(TALKED, "", Plan(steps=(Show(layer=4, version=1),)))  # it was not there then
    assert nothing.versions == 5


def test_saves_are_remembered_with_their_version() -> None:
    saved = advance(TALKED, "", Plan(steps=(Save(path="old.png", version=2), Save(path="new.png"))))
    assert saved.saves[-2:] == (("old.png", 2), ("new.png", 5))
    assert history.names_of(saved)["old"] == 2


def test_another_variation_takes_the_place_of_the_one_before() -> None:
    edits = tuple(
        PendingEdit(target="the rug", prompt=f"a {look} rug", kind="restyle") for look in ("red", "blue")
    )
    offers = Offers(version=3, edits=edits, picked=((4, 7), (5, 7)))
    assert [offers.are_on_offer(head) for head in (2, 3, 4, 5, 6)] == [False, True, True, True, False]
    assert [piece.layer for piece in offers.at(3)] == [None, None]
    assert [piece.layer for piece in offers.at(5)] == [7, 7]


def test_suggestions_are_apart_from_each_other_and_from_what_is_there() -> None:
    picture = room()
    for number, (name, _, (x0, y0, x1, y1)) in enumerate(THINGS):
        mask = np.zeros(picture.shape[:2], bool)
        mask[y0:y1, x0:x1] = True
        own = tuple(np.median(oklab(picture[mask].astype(float)), axis=0))
        names = suited(picture, mask, 3)
        values = [value_of(each) for each in names]
        assert len(set(names)) == 3, (number, name, names)
        pairs = [(own, each) for each in values] + [
            (one, other) for at, one in enumerate(values) for other in values[:at]
        ]
        assert all(distance(one, other) >= APART for one, other in pairs if one and other), (name, names)


def test_a_colour_is_called_by_a_word_that_people_have() -> None:
    def of(*rgb: int) -> str:
        return described(tuple(float(each) for each in oklab(np.array([rgb], float))[0]))

    assert "brown" in of(140, 85, 45)
    assert "blue" in of(60, 80, 150)
    assert "purple" in of(120, 40, 90)
    assert "grey" in of(128, 128, 128)
    assert "white" in of(250, 250, 250)
