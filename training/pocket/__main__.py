"""Train the pocket models from nothing: ``python -m training.pocket``, or one stage by name.

Every stage resumes where it stopped: what is drawn is kept, and a training goes on from its last
checkpoint in ``runs/``. ``--minutes`` gives each training at most so long; the learning rate falls in
time for the end either way. ``--trial`` carries the whole recipe out with a handful of rooms and steps, to
see that it works.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pocket
from training.pocket import export, flux, lisa, lisa_data, panoptic, panoptic_data, samples, vae

STAGES: dict[str, Callable[[list[str]], None]] = {
    "samples": samples.main,
    "contrasts": lambda options: samples.main(["--contrasts", *options]),
    "records": lisa_data.main,
    "vae": vae.main,
    "flux": flux.main,
    "lisa": lisa.main,
    "panoptic-rooms": panoptic_data.main,
    "panoptic": panoptic.main,
    "panoptic-fine": panoptic.fine,
    "export": export.main,
}
_DRAWN = ("samples", "contrasts", "records")
_PANOPTIC = ("panoptic", "panoptic-fine")
_TRAINED = ("vae", "flux", "lisa", *_PANOPTIC)


def main(arguments: list[str] | None = None) -> None:
    """Run the stages that are asked for, in their order."""
    parser = argparse.ArgumentParser(prog="python -m training.pocket", description=__doc__)
    parser.add_argument(
        "stages", nargs="*", metavar="stage", help=f"one of {', '.join(STAGES)}; none: all of them"
    )
    parser.add_argument("--minutes", type=float, help="stop each training after so many minutes")
    parser.add_argument("--processes", type=int, default=2, help="processes that draw rooms")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for samples and checkpoints")
    parser.add_argument(
        "--weights", type=Path, default=pocket.weights(""), help="folder for the trained models"
    )
    parser.add_argument("--trial", action="store_true", help="a few rooms, small, and two steps")
    args = parser.parse_args(arguments)
    unknown = set(args.stages) - set(STAGES)
    if unknown:
        parser.error(f"there is no stage {', '.join(sorted(unknown))}")
    args.runs.mkdir(parents=True, exist_ok=True)
    for name, stage in STAGES.items():
        if name in args.stages or not args.stages:
            stage(_options(name, args))


def _options(stage: str, args: argparse.Namespace) -> list[str]:
    """What a stage's own command line gets."""
    if stage == "export":
        return ["--runs", str(args.runs), "--weights", str(args.weights)]
    options = ["--out", str(args.runs / stage)]
    if stage in _DRAWN:
        options += ["--processes", str(args.processes)]
        options += ["--shards", "2", "--each", "3"] if args.trial else []
    if stage == "panoptic-rooms":
        options += ["--shards", "2", "--each", "3"] if args.trial else []
    if stage in _PANOPTIC:
        options += ["--rooms", str(args.runs / "panoptic-rooms")]
        options += ["--size", "96", "128"] if args.trial else []
    if stage in ("vae", "flux", "lisa"):
        options += ["--data", str(args.runs / ("records" if stage == "lisa" else "samples"))]
    if stage in _TRAINED:
        options += ["--minutes", str(args.minutes)] if args.minutes is not None else []
        options += ["--steps", "2", "--batch", "2"] if args.trial else []
    if stage == "flux":
        options += ["--vae", str(args.runs / "vae" / "vae"), "--contrasts", str(args.runs / "contrasts")]
    return options


if __name__ == "__main__":
    main()
