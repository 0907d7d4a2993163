"""LISA's words: the tokenizer of its checkpoints, the conversation template, and what users may not
smuggle in.

The tokenizer is SentencePiece with added tokens. Whitespace around an added token is dropped and every piece
between added tokens is encoded by itself, as the checkpoints were trained (transformers 4.31's slow
tokenizer); today's transformers tokenizers do not reproduce that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import sentencepiece

from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER

SEG, IM_START, IM_END, IMAGE = "[SEG]", "<im_start>", "<im_end>", "<image>"
_FORBIDDEN = re.compile(r"\[SEG\]|<image>|<im_start>|<im_end>|<im_patch>|</?s>|<unk>", re.IGNORECASE)

Template = Literal["llava_v1", "llava_llama_2"]
"""The conversation templates that LISA was trained with; "llava_v1" is the original's default everywhere."""

_TEMPLATES: Final[Mapping[Template, str]] = {
    "llava_v1": (
        "A chat between a curious human and an artificial intelligence assistant. The assistant gives"
        " helpful, detailed, and polite answers to the human's questions."
        " USER: <im_start><image><im_end>\n{question} ASSISTANT:"
    ),
    "llava_llama_2": (
        "[INST] <<SYS>>\nYou are a helpful language and vision assistant. You are able to understand the"
        " visual content that the user provides, and assist the user with a variety of tasks using natural"
        " language.\n<</SYS>>\n\n<im_start><image><im_end>\n{question} [/INST]"
    ),
}


def sanitise(phrase: str) -> str:
    """A user's words without the tokens that would steer the model ("[SEG]" makes masks, "<image>" a
    picture).
    """
    return " ".join(_FORBIDDEN.sub(" ", phrase).split())


def question(phrase: str) -> str:
    """The trained form of "find this"."""
    return f"Can you segment {sanitise(phrase)} in this image?"


def reasoning_question(phrase: str) -> str:
    """The trained form of a request that has to be thought about, such as "what you would sit on"."""
    words = sanitise(phrase).rstrip(".")
    sentence = words[:1].upper() + words[1:]
    return f"{sentence}{'' if sentence.endswith(('?', '!')) else '.'} Please output segmentation mask."


def prompt(question: str, template: Template = "llava_v1") -> str:
    """One question about one picture, up to where the assistant speaks."""
    return _TEMPLATES[template].format(question=question)


class LisaTokenizer:
    """SentencePiece plus [SEG], <im_start> and <im_end>, whose ids follow the model's own vocabulary."""

    def __init__(self, model_file: Path, added: Mapping[str, int] | None = None, legacy: bool = True) -> None:
        """Load ``tokenizer.model``. Raises OSError if it is not there or damaged.

        ``added`` gives the added tokens' ids where they are not simply the next ones. With ``legacy`` every
        piece of text begins with SentencePiece's own space; without it only the first does.
        """
        self._pieces = sentencepiece.SentencePieceProcessor()
        try:
            self._pieces.Load(str(model_file))
        except (RuntimeError, TypeError) as error:  # as sentencepiece says that there is no such file
            raise OSError(f"{model_file.name} is missing or damaged") from error
        base = self._pieces.GetPieceSize()
        self.added = dict(added or {SEG: base, IM_START: base + 1, IM_END: base + 2})
        self.legacy = legacy
        self.bos_id, self.end_id = self._pieces.bos_id(), self._pieces.eos_id()
        self.seg_id = self.added[SEG]
        self._own = {"<s>": self.bos_id, "</s>": self.end_id, "<unk>": self._pieces.unk_id()}
        self._own[IMAGE] = IMAGE_PLACEHOLDER
        self._names = {value: name for name, value in self.added.items()}
        # Longer ones first: one may begin with another.
        names = "|".join(re.escape(name) for name in sorted(self.added, key=len, reverse=True))
        self._splits = re.compile(rf"\s*({names})\s*|({'|'.join(map(re.escape, self._own))})")

    @classmethod
    def from_folder(cls, folder: Path) -> LisaTokenizer:
        """The tokenizer of a checkpoint's folder, published or our own.

        Raises OSError when its files are not there, and ValueError when a token of LISA's is not in them.
        """
        added, config = folder / "added_tokens.json", folder / "tokenizer_config.json"
        ids = json.loads(added.read_text(encoding="utf-8")) if added.exists() else None
        settings = json.loads(config.read_text(encoding="utf-8")) if config.exists() else {}
        if ids is not None and (missing := {SEG, IM_START, IM_END} - set(ids)):
            raise ValueError(f"the token {min(missing)} is not in {added}")
        return cls(folder / "tokenizer.model", ids, bool(settings.get("legacy", True)))

    def __len__(self) -> int:
        return max(self._pieces.GetPieceSize(), 1 + max(self.added.values()))

    def encode(self, text: str) -> list[int]:
        """Ids of a text without <s> in front; ``</s>`` in it is the end token and ``<image>`` the picture's
        placeholder.
        """
        ids: list[int] = []
        first, at = True, 0
        for found in self._splits.finditer(text):
            ids += self._encode_piece(text[at : found.start()], first)
            ids.append(self.added[found[1]] if found[1] else self._own[found[2]])
            # The picture cuts a text in two, and each half is a text of its own.
            first, at = found[2] == IMAGE, found.end()
        return ids + self._encode_piece(text[at:], first)

    def _encode_piece(self, text: str, first: bool) -> list[int]:
        if not text:
            return []
        if self.legacy or first or text.startswith(" "):
            encoded: list[int] = self._pieces.EncodeAsIds(text)
            return encoded
        pieces: list[str] = self._pieces.EncodeAsPieces(text)
        pieces[:1] = [piece for piece in [pieces[0].removeprefix("▁")] if piece]
        return [self._pieces.PieceToId(piece) for piece in pieces]

    def encode_prompt(self, text: str) -> list[int]:
        """``<s>`` and the ids of a whole conversation."""
        return [self.bos_id, *self.encode(text)]

    def decode(self, ids: list[int]) -> str:
        """The text of generated ids, with [SEG] spelt out."""
        text = " ".join(part.strip() for part in self._parts(ids) if part.strip())
        return re.sub(r"\s+([.,!?])", r"\1", text)

    def transcript(self, ids: list[int]) -> str:
        """A whole conversation as the original program prints it: every token spelt out, without the
        picture.
        """
        parts = self._parts([token for token in ids if token != IMAGE_PLACEHOLDER], spelt=True)
        return " ".join(parts).replace("\n", "").replace("  ", " ")

    def _parts(self, ids: list[int], spelt: bool = False) -> list[str]:
        """The added tokens and the text between them; with ``spelt`` the text has its <s> and </s>."""
        special = {self.bos_id: "<s>", self.end_id: "</s>", self._pieces.unk_id(): "<unk>"} if spelt else {}
        parts: list[str] = []
        run: list[int] = []
        text = ""
        for token in ids:
            if token in self._names:
                parts += [text + self._pieces.DecodeIds(run), self._names[token]]
                run, text = [], ""
            elif token in special:
                before = self._pieces.DecodeIds(run)
                text += (
                    f"{'' if not before and not text else ' ' if not text else ''}{before}{special[token]}"
                )
                run = []
            else:
                run.append(token)
        parts.append(text + self._pieces.DecodeIds(run))
        return [part for part in parts if part]
