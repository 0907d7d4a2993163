"""LISA as a segmenter: phrases in, masks at the picture's size out, the picture encoded once.

The features of the last few pictures are kept by content, so that further phrases and further turns on
the same picture pay for their words only.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.utils import logging

from tools.errors import Cancelled
from tools.lisa import processing, text
from tools.lisa.model import Answer, Lisa, PictureFeatures
from tools.pocket import weights_folder
from tools.segment import CancelCheck, Found, never

_KEPT_PICTURES = 4
_INVENTORY = "What is in this image?"


class LisaSegmenter:
    """A :class:`Lisa` that keeps the ``Segmenter`` interface."""

    def __init__(self, name: str, model: Lisa, tokenizer: text.LisaTokenizer, revision: str) -> None:
        self.name = name
        self.revision = revision
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._features: OrderedDict[str, PictureFeatures] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, name: str, folder: Path) -> LisaSegmenter:
        """Load model and tokenizer from a folder. Raises OSError when something is missing there."""
        logging.disable_progress_bar()
        model = Lisa.from_pretrained(str(folder), dtype=torch.float32)
        model.to("cuda" if torch.cuda.is_available() else "cpu")
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:12]
        return cls(name, model, text.LisaTokenizer(folder / "tokenizer.model"), digest)

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        """Find each phrase in an RGB picture (H, W, 3), all in one batch, in the order of the phrases.

        Raises ``tools.errors.Cancelled`` within one token of a cancel.
        """
        if not phrases:
            return []
        with self._lock, torch.inference_mode():
            features = self._encode(picture)
            answers = self._ask([text.question(phrase) for phrase in phrases], features, 24, cancelled)
            return [
                self._found(picture, phrase, answer, features)
                for phrase, answer in zip(phrases, answers, strict=True)
            ]

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name the things that the picture shows, in words that ``segment`` would find."""
        with self._lock, torch.inference_mode():
            [answer] = self._ask([_INVENTORY], self._encode(picture), 64, never)
        said = self._tokenizer.decode(answer.ids).rstrip(".")
        return list(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))

    def _encode(self, picture: NDArray[np.uint8]) -> PictureFeatures:
        key = hashlib.sha256(
            np.ascontiguousarray(picture).tobytes() + str(picture.shape).encode()
        ).hexdigest()
        if key not in self._features:
            config = self._model.config
            vision = processing.clip_pixels(picture, config.vision_config.image_size, config.vision_fit)
            sam = processing.sam_pixels(picture, self._side)
            device = self._model.device
            self._features[key] = self._model.encode_picture(vision.to(device), sam.to(device))
            if len(self._features) > _KEPT_PICTURES:
                self._features.popitem(last=False)
        self._features.move_to_end(key)
        return self._features[key]

    @property
    def _side(self) -> int:
        return int(self._model.config.sam_config.vision_config.image_size)

    def _ask(
        self, questions: list[str], features: PictureFeatures, tokens: int, cancelled: CancelCheck
    ) -> list[Answer]:
        prompts = [
            torch.tensor(self._tokenizer.encode_prompt(text.prompt(question)), device=self._model.device)
            for question in questions
        ]
        answers: list[Answer] = self._model.answer(
            prompts,
            features.tokens[0],
            seg_id=self._tokenizer.seg_id,
            end_id=self._tokenizer.end_id,
            max_new_tokens=tokens,
            cancelled=cancelled,
        )
        if cancelled():
            raise Cancelled
        return answers

    def _found(
        self, picture: NDArray[np.uint8], phrase: str, answer: Answer, features: PictureFeatures
    ) -> Found:
        """The union of the masks that an answer speaks of; its confidence is P([SEG]) times the mask's
        mean probability.
        """
        height, width = picture.shape[:2]
        words = self._tokenizer.decode(answer.ids)
        if len(answer.seg_embeddings) == 0:
            # Never said [SEG]: as sure of its absence as [SEG] was unlikely.
            return Found(phrase, np.zeros((height, width), bool), 1.0 - answer.seg_probability, words)
        low = self._model.decode_masks(answer.seg_embeddings[None], features.embedding)[0]
        logits = processing.restore_masks(low, height, width, self._side).amax(0)
        mask = (logits > 0).cpu().numpy()
        inside = float(logits[logits > 0].sigmoid().mean()) if mask.any() else 0.0
        return Found(phrase, mask, answer.seg_probability * inside, words)


def load_pocket() -> LisaSegmenter:
    """The pocket LISA. Raises ``EngineError`` when its weights are not there."""
    return LisaSegmenter.from_folder("lisa-pocket", weights_folder("lisa"))
