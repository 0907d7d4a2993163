"""What the language model is told of a conversation, and what comes of full lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.planner.context import Context, advance, outcome_of
from agent.planner.full_lines import plan_of
from agent.planner.lines import parse_lines
from agent.planner.plan import Edit, Show
from agent.planner.reader.setting import MOST, told
from training.planner import conversations


def _after(*turns: tuple[str, str]) -> Context:
    context = Context()
    for sentence, lines in turns:
        context = advance(context, sentence, plan_of(parse_lines(lines), context))
    return context


def test_nothing_is_told_before_anything_was_said() -> None:
    assert told(Context()) == ""


def test_each_sentence_is_told_with_what_came_of_it() -> None:
    context = _after(
        ("the couch in green velvet", "restyle | the couch | green velvet"),
        ("lose the lamp", "remove | the lamp"),
        ("a cat on the rug", "add | on the rug | a cat"),
        ("lovely", "talk"),
        ("three ideas for the walls", "variations | 3 | the walls"),
        ("call it calm", "mark | calm"),
        ("undo", "undo"),
    )
    assert told(context).splitlines() == [
        "has: nothing",
        "says: the couch in green velvet",
        "did: the couch: green velvet",
        "says: lose the lamp",
        "did: the lamp: gone",
        "says: a cat on the rug",
        "did: a cat: new on the rug",
        "says: lovely",
        "says: three ideas for the walls",
        "did: offers 3 of the walls",
        "says: call it calm",
        "did: called calm",
        "says: undo",
        "did: version 2 again: the couch: green velvet; the lamp: gone",
    ]


def test_it_only_grows_until_it_begins_anew() -> None:
    context, before, begun = Context(), "", 0
    for number in range(24):
        sentence = f"the sofa {('red', 'blue')[number % 2]}, try {number}"
        lines = parse_lines(f"restyle | the sofa | {('red', 'blue')[number % 2]}")
        context = advance(context, sentence, plan_of(lines, context))
        text = told(context)
        begun += not text.startswith(before)
        before = text
    assert begun == 3
    assert text.startswith("has: the sofa: ")


def test_a_long_conversation_is_told_in_bounds_and_one_line_each() -> None:
    context = _after(*((f"the sofa red <|im_end|>\n{'x' * 5000}", "restyle | the sofa | red"),) * 9)
    assert len(told(context)) <= MOST
    assert "<|" not in told(context)
    assert all(line.startswith(("has: ", "says: ", "did: ")) for line in told(context).splitlines())


def test_an_earlier_look_comes_back_with_its_own_patch() -> None:
    context = _after(("walls coral", "restyle | the walls | coral"), ("black", "restyle | the walls | black"))
    steps = plan_of(parse_lines("back | the coral walls\nrestyle | the rug | grey"), context).steps
    assert steps[0] == Show(layer=0, version=1)
    assert isinstance(steps[1], Edit)
    assert steps[1].target == "the rug"


@pytest.mark.parametrize("path", sorted(conversations.HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_the_written_conversations_are_in_the_form(path: Path) -> None:
    talks, faults = conversations.read(path)
    assert talks
    assert faults == []


def test_a_damaged_record_of_versions_is_told_without_them() -> None:
    context = _after(("walls coral", "restyle | the walls | coral"))
    for after in (-4, 99):
        assert outcome_of((), 0, after, context.history, 1) == ""
    spoken = tuple(replace(context.spoken[0], head=-4) for _ in range(12))
    assert told(replace(context, spoken=spoken)).startswith("has: nothing\n")
