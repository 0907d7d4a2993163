"""The slash commands of a chat: each with its help and its completion beside it.

A command may be shortened as long as it is clear which one is meant; an exact name always wins. Commands that
change the picture make a ready plan and go the same way as a sentence; the others read the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz import process

from agent.errors import AgentError
from agent.planner.plan import (
    Drop,
    Goto,
    Hide,
    Look,
    Mark,
    Mask,
    Pick,
    Plan,
    Redo,
    Reorder,
    Show,
    Step,
    Undo,
    Variations,
)
from agent.planner.resolve.command_steps import BOX, FILE, amount_of
from agent.planner.resolve.conversation_record import version_named
from agent.safe_text import one_line, plain, printable
from agent.terminal.listings import history, layer_rows
from agent.terminal.picture_layouts import Shown, marked
from agent.turn.events import Event
from agent.turn.history_steps import free_path
from agent.turn.look_steps import painted_mask
from agent.turn.mask_steps import STEP
from agent.turn.phrases import listed
from agent.turn.user_paths import meant
from sessions.catalog import Sessions
from sessions.errors import SessionError
from sessions.files import check_output

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completion

    from agent.terminal.chat import Chat

Words = Iterable[tuple[str, str]]
"""What an argument may be, each with a remark."""


def _none(chat: Chat) -> Words:  # noqa: ARG001
    return ()


@dataclass(frozen=True)
class Command:
    """A command. ``usage`` shows its argument; ``words`` gives what that may be, ``paths`` if also a file."""

    name: str
    usage: str
    help: str
    run: Callable[[Chat, str], Awaitable[None]]
    words: Callable[[Chat], Words] = _none
    paths: bool = False

    @property
    def synopsis(self) -> str:
        """The command as it is typed."""
        return f"/{self.name} {self.usage}".rstrip()


async def run(chat: Chat, line: str) -> None:
    """Carry out a line that begins with a slash. Raises ``AgentError`` for what is no command."""
    name, _, argument = line[1:].partition(" ")
    await find(plain(name)).run(chat, argument.strip())


def find(name: str) -> Command:
    """The command of a name or of the beginning of one. Raises ``AgentError`` when none or several fit."""
    name = name.lower()
    if name in COMMANDS:
        return COMMANDS[name]
    fitting = [command for command in COMMANDS.values() if name and command.name.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = listed([f"/{command.name}" for command in fitting], "or")
        raise AgentError(f"/{name} could be {names}: type more letters.")
    near = process.extractOne(name, list(COMMANDS), score_cutoff=70)
    hint = f"did you mean /{near[0]}?" if near else "/help lists the commands."
    raise AgentError(f"There is no command /{name[:40]}: {hint}")


def complete(chat: Chat, text: str) -> Iterator[Completion]:
    """The ways in which a line may go on: command names, then what the command's argument may be."""
    from prompt_toolkit.completion import CompleteEvent, Completion, PathCompleter
    from prompt_toolkit.document import Document

    if not text.startswith("/"):
        return
    name, space, argument = text[1:].partition(" ")
    if not space:
        for command in COMMANDS.values():
            if command.name.startswith(name.lower()):
                yield Completion(f"/{command.name}", -len(text), display_meta=command.help)
        return
    try:
        command = find(name)
    except AgentError:
        return
    for word, remark in command.words(chat):
        if word.startswith(argument):
            yield Completion(word, -len(argument), display_meta=printable(remark))
    if command.paths:
        yield from PathCompleter(expanduser=True).get_completions(Document(argument), CompleteEvent())


_DIGITS = 9
"""Of a number; one of more stands for the largest of these, of which there is none, either."""


def _number(command: str, argument: str, default: int | None = None, least: int = 1) -> int:
    """The number that was typed. Raises ``AgentError`` with the usage when it is none."""
    if not argument and default is not None:
        return default
    digits = argument.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        number = -1
    else:
        digits = digits.lstrip("0") or "0"
        number = int(digits) if len(digits) <= _DIGITS else 10**_DIGITS - 1
    if number < least:
        raise AgentError(f"Use {COMMANDS[command].synopsis}, where N is a number from {least}.")
    return number


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no name that a file can have; whoever uses it says so
        return False


async def _step(chat: Chat, step: Step, name: str, argument: str) -> None:
    await chat.plan(Plan(steps=(step,)), f"/{name} {argument}".rstrip())


async def _undo(chat: Chat, argument: str) -> None:
    await _step(chat, Undo(count=_number("undo", argument, 1)), "undo", argument)


async def _redo(chat: Chat, argument: str) -> None:
    await _step(chat, Redo(count=_number("redo", argument, 1)), "redo", argument)


async def _goto(chat: Chat, argument: str) -> None:
    version = _version(chat, argument, "goto")
    await _step(chat, Goto(version=version), "goto", argument)


async def _mark(chat: Chat, argument: str) -> None:
    if not argument:
        raise AgentError(f"Use {COMMANDS['mark'].synopsis}.")
    await _step(chat, Mark(name=argument.lower()), "mark", argument)


async def _hide(chat: Chat, argument: str) -> None:
    layer = chat.session.layer(_number("hide", argument, least=0))
    if not layer.visible:
        raise AgentError(f"Layer {layer.id} ({layer.target}) is hidden already.")
    await _step(chat, Hide(layer=layer.id), "hide", argument)


async def _show(chat: Chat, argument: str) -> None:
    if not argument:
        chat.show()
        _describe_picture(chat)
    elif argument.lower().startswith("v"):
        version = _number("show", argument.lower().removeprefix("version").removeprefix("v").strip(), least=0)
        chat.console.show(Shown(f"version {version}", chat.session.picture(version)))
        chat.console.say(f"This is version {version}; you are at version {chat.session.head}.", "quiet")
    else:
        layer = chat.session.layer(_number("show", argument, least=0))
        if layer.visible:
            raise AgentError(f"Layer {layer.id} ({layer.target}) is in the picture already.")
        await _step(chat, Show(layer=layer.id), "show", argument)


async def _pick(chat: Chat, argument: str) -> None:
    await _step(chat, Pick(index=_number("pick", argument)), "pick", argument)


async def _history(chat: Chat, argument: str) -> None:  # noqa: ARG001
    chat.console.say("\n".join(history(chat.session.versions, chat.session.head, chat.editor.marks)))


async def _layers(chat: Chat, argument: str) -> None:  # noqa: ARG001
    layers = chat.session.layers
    if layers:
        chat.console.table(("layer", "edit", "kind", "", "area"), layer_rows(layers))
    else:
        chat.console.say("There are no layers yet: the picture is as it was.")


_HOW = {"grow", "shrink", "add", "subtract", "invert"}
_OPPOSITE = {"without": "subtract", "minus": "subtract", "plus": "add", "larger": "grow", "smaller": "shrink"}


async def _mask(chat: Chat, argument: str) -> None:
    session = chat.session
    first, _, rest = argument.partition(" ")
    how = _OPPOSITE.get(first.lower(), first.lower())
    box = BOX.fullmatch(argument.lower()) is not None
    if how in _HOW or box or FILE.search(argument):
        visible = [layer.id for layer in session.layers if layer.visible]
        focused = [number for number in chat.editor.planner_context().focus if number in visible]
        if not visible:
            raise AgentError("There is no mask yet: nothing was edited.")
        kind = "box" if box else "file" if how not in _HOW else how
        what = argument if kind in ("box", "file") else rest.strip()
        if kind in ("add", "subtract") and not what:
            raise AgentError(f"Use /mask {first} THING, such as /mask {first} the cushion.")
        amount = amount_of(rest)
        if kind in ("grow", "shrink") and rest.strip().isdigit():
            amount = int(rest) / (STEP * session.size[1])  # in pixels
        step = Mask(
            layer=(focused or visible)[-1],
            how=kind,  # type: ignore[arg-type]
            what="" if kind in ("grow", "shrink", "invert") else what,
            amount=min(max(amount, 0.01), 10),
        )
        await _step(chat, step, "mask", argument)
        return
    if argument:
        layer = session.layer(_number("mask", argument, least=0))
    else:
        changed = session.versions[session.head].changed or tuple(each.id for each in session.layers)
        if not changed:
            raise AgentError("There is no mask yet: nothing was edited.")
        layer = session.layer(changed[-1])
    painted = await asyncio.to_thread(painted_mask, session, layer.id)
    shown = await asyncio.to_thread(lambda: marked(session.picture(), painted))
    chat.console.show(Shown(f"layer {layer.id}: {layer.target}", shown))
    share = np.count_nonzero(painted) / painted.size
    chat.console.say(f"Layer {layer.id}, {layer.target}: {layer.area:.1%} of the picture.")
    chat.console.say(
        f"The highlighted area is what is painted, {share:.1%} of the picture with its soft edge.", "quiet"
    )
    chat.console.say(f"The mask is {session.pictures.path(layer.mask)}", "quiet")


async def _compare(chat: Chat, argument: str) -> None:
    version = _version(chat, argument, "compare") if argument else 0
    chat.session.picture(version)  # complains when there is no such version
    if version == chat.session.head:
        raise AgentError(f"You are at version {version}, so there is nothing to compare.")
    chat.show_beside(version)
    _describe_picture(chat)


async def _zoom(chat: Chat, argument: str) -> None:
    if not argument:
        raise AgentError(f"Use {COMMANDS['zoom'].synopsis}.")
    await _step(chat, Look(at="zoom", target=argument), "zoom", argument)


async def _drop(chat: Chat, argument: str) -> None:
    layer = chat.session.layer(_number("drop", argument, least=0))
    await _step(chat, Drop(layer=layer.id), "drop", argument)


async def _order(chat: Chat, argument: str) -> None:
    words = argument.lower().split()
    usage = COMMANDS["order"].synopsis
    if len(words) == 2 and words[1] in ("front", "back"):
        layer = _number("order", words[0], least=0)
        step = Reorder(layer=layer, to="front" if words[1] == "front" else "back")
    elif len(words) == 3 and words[1] in ("over", "under"):
        layer, other = _number("order", words[0], least=0), _number("order", words[2], least=0)
        step = Reorder(layer=layer, to="over" if words[1] == "over" else "under", other=other)
    else:
        raise AgentError(f"Use {usage}.")
    await _step(chat, step, "order", argument)


async def _more(chat: Chat, argument: str) -> None:
    offers = len(chat.editor.offers())
    if not offers:
        raise AgentError("There are no variations yet: ask for some first.")
    like = _number("more", argument, 0, least=0)
    await _step(chat, Variations(count=max(2, offers), like=like, **_offered(chat)), "more", argument)


def _offered(chat: Chat) -> dict[str, Any]:
    """The edit that what is on offer are variations of, as a step's values."""
    offer = chat.editor.planner_context().offer
    if offer is None:
        raise AgentError("There are no variations yet: ask for some first.")
    return {"target": offer.target, "prompt": offer.prompt, "kind": offer.kind, "layer": offer.layer}


def _version(chat: Chat, argument: str, command: str) -> int:
    """The version that was typed: its number, its name, or when it was ("before the walls")."""
    marks = chat.editor.marks
    if (marked_as := marks.get(argument.lower())) is not None:
        return marked_as
    bare = argument.lower().removeprefix("version").removeprefix("v").strip()
    if not bare.isdigit() and (named := version_named(argument, chat.editor.planner_context())) is not None:
        return named
    return _number(command, bare, least=0)


def _describe_picture(chat: Chat) -> None:
    """Say in words what is shown; it is all that there is where pictures cannot be."""
    session = chat.session
    width, height = session.size
    visible = [layer.target for layer in session.layers if layer.visible]
    edited = f"edited: {', '.join(visible)}" if visible else "as it was"
    chat.console.say(f"Version {session.head}, {width}x{height} pixels, {edited}.", "quiet")


async def _save(chat: Chat, argument: str) -> None:
    said = set()
    while (option := argument.split(" ", 1)[0]) in ("!", "--plain"):
        said.add(option)
        argument = argument[len(option) :].strip()
    force, bare = "!" in said, "--plain" in said
    path = _save_path(chat.session.name, meant(argument))
    if path.exists() and not force:
        if not chat.console.interactive:
            raise AgentError(f"{path} is there already: /save ! FILE overwrites it.")
        if not await chat.console.confirm(f"{path} is there already. Overwrite it?"):
            chat.console.say("Nothing was saved.", "note")
            return
    with chat.console.working() as listen:
        listen(Event("file", f"saving {path.name}"))
        saved = await asyncio.to_thread(chat.session.export, path, plain=bare)
    for note in chat.session.left_out(saved, plain=bare):
        chat.console.say(note, "note")
    chat.console.say(f"Saved version {chat.session.head} as {one_line(saved)}")


def _save_path(session: str, named: Path) -> Path:
    """Where to save: the file that was named, or the session's name with a free number in that folder."""
    if not _is_folder(named):
        return check_output(named if named.suffix else named.with_suffix(".png"))
    return check_output(free_path(session, named))


async def _open(chat: Chat, argument: str) -> None:
    if not argument:
        raise AgentError(f"Use {COMMANDS['open'].synopsis}.")
    if argument == chat.session.name:
        raise AgentError(f"The session {argument} is open: this is it.")
    known = False
    with suppress(SessionError):  # a name that no session can have is a file's
        known = Sessions(chat.session.folder.parent).exists(argument)
    if known:
        chat.open(None, argument)
        return
    path = meant(argument)
    if "." not in argument and "/" not in argument and not path.exists():
        raise AgentError(f"There is no session and no file {argument}: /sessions lists the sessions.")
    chat.open(path, None)


async def _new(chat: Chat, argument: str) -> None:
    session = chat.session
    if argument and Sessions(session.folder.parent).exists(argument):
        raise AgentError(
            f"The name {argument} is taken: choose another one, or continue that session: /open {argument}."
        )
    source = Path(session.source) if session.source else None
    if source is not None and not source.is_file():
        raise AgentError(f"The picture that this session began with, {source}, is gone: /open another one.")
    chat.open(source, argument or None)


async def _sessions(chat: Chat, argument: str) -> None:  # noqa: ARG001
    rows = []
    for info in Sessions(chat.session.folder.parent).list():
        here = "*" if info.name == chat.session.name else ""
        if info.problem or info.updated is None:
            rows.append((here, info.name, "damaged", "", ""))
            continue
        changed = f"{info.updated.astimezone():%Y-%m-%d %H:%M}"
        rows.append((here, info.name, f"{info.size[0]}x{info.size[1]}", str(info.versions), changed))
    chat.console.table(("", "session", "size", "versions", "changed"), rows)


async def _help(chat: Chat, argument: str) -> None:
    if argument:
        command = find(argument.removeprefix("/"))
        chat.console.say(f"{command.synopsis}: {command.help}")
        return
    chat.console.say("Say what to change: “make the sofa red leather”, “now also the walls green”,")
    chat.console.say("“darker”, “remove the lamp”, “put a plant beside the sofa”, “undo only the sofa”.")
    chat.console.table(("command", ""), [(each.synopsis, each.help) for each in COMMANDS.values()])
    chat.console.say("A command may be shortened: /q is /quit.", "quiet")


async def _quit(chat: Chat, argument: str) -> None:  # noqa: ARG001
    chat.leaving = True


def _layer_words(chat: Chat) -> Words:
    return [(str(layer.id), f"{layer.target} → {layer.prompt}") for layer in chat.session.layers]


def _visible_words(chat: Chat) -> Words:
    return [(str(layer.id), layer.target) for layer in chat.session.layers if layer.visible]


def _hidden_words(chat: Chat) -> Words:
    hidden = [(str(layer.id), layer.target) for layer in chat.session.layers if not layer.visible]
    return [*hidden, *((f"v{number}", remark) for number, remark in _version_words(chat))]


def _version_words(chat: Chat) -> Words:
    named = [(name, f"version {number}") for name, number in chat.editor.marks.items()]
    return [
        *((str(each.number), each.sentence or "the base picture") for each in chat.session.versions),
        *named,
    ]


def _offer_words(chat: Chat) -> Words:
    return [(str(number), "variation") for number in range(1, len(chat.editor.offers()) + 1)]


def _session_words(chat: Chat) -> Words:
    infos = Sessions(chat.session.folder.parent).list()
    return [(info.name, f"{info.versions} versions") for info in infos if info.name != chat.session.name]


def _command_words(chat: Chat) -> Words:  # noqa: ARG001
    return [(name, command.help) for name, command in COMMANDS.items()]


_ALL = (
    Command("undo", "[N]", "go back one version, or N", _undo),
    Command("redo", "[N]", "redo one version, or N", _redo),
    Command("goto", "N | NAME | WHEN", "go to a version: 3, warm, before the walls", _goto, _version_words),
    Command("mark", "NAME", "give this version a name, for /goto and “go back to NAME”", _mark),
    Command("history", "", "the versions and the sentences that made them", _history),
    Command("layers", "", "what was edited, layer by layer", _layers),
    Command("hide", "N", "take layer N out and keep the others", _hide, _visible_words),
    Command("show", "[N | vN]", "the picture; N: put layer N back; vN: see version N", _show, _hidden_words),
    Command("drop", "N", "delete layer N; earlier versions keep it", _drop, _layer_words),
    Command("order", "N front|back | N over|under M", "move layer N in the stack", _order, _layer_words),
    Command(
        "mask",
        "[N] | grow | shrink | add X | without X | invert | BOX | FILE",
        "show the mask of the last edit or of layer N, or change it and paint again",
        _mask,
        _layer_words,
    ),
    Command("zoom", "THING", "show a thing close up", _zoom),
    Command("compare", "[N]", "the base picture, or version N, beside this one", _compare, _version_words),
    Command("pick", "N", "take one of the variations on offer", _pick, _offer_words),
    Command("more", "[N]", "more variations like number N, or other ones", _more, _offer_words),
    Command(
        "save",
        "[!] [FILE]",
        "save the picture; ! overwrites a file, --plain leaves out recipe, place and texts",
        _save,
        paths=True,
    ),
    Command("open", "FILE | SESSION", "open another picture or session", _open, _session_words, paths=True),
    Command("new", "[NAME]", "start again with this picture, in a new session", _new),
    Command("sessions", "", "list the sessions", _sessions),
    Command("help", "[COMMAND]", "this list", _help, _command_words),
    Command("quit", "", "leave; the session is kept", _quit),
)

COMMANDS: Mapping[str, Command] = {command.name: command for command in _ALL}
"""All commands by name, in the order of the help."""
