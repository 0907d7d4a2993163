"""Fine-tuning LISA with its published recipe (Lai et al. 2023, arXiv 2308.00692), on one device.

Learnt are low-rank adapters on the language model's q_proj and v_proj, and in full its two vocabularies, the
projection of [SEG] and SAM's mask decoder. CLIP, its projector and SAM's encoders stay as they are, so a
picture goes through them once, before the training, and its features lie on disk meanwhile.

All questions about one picture share one sequence: the picture and the words before it come once, and each
question sees only them and itself, which equals separate sequences and costs much less.

Every random choice follows from the seed and the step's number: a training that was stopped goes on from its
checkpoint as if it had not been. Trained parameters are float32 whatever the model's type; on CUDA the
arithmetic is bfloat16.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import nn
from torch.nn import functional as F

from sessions.files import write_atomically
from tools.errors import Cancelled, EngineError, ToolError
from tools.pictures import read_picture
from tools.segmenting.base import CancelCheck, never
from tools.segmenting.lisa import processing, text
from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER, Lisa, PictureFeatures
from training.lisa.base import Base
from training.lisa.data import Data, Example, Listener, Progress, Sample, silent
from training.lisa.losses import bce_loss, dice_loss

_SMALL, _SMALL_RATE = 1024, 3e-3
"""A language model narrower than this, such as the pocket one, is trained at this rate."""

THERE: Final = "It is [SEG]."
ABSENT: Final = "I do not see it."
"""What is answered. The published models know the first among others like it, the pocket model both."""

_TOKENIZER_FILES: Final = (
    "tokenizer.model", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json",
)  # fmt: skip
_ANSWER_TOKENS: Final = 24
_ASKED_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Settings:
    """How to train; the defaults are the published ones, but for the steps.

    ``steps``: optimiser steps (the published training has ten times 500, of all data sets together).
    ``pictures``: pictures a step, one after the other (published: 2 at once, 10 times, on each of 8 cards).
    ``questions``: at most so many about a picture each time it comes. ``rate`` rises from 0 during ``warmup``
    steps, but no longer than a fifth of all, and then falls linearly to 0. ``words``, ``bce`` and ``dice``
    are the weights of the losses. ``bfloat16``: None means on CUDA. ``save_every``: steps between two
    checkpoints.
    """

    steps: int = 500
    pictures: int = 20
    questions: int = 3
    rate: float = 3e-4
    warmup: int = 100
    beta1: float = 0.9
    beta2: float = 0.95
    decay: float = 0.0
    clip: float = 1.0
    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05
    words: float = 1.0
    bce: float = 2.0
    dice: float = 0.5
    seed: int = 0
    bfloat16: bool | None = None
    save_every: int = 50

    @classmethod
    def suited(cls, model: Lisa, steps: int, seed: int) -> Settings:
        """The settings for a model: the published ones, but a higher rate for a small one."""
        small = model.config.text_config.hidden_size < _SMALL
        return cls(steps=steps, seed=seed, rate=_SMALL_RATE if small else cls.rate)

    def factor(self, step: int) -> float:
        """The factor, 0…1, on the learning rate of a step, counted from 0."""
        warm = min(self.warmup, self.steps // 5)
        return (step + 1) / warm if step < warm else (self.steps - step) / (self.steps - warm)


@dataclass(frozen=True)
class Score:
    """How a model does on pictures that it did not learn from.

    ``iou``: the mean overlap of mask and truth, 0…1, over the ``there`` phrases whose thing is there.
    ``refused``: the share of the ``absent`` other phrases that got no mask. None without such phrases.
    """

    iou: float | None
    there: int
    refused: float | None
    absent: int


@dataclass(frozen=True)
class Report:
    """What became of a training: the model's ``folder``, the scores before and after, each step's loss.

    The scores are None where no picture was held out. ``seconds`` counts the training alone.
    """

    folder: Path
    steps: int
    seconds: float
    before: Score | None
    after: Score | None
    losses: tuple[float, ...]


@dataclass(frozen=True)
class Packed:
    """Questions about one picture and their answers as one sequence of t token ids.

    ``ids``: (t,) with one ``IMAGE_PLACEHOLDER``. ``labels``: (t,), -100 where nothing is learnt.
    ``segment``: (t,), 0 up to the placeholder, k for the k-th question. ``seg_at``: (n,), where [SEG] stands.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    segment: torch.Tensor
    seg_at: torch.Tensor

    def to(self, device: torch.device) -> Packed:
        """The same on a device."""
        return Packed(*(getattr(self, each.name).to(device) for each in fields(self)))


def pack(tokenizer: text.LisaTokenizer, examples: Sequence[Example]) -> Packed:
    """Put the questions of some examples about one picture into one sequence."""
    ids: list[int] = []
    labels: list[int] = []
    segment: list[int] = []
    for number, example in enumerate(examples, 1):
        asked = text.prompt(question(example))
        head = tokenizer.encode_prompt(asked)
        whole = tokenizer.encode_prompt(f"{asked} {THERE if example.there else ABSENT}</s>")
        if whole[: len(head)] != head:
            raise EngineError("The model's tokenizer joins a question to its answer: it cannot be trained.")
        shared = head.index(IMAGE_PLACEHOLDER) + 1
        if number == 1:
            ids, labels, segment = whole[:shared], [-100] * shared, [0] * shared
        ids += whole[shared:]
        labels += [-100] * (len(head) - shared) + whole[len(head) :]
        segment += [number] * (len(whole) - shared)
    seg_at = [at for at, label in enumerate(labels) if label == tokenizer.seg_id]
    return Packed(*(torch.tensor(row, dtype=torch.long) for row in (ids, labels, segment, seg_at)))


def question(example: Example) -> str:
    """What the model is asked: the form in which ``LisaSegmenter`` asks for a thing, or the published form
    of whole questions.
    """
    if example.sentence:
        return text.reasoning_question(example.phrase)
    return text.question(example.phrase)


def losses(
    model: Lisa, packed: Packed, features: PictureFeatures, masks: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The losses of the words, of the masks by cross-entropy and by Dice, not yet weighted.

    ``masks``: float (n, H, W) of 0 and 1 at the picture's own size, one for each [SEG] of ``packed``.
    """
    tokens = features.tokens[0]
    embedded = model.embed(packed.ids, tokens)
    language = model.language_model
    embedded = embedded.to(language.model.norm.weight.dtype)
    at = int((packed.ids == IMAGE_PLACEHOLDER).nonzero()[0])
    segment = torch.cat(
        [packed.segment[:at], packed.segment.new_zeros(len(tokens)), packed.segment[at + 1 :]]
    )
    allowed, positions = _visible(segment)
    kind = _arithmetic(embedded)
    bias = torch.zeros(allowed.shape, dtype=kind, device=embedded.device).masked_fill(~allowed, -math.inf)
    hidden = language.model(
        inputs_embeds=embedded[None],
        attention_mask=bias[None, None],
        position_ids=positions[None],
        use_cache=False,
    ).last_hidden_state[0]
    before = len(tokens) - 2  # from a token behind the picture to the row that predicts it
    learnt = (packed.labels != -100).nonzero()[:, 0]
    logits = language.lm_head(hidden[learnt + before]).float()
    words = F.cross_entropy(logits, packed.labels[learnt])
    low = model.decode_masks(model.project_seg(hidden[packed.seg_at + before])[None], features.embedding)[0]
    if len(masks) == 0:
        return words, words.new_zeros(()), words.new_zeros(())
    height, width = masks.shape[1:]
    full = processing.restore_masks(low, height, width, _side(model))
    return words, bce_loss(full, masks), dice_loss(full, masks)


def _visible(segment: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """From ``segment`` (t,): which token sees which, bool (t, t), and the positions (t,).

    A token sees segment 0 and its own up to itself; every question's positions go on where segment 0 ends.
    """
    causal = torch.ones(len(segment), len(segment), dtype=torch.bool, device=segment.device).tril()
    allowed = causal & ((segment[:, None] == segment[None]) | (segment[None] == 0))
    return allowed, allowed.sum(-1) - 1


def _arithmetic(tensor: torch.Tensor) -> torch.dtype:
    """The type in which matrices are multiplied now."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def _side(model: Lisa) -> int:
    return int(model.config.sam_config.vision_config.image_size)


def adapt(model: Lisa, settings: Settings) -> tuple[Any, dict[str, nn.Parameter]]:
    """Put adapters into the language model and choose what is learnt.

    Returns peft's model around the language model, and the learnt parameters, now float32, by name.
    """
    from peft import LoraConfig, get_peft_model

    # Only here: CLIP and SAM have layers of the same names.
    adapter = get_peft_model(
        model.language_model,
        LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=["q_proj", "v_proj"],
        ),
    )
    model.requires_grad_(False)
    language = model.language_model
    whole = (language.get_input_embeddings(), language.lm_head, model.text_hidden_fcs, model.sam.mask_decoder)
    for module in whole:
        module.requires_grad_(True)
    for name, parameter in language.named_parameters():
        if "lora_" in name:
            parameter.requires_grad_(True)
    learnt = {name: each for name, each in model.named_parameters() if each.requires_grad}
    for parameter in learnt.values():
        parameter.data = parameter.data.float()
    return adapter, learnt


def merge(model: Lisa, adapter: Any, types: Mapping[str, torch.dtype]) -> None:
    """Undo ``adapt``: the adapters become part of their weights, and every parameter gets its old type."""
    model.language_model = adapter.merge_and_unload(safe_merge=True)
    for name, value in model.named_parameters():
        value.data = value.data.to(types[name])


def finetune(
    base: Base,
    data: Data,
    folder: Path,
    settings: Settings | None = None,
    *,
    listen: Listener = silent,
    cancelled: CancelCheck = never,
) -> Report:
    """Train the base model on the data and save it to ``folder``, for ``LisaSegmenter.from_folder``.

    The base model is used up. Until the end, ``folder``/training has the features and the checkpoint; the
    same call goes on from there. Raises ``ToolError`` when ``folder`` has a model already or belongs to
    another training, ``EngineError`` when the training fails, and ``Cancelled``, after a checkpoint, within
    one picture of a cancel.
    """
    settings = settings or Settings()
    work = _begin(base, data, folder, settings)
    try:
        return _Training(base, data, folder, work, settings, listen, cancelled).run()
    except torch.OutOfMemoryError as error:
        raise EngineError(
            "The graphics card has too little memory for this training: close other programs, use smaller"
            " pictures, or start from a smaller model."
        ) from error


def check_output(folder: Path) -> None:
    """Raise ``ToolError`` when a folder cannot take a new model, for it has one or is a file."""
    if (folder / "config.json").exists():
        raise ToolError(f"{folder} has a model already: give another folder, or delete that one.")
    if folder.exists() and not folder.is_dir():
        raise ToolError(f"{folder} is a file: give the name of a folder for the new model.")


def _begin(base: Base, data: Data, folder: Path, settings: Settings) -> Path:
    """Claim the folder for this training, or find that it is so already; the folder to work in."""
    check_output(folder)
    # How often a checkpoint is written changes nothing in the result.
    chosen = {
        each.name: getattr(settings, each.name) for each in fields(settings) if each.name != "save_every"
    }
    own = {"data": data.digest, "model": _digest(base.model), "settings": chosen}
    work, file = folder / "training", folder / "training" / "run.json"
    if file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if other := [key for key in own if kept.get(key) != own[key]]:
            raise ToolError(
                f"{folder} has an unfinished training with other {' and '.join(other)}: continue with"
                " the original settings, give another folder, or delete that one."
            )
    work.mkdir(parents=True, exist_ok=True)
    write_atomically(file, lambda out: out.write(json.dumps(own, indent=1).encode()))
    return work


def _digest(model: Lisa) -> str:
    """What tells models apart: the beginning of every parameter, for the whole may be many gigabytes."""
    digest = hashlib.sha256()
    for name, value in model.named_parameters():
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().flatten()[:64].float().cpu().numpy().tobytes())
    return digest.hexdigest()


class _Training:
    """One call of ``finetune``."""

    def __init__(
        self,
        base: Base,
        data: Data,
        folder: Path,
        work: Path,
        settings: Settings,
        listen: Listener,
        cancelled: CancelCheck,
    ) -> None:
        self.base, self.data, self.folder, self.work, self.settings = base, data, folder, work, settings
        self.listen, self.cancelled = listen, cancelled
        cuda = torch.cuda.is_available()
        half = cuda if settings.bfloat16 is None else settings.bfloat16
        self.accelerator = Accelerator(
            cpu=not cuda,
            mixed_precision="bf16" if half else "no",
            gradient_accumulation_steps=settings.pictures,
        )
        self.device = self.accelerator.device
        self.model = base.model.to(self.device).eval()
        self.before: Score | None = None
        self.history: list[float] = []
        self.seconds = 0.0

    def run(self) -> Report:
        """From the pictures to the saved model."""
        self._look()
        kept = self._kept()
        self.before = self._score() if kept is None else _read_score(kept["before"])
        types = {name: value.dtype for name, value in self.model.named_parameters()}
        torch.manual_seed(self.settings.seed)  # the adapters begin at random
        adapter, learnt = adapt(self.model, self.settings)
        self._train(learnt, kept)
        merge(self.model, adapter, types)
        report = Report(
            self.folder,
            self.settings.steps,
            round(self.seconds, 1),
            self.before,
            self._score(),
            tuple(self.history),
        )
        self._publish(report)
        return report

    def _look(self) -> None:
        """Have the frozen encoders see every picture once; they are not needed after that."""
        samples = (*self.data.training, *self.data.held_out)
        for number, sample in enumerate(samples, 1):
            self._stop()
            if not self._file(sample).exists():
                self._encode(sample)
            self.listen(Progress("looking", number, len(samples)))
        if self.device.type == "cuda":
            self.model.vision_tower.to("cpu")
            self.model.sam.vision_encoder.to("cpu")
            torch.cuda.empty_cache()

    def _encode(self, sample: Sample) -> None:
        vision, sam = processing.pixels(read_picture(sample.picture).pixels, self.model.config)
        with torch.inference_mode():
            made = self.model.encode_picture(vision.to(self.device), sam.to(self.device))
        content = save({"tokens": made.tokens.contiguous(), "embedding": made.embedding.contiguous()})
        file = self._file(sample)
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, lambda out: out.write(content))

    def _file(self, sample: Sample) -> Path:
        return self.work / "features" / f"{sample.digest}.safetensors"

    def _features(self, sample: Sample) -> PictureFeatures:
        return PictureFeatures(**load_file(self._file(sample), device=str(self.device)))

    def _stop(self) -> None:
        if self.cancelled():
            raise Cancelled

    def _train(self, learnt: dict[str, nn.Parameter], kept: dict[str, Any] | None) -> None:
        """Train the learnt parameters from the checkpoint, or from the beginning, to the last step."""
        settings = self.settings
        plain = torch.optim.AdamW(
            learnt.values(),
            lr=settings.rate,
            betas=(settings.beta1, settings.beta2),
            weight_decay=settings.decay,
        )
        optimiser = self.accelerator.prepare_optimizer(plain)
        step = 0 if kept is None else self._restore(kept, learnt, optimiser)
        self.model.language_model.train()
        if self.device.type == "cuda":
            self.model.language_model.activation_checkpointing_enable()
        while step < settings.steps:
            began = time.monotonic()
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * settings.factor(step)
            total = 0.0
            for turn in range(settings.pictures):
                if self.cancelled():
                    self._checkpoint(step, learnt, optimiser)
                    raise Cancelled
                with self.accelerator.accumulate():
                    loss = self._loss(step * settings.pictures + turn)
                    self.accelerator.backward(loss)
                    if self.accelerator.sync_gradients:
                        self.accelerator.clip_grad_norm_(learnt.values(), settings.clip)
                    optimiser.step()
                    optimiser.zero_grad()
                total += float(loss.detach())
            step += 1
            mean = total / settings.pictures
            if not math.isfinite(mean):
                raise EngineError(
                    f"Training diverged: loss is NaN or infinite at step {step}; start again with another"
                    " seed."
                )
            self.history.append(mean)
            self.seconds += time.monotonic() - began
            if step % settings.save_every == 0 or step == settings.steps:
                self._checkpoint(step, learnt, optimiser)
            self.listen(Progress("training", step, settings.steps, mean))
        if self.device.type == "cuda":
            self.model.language_model.activation_checkpointing_disable()
        self.model.eval()

    def _loss(self, position: int) -> torch.Tensor:
        """The weighted loss of the picture that comes at a position of the training."""
        settings, samples = self.settings, self.data.training
        epoch, place = divmod(position, len(samples))
        order = np.random.default_rng([settings.seed, 0, epoch]).permutation(len(samples))
        sample = samples[int(order[place])]
        rng = np.random.default_rng([settings.seed, 1, position])
        count = min(settings.questions, len(sample.examples))
        asked = [sample.examples[int(i)] for i in rng.choice(len(sample.examples), count, replace=False)]
        torch.manual_seed(int(rng.integers(2**31)))  # the adapters' dropout
        masks = [example.pixels(sample.size) for example in asked if example.there]
        true = torch.from_numpy(np.stack(masks)) if masks else torch.zeros(0, *sample.size[::-1])
        packed = pack(self.base.tokenizer, asked).to(self.device)
        with self.accelerator.autocast():
            words, bce, dice = losses(
                self.model, packed, self._features(sample), true.to(self.device, torch.float32)
            )
        return settings.words * words + settings.bce * bce + settings.dice * dice

    def _checkpoint(self, step: int, learnt: dict[str, nn.Parameter], optimiser: Any) -> None:
        state = {
            "step": step,
            "learnt": {name: value.detach().cpu() for name, value in learnt.items()},
            "optimiser": optimiser.state_dict(),
            "losses": self.history,
            "seconds": self.seconds,
            "before": None if self.before is None else asdict(self.before),
        }
        write_atomically(self.work / "state.pt", lambda out: torch.save(state, out))

    def _kept(self) -> dict[str, Any] | None:
        """The checkpoint, if there is one."""
        file = self.work / "state.pt"
        if not file.exists():
            return None
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        return state

    def _restore(self, kept: dict[str, Any], learnt: dict[str, nn.Parameter], optimiser: Any) -> int:
        """Take up a checkpoint; the number of its steps."""
        for name, value in learnt.items():
            value.data.copy_(kept["learnt"][name])
        optimiser.load_state_dict(kept["optimiser"])
        self.history, self.seconds = list(kept["losses"]), float(kept["seconds"])
        return int(kept["step"])

    @torch.inference_mode()
    def _score(self) -> Score | None:
        """Ask for everything in the pictures that were held out, as ``LisaSegmenter`` would."""
        overlaps: list[float] = []
        refused: list[bool] = []
        for number, sample in enumerate(self.data.held_out, 1):
            features = self._features(sample)
            for first in range(0, len(sample.examples), _ASKED_AT_ONCE):
                self._stop()
                some = sample.examples[first : first + _ASKED_AT_ONCE]
                for example, found in zip(some, self._found(some, features, sample.size), strict=True):
                    if example.there:
                        true = example.pixels(sample.size)
                        overlaps.append(float((found & true).sum() / (found | true).sum()))
                    else:
                        refused.append(not found.any())
            self.listen(Progress("testing", number, len(self.data.held_out)))
        if not self.data.held_out:
            return None
        return Score(
            sum(overlaps) / len(overlaps) if overlaps else None,
            len(overlaps),
            sum(refused) / len(refused) if refused else None,
            len(refused),
        )

    def _found(
        self, examples: Sequence[Example], features: PictureFeatures, size: tuple[int, int]
    ) -> list[NDArray[np.bool_]]:
        """A mask, bool (H, W), for each example; all False where the model says that it is not there."""
        tokenizer, masks = self.base.tokenizer, []
        prompts = [torch.tensor(tokenizer.encode_prompt(text.prompt(question(each)))) for each in examples]
        answers = self.model.answer(
            prompts,
            features.tokens[0],
            seg_id=tokenizer.seg_id,
            end_id=tokenizer.end_id,
            max_new_tokens=_ANSWER_TOKENS,
        )
        for answer in answers:
            mask = np.zeros((size[1], size[0]), bool)
            if len(answer.seg_embeddings):
                low = self.model.decode_masks(answer.seg_embeddings[None], features.embedding)[0]
                logits = processing.restore_masks(low, size[1], size[0], _side(self.model))
                mask = (logits.amax(0) > 0).cpu().numpy()
            masks.append(mask)
        return masks

    def _publish(self, report: Report) -> None:
        """Save the model and what became of it, then let the folder for the work go."""
        made = self.work / "model"
        shutil.rmtree(made, ignore_errors=True)
        self.model.save_pretrained(made)
        for name in _TOKENIZER_FILES:
            if (self.base.folder / name).exists():
                shutil.copy(self.base.folder / name, made)
        told = {key: value for key, value in asdict(report).items() if key != "folder"}
        told["settings"] = asdict(self.settings)
        (made / "training.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
        # The config comes last: with it the folder is a model.
        for file in sorted(made.iterdir(), key=lambda each: each.name == "config.json"):
            file.replace(self.folder / file.name)
        shutil.rmtree(self.work)


def _read_score(kept: dict[str, Any] | None) -> Score | None:
    return None if kept is None else Score(**kept)
