"""LISA as a segmenter: phrases in, masks at the picture's size out, the picture encoded once.

The features of the last few pictures are kept by content, so that further phrases and further turns on
the same picture pay for their words only.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.utils import logging

from tools.errors import Cancelled, OutOfMemory
from tools.kept import Kept
from tools.lisa import processing, text
from tools.lisa.edges import EdgeFollower
from tools.lisa.model import Answer, Lisa, PictureFeatures, Prefix
from tools.lisa.presence import Presence, bare, is_named
from tools.pocket import weights_folder
from tools.residency import bytes_of
from tools.segment import CancelCheck, Found, never

T = TypeVar("T")

_SHORT, _LONG = 24, 256
"""Tokens that an answer may have: the pocket models answer in one form, the published ones may explain."""

_INVENTORY = "What is in this image?"
_INVENTORY_LISTED = "What is in this image? Name the things, separated by commas."

_THOUGHT = re.compile(
    r"^(?:what|which|who|whose|where|how|why|if|something|someone|somewhere|anything)\b", re.I
)
"""Phrases that describe instead of naming."""


@dataclass
class _Sight:
    """What is known of one picture: what depends on it alone, and what it was found to show.

    ``prefix``: how every question about it begins, as the language model read it; large, so only the picture
    that was asked about last has it.
    """

    features: PictureFeatures
    edges: EdgeFollower | None = None
    prefix: Prefix | None = None
    names: list[str] | None = None

    def to(self, device: torch.device) -> None:
        """Move the features to a device; what is large is left behind."""
        self.features = PictureFeatures(self.features.tokens.to(device), self.features.embedding.to(device))
        self.prefix = None


class LisaSegmenter:
    """A :class:`Lisa` that keeps the ``Segmenter`` interface, looks ahead, and can leave the card."""

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
        self._kept: Kept[_Sight] = Kept()
        self._lock = threading.Lock()
        self._cancelled: CancelCheck = never
        for layer in (*model.sam.vision_encoder.layers, *model.language_model.model.layers):
            layer.register_forward_pre_hook(self._check)

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

        Raises ``tools.errors.Cancelled`` within one layer of a cancel.
        """
        if not phrases:
            return []
        with self._working(cancelled):
            sight = self._look(picture)
            questions = [self._question(phrase) for phrase in phrases]
            if self._presence is not None:
                return self._decide(picture, phrases, questions, sight)
            answers = self._ask(questions, sight, _LONG if self._reasons else _SHORT)
            return [
                self._found(picture, phrase, answer, sight)
                for phrase, answer in zip(phrases, answers, strict=True)
            ]

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name the things that the picture shows, in words that ``segment`` would find."""
        with self._working(never):
            return list(self._names(self._look(picture)))

    def look(self, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never) -> None:
        """Do all that depends on the picture alone, ahead of the questions about it. See ``Looker``."""
        with self._working(cancelled):
            self._look(picture)

    @property
    def weight_bytes(self) -> int:
        """The bytes that the weights take."""
        return bytes_of(self._model)

    def to_card(self) -> None:
        """Move the weights and what is kept of pictures to the graphics card, if there is one."""
        if torch.cuda.is_available():
            self._move("cuda")

    def off_card(self) -> None:
        """Move them to main memory; how questions begin is forgotten, and read again when it is wanted."""
        if self._model.device.type != "cpu":
            self._move("cpu")
            torch.cuda.empty_cache()

    def _move(self, device: str) -> None:
        with self._lock:
            if self._model.device.type != device:
                self._model.to(device)
                for sight in self._kept:
                    sight.to(self._model.device)

    @contextmanager
    def _working(self, cancelled: CancelCheck) -> Iterator[None]:
        """One call at a time. The layers of the model ask whether it was cancelled."""
        with self._lock, torch.inference_mode():
            self._cancelled = cancelled
            try:
                yield
            finally:
                self._cancelled = never

    def _check(self, *_: object) -> None:
        if self._cancelled():
            raise Cancelled

    def _names(self, sight: _Sight) -> list[str]:
        if sight.names is None:
            question = _INVENTORY_LISTED if self._reasons else _INVENTORY
            [answer] = self._ask([question], sight, 64)
            said = re.split(r",|\band\b|\.", self._tokenizer.decode(answer.ids))
            names = [bare(name) for name in said]
            sight.names = list(dict.fromkeys(name for name in names if name and len(name.split()) <= 4))
        return sight.names

    def _question(self, phrase: str) -> str:
        thought = self._reasons and (_THOUGHT.match(phrase.strip()) or phrase.strip().endswith("?"))
        return text.reasoning_question(phrase) if thought else text.question(phrase)

    def _look(self, picture: NDArray[np.uint8]) -> _Sight:
        """What is known of a picture; all that every question needs is there."""
        try:
            sight = self._kept.of(picture, lambda: self._encoded(picture))
            if sight.prefix is None:
                for other in self._kept:
                    other.prefix = None
                sight.prefix = self._model.prefix(self._prompts([_INVENTORY])[0], sight.features.tokens[0])
        except torch.OutOfMemoryError as error:
            self._make_room()
            raise self._out_of_memory("looked at the picture") from error
        return sight

    def _encoded(self, picture: NDArray[np.uint8]) -> _Sight:
        vision, sam = processing.pixels(picture, self._model.config)
        device = self._model.device
        features = self._model.encode_picture(vision.to(device), sam.to(device))
        return _Sight(features, EdgeFollower(picture) if self._model.config.follow_edges else None)

    @property
    def _side(self) -> int:
        return int(self._model.config.sam_config.vision_config.image_size)

    def signs(self, picture: NDArray[np.uint8], phrases: Sequence[str]) -> list[tuple[float, float, bool]]:
        """What a :class:`Presence` weighs, for each phrase; for a model that has such a rule."""
        with self._working(never):
            sight = self._look(picture)
            weighed = self._weigh(picture, [self._question(phrase) for phrase in phrases], sight)
            names = self._names(sight)
        return [
            (said, inside, is_named(phrase, names))
            for phrase, (said, _, inside) in zip(phrases, weighed, strict=True)
        ]

    def _decide(
        self,
        picture: NDArray[np.uint8],
        phrases: Sequence[str],
        questions: list[str],
        sight: _Sight,
    ) -> list[Found]:
        """Both answers that the model knows are weighed, with the mask that "yes" would have."""
        rule = self._presence
        assert rule is not None
        found = []
        for phrase, (said, mask, inside) in zip(phrases, self._weigh(picture, questions, sight), strict=True):
            sure = rule.logit(said, inside)
            # What it would name when asked what there is costs time, and is asked only where it can matter.
            if sure <= 0 < sure + rule.named:
                sure = rule.logit(said, inside, is_named(phrase, self._names(sight)))
            there = sure > 0 and bool(mask.any())
            words = rule.yes if there else rule.no
            confidence = 1 / (1 + math.exp(-abs(sure)))
            found.append(Found(phrase, mask if there else np.zeros_like(mask), confidence, words))
        return found

    def _weigh(
        self, picture: NDArray[np.uint8], questions: list[str], sight: _Sight
    ) -> list[tuple[float, NDArray[np.bool_], float]]:
        """By question: the log-odds of yes over no, and the mask of a yes with its mean chance inside."""
        rule = self._presence
        assert rule is not None
        yes, no = (self._tokenizer.encode(f" {words}</s>") for words in (rule.yes, rule.no))
        fork = next(place for place, pair in enumerate(zip(yes, no, strict=False)) if pair[0] != pair[1])
        before = yes[: yes.index(self._tokenizer.seg_id)]

        def read(some: list[str]) -> list[torch.Tensor]:
            return list(self._model.read(self._prompts(some), sight.features.tokens[0], before, sight.prefix))

        states = torch.stack(self._spared(read, questions))
        words = self._model.language_model.lm_head(states[:, fork]).float()
        said = (words[:, yes[fork]] - words[:, no[fork]]).tolist()
        seg = self._model.project_seg(states[:, -1])
        low = self._model.decode_masks(seg[None], sight.features.embedding)[0]
        self._check()
        masks = [self._mask(picture, logits[None], sight.edges) for logits in low]
        return [(chance, *mask) for chance, mask in zip(said, masks, strict=True)]

    def _mask(
        self, picture: NDArray[np.uint8], low: torch.Tensor, edges: EdgeFollower | None
    ) -> tuple[NDArray[np.bool_], float]:
        """The union of low-resolution mask logits (n, h, w) at the picture's size, and its mean probability
        inside itself.
        """
        height, width = picture.shape[:2]
        grid = edges.grid if edges is not None else None
        logits = processing.restore_masks(low, height, width, self._side, grid).amax(0)
        within = logits > 0
        inside = float(logits[within].sigmoid().mean()) if bool(within.any()) else 0.0
        if edges is not None:
            led = edges(logits.sigmoid().cpu())
            if led.any() or inside == 0:
                return led, inside
            # A thing too small for the filter stays as it was.
            within = processing.restore_masks(low, height, width, self._side).amax(0) > 0
        return within.cpu().numpy(), inside

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
            raise self._out_of_memory("looked") from error

    def _out_of_memory(self, doing: str) -> OutOfMemory:
        return OutOfMemory(
            f"The graphics card ran out of memory while {self.name} {doing}: close what else uses it, or use"
            " a smaller preset."
        )

    def _make_room(self) -> None:
        self._kept.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _ask(self, questions: list[str], sight: _Sight, tokens: int) -> list[Answer]:
        def ask(some: list[str]) -> list[Answer]:
            answers: list[Answer] = self._model.answer(
                self._prompts(some),
                sight.features.tokens[0],
                seg_id=self._tokenizer.seg_id,
                end_id=self._tokenizer.end_id,
                max_new_tokens=tokens,
                prefix=sight.prefix,
            )
            return answers

        return self._spared(ask, questions)

    def _found(self, picture: NDArray[np.uint8], phrase: str, answer: Answer, sight: _Sight) -> Found:
        """The union of the masks that an answer speaks of; its confidence is P([SEG]) times the mask's
        mean probability.
        """
        height, width = picture.shape[:2]
        words = self._tokenizer.decode(answer.ids)
        if len(answer.seg_embeddings) == 0:
            # Never said [SEG]: as sure of its absence as [SEG] was unlikely.
            return Found(phrase, np.zeros((height, width), bool), 1.0 - answer.seg_probability, words)
        low = self._model.decode_masks(answer.seg_embeddings[None], sight.features.embedding)[0]
        mask, inside = self._mask(picture, low, sight.edges)
        return Found(phrase, mask, answer.seg_probability * inside, words)


def load_pocket() -> LisaSegmenter:
    """The pocket LISA. Raises ``EngineError`` when its weights are not there."""
    return LisaSegmenter.from_folder("lisa-pocket", weights_folder("lisa"))
