"""What a model under Ollama is told: the instructions, the changes so far, the picture and the sentence, in
an order whose beginning stays as it is from turn to turn, and short enough for the model's context.

A server reads only what is new in a prompt: it keeps what it made of the beginning, up to the first changed
character. So what never changes comes first, then the changes, the oldest first, and what is another thing in
every turn (the picture, what was spoken of last, the sentence) comes last.

Of a prompt that is longer than the context a server keeps the end and says nothing. How many tokens a text
has, only the server knows, after it has read it: ``Budget`` learns from its answers.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from agent.planner.context import Context, LayerView
from agent.planner.resolve.layers import stem
from prompts import read
from tools.language.lexicon import word_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

LONG_SIDE = 512
"""The picture is sent with a long side of at most this many pixels."""

NUM_CTX = 8192
NUM_PREDICT = 1024
"""Tokens of context and of one answer. Left to itself a server with much memory reserves a context of 256 k
tokens.
"""

PICTURE_TOKENS = 768
"""What a server counts for a picture, at most."""

MOST_LAYERS = 120
MOST_NAMES = 60
"""So many changes are told one by one, and so many things of the others by name."""

_AT_A_TIME = 40
"""So many changes at a time are no longer told one by one: one at a time would change the beginning of the
prompt in every turn.
"""

_SENTENCES = 6
"""How many of the user's earlier sentences the model is told, each of so many letters at most."""
_LETTERS = 300

_NAMED = 8
"""So many changes of those that are told by name alone are told in full, because the sentence names them."""

_FEWER = (120, 80, 40, 20, 10, 0)
_SMALL_WORDS = word_set("the a an of in on it and to one left right middle other")


class Budget:
    """How long a prompt for one model may be, in bytes of UTF-8: for a language without spaces these come
    nearer to tokens than letters do.

    It begins with what was seen of English instructions under a small model, and grows more careful with
    every answer that counts more: a server may count only what it had not read before, so less means nothing.
    """

    def __init__(self) -> None:
        self.context = NUM_CTX
        self.per_byte = 0.33

    def bytes(self, *, picture: bool) -> int:
        """The longest text, all messages together."""
        tokens = self.context - NUM_PREDICT - (PICTURE_TOKENS if picture else 0)
        return max(0, int(tokens / self.per_byte))

    def learn(self, size: int, tokens: int, *, picture: bool) -> None:
        """A text of ``size`` bytes had so many tokens, those of the picture with it."""
        tokens -= PICTURE_TOKENS if picture else 0
        if size > 0:
            self.per_byte = max(self.per_byte, tokens / size)

    def was_cut(self, size: int, tokens: int) -> bool:
        """Whether a server that counts so many tokens has cut the text; if so the next is to be half as long
        at most.
        """
        if tokens < self.context:
            return False
        self.per_byte = max(self.per_byte * 2, 2 * self.context / max(1, size))
        return True


def messages(
    sentence: str, context: Context, picture: NDArray[np.uint8] | None, most_bytes: int
) -> list[dict[str, Any]]:
    """The messages for a sentence, of ``most_bytes`` if the instructions and the sentence leave room for
    anything: first fewer changes are told, then none of the sentences before. The sentence is always whole.
    """
    for layers in _FEWER:
        for before in (True, False) if layers == _FEWER[-1] else (True,):
            system = "\n\n".join((read("planner.md"), changes(context, layers)))
            asked = situation(sentence, context, layers, before=before)
            if len(system.encode()) + len(asked.encode()) <= most_bytes:
                return _as_messages(system, asked, picture)
    return _as_messages(read("planner.md"), _the_sentence(sentence), picture)


def size(told: Sequence[dict[str, Any]]) -> int:
    """The bytes of the messages' texts."""
    return sum(len(each["content"].encode()) for each in told)


def _as_messages(system: str, asked: str, picture: NDArray[np.uint8] | None) -> list[dict[str, Any]]:
    user: dict[str, Any] = {"role": "user", "content": asked}
    if picture is not None:
        user["images"] = [as_png(picture)]
    return [{"role": "system", "content": system}, user]


def changes(context: Context, most: int = MOST_LAYERS) -> str:
    """The changes so far, in words that a later turn does not touch unless it touches the change."""
    if not context.layers:
        return "Changes so far: none."
    told = _told_singly(context, most)
    lines = ["Changes so far:"]
    if rest := [layer for layer in context.layers if layer not in told]:
        names = list(dict.fromkeys(layer.target[:_LETTERS] for layer in reversed(rest)))
        lines.append(f"- {len(rest)} earlier changes, of: {', '.join(names[: min(MOST_NAMES, most)])}")
    return "\n".join((*lines, *(f"- {_described(layer)}" for layer in told)))


def situation(sentence: str, context: Context, most: int = MOST_LAYERS, *, before: bool = True) -> str:
    """The rest of the conversation and the sentence, in words for the model."""
    lines = []
    told = _told_singly(context, most)
    named = [layer for layer in context.layers if layer not in told and _is_named(layer, sentence)]
    lines += [f"Changed earlier: {_described(layer)}" for layer in named[-_NAMED:] if most]
    last = next((layer for layer in context.layers if context.focus and layer.id == context.focus[-1]), None)
    if last is not None:
        lines.append(f"Spoken of last: {_described(last)}")
    if context.variations:
        lines.append(f"On offer: {context.variations} variations to pick from.")
    if context.nearest:
        lines.append("On offer: the nearest result to what was asked last, to be kept.")
    if context.sentences and before:
        earlier = (_quoted(each[:_LETTERS]) for each in context.sentences[-_SENTENCES:])
        lines.append(f"The user said before: {' / '.join(earlier)}")
    if context.question:
        lines.append(f"You asked: {_quoted(context.question[:_LETTERS])}")
    return "\n".join((*lines, _the_sentence(sentence)))


def _the_sentence(sentence: str) -> str:
    return f"The user says: {_quoted(sentence)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _told_singly(context: Context, most: int) -> list[LayerView]:
    """The layers that a model is told of one by one: all of them, or the newest of those that show."""
    count = len(context.layers)
    if count <= most:
        return list(context.layers)
    step = min(_AT_A_TIME, max(1, most // 2))
    left_out = -(-(count - most) // step) * step
    ranked = sorted(context.layers, key=lambda layer: (layer.visible, layer.id))
    kept = {layer.id for layer in ranked[left_out:]} if most else set()
    return [layer for layer in context.layers if layer.id in kept]


def _is_named(layer: LayerView, sentence: str) -> bool:
    """Whether a sentence has all the words of a layer's thing."""
    thing = _stems(layer.target)
    return bool(thing) and thing <= _stems(sentence)


def _stems(text: str) -> set[str]:
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return {stem(word) for word in words if word not in _SMALL_WORDS}


def _described(layer: LayerView) -> str:
    target, prompt = layer.target[:_LETTERS], layer.prompt[:_LETTERS]
    what = f"{target} removed" if layer.kind == "remove" else f"{target} → {prompt}"
    if layer.kind == "add":
        what = f"added {prompt} {target}"
    return what if layer.visible else f"{what} (undone)"


def as_png(picture: NDArray[np.uint8]) -> bytes:
    """The picture, uint8 RGB (H, W, 3), as a PNG, its long side ``LONG_SIDE`` pixels at most."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
