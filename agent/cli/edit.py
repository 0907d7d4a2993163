"""``inpalla edit``: carry out sentences on a picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import options
from agent.cli.command import command
from agent.cli.plan import plan_json
from agent.cli.progress import events, file_work
from agent.safe_text import one_line
from agent.terminal.output import finishing, say, say_json

if TYPE_CHECKING:
    from agent.turn.editor import Editor
    from agent.turn.events import Event, Listener, Turn
    from sessions.session import Session

_WORD = re.compile(r"[a-z]+")
_SAID_ANYWHERE = frozenset(("a", "an", "the", "of", "on", "in", "at", "to", "and", "it", "one", "ones"))


@command("edit")
@click.argument("image")
@click.argument("sentences", metavar='"SENTENCE"…', nargs=-1, required=True)
@options.output("OUT.png")
@click.option("--session", metavar="NAME", help="Name of the session (default: the picture's name).")
@options.preset
@options.planner
@options.inpainters
@options.guesses
@options.plain
@options.as_json
@finishing()
def edit(
    image: str,
    sentences: Sequence[str],
    output: str,
    session: str | None,
    preset: str | None,
    planner: str | None,
    inpainters: tuple[str, ...],
    guesses: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Edit a picture with one or more sentences, in order.

    The result has the picture's own size; its format is that of OUT's ending.
    """
    from agent.turn.editor import open_editor, readable
    from agent.turn.user_paths import meant
    from sessions.files import check_output
    from tools.engines import registry
    from tools.errors import Cancelled

    sentences = [readable(sentence) for sentence in sentences]
    path = check_output(output)
    picture, override = meant(image), options.by_kind(inpainters)
    if session is None:  # in a new one nothing can be done before something is found
        registry.check_segmenter_here(preset or registry.DEFAULT_PRESET)
    with file_work("reading", picture):
        editor = open_editor(
            picture, session, preset, planner, asks=False, guesses=guesses, inpainters=override
        )
    with closing(editor):
        if not as_json:
            for remark in editor.remarks:
                say(remark)
        try:
            return asyncio.run(_edit(editor, sentences, path, as_json, plain))
        except (KeyboardInterrupt, Cancelled, SystemExit):
            editor.give_up()
            raise


async def _edit(editor: Editor, sentences: Sequence[str], path: Path, as_json: bool, plain: bool) -> int:
    """Save the picture after every sentence that changed it.

    1 when a sentence was not done, or not wholly; the others are done nevertheless. A question about what was
    done before it is done when it is answered. Where it is doubtful what is meant, the question is the
    sentence on stderr; the next sentence may answer it, and then nothing is left undone. A session that was
    given no name goes again when nothing was made in it and nothing is on offer.
    """
    from agent.errors import AgentError
    from agent.planner.plan import Variations
    from sessions import SessionError
    from tools.errors import ToolError

    saved: Path | None = None
    failed = offered = False
    asked: list[Turn] = []  # those that ended in a question which waits for its answer
    waiting: list[dict[str, Any]] = []  # for it to be known whether there will be a session to name
    for sentence in sentences:
        notes: dict[str, None] = {}
        with events() as listen:

            def on_event(event: Event, listen: Listener = listen, notes: dict[str, None] = notes) -> None:
                if event.stage == "note":
                    notes[event.text] = None
                elif event.stage != "waiting" or not as_json:
                    listen(event)

            try:
                turn = await editor.say(sentence, on_event)
            except (AgentError, SessionError, ToolError):
                _say_saved(editor, saved, as_json=as_json, plain=plain)  # what was done so far
                raise
        for note in notes:
            if note not in turn.reply:
                say(note, err=True)
        offered = any(edit.outcome == "offered" for edit in turn.edits) or (offered and not turn.changed)
        begun = saved is not None or editor.session.head > 0
        done = _is_done(turn) or (begun and _is_told(turn))
        if not done and turn.reply.endswith("?"):
            asked.append(turn)
        else:
            failed = failed or not done or (bool(asked) and not _answers(turn, asked))
            asked = []
        if turn.changed or (done and saved is None):
            with file_work("saving", path):
                saved = await asyncio.to_thread(_saved, editor.session, path, plain)
        if as_json:
            waiting.append(_turn_json(editor.session, turn, saved))
            if editor.is_kept:
                _print(waiting)
        elif done:
            say(turn.reply)
            if any(isinstance(step, Variations) for step in turn.plan.steps):
                from agent.terminal.picture_layouts import contact_sheet

                if (sheet := contact_sheet(editor.session, editor.offers())) is not None:
                    say(f"Side by side, with their numbers: {sheet}")
        if not done:
            say(turn.reply, err=True)
    if saved is None and not as_json and offered and editor.offers_attempts:
        say(f"It waits in the session {editor.session.name}: --session {editor.session.name}.", err=True)
    _say_saved(editor, saved, as_json=as_json, plain=plain)
    for turn_of_none in waiting:
        turn_of_none["session"] = None
        for each in turn_of_none["edits"]:
            each["mask"] = None  # its file goes with the session
    _print(waiting)
    return 1 if failed or asked else 0


def _say_saved(editor: Editor, saved: Path | None, *, as_json: bool, plain: bool) -> None:
    """Say where the picture is, and what its file cannot hold."""
    if saved is None:
        return
    for note in editor.session.left_out(saved, plain=plain):
        say(note, err=as_json)
    if not as_json:
        where = f" (session {editor.session.name})" if editor.is_kept else ""
        say(f"Saved {one_line(saved)}{where}.")


def _answers(turn: Turn, asked: Sequence[Turn]) -> bool:
    """Whether a turn carried out what had led to questions: what it did was said there, and not again; or
    nothing could be made of what was said there.
    """
    if not turn.edits:
        return False
    if not any(each.edits for each in asked):
        return True
    before = {word for each in asked for word in _WORD.findall(each.sentence.lower())}
    now = set(_WORD.findall(turn.sentence.lower()))
    did = set(_WORD.findall(" ".join(f"{each.target} {each.prompt}" for each in turn.edits).lower()))
    return bool((before - now - _SAID_ANYWHERE) & did)


def _print(turns: list[dict[str, Any]]) -> None:
    """Print turns as JSON, and forget them."""
    for turn in turns:
        say_json(turn, f"Saved {one_line(turn['output'])}." if turn["output"] else "")
    turns.clear()


def _saved(session: Session, path: Path, plain: bool) -> Path:
    from sessions import SessionError

    try:
        return session.export(path, plain=plain)
    except SessionError as error:
        raise SessionError(
            f"{str(error).rstrip('.')}; the session has the picture:"
            f" inpalla sessions export {session.name} -o FILE saves it."
        ) from error


def _is_done(turn: Turn) -> bool:
    """Whether a sentence was carried out: a question, or plain talk, is not what an edit was called for."""
    from agent.planner.plan import Compare, Look, Variations

    looked = any(isinstance(step, Compare | Variations | Look) for step in turn.plan.steps)
    already = any(edit.outcome == "already" for edit in turn.edits)
    return not turn.failed and (turn.changed or looked or already)


def _is_told(turn: Turn) -> bool:
    """Whether a sentence asked what was done, and was answered."""
    from agent.planner.plan import Tell

    return not turn.failed and any(isinstance(step, Tell) for step in turn.plan.steps)


def _turn_json(session: Session, turn: Turn, output: Path | None) -> dict[str, Any]:
    """A turn as ``edit --json`` prints it."""
    from agent.turn.reply import summary

    return {
        "session": session.name,
        "version": turn.version,
        "plan": plan_json(turn.plan, summary(turn.plan, {layer.id: layer for layer in session.layers})),
        "edits": [
            {
                "layer": each.layer,
                "target": each.target,
                "prompt": each.prompt,
                "kind": each.kind,
                "mask": str(session.pictures.path(each.mask).absolute()) if each.mask is not None else None,
                "box": list(each.box) if each.box is not None else None,
                "area": each.area,
                "seconds": round(each.seconds, 3),
                "outcome": each.outcome,
            }
            for each in turn.edits
        ],
        "output": str(output) if output is not None else None,
        "seconds": dict(turn.seconds),
    }
