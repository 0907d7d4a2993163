"""A small trained tagger: it says of each word of a free sentence what it is, and the words are copied."""

from __future__ import annotations

from pathlib import Path

from agent.planner.english.text import Tokens
from agent.planner.tagger.reading import Reading, read


class Tagger:
    """The trained tagger of a folder (``model.safetensors``, ``config.json``); about three milliseconds a
    sentence.
    """

    def __init__(self, folder: Path) -> None:
        # numpy and the weights are loaded only where a sentence needs them
        from agent.planner.tagger.network import Network

        self._network = Network(folder)

    def __call__(self, tokens: Tokens) -> Reading:
        """Read the tokens of one sentence; at least one."""
        return read(tokens, self._network(tuple(token.low for token in tokens)))
