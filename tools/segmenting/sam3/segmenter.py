"""SAM 3 as a segmenter: noun phrases in, masks at the picture's size out, the picture encoded once.

SAM 3 (Carion et al., "SAM 3: Segment Anything with Concepts", 2025) finds all instances of a short noun
phrase and knows nothing of places or numbers: ``tools.language.referring`` reads those off the phrase and
chooses. It answers no questions and cannot reason: "what gives light" is beyond it.

The features of the last few pictures are kept by content, so that further phrases and further turns on the
same picture pay for their words only. Transformers' image processor for SAM 3 needs torchvision; its few
lines of arithmetic are done here, with the thresholds of its ``post_process_instance_segmentation``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPTokenizer, Sam3Config, Sam3Model
from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput
from transformers.utils import logging

from tools.engines import download, specs, stored_weights
from tools.engines.number_formats import has_bfloat16
from tools.engines.unreadable import again
from tools.errors import EngineError, is_out_of_memory
from tools.language.referring import read_phrase
from tools.segmenting.base import CancelCheck, Found, never
from tools.segmenting.choose_instances import Seen, found_of, instances_of
from tools.segmenting.model_segmenter import ModelSegmenter

NAME: Final = "sam3"
(_REPOSITORY,) = specs.ENGINES[NAME].repositories

_AT_ONCE = 4
"""How many phrases share a batch: more would need more memory than small cards have."""

_INVENTORY: Final = (
    "sofa", "chair", "table", "bed", "lamp", "plant", "rug", "picture", "window", "curtain", "door", "shelf",
    "cabinet", "mirror", "television", "clock", "cushion", "vase", "person", "cat", "dog", "car", "tree",
    "building",
)  # fmt: skip
"""What a picture is asked for when somebody wants to know what is in it."""


class Sam3Segmenter(ModelSegmenter[Any]):
    """A ``Sam3Model`` that keeps the ``Segmenter`` interface."""

    def __init__(
        self,
        name: str,
        model: Sam3Model,
        tokenizer: CLIPTokenizer,
        revision: str,
        inventory: Sequence[str] = (),
    ) -> None:
        """``inventory``: the nouns that :meth:`describe` asks the picture for."""
        layers = (model.vision_encoder.backbone.layers, model.detr_encoder.layers, model.detr_decoder.layers)
        super().__init__(name, revision, model, chain(*layers))
        self._tokenizer = tokenizer
        self._inventory = tuple(inventory)

    @classmethod
    def from_folder(cls, name: str, folder: Path) -> Sam3Segmenter:
        """Load model and tokenizer from a folder as ``save_pretrained`` or the published repository has it.

        Raises ``EngineError`` when there is no complete SAM 3 in it.
        """
        return cls._open(name, folder, None, None, None)

    @classmethod
    def from_pretrained(
        cls,
        name: str,
        repo_or_folder: str | Path,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> Sam3Segmenter:
        """Load from a folder or a repository, whose files are fetched only when they are not all there.

        ``device`` is the graphics card if there is one; ``dtype`` is bfloat16 on a card that computes in it,
        else float32.
        Raises ``EngineError`` when the weights are not there, may not be fetched, or are not SAM 3's.
        """
        if isinstance(repo_or_folder, Path) or Path(repo_or_folder).is_dir():
            return cls._open(name, Path(repo_or_folder), revision, device, dtype)
        repository = replace(_REPOSITORY, name=str(repo_or_folder))
        folder = download.kept(repository) or download.fetch(repository)
        return cls._open(name, folder, folder.name[:12], device, dtype)  # A snapshot is named by its commit.

    @classmethod
    def _open(
        cls,
        name: str,
        folder: Path,
        revision: str | None,
        device: str | torch.device | None,
        dtype: torch.dtype | None,
    ) -> Sam3Segmenter:
        device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        dtype = dtype or _best_type(device)
        model, tokenizer = _load(folder, device, dtype)
        # On a CPU each noun takes seconds: nobody waits that long to be told what else there is.
        inventory = () if device.type == "cpu" else _INVENTORY
        return cls(name, model, tokenizer, revision or _digest(folder), inventory)

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        """Find each phrase in an RGB picture (H, W, 3), in batches, in the order of the phrases.

        Raises ``tools.errors.Cancelled`` within one layer of a cancel, ``EngineError`` when the memory does
        not suffice.
        """
        if not phrases:
            return []
        wanted = [read_phrase(phrase) for phrase in phrases]
        nouns = dict.fromkeys(noun for each in wanted for noun in each.nouns)
        with self._working(cancelled):
            seen = self._look(picture, list(nouns))
            found = []
            for phrase, each in zip(phrases, wanted, strict=True):
                self._check()
                found.append(found_of(picture, phrase, each, seen))
            return found

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name those of a few common things that the picture shows; nothing at all on a CPU, to save time.

        The list is no full account of the picture: SAM 3 finds what it is asked for and cannot tell what else
        there is.
        """
        if not self._inventory:
            return []
        with self._working(never):
            seen = self._look(picture, self._inventory)
        return [noun for noun in self._inventory if len(seen[noun].instances.scores)]

    def look(self, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never) -> None:
        """Encode a picture ahead of the questions about it. See ``tools.segmenting.base.Looker``."""
        with self._working(cancelled):
            self._encode(picture)

    def _out_of_memory(self, doing: str = "") -> EngineError:  # noqa: ARG002
        return EngineError(
            f"The segmenter {self.name} ran out of memory: close other programs, or choose a preset for a"
            " smaller machine."
        )

    def _look(self, picture: NDArray[np.uint8], nouns: Sequence[str]) -> dict[str, Seen]:
        """All instances of each noun."""
        features = self._encode(picture)
        seen: dict[str, Seen] = {}
        for start in range(0, len(nouns), _AT_ONCE):
            batch = list(nouns[start : start + _AT_ONCE])
            self._check()
            words = self._tokenizer(
                batch,
                padding="max_length",
                truncation=True,
                max_length=self._model.config.text_config.max_position_embeddings,
                return_tensors="pt",
            ).to(self._model.device)
            outputs = self._model(
                vision_embeds=_repeated(features, len(batch)),
                input_ids=words["input_ids"],
                attention_mask=words["attention_mask"],
            )
            scores = outputs.pred_logits.float().sigmoid() * outputs.presence_logits.float().sigmoid()
            for noun, score, logits in zip(batch, scores, outputs.pred_masks, strict=True):
                seen[noun] = instances_of(score, logits, picture.shape[:2])
        return seen

    def _encode(self, picture: NDArray[np.uint8]) -> Any:
        """The features of a picture at several sizes, on the model's device."""
        return self._kept.of(picture, lambda: self._encoded(picture))

    def _encoded(self, picture: NDArray[np.uint8]) -> Any:
        pixels = sam3_pixels(picture, self._side).to(self._model.device, self._model.dtype)
        return self._model.get_vision_features(pixel_values=pixels)

    @property
    def _side(self) -> int:
        size = self._model.config.image_size
        return int(size if isinstance(size, int) else size[0])


def sam3_pixels(picture: NDArray[np.uint8], side: int) -> torch.Tensor:
    """An RGB picture (H, W, 3) as SAM 3's input: squashed to a square, values in -1…1.

    Returns float32 (1, 3, side, side).
    """
    image = Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float32) / 127.5 - 1.0
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def load_sam3() -> Sam3Segmenter:
    """The published SAM 3, from this machine alone. Raises ``EngineError`` when it is not there."""
    (folder,) = stored_weights.find(NAME)
    return Sam3Segmenter._open(NAME, folder, folder.name[:12], None, None)


def _repeated(features: Any, count: int) -> Any:
    """The features of one picture as those of a batch, without copying them."""
    states, positions = (
        tuple(each.expand(count, -1, -1, -1) for each in level)
        for level in (features.fpn_hidden_states, features.fpn_position_encoding)
    )
    return Sam3VisionEncoderOutput(fpn_hidden_states=states, fpn_position_encoding=positions)


def _best_type(device: torch.device) -> torch.dtype:
    # Whether float16 would hold its numbers nobody says; in float32 it takes twice the room.
    return torch.bfloat16 if device.type == "cuda" and has_bfloat16() else torch.float32


def _reason(error: Exception) -> str:
    """An error of a library's, cut to something that fits into a sentence."""
    said = " ".join(str(error).split()).split(". ")[0].rstrip(".")
    return said[:160] or type(error).__name__


def _load(folder: Path, device: torch.device, dtype: torch.dtype) -> tuple[Sam3Model, CLIPTokenizer]:
    broken = f"The folder {folder} holds no complete SAM 3"
    mend = f"{again(folder)}."
    try:
        values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        complete = download.is_whole(_REPOSITORY, folder)
        # The published checkpoint is that of the video model, in which the model for pictures is one part.
        kind = values.get("model_type")
        config = Sam3Config.from_dict(values["detector_config"] if kind == "sam3_video" else values)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EngineError(f"{broken} (config.json cannot be read): {mend}") from error
    if kind not in ("sam3", "sam3_video") or not complete:
        raise EngineError(f"{broken}: {mend}")
    logging.disable_progress_bar()
    try:
        tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
        model, report = Sam3Model.from_pretrained(
            str(folder),
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        model = model.to(device)
    except Exception as error:  # Whatever the libraries raise, the user gets one sentence.
        if is_out_of_memory(error):
            raise EngineError("There is not enough memory for SAM 3: close other programs first.") from error
        raise EngineError(f"{broken} ({_reason(error)}): {mend}") from error
    # Weights that are missing would be random ones.
    lacking = [*report["missing_keys"], *report["mismatched_keys"]]
    if lacking:
        raise EngineError(f"{broken} ({len(lacking)} of its tensors are missing or misshapen): {mend}")
    return model, tokenizer


def _digest(folder: Path) -> str:
    """What identifies the weights of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
