"""``inpalla inpaint``: paint into a mask."""

from __future__ import annotations

from typing import cast

import click

from agent.cli import options
from agent.cli.command import command
from agent.cli.progress import steps
from agent.safe_text import one_line
from agent.terminal.output import finishing, say, say_json
from tools.kinds import KINDS, Kind


def _grow(context: click.Context, parameter: click.Parameter, value: str) -> int | None:
    """What ``--grow`` says: a number of pixels, or None for auto."""
    del context, parameter
    if value == "auto":
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 5 and int(value) <= 30_000):
        raise click.BadParameter(f"{value!r} is neither a number of pixels (up to 30000) nor auto.")
    return int(value)


@command("inpaint")
@click.argument("image")
@click.argument("mask")
@click.argument("prompt", default="")
@options.output("OUT.png")
@click.option("--kind", type=click.Choice(KINDS), default="replace", show_default=True, help="What to do.")
@click.option("--target", metavar="T", default="", help='What is there now, such as "the sofa".')
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Seed of the noise (default: derived from the other inputs).",
)
@click.option(
    "--grow",
    metavar="N|auto",
    default="0",
    show_default=True,
    callback=_grow,
    help="How many pixels beyond the mask may change; auto suits masks of `segment`.",
)
@options.preset
@options.inpainters
@options.guesses
@options.plain
@options.as_json
@finishing()
def inpaint(
    image: str,
    mask: str,
    prompt: str,
    output: str,
    kind: str,
    target: str,
    seed: int | None,
    grow: int | None,
    preset: str | None,
    inpainters: tuple[str, ...],
    guesses: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Paint the PROMPT into the white part of the MASK; for --kind remove there is no prompt.

    Nothing outside the white part changes, unless --grow says so.
    """
    from agent.turn.editor import readable
    from agent.turn.user_paths import meant
    from tools.engines import registry
    from tools.langchain import inpaint_file

    prompt, target = (readable(text) if text.strip() else "" for text in (prompt, target))
    chosen = registry.find_preset(
        preset or registry.DEFAULT_PRESET, options.by_kind(inpainters, [cast(Kind, kind)])
    )
    with steps("painting") as progress:
        result = inpaint_file(
            str(meant(image)), str(meant(mask)), prompt, output, cast(Kind, kind), seed, chosen,
            target=target, grow=grow, plain=plain, progress=progress, guesses=guesses,
        )  # fmt: skip
    if as_json:
        say_json(result, f"Saved {one_line(result['output'])}.")
        return 0
    for note in result["notes"]:
        say(note)
    say(f"Saved {one_line(result['output'])}.")
    return 0
