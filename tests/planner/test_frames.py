"""The written form of frames: what parses, what is copied, and what the resolver makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planner.context import Context, advance
from agent.planner.lines import Line, LineError, Said, parse_line, parse_lines, read_talks, strange_words
from agent.planner.plan import Plan, Tell
from agent.planner.reader.framing import frames_of
from agent.planner.reader.splitting import words_of
from agent.planner.reader.symbols import END, SYMBOLS, Grammar, lines_of, symbols_of
from agent.planner.resolve.resolver import resolve
from tests.planner.test_builtin import shown
from tests.turn.test_conversations import in_words
from training.planner.conversations import main as check_conversations
from training.planner.written import main as check

DEFINITION = Path(__file__).parents[2] / "docs" / "frames.md"


FULL = "## Full lines"


def _indented(text: str) -> str:
    return "\n".join(line[4:] if line.startswith("    ") else "" for line in text.splitlines())


def examples() -> list[Said]:
    """The sentences of docs/frames.md that are read alone: what stands indented in it."""
    talks, _ = read_talks(_indented(DEFINITION.read_text(encoding="utf-8").partition(FULL)[0]))
    return [said for talk in talks for said in talk if said.lines]


def test_the_conversation_with_full_lines_is_in_the_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "talk.txt"
    file.write_text(_indented(DEFINITION.read_text(encoding="utf-8").partition(FULL)[2]), encoding="utf-8")
    with pytest.raises(SystemExit) as done:
        check_conversations([str(file), "--show"])
    assert done.value.code == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  | ")]
    assert shown[-1].endswith("the footstool: forest green velvet; the lamp: gone (hidden)")


def test_the_definition_has_an_example_of_every_act_and_no_faulty_one() -> None:
    said = examples()
    acts = {line.act for one in said for line in one.lines}
    assert len(said) > 170
    assert acts == {symbol[1:] for symbol in SYMBOLS if symbol.startswith("=")}
    for one in said:
        for line in one.lines:
            assert strange_words(line, one.sentence) == [], one.sentence


def test_every_example_can_be_written_by_pointing_at_words() -> None:
    for one in examples():
        words = words_of(one.sentence)
        symbols = symbols_of(one.lines, words)
        assert symbols is not None, one.sentence
        grammar = Grammar(len(words))
        for symbol in symbols:
            assert symbol in grammar.allowed(), one.sentence
            grammar.take(symbol)
        assert [str(line).lower() for line in lines_of(symbols, words)] == [
            str(line).lower() for line in one.lines
        ]


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_whatever_is_written_by_the_rules_parses_and_copies(data: st.DataObject) -> None:
    words = words_of("mkae the old sofa red, at 10%,40% like room.jpg and undo it")
    grammar = Grammar(len(words))
    symbols: list[int] = []
    while len(symbols) < 40 and (not symbols or symbols[-1] != END):
        symbols.append(data.draw(st.sampled_from(grammar.allowed())))
        grammar.take(symbols[-1])
    if symbols[-1] == END:
        for line in lines_of(symbols, words):
            assert parse_line(str(line)).act == line.act
            assert strange_words(line, " ".join(words)) == []


@pytest.mark.parametrize(
    "text",
    [
        "paint | the sofa | red",
        "undo | two",
        "undo | 1 | 2",
        "same | the sofa",
        "restyle | <that> | red",
        "talk | hello",
        "add | on the table | a cup | except the mug",
        "swap | the sofa | the rug | prices",
    ],
)
def test_what_is_not_in_the_form_is_refused(text: str) -> None:
    with pytest.raises(LineError):
        parse_line(text)


def test_a_line_goes_to_text_and_back() -> None:
    for text in (
        "restyle | the sofa | red leather",
        "add | | a cat",
        "variations | | <it>",
        "undo",
        "more | 2 | 3",
    ):
        assert str(parse_line(text)) == text
    spared = parse_line("restyle | everything | wooden | except the table")
    assert spared == Line("restyle", ("everything", "wooden"), "the table")


@pytest.mark.parametrize(
    ("line", "sentence", "strange"),
    [
        ("restyle | the sofa | red", "make the sofa red", []),
        ("restyle | the sofa | red", "mkae the sfoa red", []),
        ("restyle | the sofa | lighter", "the sofa is too dark", ["lighter"]),
        ("remove | the lamp", "the lamps have to go", []),
        ("restyle | the couch | red", "make the sofa red", ["couch"]),
        ("same | the rug | the colour of photo.jpg", "the rug like photo.jpg", []),
    ],
)
def test_words_that_are_not_in_the_sentence_are_found(line: str, sentence: str, strange: list[str]) -> None:
    assert strange_words(parse_line(line), sentence) == strange


def test_the_checker_names_the_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "some.txt"
    file.write_text("make the rug red\n  restyle | the mat | red\n\nundo it\n  undoo\n\nhello\n", "utf-8")
    with pytest.raises(SystemExit) as ended:
        check([str(file)])
    said = capsys.readouterr().out
    assert ended.value.code == 1
    assert "not in the sentence: mat" in said
    assert "5: undoo: there is no" in said
    assert "7: no frames: hello" in said


# ---- frames and the conversation ---------------------------------------------------------------------------


def talk(*turns: tuple[str, str]) -> list[list[str]]:
    """The steps of each turn of a conversation, from its lines."""
    read = {sentence: frames_of(parse_lines(lines)) for sentence, lines in turns}
    context, result = Context(), []
    for sentence, _ in turns:
        plan = resolve(read[sentence], context, lambda earlier: read.get(earlier, ()))
        result.append([shown(step) for step in plan.steps])
        context = advance(context, sentence, plan)
    return result


def said(lines: str, *before: str) -> Plan:
    """The plan of some lines after others."""
    context = Context()
    for number, earlier in enumerate(before):
        plan = resolve(frames_of(parse_lines(earlier)), context)
        context = advance(context, str(number), plan)
    return resolve(frames_of(parse_lines(lines)), context)


SOFA, WALLS, LAMP = "restyle | the sofa | red", "restyle | the walls | green", "remove | the lamp"


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        ("revert | <first>", ["hide 0"]),
        ("revert | <second>", ["hide 1"]),
        ("revert | the walls", ["hide 1"]),
        ("revert | everything | except the walls", ["hide 0", "hide 2"]),
        ("goto | before the walls", ["goto 1"]),
        ("goto | after the walls", ["goto 2"]),
        ("goto | when the sofa was red", ["goto 1"]),
        ("goto | before we changed the lamp", ["goto 2"]),
        ("goto | original", ["goto 0"]),
        ("goto | last", ["goto 3"]),
        ("goto | before the piano", ["ask"]),
        ("goto | cosy", ["ask"]),
        ("back | the lamp", ["hide 2"]),
        ("undo | 2", ["undo 2"]),
        ("undo\nrestyle | the sofa | blue", ["undo 1", "#0 restyle the sofa = a blue sofa"]),
        ("add | next to <it> | a vase", ["add next to the lamp = a vase"]),
        ("restyle | the desk | oak\nadd | on <it> | a cup",
         ["restyle the desk = an oak desk", "add on the desk = a cup"]),
        ("restyle | the walls | too dark", ["#1 restyle the walls = lighter green walls"]),
        ("restyle | everything | wooden | except the sofa", ["ask"]),
        ("pick | 2", ["ask"]),
        ("talk", []),
        ("unclear", ["ask"]),
        ("foreign", ["ask"]),
    ],
)  # fmt: skip
def test_what_lines_come_to(lines: str, steps: list[str]) -> None:
    assert [shown(step) for step in said(lines, SOFA, WALLS, LAMP).steps] == steps


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        ("mark | warm", ["mark warm"]),
        ("mark", ["ask"]),
        ("more | 2", ["ask"]),
        ("drop | the walls", ["drop 1"]),
        ("drop | layer 2", ["drop 2"]),
        ("drop | <first>", ["drop 0"]),
        ("drop | the rug", ["ask"]),
        ("drop | <all> | except the sofa", ["drop 1", "drop 2"]),
        ("order | the sofa | to the front", ["reorder 0 front"]),
        ("order | the walls | behind the sofa", ["reorder 1 under 0"]),
        ("order | the walls | above the lamp", ["reorder 1 over 2"]),
        ("order | the rug | on top", ["ask"]),
        ("order | the sofa | above the rug", ["ask"]),
        ("mask | grow", ["mask 2 grow 1"]),
        ("mask | shrink | a bit", ["mask 2 shrink 0.5"]),
        ("mask | add | the armrest", ["mask 2 add the armrest"]),
        ("mask | box | 10%,40% to 30%,90%", ["mask 2 box 10%,40% to 30%,90%"]),
        ("mask | file | mask.png", ["mask 2 file mask.png"]),
        ("mask | soften", []),
        ("swap | the sofa | the walls | colours",
         ["restyle [0] the sofa -> a green sofa", "restyle [1] the walls -> red walls"]),
        ("compare", ["compare"]),
        ("compare | original", ["compare"]),
        ("compare | 1 | 2", ["compare 1 2"]),
        ("compare | cosy", ["ask"]),
        ("show | picture", ["look picture"]),
        ("show | original", ["look version 0"]),
        ("show | 2", ["look version 2"]),
        ("show | mask", ["look mask the lamp [2]"]),
        ("show | the cat", ["look place the cat"]),
        ("zoom | the sofa", ["look zoom the sofa"]),
        ("zoom | out", ["look picture"]),
        ("save | a.png", ["save a.png"]),
        ("save | two.png | 2", ["save two.png of 2"]),
        ("save | two.png | 9", ["ask"]),
        ("save", ["save"]),
        ("open | b.png", ["open b.png"]),
        ("open", ["ask"]),
        ("tell | things", ["look things"]),
        ("tell | things | cushions", ["look place all the cushions"]),
    ],
)  # fmt: skip
def test_what_lines_about_layers_and_looking_come_to(lines: str, steps: list[str]) -> None:
    assert [in_words(step) for step in said(lines, SOFA, WALLS, LAMP).steps] == steps


@pytest.mark.parametrize("lines", ["tell | help", "tell | advice"])
def test_what_is_only_said_changes_nothing(lines: str) -> None:
    plan = said(lines, SOFA)
    assert plan.steps == ()
    assert len(plan.say) > 20


def test_questions_are_answered_from_the_record() -> None:
    assert said("tell | changes").say == "Nothing is changed: this is the original."
    assert "sofa → a red sofa" in said("tell | changes", SOFA, LAMP).say
    assert "lamp removed" in said("tell | changes", SOFA, LAMP).say
    assert said("tell | changes | the rug", SOFA).say == "I have not changed the rug."
    (asked,) = said("tell | check | the sofa | leather", SOFA).steps
    assert asked == Tell(about="the sofa", asked="so", look="leather")  # whoever sees the picture answers
    assert said("tell | look | <it>", SOFA).steps == (Tell(about="the sofa", asked="colour"),)
    assert said("tell | look | <it>").say.startswith("I cannot tell you that")
    assert "version 2 of 2" in said("tell | versions", SOFA, WALLS).say


def test_the_wrong_thing_was_changed() -> None:
    assert talk(("a", SOFA), ("b", "instead | the armchair")) == [
        ["restyle the sofa = a red sofa"],
        ["undo 1", "restyle the armchair = a red armchair"],
    ]


def test_an_agreement_with_a_wish() -> None:
    turns = (
        ("hide the rug", "hide | the rug"),
        ("yes, and the wall green", "yes\nrestyle | the wall | green"),
    )
    assert talk(*turns) == [["ask"], ["remove the rug", "restyle the wall = a green wall"]]
