"""LISA as a segmenter: phrases in, masks at the picture's size out, the picture encoded once.

The features of the last few pictures are kept by content, so that further phrases and further turns on
the same picture pay for their words only.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F
from transformers.utils import logging

from tools.domain import is_drawn
from tools.errors import Cancelled, OutOfMemory
from tools.instances import plural, read_phrase, separate
from tools.kept import Kept
from tools.lisa import processing, text
from tools.lisa.choosing import Choice
from tools.lisa.edges import EdgeFollower
from tools.lisa.model import Answer, Lisa, PictureFeatures, Prefix
from tools.lisa.naming import Finder, Reading
from tools.lisa.panoptic import PanopticReader, Segment
from tools.lisa.presence import Presence, Signs, bare, is_named, renamed
from tools.lisa.regions import follow_colours
from tools.lisa.stands import with_stand
from tools.movable import Movable
from tools.pocket import weights_folder
from tools.segment import CancelCheck, Found, never
from tools.things import noun_in, thing_in

A = TypeVar("A")
T = TypeVar("T")

MAP_FILE = "panoptic.safetensors"
"""The weights beside LISA's that read a map of a picture."""

_SHORT, _LONG = 24, 256
"""Tokens that an answer may have: the pocket models answer in one form, the published ones may explain."""

_INVENTORY = "What is in this image?"
_INVENTORY_LISTED = "What is in this image? Name the things, separated by commas."

_LESS_LIKELY, _MORE_LIKELY = 0.06, 0.1
"""By how much the mean probability of a part may be below the likeliest part's, and another kind's above its
own, before it is taken for something else."""
_IN_PIECES = frozenset({"rug", "bed", "curtain"})
"""Kinds that what stands in front of them cuts in pieces."""

_DOUBTED = 0.85
"""A large mask whose mean probability inside itself is lower is more often wrong than right."""
_LARGE = 0.01
"""The share of the picture from which that is known."""
_ON_STANDS = frozenset({"lamp", "floor lamp", "standing lamp"})
_ALWAYS_FAINT = frozenset({"chair"})
"""Kinds so full of gaps that even a right mask is unsure."""
_CAT_DOG = ("cat", "dog")
"""Kinds that the model takes for each other."""
_CAT = (0.83, 0.93)
"""What is less likely a cat, as a share of how likely it is a dog, is none; what is more, is no dog."""

_COUNTED = re.compile(r"^(?:both|the (?:two|three|four))\b", re.I)

_THOUGHT = re.compile(
    r"^(?:what|which|who|whose|where|how|why|if|something|someone|somewhere|anything)\b", re.I
)
"""Phrases that describe instead of naming."""


@dataclass
class _Sight:
    """What is known of one picture: what depends on it alone, and what it was found to show.

    ``prefix``: how every question about it begins, as the language model read it; large, so only the picture
    that was asked about last has it. ``edges``: what its masks are led by.
    ``finder``: what finds by name, where there is a map of the picture.
    ``listed``: what the model says there is; ``inventory``: what it makes of each kind that it knows;
    ``names``: those of them that are there.
    """

    features: PictureFeatures
    edges: EdgeFollower | None = None
    prefix: Prefix | None = None
    finder: Finder | None = None
    names: list[str] | None = None
    listed: list[str] | None = None
    inventory: dict[str, _Weighed] | None = None

    def to(self, device: torch.device) -> None:
        """Move the features to a device; what is large is left behind."""
        self.features = PictureFeatures(self.features.tokens.to(device), self.features.embedding.to(device))
        self.prefix = None


@dataclass(frozen=True)
class _Drawn:
    """A mask as the model drew it: its ``logits`` at the picture's size, or on the grid of what makes it
    follow edges; its mean probability ``inside`` itself, 0 where there is none; and its ``share`` of the
    picture.
    """

    logits: torch.Tensor
    inside: float
    share: float

    @classmethod
    def of(cls, logits: torch.Tensor) -> _Drawn:
        within = logits[logits > 0]
        inside = float(within.sigmoid().mean()) if len(within) else 0.0
        return cls(logits, inside, len(within) / logits.numel())


_Weighed = tuple[float, _Drawn]
"""The log-odds of yes over no, and the mask of a yes."""


class LisaSegmenter(Movable):
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
        super().__init__(model)
        self.name = name
        self.revision = revision
        self._reasons = reasons
        self._maps = maps
        self._presence = Presence.of(model.config.presence)
        self._tokenizer = tokenizer
        self._kept: Kept[_Sight] = Kept()
        self._cancelled: CancelCheck = never
        for layer in (*model.sam.vision_encoder.layers, *model.language_model.model.layers):
            layer.register_forward_pre_hook(self._check)

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
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        """Find each phrase in an RGB picture (H, W, 3), all in one batch, in the order of the phrases.

        Raises ``tools.errors.Cancelled`` within one layer of a cancel.
        """
        if not phrases:
            return []
        with self._working(cancelled):
            sight = self._look(picture)
            if self._presence is not None:
                return self._decide(picture, phrases, sight)
            questions = [self._question(phrase) for phrase in phrases]
            answers = self._ask(questions, sight, _LONG if self._reasons else _SHORT)
            masks = self._decoded([answer.seg_embeddings for answer in answers], sight)
            return [
                self._found(picture, phrase, answer, low, sight)
                for phrase, answer, low in zip(phrases, answers, masks, strict=True)
            ]

    def describe(self, picture: NDArray[np.uint8]) -> list[str]:
        """Name the things that the picture shows, in words that ``segment`` would find.

        A model that knows drawn rooms alone names nothing in other pictures.
        """
        if self._model.config.names and not is_drawn(picture):
            return []
        with self._working(never):
            return list(self._names(picture, self._look(picture)))

    def look(self, picture: NDArray[np.uint8], *, cancelled: CancelCheck = never) -> None:
        """Do all that depends on the picture alone, ahead of the questions about it. See ``Looker``."""
        with self._working(cancelled):
            self._look(picture)

    def _moved(self) -> None:
        """The features go along; how questions begin is forgotten, and read again when it is wanted."""
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

    def _names(self, picture: NDArray[np.uint8], sight: _Sight) -> list[str]:
        """What is there, by names that are found: a model that knows a handful is asked about each."""
        known = self._model.config.names
        if not known or self._presence is None:
            return self._listed(sight)
        if sight.finder is not None:
            return [name for name in known if sight.finder.shows(name)]
        if sight.names is None:
            found = self._decide(picture, [f"the {name}" for name in known], sight)
            sight.names = [name for name, each in zip(known, found, strict=True) if each.present]
        return sight.names

    def _listed(self, sight: _Sight) -> list[str]:
        """What the model says there is."""
        if sight.listed is None:
            question = _INVENTORY_LISTED if self._reasons else _INVENTORY
            [answer] = self._ask([question], sight, 64)
            said = re.split(r",|\band\b|\.", self._tokenizer.decode(answer.ids))
            names = [bare(name) for name in said]
            sight.listed = list(dict.fromkeys(name for name in names if name and len(name.split()) <= 4))
        return sight.listed

    def _question(self, phrase: str) -> str:
        phrase = self._as_known(phrase)
        thought = self._reasons and (_THOUGHT.match(phrase.strip()) or phrase.strip().endswith("?"))
        return text.reasoning_question(phrase) if thought else text.question(phrase)

    def _as_known(self, phrase: str) -> str:
        """A phrase in the words that the model knows: "the curtains" for "the curtain", "all the lamps" for
        "both lamps".
        """
        for pair in self._model.config.pairs:
            phrase = re.sub(rf"\b{pair}\b", plural(pair), phrase, flags=re.I)
        if self._model.config.choose_among and _COUNTED.match(phrase):
            wanted = read_phrase(phrase)
            if wanted.order == "best" and (wanted.count or 0) > 1:
                return f"all the {wanted.noun}"
        return phrase

    def _look(self, picture: NDArray[np.uint8]) -> _Sight:
        """What is known of a picture; all that every question needs is there."""
        try:
            sight = self._kept.of(picture, lambda: self._encoded(picture))
            if sight.prefix is None:
                for other in self._kept:
                    other.prefix = None
                asked = text.question("the")  # other questions share less of it
                sight.prefix = self._model.prefix(self._prompts([asked])[0], sight.features.tokens[0])
        except torch.OutOfMemoryError as error:
            self._make_room()
            raise self._out_of_memory("looked at the picture") from error
        return sight

    def _encoded(self, picture: NDArray[np.uint8]) -> _Sight:
        vision, sam = processing.pixels(picture, self._model.config)
        device = self._model.device
        features = self._model.encode_picture(vision.to(device), sam.to(device))
        return _Sight(
            features,
            EdgeFollower(picture) if self._model.config.follow_edges else None,
            finder=Finder(picture, self._maps.read(picture)) if self._maps is not None else None,
        )

    @property
    def _side(self) -> int:
        return int(self._model.config.sam_config.vision_config.image_size)

    def signs(self, picture: NDArray[np.uint8], phrases: Sequence[str]) -> list[tuple[Signs, bool]]:
        """What a :class:`Presence` weighs of each phrase: the signs, and whether the model names it itself.

        For a model that has such a rule.
        """
        with self._working(never):
            sight = self._look(picture)
            seen = self._weigh(picture, phrases, sight)
            names = self._listed(sight)
        return [(_signs(seen[phrase]), is_named(phrase, names)) for phrase in phrases]

    def _decide(self, picture: NDArray[np.uint8], phrases: Sequence[str], sight: _Sight) -> list[Found]:
        """Both answers that the model knows are weighed, with the mask that "yes" would have."""
        rule = self._presence
        assert rule is not None
        named = self._named(phrases, sight)
        asked: list[str] = []
        for phrase in phrases:
            asked += named[phrase].unsure if phrase in named else self._beside(phrase)
        seen = self._weigh(picture, asked, sight) if asked else {}
        found = []
        for phrase in phrases:
            self._check()
            if phrase in named:
                found.append(self._by_name(phrase, named[phrase], seen, sight))
                continue
            signs = _signs(seen[phrase])
            meant, sure = phrase, rule.logit(signs)
            # What it would name when asked what there is costs time: only a doubtful answer is worth that.
            if abs(sure) < rule.named:
                sure = rule.logit(signs, is_named(phrase, self._listed(sight)))
            known = self._model.config.names or self._listed(sight)
            if sure <= 0 and (other := renamed(phrase, known)) is not None:
                seen |= self._weigh(picture, self._beside(other), sight)
                again = rule.logit(_signs(seen[other]), is_named(other, self._listed(sight)))
                if again > 0:
                    meant, sure = other, again
            kind = thing_in(phrase)[0]
            if sure <= 0 and kind in _CAT_DOG and self._model.config.names:
                # The model may take it for the other of both.
                other = phrase.replace(kind, _CAT_DOG[1 - _CAT_DOG.index(kind)])
                seen |= self._weigh(picture, [other], sight)
                if (again := rule.logit(_signs(seen[other]))) > 0:
                    seen[phrase], sure = seen[other], again
            mask = np.zeros(picture.shape[:2], bool)
            if sure > 0:
                mask = self._chosen(picture, meant, seen, sight)
                plain = self._model.config.names and self._choice(meant) is None
                if plain and _is_doubtful(kind, mask, seen[meant][1]):
                    mask, sure = np.zeros_like(mask), -sure
            words = rule.yes if mask.any() else rule.no
            found.append(Found(phrase, mask, 1 / (1 + math.exp(-abs(sure))), words))
        return found

    def _named(self, phrases: Sequence[str], sight: _Sight) -> dict[str, Reading]:
        """The phrases that name kinds, read; none without a map."""
        if sight.finder is None:
            return {}
        read = {phrase: sight.finder.read(self._as_known(phrase)) for phrase in phrases}
        return {phrase: each for phrase, each in read.items() if each is not None}

    def _by_name(self, phrase: str, reading: Reading, seen: Mapping[str, _Weighed], sight: _Sight) -> Found:
        """What a phrase means that names a kind. How it is described is LISA's to judge."""
        rule, finder = self._presence, sight.finder
        assert rule is not None and finder is not None
        chances = {each: finder.at_size(seen[each][1].logits.sigmoid()) for each in reading.unsure}
        described = reading.described
        if described and (sure := rule.logit(_signs(seen[described]))) <= 0:
            things: tuple[Segment, ...] = ()
            confidence = 1 / (1 + math.exp(sure))
        else:
            things, confidence = finder.find(reading, chances)
        words = rule.yes if things else rule.no
        return Found(phrase, finder.mask(things), confidence, words, finder.masks(things))

    def _beside(self, phrase: str) -> list[str]:
        """A phrase, and all that is asked about in the same batch to tell which of several it means."""
        choice = self._choice(phrase)
        return [phrase] if choice is None else [phrase, choice.everything, *choice.others]

    def _choice(self, phrase: str) -> Choice | None:
        """A phrase that tells which of several it means; None for others, and for a model that knows best."""
        return Choice.read(phrase) if self._model.config.choose_among else None

    def _chosen(
        self, picture: NDArray[np.uint8], phrase: str, seen: Mapping[str, _Weighed], sight: _Sight
    ) -> NDArray[np.bool_]:
        """The mask of a phrase, bool (H, W): of what bears the name, only what the words mean."""
        drawn, choice = seen[phrase][1], self._choice(phrase)
        if choice is not None:
            everything = torch.maximum(drawn.logits, seen[choice.everything][1].logits)
            others = {each: self._mask(picture, seen[each][1], sight) for each in choice.others}
            mask = self._mask(picture, _Drawn.of(everything), sight)
            if (meant := choice.pick(picture, mask, others)) is not None:
                return meant
        if sight.finder is not None and (things := sight.finder.led(drawn.logits.sigmoid())):
            return sight.finder.mask(things)
        mask = self._mask(picture, drawn, sight)
        return (
            self._own(picture, phrase, mask, drawn, sight)
            if self._model.config.names and mask.any()
            else mask
        )

    def _own(
        self,
        picture: NDArray[np.uint8],
        phrase: str,
        mask: NDArray[np.bool_],
        drawn: _Drawn,
        sight: _Sight,
    ) -> NDArray[np.bool_]:
        """A mask (H, W) without the parts that are more likely another kind of thing, and of a single thing's
        without those that are clearly less likely it than the likeliest.
        """
        if noun_in(phrase) in _ON_STANDS:
            mask = with_stand(picture, mask)
        kind, parts = thing_in(phrase)[0], separate(mask)
        if not kind or not parts:
            return mask
        grid = (drawn.logits.shape[0], drawn.logits.shape[1])
        places = [_at(part, grid) for part in parts]
        own = _means(drawn, places)
        kept = np.ones(len(parts), bool)
        for name, rival in self._rivals(picture, phrase, sight).items():
            theirs = _means(rival, places)
            if not {kind, name} <= {*_CAT_DOG}:
                kept &= theirs <= own + _MORE_LIKELY
        if kind in _CAT_DOG:
            kept &= _told(
                kind, *(_means(self._inventory(picture, sight)[name][1], places) for name in _CAT_DOG)
            )
        wanted = read_phrase(phrase)
        if wanted.order == "best" and wanted.count == 1 and kind not in _IN_PIECES and kept.any():
            kept &= own >= own[kept].max() - _LESS_LIKELY
        left = [part for part, stays in zip(parts, kept, strict=True) if stays]
        return np.logical_or.reduce(left) if left else np.zeros_like(mask)

    def _inventory(self, picture: NDArray[np.uint8], sight: _Sight) -> dict[str, _Weighed]:
        """What the model makes of each kind that it knows."""
        if sight.inventory is None:
            phrases = {name: f"the {name}" for name in self._model.config.names}
            seen = self._weigh(picture, phrases.values(), sight)
            sight.inventory = {name: seen[phrase] for name, phrase in phrases.items()}
        return sight.inventory

    def _rivals(self, picture: NDArray[np.uint8], phrase: str, sight: _Sight) -> dict[str, _Drawn]:
        """What the model draws of things of other kinds, by kind, where it says that they are there."""
        rule = self._presence
        assert rule is not None
        kind, noun = thing_in(phrase)[0], noun_in(phrase)
        return {
            name: each[1]
            for name, each in self._inventory(picture, sight).items()
            if thing_in(name)[0] != kind and not name.endswith(noun) and rule.logit(_signs(each)) > 0
        }

    def _weigh(
        self, picture: NDArray[np.uint8], phrases: Iterable[str], sight: _Sight
    ) -> dict[str, _Weighed]:
        """What is weighed of each phrase, by phrase; all are asked in one batch."""
        rule = self._presence
        assert rule is not None
        asked = list(dict.fromkeys(phrases))
        said, seg = self._asked(asked, sight)
        low = self._decoded(list(seg[:, None]), sight)
        drawn = [self._drawn(picture, each, sight) for each in low]
        return dict(zip(asked, zip(said.tolist(), drawn, strict=True), strict=True))

    def _asked(self, phrases: Sequence[str], sight: _Sight) -> tuple[torch.Tensor, torch.Tensor]:
        """The log-odds of yes over no (n,) for phrases, and the embeddings of [SEG] (n, width) in a yes."""
        rule = self._presence
        assert rule is not None
        yes, no = (self._tokenizer.encode(f" {words}</s>") for words in (rule.yes, rule.no))
        fork = next(place for place, pair in enumerate(zip(yes, no, strict=False)) if pair[0] != pair[1])
        before = yes[: yes.index(self._tokenizer.seg_id)]

        def read(some: list[str]) -> list[torch.Tensor]:
            return list(self._model.read(self._prompts(some), sight.features.tokens[0], before, sight.prefix))

        states = torch.stack(self._spared(read, [self._question(phrase) for phrase in phrases]))
        words = self._model.language_model.lm_head(states[:, fork]).float()
        return words[:, yes[fork]] - words[:, no[fork]], self._model.project_seg(states[:, -1])

    def _decoded(self, prompts: list[torch.Tensor], sight: _Sight) -> list[torch.Tensor]:
        """The low-resolution mask logits (n, h, w) of prompts (n, prompt width), each n its own."""

        def decode(some: list[torch.Tensor]) -> list[torch.Tensor]:
            low = self._model.decode_masks(torch.cat(some)[None], sight.features.embedding)[0]
            return list(low.split([len(each) for each in some]))

        return self._spared(decode, prompts)

    def _drawn(self, picture: NDArray[np.uint8], low: torch.Tensor, sight: _Sight) -> _Drawn:
        """The union of low-resolution mask logits (n, h, w)."""
        height, width = picture.shape[:2]
        grid = sight.edges.grid if sight.edges is not None else None
        logits = processing.restore_masks(low, height, width, self._side, grid).amax(0)
        return _Drawn.of(logits)

    def _mask(self, picture: NDArray[np.uint8], drawn: _Drawn, sight: _Sight) -> NDArray[np.bool_]:
        """A mask at the picture's size, bool (H, W)."""
        logits = drawn.logits
        if sight.edges is not None:
            chance = logits.sigmoid().cpu()
            led = sight.edges(chance)
            if led.any() and self._model.config.names:
                led = follow_colours(picture, led, chance.numpy())
            if led.any() or drawn.inside == 0:
                return led
            # A thing too small for the filter stays as it was.
            whole = F.interpolate(logits[None, None], picture.shape[:2], mode="bilinear", align_corners=False)
            logits = whole[0, 0]
        return (logits > 0).cpu().numpy()

    def _prompts(self, questions: list[str]) -> list[torch.Tensor]:
        device = self._model.device
        return [torch.tensor(self._tokenizer.encode_prompt(text.prompt(q)), device=device) for q in questions]

    def _spared(self, task: Callable[[list[A]], list[T]], given: list[A]) -> list[T]:
        """A task on all that is given in one batch; where memory runs out, on one after the other."""
        try:
            return task(given)
        except torch.OutOfMemoryError:
            self._make_room()
        try:
            return [task([each])[0] for each in given]
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

    def _found(
        self, picture: NDArray[np.uint8], phrase: str, answer: Answer, low: torch.Tensor, sight: _Sight
    ) -> Found:
        """The union of the masks that an answer speaks of, low-resolution logits (n, h, w); its confidence is
        P([SEG]) times the mask's mean probability.
        """
        self._check()
        words = self._tokenizer.decode(answer.ids)
        if len(low) == 0:
            # Never said [SEG]: as sure of its absence as [SEG] was unlikely.
            return Found(phrase, np.zeros(picture.shape[:2], bool), 1.0 - answer.seg_probability, words)
        drawn = self._drawn(picture, low, sight)
        return Found(phrase, self._mask(picture, drawn, sight), answer.seg_probability * drawn.inside, words)


def _at(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at another (height, width), by its nearest pixels."""
    return np.asarray(Image.fromarray(mask).resize((size[1], size[0]), Image.Resampling.NEAREST))


def _means(drawn: _Drawn, places: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """The mean probability of a drawing at places, which are masks of its size; 0 where one is empty."""
    chance = drawn.logits.sigmoid().cpu().numpy()
    return np.array([float(chance[place].mean()) if place.any() else 0.0 for place in places])


def _is_doubtful(kind: str, mask: NDArray[np.bool_], drawn: _Drawn) -> bool:
    """Whether a large mask (H, W) is where the model drew it only faintly."""
    if kind in _ALWAYS_FAINT or mask.mean() < _LARGE:
        return False
    drawing = drawn.logits
    place = _at(mask, (drawing.shape[0], drawing.shape[1])) & (drawing > 0).cpu().numpy()
    return float(_means(drawn, [place])[0]) < _DOUBTED


def _told(kind: str, cat: NDArray[np.float64], dog: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which parts are cats, or dogs where dogs are asked for, by how likely each part is either."""
    like = cat / np.maximum(dog, 1e-3)
    if len(like) > 1:
        cats: NDArray[np.bool_] = (like >= _CAT[0]) & (like == like.max())
        return cats if kind == "cat" else ~cats
    alone: NDArray[np.bool_] = like >= _CAT[0] if kind == "cat" else like <= _CAT[1]
    return alone


def _signs(weighed: _Weighed) -> Signs:
    said, drawn = weighed
    return Signs(said, drawn.inside, drawn.share)


def load_pocket() -> LisaSegmenter:
    """The pocket LISA. Raises ``EngineError`` when its weights are not there."""
    return LisaSegmenter.from_folder("lisa-pocket", weights_folder("lisa"))
