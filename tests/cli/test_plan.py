"""``inpalla plan`` as scripts see it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command_line import started
from tests.support.command_line import Run


def test_plan_counts_earlier_sentences_as_done_and_needs_no_picture(inpalla: Run) -> None:
    result = inpalla("plan", "make the sofa red and the walls white", "make it darker", "undo", "--json")
    assert result.code == 0
    first, second, third = result.lines
    assert [step["target"] for step in first["steps"]] == ["the sofa", "the walls"]
    assert second["steps"][0]["layer"] == 1
    assert third["steps"] == [{"do": "undo", "count": 1}]
    assert inpalla("plan", "make the sofa red").out == "the sofa → a red sofa\n"


def test_a_plan_reads_as_an_intention_and_names_things_and_no_layers(inpalla: Run) -> None:
    sentences = ("make the sofa red", "remove the lamp", "undo only the sofa", "bring the lamp back")
    assert inpalla("plan", *sentences).out.splitlines() == [
        "the sofa → a red sofa",
        "remove the lamp",
        "put the sofa back as before",
        "bring the lamp back",
    ]
    lines = inpalla("plan", *sentences, "--json").lines
    assert [line["say"] for line in lines] == inpalla("plan", *sentences).out.splitlines()


def test_a_reader_that_leaves_is_no_reason_to_complain(home: Path, picture: Path) -> None:
    process = started(home, "plan", *["make the sofa red"] * 300, "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(60) != 0
