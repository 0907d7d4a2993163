"""LISA as a segmenter: phrases in, masks at the picture's size out, the picture encoded once.

The features of the last few pictures are kept by content, so that further phrases and further turns on
the same picture pay for their words only.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F
from transformers.utils import logging

from tools.engines.pocket_weights import weights_folder
from tools.engines.weight_transfer import bytes_of
from tools.language.referring import plural
from tools.photo_check import is_drawn
from tools.segmenting.base import CancelCheck, Capabilities, Found, never
from tools.segmenting.lisa import processing, text, walls
from tools.segmenting.lisa.guided_filter import EdgeFollower
from tools.segmenting.lisa.model import Answer, Lisa, PictureFeatures, Prefix
from tools.segmenting.lisa.naming import Finder, Reading
from tools.segmenting.lisa.panoptic import PanopticReader, Segment
from tools.segmenting.lisa.presence import Presence, Signs, bare, is_named, renamed
from tools.segmenting.model_segmenter import ModelSegmenter

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
A = TypeVar("A")
T = TypeVar("T")

MAP_FILE = "panoptic.safetensors"
"""The weights beside LISA's that read a map of a picture."""

_SHORT, _LONG = 24, 256
"""Tokens that an answer may have: the pocket models answer in one form, the published ones may explain."""

_FOREIGN = 0.97
"""How sure it is that a thing is not there which no drawn room shows."""

_DOUBTFUL = 0.4
"""How sure it is which wall is meant where no corner is seen between them."""

_INVENTORY = "What is in this image?"
_INVENTORY_LISTED = "What is in this image? Name the things, separated by commas."

_THOUGHT = re.compile(
    r"^(?:what|which|who|whose|where|how|why|if|something|someone|somewhere|anything)\b", re.I
)
"""Phrases that describe instead of naming."""


@dataclass
class EncodedPicture:
    """What is known of one picture: what depends on it alone, and what it was found to show.

    ``prefix``: how every question about it begins, as the language model read it; large, so only the picture
    that was asked about last has it. ``edges``: what its masks are led by.
    ``finder``: what finds by name, where there is a map of the picture. ``walls``: its walls by their
    places, once one was asked for; empty where they cannot be told apart.
    ``listed``: what the model says there is; ``names``: the kinds that are there of those that it knows.
    """

    features: PictureFeatures
    edges: EdgeFollower | None = None
    prefix: Prefix | None = None
    finder: Finder | None = None
    walls: walls.Walls | None = None
    names: list[str] | None = None
    listed: list[str] | None = None

    def to(self, device: torch.device) -> None:
        """Move the features to a device; what is large is left behind."""
        self.features = PictureFeatures(self.features.tokens.to(device), self.features.embedding.to(device))
        self.prefix = None


@dataclass(frozen=True)
class MaskPrediction:
    """A mask as the model predicted it: its ``logits`` at the picture's size, or on the grid of what makes it
    follow edges; its mean probability ``inside`` itself, 0 where there is none; and its ``share`` of the
    picture.
    """

    logits: torch.Tensor
    inside: float
    share: float

    @classmethod
    def of(cls, logits: torch.Tensor) -> MaskPrediction:
        within = logits[logits > 0]
        inside = float(within.sigmoid().mean()) if len(within) else 0.0
        return cls(logits, inside, len(within) / logits.numel())


_Weighed = tuple[float, MaskPrediction]
"""The log-odds of yes over no, and the mask of a yes."""


class LisaSegmenter(ModelSegmenter[EncodedPicture]):
    """A :class:`Lisa` that keeps the ``Segmenter`` interface, looks ahead, and can leave the card."""

    def __init__(
        self,
        name: str,
        model: Lisa,
        tokenizer: text.LisaTokenizer,
        revision: str,
        *,
        reasons: bool = False,
        maps: PanopticReader | None = None,
    ) -> None:
        """``reasons``: the model was trained on whole sentences too, and may answer at length. ``maps``: what
        reads a map of a picture, for a model that knows a handful of kinds.
        """
        layers = (*model.sam.vision_encoder.layers, *model.language_model.model.layers)
        super().__init__(name, revision, model, layers)
        self.capabilities = Capabilities(drawn_rooms_only=bool(model.config.names))
        self._reasons = reasons
        self._maps = maps
        if maps is not None:
            maps.net.to(model.device)
        self._presence = Presence.of(model.config.presence)
        self._tokenizer = tokenizer

    @classmethod
    def from_folder(cls, name: str, folder: Path) -> LisaSegmenter:
        """Load model and tokenizer from a folder. Raises OSError when something is missing there."""
        logging.disable_progress_bar()
        model = Lisa.from_pretrained(str(folder), dtype=torch.float32)
        model.to("cuda" if torch.cuda.is_available() else "cpu")
        maps, digest = None, hashlib.sha256((folder / "model.safetensors").read_bytes())
        if (file := folder / MAP_FILE).is_file():
            maps = PanopticReader.from_file(file, model.config.names)
            digest.update(file.read_bytes())
        tokenizer = text.LisaTokenizer.from_folder(folder)
        return cls(name, model, tokenizer, digest.hexdigest()[:12], maps=maps)

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        """Find each phrase in an RGB picture (H, W, 3), all in one batch, in the order of the phrases.

        Raises ``tools.errors.Cancelled`` within one layer of a cancel.
        """
        if not phrases:
            return []
        with self._working(cancelled):
            encoded = self._look(picture)
            if self._presence is not None:
                return self._decide(picture, phrases, encoded)
            questions = [self._question(phrase) for phrase in phrases]
            answers = self._ask(questions, encoded, _LONG if self._reasons else _SHORT)
            masks = self._decoded([answer.seg_embeddings for answer in answers], encoded)
            return [
                self._found(picture, phrase, answer, low, encoded)
                for phrase, answer, low in zip(phrases, answers, masks, strict=True)
            ]

    def describe(self, picture: Pixels) -> list[str]:
        """Name the things that the picture shows, in words that ``segment`` would find.

        A model that knows drawn rooms alone names nothing in other pictures.
        """
        if self.capabilities.drawn_rooms_only and not is_drawn(picture):
            return []
        with self._working(never):
            return list(self._names(picture, self._look(picture)))

    def look(self, picture: Pixels, *, cancelled: CancelCheck = never) -> None:
        """Do all that depends on the picture alone, ahead of the questions about it. See ``Looker``."""
        with self._working(cancelled):
            self._look(picture)

    @property
    def weight_bytes(self) -> int:
        """The bytes that the weights take, those that read the map among them."""
        return super().weight_bytes + (bytes_of(self._maps.net) if self._maps is not None else 0)

    def _moved(self) -> None:
        """The map's network and the features go along; how questions begin is forgotten, and read again when
        it is wanted.
        """
        if self._maps is not None:
            self._maps.net.to(self._model.device)
        for encoded in self._kept:
            encoded.to(self._model.device)

    def _names(self, picture: Pixels, encoded: EncodedPicture) -> list[str]:
        """What is there, by names that are found: a model that knows a handful is asked about each."""
        known = self._model.config.names
        if not known or self._presence is None:
            return self._listed(encoded)
        if encoded.finder is not None:
            return [name for name in known if encoded.finder.shows(name)]
        if encoded.names is None:
            found = self._decide(picture, [f"the {name}" for name in known], encoded)
            encoded.names = [name for name, each in zip(known, found, strict=True) if each.present]
        return encoded.names

    def _listed(self, encoded: EncodedPicture) -> list[str]:
        """What the model says there is."""
        if encoded.listed is None:
            question = _INVENTORY_LISTED if self._reasons else _INVENTORY
            [answer] = self._ask([question], encoded, 64)
            said = re.split(r",|\band\b|\.", self._tokenizer.decode(answer.ids))
            names = [bare(name) for name in said]
            encoded.listed = list(dict.fromkeys(name for name in names if name and len(name.split()) <= 4))
        return encoded.listed

    def _question(self, phrase: str) -> str:
        phrase = self._as_known(phrase)
        thought = self._reasons and (_THOUGHT.match(phrase.strip()) or phrase.strip().endswith("?"))
        return text.reasoning_question(phrase) if thought else text.question(phrase)

    def _as_known(self, phrase: str) -> str:
        """A phrase in the words that the model knows: "the curtains" for "the curtain"."""
        for pair in self._model.config.pairs:
            phrase = re.sub(rf"\b{pair}\b", plural(pair), phrase, flags=re.I)
        return phrase

    def _look(self, picture: Pixels) -> EncodedPicture:
        """What is known of a picture; all that every question needs is there."""
        try:
            encoded = self._kept.of(picture, lambda: self._encoded(picture))
            if encoded.prefix is None:
                for other in self._kept:
                    other.prefix = None
                asked = text.question("the")  # other questions share less of it
                encoded.prefix = self._model.prefix(self._prompts([asked])[0], encoded.features.tokens[0])
        except torch.OutOfMemoryError as error:
            self._make_room()
            raise self._out_of_memory("looked at the picture") from error
        return encoded

    def _encoded(self, picture: Pixels) -> EncodedPicture:
        vision, sam = processing.pixels(picture, self._model.config)
        device = self._model.device
        features = self._model.encode_picture(vision.to(device), sam.to(device))
        return EncodedPicture(
            features,
            EdgeFollower(picture) if self._model.config.follow_edges else None,
            finder=Finder(picture, self._maps.read(picture)) if self._maps is not None else None,
        )

    @property
    def _side(self) -> int:
        return int(self._model.config.sam_config.vision_config.image_size)

    def signs(self, picture: Pixels, phrases: Sequence[str]) -> list[tuple[Signs, bool]]:
        """What a :class:`Presence` weighs of each phrase: the signs, and whether the model names it itself.

        For a model that has such a rule.
        """
        with self._working(never):
            encoded = self._look(picture)
            seen = self._weigh(picture, phrases, encoded)
            names = self._listed(encoded)
        return [(_signs(seen[phrase]), is_named(phrase, names)) for phrase in phrases]

    def _decide(self, picture: Pixels, phrases: Sequence[str], encoded: EncodedPicture) -> list[Found]:
        """Both answers that the model knows are weighed, with the mask that "yes" would have."""
        rule = self._presence
        assert rule is not None
        named = self._named(phrases, encoded)
        sides = self._sides(picture, phrases, encoded)
        named = {phrase: each for phrase, each in named.items() if phrase not in sides}
        foreign = {phrase for phrase in phrases if phrase not in named and self._is_foreign(phrase, encoded)}
        asked: list[str] = []
        for phrase in phrases:
            if phrase not in foreign and phrase not in sides:
                asked += named[phrase].unsure if phrase in named else [phrase]
        seen = self._weigh(picture, asked, encoded) if asked else {}
        found = []
        for phrase in phrases:
            self._check()
            if phrase in named:
                found.append(self._by_name(phrase, named[phrase], seen, encoded))
                continue
            if phrase in sides:
                found.append(sides[phrase])
                continue
            if phrase in foreign:
                found.append(Found(phrase, np.zeros(picture.shape[:2], bool), _FOREIGN, rule.no))
                continue
            signs = _signs(seen[phrase])
            meant, sure = phrase, rule.logit(signs)
            # What it would name when asked what there is costs time: only a doubtful answer is worth that.
            if abs(sure) < rule.named:
                sure = rule.logit(signs, is_named(phrase, self._listed(encoded)))
            known = self._model.config.names or self._listed(encoded)
            if sure <= 0 and (other := renamed(phrase, known)) is not None:
                seen |= self._weigh(picture, [other], encoded)
                again = rule.logit(_signs(seen[other]), is_named(other, self._listed(encoded)))
                if again > 0:
                    meant, sure = other, again
            mask = np.zeros(picture.shape[:2], bool)
            if sure > 0:
                mask = self._chosen(picture, seen[meant][1], encoded)
            words = rule.yes if mask.any() else rule.no
            found.append(Found(phrase, mask, 1 / (1 + math.exp(-abs(sure))), words))
        return found

    def _named(self, phrases: Sequence[str], encoded: EncodedPicture) -> dict[str, Reading]:
        """The phrases that name kinds, read; none without a map."""
        if encoded.finder is None:
            return {}
        read = {phrase: encoded.finder.read(self._as_known(phrase)) for phrase in phrases}
        return {phrase: each for phrase, each in read.items() if each is not None}

    def _sides(self, picture: Pixels, phrases: Sequence[str], encoded: EncodedPicture) -> dict[str, Found]:
        """The phrases that mean one wall of several by its place, found by the room's geometry."""
        rule, finder = self._presence, encoded.finder
        asked = {phrase: places for phrase in phrases if (places := walls.meant(phrase))}
        if finder is None or not asked or rule is None:
            return {}
        if encoded.walls is None:
            floor, wall = (finder.of_kind(kind) for kind in ("floor", "wall"))
            encoded.walls = walls.told_apart(picture, floor, wall)
        shown, made = encoded.walls.shown, {}
        confidence = _FOREIGN if encoded.walls.sure else _DOUBTFUL
        for phrase, places in asked.items() if shown else ():
            there = tuple(shown[place] for place in places if place in shown)
            mask = np.logical_or.reduce([np.zeros(picture.shape[:2], bool), *there])
            made[phrase] = Found(phrase, mask, confidence, rule.yes if there else rule.no, there)
        return made

    def _is_foreign(self, phrase: str, encoded: EncodedPicture) -> bool:
        """Whether a phrase names a thing that is in no picture which the model knows anything of."""
        return encoded.finder is not None and encoded.finder.is_foreign(self._as_known(phrase))

    def _by_name(
        self, phrase: str, reading: Reading, seen: Mapping[str, _Weighed], encoded: EncodedPicture
    ) -> Found:
        """What a phrase means that names a kind. How it is described is LISA's to judge."""
        rule, finder = self._presence, encoded.finder
        assert rule is not None
        assert finder is not None
        chances = {each: finder.at_size(seen[each][1].logits.sigmoid()) for each in reading.unsure}
        described = reading.described
        if described and (sure := rule.logit(_signs(seen[described]))) <= 0:
            things: tuple[Segment, ...] = ()
            confidence = 1 / (1 + math.exp(sure))
        else:
            things, confidence = finder.find(reading, chances)
        words = rule.yes if things else rule.no
        return Found(phrase, finder.mask(things), confidence, words, finder.masks(things))

    def _chosen(self, picture: Pixels, predicted: MaskPrediction, encoded: EncodedPicture) -> Mask:
        """The mask, bool (H, W), of what was drawn: the things of the map that it is about, else itself."""
        if encoded.finder is not None and (things := encoded.finder.led(predicted.logits.sigmoid())):
            return encoded.finder.mask(things)
        return self._mask(picture, predicted, encoded)

    def _weigh(self, picture: Pixels, phrases: Iterable[str], encoded: EncodedPicture) -> dict[str, _Weighed]:
        """What is weighed of each phrase, by phrase; all are asked in one batch."""
        rule = self._presence
        assert rule is not None
        asked = list(dict.fromkeys(phrases))
        said, seg = self._asked(asked, encoded)
        low = self._decoded(list(seg[:, None]), encoded)
        predicted = [self._predicted(picture, each, encoded) for each in low]
        return dict(zip(asked, zip(said.tolist(), predicted, strict=True), strict=True))

    def _asked(self, phrases: Sequence[str], encoded: EncodedPicture) -> tuple[torch.Tensor, torch.Tensor]:
        """The log-odds of yes over no (n,) for phrases, and the embeddings of [SEG] (n, width) in a yes."""
        rule = self._presence
        assert rule is not None
        yes, no = (self._tokenizer.encode(f" {words}</s>") for words in (rule.yes, rule.no))
        fork = next(place for place, pair in enumerate(zip(yes, no, strict=False)) if pair[0] != pair[1])
        before = yes[: yes.index(self._tokenizer.seg_id)]

        def read(some: list[str]) -> list[torch.Tensor]:
            return list(
                self._model.read(self._prompts(some), encoded.features.tokens[0], before, encoded.prefix)
            )

        states = torch.stack(self._with_oom_fallback(read, [self._question(phrase) for phrase in phrases]))
        words = self._model.language_model.lm_head(states[:, fork]).float()
        return words[:, yes[fork]] - words[:, no[fork]], self._model.project_seg(states[:, -1])

    def _decoded(self, prompts: list[torch.Tensor], encoded: EncodedPicture) -> list[torch.Tensor]:
        """The low-resolution mask logits (n, h, w) of prompts (n, prompt width), each n its own."""

        def decode(some: list[torch.Tensor]) -> list[torch.Tensor]:
            low = self._model.decode_masks(torch.cat(some)[None], encoded.features.embedding)[0]
            return list(low.split([len(each) for each in some]))

        return self._with_oom_fallback(decode, prompts)

    def _predicted(self, picture: Pixels, low: torch.Tensor, encoded: EncodedPicture) -> MaskPrediction:
        """The union of low-resolution mask logits (n, h, w)."""
        height, width = picture.shape[:2]
        grid = encoded.edges.grid if encoded.edges is not None else None
        logits = processing.restore_masks(low, height, width, self._side, grid).amax(0)
        return MaskPrediction.of(logits)

    def _mask(self, picture: Pixels, predicted: MaskPrediction, encoded: EncodedPicture) -> Mask:
        """A mask at the picture's size, bool (H, W)."""
        logits = predicted.logits
        if encoded.edges is not None:
            chance = logits.sigmoid().cpu()
            led = encoded.edges(chance)
            if led.any() or predicted.inside == 0:
                return led
            # A thing too small for the filter stays as it was.
            whole = F.interpolate(logits[None, None], picture.shape[:2], mode="bilinear", align_corners=False)
            logits = whole[0, 0]
        return (logits > 0).cpu().numpy()

    def _prompts(self, questions: list[str]) -> list[torch.Tensor]:
        device = self._model.device
        return [torch.tensor(self._tokenizer.encode_prompt(text.prompt(q)), device=device) for q in questions]

    def _with_oom_fallback(self, task: Callable[[list[A]], list[T]], given: list[A]) -> list[T]:
        """A task on all that is given in one batch; where memory runs out, on one after the other."""
        try:
            return task(given)
        except torch.OutOfMemoryError:
            self._make_room()
        try:
            return [task([each])[0] for each in given]
        except torch.OutOfMemoryError as error:
            self._make_room()
            raise self._out_of_memory() from error

    def _ask(self, questions: list[str], encoded: EncodedPicture, tokens: int) -> list[Answer]:
        def ask(some: list[str]) -> list[Answer]:
            answers: list[Answer] = self._model.answer(
                self._prompts(some),
                encoded.features.tokens[0],
                seg_id=self._tokenizer.seg_id,
                end_id=self._tokenizer.end_id,
                max_new_tokens=tokens,
                prefix=encoded.prefix,
            )
            return answers

        return self._with_oom_fallback(ask, questions)

    def _found(
        self,
        picture: Pixels,
        phrase: str,
        answer: Answer,
        low: torch.Tensor,
        encoded: EncodedPicture,
    ) -> Found:
        """The union of the masks that an answer speaks of, low-resolution logits (n, h, w); its confidence is
        P([SEG]) times the mask's mean probability.
        """
        self._check()
        words = self._tokenizer.decode(answer.ids)
        if len(low) == 0:
            # Never said [SEG]: as sure of its absence as [SEG] was unlikely.
            return Found(phrase, np.zeros(picture.shape[:2], bool), 1.0 - answer.seg_probability, words)
        predicted = self._predicted(picture, low, encoded)
        return Found(
            phrase, self._mask(picture, predicted, encoded), answer.seg_probability * predicted.inside, words
        )


def _signs(weighed: _Weighed) -> Signs:
    said, predicted = weighed
    return Signs(said, predicted.inside, predicted.share)


def load_pocket() -> LisaSegmenter:
    """The pocket LISA. Raises ``EngineError`` when its weights are not there."""
    return LisaSegmenter.from_folder("lisa-pocket", weights_folder("lisa"))
