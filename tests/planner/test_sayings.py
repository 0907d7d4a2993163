"""How layers, masks, versions and looking are spoken of, and what is no such sentence."""

from __future__ import annotations

import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.dialogue.asides import without_asides
from agent.planner.plan import Plan
from tests.turn.test_conversations import in_words

PLANNER = BuiltinPlanner()
BEFORE = (
    "make the rug red", "walls green", "make the sofa red", "put a plant in the corner",
    "make the cushions blue", "call this one warm", "make the sofa blue",
)  # fmt: skip


def after(*sentences: str) -> Context:
    """The conversation after some sentences, each carried out."""
    context = Context()
    for sentence in sentences:
        context = advance(context, sentence, PLANNER.plan_now(sentence, context))
    return context


TALKED = after(*BEFORE)
OFFERED = after(*BEFORE, "show me four versions of a green rug")


def planned(sentence: str, context: Context = TALKED) -> Plan:
    return PLANNER.plan_now(sentence, context)


@pytest.mark.parametrize(
    ("sentence", "steps"),
    [
        ("Drop the rug layer, please", ["drop 0"]),
        ("delete the layer with the plant", ["drop 3"]),
        ("throw the second change away for good", ["drop 1"]),
        ("discard layer 2", ["drop 2"]),
        ("could you bring the rug to the front?", ["reorder 0 front"]),
        ("put the cushions on top", ["reorder 4 front"]),
        ("move the rug layer below the sofa", ["reorder 0 under 2"]),
        ("send the plant behind the sofa", ["reorder 3 under 2"]),
        ("a bit tighter around the edges", ["mask 2 shrink 0.5"]),
        ("the mask of the rug is too small", ["mask 0 grow 1"]),
        ("there's still some of the old colour at the edges", ["mask 2 grow 1"]),
        ("leave out the table", ["mask 2 subtract the table"]),
        ("you forgot the armrest", ["mask 2 add the armrest"]),
        ("invert the selection", ["mask 2 invert"]),
        ("from 10%,40% to 30%,90%", ["mask 2 box 10%,40% to 30%,90%"]),
        ("from 10,40 to 300,90 make it red",
         ["restyle the area -> a red area within 10,40 to 300,90"]),
        ("with corner-mask.png remove it", ["remove what is there within corner-mask.png"]),
        ("how does it differ from warm", ["differ 5"]),
        ("where exactly is the cat?", ["look place the cat"]),
        ("what exactly have you selected", ["look mask the sofa [2]"]),
        ("let me see the original for a second", ["look version 0"]),
        ("show me version 2", ["look version 2"]),
        ("show me the lamp", ["look zoom the lamp"]),
        ("what can you see in the picture", ["look things"]),
        ("back to when the sofa was still red", ["goto 5"]),
        ("go to the version with the red sofa", ["goto 5"]),
        ("take me back to before the walls", ["goto 1"]),
        ("not the sofa, the armchair", ["undo 1", "restyle the armchair -> a blue armchair"]),
        ("no, rug", ["undo 1", "restyle [0] the rug -> a blue rug"]),
        ("only show the plant", ["hide 0", "hide 1", "hide 2", "hide 4"]),
        ("switch the plant's layer off", ["hide 3"]),
        ("paint it again", ["refresh 2"]),
        ("load ~/pics/old room.png", ["open ~/pics/old room.png"]),
        ("remember this under cosy so I can come back", ["mark cosy"]),
        ("make the sofa green and save it as b.png", ["restyle [2] the sofa -> a green sofa", "save b.png"]),
        ("save it as a.png and make the sofa green", ["save a.png", "restyle [2] the sofa -> a green sofa"]),
        ("drop the rug layer, then make the rug grey", ["drop 0", "restyle the rug -> a grey rug"]),
        ("zoom in on the plant and remove the plant", ["look zoom the plant", "hide 3"]),
        ("compare version 2 and 3", ["compare 2 3"]),
        ("go back to the red sofa", ["goto 5"]),
        ("can you show me where the plant is", ["look place the plant"]),
        ("get rid of the last layer", ["drop 4"]),
        ("make the rug the colour of photo.jpg", ["restyle [0] the rug -> a rug the colour of photo.jpg"]),
        ("the armchair in the same colour as in 'my photo.png'",
         ["restyle the armchair -> an armchair the colour of my photo.png"]),
    ],
)  # fmt: skip
def test_it_is_read_as_it_is_meant(sentence: str, steps: list[str]) -> None:
    assert [in_words(step) for step in planned(sentence).steps] == steps


@pytest.mark.parametrize(
    ("sentence", "steps"),
    [
        ("four more like number 3", ["variations 4 the rug -> a green rug (like 3)"]),
        ("two more like the last", ["variations 2 the rug -> a green rug (like 4)"]),
        ("none of these", ["variations 4 the rug -> a green rug (like 0)"]),
        ("the second but in blue", ["pick 2 -> a blue rug"]),
        ("more like number 9", ["ask"]),
    ],
)
def test_what_is_on_offer_is_gone_on_from(sentence: str, steps: list[str]) -> None:
    assert [in_words(step) for step in planned(sentence, OFFERED).steps] == steps


@pytest.mark.parametrize(
    "sentence",
    [
        "put a cat behind the sofa", "put the plant behind the sofa", "push the plant to the front",
        "open the curtains", "make the edges of the rug red", "draw a mask on the wall", "drop the lamp",
        "delete the sofa", "show me the rug in white", "highlight the sofa in yellow", "mark the sofa grey",
        "a bit more red", "also the armchair", "a different colour", "the frame is too small", "no, darker",
        "in the colour of the walls", "the sofa stays but the rug goes", "put photo.jpg on the wall",
        "use photo.jpg for the sofa", "load the shelf with books", "save the plant",
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_is_something_else(sentence: str) -> None:
    acts = {"drop", "reorder", "mask", "look", "open", "compare", "save", "mark", "goto"}
    assert not acts & {step.do for step in planned(sentence).steps}


def test_what_keeps_its_place_is_not_repainted() -> None:
    for sentence in ("the floor stays", "from now on leave the cat alone"):
        plan = planned(sentence)
        assert plan.steps == ()
        assert "I leave the" in plan.say


@pytest.mark.parametrize(
    ("sentence", "wish"),
    [
        ("save it pls, my tea's going cold", "save it pls"),
        ("zoom right in on the handle, I think theres a smudge", "zoom in on the handle"),
        ("zoom in on the earring a sec", "zoom in on the earring"),
        ("take out the cars, somebody has to bring the bread", "take out the cars"),
        ("leave the portrait alone, now and henceforth", "leave the portrait alone"),
        ("paint the gate black, the neighbours would only moan", "paint the gate black"),
        ("make the wall blue, my sofa is to be red", "make the wall blue, my sofa is to be red"),
        ("hide the pillar for a moment", "hide the pillar for a moment"),
    ],
)
def test_what_is_said_behind_a_wish_is_no_wish(sentence: str, wish: str) -> None:
    assert without_asides(sentence, Context()) == wish
