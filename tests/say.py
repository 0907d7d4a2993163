"""Say the sentences of files in the tests' room and print what comes of them: ``python -m tests.say FILE …``.

In a file ``> `` is said, and ``= `` is what ought to come of it, in words. Without files it reads the
standard input: a conversation a line, its sentences parted by `` // ``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from agent.errors import AgentError
from tests.support.talking_room import HEIGHT, WIDTH
from tests.turn.test_conversations import in_words, open_room, state_of
from tools.pictures import write_mask

Turn = tuple[str, str]
"""A sentence, and what ought to come of it."""


def turns_of(text: str) -> list[Turn]:
    """The turns of a file."""
    turns: list[Turn] = []
    for line in text.splitlines():
        if line.startswith(">"):
            turns.append((line[1:].strip(), ""))
        elif line.startswith("=") and turns:
            sentence, ought = turns[-1]
            turns[-1] = (sentence, f"{ought} {line[1:].strip()}".strip())
    return turns


def told(turns: Sequence[Turn], folder: Path) -> Iterator[str]:
    """Line by line what comes of the turns, in a new session in a folder."""
    editor = open_room(folder / "sessions")
    try:
        for sentence, ought in turns:
            yield f"> {sentence}"
            try:
                turn = asyncio.run(editor.say(sentence))
            except AgentError as error:  # an empty sentence
                yield f"  ! {error}"
                continue
            if ought:
                yield f"  ought: {ought}"
            for step in turn.plan.steps:
                yield f"  = {in_words(step)}"
            yield f"  | {state_of(editor, turn)}"
            yield f"  ! {' / '.join(turn.reply.splitlines())}"
    finally:
        editor.close()


def main() -> None:
    """Say all files, or what is typed."""
    files = [Path(name).resolve() for name in sys.argv[1:]]
    lines = [] if files else filter(str.strip, sys.stdin.read().splitlines())
    talks = [(file.stem, turns_of(file.read_text(encoding="utf-8"))) for file in files]
    talks += [
        (str(at), [(each.strip(), "") for each in line.split(" // ")]) for at, line in enumerate(lines, 1)
    ]
    for name, turns in talks:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            Image.new("RGB", (40, 40), (30, 120, 110)).save("photo.jpg")
            corner = np.zeros((HEIGHT, WIDTH), bool)
            corner[120:180, 20:60] = True
            write_mask("mask.png", corner)
            print(f"##### {name}")
            for line in told(turns, Path(folder)):
                print(line, flush=True)
            os.chdir("/")


if __name__ == "__main__":
    main()
