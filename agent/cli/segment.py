"""``inpalla segment``: find things in a picture by words and save their masks."""

from __future__ import annotations

import click

from agent.cli import options
from agent.cli.command import command
from agent.cli.progress import file_work
from agent.terminal.output import finishing, say, say_json


@command("segment")
@click.argument("image")
@click.argument("phrases", metavar='"PHRASE"…', nargs=-1, required=True)
@options.output("MASK.png")
@options.preset
@options.segmenter
@options.as_json
@finishing()
def segment(
    image: str,
    phrases: tuple[str, ...],
    output: str,
    preset: str | None,
    segmenter: str | None,
    as_json: bool,
) -> int:
    """Find things in a picture by words and save their masks (0 and 255, the picture's size).

    With several phrases the masks are MASK-1.png, MASK-2.png and so on.
    """
    from agent.turn.editor import readable
    from agent.turn.reply import not_found
    from agent.turn.user_paths import meant
    from sessions.files import check_output
    from tools.engines import registry
    from tools.engines.requirements import telling
    from tools.errors import PictureError
    from tools.langchain import segment_file
    from tools.photo_check import NO_DRAWN_ROOM, is_drawn
    from tools.pictures import read_picture
    from tools.segmenting.base import capabilities_of

    path = check_output(output)
    if path.suffix.lower() != ".png":
        raise PictureError(f"A mask is saved as PNG, so {path.name} must end in .png.")
    chosen = registry.known_preset(preset or registry.DEFAULT_PRESET)
    if segmenter is not None:
        registry.check_name("segmenter", segmenter)
    engine = segmenter or registry.segmenter_of(chosen.name)
    wanted = [readable(phrase) for phrase in phrases]
    with telling(chosen), file_work("looking at", picture := meant(image)):
        results = segment_file(str(picture), wanted, str(path), engine)
    for result in results:
        if as_json:
            say_json(result, f"{result['phrase']}: {result['mask']}" if result["found"] else "")
        elif result["found"]:
            say(f"{result['phrase']}: {result['mask']} ({result['area']:.1%} of the picture)")
    missing = [result["phrase"] for result in results if not result["found"]]
    pixels = read_picture(picture).pixels
    strange = capabilities_of(registry.load_segmenter(engine)).drawn_rooms_only and not is_drawn(pixels)
    if strange:
        say(NO_DRAWN_ROOM, err=True)
    elif missing:
        there = registry.load_segmenter(engine).describe(pixels)
        say(not_found(missing, there), err=True)
    return 1 if missing else 0
