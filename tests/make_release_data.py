"""Make the small set of files by which a release is remembered: ``tests/data/release-…``.

    python -m tests.make_release_data 0.1 [--into DIR]

Run it once, when a release is made, with the release's own code and weights;
``tests.sessions.test_old_releases`` holds every later state of the program against what it wrote. A set that
is there already is left alone: only the release that made it could make it anew. The set holds

    room.png         the drawn room that it all began with
    session.zip      the session's folder, as the release left it: two branches, variations on offer
    picture.png      its current version, exported with the recipe
    request.json     the request of one layer
    inpainted.png    what ``inpalla inpaint`` saved, with its recipe; mask.png is the mask that it was given
    told.json        what is to be found in all these: sentences, layers, the digest of every picture
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from PIL import Image

from agent.planner import load_planner
from agent.turn.editor import Editor
from pocket.rooms import make_scene, render
from sessions import Sessions
from sessions.pictures import digest_of
from sessions.session import Session, request_path
from tools.engines import registry
from tools.langchain import inpaint_file, segment_file
from tools.pictures import read_picture

ROOM, SIZE = 606, (320, 240)
NAME = "kept"
SENTENCES = (
    "make the armchair red",
    "darker",  # a layer's second revision
    "make the coffee table marble",
    "remove the basket",
    "undo",
    "put a plant in front of the bookshelf",  # the second branch begins
    "replace the coffee table with a round oak table",
    "make the left curtain teal",
    "hide the armchair",
    "show me two versions of a blue bookshelf",  # on offer when it is closed
)
"""Every kind of edit; a colour, a material, a revision, an undo, a hidden layer, variations."""

REQUEST = (1, 0)
"""The layer and the revision whose request is kept by itself."""

DATA = Path(__file__).parent / "data"
_MOMENT = (2026, 1, 1, 0, 0, 0)  # of the files in the archive; their own would differ at every making


def make(folder: Path) -> None:
    """Write the set into a folder, which is made."""
    preset = registry.find_preset("pocket")
    folder.mkdir(parents=True)
    picture = render(make_scene(ROOM), SIZE, supersample=3).picture
    Image.fromarray(picture).save(folder / "room.png", optimize=True)
    with tempfile.TemporaryDirectory() as home:
        # The source is no path of this machine.
        session = Sessions(Path(home)).create(NAME, picture, preset=preset.name, source="room.png")
        editor = Editor.open(session=session, preset=preset, planner=load_planner(preset.planner), asks=False)
        with closing(editor):
            replies = asyncio.run(_talk(editor))
            told = _told(session, editor, replies)
            session.export(folder / "picture.png")
            shutil.copy(request_path(session.folder, *REQUEST), folder / "request.json")
            told["request"] = {"picture": digest_of(session.picture(_first_with(session, REQUEST)))}
        _pack(Path(home) / NAME, folder / "session.zip")
    told["inpainted"] = _inpainted(folder)
    (folder / "told.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


async def _talk(editor: Editor) -> list[str]:
    replies = []
    for sentence in SENTENCES:
        turn = await editor.say(sentence)
        click.echo(f"{sentence} → {turn.reply}")
        replies.append(turn.reply)
    return replies


def _told(session: Session, editor: Editor, replies: list[str]) -> dict[str, Any]:
    return {
        "session": session.name,
        "size": list(session.size),
        "head": session.head,
        "turns": [[turn.sentence, turn.reply] for turn in session.turns],
        "versions": [
            {
                "number": version.number,
                "parent": version.parent,
                "sentence": version.sentence,
                "stack": [list(entry) for entry in version.stack],
                "picture": digest_of(session.picture(version.number)),
            }
            for version in session.versions
        ],
        "layers": [
            {
                "layer": layer.id,
                "revision": layer.revision,
                "target": layer.target,
                "prompt": layer.prompt,
                "kind": layer.kind,
                "visible": layer.visible,
                "box": list(layer.box),
                "mask": digest_of(session.mask(layer.id)),
                "patch": digest_of(session.patch(layer.id).rgba),
            }
            for layer in session.layers
        ],
        "offers": [digest_of(offer) for offer in editor.offers()],
    }


def _first_with(session: Session, key: tuple[int, int]) -> int:
    """The version in which a layer's revision lies on top: a replay of it makes that picture."""
    return next(
        version.number
        for version in session.versions
        if version.stack and (version.stack[-1].layer, version.stack[-1].revision) == key
    )


def _inpainted(folder: Path) -> dict[str, Any]:
    """``inpalla inpaint``: a painter without a session."""
    room, mask, output = folder / "room.png", folder / "mask.png", folder / "inpainted.png"
    segment_file(str(room), ["the coffee table"], str(mask), "lisa-pocket")
    inpaint_file(
        str(room), str(mask), "a white ottoman", str(output), "replace", 7, target="the coffee table"
    )
    return {"picture": digest_of(read_picture(output).pixels)}


def _pack(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            if path.name == "session.lock":
                continue
            info = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, path.read_bytes())


@click.command()
@click.argument("release")
@click.option("--into", type=click.Path(path_type=Path), default=DATA, help="Where; tests/data unless given.")
def main(release: str, into: Path) -> None:
    """Make the set of a RELEASE, such as 0.1."""
    folder = into / f"release-{release}"
    if folder.exists():
        raise click.ClickException(f"{folder} is there already, and is kept as it is.")
    make(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    click.echo(f"{folder}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
