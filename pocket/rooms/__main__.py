"""Draw a room from the command line: python -m pocket.rooms --seed 7 --size 1024x768 -o room.png."""

from __future__ import annotations

import click
from PIL import Image

from pocket.rooms import make_scene, phrase, render


@click.command()
@click.option("--seed", default=7, show_default=True, help="Which room.")
@click.option("--size", default="1024x768", show_default=True, help="WIDTHxHEIGHT in pixels.")
@click.option("--supersample", default=3, show_default=True, help="Samples each way a pixel.")
@click.option("-o", "--output", default="room.png", show_default=True, help="The PNG to write.")
def main(seed: int, size: str, supersample: int, output: str) -> None:
    """Draw the room of a seed and list what is in it."""
    try:
        width, height = (int(part) for part in size.lower().split("x"))
    except ValueError:
        raise click.BadParameter(f"{size!r} is not WIDTHxHEIGHT, as in 1024x768.") from None
    scene = make_scene(seed)
    Image.fromarray(render(scene, (width, height), supersample=supersample).picture).save(output)
    click.echo(", ".join(phrase(thing) for thing in scene.things))


if __name__ == "__main__":
    main()
