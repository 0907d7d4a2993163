"""Whose reading counts, the network's or the language model's: what is never guessed, asked, said."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.frames import Frame
from agent.planner.lines import parse_line
from agent.planner.plan import Ask, Edit, Plan
from agent.planner.reader import NOTHING, Reading
from agent.planner.reader.caution import takes
from agent.planner.reader.choice import Chosen, choose
from agent.planner.reader.framing import frames_of
from agent.planner.resolve.resolver import resolve
from pocket.rooms.vocabulary import KINDS

RED = (Frame("edit", "restyle", target="the sofa", prompt="red"),)
BLUE = (Frame("edit", "restyle", target="the sofa", prompt="blue"),)
GONE = (Frame("edit", "remove", target="the sofa"),)
HIDDEN = (Frame("hide", target="the sofa"),)
BACK = (Frame("undo", number=1),)
ASKS = (Frame("ask"),)
TALKS = (Frame("talk"),)


def _sure(frames: tuple[Frame, ...], confidence: float) -> tuple[Frame, ...]:
    return tuple(replace(frame, confidence=confidence) for frame in frames)


def _chosen(read: tuple[Frame, ...], sure: float, other: tuple[Frame, ...], less: float) -> tuple[Frame, ...]:
    return _sure(choose(_sure(read, sure), _sure(other, less)), 1.0)


@pytest.mark.parametrize("sure", [0.0, 0.3, 0.6, 0.74])
@pytest.mark.parametrize("read", [GONE, HIDDEN, BACK, (*RED, *GONE)])
@pytest.mark.parametrize("other", [RED, ASKS, TALKS])
@pytest.mark.parametrize("less", [0.0, 0.4, 0.7, 1.0])
def test_nothing_is_taken_on_a_guess(
    read: tuple[Frame, ...], sure: float, other: tuple[Frame, ...], less: float
) -> None:
    assert not any(map(takes, _chosen(read, sure, other, less)))
    assert not any(map(takes, _chosen(other, less, read, sure)))


def test_two_that_agree_may_take_if_they_are_sure_enough_together() -> None:
    assert _chosen(GONE, 0.6, GONE, 0.5) == GONE
    assert _chosen(BACK, 0.8, BACK, 0.6) == BACK
    assert _chosen(BACK, 0.7, BACK, 0.5) == ASKS
    assert _chosen(GONE, 0.5, GONE, 0.4) == ASKS
    assert choose(_sure(GONE, 0.6), _sure(GONE, 0.5))[0].confidence == pytest.approx(0.8)


def test_two_guesses_that_take_different_things_are_a_question() -> None:
    assert _chosen(GONE, 0.7, BACK, 0.5) == ASKS
    assert _chosen(BACK, 0.6, GONE, 0.5) == ASKS


def test_a_step_back_needs_more_than_a_removal() -> None:
    assert _chosen(GONE, 0.85, RED, 0.3) == GONE
    assert _chosen(BACK, 0.85, RED, 0.3) == ASKS
    assert _chosen(BACK, 0.85, RED, 0.6) == RED
    assert _chosen(BACK, 0.95, RED, 0.6) == BACK


def test_the_surer_one_counts() -> None:
    assert _chosen(RED, 0.6, BLUE, 0.5) == RED
    assert _chosen(RED, 0.5, BLUE, 0.6) == BLUE
    assert _chosen(RED, 0.5, BLUE, 0.5) == BLUE
    assert _chosen(RED, 0.5, BLUE, 0.4) == RED
    assert _chosen(RED, 0.0, ASKS, 0.0) == RED


class _Says:
    """A second reader that says one thing of every sentence, or is not there."""

    def __init__(self, *frames: Frame, is_there: bool = True) -> None:
        self._frames = frames
        self.is_there = is_there
        self.asked = 0

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        assert self.is_there
        self.asked += 1
        return self._frames

    def read_in(self, told: str, sentence: str) -> Reading:
        del told, sentence
        return NOTHING

    def read_ahead(self, told: str) -> None:
        del told


def test_a_certain_reader_is_not_compared() -> None:
    second = _Says(*GONE)
    assert [frame.kind for frame in Chosen(second=second).parse("make the sofa red")] == ["restyle"]
    assert not second.asked


def test_a_removal_beside_a_word_of_keeping_is_looked_at_twice() -> None:
    for said in (RED, ASKS):
        assert not any(map(takes, Chosen(second=_Says(*said)).parse("zoom the oysters")))
    assert not any(map(takes, Chosen(second=_Says(is_there=False)).parse("zoom the oysters")))


@pytest.mark.parametrize(
    ("sentence", "act"),
    [
        ("the mask is too large", "mask"),
        ("put the plant layer on top", "order"),
        ("bring the sign to the front", "order"),
        ("have another go at the mirror", "refresh"),
    ],
)
def test_what_is_said_seldom_is_believed_where_its_words_are(sentence: str, act: str) -> None:
    assert [frame.act for frame in Chosen().parse(sentence)] == [act]


class _Two(Chosen):
    """Reads every sentence in two ways, and what it was asked about in one."""

    def __init__(self, one: Frame, other: Frame) -> None:
        super().__init__()
        self._two = (one,), (other,)

    def readings(self, sentence: str) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
        return self._two if sentence.startswith("mumble") else super().readings(sentence)


def _talk(planner: BuiltinPlanner, *sentences: str) -> list[Plan]:
    context, plans = Context(), []
    for sentence in sentences:
        plans.append(asyncio.run(planner.plan(sentence, context)))
        context = advance(context, sentence, plans[-1])
    return plans


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("1", Edit(target="the sofa", prompt="", kind="remove")),
        ("the first one", Edit(target="the sofa", prompt="", kind="remove")),
        ("2", Edit(target="the sofa", prompt="a red sofa", kind="restyle")),
        ("make the sofa red", Edit(target="the sofa", prompt="a red sofa", kind="restyle")),
    ],
)
def test_of_two_readings_the_user_says_which(answer: str, wanted: Edit) -> None:
    asked, answered = _talk(BuiltinPlanner(_Two(GONE[0], RED[0])), "mumble", answer)
    assert asked.steps == (Ask(question="Do you mean “remove the sofa” or “make the sofa red”?"),)
    assert answered.steps == (wanted,)


def test_readings_that_come_to_the_same_are_no_question() -> None:
    (plan,) = _talk(BuiltinPlanner(_Two(RED[0], RED[0])), "mumble")
    assert plan.steps == (Edit(target="the sofa", prompt="a red sofa", kind="restyle"),)


class _Unsure:
    """A parser that is not sure of anything."""

    def __init__(self, confidence: float) -> None:
        self._confidence = confidence

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        return (
            Frame(
                "edit", "restyle", target="the sofa", prompt=sentence.split()[-1], confidence=self._confidence
            ),
        )


def test_what_was_hardly_understood_is_said_as_such() -> None:
    sure, unsure = (_talk(BuiltinPlanner(_Unsure(confidence)), "um sofa red")[0] for confidence in (0.9, 0.4))
    assert unsure.steps == sure.steps
    assert unsure.say == f"I read that as: {sure.say}"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "restyle | all the cushions | green | except the black one",
            Edit(target="all the cushions but the black cushion", prompt="green cushions", kind="restyle"),
        ),
        (
            "remove | the chairs | except the red ones",
            Edit(target="all the chairs but the red chairs", prompt="", kind="remove"),
        ),
    ],
)
def test_all_of_a_kind_but_one(line: str, wanted: Edit) -> None:
    assert resolve(frames_of([parse_line(line)]), Context()).steps == (wanted,)


def test_what_cannot_be_left_out_is_asked() -> None:
    (step,) = resolve(
        frames_of([parse_line("restyle | everything | wooden | except the table")]), Context()
    ).steps
    assert isinstance(step, Ask)


@pytest.mark.parametrize(
    "sentence",
    [
        "recolour the armchair",
        "repaint the lamp",
        "redo the walls",
        "zoom the oysters",
        "refresh the blue cushion",
    ],
)
def test_what_is_to_be_painted_anew_does_not_go(sentence: str) -> None:
    assert not any(takes(frame) for frame in Chosen().parse(sentence))


def test_what_goes_beside_it_does() -> None:
    frames = Chosen().parse("remove the lamp and repaint the walls in green")
    assert [frame.kind for frame in frames] == ["remove", "restyle"]


@pytest.mark.parametrize(
    ("sentence", "thing", "look"),
    [
        ("make the wall light green", "the wall", "light green"),
        ("make the wall light brass", "the wall light", "brass"),
        ("make the wall lights gold", "the wall lights", "gold"),
        ("paint the ceiling light blue", "the ceiling", "light blue"),
    ],
)
def test_light_is_of_the_colour_before_a_colour(sentence: str, thing: str, look: str) -> None:
    (frame,) = Chosen().parse(sentence)
    assert (frame.target, frame.prompt) == (thing, look)


PLAIN = {
    "undo only the {}": ("hide", None),
    "undo the {}": ("hide", None),
    "hide the {}": ("hide", None),
    "bring the {} back": ("back", None),
    "remove the {}": ("edit", "remove"),
    "get rid of the {}": ("edit", "remove"),
    "make the {} dark green": ("edit", "restyle"),
    "make the {} a bit lighter": ("edit", "restyle"),
    "paint the {} navy": ("edit", "restyle"),
    "change the {} to oak": ("edit", "restyle"),
    "now the {} green instead": ("edit", "restyle"),
    "replace the {} with a plant": ("edit", "replace"),
    "show me three versions of a green {}": ("variations", None),
}


@pytest.mark.parametrize("sentence", PLAIN)
def test_plain_commands_are_read_whatever_thing_they_name(sentence: str) -> None:
    chosen, (act, kind) = Chosen(), PLAIN[sentence]
    for thing in KINDS[list(PLAIN).index(sentence) % 3 :: 3]:  # each thing in a third of the sentences
        (frame,) = chosen.parse(sentence.format(thing))
        assert (frame.act, frame.kind if kind else None) == (act, kind), thing
        assert thing in frame.target


IN_A_COLOUR = (
    "make {} {}",
    "paint {} {}",
    "{} {}",
    "{} in {}",
    "change {} to {}",
    "i want {} {}",
    "{} should be {}",
    "can you make {} {}",
)


@pytest.mark.parametrize("colour", ["chartreuse", "mustard", "burgundy", "pale pink", "sage green", "oak"])
def test_what_is_asked_does_not_depend_on_the_colour(colour: str) -> None:
    chosen = Chosen()
    things = ("the left armchair", "both armchairs", "the middle cushion", "the walls", "the lamp")
    for number, thing in enumerate(things):
        for sentence in IN_A_COLOUR[(number + len(colour)) % 2 :: 2]:  # each thing in half of the sentences
            frames = chosen.parse(sentence.format(thing, colour))
            read = [(frame.act, frame.kind, frame.target, frame.prompt) for frame in frames]
            assert read == [("edit", "restyle", thing, colour)]


@pytest.mark.parametrize(
    ("sentence", "thing", "look", "like"),
    [
        ("make the chair red like the sofa", "the chair", "", "the colour of the sofa"),
        ("Set wall colour to #DDE5D0.", "wall", "#dde5d0", ""),
        ("It must be of color white, the vase", "the vase", "white", ""),
    ],
)
def test_a_colour_is_one_however_it_is_said(sentence: str, thing: str, look: str, like: str) -> None:
    (frame,) = Chosen().parse(sentence)
    assert (frame.target, frame.prompt, frame.like) == (thing, look, like)


def test_looking_closer_adds_nothing() -> None:
    assert [frame.act for frame in Chosen().parse("And zoom in on the cushions.")] == ["zoom"]


@pytest.mark.parametrize(
    ("sentence", "act"),
    [("ok bring all of them back", "back"), ("take those last two things back wld you", "undo")],
)
def test_a_certain_return_counts(sentence: str, act: str) -> None:
    assert [frame.act for frame in Chosen().parse(sentence)] == [act]
