"""What sounds like a wish to take something away and is none."""

from __future__ import annotations

import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.plan import Ask, Edit, Undo

PLANNER = BuiltinPlanner()


@pytest.mark.parametrize(
    "sentence",
    [
        "don't you dare remove the rug",
        "do not even think of removing the rug",
        "please never ever delete that lamp",
        "who removed the rug?",
        "what happens if I remove the rug?",
        "would it be better without the rug?",
        "is it hard to remove a sofa?",
        "are you able to remove people from photos?",
        "I removed the rug at home",
        "my sister threw her sofa out",
        "would undoing one thing also lose the others?",
        "when I took the curtains down last spring I found a wasp nest behind them",
        "my son once undid all the varnishing I'd put on the table, with nail polish remover",
        "the cat scratched the sofa to bits and I had it reupholstered in leather",
        "nobody needs that many cushions",
        "I was thinking about taking the curtains down, but I'm not sure yet.",
        "Yesterday my cat tore down the curtains and I had to throw them away.",
        "A friend of mine painted her walls black and regretted it.",
        "Can you even remove people from a picture?",
        "too many cushions!",
        "not enough light",
    ],
)
def test_nothing_is_taken_away_or_painted(sentence: str) -> None:
    plan = PLANNER.plan_now(sentence, Context())
    assert plan.say
    assert all(isinstance(step, Ask) for step in plan.steps)


@pytest.mark.parametrize(
    ("sentence", "thing"),
    [
        ("why don't you remove the rug?", "the rug"),
        ("can you remove the rug?", "the rug"),
        ("could you take the lamp out?", "the lamp"),
        ("what if we removed the sofa?", "the sofa"),
        ("we sold the left armchair, remove it", "the left armchair"),
        ("I don't like the lamp, remove it", "the lamp"),
        ("my wife says the lamp has to go", "the lamp"),
    ],
)
def test_a_wish_to_take_something_away_is_carried_out(sentence: str, thing: str) -> None:
    (step,) = PLANNER.plan_now(sentence, Context()).steps
    assert isinstance(step, Edit)
    assert (step.kind, step.target) == ("remove", thing)


def test_yes_to_a_question_about_a_removal_removes() -> None:
    question = "would it be better without the rug?"
    context = advance(Context(), question, PLANNER.plan_now(question, Context()))
    (step,) = PLANNER.plan_now("yes", context).steps
    assert isinstance(step, Edit)
    assert (step.kind, step.target) == ("remove", "the rug")


def test_the_last_of_several_is_no_story() -> None:
    (step,) = PLANNER.plan_now("last cushion in red", Context()).steps
    assert isinstance(step, Edit)
    assert (step.kind, step.prompt) == ("restyle", "a red cushion")


@pytest.mark.parametrize("sentence", ["scrap that", "bin it", "forget that change", "trash that one"])
def test_what_was_just_done_is_scrapped_and_not_the_thing(sentence: str) -> None:
    wish = "make the rug red"
    context = advance(Context(), wish, PLANNER.plan_now(wish, Context()))
    assert PLANNER.plan_now(sentence, context).steps == (Undo(count=1),)


def test_that_colour_but_lighter_is_of_what_was_spoken_of() -> None:
    wish = "make the sofa turquoise"
    context = advance(Context(), wish, PLANNER.plan_now(wish, Context()))
    (step,) = PLANNER.plan_now("the walls in that colour too but much lighter", context).steps
    assert isinstance(step, Edit)
    assert (step.target, step.prompt) == ("the walls", "much lighter turquoise walls")


@pytest.mark.parametrize("sentence", ["make the rug we could", "not enough of it"])
def test_words_that_are_no_look_are_asked_about(sentence: str) -> None:
    wish = "make the sofa turquoise"
    context = advance(Context(), wish, PLANNER.plan_now(wish, Context()))
    plan = PLANNER.plan_now(sentence, context)
    assert all(isinstance(step, Ask) for step in plan.steps)


@pytest.mark.parametrize(
    ("colour", "steps"),
    [("red", ["a less red red sofa"]), ("turquoise", ["a less turquoise turquoise sofa"])],
)
def test_too_much_of_a_colour_is_less_of_it(colour: str, steps: list[str]) -> None:
    wish = f"make the sofa {colour}"
    context = advance(Context(), wish, PLANNER.plan_now(wish, Context()))
    plan = PLANNER.plan_now(f"no that's too much {colour}", context)
    assert [step.prompt for step in plan.steps if isinstance(step, Edit)] == steps
