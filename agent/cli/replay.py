"""``inpalla replay``: paint a layer or a picture again, as its request says."""

from __future__ import annotations

import click

from agent.cli import options
from agent.cli.command import command
from agent.cli.progress import steps
from agent.safe_text import one_line
from agent.terminal.output import finishing, say, say_json


@command("replay")
@click.argument("request")
@options.output("OUT.png")
@click.option(
    "--picture", "pictures", metavar="FILE", multiple=True, help="A picture that the request needs."
)
@click.option("--mask", "masks", metavar="FILE", multiple=True, help="A mask that the request needs.")
@click.option(
    "--inpainter",
    "folders",
    metavar="FOLDER",
    multiple=True,
    help="An engine that the request names by its folder.",
)
@click.option("--preset", metavar="P", help="The preset that the engines must fit (default: the session's).")
@options.plain
@options.as_json
@finishing()
def replay(
    request: str,
    output: str,
    pictures: tuple[str, ...],
    masks: tuple[str, ...],
    folders: tuple[str, ...],
    preset: str | None,
    plain: bool,
    as_json: bool,
) -> int:
    """Paint a layer or a picture again from its recorded request.

    REQUEST is a request.json from a session's folder, or a PNG that InpaLLa saved. Pictures and masks are
    looked for in the sessions; --picture and --mask name others, and may be given several times. On the same
    device, with the same versions, the pixels are the same.
    """
    from agent.turn.replay import replay as paint_again
    from agent.turn.user_paths import meant

    with steps("painting again") as progress:
        replayed = paint_again(
            meant(request), output, [*map(meant, pictures)], [*map(meant, masks)],
            folders=folders, preset=preset, plain=plain, progress=progress,
        )  # fmt: skip
    for note in replayed.notes:
        say(note, err=as_json)
    if as_json:
        values = {
            "output": str(replayed.output),
            "layers": list(replayed.layers),
            "identical": replayed.identical,
        }
        say_json(values, f"Saved {one_line(replayed.output)}.")
        return 0
    say(f"Saved {one_line(replayed.output)}.")
    if not replayed.identical:
        why = "the device or a library has changed"
        if replayed.spared:
            why = "there was too little memory to paint it as it was painted before"
        say(f"The pixels differ from the first time: {why}.")
    return 0
