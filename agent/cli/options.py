"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import click

from tools.errors import WrongUsageError
from tools.kinds import KINDS, Kind

Body = Callable[..., Any]
Option = Callable[[Body], Body]

preset: Option = click.option("--preset", metavar="P", help="The set of engines (default: pocket).")
planner: Option = click.option(
    "--planner", metavar="NAME", help="builtin or ollama:MODEL (default: the preset's)."
)
segmenter: Option = click.option(
    "--segmenter",
    metavar="NAME",
    help="An engine, such as lisa-7b:4bit, or the folder of a LISA (default: the preset's).",
)
inpainters: Option = click.option(
    "--inpainter",
    "inpainters",
    metavar="KIND=NAME",
    multiple=True,
    help="An engine for one kind of edit, or NAME for all of them (default: the preset's).",
)
as_json: Option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
plain: Option = click.option(
    "--plain", is_flag=True, help="Save without recipe, masks, EXIF data (place, camera) and texts."
)
guesses: Option = click.option(
    "--yes",
    "guesses",
    is_flag=True,
    help="Never ask: take the best guess where a sentence is ambiguous.",
)


def output(metavar: str) -> Option:
    """Where the result is saved."""
    return click.option("-o", "--output", required=True, metavar=metavar, help="Where to save it.")


def by_kind(inpainters: Sequence[str], kinds: Sequence[Kind] = KINDS) -> dict[Kind, str]:
    """The inpainters by kind that ``--inpainter`` names: KIND=NAME for one kind, NAME for all of ``kinds``.

    Raises ``WrongUsageError`` for a kind that there is not.
    """
    chosen: dict[Kind, str] = {}
    for text in inpainters:
        kind, is_one, name = text.partition("=")
        if is_one and kind not in KINDS:
            raise WrongUsageError(f"There is no kind of edit {kind!r}: choose one of {', '.join(KINDS)}.")
        chosen |= {cast(Kind, kind): name} if is_one else dict.fromkeys(kinds, text)
    return chosen
