"""Seconds and memory of SAM 3: a picture, the first noun on it, further nouns, several in one call.

    python -m benchmarks.sam3 [--size tiny|full] [--rounds N] [--json FILE]

The weights are random: seconds and memory are what real ones cost. Nothing is asserted. The published size
needs a graphics card; "tiny" shows on a processor that what is kept of a picture is not made again.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import string
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTokenizer, Sam3Config, Sam3Model

from benchmarks.lisa import Figure, seconds
from tools.segmenting.sam3.segmenter import Sam3Segmenter

NOUNS = ("all the sofas", "all the rugs", "all the lamps", "all the pictures")


def config_of(size: str) -> Sam3Config:
    """The published sizes, which are the library's defaults, or parts of the same kinds at a small size."""
    if size == "full":
        return Sam3Config()
    sizes = {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 128}
    grid = {"image_size": 224, "patch_size": 14, "pretrain_image_size": 112, "window_size": 4}
    return Sam3Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam3_vit_model",
                "num_hidden_layers": 4,
                "global_attn_indexes": [3],
                **sizes,
                **grid,
            },
            "fpn_hidden_size": 64,
            "backbone_feature_sizes": [[64, 64], [32, 32], [16, 16]],
        },
        text_config={
            "model_type": "clip_text_model",
            "num_hidden_layers": 2,
            "max_position_embeddings": 32,
            "projection_dim": 64,
            **sizes,
        },
        geometry_encoder_config={"num_layers": 1, "roi_size": 7, **sizes},
        detr_encoder_config={"num_layers": 2, **sizes},
        detr_decoder_config={"num_layers": 2, "num_queries": 50, **sizes},
        mask_decoder_config={"hidden_size": 64, "num_attention_heads": 2},
    )


def build(size: str) -> Sam3Segmenter:
    """A segmenter with random weights, on the device that there is."""
    letters = string.ascii_lowercase
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=[])
    card = torch.cuda.is_available()
    torch.manual_seed(0)
    with torch.device("cuda" if card else "cpu"):
        model = Sam3Model(config_of(size)).to(torch.bfloat16 if card else torch.float32)
    return Sam3Segmenter("sam3", model, tokenizer, "random")


def measure(size: str, rounds: int) -> list[Figure]:
    """All figures of one size."""
    engine = build(size)
    noise = iter(np.random.default_rng(0).integers(0, 256, (2 * rounds + 3, 768, 1024, 3), np.uint8))
    picture = next(noise)
    look = seconds(lambda: engine.look(next(noise)), rounds)
    first = seconds(lambda: engine.segment(next(noise), NOUNS[:1]), rounds)
    engine.look(picture)
    further = seconds(lambda: engine.segment(picture, NOUNS[1:2]), rounds)
    together = seconds(lambda: engine.segment(picture, NOUNS), rounds)
    apart = seconds(lambda: [engine.segment(picture, [each]) for each in NOUNS], rounds)
    weights = engine.weight_bytes / 2**30
    figures = [
        Figure("looking at a picture", look, "s"),
        Figure("first noun on a picture", first, "s"),
        Figure("· a further noun on it, of that time", further / first),
        Figure("four nouns in one call", together, "s"),
        Figure("· of the time of four calls", together / apart),
        Figure("weights in memory", weights, "GiB"),
    ]
    if torch.cuda.is_available():
        engine.segment(picture, NOUNS)
        torch.cuda.reset_peak_memory_stats()
        engine.segment(np.flip(picture, 0).copy(), NOUNS)
        peak = torch.cuda.max_memory_allocated() / 2**30
        figures.append(Figure("· peak of a turn with four nouns, of the weights", peak / weights))
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        figures.append(Figure("peak of the whole process", peak, "GiB"))
    return figures


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--size", choices=("tiny", "full"), default="tiny")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "CPU"
    figures = measure(args.size, args.rounds)
    print(f"SAM 3 {args.size}, {device}, torch {torch.__version__}")
    for figure in figures:
        print(f"{figure.name:58} {figure.value:9.3f} {figure.unit}")
    if args.json:
        record = {"size": args.size, "device": device, "torch": torch.__version__}
        args.json.write_text(json.dumps(record | {"figures": [asdict(each) for each in figures]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
