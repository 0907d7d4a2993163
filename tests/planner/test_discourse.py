"""Elliptical sentences made full by what was spoken of, and what a sentence leaves out: words in, words
out.
"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planner import load_planner
from agent.planner.context import Context, LayerView, Planner, Spoken, VersionView, advance
from agent.planner.dialogue import ellipsis
from agent.planner.frames import Frame
from agent.planner.plan import Ask, Drop, Edit, Goto, Hide, Mask, Plan
from agent.planner.resolve.discourse import things_in
from agent.planner.resolve.exceptions import cut_out, spare
from tools.language.referring import all_but, without


def after(*turns: tuple[str, ...]) -> Context:
    """A conversation of which each turn spoke of some things."""
    return Context(spoken=tuple(Spoken(turn, "") for turn in turns))


def full(sentence: str, *turns: tuple[str, ...]) -> str:
    parts = ellipsis.filled(sentence, after(*turns)).parts
    assert len(parts) == 1
    return str(parts[0])


CUSHIONS = ("all the cushions",)
THREE = ("the sofa", "the table", "the walls")


@pytest.mark.parametrize(
    ("sentence", "turns", "wanted"),
    [
        ("make the middle one pink", (CUSHIONS,), "make the middle cushion pink"),
        ("the left one darker", (("both armchairs",), ("the lamp",)), "the left armchair darker"),
        ("make the black ones white", (CUSHIONS,), "make the black cushions white"),
        ("the one on the left", (("the pictures",),), "the picture on the left"),
        (
            "the one to the right of it in red",
            (CUSHIONS, ("the middle cushion",)),
            "the cushion to the right of the middle cushion in red",
        ),
        ("all three navy", (("the left cushion", "the right cushion"),), "all the cushions navy"),
        ("both in white", (("the two armchairs",),), "both armchairs in white"),
        ("those two in white", (("the rug",), ("the window",)), "the rug and the window in white"),
        ("now the first of those three in black", (THREE,), "now the sofa in black"),
        ("remove the second", (THREE, ("the sofa",)), "remove the table"),
        ("the second in red", (CUSHIONS,), "the second cushion in red"),
        (
            "the other two white",
            (("the left cushion",),),
            "all the cushions but the left cushion white",
        ),
        ("make the two chairs with arms red", (), "make the two armchairs red"),
        ("both rugs in the colour of the left one", (), "both rugs in the colour of the left rug"),
        ("take away whichever of the two pictures is the red one", (), "take away the red picture"),
        ("the picture that is red should be removed", (), "the red picture should be removed"),
        ("the lamp in the colour from the sofa", (), "the lamp in the colour of the sofa"),
        ("the window the colour the rug used to be", (), "the window the colour of the original rug"),
        ("make it the same blue as the walls", (), "make it the same colour as the walls"),
        ("I did like the yellow one. Could I have just that one back?", (CUSHIONS,),
         "I did like the yellow cushion. Could I have just the yellow cushion back?"),
        ("and the chair that is green too, make that red", (), "and make the green chair red"),
        ("sofa charcoal, armchairs to match", (), "sofa charcoal, armchairs in the same colour as the sofa"),
        ("the aforementioned cushions blue", (("all the cushions but the red cushion",),),
         "all the cushions but the red cushion blue"),
    ],
)  # fmt: skip
def test_what_is_missing_comes_from_what_was_spoken_of(
    sentence: str, turns: tuple[tuple[str, ...], ...], wanted: str
) -> None:
    assert full(sentence, *turns) == wanted


@pytest.mark.parametrize(
    "sentence",
    [
        "make the sofa red", "undo", "the lamp on the left in blue", "a red one instead", "no, darker",
        "go back to the warm one", "take me back to the one I saved first", "undo the first thing I changed",
        "make it blue", "put a cat on the left armchair", "compare it with the second version",
        "the walls and the sofa white",
    ],
)  # fmt: skip
def test_a_sentence_that_lacks_nothing_stays_as_it_is(sentence: str) -> None:
    assert full(sentence, CUSHIONS, THREE) == sentence
    assert ellipsis.restored(sentence, after(CUSHIONS)) is None
    assert ellipsis.read(sentence, after(CUSHIONS)) is None


def test_variations_are_counted_and_not_the_things_of_a_set() -> None:
    context = Context(spoken=(Spoken(CUSHIONS, ""),), variations=3)
    assert ellipsis.filled("the second in green", context).parts == ("the second in green",)


def test_of_two_kinds_that_are_equally_near_it_asks_and_takes_the_answer() -> None:
    talk = Talk("make the armchairs and the pictures green", "the left one red", "2")
    assert isinstance(talk.plans[1].steps[0], Ask)
    assert [step.target for step in talk.plans[2].steps if isinstance(step, Edit)] == ["the left picture"]


def items(sentence: str, *turns: tuple[str, ...]) -> list[tuple[str, str]]:
    read = ellipsis.read(str(ellipsis.filled(sentence, after(*turns)).parts[0]), after(*turns))
    assert read is not None
    return [(part.target, part.prompt) for part in read.parts if isinstance(part, Frame)]


@pytest.mark.parametrize(
    ("sentence", "turns", "wanted"),
    [
        ("cushions: the black one red, the white one blue", (),
         [("the black cushion", "red"), ("the white cushion", "blue")]),
        ("cushions: left one navy, the other two light grey", (),
         [("the left cushion", "navy"), ("all the cushions but the left cushion", "light grey")]),
        ("the left one darker, the right one lighter", (("the armchairs",),),
         [("the left armchair", "darker"), ("the right armchair", "lighter")]),
        ("and the pictures - the left one yellow and the right one purple", (),
         [("the left picture", "yellow"), ("the right picture", "purple")]),
    ],
)  # fmt: skip
def test_a_kind_and_then_its_members(
    sentence: str, turns: tuple[tuple[str, ...], ...], wanted: list[tuple[str, str]]
) -> None:
    assert items(sentence, *turns) == wanted


@pytest.mark.parametrize(
    ("sentence", "rest", "spared"),
    [
        ("cushions all white except the yellow cushion", "cushions all white", ("the yellow cushion",)),
        ("the pillows in white, but the yellow pillow not", "the pillows in white", ("the yellow pillow",)),
        ("take down the pictures and the mirror, all but the green picture",
         "take down the pictures and the mirror", ("the green picture",)),
        ("make all pictures but the left picture blue", "make all pictures blue", ("the left picture",)),
        ("remove all cushions except the black cushion and the left cushion", "remove all cushions",
         ("the black cushion", "the left cushion")),
        ("put the armchairs back as they were, but leave my sofa alone!",
         "put the armchairs back as they were", ("the sofa",)),
        ("rug pink, the sofa white (the cushions stay!!)", "rug pink, the sofa white", ("the cushions",)),
        ("make the armchairs blue, but not the left armchair", "make the armchairs blue",
         ("the left armchair",)),
        ("paint the cushions red and don't touch the middle cushion", "paint the cushions red",
         ("the middle cushion",)),
        ("make the sofa red but the walls green", "make the sofa red but the walls green", ()),
        ("leave the sofa alone", "leave the sofa alone", ()),
        ("the yellow cushion stays", "the yellow cushion stays", ()),
        ("keep the rug", "keep the rug", ()),
    ],
)  # fmt: skip
def test_exceptions_are_cut_out(sentence: str, rest: str, spared: tuple[str, ...]) -> None:
    assert cut_out(sentence) == (rest, spared)


KINDS = st.sampled_from(("cushion", "armchair", "picture", "lamp", "curtain"))
WHICH = st.sampled_from(("left", "right", "middle", "red", "white", "black"))
LEAVING = st.sampled_from((
    " except the {}", " except for the {}", ", all but the {}", " apart from the {}", ", but not the {}",
    ", but leave the {} alone", " and don't touch the {}", "; the {} stays", ", the {} should stay as it is",
    ", but the {} not", ", but keep the {}", " other than the {}", " with the exception of the {}",
))  # fmt: skip
WISHES = st.sampled_from(("make all the {} green", "remove the {}", "the {} in blue", "paint both {} white"))


@given(KINDS, WHICH, LEAVING, WISHES)
@settings(max_examples=150, deadline=None)
def test_whatever_the_words_an_exception_is_found(kind: str, which: str, leaving: str, wish: str) -> None:
    wanted = wish.format(f"{kind}s")
    assert cut_out(wanted + leaving.format(f"{which} {kind}")) == (wanted, (f"the {which} {kind}",))


LAYERS = (
    LayerView(0, "the sofa", "a red sofa", "restyle"),
    LayerView(1, "the cushions", "white cushions", "restyle"),
    LayerView(2, "the left cushion", "a pink cushion", "restyle"),
    LayerView(3, "all the pictures but the red picture", "", "remove"),
)
STEPS = st.lists(
    st.one_of(
        st.sampled_from(("the cushions", "both cushions", "all the cushions", "the left cushion", "the sofa",
                         "the right cushion", "all the cushions but the right cushion")).map(
            lambda target: Edit(target=target, prompt="green things", kind="restyle")
        ),
        st.just(Edit(target="the cushions", prompt="blue cushions", kind="restyle", layer=1)),
        st.just(Edit(target="the left cushion", prompt="a blue cushion", kind="restyle", layer=2)),
        st.integers(0, 3).map(lambda layer: Hide(layer=layer)),
        st.integers(0, 3).map(lambda layer: Drop(layer=layer)),
        st.just(Goto(version=0)),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@given(STEPS, st.sampled_from(("the left cushion", "the cushions", "the sofa", "the right cushion")))
@settings(max_examples=200, deadline=None)
def test_no_step_touches_what_is_spared(steps: list[Edit | Hide | Drop | Goto], spared: str) -> None:
    """Not one that is about it alone, and none that is about all of its kind."""
    context = Context(layers=LAYERS, versions=1, head=1, history=(VersionView(0), VersionView(0, LAYERS)))
    plan = spare(Plan(steps=tuple(steps)), (spared,), context)
    kind, several = things_in(spared)[0].kind, spared.endswith("s")
    for step in plan.steps:
        assert not isinstance(step, Goto)
        if isinstance(step, Edit):
            kept = all_but(step.target)
            assert step.target != spared
            if things_in(step.target)[0].kind == kind and kept is None:
                assert not things_in(step.target)[0].several
            if kept is not None and not several and things_in(step.target)[0].kind == kind:
                assert spared in kept[1]
        if isinstance(step, Hide | Drop):
            assert LAYERS[step.layer].target != spared
        if isinstance(step, Hide) and not several:
            assert not (LAYERS[step.layer].target == "the cushions" and kind == "cushion")
        if isinstance(step, Mask):
            assert without(LAYERS[step.layer].target, step.what) == spared


@pytest.mark.parametrize(
    ("target", "what", "wanted"),
    [
        ("the cushions", "the left cushion", "all the cushions but the left cushion"),
        ("both armchairs", "the armchair on the left", "all the armchairs but the armchair on the left"),
        ("all the cushions but the left cushion", "the black cushion",
         "all the cushions but the left cushion and the black cushion"),
        ("the cushions", "all the cushions but the left cushion", "the left cushion"),
        ("the sofa", "the cushion", "the sofa"),
        ("the cushions", "the sofa", "the cushions"),
    ],
)  # fmt: skip
def test_a_set_without_one_of_its_things(target: str, what: str, wanted: str) -> None:
    assert without(target, what) == wanted


class Talk:
    """Sentences planned one after the other; nothing is painted."""

    planner: Planner = load_planner("builtin")

    def __init__(self, *sentences: str) -> None:
        self.context, self.plans = Context(), list[Plan]()
        for sentence in sentences:
            plan = asyncio.run(self.planner.plan(sentence, self.context))
            self.plans.append(plan)
            self.context = advance(self.context, sentence, plan)

    @property
    def layers(self) -> list[str]:
        return [f"{each.target} = {each.prompt}" for each in self.context.layers if each.visible]


def test_one_of_a_set_goes_back_alone() -> None:
    talk = Talk("make both armchairs wine red", "the left one like it was")
    assert [step.do for step in talk.plans[1].steps] == ["mask"]
    assert talk.layers == ["all the armchairs but the left armchair = wine red armchairs"]


def test_the_whole_set_takes_its_members_along() -> None:
    talk = Talk("make the cushions white", "the middle one red", "make the cushions blue")
    assert talk.layers == ["the cushions = blue cushions", "the middle cushion = a blue cushion"]


def test_a_member_under_its_set_is_painted_over_it() -> None:
    talk = Talk("the left cushion red", "make the cushions blue", "the left cushion green")
    assert talk.layers[-1] == "the left cushion = a green cushion"
    assert len(talk.layers) == 3


def test_what_was_asked_about_is_it() -> None:
    talk = Talk("make the walls green", "what colour is the rug?", "just make it beige")
    assert talk.layers == ["the walls = green walls", "the rug = a beige rug"]


def test_a_colour_of_before_is_told_by_the_record() -> None:
    talk = Talk("the lamp emerald", "make the lamp red", "the sofa in the colour the lamp had before")
    assert talk.layers[-1] == "the sofa = an emerald sofa"
