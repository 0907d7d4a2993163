"""Train the pocket models from nothing: ``python -m pocket.training``, or one stage by name.

Every stage resumes where it stopped: what is drawn is kept, and a training goes on from its last
checkpoint in ``runs/``. ``--minutes`` gives each training at most so long; the learning rate falls in
time for the end either way.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pocket.training import export, flux, lisa, lisa_data, samples, vae

STAGES: dict[str, Callable[[list[str]], None]] = {
    "samples": samples.main,
    "records": lisa_data.main,
    "vae": vae.main,
    "flux": flux.main,
    "lisa": lisa.main,
    "export": export.main,
}
_TIMED = ("vae", "flux", "lisa")


def main() -> None:
    """Run the stages that are asked for, in their order."""
    parser = argparse.ArgumentParser(prog="python -m pocket.training", description=__doc__)
    parser.add_argument(
        "stages", nargs="*", metavar="stage", help=f"one of {', '.join(STAGES)}; none: all of them"
    )
    parser.add_argument("--minutes", type=float, help="at most so many minutes for each training")
    parser.add_argument("--processes", type=int, default=2, help="processes that draw rooms")
    args = parser.parse_args()
    unknown = set(args.stages) - set(STAGES)
    if unknown:
        parser.error(f"there is no stage {', '.join(sorted(unknown))}")
    Path("runs").mkdir(exist_ok=True)
    for name, stage in STAGES.items():
        if args.stages and name not in args.stages:
            continue
        options: list[str] = []
        if name in _TIMED and args.minutes is not None:
            options = ["--minutes", str(args.minutes)]
        if name in ("samples", "records"):
            options = ["--processes", str(args.processes)]
        stage(options)


if __name__ == "__main__":
    main()
