"""LISA as a segmenter: phrases in, masks at the picture's size out, the picture encoded once.

The features of the last few pictures are kept by content, so that further phrases and further turns on
the same picture pay for their words only.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.utils import logging

from tools.errors import Cancelled, EngineError
from tools.lisa import processing, text
from tools.lisa.edges import Field, edge_follower
from tools.lisa.model import Answer, Lisa, PictureFeatures
from tools.lisa.presence import Presence
from tools.pocket import weights_folder
from tools.segment import CancelCheck, Found, never

T = TypeVar("T")
Follow = Callable[[Field], NDArray[np.bool_]]

_KEPT_PICTURES = 4
_SHORT, _LONG = 24, 256
"""Tokens that an answer may have: the pocket models answer in one form, the published ones may explain."""

_INVENTORY = "What is in this image?"
_INVENTORY_LISTED = "What is in this image? Name the things, separated by commas."

_ARTICLE = re.compile(r"^(?:an?|the|my|our|this|there (?:is|are))\s+", re.I)
_THOUGHT = re.compile(
    r"^(?:what|which|who|whose|where|how|why|if|something|someone|somewhere|anything)\b", re.I
)
"""Phrases that describe instead of naming."""


class LisaSegmenter:
    """A :class:`Lisa` that keeps the ``Segmenter`` interface."""

    def __init__(
        self, name: str, model: Lisa, tokenizer: text.LisaTokenizer, revision: str, *, reasons: bool = False
    ) -> None:
        """``reasons``: the model was trained on whole sentences too, and may answer at length."""
        self.name = name
        self.revision = revision
        self._reasons = reasons
        self._presence = Presence.of(model.config.presence)
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
        return cls(name, model, text.LisaTokenizer.from_folder(folder), digest)

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
            questions = [self._question(phrase) for phrase in phrases]
            if self._presence is not None:
                return self._decide(picture, phrases, questions, features, cancelled)
            answers = self._ask(questions, features, _LONG if self._reasons else _SHORT, cancelled)
            return [
                self._found(picture, phrase, answer, features)
                for phrase, answer in zip(phrases, answers, strict=True)
            ]

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name the things that the picture shows, in words that ``segment`` would find."""
        question = _INVENTORY_LISTED if self._reasons else _INVENTORY
        with self._lock, torch.inference_mode():
            return self._names(question, self._encode(picture), never)

    def _names(self, question: str, features: PictureFeatures, cancelled: CancelCheck) -> list[str]:
        [answer] = self._ask([question], features, 64, cancelled)
        said = re.split(r",|\band\b|\.", self._tokenizer.decode(answer.ids))
        names = [_ARTICLE.sub("", name.strip()) for name in said]
        return list(dict.fromkeys(name for name in names if name and len(name.split()) <= 4))

    def look(self, picture: NDArray[np.uint8]) -> None:
        """Encode a picture ahead of the questions about it."""
        with self._lock, torch.inference_mode():
            self._encode(picture)

    def _question(self, phrase: str) -> str:
        thought = self._reasons and (_THOUGHT.match(phrase.strip()) or phrase.strip().endswith("?"))
        return text.reasoning_question(phrase) if thought else text.question(phrase)

    def _encode(self, picture: NDArray[np.uint8]) -> PictureFeatures:
        key = hashlib.sha256(
            np.ascontiguousarray(picture).tobytes() + str(picture.shape).encode()
        ).hexdigest()
        if key not in self._features:
            vision, sam = processing.pixels(picture, self._model.config)
            device = self._model.device
            try:
                self._features[key] = self._model.encode_picture(vision.to(device), sam.to(device))
            except torch.OutOfMemoryError as error:
                self._make_room()
                raise EngineError(
                    f"The graphics card ran out of memory while {self.name} looked at the picture: close"
                    " what else uses it, or use a smaller preset."
                ) from error
            if len(self._features) > _KEPT_PICTURES:
                self._features.popitem(last=False)
        self._features.move_to_end(key)
        return self._features[key]

    @property
    def _side(self) -> int:
        return int(self._model.config.sam_config.vision_config.image_size)

    def signs(self, picture: NDArray[np.uint8], phrases: Sequence[str]) -> list[tuple[float, float]]:
        """What a :class:`Presence` weighs, for each phrase; for a model that has such a rule."""
        with self._lock, torch.inference_mode():
            questions = [self._question(phrase) for phrase in phrases]
            weighed = self._weigh(picture, questions, self._encode(picture), never)
        return [(said, inside) for said, _, inside in weighed]

    def _decide(
        self,
        picture: NDArray[np.uint8],
        phrases: Sequence[str],
        questions: list[str],
        features: PictureFeatures,
        cancelled: CancelCheck,
    ) -> list[Found]:
        """Both answers that the model knows are weighed, with the mask that "yes" would have."""
        rule = self._presence
        assert rule is not None
        found = []
        weighed = self._weigh(picture, questions, features, cancelled)
        logits = [rule.logit(said, inside) for said, _, inside in weighed]
        # It must not deny a thing that it would name when asked what there is.
        named = self._names(_INVENTORY, features, cancelled) if min(logits) <= 0 else []
        for phrase, sure, (_, mask, _) in zip(phrases, logits, weighed, strict=True):
            listed = _ARTICLE.sub("", phrase.strip().lower()) in named
            there = (sure > 0 or listed) and bool(mask.any())
            words = rule.yes if there else rule.no
            confidence = 1 / (1 + math.exp(-abs(sure)))
            found.append(Found(phrase, mask if there else np.zeros_like(mask), confidence, words))
        return found

    def _weigh(
        self,
        picture: NDArray[np.uint8],
        questions: list[str],
        features: PictureFeatures,
        cancelled: CancelCheck,
    ) -> list[tuple[float, NDArray[np.bool_], float]]:
        """By question: the log-odds of yes over no, and the mask of a yes with its mean chance inside."""
        rule = self._presence
        assert rule is not None
        yes, no = (self._tokenizer.encode(f" {words}</s>") for words in (rule.yes, rule.no))
        fork = next(place for place, pair in enumerate(zip(yes, no, strict=False)) if pair[0] != pair[1])
        before = yes[: yes.index(self._tokenizer.seg_id)]

        def read(some: list[str]) -> list[torch.Tensor]:
            return list(self._model.read(self._prompts(some), features.tokens[0], before))

        states = torch.stack(self._spared(read, questions))
        if cancelled():
            raise Cancelled
        words = self._model.language_model.lm_head(states[:, fork]).float()
        said = (words[:, yes[fork]] - words[:, no[fork]]).tolist()
        seg = self._model.project_seg(states[:, -1])
        low = self._model.decode_masks(seg[None], features.embedding)[0]
        follow = edge_follower(picture) if self._model.config.follow_edges else None
        masks = [self._mask(picture, logits[None], follow) for logits in low]
        return [(chance, *mask) for chance, mask in zip(said, masks, strict=True)]

    def _mask(
        self, picture: NDArray[np.uint8], low: torch.Tensor, follow: Follow | None = None
    ) -> tuple[NDArray[np.bool_], float]:
        """The union of low-resolution mask logits (n, h, w) at the picture's size, and its mean probability
        inside itself.
        """
        height, width = picture.shape[:2]
        logits = processing.restore_masks(low, height, width, self._side).amax(0)
        inside = float(logits[logits > 0].sigmoid().mean()) if bool((logits > 0).any()) else 0.0
        mask = (logits > 0).cpu().numpy()
        if follow is not None and inside > 0:
            led = follow(logits.sigmoid().float().cpu().numpy())
            mask = led if led.any() else mask  # a thing too small for the filter stays as it was
        return mask, inside

    def _prompts(self, questions: list[str]) -> list[torch.Tensor]:
        device = self._model.device
        return [torch.tensor(self._tokenizer.encode_prompt(text.prompt(q)), device=device) for q in questions]

    def _spared(self, task: Callable[[list[str]], list[T]], questions: list[str]) -> list[T]:
        """A task on all questions in one batch; where memory runs out, on one after the other."""
        try:
            return task(questions)
        except torch.OutOfMemoryError:
            self._make_room()
        try:
            return [task([each])[0] for each in questions]
        except torch.OutOfMemoryError as error:
            self._make_room()
            raise EngineError(
                f"The graphics card ran out of memory while {self.name} looked: close what else uses it, or"
                " use a smaller preset."
            ) from error

    def _make_room(self) -> None:
        self._features.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _ask(
        self, questions: list[str], features: PictureFeatures, tokens: int, cancelled: CancelCheck
    ) -> list[Answer]:
        def ask(some: list[str]) -> list[Answer]:
            answers: list[Answer] = self._model.answer(
                self._prompts(some),
                features.tokens[0],
                seg_id=self._tokenizer.seg_id,
                end_id=self._tokenizer.end_id,
                max_new_tokens=tokens,
                cancelled=cancelled,
            )
            return answers

        answers = self._spared(ask, questions)
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
        mask, inside = self._mask(picture, low)
        return Found(phrase, mask, answer.seg_probability * inside, words)


def load_pocket() -> LisaSegmenter:
    """The pocket LISA. Raises ``EngineError`` when its weights are not there."""
    return LisaSegmenter.from_folder("lisa-pocket", weights_folder("lisa"))
