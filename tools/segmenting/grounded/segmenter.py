"""Boxes by words, masks by boxes: a segmenter for photos that needs no account, no licence and little memory.

LLMDet (Fu et al., "LLMDet: Learning Strong Open-Vocabulary Object Detectors under the Supervision of Large
Language Models", 2025), a Grounding DINO, finds all instances of some noun phrases in one look; SAM 2.1 (Ravi
et al., "SAM 2: Segment Anything in Images and Videos", 2024) draws what is in each box. Both are in their
smallest size and work in float32: boxes told in bfloat16 would be some pixels off. Which of several is meant,
``tools.language.referring`` reads off the phrase. Neither answers questions.

transformers' image processors need torchvision; their few lines of arithmetic are done here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tools.engines import cpu_linear, number_formats, stored_weights
from tools.engines.library_logging import quiet
from tools.engines.unreadable import reading, unreadable
from tools.language.referring import read_phrase
from tools.segmenting.base import CancelCheck, Found, never
from tools.segmenting.choose_instances import LEAST_SCORE, Seen, found_of, instances_of
from tools.segmenting.grounded import sampling
from tools.segmenting.model_segmenter import ModelSegmenter

NAME: Final = "llmdet-sam2"

_MOST_TOKENS: Final = 200
"""So many tokens of words share a look; the detector reads 256."""

_MOST_BOXES: Final = 20
"""So many boxes of a noun are drawn in: the ones that score best."""

_SHORT, _LONG = 800, 1333
"""The sides in pixels that the detector looks at: the short one is made 800, the long one 1333 at most."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

COMMON: Final = (
    "sofa", "chair", "armchair", "table", "coffee table", "desk", "bed", "stool", "bench", "lamp", "plant",
    "rug", "picture", "window", "curtain", "door", "shelf", "cabinet", "mirror", "television", "clock",
    "cushion", "vase", "blanket", "basket", "wall", "floor", "ceiling", "person", "shirt", "dress", "hat",
    "shoes", "bag", "cup", "bottle", "book", "cat", "dog", "car", "bicycle", "tree", "building", "sky",
)  # fmt: skip
"""Things that people speak of most. They are looked for together, once for each picture and ahead of the
first question: a look takes seconds on a processor, however many nouns share it.
"""


class _Pair(torch.nn.Module):
    """Both models as one that moves."""

    def __init__(self, detector: Any, drawer: Any) -> None:
        super().__init__()
        self.detector = detector
        self.drawer = drawer

    @property
    def device(self) -> torch.device:
        """Where both are."""
        device: torch.device = self.drawer.device
        return device


Boxes = tuple[torch.Tensor, torch.Tensor, float]
"""Of a noun the scores (N,) and the boxes (N, 4) of its instances, best first, as shares of the picture's
sides (x0, y0, x1, y1); and the best score of what is none.
"""


@dataclass
class EncodedPicture:
    """What is known of a picture: SAM 2's features (None until they are wanted), the boxes of the nouns that
    were looked for, and the masks of those that were asked for.
    """

    features: list[torch.Tensor] | None = None
    boxes: dict[str, Boxes] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)


class GroundedSegmenter(ModelSegmenter[EncodedPicture]):
    """A detector and a SAM 2 that keep the ``Segmenter`` interface."""

    def __init__(self, name: str, detector: Any, drawer: Any, tokenizer: Any, revision: str) -> None:
        """``detector`` is a (MM) Grounding DINO of transformers, ``drawer`` a SAM 2, ``tokenizer`` BERT's."""
        finding, drawing = detector.model, drawer.vision_encoder.backbone
        layers = chain(finding.encoder.layers, finding.decoder.layers, drawing.blocks)
        super().__init__(name, revision, _Pair(detector, drawer), layers)
        self._tokenizer = tokenizer
        sampling.speed_up(detector)
        cpu_linear.speed_up(detector, drawer.vision_encoder)

    @classmethod
    def from_folders(cls, name: str, detector: Path, drawer: Path, revision: str) -> GroundedSegmenter:
        """Load from two folders in transformers' layout. Raises ``EngineError`` when one is not whole."""
        from transformers import AutoModelForZeroShotObjectDetection, AutoTokenizer, Sam2Model

        device = str(number_formats.device_of_small_models())
        finder = _loaded(AutoModelForZeroShotObjectDetection, detector, device)
        drawing = _loaded(Sam2Model, drawer, device)
        with reading(f"The tokenizer of {NAME}", detector):
            tokenizer = AutoTokenizer.from_pretrained(str(detector), local_files_only=True)
        return cls(name, finder, drawing, tokenizer, revision)

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        """Find each phrase in an RGB picture (H, W, 3), in the order of the phrases.

        Raises ``tools.errors.Cancelled`` within one layer of a cancel, ``OutOfMemory`` when the memory does
        not suffice.
        """
        if not phrases:
            return []
        wanted = [read_phrase(phrase) for phrase in phrases]
        nouns = list(dict.fromkeys(noun for each in wanted for noun in each.nouns))
        with self._working(cancelled):
            seen = self._seen(picture, nouns)
            found = []
            for phrase, each in zip(phrases, wanted, strict=True):
                self._check()
                found.append(found_of(picture, phrase, each, seen))
            return found

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name those of a few common things that the picture shows. No full account of it."""
        with self._working(never):
            encoded = self._kept.of(picture, EncodedPicture)
            self._find(picture, encoded, COMMON)
        return [noun for noun in COMMON if len(encoded.boxes[noun][0])]

    def look(self, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never) -> None:
        """Look for common things, and encode the picture for the drawing of masks. See
        ``tools.segmenting.base.Looker``.
        """
        with self._working(cancelled):
            encoded = self._kept.of(picture, EncodedPicture)
            self._find(picture, encoded, COMMON)
            self._features(picture, encoded)

    def to_card(self) -> None:
        """Move the weights to the graphics card, if there is one that has room for them."""
        if number_formats.device_of_small_models().type != "cpu":
            super().to_card()

    def _seen(self, picture: NDArray[np.uint8], nouns: Sequence[str]) -> dict[str, Seen]:
        """All instances of each noun, those that were looked for before out of memory."""
        encoded = self._kept.of(picture, EncodedPicture)
        self._find(picture, encoded, nouns)
        for noun in nouns:
            if noun not in encoded.seen:
                self._check()
                encoded.seen[noun] = self._masks_in(picture, encoded, *encoded.boxes[noun])
        return {noun: encoded.seen[noun] for noun in nouns}

    def _find(self, picture: NDArray[np.uint8], encoded: EncodedPicture, nouns: Sequence[str]) -> None:
        """Look for nouns that were not looked for before; for a common one with all the others of these, so
        that what is found does not depend on the order of the questions.
        """
        new = [noun for noun in nouns if noun not in encoded.boxes]
        if any(noun in COMMON for noun in new):
            self._look_for(picture, encoded, COMMON)
        self._look_for(picture, encoded, [noun for noun in new if noun not in COMMON])

    def _look_for(self, picture: NDArray[np.uint8], encoded: EncodedPicture, nouns: Sequence[str]) -> None:
        encoded.boxes.update(zip(nouns, self._boxes(picture, nouns), strict=True))

    def _boxes(self, picture: NDArray[np.uint8], nouns: Sequence[str]) -> list[Boxes]:
        """Look for nouns, those that fit together in one look."""
        found: list[Boxes] = []
        for ids, places in self._worded(nouns):
            pixels = detector_pixels(picture).to(self._model.device)
            words = torch.tensor([ids], device=self._model.device)
            outputs = self._model.detector(
                pixel_values=pixels,
                pixel_mask=torch.ones(pixels.shape[0], *pixels.shape[2:], dtype=torch.long).to(pixels.device),
                input_ids=words,
                attention_mask=torch.ones_like(words),
                token_type_ids=torch.zeros_like(words),
            )
            chances = outputs.logits[0].sigmoid()  # of each query, for each token
            middle, extent = outputs.pred_boxes[0, :, :2], outputs.pred_boxes[0, :, 2:]
            corners = torch.cat([middle - extent / 2, middle + extent / 2], dim=-1).clamp(0, 1)
            for start, stop in places:
                scores = chances[:, start:stop].mean(-1)
                order = scores.argsort(descending=True)[:_MOST_BOXES]
                kept = order[scores[order] > LEAST_SCORE]
                missed = scores[scores <= LEAST_SCORE]
                found.append((scores[kept], corners[kept], float(missed.max()) if len(missed) else 0.0))
        return found

    def _worded(self, nouns: Sequence[str]) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
        """The nouns as the detector reads them, "a sofa. a lamp.": token ids, and where each noun's lie."""
        begin, end = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        stop = self._tokenizer.convert_tokens_to_ids(".")
        ids: list[int] = []
        places: list[tuple[int, int]] = []
        for noun in nouns:
            text = " ".join(noun.lower().replace(".", " ").split())
            own = self._tokenizer(text, add_special_tokens=False)["input_ids"][:_MOST_TOKENS]
            if places and len(ids) + len(own) > _MOST_TOKENS:
                yield [begin, *ids, end], places
                ids, places = [], []
            places.append((1 + len(ids), 1 + len(ids) + len(own)))
            ids += [*own, stop]
        if places:
            yield [begin, *ids, end], places

    def _masks_in(
        self,
        picture: NDArray[np.uint8],
        encoded: EncodedPicture,
        scores: torch.Tensor,
        boxes: torch.Tensor,
        missed: float,
    ) -> Seen:
        """The masks in some boxes."""
        if not len(scores):
            side = self._side // 4
            none = torch.full((1, side, side), -1.0, device=boxes.device)
            return instances_of(torch.tensor([missed], device=boxes.device), none, picture.shape[:2])
        outputs = self._model.drawer(
            image_embeddings=self._features(picture, encoded),
            input_boxes=(boxes * self._side)[None],
            multimask_output=False,
        )
        return instances_of(scores, outputs.pred_masks[0, :, 0].float(), picture.shape[:2])

    def _features(self, picture: NDArray[np.uint8], encoded: EncodedPicture) -> list[torch.Tensor]:
        if encoded.features is None:
            pixels = _normalised(picture, (self._side, self._side)).to(self._model.device)
            encoded.features = self._model.drawer.get_image_embeddings(pixels)
        return encoded.features

    @property
    def _side(self) -> int:
        return int(self._model.drawer.config.prompt_encoder_config.image_size)


def detector_pixels(picture: NDArray[np.uint8]) -> torch.Tensor:
    """An RGB picture (H, W, 3) as Grounding DINO's input, float32 (1, 3, h, w), in its own aspect."""
    height, width = picture.shape[:2]
    scale = min(_SHORT / min(height, width), _LONG / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _normalised(picture, size)


def _normalised(picture: NDArray[np.uint8], size: tuple[int, int]) -> torch.Tensor:
    """An RGB picture at a (width, height), with ImageNet's mean and deviation taken out."""
    image = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR)
    mean, deviation = np.array(_MEAN, np.float32), np.array(_DEVIATION, np.float32)
    pixels = (np.asarray(image, np.float32) / 255.0 - mean) / deviation
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def load(name: str = NAME) -> GroundedSegmenter:
    """The published pair, from this machine alone. Raises ``EngineError`` when it is not there."""
    detector, drawer = stored_weights.find(name)
    revision = hashlib.sha256(f"{detector.name} {drawer.name}".encode()).hexdigest()[:12]
    return GroundedSegmenter.from_folders(name, detector, drawer, revision)


def _loaded(kind: Any, folder: Path, device: str) -> Any:
    import transformers

    with reading(f"config.json of {NAME}", folder):
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with reading(NAME, folder), quiet(transformers):
        model, report = kind.from_pretrained(
            str(folder), dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
    lacking = [*report["missing_keys"], *report["mismatched_keys"]]
    if lacking:  # they would be random ones
        raise unreadable(NAME, folder, f"{len(lacking)} of its tensors are missing")
    return model.eval().to(device)
