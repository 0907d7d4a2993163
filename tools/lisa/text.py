"""LISA's words: the tokenizer of its checkpoints, the conversation template, and what users may not
smuggle in.

The tokenizer is SentencePiece with three added tokens. Whitespace around an added token is dropped and
every piece between added tokens is encoded by itself, as the checkpoints were trained (transformers
4.31's slow tokenizer with ``legacy`` true); today's transformers tokenizers do not reproduce that.
"""

from __future__ import annotations

import re
from pathlib import Path

import sentencepiece

from tools.lisa.model import IMAGE_PLACEHOLDER

SEG, IM_START, IM_END, IMAGE = "[SEG]", "<im_start>", "<im_end>", "<image>"
_END = "</s>"
_ADDED = re.compile(r"\s*(\[SEG\]|<im_start>|<im_end>)\s*")
_FORBIDDEN = re.compile(r"\[SEG\]|<image>|<im_start>|<im_end>|<im_patch>|</?s>|<unk>", re.IGNORECASE)

_SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)


def sanitise(phrase: str) -> str:
    """A user's words without the tokens that would steer the model ("[SEG]" makes masks, "<image>" a
    picture).
    """
    return " ".join(_FORBIDDEN.sub(" ", phrase).split())


def question(phrase: str) -> str:
    """The trained form of "find this"."""
    return f"Can you segment {sanitise(phrase)} in this image?"


def prompt(question: str) -> str:
    """One question about one picture in the template "llava_v1", up to where the assistant speaks."""
    return f"{_SYSTEM} USER: {IM_START}{IMAGE}{IM_END}\n{question} ASSISTANT:"


class LisaTokenizer:
    """SentencePiece plus [SEG], <im_start> and <im_end>, whose ids follow the model's own vocabulary."""

    def __init__(self, model_file: Path) -> None:
        """Load ``tokenizer.model``. Raises OSError if it is not there or damaged."""
        self._pieces = sentencepiece.SentencePieceProcessor()
        self._pieces.Load(str(model_file))
        base = self._pieces.GetPieceSize()
        self.added = {SEG: base, IM_START: base + 1, IM_END: base + 2}
        self.bos_id, self.end_id, self.seg_id = self._pieces.bos_id(), self._pieces.eos_id(), base

    def __len__(self) -> int:
        return self._pieces.GetPieceSize() + len(self.added)

    def encode(self, text: str) -> list[int]:
        """Ids of a text without <s>; ``</s>`` in it is the end token and ``<image>`` the picture's
        placeholder.
        """
        ids: list[int] = []
        for part in re.split(r"(</s>|<image>)", text):
            if part == _END:
                ids.append(self.end_id)
            elif part == IMAGE:
                ids.append(IMAGE_PLACEHOLDER)
            else:
                for piece in _ADDED.split(part):
                    if piece in self.added:
                        ids.append(self.added[piece])
                    elif piece:
                        ids.extend(self._pieces.EncodeAsIds(piece))
        return ids

    def encode_prompt(self, text: str) -> list[int]:
        """``<s>`` and the ids of a whole conversation."""
        return [self.bos_id, *self.encode(text)]

    def decode(self, ids: list[int]) -> str:
        """The text of generated ids, with [SEG] spelt out."""
        names = {value: key for key, value in self.added.items()}
        parts: list[str] = []
        run: list[int] = []
        for token in ids:
            if token in names:
                parts += [self._pieces.DecodeIds(run), names[token]]
                run = []
            else:
                run.append(token)
        parts.append(self._pieces.DecodeIds(run))
        text = " ".join(part.strip() for part in parts if part.strip())
        return re.sub(r"\s+([.,!?])", r"\1", text)
