"""A conversation of twenty turns with its pictures, in ``docs/conversation.md``: python -m tests.transcript.

The pocket preset with its real models on the sample room. What is said is written below; what is answered and
painted is whatever comes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import pocket
from agent.planner import load_planner
from agent.turn.editor import Editor
from sessions import Sessions
from tools.engines.presets import PRESETS

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 480
"""How wide the pictures are in the page, in pixels."""

SAID = (
    "Good morning! Please make the sofa dark green.",
    "a bit lighter",
    "call this one calm",
    "put a cat on the rug",
    "can she be ginger",
    "and the walls a warm white, my sister says",
    "make the rug dark red",
    "no, navy",
    "what did I change?",
    "is the sofa green now?",
    "undo only the sofa",
    "actually, bring the sofa back",
    "remove the plant",
    "hmm, put it back",
    "make her a lot darker",
    "go back to calm",
    "make the sofa leather",
    "how many versions are there?",
    "show me the original beside it",
    "save it as evening.png, thank you, bye!",
)


def _small(picture: NDArray[np.uint8]) -> Image.Image:
    high = round(picture.shape[0] * WIDTH / picture.shape[1])
    return Image.fromarray(picture).resize((WIDTH, high), Image.Resampling.LANCZOS)


def write(docs: Path = DOCS) -> Path:
    """Hold the conversation and write the page with its pictures; where the page is."""
    images = docs / "images" / "conversation"
    images.mkdir(parents=True, exist_ok=True)
    for old in images.glob("*.webp"):
        old.unlink()
    preset = PRESETS["pocket"]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        room = np.asarray(Image.open(pocket.sample_room()).convert("RGB"))
        session = Sessions(Path(folder)).create("transcript", room)
        editor = Editor.open(session=session, preset=preset, planner=load_planner("builtin"), asks=False)
        lines = [_HEAD, "", "![the room](images/conversation/00.webp)", ""]
        shown = session.picture()
        _small(shown).save(images / "00.webp", quality=72, method=6)
        try:
            for number, sentence in enumerate(SAID, 1):
                turn = asyncio.run(editor.say(sentence))
                lines += [f"**{number}.** › {sentence}", "", turn.reply.replace("\n", "  \n"), ""]
                picture = editor.session.picture()
                if not np.array_equal(picture, shown):
                    name = f"{number:02}.webp"
                    _small(picture).save(images / name, quality=72, method=6)
                    lines += [f"![version {turn.version}](images/conversation/{name})", ""]
                shown = picture
        finally:
            editor.close()
    page = docs / "conversation.md"
    page.write_text("\n".join(lines).rstrip() + "\n")
    return page


_HEAD = """# A conversation of twenty turns

`python -m tests.transcript` holds it again with the pocket preset and its own models, and writes this page:
the sentences are given, the answers and the pictures are what came of them. A turn that changed the picture
shows it."""


if __name__ == "__main__":
    sys.stdout.write(f"{write()}\n")
