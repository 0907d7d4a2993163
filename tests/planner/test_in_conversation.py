"""Sentences that only their conversation tells the meaning of, read by the language model that is told it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import pocket
from agent.planner.builtin import DOUBT, BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.frames import Frame
from agent.planner.full_lines import plan_of
from agent.planner.lines import parse_line, parse_lines
from agent.planner.plan import Edit, Plan
from agent.planner.reader import NOTHING, Reading
from agent.planner.reader.choice import Chosen, is_far_fetched
from agent.planner.reader.language_model import InProcess, LanguageModel
from agent.planner.reader.setting import told

MODEL = LanguageModel(InProcess(pocket.weights("language-model")))
there = pytest.mark.skipif(bool(MODEL.lacks), reason=f"without {MODEL.lacks}")


def _after(*turns: tuple[str, str]) -> Context:
    context = Context()
    for sentence, lines in turns:
        context = advance(context, sentence, plan_of(parse_lines(lines), context))
    return context


RUG_AND_SOFA = _after(
    ("the rug green", "restyle | the rug | green"),
    ("sofa in brown leather", "restyle | the sofa | brown leather"),
)


@there
@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("and the armchairs", ["restyle | the armchairs | brown leather", "same | the armchairs | the sofa"]),
        ("no, darker", ["restyle | the sofa | darker"]),
        ("undo the rug", ["revert | the rug"]),
        ("lovely, thank you", ["talk"]),
    ],
)
def test_it_names_what_the_conversation_tells(sentence: str, lines: list[str]) -> None:
    reading = MODEL.read_in(told(RUG_AND_SOFA), sentence)
    said = [str(line) for line in reading.lines if line.act != "no"]
    assert len(said) == 1
    assert said[0] in lines
    assert 0.2 < reading.confidence <= 1


@there
def test_it_says_the_same_whatever_else_was_asked_meanwhile() -> None:
    first = MODEL.read_in(told(RUG_AND_SOFA), "and the armchairs")
    MODEL.read("make the walls blue")
    MODEL.read_in(told(_after(("walls blue", "restyle | the walls | blue"))), "no, lighter")
    again = MODEL.read_in(told(RUG_AND_SOFA), "and the armchairs")
    assert again.lines == first.lines
    assert again.confidence == pytest.approx(first.confidence, abs=0.05)


@there
def test_what_was_read_ahead_is_not_read_again() -> None:
    """While the user looks at the picture the conversation is read, also where its text begins anew."""
    turns = [("desk in oak", "restyle | the desk | oak"), ("a lilac lamp", "restyle | the lamp | lilac")]
    context, writer = _after(*turns * 5), InProcess(pocket.weights("language-model"))
    model = LanguageModel(writer)
    planner = BuiltinPlanner(Chosen(second=model))
    planner.read_ahead(context)
    for thread in threading.enumerate():
        if thread.name == "reading ahead":
            thread.join()
    assert writer.tokens_read > 40
    assert model.read_in(told(context), "and the armchairs").lines
    assert writer.tokens_read < 15


class _Told:
    """A second reader that knows nothing of a sentence alone, and is so sure of lines in a conversation."""

    is_there = True

    def __init__(self, lines: str, sure: float) -> None:
        self._lines, self._sure = parse_lines(lines), sure

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        del sentence
        return (Frame("ask", confidence=0.0),)

    def read_in(self, told: str, sentence: str) -> Reading:
        del told, sentence
        return Reading(self._lines, self._sure)

    def read_ahead(self, told: str) -> None:
        del told


def _plan(sentence: str, lines: str, sure: float) -> Plan:
    planner = BuiltinPlanner(Chosen(second=_Told(lines, sure)))
    return planner.plan_now(sentence, RUG_AND_SOFA)


NOT_UNDERSTOOD = "orange isnt right. whatever it was before"


def test_what_nobody_else_understands_is_believed() -> None:
    (step,) = _plan("the thing we began with, mustard", "restyle | the rug | mustard", 0.5).steps
    assert isinstance(step, Edit)
    assert (step.target, step.prompt, step.layer) == ("the rug", "a mustard rug", 0)


def test_what_it_alone_would_take_is_asked_about_and_done_on_yes() -> None:
    planner = BuiltinPlanner(Chosen(second=_Told("revert | the rug", 0.5)))
    asked = planner.plan_now(NOT_UNDERSTOOD, RUG_AND_SOFA)
    assert asked.say == f"{DOUBT}rug: as it was?"
    assert [step.do for step in asked.steps] == ["ask"]
    done = planner.plan_now("yes", advance(RUG_AND_SOFA, NOT_UNDERSTOOD, asked))
    assert [step.do for step in done.steps] == ["hide"]


def test_it_takes_what_it_is_sure_of() -> None:
    assert [step.do for step in _plan(NOT_UNDERSTOOD, "revert | the rug", 0.9).steps] == ["hide"]


def test_a_certain_reader_is_not_overruled() -> None:
    (step,) = _plan("make the walls blue", "remove | the walls", 1.0).steps
    assert isinstance(step, Edit)
    assert (step.target, step.kind) == ("the walls", "restyle")


@pytest.mark.parametrize(
    ("line", "sentence", "far"),
    [
        ("restyle | the armchair | green", "recolour the armchair", True),
        ("restyle | the armchair | green", "the armchair too", False),
        ("restyle | the armchair | green", "a green armchair", False),
        ("mask | subtract | the second wall", "take the second", True),
        ("mask | subtract | the frame", "the mask without the frame", False),
        ("save | the plant", "save the plant", True),
        ("save", "save it all", False),
        ("order | the rug | behind the sofa", "the rug goes there", True),
    ],
)
def test_what_the_sentence_does_not_ask_for_is_far_fetched(line: str, sentence: str, far: bool) -> None:
    assert is_far_fetched([parse_line(line)], sentence) is far


def test_without_its_adapter_conversations_are_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "adapter.gguf").symlink_to(pocket.weights("language-model") / "adapter.gguf")
    writer = InProcess(tmp_path)
    assert not writer.knows_conversations
    assert LanguageModel(writer).read_in(told(RUG_AND_SOFA), "and the armchairs") == NOTHING
