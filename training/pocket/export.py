"""From ``runs/`` to ``pocket/weights/``: the trained models in half precision, as the program loads them."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch

import pocket
from pocket import rooms


def export_lisa(source: Path, records: Path, weights: Path) -> None:
    """Store a trained pocket LISA (its model folder and tokenizer lie in ``source``), with the rule by which
    it decides what is there, fitted on the held-out rooms among ``records``.
    """
    from tools.segmenting.lisa.model import Lisa
    from tools.segmenting.lisa.segmenter import MAP_FILE
    from tools.segmenting.lisa.text import LisaTokenizer
    from training.pocket import presence
    from training.pocket.lisa_data import Records

    model = Lisa.from_pretrained(source / "model", dtype=torch.float32).eval()
    tokenizer = LisaTokenizer(source / "tokenizer.model")
    model.config.presence = presence.fit(model, tokenizer, Records.load(records, held_out=True))
    model.config.follow_edges = True
    model.config.names, model.config.pairs = list(rooms.KINDS), sorted(rooms.PLURAL_KINDS)
    held = weights / "lisa" / MAP_FILE
    trained = source.parent / "panoptic-fine" / MAP_FILE
    maps = next((each.read_bytes() for each in (trained, held) if each.is_file()), None)
    target = _fresh(weights / "lisa")
    if maps is not None:
        (target / MAP_FILE).write_bytes(maps)
    model.half().save_pretrained(target)
    shutil.copy(source / "tokenizer.model", target)


def export_flux(source: Path, weights: Path) -> None:
    """Store the two painters; Kontext's folder holds only its transformer, the rest is Fill's."""
    from diffusers import FluxFillPipeline, FluxTransformer2DModel

    target = _fresh(weights / "flux-fill")
    FluxFillPipeline.from_pretrained(source / "fill", dtype=torch.float16).save_pretrained(target)
    kontext = _fresh(weights / "flux-kontext")
    model = FluxTransformer2DModel.from_pretrained(source / "kontext" / "transformer", dtype=torch.float16)
    model.save_pretrained(kontext / "transformer")
    shutil.copy(source / "kontext" / "model_index.json", kontext)


def _fresh(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def main(arguments: list[str] | None = None) -> None:
    """Export what ``runs`` holds and say how large it is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--weights", type=Path, default=pocket.weights(""))
    args = parser.parse_args(arguments)
    if (args.runs / "lisa" / "model").exists():
        export_lisa(args.runs / "lisa", args.runs / "records", args.weights)
    if (args.runs / "flux" / "fill").exists():
        export_flux(args.runs / "flux", args.weights)
    sizes = {
        folder.name: round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20, 2)
        for folder in sorted(args.weights.iterdir())
        if folder.is_dir()
    }
    print("export: MiB", json.dumps(sizes), "in all", round(sum(sizes.values()), 2))


if __name__ == "__main__":
    main()
