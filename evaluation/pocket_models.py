"""Measure the pocket models on rooms and sentences that they never saw, and print one table.

    python -m evaluation.pocket_models [lisa] [flux] [planner] [turns] [--scenes N] [--turns N] [--first N]

Without names all four parts are measured. With ``--json FILE`` the figures are kept: parts that are measured
later take the place of their own rows only, so the parts may be run one by one. The parts live in
``evaluation``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agent.errors import AgentError
from evaluation import table
from evaluation.painters.sheets import Sheets
from evaluation.table import PARTS, Part, Row
from tools.engines import registry
from tools.engines.threads import share_the_machine
from tools.errors import ToolError

_QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, keep; the exit code is 1 when an engine cannot be loaded."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    share_the_machine()
    options = _options(arguments)
    parts = [part for part in PARTS if part in options.parts or not options.parts]
    try:
        rows: list[Row] = []
        for part in parts if not options.show else ():
            rows += _timed(part, options)
            if options.json is not None:  # after each part, so that a fault in the next loses none
                table.write(options.json, rows)
        if options.json is not None:
            rows = table.read(options.json)
    except (ToolError, AgentError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.markdown:
        print(table.markdown(rows))
    else:
        table.show(rows)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.pocket_models", description=main.__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--scenes", type=int, default=500, help="rooms for lisa and edits for flux")
    parser.add_argument("--turns", type=int, default=80, help="sentences for the whole turns")
    parser.add_argument(
        "--first",
        type=int,
        default=0,
        metavar="N",
        help="flux and turns: begin at this case",
    )
    parser.add_argument("--preset", default=registry.DEFAULT_PRESET)
    parser.add_argument("--planner", help="for planner and turns (default: the preset's)")
    parser.add_argument("--masks", choices=("true", "lisa"), default="true", help="under which flux paints")
    parser.add_argument(
        "--truth", action="store_true", help="flux: judge the true pictures, to check the measures"
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="DIR", help="write contact sheets of the first 40 results"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures in a file")
    parser.add_argument("--show", action="store_true", help="measure nothing: show what --json FILE holds")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args(arguments)
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    if options.scenes < 1 or options.turns < 1:
        parser.error("--scenes and --turns must be at least 1")
    if options.show and options.json is None:
        parser.error("--show needs --json FILE")
    return options


def _timed(part: Part, options: argparse.Namespace) -> list[Row]:
    began = time.perf_counter()
    sheets = Sheets(options.sheet, part) if options.sheet is not None else None
    rows = _measure(part, options, sheets)
    for file in sheets.write() if sheets is not None else ():
        print(f"{part}: wrote {file}", flush=True)
    print(f"{part}: {(time.perf_counter() - began) / 60:.1f} minutes", flush=True)
    return rows


def _measure(part: Part, options: argparse.Namespace, sheets: Sheets | None) -> list[Row]:
    """The rows of one part; what it needs is loaded when its turn comes."""
    preset = registry.find_preset(options.preset)
    if part == "planner":
        from evaluation.planner import measure

        return measure.measure(options.planner or preset.planner)
    if part == "lisa":
        from evaluation import segmenting

        return segmenting.measure(registry.load_segmenter(preset.segmenter), options.scenes)
    from evaluation import turns
    from evaluation.painters import materials, painting

    if part == "flux":
        segmenter = None
        if not options.truth:
            segmenter = registry.load_segmenter(preset.segmenter)
        judge = materials.load()
        return painting.measure(
            None if options.truth else preset,
            segmenter,
            judge,
            options.scenes,
            masks=options.masks,
            sheets=sheets,
            first=options.first,
        )
    segmenter = registry.load_segmenter(preset.segmenter)
    registry.load_inpainters(preset)  # so that a missing engine is told before a sentence is said
    return turns.measure(
        segmenter,
        materials.load(),
        options.turns,
        preset=options.preset,
        planner=options.planner,
        sheets=sheets,
        first=options.first,
    )


if __name__ == "__main__":
    sys.exit(main())
