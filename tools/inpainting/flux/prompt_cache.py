"""From words to embeddings: each text is encoded once, and large text encoders do not stay on the card.

A FLUX pipeline needs its text encoders only until the first step, and they are as large as a third of the
rest. So they are offloaded: loaded when new words come, taken out of the card afterwards. Texts are encoded
one at a time, so that an embedding does not depend on the others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from tools.engines.number_formats import fitted

KEPT = 64
"""How many embeddings an engine keeps, the latest used ones: at most 0.5 GB of RAM."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """A text as the transformer is told it.

    ``sequence`` is (1, tokens, width); ``pooled`` (1, width) for FLUX.1, None for FLUX.2. Both lie in RAM.
    """

    sequence: torch.Tensor
    pooled: Any = None

    def fitted(self, dtype: torch.dtype) -> Embedding:
        """The same in the number format that the transformer works in."""
        pooled = None if self.pooled is None else fitted(self.pooled, dtype)
        return Embedding(fitted(self.sequence, dtype), pooled)


class Encoder(Protocol):
    """Turns texts into embeddings."""

    def encode(self, texts: Sequence[str]) -> list[Embedding]:
        """The embeddings of some texts, in order."""
        ...

    @property
    def weight_bytes(self) -> int:
        """How much memory it takes on the card while it encodes; 0 for one that needs no room made."""
        ...


class PromptCache:
    """The embeddings of the texts that an engine was given lately."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._known: OrderedDict[str, Embedding] = OrderedDict()

    def new(self, texts: Sequence[str]) -> list[str]:
        """The texts that would have to be encoded, each once."""
        return [text for text in dict.fromkeys(texts) if text not in self._known]

    def look_up(self, texts: Sequence[str]) -> dict[str, Embedding]:
        """The embeddings of some texts, encoding those that are new."""
        new = self.new(texts)
        if new:
            self._known.update(zip(new, self.encoder.encode(new), strict=True))
        found = {}
        for text in dict.fromkeys(texts):
            self._known.move_to_end(text)
            found[text] = self._known[text]
        while len(self._known) > max(KEPT, len(found)):
            self._known.popitem(last=False)
        return found


def embed(pipeline: Any, text: str, tokens: int, device: torch.device) -> Embedding:
    """The embedding of one text by a pipeline whose text encoders work on ``device``, ``tokens`` long."""
    with torch.no_grad():
        if hasattr(pipeline, "text_encoder_2"):
            sequence, pooled, _ = pipeline.encode_prompt(
                prompt=text, prompt_2=None, device=device, max_sequence_length=tokens
            )
            return Embedding(sequence.cpu(), pooled.cpu())
        sequence, _ = pipeline.encode_prompt(prompt=text, device=device, max_sequence_length=tokens)
        return Embedding(sequence.cpu())


class TextEncoders:
    """Text encoders that are small enough to stay where they are: those of a whole pipeline."""

    weight_bytes = 0

    def __init__(self, pipeline: Any, tokens: int) -> None:
        self._pipeline = pipeline
        self._tokens = tokens

    def encode(self, texts: Sequence[str]) -> list[Embedding]:
        """The embeddings of some texts, in order."""
        device = self._pipeline.text_encoder.device
        return [embed(self._pipeline, text, self._tokens, device) for text in texts]


class OffloadedTextEncoders:
    """Text encoders that come to the card for new words and leave it afterwards.

    ``load()`` makes a pipeline of text encoders and tokenizers only, on the card, and ``arrive(pipeline)``
    brings it there again. ``leave(pipeline)`` takes it out; it says whether the weights are still in memory,
    or were given up because there is no room for them. ``dtype`` is what the transformer works in.
    """

    def __init__(
        self,
        load: Callable[[], Any],
        arrive: Callable[[Any], None],
        leave: Callable[[Any], bool],
        *,
        tokens: int,
        device: torch.device,
        dtype: torch.dtype,
        weight_bytes: int,
    ) -> None:
        self.weight_bytes = weight_bytes
        self._load = load
        self._arrive = arrive
        self._leave = leave
        self._tokens = tokens
        self._device = device
        self._dtype = dtype
        self._pipeline: Any = None

    def encode(self, texts: Sequence[str]) -> list[Embedding]:
        """The embeddings of some texts, in order."""
        try:
            if self._pipeline is None:
                self._pipeline = self._load()
            else:
                self._arrive(self._pipeline)
            read = [embed(self._pipeline, text, self._tokens, self._device) for text in texts]
            found = [each.fitted(self._dtype) for each in read]
            if not self._leave(self._pipeline):
                self._pipeline = None
        except BaseException:
            self._pipeline = None  # Half on the card, half off it: better loaded anew.
            raise
        return found
