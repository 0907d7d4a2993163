"""The tagger: what it learns from, the network in two implementations, and when its reading is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import pocket
from agent.planner.combined import Combined
from agent.planner.english.grammar import Grammar
from agent.planner.english.text import tokenise
from agent.planner.tagger import Tagger
from agent.planner.tagger.network import Network as Plain
from agent.planner.tagger.words import LABELS, SORTS
from pocket.training import tagger as training
from pocket.training.sentences import Composer

COMMANDS = [
    "undo",
    "please undo the last two changes",
    "go back to the original picture please",
    "undo only the sofa and keep the rest",
    "bring the old lamp back",
    "show me three versions of the rug in red",
    "compare it with how it was before",
    "hide the change of the wall behind the bed",
]


def test_the_same_seed_composes_the_same_sentences() -> None:
    first, second = Composer(5), Composer(5)
    assert [first.sentence() for _ in range(50)] == [second.sentence() for _ in range(50)]


def test_composed_sentences_are_tokens_with_labels() -> None:
    composer = Composer(6)
    made = [composer.sentence() for _ in range(400)]
    for sentence in made:
        assert len(sentence.words) == len(sentence.labels) == len(sentence.begins)
        assert set(sentence.labels) <= set(LABELS)
        assert sentence.sort in SORTS
        wished = {label for label in sentence.labels if label not in ("O", "V")}
        assert bool(wished) == (sentence.sort == "edit")
        assert not any(
            begin and label == "O" for begin, label in zip(sentence.begins, sentence.labels, strict=True)
        )
    assert {label for sentence in made for label in sentence.labels} == set(LABELS)


def test_torch_and_numpy_score_alike(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = training.Network()
    for value in network.parameters():
        value.data = value.data.half().float()  # as they are kept
    training.save(network, tmp_path)
    sentence = next(s for s in training.compose(1, 20) if len(s.words) > 15)
    network.eval()
    with torch.no_grad():
        labels, begins, sorts = network(training.Batch([sentence]))
    scores = Plain(tmp_path)(sentence.words)
    assert np.allclose(scores.labels, labels[0].softmax(-1).numpy(), atol=1e-5)
    assert np.allclose(scores.begins, begins[0].sigmoid().numpy(), atol=1e-5)
    assert np.allclose(scores.sorts, sorts[0].softmax(-1).numpy(), atol=1e-5)


def test_a_training_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = [
        "--out",
        str(tmp_path / "run"),
        "--weights",
        str(tmp_path / "weights"),
        "--batch",
        "4",
        "--held-out",
        "50",
    ]
    training.main([*places, "--steps", "2"])
    training.main([*places, "--steps", "4"])
    assert "resumed at step 2" in capsys.readouterr().out
    reading = Tagger(tmp_path / "weights")(tokenise("make the sofa red"))
    assert len(reading.labels) == 4
    assert (tmp_path / "weights" / "model.safetensors").stat().st_size <= 3 * 2**20


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("honestly I could picture the gronker in teal velvet", [("restyle", "the gronker", "teal velvet")]),
        ("could we maybe have a brumbel in the corner by the door", [("add", "", "a brumbel")]),
    ],
)
def test_it_copies_words_that_it_never_saw(sentence: str, wanted: list[tuple[str, str, str]]) -> None:
    reading = Tagger(pocket.weights("tagger"))(tokenise(sentence))
    found = [(str(frame.kind), frame.target, frame.prompt) for frame in reading.frames]
    assert [(kind, prompt) for kind, _, prompt in found] == [(kind, prompt) for kind, _, prompt in wanted]
    assert all(target in got for (_, got, _), (_, target, _) in zip(found, wanted, strict=True))


@pytest.mark.parametrize("sentence", COMMANDS)
def test_commands_are_the_grammars(sentence: str) -> None:
    assert Combined().parse(sentence) == Grammar().parse(sentence)


def test_the_tagger_takes_nothing_back() -> None:
    tagger = Tagger(pocket.weights("tagger"))
    sentences = [*COMMANDS, "remove all the people", "I liked it better before", "scrap everything we did"]
    acts = {frame.act for sentence in sentences for frame in tagger(tokenise(sentence)).frames}
    assert acts <= {"edit", "ask"}


def test_without_weights_the_grammar_reads_alone(tmp_path: Path) -> None:
    sentence = "yank that chandelier out of there and stick in a paper lantern"
    assert Combined(tmp_path).parse(sentence) == Grammar().parse(sentence)
