"""The one-shot commands: what ``agent.cli`` calls. Each prints its result and returns an exit code.

What can be refused at once (a sentence, an output that cannot be written) is refused before any model is
loaded. Errors come out as ``AgentError``, ``SessionError`` and ``ToolError``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import click

from agent.editor import Editor, open_editor, readable
from agent.errors import AgentError
from agent.events import Event, Listener, Turn
from agent.plan import Compare, Plan, Variations
from agent.planner import Context, advance, load_planner
from sessions import Sessions, data_folder
from sessions.files import check_output
from tools import registry
from tools.errors import PictureError
from tools.request import Kind


def chat(image: str | None, session: str | None, preset: str | None, planner: str | None) -> int:
    """Talk in the terminal until the user leaves."""
    from agent.console import open_console
    from agent.repl import chat as talk

    # A script's next line is no answer to a question, so none is asked.
    asks = sys.stdin.isatty()
    editor = open_editor(Path(image) if image is not None else None, session, preset, planner, asks=asks)
    with closing(editor):
        return asyncio.run(talk(editor, open_console(data_folder())))


def edit(
    image: str,
    sentences: Sequence[str],
    output: str,
    session: str | None,
    preset: str | None,
    planner: str | None,
    as_json: bool,
) -> int:
    """Carry out sentences on a picture, and save the picture after every one that changed it.

    1 when a sentence was not done, or not wholly; the others are done nevertheless.
    """
    sentences = [readable(sentence) for sentence in sentences]
    path = check_output(output)
    editor = open_editor(Path(image), session, preset, planner, asks=False)
    with closing(editor):
        if not as_json:
            for remark in editor.remarks:
                click.echo(remark)
        return asyncio.run(_edit(editor, sentences, path, as_json))


async def _edit(editor: Editor, sentences: Sequence[str], path: Path, as_json: bool) -> int:
    saved: Path | None = None
    failed = False
    for sentence in sentences:
        with _progress() as listen:
            turn = await editor.say(sentence, listen)
        done = _is_done(turn)
        failed = failed or not done
        if turn.changed or (done and saved is None):
            saved = await asyncio.to_thread(editor.session.export, path)
        if as_json:
            click.echo(json.dumps(turn_json(editor.session.name, turn, saved), ensure_ascii=False))
        elif done:
            click.echo(turn.reply)
        if not done:
            click.echo(turn.reply, err=True)
    if saved is not None and not as_json:
        click.echo(f"Saved {saved} (session {editor.session.name}).")
    return 1 if failed else 0


def _is_done(turn: Turn) -> bool:
    """Whether a sentence was carried out: a question, or plain talk, is not what an edit was called for."""
    looked = any(isinstance(step, Compare | Variations) for step in turn.plan.steps)
    return not turn.failed and (turn.changed or looked)


def turn_json(session: str, turn: Turn, output: Path | None) -> dict[str, Any]:
    """A turn as ``edit --json`` prints it."""
    return {
        "session": session,
        "version": turn.version,
        "plan": plan_json(turn.plan),
        "edits": [
            {
                "layer": each.layer,
                "target": each.target,
                "prompt": each.prompt,
                "kind": each.kind,
                "mask": each.mask,
                "box": list(each.box) if each.box is not None else None,
                "area": each.area,
                "seconds": each.seconds,
                "outcome": each.outcome,
            }
            for each in turn.edits
        ],
        "output": str(output) if output is not None else None,
        "seconds": dict(turn.seconds),
    }


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as the contract has it: what a step does not say is left out."""
    return plan.model_dump(mode="json", exclude_none=True)


def plan(
    sentences: Sequence[str], image: str | None, preset: str | None, planner: str | None, as_json: bool
) -> int:
    """Plan sentences in a row, each as if those before it had been carried out."""
    from agent.reply import summary
    from tools.pictures import read_picture

    sentences = [readable(sentence) for sentence in sentences]
    engine = load_planner(planner or registry.find_preset(preset or registry.DEFAULT_PRESET).planner)
    picture = read_picture(image).pixels if image is not None else None

    async def planned() -> None:
        context = Context()
        for sentence in sentences:
            made = await engine.plan(sentence, context, picture)
            context = advance(context, sentence, made)
            if as_json:
                click.echo(json.dumps(plan_json(made), ensure_ascii=False))
            else:
                click.echo(summary(made) or made.say or "nothing to do")

    asyncio.run(planned())
    return 0


def segment(
    image: str,
    phrases: Sequence[str],
    output: str,
    preset: str | None,
    segmenter: str | None,
    as_json: bool,
) -> int:
    """Find phrases and save their masks; 1 when one of them is not in the picture."""
    from agent.reply import not_found
    from tools.langchain import segment_file
    from tools.pictures import read_picture

    path = check_output(output)
    if path.suffix.lower() != ".png":
        raise PictureError(f"A mask is saved as PNG, so {path.name} must end in .png.")
    engine = segmenter or registry.segmenter_of(preset or registry.DEFAULT_PRESET)
    wanted = [readable(phrase) for phrase in phrases]
    results = segment_file(image, wanted, str(path), engine)
    for result in results:
        if as_json:
            click.echo(json.dumps(result, ensure_ascii=False))
        elif result["found"]:
            click.echo(f"{result['phrase']}: {result['mask']} ({result['area']:.1%} of the picture)")
    missing = [result["phrase"] for result in results if not result["found"]]
    if missing:
        there = registry.load_segmenter(engine).describe(read_picture(image).pixels)
        click.echo(not_found(missing, there), err=True)
    return 1 if missing else 0


def inpaint(
    image: str,
    mask: str,
    prompt: str,
    output: str,
    kind: str,
    seed: int | None,
    preset: str | None,
    as_json: bool,
) -> int:
    """Paint into a mask and save the picture."""
    from tools.langchain import inpaint_file

    prompt = readable(prompt) if prompt.strip() else ""
    result = inpaint_file(
        image, mask, prompt, output, cast(Kind, kind), seed, preset or registry.DEFAULT_PRESET
    )
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else f"Saved {result['output']}.")
    return 0


def list_sessions(as_json: bool) -> int:
    """Print all sessions."""
    infos = Sessions().list()
    for info in infos:
        updated = info.updated.astimezone() if info.updated is not None else None
        if as_json:
            values: Mapping[str, Any] = {
                "name": info.name,
                "size": list(info.size),
                "versions": info.versions,
                "preset": info.preset,
                "updated": updated.isoformat() if updated is not None else None,
                "problem": info.problem,
            }
            click.echo(json.dumps(values, ensure_ascii=False))
        elif info.problem is not None:
            click.echo(f"{info.name}: {info.problem}")
        else:
            versions = "1 version" if info.versions == 1 else f"{info.versions} versions"
            when = f"{updated:%Y-%m-%d %H:%M}" if updated is not None else ""
            click.echo(f"{info.name}  {info.size[0]}x{info.size[1]}  {versions}  {when}")
    if not infos and not as_json:
        click.echo("There are no sessions yet: `inpalla chat` begins one.")
    return 0


def show_session(name: str, as_json: bool) -> int:
    """Print a session's versions and layers."""
    from agent.display import history, layer_rows

    with Sessions().open(name) as session:
        if as_json:
            click.echo(json.dumps(session.recipe(), ensure_ascii=False))
            return 0
        width, height = session.size
        click.echo(f"{session.name}: {width}x{height}, from {session.source or 'an unknown file'}")
        for line in history(session.versions, session.head):
            click.echo(line)
        for row in layer_rows(session.layers):
            click.echo("  ".join(row))
    return 0


def export_session(name: str, output: str, version: int | None) -> int:
    """Save the picture of a session."""
    path = check_output(output)
    with Sessions().open(name) as session:
        click.echo(f"Saved {session.export(path, version)}.")
    return 0


def remove_session(name: str) -> int:
    """Delete a session."""
    Sessions().remove(name)
    click.echo(f"The session {name} is removed.")
    return 0


def setup(preset: str | None, segmenter: str | None) -> int:
    """Fetch a segmenter, or what a preset needs: the pocket preset needs nothing."""
    chosen = preset or registry.DEFAULT_PRESET
    name = segmenter or registry.segmenter_of(chosen)
    fetched = registry.fetch_segmenter(name)
    if fetched is None:
        click.echo(f"{name} needs nothing fetched: it is a part of InpaLLa.")
    else:
        click.echo(f"{name} is at {fetched}.")
    if segmenter is None and chosen in registry.PLANNED:
        raise AgentError(
            f"The preset {chosen!r} can find things now; painting is not available in this version."
        )
    return 0


@contextmanager
def _progress() -> Iterator[Listener]:
    """One live line on stderr when somebody is looking at it; wiped at the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return

    def listen(event: Event) -> None:
        count = f" {event.step}/{event.steps}" if event.steps else ""
        click.echo(f"\r\x1b[2K{event.text}{count}"[:200], err=True, nl=False)

    try:
        yield listen
    finally:
        click.echo("\r\x1b[2K", err=True, nl=False)
