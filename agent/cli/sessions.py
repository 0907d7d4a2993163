"""``inpalla sessions``: the sessions that are kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from agent.cli import options
from agent.cli.command import Group
from agent.cli.progress import file_work
from agent.safe_text import one_line
from agent.terminal.output import finishing, say, say_json

if TYPE_CHECKING:
    from sessions.prune import Survey


@click.group(cls=Group)
def sessions() -> None:
    """List, show, export and remove sessions, and delete what nothing uses."""


@sessions.command("list")
@options.as_json
def list_sessions(as_json: bool) -> int:
    """List all sessions, the one changed last first."""
    from sessions import Sessions

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
        say("There are no sessions yet: `inpalla chat` starts one.")
    return 0


@sessions.command("show")
@click.argument("name")
@options.as_json
def show_session(name: str, as_json: bool) -> int:
    """Show a session's versions and layers."""
    from agent.terminal.listings import history, layer_rows
    from sessions import Sessions

    with Sessions().open(name, to_read=True) as session:
        if as_json:
            say_json(session.recipe())
            return 0
        width, height = session.size
        say(f"{session.name}: {width}x{height}, from {one_line(session.source) or 'an unknown file'}")
        for line in history(session.versions, session.head):
            say(line)
        for row in layer_rows(session.layers):
            say("  ".join(row))
    return 0


@sessions.command("export")
@click.argument("name")
@options.output("FILE")
@click.option("--version", type=click.IntRange(0), help="The version (default: the current one).")
@options.plain
@finishing()
def export_session(name: str, output: str, version: int | None, plain: bool) -> int:
    """Save a session's picture."""
    from sessions import Sessions
    from sessions.files import check_output

    path = check_output(output)
    with Sessions().open(name, to_read=True) as session:
        with file_work("saving", path):
            saved = session.export(path, version, plain=plain)
        for note in session.left_out(saved, version, plain=plain):
            say(note)
        say(f"Saved {one_line(saved)}.")
    return 0


@sessions.command("remove")
@click.argument("name")
@finishing()
def remove_session(name: str) -> int:
    """Delete a session with all its versions, for good."""
    from sessions import Sessions

    Sessions().remove(name)
    say(f"Removed the session {name}.")
    return 0


@sessions.command("prune")
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    type=click.IntRange(1),
    help="Also sessions that have not changed for DAYS days.",
)
@click.option("--empty", is_flag=True, help="Only sessions without any edit.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.as_json
@finishing()
def prune_sessions(days: int | None, empty: bool, yes: bool, as_json: bool) -> int:
    """Delete what nothing uses, after listing it.

    That is: sessions without any edit, and pictures that no version, no offer and no request
    uses; with --older-than also whole sessions that have not changed for so many days. What is open
    elsewhere stays. With --json nothing is asked, and nothing is freed without --yes.
    """
    from datetime import timedelta

    from sessions import SessionError, Sessions
    from sessions.prune import Wish, free, survey

    kept = Sessions()
    wish = Wish(None if days is None else timedelta(days=days), empty)
    found = survey(kept, wish)
    if as_json:
        freed = free(kept, found, wish) if yes else 0
        values = {
            "sessions": [{"name": each.name, "why": each.why, "bytes": each.size} for each in found.spent],
            "pictures": [
                {"session": each.name, "count": each.count, "bytes": each.size} for each in found.loose
            ],
            "open": list(found.opened),
            "damaged": list(found.damaged),
            "read_only": list(found.read_only),
            "bytes": found.size,
            "freed": freed,
        }
        say_json(values)
        return 0
    for line in _prunable(found, days):
        say(line)
    if not (found.spent or found.loose):
        say("There is nothing to free.")
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise SessionError(
                "Nothing was freed, because there is no terminal to ask in: --yes frees it without asking."
            )
        if not click.confirm(f"Free {_megabytes(found.size)}?"):
            say("Nothing was freed.")
            return 0
    say(f"Freed {_megabytes(free(kept, found, wish))}.")
    return 0


def _prunable(found: Survey, days: int | None) -> Iterator[str]:
    """What a survey found, in lines."""
    whys = {"empty": "without any edit", "old": f"not changed for {_counted(days or 0, 'day')}"}
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
    left = (
        (found.opened, "open in another process"),
        (found.damaged, "damaged"),
        (found.read_only, "they can only be read"),
    )
    for names, text in left:
        if names:
            yield f"Left alone, because {text}: {', '.join(names)}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
