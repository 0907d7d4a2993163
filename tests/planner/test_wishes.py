"""What only sounds like a wish is asked about; "yes" carries it out, and what is a wish is done."""

from __future__ import annotations

import pytest

from agent.planner.builtin import DOUBT, BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.plan import Ask, Edit, Plan, Undo

PLANNER = BuiltinPlanner()


def said(*sentences: str) -> Plan:
    """The plan of the last of some sentences."""
    context, plan = Context(), Plan()
    for sentence in sentences:
        plan = PLANNER.plan_now(sentence, context)
        context = advance(context, sentence, plan)
    return plan


@pytest.mark.parametrize(
    "sentences",
    [
        ("My husband wants to throw out the armchair, but I'm keeping it.",),
        ("Gosh, getting rid of that table really opened up the room!",),
        ("make the sofa pink", "paint the walls mint", "I nearly asked you to undo that, but no, it's good."),
        ("I'm not sure whether a darker floor would make the room feel smaller.",),
    ],
)
def test_what_only_sounds_like_a_wish_changes_nothing(sentences: tuple[str, ...]) -> None:
    plan = said(*sentences)
    assert all(isinstance(step, Ask) for step in plan.steps), plan


def test_yes_carries_out_what_was_doubted_and_no_does_not() -> None:
    story = "My husband wants to throw out the armchair, but I'm keeping it."
    assert said(story).say.startswith(DOUBT)
    (step,) = said(story, "yes").steps
    assert isinstance(step, Edit)
    assert (step.kind, step.target) == ("remove", "the armchair")
    assert not said(story, "no").steps


@pytest.mark.parametrize(
    ("sentence", "kind", "target"),
    [
        ("The cat got into the shot, please take the cat out of it.", "remove", "the cat"),
        ("Honestly I have had enough of that lamp, get rid of it for me", "remove", "lamp"),
        ("my nan would have loved this sofa in a deep red, so let's do that", "restyle", "sofa"),
        ("remove the rug", "remove", "the rug"),
    ],
)
def test_a_wish_in_many_words_is_carried_out(sentence: str, kind: str, target: str) -> None:
    (step,) = said(sentence).steps
    assert isinstance(step, Edit)
    assert step.kind == kind
    assert target in step.target


def test_an_undo_is_still_an_undo() -> None:
    (step,) = said("make the sofa pink", "ok that looks horrendous, go back one").steps
    assert isinstance(step, Undo)
