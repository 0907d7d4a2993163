"""Training pocket LISA from nothing: text cross-entropy + 2·BCE + Dice, as published, on drawn rooms.

All questions about one picture share one sequence: the picture and the system prompt come once, and each
question sees only them and itself (a block mask), which is exactly equal to separate sequences and
several times cheaper. Two heads that predict each patch's kind, colour and material from SAM's and CLIP's
features help the encoders to learn and are thrown away.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import sentencepiece
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from pocket import rooms
from pocket.training import loop
from pocket.training.lisa_data import Records, Said
from tools.lisa import processing, text
from tools.lisa.config import LisaConfig
from tools.lisa.model import IMAGE_PLACEHOLDER, Lisa

PRESENT, ABSENT = 6, 4
"""Questions a picture: about things that are there, and about things that are not."""

YES: Final = "It is [SEG]."
NO: Final = "I do not see it."
INVENTORY: Final = "What is in this image?"
VOCABULARY: Final = 1200
BCE_WEIGHT, DICE_WEIGHT, AUXILIARY_WEIGHT = 2.0, 1.0, 0.3


def build(vocabulary: int) -> Lisa:
    """A fresh pocket LISA (about 4 M parameters): CLIP 160 px, Llama 192 wide, SAM 256 px with patches of
    8.
    """
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        SamConfig,
        SamMaskDecoderConfig,
        SamPromptEncoderConfig,
        SamVisionConfig,
    )
    from transformers.models.sam.modeling_sam import SamVisionAttention

    prompt = 128
    config = LisaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=144,
            intermediate_size=432,
            num_hidden_layers=4,
            num_attention_heads=4,
            image_size=160,
            patch_size=16,
        ),
        text_config=LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=1024,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
            rms_norm_eps=1e-6,
        ),
        sam_config=SamConfig(
            vision_config=SamVisionConfig(
                hidden_size=128,
                output_channels=prompt,
                num_hidden_layers=5,
                num_attention_heads=4,
                image_size=256,
                patch_size=8,
                mlp_dim=384,
                window_size=8,
                global_attn_indexes=[2, 4],
                use_rel_pos=False,
                use_abs_pos=True,
                initializer_range=0.06,
                scale=1.0,
                num_pos_feats=prompt // 2,
            ),
            prompt_encoder_config=SamPromptEncoderConfig(
                hidden_size=prompt, image_size=256, patch_size=8, image_embedding_size=32
            ),
            mask_decoder_config=SamMaskDecoderConfig(
                hidden_size=prompt, mlp_dim=256, num_attention_heads=4, iou_head_hidden_dim=64
            ),
            initializer_range=0.1,
        ),
        vision_fit="squash",
    )
    model = Lisa(config)
    # On a CPU the fused attention's backward pass is slower than plain matrix products, but for long rows.
    model.language_model.set_attn_implementation("eager")
    for layer in model.sam.vision_encoder.layers:
        if layer.window_size > 0:
            plain = SamVisionAttention(config.sam_config.vision_config, layer.window_size)
            plain.load_state_dict(layer.attn.state_dict())
            layer.attn = plain
    model.sam.shared_image_embedding.requires_grad_(False)  # random Fourier positions, as in SAM
    model.sam.prompt_encoder.shared_embedding.requires_grad_(False)
    return model


def train_tokenizer(records: Records, folder: Path) -> text.LisaTokenizer:
    """Train (or read) the SentencePiece model on what is said about the rooms."""
    file = folder / "tokenizer.model"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        lines = [text.prompt(text.question("the thing")).replace("<image>", "")] * 50
        lines += [NO, INVENTORY, ", ".join(rooms.KINDS)] * 200
        lines += [text.question(use) for kind in rooms.KINDS for use in rooms.use_texts(kind)]
        lines += [text.question(said.text) for group in records.said for said in group]
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=iter(lines),
            model_prefix=str(folder / "tokenizer"),
            vocab_size=VOCABULARY,
            model_type="bpe",
            byte_fallback=True,
            character_coverage=1.0,
            bos_id=1,
            eos_id=2,
            unk_id=0,
            pad_id=-1,
            minloglevel=2,
        )
    return text.LisaTokenizer(file)


@dataclass
class Batch:
    """One training batch in tensors.

    ``ids`` (b, t) with the picture's placeholder at ``image_at``; ``labels`` (b, t), -100 where nothing
    is learnt; ``segment`` (b, t): 0 the shared prefix, k the k-th question, -1 padding; ``seg_at`` (b,
    PRESENT): where [SEG] stands; ``masks`` (b, PRESENT, 192, 256) float; ``patches`` (b, 3, 24, 32):
    kind, colour, material of each 8×8 patch.
    """

    vision: torch.Tensor
    sam: torch.Tensor
    ids: torch.Tensor
    labels: torch.Tensor
    segment: torch.Tensor
    seg_at: torch.Tensor
    masks: torch.Tensor
    patches: torch.Tensor
    image_at: int


_SIDES: Final = {"left": "right", "right": "left"}


def _mirror_words(words: str) -> str:
    return " ".join(_SIDES.get(word, word) for word in words.split(" "))


class Batches:
    """Draws batches from records."""

    def __init__(self, records: Records, tokenizer: text.LisaTokenizer) -> None:
        self.records = records
        self.tokenizer = tokenizer
        start = text.prompt("@").split("@")[0]
        self.prefix = tokenizer.encode_prompt(start)
        self.image_at = self.prefix.index(IMAGE_PLACEHOLDER)
        self.uses = {text: kind for kind in rooms.KINDS for text in rooms.use_texts(kind)}

    def _question(self, asked: str, answer: str) -> tuple[list[int], int]:
        """Ids of a question and its answer, and how many of them are the question's."""
        head = self.tokenizer.encode(asked + " ASSISTANT:")
        return head + self.tokenizer.encode(f" {answer}</s>"), len(head)

    def draw(self, rng: np.random.Generator, count: int) -> Batch:
        """A random batch: per picture PRESENT questions with masks, ABSENT ones without, and one
        inventory.
        """
        rows = rng.choice(len(self.records.pictures), count, replace=False)
        vision, sam, masks, patches, sequences = [], [], [], [], []
        for row in rows:
            flip = bool(rng.random() < 0.5)
            picture = self.records.pictures[row][:, ::-1] if flip else self.records.pictures[row]
            ids = self.records.ids[row][:, ::-1] if flip else self.records.ids[row]
            picture = _jitter(np.ascontiguousarray(picture), rng)
            vision.append(processing.clip_pixels(picture, 160, "squash"))
            sam.append(processing.sam_pixels(picture, 256))
            looks = np.array(self.records.looks[row])
            patches.append(looks[ids[4::8, 4::8]].transpose(2, 0, 1))
            present, absent = self._choose(self.records.said[row], rng)
            masks.append(np.stack([np.isin(ids, s.things) for s in present]))
            sequences.append(self._sequence(present, absent, self.records.seen[row], flip, rng))
        longest = max(len(s[0]) for s in sequences)
        tokens = np.zeros((count, longest), np.int64)
        labels = np.full((count, longest), -100, np.int64)
        segment = np.full((count, longest), -1, np.int64)
        for i, (ids_, labels_, segment_, _) in enumerate(sequences):
            tokens[i, : len(ids_)], labels[i, : len(ids_)], segment[i, : len(ids_)] = ids_, labels_, segment_
        return Batch(
            torch.cat(vision),
            torch.cat(sam),
            torch.from_numpy(tokens),
            torch.from_numpy(labels),
            torch.from_numpy(segment),
            torch.tensor([s[3] for s in sequences]),
            torch.from_numpy(np.stack(masks)).float(),
            torch.from_numpy(np.stack(patches)),
            self.image_at,
        )

    @staticmethod
    def _choose(said: list[Said], rng: np.random.Generator) -> tuple[list[Said], list[Said]]:
        """Questions of every group alike often, whatever a group's size."""
        groups: dict[str, list[Said]] = {}
        for one in said:
            groups.setdefault(one.group if one.things else "absent:" + one.group, []).append(one)
        yes = [g for g in groups if not g.startswith("absent:")]
        no = [g for g in groups if g.startswith("absent:")]

        def pick(names: list[str], number: int) -> list[Said]:
            chosen = (groups[names[int(rng.integers(len(names)))]] for _ in range(number))
            return [group[int(rng.integers(len(group)))] for group in chosen]

        # Kinds that are not there are asked for twice as often as looks that none has: they are harder.
        no += [g for g in no if g == "absent:absent"]
        return pick(yes, PRESENT), pick(no, ABSENT) if no else []

    def _sequence(
        self, present: list[Said], absent: list[Said], seen: list[str], flip: bool, rng: np.random.Generator
    ) -> tuple[list[int], list[int], list[int], list[int]]:
        ids = list(self.prefix)
        labels = [-100] * len(ids)
        segment = [0] * len(ids)
        seg_at: list[int] = []
        asked = [(self._ask(s.text, flip, rng), YES) for s in present]
        asked += [(self._ask(s.text, flip, rng), NO) for s in absent]
        asked.append((INVENTORY, ", ".join(k for k in seen if k not in ("floor", "wall")) + "."))
        for number, (words, answer) in enumerate(asked, 1):
            more, head = self._question(words, answer)
            if answer == YES:
                seg_at.append(len(ids) + more.index(self.tokenizer.seg_id))
            ids += more
            labels += [-100] * head + more[head:]
            segment += [number] * len(more)
        return ids, labels, segment, seg_at

    def _ask(self, words: str, flip: bool, rng: np.random.Generator) -> str:
        if words in self.uses:
            # A record holds a few wordings only: any other is as true of the same things.
            free = rooms.free_uses()[self.uses[words]]
            return text.question(words if rng.random() < 0.4 else free[int(rng.integers(len(free)))])
        words = _mirror_words(words) if flip else words
        if rng.random() < 0.3:
            words = words.removeprefix("the ")
        elif not words.startswith(("the ", "all ", "what", "something", "where")) and rng.random() < 0.3:
            words = "the " + words
        return text.question(words)


def _jitter(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A slightly different exposure, so that no exact shade is learnt."""
    gain = rng.uniform(0.94, 1.06)
    changed = picture.astype(np.float32) * gain + rng.uniform(-4, 4)
    bounded: NDArray[np.uint8] = np.clip(changed, 0, 255).astype(np.uint8)
    return bounded


class Heads(nn.Module):
    """The auxiliary heads: kind, colour and material of each patch."""

    def __init__(self, sam_width: int, hidden: int) -> None:
        super().__init__()
        self.sizes = (len(rooms.KINDS), len(rooms.COLOURS), len(rooms.MATERIALS))
        self.sam = nn.Conv2d(sam_width, sum(self.sizes), 1)
        self.vision = nn.Linear(hidden, sum(self.sizes))

    def forward(self, embedding: torch.Tensor, tokens: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
        """The summed cross-entropy. ``embedding`` (b, c, 32, 32), ``tokens`` (b, 100, hidden),
        ``patches`` (b, 3, 24, 32).
        """
        target = patches.clone()
        grid = F.interpolate(target.float(), (10, 10), mode="nearest").long()
        total = embedding.new_zeros(())
        made = self.sam(embedding[:, :, :24]).float()
        seen = self.vision(tokens).float().transpose(1, 2).reshape(len(tokens), -1, 10, 10)
        start = 0
        for i, size in enumerate(self.sizes):
            part = slice(start, start + size)
            total = total + F.cross_entropy(made[:, part], target[:, i], ignore_index=-1)
            total = total + F.cross_entropy(seen[:, part], grid[:, i], ignore_index=-1)
            start += size
        return total


def pack_attention(segment: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """From ``segment`` (b, t): the additive float mask (b, 1, t, t) and the position ids (b, t).

    A token sees the shared prefix and the earlier tokens of its own question; every question's positions
    go on where the prefix ends.
    """
    length = segment.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=segment.device).tril()
    same = segment[:, :, None] == segment[:, None, :]
    allowed = causal & (same | (segment[:, None, :] == 0))
    mask = torch.zeros(allowed.shape, device=segment.device).masked_fill(~allowed, float("-inf"))
    return mask[:, None], allowed.sum(-1) - 1


def losses(model: Lisa, heads: Heads, batch: Batch) -> tuple[torch.Tensor, loop.Metrics]:
    """The training loss of a batch, and its parts; ``iou`` is the mean IoU of the masks at logit 0."""
    features = model.encode_picture(batch.vision, batch.sam)
    patches = features.tokens.shape[1]
    at = batch.image_at
    words = model.language_model.get_input_embeddings()(batch.ids.clamp(min=0))
    embedded = torch.cat([words[:, :at], features.tokens.to(words.dtype), words[:, at + 1 :]], dim=1)
    segment = torch.cat(
        [batch.segment[:, :at], batch.segment[:, :1].expand(-1, patches), batch.segment[:, at + 1 :]], dim=1
    )
    mask, positions = pack_attention(segment)
    hidden = model.language_model.model(
        inputs_embeds=embedded,
        attention_mask=mask.to(embedded.dtype),
        position_ids=positions,
        use_cache=False,
    ).last_hidden_state
    spoken = hidden[:, at + patches - 1 :]  # rows from the last picture token on: each predicts the next id
    labels = batch.labels[:, at + 1 :]
    learnt = labels != -100
    logits = model.language_model.lm_head(spoken[:, :-1][learnt]).float()
    words_loss = F.cross_entropy(logits, labels[learnt])

    rows = (batch.seg_at - 1 + patches - 1)[:, :, None].expand(-1, -1, hidden.shape[-1])
    seg = model.project_seg(hidden.gather(1, rows))
    low = model.decode_masks(seg, features.embedding)
    full = F.interpolate(low.float(), (256, 256), mode="bilinear", align_corners=False)[:, :, :192]
    bce = F.binary_cross_entropy_with_logits(full, batch.masks)
    chance = full.sigmoid().flatten(2)
    true = batch.masks.flatten(2)
    dice = (1 - (2 * (chance * true).sum(2) + 1e-3) / (chance.sum(2) + true.sum(2) + 1e-3)).mean()
    extra = heads(features.embedding, features.tokens, batch.patches)
    loss = words_loss + BCE_WEIGHT * bce + DICE_WEIGHT * dice + AUXILIARY_WEIGHT * extra
    with torch.no_grad():
        said = full > 0
        both, either = (said & (batch.masks > 0)).sum((2, 3)), (said | (batch.masks > 0)).sum((2, 3))
        iou = (both / either.clamp(min=1)).mean()
    parts = {"ce": words_loss, "bce": bce, "dice": dice, "extra": extra, "iou": iou}
    return loss, {name: float(value.detach()) for name, value in parts.items()}


def main(arguments: list[str] | None = None) -> None:
    """Train pocket LISA and save it with its tokenizer."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/records"))
    parser.add_argument("--out", type=Path, default=Path("runs/lisa"))
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--workers", type=int, default=0, help="processes that prepare batches")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--init", type=Path, help="begin with these weights, for example pocket/weights/lisa")
    args = parser.parse_args(arguments)
    device = loop.device()
    torch.manual_seed(0)
    records = Records.load(args.data, held_out=False)
    if args.init is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        shutil.copy(args.init / "tokenizer.model", args.out)
    tokenizer = train_tokenizer(records, args.out)
    batches = Batches(records, tokenizer)
    tests = Batches(Records.load(args.data, held_out=True), tokenizer)
    model = build(len(tokenizer))
    if args.init is not None:
        model.load_state_dict(Lisa.from_pretrained(str(args.init), dtype=torch.float32).state_dict())
    model.to(device)
    heads = Heads(128, 192).to(device)
    modules: dict[str, nn.Module] = {"lisa": model, "heads": heads}
    print(
        f"lisa: {len(records.pictures)} pictures, {len(tokenizer)} words, {_millions(model):.2f} M",
        flush=True,
    )
    ema = loop.Ema(modules, 0.998)
    coming = loop.Prefetch(
        lambda number: batches.draw(np.random.default_rng([number, 8]), args.batch), args.workers
    )

    def run(drawn: Batch) -> tuple[torch.Tensor, loop.Metrics]:
        batch = _to(drawn, device)
        with torch.autocast(device.type, torch.bfloat16):
            return losses(model, heads, batch)

    def save(number: int) -> None:
        model.eval()
        with torch.no_grad():
            few = min(16, len(tests.records.pictures))
            metrics = [run(tests.draw(np.random.default_rng([n, 9]), few))[1] for n in range(6)]
        model.train()
        mean = {name: round(float(np.mean([m[name] for m in metrics])), 4) for name in metrics[0]}
        model.save_pretrained(args.out / "model")
        print(f"lisa: step {number}, held out {mean}", flush=True)

    loop.run(
        name="lisa",
        folder=args.out,
        modules=modules,
        optimisers=loop.optimisers(modules, matrix_rate=args.rate, other_rate=args.rate),
        ema=ema,
        schedule=loop.Schedule(args.steps, args.minutes),
        step=lambda number: run(coming.get(number)),
        on_save=save,
    )


def _millions(model: Any) -> float:
    return float(sum(p.numel() for p in model.parameters()) / 1e6)


def _to(batch: Batch, device: torch.device) -> Batch:
    fields: dict[str, Any] = {
        k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in vars(batch).items()
    }
    return Batch(**fields)


if __name__ == "__main__":
    main()
