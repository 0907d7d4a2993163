"""The one-shot commands: what ``agent.cli.main`` calls. Each prints its result and returns an exit code.

What can be refused at once (a sentence, an output that cannot be written) is refused before any model is
loaded. Errors come out as ``AgentError``, ``SessionError`` and ``ToolError``.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from agent.errors import AgentError
from agent.planner import Context, advance, load_planner
from agent.planner.plan import Compare, Look, Plan, Variations
from agent.terminal.output import finishing, live, say, say_json
from agent.turn.editor import Editor, open_editor, readable
from agent.turn.events import Event, Listener, Turn, noted
from agent.turn.user_paths import meant
from sessions import SessionError, Sessions, data_folder
from sessions.files import check_output
from tools.engines import registry
from tools.errors import Cancelled, PictureError
from tools.inpainting.base import PaintingStep, StepListener
from tools.kinds import Kind

if TYPE_CHECKING:
    from sessions.prune import Survey
    from sessions.session import Session


def override_of(inpainters: Sequence[str]) -> dict[Kind, str]:
    """The inpainters by kind that ``--inpainter`` names: KIND=NAME for one kind, NAME for all of them.

    Raises ``AgentError`` for a kind that there is not.
    """
    override: dict[Kind, str] = {}
    kinds: tuple[Kind, ...] = get_args(Kind)
    for text in inpainters:
        kind, is_one, name = text.partition("=")
        if is_one and kind not in kinds:
            raise AgentError(f"There is no kind of edit {kind!r}: choose one of {', '.join(kinds)}.")
        override |= {cast(Kind, kind): name} if is_one else dict.fromkeys(kinds, text)
    return override


def chat(
    image: str | None,
    session: str | None,
    preset: str | None,
    planner: str | None,
    inpainters: Sequence[str],
    *,
    guesses: bool = False,
) -> int:
    """Talk in the terminal until the user leaves."""
    from agent.terminal.chat import chat as talk
    from agent.terminal.console import open_console

    # A script's next line is no answer to a question, so none is asked.
    asks = sys.stdin.isatty()
    picture = meant(image) if image is not None else None
    override = override_of(inpainters)
    with _while("reading", picture):
        editor = open_editor(
            picture, session, preset, planner, asks=asks, guesses=guesses, inpainters=override
        )

    def opener(picture: Path | None, session: str | None) -> Editor:
        used = editor.preset.name, editor.planner.name
        return open_editor(picture, session, *used, asks=asks, guesses=guesses, inpainters=override)

    with closing(editor):
        return asyncio.run(talk(editor, open_console(data_folder()), opener))


@finishing()
def edit(
    image: str,
    sentences: Sequence[str],
    output: str,
    session: str | None,
    preset: str | None,
    planner: str | None,
    inpainters: Sequence[str],
    as_json: bool,
    *,
    plain: bool = False,
    guesses: bool = False,
) -> int:
    """Carry out sentences on a picture, and save the picture after every one that changed it.

    1 when a sentence was not done, or not wholly; the others are done nevertheless. Where it is doubtful what
    is meant, the question is the sentence on stderr, unless ``guesses`` takes the best guess; the next
    sentence may answer it, and then nothing is left undone. A session that was given no name goes again when
    nothing was made in it and nothing is on offer.
    """
    sentences = [readable(sentence) for sentence in sentences]
    path = check_output(output)
    picture, override = meant(image), override_of(inpainters)
    with _while("reading", picture):
        editor = open_editor(
            picture, session, preset, planner, asks=False, guesses=guesses, inpainters=override
        )
    with closing(editor):
        if not as_json:
            for remark in editor.remarks:
                say(remark)
        try:
            return asyncio.run(_edit(editor, sentences, path, as_json, plain))
        except (KeyboardInterrupt, Cancelled):
            editor.give_up()
            raise


async def _edit(editor: Editor, sentences: Sequence[str], path: Path, as_json: bool, plain: bool) -> int:
    saved: Path | None = None
    failed = False
    asked: list[Turn] = []  # those that ended in a question which waits for its answer
    waiting: list[dict[str, Any]] = []  # for it to be known whether there will be a session to name
    for sentence in sentences:
        notes: dict[str, None] = {}
        with _progress() as listen:

            def on_event(event: Event, listen: Listener = listen, notes: dict[str, None] = notes) -> None:
                if event.stage == "note":
                    notes[event.text] = None
                else:
                    listen(event)

            turn = await editor.say(sentence, on_event)
        for note in notes:
            if note not in turn.reply:
                say(note, err=True)
        done = _is_done(turn)
        if not done and turn.reply.endswith("?"):
            asked.append(turn)
        else:
            failed = failed or not done or (bool(asked) and not _answers(turn, asked))
            asked = []
        if turn.changed or (done and saved is None):
            with _while("saving", path):
                saved = await asyncio.to_thread(_saved, editor.session, path, plain)
        if as_json:
            waiting.append(turn_json(editor.session, turn, saved))
            if editor.is_kept:
                _print(waiting)
        elif done:
            say(turn.reply)
            if any(isinstance(step, Variations) for step in turn.plan.steps):
                from agent.terminal.pictures import contact_sheet

                if (sheet := contact_sheet(editor.session, editor.offers())) is not None:
                    say(f"Side by side, with their numbers: {sheet}")
        if not done:
            say(turn.reply, err=True)
    if saved is not None:
        for note in editor.session.left_out(saved, plain=plain):
            say(note, err=as_json)
    if saved is None and not as_json and editor.offers_attempts:
        say(f"It waits in the session {editor.session.name}: --session {editor.session.name}.", err=True)
    if saved is not None and not as_json:
        where = f" (session {editor.session.name})" if editor.is_kept else ""
        say(f"Saved {saved}{where}.")
    for turn_of_none in waiting:
        turn_of_none["session"] = None
        for each in turn_of_none["edits"]:
            each["mask"] = None  # its file goes with the session
    _print(waiting)
    return 1 if failed or asked else 0


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


_WORD = re.compile(r"[a-z]+")
_SAID_ANYWHERE = frozenset(("a", "an", "the", "of", "on", "in", "at", "to", "and", "it", "one", "ones"))


def _print(turns: list[dict[str, Any]]) -> None:
    """Print turns as JSON, and forget them."""
    for turn in turns:
        say_json(turn, f"Saved {turn['output']}." if turn["output"] else "")
    turns.clear()


def _saved(session: Session, path: Path, plain: bool) -> Path:
    try:
        return session.export(path, plain=plain)
    except SessionError as error:
        raise SessionError(
            f"{str(error).rstrip('.')}; the session has the picture:"
            f" inpalla sessions export {session.name} -o FILE saves it."
        ) from error


def _is_done(turn: Turn) -> bool:
    """Whether a sentence was carried out: a question, or plain talk, is not what an edit was called for."""
    looked = any(isinstance(step, Compare | Variations | Look) for step in turn.plan.steps)
    return not turn.failed and (turn.changed or looked)


def turn_json(session: Session, turn: Turn, output: Path | None) -> dict[str, Any]:
    """A turn as ``edit --json`` prints it."""
    return {
        "session": session.name,
        "version": turn.version,
        "plan": plan_json(turn.plan),
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


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as the contract has it: what a step does not say is left out."""
    return plan.model_dump(mode="json", exclude_none=True)


def plan(
    sentences: Sequence[str], image: str | None, preset: str | None, planner: str | None, as_json: bool
) -> int:
    """Plan sentences in a row, each as if those before it had been carried out."""
    from agent.turn.reply import summary
    from tools.pictures import read_picture

    sentences = [readable(sentence) for sentence in sentences]
    engine = load_planner(planner or registry.find_preset(preset or registry.DEFAULT_PRESET).planner)
    picture = read_picture(meant(image)).pixels if image is not None else None

    async def planned() -> None:
        context = Context()
        for sentence in sentences:
            made = await engine.plan(sentence, context, picture)
            context = advance(context, sentence, made)
            if as_json:
                say_json(plan_json(made))
            else:
                understood = summary(made)
                say(understood or made.say or "nothing to do")
                if understood and made.say.endswith("."):
                    say(made.say, err=True)

    asyncio.run(planned())
    return 0


@finishing()
def segment(
    image: str,
    phrases: Sequence[str],
    output: str,
    preset: str | None,
    segmenter: str | None,
    as_json: bool,
) -> int:
    """Find phrases and save their masks; 1 when one of them is not in the picture."""
    from agent.turn.reply import not_found
    from tools.langchain import segment_file
    from tools.photo_check import NO_DRAWN_ROOM, is_drawn
    from tools.pictures import read_picture
    from tools.segmenting.base import capabilities_of

    path = check_output(output)
    if path.suffix.lower() != ".png":
        raise PictureError(f"A mask is saved as PNG, so {path.name} must end in .png.")
    engine = segmenter or registry.segmenter_of(preset or registry.DEFAULT_PRESET)
    wanted = [readable(phrase) for phrase in phrases]
    with _while("looking at", picture := meant(image)):
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


@finishing()
def inpaint(
    image: str,
    mask: str,
    prompt: str,
    output: str,
    kind: str,
    target: str,
    seed: int | None,
    preset: str | None,
    inpainters: Sequence[str],
    as_json: bool,
    *,
    grow: int | None = 0,
    plain: bool = False,
) -> int:
    """Paint into a mask and save the picture; see ``tools.langchain.inpaint_file``."""
    from tools.langchain import inpaint_file

    prompt, target = (readable(text) if text.strip() else "" for text in (prompt, target))
    chosen = registry.find_preset(preset or registry.DEFAULT_PRESET, override_of(inpainters))
    with _steps("painting") as progress:
        result = inpaint_file(
            str(meant(image)), str(meant(mask)), prompt, output, cast(Kind, kind), seed, chosen,
            target=target, grow=grow, plain=plain, progress=progress,
        )  # fmt: skip
    if as_json:
        say_json(result, f"Saved {result['output']}.")
        return 0
    for note in result["notes"]:
        say(note)
    say(f"Saved {result['output']}.")
    return 0


@finishing()
def replay(
    request: str,
    output: str,
    pictures: Sequence[str],
    masks: Sequence[str],
    preset: str | None,
    as_json: bool,
    *,
    plain: bool = False,
) -> int:
    """Paint a request, or a picture's requests, again and save the picture."""
    from agent.turn.replay import replay as paint_again

    with _steps("painting again") as progress:
        replayed = paint_again(
            meant(request), output, [*map(meant, pictures)], [*map(meant, masks)],
            preset=preset, plain=plain, progress=progress,
        )  # fmt: skip
    for note in replayed.notes:
        say(note, err=as_json)
    if as_json:
        values = {
            "output": str(replayed.output),
            "layers": list(replayed.layers),
            "identical": replayed.identical,
        }
        say_json(values, f"Saved {replayed.output}.")
        return 0
    say(f"Saved {replayed.output}.")
    if not replayed.identical:
        why = "the device or a library is another one"
        if replayed.spared:
            why = "there was too little memory to paint it as it was painted then"
        say(f"Its pixels are not those of the first time: {why}.")
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
            say_json(values)
        elif info.problem is not None:
            say(f"{info.name}: {info.problem}")
        else:
            versions = "1 version" if info.versions == 1 else f"{info.versions} versions"
            when = f"{updated:%Y-%m-%d %H:%M}" if updated is not None else ""
            say(f"{info.name}  {info.size[0]}x{info.size[1]}  {versions}  {when}")
    if not infos and not as_json:
        say("There are no sessions yet: `inpalla chat` begins one.")
    return 0


def show_session(name: str, as_json: bool) -> int:
    """Print a session's versions and layers."""
    from agent.terminal.listings import history, layer_rows

    with Sessions().open(name) as session:
        if as_json:
            say_json(session.recipe())
            return 0
        width, height = session.size
        say(f"{session.name}: {width}x{height}, from {session.source or 'an unknown file'}")
        for line in history(session.versions, session.head):
            say(line)
        for row in layer_rows(session.layers):
            say("  ".join(row))
    return 0


@finishing()
def export_session(name: str, output: str, version: int | None, *, plain: bool = False) -> int:
    """Save the picture of a session."""
    path = check_output(output)
    with Sessions().open(name) as session:
        with _while("saving", path):
            saved = session.export(path, version, plain=plain)
        for note in session.left_out(saved, version, plain=plain):
            say(note)
        say(f"Saved {saved}.")
    return 0


@finishing()
def remove_session(name: str) -> int:
    """Delete a session."""
    Sessions().remove(name)
    say(f"The session {name} is removed.")
    return 0


@finishing()
def prune_sessions(days: int | None, only_empty: bool, yes: bool, as_json: bool) -> int:
    """Say what may be freed, and free it when that is wished; 1 when there is nobody to ask."""
    from datetime import timedelta

    from sessions.prune import Wish, free, survey

    sessions = Sessions()
    wish = Wish(None if days is None else timedelta(days=days), only_empty)
    found = survey(sessions, wish)
    if as_json:
        freed = free(sessions, found, wish) if yes else 0
        values = {
            "sessions": [{"name": each.name, "why": each.why, "bytes": each.size} for each in found.spent],
            "pictures": [
                {"session": each.name, "count": each.count, "bytes": each.size} for each in found.loose
            ],
            "open": list(found.opened),
            "damaged": list(found.damaged),
            "bytes": found.size,
            "freed": freed,
        }
        say_json(values)
        return 0
    for line in prunable(found, days):
        say(line)
    if not (found.spent or found.loose):
        say("There is nothing to free.")
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise SessionError("Nothing was freed, since nobody can be asked: --yes frees it without asking.")
        import click

        if not click.confirm(f"Free {_megabytes(found.size)}?"):
            say("Nothing was freed.")
            return 0
    say(f"Freed {_megabytes(free(sessions, found, wish))}.")
    return 0


def prunable(found: Survey, days: int | None) -> Iterator[str]:
    """What a survey found, in lines."""
    whys = {"empty": "in which nothing was made", "old": f"not changed for {_counted(days or 0, 'day')}"}
    for why, text in whys.items():
        spent = [each for each in found.spent if each.why == why]
        if spent:
            size = _megabytes(sum(each.size for each in spent))
            yield (
                f"{_counted(len(spent), 'session')} {text} ({size}): "
                + ", ".join(each.name for each in spent)
            )
    if found.loose:
        count = _counted(sum(each.count for each in found.loose), "picture")
        size = _megabytes(sum(each.size for each in found.loose))
        yield f"{count} that nothing uses, in {_counted(len(found.loose), 'session')} ({size})"
    for names, text in ((found.opened, "open in another process"), (found.damaged, "damaged")):
        if names:
            yield f"Left alone, because {text}: {', '.join(names)}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


@finishing()
def setup(preset: str | None, segmenter: str | None, inpainter: str | None) -> int:
    """Fetch what a preset needs, or single engines."""
    from agent.cli import setup as setup_command

    return setup_command.setup(preset, segmenter, inpainter)


@contextmanager
def _progress() -> Iterator[Listener]:
    """One live line on stderr when somebody is looking at it; wiped at the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return

    def listen(event: Event) -> None:
        count = f" {event.step}/{event.steps}" if event.steps else ""
        live(f"{event.text}{count}"[:200])

    try:
        yield listen
    finally:
        live()


@contextmanager
def _while(doing: str, file: Path | None) -> Iterator[None]:
    """Say on that line what is being done with a file; a large one takes a while."""
    with _progress() as listen:
        listen(Event("file", f"{doing} {file.name if file is not None else 'the sample room'}"))
        yield


@contextmanager
def _steps(text: str) -> Iterator[StepListener]:
    """The steps of an inpainter on that line, and what it notes on stderr at the end."""
    notes: dict[str, None] = {}

    with _progress() as listen:
        listen(Event("painting", text))

        def told(step: PaintingStep) -> None:
            listen(Event("painting", text, step.done, step.total))
            if step.note:
                notes[noted(step.note)] = None

        yield told
    for note in notes:
        say(note, err=True)
