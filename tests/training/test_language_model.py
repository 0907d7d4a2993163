"""The adapter of the planner's language model: its sentences, that it learns, and the file it becomes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import pocket
from agent.planner.lines import parse_line, strange_words
from training.planner import conversations
from training.planner import language_model as training
from training.planner.examples import written

WRITTEN = Path(training.__file__).parent / "written" / "edits-01.txt"


class _Letters:
    """A tokenizer of letters."""

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": [3 + ord(letter) % 120 for letter in text]}


@pytest.fixture
def model() -> LlamaForCausalLM:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=2048,
    )  # fmt: skip
    made: LlamaForCausalLM = LlamaForCausalLM(config).requires_grad_(False)
    return made


def test_a_step_has_the_same_sentences_every_time() -> None:
    one, other = (training.Source(written([WRITTEN]), 0.8, 8) for _ in range(2))
    batch = one.batch(13)
    assert other.batch(3) != batch
    assert other.batch(13) == batch
    for asked, answer in batch:
        assert asked.startswith("says: ")
        assert asked.endswith("\n")
        for line in map(parse_line, answer.splitlines()):
            assert strange_words(line, asked.removeprefix("says: ")) == []


def test_only_the_adapters_learn(model: LlamaForCausalLM) -> None:
    kept = model.model.layers[0].mlp.up_proj.weight.clone()
    adapters = training.adapt(model)
    assert {key.rpartition(".")[2] for key in adapters.state_dict()} == {"a", "b"}
    optimiser = torch.optim.AdamW(adapters.parameters(), lr=1e-2)
    source = training.Source(written([WRITTEN]), 1.0, 4)
    talks = training.Conversations(conversations.load([conversations.HERE])[:3], _Letters())
    losses = []
    for _ in range(8):
        loss, _ = training.step(model, _Letters(), source, talks, 0)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.1
    assert torch.equal(model.model.layers[0].mlp.up_proj.weight, kept)


def test_a_conversation_is_learnt_at_once_as_it_is_read_sentence_by_sentence(model: LlamaForCausalLM) -> None:
    talk = conversations.load([conversations.HERE])[0]
    letters, (piece, *_) = _Letters(), conversations.pieces(talk[:3])
    row = training.Conversations([talk], letters).row(piece)
    alone, told = [], [training.BEGIN]
    for text, answer in zip(piece.texts, piece.answers, strict=True):
        told += letters(text)["input_ids"]
        if answer:
            lines = [*letters(answer)["input_ids"], training.END]
            logits = model(input_ids=torch.tensor([told + lines])).logits[0, len(told) - 1 : -1]
            alone.append(torch.nn.functional.cross_entropy(logits, torch.tensor(lines), reduction="none"))
    assert torch.allclose(training.told_loss(model, row), torch.cat(alone), atol=1e-4)


def test_a_varied_conversation_is_about_other_things_and_still_in_the_form() -> None:
    chooser = random.Random(5)
    talks = conversations.load([conversations.HERE])[:12]
    others = [conversations.varied_talk(talk, chooser) for talk in talks]
    assert sum(other != talk for talk, other in zip(talks, others, strict=True)) > 6
    for talk, other in zip(talks, others, strict=True):
        heard = ""
        for before, turn in zip(talk, other, strict=True):
            heard += f" {turn.sentence}"
            assert [line.act for line in turn.lines] == [line.act for line in before.lines]
            assert not any(strange_words(line, heard) for line in turn.lines)


def test_the_file_holds_what_was_learnt(model: LlamaForCausalLM, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    adapters = training.adapt(model)
    learnt = {key: torch.randn_like(value) for key, value in adapters.named_parameters()}
    training.save(learnt, training.heads_of(model), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["adapter.gguf"]
    read = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp_path / "adapter.gguf").tensors}
    assert len(read) == len(learnt) == 2 * 7 * 2
    for key, value in learnt.items():
        place, side = key.split(".")
        layer, name = place.split("-")
        tensor = read[f"blk.{layer}.{name}.weight.lora_{side}"]
        rows = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        wanted = value.detach().numpy()
        if side == "b" and name in ("attn_q", "attn_k"):
            # the halves of a head, which turn together, alternate in llama.cpp
            heads = 4 if name == "attn_q" else 2
            wanted = np.concatenate(
                [
                    head[[0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15]]
                    for head in np.split(wanted, heads)
                ]
            )
        assert np.abs(rows - wanted).max() < 0.02
    other = LlamaForCausalLM(model.config)
    again = training.adapt(other)
    training.load(tmp_path / "adapter.gguf", again, training.heads_of(other))
    for key, value in again.named_parameters():
        assert (value - learnt[key]).abs().max() < 0.02, key


def test_the_shipped_file_is_of_a_size_that_a_repository_takes() -> None:
    assert (pocket.weights("language-model") / "adapter.gguf").stat().st_size < 8 * 2**20
