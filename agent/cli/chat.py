"""``inpalla chat``: talk about a picture in the terminal."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli import options
from agent.cli.command import command
from agent.cli.progress import file_work

if TYPE_CHECKING:
    from agent.turn.editor import Editor


@command("chat")
@click.argument("image", required=False)
@click.option("--session", metavar="NAME", help="The session to continue or create.")
@options.preset
@options.planner
@options.inpainters
@options.guesses
def chat(
    image: str | None,
    session: str | None,
    preset: str | None,
    planner: str | None,
    inpainters: tuple[str, ...],
    guesses: bool,
) -> int:
    """Edit a picture in a conversation: IMAGE, a session's picture, or the sample room.

    Without a terminal it reads one sentence a line from the standard input.
    """
    from agent.terminal.chat import chat as talk
    from agent.terminal.console import open_console
    from agent.turn.editor import open_editor
    from agent.turn.user_paths import meant
    from sessions import data_folder

    # A script's next line is no answer to a question, so none is asked.
    asks = sys.stdin.isatty()
    first = meant(image) if image is not None else None
    override = options.by_kind(inpainters)

    def opened(picture: Path | None, session: str | None, preset: str | None, planner: str | None) -> Editor:
        return open_editor(picture, session, preset, planner, asks=asks, guesses=guesses, inpainters=override)

    with file_work("reading", first):
        editor = opened(first, session, preset, planner)
    with closing(editor):
        return asyncio.run(
            talk(
                editor,
                open_console(data_folder()),
                lambda picture, session: opened(picture, session, editor.preset.name, editor.planner.name),
            )
        )
