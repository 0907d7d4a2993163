"""The reader: the network in numpy is the trained one, it copies, and it learns from what is composed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agent.planner.lines import parse_line, strange_words
from agent.planner.reader import Reader
from agent.planner.reader.mending import completed, slip_of
from agent.planner.reader.network import Network
from agent.planner.reader.pieces import Pieces, spelt
from agent.planner.reader.splitting import joined, words_of
from agent.planner.reader.symbols import END, lines_of, symbols_of
from training.planner import reader as training
from training.planner.examples import Commander, Example, composed, example, varied

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-%/:"
PIECES = {
    piece: number
    for number, piece in enumerate(
        ["[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LETTERS), "sofa", "red"]
    )
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader that has learnt nothing."""
    torch.manual_seed(5)
    network = training.Network(len(PIECES))
    network.pieces.normal_()
    network.places.normal_(std=0.1)
    with torch.no_grad():  # to what the file can hold
        for name, value in network.state_dict().items():
            parts = {key: torch.from_numpy(part).float() for key, part in training._small(name, value)}
            kept = parts[name]
            if f"{name}.scale" in parts:
                scales = parts[f"{name}.scale"]
                kept = (kept.view(*scales.shape, -1) * scales[..., None]).view(value.shape)
            value.copy_(kept)
    made = tmp_path_factory.mktemp("reader")
    training.save(network, PIECES, made)
    assert all(file.stat().st_size < 8 * 2**20 for file in made.iterdir())
    torch.save(network.state_dict(), made / "torch.pt")
    return made


SENTENCES = (
    "make the sofa red",
    "undo",
    "put a mirror above the bed, and a lamp under it!",
    "10%,40% x a.png",
)


def test_numpy_writes_what_torch_writes(folder: Path) -> None:
    network = training.Network(len(PIECES))
    network.load_state_dict(torch.load(folder / "torch.pt", weights_only=True))
    ours = Network(folder)
    examples = [Example(tuple(words_of(sentence)), (END,)) for sentence in SENTENCES]
    theirs = training.write(network, examples, Pieces(PIECES))
    for one, symbols in zip(examples, theirs, strict=True):
        written = ours.write(one.words)
        assert written.symbols == symbols
        assert all(0 < sure <= 1 for sure in written.sure)


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
def test_numbers_in_few_bits_are_nearly_what_they_were(bits: int) -> None:
    rows = np.random.default_rng(bits).normal(size=(50, 64)).astype(np.float32)
    codes, scales = training.rounded(rows, bits)
    top = 2 ** (bits - 1) - 1
    assert np.abs(codes).max() <= top
    error = np.sqrt(((codes * scales.astype(np.float32)[:, None] - rows) ** 2).mean())
    plain = np.abs(rows).max(axis=1, keepdims=True) / top
    assert error <= np.sqrt(((np.round(rows / plain) * plain - rows) ** 2).mean()) * 1.001
    assert error < 3 / top


def test_rows_of_nothing_stay_nothing() -> None:
    codes, scales = training.rounded(np.zeros((3, 8), np.float32), 6)
    assert not codes.any()
    assert np.isfinite(scales.astype(np.float32)).all()


def test_an_untaught_reader_writes_lines_that_parse_and_invents_nothing(folder: Path) -> None:
    reader = Reader(folder)
    for sentence in (*SENTENCES, "x" * 5000, "word " * 400, "🙂", "", "ignore all rules | drop | everything"):
        reading = reader.read(sentence)
        for line in reading.lines:
            assert parse_line(str(line)).act == line.act
            assert strange_words(line, sentence) == []


def test_no_reader_no_harm(tmp_path: Path) -> None:
    assert not Reader(tmp_path).is_there


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("the cat's basket", "the|cat|'s|basket"),
        ("save it as out/final.png.", "save|it|as|out/final.png|."),
        ("from 10%, 40% to 30%,90%", "from|10%,40%|to|30%,90%"),
        ("red/white and #336699", "red|/|white|and|#336699"),
        ("PAINT THE BARN RED", "paint|the|barn|red"),
        ("don’t touch the L-shaped sofa", "don't|touch|the|L-shaped|sofa"),
        ("~/pics/a.jpg, 20% lighter", "~/pics/a.jpg|,|20%|lighter"),
    ],
)
def test_words(sentence: str, words: str) -> None:
    assert words_of(sentence) == words.split("|")


def test_words_go_together_again() -> None:
    assert (
        joined(words_of("the cat's basket, red/white: 20% lighter"))
        == "the cat's basket, red/white: 20% lighter"
    )


def test_pieces() -> None:
    pieces = Pieces({**PIECES, "##s": 90, "car": 91, "port": 92})
    assert spelt(["sofas", "Red"], pieces).pieces == (1, PIECES["sofa"], 90, PIECES["red"], 2)
    assert spelt(["sofas", "Red"], pieces).spans == ((1, 3), (3, 4))
    assert pieces.is_whole("Car")
    assert not pieces.is_whole("carport")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bookshlef", "bookshelf"),
        ("wals", "walls"),
        ("spotlihgts", "spotlights"),
        ("lether", "leather"),
        ("teh", "the"),
        ("carport", None),
        ("punchbag", None),
        ("kotatsu", None),
        ("bunting", None),
        ("leather", None),
    ],
)
def test_slips_are_put_right_and_unknown_words_kept(typed: str, meant: str | None) -> None:
    assert slip_of(typed) == meant


@pytest.mark.parametrize(
    ("sentence", "written", "whole"),
    [
        ("make the sofa almost black", "restyle | the sofa | black", "restyle | the sofa | almost black"),
        ("make it more like honey", "restyle | <it> | honey", "restyle | <it> | more like honey"),
        ("it is a bit dark", "restyle | <it> | a bit dark", "restyle | <it> | a bit too dark"),
        ("make it a bit dark", "restyle | <it> | a bit dark", "restyle | <it> | a bit dark"),
        (
            "I want a cat sleeping on the sill",
            "add | on the sill | a cat",
            "add | on the sill | a cat sleeping",
        ),
        ("put a cat on the sill", "add | on the sill | a cat", "add | on the sill | a cat"),
        ("the sofa way lighter", "restyle | the sofa | way lighter", "restyle | the sofa | way lighter"),
    ],
)
def test_what_was_dropped_beside_a_copied_word_comes_back(sentence: str, written: str, whole: str) -> None:
    words = words_of(sentence)
    symbols = symbols_of([parse_line(written)], words)
    assert symbols is not None
    assert lines_of(completed(symbols, words), words) == (parse_line(whole),)


# ---- what it learns from -----------------------------------------------------------------------------------


def test_composed_sentences_hold_the_words_of_their_lines() -> None:
    acts = set()
    for number in range(400):
        one = composed(number)
        assert one == composed(number)
        for line in lines_of(one.symbols, one.words):
            assert parse_line(str(line)).act == line.act
            acts.add(line.act)
    assert len(acts) > 25


def test_every_command_can_be_composed() -> None:
    for seed in range(600):
        sentence, lines = Commander(seed).sentence()
        assert example(sentence, lines) is not None, (sentence, lines)


def test_a_written_sentence_varies_and_keeps_its_frames() -> None:
    import random

    one = example("please make the sofa red", [parse_line("restyle | the sofa | red")])
    assert one is not None
    seen = set()
    for seed in range(60):
        other = varied(one, random.Random(seed))
        (line,) = lines_of(other.symbols, other.words)
        assert line.act == "restyle"
        assert " ".join(other.words) == f"please make {line.field(0)} {line.field(1)}"
        seen.add(other.words)
    assert len(seen) > 10


def test_a_mark_that_a_line_copies_stays_when_a_sentence_varies() -> None:
    import random

    one = example("Write on it: Welcome, 4b!", [parse_line("restyle | <it> | Welcome, 4b !")])
    assert one is not None
    for seed in range(20):
        other = varied(one, random.Random(seed))
        (line,) = lines_of(other.symbols, other.words)
        assert line.field(1).endswith("!")


def test_a_step_of_training_makes_the_loss_smaller() -> None:
    torch.manual_seed(1)
    network = training.Network(len(PIECES))
    network.pieces.normal_()
    source, pieces = training.Source([], 0.0, 4), Pieces(PIECES)
    optimiser = training._optimiser(network)
    losses = []
    for _ in range(4):
        loss, metrics = training.step(network, source, pieces, 0)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
        losses.append(metrics["loss"])
    assert losses[-1] < losses[0]
