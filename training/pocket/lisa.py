"""Training pocket LISA from nothing: text cross-entropy + 2·BCE + Dice, as published, on drawn rooms.

All questions about one picture share its prefix: the picture and the system prompt are read once, and each
question goes on from their keys and values, which is exactly equal to separate sequences and several times
cheaper.

Heads that help to learn and are thrown away: two predict each patch's kind, colour and material from SAM's
and CLIP's features; one reads from the embedding of [SEG] what was asked for: its kind, its looks and its
box. What things are for is learnt from a bag of words, too, on words that nobody wrote
(``training.pocket.uses``). Where the thing asked for is not there, the mask of a forced "It is [SEG]." is to
be empty, so that a faint mask tells of absence (``tools.segmenting.lisa.presence``).
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
from transformers import DynamicCache

from pocket import rooms
from tools.segmenting.lisa import processing, text
from tools.segmenting.lisa.config import LisaConfig
from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER, Lisa
from training import loop
from training.lisa.losses import bce_loss, dice_loss
from training.pocket.lisa_data import Records, Said
from training.pocket.uses import BAG_STEPS, Bag, Uses, train_bag

PRESENT, ABSENT = 6, 4
"""Questions a picture: about things that are there, and about things that are not."""

FORCED, USES = 2, 14
"""More questions a picture whose answers are not learnt: about things that are not there, with an empty mask;
and what things are for, from which only the kind is to be read.
"""

YES: Final = "It is [SEG]."
NO: Final = "I do not see it."
INVENTORY: Final = "What is in this image?"
VOCABULARY: Final = 1200
BCE_WEIGHT, DICE_WEIGHT, AUXILIARY_WEIGHT, ASKED_WEIGHT = 2.0, 1.0, 0.3, 0.3
USE_WEIGHT = 0.5


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
    model.sam.mask_decoder.config._attn_implementation = "eager"  # a handful of words against a picture
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
    """One training batch in tensors: b pictures, q questions about each.

    ``prefix`` (p,): the ids before every question, with the picture's placeholder. ``ids`` (b, q, t): each
    question and its answer, padded; ``labels`` (b, q, t), -100 where nothing is learnt; ``inventory`` and
    ``listed`` (b, u): the same for the one about what there is, which is longer. The first n = PRESENT +
    FORCED + USES questions have a [SEG], the k-th at ``seg_at`` (b, n). ``masks`` (b, PRESENT, 192, 256)
    float; ``patches`` (b, 3, 24, 32): kind, colour, material of each 8×8 patch; ``asked`` (b, PRESENT +
    FORCED, 3): kind, colour and material of what is asked for, -1 where unknown; ``uses`` (b, USES, kinds):
    what the uses mean, as probabilities; ``boxes`` (b, PRESENT, 4): the box of what is asked for as shares of
    the picture (x0, y0, x1, y1).
    """

    vision: torch.Tensor
    sam: torch.Tensor
    prefix: torch.Tensor
    ids: torch.Tensor
    labels: torch.Tensor
    inventory: torch.Tensor
    listed: torch.Tensor
    seg_at: torch.Tensor
    masks: torch.Tensor
    patches: torch.Tensor
    asked: torch.Tensor
    uses: torch.Tensor
    boxes: torch.Tensor


_SIDES: Final = {"left": "right", "right": "left"}


def _mirror_words(words: str) -> str:
    return " ".join(_SIDES.get(word, word) for word in words.split(" "))


class Batches:
    """Draws batches from records."""

    def __init__(self, records: Records, tokenizer: text.LisaTokenizer, uses: Uses, bag: Bag) -> None:
        self.records = records
        self.tokenizer = tokenizer
        start = text.prompt("@").split("@")[0]
        self.prefix = tokenizer.encode_prompt(start)
        self.uses, self.bag = uses, bag

    def _question(self, asked: str, answer: str) -> tuple[list[int], int]:
        """Ids of a question and its answer, and how many of them are the question's."""
        head = self.tokenizer.encode(asked + " ASSISTANT:")
        return head + self.tokenizer.encode(f" {answer}</s>"), len(head)

    def draw(self, rng: np.random.Generator, count: int) -> Batch:
        """A random batch: per picture PRESENT questions with masks, ABSENT ones without, and one
        inventory.
        """
        rows = rng.choice(len(self.records.pictures), count, replace=False)
        vision, sam, masks, patches, sequences, asked, boxes, meant = [], [], [], [], [], [], [], []
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
            boxes.append(np.stack([_box(mask) for mask in masks[-1]]))
            asked.append([_common(looks, s.things) for s in present] + [(-1, -1, -1)] * FORCED)
            words = [self.uses.soup(rng) for _ in range(USES)]
            meant.append(self.bag(words).softmax(-1))
            sequences.append(self._questions(present, absent, words, self.records.seen[row], flip, rng))
        ids_, labels = _padded([question for said in sequences for question in said[:-1]])
        inventory, listed = _padded([said[-1] for said in sequences])
        ids_, labels = (part.view(count, -1, part.shape[1]) for part in (ids_, labels))
        ends = (ids_ == self.tokenizer.seg_id).int().argmax(2)
        return Batch(
            torch.cat(vision),
            torch.cat(sam),
            torch.tensor(self.prefix),
            ids_,
            labels,
            inventory,
            listed,
            ends[:, : PRESENT + FORCED + USES],
            torch.from_numpy(np.stack(masks)).float(),
            torch.from_numpy(np.stack(patches)),
            torch.tensor(asked),
            torch.stack(meant),
            torch.from_numpy(np.stack(boxes)),
        )

    @staticmethod
    def _choose(said: list[Said], rng: np.random.Generator) -> tuple[list[Said], list[Said]]:
        """Questions of every group alike often, whatever a group's size."""
        groups: dict[str, list[Said]] = {}
        for one in said:
            groups.setdefault(one.group if one.things else "absent:" + one.group, []).append(one)
        yes = [g for g in groups if not g.startswith("absent:")]
        yes += [g for g in yes if g == "place"]  # the hardest are asked twice as often
        no = [g for g in groups if g.startswith("absent:")]

        def pick(names: list[str], number: int) -> list[Said]:
            chosen = (groups[names[int(rng.integers(len(names)))]] for _ in range(number))
            return [group[int(rng.integers(len(group)))] for group in chosen]

        # Kinds that are not there are asked for twice as often as looks that none has: they are harder.
        no += [g for g in no if g == "absent:absent"]
        return pick(yes, PRESENT), pick(no, ABSENT) if no else []

    def _questions(
        self,
        present: list[Said],
        absent: list[Said],
        uses: list[str],
        seen: list[str],
        flip: bool,
        rng: np.random.Generator,
    ) -> list[tuple[list[int], int]]:
        """All questions about a picture: their ids, and how many of the first of them are not learnt."""
        asked = [(self._ask(s.text, flip, rng), YES, True) for s in present]
        asked += [(self._ask(absent[i % len(absent)].text, flip, rng), YES, False) for i in range(FORCED)]
        asked += [(text.question(words), YES, False) for words in uses]
        asked += [(self._ask(s.text, flip, rng), NO, True) for s in absent]
        asked.append((INVENTORY, ", ".join(k for k in seen if k not in ("floor", "wall")) + ".", True))
        questions = []
        for words, answer, learnt in asked:
            ids, head = self._question(words, answer)
            questions.append((ids, head if learnt else len(ids)))
        return questions

    def _ask(self, words: str, flip: bool, rng: np.random.Generator) -> str:
        if words in self.uses.kinds:
            # A record holds a few wordings only: any other is as true of the same things.
            free = self.uses.free[self.uses.kinds[words]]
            return text.question(words if rng.random() < 0.4 else free[int(rng.integers(len(free)))])
        words = _mirror_words(words) if flip else words
        if rng.random() < 0.3:
            words = words.removeprefix("the ")
        elif not words.startswith(("the ", "all ", "what", "something", "where")) and rng.random() < 0.3:
            words = "the " + words
        return text.question(words)


def _padded(questions: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels (n, t), padded behind: what comes later changes nothing before it."""
    longest = max(len(ids) for ids, _ in questions)
    tokens = torch.zeros(len(questions), longest, dtype=torch.long)
    labels = torch.full_like(tokens, -100)
    for row, (ids, head) in enumerate(questions):
        tokens[row, : len(ids)] = torch.tensor(ids)
        labels[row, head : len(ids)] = tokens[row, head : len(ids)]
    return tokens, labels


def _common(looks: NDArray[Any], things: tuple[int, ...]) -> tuple[int, int, int]:
    """Kind, colour and material where all these things have them in common, -1 elsewhere."""
    rows = looks[list(things)]
    kind, colour, material = (int(c[0]) if (c == c[0]).all() else -1 for c in rows.T)
    return kind, colour, material


def _box(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The box around a mask (h, w) as shares of the picture; zeros for an empty one."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return np.zeros(4, np.float32)
    high, wide = mask.shape
    edges = (columns[0] / wide, rows[0] / high, (columns[-1] + 1) / wide, (rows[-1] + 1) / high)
    return np.array(edges, np.float32)


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


class Asked(nn.Module):
    """The auxiliary heads on the embedding of [SEG]: what was asked for."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = (len(rooms.KINDS), len(rooms.COLOURS), len(rooms.MATERIALS))
        self.looks = nn.Linear(width, sum(self.sizes))
        self.box = nn.Linear(width, 4)

    def kinds(self, seg: torch.Tensor) -> torch.Tensor:
        """The logits of the kinds (b, n, kinds)."""
        made: torch.Tensor = self.looks(seg)[..., : self.sizes[0]].float()
        return made

    def forward(self, seg: torch.Tensor, asked: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """The cross-entropy of kind, colour (half) and material (half), and the boxes' L1 distance times 2.

        ``seg`` (b, n, width), ``asked`` (b, n, 3), ``boxes`` (b, m, 4), m ≤ n.
        """
        total = seg.new_zeros((), dtype=torch.float32)
        looks = torch.split(self.looks(seg).float(), list(self.sizes), -1)
        for share, made, true in zip((1.0, 0.5, 0.5), looks, asked.unbind(-1), strict=True):
            # Without a single known one the mean would not be a number.
            lost = F.cross_entropy(made.flatten(0, 1), true.flatten(), ignore_index=-1, reduction="sum")
            total = total + share * lost / (true >= 0).sum().clamp(min=1)
        where = self.box(seg[:, : boxes.shape[1]]).float().sigmoid()
        loss: torch.Tensor = total + 2 * (where - boxes).abs().mean()
        return loss


def read(
    model: Lisa, prefix: torch.Tensor, pictures: torch.Tensor, ids: list[torch.Tensor]
) -> list[torch.Tensor]:
    """The last hidden states of questions about pictures, each read after the prefix alone.

    ``prefix`` (p,) with one placeholder, ``pictures`` (b, patches, hidden); of each of ``ids`` (b, q, t) the
    states (b, q, t, hidden) come back.
    """
    at = int((prefix == IMAGE_PLACEHOLDER).nonzero()[0, 0])
    words = model.language_model.get_input_embeddings()
    head, tail = (words(part).expand(len(pictures), -1, -1) for part in (prefix[:at], prefix[at + 1 :]))
    before = torch.cat([head, pictures.to(head.dtype), tail], dim=1)
    shared = DynamicCache()
    model.language_model.model(inputs_embeds=before, past_key_values=shared, use_cache=True)
    states = []
    for some in ids:
        cache = DynamicCache()
        for number, layer in enumerate(shared.layers):
            keys, values = (kept.repeat_interleave(some.shape[1], 0) for kept in (layer.keys, layer.values))
            cache.update(keys, values, number)
        made = model.language_model.model(
            inputs_embeds=words(some.flatten(0, 1)), past_key_values=cache, use_cache=True
        ).last_hidden_state
        states.append(made.view(*some.shape, -1))
    return states


def losses(model: Lisa, heads: Heads, asked: Asked, batch: Batch) -> tuple[torch.Tensor, loop.Metrics]:
    """The training loss of a batch, and its parts; ``iou`` is the mean IoU of the masks at logit 0."""
    features = model.encode_picture(batch.vision, batch.sam)
    asking, listing = read(model, batch.prefix, features.tokens, [batch.ids, batch.inventory[:, None]])
    spoken, labels = [], []
    for states, wanted in ((asking, batch.labels), (listing, batch.listed[:, None])):
        learnt = wanted[..., 1:] != -100
        spoken.append(states[..., :-1, :][learnt])
        labels.append(wanted[..., 1:][learnt])
    logits = model.language_model.lm_head(torch.cat(spoken)).float()
    words_loss = F.cross_entropy(logits, torch.cat(labels))

    rows = (batch.seg_at - 1)[..., None, None].expand(-1, -1, 1, asking.shape[-1])
    seg = model.project_seg(asking[:, : rows.shape[1]].gather(2, rows)[:, :, 0])
    low = model.decode_masks(seg[:, : PRESENT + FORCED], features.embedding)
    full = F.interpolate(low.float(), (256, 256), mode="bilinear", align_corners=False)[:, :, :192]
    full, forced = full[:, :PRESENT], full[:, PRESENT:]
    bce = bce_loss(full.flatten(0, 1), batch.masks.flatten(0, 1))
    dice = dice_loss(full.flatten(0, 1), batch.masks.flatten(0, 1))
    empty = bce_loss(forced.flatten(0, 1), torch.zeros_like(forced).flatten(0, 1))
    extra = heads(features.embedding, features.tokens, batch.patches)
    meant = asked(seg[:, :-USES], batch.asked, batch.boxes)
    used = asked.kinds(seg[:, -USES:])
    named = F.cross_entropy(used.flatten(0, 1), batch.uses.flatten(0, 1))
    loss = words_loss + BCE_WEIGHT * (bce + 0.5 * empty) + DICE_WEIGHT * dice
    loss = loss + AUXILIARY_WEIGHT * extra + ASKED_WEIGHT * meant + USE_WEIGHT * named
    with torch.no_grad():
        said = full > 0
        both, either = (said & (batch.masks > 0)).sum((2, 3)), (said | (batch.masks > 0)).sum((2, 3))
        iou = (both / either.clamp(min=1)).mean()
        faint = (forced > 0).flatten(2).any(2).float().mean()  # the share of absent things that get a mask
        agreed = (used.argmax(-1) == batch.uses.argmax(-1)).float().mean()
    parts = {"ce": words_loss, "bce": bce, "dice": dice, "extra": extra, "iou": iou}
    parts |= {"empty": empty, "faint": faint, "meant": meant, "named": named, "use": agreed}
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
    parser.add_argument(
        "--decay", type=float, default=0.5, help="the share of the training in which the learning rate falls"
    )
    parser.add_argument("--init", type=Path, help="start from these weights, for example pocket/weights/lisa")
    args = parser.parse_args(arguments)
    device = loop.device()
    torch.manual_seed(0)
    records = Records.load(args.data, held_out=False)
    if args.init is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        shutil.copy(args.init / "tokenizer.model", args.out)
    tokenizer = train_tokenizer(records, args.out)
    uses = Uses()
    bag = train_bag(uses, tokenizer, min(BAG_STEPS, 50 * args.steps))
    batches = Batches(records, tokenizer, uses, bag)
    tests = Batches(Records.load(args.data, held_out=True), tokenizer, uses, bag)
    model = build(len(tokenizer))
    if args.init is not None:
        model.load_state_dict(Lisa.from_pretrained(str(args.init), dtype=torch.float32).state_dict())
    model.to(device)
    heads = Heads(128, 192).to(device)
    asked = Asked(128).to(device)
    modules: dict[str, nn.Module] = {"lisa": model, "heads": heads, "asked": asked}
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
        with loop.mixed_precision(device.type):
            return losses(model, heads, asked, batch)

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
        schedule=loop.Schedule(args.steps, args.minutes, decay=args.decay),
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
