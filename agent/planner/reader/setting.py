"""What the language model is told of a conversation: what the picture had when it began, then each sentence
and what came of it.

The text only grows from one sentence to the next, until it begins anew some sentences later: so what a model
has read of it need not be read again. Training tells it in the same words
(``training/planner/conversations.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.planner.context import Context, LayerView, VersionView, described_layer

FEW, EVERY = 5, 5
"""At least so many sentences are told, if there were as many; after so many more it begins anew."""
MOST = 2400
"""Letters of all; the model reads three or four a token."""


def first_told(count: int) -> int:
    """The first of ``count`` sentences that is told."""
    return max(0, (count - FEW) // EVERY * EVERY)


def told(context: Context) -> str:
    """The conversation before a sentence, in lines with their ends; empty before anything was said."""
    spoken = context.spoken
    if not spoken:
        return ""
    first = first_told(len(spoken))
    while len(text := _from(context, first)) > MOST and first < len(spoken):
        first += 1
    return text


def _from(context: Context, first: int) -> str:
    lines = [begin(context, first)]
    for each in context.spoken[first:]:
        lines.append(f"says: {safe(each.sentence)}\n")
        if each.outcome:
            lines.append(f"did: {safe(each.outcome)}\n")
    return "".join(lines)


def begin(context: Context, first: int) -> str:
    """What the picture had before the sentence of a number."""
    head = context.spoken[first - 1].head if first else 0
    version = context.history[head] if 0 <= head < len(context.history) else VersionView(0)
    return f"has: {safe('; '.join(_described(version.layers)) or 'nothing')}\n"


def _described(layers: Sequence[LayerView]) -> list[str]:
    """The newest layers in words."""
    return [described_layer(layer) for layer in layers if not layer.dropped][-8:]


def safe(text: str) -> str:
    """A text in one line of bounded length in which no turn of the model ends."""
    text = " ".join(text.split()).replace("<|", "< |")
    return text if len(text) <= 300 else f"{text[:299].rstrip()}…"
