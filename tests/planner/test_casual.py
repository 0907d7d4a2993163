"""Casual wishes, told as people talk, and talk that wants nothing."""

from __future__ import annotations

import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.plan import Ask, Edit, Goto, Hide, Look, Pick, Plan, Show, Tell, Undo

PLANNER = BuiltinPlanner()


def said(*sentences: str) -> Plan:
    """The plan of the last of some sentences."""
    context, plan = Context(), Plan()
    for sentence in sentences:
        plan = PLANNER.plan_now(sentence, context)
        context = advance(context, sentence, plan)
    return plan


@pytest.mark.parametrize(
    ("sentence", "kind", "target", "prompt"),
    [
        ("get them tiles white", "restyle", "the tiles", "white tiles"),
        ("rip out them old cupboards", "remove", "the old cupboards", ""),
        ("knock the saturation back on the sofa", "restyle", "the sofa", "a more muted sofa"),
        ("maybe take the shine off the floor", "restyle", "the floor", "a matt floor"),
        ("make that bench white as cotton", "restyle", "the bench", "a white bench"),
        ("make the wall black but not too black", "restyle", "the wall", "a soft black wall"),
        ("swap out the lampshade for smth in brass", "replace", "the lampshade", "a brass lampshade"),
        ("can the mirror be one of those wavy ones", "replace", "the mirror", "a wavy mirror"),
        ("gimme a coffee on the hood", "add", "on the hood", "a coffee"),
        ("it's got to go, that sofa", "remove", "the sofa", ""),
        ("paint them white, those walls", "restyle", "the walls", "white walls"),
        ("tarmac the drive", "restyle", "the drive", "a tarmac drive"),
        ("the trolley ought not to be in view", "remove", "the trolley", ""),
        ("I wonder if we could lose the scaffolding", "remove", "the scaffolding", ""),
        ("the stool's got to go, it was a present", "remove", "the stool", ""),
        ("the hall's too dim; brighten it up a touch", "restyle", "the hall", "a slightly brighter hall"),
        ("tartan on the ottoman tbh, we're Scottish", "restyle", "the ottoman", "a tartan ottoman"),
        ("yo make dat stool pink", "restyle", "the stool", "a pink stool"),
        ("what we need is the same bench but in walnut", "restyle", "the bench", "a walnut bench"),
        ("could we see it with a linen ottoman instead", "restyle", "the ottoman", "a linen ottoman"),
        ("Paint the door a black and white stripe.", "restyle", "the door", "a black and white striped door"),
        ("a brick wall would be nice", "restyle", "the wall", "a brick wall"),
        ("dull that corner, stick a fern in it", "add", "in the corner", "a fern"),
    ],
)
def test_what_is_said_in_its_own_way_is_done(sentence: str, kind: str, target: str, prompt: str) -> None:
    (step,) = said(sentence).steps
    assert isinstance(step, Edit)
    assert (step.kind, step.target, step.prompt) == (kind, target, prompt)


@pytest.mark.parametrize(
    "sentence",
    [
        "imagine a purple fridge, my landlord would cry",
        "The bench in our shop window got replaced by a longer one on Friday.",
        "If I had the time I would throw the whole lot out and begin again, but there we are.",
        "you should have seen it before, the walls were orange",
        "they wouldn't let me take the fireplace out because it's listed",
        "the kids drew on the wall with crayon, bless them",
        "what, remove the fireplace? are you mad?",
        "hmm do I want the curtains gone, I really can't tell",
        "if the council sees that fence they'll have it down",
        "if it were up to me there'd be no ceiling lights in the world",
        "put the kettle on love, I'm nearly done",
        "hmm the sofa in red... no idea",
        "do you think black candles are bad luck?",
        "would a lighter floor show the dirt more?",
        "the plumber reckons the bath has to come out",
    ],
)
def test_talk_changes_nothing(sentence: str) -> None:
    assert all(isinstance(step, Ask | Tell | Look) for step in said(sentence).steps)


def test_everything_but_one_thing_goes_back() -> None:
    plan = said("make the bed pink", "make the rug teal", "Everything but the bed can go back to how it was")
    assert plan.steps == (Hide(layer=1),)


def test_a_step_again_is_a_step_and_takes_nothing_back() -> None:
    (step,) = said("make the cabinets sage", "the cabinets lighter again").steps
    assert isinstance(step, Edit)
    assert step.prompt == "lighter sage cabinets"


def test_half_of_a_step_is_the_step_taken_back_and_a_smaller_one() -> None:
    undone, step = said("make the walls much darker", "Too much. Half of that.").steps
    assert undone == Undo(count=1)
    assert isinstance(step, Edit)
    assert step.prompt == "darker walls"


def test_half_of_a_colour_is_asked_about() -> None:
    (step,) = said("make the walls navy", "too much. half that").steps
    assert isinstance(step, Ask)


@pytest.mark.parametrize(
    "sentence", ["Nah, wood was nicer, put it how it was", "the wood looked better, change it back"]
)
def test_the_look_that_was_nicer_is_there_again(sentence: str) -> None:
    assert said("make the floor wood", "make the floor concrete", sentence).steps == (
        Show(layer=0, version=1),
    )


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("The middle one's the winner", 2),
        ("first one's my favourite by far", 1),
        ("second one hands down", 2),
        ("3 is the keeper", 3),
        ("the one on the left", 1),
    ],
)
def test_the_winner_is_picked(sentence: str, number: int) -> None:
    assert said("show me three versions of a green sofa", sentence).steps == (Pick(index=number),)


@pytest.mark.parametrize("sentence", ["Never mind, back to how we had it", "put it how I had it"])
def test_how_we_had_it_is_as_it_was(sentence: str) -> None:
    (step,) = said("make the sofa green", sentence).steps
    assert isinstance(step, Undo | Hide)


def test_everything_back_to_normal_is_the_original() -> None:
    plan = said("make the sofa green", "make the rug red", "everything back to normal please")
    assert plan.steps == (Goto(version=0),)


@pytest.mark.parametrize(
    "sentence", ["you know what, leave it in", "it can stay", "aw the kids'll be gutted, put it back"]
)
def test_what_was_just_taken_away_stays(sentence: str) -> None:
    assert said("remove the lamp", sentence).steps == (Hide(layer=0),)


def test_it_can_stay_takes_no_look_back() -> None:
    assert not said("make the lamp red", "it can stay").steps


def test_a_pattern_just_given_is_taken_off_and_not_out_of_the_picture() -> None:
    assert said("make the rug striped", "lose the stripes").steps == (Hide(layer=0),)


def test_not_there_puts_it_elsewhere() -> None:
    hidden, step = said("put a globe on the shelf", "not there, on the desk").steps
    assert hidden == Hide(layer=0)
    assert isinstance(step, Edit)
    assert (step.kind, step.target, step.prompt) == ("add", "on the desk", "a globe")


def test_both_are_the_two_things_that_were_spoken_of() -> None:
    plan = said("make the tiles terracotta", "make the plates white", "both of them a shade lighter")
    assert [step.target for step in plan.steps if isinstance(step, Edit)] == ["the tiles", "the plates"]


@pytest.mark.parametrize(
    ("sentence", "prompt"),
    [
        ("ok calm it down a notch", "slightly more muted orange curtains"),
        ("tone it right down", "more muted orange curtains"),
        ("bring it down two shades", "two shades darker orange curtains"),
        ("lovely, but a touch darker", "slightly darker orange curtains"),
    ],
)
def test_how_far_it_is_to_go_is_a_step(sentence: str, prompt: str) -> None:
    (step,) = said("make the curtains orange", sentence).steps
    assert isinstance(step, Edit)
    assert step.prompt == prompt
