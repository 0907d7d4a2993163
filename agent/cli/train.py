"""``inpalla train``: the commands that teach a model something new; ``train_lisa`` does the work."""

from __future__ import annotations

import click

from agent.cli.help import Group


@click.group(cls=Group)
def train() -> None:
    """Teach a model new words with your own pictures."""


@train.command("lisa")
@click.option("--data", required=True, metavar="DIR", help="The folder with pictures, masks and words.")
@click.option("-o", "--output", metavar="OUT", help="The folder for the new model; DIR-lisa unless given.")
@click.option(
    "--model",
    default="pocket",
    show_default=True,
    metavar="NAME",
    help="The model to begin with: pocket, a published one such as lisa-7b, or a folder.",
)
@click.option("--steps", type=click.IntRange(1), default=500, show_default=True, help="How long to train.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def train_lisa(data: str, output: str | None, model: str, steps: int, seed: int, as_json: bool) -> int:
    """Teach LISA, which finds things by words, the things in your own pictures.

    Stopped with Ctrl-C or otherwise, the same command goes on where it was.
    """
    from agent.cli import train_lisa as training

    return training.lisa(data, output, model, steps, seed, as_json)
