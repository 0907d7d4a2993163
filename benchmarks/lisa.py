"""Ratios of LISA's costs within one run: decoding with a cache and without, further objects, batches, memory.

    python -m benchmarks.lisa [--size tiny|pocket|7b|13b] [--bits 4|8|16] [--compile]
        [--rounds N] [--json FILE]

The weights are random (but for the pocket size): seconds and memory are what real ones cost. Nothing is
asserted; the limit that a ratio should keep is printed beside it. The published sizes need a graphics card.

"Four objects in one call against four calls" can be read in two ways, and both are printed: with the picture
looked at before, as in a chat (all that is kept of it is kept for the four calls, too), and with the look.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image

import pocket
from benchmarks.speedups import compile_encoder
from tools.engines import quantization
from tools.engines.model_name import Bits
from tools.segmenting.lisa import processing, published, text
from tools.segmenting.lisa.config import LisaConfig
from tools.segmenting.lisa.model import Lisa, PictureFeatures, Prefix
from tools.segmenting.lisa.segmenter import LisaSegmenter

NEW_TOKENS = 64
PHRASES = ("the sofa", "the rug", "the lamp", "the picture")
PLACED = ("the sofa on the left", "the rug", "the lamp behind the table", "the picture")
"""The pocket model is asked for all sofas, all lamps and the table as well: each call is a batch itself."""


@dataclass(frozen=True)
class Figure:
    """One figure: ``value`` in ``unit`` ("" for a ratio), and what it should reach, if anything."""

    name: str
    value: float
    unit: str = ""
    limit: str = ""


def config_of(size: str) -> LisaConfig:
    """The config of a size: with SAM ViT-H and CLIP ViT-L for the published ones; "tiny" has small parts, and
    tokens of a picture as many for the language model, half as many a side for SAM.
    """
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        SamConfig,
        SamMaskDecoderConfig,
        SamPromptEncoderConfig,
        SamVisionConfig,
    )

    if size == "tiny":
        return LisaConfig(
            CLIPVisionConfig(
                hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=2,
                image_size=224, patch_size=14,
            ),
            LlamaConfig(
                vocab_size=1203, hidden_size=256, intermediate_size=512, num_hidden_layers=4,
                num_attention_heads=4, bos_token_id=1, eos_token_id=2, pad_token_id=0,
            ),
            SamConfig(
                vision_config=SamVisionConfig(
                    hidden_size=128, output_channels=64, num_hidden_layers=8, num_attention_heads=4,
                    image_size=512, patch_size=16, mlp_dim=512, window_size=14,
                    global_attn_indexes=[1, 3, 5, 7], num_pos_feats=32,
                ),
                prompt_encoder_config=SamPromptEncoderConfig(
                    hidden_size=64, image_size=512, patch_size=16, image_embedding_size=32
                ),
                mask_decoder_config=SamMaskDecoderConfig(hidden_size=64, mlp_dim=128, iou_head_hidden_dim=64),
            ),
        )  # fmt: skip
    hidden, wide, layers = {"7b": (4096, 11008, 32), "13b": (5120, 13824, 40)}[size]
    return LisaConfig(
        CLIPVisionConfig(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
            image_size=224, patch_size=14,
        ),
        LlamaConfig(
            vocab_size=32003, hidden_size=hidden, intermediate_size=wide, num_hidden_layers=layers,
            num_attention_heads=hidden // 128, bos_token_id=1, eos_token_id=2, pad_token_id=0,
        ),
        SamConfig(
            vision_config=SamVisionConfig(
                hidden_size=1280, num_hidden_layers=32, num_attention_heads=16, mlp_dim=5120,
                global_attn_indexes=[7, 15, 23, 31],
            ),
        ),
    )  # fmt: skip


def build(size: str, bits: Bits) -> Lisa:
    """A model of a size: the pocket model's own weights, else random ones, on the device that there is."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    quantization.check_package(bits)
    quantised = quantization.config(transformers, bits, dtype, published.EXACT)
    settings = {"dtype": dtype, "device_map": {"": device}, "quantization_config": quantised}
    if size == "pocket":
        model = Lisa.from_pretrained(str(pocket.weights("lisa")), **settings)
    else:
        config = config_of(size)
        with torch.device("meta"):
            shapes = {name: value.shape for name, value in Lisa(config).state_dict().items()}
        # One tensor after the other would do; all at once is what a checkpoint in memory costs.
        shapes.pop("sam.prompt_encoder.shared_embedding.positional_embedding")  # tied
        tensors = {name: torch.empty(shape, dtype=dtype).normal_(0, 0.02) for name, shape in shapes.items()}
        model = Lisa.from_pretrained(None, config=config, state_dict=tensors, **settings)
        del tensors
    gc.collect()
    loaded: Lisa = model.eval()
    return loaded


def seconds(task: Callable[[], object], rounds: int) -> float:
    """The shortest time of a task after one call that does not count."""
    return in_turn(rounds, task)[0]


def in_turn(rounds: int, *tasks: Callable[[], object]) -> list[float]:
    """The shortest time of each task after one call that does not count.

    What else the machine does only ever adds to a time. They take turns, so that it is borne by all alike.
    """
    taken: list[list[float]] = [[] for _ in tasks]
    for number in range(rounds + 1):
        for task, times in zip(tasks, taken, strict=True):
            _wait()
            began = time.perf_counter()
            task()
            _wait()
            if number:
                times.append(time.perf_counter() - began)
    return [min(times) for times in taken]


def _versions(picture: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Pictures that differ in one pixel: no two are the same to an engine."""
    for number in itertools.count(1):
        version = picture.copy()
        version[0, 0] = number % 256, number // 256, 0
        yield version


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


@torch.inference_mode()
def without_cache(
    model: Lisa, ids: torch.Tensor, tokens: torch.Tensor, count: int, pixels: torch.Tensor | None = None
) -> list[int]:
    """Greedy decoding that reads everything again for every token; with ``pixels`` CLIP looks again at every
    token, too, as in the original.
    """
    said: list[int] = []
    for _ in range(count):
        if pixels is not None:
            tokens = model.encode_vision(pixels)[0]
        whole = torch.cat([ids, torch.tensor(said, dtype=torch.long)]).to(tokens.device)
        hidden = model.language_model.model(
            inputs_embeds=model.embed(whole, tokens)[None], use_cache=False
        ).last_hidden_state[:, -1]
        said.append(int(model.language_model.lm_head(hidden).argmax()))
    return said


def measure(size: str, bits: Bits, rounds: int, *, compiled: bool = False) -> list[Figure]:
    """All figures of one size; ``compiled``: also what compiling SAM's encoder saves."""
    model = build(size, bits)
    tokenizer = text.LisaTokenizer(pocket.weights("lisa") / "tokenizer.model")
    picture = np.random.default_rng(0).integers(0, 256, (768, 1024, 3), np.uint8)
    *prompts, beginning = (
        torch.tensor(tokenizer.encode_prompt(text.prompt(text.question(each)))) for each in (*PHRASES, "the")
    )
    config, device = model.config, model.device
    side = config.sam_config.vision_config.image_size

    @torch.inference_mode()
    def look() -> tuple[PictureFeatures, Prefix]:
        vision, sam = processing.pixels(picture, config)
        made = model.encode_picture(vision.to(device), sam.to(device))
        return made, model.prefix(beginning, made.tokens[0])

    features = look()

    @torch.inference_mode()
    def ask(which: list[torch.Tensor], kept: tuple[PictureFeatures, Prefix], count: int) -> None:
        seen, prefix = kept
        # No id is the end token: random weights would stop, or not, by chance.
        answers = model.answer(
            which, seen.tokens[0], seg_id=tokenizer.seg_id, end_id=-1, max_new_tokens=count, prefix=prefix
        )
        seg = torch.stack([answer.seg_embeddings.sum(0) for answer in answers])
        low = model.decode_masks(seg[None], seen.embedding)[0]
        processing.restore_masks(low, 768, 1024, side)

    pixels = processing.pixels(picture, config)[0].to(device)
    cached, plain, original = in_turn(
        rounds,
        lambda: ask(prompts[:1], features, NEW_TOKENS),
        lambda: without_cache(model, prompts[0], features[0].tokens[0], NEW_TOKENS),
        lambda: without_cache(model, prompts[0], features[0].tokens[0], NEW_TOKENS, pixels),
    )
    if size == "pocket":  # It answers in one pass: what counts is what the program does with it.
        engine = LisaSegmenter("pocket", model, tokenizer, "")
        room = Image.open(pocket.sample_room()).convert("RGB")  # has all four: what is not there costs less
        pictures = _versions(np.asarray(room.resize((1024, 768))))
        first, whole, anew = in_turn(
            rounds,
            lambda: engine.segment(next(pictures), PHRASES[:1]),
            lambda: engine.segment(next(pictures), PHRASES),
            lambda: [engine.segment(next(pictures), [each]) for each in PHRASES],
        )
        picture = next(pictures)
        engine.look(picture)
        further, together, apart, placed, placed_apart = in_turn(
            rounds,
            lambda: engine.segment(picture, PHRASES[1:2]),
            lambda: engine.segment(picture, PHRASES),
            lambda: [engine.segment(picture, [each]) for each in PHRASES],
            lambda: engine.segment(picture, PLACED),
            lambda: [engine.segment(picture, [each]) for each in PLACED],
        )
        where = [Figure("· where two of the four say which one, of four calls", placed / placed_apart)]
    else:
        first, whole, anew, further, together, apart = in_turn(
            rounds,
            lambda: ask(prompts[:1], look(), 8),
            lambda: ask(prompts, look(), 8),
            lambda: [ask([each], look(), 8) for each in prompts],
            lambda: ask(prompts[1:2], features, 8),
            lambda: ask(prompts, features, 8),
            lambda: [ask([each], features, 8) for each in prompts],
        )
        where = []
    figures = [
        Figure(f"{NEW_TOKENS} tokens with a cache", cached, "s"),
        Figure("· decoding without a cache takes … times as long", plain / cached, "", "≥ 5"),
        Figure("· the original, whose CLIP looks again too, … times as long", original / cached, "", "≥ 5"),
        Figure("first object on a picture", first, "s"),
        Figure("· a further object on it, of that time", further / first, "", "≤ 0.35"),
        Figure("four objects in one call", together, "s"),
        Figure("· of the time of four calls", together / apart, "", "≤ 0.6"),
        *where,
        Figure("· with the look, of four calls that each look anew", whole / anew, "", "≤ 0.6"),
    ]
    weights = model.get_memory_footprint() / 2**30
    figures.append(Figure(f"weights in memory, {bits} bit", weights, "GiB"))
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        ask(prompts, look(), 8)
        peak = torch.cuda.max_memory_allocated() / 2**30
        figures.append(
            Figure("· peak of a turn with four objects, of the weights", peak / weights, "", "≤ 1.25")
        )
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        figures.append(Figure("peak of the whole process", peak, "GiB"))
    if compiled:
        eager = seconds(look, rounds)
        compile_encoder(model)
        began = time.perf_counter()
        look()
        figures.append(Figure("compiling SAM's encoder", time.perf_counter() - began, "s"))
        figures.append(Figure("· a look compiled, of an eager one", seconds(look, rounds) / eager))
    return figures


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--size", choices=("tiny", "pocket", "7b", "13b"), default="pocket")
    parser.add_argument("--bits", type=int, choices=(4, 8, 16), default=16)
    parser.add_argument("--compile", action="store_true", help="measure SAM's encoder compiled, too")
    parser.add_argument("--rounds", type=int, help="3 for the published sizes, 15 for the others")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "CPU"
    rounds = args.rounds or (15 if args.size in ("tiny", "pocket") else 3)
    figures = measure(args.size, args.bits, rounds, compiled=args.compile)
    print(f"LISA {args.size}, {args.bits} bit, {device}, torch {torch.__version__}")
    for figure in figures:
        print(f"{figure.name:58} {figure.value:9.3f} {figure.unit:4} {figure.limit}")
    if args.json:
        record = {"size": args.size, "bits": args.bits, "device": device, "torch": torch.__version__}
        args.json.write_text(json.dumps(record | {"figures": [asdict(each) for each in figures]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
