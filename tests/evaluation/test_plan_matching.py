"""The checker of plans: what counts as the same plan, what does not, and how a set is scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from agent.planner.context import Context, advance
from agent.planner.plan import Edit, Goto, Hide, Pick, Plan, Redo, Show, Step, Undo, Variations
from evaluation.planner.plans import SETS, load, main, matches, report, score
from tools.errors import EngineError

Json = dict[str, Any]

SIZES = {"plain": 120, "free": 130, "conversation": 30}
"""The least number of items of each group of the test set."""


def edit(target: str, prompt: str, kind: str = "restyle", **more: int) -> Json:
    return {"do": "edit", "target": target, "prompt": prompt, "kind": kind, **more}


def same(got: list[Json], wanted: list[Json], *accept: list[Json]) -> bool:
    plan, expected = Plan.model_validate({"steps": got}), Plan.model_validate({"steps": wanted})
    return matches(plan, expected.steps, [Plan.model_validate({"steps": a}).steps for a in accept])


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ("a leather sofa", "the leather sofas"),
        ("sofa made of leather", "a leather sofa"),
        ("a sofa in a dark brown leather", "a darker brown leather sofa"),
        ("a grey-striped rug", "a rug with gray stripes"),
        ("a wooden chair, painted in a light blue colour", "a lighter blue wood chair"),
        ("a bouclé ottoman", "a boucle ottoman"),
        ("2 oak shelves", "two oak shelf"),
        ("A Greener WALL.", "a very green wall"),
    ],
)
def test_prompts_that_say_the_same_match(got: str, wanted: str) -> None:
    assert same([edit("sofa", got)], [edit("sofa", wanted)])
    assert same([edit("sofa", wanted)], [edit("sofa", got)])


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ("leather", "a leather sofa"),
        ("a sofa", "a leather sofa"),
        ("a red leather sofa", "a leather sofa"),
        ("a dark sofa", "a light sofa"),
        ("a brown sofa", "a brown chair"),
        ("a glass table", "a grass table"),
        ("a sofa without cushions", "a sofa with cushions"),
        ("", "a leather sofa"),
    ],
)
def test_prompts_that_lack_or_add_a_word_differ(got: str, wanted: str) -> None:
    assert not same([edit("sofa", got)], [edit("sofa", wanted)])
    assert not same([edit("sofa", wanted)], [edit("sofa", got)])


@pytest.mark.parametrize(
    ("got", "wanted", "equal"),
    [
        ("the sofa", "sofa", True),
        ("all the chairs", "chair", True),
        ("the plant in the corner", "corner plant", True),
        ("the lamp on the left", "the left lamp", True),
        ("the lamp on the left", "the lamp on the right", False),
        ("the lamp", "the lamp on the left", False),
        ("next to the sofa", "the sofa", False),
        ("the couch", "the sofa", False),
        ("the people", "the person", True),
        ("glass", "gloss", False),
    ],
)
def test_targets(got: str, wanted: str, equal: bool) -> None:
    assert same([edit(got, "x")], [edit(wanted, "x")]) is equal


def test_kind_and_layer_count() -> None:
    wanted = [edit("the sofa", "a red sofa", layer=0)]
    assert same(wanted, wanted)
    assert not same([edit("the sofa", "a red sofa")], wanted)
    assert not same([edit("the sofa", "a red sofa", layer=1)], wanted)
    assert not same([edit("the sofa", "a red sofa", "replace", layer=0)], wanted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"do": "undo", "count": 1}, {"do": "undo", "count": 2}),
        ({"do": "undo"}, {"do": "redo"}),
        ({"do": "goto", "version": 0}, {"do": "goto", "version": 1}),
        ({"do": "hide", "layer": 0}, {"do": "hide", "layer": 1}),
        ({"do": "hide", "layer": 0}, {"do": "show", "layer": 0}),
        ({"do": "pick", "index": 1}, {"do": "pick", "index": 2}),
        ({"do": "compare"}, {"do": "ask", "question": "?"}),
        ({"do": "variations", "count": 3}, {"do": "variations", "count": 4}),
    ],
)
def test_commands_match_only_themselves(one: Json, other: Json) -> None:
    assert same([one], [one])
    assert same([other], [other])
    assert not same([one], [other])


def test_a_question_and_what_is_said_are_free() -> None:
    assert same([{"do": "ask", "question": "Which one?"}], [{"do": "ask", "question": "Into what?"}])
    assert matches(Plan(say="Hello."), ())
    assert not same([{"do": "ask", "question": "Hello?"}], [])


def test_variations_of_a_layer_need_not_repeat_the_layer() -> None:
    full: Json = {"do": "variations", "count": 3, "target": "sofa", "prompt": "a red sofa", "kind": "restyle"}
    assert same([{"do": "variations", "count": 3, "layer": 0}], [{**full, "layer": 0}])
    assert same([{**full, "layer": 0}], [{"do": "variations", "count": 3, "layer": 0}])
    assert not same([{"do": "variations", "count": 3}], [full])
    assert not same([{**full, "prompt": "a blue sofa"}], [full])
    assert not same([{**full, "layer": 0, "prompt": "a blue sofa"}], [{**full, "layer": 0}])


def test_edits_of_different_objects_may_change_places() -> None:
    left, right = edit("the left chair", "a red chair"), edit("the right chair", "a blue chair")
    assert same([right, left], [left, right])
    assert same([{"do": "hide", "layer": 1}, left], [left, {"do": "hide", "layer": 1}])
    assert not same([left, left], [left, right])
    assert not same([left], [left, right])


def test_steps_that_build_on_each_other_keep_their_order() -> None:
    swap, paint = edit("the cat", "a dog", "replace"), edit("the dog", "a black dog")
    assert not same([paint, swap], [swap, paint])
    twice = [edit("the sofa", "a red sofa"), edit("the sofa on the left", "a blue sofa")]
    assert not same(twice[::-1], twice)
    assert not same([{"do": "undo"}, paint], [paint, {"do": "undo"}])


def test_an_accepted_alternative_is_as_good() -> None:
    undo, hide = [{"do": "undo"}], [{"do": "hide", "layer": 0}]
    assert same(undo, hide, undo)
    assert not same([{"do": "redo"}], hide, undo)


def _unknown(context: Context, steps: tuple[Step, ...]) -> list[Step]:
    """The steps that name a layer, version or variation which the conversation does not have."""
    layers = {layer.id: layer.visible for layer in context.layers}
    unknown: list[Step] = []
    for step in steps:
        match step:
            case Hide():
                fits = layers.get(step.layer) is True
            case Show():
                fits = layers.get(step.layer) is False
            case Edit() | Variations():
                fits = step.layer is None or step.layer in layers
            case Goto():
                fits = step.version <= context.versions
            case Pick():
                fits = step.index <= context.variations
            case Undo():
                fits = context.head > 0
            case Redo():
                fits = any(view.parent == context.head for view in context.history[context.head + 1 :])
            case _:
                fits = True
        if not fits:
            unknown.append(step)
    return unknown


@pytest.mark.parametrize("name", sorted(SETS))
def test_the_sets_are_well_formed(name: str) -> None:
    items = load(SETS[name])
    assert len({item.id for item in items}) == len(items)
    for item in items:
        context = Context()
        for number, turn in enumerate(item.turns, start=1):
            fits = not _unknown(context, turn.plan)
            matched = all(matches(Plan(steps=s), turn.plan, turn.accept) for s in (turn.plan, *turn.accept))
            assert fits, f"{item.id}, turn {number}: a step names what is not there"
            assert matched, f"{item.id}, turn {number}: a plan does not match itself"
            context = advance(context, turn.say, Plan(steps=turn.plan))


def test_the_sets_are_as_large_as_agreed_and_share_no_item() -> None:
    dev, test = load(SETS["dev"]), load(SETS["test"])
    for group, least in SIZES.items():
        assert sum(item.group == group for item in test) >= least
    said = [
        {tuple(turn.say.casefold().strip(" .!?") for turn in item.turns) for item in items}
        for items in (dev, test)
    ]
    # Only the number is shown: a failure must not print sentences of the test set.
    shared = len((said[0] & said[1]) - {("",)})
    assert shared == 0


def test_a_line_that_does_not_fit_the_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(
        json.dumps({"id": "p-1", "group": "plain", "turns": [{"say": "x", "plan": [{"do": "fly"}]}]})
    )
    with pytest.raises(ValidationError):
        load(path)


class Scripted:
    """A planner with fixed answers that keeps what it was asked."""

    name = "scripted"

    def __init__(self, *answers: list[Json] | EngineError) -> None:
        self.answers = list(answers)
        self.contexts: list[Context] = []

    async def plan(self, sentence: str, context: Context, picture: NDArray[np.uint8] | None = None) -> Plan:
        self.contexts.append(context)
        answer = self.answers.pop(0)
        if isinstance(answer, EngineError):
            raise answer
        return Plan.model_validate({"steps": answer})


async def test_score_counts_turns_and_advances_with_the_expected_plan(tmp_path: Path) -> None:
    red, dark = edit("the sofa", "a red sofa"), edit("the sofa", "a dark red sofa", layer=0)
    items = [
        {"id": "p-1", "group": "plain", "turns": [{"say": "hello", "plan": []}]},
        {
            "id": "c-1",
            "group": "conversation",
            "turns": [{"say": "red sofa", "plan": [red]}, {"say": "darker", "plan": [dark]}],
        },
        {"id": "p-2", "group": "plain", "turns": [{"say": "lovely", "plan": []}]},
    ]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, items)))
    planner = Scripted([], [edit("the sofa", "a blue sofa")], [dark], [{"do": "undo"}])

    result = await score(planner, path)

    assert {g: (c.exact, c.total, c.harmful) for g, c in result.groups.items()} == {
        "plain": (1, 2, 1),
        "conversation": (1, 2, 0),
    }
    assert [(m.id, m.turn) for m in result.misses] == [("c-1", 1), ("p-2", 1)]
    assert [layer.prompt for layer in planner.contexts[2].layers] == ["a red sofa"]
    assert not planner.contexts[3].layers
    text = report(result, misses=True)
    assert "a blue sofa" in text
    assert "p-2 turn 1 HARMFUL: lovely" in text


async def test_a_planner_that_fails_misses_and_the_score_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    talk = [{"say": "hello", "plan": []}, {"say": "bye", "plan": []}]
    path.write_text(json.dumps({"id": "p-1", "group": "plain", "turns": talk}))
    result = await score(Scripted(EngineError("The planner does not answer."), []), path)
    assert result.groups["plain"].share == 0.5
    assert "The planner does not answer." in report(result, misses=True)


def test_an_unknown_planner_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--planner", "nonsense"])
    assert stopped.value.code == 1
    assert "nonsense" in capsys.readouterr().err
